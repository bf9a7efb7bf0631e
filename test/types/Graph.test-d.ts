import { Context, Effect, Layer, Schema, type Scope, type Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

class Failure extends Schema.TaggedError<Failure>()("Failure", {}) {}
class Api extends Context.Service<Api, { readonly get: Effect.Effect<number, Failure> }>()("test/Api") {}
class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("test/Warehouse") {}

const source = Asset.make("raw/source", { compute: () => Effect.flatMap(Api, (api) => api.get) })
const total = Asset.make("total", {
  inputs: { source },
  config: Schema.Struct({ factor: Schema.NumberFromString }),
  ioManager: Warehouse,
  *compute({ source }, { config }) {
    return source * config.factor
  }
})
const report = Asset.make("report", { deps: [total], compute: () => Effect.void })
const graph = Graph.make({ source, total, report, notAnAsset: 42 })

describe("Graph.make", () => {
  it("keeps the assets under their names and leaves out the rest", () => {
    expectTypeOf<keyof typeof graph.assets>().toEqualTypeOf<"source" | "total" | "report">()
    expectTypeOf<Graph.Keys<typeof graph.assets>>().toEqualTypeOf<"raw/source" | "total" | "report">()
  })

  it("refuses a record that lacks an upstream asset, and names its key", () => {
    // @ts-expect-error report comes after total, which is missing
    Graph.make({ source, report })
    type Missing = Parameters<typeof Graph.make<{ readonly report: typeof report }>>[0]["report"]
    expectTypeOf<Missing>().toExtend<Graph.MissingUpstream<"total">>()
  })

  it("takes an external asset as given", () => {
    const reader = Asset.make("reader", { deps: [Asset.external("elsewhere")], compute: () => Effect.void })
    Graph.make({ reader })
  })

  it("takes assets whose types were written by hand", () => {
    const hand: Asset.Asset<"hand", number, Failure, Api | IOManager.IOManager> = Asset.make("hand", {
      inputs: { source },
      compute: ({ source }) => Effect.succeed(source)
    })
    expectTypeOf<keyof ReturnType<typeof both>["assets"]>().toEqualTypeOf<"hand" | "source">()
    const both = () => Graph.make({ hand, source })
  })

  it("takes a multi-asset for its outputs", () => {
    const prices = Asset.multi("prices", {
      outputs: { open: {}, close: {} },
      compute: () => Effect.succeed({ open: 1, close: 2 })
    })
    const spread = Asset.make("spread", {
      inputs: prices.assets,
      compute: ({ open, close }) => Effect.succeed(close - open)
    })
    expectTypeOf<keyof ReturnType<typeof both>["assets"]>().toEqualTypeOf<"open" | "close" | "spread">()
    const both = () => Graph.make({ prices, spread })
    // @ts-expect-error the outputs are missing
    Graph.make({ spread })
  })
})

describe("combinators", () => {
  it("prefix the keys in the types", () => {
    const prefixed = Graph.prefix(graph, "tenant")
    expectTypeOf<Graph.Keys<typeof prefixed.assets>>().toEqualTypeOf<
      "tenant/raw/source" | "tenant/total" | "tenant/report"
    >()
    Runtime.run(prefixed, { config: { "tenant/total": { factor: "2" } } })
    // @ts-expect-error the key has a prefix now
    Runtime.run(prefixed, { config: { total: { factor: "2" } } })
  })

  it("merge records, with assets in the place of external ones", () => {
    const outside = Graph.make({ total: Asset.toExternal(total), report })
    const merged = Graph.merge(outside, graph)
    expectTypeOf<keyof typeof merged.assets>().toEqualTypeOf<"source" | "total" | "report">()
    expectTypeOf<Graph.Services<typeof merged.assets>>().toEqualTypeOf<Api | IOManager.IOManager | Warehouse>()
  })
})

describe("Runtime", () => {
  it("needs what the assets need, and fails as they fail", () => {
    expectTypeOf(Runtime.materialize(graph)).toEqualTypeOf<
      Effect.Effect<
        Runtime.Run<typeof graph.assets>,
        Failure | Runtime.RuntimeError,
        Api | IOManager.IOManager | Warehouse | EventLog.EventLog
      >
    >()
    expectTypeOf(Runtime.run(graph)).toEqualTypeOf<
      Effect.Effect<
        Runtime.Run<typeof graph.assets>,
        Runtime.RunError,
        Api | IOManager.IOManager | Warehouse | EventLog.EventLog
      >
    >()
    expectTypeOf<Stream.Error<ReturnType<typeof stream>>>().toEqualTypeOf<Runtime.RunError>()
    const stream = () => Runtime.stream(graph)
  })

  it("knows the keys that can be selected and the configuration", () => {
    Runtime.run(graph, { select: ["total"], config: { total: { factor: "2" } } })
    // @ts-expect-error there is no such asset
    Runtime.run(graph, { select: ["totl"] })
    // @ts-expect-error the factor is a text in the encoded form
    Runtime.run(graph, { config: { total: { factor: 2 } } })
    // @ts-expect-error report takes no configuration
    Runtime.run(graph, { config: { report: {} } })
    const outside = Graph.make({ total: Asset.toExternal(total), report })
    // @ts-expect-error an external asset cannot be selected
    Runtime.run(outside, { select: ["total"] })
  })

  it("refuses options that it does not have", () => {
    // @ts-expect-error it is written concurrency
    Runtime.run(graph, { concurency: 1 })
    // @ts-expect-error a run has no missing partitions, a backfill has
    Runtime.run(graph, { partitions: "missing" })
    Runtime.backfill(graph, { partitions: "missing" })
    // @ts-expect-error a backfill is of several partitions
    Runtime.backfill(graph, { partition: "2024-01-01" })
    // @ts-expect-error there is no such asset
    Runtime.backfill(graph, { targets: { totl: "all" } })
    // @ts-expect-error there is no such choice of checks
    Runtime.run(graph, { checks: "all" })
  })

  it("has outcomes by name, with each asset's own error", () => {
    type Outcomes = Runtime.Run<typeof graph.assets>["outcomes"]
    expectTypeOf<Outcomes["source"]>().toEqualTypeOf<Runtime.Outcome<Failure>>()
    expectTypeOf<Outcomes["total"]>().toEqualTypeOf<Runtime.Outcome<never>>()
    // @ts-expect-error it is not an asset
    type _None = Outcomes["notAnAsset"]
  })

  it("loads a value through the asset's own storage", () => {
    expectTypeOf(Runtime.load(total)).toEqualTypeOf<Effect.Effect<number, IOManager.IOManagerError, Warehouse>>()
  })

  it("has loaders for the assets whose storage their layer provides", () => {
    const loader = Runtime.makeLoader(IOManager.layerMemory)
    expectTypeOf(loader).toEqualTypeOf<Effect.Effect<Runtime.Loader<IOManager.IOManager, never>, never, Scope.Scope>>()
    Effect.flatMap(loader, (loader) => loader.load(source))
    // @ts-expect-error the layer has no Warehouse
    Effect.flatMap(loader, (loader) => loader.load(total))
  })

  it("does not run without the layers", () => {
    const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
    // @ts-expect-error Api and Warehouse are missing
    Effect.runPromise(Effect.provide(Runtime.run(graph), inMemory))
  })
})
