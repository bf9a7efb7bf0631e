/**
 * The runs of this process while they go on: what the log does not record, for those who follow them.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as EventLog from "../../EventLog.ts"
import type * as Graph from "../../Graph.ts"
import type * as Runtime from "../../Runtime.ts"
import type * as Model from "../Model.ts"

/** What is told of a run and not recorded. */
export type Ephemeral = Extract<
  Model.RunEvent,
  { readonly _tag: "AssetStarted" | "StepStarted" | "StepFinished" }
>

type Progress = Runtime.Progress<Graph.Assets>

/** Whoever is slower than a run misses the oldest of so many: what is recorded is not among them. */
const maxWaiting = 10_000

/** One run. */
class LiveRun {
  /** What goes on now, for those who come later. */
  readonly started = new Map<string, Ephemeral>()
  readonly listeners = new Set<(event: Ephemeral) => void>()
}

const placeOf = (key: string, partition: string | undefined): string =>
  partition === undefined ? `asset ${key}` : `asset ${key.length} ${key} ${partition}`

const stepOf = (key: string, name: string): string => `step ${key.length} ${key} ${name}`

/** @internal */
export interface Follower {
  readonly tell: (progress: Progress, now: number) => void
  readonly end: () => void
}

/** @internal */
export class LiveRuns {
  private readonly runs = new Map<string, LiveRun>()
  private readonly backfills = new Set<string>()

  /** Whether this process runs it. */
  isHere({ backfillId, id }: Pick<EventLog.RunRecord, "backfillId" | "id">): boolean {
    return this.runs.has(id) || (backfillId !== undefined && this.backfills.has(backfillId))
  }

  /** Whether this process goes on with a backfill. */
  isBackfilling(id: string): boolean {
    return this.backfills.has(id)
  }

  /** Takes the progress of a run, and of its retries one after the other. */
  follow(onStarted: (runId: string) => void): Follower {
    let current: { readonly id: string; readonly run: LiveRun } | undefined
    const end = () => {
      if (current !== undefined) this.runs.delete(current.id)
      current = undefined
    }
    const tell = (progress: Progress, timestamp: number): void => {
      if (progress._tag === "RunStarted") {
        end()
        current = { id: progress.runId, run: new LiveRun() }
        this.runs.set(current.id, current.run)
        onStarted(current.id)
      } else if (progress._tag === "RunFinished") end()
      else if (current !== undefined) told(current.run, progress, timestamp)
    }
    return { tell, end }
  }

  /** Does something as long as a backfill of this process goes on. */
  backfilling<A, E, R>(
    effect: (started: (backfillId: string) => void) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const ids: Array<string> = []
      const started = (id: string) => {
        ids.push(id)
        this.backfills.add(id)
      }
      return Effect.ensuring(
        effect(started),
        Effect.sync(() => {
          for (const id of ids) this.backfills.delete(id)
        })
      )
    })
  }

  /** What goes on in a run now, and what begins meanwhile; nothing of a run of another process. */
  subscribe(runId: string): Effect.Effect<Stream.Stream<Ephemeral>, never, Scope.Scope> {
    return Effect.suspend(() => {
      const run = this.runs.get(runId)
      if (run === undefined) return Effect.succeed(Stream.empty)
      return Effect.gen(function*() {
        const queue = yield* Queue.sliding<Ephemeral>(maxWaiting)
        const listener = (event: Ephemeral) => void Queue.offerUnsafe(queue, event)
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            for (const event of run.started.values()) listener(event)
            run.listeners.add(listener)
          }),
          () => Effect.sync(() => run.listeners.delete(listener))
        )
        return Stream.fromQueue(queue)
      })
    })
  }
}

const all = new WeakMap<object, LiveRuns>()

/** The runs of this process that are those of a deployment, whoever launches them. */
export const liveRunsOf = (deployment: object): LiveRuns => {
  let live = all.get(deployment)
  if (live === undefined) all.set(deployment, live = new LiveRuns())
  return live
}

const told = (
  run: LiveRun,
  progress: Exclude<Progress, { readonly _tag: "RunFinished" | "RunStarted" }>,
  timestamp: number
): void => {
  switch (progress._tag) {
    case "AssetStarted": {
      const { attempt, key, partition } = progress
      return begun(run, placeOf(key, partition), {
        _tag: "AssetStarted",
        timestamp,
        key,
        attempt,
        ...(partition !== undefined && { partition })
      })
    }
    case "StepStarted": {
      const { key, name } = progress
      return begun(run, stepOf(key, name), { _tag: "StepStarted", timestamp, key, name })
    }
    case "StepFinished": {
      const { attempts, durationMillis, name, status } = progress.step
      run.started.delete(stepOf(progress.key, name))
      return tell(run, {
        _tag: "StepFinished",
        timestamp,
        key: progress.key,
        step: { name, attempts, durationMillis, status }
      })
    }
    case "AssetFinished":
      run.started.delete(
        placeOf(progress.key, progress.outcome._tag === "NotSelected" ? undefined : progress.outcome.partition)
      )
      return
    case "CheckFinished":
  }
}

const begun = (run: LiveRun, place: string, event: Ephemeral): void => {
  run.started.set(place, event)
  tell(run, event)
}

const tell = (run: LiveRun, event: Ephemeral): void => {
  for (const listener of run.listeners) listener(event)
}
