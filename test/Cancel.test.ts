/** Runs that somebody else ends: through the log, be it from another process. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Deferred, Duration, Effect, Exit, Fiber, Layer, Option, Schedule, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, inMemory, testWith } from "./fixtures/inMemory.ts"

/** A test with a slot for the database. */
const test = testWith({ layer: Runtime.layerPools({ db: 1 }) })

const eventTags = Effect.map(
  eventsOf(),
  (events) => events.map((event) => "key" in event ? `${event._tag} ${event.key}` : event._tag)
)

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag]))

/** The one run that the log knows. */
const runRecord = Effect.map(
  EventLog.EventLog.use((log) => log.runs({})),
  (runs) => runs.length === 1 ? runs[0]! : assert.fail(`${runs.length} runs`)
)

/** A program that never ends, tells when it has begun, and writes down that it was released. */
const holding = (released: Array<string>, name: string, release: Effect.Effect<void> = Effect.void) => {
  const started = Deferred.makeUnsafe<void>()
  const program = Effect.acquireUseRelease(
    Deferred.succeed(started, undefined),
    () => Effect.never as Effect.Effect<number>,
    () => Effect.andThen(release, Effect.sync(() => void released.push(name)))
  )
  return { program, started: Deferred.await(started) }
}

/** How somebody else asks for the end of a run. */
const ways: ReadonlyArray<
  readonly [how: string, cancel: (runId: string) => Effect.Effect<void, unknown, EventLog.EventLog>]
> = [
  ["Runtime.cancel", (runId) => Runtime.cancel(runId, { reason: "too slow" })],
  [
    "a request that is appended to the log",
    (runId) =>
      EventLog.EventLog.use((log) =>
        log.append([{ _tag: "RunCancelRequested", runId, timestamp: 0, reason: "too slow" }])
      )
  ]
]

describe("a run that is cancelled through the log", () => {
  for (const [how, cancel] of ways) {
    test(`by ${how}: what runs is interrupted and released, and what waits does not begin`, function*() {
      const released: Array<string> = []
      const before = Asset.make("before", Effect.succeed(1))
      const one = holding(released, "slow")
      const two = holding(released, "other")
      const slow = Asset.make("slow", { deps: [before], compute: () => one.program })
      const other = Asset.make("other", { compute: () => two.program })
      const later = Asset.make("later", { inputs: { slow }, compute: ({ slow }) => Effect.succeed(slow) })
      const graph = Graph.make({ before, slow, other, later })
      const fiber = yield* Effect.forkChild(Runtime.run(graph))
      yield* Effect.andThen(one.started, two.started)
      const { id, status } = yield* runRecord
      assert.strictEqual(status, "Running")
      yield* cancel(id)
      const run = yield* Fiber.join(fiber)
      assert.strictEqual(run.status, "Cancelled")
      assert.deepStrictEqual(tagsOf(run), {
        before: "Materialized",
        slow: "Cancelled",
        other: "Cancelled",
        later: "Cancelled"
      })
      assert.deepStrictEqual(
        Runtime.outcomes(run).flatMap((outcome) => outcome._tag === "Cancelled" ? [[outcome.key, outcome.started]] : [])
          .sort(),
        [["later", false], ["other", true], ["slow", true]]
      )
      assert.deepStrictEqual(released.sort(), ["other", "slow"])
      assert.strictEqual(yield* Runtime.load(before), 1)
      const record = yield* runRecord
      assert.deepStrictEqual([record.status, record.cancelRequested], ["Cancelled", true])
      const events = yield* eventsOf()
      const requested = events.find((event) => event._tag === "RunCancelRequested")
      assert.strictEqual(requested?._tag === "RunCancelRequested" && requested.reason, "too slow")
      assert.strictEqual(events.at(-1)!._tag, "RunFinished")
    })

    test(`by ${how}: a materialization is interrupted`, function*() {
      const { program, started } = holding([], "slow")
      const fiber = yield* Effect.forkChild(
        Runtime.materialize(Graph.make({ slow: Asset.make("slow", { compute: () => program }) }))
      )
      yield* started
      yield* cancel((yield* runRecord).id)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })

    test(`by ${how}: a stream ends with the cancelled run`, function*() {
      const { program } = holding([], "slow")
      const graph = Graph.make({ slow: Asset.make("slow", { compute: () => program }) })
      const told = yield* Runtime.stream(graph).pipe(
        Stream.tap((progress) =>
          progress._tag === "AssetStarted" ? Effect.flatMap(runRecord, ({ id }) => cancel(id)) : Effect.void
        ),
        Stream.runCollect
      )
      const last = told.at(-1)!
      assert.deepStrictEqual(told.map(({ _tag }) => _tag), [
        "RunStarted",
        "AssetStarted",
        "AssetFinished",
        "RunFinished"
      ])
      assert.isTrue(last._tag === "RunFinished" && last.run.status === "Cancelled")
    })
  }

  test("can be so as soon as its id is known", function*() {
    const { program } = holding([], "slow")
    const log = yield* EventLog.EventLog
    const run = yield* Runtime.run(Graph.make({ slow: Asset.make("slow", { compute: () => program }) }), {
      onProgress: (progress) =>
        progress._tag === "RunStarted"
          ? Effect.orDie(log.append([{ _tag: "RunCancelRequested", runId: progress.runId, timestamp: 0 }]))
          : Effect.void
    })
    assert.strictEqual(run.status, "Cancelled")
  })

  it.effect("is so although the log begins to tell late", () =>
    Effect.gen(function*() {
      const { program } = holding([], "slow")
      const memory = yield* EventLog.makeMemory
      const log: EventLog.Service = {
        ...memory,
        tail: (filter) => Stream.unwrap(Effect.as(Effect.sleep("1 second"), memory.tail(filter)))
      }
      // what an earlier run was asked is no matter of this one
      yield* log.append([{ _tag: "RunCancelRequested", runId: "earlier", timestamp: 0 }])
      const fiber = yield* Effect.forkChild(
        Effect.provide(
          Runtime.run(Graph.make({ slow: Asset.make("slow", { compute: () => program }) }), {
            onProgress: (progress) =>
              progress._tag === "AssetStarted"
                ? Effect.orDie(
                  Effect.flatMap(
                    log.runs({}),
                    ([run]) => log.append([{ _tag: "RunCancelRequested", runId: run!.id, timestamp: 0 }])
                  )
                )
                : Effect.void
          }),
          [IOManager.layerMemory, Layer.succeed(EventLog.EventLog, log)]
        )
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "Cancelled")
    }))

  test("ends in that state, whatever is asked for and recorded later", function*() {
    const { program, started } = holding([], "slow")
    const graph = Graph.make({ slow: Asset.make("slow", { compute: () => program }) })
    const fiber = yield* Effect.forkChild(Runtime.run(graph))
    yield* started
    const { id } = yield* runRecord
    yield* Runtime.cancel(id)
    // a second request while the first one is being followed
    yield* Runtime.cancel(id)
    yield* Fiber.join(fiber)
    const log = yield* EventLog.EventLog
    const ended = yield* runRecord
    yield* TestClock.adjust("1 hour")
    yield* log.append([
      { _tag: "RunCancelRequested", runId: id, timestamp: 5 },
      { _tag: "RunFinished", runId: id, timestamp: 6, status: "Succeeded", durationMillis: 6 }
    ])
    assert.deepStrictEqual(yield* runRecord, ended)
    const error = yield* Effect.flip(Runtime.cancel(id))
    assert.strictEqual(error.message, `The run ${id} cannot be cancelled: it has ended (Cancelled).`)
  })

  for (const status of ["Succeeded", "Failed"] as const) {
    test(`stays ${status} once it has ended so`, function*() {
      const a = Asset.make("a", { compute: () => status === "Failed" ? Effect.fail("no") : Effect.succeed(1) })
      const run = yield* Runtime.run(Graph.make({ a }))
      const before = yield* eventTags
      const error = yield* Effect.flip(Runtime.cancel(run.id))
      assert.strictEqual(error.message, `The run ${run.id} cannot be cancelled: it has ended (${status}).`)
      assert.deepStrictEqual(yield* eventTags, before)
      const log = yield* EventLog.EventLog
      yield* log.append([{ _tag: "RunCancelRequested", runId: run.id, timestamp: 1 }])
      assert.strictEqual((yield* runRecord).status, status)
    })
  }

  test("ends as failed where that is asked for, and what it was to compute is cancelled", function*() {
    const slow = holding([], "slow")
    const graph = Graph.make({ slow: Asset.make("slow", { compute: () => slow.program }) })
    const fiber = yield* Effect.forkChild(Runtime.run(graph))
    yield* slow.started
    yield* Runtime.cancel((yield* runRecord).id, { reason: "it takes too long", status: "Failed" })
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual([run.status, run.outcomes.slow._tag], ["Failed", "Cancelled"])
    assert.strictEqual((yield* runRecord).status, "Failed")
  })

  test("has to be there", function*() {
    const error = yield* Effect.flip(Runtime.cancel("nowhere"))
    assert.instanceOf(error, Runtime.RunNotPossibleError)
    assert.match(error.message, /The run nowhere cannot be cancelled: there is no such run/)
    assert.deepStrictEqual(yield* eventTags, [])
  })

  test("is that run, and no other one", function*() {
    const released: Array<string> = []
    const one = holding(released, "one")
    const end = yield* Deferred.make<void>()
    const first = yield* Effect.forkChild(
      Runtime.run(Graph.make({ one: Asset.make("one", { compute: () => one.program }) }))
    )
    yield* one.started
    const { id } = yield* runRecord
    const started = yield* Deferred.make<void>()
    const two = Asset.make("two", {
      compute: () => Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(end))
    })
    const second = yield* Effect.forkChild(Runtime.run(Graph.make({ two })))
    yield* Deferred.await(started)
    yield* Runtime.cancel(id)
    assert.strictEqual((yield* Fiber.join(first)).status, "Cancelled")
    yield* Deferred.succeed(end, undefined)
    assert.strictEqual((yield* Fiber.join(second)).status, "Succeeded")
  })

  test("ends once what is being released is released, which is not interrupted", function*() {
    const released: Array<string> = []
    const { program, started } = holding(released, "slow", Effect.sleep("1 minute"))
    let stored = 0
    const whole = Asset.make("whole", {
      compute: () => Effect.uninterruptible(Effect.as(Effect.sleep("30 seconds"), ++stored))
    })
    const graph = Graph.make({ slow: Asset.make("slow", { compute: () => program }), whole })
    const fiber = yield* Effect.forkChild(Runtime.run(graph))
    yield* started
    yield* Runtime.cancel((yield* runRecord).id)
    yield* TestClock.adjust("59 seconds")
    assert.deepStrictEqual([released, fiber.pollUnsafe()], [[], undefined])
    assert.strictEqual((yield* runRecord).status, "Running")
    yield* TestClock.adjust("1 second")
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual([released, run.status, run.durationMillis], [["slow"], "Cancelled", 60_000])
    // nothing is recorded as stored that is not, and the other way round
    const isStored = Exit.isSuccess(yield* Effect.exit(Runtime.load(whole)))
    assert.strictEqual(run.outcomes.whole._tag === "Materialized", isStored)
  })

  test("shows what fails while it is being released", function*() {
    const { program, started } = holding([], "slow", Effect.die(new Error("cannot be closed")))
    const fiber = yield* Effect.forkChild(
      Runtime.run(Graph.make({ slow: Asset.make("slow", { compute: () => program }) }))
    )
    yield* started
    yield* Runtime.cancel((yield* runRecord).id)
    const run = yield* Fiber.join(fiber)
    assert.strictEqual(run.status, "Cancelled")
    assert.match(Runtime.explain(run.outcomes.slow), /cannot be closed/)
  })

  const waits: ReadonlyArray<readonly [what: string, asset: (released: Array<string>) => Asset.Any, started: boolean]> =
    [
      [
        "a delay between attempts",
        () => Asset.make("a", { retry: Schedule.spaced("1 hour"), compute: () => Effect.fail("no") }),
        true
      ],
      ["a slot", () => Asset.make("a", { pool: "db", compute: () => Effect.succeed(1) }), false],
      [
        "a slot for its next attempt",
        () => Asset.make("a", { pool: "db", retry: Schedule.spaced("1 second"), compute: () => Effect.fail("no") }),
        false
      ],
      [
        "a timeout",
        () => Asset.make("a", { timeout: "1 hour", compute: () => Effect.never as Effect.Effect<number> }),
        true
      ]
    ]
  for (const [what, make, started] of waits) {
    test(`does not wait for ${what}`, function*() {
      const release = yield* Deferred.make<void>()
      // somebody else has the slot
      const holder = Asset.make("holder", { pool: "db", compute: () => Deferred.await(release) })
      const held = yield* Effect.forkChild(Runtime.run(Graph.make({ holder }), { tags: { held: "yes" } }))
      yield* TestClock.adjust("1 second")
      const asset = make([])
      const fiber = yield* Effect.forkChild(
        // its type is that of any asset: what it needs is the storage
        Runtime.run(Graph.fromAssets([asset])) as Effect.Effect<
          Runtime.Run<Graph.Assets>,
          Runtime.RunError,
          IOManager.IOManager | EventLog.EventLog
        >
      )
      yield* TestClock.adjust("10 seconds")
      const log = yield* EventLog.EventLog
      const id = (yield* log.runs({ statuses: ["Running"] })).find(({ keys }) => keys[0] === "a")!.id
      yield* Runtime.cancel(id)
      const run = yield* Fiber.join(fiber)
      assert.deepStrictEqual([run.status, run.durationMillis], ["Cancelled", 10_000])
      assert.deepStrictEqual(run.outcomes["a"], { _tag: "Cancelled", key: "a", started })
      assert.deepStrictEqual(yield* Runtime.pools, [{ pool: "db", limit: 1, used: 1, waiting: 0 }])
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(held)
      assert.deepStrictEqual(yield* Runtime.pools, [{ pool: "db", limit: 1, used: 0, waiting: 0 }])
    })
  }

  test("gives its slots back", function*() {
    const { program, started } = holding([], "slow")
    const slow = Asset.make("slow", { pool: "db", compute: () => program })
    const next = Asset.make("next", { pool: "db", compute: () => Effect.succeed(1) })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ slow, next })))
    yield* started
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(yield* Runtime.pools, [{ pool: "db", limit: 1, used: 1, waiting: 1 }])
    yield* Runtime.cancel((yield* runRecord).id)
    yield* Fiber.join(fiber)
    assert.deepStrictEqual(yield* Runtime.pools, [{ pool: "db", limit: 1, used: 0, waiting: 0 }])
    assert.strictEqual((yield* Runtime.run(Graph.make({ next }))).status, "Succeeded")
  })

  test("records its partitions, those that had begun apart from the others", function*() {
    const days = Partitions.fixed(["mon", "tue", "wed", "thu"])
    const started = yield* Deferred.make<void>()
    const daily = Asset.make("daily", {
      partitions: days,
      compute: (_, { partitionKey }) =>
        partitionKey === "mon"
          ? Effect.succeed(1)
          : Effect.andThen(Deferred.succeed(started, undefined), Effect.never as Effect.Effect<number>)
    })
    const judged = Check.make("judged", { asset: daily, check: Effect.succeed(true) })
    const fiber = yield* Effect.forkChild(
      Runtime.run(Graph.make({ daily, judged }), { partitions: "all", concurrency: 2 })
    )
    yield* Deferred.await(started)
    yield* TestClock.adjust("1 second")
    yield* Runtime.cancel((yield* runRecord).id)
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual(
      [...run.partitions.daily!].map(([key, outcome]) => [
        key,
        outcome._tag === "Cancelled" ? outcome.started : outcome._tag
      ]),
      [["mon", "Materialized"], ["tue", true], ["wed", true], ["thu", false]]
    )
    const log = yield* EventLog.EventLog
    const [state] = (yield* log.versions(["daily"])).get("daily")!
    assert.strictEqual(state!.partition, "mon")
    const cancelled = yield* eventsOf({ tags: ["AssetCancelled"] })
    assert.deepStrictEqual(
      cancelled.flatMap((event) => event._tag === "AssetCancelled" ? [[event.started, event.partition ?? "some"]] : [])
        .sort(),
      [[false, "thu"], [true, "some"]]
    )
  })

  test("is the same as one that is interrupted at that moment: it has one end", function*() {
    const released: Array<string> = []
    const { program, started } = holding(released, "slow")
    const fiber = yield* Effect.forkChild(
      Runtime.run(Graph.make({ slow: Asset.make("slow", { compute: () => program }) }))
    )
    yield* started
    yield* Effect.all([Runtime.cancel((yield* runRecord).id), Fiber.interrupt(fiber)], { concurrency: 2 })
    assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)) || Exit.isSuccess(yield* Fiber.await(fiber)))
    assert.deepStrictEqual([released, (yield* runRecord).status], [["slow"], "Cancelled"])
    assert.strictEqual((yield* eventTags).filter((tag) => tag === "RunFinished").length, 1)
  })

  const tails: ReadonlyArray<readonly [what: string, tail: Stream.Stream<never, EventLog.EventLogError>]> = [
    ["fails", Stream.fail(new EventLog.EventLogError({ operation: "read", cause: "no connection" }))],
    ["dies", Stream.die("no connection")],
    ["ends", Stream.empty],
    ["does not answer", Stream.never]
  ]
  for (const [what, tail] of tails) {
    it.effect(`cannot be where the log's tail ${what}: it goes on`, () =>
      Effect.gen(function*() {
        const log = yield* EventLog.makeMemory
        const a = Asset.make("a", { compute: () => Effect.as(Effect.sleep("1 minute"), 1) })
        const fiber = yield* Effect.forkChild(
          Effect.provide(Runtime.run(Graph.make({ a })), [
            IOManager.layerMemory,
            Layer.succeed(EventLog.EventLog, { ...log, tail: () => tail })
          ])
        )
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(fiber)).status, "Succeeded")
      }))
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// at any moment
// ---------------------------------------------------------------------------------------------------------------------

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Case = Schema.Struct({
  assets: Schema.Array(Schema.Struct({
    // how many places upstream it looks
    upstream: Schema.Array(between(1, 4)).check(Schema.isMaxLength(3)),
    millis: between(0, 4),
    releasing: between(0, 2),
    fate: Schema.Literals(["value", "value", "value", "none", "fails", "dies"]),
    pooled: Schema.Boolean,
    retried: Schema.Boolean,
    checked: Schema.Boolean
  })).check(Schema.isMaxLength(15)),
  concurrency: between(1, 5),
  after: between(0, 25)
})

const cancelled = Effect.fnUntraced(function*(of: typeof Case.Type) {
  // the first sleep by a TestClock can be interrupted, be it in a finalizer
  yield* Effect.forkChild(Effect.sleep(1), { startImmediately: true })
  yield* TestClock.adjust(1)
  const held = { now: 0 }
  const assets: Array<Asset.Any> = []
  const checks: Array<Check.Any> = []
  const around = <A, E>(effect: Effect.Effect<A, E>, releasing: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => held.now++),
      () => effect,
      () => Effect.andThen(Effect.sleep(releasing), Effect.sync(() => held.now--))
    )
  of.assets.forEach(({ checked, fate, millis, pooled, releasing, retried, upstream }, at) => {
    const deps = [...new Set(upstream.flatMap((back) => assets[at - back] ?? []))]
    const program: Effect.Effect<Option.Option<number>, string> = fate === "fails"
      ? Effect.fail("no")
      : fate === "dies"
      ? Effect.die("no")
      : Effect.succeed(fate === "none" ? Option.none() : Option.some(at))
    const asset = Asset.make(`a${at}`, {
      deps,
      pool: pooled ? "db" : undefined,
      retry: retried ? Schedule.upTo(Schedule.spaced(Duration.millis(2)), { times: 1 }) : undefined,
      compute: () => around(Effect.andThen(millis === 0 ? Effect.yieldNow : Effect.sleep(millis), program), releasing)
    }) as Asset.Any
    assets.push(asset)
    if (checked) {
      checks.push(
        Check.make("judged", { asset, blocking: true, check: around(Effect.as(Effect.sleep(1), true), releasing) })
      )
    }
  })
  const fiber = yield* Effect.forkChild(
    // the assets are of any type, so what they need is unknown to the compiler: it is the storage
    Runtime.run(Graph.fromAssets(assets, { checks }), { concurrency: of.concurrency }) as Effect.Effect<
      Runtime.Run<Graph.Assets>,
      Runtime.RunError,
      IOManager.IOManager | EventLog.EventLog
    >,
    { startImmediately: true }
  )
  let requestedAt: number | undefined
  for (let time = 0; time < 500 && fiber.pollUnsafe() === undefined; time++) {
    if (time === of.after) {
      requestedAt = yield* Clock.currentTimeMillis
      yield* Runtime.cancel((yield* runRecord).id)
    }
    yield* TestClock.adjust(1)
  }
  assert.isDefined(fiber.pollUnsafe(), "it does not end")
  const run = yield* Fiber.join(fiber)
  const events = yield* eventsOf()
  assert.strictEqual(held.now, 0)
  assert.isTrue((yield* Runtime.pools).every(({ used, waiting }) => used === 0 && waiting === 0))

  // it has one end, which is the last thing that is recorded, and is what it says itself
  const last = events.at(-1)!
  assert.isTrue(last._tag === "RunFinished" && last.status === run.status)
  assert.strictEqual(events.filter(({ _tag }) => _tag === "RunFinished").length, 1)
  if (requestedAt === undefined) assert.notStrictEqual(run.status, "Cancelled")
  // what was asked for while there was something to do ends it soon: after what is being released
  else {
    assert.strictEqual(run.status, "Cancelled")
    assert.isAtMost(run.startedAt + run.durationMillis - requestedAt, 5)
  }

  // everything has one outcome, and what is recorded is what the run says
  const outcomes = Runtime.outcomes(run)
  assert.strictEqual(outcomes.length, of.assets.length)
  for (const outcome of outcomes) {
    const recorded = events.flatMap((event) =>
      "key" in event && event.key === outcome.key && event._tag !== "CheckEvaluated" ? [event._tag] : []
    )
    assert.deepStrictEqual(recorded, [`Asset${outcome._tag}`] as ReadonlyArray<string>)
    const asset = assets.find(({ key }) => key === outcome.key)!
    const io = yield* IOManager.IOManager
    const isStored = yield* io.exists({
      key: asset.key,
      partition: undefined,
      schema: undefined,
      metadata: {},
      runId: undefined
    })
    assert.strictEqual(isStored, outcome._tag === "Materialized")
  }
})

describe("at whatever moment a run is cancelled", () => {
  it.effect.prop(
    "everything is released, everything has an outcome, and it is Cancelled soon and for good",
    [Case],
    ([of]) => Effect.provide(cancelled(of), [inMemory, Runtime.layerPools({ db: 1 })]),
    { arbitrary: { runs: 150, seed: 20120101, size: 20 } }
  )
})
