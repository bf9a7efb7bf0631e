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
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Metadata from "./Metadata.ts"

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
  NoLastValue: { keys: Schema.Array(Schema.String) }
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

/**
 * An event as it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Event = Schema.TaggedUnion({
  /** A run begins; `keys` are the assets it will compute. */
  RunStarted: {
    ...common,
    keys: Schema.Array(Schema.String),
    tags: Schema.Record(Schema.String, Schema.String)
  },
  /** An asset was computed, and stored unless its value is `void`. */
  AssetMaterialized: {
    ...common,
    key: Schema.String,
    /** What tells the stored data from other data of this asset. */
    dataVersion: Schema.String,
    codeVersion: Schema.UndefinedOr(Schema.String),
    /** The data versions of the upstream assets, as they were when this one was computed. */
    inputVersions: Schema.Record(Schema.String, Schema.String),
    metadata: Metadata.Metadata,
    durationMillis: Schema.Number,
    attempts: Schema.Int,
    steps: Schema.Array(StepRecord),
    /** `false` for an asset whose value is `void`. */
    stored: Schema.Boolean
  },
  /** An asset was skipped: nothing was stored, and what was stored before stays. */
  AssetSkipped: { ...common, key: Schema.String, reason: SkipReason },
  AssetFailed: {
    ...common,
    key: Schema.String,
    error: RecordedError,
    durationMillis: Schema.Number,
    attempts: Schema.Int,
    steps: Schema.Array(StepRecord)
  },
  /** An asset was not computed, since assets upstream of it failed. */
  AssetUpstreamFailed: { ...common, key: Schema.String, failed: Schema.Array(Schema.String) },
  /** An asset was not computed, or not to its end, since the run was cancelled. */
  AssetCancelled: { ...common, key: Schema.String, started: Schema.Boolean },
  RunFinished: { ...common, status: RunStatus, durationMillis: Schema.Number }
})

/**
 * An event as it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type Event = typeof Event.Type

/**
 * The event of an asset that was computed and stored.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetMaterialized = Extract<Event, { readonly _tag: "AssetMaterialized" }>

/**
 * An event together with its place in the log.
 *
 * @category models
 * @since 0.1.0
 */
export type LoggedEvent = Event & {
  /** Greater than that of every event recorded before. Pass it as `after` to go on from here. */
  readonly cursor: number
}

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
  /** Events after this cursor only. */
  readonly after?: number | undefined
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
  operation: Schema.Literals(["append", "read"]),
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `The event log could not be ${this.operation === "append" ? "written" : "read"}: ${
      this.cause instanceof Error ? this.cause.message : String(this.cause)
    }`
  }
}

/**
 * What a log can do.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /** Records events, all of them or none, in their order. */
  readonly append: (events: ReadonlyArray<Event>) => Effect.Effect<void, EventLogError>
  /** Reads what is recorded, the oldest first. */
  readonly events: (filter: EventFilter) => Stream.Stream<LoggedEvent, EventLogError>
  /** The latest materialization of each of some assets; those that have none are left out. */
  readonly latest: (keys: Iterable<string>) => Effect.Effect<ReadonlyMap<string, AssetMaterialized>, EventLogError>
}

/**
 * The log of what happened in runs. Layers: `layerMemory`.
 *
 * @category services
 * @since 0.1.0
 */
export class EventLog extends Context.Service<EventLog, Service>()("effect-assets/EventLog") {}

/**
 * Makes a log that is kept in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service> = Effect.sync(() => {
  const log: Array<Event> = []
  const latest = new Map<string, AssetMaterialized>()

  const read = function*(filter: EventFilter): Generator<LoggedEvent> {
    const keys = filter.keys && new Set(filter.keys)
    const tags = filter.tags && new Set<string>(filter.tags)
    let left = filter.limit ?? Infinity
    for (let at = filter.after === undefined ? 0 : filter.after + 1; at < log.length && left > 0; at++) {
      const event = log[at]!
      if (filter.runId !== undefined && event.runId !== filter.runId) continue
      if (tags !== undefined && !tags.has(event._tag)) continue
      if (keys !== undefined && !("key" in event && keys.has(event.key))) continue
      left--
      yield { ...event, cursor: at }
    }
  }

  return {
    append: (events) =>
      Effect.sync(() => {
        for (const event of events) {
          log.push(event)
          if (event._tag === "AssetMaterialized") latest.set(event.key, event)
        }
      }),
    events: (filter) => Stream.suspend(() => Stream.fromIteratorSucceed(read(filter), 128)),
    latest: (keys) =>
      Effect.sync(() => {
        const found = new Map<string, AssetMaterialized>()
        for (const key of keys) {
          const event = latest.get(key)
          if (event !== undefined) found.set(key, event)
        }
        return found
      })
  }
})

/**
 * Keeps the log in memory as long as the layer lives: it grows with every run, about 200 bytes for each asset.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<EventLog> = Layer.effect(EventLog, makeMemory)
