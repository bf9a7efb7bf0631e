import { assert, describe, it } from "@effect/vitest"
import {
  assetSearch,
  assetsSearch,
  automationSearch,
  jobSearch,
  lineageSearch,
  parseSearch,
  queueSearch,
  reading,
  runsSearch,
  stringifySearch
} from "../../ui/src/search.ts"

describe("search parameters", () => {
  it("survive an address, whatever is in them", () => {
    for (
      const key of ["finance/eu/orders", "a b&c=d?e#f%2F", "1", "true", "ключ/<script>", "-", "[]", "__proto__", "+x"]
    ) {
      const search = assetSearch({ key, tab: "checks", partition: key })
      assert.deepStrictEqual(assetSearch(parseSearch(stringifySearch(search))), search)
    }
    const named = automationSearch({ name: ":conditions", tick: "a/b", status: "Failed" })
    assert.deepStrictEqual(automationSearch(parseSearch(stringifySearch(named))), named)
    const many = { group: ["a/b", "c d"], kind: ["sql"], q: "x", sort: "-key" }
    assert.deepStrictEqual(assetsSearch(parseSearch(stringifySearch(assetsSearch(many)))), many)
  })

  it("are easy to read in an address", () => {
    assert.strictEqual(
      stringifySearch({ key: "finance/eu/orders", select: "group:x", empty: "", none: undefined }),
      "?key=finance/eu/orders&select=group:x"
    )
    assert.strictEqual(stringifySearch({}), "")
  })

  it("leave out what means nothing", () => {
    assert.deepStrictEqual(assetSearch({ key: ["a", "b"], tab: "nowhere", hops: "-1" }), { key: "a" })
    assert.deepStrictEqual(assetSearch({}), { key: "" })
    assert.deepStrictEqual(lineageSearch({ hops: "1000", expanded: "finance", focus: "" }), {
      hops: 100,
      expanded: ["finance"]
    })
    assert.deepStrictEqual(lineageSearch({ hops: "many" }), {})
    assert.deepStrictEqual(automationSearch({ status: "Fresh", tick: "" }), { name: "" })
    assert.deepStrictEqual(jobSearch({ name: "a", evaluation: ["1", "2"] }), { name: "a", evaluation: "1" })
    assert.deepStrictEqual(queueSearch({ status: "Fresh" }), {})
    assert.deepStrictEqual(runsSearch({ status: ["Failed", ""], other: "x" }), { status: ["Failed"] })
  })

  it("hide from a page what it does not read", () => {
    const read = reading(queueSearch)
    assert.deepStrictEqual(read({ status: "Fresh", other: ["a"] }), { status: undefined, other: undefined } as object)
    assert.deepStrictEqual(read({ status: "Failed" }), { status: "Failed" })
    assert.strictEqual(stringifySearch(read({ status: "Fresh", other: "a" })), "")
  })
})
