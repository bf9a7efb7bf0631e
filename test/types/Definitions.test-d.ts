import { Config, Context, Effect, Layer, Schema } from "effect"
import { Asset, Automation, Check, Definitions, EventLog, Graph, IOManager, Job } from "effect-assets"
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

  it("needs what hooks and sensors need", () => {
    class Mail extends Context.Service<Mail, { readonly send: Effect.Effect<void> }>()("test/Mail") {}
    class Files extends Context.Service<Files, { readonly list: Effect.Effect<ReadonlyArray<string>, Failure> }>()(
      "test/Files"
    ) {}
    const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
    const mail = Layer.succeed(Mail, { send: Effect.void })
    const files = Layer.succeed(Files, { list: Effect.succeed([]) })
    const nightly = Job.make("nightly", { select: ["a"], onFailure: () => Effect.flatMap(Mail, ({ send }) => send) })
    const sensor = Automation.sensor("files", {
      target: { select: ["a"] },
      *evaluate() {
        const names = yield* (yield* Files).list
        return Automation.requests(names.map((runKey) => ({ runKey })))
      }
    })
    const definitions = Definitions.make({
      graph,
      jobs: [nightly],
      automations: [sensor],
      layer: Layer.mergeAll(storage, mail, files)
    })
    expectTypeOf(definitions).toEqualTypeOf<Definitions.Definitions<typeof graph.assets, never, never, Mail | Files>>()
    expectTypeOf(definitions).toExtend<Definitions.Any>()
    expectTypeOf(definitions.layer).toEqualTypeOf<Layer.Layer<EventLog.Stored | IOManager.IOManager | Mail | Files>>()
    // @ts-expect-error Mail is missing
    Definitions.make({ graph, jobs: [nightly], layer: storage })
    // @ts-expect-error Files is missing
    Definitions.make({ graph, automations: [sensor], layer: storage })
    const schedule = Automation.schedule("s", { cron: "@daily", target: nightly })
    // @ts-expect-error the hook of the job of a schedule needs Mail
    Definitions.make({ graph, automations: [schedule], layer: storage })
    Definitions.make({ graph, automations: [schedule, sensor], layer: Layer.mergeAll(storage, mail, files) })
    // several jobs with hooks of their own
    const telling = Job.make("telling", { onSuccess: () => Effect.flatMap(Files, ({ list }) => list) })
    // @ts-expect-error Files is missing
    Definitions.make({ graph, jobs: [nightly, telling], layer: Layer.merge(storage, mail) })
  })

  it("refuses keys that are not in the graph", () => {
    const layer = storage
    const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)), feed: Asset.external("feed") })
    Definitions.make({ graph, jobs: [Job.make("j", { select: ["a"] })], layer })
    // @ts-expect-error there is no asset "b"
    Definitions.make({ graph, jobs: [Job.make("j", { select: ["a"] }), Job.make("k", { select: ["b"] })], layer })
    // @ts-expect-error an external asset cannot be computed
    Definitions.make({ graph, jobs: [Job.make("j", { select: ["feed"] })], layer })
    const schedule = Automation.schedule("s", { cron: "@daily", target: { select: ["b"] } })
    // @ts-expect-error there is no asset "b"
    Definitions.make({ graph, automations: [schedule], layer })
    const ofJob = Automation.schedule("s", { cron: "@daily", target: Job.make("j", { select: ["b"] }) })
    // @ts-expect-error the job has an asset "b"
    Definitions.make({ graph, automations: [ofJob], layer })
    // external assets can be looked at
    Definitions.make({
      graph,
      automations: [Automation.assetSensor("s", { asset: "feed", target: { select: ["a"] } })],
      layer
    })
    const watching = Automation.assetSensor("s", { assets: ["feed", "b"], target: { select: ["a"] } })
    // @ts-expect-error there is no asset "b" to look at
    Definitions.make({ graph, automations: [watching], layer })
    const ofRuns = Automation.runSensor("s", { status: "Failed", select: ["b"], run: () => Effect.void })
    // @ts-expect-error there is no asset "b" whose runs could be looked at
    Definitions.make({ graph, automations: [ofRuns], layer })
    // the same where they are made in the list itself
    // @ts-expect-error there is no asset "b" to look at
    Definitions.make({ graph, automations: [Automation.assetSensor("s", { asset: "b", target: {} })], layer })
    const evaluate = () => Effect.as(Api, Automation.request())
    // @ts-expect-error Api is missing
    Definitions.make({ graph, automations: [Automation.sensor("s", { evaluate })], layer })
    Definitions.make({ graph, automations: [Automation.sensor("s", { evaluate })], layer: Layer.merge(layer, api) })
    // expressions are read when the program runs
    Definitions.make({ graph, jobs: [Job.make("j", { select: "group:x" })], layer })
  })

  it("takes jobs and automations that a program has built", () => {
    const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
    const keys: ReadonlyArray<string> = ["a"]
    const jobs = keys.map((key) => Job.make(key, { select: [key] }))
    const schedules = jobs.map((target) => Automation.schedule(`${target.name}/s`, { cron: "@daily", target }))
    expectTypeOf(Definitions.make({ graph, jobs, automations: schedules, layer: storage })).toEqualTypeOf<
      Definitions.Definitions<typeof graph.assets>
    >()
    const made = Graph.fromAssets(keys.map((key) => Asset.make(key, Effect.succeed(1))))
    Definitions.make({ graph: made, jobs: [Job.make("j", { select: ["x"] })], layer: storage })
  })
})
