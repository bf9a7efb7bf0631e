import { assert, describe, it } from "@effect/vitest"
import { clamp, lanes, linesOf, makeScale, pieces, ticks, tickStep, zoom } from "../../../ui/src/runs/gantt.ts"
import { emptyRun, orderedRows, reduceRun, rowStates, type Span } from "../../../ui/src/runs/runView.ts"
import { numbers } from "../graph/generate.ts"
import { assetEvent } from "./events.ts"

const span = (start: number, end: number | undefined, outcome: Span["outcome"] = "Materialized"): Span => ({
  part: undefined,
  start,
  end,
  attempt: 1,
  outcome,
  event: undefined,
  steps: []
})

describe("gantt", () => {
  it("a scale leads from times to pixels and back", () => {
    const scale = makeScale({ start: 1000, end: 3000 }, 400)
    assert.strictEqual(scale.x(2000), 200)
    assert.strictEqual(scale.time(200), 2000)
    assert.strictEqual(makeScale({ start: 5, end: 5 }, 100).x(5), 0)
  })

  it("ticks are whole steps, never more than asked for and one", () => {
    for (const length of [7, 90, 1234, 59_000, 600_000, 7_200_000, 90_000_000, 40 * 86_400_000, 4000 * 86_400_000]) {
      const found = ticks({ start: 500, end: 500 + length }, 500, 8)
      assert.isAbove(found.length, 1, `a range of ${length}`)
      assert.isAtMost(found.length, 9, `a range of ${length}`)
      assert.strictEqual(found[0]!.label, "0")
      assert.strictEqual(new Set(found.map(({ label }) => label)).size, found.length, `labels of ${length} differ`)
      const steps = new Set(found.slice(1).map(({ at }, index) => at - found[index]!.at))
      assert.deepStrictEqual([...steps], [tickStep(length, 8)])
    }
  })

  it("ticks are named by the time since the beginning", () => {
    const labels = (start: number, end: number, most: number) =>
      ticks({ start, end }, 0, most).map(({ label }) => label)
    assert.deepStrictEqual(labels(0, 1000, 5), ["0", "200 ms", "400 ms", "600 ms", "800 ms", "1.0 s"])
    assert.deepStrictEqual(labels(0, 60_000, 4), ["0", "15 s", "30 s", "45 s", "1:00"])
    assert.deepStrictEqual(labels(3_600_000, 5_400_000, 3), ["1:00:00", "1:10:00", "1:20:00", "1:30:00"])
    assert.deepStrictEqual(labels(-1000, 1000, 2), ["-1 s", "0", "1 s"])
  })

  it("an empty or broken range has no ticks", () => {
    assert.lengthOf(ticks({ start: 5, end: 5 }, 0, 8), 0)
    assert.lengthOf(ticks({ start: Number.NaN, end: 5 }, 0, 8), 0)
    assert.lengthOf(ticks({ start: 0, end: Number.POSITIVE_INFINITY }, 0, 8), 0)
  })

  it("zooming keeps what is under the pointer where it is", () => {
    const whole = { start: 0, end: 10_000 }
    const near = zoom(whole, 0.5, 2000, whole)
    assert.deepStrictEqual(near, { start: 1000, end: 6000 })
    assert.strictEqual(makeScale(near, 100).x(2000), makeScale(whole, 100).x(2000))
    assert.deepStrictEqual(zoom(near, 100, 2000, whole), whole, "it does not go beyond the run")
    const least = zoom(whole, 1e-9, 5000, whole)
    assert.strictEqual(least.end - least.start, 10)
    assert.deepStrictEqual(clamp({ start: 9000, end: 12_000 }, whole), { start: 7000, end: 10_000 })
  })

  it("what is too small to see apart is one bar with the worst outcome", () => {
    const scale = makeScale({ start: 0, end: 100_000 }, 100)
    const small = [span(0, 10), span(20, 30, "Failed"), span(40, 50), span(50_000, 90_000)]
    const found = pieces(small, scale, 100_000)
    assert.deepStrictEqual(found.map(({ count, outcome }) => [count, outcome]), [[3, "Failed"], [1, "Materialized"]])
    assert.strictEqual(found[1]!.width, 40)
  })

  it("ten thousand spans are few bars, and each span is in one of them", () => {
    const random = numbers(3)
    const many = Array.from({ length: 10_000 }, () => random() * 1_000_000).sort((a, b) => a - b)
      .map((start) => span(start, start + random() * 100))
    const found = pieces(many, makeScale({ start: 0, end: 1_000_100 }, 800), 0)
    assert.isBelow(found.length, 800)
    assert.strictEqual(found.reduce((sum, { count }) => sum + count, 0), 10_000)
  })

  it("what is outside of the range is not drawn, and what runs ends now", () => {
    const scale = makeScale({ start: 1000, end: 2000 }, 100)
    const found = pieces([span(0, 500), span(1500, undefined, "Running"), span(3000, 4000)], scale, 1800)
    assert.deepStrictEqual(found.map(({ left, width }) => [left, width]), [[50, 30]])
  })

  it("spans that overlap are in lanes of their own", () => {
    const spans = [span(0, 10), span(5, 20), span(10, 15), span(30, undefined, "Running")]
    assert.deepStrictEqual(lanes(spans, 40), { lane: [0, 1, 0, 0], count: 2 })
    const random = numbers(7)
    const many = Array.from({ length: 200 }, () => random() * 1000).sort((a, b) => a - b)
      .map((start) => span(start, start + random() * 5))
    const { count, lane } = lanes(many, 0, 100)
    for (let one = 0; one < count; one++) {
      const mine = many.filter((_, index) => lane[index] === one)
      assert.isTrue(mine.every(({ start }, index) => index === 0 || mine[index - 1]!.end! <= start), `lane ${one}`)
    }
    assert.strictEqual(lanes(many, 0).count <= 3, true)
  })

  it("rows are in the order of the plan, of time, or by state", () => {
    const rows = orderedRows(reduceRun(emptyRun(), [
      { _tag: "RunStarted", cursor: 1, timestamp: 0, keys: ["a", "b", "c", "d"] },
      assetEvent({ cursor: 2, timestamp: 100, key: "c", outcome: "Materialized", durationMillis: 90 }),
      assetEvent({ cursor: 3, timestamp: 100, key: "a", outcome: "Failed", durationMillis: 50 })
    ]))
    const text = (order: "plan" | "time" | "state") =>
      linesOf(rows, order, rowStates).map((line) => line._tag === "Row" ? line.row.key : `${line.state} ${line.count}`)
    assert.deepStrictEqual(text("plan"), ["a", "b", "c", "d"])
    assert.deepStrictEqual(text("time"), ["c", "a", "b", "d"])
    assert.deepStrictEqual(text("state"), ["Failed 1", "a", "Materialized 1", "c", "Waiting 2", "b", "d"])
  })
})
