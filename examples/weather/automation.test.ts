/** How a project tests its automation: what is requested at a moment, and days of a daemon on the clock of the test. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, FileSystem, Layer } from "effect"
import { Automation, Catalog, Daemon, Definitions, EventLog, IOManager, Runtime } from "effect-assets"
import { evaluateSchedule, evaluateSensor } from "effect-assets/testing"
import { TestClock } from "effect/testing"
import { deliveries, everyMorning, failures, refresh } from "./automation.ts"
import { graph } from "./graph.ts"
import { Datasets, Inbox, Outbox } from "./resources.ts"

const deployed = { graph, jobs: [refresh] }

describe("what is requested", () => {
  it("at six o'clock in Seattle, before and after clocks change", () => {
    const ticks = Automation.nextTicks(everyMorning, { from: Date.parse("2026-03-07T00:00Z"), count: 2 })
    assert.deepStrictEqual(
      ticks.map((tick) => DateTime.formatIso(DateTime.makeUnsafe(tick))),
      ["2026-03-07T14:00:00.000Z", "2026-03-08T13:00:00.000Z"]
    )
  })

  it.effect("every morning: the job, after a look at the files", () =>
    Effect.gen(function*() {
      const { requests } = yield* evaluateSchedule(everyMorning, { at: "2026-03-08T06:00", definitions: deployed })
      assert.deepStrictEqual(requests, [{
        job: "refresh",
        observe: ["datasets/seattle-weather.csv", "datasets/airports.csv", "datasets/flights-airport.csv"],
        runKey: "2026-03-08T13:00:00.000Z"
      }])
    }))

  it.effect("for each file that is delivered, once", () => {
    const files: { [name: string]: string } = {}
    return Effect.gen(function*() {
      let cursor: string | undefined
      const look = Effect.gen(function*() {
        const evaluation = yield* evaluateSensor(deliveries, { cursor, definitions: deployed })
        cursor = evaluation.cursor ?? cursor
        return evaluation.reason ?? evaluation.requests.flatMap(({ observe = [] }) => observe).join()
      })
      assert.strictEqual(yield* look, "nothing new was delivered")
      files["airports.csv"] = "iata,city,latitude"
      files["notes.txt"] = "none of the assets is stored in this one"
      assert.strictEqual(yield* look, "datasets/airports.csv")
      files["seattle-weather.csv"] = "date"
      assert.strictEqual(yield* look, "datasets/seattle-weather.csv")
      assert.strictEqual(yield* look, "nothing new was delivered")
      files["airports.csv"] += "\nPHX,Phoenix,33.4"
      assert.strictEqual(yield* look, "datasets/airports.csv")
      delete files["airports.csv"]
      assert.strictEqual(yield* look, "nothing new was delivered")
    }).pipe(Effect.provide(Inbox.layerTest(files)))
  })

  it.effect("for a file in a directory", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/inbox`
      yield* Effect.gen(function*() {
        const { read } = yield* Inbox
        assert.strictEqual((yield* evaluateSensor(deliveries)).reason, "nothing new was delivered")
        assert.strictEqual((yield* read("airports.csv"))._tag, "None")
        yield* fs.writeFileString(`${directory}/airports.csv`, "iata,city,latitude")
        const { cursor, requests } = yield* evaluateSensor(deliveries, { definitions: deployed })
        assert.match(requests[0]?.runKey ?? "", /^airports\.csv 18 bytes \d{4}-\d\d-\d\dT/)
        assert.strictEqual((yield* evaluateSensor(deliveries, { cursor })).reason, "nothing new was delivered")
        assert.deepInclude(yield* read("airports.csv"), { value: "iata,city,latitude" })
      }).pipe(Effect.provide(Inbox.layer(directory)))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

/** One year is like the other: every third day it rains, and no day is hot. */
const observed = Array.from({ length: 1461 }, (_, at) => {
  const date = new Date(Date.UTC(2012, 0, 1 + at)).toISOString().slice(0, 10)
  return `${date},${at % 3 === 0 ? 4.5 : 0},20,10,3.0,${at % 3 === 0 ? "rain" : "sun"}`
})
const csv = (...changes: ReadonlyArray<string>) =>
  ["date,precipitation,temp_max,temp_min,wind,weather"].concat(
    observed.map((row) => changes.find((change) => change.startsWith(row.slice(0, 10))) ?? row)
  ).join("\n")

/** All assets are computed, then the daemon begins, at midnight in Seattle the day before clocks change. */
const simulated = <E>(
  test: (deployment: {
    /** Puts a file into the inbox. */
    readonly deliver: (name: string, text: string) => Effect.Effect<void>
    readonly messages: ReadonlyArray<string>
    /** What the daemon has run since it was asked last: by whom, and what. */
    readonly runs: Effect.Effect<ReadonlyArray<string>, EventLog.EventLogError, EventLog.EventLog>
  }) => Effect.Effect<void, E, EventLog.Stored | IOManager.IOManager>
) => {
  const inbox: { [name: string]: string } = {}
  const messages: Array<string> = []
  const files = {
    "seattle-weather.csv": csv(),
    "airports.csv": "iata,city,latitude\nPHX,Phoenix,33.4",
    "flights-airport.csv": "origin,destination,count\nSEA,PHX,5"
  }
  const definitions = Definitions.make({
    graph,
    automations: [everyMorning, deliveries, failures],
    layer: Layer.mergeAll(
      Layer.provideMerge(Datasets.layerTest(files), Inbox.layerTest(inbox)),
      Outbox.layerTest(messages),
      IOManager.layerMemory,
      EventLog.layerMemory
    )
  })
  let last = 0
  return Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse("2026-03-07T08:00Z"))
    const { airports, flights, observations } = graph.assets
    yield* Effect.forEach([observations, airports, flights], (file) => Catalog.observe(file))
    yield* Runtime.backfill(graph, { partitions: "all", partitionsPerRun: "all" })
    messages.length = 0
    last = (yield* Catalog.runs())[0]!.cursor
    yield* test({
      deliver: (name, text) => Effect.sync(() => void (inbox[name] = text)),
      messages,
      runs: Effect.map(Catalog.runs(), (runs) => {
        const fresh = runs.filter(({ cursor }) => cursor > last).toReversed()
        last = runs[0]!.cursor
        return fresh.map(({ keys, status, tags }) => `${tags.automation} ${status}: ${keys.join(", ")}`)
      })
    }).pipe(Effect.provide(Daemon.layer(definitions)))
  }).pipe(Effect.provide(definitions.layer))
}

/** What is computed from days and months. */
const downstream = "heat_wave, yearly_weather, heat_warning, wettest_month, driest_month, report, announcement"

/** Time passes in steps, as it does for a program that has something to do at each. */
const pass = (step: "1 second" | "1 hour", count: number) =>
  Effect.forEach(Array.from({ length: count }), () => TestClock.adjust(step), { discard: true })

/** Days take their time where many tests run at once. */
const slow = 60_000

describe("a daemon", () => {
  it.effect(
    "does nothing but what time brings: first of all, it computes nothing",
    () =>
      simulated(({ messages, runs }) =>
        Effect.gen(function*() {
          yield* pass("1 second", 60)
          assert.deepStrictEqual(yield* runs, [])
          yield* pass("1 hour", 30)
          const mornings = yield* Catalog.runs({ tags: { automation: "every_morning" } })
          assert.deepStrictEqual(
            mornings.map(({ startedAt }) => new Date(startedAt).toISOString().slice(0, 16)).toReversed(),
            ["2026-03-07T14:00", "2026-03-08T13:00"]
          )
          // nothing was stale, so nothing follows
          const morning = "every_morning Succeeded: daily_weather, monthly_rain"
          assert.deepStrictEqual(yield* runs, [morning, morning])
          assert.deepStrictEqual(messages, [])
        })
      ),
    slow
  )

  it.effect(
    "computes what follows from a file, once",
    () =>
      simulated(({ deliver, messages, runs }) =>
        Effect.gen(function*() {
          yield* deliver("seattle-weather.csv", csv("2013-07-14,90,20,10,3.0,rain"))
          yield* pass("1 second", 15)
          assert.deepStrictEqual(yield* runs, [
            "deliveries Succeeded: daily_weather, monthly_rain",
            `:conditions Succeeded: ${downstream}`
          ])
          assert.include(yield* Runtime.load(graph.assets.report), "The wettest month was 2013-07 with 135 mm")
          assert.strictEqual(messages.length, 1)
          // of the months, the one that has changed
          const months = yield* Catalog.history(graph.assets.monthly_rain, { limit: 100 })
          assert.deepStrictEqual([months.length, months[0]?.partition], [48 + 1, "2013-07"])

          yield* deliver("seattle-weather.csv", csv("2013-07-14,90,20,10,3.0,rain"))
          yield* pass("1 second", 60)
          assert.deepStrictEqual(yield* runs, [])

          // a warning that is missing does not keep the report from being written
          yield* deliver("airports.csv", "iata,city,latitude\nPHX,Phoenix AZ,33.4")
          yield* pass("1 second", 60)
          assert.sameMembers([...yield* runs], [
            "deliveries Succeeded: daily_weather, monthly_rain",
            ":conditions Succeeded: getaways, report, announcement"
          ])
          assert.include(yield* Runtime.load(graph.assets.report), "Leave for Phoenix AZ.")
        })
      ),
    slow
  )

  it.effect(
    "sends one message when a run fails, and tells no readers of what cannot have been",
    () =>
      simulated(({ deliver, messages, runs }) =>
        Effect.gen(function*() {
          yield* deliver("seattle-weather.csv", csv("2013-07-14,0,250,10,3.0,sun"))
          yield* pass("1 second", 60)
          assert.deepStrictEqual(yield* runs, ["deliveries Failed: daily_weather, monthly_rain"])
          assert.strictEqual(messages.length, 1)
          assert.match(messages[0]!, /^The run \S+ of daily_weather, monthly_rain has failed\.$/)

          yield* deliver("seattle-weather.csv", csv("2013-07-14,0,25,10,3.0,sun"))
          yield* pass("1 second", 60)
          assert.deepStrictEqual(yield* runs, [
            "deliveries Succeeded: daily_weather, monthly_rain",
            `:conditions Succeeded: ${downstream}`
          ])
          assert.strictEqual(messages.length, 2)
          assert.match(messages[1]!, /^The weather report is ready/)
        })
      ),
    slow
  )
})
