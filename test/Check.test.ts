/** What checks judge, what they stop, and what is told of them. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Option, Result, Schedule, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, test } from "./fixtures/inMemory.ts"

/** The evaluations that are recorded of a run. */
const evaluationsOf = (run: { readonly id: string }) =>
  Effect.map(
    eventsOf({ runId: run.id, tags: ["CheckEvaluated"] }),
    (events) => events.flatMap((event) => event._tag === "CheckEvaluated" ? [event] : [])
  )

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag]))

/** What the checks of a run came to, one line each, in the order in which they ended. */
const checksOf = (run: { readonly checks: ReadonlyArray<Runtime.CheckOutcome> }) =>
  run.checks.map(({ check, key, partition, status }) =>
    `${key}:${check}${partition === undefined ? "" : ` ${partition}`} ${status}`
  )

const messageOf = (outcome: Runtime.Outcome): string =>
  outcome._tag === "Failed" ? String((Cause.squash(outcome.cause) as Error).message) : assert.fail(outcome._tag)

class Broken extends Schema.TaggedError<Broken>()("Broken", { by: Schema.String }) {}

/** A storage that must not be asked for anything. */
const unused = Layer.mock(IOManager.IOManager, {})

const one = Asset.make("one", Effect.succeed(1))
const two = Asset.make("two", { inputs: { one }, compute: ({ one }) => Effect.succeed(one + 1) })
const after = Asset.make("after", { deps: [one], compute: () => Effect.void })
const beside = Asset.make("beside", Effect.succeed(0))

describe("a check", () => {
  test("is given the stored value and what is known of it, after the asset is stored, and is recorded", function*() {
    const rows = Asset.make("rows", {
      codeVersion: "7",
      compute: () => Effect.succeed(Asset.output([1, -1], { metadata: { rows: 2 }, dataVersion: "v1" }))
    })
    let seen: unknown
    const positive = Check.make("positive", {
      asset: rows,
      severity: "warn",
      description: "No row is negative.",
      *check(rows, { inputs, key, partition, partitionKey, runId, tags, target }) {
        seen = { inputs, key, partition, partitionKey, tags, target, own: target?.runId === runId }
        yield* TestClock.adjust(250)
        return { passed: rows.every((row) => row > 0), metadata: { negative: 1 } }
      }
    })
    yield* TestClock.setTime(1000)
    const run = yield* Runtime.run(Graph.make({ rows, positive }), { tags: { by: "me" } })
    assert.deepStrictEqual(seen, {
      inputs: {},
      key: "rows",
      partition: undefined,
      partitionKey: undefined,
      tags: { by: "me" },
      target: { runId: run.id, dataVersion: "v1", metadata: { rows: 2 }, timestamp: 1000 },
      own: true
    })
    const said = {
      key: "rows",
      check: "positive",
      status: "Failed",
      severity: "warn",
      blocking: false,
      description: "No row is negative.",
      metadata: { negative: 1 },
      durationMillis: 250
    }
    assert.deepStrictEqual(run.checks, [{ ...said, cause: undefined } as Runtime.CheckOutcome])
    const events = yield* eventsOf({ runId: run.id })
    assert.deepStrictEqual(events.map((event) => event._tag), [
      "RunStarted",
      "AssetMaterialized",
      "CheckEvaluated",
      "RunFinished"
    ])
    const { cursor: _, ...evaluated } = events[2]!
    assert.deepStrictEqual(evaluated as unknown, {
      _tag: "CheckEvaluated",
      runId: run.id,
      timestamp: 1250,
      ...said,
      target: { runId: run.id, dataVersion: "v1", timestamp: 1000 }
    })
    const log = yield* EventLog.EventLog
    assert.deepStrictEqual((yield* log.checks(["rows"])).get("rows")?.map(({ status }) => status), ["Failed"])
  })

  const results: ReadonlyArray<
    readonly [what: string, options: Asset.CheckOptions, result: boolean | Check.Result, expected: unknown]
  > = [
    ["true", {}, true, ["Passed", "error", undefined, "Succeeded"]],
    ["false", {}, false, ["Failed", "error", undefined, "Succeeded"]],
    ["passed, with a severity", { severity: "warn" }, { passed: true, severity: "error" }, [
      "Passed",
      "error",
      undefined,
      "Succeeded"
    ]],
    ["a description in place of the declared one", { description: "a" }, { passed: false, description: "b" }, [
      "Failed",
      "error",
      "b",
      "Succeeded"
    ]],
    ["failed, of a blocking check", { blocking: true }, false, ["Failed", "error", undefined, "Failed"]],
    ["failed, of a blocking check that only warns", { blocking: true, severity: "warn" }, false, [
      "Failed",
      "warn",
      undefined,
      "Succeeded"
    ]],
    ["only a warning this time, of a blocking check", { blocking: true }, { passed: false, severity: "warn" }, [
      "Failed",
      "warn",
      undefined,
      "Succeeded"
    ]],
    ["an error this time, of a blocking check that warns otherwise", { blocking: true, severity: "warn" }, {
      passed: false,
      severity: "error"
    }, ["Failed", "error", undefined, "Failed"]]
  ]
  for (const [what, options, result, expected] of results) {
    test(`gives ${what}`, function*() {
      const own = Asset.make("own", {
        checks: { judged: options },
        compute: () => Effect.succeed(Asset.output(1, { checks: { judged: result } }))
      })
      const judged = Check.make("judged", { asset: one, ...options, check: () => Effect.succeed(result) })
      const reads = Asset.make("reads", { inputs: { own }, compute: ({ own }) => Effect.succeed(own) })
      const ofItself = yield* Runtime.run(Graph.make({ own, reads }))
      for (const run of [yield* Runtime.run(Graph.make({ one, judged, two })), ofItself]) {
        const [outcome] = run.checks
        assert.deepStrictEqual(
          [outcome!.status, outcome!.severity, outcome!.description, run.status],
          expected as never
        )
        // what stops a run stops what is downstream, and nothing else does
        const stopped = Object.values(run.outcomes).filter((outcome) => outcome._tag === "UpstreamFailed")
        assert.strictEqual(stopped.length, run.status === "Failed" ? 1 : 0)
      }
    })
  }

  test("CHK02: of an asset that was never materialized has no target, and does not load", function*() {
    let target: unknown = "not asked"
    const fresh = Check.make("fresh", {
      asset: one,
      check: Effect.succeed(true)
    })
    const told = Check.make("told", {
      asset: one,
      check: (_value: number, context) =>
        Effect.sync(() => {
          target = context.target
          return true
        })
    })
    const run = yield* Effect.provide(Runtime.run(Graph.make({ one, fresh }), { checks: "only" }), unused)
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual(tagsOf(run), { one: "NotSelected" })
    const [evaluated] = yield* evaluationsOf(run)
    assert.isFalse("target" in evaluated!)

    // one that looks at the value cannot: there is none
    const without = yield* Runtime.run(Graph.make({ one, told }), { checks: "only" })
    assert.deepStrictEqual([checksOf(without), without.status], [["one:told Errored"], "Failed"])
    assert.isTrue(IOManager.isNotStored(Cause.squash(without.checks[0]!.cause!)))
    assert.strictEqual(target, "not asked")
  })

  test("CHK03: judges what an earlier run has stored, and knows its metadata", function*() {
    const rows = Asset.make("rows", {
      compute: () => Effect.succeed(Asset.output([1, 2], { metadata: { rows: 2 }, dataVersion: "v1" }))
    })
    let target: unknown
    const complete = Check.make("complete", {
      asset: rows,
      check: (rows, context) =>
        Effect.sync(() => {
          target = context.target
          return rows.length === 2
        })
    })
    const graph = Graph.make({ rows, complete })
    const first = yield* Runtime.materialize(graph, { checks: "none" })
    assert.deepStrictEqual(first.checks, [])
    yield* TestClock.adjust("1 hour")
    const second = yield* Runtime.materialize(graph, { checks: "only" })
    assert.deepStrictEqual(tagsOf(second), { rows: "NotSelected" })
    assert.deepStrictEqual(target, { runId: first.id, dataVersion: "v1", metadata: { rows: 2 }, timestamp: 0 })
    const [evaluated] = yield* evaluationsOf(second)
    assert.deepStrictEqual(evaluated!.target, { runId: first.id, dataVersion: "v1", timestamp: 0 })
    assert.strictEqual(evaluated!.timestamp, 3_600_000)
  })

  test("of an asset that is up to date judges what is stored, and knows its metadata", function*() {
    const rows = Asset.make("rows", {
      codeVersion: "1",
      compute: () => Effect.succeed(Asset.output([1, 2], { metadata: { rows: 2 } }))
    })
    let target: Check.Target | undefined
    const complete = Check.make("complete", {
      asset: rows,
      check: (_rows, context) => Effect.sync(() => (target = context.target) !== undefined)
    })
    const graph = Graph.make({ rows, complete })
    const first = yield* Runtime.materialize(graph, { checks: "none" })
    const second = yield* Runtime.materialize(graph, { onlyStale: true })
    assert.deepStrictEqual([tagsOf(second), checksOf(second)], [{ rows: "UpToDate" }, ["rows:complete Passed"]])
    assert.deepStrictEqual([target?.runId, target?.metadata], [first.id, { rows: 2 }])
    // and it is judged once
    const third = yield* Runtime.materialize(graph, { onlyStale: true })
    assert.deepStrictEqual([tagsOf(third), checksOf(third)], [{ rows: "UpToDate" }, []])
  })

  test("that holds up what is downstream is evaluated again, and so is one that looks at more", function*() {
    let limit = 0
    const bad = Check.make("bad", { asset: one, blocking: true, check: () => Effect.sync(() => limit > 0) })
    const more = Check.make("more", { asset: one, inputs: { two }, check: () => Effect.succeed(true) })
    const graph = Graph.make({ one, two, bad, more })
    const run = Runtime.run(graph, { onlyStale: true, checks: ["one:bad"] })
    assert.deepStrictEqual(tagsOf(yield* run), { one: "Materialized", two: "UpstreamFailed" })
    const again = yield* run
    assert.deepStrictEqual([tagsOf(again), checksOf(again)], [
      { one: "UpToDate", two: "UpstreamFailed" },
      ["one:bad Failed"]
    ])
    limit = 1
    assert.deepStrictEqual(tagsOf(yield* run), { one: "UpToDate", two: "Materialized" })
    for (const _ of [1, 2]) {
      const ended = yield* Runtime.run(graph, { onlyStale: true, checks: ["one:more"] })
      assert.deepStrictEqual(checksOf(ended), ["one:more Passed"])
    }
  })

  const unjudged: ReadonlyArray<
    readonly [id: string, compute: Effect.Effect<Option.Option<number>, Broken>, tag: string]
  > = [
    ["CHK04: is not evaluated where its asset failed", Effect.fail(new Broken({ by: "program" })), "UpstreamFailed"],
    [
      "CON11: is not evaluated where its asset was skipped, and what is downstream is skipped",
      Effect.succeedNone,
      "Skipped"
    ]
  ]
  for (const [name, compute, tag] of unjudged) {
    for (const blocking of [false, true]) {
      test(`${name}: ${blocking ? "blocking" : "not blocking"}`, function*() {
        const maybe = Asset.make("maybe", { compute: () => compute })
        let evaluated = 0
        const judged = Check.make("judged", { asset: maybe, blocking, check: () => Effect.sync(() => ++evaluated > 0) })
        const reads = Asset.make("reads", { inputs: { maybe }, compute: ({ maybe }) => Effect.succeed(maybe) })
        const does = Asset.make("does", {
          inputs: { maybe: Asset.optional(maybe) },
          compute: ({ maybe }) => Effect.succeed(Option.isNone(maybe))
        })
        const run = yield* Runtime.run(Graph.make({ maybe, judged, reads, does }))
        assert.deepStrictEqual([evaluated, run.checks, yield* evaluationsOf(run)], [0, [], []])
        assert.strictEqual(run.outcomes.reads._tag, tag)
        // a skip is no failure: an optional reader runs
        assert.strictEqual(run.outcomes.does._tag, tag === "Skipped" ? "Materialized" : "UpstreamFailed")
        if (run.outcomes.reads._tag === "Skipped") {
          assert.deepStrictEqual(run.outcomes.reads.reason, { _tag: "UpstreamSkipped", keys: ["maybe"] })
        }
      })
    }
  }

  test("CHK05: that fails and is not blocking does not fail the run, nor what is downstream", function*() {
    const bad = Check.make("bad", { asset: one, check: Effect.succeed(false) })
    const run = yield* Runtime.materialize(Graph.make({ one, two, after, bad }))
    assert.deepStrictEqual(tagsOf(run), { one: "Materialized", two: "Materialized", after: "Materialized" })
    assert.deepStrictEqual([run.status, checksOf(run)], ["Succeeded", ["one:bad Failed"]])
  })

  test("CHK06: that fails and is blocking stops what is downstream, and nothing else", function*() {
    const bad = Check.make("bad", {
      asset: one,
      blocking: true,
      description: "always",
      check: () => Effect.succeed(false)
    })
    const third = Asset.make("third", { inputs: { two, beside }, compute: ({ two }) => Effect.succeed(two) })
    const maybe = Asset.make("maybe", { inputs: { one: Asset.optional(one) }, compute: () => Effect.succeed(1) })
    const graph = Graph.make({ one, two, third, after, maybe, beside, bad })
    const run = yield* Runtime.run(graph)
    assert.deepStrictEqual(tagsOf(run), {
      one: "Materialized",
      two: "UpstreamFailed",
      third: "UpstreamFailed",
      after: "UpstreamFailed",
      maybe: "UpstreamFailed",
      beside: "Materialized"
    })
    assert.strictEqual(run.status, "Failed")
    for (const outcome of [run.outcomes.two, run.outcomes.third]) {
      assert.strictEqual(Runtime.explain(outcome), "not computed: the blocking check one:bad failed")
    }
    const stopped = (yield* eventsOf({ runId: run.id, keys: ["third"] }))[0]
    assert.deepStrictEqual(stopped?._tag === "AssetUpstreamFailed" && [stopped.failed, stopped.checks], [[], [
      "one:bad"
    ]])
    assert.strictEqual(yield* Runtime.load(one), 1)
    const error = yield* Effect.flip(Runtime.materialize(graph))
    assert.instanceOf(error, Runtime.CheckFailedError)
    assert.strictEqual(error.message, `The blocking check "bad" of "one" failed with the severity ERROR: always`)
  })

  test("is one of several blocking ones: all are evaluated, and all that failed are named", function*() {
    const checks = (["a", "b", "c", "d"] as const).map((name) =>
      Check.make(name, { asset: one, blocking: true, check: Effect.as(Effect.yieldNow, name === "a" || name === "c") })
    )
    const warns = Check.make("warns", { asset: one, blocking: true, severity: "warn", check: Effect.succeed(false) })
    const failing = Asset.make("failing", Effect.fail(new Broken({ by: "program" })))
    const both = Asset.make("both", { inputs: { two }, deps: [failing], compute: () => Effect.succeed(1) })
    const graph = Graph.fromAssets([one, two, failing, both], { checks: [...checks, warns] })
    const run = yield* Runtime.run(graph)
    assert.deepStrictEqual(checksOf(run).sort(), [
      "one:a Passed",
      "one:b Failed",
      "one:c Passed",
      "one:d Failed",
      "one:warns Failed"
    ])
    const rootsOf = (outcome: Runtime.Outcome | undefined) =>
      outcome?._tag === "UpstreamFailed" ? [outcome.failed, outcome.checks?.toSorted()] : outcome
    assert.deepStrictEqual(rootsOf(run.outcomes["two"]), [[], ["one:b", "one:d"]])
    assert.deepStrictEqual(rootsOf(run.outcomes["both"]), [["failing"], ["one:b", "one:d"]])
  })

  // CHK08: does not apply: a check belongs to one asset, and its result names none.

  test("CHK11: that is an Effect is evaluated without loading", function*() {
    const table = Asset.make("table", { compute: () => Effect.void })
    const row = Asset.external("row")
    const written = Check.make("written", { asset: table, check: Effect.succeed(true) })
    const there = Check.make("there", { asset: one, check: Effect.succeed(true) })
    const reads = Asset.make("reads", { deps: [row], compute: () => Effect.void })
    const outside = Check.make("outside", { asset: row, check: Effect.succeed(true) })
    const voids = yield* Effect.provide(Runtime.run(Graph.make({ table, written, reads, row, outside })), unused)
    assert.deepStrictEqual([checksOf(voids).sort(), voids.status], [
      ["row:outside Passed", "table:written Passed"],
      "Succeeded"
    ])
    const loads: Array<string> = []
    const watched = Layer.effect(
      IOManager.IOManager,
      Effect.map(IOManager.makeMemory, (io): IOManager.Service => ({
        save: io.save,
        exists: io.exists,
        remove: io.remove,
        load: (slot) => Effect.suspend(() => (loads.push(slot.key), io.load(slot)))
      }))
    )
    const run = yield* Effect.provide(Runtime.run(Graph.make({ one, there })), watched)
    assert.deepStrictEqual([checksOf(run), loads], [["one:there Passed"], []])
    const looks = Check.make("looks", { asset: one, check: (one) => Effect.succeed(one === 1) })
    yield* Effect.provide(Runtime.run(Graph.make({ one, looks })), watched)
    assert.deepStrictEqual(loads, ["one"])
  })

  test("of an asset whose value is void is given nothing", function*() {
    const table = Asset.make("table", { compute: () => Effect.void })
    const written = Check.make("written", { asset: table, check: (value) => Effect.succeed(value === undefined) })
    const run = yield* Runtime.materialize(Graph.make({ table, written }))
    assert.deepStrictEqual(checksOf(run), ["table:written Passed"])
  })
})

describe("the inputs of a check", () => {
  const limit = Asset.make("limit", Effect.succeed(1))
  const within = (options: Partial<Asset.CheckOptions> = {}) =>
    Check.make("within", {
      asset: one,
      inputs: { limit, maybe: Asset.optional(beside) },
      ...options,
      check: (one, { inputs }) => Effect.succeed(one <= inputs.limit && Option.isSome(inputs.maybe))
    })

  test("are loaded after they were computed, or from what is stored", function*() {
    const slow = Asset.make("limit", { compute: () => Effect.as(Effect.sleep("1 minute"), 1) })
    const check = Check.make("within", {
      asset: one,
      inputs: { limit: slow },
      check: (one, { inputs }) => Effect.succeed(one <= inputs.limit)
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ one, slow, check })))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(checksOf(yield* Fiber.join(fiber)), ["one:within Passed"])
    const graph = Graph.make({ one, limit, beside, within: within() })
    yield* Runtime.materialize(graph, { select: ["limit", "beside"] })
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { select: ["one"] })), ["one:within Passed"])
  })

  test("need not be upstream or downstream of the asset it judges", function*() {
    // what is computed from an asset can be compared with it: the check waits for both
    const sum = Check.make("sum", {
      asset: one,
      inputs: { two },
      check: (one, { inputs }) => Effect.succeed(inputs.two === one + 1)
    })
    const run = yield* Runtime.run(Graph.make({ one, two, sum }))
    assert.deepStrictEqual([checksOf(run), tagsOf(run)], [["one:sum Passed"], {
      one: "Materialized",
      two: "Materialized"
    }])
  })

  test("cannot be what waits for a blocking check: the run does not begin", function*() {
    const sum = Check.make("sum", {
      asset: one,
      blocking: true,
      inputs: { two },
      check: (one, { inputs }) => Effect.succeed(inputs.two === one + 1)
    })
    const harmless = Check.make("harmless", {
      asset: two,
      blocking: true,
      inputs: { one },
      check: () => Effect.succeed(true)
    })
    const error = yield* Effect.flip(Runtime.run(Graph.make({ one, two, after, sum, harmless })))
    assert.match(error.message, /"one:sum": it is blocking, so what is downstream of its asset waits for it/)
    assert.notMatch(error.message, /harmless/)
    // nor can two of them wait for each other
    const left = Check.make("left", {
      asset: one,
      blocking: true,
      inputs: { other: two },
      check: () => Effect.succeed(true)
    })
    const source = Asset.make("source", Effect.succeed(1))
    const reader = Asset.make("reader", { inputs: { source }, compute: ({ source }) => Effect.succeed(source) })
    const crossed = [
      Check.make("left", { asset: one, blocking: true, inputs: { reader }, check: () => Effect.succeed(true) }),
      Check.make("right", { asset: source, blocking: true, inputs: { two }, check: () => Effect.succeed(true) })
    ]
    const both = yield* Effect.flip(Runtime.run(Graph.fromAssets([one, two, source, reader], { checks: crossed })))
    assert.match(both.message, /"one:left"[^]*"source:right"/)
    // where one of the two assets is not computed, there is nothing to wait for
    const graph = Graph.make({ one, two, left })
    yield* Runtime.materialize(graph, { checks: "none" })
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { select: ["one"] })), ["one:left Passed"])
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { checks: "only" })), ["one:left Passed"])
  })

  test("that failed keep it from being evaluated, and a blocking one from letting anything pass", function*() {
    const fails = Asset.make("limit", Effect.fail(new Broken({ by: "limit" })))
    for (const blocking of [false, true]) {
      const check = Check.make("within", {
        asset: one,
        blocking,
        inputs: { limit: fails },
        check: () => Effect.succeed(true)
      })
      const run = yield* Runtime.run(Graph.make({ one, two, fails, check }))
      assert.deepStrictEqual(run.checks, [])
      assert.strictEqual(run.outcomes.two._tag, blocking ? "UpstreamFailed" : "Materialized")
      if (blocking) assert.strictEqual(Runtime.explain(run.outcomes.two), "not computed: limit failed")
    }
  })

  test("that were skipped keep it from being evaluated, and nothing else from running", function*() {
    const nothing = Asset.make("limit", { compute: () => Effect.succeed(Option.none<number>()) })
    for (const blocking of [false, true]) {
      const check = Check.make("within", {
        asset: one,
        blocking,
        inputs: { limit: nothing },
        check: () => Effect.succeed(false)
      })
      const run = yield* Runtime.run(Graph.make({ one, two, nothing, check }))
      assert.deepStrictEqual([run.checks, run.status], [[], "Succeeded"])
      assert.deepStrictEqual(tagsOf(run), { one: "Materialized", two: "Materialized", nothing: "Skipped" })
    }
    // who is skipped for another reason is told that one
    const unjudged = Check.make("within", {
      asset: one,
      blocking: true,
      inputs: { limit: nothing },
      check: () => Effect.succeed(false)
    })
    const both = Asset.make("both", { inputs: { one, nothing }, compute: ({ one }) => Effect.succeed(one) })
    const { outcomes } = yield* Runtime.run(Graph.make({ one, nothing, both, unjudged }))
    assert.strictEqual(Runtime.explain(outcomes.both), "skipped: limit was skipped")
    const optional = Check.make("within", {
      asset: one,
      inputs: { limit: Asset.optional(nothing) },
      check: (_, { inputs }) => Effect.succeed(Option.isNone(inputs.limit))
    })
    assert.deepStrictEqual(checksOf(yield* Runtime.run(Graph.make({ one, nothing, optional }))), ["one:within Passed"])
  })

  test("that are not stored are an error of the check", function*() {
    const run = yield* Runtime.run(Graph.make({ one, limit, beside, within: within() }), { select: ["one"] })
    assert.deepStrictEqual([checksOf(run), run.status], [["one:within Errored"], "Failed"])
    assert.match(Cause.pretty(run.checks[0]!.cause!), /Nothing is stored for "limit"/)
  })
})

describe("a check that goes wrong", () => {
  const wrong: ReadonlyArray<readonly [what: string, check: unknown, message: RegExp]> = [
    ["fails", () => Effect.fail(new Broken({ by: "check" })), /Broken/],
    ["fails later", Effect.andThen(Effect.yieldNow, Effect.fail(new Broken({ by: "check" }))), /Broken/],
    ["dies", () => Effect.die(new Error("no disk")), /no disk/],
    ["throws", () => {
      throw new Error("no disk")
    }, /no disk/],
    ["interrupts itself", () => Effect.interrupt, /"one:wrong" was interrupted, though its run was not cancelled/],
    ["returns nothing", () => undefined, /must return an Effect/],
    ["returns a promise", () => Promise.resolve(true), /must return an Effect/],
    ["gives undefined", () => Effect.void, /The check "wrong" must give a boolean/],
    ["gives null", Effect.succeed(null), /The check "wrong" must give a boolean/],
    ["gives a text", () => Effect.succeed("passed"), /The check "wrong" must give a boolean/],
    [
      "gives a record without the result",
      () => Effect.succeed({ metadata: {} }),
      /The check "wrong" must give a boolean/
    ],
    ["gives metadata that is none", () => Effect.succeed({ passed: true, metadata: { of: Symbol("x") } }), /metadata/i]
  ]
  for (const [what, check, message] of wrong) {
    for (const blocking of [false, true]) {
      test(`${what}, ${blocking ? "blocking" : "not blocking"}: is recorded as such, and the run fails`, function*() {
        // what a program does that is run without being type-checked
        const made = Check.make("wrong", { asset: one, blocking, description: "d", check: check as never })
        const graph = Graph.make({ one, two, beside, made: made as Check.Check<"wrong", "one"> })
        const run = yield* Runtime.run(graph)
        assert.deepStrictEqual([checksOf(run), run.status], [["one:wrong Errored"], "Failed"])
        assert.deepStrictEqual(tagsOf(run), {
          one: "Materialized",
          two: blocking ? "UpstreamFailed" : "Materialized",
          beside: "Materialized"
        })
        assert.match(Cause.pretty(run.checks[0]!.cause!), message)
        const [evaluated] = yield* evaluationsOf(run)
        assert.match(evaluated!.error!.message, message)
        assert.strictEqual(evaluated!.description, "d")
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Runtime.materialize(graph))))
      })
    }
  }

  test("makes a materialization fail with its own error", function*() {
    const broken = Check.make("broken", { asset: one, check: () => Effect.fail(new Broken({ by: "check" })) })
    const error = yield* Effect.flip(Runtime.materialize(Graph.make({ one, broken })))
    assert.deepStrictEqual(error, new Broken({ by: "check" }))
  })

  test("is interrupted with its run, and nothing is recorded of it", function*() {
    const released: Array<string> = []
    const started = yield* Deferred.make<void>()
    const hangs = Check.make("hangs", {
      asset: one,
      blocking: true,
      check: () =>
        Effect.acquireUseRelease(
          Deferred.succeed(started, undefined),
          () => Effect.as(Effect.never, true),
          () => Effect.sync(() => released.push("check"))
        )
    })
    const fiber = yield* Effect.forkChild(Runtime.run(Graph.make({ one, two, hangs })))
    yield* Deferred.await(started)
    yield* Fiber.interrupt(fiber)
    const events = (yield* eventsOf()).map((event) => "key" in event ? `${event._tag} ${event.key}` : event._tag)
    assert.deepStrictEqual([released, events], [
      ["check"],
      ["RunStarted", "AssetMaterialized one", "AssetCancelled two", "RunFinished"]
    ])
  })
})

describe("checks of an asset's own program", () => {
  test("CHK12: are recorded in the order in which they were declared, with what they judged", function*() {
    const asset = Asset.make("asset", {
      checks: { first: {}, second: { severity: "warn", description: "declared" } },
      compute: () =>
        Effect.succeed(Asset.output(5, {
          dataVersion: "v5",
          checks: { second: { passed: false, metadata: { n: 1 } }, first: true }
        }))
    })
    const run = yield* Runtime.materialize(Graph.make({ asset }))
    assert.deepStrictEqual([run.status, checksOf(run)], ["Succeeded", ["asset:first Passed", "asset:second Failed"]])
    const evaluated = yield* evaluationsOf(run)
    assert.deepStrictEqual(
      evaluated.map(({ check, description, metadata, severity, target }) => [
        check,
        description,
        metadata,
        severity,
        target
      ]),
      [
        ["first", undefined, {}, "error", { runId: run.id, dataVersion: "v5", timestamp: 0 }],
        ["second", "declared", { n: 1 }, "warn", { runId: run.id, dataVersion: "v5", timestamp: 0 }]
      ]
    )
    assert.strictEqual(yield* Runtime.load(asset), 5)
  })

  const mistakes: ReadonlyArray<
    readonly [name: string, given: { readonly [name: string]: unknown } | undefined, message: string]
  > = [
    [
      "CHK13: a declared check without a result",
      { complete: true },
      `"asset" declares the check "positive" and returned no result of it. ` +
      "Return Asset.output(value, { checks: { … } })."
    ],
    [
      "CHK13: no results at all",
      undefined,
      `"asset" declares the check "positive" and returned no result of it. ` +
      "Return Asset.output(value, { checks: { … } })."
    ],
    [
      "CHK14: a result under no name that is declared",
      { positive: true, complete: true, complte: true },
      `"asset" returned the result of a check "complte" that it does not declare. Did you mean "complete"?`
    ],
    [
      "a result that is none",
      { positive: "yes", complete: true },
      `The check "positive" must give a boolean, or { passed: true or false, metadata, … }.`
    ]
  ]
  for (const [name, given, message] of mistakes) {
    test(`${name} fails the asset, and nothing is stored`, function*() {
      const value = given === undefined ? 1 : Asset.output(1, { checks: given as never })
      const asset = Asset.make("asset", {
        checks: { positive: {}, complete: {} },
        compute: () => Effect.succeed(value)
      })
      const multi = Asset.multi("multi", {
        outputs: { asset: { checks: { positive: {}, complete: {} } }, other: {} },
        compute: () => Effect.succeed({ asset: value, other: 2 })
      })
      for (
        const graph of [Graph.make({ asset }), Graph.make({ multi })] as ReadonlyArray<
          Graph.Graph<{ asset: typeof asset }>
        >
      ) {
        const run = yield* Runtime.run(graph)
        assert.strictEqual(messageOf(run.outcomes.asset), message)
        assert.deepStrictEqual(run.checks, [])
        assert.isTrue(IOManager.isNotStored(yield* Effect.flip(Runtime.load(asset))))
      }
      assert.strictEqual(yield* Runtime.load(multi.assets.other), 2)
    })
  }

  test("CHK14: that none is declared of is told, too", function*() {
    const asset = Asset.make("asset", Effect.succeed(Asset.output(1, { checks: { a: true } })))
    assert.strictEqual(
      messageOf((yield* Runtime.run(Graph.make({ asset }))).outcomes.asset),
      `"asset" returned the result of a check "a" that it does not declare. ` +
        "It declares none: see the option `checks`."
    )
  })

  test("CHK13: are not evaluated where there is no output: the asset is skipped", function*() {
    const asset = Asset.make("asset", {
      checks: { positive: { blocking: true } },
      compute: () => Effect.succeed(Option.none<Asset.Output<number>>())
    })
    const inside = Asset.make("inside", {
      checks: { positive: { blocking: true } },
      compute: () => Effect.succeed(Asset.output(Option.none<number>(), { checks: { positive: false } }))
    })
    const run = yield* Runtime.run(Graph.make({ asset, inside }))
    assert.deepStrictEqual([tagsOf(run), run.checks, run.status], [
      { asset: "Skipped", inside: "Skipped" },
      [],
      "Succeeded"
    ])
  })

  test("CHK15: stop what is downstream if they are blocking; the asset is stored", function*() {
    const asset = Asset.make("asset1", {
      checks: { good: { blocking: true }, bad: { blocking: true, description: "five" } },
      compute: () => Effect.succeed(Asset.output(5, { checks: { good: true, bad: false } }))
    })
    const reads = Asset.make("asset2", { inputs: { asset }, compute: ({ asset }) => Effect.succeed(asset) })
    const further = Asset.make("asset3", { deps: [reads], compute: () => Effect.void })
    // a check of its own program's data is evaluated all the same
    const also = Check.make("also", { asset, check: (value) => Effect.succeed(value === 5) })
    const graph = Graph.make({ asset, reads, further, also })
    const run = yield* Runtime.run(graph)
    assert.deepStrictEqual(tagsOf(run), { asset: "Materialized", reads: "UpstreamFailed", further: "UpstreamFailed" })
    assert.strictEqual(Runtime.explain(run.outcomes.further), "not computed: the blocking check asset1:bad failed")
    assert.deepStrictEqual([run.status, checksOf(run)], [
      "Failed",
      ["asset1:good Passed", "asset1:bad Failed", "asset1:also Passed"]
    ])
    assert.strictEqual(
      (yield* Effect.flip(Runtime.materialize(graph))).message,
      `The blocking check "bad" of "asset1" failed with the severity ERROR: five`
    )
  })

  test("CHK16: of one output of a multi-asset stop what is downstream of that output alone", function*() {
    const multi = Asset.multi("multi", {
      outputs: { first: { key: "asset1/one", checks: { bad: { blocking: true } } }, second: { key: "asset2/two" } },
      compute: () => Effect.succeed({ first: Asset.output(1, { checks: { bad: false } }), second: 2 })
    })
    const { first, second } = multi.assets
    const third = Asset.make("asset3", { inputs: { first }, compute: ({ first }) => Effect.succeed(first) })
    const fourth = Asset.make("asset4", { inputs: { second }, compute: ({ second }) => Effect.succeed(second) })
    const run = yield* Runtime.run(Graph.make({ multi, third, fourth }))
    assert.deepStrictEqual(tagsOf(run), {
      first: "Materialized",
      second: "Materialized",
      third: "UpstreamFailed",
      fourth: "Materialized"
    })
  })

  test("are judged once, by the attempt that succeeds", function*() {
    let attempts = 0
    const asset = Asset.make("asset", {
      retry: Schedule.recurs(2),
      checks: { third: { blocking: true } },
      compute: () =>
        Effect.suspend(() =>
          ++attempts < 3
            ? Effect.fail(new Broken({ by: "network" }))
            : Effect.succeed(Asset.output(attempts, { checks: { third: attempts === 3 } }))
        )
    })
    const run = yield* Runtime.materialize(Graph.make({ asset }))
    assert.deepStrictEqual(checksOf(run), ["asset:third Passed"])
  })
})

describe("which checks are evaluated", () => {
  const calls: Array<string> = []
  const multi = Asset.multi("multi", {
    outputs: { asset1: { checks: { check1: {} } }, asset2: {} },
    canSubset: true,
    compute: (_, { selected }) =>
      Effect.sync(() => {
        calls.push([...selected].sort().join())
        return {
          ...(selected.has("asset1") ? { asset1: Asset.output(1, { checks: { check1: true } }) } : {}),
          ...(selected.has("asset2") ? { asset2: 2 } : {})
        } as { asset1: Asset.Output<number>; asset2: number }
      })
  })
  const { asset1, asset2 } = multi.assets
  const check2 = Check.make("check2", { asset: asset1, check: Effect.succeed(true) })
  const check3 = Check.make("check3", { asset: asset2, check: Effect.succeed(true) })
  const graph = Graph.make({ multi, check2, check3 })

  const selections: ReadonlyArray<
    readonly [
      name: string,
      options: Runtime.RunOptions<typeof graph.assets>,
      computed: ReadonlyArray<string>,
      checks: ReadonlyArray<string>
    ]
  > = [
    ["CHK18: all", {}, ["asset1", "asset2"], ["asset1:check1", "asset1:check2", "asset2:check3"]],
    ["CHK18: of the one asset", { select: ["asset1"] }, ["asset1"], ["asset1:check1", "asset1:check2"]],
    ["CHK18: of the other", { select: ["asset2"] }, ["asset2"], ["asset2:check3"]],
    ["CHK19: none but those of its own program", { select: ["asset1"], checks: "none" }, ["asset1"], ["asset1:check1"]],
    ["CHK19: none", { select: ["asset2"], checks: "none" }, ["asset2"], []],
    ["CHK19: those alone", { select: ["asset1"], checks: "only" }, [], ["asset1:check2"]],
    ["CHK19: those alone, of all", { checks: "only" }, [], ["asset1:check2", "asset2:check3"]],
    ["CHK19: some by name", { checks: ["asset2:check3"] }, ["asset1", "asset2"], ["asset1:check1", "asset2:check3"]],
    ["CHK19: one by name, and no asset", { select: [], checks: ["asset1:check2"] }, [], ["asset1:check2"]]
  ]
  for (const [name, options, computed, checks] of selections) {
    test(name, function*() {
      const run = yield* Runtime.materialize(graph, options)
      const found = Runtime.outcomes(run).flatMap((outcome) => outcome._tag === "Materialized" ? [outcome.key] : [])
      assert.deepStrictEqual(found, computed)
      assert.deepStrictEqual(run.checks.map(({ check, key }) => `${key}:${check}`).sort(), checks)
      // no history of what was not evaluated
      assert.deepStrictEqual((yield* evaluationsOf(run)).map(({ check, key }) => `${key}:${check}`).sort(), checks)
    })
  }

  test("CHK19: of a partition by name, and no asset", function*() {
    const days = Partitions.fixed(["mon", "tue"])
    const daily = Asset.make("daily", {
      partitions: days,
      compute: (_, { partitionKey }) => Effect.succeed(partitionKey)
    })
    const copy = Asset.make("copy", {
      partitions: days,
      inputs: { daily },
      compute: ({ daily }) => Effect.succeed(daily)
    })
    const named = Check.make("named", {
      asset: daily,
      blocking: true,
      check: (value) => Effect.succeed(value === "mon")
    })
    const graph = Graph.make({ daily, copy, named })
    yield* Runtime.materialize(graph, { partitions: "all", checks: "none" })
    const run = yield* Runtime.run(graph, { select: [], checks: ["daily:named"], partition: "mon" })
    assert.deepStrictEqual([checksOf(run), run.status], [["daily:named mon Passed"], "Succeeded"])
    // it judges what is stored, and keeps what reads that from running
    const reads = yield* Runtime.run(graph, { select: ["copy"], checks: ["daily:named"], partitions: "all" })
    assert.deepStrictEqual(checksOf(reads).sort(), ["daily:named mon Passed", "daily:named tue Failed"])
    assert.deepStrictEqual(
      [...reads.partitions.copy!].map(([key, outcome]) => [key, outcome._tag]),
      [["mon", "Materialized"], ["tue", "UpstreamFailed"]]
    )
  })

  test("has to be there, and is asked for by the name of asset and check", function*() {
    for (
      const [name, problem] of [
        ["asset1:chekc2", `there is no such check. Did you mean "asset1:check2"?`],
        ["check2", "there is no such check."]
      ] as const
    ) {
      const error = yield* Effect.flip(Runtime.run(graph, { checks: [name] }))
      assert.deepStrictEqual(error, new Runtime.RunConfigError({ problems: [{ key: name, problem }] }))
    }
    const none = yield* Effect.flip(Runtime.run(Graph.make({ one }), { checks: ["one:a"] }))
    assert.match(none.message, /"one:a": there is no such check/)
    assert.deepStrictEqual(yield* eventsOf(), [])
  })

  test("is told as it goes on", function*() {
    const told = yield* Runtime.stream(graph, { select: ["asset2"] }).pipe(Stream.runCollect)
    assert.deepStrictEqual(
      told.flatMap((progress) => progress._tag === "CheckFinished" ? [`${progress.key}:${progress.check}`] : []),
      ["asset2:check3"]
    )
  })

  const invalid: ReadonlyArray<readonly [what: string, make: () => unknown, message: RegExp]> = [
    [
      "two of one name",
      () =>
        Graph.make({
          one,
          a: Check.make("a", { asset: one, check: Effect.succeed(true) }),
          b: Check.make("a", { asset: one, check: Effect.succeed(true) })
        }),
      /it has two checks with the name "a"/
    ],
    [
      "one of the name of a check of the asset's own program",
      () => {
        const own = Asset.make("own", { checks: { a: {} }, compute: () => Effect.succeed(1) })
        return Graph.make({ own, a: Check.make("a", { asset: own, check: Effect.succeed(true) }) })
      },
      /it has two checks with the name "a"/
    ],
    [
      "one whose name has a colon",
      () => Graph.make({ one, a: Check.make("a:b", { asset: one, check: Effect.succeed(true) }) }),
      /the name of its check, "a:b", is empty or has a colon/
    ],
    [
      "one of another asset of the same key",
      () =>
        Graph.make({
          one,
          a: Check.make("a", { asset: Asset.make("one", Effect.succeed(2)), check: Effect.succeed(true) })
        }),
      /the check was defined with another asset "one" than the one in the graph/
    ]
  ]
  for (const [what, make, message] of invalid) {
    it(`cannot be ${what}`, () => assert.throws(make, message))
  }
})

describe("checks of external assets", () => {
  const source = Asset.external("source", { schema: Schema.Number })
  const copy = Asset.make("copy", { inputs: { source }, compute: ({ source }) => Effect.succeed(source) })
  const later = Asset.make("later", { deps: [copy], compute: () => Effect.void })
  const ordered = Asset.make("ordered", { deps: [source], compute: () => Effect.void })
  const store = (value: number) =>
    IOManager.IOManager.use((io) =>
      io.save(value, { key: "source", partition: undefined, schema: Schema.Number, metadata: {}, runId: undefined })
    )

  test("CHK07: that are blocking and fail stop what reads them", function*() {
    const positive = Check.make("positive", {
      asset: source,
      blocking: true,
      check: (value) => Effect.succeed(value > 0)
    })
    const graph = Graph.make({ source, copy, later, ordered, beside, positive })
    yield* store(-1)
    const bad = yield* Runtime.run(graph)
    assert.deepStrictEqual(tagsOf(bad), {
      source: "NotSelected",
      copy: "UpstreamFailed",
      later: "UpstreamFailed",
      ordered: "UpstreamFailed",
      beside: "Materialized"
    })
    assert.deepStrictEqual([bad.status, checksOf(bad)], ["Failed", ["source:positive Failed"]])
    yield* store(1)
    const good = yield* Runtime.materialize(graph)
    assert.deepStrictEqual([good.outcomes.later._tag, checksOf(good)], ["Materialized", ["source:positive Passed"]])
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { checks: "only" })), ["source:positive Passed"])
  })

  test("are evaluated when something that reads them is selected", function*() {
    const there = Check.make("there", { asset: source, check: Effect.succeed(true) })
    const graph = Graph.make({ copy, later, beside, there })
    yield* store(1)
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { select: ["copy"] })), ["source:there Passed"])
    assert.deepStrictEqual(checksOf(yield* Runtime.run(graph, { select: ["later", "beside"] })), [])
  })

  test("with partitions judge those that are read", function*() {
    const days = Partitions.fixed(["mon", "tue", "wed"])
    const daily = Asset.external("daily", { schema: Schema.Number, partitions: days })
    const copied = Asset.make("copied", {
      partitions: days,
      inputs: { daily },
      compute: ({ daily }) => Effect.succeed(daily)
    })
    const judged: Array<unknown> = []
    const positive = Check.make("positive", {
      asset: daily,
      blocking: true,
      check: (value, { partitionKey }) => Effect.sync(() => (judged.push(partitionKey), value > 0))
    })
    for (const [partition, value] of [["mon", 1], ["tue", -2], ["wed", 3]] as const) {
      yield* IOManager.IOManager.use((io) =>
        io.save(value, { key: "daily", partition, schema: Schema.Number, metadata: {}, runId: undefined })
      )
    }
    const run = yield* Runtime.run(Graph.make({ daily, copied, positive }), { partitions: ["mon", "tue"] })
    assert.deepStrictEqual(judged.sort(), ["mon", "tue"])
    assert.deepStrictEqual(
      [...run.partitions.copied!].map(([key, outcome]) => [key, outcome._tag]),
      [["mon", "Materialized"], ["tue", "UpstreamFailed"]]
    )
  })
})

describe("checks of partitions", () => {
  const days = Partitions.fixed(["mon", "tue", "wed", "thu"])
  const values: Readonly<Record<string, number>> = { mon: 1, tue: -2, wed: 3, thu: -4 }
  const daily = Asset.make("daily", {
    partitions: days,
    compute: (_, { partitionKey }) =>
      Effect.succeed(
        Asset.output(values[partitionKey]!, { dataVersion: `v-${partitionKey}`, metadata: { day: partitionKey } })
      )
  })
  const doubled = Asset.make("doubled", {
    partitions: days,
    inputs: { daily },
    compute: ({ daily }) => Effect.succeed(daily * 2)
  })
  const total = Asset.make("total", {
    inputs: { days: Asset.partitions(daily) },
    compute: ({ days }) => Effect.succeed([...days.values()].reduce((a, b) => a + b, 0))
  })
  const partitionTags = (outcomes: ReadonlyMap<string, Runtime.Outcome> | undefined) =>
    Object.fromEntries([...outcomes!].map(([key, outcome]) => [key, outcome._tag]))

  test("stop what is downstream of the partition that failed, and nothing else", function*() {
    const positive = Check.make("positive", {
      asset: daily,
      blocking: true,
      check: (value, { partition }) => Effect.succeed(value === values[partition] && value > 0)
    })
    const run = yield* Runtime.run(Graph.make({ daily, doubled, total, positive }), { partitions: "all" })
    assert.deepStrictEqual(partitionTags(run.partitions.daily), {
      mon: "Materialized",
      tue: "Materialized",
      wed: "Materialized",
      thu: "Materialized"
    })
    assert.deepStrictEqual(partitionTags(run.partitions.doubled), {
      mon: "Materialized",
      tue: "UpstreamFailed",
      wed: "Materialized",
      thu: "UpstreamFailed"
    })
    assert.strictEqual(run.outcomes.total._tag, "UpstreamFailed")
    assert.strictEqual(run.status, "Failed")
    assert.deepStrictEqual(checksOf(run).sort(), [
      "daily:positive mon Passed",
      "daily:positive thu Failed",
      "daily:positive tue Failed",
      "daily:positive wed Passed"
    ])
    const evaluated = yield* evaluationsOf(run)
    assert.deepStrictEqual(
      evaluated.map(({ partition, status, target }) => [partition, status, target?.dataVersion]).sort(),
      [["mon", "Passed", "v-mon"], ["thu", "Failed", "v-thu"], ["tue", "Failed", "v-tue"], ["wed", "Passed", "v-wed"]]
    )
    const error = yield* Effect.flip(
      Runtime.materialize(Graph.make({ daily, doubled, total, positive }), { partition: "tue" })
    )
    assert.match(error.message, /The blocking check "positive" of "daily" \(partition tue\) failed/)
  })

  test("of the asset's own program do so, too", function*() {
    const own = Asset.make("daily", {
      partitions: days,
      checks: { positive: { blocking: true } },
      compute: (_, { partitionKey }) =>
        Effect.succeed(Asset.output(values[partitionKey]!, { checks: { positive: values[partitionKey]! > 0 } }))
    })
    const doubled = Asset.make("doubled", {
      partitions: days,
      inputs: { own },
      compute: ({ own }) => Effect.succeed(own * 2)
    })
    const run = yield* Runtime.run(Graph.make({ own, doubled }), { partitions: { from: "mon", to: "tue" } })
    assert.deepStrictEqual(checksOf(run).sort(), ["daily:positive mon Passed", "daily:positive tue Failed"])
    assert.deepStrictEqual(partitionTags(run.partitions.doubled), { mon: "Materialized", tue: "UpstreamFailed" })
  })

  test("judge the partitions that are asked for, also of earlier runs, and know their metadata", function*() {
    const seen = new Map<string, unknown>()
    const judged = Check.make("judged", {
      asset: daily,
      check: (_, { partitionKey, target }) =>
        Effect.sync(() => {
          seen.set(partitionKey, [target?.runId, target?.dataVersion, target?.metadata])
          return true
        })
    })
    const graph = Graph.make({ daily, judged })
    const first = yield* Runtime.materialize(graph, { partitions: "all", checks: "none" })
    const second = yield* Runtime.materialize(graph, { partition: "tue", checks: "none" })
    const run = yield* Runtime.run(graph, { partitions: ["mon", "tue", "wed"], checks: "only" })
    assert.deepStrictEqual(checksOf(run).sort(), [
      "daily:judged mon Passed",
      "daily:judged tue Passed",
      "daily:judged wed Passed"
    ])
    assert.deepStrictEqual(Object.fromEntries(seen), {
      mon: [first.id, "v-mon", { day: "mon" }],
      tue: [second.id, "v-tue", { day: "tue" }],
      wed: [first.id, "v-wed", { day: "wed" }]
    })
  })

  test("are not evaluated of a partition that was skipped", function*() {
    const some = Asset.make("some", {
      partitions: days,
      compute: (_, { partitionKey }) => Effect.succeed(partitionKey === "mon" ? Option.none() : Option.some(1))
    })
    const positive = Check.make("positive", { asset: some, blocking: true, check: (n) => Effect.succeed(n > 0) })
    const run = yield* Runtime.run(Graph.make({ some, positive }), { partitions: ["mon", "tue"] })
    assert.deepStrictEqual([checksOf(run), run.status], [["some:positive tue Passed"], "Succeeded"])
  })

  test("read the partition of another asset", function*() {
    const limits = Asset.make("limits", {
      partitions: days,
      compute: (_, { partitionKey }) => Effect.succeed(partitionKey === "mon" ? 0 : -3)
    })
    const above = Check.make("above", {
      asset: daily,
      inputs: { limits },
      check: (value, { inputs }) => Effect.succeed(value > inputs.limits)
    })
    const run = yield* Runtime.run(Graph.make({ daily, limits, above }), { partitions: "all" })
    assert.deepStrictEqual(checksOf(run).sort(), [
      "daily:above mon Passed",
      "daily:above thu Failed",
      "daily:above tue Passed",
      "daily:above wed Passed"
    ])
  })

  test("stop an asset that reads many of them", function*() {
    const many = Partitions.fixed(Array.from({ length: 30 }, (_, n) => `p${n}`))
    const parts = Asset.make("parts", {
      partitions: many,
      compute: (_, { partitionKey }) => Effect.succeed(partitionKey)
    })
    const all = Asset.make("all", {
      inputs: { parts: Asset.partitions(parts) },
      compute: ({ parts }) => Effect.succeed(parts.size)
    })
    const check = (bad: string) =>
      Check.make("judged", { asset: parts, blocking: true, check: (part) => Effect.succeed(part !== bad) })
    const bad = yield* Runtime.run(Graph.make({ parts, all, check: check("p17") }), { partitions: "all" })
    assert.strictEqual(Runtime.explain(bad.outcomes.all), "not computed: the blocking check parts:judged failed")
    const good = yield* Runtime.run(Graph.make({ parts, all, check: check("none") }), { partitions: "all" })
    assert.deepStrictEqual([good.outcomes.all._tag, good.checks.length], ["Materialized", 30])
  })
})

describe("what a check needs", () => {
  class Limits extends Context.Service<Limits, { readonly most: number }>()("test/Limits") {}

  test("is provided with the run", function*() {
    const within = Check.make("within", {
      asset: one,
      *check(one) {
        const { most } = yield* Limits
        return one <= most
      }
    })
    const run = (most: number) =>
      Effect.provide(Runtime.run(Graph.make({ one, within })), Layer.succeed(Limits, { most }))
    assert.deepStrictEqual(checksOf(yield* run(1)), ["one:within Passed"])
    assert.deepStrictEqual(checksOf(yield* run(0)), ["one:within Failed"])
  })

  test("is one partition of an input, or several by key", function*() {
    const parts = Asset.make("parts", { partitions: Partitions.fixed(["x", "y"]), compute: () => Effect.succeed(1) })
    const check = Check.make("reads", { asset: one, inputs: { parts }, check: () => Effect.succeed(true) })
    const graph = Graph.makeResult({ one, parts, check })
    assert.include(
      Result.isFailure(graph) ? graph.failure.message : "",
      `"one:reads": it reads several partitions of "parts": wrap the input in Asset.partitions(…)`
    )
    const all = Check.make("reads", {
      asset: one,
      inputs: { parts: Asset.partitions(parts) },
      check: (_, { inputs }) => Effect.succeed(inputs.parts.size === 2)
    })
    const run = yield* Runtime.run(Graph.make({ one, parts, all }), { partitions: "all" })
    assert.deepStrictEqual(checksOf(run), ["one:reads Passed"])
  })

  test("goes with a graph that is prefixed", function*() {
    const positive = Check.make("positive", { asset: one, blocking: true, check: (one) => Effect.succeed(one > 1) })
    const run = yield* Runtime.run(Graph.prefix(Graph.make({ one, two, positive }), "tenant"))
    assert.deepStrictEqual([checksOf(run), run.outcomes.two._tag], [["tenant/one:positive Failed"], "UpstreamFailed"])
  })
})
