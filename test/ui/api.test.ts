import { assert, describe, it } from "@effect/vitest"
import { groupTree, inGroup } from "../../ui/src/api/groups.ts"

describe("groups", () => {
  it("are a tree by their names, with what is below counted", () => {
    assert.deepStrictEqual(
      groupTree([
        { name: "finance/us", assets: 2 },
        { name: "finance", assets: 1 },
        { name: "day 10", assets: 1 },
        { name: "day 2", assets: 1 },
        { name: "ml/features/daily", assets: 4 }
      ]).map(({ assets, children, name, own }) => [name, own, assets, children.map(({ name }) => name)]),
      [
        ["day 2", 1, 1, []],
        ["day 10", 1, 1, []],
        ["finance", 1, 3, ["finance/us"]],
        ["ml", 0, 4, ["ml/features"]]
      ]
    )
  })

  it("may have any name", () => {
    assert.deepStrictEqual(
      groupTree([{ name: "__proto__", assets: 1 }, { name: "constructor/x", assets: 1 }]).map(({ name }) => name),
      ["__proto__", "constructor"]
    )
  })

  it("hold what is below them, and not what only begins like them", () => {
    assert.isTrue(inGroup("finance/eu", "finance"))
    assert.isTrue(inGroup("finance", "finance"))
    assert.isFalse(inGroup("finances", "finance"))
    assert.isFalse(inGroup("finance", "finance/eu"))
    assert.isFalse(inGroup(undefined, "finance"))
  })
})
