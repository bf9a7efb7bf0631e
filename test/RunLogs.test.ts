import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Fiber, Layer, Logger, Option, Redacted, References, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, IOManager, Partitions, RunLogs, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { inMemory, testWith } from "./fixtures/inMemory.ts"

const entry = (message: string, more: Partial<RunLogs.NewEntry> = {}): RunLogs.NewEntry => ({
  timestamp: 1,
  level: "Info",
  message,
  annotations: {},
  ...more
})

const messages = (entries: ReadonlyArray<RunLogs.Entry>) => entries.map(({ message }) => message)

/** What a test of captured logs finds: nothing is printed. */
const captured = Layer.mergeAll(RunLogs.layerMemory, RunLogs.layerCapture, Logger.layer([]))
const test = testWith({ layer: captured })
const logOf = (runId: string, options?: RunLogs.ReadOptions) => RunLogs.RunLogs.use((logs) => logs.read(runId, options))

describe("the store in memory", () => {
  const stored = (name: string, body: (logs: RunLogs.Service) => Effect.Effect<void, RunLogs.RunLogsError>) =>
    it.effect(name, () => Effect.flatMap(RunLogs.makeMemory, body))

  stored("keeps the logs of runs apart, each in its order", (logs) =>
    Effect.gen(function*() {
      yield* logs.append("a", [entry("one"), entry("two")])
      yield* logs.append("b", [entry("other")])
      yield* logs.append("a", [entry("three")])
      assert.deepStrictEqual((yield* logs.read("a")).map(({ message, seq }) => [seq, message]), [
        [1, "one"],
        [2, "two"],
        [3, "three"]
      ])
      assert.deepStrictEqual(yield* logs.read("b"), [{ seq: 1, ...entry("other") }])
      assert.deepStrictEqual(yield* logs.read("c"), [])
      assert.deepStrictEqual([...yield* logs.runs].sort(), ["a", "b"])
      yield* logs.delete(["a", "c"])
      assert.deepStrictEqual([yield* logs.read("a"), yield* logs.runs], [[], ["b"]])
    }))

  stored("reads what a filter lets through", (logs) =>
    Effect.gen(function*() {
      yield* logs.append("a", [
        entry("1", { level: "Trace", key: "x" }),
        entry("2", { level: "Warn", key: "y" }),
        entry("3", { level: "Fatal", key: "x" }),
        entry("4", { level: "Info", key: "x" }),
        entry("5", { level: "Error" })
      ])
      const cases: ReadonlyArray<readonly [RunLogs.ReadOptions, string]> = [
        [{}, "12345"],
        [{ after: 2 }, "345"],
        [{ level: "Warn" }, "235"],
        [{ key: "x" }, "134"],
        [{ key: "x", level: "Info", after: 1 }, "34"],
        [{ limit: 2 }, "12"],
        [{ limit: 0 }, ""],
        [{ limit: NaN }, ""],
        [{ after: NaN }, ""],
        [{ after: -1, limit: 1.5 }, "1"]
      ]
      for (const [options, expected] of cases) {
        assert.strictEqual(messages(yield* logs.read("a", options)).join(""), expected, JSON.stringify(options))
      }
    }))

  stored("keeps the newest entries, and the runs that were written to last", (logs) =>
    Effect.gen(function*() {
      yield* logs.append("a", Array.from({ length: 10_002 }, (_, at) => entry(String(at))))
      const found = yield* logs.read("a")
      assert.deepStrictEqual([found.length, found[0]?.seq, found.at(-1)?.seq], [10_000, 3, 10_002])
      for (let run = 0; run < 99; run++) yield* logs.append(`run${run}`, [entry("x")])
      yield* logs.append("a", [entry("again")])
      yield* logs.append("last", [entry("x")])
      assert.deepStrictEqual(yield* logs.read("run0"), [])
      assert.strictEqual((yield* logs.read("a")).length, 10_000)
      assert.strictEqual((yield* logs.runs).length, 100)
    }))

  stored("is followed: everything once, until it is to end", (logs) =>
    Effect.gen(function*() {
      yield* logs.append("a", [entry("1"), entry("2")])
      const until = yield* Deferred.make<void>()
      const following = yield* Effect.forkChild(
        Stream.runCollect(logs.tail("a", { after: 1, until: Deferred.await(until) })),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* logs.append("a", [entry("3"), entry("4", { level: "Debug" })])
      yield* Effect.yieldNow
      // what is appended last is read, however soon the end comes
      yield* logs.append("a", [entry("5")])
      yield* Deferred.succeed(until, undefined)
      assert.deepStrictEqual(messages(yield* Fiber.join(following)), ["2", "3", "4", "5"])
      const debug = logs.tail("a", { level: "Info", until: Effect.void })
      assert.deepStrictEqual(messages(yield* Stream.runCollect(debug)), ["1", "2", "3", "5"])
      const unknown = logs.tail("b", { until: Effect.fail("no") })
      assert.deepStrictEqual(yield* Stream.runCollect(unknown), [])
    }))

  it.effect("is one for the process where no layer gives another", () =>
    Effect.gen(function*() {
      const runId = "a run of the test of the default"
      yield* RunLogs.RunLogs.use((logs) => logs.append(runId, [entry("here")]))
      assert.deepStrictEqual(messages(yield* logOf(runId)), ["here"])
      assert.deepStrictEqual(yield* Effect.provide(logOf(runId), RunLogs.layerMemory), [])
      yield* RunLogs.RunLogs.use((logs) => logs.delete([runId]))
    }))
})

describe("what programs log", () => {
  test("is kept with the asset, partition, check and step that it comes from", function*() {
    yield* TestClock.setTime(5)
    const rain = Asset.make("shop/rain", {
      partitions: Partitions.fixed(["eu", "us"]),
      *compute() {
        yield* Effect.log("begin")
        yield* Asset.step("load", Effect.annotateLogs(Effect.logWarning("slow"), { rows: 3, runId: "mine" }))
        return 1
      }
    })
    const both = Asset.multi("both", {
      outputs: { one: {}, two: {} },
      compute: () => Effect.as(Effect.logDebug("of both"), { one: 1, two: 2 })
    })
    const some = Check.make("some", { asset: both.assets.one, check: () => Effect.as(Effect.logError("bad"), false) })
    const graph = Graph.make({ rain, one: both.assets.one, two: both.assets.two, some })
    const run = yield* Effect.provideService(
      Runtime.run(graph, { partition: "us", concurrency: 1 }),
      References.MinimumLogLevel,
      "Debug"
    )
    const all = yield* logOf(run.id)
    assert.deepStrictEqual(all.map(({ seq }) => seq), [1, 2, 3, 4])
    assert.sameDeepMembers(all.map(({ seq: _, ...of }) => of), [
      entry("begin", { timestamp: 5, key: "shop/rain", partition: "us" }),
      entry("slow", {
        timestamp: 5,
        level: "Warn",
        key: "shop/rain",
        partition: "us",
        step: "load",
        annotations: { rows: "3", runId: "mine" }
      }),
      entry("of both", { timestamp: 5, level: "Debug", key: "both" }),
      entry("bad", { timestamp: 5, level: "Error", key: "one", check: "some" })
    ])
    assert.deepStrictEqual(messages(yield* logOf(run.id, { key: "shop/rain", level: "Warn" })), ["slow"])
  })

  test("is text, as loggers write it", function*() {
    class Broken extends Schema.TaggedError<Broken>()("Broken", { by: Schema.String }) {
      override get message() {
        return `broken by ${this.by}`
      }
    }
    const a = Asset.make("a", {
      *compute() {
        yield* Effect.log("rows:", 3, { from: new Map([["a", 1]]), to: [1, null] }, Redacted.make("x1y2"))
        yield* Effect.logError("it failed", new Broken({ by: "rain" }))
        yield* Effect.logError("it failed", Cause.fail(new Error("no rain")))
        yield* Effect.withLogSpan(Effect.log("<b>bold</b>\nand a line"), "span")
        yield* Effect.log("x".repeat(10_000))
        yield* Effect.log({
          toString: () => {
            throw new Error("no text")
          }
        })
      }
    })
    const run = yield* Runtime.run(Graph.make({ a }))
    assert.strictEqual(run.status, "Succeeded")
    const [rows, error, cause, lines, long] = yield* logOf(run.id)
    assert.strictEqual(rows?.message, "rows: 3 {\"from\":Map([[\"a\",1]]),\"to\":[1,null]} <redacted>")
    assert.strictEqual(error?.message, "it failed Broken: broken by rain")
    assert.match(error?.cause ?? "", /^Broken: broken by rain\n +at /)
    assert.deepStrictEqual(cause?.message, "it failed")
    assert.match(cause?.cause ?? "", /^Error: no rain\n +at /)
    assert.deepInclude(lines, { message: "<b>bold</b>\nand a line", annotations: { span: "0ms" } })
    assert.strictEqual(long?.message, `${"x".repeat(8000)}… (2000 more characters)`)
  })

  test("is what the minimum log level lets through, and nothing of other fibers or after the run", function*() {
    const latch = yield* Deferred.make<void>()
    let late: Fiber.Fiber<void> | undefined
    const a = Asset.make("a", {
      *compute() {
        yield* Effect.logDebug("debug")
        yield* Effect.log("info")
        late = yield* Effect.forkDetach(Effect.andThen(Deferred.await(latch), Effect.log("late")))
      }
    })
    const run = yield* Runtime.run(Graph.make({ a }), { onProgress: ({ _tag }) => Effect.log(_tag) })
    yield* Effect.log("outside")
    yield* Deferred.succeed(latch, undefined)
    yield* Fiber.join(late!)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(messages(yield* logOf(run.id)), ["info"])
  })

  test("comes to other loggers as before", function*() {
    const printed: Array<unknown> = []
    const logger = Logger.make(({ message }) => void printed.push(message))
    const graph = Graph.make({ a: Asset.make("a", Effect.log("here")) })
    const run = yield* Effect.provide(Runtime.run(graph), Logger.layer([logger]))
    assert.deepStrictEqual([printed, messages(yield* logOf(run.id))], [[["here"]], ["here"]])
  })

  test("can be read while the run goes on, and is there when its end is told", function*() {
    const latch = yield* Deferred.make<void>()
    const logs = yield* RunLogs.RunLogs
    const a = Asset.make("a", {
      *compute() {
        yield* Effect.log("one")
        yield* Deferred.await(latch)
        yield* Effect.log("two")
      }
    })
    let runId = ""
    const atEnd: Array<string> = []
    const running = yield* Effect.forkChild(
      Runtime.run(Graph.make({ a }), {
        onProgress: (progress) =>
          Effect.gen(function*() {
            if (progress._tag === "RunStarted") ({ runId } = progress)
            if (progress._tag === "RunFinished") atEnd.push(...messages(yield* Effect.orDie(logs.read(runId))))
          })
      }),
      { startImmediately: true }
    )
    yield* TestClock.adjust("49 millis")
    assert.deepStrictEqual(yield* logOf(runId), [])
    yield* TestClock.adjust("1 millis")
    assert.deepStrictEqual(messages(yield* logOf(runId)), ["one"])
    const following = yield* Effect.forkChild(Stream.runCollect(RunLogs.follow(runId)), { startImmediately: true })
    yield* Deferred.succeed(latch, undefined)
    yield* Fiber.join(running)
    assert.deepStrictEqual(atEnd, ["one", "two"])
    assert.deepStrictEqual(messages(yield* Fiber.join(following)), ["one", "two"])
    assert.deepStrictEqual(messages(yield* Stream.runCollect(RunLogs.follow(runId, { after: 1 }))), ["two"])
  })

  test("of a run that is cancelled is kept, with what its programs log at their end", function*() {
    const a = Asset.make("a", {
      compute: () => Effect.andThen(Effect.log("begun"), Effect.onInterrupt(Effect.never, () => Effect.log("released")))
    })
    let runId = ""
    const running = yield* Effect.forkChild(
      Runtime.run(Graph.make({ a }), {
        onProgress: (progress) =>
          Effect.sync(() => {
            if (progress._tag === "RunStarted") ({ runId } = progress)
          })
      }),
      { startImmediately: true }
    )
    yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(running)
    assert.deepStrictEqual(messages(yield* logOf(runId)), ["begun", "released"])
  })

  test("more than is kept: the first and the last are, and how many are not", function*() {
    const count = 1_000_000
    const a = Asset.make("a", {
      *compute() {
        for (let at = 1; at <= count; at++) yield* Effect.log(at)
      }
    })
    const run = yield* Runtime.run(Graph.make({ a }))
    const found = yield* logOf(run.id)
    assert.strictEqual(found.length, 10_000)
    assert.deepStrictEqual(messages(found.slice(0, 2)), ["1", "2"])
    assert.deepStrictEqual(messages(found.slice(4999, 5002)), [
      "5000",
      `${count - 9999} messages are left out here: of a run that logs so much, the first and the last are kept`,
      String(count - 4998)
    ])
    assert.deepStrictEqual(messages(found.slice(-1)), [String(count)])
  })

  test("much text: a budget of it is kept, too", function*() {
    const a = Asset.make("a", {
      *compute() {
        for (let at = 0; at < 3000; at++) yield* Effect.log(at, "x".repeat(7990))
      }
    })
    const run = yield* Runtime.run(Graph.make({ a }))
    const found = yield* logOf(run.id)
    const size = found.reduce((sum, { message }) => sum + message.length, 0)
    assert.isBelow(size, 8_001_000)
    assert.isAbove(size, 7_900_000)
    assert.match(found.at(-1)!.message, /^2999 /)
    assert.isTrue(found.some(({ message }) => /^\d+ messages are left out here/.test(message)))
  })

  it.effect("that cannot be kept does not hurt the run, and is told once", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") warnings.push(String(message))
      })
      let tries = 0
      const broken: RunLogs.Service = {
        ...yield* RunLogs.makeMemory,
        append: (runId) =>
          Effect.suspend(() => {
            tries++
            return Effect.fail(new RunLogs.RunLogsError({ operation: "append", runId, cause: new Error("disk full") }))
          })
      }
      const a = Asset.make("a", {
        *compute() {
          yield* Effect.log("one")
          yield* Effect.sleep("1 second")
          yield* Effect.log("two")
        }
      })
      const running = yield* Effect.forkChild(
        Effect.provide(Runtime.run(Graph.make({ a })), [
          inMemory,
          RunLogs.layerCapture,
          Layer.succeed(RunLogs.RunLogs, broken),
          Logger.layer([logger])
        ])
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(running)).status, "Succeeded")
      assert.strictEqual(tries, 2)
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings[0]!, /What the programs of the run .* log is not kept/)
    }))

  it.effect("does not keep a run from ending that nobody takes it from", () =>
    Effect.gen(function*() {
      const hanging: RunLogs.Service = { ...yield* RunLogs.makeMemory, append: () => Effect.never }
      const graph = Graph.make({ a: Asset.make("a", Effect.log("one")) })
      const running = yield* Effect.forkChild(
        Effect.provide(Runtime.run(graph), [
          inMemory,
          captured,
          Layer.succeed(RunLogs.RunLogs, hanging)
        ])
      )
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* Fiber.join(running)).status, "Succeeded")
    }))

  it.effect("is nobody's business without the layer", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.log("here"))
      const run = yield* Runtime.run(Graph.make({ a }))
      assert.deepStrictEqual(yield* logOf(run.id), [])
      assert.isTrue(Option.isSome(yield* EventLog.EventLog.use((log) => Stream.runHead(log.events({ runId: run.id })))))
    }).pipe(Effect.provide([inMemory, RunLogs.layerMemory, Logger.layer([]), Layer.empty, IOManager.layerMemory])))
})
