import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Fiber, Stream } from "effect"
import { Asset, Automation, Graph, Job, Partitions } from "effect-assets"
import { evaluateSchedule, evaluateSensor } from "effect-assets/testing"
import { TestClock } from "effect/testing"

const sales = Asset.make("sales", {
  partitions: Partitions.dynamic("regions"),
  compute: () => Effect.succeed(1)
})
const definitions = { graph: Graph.make({ sales }), jobs: [Job.make("nightly", { select: ["sales"] })] }

describe("evaluateSchedule", () => {
  const told: Array<unknown> = []
  const schedule = Automation.schedule("s", {
    cron: "30 2 * * *",
    timeZone: "Europe/Berlin",
    evaluate: ({ lastTick, scheduledAt }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        told.push([now, DateTime.toEpochMillis(scheduledAt), lastTick && DateTime.toEpochMillis(lastTick)])
        return Automation.skip("x")
      })
  })
  const time = Date.parse("2024-07-01T00:30Z")
  const moments = [
    ["a time in the zone of the schedule", "2024-07-01T02:30"],
    ["a time in a zone", "2024-07-01T00:30Z"],
    ["a date", new Date(time)],
    ["a DateTime", DateTime.makeUnsafe(time)],
    ["a number", time]
  ] as const
  for (const [what, at] of moments) {
    it.effect(`takes ${what}, which is what the Clock shows, too`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(5)
        told.length = 0
        yield* evaluateSchedule(schedule, { at, lastTick: 7 })
        assert.deepStrictEqual(told, [[time, time, 7]])
        assert.strictEqual(yield* Clock.currentTimeMillis, 5)
      }))
  }

  it.effect("refuses what is no moment", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(evaluateSchedule(schedule, { at: "soon" }))
      assert.include(String(exit), `"soon" is no moment`)
    }))

  it.effect("knows dynamic keys", () =>
    Effect.gen(function*() {
      const all = Automation.schedule("all", { cron: "@daily", target: { select: ["sales"] } })
      const evaluation = yield* evaluateSchedule(all, { at: 0, definitions, dynamicKeys: { regions: ["eu"] } })
      assert.deepStrictEqual(evaluation.requests.map(({ partitions }) => partitions), ["all"])
      const none = yield* evaluateSchedule(all, { at: 0, definitions, dynamicKeys: {} })
      assert.strictEqual(none.reason, "there are no partitions yet")
    }))
})

describe("evaluateSensor", () => {
  it.effect("tells a sensor where it is", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", {
        target: definitions.jobs[0]!,
        evaluate: ({ cursor, lastTickAt, now }) =>
          Effect.map(
            Clock.currentTimeMillis,
            (clock) => Automation.request({ partition: "eu", runKey: [cursor, lastTickAt, now, clock].join() })
          )
      })
      const { requests } = yield* evaluateSensor(sensor, {
        cursor: "c",
        at: "2024-01-01",
        lastTickAt: 3,
        definitions,
        dynamicKeys: { regions: ["eu"] }
      })
      const now = Date.parse("2024-01-01T00:00Z")
      assert.deepStrictEqual(requests, [{ job: "nightly", partition: "eu", runKey: `c,3,${now},${now}` }])
      const failed = yield* evaluateSensor(sensor, { definitions, dynamicKeys: {} })
      assert.include(failed.error?.message, `"sales" has no partition "eu"`)
    }))

  it.effect("a program that sleeps is not kept from waking up", () =>
    Effect.gen(function*() {
      const sensor = Automation.sensor("s", { evaluate: () => Effect.sleep("1 second") })
      const fiber = yield* Effect.forkChild(evaluateSensor(sensor, { at: 0 }), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "Skipped")
    }))

  it.effect("tells a sensor of assets what has happened, once", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const sensor = Automation.assetSensor("s", {
        assets: ["a", "b"],
        request: (events) =>
          Effect.sync(() => {
            seen.push(
              ...events.map((
                { dataVersion, key, metadata, observed, partition }
              ) => [key, partition, observed, dataVersion, metadata])
            )
            return Automation.request({ select: "*" })
          })
      })
      const first = yield* evaluateSensor(sensor, {
        events: [{ key: "a", partition: "x", metadata: { n: 1 } }, { key: "b", observed: true, dataVersion: "v" }, {
          key: "c"
        }]
      })
      assert.deepStrictEqual(seen, [["a", "x", false, "", { n: 1 }], ["b", undefined, true, "v", {}]])
      assert.strictEqual(first.status, "Requested")
      assert.strictEqual((yield* evaluateSensor(sensor, { cursor: first.cursor })).status, "Skipped")
      assert.strictEqual(
        (yield* evaluateSensor(sensor, { cursor: first.cursor, events: [{ key: "a" }] })).status,
        "Requested"
      )
    }))

  it.effect("SEN12: tells a sensor of runs about a run", () =>
    Effect.gen(function*() {
      const sensor = Automation.runSensor("s", {
        status: ["Failed", "Cancelled"],
        job: "nightly",
        run: (run) => Effect.succeed(Automation.skip(`${run.id} ${run.status}`))
      })
      const tags = { job: "nightly" }
      assert.strictEqual((yield* evaluateSensor(sensor, { run: { id: "r", tags } })).reason, "r Failed")
      assert.strictEqual(
        (yield* evaluateSensor(sensor, { run: { tags, status: "Cancelled" } })).reason,
        "run Cancelled"
      )
      for (const run of [{ tags, status: "Succeeded" as const }, { tags: {} }, { tags, status: "Running" as const }]) {
        assert.include((yield* evaluateSensor(sensor, { run })).reason, "is none that it looks at")
      }
      const started = Automation.runSensor("t", { status: "Started", target: definitions.jobs[0]! })
      assert.deepStrictEqual((yield* evaluateSensor(started, { run: { id: "r" } })).requests, [
        { job: "nightly", runKey: "r Started" }
      ])
    }))

  it.effect("gives the last evaluation of a stream", () =>
    Effect.gen(function*() {
      const sensor = Automation.streamSensor("s", {
        stream: (cursor) =>
          Stream.fromIterable(cursor === "2" ? [] : [1, 2]).pipe(
            Stream.map((n) => Automation.request({ select: "*" }, { cursor: String(n) }))
          )
      })
      const { cursor, status } = yield* evaluateSensor(sensor)
      assert.deepStrictEqual([cursor, status], ["2", "Requested"])
      assert.strictEqual((yield* evaluateSensor(sensor, { cursor })).reason, "nothing was pushed")
    }))
})
