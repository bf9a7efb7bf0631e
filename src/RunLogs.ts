/**
 * The logs of runs: what their programs log with `Effect.log`, kept apart from the event log.
 *
 * Nothing is kept unless `layerCapture` is there: it takes what is logged in the programs of assets, checks and their IO
 * managers, beside the loggers that there are. Where it is kept is said by `layerMemory`, `layerFiles` or `Local.layer`.
 *
 * **Example** (What a run has logged)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Logger } from "effect"
 * import { Asset, EventLog, Graph, IOManager, RunLogs, Runtime } from "effect-assets"
 *
 * const rain = Asset.make("rain", {
 *   *compute() {
 *     yield* Effect.logWarning("no data for", { station: 7 })
 *     return 3
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const run = yield* Runtime.run(Graph.make({ rain }))
 *   const logs = yield* RunLogs.RunLogs
 *   return (yield* logs.read(run.id)).map(({ key, level, message }) => `${level} ${key}: ${message}`)
 * })
 * const layer = Layer.mergeAll(
 *   IOManager.layerMemory,
 *   EventLog.layerMemory,
 *   RunLogs.layerMemory,
 *   RunLogs.layerCapture,
 *   Logger.layer([]) // nothing on the console
 * )
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["Warn rain: no data for {\"station\":7}"]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventLog from "./EventLog.ts"
import * as memory from "./internal/runLogs.ts"
import { CurrentCapture } from "./internal/runLogsCapture.ts"
import * as files from "./internal/runLogsFiles.ts"
import { advised } from "./internal/systemErrors.ts"

/**
 * How much a message matters.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Level = Schema.Literals(["Fatal", "Error", "Warn", "Info", "Debug", "Trace"])

const entry = {
  /** Milliseconds since 1970, by the Clock of the run. */
  timestamp: Schema.Number,
  level: Level,
  /** What was logged, as text: untrusted, and cut if it is long. */
  message: Schema.String,
  /** The cause that was logged, and errors among the messages, with stack traces. */
  cause: Schema.optional(Schema.String),
  /** The key of the asset; of a multi-asset its name. */
  key: Schema.optional(Schema.String),
  partition: Schema.optional(Schema.String),
  /** The check of the asset whose program has logged it. */
  check: Schema.optional(Schema.String),
  /** The name of the `Asset.step` within which it was logged. */
  step: Schema.optional(Schema.String),
  /** The annotations of the program, and its log spans. */
  annotations: Schema.Record(Schema.String, Schema.String)
}

/**
 * Something that was logged in a run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Struct({
  /** Its place in the log of the run, from 1 on. Pass it as `after` to go on from here. */
  seq: Schema.Int,
  ...entry
})

/**
 * Something that was logged in a run.
 *
 * @category models
 * @since 0.1.0
 */
export type Entry = typeof Entry.Type

/**
 * Something to append to the log of a run, which gives it its place.
 *
 * @category models
 * @since 0.1.0
 */
export type NewEntry = Omit<Entry, "seq">

/**
 * Which entries to read. Everything that is given must hold.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  /** Entries after this place only. */
  readonly after?: number | undefined
  /** Entries of this level, and of those that matter more. */
  readonly level?: LogLevel.Severity | undefined
  /** Entries of this asset only; of a multi-asset by its name. */
  readonly key?: string | undefined
}

/**
 * Which entries to read, and how many.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadOptions extends Filter {
  /** At most so many, the first ones. */
  readonly limit?: number | undefined
}

/**
 * Which entries to follow, and until when.
 *
 * @category models
 * @since 0.1.0
 */
export interface TailOptions extends Filter {
  /** When it ends, in whichever way, what is there is read, and the stream ends. Without it the stream does not end. */
  readonly until?: Effect.Effect<unknown, unknown> | undefined
}

/**
 * The logs of runs could not be written, read or removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunLogsError extends Schema.TaggedError<RunLogsError>()("RunLogsError", {
  operation: Schema.Literals(["append", "read", "delete"]),
  /** `undefined` where it is about all runs. */
  runId: Schema.UndefinedOr(Schema.String),
  cause: Schema.Defect()
}) {
  override get message(): string {
    const what = this.runId === undefined ? "The logs of runs" : `The log of the run ${this.runId}`
    return `${what} could not be ${done[this.operation]}: ${advised(this.cause)}`
  }
}

const done = { append: "written", read: "read", delete: "removed" } as const

/**
 * What keeps the logs of runs.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /** Adds to the end of a log, in one write. One process at a time writes the log of a run: the one that runs it. */
  readonly append: (runId: string, entries: ReadonlyArray<NewEntry>) => Effect.Effect<void, RunLogsError>
  /** Reads a log in its order. There is nothing of a run that is not known. */
  readonly read: (runId: string, options?: ReadOptions) => Effect.Effect<ReadonlyArray<Entry>, RunLogsError>
  /** Reads a log and goes on with what is logged meanwhile, also by another process: everything once, in its order. */
  readonly tail: (runId: string, options?: TailOptions) => Stream.Stream<Entry, RunLogsError>
  /** Removes the logs of runs. */
  readonly delete: (runIds: Iterable<string>) => Effect.Effect<void, RunLogsError>
  /** The ids of the runs that have logs, in no order. */
  readonly runs: Effect.Effect<ReadonlyArray<string>, RunLogsError>
}

const maxEntries = 10_000
const maxRuns = 100

/**
 * Makes a store of logs in memory: of each run the newest 10,000 entries, of the 100 runs that were written to last.
 *
 * **Example** (Reading on)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { RunLogs } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const logs = yield* RunLogs.makeMemory
 *   const entry = (level: RunLogs.Entry["level"], message: string) => ({ timestamp: 0, level, message, annotations: {} })
 *   yield* logs.append("run", [entry("Info", "one"), entry("Debug", "two"), entry("Error", "three")])
 *   return (yield* logs.read("run", { after: 1, level: "Info" })).map(({ message, seq }) => [seq, message])
 * })
 * await Effect.runPromise(program) // => [[3, "three"]]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service> = Effect.suspend(() => memory.makeMemory(maxEntries, maxRuns))

/**
 * The store of the logs of runs: in memory, shared by the process, unless a layer says otherwise. Layers: `layerMemory`,
 * `layerFiles`, `Local.layer`.
 *
 * @category services
 * @since 0.1.0
 */
export const RunLogs: Context.Reference<Service> = Context.Reference<Service>("effect-assets/RunLogs", {
  defaultValue: () => Effect.runSync(makeMemory)
})

/**
 * Keeps logs in memory as long as the layer lives.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<never> = Layer.effect(RunLogs, makeMemory)

/**
 * The options of `layerFiles`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FilesOptions {
  /** Where the files are. It is made when something is logged. */
  readonly directory: string
}

const decodeEntry = Schema.decodeUnknownOption(Schema.fromJsonString(Entry))

/**
 * Makes a store of logs in files, one for each run: NDJSON, a line for each entry.
 *
 * **Details**
 *
 * The file of the run `7f3a` is `DIRECTORY/run-7f3a.ndjson`. What is not a lower-case letter, digit, `_` or `-` in an id is
 * written as `%XX`, so an id cannot name a path. What a process that was killed has written of a line is passed over. What
 * another process writes is found at the pace of `EventLog.PollInterval`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeFiles = (
  options: FilesOptions
): Effect.Effect<Service, never, FileSystem.FileSystem | Path.Path> =>
  files.makeFiles({
    decode: (line) => Option.getOrUndefined(decodeEntry(line)),
    fail: (operation, runId, cause) => new RunLogsError({ operation, runId, cause }),
    pollInterval: EventLog.PollInterval
  }, options.directory)

/**
 * Keeps logs in files below a directory. See `makeFiles` for their names and format.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFiles = (
  options: FilesOptions
): Layer.Layer<never, never, FileSystem.FileSystem | Path.Path> => Layer.effect(RunLogs, makeFiles(options))

/**
 * Keeps what the programs of the runs below log, in `RunLogs`, beside what other loggers do with it.
 *
 * **Details**
 *
 * It is what is logged with `Effect.log`, `Effect.logInfo` and so on in the programs of assets and checks and in what they
 * call, with the asset, partition, check and step that it belongs to, and only from `References.MinimumLogLevel` on. What is
 * written with `console.log`, or to the standard output in other ways, is not captured. Nor is what a fiber logs that
 * outlives its run.
 *
 * Programs wait for nothing: a writer of the run's own takes what they log, 20 times a second, and has written everything
 * before the end of the run is recorded. What cannot be written is lost, with a warning in the log of the process. Of a run
 * that logs more than 10,000 messages, or several megabytes, the first and the last are kept, and between them an entry says
 * how many are left out; the last ones are written when the run ends.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerCapture: Layer.Layer<never> = Layer.succeed(CurrentCapture, true)

/**
 * The log of a run, and what is logged meanwhile, until the event log tells that the run has ended.
 *
 * **Example** (Everything of a run that has ended)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Logger, Stream } from "effect"
 * import { Asset, EventLog, Graph, IOManager, RunLogs, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.log("here"))
 * const program = Effect.gen(function*() {
 *   const run = yield* Runtime.run(Graph.make({ a }))
 *   return (yield* Stream.runCollect(RunLogs.follow(run.id))).map(({ message }) => message)
 * })
 * const layer = Layer.mergeAll(
 *   EventLog.layerMemory,
 *   RunLogs.layerMemory,
 *   RunLogs.layerCapture,
 *   IOManager.layerMemory,
 *   Logger.layer([])
 * )
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["here"]
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const follow = (
  runId: string,
  options?: Filter
): Stream.Stream<Entry, RunLogsError, EventLog.EventLog> =>
  Stream.unwrap(Effect.gen(function*() {
    const logs = yield* RunLogs
    const log = yield* EventLog.EventLog
    const finished = Stream.runHead(log.tail({ runId, tags: ["RunFinished"], after: 0, limit: 1 }))
    return logs.tail(runId, { ...options, until: finished })
  }))
