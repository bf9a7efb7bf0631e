/** How a project tests its assets: as functions, and as a graph with layers of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Result } from "effect"
import { EventLog, Graph, IOManager, Runtime, Selection } from "effect-assets"
import { TestClock } from "effect/testing"
import { graph } from "./graph.ts"
import { announcement, heat_warning, report } from "./report.ts"
import { Datasets, Outbox, OutboxError } from "./resources.ts"
import { getaways } from "./travel.ts"
import { type Day, days, extremes, heat_wave, monthly_rain } from "./weather.ts"

const day = (date: string, high: number, rain = 0): Day => ({ date, rain, high, low: 10, sunny: rain === 0 })

describe("an asset is a function", () => {
  it.effect("gives a value for inputs of one's own, with its metadata", () =>
    Effect.gen(function*() {
      const { metadata, value } = yield* monthly_rain.compute({
        days: [day("2020-01-30", 5, 0.1), day("2020-01-31", 5, 0.2), day("2020-02-01", 5)]
      })
      assert.deepStrictEqual(value, [
        { month: "2020-01", rain: 0.3, rainyDays: 2 },
        { month: "2020-02", rain: 0, rainyDays: 0 }
      ])
      assert.strictEqual(metadata.rows, 2)
    }))

  it.effect("fails with a typed error", () =>
    Effect.gen(function*() {
      const row = { precipitation: 0, temp_max: 5, temp_min: 1, weather: "sun" } as const
      const error = yield* Effect.flip(days.compute({
        observations: [{ ...row, date: "2020-02-28" }, { ...row, date: "2020-03-01" }]
      }))
      assert.strictEqual(error._tag, "MissingDays")
      assert.strictEqual(error.message, "There are no observations between 2020-02-28 and 2020-03-01.")
    }))

  it.effect("takes configuration, and may give nothing", () =>
    Effect.gen(function*() {
      const inputs = { days: [day("2020-07-01", 30), day("2020-07-02", 36), day("2020-07-03", 20)] }
      assert.deepStrictEqual(
        yield* heat_wave.compute(inputs, { config: { threshold: 30, minDays: 2 } }),
        Option.some({ from: "2020-07-01", to: "2020-07-02", days: 2, high: 36 })
      )
      assert.deepStrictEqual(
        yield* heat_wave.compute(inputs, { config: { threshold: 30, minDays: 3 } }),
        Option.none()
      )
    }))

  it.effect("gives one value for each output of a multi-asset", () =>
    Effect.gen(function*() {
      const dry = { month: "2020-07", rain: 1, rainyDays: 1 }
      const wet = { month: "2020-11", rain: 200, rainyDays: 25 }
      assert.deepStrictEqual(
        yield* extremes.compute({ monthly_rain: [wet, dry] }),
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

/** Three days of July, and one way to leave. */
const files = {
  "seattle-weather.csv": `date,precipitation,temp_max,temp_min,wind,weather
2020-07-30,0.0,34.0,20.0,1.0,sun
2020-07-31,0.0,36.0,21.0,1.0,sun
2020-08-01,2.5,35.5,19.0,3.0,rain
`,
  "airports.csv": `iata,name,city,state,country,latitude,longitude
PHX,"Sky Harbor, Phoenix",Phoenix,AZ,USA,33.4,-112.0
`,
  "flights-airport.csv": "origin,destination,count\nSEA,PHX,5\n"
}

/** Nothing of this touches a disk: other files, the same graph. */
const inMemory = (messages: Array<string> = [], changes: { readonly [file: string]: string } = {}) =>
  Layer.mergeAll(
    Datasets.layerTest({ ...files, ...changes }),
    Outbox.layerTest(messages),
    IOManager.layerMemory,
    EventLog.layerMemory
  )

describe("a graph runs on any layers", () => {
  it.effect("without a heat wave", () => {
    const messages: Array<string> = []
    return Effect.gen(function*() {
      const run = yield* Runtime.materialize(graph)
      assert.deepInclude(run.outcomes.heat_wave, { _tag: "Skipped", reason: { _tag: "NoOutput" } })
      assert.deepInclude(run.outcomes.heat_warning, {
        _tag: "Skipped",
        reason: { _tag: "UpstreamSkipped", keys: ["heat_wave"] }
      })
      assert.strictEqual(run.outcomes.report._tag, "Materialized")
      assert.notInclude(yield* Runtime.load(report), "hot")
      assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.load(heat_warning))))
      assert.deepStrictEqual(messages, [`The weather report is ready (run ${run.id}).`])
    }).pipe(Effect.provide(inMemory(messages)))
  })

  it.effect("with one, for a lower threshold", () =>
    Effect.gen(function*() {
      const run = yield* Runtime.materialize(graph, { config: { heat_wave: { threshold: 34 } } })
      assert.strictEqual(run.outcomes.heat_warning._tag, "Materialized")
      assert.deepStrictEqual(yield* Runtime.load(heat_wave), {
        from: "2020-07-30",
        to: "2020-08-01",
        days: 3,
        high: 36
      })
      assert.include(yield* Runtime.load(report), yield* Runtime.load(heat_warning))
    }).pipe(Effect.provide(inMemory())))

  it.effect("in parts: what is not selected is loaded", () =>
    Effect.gen(function*() {
      yield* Runtime.materialize(graph, { select: "+monthly_rain" })
      const run = yield* Runtime.materialize(graph, { select: "monthly_rain+1" })
      assert.strictEqual(run.outcomes.days._tag, "NotSelected")
      assert.deepStrictEqual(yield* Runtime.load(extremes.assets.driest_month), {
        month: "2020-07",
        rain: 0,
        rainyDays: 0
      })
    }).pipe(Effect.provide(inMemory())))

  it.effect("and says which file does not fit", () =>
    Effect.gen(function*() {
      const broken = "date,precipitation,temp_max,temp_min,weather\n2020-07-30,much,34,20,sun\n"
      const error = yield* Runtime.materialize(graph).pipe(
        Effect.flip,
        Effect.provide(inMemory([], { "seattle-weather.csv": broken }))
      )
      assert.strictEqual(error._tag, "IOManagerError")
      assert.include(error.message, "datasets/seattle-weather.csv")
      assert.include(error.message, "precipitation")
    }))
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
