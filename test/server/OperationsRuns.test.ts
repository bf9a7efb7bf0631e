import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Exit, Fiber, Latch, Layer, Logger, Ref, Schema, Scope, Stream } from "effect"
import { Asset, Check, EventLog, Graph, Partitions, Runtime } from "effect-assets"
import { type Model, Operations, type Problem } from "effect-assets/server"
import { TestClock } from "effect/testing"
import { elsewhere, operationsOf, storages, testOf } from "../fixtures/deployment.ts"

const day = 86_400_000
const quiet = Logger.layer([])

const days = Partitions.daily({ start: "1970-01-01", end: "1970-01-11" })
const a = Asset.make("a", {
  config: Schema.Struct({ limit: Schema.Int }),
  *compute(_, { config }) {
    yield* Effect.log(`the limit is ${config.limit}`)
    return config.limit
  }
})
const b = Asset.make("b", {
  inputs: { a },
  *compute({ a }) {
    yield* Effect.logWarning("b fails where a is 0")
    return a === 0 ? yield* Effect.fail(new Error("a is 0")) : a + 1
  }
})
const c = Asset.make("c", { inputs: { b }, compute: ({ b }) => Effect.succeed(b) })
const daily = Asset.make("daily", { partitions: days, compute: (_, { partition }) => Effect.succeed(partition.key) })
const positive = Check.make("positive", {
  asset: b,
  description: "More than none",
  check: (b) => Effect.succeed(b > 0)
})
const graph = Graph.make({ a, b, c, daily, positive })
const limit = (limit: number) => ({ a: { limit } })

/** What happens in a run until it ends. */
const followed = (operations: Operations.Service, id: string, after?: number) =>
  Effect.map(Stream.runCollect(operations.followRun(id, after)), (chunks) => chunks.flat())

for (const [name, layer] of Object.entries(storages)) {
  describe(`runs with a log in ${name}`, () => {
    const test = testOf({ graph, layer: Layer.merge(layer, quiet), now: 20 * day })

    test("begin, are followed to their end, and are told with what they were given", function*(operations) {
      const { runId } = yield* operations.launch({ select: "+c", config: limit(3), tags: { who: "me" } })
      const events = yield* followed(operations, runId)
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag !== "AssetStarted").map((event) =>
          event._tag === "AssetFinished" ? `${event.event.key} ${event.event.outcome}` : event._tag
        ),
        ["RunStarted", "a Materialized", "b Materialized", "c Materialized", "CheckFinished", "RunFinished"]
      )
      const check = events.find((event) => event._tag === "CheckFinished")
      assert.deepInclude(check!.check, { check: "positive", description: "More than none", status: "Passed" })
      const run = yield* operations.run(runId)
      assert.deepInclude(run, {
        id: runId,
        status: "Succeeded",
        keys: ["a", "b", "c"],
        tags: { source: "api", who: "me" },
        config: limit(3),
        configHidden: [],
        counts: { Materialized: 3 },
        retriedBy: [],
        here: false
      })
      const { items, next } = yield* operations.runAssets(runId, { limit: 2 })
      assert.deepStrictEqual(items.map(({ key }) => key), ["a", "b"])
      const rest = yield* operations.runAssets(runId, { limit: 2, after: next })
      assert.deepStrictEqual(rest.items.map(({ key }) => key), ["c"])
      assert.strictEqual(rest.next, undefined)
    })

    test("that fail are no errors, and are retried with their configuration", function*(operations) {
      const { runId } = yield* operations.launch({ select: "+c", config: limit(0) })
      yield* followed(operations, runId)
      const failed = yield* operations.run(runId)
      assert.deepInclude(failed, { status: "Failed", counts: { Materialized: 1, Failed: 1, UpstreamFailed: 1 } })
      const retried = yield* operations.retry(runId, { tags: { why: "again" } })
      yield* followed(operations, retried.runId)
      const run = yield* operations.run(retried.runId)
      assert.deepInclude(run, { retryOf: runId, status: "Failed", keys: ["b", "c"] })
      assert.deepInclude(run.tags, { why: "again" })
      assert.deepStrictEqual((yield* operations.run(runId)).retriedBy, [retried.runId])
      assert.deepStrictEqual((yield* operations.runs({ retryOf: runId })).items.map(({ id }) => id), [retried.runId])
    })

    test("are listed by state, asset and tag, the newest first", function*(operations) {
      const ids: Array<string> = []
      for (const value of [1, 0, 2]) {
        const { runId } = yield* operations.launch({ select: "+b", config: limit(value), tags: { n: `${value}=x` } })
        yield* followed(operations, runId)
        ids.unshift(runId)
      }
      const idsOf = (filter: Model.RunFilter) =>
        Effect.map(operations.runs(filter), ({ items }) => items.map(({ id }) => id))
      assert.deepStrictEqual(yield* idsOf({}), ids)
      assert.deepStrictEqual(yield* idsOf({ status: "Failed" }), [ids[1]])
      assert.deepStrictEqual(yield* idsOf({ tag: "n=2=x" }), [ids[0]])
      assert.deepStrictEqual(yield* idsOf({ key: "c" }), [])
      const page = yield* operations.runs({ limit: 2 })
      assert.deepStrictEqual(page.items.map(({ id }) => id), ids.slice(0, 2))
      assert.deepStrictEqual(yield* idsOf({ limit: 2, before: page.next }), ids.slice(2))
      assert.strictEqual((yield* Effect.flip(operations.runs({ tag: "n" })))._tag, "Invalid")
    })

    test("keep what their programs log", function*(operations) {
      const { runId } = yield* operations.launch({ select: "+c", config: limit(3) })
      const logged = (yield* Stream.runCollect(operations.followLog(runId))).flat()
      assert.deepStrictEqual(logged.map(({ key, level, message, seq }) => [seq, level, key, message]), [
        [1, "Info", "a", "the limit is 3"],
        [2, "Warn", "b", "b fails where a is 0"]
      ])
      const levelled = yield* operations.runLog(runId, { level: "warn" })
      assert.deepStrictEqual(levelled.items, logged.slice(1))
      const first = yield* operations.runLog(runId, { limit: 1 })
      assert.deepStrictEqual(first, { items: logged.slice(0, 1), next: 1 })
      assert.deepStrictEqual((yield* Stream.runCollect(operations.followLog(runId, 1))).flat(), logged.slice(1))
      assert.deepStrictEqual((yield* operations.runLog(runId, { key: "b" })).items, logged.slice(1))
    })

    test("are planned without running", function*(operations) {
      const plan = yield* operations.plan({ keys: ["b", "c"] })
      assert.deepStrictEqual(plan.steps, [
        { name: "b", keys: ["b"], after: [], loads: ["a"], states: ["Missing"] },
        { name: "c", keys: ["c"], after: ["b"], loads: [], states: ["Missing"] }
      ])
      const partitioned = yield* operations.plan({
        select: "daily",
        partitions: { from: "1970-01-02", to: "1970-01-04" }
      })
      assert.deepInclude(partitioned.steps[0], { partitions: "1970-01-02…1970-01-04 (3 partitions)" })
      assert.deepStrictEqual((yield* operations.runs({})).items, [])
    })

    test("of backfills are told with them", function*(operations) {
      const request = { select: "daily", partitions: "missing", partitionsPerRun: 4 } as const
      const plan = yield* operations.planBackfill(request)
      assert.strictEqual(plan.runCount, 3)
      assert.deepInclude(plan.assets[0], { key: "daily", count: 10 })
      const { backfillId } = yield* operations.backfill(request)
      yield* elsewhere(
        EventLog.EventLog.use((log) => Stream.runHead(log.tail({ after: 0, backfillId, tags: ["BackfillFinished"] })))
      )
      const detail = yield* operations.backfillDetail(backfillId)
      assert.deepInclude(detail, {
        status: "Succeeded",
        cancelRequested: false,
        assets: [{ key: "daily", count: 10, partitions: "1970-01-01…1970-01-10 (10 partitions)" }],
        runs: { Running: 0, Succeeded: 3, Failed: 0, Cancelled: 0 }
      })
      assert.lengthOf((yield* operations.runs({ backfill: backfillId })).items, 3)
      assert.strictEqual((yield* operations.planBackfill(request)).runCount, 0)
      assert.strictEqual((yield* Effect.flip(operations.cancelBackfill(backfillId)))._tag, "Conflict")
    })

    test("that cannot begin say why, and nothing is recorded", function*(operations) {
      const problemsOf = (request: Model.RunRequest) =>
        Effect.gen(function*() {
          const launched = yield* Effect.flip(operations.launch(request))
          const planned = yield* Effect.flip(operations.plan(request))
          assert.strictEqual(launched._tag, planned._tag)
          return launched
        })
      const config = yield* problemsOf({ select: "a", config: { a: { limit: "x" } } })
      assert.deepInclude(config, { _tag: "Invalid", code: "RunConfigError" })
      assert.deepStrictEqual(config._tag === "Invalid" && config.problems.map(({ key }) => key), ["a"])
      const unsaid = yield* problemsOf({ select: "daily" })
      assert.deepInclude(unsaid, { _tag: "Invalid", code: "RunPartitionsError" })
      // who asks over HTTP has no functions
      assert.include(unsaid.detail, "or use a backfill")
      assert.strictEqual((yield* problemsOf({ select: "daily", partition: "1999-01-01" }))._tag, "Invalid")
      assert.strictEqual((yield* problemsOf({ select: "(" }))._tag, "Invalid")
      assert.strictEqual((yield* problemsOf({ keys: ["d"] }))._tag, "NotFound")
      assert.strictEqual((yield* problemsOf({ keys: ["a"], select: "a" }))._tag, "Invalid")
      assert.deepStrictEqual((yield* operations.runs({})).items, [])
    })

    test("that are not there are not found", function*(operations) {
      const problems: ReadonlyArray<Effect.Effect<unknown, Problem.Problem>> = [
        operations.run("nope"),
        operations.runAssets("nope", {}),
        operations.runLog("nope", {}),
        operations.cancel("nope"),
        operations.retry("nope"),
        Stream.runCollect(operations.followRun("nope")),
        Stream.runCollect(operations.followLog("nope"))
      ]
      for (const problem of problems) {
        assert.deepInclude(yield* Effect.flip(problem), { _tag: "NotFound", what: "run", id: "nope" })
      }
      const backfills: ReadonlyArray<Effect.Effect<unknown, Problem.Problem>> = [
        operations.backfillDetail("nope"),
        operations.cancelBackfill("nope")
      ]
      for (const problem of backfills) {
        assert.deepInclude(yield* Effect.flip(problem), { _tag: "NotFound", what: "backfill" })
      }
    })
  })
}

/** Lets time go by, in which other fibers go on, until something has come. */
const advance = (isThere: () => boolean) =>
  Effect.repeat(TestClock.adjust("20 millis"), { until: () => Effect.sync(isThere), times: 1_000 })

describe("a run that goes on", () => {
  /** A graph whose runs wait within a step until they are let go. */
  const gated = () => {
    const gate = Latch.makeUnsafe(false)
    const waits = Asset.make("waits", {
      *compute() {
        yield* Asset.step("download", gate.await)
        return 1
      }
    })
    return { gate, graph: Graph.make({ waits }) }
  }
  const layer = Layer.merge(storages.memory, quiet)
  const test = (
    name: string,
    body: (gate: Latch.Latch, operations: Operations.Service) => Generator<Effect.Effect<any, any, any>, void, never>
  ) => {
    const { gate, graph } = gated()
    testOf({ graph, layer })(name, (operations) => body(gate, operations))
  }

  test("is told to who comes later, with what is going on in it", function*(gate, operations) {
    const { runId } = yield* operations.launch({})
    const [early, late]: [Array<string>, Array<string>] = [[], []]
    const follow = (seen: Array<string>, after?: number) =>
      Effect.forkChild(
        Stream.runForEach(operations.followRun(runId, after), (events) =>
          Effect.sync(() => void seen.push(...events.map(({ _tag }) => _tag))))
      )
    const first = yield* follow(early)
    yield* advance(() => early.includes("StepStarted"))
    assert.isTrue((yield* operations.run(runId)).here)
    assert.deepStrictEqual((yield* operations.assets({})).items[0]!.status.running, [runId])
    // nothing of it is recorded: it is told all the same
    const second = yield* follow(late, 1)
    yield* advance(() => late.includes("StepStarted"))
    yield* gate.open
    yield* advance(() => late.includes("RunFinished"))
    yield* Fiber.joinAll([first, second])
    // the end of the step is part of what is recorded: that may come first
    const withoutSteps = (seen: ReadonlyArray<string>) => seen.filter((tag) => tag !== "StepFinished")
    const told = ["AssetStarted", "StepStarted", "AssetFinished", "RunFinished"]
    assert.deepStrictEqual(withoutSteps(late), told)
    assert.deepStrictEqual(withoutSteps(early), ["RunStarted", ...told])
    assert.deepStrictEqual((yield* operations.assets({})).items[0]!.status.running, [])
  })

  test("is not retried, and is cancelled", function*(gate, operations) {
    const { runId } = yield* operations.launch({})
    assert.strictEqual((yield* Effect.flip(operations.retry(runId)))._tag, "Conflict")
    assert.strictEqual((yield* operations.run(runId)).status, "Running")
    const cancelled = yield* operations.cancel(runId, { reason: "enough" })
    assert.isTrue(cancelled.cancelRequested)
    const events = yield* followed(operations, runId)
    assert.deepInclude(events.find(({ _tag }) => _tag === "CancelRequested"), { reason: "enough" })
    assert.deepInclude(events.at(-1), { _tag: "RunFinished", status: "Cancelled" })
    assert.strictEqual((yield* Effect.flip(operations.cancel(runId)))._tag, "Conflict")
    const retried = yield* operations.retry(runId)
    yield* gate.open
    yield* followed(operations, retried.runId)
    assert.deepInclude(yield* operations.run(retried.runId), { status: "Succeeded", retryOf: runId })
  })

  test("goes on when whoever began it has gone", function*(gate, operations) {
    const request = yield* Effect.forkChild(Effect.andThen(operations.launch({}), Effect.never))
    const [{ id }] = (yield* Effect.gen(function*() {
      yield* Effect.yieldNow
      return (yield* operations.runs({})).items
    }).pipe(Effect.repeat({ until: (items) => items.length > 0 }))) as unknown as [Model.RunSummary]
    yield* Fiber.interrupt(request)
    yield* gate.open
    yield* followed(operations, id)
    assert.strictEqual((yield* operations.run(id)).status, "Succeeded")
  })

  it.effect("is cancelled when the process stops, and that is recorded", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.makeMemory
      const scope = yield* Scope.make()
      const layer = Layer.mergeAll(storages.memory, quiet, Layer.succeed(EventLog.EventLog, log))
      const context = yield* Layer.buildWithScope(operationsOf(gated().graph, layer), scope)
      const { runId } = yield* Effect.flatMap(Operations.Operations, (operations) => operations.launch({})).pipe(
        Effect.provideContext(context)
      )
      yield* Scope.close(scope, Exit.void)
      const [run] = yield* log.runs({ ids: [runId] })
      assert.strictEqual(run?.status, "Cancelled")
    }))
})

describe("what would take too long, or too deep", () => {
  const hours = Partitions.hourly({ start: "1911-01-01T00", end: "2026-01-01T00" })
  const hourly = Asset.make("hourly", { partitions: hours, compute: () => Effect.void })
  const test = testOf({ graph: Graph.make({ a, hourly }), layer: Layer.merge(storages.memory, quiet), now: 20 * day })

  test("is refused before it is planned: a backfill of very many runs", function*(operations) {
    const request = { select: "hourly", partitions: "missing" } as const
    for (const operation of [operations.planBackfill, operations.backfill]) {
      const refused = yield* Effect.flip(Effect.asVoid<unknown, Problem.Problem, never>(operation(request)))
      assert.strictEqual(refused._tag, "Invalid")
      assert.match(refused.detail!, /^These are 517,680 runs, .* has at most 100,000\. .*: 6 or more, or all\.$/)
    }
    assert.strictEqual((yield* operations.planBackfill({ ...request, partitionsPerRun: 6 })).runCount, 86_280)
    assert.strictEqual((yield* operations.planBackfill({ ...request, partitionsPerRun: "all" })).runCount, 1)
  })

  test("is refused before it is recorded: what is nested too deep", function*(operations) {
    let deep: Schema.Json = 1
    for (let depth = 0; depth < 50_000; depth++) deep = [deep]
    const refused = [
      yield* Effect.flip(operations.launch({ select: "a", config: { a: { limit: deep } } })),
      yield* Effect.flip(operations.plan({ select: "a", config: { a: { limit: deep } } })),
      yield* Effect.flip(operations.report({ key: "a", metadata: { deep } }))
    ]
    for (const problem of refused) {
      assert.strictEqual(problem._tag, "Invalid")
      assert.match(problem.detail!, /nested more than 500 levels deep/)
    }
    assert.deepStrictEqual((yield* operations.runs({})).items, [])
  })
})

describe("a run whose process has died", () => {
  const test = testOf({ graph, layer: Layer.merge(storages.memory, quiet), now: 20 * day })
  const died = elsewhere(
    EventLog.EventLog.use((log) =>
      log.append([{ _tag: "RunStarted", runId: "died", timestamp: 20 * day, keys: ["a"], tags: {} }])
    )
  )

  test("ends half a minute after it was cancelled, and not before", function*(operations) {
    yield* died
    assert.deepInclude(yield* operations.run("died"), { status: "Running", here: false })
    yield* operations.cancel("died")
    yield* TestClock.adjust("29 seconds")
    assert.strictEqual((yield* operations.cancel("died")).status, "Running")
    yield* TestClock.adjust("1 second")
    assert.deepInclude(yield* operations.run("died"), { status: "Cancelled", durationMillis: 30_000 })
    assert.deepInclude((yield* followed(operations, "died")).at(-1), { _tag: "RunFinished", status: "Cancelled" })
  })

  test("ends when it is cancelled once more, also by a process that came later", function*(operations) {
    yield* died
    yield* elsewhere(Runtime.cancel("died"))
    yield* TestClock.adjust("30 seconds")
    assert.strictEqual((yield* operations.run("died")).status, "Running")
    assert.strictEqual((yield* operations.cancel("died")).status, "Cancelled")
  })

  it.effect("is left alone if it is one of this process", () => {
    const endless = Graph.make({ endless: Asset.make("endless", Effect.uninterruptible(Effect.never)) })
    return Effect.scoped(Effect.gen(function*() {
      const log = yield* EventLog.makeMemory
      const layer = Layer.mergeAll(storages.memory, quiet, Layer.succeed(EventLog.EventLog, log))
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(operationsOf(endless, layer), scope)
      yield* Effect.gen(function*() {
        const operations = yield* Operations.Operations
        const { runId } = yield* operations.launch({})
        yield* operations.cancel(runId)
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(yield* operations.cancel(runId), { status: "Running", here: true })
      }).pipe(Effect.provideContext(context))
    }))
  })
})

describe("following from any cursor at any moment", () => {
  const sources = Array.from({ length: 4 }, (_, at) => Asset.make(`s${at}`, Effect.yieldNow.pipe(Effect.as(at))))
  const graph = Graph.fromAssets(sources)
  const At = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 }))

  for (const [name, layer] of Object.entries(storages)) {
    it.effect.prop(
      `tells what is recorded after it, once, in ${name}`,
      { wanted: Arbitrary.schema(At), turns: Arbitrary.schema(At) },
      ({ turns, wanted }) =>
        Effect.gen(function*() {
          const operations = yield* Operations.Operations
          const { runId } = yield* operations.launch({ concurrency: 1 })
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
          const after = Math.min(wanted, (yield* operations.deployment).cursor)
          const events = yield* followed(operations, runId, after)
          const recorded = yield* elsewhere(
            EventLog.EventLog.use((log) => Stream.runCollect(log.events({ runId, after })))
          )
          const cursors = events.flatMap((event) =>
            event._tag === "AssetFinished" ? [event.event.cursor] : "cursor" in event ? [event.cursor] : []
          )
          assert.deepStrictEqual(cursors, recorded.map(({ cursor }) => cursor))
          // nothing is told to begin that was told to have ended
          const ended = new Set<string>()
          for (const event of events) {
            if (event._tag === "AssetFinished") ended.add(event.event.key)
            if (event._tag === "AssetStarted") assert.isFalse(ended.has(event.key))
          }
        }).pipe(Effect.provide(operationsOf(graph, Layer.merge(layer, quiet)))),
      { arbitrary: { runs: 30 } }
    )
  }
})

describe("a run of another process", () => {
  const test = testOf({ graph, layer: Layer.merge(storages.memory, quiet) })

  test("is followed by what is recorded of it", function*(operations) {
    const events = yield* Ref.make<ReadonlyArray<string>>([])
    const begun = yield* Deferred.make<string>()
    const foreign = yield* Effect.forkChild(elsewhere(
      Effect.provideService(
        Runtime.run(graph, {
          select: ["a", "b", "c"],
          config: { a: { limit: 3 } },
          onProgress: (progress) =>
            progress._tag === "RunStarted" ? Deferred.succeed(begun, progress.runId) : Effect.void
        }),
        Runtime.Concurrency,
        1
      )
    ))
    const id = yield* Deferred.await(begun)
    yield* Stream.runForEach(
      operations.followRun(id),
      (chunk) => Ref.update(events, (list) => [...list, ...chunk.map(({ _tag }) => _tag)])
    )
    yield* Fiber.join(foreign)
    assert.deepStrictEqual(yield* Ref.get(events), [
      "RunStarted",
      "AssetFinished",
      "AssetFinished",
      "AssetFinished",
      "CheckFinished",
      "RunFinished"
    ])
  })
})
