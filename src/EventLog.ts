/**
 * The event log: what happened in runs, append-only, one event for each outcome of an asset.
 *
 * **Example** (What a run recorded)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Stream } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const run = yield* Runtime.materialize(Graph.make({ a: Asset.make("a", Effect.succeed(1)) }))
 *   const log = yield* EventLog.EventLog
 *   const events = yield* Stream.runCollect(log.events({ runId: run.id }))
 *   return events.map((event) => event._tag)
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["RunStarted", "AssetMaterialized", "RunFinished"]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as Stream from "effect/Stream"
import * as AutomationStore from "./AutomationStore.ts"
import * as codec from "./internal/logCodec.ts"
import * as memory from "./internal/logMemory.ts"
import * as database from "./internal/logSql.ts"
import * as Metadata from "./Metadata.ts"
import * as Partitions from "./Partitions.ts"

// ---------------------------------------------------------------------------------------------------------------------
// events
// ---------------------------------------------------------------------------------------------------------------------

/** Milliseconds since 1970, by the Clock of the run. */
const timestamp = Schema.Number
const common = { runId: Schema.String, timestamp }

/**
 * A part of an asset's program that was run by `Asset.step`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StepRecord = Schema.Struct({
  name: Schema.String,
  attempts: Schema.Int,
  durationMillis: Schema.Number,
  status: Schema.Literals(["Succeeded", "Failed", "Cancelled"])
})

/**
 * A part of an asset's program that was run by `Asset.step`.
 *
 * @category models
 * @since 0.1.0
 */
export type StepRecord = typeof StepRecord.Type

/**
 * Why an asset was skipped: its own output was `None`; or upstream assets were skipped; or there was no last value of
 * upstream assets that were skipped.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SkipReason = Schema.TaggedUnion({
  NoOutput: {},
  UpstreamSkipped: { keys: Schema.Array(Schema.String) },
  NoLastValue: { keys: Schema.Array(Schema.String) },
  /** A mapping led to no partition: there is none before the first one, say. */
  NoUpstreamPartition: { keys: Schema.Array(Schema.String) }
})

/**
 * Why an asset was skipped.
 *
 * @category models
 * @since 0.1.0
 */
export type SkipReason = typeof SkipReason.Type

/**
 * Why an asset was skipped, in words.
 *
 * **Example** (A reason)
 *
 * ```ts import.meta.vitest
 * import { EventLog } from "effect-assets"
 *
 * EventLog.explainSkip({ _tag: "NoOutput" }) // => "its output is None"
 * EventLog.explainSkip({ _tag: "UpstreamSkipped", keys: ["a", "b"] }) // => "a and b were skipped"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const explainSkip = (reason: SkipReason): string => {
  switch (reason._tag) {
    case "NoOutput":
      return "its output is None"
    case "UpstreamSkipped":
      return `${reason.keys.join(" and ")} ${reason.keys.length === 1 ? "was" : "were"} skipped`
    case "NoLastValue":
      return `${reason.keys.join(" and ")} ${
        reason.keys.length === 1 ? "was" : "were"
      } skipped, and there is no last value`
    case "NoUpstreamPartition":
      return `there is no partition of ${reason.keys.join(" and ")} for it`
  }
}

/**
 * A failure as it is recorded: the tag of a typed error, its message, and everything that is known about it as text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RecordedError = Schema.Struct({
  /** The `_tag` of a typed error, `"Defect"`, or `"Interrupt"`. */
  tag: Schema.String,
  message: Schema.String,
  /** The whole cause, with stack traces. */
  cause: Schema.String
})

/**
 * A failure as it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordedError = typeof RecordedError.Type

/**
 * The state that a run ends in.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunStatus = Schema.Literals(["Succeeded", "Failed", "Cancelled"])

/**
 * The state that a run ends in.
 *
 * @category models
 * @since 0.1.0
 */
export type RunStatus = typeof RunStatus.Type

/** What an event of an asset is about: the whole asset where nothing is given. */
const subject = {
  key: Schema.String,
  /** The partition, where it is one. */
  partition: Schema.optional(Schema.String),
  /** The partitions, where the event is about partitions: one or a range of them. */
  partitions: Schema.optional(Partitions.Serialized)
}

/** The data versions of the partitions of one upstream asset that were read, those of one version together. */
const InputPartitions = Schema.Record(
  Schema.String,
  Schema.Array(Schema.Struct({ partitions: Partitions.Serialized, dataVersion: Schema.String }))
)

/** Versions of data, and of what it was computed from. */
const versions = {
  /** What tells the stored data from other data of this asset or partition. */
  dataVersion: Schema.String,
  /** The data versions of the upstream assets, or of the one partition that was read, as they were when it was computed. */
  inputVersions: Schema.Record(Schema.String, Schema.String),
  /** The data versions of upstream assets of which several partitions were read, or one that may be another one later. */
  inputPartitions: Schema.optional(InputPartitions)
}

/** The configuration that was given in the options of a run. */
const config = {
  /** What was given, in JSON, by the names of the assets that take it. What came from a ConfigProvider is not recorded. */
  config: Schema.optional(Schema.Record(Schema.String, Schema.Json)),
  /** The names of assets that were given what is not recorded: their schema has a secret, or does not write it. */
  configHidden: Schema.optional(Schema.Array(Schema.String))
}

/**
 * How much a failed check matters.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Severity = Schema.Literals(["warn", "error"])

/**
 * How much a failed check matters.
 *
 * @category models
 * @since 0.1.0
 */
export type Severity = typeof Severity.Type

/**
 * An event as it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Event = Schema.TaggedUnion({
  /** A run begins; `keys` are the assets it will compute, `partitions` which partitions of them. */
  RunStarted: {
    ...common,
    keys: Schema.Array(Schema.String),
    tags: Schema.Record(Schema.String, Schema.String),
    partitions: Schema.optional(Schema.Record(Schema.String, Partitions.Serialized)),
    /** The run of which this one repeats what did not succeed. */
    retryOf: Schema.optional(Schema.String),
    backfillId: Schema.optional(Schema.String),
    /** `true` if it evaluates checks of these assets and computes none of them. */
    checksOnly: Schema.optional(Schema.Boolean),
    ...config
  },
  /** Somebody, maybe another process, wants a run to end. */
  RunCancelRequested: {
    ...common,
    reason: Schema.optional(Schema.String),
    /** What the run ends as: `Cancelled` unless it is told. */
    status: Schema.optional(Schema.Literals(["Cancelled", "Failed"]))
  },
  /** An asset was computed, and stored unless its value is `void`. */
  AssetMaterialized: {
    ...common,
    ...subject,
    ...versions,
    codeVersion: Schema.UndefinedOr(Schema.String),
    /** Tells the configuration it was computed with from others, where the asset has one. */
    configVersion: Schema.optional(Schema.String),
    metadata: Metadata.Metadata,
    durationMillis: Schema.Number,
    attempts: Schema.Int,
    steps: Schema.Array(StepRecord),
    /** `false` for an asset whose value is `void`. */
    stored: Schema.Boolean,
    /** Where one event is about a range of partitions: what differs from partition to partition, by key. */
    byPartition: Schema.optional(Schema.Record(
      Schema.String,
      Schema.Struct({ ...versions, metadata: Schema.optional(Metadata.Metadata) })
    ))
  },
  /** The data of an external asset was looked at, in a run or outside of one. */
  AssetObserved: {
    runId: Schema.optional(Schema.String),
    timestamp,
    ...subject,
    dataVersion: Schema.String,
    metadata: Metadata.Metadata
  },
  /** An asset was skipped: nothing was stored, and what was stored before stays. */
  AssetSkipped: { ...common, ...subject, reason: SkipReason },
  AssetFailed: {
    ...common,
    ...subject,
    error: RecordedError,
    durationMillis: Schema.Number,
    attempts: Schema.Int,
    steps: Schema.Array(StepRecord)
  },
  /** An asset was not computed, since assets upstream of it failed. */
  AssetUpstreamFailed: {
    ...common,
    ...subject,
    failed: Schema.Array(Schema.String),
    /** The blocking checks that failed, as `KEY:CHECK`. */
    checks: Schema.optional(Schema.Array(Schema.String))
  },
  /** An asset was not computed, or not to its end, since the run was cancelled. */
  AssetCancelled: { ...common, ...subject, started: Schema.Boolean },
  /** A check was evaluated. `target` is the materialization it judged, if there was one. */
  CheckEvaluated: {
    ...common,
    ...subject,
    check: Schema.String,
    status: Schema.Literals(["Passed", "Failed", "Errored"]),
    severity: Severity,
    blocking: Schema.Boolean,
    metadata: Metadata.Metadata,
    description: Schema.optional(Schema.String),
    /** Why the check itself could not be evaluated. */
    error: Schema.optional(RecordedError),
    target: Schema.optional(Schema.Struct({
      runId: Schema.optional(Schema.String),
      dataVersion: Schema.String,
      timestamp
    })),
    durationMillis: Schema.Number
  },
  RunFinished: { ...common, status: RunStatus, durationMillis: Schema.Number },
  /**
   * A backfill begins: the partitions to compute of each asset (`null` for one without partitions), and what else it takes
   * to go on after a crash.
   */
  BackfillStarted: {
    backfillId: Schema.String,
    timestamp,
    partitions: Schema.Record(Schema.String, Schema.NullOr(Partitions.Serialized)),
    /** At most so many partitions in one run; `undefined` for all in one. */
    partitionsPerRun: Schema.UndefinedOr(Schema.Int),
    tags: Schema.Record(Schema.String, Schema.String),
    ...config
  },
  BackfillCancelRequested: { backfillId: Schema.String, timestamp },
  BackfillFinished: { backfillId: Schema.String, timestamp, status: RunStatus, durationMillis: Schema.Number }
})

/**
 * An event as it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type Event = typeof Event.Type

/**
 * The name of a kind of event.
 *
 * @category models
 * @since 0.1.0
 */
export type Tag = Event["_tag"]

/**
 * The event of an asset that was computed and stored.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetMaterialized = Extract<Event, { readonly _tag: "AssetMaterialized" }>

/**
 * The event of an external asset that was looked at.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetObserved = Extract<Event, { readonly _tag: "AssetObserved" }>

/**
 * The event of a check that was evaluated.
 *
 * @category models
 * @since 0.1.0
 */
export type CheckEvaluated = Extract<Event, { readonly _tag: "CheckEvaluated" }>

/**
 * An event together with its place in the log.
 *
 * @category models
 * @since 0.1.0
 */
export type Logged<E extends Event> = E & {
  /** Greater than that of every event recorded before. Pass it as `after` to go on from here. */
  readonly cursor: number
}

/**
 * An event of any kind together with its place in the log.
 *
 * @category models
 * @since 0.1.0
 */
export type LoggedEvent = Logged<Event>

/**
 * What the newest materialization or observation tells of the versions of an asset, or of some of its partitions.
 *
 * @category models
 * @since 0.1.0
 */
export interface VersionState {
  readonly key: string
  /** The partition, where it is one. */
  readonly partition: string | undefined
  /** The partitions, where the asset has partitions. */
  readonly partitions: Partitions.Serialized | undefined
  readonly cursor: number
  readonly runId: string | undefined
  readonly timestamp: number
  /** `true` for an observation of an external asset. */
  readonly observed: boolean
  readonly stored: boolean
  readonly dataVersion: string
  readonly codeVersion: string | undefined
  readonly configVersion: string | undefined
  readonly inputVersions: { readonly [key: string]: string }
  readonly inputPartitions: AssetMaterialized["inputPartitions"]
  /** What differs from partition to partition. */
  readonly byPartition: AssetMaterialized["byPartition"]
}

/**
 * What came of an asset, or of some of its partitions, when it was last to be computed and was not.
 *
 * @category models
 * @since 0.1.0
 */
export interface OutcomeState {
  readonly key: string
  readonly partition: string | undefined
  readonly partitions: Partitions.Serialized | undefined
  readonly cursor: number
  readonly runId: string
  readonly timestamp: number
  readonly tag: "AssetSkipped" | "AssetFailed" | "AssetUpstreamFailed" | "AssetCancelled"
}

/**
 * A run as the log knows it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunRecord {
  readonly id: string
  /** `Running` also for a run whose process has died: nobody has recorded its end. */
  readonly status: RunStatus | "Running"
  readonly cancelRequested: boolean
  readonly startedAt: number
  readonly finishedAt: number | undefined
  readonly durationMillis: number | undefined
  readonly keys: ReadonlyArray<string>
  readonly partitions: { readonly [key: string]: Partitions.Serialized } | undefined
  readonly tags: { readonly [name: string]: string }
  readonly retryOf: string | undefined
  readonly backfillId: string | undefined
  /** The configuration that was given in its options, in JSON, by the names of the assets that take it. */
  readonly config: { readonly [name: string]: Schema.Json } | undefined
  /** The names of assets that were given what is not recorded: their schema has a secret, or does not write it. */
  readonly configHidden: ReadonlyArray<string> | undefined
  /** The place of its beginning in the log: pass it as `before` to see older runs. */
  readonly cursor: number
}

/**
 * Which runs to list. Everything that is given must hold; the newest come first.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunFilter {
  readonly ids?: ReadonlyArray<string> | undefined
  readonly statuses?: ReadonlyArray<RunRecord["status"]> | undefined
  /** Runs that were to compute this asset. */
  readonly key?: string | undefined
  /** Runs with all of these tags. */
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly backfillId?: string | undefined
  readonly retryOf?: string | undefined
  /** Runs that began before the one with this cursor. */
  readonly before?: number | undefined
  /** At most so many. */
  readonly limit?: number | undefined
}

/**
 * How long events of a kind are kept. What is not named is kept for ever, and so is the newest event about each asset,
 * partition and check, whatever its age.
 *
 * @category models
 * @since 0.1.0
 */
export type Retention = { readonly [tag in Tag]?: Duration.Input | undefined }

/**
 * Which events to read. Everything that is given must hold.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventFilter {
  readonly runId?: string | undefined
  /** Events of these assets only. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** Events of these kinds only. */
  readonly tags?: ReadonlyArray<Event["_tag"]> | undefined
  /**
   * Events about this partition only, be it one of a range. The log knows no definitions: time windows within a range are
   * found where their keys are dates, as they are by default.
   */
  readonly partition?: string | undefined
  /** Events of this backfill only: its own, and the beginnings of its runs. */
  readonly backfillId?: string | undefined
  /** Events after this cursor only. */
  readonly after?: number | undefined
  /** Events before this cursor only. */
  readonly before?: number | undefined
  /** The oldest first, unless it is `"descending"`. */
  readonly order?: "ascending" | "descending" | undefined
  /** At most so many. */
  readonly limit?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The event log could not be written or read.
 *
 * @category errors
 * @since 0.1.0
 */
export class EventLogError extends Schema.TaggedError<EventLogError>()("EventLogError", {
  operation: Schema.Literals(["open", "append", "read", "remove"]),
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `The event log could not be ${done[this.operation]}: ${
      this.cause instanceof Error ? this.cause.message : String(this.cause)
    }`
  }
}

const done = { open: "opened", append: "written", read: "read", remove: "cleaned" } as const

/**
 * What a log can do.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /**
   * Records events, all of them or none, in their order. Appends of one moment are committed together; where that fails,
   * each on its own. One that is interrupted may have been recorded.
   */
  readonly append: (events: ReadonlyArray<Event>) => Effect.Effect<void, EventLogError>
  /** Reads what is recorded, the oldest first. */
  readonly events: (filter: EventFilter) => Stream.Stream<LoggedEvent, EventLogError>
  /**
   * Reads what is recorded after `filter.after` (from now on, if that is left out), then goes on with what is recorded
   * meanwhile, also by other processes: everything once, in the order of cursors. It ends where `limit` or `before` say.
   */
  readonly tail: (filter: EventFilter) => Stream.Stream<LoggedEvent, EventLogError>
  /** The newest materialization of each of some assets, of whichever partition; those that have none are left out. */
  readonly latest: (
    keys: Iterable<string>
  ) => Effect.Effect<ReadonlyMap<string, Logged<AssetMaterialized>>, EventLogError>
  /**
   * What is known of the versions of some assets, of all if no keys are given: for an asset without partitions one entry,
   * otherwise the newest first, so that the first one that has a partition counts for it. Of partitions, those that are
   * named if any are, and all ranges. One query, whatever the number of keys and the length of history.
   */
  readonly versions: (
    keys?: Iterable<string>,
    options?: { readonly partitions?: Iterable<string> | undefined }
  ) => Effect.Effect<ReadonlyMap<string, ReadonlyArray<VersionState>>, EventLogError>
  /** What came last of assets that were to be computed and were not, in the same order. One query. */
  readonly outcomes: (
    keys?: Iterable<string>
  ) => Effect.Effect<ReadonlyMap<string, ReadonlyArray<OutcomeState>>, EventLogError>
  /** The newest evaluation of each check, and partition, of some assets: the newest first. One query. */
  readonly checks: (
    keys?: Iterable<string>
  ) => Effect.Effect<ReadonlyMap<string, ReadonlyArray<Logged<CheckEvaluated>>>, EventLogError>
  /** Lists runs, the newest first. */
  readonly runs: (filter: RunFilter) => Effect.Effect<ReadonlyArray<RunRecord>, EventLogError>
  /**
   * Removes what is recorded of runs but for the history of assets: materializations, observations and checks stay,
   * outcomes do not.
   */
  readonly deleteRuns: (ids: Iterable<string>) => Effect.Effect<void, EventLogError>
  /** Forgets what was materialized, observed, checked and tried of some assets. What is stored is not touched. */
  readonly wipe: (keys: Iterable<string>) => Effect.Effect<void, EventLogError>
  /**
   * Removes events that are older than a policy keeps them. Gives how many. What tells the present state of an asset, a
   * partition or a check stays, and so does the beginning of a run that goes on; a run is listed as long as its beginning
   * is kept.
   */
  readonly prune: (retention: Retention) => Effect.Effect<number, EventLogError>
}

/**
 * The log of what happened in runs. Layers: `layerMemory`, `layerSql`.
 *
 * @category services
 * @since 0.1.0
 */
export class EventLog extends Context.Service<EventLog, Service>()("effect-assets/EventLog") {}

/**
 * Makes a log that is kept in memory.
 *
 * **Example** (The state of an asset)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { EventLog } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const log = yield* EventLog.makeMemory
 *   yield* log.append([
 *     { _tag: "AssetObserved", timestamp: 0, key: "orders", dataVersion: "1", metadata: {} },
 *     { _tag: "AssetObserved", timestamp: 1, key: "orders", dataVersion: "2", metadata: {} }
 *   ])
 *   const versions = yield* log.versions(["orders"])
 *   return versions.get("orders")?.map((state) => state.dataVersion)
 * })
 * await Effect.runPromise(program) // => ["2"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service> = memory.make

/**
 * What every layer of the log keeps in one place: the log, the keys of dynamic partitions, and the state of automation.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Stored = EventLog | Partitions.DynamicKeys | AutomationStore.AutomationStore

/**
 * Keeps the log in memory as long as the layer lives, and the keys of dynamic partitions and the state of automation beside
 * it. It grows with every run, about 200 bytes for each asset.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Stored> = Layer.mergeAll(
  Layer.effect(EventLog, makeMemory),
  Layer.effect(Partitions.DynamicKeys, Partitions.makeDynamicKeysMemory),
  Layer.effect(AutomationStore.AutomationStore, AutomationStore.makeMemory)
)

/**
 * How often a log in a database is asked for what other processes have written, while somebody follows it with `tail`.
 * What this process writes is seen at once. By default every 250 milliseconds.
 *
 * @category configuration
 * @since 0.1.0
 */
export const PollInterval: Context.Reference<Duration.Input> = Context.Reference<Duration.Input>(
  "effect-assets/EventLog/PollInterval",
  { defaultValue: () => "250 millis" }
)

const openDatabase = Effect.suspend(() =>
  database.make({
    codec: codec.makeEventCodec(Event),
    fail: (operation, cause) => new EventLogError({ operation, cause }),
    failAutomation: (operation, cause) => new AutomationStore.AutomationStoreError({ operation, cause }),
    pollInterval: PollInterval
  })
)

/**
 * Opens the log of a database, SQLite or PostgreSQL. Tables are created, and brought up to date, as needed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeSql: Effect.Effect<Service, EventLogError, SqlClient.SqlClient | Scope.Scope> = Effect.map(
  openDatabase,
  ({ log }) => log
)

/**
 * Keeps the log in a database, SQLite or PostgreSQL, and the keys of dynamic partitions and the state of automation beside
 * it. Several processes may share it.
 *
 * **Example** (A log in SQLite)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Stream } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 * import { SqliteClient } from "effect-assets/node"
 *
 * const log = Layer.provide(EventLog.layerSql, SqliteClient.layer({ filename: ":memory:" }))
 * const program = Effect.gen(function*() {
 *   yield* Runtime.materialize(Graph.make({ a: Asset.make("a", Effect.succeed(1)) }))
 *   const { runs } = yield* EventLog.EventLog
 *   return (yield* runs({ key: "a" })).map((run) => run.status)
 * })
 * await Effect.runPromise(Effect.provide(program, [log, IOManager.layerMemory])) // => ["Succeeded"]
 * ```
 *
 * **Gotchas**
 *
 * With SQLite, give the log a client of its own, or do not append within a transaction of that client: there is one
 * connection, and each would wait for the other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql: Layer.Layer<Stored, EventLogError, SqlClient.SqlClient> = Layer.effectContext(
  Effect.map(
    openDatabase,
    ({ automation, dynamicKeys, log }) =>
      Context.make(EventLog, log).pipe(
        Context.add(Partitions.DynamicKeys, dynamicKeys),
        Context.add(AutomationStore.AutomationStore, automation)
      )
  )
)
