import { assert, describe, it } from "@effect/vitest"
import { formatAhead, formatDuration, formatRelative, formatTime } from "../../ui/src/time.ts"

describe("time", () => {
  it("writes durations in two units at most", () => {
    for (
      const [millis, text] of [
        [0, "0 ms"],
        [999.4, "999 ms"],
        [1000, "1.0 s"],
        [59_940, "59.9 s"],
        [59_960, "1 min"],
        [125_000, "2 min 5 s"],
        [3_599_400, "59 min 59 s"],
        [3_600_000, "1 h"],
        [11_400_000, "3 h 10 min"],
        [86_399_000, "1 d"],
        [187_200_000, "2 d 4 h"],
        [-1500, "-1.5 s"],
        [Number.NaN, "NaN"]
      ] as const
    ) assert.strictEqual(formatDuration(millis), text)
  })

  it("writes how long ago in the largest unit", () => {
    const now = 1_700_000_000_000
    for (
      const [ago, text] of [
        [0, "just now"],
        [4999, "just now"],
        [5000, "5 s ago"],
        [119_000, "1 min ago"],
        [7_200_000, "2 h ago"],
        [40 * 86_400_000, "1 mo ago"],
        [-90_000, "in 1 min"]
      ] as const
    ) assert.strictEqual(formatRelative(now - ago, now), text)
  })

  it("writes of what is to come that it has not been", () => {
    const now = 1_700_000_000_000
    for (
      const [millis, text] of [
        [90_000, "in 1 min"],
        [5000, "in 5 s"],
        [4000, "in a moment"],
        [-1000, "in a moment"],
        [-60_000, "1 min ago"]
      ] as const
    ) assert.strictEqual(formatAhead(now + millis, now), text)
  })

  it("writes times in a zone, and what is no time as it is", () => {
    assert.strictEqual(formatTime(0, "UTC"), "Jan 1, 1970, 00:00:00 UTC")
    assert.strictEqual(formatTime(5, "UTC", "millisecond"), "00:00:00.005")
    assert.strictEqual(formatTime(Number.NaN, "UTC"), "NaN")
    assert.strictEqual(formatTime(1e300, "UTC"), "1e+300")
  })
})
