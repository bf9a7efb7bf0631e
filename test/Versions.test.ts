import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Schedule, Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import { refusing } from "./fixtures/storage.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

/** The latest materializations, by key. */
const latest = Effect.fnUntraced(function*(...keys: ReadonlyArray<string>) {
  const log = yield* EventLog.EventLog
  const found = yield* log.latest(keys)
  return keys.map((key) => found.get(key)!)
})

describe("data versions", () => {
  it.effect("STA01: differ from run to run without a code version", () =>
    Effect.gen(function*() {
      const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
      const versions: Array<string> = []
      for (let i = 0; i < 2; i++) {
        yield* Runtime.materialize(graph)
        versions.push((yield* latest("a"))[0]!.dataVersion)
      }
      assert.notStrictEqual(versions[0], versions[1])
    }).pipe(Effect.provide(inMemory)))

  it.effect("STA02, STA04: stay the same with code versions all the way up", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", { codeVersion: "abc", compute: () => Effect.succeed(1) })
      const b = Asset.make("b", { codeVersion: "xyz", inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
      const graph = Graph.make({ a, b })
      yield* Runtime.materialize(graph)
      const first = yield* latest("a", "b")
      yield* Runtime.materialize(graph)
      yield* Runtime.materialize(graph, { select: ["b"] })
      const last = yield* latest("a", "b")
      assert.deepStrictEqual(last.map((event) => event.dataVersion), first.map((event) => event.dataVersion))
      assert.strictEqual(first[0]!.codeVersion, "abc")
      assert.deepStrictEqual(last[1]!.inputVersions, { a: first[0]!.dataVersion })
    }).pipe(Effect.provide(inMemory)))

  it.effect("STA03: of an asset with a code version follow those of what it reads", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.succeed(1))
      const b = Asset.make("b", { codeVersion: "abc", inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
      const graph = Graph.make({ a, b })
      const version = (select: ReadonlyArray<"a" | "b">) =>
        Effect.andThen(Runtime.materialize(graph, { select }), Effect.map(latest("b"), ([event]) => event!.dataVersion))
      const first = yield* version(["a", "b"])
      assert.strictEqual(yield* version(["b"]), first)
      assert.notStrictEqual(yield* version(["a", "b"]), first)
    }).pipe(Effect.provide(inMemory)))

  it.effect("STA06: are what the program or the storage says", () =>
    Effect.gen(function*() {
      const versioned = IOManager.make({
        save: () => Effect.succeed({ dataVersion: "of the content", metadata: { by: "storage" } }),
        load: () => Effect.succeed(1)
      })
      const given = Asset.make("given", {
        codeVersion: "1",
        compute: () => Effect.succeed(Asset.output(1, { dataVersion: "foo" }))
      })
      const derived = Asset.make("derived", { codeVersion: "1", compute: () => Effect.succeed(1) })
      yield* Effect.provide(
        Runtime.materialize(Graph.make({ given, derived })),
        Layer.succeed(IOManager.IOManager, versioned)
      )
      const [one, two] = yield* latest("given", "derived")
      assert.strictEqual(one!.dataVersion, "foo")
      assert.strictEqual(two!.dataVersion, "of the content")
      assert.deepStrictEqual({ ...two!.metadata }, { by: "storage" })
    }).pipe(Effect.provide(inMemory)))

  it.effect("tell a run that had to do without an input from one that had it", () =>
    Effect.gen(function*() {
      let there = true
      const x = Asset.make("x", { compute: () => Effect.sync(() => there ? Option.some(1) : Option.none()) })
      const optional = Asset.make("optional", {
        codeVersion: "1",
        inputs: { x: Asset.optional(x) },
        compute: ({ x }) => Effect.succeed(Option.getOrElse(x, () => -1))
      })
      const last = Asset.make("last", {
        codeVersion: "1",
        inputs: { x: Asset.lastValue(x) },
        compute: ({ x }) => Effect.succeed(x)
      })
      const graph = Graph.make({ x, optional, last })
      yield* Runtime.materialize(graph)
      const before = yield* latest("optional", "last", "x")
      there = false
      yield* Runtime.materialize(graph)
      const after = yield* latest("optional", "last")
      assert.strictEqual(yield* Runtime.load(optional), -1)
      assert.deepStrictEqual(after[0]!.inputVersions, {})
      assert.notStrictEqual(after[0]!.dataVersion, before[0]!.dataVersion)
      // what was read again is what was stored before
      assert.deepStrictEqual(after[1]!.inputVersions, { x: before[2]!.dataVersion })
      assert.strictEqual(after[1]!.dataVersion, before[1]!.dataVersion)
    }).pipe(Effect.provide(inMemory)))

  it.effect("are not recorded for an input that is gone from storage", () =>
    Effect.gen(function*() {
      const x = Asset.make("x", Effect.succeed(1))
      const y = Asset.make("y", { inputs: { x: Asset.optional(x) }, compute: ({ x }) => Effect.succeed(x._tag) })
      const graph = Graph.make({ x, y })
      yield* Runtime.materialize(graph)
      const io = yield* IOManager.IOManager
      yield* io.remove(IOManager.slot("x"))
      yield* Runtime.materialize(graph, { select: ["y"] })
      assert.deepStrictEqual((yield* latest("y"))[0]!.inputVersions, {})
    }).pipe(Effect.provide(inMemory)))
})

describe("values that are void", () => {
  class Unused extends Context.Service<Unused, IOManager.Service>()("test/Unused") {}

  it.effect("need no storage, in a run, in a later run, and to be loaded", () =>
    Effect.gen(function*() {
      const done = Asset.make("done", { ioManager: Unused, compute: () => Effect.void })
      const after = Asset.make("after", { inputs: { done }, compute: ({ done }) => Effect.succeed(done === undefined) })
      const graph = Graph.make({ done, after })
      yield* Runtime.materialize(graph)
      const part = yield* Runtime.run(graph, { select: ["after"] })
      assert.strictEqual(part.outcomes.after._tag, "Materialized")
      assert.isTrue(yield* Runtime.load(after))
      assert.isUndefined(yield* Runtime.load(done))
    }).pipe(Effect.provide(inMemory)))

  it.effect("are known from the log where there is a storage", () =>
    Effect.gen(function*() {
      const done = Asset.make("done", { compute: () => Effect.void })
      const after = Asset.make("after", { inputs: { done }, compute: ({ done }) => Effect.succeed(done === undefined) })
      const graph = Graph.make({ done, after })
      yield* Runtime.materialize(graph)
      const part = yield* Runtime.run(graph, { select: ["after"] })
      assert.strictEqual(part.outcomes.after._tag, "Materialized")
    }).pipe(Effect.provide(inMemory)))
})

describe("multi-assets", () => {
  it("have names of their own", () => {
    const multi = (key: string) =>
      Asset.multi("same", { outputs: { [key]: {} }, compute: () => Effect.succeed({}) as never })
    assert.throws(
      () => Graph.make({ ...multi("a").assets, ...multi("b").assets }),
      /"same", is also that of another multi-asset/
    )
  })

  it.effect("keep what an attempt has stored when a later one fails", () =>
    Effect.gen(function*() {
      let attempts = 0
      const storage = yield* refusing((slot) => slot.key === "b")
      const multi = Asset.multi("m", {
        outputs: { a: {}, b: {} },
        retry: Schedule.recurs(2),
        *compute() {
          if (++attempts > 1) return yield* Effect.fail("broken")
          return { a: 1, b: 2 }
        }
      })
      const run = yield* Effect.provide(
        Runtime.run(Graph.make({ multi })),
        Layer.succeed(IOManager.IOManager, storage)
      )
      assert.strictEqual(attempts, 3)
      assert.strictEqual(run.outcomes.a._tag, "Materialized")
      assert.strictEqual(run.outcomes.b._tag, "Failed")
    }).pipe(Effect.provide(inMemory)))
})

describe("progress", () => {
  it.effect("is told to the end, also of a run that is cancelled", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const stops = Asset.make("stops", Effect.never)
      const waits = Asset.make("waits", { deps: [stops], compute: () => Effect.void })
      const run = Runtime.run(Graph.make({ stops, waits }), {
        onProgress: (progress) =>
          Effect.sync(() => told.push("key" in progress ? `${progress._tag} ${progress.key}` : progress._tag))
      })
      const fiber = yield* Effect.forkChild(run, { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(told, [
        "RunStarted",
        "AssetStarted stops",
        "AssetFinished stops",
        "AssetFinished waits",
        "RunFinished"
      ])
    }).pipe(Effect.provide(inMemory)))

  it.effect("does not end a run when it fails to be told", () =>
    Effect.gen(function*() {
      const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
      const run = yield* Runtime.run(graph, { onProgress: () => Effect.die("no terminal") })
      assert.strictEqual(run.status, "Succeeded")
      const log = yield* EventLog.EventLog
      assert.strictEqual((yield* Stream.runCollect(log.events({}))).length, 3)
    }).pipe(Effect.provide(inMemory)))
})

describe("prefixed graphs", () => {
  it.effect("tell programs the key that they have now", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", { compute: (_, { key }) => Effect.succeed(key) })
      const graph = Graph.prefix(Graph.make({ a }), "t")
      assert.strictEqual(yield* graph.assets.a.compute(), "t/a")
      yield* Runtime.materialize(graph)
      assert.strictEqual(yield* Runtime.load(graph.assets.a), "t/a")
    }).pipe(Effect.provide(inMemory)))
})
