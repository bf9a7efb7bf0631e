/**
 * How a requested run is launched: once, whoever tries, and by whoever has taken it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Catalog from "../Catalog.ts"
import type * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import * as Job from "../Job.ts"
import * as Runtime from "../Runtime.ts"
import { type Admission, CurrentAdmission } from "./admission.ts"
import { remaining } from "./daemonRemaining.ts"
import { conditionsName, type Loaded, type Session, within } from "./daemonSession.ts"
import { recorded } from "./recorded.ts"
import { processTag, queuedTag } from "./runTags.ts"

type Item = AutomationStore.QueuedRun

class LaunchError extends Data.TaggedError("LaunchError")<{ readonly message: string }> {}

/**
 * Of what is requested anew since the end of a daemon has cut it short: the run it stands for, of several the first one.
 *
 * @internal
 */
export const insteadOfTag = "instead_of"

/** @internal */
export const secondsOf = (text: string | undefined): number | undefined => {
  const seconds = text === undefined ? NaN : Number(text)
  return seconds > 0 && seconds < Infinity ? seconds : undefined
}

/** Follows one run that a daemon has launched, and those that retry it. */
export interface Follower {
  readonly tell: (progress: Runtime.Progress<Graph.Assets>, now: number) => void
  readonly end: () => void
}

/**
 * Who is told of the progress of runs while they go on: nobody, unless the host of the daemon wants to know.
 *
 * @internal
 */
export const CurrentFollow: Context.Reference<(() => Follower) | undefined> = Context.Reference(
  "effect-assets/Daemon/Follow",
  { defaultValue: (): (() => Follower) | undefined => undefined }
)

/** @internal */
export const jobOf = ({ jobs }: Loaded, name: string | undefined): Job.Any | undefined =>
  name === undefined ? undefined : jobs.find((job) => job.name === name)

/**
 * The tags of the run that an item of the queue will be.
 *
 * @internal
 */
export const tagsOf = (
  loaded: Loaded,
  { automation, id, request, tickId }: Item
): { readonly [name: string]: string } => ({
  ...jobOf(loaded, request.job)?.tags,
  ...request.tags,
  ...(request.job !== undefined && { job: request.job }),
  ...(automation !== undefined && { automation }),
  ...(tickId !== undefined && { tick: tickId }),
  [queuedTag]: id
})

/** Runs what is requested. */
const run = Effect.fnUntraced(function*(
  loaded: Loaded,
  item: Item,
  tags: { readonly [name: string]: string },
  onStarted: (runId: string) => void
): Effect.fn.Return<string | undefined, unknown, unknown> {
  const isOfConditions = tags["automation"] === conditionsName
  const left = isOfConditions ? yield* remaining(loaded, item.request) : Result.succeed(item.request)
  if (Result.isFailure(left)) return yield* new LaunchError({ message: left.failure })
  const request = left.success
  // assets of any type: what they need is in the type of their definitions
  const graph = loaded.graph as Graph.Graph<Graph.Assets>
  const job = jobOf(loaded, request.job)
  if (request.job !== undefined && job === undefined) {
    const names = loaded.jobs.map(({ name }) => name).join(", ")
    const known = names === "" ? "there are no jobs" : `jobs are ${names}`
    return yield* new LaunchError({ message: `There is no job "${request.job}" any more: ${known}.` })
  }
  const { assets, ids } = Graph.compiled(loaded.graph)
  for (const key of request.observe ?? []) {
    const id = ids.get(key)
    if (id === undefined) return yield* Graph.unknownAsset(Graph.compiled(loaded.graph), key)
    yield* Catalog.observe(assets[id]!)
  }
  const select = request.keys ?? request.select
  if (job === undefined && select === undefined) return undefined
  const { checks, config, onlyStale, partition, partitions } = request
  const common = {
    ...(select !== undefined && { select }),
    ...(checks !== undefined && { checks }),
    // it is checked when the run is prepared
    ...(config !== undefined && { config: config as Runtime.RunOptions<Graph.Assets>["config"] }),
    ...(onlyStale !== undefined && { onlyStale }),
    tags
  }
  const follower = (yield* CurrentFollow)?.()
  const options: Runtime.RunOptions<Graph.Assets> = {
    ...common,
    ...(partition !== undefined && { partition }),
    ...(partitions !== undefined && { partitions }),
    onProgress: (progress) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (progress._tag === "RunStarted") onStarted(progress.runId)
        follower?.tell(progress, now)
      })
  }
  const running: Effect.Effect<Runtime.Run<Graph.Assets>, unknown, unknown> = job === undefined
    ? Runtime.run(graph, options)
    : Job.run(graph, job, options)
  const ended = yield* Effect.ensuring(running, Effect.sync(() => follower?.end()))
  return ended.id
})

/**
 * Requests anew what an automation wants and the end of this daemon has cut short, but not what somebody has cancelled: its
 * trigger is used up, and nobody else would ask for it.
 *
 * @internal
 */
export const requestAgain = Effect.fnUntraced(function*(
  { loaded, store }: Session,
  item: Item,
  run: EventLog.RunRecord | undefined
) {
  const { automation, tick, [insteadOfTag]: first } = tagsOf(loaded, item)
  if (run?.status !== "Cancelled" || run.cancelRequested) return
  if (item.automation === undefined && first === undefined) return
  yield* store.enqueue([{
    ...item.request,
    tags: {
      ...item.request.tags,
      ...(automation !== undefined && { automation }),
      ...(tick !== undefined && { tick }),
      [insteadOfTag]: first ?? run.id
    }
  }])
})

/**
 * Fails where a run has not begun in time. What only observes has none, and may take as long as a run.
 */
const tooLate = (
  { settings }: Session,
  { request: { job, keys, observe, select } }: Item,
  tags: { readonly [name: string]: string },
  hasBegun: () => boolean
): Effect.Effect<never, LaunchError> => {
  const observes = observe !== undefined && job === undefined && keys === undefined && select === undefined
  const seconds = observes
    ? secondsOf(tags["max_runtime"]) ?? settings.maxRuntimeSeconds
    : settings.startTimeoutMillis / 1000
  if (seconds === undefined) return Effect.never
  const message = observes
    ? `Exceeded maximum runtime of ${seconds} seconds.`
    : `It did not begin within ${seconds} seconds.`
  return Effect.andThen(
    Effect.sleep(seconds * 1000),
    Effect.suspend(() => hasBegun() ? Effect.never : new LaunchError({ message }))
  )
}

const maxAttempts = 3
const retryMillis = 30_000

/** What may be gone the next time. */
const isPassing = (cause: Cause.Cause<unknown>): boolean => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return typeof error === "object" && error !== null && "_tag" in error &&
    (error._tag === "EventLogError" || error._tag === "DynamicKeysError" || error._tag === "AutomationStoreError")
}

/**
 * Admits runs by what the log or the store says. Nothing is computed while neither can be asked.
 *
 * @internal
 */
export const admit = (isOurs: Effect.Effect<boolean, unknown>, otherwise: string): Effect.Effect<string | undefined> =>
  Effect.map(
    Effect.eventually(Effect.tapError(isOurs, () => Effect.sleep(1_000))),
    (isOurs) => isOurs ? undefined : otherwise
  )

/**
 * Launches an item of the queue and waits for its end. Nothing happens if another one has taken it.
 *
 * @internal
 */
export const launch = (
  session: Session,
  item: Item
): Effect.Effect<void, AutomationStore.AutomationStoreError | EventLog.EventLogError> => {
  const { loaded, log, owner, store } = session
  const { id } = item
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      if (!(yield* store.take(id, owner))) return
      let runId: string | undefined
      const tags = { ...tagsOf(loaded, item), [processTag]: owner }
      const late = tooLate(session, item, tags, () => runId !== undefined)
      // who has stood still since it took the item may find it launched by another one, which has not seen this run begin
      const admission: Admission = (started) => {
        runId ??= started
        return started === runId
          ? admit(store.launched(id, started, owner), "Its process stood still, and another one has taken the request.")
          : Effect.succeed(undefined)
      }
      const running = within(
        loaded,
        Effect.provideService(
          run(loaded, item, tags, (started) => runId ??= started),
          CurrentAdmission,
          admission
        )
      )
      const exit = yield* Effect.exit(restore(Effect.raceFirst(running, late)))
      if (Exit.isSuccess(exit)) {
        yield* store.launched(id, runId ?? exit.value ?? `observed by ${owner}`, owner)
        return
      }
      const { cause } = exit
      // a run tells its id before its beginning is recorded
      if (runId !== undefined) {
        const tags = { [queuedTag]: id, [processTag]: owner }
        // where that cannot be known, it stays as it is until somebody does: to begin it again may be to do it twice
        const known = yield* log.runs({ tags, limit: 1 })
        if (known.length > 0) {
          yield* store.launched(id, runId, owner)
          if (Cause.hasInterruptsOnly(cause)) {
            yield* requestAgain(session, item, known[0])
            return yield* Effect.failCause(cause as Cause.Cause<never>)
          }
          yield* Effect.logError(`The run ${runId} could not be brought to its end`, cause)
          return session.signals.monitor.notify()
        }
      }
      if (Cause.hasInterruptsOnly(cause)) {
        yield* store.requeue(id, { owner })
        return yield* Effect.failCause(cause as Cause.Cause<never>)
      }
      const error = recorded(cause)
      if (isPassing(cause) && item.attempts + 1 < maxAttempts) {
        const now = yield* Clock.currentTimeMillis
        yield* store.requeue(id, { owner, error, notBefore: now + retryMillis * 2 ** item.attempts })
      } else yield* store.failed(id, error, owner)
    })
  )
}
