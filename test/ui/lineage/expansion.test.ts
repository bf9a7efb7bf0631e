import { assert, describe, it } from "@effect/vitest"
import { ungrouped } from "../../../ui/src/graph/model.ts"
import { defaultExpanded, expandedOf, expansionSearch, groupsOf, maxOpen } from "../../../ui/src/lineage/expansion.ts"
import { viewOf } from "../../../ui/src/lineage/view.ts"
import { lineageSearch, parseSearch, stringifySearch } from "../../../ui/src/search.ts"
import { graphOf } from "./graph.ts"

const graphWith = (count: number) =>
  graphOf(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, `g${at % 3}`])), [])

describe("defaultExpanded", () => {
  it("opens all groups of a small graph, and none of a large one", () => {
    assert.deepStrictEqual([...defaultExpanded(viewOf(graphWith(maxOpen), {}))], ["g0", "g1", "g2"])
    assert.deepStrictEqual([...defaultExpanded(viewOf(graphWith(maxOpen + 1), {}))], [])
  })

  it("opens the group that is looked at, and leaves its neighbours folded", () => {
    const inside = Array.from({ length: 80 }, (_, at) => `i${at}`)
    const outside = Array.from({ length: 50 }, (_, at) => `o${at}`)
    const graph = graphOf(
      Object.fromEntries([...inside.map((key) => [key, "in"]), ...outside.map((key) => [key, "out"])]),
      outside.map((key) => `i0 ${key}`)
    )
    assert.deepStrictEqual([...defaultExpanded(viewOf(graph, { group: "in" }))], ["in"])
  })
})

describe("an address", () => {
  const groups = ["a", "b", ungrouped]
  const throughAddress = (open: ReadonlyArray<string>, byDefault: ReadonlyArray<string>) => {
    const defaults = new Set(byDefault)
    const search = expansionSearch(new Set(open), groups, defaults)
    const read = lineageSearch(parseSearch(stringifySearch(search)))
    return { read, open: [...expandedOf(read, groups, defaults)] }
  }

  it("tells which groups are open, whichever are open by default", () => {
    for (const byDefault of [[], groups, ["a"]]) {
      for (const open of [[], ["a"], ["b"], [ungrouped], ["a", ungrouped], groups]) {
        assert.deepStrictEqual(throughAddress(open, byDefault).open, open, `${open} with ${byDefault} by default`)
      }
    }
  })

  it("is as short as it can be", () => {
    assert.deepStrictEqual(throughAddress([], []).read, {})
    assert.deepStrictEqual(throughAddress(groups, groups).read, {})
    assert.deepStrictEqual(throughAddress([], groups).read, { fold: "all" })
    assert.deepStrictEqual(throughAddress(groups, []).read, { fold: "none" })
    assert.deepStrictEqual(throughAddress(["b"], []).read, { expanded: ["b"] })
  })

  it("leaves out groups that are no longer there", () => {
    assert.deepStrictEqual(expansionSearch(new Set(["a", "gone"]), groups, new Set()).expanded, ["a"])
  })
})

describe("groupsOf", () => {
  it("lists each group once, and that of assets without one", () => {
    const graph = graphOf({ x: "b", y: undefined, z: "b", w: "__proto__" }, [])
    assert.deepStrictEqual(groupsOf(viewOf(graph, {}).data), ["b", ungrouped, "__proto__"])
  })
})
