/** What a daemon makes of runs where its log, its store or its process fails it: each is launched once, and has one end. */
import { assert, describe } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Scope, Stream } from "effect"
import {
  Asset,
  Automation,
  AutomationStore,
  type Check,
  Daemon,
  Definitions,
  EventLog,
  Graph,
  Job
} from "effect-assets"
import { TestClock } from "effect/testing"
import { buildDaemon, type Stored, testsAt } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:00:30Z")

const test = testsAt(start)

const startDaemon = <T extends Graph.Assets, C extends Check.Any, E, R>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Daemon.Options
) => Effect.tap(buildDaemon(definitions, options), TestClock.adjust(1))

const { AutomationStore: Store } = AutomationStore
const { EventLog: Log } = EventLog

const request = (...requests: ReadonlyArray<AutomationStore.Request>) => Store.use((store) => store.enqueue(requests))
const queueOf = (...statuses: ReadonlyArray<AutomationStore.QueueStatus>) =>
  Store.use((store) => store.queue({ statuses }))
/** What has run, the oldest first, and what became of it. */
const runs = Effect.map(
  Log.use((log) => log.runs({})),
  (runs) => runs.map(({ keys, status }) => `${keys.join()} ${status}`).toReversed()
)
/** Why runs were to end. */
const reasons = Effect.map(
  Log.use((log) => Stream.runCollect(log.events({ tags: ["RunCancelRequested"] }))),
  (events) => events.map((event) => event._tag === "RunCancelRequested" && event.reason)
)

/** The services of the test, with some of what the log and the store do done otherwise. */
const otherwise = Effect.fnUntraced(function*(options: {
  readonly log?: (log: EventLog.Service) => Partial<EventLog.Service>
  readonly store?: (store: AutomationStore.Service) => Partial<AutomationStore.Service>
}) {
  const context = yield* Effect.context<Stored>()
  const [log, store] = [Context.get(context, Log), Context.get(context, Store)]
  return Context.add(
    Context.add(context, Log, { ...log, ...options.log?.(log) }),
    Store,
    { ...store, ...options.store?.(store) }
  )
})

/** What a process leaves that was killed: a run without an end. */
const orphan = (tags: { readonly [name: string]: string }, ...keys: ReadonlyArray<string>) =>
  Log.use((log) => log.append([{ _tag: "RunStarted", runId: "orphan", timestamp: start, keys, tags }]))

/** Has conditions request something, in one evaluation. */
const requestedByConditions = (...requests: ReadonlyArray<AutomationStore.Request>) =>
  Effect.flatMap(
    Store.use((store) =>
      store.commitTick({
        automation: Daemon.conditions,
        tick: { id: "tick", kind: "condition", startedAt: start, finishedAt: start, status: "Requested" },
        requests
      })
    ),
    (committed) => committed._tag === "Committed" ? Effect.succeed(committed) : Effect.die(committed)
  )

const diskFull = new EventLog.EventLogError({ operation: "append", cause: new Error("disk full") })

const a = Asset.make("a", Effect.succeed(1))

describe("a log that cannot be written for a while", () => {
  const slow = Asset.make("slow", Effect.as(Effect.sleep("30 seconds"), 1))
  const definitions = Definitions.make({
    graph: Graph.make({ slow, a }),
    queue: { maxRuns: 1 },
    layer: inMemory
  })

  test("leaves no run that goes on for ever: what waits for its end begins", function*() {
    let isFull = false
    const flaky = yield* otherwise({
      log: (log) => ({ append: (events) => Effect.suspend(() => isFull ? diskFull : log.append(events)) })
    })
    yield* Effect.provideContext(startDaemon(definitions), flaky)
    yield* request({ select: "slow" }, { select: "a" })
    yield* TestClock.adjust("10 seconds")
    isFull = true
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* runs, ["slow Running"])
    isFull = false
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* runs, ["slow Failed", "a Succeeded"])
    assert.deepStrictEqual(yield* reasons, ["It has ended, and its end could not be recorded."])
  })
})

describe("a log that fails several times in a row", () => {
  test("has no request launched twice: whether it has begun is known as soon as it can be read", function*() {
    let failures = 0
    const failing = <A>(effect: Effect.Effect<A, EventLog.EventLogError>) =>
      Effect.suspend(() => failures > 0 && failures-- > 0 ? Effect.fail(diskFull) : effect)
    const flaky = yield* otherwise({
      log: (log) => ({
        append: (events) =>
          events.some(({ _tag }) => _tag === "RunStarted") && failures === 0
            // it is recorded, but nobody hears of that, nor can the end be recorded, or the log be read
            ? Effect.andThen(
              log.append(events),
              Effect.suspend(() => {
                failures = 2
                return diskFull
              })
            )
            : failing(log.append(events)),
        runs: (filter) => filter.tags === undefined ? log.runs(filter) : failing(log.runs(filter))
      })
    })
    yield* Effect.provideContext(startDaemon(Definitions.make({ graph: Graph.make({ a }), layer: inMemory })), flaky)
    yield* request({ select: "a" })
    yield* TestClock.adjust("5 minutes")
    assert.deepStrictEqual(yield* runs, ["a Failed"])
    assert.deepStrictEqual((yield* queueOf("Launched")).map(({ attempts }) => attempts), [1])
  })
})

describe("a process that stands still for longer than it is known to live", () => {
  /** What a process is like that somebody may suspend: nothing that it does reaches its log or its store until it is woken. */
  const suspendable = Effect.gen(function*() {
    const awake = yield* Deferred.make<void>()
    let isSuspended = false
    const suspend = Effect.sync(() => {
      isSuspended = true
    })
    const wake = Effect.sync(() => {
      isSuspended = false
      Deferred.doneUnsafe(awake, Exit.void)
    })
    const gated = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.andThen(Effect.suspend(() => isSuspended ? Deferred.await(awake) : Effect.void), effect)
    return { suspend, wake, gated }
  })

  test("launches nothing that another one has launched meanwhile", function*() {
    const { gated, suspend, wake } = yield* suspendable
    let computed = 0
    const once = Asset.make("once", { compute: () => Effect.sync(() => ++computed) })
    const definitions = Definitions.make({ graph: Graph.make({ once }), layer: inMemory })
    const slow = yield* otherwise({
      // it is known to live by then
      log: ({ append }) => ({ append: (events) => Effect.andThen(gated(Effect.sleep(10)), append(events)) }),
      store: (store) => ({
        lease: (name, owner, ttl) => gated(store.lease(name, owner, ttl)),
        take: (id, owner) => Effect.tap(store.take(id, owner), () => Effect.andThen(suspend, gated(Effect.void))),
        launched: (id, runId, owner) => gated(store.launched(id, runId, owner))
      })
    })
    yield* Effect.provideContext(startDaemon(definitions), slow)
    yield* startDaemon(definitions)
    yield* request({ select: "once" })
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual(computed, 1)
    yield* wake
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual(computed, 1)
    assert.deepStrictEqual((yield* queueOf("Launched")).map(({ attempts }) => attempts), [2])
    assert.deepStrictEqual(yield* runs, ["once Succeeded", "once Cancelled"])
    assert.deepStrictEqual(yield* reasons, ["Its process stood still, and another one has taken the request."])
  })

  test("resumes nothing that another one has resumed meanwhile", function*() {
    const { gated, suspend, wake } = yield* suspendable
    let computed = 0
    const once = Asset.make("once", { compute: () => Effect.sync(() => ++computed) })
    const definitions = Definitions.make({ graph: Graph.make({ once }), layer: inMemory })
    let isAbout = true
    const slow = yield* otherwise({
      log: (log) => ({
        append: (events) => gated(log.append(events)),
        runs: (filter) =>
          Effect.tap(log.runs(filter), () => {
            const isResuming = isAbout && filter.ids !== undefined
            if (isResuming) isAbout = false
            return isResuming ? Effect.andThen(suspend, gated(Effect.void)) : Effect.void
          })
      }),
      store: (store) => ({ lease: (name, owner, ttl) => gated(store.lease(name, owner, ttl)) })
    })
    yield* orphan({ process: "dead" }, "once")
    yield* Effect.provideContext(startDaemon(definitions, { maxResumes: 1 }), slow)
    yield* startDaemon(definitions, { maxResumes: 1 })
    yield* TestClock.adjust("5 minutes")
    assert.deepStrictEqual(yield* runs, ["once Cancelled", "once Succeeded"])
    yield* wake
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual(computed, 1)
  })
  /** A process that computes something, and renews nothing, for so many seconds, while another one stands by. */
  const busyFor = Effect.fnUntraced(function*(seconds: number) {
    const { gated, suspend, wake } = yield* suspendable
    const slow = Asset.make("slow", Effect.as(Effect.sleep("2 minutes"), 1))
    const definitions = Definitions.make({ graph: Graph.make({ slow }), layer: inMemory })
    const busy = yield* otherwise({
      store: (store) => ({ lease: (name, owner, ttl) => gated(store.lease(name, owner, ttl)) })
    })
    const first = yield* Effect.provideContext(startDaemon(definitions), busy)
    const second = yield* startDaemon(definitions)
    yield* request({ select: "slow" })
    yield* TestClock.adjust(1)
    yield* suspend
    yield* TestClock.adjust(seconds * 1_000)
    assert.isTrue((yield* second.status).leading)
    yield* wake
    yield* TestClock.adjust("3 minutes")
    assert.isFalse((yield* first.status).leading)
  })

  test("keeps its runs for four times as long as it may act", function*() {
    yield* busyFor(50)
    assert.deepStrictEqual(yield* runs, ["slow Succeeded"])
  })

  test("loses its runs after that", function*() {
    yield* busyFor(80)
    assert.deepStrictEqual(yield* runs, ["slow Failed"])
    assert.deepStrictEqual(yield* reasons, ["The process that ran it has ended."])
  })
})

describe("a daemon that has lost its lease", () => {
  /** A sensor that cannot be interrupted, until it is told to end. */
  const stubborn = Effect.sync(() => {
    const gate = Deferred.makeUnsafe<void>()
    const evaluating = { now: 0, most: 0 }
    const sensor = Automation.sensor("stubborn", {
      evaluate: () =>
        Effect.gen(function*() {
          evaluating.most = Math.max(evaluating.most, ++evaluating.now)
          yield* Deferred.await(gate)
          evaluating.now--
          return Automation.skip("at last")
        }).pipe(Effect.uninterruptible)
    })
    return { end: Deferred.succeed(gate, undefined), evaluating, sensor }
  })
  const slow = Asset.make("slow", Effect.as(Effect.sleep("8 minutes"), 1))
  const graph = Graph.make({ slow })

  test("keeps its runs although something that it has begun cannot be interrupted", function*() {
    const { end, sensor } = yield* stubborn
    const first = yield* startDaemon(Definitions.make({ graph, automations: [sensor], layer: inMemory }))
    yield* request({ select: "slow" })
    yield* TestClock.adjust(1)
    const store = yield* Store
    yield* store.release("daemon", first.owner)
    assert.isTrue(yield* store.lease("daemon", "another", "20 seconds"))
    const second = yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    yield* TestClock.adjust("5 minutes")
    assert.deepStrictEqual([(yield* first.status).leading, (yield* second.status).leading], [false, true])
    yield* TestClock.adjust("5 minutes")
    assert.deepStrictEqual(yield* runs, ["slow Succeeded"])
    yield* end
  })

  test("does not act again before that has ended", function*() {
    const { end, evaluating, sensor } = yield* stubborn
    const daemon = yield* startDaemon(Definitions.make({ graph, automations: [sensor], layer: inMemory }))
    const store = yield* Store
    yield* store.release("daemon", daemon.owner)
    assert.isTrue(yield* store.lease("daemon", "another", "20 seconds"))
    yield* TestClock.adjust("5 minutes")
    assert.isFalse((yield* daemon.status).leading)
    yield* end
    yield* TestClock.adjust("10 seconds")
    assert.isTrue((yield* daemon.status).leading)
    assert.strictEqual(evaluating.most, 1)
  })
  test("does not act any more when its store does not answer in time, and acts again when it does", function*() {
    let hangs = false
    const hanging = yield* otherwise({
      store: (store) => ({
        lease: (name, owner, ttl) => Effect.suspend(() => hangs ? Effect.never : store.lease(name, owner, ttl))
      })
    })
    const definitions = Definitions.make({ graph, layer: inMemory })
    const first = yield* Effect.provideContext(startDaemon(definitions), hanging)
    const scope = yield* Scope.make()
    const second = yield* Scope.provide(startDaemon(definitions), scope)
    const leading = Effect.map(Effect.all([first.status, second.status]), (all) => all.map(({ leading }) => leading))
    hangs = true
    for (let second = 0; second < 30; second++) {
      yield* TestClock.adjust("1 second")
      assert.notDeepEqual(yield* leading, [true, true])
    }
    assert.deepStrictEqual(yield* leading, [false, true])
    hangs = false
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust("30 seconds")
    assert.isTrue((yield* first.status).leading)
  })
})

describe("a long queue", () => {
  test("is not read as a whole whenever something begins or ends", function*() {
    const count = 600
    let read = 0
    const counting = yield* otherwise({
      store: (store) => ({
        queue: (filter) => Effect.tap(store.queue(filter), (items) => Effect.sync(() => read += items.length))
      })
    })
    yield* request(...Array.from({ length: count }, () => ({ select: "a" })))
    const definitions = Definitions.make({ graph: Graph.make({ a }), layer: inMemory })
    yield* Effect.provideContext(startDaemon(definitions), counting)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* queueOf("Launched")).length, count)
    // a part of it each time
    assert.isBelow(read / count, 300)
  })

  test("has what a limit holds up hold up nothing behind it", function*() {
    const slow = Asset.make("slow", Effect.as(Effect.sleep("1 hour"), 1))
    yield* startDaemon(Definitions.make({
      graph: Graph.make({ slow, a }),
      queue: { maxRuns: 3, tags: [{ key: "database", value: "tiny", limit: 1 }] },
      layer: inMemory
    }))
    yield* request(
      ...Array.from({ length: 900 }, () => ({ select: "slow", tags: { database: "tiny" } })),
      { select: "a" }
    )
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(yield* runs, ["slow Running", "a Succeeded"])
    const waiting = yield* queueOf("Queued")
    assert.deepStrictEqual(
      new Set(waiting.map(({ waitingFor }) => waitingFor)),
      new Set([
        "1 of 1 run with tag database=tiny is running"
      ])
    )
  })

  test("tells of those that come next why they wait", function*() {
    const slow = Asset.make("slow", Effect.as(Effect.sleep("1 hour"), 1))
    yield* startDaemon(Definitions.make({ graph: Graph.make({ slow }), queue: { maxRuns: 1 }, layer: inMemory }))
    yield* request(...Array.from({ length: 150 }, () => ({ select: "slow" })))
    yield* TestClock.adjust("1 second")
    const waiting = (yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor)
    assert.deepStrictEqual(
      [waiting[0], waiting[99], waiting[100]],
      ["1 of 1 run is running", "1 of 1 run is running", undefined]
    )
  })
})

describe("a run whose process was killed", () => {
  const seen = Effect.sync(() => {
    const told: Array<string> = []
    const note = (run: Job.JobRun) => Effect.sync(() => void told.push(`${run.job} ${run.status}`))
    return { told, note }
  })

  test("has the hooks of its job when it is resumed", function*() {
    const { note, told } = yield* seen
    const failing = Asset.make("failing", { compute: () => Effect.fail("down") })
    const graph = Graph.make({ a, failing })
    const jobs = [
      Job.make("good", { select: ["a"], onSuccess: note, onFailure: note }),
      Job.make("bad", { select: ["failing"], onSuccess: note, onFailure: note })
    ]
    const log = yield* Log
    yield* log.append([
      { _tag: "RunStarted", runId: "one", timestamp: start, keys: ["a"], tags: { process: "dead", job: "good" } },
      { _tag: "RunStarted", runId: "two", timestamp: start, keys: ["failing"], tags: { process: "dead", job: "bad" } }
    ])
    yield* startDaemon(Definitions.make({ graph, jobs, layer: inMemory }), { maxResumes: 1 })
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(told.toSorted(), ["bad Failed", "good Succeeded"])
  })

  test("is told to a sensor of runs where it is not resumed", function*() {
    const told: Array<string> = []
    const sensor = Automation.runSensor("failures", {
      status: "Failed",
      run: (run) => Effect.sync(() => void told.push(run.id))
    })
    yield* orphan({ process: "other", job: "nightly" }, "a")
    const store = yield* Store
    yield* store.lease("process:other", "other", "10 seconds")
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), automations: [sensor], layer: inMemory }))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(told, ["orphan"])
  })
  test("is waited for by what conditions have requested after it, when it is resumed", function*() {
    const up = Asset.make("up", Effect.as(Effect.sleep("10 seconds"), 1))
    const down = Asset.make("down", { deps: [up], compute: () => Effect.succeed(1) })
    const store = yield* Store
    const { queued: [first] } = yield* requestedByConditions({ keys: ["up"] }, { keys: ["down"] })
    yield* store.take(first!.id, "dead")
    yield* store.launched(first!.id, "orphan", "dead")
    yield* orphan({ process: "dead", queued: first!.id, tick: "tick" }, "up")
    yield* startDaemon(Definitions.make({ graph: Graph.make({ up, down }), layer: inMemory }), { maxResumes: 1 })
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(yield* runs, ["up Cancelled", "up Running"])
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* runs, ["up Cancelled", "up Succeeded", "down Succeeded"])
    assert.deepStrictEqual(yield* queueOf("Failed"), [])
  })

  test("has one end where there is nothing left to resume", function*() {
    yield* orphan({ process: "dead" }, "gone")
    yield* startDaemon(Definitions.make({ graph: Graph.make({ a }), layer: inMemory }), { maxResumes: 1 })
    yield* TestClock.adjust("1 minute")
    const ends = yield* Log.use((log) => Stream.runCollect(log.events({ tags: ["RunFinished"] })))
    assert.deepStrictEqual(ends.map((end) => end._tag === "RunFinished" && end.status), ["Cancelled"])
  })
})
