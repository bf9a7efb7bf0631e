import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { execFileSync } from "node:child_process"
import * as Asset from "../../../src/Asset.ts"
import * as Graph from "../../../src/Graph.ts"
import * as Selection from "../../../src/Selection.ts"
import { materializeCommand, selectionOf, selectKey, selectKeys, shellWord } from "../../../ui/src/assets/selection.ts"

const strange = [
  "orders",
  "and",
  "shop/a*b",
  "<img src=x onerror=alert(1)>",
  "a \"quoted\" key",
  "prices/EUR\\/USD",
  "back\\\\slash",
  "group",
  "1",
  "shop/ab"
]

const graph = Graph.fromAssets<Asset.Any>(
  strange.map((key, i) =>
    Asset.make(key, {
      group: i % 2 === 0 ? "odd-group/sub" : "status",
      kinds: i === 0 ? ["a \"kind\""] : [],
      tags: i < 2 ? { tier: i === 0 ? "gold and silver" : "" } : {},
      owners: i === 3 ? ["team:data"] : [],
      compute: () => Effect.succeed(0)
    })
  )
)

const resolve = (text: string) => Selection.resolve(text, graph).pipe(Result.getOrThrow).toSorted()

describe("selectKey", () => {
  it("selects exactly one asset, whatever its key is", () => {
    for (const key of strange) assert.deepStrictEqual(resolve(selectKey(key)), [key])
    assert.deepStrictEqual(resolve(selectKeys(strange)), strange.toSorted())
  })
})

describe("selectionOf", () => {
  it("is nothing where nothing is filtered", () => {
    assert.isUndefined(selectionOf({ q: " " }, strange))
  })

  it("says attributes in words that a selection reads", () => {
    const select = selectionOf({ group: ["odd-group/sub"], kind: ["a \"kind\""] }, [])!
    assert.deepStrictEqual(resolve(select), ["orders"])
    assert.deepStrictEqual(resolve(selectionOf({ tag: ["tier=gold and silver", "tier"] }, [])!), ["and", "orders"])
    assert.deepStrictEqual(resolve(selectionOf({ owner: ["team:data"] }, [])!), [strange[3]])
  })

  it("takes the groups below a group with it, where there are some", () => {
    const groups = ["odd-group/sub", "status"]
    const inOdd = strange.filter((_, i) => i % 2 === 0).toSorted()
    assert.deepStrictEqual(resolve(selectionOf({ group: ["odd-group"] }, [], groups)!), inOdd)
    assert.strictEqual(selectionOf({ group: ["shop"] }, [], groups), "group:shop")
  })

  it("narrows an expression as a whole", () => {
    assert.deepStrictEqual(resolve(selectionOf({ select: "orders or key:\"shop/*\"", group: ["status"] }, [])!), [
      "shop/ab"
    ])
    assert.strictEqual(selectionOf({ select: "a or b" }, ["a"]), "a or b")
  })

  it("names what is shown where a search or a state is what filters", () => {
    assert.deepStrictEqual(resolve(selectionOf({ q: "shop", status: ["Fresh"] }, ["shop/ab", "shop/a*b"])!), [
      "shop/a*b",
      "shop/ab"
    ])
  })
})

describe("materializeCommand", () => {
  it("is one word of a shell for each argument", () => {
    for (const key of [...strange, "it's; rm -rf $HOME `x`"]) {
      const printed = execFileSync("sh", ["-c", `printf '%s' ${shellWord(key)}`], { encoding: "utf8" })
      assert.strictEqual(printed, key)
    }
    assert.strictEqual(
      materializeCommand("shop/orders", "2024-01-01"),
      "effect-assets materialize --select shop/orders --partition 2024-01-01"
    )
    assert.strictEqual(materializeCommand("a b"), "effect-assets materialize --select 'key:\"a b\"'")
  })
})
