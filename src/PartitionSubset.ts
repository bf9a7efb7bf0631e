/**
 * Subsets of the partitions of a set: which days are there, which are missing, which are to be computed.
 *
 * A subset is made with an effect, as it takes the Clock or a service to know what partitions there are; from then on
 * everything is pure. It is kept as intervals: a million partitions in a row cost as much as one.
 *
 * **Example** (What is missing)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01", end: "2012-02-01" })
 * const program = Effect.gen(function*() {
 *   const there = yield* PartitionSubset.range(days, { from: "2012-01-01", to: "2012-01-20" })
 *   const holiday = yield* PartitionSubset.make(days, ["2012-01-31"])
 *   return PartitionSubset.complement(PartitionSubset.union(there, holiday))
 * })
 * String(await Effect.runPromise(program)) // => "2012-01-21…2012-01-30 (10 partitions)"
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Hash from "effect/Hash"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as internal from "./internal/subset.ts"
import * as Partitions from "./Partitions.ts"

const TypeId = "~effect-assets/PartitionSubset"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Some of the partitions that a set had when the subset was made. `P` is what a program is told of one of them.
 *
 * Subsets of one set are equal (`Equal.equals`) when they have the same partitions. `String` describes a subset in a line.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartitionSubset<out P> extends Pipeable, Equal.Equal {
  readonly [TypeId]: { readonly partition: P }
  readonly set: Partitions.Any
}

/**
 * A subset of any set.
 *
 * @category models
 * @since 0.1.0
 */
export type Any = PartitionSubset<unknown>

/**
 * The keys of partitions: those of a fixed set are known one by one.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Key<P> = P extends string ? P : string

/**
 * Whether a value is a subset of partitions.
 *
 * **Example** (A subset)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const subset = await Effect.runPromise(PartitionSubset.all(Partitions.fixed(["us", "eu"])))
 * PartitionSubset.isPartitionSubset(subset) // => true
 * PartitionSubset.isPartitionSubset(["us", "eu"]) // => false
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isPartitionSubset = (u: unknown): u is Any => hasProperty(u, TypeId)

interface Inside {
  readonly resolved: Partitions.Resolved
  readonly subset: internal.Subset
}

const Internal: unique symbol = Symbol.for("effect-assets/PartitionSubset/inside")

/**
 * The set as it was, and the indices.
 *
 * @internal
 */
export const inside = (self: Any): Inside =>
  // every subset is made by `fromResolved`
  (self as Any & { readonly [Internal]: Inside })[Internal]

const Proto = {
  [TypeId]: {},
  [Equal.symbol](this: Any, that: unknown): boolean {
    return isPartitionSubset(that) && Partitions.id(this.set) === Partitions.id(that.set) &&
      internal.equals(inside(this).subset, inside(that).subset)
  },
  [Hash.symbol](this: Any): number {
    return Hash.string(`${Partitions.id(this.set)}:${inside(this).subset.size}`)
  },
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return describe(this)
  },
  toJSON(this: Any) {
    return { _id: "PartitionSubset", partitions: describe(this) }
  }
}

/**
 * A subset of a set as it was resolved.
 *
 * @internal
 */
export const fromResolved = <P>(resolved: Partitions.Resolved, subset: internal.Subset): PartitionSubset<P> =>
  // what stands under TypeId is there for the types alone
  Object.assign(Object.create(Proto), { set: resolved.set, [Internal]: { resolved, subset } })

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const noKeys = (keys: ReadonlyArray<string>): Partitions.PartitionsError => {
  const left = keys.length - 3
  const named = keys.slice(0, 3).map((key) => JSON.stringify(key)).join(", ") + (left > 0 ? ` and ${left} more` : "")
  return new Partitions.PartitionsError({
    reason: "Key",
    problem: `The set has no ${keys.length === 1 ? "partition" : "partitions"} ${named} now.`
  })
}

/**
 * The partitions with these keys. Fails if one is no key of a partition that exists now.
 *
 * **Example** (Two days)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01" })
 * const subset = await Effect.runPromise(PartitionSubset.make(days, ["2012-01-05", "2012-01-04"]))
 * String(subset) // => "2012-01-04…2012-01-05 (2 partitions)"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <P, R>(
  set: Partitions.Partitions<P, R>,
  keys: Iterable<Key<NoInfer<P>>>
): Effect.Effect<PartitionSubset<P>, Partitions.PartitionsError | Partitions.KeysError<R>, R> =>
  Effect.flatMap(
    Partitions.resolve(set),
    (resolved): Effect.Effect<PartitionSubset<P>, Partitions.PartitionsError> => {
      const { subset, unknown } = internal.fromKeys(resolved, keys)
      return unknown.length > 0 ? Effect.fail(noKeys(unknown)) : Effect.succeed(fromResolved(resolved, subset))
    }
  )

/**
 * All partitions that exist now.
 *
 * **Example** (All regions)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const regions = await Effect.runPromise(PartitionSubset.all(Partitions.fixed(["us", "eu"])))
 * PartitionSubset.size(regions) // => 2
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const all = <P, R>(
  set: Partitions.Partitions<P, R>
): Effect.Effect<PartitionSubset<P>, Partitions.KeysError<R>, R> =>
  Effect.map(Partitions.resolve(set), (resolved) => fromResolved(resolved, internal.allOf(resolved)))

/**
 * No partition.
 *
 * **Example** (Nothing yet)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const none = await Effect.runPromise(PartitionSubset.empty(Partitions.fixed(["us", "eu"])))
 * PartitionSubset.isEmpty(none) // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty = <P, R>(
  set: Partitions.Partitions<P, R>
): Effect.Effect<PartitionSubset<P>, Partitions.KeysError<R>, R> =>
  Effect.map(Partitions.resolve(set), (resolved) => fromResolved(resolved, internal.empty(resolved.dimensions.length)))

/**
 * The partitions from one key to another one, which both belong to it. For a product they are the combinations of the ranges
 * of its dimensions. Fails for a key of no partition that exists now.
 *
 * **Example** (January)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01" })
 * const january = PartitionSubset.range(days, { from: "2012-01-01", to: "2012-01-31" })
 * PartitionSubset.size(await Effect.runPromise(january)) // => 31
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const range = <P, R>(
  set: Partitions.Partitions<P, R>,
  { from, to }: Partitions.KeyRange
): Effect.Effect<PartitionSubset<P>, Partitions.PartitionsError | Partitions.KeysError<R>, R> =>
  Effect.flatMap(
    Partitions.resolve(set),
    (resolved): Effect.Effect<PartitionSubset<P>, Partitions.PartitionsError> => {
      const found = internal.fromKeyRange(resolved, { from, to })
      if (Result.isSuccess(found)) return Effect.succeed(fromResolved(resolved, found.success))
      if (found.failure.length > 0) return Effect.fail(noKeys(found.failure))
      const problem = `The range ends before it starts: ${JSON.stringify(to)} is before ${JSON.stringify(from)}.`
      return Effect.fail(new Partitions.PartitionsError({ reason: "Key", problem }))
    }
  )

/**
 * A subset as it was recorded. `unknown` are the partitions that the set does not have any more: their keys, or the first
 * and the last key of stretches of time windows. Of windows that begin, end or are named otherwise now, the set has none.
 *
 * **Example** (A region that was given up)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const recorded: Partitions.Serialized = { _tag: "Keys", keys: ["us", "uk"] }
 * const found = PartitionSubset.deserialize(Partitions.fixed(["us", "eu"]), recorded)
 * const { subset, unknown } = await Effect.runPromise(found)
 * const expected = ["us (1 partition)", ["uk"]]
 * const described = [String(subset), unknown]
 * described // => expected
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const deserialize = <P, R>(
  set: Partitions.Partitions<P, R>,
  recorded: Partitions.Serialized
): Effect.Effect<
  { readonly subset: PartitionSubset<P>; readonly unknown: ReadonlyArray<string> },
  Partitions.KeysError<R>,
  R
> =>
  Effect.map(Partitions.resolve(set), (resolved) => {
    const { subset, unknown } = internal.deserialize(resolved, recorded)
    return { subset: fromResolved(resolved, subset), unknown }
  })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

const mistake = (problem: string): Partitions.PartitionsError =>
  new Partitions.PartitionsError({ reason: "Definition", problem })

/** Whether the indices of one set are those of another, which may have more partitions. */
const isPrefix = (of: Partitions.Resolved, other: Partitions.Resolved): boolean =>
  of.dimensions.every(({ dimension }, axis) => {
    const longer = other.dimensions[axis]!.dimension
    if (dimension === longer) return true
    if (dimension.size > longer.size) return false
    // windows are counted from the start of the set; keys may have been removed
    if (dimension.kind === "Windows") return true
    for (let i = 0; i < dimension.size; i++) if (dimension.keyAt(i) !== longer.keyAt(i)) return false
    return true
  })

/** The set of two subsets, as it was later. */
const together = (a: Any, b: Any): Partitions.Resolved => {
  const [one, other] = [inside(a).resolved, inside(b).resolved]
  if (one === other) return one
  if (Partitions.id(a.set) !== Partitions.id(b.set)) {
    throw mistake(
      `Subsets of different sets cannot be combined: ${String(a.set)} and ${String(b.set)}. ` +
        "Make both of them of one set, or follow a partition mapping."
    )
  }
  if (isPrefix(other, one)) return one
  if (isPrefix(one, other)) return other
  throw mistake(
    "The keys of the set have changed between the two subsets: make both of them again, or keep them as they are " +
      "recorded and use `PartitionSubset.deserialize`."
  )
}

const combine =
  (operation: (self: internal.Subset, that: internal.Subset) => internal.Subset) =>
  <P>(self: PartitionSubset<P>, that: PartitionSubset<NoInfer<P>>): PartitionSubset<P> =>
    fromResolved(together(self, that), operation(inside(self).subset, inside(that).subset))

/**
 * The partitions that are in either of two subsets. Throws for subsets of different sets.
 *
 * **Example** (Both)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const letters = Partitions.fixed(["a", "b", "c"])
 * const subset = Effect.zipWith(
 *   PartitionSubset.make(letters, ["a"]),
 *   PartitionSubset.make(letters, ["c"]),
 *   PartitionSubset.union
 * )
 * Array.from(PartitionSubset.keys(await Effect.runPromise(subset))) // => ["a", "c"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const union: {
  <P>(that: PartitionSubset<P>): (self: PartitionSubset<P>) => PartitionSubset<P>
  <P>(self: PartitionSubset<P>, that: PartitionSubset<NoInfer<P>>): PartitionSubset<P>
} = dual(2, combine(internal.union))

/**
 * The partitions that are in both of two subsets. Throws for subsets of different sets.
 *
 * **Example** (What both have)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const letters = Partitions.fixed(["a", "b", "c"])
 * const subset = Effect.zipWith(
 *   PartitionSubset.make(letters, ["a", "b"]),
 *   PartitionSubset.make(letters, ["b", "c"]),
 *   PartitionSubset.intersection
 * )
 * Array.from(PartitionSubset.keys(await Effect.runPromise(subset))) // => ["b"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const intersection: {
  <P>(that: PartitionSubset<P>): (self: PartitionSubset<P>) => PartitionSubset<P>
  <P>(self: PartitionSubset<P>, that: PartitionSubset<NoInfer<P>>): PartitionSubset<P>
} = dual(2, combine(internal.intersection))

/**
 * The partitions that are in one subset and not in another. Throws for subsets of different sets.
 *
 * **Example** (All but one)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const letters = Partitions.fixed(["a", "b", "c"])
 * const subset = Effect.zipWith(
 *   PartitionSubset.all(letters),
 *   PartitionSubset.make(letters, ["b"]),
 *   PartitionSubset.difference
 * )
 * Array.from(PartitionSubset.keys(await Effect.runPromise(subset))) // => ["a", "c"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const difference: {
  <P>(that: PartitionSubset<P>): (self: PartitionSubset<P>) => PartitionSubset<P>
  <P>(self: PartitionSubset<P>, that: PartitionSubset<NoInfer<P>>): PartitionSubset<P>
} = dual(2, combine(internal.difference))

/**
 * The other partitions of the set, as it was when the subset was made.
 *
 * **Example** (The others)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const subset = PartitionSubset.make(Partitions.fixed(["a", "b", "c"]), ["b"])
 * const others = PartitionSubset.complement(await Effect.runPromise(subset))
 * Array.from(PartitionSubset.keys(others)) // => ["a", "c"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const complement = <P>(self: PartitionSubset<P>): PartitionSubset<P> => {
  const { resolved, subset } = inside(self)
  return fromResolved(resolved, internal.complement(subset, internal.sizesOf(resolved)))
}

/**
 * Pieces of at most so many partitions, in order, one by one.
 *
 * **Example** (Weeks)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01", end: "2012-01-11" })
 * const pieces = PartitionSubset.chunk(await Effect.runPromise(PartitionSubset.all(days)), 7)
 * Array.from(pieces, PartitionSubset.size) // => [7, 3]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const chunk: {
  (size: number): <P>(self: PartitionSubset<P>) => Iterable<PartitionSubset<P>>
  <P>(self: PartitionSubset<P>, size: number): Iterable<PartitionSubset<P>>
} = dual(2, function*<P>(self: PartitionSubset<P>, size: number): Generator<PartitionSubset<P>> {
  const { resolved, subset } = inside(self)
  for (const piece of internal.chunk(subset, size)) yield fromResolved(resolved, piece)
})

// ---------------------------------------------------------------------------------------------------------------------
// getters
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Whether a partition is in a subset.
 *
 * **Example** (A key)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const subset = await Effect.runPromise(PartitionSubset.make(Partitions.fixed(["a", "b"]), ["b"]))
 * PartitionSubset.has(subset, "b") // => true
 * PartitionSubset.has(subset, "a") // => false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const has: {
  (key: string): (self: Any) => boolean
  (self: Any, key: string): boolean
} = dual(2, (self: Any, key: string): boolean => {
  const { resolved, subset } = inside(self)
  const indices = resolved.indicesOf(key)
  return indices !== undefined && internal.has(subset, indices)
})

/**
 * How many partitions are in a subset.
 *
 * **Example** (A count)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const hours = Partitions.hourly({ start: "2012-01-01", end: "2013-01-01" })
 * PartitionSubset.size(await Effect.runPromise(PartitionSubset.all(hours))) // => 8784
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const size = (self: Any): number => inside(self).subset.size

/**
 * Whether there is no partition in a subset.
 *
 * **Example** (Nothing in common)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const subset = await Effect.runPromise(PartitionSubset.make(Partitions.fixed(["a", "b"]), ["b"]))
 * PartitionSubset.isEmpty(PartitionSubset.difference(subset, subset)) // => true
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const isEmpty = (self: Any): boolean => internal.isEmpty(inside(self).subset)

/**
 * The keys of the partitions in order, one by one.
 *
 * **Example** (Keys of a product)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const sales = Partitions.product({ size: Partitions.fixed(["s", "l"]), region: Partitions.fixed(["us", "eu"]) })
 * const subset = await Effect.runPromise(PartitionSubset.range(sales, { from: "us|s", to: "eu|s" }))
 * Array.from(PartitionSubset.keys(subset)) // => ["us|s", "eu|s"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const keys = <P>(self: PartitionSubset<P>): Iterable<Key<P>> => ({
  [Symbol.iterator]: () => {
    const { resolved, subset } = inside(self)
    // they are keys of the set that has `P`
    return internal.keysOf(resolved, subset) as Iterator<Key<P>>
  }
})

/**
 * A subset as it is recorded: readable without the definition of the set. Equal subsets are recorded alike.
 *
 * **Example** (A week)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions, PartitionSubset } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01" })
 * const week = await Effect.runPromise(PartitionSubset.range(days, { from: "2012-01-01", to: "2012-01-07" }))
 * const intervals = [[Date.UTC(2012, 0, 1), Date.UTC(2012, 0, 8)]]
 * const expected = { _tag: "Windows", intervals, first: "2012-01-01", last: "2012-01-07", count: 7 }
 * PartitionSubset.serialize(week) // => expected
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const serialize = (self: Any): Partitions.Serialized => {
  const { resolved, subset } = inside(self)
  return internal.serialize(resolved, subset)
}

const describe = (self: Any): string => {
  const { resolved, subset } = inside(self)
  return internal.describe(resolved, subset)
}
