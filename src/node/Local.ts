/**
 * Everything in one directory: values as files, the event log in SQLite.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { SqlError } from "effect/sql/SqlError"
import * as EventLog from "../EventLog.ts"
import * as IOManager from "../IOManager.ts"
import type * as Partitions from "../Partitions.ts"
import { withSmallFiles } from "./smallFiles.ts"
import * as SqliteClient from "./SqliteClient.ts"

/** Loaded when it is needed: who takes the SQLite client alone needs no further package. */
const nodeFiles = Layer.unwrap(
  Effect.promise(async () => {
    const [files, paths] = await Promise.all([
      import("@effect/platform-node/NodeFileSystem"),
      import("@effect/platform-node/NodePath")
    ])
    const small = Layer.effect(FileSystem.FileSystem, Effect.map(FileSystem.FileSystem, withSmallFiles))
    return Layer.merge(Layer.provide(small, files.layer), paths.layer)
  })
)

/**
 * Keeps values in `DIRECTORY/storage` and the event log, with the keys of dynamic partitions, in `DIRECTORY/events.db`.
 * Several processes may share the directory. Needs the package `@effect/platform-node`.
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
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<
  IOManager.IOManager | EventLog.EventLog | Partitions.DynamicKeys,
  EventLog.EventLogError | SqlError
> =>
  Layer.merge(
    Layer.provide(
      IOManager.layerFileSystem({ directory: `${options.directory}/storage` }),
      nodeFiles
    ),
    Layer.provide(EventLog.layerSql, SqliteClient.layer({ filename: `${options.directory}/events.db` }))
  )
