import { assert, describe, it } from "@effect/vitest"
import type { GraphData } from "../../../ui/src/graph/model.ts"
import {
  allHops,
  graphData,
  nameParts,
  neighboursOf,
  reachedFrom,
  titleOf,
  viewOf
} from "../../../ui/src/lineage/view.ts"
import { graphOf } from "./graph.ts"

const graph = graphOf(
  {
    raw: "in",
    clean: "shop/eu",
    orders: "shop/eu",
    stock: "shop/us",
    report: "out",
    alone: undefined,
    shopping: "shops"
  },
  ["raw clean", "clean orders", "clean stock", "orders report", "stock report", "report shopping"]
)
const ids = ({ nodes }: GraphData) => nodes.map(({ id }) => id)
const edges = ({ edges, nodes }: GraphData) => edges.map(({ from, to }) => `${nodes[from]!.id} ${nodes[to]!.id}`)

describe("viewOf", () => {
  it("is all of the graph, the same object each time", () => {
    const view = viewOf(graph, {})
    assert.deepStrictEqual(ids(view.data), graph.assets.map(({ key }) => key))
    assert.strictEqual(view.data, graphData(graph))
    assert.isTrue(view.folded)
  })

  it("is what is selected, and the edges between it", () => {
    const { data } = viewOf(graph, { keys: new Set(["clean", "orders", "report", "gone"]) })
    assert.deepStrictEqual(ids(data), ["clean", "orders", "report"])
    assert.deepStrictEqual(edges(data), ["clean orders", "orders report"])
    assert.deepStrictEqual(ids(viewOf(graph, { keys: new Set() }).data), [])
  })

  it("is a group with those below it, and what is next to them as neighbours without a group", () => {
    const { data, outside } = viewOf(graph, { group: "shop" })
    assert.deepStrictEqual(ids(data), ["raw", "clean", "orders", "stock", "report"])
    assert.deepStrictEqual([...outside], ["raw", "report"])
    assert.deepStrictEqual(data.nodes.map(({ group }) => group), [
      undefined,
      "shop/eu",
      "shop/eu",
      "shop/us",
      undefined
    ])
  })

  it("does not show edges between neighbours of a group", () => {
    const triangle = graphOf({ a: "x", b: "y", c: "y" }, ["a b", "a c", "b c"])
    assert.deepStrictEqual(edges(viewOf(triangle, { group: "x" }).data), ["a b", "a c"])
  })

  it("keeps the groups of neighbours where there are many", () => {
    const many = Array.from({ length: 41 }, (_, at) => `n${at}`)
    const wide = graphOf(
      { hub: "hub", ...Object.fromEntries(many.map((key) => [key, "others"])) },
      many.map((key) => `hub ${key}`)
    )
    const { data, outside } = viewOf(wide, { group: "hub" })
    assert.strictEqual(outside.size, 41)
    assert.isTrue(data.nodes.every(({ group }) => group !== undefined))
  })

  it("lists assets without a group under the name that selections have for them", () => {
    assert.deepStrictEqual(ids(viewOf(graph, { group: "default" }).data), ["alone"])
    assert.deepStrictEqual(ids(viewOf(graph, { group: "nowhere" }).data), [])
  })

  it("is a neighbourhood of so many steps, up, down or both, whatever is selected", () => {
    const around = (hops: number, direction?: "up" | "down") =>
      ids(viewOf(graph, { focus: "orders", hops, direction, keys: new Set(["raw"]) }).data)
    assert.deepStrictEqual(around(0), ["orders"])
    assert.deepStrictEqual(around(1), ["clean", "orders", "report"])
    assert.deepStrictEqual(around(2, "up"), ["raw", "clean", "orders"])
    assert.deepStrictEqual(around(allHops, "down"), ["orders", "report", "shopping"])
    assert.isFalse(viewOf(graph, { focus: "orders", hops: 1 }).folded)
  })

  it("takes the most steps as all of them, and has nothing around what is not there", () => {
    const keys = Array.from({ length: 300 }, (_, at) => `k${at}`)
    const line = graphOf(
      Object.fromEntries(keys.map((key) => [key, undefined])),
      keys.slice(1).map((key, at) => `k${at} ${key}`)
    )
    assert.strictEqual(viewOf(line, { focus: "k0", hops: allHops }).data.nodes.length, 300)
    assert.strictEqual(viewOf(line, { focus: "k0", hops: allHops - 1 }).data.nodes.length, 100)
    assert.strictEqual(viewOf(line, { focus: "gone", hops: 2 }).data.nodes.length, 0)
  })

  it("shows the whole graph where an asset is sought without a number of steps", () => {
    assert.strictEqual(viewOf(graph, { focus: "orders" }).data.nodes.length, 7)
  })
})

describe("reachedFrom", () => {
  it("is what is upstream or downstream within the view, without the assets themselves", () => {
    const { data } = viewOf(graph, {})
    assert.deepStrictEqual(reachedFrom(data, new Set(["report"]), "up"), ["raw", "clean", "orders", "stock"])
    assert.deepStrictEqual(reachedFrom(data, new Set(["report"]), "up", 1), ["orders", "stock"])
    assert.deepStrictEqual(reachedFrom(data, new Set(["clean", "orders"]), "down"), ["stock", "report", "shopping"])
    const part = viewOf(graph, { keys: new Set(["raw", "orders", "report"]) }).data
    assert.deepStrictEqual(reachedFrom(part, new Set(["report"]), "up"), ["orders"])
  })
})

describe("neighboursOf", () => {
  it("lists what is next to an asset", () => {
    assert.deepStrictEqual(neighboursOf(graph, "report", "up"), ["orders", "stock"])
    assert.deepStrictEqual(neighboursOf(graph, "clean", "down"), ["orders", "stock"])
    assert.deepStrictEqual(neighboursOf(graph, "gone", "down"), [])
  })
})

describe("titleOf", () => {
  it("names what is shown", () => {
    assert.strictEqual(titleOf({}), "Lineage")
    assert.strictEqual(titleOf({ focus: "orders" }), "Lineage")
    assert.strictEqual(titleOf({ group: "shop" }), "Lineage of shop")
    assert.strictEqual(titleOf({ select: "+orders" }), "Lineage of +orders")
    assert.strictEqual(titleOf({ select: "+orders", group: "shop" }), "Lineage of +orders in shop")
    assert.strictEqual(titleOf({ focus: "orders", hops: 1 }), "Lineage of orders, 1 step")
    assert.strictEqual(
      titleOf({ focus: "orders", hops: allHops, direction: "up" }),
      "Lineage of orders, all steps upstream"
    )
  })
})

describe("nameParts", () => {
  it("splits off the last segment, which is never empty", () => {
    assert.deepStrictEqual(nameParts("a/b/c"), ["a/b/", "c"])
    assert.deepStrictEqual(nameParts("c"), ["", "c"])
    assert.deepStrictEqual(nameParts("a/b/"), ["a/", "b/"])
  })
})
