import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Option, Path, PlatformError, Schema } from "effect"
import { AssetKey, IOManager, Metadata } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"

const slot = (
  key: string,
  schema?: Schema.ConstraintCodec<unknown, unknown>,
  partition?: string
): IOManager.Slot => ({ key, partition, schema, metadata: {}, runId: undefined })

const inDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const outer = yield* fs.makeTempDirectoryScoped()
  // what is written outside of the directory would be seen beside it
  const directory = path.join(outer, "storage")
  const io = yield* IOManager.makeFileSystem({ directory })
  const files = Effect.gen(function*() {
    const names = yield* fs.readDirectory(outer, { recursive: true })
    const infos = yield* Effect.forEach(
      names,
      (name) => Effect.map(fs.stat(path.join(outer, name)), (info) => ({ name, info }))
    )
    return infos.flatMap(({ info, name }) => info.type === "File" ? [name] : []).sort()
  })
  return { directory, files, fs, io, outer, path }
})

/** A test with a directory of its own. */
const onFiles = <Eff extends Effect.Effect<any, any, any>, A>(
  name: string,
  body: (place: Effect.Success<typeof inDirectory>) => Generator<Eff, A, never>
) =>
  it.effect(name, () =>
    // what the tests below need is what Node has
    Effect.flatMap(inDirectory, (place) => Effect.gen(() => body(place))).pipe(
      Effect.provide(NodeServices.layer)
    ) as Effect.Effect<A, unknown, never>)

const failure = (effect: Effect.Effect<unknown, IOManager.IOManagerError, never>) => Effect.flip(effect)

const Rich = Schema.Struct({
  at: Schema.Date,
  maybe: Schema.Option(Schema.Number),
  nothing: Schema.Option(Schema.Number),
  byName: Schema.ReadonlyMap(Schema.String, Schema.Date),
  big: Schema.BigInt,
  tags: Schema.ReadonlySet(Schema.String),
  bytes: Schema.Uint8Array
})

const rich: typeof Rich.Type = {
  at: new Date(86_400_000),
  maybe: Option.some(1),
  nothing: Option.none(),
  byName: new Map([["a", new Date(0)]]),
  big: 2n ** 70n,
  tags: new Set(["x", "y"]),
  bytes: new Uint8Array([0, 255])
}

class Money {
  readonly amount: number
  constructor(amount: number) {
    this.amount = amount
  }
}

for (
  const [where, make] of [
    ["memory", IOManager.makeMemory],
    ["files", Effect.map(inDirectory, ({ io }) => io)]
  ] as const
) {
  describe(`the storage in ${where}`, () => {
    const stored = <A, E>(name: string, body: (io: IOManager.Service) => Effect.Effect<A, E>) =>
      it.effect(name, () => Effect.flatMap(make, body).pipe(Effect.provide(NodeServices.layer)))

    stored("gives back what a schema describes", (io) =>
      Effect.gen(function*() {
        yield* io.save(rich, slot("rich", Rich))
        assert.deepStrictEqual(yield* io.load(slot("rich", Rich)), rich)
      }))

    stored("gives back what has no schema", (io) =>
      Effect.gen(function*() {
        const { big, bytes, ...plain } = rich
        const values: ReadonlyArray<unknown> = [
          { ...plain, maybe: 1, nothing: undefined, big, bytes, deep: [[new Map([[{ a: 1 }, new Set([NaN, -0])]])]] },
          null,
          undefined,
          "",
          0,
          Array(3),
          Object.assign(Object.create(null), { a: 1 }),
          new Float64Array([1.5, -0])
        ]
        for (const [at, value] of values.entries()) {
          yield* io.save(value, slot(`v${at}`))
          assert.deepStrictEqual(yield* io.load(slot(`v${at}`)), value)
        }
      }))

    stored("gives back a value that refers to itself", (io) =>
      Effect.gen(function*() {
        const circular: { self?: unknown } = {}
        circular.self = circular
        yield* io.save(circular, slot("circular"))
        const loaded = (yield* io.load(slot("circular"))) as typeof circular
        assert.strictEqual(loaded.self, loaded)
      }))

    stored("says what is not stored, what is, and removes it", (io) =>
      Effect.gen(function*() {
        const a = slot("a/b", Schema.Number)
        const missing = yield* failure(io.load(a))
        assert.isTrue(IOManager.isNotStored(missing))
        assert.deepStrictEqual([missing.operation, missing.key, missing.partition], ["load", "a/b", undefined])
        assert.match(missing.message, /^Nothing is stored for "a\/b"/)
        assert.isFalse(yield* io.exists(a))
        yield* io.remove(a)
        yield* io.save(1, a)
        assert.isTrue(yield* io.exists(a))
        yield* io.save(2, a)
        assert.strictEqual(yield* io.load(a), 2)
        yield* io.remove(a)
        assert.isFalse(yield* io.exists(a))
        assert.isTrue(IOManager.isNotStored(yield* failure(io.load(a))))
      }))

    stored(
      "keeps partitions apart, and apart from the asset and from keys that look like them",
      (io) =>
        Effect.gen(function*() {
          const slots = [
            slot("a"),
            slot("a", undefined, "x"),
            slot("a", undefined, "x/y"),
            slot("a/x"),
            slot("a@/x"),
            slot("a@x"),
            slot("a", undefined, "@x"),
            slot("a", undefined, "..")
          ]
          for (const [at, it] of slots.entries()) yield* io.save(at, it)
          for (const [at, it] of slots.entries()) assert.strictEqual(yield* io.load(it), at)
        })
    )

    stored("keeps keys apart that are near to each other", (io) =>
      Effect.gen(function*() {
        const keys = [
          "a",
          "a/b",
          "a/b.json",
          "a.json/b",
          "a.v8/b",
          "a.json",
          "a.v8",
          "a\\/b",
          "a%2Fb",
          "a%2fb",
          "a..",
          "..",
          ".",
          "../a"
        ]
        for (const schema of [undefined, Schema.String]) {
          for (const key of keys) yield* io.save(key, slot(key, schema))
          for (const key of keys) assert.strictEqual(yield* io.load(slot(key, schema)), key)
        }
      }))
  })
}

describe("the storage in files", () => {
  onFiles("writes JSON with a schema, and records path and size", function*({ directory, files, fs, io, path }) {
    const saved = yield* io.save({ n: 1 }, slot("weather/daily", Schema.Struct({ n: Schema.Number })))
    const file = path.join(directory, "weather", "daily.json")
    assert.deepStrictEqual(saved as unknown, {
      metadata: { path: Metadata.path(file), size: 7 },
      dataVersion: "c5dc6f576f81d349143f179c143f179c"
    })
    assert.strictEqual(yield* fs.readFileString(file), `{"n":1}`)
    assert.deepStrictEqual(yield* files, ["storage/weather/daily.json"])
  })

  onFiles("tells contents apart by MurmurHash3", function*({ io }) {
    const version = (value: unknown) =>
      Effect.map(io.save(value, slot("text", Schema.Json)), (saved) => (saved as IOManager.Saved).dataVersion)
    assert.strictEqual(
      yield* version("I will not buy this record, it is scratched."),
      "40d3fa8d30bd022bac75d9ce92c31983"
    )
    assert.strictEqual(yield* version([1, 2]), yield* version([1, 2]))
    // each length of the part that does not fill a block
    const texts = Array.from({ length: 40 }, (_, length) => "x".repeat(length))
    const versions = yield* Effect.forEach(texts, version)
    assert.strictEqual(new Set(versions).size, texts.length)
    const zeros = yield* Effect.forEach(
      [1, 2, 3, 4, 5],
      (length) =>
        Effect.map(io.save(new Uint8Array(length), slot("bytes")), (saved) => (saved as IOManager.Saved).dataVersion)
    )
    assert.strictEqual(new Set(zeros).size, 5)
  })

  onFiles("counts bytes, not characters", function*({ io }) {
    const saved = yield* io.save("é", slot("text", Schema.String))
    assert.strictEqual((saved as IOManager.Saved).metadata?.size, 4)
  })

  onFiles("refuses what would not come back as it was", function*({ files, io }) {
    const refused: ReadonlyArray<readonly [unknown, string]> = [
      [new Money(1), "it contains an instance of Money. Give the asset a schema."],
      [{ deep: [new Map([["a", new Money(1)]])] }, "it contains an instance of Money. Give the asset a schema."],
      [Option.some(1), "it contains an instance of"],
      [() => 1, "it contains a function."],
      [{ f: () => 1 }, "it contains a function."],
      [Symbol("s"), "it contains a symbol."],
      [new Map([[Symbol("s"), 1]]), "it contains a symbol."],
      [Promise.resolve(1), "it contains an instance of Promise"],
      [new WeakMap(), "it contains an instance of WeakMap"]
    ]
    for (const [value, problem] of refused) {
      const error = yield* failure(io.save(value, slot("refused")))
      assert.strictEqual(error.reason._tag, "InvalidValue")
      assert.isTrue(error.message.startsWith(`The value of "refused" cannot be stored: ${problem}`), error.message)
    }
    const error = yield* failure(io.save({ n: "one" }, slot("refused", Schema.Struct({ n: Schema.Number }))))
    assert.strictEqual(error.message, `The value of "refused" cannot be stored: Expected number at ["n"].`)
    assert.deepStrictEqual(yield* files, [])
  })

  onFiles("says which asset cannot be read, when the file is damaged", function*({ directory, fs, io, path }) {
    yield* io.save({ n: 1 }, slot("a", Schema.Struct({ n: Schema.Number })))
    yield* io.save({ n: 1 }, slot("b"))
    for (const bytes of [new Uint8Array(), new Uint8Array([123]), new Uint8Array([255, 15, 34, 99, 1])]) {
      yield* fs.writeFile(path.join(directory, "a.json"), bytes)
      yield* fs.writeFile(path.join(directory, "b.v8"), bytes)
      for (const it of [slot("a", Schema.Struct({ n: Schema.Number })), slot("b")]) {
        const error = yield* failure(io.load(it))
        assert.strictEqual(error.reason._tag, "InvalidValue")
        assert.isTrue(error.message.startsWith(`What is stored for "${it.key}" cannot be read: `), error.message)
        assert.match(error.message, /If its type has changed, materialize it again\.$/)
      }
    }
  })

  onFiles("says so when the schema has changed", function*({ io }) {
    yield* io.save({ n: 1 }, slot("a", Schema.Struct({ n: Schema.Number })))
    const error = yield* failure(io.load(slot("a", Schema.Struct({ n: Schema.String, more: Schema.Number }))))
    assert.strictEqual(error.reason._tag, "InvalidValue")
    assert.match(error.message, /Expected string at \["n"\]/)
  })

  onFiles(
    "says so when the asset has got or lost its schema, and keeps no file of the other format",
    function*({ files, io }) {
      yield* io.save(1, slot("a", Schema.Number))
      const lost = yield* failure(io.load(slot("a")))
      assert.match(lost.message, /was stored with a schema, and is read without one/)
      yield* io.save(2, slot("a"))
      assert.deepStrictEqual(yield* files, ["storage/a.v8"])
      const got = yield* failure(io.load(slot("a", Schema.Number)))
      assert.match(got.message, /was stored without a schema, and is read with one/)
    }
  )

  onFiles("stores again after its folder was removed", function*({ directory, files, fs, io }) {
    yield* io.save(1, slot("a/b"))
    yield* fs.remove(directory, { recursive: true })
    yield* io.save(2, slot("a/b"))
    assert.deepStrictEqual(yield* files, ["storage/a/b.v8"])
    assert.strictEqual(yield* io.load(slot("a/b")), 2)
  })

  onFiles("fails typed where the directory is a file", function*({ directory, fs, io }) {
    yield* fs.writeFileString(directory, "not a directory")
    for (const operation of [io.save(1, slot("a/b")), io.load(slot("a/b")), io.remove(slot("a/b"))]) {
      const error = yield* failure(operation)
      assert.strictEqual(error.reason._tag, "StorageFailure", error.message)
      assert.isTrue(error.reason._tag === "StorageFailure" && error.reason.cause instanceof PlatformError.PlatformError)
      assert.match(error.message, /^The storage failed to (save|load|remove) "a\/b": /)
    }
  })

  onFiles(
    "fails typed where a folder stands in the place of the file, and leaves nothing",
    function*({ directory, files, fs, io, path }) {
      yield* fs.makeDirectory(path.join(directory, "a.v8", "inside"), { recursive: true })
      assert.strictEqual((yield* failure(io.save(1, slot("a")))).reason._tag, "StorageFailure")
      assert.strictEqual((yield* failure(io.load(slot("a")))).reason._tag, "StorageFailure")
      assert.deepStrictEqual(yield* files, [])
    }
  )

  onFiles("keeps the old value when a new one cannot be written", function*({ files, fs, path }) {
    let broken = false
    const full = PlatformError.systemError({
      _tag: "Unknown",
      module: "FileSystem",
      method: "rename",
      description: "disk full"
    })
    for (const method of ["writeFile", "rename"] as const) {
      const outer = yield* fs.makeTempDirectoryScoped()
      const io = yield* Effect.provideService(IOManager.makeFileSystem({ directory: outer }), FileSystem.FileSystem, {
        ...fs,
        writeFile: (file, bytes, options) =>
          broken && method === "writeFile"
            // a part of it is written
            ? Effect.andThen(fs.writeFile(file, bytes.subarray(0, 3), options), Effect.fail(full))
            : fs.writeFile(file, bytes, options),
        rename: (from, to) => broken && method === "rename" ? Effect.fail(full) : fs.rename(from, to)
      })
      broken = false
      yield* io.save("old", slot("a"))
      broken = true
      const error = yield* failure(io.save("new", slot("a")))
      assert.isTrue(error.reason._tag === "StorageFailure" && error.reason.cause === full)
      broken = false
      assert.strictEqual(yield* io.load(slot("a")), "old")
      assert.deepStrictEqual(yield* fs.readDirectory(outer), ["a.v8"])
    }
    assert.deepStrictEqual(yield* files, [])
    assert.strictEqual(path.sep, "/")
  })

  onFiles("makes the directory again when it was removed meanwhile", function*({ directory, fs, io }) {
    yield* io.save(1, slot("a/b"))
    yield* fs.remove(directory, { recursive: true })
    // the first attempt may notice it only by failing
    yield* Effect.ignore(io.save(2, slot("a/b")))
    yield* io.save(3, slot("a/b"))
    assert.strictEqual(yield* io.load(slot("a/b")), 3)
  })

  onFiles("writes many values at once", function*({ files, io }) {
    const keys = Array.from({ length: 200 }, (_, n) => `many/${n % 50}`)
    yield* Effect.forEach(keys, (key, n) => io.save(n, slot(key)), { concurrency: "unbounded" })
    assert.strictEqual((yield* files).length, 50)
    for (const key of keys) assert.isTrue(Number.isInteger(yield* io.load(slot(key))))
  })

  onFiles("writes no name that another system takes for something else", function*({ files, io }) {
    const keys = [
      "..",
      ".",
      "../x",
      "a\\/b",
      "CON",
      "con.txt",
      "%2e%2e",
      "é",
      "名前",
      "😀",
      ".hidden",
      "a.",
      "a b",
      "a:b",
      "a*b?",
      "~",
      "$HOME",
      "-rf"
    ]
    for (const key of keys) {
      assert.isUndefined(AssetKey.validate(key), key)
      yield* io.save(key, slot(key))
    }
    const names = yield* files
    assert.strictEqual(names.length, keys.length)
    for (const name of names) {
      assert.match(name, /^storage\/[\w.=%/-]+\.v8$/)
      for (const segment of name.split("/")) assert.notMatch(segment, /^\./)
    }
    for (const key of keys) assert.strictEqual(yield* io.load(slot(key)), key)
  })

  onFiles("refuses, typed, a key that is longer than a file name can be", function*({ files, io }) {
    const key = "k".repeat(1000)
    assert.isUndefined(AssetKey.validate(key))
    const saved = yield* Effect.exit(io.save(1, slot(key)))
    if (saved._tag === "Success") assert.strictEqual(yield* io.load(slot(key)), 1)
    else {
      assert.strictEqual((yield* failure(io.save(1, slot(key)))).reason._tag, "StorageFailure")
      assert.deepStrictEqual(yield* files, [])
    }
    const long = Array.from({ length: 9 }, () => "k".repeat(100)).join("/")
    yield* io.save(2, slot(long))
    assert.strictEqual(yield* io.load(slot(long)), 2)
  })

  const segment = Arbitrary.schema(
    Schema.Array(
      Schema.Literals([
        "a",
        "b",
        ".",
        "..",
        "/",
        "\\",
        "%",
        "2",
        "E",
        "F",
        "@",
        "=",
        "-",
        "_",
        "é",
        "e\u0301",
        "😀",
        " ",
        "~",
        ":",
        ".json",
        ".v8"
      ])
    ).check(Schema.isMinLength(1), Schema.isMaxLength(5))
  )
  const key = Arbitrary.map(
    Arbitrary.array(segment, { minLength: 1, maxLength: 3 }),
    (segments) => AssetKey.fromSegments(segments.map((parts) => parts.join("").trim() || "x"))
  )

  it.effect.prop("gives different keys different files, all of them in the directory", [
    Arbitrary.array(key, { minLength: 2, maxLength: 12 })
  ], ([keys]) =>
    Effect.gen(function*() {
      const { files, io } = yield* inDirectory
      const different = [...new Set(keys)]
      for (const key of different) {
        assert.isUndefined(AssetKey.validate(key))
        yield* io.save(key, slot(key))
      }
      for (const key of different) assert.strictEqual(yield* io.load(slot(key)), key)
      const names = yield* files
      assert.strictEqual(names.length, different.length)
      for (const name of names) assert.match(name, /^storage\/[\w.=%/-]+\.v8$/)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), { arbitrary: { runs: 150, size: 12, seed: 1 } })
})

describe("make", () => {
  it.effect("gives a driver's failures a type, and keeps its reasons", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const own = new IOManager.IOManagerError({
        operation: "load",
        key: "other",
        partition: undefined,
        reason: new IOManager.NotStored()
      })
      for (
        const [error, tag] of [
          [boom, "StorageFailure"],
          [new IOManager.NotStored(), "NotStored"],
          [new IOManager.InvalidValue({ problem: "bad" }), "InvalidValue"],
          [new IOManager.Unsupported(), "Unsupported"],
          [new IOManager.StorageFailure({ cause: boom }), "StorageFailure"]
        ] as const
      ) {
        const io = IOManager.make({ save: () => Effect.fail(error), load: () => Effect.fail(error) })
        for (
          const [operation, effect] of [["save", io.save(1, slot("a", undefined, "p"))], [
            "load",
            io.load(slot("a", undefined, "p"))
          ]] as const
        ) {
          const failed = yield* failure(effect)
          assert.deepStrictEqual(
            [failed.operation, failed.key, failed.partition, failed.reason._tag],
            [operation, "a", "p", tag]
          )
          assert.include(failed.message, `"a" (partition p)`)
        }
      }
      const passes = IOManager.make({ save: () => Effect.fail(own), load: () => Effect.fail(own) })
      assert.strictEqual(yield* failure(passes.load(slot("a"))), own)
    }))

  it.effect("derives exists from load, and cannot remove what the driver cannot", () =>
    Effect.gen(function*() {
      const io = IOManager.make({
        save: () => Effect.void,
        load: (slot) =>
          slot.key === "a" ? Effect.succeed(1) : Effect.fail(slot.key === "b" ? new IOManager.NotStored() : "down")
      })
      assert.isTrue(yield* io.exists(slot("a")))
      assert.isFalse(yield* io.exists(slot("b")))
      const down = yield* failure(io.exists(slot("c")))
      assert.deepStrictEqual([down.operation, down.reason._tag], ["exists", "StorageFailure"])
      const error = yield* failure(io.remove(slot("a")))
      assert.strictEqual(error.message, `The IO manager of "a" does not support "remove".`)
    }))
})

describe("JSON", () => {
  it.effect("is written through the schema, or as it is", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* IOManager.encodeJson(new Date(0), slot("a", Schema.Date)), `"1970-01-01T00:00:00.000Z"`)
      assert.deepStrictEqual(
        yield* IOManager.decodeJson(`"1970-01-01T00:00:00.000Z"`, slot("a", Schema.Date)),
        new Date(0)
      )
      assert.strictEqual(yield* IOManager.encodeJson({ a: [1, null] }, slot("a")), `{"a":[1,null]}`)
      assert.deepStrictEqual(yield* IOManager.decodeJson(`{"a":[1,null]}`, slot("a")), { a: [1, null] })
    }))

  it.effect("is refused for what is none", () =>
    Effect.gen(function*() {
      for (const value of [new Date(0), undefined, NaN, new Map(), () => 1, { a: undefined }, 1n]) {
        assert.strictEqual((yield* Effect.flip(IOManager.encodeJson(value, slot("a"))))._tag, "InvalidValue")
      }
      assert.strictEqual((yield* Effect.flip(IOManager.decodeJson("{", slot("a")))).problem, "it is not JSON.")
      assert.strictEqual((yield* Effect.flip(IOManager.decodeJson("{", slot("a", Schema.Date))))._tag, "InvalidValue")
      assert.strictEqual(
        (yield* Effect.flip(IOManager.encodeJson("x", slot("a", Schema.Number)))).problem,
        "Expected number."
      )
    }))
})
