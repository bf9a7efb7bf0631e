import { Config, Context, Effect, Layer, Schema } from "effect"
import { Asset, Check, Definitions, EventLog, Graph, IOManager } from "effect-assets"
import { Local } from "effect-assets/node"
import { Deployment } from "effect-assets/server"
import { describe, expectTypeOf, it } from "vitest"

class Failure extends Schema.TaggedError<Failure>()("Failure", {}) {}
class Api extends Context.Service<Api, { readonly get: Effect.Effect<number, Failure> }>()("test/Api") {}
class Audit extends Context.Service<Audit, { readonly ok: boolean }>()("test/Audit") {}
class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("test/Warehouse") {}

const source = Asset.make("source", { compute: () => Effect.flatMap(Api, (api) => api.get) })
const total = Asset.make("total", {
  inputs: { source },
  ioManager: Warehouse,
  compute: ({ source }) => Effect.succeed(source)
})
const audited = Check.make("audited", { asset: source, check: () => Effect.map(Audit, ({ ok }) => ok) })
const graph = Graph.make({ source, total, audited })

const storage = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
const api = Layer.succeed(Api, { get: Effect.succeed(1) })
const audit = Layer.succeed(Audit, { ok: true })
const warehouse = Layer.effect(Warehouse, IOManager.makeMemory)
const all = Layer.mergeAll(storage, api, audit, warehouse)

/** What a layer lacks, as the compiler names it. */
type Lacks<L> = L extends Layer.Layer<infer Out, infer _E, infer _R> ?
  Exclude<Definitions.Services<typeof graph.assets, typeof audited>, Out>
  : never

describe("Definitions.make", () => {
  it("needs the services of assets, IO managers and checks, the log and dynamic keys", () => {
    expectTypeOf<Definitions.Services<typeof graph.assets, typeof audited>>().toEqualTypeOf<
      Api | Audit | Warehouse | IOManager.IOManager | EventLog.Stored
    >()
    const definitions = Definitions.make({ graph, layer: all })
    expectTypeOf(definitions.graph).toEqualTypeOf(graph)
    expectTypeOf(definitions).toExtend<Definitions.Any>()
  })

  it("refuses a layer that lacks a service", () => {
    const noApi = Layer.mergeAll(storage, audit, warehouse)
    expectTypeOf<Lacks<typeof noApi>>().toEqualTypeOf<Api>()
    // @ts-expect-error Api is missing
    Definitions.make({ graph, layer: noApi })
    const noWarehouse = Layer.mergeAll(storage, api, audit)
    expectTypeOf<Lacks<typeof noWarehouse>>().toEqualTypeOf<Warehouse>()
    // @ts-expect-error the IO manager of total is missing
    Definitions.make({ graph, layer: noWarehouse })
    const noAudit = Layer.mergeAll(storage, api, warehouse)
    expectTypeOf<Lacks<typeof noAudit>>().toEqualTypeOf<Audit>()
    // @ts-expect-error what a check needs is missing
    Definitions.make({ graph, layer: noAudit })
    const noLog = Layer.mergeAll(IOManager.layerMemory, api, audit, warehouse)
    expectTypeOf<Lacks<typeof noLog>>().toEqualTypeOf<EventLog.Stored>()
    // @ts-expect-error the event log is missing
    Definitions.make({ graph, layer: noLog })
    // @ts-expect-error the log is needed also where nothing is computed
    Definitions.make({ graph: Graph.make({}), layer: Layer.empty })
  })

  it("refuses a layer that needs something itself", () => {
    const needy = Layer.merge(all, Layer.effect(Api, Effect.map(Audit, () => ({ get: Effect.succeed(1) }))))
    // @ts-expect-error nobody provides Audit to it
    Definitions.make({ graph, layer: needy })
  })

  it("takes a layer that provides more, and keeps its errors", () => {
    const a = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
    expectTypeOf(Definitions.make({ graph: a, layer: all })).toEqualTypeOf<
      Definitions.Definitions<typeof a.assets, never, never>
    >()
    const failing = Layer.merge(all, Layer.effect(Audit, Effect.map(Config.Boolean("OK"), (ok) => ({ ok }))))
    const definitions = Definitions.make({ graph, layer: failing })
    expectTypeOf<Layer.Error<typeof definitions.layer>>().toEqualTypeOf<Config.ConfigError>()
    expectTypeOf(Deployment.layerOf(definitions)).toEqualTypeOf<
      Layer.Layer<Deployment.Deployment, Config.ConfigError>
    >()
  })

  it("takes what keeps everything in a directory", () => {
    const a = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
    expectTypeOf(Definitions.make({ graph: a, layer: Local.layer({ directory: ".assets" }) })).toExtend<
      Definitions.Any
    >()
  })
})
