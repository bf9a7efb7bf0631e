/**
 * What the HTTP API tells of automation and takes for it: schedules, sensors, conditions, jobs, the queue, the daemon and
 * backfills. Plain data; times are milliseconds since 1970.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Model from "./Model.ts"

const optional = Schema.optional
const Text = Schema.String
const Texts = Schema.Array(Text)
const Millis = Schema.Number
const Tags = Schema.Record(Text, Text)
const Config = Schema.Record(Text, Schema.Json)
const Checks = Schema.Union([Schema.Literals(["selected", "none", "only"]), Texts])

// ---------------------------------------------------------------------------------------------------------------------
// ticks
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What ticks. `condition` is what the conditions of all assets, checks and jobs are together.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Kind = Schema.Literals(["schedule", "sensor", "assetSensor", "runSensor", "streamSensor", "condition"])

/**
 * What ticks.
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

/**
 * Where a requested run is: it waits; it is being launched; it was launched, and the run tells the rest; it could not be
 * launched; or nobody wants it any more.
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
 * A run that is asked for, as plain JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Request = Schema.Struct({
  /** What it runs, in words. */
  words: Text,
  job: optional(Text),
  select: optional(Text),
  keys: optional(Texts),
  partition: optional(Text),
  partitions: optional(Model.PartitionsWanted),
  runKey: optional(Text),
  tags: optional(Tags),
  config: optional(Config),
  onlyStale: optional(Schema.Boolean),
  checks: optional(Checks),
  /** External assets that are looked at. */
  observe: optional(Texts),
  priority: optional(Schema.Int)
})

/**
 * A run that is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = typeof Request.Type

/**
 * The newest tick of an automation in short.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LastTick = Schema.Struct({
  id: Text,
  seq: Schema.Int,
  scheduledAt: optional(Millis),
  startedAt: Millis,
  finishedAt: Millis,
  status: TickStatus,
  reason: optional(Text),
  error: optional(Model.Failure),
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
 * One evaluation of an automation, and what came of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TickModel = Schema.Struct({
  id: Text,
  /** Pass it as `before` to see older ticks. */
  seq: Schema.Int,
  automation: Text,
  kind: Kind,
  /** The time of the schedule that it is for: left out for one that was asked for by hand. */
  scheduledAt: optional(Millis),
  startedAt: Millis,
  finishedAt: Millis,
  status: TickStatus,
  /** Why nothing was requested, or why it was. */
  reason: optional(Text),
  error: optional(Model.Failure),
  /** What the evaluation logged. */
  log: optional(Text),
  requests: Schema.Array(Schema.Struct({
    request: Request,
    words: Text,
    queuedId: Text,
    /** `true` if a run was requested before under its run key: there is no other one then. */
    deduplicated: Schema.Boolean,
    /** Where it is; left out of what the queue does not keep any more. */
    status: optional(QueueStatus),
    /** Why it still waits. */
    waitingFor: optional(Text),
    /** The run it led to, and how that stands. */
    runId: optional(Text),
    runStatus: optional(Model.RunStatus)
  })),
  /** The cursor from then on, where the tick has set one; `null` for none. */
  cursor: optional(Schema.NullOr(Text)),
  /** Keys of dynamic partitions that were added and removed, by the name of the set. */
  addPartitions: optional(Schema.Record(Text, Texts)),
  deletePartitions: optional(Schema.Record(Text, Texts))
})

/**
 * One evaluation of an automation, and what came of it.
 *
 * @category models
 * @since 0.1.0
 */
export type TickModel = typeof TickModel.Type

/**
 * Which ticks to list, the newest first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TickFilter = Schema.Struct({
  /** The name of an automation: those of all if it is left out. */
  name: optional(Text),
  kind: optional(Kind),
  status: optional(TickStatus),
  /** Ticks that began at this time or later. */
  since: optional(Schema.Finite),
  before: optional(Schema.Int),
  /** At most so many: 50 if it is left out. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
})

/**
 * Which ticks to list.
 *
 * @category models
 * @since 0.1.0
 */
export type TickFilter = typeof TickFilter.Type

// ---------------------------------------------------------------------------------------------------------------------
// automations
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A schedule, a sensor, or the conditions of all assets, checks and jobs together, whose name is `:conditions`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AutomationSummary = Schema.Struct({
  name: Text,
  kind: Kind,
  description: optional(Text),
  /** Whether it is on now, and whether it is as long as nobody has started or stopped it. */
  running: Schema.Boolean,
  startRunning: Schema.Boolean,
  /** When it was last started or stopped. */
  runningSince: optional(Millis),
  /** What it requests unless an evaluation says otherwise. */
  target: optional(Schema.Struct({
    words: Text,
    job: optional(Text),
    select: optional(Text),
    keys: optional(Texts)
  })),
  /** When it ticks: of schedules. */
  cron: optional(Texts),
  timeZone: optional(Text),
  /** What becomes of ticks that were missed, in words. */
  catchUp: optional(Text),
  /** The least time from one evaluation to the next: of sensors that look from time to time. */
  everyMillis: optional(Schema.Number),
  /** What it looks at: of sensors of assets and runs; of conditions how many assets, checks and jobs have one. */
  assets: optional(Texts),
  match: optional(Schema.Literals(["any", "all"])),
  statuses: optional(Texts),
  jobs: optional(Texts),
  conditions: optional(Schema.Int),
  /** Where it is: of sensors. */
  cursor: optional(Text),
  lastTick: optional(LastTick),
  /** When it ticks next, if it is on and that is known; of a sensor whose stream has ended, when that begins again. */
  nextTickAt: optional(Millis),
  /** When the daemon of this process has evaluated it last, and since when it does. */
  lastEvaluatedAt: optional(Millis),
  evaluatingSince: optional(Millis),
  /** How many runs that it has requested wait, or are being launched. */
  queuedRuns: Schema.Int
})

/**
 * A schedule, a sensor, or the conditions of all assets, checks and jobs together.
 *
 * @category models
 * @since 0.1.0
 */
export type AutomationSummary = typeof AutomationSummary.Type

/**
 * Which automations to list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AutomationFilter = Schema.Struct({
  /** One kind; `sensors` for those of all kinds. */
  kind: optional(Schema.Union([Kind, Schema.Literal("sensors")]))
})

/**
 * Which automations to list.
 *
 * @category models
 * @since 0.1.0
 */
export type AutomationFilter = typeof AutomationFilter.Type

/**
 * What an evaluation comes to that is not recorded, and requests nothing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EvaluationPreview = Schema.Struct({
  name: Text,
  kind: Kind,
  /** The time of a schedule that it is for. */
  scheduledAt: optional(Millis),
  status: TickStatus,
  reason: optional(Text),
  error: optional(Model.Failure),
  log: optional(Text),
  requests: Schema.Array(Schema.Struct({
    request: Request,
    words: Text,
    /** `true` if a run was requested before under its run key: there would be no other one. */
    deduplicated: Schema.Boolean
  })),
  cursor: optional(Schema.NullOr(Text)),
  addPartitions: optional(Schema.Record(Text, Texts)),
  deletePartitions: optional(Schema.Record(Text, Texts))
})

/**
 * What an evaluation comes to that is not recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type EvaluationPreview = typeof EvaluationPreview.Type

/**
 * The next ticks of a schedule, the earliest first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SchedulePreview = Schema.Struct({
  name: Text,
  timeZone: Text,
  ticks: Schema.Array(Schema.Struct({
    at: Millis,
    /** What it will request, in words, or why nothing; left out where a program decides. */
    requests: optional(Texts),
    reason: optional(Text),
    /** Why what decides it fails. */
    error: optional(Model.Failure)
  }))
})

/**
 * The next ticks of a schedule.
 *
 * @category models
 * @since 0.1.0
 */
export type SchedulePreview = typeof SchedulePreview.Type

// ---------------------------------------------------------------------------------------------------------------------
// conditions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A part of a condition, and what it came to.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplanationNode {
  /** What it says, in words. */
  readonly label: string
  /** Whether it holds: for everything it was asked about, for some of it, or for none. `unasked` after a part that decides. */
  readonly status: "true" | "partly" | "false" | "unasked"
  /** For how many partitions it holds, of how many it was asked about. An asset without partitions counts as one. */
  readonly count?: number | undefined
  readonly total?: number | undefined
  /** Which partitions, in words. */
  readonly words?: string | undefined
  /** The asset or check that it was asked about, where that is another one than that of the part it belongs to. */
  readonly about?: string | undefined
  /** When what it waits for, and what ends that, held last. */
  readonly note?: string | undefined
  readonly children: ReadonlyArray<ExplanationNode>
}

/**
 * A part of a condition, and what it came to.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExplanationNode: Schema.Codec<ExplanationNode> = Schema.Struct({
  label: Text,
  status: Schema.Literals(["true", "partly", "false", "unasked"]),
  count: optional(Schema.Int),
  total: optional(Schema.Int),
  words: optional(Text),
  about: optional(Text),
  note: optional(Text),
  children: Schema.Array(Schema.suspend((): Schema.Codec<ExplanationNode> => ExplanationNode))
})

/**
 * What has a condition.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ConditionKind = Schema.Literals(["asset", "check", "job"])

/**
 * Why something was requested or not, at one evaluation of its condition.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EvaluationModel = Schema.Struct({
  /** Pass it as `before` to see older evaluations. */
  seq: Schema.Int,
  /** The number of the evaluation, which that of other assets has, too. */
  evaluation: Schema.Int,
  timestamp: Millis,
  /** The key of an asset, a check as `KEY:CHECK`, a job as `:NAME`. */
  key: Text,
  kind: ConditionKind,
  /** How many partitions were requested; 1 for what has none. */
  requested: Schema.Int,
  /** Whether all parts came to the same as in the evaluation before. */
  unchanged: Schema.Boolean,
  /** The tick that requested it. */
  tickId: optional(Text),
  explanation: ExplanationNode
})

/**
 * Why something was requested or not, at one evaluation of its condition.
 *
 * @category models
 * @since 0.1.0
 */
export type EvaluationModel = typeof EvaluationModel.Type

/**
 * Which evaluations of a condition to list, the newest first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EvaluationFilter = Schema.Struct({
  /** The key of an asset, a check as `KEY:CHECK`, a job as `:NAME`: all if it is left out. */
  key: optional(Text),
  /** Those of one tick. */
  tickId: optional(Text),
  before: optional(Schema.Int),
  /** At most so many: 20 if it is left out. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
})

/**
 * Which evaluations of a condition to list.
 *
 * @category models
 * @since 0.1.0
 */
export type EvaluationFilter = typeof EvaluationFilter.Type

/**
 * The condition of an asset, a check or a job.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ConditionModel = Schema.Struct({
  /** The key of an asset, a check as `KEY:CHECK`, a job as `:NAME`. */
  key: Text,
  kind: ConditionKind,
  /** Its name, such as `eager`, if it has one. */
  label: optional(Text),
  /** What it says. */
  words: Text,
  /** Its newest evaluation that is recorded: one that changes nothing is not. */
  last: optional(Schema.Struct({
    seq: Schema.Int,
    evaluation: Schema.Int,
    timestamp: Millis,
    requested: Schema.Int
  }))
})

/**
 * The condition of an asset, a check or a job.
 *
 * @category models
 * @since 0.1.0
 */
export type ConditionModel = typeof ConditionModel.Type

// ---------------------------------------------------------------------------------------------------------------------
// jobs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A job: what it runs, what runs it, and its newest runs.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobModel = Schema.Struct({
  name: Text,
  description: optional(Text),
  /** What it computes, as it is written: everything that can be computed if it is left out. */
  select: optional(Text),
  /** The assets it computes, at most 1,000 of them, and how many there are. */
  keys: Texts,
  assetCount: Schema.Int,
  /** Whether some of them have partitions. */
  partitioned: Schema.Boolean,
  /** The partitions that it computes unless whoever runs it says which, in words. */
  partitions: optional(Text),
  config: Config,
  /** Assets whose configuration is not told, since it holds secrets. */
  configHidden: Texts,
  tags: Tags,
  /** Which checks it evaluates, in words. */
  checks: optional(Text),
  onlyStale: Schema.Boolean,
  retries: optional(Schema.Int),
  priority: optional(Schema.Int),
  hooks: Schema.Struct({ onSuccess: Schema.Boolean, onFailure: Schema.Boolean }),
  /** The names of the schedules and sensors whose target it is. */
  schedules: Texts,
  sensors: Texts,
  /** When it is requested as a whole, in words. */
  condition: optional(Text),
  /** At most five, the newest first. */
  lastRuns: Schema.Array(Model.RunSummary),
  /** How many of its runs wait, or are being launched. */
  queuedRuns: Schema.Int
})

/**
 * A job.
 *
 * @category models
 * @since 0.1.0
 */
export type JobModel = typeof JobModel.Type

/**
 * How to run a job. What is left out is as the job has it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobRunRequest = Schema.Struct({
  name: Text,
  /** A part of the job. */
  select: optional(Text),
  partition: optional(Text),
  partitions: optional(Model.PartitionsWanted),
  config: optional(Config),
  tags: optional(Tags),
  onlyStale: optional(Schema.Boolean),
  checks: optional(Checks),
  concurrency: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  retries: optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })))
})

/**
 * How to run a job.
 *
 * @category models
 * @since 0.1.0
 */
export type JobRunRequest = typeof JobRunRequest.Type

// ---------------------------------------------------------------------------------------------------------------------
// queue
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A run that was requested.
 *
 * @category schemas
 * @since 0.1.0
 */
export const QueuedModel = Schema.Struct({
  id: Text,
  seq: Schema.Int,
  request: Request,
  /** What it runs, in words. */
  words: Text,
  /** The automation and the tick that requested it. */
  automation: optional(Text),
  tickId: optional(Text),
  priority: Schema.Int,
  queuedAt: Millis,
  status: QueueStatus,
  /** Why it still waits. */
  waitingFor: optional(Text),
  /** It is not launched before this time. */
  notBefore: optional(Millis),
  /** How often somebody began to launch it. */
  attempts: Schema.Int,
  /** The run, once there is one, and how it stands. */
  runId: optional(Text),
  runStatus: optional(Model.RunStatus),
  /** Why it could not be launched, the last time it was tried. */
  error: optional(Model.Failure),
  /** When it was launched, given up or cancelled. */
  finishedAt: optional(Millis)
})

/**
 * A run that was requested.
 *
 * @category models
 * @since 0.1.0
 */
export type QueuedModel = typeof QueuedModel.Type

/**
 * Which requested runs to list. Those that wait or are being launched come in the order in which they are to be; with
 * another status, the newest come first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const QueueFilter = Schema.Struct({
  /** Those that wait and those that are being launched, if it is left out. */
  status: optional(Schema.Union([QueueStatus, Schema.Literal("All")])),
  automation: optional(Text),
  /** The `next` of the page before. */
  after: optional(Schema.Int),
  /** At most so many: 100 if it is left out. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
})

/**
 * Which requested runs to list.
 *
 * @category models
 * @since 0.1.0
 */
export type QueueFilter = typeof QueueFilter.Type

// ---------------------------------------------------------------------------------------------------------------------
// daemon
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Whether a daemon evaluates schedules, sensors and conditions, and launches what they request.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DaemonModel = Schema.Struct({
  /** Whether one acts on this log, in whichever process. */
  present: Schema.Boolean,
  /** Tells the daemon that acts from others. */
  leader: optional(Text),
  /** Since when it acts. */
  since: optional(Millis),
  /** Whether this process has a daemon, and whether that is the one that acts. */
  here: Schema.Boolean,
  leading: Schema.Boolean,
  /** How many runs that the daemon of this process has launched go on. */
  runsHere: Schema.Int,
  /** How many requested runs wait, and are being launched. */
  queued: Schema.Int,
  launching: Schema.Int,
  /** How many could not be launched, of those that are still known. */
  failed: Schema.Int,
  /** How many schedules and sensors are on, of how many; conditions count as one. */
  running: Schema.Int,
  automations: Schema.Int,
  /** What has failed within the daemon of this process, most recently. */
  problems: Texts
})

/**
 * Whether a daemon evaluates schedules, sensors and conditions.
 *
 * @category models
 * @since 0.1.0
 */
export type DaemonModel = typeof DaemonModel.Type

// ---------------------------------------------------------------------------------------------------------------------
// backfills
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A backfill of a list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackfillSummary = Schema.Struct({
  id: Text,
  status: Model.RunStatus,
  cancelRequested: Schema.Boolean,
  startedAt: Millis,
  finishedAt: optional(Millis),
  durationMillis: optional(Schema.Number),
  tags: Tags,
  /** What it is to compute: the first 20 assets, and how many there are. */
  assets: Schema.Array(Schema.Struct({ key: Text, count: optional(Schema.Int), partitions: optional(Text) })),
  assetCount: Schema.Int,
  runs: Schema.Struct({
    total: Schema.Int,
    running: Schema.Int,
    succeeded: Schema.Int,
    failed: Schema.Int,
    cancelled: Schema.Int
  }),
  /** Partitions of all its assets together; an asset without partitions counts as one. */
  partitions: Schema.Struct({
    total: Schema.Int,
    /** Those of runs that have succeeded. */
    done: Schema.Int,
    /** Those of runs that have failed or were cancelled, and were not tried again. */
    failed: Schema.Int
  }),
  /** `true` if this process goes on with it. */
  here: Schema.Boolean,
  cursor: Schema.Number
})

/**
 * A backfill of a list.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillSummary = typeof BackfillSummary.Type

/**
 * Which backfills to list, the newest first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackfillFilter = Schema.Struct({
  /** The `next` of the page before. */
  before: optional(Schema.Finite),
  /** At most so many: 20 if it is left out. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })))
})

/**
 * Which backfills to list.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillFilter = typeof BackfillFilter.Type
