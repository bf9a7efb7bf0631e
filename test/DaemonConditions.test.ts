import { assert, describe } from "@effect/vitest"
import { Effect, Stream } from "effect"
import {
  Asset,
  AutomationStore,
  Catalog,
  Check,
  Condition,
  Daemon,
  Definitions,
  EventLog,
  Freshness,
  Graph,
  Job,
  Partitions,
  Runtime
} from "effect-assets"
import { TestClock } from "effect/testing"
import { buildDaemon, testsAt } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:30:00Z")

const test = testsAt(start)

const startDaemon = <T extends Graph.Assets, C extends Check.Any, E, R>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Daemon.Options
) => Effect.tap(buildDaemon(definitions, options), () => settle)

const { AutomationStore: Store } = AutomationStore

/** Lets happen what follows from what has happened. */
const settle = Effect.forEach([1, 2, 3], () => TestClock.adjust("1 second"), { discard: true })

/** The keys of the runs that the daemon has launched, the oldest first. */
const launched = Effect.map(
  EventLog.EventLog.use((log) => log.runs({ tags: { automation: Daemon.conditions } })),
  (runs) => runs.map(({ keys }) => keys.join()).toReversed()
)

const eager = { automation: Condition.eager() }

describe("conditions", () => {
  test("what is downstream of a run follows it, in one run, and nothing follows that", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(2), ...eager })
    const c = Asset.make("c", { deps: [b], compute: () => Effect.succeed(3), ...eager })
    const graph = Graph.make({ a, b, c })
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* launched, [])
    yield* Runtime.run(graph, { select: ["a"] })
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* launched, ["b,c"])
    const runs = yield* EventLog.EventLog.use((log) => log.runs({}))
    assert.deepStrictEqual(runs.map(({ status }) => status), ["Succeeded", "Succeeded", "Succeeded"])
    // and it is told why
    const evaluations = yield* Store.use((store) => store.evaluations({ key: "b" }))
    assert.isTrue(evaluations.some(({ requested }) => requested === 1))
    const [tick] = yield* Store.use((store) => store.ticks({ kinds: ["condition"] }))
    assert.deepStrictEqual(tick?.requests.map(({ request }) => request.keys), [["b", "c"]])
  })

  test("where nothing happens, nothing is written", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(2), ...eager })
    const daemon = yield* startDaemon(Definitions.make({ graph: Graph.make({ a, b }), layer: inMemory }))
    const version = yield* Store.use((store) => store.version)
    const before = (yield* daemon.status).conditions?.lastEvaluatedAt
    yield* Catalog.observe("elsewhere", { dataVersion: "1" })
    yield* settle
    assert.isAbove((yield* daemon.status).conditions!.lastEvaluatedAt!, before!)
    assert.strictEqual(yield* Store.use((store) => store.version), version)
  })

  test("a daemon that takes over goes on from what was remembered", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(2), ...eager })
    const graph = Graph.make({ a, b })
    const definitions = Definitions.make({ graph, layer: inMemory })
    yield* Runtime.run(graph)
    yield* Effect.scoped(startDaemon(definitions))
    // nobody looks
    yield* Runtime.run(graph, { select: ["a"] })
    yield* Effect.scoped(startDaemon(definitions))
    assert.deepStrictEqual(yield* launched, ["b"])
    yield* Effect.scoped(startDaemon(definitions))
    assert.deepStrictEqual(yield* launched, ["b"])
  })

  test("AUT07: onCron waits for its time, and wakes at it", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", {
      deps: [a],
      compute: () => Effect.succeed(2),
      automation: Condition.onCron("0 * * * *")
    })
    const graph = Graph.make({ a, b })
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["a"] })
    yield* TestClock.adjust("35 minutes")
    // it is 01:05, and a was not computed since
    assert.deepStrictEqual(yield* launched, [])
    yield* Runtime.run(graph, { select: ["a"] })
    yield* settle
    assert.deepStrictEqual(yield* launched, ["b"])
    yield* Runtime.run(graph, { select: ["a"] })
    yield* TestClock.adjust("50 minutes")
    assert.deepStrictEqual(yield* launched, ["b"])
    yield* TestClock.adjust("10 minutes")
    yield* Runtime.run(graph, { select: ["a"] })
    yield* settle
    assert.deepStrictEqual(yield* launched, ["b", "b"])
  })

  test("AUT13: onMissing computes a partition when it begins to exist", function*() {
    const hours = Partitions.hourly({ start: "2024-02-29T00:00" })
    const a = Asset.make("a", {
      partitions: hours,
      compute: () => Effect.succeed(1),
      automation: Condition.onMissing()
    })
    const graph = Graph.make({ a })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* TestClock.adjust("3 hours")
    const runs = yield* EventLog.EventLog.use((log) => log.runs({}))
    const log = yield* EventLog.EventLog
    const events = yield* Stream.runCollect(log.events({ tags: ["AssetMaterialized"] }))
    assert.deepStrictEqual(
      events.map((event) => event._tag === "AssetMaterialized" && event.partition),
      ["2024-03-01-00:00", "2024-03-01-01:00", "2024-03-01-02:00"]
    )
    assert.strictEqual(runs.length, 3)
  })

  test("what has other partitions is computed after, in a run of its own", function*() {
    const days = Partitions.daily({ start: "2024-02-29" })
    const raw = Asset.make("raw", { partitions: days, compute: () => Effect.succeed(1) })
    const clean = Asset.make("clean", {
      partitions: days,
      inputs: { raw },
      compute: ({ raw }) => Effect.succeed(raw),
      ...eager
    })
    const total = Asset.make("total", {
      inputs: { clean: Asset.partitions(clean) },
      compute: ({ clean }) => Effect.succeed(clean.size),
      ...eager
    })
    const graph = Graph.make({ raw, clean, total })
    yield* Runtime.run(graph, { select: ["raw"], partition: "2024-02-29" })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["raw"], partition: "2024-02-29" })
    yield* settle
    assert.deepStrictEqual(yield* launched, ["clean", "total"])
    assert.strictEqual(yield* Runtime.load(total), 1)
  })

  test("what was to be computed after something that failed is given up", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", {
      deps: [a],
      partitions: Partitions.fixed(["x"]),
      compute: () => Effect.fail("b is down"),
      automation: Condition.and(Condition.anyDepsUpdated, Condition.not(Condition.inProgress))
    })
    const c = Asset.make("c", {
      deps: [Asset.partitions(b)],
      compute: () => Effect.void,
      automation: Condition.and(Condition.anyDepsUpdated, Condition.not(Condition.inProgress))
    })
    const graph = Graph.make({ a, b, c })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["a"] })
    yield* settle
    assert.deepStrictEqual(yield* launched, ["b"])
    const failed = yield* Store.use((store) => store.queue({ statuses: ["Failed"] }))
    assert.deepStrictEqual(failed.map(({ error }) => error?.message), [
      `"c" was to be computed after "b", whose run did not succeed.`
    ])
  })

  test("AUT09: external assets are observed, checks evaluated on their own, and jobs run", function*() {
    const source = Asset.external("source", {
      observe: Effect.succeed("v1"),
      automation: Condition.onCron("0 * * * *")
    })
    const a = Asset.make("a", Effect.succeed(1))
    const one = Check.make("one", { asset: a, check: () => Effect.succeed(true) })
    const two = Check.make("two", {
      asset: a,
      check: () => Effect.succeed(true),
      automation: Condition.cronTickPassed("30 * * * *")
    })
    const b = Asset.make("b", { compute: () => Effect.succeed(1) })
    const job = Job.make("job", {
      select: ["b"],
      automation: Condition.cronTickPassed("0 3 * * *")
    })
    const graph = Graph.make({ source, a, b, one, two })
    yield* Runtime.run(graph, { select: ["a"], checks: "none" })
    yield* startDaemon(Definitions.make({ graph, jobs: [job], layer: inMemory }))
    yield* TestClock.adjust("3 hours")
    yield* settle
    assert.strictEqual((yield* Catalog.observations(source)).length, 3)
    const log = yield* EventLog.EventLog
    const checked = yield* Stream.runCollect(log.events({ tags: ["CheckEvaluated", "AssetMaterialized"] }))
    assert.deepStrictEqual(
      checked.map((event) =>
        event._tag === "CheckEvaluated" ? event.check : event._tag === "AssetMaterialized" && event.key
      ),
      ["a", "two", "two", "b", "two"]
    )
  })

  test("freshness changes with time", function*() {
    const a = Asset.make("a", {
      compute: () => Effect.succeed(1),
      freshness: Freshness.window({ fail: "2 hours" }),
      automation: Condition.sinceLastHandled(Condition.newlyTrue(Condition.freshness("Overdue")))
    })
    const graph = Graph.make({ a })
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* TestClock.adjust("119 minutes")
    assert.deepStrictEqual(yield* launched, [])
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual(yield* launched, ["a"])
  })

  test("they can be stopped, started, and evaluated by hand", function*() {
    const a = Asset.make("a", Effect.succeed(1))
    const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(2), ...eager })
    const graph = Graph.make({ a, b })
    yield* Runtime.run(graph)
    const daemon = yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Store.use((store) => store.setState(Daemon.conditions, { running: false }))
    yield* settle
    yield* Runtime.run(graph, { select: ["a"] })
    yield* settle
    assert.deepStrictEqual(yield* launched, [])
    yield* daemon.tickNow(Daemon.conditions)
    yield* settle
    assert.deepStrictEqual(yield* launched, ["b"])
    yield* Store.use((store) => store.setState(Daemon.conditions, { running: true }))
    yield* settle
    yield* Runtime.run(graph, { select: ["a"] })
    yield* settle
    assert.deepStrictEqual(yield* launched, ["b", "b"])
  })
})
