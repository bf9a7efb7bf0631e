import { assert, describe } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Option, PubSub, Scope, Stream } from "effect"
import {
  Asset,
  Automation,
  AutomationStore,
  Catalog,
  Check,
  Daemon,
  Definitions,
  EventLog,
  Graph,
  Job,
  Partitions,
  Runtime
} from "effect-assets"
import { TestClock } from "effect/testing"
import { a, automate, b, graph, startDaemon, type Stored, testsAt, ticksOf } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:00:30Z")

/** Tests begin half a minute after midnight. */
const test = testsAt(start)

const { AutomationStore: Store } = AutomationStore
const runsOf = (filter: EventLog.RunFilter = {}) => EventLog.EventLog.use((log) => log.runs(filter))
const queueOf = (...statuses: ReadonlyArray<AutomationStore.QueueStatus>) =>
  Store.use((store) => store.queue({ statuses }))

/** The times of ticks, as hours and minutes. */
const timesOf = (ticks: ReadonlyArray<AutomationStore.Tick>) =>
  ticks.map(({ scheduledAt, startedAt }) => new Date(scheduledAt ?? startedAt).toISOString().slice(11, 16))

const minutely = (options?: Partial<Automation.ScheduleOptions<"a", never>>) =>
  Automation.schedule("minutely", { cron: "* * * * *", target: { select: ["a"] }, ...options })

describe("schedules", () => {
  test("each tick is a run, which tells where it comes from", function*() {
    yield* startDaemon(automate(minutely()))
    yield* TestClock.adjust("5 minutes")
    const ticks = yield* ticksOf()
    assert.deepStrictEqual(timesOf(ticks), ["00:01", "00:02", "00:03", "00:04", "00:05"])
    const runs = (yield* runsOf()).toReversed()
    const queued = yield* queueOf("Launched")
    assert.deepStrictEqual(
      runs.map(({ id, keys, status, tags }) => [id, keys, status, tags.automation, tags.tick, tags.queued]),
      queued.map(({ id, runId }, at) => [runId, ["a"], "Succeeded", "minutely", ticks[at]!.id, id])
    )
    assert.strictEqual(runs.length, 5)
  })

  test("nothing is made up for that was due before the schedule was there", function*() {
    yield* startDaemon(automate(Automation.schedule("daily", { cron: "@daily", target: { select: ["a"] } })))
    yield* TestClock.adjust("23 hours")
    assert.deepStrictEqual(yield* ticksOf(), [])
    yield* TestClock.adjust("2 hours")
    assert.deepStrictEqual(timesOf(yield* ticksOf()), ["00:00"])
  })

  test("after a time without a daemon, the latest missed tick is made up for, or as the schedule says", function*() {
    const all = automate(
      minutely(),
      Automation.schedule("none", { cron: "* * * * *", target: { select: ["a"] }, catchUp: "none" }),
      Automation.schedule("three", { cron: "* * * * *", target: { select: ["a"] }, catchUp: { max: 3 } })
    )
    yield* Effect.scoped(Effect.andThen(startDaemon(all), TestClock.adjust("1 minute")))
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual((yield* ticksOf()).length, 3)
    yield* startDaemon(all)
    yield* TestClock.adjust("1 minute")
    const of = (automation: string) => Effect.map(ticksOf({ automation }), timesOf)
    assert.deepStrictEqual(yield* of("minutely"), ["00:01", "00:11", "00:12"])
    assert.deepStrictEqual(yield* of("none"), ["00:01", "00:11", "00:12"])
    assert.deepStrictEqual(yield* of("three"), ["00:01", "00:09", "00:10", "00:11", "00:12"])
  })

  test("a schedule that is changed goes on from the change: its past is not that of another expression", function*() {
    const at = (cron: string) => automate(Automation.schedule("daily", { cron, target: { select: ["a"] } }))
    yield* Effect.scoped(Effect.andThen(startDaemon(at("0 6 * * *")), TestClock.adjust("12 hours")))
    yield* startDaemon(at("0 9 * * *"))
    yield* TestClock.adjust("23 hours")
    assert.deepStrictEqual(timesOf(yield* ticksOf()), ["06:00", "09:00"])
  })

  test("somebody may stop and start it", function*() {
    yield* startDaemon(automate(minutely({ startRunning: false })))
    const set = (running: boolean) => Store.use((store) => store.setState("minutely", { running }))
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual(yield* ticksOf(), [])
    yield* set(true)
    yield* TestClock.adjust("2 minutes")
    yield* set(false)
    yield* TestClock.adjust("10 minutes")
    yield* set(true)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(timesOf(yield* ticksOf()), ["00:03", "00:04", "00:15"])
  })

  test("a partitioned target gets the partition that has just ended", function*() {
    const days = Asset.make("days", {
      partitions: Partitions.daily({ start: "2024-02-28" }),
      compute: (_, { partition }) => Effect.succeed(partition.key)
    })
    yield* startDaemon(Definitions.make({
      graph: Graph.make({ days }),
      automations: [
        Automation.schedule("nightly", { cron: "0 3 * * *", target: Job.make("job", { select: ["days"] }) })
      ],
      layer: inMemory
    }))
    yield* TestClock.adjust("2 days")
    const runs = (yield* runsOf()).toReversed()
    assert.deepStrictEqual(runs.map(({ tags }) => tags.job), ["job", "job"])
    const log = yield* EventLog.EventLog
    const stored = yield* Stream.runCollect(log.events({ tags: ["AssetMaterialized"] }))
    assert.deepStrictEqual(
      stored.map((event) => event._tag === "AssetMaterialized" && event.partition),
      ["2024-02-29", "2024-03-01"]
    )
  })

  test("a program may skip, fail or die, and the next tick is evaluated", function*() {
    const outcomes: ReadonlyArray<Effect.Effect<Automation.Requests, string>> = [
      Effect.succeed(Automation.skip("no data yet")),
      Effect.fail("the service is down"),
      Effect.die(new Error("a bug")),
      Effect.interrupt,
      Effect.andThen(Effect.log("all is well"), Effect.succeed(Automation.request()))
    ]
    let at = 0
    yield* startDaemon(automate(Automation.schedule("minutely", {
      cron: "* * * * *",
      target: { select: ["a"] },
      evaluate: () => outcomes[at++] ?? Effect.succeed(Automation.skip("done"))
    })))
    yield* TestClock.adjust("5 minutes")
    const ticks = yield* ticksOf()
    assert.deepStrictEqual(ticks.map(({ error, reason, status }) => [status, reason ?? error?.message]), [
      ["Skipped", "no data yet"],
      ["Failed", "the service is down"],
      ["Failed", "a bug"],
      ["Failed", "The program of the automation has interrupted itself."],
      ["Requested", undefined]
    ])
    assert.include(ticks.at(-1)?.log, "all is well")
    assert.strictEqual((yield* runsOf()).length, 1)
  })

  test("one that hangs does not hold up others, and its status says so", function*() {
    const daemon = yield* startDaemon(automate(
      Automation.schedule("hangs", { cron: "* * * * *", evaluate: () => Effect.never }),
      minutely()
    ))
    yield* TestClock.adjust("3 minutes")
    assert.deepStrictEqual(timesOf(yield* ticksOf({ automation: "minutely" })), ["00:01", "00:02", "00:03"])
    const status = yield* daemon.status
    assert.isTrue(status.leading)
    assert.deepStrictEqual(
      status.automations.map(({ evaluatingSince, name, next }) => [
        name,
        evaluatingSince !== undefined,
        next !== undefined && new Date(next).toISOString().slice(11, 16)
      ]),
      [["hangs", true, "00:01"], ["minutely", false, "00:04"]]
    )
    // it can be stopped all the same
    yield* Store.use((store) => store.setState("hangs", { running: false }))
    yield* TestClock.adjust(1)
    assert.isUndefined((yield* daemon.status).automations[0]!.evaluatingSince)
  })

  test("a tick by hand is one more, and changes nothing about when the schedule ticks", function*() {
    const daemon = yield* startDaemon(automate(minutely({ startRunning: false })))
    const tick = yield* daemon.tickNow("minutely")
    yield* TestClock.adjust(1)
    const told = Option.getOrThrow(tick)
    assert.deepStrictEqual([told.status, told.scheduledAt], ["Requested", undefined])
    assert.strictEqual((yield* runsOf()).length, 1)
    const failed = yield* Effect.flip(daemon.tickNow("hourly"))
    assert.include(failed.message, "Automations are minutely")
  })
})

describe("sensors", () => {
  test("SEN01, SEN06: skips with a reason, requests, and waits for its interval", function*() {
    let isReady = false
    yield* startDaemon(automate(Automation.sensor("files", {
      every: "60 seconds",
      target: { select: ["a"] },
      evaluate: () => Effect.succeed(isReady ? Automation.request() : Automation.skip("no file"))
    })))
    assert.deepStrictEqual((yield* ticksOf()).map(({ reason, status }) => [status, reason]), [["Skipped", "no file"]])
    isReady = true
    yield* TestClock.adjust("30 seconds")
    assert.strictEqual((yield* ticksOf()).length, 1)
    yield* TestClock.adjust("30 seconds")
    assert.deepStrictEqual((yield* ticksOf()).map(({ status }) => status), ["Skipped", "Requested"])
    assert.strictEqual((yield* runsOf({ statuses: ["Succeeded"] })).length, 1)
  })

  test("SEN06: the interval is kept by the daemon that takes over", function*() {
    const sensor = automate(Automation.sensor("files", {
      every: "60 seconds",
      evaluate: () => Effect.succeed(Automation.skip("no file"))
    }))
    yield* Effect.scoped(Effect.andThen(startDaemon(sensor), TestClock.adjust("30 seconds")))
    yield* startDaemon(sensor)
    yield* TestClock.adjust("25 seconds")
    assert.strictEqual((yield* ticksOf()).length, 1)
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual((yield* ticksOf()).length, 2)
  })

  test("SEN03: a request that is not possible fails each time, and its run key is not consumed", function*() {
    yield* startDaemon(automate(Automation.sensor("wrong", {
      evaluate: () => Effect.succeed(Automation.request({ select: ["a"], runKey: "one", config: { b: 1 } }))
    })))
    yield* TestClock.adjust("30 seconds")
    const ticks = yield* ticksOf()
    assert.deepStrictEqual(ticks.map(({ status }) => status), ["Failed", "Failed"])
    assert.include(ticks[0]!.error?.message, "configuration")
    assert.strictEqual((yield* Store.use((store) => store.consumed("wrong", ["one"]))).size, 0)
  })

  test("SEN05: the same run key is a run once", function*() {
    yield* startDaemon(automate(Automation.sensor("files", {
      target: { select: ["a"] },
      evaluate: () => Effect.succeed(Automation.request({ runKey: "orders.csv" }))
    })))
    yield* TestClock.adjust("1 minute")
    const ticks = yield* ticksOf()
    assert.deepStrictEqual(ticks.map(({ status }) => status), ["Requested", "Skipped", "Skipped"])
    assert.include(ticks[1]!.reason, "orders.csv")
    assert.strictEqual((yield* runsOf()).length, 1)
  })

  test("SEN07: the cursor is that of the last evaluation", function*() {
    const count = (name: string, end: (cursor: string) => Automation.Requests) =>
      Automation.sensor(name, {
        target: { select: ["a"] },
        evaluate: ({ cursor }) => Effect.succeed(end(String(Number(cursor ?? 0) + 1)))
      })
    yield* startDaemon(automate(
      count("skips", (cursor) => Automation.skip("nothing", { cursor })),
      count("requests", (cursor) => Automation.request({}, { cursor }))
    ))
    const cursors = Effect.map(
      Store.use((store) => store.states),
      (states) => ["skips", "requests"].map((name) => states.get(name)?.cursor)
    )
    assert.deepStrictEqual(yield* cursors, ["1", "1"])
    yield* TestClock.adjust("30 seconds")
    assert.deepStrictEqual(yield* cursors, ["2", "2"])
    // somebody sets it back
    yield* Store.use((store) => store.setState("skips", { cursor: null }))
    yield* TestClock.adjust("30 seconds")
    assert.deepStrictEqual(yield* cursors, ["1", "3"])
  })

  test("SEN08: a run of a part of the assets, and one of checks alone", function*() {
    const check = Check.make("positive", { asset: a, check: (n) => Effect.succeed(n > 0) })
    const definitions = Definitions.make({
      graph: Graph.make({ a, b, check }),
      automations: [Automation.sensor("both", {
        every: "1 hour",
        evaluate: () =>
          Effect.succeed(Automation.requests([
            { select: ["a", "b"], checks: "none" },
            { select: ["a"], checks: "only" }
          ]))
      })],
      layer: inMemory
    })
    yield* startDaemon(definitions, { maxRuns: 1 })
    yield* TestClock.adjust(1)
    assert.deepStrictEqual((yield* runsOf()).map(({ keys }) => keys), [["a"], ["a", "b"]])
    const log = yield* EventLog.EventLog
    const checked = yield* Stream.runCollect(log.events({ tags: ["CheckEvaluated", "AssetMaterialized"] }))
    assert.deepStrictEqual(checked.map(({ _tag }) => _tag), [
      "AssetMaterialized",
      "AssetMaterialized",
      "CheckEvaluated"
    ])
  })

  test("dynamic partitions are added before the runs that are about them", function*() {
    const customers = Asset.make("customers", {
      partitions: Partitions.dynamic("customer"),
      compute: (_, { partition }) => Effect.succeed(partition)
    })
    yield* startDaemon(Definitions.make({
      graph: Graph.make({ customers }),
      automations: [Automation.sensor("customers_seen", {
        every: "1 hour",
        target: { select: ["customers"] },
        evaluate: () =>
          Effect.succeed(Automation.request({ partition: "ann" }, { addPartitions: { customer: ["ann"] } }))
      })],
      layer: inMemory
    }))
    yield* TestClock.adjust(1)
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Succeeded"])
    assert.strictEqual(yield* Runtime.load(customers, { partition: "ann" }), "ann")
  })

  test("asset sensors see what is materialized after they are there, at once and never twice", function*() {
    yield* Runtime.run(graph, { select: ["a"] })
    const sensor = automate(Automation.assetSensor("after_a", { asset: "a", target: { select: ["b"] } }))
    yield* Effect.scoped(Effect.gen(function*() {
      yield* startDaemon(sensor)
      yield* Runtime.run(graph, { select: ["a"] })
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* runsOf()).map(({ keys }) => keys), [["b"], ["a"], ["a"]])
    }))
    // while no daemon is there
    yield* Runtime.run(graph, { select: ["a"] })
    yield* startDaemon(sensor)
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual((yield* runsOf()).map(({ keys }) => keys), [["b"], ["a"], ["b"], ["a"], ["a"]])
  })

  test("SEN10, SEN12: run sensors see the runs of their status and their job", function*() {
    let isDown = true
    const flaky = Asset.make("flaky", { compute: () => isDown ? Effect.fail("down") : Effect.succeed(1) })
    const job = Job.make("flaky_job", { select: ["flaky"] })
    const graph = Graph.make({ flaky, a })
    const seen: Array<string> = []
    const sensor = (name: string, status: Automation.RunSensorStatus) =>
      Automation.runSensor(name, {
        status,
        job,
        run: (run) => Effect.sync(() => void seen.push(`${name} ${run.status}`))
      })
    yield* startDaemon(Definitions.make({
      graph,
      jobs: [job],
      automations: [sensor("success", "Succeeded"), sensor("failure", "Failed"), sensor("start", "Started")],
      layer: inMemory
    }))
    yield* Runtime.run(graph, { select: ["a"] })
    yield* Job.run(graph, job)
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(seen.toSorted(), ["failure Failed", "start Running"])
    isDown = false
    seen.length = 0
    yield* Job.run(graph, job)
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(seen.toSorted(), ["start Running", "success Succeeded"])
  })

  test("SEN11: a run sensor that fails is not run for the same run again", function*() {
    let calls = 0
    const broken = Graph.make({ broken: Asset.make("broken", Effect.fail("no")) })
    yield* startDaemon(automate(Automation.runSensor("failures", {
      status: "Failed",
      run: () => Effect.suspend(() => Effect.die(new Error(`How meta ${++calls}`)))
    })))
    yield* Runtime.run(broken)
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(calls, 1)
    yield* Runtime.run(broken)
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual((yield* ticksOf()).map(({ error }) => error?.message), ["How meta 1", "How meta 2"])
  })

  test("a sensor of a stream goes on from its cursor", function*() {
    let last = 2
    const definitions = automate(Automation.streamSensor("messages", {
      target: { select: ["a"] },
      stream: (cursor) =>
        Stream.range(Number(cursor ?? 0) + 1, last).pipe(
          Stream.filter((n) => n > Number(cursor ?? 0)),
          Stream.map((n) => Automation.request({ runKey: String(n) }, { cursor: String(n) }))
        )
    }))
    yield* startDaemon(definitions)
    yield* TestClock.adjust(1)
    assert.strictEqual((yield* runsOf()).length, 2)
    last = 4
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual((yield* ticksOf()).map(({ cursor }) => cursor), ["1", "2", "3", "4"])
    assert.strictEqual((yield* runsOf()).length, 4)
  })
})

/** An asset that waits until it is told to end. */
const waiting = Effect.gen(function*() {
  const gates = yield* Effect.sync(() => new Map<string, Deferred.Deferred<void>>())
  const slow = Asset.make("slow", {
    compute: (_, { runId }) =>
      Effect.suspend(() => {
        const gate = Deferred.makeUnsafe<void>()
        gates.set(runId, gate)
        return Effect.as(Deferred.await(gate), 1)
      })
  })
  const endAll = Effect.sync(() => {
    for (const gate of gates.values()) Deferred.doneUnsafe(gate, Exit.void)
  })
  return { graph: Graph.make({ slow, a }), gates, endAll }
})

const request = (...requests: ReadonlyArray<AutomationStore.Request>) => Store.use((store) => store.enqueue(requests))

describe("queue", () => {
  test("limits hold up runs, which say why, until there is room", function*() {
    const { endAll, gates, graph } = yield* waiting
    yield* startDaemon(Definitions.make({
      graph,
      queue: { maxRuns: 3, tags: [{ key: "database", value: "tiny", limit: 2 }] },
      layer: inMemory
    }))
    const tiny = { select: "slow", tags: { database: "tiny" } }
    yield* request(tiny, tiny, tiny, { select: "slow" }, { select: "a", priority: -1 })
    yield* TestClock.adjust(1)
    assert.strictEqual(gates.size, 3)
    assert.deepStrictEqual((yield* queueOf("Queued")).map(({ waitingFor }) => waitingFor), [
      "2 of 2 runs with tag database=tiny are running",
      "3 of 3 runs are running"
    ])
    yield* endAll
    yield* TestClock.adjust(1)
    assert.strictEqual(gates.size, 4)
    assert.deepStrictEqual(yield* queueOf("Queued"), [])
    yield* endAll
    yield* TestClock.adjust(1)
    assert.strictEqual((yield* runsOf({ statuses: ["Succeeded"] })).length, 5)
  })

  test("RET24: a run that cannot be launched is given up, and others go on", function*() {
    yield* startDaemon(automate())
    yield* request({ job: "gone" }, { select: "nothing_like_this" }, { select: "a" })
    yield* TestClock.adjust(1)
    const failed = yield* queueOf("Failed")
    assert.include(failed[0]!.error?.message, `There is no job "gone"`)
    assert.include(failed[1]!.error?.message, "nothing_like_this")
    assert.deepStrictEqual((yield* runsOf()).map(({ keys, status }) => [keys, status]), [[["a"], "Succeeded"]])
  })

  // there, it is the code location that cannot be reached; there are none here, and what passes is that the log cannot be written
  test("RET25: a launch that fails for what may pass is put back for a while; others are launched meanwhile", function*() {
    const context = yield* Effect.context<Stored>()
    const log = yield* EventLog.EventLog
    const attempts: Array<number> = []
    const flaky = Context.add(context, EventLog.EventLog, {
      ...log,
      append: (events) =>
        Effect.flatMap(Effect.clockWith((clock) => clock.currentTimeMillis), (now) => {
          if (!events.some((event) => event._tag === "RunStarted" && event.keys.includes("a"))) {
            return log.append(events)
          }
          attempts.push(Math.round((now - start) / 1000))
          return Effect.fail(new EventLog.EventLogError({ operation: "append", cause: new Error("disk full") }))
        })
    })
    yield* Effect.provideContext(startDaemon(automate(), { maxRuns: 1 }), flaky)
    yield* request({ select: "a" }, { select: "b" })
    yield* TestClock.adjust("20 seconds")
    const [waits] = yield* queueOf("Queued")
    assert.deepStrictEqual([waits?.request.select, waits?.attempts], ["a", 1])
    assert.include(waits?.error?.message, "disk full")
    assert.deepStrictEqual((yield* runsOf()).map(({ keys, status }) => [keys, status]), [[["b"], "Succeeded"]])
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual([...new Set(attempts)], [0, 30, 90])
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ request }) => request.select), ["a"])
    yield* request({ select: "b" })
    yield* TestClock.adjust(1)
    assert.strictEqual((yield* runsOf({ statuses: ["Succeeded"] })).length, 2)
  })

  test("a run that is taken out of the queue is not launched", function*() {
    const { endAll, graph } = yield* waiting
    yield* startDaemon(Definitions.make({ graph, queue: { maxRuns: 1 }, layer: inMemory }))
    yield* request({ select: "slow" })
    const [second] = yield* request({ select: "a" })
    yield* TestClock.adjust(1)
    assert.isTrue(yield* Store.use((store) => store.cancelQueued(second!.id)))
    yield* endAll
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual((yield* runsOf()).map(({ keys }) => keys), [["slow"]])
  })

  test("a run that its store did not let begin is tried again", function*() {
    const context = yield* Effect.context<Stored>()
    const store = yield* Store
    let failures = 2
    const flaky = Context.add(context, Store, {
      ...store,
      take: (id, owner) =>
        failures-- > 0
          ? Effect.fail(new AutomationStore.AutomationStoreError({ operation: "write", cause: new Error("disk full") }))
          : store.take(id, owner)
    })
    yield* Effect.provideContext(startDaemon(automate()), flaky)
    yield* request({ select: "a" })
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Succeeded"])
  })

  test("hooks of a job see its run", function*() {
    const seen: Array<string> = []
    const job = Job.make("job", { select: ["a"], onSuccess: (run) => Effect.sync(() => void seen.push(run.status)) })
    yield* startDaemon(Definitions.make({ graph, jobs: [job], layer: inMemory }))
    yield* request({ job: "job" })
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(seen, ["Succeeded"])
  })

  test("external assets are observed", function*() {
    const source = Asset.external("source", { observe: Effect.succeed("v1") })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ source, a }), layer: inMemory }))
    yield* request({ observe: ["source"] })
    yield* TestClock.adjust(1)
    assert.deepStrictEqual((yield* Catalog.observations(source)).map(({ dataVersion }) => dataVersion), ["v1"])
    assert.strictEqual((yield* queueOf("Launched")).length, 1)
  })
})

/** What a process leaves that was killed: a run without an end. */
const orphan = (process: string, tags: { readonly [name: string]: string } = {}) =>
  EventLog.EventLog.use((log) =>
    log.append([{
      _tag: "RunStarted",
      runId: `run of ${process}`,
      timestamp: start,
      keys: ["a"],
      tags: { process, ...tags }
    }])
  )

describe("run monitoring", () => {
  test("RET26: a run that does not begin is given up; others are launched", function*() {
    const stuck = Asset.external("stuck", { observe: Effect.never })
    yield* startDaemon(Definitions.make({ graph: Graph.make({ stuck, a }), layer: inMemory }))
    yield* request({ observe: ["stuck"], select: "a" }, { select: "a" })
    yield* TestClock.adjust("179 seconds")
    assert.strictEqual((yield* queueOf("Launching")).length, 1)
    assert.strictEqual((yield* runsOf()).length, 1)
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual((yield* queueOf("Failed")).map(({ error }) => error?.message), [
      "It did not begin within 180 seconds."
    ])
  })

  test("a run whose process has died is recorded as failed, with the reason", function*() {
    yield* Store.use((store) => store.lease("process:dead", "dead", "20 seconds"))
    yield* orphan("dead")
    yield* startDaemon(automate())
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Running"])
    yield* TestClock.adjust("20 seconds")
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Failed"])
    const log = yield* EventLog.EventLog
    const [asked] = yield* Stream.runCollect(log.events({ tags: ["RunCancelRequested"] }))
    assert.strictEqual(asked?._tag === "RunCancelRequested" && asked.reason, "The process that ran it has ended.")
  })

  test("RET27: it is resumed as often as is allowed, then it is recorded as failed", function*() {
    yield* orphan("dead")
    yield* orphan("dead for the third time", { resumes: "2" })
    yield* startDaemon(automate(), { maxResumes: 2 })
    yield* TestClock.adjust(1)
    const runs = yield* runsOf()
    assert.deepStrictEqual(
      runs.map(({ retryOf, status, tags }) => [retryOf, status, tags.resumes]).toSorted(),
      [
        ["run of dead", "Succeeded", "1"],
        [undefined, "Cancelled", undefined],
        [undefined, "Failed", "2"]
      ].toSorted()
    )
  })

  test("a run that is resumed is still that of its request", function*() {
    yield* orphan("dead", { queued: "request", team: "x" })
    yield* startDaemon(automate(), { maxResumes: 1 })
    yield* TestClock.adjust(1)
    const [resumed] = yield* runsOf({ statuses: ["Succeeded"] })
    assert.deepStrictEqual(
      [resumed?.tags.queued, resumed?.tags.team, resumed?.tags.process === "dead"],
      ["request", "x", false]
    )
  })

  test("a run of a daemon that has ended, retried by hand, is none of the one after it", function*() {
    let isDown = true
    const slow = Asset.make("slow", {
      compute: () => isDown ? Effect.fail("down") : Effect.as(Effect.sleep("10 minutes"), 1)
    })
    const graph = Graph.make({ slow })
    const definitions = Definitions.make({ graph, layer: inMemory })
    yield* Effect.scoped(Effect.gen(function*() {
      yield* startDaemon(definitions)
      yield* request({ select: "slow", tags: { team: "x" } })
      yield* TestClock.adjust(1)
    }))
    const [failed] = yield* runsOf({ statuses: ["Failed"] })
    yield* startDaemon(definitions)
    isDown = false
    const retried = yield* Effect.forkChild(Runtime.retry(graph, failed!.id))
    yield* TestClock.adjust("11 minutes")
    assert.strictEqual((yield* Fiber.join(retried)).status, "Succeeded")
    assert.deepStrictEqual((yield* runsOf()).map(({ status, tags }) => [status, tags.team, tags.process]), [
      ["Succeeded", "x", undefined],
      ["Failed", "x", failed!.tags.process]
    ])
  })

  test("RET28: a run that takes longer than its tag max_runtime says is ended, and has failed", function*() {
    const { endAll, graph } = yield* waiting
    yield* startDaemon(Definitions.make({ graph, layer: inMemory }))
    const limited = (seconds: string) => ({ select: "slow", tags: { max_runtime: seconds } })
    yield* request(limited("500"), limited("1000"), { select: "slow" })
    yield* TestClock.adjust("499 seconds")
    assert.strictEqual((yield* runsOf({ statuses: ["Running"] })).length, 3)
    yield* TestClock.adjust("2 seconds")
    const ended = yield* runsOf({ statuses: ["Failed"] })
    assert.deepStrictEqual(ended.map(({ tags }) => tags.max_runtime), ["500"])
    const log = yield* EventLog.EventLog
    const [asked] = yield* Stream.runCollect(log.events({ tags: ["RunCancelRequested"] }))
    assert.strictEqual(
      asked?._tag === "RunCancelRequested" && asked.reason,
      "Exceeded maximum runtime of 500 seconds."
    )
    yield* endAll
    yield* TestClock.adjust(1)
    assert.strictEqual((yield* runsOf({ statuses: ["Succeeded"] })).length, 2)
  })

  test("a run that does not end when it is cancelled is recorded as ended", function*() {
    // nobody runs it, and its process lives
    yield* startDaemon(automate())
    yield* Store.use((store) => store.lease("process:other", "other", "1 day"))
    yield* orphan("other", { max_runtime: "60" })
    yield* TestClock.adjust("3 minutes")
    assert.deepStrictEqual((yield* runsOf()).map(({ cancelRequested, status }) => [cancelRequested, status]), [
      [true, "Running"]
    ])
    yield* TestClock.adjust("2 minutes")
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Failed"])
  })

  test("what a killed process was launching is launched once: where it had begun, it is not begun again", function*() {
    const store = yield* Store
    const [begun, not] = yield* store.enqueue([{ select: "a" }, { select: "b" }])
    yield* store.lease("process:dead", "dead", "10 seconds")
    for (const item of [begun!, not!]) assert.isTrue(yield* store.take(item.id, "dead"))
    yield* orphan("dead", { queued: begun!.id })
    yield* startDaemon(automate())
    yield* TestClock.adjust("1 minute")
    const launched = yield* queueOf("Launched")
    assert.deepStrictEqual(launched.map(({ attempts, id }) => [id, attempts]), [[begun!.id, 1], [not!.id, 2]])
    assert.strictEqual(launched[0]!.runId, "run of dead")
    assert.deepStrictEqual((yield* runsOf()).map(({ keys, status }) => [keys, status]), [
      [["b"], "Succeeded"],
      [["a"], "Failed"]
    ])
  })

  test("what is old is removed once a day", function*() {
    yield* startDaemon(automate(minutely()), {
      retention: { ticks: "1 hour", queue: "1 hour", events: { RunStarted: "1 hour", RunFinished: "1 hour" } }
    })
    yield* TestClock.adjust("25 hours")
    assert.isBelow((yield* ticksOf({ limit: 10_000 })).length, 130)
    assert.isBelow((yield* runsOf()).length, 130)
  })
})

describe("several daemons", () => {
  test("one acts; the other one takes over when it ends, and at no tick both do, or none", function*() {
    const definitions = automate(minutely({ catchUp: { max: 100 } }))
    const evaluated: Array<number> = []
    const first = yield* Effect.scoped(Effect.gen(function*() {
      const first = yield* startDaemon(definitions)
      const second = yield* startDaemon(definitions)
      yield* TestClock.adjust("3 minutes")
      const [one, two] = [yield* first.status, yield* second.status]
      assert.deepStrictEqual([one.leading, two.leading], [true, false])
      evaluated.push(...(yield* ticksOf()).map(({ scheduledAt }) => scheduledAt!))
      return first
    }))
    yield* startDaemon(definitions)
    yield* TestClock.adjust("10 minutes")
    assert.isFalse((yield* first.status).leading)
    const times = (yield* ticksOf()).map(({ scheduledAt }) => scheduledAt!)
    assert.strictEqual(evaluated.length, 3)
    assert.deepStrictEqual(times, times.map((_, at) => times[0]! + at * 60_000))
    assert.strictEqual(times.length, 13)
    assert.strictEqual((yield* runsOf()).length, 13)
  })

  test("a daemon that has died is followed after its lease, without a missed tick", function*() {
    // somebody who does not renew what it holds
    yield* Store.use((store) => store.lease("daemon", "dead", "90 seconds"))
    const daemon = yield* startDaemon(automate(minutely()))
    yield* TestClock.adjust("80 seconds")
    assert.isFalse((yield* daemon.status).leading)
    yield* TestClock.adjust("15 seconds")
    assert.isTrue((yield* daemon.status).leading)
  })

  test("a daemon that has lost its lease does nothing more", function*() {
    const store = yield* Store
    const daemon = yield* startDaemon(automate(minutely()))
    const held = (yield* store.leases).find(({ name }) => name === "daemon")
    yield* store.release("daemon", held!.owner)
    assert.isTrue(yield* store.lease("daemon", "another", "10 minutes"))
    yield* TestClock.adjust("5 minutes")
    assert.isFalse((yield* daemon.status).leading)
    assert.deepStrictEqual(yield* ticksOf(), [])
  })

  test("runs end with the daemon, or it waits for them", function*() {
    const { endAll, gates, graph } = yield* waiting
    const definitions = Definitions.make({ graph, layer: inMemory })
    yield* Effect.scoped(Effect.gen(function*() {
      yield* startDaemon(definitions)
      yield* request({ select: "slow" })
      yield* TestClock.adjust(1)
      assert.strictEqual(gates.size, 1)
    }))
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Cancelled"])
    const scope = yield* Scope.make()
    yield* Scope.provide(startDaemon(definitions, { drain: "wait" }), scope)
    yield* request({ select: "slow" })
    yield* TestClock.adjust(1)
    const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("1 minute")
    assert.isUndefined(stopping.pollUnsafe())
    assert.strictEqual(gates.size, 2)
    assert.deepStrictEqual((yield* Store.use((store) => store.leases)).map(({ name }) => name.slice(0, 8)), [
      "process:"
    ])
    yield* endAll
    yield* TestClock.adjust(1)
    assert.isDefined(stopping.pollUnsafe())
    assert.deepStrictEqual((yield* runsOf()).map(({ status }) => status), ["Succeeded", "Cancelled"])
    assert.deepStrictEqual(yield* Store.use((store) => store.leases), [])
  })
})

describe("definitions that are loaded anew", () => {
  test("what is there goes on, what is new begins, what is gone stops", function*() {
    const context = yield* Effect.context<Stored>()
    const reloads = yield* PubSub.unbounded<number>()
    const loadedOf = (generation: number, ...automations: ReadonlyArray<Automation.Any>): Daemon.Loaded => ({
      generation,
      graph,
      jobs: [],
      automations,
      queue: undefined,
      context: context as Context.Context<never>
    })
    const other = (cron: string) => Automation.schedule("other", { cron, target: { select: ["b"] } })
    let loaded = loadedOf(1, minutely(), other("*/2 * * * *"))
    const daemon = yield* Daemon.make({
      use: (f) => Effect.suspend(() => f(loaded)),
      changes: Stream.concat(Stream.succeed(1), Stream.fromPubSub(reloads))
    })
    yield* TestClock.adjust("4 minutes")
    loaded = loadedOf(
      2,
      other("*/2 * * * *"),
      Automation.schedule("new", { cron: "* * * * *", target: { select: ["a"] } })
    )
    yield* PubSub.publish(reloads, 2)
    yield* TestClock.adjust("4 minutes")
    const of = (automation: string) => Effect.map(ticksOf({ automation }), timesOf)
    assert.deepStrictEqual(yield* of("minutely"), ["00:01", "00:02", "00:03", "00:04"])
    assert.deepStrictEqual(yield* of("other"), ["00:02", "00:04", "00:06", "00:08"])
    assert.deepStrictEqual(yield* of("new"), ["00:05", "00:06", "00:07", "00:08"])
    const status = yield* daemon.status
    assert.deepStrictEqual([status.generation, status.leading], [2, true])
  })
})
