/** What a run must survive: programs, storages and logs that do what they should not. */
import { assert, describe, it } from "@effect/vitest"
import {
  ConfigProvider,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Option,
  Schedule,
  Schema,
  SchemaTransformation,
  Stream
} from "effect"
import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { refusing } from "./fixtures/storage.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

const beside = Asset.make("beside", { compute: () => Effect.as(Effect.yieldNow, 1) })

/** Runs an asset beside a good one and gives its outcome. */
const outcomeOf = Effect.fnUntraced(function*(asset: Asset.Asset<string, unknown, unknown, never>) {
  const run = yield* Runtime.run(Graph.fromAssets([asset, beside]))
  assert.strictEqual(run.outcomes["beside"]!._tag, "Materialized")
  return run.outcomes[asset.key]!
})

describe("an error that cannot be read", () => {
  class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {}) {
    override get message(): string {
      throw new Error("the message cannot be read")
    }
  }
  const circular: Record<string, unknown> = Object.assign(Object.create(null), { n: 1n })
  circular["self"] = circular
  let deep = new Error("deepest")
  for (let i = 0; i < 20_000; i++) deep = new Error("deep", { cause: deep })

  for (const [what, error] of Object.entries({ unreadable: new Unreadable(), circular, deep })) {
    for (const waits of [false, true]) {
      it.effect(`is a failure like others: ${what}, ${waits ? "later" : "at once"}`, () =>
        Effect.gen(function*() {
          const fails = Effect.suspend(() => Effect.fail(error))
          const outcome = yield* outcomeOf(
            Asset.make("fails", { compute: () => waits ? Effect.andThen(Effect.yieldNow, fails) : fails }) as never
          )
          assert.strictEqual(outcome._tag, "Failed")
          assert.isString(Runtime.explain(outcome))
        }).pipe(Effect.provide(inMemory)))
    }
  }

  it.effect("is recorded within bounds", () =>
    Effect.gen(function*() {
      yield* outcomeOf(Asset.make("fails", Effect.fail(new Error("x".repeat(5_000_000)))) as never)
      const log = yield* EventLog.EventLog
      const events = yield* Stream.runCollect(log.events({ tags: ["AssetFailed"] }))
      assert.isBelow(JSON.stringify(events).length, 50_000)
    }).pipe(Effect.provide(inMemory)))
})

describe("a program that is written wrongly", () => {
  const problems: ReadonlyArray<readonly [what: string, compute: () => unknown, message: RegExp]> = [
    ["returns an effect as its value", function*() {
      return Effect.succeed(1)
    }, /returned an Effect as its value/],
    ["returns a promise as its value", () => Effect.succeed(Promise.resolve(1)), /returned a Promise/],
    ["is an async function that rejects", () => Promise.reject(new Error("unseen")), /compute must return an Effect/],
    ["returns nothing", () => undefined, /compute must return an Effect/]
  ]
  for (const [what, compute, message] of problems) {
    it.effect(what, () =>
      Effect.gen(function*() {
        // what a program does that is run without being type-checked
        const outcome = yield* outcomeOf(Asset.make("wrong", { compute: compute as never }) as never)
        assert.strictEqual(outcome._tag, "Failed")
        assert.match(Runtime.explain(outcome), message)
      }).pipe(Effect.provide(inMemory)))
  }

  it.effect("gives a multi-asset what is none of its outputs", () =>
    Effect.gen(function*() {
      const multi = Asset.multi("m", {
        outputs: { opening: {} },
        compute: () => Effect.succeed({ opening: 1, openign: 2 })
      })
      const run = yield* Runtime.run(Graph.make({ multi }))
      assert.strictEqual(
        Runtime.explain(run.outcomes.opening),
        `failed: "m" returned what is none of its outputs: openign. Did you mean "opening"?`
      )
    }).pipe(Effect.provide(inMemory)))

  it.effect("fails with an error whose tag is that of a success", () =>
    Effect.gen(function*() {
      class Success extends Schema.TaggedError<Success>()("Success", {}) {}
      const asset = Asset.make("a", {
        *compute() {
          return yield* new Success()
        }
      })
      assert.strictEqual((yield* Effect.flip(asset.compute()))._tag, "Success")
      const run = yield* Runtime.run(Graph.make({ asset }))
      assert.strictEqual(run.outcomes.asset._tag, "Failed")
    }).pipe(Effect.provide(inMemory)))
})

describe("a value that is an Option", () => {
  it.effect("is what is in the outer Option, with and without a schema", () =>
    Effect.gen(function*() {
      const plain = Asset.make("plain", Effect.succeed(Option.some(Option.some(5))))
      const none = Asset.make("none", Effect.succeed(Option.some(Option.none<number>())))
      const typed = Asset.make("typed", {
        schema: Schema.Option(Schema.Number),
        compute: () => Effect.succeed(Option.some(Option.some(5)))
      })
      yield* Runtime.materialize(Graph.make({ plain, none, typed }))
      assert.deepStrictEqual(yield* Runtime.load(plain), Option.some(5))
      assert.deepStrictEqual(yield* Runtime.load(none), Option.none())
      assert.deepStrictEqual(yield* Runtime.load(typed), Option.some(5))
    }).pipe(Effect.provide(inMemory)))
})

describe("a key with two definitions", () => {
  it("is refused where one is read and the other is in the graph", () => {
    const one = Asset.make("up", Effect.succeed(1))
    const other = Asset.make("up", Effect.succeed("text"))
    const reader = Asset.make("reader", { inputs: { one }, compute: ({ one }) => Effect.succeed(one.toFixed(1)) })
    assert.throws(() => Graph.make({ other, reader }), /"reader": it was defined with another asset "up"/)
    // the same definition, described otherwise
    Graph.make({ one: Asset.annotate(one, { group: "g" }), reader })
    Graph.make({ one: Asset.toExternal(one), reader })
  })
})

describe("a log that does not answer", () => {
  const log = (hangs: (append: number) => boolean) =>
    Layer.effect(
      EventLog.EventLog,
      Effect.gen(function*() {
        const memory = yield* EventLog.makeMemory
        let appends = 0
        return EventLog.EventLog.of({
          ...memory,
          append: (events) => Effect.suspend(() => hangs(++appends) ? Effect.never : memory.append(events))
        })
      })
    )

  for (const hanging of [1, 2]) {
    it.effect(`does not keep a run from being cancelled: append ${hanging}`, () =>
      Effect.gen(function*() {
        let ran = false
        const a = Asset.make("a", { compute: () => Effect.sync(() => ran = true) })
        const waits = Asset.make("waits", { deps: [a], compute: () => Effect.never })
        const run = Runtime.run(Graph.make({ a, waits }))
        const fiber = yield* Effect.forkChild(
          Effect.provide(run, [log((append) => append >= hanging), IOManager.layerMemory]),
          { startImmediately: true }
        )
        yield* Effect.yieldNow
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(interrupting)
        // nothing runs before the beginning of the run is recorded
        assert.strictEqual(ran, hanging > 1)
      }))
  }

  it.effect("is given one more chance to record the end of a run", () =>
    Effect.gen(function*() {
      const recorded: Array<string> = []
      let appends = 0
      const failsOnce = Layer.mock(EventLog.EventLog, {
        latest: () => Effect.succeed(new Map()),
        versions: () => Effect.succeed(new Map()),
        append: (events) =>
          Effect.suspend(() => {
            if (++appends === 2) return Effect.fail(new EventLog.EventLogError({ operation: "append", cause: "full" }))
            recorded.push(...events.map((event) => event._tag))
            return Effect.void
          })
      })
      const a = Asset.make("a", Effect.succeed(1))
      const error = yield* Effect.flip(
        Effect.provide(Runtime.run(Graph.make({ a })), [failsOnce, IOManager.layerMemory])
      )
      assert.strictEqual(error._tag, "EventLogError")
      assert.deepStrictEqual(recorded, ["RunStarted", "AssetMaterialized", "RunFinished"])
    }))
})

describe("progress that does not end", () => {
  it.effect("does not keep a run from being cancelled", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const a = Asset.make("a", { compute: () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never) })
      const run = Runtime.run(Graph.make({ a }), { onProgress: () => Effect.never })
      const fiber = yield* Effect.forkChild(run)
      yield* Deferred.await(started)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(interrupting)
    }).pipe(Effect.provide(inMemory)))

  it.effect("goes on after it has thrown", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      yield* Runtime.run(Graph.make({ beside }), {
        onProgress: (progress) => {
          told.push(progress._tag)
          throw new Error("no terminal")
        }
      })
      assert.deepStrictEqual(told, ["RunStarted", "AssetStarted", "AssetFinished", "RunFinished"])
    }).pipe(Effect.provide(inMemory)))
})

describe("retries of a multi-asset", () => {
  it.effect("show the schedule the error of the storage, and keep what was stored", () =>
    Effect.gen(function*() {
      let attempts = 0
      const seen: Array<unknown> = []
      const storage = yield* refusing((slot) => slot.key === "b" && attempts < 3)
      const multi = Asset.multi("m", {
        outputs: { a: {}, b: {} },
        retry: Schedule.recurs(5).pipe(Schedule.tap(({ input }) => Effect.sync(() => seen.push(input)))),
        compute: () => Effect.sync(() => ({ a: ++attempts === 1 ? Option.some(1) : Option.none(), b: attempts }))
      })
      const run = yield* Effect.provide(
        Runtime.run(Graph.make({ multi })),
        Layer.succeed(IOManager.IOManager, storage)
      )
      assert.strictEqual(run.status, "Succeeded")
      assert.strictEqual(run.outcomes.a._tag, "Materialized")
      assert.isTrue(seen.length >= 2 && seen.every((error) => error instanceof IOManager.IOManagerError))
    }).pipe(Effect.provide(inMemory)))
})

describe("a configuration", () => {
  it.effect("is part of the data version that follows from the code", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", {
        codeVersion: "1",
        config: Schema.Struct({ n: Schema.Number }),
        compute: (_, { config }) => Effect.succeed(config.n)
      })
      const version = (n: number) =>
        Effect.map(
          Runtime.run(Graph.make({ a }), { config: { a: { n } } }),
          ({ outcomes }) => outcomes.a._tag === "Materialized" ? outcomes.a.dataVersion : undefined
        )
      const one = yield* version(1)
      assert.strictEqual(yield* version(1), one)
      assert.notStrictEqual(yield* version(2), one)
    }).pipe(Effect.provide(inMemory)))

  it.effect("that has a default for everything need not be given; environment variables are found by name", () =>
    Effect.gen(function*() {
      const a = Asset.make("daily_rain", {
        config: Schema.Struct({
          limit: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(7))),
          unit: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("mm")))
        }),
        compute: (_, { config }) => Effect.succeed(config)
      })
      yield* Runtime.materialize(Graph.make({ a }))
      assert.deepStrictEqual(yield* Runtime.load(a), { limit: 7, unit: "mm" })
      yield* Effect.provide(
        Runtime.materialize(Graph.make({ a })),
        ConfigProvider.layer(ConfigProvider.fromEnvRecord({ daily_rain_limit: "9" }))
      )
      assert.deepStrictEqual(yield* Runtime.load(a), { limit: 9, unit: "mm" })
    }).pipe(Effect.provide(inMemory)))
})

describe("what is large", () => {
  it.effect("takes no longer than its size", () =>
    Effect.gen(function*() {
      const outputs = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`o${i}`, {}]))
      const values = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`o${i}`, i]))
      const multi = Asset.multi("m", { outputs, compute: () => Effect.succeed(values) as never })
      const inputs = Object.fromEntries(
        Object.entries(multi.assets).map(([name, asset]) => [name, Asset.optional(asset)])
      )
      const reader = Asset.make("reader", { inputs, compute: (inputs) => Effect.succeed(Object.keys(inputs).length) })
      const run = yield* Runtime.run(Graph.fromAssets([...Object.values(multi.assets), reader as Asset.Any]))
      assert.strictEqual(run.status, "Succeeded")
    }).pipe(Effect.provide(inMemory)) as Effect.Effect<void>)

  it("is told of many missing assets without comparing all with all", () => {
    const assets = Array.from(
      { length: 3000 },
      (_, i) => Asset.make(`asset${i}`, { deps: [Asset.make(`missing${i}`, Effect.void)], compute: () => Effect.void })
    )
    assert.throws(() => Graph.fromAssets(assets), /has 3000 problems/)
  })
})

describe("the error of a configuration", () => {
  it.effect("says what is missing and where it is looked for", () =>
    Effect.gen(function*() {
      const a = Asset.make("daily/rain", {
        config: Schema.Struct({ limit: Schema.Int }),
        compute: (_, { config }) => Effect.succeed(config.limit)
      })
      const error = yield* Effect.flip(Runtime.run(Graph.make({ a })))
      assert.strictEqual(
        error.message,
        `The configuration of the run is not valid:\n- "daily/rain": Missing key at ["daily"]["rain"]["limit"]; ` +
          `give it in the options of the run, or in the ConfigProvider under "daily/rain"`
      )
    }).pipe(Effect.provide(inMemory)))
})

describe("a configuration that cannot be written", () => {
  for (const waits of [false, true]) {
    it.effect(`gives each run a data version of its own, ${waits ? "later" : "at once"}`, () =>
      Effect.gen(function*() {
        const throws = Schema.String.pipe(Schema.decodeTo(
          Schema.String,
          SchemaTransformation.transform({
            decode: (text) => text,
            encode: (): string => {
              throw new Error("one way only")
            }
          })
        ))
        const a = Asset.make("a", {
          codeVersion: "1",
          config: Schema.Struct({ throws }),
          compute: () => waits ? Effect.as(Effect.yieldNow, 1) : Effect.succeed(1)
        })
        const run = yield* Runtime.run(Graph.make({ a }), { config: { a: { throws: "x" } } })
        assert.isTrue(run.outcomes.a._tag === "Materialized" && run.outcomes.a.dataVersion === run.id)
      }).pipe(Effect.provide(inMemory)))
  }
})
