import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Latch, Layer, Logger, Redacted, Schema, type Scope, Stream } from "effect"
import {
  Asset,
  Automation,
  AutomationStore,
  Check,
  Condition,
  Definitions,
  Graph,
  Job,
  Partitions
} from "effect-assets"
import {
  Api,
  type AutomationModel,
  Client,
  Daemon as ServerDaemon,
  Deployment,
  Handlers,
  type Model,
  Operations
} from "effect-assets/server"
import { HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { TestClock } from "effect/testing"
import { toEvaluation } from "../../src/server/internal/operationsAutomationText.ts"
import { storages } from "../fixtures/deployment.ts"

const at = (text: string): number => Date.parse(text)
const now = at("2024-03-30T12:00:00Z")
const hostile = "<b>..\\/🧡 ?&=%\u001b"

/** Definitions with automation of every kind, and what their programs see and do. */
const make = () => {
  const inbox: Array<string> = []
  const done: Array<string> = []
  const gate = Latch.makeUnsafe(true)
  const orders = Asset.make("orders", {
    config: Schema.Struct({
      token: Schema.RedactedFromValue(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed("none")))
    }),
    *compute(_, { config }) {
      yield* Effect.log("counting")
      yield* gate.await
      return Redacted.value(config.token).length
    }
  })
  const revenue = Asset.make("revenue", {
    inputs: { orders },
    automation: Condition.eager(),
    compute: ({ orders }) => Effect.succeed(orders)
  })
  const days = Asset.make("days", {
    partitions: Partitions.daily({ start: "2024-01-01" }),
    compute: (_, { partition }) =>
      partition.key === "2024-01-02" ? Effect.fail(new Error("no data")) : Effect.succeed(partition.key)
  })
  const positive = Check.make("positive", {
    asset: orders,
    automation: Condition.newlyUpdated,
    check: (orders) => Effect.succeed(orders > 0)
  })
  const nightly = Job.make("nightly", {
    select: ["orders", "revenue"],
    description: "Every night",
    tags: { team: "shop" },
    config: { orders: { token: "secret" } },
    priority: 3,
    onSuccess: (run) => Effect.sync(() => done.push(run.job))
  })
  const monthly = Job.make("monthly", { select: "days", partitions: "all", onlyStale: true })
  const morning = Automation.schedule("morning", {
    cron: "30 2 * * *",
    timeZone: "Europe/Berlin",
    target: nightly,
    description: "Before people come"
  })
  const daily = Automation.schedule("daily", { cron: "0 1 * * *", target: { select: ["days"] }, startRunning: false })
  const decided = Automation.schedule("decided", {
    cron: "@daily",
    startRunning: false,
    evaluate: ({ scheduledAt }) =>
      Effect.sync(() => {
        done.push("decided")
        return Automation.request({ select: ["orders"], tags: { at: String(scheduledAt) } })
      })
  })
  const files = Automation.sensor("files", {
    every: "1 minute",
    target: { select: ["orders"], config: { orders: { token: "secret" } } },
    startRunning: false,
    *evaluate({ cursor }) {
      yield* Effect.log(`there are ${inbox.length}`)
      const newest = inbox.at(-1)
      if (newest === "broken") return yield* Effect.fail(new Error(`cannot read ${hostile}`))
      if (newest === "interrupted") return yield* Effect.interrupt
      return newest === undefined || newest === cursor
        ? Automation.skip("no new file")
        : Automation.request({ runKey: newest }, { cursor: newest })
    }
  })
  const ordered = Automation.assetSensor("ordered", {
    asset: orders,
    target: { select: ["days"], partitions: ["2024-01-01"] },
    startRunning: false
  })
  const failures = Automation.runSensor("failures", {
    status: "Failed",
    job: monthly,
    startRunning: false,
    run: (run) => Effect.sync(() => void done.push(`failed ${run.keys.join()}`))
  })
  const pushed = Automation.streamSensor("pushed", {
    stream: () => inbox.at(-1) === "the end" ? Stream.empty : Stream.never,
    startRunning: false
  })
  const graph = Graph.make({ orders, revenue, days, positive })
  return {
    inbox,
    done,
    gate,
    graph,
    definitions: (layer: typeof storages.memory | typeof storages.SQLite) =>
      Definitions.make({
        graph,
        jobs: [nightly, monthly],
        automations: [morning, daily, decided, files, ordered, failures, pushed],
        layer: Layer.merge(layer, Logger.layer([]))
      })
  }
}

type Made = ReturnType<typeof make>
type Provided = Operations.Operations | Deployment.Deployment | Scope.Scope

const layers = (made: Made, storage: keyof typeof storages, daemon: boolean) =>
  Operations.layer.pipe(
    Layer.provideMerge(daemon ? ServerDaemon.layer() : Layer.empty),
    Layer.provideMerge(
      Deployment.layer({ module: "definitions.ts", load: Effect.succeed(made.definitions(storages[storage])) })
    )
  )

/** Tests with a store in memory and one in SQLite, each with definitions of its own. */
const test = <Eff extends Effect.Effect<any, any, Provided>>(
  name: string,
  body: (operations: Operations.Service, made: Made) => Generator<Eff, void, never>,
  options: { readonly daemon?: boolean; readonly now?: number } = {}
) => {
  for (const storage of ["memory", "SQLite"] as const) {
    it.effect(`${name}, in ${storage}`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(options.now ?? now)
        const made = make()
        const program = Effect.gen(function*() {
          const operations = yield* Operations.Operations
          return yield* Effect.gen(() => body(operations, made))
        })
        return yield* Effect.provide(program, layers(made, storage, options.daemon === true))
        // the constraint of Eff says what the test needs; the compiler cannot follow it through Exclude
      }) as Effect.Effect<void, unknown, Scope.Scope>)
  }
}

/** Does something with the store, as another process would. */
const stored = <A, E>(f: (store: AutomationStore.Service) => Effect.Effect<A, E>) =>
  Deployment.Deployment.use((deployment) =>
    deployment.use(({ context }) =>
      // every layer of a log provides it
      f(Context.get(context as Context.Context<AutomationStore.AutomationStore>, AutomationStore.AutomationStore))
    )
  )

/** Waits until something holds, as time goes on. */
const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.gen(function*() {
    for (let turn = 0; turn < 200; turn++) {
      const value = yield* effect
      if (holds(value)) return value
      yield* TestClock.adjust("100 millis")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return assert.fail("it never held")
  })

const names = (items: ReadonlyArray<{ readonly name: string }>) => items.map(({ name }) => name)

describe("automations", () => {
  test("are listed with what they look at and request", function*(operations) {
    const all = yield* operations.automations({})
    assert.deepStrictEqual(names(all), [
      "morning",
      "daily",
      "decided",
      "files",
      "ordered",
      "failures",
      "pushed",
      ":conditions"
    ])
    assert.deepStrictEqual(names(yield* operations.automations({ kind: "schedule" })), ["morning", "daily", "decided"])
    assert.deepStrictEqual(names(yield* operations.automations({ kind: "sensors" })), [
      "files",
      "ordered",
      "failures",
      "pushed"
    ])
    assert.deepStrictEqual(yield* operations.automation("morning"), {
      name: "morning",
      kind: "schedule",
      description: "Before people come",
      running: true,
      startRunning: true,
      target: { words: "the job nightly", job: "nightly" },
      cron: ["30 2 * * *"],
      timeZone: "Europe/Berlin",
      catchUp: "the latest missed tick, or up to ten where it computes partitions",
      // it is skipped at night, where the clocks go forward
      nextTickAt: at("2024-03-31T01:00:00Z"),
      queuedRuns: 0
    })
    const [, daily, , files, ordered, failures, , conditions] = all
    assert.isFalse("nextTickAt" in daily!)
    assert.deepStrictEqual([files!.everyMillis, files!.target?.keys], [60_000, ["orders"]])
    assert.deepStrictEqual([ordered!.assets, ordered!.match], [["orders"], "any"])
    assert.strictEqual(ordered!.target?.words, "days for the partition 2024-01-01")
    assert.deepStrictEqual([failures!.statuses, failures!.jobs], [["Failed"], ["monthly"]])
    assert.deepStrictEqual([conditions!.kind, conditions!.running, conditions!.conditions], ["condition", true, 2])

    const unknown = yield* Effect.flip(operations.automation("mornin"))
    assert.deepInclude(unknown, { _tag: "NotFound", what: "automation", suggestions: ["morning"] })
  })

  test("are started and stopped, and stay so", function*(operations) {
    const started = yield* operations.startAutomation("daily")
    assert.deepInclude(started, { running: true, startRunning: false, runningSince: now })
    assert.strictEqual(started.nextTickAt, at("2024-03-31T01:00:00Z"))
    const stopped = yield* operations.stopAutomation("morning")
    assert.deepInclude(stopped, { running: false, startRunning: true })
    assert.isFalse("nextTickAt" in stopped)
    assert.isFalse((yield* operations.stopAutomation(":conditions")).running)
    const all = yield* operations.automations({})
    assert.deepStrictEqual(names(all.filter(({ running }) => running)), ["daily"])
    assert.strictEqual((yield* Effect.flip(operations.startAutomation("nope")))._tag, "NotFound")
  })

  test("tick by hand, whether they are on or not", function*(operations, made) {
    const time = at("2024-02-10T01:00:00Z")
    const { tick } = yield* operations.tickNow("daily", { at: time })
    assert.deepInclude(tick, { automation: "daily", kind: "schedule", status: "Requested", startedAt: now })
    const [request] = tick!.requests
    assert.deepInclude(request, {
      words: "days for the partition 2024-02-09",
      deduplicated: false,
      status: "Queued"
    })
    assert.deepStrictEqual([request!.request.partition, request!.request.keys], ["2024-02-09", ["days"]])
    // the same tick leads to no other run
    const again = yield* operations.tickNow("daily", { at: time })
    assert.deepStrictEqual([again.tick?.status, again.tick?.requests[0]?.deduplicated], ["Skipped", true])
    assert.strictEqual(again.tick?.requests[0]?.queuedId, request!.queuedId)

    assert.deepInclude((yield* operations.tickNow("files")).tick, { status: "Skipped", reason: "no new file" })
    made.inbox.push("broken")
    const failed = (yield* operations.tickNow("files")).tick!
    assert.deepStrictEqual([failed.status, failed.error?.message], ["Failed", `cannot read ${hostile}`])
    assert.include(failed.log, "there are 1")
    made.inbox.push("a.csv")
    const requested = (yield* operations.tickNow("files")).tick!
    assert.deepStrictEqual([requested.status, requested.cursor], ["Requested", "a.csv"])
    assert.strictEqual((yield* operations.automation("files")).cursor, "a.csv")
    assert.strictEqual((yield* operations.automation("files")).lastTick?.id, requested.id)
    // a configuration with secrets is not told
    assert.deepStrictEqual(requested.requests[0]?.request.config, {})

    assert.deepStrictEqual(yield* operations.tickNow("failures"), {})
    assert.deepInclude(yield* Effect.flip(operations.tickNow("pushed")), { _tag: "Conflict", code: "NotTickable" })
    assert.deepInclude(yield* Effect.flip(operations.tickNow("daily", { at: now + 1 })), { _tag: "Invalid" })
    assert.deepInclude(yield* Effect.flip(operations.tickNow("daily", { at: NaN })), { _tag: "Invalid" })
    assert.deepInclude(yield* Effect.flip(operations.tickNow("files", { at: now })), { _tag: "Invalid" })
    assert.strictEqual((yield* Effect.flip(operations.tickNow("nope")))._tag, "NotFound")
  })

  test("are evaluated without anything being recorded", function*(operations, made) {
    made.inbox.push("a.csv")
    const preview = yield* operations.evaluateAutomation("files")
    assert.deepInclude(preview, { name: "files", status: "Requested", cursor: "a.csv" })
    assert.include(preview.log, "there are 1")
    assert.deepStrictEqual(preview.requests[0]?.deduplicated, false)
    assert.isUndefined((yield* operations.automation("files")).cursor)
    assert.deepStrictEqual((yield* operations.ticks({})).items, [])
    assert.deepStrictEqual((yield* operations.queue({ status: "All" })).items, [])

    yield* operations.tickNow("files")
    yield* operations.setCursor("files", null)
    assert.isTrue((yield* operations.evaluateAutomation("files")).requests[0]?.deduplicated)

    const schedule = yield* operations.evaluateAutomation("daily", { at: at("2024-02-10T01:00:00Z") })
    assert.deepStrictEqual(schedule.requests.map(({ words }) => words), ["days for the partition 2024-02-09"])
    made.inbox.push("broken")
    assert.deepInclude(yield* operations.evaluateAutomation("files"), { status: "Failed", requests: [] })
    // a program ends its evaluation, not that of whoever asks
    made.inbox.push("interrupted")
    for (
      const { error, status } of [
        yield* operations.evaluateAutomation("files"),
        (yield* operations.tickNow("files")).tick!
      ]
    ) {
      assert.deepStrictEqual(
        [status, error?.message],
        ["Failed", "The program of the automation has interrupted itself."]
      )
    }
    assert.deepInclude(yield* operations.evaluateAutomation("ordered"), { status: "Skipped" })
    assert.deepInclude(yield* operations.evaluateAutomation("failures"), { status: "Skipped" })
    for (const name of ["pushed", ":conditions"]) {
      assert.strictEqual((yield* Effect.flip(operations.evaluateAutomation(name)))._tag, "Conflict")
    }
  })

  test("have times and requests that are known before", function*(operations, made) {
    const { ticks, timeZone } = yield* operations.previewSchedule({ name: "morning", count: 3 })
    assert.deepStrictEqual([timeZone, ticks.map((tick) => new Date(tick.at).toISOString())], ["Europe/Berlin", [
      "2024-03-31T01:00:00.000Z",
      "2024-04-01T00:30:00.000Z",
      "2024-04-02T00:30:00.000Z"
    ]])
    assert.deepStrictEqual(ticks[0]?.requests, ["the job nightly"])
    const daily = yield* operations.previewSchedule({ name: "daily", count: 2, from: at("2023-12-31T12:00:00Z") })
    assert.deepStrictEqual(daily.ticks.map(({ reason, requests }) => [requests, reason]), [
      [[], "no partition has ended yet"],
      [["days for the partition 2024-01-01"], undefined]
    ])
    // a program is not run
    assert.deepStrictEqual((yield* operations.previewSchedule({ name: "decided", count: 1 })).ticks, [
      { at: at("2024-03-31T00:00:00Z") }
    ])
    assert.deepStrictEqual(made.done, [])
    assert.strictEqual((yield* Effect.flip(operations.previewSchedule({ name: "files" })))._tag, "Conflict")
  })

  test("have cursors that can be set where it makes sense", function*(operations) {
    assert.strictEqual((yield* operations.setCursor("files", hostile)).cursor, hostile)
    assert.isUndefined((yield* operations.setCursor("files", null)).cursor)
    const { runId } = yield* operations.launch({ keys: ["orders"] })
    yield* Stream.runDrain(operations.followRun(runId))
    assert.strictEqual((yield* operations.setCursor("ordered", "2")).cursor, "2")
    assert.deepInclude(yield* Effect.flip(operations.setCursor("ordered", "seven")), { _tag: "Invalid" })
    // it would see nothing, and tell nobody
    for (const name of ["ordered", "failures"]) {
      const beyond = yield* Effect.flip(operations.setCursor(name, "999999999"))
      assert.match(
        String(beyond.detail),
        /^"999999999" is beyond the end of the event log, whose newest event has the number \d+:/
      )
    }
    assert.strictEqual((yield* operations.automation("ordered")).cursor, "2")
    for (const name of ["daily", ":conditions"]) {
      assert.deepInclude(yield* Effect.flip(operations.setCursor(name, "1")), { _tag: "Conflict", code: "NoCursor" })
    }
  })
})

describe("ticks", () => {
  test("are read in pages, the newest first", function*(operations, made) {
    const ids: Array<string> = []
    for (let i = 0; i < 5; i++) {
      yield* TestClock.setTime(now + i)
      if (i % 2 === 0) made.inbox.push(`${i}.csv`)
      ids.unshift((yield* operations.tickNow("files")).tick!.id)
    }
    const read: Array<AutomationModel.TickModel> = []
    let before: number | undefined
    do {
      const page: Model.Page<AutomationModel.TickModel> = yield* operations.ticks({ name: "files", limit: 2, before })
      read.push(...page.items)
      before = page.next
    } while (before !== undefined)
    assert.deepStrictEqual(read.map(({ id }) => id), ids)
    const skipped = yield* operations.ticks({ status: "Skipped" })
    assert.deepStrictEqual(skipped.items.map(({ id }) => id), [ids[1], ids[3]])
    assert.deepStrictEqual((yield* operations.ticks({ name: "daily" })).items, [])
    assert.deepStrictEqual(yield* operations.tick(ids[0]!), read[0])
    assert.strictEqual((yield* Effect.flip(operations.tick("nope")))._tag, "NotFound")
  })
})

describe("conditions", () => {
  test("are listed, and tell why something was requested", function*(operations) {
    const { items } = yield* operations.conditions({})
    assert.deepStrictEqual(items.map(({ key, kind }) => [key, kind]), [["revenue", "asset"], [
      "orders:positive",
      "check"
    ]])
    assert.strictEqual((yield* operations.asset("revenue")).automation, items[0]?.words)
    assert.deepStrictEqual(items[1], { key: "orders:positive", kind: "check", words: "newly updated" })
    assert.deepStrictEqual((yield* operations.conditions({ search: "REV" })).items.length, 1)
    const first = yield* operations.conditions({ limit: 1 })
    assert.deepStrictEqual((yield* operations.conditions({ limit: 1, after: first.next })).items, items.slice(1))
    assert.deepStrictEqual((yield* operations.evaluations({ key: "revenue" })).items, [])

    // the first evaluation makes nothing up
    assert.deepStrictEqual(yield* operations.tickNow(":conditions"), {})
    const { runId } = yield* operations.launch({ keys: ["orders"] })
    yield* Stream.runDrain(operations.followRun(runId))
    const { tick } = yield* operations.tickNow(":conditions")
    assert.deepInclude(tick, { automation: ":conditions", kind: "condition", status: "Requested" })
    assert.deepStrictEqual(tick!.requests.map(({ words }) => words).toSorted(), [
      "revenue",
      "the checks orders:positive"
    ])
    const evaluations = (yield* operations.evaluations({ key: "revenue" })).items
    const requested = evaluations.find(({ tickId }) => tickId === tick!.id)!
    assert.deepStrictEqual([requested.requested, requested.kind, requested.explanation.status], [1, "asset", "true"])
    assert.strictEqual(requested.explanation.label, "eager")
    const [, since] = requested.explanation.children
    assert.strictEqual(since?.status, "true")
    assert.include(JSON.stringify(requested.explanation), `"about":"orders"`)
    // asked about one by one, pages have them all
    const page = yield* operations.evaluations({ key: "revenue", limit: 1 })
    const rest = yield* operations.evaluations({ key: "revenue", before: page.next })
    assert.deepStrictEqual([...page.items, ...rest.items], evaluations)
    assert.strictEqual((yield* operations.conditions({})).items[0]?.last?.seq, evaluations[0]?.seq)
    const unknown = yield* Effect.flip(operations.evaluations({ key: "revenu" }))
    assert.deepInclude(unknown, { _tag: "NotFound", suggestions: ["revenue"] })
  })
})

describe("parts of a condition", () => {
  it("that remember do not contradict themselves where partitions do", () => {
    const part = (candidates: number, more: object) => ({
      words: "a",
      tag: "Since",
      count: 0,
      whole: false,
      candidates,
      trigger: 39,
      reset: 7,
      children: [{ words: "b", tag: "Missing", count: 0, whole: false, candidates: 1, children: [] }],
      ...more
    })
    const noteOf = (root: object) =>
      toEvaluation({
        seq: 1,
        evaluation: 40,
        timestamp: now,
        key: "days",
        requested: 0,
        explanation: { id: "days", kind: "asset", evaluation: 40, at: now, requested: 0, unchanged: false, root }
      } as unknown as AutomationStore.Evaluation).explanation.note
    const plain = "it happened in evaluation 39; it was reset in evaluation 7"
    const ofSome = "it happened for some partitions in evaluation 39; it was reset for some partitions in evaluation 7"
    assert.strictEqual(noteOf(part(1, {})), plain)
    assert.strictEqual(noteOf(part(1, { count: 1, whole: true })), plain)
    // asked about one partition, of an asset that has many
    const children = [{ words: "b", tag: "Missing", count: 0, whole: false, candidates: 331, children: [] }]
    assert.strictEqual(noteOf(part(1, { children })), ofSome)
    assert.strictEqual(noteOf(part(331, { children, count: 331, whole: true, partitions: "all" })), plain)
  })
})

describe("jobs", () => {
  test("tell what they run, and are run", function*(operations, made) {
    const [nightly, monthly] = yield* operations.jobs
    assert.deepStrictEqual(nightly, {
      name: "nightly",
      description: "Every night",
      select: "orders, revenue",
      keys: ["orders", "revenue"],
      assetCount: 2,
      partitioned: false,
      config: {},
      configHidden: ["orders"],
      tags: { team: "shop" },
      onlyStale: false,
      priority: 3,
      hooks: { onSuccess: true, onFailure: false },
      schedules: ["morning"],
      sensors: [],
      lastRuns: [],
      queuedRuns: 0
    })
    assert.deepInclude(monthly, { select: "days", partitions: "all partitions", partitioned: true, onlyStale: true })

    const { runId } = yield* operations.runJob({ name: "nightly", tags: { why: "test" } })
    yield* Stream.runDrain(operations.followRun(runId))
    const run = yield* operations.run(runId)
    assert.deepInclude(run.tags, { job: "nightly", team: "shop", why: "test", source: "api" })
    assert.deepStrictEqual([run.status, run.configHidden], ["Succeeded", ["orders"]])
    assert.deepStrictEqual((yield* operations.value({ key: "revenue" })).text, "6")
    yield* eventually(Effect.sync(() => made.done), (done) => done.includes("nightly"))
    assert.deepStrictEqual((yield* operations.job("nightly")).lastRuns.map(({ id }) => id), [runId])

    const part = yield* operations.runJob({ name: "monthly", partition: "2024-01-05", onlyStale: false })
    yield* Stream.runDrain(operations.followRun(part.runId))
    assert.strictEqual((yield* operations.run(part.runId)).partitions, "2024-01-05")
    const unknown = yield* Effect.flip(operations.runJob({ name: "nightl" }))
    assert.deepInclude(unknown, { _tag: "NotFound", what: "job", suggestions: ["nightly"] })
    assert.strictEqual((yield* Effect.flip(operations.job("nope")))._tag, "NotFound")
    const bad = yield* Effect.flip(operations.runJob({ name: "nightly", config: { orders: { token: 7 } } }))
    assert.strictEqual(bad._tag, "Invalid")
  })
})

describe("the queue", () => {
  test("is told in the order in which runs are launched, and runs are taken out of it", function*(operations) {
    yield* stored((store) =>
      store.enqueue([
        { keys: ["orders"] },
        { job: "nightly", priority: 5 },
        { select: "days", partitions: { from: "2024-01-01", to: "2024-01-05" }, onlyStale: true },
        { observe: ["orders"] }
      ])
    )
    const words = [
      "the job nightly",
      "orders",
      "days for the partitions 2024-01-01 to 2024-01-05 as far as it is stale",
      "a look at orders"
    ]
    const { items } = yield* operations.queue({})
    assert.deepStrictEqual(items.map((item) => item.words), words)
    const read: Array<string> = []
    let after: number | undefined
    do {
      const page: Model.Page<AutomationModel.QueuedModel> = yield* operations.queue({ limit: 1, after })
      read.push(...page.items.map((item) => item.words))
      after = page.next
    } while (after !== undefined)
    assert.deepStrictEqual(read, words)
    assert.strictEqual((yield* operations.job("nightly")).queuedRuns, 1)

    const cancelled = yield* operations.cancelQueued(items[0]!.id)
    assert.strictEqual(cancelled.status, "Cancelled")
    assert.deepInclude(yield* Effect.flip(operations.cancelQueued(items[0]!.id)), { _tag: "Conflict" })
    assert.deepInclude(yield* Effect.flip(operations.cancelQueued("nope")), { _tag: "NotFound", what: "request" })
    assert.deepStrictEqual((yield* operations.queue({})).items.map((item) => item.words), words.slice(1))
    const all = yield* operations.queue({ status: "All", limit: 3 })
    const last = yield* operations.queue({ status: "All", after: all.next })
    assert.deepStrictEqual(
      [...all.items, ...last.items].map(({ seq }) => seq),
      items.map(({ seq }) => seq).toSorted((a, b) => b - a)
    )
    assert.deepStrictEqual((yield* operations.queue({ status: "Cancelled" })).items.length, 1)
  })
})

describe("a daemon", () => {
  test("that is not there is told of", function*(operations) {
    assert.deepStrictEqual(yield* operations.daemon, {
      present: false,
      here: false,
      leading: false,
      runsHere: 0,
      queued: 0,
      launching: 0,
      failed: 0,
      running: 2,
      automations: 8,
      problems: []
    })
  })

  test("launches what is requested, and its runs are those of this process", function*(operations, made) {
    const daemon = yield* eventually(operations.daemon, ({ leading }) => leading)
    assert.deepInclude(daemon, { present: true, here: true })
    made.gate.closeUnsafe()
    made.inbox.push("a.csv")
    const { tick } = yield* operations.tickNow("files")
    const ticked = yield* eventually(operations.tick(tick!.id), ({ requests }) => requests[0]?.runStatus !== undefined)
    const runId = ticked.requests[0]!.runId!
    const run = yield* operations.run(runId)
    assert.deepStrictEqual([run.status, run.here, run.tags.automation], ["Running", true, "files"])
    const seen: Array<string> = []
    const following = yield* Effect.forkChild(
      Stream.runForEach(
        operations.followRun(runId),
        (events) => Effect.sync(() => void seen.push(...events.map(({ _tag }) => _tag)))
      ),
      { startImmediately: true }
    )
    yield* eventually(Effect.sync(() => seen), (seen) => seen.includes("AssetStarted"))
    made.gate.openUnsafe()
    yield* Fiber.join(following)
    assert.include(seen, "RunFinished")
    assert.include((yield* operations.runLog(runId, {})).items.map(({ message }) => message), "counting")
    const item = (yield* operations.queue({ status: "Launched" })).items.find(({ id }) =>
      id === tick!.requests[0]!.queuedId
    )
    assert.deepInclude(item, { runId, runStatus: "Succeeded", automation: "files" })
  }, { daemon: true })

  test("ticks schedules that are on, and tells what is evaluated next", function*(operations) {
    yield* eventually(operations.daemon, ({ leading }) => leading)
    yield* operations.startAutomation("daily")
    const { nextTickAt } = yield* eventually(
      operations.automation("daily"),
      ({ nextTickAt }) => nextTickAt !== undefined
    )
    yield* TestClock.setTime(nextTickAt!)
    const { items } = yield* eventually(operations.ticks({ name: "daily" }), ({ items }) => items.length > 0)
    assert.deepStrictEqual(items.map(({ scheduledAt, requests }) => [scheduledAt, requests[0]?.words]), [
      [nextTickAt, "days for the partition 2024-03-30"]
    ])
  }, { daemon: true, now: at("2024-03-31T00:59:58Z") })

  test("tells when a stream begins again, as long as it has not", function*(operations, made) {
    yield* eventually(operations.daemon, ({ leading }) => leading)
    made.inbox.push("the end")
    yield* operations.startAutomation("pushed")
    const { nextTickAt } = yield* eventually(
      operations.automation("pushed"),
      ({ nextTickAt }) => nextTickAt !== undefined
    )
    made.inbox.push("it goes on")
    yield* TestClock.setTime(nextTickAt!)
    yield* eventually(operations.automation("pushed"), (pushed) => pushed.nextTickAt === undefined)
  }, { daemon: true })
})

describe("backfills", () => {
  test("are listed with what is done, each once", function*(operations) {
    const first = yield* operations.backfill({ keys: ["days"], partitions: { from: "2024-01-01", to: "2024-01-03" } })
    yield* eventually(operations.backfillDetail(first.backfillId), ({ status }) => status !== "Running")
    yield* operations.backfill({ resume: first.backfillId })
    yield* eventually(operations.backfillDetail(first.backfillId), ({ status }) => status !== "Running")
    yield* TestClock.adjust(1)
    const second = yield* operations.backfill({ keys: ["days"], partitions: ["2024-01-05"], tags: { why: "test" } })
    yield* eventually(operations.backfillDetail(second.backfillId), ({ status }) => status !== "Running")
    const { items } = yield* operations.backfills({})
    assert.deepStrictEqual(items.map(({ id, partitions, status }) => [id, status, partitions]), [
      [second.backfillId, "Succeeded", { total: 1, done: 1, failed: 0 }],
      [first.backfillId, "Failed", { total: 3, done: 2, failed: 1 }]
    ])
    assert.deepStrictEqual(items[0]?.assets, [{ key: "days", count: 1, partitions: "2024-01-05" }])
    assert.deepInclude(items[0], { tags: { source: "api", why: "test" }, assetCount: 1, here: false })
    const page = yield* operations.backfills({ limit: 1 })
    assert.deepStrictEqual((yield* operations.backfills({ limit: 1, before: page.next })).items, items.slice(1))
  })
})

describe("changes", () => {
  test("tell of automations and of the queue", function*(operations) {
    const changes: Array<Model.Change> = []
    const hello = Latch.makeUnsafe(false)
    yield* Effect.forkScoped(
      Stream.runForEach(operations.changes, (change) =>
        Effect.sync(() => {
          changes.push(change)
          if (change._tag === "Hello") hello.openUnsafe()
        })),
      { startImmediately: true }
    )
    yield* hello.await
    yield* operations.stopAutomation("morning")
    yield* operations.tickNow("files")
    yield* eventually(
      Effect.sync(() => changes),
      (changes) =>
        changes.some((change) => change._tag === "AutomationChanged" && change.names.includes("files")) &&
        changes.some((change) => change._tag === "QueueChanged")
    )
    const told = changes.flatMap((change) => change._tag === "AutomationChanged" ? change.names : [])
    assert.deepStrictEqual([...new Set(told)].toSorted(), ["files", "morning"])
  })
})

describe("over HTTP", () => {
  it.live("a client is told what the operations tell", () =>
    Effect.gen(function*() {
      const made = make()
      const local = yield* Layer.build(layers(made, "memory", false))
      const server = HttpRouter.serve(Layer.provide(HttpApiBuilder.layer(Api.Api), Handlers.layer), {
        disableListenLog: true,
        disableLogger: true
      }).pipe(Layer.provideMerge(NodeHttpServer.layerTest), Layer.provide(Layer.succeedContext(local)))
      const compare = Effect.gen(function*() {
        const remote = yield* Operations.Operations
        const here = Context.get(local, Operations.Operations)
        made.inbox.push(hostile)
        const { tick } = yield* remote.tickNow("files")
        yield* remote.tickNow(":conditions")
        yield* remote.setCursor("files", null)
        assert.isFalse((yield* remote.stopAutomation("morning")).running)
        assert.isTrue((yield* remote.startAutomation("daily")).running)
        const { runId } = yield* remote.runJob({ name: "nightly" })
        yield* Stream.runDrain(here.followRun(runId))
        const { backfillId } = yield* remote.backfill({ keys: ["days"], partitions: ["2024-01-05"] })
        yield* Effect.repeat(here.backfillDetail(backfillId), { until: ({ status }) => status !== "Running" })
        const pairs = (operations: Operations.Service) =>
          Effect.all([
            operations.automation("files"),
            operations.automation("morning"),
            operations.automation(":conditions"),
            operations.evaluateAutomation("daily", { at: at("2024-02-10T01:00:00Z") }),
            operations.previewSchedule({ name: "daily", count: 3, from: now }),
            operations.ticks({ name: "files", status: "Requested" }),
            operations.tick(tick!.id),
            operations.conditions({}),
            operations.evaluations({ key: "revenue" }),
            operations.jobs,
            operations.job("nightly"),
            operations.queue({ status: "All" }),
            operations.daemon,
            operations.backfills({ limit: 5 })
          ])
        assert.deepStrictEqual(yield* pairs(remote), yield* pairs(here))
        const [cancelled, problem] = [
          yield* remote.cancelQueued(tick!.requests[0]!.queuedId),
          yield* Effect.flip(remote.cancelQueued(tick!.requests[0]!.queuedId))
        ]
        assert.deepStrictEqual([cancelled.status, problem._tag], ["Cancelled", "Conflict"])
        assert.deepInclude(yield* Effect.flip(remote.automation("mornin")), {
          _tag: "NotFound",
          suggestions: ["morning"]
        })
      })
      yield* Effect.provide(compare, Layer.provide(Client.layer({ url: "" }), server))
    }).pipe(Effect.scoped))
})
