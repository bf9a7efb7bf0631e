/**
 * What automation has to remember: which schedules and sensors are on, where they are, every tick, the runs that wait to be
 * launched, and who of several daemons may act. Every layer of `EventLog` keeps it beside the log.
 *
 * Everything that one evaluation leads to is recorded by one `commitTick`, all of it or nothing, and only by the one
 * whose turn it is: so a tick has its effect exactly once, whoever is killed and however many try.
 *
 * **Example** (A tick that requests a run)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { AutomationStore, EventLog } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const store = yield* AutomationStore.AutomationStore
 *   const tick = { id: "t1", kind: "sensor", startedAt: 0, finishedAt: 1, status: "Requested" } as const
 *   const request = { keys: ["orders"], runKey: "orders.csv" }
 *   yield* store.commitTick({ automation: "files", expect: 0, tick, requests: [request] })
 *   const again = yield* store.commitTick({ automation: "files", tick: { ...tick, id: "t2" }, requests: [request] })
 *   return [(yield* store.queue()).map((run) => run.request.keys), again._tag === "Committed" && again.tick?.status]
 * })
 * await Effect.runPromise(Effect.provide(program, EventLog.layerMemory)) // => [[["orders"]], "Skipped"]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as memory from "./internal/automationStoreMemory.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

const Texts = Schema.Array(Schema.String)
/** Milliseconds since 1970. */
const timestamp = Schema.Finite
/** Greater than that of everything recorded before. */
const seq = Schema.Int

/**
 * A run that is asked for, as plain JSON. What is left out is as in `Runtime.run`, or as the job has it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Request = Schema.Struct({
  /** The name of a job. */
  job: Schema.optional(Schema.String),
  /** A selection expression. */
  select: Schema.optional(Schema.String),
  /** The assets by key, instead of `select`. */
  keys: Schema.optional(Texts),
  partition: Schema.optional(Schema.String),
  partitions: Schema.optional(Schema.Union([
    Schema.Literal("all"),
    Texts,
    Schema.Struct({ from: Schema.String, to: Schema.String })
  ])),
  /** An automation requests a run once, ever, under one of these keys. */
  runKey: Schema.optional(Schema.String),
  tags: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  /** Configuration by asset, in encoded form. */
  config: Schema.optional(Schema.Record(Schema.String, Schema.Json)),
  onlyStale: Schema.optional(Schema.Boolean),
  checks: Schema.optional(Schema.Union([Schema.Literals(["selected", "none", "only"]), Texts])),
  /** External assets to observe, by key. */
  observe: Schema.optional(Texts),
  /** Of the runs that wait, those of the highest priority are launched first. 0 if it is left out. */
  priority: Schema.optional(Schema.Int)
})

/**
 * A run that is asked for, as plain JSON.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = typeof Request.Type

/**
 * A failure as it is recorded, as in the event log.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RecordedError = Schema.Struct({ tag: Schema.String, message: Schema.String, cause: Schema.String })

/**
 * A failure as it is recorded, as in the event log.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordedError = typeof RecordedError.Type

/**
 * What ticks: a schedule, a sensor of some kind, or the conditions of assets.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Kind = Schema.Literals(["schedule", "sensor", "assetSensor", "runSensor", "streamSensor", "condition"])

/**
 * What ticks: a schedule, a sensor of some kind, or the conditions of assets.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = typeof Kind.Type

/**
 * What came of a tick: runs were requested; or nothing was; or the evaluation failed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TickStatus = Schema.Literals(["Requested", "Skipped", "Failed"])

/**
 * What came of a tick.
 *
 * @category models
 * @since 0.1.0
 */
export type TickStatus = typeof TickStatus.Type

/** What whoever evaluated an automation tells of it. */
const told = {
  /** Chosen by whoever commits it: one that commits again under the same id is told what came of the first time. */
  id: Schema.String,
  kind: Kind,
  /** The time of a schedule that the tick is for. Left out for one that was asked for by hand. */
  scheduledAt: Schema.optional(timestamp),
  startedAt: timestamp,
  finishedAt: timestamp,
  status: TickStatus,
  /** Why nothing was requested, or why it was. */
  reason: Schema.optional(Schema.String),
  error: Schema.optional(RecordedError),
  /** What the evaluation logged. */
  log: Schema.optional(Schema.String),
  /** Keys of dynamic partitions that were added and removed, by the name of the set. */
  addPartitions: Schema.optional(Schema.Record(Schema.String, Texts)),
  deletePartitions: Schema.optional(Schema.Record(Schema.String, Texts))
}

/**
 * One evaluation of an automation, before it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NewTick = Schema.Struct(told)

/**
 * One evaluation of an automation, before it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type NewTick = typeof NewTick.Type

/**
 * One evaluation of an automation, and what came of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Tick = Schema.Struct({
  ...told,
  /** Pass it as `before` to see older ticks. */
  seq,
  automation: Schema.String,
  /** What it requested. */
  requests: Schema.Array(Schema.Struct({
    request: Request,
    /** The run that waits for it, or did so: of one that was requested before, the earlier one. */
    queuedId: Schema.String,
    /** `true` if a run was requested before under its run key: there is no other one then. */
    deduplicated: Schema.optional(Schema.Boolean)
  })),
  /** The cursor from then on, where the tick has set one. */
  cursor: Schema.optional(Schema.NullOr(Schema.String))
})

/**
 * One evaluation of an automation, and what came of it.
 *
 * @category models
 * @since 0.1.0
 */
export type Tick = typeof Tick.Type

/**
 * Where a requested run is: it waits; somebody is about to launch it; it was launched, and the event log tells the rest;
 * it could not be launched; or nobody wants it any more.
 *
 * @category schemas
 * @since 0.1.0
 */
export const QueueStatus = Schema.Literals(["Queued", "Launching", "Launched", "Failed", "Cancelled"])

/**
 * Where a requested run is.
 *
 * @category models
 * @since 0.1.0
 */
export type QueueStatus = typeof QueueStatus.Type

/**
 * A run that was requested.
 *
 * @category schemas
 * @since 0.1.0
 */
export const QueuedRun = Schema.Struct({
  id: Schema.String,
  /** Its place in the queue: of those of one priority, the lowest is launched first. */
  seq,
  request: Request,
  /** The automation and the tick that requested it, if one did. */
  automation: Schema.optional(Schema.String),
  tickId: Schema.optional(Schema.String),
  priority: Schema.Int,
  queuedAt: timestamp,
  status: QueueStatus,
  /** It is not to be launched before this time. */
  notBefore: Schema.optional(timestamp),
  /** Why it still waits. */
  waitingFor: Schema.optional(Schema.String),
  /** Who is launching it, or has, and since when. */
  owner: Schema.optional(Schema.String),
  takenAt: Schema.optional(timestamp),
  /** How often somebody began to launch it. */
  attempts: Schema.Int,
  /** The run, once it is launched. */
  runId: Schema.optional(Schema.String),
  /** Why it could not be launched, the last time it was tried. */
  error: Schema.optional(RecordedError),
  /** When it was launched, given up or cancelled. */
  finishedAt: Schema.optional(timestamp)
})

/**
 * A run that was requested.
 *
 * @category models
 * @since 0.1.0
 */
export type QueuedRun = typeof QueuedRun.Type

/**
 * The newest tick of an automation in short.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LastTick = Schema.Struct({
  id: Schema.String,
  seq,
  kind: Kind,
  scheduledAt: Schema.optional(timestamp),
  startedAt: timestamp,
  finishedAt: timestamp,
  status: TickStatus,
  reason: Schema.optional(Schema.String),
  error: Schema.optional(RecordedError),
  /** How many runs it has put into the queue. */
  queued: Schema.Int
})

/**
 * The newest tick of an automation in short.
 *
 * @category models
 * @since 0.1.0
 */
export type LastTick = typeof LastTick.Type

/**
 * What is remembered of an automation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AutomationState = Schema.Struct({
  automation: Schema.String,
  /** Whether somebody has started or stopped it. `undefined` if it is as it was defined. */
  running: Schema.UndefinedOr(Schema.Boolean),
  /** When it was last started or stopped. */
  runningSince: Schema.UndefinedOr(timestamp),
  /** What it has told about where it is. */
  cursor: Schema.UndefinedOr(Schema.String),
  /** Counts commits and changes of the cursor: `commitTick` expects it. 0 for an automation that nothing is known of. */
  revision: Schema.Int,
  /**
   * The latest time of a schedule that a tick was for. It stays when ticks are pruned. One that is more than a day in the future,
   * since a clock was ahead, is forgotten when somebody starts or stops the schedule.
   */
  lastScheduledAt: Schema.UndefinedOr(timestamp),
  lastTick: Schema.UndefinedOr(LastTick)
})

/**
 * What is remembered of an automation.
 *
 * @category models
 * @since 0.1.0
 */
export type AutomationState = typeof AutomationState.Type

/**
 * The right to act alone, for some time.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Lease = Schema.Struct({
  name: Schema.String,
  owner: Schema.String,
  /** How often the lease has passed to another owner. */
  epoch: Schema.Int,
  /** By the clock that leases go by: see `AutomationStore.Service.lease`. */
  acquiredAt: timestamp,
  expiresAt: timestamp,
  /** How long it is still held, by that clock: below 0 if it has expired. */
  remainingMillis: timestamp
})

/**
 * The right to act alone, for some time.
 *
 * @category models
 * @since 0.1.0
 */
export type Lease = typeof Lease.Type

/** What whoever evaluated conditions tells of an asset. */
const evaluated = {
  /** The key of the asset, or of the check as `KEY:CHECK`. */
  key: Schema.String,
  /** The number of the evaluation, by the automation's own count. */
  evaluation: Schema.Int,
  timestamp,
  /** How many partitions were requested; of an asset without partitions 1 if it was, 0 if not. */
  requested: Schema.Int,
  /** Why. */
  explanation: Schema.Json
}

/**
 * Why an asset was requested or not, before it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NewEvaluation = Schema.Struct(evaluated)

/**
 * Why an asset was requested or not, before it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type NewEvaluation = typeof NewEvaluation.Type

/**
 * Why an asset was requested or not, at one evaluation of its condition.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Evaluation = Schema.Struct({
  ...evaluated,
  /** Pass it as `before` to see older evaluations. */
  seq,
  automation: Schema.String,
  tickId: Schema.optional(Schema.String)
})

/**
 * Why an asset was requested or not, at one evaluation of its condition.
 *
 * @category models
 * @since 0.1.0
 */
export type Evaluation = typeof Evaluation.Type

/**
 * Everything that one evaluation leads to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Commit {
  readonly automation: string
  /** What to record. Without a tick nothing can be requested: cursors and evaluations are kept. */
  readonly tick?: NewTick | undefined
  /** The runs to queue, in their order. */
  readonly requests?: ReadonlyArray<Request> | undefined
  /** The new cursor; `null` for none. It stays as it is if it is left out. */
  readonly cursor?: string | null | undefined
  /** The new state of the evaluation of conditions, which `conditionCursor` gives. */
  readonly conditionCursor?: Schema.Json | undefined
  readonly evaluations?: ReadonlyArray<NewEvaluation> | undefined
  /**
   * The lease that must still be held. One that has expired is held until another takes it: nobody else can have acted
   * meanwhile.
   */
  readonly lease?: { readonly name: string; readonly owner: string } | undefined
  /** The revision of the automation's state that was evaluated. Anything will do if it is left out. */
  readonly expect?: number | undefined
}

/**
 * What came of a commit. All of it is recorded, or nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type Committed =
  | {
    readonly _tag: "Committed"
    /** The tick as it is recorded. One whose requests were all made before is `Skipped`. */
    readonly tick: Tick | undefined
    /** The runs that were put into the queue. */
    readonly queued: ReadonlyArray<QueuedRun>
    readonly state: AutomationState
  }
  | {
    readonly _tag: "Conflict"
    /**
     * Another has the lease; another tick was committed, or the cursor was changed, since the state was read; or the tick of
     * this time of the schedule, or of a later one, is there.
     */
    readonly reason: "LeaseLost" | "Changed" | "AlreadyTicked"
    /** How things are: evaluate again, from this state. */
    readonly state: AutomationState
  }

/**
 * Which ticks to list. Everything that is given must hold; the newest come first.
 *
 * @category models
 * @since 0.1.0
 */
export interface TickFilter {
  readonly automation?: string | undefined
  readonly kinds?: ReadonlyArray<Kind> | undefined
  readonly statuses?: ReadonlyArray<TickStatus> | undefined
  /** Ticks that began at this time or later. */
  readonly since?: number | undefined
  /** Ticks that began before this time. */
  readonly until?: number | undefined
  /** Ticks recorded before the one with this `seq`. */
  readonly before?: number | undefined
  /** At most so many: 100 if it is left out. */
  readonly limit?: number | undefined
}

/**
 * Which requested runs to list. Everything that is given must hold.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueFilter {
  /** Those that wait or are being launched, if it is left out. */
  readonly statuses?: ReadonlyArray<QueueStatus> | undefined
  readonly ids?: ReadonlyArray<string> | undefined
  readonly automation?: string | undefined
  readonly tickId?: string | undefined
  /**
   * `"launch"`: in the order in which they are to be launched, the highest priority first and in one priority the oldest.
   * `"newest"`: the newest first. `"launch"` if it is left out.
   */
  readonly order?: "launch" | "newest" | undefined
  /** Those that come after this one, in that order. */
  readonly after?: { readonly priority: number; readonly seq: number } | undefined
  /** At most so many: all if it is left out. */
  readonly limit?: number | undefined
}

/**
 * Which evaluations of conditions to list. Everything that is given must hold; the newest come first.
 *
 * @category models
 * @since 0.1.0
 */
export interface EvaluationFilter {
  readonly key?: string | undefined
  /** Those of the evaluation with this number, by the automation's own count. */
  readonly evaluation?: number | undefined
  readonly tickId?: string | undefined
  /** Those recorded before the one with this `seq`. */
  readonly before?: number | undefined
  /** At most so many: 100 if it is left out. */
  readonly limit?: number | undefined
}

/**
 * How long things are kept. What is left out is kept for ever, and so are cursors, run keys, and runs that wait.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retention {
  readonly ticks?: Duration.Input | undefined
  /** Ticks that requested nothing, which are the most. As `ticks` if it is left out. */
  readonly skippedTicks?: Duration.Input | undefined
  readonly evaluations?: Duration.Input | undefined
  /** What the queue tells of runs that were launched, given up or cancelled. */
  readonly queue?: Duration.Input | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The state of automation could not be written or read.
 *
 * @category errors
 * @since 0.1.0
 */
export class AutomationStoreError extends Schema.TaggedError<AutomationStoreError>()("AutomationStoreError", {
  operation: Schema.Literals(["write", "read"]),
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause, operation } = this
    return `The state of automation could not be ${operation === "write" ? "written" : "read"}: ${
      cause instanceof Error ? cause.message : String(cause)
    }`
  }
}

/**
 * What a store of automation can do. Every operation happens whole or not at all, and one after the other, whatever other
 * processes do to the same database.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /**
   * Takes or renews a lease: `true` if `owner` holds it from now on, for that long; `false` if another one does. Time is that
   * of the Clock; in PostgreSQL that of the database, so that clocks of machines that differ do no harm.
   */
  readonly lease: (name: string, owner: string, ttl: Duration.Input) => Effect.Effect<boolean, AutomationStoreError>
  /** Gives a lease up, if `owner` holds it: another one need not wait until it expires. */
  readonly release: (name: string, owner: string) => Effect.Effect<void, AutomationStoreError>
  readonly leases: Effect.Effect<ReadonlyArray<Lease>, AutomationStoreError>

  /** What is remembered of an automation. Of one that nothing is known of, that it has done nothing. */
  readonly state: (automation: string) => Effect.Effect<AutomationState, AutomationStoreError>
  /** What is remembered of all automations, by name. */
  readonly states: Effect.Effect<ReadonlyMap<string, AutomationState>, AutomationStoreError>
  /** Starts or stops an automation (`null`: as it is defined), or sets its cursor (`null`: none). */
  readonly setState: (automation: string, change: {
    readonly running?: boolean | null | undefined
    readonly cursor?: string | null | undefined
  }) => Effect.Effect<AutomationState, AutomationStoreError>

  /**
   * Records what an evaluation led to, if the lease is held and nothing has changed since: the tick, the cursors, the runs to
   * queue. A run whose key was requested before by this automation is not queued again. To commit a tick that is
   * recorded changes nothing and tells what came of it, so that it can be tried again.
   */
  readonly commitTick: (commit: Commit) => Effect.Effect<Committed, AutomationStoreError>
  readonly ticks: (filter?: TickFilter) => Effect.Effect<ReadonlyArray<Tick>, AutomationStoreError>
  readonly tick: (id: string) => Effect.Effect<Option.Option<Tick>, AutomationStoreError>
  /** Which of some run keys an automation has requested before, and the ids of those runs in the queue. */
  readonly consumed: (
    automation: string,
    runKeys: Iterable<string>
  ) => Effect.Effect<ReadonlyMap<string, string>, AutomationStoreError>

  /** Puts runs into the queue that no automation has requested. */
  readonly enqueue: (requests: ReadonlyArray<Request>) => Effect.Effect<ReadonlyArray<QueuedRun>, AutomationStoreError>
  readonly queue: (filter?: QueueFilter) => Effect.Effect<ReadonlyArray<QueuedRun>, AutomationStoreError>
  /** How many requested runs are in which state. */
  readonly queueCounts: Effect.Effect<{ readonly [status in QueueStatus]: number }, AutomationStoreError>
  /**
   * Begins to launch a run that waits: of all who try, one is given `true`. It stays `Launching`, under this owner, until
   * it is told what came of it: whoever takes over finds it there when the owner has died.
   */
  readonly take: (id: string, owner: string) => Effect.Effect<boolean, AutomationStoreError>
  /** Takes over, for another owner, a run that an owner was launching. */
  readonly takeOver: (id: string, from: string, owner: string) => Effect.Effect<boolean, AutomationStoreError>
  /** A run that is being launched runs. `false` if it is not being launched, or by another owner. */
  readonly launched: (id: string, runId: string, owner?: string) => Effect.Effect<boolean, AutomationStoreError>
  /** A run cannot be launched, and is given up. `false` if it is not being launched, by that owner, and does not wait. */
  readonly failed: (id: string, error: RecordedError, owner?: string) => Effect.Effect<boolean, AutomationStoreError>
  /** A run that is being launched waits again, at its old place. `false` if it is not being launched, or by another owner. */
  readonly requeue: (id: string, options?: {
    readonly owner?: string | undefined
    readonly notBefore?: number | undefined
    readonly error?: RecordedError | undefined
  }) => Effect.Effect<boolean, AutomationStoreError>
  /** Takes a run out of the queue. `false` if it does not wait any more. */
  readonly cancelQueued: (id: string) => Effect.Effect<boolean, AutomationStoreError>
  /** Tells why runs still wait; `undefined` for none. Where nothing is new, nothing changes. */
  readonly setWaiting: (
    reasons: ReadonlyArray<{ readonly id: string; readonly reason: string | undefined }>
  ) => Effect.Effect<void, AutomationStoreError>

  /** The state of the evaluation of conditions, as the automation last committed it. */
  readonly conditionCursor: (automation: string) => Effect.Effect<Option.Option<Schema.Json>, AutomationStoreError>
  readonly evaluations: (filter?: EvaluationFilter) => Effect.Effect<ReadonlyArray<Evaluation>, AutomationStoreError>

  /** Removes what is older than a policy keeps it. Gives how much. */
  readonly prune: (retention: Retention) => Effect.Effect<number, AutomationStoreError>

  /** A number that grows with every change, but not when a lease is renewed. */
  readonly version: Effect.Effect<number, AutomationStoreError>
  /**
   * Gives the version whenever it has changed, from the one that is passed on, or else from now on: once for many changes.
   * Changes by other processes are seen after `EventLog.PollInterval`.
   */
  readonly changes: (after?: number) => Stream.Stream<number, AutomationStoreError>
}

/**
 * What automation has to remember. Layers: those of `EventLog`.
 *
 * @category services
 * @since 0.1.0
 */
export class AutomationStore extends Context.Service<AutomationStore, Service>()("effect-assets/AutomationStore") {}

/**
 * Makes a store in memory. `EventLog.layerMemory` provides one.
 *
 * **Example** (Who may act)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { AutomationStore } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const store = yield* AutomationStore.makeMemory
 *   const first = yield* store.lease("daemon", "one", "10 seconds")
 *   const second = yield* store.lease("daemon", "two", "10 seconds")
 *   yield* store.release("daemon", "one")
 *   return [first, second, yield* store.lease("daemon", "two", "10 seconds")]
 * })
 * await Effect.runPromise(program) // => [true, false, true]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service> = memory.make((operation, cause) =>
  new AutomationStoreError({ operation, cause })
)
