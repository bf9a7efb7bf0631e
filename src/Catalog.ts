/**
 * The catalog: what the event log tells about assets. What is stored and where it came from, what is stale and why,
 * what is too old, what checks say, what runs came to. It reads states that the log keeps, so a question about all
 * assets of a graph takes a few queries, whatever the number of assets and the length of history.
 *
 * **Example** (What is there, and what has changed)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Option } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const total = Asset.make("total", {
 *   inputs: { prices },
 *   compute: ({ prices }) => Effect.succeed(prices.reduce((a, b) => a + b, 0))
 * })
 * const graph = Graph.make({ prices, total })
 *
 * const program = Effect.gen(function*() {
 *   const before = yield* Catalog.staleness(graph)
 *   const run = yield* Runtime.materialize(graph)
 *   const latest = Option.getOrThrow(yield* Catalog.latest(total))
 *   yield* Runtime.materialize(graph, { select: ["prices"] })
 *   const after = yield* Catalog.staleness(graph)
 *   return [before.total._tag, latest.runId === run.id, after.prices._tag, after.total._tag]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Missing", true, "Fresh", "Stale"]
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Asset from "./Asset.ts"
import type * as Check from "./Check.ts"
import * as EventLog from "./EventLog.ts"
import * as Freshness from "./Freshness.ts"
import * as Graph from "./Graph.ts"
import { GraphStaleness, ofWhole } from "./internal/graphStaleness.ts"
import { newId } from "./internal/ids.ts"
import { concerns, type Subject } from "./internal/logState.ts"
import * as Mapping from "./internal/mapping.ts"
import { failedTries, layered } from "./internal/partitionState.ts"
import { resolveSets } from "./internal/resolveSets.ts"
import * as internal from "./internal/staleness.ts"
import * as Subset from "./internal/subset.ts"
import * as Metadata from "./Metadata.ts"
import type * as Partitions from "./Partitions.ts"
import * as PartitionSubset from "./PartitionSubset.ts"
import * as Plan from "./Plan.ts"
import type * as Selection from "./Selection.ts"

// ---------------------------------------------------------------------------------------------------------------------
// staleness
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Why an asset is stale. Causes are data: they can be stored, sent and shown.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cause = internal.Cause

/**
 * Why an asset is stale: its code changed, an upstream asset has other data, or it is computed from other assets.
 *
 * @category models
 * @since 0.1.0
 */
export type Cause = typeof Cause.Type

/**
 * What is stored was computed from the code and the data that there are now. An external asset always is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fresh {
  readonly _tag: "Fresh"
}

/**
 * What is stored was computed from other code or other data than there are now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stale {
  readonly _tag: "Stale"
  /** What changed: first its code, then the data of what it reads directly, then what it reads. */
  readonly causes: ReadonlyArray<Cause>
  /** Where data came from an asset that is stale itself: the causes of that one, and so on upstream. */
  readonly rootCauses: ReadonlyArray<Cause>
}

/**
 * Nothing was materialized.
 *
 * @category models
 * @since 0.1.0
 */
export interface Missing {
  readonly _tag: "Missing"
}

/**
 * Which partitions of an asset are fresh, stale and missing.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partitioned {
  readonly _tag: "Partitioned"
  readonly fresh: PartitionSubset.Any
  readonly stale: PartitionSubset.Any
  readonly missing: PartitionSubset.Any
  /** Each kind of cause once for each upstream asset; `stale` tells which partitions are stale for it. */
  readonly causes: ReadonlyArray<Cause>
  /** Where data came from an asset of which something is stale itself: the causes of that one, and so on upstream. */
  readonly rootCauses: ReadonlyArray<Cause>
}

/**
 * Whether what is stored of an asset was computed from the code and the data that there are now. `Partitioned` for an
 * asset that has partitions.
 *
 * @category models
 * @since 0.1.0
 */
export type Staleness = Fresh | Stale | Missing | Partitioned

/**
 * Whether what is stored of the assets of a graph was computed from the code and the data that there are now, by key.
 *
 * **Details**
 *
 * An asset is compared with the code version it was computed with, and with the data versions of what it read directly.
 * It is not stale because something further upstream is: that has not given it other data yet. An asset that was
 * computed again and gave the same data version makes nothing stale. Timestamps decide nothing.
 *
 * An asset without a `codeVersion` is not stale because of its code. An upstream asset whose version is not known, as
 * that of an external asset that nobody has observed, makes nothing stale.
 *
 * It takes one query, and time in proportion to the edges of the graph.
 *
 * **Example** (Why)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = (codeVersion: string) =>
 *   Graph.make({ a: Asset.make("a", { codeVersion, compute: () => Effect.succeed(1) }) })
 *
 * const program = Effect.gen(function*() {
 *   yield* Runtime.materialize(a("1"))
 *   const staleness = (yield* Catalog.staleness(a("2"))).a
 *   return staleness._tag === "Stale" ? staleness.causes.map(Catalog.explainCause) : []
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["a has another code version: 2 instead of 1"]
 * ```
 *
 * @category staleness
 * @since 0.1.0
 */
export const staleness: {
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>
  ): Effect.Effect<{ readonly [K in Graph.Keys<T>]: Staleness }, CatalogError<T>, CatalogServices<T>>
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>,
    options: { readonly select?: Plan.Select<T> | undefined }
  ): Effect.Effect<{ readonly [K in Graph.Keys<T>]?: Staleness }, CatalogError<T> | SelectError, CatalogServices<T>>
} = Effect.fnUntraced(function*(
  graph: Graph.Any,
  options?: { readonly select?: Select | undefined }
): Effect.fn.Return<Record<string, Staleness>, AnyCatalogError | SelectError, AnyCatalogServices> {
  const compiled = Graph.compiled(graph)
  const selected = yield* Effect.fromResult(selectedIds(graph, options?.select))
  // root causes are further upstream
  const states = yield* statesOf(graph, Graph.reach(compiled, selected, "parents", Infinity))
  const found = byKey<Staleness>()
  for (const id of selected) found[compiled.assets[id]!.key] = states.of(id)
  return found
}) as never // a record by key has what the overloads say: without a selection every key, and no SelectError

/** Dynamic partition sets have their keys beside the log. */
type Dynamic<T extends Graph.Assets> = unknown extends Graph.Services<T> ? Partitions.DynamicKeys
  : Extract<Graph.Services<T>, Partitions.DynamicKeys>

/**
 * What a question about a graph needs: the log, and the keys of dynamic partition sets if it has any.
 *
 * @category utility types
 * @since 0.1.0
 */
export type CatalogServices<T extends Graph.Assets> = EventLog.EventLog | Dynamic<T>

/**
 * How a question about a graph fails.
 *
 * @category utility types
 * @since 0.1.0
 */
export type CatalogError<T extends Graph.Assets> = EventLog.EventLogError | Partitions.KeysError<Dynamic<T>>

type AnyCatalogServices = EventLog.EventLog | Partitions.DynamicKeys
type AnyCatalogError = EventLog.EventLogError | Partitions.DynamicKeysError

/** Asking for so many assets one by one takes a log longer than reading the states of all that it knows. */
const manyKeys = 1_000

const wanted = (keys: ReadonlyArray<string>): ReadonlyArray<string> | undefined =>
  keys.length > manyKeys ? undefined : keys

/** The staleness of the marked assets. One query for versions, and one for each dynamic partition set. */
const statesOf = Effect.fnUntraced(function*(
  graph: Graph.Any,
  read: Uint8Array
): Effect.fn.Return<GraphStaleness, AnyCatalogError, AnyCatalogServices> {
  const compiled = Graph.compiled(graph)
  const log = yield* EventLog.EventLog
  const assets = compiled.assets.filter((_, id) => read[id] === 1)
  const versions = yield* log.versions(wanted(assets.map(({ key }) => key)))
  return new GraphStaleness(compiled, versions, yield* resolveSets(assets))
})

/**
 * Why a selection cannot be resolved.
 *
 * @category errors
 * @since 0.1.0
 */
export type SelectError = Selection.SelectionError | Graph.UnknownAssetError

type Select = ReadonlyArray<string> | string | Selection.Selection

/** Keys are untrusted: a record of them has no prototype. */
const byKey = <A>(): Record<string, A> => Object.create(null)

const selectedIds = (
  graph: Graph.Any,
  select: Select | undefined
): Result.Result<ReadonlyArray<number>, SelectError> => {
  const compiled = Graph.compiled(graph)
  if (select === undefined) return Result.succeed(compiled.assets.map((_, id) => id))
  return Result.map(Plan.selectedIds(compiled, select, { externals: true }), (ids) => {
    const found: Array<number> = []
    for (let id = 0; id < ids.length; id++) if (ids[id] === 1) found.push(id)
    return found
  })
}

const selectedKeys = (
  graph: Graph.Any,
  select: Select | undefined
): Result.Result<ReadonlyArray<string>, SelectError> =>
  select === undefined
    ? Result.succeed(Graph.keys(graph))
    : Result.map(selectedIds(graph, select), (ids) => ids.map((id) => Graph.compiled(graph).assets[id]!.key))

/**
 * A cause in words.
 *
 * **Example** (Other data upstream)
 *
 * ```ts import.meta.vitest
 * import { Catalog } from "effect-assets"
 *
 * Catalog.explainCause({
 *   _tag: "UpstreamChanged",
 *   key: "total",
 *   upstream: "prices",
 *   from: "v1",
 *   to: "v2",
 *   at: 2,
 *   recordedAt: 1
 * }) // => "total was computed from other data of prices: v1, and now it is v2"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const explainCause = (cause: Cause): string => {
  switch (cause._tag) {
    case "CodeChanged":
      return `${cause.key} has another code version: ${cause.to} instead of ${cause.from}`
    case "UpstreamChanged": {
      const { from, key, to, upstream } = cause
      if (from !== undefined && to !== undefined) {
        return `${key} was computed from other data of ${upstream}: ${from}, and now it is ${to}`
      }
      if (to !== undefined) return `${key} was computed without data of ${upstream}, and now there is ${to}`
      return `${key} was computed from other data of ${upstream}${
        from === undefined ? "" : ` (${from})`
      } than there is now`
    }
    case "DependencyAdded":
      return `${cause.key} was not computed from ${cause.upstream}, and now it would be`
    case "DependencyRemoved":
      return `${cause.key} was computed from ${cause.upstream}, and now it would not be`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// materializations and observations
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The record that an asset was computed and stored.
 *
 * @category models
 * @since 0.1.0
 */
export type Materialization = EventLog.Logged<EventLog.AssetMaterialized>

/**
 * The record that the data of an external asset was looked at.
 *
 * @category models
 * @since 0.1.0
 */
export type Observation = EventLog.Logged<EventLog.AssetObserved>

/** An asset, or its key. */
type KeyOrAsset = string | Asset.Any

const keyOf = (asset: KeyOrAsset): string => typeof asset === "string" ? asset : asset.key

/**
 * Which part of the history of an asset to read.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryOptions {
  /** What concerns this partition only, be it one of a range. */
  readonly partition?: string | undefined
  /** At most so many, the newest: 100 if it is left out. */
  readonly limit?: number | undefined
  /** Only what is older than this cursor: that of the last one read, to go on from there. */
  readonly before?: number | undefined
}

const defaultLimit = 100

/**
 * The newest materialization of an asset, or of one partition of it.
 *
 * **Details**
 *
 * Where a range of partitions was materialized together, the materialization of one of them has the versions and the
 * metadata of that one.
 *
 * **Example** (What it was computed from)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Option } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(Asset.output(1, { dataVersion: "monday" })))
 * const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a + 1) })
 * const program = Effect.gen(function*() {
 *   yield* Runtime.materialize(Graph.make({ a, b }))
 *   return Option.map(yield* Catalog.latest(b), ({ inputVersions }) => inputVersions)
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => Option.some({ a: "monday" })
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const latest = (
  asset: KeyOrAsset,
  options?: { readonly partition?: string | undefined }
): Effect.Effect<Option.Option<Materialization>, EventLog.EventLogError, EventLog.EventLog> => {
  const key = keyOf(asset)
  const partition = options?.partition
  if (partition !== undefined) {
    return Effect.map(history(key, { partition, limit: 1 }), (found) => Option.fromUndefinedOr(found[0]))
  }
  return Effect.flatMap(
    EventLog.EventLog,
    (log) => Effect.map(log.latest([key]), (found) => Option.fromUndefinedOr(found.get(key)))
  )
}

/**
 * The materializations of an asset, the newest first.
 *
 * **Example** (Reading in pages)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
 * const program = Effect.gen(function*() {
 *   for (let run = 0; run < 3; run++) yield* Runtime.materialize(graph)
 *   const newest = yield* Catalog.history("a", { limit: 2 })
 *   const older = yield* Catalog.history("a", { before: newest.at(-1)?.cursor })
 *   return [newest.length, older.length]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [2, 1]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const history = (
  asset: KeyOrAsset,
  options?: HistoryOptions
): Effect.Effect<ReadonlyArray<Materialization>, EventLog.EventLogError, EventLog.EventLog> =>
  Effect.map(
    eventsOf(asset, ["AssetMaterialized"], options),
    (events) =>
      events.flatMap((event): ReadonlyArray<Materialization> =>
        event._tag === "AssetMaterialized" ? [ofPartition(event, options?.partition)] : []
      )
  )

/**
 * The observations of an external asset, the newest first.
 *
 * **Example** (What was seen)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Catalog, EventLog } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   yield* Catalog.observe("shop/orders", { dataVersion: "monday" })
 *   yield* Catalog.observe("shop/orders", { dataVersion: "tuesday" })
 *   return (yield* Catalog.observations("shop/orders")).map(({ dataVersion }) => dataVersion)
 * })
 * await Effect.runPromise(Effect.provide(program, EventLog.layerMemory)) // => ["tuesday", "monday"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const observations = (
  asset: KeyOrAsset,
  options?: HistoryOptions
): Effect.Effect<ReadonlyArray<Observation>, EventLog.EventLogError, EventLog.EventLog> =>
  Effect.map(
    eventsOf(asset, ["AssetObserved"], options),
    (events) => events.flatMap((event): ReadonlyArray<Observation> => event._tag === "AssetObserved" ? [event] : [])
  )

const eventsOf = (
  asset: KeyOrAsset,
  tags: ReadonlyArray<EventLog.Tag>,
  options: HistoryOptions | undefined
): Effect.Effect<ReadonlyArray<EventLog.LoggedEvent>, EventLog.EventLogError, EventLog.EventLog> =>
  Effect.flatMap(EventLog.EventLog, (log) =>
    Stream.runCollect(log.events({
      keys: [keyOf(asset)],
      tags,
      partition: options?.partition,
      before: options?.before,
      limit: options?.limit ?? defaultLimit,
      order: "descending"
    })))

/** What a materialization tells about one partition: of a range, the entry of that partition. */
const ofPartition = (event: Materialization, partition: string | undefined): Materialization => {
  const { byPartition } = event
  if (partition === undefined || event.partition === partition) return event
  const own = byPartition !== undefined && Object.hasOwn(byPartition, partition) ? byPartition[partition] : undefined
  if (own === undefined) return { ...event, partition, byPartition: undefined }
  const metadata = own.metadata === undefined ? event.metadata : { ...event.metadata, ...own.metadata }
  return { ...event, inputPartitions: undefined, ...own, metadata, partition, byPartition: undefined }
}

/**
 * A number of metadata at a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Point {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly value: number
  readonly runId: string | undefined
  readonly partition: string | undefined
}

/**
 * The numbers that the newest materializations and observations of an asset have under a label of their metadata, the
 * oldest first: what a chart shows.
 *
 * **Details**
 *
 * It looks at 100 events, unless a `limit` is given. One that has no number under the label gives no point, and one
 * that is about a range of partitions gives one for each partition with a number of its own.
 *
 * **Example** (Rows over time)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * let rows = 0
 * const a = Asset.make("a", Effect.sync(() => Asset.output(++rows, { metadata: { rows } })))
 * const program = Effect.gen(function*() {
 *   for (let run = 0; run < 3; run++) yield* Runtime.materialize(Graph.make({ a }))
 *   return (yield* Catalog.series(a, "rows")).map((point) => point.value)
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [1, 2, 3]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const series = (
  asset: KeyOrAsset,
  label: string,
  options?: HistoryOptions
): Effect.Effect<ReadonlyArray<Point>, EventLog.EventLogError, EventLog.EventLog> =>
  Effect.map(
    eventsOf(asset, ["AssetMaterialized", "AssetObserved"], options),
    (events) =>
      events.toReversed().flatMap((event): ReadonlyArray<Point> => {
        if (event._tag === "AssetObserved") return pointOf(event, label)
        if (event._tag !== "AssetMaterialized") return []
        if (options?.partition !== undefined) return pointOf(ofPartition(event, options.partition), label)
        const own = Object.entries(event.byPartition ?? {}).flatMap(([partition, { metadata }]) =>
          metadata === undefined ? [] : pointOf({ ...event, partition, metadata }, label)
        )
        return own.length > 0 ? own : pointOf(event, label)
      })
  )

const pointOf = (
  event: Pick<EventLog.AssetObserved, "metadata" | "partition" | "runId" | "timestamp">,
  label: string
): ReadonlyArray<Point> => {
  const value = Object.hasOwn(event.metadata, label) ? event.metadata[label] : undefined
  return typeof value === "number"
    ? [{ timestamp: event.timestamp, value, runId: event.runId, partition: event.partition }]
    : []
}

// ---------------------------------------------------------------------------------------------------------------------
// recording
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An asset cannot be observed: it is computed here, or its definition has no `observe`.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotObservableError extends Schema.TaggedError<NotObservableError>()("NotObservableError", {
  key: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `"${this.key}" cannot be observed: ${this.problem}.`
  }
}

/**
 * What was seen of the data of an external asset.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObservationInput {
  /** What tells this data from other data: a hash, a time of change. */
  readonly dataVersion: string
  readonly metadata?: Metadata.Input | undefined
  readonly partition?: string | undefined
}

/**
 * Looks at the data of an external asset with the program of its definition and records its version; or, with a key,
 * records a version that somebody else has seen.
 *
 * What was computed from another version is stale from then on.
 *
 * **Example** (A table of another team)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Catalog, EventLog } from "effect-assets"
 *
 * const orders = Asset.external("shop/orders", { observe: Effect.succeed("etag-7") })
 * const program = Effect.gen(function*() {
 *   yield* Catalog.observe(orders)
 *   yield* Catalog.observe("shop/orders", { dataVersion: "etag-8", metadata: { by: "webhook" } })
 *   return (yield* Catalog.observations(orders)).map((observation) => observation.dataVersion)
 * })
 * await Effect.runPromise(Effect.provide(program, EventLog.layerMemory)) // => ["etag-8", "etag-7"]
 * ```
 *
 * @category recording
 * @since 0.1.0
 */
export const observe: {
  <T extends Asset.Any>(
    asset: T
  ): Effect.Effect<
    EventLog.AssetObserved,
    Asset.Error<T> | NotObservableError | EventLog.EventLogError,
    Asset.Services<T> | EventLog.EventLog
  >
  (
    key: string,
    observation: ObservationInput
  ): Effect.Effect<EventLog.AssetObserved, EventLog.EventLogError, EventLog.EventLog>
} = ((asset: KeyOrAsset, observation?: ObservationInput) =>
  typeof asset === "string"
    ? recordObservation(asset, observation!)
    : Effect.flatMap(observed(asset), (seen) => recordObservation(asset.key, seen))) as never // as the overloads say

const observed = (asset: Asset.Any): Effect.Effect<ObservationInput, unknown, unknown> => {
  const { external, key, observe } = asset
  if (observe === undefined) {
    const problem = external ? "its definition has no observe" : "it is computed here, not observed"
    return Effect.fail(new NotObservableError({ key, problem }))
  }
  return Effect.map(observe, (seen) =>
    typeof seen === "string"
      ? { dataVersion: seen }
      : { dataVersion: seen.dataVersion ?? seen.value, metadata: seen.metadata })
}

const recordObservation = Effect.fnUntraced(function*(
  key: string,
  { dataVersion, metadata, partition }: ObservationInput
): Effect.fn.Return<EventLog.AssetObserved, EventLog.EventLogError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const event: EventLog.AssetObserved = {
    _tag: "AssetObserved",
    timestamp: yield* Clock.currentTimeMillis,
    key,
    dataVersion,
    metadata: Metadata.fromInput(metadata ?? {}),
    ...(partition !== undefined && { partition })
  }
  yield* log.append([event])
  return event
})

/**
 * A materialization cannot be reported: of an external asset, or without saying of which partition.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReportError extends Schema.TaggedError<ReportError>()("ReportError", {
  key: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `A materialization of "${this.key}" cannot be reported: ${this.problem}.`
  }
}

/**
 * What is reported of a materialization that something else has done.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReportOptions {
  /** What tells the data from other data; the id of the recorded run if it is left out. */
  readonly dataVersion?: string | undefined
  readonly metadata?: Metadata.Input | undefined
  /** Of an asset with partitions, which one. */
  readonly partition?: string | undefined
  /** The tags of the recorded run. */
  readonly tags?: { readonly [name: string]: string } | undefined
}

/**
 * Records that something else has computed and stored an asset of this graph: a notebook, an import by hand. It counts
 * as computed by the code and from the data that there are now, so it is fresh until one of them changes.
 *
 * It is recorded as a run of its own, whose id it gives. Nothing is stored.
 *
 * **Example** (A backup that was restored)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Catalog, EventLog, Graph } from "effect-assets"
 *
 * const orders = Asset.make("orders", Effect.succeed([3, 4]))
 * const program = Effect.gen(function*() {
 *   yield* Catalog.reportMaterialization(orders, { dataVersion: "backup-7", metadata: { rows: 2 } })
 *   return (yield* Catalog.staleness(Graph.make({ orders }))).orders._tag
 * })
 * await Effect.runPromise(Effect.provide(program, EventLog.layerMemory)) // => "Fresh"
 * ```
 *
 * @category recording
 * @since 0.1.0
 */
export const reportMaterialization = <T extends Asset.Any>(
  asset: T,
  options?: ReportOptions
): Effect.Effect<
  string,
  ReportError | CatalogError<{ readonly asset: T }>,
  CatalogServices<{ readonly asset: T }>
> => report(asset, options ?? {}) as never // what the asset's own set needs is in its type

const report = Effect.fnUntraced(function*(
  asset: Asset.Any,
  { dataVersion, metadata, partition, tags = {} }: ReportOptions
): Effect.fn.Return<string, ReportError | AnyCatalogError, AnyCatalogServices> {
  const { codeVersion, external, key } = asset
  const refused = (problem: string) => new ReportError({ key, problem })
  if (external) return yield* refused("it is external; use Catalog.observe")
  if (asset.partitions !== undefined && partition === undefined) {
    return yield* refused("it has partitions; say which one")
  }
  if (asset.partitions === undefined && partition !== undefined) return yield* refused("it has no partitions")
  const log = yield* EventLog.EventLog
  const reads = [...Object.values(asset.inputs), ...asset.deps]
  const resolve = yield* resolveSets([asset, ...reads.map((read) => read.asset)])
  const axes = asset.partitions && resolve(asset.partitions)
  if (axes !== undefined && axes.indicesOf(partition!) === undefined) {
    return yield* refused(`there is no partition ${JSON.stringify(partition)}`)
  }
  const subset = axes === undefined ? Subset.unit : Subset.fromKeys(axes, [partition!]).subset
  const versions = yield* log.versions(reads.map((read) => read.asset.key))
  const inputVersions = byKey<string>()
  const inputPartitions = byKey<
    ReadonlyArray<{ readonly partitions: Partitions.Serialized; readonly dataVersion: string }>
  >()
  for (const { asset: upstream } of reads) {
    const states = versions.get(upstream.key) ?? []
    if (upstream.partitions === undefined) {
      const version = ofWhole(states)?.dataVersion
      if (version !== undefined) inputVersions[upstream.key] = version
      continue
    }
    const upstreamAxes = resolve(upstream.partitions)
    const depth = upstreamAxes.dimensions.length
    const needed = reads.flatMap((read) =>
      read.asset.key === upstream.key ? [Mapping.upstream(read.mapping, axes, subset, upstreamAxes).existing] : []
    )
    const groups = new Map<string, Array<Subset.Subset>>()
    for (const { entry, subset } of layered(upstreamAxes, states).within(Subset.unionAll(depth, needed))) {
      const group = groups.get(entry.dataVersion)
      if (group === undefined) groups.set(entry.dataVersion, [subset])
      else group.push(subset)
    }
    inputPartitions[upstream.key] = Array.from(groups, ([dataVersion, group]) => ({
      partitions: Subset.serialize(upstreamAxes, Subset.unionAll(depth, group)),
      dataVersion
    }))
  }
  const runId = yield* newId
  const timestamp = yield* Clock.currentTimeMillis
  const about = partition === undefined ? {} : { partition }
  yield* log.append([
    {
      _tag: "RunStarted",
      runId,
      timestamp,
      keys: [key],
      tags,
      ...(axes !== undefined && { partitions: { [key]: Subset.serialize(axes, subset) } })
    },
    {
      _tag: "AssetMaterialized",
      runId,
      timestamp,
      key,
      ...about,
      dataVersion: dataVersion ?? runId,
      codeVersion,
      inputVersions: { ...inputVersions },
      ...(Object.keys(inputPartitions).length > 0 && { inputPartitions: { ...inputPartitions } }),
      metadata: Metadata.fromInput(metadata ?? {}),
      durationMillis: 0,
      attempts: 0,
      steps: [],
      stored: true
    },
    { _tag: "RunFinished", runId, timestamp, status: "Succeeded", durationMillis: 0 }
  ])
  return runId
})

// ---------------------------------------------------------------------------------------------------------------------
// runs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What came of an asset, or of some of its partitions, in a run.
 *
 * @category models
 * @since 0.1.0
 */
export type RunOutcome = EventLog.Logged<Extract<EventLog.Event, { readonly _tag: (typeof outcomeTags)[number] }>>

const outcomeTags = [
  "AssetMaterialized",
  "AssetSkipped",
  "AssetFailed",
  "AssetUpstreamFailed",
  "AssetCancelled"
] as const

/**
 * A run with everything that came of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunDetail extends EventLog.RunRecord {
  /** What came of its assets, in the order in which it was recorded. */
  readonly outcomes: ReadonlyArray<RunOutcome>
  readonly checks: ReadonlyArray<EventLog.Logged<EventLog.CheckEvaluated>>
  readonly observations: ReadonlyArray<Observation>
  /**
   * The assets of which nothing is recorded: yet, if the run goes on; else they were up to date, or its process died.
   */
  readonly withoutOutcome: ReadonlyArray<string>
}

/**
 * Lists runs, the newest first: 100, unless a `limit` is given. Pass the `cursor` of the last one as `before` to go on.
 *
 * **Example** (The runs that failed)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   yield* Runtime.run(Graph.make({ a: Asset.make("a", Effect.succeed(1)) }))
 *   yield* Runtime.run(Graph.make({ b: Asset.make("b", Effect.fail("no")) }))
 *   return (yield* Catalog.runs({ statuses: ["Failed"] })).map(({ keys }) => keys)
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [["b"]]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const runs = (
  filter?: EventLog.RunFilter
): Effect.Effect<ReadonlyArray<EventLog.RunRecord>, EventLog.EventLogError, EventLog.EventLog> =>
  Effect.flatMap(EventLog.EventLog, (log) => log.runs({ limit: defaultLimit, ...filter }))

/**
 * A run and what came of its assets; `None` if the log does not know it.
 *
 * **Example** (What became of whom)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Option } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.fail("no"))
 * const b = Asset.make("b", { deps: [a], compute: () => Effect.void })
 * const program = Effect.gen(function*() {
 *   const { id } = yield* Runtime.run(Graph.make({ a, b }))
 *   const run = Option.getOrThrow(yield* Catalog.run(id))
 *   return [run.status, ...run.outcomes.map((outcome) => `${outcome.key}: ${outcome._tag}`)]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * const expected = ["Failed", "a: AssetFailed", "b: AssetUpstreamFailed"]
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => expected
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function*(
  id: string
): Effect.fn.Return<Option.Option<RunDetail>, EventLog.EventLogError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const [record] = yield* log.runs({ ids: [id], limit: 1 })
  if (record === undefined) return Option.none()
  const outcomes: Array<RunOutcome> = []
  const checks: Array<EventLog.Logged<EventLog.CheckEvaluated>> = []
  const observations: Array<Observation> = []
  yield* Stream.runForEach(log.events({ runId: id }), (event) => {
    if (event._tag === "CheckEvaluated") checks.push(event)
    else if (event._tag === "AssetObserved") observations.push(event)
    else if (isOutcome(event)) outcomes.push(event)
    return Effect.void
  })
  const told = new Set(outcomes.map(({ key }) => key))
  return Option.some({
    ...record,
    outcomes,
    checks,
    observations,
    withoutOutcome: record.keys.filter((key) => !told.has(key))
  })
})

const isOutcome = (event: EventLog.LoggedEvent): event is RunOutcome =>
  outcomeTags.includes(event._tag as RunOutcome["_tag"])

// ---------------------------------------------------------------------------------------------------------------------
// partitions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What became of the partitions of an asset. Those that the set does not have any more are left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartitionStatus {
  /** All that exist. */
  readonly all: PartitionSubset.Any
  /** Those that were materialized or observed, also if a later try failed. */
  readonly materialized: PartitionSubset.Any
  readonly missing: PartitionSubset.Any
  /** Those whose last try failed, or was not made since something upstream failed. */
  readonly failed: PartitionSubset.Any
  /** Those that a run is to compute and has not done with yet. */
  readonly inProgress: PartitionSubset.Any
}

/**
 * An asset has no partitions.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotPartitionedError extends Schema.TaggedError<NotPartitionedError>()("NotPartitionedError", {
  key: Schema.String
}) {
  override get message(): string {
    return `"${this.key}" has no partitions.`
  }
}

/**
 * What became of the partitions of an asset: which are there, which failed, which are being computed. It takes three
 * queries. Which are stale is told by `staleness`.
 *
 * **Example** (Two regions)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Catalog, EventLog, Partitions } from "effect-assets"
 *
 * const sales = Asset.external("sales", { partitions: Partitions.fixed(["eu", "us"]) })
 * const program = Effect.gen(function*() {
 *   yield* Catalog.observe("sales", { partition: "eu", dataVersion: "1" })
 *   const status = yield* Catalog.partitions(sales)
 *   return [String(status.materialized), String(status.missing)]
 * })
 * await Effect.runPromise(Effect.provide(program, EventLog.layerMemory)) // => ["eu (1 partition)", "us (1 partition)"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const partitions = <T extends Asset.Any>(
  asset: T
): Effect.Effect<
  PartitionStatus,
  NotPartitionedError | CatalogError<{ readonly asset: T }>,
  CatalogServices<{ readonly asset: T }>
> => partitionsOf(asset) as never // what the asset's own set needs is in its type

const partitionsOf = Effect.fnUntraced(function*(
  asset: Asset.Any
): Effect.fn.Return<PartitionStatus, NotPartitionedError | AnyCatalogError, AnyCatalogServices> {
  const { key, partitions: set } = asset
  if (set === undefined) return yield* new NotPartitionedError({ key })
  const log = yield* EventLog.EventLog
  const resolved = (yield* resolveSets([asset]))(set)
  const outcomes = (yield* log.outcomes([key])).get(key) ?? []
  const versions = (yield* log.versions([key])).get(key) ?? []
  const running = yield* log.runs({ statuses: ["Running"], key })
  const all = Subset.allOf(resolved)
  const known = layered(resolved, versions)
  const tried = failedTries(known, outcomes)
  const inProgress = running.map((run) =>
    Subset.difference(
      subsetOf(resolved, run.partitions?.[key]),
      Subset.union(known.where((entry) => entry.runId === run.id), tried.of(run.id))
    )
  )
  const subset = (of: Subset.Subset): PartitionSubset.Any => PartitionSubset.fromResolved(resolved, of)
  const materialized = known.where(() => true)
  return {
    all: subset(all),
    materialized: subset(materialized),
    missing: subset(Subset.difference(all, materialized)),
    failed: subset(tried.failed),
    inProgress: subset(Subset.unionAll(resolved.dimensions.length, inProgress))
  }
})

const subsetOf = (resolved: Partitions.Resolved, of: Partitions.Serialized | undefined): Subset.Subset =>
  of === undefined ? Subset.empty(resolved.dimensions.length) : Subset.deserialize(resolved, of).subset

// ---------------------------------------------------------------------------------------------------------------------
// checks
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is known of a check, or of a check of one partition.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckStatus {
  readonly key: string
  readonly check: string
  /** The partition that is judged, where it is one. */
  readonly partition: string | undefined
  /** The partitions that are judged, where it is about partitions. */
  readonly partitions: Partitions.Serialized | undefined
  /**
   * `NotEvaluated`: never, or not since what it judges was materialized anew. `InProgress`: a run is to evaluate it.
   * `Skipped` and `ExecutionFailed`: not evaluated, since the asset was skipped, or failed or was cancelled.
   */
  readonly status: "Passed" | "Failed" | "Errored" | "InProgress" | "NotEvaluated" | "Skipped" | "ExecutionFailed"
  readonly severity: EventLog.Severity
  readonly blocking: boolean
  /** The newest evaluation, be it of data that was replaced since. */
  readonly evaluation: EventLog.Logged<EventLog.CheckEvaluated> | undefined
}

/**
 * The checks of a graph, of what `select` selects of it, or those that were evaluated of one asset, with what their newest
 * evaluations say.
 *
 * **Details**
 *
 * An evaluation counts as long as what it judged is the newest materialization. Of an asset with partitions there is an
 * entry for each partition that was judged, and one for the partitions that a run is to judge. It takes four queries.
 *
 * **Example** (Passed, and not since)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, Check, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const some = Check.make("some", { asset: prices, check: (prices) => Effect.succeed(prices.length > 0) })
 * const program = Effect.gen(function*() {
 *   yield* Runtime.run(Graph.make({ prices, some }))
 *   const [before] = yield* Catalog.checks("prices")
 *   yield* Runtime.run(Graph.make({ prices }))
 *   const [after] = yield* Catalog.checks("prices")
 *   return [before?.status, after?.status]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Passed", "NotEvaluated"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const checks: {
  (
    of: Graph.Any | KeyOrAsset
  ): Effect.Effect<ReadonlyArray<CheckStatus>, EventLog.EventLogError, EventLog.EventLog>
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>,
    options: { readonly select?: Plan.Select<T> | undefined }
  ): Effect.Effect<ReadonlyArray<CheckStatus>, EventLog.EventLogError | SelectError, EventLog.EventLog>
} = Effect.fnUntraced(function*(
  of: Graph.Any | KeyOrAsset,
  options?: { readonly select?: Select | undefined }
): Effect.fn.Return<ReadonlyArray<CheckStatus>, EventLog.EventLogError | SelectError, EventLog.EventLog> {
  const keys = Graph.isGraph(of) ? yield* Effect.fromResult(selectedKeys(of, options?.select)) : [keyOf(of)]
  const log = yield* EventLog.EventLog
  const versions = yield* log.versions(wanted(keys))
  const outcomes = yield* log.outcomes(wanted(keys))
  const evaluations = yield* log.checks(wanted(keys))
  const running = runsByKey(yield* log.runs({ statuses: ["Running"] }))
  return checkStatuses({
    keys,
    declared: Graph.isGraph(of) ? declaredChecks(of) : undefined,
    versions,
    outcomes,
    evaluations,
    running
  })
}) as never // without a selection there is no SelectError

/** The checks of a graph by the keys of their assets. */
const declaredChecks = (graph: Graph.Any): ReadonlyMap<string, ReadonlyArray<Declared>> => {
  const found = new Map<string, Array<Declared>>()
  const add = (key: string, check: Declared) => {
    const list = found.get(key)
    if (list === undefined) found.set(key, [check])
    else list.push(check)
  }
  for (const { checks, key } of Graph.assets(graph)) {
    for (const check in checks) {
      const { blocking = false, severity = "error" } = checks[check]!
      add(key, { check, severity, blocking })
    }
  }
  for (const { asset, blocking, name, severity } of graph.checks) add(asset.key, { check: name, severity, blocking })
  return found
}

type Declared = Pick<CheckStatus, "blocking" | "check" | "severity">

/** What the log tells about some assets. */
interface Told {
  readonly keys: ReadonlyArray<string>
  /** The checks there are; `undefined` if all that were evaluated count. */
  readonly declared: ReadonlyMap<string, ReadonlyArray<Declared>> | undefined
  readonly versions: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>
  readonly outcomes: ReadonlyMap<string, ReadonlyArray<EventLog.OutcomeState>>
  readonly evaluations: ReadonlyMap<string, ReadonlyArray<EventLog.Logged<EventLog.CheckEvaluated>>>
  /** The runs that have not ended, by the assets that they are to compute. */
  readonly running: ReadonlyMap<string, ReadonlyArray<EventLog.RunRecord>>
}

const runsByKey = (runs: ReadonlyArray<EventLog.RunRecord>): Told["running"] => {
  const found = new Map<string, Array<EventLog.RunRecord>>()
  for (const run of runs) {
    for (const key of run.keys) {
      const list = found.get(key)
      if (list === undefined) found.set(key, [run])
      else list.push(run)
    }
  }
  return found
}

const noRuns: ReadonlyArray<EventLog.RunRecord> = []

const checkStatuses = (told: Told): ReadonlyArray<CheckStatus> => told.keys.flatMap((key) => checkStatusesOf(told, key))

const checkStatusesOf = (
  { declared, evaluations, outcomes, running, versions }: Told,
  key: string
): ReadonlyArray<CheckStatus> => {
  const evaluated = evaluations.get(key) ?? []
  const names = declared === undefined ? undefined : declared.get(key) ?? []
  if (evaluated.length === 0 && (names === undefined || names.length === 0)) return []
  const newestVersion = finder(versions.get(key) ?? [])
  const newestOutcome = finder(outcomes.get(key) ?? [])
  const runs = running.get(key) ?? noRuns

  const statuses = evaluated.flatMap((evaluation): ReadonlyArray<CheckStatus> => {
    const { blocking, check, partition, partitions, severity, status } = evaluation
    if (names !== undefined && !names.some((name) => name.check === check)) return []
    const state = newestVersion(evaluation)
    const awaited = runs.some((run) => run.id !== evaluation.runId && isAbout(run, key, partition))
    return [{
      key,
      check,
      partition,
      partitions,
      status: awaited ? "InProgress" : judges(evaluation, state) ? status : unjudged(state, newestOutcome(evaluation)),
      severity,
      blocking,
      evaluation
    }]
  })

  const known = new Map<string, Declared>((names ?? evaluated).map((of) => [of.check, of]))
  for (const { blocking, check, severity } of known.values()) {
    const before = statuses.length
    for (const { partitions } of runs) {
      const awaited = partitions !== undefined && Object.hasOwn(partitions, key) ? partitions[key] : undefined
      if (awaited === undefined) continue
      const partition = awaited._tag === "Keys" && awaited.keys.length === 1 ? awaited.keys[0] : undefined
      if (partition !== undefined && statuses.some((of) => of.check === check && of.partition === partition)) continue
      statuses.push({
        key,
        check,
        partition,
        partitions: awaited,
        status: "InProgress",
        severity,
        blocking,
        evaluation: undefined
      })
    }
    if (before < statuses.length || statuses.some((of) => of.check === check)) continue
    const whole = { partition: undefined, partitions: undefined }
    statuses.push({
      key,
      check,
      ...whole,
      status: runs.length > 0 ? "InProgress" : unjudged(newestVersion(whole), newestOutcome(whole)),
      severity,
      blocking,
      evaluation: undefined
    })
  }
  return statuses
}

/** Whether an evaluation judged what is stored now. */
const judges = (
  { cursor, target }: EventLog.Logged<EventLog.CheckEvaluated>,
  state: EventLog.VersionState | undefined
): boolean => {
  if (state === undefined) return true
  if (target === undefined) return cursor > state.cursor
  return target.runId === state.runId && (target.runId !== undefined || target.timestamp === state.timestamp)
}

const unjudged = (
  state: EventLog.VersionState | undefined,
  outcome: EventLog.OutcomeState | undefined
): CheckStatus["status"] => {
  if (outcome === undefined || (state !== undefined && state.cursor > outcome.cursor)) return "NotEvaluated"
  return outcome.tag === "AssetSkipped" ? "Skipped" : "ExecutionFailed"
}

/** Finds the newest state about a partition, or about the whole asset, among states of one asset, the newest first. */
const finder = <S extends Subject & { readonly cursor: number }>(
  states: ReadonlyArray<S>
): (subject: Subject) => S | undefined => {
  const singles = new Map<string, S>()
  const ranges: Array<S> = []
  let whole: S | undefined
  for (const state of states) {
    if (state.partition !== undefined) {
      if (!singles.has(state.partition)) singles.set(state.partition, state)
    } else if (state.partitions !== undefined) ranges.push(state)
    else whole ??= state
  }
  return ({ partition }) => {
    if (partition === undefined) return whole
    const single = singles.get(partition)
    const range = ranges.find((state) =>
      (single === undefined || state.cursor > single.cursor) && holds(state, partition)
    )
    return range ?? single
  }
}

/** Whether what is about partitions is about one of them. */
const holds = ({ partitions }: Subject, partition: string): boolean =>
  concerns({ _tag: "AssetUpstreamFailed", runId: "", timestamp: 0, key: "", partitions, failed: [] }, partition)

/** Whether a run is to compute an asset, or one partition of it. */
const isAbout = ({ partitions }: EventLog.RunRecord, key: string, partition: string | undefined): boolean => {
  const of = partitions !== undefined && Object.hasOwn(partitions, key) ? partitions[key] : undefined
  return partition === undefined ? of === undefined : of !== undefined && holds({ partitions: of }, partition)
}

// ---------------------------------------------------------------------------------------------------------------------
// freshness and overview
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How recent the assets of a graph are, compared with their policies, by key. An asset is as recent as its newest
 * materialization or observation, of whichever partition. With `select`, those of the assets that it selects.
 *
 * **Example** (A day later)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Freshness, Graph } from "effect-assets"
 * import { TestClock } from "effect/testing"
 *
 * const orders = Asset.external("orders", { freshness: Freshness.window({ fail: "24 hours" }) })
 * const graph = Graph.make({ orders })
 * const program = Effect.gen(function*() {
 *   const before = yield* Catalog.freshness(graph)
 *   yield* Catalog.observe("orders", { dataVersion: "1" })
 *   yield* TestClock.adjust("25 hours")
 *   const after = yield* Catalog.freshness(graph)
 *   return [before.orders._tag, after.orders._tag]
 * })
 * const inTest = Layer.mergeAll(TestClock.layer(), EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inTest)) // => ["Unknown", "Overdue"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const freshness: {
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>
  ): Effect.Effect<
    { readonly [K in Graph.Keys<T>]: Freshness.Evaluation },
    EventLog.EventLogError,
    EventLog.EventLog
  >
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>,
    options: { readonly select?: Plan.Select<T> | undefined }
  ): Effect.Effect<
    { readonly [K in Graph.Keys<T>]?: Freshness.Evaluation },
    EventLog.EventLogError | SelectError,
    EventLog.EventLog
  >
} = Effect.fnUntraced(function*(
  graph: Graph.Any,
  options?: { readonly select?: Select | undefined }
): Effect.fn.Return<Record<string, Freshness.Evaluation>, EventLog.EventLogError | SelectError, EventLog.EventLog> {
  const { assets } = Graph.compiled(graph)
  const selected = yield* Effect.fromResult(selectedIds(graph, options?.select))
  const log = yield* EventLog.EventLog
  const versions = yield* log.versions(wanted(selected.map((id) => assets[id]!.key)))
  const now = yield* Clock.currentTimeMillis
  const found = byKey<Freshness.Evaluation>()
  for (const id of selected) {
    const { freshness, key } = assets[id]!
    found[key] = Freshness.evaluate(freshness, versions.get(key)?.[0]?.timestamp, now)
  }
  return found
}) as never // a record by key has what the overloads say: without a selection every key, and no SelectError

/**
 * Everything that a list of assets shows about one of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssetStatus {
  readonly key: string
  /** The newest materialization or observation, of whichever partition. */
  readonly last: {
    readonly runId: string | undefined
    /** Milliseconds since 1970. */
    readonly timestamp: number
    readonly dataVersion: string
    readonly partition: string | undefined
  } | undefined
  /** What came of it last. A failure after the last materialization shows here. */
  readonly outcome: "Materialized" | "Observed" | "Skipped" | "Failed" | "UpstreamFailed" | "Cancelled" | undefined
  /** The runs that are to compute it and have not ended, the newest first. */
  readonly running: ReadonlyArray<string>
  readonly staleness: Staleness
  /**
   * The partitions whose last try failed, or was not made since something upstream failed; `undefined` for an asset without
   * partitions.
   */
  readonly failed: PartitionSubset.Any | undefined
  readonly checks: ReadonlyArray<CheckStatus>
  readonly freshness: Freshness.Evaluation
}

/**
 * Everything that a list of assets shows, by key: of all, or of those that `select` selects. It takes four queries, whatever
 * the number of assets.
 *
 * **Example** (A failure after a success)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * let fails = false
 * const graph = Graph.make({ a: Asset.make("a", Effect.suspend(() => fails ? Effect.fail("no") : Effect.succeed(1))) })
 * const program = Effect.gen(function*() {
 *   yield* Runtime.run(graph)
 *   fails = true
 *   yield* Runtime.run(graph)
 *   const { a } = yield* Catalog.status(graph)
 *   return [a.staleness._tag, a.outcome]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Fresh", "Failed"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const status: {
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>
  ): Effect.Effect<{ readonly [K in Graph.Keys<T>]: AssetStatus }, CatalogError<T>, CatalogServices<T>>
  <T extends Graph.Assets>(
    graph: Graph.Graph<T, Check.Any>,
    options: { readonly select?: Plan.Select<T> | undefined }
  ): Effect.Effect<{ readonly [K in Graph.Keys<T>]?: AssetStatus }, CatalogError<T> | SelectError, CatalogServices<T>>
} = Effect.fnUntraced(function*(
  graph: Graph.Any,
  options?: { readonly select?: Select | undefined }
): Effect.fn.Return<Record<string, AssetStatus>, AnyCatalogError | SelectError, AnyCatalogServices> {
  const compiled = Graph.compiled(graph)
  const selected = yield* Effect.fromResult(selectedIds(graph, options?.select))
  // root causes of staleness are further upstream
  const read = Graph.reach(compiled, selected, "parents", Infinity)
  const reached = compiled.assets.filter((_, id) => read[id] === 1)
  const log = yield* EventLog.EventLog
  const keys = selected.map((id) => compiled.assets[id]!.key)
  const versions = yield* log.versions(wanted(reached.map(({ key }) => key)))
  const outcomes = yield* log.outcomes(wanted(keys))
  const evaluations = yield* log.checks(wanted(keys))
  const running = runsByKey(yield* log.runs({ statuses: ["Running"] }))
  const resolve = yield* resolveSets(reached)
  const states = new GraphStaleness(compiled, versions, resolve)
  const told: Told = { keys, declared: declaredChecks(graph), versions, outcomes, evaluations, running }
  const now = yield* Clock.currentTimeMillis
  const found = byKey<AssetStatus>()
  for (const id of selected) {
    const { freshness, key, partitions: set } = compiled.assets[id]!
    const known = states.partitionsOf(id)
    const last = versions.get(key)?.[0]
    const tried = outcomes.get(key)?.[0]
    found[key] = {
      key,
      last: last && {
        runId: last.runId,
        timestamp: last.timestamp,
        dataVersion: last.dataVersion,
        partition: last.partition
      },
      outcome: tried !== undefined && (last === undefined || tried.cursor > last.cursor)
        ? outcomeNames[tried.tag]
        : last && (last.observed ? "Observed" : "Materialized"),
      running: (told.running.get(key) ?? noRuns).map((run) => run.id),
      staleness: states.of(id),
      failed: set && known &&
        PartitionSubset.fromResolved(resolve(set), failedTries(known, outcomes.get(key) ?? []).failed),
      checks: checkStatusesOf(told, key),
      freshness: Freshness.evaluate(freshness, last?.timestamp, now)
    }
  }
  return found
}) as never // a record by key has what the overloads say: without a selection every key, and no SelectError

const outcomeNames = {
  AssetSkipped: "Skipped",
  AssetFailed: "Failed",
  AssetUpstreamFailed: "UpstreamFailed",
  AssetCancelled: "Cancelled"
} as const satisfies Record<EventLog.OutcomeState["tag"], AssetStatus["outcome"]>
