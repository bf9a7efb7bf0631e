import { assert, describe, it } from "@effect/vitest"
import * as Text from "../../src/cli/text.ts"

const plain = Text.painter(false)

describe("text", () => {
  it("shows what would act on a terminal", () => {
    assert.strictEqual(Text.visible("a\u001b[2J\u0007b\nc\td"), "a\\e[2J\\u0007b\\nc\\td")
    assert.strictEqual(Text.visible("\u009b31m \u202eabc\u2028"), "\\u009b31m \\u202eabc\\u2028")
    assert.strictEqual(Text.visible("\ud800"), "\ufffd")
    assert.strictEqual(Text.visible("日本語/🚀"), "日本語/🚀")
    assert.deepStrictEqual(Text.visibleLines("a\r\n\tb\u001b"), ["a", "  b\\e"])
  })

  it("writes JSON that says the same and acts on nothing", () => {
    const value = { "k\u009b": "\u001b[2J \u202e \u007f", rocket: "🚀" }
    const json = Text.json(value)
    // oxlint-disable-next-line no-control-regex
    assert.notMatch(json, /[\u0000-\u001f\u007f-\u009f\u202e]/)
    assert.deepStrictEqual(JSON.parse(json), value)
  })

  it("cuts at what can be seen", () => {
    assert.strictEqual(Text.cut("abcdef", 6), "abcdef")
    assert.strictEqual(Text.cut("abcdef", 4), "abc…")
    assert.strictEqual(Text.cut("日本語", 6), "日本語")
    assert.strictEqual(Text.cut("日本語", 5), "日本…")
    assert.strictEqual(Text.cut("日本語", 4), "日…")
    assert.strictEqual(Text.cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3), "👩‍👩‍👧‍👦…")
    assert.strictEqual(Text.cut("abc", 0), "")
    for (const text of ["日本語のキー", "a🚀b🚀c", "e\u0301e\u0301e\u0301", "plain text"]) {
      for (let columns = 0; columns < 12; columns++) assert.isAtMost(Text.width(Text.cut(text, columns)), columns)
    }
  })

  it("lines the columns of a table up, wide characters too", () => {
    const lines = Text.table(
      [{ title: "asset" }, { title: "empty" }, { title: "rows", right: true }],
      [["日本語", "", "1"], ["a", "", { text: "1,000", look: "red" }]],
      { paint: plain, columns: Infinity }
    )
    assert.deepStrictEqual(lines, ["asset    rows", "日本語      1", "a       1,000"])
  })

  it("shrinks columns that may, the widest first, and never over the edge", () => {
    const columns = [{ title: "asset", shrinks: 6 }, { title: "why", shrinks: 4 }, { title: "took" }]
    const rows = [["a".repeat(30), "because of that", "1 ms"]]
    for (const width of [60, 40, 30, 20]) {
      const lines = Text.table(columns, rows, { paint: plain, columns: width })
      for (const line of lines) assert.isAtMost(Text.width(line), width)
    }
    assert.deepStrictEqual(
      Text.table(columns, rows, { paint: plain, columns: 30 })[1],
      "aaaaaaaaaa…  because of…  1 ms"
    )
    // no narrower than a column may be
    assert.deepStrictEqual(Text.table(columns, rows, { paint: plain, columns: 5 })[1], "aaaaa…  bec…  1 ms")
  })

  it("leaves columns out where there is no room at all", () => {
    const columns = [{ title: "asset", shrinks: 4 }, { title: "group", drops: 2 }, { title: "last", drops: 1 }]
    const rows = [["abcdef", "finance", "2 h ago"]]
    const at = (width: number) => Text.table(columns, rows, { paint: plain, columns: width })[1]
    assert.strictEqual(at(24), "abcdef  finance  2 h ago")
    assert.strictEqual(at(22), "abc…  finance  2 h ago")
    assert.strictEqual(at(21), "abc…  2 h ago")
    assert.strictEqual(at(10), "abc…")
  })

  it("paints or does not", () => {
    assert.strictEqual(Text.painter(true)("red", "x"), "\u001b[31mx\u001b[39m")
    assert.strictEqual(plain("red", "x"), "x")
  })

  it("tells durations as people do", () => {
    const told = [0, 999, 1000, 59_900, 59_960, 61_000, 3_599_700, 7_260_000, 200_000_000].map(Text.duration)
    assert.deepStrictEqual(told, [
      "0 ms",
      "999 ms",
      "1.0 s",
      "59.9 s",
      "1 min 0 s",
      "1 min 1 s",
      "1 h 0 min",
      "2 h 1 min",
      "2 d 7 h"
    ])
    assert.deepStrictEqual([-5, 59_000, 120_000, 7_200_000, 864_000_000].map(Text.ago), [
      "0 s ago",
      "59 s ago",
      "2 min ago",
      "2 h ago",
      "10 d ago"
    ])
  })
})
