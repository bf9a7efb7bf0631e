import { assert, describe } from "@effect/vitest"
import { Effect, Option, Redacted, Schema } from "effect"
import { Asset, Check, Freshness, Graph, IOManager, Partitions, Runtime } from "effect-assets"
import { Model } from "effect-assets/server"
import { elsewhere, storages, testOf } from "../fixtures/deployment.ts"

const day = 86_400_000
const days = Partitions.daily({ start: "1970-01-01", end: "1970-01-11" })

const prices = Asset.external("raw/prices", {
  description: "Prices of the exchange. They come each morning.",
  freshness: Freshness.window({ fail: "1 day", warn: "12 hours" }),
  observe: Effect.succeed(Asset.output("v1", { metadata: { rows: 3 } })),
  group: "raw"
})
const orders = Asset.make("shop/orders", {
  partitions: days,
  group: "shop/daily",
  compute: (_, { partition }) =>
    Effect.succeed(Asset.output([1, 2], { metadata: { rows: Number(partition.key.slice(-2)) } }))
})
const Settings = Schema.Struct({
  limit: Schema.Int.annotate({ description: "How many" }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(7))),
  label: Schema.String
})
const report = Asset.make("shop/report", {
  description: "**What** was sold",
  kinds: ["csv"],
  owners: ["team:shop"],
  tags: { tier: "1" },
  metadata: { docs: new URL("https://example.com/") },
  inputs: { orders: Asset.partitions(orders), prices: Asset.optional(prices) },
  schema: Schema.Struct({ total: Schema.Number, at: Schema.Date }),
  config: Settings,
  codeVersion: "2",
  pool: "db",
  timeout: "5 seconds",
  freshness: Freshness.cron({ deadline: "0 9 * * *", lowerBound: "2 hours", timeZone: "Europe/Berlin" }),
  checks: { cheap: { severity: "warn", description: "It costs little" } },
  *compute({ orders }, { config }) {
    return Asset.output({ total: orders.size + config.limit, at: new Date(0) }, {
      metadata: { total: orders.size, text: "no number" },
      checks: { cheap: false }
    })
  }
})
const range = Asset.multi("range", {
  outputs: { smallest: {}, largest: {} },
  deps: [report],
  compute: () => Effect.succeed({ smallest: 1, largest: 2 })
})
const broken = Asset.make("broken", { deps: [report], compute: () => Effect.fail(new Error("no data")) })
const after = Asset.make("after", { deps: [broken], compute: () => Effect.void })
const unasked = Asset.make("unasked", Effect.succeed(Option.none<string>()))
const positive = Check.make("positive", {
  asset: report,
  blocking: true,
  check: (value) => Effect.succeed(value.total > 0)
})
const graph = Graph.make({ prices, orders, report, range, broken, after, unasked, positive })

const config = { "shop/report": { label: "x" } }

describe("lists of assets", () => {
  const test = testOf({ graph })

  test("have each asset with its state, in topological order", function*(operations) {
    const { items, next } = yield* operations.assets({})
    assert.deepStrictEqual(items.map(({ key }) => key).toSorted(), Graph.keys(graph).toSorted())
    assert.deepStrictEqual(items.map(({ key }) => key), Graph.keys(graph))
    assert.strictEqual(next, undefined)
    const shown = items.find(({ key }) => key === "raw/prices")!
    assert.strictEqual(shown.summary, "Prices of the exchange.")
    assert.isTrue(shown.external && shown.observable)
    assert.deepStrictEqual(shown.status.freshness, { status: "Unknown" })
    assert.strictEqual(items.find(({ key }) => key === "smallest")!.multi, "range")
  })

  test("are read in pages, and each asset is on one of them", function*(operations) {
    const keys: Array<string> = []
    let after: number | undefined
    do {
      const page = yield* operations.assets({ limit: 2, after })
      assert.isAtMost(page.items.length, 2)
      keys.push(...page.items.map(({ key }) => key))
      after = page.next
    } while (after !== undefined)
    assert.deepStrictEqual(keys, Graph.keys(graph))
  })

  test("are filtered by selection, text and state", function*(operations) {
    const keysOf = (filter: Parameters<typeof operations.assets>[0]) =>
      Effect.map(operations.assets(filter), ({ items }) => items.map(({ key }) => key))
    assert.deepStrictEqual(yield* keysOf({ select: "shop/report+1" }), [
      "shop/report",
      ...Graph.keys(graph).filter((key) => ["smallest", "largest", "broken"].includes(key))
    ])
    assert.deepStrictEqual(yield* keysOf({ search: "ORDERS" }), ["shop/orders"])
    assert.deepStrictEqual(yield* keysOf({ status: "External" }), ["raw/prices"])
    assert.deepStrictEqual(yield* keysOf({ status: "Missing", search: "shop/" }), ["shop/orders", "shop/report"])
    yield* operations.observe("raw/prices")
    assert.deepStrictEqual(yield* keysOf({ status: "Fresh" }), ["raw/prices"])
  })

  test("of a selection that cannot be read say where", function*(operations) {
    const error = yield* Effect.flip(operations.assets({ select: "shop/report and" }))
    assert.deepInclude(error, { _tag: "Invalid", code: "SelectionError", offset: 15 })
    const unknown = yield* Effect.flip(operations.assets({ select: "shop/reports" }))
    assert.deepInclude(unknown, { _tag: "NotFound", what: "asset", suggestions: ["shop/report"] })
  })

  test("tell the keys of a selection", function*(operations) {
    assert.deepStrictEqual(yield* operations.select("group:raw"), { select: "group:raw", keys: ["raw/prices"] })
    assert.strictEqual((yield* Effect.flip(operations.select("(")))._tag, "Invalid")
  })
})

describe("the graph", () => {
  const test = testOf({ graph })

  test("has edges by place, and tells inputs from dependencies", function*(operations) {
    const { assets, edges, generation } = yield* operations.graph
    assert.strictEqual(generation, 1)
    const keyed = edges.map(([from, to, kind]) => [assets[from]!.key, assets[to]!.key, kind].join(" ")).toSorted()
    assert.deepStrictEqual(keyed, [
      "broken after dep",
      "raw/prices shop/report input",
      "shop/orders shop/report input",
      "shop/report broken dep",
      "shop/report largest dep",
      "shop/report smallest dep"
    ])
    assert.strictEqual((yield* operations.graph).assets, assets)
  })

  test("is told with its groups and counts", function*(operations) {
    const { assets, checks, cursor, groups, loading, module } = yield* operations.deployment
    assert.deepStrictEqual([assets, checks, cursor, loading, module], [8, 2, 0, false, "definitions.ts"])
    assert.deepStrictEqual(groups, [{ name: "raw", assets: 1 }, { name: "shop/daily", assets: 1 }])
    yield* operations.observe("raw/prices")
    assert.strictEqual((yield* operations.deployment).cursor, 1)
    const again = yield* operations.reload
    assert.strictEqual(again.generation, 2)
  })
})

describe("one asset", () => {
  const test = testOf({ graph })

  test("is told with what its definition says", function*(operations) {
    const detail = yield* operations.asset("shop/report")
    assert.deepInclude(detail, {
      name: "report",
      description: "**What** was sold",
      metadata: { docs: { _tag: "Url", url: "https://example.com/" } },
      codeVersion: "2",
      ioManager: "effect-assets/IOManager",
      pool: "db",
      timeoutMillis: 5_000,
      retries: false,
      checks: 2,
      configName: "shop/report",
      upstream: ["shop/orders", "raw/prices"],
      siblings: []
    })
    assert.match(detail.freshnessPolicy ?? "", /"0 9 \* \* \*" \(Europe\/Berlin\), materialized at most 2 hours before/)
    assert.deepStrictEqual(detail.inputs, [
      { name: "orders", key: "shop/orders", mode: "value", mapping: "all partitions, as a map by key" },
      { name: "prices", key: "raw/prices", mode: "optional" }
    ])
    assert.sameMembers([...detail.downstream], ["smallest", "largest", "broken"])
    assert.deepStrictEqual((yield* operations.asset("smallest")).siblings, ["largest"])
    assert.strictEqual(
      (yield* operations.asset("shop/orders")).partitionsDefinition,
      "days from 1970-01-01 until 1970-01-11 (UTC)"
    )
  })

  test("has the JSON Schema of its value and configuration, with defaults", function*(operations) {
    const { configSchema, valueSchema } = yield* operations.asset("shop/report")
    assert.deepNestedInclude(valueSchema as object, { "properties.at.type": "string" })
    assert.deepNestedInclude(configSchema as object, {
      "properties.limit.description": "How many",
      "properties.limit.default": 7,
      "properties.label.type": "string",
      "required[0]": "label"
    })
  })

  test("that is not there is not found, and what is like it is", function*(operations) {
    const error = yield* Effect.flip(operations.asset("shop/reprot"))
    assert.deepInclude(error, { _tag: "NotFound", what: "asset", id: "shop/reprot", suggestions: ["shop/report"] })
    assert.include(error.message, "Did you mean \"shop/report\"?")
    for (const key of ["constructor", "__proto__", "", "../..", "<script>"]) {
      assert.strictEqual((yield* Effect.flip(operations.asset(key)))._tag, "NotFound")
      assert.strictEqual((yield* Effect.flip(operations.history({ key })))._tag, "NotFound")
      assert.strictEqual((yield* Effect.flip(operations.wipe([key])))._tag, "NotFound")
    }
  })
})

describe("schemas without a JSON form", () => {
  const secret = Asset.make("secret", {
    config: Schema.Struct({
      token: Schema.Redacted(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed(Redacted.make("hidden"))))
    }),
    schema: Schema.declare((u): u is () => void => typeof u === "function"),
    compute: () => Effect.succeed(() => undefined)
  })
  testOf({ graph: Graph.make({ secret }) })(
    "do not fail the page, and a secret default is not told",
    function*(operations) {
      const detail = yield* operations.asset("secret")
      assert.notInclude(JSON.stringify(detail), "hidden")
      assert.isTrue(detail.hasConfig)
    }
  )
})

for (const [name, layer] of Object.entries(storages)) {
  describe(`history in ${name}`, () => {
    const test = testOf({ graph, layer, now: 20 * day })

    test("tells the newest first, in pages, and why something was not computed", function*(operations) {
      for (const label of ["a", "b"]) {
        yield* elsewhere(Runtime.run(graph, {
          select: ["shop/report", "broken", "after"],
          config: { "shop/report": { label } }
        }))
      }
      const page = yield* operations.history({ key: "after", limit: 1 })
      assert.lengthOf(page.items, 1)
      assert.deepInclude(page.items[0], {
        outcome: "UpstreamFailed",
        reason: "broken failed",
        because: ["broken"]
      })
      const rest = yield* operations.history({ key: "after", limit: 5, before: page.next })
      assert.lengthOf(rest.items, 1)
      assert.strictEqual(rest.next, undefined)
      assert.isBelow(rest.items[0]!.cursor, page.items[0]!.cursor)

      const failed = (yield* operations.history({ key: "broken" })).items[0]!
      assert.deepInclude(failed.error, { tag: "Error", message: "no data" })
      assert.lengthOf((yield* operations.history({ key: "broken", materialized: true })).items, 0)

      const detail = yield* operations.asset("shop/report")
      assert.deepInclude(detail.latest, { outcome: "Materialized", stored: true, attempts: 1 })
      assert.strictEqual(detail.latestOutcome, undefined)
      assert.strictEqual(detail.status.outcome, "Materialized")
      assert.deepStrictEqual(detail.status.checks, { passed: 1, warned: 1, failed: 0, notEvaluated: 0 })
      const after = yield* operations.asset("after")
      assert.strictEqual(after.latest, undefined)
      assert.strictEqual(after.latestOutcome?.outcome, "UpstreamFailed")
    })

    test("tells in a list why something was not computed, of the last try", function*(operations) {
      const whyOf = (key: string) =>
        Effect.map(operations.assets({ search: key }), ({ items: [item] }) => [
          Model.statusWord(item!, item!.status),
          item!.status.reason
        ])
      const run = elsewhere(Runtime.run(graph, { select: ["broken", "after", "unasked"] }))
      yield* run
      assert.deepStrictEqual(yield* whyOf("broken"), ["Failed", "no data"])
      assert.deepStrictEqual(yield* whyOf("after"), ["Failed", "broken failed"])
      assert.deepStrictEqual(yield* whyOf("unasked"), ["Skipped", "its output is None"])
      assert.deepStrictEqual((yield* operations.assets({ status: "Skipped" })).items.map(({ key }) => key), ["unasked"])
      assert.strictEqual((yield* operations.asset("unasked")).status.reason, "its output is None")
      yield* run
      assert.deepStrictEqual(yield* whyOf("broken"), ["Failed", "no data"])
      yield* operations.report({ key: "broken" })
      assert.deepStrictEqual(yield* whyOf("broken"), ["Fresh", undefined])
    })

    test("of numbers is a series for each label, with partitions", function*(operations) {
      yield* elsewhere(Runtime.run(graph, { select: ["shop/orders"], partitions: ["1970-01-03", "1970-01-02"] }))
      yield* elsewhere(Runtime.run(graph, { select: ["shop/report"], config: { "shop/report": { label: "a" } } }))
      const [rows, ...others] = yield* operations.series({ key: "shop/orders" })
      assert.lengthOf(others, 0)
      assert.strictEqual(rows!.label, "rows")
      assert.deepStrictEqual(
        rows!.points.map(({ partition, value }) => [partition, value]).toSorted(),
        [["1970-01-02", 2], ["1970-01-03", 3]]
      )
      const one = yield* operations.series({ key: "shop/orders", partition: "1970-01-03" })
      assert.deepStrictEqual(one[0]!.points.map(({ value }) => value), [3])
      assert.deepStrictEqual(
        (yield* operations.series({ key: "shop/report" })).map(({ label }) => label),
        ["total"]
      )
    })

    test("has the evaluations of checks, as they are described", function*(operations) {
      yield* elsewhere(Runtime.run(graph, { select: ["shop/report"], config: { "shop/report": { label: "a" } } }))
      const { items } = yield* operations.checks({ key: "shop/report" })
      assert.deepStrictEqual(
        items.map(({ blocking, check, description, severity, status }) => ({
          blocking,
          check,
          description,
          severity,
          status
        })).toSorted((a, b) => a.check < b.check ? -1 : 1),
        [
          { blocking: false, check: "cheap", description: "It costs little", severity: "warn", status: "Failed" },
          { blocking: true, check: "positive", description: undefined, severity: "error", status: "Passed" }
        ]
      )
      const first = yield* operations.checks({ key: "shop/report", limit: 1 })
      const second = yield* operations.checks({ key: "shop/report", limit: 1, after: first.next })
      assert.deepStrictEqual([...first.items, ...second.items], items)
      assert.strictEqual(second.next, undefined)
    })

    test("is forgotten when it is wiped", function*(operations) {
      yield* operations.observe("raw/prices")
      assert.strictEqual((yield* operations.asset("raw/prices")).status.outcome, "Observed")
      assert.deepStrictEqual(yield* operations.wipe(["raw/prices"]), { keys: ["raw/prices"] })
      const { items } = yield* operations.assets({ search: "raw/prices" })
      assert.strictEqual(items[0]!.status.last, undefined)
      assert.deepStrictEqual(yield* operations.history({ key: "raw/prices" }), { items: [] })
    })
  })
}

describe("values", () => {
  const text = Asset.make("text", Effect.succeed("x".repeat(100)))
  const map = Asset.make("map", Effect.succeed(new Map([["a", 1n]])))
  const nothing = Asset.make("nothing", Effect.void)
  const skipped = Asset.make("skipped", Effect.succeed(Option.none<number>()))
  const json = Asset.make("json", Effect.succeed({ rows: [1, 2] }))
  const all = Graph.make({ text, map, nothing, skipped, json, orders, prices, report })
  const test = testOf({ graph: all, now: 20 * day })

  test("are JSON where they can be, else text, and not longer than is asked for", function*(operations) {
    yield* elsewhere(Runtime.run(all, { select: ["text", "map", "nothing", "skipped", "json", "shop/report"], config }))
    assert.deepStrictEqual(yield* operations.value({ key: "json" }), {
      key: "json",
      format: "json",
      text: JSON.stringify({ rows: [1, 2] }, undefined, 2),
      truncated: false
    })
    assert.deepStrictEqual(JSON.parse((yield* operations.value({ key: "shop/report" })).text), {
      total: 7,
      at: "1970-01-01T00:00:00.000Z"
    })
    const shown = yield* operations.value({ key: "map" })
    assert.deepInclude(shown, { format: "text", text: "Map(1) { 'a' => 1n }" })
    const cut = yield* operations.value({ key: "text", maxLength: 10 })
    assert.deepInclude(cut, { truncated: true })
    assert.lengthOf(cut.text, 10)
  })

  test("that are not stored are not found, with the way out", function*(operations) {
    yield* elsewhere(Runtime.run(all, { select: ["nothing", "skipped"] }))
    const skipped = yield* Effect.flip(operations.value({ key: "skipped" }))
    assert.deepInclude(skipped, { _tag: "NotFound", what: "value" })
    assert.include(skipped.message, "Materialize it first")
    const nothing = yield* Effect.flip(operations.value({ key: "nothing" }))
    assert.deepInclude(nothing, { _tag: "NotFound", what: "value" })
    assert.include(nothing.message, "void")
  })

  test("of partitions are asked for by partition", function*(operations) {
    yield* elsewhere(Runtime.run(all, { select: ["shop/orders"], partition: "1970-01-02" }))
    assert.strictEqual(
      (yield* operations.value({ key: "shop/orders", partition: "1970-01-02" })).partition,
      "1970-01-02"
    )
    const unsaid = yield* Effect.flip(operations.value({ key: "shop/orders" }))
    assert.strictEqual(unsaid._tag, "Invalid")
    const unknown = yield* Effect.flip(operations.value({ key: "shop/orders", partition: "../../etc" }))
    assert.deepInclude(unknown, { _tag: "NotFound", what: "partition", id: "../../etc" })
    const needless = yield* Effect.flip(operations.value({ key: "json", partition: "a" }))
    assert.strictEqual(needless._tag, "Invalid")
  })

  test("are compared with the types of their assets", function*(operations) {
    yield* elsewhere(Runtime.run(all, { select: ["text", "nothing", "shop/report"], config }))
    yield* elsewhere(Runtime.run(all, {
      select: ["shop/orders"],
      partitions: ["1970-01-02", "1970-01-03", "1970-01-04"]
    }))
    const good = yield* operations.validate({ partitions: 2 })
    assert.deepStrictEqual(good, { assets: 3, values: 4, problems: [] })
    yield* elsewhere(IOManager.IOManager.use((io) => io.save({ total: "many" }, IOManager.slot("shop/report"))))
    yield* elsewhere(IOManager.IOManager.use((io) => io.remove(IOManager.slot("text"))))
    const { problems } = yield* operations.validate({ select: "shop/report or text" })
    assert.deepStrictEqual(problems.map(({ key }) => key).toSorted(), ["shop/report", "text"])
  })
})

describe("what something else has done", () => {
  const test = testOf({ graph, now: 20 * day })

  test("is reported as a materialization", function*(operations) {
    const { runId } = yield* operations.report({
      key: "shop/orders",
      partition: "1970-01-02",
      dataVersion: "7",
      metadata: { rows: 5, nested: { a: [1] } }
    })
    const [event] = (yield* operations.history({ key: "shop/orders", partition: "1970-01-02" })).items
    assert.deepInclude(event, { runId, dataVersion: "7", partition: "1970-01-02" })
    assert.strictEqual(event!.metadata!["rows"], 5)
    assert.deepStrictEqual((yield* operations.run(runId!)).tags, { source: "api" })
  })

  test("is an observation of external data", function*(operations) {
    assert.deepStrictEqual(yield* operations.report({ key: "raw/prices", dataVersion: "9" }), {})
    assert.strictEqual((yield* operations.asset("raw/prices")).status.last?.dataVersion, "9")
    assert.deepStrictEqual(yield* operations.observe("raw/prices"), { dataVersion: "v1" })
  })

  test("has to fit the definition", function*(operations) {
    const problems = [
      operations.report({ key: "raw/prices" }),
      operations.report({ key: "shop/orders" }),
      operations.report({ key: "shop/orders", partition: "1999-01-01" }),
      operations.report({ key: "shop/report", partition: "a" }),
      operations.report({ key: "raw/prices", dataVersion: "1", partition: "a" })
    ]
    for (const problem of problems) assert.strictEqual((yield* Effect.flip(problem))._tag, "Invalid")
    assert.strictEqual((yield* Effect.flip(operations.observe("shop/report")))._tag, "Conflict")
    assert.strictEqual((yield* operations.runs({})).items.length, 0)
  })
})

describe("untrusted names", () => {
  const keys = [
    "constructor",
    "toString",
    "<script>alert(1)</script>",
    "..",
    "🧡 a b",
    "k".repeat(500),
    "a\\/b",
    "'; drop"
  ]
  const assets = keys.map((key) => Asset.make(key, Effect.succeed(Asset.output(key, { metadata: { [key]: 1 } }))))
  const hostile = Graph.fromAssets(assets, {
    checks: assets.map((asset) => Check.make("hasOwnProperty", { asset, check: Effect.succeed(true) }))
  })
  const partitioned = Asset.make("hasOwnProperty", {
    partitions: Partitions.fixed(["__proto__", "constructor", "..", "<b>"]),
    compute: (_, { partition }) => Effect.succeed(Asset.output(partition, { metadata: { rows: 1, valueOf: 2 } }))
  })
  const both = Graph.merge(hostile, Graph.make({ partitioned }))

  for (const [name, layer] of Object.entries(storages)) {
    testOf({ graph: both, layer })(`are names only, in ${name}`, function*(operations) {
      yield* elsewhere(Runtime.run(hostile))
      yield* elsewhere(Runtime.run(both, { select: ["hasOwnProperty"], partitions: "all" }))
      assert.deepStrictEqual(
        (yield* operations.assets({})).items.map(({ key }) => key).toSorted(),
        [
          ...keys,
          "hasOwnProperty"
        ].toSorted()
      )
      for (const key of keys) {
        const detail = yield* operations.asset(key)
        assert.strictEqual(detail.status.staleness, "Fresh")
        assert.strictEqual(detail.status.checks.passed, 1)
        assert.deepStrictEqual((yield* operations.series({ key })).map(({ label }) => label), [key])
        assert.strictEqual(JSON.parse((yield* operations.value({ key })).text), key)
        assert.lengthOf((yield* operations.runs({ key })).items, 1)
      }
      const { counts, stretches } = yield* operations.partitions("hasOwnProperty")
      assert.strictEqual(counts.Fresh, 4)
      assert.deepInclude(stretches[0], { first: "__proto__", last: "<b>" })
      for (const partition of ["__proto__", "constructor", "..", "<b>"]) {
        const { text } = yield* operations.value({ key: "hasOwnProperty", partition })
        assert.strictEqual(JSON.parse(text), partition)
        const [event] = (yield* operations.history({ key: "hasOwnProperty", partition })).items
        assert.strictEqual(event!.partition, partition)
        const series = yield* operations.series({ key: "hasOwnProperty", partition })
        assert.deepStrictEqual(series.map(({ label }) => label).toSorted(), ["rows", "valueOf"])
      }
    })
  }
})

describe("freshness", () => {
  testOf({ graph, now: 20 * day })("is that of the newest data", function*(operations) {
    yield* operations.observe("raw/prices")
    const { status } = yield* operations.asset("raw/prices")
    assert.deepStrictEqual(status.freshness, { status: "Fresh", until: 21 * day })
  })
})
