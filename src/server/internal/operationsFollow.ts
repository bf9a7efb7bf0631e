/**
 * Following a run: what is recorded of it and what is not, and what its programs log.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as EventLog from "../../EventLog.ts"
import * as RunLogs from "../../RunLogs.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import type { Service } from "../Operations.ts"
import type * as Problem from "../Problem.ts"
import { type Env, newestCursor } from "./operationsEnv.ts"
import { isOutcome, toAssetEvent, toCheckEvent } from "./operationsEvents.ts"
import { knownOf } from "./operationsGraph.ts"
import type { LiveRuns } from "./operationsLive.ts"
import { limitOf, pageOf } from "./operationsPages.ts"
import { invalid, toLookup, toProblems } from "./operationsProblems.ts"
import { recordOf } from "./operationsRuns.ts"
import { countOf } from "./operationsText.ts"

type Lookup = Problem.NotFound | Problem.Unavailable

/** A stream of what is loaded, which stays as it is as long as somebody reads it. */
export const streamWithin = <A>(
  env: Env,
  f: (loaded: Deployment.Loaded) => Stream.Stream<A, unknown, unknown>
): Stream.Stream<A, Lookup> =>
  Stream.callback<A, Lookup>(
    (queue) =>
      toLookup(env.within((loaded) => Stream.runForEach(f(loaded), (item) => Queue.offer(queue, item)))).pipe(
        // also when the deployment is stopped: nobody waits for more then
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) Queue.endUnsafe(queue)
            else Queue.failCauseUnsafe(queue, exit.cause)
          })
        )
      ),
    { bufferSize: 16 }
  )

/** At most so many at once, and no more often than a screen is drawn. */
const chunkSize = 1_000
const chunkTime = "16 millis"

/** What is known to have ended is not told to begin: those who tell of it are not as fast as the log. */
const maxFinished = 50_000

const finishedPlace = (key: string, partition: string | undefined): string =>
  partition === undefined ? key : `${key.length} ${key} ${partition}`

const toRunEvent = (loaded: Deployment.Loaded, event: EventLog.LoggedEvent): Model.RunEvent | undefined => {
  if (isOutcome(event)) return { _tag: "AssetFinished", event: toAssetEvent(event) }
  const { cursor, timestamp } = event
  switch (event._tag) {
    case "RunStarted":
      return {
        _tag: "RunStarted",
        cursor,
        timestamp,
        keys: event.keys,
        ...(event.partitions !== undefined && {
          partitions: Object.fromEntries(
            Object.entries(event.partitions).map(([key, partitions]) => [key, countOf(partitions)])
          )
        })
      }
    case "CheckEvaluated":
      return {
        _tag: "CheckFinished",
        check: toCheckEvent(event, knownOf(loaded).descriptions.get(event.key)?.get(event.check))
      }
    case "RunCancelRequested":
      return {
        _tag: "CancelRequested",
        cursor,
        timestamp,
        ...(event.reason !== undefined && { reason: event.reason })
      }
    case "RunFinished":
      return { _tag: "RunFinished", cursor, timestamp, status: event.status, durationMillis: event.durationMillis }
    default:
      return undefined
  }
}

const followed = Effect.fnUntraced(function*(
  live: LiveRuns,
  loaded: Deployment.Loaded,
  id: string,
  after: number
) {
  const log = yield* EventLog.EventLog
  // before the log is read: whatever begins from now on is told
  const ephemeral = yield* live.subscribe(id)
  const record = yield* recordOf(id)
  // a cursor that is yet to come is one of another log
  const filter = { runId: id, after: after === 0 ? 0 : Math.min(after, yield* newestCursor) }
  // the log of a run that has ended does not grow any more, and its end may be before the cursor
  const logged = record.status === "Running" ? log.tail(filter) : log.events(filter)
  const finished = new Set<string>()
  const hasBegun = Latch.makeUnsafe(filter.after >= record.cursor)
  const recorded = Stream.filterMap(logged, (event) => {
    hasBegun.openUnsafe()
    const told = toRunEvent(loaded, event)
    if (told?._tag === "AssetFinished") {
      if (finished.size >= maxFinished) finished.clear()
      finished.add(finishedPlace(told.event.key, told.event.partition))
    }
    return told === undefined ? Result.failVoid : Result.succeed(told)
  })
  // the beginning of the run is told first
  const begun = Stream.filter(
    Stream.unwrap(Effect.as(hasBegun.await, ephemeral)),
    (event) => event._tag !== "AssetStarted" || !finished.has(finishedPlace(event.key, event.partition))
  )
  return Stream.merge(recorded, begun, { haltStrategy: "left" }).pipe(
    Stream.takeUntil((event) => event._tag === "RunFinished"),
    Stream.groupedWithin(chunkSize, chunkTime)
  )
})

// ---------------------------------------------------------------------------------------------------------------------
// logs
// ---------------------------------------------------------------------------------------------------------------------

const levels: ReadonlyArray<RunLogs.Entry["level"]> = ["Fatal", "Error", "Warn", "Info", "Debug", "Trace"]

/** A level by its name, in any case. */
const levelOf = (name: string): RunLogs.Entry["level"] | undefined =>
  levels.find((level) => level.toLowerCase() === name.toLowerCase())

const toLogEntry = (
  { cause, check, key, level, message, partition, seq, step, timestamp }: RunLogs.Entry
): Model.LogEntry => ({
  seq,
  timestamp,
  level,
  message,
  ...(cause !== undefined && { cause }),
  ...(key !== undefined && { key }),
  ...(partition !== undefined && { partition }),
  ...(check !== undefined && { check }),
  ...(step !== undefined && { step })
})

const logOf = Effect.fnUntraced(function*(id: string, query: Parameters<Service["runLog"]>[1]) {
  yield* recordOf(id)
  const { after, key } = query
  const limit = limitOf(query.limit, 1_000)
  const level = query.level === undefined ? undefined : levelOf(query.level)
  if (query.level !== undefined && level === undefined) {
    return yield* invalid("LogLevelError", `There is no such level. Give one of ${levels.join(", ")}.`)
  }
  const logs = yield* RunLogs.RunLogs
  const entries = yield* logs.read(id, { after, key, level, limit: limit + 1 })
  return pageOf(entries.map(toLogEntry), limit, (entry) => entry.seq)
})

/** @internal */
export const followOperations = (
  env: Env,
  live: LiveRuns
): Pick<Service, "followRun" | "followLog" | "runLog"> => ({
  followRun: (id, after = 0) =>
    streamWithin(env, (loaded) => Stream.unwrap(followed(live, loaded, id, Math.max(0, after)))),
  followLog: (id, after = 0) =>
    streamWithin(env, () =>
      Stream.unwrap(Effect.as(
        recordOf(id),
        RunLogs.follow(id, { after: Math.max(0, after) }).pipe(
          Stream.map(toLogEntry),
          Stream.groupedWithin(chunkSize, chunkTime)
        )
      ))),
  runLog: (id, query) => toProblems(env.within(() => logOf(id, query)))
})
