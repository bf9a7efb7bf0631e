import { assert, describe, it } from "@effect/vitest"
import type { Api } from "../../../ui/src/api/contract.ts"
import {
  type AssetRow,
  columns,
  filterRows,
  isUnfiltered,
  linesOf,
  partitionsText,
  pick,
  rowsOf,
  sortOf,
  sortRows,
  sortText,
  staleLabel,
  triedText,
  withStatuses
} from "../../../ui/src/assets/catalog.ts"

const node = (key: string, more: Partial<Api.Model.AssetNode> = {}): Api.Model.AssetNode => ({
  key,
  kinds: [],
  tags: {},
  owners: [],
  external: false,
  observable: false,
  partitioned: false,
  hasConfig: false,
  checks: 0,
  ...more
})

const status = (key: string, more: Partial<Api.Model.AssetStatus> = {}): Api.Model.AssetStatus => ({
  key,
  staleness: "Fresh",
  causes: [],
  rootCauses: [],
  running: [],
  checks: { passed: 0, warned: 0, failed: 0, notEvaluated: 0 },
  ...more
})

const wordOf = (_: Api.Model.AssetNode, { staleness }: Api.Model.AssetStatus): Api.Model.StatusWord =>
  staleness === "Partitioned" ? "Fresh" : staleness

const keysOf = (rows: ReadonlyArray<AssetRow>): ReadonlyArray<string> => rows.map(({ node }) => node.key)

const shop = rowsOf([
  node("shop/orders", {
    group: "shop",
    kinds: ["duckdb"],
    tags: { tier: "gold" },
    owners: ["ann"],
    summary: "Every order"
  }),
  node("shop/revenue", { group: "shop", kinds: ["csv", "duckdb"], tags: { tier: "", slow: "yes" } }),
  node("part10"),
  node("part9", { kinds: ["csv"], owners: ["ann", "bob"] })
])
const statuses = new Map([
  ["shop/orders", status("shop/orders", { last: { timestamp: 20, dataVersion: "a" } })],
  ["shop/revenue", status("shop/revenue", { staleness: "Stale", last: { timestamp: 30, dataVersion: "b" } })],
  ["part9", status("part9", { staleness: "Missing" })]
])
const rows = withStatuses(shop, (key) => statuses.get(key), wordOf)

describe("rows", () => {
  it("are in the order of keys, with numbers in their order", () => {
    assert.deepStrictEqual(keysOf(rows), ["part9", "part10", "shop/orders", "shop/revenue"])
  })

  it("keep their identity while their state is the same, so only what changed is drawn again", () => {
    assert.strictEqual(withStatuses(rows, (key) => statuses.get(key), wordOf), rows)
    const changed = new Map(statuses).set("part9", status("part9"))
    const next = withStatuses(rows, (key) => changed.get(key), wordOf)
    assert.strictEqual(next[0]!.word, "Fresh")
    assert.strictEqual(next[2], rows[2])
  })
})

describe("filterRows", () => {
  it("searches in key, group and summary for every word, in any case", () => {
    assert.deepStrictEqual(keysOf(filterRows(rows, { q: " SHOP  every " }).rows), ["shop/orders"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { q: "default" }).rows), ["part9", "part10"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { q: "<img onerror>" }).rows), [])
  })

  it("takes any value of an attribute, and all attributes", () => {
    assert.deepStrictEqual(keysOf(filterRows(rows, { kind: ["csv", "duckdb"] }).rows), [
      "part9",
      "shop/orders",
      "shop/revenue"
    ])
    assert.deepStrictEqual(keysOf(filterRows(rows, { kind: ["csv"], owner: ["ann"] }).rows), ["part9"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { tag: ["tier=gold"] }).rows), ["shop/orders"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { tag: ["tier"] }).rows), ["shop/revenue"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { status: ["Missing", "Stale"] }).rows), ["part9", "shop/revenue"])
    assert.deepStrictEqual(keysOf(filterRows(rows, { keys: new Set(["part10", "gone"]) }).rows), ["part10"])
  })

  it("counts what choosing a value would show: its own attribute does not narrow it, the others do", () => {
    const { facets } = filterRows(rows, { kind: ["csv"], group: ["shop"] })
    assert.deepStrictEqual(facets.kind, [{ value: "csv", count: 1 }, { value: "duckdb", count: 2 }])
    assert.deepStrictEqual(facets.group, [{ value: "default", count: 1 }, { value: "shop", count: 1 }])
    assert.deepStrictEqual(facets.status, [
      { value: "Missing", count: 0 },
      { value: "Stale", count: 1 },
      { value: "Fresh", count: 0 }
    ])
  })

  it("counts agree with what is shown after the choice", () => {
    for (const base of [{}, { q: "shop" }, { owner: ["ann"] }, { kind: ["csv"] }, { status: ["Fresh"] }]) {
      for (const [facet, values] of Object.entries(filterRows(rows, base).facets)) {
        for (const { count, value } of values) {
          const shown = filterRows(rows, { ...base, [facet]: [value] }).rows.length
          assert.strictEqual(shown, count, `${facet}=${value} on ${JSON.stringify(base)}`)
        }
      }
    }
  })

  it("finds what is in the groups below a group", () => {
    const nested = rowsOf([node("a", { group: "fin" }), node("b", { group: "fin/eu" }), node("c", { group: "finish" })])
    assert.deepStrictEqual(keysOf(filterRows(nested, { group: ["fin"] }).rows), ["a", "b"])
    assert.deepStrictEqual(keysOf(filterRows(nested, { group: ["fin/eu"] }).rows), ["b"])
  })

  it("knows when nothing is filtered", () => {
    assert.isTrue(isUnfiltered({ q: " ", kind: [] }))
    assert.isFalse(isUnfiltered({ keys: new Set() }))
    assert.isFalse(isUnfiltered({ owner: ["ann"] }))
  })
})

describe("sortRows", () => {
  it("puts what has no value last in both directions, and keeps the order of keys among equals", () => {
    const sorted = (text: string) => keysOf(sortRows(rows, sortOf(text)))
    assert.deepStrictEqual(sorted("last"), ["shop/orders", "shop/revenue", "part9", "part10"])
    assert.deepStrictEqual(sorted("-last"), ["shop/revenue", "shop/orders", "part9", "part10"])
    assert.deepStrictEqual(sorted("status"), ["part9", "shop/revenue", "shop/orders", "part10"])
    assert.deepStrictEqual(sorted("-key"), ["shop/revenue", "shop/orders", "part10", "part9"])
    assert.deepStrictEqual(sorted("group"), ["part9", "part10", "shop/orders", "shop/revenue"])
  })

  it("reads and writes every column, and takes anything else as the order of keys", () => {
    for (const column of columns) {
      for (const descending of [false, true]) {
        assert.deepStrictEqual(sortOf(sortText({ column, descending })), { column, descending })
      }
    }
    assert.deepStrictEqual(sortOf("-constructor"), { column: "key", descending: false })
  })
})

describe("linesOf", () => {
  it("puts the head of a group before its assets, and none of them where it is closed", () => {
    const ids = (closed?: ReadonlySet<string>) => linesOf(rows, closed).map(({ id }) => id)
    assert.deepStrictEqual(ids(), ["asset part9", "asset part10", "asset shop/orders", "asset shop/revenue"])
    assert.deepStrictEqual(ids(new Set(["shop"])), ["group default", "asset part9", "asset part10", "group shop"])
    const [head] = linesOf(rows, new Set(["default"]))
    assert.strictEqual(head!._tag === "Group" ? head!.rows.length : undefined, 2)
  })
})

describe("words", () => {
  it("say what has changed, the upstream first", () => {
    const cause = (kind: "UpstreamChanged" | "CodeChanged" | "DependencyAdded") => ({ kind, key: "a", text: "" })
    assert.strictEqual(staleLabel([cause("CodeChanged"), cause("UpstreamChanged")]), "Upstream changed")
    assert.strictEqual(staleLabel([cause("DependencyAdded"), cause("CodeChanged")]), "Code changed")
    assert.strictEqual(staleLabel([cause("DependencyAdded")]), "Inputs changed")
  })

  it("tell why nothing came of the last try", () => {
    const of = (outcome: "Failed" | "UpstreamFailed" | "Skipped" | "Cancelled" | "Materialized", reason?: string) =>
      triedText({ outcome, ...(reason === undefined ? {} : { reason }) })
    assert.strictEqual(of("Failed", "no data"), "Its last try failed: no data")
    assert.strictEqual(of("Failed"), "Its last try failed.")
    assert.strictEqual(of("UpstreamFailed", "orders failed"), "It was not computed: orders failed")
    assert.strictEqual(of("Skipped", "its output is None"), "Its last try was skipped: its output is None")
    assert.strictEqual(of("Cancelled", "cancelled before it began"), "Its last try was cancelled before it began.")
    assert.strictEqual(of("Materialized"), undefined)
    const partitions = { total: 3, fresh: 3, stale: 0, missing: 0, failed: 2 }
    assert.strictEqual(
      triedText({ outcome: "Materialized", partitions }),
      "The last tries of 2 partitions failed."
    )
  })

  it("count partitions", () => {
    assert.strictEqual(
      partitionsText({ total: 1500, fresh: 1000, stale: 0, missing: 500, failed: 0 }),
      "1,000 of 1,500 partitions fresh, 500 missing"
    )
  })
})

describe("pick", () => {
  const order = ["a", "b", "c", "d"]

  it("takes one, or all from the anchor in either direction", () => {
    assert.deepStrictEqual([...pick(new Set(["a"]), order, "c", true)], ["a", "c"])
    assert.deepStrictEqual([...pick(new Set(), order, "d", true, "b")], ["b", "c", "d"])
    assert.deepStrictEqual([...pick(new Set(order), order, "a", false, "c")], ["d"])
  })

  it("takes one where the anchor is no longer shown", () => {
    assert.deepStrictEqual([...pick(new Set(), order, "b", true, "gone")], ["b"])
  })
})
