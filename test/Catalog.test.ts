import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Option, Schema } from "effect"
import {
  Asset,
  Catalog,
  Check,
  EventLog,
  Freshness,
  Graph,
  IOManager,
  Partitions,
  PartitionSubset,
  Runtime
} from "effect-assets"
import { TestClock } from "effect/testing"
import { materialized } from "./fixtures/events.ts"

const tested = <A, E>(
  name: string,
  effect: () => Effect.Effect<A, E, EventLog.EventLog | Partitions.DynamicKeys | IOManager.IOManager>
) => it.effect(name, () => Effect.provide(effect(), [EventLog.layerMemory, IOManager.layerMemory]))

const append = (...events: ReadonlyArray<EventLog.Event>) =>
  Effect.flatMap(EventLog.EventLog, (log) => log.append(events))

const started = (
  runId: string,
  keys: ReadonlyArray<string>,
  partitions?: Readonly<Record<string, ReadonlyArray<string>>>
): EventLog.Event => ({
  _tag: "RunStarted",
  runId,
  timestamp: 0,
  keys,
  tags: {},
  ...(partitions !== undefined && {
    partitions: Object.fromEntries(
      Object.entries(partitions).map(([key, keys]) => [key, { _tag: "Keys" as const, keys }])
    )
  })
})

const finished = (runId: string, status: EventLog.RunStatus = "Succeeded"): EventLog.Event => ({
  _tag: "RunFinished",
  runId,
  timestamp: 9,
  status,
  durationMillis: 9
})

const failed = (runId: string, key: string, partition?: string): EventLog.Event => ({
  _tag: "AssetFailed",
  runId,
  timestamp: 5,
  key,
  ...(partition !== undefined && { partition }),
  error: { tag: "Error", message: "no", cause: "no" },
  durationMillis: 1,
  attempts: 1,
  steps: []
})

const skipped = (runId: string, key: string): EventLog.Event => ({
  _tag: "AssetSkipped",
  runId,
  timestamp: 5,
  key,
  reason: { _tag: "NoOutput" }
})

const evaluated = (
  runId: string,
  key: string,
  status: EventLog.CheckEvaluated["status"],
  more: Partial<EventLog.CheckEvaluated> = {}
): EventLog.CheckEvaluated => ({
  _tag: "CheckEvaluated",
  runId,
  timestamp: 6,
  key,
  check: "check",
  status,
  severity: "error",
  blocking: false,
  metadata: {},
  durationMillis: 0,
  ...more
})

const keysOf = (subset: PartitionSubset.Any) => [...PartitionSubset.keys(subset)].join()

describe("materializations", () => {
  tested(
    "the latest, of an asset or by its key, and none of what was never materialized",
    () =>
      Effect.gen(function*() {
        const a = Asset.make("a", {
          codeVersion: "1",
          compute: () => Effect.succeed(Asset.output(1, { metadata: { n: 1 } }))
        })
        assert.isTrue(Option.isNone(yield* Catalog.latest(a)))
        const run = yield* Runtime.materialize(Graph.make({ a }))
        const latest = Option.getOrThrow(yield* Catalog.latest("a"))
        assert.deepStrictEqual(yield* Catalog.latest(a), Option.some(latest))
        assert.strictEqual(latest.runId, run.id)
        assert.strictEqual(latest.codeVersion, "1")
        assert.strictEqual(latest.metadata.n, 1)
      })
  )

  const range = { _tag: "Keys" as const, keys: ["x", "y", "z"] }
  const ranged: EventLog.Event = {
    ...materialized("two", "a", "v2"),
    partitions: range,
    metadata: { rows: 10, by: "range" },
    byPartition: { y: { dataVersion: "v2y", inputVersions: { up: "7" }, metadata: { rows: 3 } } }
  }

  tested("of one partition of a range: the entry of that partition", () =>
    Effect.gen(function*() {
      yield* append({ ...materialized("one", "a", "v1"), partition: "x" }, ranged)
      const of = (partition: string) => Effect.map(Catalog.latest("a", { partition }), Option.getOrUndefined)
      const x = yield* of("x")
      assert.deepStrictEqual([x?.dataVersion, x?.partition, x?.metadata], ["v2", "x", { rows: 10, by: "range" }])
      const y = yield* of("y")
      assert.deepStrictEqual([y?.dataVersion, y?.partition, y?.metadata], ["v2y", "y", { rows: 3, by: "range" }])
      assert.deepStrictEqual(y?.inputVersions, { up: "7" })
      assert.strictEqual(yield* of("w"), undefined)
      assert.deepStrictEqual((yield* Catalog.history("a", { partition: "x" })).map((of) => of.dataVersion), [
        "v2",
        "v1"
      ])
    }))

  tested("history is read in pages, the newest first", () =>
    Effect.gen(function*() {
      yield* append(...Array.from({ length: 250 }, (_, at) => materialized(`run ${at}`, "a")))
      yield* append(materialized("other", "b"))
      const pages: Array<number> = []
      const seen: Array<string> = []
      let before: number | undefined
      while (true) {
        const page: ReadonlyArray<Catalog.Materialization> = yield* Catalog.history("a", { before })
        if (page.length === 0) break
        pages.push(page.length)
        seen.push(...page.map((of) => of.runId))
        before = page.at(-1)?.cursor
      }
      assert.deepStrictEqual(pages, [100, 100, 50])
      assert.deepStrictEqual(seen, Array.from({ length: 250 }, (_, at) => `run ${249 - at}`))
    }))

  tested("series are the numbers under a label, the oldest first", () =>
    Effect.gen(function*() {
      yield* append(
        { ...materialized("one", "a"), timestamp: 1, metadata: { rows: 1, text: "1" } },
        { ...materialized("none", "a"), timestamp: 2, metadata: {} },
        { _tag: "AssetObserved", timestamp: 3, key: "a", dataVersion: "x", metadata: { rows: 4 } },
        ranged
      )
      const values = (options?: Catalog.HistoryOptions) =>
        Effect.map(Catalog.series("a", "rows", options), (points) => points.map((of) => [of.value, of.partition]))
      assert.deepStrictEqual(yield* values(), [[1, undefined], [4, undefined], [3, "y"]])
      assert.deepStrictEqual(yield* values({ partition: "z" }), [[10, "z"]])
      assert.deepStrictEqual(yield* values({ limit: 2 }), [[4, undefined], [3, "y"]])
      assert.deepStrictEqual(yield* Catalog.series("a", "text"), [])
      assert.deepStrictEqual(yield* Catalog.series("a", "toString"), [])
    }))
})

describe("observations", () => {
  class Warehouse extends Context.Service<Warehouse, { readonly etag: string }>()("test/Warehouse") {}
  class Down extends Schema.TaggedError<Down>()("Down", {}) {}

  tested("record what the definition sees, by the Clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1234)
      const table = Asset.external("table", {
        observe: Effect.map(Warehouse, ({ etag }) => Asset.output(etag, { metadata: { rows: 2 } }))
      })
      const event = yield* Effect.provideService(Catalog.observe(table), Warehouse, { etag: "e1" })
      assert.deepStrictEqual(event, {
        _tag: "AssetObserved",
        timestamp: 1234,
        key: "table",
        dataVersion: "e1",
        metadata: { rows: 2 }
      })
      assert.deepStrictEqual((yield* Catalog.observations(table)).map((of) => of.dataVersion), ["e1"])
    }))

  tested("fail as the definition's program does, and record nothing", () =>
    Effect.gen(function*() {
      const table = Asset.external("table", { observe: Effect.fail(new Down()) })
      const error: Down | Catalog.NotObservableError | EventLog.EventLogError = yield* Effect.flip(
        Catalog.observe(table)
      )
      assert.strictEqual(error._tag, "Down")
      assert.deepStrictEqual(yield* Catalog.observations("table"), [])
    }))

  it.effect.each([
    { asset: Asset.external("a"), message: `"a" cannot be observed: its definition has no observe.` },
    { asset: Asset.make("a", Effect.succeed(1)), message: `"a" cannot be observed: it is computed here, not observed.` }
  ])("are refused: $message", ({ asset, message }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Catalog.observe(asset as Asset.Any))
      assert.isTrue(error instanceof Catalog.NotObservableError && error.message === message)
    }).pipe(Effect.provide([EventLog.layerMemory, IOManager.layerMemory])) as Effect.Effect<void>)
})

describe("reported materializations", () => {
  const up = Asset.external("up")
  const parts = Asset.external("parts", { partitions: Partitions.fixed(["x", "y"]) })
  const a = Asset.make("a", { codeVersion: "1", deps: [up, parts], compute: () => Effect.void })

  tested("are fresh until the data or the code changes", () =>
    Effect.gen(function*() {
      const graph = Graph.make({ up, parts, a })
      const tag = Effect.map(Catalog.staleness(graph), (all) => all.a._tag)
      yield* Catalog.observe("up", { dataVersion: "1" })
      yield* Catalog.observe("parts", { partition: "x", dataVersion: "1" })
      const runId = yield* Catalog.reportMaterialization(a, { metadata: { rows: 3 }, tags: { by: "hand" } })
      assert.strictEqual(yield* tag, "Fresh")
      const run = Option.getOrThrow(yield* Catalog.run(runId))
      assert.deepStrictEqual([run.status, run.tags, run.outcomes.length], ["Succeeded", { by: "hand" }, 1])
      yield* Catalog.observe("parts", { partition: "y", dataVersion: "1" })
      assert.strictEqual(yield* tag, "Stale")
      yield* Catalog.reportMaterialization(a)
      assert.strictEqual(yield* tag, "Fresh")
      yield* Catalog.observe("up", { dataVersion: "2" })
      assert.strictEqual(yield* tag, "Stale")
    }))

  const parted = Asset.make("parted", {
    partitions: Partitions.fixed(["x", "y"]),
    deps: [parts],
    compute: () => Effect.void
  })
  tested("are about a partition that there is", () =>
    Effect.gen(function*() {
      const problem = (asset: Asset.Any, partition?: string) =>
        Effect.map(Effect.flip(Catalog.reportMaterialization(asset, { partition })), (error) => error.message)
      assert.match(yield* problem(parted), /it has partitions; say which one/)
      assert.match(yield* problem(parted, "z"), /there is no partition "z"/)
      assert.match(yield* problem(a, "x"), /it has no partitions/)
      assert.match(yield* problem(up), /it is external/)
      yield* Catalog.observe("parts", { partition: "x", dataVersion: "1" })
      yield* Catalog.reportMaterialization(parted, { partition: "x" })
      const all = Effect.map(Catalog.staleness(Graph.make({ parts, parted })), ({ parted }) =>
        parted._tag === "Partitioned"
          ? [parted.fresh, parted.stale, parted.missing].map(keysOf)
          : [])
      assert.deepStrictEqual(yield* all, ["x", "", "y"])
      yield* Catalog.observe("parts", { partition: "x", dataVersion: "2" })
      assert.deepStrictEqual(yield* all, ["", "x", "y"])
    }))
})

describe("runs", () => {
  tested("are listed, the newest first, in pages, and looked at one by one", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.fail("no"))
      const b = Asset.make("b", { deps: [a], compute: () => Effect.void })
      const c = Asset.make("c", Effect.succeed(1))
      const graph = Graph.make({ a, b, c })
      const first = yield* Runtime.run(graph, { tags: { by: "test" } })
      const second = yield* Runtime.run(graph, { select: ["c"] })
      const [newest, ...rest] = yield* Catalog.runs({ limit: 1 })
      assert.deepStrictEqual([newest?.id, rest.length], [second.id, 0])
      const older = yield* Catalog.runs({ before: newest?.cursor })
      assert.deepStrictEqual(older.map((run) => [run.id, run.status, run.tags]), [[first.id, "Failed", { by: "test" }]])

      const detail = Option.getOrThrow(yield* Catalog.run(first.id))
      assert.deepStrictEqual(
        detail.outcomes.map((of) => [of.key, of._tag]).sort(),
        [["a", "AssetFailed"], ["b", "AssetUpstreamFailed"], ["c", "AssetMaterialized"]]
      )
      const failure = detail.outcomes.find((of) => of._tag === "AssetFailed")
      assert.strictEqual(failure?.error.message, "no")
      assert.deepStrictEqual(detail.withoutOutcome, [])
      assert.isTrue(Option.isNone(yield* Catalog.run("unknown")))
    }))

  tested("that go on tell what is still to do", () =>
    Effect.gen(function*() {
      yield* append(started("now", ["a", "b"]), materialized("now", "a"))
      const detail = Option.getOrThrow(yield* Catalog.run("now"))
      assert.deepStrictEqual([detail.status, detail.withoutOutcome], ["Running", ["b"]])
    }))
})

describe("partitions", () => {
  const letters = Partitions.fixed(["a", "b", "c", "d", "e"])
  const asset = Asset.external("asset", { partitions: letters })

  tested("tell what is there, what failed, and what is being computed", () =>
    Effect.gen(function*() {
      yield* append(
        { ...materialized("one", "asset"), partitions: { _tag: "Keys", keys: ["a", "b"] } },
        failed("one", "asset", "c"),
        failed("one", "asset", "b"),
        failed("one", "asset", "a"),
        // a failure that has been made good, and a key that is gone
        { ...materialized("two", "asset"), partition: "a" },
        { ...materialized("two", "asset"), partition: "gone" },
        started("now", ["asset"], { asset: ["c", "d", "e"] }),
        { ...materialized("now", "asset"), partition: "d" }
      )
      const status = yield* Catalog.partitions(asset)
      // the list of assets counts the same ones
      const listed = (yield* Catalog.status(Graph.make({ asset }))).asset
      assert.strictEqual(keysOf(listed.failed!), "b,c")
      assert.deepStrictEqual(
        Object.fromEntries(Object.entries(status).map(([name, of]) => [name, keysOf(of as PartitionSubset.Any)])),
        { all: "a,b,c,d,e", materialized: "a,b,d", missing: "c,e", failed: "b,c", inProgress: "c,e" }
      )
    }))

  tested("of a dynamic set are those that it has now", () =>
    Effect.gen(function*() {
      const customers = Partitions.dynamic("customers")
      const dynamic = Asset.external("dynamic", { partitions: customers })
      const keys = yield* Partitions.DynamicKeys
      yield* keys.add("customers", ["x", "y"])
      yield* Catalog.observe("dynamic", { partition: "x", dataVersion: "1" })
      const status: Catalog.PartitionStatus = yield* Catalog.partitions(dynamic)
      assert.deepStrictEqual([keysOf(status.materialized), keysOf(status.missing)], ["x", "y"])
      yield* keys.remove("customers", ["x"])
      assert.strictEqual(keysOf((yield* Catalog.partitions(dynamic)).all), "y")
    }))

  tested("of an asset that has none are an error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Catalog.partitions(Asset.external("whole")))
      assert.strictEqual(error.message, `"whole" has no partitions.`)
    }))
})

describe("checks", () => {
  const asset = Asset.make("asset", { schema: Schema.Number, compute: () => Effect.succeed(1) })
  const check = Check.make("check", { asset, check: (n) => Effect.succeed(n > 0) })
  const graph = Graph.make({ asset, check })
  const statuses = (of: Graph.Any | string) =>
    Effect.map(
      Catalog.checks(of),
      (all) => all.map((of) => of.partition === undefined ? of.status : `${of.partition} ${of.status}`)
    )

  tested("CHK03: an evaluation judges the materialization of an earlier run", () =>
    Effect.gen(function*() {
      const first = yield* Runtime.run(Graph.make({ asset }))
      assert.deepStrictEqual(yield* statuses(graph), ["NotEvaluated"])
      yield* append(evaluated("later", "asset", "Passed", {
        target: { runId: first.id, dataVersion: first.id, timestamp: first.startedAt }
      }))
      const [found] = yield* Catalog.checks(graph)
      assert.deepStrictEqual([found?.status, found?.evaluation?.target?.runId], ["Passed", first.id])
      // what it judged is not what is stored any more
      yield* Runtime.run(Graph.make({ asset }))
      assert.deepStrictEqual(yield* statuses(graph), ["NotEvaluated"])
      assert.deepStrictEqual(yield* statuses("asset"), ["NotEvaluated"])
    }))

  tested("an evaluation that came late judges the older materialization", () =>
    Effect.gen(function*() {
      yield* append(
        materialized("one", "asset"),
        materialized("two", "asset"),
        evaluated("one", "asset", "Passed", { target: { runId: "one", dataVersion: "one", timestamp: 1 } })
      )
      assert.deepStrictEqual(yield* statuses(graph), ["NotEvaluated"])
    }))

  tested("of a run are evaluated together with the asset", () =>
    Effect.gen(function*() {
      yield* Runtime.run(graph)
      assert.deepStrictEqual(yield* statuses(graph), ["Passed"])
      // what the graph does not have is left out
      assert.deepStrictEqual(yield* statuses(Graph.make({ asset })), [])
      assert.deepStrictEqual(yield* statuses("asset"), ["Passed"])
    }))

  tested("CHK20: of partitions: passed, failed, in progress, nothing", () =>
    Effect.gen(function*() {
      yield* append(
        ...["a", "b", "c", "d"].map((partition) => ({ ...materialized("one", "asset"), partition })),
        evaluated("one", "asset", "Passed", {
          partition: "a",
          target: { runId: "one", dataVersion: "one", timestamp: 1 }
        }),
        evaluated("one", "asset", "Failed", {
          partition: "b",
          target: { runId: "one", dataVersion: "one", timestamp: 1 }
        }),
        finished("one", "Failed"),
        started("now", ["asset"], { asset: ["c"] })
      )
      assert.deepStrictEqual(yield* statuses("asset"), ["b Failed", "a Passed", "c InProgress"])
      // once the run has begun with a partition that was judged before, that is not what counts
      yield* append(started("again", ["asset"], { asset: ["a"] }))
      assert.deepStrictEqual(yield* statuses("asset"), ["b Failed", "a InProgress", "c InProgress"])
    }))

  const cases: ReadonlyArray<readonly [string, ReadonlyArray<EventLog.Event>, ReadonlyArray<string>]> = [
    ["never", [], ["NotEvaluated"]],
    ["a run is to evaluate it", [started("now", ["asset"])], ["InProgress"]],
    [
      "CHK21: a run was to evaluate it, and failed",
      [started("one", ["asset"]), failed("one", "asset"), finished("one", "Failed")],
      ["ExecutionFailed"]
    ],
    [
      "CHK21: a run was to evaluate it, and succeeded without: the asset was skipped",
      [started("one", ["asset"]), skipped("one", "asset"), finished("one")],
      ["Skipped"]
    ],
    [
      "the asset failed after it was judged: what is stored has been judged",
      [materialized("one", "asset"), evaluated("one", "asset", "Passed"), finished("one"), failed("two", "asset")],
      ["Passed"]
    ],
    [
      "a run that goes on has evaluated it",
      [started("now", ["asset"]), materialized("now", "asset"), evaluated("now", "asset", "Passed")],
      ["Passed"]
    ],
    ["the check itself broke", [materialized("one", "asset"), evaluated("one", "asset", "Errored")], ["Errored"]],
    ["CHK02: nothing was there to judge", [evaluated("one", "asset", "Failed")], ["Failed"]]
  ]
  it.effect.each(cases)("of a graph: %s", ([_, events, expected]) =>
    Effect.gen(function*() {
      yield* append(...events)
      assert.deepStrictEqual(yield* statuses(graph), expected)
    }).pipe(Effect.provide(EventLog.layerMemory)))
})

describe("freshness", () => {
  const policy = Freshness.window({ fail: "24 hours", warn: "12 hours" })
  const asset = Asset.make("asset", { freshness: policy, compute: () => Effect.void })
  const parted = Asset.external("parted", { freshness: policy, partitions: Partitions.fixed(["x", "y"]) })
  const graph = Graph.make({ asset, parted, plain: Asset.external("plain") })
  const tags = Effect.map(Catalog.freshness(graph), (all) => [all.asset._tag, all.parted._tag, all.plain._tag])

  tested("FRE01: goes by the Clock, and by the newest partition", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      assert.deepStrictEqual(yield* tags, ["Unknown", "Unknown", "NoPolicy"])
      yield* Runtime.run(graph)
      yield* Catalog.observe("parted", { partition: "x", dataVersion: "1" })
      assert.deepStrictEqual(yield* tags, ["Fresh", "Fresh", "NoPolicy"])
      yield* TestClock.adjust("13 hours")
      yield* Catalog.observe("parted", { partition: "y", dataVersion: "1" })
      assert.deepStrictEqual(yield* tags, ["Warning", "Fresh", "NoPolicy"])
      yield* TestClock.adjust("12 hours")
      assert.deepStrictEqual(yield* tags, ["Overdue", "Warning", "NoPolicy"])
    }))
})

describe("an overview", () => {
  tested(
    "tells everything of each asset, in a number of queries that does not depend on them",
    () =>
      Effect.gen(function*() {
        const source = Asset.external("source", { freshness: Freshness.window({ fail: "1 hour" }) })
        const good = Asset.make("good", { deps: [source], schema: Schema.Number, compute: () => Effect.succeed(1) })
        let fails = false
        const bad = Asset.make("bad", Effect.suspend(() => fails ? Effect.fail("no") : Effect.void))
        const never = Asset.make("never", Effect.void)
        const check = Check.make("check", { asset: good, check: () => Effect.succeed(false), severity: "warn" })
        const graph = Graph.make({ source, good, bad, never, check })
        yield* Catalog.observe("source", { dataVersion: "1" })
        const first = yield* Runtime.run(graph, { select: ["good", "bad"] })
        fails = true
        yield* Runtime.run(graph, { select: ["bad"] })
        yield* Catalog.observe("source", { dataVersion: "2" })
        yield* append(started("now", ["never", "good"]))

        const log = yield* EventLog.EventLog
        let queries = 0
        const counting = new Proxy(log, {
          get: (target, name: keyof EventLog.Service) => {
            queries++
            return target[name]
          }
        })
        const all = yield* Effect.provideService(Catalog.status(graph), EventLog.EventLog, counting)
        assert.strictEqual(queries, 4)
        const brief = Object.values(all).map((of) => [
          of.key,
          of.outcome,
          of.staleness._tag,
          of.freshness._tag,
          of.running,
          of.checks.map((check) => check.status)
        ])
        assert.deepStrictEqual(brief.sort((a, b) => String(a[0]).localeCompare(String(b[0]))), [
          ["bad", "Failed", "Fresh", "NoPolicy", [], []],
          ["good", "Materialized", "Stale", "NoPolicy", ["now"], ["InProgress"]],
          ["never", undefined, "Missing", "NoPolicy", ["now"], []],
          ["source", "Observed", "Fresh", "Fresh", [], []]
        ])
        assert.strictEqual(all.bad.last?.runId, first.id)
      })
  )

  tested("of what is selected, with root causes further upstream", () =>
    Effect.gen(function*() {
      const policy = Freshness.window({ fail: "1 hour" })
      const build = (codeVersion: string) => {
        const first = Asset.make("first", Effect.succeed(1))
        const second = Asset.make("second", { deps: [first], codeVersion, compute: () => Effect.succeed(1) })
        const third = Asset.make("third", { deps: [second], freshness: policy, compute: () => Effect.succeed(1) })
        const other = Asset.make("other", { freshness: policy, compute: () => Effect.succeed(1) })
        const ok = Check.make("ok", { asset: third, check: Effect.succeed(true) })
        const no = Check.make("no", { asset: other, check: Effect.succeed(false), severity: "warn" })
        return Graph.make({ first, second, third, other, ok, no })
      }
      yield* Runtime.run(build("1"))
      yield* Runtime.run(build("2"), { select: ["second"] })
      const graph = build("3")
      const status = yield* Catalog.status(graph, { select: ["third"] })
      assert.deepStrictEqual(Object.keys(status), ["third"])
      const staleness = status.third?.staleness
      assert.deepStrictEqual(staleness?._tag === "Stale" ? staleness.rootCauses.map(({ key }) => key) : [], ["second"])
      // the same as in the whole
      assert.deepStrictEqual(status.third, (yield* Catalog.status(graph)).third)
      assert.deepStrictEqual(Object.keys(yield* Catalog.freshness(graph, { select: "third or second" })).sort(), [
        "second",
        "third"
      ])
      const checks = yield* Catalog.checks(graph, { select: "key:third or key:first" })
      assert.deepStrictEqual(checks.map(({ check, key, status }) => [key, check, status]), [["third", "ok", "Passed"]])
      const errors = [
        // @ts-expect-error there is no such key
        yield* Effect.flip(Catalog.status(graph, { select: ["thrid"] })),
        yield* Effect.flip(Catalog.freshness(graph, { select: "thrid" })),
        yield* Effect.flip(Catalog.checks(graph, { select: "thrid" })),
        yield* Effect.flip(Catalog.checks(graph, { select: "(" }))
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), [
        "UnknownAssetError",
        "UnknownAssetError",
        "UnknownAssetError",
        "SelectionError"
      ])
    }))
})
