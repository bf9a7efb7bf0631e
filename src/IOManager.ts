/**
 * IO managers: where values are stored and loaded from.
 *
 * An asset's program returns a value; its IO manager stores it; what is downstream loads it through the same IO manager.
 * A test, a run of a few assets and production so see the same thing, and values never have to fit side by side in memory.
 *
 * The default IO manager is the service `IOManager.IOManager`. An asset can name another one, which is then part of its
 * type: any service whose shape is `IOManager.Service`.
 *
 * **Example** (A second storage)
 *
 * ```ts import.meta.vitest
 * import { Context, Effect, Layer } from "effect"
 * import { Asset, IOManager } from "effect-assets"
 *
 * class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("Warehouse") {
 *   static readonly layerMemory = Layer.effect(Warehouse, IOManager.makeMemory)
 * }
 * const table = Asset.make("table", { ioManager: Warehouse, compute: () => Effect.succeed([1, 2]) })
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as AssetKey from "./AssetKey.ts"
import { contentVersion } from "./internal/contentVersion.ts"
import { smallFilesOf } from "./internal/smallFiles.ts"
import { advised } from "./internal/systemErrors.ts"
import { clonable, v8 } from "./internal/v8.ts"
import * as Metadata from "./Metadata.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an IO manager is told about the value it stores or loads.
 *
 * @category models
 * @since 0.1.0
 */
export interface Slot {
  /** The key of the asset. Untrusted text: never paste it into a path or into SQL. */
  readonly key: string
  /** The partition, or `undefined` for an asset without partitions. */
  readonly partition: string | undefined
  /** The schema of the value, if the asset has one. */
  readonly schema: Schema.ConstraintCodec<unknown, unknown> | undefined
  /** The metadata of the asset's definition. */
  readonly metadata: Metadata.Metadata
  /** The run that stores or loads, or `undefined` outside of a run. */
  readonly runId: string | undefined
}

/**
 * A slot, for calling an IO manager by hand: in a test, say.
 *
 * **Example** (Storing a value by hand)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { IOManager } from "effect-assets"
 *
 * const program = Effect.gen(function*() {
 *   const io = yield* IOManager.makeMemory
 *   yield* io.save(1, IOManager.slot("a"))
 *   return yield* io.load(IOManager.slot("a"))
 * })
 * await Effect.runPromise(program) // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const slot = (key: string, options?: Partial<Omit<Slot, "key">>): Slot => ({
  key,
  partition: undefined,
  schema: undefined,
  metadata: Metadata.empty,
  runId: undefined,
  ...options
})

/**
 * What an IO manager tells about a value it has stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Saved {
  /** Metadata to record with the materialization, e.g. the path. */
  readonly metadata?: Metadata.Input | undefined
  /** A version derived from the content, where the storage can tell it cheaply. */
  readonly dataVersion?: string | undefined
}

/**
 * The storage of values.
 *
 * **Details**
 *
 * `save` stores the value whole or not at all, whatever happens meanwhile. `load` gives what was stored last, and fails
 * with the reason `NotStored` where there is nothing.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  readonly save: (value: unknown, slot: Slot) => Effect.Effect<Saved | void, IOManagerError>
  readonly load: (slot: Slot) => Effect.Effect<unknown, IOManagerError>
  /** Tells whether something is stored. */
  readonly exists: (slot: Slot) => Effect.Effect<boolean, IOManagerError>
  /** Removes what is stored; does nothing where there is nothing. */
  readonly remove: (slot: Slot) => Effect.Effect<void, IOManagerError>
}

/**
 * The default storage of values. Layers: `layerMemory`, `layerFileSystem`.
 *
 * @category services
 * @since 0.1.0
 */
export class IOManager extends Context.Service<IOManager, Service>()("effect-assets/IOManager") {}

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Nothing is stored for the asset.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotStored extends Schema.TaggedError<NotStored>()("NotStored", {}) {}

/**
 * A value that does not fit: the schema refuses it, it cannot be written in the storage's format, or what is stored cannot
 * be read as the asset's type.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidValue extends Schema.TaggedError<InvalidValue>()("InvalidValue", { problem: Schema.String }) {}

/**
 * The storage itself failed: a full disk, a lost connection.
 *
 * @category errors
 * @since 0.1.0
 */
export class StorageFailure
  extends Schema.TaggedError<StorageFailure>()("StorageFailure", { cause: Schema.Defect() })
{}

/**
 * The IO manager cannot do this.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {}) {}

/**
 * A value could not be stored, loaded, looked for or removed. `reason` tells why.
 *
 * @category errors
 * @since 0.1.0
 */
export class IOManagerError extends Schema.TaggedError<IOManagerError>()("IOManagerError", {
  operation: Schema.Literals(["save", "load", "exists", "remove"]),
  key: Schema.String,
  partition: Schema.UndefinedOr(Schema.String),
  reason: Schema.Union([NotStored, InvalidValue, StorageFailure, Unsupported])
}) {
  override get message(): string {
    const name = this.partition === undefined ? `"${this.key}"` : `"${this.key}" (partition ${this.partition})`
    switch (this.reason._tag) {
      case "NotStored":
        return `Nothing is stored for ${name}. Materialize it first, or select it, too. If it may be skipped, read it with Asset.optional.`
      case "InvalidValue":
        return this.operation === "save"
          ? `The value of ${name} cannot be stored: ${this.reason.problem}`
          : `What is stored for ${name} cannot be read: ${this.reason.problem} If its type has changed, materialize it again.`
      case "StorageFailure":
        return `The storage failed to ${this.operation} ${name}: ${advised(this.reason.cause)}`
      case "Unsupported":
        return `The IO manager of ${name} does not support "${this.operation}".`
    }
  }
}

/**
 * Returns `true` for an `IOManagerError` that says that nothing is stored.
 *
 * @category guards
 * @since 0.1.0
 */
export const isNotStored = (u: unknown): u is IOManagerError =>
  u instanceof IOManagerError && u.reason._tag === "NotStored"

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a storage has to be able to do to become an IO manager. A `SchemaError` becomes an `InvalidValue`; any other failure
 * that is not a reason of an `IOManagerError` becomes a `StorageFailure`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Driver {
  /** Left out where values can only be read. */
  readonly save?: ((value: unknown, slot: Slot) => Effect.Effect<Saved | void, unknown>) | undefined
  /** Fail with `new IOManager.NotStored()` where there is nothing. */
  readonly load: (slot: Slot) => Effect.Effect<unknown, unknown>
  /** Derived from `load` if it is left out. */
  readonly exists?: ((slot: Slot) => Effect.Effect<boolean, unknown>) | undefined
  readonly remove?: ((slot: Slot) => Effect.Effect<void, unknown>) | undefined
}

/**
 * Makes an IO manager from what a storage can do. See docs/io-managers.md for a worked example.
 *
 * **Example** (Values in a Map, as JSON)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { IOManager } from "effect-assets"
 *
 * const cells = new Map<string, string>()
 * const json = IOManager.make({
 *   save: (value, slot) =>
 *     Effect.map(IOManager.encodeJson(value, slot), (text) => {
 *       cells.set(slot.key, text)
 *       return { metadata: { characters: text.length } }
 *     }),
 *   load: Effect.fnUntraced(function*(slot) {
 *     const text = cells.get(slot.key)
 *     if (text === undefined) return yield* new IOManager.NotStored()
 *     return yield* IOManager.decodeJson(text, slot)
 *   })
 * })
 * const slot = IOManager.slot("a")
 * await Effect.runPromise(Effect.andThen(json.save([1], slot), json.load(slot))) // => [1]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (driver: Driver): Service => ({
  save: (value, slot) =>
    Effect.mapError(driver.save?.(value, slot) ?? Effect.fail(new Unsupported()), toError("save", slot)),
  load: (slot) => Effect.mapError(driver.load(slot), toError("load", slot)),
  exists: (slot) =>
    driver.exists !== undefined
      ? Effect.mapError(driver.exists(slot), toError("exists", slot))
      : Effect.matchEffect(driver.load(slot), {
        onSuccess: () => Effect.succeed(true),
        onFailure: (error) =>
          error instanceof NotStored ? Effect.succeed(false) : Effect.fail(toError("exists", slot)(error))
      }),
  remove: (slot) => Effect.mapError(driver.remove?.(slot) ?? Effect.fail(new Unsupported()), toError("remove", slot))
})

const toError = (operation: IOManagerError["operation"], slot: Slot) => (error: unknown): IOManagerError =>
  error instanceof IOManagerError
    ? error
    : new IOManagerError({
      operation,
      key: slot.key,
      partition: slot.partition,
      reason: error instanceof NotStored || error instanceof InvalidValue || error instanceof StorageFailure ||
          error instanceof Unsupported
        ? error
        : Schema.isSchemaError(error)
        ? invalid(error)
        : new StorageFailure({ cause: error })
    })

/** Values of a schema as JSON text. */
interface Json {
  readonly encode: (value: unknown) => Exit.Exit<string, Schema.SchemaError>
  readonly decode: (text: string) => Exit.Exit<unknown, Schema.SchemaError>
}

/** Built once for each schema. */
const codecs = new WeakMap<object, Json>()

const jsonOf = (schema: Schema.ConstraintCodec<unknown, unknown>): Json => {
  let json = codecs.get(schema)
  if (json === undefined) {
    const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
    json = { encode: Schema.encodeUnknownExit(codec), decode: Schema.decodeExit(codec) }
    codecs.set(schema, json)
  }
  return json
}

/**
 * Writes a value as JSON: through its schema where there is one, as it is otherwise.
 *
 * Fails with `InvalidValue` for what the schema refuses and for what is no JSON.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeJson = (value: unknown, slot: Slot): Effect.Effect<string, InvalidValue> =>
  slot.schema !== undefined
    ? Effect.mapError(jsonOf(slot.schema).encode(value), invalid)
    : Schema.is(Schema.Json)(value)
    ? Effect.succeed(JSON.stringify(value))
    : Effect.fail(new InvalidValue({ problem: "it is not JSON. Give the asset a schema." }))

/**
 * Reads a value from JSON: through its schema where there is one.
 *
 * Fails with `InvalidValue` for text that is no JSON and for JSON that the schema refuses.
 *
 * @category encoding
 * @since 0.1.0
 */
export const decodeJson = (text: string, slot: Slot): Effect.Effect<unknown, InvalidValue> =>
  slot.schema !== undefined
    ? Effect.mapError(jsonOf(slot.schema).decode(text), invalid)
    : Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => new InvalidValue({ problem: "it is not JSON." })
    })

const invalid = (error: Schema.SchemaError): InvalidValue =>
  new InvalidValue({ problem: `${error.message.replaceAll(/\s*\n\s*/g, " ")}.` })

/**
 * Makes an IO manager that keeps values in memory, by reference, as long as it lives.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service> = Effect.sync(() => {
  // keys hold no control characters, so the two parts cannot run into each other
  const cell = (slot: Slot) => slot.partition === undefined ? slot.key : `${slot.key}\u0000${slot.partition}`
  const cells = new Map<string, unknown>()
  const immediate: Immediate = {
    load: (slot) => cells.get(cell(slot)),
    save: (value, slot) => void cells.set(cell(slot), value)
  }
  const service: Service = {
    save: (value, slot) => Effect.sync(() => void immediate.save(value, slot)),
    load: (slot) =>
      Effect.suspend(() =>
        cells.has(cell(slot))
          ? Effect.succeed(cells.get(cell(slot)))
          : Effect.fail(toError("load", slot)(new NotStored()))
      ),
    exists: (slot) => Effect.sync(() => cells.has(cell(slot))),
    remove: (slot) => Effect.sync(() => void cells.delete(cell(slot)))
  }
  // not enumerable, so a copy that overrides a method does not have it
  return Object.defineProperty(service, Immediate, { value: immediate })
})

/**
 * Keeps values in memory, by reference, as long as the layer lives.
 *
 * **Example** (A run in memory)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const program = Effect.andThen(Runtime.materialize(Graph.make({ a })), Runtime.load(a))
 * await Effect.runPromise(Effect.provide(program, [IOManager.layerMemory, EventLog.layerMemory])) // => 1
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<IOManager> = Layer.effect(IOManager, makeMemory)

/**
 * The options of the file-system IO manager.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileSystemOptions {
  /** Where values are stored. It is made when it does not exist. */
  readonly directory: string
}

/**
 * Makes an IO manager that keeps each value in a file.
 *
 * **Details**
 *
 * The value of `weather/daily` is stored in `DIRECTORY/weather/daily.json` if the asset has a schema, through its JSON
 * codec; otherwise in `DIRECTORY/weather/daily.v8`, in the format of V8's structured clone (numbers, text, dates, maps,
 * sets, typed arrays, plain objects and arrays of those; anything else is refused, since it would not come back as it
 * was). Partitions are files in a folder of the asset. What is not a letter, digit, `_`, `-`, `.` or `=` in a segment is
 * written as `%XX`, as is a dot at its beginning or end or before a last `json` or `v8`, so a key cannot name a path outside
 * of the directory, nor one that another key needs.
 *
 * A file is written under another name and renamed: it is there whole or not at all. Path and size in bytes are recorded as
 * metadata. The data version of a value is a hash of what is written: if a program gives the same value again, what is
 * downstream stays fresh.
 *
 * **Gotchas**
 *
 * On a file system that ignores case, keys that differ only in case share a file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeFileSystem = Effect.fnUntraced(function*(
  options: FileSystemOptions
): Effect.fn.Return<Service, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.resolve(options.directory)
  const unique = yield* uniqueName
  const made = new Set<string>()

  /** Paths by key: as many as there are assets. */
  const paths = new Map<string, string>()
  const pathOf = (key: string): string => {
    let found = paths.get(key)
    if (found === undefined) {
      // most keys are paths as they are
      found = plainKey.test(key) ? path.join(root, key) : path.join(root, ...AssetKey.segments(key).map(fileName))
      paths.set(key, found)
    }
    return found
  }
  const fileOf = ({ key, partition }: Slot): string =>
    // a folder of partitions ends in a character that no segment has
    partition === undefined ? pathOf(key) : path.join(`${pathOf(key)}@`, fileName(partition))
  const extension = (slot: Slot) => slot.schema === undefined ? ".v8" : ".json"
  const otherExtension = (slot: Slot) => slot.schema === undefined ? ".json" : ".v8"
  const makeDirectory = Effect.fnUntraced(function*(directory: string) {
    if (made.has(directory)) return
    yield* fs.makeDirectory(directory, { recursive: true })
    made.add(directory)
  })
  const replace = Effect.fnUntraced(function*(file: string, bytes: Uint8Array) {
    const directory = path.dirname(file)
    const temporary = path.join(directory, `.${unique()}.tmp`)
    yield* makeDirectory(directory)
    yield* Effect.andThen(fs.writeFile(temporary, bytes), fs.rename(temporary, file)).pipe(
      Effect.onError(() => {
        made.delete(directory)
        return Effect.ignore(fs.remove(temporary, { force: true }))
      })
    )
  })
  const write = (file: string, outdated: string, bytes: Uint8Array) =>
    // a folder that is known may have been removed meanwhile
    Effect.catchReason(replace(file, bytes), "PlatformError", "NotFound", () => replace(file, bytes)).pipe(
      // what was stored in the other format, before the asset had or lost its schema, is out of date then
      Effect.andThen(fs.remove(outdated, { force: true })),
      Effect.uninterruptible
    )

  const service = make({
    save: Effect.fnUntraced(function*(value, slot) {
      const base = fileOf(slot)
      const file = base + extension(slot)
      const bytes = slot.schema === undefined
        ? yield* serialize(value)
        : encoder.encode(yield* encodeJson(value, slot))
      yield* write(file, base + otherExtension(slot), bytes)
      return { metadata: { path: Metadata.path(file), size: bytes.byteLength }, dataVersion: contentVersion(bytes) }
    }),
    load: Effect.fnUntraced(function*(slot) {
      const base = fileOf(slot)
      const bytes = yield* Effect.catchReason(
        fs.readFile(base + extension(slot)),
        "PlatformError",
        "NotFound",
        () =>
          Effect.flatMap(
            fs.exists(base + otherExtension(slot)),
            (other) => Effect.fail(other ? stale(slot) : new NotStored())
          )
      )
      return slot.schema === undefined
        ? yield* deserialize(bytes)
        : yield* decodeJson(decoder.decode(bytes), slot)
    }),
    exists: (slot) => fs.exists(fileOf(slot) + extension(slot)),
    remove: (slot) =>
      Effect.andThen(
        fs.remove(fileOf(slot) + extension(slot), { force: true }),
        fs.remove(fileOf(slot) + otherExtension(slot), { force: true })
      )
  })
  const files = smallFilesOf(fs)
  if (files === undefined) return service
  const makeDirectoryNow = (directory: string): boolean => {
    if (made.has(directory)) return true
    if (!files.makeDirectory(directory)) return false
    made.add(directory)
    return true
  }
  const immediate: Immediate = {
    load: (slot) => {
      // what is not JSON needs a module of Node's own
      const text = slot.schema === undefined ? undefined : files.read(`${fileOf(slot)}.json`)
      if (text === undefined) return undefined
      const decoded = jsonOf(slot.schema!).decode(text)
      return Exit.isSuccess(decoded) ? decoded.value : undefined
    },
    save: (value, slot) => {
      if (slot.schema === undefined) return later
      const encoded = jsonOf(slot.schema).encode(value)
      if (Exit.isFailure(encoded)) return later
      const text = encoded.value
      const base = fileOf(slot)
      const file = `${base}.json`
      const directory = path.dirname(file)
      if (files.exists(`${base}.v8`) || !makeDirectoryNow(directory)) return later
      if (!files.replace(file, `${directory}/.${unique()}.tmp`, text)) {
        made.delete(directory)
        return later
      }
      const bytes = encoder.encode(text)
      return { metadata: { path: Metadata.path(file), size: bytes.byteLength }, dataVersion: contentVersion(bytes) }
    }
  }
  return Object.defineProperty(service, Immediate, { value: immediate })
})

/**
 * Keeps each value in a file below a directory: JSON where the asset has a schema, V8's structured clone otherwise. See
 * `makeFileSystem` for names and formats.
 *
 * **Example** (Files in a folder)
 *
 * ```ts
 * import { NodeServices } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { IOManager } from "effect-assets"
 *
 * const storage = IOManager.layerFileSystem({ directory: ".assets/storage" }).pipe(Layer.provide(NodeServices.layer))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFileSystem = (
  options: FileSystemOptions
): Layer.Layer<IOManager, never, FileSystem.FileSystem | Path.Path> => Layer.effect(IOManager, makeFileSystem(options))

// ---------------------------------------------------------------------------------------------------------------------
// internals
// ---------------------------------------------------------------------------------------------------------------------

const Immediate: unique symbol = Symbol.for("effect-assets/IOManager/immediate")

/**
 * What values in memory, and small files, can do without an effect: the runtime's short cut.
 *
 * @internal
 */
export interface Immediate {
  /** Gives `undefined` where nothing is stored, or it cannot be had at once: ask the service then. */
  readonly load: (slot: Slot) => unknown
  /** Gives `later` where it cannot be done at once: ask the service then. */
  readonly save: (value: unknown, slot: Slot) => Saved | undefined | typeof later
}

/** @internal */
export const later = "later"

/** @internal */
export const immediateOf = (service: Service): Immediate | undefined =>
  Object.hasOwn(service, Immediate) ? (service as Service & { readonly [Immediate]: Immediate })[Immediate] : undefined

/** Names of temporary files: different ones for each manager, also of other processes, and each file. */
const uniqueName = Effect.sync(() => {
  const mine = globalThis.crypto.randomUUID()
  let count = 0
  return () => `${mine}-${(count++).toString(36)}`
})

const stale = (slot: Slot): InvalidValue =>
  new InvalidValue({
    problem: slot.schema === undefined
      ? "it was stored with a schema, and is read without one."
      : "it was stored without a schema, and is read with one."
  })

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A segment of a key as the name of a file or folder. Different segments have different names. */
const fileName = (segment: string): string =>
  segment
    .replaceAll(/[^\w.=-]/gu, (char) => Array.from(encoder.encode(char), percent).join(""))
    // not "." nor "..", not hidden, and no folder that is named like a file beside it
    .replaceAll(/^\.|\.$|\.(?=(?:json|v8)$)/g, "%2E")

/** What `fileName` leaves as it is, in all segments. */
const plainKey = /^[\w=-]+(?:\/[\w=-]+)*$/

const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`

const serialize = Effect.fnUntraced(function*(value: unknown) {
  const problem = clonable(value)
  if (problem !== undefined) return yield* new InvalidValue({ problem })
  const { serialize } = yield* v8
  return yield* Effect.try({
    try: (): Uint8Array => serialize(value),
    catch: (cause) => new InvalidValue({ problem: `${String(cause)}. Give the asset a schema.` })
  })
})

const deserialize = Effect.fnUntraced(function*(bytes: Uint8Array) {
  const { deserialize } = yield* v8
  return yield* Effect.try({
    try: (): unknown => deserialize(bytes),
    catch: () => new InvalidValue({ problem: "the file is not in V8's serialization format." })
  })
})
