import { assert, describe, it } from "@effect/vitest"
import type { Model } from "../../../src/server/Api.ts"
import {
  entryLine,
  eventLines,
  filterLines,
  highlight,
  levelOf,
  levels,
  linesText,
  merge
} from "../../../ui/src/runs/logLines.ts"
import { emptyRun, reduceRun } from "../../../ui/src/runs/runView.ts"
import { assetEvent, makeRun } from "./events.ts"

const run = reduceRun(emptyRun(), [
  { _tag: "RunStarted", cursor: 1, timestamp: 1000, keys: ["a", "b"] },
  { _tag: "AssetStarted", timestamp: 1100, key: "a", attempt: 1 },
  assetEvent({
    cursor: 2,
    timestamp: 1600,
    key: "a",
    outcome: "Failed",
    durationMillis: 500,
    error: { tag: "SqlError", message: "no such table", cause: "SqlError: no such table\n    at x" }
  }),
  assetEvent({ cursor: 3, timestamp: 1600, key: "b", outcome: "UpstreamFailed", reason: "a failed" }),
  { _tag: "RunFinished", cursor: 4, timestamp: 1700, status: "Failed", durationMillis: 700 }
])

const entry = (seq: number, timestamp: number, level: string, message: string, key?: string): Model.LogEntry => ({
  seq,
  timestamp,
  level,
  message,
  ...key === undefined ? {} : { key }
})

const messages = [
  entry(1, 1100, "INFO", "reading", "a"),
  entry(2, 1600, "WARN", "slow", "a"),
  entry(3, 1650, "DEBUG", "<script>alert(1)</script>")
].map(entryLine)

describe("logLines", () => {
  it("what happened is told in words, in the order of time", () => {
    assert.deepStrictEqual(eventLines(run).map(({ at, key, level, text }) => [at, level, key, text]), [
      [1000, "Info", undefined, "run started: 2 assets"],
      [1100, "Debug", "a", "started"],
      [1600, "Error", "a", "failed after 500 ms: SqlError: no such table"],
      [1600, "Warn", "b", "not computed: a failed"],
      [1700, "Error", undefined, "run failed after 700 ms"]
    ])
  })

  it("of the same time, what begins comes before messages, and what ends after them", () => {
    assert.deepStrictEqual(merge(eventLines(run), messages).map(({ text }) => text.split(":")[0]), [
      "run started",
      "started",
      "reading",
      "slow",
      "failed after 500 ms",
      "not computed",
      "<script>alert(1)</script>",
      "run failed after 700 ms"
    ])
  })

  it("no line is lost or told twice, and the last one is the end of the run", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const made = reduceRun(emptyRun(), makeRun(seed, 20).events)
      const lines = eventLines(made)
      assert.strictEqual(new Set(lines.map(({ id }) => id)).size, lines.length)
      assert.isTrue(lines.every(({ at }, index) => index === 0 || lines[index - 1]!.at <= at))
      assert.strictEqual(lines.at(-1)!.id, "r end")
      assert.lengthOf(merge(lines, messages), lines.length + messages.length)
    }
  })

  it("lines are found by level, asset and text", () => {
    const all = merge(eventLines(run), messages)
    const texts = (filter: Partial<Parameters<typeof filterLines>[1]>) =>
      filterLines(all, { level: "Trace", key: undefined, text: "", ...filter }).map(({ text }) => text.split(":")[0])
    assert.lengthOf(texts({}), all.length)
    assert.deepStrictEqual(texts({ level: "Error" }), ["failed after 500 ms", "run failed after 700 ms"])
    assert.deepStrictEqual(texts({ key: "b" }), ["not computed"])
    assert.deepStrictEqual(texts({ text: "SQLERROR" }), ["failed after 500 ms"])
    assert.deepStrictEqual(texts({ text: "at x" }), ["failed after 500 ms"], "the cause is searched, too")
    assert.deepStrictEqual(texts({ level: "Warn", key: "a", text: "slow" }), ["slow"])
  })

  it("levels are read however they are written", () => {
    assert.deepStrictEqual(["INFO", "Warning", "fatal", "All", "odd", "__proto__"].map(levelOf), [
      "Info",
      "Warn",
      "Fatal",
      "Trace",
      "Info",
      "Info"
    ])
    assert.strictEqual(levels.indexOf("Trace") < levels.indexOf("Fatal"), true)
  })

  it("what was looked for is set off, and the text stays the same", () => {
    assert.deepStrictEqual(highlight("Rows: 3 rows", "rows"), [
      { text: "Rows", hit: true },
      { text: ": 3 ", hit: false },
      { text: "rows", hit: true }
    ])
    for (const [text, wanted] of [["aaaa", "aa"], ["İstanbul i", "i"], ["x", ""], ["", "x"], ["a.b", "."]] as const) {
      assert.strictEqual(highlight(text, wanted).map(({ text }) => text).join(""), text)
    }
  })

  it("lines are a file, with causes below them", () => {
    const text = linesText(filterLines(merge(eventLines(run), messages), { level: "Warn", key: "a", text: "" }))
    assert.strictEqual(
      text,
      [
        "1970-01-01T00:00:01.600Z  WARN   a  slow",
        "1970-01-01T00:00:01.600Z  ERROR  a  failed after 500 ms: SqlError: no such table",
        "    SqlError: no such table",
        "        at x",
        ""
      ].join("\n")
    )
    assert.strictEqual(linesText([]), "")
  })
})
