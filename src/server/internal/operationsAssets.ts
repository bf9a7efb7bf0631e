/**
 * Operations on assets: lists, states, history, values.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import type * as Asset from "../../Asset.ts"
import * as Catalog from "../../Catalog.ts"
import * as EventLog from "../../EventLog.ts"
import * as Graph from "../../Graph.ts"
import { resolveSets } from "../../internal/resolveSets.ts"
import type * as IOManager from "../../IOManager.ts"
import * as Metadata from "../../Metadata.ts"
import * as Plan from "../../Plan.ts"
import * as Runtime from "../../Runtime.ts"
import type * as Deployment from "../Deployment.ts"
import * as Model from "../Model.ts"
import type { HistoryQuery, Service } from "../Operations.ts"
import type * as Problem from "../Problem.ts"
import { type Catalogued, type Env, statusOf } from "./operationsEnv.ts"
import {
  isOutcome,
  materializedTags,
  notComputedTags,
  type OutcomeEvent,
  outcomeTags,
  subjectOfCheck,
  toAssetEvent,
  toEvaluation
} from "./operationsEvents.ts"
import { definitionOf, knownOf } from "./operationsGraph.ts"
import { defaultLimit, limitOf, maxLimit, pageOf } from "./operationsPages.ts"
import { newestKeys } from "./operationsPartitions.ts"
import { invalid, noAsset, notFound, problemOf, quoted, toLookup, toProblems } from "./operationsProblems.ts"

/** The operations on assets. */
type Operations = Pick<
  Service,
  | "assets"
  | "asset"
  | "checks"
  | "history"
  | "observe"
  | "report"
  | "select"
  | "series"
  | "validate"
  | "value"
  | "wipe"
>

// ---------------------------------------------------------------------------------------------------------------------
// lists
// ---------------------------------------------------------------------------------------------------------------------

const selected = (
  graph: Graph.Any,
  select: string | undefined,
  options: { readonly externals: boolean }
): Result.Result<ReadonlyArray<number>, Catalog.SelectError> => {
  const { assets } = Graph.compiled(graph)
  if (select === undefined || select.trim() === "") return Result.succeed(assets.map((_, id) => id))
  return Result.map(
    Plan.selectedIds(Graph.compiled(graph), select, options),
    (ids) => assets.flatMap((_, id) => ids[id] === 1 ? [id] : [])
  )
}

const listed = Effect.fnUntraced(function*(
  env: Env,
  loaded: Deployment.Loaded,
  filter: Model.AssetFilter
) {
  const { nodes } = knownOf(loaded)
  const { after = -1, search, select, status } = filter
  const limit = limitOf(filter.limit, defaultLimit, 5_000)
  const ids = yield* Effect.fromResult(selected(loaded.graph, select, { externals: true }))
  const text = search?.toLowerCase()
  const { statuses } = yield* env.statuses(loaded)
  const items: Array<Model.AssetSummary> = []
  let last = after
  let hasMore = false
  for (const id of ids) {
    if (id <= after) continue
    const node = nodes[id]!
    if (text !== undefined && !node.key.toLowerCase().includes(text)) continue
    const state = statuses.get(node.key)!
    if (status !== undefined && Model.statusWord(node, state) !== status) continue
    if (items.length === limit) {
      hasMore = true
      break
    }
    items.push({ ...node, status: state })
    last = id
  }
  return { items, ...(hasMore && { next: last }) }
})

// ---------------------------------------------------------------------------------------------------------------------
// one asset
// ---------------------------------------------------------------------------------------------------------------------

const newest = Effect.fnUntraced(function*(
  filter: EventLog.EventFilter,
  limit = 1
): Effect.fn.Return<ReadonlyArray<OutcomeEvent>, EventLog.EventLogError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const events = yield* Stream.runCollect(log.events({ ...filter, order: "descending", limit }))
  return events.filter(isOutcome)
})

const detailed = Effect.fnUntraced(function*(asset: Asset.Any, loaded: Deployment.Loaded) {
  const { key } = asset
  const status = yield* statusOf(loaded.graph, key)
  const [latest] = yield* newest({ keys: [key], tags: materializedTags })
  const [tried] = yield* newest({ keys: [key], tags: notComputedTags })
  return {
    ...definitionOf(loaded, asset),
    status,
    ...(latest !== undefined && { latest: toAssetEvent(latest) }),
    ...(tried !== undefined && tried.cursor > (latest?.cursor ?? 0) && { latestOutcome: toAssetEvent(tried) })
  }
})

const historyOf = Effect.fnUntraced(function*({ before, key, materialized, partition, ...query }: HistoryQuery) {
  const limit = limitOf(query.limit)
  const events = yield* newest({
    keys: [key],
    tags: materialized === true ? materializedTags : outcomeTags,
    partition,
    before
  }, limit + 1)
  return pageOf(events.map((event) => toAssetEvent(event, partition)), limit, (event) => event.cursor)
})

/** Numbers of metadata by label, the oldest first. Of a range of partitions, each partition has its own. */
const seriesOf = (events: ReadonlyArray<OutcomeEvent>, partition: string | undefined): Model.Series => {
  const series = new Map<string, Array<Model.Point>>()
  const add = (metadata: Metadata.Metadata, at: Omit<Model.Point, "value">): number => {
    let found = 0
    for (const label of Object.keys(metadata)) {
      const value = metadata[label]
      if (typeof value !== "number") continue
      found++
      const points = series.get(label)
      if (points === undefined) series.set(label, [{ ...at, value }])
      else points.push({ ...at, value })
    }
    return found
  }
  for (const event of events.toReversed()) {
    if (event._tag !== "AssetMaterialized" && event._tag !== "AssetObserved") continue
    const at = { timestamp: event.timestamp, ...(event.runId !== undefined && { runId: event.runId }) }
    const byPartition = event._tag === "AssetMaterialized" && partition === undefined ? event.byPartition : undefined
    let own = 0
    for (const [key, { metadata }] of Object.entries(byPartition ?? {})) {
      if (metadata !== undefined) own += add(metadata, { ...at, partition: key })
    }
    if (own > 0) continue
    const shown = toAssetEvent(event, partition)
    add(shown.metadata ?? {}, { ...at, ...(shown.partition !== undefined && { partition: shown.partition }) })
  }
  return Array.from(series, ([label, points]) => ({ label, points }))
}

const checksOf = Effect.fnUntraced(function*(
  loaded: Deployment.Loaded,
  key: string
): Effect.fn.Return<ReadonlyArray<Model.CheckModel>, EventLog.EventLogError | Catalog.SelectError, Catalogued> {
  const descriptions = knownOf(loaded).descriptions.get(key)
  const statuses = yield* Catalog.checks(loaded.graph, { select: [key] })
  return statuses.map((status) => {
    const description = descriptions?.get(status.check)
    return {
      key: status.key,
      check: status.check,
      ...(description !== undefined && { description }),
      severity: status.severity,
      blocking: status.blocking,
      status: status.status,
      ...subjectOfCheck(status),
      ...(status.evaluation !== undefined && { evaluation: toEvaluation(status.evaluation) })
    }
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// values
// ---------------------------------------------------------------------------------------------------------------------

const defaultLength = 64_000

/** Fails where a partition is to be named and is not, or is named and is not there. */
export const checkPartition = Effect.fnUntraced(function*(asset: Asset.Any, partition: string | undefined) {
  const { key, partitions } = asset
  if (partitions === undefined) {
    return partition === undefined
      ? undefined
      : yield* invalid("RunPartitionsError", `${quoted(key)} has no partitions: leave the partition out.`)
  }
  if (partition === undefined) {
    return yield* invalid("RunPartitionsError", `${quoted(key)} has partitions: say which one.`)
  }
  const resolved = (yield* resolveSets([asset]))(partitions)
  if (resolved.indicesOf(partition) === undefined) {
    return yield* notFound(
      "partition",
      partition,
      `${quoted(key)} has no partition ${quoted(partition)}. The list of its partitions has those that exist now.`
    )
  }
  return undefined
})

/** A value as JSON where it is, or where its schema writes it; else as Node shows it. */
const textOf = (
  asset: Asset.Any,
  value: unknown,
  maxLength: number
): Pick<Model.StoredValue, "format" | "text" | "truncated"> => {
  const json = asJson(asset, value)
  const full = json === undefined ? shown(value, maxLength) : json
  const truncated = full.length > maxLength
  return { format: json === undefined ? "text" : "json", text: truncated ? full.slice(0, maxLength) : full, truncated }
}

const isJson = Schema.is(Schema.Json)

const asJson = (asset: Asset.Any, value: unknown): string | undefined => {
  try {
    const encoded = asset.schema === undefined
      ? value
      // definitions take schemas that need no services
      : Schema.encodeUnknownSync(Schema.toCodecJson(asset.schema as Schema.ConstraintCodec<unknown, unknown>))(value)
    return isJson(encoded) ? JSON.stringify(encoded, undefined, 2) : undefined
  } catch {
    return undefined
  }
}

const shown = (value: unknown, maxLength: number): string => {
  try {
    return typeof value === "string"
      ? value
      : inspect(value, { depth: 6, maxArrayLength: 1_000, maxStringLength: maxLength, breakLength: 100 })
  } catch {
    // a value may say itself how it is shown, and throw
    return Object.prototype.toString.call(value)
  }
}

/** Loads what is stored with the IO manager of the asset. */
const load = (asset: Asset.Any, partition: string | undefined): Effect.Effect<unknown, IOManager.IOManagerError> =>
  // what the asset's storage needs is in the context of the definitions
  Runtime.load(asset, { partition }) as Effect.Effect<unknown, IOManager.IOManagerError>

const valueOf = Effect.fnUntraced(function*(
  asset: Asset.Any,
  { maxLength = defaultLength, partition }: {
    readonly maxLength?: number | undefined
    readonly partition?: string | undefined
  }
) {
  yield* checkPartition(asset, partition)
  const [latest] = yield* newest({ keys: [asset.key], tags: ["AssetMaterialized"], partition })
  if (latest?._tag === "AssetMaterialized" && !latest.stored) {
    return yield* notFound(
      "value",
      asset.key,
      `The value of ${quoted(asset.key)} is \`void\`: its program stores what it computes itself.`
    )
  }
  const value = yield* load(asset, partition)
  return {
    key: asset.key,
    ...(partition !== undefined && { partition }),
    ...textOf(asset, value, Math.max(1, maxLength))
  }
})

const defaultNewest = 3
/** So many values are loaded at once. */
const loads = 4

/** Loads stored values and compares them with the types of their assets. */
const validated = Effect.fnUntraced(function*(
  loaded: Deployment.Loaded,
  options: { readonly select?: string | undefined; readonly partitions?: number | undefined }
) {
  const { graph } = loaded
  const { assets } = Graph.compiled(graph)
  const ids = yield* Effect.fromResult(selected(graph, options.select, { externals: true }))
  const log = yield* EventLog.EventLog
  const versions = yield* log.versions(ids.length > maxLimit ? undefined : ids.map((id) => assets[id]!.key))
  const wanted: Array<readonly [Asset.Any, string | undefined]> = []
  let count = 0
  for (const id of ids) {
    const asset = assets[id]!
    const states = versions.get(asset.key) ?? []
    if (!states.some((state) => state.stored || state.observed) && !(asset.external && asset.schema)) continue
    count++
    if (asset.partitions === undefined) wanted.push([asset, undefined])
    else {
      const keys = yield* newestKeys(asset, options.partitions ?? defaultNewest)
      for (const key of keys) wanted.push([asset, key])
    }
  }
  let values = 0
  const found = yield* Effect.forEach(wanted, ([asset, partition]) =>
    Effect.match(load(asset, partition), {
      onSuccess: (value) => {
        // an asset without storage
        if (value === undefined) return undefined
        values++
        const { schema } = asset
        return schema === undefined || Schema.is(schema as Schema.ConstraintCodec<unknown, unknown>)(value)
          ? undefined
          : "What is stored is not of the asset's type. Materialize it again."
      },
      onFailure: (error) => asset.external && error.reason._tag === "NotStored" ? undefined : error.message
    }).pipe(
      Effect.map((problem): Model.Validation["problems"] =>
        problem === undefined
          ? []
          : [{ key: asset.key, ...(partition !== undefined && { partition }), problem }]
      )
    ), { concurrency: loads })
  return { assets: count, values, problems: found.flat() }
})

// ---------------------------------------------------------------------------------------------------------------------
// recording
// ---------------------------------------------------------------------------------------------------------------------

const reported = Effect.fnUntraced(function*(asset: Asset.Any, request: Model.ReportRequest) {
  const { dataVersion, key, partition, tags } = request
  const metadata = yield* Effect.try({
    try: () => Metadata.fromInput(request.metadata ?? {}),
    catch: problemOf
  })
  if (!asset.external) {
    return {
      runId: yield* Catalog.reportMaterialization(asset, {
        dataVersion,
        metadata,
        partition,
        tags: { source: "api", ...tags }
      })
    }
  }
  if (dataVersion === undefined || dataVersion === "") {
    return yield* invalid(
      "ReportError",
      `${
        quoted(key)
      } is external: give the version of its data (a hash, a time of change), which tells it from other data.`
    )
  }
  yield* checkPartition(asset, partition)
  yield* Catalog.observe(key, { dataVersion, metadata, partition })
  return {}
})

/** @internal */
export const assetOperations = (env: Env): Operations => ({
  select: (select) =>
    toProblems(
      env.within(({ graph }) =>
        Effect.map(Effect.fromResult(selected(graph, select, { externals: true })), (ids) => ({
          select,
          keys: ids.map((id) => Graph.compiled(graph).assets[id]!.key)
        }))
      )
    ) as Effect.Effect<Model.Selected, Problem.NotFound | Problem.Invalid | Problem.Unavailable>, // nothing is changed
  assets: (filter) => toProblems(env.within((loaded) => listed(env, loaded, filter))),
  asset: (key) => toLookup(env.withAsset(key, detailed)),
  history: (query) => toLookup(env.withAsset(query.key, () => historyOf(query))),
  series: ({ key, limit, partition }) =>
    toLookup(env.withAsset(key, () =>
      Effect.map(
        newest({ keys: [key], tags: materializedTags, partition }, limitOf(limit)),
        (events) => seriesOf(events, partition)
      ))),
  checks: ({ after = -1, key, limit }) =>
    toLookup(env.withAsset(key, (_, loaded) =>
      Effect.map(checksOf(loaded, key), (checks) => {
        const rest = checks.slice(after + 1)
        const most = limitOf(limit)
        return { items: rest.slice(0, most), ...(rest.length > most && { next: after + most }) }
      }))),
  value: (query) => toProblems(env.withAsset(query.key, (asset) => valueOf(asset, query))),
  validate: (options) => toProblems(env.within((loaded) => validated(loaded, options))),
  report: (request) => toProblems(env.withAsset(request.key, (asset) => reported(asset, request))),
  observe: (key) =>
    toProblems(env.withAsset(key, (asset) =>
      Effect.map(
        // the program of the definition needs what the layer provides
        Catalog.observe(asset),
        ({ dataVersion }) => ({ dataVersion })
      ))),
  wipe: (keys) =>
    toProblems(env.within(Effect.fnUntraced(function*({ graph }) {
      const known = Graph.compiled(graph).ids
      const unknown = keys.find((key) => !known.has(key))
      if (unknown !== undefined) return yield* noAsset(graph, unknown)
      const log = yield* EventLog.EventLog
      yield* log.wipe(keys)
      env.forget()
      return { keys }
    })))
})
