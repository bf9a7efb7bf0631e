/**
 * What the operations have in common: the loaded definitions, the runs of this process, and the newest states of assets.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as Asset from "../../Asset.ts"
import * as Catalog from "../../Catalog.ts"
import * as EventLog from "../../EventLog.ts"
import type * as Freshness from "../../Freshness.ts"
import * as Graph from "../../Graph.ts"
import type * as Partitions from "../../Partitions.ts"
import * as PartitionSubset from "../../PartitionSubset.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import type * as Problem from "../Problem.ts"
import { isOutcome, notComputedTags, toAssetEvent } from "./operationsEvents.ts"
import { noAsset } from "./operationsProblems.ts"

/** What the catalog needs of a context. */
export type Catalogued = EventLog.EventLog | Partitions.DynamicKeys

/** The states of all assets at a moment. */
export interface Snapshot {
  readonly loaded: Deployment.Loaded
  /** The newest event that was there before the states were read. */
  readonly cursor: number
  readonly at: number
  /** The first moment at which a state is another one without anything being recorded. */
  readonly until: number
  readonly statuses: ReadonlyMap<string, Model.AssetStatus>
}

/** How long states are used again while no event is recorded: dynamic keys and time windows come without one. */
const snapshotMillis = 1_000

/** @internal */
export class Env {
  readonly deployment: Deployment.Service
  private readonly lock = Semaphore.makeUnsafe(1)
  private snapshot: Snapshot | undefined
  private reasons: Reasons = new Map()
  /** Called when something was changed that no event tells. */
  readonly onForgotten = new Set<() => void>()

  constructor(deployment: Deployment.Service) {
    this.deployment = deployment
  }

  /** Does something with what is loaded, and with all its services. */
  within<A, E>(
    f: (loaded: Deployment.Loaded) => Effect.Effect<A, E, unknown>
  ): Effect.Effect<A, E | Problem.Unavailable> {
    return this.deployment.use((loaded) => provideAll(loaded, f(loaded)))
  }

  /** Does something with one asset. */
  withAsset<A, E>(
    key: string,
    f: (asset: Asset.Any, loaded: Deployment.Loaded) => Effect.Effect<A, E, unknown>
  ): Effect.Effect<A, E | Problem.NotFound | Problem.Unavailable> {
    return this.within((loaded): Effect.Effect<A, E | Problem.NotFound, unknown> => {
      const asset = Graph.get(loaded.graph, key)
      return Option.isNone(asset) ? Effect.fail(noAsset(loaded.graph, key)) : f(asset.value, loaded)
    })
  }

  /** The states of all assets: those that were read last, where nothing was recorded since. */
  statuses(
    loaded: Deployment.Loaded
  ): Effect.Effect<Snapshot, EventLog.EventLogError | Partitions.DynamicKeysError, Catalogued> {
    return this.lock.withPermits(1)(Effect.suspend(() => this.read(loaded)))
  }

  private readonly read = Effect.fnUntraced({ self: this }, function*(
    this: Env,
    loaded: Deployment.Loaded
  ): Effect.fn.Return<Snapshot, EventLog.EventLogError | Partitions.DynamicKeysError, Catalogued> {
    const cursor = yield* newestCursor
    const at = yield* Clock.currentTimeMillis
    const known = this.snapshot
    if (
      known !== undefined && known.loaded.graph === loaded.graph && known.loaded.context === loaded.context &&
      known.cursor === cursor && at >= known.at && at - known.at < snapshotMillis && at < known.until
    ) return known
    const status = yield* Catalog.status(loaded.graph)
    const { reasons, statuses } = yield* toStatuses(loaded.graph, status, this.reasons)
    this.reasons = reasons
    let until = Infinity
    for (const asset of Graph.assets(loaded.graph)) {
      if (asset.freshness !== undefined) {
        until = Math.min(until, changesAt(asset.freshness, status[asset.key]!.freshness, at))
      }
    }
    return this.snapshot = { loaded, cursor, at, until, statuses }
  })

  /** States are read anew. */
  outdate(): void {
    this.snapshot = undefined
  }

  /** Something was changed that no event tells. */
  forget(): void {
    this.outdate()
    for (const told of this.onForgotten) told()
  }
}

/** The one place where a program whose services are not known any more is given those of the definitions. */
export const provideAll = <A, E>(
  loaded: Deployment.Loaded,
  effect: Effect.Effect<A, E, unknown>
): Effect.Effect<A, E> =>
  // `Definitions.make` has checked that the layer provides what the graph needs; the type of any graph does not say it
  Effect.provideContext(effect, loaded.context as Context.Context<unknown>)

/** The cursor of the newest event; 0 if there is none. */
export const newestCursor: Effect.Effect<number, EventLog.EventLogError, EventLog.EventLog> = Effect.flatMap(
  EventLog.EventLog,
  (log) =>
    Effect.map(
      Stream.runHead(log.events({ order: "descending", limit: 1 })),
      (event) => Option.isNone(event) ? 0 : event.value.cursor
    )
)

/** When a freshness changes if nothing is materialized. */
const changesAt = (policy: Freshness.Freshness, now: Freshness.Evaluation, at: number): number => {
  if (now._tag === "Warning") return now.until
  if (now._tag !== "Fresh") return Infinity
  const warns = policy._tag === "Window" && policy.warnMillis !== undefined
    ? now.lastMaterialized + policy.warnMillis
    : Infinity
  return warns > at ? Math.min(warns, now.until) : now.until
}

// ---------------------------------------------------------------------------------------------------------------------
// states
// ---------------------------------------------------------------------------------------------------------------------

const maxCauses = 10
/** Asking for so many assets one by one takes a log longer than reading the states of all that it knows. */
const manyKeys = 1_000

/** A record without prototype, as the catalog gives it. */
type Statuses = { readonly [key: string]: Catalog.AssetStatus | undefined }

/** By the cursor of the event that tells it: what is recorded does not change. */
type Reasons = ReadonlyMap<number, string>

/** The states of some assets as the API tells them. */
const toStatuses = Effect.fnUntraced(function*(
  graph: Graph.Any,
  statuses: Statuses,
  known: Reasons
): Effect.fn.Return<
  { readonly statuses: ReadonlyMap<string, Model.AssetStatus>; readonly reasons: Reasons },
  EventLog.EventLogError,
  EventLog.EventLog
> {
  const log = yield* EventLog.EventLog
  const isTried = ({ outcome }: Catalog.AssetStatus): boolean =>
    outcome !== undefined && outcome !== "Materialized" && outcome !== "Observed"
  const asked = Object.values(statuses).flatMap((status) =>
    status !== undefined && (status.running.length > 0 || isTried(status)) ? [status.key] : []
  )
  const outcomes = asked.length === 0
    ? new Map<string, ReadonlyArray<EventLog.OutcomeState>>()
    : yield* log.outcomes(asked.length > manyKeys ? undefined : asked)
  const tried = asked.flatMap((key) => isTried(statuses[key]!) ? outcomes.get(key)?.[0] ?? [] : [])
  const reasons = yield* readReasons(tried, known)
  const reasonOf = new Map(tried.map(({ cursor, key }) => [key, reasons.get(cursor)]))
  const found = new Map<string, Model.AssetStatus>()
  for (const { key, partitions } of Graph.assets(graph)) {
    const status = statuses[key]
    if (status === undefined) continue
    // an asset that a run has done with is not running, although the run goes on
    const isDone = (runId: string): boolean =>
      partitions === undefined && (status.last?.runId === runId || outcomes.get(key)?.[0]?.runId === runId)
    found.set(key, toStatus(status, isDone, reasonOf.get(key)))
  }
  return { statuses: found, reasons }
})

/** Of so many runs, the newest, it is read why assets were not computed. */
const maxReasonRuns = 200
const maxReason = 500

/** Why assets were not computed when they were tried last. */
const readReasons = Effect.fnUntraced(function*(
  tried: ReadonlyArray<EventLog.OutcomeState>,
  known: Reasons
): Effect.fn.Return<Reasons, EventLog.EventLogError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const reasons = new Map<number, string>()
  const unread: Array<EventLog.OutcomeState> = []
  for (const state of tried) {
    const reason = known.get(state.cursor)
    if (reason === undefined) unread.push(state)
    else reasons.set(state.cursor, reason)
  }
  const runs = [...Map.groupBy(unread.sort((a, b) => b.cursor - a.cursor), ({ runId }) => runId)]
  for (const [runId, states] of runs.slice(0, maxReasonRuns)) {
    const wanted = new Set(states.map(({ cursor }) => cursor))
    const events = log.events({
      runId,
      tags: notComputedTags,
      after: states.at(-1)!.cursor - 1,
      before: states[0]!.cursor + 1
    })
    yield* Stream.runForEachArray(events, (events) =>
      Effect.sync(() => {
        for (const event of events) {
          if (!wanted.has(event.cursor) || !isOutcome(event)) continue
          const { error, reason } = toAssetEvent(event)
          const text = reason ?? error?.message ?? ""
          reasons.set(event.cursor, text.length > maxReason ? `${text.slice(0, maxReason)}…` : text)
        }
      }))
  }
  return reasons
})

const toStatus = (
  status: Catalog.AssetStatus,
  isDone: (runId: string) => boolean,
  reason: string | undefined
): Model.AssetStatus => {
  const { checks, freshness, last, staleness } = status
  const has = staleness._tag === "Stale" || staleness._tag === "Partitioned" ? staleness : undefined
  let [passed, warned, failed, notEvaluated] = [0, 0, 0, 0]
  for (const check of checks) {
    if (check.status === "Passed") passed++
    else if (check.status === "Errored" || (check.status === "Failed" && check.severity === "error")) failed++
    else if (check.status === "Failed") warned++
    else notEvaluated++
  }
  return {
    key: status.key,
    staleness: staleness._tag,
    causes: has?.causes.slice(0, maxCauses).map(toCause) ?? [],
    rootCauses: has?.rootCauses.slice(0, maxCauses).map(toCause) ?? [],
    ...(staleness._tag === "Partitioned" && { partitions: countsOf(staleness, status.failed) }),
    ...(last !== undefined && {
      last: {
        timestamp: last.timestamp,
        dataVersion: last.dataVersion,
        ...(last.runId !== undefined && { runId: last.runId }),
        ...(last.partition !== undefined && { partition: last.partition })
      }
    }),
    ...(status.outcome !== undefined && { outcome: status.outcome }),
    ...(reason !== undefined && reason !== "" && { reason }),
    running: status.running.filter((runId) => !isDone(runId)),
    checks: { passed, warned, failed, notEvaluated },
    ...(freshness._tag !== "NoPolicy" && {
      freshness: {
        status: freshness._tag,
        ...("until" in freshness && { until: freshness.until }),
        ...("since" in freshness && { since: freshness.since })
      }
    })
  }
}

const countsOf = (
  { fresh, missing, stale }: Catalog.Partitioned,
  failed: PartitionSubset.Any | undefined
): NonNullable<Model.AssetStatus["partitions"]> => {
  const counts = {
    fresh: PartitionSubset.size(fresh),
    stale: PartitionSubset.size(stale),
    missing: PartitionSubset.size(missing)
  }
  return {
    total: counts.fresh + counts.stale + counts.missing,
    ...counts,
    failed: failed === undefined ? 0 : PartitionSubset.size(failed)
  }
}

const toCause = (cause: Catalog.Cause): Model.StaleCause => ({
  kind: cause._tag,
  key: cause.key,
  text: Catalog.explainCause(cause),
  ...("upstream" in cause && { upstream: cause.upstream }),
  ...(cause._tag === "UpstreamChanged" && cause.at !== undefined && { at: cause.at })
})

/** The state of one asset. It takes what is upstream of it, and nothing else. */
export const statusOf = Effect.fnUntraced(function*(
  graph: Graph.Any,
  key: string
): Effect.fn.Return<
  Model.AssetStatus,
  EventLog.EventLogError | Partitions.DynamicKeysError | Catalog.SelectError,
  Catalogued
> {
  const { statuses } = yield* toStatuses(graph, yield* Catalog.status(graph, { select: [key] }), new Map())
  return statuses.get(key)!
})
