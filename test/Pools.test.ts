/** Retries, and the pools whose slots limit how many programs run at once. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Exit, Fiber, Option, Random, Schedule, Schema } from "effect"
import { Asset, type EventLog, Graph, type IOManager, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { inMemory, type Provided, testWith } from "./fixtures/inMemory.ts"

/** A test with pools of its own. */
const test = <Eff extends Effect.Effect<any, any, Provided>, A>(
  name: string,
  limits: { readonly [pool: string]: number },
  body: () => Generator<Eff, A, never>
) => testWith({ layer: Runtime.layerPools(limits) })(name, body)

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag]))

/** The slots of a pool: taken, waited for. */
const slotsOf = (pool: string) =>
  Effect.map(Runtime.pools, (pools) => {
    const found = pools.find((status) => status.pool === pool)
    return found === undefined ? undefined : [found.used, found.waiting]
  })

class Broken extends Schema.TaggedError<Broken>()("Broken", { attempt: Schema.Number }) {}

/** Counts how many programs run at once, and writes down what happens. */
const makeGauge = () => {
  const gauge = { running: 0, most: 0, ended: 0, entries: new Array<string>() }
  const around = <A, E>(name: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        gauge.entries.push(`${name} start`)
        gauge.most = Math.max(gauge.most, ++gauge.running)
      }),
      () => effect,
      (_, exit) =>
        Effect.sync(() => {
          gauge.entries.push(
            `${name} ${Exit.isSuccess(exit) ? "end" : Exit.hasInterrupts(exit) ? "interrupted" : "failed"}`
          )
          gauge.running--
          gauge.ended++
        })
    )
  return { gauge, around }
}

/** So many assets of a pool that take a minute each. */
const minutes = (count: number, options: { readonly pool?: string; readonly prefix?: string } = {}) => {
  const { around, gauge } = makeGauge()
  const assets = Array.from({ length: count }, (_, n) =>
    Asset.make(`${options.prefix ?? "a"}${n}`, {
      pool: options.pool ?? "db",
      compute: () => around(`${options.prefix ?? "a"}${n}`, Effect.sleep("1 minute"))
    }))
  return { gauge, graph: Graph.fromAssets(assets) }
}

/** Lets time pass in steps of a minute, as often as it takes. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>, steps = 100) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let step = 0; step < steps && fiber.pollUnsafe() === undefined; step++) yield* TestClock.adjust("1 minute")
    assert.isDefined(fiber.pollUnsafe(), "it does not end")
    return yield* Fiber.join(fiber)
  })

describe("retries", () => {
  /** Runs an asset that fails each time, and gives when its attempts were made, in seconds. */
  const attemptsOf = (retry: Schedule.Schedule<unknown, unknown>) =>
    Effect.gen(function*() {
      const at: Array<number> = []
      const asset = Asset.make("asset", {
        retry,
        compute: (_, { attempt }) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            at.push(now / 1000)
            return Effect.fail(new Broken({ attempt }))
          })
      })
      const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ asset })), { startImmediately: true })
      for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
      const run = yield* Fiber.join(fiber)
      assert.isTrue(run.outcomes.asset._tag === "Failed" && run.outcomes.asset.attempts === at.length)
      return at
    })

  test("RET04: are those of the asset; one without a schedule is tried once", {}, function*() {
    // a default for all assets of a job does not apply: a schedule is a value, and assets share it
    const twice = Schedule.recurs(2)
    const attempts: Record<string, number> = {}
    const failing = (key: string, retry?: Schedule.Schedule<unknown>) =>
      Asset.make(key, {
        retry,
        compute: (_, { attempt }) => Effect.andThen(Effect.sync(() => attempts[key] = attempt), new Broken({ attempt }))
      })
    const run = yield* Runtime.run(Graph.fromAssets([
      failing("a", twice),
      failing("b", Schedule.recurs(3)),
      failing("c")
    ]))
    assert.deepStrictEqual(attempts, { a: 3, b: 4, c: 1 })
    assert.deepStrictEqual(
      Runtime.outcomes(run).map((outcome) => outcome._tag === "Failed" && [outcome.key, outcome.attempts]).sort(),
      [["a", 3], ["b", 4], ["c", 1]]
    )
    assert.strictEqual(
      run.outcomes["b"]!._tag === "Failed" && Runtime.explain(run.outcomes["b"]!).slice(-12),
      "(4 attempts)"
    )
  })

  const growing = (seconds: (attempt: number) => number) =>
    Schedule.forever.pipe(Schedule.addDelay(({ attempt }) => Effect.succeed(Duration.seconds(seconds(attempt)))))
  const linear = growing((attempt) => attempt)
  const steep = growing((attempt) => 2 ** attempt - 1)

  const policies: ReadonlyArray<
    readonly [
      name: string,
      retry: Schedule.Schedule<unknown, unknown>,
      attempts: ReadonlyArray<number>
    ]
  > = [
    ["RET05: a constant delay", Schedule.upTo(Schedule.spaced("1 second"), { times: 3 }), [0, 1, 2, 3]],
    [
      "RET05: a linear delay",
      linear.pipe(Schedule.upTo({ times: 3 })),
      [0, 1, 3, 6]
    ],
    // Dagster's exponential backoff is 2^n - 1
    [
      "RET05: an exponential delay as Dagster has it",
      steep.pipe(Schedule.upTo({ times: 3 })),
      [0, 1, 4, 11]
    ],
    [
      "RET05: an exponential delay",
      Schedule.upTo(Schedule.exponential("1 second"), { times: 3 }),
      [0, 1, 3, 7]
    ],
    ["RET05: no delay", Schedule.recurs(3), [0, 0, 0, 0]]
  ]
  for (const [name, retry, attempts] of policies) {
    test(`${name} is a schedule`, {}, function*() {
      assert.deepStrictEqual(yield* attemptsOf(retry), attempts)
    })
  }

  // "full" is anything up to the delay, "plus or minus" is up to the first delay more or less
  const full = Schedule.modifyDelay<number, unknown, never, never>(({ duration }) =>
    Effect.map(Random.next, (random) => Duration.times(duration, random))
  )
  const plusMinus = Schedule.modifyDelay<number, unknown, never, never>(({ duration }) =>
    Effect.map(Random.nextBetween(-1, 1), (seconds) => Duration.seconds(Duration.toSeconds(duration) + seconds))
  )
  const jitters: ReadonlyArray<
    readonly [
      name: string,
      retry: Schedule.Schedule<number, unknown>,
      attempt: number,
      range: readonly [number, number]
    ]
  > = [
    ["a linear delay with full jitter", full(linear), 3, [0, 3]],
    ["an exponential delay, more or less", plusMinus(steep), 3, [6, 8]],
    ["full jitter alone", full(Schedule.spaced("1 second")), 100, [0, 1]],
    ["what Effect has of it, a fifth more or less", Schedule.jittered(Schedule.spaced("10 seconds")), 3, [8, 12]]
  ]
  for (const [name, retry, attempt, [from, to]] of jitters) {
    test(`RET06: ${name} is a schedule`, {}, function*() {
      const delays: Array<number> = []
      for (let sample = 0; sample < 100; sample++) {
        const step = yield* Schedule.toStep(retry)
        for (let n = 1; n < attempt; n++) yield* step(0, undefined)
        const [, delay] = yield* step(0, undefined)
        delays.push(Duration.toSeconds(delay))
      }
      assert.isTrue(delays.every((delay) => delay >= from && delay <= to), String(delays))
      assert.isAbove(Math.max(...delays) - Math.min(...delays), (to - from) / 2)
      // those are the delays between attempts
      const at = yield* attemptsOf(retry.pipe(Schedule.upTo({ times: 3 })))
      assert.strictEqual(at.length, 4)
      assert.notStrictEqual(at[3]! % 1, 0)
    })
  }

  // RET07: does not apply: a schedule that has no delay has nothing to grow or to vary.

  test("RET08: go by the error: one that says so is not tried again", {}, function*() {
    class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}
    const seen: Record<string, number> = {}
    const fails = <E>(key: string, error: E) =>
      Asset.make(key, {
        retry: Schedule.recurs(1).pipe(
          Schedule.while(({ input }: { readonly input: unknown }) => Effect.succeed(!(input instanceof Refused)))
        ),
        compute: (_, { attempt }) => Effect.andThen(Effect.sync(() => seen[key] = attempt), Effect.fail(error))
      })
    const broken = fails("broken", new Broken({ attempt: 1 }))
    const refused = fails("refused", new Refused())
    const run = yield* Runtime.run(Graph.make({ broken, refused }))
    assert.deepStrictEqual([seen, tagsOf(run)], [{ broken: 2, refused: 1 }, { broken: "Failed", refused: "Failed" }])
  })

  // RET10: does not apply in one process: what crashes is the run. A process that an asset starts is an effect that fails.
  test("RET10: are made after a program that an asset runs has crashed", {}, function*() {
    const crashes = (times: number, key: string) =>
      Asset.make(key, {
        retry: Schedule.recurs(1),
        compute: (_, { attempt }) =>
          attempt <= times ? Effect.fail({ _tag: "ExitCode", signal: "SIGSEGV" } as const) : Effect.succeed(attempt)
      })
    const once = crashes(1, "once")
    const always = crashes(9, "always")
    const run = yield* Runtime.run(Graph.make({ once, always }))
    assert.deepStrictEqual(tagsOf(run), { once: "Materialized", always: "Failed" })
    assert.strictEqual(yield* Runtime.load(once), 2)
  })

  test("are made after a timeout, with all of the time again, and end with the schedule", {}, function*() {
    const attempts: Array<number> = []
    const asset = Asset.make("slow", {
      timeout: "1 minute",
      retry: Schedule.upTo(Schedule.spaced("1 minute"), { times: 1 }),
      compute: () =>
        Effect.andThen(
          Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => attempts.push(now))),
          Effect.never
        )
    })
    const run = yield* passing(Runtime.run(Graph.make({ asset })))
    assert.deepStrictEqual(attempts, [0, 120_000])
    assert.isTrue(run.outcomes.asset._tag === "Failed" && run.outcomes.asset.durationMillis === 180_000)
  })
})

describe("a pool", () => {
  test("RET11: with one slot runs one program at a time, and has all slots free at the end", { db: 1 }, function*() {
    const { gauge, graph } = minutes(5)
    const run = yield* passing(Runtime.run(graph))
    assert.deepStrictEqual([run.status, gauge.most, gauge.ended], ["Succeeded", 1, 5])
    assert.strictEqual(run.durationMillis, 5 * 60_000)
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
    // in the order in which they could have begun
    assert.deepStrictEqual(
      gauge.entries.filter((entry) => entry.endsWith("start")),
      [0, 1, 2, 3, 4].map((n) => `a${n} start`)
    )
  })

  test("RET13: is shared by runs: at most its limit over both", { db: 2 }, function*() {
    const { around, gauge } = makeGauge()
    const graphs = ["a", "b"].map((prefix) =>
      Graph.fromAssets(
        Array.from({ length: 8 }, (_, n) =>
          Asset.make(`${prefix}${n}`, {
            pool: "db",
            compute: () => around(prefix, Effect.sleep("1 minute"))
          }))
      )
    )
    const runs = yield* passing(Effect.forEach(graphs, (graph) => Runtime.run(graph), { concurrency: 2 }))
    assert.deepStrictEqual(runs.map(({ status }) => status), ["Succeeded", "Succeeded"])
    assert.deepStrictEqual([gauge.most, gauge.ended], [2, 16])
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
    // all slots are used as long as there is something to do
    assert.strictEqual(Math.max(...runs.map(({ durationMillis }) => durationMillis)), 8 * 60_000)
  })

  test("does not let one run wait for the end of another one", { db: 1 }, function*() {
    const long = minutes(30)
    const short = minutes(3, { prefix: "b" })
    const first = yield* Effect.forkChild(Runtime.run(long.graph), { startImmediately: true })
    const second = yield* Effect.forkChild(Runtime.run(short.graph), { startImmediately: true })
    for (let minute = 0; minute < 10; minute++) yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* Fiber.join(second)).status, "Succeeded")
    assert.isBelow(long.gauge.ended, 10)
    yield* Fiber.interrupt(first)
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
  })

  const orders: ReadonlyArray<readonly [name: string, retries: boolean]> = [
    ["RET14: with one slot gives it back while a retry is waited for", true],
    ["RET15: gives the slot back when a program fails", false]
  ]
  for (const [name, retries] of orders) {
    test(name, { db: 1 }, function*() {
      const { around, gauge } = makeGauge()
      const flaky = Asset.make("flaky", {
        pool: "db",
        retry: retries ? Schedule.upTo(Schedule.spaced("10 minutes"), { times: 1 }) : undefined,
        compute: (_, { attempt }) => around("flaky", Effect.fail(new Broken({ attempt })))
      })
      const simple = Asset.make("simple", { pool: "db", compute: () => around("simple", Effect.sleep("1 minute")) })
      const run = yield* passing(Runtime.run(Graph.make({ flaky, simple })))
      assert.deepStrictEqual(gauge.entries, [
        "flaky start",
        "flaky failed",
        "simple start",
        "simple end",
        ...(retries ? ["flaky start", "flaky failed"] : [])
      ])
      assert.deepStrictEqual(tagsOf(run), { flaky: "Failed", simple: "Materialized" })
      assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
    })
  }

  test("makes an attempt wait for a slot like any other, before those that have not begun", { db: 1 }, function*() {
    const { around, gauge } = makeGauge()
    const flaky = Asset.make("flaky", {
      pool: "db",
      retry: Schedule.upTo(Schedule.spaced("30 seconds"), { times: 1 }),
      compute: (_, { attempt }) => around("flaky", attempt === 1 ? Effect.fail(new Broken({ attempt })) : Effect.void)
    })
    const others = ["x", "y"].map((key) =>
      Asset.make(key, { pool: "db", compute: () => around(key, Effect.sleep("1 minute")) })
    )
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.fromAssets([flaky, ...others])), { startImmediately: true })
    yield* TestClock.adjust("31 seconds")
    // x runs; the attempt and y wait
    assert.deepStrictEqual(yield* slotsOf("db"), [1, 2])
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual((yield* Fiber.join(fiber)).status, "Succeeded")
    assert.deepStrictEqual(gauge.entries.filter((entry) => entry.endsWith("start")), [
      "flaky start",
      "x start",
      "flaky start",
      "y start"
    ])
  })

  const ends: ReadonlyArray<readonly [what: string, compute: Effect.Effect<unknown, unknown>, options?: object]> = [
    ["failure", Effect.fail("no")],
    ["defect", Effect.die("no")],
    [
      "thrown error",
      Effect.sync(() => {
        throw new Error("no")
      })
    ],
    ["None", Effect.succeedNone],
    ["timeout", Effect.never, { timeout: "1 minute" }],
    ["interruption of its own", Effect.interrupt],
    ["value that cannot be stored", Effect.succeed(Promise.resolve(1))],
    ["schedule that dies", Effect.fail("no"), {
      retry: Schedule.recurs(3).pipe(Schedule.tap(() => Effect.die("schedule")))
    }]
  ]
  for (const [what, compute, options] of ends) {
    for (const waits of [false, true]) {
      test(`has its slot back after a ${what}, ${waits ? "later" : "at once"}`, { db: 1 }, function*() {
        const first = Asset.make("first", {
          pool: "db",
          ...options,
          compute: () => waits ? Effect.andThen(Effect.yieldNow, compute) : compute
        })
        const second = Asset.make("second", { pool: "db", compute: () => Effect.succeed(2) })
        const run = yield* passing(Runtime.run(Graph.make({ first, second })))
        assert.notStrictEqual(run.outcomes.first._tag, "Materialized")
        assert.strictEqual(run.outcomes.second._tag, "Materialized")
        assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
      })
    }
  }

  test("RET16: has its slots back as soon as a run is cancelled", { db: 2 }, function*() {
    const held = minutes(5)
    const fiber = yield* Effect.forkChild(Runtime.run(held.graph), { startImmediately: true })
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* slotsOf("db"), [2, 3])
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual([yield* slotsOf("db"), held.gauge.running], [[0, 0], 0])
    const next = yield* passing(Runtime.run(minutes(2).graph))
    assert.strictEqual(next.durationMillis, 60_000)
  })

  test("RET16: has its slots back when they were waited for by an attempt", { db: 1 }, function*() {
    const flaky = Asset.make("flaky", {
      pool: "db",
      retry: Schedule.spaced("1 second"),
      compute: (_, { attempt }) => Effect.fail(new Broken({ attempt }))
    })
    const long = Asset.make("long", { pool: "db", compute: () => Effect.never })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ flaky, long })), { startImmediately: true })
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(yield* slotsOf("db"), [1, 1])
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
  })

  for (const to of [undefined, 2, 5]) {
    test(`RET17: with the limit 0 runs nothing until the limit is ${to ?? "taken away"}`, { db: 0 }, function*() {
      const { gauge, graph } = minutes(2)
      const fiber = yield* Effect.forkChild(Runtime.run(graph), { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([gauge.running, yield* slotsOf("db")], [0, [0, 2]])
      yield* Runtime.setPoolLimit("db", to)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(gauge.running, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "Succeeded")
    })
  }

  test("takes a lower limit as programs end: what runs goes on", { db: 3 }, function*() {
    const { gauge, graph } = minutes(6)
    const fiber = yield* Effect.forkChild(Runtime.run(graph), { startImmediately: true })
    yield* TestClock.adjust("1 second")
    yield* Runtime.setPoolLimit("db", 1)
    assert.strictEqual(gauge.running, 3)
    gauge.most = 0
    for (let minute = 1; minute <= 4; minute++) yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* Fiber.join(fiber)).status, "Succeeded")
    assert.strictEqual(gauge.most, 1)
  })

  test("that is not named has no limit", { db: 1 }, function*() {
    const { gauge, graph } = minutes(9, { pool: "other" })
    yield* passing(Runtime.run(graph))
    assert.strictEqual(gauge.most, 9)
    assert.deepStrictEqual(yield* Runtime.pools, [
      { pool: "db", limit: 1, used: 0, waiting: 0 },
      { pool: "other", limit: undefined, used: 0, waiting: 0 }
    ])
  })

  it.effect("that is not named has the limit of the others, if there is one", () =>
    Effect.gen(function*() {
      const { gauge, graph } = minutes(6, { pool: "other" })
      yield* passing(Runtime.run(graph))
      assert.strictEqual(gauge.most, 2)
    }).pipe(Effect.provide([inMemory, Runtime.layerPools({ db: 1 }, { otherwise: 2 })])))

  for (const limit of [-1, NaN]) {
    test(`has no limit of ${limit}`, {}, function*() {
      const set = yield* Effect.exit(Runtime.setPoolLimit("db", limit))
      const made = yield* Effect.exit(Effect.provide(Effect.void, Runtime.layerPools({ db: limit })))
      for (const exit of [set, made]) {
        assert.match(
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
          /The limit of the pool "db" must be a number from 0 on, and is/
        )
      }
    })
  }

  test("is a limit of its own: concurrency is kept while programs wait for slots", { db: 1 }, function*() {
    const pooled = minutes(6)
    const { around, gauge } = makeGauge()
    const free = Array.from(
      { length: 9 },
      (_, n) => Asset.make(`free${n}`, { compute: () => around("free", Effect.sleep("1 minute")) })
    )
    const graph = Graph.merge(pooled.graph, Graph.fromAssets(free))
    const fiber = yield* Effect.forkChild(Runtime.run(graph, { concurrency: 3 }), { startImmediately: true })
    for (let minute = 0; minute < 20; minute++) {
      assert.isAtMost(gauge.running + pooled.gauge.running, 3)
      yield* TestClock.adjust("1 minute")
    }
    const run = yield* Fiber.join(fiber)
    // who waits for a slot does not keep others from running: one of the pool and two others at a time
    assert.deepStrictEqual([run.durationMillis, pooled.gauge.most, gauge.most], [6 * 60_000, 1, 2])
  })

  test("counts a multi-asset once, and each partition", { db: 1 }, function*() {
    const { around, gauge } = makeGauge()
    const multi = Asset.multi("multi", {
      outputs: { x: {}, y: {} },
      pool: "db",
      compute: () => around("multi", Effect.as(Effect.sleep("1 minute"), { x: 1, y: 2 }))
    })
    const run = yield* passing(Runtime.run(Graph.make({ multi })))
    assert.deepStrictEqual([run.status, gauge.entries], ["Succeeded", ["multi start", "multi end"]])
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
  })

  test("serves thousands of programs that do not wait, one at a time", { db: 1 }, function*() {
    const { around, gauge } = makeGauge()
    const many = Array.from({ length: 3000 }, (_, n) =>
      Asset.make(`a${n}`, {
        pool: "db",
        retry: Schedule.upTo(Schedule.spaced("1 minute"), { times: 1 }),
        compute: (_, { attempt }) => around("a", attempt === 1 ? Effect.fail(new Broken({ attempt })) : Effect.void)
      }))
    // most second attempts wait for it
    const holder = Asset.make("holder", { pool: "db", compute: () => around("holder", Effect.sleep("2 minutes")) })
    const run = yield* passing(Runtime.run(Graph.fromAssets([...many, holder]), { concurrency: "unbounded" }))
    assert.deepStrictEqual([run.status, gauge.most, gauge.ended], ["Succeeded", 1, 6001])
    assert.isAbove(gauge.entries.length - gauge.entries.indexOf("holder end"), 5000)
    assert.deepStrictEqual(yield* slotsOf("db"), [0, 0])
  })

  test("does not count the time for which it is waited for", { db: 1 }, function*() {
    const assets = ["a", "b", "c"].map((key) =>
      Asset.make(key, { pool: "db", timeout: "90 seconds", compute: () => Effect.sleep("1 minute") })
    )
    assert.strictEqual((yield* passing(Runtime.run(Graph.fromAssets(assets)))).status, "Succeeded")
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// whatever happens
// ---------------------------------------------------------------------------------------------------------------------

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Case = Schema.Struct({
  assets: Schema.Array(Schema.Struct({
    pool: between(0, 3),
    // how many places upstream it looks
    upstream: Schema.Array(between(1, 6)).check(Schema.isMaxLength(3)),
    seconds: between(0, 3),
    // 0: dies; 1: fails always; 2: fails once; 3: takes too long; 4: is None; anything else: succeeds
    fate: between(0, 12),
    retries: between(0, 2),
    delay: between(0, 2)
  })).check(Schema.isMaxLength(20)),
  limits: Schema.Tuple([between(1, 4), between(1, 4), between(1, 4)]),
  changedTo: Schema.Tuple([between(0, 4), between(0, 4), between(0, 4)]),
  /** When limits change, and when the first run is interrupted, in seconds. */
  changed: between(0, 20),
  interrupted: between(0, 30),
  concurrency: between(1, 6)
})

const pools = ["p0", "p1", "p2"]

const whatever = Effect.fnUntraced(function*(of: typeof Case.Type) {
  const counts = new Map(pools.map((pool) => [pool, 0]))
  const limits = new Map(pools.map((pool, at) => [pool, of.limits[at]!]))
  const problems: Array<string> = []
  const graphOf = (prefix: string, running: { count: number }) => {
    const assets: Array<Asset.Any> = []
    of.assets.forEach(({ delay, fate, pool, retries, seconds, upstream }, at) => {
      const name = pools[pool]
      const deps = [...new Set(upstream.flatMap((back) => assets[at - back] ?? []))]
      assets.push(Asset.make(`${prefix}${at}`, {
        pool: name,
        deps,
        timeout: "5 seconds",
        retry: Schedule.upTo(Schedule.spaced(Duration.seconds(delay)), { times: retries }),
        compute: (_, { attempt }) =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              if (++running.count > of.concurrency) problems.push(`${running.count} at once in a run`)
              if (name === undefined) return
              const count = counts.get(name)! + 1
              counts.set(name, count)
              if (count > limits.get(name)!) problems.push(`${count} at once in ${name}`)
            }),
            () =>
              Effect.andThen(
                seconds === 0 ? Effect.yieldNow : Effect.sleep(Duration.seconds(seconds)),
                fate === 0
                  ? Effect.die("no")
                  : fate === 1 || (fate === 2 && attempt === 1)
                  ? Effect.fail("no")
                  : fate === 3
                  ? Effect.never
                  : fate === 4
                  ? Effect.succeed(Option.none())
                  : Effect.succeed(Option.some(at))
              ),
            () =>
              Effect.sync(() => {
                running.count--
                if (name !== undefined) counts.set(name, counts.get(name)! - 1)
              })
          )
      }) as Asset.Any)
    })
    return Graph.fromAssets(assets)
  }
  const ran = [{ count: 0 }, { count: 0 }]
  const started = yield* Effect.forEach(ran, (running, at) =>
    Effect.forkChild(
      // the assets are of any type, so what they need is unknown to the compiler: it is the storage
      Runtime.run(graphOf(`${at}-`, running), { concurrency: of.concurrency }) as Effect.Effect<
        Runtime.Run<Graph.Assets>,
        Runtime.RunError,
        IOManager.IOManager | EventLog.EventLog
      >,
      { startImmediately: true }
    ))
  const setLimits = (to: ReadonlyArray<number>) =>
    Effect.forEach(pools, (pool, at) => {
      limits.set(pool, to[at]!)
      return Runtime.setPoolLimit(pool, to[at]!)
    })
  const [first, second] = [started[0]!, started[1]!]
  for (let time = 0; time < 1000; time++) {
    if (time === of.changed) yield* setLimits(of.changedTo)
    // a limit of 0 lets nothing end
    if (time === of.changed + 5) yield* setLimits(of.limits)
    if (time === of.interrupted) yield* Fiber.interrupt(first)
    yield* TestClock.adjust("1 second")
    if (time > of.changed + 5 && first.pollUnsafe() !== undefined && second.pollUnsafe() !== undefined) break
  }
  assert.isTrue(first.pollUnsafe() !== undefined && second.pollUnsafe() !== undefined, "it does not end")
  const [interrupted, ended] = [yield* Fiber.await(first), yield* Fiber.await(second)]
  assert.deepStrictEqual(problems, [])
  assert.deepStrictEqual([ran, [...counts.values()]], [[{ count: 0 }, { count: 0 }], [0, 0, 0]])
  assert.isTrue((yield* Runtime.pools).every(({ used, waiting }) => used === 0 && waiting === 0))
  assert.isTrue(Exit.isSuccess(interrupted) || Exit.hasInterrupts(interrupted))
  assert.isTrue(Exit.isSuccess(ended))
  const outcomes = Exit.isSuccess(ended) ? Runtime.outcomes(ended.value) : []
  assert.strictEqual(outcomes.length, of.assets.length)
  assert.isTrue(outcomes.every(({ _tag }) => _tag !== "NotSelected" && _tag !== "Cancelled"))
})

describe("whatever happens", () => {
  it.effect.prop(
    "never so many run at once as a pool or a run forbids, everything ends, and no slot is left taken",
    [Case],
    ([of]) => {
      const limits = Object.fromEntries(pools.map((pool, at) => [pool, of.limits[at]!]))
      return Effect.provide(whatever(of), [inMemory, Runtime.layerPools(limits)])
    },
    { arbitrary: { runs: 150, seed: 20120101, size: 20 } }
  )
})
