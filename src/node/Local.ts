/**
 * Everything in one directory: values and the logs of runs as files, the event log in SQLite.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { SqlError } from "effect/sql/SqlError"
import * as EventLog from "../EventLog.ts"
import * as IOManager from "../IOManager.ts"
import * as RunLogs from "../RunLogs.ts"
import { withSmallFiles } from "./smallFiles.ts"
import * as SqliteClient from "./SqliteClient.ts"

/** Loaded when it is needed: who takes the SQLite client alone needs no further package. */
const nodeFiles = Layer.unwrap(
  Effect.promise(async () => {
    const [files, paths] = await Promise.all([
      import("@effect/platform-node/NodeFileSystem"),
      import("@effect/platform-node/NodePath")
    ]).catch((cause: unknown) => {
      throw new Error("Local.layer needs the package @effect/platform-node: npm install @effect/platform-node", {
        cause
      })
    })
    const small = Layer.effect(FileSystem.FileSystem, Effect.map(FileSystem.FileSystem, withSmallFiles))
    return Layer.merge(Layer.provide(small, files.layer), paths.layer)
  })
)

/**
 * The options of `Local.layer`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Where everything is kept. It is made when it does not exist. */
  readonly directory: string
  /**
   * How long events of a kind are kept: what is older is removed when the layer is built. The newest event about each
   * asset, partition and check stays in any case. What runs have logged is removed with the beginning of the run
   * (`RunStarted`), and when a run was deleted. Everything is kept if it is left out.
   */
  readonly retention?: EventLog.Retention | undefined
}

/**
 * Keeps values in `DIRECTORY/storage` and the event log, with the keys of dynamic partitions and the state of automation, in
 * `DIRECTORY/events.db`.
 * What runs log is kept in `DIRECTORY/logs`, if `RunLogs.layerCapture` is there. Several processes may share the directory.
 * Needs the package `@effect/platform-node`.
 *
 * **Example** (A run, and its value in another program)
 *
 * ```ts import.meta.vitest
 * import { mkdtempSync, rmSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 * import { Effect } from "effect"
 * import { Asset, Graph, Runtime } from "effect-assets"
 * import { Local } from "effect-assets/node"
 *
 * const directory = mkdtempSync(join(tmpdir(), "assets-"))
 * const a = Asset.make("a", Effect.succeed(1))
 * await Effect.runPromise(Effect.provide(Runtime.materialize(Graph.make({ a })), Local.layer({ directory })))
 * const stored = await Effect.runPromise(Effect.provide(Runtime.load(a), Local.layer({ directory })))
 * rmSync(directory, { recursive: true })
 * stored // => 1
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  IOManager.IOManager | EventLog.Stored,
  EventLog.EventLogError | SqlError
> => {
  const { directory, retention } = options
  const log = Layer.provide(EventLog.layerSql, SqliteClient.layer({ filename: `${directory}/events.db` }))
  const logs = Layer.provide(RunLogs.layerFiles({ directory: `${directory}/logs` }), nodeFiles)
  // what is too old goes while the program does its work
  const pruned = retention === undefined ? Layer.merge(log, logs) : Layer.provideMerge(
    Layer.effectDiscard(Effect.flatMap(EventLog.EventLog, (log) =>
      log.prune(retention).pipe(
        Effect.catch((error) => Effect.logWarning("What is too old was not removed from the event log", error)),
        Effect.andThen(removeLogs),
        Effect.forkScoped
      ))),
    Layer.merge(log, logs)
  )
  return Layer.merge(
    Layer.provide(IOManager.layerFileSystem({ directory: `${directory}/storage` }), nodeFiles),
    pruned
  )
}

/** So many runs are asked for at once. */
const runsAtOnce = 1000

/** Removes the logs of runs that the event log does not list. The beginning of a run is recorded before it logs anything. */
const removeLogs = Effect.gen(function*() {
  const log = yield* EventLog.EventLog
  const logs = yield* RunLogs.RunLogs
  const ids = yield* logs.runs
  for (let at = 0; at < ids.length; at += runsAtOnce) {
    const some = ids.slice(at, at + runsAtOnce)
    const listed = new Set((yield* log.runs({ ids: some })).map(({ id }) => id))
    yield* logs.delete(some.filter((id) => !listed.has(id)))
  }
}).pipe(
  Effect.catch((error) => Effect.logWarning("The logs of runs that are gone were not removed", error))
)
