import { assert, describe, it } from "@effect/vitest"
import { groupTree, inGroup } from "../../ui/src/api/groups.ts"
import { refreshPages } from "../../ui/src/api/pages.ts"

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

describe("lists that are read page by page", () => {
  /** A list of the server: the newest first, two a page. */
  const newest = (last: number, asked: Array<number | undefined> = []) => (cursor: number | undefined) => {
    asked.push(cursor)
    const from = cursor === undefined ? last : cursor - 1
    const items = [from, from - 1].filter((item) => item > 0)
    return Promise.resolve({ items, next: from - 1 > 1 ? from - 1 : undefined })
  }

  it("read one page at first", async () => {
    assert.deepStrictEqual(await refreshPages(undefined, newest(9), String), { items: [9, 8], next: 8, pages: 1 })
    assert.deepStrictEqual(await refreshPages(undefined, newest(1), String), { items: [1], next: undefined, pages: 1 })
  })

  it("put what is new before what is there", async () => {
    const asked: Array<number | undefined> = []
    const before = { items: [8, 7, 6, 5], next: 5, pages: 2 }
    assert.deepStrictEqual(await refreshPages(before, newest(9, asked), String), {
      items: [9, 8, 7, 6, 5],
      next: 5,
      pages: 2
    })
    assert.deepStrictEqual(asked, [undefined])
  })

  it("begin anew where there may be items between, and where the list has become short", async () => {
    const before = { items: [6, 5, 4, 3], next: 3, pages: 2 }
    assert.deepStrictEqual(await refreshPages(before, newest(9), String), { items: [9, 8], next: 8, pages: 1 })
    assert.deepStrictEqual(await refreshPages(before, newest(2), String), {
      items: [2, 1],
      next: undefined,
      pages: 1
    })
  })

  it("are read as far as they were, in any other order", async () => {
    const asked: Array<number | undefined> = []
    const read = (cursor: number | undefined) => {
      asked.push(cursor)
      const from = cursor ?? 0
      return Promise.resolve({ items: [from, from + 1], next: from < 6 ? from + 2 : undefined })
    }
    assert.deepStrictEqual(await refreshPages({ items: [0, 1, 2, 3], next: 4, pages: 2 }, read), {
      items: [0, 1, 2, 3],
      next: 4,
      pages: 2
    })
    assert.deepStrictEqual(await refreshPages({ items: [], next: undefined, pages: 9 }, read), {
      items: [0, 1, 2, 3, 4, 5, 6, 7],
      next: undefined,
      pages: 4
    })
    assert.deepStrictEqual(asked, [undefined, 2, undefined, 2, 4, 6])
  })
})
