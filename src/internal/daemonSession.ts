/**
 * What the parts of a daemon share while it has some definitions: what is defined, where it is kept, and what is told of it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Automation from "../Automation.ts"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as Daemon from "../Daemon.ts"
import type * as Definitions from "../Definitions.ts"
import type * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import type * as Job from "../Job.ts"
import * as Partitions from "../Partitions.ts"
import { recorded } from "./recorded.ts"

/** Definitions with their services. */
export interface Loaded {
  /** Tells them from others that were loaded before. */
  readonly generation: number
  readonly graph: Graph.Any
  readonly jobs: ReadonlyArray<Job.Any>
  readonly automations: ReadonlyArray<Automation.Any>
  readonly queue: Definitions.QueueLimits | undefined
  /** Everything that runs and automations need; which services that are only their definitions know. */
  readonly context: Context.Context<never>
}

/** The options of a daemon, with what is left out. */
export interface Settings {
  readonly leaseMillis: number
  readonly maxRuns: number | undefined
  readonly tagLimits: Definitions.QueueLimits["tags"]
  readonly debounceMillis: number
  readonly startTimeoutMillis: number
  readonly cancelTimeoutMillis: number
  readonly maxRuntimeSeconds: number | undefined
  readonly maxResumes: number
  readonly drain: "cancel" | "wait"
  readonly retention: Daemon.Retention
}

// no timer is longer: those of JavaScript end after 24 days
const longest = 6 * 3_600_000

/**
 * Wakes the one who waits: at a time, or when something has happened. What happens while nobody waits is not forgotten.
 *
 * @internal
 */
export class Signal {
  private readonly latch = Latch.makeUnsafe(false)

  notify(): void {
    this.latch.openUnsafe()
  }

  /** May wake earlier than at its time. */
  wait(until: number): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now >= until) return Effect.void
      const woken = Effect.andThen(this.latch.await, Effect.sync(() => void this.latch.closeUnsafe()))
      return until === Infinity
        ? woken
        : Effect.raceFirst(woken, Effect.sleep(Math.min(Math.ceil(until - now), longest)))
    })
  }
}

/** What is told of an automation. */
export interface Told {
  /** Since when it is evaluated. */
  evaluatingSince?: number | undefined
  lastEvaluatedAt?: number | undefined
  next?: number | undefined
}

/** @internal */
export interface Session {
  readonly loaded: Loaded
  readonly settings: Settings
  /** Tells this daemon from all others. */
  readonly owner: string
  readonly store: AutomationStore.Service
  readonly log: EventLog.Service
  readonly dynamicKeys: Partitions.DynamicKeysService
  /** The newest known states of automations. */
  readonly states: Map<string, AutomationStore.AutomationState>
  readonly told: Map<string, Told>
  readonly problems: Map<string, { readonly message: string; readonly at: number }>
  readonly signals: {
    readonly queue: Signal
    readonly monitor: Signal
    readonly conditions: Signal
    readonly automations: Map<string, Signal>
  }
  /** Ends the evaluations of this daemon: another one acts. */
  readonly loseLease: Effect.Effect<void>
}

/** @internal */
export const leaseName = "daemon"

/**
 * The automation that conditions are, all of them together: no other one can have this name.
 *
 * @internal
 */
export const conditionsName = ":conditions"

/** @internal */
export const processLease = (owner: string): string => `process:${owner}`

/** @internal */
export const signalOf = (session: Session, name: string): Signal => {
  const { automations } = session.signals
  let signal = automations.get(name)
  if (signal === undefined) automations.set(name, signal = new Signal())
  return signal
}

/** @internal */
export const toldOf = (session: Session, name: string): Told => {
  let told = session.told.get(name)
  if (told === undefined) session.told.set(name, told = {})
  return told
}

/**
 * The part of a daemon that evaluates an automation.
 *
 * @internal
 */
export const partOf = (automation: string): string => `automation ${automation}`

/**
 * The part that tells of a schedule which is in the future.
 *
 * @internal
 */
export const aheadOf = (automation: string): string => `the times of ${automation}`

const backoffMillis = 5_000
const longestBackoffMillis = 60_000

/** What has gone on for so long works again. */
const settledMillis = 60_000

/**
 * Does something again and again, whatever becomes of it: the more rarely, the more often it has failed.
 *
 * @internal
 */
export const supervised = <E, R>(
  session: Session,
  part: string,
  effect: Effect.Effect<unknown, E, R>
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => {
    let failures = 0
    const recovered = Effect.sync(() => {
      failures = 0
      session.problems.delete(part)
    })
    const settled = Effect.andThen(Effect.sleep(settledMillis), recovered)
    const watched = Effect.suspend(() =>
      failures === 0 ? effect : Effect.raceFirst(effect, Effect.andThen(settled, Effect.never))
    )
    return watched.pipe(
      Effect.andThen(recovered),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause as Cause.Cause<never>)
          : Effect.flatMap(Clock.currentTimeMillis, (at) => {
            failures++
            session.problems.set(part, { message: recorded(cause).message, at })
            return Effect.logError(`The daemon goes on in a moment: ${part} failed`, cause)
          })
      ),
      Effect.andThen(
        Effect.suspend(() =>
          Effect.sleep(Math.min(backoffMillis * 2 ** Math.max(failures - 1, 0), longestBackoffMillis))
        )
      ),
      Effect.forever
    )
  })

/**
 * Gives the services of the definitions to what they have defined.
 *
 * @internal
 */
export const within = <A, E>(loaded: Loaded, effect: Effect.Effect<A, E, unknown>): Effect.Effect<A, E> =>
  // the layer of the definitions provides what their types say
  Effect.provideContext(effect as Effect.Effect<A, E, never>, loaded.context)

/**
 * The keys of the dynamic partitions of a graph.
 *
 * @internal
 */
export const dynamicKeysOf = Effect.fnUntraced(function*(
  session: Session,
  sets: Iterable<Partitions.Any | undefined>
): Effect.fn.Return<ReadonlyMap<string, ReadonlyArray<string>>, Partitions.DynamicKeysError> {
  const found = new Map<string, ReadonlyArray<string>>()
  for (const set of sets) {
    if (set === undefined) continue
    for (const name of Partitions.dynamicNames(set)) {
      if (!found.has(name)) found.set(name, yield* session.dynamicKeys.keys(name))
    }
  }
  return found
})
