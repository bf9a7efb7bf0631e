import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import { Asset, Check, Freshness, Graph, Partitions } from "effect-assets"
import { Api, Handlers, Model } from "effect-assets/server"
import { HttpClient, HttpClientRequest, HttpRouter } from "effect/http"
import { HttpApiBuilder, HttpApiClient } from "effect/http-api"
import { RpcTest } from "effect/rpc"
import { operationsOf, storages } from "../fixtures/deployment.ts"

const hostile = "<script>/..\\/🧡 ?&=%"
const prices = Asset.external("raw/prices", {
  freshness: Freshness.window({ fail: "1 day" }),
  observe: Effect.succeed("v1")
})
const daily = Asset.make("daily", {
  partitions: Partitions.daily({ start: "2024-01-01", end: "2024-01-11" }),
  compute: (_, { partition }) => Effect.succeed(Asset.output(partition.key, { metadata: { rows: 3 } }))
})
const report = Asset.make(hostile, {
  description: "What was sold",
  inputs: { daily: Asset.partitions(daily), prices: Asset.optional(prices) },
  config: Schema.Struct({ limit: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(7))) }),
  schema: Schema.Struct({ total: Schema.Number }),
  *compute({ daily }) {
    yield* Asset.step("sum", Effect.log("summing"))
    return Asset.output({ total: daily.size }, {
      metadata: { total: daily.size, url: new URL("https://example.com/") }
    })
  }
})
const broken = Asset.make("broken", { deps: [report], compute: () => Effect.fail(new Error("no data")) })
const positive = Check.make("positive", { asset: report, check: ({ total }) => Effect.succeed(total > 100) })
const graph = Graph.make({ prices, daily, report, broken, positive })

const layer = operationsOf(graph, Layer.merge(storages.memory, Logger.layer([])))
const server = HttpRouter.serve(
  Layer.provide(HttpApiBuilder.layer(Api.Api, { openapiPath: "/api/openapi.json" }), Handlers.layer),
  { disableListenLog: true, disableLogger: true }
).pipe(Layer.provideMerge(NodeHttpServer.layerTest), Layer.provide(layer))

/** What is told of a kind of data goes through JSON and comes out as it was. */
const assertRoundTrip = <S extends Schema.Codec<unknown, unknown>>(schema: S, value: S["Type"]) =>
  Effect.gen(function*() {
    const text = JSON.stringify(yield* Schema.encodeUnknownEffect(Schema.toCodecJson(schema))(value))
    const read = yield* Schema.decodeUnknownEffect(Schema.toCodecJson(schema))(JSON.parse(text))
    assert.deepStrictEqual(read, value)
    // nothing is told that the schema does not have
    assert.deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
  })

describe("the API", () => {
  it.live("does each operation, and what it answers is what its schema says", () =>
    Effect.gen(function*() {
      const { assets, deployment, runs } = yield* HttpApiClient.make(Api.Api)
      yield* assertRoundTrip(Model.Deployment, yield* deployment.get())
      yield* assertRoundTrip(Model.GraphModel, yield* deployment.graph())
      yield* assertRoundTrip(Model.Selected, yield* deployment.selection({ query: { select: "daily+" } }))

      const { backfillId } = yield* runs.backfill({
        payload: { select: "daily", partitions: { from: "2024-01-02", to: "2024-01-04" }, partitionsPerRun: "all" }
      })
      yield* Effect.repeat(runs.getBackfill({ params: { id: backfillId } }), {
        while: ({ status }) => status === "Running"
      })
      yield* assertRoundTrip(Model.BackfillDetail, yield* runs.getBackfill({ params: { id: backfillId } }))
      yield* assertRoundTrip(
        Model.BackfillPlan,
        yield* runs.planBackfill({ payload: { select: "daily", partitions: "missing" } })
      )
      const request = { keys: [hostile, "broken"], config: { [hostile]: { limit: 3 } }, tags: { who: "me" } }
      yield* assertRoundTrip(Model.RunPlan, yield* runs.plan({ payload: request }))
      const { runId } = yield* runs.launch({ payload: request })
      const events = yield* Stream.runCollect(yield* runs.events({ params: { id: runId }, query: {} }))
      for (const event of events) yield* assertRoundTrip(Model.RunEvent, event)
      const kinds = new Set(events.map(({ _tag }) => _tag))
      for (const tag of ["RunStarted", "AssetFinished", "CheckFinished", "RunFinished"] as const) {
        assert.isTrue(kinds.has(tag))
      }

      yield* assertRoundTrip(Model.RunDetail, yield* runs.get({ params: { id: runId } }))
      yield* assertRoundTrip(Model.Page(Model.RunSummary), yield* runs.list({ query: { limit: 1 } }))
      yield* assertRoundTrip(
        Model.Page(Model.AssetEvent),
        yield* runs.assets({ params: { id: runId }, query: { limit: 1 } })
      )
      yield* assertRoundTrip(
        Model.Page(Model.LogEntry),
        yield* runs.log({ params: { id: runId }, query: { level: "Info" } })
      )

      yield* assertRoundTrip(Model.Page(Model.AssetSummary), yield* assets.list({ query: { limit: 2 } }))
      for (const key of [hostile, "daily", "raw/prices", "broken"]) {
        yield* assertRoundTrip(Model.AssetDetail, yield* assets.get({ query: { key } }))
        yield* assertRoundTrip(
          Model.Page(Model.AssetEvent),
          yield* assets.history({ query: { key, materialized: false } })
        )
        yield* assertRoundTrip(Model.Series, yield* assets.series({ query: { key } }))
        yield* assertRoundTrip(Model.Page(Model.CheckModel), yield* assets.checks({ query: { key, limit: 10 } }))
      }
      yield* assertRoundTrip(Model.PartitionsModel, yield* assets.partitions({ query: { key: "daily" } }))
      yield* assertRoundTrip(
        Model.Page(Model.PartitionModel),
        yield* assets.partitionList({ query: { key: "daily", state: "Fresh", limit: 2 } })
      )
      yield* assertRoundTrip(Model.StoredValue, yield* assets.value({ query: { key: hostile, maxLength: 5 } }))
      yield* assertRoundTrip(Model.Validation, yield* deployment.validate({ payload: { partitions: 1 } }))
      assert.deepStrictEqual(yield* assets.observe({ payload: { key: "raw/prices" } }), { dataVersion: "v1" })
      const reported = yield* assets.report({
        payload: { key: "daily", partition: "2024-01-09", metadata: { rows: 1 } }
      })
      assert.isString(reported.runId)
      const retried = yield* runs.retry({ params: { id: runId }, payload: {} })
      yield* Stream.runDrain(yield* runs.events({ params: { id: retried.runId }, query: { after: 3 } }))
      assert.strictEqual((yield* runs.get({ params: { id: retried.runId } })).retryOf, runId)
      assert.strictEqual((yield* Effect.flip(runs.cancel({ params: { id: runId }, payload: {} })))._tag, "Conflict")
      assert.strictEqual((yield* Effect.flip(runs.cancelBackfill({ params: { id: backfillId } })))._tag, "Conflict")
      assert.deepStrictEqual(yield* assets.wipe({ payload: { keys: [hostile] } }), { keys: [hostile] })
      assert.strictEqual((yield* deployment.reload()).generation, 2)
    }).pipe(Effect.provide(server)))

  it.live("answers with problem documents", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const ask = Effect.fnUntraced(function*(request: HttpClientRequest.HttpClientRequest) {
        const response = yield* client.execute(request)
        return { status: response.status, type: response.headers["content-type"], body: yield* response.json }
      })
      const missing = yield* ask(HttpClientRequest.get(`/api/asset?key=${encodeURIComponent("dayly")}`))
      assert.deepInclude(missing, { status: 404, type: "application/problem+json" })
      assert.deepInclude(missing.body, { type: "urn:effect-assets:problem:not-found", suggestions: ["daily"] })
      const invalid = yield* ask(HttpClientRequest.get("/api/assets?select=(("))
      assert.deepInclude(invalid, { status: 422, type: "application/problem+json" })
      const unreadable = yield* ask(HttpClientRequest.get("/api/assets?limit=many"))
      assert.deepInclude(unreadable, { status: 400, type: "application/problem+json" })
      assert.include(JSON.stringify(unreadable.body), "limit")
      const tooMany = yield* ask(HttpClientRequest.get("/api/assets?limit=5001"))
      assert.strictEqual(tooMany.status, 400)
      const events = yield* ask(HttpClientRequest.get("/api/runs/nope/events"))
      assert.deepInclude(events, { status: 404, type: "application/problem+json" })
    }).pipe(Effect.provide(server)))

  it.live("documents itself", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const document = JSON.stringify(yield* (yield* client.get("/api/openapi.json")).json)
      for (const path of ["/api/assets", "/api/runs/{id}/events", "/api/backfills/{id}"]) assert.include(document, path)
    }).pipe(Effect.provide(server)))
})

describe("what is pushed", () => {
  it.live("are changes, runs and logs", () =>
    Effect.gen(function*() {
      const client = yield* RpcTest.makeClient(Api.Live)
      const first = yield* Stream.runHead(client.changes())
      assert.strictEqual(first._tag === "Some" && first.value._tag, "Hello")
      const missing = yield* Effect.flip(Stream.runDrain(client.run({ id: "nope" })))
      assert.deepInclude(missing, { _tag: "NotFound", what: "run" })
      assert.deepInclude(yield* Effect.flip(Stream.runDrain(client.log({ id: "nope" }))), { _tag: "NotFound" })
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(Handlers.layerLive, layer))))
})
