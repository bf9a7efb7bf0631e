/**
 * The queue of a daemon, and what it does about runs that nobody ends.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import * as Job from "../Job.ts"
import * as RunLogs from "../RunLogs.ts"
import * as Runtime from "../Runtime.ts"
import { type Admission, CurrentAdmission } from "./admission.ts"
import { headOf } from "./daemonAutomations.ts"
import { type Backoff, type Backoffs, makeBackoffs } from "./daemonBackoff.ts"
import { admit, jobOf, launch, requestAgain, secondsOf, tagsOf } from "./daemonLaunch.ts"
import { dependent } from "./daemonOrder.ts"
import { choose, type Waiting } from "./daemonQueue.ts"
import { conditionsName, processLease, type Session, within } from "./daemonSession.ts"
import { processTag, queuedTag, resumesTag } from "./runTags.ts"

/** What a daemon runs: it outlives the definitions that it was begun with. */
export interface Runs {
  /** The fibers by the id in the queue, or of the run that is resumed. */
  readonly fibers: FiberMap.FiberMap<string, void, unknown>
  /** Is open when something has ended since it was closed. */
  readonly ended: Latch.Latch
  /** Begins something that goes on when this daemon does not act any more. Nothing if the definitions are others now. */
  readonly begin: (session: Session, id: string, effect: Effect.Effect<void, unknown>) => Effect.Effect<void>
}

const tagOf = (run: EventLog.RunRecord, name: string): string | undefined =>
  Object.hasOwn(run.tags, name) ? run.tags[name] : undefined

// ---------------------------------------------------------------------------------------------------------------------
// queue
// ---------------------------------------------------------------------------------------------------------------------

/** Runs that a daemon has launched, one for each request: one that was retried, or a backfill, is several. */
const countedRuns = (running: ReadonlyArray<EventLog.RunRecord>): ReadonlyMap<string, EventLog.RunRecord["tags"]> =>
  new Map(running.flatMap((run) => {
    const id = tagOf(run, queuedTag) ?? (tagOf(run, processTag) === undefined ? undefined : run.id)
    return id === undefined ? [] : [[id, run.tags]]
  }))

const retryMillis = 1_000

/** What the queue was like before. */
interface Before {
  readonly ids: Set<string>
  readonly backoffsOf: Backoffs
  /** How long requests have to wait: looked up once, since it does not change while they wait. */
  readonly backoffs: Map<string, Backoff | undefined>
}

/** So many requests are read at first, and more only where none of them fills the places that there are. */
const pageSize = 100
const pageGrowth = 4
const debounceMillis = 50

/** Launches what may begin of some requests that wait. Gives when to look again, and the tags of what is launched. */
const launchSome = Effect.fnUntraced(function*(
  session: Session,
  runs: Runs,
  before: Before,
  queued: ReadonlyArray<AutomationStore.QueuedRun>,
  running: ReadonlyArray<EventLog.RunRecord["tags"]>
) {
  const { loaded, settings, store } = session
  const { blocked, failed, until: changing } = yield* dependent(
    session,
    queued,
    (id) => FiberMap.hasUnsafe(runs.fibers, id)
  )
  for (const [id, message] of failed) {
    yield* store.failed(id, { tag: "UpstreamFailed", message, cause: message })
  }
  const now = yield* Clock.currentTimeMillis
  const fresh = queued.filter(({ automation, id }) => automation === conditionsName && !before.backoffs.has(id))
  const found = yield* before.backoffsOf(fresh, now)
  for (const { id } of fresh) before.backoffs.set(id, found.get(id))
  const waiting = queued.filter(({ id }) => !failed.has(id)).map((item): Waiting => {
    const backoff = before.backoffs.get(item.id)
    const isLonger = backoff !== undefined && backoff.notBefore > (item.notBefore ?? -Infinity)
    return {
      id: item.id,
      blocked: blocked.get(item.id),
      seq: item.seq,
      priority: item.priority,
      ...(isLonger ? backoff : { notBefore: item.notBefore }),
      tags: tagsOf(loaded, item)
    }
  })
  const choice = choose({
    queued: waiting,
    running,
    limits: {
      maxRuns: maxRunsOf(session),
      tags: [...loaded.queue?.tags ?? [], ...settings.tagLimits ?? []]
    },
    now
  })
  const byId = new Map(queued.map((item) => [item.id, item]))
  let until = Math.min(choice.until, changing)
  for (const id of choice.launch) {
    // one that could not be taken is about to end
    if (yield* FiberMap.has(runs.fibers, id)) until = Math.min(until, now + retryMillis)
    else yield* runs.begin(session, id, launch(session, byId.get(id)!))
  }
  const news = choice.waiting.filter(({ id, reason }) => byId.get(id)!.waitingFor !== reason)
  if (news.length > 0) yield* store.setWaiting(news)
  return { until, launched: choice.launch.map((id) => tagsOf(loaded, byId.get(id)!)) }
})

const maxRunsOf = ({ loaded, settings }: Session): number => loaded.queue?.maxRuns ?? settings.maxRuns ?? Infinity

/** Launches what may begin. Gives when to look again. */
const dequeue = Effect.fnUntraced(function*(session: Session, runs: Runs, before: Before) {
  const { loaded, log, signals, store } = session
  const launching = yield* store.queue({ statuses: ["Launching"] })
  const known = new Set(launching.map(({ id }) => id))
  let running: ReadonlyArray<EventLog.RunRecord["tags"]> | undefined
  let until = Infinity
  let last: AutomationStore.QueuedRun | undefined
  let isMore = true
  // a queue of any length takes few queries, and where every place is taken only its beginning is read
  for (let limit = pageSize; isMore && (running?.length ?? -1) < maxRunsOf(session); limit *= pageGrowth) {
    const queued = yield* store.queue({ statuses: ["Queued"], after: last, limit })
    isMore = queued.length === limit
    last = queued.at(-1)
    if (last === undefined) break
    for (const { id } of queued) known.add(id)
    if (running === undefined) {
      const counted = new Map(countedRuns(yield* log.runs({ statuses: ["Running"] })))
      for (const item of launching) if (!counted.has(item.id)) counted.set(item.id, tagsOf(loaded, item))
      running = [...counted.values()]
    }
    const some = yield* launchSome(session, runs, before, queued, running)
    until = Math.min(until, some.until)
    running = [...running, ...some.launched]
  }
  // conditions take what waits for something that is in progress
  if ([...before.ids].some((id) => !known.has(id))) signals.conditions.notify()
  before.ids.clear()
  for (const id of known) before.ids.add(id)
  // what was not read may wait still
  if (!isMore) { for (const id of before.backoffs.keys()) if (!known.has(id)) before.backoffs.delete(id) }
  return until
})

/** @internal */
export const runQueue = Effect.fnUntraced(function*(session: Session, runs: Runs) {
  const { queue } = session.signals
  const before: Before = { ids: new Set(), backoffsOf: yield* makeBackoffs(session), backoffs: new Map() }
  while (true) {
    yield* queue.wait(yield* dequeue(session, runs, before))
    // while nothing may begin before something has ended that goes on here, what happens is looked at together
    runs.ended.closeUnsafe()
    if ((yield* FiberMap.size(runs.fibers)) >= maxRunsOf(session)) {
      yield* Effect.raceFirst(runs.ended.await, Effect.sleep(debounceMillis))
    }
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// monitoring
// ---------------------------------------------------------------------------------------------------------------------

const processEnded = "The process that ran it has ended."
const unrecorded = "It has ended, and its end could not be recorded."

/** Records the end of a run that nobody ends; if its process lives after all, it is to stop. */
const endLost = Effect.fnUntraced(function*(
  session: Session,
  run: EventLog.RunRecord,
  reason: string,
  status: EventLog.RunStatus = run.cancelRequested ? "Cancelled" : "Failed"
) {
  yield* session.log.append(endOf(run, status, reason, yield* Clock.currentTimeMillis))
})

const endOf = (
  { cancelRequested, id, startedAt }: EventLog.RunRecord,
  status: EventLog.RunStatus,
  reason: string,
  timestamp: number
): ReadonlyArray<EventLog.Event> => [
  ...(cancelRequested ? [] : [{ _tag: "RunCancelRequested", runId: id, timestamp, reason } as const]),
  { _tag: "RunFinished", runId: id, timestamp, status, durationMillis: timestamp - startedAt }
]

/** This daemon ends, and so does what it has resumed. */
const cutShort = Effect.fnUntraced(function*(session: Session, resumed: EventLog.RunRecord) {
  const id = tagOf(resumed, queuedTag)
  if (id === undefined) return
  const [item] = yield* session.store.queue({ ids: [id], statuses: ["Launched"] })
  const [run] = yield* session.log.runs({ tags: { [queuedTag]: id }, limit: 1 })
  if (item !== undefined) yield* requestAgain(session, item, run)
})

/** Whether a fiber of this daemon sees to a run: that of its request, or one that resumes what it is or goes on with. */
const isHere = ({ fibers }: Runs, run: EventLog.RunRecord): boolean =>
  [tagOf(run, queuedTag), run.id, run.retryOf].some((id) => id !== undefined && FiberMap.hasUnsafe(fibers, id))

const lost = Effect.fnUntraced(function*(session: Session, runs: Runs, id: string, reason: string) {
  const { loaded, log, owner, settings } = session
  // its process may have ended it before it ended itself
  const [run] = yield* log.runs({ ids: [id], statuses: ["Running"] })
  if (run === undefined) return
  const resumes = secondsOf(tagOf(run, resumesTag)) ?? 0
  if (run.cancelRequested || run.backfillId !== undefined || resumes >= settings.maxResumes) {
    return yield* endLost(session, run, reason)
  }
  yield* Effect.logInfo(`The run ${run.id} is resumed. ${reason}`)
  const queued = tagOf(run, queuedTag)
  // a retry has none of the tags by which daemons find runs, unless it is given them
  const tags = {
    ...(queued !== undefined && { [queuedTag]: queued }),
    [processTag]: owner,
    [resumesTag]: String(resumes + 1)
  }
  // who stood still may find that another one has resumed it
  const admission: Admission = (started) =>
    admit(
      Effect.map(log.runs({ retryOf: run.id }), (retries) => retries.at(-1)?.id === started),
      "Another process has resumed it."
    )
  const job = jobOf(loaded, tagOf(run, "job"))
  const retried = Runtime.retry(loaded.graph as Graph.Graph<Graph.Assets>, run.id, { tags }).pipe(
    Effect.provideService(CurrentAdmission, admission),
    Effect.tap((ended) => job === undefined ? Effect.void : Job.hooked(job, ended))
  )
  yield* runs.begin(
    session,
    run.id,
    within(loaded, retried).pipe(
      Effect.asVoid,
      Effect.onInterrupt(() => cutShort(session, run)),
      // nothing is left to do, say: then it may have ended it
      Effect.catchTag(
        "RunNotPossibleError",
        (error) =>
          Effect.flatMap(
            log.runs({ ids: [run.id], statuses: ["Running"] }),
            (running) => running.length === 0 ? Effect.logInfo(error.message) : endLost(session, run, error.message)
          )
      )
    )
  )
})

/** A backfill whose end is not recorded. */
interface Backfill {
  /** The place of its beginning in the log: it has another one when it is resumed. */
  readonly cursor: number
  readonly startedAt: number
  /** When somebody was seen to want its end. */
  cancelling: number | undefined
}

/** What is known of what goes on. */
interface Watched {
  /** When somebody was seen to want the end of a run, and what it is to end as. */
  readonly cancelling: Map<string, { readonly since: number; readonly status: "Cancelled" | "Failed" }>
  readonly backfills: Map<string, Backfill>
  backfillsUpTo: number
}

const backfillTags = ["BackfillStarted", "BackfillCancelRequested", "BackfillFinished"] as const

/** Reads what has become of backfills since they were read before. */
const readBackfills = Effect.fnUntraced(function*({ log }: Session, watched: Watched, now: number) {
  const { backfills } = watched
  // the log has no index of kinds: nothing is looked at twice
  let newest = yield* headOf(log)
  const events = log.events({ tags: backfillTags, after: watched.backfillsUpTo })
  yield* Stream.runForEachArray(events, (page) =>
    Effect.sync(() => {
      for (const event of page) {
        newest = Math.max(newest, event.cursor)
        if (event._tag === "BackfillStarted") {
          const { backfillId, cursor, timestamp } = event
          backfills.set(backfillId, { cursor, startedAt: timestamp, cancelling: undefined })
        } else if (event._tag === "BackfillFinished") backfills.delete(event.backfillId)
        else if (event._tag === "BackfillCancelRequested") {
          const backfill = backfills.get(event.backfillId)
          if (backfill !== undefined) backfill.cancelling ??= now
        }
      }
    }))
  watched.backfillsUpTo = newest
})

/** Records the end of a backfill that was to end and that nobody ends, and of its runs. */
const endBackfill = Effect.fnUntraced(function*(
  { log }: Session,
  backfillId: string,
  { cursor, startedAt }: Backfill,
  reason: string
) {
  // it may have ended, or been resumed, meanwhile
  const since = { backfillId, tags: ["BackfillStarted", "BackfillFinished"], after: cursor, limit: 1 } as const
  if (Option.isSome(yield* Stream.runHead(log.events(since)))) return
  const running = yield* log.runs({ backfillId, statuses: ["Running"] })
  const timestamp = yield* Clock.currentTimeMillis
  yield* log.append([
    ...running.flatMap((run) => endOf(run, "Cancelled", reason, timestamp)),
    { _tag: "BackfillFinished", backfillId, timestamp, status: "Cancelled", durationMillis: timestamp - startedAt }
  ])
})

/** Gives when to look again. */
const inspect = Effect.fnUntraced(function*(session: Session, runs: Runs, watched: Watched) {
  const { log, owner, settings, store } = session
  const { cancelling } = watched
  const running = yield* log.runs({ statuses: ["Running"] })
  const launching = yield* store.queue({ statuses: ["Launching"] })
  // a process that has begun something since has its lease by now
  const leases = yield* store.leases
  const now = yield* Clock.currentTimeMillis
  const alive = new Set(leases.flatMap(({ name, remainingMillis }) => remainingMillis > 0 ? [name] : []))
  const lives = (by: string) => by === owner || alive.has(processLease(by))
  let until = Infinity
  for (const item of launching) {
    if (item.owner === undefined || (item.owner === owner && (yield* FiberMap.has(runs.fibers, item.id)))) continue
    if (item.owner !== owner && lives(item.owner)) {
      until = Math.min(until, now + settings.leaseMillis)
      continue
    }
    // one of another process was not admitted
    const [known] = yield* log.runs({ tags: { [queuedTag]: item.id, [processTag]: item.owner } })
    if (known === undefined) yield* store.requeue(item.id, { owner: item.owner })
    else yield* store.launched(item.id, known.backfillId ?? known.id, item.owner)
    session.signals.queue.notify()
  }
  for (const id of cancelling.keys()) if (!running.some((run) => run.id === id)) cancelling.delete(id)
  for (const run of running) {
    const by = tagOf(run, processTag)
    if (by !== undefined) {
      if (by === owner ? !isHere(runs, run) : !lives(by)) {
        yield* lost(session, runs, run.id, by === owner ? unrecorded : processEnded)
        continue
      }
      until = Math.min(until, now + settings.leaseMillis)
    }
    const seconds = secondsOf(tagOf(run, "max_runtime")) ?? settings.maxRuntimeSeconds
    const deadline = seconds === undefined ? Infinity : run.startedAt + seconds * 1000
    let status: "Cancelled" | "Failed" = "Cancelled"
    if (!run.cancelRequested) {
      if (now <= deadline) {
        until = Math.min(until, deadline + 1)
        continue
      }
      // whoever is told of failures is told of it
      status = "Failed"
      // it may have ended meanwhile
      yield* Effect.catchTag(
        Runtime.cancel(run.id, { reason: `Exceeded maximum runtime of ${seconds} seconds.`, status }),
        "RunNotPossibleError",
        () => Effect.void
      ).pipe(Effect.provideContext(session.loaded.context as never))
    }
    const known = cancelling.get(run.id) ?? { since: now, status }
    cancelling.set(run.id, known)
    const timeout = known.since + settings.cancelTimeoutMillis
    if (now >= timeout) {
      const reason = `It did not end within ${settings.cancelTimeoutMillis / 1000} seconds.`
      yield* endLost(session, run, reason, known.status)
    } else until = Math.min(until, timeout)
  }
  yield* readBackfills(session, watched, now)
  for (const [id, backfill] of watched.backfills) {
    const since = backfill.cancelling ?? Infinity
    if (now < since + settings.cancelTimeoutMillis) until = Math.min(until, since + settings.cancelTimeoutMillis)
    else {
      const reason = `Its backfill did not end within ${settings.cancelTimeoutMillis / 1000} seconds.`
      yield* endBackfill(session, id, backfill, reason)
    }
  }
  for (const { name, owner: by, remainingMillis } of leases) {
    if (name === processLease(by) && remainingMillis <= 0) yield* store.release(name, by)
  }
  return until
})

/** @internal */
export const runMonitor = Effect.fnUntraced(function*(session: Session, runs: Runs) {
  const watched: Watched = { cancelling: new Map(), backfills: new Map(), backfillsUpTo: 0 }
  while (true) {
    const until = yield* inspect(session, runs, watched)
    yield* session.signals.monitor.wait(until)
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// retention
// ---------------------------------------------------------------------------------------------------------------------

const day = 86_400_000

const prune = Effect.fnUntraced(function*({ loaded, log, settings, store }: Session) {
  const { events, runLogs, ...own } = settings.retention
  if (Object.keys(own).length > 0) yield* store.prune(own)
  if (events !== undefined) yield* log.prune(events)
  if (runLogs === undefined) return
  const oldest = (yield* Clock.currentTimeMillis) - Duration.toMillis(runLogs)
  const logs = yield* within(loaded, Effect.map(RunLogs.RunLogs, (logs) => logs))
  const ids = yield* logs.runs
  for (let from = 0; from < ids.length; from += 500) {
    const page = ids.slice(from, from + 500)
    const known = new Map((yield* log.runs({ ids: page })).map((run) => [run.id, run]))
    const gone = page.filter((id) => {
      const run = known.get(id)
      return run === undefined || (run.finishedAt ?? Infinity) < oldest
    })
    if (gone.length > 0) yield* logs.delete(gone)
  }
})

/** @internal */
export const runRetention = (session: Session) => Effect.forever(Effect.andThen(prune(session), Effect.sleep(day)))

/**
 * What a run that goes on in the background comes to is in the log; what else fails is told here.
 *
 * @internal
 */
export const toldOf = (id: string) => <E>(cause: Cause.Cause<E>): Effect.Effect<void> =>
  Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(`What the daemon has begun (${id}) has failed`, cause)

/** Where requested runs are, by status. */
export type Counts = Effect.Success<AutomationStore.Service["queueCounts"]>
