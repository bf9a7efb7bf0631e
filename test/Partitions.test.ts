import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option, Result, Schema } from "effect"
import { Partitions } from "effect-assets"
import { TestClock } from "effect/testing"
import * as Cron from "../src/internal/cron.ts"
import type { Window, WindowLine } from "../src/internal/dimension.ts"
import * as Zone from "../src/internal/zone.ts"

const day = 86_400_000

/** A time in UTC unless it says otherwise. */
const at = (time: string): number => Date.parse(/T/.test(time) ? time.replace(/(T\d\d:\d\d)$/, "$1Z") : time)

/** What a set gives at a moment. */
const when = <A, E, R>(time: string, effect: Effect.Effect<A, E, R>) =>
  Effect.andThen(TestClock.setTime(at(time)), effect)

const resolved = (set: Partitions.Any, time: string) => Partitions.resolveAt(set, at(time), new Map())

const lineOf = (set: Partitions.TimeWindows, time: string): WindowLine => {
  const { dimension } = resolved(set, time).dimensions[0]!
  assert.strictEqual(dimension.kind, "Windows")
  return dimension as WindowLine
}

const windows = (set: Partitions.TimeWindows, time: string): ReadonlyArray<string> => {
  const line = lineOf(set, time)
  return Array.from({ length: line.size }, (_, i) => show(set, line.windowAt(i)))
}

/** Start and end of a window, in the zone of its set. */
const show = (set: Partitions.TimeWindows, window: { readonly start: number; readonly end: number }): string => {
  const local = (time: number) =>
    DateTime.formatIso(
      DateTime.makeUnsafe(
        time + DateTime.zonedOffset(DateTime.makeZonedUnsafe(time, { timeZone: set.timeZone }))
      )
    )
  return `${local(window.start).slice(0, 16)}..${local(window.end).slice(0, 16)}`
}

const showWindow = (set: Partitions.TimeWindows, key: string): string | undefined => {
  const window = Option.getOrUndefined(Partitions.window(set, key))
  return window === undefined
    ? undefined
    : show(set, { start: window.start.epochMilliseconds, end: window.end.epochMilliseconds })
}

const { cron, daily, hourly, monthly, weekly } = Partitions
const pacific = "US/Pacific"
const central = "US/Central"
const autumn = { start: "2020-10-31T23:00", end: "2020-11-01T05:00", timeZone: pacific }

describe("the windows that exist", () => {
  type Case = readonly [id: string, set: Partitions.TimeWindows, now: string, keys: ReadonlyArray<string>]
  const days = (month: string, ...numbers: ReadonlyArray<number>) =>
    numbers.map((number) => `${month}-${String(number).padStart(2, "0")}`)
  const hours = (date: string, ...numbers: ReadonlyArray<number>) => days(date, ...numbers).map((key) => `${key}:00`)

  const cases: ReadonlyArray<Case> = [
    ["TW01", daily({ start: "2021-05-05" }), "2021-05-07", days("2021-05", 5, 6)],
    ["TW01", daily({ start: "2021-05-05" }), "2021-05-06T23:59", days("2021-05", 5)],
    ["TW02", daily({ start: "2021-05-05", endOffset: 2 }), "2021-05-07", days("2021-05", 5, 6, 7, 8)],
    ["TW02", daily({ start: "2021-05-01", endOffset: -2 }), "2021-05-07", days("2021-05", 1, 2, 3, 4)],
    ["TW03", daily({ start: "2021-05-05", minuteOffset: 15 }), "2021-05-07", days("2021-05", 5)],
    [
      "TW05",
      monthly({ start: "2021-05-01", minuteOffset: 15, hourOffset: 3, dayOffset: 12 }),
      "2021-07-13",
      ["2021-05-12", "2021-06-12"]
    ],
    ["TW06", hourly({ start: "2021-05-05-01:00" }), "2021-05-05T03:00", hours("2021-05-05", 1, 2)],
    [
      "TW06",
      hourly({ start: "2021-05-05-01:00", minuteOffset: 15 }),
      "2021-05-05T03:30",
      ["2021-05-05-01:15", "2021-05-05-02:15"]
    ],
    [
      "TW08",
      weekly({ start: "2021-05-01", minuteOffset: 15, hourOffset: 4, dayOffset: 3 }),
      "2021-05-20",
      ["2021-05-05", "2021-05-12"]
    ],
    ["TW10", daily({ start: "2021-01-01" }), "2021-01-06T01:20", days("2021-01", 1, 2, 3, 4, 5)],
    ["TW10", daily({ start: "2021-01-01", endOffset: 1 }), "2021-01-06T01:20", days("2021-01", 1, 2, 3, 4, 5, 6)],
    ["TW10", daily({ start: "2021-01-01", endOffset: 2 }), "2021-01-06T01:20", days("2021-01", 1, 2, 3, 4, 5, 6, 7)],
    ["TW12", monthly({ start: "2021-01-01" }), "2021-03-01T01:20", ["2021-01-01", "2021-02-01"]],
    [
      "TW12",
      monthly({ start: "2021-01-01", endOffset: 1 }),
      "2021-03-01T01:20",
      ["2021-01-01", "2021-02-01", "2021-03-01"]
    ],
    [
      "TW12",
      monthly({ start: "2021-01-01", endOffset: 2 }),
      "2021-03-01T01:20",
      ["2021-01-01", "2021-02-01", "2021-03-01", "2021-04-01"]
    ],
    ["TW12", monthly({ start: "2021-01-01", endOffset: -1 }), "2021-03-27", ["2021-01-01"]],
    ["TW12", monthly({ start: "2021-01-03" }), "2021-01-31", []],
    ["TW14", hourly({ start: "2021-01-01-00:00" }), "2021-01-01T04:01", hours("2021-01-01", 0, 1, 2, 3)],
    [
      "TW14",
      hourly({ start: "2021-01-01-00:00", endOffset: 1 }),
      "2021-01-01T04:01",
      hours("2021-01-01", 0, 1, 2, 3, 4)
    ],
    [
      "TW14",
      hourly({ start: "2021-01-01-00:00", endOffset: 2 }),
      "2021-01-01T04:01",
      hours("2021-01-01", 0, 1, 2, 3, 4, 5)
    ],
    ["TW14", hourly({ start: "2021-01-01-00:00", endOffset: -1 }), "2021-01-01T03:30", hours("2021-01-01", 0, 1)],
    ["TW14", hourly({ start: "2021-01-01-00:02" }), "2021-01-01T00:59", []],
    ["TW15", hourly({ start: "2021-03-14-01:00" }), "2021-03-14T04:01", hours("2021-03-14", 1, 2, 3)],
    [
      "TW15",
      hourly({ start: "2021-03-14-01:00", timeZone: central }),
      "2021-03-14T04:01-05:00",
      hours("2021-03-14", 1, 3)
    ],
    ["TW16", hourly({ start: "2021-11-07-00:00" }), "2021-11-07T04:01", hours("2021-11-07", 0, 1, 2, 3)],
    ["TW16", hourly({ start: "2021-11-07-00:00", timeZone: central }), "2021-11-07T04:01-06:00", [
      "2021-11-07-00:00",
      "2021-11-07-01:00",
      "2021-11-07-01:00-0600",
      "2021-11-07-02:00",
      "2021-11-07-03:00"
    ]],
    ["TW17", hourly(autumn), "2021-01-01", [
      "2020-10-31-23:00",
      "2020-11-01-00:00",
      "2020-11-01-01:00",
      "2020-11-01-01:00-0800",
      "2020-11-01-02:00",
      "2020-11-01-03:00",
      "2020-11-01-04:00"
    ]],
    [
      "TW18",
      daily({ start: "2020-10-30", end: "2020-11-03T01:00", hourOffset: 1, timeZone: pacific }),
      "2021-01-01",
      ["2020-10-30", "2020-10-31", "2020-11-01", "2020-11-02"]
    ],
    [
      "TW19",
      cron("*/15 * * * *", { start: "2020-11-01T00:30", end: "2020-11-01T02:30", timeZone: pacific }),
      "2021-01-01",
      [
        "00:30",
        "00:45",
        "01:00",
        "01:15",
        "01:30",
        "01:45",
        "01:00-0800",
        "01:15-0800",
        "01:30-0800",
        "01:45-0800",
        "02:00",
        "02:15"
      ].map((time) => `2020-11-01-${time}`)
    ],
    [
      "TW23",
      cron("0 0,11 * * *", { start: "2021-05-05" }),
      "2021-05-07",
      ["2021-05-05-00:00", "2021-05-05-11:00", "2021-05-06-00:00", "2021-05-06-11:00"]
    ],
    [
      "TW36",
      daily({ start: "2021-05-01", exclusions: ["0 0 * * 6,0"] }),
      "2021-05-11",
      days("2021-05", 3, 4, 5, 6, 7, 10)
    ],
    [
      "TW36",
      daily({ start: "2021-05-03", exclusions: ["2021-05-04", new Date("2021-05-06")] }),
      "2021-05-08",
      days("2021-05", 3, 5, 7)
    ],
    [
      "TW36, by the key of a window that starts later than its day",
      daily({ start: "2021-05-03", hourOffset: 6, exclusions: ["2021-05-04"] }),
      "2021-05-06T06:00",
      days("2021-05", 3, 5)
    ],
    [
      "TW36, with an offset that counts windows that are not excluded",
      daily({ start: "2021-05-03", exclusions: ["0 0 * * 6,0"], endOffset: 1 }),
      "2021-05-08",
      days("2021-05", 3, 4, 5, 6, 7, 10)
    ],
    ...(["2021-04-30T23:59", "2021-05-01T00:00", "2021-05-03T00:00"] as const).map((now): Case => [
      "TW36, with an offset that reaches from before the start",
      daily({ start: "2021-05-03", exclusions: ["0 0 * * 6,0"], endOffset: 1 }),
      now,
      now < "2021-05" ? [] : days("2021-05", 3)
    ]),
    ["TW43", hourly({ ...autumn, format: "%Y-%m-%d-%H:%M:%S%z" }), "2021-01-01", [
      "2020-10-31-23:00:00-0700",
      "2020-11-01-00:00:00-0700",
      "2020-11-01-01:00:00-0700",
      "2020-11-01-01:00:00-0800",
      "2020-11-01-02:00:00-0800",
      "2020-11-01-03:00:00-0800",
      "2020-11-01-04:00:00-0800"
    ]],
    ["MAP02", daily({ start: "2021-05-05", format: "%Y/%m/%d" }), "2021-05-07", ["2021/05/05", "2021/05/06"]],
    ["before the start", daily({ start: "2021-05-05" }), "2020-01-01", []],
    [
      "an offset beyond the end",
      daily({ start: "2021-05-05", end: "2021-05-07", endOffset: 9 }),
      "2021-05-06",
      days("2021-05", 5, 6)
    ],
    [
      "a day that is skipped",
      daily({ start: "2011-12-29", end: "2012-01-01", timeZone: "Pacific/Apia" }),
      "2013-01-01",
      [
        "2011-12-29",
        "2011-12-31"
      ]
    ],
    [
      "a gap at midnight",
      daily({ start: "2018-11-03", end: "2018-11-06", timeZone: "America/Sao_Paulo" }),
      "2019-01-01",
      days("2018-11", 3, 4, 5)
    ],
    ["seconds", cron("*/30 59 23 * * *", { start: "2021-05-05", end: "2021-05-06T23:59:30" }), "2021-06-01", [
      "2021-05-05-23:59:00",
      "2021-05-05-23:59:30",
      "2021-05-06-23:59:00"
    ]]
  ]
  for (const [i, [id, set, now, expected]] of cases.entries()) {
    it.effect(`${id} (${i}): "${set.cron}" ${set.endOffset === 0 ? "" : `with offset ${set.endOffset} `}at ${now}`, () =>
      when(
        now,
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Partitions.keys(set), expected)
          assert.strictEqual(yield* Partitions.size(set), expected.length)
          assert.deepStrictEqual(yield* Partitions.first(set), Option.fromNullishOr(expected[0]))
          assert.deepStrictEqual(yield* Partitions.last(set), Option.fromNullishOr(expected.at(-1)))
          for (const [i, key] of expected.entries()) {
            assert.isTrue(yield* Partitions.has(set, key), key)
            assert.deepStrictEqual(yield* Partitions.next(set, key), Option.fromNullishOr(expected[i + 1]))
            assert.deepStrictEqual(yield* Partitions.previous(set, key), Option.fromNullishOr(expected[i - 1]))
          }
        })
      ))
  }

  it("TW03, TW05, TW08, TW23: reach from one tick to the next", () => {
    assert.deepStrictEqual(windows(daily({ start: "2021-05-05", minuteOffset: 15 }), "2021-05-07"), [
      "2021-05-05T00:15..2021-05-06T00:15"
    ])
    assert.deepStrictEqual(
      windows(monthly({ start: "2021-05-01", minuteOffset: 15, hourOffset: 3, dayOffset: 12 }), "2021-07-13"),
      ["2021-05-12T03:15..2021-06-12T03:15", "2021-06-12T03:15..2021-07-12T03:15"]
    )
    assert.deepStrictEqual(
      windows(weekly({ start: "2021-05-01", minuteOffset: 15, hourOffset: 4, dayOffset: 3 }), "2021-05-20"),
      ["2021-05-05T04:15..2021-05-12T04:15", "2021-05-12T04:15..2021-05-19T04:15"]
    )
    assert.deepStrictEqual(windows(cron("0 0,11 * * *", { start: "2021-05-05" }), "2021-05-06"), [
      "2021-05-05T00:00..2021-05-05T11:00",
      "2021-05-05T11:00..2021-05-06T00:00"
    ])
  })

  it("TW18: days start at their hour, also when that is repeated", () => {
    const set = daily({ start: "2020-10-31", end: "2020-11-02T01:00", hourOffset: 1, timeZone: pacific })
    assert.deepStrictEqual(windows(set, "2021-01-01"), [
      "2020-10-31T01:00..2020-11-01T01:00",
      "2020-11-01T01:00..2020-11-02T01:00"
    ])
    const line = lineOf(set, "2021-01-01")
    // the second passing
    assert.strictEqual(line.windowAt(1).start, at("2020-11-01T01:00-08:00"))
  })

  const ends: ReadonlyArray<
    readonly [name: string, set: Partitions.TimeWindows, count: number, first: string, last: string]
  > = [
    ["hourly", hourly({ start: "2022-01-01", end: "2022-02-01" }), 744, "2022-01-01-00:00", "2022-01-31-23:00"],
    ["daily", daily({ start: "2022-01-01", end: "2022-02-01" }), 31, "2022-01-01", "2022-01-31"],
    ["weekly", weekly({ start: "2022-01-01", end: "2022-02-01" }), 4, "2022-01-02", "2022-01-23"],
    ["monthly", monthly({ start: "2022-01-01", end: "2023-01-01" }), 12, "2022-01-01", "2022-12-01"]
  ]
  for (const [name, set, count, first, last] of ends) {
    it.effect(`TW27: end with the set (${name})`, () =>
      when(
        "2024-01-01",
        Effect.gen(function*() {
          assert.strictEqual(yield* Partitions.size(set), count)
          assert.deepStrictEqual(yield* Partitions.first(set), Option.some(first))
          assert.deepStrictEqual(yield* Partitions.last(set), Option.some(last))
          assert.deepStrictEqual(yield* Partitions.next(set, last), Option.none())
          assert.deepStrictEqual(yield* Partitions.previous(set, first), Option.none())
          assert.isFalse(
            yield* Partitions.has(set, lineOf(set, "2024-01-01").keyOf({ start: set.end!.epochMilliseconds, end: 0 }))
          )
          const after = lineOf(set, "2024-01-01").shifted(lineOf(set, "2024-01-01").windowAt(count - 1).start, 1)
          assert.isFalse(yield* Partitions.has(set, lineOf(set, "2024-01-01").keyOf(after)))
        })
      ))
  }

  type First = readonly [id: string, set: Partitions.TimeWindows, now: string, window: string | undefined]
  const january = "2023-01-15T00:00..2023-01-16T00:00"
  const daily15 = (endOffset: number) => daily({ start: "2023-01-15", endOffset })
  const firsts: ReadonlyArray<First> = [
    ["TW25", daily15(1), "2023-01-13T12:00", undefined],
    ["TW25", daily15(1), "2023-01-14T00:00", undefined],
    // a window has to have ended for another one to exist before it has: the same as for all windows in TW10
    ["TW25, differently", daily15(1), "2023-01-14T12:00", undefined],
    ["TW25", daily15(1), "2023-01-15T00:00", january],
    ["TW25", daily15(2), "2023-01-13T23:59", undefined],
    ["TW25", daily15(2), "2023-01-14T00:00", january],
    ["TW25", daily15(-1), "2023-01-16", undefined],
    ["TW25", daily15(-1), "2023-01-17", january],
    ["TW25", daily15(-2), "2023-01-17", undefined],
    ["TW25", daily15(-2), "2023-01-18", january],
    ["TW26", monthly({ start: "2023-01-01", endOffset: -1 }), "2023-01-15", undefined],
    ["TW26", monthly({ start: "2023-01-01", endOffset: -1 }), "2023-02-01", undefined],
    ["TW26", monthly({ start: "2023-01-01", endOffset: -1 }), "2023-03-01", "2023-01-01T00:00..2023-02-01T00:00"]
  ]
  for (const [id, set, now, expected] of firsts) {
    it(`${id}: the first one with the offset ${set.endOffset} at ${now}`, () => {
      assert.strictEqual(windows(set, now)[0], expected)
    })
  }

  it("of one set are right at any moment, in any order", () => {
    const set = hourly({ start: "2021-01-01", timeZone: pacific })
    const fresh = (time: string) => lineOf(hourly({ start: "2021-01-01", timeZone: pacific }), time).size
    for (const time of ["2021-03-01", "2020-01-01", "2022-01-01", "2021-03-01", "2021-01-01T09:30"]) {
      assert.strictEqual(lineOf(set, time).size, fresh(time))
    }
  })
})

describe("keys of windows", () => {
  type Case = readonly [id: string, set: Partitions.TimeWindows, now: string, key: string, has: boolean]
  const from2020 = daily({ start: "2020-01-01" })
  const from = { start: "2020-10-01-00:00" }
  const zoned = hourly({ ...from, timeZone: pacific })
  const utc = hourly(from)
  const cases: ReadonlyArray<Case> = [
    ["TW20", zoned, "2021-01-01", "2020-11-01-01:00", true],
    ["TW20", zoned, "2021-01-01", "2020-11-01-01:00-0800", true],
    ["TW20", zoned, "2021-01-01", "2020-11-01-02:00", true],
    ["TW20", zoned, "2021-01-01", "2020-11-01-01:00-0700", false],
    ["TW20", zoned, "2021-01-01", "2020-11-01-02:00-0800", false],
    ["TW20", utc, "2021-01-01", "2020-11-01-01:00", true],
    ["TW20", utc, "2021-01-01", "2020-11-01-01:00-0800", false],
    ["TW20", utc, "2021-01-01", "2020-11-01-02:00", true],
    ["TW20", utc, "2021-01-01", "2020-11-01-01:00-0700", false],
    ["TW20", utc, "2021-01-01", "2020-11-01-02:00-0800", false],
    ["a skipped hour", zoned, "2022-01-01", "2021-03-14-02:00", false],
    ...["fdsjkl", "2020-01-01 00:00", "2020-01-01-00:00", "2020/01/01", "2019-12-31"].map((key): Case => [
      "TW28",
      from2020,
      "2021-01-01",
      key,
      false
    ]),
    ["TW28", from2020, "2020-03-14", "2020-03-15", false],
    ["TW28", from2020, "2020-03-15", "2020-03-15", false],
    ["TW28", from2020, "2020-03-16", "2020-03-15", true],
    ["TW28", from2020, "2020-03-15", "2020-01-01", true],
    ["no date", from2020, "2021-01-01", "2020-02-30", false],
    ["no date", from2020, "2021-01-01", "2020-13-01", false],
    ["empty", from2020, "2021-01-01", "", false],
    ["white space", from2020, "2021-01-01", "2020-01-02\n", false],
    ["TW36", daily({ start: "2020-01-01", exclusions: ["2020-01-02"] }), "2021-01-01", "2020-01-02", false],
    ["TW05", monthly({ start: "2021-05-01", dayOffset: 12 }), "2021-09-01", "2021-06-01", false]
  ]
  for (const [id, set, now, key, expected] of cases) {
    it.effect(`${id}: ${JSON.stringify(key)} in ${DateTime.zoneToString(set.timeZone)} at ${now}`, () =>
      when(
        now,
        Effect.gen(function*() {
          assert.strictEqual(yield* Partitions.has(set, key), expected)
          const { indicesOf, keyOf } = resolved(set, now)
          assert.strictEqual(indicesOf(key) !== undefined, expected)
          if (expected) assert.strictEqual(keyOf(indicesOf(key)!), key)
        })
      ))
  }

  it("TW01, TW03, TW05, TW23: have a window, whether it exists or not", () => {
    assert.strictEqual(showWindow(daily({ start: "2021-05-05" }), "2021-05-08"), "2021-05-08T00:00..2021-05-09T00:00")
    const offset = daily({ start: "2021-05-05", minuteOffset: 15 })
    assert.strictEqual(showWindow(offset, "2021-05-05"), "2021-05-05T00:15..2021-05-06T00:15")
    const months = monthly({ start: "2021-05-01", minuteOffset: 15, hourOffset: 3, dayOffset: 12 })
    assert.strictEqual(showWindow(months, "2021-05-12"), "2021-05-12T03:15..2021-06-12T03:15")
    // a date at which no window starts stands for the next one
    assert.strictEqual(showWindow(months, "2021-05-01"), "2021-05-12T03:15..2021-06-12T03:15")
    const halves = cron("0 0,11 * * *", { start: "2021-05-05" })
    assert.strictEqual(showWindow(halves, "2021-05-08-11:00"), "2021-05-08T11:00..2021-05-09T00:00")
    assert.isUndefined(showWindow(halves, "2021-05-08"))
    assert.isUndefined(showWindow(halves, "tomorrow"))
  })

  it("TW36: a window that is left out is passed over", () => {
    const set = daily({ start: "2021-05-03", exclusions: ["0 0 * * 6,0"] })
    const line = lineOf(set, "2021-05-11")
    const friday = line.windowOf("2021-05-07")!
    assert.strictEqual(show(set, friday), "2021-05-07T00:00..2021-05-08T00:00")
    assert.strictEqual(line.keyOf(line.shifted(friday.start, 1)), "2021-05-10")
    assert.strictEqual(line.keyOf(line.shifted(line.windowOf("2021-05-10")!.start, -1)), "2021-05-07")
    assert.isUndefined(line.windowOf("2021-05-08"))
    assert.isUndefined(line.holding(at("2021-05-08T12:00")))
    assert.strictEqual(line.keyOf(line.holding(at("2021-05-07T12:00"))!), "2021-05-07")
    // and so is one that does not exist yet
    const future = lineOf(daily({ start: "2021-05-03", exclusions: ["2021-05-05"] }), "2021-01-01")
    assert.isUndefined(future.windowOf("2021-05-05"))
    assert.isUndefined(future.holding(at("2021-05-05T12:00")))
    assert.strictEqual(future.keyOf(future.shifted(at("2021-05-04"), 1)), "2021-05-06")
    assert.strictEqual(future.keyOf(future.shifted(at("2021-05-06"), -1)), "2021-05-04")
    const keys = future.between(at("2021-05-04"), at("2021-05-07")).map((window) => future.keyOf(window))
    assert.deepStrictEqual(keys, ["2021-05-04", "2021-05-06"])
  })
})

describe("ranges of keys", () => {
  const days = daily({ start: "2021-05-01" })
  const ended = daily({ start: "2020-01-01", end: "2020-01-05" })
  const sales = Partitions.product({ region: Partitions.fixed(["us", "eu", "asia"]), day: days })
  type Case = readonly [
    id: string,
    set: Partitions.Partitions<unknown>,
    from: string,
    to: string,
    keys: ReadonlyArray<string>
  ]
  const good: ReadonlyArray<Case> = [
    ["TW21", days, "2021-05-02", "2021-05-05", ["2021-05-02", "2021-05-03", "2021-05-04", "2021-05-05"]],
    ["TW21", days, "2021-05-01", "2021-05-01", ["2021-05-01"]],
    ["TW22", ended, "2020-01-01", "2020-01-04", ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]],
    ["fixed", Partitions.fixed(["c", "a", "b"]), "c", "a", ["c", "a"]],
    ["product", sales, "2021-05-01|us", "2021-05-02|eu", [
      "2021-05-01|us",
      "2021-05-01|eu",
      "2021-05-02|us",
      "2021-05-02|eu"
    ]]
  ]
  for (const [id, set, from, to, expected] of good) {
    it.effect(`${id}: ${from} to ${to}`, () =>
      when(
        "2021-05-10",
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Partitions.range(set, { from, to }), expected)
        })
      ))
  }

  type Bad = readonly [id: string, set: Partitions.Partitions<unknown>, from: string, to: string, problem: string]
  const bad: ReadonlyArray<Bad> = [
    [
      "TW22",
      ended,
      "2019-12-12",
      "2020-01-01",
      "There is no partition \"2019-12-12\": it is before the start of the set (2020-01-01T00:00:00.000+00:00[UTC])."
    ],
    [
      "TW22",
      ended,
      "2020-01-01",
      "2020-01-06",
      "There is no partition \"2020-01-06\": it is after the end of the set (2020-01-05T00:00:00.000+00:00[UTC])."
    ],
    [
      "not yet",
      days,
      "2021-05-09",
      "2021-05-10",
      "There is no partition \"2021-05-10\" yet: its window ends at 2021-05-11T00:00:00.000+00:00[UTC], and the last one " +
      "now is \"2021-05-09\"."
    ],
    ["no key", days, "soon", "2021-05-10", "There is no partition \"soon\": no window has this key."],
    [
      "backwards",
      days,
      "2021-05-03",
      "2021-05-02",
      "The range ends before it starts: \"2021-05-02\" is before \"2021-05-03\"."
    ],
    ["fixed", Partitions.fixed(["a"]), "a", "z", "There is no partition \"z\"."],
    [
      "product",
      sales,
      "2021-05-01|us",
      "2021-05-01|mars",
      "There is no partition \"mars\" of the dimension \"region\"."
    ],
    ["product", sales, "us", "eu", "There is no partition \"us\": a key is made of day|region."]
  ]
  for (const [id, set, from, to, problem] of bad) {
    it.effect(`${id}: none from ${from} to ${to}`, () =>
      when(
        "2021-05-10",
        Effect.gen(function*() {
          const error = yield* Effect.flip(Partitions.range(set, { from, to }))
          assert.strictEqual(error.reason, "Key")
          assert.strictEqual(error.message, problem)
        })
      ))
  }
})

describe("the latest partitions", () => {
  const days = daily({ start: "2020-01-01", end: "2020-02-01" })
  const cases: ReadonlyArray<readonly [now: string, keys: ReadonlyArray<string>]> = [
    ["2019-12-31", []],
    ["2020-01-01", []],
    ["2020-01-03", ["2020-01-02"]],
    ["2020-02-05", ["2020-01-31"]]
  ]
  for (const [now, expected] of cases) {
    it.effect(`TW38: at ${now}`, () =>
      when(
        now,
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Partitions.latest(days), expected)
        })
      ))
  }

  it.effect("TW39: are all keys of a set without time, and all combinations with the latest window", () =>
    when(
      "2020-03-03",
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Partitions.latest(Partitions.fixed(["1", "2", "3"])), ["1", "2", "3"])
        const sales = Partitions.product({
          day: daily({ start: "2020-01-01", end: "2020-01-03" }),
          state: Partitions.fixed(["CA", "NY", "MN"])
        })
        assert.deepStrictEqual(yield* Partitions.latest(sales), ["2020-01-02|CA", "2020-01-02|NY", "2020-01-02|MN"])
        const keysOf = (effect: Effect.Effect<Option.Option<string>>) => Effect.map(effect, Option.getOrUndefined)
        assert.strictEqual(yield* keysOf(Partitions.first(sales)), "2020-01-01|CA")
        assert.strictEqual(yield* keysOf(Partitions.last(sales)), "2020-01-02|MN")
        assert.strictEqual(yield* keysOf(Partitions.next(sales, "2020-01-01|MN")), "2020-01-02|CA")
        assert.strictEqual(yield* keysOf(Partitions.previous(sales, "2020-01-02|NY")), "2020-01-02|CA")
        const future = Partitions.product({ day: daily({ start: "2021-01-01" }), state: Partitions.fixed(["CA"]) })
        assert.deepStrictEqual(yield* Partitions.latest(future), [])
      })
    ))
})

describe("fixed keys, dynamic keys and products", () => {
  it.effect("fixed keys keep their order and are what a program is told", () =>
    Effect.gen(function*() {
      const source = ["us", "eu"]
      const regions = Partitions.fixed(source)
      source.push("later")
      assert.deepStrictEqual(yield* Partitions.keys(regions), ["us", "eu"])
      assert.deepStrictEqual(regions.keys, ["us", "eu"])
      const { indicesOf, partitionOf } = resolved(regions, "2020-01-01")
      assert.deepStrictEqual(indicesOf("eu"), [1])
      assert.isUndefined(indicesOf("later"))
      assert.strictEqual(partitionOf("eu"), "eu")
      assert.isUndefined(partitionOf("later"))
      assert.isUndefined(indicesOf("__proto__"))
    }))

  it.effect("dynamic keys are those of the service", () =>
    Effect.gen(function*() {
      const service = yield* Partitions.makeDynamicKeysMemory
      const customers = Partitions.dynamic("customers")
      const provided = Effect.provideService(Partitions.DynamicKeys, service)
      assert.deepStrictEqual(yield* provided(Partitions.keys(customers)), [])
      yield* service.add("customers", ["b", "a", "b"])
      yield* service.add("customers", ["c", "a"])
      yield* service.add("others", ["x"])
      assert.deepStrictEqual(yield* provided(Partitions.keys(customers)), ["b", "a", "c"])
      yield* service.remove("customers", ["a", "unknown"])
      assert.deepStrictEqual(yield* provided(Partitions.keys(customers)), ["b", "c"])
      assert.isFalse(yield* provided(Partitions.has(customers, "a")))
      assert.deepStrictEqual(yield* provided(Partitions.next(customers, "b")), Option.some("c"))
      assert.deepStrictEqual(yield* provided(Partitions.latest(customers)), ["b", "c"])
    }))

  it("dynamic keys are added once", () => {
    assert.deepStrictEqual(Partitions.validateDynamicKeys("customers", ["b", "a", "b"]), Result.succeed(["b", "a"]))
  })

  for (const key of ["", "a...b", "a|b", "a\nb", "\u0000"]) {
    it.effect(`a dynamic key is not ${JSON.stringify(key)}`, () =>
      Effect.gen(function*() {
        const service = yield* Partitions.makeDynamicKeysMemory
        const error = yield* Effect.flip(service.add("customers", ["fine", key]))
        assert.strictEqual(error._tag, "DynamicKeysError")
        assert.include(error.message, JSON.stringify(key))
        // all or nothing
        assert.deepStrictEqual(yield* service.keys("customers"), [])
      }))
  }

  it.effect("a product has all combinations, by the names of its dimensions", () =>
    when(
      "2024-01-03",
      Effect.gen(function*() {
        const service = yield* Partitions.makeDynamicKeysMemory
        yield* service.add("stores", ["s1", "s2"])
        const set = Partitions.product({
          store: Partitions.dynamic("stores"),
          region: Partitions.fixed(["us", "eu"]),
          day: daily({ start: "2024-01-01", timeZone: "Europe/Berlin" })
        })
        const provided = Effect.provideService(Partitions.DynamicKeys, service)
        assert.deepStrictEqual(yield* provided(Partitions.keys(set)), [
          "2024-01-01|us|s1",
          "2024-01-01|us|s2",
          "2024-01-01|eu|s1",
          "2024-01-01|eu|s2",
          "2024-01-02|us|s1",
          "2024-01-02|us|s2",
          "2024-01-02|eu|s1",
          "2024-01-02|eu|s2"
        ])
        assert.strictEqual(yield* provided(Partitions.size(set)), 8)
        assert.deepStrictEqual(yield* provided(Partitions.last(set)), Option.some("2024-01-02|eu|s2"))
        assert.deepStrictEqual(
          yield* provided(Partitions.next(set, "2024-01-01|eu|s2")),
          Option.some("2024-01-02|us|s1")
        )
        assert.isFalse(yield* provided(Partitions.has(set, "2024-01-01|us")))
        assert.isFalse(yield* provided(Partitions.has(set, "2024-01-01|us|s1|")))
        assert.isFalse(yield* provided(Partitions.has(set, "2024-01-09|us|s1")))

        const { dimensions, indicesOf, keyOf, partitionOf } = yield* provided(Partitions.resolve(set))
        assert.deepStrictEqual(dimensions.map(({ name }) => name), ["day", "region", "store"])
        assert.deepStrictEqual(indicesOf("2024-01-02|eu|s1"), [1, 1, 0])
        assert.strictEqual(keyOf([1, 1, 0]), "2024-01-02|eu|s1")
        const partition = partitionOf("2024-01-02|eu|s1") as Partitions.Partition<typeof set>
        assert.strictEqual(partition.region, "eu")
        assert.strictEqual(partition.store, "s1")
        assert.strictEqual(partition.day.key, "2024-01-02")
        assert.strictEqual(
          DateTime.formatIsoZoned(partition.day.start),
          "2024-01-02T00:00:00.000+01:00[Europe/Berlin]"
        )
        assert.strictEqual(DateTime.formatIsoZoned(partition.day.end), "2024-01-03T00:00:00.000+01:00[Europe/Berlin]")
        // a window that does not exist yet has times all the same; a key that is none has nothing
        assert.isDefined(partitionOf("2024-01-09|eu|s1"))
        assert.isUndefined(partitionOf("2024-01-02|eu|s9"))
        assert.isUndefined(partitionOf("2024-01-02|eu"))
      })
    ))

  it("TW33: sets with equal definitions have equal ids", () => {
    const id = (set: Partitions.Any) => Partitions.id(set)
    assert.strictEqual(id(daily({ start: "2015-01-01" })), id(daily({ start: new Date("2015-01-01") })))
    assert.strictEqual(
      id(daily({ start: "2015-01-01", timeZone: central })),
      id(cron("0  0 * * *", { start: DateTime.makeUnsafe("2015-01-01T06:00Z"), timeZone: "America/Chicago" }))
    )
    const different: ReadonlyArray<Partitions.Any> = [
      daily({ start: "2015-01-01" }),
      daily({ start: "2015-01-02" }),
      daily({ start: "2015-01-01", end: "2016-01-01" }),
      daily({ start: "2015-01-01", endOffset: 1 }),
      daily({ start: "2015-01-01", hourOffset: 1 }),
      daily({ start: "2015-01-01", timeZone: "+01:00" }),
      daily({ start: "2015-01-01", format: "%Y/%m/%d" }),
      daily({ start: "2015-01-01", exclusions: ["2015-01-02"] }),
      daily({ start: "2015-01-01", exclusions: ["0 0 * * 0"] }),
      Partitions.fixed(["a", "b"]),
      Partitions.fixed(["b", "a"]),
      Partitions.fixed(["a,b"]),
      Partitions.dynamic("a"),
      Partitions.dynamic("b"),
      Partitions.product({ a: Partitions.fixed(["a", "b"]) }),
      Partitions.product({ b: Partitions.fixed(["a", "b"]) })
    ]
    assert.strictEqual(new Set(different.map(id)).size, different.length)
    const [a, b] = [Partitions.fixed(["x"]), Partitions.fixed(["y"])]
    assert.strictEqual(id(Partitions.product({ a, b })), id(Partitions.product({ b, a })))
  })

  it("tells sets from other values, and shows them", () => {
    const set = Partitions.fixed(["a"])
    assert.isTrue(Partitions.isPartitions(set))
    assert.isFalse(Partitions.isPartitions({ kind: "Fixed", keys: ["a"] }))
    assert.isFalse(Partitions.isPartitions(null))
    assert.strictEqual(String(set), "Partitions([\"keys\",\"a\"])")
    assert.strictEqual(
      JSON.stringify(set),
      "{\"_id\":\"Partitions\",\"kind\":\"Fixed\",\"id\":\"[\\\"keys\\\",\\\"a\\\"]\"}"
    )
    assert.strictEqual(set.pipe(Partitions.id), Partitions.id(set))
  })
})

describe("moments", () => {
  type Case = readonly [input: Partitions.Time, timeZone: string, expected: string]
  const cases: ReadonlyArray<Case> = [
    ["2021-05-05", "Europe/Berlin", "2021-05-04T22:00:00Z"],
    ["2021-05-05T01:30", "Europe/Berlin", "2021-05-04T23:30:00Z"],
    ["2021-05-05 01:30:15", "Europe/Berlin", "2021-05-04T23:30:15Z"],
    ["2021-05-05T01", "Europe/Berlin", "2021-05-04T23:00:00Z"],
    ["2021-05", "UTC", "2021-05-01T00:00:00Z"],
    ["2021-05-05T01:30Z", "Europe/Berlin", "2021-05-05T01:30:00Z"],
    ["2021-05-05T01:30:00.000+05:30", "Europe/Berlin", "2021-05-04T20:00:00Z"],
    ["2020-11-01-01:00", pacific, "2020-11-01T08:00:00Z"],
    ["2020-11-01-01:00-0800", pacific, "2020-11-01T09:00:00Z"],
    // a time that is skipped is when the gap ends
    ["2021-03-14T02:30", pacific, "2021-03-14T10:00:00Z"],
    [new Date("2021-05-05T01:30Z"), "Europe/Berlin", "2021-05-05T01:30:00Z"],
    [DateTime.makeZonedUnsafe("2021-05-05T01:30Z", { timeZone: "Asia/Tokyo" }), "UTC", "2021-05-05T01:30:00Z"],
    ["0099-12-31", "UTC", "0099-12-31T00:00:00Z"]
  ]
  for (const [input, timeZone, expected] of cases) {
    it(`${String(input)} in ${timeZone}`, () => {
      const set = cron("* * * * * *", { start: input, timeZone })
      assert.strictEqual(set.start.epochMilliseconds, Date.parse(expected))
      assert.strictEqual(lineOf(set, expected).bounds.start, Date.parse(expected))
    })
  }
})

describe("mistakes", () => {
  const start = "2021-01-01"
  const cases: ReadonlyArray<readonly [id: string, make: () => unknown, problem: string]> = [
    ["TW09", () => weekly({ start, dayOffset: 8 }), "dayOffset is 8: give a whole number from 0 to 6."],
    ["TW09", () => monthly({ start, dayOffset: 32 }), "dayOffset is 32: give a whole number from 1 to 31."],
    ["TW09", () => monthly({ start, dayOffset: 0 }), "dayOffset is 0: give a whole number from 1 to 31."],
    ["TW09", () => daily({ start, hourOffset: 24 }), "hourOffset is 24: give a whole number from 0 to 23."],
    ["TW09", () => hourly({ start, minuteOffset: 0.5 }), "minuteOffset is 0.5: give a whole number from 0 to 59."],
    [
      "TW09",
      () => cron("0 -24 * * *", { start }),
      "The cron expression \"0 -24 * * *\" is not valid: Expected a positive integer. It has five fields: minute, hour, " +
      "day of the month, month, day of the week."
    ],
    ["TW36", () => daily({ start, exclusions: ["0 0 * * 9"] }), "The exclusion \"0 0 * * 9\" is not valid: "],
    ["TW36", () => daily({ start, exclusions: ["weekend"] }), "exclusion \"weekend\" is no moment: "],
    [
      "TW36",
      () => daily({ start, exclusions: ["2021-01-02T01:00"] }),
      "The exclusion 2021-01-02T01:00:00.000+00:00[UTC] excludes nothing: no window starts then. " +
      "The next one starts at 2021-01-03T00:00:00.000+00:00[UTC]."
    ],
    ["TW36", () => daily({ start, exclusions: ["0 0 * * 1-5", "0 0 * * 6,0"] }), "The exclusions leave no window."],
    ["zone", () => daily({ start, timeZone: "Mars/Olympus" }), "There is no time zone \"Mars/Olympus\": "],
    ["start", () => daily({ start: "yesterday" }), "start \"yesterday\" is no moment: "],
    ["start", () => daily({ start: "2021-02-30" }), "start \"2021-02-30\" is no moment: "],
    ["start", () => daily({ start: new Date(NaN) }), "start is an invalid Date."],
    [
      "end",
      () => daily({ start, end: "2020-12-31" }),
      "end (2020-12-31T00:00:00.000+00:00[UTC]) is before start (2021-01-01T00:00:00.000+00:00[UTC])."
    ],
    ["endOffset", () => daily({ start, endOffset: 1.5 }), "endOffset is 1.5: give a number of windows."],
    [
      "format",
      () => daily({ start, format: "%d.%m.%y" }),
      "The format \"%d.%m.%y\" cannot be that of keys: %y is none of %Y, %m, %d, %H, %M, %S, %z and %%."
    ],
    ["format", () => hourly({ start, format: "%Y-%m-%d" }), "several windows would have the same key: it lacks %H."],
    ["format", () => cron("*/5 * * * *", { start, format: "%Y%m%d%H" }), "it lacks %M."],
    // where 2:30 is skipped, it is 3:00, and 3:30 is another window
    ["format", () => cron("30 2,3 * * *", { start, format: "%Y%m%d%H" }), "it lacks %M."],
    ["format", () => daily({ start, format: "%Y|%m|%d" }), "a key holds neither control characters nor"],
    ["fixed", () => Partitions.fixed([]), "A fixed set has no keys: give it one."],
    ["fixed", () => Partitions.fixed(["a", "b", "a"]), "The key \"a\" is there twice: leave one out."],
    ["fixed", () => Partitions.fixed(["a...b"]), "The key \"a...b\" holds \"...\", which stands for a range: "],
    ["fixed", () => Partitions.fixed(["a\tb"]), "The key \"a\\tb\" holds a control character: "],
    ["fixed", () => Partitions.fixed([""]), "The key \"\" is empty: "],
    ["dynamic", () => Partitions.dynamic(""), "The name \"\" of a dynamic set is empty: "],
    ["product", () => Partitions.product({}), "A product has no dimensions: give it one."],
    [
      "product",
      () => Partitions.product({ region: Partitions.fixed(["us|eu"]) }),
      "The key \"us|eu\" of the dimension \"region\" holds \"|\", which stands between the keys of a product: "
    ],
    [
      "product",
      // @ts-expect-error a dimension is no product
      () => Partitions.product({ all: Partitions.product({ region: Partitions.fixed(["us"]) }) }),
      "The dimension \"all\" is a product itself: put its dimensions in its place."
    ],
    [
      "product",
      // @ts-expect-error a dimension is a set
      () => Partitions.product({ region: ["us"] }),
      "The dimension \"region\" is not a set of partitions."
    ]
  ]
  for (const [i, [id, make, problem]] of cases.entries()) {
    it(`${id} (${i}): ${problem}`, () => {
      let error: unknown
      try {
        make()
      } catch (thrown) {
        error = thrown
      }
      assert.instanceOf(error, Partitions.PartitionsError)
      assert.strictEqual(error.reason, "Definition")
      assert.include(error.message, problem)
    })
  }
})

describe("lines of windows", () => {
  const zones = [
    "UTC",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
    "-03:30"
  ]
  type Make = (options: Partitions.TimeWindowOptions) => Partitions.TimeWindows
  const kinds: ReadonlyArray<readonly [make: Make, exclusions?: ReadonlyArray<string>]> = [
    [hourly],
    [(options) => hourly({ ...options, minuteOffset: 30 })],
    [daily],
    [(options) => daily({ ...options, hourOffset: 2, minuteOffset: 30 })],
    [(options) => weekly({ ...options, dayOffset: 6, hourOffset: 1 })],
    [monthly],
    [(options) => monthly({ ...options, dayOffset: 31, hourOffset: 23 })],
    [(options) => cron("*/20 * * * *", options)],
    [(options) => cron("30 1,2,3 * * *", options)],
    [(options) => cron("0 2 * * 0", options)],
    [daily, ["0 0 * * 6,0"]],
    [hourly, ["0 */4 * * *", "0 * * * 0"]],
    [(options) => hourly({ ...options, format: "%d.%m.%Y %Hh %z" })]
  ]
  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Case = Schema.Struct({
    zone: between(0, zones.length - 1),
    kind: between(0, kinds.length - 1),
    // from 1985 to 2030
    start: between(5_500, 22_000),
    days: between(1, 90),
    minutes: between(0, 1439),
    probe: between(-60_000, 60_000),
    by: between(-40, 40)
  })
  const lineFor = (of: typeof Case.Type) => {
    const start = of.start * day + of.minutes * 60_000
    const [make, exclusions] = kinds[of.kind]!
    const set = make({ start: new Date(start), timeZone: zones[of.zone]!, exclusions })
    const now = start + of.days * day
    const { dimension } = Partitions.resolveAt(set, now, new Map()).dimensions[0]!
    // every kind makes windows
    return { make, exclusions, set, start, now, line: dimension as WindowLine }
  }
  const settings = { arbitrary: { runs: 100, size: 1_000_000 } }

  it.effect.prop("give back every window by index, key and time", [Case], ([of]) =>
    Effect.sync(() => {
      const { line, now, start } = lineFor(of)
      const keys = new Set<string>()
      for (let i = 0; i < line.size; i++) {
        const window = line.windowAt(i)
        const key = line.keyAt(i)
        keys.add(key)
        assert.isTrue(window.start >= start && window.start < window.end && window.end <= now)
        if (i > 0) assert.isTrue(line.windowAt(i - 1).end <= window.start)
        assert.strictEqual(line.keyOf(window), key)
        assert.strictEqual(line.indexOf(key), i)
        assert.deepStrictEqual(line.windowOf(key), window)
        assert.deepStrictEqual(line.holding(window.start), window)
        assert.deepStrictEqual(line.holding(window.end - 1), window)
        assert.strictEqual(line.firstStartingFrom(window.start), i)
        assert.strictEqual(line.firstStartingFrom(window.start + 1), i + 1)
        assert.strictEqual(line.firstEndingAfter(window.start), i)
        assert.strictEqual(line.firstEndingAfter(window.end), i + 1)
      }
      assert.strictEqual(keys.size, line.size)
    }), settings)

  it.effect.prop("have the windows that their cron expression draws", [Case], ([of]) =>
    Effect.sync(() => {
      const { exclusions = [], line, now, set, start } = lineFor(of)
      const parse = (text: string) => Result.getOrThrow(Cron.parse(text, Zone.make(zones[of.zone]!)!))
      const cron = parse(set.cron)
      const excluded = exclusions.map(parse)
      const expected: Array<Window> = []
      for (let from = Cron.nextTick(cron, start - 1), end = 0; from <= now; from = end) {
        end = Cron.nextTick(cron, from)
        if (end <= now && !excluded.some((cron) => Cron.isTick(cron, from))) expected.push({ start: from, end })
      }
      assert.deepStrictEqual(Array.from({ length: line.size }, (_, i) => line.windowAt(i)), expected)
      assert.deepStrictEqual(line.between(start, now).filter((window) => window.end <= now), expected)
    }), settings)

  it.effect.prop("reach beyond the windows that exist, with the same answers", [Case], ([of]) =>
    Effect.sync(() => {
      const { exclusions, line, make, set, start } = lineFor(of)
      // the same definition a long time later: what is beyond here is known there
      const { dimension } = Partitions.resolveAt(
        make({ start: new Date(start - 600 * day), timeZone: zones[of.zone]!, exclusions }),
        start + 900 * day,
        new Map()
      ).dimensions[0]!
      const known = dimension as WindowLine
      const time = start + of.probe * 60_000
      assert.deepStrictEqual(line.holding(time), known.holding(time))
      const to = time + of.days * day / 10
      assert.deepStrictEqual(line.between(time, to), known.between(time, to))
      // shifting by n is shifting by one n times, and back
      const from = known.windowAt(known.firstStartingFrom(time))
      const there = line.shifted(from.start, of.by)
      const index = known.firstStartingFrom(from.start) + of.by
      if (index >= 0 && index < known.size) assert.deepStrictEqual(there, known.windowAt(index))
      assert.deepStrictEqual(line.shifted(there.start, -of.by), from)
      assert.deepStrictEqual(line.windowOf(line.keyOf(there)), there)
      assert.strictEqual(
        line.indexOf(line.keyOf(there)) >= 0,
        there.start >= set.start.epochMilliseconds &&
          there.end <= start + of.days * day
      )
    }), settings)
})

describe("fast enough", () => {
  it("knows 50 years of hours", () => {
    for (const timeZone of ["UTC", "America/Los_Angeles"]) {
      const line = lineOf(hourly({ start: "1975-01-01", timeZone }), "2025-01-01T12:00")
      assert.strictEqual(line.size, timeZone === "UTC" ? 438_324 : 438_316)
      assert.strictEqual(line.indexOf(line.keyAt(400_000)), 400_000)
    }
  })
})
