import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Config,
  ConfigProvider,
  Context,
  Deferred,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Layer,
  Logger,
  Option,
  Path,
  References,
  Schedule,
  Schema,
  Stream,
  Tracer
} from "effect"
import { Asset, EventLog, Graph, IOManager, Metadata, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, test } from "./fixtures/inMemory.ts"

const eventTags = (filter: EventLog.EventFilter = {}) =>
  Effect.map(
    eventsOf(filter),
    (events) => events.map((event) => "key" in event ? `${event._tag} ${event.key}` : event._tag)
  )

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag]))

/** The one error of an outcome, or its defect. */
const errorOf = (outcome: Runtime.Outcome): unknown => {
  assert.isTrue(outcome._tag === "Failed", outcome._tag)
  return outcome._tag === "Failed" ? Cause.squash(outcome.cause) : undefined
}

const messageOf = (outcome: Runtime.Outcome): string => String((errorOf(outcome) as Error).message)

class Broken extends Schema.TaggedError<Broken>()("Broken", { by: Schema.String }) {}

const one = Asset.make("one", Effect.succeed(1))
const plusOne = (key: string, of: typeof one) =>
  Asset.make(key, { inputs: { of }, compute: ({ of }) => Effect.succeed(of + 1) })

/** A storage in memory of which some operations are replaced. */
const storageWith = (change: (io: IOManager.Service) => Partial<IOManager.Service>) =>
  Layer.effect(
    IOManager.IOManager,
    Effect.map(IOManager.makeMemory, (io): IOManager.Service => ({ ...io, ...change(io) }))
  )

describe("values", () => {
  it.effect("RUN01: are stored in the directory of the storage, whose path is recorded", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fs.makeTempDirectoryScoped()
      const asset = Asset.make("the_asset", { schema: Schema.Number, compute: () => Effect.succeed(5) })
      const run = yield* Effect.provide(Runtime.materialize(Graph.make({ asset })), [
        IOManager.layerFileSystem({ directory }),
        EventLog.layerMemory
      ])
      const file = path.join(directory, "the_asset.json")
      assert.strictEqual(yield* fs.readFileString(file), "5")
      assert.isTrue(run.outcomes.asset._tag === "Materialized")
      assert.deepStrictEqual(run.outcomes.asset._tag === "Materialized" && run.outcomes.asset.metadata, {
        path: Metadata.path(file),
        size: 1
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  test("RUN03: pass through the storage of the upstream asset, inside one run too", function*() {
    class First extends Context.Service<First, IOManager.Service>()("test/RUN03/First") {}
    class Second extends Context.Service<Second, IOManager.Service>()("test/RUN03/Second") {}
    class Third extends Context.Service<Third, IOManager.Service>()("test/RUN03/Third") {}
    const loads = (value: number) => IOManager.make({ save: () => Effect.void, load: () => Effect.succeed(value) })
    const seen: Array<unknown> = []
    const n1 = Asset.make("n1", { ioManager: First, compute: () => Effect.succeed(99999) })
    const n2 = Asset.make("n2", {
      ioManager: Second,
      inputs: { n1 },
      compute: (inputs) => Effect.sync(() => (seen.push(inputs), 99999))
    })
    const n3 = Asset.make("n3", {
      ioManager: Third,
      inputs: { n1, n2 },
      compute: (inputs) => Effect.sync(() => (seen.push(inputs), 99999))
    })
    const graph = Graph.make({ n1, n2, n3 })
    const run = (select: string) =>
      Runtime.materialize(graph, { select }).pipe(
        Effect.provide([
          Layer.succeed(First, loads(1)),
          Layer.succeed(Second, loads(2)),
          Layer.succeed(Third, loads(3))
        ])
      )
    yield* run("*")
    assert.deepStrictEqual(seen.splice(0), [{ n1: 1 }, { n1: 1, n2: 2 }])
    yield* run("n2+")
    assert.deepStrictEqual(seen.splice(0), [{ n1: 1 }, { n1: 1, n2: 2 }])
    yield* run("n1")
    assert.deepStrictEqual(seen, [])
  })

  // RUN05: does not apply: there is no in-memory variant of a run that could clash with a storage; it is a Layer.

  test("are those of whatever Layer is provided", function*() {
    class Api extends Context.Service<Api, { readonly fetch: Effect.Effect<number> }>()("test/Api") {}
    const fetched = Asset.make("fetched", { compute: () => Api.use((api) => api.fetch) })
    const run = Effect.andThen(Runtime.materialize(Graph.make({ fetched })), Runtime.load(fetched))
    const live = Layer.succeed(Api, { fetch: Effect.succeed(1) })
    const mock = Layer.succeed(Api, { fetch: Effect.succeed(2) })
    assert.strictEqual(yield* Effect.provide(run, live), 1)
    assert.strictEqual(yield* Effect.provide(run, mock), 2)
  })

  test("of type void are not stored, and can still be read", function*() {
    const table = Asset.make("table", { compute: () => Effect.void })
    const seen: Array<unknown> = []
    const reads = Asset.make("reads", {
      inputs: { table, maybe: Asset.optional(table) },
      compute: (inputs) => Effect.sync(() => (seen.push(inputs), 1))
    })
    const run = yield* Runtime.materialize(Graph.make({ table, reads }))
    assert.isTrue(run.outcomes.table._tag === "Materialized" && !run.outcomes.table.stored)
    assert.deepStrictEqual(seen, [{ table: undefined, maybe: Option.some(undefined) }])
  })

  test("are wrapped in an Output, in an Option, or in both, in either order", function*() {
    const plain = Asset.make("plain", { compute: () => Effect.succeed(Asset.output(1, { dataVersion: "v1" })) })
    const some = Asset.make("some", {
      compute: () => Effect.succeed(Option.some(Asset.output(2, { metadata: { n: 2 } })))
    })
    const output = Asset.make("output", {
      compute: () => Effect.succeed(Asset.output(Option.some(3), { metadata: { n: 3 } }))
    })
    const nothing = Asset.make("nothing", { compute: () => Effect.succeed(Asset.output(Option.none<number>())) })
    const sum = Asset.make("sum", {
      inputs: { plain, some, output, nothing: Asset.optional(nothing) },
      compute: ({ nothing, output, plain, some }) =>
        Effect.succeed(plain + some + output + Option.getOrElse(nothing, () => 100))
    })
    const run = yield* Runtime.materialize(Graph.make({ plain, some, output, nothing, sum }))
    assert.strictEqual(yield* Runtime.load(sum), 106)
    assert.isTrue(run.outcomes.plain._tag === "Materialized" && run.outcomes.plain.dataVersion === "v1")
    assert.deepStrictEqual(run.outcomes.output._tag === "Materialized" && run.outcomes.output.metadata, { n: 3 })
    assert.deepStrictEqual(run.outcomes.some._tag === "Materialized" && run.outcomes.some.metadata, { n: 2 })
    assert.strictEqual(run.outcomes.nothing._tag, "Skipped")
  })

  test("that the schema refuses are not stored", function*() {
    const Row = Schema.Struct({ n: Schema.Number })
    const rows = Asset.make("rows", { schema: Row, compute: () => Effect.succeed({ n: "one" } as never) })
    const reads = Asset.make("reads", { inputs: { rows }, compute: ({ rows }) => Effect.succeed(rows.n) })
    const run = yield* Runtime.run(Graph.make({ rows, reads }))
    assert.deepStrictEqual(tagsOf(run), { rows: "Failed", reads: "UpstreamFailed" })
    assert.instanceOf(errorOf(run.outcomes.rows), Runtime.AssetValueError)
    assert.strictEqual(
      messageOf(run.outcomes.rows),
      `"rows" returned a value that its schema refuses: Expected number at ["n"].`
    )
    assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.load(rows))))
  })

  test("keep metadata that the program adds on the way, that of the output first", function*() {
    const rows = Asset.make("rows", {
      *compute() {
        yield* Asset.addMetadata({ pages: 2, rows: 0 })
        yield* Asset.addMetadata({ source: "api" })
        return Asset.output([1], { metadata: { rows: 1 } })
      }
    })
    const run = yield* Runtime.materialize(Graph.make({ rows }))
    assert.deepStrictEqual(run.outcomes.rows._tag === "Materialized" && run.outcomes.rows.metadata, {
      pages: 2,
      rows: 1,
      source: "api"
    })
  })
})

describe("what is selected", () => {
  const upstream = Asset.make("upstream", Effect.succeed(2))
  const downstream = plusOne("downstream", upstream as never)
  const graph = Graph.make({ upstream, downstream })

  test("RUN06: is computed from what is stored", function*() {
    yield* Runtime.materialize(graph, { select: ["upstream"] })
    const run = yield* Runtime.materialize(graph, { select: ["downstream"] })
    assert.deepStrictEqual(tagsOf(run), { upstream: "NotSelected", downstream: "Materialized" })
    assert.deepStrictEqual(yield* eventTags({ runId: run.id }), [
      "RunStarted",
      "AssetMaterialized downstream",
      "RunFinished"
    ])
    assert.strictEqual(yield* Runtime.load(downstream), 3)
  })

  test("fails when what it reads is neither selected nor stored", function*() {
    const run = yield* Runtime.run(graph, { select: ["downstream"] })
    assert.match(messageOf(run.outcomes.downstream), /^Nothing is stored for "upstream"/)
    assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.materialize(graph, { select: ["downstream"] }))))
  })

  test("RUN08: has to be in the graph", function*() {
    const error = yield* Effect.flip(Runtime.run(graph, { select: ["upstraem"] as never }))
    assert.instanceOf(error, Graph.UnknownAssetError)
    assert.strictEqual(error.message, `There is no asset "upstraem" in the graph. Did you mean "upstream"?`)
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  test("has to be a readable expression", function*() {
    const error = yield* Effect.flip(Runtime.run(graph, { select: "upstream and and" }))
    assert.strictEqual(error._tag, "SelectionError")
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  test("RUN09: may be nothing", function*() {
    const run = yield* Runtime.materialize(graph, { select: [] })
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual(tagsOf(run), { upstream: "NotSelected", downstream: "NotSelected" })
    assert.deepStrictEqual(yield* eventTags(), ["RunStarted", "RunFinished"])
    const nothing = yield* Runtime.materialize(Graph.make({}))
    assert.deepStrictEqual([nothing.status, nothing.outcomes], ["Succeeded", {}])
  })

  test("is all of a multi-asset that cannot compute a part of itself (RUN10)", function*() {
    const start = Asset.make("start", Effect.succeed(1))
    const abc = Asset.multi("abc_", {
      outputs: { a: {}, b: {}, c: {} },
      inputs: { start },
      compute: ({ start }, { selected }) =>
        Effect.succeed({ a: start + 1, b: [...selected].sort().join(), c: start + 3 })
    })
    const final = Asset.make("final", { inputs: abc.assets, compute: ({ a, c }) => Effect.succeed(a + c) })
    const graph = Graph.make({ start, abc, final })
    yield* Runtime.materialize(graph)
    const run = yield* Runtime.materialize(graph, { select: ["c"] })
    assert.deepStrictEqual(tagsOf(run), {
      start: "NotSelected",
      a: "Materialized",
      b: "Materialized",
      c: "Materialized",
      final: "NotSelected"
    })
    assert.strictEqual(yield* Runtime.load(abc.assets.b), "a,b,c")
  })

  test("is a part of a multi-asset that can compute it", function*() {
    const abc = Asset.multi("abc_", {
      outputs: { a: {}, b: {}, c: {} },
      canSubset: true,
      compute: (_, { selected }) =>
        Effect.sync(() => Object.fromEntries([...selected].map((name) => [name, selected.size])))
    })
    const run = yield* Runtime.materialize(Graph.make({ abc }), { select: ["a", "c"] })
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "NotSelected", c: "Materialized" })
    assert.strictEqual(yield* Runtime.load(abc.assets.c), 2)
  })

  // RUN12, RUN13: do not apply: a program is run once. A multi-asset that reads what is computed from its own outputs is a
  // cycle, and Graph.make says so.
  // RUN17: does not apply: the outputs of a multi-asset are returned at once, so they have no order.

  test("is recorded when the run starts, in topological order", function*() {
    const run = yield* Runtime.materialize(graph, { tags: { by: "me" } })
    const [started] = yield* eventsOf({ runId: run.id })
    assert.isTrue(started?._tag === "RunStarted")
    if (started?._tag === "RunStarted") {
      assert.deepStrictEqual(started.keys, ["upstream", "downstream"])
      assert.deepStrictEqual(started.tags, { by: "me" })
    }
  })

  test("never includes what is external", function*() {
    const source = Asset.external("source", { schema: Schema.Number })
    const copy = Asset.make("copy", { inputs: { source }, compute: ({ source }) => Effect.succeed(source) })
    const graph = Graph.make({ source, copy })
    yield* IOManager.IOManager.use((io) =>
      io.save(7, { key: "source", partition: undefined, schema: Schema.Number, metadata: {}, runId: undefined })
    )
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(graph, { select: "*" })), {
      source: "NotSelected",
      copy: "Materialized"
    })
    assert.strictEqual(yield* Runtime.load(copy), 7)
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(graph, { select: ["source"] as never })), {
      source: "NotSelected",
      copy: "NotSelected"
    })
  })
})

describe("assets made of several operations", () => {
  const times = (n: number) => (x: number) => Asset.step(`times ${n}`, Effect.succeed(x * n))
  const plus = (x: number) => Asset.step("plus one", Effect.succeed(x + 1))
  const body = (x: number) => Effect.flatMap(Effect.flatMap(plus(x), plus), times(2))
  const a = Asset.make("a", { compute: () => body(1) })
  const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => body(a) })
  const c = Asset.make("c", { inputs: { b }, compute: ({ b }) => body(b) })
  const graph = Graph.make({ a, b, c })

  test("RUN14: can be selected like others", function*() {
    const materialized = (run: Parameters<typeof tagsOf>[0]) =>
      Object.entries(tagsOf(run)).flatMap(([name, tag]) => tag === "Materialized" ? [name] : [])
    assert.deepStrictEqual(materialized(yield* Runtime.materialize(graph, { select: "*" })), ["a", "b", "c"])
    assert.deepStrictEqual([yield* Runtime.load(a), yield* Runtime.load(b), yield* Runtime.load(c)], [6, 16, 36])
    assert.deepStrictEqual(materialized(yield* Runtime.materialize(graph, { select: "a+1" })), ["a", "b"])
    assert.deepStrictEqual(materialized(yield* Runtime.materialize(graph, { select: "1+c" })), ["b", "c"])
    assert.deepStrictEqual(materialized(yield* Runtime.materialize(graph, { select: ["a", "c"] })), ["a", "c"])
    assert.deepStrictEqual([yield* Runtime.load(a), yield* Runtime.load(b), yield* Runtime.load(c)], [6, 16, 36])
  })

  test("RUN15: are ordinary programs, calling each other", function*() {
    const double = (text: string) => Asset.step("double", Effect.succeed(text + text))
    const a = Asset.make("a", Effect.succeed("a"))
    const b = Asset.make("b", Effect.succeed("b"))
    const coolThing = Asset.make("cool_thing", {
      inputs: { a, b },
      *compute({ a, b }) {
        return (yield* double(yield* double(a))) + (yield* double(b))
      }
    })
    const run = yield* Runtime.materialize(Graph.make({ a, b, coolThing }))
    assert.strictEqual(yield* Runtime.load(coolThing), "aaaabb")
    const [event] = yield* eventsOf({ runId: run.id, keys: ["cool_thing"] })
    assert.deepStrictEqual(
      event?._tag === "AssetMaterialized" && event.steps.map((step) => [step.name, step.attempts]),
      [
        ["double", 1],
        ["double", 1],
        ["double", 1]
      ]
    )
  })

  test("RUN16: nest to any depth", function*() {
    const add = (name: string, x: number, y: number) => Asset.step(name, Effect.succeed(x + y))
    const eight = Asset.step(
      "eight",
      Effect.flatMap(Asset.step("five", add("two", 1, 1)), (two) => add("eight", two, 6))
    )
    const thirteen = Effect.flatMap(Asset.step("thirteen", eight), (n) => Asset.step("outer", add("thirteen", n, 5)))
    const twenty = Asset.make("twenty", { compute: () => Effect.flatMap(thirteen, (n) => add("twenty", n, 7)) })
    const run = yield* Runtime.materialize(Graph.make({ twenty }))
    assert.strictEqual(yield* Runtime.load(twenty), 20)
    const [event] = yield* eventsOf({ runId: run.id, keys: ["twenty"] })
    // in the order in which they end
    assert.deepStrictEqual(event?._tag === "AssetMaterialized" && event.steps.map((step) => step.name), [
      "two",
      "five",
      "eight",
      "eight",
      "thirteen",
      "thirteen",
      "outer",
      "twenty"
    ])
  })

  test("retry and time out each step on its own", function*() {
    let failures = 2
    const flaky = Asset.make("flaky", {
      *compute() {
        const n = yield* Asset.step(
          "fetch",
          Effect.suspend(() => failures-- > 0 ? Effect.fail(new Broken({ by: "network" })) : Effect.succeed(1)),
          { retry: Schedule.spaced("10 seconds") }
        )
        const late = yield* Asset.step("wait", Effect.never, { timeout: "1 minute" }).pipe(
          Effect.catchTag("TimeoutError", () => Effect.succeed("late"))
        )
        return `${n} ${late}`
      }
    })
    const fiber = yield* Effect.forkChild(Runtime.materialize(Graph.make({ flaky })))
    yield* TestClock.adjust("10 seconds")
    yield* TestClock.adjust("10 seconds")
    yield* TestClock.adjust("1 minute")
    const run = yield* Fiber.join(fiber)
    assert.strictEqual(yield* Runtime.load(flaky), "1 late")
    const [event] = yield* eventsOf({ runId: run.id, keys: ["flaky"] })
    assert.deepStrictEqual(event?._tag === "AssetMaterialized" && [event.attempts, event.durationMillis, event.steps], [
      1,
      80_000,
      [
        { name: "fetch", attempts: 3, durationMillis: 20_000, status: "Succeeded" },
        { name: "wait", attempts: 1, durationMillis: 60_000, status: "Failed" }
      ]
    ])
  })

  test("record the step that failed", function*() {
    const broken = Asset.make("broken", {
      *compute() {
        yield* Asset.step("first", Effect.void)
        return yield* Asset.step("second", Effect.fail(new Broken({ by: "second" })), { retry: Schedule.recurs(1) })
      }
    })
    const run = yield* Runtime.run(Graph.make({ broken }))
    const [event] = yield* eventsOf({ runId: run.id, tags: ["AssetFailed"] })
    assert.deepStrictEqual(event?._tag === "AssetFailed" && [event.error.tag, event.steps], ["Broken", [
      { name: "first", attempts: 1, durationMillis: 0, status: "Succeeded" },
      { name: "second", attempts: 2, durationMillis: 0, status: "Failed" }
    ]])
  })

  test("work outside of a run", function*() {
    assert.strictEqual(yield* b.compute({ a: 1 }), 6)
    assert.strictEqual(yield* Effect.as(Asset.addMetadata({ n: 1 }), 1), 1)
  })
})

describe("skips", () => {
  test("CON01: keep what was stored before, and are no failure", function*() {
    let yields = true
    const theAsset = Asset.make("the_asset", {
      compute: () => Effect.sync(() => yields ? Option.some(5) : Option.none())
    })
    const downstream = Asset.make("downstream", {
      inputs: { theAsset },
      compute: ({ theAsset }) => Effect.succeed(theAsset + 1)
    })
    const graph = Graph.make({ theAsset, downstream })
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(graph)), {
      theAsset: "Materialized",
      downstream: "Materialized"
    })
    assert.deepStrictEqual([yield* Runtime.load(theAsset), yield* Runtime.load(downstream)], [5, 6])
    yields = false
    const run = yield* Runtime.materialize(graph)
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual(tagsOf(run), { theAsset: "Skipped", downstream: "Skipped" })
    assert.deepStrictEqual(yield* eventsOf({ runId: run.id, tags: ["AssetMaterialized"] }), [])
    assert.deepStrictEqual([yield* Runtime.load(theAsset), yield* Runtime.load(downstream)], [5, 6])
  })

  test("tell why", function*() {
    const maybe = Asset.make("maybe", { compute: () => Effect.succeed(Option.none<number>()) })
    const other = Asset.make("other", { compute: () => Effect.succeed(Option.none<number>()) })
    const ordered = Asset.make("ordered", { deps: [maybe], compute: () => Effect.void })
    const last = Asset.make("last", { inputs: { maybe: Asset.lastValue(maybe) }, compute: () => Effect.succeed(1) })
    const both = Asset.make("both", { inputs: { maybe, other, last }, compute: () => Effect.succeed(1) })
    const run = yield* Runtime.materialize(Graph.make({ maybe, other, ordered, last, both }))
    const reasons = Object.fromEntries(
      Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag === "Skipped" && outcome.reason])
    )
    assert.deepStrictEqual(reasons as object, {
      maybe: { _tag: "NoOutput" },
      other: { _tag: "NoOutput" },
      ordered: { _tag: "UpstreamSkipped", keys: ["maybe"] },
      last: { _tag: "NoLastValue", keys: ["maybe"] },
      both: { _tag: "UpstreamSkipped", keys: ["maybe", "other", "last"] }
    })
  })

  test("CON03: do not reach what reads its sources as optional", function*() {
    // an input has one source here, so a fan-in is several inputs that are optional
    const some = Asset.make("some", Effect.succeed(1))
    const nothing = Asset.make("nothing", Effect.succeed(Option.none<number>()))
    const fanIn = Asset.make("fan_in", {
      inputs: { some: Asset.optional(some), nothing: Asset.optional(nothing) },
      compute: (inputs) => Effect.succeed(Object.values(inputs).flatMap(Option.toArray))
    })
    yield* Runtime.materialize(Graph.make({ some, nothing, fanIn }))
    assert.deepStrictEqual(yield* Runtime.load(fanIn), [1])
  })

  test("CON04: go down one side of a diamond, and stop the join", function*() {
    const root = Asset.make("root", Effect.succeed(1))
    const opt = Asset.make("opt", { inputs: { root }, compute: () => Effect.succeed(Option.none<number>()) })
    const other = plusOne("other", root as never)
    const join = Asset.make("join", {
      inputs: { opt, other },
      compute: ({ opt, other }) => Effect.succeed(opt + other)
    })
    const side = plusOne("side", other as never)
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(Graph.make({ root, opt, other, join, side }))), {
      root: "Materialized",
      opt: "Skipped",
      other: "Materialized",
      join: "Skipped",
      side: "Materialized"
    })
  })

  test("CON05: are decided before failures, in whichever order they come", function*() {
    const skipped = (delay: boolean) =>
      Asset.make("skipped", Effect.as(delay ? Effect.sleep(1) : Effect.void, Option.none<number>()))
    const failed = (delay: boolean) =>
      Asset.make("failed", Effect.andThen(delay ? Effect.sleep(1) : Effect.void, Effect.fail(new Broken({ by: "it" }))))
    for (const late of [true, false]) {
      const assets = { skipped: skipped(late), failed: failed(!late) }
      const both = Asset.make("both", { deps: [assets.failed, assets.skipped], compute: () => Effect.succeed(1) })
      const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ ...assets, both })))
      yield* TestClock.adjust(1)
      const run = yield* Fiber.join(fiber)
      assert.deepStrictEqual(tagsOf(run), { skipped: "Skipped", failed: "Failed", both: "Skipped" })
      assert.strictEqual(run.status, "Failed")
    }
  })

  test("CON06: are of single outputs of a multi-asset", function*() {
    const tables = Asset.multi("tables", {
      outputs: { table_A: {}, table_B: {} },
      compute: () => Effect.succeed({ table_A: Option.some(1), table_B: Option.none<number>() })
    })
    const after = Asset.make("after", { inputs: { b: tables.assets.table_B }, compute: () => Effect.succeed(1) })
    const run = yield* Runtime.materialize(Graph.make({ tables, after }))
    assert.deepStrictEqual(yield* eventTags({ runId: run.id, tags: ["AssetMaterialized"] }), [
      "AssetMaterialized table_A"
    ])
    assert.deepStrictEqual(tagsOf(run), { table_A: "Materialized", table_B: "Skipped", after: "Skipped" })
  })

  test("CON07: are not what a multi-asset says by returning None", function*() {
    for (const returned of [Option.none(), undefined, null, 1, Asset.output({ table_A: 1 })]) {
      const tables = Asset.multi("tables", {
        outputs: { table_A: {}, table_B: {} },
        compute: () => Effect.succeed(returned as never)
      })
      const run = yield* Runtime.run(Graph.make({ tables }))
      assert.strictEqual(
        messageOf(run.outcomes.table_A),
        `"tables" must return a record with a value for each of its outputs: table_A, table_B.`
      )
      assert.deepStrictEqual(tagsOf(run), { table_A: "Failed", table_B: "Failed" })
    }
  })

  test("are not what a multi-asset says by leaving an output out", function*() {
    const tables = Asset.multi("tables", {
      outputs: { table_A: {}, table_B: {} },
      compute: () => Effect.succeed({ table_A: 1 } as never)
    })
    const run = yield* Runtime.run(Graph.make({ tables }))
    assert.deepStrictEqual(tagsOf(run), { table_A: "Materialized", table_B: "Failed" })
    assert.match(messageOf(run.outcomes.table_B), /"tables" returned none under the name "table_B"/)
  })

  // CON11: see Check.test.ts

  test("give way to the last value, where one is stored", function*() {
    let rate = Option.some(7)
    const rates = Asset.make("rates", { compute: () => Effect.sync(() => rate) })
    const report = Asset.make("report", {
      inputs: { rate: Asset.lastValue(rates), maybe: Asset.optional(rates) },
      compute: ({ maybe, rate }) => Effect.succeed(`${rate} ${Option.isSome(maybe)}`)
    })
    const careful = Asset.make("careful", {
      inputs: { rate: Asset.optional(Asset.lastValue(rates)) },
      compute: ({ rate }) => Effect.succeed(Option.getOrElse(rate, () => 0))
    })
    const graph = Graph.make({ rates, report, careful })
    rate = Option.none()
    const never = yield* Runtime.materialize(graph)
    assert.deepStrictEqual(tagsOf(never), { rates: "Skipped", report: "Skipped", careful: "Materialized" })
    assert.strictEqual(yield* Runtime.load(careful), 0)
    rate = Option.some(7)
    yield* Runtime.materialize(graph)
    assert.strictEqual(yield* Runtime.load(report), "7 true")
    rate = Option.none()
    yield* Runtime.materialize(graph)
    assert.deepStrictEqual([yield* Runtime.load(report), yield* Runtime.load(careful)], ["7 false", 7])
  })
})

describe("failures", () => {
  const ok = Asset.make("ok", Effect.succeed(1))
  const broken = Asset.make("broken", Effect.fail(new Broken({ by: "broken" })))
  const after = Asset.make("after", { inputs: { ok, broken }, compute: () => Effect.succeed(1) })
  const last = Asset.make("last", { deps: [Asset.optional(after)], compute: () => Effect.void })
  const tolerant = Asset.make("tolerant", {
    inputs: { broken: Asset.optional(broken) },
    compute: () => Effect.succeed(1)
  })

  test("RUN20: are outcomes of a run, and errors of a materialization", function*() {
    const graph = Graph.make({ broken })
    const run = yield* Runtime.run(graph)
    assert.strictEqual(run.status, "Failed")
    assert.deepStrictEqual(errorOf(run.outcomes.broken), new Broken({ by: "broken" }))
    const by = yield* Runtime.materialize(graph).pipe(
      Effect.as("nobody"),
      Effect.catchTag("Broken", (error) => Effect.succeed(error.by))
    )
    assert.strictEqual(by, "broken")
  })

  test("RUN21: stay on their branch, and name what failed", function*() {
    const run = yield* Runtime.run(Graph.make({ ok, broken, after, last, tolerant }))
    assert.deepStrictEqual(tagsOf(run), {
      ok: "Materialized",
      broken: "Failed",
      after: "UpstreamFailed",
      last: "UpstreamFailed",
      tolerant: "UpstreamFailed"
    })
    assert.deepStrictEqual(run.outcomes.last, { _tag: "UpstreamFailed", key: "last", failed: ["broken"] })
    const failed = yield* eventsOf({ runId: run.id, tags: ["AssetFailed"] })
    assert.deepStrictEqual(failed.map((event) => event._tag === "AssetFailed" && [event.key, event.error.tag]), [
      ["broken", "Broken"]
    ])
  })

  test("are told by the first asset in topological order, after everything else has run", function*() {
    const slow = Asset.make("slow", Effect.andThen(Effect.sleep(10), Effect.fail(new Broken({ by: "slow" }))))
    const fast = Asset.make("fast", { deps: [ok], compute: () => Effect.fail(new Broken({ by: "fast" })) })
    const independent = Asset.make("independent", Effect.as(Effect.sleep(20), 1))
    const fiber = yield* Effect.forkChild(Effect.flip(Runtime.materialize(Graph.make({ ok, fast, slow, independent }))))
    yield* TestClock.adjust(20)
    // "fast" is after "ok", so "slow" comes before it
    assert.deepStrictEqual(yield* Fiber.join(fiber), new Broken({ by: "slow" }))
    assert.strictEqual(yield* Runtime.load(independent), 1)
  })

  test("by defects reach the caller as defects, unless another asset failed with a typed error", function*() {
    const boom = new Error("boom")
    const dies = Asset.make("a_dies", Effect.die(boom))
    const exit = yield* Effect.exit(Runtime.materialize(Graph.make({ dies })))
    assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause) && Cause.squash(exit.cause) === boom)
    const [failed] = yield* eventsOf({ tags: ["AssetFailed"] })
    assert.deepStrictEqual(failed?._tag === "AssetFailed" && [failed.error.tag, failed.error.message], [
      "Defect",
      "boom"
    ])
    assert.deepStrictEqual(
      yield* Effect.flip(Runtime.materialize(Graph.make({ dies, broken }))),
      new Broken({ by: "broken" })
    )
  })

  test("by throwing, or by returning what is no Effect, are defects", function*() {
    const throws = Asset.make("throws", {
      compute: (): Effect.Effect<number> => {
        throw new Error("thrown")
      }
    })
    const throwsLater = Asset.make("throws_later", {
      *compute() {
        yield* Effect.yieldNow
        throw new Error("thrown later")
      }
    })
    const returns = Asset.make("returns", { compute: (() => 5) as unknown as () => Effect.Effect<number> })
    const promises = Asset.make("promises", {
      compute: (() => Promise.resolve(5)) as unknown as () => Effect.Effect<number>
    })
    const yields = Asset.make("yields", {
      *compute() {
        return yield* (Option.some(1) as unknown as Effect.Effect<number>)
      }
    })
    const run = yield* Runtime.run(Graph.make({ throws, throwsLater, returns, promises, ok }))
    assert.strictEqual(messageOf(run.outcomes.throws), "thrown")
    assert.strictEqual(messageOf(run.outcomes.throwsLater), "thrown later")
    const hint = "compute must return an Effect, or be a generator method: *compute() { … }"
    assert.strictEqual(messageOf(run.outcomes.returns), hint)
    assert.strictEqual(messageOf(run.outcomes.promises), hint)
    assert.strictEqual(run.outcomes.ok._tag, "Materialized")
    const yielded = yield* Runtime.run(Graph.make({ yields, ok }))
    assert.deepStrictEqual(tagsOf(yielded), { yields: "Failed", ok: "Materialized" })
  })

  test("include a program that interrupts itself", function*() {
    const suicidal = Asset.make("suicidal", { compute: (): Effect.Effect<number> => Effect.interrupt })
    const later = Asset.make("later", { compute: () => Effect.andThen(Effect.yieldNow, Effect.interrupt) })
    const run = yield* Runtime.run(Graph.make({ suicidal, later, ok }))
    assert.deepStrictEqual(tagsOf(run), { suicidal: "Failed", later: "Failed", ok: "Materialized" })
    assert.strictEqual(run.status, "Failed")
    assert.match(messageOf(run.outcomes.suicidal), /was interrupted, though its run was not cancelled/)
    assert.match(messageOf(run.outcomes.later), /was interrupted, though its run was not cancelled/)
  })

  test("include a service that is not there", function*() {
    class Gone extends Context.Service<Gone, number>()("test/Gone") {}
    const needs = Asset.make("needs", { compute: () => Effect.map(Gone, (n) => n) })
    class GoneStorage extends Context.Service<GoneStorage, IOManager.Service>()("test/GoneStorage") {}
    const stores = Asset.make("stores", { ioManager: GoneStorage, compute: () => Effect.succeed(1) })
    const run = Runtime.run(Graph.make({ needs, stores, ok })) as Effect.Effect<
      Runtime.Run<{ readonly needs: typeof needs; readonly stores: typeof stores; readonly ok: typeof ok }>,
      Runtime.RunError,
      IOManager.IOManager | EventLog.EventLog
    >
    const { outcomes } = yield* run
    assert.deepStrictEqual(tagsOf({ outcomes }), { needs: "Failed", stores: "Failed", ok: "Materialized" })
    assert.match(messageOf(outcomes.needs), /test\/Gone/)
    assert.match(messageOf(outcomes.stores), /test\/GoneStorage/)
  })

  test("are recorded with a text for whatever was thrown", function*() {
    const circular: { self?: unknown } = {}
    circular.self = circular
    const failures: ReadonlyArray<readonly [unknown, string, string]> = [
      ["text", "Error", "text"],
      [{ code: 1 }, "Error", `{"code":1}`],
      [{ _tag: "Coded", code: 1 }, "Coded", `{"_tag":"Coded","code":1}`],
      [undefined, "Error", "undefined"],
      [circular, "Error", "[object Object]"],
      [new RangeError("far"), "RangeError", "far"]
    ]
    for (const [failure, tag, message] of failures) {
      const fails = Asset.make("fails", Effect.fail(failure))
      const run = yield* Runtime.run(Graph.make({ fails }))
      const [event] = yield* eventsOf({ runId: run.id, tags: ["AssetFailed"] })
      assert.deepStrictEqual(event?._tag === "AssetFailed" && [event.error.tag, event.error.message], [tag, message])
      assert.strictEqual(errorOf(run.outcomes.fails), failure)
    }
  })

  test("RUN18: of the storage of one output do not keep the others from being stored", function*() {
    class Broken2 extends Context.Service<Broken2, IOManager.Service>()("test/RUN18") {}
    const full = IOManager.make({ save: () => Effect.fail(new Error("disk full")), load: () => Effect.succeed(0) })
    const abc = Asset.multi("abc", {
      outputs: { a: { ioManager: Broken2 }, b: {}, c: {} },
      compute: () =>
        Effect.succeed({
          a: Asset.output(1, { metadata: { n: 1 } }),
          b: Asset.output(2, { metadata: { n: 2 } }),
          c: Asset.output(3, { metadata: { n: 3 } })
        })
    })
    const run = yield* Effect.provideService(Runtime.run(Graph.make({ abc })), Broken2, full)
    assert.strictEqual(run.status, "Failed")
    assert.deepStrictEqual(tagsOf(run), { a: "Failed", b: "Materialized", c: "Materialized" })
    assert.strictEqual(messageOf(run.outcomes.a), `The storage failed to save "a": disk full`)
    assert.deepStrictEqual([yield* Runtime.load(abc.assets.b), yield* Runtime.load(abc.assets.c)], [2, 3])
    const events = yield* eventsOf({ tags: ["AssetMaterialized"] })
    assert.deepStrictEqual(events.map((event) => event._tag === "AssetMaterialized" && [event.key, event.metadata]), [
      ["b", { n: 2 }],
      ["c", { n: 3 }]
    ])
  })

  // RUN19: does not apply: there are no hooks; `stream` tells what becomes of each asset.
  // RUN23: does not apply: a run lives in one process, and ends with it; a run that is recovered is the durable runtime's.
})

describe("retries and timeouts", () => {
  const flaky = (failures: number, options: Partial<Asset.CommonOptions>) => {
    const attempts: Array<number> = []
    const asset = Asset.make("flaky", {
      ...options,
      compute: (_, { attempt }) =>
        Effect.suspend(() => {
          attempts.push(attempt)
          return attempts.length <= failures
            ? Effect.fail(new Broken({ by: `attempt ${attempt}` }))
            : Effect.succeed(attempt)
        })
    })
    return { asset, attempts }
  }

  test("follow the asset's schedule, and are counted", function*() {
    const { asset, attempts } = flaky(2, { retry: Schedule.spaced("1 minute").pipe(Schedule.upTo({ times: 2 })) })
    const fiber = yield* Effect.forkChild(Runtime.materialize(Graph.make({ asset })))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(attempts, [1, 2])
    yield* TestClock.adjust("1 minute")
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual(attempts, [1, 2, 3])
    assert.strictEqual(yield* Runtime.load(asset), 3)
    assert.isTrue(run.outcomes.asset._tag === "Materialized" && run.outcomes.asset.attempts === 3)
    assert.isTrue(run.outcomes.asset._tag === "Materialized" && run.outcomes.asset.durationMillis === 120_000)
    assert.strictEqual(run.durationMillis, 120_000)
  })

  test("end with the last error when the schedule does", function*() {
    const { asset, attempts } = flaky(9, { retry: Schedule.recurs(2) })
    const run = yield* Runtime.run(Graph.make({ asset }))
    assert.deepStrictEqual(attempts, [1, 2, 3])
    assert.deepStrictEqual(errorOf(run.outcomes.asset), new Broken({ by: "attempt 3" }))
    assert.isTrue(run.outcomes.asset._tag === "Failed" && run.outcomes.asset.attempts === 3)
  })

  test("do not keep metadata of attempts that failed", function*() {
    let failures = 1
    const asset = Asset.make("asset", {
      retry: Schedule.recurs(1),
      *compute(_, { attempt }) {
        yield* Asset.addMetadata({ [`attempt_${attempt}`]: true })
        if (failures-- > 0) return yield* Effect.fail(new Broken({ by: "first" }))
        return 1
      }
    })
    const run = yield* Runtime.materialize(Graph.make({ asset }))
    assert.deepStrictEqual(run.outcomes.asset._tag === "Materialized" && run.outcomes.asset.metadata, {
      attempt_2: true
    })
  })

  test("load the inputs anew", function*() {
    let loads = 0
    const up = Asset.make("up", Effect.succeed(1))
    const down = Asset.make("down", {
      inputs: { up },
      retry: Schedule.recurs(2),
      compute: ({ up }, { attempt }) => attempt < 3 ? Effect.fail(new Broken({ by: "down" })) : Effect.succeed(up)
    })
    yield* Runtime.materialize(Graph.make({ up, down })).pipe(
      Effect.provide(storageWith((io) => ({ load: (slot) => Effect.suspend(() => (loads++, io.load(slot))) })))
    )
    assert.strictEqual(loads, 3)
  })

  test("are made after a multi-asset could not store an output", function*() {
    let saves = 0
    const abc = Asset.multi("ab", {
      outputs: { a: {}, b: {} },
      retry: Schedule.recurs(1),
      compute: (_, { attempt }) => Effect.succeed({ a: attempt, b: attempt })
    })
    const storage = storageWith((io) => ({
      save: (value, slot) =>
        slot.key === "b" && saves++ === 0
          ? Effect.fail(
            new IOManager.IOManagerError({
              operation: "save",
              key: slot.key,
              partition: undefined,
              reason: new IOManager.StorageFailure({ cause: "once" })
            })
          )
          : io.save(value, slot)
    }))
    yield* Effect.gen(function*() {
      const run = yield* Runtime.materialize(Graph.make({ abc }))
      assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "Materialized" })
      assert.deepStrictEqual([yield* Runtime.load(abc.assets.a), yield* Runtime.load(abc.assets.b)], [2, 2])
    }).pipe(Effect.provide(storage))
  })

  test("limit the time of an attempt, and give the next one all of it", function*() {
    let released = 0
    const asset = Asset.make("slow", {
      timeout: "1 minute",
      retry: Schedule.recurs(1),
      compute: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => released++))
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ asset })))
    yield* TestClock.adjust("59 seconds")
    assert.strictEqual(released, 0)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(released, 1)
    yield* TestClock.adjust("1 minute")
    const run = yield* Fiber.join(fiber)
    assert.strictEqual(released, 2)
    assert.deepStrictEqual(
      errorOf(run.outcomes.asset),
      new Runtime.AssetTimeoutError({ key: "slow", timeoutMillis: 60_000 })
    )
    assert.strictEqual(messageOf(run.outcomes.asset), `"slow" took longer than its timeout of 60000 ms.`)
    assert.isTrue(run.outcomes.asset._tag === "Failed" && run.outcomes.asset.attempts === 2)
  })

  test("limit the time of storing, too", function*() {
    const asset = Asset.make("slow", { timeout: "1 minute", compute: () => Effect.succeed(1) })
    const storage = storageWith(() => ({ save: () => Effect.never }))
    const fiber = yield* Effect.forkChild(Effect.provide(Runtime.run(Graph.make({ asset })), storage))
    yield* TestClock.adjust("1 minute")
    assert.instanceOf(errorOf((yield* Fiber.join(fiber)).outcomes.asset), Runtime.AssetTimeoutError)
  })

  test("are not made of defects", function*() {
    let attempts = 0
    const dies = Asset.make("dies", {
      retry: Schedule.recurs(5),
      compute: () => Effect.suspend(() => (attempts++, Effect.die("boom")))
    })
    yield* Runtime.run(Graph.make({ dies }))
    assert.strictEqual(attempts, 1)
  })
})

describe("concurrency", () => {
  const measured = (count: number) => {
    const counts = { running: 0, most: 0, order: new Array<number>() }
    const assets = Array.from({ length: count }, (_, n) =>
      Asset.make(`a${n}`, {
        compute: () =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              counts.order.push(n)
              counts.most = Math.max(counts.most, ++counts.running)
            }),
            () => Effect.yieldNow,
            () => Effect.sync(() => counts.running--)
          )
      }))
    return { counts, graph: Graph.fromAssets(assets) }
  }

  test("is one asset after the other, in their order, where it is 1", function*() {
    const { counts, graph } = measured(20)
    yield* Runtime.materialize(graph, { concurrency: 1 })
    assert.deepStrictEqual([counts.most, counts.order], [1, Array.from({ length: 20 }, (_, n) => n)])
  })

  test("is 16 unless the options or a reference say something else", function*() {
    const { counts, graph } = measured(40)
    yield* Runtime.materialize(graph)
    assert.strictEqual(counts.most, 16)
    counts.most = 0
    yield* Effect.provideService(Runtime.materialize(graph), Runtime.Concurrency, 3)
    assert.strictEqual(counts.most, 3)
    counts.most = 0
    yield* Effect.provideService(Runtime.materialize(graph, { concurrency: "unbounded" }), Runtime.Concurrency, 3)
    assert.strictEqual(counts.most, 40)
  })

  test("is at least one asset, or the run does not begin", function*() {
    const { counts, graph } = measured(3)
    for (const concurrency of [0, -1, 0.5, NaN]) {
      const exit = yield* Effect.exit(Runtime.run(graph, { concurrency }))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof RangeError)
    }
    assert.deepStrictEqual([counts.order, yield* eventsOf()], [[], []])
    yield* Runtime.run(graph, { concurrency: 2.5 })
    assert.strictEqual(counts.most, 2)
    counts.most = 0
    yield* Runtime.run(graph, { concurrency: Infinity })
    assert.strictEqual(counts.most, 3)
  })
})

describe("what a program knows of its run", () => {
  test("RUN25: are its tags, its id, its key and its attempt", function*() {
    const contexts: Array<unknown> = []
    const asset = Asset.make("asset", {
      keyPrefix: ["one", "two"],
      compute: (_, context) => Effect.sync(() => void contexts.push(context))
    })
    const multi = Asset.multi("multi", {
      outputs: { a: {}, b: {} },
      canSubset: true,
      compute: (_, context) => Effect.sync(() => (contexts.push(context), { a: 1 }))
    })
    const run = yield* Runtime.materialize(Graph.make({ asset, multi }), {
      tags: { key1: "value1" },
      select: ["one/two/asset", "a"],
      concurrency: 1
    })
    const common = {
      config: undefined,
      partition: undefined,
      partitionKey: undefined,
      runId: run.id,
      tags: { key1: "value1" },
      attempt: 1
    }
    assert.deepStrictEqual(contexts, [
      { ...common, key: "one/two/asset" },
      { ...common, key: "multi", selected: new Set(["a"]) }
    ])
    assert.deepStrictEqual(run.tags, { key1: "value1" })
  })

  test("is made up where there is no run", function*() {
    const asset = Asset.make("asset", { compute: (_, context) => Effect.succeed(context) })
    assert.deepStrictEqual(yield* asset.compute(), {
      key: "asset",
      config: undefined,
      partition: undefined,
      partitionKey: undefined,
      runId: "direct",
      tags: {},
      attempt: 1
    })
    assert.strictEqual((yield* asset.compute({}, { runId: "mine" })).runId, "mine")
    const multi = Asset.multi("multi", {
      outputs: { a: {}, b: {} },
      compute: (_, { selected }) => Effect.succeed({ a: selected.has("a"), b: selected.has("b") })
    })
    assert.deepStrictEqual(yield* multi.compute(), { a: true, b: true })
    assert.deepStrictEqual(yield* multi.compute({}, { selected: new Set(["b"]) }), { a: false, b: true })
  })

  test("is in the annotations of its logs", function*() {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ fiber, message }) => {
      lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
    })
    const a = Asset.make("a", Effect.as(Effect.logInfo("in a"), 1))
    const b = Asset.make("b", {
      inputs: { a },
      compute: () => Effect.as(Effect.andThen(Effect.yieldNow, Effect.logInfo("in b")), Option.none())
    })
    const multi = Asset.multi("multi", {
      outputs: { x: {} },
      deps: [b],
      compute: () => Effect.as(Effect.logInfo("never"), { x: 1 })
    })
    const run = yield* Runtime.materialize(Graph.make({ a, b, multi }), { concurrency: 1 }).pipe(
      Effect.annotateLogs({ service: "etl" }),
      Effect.provide(Logger.layer([logger]))
    )
    assert.deepStrictEqual(lines, [
      [["in a"], { service: "etl", runId: run.id, asset: "a" }],
      [["in b"], { service: "etl", runId: run.id, asset: "b" }]
    ])
  })

  test("is in its spans: one for the run, one for each asset, one for each step", function*() {
    const spans: Array<readonly [string, string, unknown]> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        const parent = Option.isSome(options.parent) && options.parent.value._tag === "Span"
          ? options.parent.value.name
          : ""
        spans.push([options.name, parent, span.attributes])
        return span
      }
    })
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", {
      inputs: { a },
      compute: ({ a }) =>
        Effect.withSpan(Asset.step("double", Effect.withSpan(Effect.succeed(a * 2), "inner")), "outer")
    })
    const run = yield* Effect.withTracer(Runtime.materialize(Graph.make({ a, b })), tracer)
    assert.deepStrictEqual(spans, [
      ["assets.run", "", new Map([["run.id", run.id]])],
      ["asset a", "assets.run", new Map([["asset.key", "a"], ["run.id", run.id]])],
      ["asset b", "assets.run", new Map([["asset.key", "b"], ["run.id", run.id]])],
      ["outer", "asset b", new Map()],
      ["double", "outer", new Map()],
      ["inner", "double", new Map()]
    ])
  })

  test("does not come from another asset or run", function*() {
    // references that a program sets for itself stay its own
    const Level = Context.Reference<number>("test/Level", { defaultValue: () => 0 })
    const a = Asset.make("a", Effect.provideService(Effect.as(Effect.yieldNow, 1), Level, 5))
    const b = Asset.make("b", { deps: [a], compute: () => Effect.map(Level, (level) => level) })
    yield* Effect.provideService(Runtime.materialize(Graph.make({ a, b })), Level, 2)
    assert.strictEqual(yield* Runtime.load(b), 2)
    assert.deepStrictEqual(yield* References.CurrentLogAnnotations, {})
  })
})

describe("configuration", () => {
  const config = Schema.Struct({ endpoint: Schema.String, limit: Schema.FiniteFromString })
  const a = Asset.make("api/a", { config, compute: (_, { config }) => Effect.succeed(config) })
  const b = Asset.make("b", {
    config: Schema.Struct({ n: Schema.Int }),
    compute: (_, { config }) => Effect.succeed(config.n)
  })
  const multi = Asset.multi("pair", {
    keyPrefix: "pairs",
    outputs: { x: {}, y: {} },
    config: Schema.Struct({ by: Schema.Int }),
    compute: (_, { config }) => Effect.succeed({ x: config.by, y: -config.by })
  })
  const plain = Asset.make("plain", Effect.succeed(1))
  const graph = Graph.make({ a, b, multi, plain })

  test("comes from the options of the run, in encoded form", function*() {
    yield* Runtime.materialize(graph, {
      config: { "api/a": { endpoint: "prod", limit: "10" }, b: { n: 2 }, pair: { by: 3 } }
    })
    assert.deepStrictEqual(yield* Runtime.load(a), { endpoint: "prod", limit: 10 })
    assert.strictEqual(yield* Runtime.load(multi.assets.y), -3)
  })

  test("comes from the ConfigProvider, under the segments of the key", function*() {
    const provider = ConfigProvider.fromUnknown({
      api: { a: { endpoint: "dev", limit: "5" } },
      b: { n: "1" },
      pair: { by: 4 }
    })
    yield* Effect.provide(Runtime.materialize(graph, { config: { b: { n: 7 } } }), ConfigProvider.layer(provider))
    assert.deepStrictEqual(yield* Runtime.load(a), { endpoint: "dev", limit: 5 })
    // what the options say counts
    assert.strictEqual(yield* Runtime.load(b), 7)
    assert.strictEqual(yield* Runtime.load(multi.assets.x), 4)
  })

  test("is checked before anything runs, and everything that is wrong is told at once", function*() {
    const error = yield* Effect.flip(
      Effect.provide(
        Runtime.materialize(graph, {
          config: {
            "api/a": { endpoint: 1, limit: "ten", more: true },
            bb: { n: 1 },
            plain: { n: 1 }
          } as never
        }),
        ConfigProvider.layer(ConfigProvider.fromUnknown({}))
      )
    )
    assert.instanceOf(error, Runtime.RunConfigError)
    if (!(error instanceof Runtime.RunConfigError)) return
    const problems = error.problems.map(({ key, problem }) => `${key}: ${problem}`)
    assert.strictEqual(problems[0], `bb: there is no such asset in the graph. Did you mean "b"?`)
    assert.strictEqual(problems[1], "plain: it takes no configuration.")
    assert.deepStrictEqual([...new Set(error.problems.map(({ key }) => key))].sort(), [
      "api/a",
      "b",
      "bb",
      "pair",
      "plain"
    ])
    const ofA = problems.find((problem) => problem.startsWith("api/a"))!
    for (const part of [`at ["endpoint"]`, `at ["limit"]`, `at ["more"]`]) assert.include(ofA, part)
    assert.match(problems.find((problem) => problem.startsWith("b:"))!, /or in the ConfigProvider under "b"/)
    assert.match(error.message, /^The configuration of the run is not valid:\n- "bb": there is no/)
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  test("of assets that are not selected may be left out, and may be given", function*() {
    const run = yield* Runtime.materialize(graph, {
      select: ["b"],
      config: { b: { n: 1 }, "api/a": { endpoint: "unused", limit: "1" } }
    })
    assert.strictEqual(run.outcomes.b._tag, "Materialized")
  })

  test("is a part of a direct call", function*() {
    assert.strictEqual(yield* b.compute({}, { config: { n: 9 } }), 9)
  })
})

describe("streams", () => {
  test("tell what happens, in order, and end with the run", function*() {
    const a = Asset.make("a", { compute: () => Asset.step("fetch", Effect.succeed(1)) })
    const b = Asset.make("b", {
      inputs: { a },
      compute: () => Effect.fail(new Broken({ by: "b" })),
      retry: Schedule.recurs(1)
    })
    const c = Asset.make("c", { inputs: { b }, compute: () => Effect.succeed(1) })
    const all = yield* Stream.runCollect(Runtime.stream(Graph.make({ a, b, c })))
    assert.deepStrictEqual(
      all.map((progress) => {
        switch (progress._tag) {
          case "RunStarted":
            return `start ${progress.keys.join()}`
          case "AssetStarted":
            return `${progress.key} attempt ${progress.attempt}`
          case "StepStarted":
            return `${progress.key}.${progress.name}`
          case "StepFinished":
            return `${progress.key}.${progress.step.name} ${progress.step.status}`
          case "CheckFinished":
            return `check ${progress.check}`
          case "AssetFinished":
            return `${progress.key} ${progress.outcome._tag}`
          case "RunFinished":
            return progress.run.status
        }
      }),
      [
        "start a,b,c",
        "a attempt 1",
        "a.fetch",
        "a.fetch Succeeded",
        "a Materialized",
        "b attempt 1",
        "b attempt 2",
        "b Failed",
        "c UpstreamFailed",
        "Failed"
      ]
    )
    assert.deepStrictEqual(yield* eventTags(), [
      "RunStarted",
      "AssetMaterialized a",
      "AssetFailed b",
      "AssetUpstreamFailed c",
      "RunFinished"
    ])
  })

  test("name each output of a multi-asset", function*() {
    const pair = Asset.multi("pair", {
      outputs: { x: {}, y: {} },
      compute: () => Effect.succeed({ x: 1, y: Option.none() })
    })
    const all = yield* Stream.runCollect(Runtime.stream(Graph.make({ pair })))
    assert.deepStrictEqual(
      all.map((progress) => "key" in progress ? `${progress._tag} ${progress.key}` : progress._tag),
      [
        "RunStarted",
        "AssetStarted x",
        "AssetStarted y",
        "AssetFinished x",
        "AssetFinished y",
        "RunFinished"
      ]
    )
  })

  test("fail when the run cannot begin", function*() {
    const error = yield* Effect.flip(
      Stream.runCollect(Runtime.stream(Graph.make({ one }), { select: ["two"] as never }))
    )
    assert.instanceOf(error, Graph.UnknownAssetError)
  })

  test("that are ended early cancel the run", function*() {
    let released = false
    const slow = Asset.make("slow", {
      compute: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => released = true))
    })
    const after = Asset.make("after", { deps: [slow], compute: () => Effect.succeed(1) })
    const seen = yield* Runtime.stream(Graph.make({ slow, after })).pipe(Stream.take(2), Stream.runCollect)
    assert.deepStrictEqual(seen.map((progress) => progress._tag), ["RunStarted", "AssetStarted"])
    assert.isTrue(released)
    assert.deepStrictEqual(yield* eventTags(), [
      "RunStarted",
      "AssetCancelled slow",
      "AssetCancelled after",
      "RunFinished"
    ])
  })
})

describe("cancelling", () => {
  test("RUN28: interrupts what runs, and starts nothing that waits", function*() {
    const started: Array<number> = []
    const released: Array<number> = []
    const ready = yield* Deferred.make<void>()
    const assets = Array.from({ length: 7 }, (_, n) =>
      Asset.make(`a${n}`, {
        compute: () =>
          Effect.acquireUseRelease(
            Effect.sync(() => void started.push(n)),
            () => Effect.andThen(started.length === 4 ? Deferred.succeed(ready, undefined) : Effect.void, Effect.never),
            () => Effect.sync(() => void released.push(n))
          )
      }))
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.fromAssets(assets), { concurrency: 4 }))
    yield* Deferred.await(ready)
    yield* Fiber.interrupt(fiber)
    assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    assert.deepStrictEqual(started, [0, 1, 2, 3])
    assert.deepStrictEqual(released.sort(), [0, 1, 2, 3])
    const cancelled = yield* eventsOf({ tags: ["AssetCancelled"] })
    assert.deepStrictEqual(
      cancelled.map((event) => event._tag === "AssetCancelled" && [event.key, event.started]).sort(),
      [["a0", true], ["a1", true], ["a2", true], ["a3", true], ["a4", false], ["a5", false], ["a6", false]]
    )
    const last = (yield* eventsOf()).at(-1)
    assert.isTrue(last?._tag === "RunFinished" && last.status === "Cancelled")
  })

  // RUN28 with several processes does not apply: a run lives in one.

  test("RUN29: is not a failure, so it is not retried", function*() {
    // Dagster retries a step that was interrupted from outside of its run; here nobody but the run interrupts its assets
    let attempts = 0
    const ready = yield* Deferred.make<void>()
    const slow = Asset.make("slow", {
      retry: Schedule.recurs(1),
      compute: () =>
        Effect.andThen(Effect.suspend(() => (attempts++, Deferred.succeed(ready, undefined))), Effect.never)
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ slow })))
    yield* Deferred.await(ready)
    yield* Fiber.interrupt(fiber)
    assert.strictEqual(attempts, 1)
    assert.deepStrictEqual(yield* eventTags(), ["RunStarted", "AssetCancelled slow", "RunFinished"])
  })

  test("keeps what has ended, and what it stored", function*() {
    const done = Asset.make("done", Effect.succeed(1))
    const ready = yield* Deferred.make<void>()
    const slow = Asset.make("slow", {
      deps: [done],
      compute: () => Asset.step("wait", Effect.andThen(Deferred.succeed(ready, undefined), Effect.never))
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ done, slow })))
    yield* Deferred.await(ready)
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* eventTags(), [
      "RunStarted",
      "AssetMaterialized done",
      "AssetCancelled slow",
      "RunFinished"
    ])
    assert.strictEqual(yield* Runtime.load(done), 1)
  })

  test("waits for what is being released, and for programs that cannot be interrupted", function*() {
    const ready = yield* Deferred.make<void>()
    const slow = Asset.make("slow", {
      compute: () =>
        Effect.uninterruptible(
          Effect.andThen(Deferred.succeed(ready, undefined), Effect.as(Effect.sleep("1 minute"), 1))
        )
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ slow })))
    yield* Deferred.await(ready)
    const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
    yield* Effect.yieldNow
    assert.isUndefined(fiber.pollUnsafe())
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(interruption)
    const last = (yield* eventsOf()).at(-1)
    assert.isTrue(last?._tag === "RunFinished" && last.status === "Cancelled" && last.durationMillis === 60_000)
  })

  test("interrupts a storage that hangs", function*() {
    const ready = yield* Deferred.make<void>()
    const storage = storageWith(() => ({
      save: () => Effect.andThen(Deferred.succeed(ready, undefined), Effect.never)
    }))
    const fiber = yield* Effect.forkChild(Effect.provide(Runtime.run(Graph.make({ one })), storage))
    yield* Deferred.await(ready)
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* eventTags(), ["RunStarted", "AssetCancelled one", "RunFinished"])
  })

  test("of a run by a timeout of the caller is the same", function*() {
    const slow = Asset.make("slow", { compute: () => Effect.never })
    const fiber = yield* Effect.forkChild(Effect.timeoutOption(Runtime.run(Graph.make({ slow })), "1 minute"))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* Fiber.join(fiber), Option.none())
    assert.deepStrictEqual(yield* eventTags(), ["RunStarted", "AssetCancelled slow", "RunFinished"])
  })
})

describe("a storage that is broken", () => {
  const a = Asset.make("a", Effect.succeed(1))
  const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
  const c = Asset.make("c", { inputs: { b }, compute: ({ b }) => Effect.succeed(b) })
  const side = Asset.make("side", { deps: [a], compute: () => Effect.void })
  const graph = Graph.make({ a, b, c, side })
  const failure = (operation: "save" | "load", key: string) =>
    new IOManager.IOManagerError({
      operation,
      key,
      partition: undefined,
      reason: new IOManager.StorageFailure({ cause: new Error("no connection") })
    })

  test("on saving fails the asset, typed, and nothing is recorded as stored", function*() {
    const storage = storageWith((io) => ({
      save: (value, slot) => slot.key === "b" ? Effect.fail(failure("save", "b")) : io.save(value, slot)
    }))
    const run = yield* Effect.provide(Runtime.run(graph), storage)
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "Failed", c: "UpstreamFailed", side: "Materialized" })
    const error = yield* Effect.flip(Effect.provide(Runtime.materialize(graph), storage))
    assert.isTrue(error instanceof IOManager.IOManagerError && error.reason._tag === "StorageFailure")
    assert.strictEqual(error.message, `The storage failed to save "b": no connection`)
  })

  test("on loading fails what reads", function*() {
    const storage = storageWith(() => ({ load: (slot) => Effect.fail(failure("load", slot.key)) }))
    const run = yield* Effect.provide(Runtime.run(graph), storage)
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "Failed", c: "UpstreamFailed", side: "Materialized" })
    assert.strictEqual(messageOf(run.outcomes.b), `The storage failed to load "a": no connection`)
  })

  test("on loading fails what reads optionally, too: only a missing value is None", function*() {
    const storage = storageWith(() => ({ load: (slot) => Effect.fail(failure("load", slot.key)) }))
    const tolerant = Asset.make("tolerant", { inputs: { a: Asset.optional(a) }, compute: () => Effect.succeed(1) })
    const last = Asset.make("last", { inputs: { a: Asset.lastValue(a) }, compute: () => Effect.succeed(1) })
    const run = yield* Effect.provide(Runtime.run(Graph.make({ a, tolerant, last })), storage)
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", tolerant: "Failed", last: "Failed" })
  })

  for (
    const [how, dies] of [["dies", () => Effect.die(new Error("bug"))], ["throws", () => {
      throw new Error("bug")
    }]] as const
  ) {
    test(`that ${how} fails the asset, and the others go on`, function*() {
      const saves = storageWith((io) => ({ save: (value, slot) => slot.key === "b" ? dies() : io.save(value, slot) }))
      const saving = yield* Effect.provide(Runtime.run(graph), saves)
      assert.deepStrictEqual(tagsOf(saving), {
        a: "Materialized",
        b: "Failed",
        c: "UpstreamFailed",
        side: "Materialized"
      })
      assert.strictEqual(messageOf(saving.outcomes.b), "bug")
      const loads = storageWith((io) => ({ load: (slot) => slot.key === "a" ? dies() : io.load(slot) }))
      const loading = yield* Effect.provide(Runtime.run(graph), loads)
      assert.deepStrictEqual(tagsOf(loading), {
        a: "Materialized",
        b: "Failed",
        c: "UpstreamFailed",
        side: "Materialized"
      })
      assert.strictEqual(messageOf(loading.outcomes.b), "bug")
    })
  }
})

describe("a log that is broken", () => {
  /** A log whose `append` fails from the given call on. */
  const logFailing = (
    from: number,
    how: (error: EventLog.EventLogError) => Effect.Effect<never, EventLog.EventLogError>
  ) =>
    Layer.effect(
      EventLog.EventLog,
      Effect.map(EventLog.makeMemory, (log): EventLog.Service => {
        let calls = 0
        return {
          ...log,
          append: (events) =>
            Effect.suspend(() =>
              ++calls >= from
                ? how(new EventLog.EventLogError({ operation: "append", cause: new Error("disk full") }))
                : log.append(events)
            )
        }
      })
    )

  for (const [how, fail] of [["fails", Effect.fail], ["dies", Effect.die]] as const) {
    test(`and ${how} at the start keeps the run from beginning`, function*() {
      let ran = false
      const a = Asset.make("a", Effect.sync(() => void (ran = true)))
      const exit = yield* Effect.exit(Effect.provide(Runtime.run(Graph.make({ a })), logFailing(1, fail)))
      assert.isFalse(ran)
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof EventLog.EventLogError)
    })

    test(`and ${how} later ends the run: what runs is interrupted and released`, function*() {
      const journal: Array<string> = []
      const first = Asset.make("first", Effect.as(Effect.yieldNow, 1))
      const slow = Asset.make("slow", {
        compute: () =>
          Effect.acquireUseRelease(
            Effect.sync(() => void journal.push("acquired")),
            () => Effect.never,
            () => Effect.sync(() => void journal.push("released"))
          )
      })
      const next = Asset.make("next", { deps: [slow], compute: () => Effect.sync(() => void journal.push("next")) })
      const run = Runtime.run(Graph.make({ first, slow, next }))
      const error = yield* Effect.flip(Effect.provide(run, logFailing(2, fail)))
      assert.instanceOf(error, EventLog.EventLogError)
      assert.match(error.message, /^The event log could not be written: /)
      assert.deepStrictEqual(journal, ["acquired", "released"])
    })

    test(`and ${how} at the end fails the run`, function*() {
      const exit = yield* Effect.exit(Effect.provide(Runtime.run(Graph.make({})), logFailing(2, fail)))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof EventLog.EventLogError)
    })
  }
})

describe("loading", () => {
  test("gives what is stored, through the asset's own storage, without running anything", function*() {
    assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.load(one))))
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  it.effect("LOAD1: builds the layer of a loader at the first load, and releases it with the scope", () =>
    Effect.gen(function*() {
      const journal: Array<string> = []
      const layer = Layer.effect(
        IOManager.IOManager,
        Effect.acquireRelease(
          Effect.sync(() => {
            journal.push("started")
            return IOManager.make({ save: () => Effect.void, load: (slot) => Effect.succeed(slot.key.length) })
          }),
          () => Effect.sync(() => void journal.push("released"))
        )
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const loader = yield* Runtime.makeLoader(layer)
        assert.deepStrictEqual(journal, [])
        assert.strictEqual(yield* loader.load(one), 3)
        assert.strictEqual(yield* loader.load(one), 3)
        assert.deepStrictEqual(journal, ["started"])
      }))
      assert.deepStrictEqual(journal, ["started", "released"])
    }))

  it.effect("LOAD2: builds what two storages share once", () =>
    Effect.gen(function*() {
      let built = 0
      class Connection extends Context.Service<Connection, number>()("test/Connection") {
        static readonly layer = Layer.effect(Connection, Effect.sync(() => ++built))
      }
      class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("test/LOAD2") {}
      const storage = Effect.map(Connection, (n) =>
        IOManager.make({ save: () => Effect.void, load: () => Effect.succeed(n) }))
      const loader = yield* Runtime.makeLoader(
        Layer.mergeAll(Layer.effect(IOManager.IOManager, storage), Layer.effect(Warehouse, storage)).pipe(
          Layer.provide(Connection.layer)
        )
      )
      const table = Asset.make("table", {
        ioManager: Warehouse,
        compute: () =>
          Effect.succeed(0)
      })
      assert.deepStrictEqual(yield* Effect.all([loader.load(one), loader.load(table)], { concurrency: 2 }), [1, 1])
      assert.strictEqual(built, 1)
    }))

  it.effect("LOAD3: loads external assets, and shows their metadata to the storage", () =>
    Effect.gen(function*() {
      const source = Asset.external("source", { schema: Schema.String, metadata: { table: "raw.orders" } })
      const loader = yield* Runtime.makeLoader(
        Layer.succeed(
          IOManager.IOManager,
          IOManager.make({
            save: () => Effect.void,
            load: (slot) => Effect.succeed(`${slot.key} ${slot.metadata.table}`)
          })
        )
      )
      assert.strictEqual(yield* loader.load(source), "source raw.orders")
    }))

  it.effect("LOAD4: loads through a storage that is configured", () =>
    Effect.gen(function*() {
      // a storage is configured like anything else that has a Layer
      const configured = Config.String("PLACE").pipe(
        Effect.map((place) => IOManager.make({ save: () => Effect.void, load: () => Effect.succeed(place) }))
      )
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ PLACE: "warehouse" }))
      const place = Asset.external("place", { schema: Schema.String })
      const loader = yield* Runtime.makeLoader(
        Layer.effect(IOManager.IOManager, configured).pipe(Layer.provide(provider))
      )
      assert.strictEqual(yield* loader.load(place), "warehouse")
    }))
})

describe("graphs that were made from others", () => {
  const source = Asset.make("source", Effect.succeed(1))
  const copy = Asset.make("copy", { inputs: { source }, compute: ({ source }) => Effect.succeed(source + 1) })

  test("load what they leave to others", function*() {
    const left = Graph.make({ source: Asset.toExternal(source), copy })
    assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.materialize(left))))
    yield* Runtime.materialize(Graph.make({ source }))
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(left)), { source: "NotSelected", copy: "Materialized" })
    assert.strictEqual(yield* Runtime.load(copy), 2)
    // and compute it again when it is back
    const back = Graph.merge(left, Graph.make({ source }))
    assert.deepStrictEqual(tagsOf(yield* Runtime.materialize(back)), { source: "Materialized", copy: "Materialized" })
  })

  test("run under their new keys", function*() {
    const config = Schema.Struct({ n: Schema.Int })
    const keys: Array<string> = []
    const configured = Asset.make("configured", {
      config,
      compute: (_, { config, key }) => Effect.sync(() => (keys.push(key), config.n))
    })
    const pair = Asset.multi("pair", {
      outputs: { x: {}, y: {} },
      inputs: { configured },
      compute: ({ configured }, { key }) => Effect.sync(() => (keys.push(key), { x: configured, y: -configured }))
    })
    const each = Graph.make({ configured, pair })
    const tenant = <const P extends string>(name: P) => Graph.byKey(Graph.prefix(each, name))
    const both = Graph.merge(tenant("one"), tenant("two")).pipe(Graph.group("tenants"))
    const run = yield* Runtime.materialize(both, {
      config: { "one/configured": { n: 1 }, "two/configured": { n: 2 } },
      concurrency: 1
    })
    assert.deepStrictEqual(keys.sort(), ["one/configured", "one/pair", "two/configured", "two/pair"])
    assert.deepStrictEqual(Object.keys(run.outcomes).sort(), [
      "one/configured",
      "one/x",
      "one/y",
      "two/configured",
      "two/x",
      "two/y"
    ])
    assert.deepStrictEqual([yield* Runtime.load(both.assets["one/y"]), yield* Runtime.load(both.assets["two/y"])], [
      -1,
      -2
    ])
  })

  test("run one multi-asset for each prefix", function*() {
    let ran = 0
    const pair = Asset.multi("pair", {
      outputs: { x: {}, y: {} },
      compute: () => Effect.sync(() => (ran++, { x: 1, y: 2 }))
    })
    const each = Graph.make({ pair })
    const both = Graph.merge(Graph.byKey(Graph.prefix(each, "one")), Graph.byKey(Graph.prefix(each, "two")))
    yield* Runtime.materialize(both)
    assert.strictEqual(ran, 2)
  })
})

describe("long chains", () => {
  const chain = (first: Effect.Effect<unknown, Broken>) => {
    const assets: Array<Asset.Any> = [Asset.make("a0", first)]
    for (let n = 1; n < 10_000; n++) {
      assets.push(
        Asset.make(`a${n}`, { inputs: { up: assets[n - 1]! }, compute: ({ up }) => Effect.succeed(up as number + 1) })
      )
    }
    return Graph.fromAssets(assets)
  }
  const counted = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) => {
    const counts: Record<string, number> = {}
    for (const { _tag } of Object.values(run.outcomes)) counts[_tag] = (counts[_tag] ?? 0) + 1
    return counts
  }
  const run = (first: Effect.Effect<unknown, Broken>) =>
    // the assets are of any type: what they need is the storage
    Runtime.run(chain(first)) as Effect.Effect<
      Runtime.Run<Graph.Assets>,
      Runtime.RunError,
      IOManager.IOManager | EventLog.EventLog
    >

  test("are computed, skipped, and failed without running out of stack", function*() {
    assert.deepStrictEqual(counted(yield* run(Effect.succeed(0))), { Materialized: 10_000 })
    assert.deepStrictEqual(counted(yield* run(Effect.succeed(Option.none()))), { Skipped: 10_000 })
    assert.deepStrictEqual(counted(yield* run(Effect.fail(new Broken({ by: "a0" })))), {
      Failed: 1,
      UpstreamFailed: 9_999
    })
    assert.deepStrictEqual(
      (yield* eventsOf({ tags: ["RunFinished"] })).map((event) => "status" in event && event.status),
      [
        "Succeeded",
        "Succeeded",
        "Failed"
      ]
    )
  })
})
