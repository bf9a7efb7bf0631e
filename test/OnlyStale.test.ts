/**
 * Runs that compute nothing that is fresh.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, FileSystem, Layer, Option, Schema, Stream } from "effect"
import { Asset, Catalog, Check, EventLog, Graph, IOManager, PartitionMapping, Partitions, Runtime } from "effect-assets"
import { Local } from "effect-assets/node"
import { TestClock } from "effect/testing"
import { type Provided, test } from "./fixtures/inMemory.ts"

const outcomeTags = (run: Runtime.Run<Graph.Assets>) =>
  Object.fromEntries(Object.entries(run.outcomes).map(([name, { _tag }]) => [name, _tag]))

const tagsOf = (run: Runtime.Run<Graph.Assets>, name: string) =>
  [...run.partitions[name]!].map(([key, { _tag }]) => `${key} ${_tag}`).join(", ")

/** A chain of three whose programs write down that they ran; what they do can be changed between runs. */
const makeChain = () => {
  const ran: Array<string> = []
  const state = { first: 1 as number | undefined, parity: 0, fails: false }
  const chain = (options: {
    readonly code?: string | undefined
    readonly factor?: number | undefined
    readonly alone?: boolean | undefined
  } = {}) => {
    const first = Asset.make("first", {
      codeVersion: "1",
      compute: () =>
        Effect.sync(() => {
          ran.push("first")
          return state.first === undefined
            ? Option.none()
            : Option.some(Asset.output(state.first, { dataVersion: String(state.first) }))
        })
    })
    const config = Schema.Struct({ factor: Schema.Number })
    const codeVersion = options.code ?? "1"
    const parity = (first: number, { factor }: typeof config.Type) =>
      Effect.suspend(() => {
        ran.push("second")
        const value = first % 2 * factor
        return state.fails
          ? Effect.fail("broken")
          : Effect.succeed(Asset.output(value, { dataVersion: `parity ${value}` }))
      })
    const second = options.alone === true
      ? Asset.make("second", { codeVersion, config, compute: (_, { config }) => parity(0, config) })
      : Asset.make("second", {
        codeVersion,
        config,
        inputs: { first },
        compute: ({ first }, { config }) => parity(first, config)
      })
    const third = Asset.make("third", {
      codeVersion: "1",
      inputs: { second },
      compute: ({ second }) => Effect.sync(() => void ran.push(`third ${second}`))
    })
    return Graph.make({ first, second, third })
  }
  const run = (options: Parameters<typeof chain>[0] & { readonly select?: string } = {}) =>
    Effect.map(
      Runtime.run(chain(options), {
        onlyStale: true,
        select: options.select,
        config: { second: { factor: options.factor ?? 1 } }
      }),
      (ended) => ({ ended, tags: Object.values(outcomeTags(ended)).join(" "), ran: ran.splice(0) })
    )
  return { run, state, chain, ran }
}

describe("a run of what is stale", () => {
  test("computes everything once, and nothing again", function*() {
    const { run } = makeChain()
    assert.deepStrictEqual((yield* run()).ran, ["first", "second", "third 1"])
    const again = yield* run()
    assert.deepStrictEqual([again.ran, again.tags, again.ended.status], [[], "UpToDate UpToDate UpToDate", "Succeeded"])
    assert.strictEqual(Runtime.explain(again.ended.outcomes.first), "up to date")
    assert.deepStrictEqual(again.ended.outcomes.first, { _tag: "UpToDate", key: "first", dataVersion: "1" })
    const log = yield* EventLog.EventLog
    const events = yield* Stream.runCollect(log.events({ runId: again.ended.id }))
    assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["RunStarted", "RunFinished"])
  })

  const cases = [
    {
      name: "STA09: computes what has other code, and what reads other data for it",
      change: () => ({ code: "2", factor: 1 }),
      ran: ["second"],
      tags: "UpToDate Materialized UpToDate"
    },
    {
      name: "computes what has another configuration",
      change: () => ({ factor: 3 }),
      ran: ["second", "third 3"],
      tags: "UpToDate Materialized Materialized"
    },
    {
      name: "STA10: computes what is computed from other assets",
      change: () => ({ alone: true }),
      ran: ["second", "third 0"],
      tags: "UpToDate Materialized Materialized"
    }
  ] satisfies ReadonlyArray<{ name: string; change: () => object; ran: Array<string>; tags: string }>
  for (const { change, name, ran, tags } of cases) {
    test(name, function*() {
      const { run } = makeChain()
      yield* run()
      const changed = yield* run(change())
      assert.deepStrictEqual([changed.ran, changed.tags], [ran, tags])
      assert.deepStrictEqual((yield* run(change())).ran, [])
    })
  }

  test("pain 9: stops where the data are the same after all", function*() {
    const { chain, ran, run, state } = makeChain()
    yield* run()
    state.first = 3
    yield* Runtime.run(chain(), { select: ["first"] })
    ran.length = 0
    const second = yield* run()
    assert.deepStrictEqual([second.ran, second.tags], [["second"], "UpToDate Materialized UpToDate"])
  })

  test("STA13: has nothing to do when data are what they were", function*() {
    const { chain, ran, run, state } = makeChain()
    yield* run()
    for (const first of [2, 1]) {
      state.first = first
      yield* Runtime.run(chain(), { select: ["first"] })
    }
    ran.length = 0
    assert.deepStrictEqual((yield* run()).ran, [])
  })

  test("of a part computes that part, and knows what was recorded of the rest", function*() {
    const { chain, ran, run, state } = makeChain()
    yield* run()
    state.first = 2
    yield* Runtime.run(chain(), { select: ["first"] })
    ran.length = 0
    assert.deepStrictEqual((yield* run({ select: "third" })).ran, [])
    assert.deepStrictEqual((yield* run({ select: "second+" })).ran, ["second", "third 0"])
  })

  test("tries again what failed, and what came after it", function*() {
    const { run, state } = makeChain()
    state.fails = true
    assert.strictEqual((yield* run()).tags, "Materialized Failed UpstreamFailed")
    assert.strictEqual((yield* run()).tags, "UpToDate Failed UpstreamFailed")
    state.fails = false
    assert.strictEqual((yield* run()).tags, "UpToDate Materialized Materialized")
  })

  test("leaves alone what failed later and is stored from the same", function*() {
    const { chain, run, state } = makeChain()
    yield* run()
    state.fails = true
    const failed = yield* Runtime.run(chain(), { config: { second: { factor: 1 } } })
    assert.strictEqual(failed.outcomes.second._tag, "Failed")
    assert.strictEqual((yield* run()).tags, "UpToDate UpToDate UpToDate")
  })

  test("asks again what was skipped, since nothing says what it was skipped for", function*() {
    const { run, state } = makeChain()
    state.first = undefined
    assert.deepStrictEqual((yield* run()).tags, "Skipped Skipped Skipped")
    const again = yield* run()
    assert.deepStrictEqual([again.ran, again.tags], [["first"], "Skipped Skipped Skipped"])
    state.first = 1
    assert.deepStrictEqual((yield* run()).ran, ["first", "second", "third 1"])
  })

  test("computes again what has no code version only if its data have changed", function*() {
    let ran = 0
    const a = Asset.make("a", { compute: () => Effect.sync(() => ++ran) })
    const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.sync(() => (ran++, a)) })
    const graph = Graph.make({ a, b })
    yield* Runtime.run(graph, { onlyStale: true })
    yield* Runtime.run(graph, { onlyStale: true })
    assert.strictEqual(ran, 2)
    // without a code version, each computation may give other data
    yield* Runtime.run(graph, { select: ["a"] })
    yield* Runtime.run(graph, { onlyStale: true })
    assert.strictEqual(ran, 4)
  })

  test("tells configurations from each other by what they are written as", function*() {
    let ran = 0
    const config = Schema.Struct({ at: Schema.DateFromString })
    const a = Asset.make("a", {
      codeVersion: "1",
      config,
      compute: (_, { config }) => Effect.sync(() => (ran++, config.at))
    })
    const graph = Graph.make({ a })
    const run = (at: string) => Runtime.run(graph, { onlyStale: true, config: { a: { at } } })
    yield* run("2020-01-01")
    yield* run("2020-01-01")
    assert.strictEqual(ran, 1)
    yield* run("2020-01-02")
    assert.strictEqual(ran, 2)
  })

  test("STA08, STA20: computes what reads an external asset of which another version was observed", function*() {
    let version = "1"
    const ran: Array<string> = []
    const source = Asset.external("source", { schema: Schema.Number, observe: Effect.sync(() => version) })
    const reader = Asset.make("reader", {
      inputs: { source },
      codeVersion: "1",
      compute: ({ source }) => Effect.sync(() => (ran.push("reader"), source % 2))
    })
    const next = Asset.make("next", {
      inputs: { reader },
      codeVersion: "1",
      compute: () => Effect.sync(() => (ran.push("next"), 1))
    })
    const graph = Graph.make({ source, reader, next })
    const run = Effect.map(Runtime.run(graph, { onlyStale: true }), () => ran.splice(0))
    yield* IOManager.IOManager.use((io) => io.save(1, IOManager.slot("source", { schema: Schema.Number })))
    yield* Catalog.observe(source)
    assert.deepStrictEqual(yield* run, ["reader", "next"])
    yield* Catalog.observe(source)
    assert.deepStrictEqual(yield* run, [])
    version = "2"
    assert.deepStrictEqual(yield* run, [])
    yield* Catalog.observe(source)
    assert.deepStrictEqual(yield* run, ["reader", "next"])
  })

  test("does without an optional input as before, and computes when there is one", function*() {
    const ran: Array<string> = []
    let there = false
    const a = Asset.make("a", {
      codeVersion: "1",
      compute: () => Effect.sync(() => (ran.push("a"), there ? Option.some(1) : Option.none()))
    })
    const b = Asset.make("b", {
      codeVersion: "1",
      inputs: { a: Asset.optional(a) },
      compute: ({ a }) => Effect.sync(() => (ran.push(`b ${a._tag}`), Option.getOrElse(a, () => 0)))
    })
    const last = Asset.make("last", {
      codeVersion: "1",
      inputs: { a: Asset.optional(Asset.lastValue(a)) },
      compute: ({ a }) => Effect.sync(() => (ran.push(`last ${a._tag}`), 0))
    })
    const run = Effect.map(Runtime.run(Graph.make({ a, b, last }), { onlyStale: true }), () => ran.splice(0).toSorted())
    assert.deepStrictEqual(yield* run, ["a", "b None", "last None"])
    assert.deepStrictEqual(yield* run, ["a"])
    there = true
    assert.deepStrictEqual(yield* run, ["a", "b Some", "last Some"])
    assert.deepStrictEqual(yield* run, [])
    // a run that skips it leaves its last value, and the last value is the same
    there = false
    yield* Runtime.run(Graph.make({ a: Asset.annotate(a, {}) }), {})
    assert.deepStrictEqual(ran.splice(0), ["a"])
    assert.deepStrictEqual(yield* run, [])
  })

  test("computes a day again that begins at another time, though it has the same key", function*() {
    const graphIn = (timeZone: string) =>
      Graph.make({
        daily: Asset.make("daily", {
          codeVersion: "1",
          partitions: Partitions.daily({ start: "2024-01-01", end: "2024-01-03", timeZone }),
          compute: (_, { partition }) => Effect.succeed(DateTime.toEpochMillis(partition.start))
        })
      })
    yield* TestClock.setTime(Date.UTC(2024, 1, 1))
    for (const partition of ["2024-01-01", "2024-01-02"]) yield* Runtime.run(graphIn("UTC"), { partition })
    const run = (timeZone: string) => Runtime.run(graphIn(timeZone), { partitions: "all", onlyStale: true })
    assert.deepStrictEqual(outcomeTags(yield* run("UTC")), { daily: "UpToDate" })
    const moved = yield* run("Europe/Berlin")
    assert.deepStrictEqual(Array.from(moved.partitions.daily!.values(), ({ _tag }) => _tag), [
      "Materialized",
      "Materialized"
    ])
  })

  test("comes to the value it would come to, whatever takes it there: checks, pools, voids", function*() {
    let ran = 0
    class Api extends Context.Service<Api, number>()("test/OnlyStale/Api") {}
    const done = Asset.make("done", { codeVersion: "1", pool: "one", compute: () => Effect.sync(() => void ran++) })
    const after = Asset.make("after", {
      codeVersion: "1",
      deps: [done],
      pool: "one",
      compute: () => Api.use((n) => Effect.sync(() => (ran++, n)))
    })
    const judged: Array<unknown> = []
    const check = Check.make("is five", {
      asset: after,
      check: (value, { target }) => Effect.sync(() => (judged.push(target?.runId), value === 5))
    })
    const run = Effect.provide(Runtime.run(Graph.make({ done, after, check }), { onlyStale: true }), [
      Layer.succeed(Api, 5),
      Runtime.layerPools({ one: 1 })
    ])
    const first = yield* run
    const second = yield* run
    assert.deepStrictEqual([ran, outcomeTags(second)], [2, { done: "UpToDate", after: "UpToDate" }])
    // what is stored was judged
    assert.deepStrictEqual([second.checks, judged], [[], [first.id]])
  })

  test("tells progress of what it leaves out", function*() {
    const a = Asset.make("a", { codeVersion: "1", compute: () => Effect.succeed(1) })
    const told: Array<string> = []
    const run = Runtime.run(Graph.make({ a }), {
      onlyStale: true,
      onProgress: (progress) => Effect.sync(() => void told.push(progress._tag))
    })
    yield* run
    told.length = 0
    yield* run
    assert.deepStrictEqual(told, ["RunStarted", "AssetFinished", "RunFinished"])
  })
})

describe("multi-assets", () => {
  const prices = (canSubset: boolean, close: string, ran: Array<string>) => {
    const rate = Asset.make("rate", { codeVersion: "1", compute: () => Effect.succeed(2) })
    const multi = Asset.multi("prices", {
      canSubset,
      inputs: { rate },
      outputs: { open: { codeVersion: "1" }, close: { codeVersion: close } },
      compute: ({ rate }, { selected }) =>
        Effect.sync(() => {
          ran.push([...selected].join())
          return { open: rate, close: rate }
        })
    })
    const total = Asset.make("total", {
      codeVersion: "1",
      inputs: { ...multi.assets },
      compute: ({ close, open }) => Effect.sync(() => (ran.push("total"), open + close))
    })
    return Graph.make({ rate, ...multi.assets, total })
  }

  for (
    const { canSubset, name, ran, tags } of [
      {
        name: "compute all if one output is stale",
        canSubset: false,
        ran: ["open,close", "total"],
        tags: ["Materialized", "Materialized"]
      },
      {
        name: "compute the stale outputs alone, if they can",
        canSubset: true,
        ran: ["close", "total"],
        tags: ["UpToDate", "Materialized"]
      }
    ] as const
  ) {
    test(name, function*() {
      const journal: Array<string> = []
      yield* Runtime.run(prices(canSubset, "1", journal), { onlyStale: true })
      assert.deepStrictEqual(journal.splice(0), ["open,close", "total"])
      yield* Runtime.run(prices(canSubset, "1", journal), { onlyStale: true })
      assert.deepStrictEqual(journal, [])
      const run = yield* Runtime.run(prices(canSubset, "2", journal), { onlyStale: true })
      assert.deepStrictEqual(journal, [...ran])
      assert.deepStrictEqual([run.outcomes.open._tag, run.outcomes.close._tag], [...tags])
      const graph = prices(canSubset, "2", journal)
      assert.strictEqual(yield* Runtime.load(graph.assets.total), 4)
      assert.deepStrictEqual(Object.values(outcomeTags(yield* Runtime.run(graph, { onlyStale: true }))), [
        "UpToDate",
        "UpToDate",
        "UpToDate",
        "UpToDate"
      ])
    })
  }
})

describe("partitions", () => {
  const abc = Partitions.fixed(["a", "b", "c"])
  const days = Partitions.daily({ start: "2020-01-01" })

  /** Partitions whose data are what `data` says, copies of them, and a total. */
  const makeParts = () => {
    const ran: Array<string> = []
    const data: Record<string, number> = { a: 1, b: 2, c: 3 }
    const graph = (code = "1") => {
      const part = Asset.make("part", {
        partitions: abc,
        compute: (_, { partition }) =>
          Effect.sync(() => {
            ran.push(`part ${partition}`)
            return Asset.output(data[partition]!, { dataVersion: String(data[partition]) })
          })
      })
      const copy = Asset.make("copy", {
        partitions: abc,
        codeVersion: code,
        inputs: { part },
        compute: ({ part }, { partition }) =>
          Effect.sync(() => {
            ran.push(`copy ${partition}`)
            return Asset.output(part % 2, { dataVersion: String(part % 2) })
          })
      })
      const total = Asset.make("total", {
        codeVersion: "1",
        inputs: { copy: Asset.partitions(copy) },
        compute: ({ copy }) => Effect.sync(() => (ran.push("total"), [...copy.values()].reduce((a, b) => a + b, 0)))
      })
      return Graph.make({ part, copy, total })
    }
    const stale = (code = "1", partitions: Runtime.PartitionsWanted = "all") =>
      Effect.map(Runtime.run(graph(code), { onlyStale: true, partitions }), () => ran.splice(0))
    const fresh = (partition: string) =>
      Effect.map(Runtime.run(graph(), { select: ["part"], partition }), () => void ran.splice(0))
    return { data, fresh, graph, stale, ran }
  }

  test("are computed once, those that are missing", function*() {
    const { graph, stale } = makeParts()
    assert.deepStrictEqual((yield* stale("1", ["a", "b"])).toSorted(), [
      "copy a",
      "copy b",
      "part a",
      "part b",
      "total"
    ])
    assert.deepStrictEqual((yield* stale()).toSorted(), ["copy c", "part c", "total"])
    assert.deepStrictEqual(yield* stale(), [])
    assert.strictEqual(yield* Runtime.load(graph().assets.total), 2)
  })

  test("STA14, STA16: are computed for other data of theirs, and a total for any of them", function*() {
    const { data, fresh, stale } = makeParts()
    yield* stale()
    data["b"] = 5
    yield* fresh("b")
    assert.deepStrictEqual(yield* stale(), ["copy b", "total"])
    // other data, of which the copy is the same
    data["c"] = 7
    yield* fresh("c")
    assert.deepStrictEqual(yield* stale(), ["copy c"])
    // the same data
    yield* fresh("a")
    assert.deepStrictEqual(yield* stale(), [])
  })

  test("STA15: are all computed by other code", function*() {
    const { stale } = makeParts()
    yield* stale()
    assert.deepStrictEqual(yield* stale("2", { from: "b", to: "c" }), ["copy b", "copy c"])
    assert.deepStrictEqual(yield* stale("2"), ["copy a"])
  })

  test("STA19: are all known to what reads all of them", function*() {
    const { data, fresh, stale } = makeParts()
    yield* stale()
    data["a"] = 2
    yield* fresh("a")
    assert.deepStrictEqual(yield* stale("1", ["a"]), ["copy a", "total"])
  })

  test("are in the outcome by partition", function*() {
    const { data, fresh, graph, stale } = makeParts()
    yield* stale()
    data["b"] = 5
    yield* fresh("b")
    const run = yield* Runtime.run(graph(), { onlyStale: true, partitions: "all" })
    assert.strictEqual(tagsOf(run, "copy"), "a UpToDate, b Materialized, c UpToDate")
    assert.deepStrictEqual(outcomeTags(run), { part: "UpToDate", copy: "Materialized", total: "Materialized" })
  })

  test("are computed if a last one moves on, though its data version is the same", function*() {
    const day = Asset.make("day", {
      partitions: days,
      codeVersion: "1",
      compute: (_, { partition }) => Effect.succeed(partition.key)
    })
    const latest = Asset.make("latest", {
      codeVersion: "1",
      inputs: { day: Asset.partition(day, PartitionMapping.last) },
      compute: ({ day }) => Effect.succeed(day)
    })
    const graph = Graph.make({ day, latest })
    const run = Runtime.run(graph, { onlyStale: true, partitions: "all" })
    yield* TestClock.setTime(Date.UTC(2020, 0, 3))
    yield* run
    assert.deepStrictEqual(outcomeTags(yield* run), { day: "UpToDate", latest: "UpToDate" })
    yield* TestClock.adjust("1 day")
    const next = yield* run
    assert.strictEqual(tagsOf(next, "day"), "2020-01-01 UpToDate, 2020-01-02 UpToDate, 2020-01-03 Materialized")
    assert.strictEqual(yield* Runtime.load(latest), "2020-01-03")
    // the catalog says the same
    yield* TestClock.adjust("1 day")
    yield* Runtime.run(graph, { select: ["day"], partitions: "all" })
    assert.strictEqual((yield* Catalog.staleness(graph))["latest"]._tag, "Stale")
  })

  test("are computed if another partition is chosen", function*() {
    const part = Asset.make("part", {
      partitions: abc,
      codeVersion: "1",
      compute: (_, { partition }) => Effect.succeed(partition)
    })
    const graph = (key: "a" | "b") =>
      Graph.make({
        part,
        one: Asset.make("one", {
          codeVersion: "1",
          inputs: { part: Asset.partition(part, key) },
          compute: ({ part }) => Effect.succeed(part)
        })
      })
    yield* Runtime.run(graph("a"), { onlyStale: true, partitions: "all" })
    yield* Runtime.run(graph("b"), { onlyStale: true, partitions: "all" })
    assert.strictEqual(yield* Runtime.load(graph("b").assets.one), "b")
  })

  test("do not care in which order inputs are named", function*() {
    const part = (key: string) =>
      Asset.make(key, { partitions: abc, codeVersion: "1", compute: (_, { partition }) => Effect.succeed(partition) })
    const [x, y] = [part("x"), part("y")]
    const graph = (inputs: { readonly [name: string]: Asset.AnyInput }) =>
      Graph.fromAssets<Asset.Any>([
        x,
        y,
        Asset.make("z", { codeVersion: "1", inputs, compute: () => Effect.succeed(1) })
      ])
    const run = (inputs: { readonly [name: string]: Asset.AnyInput }) =>
      Runtime.run(graph(inputs), { onlyStale: true, partitions: "all" }) as Effect.Effect<
        Runtime.Run<Graph.Assets>,
        Runtime.RunError,
        Provided
      >
    yield* run({ x: Asset.partitions(x), y: Asset.partitions(y) })
    assert.strictEqual((yield* run({ y: Asset.partitions(y), x: Asset.partitions(x) })).outcomes["z"]!._tag, "UpToDate")
  })

  test("are computed from the first one whose data have changed on, where each reads the one before", function*() {
    const ran: Array<string> = []
    let start = 1
    const level = Asset.make("level", {
      partitions: days,
      codeVersion: "1",
      schema: Schema.Number,
      inputs: { before: Asset.previous(Schema.Number) },
      compute: ({ before }, { partitionKey }) =>
        Effect.sync(() => {
          ran.push(partitionKey.slice(-1))
          const value = Math.min(3, Option.getOrElse(before, () => start) + 1)
          return Asset.output(value, { dataVersion: String(value) })
        })
    })
    const graph = Graph.make({ level })
    const run = Effect.map(Runtime.run(graph, { onlyStale: true, partitions: "all" }), () => ran.splice(0).join(""))
    yield* TestClock.setTime(Date.UTC(2020, 0, 6))
    assert.strictEqual(yield* run, "12345")
    assert.strictEqual(yield* run, "")
    start = 0
    yield* Runtime.run(graph, { partition: "2020-01-01" })
    ran.length = 0
    // 2, 3, 3 … was 1, 2, 3: from the third on nothing is different
    assert.strictEqual(yield* run, "23")
    yield* TestClock.adjust("1 day")
    assert.strictEqual(yield* run, "6")
  })

  test("of a multi-asset that can are computed output by output", function*() {
    const ran: Array<string> = []
    const graph = (close: string) => {
      const { assets } = Asset.multi("prices", {
        partitions: abc,
        canSubset: true,
        outputs: { open: { codeVersion: "1" }, close: { codeVersion: close } },
        compute: (_, { partition, selected }) =>
          Effect.sync(() => {
            ran.push(`${partition} ${[...selected].join()}`)
            return { open: 1, close: 1 }
          })
      })
      return Graph.make({ ...assets })
    }
    const run = (close: string, partitions: ReadonlyArray<string>) =>
      Effect.map(Runtime.run(graph(close), { onlyStale: true, partitions }), () => ran.splice(0))
    assert.deepStrictEqual(yield* run("1", ["a", "b"]), ["a open,close", "b open,close"])
    assert.deepStrictEqual(yield* run("2", ["b", "c"]), ["b close", "c open,close"])
    assert.deepStrictEqual(yield* run("2", ["a", "b", "c"]), ["a close"])
  })

  it.effect("are known from SQLite as from memory", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const { data, fresh, stale } = makeParts()
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* stale()).length, 7)
        assert.deepStrictEqual(yield* stale(), [])
        data["b"] = 5
        yield* fresh("b")
        assert.deepStrictEqual(yield* stale(), ["copy b", "total"])
      }).pipe(Effect.provide(Local.layer({ directory })))
      // another process
      assert.deepStrictEqual(yield* Effect.provide(stale(), Local.layer({ directory })), [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
