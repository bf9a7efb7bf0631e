import { assert, describe, it } from "@effect/vitest"
import { Cron as EffectCron, DateTime, Effect, Fiber, Logger, Schema, Stream } from "effect"
import {
  Asset,
  Automation,
  type AutomationStore,
  type EventLog,
  Graph,
  Job,
  Partitions,
  Runtime,
  Selection
} from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, test } from "./fixtures/inMemory.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const at = (time: string) => Date.parse(time)
const iso = (time: number, timeZone = "UTC") =>
  DateTime.formatIsoOffset(DateTime.makeZonedUnsafe(time, { timeZone })).replace(":00.000", "")

const all = { select: "*" }
const cronOf = (
  cron: string | ReadonlyArray<string>,
  timeZone?: string,
  options?: { readonly catchUp?: Automation.CatchUp }
) => Automation.schedule("s", { cron, timeZone, target: all, ...options })

const orders = Asset.make("orders", Effect.succeed(1))
const rates = Asset.make("rates", Effect.succeed(1))
const feed = Asset.external("feed")
const revenue = Asset.make("revenue", { inputs: { orders, rates }, compute: () => Effect.succeed(1) })
const daily = Partitions.daily({ start: "2024-01-01" })
const sales = Asset.make("sales", { partitions: daily, compute: () => Effect.succeed(1) })
const costs = Asset.make("costs", { partitions: daily, compute: () => Effect.succeed(1) })
const hours = Asset.make("hours", {
  partitions: Partitions.hourly({ start: "2024-01-01" }),
  compute: () => Effect.succeed(1)
})
const customers = Asset.make("customers", {
  partitions: Partitions.dynamic("customers"),
  compute: () => Effect.succeed(1)
})
const limited = Asset.make("limited", {
  config: Schema.Struct({ limit: Schema.Int }),
  compute: (_, { config }) => Effect.succeed(config.limit)
})
const nightly = Job.make("nightly", { select: ["orders", "rates"], priority: 5, tags: { by: "job" } })
const graph = Graph.make({ orders, rates, feed, revenue, sales, costs, hours, customers, limited })
const definitions = { graph, jobs: [nightly] }

const partitioned = (partitions: Partitions.Any) => ({
  graph: Graph.make({ part: Asset.make("part", { partitions, compute: () => Effect.succeed(1) }) }) as Graph.Any,
  jobs: []
})

/** What is requested: the partitions, or why there are none. */
const requested = ({ error, reason, requests }: Automation.Evaluation) =>
  error?.message ??
    (requests.length === 0 ? reason : requests.map((request) => request.partition ?? request.partitions))

describe("Automation.nextTicks", () => {
  const cases: ReadonlyArray<
    readonly [
      id: string,
      zone: string,
      cron: string | ReadonlyArray<string>,
      from: string,
      ticks: ReadonlyArray<string>
    ]
  > = [
    ["CR01", "Europe/Berlin", "0 2 * * *", "2023-10-28T12:00Z", ["2023-10-29T02:00+01:00", "2023-10-30T02:00+01:00"]],
    ["CR01", "Europe/Berlin", "30 2 * * *", "2023-10-28T12:00Z", ["2023-10-29T02:30+01:00", "2023-10-30T02:30+01:00"]],
    ["CR02", "Europe/Berlin", "45 * * * *", "2023-10-29T00:00Z", ["2023-10-29T02:45+02:00", "2023-10-29T02:45+01:00"]],
    ["CR03", "Europe/Berlin", "30 2 * * *", "2023-03-25T12:00Z", ["2023-03-26T03:00+02:00", "2023-03-27T02:30+02:00"]],
    ["CR03", "Europe/Berlin", "0 2 26 * *", "2023-03-25T12:00Z", ["2023-03-26T03:00+02:00", "2023-04-26T02:00+02:00"]],
    ["CR04", "Australia/Lord_Howe", "0 2 * * *", "2023-09-30T00:00Z", ["2023-10-01T02:30+11:00"]],
    ["CR05", "US/Central", "30 1 5 * *", "2023-11-01T00:00Z", ["2023-11-05T01:30-06:00", "2023-12-05T01:30-06:00"]],
    ["CR06", "UTC", "2 4 29 2 *", "2023-03-27T00:00Z", ["2024-02-29T04:02+00:00", "2028-02-29T04:02+00:00"]],
    ["several", "UTC", ["0 6 * * *", "0 6,18 * * *"], "2024-01-01T06:00Z", [
      "2024-01-01T06:00+00:00",
      "2024-01-01T18:00+00:00",
      "2024-01-02T06:00+00:00"
    ]]
  ]
  for (const [id, zone, cron, from, ticks] of cases) {
    it(`${id}: ${cron} in ${zone} from ${from}`, () => {
      const found = Automation.nextTicks(cronOf(cron, zone), { from: at(from), count: ticks.length })
      assert.deepStrictEqual(found.map((time) => iso(time, zone).replace("Z", "+00:00")), ticks)
    })
  }

  it("CR07: the next tick is always later, from any minute of the day of a gap", () => {
    const schedule = cronOf("30 2 * * *", "Europe/Berlin")
    for (let from = at("2023-03-26T00:00Z"); from < at("2023-03-27T00:00Z"); from += minute) {
      const [next] = Automation.nextTicks(schedule, { from: from + 1, count: 1 })
      assert.isAbove(next!, from)
    }
  })
})

describe("Automation.schedule", () => {
  it("AUT11, SCH: tells at once all that is wrong with it", () => {
    const error = thrown(() =>
      Automation.schedule("s", {
        cron: ["totally-invalid", "* /15 * * * 1-6"],
        timeZone: "Mars/Olympus",
        catchUp: { max: 0 },
        partitionOffset: -1
      })
    )
    assert.instanceOf(error, Automation.AutomationError)
    assert.lengthOf(error.problems, 6)
    for (
      const text of [
        `The automation "s" is not valid`,
        `There is no time zone "Mars/Olympus"`,
        `The cron expression "totally-invalid" is not valid`,
        "catchUp is 0 ticks",
        "partitionOffset is -1",
        "It requests nothing"
      ]
    ) assert.include(error.message, text)
    assert.include(thrown(() => Automation.schedule("s", { cron: [], target: all })).message, "no cron expression")
  })

  it("AUT11: reads nicknames and steps", () => {
    for (const cron of ["0 */5 * * *", "@daily", "*/15 * * * 1-6"]) assert.strictEqual(cronOf(cron).kind, "schedule")
  })

  it("is a plain value", () => {
    const schedule = Automation.schedule("s", {
      cron: "@daily",
      target: nightly,
      startRunning: false,
      description: "d"
    })
    assert.isTrue(Automation.isAutomation(schedule))
    assert.isFalse(Automation.isAutomation(nightly))
    assert.deepStrictEqual(
      [schedule.cron, schedule.timeZone, schedule.target, schedule.startRunning, schedule.description],
      [["@daily"], "UTC", nightly, false, "d"]
    )
    assert.strictEqual(String(schedule), "Automation(schedule s)")
    assert.strictEqual(JSON.stringify(schedule), `{"_id":"Automation","kind":"schedule","name":"s"}`)
  })
})

const thrown = (run: () => unknown): Automation.AutomationError => {
  try {
    run()
  } catch (error) {
    return error as Automation.AutomationError
  }
  throw new Error("nothing was thrown")
}

describe("Automation.dueTicks", () => {
  const now = at("2024-01-10T12:30Z")
  const due = (
    catchUp: Automation.CatchUp | undefined,
    options: { readonly lastTick?: number; readonly startedAt?: number; readonly now?: number },
    cron = "0 * * * *"
  ) =>
    Automation.dueTicks(cronOf(cron, "UTC", catchUp === undefined ? {} : { catchUp }), { now, ...options }).map((
      time
    ) => iso(time).slice(0, 16))

  it("SCH: of several that were missed, without partitions only the latest is made up for", () => {
    assert.deepStrictEqual(due(undefined, { lastTick: at("2024-01-10T07:00Z") }), ["2024-01-10T12:00"])
    assert.deepStrictEqual(due("latest", { lastTick: at("2024-01-10T07:00Z") }), ["2024-01-10T12:00"])
    assert.deepStrictEqual(due("latest", { lastTick: at("2024-01-10T12:00Z") }), [])
  })

  it("SCH: up to a number of them", () => {
    const lastTick = at("2024-01-10T07:00Z")
    assert.deepStrictEqual(due({ max: 2 }, { lastTick }), ["2024-01-10T11:00", "2024-01-10T12:00"])
    assert.lengthOf(due({ max: 100 }, { lastTick }), 5)
  })

  it("SCH: with partitions ten of them", () => {
    const schedule = Automation.schedule("s", { cron: "0 0 * * *", target: { select: ["sales"] } })
    const lastTick = now - 30 * day
    const ticks = Automation.dueTicks(schedule, { now, lastTick, definitions })
    assert.lengthOf(ticks, 10)
    assert.strictEqual(ticks.at(-1), at("2024-01-10T00:00Z"))
    // a target that says which partitions it computes is like one without
    const fixed = Automation.schedule("s", { cron: "0 0 * * *", target: { select: ["sales"], partitions: "all" } })
    assert.lengthOf(Automation.dueTicks(fixed, { now, lastTick, definitions }), 1)
  })

  it("SCH: none of them, and then a tick is not missed for a minute", () => {
    const lastTick = at("2024-01-10T07:00Z")
    assert.deepStrictEqual(due("none", { lastTick }), [])
    assert.deepStrictEqual(due("none", { lastTick, now: at("2024-01-10T12:00:40Z") }), ["2024-01-10T12:00"])
  })

  it("SCH: nothing from before it was started, also when it was stopped meanwhile", () => {
    assert.deepStrictEqual(due({ max: 9 }, { startedAt: at("2024-01-10T11:30Z") }), ["2024-01-10T12:00"])
    assert.deepStrictEqual(
      due({ max: 9 }, { startedAt: at("2024-01-10T12:00Z"), lastTick: at("2024-01-01T00:00Z") }),
      ["2024-01-10T12:00"]
    )
    assert.deepStrictEqual(due({ max: 9 }, { startedAt: at("2024-01-10T12:00:01Z") }), [])
    // nothing is known of it: it starts now
    assert.deepStrictEqual(due({ max: 9 }, {}), [])
    assert.deepStrictEqual(due({ max: 9 }, { now: at("2024-01-10T12:00Z") }), ["2024-01-10T12:00"])
  })

  it("does not count what nobody wants, be it years of seconds", () => {
    const lastTick = at("1990-01-01T00:00Z")
    assert.deepStrictEqual(due("latest", { lastTick }, "* * * * * *"), ["2024-01-10T12:30"])
    assert.lengthOf(due({ max: 10 }, { lastTick }, "* * * * * *"), 10)
  })

  const zones = [
    "Europe/Berlin",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Casablanca",
    "UTC"
  ]
  const expressions = [["0 * * * *"], ["30 2 * * *"], ["0 0,2,3 * * *"], ["15 1 * * 0"], ["*/20 1-3 * * *"], [
    "0 6 * * *",
    "30 * * * *"
  ]]
  const Case = Schema.Struct({
    zone: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: zones.length - 1 })),
    expression: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: expressions.length - 1 })),
    year: Schema.Int.check(Schema.isBetween({ minimum: 2018, maximum: 2030 })),
    seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 30 })),
    most: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
  })

  it.effect.prop("SCH: no tick is missed, doubled or early over a year of clocks that change and daemons that die", [
    Case
  ], ([of]) =>
    Effect.sync(() => {
      const [zone, crons] = [zones[of.zone]!, expressions[of.expression]!]
      const from = Date.UTC(of.year, 0, 1)
      const to = Date.UTC(of.year + 1, 0, 1)
      const ticks = naiveTicks(crons, zone, from, to)
      const everything = cronOf(crons, zone, { catchUp: { max: 100_000 } })
      const some = cronOf(crons, zone, { catchUp: { max: of.most } })
      const latest = cronOf(crons, zone)
      const random = randomOf(of.seed)
      const startedAt = from + Math.floor(random() * 3 * day)
      const evaluated: Array<number> = []
      let lastTick: number | undefined
      let looked = startedAt - 1
      for (let now = startedAt; now < to;) {
        const due = Automation.dueTicks(everything, { now, lastTick, startedAt })
        const naive = ticks.filter((tick) => tick > looked && tick <= now)
        assert.deepStrictEqual(due, naive)
        assert.deepStrictEqual(Automation.dueTicks(some, { now, lastTick, startedAt }), naive.slice(-of.most))
        assert.deepStrictEqual(Automation.dueTicks(latest, { now, lastTick, startedAt }), naive.slice(-1))
        evaluated.push(...due)
        lastTick = due.at(-1) ?? lastTick
        looked = now
        // mostly it is looked at again soon, and at times not for days
        now += Math.ceil(random() < 0.9 ? random() * 6 * hour : random() * 20 * day)
      }
      assert.deepStrictEqual(evaluated, ticks.filter((tick) => tick >= startedAt && tick <= looked))
    }), { arbitrary: { runs: 12, size: 1_000_000 } })
})

/** Numbers from 0 to 1 that look random. */
const randomOf = (seed: number) => () => {
  seed = (seed * 48_271) % 2_147_483_647
  return seed / 2_147_483_647
}

/** When expressions fire, minute by minute: slow, and nothing that is tested is used. */
const naiveTicks = (
  expressions: ReadonlyArray<string>,
  timeZone: string,
  from: number,
  to: number
): ReadonlyArray<number> => {
  // no zone has changed its clocks but at a full quarter of an hour
  const quarter = 15 * minute
  const start = from - day
  const offsets: Array<number> = []
  for (let time = start; time < to + day; time += quarter) {
    // an hour has one offset, unless its two ends have not
    const index = offsets.length
    if (index % 96 !== 0 && index > 0) {
      offsets.push(NaN)
      continue
    }
    offsets.push(DateTime.zonedOffset(DateTime.makeZonedUnsafe(time, { timeZone })))
  }
  for (let at = 0; at < offsets.length; at += 96) {
    const end = Math.min(at + 96, offsets.length)
    const same = end < offsets.length && offsets[at] === offsets[end]
    for (let i = at + 1; i < end; i++) {
      offsets[i] = same
        ? offsets[at]!
        : DateTime.zonedOffset(DateTime.makeZonedUnsafe(start + i * quarter, { timeZone }))
    }
  }
  const local = (time: number) => time + offsets[Math.floor((time - start) / quarter)]!
  const crons = expressions.map((expression) => ({
    cron: EffectCron.parseUnsafe(expression, "UTC"),
    everyHour: expression.split(" ")[1] === "*"
  }))
  const fires = (cron: EffectCron.Cron, time: number) =>
    (cron.minutes.size === 0 || cron.minutes.has(new Date(time).getUTCMinutes())) && EffectCron.match(cron, time)
  const found: Array<number> = []
  for (let time = from; time < to; time += minute) {
    const now = local(time)
    const before = local(time - minute)
    const skipped = (now - before) / minute - 1
    const isTick = crons.some(({ cron, everyHour }) => {
      if (fires(cron, now)) {
        if (everyHour) return true
        // is there this time again within three hours?
        let again = false
        for (let later = time + quarter; later <= time + 3 * hour; later += quarter) {
          if (local(later) === now) again = true
        }
        if (!again) return true
      }
      if (everyHour) return false
      for (let i = 1; i <= skipped; i++) if (fires(cron, before + i * minute)) return true
      return false
    })
    if (isTick) found.push(time)
  }
  return found
}

describe("Automation.evaluateSchedule", () => {
  const scheduledAt = at("2024-03-02T06:00Z")

  it.effect("requests its target, under the time of the tick", () =>
    Effect.gen(function*() {
      const schedule = Automation.schedule("s", { cron: "0 6 * * *", target: nightly })
      assert.deepStrictEqual(yield* Automation.evaluateSchedule(schedule, { scheduledAt, definitions }), {
        status: "Requested",
        requests: [{ job: "nightly", priority: 5, runKey: "2024-03-02T06:00:00.000Z" }]
      })
      const selected = Automation.schedule("s", {
        cron: "0 6 * * *",
        target: { select: Selection.key("orders"), tags: { a: "1" }, onlyStale: true, priority: 2, checks: "none" }
      })
      assert.deepStrictEqual((yield* Automation.evaluateSchedule(selected, { scheduledAt, definitions })).requests, [{
        select: "key:orders",
        tags: { a: "1" },
        onlyStale: true,
        priority: 2,
        checks: "none",
        runKey: "2024-03-02T06:00:00.000Z"
      }])
    }))

  it.effect("tells a program the time in its zone, the tick before, and the partition", () =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      const schedule = Automation.schedule("s", {
        cron: "0 7 * * *",
        timeZone: "Europe/Berlin",
        target: { select: ["sales"] },
        evaluate: ({ lastTick, name, partition, partitions, scheduledAt }) =>
          Effect.sync(() => {
            told.push(
              name,
              DateTime.formatIsoOffset(scheduledAt),
              lastTick && DateTime.toEpochMillis(lastTick),
              partition
            )
            told.push(partitions)
            return Automation.request()
          })
      })
      yield* Automation.evaluateSchedule(schedule, { scheduledAt, lastTick: scheduledAt - day, definitions })
      assert.deepStrictEqual(told, ["s", "2024-03-02T07:00:00.000+01:00", scheduledAt - day, "2024-03-01", [
        "2024-03-01"
      ]])
    }))

  it.effect("takes several requests, their run keys, and a reason for none", () =>
    Effect.gen(function*() {
      const several = Automation.schedule("s", {
        cron: "0 6 * * *",
        target: { select: ["orders"] },
        *evaluate() {
          return Automation.requests([{}, { runKey: "mine" }, { job: nightly, select: ["rates"] }, { job: "nightly" }])
        }
      })
      assert.deepStrictEqual((yield* Automation.evaluateSchedule(several, { scheduledAt, definitions })).requests, [
        { keys: ["orders"], runKey: "2024-03-02T06:00:00.000Z" },
        { keys: ["orders"], runKey: "mine" },
        { job: "nightly", keys: ["rates"], priority: 5, runKey: "2024-03-02T06:00:00.000Z#2" },
        { job: "nightly", priority: 5, runKey: "2024-03-02T06:00:00.000Z#3" }
      ])
      const none = Automation.schedule("s", {
        cron: "0 6 * * *",
        evaluate: () => Effect.succeed(Automation.skip("holiday"))
      })
      assert.deepStrictEqual(yield* Automation.evaluateSchedule(none, { scheduledAt }), {
        status: "Skipped",
        reason: "holiday",
        requests: []
      })
    }))

  const ended = (partitions: Partitions.Any, time: string, options?: { readonly partitionOffset?: number }) => {
    const schedule = Automation.schedule("s", { cron: "* * * * *", target: { select: ["part"] }, ...options })
    return Effect.map(
      Automation.evaluateSchedule(schedule, {
        scheduledAt: at(time),
        definitions: partitioned(partitions),
        dynamicKeys: new Map([["customers", ["ada", "bob"]]])
      }),
      requested
    )
  }

  const berlin = Partitions.daily({ start: "2024-01-01", timeZone: "Europe/Berlin" })
  const weekdays = Partitions.daily({ start: "2024-01-01", exclusions: ["0 0 * * 0,6"] })
  const product = Partitions.product({ day: daily, region: Partitions.fixed(["eu", "us"]) })
  const cases: ReadonlyArray<
    readonly [what: string, set: Partitions.Any, time: string, expected: unknown, options?: { partitionOffset: number }]
  > = [
    ["the day that has just ended", daily, "2024-03-01T06:00Z", ["2024-02-29"]],
    ["at the very end of it", daily, "2024-03-01T00:00Z", ["2024-02-29"]],
    ["a millisecond before that", daily, "2024-02-29T23:59:59.999Z", ["2024-02-28"]],
    ["in the zone of the set, not of the schedule", berlin, "2024-02-29T23:00Z", ["2024-02-29"]],
    ["on the day clocks go forward", berlin, "2024-03-31T22:00Z", ["2024-03-31"]],
    [
      "the hour that is repeated",
      Partitions.hourly({ start: "2024-10-26", timeZone: "Europe/Berlin" }),
      "2024-10-27T01:00Z",
      [
        "2024-10-27-02:00"
      ]
    ],
    ["one before it", daily, "2024-03-01T06:00Z", ["2024-02-28"], { partitionOffset: 1 }],
    ["the month", Partitions.monthly({ start: "2024-01-01" }), "2024-03-01T06:00Z", ["2024-02-01"]],
    ["none before the first has ended", daily, "2024-01-01T06:00Z", "no partition has ended yet"],
    [
      "none of before the set",
      daily,
      "2024-01-02T06:00Z",
      `there is no partition "2023-12-31": the last one is "2024-01-01"`,
      {
        partitionOffset: 1
      }
    ],
    [
      "none when the set has ended",
      Partitions.daily({ start: "2024-01-01", end: "2024-02-01" }),
      "2024-02-02T06:00Z",
      `there is no partition "2024-02-01": the last one is "2024-01-31"`
    ],
    ["the last of a set that ends", Partitions.daily({ start: "2024-01-01", end: "2024-02-01" }), "2024-02-01T06:00Z", [
      "2024-01-31"
    ]],
    ["TW36: none where it is excluded", weekdays, "2024-03-03T06:00Z", `the partition "2024-03-02" is excluded`],
    ["TW36: Friday on Saturday", weekdays, "2024-03-02T06:00Z", ["2024-03-01"]],
    [
      "the day that lasts, where that exists",
      Partitions.daily({ start: "2024-01-01", endOffset: 1 }),
      "2024-03-01T06:00Z",
      [
        "2024-03-01"
      ]
    ],
    ["all regions of the day", product, "2024-03-01T06:00Z", [["2024-02-29|eu", "2024-02-29|us"]]],
    ["all fixed ones", Partitions.fixed(["a", "b"]), "2024-03-01T06:00Z", ["all"]],
    ["all dynamic ones", Partitions.dynamic("customers"), "2024-03-01T06:00Z", ["all"]],
    [
      "none where there are no dynamic ones",
      Partitions.dynamic("others"),
      "2024-03-01T06:00Z",
      "there are no partitions yet"
    ]
  ]
  for (const [what, set, time, expected, options] of cases) {
    it.effect(`SCH: requests ${what}`, () =>
      Effect.map(ended(set, time, options), (found) => assert.deepStrictEqual(found, expected)))
  }

  it.effect("SCH: requests each weekday once, over weeks of daily ticks", () =>
    Effect.gen(function*() {
      for (const partitionOffset of [0, 1]) {
        const found: Array<unknown> = []
        for (let time = at("2024-01-02T06:00Z"); time < at("2024-02-20T00:00Z"); time += day) {
          found.push(yield* ended(weekdays, new Date(time).toISOString(), { partitionOffset }))
        }
        const keys = found.flatMap((each) => Array.isArray(each) ? each : [])
        assert.strictEqual(new Set(keys).size, keys.length)
        assert.strictEqual(keys.length, 35 - partitionOffset)
      }
    }))

  it.effect("a program that says nothing of partitions gets those of the tick, if there are any", () =>
    Effect.gen(function*() {
      const schedule = Automation.schedule("s", {
        cron: "* * * * *",
        target: { select: ["part"] },
        *evaluate() {
          return Automation.requests([{ tags: { n: "1" } }, { partition: "2024-01-05" }])
        }
      })
      const evaluated = (time: string) =>
        Automation.evaluateSchedule(schedule, { scheduledAt: at(time), definitions: partitioned(daily) })
      assert.deepStrictEqual(requested(yield* evaluated("2024-03-01T00:00Z")), ["2024-02-29", "2024-01-05"])
      const early = yield* evaluated("2024-01-01T00:00Z")
      assert.include(requested(early), `"part" has no partition "2024-01-05"`)
    }))

  it.effect("PEX02: fails where assets have different partitions, unless it is said which", () =>
    Effect.gen(function*() {
      const target = { select: ["sales", "hours"] } as const
      const schedule = Automation.schedule("s", { cron: "* * * * *", target })
      const failed = yield* Automation.evaluateSchedule(schedule, { scheduledAt, definitions })
      assert.strictEqual(failed.status, "Failed")
      assert.include(failed.error?.message, `its assets have different partitions ("sales" and "hours" have)`)
    }))
})

describe("what automations request", () => {
  const evaluated = (options: Automation.RequestOptions, state?: Partial<Automation.Requests>) =>
    Automation.evaluateSensor(
      Automation.sensor("s", { target: nightly, evaluate: () => Effect.succeed(Automation.request(options, state)) }),
      { now: at("2024-03-02T06:00Z"), definitions, dynamicKeys: new Map([["customers", ["ada"]]]) }
    )

  const problems: ReadonlyArray<readonly [what: string, options: Automation.RequestOptions, message: string]> = [
    ["an unknown job", { job: "nightli" }, `There is no job "nightli". Did you mean "nightly"?`],
    [
      "SEN08: an unknown asset",
      { job: nightly, select: ["ordres"] },
      `no asset "ordres" in the graph. Did you mean "orders"?`
    ],
    ["an expression that cannot be read", { select: "group:(" }, "Cannot read the selection"],
    ["an asset that is no part of the job", { select: ["revenue"] }, `"revenue" is no part of the job "nightly"`],
    [
      "SEN03: an invalid configuration",
      { job: "all", config: { limited: { limit: "x" } } },
      `configuration of "limited"`
    ],
    ["SEN03: a configuration that is missing", { job: "all" }, `configuration of "limited"`],
    ["a configuration of an asset that takes none", { config: { orders: 1 } }, "it takes no configuration"],
    [
      "a partition that is not there",
      { job: "parts", partition: "2025-01-01" },
      `"sales" has no partition "2025-01-01"`
    ],
    ["no partition at all", { job: "parts" }, `"sales" has partitions: say which`],
    ["a partition in two ways", { job: "parts", partition: "2024-01-01", partitions: "all" }, "give one of the two"],
    ["a key of dynamic partitions that is not there", { job: "dynamic", partition: "bob" }, `no partition "bob"`],
    ["an unknown asset to observe", { observe: ["fed"] }, `no asset "fed" in the graph. Did you mean "feed"?`],
    ["what is no JSON", { tags: { a: 1 as unknown as string } }, "Expected string"]
  ]
  const jobs = [
    nightly,
    Job.make("all", { select: ["limited"] }),
    Job.make("parts", { select: ["sales", "orders"] }),
    Job.make("dynamic", { select: ["customers"] })
  ]
  const withJobs = (options: Automation.RequestOptions, state?: Partial<Automation.Requests>) =>
    Automation.evaluateSensor(
      Automation.sensor("s", { target: nightly, evaluate: () => Effect.succeed(Automation.request(options, state)) }),
      { now: at("2024-03-02T06:00Z"), definitions: { graph, jobs }, dynamicKeys: new Map([["customers", ["ada"]]]) }
    )
  for (const [what, options, message] of problems) {
    it.effect(`SEN03: ${what} makes the tick fail, and no run key is used up`, () =>
      Effect.gen(function*() {
        const evaluation = yield* withJobs({ ...options, runKey: "k" }, { cursor: "new" })
        assert.strictEqual(evaluation.status, "Failed")
        assert.deepStrictEqual([evaluation.requests, evaluation.cursor], [[], undefined])
        assert.include(evaluation.error?.message, message)
        assert.strictEqual(evaluation.error?.tag, "AutomationError")
      }))
  }

  it.effect("SEN08: a part of a job, checks only, and what is to be observed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* evaluated({ select: ["orders"] })).requests, [
        { job: "nightly", keys: ["orders"], priority: 5 }
      ])
      assert.deepStrictEqual((yield* evaluated({ checks: "only", priority: 0 })).requests, [
        { job: "nightly", checks: "only", priority: 0 }
      ])
      const observing = Automation.sensor("s", {
        evaluate: () => Effect.succeed(Automation.request({ observe: ["feed"] }))
      })
      assert.deepStrictEqual(
        (yield* Automation.evaluateSensor(observing, { now: 0, definitions })).requests,
        [{ observe: ["feed"] }]
      )
    }))

  it.effect("keys of dynamic partitions that are added may be requested at once", () =>
    Effect.gen(function*() {
      const options = { job: "dynamic", partition: "bob" }
      const added = yield* withJobs(options, { addPartitions: { customers: ["bob"] } })
      assert.deepStrictEqual([added.status, added.addPartitions], ["Requested", { customers: ["bob"] }])
      const gone = yield* withJobs({ job: "dynamic", partition: "ada" }, { deletePartitions: { customers: ["ada"] } })
      assert.strictEqual(gone.status, "Failed")
    }))

  it.effect("what the target says is added to, not lost", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", {
        target: { select: ["limited"], tags: { a: "1", b: "1" }, config: { limited: { limit: 1 } } },
        evaluate: ({ cursor }) =>
          Effect.succeed(
            cursor === undefined
              ? Automation.request({ tags: { b: "2" } })
              : Automation.request({ select: ["orders"], config: {} })
          )
      })
      assert.deepStrictEqual(
        (yield* Automation.evaluateSensor(sensor, { now: 0, cursor: "c", definitions })).requests,
        [
          { keys: ["orders"], tags: { a: "1", b: "1" }, config: { limited: { limit: 1 } } }
        ]
      )
      assert.deepStrictEqual((yield* Automation.evaluateSensor(sensor, { now: 0, definitions })).requests, [
        { keys: ["limited"], tags: { a: "1", b: "2" }, config: { limited: { limit: 1 } } }
      ])
    }))
})

describe("Automation.evaluateSensor", () => {
  it.effect("SEN01: a skip has its reason, and a request its run", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", {
        target: nightly,
        *evaluate({ cursor }) {
          return cursor === undefined ? Automation.skip("nothing yet") : Automation.request({ runKey: cursor })
        }
      })
      assert.deepStrictEqual(yield* Automation.evaluateSensor(sensor, { now: 0 }), {
        status: "Skipped",
        reason: "nothing yet",
        requests: []
      })
      assert.deepStrictEqual(yield* Automation.evaluateSensor(sensor, { now: 0, cursor: "f" }), {
        status: "Requested",
        requests: [{ job: "nightly", priority: 5, runKey: "f" }]
      })
    }))

  it.effect("SEN06, SEN07: is told the cursor and the times, and sets the cursor, also when it skips", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", {
        every: "1 minute",
        target: nightly,
        *evaluate({ cursor, lastTickAt, name, now }) {
          assert.deepStrictEqual([name, lastTickAt, now], ["s", 5, 7])
          const next = String(Number(cursor ?? 0) + 1)
          return next === "1"
            ? Automation.skip("once more", { cursor: next })
            : Automation.request({}, { cursor: next })
        }
      })
      assert.strictEqual(sensor.everyMillis, minute)
      const tick = (cursor?: string) => Automation.evaluateSensor(sensor, { now: 7, lastTickAt: 5, cursor })
      assert.strictEqual((yield* tick()).cursor, "1")
      assert.strictEqual((yield* tick("1")).cursor, "2")
      const reset = Automation.sensor("s", { evaluate: () => Effect.succeed(Automation.skip("x", { cursor: null })) })
      assert.isNull((yield* Automation.evaluateSensor(reset, { now: 0, cursor: "1" })).cursor)
    }))

  it.effect("an error, a defect and what throws make the tick fail, and the cursor stays", () =>
    Effect.gen(function*() {
      class Broken extends Schema.TaggedError<Broken>()("Broken", { message: Schema.String }) {}
      const programs = [
        () => Effect.fail(new Broken({ message: "m" })),
        () => Effect.die(new Error("m")),
        () => {
          throw new Error("m")
        },
        function*() {
          return yield* new Broken({ message: "m" })
        }
      ] as unknown as ReadonlyArray<() => Effect.Effect<never, Broken>>
      const tags: Array<unknown> = []
      for (const evaluate of programs) {
        const evaluation = yield* Automation.evaluateSensor(Automation.sensor("s", { evaluate }), {
          now: 0,
          cursor: "c"
        })
        assert.deepStrictEqual([evaluation.status, evaluation.error?.message], ["Failed", "m"])
        assert.notProperty(evaluation, "cursor")
        tags.push(evaluation.error?.tag)
      }
      assert.deepStrictEqual(tags, ["Broken", "Defect", "Defect", "Broken"])
    }))

  it.effect("a program that returns nothing requests nothing", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", { target: nightly, evaluate: () => Effect.void })
      assert.deepStrictEqual(yield* Automation.evaluateSensor(sensor, { now: 0 }), { status: "Skipped", requests: [] })
    }))

  it.effect("one that takes too long is interrupted, and its tick fails", () =>
    Effect.gen(function*() {
      let interrupted = false
      const sensor = Automation.sensor("s", {
        timeout: "5 seconds",
        evaluate: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      })
      const fiber = yield* Effect.forkChild(Automation.evaluateSensor(sensor, { now: 0 }), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      const { error, status } = yield* Fiber.join(fiber)
      assert.strictEqual(status, "Failed")
      assert.match(error!.message, /^The evaluation of ".*" took longer than its timeout of 5 s\.$/)
      assert.isTrue(interrupted)
    }))

  it.effect("one without a timeout is waited for, and there is one warning", () => {
    const logged: Array<unknown> = []
    return Effect.gen(function*() {
      const sensor = Automation.sensor("slow", {
        target: nightly,
        evaluate: () => Effect.as(Effect.sleep("10 minutes"), Automation.request())
      })
      const fiber = yield* Effect.forkChild(Automation.evaluateSensor(sensor, { now: 0 }), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(logged, 0)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "Requested")
      assert.deepStrictEqual(logged, [["The evaluation of the automation slow takes longer than 1 minute"]])
    }).pipe(Effect.provide(Logger.layer([Logger.make(({ message }) => void logged.push(message))])))
  })

  it.effect("interruption is no failure", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", { evaluate: () => Effect.never })
      const fiber = yield* Effect.forkChild(Automation.evaluateSensor(sensor, { now: 0 }), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Fiber.await(fiber))._tag, "Failure")
    }))

  it("refuses durations that are none", () => {
    const evaluate = () => Effect.void
    for (const every of [0, -1, Infinity]) {
      assert.include(thrown(() => Automation.sensor("s", { every, evaluate })).message, "every must be a duration")
    }
    assert.include(thrown(() => Automation.sensor("s", { timeout: 0, evaluate })).message, "timeout must be")
  })
})

describe("Automation.evaluateAssetSensor", () => {
  const now = at("2024-02-01T00:00Z")
  let place = 0
  const materialized = (key: string, partition?: string): EventLog.Logged<EventLog.AssetMaterialized> => ({
    _tag: "AssetMaterialized",
    runId: "r",
    timestamp: 1,
    key,
    ...(partition !== undefined && { partition }),
    dataVersion: `v${place}`,
    inputVersions: {},
    codeVersion: undefined,
    metadata: { n: place },
    durationMillis: 0,
    attempts: 1,
    steps: [],
    stored: true,
    cursor: ++place
  })
  const event: (key: string, partition?: string) => EventLog.LoggedEvent = materialized
  const play = Effect.fnUntraced(function*(
    sensor: Automation.AssetSensor<string, never, string>,
    ticks: ReadonlyArray<ReadonlyArray<EventLog.LoggedEvent>>
  ) {
    let cursor: string | undefined
    const found: Array<unknown> = []
    for (const events of ticks) {
      const evaluation = yield* Automation.evaluateAssetSensor(sensor, { now, cursor, events, definitions })
      if (evaluation.cursor !== undefined && evaluation.cursor !== null) cursor = evaluation.cursor
      found.push(requested(evaluation))
    }
    return found
  })

  test("is given what was materialized or observed, and never what was skipped", function*() {
    const skipped = Asset.make("skipped", Effect.succeedNone)
    const external = Asset.external("feed", { observe: Effect.succeed("1") })
    const made = Graph.make({ orders, skipped, external })
    yield* Runtime.run(made)
    const sensor = Automation.assetSensor("s", {
      assets: ["orders", "skipped", "feed"],
      target: { select: ["orders"] }
    })
    const filter = Automation.eventFilter(sensor, undefined)
    const events = yield* eventsOf(filter)
    assert.deepStrictEqual(events.map((event) => "key" in event && event.key), ["orders"])
    const evaluation = yield* Automation.evaluateAssetSensor(sensor, {
      now,
      events,
      definitions: { graph: made, jobs: [] }
    })
    assert.deepStrictEqual(evaluation.requests, [{ keys: ["orders"] }])
    // from its cursor on, nothing is new
    assert.deepStrictEqual(yield* eventsOf(Automation.eventFilter(sensor, evaluation.cursor ?? undefined)), [])
    assert.deepStrictEqual(
      yield* Automation.evaluateAssetSensor(sensor, { now, events, cursor: evaluation.cursor ?? undefined }),
      { status: "Skipped", reason: "nothing was materialized", requests: [], cursor: evaluation.cursor! }
    )
  })

  it.effect("one tick for what has happened to any of them", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", { assets: [orders, "rates"], target: { select: ["revenue"] } })
      assert.deepStrictEqual(sensor.assets, ["orders", "rates"])
      assert.deepStrictEqual(
        yield* play(sensor, [[event("orders"), event("rates")], [], [event("rates")], [event("revenue")]]),
        [[undefined], "nothing was materialized", [undefined], "nothing was materialized"]
      )
    }))

  it.effect("all of them: what comes first is remembered, over restarts", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", {
        assets: ["orders", "rates"],
        match: "all",
        target: { select: ["revenue"] }
      })
      assert.deepStrictEqual(
        yield* play(sensor, [
          [event("orders")],
          [event("orders")],
          [event("rates")],
          [event("rates")],
          [],
          [event("orders")]
        ]),
        [
          "it waits for rates",
          "it waits for rates",
          [undefined],
          "it waits for orders",
          "it waits for orders",
          [undefined]
        ]
      )
    }))

  it.effect("the same partitions of the target", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", { asset: "sales", target: { select: ["costs"] } })
      assert.deepStrictEqual(
        yield* play(sensor, [
          [event("sales", "2024-01-02")],
          [event("sales", "2024-01-03"), event("sales", "2024-01-02"), event("sales", "2024-01-03")],
          [event("sales", "1999-01-01")],
          [{
            ...event("sales"),
            partitions: { _tag: "Keys", keys: ["2024-01-05", "2024-01-06"] }
          } as EventLog.LoggedEvent]
        ]),
        [
          ["2024-01-02"],
          [["2024-01-03", "2024-01-02"]],
          `the target has no partition "1999-01-01"`,
          [["2024-01-05", "2024-01-06"]]
        ]
      )
    }))

  it.effect("SEN13: partitions that some have got wait for the others, in any order", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", {
        assets: ["sales", "costs"],
        match: "all",
        target: { select: ["sales"] }
      })
      assert.deepStrictEqual(
        yield* play(sensor, [
          [event("sales", "2024-01-02"), event("sales", "2024-01-03"), event("sales", "2024-01-04")],
          [event("costs", "2024-01-03")],
          [event("costs", "2024-01-03")],
          [event("costs", "2024-01-02"), event("sales", "2024-01-03")],
          [event("costs", "2024-01-04")]
        ]),
        [
          "it waits for costs",
          ["2024-01-03"],
          "it waits for a partition that all of its assets have got",
          [["2024-01-02", "2024-01-03"]],
          ["2024-01-04"]
        ]
      )
    }))

  it.effect("ranges are told by partition, with what differs", () =>
    Effect.gen(function*() {
      const told: Array<Automation.AssetEvent> = []
      const sensor = Automation.assetSensor("s", {
        asset: sales,
        request: (events) => Effect.sync(() => void told.push(...events))
      })
      const range: EventLog.LoggedEvent = {
        ...materialized("sales"),
        partitions: {
          _tag: "Windows",
          intervals: [[at("2024-01-01T00:00Z"), at("2024-01-03T00:00Z")]],
          first: "2024-01-01",
          last: "2024-01-02",
          count: 2
        },
        dataVersion: "d",
        byPartition: { "2024-01-02": { dataVersion: "e", inputVersions: {} } }
      }
      const evaluation = yield* Automation.evaluateAssetSensor(sensor, { now, events: [range], definitions })
      assert.deepStrictEqual(told.map(({ dataVersion, partition }) => [partition, dataVersion]), [
        ["2024-01-01", "d"],
        ["2024-01-02", "e"]
      ])
      assert.deepStrictEqual([evaluation.status, evaluation.cursor], ["Skipped", String(range.cursor)])
    }))

  it.effect("a program that fails sees the same events again", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", { asset: "orders", request: () => Effect.fail("no") })
      const evaluation = yield* Automation.evaluateAssetSensor(sensor, { now, events: [event("orders")] })
      assert.strictEqual(evaluation.status, "Failed")
      assert.notProperty(evaluation, "cursor")
    }))

  it.effect("a cursor that is none is refused, and says the way out", () =>
    Effect.gen(function*() {
      const sensor = Automation.assetSensor("s", { asset: "orders", target: nightly })
      for (const cursor of ["abc", "{}", "-1", `{"after":"x"}`]) {
        const { error, status } = yield* Automation.evaluateAssetSensor(sensor, { now, cursor, events: [] })
        assert.strictEqual(status, "Failed")
        assert.include(error?.message, "is no place in the event log: reset it")
      }
      assert.strictEqual(Automation.eventFilter(sensor, Automation.cursorAt(7)).after, 7)
    }))

  it("needs an asset to look at, and something to do", () => {
    assert.include(thrown(() => Automation.assetSensor("s", { target: nightly })).message, "looks at no asset")
    assert.include(thrown(() => Automation.assetSensor("s", { asset: "a" })).message, "requests nothing")
  })
})

describe("Automation.evaluateRunSensor", () => {
  const run: EventLog.RunRecord = {
    id: "r1",
    status: "Failed",
    cancelRequested: false,
    startedAt: 0,
    finishedAt: 1,
    durationMillis: 1,
    keys: ["orders"],
    partitions: undefined,
    tags: { job: "nightly" },
    retryOf: undefined,
    backfillId: undefined,
    config: undefined,
    configHidden: undefined,
    cursor: 1
  }
  const finished = (status: EventLog.RunStatus): EventLog.LoggedEvent => ({
    _tag: "RunFinished",
    runId: "r1",
    timestamp: 1,
    status,
    durationMillis: 1,
    cursor: 9
  })
  const started: EventLog.LoggedEvent = { _tag: "RunStarted", runId: "r1", timestamp: 0, keys: [], tags: {}, cursor: 8 }
  const matches = (
    options: Omit<Automation.RunSensorOptions<string, never, never>, "target">,
    event: EventLog.LoggedEvent,
    changes?: Partial<EventLog.RunRecord>
  ) =>
    Automation.matchesRun(Automation.runSensor("s", { ...options, target: nightly }), {
      event,
      run: { ...run, ...changes },
      definitions
    })

  it("SEN10: looks at what begins and what ends as it was asked to", () => {
    assert.isTrue(matches({ status: "Failed" }, finished("Failed")))
    assert.isFalse(matches({ status: "Succeeded" }, finished("Failed")))
    assert.isTrue(matches({ status: ["Succeeded", "Failed"] }, finished("Failed")))
    assert.isTrue(matches({ status: "Started" }, started))
    assert.isFalse(matches({ status: "Failed" }, started))
    const filter = (status: Automation.RunSensorStatus | ReadonlyArray<Automation.RunSensorStatus>) =>
      Automation.eventFilter(Automation.runSensor("s", { status, target: nightly }), "3")
    assert.deepStrictEqual(filter("Started"), { after: 3, tags: ["RunStarted"] })
    assert.deepStrictEqual(filter(["Started", "Failed"]).tags, ["RunStarted", "RunFinished"])
  })

  it("SEN12: looks only at the runs of its jobs, or of its assets, and never at its own", () => {
    assert.isTrue(matches({ status: "Failed", job: nightly }, finished("Failed")))
    assert.isFalse(matches({ status: "Failed", job: "other" }, finished("Failed")))
    assert.isFalse(matches({ status: "Failed", job: ["nightly"] }, finished("Failed"), { tags: {} }))
    assert.isTrue(matches({ status: "Failed", select: "orders or rates" }, finished("Failed")))
    assert.isFalse(matches({ status: "Failed", select: ["rates"] }, finished("Failed")))
    assert.isFalse(matches({ status: "Failed" }, finished("Failed"), { tags: { automation: "s" } }))
    assert.isTrue(matches({ status: "Failed" }, finished("Failed"), { tags: { automation: "t" } }))
  })

  it.effect("SEN11: a program that fails is not run for the same run again", () =>
    Effect.gen(function*() {
      const sensor = Automation.runSensor("s", { status: "Failed", run: () => Effect.fail("How meta") })
      const evaluation = yield* Automation.evaluateRunSensor(sensor, { now: 0, event: finished("Failed"), run })
      assert.deepStrictEqual([evaluation.status, evaluation.error?.message, evaluation.cursor], [
        "Failed",
        "How meta",
        "9"
      ])
      assert.deepStrictEqual(Automation.eventFilter(sensor, evaluation.cursor ?? undefined).after, 9)
      const other = yield* Automation.evaluateRunSensor(sensor, { now: 0, event: finished("Succeeded"), run })
      assert.deepStrictEqual([other.status, other.cursor], ["Skipped", "9"])
    }))

  it.effect("SEN10: its program is told the run, and may request others", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const sensor = Automation.runSensor("s", {
        status: "Failed",
        run: (run) => Effect.sync(() => void told.push(run.id))
      })
      const done = yield* Automation.evaluateRunSensor(sensor, { now: 0, event: finished("Failed"), run })
      assert.deepStrictEqual([told, done.status, done.reason], [["r1"], "Skipped", "the run r1"])
      const repeating = Automation.runSensor("s", { status: "Failed", target: nightly })
      const { requests } = yield* Automation.evaluateRunSensor(repeating, { now: 0, event: finished("Failed"), run })
      assert.deepStrictEqual(requests, [{ job: "nightly", priority: 5, runKey: "r1 Failed" }])
    }))

  it("needs something to do", () => {
    assert.include(thrown(() => Automation.runSensor("s", { status: [] })).message, "It waits for no status")
    assert.include(thrown(() => Automation.runSensor("s", { status: "Failed" })).message, "It does nothing")
  })
})

describe("Automation.evaluateStream", () => {
  const sensorOf = <E>(stream: (cursor: string | undefined) => Stream.Stream<Automation.Requests, E>) =>
    Automation.streamSensor("pushed", { target: { select: ["orders"] }, stream })
  const evaluations = (
    sensor: Automation.StreamSensor<string>,
    options?: Parameters<typeof Automation.evaluateStream>[1]
  ): Effect.Effect<ReadonlyArray<Automation.Evaluation>> =>
    Stream.runCollect(Automation.evaluateStream(sensor, options))

  it.effect("goes on from its cursor, and gives an evaluation for each element", () =>
    Effect.gen(function*() {
      const sensor = sensorOf((cursor) =>
        Stream.range(Number(cursor ?? 0) + 1, 3).pipe(
          Stream.map((n) =>
            n === 2 ? Automation.skip("even", { cursor: "2" }) : Automation.request({}, { cursor: String(n) })
          )
        )
      )
      const all = yield* evaluations(sensor, { definitions })
      assert.deepStrictEqual(all.map(({ cursor, reason, status }) => [status, cursor, reason]), [
        ["Requested", "1", undefined],
        ["Skipped", "2", "even"],
        ["Requested", "3", undefined]
      ])
      assert.deepStrictEqual(all[0]!.requests, [{ keys: ["orders"] }])
      assert.lengthOf(yield* evaluations(sensor, { cursor: "2" }), 1)
    }))

  it.effect("a stream that fails or throws ends with a failed evaluation; a bad request does not end it", () =>
    Effect.gen(function*() {
      const failing = sensorOf(() =>
        Stream.concat(Stream.succeed(Automation.request()), Stream.fail("the queue is gone"))
      )
      assert.deepStrictEqual((yield* evaluations(failing)).map(({ error, status }) => [status, error?.message]), [
        ["Requested", undefined],
        ["Failed", "the queue is gone"]
      ])
      const throwing = sensorOf(() => {
        throw new Error("a bug")
      })
      assert.deepStrictEqual((yield* evaluations(throwing)).map(({ error }) => error?.message), ["a bug"])
      const bad = sensorOf(() => Stream.make(Automation.request({ job: "x" }), Automation.request()))
      assert.deepStrictEqual((yield* evaluations(bad, { definitions })).map(({ status }) => status), [
        "Failed",
        "Requested"
      ])
    }))
})

it("requests are plain JSON", () => {
  const { requests } = Automation.requests([{
    job: nightly,
    partitions: { from: "a", to: "b" },
    select: Selection.all
  }])
  const plain: ReadonlyArray<AutomationStore.Request> = JSON.parse(JSON.stringify(requests))
  assert.deepStrictEqual(plain, requests)
})
