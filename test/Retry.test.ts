import { assert, describe } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Option, Redacted, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, type IOManager, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { eventsOf, test } from "./fixtures/inMemory.ts"

const letters = Partitions.fixed(["a", "b", "c", "d"])

class Broken extends Schema.TaggedError<Broken>()("Broken", { by: Schema.String }) {}

/**
 * Programs that write down when they run, as `KEY` or `KEY:PARTITION`, and fail as often as `failures` says: without a number,
 * always.
 */
const makeJournal = (failures: { readonly [name: string]: number | undefined } = {}) => {
  const ran: Array<string> = []
  const left = new Map(Object.entries(failures).map(([name, count]) => [name, count ?? Infinity]))
  const step = ({ key, partitionKey }: Pick<Asset.ComputeContext, "key" | "partitionKey">) =>
    Effect.suspend(() => {
      const name = partitionKey === undefined ? key : `${key}:${partitionKey}`
      ran.push(name)
      const count = left.get(name) ?? 0
      if (count === 0) return Effect.succeed(name)
      left.set(name, count - 1)
      return Effect.fail(new Broken({ by: name }))
    })
  const asset = <
    const K extends string,
    P extends Partitions.Single | undefined,
    I extends { readonly [name: string]: Asset.AnyInput } = {}
  >(key: K, partitions: P, inputs?: I) =>
    Asset.make(key, { partitions, inputs, compute: (_, context) => step(context) })
  return { ran, step, asset, repair: () => left.clear() }
}

const statusesOf = (runs: ReadonlyArray<{ readonly status: string }>) => runs.map(({ status }) => status)

const runs = (filter: EventLog.RunFilter = {}) => EventLog.EventLog.use((log) => log.runs(filter))

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, outcome._tag]))

const listed = (run: Runtime.Run<Graph.Assets>) =>
  Runtime.outcomes(run).map((outcome) =>
    `${outcome.key}${
      "partition" in outcome && outcome.partition !== undefined ? `:${outcome.partition}` : ""
    } ${outcome._tag}`
  )

describe("a run that is retried", () => {
  test("tells that what is left is not in the graph any more", function*() {
    const { asset } = makeJournal({ b: undefined })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const failed = yield* Runtime.run(Graph.make({ a, b }))
    const refused = yield* Effect.flip(
      Runtime.retry(Graph.make({ a, renamed: asset("renamed", undefined) }), failed.id)
    )
    assert.include(refused.message, "what it did not compute is not in the graph any more: b")
  })

  test("computes nothing if it evaluated checks alone", function*() {
    const { asset, ran } = makeJournal()
    const a = asset("a", undefined)
    const check = Check.make("never", { asset: a, check: Effect.succeed(false) })
    const graph = Graph.make({ a, check })
    const failed = yield* Runtime.run(graph, { checks: "only" })
    assert.strictEqual(failed.checks[0]?.status, "Failed")
    const refused = yield* Effect.flip(Runtime.retry(graph, failed.id))
    assert.include(refused.message, "everything it was to compute was computed")
    assert.deepStrictEqual(ran, [])
  })

  test("keeps what succeeded, and computes what did not and what is downstream of that", function*() {
    const { asset, ran, repair } = makeJournal({ b: undefined })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const c = asset("c", undefined, { b })
    const d = asset("d", undefined, { a })
    const graph = Graph.make({ a, b, c, d })
    const failed = yield* Runtime.run(graph, { tags: { team: "x", day: "1" } })
    assert.deepStrictEqual(ran.splice(0).sort(), ["a", "b", "d"])
    repair()
    const run = yield* Runtime.retry(graph, failed.id, { tags: { day: "2" } })
    assert.deepStrictEqual(ran, ["b", "c"])
    assert.deepStrictEqual(tagsOf(run), { a: "NotSelected", b: "Materialized", c: "Materialized", d: "NotSelected" })
    const [recorded] = yield* runs({ retryOf: failed.id })
    assert.deepStrictEqual([recorded?.id, recorded?.status, recorded?.tags], [run.id, "Succeeded", {
      team: "x",
      day: "2"
    }])
    assert.deepStrictEqual(recorded?.keys, ["b", "c"])
  })

  test("keeps the partitions that succeeded", function*() {
    const { asset, ran, repair } = makeJournal({ "a:b": undefined, "b:d": undefined })
    const a = asset("a", letters)
    const b = asset("b", letters, { a })
    const total = asset("total", undefined, { b: Asset.partitions(b) })
    const graph = Graph.make({ a, b, total })
    const failed = yield* Runtime.run(graph, { partitions: ["a", "b", "d"] })
    ran.length = 0
    repair()
    const run = yield* Runtime.retry(graph, failed.id)
    assert.deepStrictEqual(ran, ["a:b", "b:d", "b:b", "total"])
    assert.strictEqual(run.status, "Succeeded")
    assert.deepStrictEqual([...run.partitions.b!.keys()], ["b", "d"])
  })

  test("tries again what was skipped", function*() {
    let has = false
    const a = Asset.make("a", { compute: () => Effect.sync(() => has ? Option.some(1) : Option.none()) })
    const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
    const c = Asset.make("c", { compute: () => has ? Effect.succeed(1) : Effect.fail("no") })
    const graph = Graph.make({ a, b, c })
    const failed = yield* Runtime.run(graph)
    has = true
    const run = yield* Runtime.retry(graph, failed.id)
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "Materialized", c: "Materialized" })
  })

  test("may be a retry itself", function*() {
    const { asset, ran } = makeJournal({ b: 1, c: 1 })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const c = asset("c", undefined, { b })
    const graph = Graph.make({ a, b, c })
    const first = yield* Runtime.run(graph)
    const second = yield* Runtime.retry(graph, first.id)
    const third = yield* Runtime.retry(graph, second.id)
    assert.deepStrictEqual(ran, ["a", "b", "b", "c", "c"])
    assert.deepStrictEqual((yield* runs()).map(({ retryOf }) => retryOf), [second.id, first.id, undefined])
    assert.strictEqual(third.status, "Succeeded")
  })

  test("computes an asset again of which a blocking check failed, and what it kept from running", function*() {
    let limit = 0
    const { asset, ran } = makeJournal()
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const other = asset("other", undefined)
    const small = Check.make("small", { asset: a, blocking: true, check: () => Effect.sync(() => limit > 0) })
    const warns = Check.make("warns", { asset: other, check: Effect.succeed(false) })
    const graph = Graph.make({ a, b, other, small, warns })
    const failed = yield* Runtime.run(graph)
    assert.deepStrictEqual([failed.status, ran.splice(0).sort()], ["Failed", ["a", "other"]])
    limit = 1
    const run = yield* Runtime.retry(graph, failed.id)
    assert.deepStrictEqual(ran, ["a", "b"])
    assert.strictEqual(run.status, "Succeeded")
  })

  test("computes those partitions again of which a blocking check failed", function*() {
    const { asset, ran } = makeJournal()
    const bad = new Set(["a:c"])
    const a = asset("a", letters)
    const b = asset("b", letters, { a })
    const good = Check.make("good", { asset: a, blocking: true, check: (value) => Effect.succeed(!bad.has(value)) })
    const graph = Graph.make({ a, b, good })
    const failed = yield* Runtime.run(graph, { partitions: "all" })
    ran.length = 0
    bad.clear()
    yield* Runtime.retry(graph, failed.id)
    assert.deepStrictEqual(ran, ["a:c", "b:c"])
  })

  test("evaluates a check again that could not be evaluated", function*() {
    let isDown = true
    const { asset, ran } = makeJournal()
    const a = asset("a", undefined)
    const check = Check.make("check", {
      asset: a,
      check: Effect.suspend(() => isDown ? Effect.fail("the service is down") : Effect.succeed(true))
    })
    const graph = Graph.make({ a, check })
    const failed = yield* Runtime.run(graph)
    assert.strictEqual(failed.status, "Failed")
    isDown = false
    const run = yield* Runtime.retry(graph, failed.id)
    assert.deepStrictEqual([run.status, run.checks.map(({ status }) => status)], ["Succeeded", ["Passed"]])
    assert.deepStrictEqual(ran, ["a", "a"])
  })

  test("computes a multi-asset whole, unless it can compute some of its outputs", function*() {
    for (const canSubset of [false, true]) {
      let isDown = true
      const asked: Array<string> = []
      const split = Asset.multi("split", {
        partitions: letters,
        outputs: { left: { schema: Schema.Number }, right: { schema: Schema.Number } },
        canSubset,
        compute: (_, { partition, selected }) =>
          Effect.sync(() => {
            asked.push([partition, ...selected].join())
            // a value that the schema refuses
            const right = isDown && partition === "b" ? "none" as unknown as number : 2
            return { left: 1, right }
          })
      })
      const graph = Graph.make(split.assets)
      const failed = yield* Runtime.run(graph, { partitions: ["a", "b"] })
      asked.length = 0
      isDown = false
      const run = yield* Runtime.retry(graph, failed.id)
      assert.deepStrictEqual([run.status, asked], ["Succeeded", [canSubset ? "b,right" : "b,left,right"]])
    }
  })

  test("of a graph that has changed computes what is still in it", function*() {
    const { asset, ran, repair } = makeJournal({ b: undefined, gone: undefined, "p:c": undefined, "p:d": undefined })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const gone = asset("gone", undefined)
    const outside = asset("outside", undefined, { gone })
    const p = asset("p", letters)
    const failed = yield* Runtime.run(Graph.make({ a, b, gone, outside, p }), { partitions: "all" })
    ran.length = 0
    repair()
    const added = asset("added", undefined, { b })
    const now = Graph.make({
      a,
      b,
      added,
      outside: Asset.external("outside"),
      // a key fewer
      p: asset("p", Partitions.fixed(["a", "b", "c"]))
    })
    const run = yield* Runtime.retry(now, failed.id)
    assert.deepStrictEqual(ran.sort(), ["b", "p:c"])
    assert.strictEqual(run.outcomes.added._tag, "NotSelected")
  })

  test("computes the whole of an asset that has no partitions any more", function*() {
    const { asset, ran, repair } = makeJournal({ "p:b": undefined })
    const failed = yield* Runtime.run(Graph.make({ p: asset("p", letters) }), { partitions: ["a", "b"] })
    ran.length = 0
    repair()
    yield* Runtime.retry(Graph.make({ p: asset("p", undefined) }), failed.id)
    assert.deepStrictEqual(ran, ["p"])
  })

  test("belongs to the backfill that the run belongs to", function*() {
    const { asset, repair } = makeJournal({ "a:b": undefined })
    const graph = Graph.make({ a: asset("a", letters) })
    const [, failed] = yield* Runtime.backfill(graph, { partitions: ["a", "b"], tags: { team: "x" } })
    repair()
    const run = yield* Runtime.retry(graph, failed!.id)
    const [newest, first] = yield* runs({ ids: [run.id, failed!.id] })
    assert.isDefined(first?.backfillId)
    assert.deepStrictEqual([newest?.backfillId, newest?.tags], [first?.backfillId, { team: "x" }])
  })
})

describe("a run that has no end", () => {
  /** A run whose process dies while it computes `b`. */
  const died = Effect.fnUntraced(function*<T extends Graph.Assets>(graph: Graph.Graph<T>) {
    const log = yield* EventLog.EventLog
    let isDead = false
    const dying: EventLog.Service = { ...log, append: (events) => isDead ? Effect.interrupt : log.append(events) }
    const fiber = yield* Effect.forkChild(
      // the storage is in the context of the tests
      Effect.provideService(Runtime.run(graph), EventLog.EventLog, dying) as Effect.Effect<
        unknown,
        unknown,
        IOManager.IOManager
      >
    )
    yield* TestClock.adjust("1 second")
    isDead = true
    yield* Fiber.interrupt(fiber)
    const [run] = yield* log.runs({})
    assert.deepStrictEqual(run?.status, "Running")
    return run!
  })

  const makeSlow = () => {
    const journal = makeJournal()
    const a = journal.asset("a", undefined)
    const b = Asset.make("b", {
      inputs: { a },
      compute: (_, context) => Effect.andThen(journal.step(context), Effect.delay(Effect.succeed(1), "1 minute"))
    })
    return { ...journal, graph: Graph.make({ a, b }) }
  }

  test("since its process has died is retried, and is recorded as cancelled then", function*() {
    const { graph, ran } = makeSlow()
    const dead = yield* died(graph)
    assert.deepStrictEqual(ran.splice(0), ["a", "b"])
    const fiber = yield* Effect.forkChild(Runtime.retry(graph, dead.id))
    yield* TestClock.adjust("2 minutes")
    const run = yield* Fiber.join(fiber)
    assert.deepStrictEqual([run.status, ran], ["Succeeded", ["b"]])
    const [known] = yield* runs({ ids: [dead.id] })
    assert.deepStrictEqual([known?.status, known?.cancelRequested], ["Cancelled", true])
  })

  test("since it goes on is stopped", function*() {
    const { graph } = makeSlow()
    const first = yield* Effect.forkChild(Runtime.run(graph))
    yield* TestClock.adjust("30 seconds")
    const [running] = yield* runs()
    const second = yield* Effect.forkChild(Runtime.retry(graph, running!.id))
    yield* TestClock.adjust("40 seconds")
    const stopped = yield* Fiber.join(first)
    assert.deepStrictEqual([stopped.status, stopped.outcomes.b._tag], ["Cancelled", "Cancelled"])
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* Fiber.join(second)).status, "Succeeded")
    assert.deepStrictEqual(statusesOf(yield* runs()), ["Succeeded", "Cancelled"])
  })
})

describe("a run that cannot be retried", () => {
  const { asset } = makeJournal()
  const graph = Graph.make({ a: asset("a", undefined) })

  test("is not there", function*() {
    const error = yield* Effect.flip(Runtime.retry(graph, "nothing"))
    assert.strictEqual(error.message, "The run nothing cannot be retried: there is no such run in the event log.")
  })

  test("has succeeded", function*() {
    const run = yield* Runtime.run(graph)
    const error = yield* Effect.flip(Runtime.retry(graph, run.id))
    assert.strictEqual(error.message, `The run ${run.id} cannot be retried: everything it was to compute was computed.`)
    assert.strictEqual((yield* runs()).length, 1)
  })
})

describe("a run with retries", () => {
  test("tries again as often as it may, and gives what all its runs brought about", function*() {
    const { asset, ran } = makeJournal({ b: 2 })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const c = asset("c", undefined, { b })
    const graph = Graph.make({ c, b, a })
    const run = yield* Runtime.run(graph, { retries: 2, tags: { team: "x" } })
    assert.deepStrictEqual(ran, ["a", "b", "b", "b", "c"])
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", b: "Materialized", c: "Materialized" })
    assert.deepStrictEqual(listed(run), ["a Materialized", "b Materialized", "c Materialized"])
    assert.deepStrictEqual(Object.keys(run), Object.keys(yield* Runtime.run(graph)))
    const recorded = (yield* runs()).slice(1).toReversed()
    assert.deepStrictEqual(statusesOf(recorded), ["Failed", "Failed", "Succeeded"])
    assert.deepStrictEqual(recorded.map(({ retryOf }) => retryOf), [undefined, recorded[0]!.id, recorded[1]!.id])
    assert.isTrue(recorded.every(({ tags }) => tags["team"] === "x"))
    assert.strictEqual(run.id, recorded[2]!.id)
  })

  test("has failed when none is left", function*() {
    const { asset, ran } = makeJournal({ b: undefined })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const c = asset("c", undefined, { b })
    const run = yield* Runtime.run(Graph.make({ a, b, c }), { retries: 1 })
    assert.deepStrictEqual(ran, ["a", "b", "b"])
    assert.deepStrictEqual([run.status, listed(run)], ["Failed", ["a Materialized", "b Failed", "c UpstreamFailed"]])
  })

  test("does not try again what succeeded, was cancelled, or is not to be tried", function*() {
    const { asset, ran } = makeJournal({ bad: undefined })
    yield* Runtime.run(Graph.make({ a: asset("a", undefined) }), { retries: 3 })
    yield* Runtime.run(Graph.make({ bad: asset("bad", undefined) }), { retries: 0 })
    assert.deepStrictEqual(ran, ["a", "bad"])
    const never = Graph.make({ never: Asset.make("never", Effect.never) })
    const fiber = yield* Effect.forkChild(Runtime.run(never, { retries: 3 }))
    yield* TestClock.adjust("1 second")
    const [running] = yield* runs()
    yield* Runtime.cancel(running!.id)
    assert.strictEqual((yield* Fiber.join(fiber)).status, "Cancelled")
    assert.strictEqual((yield* runs()).length, 3)
  })

  test("puts partitions together: of all of them, what has to be known most", function*() {
    const { asset } = makeJournal({ "a:b": 1 })
    const a = asset("a", letters)
    const rest = Asset.make("rest", {
      partitions: letters,
      inputs: { a },
      compute: (_, { partition }) => Effect.succeed(partition === "b" ? Option.none() : Option.some(1))
    })
    const run = yield* Runtime.run(Graph.make({ a, rest }), { partitions: ["a", "b"], retries: 1 })
    assert.deepStrictEqual(tagsOf(run), { a: "Materialized", rest: "Materialized" })
    assert.deepStrictEqual(listed(run), [
      "a:a Materialized",
      "a:b Materialized",
      "rest:a Materialized",
      "rest:b Skipped"
    ])
    assert.deepStrictEqual(
      Object.entries(run.partitions).map(([name, of]) => [name, ...of!.keys()]),
      [["a", "a", "b"], ["rest", "a", "b"]]
    )
  })

  test("has the newest evaluation of each check", function*() {
    let count = 0
    const { asset } = makeJournal()
    const a = asset("a", undefined)
    const b = asset("b", undefined)
    const often = Check.make("often", { asset: a, blocking: true, check: Effect.sync(() => ++count > 1) })
    const once = Check.make("once", { asset: b, check: Effect.succeed(true) })
    const run = yield* Runtime.materialize(Graph.make({ a, b, often, once }), { retries: 1 })
    assert.deepStrictEqual(run.checks.map(({ check, status }) => `${check} ${status}`), ["once Passed", "often Passed"])
  })

  test("materializes, or fails with the error of the last try", function*() {
    const { asset } = makeJournal({ a: 1, bad: undefined })
    const a = asset("a", undefined)
    const run = yield* Runtime.materialize(Graph.make({ a }), { retries: 1 })
    assert.strictEqual(run.status, "Succeeded")
    const exit = yield* Effect.exit(Runtime.materialize(Graph.make({ bad: asset("bad", undefined) }), { retries: 2 }))
    assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof Broken)
    assert.strictEqual((yield* runs()).length, 5)
  })

  test("is told of run by run, in a stream, too; the last element holds all outcomes", function*() {
    const { asset } = makeJournal({ b: 1 })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const told = yield* Stream.runCollect(Runtime.stream(Graph.make({ a, b }), { retries: 1 }))
    assert.deepStrictEqual(
      told.filter(({ _tag }) => _tag === "RunStarted" || _tag === "RunFinished").map((event) =>
        event._tag === "RunFinished" ? listed(event.run).join() : event._tag
      ),
      ["RunStarted", "a Materialized,b Failed", "RunStarted", "a Materialized,b Materialized"]
    )
    assert.strictEqual(told.at(-1)?._tag, "RunFinished")
  })

  test("may be one that is retried", function*() {
    const { asset, ran } = makeJournal({ b: 3 })
    const a = asset("a", undefined)
    const b = asset("b", undefined, { a })
    const graph = Graph.make({ a, b })
    const failed = yield* Runtime.run(graph)
    const run = yield* Runtime.retry(graph, failed.id, { retries: 2, tags: { by: "hand" } })
    assert.deepStrictEqual(ran, ["a", "b", "b", "b", "b"])
    assert.strictEqual(run.status, "Succeeded")
    const all = (yield* runs()).toReversed()
    assert.deepStrictEqual(all.map(({ retryOf }) => retryOf), [undefined, all[0]!.id, all[1]!.id, all[2]!.id])
    assert.deepStrictEqual(all.map(({ tags }) => tags["by"]), [undefined, "hand", "hand", "hand"])
  })

  test("leaves one start and one end of each of its runs in the log", function*() {
    const { asset } = makeJournal({ a: 2 })
    yield* Runtime.run(Graph.make({ a: asset("a", undefined) }), { retries: 2 })
    assert.deepStrictEqual((yield* eventsOf()).map(({ _tag }) => _tag), [
      "RunStarted",
      "AssetFailed",
      "RunFinished",
      "RunStarted",
      "AssetFailed",
      "RunFinished",
      "RunStarted",
      "AssetMaterialized",
      "RunFinished"
    ])
  })
})

describe("the configuration of a run", () => {
  /** Assets that say what they were given, and fail until they are repaired. */
  const makeConfigured = () => {
    let isDown = true
    const seen: Array<unknown> = []
    const program = (config: unknown) =>
      Effect.suspend(() => {
        seen.push(config)
        return isDown ? Effect.fail("down") : Effect.succeed(1)
      })
    const rain = Asset.make("shop/rain", {
      config: Schema.Struct({ limit: Schema.Number, since: Schema.optional(Schema.DateTimeUtcFromString) }),
      compute: (_, { config }) => program(config.limit)
    })
    const secret = Asset.make("secret", {
      config: Schema.Struct({ login: Schema.Struct({ token: Schema.RedactedFromValue(Schema.String) }) }),
      compute: (_, { config }) => program(Redacted.value(config.login.token))
    })
    const fine = Asset.make("fine", {
      config: Schema.Struct({ token: Schema.RedactedFromValue(Schema.String) }),
      compute: () => Effect.succeed(1)
    })
    return { rain, secret, fine, seen, repair: () => void (isDown = false) }
  }
  const environment = (env: Record<string, string>) =>
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

  test("is recorded in encoded form, for what it was given to and is planned", function*() {
    const { rain, secret } = makeConfigured()
    const graph = Graph.make({ rain, secret })
    const config = { "shop/rain": { limit: NaN, since: "2024-01-01T00:00:00Z" }, secret: { login: { token: "x1y2" } } }
    yield* Runtime.run(graph, { config })
    yield* Runtime.run(graph, { config, select: ["shop/rain"] })
    const [second, first] = yield* runs()
    const written = { "shop/rain": { limit: "NaN", since: "2024-01-01T00:00:00.000Z" } }
    assert.deepStrictEqual([first?.config, first?.configHidden], [written, ["secret"]])
    assert.deepStrictEqual([second?.config, second?.configHidden], [written, undefined])
    const [started] = yield* eventsOf({ tags: ["RunStarted"] })
    assert.deepInclude(started, { config: written, configHidden: ["secret"] })
    assert.notInclude(JSON.stringify(yield* eventsOf()), "x1y2")
  })

  test("is not recorded where it comes from the ConfigProvider, or is not given", function*() {
    const { rain, repair } = makeConfigured()
    repair()
    const graph = Graph.make({ rain })
    yield* environment({ shop_rain_limit: "2" })(Runtime.run(graph))
    yield* environment({ shop_rain_limit: "2" })(Runtime.run(graph, { config: {} }))
    for (const event of yield* eventsOf({ tags: ["RunStarted"] })) assert.notProperty(event, "config")
  })

  test("is that of the run that is retried, unless another one is given", function*() {
    const { rain, repair, seen } = makeConfigured()
    const graph = Graph.make({ rain })
    const first = yield* Runtime.run(graph, { config: { "shop/rain": { limit: NaN } }, retries: 1 })
    assert.deepStrictEqual(seen.splice(0), [NaN, NaN])
    const second = yield* Runtime.retry(graph, first.id)
    assert.deepStrictEqual(seen.splice(0), [NaN])
    repair()
    const third = yield* Runtime.retry(graph, second.id, { config: { "shop/rain": { limit: 5 } } })
    assert.deepStrictEqual([seen, third.status], [[5], "Succeeded"])
    const recorded = (yield* runs()).map(({ config }) => config?.["shop/rain"])
    assert.deepStrictEqual(recorded, [{ limit: 5 }, { limit: "NaN" }, { limit: "NaN" }, { limit: "NaN" }])
  })

  test("that is a secret has to be given again to what runs again, and to nothing else", function*() {
    const { fine, repair, secret, seen } = makeConfigured()
    const graph = Graph.make({ fine, secret })
    const config = { secret: { login: { token: "one" } }, fine: { token: "two" } }
    const failed = yield* Runtime.run(graph, { config })
    assert.deepStrictEqual(tagsOf(failed), { fine: "Materialized", secret: "Failed" })
    const refused = yield* Effect.flip(Runtime.retry(graph, failed.id))
    assert.strictEqual(refused._tag, "RunNotPossibleError")
    assert.match(refused.message, /configuration of "secret" is not recorded, since it has a secret.*give it again/)
    repair()
    const run = yield* Runtime.retry(graph, failed.id, { config: { secret: config.secret } })
    assert.deepStrictEqual([seen, run.status], [["one", "one"], "Succeeded"])
  })

  test("is not recorded where there is a secret anywhere in its schema", function*() {
    const secret = Schema.RedactedFromValue(Schema.String)
    class Login extends Schema.Class<Login>("Login")({ token: secret }) {}
    interface Tree {
      readonly token: Redacted.Redacted
      readonly left?: Tree | undefined
    }
    interface EncodedTree {
      readonly token: string
      readonly left?: EncodedTree | undefined
    }
    const Tree: Schema.Codec<Tree, EncodedTree> = Schema.Struct({
      token: secret,
      left: Schema.optional(Schema.suspend((): Schema.Codec<Tree, EncodedTree> => Tree))
    })
    const record = <C extends Schema.Codec<unknown, unknown>>(schema: C, config: C["Encoded"]) =>
      Effect.gen(function*() {
        const asset = Asset.make("a", { config: schema, compute: () => Effect.void })
        const graph: Graph.Graph<Graph.Assets> = Graph.make({ asset }) as never // the schema is any schema
        const { id } = yield* Runtime.run(graph, { config: { a: config } as never }) as Effect.Effect<
          Runtime.Run<Graph.Assets>,
          Runtime.RunError,
          EventLog.EventLog
        >
        const [run] = yield* runs({ ids: [id] })
        return [run?.config, run?.configHidden]
      })
    const hidden = [undefined, ["a"]]
    assert.deepStrictEqual(yield* record(Schema.Array(secret), ["x1y2"]), hidden)
    assert.deepStrictEqual(yield* record(Schema.Record(Schema.String, secret), { x: "x1y2" }), hidden)
    assert.deepStrictEqual(yield* record(Schema.Union([Schema.Number, Schema.NullOr(secret)]), "x1y2"), hidden)
    assert.deepStrictEqual(yield* record(Schema.Tuple([Schema.Number, secret]), [1, "x1y2"]), hidden)
    assert.deepStrictEqual(yield* record(Login, { token: "x1y2" }), hidden)
    assert.deepStrictEqual(yield* record(Tree, { token: "x1y2" }), hidden)
    assert.deepStrictEqual(
      yield* record(Schema.RedactedFromValue(Schema.String, { disallowEncode: true }), "x1y2"),
      hidden
    )
    assert.deepStrictEqual(yield* record(Schema.Array(Schema.String), ["open"]), [{ a: ["open"] }, undefined])
    assert.notInclude(JSON.stringify(yield* eventsOf()), "x1y2")
  })

  test("that its asset no longer takes is refused with a way out", function*() {
    const { rain } = makeConfigured()
    const failed = yield* Runtime.run(Graph.make({ rain }), { config: { "shop/rain": { limit: 2 } } })
    const changed = Graph.make({
      rain: Asset.make("shop/rain", { config: Schema.Struct({ unit: Schema.String }), compute: () => Effect.void })
    })
    const refused = yield* Effect.flip(Runtime.retry(changed, failed.id))
    assert.match(refused.message, /"shop\/rain": .*unit.*what the earlier run was given: give another one/)
    const run = yield* Runtime.retry(changed, failed.id, { config: { "shop/rain": { unit: "mm" } } })
    assert.strictEqual(run.status, "Succeeded")
  })

  test("is that of a backfill that is resumed", function*() {
    let isDown = true
    const seen: Array<number> = []
    const days = Asset.make("days", {
      partitions: letters,
      config: Schema.Struct({ limit: Schema.Number }),
      compute: (_, { config }) =>
        Effect.suspend(() => {
          seen.push(config.limit)
          return isDown ? Effect.fail("down") : Effect.succeed(1)
        })
    })
    const key = Asset.make("key", {
      config: Schema.Struct({ token: Schema.Redacted(Schema.String) }),
      compute: () => Effect.suspend(() => isDown ? Effect.fail("down") : Effect.succeed(1))
    })
    const graph = Graph.make({ days, key })
    yield* Runtime.backfill(graph, {
      partitions: ["a", "b"],
      config: { days: { limit: 7 }, key: { token: Redacted.make("x1y2") } }
    })
    assert.notInclude(JSON.stringify(yield* eventsOf()), "x1y2")
    const [{ backfillId } = { backfillId: undefined }] = yield* runs()
    assert.isDefined(backfillId)
    const refused = yield* Effect.flip(Runtime.backfill(graph, { resume: backfillId! }))
    assert.match(refused.message, /configuration of "key" is not recorded/)
    const again = { resume: backfillId!, config: { key: { token: Redacted.make("x") } } }
    yield* Runtime.backfill(graph, again)
    isDown = false
    yield* Runtime.backfill(graph, again)
    assert.deepStrictEqual(seen, [7, 7, 7, 7, 7, 7])
  })
})

describe("the beginning of a run", () => {
  test("is told before all else, with its id", function*() {
    const { asset } = makeJournal()
    const told: Array<Runtime.Progress> = []
    const onProgress = (progress: Runtime.Progress) => Effect.sync(() => void told.push(progress))
    const graph = Graph.make({ a: asset("a", undefined), b: asset("b", undefined) })
    const run = yield* Runtime.run(graph, { onProgress, concurrency: 1 })
    assert.deepStrictEqual(told[0], { _tag: "RunStarted", runId: run.id, keys: ["a", "b"] })
    assert.strictEqual(told.filter(({ _tag }) => _tag === "RunStarted").length, 1)
  })

  test("is not told of a run that cannot begin", function*() {
    const told: Array<string> = []
    const onProgress = ({ _tag }: Runtime.Progress) => Effect.sync(() => void told.push(_tag))
    const a = Asset.make("a", { config: Schema.Struct({ limit: Schema.Number }), compute: () => Effect.void })
    const b = Asset.make("b", { partitions: letters, compute: () => Effect.void })
    const graph = Graph.make({ a, b })
    const failures = [
      yield* Effect.flip(Runtime.run(graph, { onProgress, select: "nothing" })),
      yield* Effect.flip(Runtime.run(graph, { onProgress, select: ["a"] })),
      yield* Effect.flip(Runtime.run(graph, { onProgress, select: ["b"] })),
      yield* Effect.flip(Runtime.run(graph, { onProgress, select: ["b"], partition: "z" }))
    ]
    assert.deepStrictEqual(failures.map(({ _tag }) => _tag), [
      "UnknownAssetError",
      "RunConfigError",
      "RunPartitionsError",
      "RunPartitionsError"
    ])
    assert.deepStrictEqual([told, yield* eventsOf()], [[], []])
  })
})
