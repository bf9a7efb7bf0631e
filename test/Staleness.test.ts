import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Asset, Catalog, EventLog, Graph, PartitionMapping, Partitions, PartitionSubset } from "effect-assets"
import { TestClock } from "effect/testing"
import { materialized } from "./fixtures/events.ts"

/** What happens to a log, one thing after the other; the place in the list is the time. */
type Happening = Partial<EventLog.AssetMaterialized> & { readonly key: string; readonly dataVersion: string }
type Seen = { readonly observed: string; readonly dataVersion: string; readonly partition?: string }

let time = 0
const record = (...happenings: ReadonlyArray<Happening | Seen>) =>
  Effect.flatMap(EventLog.EventLog, (log) =>
    log.append(happenings.map((happening): EventLog.Event => {
      const { dataVersion, partition } = happening
      const timestamp = time++
      return "observed" in happening
        ? {
          _tag: "AssetObserved",
          timestamp,
          key: happening.observed,
          dataVersion,
          metadata: {},
          ...(partition !== undefined && { partition })
        }
        : { ...materialized("run", happening.key), ...happening, timestamp }
    })))

/** What is asked of a graph, without times. */
const asked = (graph: Graph.Any) =>
  Effect.map(
    Catalog.staleness(graph),
    (all) => Object.fromEntries(Object.entries(all).map(([key, status]) => [key, brief(status)]))
  )

const brief = (status: Catalog.Staleness): unknown => {
  if (status._tag === "Stale") return status.causes.map(word)
  if (status._tag !== "Partitioned") return status._tag
  const { fresh, missing, stale } = status
  return {
    ...(!PartitionSubset.isEmpty(fresh) && { fresh: [...PartitionSubset.keys(fresh)].join() }),
    ...(!PartitionSubset.isEmpty(stale) && { stale: [...PartitionSubset.keys(stale)].join() }),
    ...(!PartitionSubset.isEmpty(missing) && { missing: [...PartitionSubset.keys(missing)].join() }),
    ...(status.causes.length > 0 && { causes: status.causes.map(word) })
  }
}

const word = (cause: Catalog.Cause): string => {
  switch (cause._tag) {
    case "CodeChanged":
      return `code ${cause.from} -> ${cause.to}`
    case "UpstreamChanged": {
      const { from, partitions, to, upstream } = cause
      const keys = partitions?._tag === "Keys" ? `[${partitions.keys.join()}]` : ""
      return `data ${upstream}${keys} ${from} -> ${to}`
    }
    case "DependencyAdded":
      return `added ${cause.upstream}`
    case "DependencyRemoved":
      return `removed ${cause.upstream}`
  }
}

const nothing = () => Effect.void
const source1 = Asset.external("source1")
const first = (codeVersion?: string) => Asset.make("asset1", { codeVersion, deps: [source1], compute: nothing })
const three = (code: string) => {
  const asset1 = first(code)
  const asset2 = Asset.make("asset2", { codeVersion: "1", deps: [asset1], compute: nothing })
  const asset3 = Asset.make("asset3", { codeVersion: "1", deps: [asset2], compute: nothing })
  return Graph.make({ source1, asset1, asset2, asset3 })
}

const allThree = [
  { observed: "source1", dataVersion: "s1" },
  { key: "asset1", dataVersion: "a1", codeVersion: "1", inputVersions: { source1: "s1" } },
  { key: "asset2", dataVersion: "b1", codeVersion: "1", inputVersions: { asset1: "a1" } },
  { key: "asset3", dataVersion: "c1", codeVersion: "1", inputVersions: { asset2: "b1" } }
] as const

const tested = <A, E>(name: string, effect: () => Effect.Effect<A, E, EventLog.EventLog | Partitions.DynamicKeys>) =>
  it.effect(name, () => Effect.provide(effect(), EventLog.layerMemory))

describe("staleness of assets without partitions", () => {
  tested(
    "STA08: an asset is stale for what it reads directly, and for nothing further upstream",
    () =>
      Effect.gen(function*() {
        const graph = three("1")
        assert.deepStrictEqual(yield* asked(graph), {
          source1: "Fresh",
          asset1: "Missing",
          asset2: "Missing",
          asset3: "Missing"
        })
        yield* record(...allThree)
        const fresh = { source1: "Fresh", asset1: "Fresh", asset2: "Fresh", asset3: "Fresh" }
        assert.deepStrictEqual(yield* asked(graph), fresh)
        // the same version again is no news
        yield* record({ observed: "source1", dataVersion: "s1" })
        assert.deepStrictEqual(yield* asked(graph), fresh)
        yield* record({ observed: "source1", dataVersion: "s2" })
        assert.deepStrictEqual(yield* asked(graph), { ...fresh, asset1: ["data source1 s1 -> s2"] })
      })
  )

  tested(
    "STA09: an asset is stale for another code version, and what is downstream is not",
    () =>
      Effect.gen(function*() {
        yield* record(...allThree)
        assert.deepStrictEqual(yield* asked(three("2")), {
          source1: "Fresh",
          asset1: ["code 1 -> 2"],
          asset2: "Fresh",
          asset3: "Fresh"
        })
        // without a code version on either side nothing is known of the code
        const unversioned = Graph.make({ asset1: first() })
        assert.deepStrictEqual((yield* asked(unversioned)).asset1, "Fresh")
        yield* record({ key: "asset1", dataVersion: "a2", inputVersions: { source1: "s1" } })
        assert.deepStrictEqual((yield* asked(three("2"))).asset1, "Fresh")
      })
  )

  tested(
    "STA10: an asset is stale for a dependency that it has no longer, and for one that is new",
    () =>
      Effect.gen(function*() {
        yield* record(...allThree)
        const asset3 = Asset.make("asset3", { deps: [], compute: nothing })
        const asset2 = Asset.make("asset2", { codeVersion: "1", deps: [asset3], compute: nothing })
        const graph = Graph.make({ asset2, asset3 })
        assert.deepStrictEqual((yield* asked(graph)).asset2, ["removed asset1", "added asset3"])
      })
  )

  tested("STA13: an asset is fresh again when the data it was computed from is back", () =>
    Effect.gen(function*() {
      yield* record(...allThree)
      yield* record({ key: "asset1", dataVersion: "a2", codeVersion: "1", inputVersions: { source1: "s1" } })
      assert.deepStrictEqual((yield* asked(three("1"))).asset2, ["data asset1 a1 -> a2"])
      yield* record({ key: "asset1", dataVersion: "a1", codeVersion: "1", inputVersions: { source1: "s1" } })
      assert.deepStrictEqual((yield* asked(three("1"))).asset2, "Fresh")
    }))

  tested("STA20: root causes are those of stale assets upstream", () =>
    Effect.gen(function*() {
      const roots = (key: "asset1" | "asset2" | "asset3") =>
        Effect.map(Catalog.staleness(three("2")), (all) => {
          const status = all[key]
          return status._tag === "Stale"
            ? status.rootCauses.map((cause) => `${cause.key}: ${word(cause)}`)
            : status._tag
        })
      yield* record(...allThree)
      assert.deepStrictEqual(yield* roots("asset1"), ["asset1: code 1 -> 2"])
      yield* record({ observed: "source1", dataVersion: "s2" })
      assert.deepStrictEqual(yield* roots("asset1"), ["asset1: code 1 -> 2", "asset1: data source1 s1 -> s2"])
      yield* record({ key: "asset1", dataVersion: "a2", codeVersion: "2", inputVersions: { source1: "s2" } })
      assert.deepStrictEqual(yield* roots("asset1"), "Fresh")
      assert.deepStrictEqual(yield* roots("asset2"), ["asset2: data asset1 a1 -> a2"])
      assert.deepStrictEqual(yield* roots("asset3"), "Fresh")
      // an asset that is stale itself and gave other data before: what it needs comes first
      yield* record({ observed: "source1", dataVersion: "s3" })
      yield* record({ key: "asset2", dataVersion: "b2", codeVersion: "1", inputVersions: { asset1: "a1" } })
      assert.deepStrictEqual(yield* roots("asset3"), ["asset1: data source1 s2 -> s3"])
    }))

  tested("STA21: an asset of which nothing is recorded but that it is there is fresh", () =>
    Effect.gen(function*() {
      // neither its code nor what it read has a version, then or now
      yield* record({ key: "asset1", dataVersion: "a1" })
      assert.deepStrictEqual((yield* asked(three("1"))).asset1, "Fresh")
    }))

  tested(
    "what was only observed is missing where it is computed; what was materialized before keeps what it came from",
    () =>
      Effect.gen(function*() {
        yield* record({ observed: "asset1", dataVersion: "seen" })
        assert.deepStrictEqual((yield* asked(three("1"))).asset1, "Missing")
        yield* record(...allThree, { observed: "asset1", dataVersion: "seen again" })
        const now = yield* asked(three("2"))
        assert.deepStrictEqual(now.asset1, ["code 1 -> 2"])
        assert.include(now.asset2, "data asset1 a1 -> seen again")
      })
  )

  tested("a partition that was only observed is missing where it is computed", () =>
    Effect.gen(function*() {
      const parts = Asset.make("parts", { partitions: Partitions.fixed(["alpha", "beta"]), compute: nothing })
      yield* record({ observed: "parts", partition: "alpha", dataVersion: "seen" })
      const { parts: found } = yield* Catalog.staleness(Graph.make({ parts }))
      assert.deepStrictEqual(
        found._tag === "Partitioned" && [found.missing, found.fresh].map((of) => Array.from(PartitionSubset.keys(of))),
        [["alpha", "beta"], []]
      )
    }))

  tested("STA23: code comes before data, data before dependencies", () =>
    Effect.gen(function*() {
      const added = Asset.make("added", { compute: nothing })
      const graph = Graph.make({
        added,
        asset1: Asset.make("asset1", { codeVersion: "2", deps: [added, source1], compute: nothing })
      })
      yield* record(...allThree, { key: "added", dataVersion: "x" }, { observed: "source1", dataVersion: "s2" })
      yield* record({
        key: "asset1",
        dataVersion: "a",
        codeVersion: "1",
        inputVersions: { source1: "s1", gone: "g" }
      })
      assert.deepStrictEqual((yield* asked(graph)).asset1, [
        "code 1 -> 2",
        "data source1 s1 -> s2",
        "removed gone",
        "added added"
      ])
    }))

  tested("early cut-off: what was computed again and is the same makes nothing stale", () =>
    Effect.gen(function*() {
      yield* record(...allThree, {
        key: "asset1",
        dataVersion: "a1",
        codeVersion: "2",
        inputVersions: { source1: "s1" }
      })
      assert.deepStrictEqual((yield* asked(three("2"))).asset2, "Fresh")
    }))

  tested("an external asset that nobody had observed, and somebody observes", () =>
    Effect.gen(function*() {
      yield* record({ key: "asset1", dataVersion: "a1", codeVersion: "1" })
      assert.deepStrictEqual((yield* asked(three("1"))).asset1, "Fresh")
      yield* record({ observed: "source1", dataVersion: "s1" })
      assert.deepStrictEqual((yield* asked(three("1"))).asset1, ["data source1 undefined -> s1"])
    }))

  const up = Asset.make("up", { schema: Schema.Number, compute: () => Effect.succeed(1) })
  const down = Asset.make("down", { inputs: { up: Asset.optional(up) }, compute: nothing })
  tested(
    "an optional input that was absent makes stale when it is there, unless it was there already",
    () =>
      Effect.gen(function*() {
        const graph = Graph.make({ up, down })
        yield* record({ key: "down", dataVersion: "d1" })
        assert.deepStrictEqual((yield* asked(graph)).down, "Fresh")
        yield* record({ key: "up", dataVersion: "u1" })
        assert.deepStrictEqual((yield* asked(graph)).down, ["data up undefined -> u1"])
        // it was skipped in the run that computed `down`: what it had stored before stays, and was not read
        yield* record({ key: "down", dataVersion: "d2" })
        assert.deepStrictEqual((yield* asked(graph)).down, "Fresh")
      })
  )

  tested("tells when", () =>
    Effect.gen(function*() {
      yield* record(...allThree, { observed: "source1", dataVersion: "s2" })
      const { asset1 } = yield* Catalog.staleness(three("1"))
      assert.isTrue(asset1._tag === "Stale" && asset1.causes.length === 1)
      const cause = asset1._tag === "Stale" ? asset1.causes[0] : undefined
      assert.isTrue(cause?._tag === "UpstreamChanged" && cause.at !== undefined && cause.at > cause.recordedAt)
    }))

  tested("of what is selected, with root causes further upstream", () =>
    Effect.gen(function*() {
      yield* record(...allThree, {
        key: "asset2",
        dataVersion: "b2",
        codeVersion: "0",
        inputVersions: { asset1: "a1" }
      })
      const found = yield* Catalog.staleness(three("1"), { select: "key:asset3" })
      assert.deepStrictEqual(Object.keys(found), ["asset3"])
      const { asset3 } = found
      assert.deepStrictEqual(asset3?._tag === "Stale" ? asset3.rootCauses.map(word) : [], ["code 0 -> 1"])
      const error = yield* Effect.flip(Catalog.staleness(three("1"), { select: "key:asset4" }))
      assert.strictEqual(error._tag, "UnknownAssetError")
    }))

  tested("STA24: one query for a fan-in of 100", () =>
    Effect.gen(function*() {
      const parents = Array.from({ length: 100 }, (_, at) => Asset.make(`p${at}`, { compute: nothing }))
      const sink = Asset.make("sink", { deps: parents, compute: nothing })
      const graph = Graph.fromAssets([...parents, sink])
      yield* record(...parents.map(({ key }) => ({ key, dataVersion: "1" })))
      yield* record({
        key: "sink",
        dataVersion: "1",
        inputVersions: Object.fromEntries(parents.map(({ key }) => [key, "1"]))
      })
      const log = yield* EventLog.EventLog
      const called: Array<string> = []
      const counting = new Proxy(log, {
        get: (target, name: keyof EventLog.Service) => {
          called.push(name)
          return target[name]
        }
      })
      const found = yield* Effect.provideService(asked(graph), EventLog.EventLog, counting)
      assert.strictEqual(found.sink, "Fresh")
      assert.deepStrictEqual(called, ["versions"])
    }))

  it("causes survive JSON", () => {
    const json = Schema.fromJsonString(Schema.toCodecJson(Catalog.Cause))
    const cause: Catalog.Cause = {
      _tag: "UpstreamChanged",
      key: "a",
      upstream: "b",
      partitions: { _tag: "Keys", keys: ["x"] },
      from: undefined,
      to: "2",
      at: 1,
      recordedAt: 0
    }
    const again = Schema.decodeSync(json)(Schema.encodeSync(json)(cause))
    assert.deepStrictEqual(again, cause)
  })
})

describe("staleness of partitions", () => {
  const foo = Partitions.fixed(["foo"])
  const letters = Partitions.fixed(["alpha", "beta"])
  const number = Schema.Number

  tested(
    "STA14: a partition and what has none are stale when the partition they read has other data",
    () =>
      Effect.gen(function*() {
        const asset1 = Asset.make("asset1", { partitions: foo, schema: number, compute: () => Effect.succeed(1) })
        const asset2 = Asset.make("asset2", { partitions: foo, inputs: { asset1 }, compute: nothing })
        const asset3 = Asset.make("asset3", {
          inputs: { asset1: Asset.partitions(asset1) },
          compute: nothing
        })
        const graph = Graph.make({ asset1, asset2, asset3 })
        const all = (dataVersion: string) => [{ partitions: { _tag: "Keys" as const, keys: ["foo"] }, dataVersion }]
        yield* record(
          { key: "asset1", partition: "foo", dataVersion: "1" },
          { key: "asset2", partition: "foo", dataVersion: "1", inputVersions: { asset1: "1" } },
          { key: "asset3", dataVersion: "1", inputPartitions: { asset1: all("1") } },
          { key: "asset1", partition: "foo", dataVersion: "1" }
        )
        assert.deepStrictEqual(yield* asked(graph), {
          asset1: { fresh: "foo" },
          asset2: { fresh: "foo" },
          asset3: "Fresh"
        })
        yield* record({ key: "asset1", partition: "foo", dataVersion: "2" })
        assert.deepStrictEqual(yield* asked(graph), {
          asset1: { fresh: "foo" },
          asset2: { stale: "foo", causes: ["data asset1[foo] 1 -> 2"] },
          asset3: ["data asset1[foo] 1 -> 2"]
        })
      })
  )

  tested(
    "STA15: a partition is stale for another code version, and what is downstream is not",
    () =>
      Effect.gen(function*() {
        const asset1 = Asset.make("asset1", {
          partitions: letters,
          codeVersion: "2",
          schema: number,
          compute: () => Effect.succeed(1)
        })
        const asset2 = Asset.make("asset2", { partitions: letters, inputs: { asset1 }, compute: nothing })
        yield* record(
          { key: "asset1", partition: "alpha", dataVersion: "1", codeVersion: "1" },
          { key: "asset1", partition: "beta", dataVersion: "1", codeVersion: "2" },
          { key: "asset2", partition: "alpha", dataVersion: "1", inputVersions: { asset1: "1" } }
        )
        assert.deepStrictEqual(yield* asked(Graph.make({ asset1, asset2 })), {
          asset1: { fresh: "beta", stale: "alpha", causes: ["code 1 -> 2"] },
          asset2: { fresh: "alpha", missing: "beta" }
        })
      })
  )

  tested("STA16: one from many, and many from one", () =>
    Effect.gen(function*() {
      const asset1 = Asset.make("asset1", { partitions: letters, schema: number, compute: () => Effect.succeed(1) })
      const asset2 = Asset.make("asset2", {
        inputs: { asset1: Asset.partitions(asset1) },
        schema: number,
        compute: () => Effect.succeed(1)
      })
      const asset3 = Asset.make("asset3", { partitions: letters, inputs: { asset2 }, compute: nothing })
      const graph = Graph.make({ asset1, asset2, asset3 })
      const read = (versions: Readonly<Record<string, string>>) => ({
        asset1: Object.entries(versions).map(([key, dataVersion]) => ({
          partitions: { _tag: "Keys" as const, keys: [key] },
          dataVersion
        }))
      })
      const both = { _tag: "Keys" as const, keys: ["alpha", "beta"] }
      yield* record(
        { key: "asset1", partition: "alpha", dataVersion: "a1" },
        { key: "asset1", partition: "beta", dataVersion: "b1" },
        { key: "asset2", dataVersion: "1", inputPartitions: read({ alpha: "a1", beta: "b1" }) },
        { key: "asset3", partitions: both, dataVersion: "1", inputVersions: { asset2: "1" } }
      )
      const of = (key: "asset2" | "asset3") => Effect.map(asked(graph), (all) => all[key])
      assert.deepStrictEqual([yield* of("asset2"), yield* of("asset3")], ["Fresh", { fresh: "alpha,beta" }])
      yield* record({ key: "asset1", partition: "alpha", dataVersion: "a2" })
      assert.deepStrictEqual(yield* of("asset2"), ["data asset1[alpha] a1 -> a2"])
      yield* record({ key: "asset1", partition: "beta", dataVersion: "b2" })
      assert.deepStrictEqual(yield* of("asset2"), ["data asset1[alpha,beta] undefined -> undefined"])
      assert.deepStrictEqual(yield* of("asset3"), { fresh: "alpha,beta" })
      yield* record({ key: "asset2", dataVersion: "2", inputPartitions: read({ alpha: "a2", beta: "b2" }) })
      assert.deepStrictEqual(yield* of("asset2"), "Fresh")
      assert.deepStrictEqual(yield* of("asset3"), { stale: "alpha,beta", causes: ["data asset2 1 -> 2"] })
    }))

  // Dagster never calls this one stale: it cannot tell which of the days were read
  tested(
    "STA19: what reads all days is stale when one of them has other data, and when there is a new one",
    () =>
      Effect.gen(function*() {
        const days = Partitions.fixed(["1", "2", "3"])
        const daily = Asset.make("daily", { partitions: days, schema: number, compute: () => Effect.succeed(1) })
        const total = Asset.make("total", {
          inputs: { daily: Asset.partitions(daily, { mapping: PartitionMapping.all }) },
          compute: nothing
        })
        const graph = Graph.make({ daily, total })
        const read = { daily: [{ partitions: { _tag: "Keys" as const, keys: ["1", "2"] }, dataVersion: "v" }] }
        yield* record(
          { key: "daily", partition: "1", dataVersion: "v" },
          { key: "daily", partition: "2", dataVersion: "v" },
          { key: "total", dataVersion: "t", inputPartitions: read }
        )
        const total_ = Effect.map(asked(graph), (all) => all.total)
        assert.deepStrictEqual(yield* total_, "Fresh")
        yield* record({ key: "daily", partition: "3", dataVersion: "v" })
        assert.deepStrictEqual(yield* total_, ["data daily[3] undefined -> v"])
        yield* record({ key: "daily", partition: "2", dataVersion: "w" })
        assert.deepStrictEqual(yield* total_, ["data daily[2,3] undefined -> undefined"])
      })
  )

  const keys = (...keys: ReadonlyArray<string>) => ({ _tag: "Keys" as const, keys })
  const source = Asset.external("source", { partitions: letters, schema: number })

  tested(
    "a dependency on partitions is new if it was not read, whether it is read as a map or as one",
    () =>
      Effect.gen(function*() {
        const asMap = Asset.make("asMap", { inputs: { source: Asset.partitions(source) }, compute: nothing })
        const asOne = Asset.make("asOne", { partitions: letters, inputs: { source }, compute: nothing })
        const graph = Graph.make({ source, asMap, asOne })
        yield* record(
          { observed: "source", partition: "alpha", dataVersion: "1" },
          { key: "asMap", dataVersion: "1" },
          { key: "asOne", partitions: keys("alpha", "beta"), dataVersion: "1" }
        )
        assert.deepStrictEqual(yield* asked(graph), {
          source: "Fresh",
          asMap: ["added source"],
          asOne: { fresh: "beta", stale: "alpha", causes: ["added source"] }
        })
      })
  )

  tested("what was read of partitions that are read no longer is a cause", () =>
    Effect.gen(function*() {
      const total = Asset.make("total", {
        inputs: { source: Asset.partitions(source, { mapping: PartitionMapping.specific(["alpha"]) }) },
        compute: nothing
      })
      const read = (...groups: ReadonlyArray<readonly [string, string]>) => ({
        key: "total",
        dataVersion: "1",
        inputPartitions: {
          source: groups.map(([key, dataVersion]) => ({ partitions: keys(key), dataVersion }))
        }
      })
      yield* record(
        { observed: "source", partition: "alpha", dataVersion: "1" },
        { observed: "source", partition: "beta", dataVersion: "1" },
        read(["alpha", "1"])
      )
      const found = Effect.map(asked(Graph.make({ source, total })), (all) => all.total)
      assert.deepStrictEqual(yield* found, "Fresh")
      // the mapping was another one
      yield* record(read(["alpha", "1"], ["beta", "1"]))
      assert.deepStrictEqual(yield* found, ["data source[beta] 1 -> undefined"])
      // the set had another key
      yield* record(read(["alpha", "1"], ["gone", "1"]))
      assert.deepStrictEqual(yield* found, ["data source undefined -> undefined"])
    }))

  tested("a partition is stale when the earlier one of its own asset has other data", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(4 * 86_400_000)
      const days = Partitions.daily({ start: "1970-01-01" })
      const running = Asset.make("running", {
        partitions: days,
        schema: number,
        inputs: { before: Asset.previous(number) },
        compute: () => Effect.succeed(1)
      })
      const day = (partition: string, dataVersion: string, before?: string) => ({
        key: "running",
        partition: `1970-01-0${partition}`,
        dataVersion,
        inputVersions: before === undefined ? {} : { running: before }
      })
      const graph = Graph.make({ running })
      yield* record(day("1", "a"), day("2", "b", "a"), day("3", "c", "b"))
      const fresh = "1970-01-01,1970-01-02,1970-01-03"
      assert.deepStrictEqual(yield* asked(graph), { running: { fresh, missing: "1970-01-04" } })
      yield* record(day("1", "x"))
      const { running: found } = yield* Catalog.staleness(graph)
      assert.deepStrictEqual(brief(found), {
        fresh: "1970-01-01,1970-01-03",
        stale: "1970-01-02",
        missing: "1970-01-04",
        causes: ["data running a -> x"]
      })
      assert.deepStrictEqual(found._tag === "Partitioned" ? found.rootCauses.map(word) : [], ["data running a -> x"])
    }))

  tested("a million partitions that were materialized together are compared together", () =>
    Effect.gen(function*() {
      const hours = Partitions.hourly({ start: "1900-01-01" })
      yield* TestClock.setTime(Date.parse("2020-01-01T00:00:00Z"))
      const up = Asset.external("up", { partitions: hours, schema: number })
      const down = Asset.make("down", { partitions: hours, inputs: { up }, compute: nothing })
      const all = PartitionSubset.serialize(yield* PartitionSubset.all(hours))
      yield* record(
        { key: "up", partitions: all, dataVersion: "1" },
        { key: "down", partitions: all, dataVersion: "1", inputVersions: { up: "1" } },
        { key: "up", partition: "2000-01-01-00:00", dataVersion: "2" }
      )
      const found = (yield* Catalog.staleness(Graph.make({ up, down }))).down
      assert.isTrue(found._tag === "Partitioned")
      if (found._tag !== "Partitioned") return
      assert.isAbove(PartitionSubset.size(found.fresh), 1_000_000)
      assert.strictEqual([...PartitionSubset.keys(found.stale)].join(), "2000-01-01-00:00")
    }))
})
