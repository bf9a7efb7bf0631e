/** How a project tests its assets: as functions, and as a graph with layers of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Result } from "effect"
import { Catalog, EventLog, Graph, IOManager, Partitions, PartitionSubset, Runtime, Selection } from "effect-assets"
import { TestClock } from "effect/testing"
import { graph } from "./graph.ts"
import { announcement, heat_warning, report } from "./report.ts"
import { Datasets, Inbox, Outbox, OutboxError } from "./resources.ts"
import { getaways } from "./travel.ts"
import { daily_weather, type Day, days, extremes, heat_wave, monthly_rain, months } from "./weather.ts"

const day = (date: string, high: number, rain = 0): Day => ({ date, rain, high, low: 10, sunny: rain === 0 })

/** Days by key, as a program gets them. */
const byKey = (...days: ReadonlyArray<Day>) => new Map(days.map((day) => [day.date, day]))

const window = (set: Partitions.TimeWindows, key: string) => ({
  partition: Option.getOrThrow(Partitions.window(set, key)),
  partitionKey: key
})

describe("an asset is a function", () => {
  it.effect("gives a value for inputs and a partition of one's own", () =>
    Effect.gen(function*() {
      const row = { date: "2012-02-28", precipitation: 0.3, temp_max: 5, temp_min: 1, weather: "sun" } as const
      const computed = Option.getOrThrow(
        yield* daily_weather.compute({ observations: [row] }, window(days, "2012-02-28"))
      )
      assert.deepInclude(computed, {
        value: { date: "2012-02-28", rain: 0.3, high: 5, low: 1, sunny: true },
        dataVersion: "0.3 5 1 true"
      })
      assert.isTrue(
        Option.isNone(yield* daily_weather.compute({ observations: [row] }, window(days, "2012-02-29")))
      )
    }))

  it.effect("fails with a typed error", () =>
    Effect.gen(function*() {
      const inputs = { days: byKey(day("2012-02-28", 5), day("2012-02-29", 5)) }
      const error = yield* Effect.flip(monthly_rain.compute(inputs, window(months, "2012-02")))
      assert.strictEqual(error._tag, "MissingDays")
      assert.strictEqual(error.message, "2012-02 has 2 days of 29: materialize daily_weather first.")
    }))

  it.effect("takes configuration, and may give nothing", () =>
    Effect.gen(function*() {
      const inputs = { days: byKey(day("2012-07-01", 30), day("2012-07-02", 36), day("2012-07-03", 20)) }
      assert.deepStrictEqual(
        yield* heat_wave.compute(inputs, { config: { threshold: 30, minDays: 2 } }),
        Option.some({ from: "2012-07-01", to: "2012-07-02", days: 2, high: 36 })
      )
      assert.deepStrictEqual(
        yield* heat_wave.compute(inputs, { config: { threshold: 30, minDays: 3 } }),
        Option.none()
      )
    }))

  it.effect("gives one value for each output of a multi-asset", () =>
    Effect.gen(function*() {
      const dry = { month: "2012-07", rain: 1, rainyDays: 1 }
      const wet = { month: "2012-11", rain: 200, rainyDays: 25 }
      assert.deepStrictEqual(
        yield* extremes.compute({ months: new Map([[wet.month, wet], [dry.month, dry]]) }),
        { wettest_month: Option.some(wet), driest_month: Option.some(dry) }
      )
    }))

  it.effect("leaves out what is north or not reached", () =>
    Effect.gen(function*() {
      const { value } = yield* getaways.compute({
        airports: [
          { iata: "PHX", city: "Phoenix", latitude: 33.4 },
          { iata: "ANC", city: "Anchorage", latitude: 61.2 },
          { iata: "MIA", city: "Miami", latitude: 25.8 }
        ],
        flights: [
          { origin: "SEA", destination: "PHX", count: 7 },
          { origin: "SEA", destination: "ANC", count: 9 },
          { origin: "ANC", destination: "MIA", count: 8 }
        ]
      })
      assert.deepStrictEqual(value, [{ airport: "PHX", city: "Phoenix", flights: 7 }])
    }))

  it.effect("tries a step again, on the clock of the test", () =>
    Effect.gen(function*() {
      const sent: Array<string> = []
      const flaky = Layer.succeed(Outbox, {
        send: (message) =>
          Effect.suspend(() => {
            sent.push(message)
            return sent.length < 2 ? Effect.fail(new OutboxError({ cause: "busy" })) : Effect.void
          })
      })
      const fiber = yield* Effect.forkChild(announcement.compute().pipe(Effect.provide(flaky)))
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(sent.length, 1)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.strictEqual(sent.length, 2)
    }))
})

/** A row of the file: a mild day, unless something else is said. */
const row = (date: string, { high = 25, low = 12, rain = 1.5 }: { high?: number; low?: number; rain?: number } = {}) =>
  `${date},${rain},${high},${low},3.0,${rain === 0 ? "sun" : "rain"}`

/** July and August of 2012, and one way to leave. */
const summer = (changes: Parameters<typeof csv>[0] = {}) => ({
  "seattle-weather.csv": csv(changes),
  "airports.csv": `iata,name,city,state,country,latitude,longitude
PHX,"Sky Harbor, Phoenix",Phoenix,AZ,USA,33.4,-112.0
`,
  "flights-airport.csv": "origin,destination,count\nSEA,PHX,5\n"
})

const csv = (changes: { readonly [date: string]: Parameters<typeof row>[1] | undefined }) =>
  ["date,precipitation,temp_max,temp_min,wind,weather"].concat(
    ["2012-07", "2012-08"].flatMap((month) =>
      Array.from({ length: 31 }, (_, at) => `${month}-${String(at + 1).padStart(2, "0")}`)
    )
      // `undefined` for a day that is not in the file
      .flatMap((date) => date in changes && changes[date] === undefined ? [] : [row(date, changes[date])])
  ).join("\n")

const hot = { "2012-07-30": { high: 34 }, "2012-07-31": { high: 36 }, "2012-08-01": { high: 35.5 } }

/** Nothing of this touches a disk: other files, the same graph. */
const inMemory = (files: { readonly [file: string]: string }, messages: Array<string> = []) =>
  Layer.mergeAll(
    Layer.provide(Datasets.layerTest(files), Inbox.layerTest()),
    Outbox.layerTest(messages),
    IOManager.layerMemory,
    EventLog.layerMemory,
    // a day exists when it has ended, and the clock of a test begins in 1970
    Layer.effectDiscard(TestClock.setTime(Date.UTC(2020, 0)))
  )

/** Two months, and all that is computed from them. */
const both = { partitions: { from: "2012-07-01", to: "2012-08-31" }, partitionsPerRun: "all" } as const

/** The outcomes of an asset in several runs. */
const of = (runs: ReadonlyArray<Runtime.Run<Graph.Assets>>, key: string) =>
  runs.flatMap(Runtime.outcomes).flatMap((outcome) =>
    outcome.key === key && outcome._tag !== "NotSelected" ? [outcome] : []
  )

/** As `2012-07 Materialized`. */
const told = (...args: Parameters<typeof of>) => of(...args).map(({ _tag, partition }) => `${partition} ${_tag}`)

describe("a graph runs on any layers", () => {
  it.effect("without a heat wave", () => {
    const messages: Array<string> = []
    return Effect.gen(function*() {
      const runs = yield* Runtime.backfill(graph, both)
      assert.isTrue(runs.every(({ status }) => status === "Succeeded"))
      assert.deepInclude(of(runs, "heat_wave")[0], { _tag: "Skipped", reason: { _tag: "NoOutput" } })
      assert.deepInclude(of(runs, "heat_warning")[0], {
        _tag: "Skipped",
        reason: { _tag: "UpstreamSkipped", keys: ["heat_wave"] }
      })
      assert.deepStrictEqual(of(runs, "report").map(({ _tag }) => _tag), ["Materialized"])
      assert.notInclude(yield* Runtime.load(report), "hot")
      assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.load(heat_warning))))
      assert.deepStrictEqual(messages, [`The weather report is ready (run ${runs.at(-1)!.id}).`])
    }).pipe(Effect.provide(inMemory(summer(), messages)))
  })

  it.effect("with one, for a lower threshold", () =>
    Effect.gen(function*() {
      yield* Runtime.backfill(graph, { ...both, config: { heat_wave: { threshold: 34 } } })
      assert.deepStrictEqual(yield* Runtime.load(heat_wave), {
        from: "2012-07-30",
        to: "2012-08-01",
        days: 3,
        high: 36
      })
      assert.include(yield* Runtime.load(report), yield* Runtime.load(heat_warning))
    }).pipe(Effect.provide(inMemory(summer(hot)))))

  it.effect("in parts: what is not selected is loaded", () =>
    Effect.gen(function*() {
      yield* Runtime.backfill(graph, { ...both, select: "daily_weather" })
      const run = yield* Runtime.materialize(graph, { select: ["monthly_rain"], partition: "2012-08" })
      assert.strictEqual(run.outcomes.daily_weather._tag, "NotSelected")
      const august = { month: "2012-08", rain: 46.5, rainyDays: 31 }
      assert.deepStrictEqual(yield* Runtime.load(monthly_rain, { partition: "2012-08" }), august)
      yield* Runtime.materialize(graph, { select: "monthly_rain+1 and not monthly_rain" })
      assert.deepStrictEqual(yield* Runtime.load(extremes.assets.driest_month), august)
    }).pipe(Effect.provide(inMemory(summer()))))

  it.effect("and says which file does not fit", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Runtime.materialize(graph, { select: ["daily_weather"], partition: "2012-07-30" })
      )
      assert.strictEqual(error._tag, "IOManagerError")
      assert.include(error.message, "datasets/seattle-weather.csv")
      assert.include(error.message, "precipitation")
    }).pipe(Effect.provide(inMemory({
      "seattle-weather.csv": "date,precipitation,temp_max,temp_min,weather\n2012-07-30,much,34,20,sun\n"
    }))))

  it.effect("and which month lacks a day", () =>
    Effect.gen(function*() {
      const runs = yield* Runtime.backfill(graph, { ...both, select: "daily_weather or monthly_rain" })
      assert.include(told(runs, "daily_weather"), "2012-07-14 Skipped")
      assert.deepStrictEqual(told(runs, "monthly_rain"), ["2012-07 Failed", "2012-08 Materialized"])
    }).pipe(Effect.provide(inMemory(summer({ "2012-07-14": undefined })))))
})

describe("checks", () => {
  it.effect("keep a day that cannot have been from spreading", () => {
    const files = summer({ "2012-07-14": { high: 250 } })
    return Effect.gen(function*() {
      const runs = yield* Runtime.backfill(graph, { ...both, select: "daily_weather or monthly_rain" })
      assert.deepStrictEqual(told(runs, "monthly_rain"), ["2012-08 Materialized"])
      const found = runs.flatMap(({ checks }) => checks).filter(({ status }) => status !== "Passed")
      assert.deepStrictEqual(
        found.map(({ check, description, partition }) => [check, partition, description]),
        [["plausible", "2012-07-14", "1.5 mm of rain, 12 to 250 °C"]]
      )
      assert.isTrue(
        IOManager.isNotStored(yield* Effect.flip(Runtime.load(monthly_rain, { partition: "2012-07" })))
      )

      // the file is corrected, and what is missing can be computed
      files["seattle-weather.csv"] = csv({})
      yield* Runtime.materialize(graph, { select: ["daily_weather"], partition: "2012-07-14" })
      yield* Runtime.materialize(graph, { select: ["monthly_rain"], partition: "2012-07" })
      const status = (yield* Catalog.checks(daily_weather)).find(({ partition }) => partition === "2012-07-14")
      assert.strictEqual(status?.status, "Passed")
    }).pipe(Effect.provide(inMemory(files)))
  })

  it.effect("warn of a month without rain, and let the run succeed", () => {
    const dry = Object.fromEntries(
      Array.from({ length: 31 }, (_, at) => [`2012-08-${String(at + 1).padStart(2, "0")}`, { rain: 0 }])
    )
    return Effect.gen(function*() {
      const runs = yield* Runtime.backfill(graph, { ...both, select: "daily_weather or monthly_rain" })
      assert.deepStrictEqual(runs.map(({ status }) => status), ["Succeeded", "Succeeded"])
      const found = (yield* Catalog.checks(monthly_rain)).map(({ partition, severity, status }) =>
        [partition, status, severity].join(" ")
      )
      assert.sameMembers(found, ["2012-07 Passed warn", "2012-08 Failed warn"])
    }).pipe(Effect.provide(inMemory(summer(dry))))
  })
})

describe("the catalog", () => {
  const keys = (staleness: Catalog.Staleness) =>
    staleness._tag === "Partitioned" ? [...PartitionSubset.keys(staleness.stale)] : [staleness._tag]

  const stale = Effect.map(Catalog.staleness(graph), ({ daily_weather, getaways, monthly_rain, yearly_weather }) => ({
    days: keys(daily_weather),
    months: keys(monthly_rain),
    others: [yearly_weather._tag, getaways._tag]
  }))

  it.effect("tells what is stale when a file changes, and a run computes just that", () => {
    const files = summer()
    return Effect.gen(function*() {
      yield* Catalog.observe(graph.assets.observations)
      yield* Runtime.backfill(graph, both)
      const fresh = { days: [], months: [], others: ["Fresh", "Fresh"] }
      assert.deepStrictEqual<unknown>(yield* stale, fresh)

      // one day is corrected: nobody knows which one before the days are computed again
      files["seattle-weather.csv"] = csv({ "2012-08-05": { rain: 20 } })
      yield* Catalog.observe(graph.assets.observations)
      const { days, months } = yield* stale
      assert.deepStrictEqual([days.length, days[0], months], [62, "2012-07-01", []])

      const select = "daily_weather or monthly_rain"
      const corrected = yield* Runtime.backfill(graph, { ...both, select, onlyStale: true })
      assert.strictEqual(told(corrected, "daily_weather").filter((text) => text.endsWith("Materialized")).length, 62)
      assert.deepStrictEqual(told(corrected, "monthly_rain"), ["2012-07 UpToDate", "2012-08 Materialized"])

      const { yearly_weather } = yield* Catalog.staleness(graph)
      assert.strictEqual(yearly_weather._tag, "Stale")
      assert.include(
        yearly_weather._tag === "Stale" ? yearly_weather.causes.map(Catalog.explainCause).join() : "",
        "yearly_weather was computed from other data of daily_weather"
      )
      const run = yield* Runtime.run(graph, {
        select: "* and not (daily_weather or monthly_rain)",
        onlyStale: true
      })
      assert.deepStrictEqual(
        Runtime.outcomes(run).flatMap(({ _tag, key }) => _tag === "UpToDate" ? [key] : []),
        ["getaways"]
      )
      assert.deepStrictEqual<unknown>(yield* stale, fresh)
    }).pipe(Effect.provide(inMemory(files)))
  })

  it.effect("tells when the report is to be written anew", () =>
    Effect.gen(function*() {
      const age = Effect.map(Catalog.freshness(graph), ({ report }) => report._tag)
      assert.strictEqual(yield* age, "Unknown")
      yield* Runtime.backfill(graph, both)
      const ages = yield* Effect.forEach(["5 days", "1 day", "1 day"] as const, (time) =>
        Effect.andThen(TestClock.adjust(time), age))
      assert.deepStrictEqual(ages, ["Fresh", "Warning", "Overdue"])
    }).pipe(Effect.provide(inMemory(summer()))))
})

describe("a graph is data", () => {
  it("knows what is upstream and downstream", () => {
    assert.deepStrictEqual(Graph.parents(graph, "getaways"), ["datasets/airports.csv", "datasets/flights-airport.csv"])
    assert.deepStrictEqual(Graph.downstream(graph, ["heat_wave"]), ["heat_warning", "report", "announcement"])
  })

  it("answers selections", () => {
    assert.deepStrictEqual(
      Selection.resolve("tag:audience=public and kind:markdown", graph),
      Result.succeed(["heat_warning", "report"])
    )
  })
})
