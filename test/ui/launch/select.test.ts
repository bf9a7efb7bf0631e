import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Asset, Graph, Selection } from "effect-assets"
import { keyExpression, withUpstream } from "../../../ui/src/launch/select.ts"

const keys = [
  "orders",
  "shop/orders",
  "shop/*",
  "shop/a",
  "and",
  "key",
  "with space",
  "quote\"d",
  "esc\\/aped",
  "back\\\\slash",
  "back\\\\*",
  "a:b",
  "+x",
  "2024-01",
  "constructor",
  "🙈",
  "<img src=x onerror=alert(1)>"
]

const assets = keys.map((key) => Asset.make(key, Effect.succeed(1)))
const graph = Graph.fromAssets(assets)

const resolve = (select: string) => Result.getOrThrow(Selection.resolve(select, graph))

describe("select", () => {
  for (const key of keys) {
    it(`selects just ${key}`, () => {
      assert.deepStrictEqual(resolve(keyExpression(key)), [key])
    })
  }

  it("several keys are selected with what is upstream of them", () => {
    assert.deepStrictEqual(resolve(withUpstream({ keys })), keys)
    const root = Asset.make("root", Effect.succeed(1))
    const left = Asset.make("left part", { deps: [root], compute: () => Effect.succeed(1) })
    const right = Asset.make("right", { deps: [left], compute: () => Effect.succeed(1) })
    const other = Asset.make("other", Effect.succeed(1))
    const all = Graph.fromAssets([root, left, right, other])
    const selected = (what: Parameters<typeof withUpstream>[0]) =>
      Result.getOrThrow(Selection.resolve(withUpstream(what), all))
    assert.sameMembers([...selected({ keys: ["right"] })], ["root", "left part", "right"])
    assert.sameMembers([...selected({ select: "key:right or other" })], ["root", "left part", "right", "other"])
    assert.lengthOf(selected({}), 4)
  })
})
