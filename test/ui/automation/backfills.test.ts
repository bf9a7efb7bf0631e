import { assert, describe, it } from "@effect/vitest"
import { partsOf, progressText, runsText } from "../../../ui/src/automation/backfills.ts"

describe("a backfill", () => {
  it("tells how far it is", () => {
    const runs = { total: 3, running: 0, succeeded: 2, failed: 1, cancelled: 0 }
    const some = { runs, partitions: { total: 1461, done: 1000, failed: 31 } }
    assert.strictEqual(progressText(some), "1,000 of 1,461 done, 31 failed")
    assert.strictEqual(progressText({ runs, partitions: { total: 4, done: 4, failed: 0 } }), "4 of 4 done")
    assert.deepStrictEqual(partsOf(some).map(({ value }) => value), [1000, 31])
  })

  it("tells how its runs stand, as lists and details have them", () => {
    assert.strictEqual(runsText({ total: 3, succeeded: 2, failed: 1 }), "2 succeeded, 1 failed")
    assert.strictEqual(runsText({ Running: 1, Succeeded: 0, Failed: 0, Cancelled: 2 }), "1 running, 2 cancelled")
    assert.strictEqual(runsText({}), "")
  })
})
