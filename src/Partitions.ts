/**
 * Partitions: the parts of an asset that are computed and stored on their own, a day, a region, a customer.
 *
 * A set is made of time windows (`hourly`, `daily`, `weekly`, `monthly`, `cron`), of keys that never change (`fixed`) or do
 * (`dynamic`), or of all combinations of such sets (`product`).
 *
 * **Example** (The days that are over)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2024-02-28", end: "2024-03-02" })
 * await Effect.runPromise(Partitions.keys(days)) // => ["2024-02-28", "2024-02-29", "2024-03-01"]
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Cron from "./internal/cron.ts"
import type { Dimension, KeyList, Window } from "./internal/dimension.ts"
import * as Windows from "./internal/windows.ts"
import * as Zone from "./internal/zone.ts"

const TypeId = "~effect-assets/Partitions"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A set of partitions. `P` is what a program is told of the partition it computes, `R` what it takes to know the keys:
 * nothing, but for dynamic partitions.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partitions<out P, out R = never> extends Pipeable {
  readonly [TypeId]: { readonly partition: P; readonly services: R }
  readonly kind: "TimeWindow" | "Fixed" | "Dynamic" | "Product"
}

/**
 * A set of time windows.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimeWindows extends Partitions<TimeWindow> {
  readonly kind: "TimeWindow"
  /** A window reaches from one tick of this expression to the next one. */
  readonly cron: string
  readonly timeZone: DateTime.TimeZone
  readonly start: DateTime.Zoned
  readonly end: DateTime.Zoned | undefined
  readonly endOffset: number
  /** How keys are written. */
  readonly format: string
}

/**
 * A set of keys that never change, in their order.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixed<out K extends string> extends Partitions<K> {
  readonly kind: "Fixed"
  readonly keys: ReadonlyArray<K>
}

/**
 * A set of keys that are added and removed while the system runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dynamic extends Partitions<string, DynamicKeys> {
  readonly kind: "Dynamic"
  readonly name: string
}

/**
 * A set of one dimension: what a product is made of.
 *
 * @category models
 * @since 0.1.0
 */
export type Single = TimeWindows | Fixed<string> | Dynamic

/**
 * All combinations of the partitions of several sets.
 *
 * @category models
 * @since 0.1.0
 */
export interface Product<D extends { readonly [name: string]: Single }>
  extends Partitions<{ readonly [K in keyof D]: Partition<D[K]> }, Services<D[keyof D]>>
{
  readonly kind: "Product"
  readonly dimensions: D
}

/**
 * A set of partitions of any kind.
 *
 * @category models
 * @since 0.1.0
 */
export type Any = Partitions<unknown, unknown>

/**
 * What a program is told of the partition it computes.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Partition<T extends Any> = T[typeof TypeId]["partition"]

/**
 * What it takes to know the keys of a set.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Any> = T[typeof TypeId]["services"]

/**
 * How it can fail to know the keys of a set: not at all, but for dynamic partitions.
 *
 * @category utility types
 * @since 0.1.0
 */
export type KeysError<R> = [R] extends [never] ? never : DynamicKeysError

/**
 * A time window as a program sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimeWindow {
  readonly key: string
  readonly start: DateTime.Zoned
  /** Not part of the window. */
  readonly end: DateTime.Zoned
}

/**
 * Whether a value is a set of partitions.
 *
 * **Example** (A set)
 *
 * ```ts import.meta.vitest
 * import { Partitions } from "effect-assets"
 *
 * Partitions.isPartitions(Partitions.fixed(["us", "eu"])) // => true
 * Partitions.isPartitions(["us", "eu"]) // => false
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isPartitions = (u: unknown): u is Any => hasProperty(u, TypeId)

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A set that cannot be defined as it was (`"Definition"`, thrown where it was), or a key that is none of a set (`"Key"`).
 *
 * @category errors
 * @since 0.1.0
 */
export class PartitionsError extends Schema.TaggedError<PartitionsError>()("PartitionsError", {
  reason: Schema.Literals(["Definition", "Key"]),
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

const mistake = (problem: string): PartitionsError => new PartitionsError({ reason: "Definition", problem })

const quoted = (text: string): string => JSON.stringify(text)

// ---------------------------------------------------------------------------------------------------------------------
// time windows
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A moment: a key, an ISO date or an ISO time, which are of the set's time zone unless they say otherwise; or a date.
 *
 * @category models
 * @since 0.1.0
 */
export type Time = string | Date | DateTime.DateTime

/**
 * What all sets of time windows have in common.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimeWindowOptions {
  /** The first window is the first one that starts here or later. */
  readonly start: Time
  /** No window ends later. Without it there is another window whenever one has ended. */
  readonly end?: Time | undefined
  /** `"UTC"` unless given. A name (`"Europe/Berlin"`) or an offset (`"+02:00"`). */
  readonly timeZone?: string | undefined
  /**
   * A window exists once it has ended. With an offset of 1 the one that lasts exists, too, and so on; with a negative one,
   * as many of the last ones do not exist yet.
   */
  readonly endOffset?: number | undefined
  /** Windows that are left out: those that start when a cron expression fires, or at a moment. */
  readonly exclusions?: ReadonlyArray<Time> | undefined
  /** How keys are written, with `%Y`, `%m`, `%d`, `%H`, `%M`, `%S` and `%z`. `"%Y-%m-%d"`, or `"%Y-%m-%d-%H:%M"` unless given. */
  readonly format?: string | undefined
}

const millis = (input: Time, option: string, zone: Zone.Zone, format: Windows.KeyFormat): number => {
  if (typeof input === "string") {
    const time = format.parse(zone, input) ?? Windows.parseIso(zone, input)
    if (time !== undefined) return time
    throw mistake(
      `${option} ${quoted(input)} is no moment: write a date ("2024-01-31"), a time ("2024-01-31T13:30") or a key.`
    )
  }
  const time = DateTime.isDateTime(input) ? DateTime.toEpochMillis(input) : input.getTime()
  if (Number.isNaN(time)) throw mistake(`${option} is an invalid Date.`)
  return time
}

const cronOf = (expression: string, what: string, zone: Zone.Zone): Cron.Cron =>
  Result.getOrThrowWith(
    Cron.parse(expression, zone),
    (problem) =>
      mistake(
        `The ${what} ${quoted(expression)} is not valid: ${problem}. ` +
          "It has five fields: minute, hour, day of the month, month, day of the week."
      )
  )

const makeWindows = (expression: string, options: TimeWindowOptions): TimeWindows => {
  const { endOffset = 0, timeZone = "UTC" } = options
  const zone = Zone.make(timeZone)
  if (zone === undefined) {
    throw mistake(`There is no time zone ${quoted(timeZone)}: give a name ("Europe/Berlin") or an offset ("+02:00").`)
  }
  const cron = cronOf(expression, "cron expression", zone)
  const format = Result.getOrThrowWith(
    Windows.keyFormat(cron, options.format),
    (problem) => mistake(`The format ${quoted(String(options.format))} cannot be that of keys: ${problem}.`)
  )
  if (!Number.isInteger(endOffset)) throw mistake(`endOffset is ${endOffset}: give a number of windows.`)
  const start = millis(options.start, "start", zone, format)
  const end = options.end === undefined ? undefined : millis(options.end, "end", zone, format)
  const zoned = (time: number): DateTime.Zoned => DateTime.makeZonedUnsafe(time, { timeZone: zone.timeZone })
  if (end !== undefined && end < start) {
    throw mistake(
      `end (${DateTime.formatIsoZoned(zoned(end))}) is before start (${DateTime.formatIsoZoned(zoned(start))}).`
    )
  }
  const crons: Array<Cron.Cron> = []
  const starts = new Set<number>()
  for (const exclusion of options.exclusions ?? []) {
    // no moment is written with so many words
    if (typeof exclusion === "string" && /^\s*(@|\S+(\s+\S+){4})/.test(exclusion)) {
      crons.push(cronOf(exclusion, "exclusion", zone))
      continue
    }
    const time = millis(exclusion, "exclusion", zone, format)
    const window = Cron.nextTick(cron, time - 1)
    // a day stands for its window, which may start later than it
    const meant = typeof exclusion === "string" && format.format(zone, window) === exclusion ? window : time
    if (!Cron.isTick(cron, meant)) {
      throw mistake(
        `The exclusion ${DateTime.formatIsoZoned(zoned(meant))} excludes nothing: no window starts then. ` +
          `The next one starts at ${DateTime.formatIsoZoned(zoned(window))}.`
      )
    }
    starts.add(meant)
  }
  const line = new Windows.Line({
    id: JSON.stringify([
      "windows",
      cron.expression,
      zone.id,
      start,
      end ?? null,
      endOffset,
      format.pattern,
      crons.map((cron) => cron.expression).sort(),
      [...starts].sort((a, b) => a - b)
    ]),
    cron,
    format,
    start,
    end,
    endOffset,
    excluded: { crons, starts }
  })
  if (!line.hasWindows()) throw mistake("The exclusions leave no window.")
  return make<TimeWindows>({ kind: "TimeWindow", id: line.definition.id, line }, {
    kind: "TimeWindow",
    cron: expression,
    timeZone: zone.timeZone,
    start: zoned(start),
    end: end === undefined ? undefined : zoned(end),
    endOffset,
    format: format.pattern
  })
}

const offset = (name: string, value: number, from: number, to: number): number => {
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw mistake(`${name} is ${value}: give a whole number from ${from} to ${to}.`)
}

/**
 * A window for each hour.
 *
 * **Details**
 *
 * Keys tell when a window starts: `2024-01-31-13:00`. Where clocks are turned back, an hour that is there twice is told by
 * its offset the second time: `2024-11-03-01:00-0800`. An hour that is skipped has no window.
 *
 * **Example** (Hours on the day that clocks are turned back)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const hours = Partitions.hourly({
 *   start: "2024-11-03T01:00",
 *   end: "2024-11-03T03:00",
 *   timeZone: "America/Los_Angeles"
 * })
 * const expected = ["2024-11-03-01:00", "2024-11-03-01:00-0800", "2024-11-03-02:00"]
 * await Effect.runPromise(Partitions.keys(hours)) // => expected
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const hourly = (
  options: TimeWindowOptions & {
    /** The minute at which windows start, 0 unless given. */
    readonly minuteOffset?: number | undefined
  }
): TimeWindows => makeWindows(`${offset("minuteOffset", options.minuteOffset ?? 0, 0, 59)} * * * *`, options)

/**
 * When a day, week or month starts.
 *
 * @category models
 * @since 0.1.0
 */
export interface DayOptions extends TimeWindowOptions {
  /** The hour at which windows start, 0 unless given. */
  readonly hourOffset?: number | undefined
  /** The minute at which windows start, 0 unless given. */
  readonly minuteOffset?: number | undefined
}

const timeOfDay = (options: DayOptions): string =>
  `${offset("minuteOffset", options.minuteOffset ?? 0, 0, 59)} ${offset("hourOffset", options.hourOffset ?? 0, 0, 23)}`

/**
 * A window for each day.
 *
 * **Example** (Days that start at six)
 *
 * ```ts import.meta.vitest
 * import { DateTime, Option } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2024-01-31", hourOffset: 6, timeZone: "Europe/Berlin" })
 * const end = Option.map(Partitions.window(days, "2024-01-31"), (window) => DateTime.formatIso(window.end))
 * end // => Option.some("2024-02-01T05:00:00.000Z")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const daily = (options: DayOptions): TimeWindows => makeWindows(`${timeOfDay(options)} * * *`, options)

/**
 * A window for each week. Weeks start on Sunday, unless `dayOffset` says otherwise.
 *
 * **Example** (Weeks that start on Monday)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const weeks = Partitions.weekly({ start: "2024-01-01", end: "2024-01-15", dayOffset: 1 })
 * await Effect.runPromise(Partitions.keys(weeks)) // => ["2024-01-01", "2024-01-08"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const weekly = (
  options: DayOptions & {
    /** The day on which windows start: 0 is Sunday. */
    readonly dayOffset?: number | undefined
  }
): TimeWindows => makeWindows(`${timeOfDay(options)} * * ${offset("dayOffset", options.dayOffset ?? 0, 0, 6)}`, options)

/**
 * A window for each month.
 *
 * **Gotchas**
 *
 * No window starts in a month that does not have the day of `dayOffset`: the one before is longer.
 *
 * **Example** (Months)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const months = Partitions.monthly({ start: "2024-01-01", end: "2024-04-01" })
 * await Effect.runPromise(Partitions.keys(months)) // => ["2024-01-01", "2024-02-01", "2024-03-01"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const monthly = (
  options: DayOptions & {
    /** The day of the month on which windows start, 1 unless given. */
    readonly dayOffset?: number | undefined
  }
): TimeWindows =>
  makeWindows(`${timeOfDay(options)} ${offset("dayOffset", options.dayOffset ?? 1, 1, 31)} * *`, options)

/**
 * A window from each tick of a cron expression to the next one.
 *
 * **Details**
 *
 * Where clocks change: an expression for every hour (`*` in the field of hours) fires at both passings of a time that is
 * repeated. Any other fires once, at the later one. A time that is skipped fires when the gap ends, unless the expression is
 * for every hour.
 *
 * **Example** (Two windows a day)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const shifts = Partitions.cron("0 6,18 * * 1-5", { start: "2024-01-05", end: "2024-01-08T18:00" })
 * const expected = ["2024-01-05-06:00", "2024-01-05-18:00", "2024-01-08-06:00"]
 * await Effect.runPromise(Partitions.keys(shifts)) // => expected
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const cron = (expression: string, options: TimeWindowOptions): TimeWindows => makeWindows(expression, options)

// ---------------------------------------------------------------------------------------------------------------------
// keys
// ---------------------------------------------------------------------------------------------------------------------

/** What is wrong with a key, for the end of a sentence that begins with it. */
const keyProblem = (key: string): string | undefined => {
  if (key === "") return "is empty"
  if (key.includes("...")) return "holds \"...\", which stands for a range"
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(key)) return "holds a control character"
  return undefined
}

const barProblem = "holds \"|\", which stands between the keys of a product"

/**
 * A set of keys that never change, in their order. Its type knows them.
 *
 * **Example** (Regions)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const regions = Partitions.fixed(["us", "eu"])
 * const region: Partitions.Partition<typeof regions> = "eu"
 * await Effect.runPromise(Partitions.next(regions, "us")) // => Option.some(region)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = <const K extends string>(keys: ReadonlyArray<K>): Fixed<K> => {
  if (keys.length === 0) throw mistake("A fixed set has no keys: give it one.")
  for (const key of keys) {
    const problem = keyProblem(key)
    if (problem !== undefined) throw mistake(`The key ${quoted(key)} ${problem}: choose another one.`)
  }
  const copy = [...keys]
  const list = keyList(JSON.stringify(["keys", ...copy]), copy)
  return make<Fixed<K>>({ kind: "Fixed", id: list.id, list }, { kind: "Fixed", keys: copy })
}

/** Throws for a key that is there twice. */
const keyList = (id: string, keys: ReadonlyArray<string>): KeyList => {
  const indices = new Map<string, number>()
  for (const key of keys) {
    if (indices.has(key)) throw mistake(`The key ${quoted(key)} is there twice: leave one out.`)
    indices.set(key, indices.size)
  }
  return {
    kind: "Keys",
    id,
    size: keys.length,
    keyAt: (index) => keys[index]!,
    indexOf: (key) => indices.get(key) ?? -1
  }
}

/**
 * A set of keys that are added and removed while the system runs, in the order they were added. They are kept by the service
 * `DynamicKeys`, under the name of the set.
 *
 * **Example** (Customers)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const customers = Partitions.dynamic("customers")
 * const program = Effect.gen(function*() {
 *   const keys = yield* Partitions.DynamicKeys
 *   yield* keys.add("customers", ["ada", "bob"])
 *   return yield* Partitions.keys(customers)
 * })
 * const inMemory = Effect.provideServiceEffect(program, Partitions.DynamicKeys, Partitions.makeDynamicKeysMemory)
 * await Effect.runPromise(inMemory) // => ["ada", "bob"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const dynamic = (name: string): Dynamic => {
  const problem = keyProblem(name)
  if (problem !== undefined) {
    throw mistake(`The name ${quoted(name)} of a dynamic set ${problem}: choose another one.`)
  }
  return make<Dynamic>({ kind: "Dynamic", id: dynamicId(name), name }, { kind: "Dynamic", name })
}

const dynamicId = (name: string): string => JSON.stringify(["dynamic", name])

/**
 * All combinations of the partitions of several sets, the dimensions. A key is made of theirs, in the order of the names of
 * the dimensions, with `|` between them.
 *
 * **Example** (Days and regions)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const sales = Partitions.product({
 *   region: Partitions.fixed(["us", "eu"]),
 *   day: Partitions.daily({ start: "2024-01-01", end: "2024-01-03" })
 * })
 * const expected = ["2024-01-01|us", "2024-01-01|eu", "2024-01-02|us", "2024-01-02|eu"]
 * await Effect.runPromise(Partitions.keys(sales)) // => expected
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const product = <const D extends { readonly [name: string]: Single }>(dimensions: D): Product<D> => {
  const names = Object.keys(dimensions).sort()
  if (names.length === 0) throw mistake("A product has no dimensions: give it one.")
  const definitions = names.map((name): readonly [string, SingleDefinition] => {
    const problem = keyProblem(name)
    if (problem !== undefined) throw mistake(`The name ${quoted(name)} of a dimension ${problem}: choose another one.`)
    const set: unknown = dimensions[name]
    if (!isPartitions(set)) throw mistake(`The dimension ${quoted(name)} is not a set of partitions.`)
    const definition = definitionOf(set)
    if (definition.kind === "Product") {
      throw mistake(`The dimension ${quoted(name)} is a product itself: put its dimensions in its place.`)
    }
    if (definition.kind === "Fixed") {
      for (let i = 0; i < definition.list.size; i++) {
        const key = definition.list.keyAt(i)
        if (key.includes("|")) {
          throw mistake(`The key ${quoted(key)} of the dimension ${quoted(name)} ${barProblem}: choose another one.`)
        }
      }
    }
    return [name, definition]
  })
  const id = JSON.stringify(["product", ...definitions.map(([name, definition]) => [name, definition.id])])
  return make<Product<D>>({ kind: "Product", id, dimensions: definitions }, {
    kind: "Product",
    // who changes the record later does not change the set
    dimensions: { ...dimensions }
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// dynamic keys
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The keys of dynamic partition sets, kept beside the event log. Every layer of `EventLog` provides it, too.
 *
 * @category services
 * @since 0.1.0
 */
export interface DynamicKeysService {
  readonly keys: (name: string) => Effect.Effect<ReadonlyArray<string>, DynamicKeysError>
  /** Adds keys at the end; those that are there stay where they are. */
  readonly add: (name: string, keys: Iterable<string>) => Effect.Effect<void, DynamicKeysError>
  /** Hides keys; what was materialized under them stays recorded. */
  readonly remove: (name: string, keys: Iterable<string>) => Effect.Effect<void, DynamicKeysError>
}

/**
 * The keys of dynamic partition sets.
 *
 * @category services
 * @since 0.1.0
 */
export class DynamicKeys extends Context.Service<DynamicKeys, DynamicKeysService>()(
  "effect-assets/Partitions/DynamicKeys"
) {}

/**
 * The keys of a dynamic partition set could not be read or changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class DynamicKeysError extends Schema.TaggedError<DynamicKeysError>()("DynamicKeysError", {
  name: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause } = this
    const why = cause instanceof Error ? cause.message : String(cause)
    return `The keys of the dynamic partitions ${quoted(this.name)} could not be read or changed: ${why}`
  }
}

/**
 * The keys to add, without those that are there twice. Fails for a key that cannot be one.
 *
 * @internal
 */
export const validateDynamicKeys = (
  name: string,
  keys: Iterable<string>
): Result.Result<ReadonlyArray<string>, DynamicKeysError> => {
  const unique = [...new Set(keys)]
  for (const key of unique) {
    const problem = keyProblem(key) ?? (key.includes("|") ? barProblem : undefined)
    if (problem !== undefined) {
      const cause = new PartitionsError({
        reason: "Key",
        problem: `The key ${quoted(key)} ${problem}: choose another one.`
      })
      return Result.fail(new DynamicKeysError({ name, cause }))
    }
  }
  return Result.succeed(unique)
}

/**
 * Makes the service that keeps dynamic keys in memory. `EventLog.layerMemory` provides it.
 *
 * **Example** (Adding and removing)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const keys = yield* Partitions.makeDynamicKeysMemory
 *   yield* keys.add("customers", ["ada", "bob"])
 *   yield* keys.remove("customers", ["ada"])
 *   yield* keys.add("customers", ["bob", "eve"])
 *   return yield* keys.keys("customers")
 * })
 * await Effect.runPromise(program) // => ["bob", "eve"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeDynamicKeysMemory: Effect.Effect<DynamicKeysService> = Effect.sync(() => {
  const sets = new Map<string, Set<string>>()
  return DynamicKeys.of({
    keys: (name) => Effect.sync(() => [...sets.get(name) ?? []]),
    add: (name, keys) =>
      Effect.suspend(() => Effect.fromResult(validateDynamicKeys(name, keys))).pipe(
        Effect.map((added) => {
          const set = sets.get(name) ?? new Set<string>()
          for (const key of added) set.add(key)
          sets.set(name, set)
        })
      ),
    remove: (name, keys) =>
      Effect.sync(() => {
        for (const key of keys) sets.get(name)?.delete(key)
      })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// definitions
// ---------------------------------------------------------------------------------------------------------------------

type SingleDefinition =
  | { readonly kind: "TimeWindow"; readonly id: string; readonly line: Windows.Line }
  | { readonly kind: "Fixed"; readonly id: string; readonly list: KeyList }
  | { readonly kind: "Dynamic"; readonly id: string; readonly name: string }

type Definition = SingleDefinition | {
  readonly kind: "Product"
  readonly id: string
  /** In the order of their names. */
  readonly dimensions: ReadonlyArray<readonly [name: string, definition: SingleDefinition]>
}

const Internal: unique symbol = Symbol.for("effect-assets/Partitions/definition")

const Proto = {
  [TypeId]: {},
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Partitions(${id(this)})`
  },
  toJSON(this: Any) {
    return { _id: "Partitions", kind: this.kind, id: id(this) }
  }
}

const make = <T extends Any>(definition: Definition, fields: Omit<T, keyof Pipeable | typeof TypeId>): T =>
  // what stands under TypeId is there for the types alone
  Object.assign(Object.create(Proto), fields, { [Internal]: definition })

// every set is made by `make`
const definitionOf = (set: Any): Definition => (set as Any & { readonly [Internal]: Definition })[Internal]

/**
 * What tells a set from others: sets with equal definitions have equal ids.
 *
 * **Example** (Equal definitions)
 *
 * ```ts import.meta.vitest
 * import { Partitions } from "effect-assets"
 *
 * const id = Partitions.id(Partitions.daily({ start: "2015-01-01" }))
 * id === Partitions.id(Partitions.cron("0 0 * * *", { start: "2015-01-01T00:00Z" })) // => true
 * id === Partitions.id(Partitions.daily({ start: "2015-01-02" })) // => false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const id = (self: Any): string => definitionOf(self).id

// ---------------------------------------------------------------------------------------------------------------------
// resolving
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A set at a moment.
 *
 * @internal
 */
export interface Resolved {
  readonly set: Any
  /** In the order of their names; one without a name when the set is no product. */
  readonly dimensions: ReadonlyArray<{ readonly name: string | undefined; readonly dimension: Dimension }>
  readonly keyOf: (indices: ReadonlyArray<number>) => string
  readonly indicesOf: (key: string) => ReadonlyArray<number> | undefined
  /** What a program is told of the partition of a key, also of a window that does not exist; `undefined` for no key. */
  readonly partitionOf: (key: string) => unknown
}

const dimensionAt = (
  definition: SingleDefinition,
  now: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>>
): Dimension => {
  switch (definition.kind) {
    case "TimeWindow":
      return definition.line.at(now)
    case "Fixed":
      return definition.list
    case "Dynamic":
      return keyList(definition.id, dynamicKeys.get(definition.name) ?? [])
  }
}

const timeWindow = (line: Windows.Line, window: Window): TimeWindow => {
  const { timeZone } = line.definition.cron.zone
  return {
    key: line.keyOf(window.start),
    start: DateTime.makeZonedUnsafe(window.start, { timeZone }),
    end: DateTime.makeZonedUnsafe(window.end, { timeZone })
  }
}

const partitionIn = (definition: SingleDefinition, dimension: Dimension, key: string): unknown => {
  if (definition.kind !== "TimeWindow") return dimension.indexOf(key) < 0 ? undefined : key
  const window = definition.line.windowOf(key)
  return window === undefined ? undefined : timeWindow(definition.line, window)
}

/**
 * A set at a moment, given the keys of dynamic sets by name.
 *
 * @internal
 */
export const resolveAt = (
  set: Any,
  now: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>>
): Resolved => {
  const definition = definitionOf(set)
  if (definition.kind !== "Product") {
    const dimension = dimensionAt(definition, now, dynamicKeys)
    return {
      set,
      dimensions: [{ name: undefined, dimension }],
      keyOf: (indices) => dimension.keyAt(indices[0]!),
      indicesOf: (key) => {
        const index = dimension.indexOf(key)
        return index < 0 ? undefined : [index]
      },
      partitionOf: (key) => partitionIn(definition, dimension, key)
    }
  }
  const dimensions = definition.dimensions.map(([name, definition]) => ({
    name,
    definition,
    dimension: dimensionAt(definition, now, dynamicKeys)
  }))
  const split = (key: string): ReadonlyArray<string> | undefined => {
    const parts = key.split("|")
    return parts.length === dimensions.length ? parts : undefined
  }
  return {
    set,
    dimensions: dimensions.map(({ dimension, name }) => ({ name, dimension })),
    keyOf: (indices) => dimensions.map(({ dimension }, i) => dimension.keyAt(indices[i]!)).join("|"),
    indicesOf: (key) => {
      const indices = split(key)?.map((part, i) => dimensions[i]!.dimension.indexOf(part))
      return indices === undefined || indices.includes(-1) ? undefined : indices
    },
    partitionOf: (key) => {
      const partitions = split(key)?.map((part, i) => {
        const { definition, dimension, name } = dimensions[i]!
        return [name, partitionIn(definition, dimension, part)] as const
      })
      return partitions === undefined || partitions.some(([, partition]) => partition === undefined)
        ? undefined
        : Object.fromEntries(partitions)
    }
  }
}

/**
 * The names of the dynamic sets that a set is made of.
 *
 * @internal
 */
export const dynamicNames = (set: Any): ReadonlyArray<string> => {
  const definition = definitionOf(set)
  const all = definition.kind === "Product" ? definition.dimensions.map(([, dimension]) => dimension) : [definition]
  return [...new Set(all.flatMap((dimension) => dimension.kind === "Dynamic" ? [dimension.name] : []))]
}

/**
 * A set now.
 *
 * @internal
 */
export const resolve = <P, R>(set: Partitions<P, R>): Effect.Effect<Resolved, KeysError<R>, R> => {
  const names = dynamicNames(set)
  const resolved: Effect.Effect<Resolved, DynamicKeysError, DynamicKeys> = Effect.gen(function*() {
    const dynamicKeys = new Map<string, ReadonlyArray<string>>()
    if (names.length > 0) {
      const service = yield* DynamicKeys
      for (const name of names) dynamicKeys.set(name, yield* service.keys(name))
    }
    return resolveAt(set, yield* Clock.currentTimeMillis, dynamicKeys)
  })
  // only a dynamic set needs and fails with anything, and the type of the set says so
  return resolved as Effect.Effect<Resolved, KeysError<R>, R>
}

// ---------------------------------------------------------------------------------------------------------------------
// getters
// ---------------------------------------------------------------------------------------------------------------------

/** The keys of all combinations of indices, the last dimension's fastest. */
const combinations = (
  resolved: Resolved,
  stretches: ReadonlyArray<readonly [from: number, until: number]>
): ReadonlyArray<string> => {
  let found: ReadonlyArray<string> = [""]
  for (const [i, [from, until]] of stretches.entries()) {
    const { keyAt } = resolved.dimensions[i]!.dimension
    const keys = Array.from({ length: Math.max(0, until - from) }, (_, at) => keyAt(from + at))
    found = i === 0 ? keys : found.flatMap((head) => keys.map((key) => `${head}|${key}`))
  }
  return found
}

/**
 * The keys of the partitions that exist now, in order.
 *
 * **Example** (A fixed set)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * await Effect.runPromise(Partitions.keys(Partitions.fixed(["us", "eu"]))) // => ["us", "eu"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const keys = <P, R>(self: Partitions<P, R>): Effect.Effect<ReadonlyArray<string>, KeysError<R>, R> =>
  Effect.map(
    resolve(self),
    (resolved) => combinations(resolved, resolved.dimensions.map(({ dimension }) => [0, dimension.size]))
  )

const sizeOf = (resolved: Resolved): number =>
  resolved.dimensions.reduce((product, { dimension }) => product * dimension.size, 1)

/**
 * How many partitions exist now.
 *
 * **Example** (All days of a leap year)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * await Effect.runPromise(Partitions.size(Partitions.daily({ start: "2024-01-01", end: "2025-01-01" }))) // => 366
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const size = <P, R>(self: Partitions<P, R>): Effect.Effect<number, KeysError<R>, R> =>
  Effect.map(resolve(self), sizeOf)

/**
 * Whether a key is one of a partition that exists now.
 *
 * **Example** (A day that is none)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2023-01-01" })
 * await Effect.runPromise(Partitions.has(days, "2023-02-28")) // => true
 * await Effect.runPromise(Partitions.has(days, "2023-02-29")) // => false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const has: {
  (key: string): <P, R>(self: Partitions<P, R>) => Effect.Effect<boolean, KeysError<R>, R>
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<boolean, KeysError<R>, R>
} = dual(
  2,
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<boolean, KeysError<R>, R> =>
    Effect.map(resolve(self), (resolved) => resolved.indicesOf(key) !== undefined)
)

/**
 * The time window of a key, whether it exists or not yet. A date or time that no window starts at stands for the next window.
 *
 * **Example** (A month)
 *
 * ```ts import.meta.vitest
 * import { DateTime, Option } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const months = Partitions.monthly({ start: "2024-01-01" })
 * const end = (key: string) =>
 *   Option.map(Partitions.window(months, key), (window) => DateTime.formatIsoDate(window.end))
 * end("2024-02-01") // => Option.some("2024-03-01")
 * end("February") // => Option.none()
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const window: {
  (key: string): (self: TimeWindows) => Option.Option<TimeWindow>
  (self: TimeWindows, key: string): Option.Option<TimeWindow>
} = dual(2, (self: TimeWindows, key: string): Option.Option<TimeWindow> => {
  const definition = definitionOf(self)
  if (definition.kind !== "TimeWindow") return Option.none()
  const { line } = definition
  const found = line.windowOf(key) ?? line.windowAfter(key)
  return found === undefined ? Option.none() : Option.some(timeWindow(line, found))
})

/** The key at a place: all combinations are counted, the last dimension fastest. */
const keyAtPlace = (resolved: Resolved, place: number): Option.Option<string> => {
  if (place < 0 || place >= sizeOf(resolved)) return Option.none()
  const indices: Array<number> = []
  let left = place
  for (const { dimension } of resolved.dimensions.toReversed()) {
    indices.unshift(left % dimension.size)
    left = Math.floor(left / dimension.size)
  }
  return Option.some(resolved.keyOf(indices))
}

const besides = (resolved: Resolved, key: string, by: number): Option.Option<string> => {
  const indices = resolved.indicesOf(key)
  if (indices === undefined) return Option.none()
  const place = indices.reduce((place, index, i) => place * resolved.dimensions[i]!.dimension.size + index, 0)
  return keyAtPlace(resolved, place + by)
}

/**
 * The key of the first partition, if one exists now.
 *
 * **Example** (The first day)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const first = Partitions.first(Partitions.weekly({ start: "2024-01-01" }))
 * await Effect.runPromise(first) // => Option.some("2024-01-07")
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const first = <P, R>(self: Partitions<P, R>): Effect.Effect<Option.Option<string>, KeysError<R>, R> =>
  Effect.map(resolve(self), (resolved) => keyAtPlace(resolved, 0))

/**
 * The key of the last partition, if one exists now.
 *
 * **Example** (The last one)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * await Effect.runPromise(Partitions.last(Partitions.fixed(["us", "eu"]))) // => Option.some("eu")
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const last = <P, R>(self: Partitions<P, R>): Effect.Effect<Option.Option<string>, KeysError<R>, R> =>
  Effect.map(resolve(self), (resolved) => keyAtPlace(resolved, sizeOf(resolved) - 1))

/**
 * The key after a key. None after the last one, and after what is no key of an existing partition.
 *
 * **Example** (The next day)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2024-01-01", end: "2024-01-03" })
 * await Effect.runPromise(Partitions.next(days, "2024-01-01")) // => Option.some("2024-01-02")
 * await Effect.runPromise(Partitions.next(days, "2024-01-02")) // => Option.none()
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const next: {
  (key: string): <P, R>(self: Partitions<P, R>) => Effect.Effect<Option.Option<string>, KeysError<R>, R>
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<Option.Option<string>, KeysError<R>, R>
} = dual(
  2,
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<Option.Option<string>, KeysError<R>, R> =>
    Effect.map(resolve(self), (resolved) => besides(resolved, key, 1))
)

/**
 * The key before a key. None before the first one, and before what is no key of an existing partition.
 *
 * **Example** (The day before)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2024-01-01", end: "2024-01-03" })
 * await Effect.runPromise(Partitions.previous(days, "2024-01-02")) // => Option.some("2024-01-01")
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const previous: {
  (key: string): <P, R>(self: Partitions<P, R>) => Effect.Effect<Option.Option<string>, KeysError<R>, R>
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<Option.Option<string>, KeysError<R>, R>
} = dual(
  2,
  <P, R>(self: Partitions<P, R>, key: string): Effect.Effect<Option.Option<string>, KeysError<R>, R> =>
    Effect.map(resolve(self), (resolved) => besides(resolved, key, -1))
)

/**
 * The keys of the latest time window: one key of time windows, all keys of a set without time, and their combinations for a
 * product.
 *
 * **Example** (All regions of the last day)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const sales = Partitions.product({
 *   day: Partitions.daily({ start: "2024-01-01", end: "2024-01-03" }),
 *   region: Partitions.fixed(["us", "eu"])
 * })
 * await Effect.runPromise(Partitions.latest(sales)) // => ["2024-01-02|us", "2024-01-02|eu"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const latest = <P, R>(self: Partitions<P, R>): Effect.Effect<ReadonlyArray<string>, KeysError<R>, R> =>
  Effect.map(
    resolve(self),
    (resolved) =>
      combinations(
        resolved,
        resolved.dimensions.map(({ dimension }) => [
          dimension.kind === "Windows" ? Math.max(0, dimension.size - 1) : 0,
          dimension.size
        ])
      )
  )

/**
 * The first and the last key of a range: both belong to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

/** Why a key is none of a dimension that exists now, as a sentence. */
const absence = (key: string, name: string | undefined, dimension: Dimension): string => {
  const text = name === undefined ? quoted(key) : `${quoted(key)} of the dimension ${quoted(name)}`
  const none = `There is no partition ${text}`
  if (dimension.kind === "Keys") return `${none}.`
  const window = dimension.windowOf(key)
  if (window === undefined) return `${none}: no window has this key.`
  const { bounds, keyOf } = dimension
  if (window.start < bounds.start) {
    return `${none}: it is before the start of the set (${iso(dimension, bounds.start)}).`
  }
  if (bounds.end !== undefined && window.end > bounds.end) {
    return `${none}: it is after the end of the set (${iso(dimension, bounds.end)}).`
  }
  const newest = dimension.size === 0 ? "none" : quoted(keyOf(dimension.windowAt(dimension.size - 1)))
  return `${none} yet: its window ends at ${iso(dimension, window.end)}, and the last one now is ${newest}.`
}

const iso = (dimension: { readonly timeZone: string }, time: number): string =>
  DateTime.formatIsoZoned(DateTime.makeZonedUnsafe(time, { timeZone: dimension.timeZone }))

/**
 * The keys from one to another one, which both belong to it. For a product they are the combinations of the ranges of its
 * dimensions. Fails for a key of no partition that exists now.
 *
 * **Example** (Three days)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2024-01-01" })
 * const range = Partitions.range(days, { from: "2024-02-28", to: "2024-03-01" })
 * await Effect.runPromise(range) // => ["2024-02-28", "2024-02-29", "2024-03-01"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const range: {
  (
    range: KeyRange
  ): <P, R>(self: Partitions<P, R>) => Effect.Effect<ReadonlyArray<string>, PartitionsError | KeysError<R>, R>
  <P, R>(
    self: Partitions<P, R>,
    range: KeyRange
  ): Effect.Effect<ReadonlyArray<string>, PartitionsError | KeysError<R>, R>
} = dual(
  2,
  <P, R>(
    self: Partitions<P, R>,
    range: KeyRange
  ): Effect.Effect<ReadonlyArray<string>, PartitionsError | KeysError<R>, R> =>
    Effect.flatMap(resolve(self), (resolved) => Effect.fromResult(rangeOf(resolved, range)))
)

const rangeOf = (resolved: Resolved, { from, to }: KeyRange): Result.Result<ReadonlyArray<string>, PartitionsError> => {
  const { dimensions } = resolved
  const fail = (problem: string): Result.Result<never, PartitionsError> =>
    Result.fail(new PartitionsError({ reason: "Key", problem }))
  const single = dimensions[0]!.name === undefined
  const [froms, tos] = [from, to].map((key) => single ? [key] : key.split("|"))
  const stretches: Array<readonly [from: number, until: number]> = []
  for (const [key, parts] of [[from, froms!], [to, tos!]] as const) {
    if (parts.length === dimensions.length) continue
    return fail(
      `There is no partition ${quoted(key)}: a key is made of ${dimensions.map(({ name }) => name).join("|")}.`
    )
  }
  for (const [i, { dimension, name }] of dimensions.entries()) {
    const [first, last] = [froms![i]!, tos![i]!]
    const [start, end] = [dimension.indexOf(first), dimension.indexOf(last)]
    if (start < 0) return fail(absence(first, name, dimension))
    if (end < 0) return fail(absence(last, name, dimension))
    if (end < start) return fail(`The range ends before it starts: ${quoted(last)} is before ${quoted(first)}.`)
    stretches.push([start, end + 1])
  }
  return Result.succeed(combinations(resolved, stretches))
}

// ---------------------------------------------------------------------------------------------------------------------
// recorded partitions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Partitions of one set as they are recorded: readable without the definition, and still right when that changes.
 *
 * @category models
 * @since 0.1.0
 */
export type Serialized =
  | { readonly _tag: "Keys"; readonly keys: ReadonlyArray<string> }
  | {
    readonly _tag: "Windows"
    /** Start of the first and end of the last window of each stretch, in milliseconds since 1970. */
    readonly intervals: ReadonlyArray<readonly [start: number, end: number]>
    /** The keys of the first and of the last window, and how many there are. */
    readonly first: string
    readonly last: string
    readonly count: number
  }
  | {
    readonly _tag: "Product"
    /** Disjoint boxes: all combinations of what stands for each dimension. */
    readonly boxes: ReadonlyArray<{ readonly [dimension: string]: Serialized }>
  }

/**
 * Partitions of one set as they are recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Serialized: Schema.Codec<Serialized> = Schema.suspend((): Schema.Codec<Serialized> => SerializedUnion)

const SerializedUnion: Schema.Codec<Serialized> = Schema.Union([
  Schema.TaggedStruct("Keys", { keys: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("Windows", {
    intervals: Schema.Array(Schema.Tuple([Schema.Number, Schema.Number])),
    first: Schema.String,
    last: Schema.String,
    count: Schema.Int
  }),
  Schema.TaggedStruct("Product", { boxes: Schema.Array(Schema.Record(Schema.String, Serialized)) })
])
