/**
 * Serves the API of the example, or of a made-up graph, on 127.0.0.1:4400, for work on the web UI.
 *
 * usage: node scripts/devServer.ts [--assets COUNT] [--port PORT]
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { RpcSerialization, RpcServer } from "effect/rpc"
import { createServer } from "node:http"
import { parseArgs } from "node:util"
import { Asset, Check, Definitions, EventLog, Graph, IOManager, Partitions, RunLogs } from "../src/index.ts"
import { Api, Live, livePath } from "../src/server/Api.ts"
import { Deployment, Handlers, Operations } from "../src/server/index.ts"

const { values } = parseArgs({ options: { assets: { type: "string" }, port: { type: "string", default: "4400" } } })

const made = (count: number): Definitions.Any => {
  const assets: Array<Asset.Any> = []
  const days = Partitions.daily({ start: "2024-01-01", end: "2025-01-01" })
  for (let at = 0; at < count; at++) {
    const deps = [1, 38, 75].flatMap((back) => assets[at - back] ?? [])
    const group = `team_${Math.floor(at / 100)}/part_${Math.floor(at / 25) % 4}`
    const common = {
      deps,
      group,
      codeVersion: "1",
      kinds: ["sql"],
      description: `The asset number ${at}. It is made up.`
    }
    assets.push(
      at % 50 === 7
        ? Asset.make(`layer/asset_${at}`, {
          ...common,
          partitions: days,
          *compute(_: unknown, context: { readonly partitionKey: string }) {
            yield* Effect.sleep("20 millis")
            return Asset.output(context.partitionKey, { metadata: { rows: Number(context.partitionKey.slice(-2)) } })
          }
        })
        : Asset.make(`layer/asset_${at}`, {
          ...common,
          *compute() {
            yield* Effect.log(`computing ${at}`)
            yield* Effect.sleep("200 millis")
            if (at % 97 === 96) return yield* Effect.fail(new Error(`There is no data for ${at}`))
            return Asset.output(at, { metadata: { rows: at, share: at / count } })
          }
        })
    )
  }
  const checks = assets.flatMap((asset, at) =>
    at % 10 === 3 && asset.partitions === undefined
      ? [Check.make("positive", { asset, severity: "warn", check: Effect.succeed(at % 20 !== 3) })]
      : []
  )
  return Definitions.make({
    graph: Graph.fromAssets(assets, { checks }),
    // the services of assets of any type are not known
    layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory, RunLogs.layerMemory) as never
  }) as Definitions.Any
}

const definitions = values.assets === undefined
  ? Effect.map(Effect.promise(() => import("../examples/weather/definitions.ts")), (module) => module.default as never)
  : Effect.sync(() => made(Number(values.assets)))

const operations = Layer.provide(
  Operations.layer,
  Deployment.layer({
    module: values.assets === undefined ? "examples/weather/definitions.ts" : `${values.assets} made-up assets`,
    load: definitions
  })
)

const routes = Layer.mergeAll(
  Layer.provide(HttpApiBuilder.layer(Api, { openapiPath: "/api/openapi.json" }), Handlers.layer),
  RpcServer.layerHttp({ group: Live, path: livePath, protocol: "websocket" }).pipe(
    Layer.provide([Handlers.layerLive, RpcSerialization.layerJson])
  )
)

NodeRuntime.runMain(Layer.launch(
  HttpRouter.serve(routes).pipe(
    Layer.provide([operations, NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: Number(values.port) })])
  )
))
