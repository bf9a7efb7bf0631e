/**
 * Operations on runs and backfills, those of this process among them.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as EventLog from "../../EventLog.ts"
import * as Graph from "../../Graph.ts"
import { resolveConfig } from "../../internal/config.ts"
import { isTooDeep, maxDepth } from "../../internal/depth.ts"
import { CurrentCapture } from "../../internal/runLogsCapture.ts"
import * as Job from "../../Job.ts"
import * as Plan from "../../Plan.ts"
import * as Runtime from "../../Runtime.ts"
import type * as AutomationModel from "../AutomationModel.ts"
import type * as Deployment from "../Deployment.ts"
import * as Model from "../Model.ts"
import type { Service } from "../Operations.ts"
import * as Problem from "../Problem.ts"
import type { Env } from "./operationsEnv.ts"
import { isOutcome, outcomeNames, outcomeTags, toAssetEvent } from "./operationsEvents.ts"
import { knownOf } from "./operationsGraph.ts"
import type { LiveRuns } from "./operationsLive.ts"
import { limitOf, pageOf } from "./operationsPages.ts"
import {
  findJob,
  invalid,
  noRun,
  notFound,
  problemOf,
  quoted,
  toAvailable,
  toLookup,
  toProblems
} from "./operationsProblems.ts"
import { countOf, describeRecorded } from "./operationsText.ts"

// ---------------------------------------------------------------------------------------------------------------------
// records
// ---------------------------------------------------------------------------------------------------------------------

const shownAssets = 5

/** A run as lists show it. */
export const toSummary = (live: LiveRuns, record: EventLog.RunRecord): Model.RunSummary => {
  const { backfillId, durationMillis, finishedAt, keys, retryOf } = record
  const partitioned = record.partitions === undefined
    ? undefined
    : keys.find((key) => Object.hasOwn(record.partitions!, key))
  return {
    id: record.id,
    status: record.status,
    cancelRequested: record.cancelRequested,
    startedAt: record.startedAt,
    ...(finishedAt !== undefined && { finishedAt }),
    ...(durationMillis !== undefined && { durationMillis }),
    assetCount: keys.length,
    assets: keys.slice(0, shownAssets),
    ...(partitioned !== undefined && { partitions: describeRecorded(record.partitions![partitioned]!) }),
    tags: record.tags,
    ...(retryOf !== undefined && { retryOf }),
    ...(backfillId !== undefined && { backfillId }),
    here: record.status === "Running" && live.isHere(record),
    cursor: record.cursor
  }
}

/** The record of a run. */
export const recordOf = Effect.fnUntraced(function*(id: string) {
  const log = yield* EventLog.EventLog
  const [record] = yield* log.runs({ ids: [id], limit: 1 })
  return record ?? (yield* noRun(id))
})

const defaultRuns = 50

const listed = Effect.fnUntraced(function*(live: LiveRuns, filter: Model.RunFilter) {
  const limit = limitOf(filter.limit, defaultRuns)
  const { backfill, before, key, retryOf, status, tag } = filter
  const at = tag?.indexOf("=") ?? 0
  if (tag !== undefined && at < 1) {
    return yield* invalid("RunFilterError", "A tag to look for is written NAME=VALUE, as in source=api.")
  }
  const log = yield* EventLog.EventLog
  const records = yield* log.runs({
    ...(status !== undefined && { statuses: [status] }),
    key,
    ...(tag !== undefined && { tags: { [tag.slice(0, at)]: tag.slice(at + 1) } }),
    backfillId: backfill,
    retryOf,
    before,
    limit: limit + 1
  })
  return pageOf(records.map((record) => toSummary(live, record)), limit, (run) => run.cursor)
})

const detailed = Effect.fnUntraced(function*(live: LiveRuns, id: string) {
  const log = yield* EventLog.EventLog
  const record = yield* recordOf(id)
  const counts = new Map<string, number>()
  yield* Stream.runForEachArray(log.events({ runId: id, tags: outcomeTags }), (events) =>
    Effect.sync(() => {
      for (const event of events) {
        if (!isOutcome(event)) continue
        const name = outcomeNames[event._tag]
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }))
  const retries = yield* log.runs({ retryOf: id })
  return {
    ...toSummary(live, record),
    keys: record.keys,
    partitionsByKey: Object.fromEntries(
      Object.entries(record.partitions ?? {}).map(([key, partitions]) => [key, describeRecorded(partitions)])
    ),
    config: record.config ?? {},
    configHidden: record.configHidden ?? [],
    counts: Object.fromEntries(counts),
    retriedBy: retries.map((run) => run.id).toReversed()
  }
})

const assetsOf = Effect.fnUntraced(function*(id: string, query: Parameters<Service["runAssets"]>[1]) {
  yield* recordOf(id)
  const log = yield* EventLog.EventLog
  const limit = limitOf(query.limit, 100)
  const events = yield* Stream.runCollect(
    log.events({ runId: id, tags: outcomeTags, after: query.after, limit: limit + 1 })
  )
  return pageOf(events.filter(isOutcome).map((event) => toAssetEvent(event)), limit, (event) => event.cursor)
})

const backfillTags = ["BackfillStarted", "BackfillCancelRequested", "BackfillFinished"] as const

const backfillDetail = Effect.fnUntraced(function*(id: string) {
  const log = yield* EventLog.EventLog
  const events = yield* Stream.runCollect(log.events({ backfillId: id, tags: backfillTags }))
  // one that was resumed has begun more than once
  const started = events.find((event) => event._tag === "BackfillStarted")
  if (started?._tag !== "BackfillStarted") {
    return yield* notFound("backfill", id, `There is no backfill ${quoted(id)} in the event log.`)
  }
  const lastStart = events.findLastIndex((event) => event._tag === "BackfillStarted")
  const since = events.slice(lastStart)
  const end = since.findLast((event) => event._tag === "BackfillFinished")
  const finished = end?._tag === "BackfillFinished" ? end : undefined
  const counts = { Running: 0, Succeeded: 0, Failed: 0, Cancelled: 0 }
  for (const { status } of yield* log.runs({ backfillId: id })) counts[status]++
  return {
    id,
    status: finished?.status ?? "Running" as const,
    cancelRequested: since.some((event) => event._tag === "BackfillCancelRequested"),
    startedAt: started.timestamp,
    ...(finished !== undefined && { finishedAt: finished.timestamp, durationMillis: finished.durationMillis }),
    assets: Object.entries(started.partitions).map(([key, partitions]) => ({
      key,
      ...(partitions !== null && { count: countOf(partitions), partitions: describeRecorded(partitions) })
    })),
    tags: started.tags,
    runs: counts
  }
})

/** A run of another process has so long to end when it was asked to. After that, the process is taken to have died. */
const graceMillis = 30_000

/** Records the end of a run that was to be cancelled and that nobody ends. If its process lives after all, it stops. */
const endLost = Effect.fnUntraced(function*(live: LiveRuns, id: string) {
  const log = yield* EventLog.EventLog
  const [record] = yield* log.runs({ ids: [id], statuses: ["Running"] })
  if (record === undefined || live.isHere(record)) return
  const asked = yield* Stream.runHead(log.events({ runId: id, tags: ["RunCancelRequested"], limit: 1 }))
  const timestamp = yield* Clock.currentTimeMillis
  if (Option.isNone(asked) || timestamp < asked.value.timestamp + graceMillis) return
  const durationMillis = Math.max(0, timestamp - record.startedAt)
  yield* log.append([{ _tag: "RunFinished", runId: id, timestamp, status: "Cancelled", durationMillis }])
})

const shownTargets = 20
const defaultBackfills = 20

const partitionsIn = (record: EventLog.RunRecord): number => {
  const { keys, partitions = {} } = record
  return keys.reduce((sum, key) => sum + (Object.hasOwn(partitions, key) ? countOf(partitions[key]!) : 1), 0)
}

const toBackfill = Effect.fnUntraced(function*(live: LiveRuns, id: string, cursor: number) {
  const log = yield* EventLog.EventLog
  const { assets, runs: _, ...detail } = yield* backfillDetail(id)
  const records = yield* log.runs({ backfillId: id })
  const runs = { total: records.length, running: 0, succeeded: 0, failed: 0, cancelled: 0 }
  const latest = new Map<string, EventLog.RunRecord>()
  for (const record of records) {
    runs[counters[record.status]]++
    const what = JSON.stringify([record.keys, record.partitions])
    // the newest come first: what was tried again counts once
    if (!latest.has(what)) latest.set(what, record)
  }
  let [done, failed, running] = [0, 0, 0]
  for (const record of latest.values()) {
    if (record.status === "Succeeded") done += partitionsIn(record)
    else if (record.status === "Running") running += partitionsIn(record)
    else failed += partitionsIn(record)
  }
  const total = assets.reduce((sum, { count }) => sum + (count ?? 1), 0)
  // several of what has failed may have been tried again in one run
  failed = Math.max(0, Math.min(failed, total - done - running))
  const summary: AutomationModel.BackfillSummary = {
    ...detail,
    assets: assets.slice(0, shownTargets),
    assetCount: assets.length,
    runs,
    partitions: { total, done, failed },
    here: detail.status === "Running" && live.isBackfilling(id),
    cursor
  }
  return summary
})

const counters = {
  Running: "running",
  Succeeded: "succeeded",
  Failed: "failed",
  Cancelled: "cancelled"
} as const

/** The newest backfills. One that was resumed is where it was resumed last. */
const listedBackfills = Effect.fnUntraced(function*(live: LiveRuns, filter: AutomationModel.BackfillFilter) {
  const log = yield* EventLog.EventLog
  const limit = limitOf(filter.limit, defaultBackfills)
  const found: Array<AutomationModel.BackfillSummary> = []
  let before = filter.before
  while (found.length <= limit) {
    const events = yield* Stream.runCollect(
      log.events({ tags: ["BackfillStarted"], order: "descending", before, limit: limit + 1 })
    )
    for (const event of events) {
      if (event._tag !== "BackfillStarted" || found.length > limit) continue
      const { backfillId, cursor } = event
      const newer = yield* Stream.runHead(
        log.events({ backfillId, tags: ["BackfillStarted"], after: cursor, limit: 1 })
      )
      if (Option.isNone(newer)) found.push(yield* toBackfill(live, backfillId, cursor))
    }
    if (events.length <= limit) break
    before = events.at(-1)!.cursor
  }
  return pageOf(found, limit, ({ cursor }) => cursor)
})

// ---------------------------------------------------------------------------------------------------------------------
// plans
// ---------------------------------------------------------------------------------------------------------------------

type What = Pick<Model.RunRequest, "checks" | "concurrency" | "config" | "keys" | "onlyStale" | "select" | "tags">

/** The options that runs and backfills have in common. */
type Common = Pick<
  Runtime.RunOptions<Graph.Assets>,
  "checks" | "concurrency" | "config" | "onlyStale" | "select" | "tags"
>

/** What both runs and backfills are asked for, as options of the runtime; keys of assets and config are checked there. */
const optionsOf = (request: What): Effect.Effect<Common, Problem.Invalid> => {
  const { checks, concurrency, config, keys, onlyStale, select, tags } = request
  if (keys !== undefined && select !== undefined) {
    return Effect.fail(invalid("SelectionError", "Give `keys` or `select`, not both."))
  }
  const unfit = configProblem(config)
  if (unfit !== undefined) return Effect.fail(unfit)
  return Effect.succeed({
    ...(keys !== undefined ? { select: keys } : select !== undefined && select.trim() !== "" ? { select } : {}),
    ...(checks !== undefined && { checks }),
    ...(concurrency !== undefined && { concurrency }),
    ...(config !== undefined && { config: config as Runtime.RunOptions<Graph.Assets>["config"] }),
    ...(onlyStale !== undefined && { onlyStale }),
    tags: tags !== undefined && Object.hasOwn(tags, "source") ? tags : { source: "api", ...tags }
  })
}

const configProblem = (config: unknown): Problem.Invalid | undefined =>
  isTooDeep(config)
    ? invalid("RunConfigError", `The configuration of the run is nested more than ${maxDepth} levels deep.`)
    : undefined

const partitionsOf = ({ partition, partitions }: Model.RunRequest) => ({
  ...(partition !== undefined && { partition }),
  ...(partitions !== undefined && { partitions })
})

const planned = Effect.fnUntraced(function*(env: Env, loaded: Deployment.Loaded, request: Model.RunRequest) {
  const { graph } = loaded
  const options = yield* optionsOf(request)
  const plan = yield* Effect.fromResult(Plan.make(graph, options))
  if (request.partition !== undefined && request.partitions !== undefined) {
    return yield* invalid("RunPartitionsError", "Give `partition` or `partitions`, not both.")
  }
  const { planned } = Plan.inside(plan)
  yield* Effect.mapError(
    resolveConfig(Graph.compiled(graph), planned, request.config ?? {}),
    (problems) => new Runtime.RunConfigError({ problems })
  )
  const partitions = request.partition === undefined ? request.partitions : [request.partition]
  const isPartitioned = plan.keys.some((key) => partitionedIn(graph, key))
  // a run of partitions is planned like a backfill in one run
  const inWords = isPartitioned && partitions !== undefined
    ? (yield* Runtime.planBackfill(graph, { ...options, partitions, partitionsPerRun: "all" })).assets
    : []
  const words = new Map(inWords.map((asset) => [asset.key, asset.partitions]))
  if (isPartitioned && partitions === undefined) {
    const problems = plan.keys.filter((key) => partitionedIn(graph, key)).map((key) => ({
      key,
      problem: "has partitions: say which, or start a backfill"
    }))
    return yield* new Runtime.RunPartitionsError({ problems })
  }
  const { statuses } = yield* env.statuses(loaded)
  const { nodes } = knownOf(loaded)
  const { ids } = Graph.compiled(graph)
  return {
    steps: Plan.steps(plan).map((step) => {
      const partitions = step.keys.map((key) => words.get(key)).find((text) => text !== undefined)
      return {
        ...step,
        states: step.keys.map((key) => Model.statusWord(nodes[ids.get(key)!]!, statuses.get(key)!)),
        ...(partitions !== undefined && { partitions })
      }
    })
  }
})

const partitionedIn = (graph: Graph.Any, key: string): boolean => {
  const { assets, ids } = Graph.compiled(graph)
  return assets[ids.get(key)!]!.partitions !== undefined
}

const maxPlannedRuns = 1_000

const backfillOptionsOf = (
  request: Model.BackfillRequest
): Effect.Effect<Runtime.BackfillOptions<Graph.Assets>, Problem.Invalid> =>
  Effect.map(optionsOf(request), (options) => ({
    ...options,
    ...(request.partitions !== undefined && { partitions: request.partitions }),
    ...(request.partitionsPerRun !== undefined && { partitionsPerRun: request.partitionsPerRun }),
    ...(request.maxRuns !== undefined && { maxRuns: request.maxRuns }),
    ...(request.resume !== undefined && { resume: request.resume })
  }))

/** More runs than that take so long to plan that others wait for it, and nobody would look through them. */
const maxRunsOfBackfill = 100_000

/** Refuses a backfill of too many runs before they are planned. */
const refuseTooMany = Effect.fnUntraced(function*(graph: Graph.Any, options: Runtime.BackfillOptions<Graph.Assets>) {
  const { partitionsPerRun = 1 } = options
  if (typeof partitionsPerRun !== "number") return
  // why it cannot be planned is told where it is
  const plan = yield* Effect.option(Runtime.planBackfill(graph, { ...options, partitionsPerRun: "all" }))
  if (Option.isNone(plan)) return
  const most = plan.value.assets.reduce((most, { count = 0 }) => Math.max(most, count), 0)
  const runs = Math.ceil(most / partitionsPerRun)
  if (runs <= maxRunsOfBackfill) return
  const enough = Math.ceil(most / maxRunsOfBackfill)
  return yield* invalid(
    "BackfillError",
    `These are ${runs.toLocaleString("en")} runs, and a backfill has at most ${
      maxRunsOfBackfill.toLocaleString("en")
    }. ` +
      `Compute several partitions in a run: ${enough.toLocaleString("en")} or more, or all.`
  )
})

/** The options of a backfill, if it can be planned in time. */
const fittingBackfill = (graph: Graph.Any, request: Model.BackfillRequest) =>
  Effect.tap(backfillOptionsOf(request), (options) => refuseTooMany(graph, options))

const toBackfillPlan = ({ assets, runs }: Runtime.BackfillPlan): Model.BackfillPlan => ({
  assets: assets.map(({ count, key, partitions }) => ({
    key,
    ...(count !== undefined && { count }),
    ...(partitions !== undefined && { partitions })
  })),
  runCount: runs.length,
  runs: runs.slice(0, maxPlannedRuns).map(({ after, count, keys, partitions }) => ({
    keys,
    ...(count !== undefined && { count }),
    ...(partitions !== undefined && { partitions }),
    after
  }))
})

// ---------------------------------------------------------------------------------------------------------------------
// running
// ---------------------------------------------------------------------------------------------------------------------

/** What goes on in the background. */
interface Begun<A> {
  readonly first: A
  /** Its end. */
  readonly ended: Effect.Effect<void, Problem.Problem>
}

const neverBegan = new Problem.Unavailable({ code: "NotBegun", detail: "It has ended without a beginning." })
const isStopping = new Problem.Unavailable({ code: "Stopping", detail: "The deployment is being stopped." })

/** Waits until the beginning of a run is recorded. */
const recordedRun = (runId: string) =>
  EventLog.EventLog.use((log) => Stream.runHead(log.tail({ runId, tags: ["RunStarted"], after: 0, limit: 1 })))

/** The operations on runs. */
type Operations = Pick<
  Service,
  | "runs"
  | "launch"
  | "plan"
  | "run"
  | "runAssets"
  | "cancel"
  | "retry"
  | "backfill"
  | "planBackfill"
  | "cancelBackfill"
  | "backfillDetail"
  | "backfills"
  | "runJob"
>

/** @internal */
export const runOperations = Effect.fnUntraced(function*(
  env: Env,
  live: LiveRuns
): Effect.fn.Return<Operations, never, Scope.Scope> {
  // what is begun here has the context of the layer, not that of a request, and ends with the layer
  const fork = yield* FiberSet.makeRuntime<never, void, never>()

  /** Goes on with something in the background, and gives what it tells first, or how it fails before. */
  const begin = <A>(
    program: (loaded: Deployment.Loaded, tell: (first: A) => void) => Effect.Effect<unknown, unknown, unknown>
  ): Effect.Effect<Begun<A>, Problem.Problem> =>
    Effect.suspend(() => {
      const begun = Deferred.makeUnsafe<A, Problem.Problem>()
      const ended = Deferred.makeUnsafe<void, Problem.Problem>()
      const end = (exit: Exit.Exit<void, Problem.Problem>): Effect.Effect<boolean> => {
        const isFirst = Deferred.doneUnsafe(
          begun,
          Exit.isSuccess(exit) ? Exit.fail(neverBegan) : Exit.failCause(exit.cause)
        )
        return Effect.as(Effect.sync(() => Deferred.doneUnsafe(ended, exit)), isFirst)
      }
      fork(
        env.within((loaded) => program(loaded, (first) => void Deferred.doneUnsafe(begun, Exit.succeed(first)))).pipe(
          Effect.matchCauseEffect({
            onSuccess: () => Effect.asVoid(end(Exit.void)),
            onFailure: (cause) =>
              Effect.flatMap(
                end(
                  Cause.hasInterruptsOnly(cause) ? Exit.fail(isStopping) : Exit.failCause(Cause.map(cause, problemOf))
                ),
                // nobody waits for it any more: it is told to the log of the process
                (isFirst) =>
                  isFirst || Cause.hasInterruptsOnly(cause)
                    ? Effect.void
                    : Effect.logError("What was begun has failed", cause)
              )
          }),
          Effect.onInterrupt(() => end(Exit.fail(isStopping)))
        )
      )
      return Effect.map(Deferred.await(begun), (first) => ({ first, ended: Deferred.await(ended) }))
    })

  const startRun = (
    run: (
      loaded: Deployment.Loaded,
      onProgress: (progress: Runtime.Progress<Graph.Assets>) => Effect.Effect<void>
    ) => Effect.Effect<unknown, unknown, unknown>
  ): Effect.Effect<{ readonly runId: string }, Problem.Problem> =>
    Effect.flatMap(
      begin<string>((loaded, tell) => {
        const follower = live.follow(tell)
        const onProgress = (progress: Runtime.Progress<Graph.Assets>) =>
          Effect.map(Clock.currentTimeMillis, (now) => follower.tell(progress, now))
        return run(loaded, onProgress).pipe(
          Effect.provideService(CurrentCapture, true),
          Effect.ensuring(Effect.sync(follower.end))
        )
      }),
      // a run tells its id before it is recorded
      ({ ended, first: runId }) =>
        Effect.as(Effect.raceFirst(ended, toProblems(env.within(() => recordedRun(runId)))), { runId })
    )

  return {
    runs: (filter) =>
      toProblems(env.within(() => listed(live, filter))) as Effect.Effect<
        Model.Page<Model.RunSummary>,
        Problem.Invalid | Problem.Unavailable // nothing is looked up by its name
      >,
    run: (id) => toLookup(env.within(() => detailed(live, id))),
    runAssets: (id, query) => toLookup(env.within(() => assetsOf(id, query))),
    plan: (request) => toProblems(env.within((loaded) => planned(env, loaded, request))),
    launch: (request) =>
      startRun((loaded, onProgress) =>
        Effect.flatMap(optionsOf(request), (options) =>
          Runtime.run(loaded.graph, {
            ...options,
            ...partitionsOf(request),
            ...(request.retries !== undefined && { retries: request.retries }),
            onProgress
          }))
      ),
    runJob: ({ name, retries, ...request }) =>
      startRun((loaded, onProgress) =>
        Effect.gen(function*() {
          const job = yield* findJob(loaded, name)
          const options = yield* optionsOf(request)
          // assets of any type: what they need is in the type of their definitions
          return yield* Job.run(loaded.graph as Graph.Graph<Graph.Assets>, job, {
            ...options,
            ...partitionsOf(request),
            ...(retries !== undefined && { retries }),
            onProgress
          })
        })
      ),
    retry: (id, options) =>
      startRun((loaded, onProgress) =>
        Effect.gen(function*() {
          const record = yield* recordOf(id)
          const unfit = configProblem(options?.config)
          if (unfit !== undefined) return yield* unfit
          if (record.status === "Running" && live.isHere(record)) {
            return yield* new Runtime.RunNotPossibleError({
              runId: id,
              operation: "retry",
              problem: "it is running; cancel it first, or wait for its end"
            })
          }
          return yield* Runtime.retry(loaded.graph, id, {
            ...(options?.config !== undefined && {
              // it is checked when the run is prepared
              config: options.config as Runtime.RunOptions<Graph.Assets>["config"]
            }),
            ...(options?.tags !== undefined && { tags: options.tags }),
            onProgress
          })
        })
      ),
    cancel: (id, options) =>
      toProblems(env.within(() =>
        Effect.gen(function*() {
          yield* Runtime.cancel(id, options)
          yield* endLost(live, id)
          const run = toSummary(live, yield* recordOf(id))
          if (run.status === "Running" && !run.here) {
            fork(
              Effect.sleep(graceMillis).pipe(
                Effect.andThen(env.within(() => endLost(live, id))),
                Effect.catchCause((cause) => Effect.logWarning("The end of a run could not be recorded", cause))
              )
            )
          }
          return run
        })
      )),
    backfill: (request) =>
      request.resume !== undefined && live.isBackfilling(request.resume)
        ? Effect.fail(
          problemOf(new Runtime.BackfillError({ backfillId: request.resume, problem: "it goes on here already" }))
        )
        : Effect.map(
          begin<string>((loaded, tell) =>
            Effect.flatMap(fittingBackfill(loaded.graph, request), (options) =>
              live.backfilling((started) =>
                Runtime.backfill(loaded.graph, {
                  ...options,
                  onProgress: (progress) =>
                    Effect.sync(() => {
                      if (progress._tag !== "BackfillStarted") {
                        return
                      }
                      started(progress.backfillId)
                      tell(progress.backfillId)
                    })
                }).pipe(Effect.provideService(CurrentCapture, true))
              ))
          ),
          ({ first }) => ({ backfillId: first })
        ),
    planBackfill: (request) =>
      toProblems(env.within(({ graph }) =>
        Effect.map(
          Effect.flatMap(fittingBackfill(graph, request), (options) => Runtime.planBackfill(graph, options)),
          toBackfillPlan
        )
      )),
    backfills: (filter) => toAvailable(env.within(() => listedBackfills(live, filter))),
    backfillDetail: (id) =>
      toLookup(env.within(() => backfillDetail(id))).pipe(
        Effect.map((detail) => ({ ...detail, here: detail.status === "Running" && live.isBackfilling(id) }))
      ),
    cancelBackfill: (id) => toProblems(env.within(() => Effect.as(Runtime.cancelBackfill(id), { backfillId: id })))
  }
})
