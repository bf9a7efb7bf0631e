import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, type Schema } from "effect"
import {
  Asset,
  AutomationStore,
  Catalog,
  Check,
  Condition,
  Daemon,
  Definitions,
  EventLog,
  Freshness,
  Graph,
  IOManager,
  Job,
  Partitions,
  Runtime
} from "effect-assets"
import { SqliteClient } from "effect-assets/node"
import { evaluateConditions, replayConditions, ReplayError, simulate, type Simulated } from "effect-assets/testing"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { storedExplanation } from "../../src/internal/conditionStored.ts"
import { inMemory } from "../fixtures/inMemory.ts"

const minute = 60_000
const hour = 60 * minute
const from = Date.parse("2024-03-01T21:20:30Z")

const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Assets, checks and a job with conditions of all kinds, whose programs take some time and fail now and then. */
const world = (seed: number) => {
  const random = randomOf(seed)
  const compute = () =>
    Effect.suspend(() =>
      random() < 0.1 ? Effect.fail("bad luck") : Effect.sleep(Math.floor(random() * 4) * 40_000 + random())
    )
  const days = Partitions.daily({ start: "2024-02-27" })
  const hours = Partitions.hourly({ start: "2024-03-01T18:00" })
  const source = Asset.external("source", {
    observe: Effect.sync(() => `v${Math.floor(random() * 3)}`),
    automation: Condition.cronTickPassed("*/20 * * * *")
  })
  const a = Asset.make("a", { compute, codeVersion: "1" })
  const b = Asset.make("b", { compute, freshness: Freshness.window({ fail: "40 minutes", warn: "20 minutes" }) })
  const c = Asset.make("c", { deps: [a, b], compute, automation: Condition.eager() })
  const d = Asset.make("d", { deps: [c], compute, automation: Condition.eager() })
  const late = Asset.make("late", { deps: [a, c], compute, automation: Condition.onCron("0 * * * *") })
  const seen = Asset.make("seen", { deps: [source], compute, automation: Condition.eager() })
  const old = Asset.make("old", {
    deps: [a],
    codeVersion: "1",
    compute,
    automation: Condition.and(Condition.stale, Condition.not(Condition.inProgress))
  })
  const other = Asset.make("other", {
    deps: [a, source],
    compute,
    automation: Condition.sinceLastHandled(Condition.anyDepsMatch(Condition.dataVersionChanged))
  })
  const again = Asset.make("again", {
    deps: [d],
    compute,
    automation: Condition.and(
      Condition.executionFailed,
      Condition.or(Condition.cronTickPassed("@hourly"), Condition.anyDepsMatch(Condition.newlyRequested))
    )
  })
  const fresh = Asset.make("fresh", {
    deps: [b],
    compute,
    automation: Condition.newlyTrue(Condition.assetMatches("b", Condition.freshness("Overdue")))
  })
  const tagged = Asset.make("tagged", {
    deps: [a, b],
    compute,
    automation: Condition.sinceLastHandled(
      Condition.anyDepsMatch(Condition.and(Condition.newlyUpdated, Condition.executedWithTags({ keys: ["user"] })))
    )
  })
  const wanted = Asset.make("wanted", { compute, automation: Condition.anyDownstreamConditions })
  const wants = Asset.make("wants", {
    deps: [wanted],
    compute,
    automation: Condition.and(Condition.cronTickPassed("*/30 * * * *"), Condition.not(Condition.inProgress))
  })
  const both = Asset.multi("both", {
    outputs: { one: { automation: Condition.onCron("10 * * * *") }, two: {} },
    deps: [a],
    compute: () => Effect.as(compute(), { one: undefined, two: undefined })
  })
  const { one, two } = both.assets
  const after = Asset.make("after", {
    deps: [two],
    compute,
    automation: Condition.sinceLastHandled(Condition.anyDepsMatch(Condition.newlyRequested))
  })
  const hourly = Asset.make("hourly", { partitions: hours, compute, automation: Condition.onMissing() })
  const copied = Asset.make("copied", {
    partitions: hours,
    deps: [hourly],
    compute,
    automation: Condition.without(Condition.eager(), Condition.inLatestTimeWindow())
  })
  const daily = Asset.make("daily", {
    partitions: days,
    deps: [Asset.partitions(hourly, { mapping: undefined })],
    compute,
    automation: Condition.eager()
  })
  const filled = Asset.make("filled", { partitions: days, compute })
  const total = Asset.make("total", { deps: [Asset.partitions(filled)], compute, automation: Condition.eager() })
  const judged = Check.make("judged", {
    asset: a,
    automation: Condition.and(Condition.cronTickPassed("*/15 * * * *"), Condition.not(Condition.missing)),
    check: () => Effect.sync(() => random() < 0.6)
  })
  const plain = Check.make("plain", { asset: c, blocking: true, check: () => Effect.sync(() => random() < 0.8) })
  const followed = Check.make("followed", {
    asset: d,
    automation: Condition.anyDepsMatch(Condition.newlyUpdated),
    check: () => Effect.sync(() => random() < 0.8)
  })
  const alarmed = Asset.make("alarmed", {
    deps: [a, c],
    compute,
    automation: Condition.newlyTrue(
      Condition.anyDepsMatch(Condition.anyChecksMatch(Condition.and(Condition.checkFailed, Condition.newlyUpdated)))
    )
  })
  const graph = Graph.make({
    source,
    a,
    b,
    c,
    d,
    late,
    seen,
    old,
    other,
    again,
    fresh,
    tagged,
    wanted,
    wants,
    one,
    two,
    after,
    hourly,
    copied,
    daily,
    filled,
    total,
    judged,
    plain,
    followed,
    alarmed
  })
  const jobs = [
    Job.make("night", { select: ["a", "c"], automation: Condition.cronTickPassed("0 0 * * *") }),
    Job.make("roots", {
      select: ["b", "fresh"],
      automation: Condition.newlyTrue(Condition.anyJobRootsMatch(Condition.executionFailed))
    })
  ]
  const roots = ["a", "b", "a", "b", "c", "two"] as const
  const happenings = Array.from({ length: 30 }, () => {
    const what = random()
    const keys = roots.filter(() => random() < 0.3)
    return {
      // half of them at the full minute
      at: from + Math.floor(random() * 6 * 60) * minute + (random() < 0.5 ? 30_000 : Math.floor(random() * minute)),
      effect: what < 0.6
        ? Runtime.run(graph, { select: keys, ...(random() < 0.5 && { tags: { user: "me" } }) })
        : what < 0.75
        ? Catalog.observe("source", { dataVersion: `v${Math.floor(random() * 3)}` })
        : what < 0.9
        ? Runtime.backfill(graph, { select: "filled", partitions: "all", partitionsPerRun: 2 })
        : Runtime.run(graph, { select: ["hourly"], partitions: ["2024-03-01-18:00", "2024-03-01-19:00"] })
    }
  })
  return { graph, jobs, happenings }
}

/** Replays on what there is in a log and a store. */
const on =
  ({ log, store }: Pick<Simulated, "log" | "store">) =>
  <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof inMemory>>) =>
    effect.pipe(
      Effect.provideService(EventLog.EventLog, log),
      Effect.provideService(AutomationStore.AutomationStore, store),
      Effect.provide(inMemory)
    )

/** A log and a store that are there already. */
const kept = (log: EventLog.Service, store: AutomationStore.Service) =>
  Layer.merge(
    inMemory,
    Layer.succeedContext(
      Context.make(EventLog.EventLog, log).pipe(Context.add(AutomationStore.AutomationStore, store))
    )
  )

/** The numbers of the evaluations that are recorded, the oldest first. */
const numbersOf = (store: AutomationStore.Service) =>
  Effect.map(
    store.evaluations({ limit: 1e6 }),
    (rows) => [...new Set(rows.map(({ evaluation }) => evaluation))].toReversed()
  )

describe("replayConditions", () => {
  // in 23 and 31 runs are over at the very moment of an evaluation
  for (const seed of [10, 23, 31]) {
    it.live(
      `an evaluation that was recorded comes to the same again, whatever happened (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const { graph, happenings, jobs } = world(seed)
          const definitions = Definitions.make({ graph, jobs, layer: inMemory, queue: { maxRuns: 1 } })
          const { log, queue, store } = yield* simulate(definitions, { from, to: from + 6 * hour, happenings })
          const numbers = yield* numbersOf(store)
          let requested = 0
          for (const evaluation of numbers) {
            const { recorded, replayed } = yield* on({ log, store })(replayConditions({ graph, jobs }, { evaluation }))
            assert.deepStrictEqual(replayed.explanations, recorded, `evaluation ${evaluation}`)
            requested += replayed.requests.length
          }
          assert.isAbove(numbers.length, 100)
          assert.isAbove(requested, 50)
          assert.isAbove(queue.length, 50)
        }),
      60_000
    )
  }
  const orders = Asset.make("orders", Effect.succeed([1]))
  const rates = Asset.make("rates", Effect.succeed(2))
  const graphOf = (automation: Condition.Condition) =>
    Graph.make({
      orders,
      rates,
      revenue: Asset.make("revenue", { deps: [orders, rates], automation, compute: () => Effect.void })
    })
  const graph = graphOf(Condition.eager())
  const numberOf = (store: AutomationStore.Service, key: string) =>
    Effect.map(store.evaluations({ key, limit: 1 }), ([newest]) => newest!.evaluation)
  /** There are new orders, and no rates. */
  const waits = simulate(Definitions.make({ graph, layer: inMemory }), {
    from,
    to: from + hour,
    happenings: [{ at: from + minute, effect: Runtime.run(graph, { select: ["orders"] }) }]
  })

  it.live("another condition goes on from what its parts remembered, and comes to something else", () =>
    Effect.gen(function*() {
      const simulated = yield* waits
      const evaluation = yield* numberOf(simulated.store, "revenue")
      const keysOf = (graph: Graph.Any) =>
        Effect.map(
          on(simulated)(replayConditions({ graph }, { evaluation })),
          ({ replayed }) => replayed.requests.map(({ key }) => key)
        )
      const patient = Condition.eager()
      const impatient = Condition.without(patient, Condition.not(Condition.anyDepsMissing))
      assert.deepStrictEqual(yield* keysOf(graph), [])
      assert.deepStrictEqual(yield* keysOf(graphOf(impatient)), ["revenue"])
      assert.deepStrictEqual(yield* keysOf(graphOf(Condition.ignore(impatient, ["orders"]))), [])
      // what it is asked about is not there any more
      assert.deepStrictEqual(yield* keysOf(Graph.make({ orders, rates })), [])
    }))

  it.live("of what is recorded, all is told: the time, and what was decided", () =>
    Effect.gen(function*() {
      const simulated = yield* waits
      const evaluation = yield* numberOf(simulated.store, "revenue")
      const replay = yield* on(simulated)(replayConditions({ graph }, { evaluation }))
      assert.strictEqual(replay.evaluation, evaluation)
      assert.deepStrictEqual(replay.recorded.map(({ id, requested }) => [id, requested]), [["revenue", 0]])
      assert.isTrue(replay.at > from + minute && replay.at < from + 2 * minute)
      assert.isTrue(replay.recorded.every(({ at }) => at === replay.at))
      assert.deepStrictEqual(replay.replayed.explanations, replay.recorded)
      // nothing was written
      const rows = yield* simulated.store.evaluations({ evaluation })
      assert.deepStrictEqual(rows.length, 1)
    }))

  it.live("what happened later counts for nothing, be it in the log or in the queue", () =>
    Effect.gen(function*() {
      const { log, store } = yield* waits
      const evaluation = yield* numberOf(store, "revenue")
      const before = yield* on({ log, store })(replayConditions({ graph }, { evaluation }))
      yield* on({ log, store })(Effect.asVoid(Runtime.run(graph)))
      yield* store.enqueue([{ keys: ["rates"] }])
      assert.deepStrictEqual(yield* on({ log, store })(replayConditions({ graph }, { evaluation })), before)
    }))

  it.live("data of an external asset that was known before is no news", () =>
    Effect.gen(function*() {
      const source = Asset.external("source")
      const a = Asset.make("a", Effect.succeed(1))
      const b = Asset.make("b", { deps: [source, a], compute: () => Effect.void, automation: Condition.eager() })
      const graph = Graph.make({ source, a, b })
      const simulated = yield* simulate(Definitions.make({ graph, layer: inMemory }), {
        from,
        to: from + hour,
        happenings: [
          { at: from + minute, effect: Catalog.observe("source", { dataVersion: "1" }) },
          { at: from + 20 * minute, effect: Catalog.observe("source", { dataVersion: "1" }) },
          { at: from + 20 * minute, effect: Runtime.run(graph, { select: ["a"] }) }
        ]
      })
      for (const evaluation of yield* numbersOf(simulated.store)) {
        const { recorded, replayed } = yield* on(simulated)(replayConditions({ graph }, { evaluation }))
        assert.deepStrictEqual(replayed.explanations, recorded)
      }
    }))

  it.live("an evaluation of which nothing is recorded, or not what it was given, is told", () =>
    Effect.gen(function*() {
      const { log, store } = yield* waits
      const replay = (evaluation: number) =>
        Effect.flip(on({ log, store })(replayConditions({ graph }, { evaluation })))
      for (const evaluation of [1_000, -1, 0.5, NaN]) {
        const error = yield* replay(evaluation)
        assert.instanceOf(error, ReplayError)
        assert.deepInclude(error, { _tag: "ReplayError", evaluation, reason: "NotRecorded" })
      }
      const [row] = yield* store.evaluations({ key: "revenue", limit: 1 })
      const { before: _, ...explanation } = row!.explanation as { readonly [name: string]: Schema.Json }
      for (const [evaluation, older] of [[2_000, explanation], [2_001, "unreadable"]] as const) {
        yield* store.commitTick({
          automation: Daemon.conditions,
          evaluations: [{ key: "revenue", evaluation, timestamp: 0, requested: 0, explanation: older }]
        })
        const error = yield* replay(evaluation)
        assert.deepInclude(error, { _tag: "ReplayError", evaluation, reason: "NotReplayable" })
        assert.include(error.message, "by another version of effect-assets")
      }
    }))

  it.live("where evaluations are counted anew, it is the last one of that number", () =>
    Effect.gen(function*() {
      const { log, store } = yield* waits
      const first = yield* on({ log, store })(replayConditions({ graph }, { evaluation: 0 }))
      yield* store.commitTick({ automation: Daemon.conditions, conditionCursor: null })
      yield* simulate(Definitions.make({ graph, layer: kept(log, store) }), {
        from: from + 2 * hour,
        to: from + 3 * hour,
        happenings: [{ at: from + 2 * hour + minute, effect: Runtime.run(graph, { select: ["rates"] }) }]
      })
      const again = yield* on({ log, store })(replayConditions({ graph }, { evaluation: 0 }))
      assert.deepStrictEqual([first.at < from + hour, again.at >= from + 2 * hour], [true, true])
      assert.deepStrictEqual(again.replayed.explanations, again.recorded)
      const second = yield* on({ log, store })(replayConditions({ graph }, { evaluation: 1 }))
      assert.isAbove(second.at, again.at)
      assert.deepStrictEqual(second.replayed.explanations, second.recorded)
    }))

  const followsOf = (automation: Condition.Condition) => {
    const orders = Asset.make("orders", { compute: () => Effect.succeed([1]), automation })
    const next = Asset.make("next", {
      deps: [orders],
      compute: () => Effect.void,
      automation: Condition.anyDepsMatch(Condition.or(Condition.newlyRequested, Condition.newlyUpdated))
    })
    return Graph.make({ orders, next })
  }
  const follows = followsOf(Condition.cronTickPassed("@hourly"))

  it.effect("what had another condition before is evaluated for the first time again, and was requested all the same", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.EventLog
      const store = yield* AutomationStore.AutomationStore
      yield* TestClock.setTime(from)
      const first = yield* evaluateConditions({ graph: follows })
      yield* TestClock.setTime(from + hour)
      // a daemon that ended before it evaluated once more
      const { cursor, explanations, requests } = yield* evaluateConditions({ graph: follows }, first)
      assert.deepStrictEqual(requests.map(({ key }) => key), ["orders"])
      yield* store.commitTick({
        automation: Daemon.conditions,
        conditionCursor: cursor as Schema.Json,
        evaluations: explanations.map((explanation) => ({
          key: explanation.id,
          evaluation: explanation.evaluation,
          timestamp: explanation.at,
          requested: explanation.requested,
          explanation: storedExplanation(explanation)
        }))
      })
      const graph = followsOf(Condition.and(Condition.newlyRequested, Condition.missing))
      yield* simulate(Definitions.make({ graph, layer: kept(log, store) }), { from: from + hour, to: from + 2 * hour })
      const { recorded, replayed } = yield* replayConditions({ graph }, { evaluation: cursor.evaluation + 1 })
      assert.deepStrictEqual(recorded.map(({ id, requested }) => [id, requested]), [["orders", 0], ["next", 1]])
      assert.deepStrictEqual(replayed.explanations, recorded)
    }).pipe(Effect.provide(inMemory)))

  it.effect("what was requested under the same number, before they were counted anew, does not count", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.EventLog
      const store = yield* AutomationStore.AutomationStore
      yield* TestClock.setTime(from)
      const { cursor } = yield* evaluateConditions({ graph: follows })
      yield* TestClock.setTime(from + hour)
      const { explanations } = yield* evaluateConditions({ graph: follows }, { cursor })
      yield* store.commitTick({
        automation: Daemon.conditions,
        evaluations: Array.from({ length: 20 }, (_, evaluation) => ({
          key: "orders",
          evaluation,
          timestamp: evaluation,
          requested: 1,
          explanation: storedExplanation(explanations.find(({ id }) => id === "orders")!)
        }))
      })
      yield* simulate(Definitions.make({ graph: follows, layer: kept(log, store) }), {
        from: from + 70 * minute,
        to: from + 90 * minute,
        happenings: [
          // evaluated, and nothing is recorded
          { at: from + 75 * minute, effect: Catalog.observe("elsewhere", { dataVersion: "1" }) },
          { at: from + 80 * minute, effect: Runtime.run(follows, { select: ["orders"] }) }
        ]
      })
      const rows = (yield* store.evaluations({ limit: 1_000 })).filter(({ timestamp }) => timestamp > from)
      const numbers = new Set(rows.map(({ evaluation }) => evaluation))
      assert.isTrue([...numbers].some((number) => number > 0 && !numbers.has(number - 1)))
      for (const evaluation of numbers) {
        const { recorded, replayed } = yield* replayConditions({ graph: follows }, { evaluation })
        assert.deepStrictEqual(replayed.explanations, recorded)
      }
    }).pipe(Effect.provide(inMemory)))

  it.live("a log in a file is read again by another process", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-replay-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const stored = Layer.provide(EventLog.layerSql, SqliteClient.layer({ filename: join(directory, "events.db") }))
      const { graph, happenings, jobs } = world(23)
      const layer = Layer.merge(IOManager.layerMemory, stored)
      const definitions = Definitions.make({ graph, jobs, layer, queue: { maxRuns: 1 } })
      yield* simulate(definitions, { from, to: from + 2 * hour, happenings })
      const compared = yield* Effect.gen(function*() {
        const numbers = yield* AutomationStore.AutomationStore.use(numbersOf)
        for (const evaluation of numbers) {
          const { recorded, replayed } = yield* replayConditions({ graph, jobs }, { evaluation })
          assert.deepStrictEqual(replayed.explanations, recorded, `evaluation ${evaluation}`)
        }
        return numbers.length
      }).pipe(Effect.provide(stored))
      assert.isAbove(compared, 30)
    }), 60_000)
})
