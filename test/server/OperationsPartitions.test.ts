import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Schema, Stream } from "effect"
import { Asset, EventLog, Graph, Partitions, PartitionSubset, Runtime } from "effect-assets"
import { type Model, Operations } from "effect-assets/server"
import { TestClock } from "effect/testing"
import { elsewhere, operationsOf, storages, testOf } from "../fixtures/deployment.ts"

const day = 86_400_000

/** The states of all partitions, one by one. */
const expanded = ({ stretches }: Model.PartitionsModel): ReadonlyArray<Model.PartitionState> =>
  stretches.flatMap(({ length, state }) => Array.from({ length }, () => state))

/** Stretches follow each other without gaps, and two that touch differ. */
const assertStretches = (model: Model.PartitionsModel) => {
  let at = 0
  let last: Model.PartitionState | undefined
  for (const { length, start, state } of model.stretches) {
    assert.strictEqual(start, at)
    assert.isAtLeast(length, 1)
    assert.notStrictEqual(state, last)
    last = state
    at = start + length
  }
  assert.strictEqual(at, model.total)
  const counted = { Fresh: 0, Stale: 0, Missing: 0, Failed: 0, Running: 0 }
  for (const state of expanded(model)) counted[state]++
  assert.deepStrictEqual(model.counts, counted)
}

describe("partitions", () => {
  const days = Partitions.daily({ start: "1970-01-01", end: "1970-01-11" })
  const source = Asset.make("source", {
    partitions: days,
    codeVersion: "1",
    compute: (_, { partition }) =>
      partition.key === "1970-01-05" ? Effect.fail(new Error("no data")) : Effect.succeed(partition.key)
  })
  const derived = Asset.make("derived", {
    partitions: days,
    inputs: { source },
    compute: ({ source }) => Effect.succeed(source)
  })
  const graph = Graph.make({ source, derived })
  const changed = Graph.make({
    source: Asset.make("source", { partitions: days, codeVersion: "2", compute: () => Effect.succeed("new") })
  })

  for (const [name, layer] of Object.entries(storages)) {
    testOf({ graph, layer, now: 20 * day })(`are stretches of one state, in ${name}`, function*(operations) {
      yield* elsewhere(Runtime.run(graph, { partitions: { from: "1970-01-02", to: "1970-01-06" } }))
      // one was computed from other data since
      yield* elsewhere(Runtime.run(changed, { partition: "1970-01-03" }))
      const model = yield* operations.partitions("derived")
      assertStretches(model)
      assert.deepStrictEqual(model.stretches, [
        { start: 0, length: 1, state: "Missing", first: "1970-01-01", last: "1970-01-01" },
        { start: 1, length: 1, state: "Fresh", first: "1970-01-02", last: "1970-01-02" },
        { start: 2, length: 1, state: "Stale", first: "1970-01-03", last: "1970-01-03" },
        { start: 3, length: 1, state: "Fresh", first: "1970-01-04", last: "1970-01-04" },
        { start: 4, length: 1, state: "Failed", first: "1970-01-05", last: "1970-01-05" },
        { start: 5, length: 1, state: "Fresh", first: "1970-01-06", last: "1970-01-06" },
        { start: 6, length: 4, state: "Missing", first: "1970-01-07", last: "1970-01-10" }
      ])
      assert.deepStrictEqual(model.dimensions.map(({ keys, ...rest }) => [rest, keys?.length]), [[
        { name: "", kind: "time", size: 10, first: "1970-01-01", last: "1970-01-10" },
        10
      ]])
      assert.isFalse(model.truncated)
    })
  }

  testOf({ graph, now: 20 * day })("are listed in pages, by state and text", function*(operations) {
    yield* elsewhere(Runtime.run(graph, { select: ["source"], partitions: { from: "1970-01-02", to: "1970-01-06" } }))
    const failed = yield* operations.partitionList({ key: "source", state: "Failed" })
    assert.deepStrictEqual(failed, { items: [{ key: "1970-01-05", index: 4, state: "Failed" }] })
    const found = yield* operations.partitionList({ key: "source", search: "-0" })
    assert.lengthOf(found.items, 10)
    const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    for (const [order, expected] of [["ascending", inOrder], ["descending", inOrder.toReversed()]] as const) {
      const indices: Array<number> = []
      let after: number | undefined
      do {
        const page = yield* operations.partitionList({ key: "source", limit: 3, after, order })
        indices.push(...page.items.map(({ index }) => index))
        after = page.next
      } while (after !== undefined)
      assert.deepStrictEqual(indices, expected)
    }
  })

  const whole = Asset.make("whole", Effect.succeed(1))
  testOf({ graph: Graph.make({ whole }) })("are those of an asset that has some", function*(operations) {
    for (const problem of [operations.partitions("whole"), operations.partitionList({ key: "whole" })]) {
      assert.deepInclude(yield* Effect.flip<unknown, { readonly _tag: string }, never>(problem as never), {
        _tag: "Invalid"
      })
    }
    assert.deepInclude(yield* Effect.flip(operations.partitions("hole")), { _tag: "NotFound", suggestions: ["whole"] })
  })
})

describe("partitions that a run is to compute", () => {
  const days = Partitions.daily({ start: "1970-01-01", end: "1970-01-05" })
  const started = Deferred.makeUnsafe<void>()
  const released = Deferred.makeUnsafe<void>()
  const slow = Asset.make("slow", {
    partitions: days,
    compute: (_, { partition }) =>
      partition.key === "1970-01-02"
        ? Effect.as(Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(released)), partition.key)
        : Effect.succeed(partition.key)
  })

  testOf({ graph: Graph.make({ slow }), now: 20 * day })("are running until they are done with", function*(operations) {
    const first = yield* operations.launch({ partition: "1970-01-01" })
    yield* Stream.runDrain(operations.followRun(first.runId))
    const { runId } = yield* operations.launch({ partition: "1970-01-02" })
    yield* Deferred.await(started)
    const model = yield* operations.partitions("slow")
    assert.deepStrictEqual(expanded(model), ["Fresh", "Running", "Missing", "Missing"])
    yield* Deferred.succeed(released, undefined)
    yield* Stream.runDrain(operations.followRun(runId))
    assert.deepStrictEqual(expanded(yield* operations.partitions("slow")), ["Fresh", "Fresh", "Missing", "Missing"])
  })
})

describe("partitions of several dimensions", () => {
  const set = Partitions.product({
    a: Partitions.fixed(["x", "y", "z"]),
    b: Partitions.fixed(["1", "2", "3"]),
    c: Partitions.fixed(["k", "l"])
  })
  const cube = Asset.make("cube", { partitions: set, compute: () => Effect.succeed(1) })
  const graph = Graph.make({ cube })
  const all = ["x", "y", "z"].flatMap((a) => ["1", "2", "3"].flatMap((b) => ["k", "l"].map((c) => `${a}|${b}|${c}`)))

  it.effect.prop(
    "are in the order in which the last one changes first",
    {
      chosen: Arbitrary.schema(
        Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: all.length - 1 })))
      )
    },
    ({ chosen }) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(day)
        const operations = yield* Operations.Operations
        const keys = [...new Set(chosen)].map((index) => all[index]!)
        if (keys.length > 0) yield* elsewhere(Runtime.run(graph, { partitions: keys }))
        const model = yield* operations.partitions("cube")
        assertStretches(model)
        assert.deepStrictEqual(expanded(model), all.map((key) => keys.includes(key) ? "Fresh" : "Missing"))
        for (const { first, last, length, start } of model.stretches) {
          assert.strictEqual(first, all[start])
          assert.strictEqual(last, all[start + length - 1])
        }
        const { items } = yield* operations.partitionList({ key: "cube", state: "Fresh" })
        assert.deepStrictEqual(items.map(({ key }) => key), all.filter((key) => keys.includes(key)))
      }).pipe(Effect.provide(operationsOf(graph))),
    { arbitrary: { runs: 40 } }
  )
})

describe("a million partitions", () => {
  const hours = Partitions.hourly({ start: "1970-01-01", end: "1981-01-01" })
  const regions = Array.from({ length: 12 }, (_, i) => `region ${i}`)
  const set = Partitions.product({ hour: hours, region: Partitions.fixed(regions) })
  const big = Asset.make("big", { partitions: set, compute: () => Effect.succeed(1) })
  const test = testOf({ graph: Graph.make({ big }), now: 365 * 12 * day })

  /** As a run would record it that computes some hours of some regions. */
  const materialized = Effect.fnUntraced(function*(range: Partitions.KeyRange, regions: ReadonlyArray<string>) {
    const hour = PartitionSubset.serialize(yield* PartitionSubset.range(hours, range))
    const event: EventLog.Event = {
      _tag: "AssetMaterialized",
      runId: "r",
      timestamp: 0,
      key: "big",
      partitions: { _tag: "Product", boxes: [{ hour, region: { _tag: "Keys", keys: regions } }] },
      dataVersion: "1",
      codeVersion: undefined,
      inputVersions: {},
      metadata: {},
      durationMillis: 0,
      attempts: 1,
      steps: [],
      stored: true
    }
    yield* elsewhere(EventLog.EventLog.use((log) => log.append([event])))
  })

  test("are not gone through", function*(operations) {
    yield* materialized({ from: "1970-01-02-00:00", to: "1975-12-31-23:00" }, regions)
    const fresh = (Date.UTC(1976, 0, 1) - day) / 3_600_000 * 12
    const began = performance.now()
    const model = yield* operations.partitions("big")
    const took = performance.now() - began
    assert.isAbove(model.total, 1_000_000)
    assert.deepStrictEqual(model.stretches.map(({ length, state }) => [state, length]), [
      ["Missing", 24 * 12],
      ["Fresh", fresh],
      ["Missing", model.total - fresh - 24 * 12]
    ])
    assert.isBelow(took, 1_000)
    assert.isUndefined(model.dimensions[0]!.keys)
    const { items } = yield* operations.partitionList({ key: "big", state: "Fresh", limit: 2 })
    assert.deepStrictEqual(items.map(({ index }) => index), [288, 289])
    // text that nothing has is not looked for in all of them at once
    const page = yield* operations.partitionList({ key: "big", search: "nowhere" })
    assert.deepStrictEqual(page, { items: [], next: 49_999 })
  })

  test("in more stretches than anybody looks at are cut", function*(operations) {
    yield* materialized({ from: "1970-01-01-00:00", to: "1975-12-31-23:00" }, ["region 0", "region 2", "region 4"])
    const model = yield* operations.partitions("big")
    assert.isTrue(model.truncated)
    assert.lengthOf(model.stretches, 10_000)
    assert.strictEqual(model.counts.Fresh, Date.UTC(1976, 0, 1) / 3_600_000 * 3)
  })
})
