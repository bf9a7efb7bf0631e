/**
 * From the options of a run to its nodes: which assets, which partitions of them, which checks, and what the log knows of what
 * they read.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Asset from "../Asset.ts"
import * as Check from "../Check.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import * as RunLogs from "../RunLogs.ts"
import type * as Runtime from "../Runtime.ts"
import { CurrentAdmission } from "./admission.ts"
import { evaluationName, type PlannedChecks, plannedChecks } from "./checks.ts"
import { recordConfig, type RecordedConfig, resolveConfig } from "./config.ts"
import { RunConfigError, RunPartitionsError } from "./errors.ts"
import { newId } from "./ids.ts"
import { isSingle, upstream } from "./mapping.ts"
import { PlannedRun } from "./plannedRun.ts"
import { CurrentPools } from "./pools.ts"
import { RecordedVersions } from "./recordedVersions.ts"
import { type Resolve, resolveSets } from "./resolveSets.ts"
import { Captured, captureLogger, CurrentCapture } from "./runLogsCapture.ts"
import * as Subset from "./subset.ts"
import { targetsOf, type Wanted } from "./targets.ts"
import { expand, type Target, whole, type Work } from "./work.ts"

/** @internal */
export interface Options {
  readonly config?: { readonly [key: string]: unknown } | undefined
  /** What an earlier run was given, for what is not given now. */
  readonly recordedConfig?: RecordedConfig["config"] | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly concurrency: number | "unbounded"
  /** The partitions to compute: the same for all assets, or as they are recorded for each. */
  readonly partitions?: Wanted | ReadonlyMap<string, Partitions.Serialized> | undefined
  readonly onlyStale?: boolean | undefined
  readonly checks?: Runtime.Checks | undefined
  readonly retryOf?: string | undefined
  readonly backfillId?: string | undefined
}

/**
 * Runs a plan to its end, or until it is interrupted.
 *
 * @internal
 */
export const execute = (
  graph: Graph.Any,
  plan: Plan.Plan,
  options: Options,
  listener: ((progress: Runtime.Progress) => void) | undefined
): Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, EventLog.EventLog> =>
  Effect.flatMap(
    newId,
    (runId) =>
      Effect.withSpan(runPlan(graph, plan, options, listener, runId), "assets.run", {
        attributes: { "run.id": runId },
        captureStackTrace: false
      })
  )

const runPlan = Effect.fnUntraced(function*(
  graph: Graph.Any,
  plan: Plan.Plan,
  options: Options,
  listener: ((progress: Runtime.Progress) => void) | undefined,
  runId: string
): Effect.fn.Return<Runtime.Run<Graph.Assets>, Runtime.RunError, EventLog.EventLog> {
  const inside = Plan.inside(plan)
  const log = yield* EventLog.EventLog
  const config = yield* Effect.mapError(
    resolveConfig(inside.graph, inside.planned, options.config ?? {}, options.recordedConfig),
    (problems) => new RunConfigError({ problems })
  )
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const judged = plannedChecks(inside, options.checks)
  if (Result.isFailure(judged)) return yield* new RunConfigError({ problems: judged.failure })
  const targeted = yield* targetedBy(inside, options, judged.success)
  const known = knownVersions(inside, options, judged.success.checks)
  const partitions = targeted && knownPartitions(inside, options, judged.success.checks, targeted)
  const versions = new RecordedVersions(
    known.length === 0 ? noneRecorded : yield* log.versions(known, { partitions })
  )
  const work = targeted === undefined
    ? whole(inside)
    : yield* workOf(inside, options, judged.success, versions, targeted)
  const evaluated = options.onlyStale !== true || judged.success.checks.length === 0
    ? noEvaluations
    : passedOf(yield* log.checks(judged.success.checks.map(({ asset }) => asset.key)))
  const traced = yield* Effect.withFiber((fiber) =>
    Effect.succeed(fiber.cache.tracerEnabled && fiber.cache.tracer !== undefined)
  )
  const head = yield* headOf(log)
  const captured = Context.get(context, CurrentCapture)
    ? new Captured(Context.get(context, RunLogs.RunLogs), runId, clock)
    : undefined
  const run = new PlannedRun(graph, plan, work, {
    runId,
    head,
    tags: options.tags ?? {},
    config,
    versions,
    evaluated,
    log,
    clock,
    context: captured === undefined ? context : withLogger(context),
    captured,
    listener,
    traced,
    pools: Context.get(context, CurrentPools),
    admission: Context.get(context, CurrentAdmission),
    onlyStale: options.onlyStale ?? false,
    origin: {
      ...(options.retryOf === undefined ? undefined : { retryOf: options.retryOf }),
      ...(options.backfillId === undefined ? undefined : { backfillId: options.backfillId }),
      ...(options.checks === "only" ? { checksOnly: true } : undefined),
      ...(options.config === undefined && options.recordedConfig === undefined
        ? undefined
        : recordConfig(
          inside.graph,
          inside.planned,
          Object.keys({ ...options.recordedConfig, ...options.config }),
          config
        ))
    },
    concurrency: options.concurrency === "unbounded" ? Infinity : Math.max(1, Math.floor(options.concurrency))
  })
  if (captured !== undefined) yield* captured.start
  return yield* Effect.uninterruptibleMask((restore) => Effect.ensuring(run.toEnd(restore), run.close))
})

/** The loggers that there are, and the one that takes what programs log. */
const withLogger = (context: Context.Context<never>): Context.Context<never> =>
  Context.add(
    context,
    Logger.CurrentLoggers,
    new Set([...Context.get(context, Logger.CurrentLoggers), captureLogger])
  )

const noEvaluations: ReadonlyMap<string, EventLog.CheckEvaluated> = new Map()

/** The newest evaluations that hold nobody up. */
const passedOf = (
  checks: ReadonlyMap<string, ReadonlyArray<EventLog.CheckEvaluated>>
): ReadonlyMap<string, EventLog.CheckEvaluated> => {
  const passed = new Map<string, EventLog.CheckEvaluated>()
  for (const events of checks.values()) {
    for (const event of events) {
      const { blocking, check, key, partition, severity, status } = event
      if (status === "Passed" || (status === "Failed" && !(blocking && severity === "error"))) {
        passed.set(evaluationName(key, check, partition), event)
      }
    }
  }
  return passed
}

const noneRecorded: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>> = new Map()

/** The keys whose recorded versions a run looks at: of what it reads or is ordered after without planning it. */
const knownVersions = (
  { graph, planned }: Plan.Inside,
  options: Options,
  checks: ReadonlyArray<Check.Any>
): ReadonlyArray<string> => {
  const wanted = new Set<number>()
  const { offsets, targets } = graph.parents
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    if (options.onlyStale === true) wanted.add(id)
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      // of an asset with partitions, some may be planned and others not
      if (planned[parent] === 0 || (graph.isPartitioned && graph.assets[parent]!.partitions !== undefined)) {
        wanted.add(parent)
      }
    }
    for (const read of graph.reads[id]!) {
      // a skipped asset's last value has the version it was recorded with
      if (read.mode === "lastValue" || read.mode === "optionalLastValue") wanted.add(read.id)
    }
    if (graph.isPartitioned) { for (const _ in graph.assets[id]!.previous) wanted.add(id) }
  }
  for (const { asset, inputs } of checks) {
    for (const input of [asset, ...Object.values(inputs)]) wanted.add(graph.ids.get(input.asset.key)!)
  }
  return Array.from(wanted, (id) => graph.assets[id]!.key)
}

/** What partitions there are, and which of them a run is about. */
interface Targeted {
  readonly resolve: Resolve
  readonly targets: ReadonlyMap<string, Target>
}

/** Nothing where a run is about whole assets, and no checks. */
const targetedBy = Effect.fnUntraced(function*(
  inside: Plan.Inside,
  options: Options,
  { alone, checks }: PlannedChecks
): Effect.fn.Return<Targeted | undefined, RunPartitionsError | Partitions.DynamicKeysError> {
  if (!inside.graph.isPartitioned && checks.length === 0 && options.checks !== "only") return undefined
  const resolve = yield* resolveSets(inside.graph.assets)
  const targeted = inside.planned.slice()
  for (const id of alone) targeted[id] = 1
  const targets = targetsOf({ ...inside, planned: targeted }, options.partitions, resolve)
  if (Result.isFailure(targets)) return yield* new RunPartitionsError({ problems: targets.failure })
  return { resolve, targets: targets.success }
})

/** So many partitions are looked up one by one; more of them are read together with all others. */
const maxLookups = 500

/**
 * The partitions of which versions are looked at, so that a run of one day costs the same however many days there are;
 * nothing where it may be any.
 */
const knownPartitions = (
  { graph, planned }: Plan.Inside,
  { onlyStale }: Options,
  checks: ReadonlyArray<Check.Any>,
  { resolve, targets }: Targeted
): ReadonlySet<string> | undefined => {
  const known = new Set<string>()
  /** Notes partitions, unless they are too many. */
  const note = (resolved: Partitions.Resolved, subset: Subset.Subset): boolean => {
    if (known.size + subset.size > maxLookups) return false
    for (const key of Subset.keysOf(resolved, subset)) known.add(key)
    return true
  }
  /** Notes what an input leads to, unless it is several partitions. */
  const follow = (reader: Asset.Any, input: Asset.AnyInput, upstreamAsset: Asset.Any): boolean => {
    if (upstreamAsset.partitions === undefined) return true
    if (input.many || !isSingle(input.mapping, reader.partitions, upstreamAsset.partitions)) return false
    const here = targets.get(reader.key)
    const resolved = resolve(upstreamAsset.partitions)
    return note(resolved, upstream(input.mapping, here?.resolved, here?.subset ?? Subset.unit, resolved).existing)
  }
  const upstreamOf = (input: Asset.AnyInput) => graph.assets[graph.ids.get(input.asset.key)!]!
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    const asset = graph.assets[id]!
    for (const name in asset.inputs) {
      if (!follow(asset, asset.inputs[name]!, upstreamOf(asset.inputs[name]!))) return undefined
    }
    for (const dep of asset.deps) if (!follow(asset, dep, upstreamOf(dep))) return undefined
    for (const name in asset.previous) if (!follow(asset, asset.previous[name]!, asset)) return undefined
    const target = targets.get(asset.key)
    if (onlyStale === true && target !== undefined && !note(target.resolved, target.subset)) return undefined
  }
  for (const { asset, inputs } of checks) {
    const target = targets.get(asset.key)
    if (asset.partitions !== undefined && (target === undefined || !note(target.resolved, target.subset))) {
      return undefined
    }
    for (const name in inputs) if (!follow(asset, inputs[name]!, upstreamOf(inputs[name]!))) return undefined
  }
  return known
}

/** The nodes of a run. */
const workOf = Effect.fnUntraced(function*(
  inside: Plan.Inside,
  options: Options,
  { checks }: PlannedChecks,
  versions: RecordedVersions,
  { resolve, targets }: Targeted
): Effect.fn.Return<Work, RunPartitionsError | RunConfigError> {
  const only = options.checks === "only"
  const planned = only ? new Uint8Array(inside.planned.length) : inside.planned
  const { circular, entangled, unmet, work } = expand(
    { ...inside, planned },
    checks,
    targets,
    resolve,
    // an external asset has no record here: what is there is seen when it is read
    (asset, resolved, subset) =>
      asset.external && !versions.has(asset.key)
        ? subset
        : Subset.intersection(subset, versions.materialized(asset.key, resolved))
  )
  if (entangled.length > 0) {
    return yield* new RunConfigError({
      problems: entangled.map((check) => ({
        key: Check.nameOf(check),
        problem:
          "it is blocking, so what is downstream of its asset waits for it, and its inputs are among that. Let it not be blocking, or judge another asset"
      }))
    })
  }
  if (unmet.length > 0 || circular.length > 0) {
    const waiting = circular.map(({ key, partitions }) => ({
      key,
      problem: partitions.length === 1
        ? `(partition ${partitions[0]}) reads itself as an earlier partition: give Asset.previous another mapping`
        : `has partitions that wait for each other, ${some(partitions)}: give Asset.previous another mapping`
    }))
    return yield* new RunPartitionsError({
      problems: unmet.map(({ key, missing, partition, upstream }) => ({
        key,
        problem: `${
          partition === undefined ? "" : `(partition ${partition}) `
        }needs partitions of "${upstream}" that do not exist: ${
          missing.join(", ")
        }. Let the mapping allow it, or read it with Asset.optional`
      })).concat(waiting)
    })
  }
  return work
})

const some = (keys: ReadonlyArray<string>): string =>
  keys.length <= 4 ? keys.join(", ") : `${keys.slice(0, 3).join(", ")} and ${keys.length - 3} more`

/** A place in the log before all that is recorded of a run: a request is not missed, however early it comes. */
const headOf = (log: EventLog.Service): Effect.Effect<number | undefined> =>
  Effect.matchCause(Stream.runHead(log.events({ order: "descending", limit: 1 })), {
    onSuccess: Option.match({ onNone: () => 0, onSome: ({ cursor }) => cursor }),
    // a log that cannot be read cannot be written either, which the run will hear of
    onFailure: () => undefined
  })
