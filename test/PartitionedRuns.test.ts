/**
 * Runs of assets that have partitions.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Deferred,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Layer,
  Logger,
  Option,
  References,
  Schedule,
  Schema,
  Tracer
} from "effect"
import { Asset, Check, EventLog, Graph, IOManager, PartitionMapping, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, inMemory, type Provided, testWith } from "./fixtures/inMemory.ts"

/** A test on the 7th of January 2020. */
const test = testWith({ now: Date.UTC(2020, 0, 7) })

/** The same, once for each row of a table. */
const table = <Row extends { readonly name: string }, Eff extends Effect.Effect<any, any, Provided>, A>(
  rows: ReadonlyArray<Row>,
  body: (row: Row) => Generator<Eff, A, never>
) => {
  for (const row of rows) test(row.name, () => body(row))
}

const rowsOf = <Tag extends EventLog.Tag>(tag: Tag, filter: EventLog.EventFilter = {}) =>
  Effect.map(
    eventsOf({ ...filter, tags: [tag] }),
    // the filter lets no other kind of event through
    (events) => events as unknown as ReadonlyArray<Extract<EventLog.LoggedEvent, { readonly _tag: Tag }>>
  )

/** What became of the partitions of each asset: `{ rain: "2020-01-01 Materialized, …" }`. */
const tagsOf = (run: Runtime.Run<Graph.Assets>) =>
  Object.fromEntries(
    Object.entries(run.partitions).map(([name, partitions]) => [
      name,
      [...partitions!].map(([key, { _tag }]) => `${key} ${_tag}`).join(", ")
    ])
  )

const outcomeTags = (run: Runtime.Run<Graph.Assets>) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, { _tag }]) => [name, _tag]))

const only = (run: Runtime.Run<Graph.Assets>, name: string, key: string): Runtime.Outcome =>
  run.partitions[name]!.get(key)!

const errorOf = (outcome: Runtime.Outcome): unknown =>
  outcome._tag === "Failed" ? Cause.squash(outcome.cause) : assert.fail(outcome._tag)

/** The problems for which a run does not begin. */
const refused = (effect: Effect.Effect<unknown, Runtime.RunError, Provided>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, Runtime.RunPartitionsError)
    assert.include(error.message, error.problems[0]!.problem)
    return error.problems.map(({ key, problem }) => `${key}: ${problem}`)
  })

class Broken extends Schema.TaggedError<Broken>()("Broken", { partition: Schema.String }) {}

const abc = Partitions.fixed(["a", "b", "c"])
const abcd = Partitions.fixed(["a", "b", "c", "d"])
/** The 1st to the 6th are over. */
const days = Partitions.daily({ start: "2020-01-01" })
const hours = Partitions.hourly({ start: "2020-01-01" })
const firstDays = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05", "2020-01-06"]

const dayBefore = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 })

const keyed = <const Key extends string>(key: Key, partitions: Partitions.Partitions<string>) =>
  Asset.make(key, { partitions, compute: (_, { partition }) => Effect.succeed(partition) })

/** An asset by day whose value is its day. */
const daily = <const Key extends string>(key: Key) =>
  Asset.make(key, { partitions: days, compute: (_, { partition }) => Effect.succeed(partition.key) })

describe("a program", () => {
  test("PEX04: is told the window it computes, in the time zone of the set", function*() {
    const zoned = Partitions.daily({ start: "2019-12-30", timeZone: "Europe/Berlin" })
    const seen: Array<unknown> = []
    const rain = Asset.make("rain", {
      partitions: zoned,
      compute: (_, { partition, partitionKey }) =>
        Effect.sync(() => void seen.push([partitionKey, partition.key, String(partition.start), String(partition.end)]))
    })
    const run = yield* Runtime.materialize(Graph.make({ rain }), { partition: "2019-12-31" })
    assert.deepStrictEqual(seen, [[
      "2019-12-31",
      "2019-12-31",
      "DateTime.Zoned(2019-12-31T00:00:00.000+01:00[Europe/Berlin])",
      "DateTime.Zoned(2020-01-01T00:00:00.000+01:00[Europe/Berlin])"
    ]])
    assert.deepStrictEqual(tagsOf(run), { rain: "2019-12-31 Materialized" })
    assert.deepStrictEqual(only(run, "rain", "2019-12-31"), run.outcomes.rain)
    assert.propertyVal(run.outcomes.rain, "partition", "2019-12-31")
  })

  test("is told a key, a window, or one of each of three dimensions", function*() {
    const cube = Partitions.product({
      region: Partitions.fixed(["us", "eu"]),
      day: days,
      kind: Partitions.fixed(["x"])
    })
    const told: Array<unknown> = []
    const cell = Asset.make("cell", {
      partitions: cube,
      compute: (_, { partition, partitionKey }) =>
        Effect.sync(() => {
          told.push([partitionKey, partition.day.key, partition.kind, partition.region])
          return partitionKey
        })
    })
    yield* Runtime.materialize(Graph.make({ cell }), { partitions: ["2020-01-02|x|us", "2020-01-01|x|eu"] })
    assert.deepStrictEqual(told, [
      ["2020-01-01|x|eu", "2020-01-01", "x", "eu"],
      ["2020-01-02|x|us", "2020-01-02", "x", "us"]
    ])
    assert.strictEqual(yield* Runtime.load(cell, { partition: "2020-01-02|x|us" }), "2020-01-02|x|us")
  })

  test("of an hour that clocks show twice is told which one", function*() {
    const hours = Partitions.hourly({
      start: "2019-11-03T00:00",
      end: "2019-11-03T03:00",
      timeZone: "America/Los_Angeles"
    })
    const told: Array<number> = []
    const rain = Asset.make("rain", {
      partitions: hours,
      compute: (_, { partition }) => Effect.sync(() => void told.push(partition.start.epochMilliseconds / 3_600_000))
    })
    const run = yield* Runtime.materialize(Graph.make({ rain }), { partitions: "all" })
    assert.deepStrictEqual([...run.partitions.rain!.keys()], [
      "2019-11-03-00:00",
      "2019-11-03-01:00",
      "2019-11-03-01:00-0800",
      "2019-11-03-02:00"
    ])
    assert.deepStrictEqual(told.map((hour) => hour - told[0]!), [0, 1, 2, 3])
  })

  test("logs and is traced with its partition", function*() {
    const annotations: Array<unknown> = []
    const logger = Logger.make(({ fiber }) => {
      const { asset, partition } = fiber.getRef(References.CurrentLogAnnotations)
      annotations.push([asset, partition])
    })
    const spans: Array<unknown> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        if (options.name.startsWith("asset ")) spans.push(span)
        return span
      }
    })
    const a = Asset.make("a", { partitions: abc, compute: () => Effect.log("hello") })
    const whole = Asset.make("whole", { compute: () => Effect.log("hello") })
    yield* Runtime.run(Graph.make({ a, whole }), { partitions: ["a", "c"] }).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.withTracer(tracer)
    )
    assert.deepStrictEqual(annotations, [["a", "a"], ["a", "c"], ["whole", undefined]])
    assert.deepStrictEqual(
      spans.map((span) => (span as Tracer.Span).attributes.get("asset.partition")),
      ["a", "c", undefined]
    )
  })

  it.effect("called by hand is told the partition it is given", () =>
    Effect.gen(function*() {
      const a = keyed("a", abc)
      assert.strictEqual(yield* a.compute({}, { partition: "b" }), "b")
    }))
})

describe("which partitions a run computes", () => {
  const a = keyed("a", abcd)
  const graph = Graph.make({ a })

  table(
    [
      { name: "one", options: { partition: "b" }, computed: ["b"] },
      { name: "some, in the order of the set", options: { partitions: ["d", "a", "d"] }, computed: ["a", "d"] },
      { name: "a range, both ends in it", options: { partitions: { from: "b", to: "d" } }, computed: ["b", "c", "d"] },
      { name: "a range of one", options: { partitions: { from: "b", to: "b" } }, computed: ["b"] },
      { name: "all", options: { partitions: "all" }, computed: ["a", "b", "c", "d"] },
      { name: "none", options: { partitions: [] }, computed: [] }
    ] as const,
    function*({ computed, options }) {
      const run = yield* Runtime.run(graph, options)
      assert.deepStrictEqual([...run.partitions.a!.keys()], [...computed])
      assert.strictEqual(run.outcomes.a._tag, computed.length === 0 ? "NotSelected" : "Materialized")
      assert.strictEqual(run.status, "Succeeded")
      for (const key of abcd.keys) {
        assert.strictEqual(
          Exit.isSuccess(yield* Effect.exit(Runtime.load(a, { partition: key }))),
          computed.includes(key as never)
        )
      }
    }
  )

  test("all windows are those that are over", function*() {
    const rain = daily("rain")
    const graph = Graph.make({ rain })
    const run = yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual([...run.partitions.rain!.keys()], firstDays)
    assert.deepStrictEqual(yield* refused(Runtime.run(graph, { partition: "2020-01-07" })), [
      `rain: has no partition "2020-01-07": they go from "2020-01-01" to "2020-01-06".`
    ])
    yield* TestClock.adjust("1 day")
    const later = yield* Runtime.run(graph, { partition: "2020-01-07" })
    assert.strictEqual(later.status, "Succeeded")
  })

  test("PEX06: a range of a product is the product of the ranges of its dimensions", function*() {
    const both = Asset.make("both", {
      partitions: Partitions.product({ abc, date: days }),
      compute: (_, { partitionKey }) => Effect.succeed(partitionKey)
    })
    const run = yield* Runtime.run(Graph.make({ both }), { partitions: { from: "a|2020-01-01", to: "a|2020-01-03" } })
    assert.deepStrictEqual([...run.partitions.both!.keys()], ["a|2020-01-01", "a|2020-01-02", "a|2020-01-03"])
    const square = yield* Runtime.run(Graph.make({ both }), {
      partitions: { from: "b|2020-01-02", to: "c|2020-01-03" }
    })
    assert.deepStrictEqual([...square.partitions.both!.keys()], [
      "b|2020-01-02",
      "b|2020-01-03",
      "c|2020-01-02",
      "c|2020-01-03"
    ])
  })

  const rain = daily("rain")
  const hourly = Asset.make("hourly", { partitions: hours, compute: () => Effect.void })
  const product = Asset.make("product", { partitions: Partitions.product({ abc, days }), compute: () => Effect.void })
  const unsaid =
    "has partitions: say which with `partition` or `partitions`, leave it out of the selection, or use Runtime.backfill"

  table(
    [
      {
        name: "has to be said",
        graph: Graph.make({ a, rain }),
        options: {},
        problems: [`a: ${unsaid}`, `rain: ${unsaid}`]
      },
      {
        name: "has to be said of a key there is: did you mean",
        graph: Graph.make({ north: keyed("north", Partitions.fixed(["europe", "africa"])) }),
        options: { partition: "eurpoe" },
        problems: [`north: has no partition "eurpoe": they go from "europe" to "africa". Did you mean "europe"?`]
      },
      {
        name: "has no end before its start",
        graph: Graph.make({ rain }),
        options: { partitions: { from: "2020-01-03", to: "2020-01-02" } },
        problems: [`rain: has the range the other way round: "2020-01-02" comes before "2020-01-03"`]
      },
      {
        name: "has an end that is there",
        graph: Graph.make({ rain }),
        options: { partitions: { from: "2020-01-03", to: "2020-02-02" } },
        problems: [`rain: has no partition "2020-02-02": they go from "2020-01-01" to "2020-01-06".`]
      },
      {
        name: "PEX02, PEX10: is one for all selected assets: others have other keys",
        graph: Graph.make({ abc: keyed("abc", abc), abcd: keyed("abcd", abcd) }),
        options: { partition: "d" },
        problems: [`abc: has no partition "d": they go from "a" to "c".`]
      },
      {
        name: "is no day for an asset by hour",
        graph: Graph.make({ rain, hourly }),
        options: { partition: "2020-01-02" },
        problems: [
          `hourly: has no partition "2020-01-02": they go from "2020-01-01-00:00" to "2020-01-06-23:00". Did you mean "2020-01-02-00:00" or "2020-01-02-01:00" or "2020-01-02-02:00"?`
        ]
      },
      {
        name: "is a key for each dimension",
        graph: Graph.make({ product }),
        options: { partitions: { from: "a", to: "b" } },
        problems: [`product: has no partition "a": they go from "a|2020-01-01" to "c|2020-01-06".`]
      },
      {
        name: "is none of a set that has none yet",
        graph: Graph.make({
          later: Asset.make("later", {
            partitions: Partitions.daily({ start: "2021-01-01" }),
            compute: () => Effect.void
          })
        }),
        options: { partition: "a" },
        problems: [`later: has no partition "a": it has none yet`]
      }
    ],
    function*({ graph, options, problems }) {
      // the records of these graphs have nothing in common
      const run = Runtime.run(graph as Graph.Graph<Graph.Assets>, options as object) as Effect.Effect<
        unknown,
        Runtime.RunError,
        Provided
      >
      assert.deepStrictEqual(yield* refused(run), problems)
      assert.deepStrictEqual(yield* eventsOf(), [])
    }
  )

  test("does not matter for assets without partitions, which are computed once", function*() {
    let ran = 0
    const whole = Asset.make("whole", { compute: () => Effect.sync(() => ++ran) })
    const part = Asset.make("part", {
      partitions: abc,
      inputs: { whole },
      compute: ({ whole }) => Effect.succeed(whole)
    })
    const graph = Graph.make({ whole, part })
    const run = yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual([outcomeTags(run), ran], [{ whole: "Materialized", part: "Materialized" }, 1])
    assert.isUndefined(run.partitions.whole)
    yield* Runtime.run(graph, { select: ["whole"] })
    assert.strictEqual(ran, 2)
  })
})

describe("what a partition reads", () => {
  test("MAP29: partitions with keys, for an asset without partitions", function*() {
    const up = keyed("up", abc)
    const down = Asset.make("down", {
      inputs: { up: Asset.partitions(up, { mapping: PartitionMapping.specific(["a", "b"]) }) },
      compute: ({ up }) => Effect.succeed([...up])
    })
    const graph = Graph.make({ up, down })
    yield* Runtime.run(graph, { select: ["up"], partition: "a" })
    yield* Runtime.run(graph, { partition: "b" })
    assert.deepStrictEqual(yield* Runtime.load(down), [["a", "a"], ["b", "b"]])
    const [first, second] = yield* rowsOf("AssetMaterialized", { keys: ["up"] })
    assert.deepStrictEqual([first!.partition, second!.partition], ["a", "b"])
    const [of] = yield* rowsOf("AssetMaterialized", { keys: ["down"] })
    assert.deepStrictEqual([of!.partition, of!.partitions], [undefined, undefined])
  })

  test("MAP30: the last one", function*() {
    const up = keyed("up", abcd)
    const last = Asset.make("last", {
      inputs: { up: Asset.partition(up, PartitionMapping.last) },
      compute: ({ up }) => Effect.succeed(up)
    })
    const graph = Graph.make({ up, last })
    yield* Runtime.run(graph, { select: ["up"], partition: "d" })
    const run = yield* Runtime.run(graph, { partition: "b" })
    assert.deepStrictEqual(outcomeTags(run), { up: "Materialized", last: "Materialized" })
    assert.strictEqual(yield* Runtime.load(last), "d")
  })

  test("MAP35: all of them, for an asset without partitions", function*() {
    const up = keyed("up", abc)
    const down = Asset.make("down", {
      inputs: { up: Asset.partitions(up) },
      compute: ({ up }) => Effect.succeed([...up.keys()])
    })
    const graph = Graph.make({ up, down })
    yield* Runtime.run(graph, { partitions: { from: "a", to: "c" } })
    assert.deepStrictEqual(yield* Runtime.load(down), ["a", "b", "c"])
    const [of] = yield* rowsOf("AssetMaterialized", { keys: ["down"] })
    assert.deepStrictEqual(Object.keys(of!.inputPartitions!), ["up"])
  })

  test("MAP42: of itself, the day before", function*() {
    const level = Asset.make("level", {
      partitions: Partitions.daily({ start: "2019-08-01" }),
      schema: Schema.Array(Schema.String),
      inputs: { before: Asset.previous(Schema.Array(Schema.String)) },
      compute: ({ before }, { partitionKey }) =>
        Effect.succeed([...Option.getOrElse(before, (): ReadonlyArray<string> => []), partitionKey])
    })
    const graph = Graph.make({ level })
    for (const partition of ["2019-08-19", "2019-08-20"]) yield* Runtime.run(graph, { partition })
    assert.deepStrictEqual(yield* Runtime.load(level, { partition: "2019-08-20" }), ["2019-08-19", "2019-08-20"])
  })

  test("MAP43: a dynamic key, whatever its own", function*() {
    const fruits = Partitions.dynamic("fruits")
    yield* Partitions.DynamicKeys.use((keys) => keys.add("fruits", ["apple", "orange"]))
    const up = Asset.make("up", { partitions: fruits, compute: (_, { partition }) => Effect.succeed(partition) })
    const down = Asset.make("down", {
      partitions: fruits,
      inputs: { up: Asset.partition(up, PartitionMapping.specific(["apple"])) },
      compute: ({ up }, { partition }) => Effect.succeed([up, partition])
    })
    const graph = Graph.make({ up, down })
    yield* Runtime.run(graph, { select: ["up"], partition: "apple" })
    yield* Runtime.run(graph, { partition: "orange" })
    assert.deepStrictEqual(yield* Runtime.load(down, { partition: "orange" }), ["apple", "orange"])
  })

  test("MAP45, PEX13: the hours of a day, that an earlier run stored", function*() {
    const hourly = Asset.make("hourly", {
      partitions: hours,
      compute: (_, { partition }) => Effect.succeed(partition.key.slice(-5))
    })
    const byDay = Asset.make("byDay", {
      partitions: days,
      inputs: { hourly: Asset.partitions(hourly) },
      compute: ({ hourly }) => Effect.succeed([...hourly])
    })
    const graph = Graph.make({ hourly, byDay })
    yield* Runtime.run(graph, { select: ["hourly"], partitions: { from: "2020-01-01-12:00", to: "2020-01-04-12:00" } })
    yield* Runtime.run(graph, { select: ["byDay"], partition: "2020-01-02" })
    const hoursOfDay = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`)
    assert.deepStrictEqual(
      yield* Runtime.load(byDay, { partition: "2020-01-02" }),
      hoursOfDay.map((hour) => [`2020-01-02-${hour}`, hour])
    )
    // of the first day, what there is
    yield* Runtime.run(graph, { select: ["byDay"], partition: "2020-01-01" })
    assert.strictEqual((yield* Runtime.load(byDay, { partition: "2020-01-01" })).length, 12)
  })

  test("MAP46: its day and the one before, in order", function*() {
    const up = daily("up")
    const down = Asset.make("down", {
      partitions: days,
      inputs: { up: Asset.partitions(up, { mapping: PartitionMapping.timeWindow({ startOffset: -1 }) }) },
      compute: ({ up }) => Effect.succeed([...up.keys()])
    })
    const graph = Graph.make({ up, down })
    yield* Runtime.run(graph, { partitions: { from: "2020-01-01", to: "2020-01-02" } })
    assert.deepStrictEqual(yield* Runtime.load(down, { partition: "2020-01-02" }), ["2020-01-01", "2020-01-02"])
    assert.deepStrictEqual(yield* Runtime.load(down, { partition: "2020-01-01" }), ["2020-01-01"])
  })

  test("its own day and another one of the same asset, by two inputs", function*() {
    const up = daily("up")
    const down = Asset.make("down", {
      partitions: days,
      inputs: { now: up, before: Asset.optional(Asset.partition(up, dayBefore)) },
      compute: ({ before, now }) => Effect.succeed([Option.getOrNull(before), now])
    })
    yield* Runtime.run(Graph.make({ up, down }), { partitions: { from: "2020-01-01", to: "2020-01-02" } })
    assert.deepStrictEqual(yield* Runtime.load(down, { partition: "2020-01-01" }), [null, "2020-01-01"])
    assert.deepStrictEqual(yield* Runtime.load(down, { partition: "2020-01-02" }), ["2020-01-01", "2020-01-02"])
    // both days are told
    const [row] = yield* rowsOf("AssetMaterialized", { keys: ["down"] })
    const read = row!.byPartition?.["2020-01-02"]?.inputPartitions?.["up"] ?? row!.inputPartitions?.["up"]
    assert.deepStrictEqual(read?.map(({ partitions }) => partitions._tag === "Windows" && partitions.count), [2])
  })

  test("a dimension of a product, and a total over the others", function*() {
    const cells = Asset.make("cells", {
      partitions: Partitions.product({ abc, day: days }),
      compute: (_, { partition }) => Effect.succeed(`${partition.abc}${partition.day.key.slice(-1)}`)
    })
    const byDay = Asset.make("byDay", {
      partitions: days,
      inputs: { cells: Asset.partitions(cells) },
      compute: ({ cells }) => Effect.succeed([...cells.values()].join(" "))
    })
    const graph = Graph.make({ cells, byDay })
    yield* Runtime.run(graph, { select: ["cells"], partitions: { from: "a|2020-01-01", to: "c|2020-01-02" } })
    yield* Runtime.run(graph, { select: ["byDay"], partitions: { from: "2020-01-01", to: "2020-01-03" } })
    const values = yield* Effect.forEach(firstDays.slice(0, 3), (partition) => Runtime.load(byDay, { partition }))
    assert.deepStrictEqual(values, ["a1 b1 c1", "a2 b2 c2", ""])
  })

  test("one that its mapping does not lead to is a reason to be skipped", function*() {
    const up = daily("up")
    const rise = Asset.make("rise", {
      partitions: days,
      inputs: { up: Asset.partition(up, dayBefore) },
      compute: ({ up }) => Effect.succeed(up)
    })
    const run = yield* Runtime.run(Graph.make({ up, rise }), { partitions: { from: "2020-01-01", to: "2020-01-02" } })
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual(tagsOf(run).rise, "2020-01-01 Skipped, 2020-01-02 Materialized")
    const outcome = only(run, "rise", "2020-01-01")
    assert.strictEqual(Runtime.explain(outcome), "skipped: there is no partition of up for it")
  })

  test("one that was never materialized fails, and says how to get it", function*() {
    const up = daily("up")
    const down = Asset.make("down", { partitions: days, inputs: { up }, compute: ({ up }) => Effect.succeed(up) })
    const run = yield* Runtime.run(Graph.make({ up, down }), { select: ["down"], partition: "2020-01-02" })
    const error = errorOf(only(run, "down", "2020-01-02"))
    assert.isTrue(IOManager.isNotStored(error))
    assert.include((error as Error).message, "2020-01-02")
  })

  test("one that does not exist keeps the run from beginning", function*() {
    const month = Asset.make("month", {
      partitions: Partitions.monthly({ start: "2020-01-01" }),
      compute: () => Effect.succeed(1)
    })
    const late = Asset.make("late", {
      partitions: Partitions.daily({ start: "2020-01-03" }),
      compute: () => Effect.succeed(1)
    })
    const byDay = Asset.make("byDay", {
      partitions: days,
      inputs: { month, late },
      compute: () => Effect.succeed(1)
    })
    const graph = Graph.make({ month, late, byDay })
    assert.deepStrictEqual(yield* refused(Runtime.run(graph, { select: ["byDay"], partition: "2020-01-02" })), [
      `byDay: (partition 2020-01-02) needs partitions of "month" that do not exist: 2020-01-01. Let the mapping allow it, or read it with Asset.optional`,
      `byDay: (partition 2020-01-02) needs partitions of "late" that do not exist: 2020-01-02. Let the mapping allow it, or read it with Asset.optional`
    ])
    assert.deepStrictEqual(yield* eventsOf(), [])
    // the ways out that the message names
    const relaxed = Asset.make("byDay", {
      partitions: days,
      inputs: {
        month: Asset.optional(month),
        late: Asset.optional(Asset.partition(late, PartitionMapping.timeWindow({ allowNonexistent: true })))
      },
      compute: ({ late, month }) => Effect.succeed([late, month].map(Option.isSome))
    })
    yield* Runtime.materialize(Graph.make({ month, late, byDay: relaxed }), {
      select: ["byDay"],
      partition: "2020-01-02"
    })
    assert.deepStrictEqual(yield* Runtime.load(relaxed, { partition: "2020-01-02" }), [false, false])
  })

  test("pain 21: an asset without partitions and one with them, in one run, each once", function*() {
    const a = keyed("a", abc)
    const total = Asset.make("total", {
      inputs: { a: Asset.partitions(a) },
      compute: ({ a }) => Effect.succeed(a.size)
    })
    const again = Asset.make("again", {
      partitions: abc,
      inputs: { a, total },
      compute: ({ a, total }) => Effect.succeed(`${a}${total}`)
    })
    const graph = Graph.make({ a, total, again })
    const run = yield* Runtime.run(graph, { partitions: ["a", "b"] })
    assert.deepStrictEqual(outcomeTags(run), { a: "Materialized", total: "Materialized", again: "Materialized" })
    assert.strictEqual(yield* Runtime.load(again, { partition: "b" }), "b2")
    // a graph is a value: it is as good as new
    yield* Runtime.run(graph, { partition: "c" })
    assert.strictEqual(yield* Runtime.load(again, { partition: "c" }), "c3")
    assert.strictEqual(yield* Runtime.load(again, { partition: "b" }), "b2")
  })

  test("are said in one way", function*() {
    const refused = yield* Effect.flip(
      Runtime.run(Graph.make({ a: keyed("a", abc) }), { partition: "a", partitions: ["b"] })
    )
    assert.include(refused.message, `"a" is to be computed of \`partition\` and of \`partitions\`: give one of the two`)
  })

  it.effect("must be chosen: an asset without partitions cannot read one that has them as a whole", () =>
    Effect.gen(function*() {
      const up = keyed("up", abc)
      const wrong = Asset.make("wrong", { inputs: { up }, compute: () => Effect.void })
      const hourly = Asset.make("hourly", { partitions: hours, compute: () => Effect.succeed(1) })
      const byDay = Asset.make("byDay", { partitions: days, inputs: { hourly }, compute: () => Effect.void })
      const error = yield* Effect.flip(Effect.fromResult(Graph.makeResult({ up, wrong, hourly, byDay })))
      assert.deepStrictEqual(
        error.problems.map((problem) => problem._tag === "InvalidDefinition" && `${problem.key} ${problem.problem}`),
        ["up", "hourly"].map((key, at) =>
          `${["wrong", "byDay"][at]} it reads several partitions of "${key}": wrap the input in Asset.partitions(…), ` +
          "or choose one with Asset.partition(…)"
        )
      )
    }))
})

describe("earlier partitions of itself", () => {
  const running = (partitions: Partitions.TimeWindows = days) =>
    Asset.make("total", {
      partitions,
      schema: Schema.String,
      inputs: { before: Asset.previous(Schema.String) },
      compute: ({ before }, { partition }) =>
        Effect.succeed(`${Option.getOrElse(before, () => "")}${partition.key.slice(-1)}`)
    })

  table(
    [
      { name: "are computed first", runs: ["all"], expected: ["1", "12", "123", "1234", "12345", "123456"] },
      {
        name: "are loaded where an earlier run computed them",
        runs: [{ from: "2020-01-01", to: "2020-01-03" }, { from: "2020-01-04", to: "2020-01-06" }],
        expected: ["1", "12", "123", "1234", "12345", "123456"]
      },
      {
        name: "are missed where nobody computed them",
        runs: [["2020-01-02", "2020-01-04", "2020-01-05"]],
        expected: [null, "2", null, "4", "45", null]
      },
      {
        name: "are computed again only where they are asked for",
        runs: ["all", ["2020-01-03"]],
        expected: ["1", "12", "123", "1234", "12345", "123456"]
      }
    ] as const,
    function*({ expected, runs }) {
      const total = running()
      const graph = Graph.make({ total })
      for (const partitions of runs) {
        assert.strictEqual((yield* Runtime.run(graph, { partitions, concurrency: "unbounded" })).status, "Succeeded")
      }
      const found = yield* Effect.forEach(firstDays, (partition) => Effect.option(Runtime.load(total, { partition })))
      assert.deepStrictEqual(found.map(Option.getOrNull), [...expected])
    }
  )

  test("that fail keep the later ones from being computed", function*() {
    const total = Asset.make("total", {
      partitions: days,
      schema: Schema.String,
      inputs: { before: Asset.previous(Schema.String) },
      compute: (_, { partition }) =>
        partition.key === "2020-01-03" ? Effect.fail(new Broken({ partition: partition.key })) : Effect.succeed("")
    })
    const run = yield* Runtime.run(Graph.make({ total }), { partitions: "all" })
    assert.deepStrictEqual([...run.partitions.total!.values()].map(({ _tag }) => _tag), [
      "Materialized",
      "Materialized",
      "Failed",
      "UpstreamFailed",
      "UpstreamFailed",
      "UpstreamFailed"
    ])
  })

  test("that are skipped are none for the later ones", function*() {
    const total = Asset.make("total", {
      partitions: days,
      schema: Schema.String,
      inputs: { before: Asset.previous(Schema.String) },
      compute: ({ before }, { partition }) =>
        Effect.succeed(
          partition.key === "2020-01-03"
            ? Option.none()
            : Option.some(`${Option.getOrElse(before, () => "")}${partition.key.slice(-1)}`)
        )
    })
    yield* Runtime.run(Graph.make({ total }), { partitions: "all" })
    assert.strictEqual(yield* Runtime.load(total, { partition: "2020-01-02" }), "12")
    assert.strictEqual(yield* Runtime.load(total, { partition: "2020-01-05" }), "45")
  })

  const chain = (mapping: PartitionMapping.PartitionMapping) =>
    Graph.makeResult({
      chain: Asset.make("chain", {
        partitions: abc,
        schema: Schema.String,
        inputs: { before: Asset.previous(Schema.String, { mapping }) },
        compute: ({ before }, { partition }) => Effect.succeed(Option.getOrElse(before, () => "") + partition)
      })
    })

  test("are what a mapping of keys says", function*() {
    const graph = yield* Effect.fromResult(chain(PartitionMapping.fixedByDownstream({ a: "b", b: "c" })))
    yield* Runtime.materialize(graph, { partitions: "all" })
    assert.strictEqual(yield* Runtime.load(graph.assets.chain, { partition: "a" }), "cba")
  })

  table([
    {
      name: "cannot wait for each other",
      mapping: PartitionMapping.fixedByDownstream({ a: "b", b: "a" }),
      problems: ["chain: has partitions that wait for each other, a, b: give Asset.previous another mapping"]
    },
    {
      name: "cannot be the partition itself",
      mapping: PartitionMapping.last,
      problems: ["chain: (partition c) reads itself as an earlier partition: give Asset.previous another mapping"]
    }
  ], function*({ mapping, problems }) {
    const graph = yield* Effect.fromResult(chain(mapping))
    assert.deepStrictEqual(yield* refused(Runtime.run(graph, { partitions: "all" })), problems)
  })

  it.effect("are one partition, of one asset", () =>
    Effect.gen(function*() {
      const before = Asset.previous(Schema.String, { mapping: PartitionMapping.all })
      const several = Asset.make("several", { partitions: abc, inputs: { before }, compute: () => Effect.succeed("") })
      const none = Asset.make("none", { inputs: { before }, compute: () => Effect.succeed("") })
      const multi = Asset.multi("multi", {
        partitions: days,
        outputs: { x: {}, y: {} },
        inputs: { before: Asset.previous(Schema.String) },
        compute: () => Effect.succeed({ x: "", y: "" })
      })
      const error = yield* Effect.flip(Effect.fromResult(Graph.makeResult({ several, none, ...multi.assets })))
      assert.deepStrictEqual(
        error.problems.map((problem) => problem._tag === "InvalidDefinition" && `${problem.key}: ${problem.problem}`),
        [
          `several: the input "before" leads to several earlier partitions: Asset.previous is for one`,
          `none: the input "before" is an earlier partition of it, and it has no partitions`,
          `x: the input "before" is an earlier partition, and it is not said of which output of the multi-asset`,
          `y: the input "before" is an earlier partition, and it is not said of which output of the multi-asset`
        ]
      )
    }))
})

describe("what becomes of a partition", () => {
  const failing = Asset.make("failing", {
    partitions: abc,
    compute: (_, { partition }) =>
      partition === "b" ? Effect.fail(new Broken({ partition })) : Effect.succeed(partition)
  })
  const skipping = Asset.make("skipping", {
    partitions: abc,
    compute: (_, { partition }) => Effect.succeed(partition === "b" ? Option.none() : Option.some(partition))
  })
  const copyOf = (of: Asset.Asset<string, string, Broken, IOManager.IOManager, Details>) =>
    Asset.make("copy", { partitions: abc, inputs: { of }, compute: ({ of }) => Effect.succeed(of) })
  type Details = Asset.AnyDetails<string, IOManager.IOManager> & { readonly partition: "a" | "b" | "c" }

  test("is its own matter: a failure stays with it and what is computed from it", function*() {
    const copy = copyOf(failing as never)
    const total = Asset.make("total", {
      inputs: { failing: Asset.partitions(failing) },
      compute: ({ failing }) => Effect.succeed(failing.size)
    })
    const graph = Graph.make({ failing, copy, total })
    const run = yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual(tagsOf(run), {
      failing: "a Materialized, b Failed, c Materialized",
      copy: "a Materialized, b UpstreamFailed, c Materialized"
    })
    // of an asset, what has to be known most
    assert.deepStrictEqual(outcomeTags(run), { failing: "Failed", copy: "UpstreamFailed", total: "UpstreamFailed" })
    assert.strictEqual(run.status, "Failed")
    assert.deepStrictEqual(errorOf(only(run, "failing", "b")), new Broken({ partition: "b" }))
    const [row] = yield* rowsOf("AssetFailed")
    assert.deepStrictEqual([row!.key, row!.partition, row!.error.tag], ["failing", "b", "Broken"])
    const error = yield* Effect.flip(Runtime.materialize(graph, { partitions: "all" }))
    assert.instanceOf(error, Broken)
  })

  test("is its own matter: a skip stays with it and what requires it", function*() {
    const copy = copyOf(skipping as never)
    const total = Asset.make("total", {
      inputs: { skipping: Asset.partitions(skipping) },
      compute: ({ skipping }) => Effect.succeed([...skipping.keys()])
    })
    const run = yield* Runtime.run(Graph.make({ skipping, copy, total }), { partitions: "all" })
    assert.deepStrictEqual(tagsOf(run), {
      skipping: "a Materialized, b Skipped, c Materialized",
      copy: "a Materialized, b Skipped, c Materialized"
    })
    assert.deepStrictEqual(outcomeTags(run), { skipping: "Materialized", copy: "Materialized", total: "Materialized" })
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual(yield* Runtime.load(total), ["a", "c"])
    const reasons = (yield* rowsOf("AssetSkipped")).map(({ key, partition, reason }) => [key, partition, reason._tag])
    assert.deepStrictEqual(reasons, [["skipping", "b", "NoOutput"], ["copy", "b", "UpstreamSkipped"]])
  })

  test("and was skipped, is not there for readers of all partitions, though its last value is", function*() {
    let none = false
    const up = Asset.make("up", {
      partitions: abc,
      compute: (_, { partition }) =>
        Effect.sync(() => none && partition === "b" ? Option.none() : Option.some(partition))
    })
    const now = Asset.make("now", {
      inputs: { up: Asset.partitions(up) },
      compute: ({ up }) => Effect.succeed([...up.keys()])
    })
    const last = Asset.make("last", {
      codeVersion: "1",
      inputs: { up: Asset.lastValue(Asset.partitions(up)) },
      compute: ({ up }) => Effect.succeed([...up.keys()])
    })
    const maybe = Asset.make("maybe", {
      inputs: { up: Asset.optional(Asset.partitions(up)) },
      compute: ({ up }) => Effect.succeed(Option.map(up, (values) => [...values.keys()]))
    })
    const graph = Graph.make({ up, now, last, maybe })
    yield* Runtime.run(graph, { partitions: "all" })
    none = true
    yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual(yield* Runtime.load(now), ["a", "c"])
    assert.deepStrictEqual(yield* Runtime.load(last), ["a", "b", "c"])
    assert.deepStrictEqual(yield* Runtime.load(maybe), ["a", "c"])
    // pain 9: what is recorded is what was read, the older value of "b" too
    const row = (yield* rowsOf("AssetMaterialized", { keys: ["last"] })).at(-1)!
    const read = row.inputPartitions!["up"]!.map(({ partitions }) => partitions._tag === "Keys" && partitions.keys)
    assert.deepStrictEqual(read.toSorted(), [["a", "c"], ["b"]])
  })

  table(
    [
      { name: "is none for Asset.optional, where it was skipped", wrap: Asset.optional, values: ["a", null, "c"] },
      {
        name: "is the last one for Asset.lastValue, where it was skipped",
        wrap: Asset.lastValue,
        values: ["a", "b", "c"]
      }
    ] as const,
    function*({ values, wrap }) {
      let none = false
      const up = Asset.make("up", {
        partitions: abc,
        compute: (_, { partition }) =>
          Effect.sync(() => none && partition === "b" ? Option.none() : Option.some(partition))
      })
      const down = Asset.make("down", {
        partitions: abc,
        // a table cannot say that the two wrappers have different types
        inputs: { up: (wrap as (input: Asset.AnyInput) => Asset.AnyInput)(up) },
        compute: ({ up }) => Effect.succeed(Option.isOption(up) ? Option.getOrNull(up) : up)
      })
      const graph = Graph.fromAssets<Asset.Any>([up, down])
      const run = () =>
        Runtime.run(graph, { partitions: "all" }) as Effect.Effect<
          Runtime.Run<Graph.Assets>,
          Runtime.RunError,
          Provided
        >
      yield* run()
      none = true
      const second = yield* run()
      assert.strictEqual(second.status, "Succeeded")
      const found = yield* Effect.forEach(
        abc.keys,
        (partition) => Runtime.load(down, { partition }) as Effect.Effect<unknown>
      )
      assert.deepStrictEqual(found, [...values])
    }
  )

  test("of a void asset is told by its key", function*() {
    const table = Asset.make("table", {
      partitions: abc,
      compute: (_, { partition }) =>
        Effect.succeed(partition === "b" ? Option.none<void>() : Option.some<void>(undefined))
    })
    const after = Asset.make("after", {
      inputs: { table: Asset.partitions(table) },
      compute: ({ table }) => Effect.succeed([...table.keys()])
    })
    const graph = Graph.make({ table, after })
    yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual(yield* Runtime.load(after), ["a", "c"])
    // in a run of its own as in one with the table
    yield* Runtime.run(graph, { select: ["after"] })
    assert.deepStrictEqual(yield* Runtime.load(after), ["a", "c"])
  })

  test("comes after deps: of all partitions, or of its own one", function*() {
    const order: Array<string> = []
    const note = (what: string) => Effect.sync(() => void order.push(what))
    const first = Asset.make("first", {
      partitions: abc,
      compute: (_, { partition }) => Effect.andThen(Effect.yieldNow, note(`first ${partition}`))
    })
    const own = Asset.make("own", {
      partitions: abc,
      deps: [first],
      compute: (_, { partition }) => note(`own ${partition}`)
    })
    const all = Asset.make("all", { deps: [Asset.partitions(first)], compute: () => note("all") })
    yield* Runtime.materialize(Graph.make({ first, own, all }), { partitions: "all", concurrency: 2 })
    assert.strictEqual(order.length, 7)
    for (const key of abc.keys) assert.isBelow(order.indexOf(`first ${key}`), order.indexOf(`own ${key}`))
    assert.isAbove(order.indexOf("all"), Math.max(...abc.keys.map((key) => order.indexOf(`first ${key}`))))
  })

  test("is tried again, and takes as long as it may, by itself", function*() {
    const tries = new Map<string, number>()
    const flaky = Asset.make("flaky", {
      partitions: abc,
      retry: Schedule.recurs(2),
      timeout: "1 second",
      compute: (_, { attempt, partition }) =>
        Effect.suspend(() => {
          tries.set(partition, attempt)
          return partition === "a"
            ? Effect.succeed(partition)
            : partition === "b" && attempt === 3
            ? Effect.succeed(partition)
            : partition === "b"
            ? Effect.fail(new Broken({ partition }))
            : Effect.never
        })
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ flaky }), { partitions: "all" }))
    for (let second = 0; second < 3; second++) yield* TestClock.adjust("1 second")
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual([...tries], [["a", 1], ["b", 3], ["c", 3]])
    assert.deepStrictEqual(tagsOf(run), { flaky: "a Materialized, b Materialized, c Failed" })
    assert.instanceOf(errorOf(only(run, "flaky", "c")), Runtime.AssetTimeoutError)
    const rows = (yield* rowsOf("AssetMaterialized")).map(({ attempts, partition }) => [partition, attempts])
    assert.deepStrictEqual(rows.toSorted(), [["a", 1], ["b", 3]])
  })

  test("is cancelled where it was not computed yet, and recorded where it was", function*() {
    const third = Deferred.makeUnsafe<void>()
    const level = Asset.make("level", {
      partitions: days,
      schema: Schema.Number,
      inputs: { before: Asset.previous(Schema.Number) },
      compute: ({ before }, { partition }) =>
        partition.key === "2020-01-03"
          ? Effect.andThen(Deferred.succeed(third, undefined), Effect.never)
          : Effect.succeed(Option.getOrElse(before, () => 0) + 1)
    })
    const after = Asset.make("after", {
      partitions: days,
      inputs: { level },
      compute: ({ level }) => Effect.succeed(level)
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ level, after }), { partitions: "all" }))
    yield* Deferred.await(third)
    yield* Fiber.interrupt(fiber)
    assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    for (const key of ["level", "after"]) {
      const [row, ...others] = yield* rowsOf("AssetMaterialized", { keys: [key] })
      assert.deepStrictEqual(others, [])
      assert.isTrue(
        row?.partitions?._tag === "Windows" && row.partitions.count === 2 && row.partitions.last === "2020-01-02"
      )
    }
    const cancelled = (yield* rowsOf("AssetCancelled")).map(({ key, partition, partitions, started }) => [
      key,
      partition ?? (partitions?._tag === "Windows" && `${partitions.first}/${partitions.last}`),
      started
    ])
    assert.deepStrictEqual(cancelled.toSorted(), [
      ["after", "2020-01-03/2020-01-06", false],
      ["level", "2020-01-03", true],
      ["level", "2020-01-04/2020-01-06", false]
    ])
    assert.strictEqual((yield* rowsOf("RunFinished"))[0]!.status, "Cancelled")
    assert.strictEqual(yield* Runtime.load(level, { partition: "2020-01-02" }), 2)
    // the next run goes on from there
    const again = Asset.make("level", {
      partitions: days,
      schema: Schema.Number,
      inputs: { before: Asset.previous(Schema.Number) },
      compute: ({ before }) => Effect.succeed(Option.getOrElse(before, () => 0) + 1)
    })
    yield* Runtime.materialize(Graph.make({ level: again }), { partitions: { from: "2020-01-03", to: "2020-01-06" } })
    assert.strictEqual(yield* Runtime.load(again, { partition: "2020-01-06" }), 6)
  })

  test("is recorded before a long one beside it ends", function*() {
    const slow = Asset.make("slow", {
      partitions: abc,
      compute: (_, { partition }) =>
        partition === "c" ? Effect.as(Effect.sleep("1 hour"), partition) : Effect.succeed(partition)
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ slow }), { partitions: "all" }))
    yield* TestClock.adjust("1 minute")
    const [row] = yield* rowsOf("AssetMaterialized")
    assert.deepStrictEqual(row?.partitions, { _tag: "Keys", keys: ["a", "b"] })
    yield* TestClock.adjust("1 hour")
    const run = yield* Fiber.join(fiber)
    assert.strictEqual(run.status, "Succeeded")
    assert.strictEqual((yield* rowsOf("AssetMaterialized")).length, 2)
  })
})

describe("multi-assets", () => {
  const prices = (canSubset: boolean, seen: Array<string> = []) =>
    Asset.multi("prices", {
      partitions: abc,
      canSubset,
      outputs: { open: {}, close: {} },
      compute: (_, { partition, selected }) =>
        Effect.sync(() => {
          seen.push(`${partition} ${[...selected].join()}`)
          return { open: `o${partition}`, close: partition === "b" ? Option.none() : Option.some(`c${partition}`) }
        })
    })

  test("compute all their outputs partition by partition", function*() {
    const seen: Array<string> = []
    const { assets } = prices(false, seen)
    const graph = Graph.make({ ...assets })
    const run = yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual(seen, ["a open,close", "b open,close", "c open,close"])
    assert.deepStrictEqual(tagsOf(run), {
      open: "a Materialized, b Materialized, c Materialized",
      close: "a Materialized, b Skipped, c Materialized"
    })
    assert.strictEqual(yield* Runtime.load(assets.close, { partition: "c" }), "cc")
  })

  test("compute one output of a range, if they can", function*() {
    const seen: Array<string> = []
    const { assets } = prices(true, seen)
    const run = yield* Runtime.run(Graph.make({ ...assets }), { select: ["open"], partitions: ["a", "c"] })
    assert.deepStrictEqual(seen, ["a open", "c open"])
    assert.deepStrictEqual(outcomeTags(run), { open: "Materialized", close: "NotSelected" })
  })
})

describe("what is recorded", () => {
  test("pain 18: a range is one row for each asset", function*() {
    const a = daily("a")
    const b = Asset.make("b", { partitions: days, inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
    const run = yield* Runtime.run(Graph.make({ a, b }), { partitions: { from: "2020-01-02", to: "2020-01-05" } })
    const events = yield* eventsOf()
    assert.deepStrictEqual(events.map(({ _tag }) => _tag), [
      "RunStarted",
      "AssetMaterialized",
      "AssetMaterialized",
      "RunFinished"
    ])
    const range = {
      _tag: "Windows",
      count: 4,
      first: "2020-01-02",
      last: "2020-01-05",
      intervals: [[Date.UTC(2020, 0, 2), Date.UTC(2020, 0, 6)]]
    }
    const [started] = yield* rowsOf("RunStarted")
    assert.deepStrictEqual(started!.partitions, { a: range, b: range } as object)
    for (const row of yield* rowsOf("AssetMaterialized")) {
      assert.deepStrictEqual(row.partitions, range as object)
      assert.deepStrictEqual([row.partition, row.byPartition, row.dataVersion], [undefined, undefined, run.id])
    }
  })

  test("what differs is told by partition", function*() {
    const a = Asset.make("a", {
      partitions: abc,
      compute: (_, { partition }) =>
        Effect.succeed(Asset.output(partition, { dataVersion: partition === "c" ? "x" : "y" }))
    })
    const b = Asset.make("b", {
      partitions: abc,
      inputs: { a },
      codeVersion: "1",
      compute: ({ a }, { partition }) => Effect.succeed(Asset.output(a, { metadata: { key: partition } }))
    })
    yield* Runtime.run(Graph.make({ a, b }), { partitions: "all" })
    const [ofA, ofB] = yield* rowsOf("AssetMaterialized")
    assert.deepStrictEqual(Object.keys(ofA!.byPartition!), ["c"])
    assert.deepStrictEqual([ofA!.dataVersion, ofA!.byPartition!["c"]!.dataVersion], ["y", "x"])
    assert.deepStrictEqual(ofB!.metadata, {})
    assert.deepStrictEqual(
      Object.entries(ofB!.byPartition!).map((
        [key, { inputVersions, metadata }]
      ) => [key, inputVersions, metadata!["key"]]),
      [["a", { a: "y" }, "a"], ["b", { a: "y" }, "b"], [
        "c",
        { a: "x" },
        "c"
      ]] as never
    )
  })

  test("one partition is told by its key", function*() {
    const a = keyed("a", abc)
    yield* Runtime.run(Graph.make({ a }), { partition: "b" })
    const [row] = yield* rowsOf("AssetMaterialized")
    assert.deepStrictEqual([row!.partition, row!.partitions], ["b", { _tag: "Keys", keys: ["b"] }])
  })

  test("pain 13, 18: 10,000 partitions, and 100 x 100 of a product, in some rows", function*() {
    const many = Partitions.hourly({ start: "2018-11-16T08:00", end: "2020-01-07" })
    const hundred = Partitions.fixed(Array.from({ length: 100 }, (_, at) => `k${at}`))
    const a = Asset.make("a", { partitions: many, compute: (_, { partition }) => Effect.succeed(partition.key) })
    const b = Asset.make("b", { partitions: many, inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
    const cells = Asset.make("cells", {
      partitions: Partitions.product({ x: hundred, y: hundred }),
      compute: (_, { partition }) => Effect.succeed(partition.x)
    })
    const total = Asset.make("total", {
      inputs: { b: Asset.partitions(b) },
      compute: ({ b }) => Effect.succeed(b.size)
    })
    const run = yield* Runtime.run(Graph.make({ a, b, total }), { partitions: "all" })
    assert.strictEqual(run.status, "Succeeded")
    assert.strictEqual(run.partitions.b!.size, 10_000)
    assert.strictEqual(yield* Runtime.load(total), 10_000)
    const square = yield* Runtime.run(Graph.make({ cells }), { partitions: "all" })
    assert.strictEqual(square.partitions.cells!.size, 10_000)
    assert.isAtMost((yield* eventsOf()).length, 100)
  })

  test("all of one set from all of another, without an edge for each pair", function*() {
    const rows = Partitions.fixed(Array.from({ length: 300 }, (_, at) => `n${at}`))
    const columns = Partitions.fixed(Array.from({ length: 400 }, (_, at) => `m${at}`))
    const up = Asset.make("up", {
      partitions: rows,
      compute: (_, { partition }) =>
        partition === "n7" ? Effect.succeed(Option.none()) : Effect.succeed(Option.some(partition))
    })
    const down = Asset.make("down", {
      partitions: columns,
      inputs: { up: Asset.partitions(up) },
      compute: ({ up }) => Effect.succeed(up.size)
    })
    const graph = Graph.make({ up, down })
    const started: Array<string> = []
    const run = yield* Runtime.run(graph, {
      select: ["up"],
      partitions: "all",
      onProgress: (progress) =>
        Effect.sync(() => void (progress._tag === "AssetStarted" && started.push(progress.partition!)))
    })
    assert.deepStrictEqual([run.status, started.length], ["Succeeded", 300])
    yield* Runtime.run(graph, { select: ["down"], partitions: "all" })
    assert.strictEqual(yield* Runtime.load(down, { partition: "m9" }), 299)
    assert.strictEqual((yield* rowsOf("AssetMaterialized", { keys: ["down"] })).length, 1)
  })

  test("a failure of one of many keeps what reads them all from being computed", function*() {
    const rows = Partitions.fixed(Array.from({ length: 30 }, (_, at) => `n${at}`))
    const up = Asset.make("up", {
      partitions: rows,
      compute: (_, { partition }) =>
        partition === "n20" ? Effect.fail(new Broken({ partition })) : Effect.succeed(partition)
    })
    const down = Asset.make("down", {
      partitions: rows,
      inputs: { up: Asset.partitions(up, { mapping: PartitionMapping.all }) },
      compute: ({ up }) => Effect.succeed(up.size)
    })
    const run = yield* Runtime.run(Graph.make({ up, down }), { partitions: "all" })
    assert.strictEqual(outcomeTags(run).down, "UpstreamFailed")
    for (const outcome of run.partitions.down!.values()) {
      assert.deepStrictEqual(outcome._tag === "UpstreamFailed" && outcome.failed, ["up"])
    }
    assert.strictEqual((yield* rowsOf("AssetUpstreamFailed")).length, 1)
  })
})

describe("dynamic partitions", () => {
  const customers = Partitions.dynamic("customers")
  const visits = Asset.make("visits", {
    partitions: customers,
    compute: (_, { partition }) => Effect.succeed(partition)
  })
  const total = Asset.make("total", {
    inputs: { visits: Asset.partitions(visits) },
    compute: ({ visits }) => Effect.succeed([...visits.keys()])
  })
  const graph = Graph.make({ visits, total })

  test("are those that there are when a run begins", function*() {
    const keys = yield* Partitions.DynamicKeys
    assert.deepStrictEqual(yield* refused(Runtime.run(graph, { partition: "ada" })), [
      `visits: has no partition "ada": it has none yet`
    ])
    yield* keys.add("customers", ["ada", "bob"])
    yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual(yield* Runtime.load(total), ["ada", "bob"])
    yield* keys.add("customers", ["eve"])
    yield* keys.remove("customers", ["ada"])
    const run = yield* Runtime.run(graph, { partitions: "all" })
    assert.deepStrictEqual([...run.partitions.visits!.keys()], ["bob", "eve"])
    assert.deepStrictEqual(yield* Runtime.load(total), ["bob", "eve"])
    // what was stored of a removed key is still there
    assert.strictEqual(yield* Runtime.load(visits, { partition: "ada" }), "ada")
    assert.deepStrictEqual(yield* refused(Runtime.run(graph, { partition: "bobb" })), [
      `visits: has no partition "bobb": they go from "bob" to "eve". Did you mean "bob"?`
    ])
  })

  test("are a dimension of a product", function*() {
    yield* Partitions.DynamicKeys.use((keys) => keys.add("customers", ["ada"]))
    const both = Asset.make("both", {
      partitions: Partitions.product({ customers, days }),
      compute: (_, { partition }) => Effect.succeed(`${partition.customers} ${partition.days.key}`)
    })
    yield* Runtime.run(Graph.make({ both }), { partition: "ada|2020-01-02" })
    assert.strictEqual(yield* Runtime.load(both, { partition: "ada|2020-01-02" }), "ada 2020-01-02")
  })

  it.effect("that cannot be read fail the run", () =>
    Effect.gen(function*() {
      const broken = Layer.succeed(Partitions.DynamicKeys, {
        keys: (name) => Effect.fail(new Partitions.DynamicKeysError({ name, cause: "down" })),
        add: () => Effect.die("not used"),
        remove: () => Effect.die("not used")
      })
      const error = yield* Effect.flip(Effect.provide(Runtime.run(graph, { partition: "a" }), broken))
      assert.instanceOf(error, Partitions.DynamicKeysError)
    }).pipe(Effect.provide(inMemory)))
})

describe("graphs that are put together", () => {
  test("keep partitions, mappings, earlier partitions and checks", function*() {
    const up = daily("up")
    const total = Asset.make("total", {
      partitions: days,
      schema: Schema.Number,
      inputs: {
        up,
        before: Asset.previous(Schema.Number),
        week: Asset.partitions(up, { mapping: PartitionMapping.timeWindow({ startOffset: -6 }) })
      },
      compute: ({ before, week }) => Effect.succeed(Option.getOrElse(before, () => 0) * 10 + week.size)
    })
    const positive = Check.make("positive", {
      asset: total,
      inputs: { up },
      check: (value, { inputs, partition, partitionKey }) =>
        Effect.succeed(value > 0 && inputs.up === partitionKey && partition.key === partitionKey)
    })
    const other = Asset.make("other", {
      inputs: { total: Asset.partitions(total) },
      compute: ({ total }) => Effect.succeed(total.size)
    })
    const graph = Graph.make({ up, total, positive }).pipe(
      Graph.merge(Graph.make({ up, total, other })),
      Graph.prefix("team")
    )
    const run = yield* Runtime.run(graph, { partitions: { from: "2020-01-01", to: "2020-01-03" } })
    assert.deepStrictEqual(outcomeTags(run), { up: "Materialized", total: "Materialized", other: "Materialized" })
    assert.deepStrictEqual(run.checks.map(({ key, partition, status }) => [key, partition, status]), [
      ["team/total", "2020-01-01", "Passed"],
      ["team/total", "2020-01-02", "Passed"],
      ["team/total", "2020-01-03", "Passed"]
    ])
    assert.strictEqual(yield* Runtime.load(graph.assets.total, { partition: "2020-01-03" }), 123)
    assert.strictEqual(yield* Runtime.load(graph.assets.other), 3)
  })

  test("a blocking check of one partition blocks what is computed from it", function*() {
    const up = keyed("up", abc)
    const down = Asset.make("down", { partitions: abc, inputs: { up }, compute: ({ up }) => Effect.succeed(up) })
    const good = Check.make("good", { asset: up, blocking: true, check: (value) => Effect.succeed(value !== "b") })
    const run = yield* Runtime.run(Graph.make({ up, down, good }), { partitions: "all" })
    assert.deepStrictEqual(tagsOf(run).down, "a Materialized, b UpstreamFailed, c Materialized")
    const blocked = only(run, "down", "b")
    assert.deepStrictEqual(blocked._tag === "UpstreamFailed" && blocked.checks, ["up:good"])
  })
})

describe("on files", () => {
  const hostile = [
    "../x",
    "a/b",
    "日",
    "..",
    ".",
    "con",
    "a b",
    "A",
    "a",
    "x".repeat(100),
    "%2e",
    "\u0000",
    "a\\b",
    "*?"
  ]

  it.effect("pain 13: keys are data: no file is written outside, and none takes the place of another", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.makeTempDirectoryScoped()
      const directory = `${root}/values`
      const parts = Asset.make("parts", {
        partitions: Partitions.dynamic("keys"),
        schema: Schema.String,
        compute: (_, { partition }) => Effect.succeed(partition)
      })
      const total = Asset.make("total", {
        schema: Schema.Array(Schema.String),
        inputs: { parts: Asset.partitions(parts) },
        compute: ({ parts }) => Effect.succeed([...parts].flatMap(([key, value]) => key === value ? [key] : []))
      })
      yield* Effect.gen(function*() {
        const keys = yield* Partitions.DynamicKeys
        const accepted = yield* Effect.filter(hostile, (key) => Effect.isSuccess(keys.add("keys", [key])))
        assert.includeMembers(accepted, ["../x", "a/b", "日", "..", "A", "a"])
        const graph = Graph.make({ parts, total })
        yield* Runtime.materialize(graph, { partitions: "all" })
        assert.deepStrictEqual(yield* Runtime.load(total), accepted)
        for (const partition of accepted) assert.strictEqual(yield* Runtime.load(parts, { partition }), partition)
        assert.deepStrictEqual(yield* fs.readDirectory(root), ["values"])
        assert.deepStrictEqual((yield* fs.readDirectory(directory)).toSorted(), ["parts@", "total.json"])
      }).pipe(Effect.provide([IOManager.layerFileSystem({ directory }), EventLog.layerMemory]))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

describe("time windows that are defined otherwise", () => {
  const days = Partitions.daily({ start: "2020-01-01", end: "2020-01-04" })
  table([
    { name: "as hours", after: Partitions.hourly({ start: "2020-01-01", end: "2020-01-01T03:00" }) },
    { name: "under other keys", after: Partitions.daily({ start: "2020-01-01", end: "2020-01-04", format: "%Y%m%d" }) },
    {
      name: "in another time zone",
      after: Partitions.daily({ start: "2020-01-02", end: "2020-01-04", timeZone: "+02:00" })
    }
  ], function*({ after }) {
    const graphOf = (partitions: Partitions.TimeWindows) => {
      const visits = Asset.make("visits", {
        codeVersion: "1",
        partitions,
        compute: (_, { partition }) => Effect.succeed(`${partition.start}`)
      })
      const seen = Asset.make("seen", {
        inputs: { visits: Asset.partitions(visits) },
        compute: ({ visits }) => Effect.succeed([...visits.keys()])
      })
      return { visits, seen, graph: Graph.make({ visits, seen }) }
    }
    yield* Runtime.materialize(graphOf(days).graph, { partitions: "all" })
    const { graph, seen, visits } = graphOf(after)
    const plan = yield* Runtime.planBackfill(graph, { select: ["visits"], partitions: "missing" })
    assert.deepStrictEqual(plan.assets.map(({ count }) => count), [yield* Partitions.size(after)])
    // what was stored of a day is not what is asked for now
    yield* Runtime.materialize(graph, { partitions: "all", onlyStale: true })
    const keys = yield* Partitions.keys(after)
    assert.deepStrictEqual(yield* Runtime.load(seen), keys)
    for (const key of keys) {
      const { start } = Option.getOrThrow(Partitions.window(after, key))
      assert.strictEqual(yield* Runtime.load(visits, { partition: key }), `${start}`)
    }
  })
})
