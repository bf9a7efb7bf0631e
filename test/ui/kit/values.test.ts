import { assert, describe, it } from "@effect/vitest"
import { cellText, formatNumber, safeHref } from "../../../ui/src/kit/metadata.ts"
import { problemOf } from "../../../ui/src/kit/problem.ts"
import { sortRows } from "../../../ui/src/kit/sort.ts"
import { searchTexts } from "../../../ui/src/shell/match.ts"

describe("links", () => {
  it("lead only to the web", () => {
    assert.strictEqual(safeHref("https://example.com/a?b"), "https://example.com/a?b")
    assert.strictEqual(safeHref("HTTP://example.com"), "http://example.com/")
    for (
      const text of [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.com",
        "/relative",
        ""
      ]
    ) assert.isUndefined(safeHref(text), text)
  })
})

describe("values", () => {
  it("show numbers with what is in them", () => {
    assert.deepStrictEqual(
      [1461, 0, -1234.5, 0.1 + 0.2, 1e20, 0.000001, 123456.789].map(formatNumber),
      ["1,461", "0", "-1,234.5", "0.3", "100000000000000000000", "0.000001", "123,456.789"]
    )
  })

  it("show cells as text", () => {
    assert.deepStrictEqual(["<b>", 1, null, undefined, { a: [1] }].map(cellText), ["<b>", "1", "null", "", `{"a":[1]}`])
  })
})

describe("problems", () => {
  it("are read from whatever was thrown", () => {
    assert.deepStrictEqual(problemOf({ title: "Not valid", detail: "Line 1", status: 422 }), {
      title: "Not valid",
      detail: "Line 1",
      status: 422
    })
    assert.deepStrictEqual(problemOf(new TypeError("no")), { title: "Something went wrong", detail: "no" })
    assert.deepStrictEqual(problemOf("broken"), { title: "broken" })
    assert.deepStrictEqual(problemOf(undefined), { title: "Something went wrong" })
    assert.deepStrictEqual(problemOf({ _tag: "Odd" }), { title: "Something went wrong", detail: "Odd" })
  })
})

describe("order", () => {
  const columns = [
    {
      id: "key",
      compare: (a: { key: string }, b: { key: string }) => a.key.localeCompare(b.key, "en", { numeric: true })
    },
    { id: "plain" }
  ]
  const rows = [{ key: "day 10", n: 1 }, { key: "day 2", n: 1 }, { key: "day 2", n: 2 }]

  it("is that of a column, and keeps what is equal", () => {
    assert.deepStrictEqual(sortRows(rows, columns, { id: "key" }).map(({ n }) => n), [1, 2, 1])
    assert.deepStrictEqual(sortRows(rows, columns, { id: "key", descending: true }).map(({ key, n }) => [key, n]), [
      ["day 10", 1],
      ["day 2", 1],
      ["day 2", 2]
    ])
    for (const sort of [undefined, { id: "plain" }, { id: "gone" }]) {
      assert.strictEqual(sortRows(rows, columns, sort), rows)
    }
  })
})

describe("the palette", () => {
  const keys = ["finance/eu/orders", "finance/eu/reorders", "orders_raw", "customers", "eu/x"]
  const found = (text: string, most = 10) => searchTexts(keys, (key) => key, text, most)

  it("finds what has every word, names before paths, beginnings before middles", () => {
    assert.deepStrictEqual(found("orders"), ["orders_raw", "finance/eu/orders", "finance/eu/reorders"])
    assert.deepStrictEqual(found("EU re"), ["finance/eu/reorders"])
    assert.deepStrictEqual(found("nothing"), [])
  })

  it("gives the first ones where nothing is searched for, and never more than asked for", () => {
    assert.deepStrictEqual(found("  ", 2), keys.slice(0, 2))
    assert.deepStrictEqual(found("o", 1), ["orders_raw"])
  })
})
