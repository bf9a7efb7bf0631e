import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Latch, Layer, Queue, Ref, Stream } from "effect"
import { Asset, EventLog, Freshness, Graph, Runtime } from "effect-assets"
import { Deployment, type Model, Operations } from "effect-assets/server"
import { TestClock } from "effect/testing"
import { definitionsOf, elsewhere, storages, testOf } from "../fixtures/deployment.ts"

const a = Asset.make("a", { codeVersion: "1", compute: () => Effect.succeed(1) })
const b = Asset.make("b", { codeVersion: "1", inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
const data = Asset.external("data", {
  freshness: Freshness.window({ fail: "1 hour", warn: "30 minutes" }),
  observe: Effect.succeed("1")
})
const graph = Graph.make({ a, b, data })

/** Lets time go by, in which other fibers go on, until something has come. */
const advance = (isThere: () => boolean) =>
  Effect.repeat(TestClock.adjust("50 millis"), { until: () => Effect.sync(isThere), times: 400 })

/** Somebody who looks, and what was told. */
const looking = (operations: Operations.Service) =>
  Effect.gen(function*() {
    const seen: Array<Model.Change> = []
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(operations.changes, (change) => Effect.sync(() => void seen.push(change)))
    )
    yield* advance(() => seen.length > 0)
    assert.strictEqual(seen[0]!._tag, "Hello")
    return { seen, fiber }
  })

/** What is known of assets to whoever was told of these changes. */
const known = (seen: ReadonlyArray<Model.Change>) => {
  const statuses = new Map<string, Model.AssetStatus>()
  for (const change of seen) {
    if (change._tag === "StatusChanged") { for (const status of change.statuses) statuses.set(status.key, status) }
  }
  return statuses
}

for (const [name, layer] of Object.entries(storages)) {
  describe(`changes with a log in ${name}`, () => {
    const test = testOf({ graph, layer })

    test("are told of the assets that have changed, and of runs", function*(operations) {
      const { seen } = yield* looking(operations)
      yield* operations.observe("data")
      yield* advance(() => known(seen).has("data"))
      assert.deepStrictEqual([...known(seen).keys()], ["data"])
      const { runId } = yield* operations.launch({ keys: ["a", "b"] })
      const runsOf = () => seen.flatMap((change) => change._tag === "RunsChanged" ? change.runs : [])
      yield* advance(() => runsOf().some(({ id, status }) => id === runId && status === "Succeeded"))
      yield* advance(() => known(seen).get("b")?.staleness === "Fresh")
      assert.deepStrictEqual(known(seen).get("b")!.running, [])
      // what everybody was told is what everybody finds who reads
      const { items } = yield* operations.assets({})
      for (const { key, status } of items) assert.deepStrictEqual(known(seen).get(key), status)
    })

    test("are told of what another process does", function*(operations) {
      const { seen } = yield* looking(operations)
      yield* elsewhere(Runtime.run(graph, { select: ["a"] }))
      yield* advance(() => known(seen).get("a")?.staleness === "Fresh")
      assert.isUndefined(known(seen).get("data"))
    })

    test("are told when history is forgotten", function*(operations) {
      yield* elsewhere(Runtime.run(graph, { select: ["a"] }))
      const { seen } = yield* looking(operations)
      yield* operations.wipe(["a"])
      yield* advance(() => known(seen).get("a")?.staleness === "Missing")
      // another process forgets without telling anybody
      yield* elsewhere(Runtime.run(graph, { select: ["a"] }))
      yield* advance(() => known(seen).get("a")?.staleness === "Fresh")
      yield* elsewhere(EventLog.EventLog.use((log) => log.wipe(["a"])))
      yield* TestClock.adjust("31 seconds")
      yield* advance(() => known(seen).get("a")?.staleness === "Missing")
    })

    test("are told when time passes", function*(operations) {
      yield* operations.observe("data")
      const { seen } = yield* looking(operations)
      const statusOf = () => known(seen).get("data")?.freshness?.status
      yield* TestClock.adjust("30 minutes")
      yield* advance(() => statusOf() !== undefined)
      assert.strictEqual(statusOf(), "Warning")
      yield* TestClock.adjust("30 minutes")
      yield* advance(() => statusOf() !== "Warning")
      assert.strictEqual(statusOf(), "Overdue")
    })
  })
}

describe("one reading of the log", () => {
  /** How many follow the log, and how often states were read. */
  const counted = Effect.fnUntraced(function*(takes: Duration.Input) {
    const log = yield* EventLog.makeMemory
    const tails = yield* Ref.make(0)
    const reads = yield* Ref.make(0)
    const service: EventLog.Service = {
      ...log,
      tail: (filter) =>
        Stream.unwrap(Effect.as(
          Effect.acquireRelease(Ref.update(tails, (n) => n + 1), () => Ref.update(tails, (n) => n - 1)),
          log.tail(filter)
        )),
      checks: (keys) =>
        Effect.andThen(Ref.update(reads, (n) => n + 1), Effect.andThen(Effect.sleep(takes), log.checks(keys)))
    }
    return { layer: Layer.merge(storages.memory, Layer.succeed(EventLog.EventLog, service)), reads, tails }
  })

  it.effect("takes a fifth of the time at most, however much is recorded", () =>
    Effect.gen(function*() {
      const { layer, reads } = yield* counted("100 millis")
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        yield* looking(operations)
        yield* Ref.set(reads, 0)
        yield* Effect.forkChild(Effect.forever(Effect.andThen(operations.observe("data"), Effect.sleep("10 millis"))))
        yield* Effect.repeat(TestClock.adjust("10 millis"), { times: 1_000 })
        const read = yield* Ref.get(reads)
        assert.isAtLeast(read, 10)
        assert.isAtMost(read, 21)
      }).pipe(Effect.provide(Layer.provideMerge(
        Operations.layer,
        Deployment.layer({ module: "m", load: Effect.succeed(definitionsOf(graph, layer)) })
      )))
    }))

  it.effect("is shared by everybody who looks, and ends with the last one", () =>
    Effect.gen(function*() {
      const { layer, tails } = yield* counted(0)
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        assert.strictEqual(yield* Ref.get(tails), 0)
        const one = yield* looking(operations)
        const other = yield* looking(operations)
        assert.strictEqual(yield* Ref.get(tails), 1)
        yield* operations.observe("data")
        yield* advance(() => known(one.seen).has("data") && known(other.seen).has("data"))
        yield* Fiber.interrupt(one.fiber)
        assert.strictEqual(yield* Ref.get(tails), 1)
        yield* Fiber.interrupt(other.fiber)
        assert.strictEqual(yield* Ref.get(tails), 0)
        const again = yield* looking(operations)
        assert.strictEqual(yield* Ref.get(tails), 1)
        yield* Fiber.interrupt(again.fiber)
      }).pipe(Effect.provide(Layer.provideMerge(
        Operations.layer,
        Deployment.layer({ module: "m", load: Effect.succeed(definitionsOf(graph, layer)) })
      )))
    }))

  it.effect("that fails is told, and made anew by who looks next", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.makeMemory
      const isBroken = yield* Ref.make(false)
      const service: EventLog.Service = {
        ...log,
        versions: (keys, options) =>
          Effect.flatMap(Ref.get(isBroken), (isBroken) =>
            isBroken
              ? Effect.fail(new EventLog.EventLogError({ operation: "read", cause: new Error("disk") }))
              : log.versions(keys, options))
      }
      const layer = Layer.merge(storages.memory, Layer.succeed(EventLog.EventLog, service))
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        const { fiber } = yield* looking(operations)
        yield* Ref.set(isBroken, true)
        yield* operations.observe("data")
        yield* advance(() => fiber.pollUnsafe() !== undefined)
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.deepInclude(error, { _tag: "Unavailable", code: "EventLogError" })
        assert.include(error.message, "disk")
        yield* Ref.set(isBroken, false)
        const again = yield* looking(operations)
        yield* Fiber.interrupt(again.fiber)
      }).pipe(Effect.provide(Layer.provideMerge(
        Operations.layer,
        Deployment.layer({ module: "m", load: Effect.succeed(definitionsOf(graph, layer)) })
      )))
    }))

  it.effect("tells the newest of each asset to who does not keep up", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const gate = Latch.makeUnsafe(true)
      const seen: Array<Model.Change> = []
      yield* Effect.forkChild(
        Stream.runForEach(operations.changes, (change) =>
          Effect.andThen(gate.await, Effect.sync(() => void seen.push(change))))
      )
      const other = yield* looking(operations)
      yield* advance(() =>
        seen.length > 0
      )
      gate.closeUnsafe()
      for (let at = 0; at < 20; at++) {
        yield* operations.report({ key: "data", dataVersion: String(at) })
        yield* advance(() => known(other.seen).get("data")?.last?.dataVersion === String(at))
      }
      yield* gate.open
      yield* advance(() => known(seen).get("data")?.last?.dataVersion === "19")
      // one that it was about to take, and one for the rest
      assert.isAtMost(seen.filter(({ _tag }) => _tag === "StatusChanged").length, 4)
    }).pipe(Effect.provide(Layer.provideMerge(
      Operations.layer,
      Deployment.layer({ module: "m", load: Effect.succeed(definitionsOf(graph)) })
    ))))

  it.effect("tells who has fallen behind to read everything", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const gate = Latch.makeUnsafe(true)
      const seen: Array<Model.Change> = []
      yield* Effect.forkChild(
        Stream.runForEach(operations.changes, (change) =>
          Effect.andThen(gate.await, Effect.sync(() => void seen.push(change))))
      )
      yield* advance(() =>
        seen.length > 0
      )
      yield* elsewhere(EventLog.EventLog.use((log) =>
        log.append(Array.from({ length: 3_000 }, (_, at) => ({
          _tag: "RunStarted",
          runId: `run ${at}`,
          timestamp: 0,
          keys: ["a"],
          tags: {}
        })))
      ))
      yield* advance(() => seen.filter(({ _tag }) => _tag === "Hello").length === 2)
      assert.isFalse(seen.some((change) => change._tag === "RunsChanged" && change.runs.length > 1_000))
    }).pipe(Effect.provide(Layer.provideMerge(
      Operations.layer,
      Deployment.layer({ module: "m", load: Effect.succeed(definitionsOf(graph)) })
    ))))
})

describe("definitions that change", () => {
  it.effect("are told, and so are the states of what is loaded then", () =>
    Effect.gen(function*() {
      const c = Asset.make("c", Effect.succeed(1))
      const loads = yield* Queue.unbounded<Graph.Any>()
      yield* Queue.offer(loads, graph)
      const load = Effect.map(Queue.take(loads), (graph) => definitionsOf(graph))
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        const { seen } = yield* looking(operations)
        yield* Queue.offer(loads, Graph.make({ a, c }))
        yield* operations.reload
        const generations = () =>
          seen.flatMap((change) => change._tag === "DefinitionsChanged" ? [change.deployment.generation] : [])
        yield* advance(() => generations().includes(2))
        yield* operations.launch({ keys: ["c"] })
        yield* advance(() => known(seen).get("c")?.staleness === "Fresh")
        assert.strictEqual((yield* operations.graph).generation, 2)
      }).pipe(Effect.provide(Layer.provideMerge(Operations.layer, Deployment.layer({ module: "m", load }))))
    }))

  it.effect("and cannot be loaded are told as the reason, until they can", () =>
    Effect.gen(function*() {
      const isBroken = yield* Ref.make(true)
      const load = Effect.flatMap(Ref.get(isBroken), (isBroken) =>
        isBroken
          ? Effect.fail(new Deployment.LoadError({ module: "m", problem: "it is broken" }))
          : Effect.succeed(definitionsOf(graph)))
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        const { seen } = yield* looking(operations)
        yield* advance(() => seen.some((change) => "deployment" in change && change.deployment.loadError !== undefined))
        assert.strictEqual((yield* operations.deployment).assets, 0)
        assert.strictEqual((yield* Effect.flip(operations.assets({})))._tag, "Unavailable")
        yield* Ref.set(isBroken, false)
        yield* operations.reload
        yield* advance(() => seen.some((change) => "deployment" in change && change.deployment.assets === 3))
        yield* operations.observe("data")
        yield* advance(() => known(seen).has("data"))
      }).pipe(Effect.provide(Layer.provideMerge(Operations.layer, Deployment.layer({ module: "m", load }))))
    }))
})
