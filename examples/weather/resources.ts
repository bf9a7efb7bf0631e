/**
 * What the assets need from outside: files to read, somewhere to send a message. Each is a service with a layer for
 * production and one for tests.
 */
import { Context, Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import { EventLog, IOManager } from "effect-assets"
import { Csv } from "effect/encoding"

/** Tables in CSV files, as an IO manager that can only load: it stores the external assets of this example. */
export class Datasets extends Context.Service<Datasets, IOManager.Service>()("weather/Datasets") {
  /** The files of the npm package `vega-datasets`. */
  static readonly layer = Layer.effect(
    Datasets,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const main = yield* path.fromFileUrl(new URL(import.meta.resolve("vega-datasets")))
      return csvFiles((file) => fs.readFileString(path.join(path.dirname(main), "..", "data", file)))
    })
  )

  /** Texts in memory, by file name. */
  static readonly layerTest = (files: { readonly [name: string]: string }) =>
    Layer.succeed(
      Datasets,
      csvFiles((file) => {
        const text = files[file]
        return text === undefined ? Effect.fail(new IOManager.NotStored()) : Effect.succeed(text)
      })
    )
}

/** The asset `datasets/airports.csv` is the file `airports.csv`, read through the schema of the asset. */
const csvFiles = (read: (file: string) => Effect.Effect<string, unknown>): IOManager.Service =>
  IOManager.make({
    save: () => Effect.fail(new IOManager.Unsupported()),
    load: ({ key, schema = Schema.Unknown }) =>
      Stream.fromEffect(read(key.slice(key.lastIndexOf("/") + 1))).pipe(
        Stream.pipeThroughChannel(Csv.decodeString({ headers: true })),
        Stream.runCollect,
        Effect.flatMap((rows) =>
          Schema.decodeUnknownEffect(Schema.toCodecStringTree(schema))(rows).pipe(
            Effect.mapError(({ message }) => new IOManager.InvalidValue({ problem: message }))
          )
        )
      )
  })

/** Where messages go. */
export class Outbox extends Context.Service<Outbox, {
  readonly send: (message: string) => Effect.Effect<void, OutboxError>
}>()("weather/Outbox") {
  /** Adds messages to the end of a file. */
  static readonly layer = (file: string) =>
    Layer.effect(
      Outbox,
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        return {
          send: (message) =>
            fs.makeDirectory(path.dirname(file), { recursive: true }).pipe(
              Effect.andThen(fs.writeFileString(file, `${message}\n`, { flag: "a" })),
              Effect.mapError((cause) => new OutboxError({ cause }))
            )
        }
      })
    )

  /** Keeps messages in an array. */
  static readonly layerTest = (messages: Array<string>) =>
    Layer.succeed(Outbox, { send: (message) => Effect.sync(() => void messages.push(message)) })
}

export class OutboxError extends Schema.TaggedError<OutboxError>()("OutboxError", { cause: Schema.Defect() }) {
  override get message() {
    return `The message could not be sent: ${this.cause}`
  }
}

/** All that a run needs, on this machine: values and messages in a directory, the log of events in memory. */
export const layerLocal = (directory: string) =>
  Layer.mergeAll(
    Datasets.layer,
    Outbox.layer(`${directory}/outbox.txt`),
    IOManager.layerFileSystem({ directory }),
    EventLog.layerMemory
  )
