import { assert, describe, it } from "@effect/vitest"
import type { Tick, TickStatus } from "../../../ui/src/automation/data.ts"
import { dotsOf, laneOf, marksOf, rangeOf, spanOf, xOf } from "../../../ui/src/automation/timeline.ts"

const hour = 3_600_000
const now = Date.UTC(2024, 1, 29, 12)

let seq = 0
const tick = (startedAt: number, status: TickStatus = "Skipped"): Tick => ({
  id: `t${++seq}`,
  seq,
  automation: "a",
  kind: "schedule",
  startedAt,
  finishedAt: startedAt + 1,
  status,
  requests: []
})

describe("ticks over time", () => {
  it("stand where their time is, each state in a lane of its own", () => {
    const range = { start: now - hour, end: now }
    const ticks = [tick(now, "Failed"), tick(now - hour / 2), tick(now - hour, "Requested"), tick(now - 2 * hour)]
    assert.deepStrictEqual(dotsOf(ticks, range, 600).map(({ status, x }) => [x, status]), [
      [0, "Requested"],
      [300, "Skipped"],
      [600, "Failed"]
    ])
    assert.deepStrictEqual((["Requested", "Skipped", "Failed"] as const).map(laneOf), [0, 1, 2])
  })

  it("that are too near in one lane are one dot, whose first tick is the newest; no tick is lost", () => {
    const ticks = Array.from({ length: 1000 }, (_, at) => tick(now - at * 1000, at % 100 === 0 ? "Failed" : "Skipped"))
    const range = { start: now - hour, end: now }
    const dots = dotsOf(ticks, range, 600)
    assert.isBelow(dots.length, 40)
    assert.strictEqual(dots.reduce((sum, dot) => sum + dot.ticks.length, 0), 1000)
    for (const { ticks } of dots) {
      assert.deepStrictEqual(ticks, ticks.toSorted((a, b) => b.startedAt - a.startedAt))
    }
    const skipped = dots.filter(({ status }) => status === "Skipped")
    skipped.slice(1).forEach((dot, at) => assert.isAtLeast(dot.x - skipped[at]!.x, 12))
  })

  it("begin with the shortest time that shows a dozen of them", () => {
    const every = (millis: number, count: number) => Array.from({ length: count }, (_, at) => tick(now - at * millis))
    assert.strictEqual(spanOf(every(60_000, 50), now), "hour")
    assert.strictEqual(spanOf(every(hour, 50), now), "day")
    assert.strictEqual(spanOf(every(24 * hour, 7), now), "week")
    assert.strictEqual(spanOf(every(24 * hour, 50), now), "loaded")
    assert.strictEqual(spanOf([], now), "day")
  })

  it("leave space for the next ticks, but not for those that are far away", () => {
    const near = rangeOf([tick(now - hour)], now, "day", [now + hour, now + 100 * hour])
    assert.strictEqual(near.start, now - 24 * hour)
    assert.isAtLeast(near.end, now + hour)
    assert.isBelow(near.end, now + 2 * hour)
    const loaded = rangeOf([tick(now - hour)], now, "loaded")
    assert.isBelow(loaded.start, now - hour)
    assert.isAbove(xOf(loaded, 100, now), 90)
    // also without a tick there is an axis
    assert.isAbove(rangeOf([], now, "loaded").end, rangeOf([], now, "loaded").start)
  })

  it("are marked at full hours of the zone, no more often than there is space", () => {
    const range = { start: now - 5.5 * hour, end: now }
    assert.deepStrictEqual(marksOf(range, 6, 0), [7, 8, 9, 10, 11, 12].map((hour) => Date.UTC(2024, 1, 29, hour)))
    // half an hour away from UTC
    assert.deepStrictEqual(marksOf(range, 6, hour / 2)[0], Date.UTC(2024, 1, 29, 6, 30))
    assert.isAtMost(marksOf({ start: 0, end: 400 * 24 * hour }, 8, 0).length, 15)
  })
})
