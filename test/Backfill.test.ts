import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, PartitionMapping, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, inMemory, testWith } from "./fixtures/inMemory.ts"

/** A test in 2024. */
const test = testWith({ now: Date.UTC(2024, 0, 1) })

const days = Partitions.daily({ start: "2020-01-01", end: "2020-02-01" })
const letters = Partitions.fixed(["a", "b", "c", "d"])
const before = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1, allowNonexistent: true })

/** What programs write down when they run, as `KEY:PARTITION`. */
const makeJournal = () => {
  const ran: Array<string> = []
  const note = ({ key, partitionKey }: Pick<Asset.ComputeContext, "key" | "partitionKey">) => {
    ran.push(partitionKey === undefined ? key : `${key}:${partitionKey}`)
  }
  /** An asset that writes down that it runs, and has its partition as its value. */
  const asset = <
    const K extends string,
    P extends Partitions.Single | undefined,
    I extends { readonly [name: string]: Asset.AnyInput } = {}
  >(
    key: K,
    partitions: P,
    inputs?: I
  ) =>
    Asset.make(key, {
      partitions,
      inputs,
      compute: (_, context) =>
        Effect.sync(() => {
          note(context)
          return context.partitionKey ?? "all"
        })
    })
  return { ran, note, asset }
}

/** The runs of a plan: what is computed, and after which runs. */
const runsOf = ({ runs }: Runtime.BackfillPlan) =>
  runs.map(({ after, keys, partitions }) =>
    [keys.join("+"), partitions?.replace(/ \(.*\)/, ""), after.length === 0 ? undefined : `after ${after.join()}`]
      .filter((part) => part !== undefined)
      .join(" ")
  )

const countsOf = ({ assets }: Runtime.BackfillPlan) =>
  Object.fromEntries(assets.map(({ count, key }) => [key, count ?? "once"]))

const tagsOf = (filter: EventLog.EventFilter = {}) =>
  Effect.map(eventsOf(filter), (events) => events.map(({ _tag }) => _tag))

const statusesOf = (runs: ReadonlyArray<{ readonly status: string }>) => runs.map(({ status }) => status)

/** The id of the only backfill there is. */
const onlyBackfill = Effect.map(
  eventsOf({ tags: ["BackfillStarted"] }),
  ([event]) => event?._tag === "BackfillStarted" ? event.backfillId : assert.fail("there is no backfill")
)

const problemsOf = (error: unknown) =>
  error instanceof Runtime.RunPartitionsError ? error.problems.map(({ key, problem }) => `${key} ${problem}`) : error

const { asset } = makeJournal()

describe("what a backfill computes", () => {
  test("BKF01: what is downstream without partitions, once, after all", function*() {
    const asset1 = asset("asset1", days)
    const asset2 = asset("asset2", undefined, { asset1: Asset.partitions(asset1) })
    const plan = yield* Runtime.planBackfill(Graph.make({ asset1, asset2 }), {
      partitions: ["2020-01-01", "2020-01-02"]
    })
    assert.deepStrictEqual(countsOf(plan), { asset1: 2, asset2: "once" })
    assert.deepStrictEqual(runsOf(plan), ["asset1 2020-01-01", "asset1 2020-01-02", "asset2 after 0,1"])
  })

  test("BKF02: what is upstream without partitions, once, before all", function*() {
    const asset1 = asset("asset1", undefined)
    const asset2 = asset("asset2", undefined)
    const asset3 = asset("asset3", days, { asset1, asset2 })
    const plan = yield* Runtime.planBackfill(Graph.make({ asset1, asset2, asset3 }), {
      partitions: { from: "2020-01-01", to: "2020-01-02" }
    })
    assert.deepStrictEqual(countsOf(plan), { asset1: "once", asset2: "once", asset3: 2 })
    assert.deepStrictEqual(runsOf(plan), ["asset1+asset2", "asset3 2020-01-01 after 0", "asset3 2020-01-02 after 0"])
  })

  test("BKF03: the partitions that a mapping leads to: fan-in and fan-out", function*() {
    const many = Partitions.fixed(["a_1", "a_2", "a_3", "b_1"])
    const few = Partitions.fixed(["a", "b"])
    const pairs = { a_1: "a", a_2: "a", a_3: "a", b_1: "b" } as const
    const up = asset("up", many)
    const down = asset("down", few, { up: Asset.partitions(up, { mapping: PartitionMapping.fixed(pairs) }) })
    const fanIn = yield* Runtime.planBackfill(Graph.make({ up, down }), { partitions: ["a_1", "a_2"] })
    assert.deepStrictEqual(runsOf(fanIn), ["up a_1", "up a_2", "down a after 0,1"])

    const one = asset("one", few)
    const three = asset("three", many, { one: Asset.partition(one, PartitionMapping.fixedByDownstream(pairs)) })
    const fanOut = yield* Runtime.planBackfill(Graph.make({ one, three }), {
      partitions: ["a"],
      partitionsPerRun: "all"
    })
    assert.deepStrictEqual(runsOf(fanOut), ["one a", "three a_1, a_2, a_3 after 0"])
  })

  test("hours before their days, and windows that reach back", function*() {
    const hours = Partitions.hourly({ start: "2020-01-01", end: "2020-01-04" })
    const readings = asset("readings", hours)
    const day = asset("day", days, { readings: Asset.partitions(readings) })
    const mapping = PartitionMapping.timeWindow({ startOffset: -1, allowNonexistent: true })
    const smooth = asset("smooth", days, { day: Asset.partitions(day, { mapping }) })
    const plan = yield* Runtime.planBackfill(Graph.make({ readings, day, smooth }), {
      partitions: { from: "2020-01-01-20:00", to: "2020-01-02-03:00" },
      partitionsPerRun: { readings: 4 }
    })
    assert.deepStrictEqual(runsOf(plan), [
      "readings 2020-01-01-20:00…2020-01-01-23:00",
      "readings 2020-01-02-00:00…2020-01-02-03:00",
      "day 2020-01-01 after 0",
      "day 2020-01-02 after 1",
      "smooth 2020-01-01 after 2",
      "smooth 2020-01-02 after 2,3",
      "smooth 2020-01-03 after 3"
    ])
  })

  test("products, by their combinations", function*() {
    const regions = Partitions.fixed(["eu", "us"])
    const grid = Partitions.product({ region: regions, day: days })
    const sales = Asset.make("sales", { partitions: grid, compute: () => Effect.succeed(1) })
    const byRegion = asset("byRegion", regions, { sales: Asset.partitions(sales) })
    const graph = Graph.make({ sales, byRegion })
    const plan = yield* Runtime.planBackfill(graph, { partitions: { from: "2020-01-01|eu", to: "2020-01-03|us" } })
    assert.deepStrictEqual(countsOf(plan), { sales: 6, byRegion: 2 })
    assert.deepStrictEqual(plan.runs.map(({ after, keys }) => `${keys.join()} ${after.join()}`), [
      ...Array.from({ length: 6 }, () => "sales "),
      "byRegion 0,2,4",
      "byRegion 1,3,5"
    ])
    const five = yield* Runtime.planBackfill(graph, {
      partitions: ["2020-01-01|eu", "2020-01-05|eu", "2020-01-05|us"],
      partitionsPerRun: { sales: 2 }
    })
    assert.deepStrictEqual(five.runs.map(({ after, count }) => [count, after]), [
      [2, []],
      [1, []],
      [1, [0]],
      [1, [1]]
    ])
  })

  test("the same partitions of assets with the set of the first, whatever the mapping", function*() {
    const level = asset("level", days)
    const rise = asset("rise", days, { level, before: Asset.optional(Asset.partition(level, before)) })
    const plan = yield* Runtime.planBackfill(Graph.make({ level, rise }), { partitions: ["2020-01-05", "2020-01-06"] })
    assert.deepStrictEqual(runsOf(plan), [
      "level 2020-01-05",
      "level 2020-01-06",
      "rise 2020-01-05 after 0",
      "rise 2020-01-06 after 0,1"
    ])
  })

  test("all outputs of a multi-asset that cannot compute some of them alone", function*() {
    const ran: Array<string> = []
    const split = Asset.multi("split", {
      partitions: letters,
      outputs: { left: {}, right: {} },
      compute: (_, { partitionKey }) => {
        ran.push(partitionKey!)
        return Effect.succeed({ left: 1, right: 2 })
      }
    })
    const graph = Graph.make(split.assets)
    yield* Runtime.backfill(graph, { targets: { left: ["a"], right: ["b"] }, partitionsPerRun: { right: "all" } })
    assert.deepStrictEqual(ran, ["a", "b"])
    assert.strictEqual(yield* Runtime.load(split.assets.right, { partition: "a" }), 2)
    const log = yield* EventLog.EventLog
    assert.strictEqual((yield* log.runs({})).length, 1)
  })

  test("what is missing, and what is downstream of it if that is missing, too", function*() {
    const { asset, ran } = makeJournal()
    const a = asset("a", letters)
    const b = asset("b", letters, { a })
    const total = asset("total", undefined, { b: Asset.partitions(b) })
    const graph = Graph.make({ a, b, total })
    yield* Runtime.materialize(graph, { select: ["a"], partitions: ["a", "b"] })
    yield* Runtime.materialize(graph, { select: ["b"], partitions: ["a"] })
    ran.length = 0
    yield* Runtime.backfill(graph, { partitions: "missing" })
    assert.deepStrictEqual(ran, ["a:c", "a:d", "b:b", "b:c", "b:d", "total"])
    const again = yield* Runtime.backfill(graph, { partitions: "missing" })
    assert.deepStrictEqual(again, [])
  })

  test("what is stale, if it is asked for", function*() {
    let code = "1"
    const ran: Array<string> = []
    const versioned = () => {
      const a = Asset.make("a", {
        partitions: letters,
        codeVersion: "1",
        compute: (_, { partition }) => Effect.sync(() => void ran.push(`a:${partition}`))
      })
      const b = Asset.make("b", {
        partitions: letters,
        codeVersion: code,
        deps: [a],
        compute: (_, { partition }) => Effect.sync(() => void ran.push(`b:${partition}`))
      })
      return Graph.make({ a, b })
    }
    yield* Runtime.backfill(versioned(), { partitions: ["a", "b"], onlyStale: true })
    assert.deepStrictEqual(ran.splice(0).sort(), ["a:a", "a:b", "b:a", "b:b"])
    code = "2"
    const runs = yield* Runtime.backfill(versioned(), { partitions: ["a", "b", "c"], onlyStale: true })
    assert.deepStrictEqual(ran.sort(), ["a:c", "b:a", "b:b", "b:c"])
    assert.strictEqual(runs[0]!.outcomes.a._tag, "UpToDate")
  })

  test("dynamic partitions, as they are when it begins", function*() {
    const { asset, ran } = makeJournal()
    const customers = asset("customers", Partitions.dynamic("customers"))
    const graph = Graph.make({ customers })
    assert.deepStrictEqual(yield* Runtime.backfill(graph, { partitions: "all" }), [])
    const keys = yield* Partitions.DynamicKeys
    yield* keys.add("customers", ["foo", "bar"])
    yield* Runtime.backfill(graph, { partitions: "all", maxRuns: 1 })
    assert.deepStrictEqual(ran, ["customers:foo", "customers:bar"])
  })
})

describe("what a backfill refuses", () => {
  const a = asset("a", letters)
  const b = asset("b", letters, { a })
  const whole = asset("whole", undefined)
  const daily = asset("daily", days)
  const needy = asset("needy", Partitions.daily({ start: "2019-12-30", end: "2020-01-03" }), { daily })
  const circular = Asset.make("circular", {
    partitions: letters,
    inputs: {
      other: Asset.previous(Schema.Number, { mapping: PartitionMapping.fixedByDownstream({ a: "b", b: "a" }) })
    },
    compute: () => Effect.succeed(1)
  })
  const graph = Graph.make({ a, b, whole, daily, needy, circular })
  const ab = { select: ["a", "b"] } as const

  for (
    const [name, options, problems] of [
      ["partitions that nobody names", ab, ["a has partitions: say which with `partitions` or `targets`"]],
      [
        "assets without partitions of which nobody says any",
        { select: ["whole"] },
        ["whole has no partitions, and neither has anything else that is selected: use Runtime.run"]
      ],
      [
        "unknown keys of partitions",
        { ...ab, partitions: ["a", "bb"] },
        ["a", "b"].map((key) => `${key} has no partition "bb": they go from "a" to "d". Did you mean "b"?`)
      ],
      [
        "ranges the other way round",
        { ...ab, partitions: { from: "c", to: "a" } },
        ["a", "b"].map((key) => `${key} has the range the other way round: "a" comes before "c"`)
      ],
      [
        "targets that are none",
        { ...ab, targets: { dally: ["a"], daily: ["2020-01-01"], whole: "all" } as {} },
        ["dally is not in the graph. Did you mean \"daily\"?", "daily is not selected", "whole is not selected"]
      ],
      ["targets without partitions", { targets: { whole: "all" } }, ["whole has no partitions"]],
      [
        "partitions that need what does not exist",
        { select: ["needy"], partitions: "all" },
        [
          "needy needs partitions of \"daily\" that do not exist: 2019-12-30, 2019-12-31. Let the mapping allow it, or read it with Asset.optional"
        ]
      ],
      [
        "partitions that wait for each other",
        { select: ["circular"], partitions: "all" },
        [
          "circular has partitions that wait for each other: give Asset.previous another mapping, or compute all in one run"
        ]
      ]
    ] as ReadonlyArray<readonly [string, Runtime.BackfillOptions<{}>, ReadonlyArray<string>]>
  ) {
    test(`${name}, before anything runs`, function*() {
      // options of any graph
      const given = options as Runtime.BackfillOptions<typeof graph.assets>
      const planned = yield* Effect.flip(Runtime.planBackfill(graph, given))
      assert.deepStrictEqual(problemsOf(planned), problems)
      const ran = yield* Effect.flip(Runtime.backfill(graph, given))
      assert.deepStrictEqual(problemsOf(ran), problems)
      assert.deepStrictEqual(yield* eventsOf(), [])
    })
  }

  test("assets that are not there", function*() {
    const error = yield* Effect.flip(Runtime.backfill(graph, { select: "nothing", partitions: "all" }))
    assert.isTrue(error._tag === "UnknownAssetError" || error._tag === "SelectionError", error._tag)
  })

  for (
    const [name, options] of [
      ["maxRuns", { maxRuns: 0 }],
      ["maxRuns", { maxRuns: Number.NaN }],
      ["partitionsPerRun", { partitionsPerRun: 0 }],
      ["partitionsPerRun", { partitionsPerRun: { a: Number.NaN } }]
    ] as const
  ) {
    test(`sizes that are none: ${JSON.stringify(options)}`, function*() {
      const exit = yield* Effect.exit(Runtime.backfill(graph, { ...ab, partitions: "all", ...options }))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof RangeError)
      assert.include(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), name)
    })
  }
})

describe("how many partitions a run computes", () => {
  test("BKF07: assets of one size go together, those of another by themselves", function*() {
    const one = asset("one", days)
    const two = asset("two", days, { one })
    const three = asset("three", days)
    const plan = yield* Runtime.planBackfill(Graph.make({ one, two, three }), {
      partitions: { from: "2020-01-01", to: "2020-01-03" },
      partitionsPerRun: { one: 5, two: 5, three: 10 }
    })
    assert.deepStrictEqual(runsOf(plan), ["one+two 2020-01-01…2020-01-03", "three 2020-01-01…2020-01-03"])
  })

  test("BKF08: as many runs as it takes", function*() {
    const year = asset("year", Partitions.daily({ start: "2023-01-01", end: "2023-08-11" }))
    const plan = yield* Runtime.planBackfill(Graph.make({ year }), { partitions: "all", partitionsPerRun: 7 })
    assert.deepStrictEqual(countsOf(plan), { year: 222 })
    const runs = runsOf(plan)
    assert.deepStrictEqual(
      [runs.length, runs[0], runs.at(-1)],
      [32, "year 2023-01-01…2023-01-07", "year 2023-08-06…2023-08-10"]
    )
  })

  test("BKF09: each dynamic partition by itself, or all in one", function*() {
    const keys = yield* Partitions.DynamicKeys
    yield* keys.add("names", ["foo", "bar"])
    const graph = Graph.make({ a: asset("a", Partitions.dynamic("names")) })
    const each = yield* Runtime.planBackfill(graph, { partitions: "all" })
    assert.deepStrictEqual(runsOf(each), ["a foo", "a bar"])
    const one = yield* Runtime.planBackfill(graph, { partitions: "all", partitionsPerRun: "all" })
    assert.deepStrictEqual(runsOf(one), ["a foo, bar"])
  })

  // Dagster computes the parent first where not all that the child needs is asked for; one run orders them by itself
  for (
    const [partitionsPerRun, expected] of [
      [30, ["parent+child 2020-01-10…2020-01-12"]],
      [2, [
        "parent 2020-01-10…2020-01-11",
        "parent 2020-01-12",
        "child 2020-01-10…2020-01-11 after 0",
        "child 2020-01-12 after 0,1"
      ]]
    ] as const
  ) {
    test(`BKF11: a child of several days is in the run of its parent, if that holds all: ${partitionsPerRun}`, function*() {
      const parent = asset("parent", days)
      const mapping = PartitionMapping.timeWindow({ startOffset: -3 })
      const child = asset("child", days, { parent: Asset.partitions(parent, { mapping }) })
      const plan = yield* Runtime.planBackfill(Graph.make({ parent, child }), {
        partitions: { from: "2020-01-10", to: "2020-01-12" },
        partitionsPerRun
      })
      assert.deepStrictEqual(runsOf(plan), [...expected])
    })
  }

  test("BKF14: partitions by asset; what needs none of the others does not wait", function*() {
    const nine = Partitions.daily({ start: "2023-10-01", end: "2023-10-10" })
    const grandparent = asset("grandparent", nine)
    const parent = asset("parent", nine, { grandparent })
    const otherParent = asset("otherParent", nine)
    const child = asset("child", nine, { parent, otherParent })
    const all = { from: "2023-10-01", to: "2023-10-09" }
    const plan = yield* Runtime.planBackfill(Graph.make({ grandparent, parent, otherParent, child }), {
      targets: { grandparent: ["2023-10-01"], otherParent: ["2023-10-09"], parent: all, child: all }
    })
    const runs = runsOf(plan)
    assert.deepStrictEqual(runs.slice(0, 2).sort(), ["grandparent 2023-10-01", "otherParent 2023-10-09"])
    assert.deepStrictEqual(countsOf(plan), { grandparent: 1, otherParent: 1, parent: 9, child: 9 })
    assert.deepStrictEqual(runs.slice(2, 4), [
      `parent+child 2023-10-01 after ${runs.indexOf("grandparent 2023-10-01")}`,
      "parent+child 2023-10-02"
    ])
    assert.strictEqual(runs.at(-1), `parent+child 2023-10-09 after ${runs.indexOf("otherParent 2023-10-09")}`)
    // everything in one
    const one = yield* Runtime.planBackfill(Graph.make({ grandparent, parent, otherParent, child }), {
      targets: { grandparent: ["2023-10-01"], otherParent: ["2023-10-09"], parent: all, child: all },
      partitionsPerRun: "all"
    })
    assert.deepStrictEqual(runsOf(one).slice(2), ["parent+child 2023-10-01…2023-10-09 after 0,1"])
  })

  test("BKF16: a run of all partitions records each of them, in one row", function*() {
    const { asset, ran } = makeJournal()
    const a = asset("a", letters)
    const [run] = yield* Runtime.backfill(Graph.make({ a }), { partitions: "all", partitionsPerRun: "all" })
    assert.deepStrictEqual(ran, ["a:a", "a:b", "a:c", "a:d"])
    assert.deepStrictEqual([...run!.partitions.a!.keys()], ["a", "b", "c", "d"])
    const rows = yield* eventsOf({ tags: ["AssetMaterialized"] })
    assert.deepStrictEqual(
      rows.map((row) => "partitions" in row && row.partitions),
      [{ _tag: "Keys", keys: ["a", "b", "c", "d"] }]
    )
    const log = yield* EventLog.EventLog
    for (const partition of ["a", "b", "c", "d"]) {
      assert.strictEqual((yield* Stream.runCollect(log.events({ tags: ["AssetMaterialized"], partition }))).length, 1)
    }
  })
})

describe("the runs of a backfill", () => {
  test("are recorded with its id and tags, and are given in the order of the plan", function*() {
    const { asset } = makeJournal()
    const a = asset("a", letters)
    const b = asset("b", undefined, { a: Asset.partitions(a) })
    const runs = yield* Runtime.backfill(Graph.make({ a, b }), { partitions: ["a", "c"], tags: { team: "x" } })
    const backfillId = yield* onlyBackfill
    const log = yield* EventLog.EventLog
    const recorded = yield* log.runs({ backfillId })
    assert.deepStrictEqual(recorded.map(({ id }) => id).sort(), runs.map(({ id }) => id).sort())
    assert.isTrue(recorded.every(({ tags }) => tags["team"] === "x"))
    assert.deepStrictEqual(runs.map((run) => [...run.partitions.a?.keys() ?? ["b"]]), [["a"], ["c"], ["b"]])
    assert.deepStrictEqual(yield* tagsOf({ backfillId }), [
      "BackfillStarted",
      "RunStarted",
      "RunStarted",
      "RunStarted",
      "BackfillFinished"
    ])
  })

  test("record nothing when they are only planned", function*() {
    yield* Runtime.planBackfill(Graph.make({ a: asset("a", letters) }), { partitions: "all" })
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  for (const maxRuns of [1, 3, undefined]) {
    test(`are never more at once than allowed: ${maxRuns}`, function*() {
      const counts = { running: 0, most: 0 }
      const slow = Asset.make("slow", {
        partitions: days,
        compute: () =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              counts.most = Math.max(counts.most, ++counts.running)
            }),
            () => Effect.sleep("1 second"),
            () => Effect.sync(() => counts.running--)
          )
      })
      const fiber = yield* Effect.forkChild(Runtime.backfill(Graph.make({ slow }), {
        partitions: { from: "2020-01-01", to: "2020-01-10" },
        maxRuns
      }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).length, 10)
      assert.deepStrictEqual(counts, { running: 0, most: maxRuns ?? 4 })
    })
  }

  test("of an asset that reads its partition before go one after the other", function*() {
    const total = Asset.make("total", {
      partitions: days,
      schema: Schema.Number,
      inputs: { before: Asset.previous(Schema.Number) },
      compute: ({ before }) => Effect.delay(Effect.succeed(Option.getOrElse(before, () => 0) + 1), "1 second")
    })
    const graph = Graph.make({ total })
    const options = { partitions: { from: "2020-01-01", to: "2020-01-05" }, maxRuns: 10 } as const
    assert.deepStrictEqual(runsOf(yield* Runtime.planBackfill(graph, options)).at(-1), "total 2020-01-05 after 3")
    const fiber = yield* Effect.forkChild(Runtime.backfill(graph, options))
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(fiber)
    assert.strictEqual(yield* Runtime.load(total, { partition: "2020-01-05" }), 5)
  })

  test("may go backwards in time, if the mapping does", function*() {
    const { note, ran } = makeJournal()
    const mapping = PartitionMapping.timeWindow({ startOffset: 1, endOffset: 1, allowNonexistent: true })
    const left = Asset.make("left", {
      partitions: days,
      schema: Schema.Number,
      inputs: { next: Asset.previous(Schema.Number, { mapping }) },
      compute: (_, context) => Effect.sync(() => (note(context), 1))
    })
    yield* Runtime.backfill(Graph.make({ left }), { partitions: { from: "2020-01-01", to: "2020-01-03" } })
    assert.deepStrictEqual(ran, ["left:2020-01-03", "left:2020-01-02", "left:2020-01-01"])
  })
})

class Broken extends Schema.TaggedError<Broken>()("Broken", { partition: Schema.String }) {}

/** Gives the partition, or fails for some of them. */
const failing = (journal: ReturnType<typeof makeJournal>, bad: ReadonlySet<string>) =>
  Effect.fnUntraced(function*(context: Pick<Asset.ComputeContext, "key" | "partitionKey">) {
    journal.note(context)
    const partition = context.partitionKey ?? ""
    if (bad.has(partition)) return yield* new Broken({ partition })
    return partition
  })

describe("a failure in a backfill", () => {
  test("keeps from running what needs it, partition by partition, and nothing else", function*() {
    const journal = makeJournal()
    const fails = failing(journal, new Set(["b"]))
    const a = Asset.make("a", { partitions: letters, compute: (_, context) => fails(context) })
    const b = journal.asset("b", letters, { a })
    const pair = journal.asset("pair", Partitions.fixed(["ab", "cd"]), {
      b: Asset.partitions(b, { mapping: PartitionMapping.fixedByDownstream({ ab: ["a", "b"], cd: ["c", "d"] }) })
    })
    const total = journal.asset("total", undefined, { pair: Asset.partitions(pair) })
    const other = journal.asset("other", letters)
    const progress: Array<Runtime.BackfillProgress> = []
    const runs = yield* Runtime.backfill(Graph.make({ a, b, pair, total, other }), {
      partitions: "all",
      maxRuns: 1,
      onProgress: (event) => Effect.sync(() => void progress.push(event))
    })
    assert.deepStrictEqual(journal.ran.toSorted(), [
      "a:a",
      "a:b",
      "a:c",
      "a:d",
      "b:a",
      "b:c",
      "b:d",
      "other:a",
      "other:b",
      "other:c",
      "other:d",
      "pair:cd"
    ])
    assert.deepStrictEqual(statusesOf(runs).filter((status) => status === "Failed").length, 1)
    const impossible = progress.flatMap((event) => event._tag === "RunNotPossible" ? [event.place] : [])
    const [started] = progress
    assert.deepStrictEqual(
      started?._tag === "BackfillStarted" && impossible.map((place) => started.plan.runs[place]!.keys.join()),
      ["pair", "total"]
    )
    const last = progress.at(-1)
    assert.strictEqual(last?._tag === "BackfillFinished" && last.status, "Failed")
  })

  test("leaves the other partitions of a run in it", function*() {
    const journal = makeJournal()
    const fails = failing(journal, new Set(["2020-01-02"]))
    const a = Asset.make("a", { partitions: days, compute: (_, context) => fails(context) })
    const b = journal.asset("b", days, { a: Asset.optional(Asset.partition(a, before)) })
    yield* Runtime.backfill(Graph.make({ a, b }), {
      partitions: { from: "2020-01-01", to: "2020-01-04" },
      partitionsPerRun: 2,
      maxRuns: 1
    })
    assert.deepStrictEqual(journal.ran.slice(4), ["b:2020-01-01", "b:2020-01-02", "b:2020-01-04"])
  })

  test("takes with it all later partitions of an asset that reads its partition before", function*() {
    const journal = makeJournal()
    const fails = failing(journal, new Set(["2020-01-02"]))
    const a = Asset.make("a", {
      partitions: days,
      schema: Schema.String,
      inputs: { before: Asset.previous(Schema.String) },
      compute: (_, context) => fails(context)
    })
    const runs = yield* Runtime.backfill(Graph.make({ a }), {
      partitions: { from: "2020-01-01", to: "2020-01-06" },
      partitionsPerRun: 2
    })
    assert.deepStrictEqual(journal.ran, ["a:2020-01-01", "a:2020-01-02"])
    assert.deepStrictEqual(statusesOf(runs), ["Failed"])
  })

  test("within a chain keeps the rest of a later run from running, not just its first partition", function*() {
    const journal = makeJournal()
    const fails = failing(journal, new Set(["2020-01-03"]))
    const a = Asset.make("a", { partitions: days, compute: (_, context) => fails(context) })
    const b = Asset.make("b", {
      partitions: days,
      schema: Schema.String,
      inputs: { a, before: Asset.previous(Schema.String) },
      compute: (_, context) => Effect.sync(() => (journal.note(context), ""))
    })
    yield* Runtime.backfill(Graph.make({ a, b }), {
      partitions: { from: "2020-01-01", to: "2020-01-06" },
      partitionsPerRun: { a: 1, b: "all" }
    })
    assert.deepStrictEqual(journal.ran.filter((name) => name.startsWith("b")), ["b:2020-01-01", "b:2020-01-02"])
  })

  for (
    const [name, options, expected] of [
      ["that is blocking", { blocking: true }, ["down:a", "down:c", "down:d"]],
      ["that only warns", { blocking: true, severity: "warn" }, ["down:a", "down:b", "down:c", "down:d"]],
      ["that does not block", { blocking: false }, ["down:a", "down:b", "down:c", "down:d"]]
    ] as const
  ) {
    test(`may be one of a check ${name}`, function*() {
      const journal = makeJournal()
      const up = journal.asset("up", letters)
      const down = journal.asset("down", letters, { up })
      const good = Check.make("good", { asset: up, ...options, check: (value) => Effect.succeed(value !== "b") })
      yield* Runtime.backfill(Graph.make({ up, down, good }), {
        partitions: "all",
        partitionsPerRun: { up: 1, down: 2 }
      })
      assert.deepStrictEqual(journal.ran.filter((name) => name.startsWith("down")).sort(), [...expected])
    })
  }

  test("of the log ends it, and releases what is running", function*() {
    const held = new Set<string>()
    const slow = Asset.make("slow", {
      partitions: letters,
      compute: (_, { partition }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => held.add(partition)),
          () => partition === "a" ? Effect.sleep("1 second") : Effect.never,
          () => Effect.sync(() => held.delete(partition))
        )
    })
    const log = yield* EventLog.EventLog
    const full: EventLog.Service = {
      ...log,
      append: (events) =>
        events.some(({ _tag }) => _tag === "AssetMaterialized")
          ? Effect.fail(new EventLog.EventLogError({ operation: "append", cause: "the disk is full" }))
          : log.append(events)
    }
    const fiber = yield* Effect.forkChild(
      Effect.provideService(Runtime.backfill(Graph.make({ slow }), { partitions: "all" }), EventLog.EventLog, full)
    )
    yield* TestClock.adjust("2 seconds")
    const exit = yield* Fiber.await(fiber)
    assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof EventLog.EventLogError)
    assert.deepStrictEqual([...held], [])
    const last = (yield* eventsOf()).at(-1)
    assert.strictEqual(last?._tag === "BackfillFinished" && last.status, "Failed")
  })
})

describe("a skip in a backfill", () => {
  for (const partitionsPerRun of [{ up: 1, down: 2 }, 1, "all"] as const) {
    test(`skips what requires it, be it in a later run: ${JSON.stringify(partitionsPerRun)}`, function*() {
      const ran: Array<string> = []
      const up = Asset.make("up", {
        partitions: letters,
        compute: (_, { partition }) => Effect.succeed(partition === "b" ? Option.none() : Option.some(partition))
      })
      const down = Asset.make("down", {
        partitions: letters,
        inputs: { up },
        compute: ({ up }) => Effect.sync(() => void ran.push(up))
      })
      const next = Asset.make("next", {
        partitions: letters,
        inputs: { up: Asset.optional(up) },
        compute: ({ up }) => Effect.sync(() => void ran.push(Option.getOrElse(up, () => "none")))
      })
      const runs = yield* Runtime.backfill(Graph.make({ up, down, next }), { partitions: "all", partitionsPerRun })
      assert.deepStrictEqual(new Set(statusesOf(runs)), new Set(["Succeeded"]))
      assert.deepStrictEqual(ran.sort(), ["a", "a", "c", "c", "d", "d", "none"])
      const skipped = runs.flatMap((run) => [...run.partitions.down?.values() ?? []])
        .filter(({ _tag }) => _tag === "Skipped")
      assert.deepStrictEqual(
        skipped.map((outcome) => [outcome._tag === "Skipped" && outcome.reason]),
        [[{ _tag: "UpstreamSkipped", keys: ["up"] }]]
      )
    })
  }
})

describe("a backfill that is told of", () => {
  test("tells of its runs, and of its end with all of them", function*() {
    const graph = Graph.make({ a: asset("a", letters) })
    const told = yield* Stream.runCollect(Runtime.streamBackfill(graph, { partitions: ["a", "b"], maxRuns: 1 }))
    assert.deepStrictEqual(
      told.map((event) => "place" in event ? `${event._tag} ${event.place}` : event._tag),
      [
        "BackfillStarted",
        "BackfillRunStarted 0",
        "BackfillRunFinished 0",
        "BackfillRunStarted 1",
        "BackfillRunFinished 1",
        "BackfillFinished"
      ]
    )
    const last = told.at(-1)
    assert.deepStrictEqual(last?._tag === "BackfillFinished" && statusesOf(last.runs), ["Succeeded", "Succeeded"])
  })

  test("as a stream that is left early is cancelled", function*() {
    const graph = Graph.make({
      slow: Asset.make("slow", { partitions: letters, compute: () => Effect.never })
    })
    const told = yield* Stream.runCollect(
      Stream.take(Runtime.streamBackfill(graph, { partitions: "all" }), 2)
    )
    assert.strictEqual(told.length, 2)
    const last = (yield* eventsOf()).at(-1)
    assert.strictEqual(last?._tag === "BackfillFinished" && last.status, "Cancelled")
  })
})

/** Computes for a second, with something that has to be released. */
const makeSlow = () => {
  const journal = makeJournal()
  const held = new Set<string>()
  const slow = Asset.make("slow", {
    partitions: letters,
    compute: (_, context) =>
      Effect.acquireUseRelease(
        Effect.sync(() => held.add(context.partition)),
        () => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => (journal.note(context), context.partition))),
        () => Effect.sync(() => held.delete(context.partition))
      )
  })
  return { ...journal, held, slow }
}

describe("a backfill that is stopped", () => {
  test("by an interruption records the end of its runs before its own, and releases everything", function*() {
    const { held, ran, slow } = makeSlow()
    const graph = Graph.make({ slow })
    const fiber = yield* Effect.forkChild(Runtime.backfill(graph, { partitions: "all", maxRuns: 2 }))
    yield* TestClock.adjust("1500 millis")
    assert.deepStrictEqual([...held], ["c", "d"])
    yield* Fiber.interrupt(fiber)
    assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    assert.deepStrictEqual([...held], [])
    assert.deepStrictEqual(ran, ["slow:a", "slow:b"])
    const log = yield* EventLog.EventLog
    assert.deepStrictEqual(
      statusesOf((yield* log.runs({ backfillId: yield* onlyBackfill })).toReversed()),
      ["Succeeded", "Succeeded", "Cancelled", "Cancelled"]
    )
    const last = (yield* eventsOf()).at(-1)
    assert.strictEqual(last?._tag === "BackfillFinished" && last.status, "Cancelled")
  })

  test("from somewhere else ends with the runs that have ended", function*() {
    const { held, slow } = makeSlow()
    const fiber = yield* Effect.forkChild(Runtime.backfill(Graph.make({ slow }), { partitions: "all", maxRuns: 1 }))
    yield* TestClock.adjust("1500 millis")
    const backfillId = yield* onlyBackfill
    yield* Runtime.cancelBackfill(backfillId)
    assert.deepStrictEqual(statusesOf(yield* Fiber.join(fiber)), ["Succeeded"])
    assert.deepStrictEqual([...held], [])
    const log = yield* EventLog.EventLog
    assert.deepStrictEqual(statusesOf(yield* log.runs({})), ["Cancelled", "Succeeded"])
    assert.deepStrictEqual((yield* tagsOf()).slice(-2), ["RunFinished", "BackfillFinished"])
    const error = yield* Effect.flip(Runtime.cancelBackfill(backfillId))
    assert.strictEqual(error.message, `The backfill ${backfillId}: it has ended.`)
  })

  test("as soon as it is recorded that it began", function*() {
    const { ran, slow } = makeSlow()
    const log = yield* EventLog.EventLog
    // somebody is quicker than the backfill
    const quick: EventLog.Service = {
      ...log,
      append: Effect.fnUntraced(function*(events) {
        yield* log.append(events)
        const [event] = events
        if (event?._tag === "BackfillStarted") yield* Effect.orDie(Runtime.cancelBackfill(event.backfillId))
      }, Effect.provideService(EventLog.EventLog, log))
    }
    const fiber = yield* Effect.forkChild(
      Effect.provideService(Runtime.backfill(Graph.make({ slow }), { partitions: "all" }), EventLog.EventLog, quick)
    )
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(statusesOf(yield* Fiber.join(fiber)), [])
    assert.deepStrictEqual(ran, [])
  })

  test("by a run that is cancelled by itself goes on with the others, and has failed", function*() {
    const { ran, slow } = makeSlow()
    const fiber = yield* Effect.forkChild(Runtime.backfill(Graph.make({ slow }), { partitions: "all", maxRuns: 1 }))
    yield* TestClock.adjust("1500 millis")
    const log = yield* EventLog.EventLog
    const [newest] = yield* log.runs({ statuses: ["Running"] })
    yield* Runtime.cancel(newest!.id)
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(statusesOf(yield* Fiber.join(fiber)), ["Succeeded", "Cancelled", "Succeeded", "Succeeded"])
    assert.deepStrictEqual(ran, ["slow:a", "slow:c", "slow:d"])
  })

  test("is not found where it is not", function*() {
    const error = yield* Effect.flip(Runtime.cancelBackfill("nothing"))
    assert.strictEqual(error.message, "The backfill nothing: there is no such backfill in the event log.")
  })
})

describe("a backfill that is resumed", () => {
  /** Begins a backfill, and interrupts it. */
  const interrupted = Effect.fnUntraced(function*<A, E, R>(backfill: Effect.Effect<A, E, R>, after: string) {
    const fiber = yield* Effect.forkChild(backfill)
    yield* TestClock.adjust(after as "1 second")
    yield* Fiber.interrupt(fiber)
    return yield* onlyBackfill
  })

  test("computes what is left, and nothing that is recorded", function*() {
    const { ran, slow } = makeSlow()
    const graph = Graph.make({ slow })
    const resume = yield* interrupted(
      // those that a daemon gives a run of its own are not those of a backfill that somebody resumes
      Runtime.backfill(graph, { partitions: "all", maxRuns: 1, tags: { team: "x", process: "p", queued: "q" } }),
      "2500 millis"
    )
    assert.deepStrictEqual(ran.splice(0), ["slow:a", "slow:b"])
    const rest = yield* Runtime.planBackfill(graph, { resume })
    assert.deepStrictEqual(runsOf(rest), ["slow c", "slow d"])
    const fiber = yield* Effect.forkChild(Runtime.backfill(graph, { resume }))
    yield* TestClock.adjust("10 seconds")
    const runs = yield* Fiber.join(fiber)
    assert.deepStrictEqual(ran, ["slow:c", "slow:d"])
    assert.deepStrictEqual(runs.map(({ tags }) => tags), [{ team: "x" }, { team: "x" }])
    assert.deepStrictEqual(
      (yield* eventsOf({ backfillId: resume, tags: ["BackfillStarted", "BackfillFinished"] })).map((event) =>
        event._tag === "BackfillFinished" ? event.status : event._tag
      ),
      ["BackfillStarted", "Cancelled", "BackfillStarted", "Succeeded"]
    )
    const error = yield* Effect.flip(Runtime.backfill(graph, { resume }))
    assert.strictEqual(error.message, `The backfill ${resume}: it has succeeded, and there is nothing left to do.`)
  })

  test("does not try again what was skipped, and skips what requires it", function*() {
    const { note, ran } = makeJournal()
    const up = Asset.make("up", {
      partitions: letters,
      compute: (_, context) =>
        Effect.sync(() => (note(context), context.partition === "a" ? Option.none() : Option.some(1)))
    })
    const down = Asset.make("down", {
      partitions: letters,
      inputs: { up },
      compute: (_, context) => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => (note(context), 1)))
    })
    const graph = Graph.make({ up, down })
    const options = { partitions: "all", partitionsPerRun: { up: "all", down: 1 }, maxRuns: 1 } as const
    const resume = yield* interrupted(Runtime.backfill(graph, options), "1 millis")
    assert.deepStrictEqual(ran.splice(0), ["up:a", "up:b", "up:c", "up:d"])
    const fiber = yield* Effect.forkChild(Runtime.backfill(graph, { resume }))
    yield* TestClock.adjust("10 seconds")
    const runs = yield* Fiber.join(fiber)
    assert.deepStrictEqual(ran, ["down:b", "down:c", "down:d"])
    assert.isTrue(statusesOf(runs).every((status) => status === "Succeeded"))
  })

  test("tries again what failed, and what a blocking check refused", function*() {
    const journal = makeJournal()
    const bad = new Set(["b"])
    let wanted = "d"
    const fails = failing(journal, bad)
    const up = Asset.make("up", { partitions: letters, compute: (_, context) => fails(context) })
    const down = journal.asset("down", letters, { up })
    const good = Check.make("good", { asset: up, blocking: true, check: (value) => Effect.succeed(value !== wanted) })
    const graph = Graph.make({ up, down, good })
    const runs = yield* Runtime.backfill(graph, { partitions: "all" })
    assert.deepStrictEqual(statusesOf(runs), ["Succeeded", "Failed", "Succeeded", "Failed"])
    journal.ran.length = 0
    bad.clear()
    wanted = ""
    const again = yield* Runtime.backfill(graph, { resume: yield* onlyBackfill, maxRuns: 1 })
    assert.deepStrictEqual(journal.ran, ["up:b", "down:b", "up:d", "down:d"])
    assert.deepStrictEqual(statusesOf(again), ["Succeeded", "Succeeded"])
  })

  test("computes again what its process stored and did not judge any more", function*() {
    const journal = makeJournal()
    const up = journal.asset("up", letters)
    const down = journal.asset("down", letters, { up })
    const good = Check.make("good", {
      asset: up,
      blocking: true,
      check: (value) => value === "a" ? Effect.succeed(true) : Effect.delay(Effect.succeed(true), "1 minute")
    })
    const warns = Check.make("warns", { asset: down, check: () => Effect.succeed(true) })
    const graph = Graph.make({ up, down, good, warns })
    const options = { partitions: ["a", "b"], partitionsPerRun: "all" } as const
    const resume = yield* interrupted(Runtime.backfill(graph, options), "1 second")
    assert.deepStrictEqual(journal.ran.splice(0), ["up:a", "up:b", "down:a"])
    assert.deepStrictEqual(runsOf(yield* Runtime.planBackfill(graph, { resume })), ["up+down b"])
    const unjudged = yield* Runtime.planBackfill(graph, { resume, checks: "none" })
    assert.deepStrictEqual(runsOf(unjudged), ["down b"])
  })

  test("after its process has died: its runs are ended, and it can be stopped again", function*() {
    const { ran, slow } = makeSlow()
    const graph = Graph.make({ slow })
    const log = yield* EventLog.EventLog
    // the process writes nothing any more
    let isDead = false
    const dying: EventLog.Service = {
      ...log,
      append: (events) => isDead ? Effect.interrupt : log.append(events)
    }
    const fiber = yield* Effect.forkChild(
      Effect.provideService(Runtime.backfill(graph, { partitions: "all", maxRuns: 1 }), EventLog.EventLog, dying)
    )
    yield* TestClock.adjust("1500 millis")
    isDead = true
    yield* Fiber.interrupt(fiber)
    const resume = yield* onlyBackfill
    assert.deepStrictEqual(statusesOf(yield* log.runs({})), ["Running", "Succeeded"])

    const resumed = yield* Effect.forkChild(Runtime.backfill(graph, { resume, maxRuns: 1 }))
    yield* TestClock.adjust("1500 millis")
    assert.deepStrictEqual(ran, ["slow:a", "slow:b"])
    assert.deepStrictEqual(statusesOf(yield* log.runs({})), ["Running", "Succeeded", "Cancelled", "Succeeded"])
    yield* Runtime.cancelBackfill(resume)
    assert.deepStrictEqual(statusesOf(yield* Fiber.join(resumed)), ["Succeeded"])
  })

  test("stops the process that began it, if that lives after all", function*() {
    const { held, slow } = makeSlow()
    const graph = Graph.make({ slow })
    const first = yield* Effect.forkChild(Runtime.backfill(graph, { partitions: "all", maxRuns: 1 }))
    yield* TestClock.adjust("500 millis")
    const second = yield* Effect.forkChild(Runtime.backfill(graph, { resume: yield* onlyBackfill }))
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(first)
    assert.strictEqual((yield* Fiber.join(second)).length, 4)
    assert.deepStrictEqual([...held], [])
    const ends = yield* eventsOf({ tags: ["BackfillFinished"] })
    assert.deepStrictEqual(ends.map((end) => end._tag === "BackfillFinished" && end.status), ["Cancelled", "Succeeded"])
  })

  test("with another graph computes what is still in it", function*() {
    const { asset, ran, slow } = makeSlow()
    const gone = asset("gone", undefined, { slow: Asset.partitions(slow) })
    const resume = yield* interrupted(
      Runtime.backfill(Graph.make({ slow, gone }), { partitions: "all", maxRuns: 1 }),
      "1500 millis"
    )
    ran.length = 0
    // a partition fewer, a new asset, and one that is there no more
    const fewer = asset("slow", Partitions.fixed(["a", "b", "c"]))
    const added = asset("added", undefined, { fewer: Asset.partitions(fewer) })
    yield* Runtime.backfill(Graph.make({ fewer, added }), { resume, maxRuns: 1 })
    assert.deepStrictEqual(ran, ["slow:b", "slow:c"])
  })

  test("with as many partitions in a run as before, or as are asked for now", function*() {
    const { slow } = makeSlow()
    const graph = Graph.make({ slow })
    const resume = yield* interrupted(
      Runtime.backfill(graph, { partitions: "all", partitionsPerRun: "all" }),
      "1 millis"
    )
    assert.deepStrictEqual(runsOf(yield* Runtime.planBackfill(graph, { resume })), ["slow a, b, c, d"])
    assert.deepStrictEqual(
      runsOf(yield* Runtime.planBackfill(graph, { resume, partitionsPerRun: 3 })),
      ["slow a, b, c", "slow d"]
    )
  })

  test("is not found where it is not", function*() {
    const error = yield* Effect.flip(Runtime.backfill(Graph.make({ a: asset("a", letters) }), { resume: "nothing" }))
    assert.strictEqual(error.message, "The backfill nothing: there is no such backfill in the event log.")
  })
})

describe("a large backfill", () => {
  const century = Partitions.daily({ start: "1900-01-01", end: "2000-01-01" })
  const range = { from: "1900-01-01", to: "1954-10-03" }

  it.live("of 20,000 runs is planned in a moment, whatever they wait for", () =>
    Effect.gen(function*() {
      const a = asset("a", century)
      const b = asset("b", century, { a: Asset.optional(Asset.partition(a, before)) })
      const c = asset("c", century, { a: Asset.partitions(a, { mapping: PartitionMapping.all }) })
      const d = Asset.make("d", {
        partitions: century,
        schema: Schema.Number,
        inputs: { before: Asset.previous(Schema.Number), a },
        compute: () => Effect.succeed(1)
      })
      const started = performance.now()
      const plan = yield* Runtime.planBackfill(Graph.make({ a, b, c, d }), { partitions: range })
      const millis = performance.now() - started
      assert.isBelow(millis, 5000)
      assert.strictEqual(plan.assets[0]!.count, 19999)
      assert.isAtLeast(plan.runs.length, 2 * 19999)
      // the runs are not listed for each run that comes after all of them: that would be 400 million
      assert.strictEqual(plan.runs.at(-1)!.after.length >= 19999, true)
    }).pipe(Effect.provide(inMemory)))

  it.live("of a million partitions takes no work for each of them", () =>
    Effect.gen(function*() {
      const hours = Partitions.hourly({ start: "1900-01-01", end: "2020-01-01" })
      const a = asset("a", hours)
      const b = asset("b", hours, { a: Asset.optional(Asset.partition(a, before)) })
      const plan = () => Runtime.planBackfill(Graph.make({ a, b }), { partitions: "all", partitionsPerRun: 8760 })
      assert.strictEqual((yield* plan()).assets[0]!.count, 1_051_896)
      const started = performance.now()
      const { runs } = yield* plan()
      assert.isBelow(performance.now() - started, 500)
      assert.strictEqual(runs.length, 242)
      assert.deepStrictEqual(runs[125]!.after, [3, 4])
    }).pipe(Effect.provide(inMemory)))

  test("of 1,000 runs one after the other needs no stack", function*() {
    const total = Asset.make("total", {
      partitions: century,
      schema: Schema.Number,
      inputs: { before: Asset.previous(Schema.Number) },
      compute: ({ before }) => Effect.succeed(Option.getOrElse(before, () => 0) + 1)
    })
    const runs = yield* Runtime.backfill(Graph.make({ total }), {
      partitions: { from: "1900-01-01", to: "1902-09-27" }
    })
    assert.strictEqual(runs.length, 1000)
    assert.strictEqual(yield* Runtime.load(total, { partition: "1902-09-27" }), 1000)
  })
})
