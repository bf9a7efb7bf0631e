import { assert, describe, it } from "@effect/vitest"
import type { Model } from "../../../src/server/Api.ts"
import { assetsText, givenTags, heldBack, originText, runFilter, strip } from "../../../ui/src/runs/runsModel.ts"

const run = (id: string, durationMillis?: number): Model.RunSummary => ({
  id,
  status: durationMillis === undefined ? "Running" : "Succeeded",
  cancelRequested: false,
  startedAt: 1000,
  assetCount: 1,
  assets: ["a"],
  tags: {},
  here: true,
  cursor: 1,
  ...durationMillis === undefined ? {} : { durationMillis }
})

describe("runsModel", () => {
  it("what a run is from is told in words, and not as tags", () => {
    const requested = { team: "a", job: "nightly", automation: "every_morning", tick: "t", queued: "q", process: "p" }
    assert.deepStrictEqual(givenTags(requested), [["team", "a"]])
    assert.strictEqual(originText(requested), "job nightly, by every_morning")
    assert.strictEqual(originText({ automation: ":conditions", queued: "q" }), "by conditions")
    // by hand, with tags of the same names
    assert.deepStrictEqual(givenTags({ process: "p", job: "nightly" }), [["process", "p"]])
    assert.strictEqual(originText({ job: "nightly", automation: "x" }), "job nightly")
    assert.isUndefined(originText({ team: "a" }))
  })

  it("assets are named by the first one", () => {
    assert.strictEqual(assetsText({ assets: ["daily"], assetCount: 1 }), "daily")
    assert.strictEqual(assetsText({ assets: ["daily", "b"], assetCount: 1001 }), "daily and 1,000 more")
    assert.strictEqual(assetsText({ assets: [], assetCount: 0 }), "nothing")
  })

  it("what is newer than the run on top is held back", () => {
    const runs = ["d", "c", "b", "a"].map((id) => run(id, 1))
    const ids = (top: string | undefined) => {
      const { fresh, shown } = heldBack(runs, top)
      return [shown.map(({ id }) => id).join(""), fresh]
    }
    assert.deepStrictEqual(ids(undefined), ["dcba", 0])
    assert.deepStrictEqual(ids("b"), ["ba", 2])
    assert.deepStrictEqual(ids("d"), ["dcba", 0])
    assert.deepStrictEqual(ids("gone"), ["dcba", 0])
  })

  it("bars are from the oldest to the newest, the higher the longer", () => {
    const bars = strip([run("running"), run("long", 100_000), run("short", 10)], 2000, 60)
    assert.deepStrictEqual(bars.map(({ run }) => run.id), ["short", "long", "running"])
    assert.closeTo(bars[0]!.height, 0.15, 1e-9)
    assert.closeTo(bars[1]!.height, 1, 1e-9)
    assert.isTrue(bars[2]!.height > 0.15 && bars[2]!.height < 1)
    assert.lengthOf(strip(Array.from({ length: 100 }, (_, index) => run(String(index), 5)), 0), 60)
    assert.lengthOf(strip([], 0), 0)
  })

  it("a filter of the address is one of the API, without what it does not know", () => {
    assert.deepStrictEqual(runFilter({ status: ["Failed", "Running"], key: "a", tag: ["x=1"], backfill: "b" }), {
      status: "Failed",
      key: "a",
      tag: "x=1",
      backfill: "b"
    })
    assert.deepStrictEqual(runFilter({ status: ["<script>"] }), {})
  })
})
