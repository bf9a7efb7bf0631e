import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Freshness } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"

const hour = 3_600_000
const day = 24 * hour
const at = (iso: string) => Date.parse(iso)

describe("a window", () => {
  const policy = Freshness.window({ fail: "24 hours" })

  it.each([
    ["age 0", 0, "Fresh"],
    ["age 23:59:59", day - 1_000, "Fresh"],
    ["age 24 hours", day, "Overdue"],
    ["age 24 hours and a second", day + 1_000, "Overdue"]
  ])("FRE01 %s", (_, age, expected) => {
    assert.strictEqual(Freshness.evaluate(policy, 5 * day, 5 * day + age)._tag, expected)
  })

  it("warns before it fails, and says since when and until when", () => {
    const warning = Freshness.window({ fail: "24 hours", warn: "12 hours" })
    assert.deepStrictEqual(Freshness.evaluate(warning, day, day + 12 * hour - 1), {
      _tag: "Fresh",
      lastMaterialized: day,
      until: 2 * day
    })
    assert.deepStrictEqual(Freshness.evaluate(warning, day, day + 12 * hour), {
      _tag: "Warning",
      lastMaterialized: day,
      since: day + 12 * hour,
      until: 2 * day
    })
    assert.deepStrictEqual(Freshness.evaluate(warning, day, 3 * day), {
      _tag: "Overdue",
      lastMaterialized: day,
      since: 2 * day
    })
  })
})

describe("a cron expression", () => {
  const policy = Freshness.cron({ deadline: "0 9 * * *", lowerBound: "1 hour" })

  it.each([
    ["computed 08:30, asked at 10:00", "2024-01-01T08:30:00Z", "2024-01-01T10:00:00Z", "Fresh"],
    ["computed 08:00, the first moment that counts", "2024-01-01T08:00:00Z", "2024-01-01T10:00:00Z", "Fresh"],
    ["computed 07:59:59", "2024-01-01T07:59:59Z", "2024-01-01T10:00:00Z", "Overdue"],
    ["computed 07:30 only", "2024-01-01T07:30:00Z", "2024-01-01T10:00:00Z", "Overdue"],
    ["computed 07:30, before the deadline", "2024-01-01T07:30:00Z", "2024-01-01T08:59:59.999Z", "Fresh"],
    ["computed 07:30, at the deadline", "2024-01-01T07:30:00Z", "2024-01-01T09:00:00Z", "Overdue"],
    ["computed late, at 09:10", "2024-01-01T09:10:00Z", "2024-01-01T10:00:00Z", "Fresh"],
    ["computed 08:45, asked at 17:00", "2024-01-01T08:45:00Z", "2024-01-01T17:00:00Z", "Fresh"],
    ["computed 08:45, asked at 10:00 the next day", "2024-01-01T08:45:00Z", "2024-01-02T10:00:00Z", "Overdue"]
  ])("FRE04 %s", (_, materialized, now, expected) => {
    assert.strictEqual(Freshness.evaluate(policy, at(materialized), at(now))._tag, expected)
  })

  it("tells since which deadline an asset is overdue, and until which one it is fresh", () => {
    assert.deepStrictEqual(Freshness.evaluate(policy, at("2024-01-01T08:45:00Z"), at("2024-01-05T10:00:00Z")), {
      _tag: "Overdue",
      lastMaterialized: at("2024-01-01T08:45:00Z"),
      since: at("2024-01-02T09:00:00Z")
    })
    assert.deepStrictEqual(Freshness.evaluate(policy, at("2024-01-01T08:45:00Z"), at("2024-01-01T08:50:00Z")), {
      _tag: "Fresh",
      lastMaterialized: at("2024-01-01T08:45:00Z"),
      until: at("2024-01-02T09:00:00Z")
    })
  })

  it("has its deadlines by the clocks of its time zone", () => {
    const berlin = Freshness.cron({ deadline: "0 9 * * *", lowerBound: "1 hour", timeZone: "Europe/Berlin" })
    // nine in the morning is 08:00Z in winter, and 07:00Z in summer
    const until = (iso: string) => {
      const found = Freshness.evaluate(berlin, at(iso), at(iso))
      return found._tag === "Fresh" ? new Date(found.until).toISOString() : found._tag
    }
    assert.strictEqual(until("2024-03-30T00:00:00Z"), "2024-03-30T08:00:00.000Z")
    assert.strictEqual(until("2024-03-30T12:00:00Z"), "2024-03-31T07:00:00.000Z")
  })

  it.effect.prop(
    "agrees with looking back at the last deadline",
    [
      Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 * 24 * 60 }))),
      Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 * 24 * 60 })))
    ],
    ([minute, age]) =>
      Effect.sync(() => {
        const now = at("2024-02-20T00:00:00Z") + minute * 60_000
        const materialized = now - age * 60_000
        // the deadlines of this expression are those of UTC days
        const deadline = Math.floor((now - 9 * hour) / day) * day + 9 * hour
        const expected = materialized >= deadline - hour ? "Fresh" : "Overdue"
        assert.strictEqual(Freshness.evaluate(policy, materialized, now)._tag, expected)
      }),
    { arbitrary: { runs: 300, seed: 1 } }
  )
})

describe("a policy", () => {
  it("is unknown before the first materialization, and nothing where there is none", () => {
    assert.deepStrictEqual(Freshness.evaluate(Freshness.window({ fail: "1 day" }), undefined, 0), { _tag: "Unknown" })
    assert.deepStrictEqual(Freshness.evaluate(undefined, undefined, 0), { _tag: "NoPolicy" })
  })

  it("is data: it survives JSON", () => {
    for (
      const policy of [
        Freshness.window({ fail: "24 hours" }),
        Freshness.window({ fail: "24 hours", warn: "1 hour" }),
        Freshness.cron({ deadline: "0 9 * * 1-5", lowerBound: "1 hour", timeZone: "Europe/Berlin" })
      ]
    ) {
      const text = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(Freshness.Freshness)))(policy)
      const again = Schema.decodeSync(Schema.fromJsonString(Schema.toCodecJson(Freshness.Freshness)))(text)
      assert.deepStrictEqual(again, policy)
    }
  })

  const mistakes: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
    [
      "a window of less than a minute",
      () => Freshness.window({ fail: "59 seconds" }),
      /fail must be at least a minute/
    ],
    ["a warning of less than a minute", () => Freshness.window({ fail: "1 hour", warn: 10 }), /warn must be at least/],
    ["a warning as late as the failure", () => Freshness.window({ fail: "1 hour", warn: "60 minutes" }), /shorter/],
    ["a window without end", () => Freshness.window({ fail: Infinity }), /fail must be finite/],
    ["a negative window", () => Freshness.window({ fail: -1 }), /at least a minute/],
    ["no cron expression", () => Freshness.cron({ deadline: "at nine", lowerBound: "1 hour" }), /"at nine"/],
    [
      "no time zone",
      () => Freshness.cron({ deadline: "0 9 * * *", lowerBound: "1 hour", timeZone: "Europe/Atlantis" }),
      /Europe\/Atlantis/
    ],
    [
      "a deadline that never comes",
      () => Freshness.cron({ deadline: "0 9 30 2 *", lowerBound: "1 hour" }),
      /"0 9 30 2/
    ],
    ["a lower bound of seconds", () => Freshness.cron({ deadline: "0 9 * * *", lowerBound: "1 second" }), /lowerBound/],
    [
      "a lower bound longer than between two deadlines",
      () => Freshness.cron({ deadline: "0 9,12 * * *", lowerBound: "4 hours" }),
      /lowerBound must not be longer/
    ]
  ]
  it.each(mistakes)("is refused: %s", (_, make, message) => {
    try {
      make()
    } catch (error) {
      assert.instanceOf(error, Freshness.FreshnessError)
      assert.match(error.message, message)
      return
    }
    assert.fail("nothing was thrown")
  })

  it("may have a lower bound as long as the time between two deadlines, also where clocks change", () => {
    const timeZone = "Europe/Berlin"
    assert.strictEqual(Freshness.cron({ deadline: "0 9 * * *", lowerBound: "24 hours", timeZone })._tag, "Cron")
    assert.strictEqual(Freshness.cron({ deadline: "0 9,12 * * *", lowerBound: "3 hours" })._tag, "Cron")
  })
})
