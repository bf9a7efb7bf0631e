import { assert, describe } from "@effect/vitest"
import { Context, Deferred, Effect, Queue, Stream } from "effect"
import { Asset, Automation, AutomationStore, Definitions, EventLog, Graph, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { a, automate, graph, startDaemon, type Stored, testsAt, ticksOf } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:00:30Z")

/** Tests begin half a minute after midnight. */
const test = testsAt(start)

const { AutomationStore: Store } = AutomationStore
const setCursor = (name: string, cursor: string | null) => Store.use((store) => store.setState(name, { cursor }))

describe("schedules that are switched off", () => {
  const hourly = (startRunning: boolean) =>
    automate(Automation.schedule("hourly", {
      cron: "0 * * * *",
      target: { select: ["a"] },
      startRunning,
      catchUp: { max: 100 }
    }))
  const hoursOf = Effect.map(ticksOf(), (ticks) => ticks.map(({ scheduledAt }) => new Date(scheduledAt!).getUTCHours()))

  test("in the definitions do not make up for that time", function*() {
    yield* Effect.scoped(Effect.andThen(startDaemon(hourly(true)), TestClock.adjust("2 hours")))
    yield* Effect.scoped(Effect.andThen(startDaemon(hourly(false)), TestClock.adjust("10 hours")))
    yield* startDaemon(hourly(true))
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* hoursOf, [1, 2, 13])
  })

  test("make up for what is missed after somebody has started them", function*() {
    yield* Effect.scoped(Effect.andThen(startDaemon(hourly(true)), TestClock.adjust("2 hours")))
    yield* Effect.scoped(Effect.andThen(startDaemon(hourly(false)), TestClock.adjust("10 hours")))
    yield* Store.use((store) => store.setState("hourly", { running: true }))
    yield* TestClock.adjust("2 hours")
    yield* startDaemon(hourly(false))
    assert.deepStrictEqual(yield* hoursOf, [1, 2, 13, 14])
  })
})

describe("sensors that fail", () => {
  test("a sensor of assets tries again after 30 seconds, whatever is materialized meanwhile", function*() {
    let calls = 0
    yield* startDaemon(automate(Automation.assetSensor("after_a", {
      asset: "a",
      target: { select: ["b"] },
      // one that is not given time to rest would not end
      request: () => ++calls > 100 ? Effect.never : Effect.fail("down")
    })))
    yield* Runtime.run(graph, { select: ["a"] })
    for (let second = 0; second < 60; second++) {
      yield* TestClock.adjust("1 second")
      yield* Runtime.run(graph, { select: ["a"] })
    }
    assert.strictEqual(calls, 3)
    // what it fails for may be its cursor
    yield* setCursor("after_a", "1")
    yield* TestClock.adjust(1)
    assert.strictEqual(calls, 4)
  })

  test("a stream that sets a cursor and fails begins again after 30 seconds", function*() {
    let calls = 0
    yield* startDaemon(automate(Automation.streamSensor("messages", {
      target: { select: ["a"] },
      stream: (cursor) =>
        ++calls > 100
          ? Stream.never
          : Stream.concat(Stream.succeed(Automation.skip("one", { cursor: `${cursor ?? ""}.` })), Stream.fail("down"))
    })))
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual(calls, 5)
    assert.deepStrictEqual(
      (yield* ticksOf()).map(({ status }) => status),
      Array.from({ length: 5 }, () => ["Skipped", "Failed"]).flat()
    )
  })

  test("what cannot be is a tick that fails, and the sensor is evaluated at its interval", function*() {
    const given: { readonly [name: string]: unknown } = {
      key: Automation.skip("a new customer", { addPartitions: { customer: ["ada", "a|b"] } }),
      keys: Automation.skip("a new customer", { addPartitions: { customer: "ada" as never } }),
      cursor: { requests: [], cursor: 5 },
      reason: { requests: [], reason: 5 },
      number: 5,
      requests: { requests: "a" },
      nothing: undefined
    }
    const calls: Array<string> = []
    const daemon = yield* startDaemon(
      automate(
        ...Object.entries(given).map(([name, answer]) =>
          Automation.sensor(name, {
            every: "1 hour",
            // as code would give it that nobody has compiled
            evaluate: () => Effect.sync(() => (calls.push(name), answer as Automation.Requests))
          })
        )
      )
    )
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual(calls, Object.keys(given))
    const ticks = yield* ticksOf()
    const told = new Map(ticks.map(({ automation, error, status }) => [automation, error?.message ?? status]))
    assert.include(told.get("key"), `The key "a|b" holds "|"`)
    assert.include(told.get("key"), `the automation "key"`)
    for (const name of ["keys", "cursor", "reason", "number", "requests"]) {
      assert.include(told.get(name), "something else than `Automation.request`")
    }
    assert.strictEqual(told.get("nothing"), "Skipped")
    assert.deepStrictEqual((yield* daemon.status).problems, [])
  })

  test("an element of a stream that cannot be is a tick that fails, and the next one is taken", function*() {
    yield* startDaemon(automate(Automation.streamSensor("messages", {
      target: { select: ["a"] },
      stream: () =>
        Stream.concat(
          Stream.make(
            Automation.skip("one", { addPartitions: { customer: [""] } }),
            Automation.skip("two", { cursor: "2" })
          ),
          Stream.never
        )
    })))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual((yield* ticksOf()).map(({ cursor, status }) => [status, cursor]), [
      ["Failed", undefined],
      ["Skipped", "2"]
    ])
  })
})

describe("asset sensors", () => {
  test("a cursor that the program gives does not count: it is a place in the log", function*() {
    yield* startDaemon(automate(Automation.assetSensor("after_a", {
      asset: "a",
      target: { select: ["b"] },
      request: () => Effect.succeed(Automation.request({}, { cursor: "mine" }))
    })))
    for (let i = 0; i < 3; i++) {
      yield* Runtime.run(graph, { select: ["a"] })
      yield* TestClock.adjust("1 minute")
    }
    assert.deepStrictEqual((yield* ticksOf()).map(({ status }) => status), ["Requested", "Requested", "Requested"])
  })
})

describe("stream sensors", () => {
  /** One that tells from where its stream begins. */
  const messages = Effect.gen(function*() {
    const begun: Array<string | undefined> = []
    const queue = yield* Queue.unbounded<number>()
    const sensor = Automation.streamSensor("messages", {
      target: { select: ["a"] },
      stream: (cursor) =>
        Stream.suspend(() => {
          begun.push(cursor)
          return Stream.map(Stream.fromQueue(queue), (n) => Automation.request({}, { cursor: String(n) }))
        })
    })
    const cursor = Effect.map(Store.use((store) => store.state("messages")), (state) => state.cursor)
    return { begun, queue, sensor, cursor }
  })

  test("a cursor that somebody sets begins the stream anew, at once", function*() {
    const { begun, cursor, queue, sensor } = yield* messages
    yield* startDaemon(automate(sensor))
    yield* Queue.offer(queue, 5)
    yield* TestClock.adjust("1 minute")
    yield* setCursor("messages", "2")
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(begun, [undefined, "2"])
    yield* Queue.offer(queue, 3)
    yield* TestClock.adjust(1)
    assert.deepStrictEqual([begun.length, yield* cursor], [2, "3"])
  })

  test("a stream that interrupts itself is a tick that fails, and begins again after 30 seconds", function*() {
    let calls = 0
    yield* startDaemon(automate(Automation.streamSensor("messages", {
      stream: () => Stream.suspend(() => (calls++, Stream.fromEffect(Effect.interrupt)))
    })))
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(calls, 3)
    assert.deepStrictEqual(
      (yield* ticksOf()).map(({ error, status }) => [status, error?.message]),
      Array.from({ length: 3 }, () => ["Failed", "The program of the automation has interrupted itself."])
    )
  })

  test("what a stream gives after its cursor was set does not count, be it unknown to the daemon yet", function*() {
    const { begun, cursor, queue, sensor } = yield* messages
    const context = yield* Effect.context<Stored>()
    const store = yield* Store
    // somebody else's change is not told: it is met when something is recorded
    const silent = Context.add(context, Store, { ...store, changes: () => Stream.never })
    yield* Effect.provideContext(startDaemon(automate(sensor)), silent)
    yield* Queue.offer(queue, 5)
    yield* TestClock.adjust("1 minute")
    yield* setCursor("messages", "2")
    yield* Queue.offer(queue, 6)
    yield* TestClock.adjust(1)
    assert.deepStrictEqual([begun, yield* cursor], [[undefined, "2"], "2"])
  })
})

describe("sensors whose runs cannot be launched", () => {
  test("SEN04: the tick has requested its run, which is recorded as failed, with the reason", function*() {
    const source = Asset.external("source", { observe: Effect.die(new Error("no launcher")) })
    yield* startDaemon(Definitions.make({
      graph: Graph.make({ source, a }),
      automations: [
        Automation.sensor("files", {
          every: "1 hour",
          evaluate: () => Effect.succeed(Automation.request({ select: ["a"], observe: ["source"] }))
        })
      ],
      layer: inMemory
    }))
    yield* TestClock.adjust("1 minute")
    const [tick] = yield* ticksOf()
    const [failed] = yield* Store.use((store) => store.queue({ statuses: ["Failed"] }))
    assert.deepStrictEqual([tick?.status, tick?.requests[0]?.queuedId], ["Requested", failed?.id])
    assert.strictEqual(failed?.error?.message, "no launcher")
  })
})

describe("run sensors", () => {
  test("the end of a run that two have recorded is told once: as the first one has recorded it", function*() {
    const seen: Array<string> = []
    yield* startDaemon(automate(Automation.runSensor("after", {
      status: ["Failed", "Cancelled"],
      run: ({ id, status }) => Effect.sync(() => void seen.push(`${id} ${status}`))
    })))
    const log = yield* EventLog.EventLog
    const end = (runId: string, status: EventLog.RunStatus, timestamp: number): EventLog.Event => ({
      _tag: "RunFinished",
      runId,
      timestamp,
      status,
      durationMillis: 0
    })
    for (const runId of ["one", "two"]) {
      yield* log.append([{ _tag: "RunStarted", runId, timestamp: start, keys: ["a"], tags: {} }])
    }
    yield* log.append([end("one", "Failed", start + 1), end("one", "Cancelled", start + 2)])
    yield* log.append([end("two", "Failed", start + 1)])
    yield* TestClock.adjust(1)
    yield* log.append([end("two", "Failed", start + 2)])
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(seen, ["one Failed", "two Failed"])
  })

  test("a cursor that is set back while the program runs counts: what comes after it is looked at again", function*() {
    const seen: Array<string> = []
    let gate = Effect.void
    yield* startDaemon(automate(Automation.runSensor("after", {
      status: "Succeeded",
      run: (run) => Effect.andThen(Effect.suspend(() => gate), Effect.sync(() => void seen.push(run.id)))
    })))
    const first = yield* Runtime.run(graph, { select: ["a"] })
    yield* TestClock.adjust("1 minute")
    const open = yield* Deferred.make<void>()
    gate = Deferred.await(open)
    const second = yield* Runtime.run(graph, { select: ["a"] })
    yield* TestClock.adjust("1 second")
    yield* setCursor("after", "0")
    yield* TestClock.adjust("1 second")
    gate = Effect.void
    yield* Deferred.succeed(open, undefined)
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(seen, [first.id, second.id, first.id, second.id])
  })

  test("a cursor that is no place in the log is a failure until it is set, and not the whole past", function*() {
    let calls = 0
    yield* Runtime.run(graph, { select: ["a"] })
    for (const name of ["after", "after_a"]) yield* setCursor(name, "file.csv")
    yield* startDaemon(automate(
      Automation.runSensor("after", { status: "Succeeded", run: () => Effect.sync(() => void calls++) }),
      Automation.assetSensor("after_a", { asset: "a", request: () => Effect.sync(() => void calls++) })
    ))
    yield* TestClock.adjust("1 hour")
    const ticks = yield* ticksOf()
    assert.deepStrictEqual(ticks.map(({ automation, status }) => [automation, status]), [
      ["after", "Failed"],
      ["after_a", "Failed"]
    ])
    for (const { error } of ticks) assert.include(error?.message, `"file.csv" is no place in the event log: reset it.`)
    for (const name of ["after", "after_a"]) yield* setCursor(name, "0")
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(calls, 2)
  })
})

describe("an automation that becomes one of another kind", () => {
  const before = [
    ["a schedule that ticked", Automation.schedule("x", { cron: "* * * * *", target: { select: ["b"] } })],
    ["a schedule that never ticked", Automation.schedule("x", { cron: "0 0 1 1 *", target: { select: ["b"] } })],
    [
      "a sensor",
      Automation.sensor("x", { evaluate: () => Effect.succeed(Automation.skip("", { cursor: "file.csv" })) })
    ]
  ] as const
  for (const [what, earlier] of before) {
    test(`does not go on from the cursor of ${what}`, function*() {
      const run = <A extends Automation.Any>(automation: A) =>
        Effect.scoped(Effect.andThen(startDaemon(automate(automation)), TestClock.adjust("1 minute")))
      const seen: Array<unknown> = []
      yield* run(earlier)
      yield* Runtime.run(graph, { select: ["a"] })
      yield* run(Automation.streamSensor("x", {
        stream: (cursor) => Stream.suspend(() => (seen.push(cursor), Stream.never))
      }))
      yield* run(earlier)
      yield* run(
        Automation.assetSensor("x", { asset: "a", request: ([event]) => Effect.sync(() => void seen.push(event?.key)) })
      )
      assert.deepStrictEqual(seen, [undefined])
      // it is told of what happens from then on, be it while no daemon is there
      yield* Runtime.run(graph, { select: ["a"] })
      yield* run(
        Automation.assetSensor("x", { asset: "a", request: ([event]) => Effect.sync(() => void seen.push(event?.key)) })
      )
      yield* run(
        Automation.sensor("x", { every: "1 day", evaluate: ({ cursor }) => Effect.sync(() => void seen.push(cursor)) })
      )
      assert.deepStrictEqual(seen, [undefined, "a", undefined])
      const failed = yield* ticksOf()
      assert.deepStrictEqual(failed.filter(({ status }) => status === "Failed"), [])
      assert.include(
        failed.map(({ reason }) => reason),
        `it was a ${earlier.kind} before, and does not go on from there`
      )
    })
  }

  test("does not go on from that of a schedule that was there for a while, and never ticked", function*() {
    const seen: Array<string | undefined> = []
    const sensor = Automation.sensor("x", {
      every: "10 seconds",
      evaluate: ({ cursor }) => Effect.sync(() => void seen.push(cursor))
    })
    const never = Automation.schedule("x", { cron: "0 0 1 1 *", target: { select: ["b"] } })
    for (const automation of [sensor, never, sensor]) {
      yield* Effect.scoped(Effect.andThen(startDaemon(automate(automation)), TestClock.adjust("15 seconds")))
    }
    assert.deepStrictEqual(seen, Array.from({ length: 4 }, () => undefined))
  })
})

describe("a store that is down", () => {
  /** A store that can be put out of order. */
  const failing = Effect.gen(function*() {
    const context = yield* Effect.context<Stored>()
    const store = yield* Store
    const down = { commits: false, queue: false }
    const asked: Array<number> = []
    const refused = new AutomationStore.AutomationStoreError({ operation: "write", cause: new Error("disk full") })
    const services = Context.add(context, Store, {
      ...store,
      commitTick: (commit) => down.commits ? Effect.fail(refused) : store.commitTick(commit),
      queue: (filter) =>
        // that is what the queue alone asks for
        filter?.statuses?.join() === "Queued"
          ? Effect.andThen(
            Effect.map(Effect.clockWith((clock) => clock.currentTimeMillis), (now) => asked.push((now - start) / 1000)),
            Effect.suspend(() => down.queue ? Effect.fail(refused) : store.queue(filter))
          )
          : store.queue(filter)
    })
    return { down, asked, services }
  })

  test("what a sensor came to is recorded when the store works again, and the program is not run for it again", function*() {
    const { down, services } = yield* failing
    let calls = 0
    const sensor = Automation.sensor("files", {
      every: "1 hour",
      target: { select: ["a"] },
      evaluate: () => Effect.sync(() => Automation.request({ runKey: String(++calls) }))
    })
    down.commits = true
    const daemon = yield* Effect.provideContext(startDaemon(automate(sensor)), services)
    yield* TestClock.adjust("2 minutes")
    const { problems } = yield* daemon.status
    assert.deepStrictEqual(problems.map(({ part }) => part), ["automation files"])
    assert.include(problems[0]!.message, "disk full")
    down.commits = false
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual((yield* ticksOf()).map(({ requests, status }) => [status, requests[0]?.request.runKey]), [
      ["Requested", "1"]
    ])
    assert.strictEqual(calls, 1)
    assert.deepStrictEqual((yield* daemon.status).problems, [])
  })

  test("a sensor is evaluated at its interval, however long nothing can be recorded", function*() {
    const { down, services } = yield* failing
    let calls = 0
    yield* Effect.provideContext(
      startDaemon(automate(Automation.sensor("files", {
        every: "10 minutes",
        evaluate: () => Effect.sync(() => (calls++, Automation.skip("no file")))
      }))),
      services
    )
    down.commits = true
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(calls, 7)
  })

  test("a cursor that is set while a sensor is evaluated counts at once", function*() {
    const { services } = yield* failing
    const seen: Array<string | undefined> = []
    yield* Effect.provideContext(
      startDaemon(automate(Automation.sensor("files", {
        every: "1 hour",
        evaluate: ({ cursor }) =>
          Effect.delay(Effect.sync(() => (seen.push(cursor), Automation.skip("", { cursor: "last" }))), "1 minute")
      }))),
      services
    )
    yield* setCursor("files", "first")
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual(seen, [undefined, "first"])
  })

  test("what fails is tried more and more seldom, up to once a minute; it is no problem once it works again", function*() {
    const { asked, down, services } = yield* failing
    down.queue = true
    const daemon = yield* Effect.provideContext(startDaemon(automate()), services)
    yield* TestClock.adjust("3 minutes")
    assert.deepStrictEqual(asked.map(Math.round), [0, 5, 15, 35, 75, 135])
    assert.deepStrictEqual((yield* daemon.status).problems.map(({ part }) => part), ["the queue"])
    down.queue = false
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual((yield* daemon.status).problems, [])
    // it begins anew
    asked.length = 0
    down.queue = true
    yield* Store.use((store) => store.enqueue([{ select: "a" }]))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(asked.length, 2)
  })
})

describe("a database that is restored under a daemon", () => {
  test("is what counts: a sensor is evaluated once more, and goes on", function*() {
    let calls = 0
    const context = yield* Effect.context<Stored>()
    let store = yield* Store
    const replaced: AutomationStore.Service = {
      ...store,
      lease: (...args) => Effect.suspend(() => store.lease(...args)),
      state: (name) => Effect.suspend(() => store.state(name)),
      states: Effect.suspend(() => store.states),
      commitTick: (commit) => Effect.suspend(() => store.commitTick(commit))
    }
    const sensor = Automation.sensor("files", {
      every: "1 minute",
      // one that is not given time to rest would not end
      evaluate: () => ++calls > 100 ? Effect.never : Effect.succeed(Automation.skip("no file"))
    })
    yield* Effect.provideContext(startDaemon(automate(sensor)), Context.add(context, Store, replaced))
    yield* TestClock.adjust("3 minutes")
    assert.strictEqual(calls, 4)
    store = yield* AutomationStore.makeMemory
    yield* TestClock.adjust("3 minutes")
    assert.isAtMost(calls, 8)
    assert.isAtLeast((yield* store.ticks()).length, 3)
  })
})

describe("a clock that was ahead", () => {
  const definitions = automate(
    Automation.sensor("files", { every: "1 minute", evaluate: () => Effect.succeed(Automation.skip("no file")) }),
    Automation.schedule("minutely", { cron: "* * * * *", target: { select: ["a"] } })
  )
  const counts = Effect.forEach(
    ["files", "minutely"],
    (automation) =>
      Effect.map(
        ticksOf({ automation }),
        (ticks) => ticks.filter(({ startedAt }) => startedAt < start + 86_400_000).length
      )
  )

  test("does not stop a sensor, and what it does to a schedule is told, with the way out", function*() {
    yield* TestClock.setTime(start + 365 * 86_400_000)
    yield* Effect.scoped(Effect.andThen(startDaemon(definitions), TestClock.adjust("2 minutes")))
    yield* TestClock.setTime(start)
    const daemon = yield* startDaemon(definitions)
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual(yield* counts, [11, 0])
    const { problems } = yield* daemon.status
    assert.deepStrictEqual(problems.map(({ part }) => part), ["the times of minutely"])
    assert.include(problems[0]!.message, "2025-03-01T00:02:00.000Z")
    assert.include(problems[0]!.message, "Stop it and start it")
    const set = (running: boolean) => Store.use((store) => store.setState("minutely", { running }))
    yield* set(false)
    yield* set(true)
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual(yield* counts, [21, 10])
    assert.deepStrictEqual((yield* daemon.status).problems, [])
  })
})
