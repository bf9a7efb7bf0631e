/**
 * What the assets need from outside: files to read, somewhere to send a message. Each is a service with a layer for
 * production and one for tests.
 */
import { Context, Effect, FileSystem, Layer, Option, Path, type PlatformError, Schema, Stream } from "effect"
import { Asset, IOManager } from "effect-assets"
import { Local } from "effect-assets/node"
import { Csv } from "effect/encoding"
import { hash } from "node:crypto"

/**
 * Where others deliver files, by name: what was delivered takes the place of the file that came with the example. One that is
 * read before it is whole has another version later, and is taken again.
 */
export class Inbox extends Context.Service<Inbox, {
  /** The files that are there. Their version is another one when they are delivered again. */
  readonly files: Effect.Effect<ReadonlyArray<Delivery>, PlatformError.PlatformError>
  readonly read: (name: string) => Effect.Effect<Option.Option<string>, PlatformError.PlatformError>
}>()("weather/Inbox") {
  /** The files of a directory. */
  static readonly layer = (directory: string) =>
    Layer.effect(
      Inbox,
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        yield* fs.makeDirectory(directory, { recursive: true })
        return {
          files: Effect.flatMap(
            fs.readDirectory(directory),
            Effect.forEach(Effect.fnUntraced(function*(name) {
              const { mtime, size } = yield* fs.stat(path.join(directory, name))
              const modified = Option.getOrElse(Option.map(mtime, (date) => date.toISOString()), () => "")
              return { name, version: `${size} bytes ${modified}` }
            }))
          ),
          read: Effect.fnUntraced(function*(name) {
            const file = path.join(directory, name)
            return (yield* fs.exists(file)) ? Option.some(yield* fs.readFileString(file)) : Option.none()
          })
        }
      })
    )

  /** Texts in memory, by file name. More may be delivered while it is used. */
  static readonly layerTest = (files: { readonly [name: string]: string } = {}) =>
    Layer.succeed(Inbox, {
      files: Effect.sync(() => Object.entries(files).map(([name, text]) => ({ name, version: hash("sha256", text) }))),
      read: (name) => Effect.sync(() => Option.fromUndefinedOr(files[name]))
    })
}

export interface Delivery {
  readonly name: string
  readonly version: string
}

/** Tables in CSV files, as an IO manager that can only load: it stores the external assets of this example. */
export class Datasets extends Context.Service<Datasets, IOManager.Service>()("weather/Datasets") {
  /** The files of the npm package `vega-datasets`. */
  static readonly layer = Layer.effect(
    Datasets,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const main = yield* path.fromFileUrl(new URL(import.meta.resolve("vega-datasets")))
      return csvFiles(yield* Inbox, (file) => fs.readFileString(path.join(path.dirname(main), "..", "data", file)))
    })
  )

  /** Texts in memory, by file name. They may be changed while it is used. */
  static readonly layerTest = (files: { readonly [name: string]: string }) =>
    Layer.effect(
      Datasets,
      Effect.map(Inbox, (inbox) =>
        csvFiles(inbox, (file) =>
          Effect.suspend(() => {
            const text = files[file]
            return text === undefined ? Effect.fail(new IOManager.NotStored()) : Effect.succeed(text)
          })))
    )
}

/** The asset `datasets/airports.csv` is the file `airports.csv`, read through the schema of the asset. */
const csvFiles = (
  inbox: Inbox["Service"],
  read: (file: string) => Effect.Effect<string, unknown>
): IOManager.Service => {
  const tables = new Map<string, { readonly text: string; readonly rows: Effect.Effect<unknown, unknown> }>()

  const parse = (text: string, { schema = Schema.Unknown }: IOManager.Slot) =>
    Stream.make(text).pipe(
      Stream.pipeThroughChannel(Csv.decodeString({ headers: true })),
      Stream.runCollect,
      Effect.flatMap((rows) =>
        Schema.decodeUnknownEffect(Schema.toCodecStringTree(schema))(rows).pipe(
          Effect.mapError(({ message }) => new IOManager.InvalidValue({ problem: message }))
        )
      )
    )

  return IOManager.make({
    save: () => Effect.fail(new IOManager.Unsupported()),
    load: Effect.fnUntraced(function*(slot) {
      const file = slot.key.slice(slot.key.lastIndexOf("/") + 1)
      const delivered = yield* inbox.read(file)
      const text = Option.isSome(delivered) ? delivered.value : yield* read(file)
      // each day is computed from the whole file, which is parsed once as long as it stays the same
      let table = tables.get(slot.key)
      if (table?.text !== text) tables.set(slot.key, table = { text, rows: yield* Effect.cached(parse(text, slot)) })
      return yield* table.rows
    })
  })
}

/** Looks at a table: a version that tells its content from another one, and how many rows it has. */
export const look = <S extends Schema.ConstraintCodec<ReadonlyArray<unknown>, unknown>>(key: string, schema: S) =>
  Effect.gen(function*() {
    const datasets = yield* Datasets
    const rows = (yield* datasets.load(IOManager.slot(key, { schema }))) as S["Type"] // the schema was applied
    return Asset.output(hash("sha256", JSON.stringify(rows)).slice(0, 8), { metadata: { rows: rows.length } })
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

/** All that a run needs, on this machine: values, the log of events, messages and what was delivered in one directory. */
export const layerLocal = (directory: string) =>
  Layer.mergeAll(
    Layer.provideMerge(Datasets.layer, Inbox.layer(`${directory}/inbox`)),
    Outbox.layer(`${directory}/outbox.txt`),
    Local.layer({ directory })
  )
