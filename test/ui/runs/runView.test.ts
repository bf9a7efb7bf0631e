import { assert, describe, it } from "@effect/vitest"
import type { Model } from "../../../src/server/Api.ts"
import {
  countParts,
  countStates,
  emptyRun,
  explainRun,
  orderedRows,
  reduceRun,
  type Row,
  type RunView,
  worst
} from "../../../ui/src/runs/runView.ts"
import { assetEvent, makeRun, shuffled } from "./events.ts"

const started = (keys: ReadonlyArray<string>): Model.RunEvent => ({
  _tag: "RunStarted",
  cursor: 1,
  timestamp: 1000,
  keys
})

const begins = (key: string, timestamp: number, partition?: string, attempt = 1): Model.RunEvent => ({
  _tag: "AssetStarted",
  timestamp,
  key,
  attempt,
  ...partition === undefined ? {} : { partition }
})

const finished = (status: Model.RunStatus, timestamp = 9000): Model.RunEvent => ({
  _tag: "RunFinished",
  cursor: 1000,
  timestamp,
  status,
  durationMillis: timestamp - 1000
})

const view = (...events: ReadonlyArray<Model.RunEvent>): RunView => reduceRun(emptyRun(), events)

const row = (run: RunView, key: string): Row => {
  const found = run.rows.get(key)
  assert.isDefined(found, `there is no row ${key}`)
  return found!
}

const comparable = (run: RunView) => ({
  keys: run.keys,
  startedAt: run.startedAt,
  finished: run.finished,
  lastAt: run.lastAt,
  rows: orderedRows(run)
})

const check = (key: string, name: string, more: Partial<Model.CheckModel>): Model.RunEvent => ({
  _tag: "CheckFinished",
  check: { key, check: name, severity: "error", blocking: false, status: "Failed", ...more }
})

describe("runView", () => {
  it("an asset waits, runs and ends", () => {
    const waiting = view(started(["a", "b"]))
    assert.deepStrictEqual(orderedRows(waiting).map(({ key, state }) => [key, state]), [["a", "Waiting"], [
      "b",
      "Waiting"
    ]])
    const running = reduceRun(waiting, [begins("a", 1100)])
    assert.strictEqual(row(running, "a").state, "Running")
    assert.deepStrictEqual(row(running, "a").spans.map(({ end, start }) => [start, end]), [[1100, undefined]])
    const ended = reduceRun(running, [
      assetEvent({ cursor: 2, timestamp: 1900, key: "a", outcome: "Materialized", durationMillis: 800 })
    ])
    assert.strictEqual(row(ended, "a").state, "Materialized")
    assert.deepStrictEqual(row(ended, "a").spans.map(({ end, start }) => [start, end]), [[1100, 1900]])
    assert.strictEqual(row(ended, "b"), row(running, "b"), "a row that nothing was told of stays the same")
  })

  it("a beginning that is told again later is the first one", () => {
    for (const times of [[1100, 1500], [1500, 1100]]) {
      const run = view(started(["a"]), ...times.map((at) => begins("a", at)))
      assert.deepStrictEqual(row(run, "a").spans.map(({ start }) => start), [1100])
    }
  })

  it("what was recorded without its beginning is as long as it took", () => {
    const run = view(
      started(["a"]),
      assetEvent({ cursor: 2, timestamp: 5000, key: "a", outcome: "Failed", durationMillis: 1500, attempts: 3 })
    )
    assert.deepStrictEqual(row(run, "a").spans.map(({ attempt, end, start }) => [start, end, attempt]), [[
      3500,
      5000,
      3
    ]])
  })

  it("what took no time is a marker", () => {
    const run = view(
      started(["a"]),
      assetEvent({ cursor: 2, timestamp: 1500, key: "a", outcome: "Skipped", reason: "b was skipped" })
    )
    assert.lengthOf(row(run, "a").spans, 0)
    assert.deepStrictEqual(row(run, "a").markers.map(({ at, outcome }) => [at, outcome]), [[1500, "Skipped"]])
  })

  it("the worst outcome of the parts stands for an asset, and what runs comes before it", () => {
    const some = [
      started(["a"]),
      begins("a", 1100, "1"),
      assetEvent({
        cursor: 2,
        timestamp: 1200,
        key: "a",
        outcome: "Materialized",
        durationMillis: 100,
        partition: "1"
      }),
      begins("a", 1200, "2"),
      assetEvent({ cursor: 3, timestamp: 1300, key: "a", outcome: "Failed", durationMillis: 100, partition: "2" }),
      begins("a", 1300, "3")
    ]
    assert.strictEqual(row(view(...some), "a").state, "Running")
    const done = view(
      ...some,
      assetEvent({ cursor: 4, timestamp: 1400, key: "a", outcome: "Skipped", partition: "3" })
    )
    assert.strictEqual(row(done, "a").state, "Failed")
    assert.deepStrictEqual([...countParts(row(done, "a"))], [["Materialized", 1], ["Failed", 1], ["Skipped", 1]])
    assert.isUndefined(worst(["Waiting", "Running"]))
  })

  it("an event of several partitions ends as many beginnings, the oldest first", () => {
    const run = view(
      started(["a"]),
      begins("a", 1100, "1"),
      begins("a", 1150, "2"),
      begins("a", 1200, "3"),
      begins("a", 1300, "4"),
      assetEvent({
        cursor: 2,
        timestamp: 1400,
        key: "a",
        outcome: "Materialized",
        // the sum of what ran side by side
        durationMillis: 5000,
        partitions: { text: "1 and 3", count: 2 }
      }),
      assetEvent({ cursor: 3, timestamp: 1350, key: "a", outcome: "Failed", durationMillis: 200, partition: "2" })
    )
    const { spans, spentMillis } = row(run, "a")
    assert.deepStrictEqual(spans.map(({ end, outcome, part, start }) => [part, outcome, start, end]), [
      ["1 and 3", "Materialized", 1100, 1400],
      ["2", "Failed", 1150, 1350],
      ["4", "Running", 1300, undefined]
    ])
    assert.strictEqual(spentMillis, 5200)
  })

  it("what is known by its duration alone does not begin before the run", () => {
    const run = view(
      started(["a"]),
      assetEvent({
        cursor: 2,
        timestamp: 4000,
        key: "a",
        outcome: "Materialized",
        durationMillis: 60_000,
        partitions: { text: "1…90", count: 90 }
      })
    )
    assert.strictEqual(row(run, "a").spans[0]!.start, 1000)
  })

  it("a run that ends leaves nothing running or waiting", () => {
    const run = view(started(["a", "b"]), begins("a", 1100), finished("Cancelled"))
    assert.deepStrictEqual(orderedRows(run).map(({ state }) => state), ["Cancelled", "NotRun"])
    assert.strictEqual(row(run, "a").spans[0]!.end, 9000)
  })

  it("steps are where they were told to be, and one after the other where only their duration is recorded", () => {
    const steps: Model.AssetEvent["steps"] = [
      { name: "read", attempts: 1, durationMillis: 300, status: "Succeeded" },
      { name: "write", attempts: 2, durationMillis: 200, status: "Failed" }
    ]
    const ends = assetEvent({ cursor: 2, timestamp: 2000, key: "a", outcome: "Failed", durationMillis: 900, steps })
    const recorded = row(view(started(["a"]), ends), "a").spans[0]!.steps
    assert.deepStrictEqual(recorded.map(({ end, name, start }) => [name, start, end]), [
      ["read", 1100, 1400],
      ["write", 1400, 1600]
    ])
    const told = view(
      started(["a"]),
      begins("a", 1100),
      { _tag: "StepStarted", timestamp: 1200, key: "a", name: "read" },
      { _tag: "StepFinished", timestamp: 1500, key: "a", step: steps[0]! },
      { _tag: "StepFinished", timestamp: 1990, key: "a", step: steps[1]! },
      ends
    )
    assert.deepStrictEqual(row(told, "a").spans[0]!.steps.map(({ name, start }) => [name, start]), [
      ["read", 1200],
      ["write", 1790]
    ])
  })

  it("what is not in the plan comes last", () => {
    const run = view(
      started(["z", "y"]),
      assetEvent({ cursor: 2, timestamp: 1200, key: "b", outcome: "Observed" }),
      assetEvent({ cursor: 3, timestamp: 1300, key: "a", outcome: "Observed" })
    )
    assert.deepStrictEqual(orderedRows(run).map(({ key }) => key), ["z", "y", "a", "b"])
  })

  it("keys of any kind are only keys", () => {
    const keys = ["__proto__", "constructor", "<script>", "a/b\\/c", "🙈"]
    const run = view(
      started(keys),
      ...keys.map((key, index) => assetEvent({ cursor: index + 2, timestamp: 2000, key, outcome: "Materialized" }))
    )
    assert.deepStrictEqual(
      orderedRows(run).map(({ key, state }) => [key, state]),
      keys.map((key) => [key, "Materialized"])
    )
  })

  it("the newest evaluation of a check counts", () => {
    const newer = { cursor: 9, timestamp: 2000, runId: "r", durationMillis: 1, metadata: {} }
    const run = view(
      started(["a"]),
      check("a", "rows", { status: "Passed", evaluation: newer }),
      check("a", "rows", { status: "Failed", evaluation: { ...newer, cursor: 5 } }),
      check("a", "rows", { status: "Failed", partition: "2", evaluation: newer })
    )
    assert.deepStrictEqual(row(run, "a").checks.map(({ partition, status }) => [partition, status]), [
      [undefined, "Passed"],
      ["2", "Failed"]
    ])
    assert.strictEqual(row(run, "a").state, "Checked")
  })

  describe("of runs that are made up", () => {
    for (let seed = 1; seed <= 20; seed++) {
      it(`events may come in any order, in any portions, and twice (${seed})`, () => {
        const { events, keys, parts } = makeRun(seed, 12)
        const whole = view(...events)
        assert.deepStrictEqual(whole.keys, keys)
        for (const [key, mine] of parts) {
          const found = row(whole, key)
          assert.deepStrictEqual(
            found.events.map(({ outcome, partition }) => ({ part: partition, outcome })),
            mine
          )
          assert.strictEqual(found.state, worst(mine.map(({ outcome }) => outcome)))
          assert.strictEqual(found.spans.length + found.markers.length, mine.length)
          assert.isTrue(found.spans.every(({ end, start }) => end !== undefined && start <= end))
        }
        const counts = [...countStates(whole.rows.values()).values()].reduce((a, b) => a + b, 0)
        assert.strictEqual(counts, keys.length)

        const one = events.reduce((run, event) => reduceRun(run, [event]), emptyRun())
        assert.deepStrictEqual(comparable(one), comparable(whole), "one at a time")
        const mixed = shuffled(events, seed)
        assert.deepStrictEqual(comparable(view(...mixed)), comparable(whole), "in another order")
        const half = Math.floor(events.length / 2)
        const again = reduceRun(view(...events.slice(0, half)), events)
        assert.deepStrictEqual(comparable(again), comparable(whole), "the first half twice")
        const twice = reduceRun(reduceRun(emptyRun(), mixed), shuffled(events, seed + 100))
        assert.deepStrictEqual(comparable(twice), comparable(whole), "all of it twice")
      })
    }
  })

  it("explains what came of a run", () => {
    const text = (run: RunView, status: Model.RunStatus, reason?: string) =>
      explainRun(orderedRows(run), status, reason).map(({ text }) => text).join("")
    const failed = view(
      started(["a", "b", "c", "d"]),
      assetEvent({ cursor: 2, timestamp: 1200, key: "a", outcome: "Failed", durationMillis: 1 }),
      assetEvent({ cursor: 3, timestamp: 1300, key: "b", outcome: "UpstreamFailed" }),
      assetEvent({ cursor: 4, timestamp: 1300, key: "c", outcome: "UpstreamFailed" }),
      check("d", "rows", {}),
      finished("Failed")
    )
    assert.strictEqual(
      text(failed, "Failed"),
      "1 asset failed, 2 assets were not computed because of it, 1 check did not pass."
    )
    const keys = explainRun(orderedRows(failed), "Failed").flatMap(({ keys }) => keys === undefined ? [] : [keys])
    assert.deepStrictEqual(keys, [["a"], ["b", "c"], ["d"]])
    const blocked = view(
      started(["a", "b"]),
      check("a", "rows", { blocking: true }),
      assetEvent({ cursor: 3, timestamp: 1300, key: "b", outcome: "UpstreamFailed" })
    )
    assert.strictEqual(text(blocked, "Failed"), "1 check did not pass, 1 asset was not computed because of it.")
    const cancelled = view(
      started(["a", "b"]),
      assetEvent({ cursor: 3, timestamp: 1300, key: "a", outcome: "Cancelled" }),
      finished("Cancelled")
    )
    assert.strictEqual(
      text(cancelled, "Cancelled", "wrong data"),
      "The run was cancelled (wrong data), 1 asset was stopped, 1 asset was never reached."
    )
    const checksOnly = view(started(["a", "b"]), check("a", "rows", {}), finished("Failed"))
    assert.strictEqual(text(checksOnly, "Failed"), "1 check did not pass.", "no asset was to be computed")
    assert.strictEqual(text(view(started(["a"])), "Running"), "")
  })

  it("a warning is no failure", () => {
    const run = view(started(["a"]), check("a", "rows", { severity: "warn" }))
    assert.lengthOf(explainRun(orderedRows(run), "Succeeded"), 0)
  })
})
