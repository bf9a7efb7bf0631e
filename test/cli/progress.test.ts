import { assert, describe, it } from "@effect/vitest"
import { failures, frame, lastLine, learn, line, summary, watched } from "../../src/cli/progress.ts"
import { painter, width } from "../../src/cli/text.ts"
import type * as Model from "../../src/server/Model.ts"

const paint = painter(false)

const begun = (keys: ReadonlyArray<string>, partitions?: { readonly [key: string]: number }): Model.RunEvent => ({
  _tag: "RunStarted",
  cursor: 1,
  timestamp: 0,
  keys,
  partitions
})

const started = (key: string, partition?: string, attempt = 1): Model.RunEvent => ({
  _tag: "AssetStarted",
  timestamp: 1_000,
  key,
  partition,
  attempt
})

const done = (key: string, more: Partial<Model.AssetEvent> = {}): Model.RunEvent => ({
  _tag: "AssetFinished",
  event: { cursor: 2, timestamp: 2_000, key, outcome: "Materialized", durationMillis: 100, ...more }
})

const ended = (status: Model.RunStatus): Model.RunEvent => ({
  _tag: "RunFinished",
  cursor: 9,
  timestamp: 3_000,
  status,
  durationMillis: 3_000
})

const after = (...events: ReadonlyArray<Model.RunEvent>) => {
  const self = watched("run-1")
  for (const event of events) learn(self, event)
  return self
}

const error = {
  tag: "Boom",
  message: "It broke.\nBadly\u001b[2J",
  cause: "Boom: It broke.\n    at mine (a.ts:1)\n  [cause]: x"
}

describe("progress", () => {
  describe("frame", () => {
    it("has a line for each asset that is being computed, and a bar", () => {
      const self = after(
        begun(["a", "b", "c"], { c: 8 }),
        started("a"),
        started("c", "2024-01-01", 2),
        { _tag: "StepStarted", timestamp: 1_000, key: "a", name: "fetch" },
        done("b")
      )
      const lines = frame(self, { columns: 80, rows: 24, paint, now: 2_500 })
      assert.deepStrictEqual(lines.slice(0, 2).map((line) => line.slice(2).replaceAll(/ +/g, " ")), [
        "a 1.5 s fetch",
        "c 2024-01-01 1.5 s attempt 2"
      ])
      assert.strictEqual(lines[2], `${"█".repeat(4)}${"░".repeat(36)} 1/10  2.5 s`)
      assert.lengthOf(lines, 3)
    })

    it("has nothing before the run has begun", () => {
      assert.deepStrictEqual(frame(watched("r"), { columns: 80, rows: 24, paint, now: 5 }), [])
    })

    it("fits into any terminal, whatever the keys", () => {
      const keys = ["日本語のとても長いキー/🚀🚀🚀", "x".repeat(300), "a\u001b[2J\nb", "e\u0301".repeat(60)]
      const self = after(
        begun(keys),
        ...keys.map((key) => started(key, "2024-01-01")),
        { _tag: "StepStarted", timestamp: 1_000, key: keys[0]!, name: "a long\nname ".repeat(20) }
      )
      for (let columns = 1; columns < 130; columns += 3) {
        for (const line of frame(self, { columns, rows: 24, paint, now: 100_000 })) {
          assert.isAtMost(width(line), Math.max(1, columns - 1), `${columns}: ${line}`)
          assert.notInclude(line, "\u001b")
        }
      }
    })

    it("leaves room for what else is on the terminal", () => {
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
      const self = after(begun(keys), ...keys.map((key) => started(key)))
      const lines = frame(self, { columns: 80, rows: 10, paint, now: 1_000 })
      assert.lengthOf(lines, 7)
      assert.strictEqual(lines[5], "  and 95 more")
      assert.isAtMost(frame(self, { columns: 80, rows: 1, paint, now: 1_000 }).length, 2)
    })

    it("counts where partitions were not told", () => {
      const self = after(begun(["a"]), done("a", { partition: "1" }), done("a", { partition: "2" }))
      assert.match(frame(self, { columns: 80, rows: 24, paint, now: 2_000 }).at(-1)!, /^2 done {2}2\.0 s$/)
    })

    it("tells failures and cancelling", () => {
      const self = after(begun(["a", "b"]), done("a", { outcome: "Failed", error }), {
        _tag: "CancelRequested",
        cursor: 3,
        timestamp: 1,
        reason: undefined
      })
      assert.match(
        frame(self, { columns: 80, rows: 24, paint, now: 2_000 }).at(-1)!,
        / 1\/2 {2}1 failed {2}2\.0 s {2}cancelling$/
      )
    })

    it("forgets an asset that is done, by partition or as a whole", () => {
      const self = after(
        begun(["a", "b"]),
        started("a", "1"),
        started("a", "2"),
        started("b", "1"),
        done("a", { partition: "1" })
      )
      assert.deepStrictEqual(Array.from(self.running.values(), ({ key, partition }) => key + partition), ["a2", "b1"])
      learn(self, done("b", { partitions: { text: "all", count: 5 } }))
      assert.deepStrictEqual(Array.from(self.running.values(), ({ key, partition }) => key + partition), ["a2"])
      learn(self, ended("Succeeded"))
      assert.strictEqual(self.running.size, 0)
    })
  })

  describe("line", () => {
    it("is one for each event, with why", () => {
      const events: ReadonlyArray<Model.RunEvent> = [
        begun(["a"]),
        started("a"),
        started("a", "2024-01-01", 3),
        done("a", { partitions: { text: "2024-01-01…2024-01-05 (5 partitions)", count: 5 } }),
        done("a", { outcome: "Failed", error, attempts: 2 }),
        done("a", { outcome: "Skipped", reason: "its output is None", durationMillis: undefined }),
        done("a", { outcome: "UpstreamFailed", because: ["b", "c:check"], durationMillis: undefined }),
        {
          _tag: "CheckFinished",
          check: {
            key: "a",
            check: "some",
            severity: "warn",
            blocking: false,
            status: "Failed",
            evaluation: {
              cursor: 5,
              timestamp: 0,
              runId: "r",
              durationMillis: 1,
              description: "none\u0007",
              metadata: {}
            }
          }
        }
      ]
      assert.deepStrictEqual(events.map((event) => line("r\u0007", event, paint)), [
        "run r\\u0007 started: 1 asset",
        "  a started",
        "  a 2024-01-01 started, attempt 3",
        "✓ a 2024-01-01…2024-01-05 (5 partitions) materialized in 100 ms",
        "✗ a failed in 100 ms after 2 attempts: It broke. …",
        "- a skipped: its output is None",
        "✗ a not computed: b, c:check",
        "! check some of a failed: none\\u0007"
      ])
    })
  })

  describe("the end", () => {
    it("counts outcomes and checks", () => {
      const self = after(
        begun(["a", "b"]),
        done("a"),
        done("b", { outcome: "Failed", error }),
        ended("Failed")
      )
      assert.strictEqual(lastLine(self, paint), "run run-1 failed in 3.0 s: 1 materialized, 1 failed")
      assert.strictEqual(
        lastLine(after(begun([]), ended("Succeeded")), paint),
        "run run-1 succeeded in 3.0 s: nothing to do"
      )
    })

    it("tells whole messages, and causes without what was said", () => {
      const self = after(begun(["a"]), done("a", { outcome: "Failed", error }))
      assert.deepStrictEqual(failures(self, paint), [
        "✗ a: Boom: It broke.",
        "    Badly\\e[2J",
        "    at mine (a.ts:1)",
        "    [cause]: x"
      ])
    })

    it("keeps some of very many failures, and says where the others are", () => {
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
      const self = after(begun(keys), ...keys.map((key) => done(key, { outcome: "Failed", error })))
      assert.include(failures(self, paint).at(-1), "and 30 more failures: effect-assets run show run-1")
    })

    it("has a row for each asset, partitions together", () => {
      const self = after(
        begun(["a", "b"]),
        done("a", { partition: "1" }),
        done("a", { partition: "2", outcome: "Skipped", reason: "its output is None" }),
        done("b")
      )
      assert.deepStrictEqual(summary(self, { columns: Infinity, paint }), [
        "   asset  outcome                      took  why",
        "-  a      1 materialized, 1 skipped  200 ms  its output is None",
        "✓  b      materialized               100 ms"
      ])
    })

    it("has of very many assets only those with something to tell", () => {
      const keys = Array.from({ length: 1_000 }, (_, i) => `k${i}`)
      const self = after(begun(keys), ...keys.map((key, i) => done(key, i === 500 ? { outcome: "Failed", error } : {})))
      const rows = summary(self, { columns: Infinity, paint })
      assert.lengthOf(rows, 2)
      assert.include(rows[1], "k500")
    })
  })

  it("of a backfill, its runs do not begin or end it", () => {
    const self = watched("backfill", true)
    self.keys = ["a"]
    self.total = 10
    for (const event of [begun(["a"]), started("a", "1"), ended("Failed")]) learn(self, event)
    assert.deepStrictEqual([self.total, self.status, self.running.size], [10, "Running", 1])
  })
})
