import { assert, describe, it } from "@effect/vitest"
import type { ExplanationNode } from "../../../ui/src/automation/data.ts"
import { holdsText, openAtFirst, requestedText, rowsOf } from "../../../ui/src/automation/explanation.ts"

const node = (
  label: string,
  status: ExplanationNode["status"],
  children: ReadonlyArray<ExplanationNode> = [],
  more: Partial<ExplanationNode> = {}
): ExplanationNode => ({ label, status, children, ...more })

const eager = (updated: boolean) =>
  node("eager", updated ? "true" : "false", [
    node("in the latest time window", "true"),
    node("any deps updated", updated ? "true" : "false", [
      node("newly updated", updated ? "true" : "false", [], { about: "orders" }),
      node("newly updated", "false", [], { about: "customers" })
    ]),
    node("not in progress", updated ? "true" : "unasked")
  ])

const everything = (root: ExplanationNode) => openAtFirst(root)

describe("an explanation", () => {
  it("is a tree of rows, with the place of each among the others", () => {
    const rows = rowsOf(eager(true), everything(eager(true)))
    assert.deepStrictEqual(rows.map(({ level, node, position, siblings }) => [node.label, level, position, siblings]), [
      ["eager", 1, 1, 1],
      ["in the latest time window", 2, 1, 3],
      ["any deps updated", 2, 2, 3],
      ["newly updated", 3, 1, 2],
      ["newly updated", 3, 2, 2],
      ["not in progress", 2, 3, 3]
    ])
    assert.deepStrictEqual(rowsOf(eager(true), new Set()).map(({ node }) => node.label), ["eager"])
  })

  it("marks what was another in the evaluation before, and what has that below it", () => {
    const rows = rowsOf(eager(true), everything(eager(true)), eager(false))
    assert.deepStrictEqual(rows.map(({ change }) => change), [
      "now true",
      undefined,
      "now true",
      "now true",
      undefined,
      "now true"
    ])
    assert.deepStrictEqual(rows.map(({ changesBelow }) => changesBelow), [true, false, true, false, false, false])
    const back = rowsOf(eager(false), everything(eager(false)), eager(true))
    assert.deepStrictEqual(back.map(({ change }) => change).filter((change) => change !== undefined), [
      "now false",
      "now false",
      "now false",
      "no more asked"
    ])
    assert.isTrue(rowsOf(eager(true), new Set(), eager(true)).every(({ change }) => change === undefined))
  })

  it("compares only parts that say the same: of another condition nothing is marked", () => {
    const other = node("eager", "true", [node("missing", "false"), node("stale", "false")])
    const rows = rowsOf(eager(true), everything(eager(true)), other)
    assert.isTrue(rows.every(({ change }) => change === undefined))
    const more = [
      node("missing", "partly", [], { count: 2, total: 9 }),
      node("missing", "partly", [], { count: 3, total: 9 })
    ]
    assert.strictEqual(rowsOf(more[1]!, new Set(), more[0])[0]!.change, "other partitions")
  })

  it("that is large is open at first where something holds or has changed", () => {
    const leaf = (at: number) => node(`part ${at}`, "false", [node(`below ${at}`, "false", [node("deep", "false")])])
    const large = (status: ExplanationNode["status"]) =>
      node("or", status, [
        ...Array.from({ length: 20 }, (_, at) => leaf(at)),
        node("last", status, [node("why", status, [node("x", status)])])
      ])
    const open = openAtFirst(large("true"))
    assert.isTrue(open.has("0") && open.has("0.20") && open.has("0.20.0"))
    assert.isFalse(open.has("0.3.0"))
    const changed = openAtFirst(large("false"), large("true"))
    assert.isTrue(changed.has("0.20.0"))
  })

  it("tells for how much a part holds, and what was requested", () => {
    assert.strictEqual(holdsText(node("a", "partly", [], { count: 3, total: 31 })), "3 of 31 partitions")
    assert.strictEqual(holdsText(node("a", "true", [], { count: 1, total: 1 })), "true")
    assert.strictEqual(holdsText(node("a", "unasked")), "not asked")
    // beside parts that were asked about all partitions, one of a single partition is told alike
    const root = node("a", "false", [
      node("b", "false", [], { count: 0, total: 1 }),
      node("c", "false", [], { count: 0, total: 1, about: "orders" })
    ], { count: 0, total: 331 })
    assert.deepStrictEqual(
      rowsOf(root, new Set(["0"])).map(({ node, partitioned }) => holdsText(node, partitioned)),
      ["0 of 331 partitions", "0 of 1 partition", "false"]
    )
    assert.strictEqual(requestedText(0, true), "Nothing requested")
    assert.strictEqual(requestedText(1, false), "Requested")
    assert.strictEqual(requestedText(1, true), "1 partition requested")
    assert.strictEqual(requestedText(1200, true), "1,200 partitions requested")
  })
})
