import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Latch, Layer, Logger, Schema, Stream } from "effect"
import { Asset, Graph } from "effect-assets"
import { Api, Client, Handlers, type Model, Operations, type Problem } from "effect-assets/server"
import { FetchHttpClient, HttpClient, HttpClientResponse, HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { RpcSerialization, RpcServer } from "effect/rpc"
import { createServer } from "node:http"
import * as net from "node:net"
import { operationsOf, storages } from "../fixtures/deployment.ts"

/** A graph whose last asset waits until it is let go. */
const gated = () => {
  const gate = Latch.makeUnsafe(false)
  const a = Asset.make("a", {
    config: Schema.Struct({ limit: Schema.Int }),
    *compute(_, { config }) {
      yield* Effect.log(`the limit is ${config.limit}`)
      return config.limit
    }
  })
  const b = Asset.make("b", {
    inputs: { a },
    *compute({ a }) {
      yield* gate.await
      yield* Effect.logWarning("let go")
      return a
    }
  })
  return { gate, graph: Graph.make({ a, b }) }
}

/** A server over a socket of this machine, and a proxy before it whose connections can be cut. */
const served = Effect.fnUntraced(function*(graph: Graph.Any) {
  const routes = Layer.mergeAll(
    Layer.provide(HttpApiBuilder.layer(Api.Api), Handlers.layer),
    RpcServer.layerHttp({ group: Api.Live, path: Api.livePath, protocol: "websocket" }).pipe(
      Layer.provide([Handlers.layerLive, RpcSerialization.layerJson])
    )
  )
  const context = yield* Layer.build(
    HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.provide(operationsOf(graph, Layer.merge(storages.memory, Logger.layer([]))))
    )
  )
  const { address } = Context.get(context, HttpServer.HttpServer)
  const port = "port" in address ? address.port : assert.fail("there is no port")
  const sockets = new Set<net.Socket>()
  const proxy = yield* Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const proxy = net.createServer((socket) => {
        const target = net.connect(port, "127.0.0.1")
        sockets.add(socket)
        socket.pipe(target).pipe(socket)
        socket.on("error", () => target.destroy()).on("close", () => target.destroy())
        target.on("error", () => socket.destroy()).on("close", () => socket.destroy())
      })
      proxy.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
    }),
    (proxy) =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        proxy.close(() => resume(Effect.void))
      })
  )
  const url = `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`
  const cut = Effect.sync(() => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  })
  return { url, cut }
})

const clientOf = (url: string) =>
  Effect.map(
    Layer.build(Layer.provide(Client.layer({ url }), FetchHttpClient.layer)),
    (context) => Context.get(context, Operations.Operations)
  )

/** Waits until something is there. What is waited for comes over a socket, so the clock is that of the machine. */
const until = (isThere: () => boolean) =>
  Effect.repeat(Effect.sleep(5), { until: () => Effect.sync(isThere), times: 2_000 })

describe("a client", () => {
  it.live("does what the server does", () =>
    Effect.gen(function*() {
      const { gate, graph } = gated()
      yield* gate.open
      const { url } = yield* served(graph)
      const operations = yield* clientOf(`${url}/`)
      assert.strictEqual((yield* operations.deployment).assets, 2)
      assert.lengthOf((yield* operations.graph).edges, 1)
      const { runId } = yield* operations.launch({ config: { a: { limit: 3 } } })
      const events = (yield* Stream.runCollect(operations.followRun(runId))).flat()
      assert.strictEqual(events[0]!._tag, "RunStarted")
      assert.deepInclude(events.at(-1), { _tag: "RunFinished", status: "Succeeded" })
      const logged = (yield* Stream.runCollect(operations.followLog(runId))).flat()
      assert.deepStrictEqual(logged.map(({ message }) => message), ["the limit is 3", "let go"])
      assert.deepStrictEqual((yield* operations.assets({ limit: 1 })).items.map(({ key }) => key), ["a"])
      assert.strictEqual((yield* operations.value({ key: "b" })).text, "3")
      assert.deepStrictEqual(yield* operations.select("b"), { select: "b", keys: ["b"] })
      // what has ended is followed to its end from any cursor
      assert.deepStrictEqual((yield* Stream.runCollect(operations.followRun(runId, 1_000))).flat(), [])
    }).pipe(Effect.scoped))

  it.live("fails as the server does", () =>
    Effect.gen(function*() {
      const { url } = yield* served(gated().graph)
      const operations = yield* clientOf(url)
      const missing = yield* Effect.flip(operations.asset("c"))
      assert.deepInclude(missing, { _tag: "NotFound", what: "asset", id: "c" })
      const config = yield* Effect.flip(operations.launch({ config: { a: { limit: "x" } } }))
      assert.deepInclude(config, { _tag: "Invalid", code: "RunConfigError" })
      const limit = yield* Effect.flip(operations.assets({ limit: 5_001 }))
      assert.strictEqual(limit._tag, "Invalid")
      const problems: ReadonlyArray<Effect.Effect<unknown, Problem.Problem>> = [
        Stream.runDrain(operations.followRun("nope")),
        Stream.runDrain(operations.followLog("nope")),
        operations.cancel("nope")
      ]
      for (const problem of problems) assert.deepInclude(yield* Effect.flip(problem), { _tag: "NotFound", what: "run" })
    }).pipe(Effect.scoped))

  it.live("goes on where it was when a connection breaks", () =>
    Effect.gen(function*() {
      const { gate, graph } = gated()
      const { cut, url } = yield* served(graph)
      const operations = yield* clientOf(url)
      const { runId } = yield* operations.launch({ config: { a: { limit: 3 } } })
      const seen: Array<Model.RunEvent> = []
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(operations.followRun(runId), (events) => Effect.sync(() => void seen.push(...events)))
      )
      yield* until(() => seen.some((event) => event._tag === "AssetStarted" && event.key === "b"))
      yield* cut
      yield* until(() => seen.filter((event) => event._tag === "AssetStarted" && event.key === "b").length === 2)
      yield* gate.open
      yield* Fiber.join(fiber)
      const recorded = seen.flatMap((event) =>
        event._tag === "AssetFinished" ? event.event.key : "cursor" in event ? event._tag : []
      )
      assert.deepStrictEqual(recorded, ["RunStarted", "a", "b", "RunFinished"])
    }).pipe(Effect.scoped))

  it.live("is told what changes, and hello again after a connection broke", () =>
    Effect.gen(function*() {
      const { gate, graph } = gated()
      yield* gate.open
      const { cut, url } = yield* served(graph)
      const operations = yield* clientOf(url)
      const seen: Array<Model.Change> = []
      const hellos = () => seen.filter(({ _tag }) => _tag === "Hello").length
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(operations.changes, (change) => Effect.sync(() => void seen.push(change)))
      )
      yield* until(() => hellos() === 1)
      yield* cut
      yield* until(() => hellos() === 2)
      yield* operations.launch({ config: { a: { limit: 3 } } })
      yield* until(() =>
        seen.some((change) =>
          change._tag === "StatusChanged" &&
          change.statuses.some(({ key, staleness }) => key === "b" && staleness === "Fresh")
        )
      )
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.live("says so, and the way out, where there is no server", () =>
    Effect.gen(function*() {
      // a port that was free a moment ago
      const port = yield* Effect.callback<number>((resume) => {
        const server = net.createServer().listen(0, "127.0.0.1", () => {
          const { port } = server.address() as net.AddressInfo
          server.close(() => resume(Effect.succeed(port)))
        })
      })
      const operations = yield* clientOf(`http://127.0.0.1:${port}`)
      const problems: ReadonlyArray<Effect.Effect<unknown, Problem.Problem>> = [
        operations.assets({}),
        Stream.runDrain(operations.followRun("a")),
        Stream.runDrain(operations.followLog("a")),
        Stream.runDrain(operations.changes)
      ]
      for (const problem of problems) {
        const error = yield* Effect.flip(problem)
        assert.deepInclude(error, { _tag: "Unavailable", code: "Unreachable" })
        assert.include(error.message, `http://127.0.0.1:${port}`)
        assert.include(error.message, "Start the server")
      }
    }).pipe(Effect.scoped))

  it.effect("says so where something else answers, or does not let it in", () =>
    Effect.gen(function*() {
      const answering = (status: number, body: string) =>
        Layer.build(Layer.provide(
          Client.layer({ url: "http://localhost:1" }),
          Layer.succeed(
            HttpClient.HttpClient,
            HttpClient.make((request) =>
              Effect.succeed(
                HttpClientResponse.fromWeb(
                  request,
                  new Response(body, { status, headers: { "content-type": "application/json" } })
                )
              )
            )
          )
        )).pipe(Effect.map((context) => Context.get(context, Operations.Operations)))
      const refused = yield* Effect.flip((yield* answering(401, "{}")).assets({}))
      assert.deepInclude(refused, { _tag: "Unavailable", code: "NotAllowed" })
      assert.include(refused.message, "token")
      const other = yield* Effect.flip((yield* answering(200, "{\"hello\":1}")).assets({}))
      assert.deepInclude(other, { _tag: "Unavailable", code: "UnexpectedAnswer" })
      const html = yield* Effect.flip((yield* answering(404, "<html>")).assets({}))
      assert.deepInclude(html, { _tag: "Unavailable", code: "UnexpectedAnswer" })
    }).pipe(Effect.scoped))
})
