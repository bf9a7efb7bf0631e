import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { type Model, Server } from "effect-assets/server"
import { HttpEffect, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { ask, deployment, get, operations, serve, upgrade } from "../fixtures/http.ts"

const finished: Model.RunEvent = {
  _tag: "RunFinished",
  cursor: 1,
  timestamp: 0,
  status: "Succeeded",
  durationMillis: 0
}

const script = "console.log('assets')\n".repeat(200)

/** A web UI as it is built, with a link out of it. */
const built = Effect.acquireRelease(
  Effect.sync(() => {
    const home = mkdtempSync(join(tmpdir(), "assets-ui-"))
    const ui = join(home, "ui")
    mkdirSync(join(ui, "assets"), { recursive: true })
    writeFileSync(join(ui, "index.html"), "<!doctype html><title>assets</title>")
    writeFileSync(join(ui, "theme.js"), "0")
    writeFileSync(join(ui, "assets", "index-AbC_123.js"), script)
    writeFileSync(join(ui, "a b.txt"), "a space")
    writeFileSync(join(home, "secret.txt"), "secret")
    symlinkSync(join(home, "secret.txt"), join(ui, "link.txt"))
    symlinkSync(home, join(ui, "up"))
    return { home, ui }
  }),
  ({ home }) => Effect.sync(() => rmSync(home, { recursive: true }))
)

const pages = Effect.gen(function*() {
  const { ui } = yield* built
  return { ui, server: yield* serve({ ui }) }
})

describe("Server.layer", () => {
  it.live("serves the API where it says that it listens", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      assert.strictEqual(server.url, `http://127.0.0.1:${server.port}`)
      assert.strictEqual(Redacted.value(server.uiUrl), server.url)
      assert.isUndefined(server.token)
      const answer = yield* Effect.promise(() =>
        fetch(`${server.url}/api/deployment`).then((response) => response.json())
      )
      assert.deepStrictEqual(answer, deployment)
      const document = yield* ask(server, { path: "/api/openapi.json" })
      assert.isDefined(JSON.parse(document.text).paths["/api/runs/{id}/events"])
      assert.strictEqual((yield* ask(server, { method: "HEAD" })).status, 200)
    }))

  it.live("says what to do when the port is in use, or takes another one if it may", () =>
    Effect.gen(function*() {
      const { port } = yield* serve()
      const error = yield* Effect.flip(serve({ port }))
      assert.strictEqual(
        error.message,
        `The server does not listen: the port ${port} of 127.0.0.1 is in use. Choose another one, or end what listens there`
      )
      const second = yield* serve({ port, portFallback: true })
      assert.isAbove(second.port, port)
      assert.strictEqual((yield* ask(second)).status, 200)
    }))

  it.live("says what to do about an address that is not there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(serve({ host: "203.0.113.1" }))
      assert.match(error.message, /203\.0\.113\.1 is no address of this machine\. Use 127\.0\.0\.1/)
    }))

  it.live("ends its connections when it is closed: idle ones, streams, WebSockets, and those that say nothing", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const began = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const server = yield* Scope.provide(
        serve({}, {
          runAssets: () => Effect.succeed({ items: [] }),
          followRun: () =>
            Stream.concat(
              Stream.succeed([finished]),
              Stream.never
            ).pipe(
              Stream.tap(() => Deferred.succeed(began, undefined)),
              Stream.ensuring(Deferred.succeed(ended, undefined))
            )
        }),
        scope
      )
      const following = yield* Effect.forkChild(ask(server, { path: "/api/runs/x/events" }))
      const silent = Net.connect(server.port, server.host)
      const silentClosed = new Promise((resolve) => silent.once("close", resolve))
      const webSocket = new WebSocket(`ws://127.0.0.1:${server.port}/api/live`)
      const webSocketClosed = new Promise<number>((resolve) =>
        webSocket.addEventListener("close", ({ code }) => resolve(code))
      )
      yield* Effect.promise(() => new Promise((resolve) => webSocket.addEventListener("open", resolve)))
      yield* Effect.promise(() => fetch(`${server.url}/api/deployment`).then((response) => response.text()))
      yield* Deferred.await(began)
      const before = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - before, 5_000)
      yield* Deferred.await(ended)
      assert.strictEqual((yield* Effect.flip(Fiber.join(following))).message, "aborted")
      assert.strictEqual(yield* Effect.promise(() => webSocketClosed), 1001)
      yield* Effect.promise(() => silentClosed)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(server))))
    }))

  it.live("pushes changes over a WebSocket", () =>
    Effect.gen(function*() {
      const server = yield* serve({}, { changes: Stream.succeed({ _tag: "Hello", deployment }) })
      const webSocket = yield* Effect.acquireRelease(
        Effect.sync(() => new WebSocket(`ws://127.0.0.1:${server.port}/api/live`)),
        (webSocket) => Effect.sync(() => webSocket.close())
      )
      const messages = yield* Effect.callback<ReadonlyArray<string>>((resume) => {
        const received: Array<string> = []
        webSocket.addEventListener("open", () =>
          webSocket.send(
            JSON.stringify({ _tag: "Request", id: "1", tag: "changes", payload: null, headers: [] })
          ))
        webSocket.addEventListener("message", ({ data }) => {
          received.push(String(data))
          if (String(data).includes(`"Exit"`)) resume(Effect.succeed(received))
          else webSocket.send(JSON.stringify({ _tag: "Ack", requestId: "1" }))
        })
      })
      assert.match(messages.join(""), /"Hello".*definitions\.ts.*"Exit"/s)
    }))
})

describe("compression", () => {
  const large = {
    graph: Effect.succeed({
      generation: 1,
      assets: Array.from({ length: 100 }, (_, index) => ({
        key: `asset/${index}`,
        kinds: [],
        tags: {},
        owners: [],
        external: false,
        observable: false,
        partitioned: false,
        hasConfig: false,
        checks: 0
      })),
      edges: []
    })
  }

  it.live("is for large answers, as the client wants it", () =>
    Effect.gen(function*() {
      const server = yield* serve({}, large)
      const graph = (encoding: string) => ask(server, { path: "/api/graph", headers: { "accept-encoding": encoding } })
      const plain = yield* graph("identity")
      assert.isUndefined(plain.headers["content-encoding"])
      const br = yield* graph("gzip, br")
      assert.strictEqual(br.headers["content-encoding"], "br")
      assert.strictEqual(brotliDecompressSync(br.bytes).toString(), plain.text)
      assert.isBelow(br.bytes.length * 5, plain.bytes.length)
      const gzip = yield* graph("gzip")
      assert.strictEqual(gunzipSync(gzip.bytes).toString(), plain.text)
      assert.include(gzip.headers.vary, "Accept-Encoding")
      const small = yield* ask(server, { headers: { "accept-encoding": "gzip, br" } })
      assert.isUndefined(small.headers["content-encoding"])
    }))

  it.live("is not for events, which are to arrive when they happen", () =>
    Effect.gen(function*() {
      const server = yield* serve({}, {
        runAssets: () => Effect.succeed({ items: [] }),
        followRun: () => Stream.succeed([finished])
      })
      const { headers, text } = yield* ask(server, {
        path: "/api/runs/x/events",
        headers: { "accept-encoding": "gzip, br" }
      })
      assert.match(String(headers["content-type"]), /^text\/event-stream/)
      assert.isUndefined(headers["content-encoding"])
      assert.match(text, /RunFinished/)
    }))
})

describe("pages", () => {
  it.live("are kept for good where their names change, and asked for again where not", () =>
    Effect.gen(function*() {
      const { server } = yield* pages
      const index = yield* ask(server, { path: "/" })
      assert.deepStrictEqual(
        [index.status, index.headers["content-type"], index.headers["cache-control"]],
        [200, "text/html; charset=utf-8", "no-cache"]
      )
      assert.strictEqual((yield* ask(server, { path: "/index.html?x=1" })).text, index.text)
      const asset = yield* ask(server, { path: "/assets/index-AbC_123.js" })
      assert.deepStrictEqual(
        [asset.text, asset.headers["content-type"], asset.headers["cache-control"]],
        [script, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"]
      )
      assert.strictEqual((yield* ask(server, { path: "/theme.js" })).headers["cache-control"], "no-cache")
      assert.strictEqual((yield* ask(server, { path: "/a%20b.txt" })).text, "a space")
    }))

  it.live("are not sent again to who has them", () =>
    Effect.gen(function*() {
      const { server } = yield* pages
      const path = "/assets/index-AbC_123.js"
      for (const encoding of ["identity", "br"]) {
        const headers = { "accept-encoding": encoding }
        const { etag } = (yield* ask(server, { path, headers })).headers
        const again = yield* ask(server, { path, headers: { ...headers, "if-none-match": `"other", ${etag}` } })
        assert.deepStrictEqual([again.status, again.text], [304, ""])
        assert.isDefined(again.headers["cache-control"])
        assert.strictEqual((yield* ask(server, { path, headers: { "if-none-match": `"other"` } })).status, 200)
      }
      const compressed = yield* ask(server, { path, headers: { "accept-encoding": "br" } })
      assert.strictEqual(brotliDecompressSync(compressed.bytes).toString(), script)
    }))

  it.live("answer HEAD like GET, without the body", () =>
    Effect.gen(function*() {
      const { server } = yield* pages
      const path = "/assets/index-AbC_123.js"
      const { headers, status, text } = yield* ask(server, { method: "HEAD", path })
      assert.deepStrictEqual([status, text, headers["content-length"]], [200, "", String(script.length)])
    }))

  it.live("are all that can be had: no path leads out of their directory", () =>
    Effect.gen(function*() {
      const { server } = yield* pages
      for (
        const path of [
          "/../secret.txt",
          "/%2e%2e/secret.txt",
          "/%2e%2e%2fsecret.txt",
          "/..%5csecret.txt",
          "/..\\secret.txt",
          "/assets/../../secret.txt",
          "/assets/%2e%2e/%2e%2e/secret.txt",
          "/%252e%252e/secret.txt",
          "/link.txt",
          "/up/secret.txt",
          "//secret.txt",
          "/index.html%00.txt",
          "/%00",
          "/assets",
          "/assets/",
          "/%",
          "/%ff",
          "/.git/config",
          "/constructor",
          "/__proto__"
        ]
      ) {
        const answer = yield* get(server, path)
        assert.match(answer, /^HTTP\/1.1 404 /, path)
        assert.notInclude(answer, "\r\nsecret")
      }
      assert.match(yield* get(server, "/index.html\0"), /^HTTP\/1.1 400 /)
    }))

  it.live("show a build that came later", () =>
    Effect.gen(function*() {
      const { server, ui } = yield* pages
      yield* ask(server, { path: "/" })
      writeFileSync(join(ui, "index.html"), "newer")
      writeFileSync(join(ui, "assets", "new.js"), "new")
      utimesSync(join(ui, "index.html"), 2_000_000_000, 2_000_000_000)
      assert.strictEqual((yield* ask(server, { path: "/" })).text, "newer")
      assert.strictEqual((yield* ask(server, { path: "/assets/new.js" })).text, "new")
    }))

  it.live("say how to build them when they are not there", () =>
    Effect.gen(function*() {
      const { home } = yield* built
      const server = yield* serve({ ui: join(home, "nowhere") })
      const index = yield* ask(server, { path: "/" })
      assert.deepStrictEqual([index.status, index.headers["content-type"]], [503, "text/html; charset=utf-8"])
      assert.match(index.text, /npm run build/)
      assert.strictEqual((yield* ask(server, { path: "/theme.js" })).status, 404)
    }))
})

describe("Server.app", () => {
  it.live("is an app for a server that there is already", () =>
    Effect.gen(function*() {
      const app = yield* Server.app({ ui: false, allowedHosts: ["assets.example.com"], token: "abc" }).pipe(
        Effect.provide(operations({ deployment: Effect.succeed(deployment) }))
      )
      const handler = HttpEffect.toWebHandler(
        yield* Effect.map(
          Effect.context<HttpRouter.HttpRouter | Layer.Success<typeof NodeHttpServer.layerHttpServices>>(),
          (context) => Effect.provideContext(app, context)
        )
      )
      const fetched = (headers: { readonly [name: string]: string }) =>
        Effect.promise(() => handler(new Request("http://assets.example.com/api/deployment", { headers })))
      const host = "assets.example.com"
      assert.strictEqual((yield* fetched({ host })).status, 401)
      const answer = yield* fetched({ host, authorization: "Bearer abc" })
      assert.deepStrictEqual(yield* Effect.promise(() => answer.json()), deployment)
      assert.strictEqual((yield* fetched({ host: "evil.example" })).status, 403)
      // a loopback name with any port: that of the server is not known here
      assert.strictEqual((yield* fetched({ host: "localhost:1234", authorization: "Bearer abc" })).status, 200)
    }).pipe(Effect.provide([NodeHttpServer.layerHttpServices, HttpRouter.layer])))

  it.live("has its WebSocket there, too, beside other routes", () =>
    Effect.gen(function*() {
      const routes = HttpRouter.use(Effect.fnUntraced(function*(router) {
        yield* router.add("GET", "/health", Effect.succeed(HttpServerResponse.text("well")))
        yield* router.add("*", "/*", yield* Server.app({ ui: false }))
      }))
      const node = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0, disablePreemptiveShutdown: true })
      const context = yield* HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
        Layer.provide(operations({ deployment: Effect.succeed(deployment) })),
        Layer.provideMerge(node),
        Layer.build
      )
      const { address } = Context.get(context, HttpServer.HttpServer)
      const port = "port" in address ? address.port : 0
      const server = { host: "127.0.0.1", port }
      assert.strictEqual((yield* ask(server, { path: "/health" })).text, "well")
      assert.deepStrictEqual(JSON.parse((yield* ask(server)).text), deployment)
      assert.strictEqual(yield* upgrade(server), 101)
      assert.strictEqual(yield* upgrade(server, { origin: "http://evil.example" }), 403)
    }))
})
