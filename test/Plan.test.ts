import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Asset, Graph, Plan, Selection } from "effect-assets"

const source = Asset.external("source")
const a = Asset.make("a", { inputs: { source }, compute: () => Effect.succeed(1) })
const multi = Asset.multi("pair", {
  outputs: { left: {}, right: {} },
  inputs: { a },
  compute: ({ a }) => Effect.succeed({ left: a, right: a })
})
const parts = Asset.multi("parts", {
  outputs: { one: {}, two: {} },
  canSubset: true,
  deps: [a],
  compute: () => Effect.succeed({ one: 1, two: 2 })
})
const end = Asset.make("end", {
  inputs: { left: multi.assets.left, one: Asset.optional(parts.assets.one) },
  deps: [parts.assets.two],
  compute: () => Effect.void
})
const graph = Graph.make({ a, multi, parts, end })

const keys = (select: Plan.Select<typeof graph.assets>) => Result.map(Plan.make(graph, { select }), (plan) => plan.keys)

describe("Plan.make", () => {
  it("takes everything but external assets, upstream first", () => {
    const plan = Result.getOrThrow(Plan.make(graph))
    assert.deepStrictEqual(plan.keys, ["a", "left", "right", "one", "two", "end"])
  })

  it("takes a list of keys, an expression, or a selection", () => {
    assert.deepStrictEqual(keys(["end", "a"]), Result.succeed(["a", "end"]))
    assert.deepStrictEqual(keys("1+end and not one"), Result.succeed(["left", "right", "two", "end"]))
    assert.deepStrictEqual(keys(Selection.key("a")), Result.succeed(["a"]))
    assert.deepStrictEqual(keys([]), Result.succeed([]))
  })

  it("takes a multi-asset whole, unless it can compute a subset", () => {
    assert.deepStrictEqual(keys(["left"]), Result.succeed(["left", "right"]))
    assert.deepStrictEqual(keys(["one"]), Result.succeed(["one"]))
  })

  it("does not plan an external asset", () => {
    assert.deepStrictEqual(keys("key:source"), Result.succeed([]))
    assert.deepStrictEqual(keys("source+"), Result.succeed(["a", "left", "right", "one", "two", "end"]))
  })

  it("says which key is unknown and which ones are close", () => {
    const unknown = Plan.make(graph, { select: "enf" })
    assert.isTrue(Result.isFailure(unknown))
    assert.strictEqual(
      Result.isFailure(unknown) ? unknown.failure.message : "",
      `There is no asset "enf" in the graph. Did you mean "end"?`
    )
  })

  it("says where an expression cannot be read", () => {
    const broken = keys("a and")
    assert.isTrue(Result.isFailure(broken) && broken.failure._tag === "SelectionError")
  })

  it("fails for a graph that lacks upstream assets, which the compiler would have refused", () => {
    // what a program does that is run without being type-checked
    const unchecked = Graph.make as (assets: { readonly [name: string]: Asset.Any }) => Graph.Any
    const plan = Plan.make(unchecked({ end, a }))
    assert.isTrue(Result.isFailure(plan) && plan.failure._tag === "GraphError")
    assert.include(Result.isFailure(plan) ? plan.failure.message : "", `"end" is computed from "left"`)
  })
})

describe("Plan.steps", () => {
  it("lists units of work with what comes before them and what is loaded", () => {
    assert.deepStrictEqual(Plan.steps(Result.getOrThrow(Plan.make(graph, { select: ["left", "one", "end"] }))), [
      { name: "pair", keys: ["left", "right"], after: [], loads: ["a"] },
      { name: "parts", keys: ["one"], after: [], loads: [] },
      { name: "end", keys: ["end"], after: ["left", "one"], loads: [] }
    ])
  })
})
