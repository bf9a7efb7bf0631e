/** What a daemon has to get right where something goes wrong, ends early, or takes its time. */
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

/** Lets happen, second by second, what follows from what has happened. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

const startDaemon = <T extends Graph.Assets, C extends Check.Any, E, R>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Daemon.Options
) => Effect.tap(buildDaemon(definitions, options), () => pass(3))

const { AutomationStore: Store } = AutomationStore
const queueOf = (...statuses: ReadonlyArray<AutomationStore.QueueStatus>) =>
  Store.use((store) => store.queue({ statuses }))

/** The runs that conditions have requested, the oldest first: what they computed, and what became of them. */
const launched = Effect.map(
  EventLog.EventLog.use((log) => log.runs({ tags: { automation: Daemon.conditions } })),
  (runs) => runs.map(({ keys, status }) => `${keys.join()} ${status}`).toReversed()
)

const eager = { automation: Condition.eager() }

describe("what comes after something else", () => {
  const names = Array.from({ length: 210 }, (_, at) => `k${String(at).padStart(3, "0")}`)
  const keys = Partitions.fixed(names)

  /** So many partitions of `b` are computed in two ranges; those of the first one take long. */
  const inRanges = (ofFirst: Effect.Effect<number, string>) => {
    const src = Asset.make("src", { partitions: keys, compute: () => Effect.succeed(1) })
    const b = Asset.make("b", {
      partitions: keys,
      inputs: { src },
      compute: (_, { partition }) => Number(partition.slice(1)) < 105 ? ofFirst : Effect.succeed(1),
      ...eager
    })
    const c = Asset.make("c", { deps: [Asset.partitions(b)], compute: () => Effect.succeed(1), ...eager })
    return Graph.make({ src, b, c })
  }
  const updateRanges = (graph: ReturnType<typeof inRanges>) =>
    Runtime.run(graph, { select: ["src"], partitions: names.filter((_, at) => at !== 105) })

  test("waits for all runs of an asset whose partitions are computed in several", function*() {
    let delay = 0
    const graph = inRanges(Effect.suspend(() => Effect.as(Effect.sleep(delay), 1)))
    yield* Runtime.backfill(graph, { select: ["src", "b"], partitions: "all", partitionsPerRun: "all" })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    delay = 20_000
    yield* updateRanges(graph)
    yield* pass(5)
    assert.deepStrictEqual(yield* launched, ["b Running", "b Succeeded"])
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor), [
      `"c" is computed after "b", which was requested as well`
    ])
    yield* pass(300)
    assert.deepStrictEqual(yield* launched, ["b Succeeded", "b Succeeded", "c Succeeded"])
  })

  test("is given up if one of the runs of an asset fails whose partitions are computed in several", function*() {
    let isDown = false
    const graph = inRanges(Effect.suspend(() => isDown ? Effect.fail("down") : Effect.succeed(1)))
    yield* Runtime.backfill(graph, { select: ["src", "b"], partitions: "all", partitionsPerRun: "all" })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    isDown = true
    yield* updateRanges(graph)
    yield* pass(5)
    // it is requested anew by the partitions that were updated all the same
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ error }) => error?.message), [
      `"c" was to be computed after "b", whose run did not succeed.`
    ])
  })

  test("waits until an external asset has been observed", function*() {
    let version = 1
    const x = Asset.external("x", {
      observe: Effect.delay(Effect.sync(() => `v${version}`), "2 seconds"),
      automation: Condition.onCron("0 * * * *")
    })
    const c = Asset.make("c", {
      deps: [x],
      codeVersion: "1",
      compute: () => Effect.succeed(1),
      automation: Condition.onCron("0 * * * *")
    })
    const graph = Graph.make({ x, c })
    yield* Catalog.observe("x", { dataVersion: "v1" })
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    for (let hour = 1; hour <= 3; hour++) {
      version++
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Catalog.staleness(graph))["c"]._tag, "Fresh", `after ${hour} hours`)
    }
    assert.strictEqual((yield* launched).length, 3)
  })

  test("is given up if an external asset could not be observed", function*() {
    const x = Asset.external("x", { observe: Effect.fail("down"), automation: Condition.onCron("0 * * * *") })
    const c = Asset.make("c", {
      deps: [x],
      compute: () => Effect.succeed(1),
      automation: Condition.onCron("0 * * * *")
    })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ x, c }), layer: inMemory }))
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ error }) => error?.message), [
      "down",
      `"c" was to be computed after "x", which could not be observed.`
    ])
  })

  test("a check waits for the asset that it judges", function*() {
    const root = Asset.make("root", Effect.succeed(1))
    let value = 1
    const a = Asset.make("a", {
      deps: [root],
      compute: () => Effect.delay(Effect.sync(() => value), "2 seconds"),
      ...eager
    })
    const seen: Array<number> = []
    const ok = Check.make("ok", {
      asset: a,
      automation: Condition.anyDepsMatch(Condition.or(Condition.newlyUpdated, Condition.willBeRequested)),
      check: (value) => Effect.sync(() => seen.push(value) > 0)
    })
    const graph = Graph.make({ root, a, ok })
    yield* Effect.forkScoped(Runtime.run(graph, { checks: "none" }))
    yield* pass(5)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    value = 2
    yield* Runtime.run(graph, { select: ["root"] })
    yield* pass(1)
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor), [
      `"a:ok" is evaluated after "a", which was requested as well`
    ])
    yield* pass(10)
    assert.deepStrictEqual(new Set(seen), new Set([2]))
  })

  test("a job waits for what is upstream of its assets", function*() {
    const root = Asset.make("root", Effect.succeed(1))
    const a = Asset.make("a", {
      deps: [root],
      compute: () => Effect.delay(Effect.succeed(1), "2 seconds"),
      ...eager
    })
    const r = Asset.make("r", { deps: [a], compute: () => Effect.succeed(1) })
    const job = Job.make("job", { select: ["r"], automation: Condition.anyJobRootsMatch(Condition.anyDepsUpdated) })
    const graph = Graph.make({ root, a, r })
    yield* Effect.forkScoped(Runtime.run(graph))
    yield* pass(5)
    yield* startDaemon(Definitions.make({ graph, jobs: [job], layer: inMemory }))
    yield* Runtime.run(graph, { select: ["root"] })
    yield* pass(1)
    assert.deepStrictEqual(yield* launched, ["a Running"])
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor), [
      `"job" is run after "a", which was requested as well`
    ])
    yield* pass(10)
    assert.deepStrictEqual((yield* launched).slice(0, 2), ["a Succeeded", "r Succeeded"])
  })

  test("what reads an output that another output brings along waits for the run of both", function*() {
    const root = Asset.make("root", Effect.succeed(1))
    const multi = Asset.multi("multi", {
      deps: [root],
      outputs: { one: { key: "one", ...eager }, two: { key: "two" } },
      compute: () => Effect.delay(Effect.succeed({ one: 1, two: 2 }), "2 seconds")
    })
    const c = Asset.make("c", {
      partitions: Partitions.fixed(["x"]), // in a run of its own
      deps: [multi.assets.two],
      compute: () => Effect.succeed(1),
      ...eager
    })
    const graph = Graph.make({ root, ...multi.assets, c })
    yield* Effect.forkScoped(Runtime.run(graph, { partition: "x" }))
    yield* pass(5)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["root"] })
    yield* pass(1)
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor), [
      `"c" is computed after "two", which was requested as well`
    ])
    yield* pass(10)
    assert.deepStrictEqual(yield* launched, ["one,two Succeeded", "c Succeeded"])
  })
})

describe("a daemon that ends", () => {
  const a = Asset.make("a", Effect.succeed(1))
  const b = Asset.make("b", { deps: [a], compute: () => Effect.as(Effect.sleep("10 seconds"), 1), ...eager })
  const c = Asset.make("c", {
    partitions: Partitions.fixed(["x"]),
    deps: [b],
    compute: () => Effect.succeed(1),
    ...eager
  })
  const graph = Graph.make({ a, b, c })
  const definitions = Definitions.make({ graph, layer: inMemory })

  /** A daemon that ends while `b` is computed. */
  const cutShort = (during: Effect.Effect<unknown, unknown, EventLog.EventLog> = Effect.void) =>
    Effect.gen(function*() {
      yield* Effect.forkScoped(Effect.scoped(Effect.gen(function*() {
        yield* buildDaemon(definitions)
        yield* Effect.sleep("3 seconds")
        yield* Runtime.run(graph, { select: ["a"] })
        yield* Effect.sleep("3 seconds")
        yield* during
      })))
      yield* pass(10)
    })

  const computed = Effect.gen(function*() {
    yield* Effect.forkScoped(Effect.andThen(
      Runtime.run(graph, { select: ["a", "b"] }),
      Runtime.run(graph, { select: ["c"], partition: "x" })
    ))
    yield* pass(20)
  })

  test("has the next one do what automation has asked for and its end has cut short, and what comes after", function*() {
    yield* computed
    yield* cutShort()
    assert.deepStrictEqual(yield* launched, ["b Cancelled"])
    const [first] = yield* EventLog.EventLog.use((log) => log.runs({ tags: { automation: Daemon.conditions } }))
    const again = (yield* queueOf("Queued")).find(({ automation }) => automation === undefined)
    assert.deepStrictEqual(again?.request, {
      keys: ["b"],
      tags: { automation: Daemon.conditions, tick: first!.tags["tick"]!, instead_of: first!.id }
    })
    yield* startDaemon(definitions)
    yield* pass(30)
    assert.deepStrictEqual(yield* launched, ["b Cancelled", "b Succeeded", "c Succeeded"])
    yield* TestClock.adjust("1 day")
    assert.deepStrictEqual(yield* queueOf("Queued", "Failed"), [])
    assert.strictEqual((yield* launched).length, 3)
  })

  test("may be followed by one that ends as well", function*() {
    yield* computed
    yield* cutShort()
    yield* Effect.forkScoped(Effect.scoped(Effect.andThen(buildDaemon(definitions), Effect.sleep("3 seconds"))))
    yield* pass(5)
    yield* startDaemon(definitions)
    yield* pass(30)
    assert.deepStrictEqual(yield* launched, ["b Cancelled", "b Cancelled", "b Succeeded", "c Succeeded"])
  })

  test("leaves to another one that acts already what it has to do", function*() {
    yield* computed
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep("4 seconds"), startDaemon(definitions)))
    yield* cutShort()
    yield* pass(30)
    assert.deepStrictEqual(yield* launched, ["b Cancelled", "b Succeeded", "c Succeeded"])
  })

  test("does not ask again for what somebody has cancelled", function*() {
    yield* computed
    yield* cutShort(Effect.gen(function*() {
      const [running] = yield* EventLog.EventLog.use((log) => log.runs({ statuses: ["Running"] }))
      yield* Runtime.cancel(running!.id)
    }))
    assert.deepStrictEqual(yield* launched, ["b Cancelled"])
    yield* startDaemon(definitions)
    yield* pass(30)
    assert.deepStrictEqual(yield* launched, ["b Cancelled"])
  })

  test("asks again for a run that it had taken over from one that was killed", function*() {
    const store = yield* Store
    const times = { startedAt: start, finishedAt: start }
    yield* store.commitTick({
      automation: "sensor",
      tick: { id: "tick", kind: "sensor", ...times, status: "Requested" },
      requests: [{ keys: ["b"] }]
    })
    const [item] = yield* store.queue()
    yield* store.take(item!.id, "dead")
    yield* store.launched(item!.id, "run", "dead")
    const log = yield* EventLog.EventLog
    const tags = { automation: "sensor", tick: "tick", queued: item!.id, process: "dead" }
    yield* log.append([{ _tag: "RunStarted", runId: "run", timestamp: start, keys: ["b"], tags }])
    yield* Effect.forkScoped(
      Effect.scoped(Effect.andThen(buildDaemon(definitions, { maxResumes: 1 }), Effect.sleep("3 seconds")))
    )
    yield* pass(5)
    const [resumed] = yield* log.runs({ statuses: ["Cancelled"] })
    assert.strictEqual(resumed!.retryOf, "run")
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ request }) => request), [
      { keys: ["b"], tags: { automation: "sensor", tick: "tick", instead_of: resumed!.id } }
    ])
  })

  test("does not ask again for what no automation has asked for", function*() {
    yield* computed
    yield* Effect.forkScoped(Effect.scoped(Effect.gen(function*() {
      yield* buildDaemon(definitions)
      yield* Store.use((store) => store.enqueue([{ keys: ["b"] }]))
      yield* Effect.sleep("3 seconds")
    })))
    yield* pass(10)
    assert.deepStrictEqual(yield* queueOf("Queued"), [])
  })
})

describe("what fails and is requested again at once", () => {
  const again = { automation: Condition.and(Condition.missing, Condition.not(Condition.inProgress)) }
  /** When runs began, in seconds since the first one did. */
  const begun = Effect.map(EventLog.EventLog.use((log) => log.runs({})), (runs) => {
    const times = runs.map(({ startedAt }) => startedAt).toReversed()
    return times.map((at) => Math.floor((at - times[0]!) / 1_000))
  })

  test("is launched less and less often, and tells why it waits", function*() {
    const a = Asset.make("a", { compute: () => Effect.fail("down"), ...again })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), layer: inMemory }))
    yield* pass(20)
    assert.deepStrictEqual(yield* begun, [0, 1, 3, 7, 15])
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor?.replace(/\.\d+Z/, "")), [
      "it is tried again at 2024-03-01T00:30:31, since it failed 5 times in a row"
    ])
    yield* TestClock.adjust("1 day")
    const times = yield* begun
    assert.deepStrictEqual(times.slice(5, 11), [31, 63, 127, 255, 511, 1_023])
    const waits = times.slice(11).map((at, place) => at - times[place + 10]!)
    assert.isTrue(waits.every((wait) => wait === 600), waits.join())
  })

  test("waits also for the daemon that takes over", function*() {
    const a = Asset.make("a", { compute: () => Effect.fail("down"), ...again })
    const definitions = Definitions.make({ graph: Graph.make({ a }), layer: inMemory })
    yield* Effect.scoped(Effect.andThen(startDaemon(definitions), pass(6)))
    yield* startDaemon(definitions)
    yield* pass(10)
    assert.deepStrictEqual(yield* begun, [0, 1, 3, 7, 15])
  })

  test("is launched at once after a success, and what is requested of others is not held up", function*() {
    const keys = Partitions.dynamic("key")
    let down = new Set(["x"])
    const a = Asset.make("a", {
      partitions: keys,
      compute: (_, { partition }) => down.has(partition) ? Effect.fail("down") : Effect.succeed(1),
      ...again
    })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), layer: inMemory }))
    const dynamic = yield* Partitions.DynamicKeys
    yield* dynamic.add("key", ["x"])
    yield* Catalog.observe("elsewhere", { dataVersion: "1" })
    yield* pass(10)
    assert.deepStrictEqual(yield* begun, [0, 1, 3, 7])
    yield* dynamic.add("key", ["y"])
    yield* Catalog.observe("elsewhere", { dataVersion: "2" })
    yield* pass(1)
    assert.deepStrictEqual(yield* launched, ["a Failed", "a Failed", "a Failed", "a Failed", "a Succeeded"])
    down = new Set()
    yield* pass(5)
    assert.strictEqual((yield* launched).at(-1), "a Succeeded")
    down = new Set(["x"])
    yield* EventLog.EventLog.use((log) => log.wipe(["a"]))
    yield* Store.use((store) => store.setState(Daemon.conditions, { running: false }))
    yield* Store.use((store) => store.setState(Daemon.conditions, { running: true }))
    yield* pass(4)
    // both of them, and then the one that fails
    const failed = (yield* EventLog.EventLog.use((log) => log.runs({ statuses: ["Failed"] }))).toReversed().slice(4)
    const since = failed.map(({ startedAt }) => Math.floor((startedAt - failed[0]!.startedAt) / 1_000))
    assert.deepStrictEqual(since, [0, 0, 1, 3])
  })
})

describe("what is gone when its turn comes", () => {
  /** Has conditions request something, as they did before definitions changed. */
  const requested = (...requests: ReadonlyArray<AutomationStore.Request>) =>
    Store.use((store) =>
      store.commitTick({
        automation: Daemon.conditions,
        tick: { id: "tick", kind: "condition", startedAt: start, finishedAt: start, status: "Requested" },
        requests
      })
    )
  const a = Asset.make("a", Effect.succeed(1))
  const b = Asset.make("b", { deps: [a], compute: () => Effect.succeed(1), ...eager })
  const failures = Effect.map(queueOf("Failed"), (items) => items.map(({ error }) => error?.message))

  test("an asset that was removed leaves the others of its run", function*() {
    const c = Asset.make("c", { deps: [b], compute: () => Effect.succeed(1), ...eager })
    const before = Graph.make({ a, b, c })
    yield* Runtime.run(before)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* startDaemon(Definitions.make({ graph: before, layer: inMemory }), { maxRuns: 0 })
      yield* Runtime.run(before, { select: ["a"] })
      yield* pass(3)
      assert.deepStrictEqual((yield* queueOf("Queued")).map(({ request }) => request.keys), [["b", "c"]])
    }))
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a, b }), layer: inMemory }))
    assert.deepStrictEqual(yield* launched, ["b Succeeded"])
  })

  test("a partition that was removed leaves the others", function*() {
    const parts = Asset.make("parts", { partitions: Partitions.dynamic("part"), compute: () => Effect.succeed(1) })
    yield* Partitions.DynamicKeys.use((keys) => keys.add("part", ["x", "z"]))
    yield* requested(
      { keys: ["parts"], partitions: ["x", "y"] },
      { keys: ["parts"], partition: "y" },
      { keys: ["parts"], partitions: { from: "y", to: "z" } }
    )
    yield* startDaemon(Definitions.make({ graph: Graph.make({ parts }), layer: inMemory }))
    const runs = yield* EventLog.EventLog.use((log) => log.runs({}))
    assert.deepStrictEqual(runs.map(({ partitions, status }) => [partitions?.["parts"], status]), [
      [{ _tag: "Keys", keys: ["x"] }, "Succeeded"]
    ])
    assert.deepStrictEqual(yield* failures, [
      `There is no partition "y" any more.`,
      `There are no partitions from "y" to "z" any more.`
    ])
  })

  test("of a range of time windows those are computed that are still there", function*() {
    const days = Asset.make("days", {
      partitions: Partitions.daily({ start: "2024-02-27" }),
      compute: () => Effect.succeed(1)
    })
    yield* requested({ keys: ["days"], partitions: { from: "2024-02-01", to: "2024-02-28" } })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ days }), layer: inMemory }))
    const [run] = yield* EventLog.EventLog.use((log) => log.runs({}))
    const found = run?.partitions?.["days"]
    assert.deepStrictEqual(
      found?._tag === "Windows" && [found.first, found.last, run?.status],
      ["2024-02-27", "2024-02-28", "Succeeded"]
    )
  })

  test("a check that was removed leaves the others, and where nothing is left it is told what is gone", function*() {
    const ok = Check.make("ok", { asset: b, check: () => Effect.succeed(true) })
    const graph = Graph.make({ a, b, ok })
    yield* Runtime.run(graph, { checks: "none" })
    yield* requested({ keys: [], checks: ["b:old", "b:ok"] }, { keys: [], checks: ["b:old"] }, { keys: ["c", "d"] })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    assert.isTrue((yield* EventLog.EventLog.use((log) => log.checks(["b"]))).has("b"))
    assert.deepStrictEqual(yield* failures, [
      `There is no check "b:old" any more.`,
      `There are no assets "c", "d" any more.`
    ])
  })

  test("an asset whose partitions are others now leaves those that have them still", function*() {
    const keys = Partitions.fixed(["x", "y"])
    const one = Asset.make("one", { partitions: keys, compute: () => Effect.succeed(1) })
    const two = Asset.make("two", { partitions: Partitions.fixed(["z"]), compute: () => Effect.succeed(1) })
    yield* requested({ keys: ["one", "two"], partitions: ["x", "y"] })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ one, two }), layer: inMemory }))
    assert.deepStrictEqual(yield* launched, ["one Succeeded"])
  })
})

describe("observations", () => {
  const hourly = { automation: Condition.onCron("0 * * * *") }

  test("one that fails, or never ends, holds up no others", function*() {
    const x = Asset.external("x", { observe: Effect.fail("down"), ...hourly })
    const stuck = Asset.external("stuck", { observe: Effect.never, ...hourly })
    const y = Asset.external("y", { observe: Effect.succeed("v1"), ...hourly })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ x, stuck, y }), layer: inMemory }))
    for (let hour = 0; hour < 3; hour++) yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* Catalog.observations(y)).length, 3)
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ error, request }) => [request.observe, error?.message]), [
      [["x"], "down"],
      [["x"], "down"],
      [["x"], "down"]
    ])
  })

  test("may take longer than a run may take to begin", function*() {
    const x = Asset.external("x", { observe: Effect.delay(Effect.succeed("v1"), "4 minutes"), ...hourly })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ x }), layer: inMemory }))
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* Catalog.observations(x)).length, 1)
  })

  test("may take no longer than a run may take", function*() {
    const x = Asset.external("x", { observe: Effect.never, ...hourly })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ x }), layer: inMemory }), { maxRuntime: "10 minutes" })
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ error }) => error?.message), [
      "Exceeded maximum runtime of 600 seconds."
    ])
  })
})

describe("a backfill whose process was killed", () => {
  const keys = Partitions.fixed(["x", "y"])
  const a = Asset.make("a", { partitions: keys, compute: () => Effect.succeed(1) })
  const b = Asset.make("b", { partitions: keys, deps: [a], compute: () => Effect.succeed(1), ...eager })
  const graph = Graph.make({ a, b })
  const all = { _tag: "Keys", keys: ["x", "y"] } as const
  /** What it leaves: a backfill and a run without an end. */
  const begun = EventLog.EventLog.use((log) =>
    log.append([
      {
        _tag: "BackfillStarted",
        backfillId: "bf",
        timestamp: start,
        partitions: { b: all },
        partitionsPerRun: 1,
        tags: {}
      },
      {
        _tag: "RunStarted",
        runId: "run",
        timestamp: start,
        keys: ["b"],
        partitions: { b: all },
        tags: {},
        backfillId: "bf"
      }
    ])
  )
  const ends = Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const events = yield* Stream.runCollect(log.events({ tags: ["BackfillFinished"], backfillId: "bf" }))
    return events.map((event) => event._tag === "BackfillFinished" && event.status)
  })

  test("is recorded as ended where it does not end although somebody wants it, and conditions go on", function*() {
    for (const partition of ["x", "y"] as const) yield* Runtime.run(graph, { partition })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* begun
    yield* Runtime.run(graph, { select: ["a"], partition: "x" })
    yield* TestClock.adjust("1 day")
    assert.deepStrictEqual(yield* launched, [])
    yield* Runtime.cancelBackfill("bf")
    yield* TestClock.adjust("170 seconds")
    assert.deepStrictEqual(yield* ends, [])
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* ends, ["Cancelled"])
    const [run] = yield* EventLog.EventLog.use((log) => log.runs({ ids: ["run"] }))
    assert.deepStrictEqual([run?.status, run?.cancelRequested], ["Cancelled", true])
    assert.deepStrictEqual(yield* launched, ["b Succeeded"])
  })

  test("is recorded as ended by a daemon that begins after that was asked for", function*() {
    yield* begun
    yield* Runtime.cancelBackfill("bf")
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }), { cancelTimeout: "1 minute" })
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual(yield* ends, ["Cancelled"])
  })

  test("goes on where somebody has resumed it", function*() {
    yield* begun
    yield* Runtime.cancelBackfill("bf")
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    const slow = Graph.make({
      a,
      b: Asset.make("b", {
        partitions: keys,
        deps: [a],
        compute: () => Effect.as(Effect.sleep("10 minutes"), 1),
        ...eager
      })
    })
    yield* Effect.forkScoped(Runtime.backfill(slow, { resume: "bf" }))
    yield* TestClock.adjust("9 minutes")
    assert.deepStrictEqual(yield* ends, [])
    yield* TestClock.adjust("20 minutes")
    assert.deepStrictEqual(yield* ends, ["Succeeded"])
  })
})
