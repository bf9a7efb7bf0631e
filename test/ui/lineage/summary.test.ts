import { assert, describe, it } from "@effect/vitest"
import { ungrouped } from "../../../ui/src/graph/model.ts"
import { changeSelection } from "../../../ui/src/lineage/changeSelection.ts"
import {
  badgeOf,
  groupInfoOf,
  kindsText,
  summariesOf,
  summaryOf,
  summaryText,
  whyText
} from "../../../ui/src/lineage/summary.ts"
import { graphData } from "../../../ui/src/lineage/view.ts"
import { graphOf, statusWith } from "./graph.ts"

const words = new Map<string, "Failed" | "Stale" | "Fresh">([["a", "Failed"], ["b", "Stale"], ["c", "Stale"]])
const wordOf = (key: string) => words.get(key)
const cause = (text: string) => ({ kind: "UpstreamChanged" as const, key: "a", text })

describe("summaries", () => {
  it("count states, and those that are not read yet in the total alone", () => {
    const { counts, total } = summaryOf(["a", "b", "c", "d"], wordOf)
    assert.strictEqual(total, 4)
    assert.deepStrictEqual([...counts], [["Failed", 1], ["Stale", 2]])
  })

  it("are told in words, what asks for attention", () => {
    assert.strictEqual(summaryText(summaryOf(["a", "b", "c", "d"], wordOf)), "4 assets, 1 failed, 2 changed")
    assert.strictEqual(summaryText(summaryOf(["d"], () => "Fresh")), "1 asset")
  })

  it("are made for each group", () => {
    const graph = graphOf({ a: "x", b: "x", c: undefined }, [])
    const all = summariesOf(graphData(graph), wordOf)
    assert.deepStrictEqual([...all].map(([group, { total }]) => [group, total]), [["x", 2], [ungrouped, 1]])
    assert.strictEqual(groupInfoOf(ungrouped, all.get(ungrouped)).label, "No group")
    const { bar, detail, label } = groupInfoOf("x", all.get("x"))
    assert.deepStrictEqual([label, detail], ["x", "2 assets, 1 failed, 1 changed"])
    assert.deepStrictEqual(bar.filter(({ count }) => count > 0), [
      { color: "var(--failed)", count: 1 },
      { color: "var(--stale)", count: 1 }
    ])
  })
})

describe("marks", () => {
  it("tell failures before changes before checks", () => {
    const checks = statusWith({ checks: { passed: 0, warned: 0, failed: 1, notEvaluated: 0 } })
    assert.deepStrictEqual(
      [badgeOf("Failed", checks), badgeOf("Stale", checks), badgeOf("Fresh", checks), badgeOf("Fresh", statusWith({}))],
      ["✕", "↑", "!", undefined]
    )
  })

  it("tell why an asset is stale, once each, and not without end", () => {
    assert.strictEqual(
      whyText({ causes: [cause("b is newer")], rootCauses: [cause("b is newer"), cause("a is newer")] }),
      "b is newer\nIt began here:\na is newer"
    )
    const many = Array.from({ length: 7 }, (_, at) => cause(`cause ${at}`))
    assert.deepStrictEqual(whyText({ causes: many, rootCauses: [] }).split("\n").slice(3), ["cause 3", "and 3 more"])
  })

  it("tell why nothing came of the last try, before what has changed", () => {
    assert.strictEqual(
      whyText({ causes: [cause("b is newer")], rootCauses: [], outcome: "Failed", reason: "no data" }),
      "Its last try failed: no data\nb is newer"
    )
    assert.strictEqual(
      whyText({ causes: [], rootCauses: [], outcome: "Skipped", reason: "its output is None" }),
      "Its last try was skipped: its output is None"
    )
    assert.strictEqual(whyText({ causes: [], rootCauses: [], outcome: "Materialized" }), "")
  })

  it("name the first kind", () => {
    assert.strictEqual(kindsText({ kinds: [] }), undefined)
    assert.strictEqual(kindsText({ kinds: ["sql"] }), "sql")
    assert.strictEqual(kindsText({ kinds: ["sql", "duckdb", "x"] }), "sql +2")
  })
})

describe("changeSelection", () => {
  const before = new Set(["a", "b"])
  const after = (keys: ReadonlyArray<string>, mode: "replace" | "add" | "toggle") =>
    [...changeSelection(before, keys, mode)].sort()

  it("replaces, adds and toggles", () => {
    assert.deepStrictEqual(after(["c"], "replace"), ["c"])
    assert.deepStrictEqual(after(["b", "c"], "add"), ["a", "b", "c"])
    assert.deepStrictEqual(after(["a"], "toggle"), ["b"])
    assert.deepStrictEqual(after(["c"], "toggle"), ["a", "b", "c"])
  })

  it("completes a group that is selected in part, and drops one that is selected as a whole", () => {
    assert.deepStrictEqual(after(["b", "c"], "toggle"), ["a", "b", "c"])
    assert.deepStrictEqual(after(["a", "b"], "toggle"), [])
  })

  it("is the same set where nothing changes", () => {
    assert.strictEqual(changeSelection(before, ["b", "a"], "replace"), before)
    assert.deepStrictEqual([...before], ["a", "b"])
  })
})
