import { assert, describe, it } from "@effect/vitest"
import type { Api } from "../../../ui/src/api/contract.ts"
import { groupChecks } from "../../../ui/src/assets/checks.ts"
import { byPartition, durationsOf, eventKinds, fitsKind, sortSeries } from "../../../ui/src/assets/history.ts"

type AssetEvent = Api.Model.AssetEvent

const event = (cursor: number, more: Partial<AssetEvent>): AssetEvent => ({
  cursor,
  timestamp: cursor * 1000,
  key: "a",
  outcome: "Materialized",
  ...more
})

describe("fitsKind", () => {
  it("shows every outcome under one of the choices beside everything", () => {
    const outcomes: ReadonlyArray<AssetEvent["outcome"]> = [
      "Materialized",
      "Observed",
      "Skipped",
      "UpToDate",
      "Failed",
      "UpstreamFailed",
      "Cancelled"
    ]
    for (const outcome of outcomes) {
      const fitting = eventKinds.map(({ value }) => value).filter((kind) => fitsKind({ outcome }, kind))
      assert.strictEqual(fitting.length, 2, outcome)
      assert.strictEqual(fitting[0], "all")
    }
  })
})

describe("durationsOf", () => {
  it("has the seconds of what was materialized, the oldest first", () => {
    assert.deepStrictEqual(
      durationsOf([
        event(3, { durationMillis: 1500, runId: "r3", partition: "p" }),
        event(2, { durationMillis: 9, outcome: "Failed" }),
        event(1, { durationMillis: 500 }),
        event(0, {})
      ]),
      [{ timestamp: 1000, value: 0.5 }, { timestamp: 3000, value: 1.5, runId: "r3", label: "p" }]
    )
  })
})

describe("series", () => {
  it("have the one that was asked for first", () => {
    const series = ["b", "c", "a"].map((label) => ({ label, points: [] }))
    assert.deepStrictEqual(sortSeries(series, "c").map(({ label }) => label), ["c", "a", "b"])
    assert.deepStrictEqual(sortSeries(series, undefined).map(({ label }) => label), ["a", "b", "c"])
  })

  it("by partition have the newest number of each, in their order", () => {
    assert.deepStrictEqual(
      byPartition([
        { timestamp: 2, value: 20, partition: "p10", runId: "new" },
        { timestamp: 1, value: 10, partition: "p10", runId: "old" },
        { timestamp: 1, value: 1, partition: "p9" },
        { timestamp: 5, value: 5 }
      ]),
      [{ label: "p9", value: 1 }, { label: "p10", value: 20, runId: "new" }]
    )
  })
})

describe("groupChecks", () => {
  const check = (
    name: string,
    status: Api.Model.CheckModel["status"],
    more: Partial<Api.Model.CheckModel> = {}
  ): Api.Model.CheckModel => ({ key: "a", check: name, severity: "error", blocking: false, status, ...more })

  it("puts the parts of a check together and what is bad first", () => {
    const groups = groupChecks([
      check("good", "Passed"),
      check("warns", "Failed", { severity: "warn" }),
      check("bad", "Passed", { partition: "p1" }),
      check("bad", "Failed", { partition: "p2" }),
      check("waits", "NotEvaluated")
    ])
    assert.deepStrictEqual(groups.map(({ check }) => check), ["bad", "warns", "waits", "good"])
    assert.deepStrictEqual(groups[0]!.entries.map(({ partition }) => partition), ["p2", "p1"])
    assert.strictEqual(groups[0]!.worst.partition, "p2")
  })
})
