import { assert, describe, it } from "@effect/vitest"
import { Cron as EffectCron, DateTime, Effect, Result, Schema } from "effect"
import * as Cron from "../src/internal/cron.ts"
import * as Zone from "../src/internal/zone.ts"

const make = (expression: string, timeZone: string) => Result.getOrThrow(Cron.parse(expression, Zone.make(timeZone)!))

const iso = (time: number, zone: Zone.Zone) =>
  DateTime.formatIsoOffset(DateTime.makeZonedUnsafe(time, { timeZone: zone.timeZone })).replace(/:00\.000/, "")

/** The ticks after a time, in the zone of the expression. */
const after = (cron: Cron.Cron, time: number, count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = time; found.length < count;) {
    at = Cron.nextTick(cron, at)
    found.push(at)
  }
  return found
}

// where clocks change at midnight, by half an hour, by a day, twice within a month, by a change of the standard time
const changes: ReadonlyArray<readonly [timeZone: string, around: string]> = [
  ["Europe/Berlin", "2023-03-26"],
  ["Europe/Berlin", "2023-10-29"],
  ["America/Los_Angeles", "2021-03-14"],
  ["America/Los_Angeles", "2021-11-07"],
  ["Australia/Lord_Howe", "2023-10-01"],
  ["Australia/Lord_Howe", "2023-04-02"],
  ["America/Sao_Paulo", "2018-11-04"],
  ["America/Sao_Paulo", "2018-02-18"],
  ["America/Havana", "2023-11-05"],
  ["Asia/Kathmandu", "1986-01-01"],
  ["Africa/Casablanca", "2023-03-19"],
  ["Africa/Casablanca", "2023-04-23"],
  ["Pacific/Apia", "2011-12-30"],
  ["America/Caracas", "2007-12-09"],
  ["Antarctica/Casey", "2010-03-05"],
  // where one stretch of what is kept about a zone would meet the next one
  ["Europe/London", "1967-10-29"],
  ["America/Moncton", "1938-06-05"],
  ["Europe/Berlin", "1985-03-31"],
  ["+05:30", "2023-03-26"],
  ["UTC", "2023-03-26"]
]

const expressions = [
  "0 * * * *",
  "45 * * * *",
  "*/15 * * * *",
  "10,50 * * * *",
  "0 0 * * *",
  "0 1 * * *",
  "0 2 * * *",
  "30 2 * * *",
  "30 0,2,3 * * *",
  "*/20 1-3 * * *",
  "0 */2 * * *",
  "0 0 * * 0",
  "30 1 * * 1-5",
  "0 2 1,26,29 * *",
  "0 3 */2 * 0"
]

const minute = 60_000
const day = 86_400_000

/** The local time of each minute from the one before `from` until a day after `to`. A local time is a time in UTC. */
const localTimes = (timeZone: string, from: number, to: number): ReadonlyArray<number> => {
  const { zone } = DateTime.makeZonedUnsafe(from, { timeZone })
  return Array.from({ length: (to + day - from) / minute + 1 }, (_, i) => {
    const time = from + (i - 1) * minute
    return time + DateTime.zonedOffset(DateTime.makeZonedUnsafe(time, { timeZone: zone }))
  })
}

/** When an expression fires, minute by minute: slow, and nothing that is tested is used. */
const slowTicks = (
  expression: string,
  locals: ReadonlyArray<number>,
  from: number,
  to: number
): ReadonlyArray<number> => {
  const cron = EffectCron.parseUnsafe(expression, "UTC")
  const everyHour = expression.split(" ")[1] === "*"
  // most minutes need no closer look
  const fires = (time: number) =>
    (cron.minutes.size === 0 || cron.minutes.has(new Date(time).getUTCMinutes())) && EffectCron.match(cron, time)
  const lastPassing = new Map(locals.map((time, i) => [time, i]))
  const found: Array<number> = []
  for (let at = from, i = 1; at < to; at += minute, i++) {
    const [before, time] = [locals[i - 1]!, locals[i]!]
    const once = fires(time) && (everyHour || lastPassing.get(time) === i)
    const gap = !everyHour && time - before <= day ? (time - before) / minute - 1 : 0
    if (once || Array.from({ length: Math.max(0, gap) }, (_, n) => before + (n + 1) * minute).some(fires)) {
      found.push(at)
    }
  }
  return found
}

describe("cron expressions where clocks change", () => {
  const cases: ReadonlyArray<
    readonly [id: string, timeZone: string, expression: string, ticks: ReadonlyArray<string>]
  > = [
    ["CR01", "Europe/Berlin", "0 2 * * *", [
      "2023-10-28T02:00+02:00",
      "2023-10-29T02:00+01:00",
      "2023-10-30T02:00+01:00"
    ]],
    ["CR01", "Europe/Berlin", "30 2 * * *", [
      "2023-10-28T02:30+02:00",
      "2023-10-29T02:30+01:00",
      "2023-10-30T02:30+01:00"
    ]],
    ["CR02", "Europe/Berlin", "0 * * * *", [
      "2023-10-29T01:00+02:00",
      "2023-10-29T02:00+02:00",
      "2023-10-29T02:00+01:00",
      "2023-10-29T03:00+01:00"
    ]],
    ["CR02", "Europe/Berlin", "45 * * * *", [
      "2023-10-29T01:45+02:00",
      "2023-10-29T02:45+02:00",
      "2023-10-29T02:45+01:00",
      "2023-10-29T03:45+01:00"
    ]],
    ["CR03", "Europe/Berlin", "0 2 * * *", [
      "2023-03-25T02:00+01:00",
      "2023-03-26T03:00+02:00",
      "2023-03-27T02:00+02:00"
    ]],
    ["CR03", "Europe/Berlin", "30 2 * * *", [
      "2023-03-25T02:30+01:00",
      "2023-03-26T03:00+02:00",
      "2023-03-27T02:30+02:00"
    ]],
    ["CR03", "Europe/Berlin", "0 2 26 * *", [
      "2023-02-26T02:00+01:00",
      "2023-03-26T03:00+02:00",
      "2023-04-26T02:00+02:00"
    ]],
    ["CR03, hourly", "Europe/Berlin", "45 * * * *", ["2023-03-26T01:45+01:00", "2023-03-26T03:45+02:00"]],
    ["CR04", "Australia/Lord_Howe", "0 2 * * *", [
      "2023-09-30T02:00+10:30",
      "2023-10-01T02:30+11:00",
      "2023-10-02T02:00+11:00"
    ]],
    ["CR05", "US/Central", "0 1 5 * *", ["2023-10-05T01:00-05:00", "2023-11-05T01:00-06:00", "2023-12-05T01:00-06:00"]],
    ["CR05", "US/Central", "30 1 5 * *", [
      "2023-10-05T01:30-05:00",
      "2023-11-05T01:30-06:00",
      "2023-12-05T01:30-06:00"
    ]],
    ["CR05", "US/Central", "0 2 5 * *", ["2023-10-05T02:00-05:00", "2023-11-05T02:00-06:00", "2023-12-05T02:00-06:00"]],
    ["a day that is skipped", "Pacific/Apia", "0 5 * * *", ["2011-12-29T05:00-10:00", "2011-12-31T05:00+14:00"]],
    ["a midnight that is skipped", "America/Sao_Paulo", "0 0 * * *", [
      "2018-11-03T00:00-03:00",
      "2018-11-04T01:00-02:00",
      "2018-11-05T00:00-02:00"
    ]]
  ]
  for (const [id, timeZone, expression, expected] of cases) {
    it(`${id}: "${expression}" in ${timeZone} around ${expected[1]}`, () => {
      const cron = make(expression, timeZone)
      const found = after(cron, Date.parse(expected[0]!) - 1, expected.length)
      assert.deepStrictEqual(found.map((time) => iso(time, cron.zone)), expected)
    })
  }

  for (const [timeZone, around] of changes) {
    it(`fires when it does minute by minute in ${timeZone} around ${around}, forwards and backwards`, () => {
      const from = Date.parse(around) - 1.5 * day
      const to = from + 3 * day
      const locals = localTimes(timeZone, from, to)
      for (const expression of expressions) {
        const cron = make(expression, timeZone)
        const expected = slowTicks(expression, locals, from, to)
        const show = (times: ReadonlyArray<number>) => times.map((time) => iso(time, cron.zone))
        assert.deepStrictEqual(show(Cron.ticks(cron, from, to)), show(expected), expression)
        const backwards: Array<number> = []
        for (let at = Cron.prevTick(cron, to); at >= from; at = Cron.prevTick(cron, at)) backwards.unshift(at)
        assert.deepStrictEqual(show(backwards), show(expected), `${expression}, backwards`)
      }
    })
  }
})

describe("cron expressions", () => {
  it("CR06: \"2 4 29 2 *\" fires in leap years alone", () => {
    const cron = make("2 4 29 2 *", "Europe/Berlin")
    const found = after(cron, Date.parse("2023-03-27T01:00+02:00"), 100)
    const years = found.map((time) => {
      const { day, hour, minute, month, year } = DateTime.toParts(
        DateTime.makeZonedUnsafe(time, { timeZone: "Europe/Berlin" })
      )
      assert.deepStrictEqual([month, day, hour, minute], [2, 29, 4, 2])
      return year
    })
    const leap = Array.from({ length: 600 }, (_, i) => 2023 + i).filter((year) =>
      year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
    )
    assert.deepStrictEqual(years, leap.slice(0, 100))
  })

  it("CR07: the next tick is always later, from any moment of a day with a gap", () => {
    const cron = make("0 2 * * *", "Europe/Berlin")
    const next = Date.parse("2023-03-27T02:00+02:00")
    for (let at = Date.parse("2023-03-26T03:00+02:00"); at < next; at += 75_000) {
      assert.strictEqual(Cron.nextTick(cron, at), next)
    }
    for (
      let at = Date.parse("2023-03-26T02:59:59+02:00") - 1;
      at > Date.parse("2023-03-25T02:00+01:00");
      at -= 75_000
    ) {
      assert.strictEqual(Cron.nextTick(cron, at), Date.parse("2023-03-26T03:00+02:00"))
    }
  })

  const invalid: ReadonlyArray<readonly [expression: string, problem: string]> = [
    ["", "Invalid number of segments in cron expression"],
    ["* * * *", "Invalid number of segments in cron expression"],
    ["0 -24 * * *", "Expected a positive integer"],
    ["61 * * * *", "Expected a value between 0 and 59"],
    ["0 0 30 2 *", "there is no such day"],
    ["0 0 31 4,6,9,11 *", "there is no such day"],
    ["0 0 30 2 */2", "there is no such day"],
    ["@never", "@never is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"]
  ]
  for (const [expression, problem] of invalid) {
    it(`refuses ${JSON.stringify(expression)}`, () => {
      assert.deepStrictEqual(Cron.parse(expression, Zone.make("UTC")!), Result.fail(problem))
    })
  }

  const fields: ReadonlyArray<readonly [expression: string, same: string | undefined, ticks: ReadonlyArray<string>]> = [
    ["@daily", "0 0 * * *", ["2024-01-02T00:00Z", "2024-01-03T00:00Z"]],
    ["@weekly", "0 0 * * 7", ["2024-01-07T00:00Z", "2024-01-14T00:00Z"]],
    ["  0   0-23  * * *", "@hourly", ["2024-01-01T01:00Z", "2024-01-01T02:00Z"]],
    ["0 0 1 jan *", "@yearly", ["2025-01-01T00:00Z", "2026-01-01T00:00Z"]],
    // one of the two days is enough, unless one of them begins with a star
    ["0 0 13 * 5", undefined, ["2024-01-05T00:00Z", "2024-01-12T00:00Z", "2024-01-13T00:00Z"]],
    ["0 0 */6 * 1", undefined, ["2024-02-19T00:00Z", "2024-03-25T00:00Z"]],
    ["15,45 30 6 * * *", undefined, ["2024-01-01T06:30:15Z", "2024-01-01T06:30:45Z", "2024-01-02T06:30:15Z"]]
  ]
  for (const [expression, same, ticks] of fields) {
    it(`reads ${JSON.stringify(expression)}`, () => {
      const cron = make(expression, "UTC")
      const start = Date.parse("2024-01-01T00:00Z")
      assert.deepStrictEqual(after(cron, start, ticks.length), ticks.map((tick) => Date.parse(tick)))
      if (same !== undefined) assert.deepStrictEqual(after(make(same, "UTC"), start, 50), after(cron, start, 50))
    })
  }

  it("tells expressions apart that differ in how days are combined", () => {
    assert.notStrictEqual(make("0 0 */6 * 1", "UTC").expression, make("0 0 1,7,13,19,25,31 * 1", "UTC").expression)
    assert.strictEqual(make("0 0 1,7 * *", "UTC").expression, make("00 0  7,1 * *", "UTC").expression)
  })

  const Case = Schema.Struct({
    zone: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: changes.length - 1 })),
    expression: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: expressions.length - 1 })),
    hours: Schema.Int.check(Schema.isBetween({ minimum: -200_000, maximum: 500_000 })),
    days: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))
  })

  it.effect.prop("fire at the same times one by one, all at once, and backwards", [Case], ([of]) =>
    Effect.sync(() => {
      const cron = make(expressions[of.expression]!, changes[of.zone]![0])
      const from = of.hours * 3_600_000
      const to = from + of.days * day
      const all = Cron.ticks(cron, from, to)
      const forwards: Array<number> = []
      for (let at = Cron.nextTick(cron, from - 1); at < to; at = Cron.nextTick(cron, at)) forwards.push(at)
      assert.deepStrictEqual(all, forwards)
      const backwards: Array<number> = []
      for (let at = Cron.prevTick(cron, to); at >= from; at = Cron.prevTick(cron, at)) backwards.unshift(at)
      assert.deepStrictEqual(all, backwards)
      assert.isTrue(all.every((time, i) => i === 0 || time > all[i - 1]!))
    }), { arbitrary: { runs: 40, size: 1_000_000 } })

  it.effect.prop("time zones have the offsets that dates have in them", [Case], ([of]) =>
    Effect.sync(() => {
      const [timeZone, around] = changes[of.zone]!
      const zone = Zone.make(timeZone)!
      for (const time of [of.hours * 3_600_000, Date.parse(around) + (of.days - 30) * minute * 5]) {
        const zoned = DateTime.makeZonedUnsafe(time, { timeZone })
        const offset = DateTime.zonedOffset(zoned)
        assert.strictEqual(zone.segmentAt(time).offset, offset)
        assert.strictEqual(Zone.toLocal(zone, time), time + offset)
        // the earlier one of the moments with this local time
        const earlier = Zone.fromLocal(zone, time + offset)
        assert.strictEqual(Zone.toLocal(zone, earlier), time + offset)
        assert.isTrue(earlier <= time)
        assert.strictEqual(Zone.isRepeated(zone, time), earlier < time)
      }
    }), { arbitrary: { runs: 200, size: 1_000_000 } })

  it("there is no zone of an unknown name", () => {
    assert.isUndefined(Zone.make("Mars/Olympus"))
    assert.strictEqual(Zone.make("US/Central"), Zone.make("America/Chicago"))
  })
})
