/** What a daemon makes of conditions where things happen at once, go away and come back, or never stop holding. */
import { assert, describe } from "@effect/vitest"
import { Effect, Option } from "effect"
import {
  Asset,
  Automation,
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
import { evaluateConditions } from "effect-assets/testing"
import { TestClock } from "effect/testing"
import { buildDaemon, testsAt } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const test = testsAt(Date.parse("2024-03-01T00:30:00Z"))

/** Lets some time pass, second by second, so that what waits for something else gets its turn. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

const startDaemon = <T extends Graph.Assets, C extends Check.Any, E, R>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Daemon.Options
) => Effect.tap(buildDaemon(definitions, options), () => pass(3))

const { AutomationStore: Store } = AutomationStore
const statuses = ["Queued", "Launching", "Launched", "Failed", "Cancelled"] as const

/** Everything that was ever requested, the oldest first. */
const requested = Effect.map(
  Store.use((store) => store.queue({ statuses, automation: Daemon.conditions, order: "newest" })),
  (queue) => queue.map(({ request }) => request).toReversed()
)

/** The keys of the runs that the daemon has launched, the oldest first. */
const launched = Effect.map(
  EventLog.EventLog.use((log) => log.runs({ tags: { automation: Daemon.conditions } })),
  (runs) => runs.map(({ keys }) => keys.join()).toReversed()
)

const eager = { automation: Condition.eager() }
const value = () => Effect.succeed(1)
const slowly = (seconds: number) => () => Effect.as(Effect.sleep(seconds * 1000), 1)

describe("at once", () => {
  test("an update while the asset is computed is not forgotten", function*() {
    let version = 0
    const a = Asset.make("a", {
      compute: () => Effect.sync(() => Asset.output(++version, { dataVersion: String(version) }))
    })
    const b = Asset.make("b", { inputs: { a }, compute: slowly(10), ...eager })
    const graph = Graph.make({ a, b })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["a"] })
    yield* pass(5)
    yield* Runtime.run(graph, { select: ["a"] })
    yield* pass(60)
    assert.deepStrictEqual(yield* launched, ["b", "b"])
    assert.strictEqual((yield* Catalog.staleness(graph)).b._tag, "Fresh")
  })

  test("outputs that are computed together are computed once, and before what reads any of them", function*() {
    let calls = 0
    const source = Asset.make("source", { compute: value })
    const both = Asset.multi("both", {
      deps: [source],
      outputs: { one: eager, two: eager },
      compute: () => Effect.sync(() => ({ one: ++calls, two: calls }))
    })
    const reader = Asset.make("reader", { inputs: { two: both.assets.two }, compute: value, ...eager })
    const graph = Graph.make({ source, one: both.assets.one, two: both.assets.two, reader })
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    calls = 0
    yield* Runtime.run(graph, { select: ["source"] })
    yield* pass(10)
    assert.deepStrictEqual(yield* launched, ["one,two,reader"])
    assert.strictEqual(calls, 1)
  })

  test("what is updated after a tick counts, though both are seen at once", function*() {
    const a = Asset.make("a", { compute: value })
    const b = Asset.make("b", { deps: [a], compute: value, automation: Condition.onCron("0 * * * *") })
    const graph = Graph.make({ a, b })
    const evaluate = (cursor?: Condition.Cursor) => evaluateConditions({ graph }, cursor && { cursor })
    const first = yield* evaluate()
    yield* TestClock.adjust("40 minutes")
    yield* Runtime.run(graph, { select: ["a"] })
    const second = yield* evaluate(first.cursor)
    assert.deepStrictEqual(second.requests.map(({ key }) => key), ["b"])
    // and what was computed before the tick is no reason to leave it out
    yield* TestClock.adjust("10 minutes")
    const third = yield* evaluate(second.cursor)
    yield* Runtime.run(graph, { select: ["b"] })
    yield* TestClock.adjust("45 minutes")
    yield* Runtime.run(graph, { select: ["a"] })
    const fourth = yield* evaluate(third.cursor)
    assert.deepStrictEqual(fourth.requests.map(({ key }) => key), ["b"])
  })

  test("a run that ends while conditions are read is seen", function*() {
    const a = Asset.make("a", {
      compute: slowly(10),
      automation: Condition.and(Condition.missing, Condition.not(Condition.inProgress))
    })
    const graph = Graph.make({ a })
    yield* Effect.forkScoped(Runtime.run(graph))
    yield* pass(9)
    const log = yield* EventLog.EventLog
    // everything takes a second to read
    const slow = new Proxy(log, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name)
        return name !== "versions" && name !== "runs" ?
          found :
          (...args: ReadonlyArray<never>) =>
            Effect.tap((found as (...args: ReadonlyArray<never>) => Effect.Effect<unknown>)(...args), () => pass(1))
      }
    })
    const { requests } = yield* Effect.provideService(evaluateConditions({ graph }), EventLog.EventLog, slow)
    assert.deepStrictEqual(requests, [])
  })
})

describe("what goes on to hold", () => {
  test("is requested once while it waits", function*() {
    const a = Asset.make("a", { compute: value, automation: Condition.missing })
    const graph = Graph.make({ a })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory, queue: { maxRuns: 0 } }))
    yield* pass(60)
    assert.strictEqual((yield* requested).length, 1)
    const version = yield* Store.use((store) => store.version)
    yield* pass(60)
    assert.strictEqual(yield* Store.use((store) => store.version), version)
  })

  test("is requested once while it is computed, and again if it still holds", function*() {
    let calls = 0
    const a = Asset.make("a", {
      compute: () => Effect.andThen(Effect.sync(() => calls++), Effect.sleep("10 seconds")),
      automation: Condition.not(Condition.executionFailed)
    })
    const graph = Graph.make({ a })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* pass(5)
    assert.strictEqual(calls, 1)
    yield* pass(10)
    assert.strictEqual(calls, 2)
  })

  test("waits for partitions of a product as for others", function*() {
    const partitions = Partitions.product({
      date: Partitions.daily({ start: "2024-02-20" }),
      letter: Partitions.fixed(["x", "y"])
    })
    const a = Asset.make("a", { partitions, compute: value })
    const b = Asset.make("b", { partitions, deps: [a], compute: value, ...eager })
    const graph = Graph.make({ a, b })
    const run = Runtime.run(graph, { select: ["a"], partition: "2024-02-29|x" })
    yield* run
    yield* startDaemon(Definitions.make({ graph, layer: inMemory, queue: { maxRuns: 0 } }))
    for (let i = 0; i < 3; i++) yield* Effect.andThen(run, pass(3))
    assert.deepStrictEqual((yield* requested).map(({ partition }) => partition), ["2024-02-29|x"])
  })

  test("a check is in progress while it is evaluated by itself", function*() {
    let calls = 0
    const a = Asset.make("a", { compute: value })
    const check = Check.make("check", {
      asset: a,
      automation: Condition.and(Condition.missing, Condition.not(Condition.inProgress)),
      check: () => Effect.as(Effect.andThen(Effect.sync(() => calls++), Effect.sleep("10 seconds")), true)
    })
    const graph = Graph.make({ a, check })
    yield* Runtime.run(graph, { checks: "none" })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* pass(30)
    assert.strictEqual(calls, 1)
  })
})

describe("what goes away and comes back", () => {
  test("dynamic partitions that somebody adds are seen, though nothing is recorded of them", function*() {
    const a = Asset.make("a", {
      partitions: Partitions.dynamic("files"),
      compute: value,
      automation: Condition.onMissing()
    })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), layer: inMemory }))
    yield* Partitions.DynamicKeys.use((keys) => keys.add("files", ["one"]))
    yield* pass(70)
    assert.deepStrictEqual((yield* requested).map(({ partition }) => partition), ["one"])
  })

  test("dynamic partitions that a sensor adds are seen at once", function*() {
    const a = Asset.make("a", {
      partitions: Partitions.dynamic("files"),
      compute: value,
      automation: Condition.onMissing()
    })
    const sensor = Automation.sensor("inbox", {
      every: "10 seconds",
      evaluate: ({ cursor }) =>
        Effect.succeed(Automation.skip("keys alone", {
          cursor: "seen",
          ...(cursor !== undefined && { addPartitions: { files: ["one"] } })
        }))
    })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), automations: [sensor], layer: inMemory }))
    yield* pass(12)
    assert.deepStrictEqual((yield* requested).map(({ partition }) => partition), ["one"])
  })

  test("a key that is removed and added again is a new one", function*() {
    const a = Asset.make("a", {
      partitions: Partitions.dynamic("files"),
      compute: value,
      automation: Condition.onMissing()
    })
    const graph = Graph.make({ a })
    const keys = yield* Partitions.DynamicKeys
    const evaluate = Effect.fnUntraced(function*(cursor: Condition.Cursor | undefined) {
      return yield* evaluateConditions({ graph }, { cursor })
    })
    yield* keys.add("files", ["one", "two"])
    const first = yield* evaluate(undefined)
    yield* keys.remove("files", ["one"])
    const second = yield* evaluate(first.cursor)
    yield* keys.add("files", ["one"])
    const third = yield* evaluate(second.cursor)
    assert.deepStrictEqual(third.requests.map(({ partitions }) => partitions), [["one"]])
  })

  test("an asset that comes to be a dep brings no news of what it was before", function*() {
    const a = Asset.make("a", { compute: value })
    const other = Asset.make("other", { compute: value })
    const graphOf = (...deps: ReadonlyArray<Asset.AnyInput>) =>
      Graph.fromAssets([a, other, Asset.make("b", { deps, compute: value, ...eager })])
    const small = Graph.make({ a, b: Asset.make("b", { deps: [a], compute: value, ...eager }) })
    yield* Runtime.run(small)
    const first = yield* evaluateConditions({ graph: small })
    yield* Runtime.run(Graph.make({ other }))
    const second = yield* evaluateConditions({ graph: small }, { cursor: first.cursor })
    const third = yield* evaluateConditions({ graph: graphOf(a, other) }, { cursor: second.cursor })
    assert.deepStrictEqual(third.requests, [])
  })

  test("what is not defined for a while goes on from where it was", function*() {
    const a = Asset.make("a", { compute: value })
    const b = Asset.make("b", { deps: [a], compute: value, ...eager })
    const other = Asset.make("other", { deps: [a], compute: value, ...eager })
    const whole = Graph.make({ a, b, other })
    const part = Graph.make({ a, other })
    yield* Runtime.run(whole)
    const ofWhole = startDaemon(Definitions.make({ graph: whole, layer: inMemory }))
    const ofPart = startDaemon(Definitions.make({ graph: part, layer: inMemory }))
    yield* Effect.scoped(ofWhole)
    yield* Effect.scoped(Effect.andThen(ofPart, Effect.andThen(Runtime.run(part, { select: ["a"] }), pass(5))))
    assert.deepStrictEqual(yield* launched, ["other"])
    // what happened meanwhile is no news to the others
    yield* ofWhole
    yield* pass(5)
    assert.deepStrictEqual(yield* launched, ["other", "b"])
  })
})

describe("what is read of the log", () => {
  const a = Asset.make("a", { compute: value })
  const b = Asset.make("b", { deps: [a], compute: value, ...eager })
  const graph = Graph.make({ a, b })

  test("is no less where very much is recorded at once", function*() {
    yield* Runtime.run(graph)
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    const log = yield* EventLog.EventLog
    const elsewhere = (at: number): EventLog.Event => ({
      _tag: "AssetObserved",
      timestamp: 0,
      key: "elsewhere",
      dataVersion: String(at),
      metadata: {}
    })
    yield* Runtime.run(graph, { select: ["a"] })
    yield* log.append(Array.from({ length: 5_000 }, (_, at) => elsewhere(at)))
    yield* pass(5)
    assert.deepStrictEqual(yield* launched, ["b"])
  })

  test("is seen to be removed soon, though nothing is recorded of that", function*() {
    const missing = Asset.make("missing", { compute: value, automation: Condition.missing })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ missing }), layer: inMemory }))
    assert.deepStrictEqual(yield* launched, ["missing"])
    yield* EventLog.EventLog.use((log) => log.wipe(["missing"]))
    yield* pass(60)
    yield* Catalog.observe("elsewhere", { dataVersion: "1" })
    yield* pass(5)
    assert.deepStrictEqual(yield* launched, ["missing", "missing"])
  })
})

describe("optional inputs", () => {
  test("that were skipped are not waited for", function*() {
    const prices = Asset.make("prices", { compute: value })
    const warning = Asset.make("warning", { compute: () => Effect.succeed(Option.none<number>()) })
    const report = Asset.make("report", {
      inputs: { prices, warning: Asset.optional(warning) },
      compute: ({ prices }) => Effect.succeed(prices),
      ...eager
    })
    const needed = Asset.make("needed", { inputs: { prices, warning }, compute: value, ...eager })
    const graph = Graph.make({ prices, warning, report, needed })
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* Runtime.run(graph, { select: ["prices", "warning"] })
    yield* pass(10)
    assert.deepStrictEqual(yield* launched, ["report"])
  })
})

describe("jobs", () => {
  test("are handled when they were requested, and compute what has just ended", function*() {
    const a = Asset.make("a", { compute: value })
    const daily = Asset.make("daily", {
      partitions: Partitions.daily({ start: "2024-02-20" }),
      deps: [a],
      compute: value
    })
    const job = Job.make("job", {
      select: ["daily"],
      automation: Condition.sinceLastHandled(Condition.anyJobRootsMatch(Condition.anyDepsUpdated))
    })
    const graph = Graph.make({ a, daily })
    yield* startDaemon(Definitions.make({ graph, jobs: [job], layer: inMemory }))
    yield* Runtime.run(graph, { select: ["a"] })
    yield* pass(10)
    const runs = yield* EventLog.EventLog.use((log) => log.runs({ tags: { job: "job" } }))
    assert.deepStrictEqual(runs.map(({ status }) => status), ["Succeeded"])
    const events = yield* Catalog.history(daily)
    assert.deepStrictEqual(events.map(({ partition }) => partition), ["2024-02-29"])
  })
})
