/**
 * Operations on automation: they look at what is stored, and change it, whether a daemon runs or not.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Automation from "../../Automation.ts"
import * as AutomationStore from "../../AutomationStore.ts"
import * as Condition from "../../Condition.ts"
import * as Daemon from "../../Daemon.ts"
import * as EventLog from "../../EventLog.ts"
import * as Graph from "../../Graph.ts"
import { placeOf } from "../../internal/automationEvents.ts"
import { plainSelect } from "../../internal/automationTargets.ts"
import { withLog } from "../../internal/daemonAutomations.ts"
import { leaseName } from "../../internal/daemonSession.ts"
import { recorded } from "../../internal/recorded.ts"
import { suggest } from "../../internal/suggest.ts"
import * as Job from "../../Job.ts"
import * as Partitions from "../../Partitions.ts"
import * as Plan from "../../Plan.ts"
import type * as AutomationModel from "../AutomationModel.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import type { Service } from "../Operations.ts"
import type * as Problem from "../Problem.ts"
import {
  describeCatchUp,
  describeChecks,
  describeRequest,
  describeWanted,
  toEvaluation,
  toRequest,
  toTarget,
  withoutSecrets
} from "./operationsAutomationText.ts"
import { type Env, newestCursor } from "./operationsEnv.ts"
import type { LiveRuns } from "./operationsLive.ts"
import { limitOf, pageOf } from "./operationsPages.ts"
import {
  conflict,
  findJob,
  invalid,
  notFound,
  problemOf,
  quoted,
  toAvailable,
  toLookup,
  toProblems
} from "./operationsProblems.ts"
import { toSummary } from "./operationsRuns.ts"

type Loaded = Deployment.Loaded
type State = AutomationStore.AutomationState

/** What evaluates here: the daemon of this process, or what evaluates as it would, and nothing by itself. */
interface Evaluators {
  readonly here: Daemon.Service | undefined
  readonly byHand: Daemon.Service
}

// ---------------------------------------------------------------------------------------------------------------------
// definitions
// ---------------------------------------------------------------------------------------------------------------------

interface Conditional {
  readonly key: string
  readonly kind: AutomationModel.ConditionModel["kind"]
  readonly condition: Condition.Condition
}

/** What has a condition: assets in topological order, checks, jobs. */
const conditionsOf = ({ graph, jobs }: Loaded): ReadonlyArray<Conditional> => {
  const { assets, checks } = Graph.compiled(graph)
  return [
    ...assets.flatMap(({ automation, key }): ReadonlyArray<Conditional> =>
      automation === undefined ? [] : [{ key, kind: "asset", condition: automation }]
    ),
    ...checks.flatMap(({ asset, automation, name }): ReadonlyArray<Conditional> =>
      automation === undefined ? [] : [{ key: `${asset.key}:${name}`, kind: "check", condition: automation }]
    ),
    ...jobs.flatMap(({ automation, name }): ReadonlyArray<Conditional> =>
      automation === undefined ? [] : [{ key: `:${name}`, kind: "job", condition: automation }]
    )
  ]
}

type Defined = { readonly _tag: "Conditions" } | { readonly _tag: "Automation"; readonly automation: Automation.Any }

/** The automation of a name. */
const find = (loaded: Loaded, name: string): Effect.Effect<Defined, Problem.NotFound> => {
  const hasConditions = conditionsOf(loaded).length > 0
  if (name === Daemon.conditions && hasConditions) return Effect.succeed({ _tag: "Conditions" })
  const automation = loaded.automations.find((automation) => automation.name === name)
  if (automation !== undefined) return Effect.succeed({ _tag: "Automation", automation })
  const names = [...loaded.automations.map(({ name }) => name), ...(hasConditions ? [Daemon.conditions] : [])]
  return Effect.fail(
    notFound("automation", name, `There is no schedule or sensor ${quoted(name)}.`, suggest(name, names))
  )
}

/** What an evaluation has to know of the definitions. */
const evaluateOptions = Effect.fnUntraced(function*({ graph, jobs }: Loaded) {
  const keys = yield* Partitions.DynamicKeys
  const dynamicKeys = new Map<string, ReadonlyArray<string>>()
  for (const { partitions } of Graph.compiled(graph).assets) {
    if (partitions === undefined) continue
    for (const name of Partitions.dynamicNames(partitions)) {
      if (!dynamicKeys.has(name)) dynamicKeys.set(name, yield* keys.keys(name))
    }
  }
  return { definitions: { graph, jobs }, dynamicKeys }
})

// ---------------------------------------------------------------------------------------------------------------------
// automations
// ---------------------------------------------------------------------------------------------------------------------

/** What is read once for all automations. */
interface Known {
  readonly states: ReadonlyMap<string, State>
  /** How many runs wait, by who requested them. */
  readonly queued: ReadonlyMap<string | undefined, number>
  readonly status: Daemon.Status | undefined
  readonly now: number
}

const readKnown = Effect.fnUntraced(function*({ here }: Evaluators) {
  const store = yield* AutomationStore.AutomationStore
  const queued = new Map<string | undefined, number>()
  for (const { automation } of yield* store.queue()) queued.set(automation, (queued.get(automation) ?? 0) + 1)
  const known: Known = {
    states: yield* store.states,
    queued,
    status: here && (yield* here.status),
    now: yield* Clock.currentTimeMillis
  }
  return known
})

const toLast = ({ kind: _, ...tick }: AutomationStore.LastTick): AutomationModel.LastTick => tick

/** What is told of every kind. */
const commonOf = (name: string, startRunning: boolean, known: Known) => {
  const state = known.states.get(name)
  const told = name === Daemon.conditions
    ? known.status?.conditions
    : known.status?.automations.find((automation) => automation.name === name)
  const running = state?.running ?? startRunning
  return {
    told,
    state,
    common: {
      name,
      running,
      startRunning,
      ...(state?.runningSince !== undefined && { runningSince: state.runningSince }),
      ...(state?.lastTick !== undefined && { lastTick: toLast(state.lastTick) }),
      ...(told?.lastEvaluatedAt !== undefined && { lastEvaluatedAt: told.lastEvaluatedAt }),
      ...(told?.evaluatingSince !== undefined && { evaluatingSince: told.evaluatingSince }),
      queuedRuns: known.queued.get(name) ?? 0
    }
  }
}

/** What is told of a kind besides. */
const ownOf = (self: Automation.Any): Partial<AutomationModel.AutomationSummary> => {
  switch (self.kind) {
    case "schedule":
      return { cron: self.cron, timeZone: self.timeZone, catchUp: describeCatchUp(self.catchUp) }
    case "sensor":
      return { everyMillis: self.everyMillis }
    case "assetSensor":
      return { assets: self.assets, match: self.match }
    case "runSensor": {
      const { keys, select } = plainSelect(self.select)
      const assets = keys ?? (select === undefined ? undefined : [select])
      return {
        statuses: self.statuses,
        ...(self.jobs !== undefined && { jobs: self.jobs }),
        ...(assets !== undefined && { assets })
      }
    }
    case "streamSensor":
      return {}
  }
}

const nextOf = (self: Automation.Any, state: State | undefined, now: number): number | undefined => {
  if (self.kind === "schedule") return Automation.nextTicks(self, { from: now + 1, count: 1 })[0]
  if (self.kind !== "sensor") return undefined
  return state?.lastTick === undefined ? now : Math.max(now, state.lastTick.startedAt + self.everyMillis)
}

/** What the daemon tells of that. A stream that goes on has a time that has passed: when it began. */
const toldNext = (self: Automation.Any, told: Daemon.Evaluating | undefined, now: number): number | undefined =>
  self.kind === "streamSensor" && told?.next !== undefined && told.next <= now ? undefined : told?.next

const toAutomation = (self: Automation.Any, known: Known): AutomationModel.AutomationSummary => {
  const { common, state, told } = commonOf(self.name, self.startRunning, known)
  const target = toTarget(self.target)
  const next = common.running ? toldNext(self, told, known.now) ?? nextOf(self, state, known.now) : undefined
  return {
    ...common,
    kind: self.kind,
    ...(self.description !== undefined && { description: self.description }),
    ...(target !== undefined && { target }),
    ...ownOf(self),
    // that of a schedule is about itself
    ...(self.kind !== "schedule" && state?.cursor !== undefined && { cursor: state.cursor }),
    ...(next !== undefined && { nextTickAt: next })
  }
}

const toConditions = (loaded: Loaded, known: Known): AutomationModel.AutomationSummary => {
  const { common, told } = commonOf(Daemon.conditions, true, known)
  return {
    ...common,
    kind: "condition",
    description: "The conditions of assets, checks and jobs",
    conditions: conditionsOf(loaded).length,
    ...(common.running && told?.next !== undefined && { nextTickAt: told.next })
  }
}

const listed = Effect.fnUntraced(function*(
  evaluators: Evaluators,
  loaded: Loaded,
  { kind }: AutomationModel.AutomationFilter
) {
  const known = yield* readKnown(evaluators)
  const all = [
    ...loaded.automations.map((automation) => toAutomation(automation, known)),
    ...(conditionsOf(loaded).length > 0 ? [toConditions(loaded, known)] : [])
  ]
  if (kind === undefined) return all
  return all.filter((automation) =>
    kind === "sensors" ? automation.kind.toLowerCase().endsWith("sensor") : automation.kind === kind
  )
})

const summaryOf = Effect.fnUntraced(function*(evaluators: Evaluators, loaded: Loaded, name: string) {
  const found = yield* find(loaded, name)
  const known = yield* readKnown(evaluators)
  return found._tag === "Conditions" ? toConditions(loaded, known) : toAutomation(found.automation, known)
})

/** Sets where a sensor is. */
const setCursor = Effect.fnUntraced(function*(loaded: Loaded, name: string, cursor: string | null) {
  const found = yield* find(loaded, name)
  if (found._tag === "Conditions" || found.automation.kind === "schedule") {
    return yield* conflict(
      "NoCursor",
      found._tag === "Conditions"
        ? "Conditions have no cursor that can be set."
        : `The schedule ${quoted(name)} has no cursor: it goes by the clock.`
    )
  }
  const { kind } = found.automation
  const isPlace = kind === "assetSensor" || kind === "runSensor"
  if (cursor !== null && isPlace) {
    const place = placeOf(cursor)
    if (place === undefined) {
      return yield* invalid(
        "CursorError",
        `${quoted(cursor)} is no place in the event log, which the cursor of ${
          quoted(name)
        } is: give the number of an ` +
          "event, or clear it to look at what happens from now on."
      )
    }
    // it would see nothing until the log is there
    const newest = yield* newestCursor
    if (place > newest) {
      return yield* invalid(
        "CursorError",
        `${
          quoted(cursor)
        } is beyond the end of the event log, whose newest event has the number ${newest}: give that, or ` +
          "clear the cursor, to look at what happens from now on."
      )
    }
  }
  const store = yield* AutomationStore.AutomationStore
  yield* store.setState(name, { cursor })
})

// ---------------------------------------------------------------------------------------------------------------------
// ticks
// ---------------------------------------------------------------------------------------------------------------------

const everyStatus: ReadonlyArray<AutomationStore.QueueStatus> = [
  "Queued",
  "Launching",
  "Launched",
  "Failed",
  "Cancelled"
]

/** What the log knows of the runs that requests have led to. */
const runsOf = Effect.fnUntraced(function*(queued: ReadonlyArray<AutomationStore.QueuedRun>) {
  const ids = [...new Set(queued.flatMap(({ runId }) => runId === undefined ? [] : [runId]))]
  if (ids.length === 0) return new Map<string, Model.RunStatus>()
  const log = yield* EventLog.EventLog
  return new Map((yield* log.runs({ ids })).map(({ id, status }) => [id, status]))
})

const toTicks = Effect.fnUntraced(function*({ graph }: Loaded, ticks: ReadonlyArray<AutomationStore.Tick>) {
  const store = yield* AutomationStore.AutomationStore
  const ids = [...new Set(ticks.flatMap(({ requests }) => requests.map(({ queuedId }) => queuedId)))]
  const queued = ids.length === 0 ? [] : yield* store.queue({ ids, statuses: everyStatus })
  const items = new Map(queued.map((item) => [item.id, item]))
  const runs = yield* runsOf(queued)
  return ticks.map(({ requests, ...tick }): AutomationModel.TickModel => ({
    ...tick,
    requests: requests.map(({ deduplicated, queuedId, request }) => {
      const item = items.get(queuedId)
      const runStatus = runs.get(item?.runId ?? "")
      return {
        request: toRequest(graph, request),
        words: describeRequest(request),
        queuedId,
        deduplicated: deduplicated === true,
        ...(item !== undefined && { status: item.status }),
        ...(item?.waitingFor !== undefined && { waitingFor: item.waitingFor }),
        ...(runStatus !== undefined && { runId: item!.runId!, runStatus })
      }
    })
  }))
})

const ticksOf = Effect.fnUntraced(function*(loaded: Loaded, filter: AutomationModel.TickFilter) {
  const { before, kind, name, since, status } = filter
  const limit = limitOf(filter.limit, 50)
  const store = yield* AutomationStore.AutomationStore
  const ticks = yield* store.ticks({
    automation: name,
    ...(kind !== undefined && { kinds: [kind] }),
    ...(status !== undefined && { statuses: [status] }),
    since,
    before,
    limit: limit + 1
  })
  return pageOf(yield* toTicks(loaded, ticks), limit, ({ seq }) => seq)
})

const tickOf = Effect.fnUntraced(function*(loaded: Loaded, id: string) {
  const store = yield* AutomationStore.AutomationStore
  const tick = yield* store.tick(id)
  if (Option.isNone(tick)) {
    return yield* notFound("automation", id, `There is no tick ${quoted(id)}. It may be older than ticks are kept.`)
  }
  return (yield* toTicks(loaded, [tick.value]))[0]!
})

/** The time of a schedule that somebody asks for. */
const checkTime = Effect.fnUntraced(function*(self: Automation.Any | undefined, at: number | undefined) {
  if (at === undefined) return
  if (self?.kind !== "schedule") {
    return yield* invalid("TimeError", "A time can be given for a schedule: other automations are evaluated as of now.")
  }
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) {
    return yield* invalid("TimeError", `${at} is no time: give milliseconds since 1970.`)
  }
})

const ofStream = (name: string): Problem.Conflict =>
  conflict("NotTickable", `The sensor ${quoted(name)} cannot be asked: its stream tells when there is something.`)

const toTickProblem = (error: Daemon.DaemonError): Problem.Problem =>
  error.cause === undefined ? conflict("DaemonError", error.message) : problemOf(error.cause)

const tickNow = Effect.fnUntraced(function*(
  { byHand }: Evaluators,
  loaded: Loaded,
  name: string,
  at: number | undefined
) {
  const found = yield* find(loaded, name)
  const self = found._tag === "Automation" ? found.automation : undefined
  yield* checkTime(self, at)
  if (at !== undefined && at > (yield* Clock.currentTimeMillis)) {
    return yield* invalid("TimeError", "That time has not come: look at what the tick will request by a preview.")
  }
  if (self?.kind === "streamSensor") return yield* ofStream(name)
  const tick = yield* Effect.mapError(byHand.tickNow(name, { at }), toTickProblem)
  return Option.isNone(tick) ? {} : { tick: (yield* toTicks(loaded, [tick.value]))[0]! }
})

// ---------------------------------------------------------------------------------------------------------------------
// previews
// ---------------------------------------------------------------------------------------------------------------------

const pageSize = 500

/** What a sensor of events would be given now. */
const eventsFor = Effect.fnUntraced(function*(
  self: Extract<Automation.Any, { readonly kind: "assetSensor" | "runSensor" }>,
  cursor: string | undefined
) {
  // one that has never looked at the log begins with what happens from now on
  if (cursor === undefined) return []
  const log = yield* EventLog.EventLog
  return yield* Stream.runCollect(log.events({ ...Automation.eventFilter(self, cursor), limit: pageSize }))
})

type EvaluateOptions = Effect.Success<ReturnType<typeof evaluateOptions>>

/** The evaluation that the next tick would be. */
const evaluation = Effect.fnUntraced(function*(
  self: Exclude<Automation.Any, { readonly kind: "streamSensor" }>,
  state: State,
  options: EvaluateOptions,
  at: number
): Effect.fn.Return<Automation.Evaluation, EventLog.EventLogError, unknown> {
  const { cursor, lastScheduledAt, lastTick } = state
  switch (self.kind) {
    case "schedule":
      return yield* Automation.evaluateSchedule(self, { ...options, scheduledAt: at, lastTick: lastScheduledAt })
    case "sensor":
      return yield* Automation.evaluateSensor(self, { ...options, now: at, cursor, lastTickAt: lastTick?.startedAt })
    case "assetSensor": {
      const events = yield* eventsFor(self, cursor)
      return yield* Automation.evaluateAssetSensor(self, { ...options, now: at, cursor, events })
    }
    case "runSensor": {
      const failed = Automation.displaced(self, cursor)
      if (failed !== undefined) return failed
      const log = yield* EventLog.EventLog
      for (const event of yield* eventsFor(self, cursor)) {
        const [run] = "runId" in event && event.runId !== undefined ? yield* log.runs({ ids: [event.runId] }) : []
        if (run === undefined || !Automation.matchesRun(self, { ...options, event, run })) continue
        return yield* Automation.evaluateRunSensor(self, { ...options, now: at, event, run })
      }
      return { status: "Skipped", reason: "no run that it looks at has begun or ended since", requests: [] }
    }
  }
})

const failedBy = (cause: Cause.Cause<unknown>): Automation.Evaluation => ({
  status: "Failed",
  requests: [],
  error: recorded(
    Cause.hasInterruptsOnly(cause)
      ? Cause.fail(new Error("The program of the automation has interrupted itself."))
      : cause
  )
})

const evaluateNow = Effect.fnUntraced(function*(loaded: Loaded, name: string, at: number | undefined) {
  const found = yield* find(loaded, name)
  if (found._tag === "Conditions") {
    return yield* conflict(
      "NotPreviewed",
      "What conditions request depends on their own history: look at their latest evaluations instead."
    )
  }
  const { automation: self } = found
  yield* checkTime(self, at)
  if (self.kind === "streamSensor") return yield* ofStream(name)
  const store = yield* AutomationStore.AutomationStore
  const state = yield* store.state(name)
  const options = yield* evaluateOptions(loaded)
  const time = at ?? (yield* Clock.currentTimeMillis)
  // in a fiber of its own: the program of a user may interrupt itself
  const fiber = yield* Effect.forkChild(withLog(evaluation(self, state, options, time)), { startImmediately: true })
  const exit = yield* Fiber.await(fiber)
  const [{ error, requests, ...evaluated }, log] = Exit.isSuccess(exit)
    ? exit.value
    : [failedBy(exit.cause), ""] as const
  const consumed = yield* store.consumed(name, requests.flatMap(({ runKey }) => runKey === undefined ? [] : [runKey]))
  const preview: AutomationModel.EvaluationPreview = {
    name,
    kind: self.kind,
    ...(self.kind === "schedule" && { scheduledAt: time }),
    ...evaluated,
    ...(error !== undefined && { error }),
    ...(log !== "" && { log }),
    requests: requests.map((request) => ({
      request: toRequest(loaded.graph, request),
      words: describeRequest(request),
      deduplicated: request.runKey !== undefined && consumed.has(request.runKey)
    }))
  }
  return preview
})

const previewed = Effect.fnUntraced(function*(
  loaded: Loaded,
  { count, from, name }: Parameters<Service["previewSchedule"]>[0]
) {
  const found = yield* find(loaded, name)
  if (found._tag === "Conditions" || found.automation.kind !== "schedule") {
    return yield* conflict("NoSchedule", `${quoted(name)} is no schedule: when it is evaluated next is not known.`)
  }
  const { automation: self } = found
  const options = yield* evaluateOptions(loaded)
  const begin = from ?? (yield* Clock.currentTimeMillis) + 1
  if (!Number.isFinite(begin) || Math.abs(begin) > 8.64e15) {
    return yield* invalid("TimeError", `${begin} is no time: give milliseconds since 1970.`)
  }
  const times = Automation.nextTicks(self, { from: begin, count: limitOf(count, 5) })
  // a program may do anything: it is run when somebody asks for that
  const isPlain = Automation.programOf(self) === undefined
  const ticks: Array<AutomationModel.SchedulePreview["ticks"][number]> = []
  for (const at of times) {
    if (!isPlain) {
      ticks.push({ at })
      continue
    }
    const { error, reason, requests } = yield* Automation.evaluateSchedule(self, { ...options, scheduledAt: at })
    ticks.push({
      at,
      requests: requests.map(describeRequest),
      ...(reason !== undefined && { reason }),
      ...(error !== undefined && { error })
    })
  }
  return { name, timeZone: self.timeZone, ticks }
})

// ---------------------------------------------------------------------------------------------------------------------
// conditions
// ---------------------------------------------------------------------------------------------------------------------

const conditionsPage = Effect.fnUntraced(function*(loaded: Loaded, query: Parameters<Service["conditions"]>[0]) {
  const store = yield* AutomationStore.AutomationStore
  const limit = limitOf(query.limit)
  const search = query.search?.toLowerCase() ?? ""
  const places = conditionsOf(loaded).map((condition, at) => ({ ...condition, at }))
  const found = places.filter(({ at, key }) =>
    at > (query.after ?? -1) && (search === "" || key.toLowerCase().includes(search))
  )
  const page = pageOf(found.slice(0, limit + 1), limit, ({ at }) => at)
  const items = yield* Effect.forEach(
    page.items,
    ({ condition, key, kind }) =>
      Effect.map(store.evaluations({ key, limit: 1 }), ([last]): AutomationModel.ConditionModel => ({
        key,
        kind,
        ...(condition.label !== undefined && { label: condition.label }),
        words: Condition.explain(condition),
        ...(last !== undefined && {
          last: {
            seq: last.seq,
            evaluation: last.evaluation,
            timestamp: last.timestamp,
            requested: last.requested
          }
        })
      }))
  )
  return { ...page, items }
})

const evaluationsOf = Effect.fnUntraced(function*(loaded: Loaded, filter: AutomationModel.EvaluationFilter) {
  const store = yield* AutomationStore.AutomationStore
  const limit = limitOf(filter.limit, 20)
  const { before, key, tickId } = filter
  const evaluations = yield* store.evaluations({ key, tickId, before, limit: limit + 1 })
  if (evaluations.length === 0 && key !== undefined && before === undefined) {
    const known = conditionsOf(loaded).map(({ key }) => key)
    if (!known.includes(key) && Option.isNone(Graph.get(loaded.graph, key))) {
      return yield* notFound("asset", key, `There is no asset, check or job ${quoted(key)} that has a condition.`, [
        ...suggest(key, known)
      ])
    }
  }
  return pageOf(evaluations.map(toEvaluation), limit, ({ seq }) => seq)
})

// ---------------------------------------------------------------------------------------------------------------------
// jobs
// ---------------------------------------------------------------------------------------------------------------------

const maxKeys = 1_000
const shownRuns = 5

const isTargeting = (job: Job.Any) => ({ target }: Automation.Any): boolean =>
  Job.isJob(target) && target.name === job.name

const toJob = Effect.fnUntraced(function*(
  live: LiveRuns,
  { automations, graph }: Loaded,
  job: Job.Any,
  queued: ReadonlyArray<AutomationStore.QueuedRun>
) {
  const log = yield* EventLog.EventLog
  const { assets } = Graph.compiled(graph)
  // Definitions.make has read the selection
  const ids = Result.getOrElse(Plan.selectedIds(Graph.compiled(graph), job.select), () => new Uint8Array(0))
  const selected = assets.filter((_, id) => ids[id] === 1)
  const { keys, select = keys?.join(", ") } = plainSelect(job.select)
  const partitions = describeWanted(job.partitions)
  const checks = describeChecks(job.checks)
  const hooks = Job.hooks(job)
  const lastRuns = yield* log.runs({ tags: { job: job.name }, limit: shownRuns })
  const { config, hidden } = withoutSecrets(graph, job.config)
  const using = automations.filter(isTargeting(job))
  const model: AutomationModel.JobModel = {
    name: job.name,
    ...(job.description !== undefined && { description: job.description }),
    ...(select !== undefined && { select }),
    keys: selected.slice(0, maxKeys).map(({ key }) => key),
    assetCount: selected.length,
    partitioned: selected.some(({ partitions }) => partitions !== undefined),
    ...(partitions !== undefined && { partitions }),
    config,
    configHidden: hidden,
    tags: job.tags,
    ...(checks !== undefined && { checks }),
    onlyStale: job.onlyStale === true,
    ...(job.retries !== undefined && { retries: job.retries }),
    ...(job.priority !== undefined && { priority: job.priority }),
    hooks: { onSuccess: hooks.includes("onSuccess"), onFailure: hooks.includes("onFailure") },
    schedules: using.flatMap(({ kind, name }) => kind === "schedule" ? [name] : []),
    sensors: using.flatMap(({ kind, name }) => kind === "schedule" ? [] : [name]),
    ...(job.automation !== undefined && { condition: Condition.explain(job.automation) }),
    lastRuns: lastRuns.map((run) => toSummary(live, run)),
    queuedRuns: queued.filter(({ request }) => request.job === job.name).length
  }
  return model
})

const waiting = AutomationStore.AutomationStore.use((store) => store.queue())

// ---------------------------------------------------------------------------------------------------------------------
// queue
// ---------------------------------------------------------------------------------------------------------------------

const toQueued = (
  graph: Graph.Any,
  item: AutomationStore.QueuedRun,
  runs: ReadonlyMap<string, Model.RunStatus>
): AutomationModel.QueuedModel => {
  const { owner: _, request, runId, takenAt: __, ...rest } = item
  const runStatus = runs.get(runId ?? "")
  return {
    ...rest,
    request: toRequest(graph, request),
    words: describeRequest(request),
    ...(runStatus !== undefined && { runId: runId!, runStatus })
  }
}

const queueOf = Effect.fnUntraced(function*({ graph }: Loaded, filter: AutomationModel.QueueFilter) {
  const store = yield* AutomationStore.AutomationStore
  const { after, automation, status } = filter
  const limit = limitOf(filter.limit)
  // in the order in which runs are launched a place is no number that stays: as many are passed over as were told
  const isLive = status === undefined || status === "Queued" || status === "Launching"
  const passed = isLive ? after ?? 0 : 0
  const items = yield* store.queue({
    ...(status === undefined ? {} : { statuses: status === "All" ? everyStatus : [status] }),
    automation,
    order: isLive ? "launch" : "newest",
    ...(!isLive && after !== undefined && { after: { priority: 0, seq: after } }),
    limit: passed + limit + 1
  })
  const found = items.slice(passed)
  const runs = yield* runsOf(found)
  return pageOf(
    found.map((item) => toQueued(graph, item, runs)),
    limit,
    ({ seq }) => isLive ? passed + limit : seq
  )
})

const cancelQueued = Effect.fnUntraced(function*({ graph }: Loaded, id: string) {
  const store = yield* AutomationStore.AutomationStore
  const isCancelled = yield* store.cancelQueued(id)
  const [item] = yield* store.queue({ ids: [id], statuses: everyStatus })
  if (item === undefined) {
    return yield* notFound("request", id, `There is no requested run ${quoted(id)} in the queue.`)
  }
  if (isCancelled) return toQueued(graph, item, new Map())
  switch (item.status) {
    case "Launching":
      return yield* conflict("NotWaiting", "It is being launched: cancel the run once it has begun.")
    case "Launched":
      return yield* conflict(
        "NotWaiting",
        `It was launched${item.runId === undefined ? "" : ` as the run ${quoted(item.runId)}`}: cancel that.`
      )
    default:
      return yield* conflict("NotWaiting", `It does not wait any more: it is ${item.status.toLowerCase()}.`)
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// daemon
// ---------------------------------------------------------------------------------------------------------------------

const daemonOf = Effect.fnUntraced(function*({ here }: Evaluators, loaded: Loaded) {
  const store = yield* AutomationStore.AutomationStore
  const lease = (yield* store.leases).find(({ name, remainingMillis }) => name === leaseName && remainingMillis > 0)
  const states = yield* store.states
  const { Failed, Launching, Queued } = yield* store.queueCounts
  const status = here && (yield* here.status)
  const all = [
    ...loaded.automations.map(({ name, startRunning }) => states.get(name)?.running ?? startRunning),
    ...(conditionsOf(loaded).length > 0 ? [states.get(Daemon.conditions)?.running ?? true] : [])
  ]
  const model: AutomationModel.DaemonModel = {
    present: lease !== undefined,
    ...(lease !== undefined && { leader: lease.owner, since: lease.acquiredAt }),
    here: status !== undefined,
    leading: status?.leading === true,
    runsHere: status?.runsHere ?? 0,
    queued: Queued,
    launching: Launching,
    failed: Failed,
    running: all.filter((running) => running).length,
    automations: all.length,
    problems: status?.problems.map(({ message, part }) => `${part}: ${message}`) ?? []
  }
  return model
})

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

/** The operations on automation. */
type Operations = Pick<
  Service,
  | "automations"
  | "automation"
  | "startAutomation"
  | "stopAutomation"
  | "setCursor"
  | "tickNow"
  | "evaluateAutomation"
  | "previewSchedule"
  | "ticks"
  | "tick"
  | "conditions"
  | "evaluations"
  | "jobs"
  | "job"
  | "queue"
  | "cancelQueued"
  | "daemon"
>

/** @internal */
export const automationOperations = Effect.fnUntraced(function*(
  env: Env,
  live: LiveRuns
): Effect.fn.Return<Operations, never, Scope.Scope> {
  const here = Option.getOrUndefined(yield* Effect.serviceOption(Daemon.Daemon))
  const evaluators: Evaluators = {
    here,
    // without changes of definitions it does nothing by itself
    byHand: here ?? (yield* Daemon.make({ use: (f) => env.deployment.use(f), changes: Stream.never }))
  }

  const available = <A>(
    f: (loaded: Loaded) => Effect.Effect<A, unknown, unknown>
  ): Effect.Effect<A, Problem.Unavailable> => toAvailable(env.within(f))
  const lookup = <A>(f: (loaded: Loaded) => Effect.Effect<A, unknown, unknown>) => toLookup(env.within(f))
  const request = <A>(f: (loaded: Loaded) => Effect.Effect<A, unknown, unknown>) => toProblems(env.within(f))

  const switched = (name: string, running: boolean) =>
    request((loaded) =>
      Effect.gen(function*() {
        yield* find(loaded, name)
        const store = yield* AutomationStore.AutomationStore
        yield* store.setState(name, { running })
        return yield* summaryOf(evaluators, loaded, name)
      })
    )

  return {
    automations: (filter) => available((loaded) => listed(evaluators, loaded, filter)),
    automation: (name) => lookup((loaded) => summaryOf(evaluators, loaded, name)),
    startAutomation: (name) => switched(name, true),
    stopAutomation: (name) => switched(name, false),
    setCursor: (name, cursor) =>
      request((loaded) => Effect.andThen(setCursor(loaded, name, cursor), summaryOf(evaluators, loaded, name))),
    tickNow: (name, options) => request((loaded) => tickNow(evaluators, loaded, name, options?.at)),
    evaluateAutomation: (name, options) => request((loaded) => evaluateNow(loaded, name, options?.at)),
    previewSchedule: (query) => request((loaded) => previewed(loaded, query)),
    ticks: (filter) => lookup((loaded) => ticksOf(loaded, filter)),
    tick: (id) => lookup((loaded) => tickOf(loaded, id)),
    conditions: (query) => available((loaded) => conditionsPage(loaded, query)),
    evaluations: (filter) => lookup((loaded) => evaluationsOf(loaded, filter)),
    jobs: available((loaded) =>
      Effect.flatMap(waiting, (queued) => Effect.forEach(loaded.jobs, (job) => toJob(live, loaded, job, queued)))
    ),
    job: (name) =>
      lookup((loaded) =>
        Effect.gen(function*() {
          return yield* toJob(live, loaded, yield* findJob(loaded, name), yield* waiting)
        })
      ),
    queue: (filter) => available((loaded) => queueOf(loaded, filter)),
    cancelQueued: (id) => request((loaded) => cancelQueued(loaded, id)),
    daemon: available((loaded) => daemonOf(evaluators, loaded))
  }
})
