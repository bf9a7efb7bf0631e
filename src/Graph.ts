/**
 * Graphs: a typed record of assets whose upstream assets are all there.
 *
 * **Example** (A graph and what is downstream)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const orders = Asset.make("orders", Effect.succeed([3, 4]))
 * const revenue = Asset.make("revenue", {
 *   inputs: { orders },
 *   compute: ({ orders }) => Effect.succeed(orders.reduce((a, b) => a + b, 0))
 * })
 * const graph = Graph.make({ orders, revenue })
 *
 * Graph.keys(graph) // => ["orders", "revenue"]
 * Graph.downstream(graph, ["orders"]) // => ["revenue"]
 * ```
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Asset from "./Asset.ts"
import * as AssetKey from "./AssetKey.ts"
import * as Check from "./Check.ts"
import { compile, type Compiled } from "./internal/compile.ts"
import * as ConditionTree from "./internal/conditionTree.ts"
import * as Drawing from "./internal/drawing.ts"
import { didYouMean, suggest } from "./internal/suggest.ts"

const TypeId = "~effect-assets/Graph"

/**
 * A validated graph of assets: `assets` under the names they were given, and the checks of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Graph<out T extends Assets, out C extends Check.Any = never> extends Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly assets: T
  readonly checks: ReadonlyArray<C>
}

/**
 * A record of assets.
 *
 * @category models
 * @since 0.1.0
 */
export type Assets = { readonly [name: string]: Asset.Any }

/**
 * A graph of any assets.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Any = Graph<Assets, Check.Any>

/**
 * The keys of the assets of a graph.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Keys<T extends Assets> = T[keyof T]["key"]

/**
 * How the programs of a graph's assets fail.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Error<T extends Assets> = Asset.Error<T[keyof T]>

/**
 * What a run of a graph needs.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Assets> = Asset.Services<T[keyof T]>

/**
 * What a compile error shows for an upstream asset that the record lacks.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface MissingUpstream<out Key> {
  readonly "~missing upstream, add it to the record": Key
}

type MembersOf<X> = X extends Asset.Any ? X : X extends Asset.AnyMulti ? X["assets"][keyof X["assets"]] : never

/** Where keys are not known one by one, only the run can tell. */
type Missing<X, Present> = X extends Asset.Any
  ? string extends Asset.Upstream<X> ? never : Exclude<Asset.Upstream<X>, Present>
  : X extends Check.Any ? string extends Check.Upstream<X> ? never : Exclude<Check.Upstream<X>, Present>
  : X extends Asset.AnyMulti ? Missing<X["assets"][keyof X["assets"]], Present>
  : never

type Complete<T, Present = MembersOf<T[keyof T]>["key"]> = {
  readonly [K in keyof T]: [Missing<T[K], Present>] extends [never] ? unknown : MissingUpstream<Missing<T[K], Present>>
}

/** The checks of a record. */
type ChecksOf<T> = Extract<T[keyof T], Check.Any>

type Flat<T> = { readonly [K in keyof T as T[K] extends Asset.Any ? K : never]: Extract<T[K], Asset.Any> }

type Merged<U> = (U extends unknown ? (u: U) => void : never) extends (u: infer I) => void ? I : never

/** The assets of a record: multi-assets stand for their outputs, what is neither is left out. */
type AssetsOf<T> = [Extract<T[keyof T], Asset.AnyMulti>] extends [never] ? Flat<T>
  : Flat<T> & Merged<Extract<T[keyof T], Asset.AnyMulti>["assets"]>

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One thing that is wrong with a graph.
 *
 * @category errors
 * @since 0.1.0
 */
export const Problem = Schema.TaggedUnion({
  /** Two assets with one key. */
  DuplicateKey: { key: Schema.String, names: Schema.Array(Schema.String) },
  /** Two assets under one name in graphs that are merged. */
  DuplicateName: { name: Schema.String, keys: Schema.Array(Schema.String) },
  /** An asset names an upstream asset that is not in the graph. */
  MissingUpstream: { key: Schema.String, upstream: Schema.String, suggestions: Schema.Array(Schema.String) },
  /** Assets that are upstream of themselves, in order; the first stands at the end again. */
  Cycle: { path: Schema.Array(Schema.String) },
  /** A malformed key. */
  InvalidKey: { key: Schema.String, problem: Schema.String },
  /** Something else in the definition of an asset. */
  InvalidDefinition: { key: Schema.String, problem: Schema.String },
  /** An asset that is put into a group already has one. */
  GroupConflict: { key: Schema.String, group: Schema.String, wanted: Schema.String }
})

/**
 * One thing that is wrong with a graph.
 *
 * @category errors
 * @since 0.1.0
 */
export type Problem = typeof Problem.Type

const explain = (problem: Problem): string => {
  switch (problem._tag) {
    case "DuplicateKey":
      return `The key "${problem.key}" is defined more than once: by ${
        list(problem.names)
      }. Keys are unique in a graph.`
    case "DuplicateName":
      return `The name "${problem.name}" stands for different assets: ${
        list(problem.keys)
      }. Rename one, or name all by their keys with Graph.byKey.`
    case "MissingUpstream":
      return `"${problem.key}" is computed from "${problem.upstream}", which is not in the graph.${
        didYouMean(problem.suggestions)
      } Add it to the record, or name it with Asset.external("${problem.upstream}").`
    case "Cycle":
      return `A cycle: ${problem.path.map((key) => `"${key}"`).join(" -> ")}. An asset cannot be upstream of itself.`
    case "InvalidKey":
      return `The key ${JSON.stringify(problem.key)} ${problem.problem}.`
    case "InvalidDefinition":
      // what is wrong may end with a sentence of its own
      return `"${problem.key}": ${problem.problem}${/[.?]$/.test(problem.problem) ? "" : "."}`
    case "GroupConflict":
      return `"${problem.key}" is in the group "${problem.group}" already, so it cannot be put into "${problem.wanted}".`
  }
}

const list = (names: ReadonlyArray<string>): string => names.map((name) => `"${name}"`).join(", ")

/**
 * Everything that is wrong with a graph, at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class GraphError extends Schema.TaggedError<GraphError>()("GraphError", {
  problems: Schema.Array(Problem)
}) {
  override get message(): string {
    const shown = this.problems.slice(0, 50).map((problem) => `- ${explain(problem)}`)
    const more = this.problems.length - shown.length
    return [
      this.problems.length === 1 ? "The graph has a problem:" : `The graph has ${this.problems.length} problems:`,
      ...shown,
      ...(more > 0 ? [`- and ${more} more`] : [])
    ].join("\n")
  }
}

/**
 * An error for a key that is not in the graph.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownAssetError extends Schema.TaggedError<UnknownAssetError>()("UnknownAssetError", {
  key: Schema.String,
  suggestions: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `There is no asset "${this.key}" in the graph.${didYouMean(this.suggestions)}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a graph from a record of assets, or from a module namespace (`import * as assets from "./assets.ts"`). A
 * multi-asset stands for its outputs; what is not an asset is left out.
 *
 * **Details**
 *
 * An upstream asset that is not in the record is a type error that names its key. An external asset need not be there:
 * it is a reference by key. If the record has an asset with that key, that asset is what is read.
 *
 * **Gotchas**
 *
 * Throws a `GraphError` with every problem that types do not show: duplicate and malformed keys, cycles through external
 * assets, unusable groups and owners. `makeResult` returns it instead. In a program that was not type-checked, missing
 * upstream assets alone do not throw here: the first run fails with the `GraphError`.
 *
 * **Example** (A record)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(2) })
 * Object.keys(Graph.make({ a, b, notAnAsset: 42 }).assets) // => ["a", "b"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const T extends { readonly [name: string]: unknown }>(
  assets: T & Complete<T>
): Graph<AssetsOf<T>, ChecksOf<T>> => {
  const { checks, problems, record } = collect(assets)
  // a missing upstream asset is a compile error; a program that was not type-checked is told when it plans a run
  return Result.getOrThrow(fromRecord(record, checks, problems, "defer")) as Graph<AssetsOf<T>, ChecksOf<T>>
}

/**
 * Like `make`, and returns the `GraphError` instead of throwing it.
 *
 * **Example** (A key that is used twice)
 *
 * ```ts import.meta.vitest
 * import { Effect, Result } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const result = Graph.makeResult({
 *   one: Asset.make("same", Effect.succeed(1)),
 *   two: Asset.make("same", Effect.succeed(2))
 * })
 * Result.isFailure(result) && result.failure.problems[0]?._tag // => "DuplicateKey"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeResult = <const T extends { readonly [name: string]: unknown }>(
  assets: T & Complete<T>
): Result.Result<Graph<AssetsOf<T>, ChecksOf<T>>, GraphError> => {
  const { checks, problems, record } = collect(assets)
  return fromRecord(record, checks, problems) as Result.Result<Graph<AssetsOf<T>, ChecksOf<T>>, GraphError>
}

/** The assets and checks of a record: what AssetsOf and ChecksOf say, since loop and types leave out the same things. */
const collect = (values: { readonly [name: string]: unknown }): {
  readonly record: Record<string, Asset.Any>
  readonly checks: ReadonlyArray<Check.Any>
  readonly problems: Array<Problem>
} => {
  const record: Record<string, Asset.Any> = Object.create(null)
  const checks = new Set<Check.Any>()
  const problems: Array<Problem> = []
  const names = Object.keys(values)
  // engines sort the names of a module and bundlers do not: the order of a graph is not to depend on that
  if (Object.prototype.toString.call(values) === "[object Module]") names.sort()
  for (const name of names) {
    const value = values[name]
    if (Check.isCheck(value)) checks.add(value)
    else addEntry(record, problems, name, value)
  }
  return { record, checks: Array.from(checks), problems }
}

/**
 * Makes a graph from assets that a program built: their names are their keys, and their types are not known one by one.
 *
 * Throws a `GraphError`, also for an upstream asset that is missing.
 *
 * **Example** (Assets from a factory)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const regions = ["eu", "us"].map((region) => Asset.make(`sales/${region}`, Effect.succeed(region)))
 * Graph.keys(Graph.fromAssets(regions)) // => ["sales/eu", "sales/us"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromAssets = <T extends Asset.Any, C extends Check.Any = never>(
  assets: Iterable<T>,
  options?: { readonly checks?: Iterable<C> | undefined }
): Graph<{ readonly [key: string]: T }, C> => {
  const record: Record<string, Asset.Any> = Object.create(null)
  const problems: Array<Problem> = []
  for (const asset of assets) {
    const known = record[asset.key]
    if (known === undefined || known.external) record[asset.key] = asset
    else if (known !== asset && !asset.external) {
      problems.push({ _tag: "DuplicateKey", key: asset.key, names: [asset.key] })
    }
  }
  const checks = Array.from(new Set<Check.Any>(options?.checks))
  return Result.getOrThrow(fromRecord(record, checks, problems)) as Graph<{ readonly [key: string]: T }, C>
}

const addEntry = (record: Record<string, Asset.Any>, problems: Array<Problem>, name: string, value: unknown): void => {
  if (Asset.isAsset(value)) {
    const known = record[name]
    if (known !== undefined && known !== value && known.key !== value.key) {
      problems.push({ _tag: "DuplicateName", name, keys: [known.key, value.key] })
    } else if (known === undefined || known.external) record[name] = value
    else if (known !== value && !value.external) {
      problems.push({ _tag: "DuplicateKey", key: value.key, names: [name, name] })
    }
  } else if (Asset.isMulti(value)) {
    for (const output of Object.keys(value.assets)) addEntry(record, problems, output, value.assets[output])
  }
}

const fromRecord = (
  record: Record<string, Asset.Any>,
  checks: ReadonlyArray<Check.Any>,
  found: ReadonlyArray<Problem> = [],
  missing: "fail" | "defer" = "fail"
): Result.Result<Any, GraphError> => {
  const { compiled, problems } = compile(record, checks)
  const all = [...found, ...problems]
  const deferred = missing === "defer" && all.length > 0 && all.every((problem) => problem._tag === "MissingUpstream")
    ? new GraphError({ problems: all })
    : undefined
  return all.length > 0 && deferred === undefined
    ? Result.fail(new GraphError({ problems: all }))
    : Result.succeed(
      Object.assign(Object.create(Proto), { assets: record, checks, [Internal]: compiled, [Incomplete]: deferred })
    )
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Puts two graphs together. An asset takes the place of an external asset with its key, so services that know each
 * other's assets as external ones get one lineage.
 *
 * Throws a `GraphError` for keys or names that are used for different assets, and for cycles.
 *
 * **Example** (Two services, one lineage)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const orders = Asset.make("shop/orders", Effect.succeed(3))
 * const shop = Graph.make({ orders })
 * const revenue = Asset.make("revenue", {
 *   deps: [Asset.external("shop/orders")],
 *   compute: () => Effect.succeed(4)
 * })
 * const finance = Graph.make({ revenue })
 * Graph.upstream(Graph.merge(shop, finance), ["revenue"]) // => ["shop/orders"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge: {
  <U extends Assets, D extends Check.Any = never>(
    that: Graph<U, D>
  ): <T extends Assets, C extends Check.Any = never>(self: Graph<T, C>) => Graph<MergedAssets<T, U>, C | D>
  <T extends Assets, U extends Assets, C extends Check.Any = never, D extends Check.Any = never>(
    self: Graph<T, C>,
    that: Graph<U, D>
  ): Graph<MergedAssets<T, U>, C | D>
} = dual(2, (self: Any, that: Any): never => {
  const record: Record<string, Asset.Any> = Object.assign(Object.create(null), self.assets)
  const problems: Array<Problem> = []
  for (const name of Object.keys(that.assets)) addEntry(record, problems, name, that.assets[name])
  const checks = Array.from(new Set([...self.checks, ...that.checks]))
  // what the record holds is what the signature above says
  return Result.getOrThrow(fromRecord(record, checks, problems)) as never
})

type MergedAssets<T extends Assets, U extends Assets> = {
  readonly [K in keyof T | keyof U]: K extends keyof T
    ? (K extends keyof U ? (T[K] extends { readonly external: true } ? U[K] : T[K] | U[K]) : T[K])
    : K extends keyof U ? U[K]
    : never
}

/**
 * Names the assets of a graph by their keys, so that graphs can be merged whose names are the same.
 *
 * **Example** (One definition for two tenants)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const each = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
 * const tenant = <const P extends string>(name: P) => Graph.byKey(Graph.prefix(each, name))
 * Object.keys(Graph.merge(tenant("one"), tenant("two")).assets) // => ["one/a", "two/a"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const byKey = <T extends Assets, C extends Check.Any = never>(
  self: Graph<T, C>
): Graph<{ readonly [K in keyof T as T[K]["key"]]: T[K] }, C> => {
  const record: Record<string, Asset.Any> = Object.create(null)
  for (const name of Object.keys(self.assets)) record[self.assets[name]!.key] = self.assets[name]!
  // the keys of the record are those of the type
  return Object.assign(Object.create(Proto), {
    assets: record,
    checks: self.checks,
    [Internal]: compiled(self),
    [Incomplete]: incomplete(self)
  })
}

/** An asset of a prefixed graph: another key, and nothing upstream that is not there. */
type Prefixed<X, P extends string> = X extends Asset.Asset<infer Key, infer A, infer E, infer R, infer D>
  ? [D["ref"]] extends [never] ? X
  : Asset.Asset<`${P}/${Key}`, A, E, R, {
    readonly up: never
    readonly ref: `${P}/${Key}`
    readonly io: D["io"]
    readonly config: D["config"] extends infer C
      ? C extends { readonly key: infer N extends string; readonly value: infer V } ?
        { readonly key: `${P}/${N}`; readonly value: V }
      : never
      : never
    readonly partition: D["partition"]
    readonly compute: D["compute"]
  }>
  : never

/** A check in a prefixed graph: nothing is missing upstream of it. */
type PrefixedCheck<C> = C extends Check.Check<infer Name, infer _Up, infer E, infer R> ? Check.Check<Name, never, E, R>
  : never

/**
 * Puts a prefix before the key of every asset of a graph; references inside follow. External assets keep their keys: they
 * belong to somebody else.
 *
 * **Example** (The same graph for two tenants)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
 * const tenant = Graph.make({ a, b }).pipe(Graph.prefix("tenants/one"))
 * Graph.upstream(tenant, ["tenants/one/b"]) // => ["tenants/one/a"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const prefix: {
  <const P extends string>(
    by: P
  ): <T extends Assets, C extends Check.Any = never>(
    self: Graph<T, C>
  ) => Graph<{ readonly [K in keyof T]: Prefixed<T[K], P> }, PrefixedCheck<C>>
  <T extends Assets, const P extends string, C extends Check.Any = never>(
    self: Graph<T, C>,
    by: P
  ): Graph<{ readonly [K in keyof T]: Prefixed<T[K], P> }, PrefixedCheck<C>>
} = dual(2, (self: Any, by: string): Any =>
  mapAssets(self, (asset) =>
    asset.external ? {} : {
      key: AssetKey.prefix(asset.key, by),
      // a multi-asset is known by its name: two prefixed copies are two multi-assets
      name: (name: string) => AssetKey.prefix(name, by)
    }))

/**
 * Puts every asset of a graph into a group.
 *
 * Throws a `GraphError` that lists the assets that are in a group already. External assets without a group stay so.
 *
 * **Example** (A group for all)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) }).pipe(Graph.group("finance"))
 * graph.assets.a.group // => "finance"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const group: {
  (name: string): <T extends Assets, C extends Check.Any = never>(self: Graph<T, C>) => Graph<T, C>
  <T extends Assets, C extends Check.Any = never>(self: Graph<T, C>, name: string): Graph<T, C>
} = dual(2, (self: Any, name: string): never => {
  const problems = compiled(self).assets.flatMap((asset): ReadonlyArray<Problem> =>
    asset.group === undefined || asset.external
      ? []
      : [{ _tag: "GroupConflict", key: asset.key, group: asset.group, wanted: name }]
  )
  if (problems.length > 0) throw new GraphError({ problems })
  // only the group changes, and no type depends on it
  return mapAssets(self, (asset) => asset.external ? {} : { group: name }) as never
})

interface Changes {
  readonly key?: string
  readonly group?: string
  readonly name?: (name: string) => string
}

/** Rebuilds the assets of a graph, so that what reads them reads the new ones. */
const mapAssets = (self: Any, change: (asset: Asset.Any) => Changes): Any => {
  const graph = compiled(self)
  const rebuilt: Array<Asset.Any> = []
  const multis = new Map<Asset.AnyMulti, Asset.AnyMulti>()
  const renamed = (input: Asset.AnyInput): Asset.AnyInput => {
    const asset = rebuilt[graph.ids.get(input.asset.key)!]!
    return Asset.isAsset(input) ? asset : Asset.withAsset(input, asset)
  }
  const keyNow = (key: string): string => {
    const id = graph.ids.get(key)
    return id === undefined ? key : change(graph.assets[id]!).key ?? key
  }
  const renamedIn = (condition: Asset.Any["automation"]): Asset.Any["automation"] =>
    condition === undefined ? undefined : ConditionTree.renamed(condition, keyNow)
  // ids are in topological order, so what an asset reads is rebuilt before it
  for (const asset of graph.assets) {
    const { name, ...changes } = change(asset)
    let output = asset.output
    if (output !== undefined) {
      const { multi } = output
      let copy = multis.get(multi)
      if (copy === undefined) {
        copy = Asset.copyMulti(multi, name?.(multi.name) ?? multi.name)
        multis.set(multi, copy)
      }
      output = { name: output.name, multi: copy }
    }
    const inputs: Record<string, Asset.AnyInput> = {}
    for (const input of Object.keys(asset.inputs)) inputs[input] = renamed(asset.inputs[input]!)
    rebuilt.push(
      Asset.rebuilt(asset, {
        ...changes,
        inputs,
        deps: asset.deps.map(renamed),
        output,
        automation: renamedIn(asset.automation)
      })
    )
  }
  const record: Record<string, Asset.Any> = Object.create(null)
  for (const name of Object.keys(self.assets)) record[name] = rebuilt[graph.ids.get(self.assets[name]!.key)!]!
  const renamedAll = (inputs: Check.Any["inputs"]) =>
    Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, renamed(input)]))
  const checks = self.checks.map((check) =>
    Check.rebuilt(
      check,
      rebuilt[graph.ids.get(check.asset.key)!]!,
      renamedAll(check.inputs),
      renamedIn(check.automation)
    )
  )
  return Result.getOrThrow(fromRecord(record, checks))
}

// ---------------------------------------------------------------------------------------------------------------------
// getters
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The number of assets, external ones included.
 *
 * @category getters
 * @since 0.1.0
 */
export const size = (self: Any): number => compiled(self).assets.length

/**
 * The keys of all assets, external ones included, upstream before downstream.
 *
 * @category getters
 * @since 0.1.0
 */
export const keys = (self: Any): ReadonlyArray<string> => compiled(self).assets.map((asset) => asset.key)

/**
 * All assets, external ones included, upstream before downstream.
 *
 * @category getters
 * @since 0.1.0
 */
export const assets = (self: Any): ReadonlyArray<Asset.Any> => compiled(self).assets

/**
 * The asset with a key.
 *
 * **Example** (Looking one up)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
 * Option.isSome(Graph.get(graph, "a")) // => true
 * Option.isSome(Graph.get(graph, "b")) // => false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const get = (self: Any, key: string): Option.Option<Asset.Any> => {
  const graph = compiled(self)
  const id = graph.ids.get(key)
  return id === undefined ? Option.none() : Option.some(graph.assets[id]!)
}

/**
 * The assets that an asset is computed from or ordered after, by key.
 *
 * Throws an `UnknownAssetError` for a key that is not in the graph.
 *
 * @category getters
 * @since 0.1.0
 */
export const parents = (self: Any, key: string): ReadonlyArray<string> => neighbours(self, key, "parents")

/**
 * The assets that are computed from an asset or ordered after it, by key.
 *
 * Throws an `UnknownAssetError` for a key that is not in the graph.
 *
 * @category getters
 * @since 0.1.0
 */
export const children = (self: Any, key: string): ReadonlyArray<string> => neighbours(self, key, "children")

const neighbours = (self: Any, key: string, direction: "parents" | "children"): ReadonlyArray<string> => {
  const graph = compiled(self)
  const { offsets, targets } = graph[direction]
  const id = idOf(graph, key)
  return Array.from(targets.subarray(offsets[id]!, offsets[id + 1]!), (other) => graph.assets[other]!.key)
}

/**
 * Everything upstream of some assets, those not included: the keys in topological order. `depth` limits how many edges are
 * followed.
 *
 * Throws an `UnknownAssetError` for a key that is not in the graph.
 *
 * @category getters
 * @since 0.1.0
 */
export const upstream = (
  self: Any,
  keys: Iterable<string>,
  options?: { readonly depth?: number | undefined }
): ReadonlyArray<string> => lineage(self, keys, "parents", options?.depth)

/**
 * Everything downstream of some assets, those not included: the keys in topological order. `depth` limits how many edges
 * are followed.
 *
 * Throws an `UnknownAssetError` for a key that is not in the graph.
 *
 * @category getters
 * @since 0.1.0
 */
export const downstream = (
  self: Any,
  keys: Iterable<string>,
  options?: { readonly depth?: number | undefined }
): ReadonlyArray<string> => lineage(self, keys, "children", options?.depth)

const lineage = (
  self: Any,
  keys: Iterable<string>,
  direction: "parents" | "children",
  depth = Infinity
): ReadonlyArray<string> => {
  const graph = compiled(self)
  const start = Array.from(keys, (key) => idOf(graph, key))
  const reached = reach(graph, start, direction, depth)
  for (const id of start) reached[id] = 0
  return graph.assets.filter((_, id) => reached[id] === 1).map((asset) => asset.key)
}

const idOf = (graph: Compiled, key: string): number => {
  const id = graph.ids.get(key)
  if (id === undefined) throw unknownAsset(graph, key)
  return id
}

/**
 * The graph as a Mermaid flowchart. External assets have rounded boxes; groups are subgraphs.
 *
 * **Example** (Two assets)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
 * Graph.toMermaid(Graph.make({ a, b })).split("\n") // => ["flowchart LR", `  n0["a"]`, `  n1["b"]`, "  n0 --> n1"]
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toMermaid = (
  self: Any,
  options?: { readonly direction?: "LR" | "RL" | "TB" | "BT" | undefined }
): string => Drawing.toMermaid(drawingOf(self), options?.direction)

/**
 * The graph in the DOT language of Graphviz. External assets are dashed; groups are clusters; edges that only order are
 * dashed.
 *
 * **Example** (Two assets)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * Graph.toDot(Graph.make({ a })).split("\n") // => ["digraph assets {", "  rankdir=LR;", `  n0 [label="a"];`, "}"]
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toDot = (
  self: Any,
  options?: { readonly direction?: "LR" | "RL" | "TB" | "BT" | undefined }
): string => Drawing.toDot(drawingOf(self), options?.direction)

const drawingOf = (self: Any): Drawing.Drawing => {
  const graph = compiled(self)
  const { offsets, targets } = graph.parents
  return {
    nodes: graph.assets.map(({ external, group, key }) => ({ label: key, dashed: external, group })),
    edges: graph.assets.flatMap((_, id) => {
      const loaded = new Set(graph.reads[id]!.map((read) => read.id))
      return Array.from(
        targets.subarray(offsets[id], offsets[id + 1]),
        (parent) => ({ from: parent, to: id, loads: loaded.has(parent) })
      )
    })
  }
}

/**
 * Returns `true` for a graph.
 *
 * @category guards
 * @since 0.1.0
 */
export const isGraph = (u: unknown): u is Any => hasProperty(u, TypeId)

// ---------------------------------------------------------------------------------------------------------------------
// internals
// ---------------------------------------------------------------------------------------------------------------------

const Internal: unique symbol = Symbol.for("effect-assets/Graph/compiled")

const Proto = {
  [TypeId]: TypeId,
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Graph(${size(this)} assets)`
  },
  toJSON(this: Any) {
    return { _id: "Graph", keys: keys(this) }
  },
  [Symbol.for("nodejs.util.inspect.custom")](this: Any) {
    return String(this)
  }
}

const Incomplete: unique symbol = Symbol.for("effect-assets/Graph/incomplete")

/**
 * The error of a graph that lacks upstream assets, which the compiler would have refused.
 *
 * @internal
 */
export const incomplete = (self: Any): GraphError | undefined =>
  (self as Any & { readonly [Incomplete]?: GraphError })[Incomplete]

/** @internal */
export const compiled = (self: Any): Compiled => (self as Any & { readonly [Internal]: Compiled })[Internal]

/** @internal */
export const unknownAsset = (graph: Compiled, key: string): UnknownAssetError =>
  new UnknownAssetError({ key, suggestions: suggest(key, graph.ids.keys()) })

/**
 * Marks what is reached from some nodes, those included, over at most `depth` edges.
 *
 * @internal
 */
export const reach = (
  graph: Compiled,
  start: Iterable<number>,
  direction: "parents" | "children",
  depth: number
): Uint8Array => {
  const { offsets, targets } = graph[direction]
  const reached = new Uint8Array(graph.assets.length)
  let frontier: Array<number> = []
  for (const id of start) {
    if (reached[id] === 0) frontier.push(id)
    reached[id] = 1
  }
  for (let level = 0; level < depth && frontier.length > 0; level++) {
    const next: Array<number> = []
    for (const id of frontier) {
      for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
        const other = targets[at]!
        if (reached[other] === 1) continue
        reached[other] = 1
        next.push(other)
      }
    }
    frontier = next
  }
  return reached
}
