import { assert, describe, it } from "@effect/vitest"
import { Model } from "effect-assets/server"

const none = { total: 4, fresh: 0, stale: 0, missing: 0, failed: 0 }

const status = (changes: Partial<Model.AssetStatus>): Model.AssetStatus => ({
  key: "asset",
  staleness: "Fresh",
  causes: [],
  rootCauses: [],
  running: [],
  checks: { passed: 0, warned: 0, failed: 0, notEvaluated: 0 },
  ...changes
})

const last = { timestamp: 0, dataVersion: "1" }

describe("the word for an asset's state", () => {
  const cases: ReadonlyArray<readonly [Model.StatusWord, Partial<Model.AssetStatus>, external?: boolean]> = [
    ["Running", { running: ["run"], outcome: "Failed", staleness: "Stale" }],
    ["Failed", { outcome: "Failed" }],
    ["Failed", { outcome: "UpstreamFailed", staleness: "Missing" }],
    ["Missing", { staleness: "Missing" }],
    ["Missing", { staleness: "Missing", outcome: "Cancelled" }],
    ["Skipped", { staleness: "Missing", outcome: "Skipped" }],
    ["Fresh", { last, outcome: "Skipped" }],
    ["Stale", { staleness: "Stale", last }],
    ["Fresh", { last, outcome: "Cancelled" }],
    ["External", {}, true],
    ["Fresh", { last, outcome: "Observed" }, true],
    ["Failed", { staleness: "Partitioned", last, partitions: { ...none, fresh: 3, missing: 1, failed: 1 } }],
    ["Stale", { staleness: "Partitioned", last, partitions: { ...none, fresh: 3, stale: 1 } }],
    ["Missing", { staleness: "Partitioned", partitions: { ...none, missing: 4 } }],
    ["Fresh", { staleness: "Partitioned", last, partitions: { ...none, fresh: 1, missing: 3 } }]
  ]
  for (const [word, changes, external = false] of cases) {
    it(`${word}: ${JSON.stringify(changes)}${external ? ", external" : ""}`, () =>
      assert.strictEqual(Model.statusWord({ external }, status(changes)), word))
  }
})
