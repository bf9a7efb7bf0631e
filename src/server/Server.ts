/**
 * The HTTP host: the API at `/api`, live changes at `/api/live`, and the web UI. It listens on the loopback interface unless
 * it is told otherwise, and then asks for a token.
 *
 * @since 0.1.0
 */
import type * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import type * as Etag from "effect/http/Etag"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type * as HttpPlatform from "effect/http/HttpPlatform"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { Socket } from "node:net"
import { fileURLToPath } from "node:url"
import * as Api from "./Api.ts"
import * as Handlers from "./Handlers.ts"
import * as Access from "./internal/access.ts"
import * as Pages from "./internal/pages.ts"
import { problem } from "./internal/problems.ts"
import type { Operations } from "./Operations.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What of a request is let through, and what else is served.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppOptions {
  /**
   * What every request to the API has to bring, as a bearer token or in the cookie of a session. Without one, everybody who
   * reaches the server may use it.
   */
  readonly token?: string | Redacted.Redacted<string> | undefined
  /** The directory of the web UI, if it is not the one of this package. `false` serves none. */
  readonly ui?: string | false | undefined
  /** Further names under which the server is asked for, such as that of a proxy: `assets.example.com`, `localhost:8080`. */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** How large the body of a request may be: 1 MiB if it is left out. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * The options of `Server.layer`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends AppOptions {
  /**
   * Where to listen: `127.0.0.1` if it is left out. On anything but the loopback interface a token is needed: one is made
   * if none is given.
   */
  readonly host?: string | undefined
  /** 4400 if it is left out. 0 is any that is free. */
  readonly port?: number | undefined
  /** Takes one of the next ten ports if the port is in use. */
  readonly portFallback?: boolean | undefined
}

/**
 * The server does not listen.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  /** What is wrong, and the way out. */
  problem: Schema.String,
  cause: Schema.optional(Schema.Defect())
}) {
  override get message(): string {
    return `The server does not listen: ${this.problem}`
  }
}

/**
 * A server that listens.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  readonly host: string
  readonly port: number
  /** Where it is asked, such as `http://127.0.0.1:4400`. */
  readonly url: string
  /** The token it asks for. */
  readonly token: Redacted.Redacted<string> | undefined
  /** What to open in a browser: it has the token in it, if there is one. */
  readonly uiUrl: Redacted.Redacted<string>
}

/**
 * A server that listens.
 *
 * @category services
 * @since 0.1.0
 */
export class Server extends Context.Service<Server, Service>()("effect-assets/server/Server") {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

const defaultPort = 4400

/**
 * Serves the operations of a deployment over HTTP. Needs the package `@effect/platform-node`.
 *
 * **Details**
 *
 * Requests under foreign names and from foreign pages are refused, and what they send is limited. When the layer is
 * closed, open connections are closed, too.
 *
 * **Example** (A service that shows its assets)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { Deployment, Operations, Server } from "effect-assets/server"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * // a program that goes on would run Layer.launch(layer)
 * const layer = Server.layer({ port: 0 }).pipe(
 *   Layer.provide(Operations.layer),
 *   Layer.provide(Deployment.layerOf(definitions))
 * )
 * const program = Effect.gen(function*() {
 *   const { url } = yield* Server.Server
 *   const response = yield* Effect.promise(() => fetch(`${url}/api/assets`))
 *   return response.status
 * })
 * await Effect.runPromise(Effect.provide(program, layer)) // => 200
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Server, ServerError, Operations> =>
  Layer.effect(
    Server,
    Effect.gen(function*() {
      const host = options.host ?? "127.0.0.1"
      const given = yield* tokenOf(options.token)
      const token = given === undefined && !Access.isLoopback(host) ? Redacted.make(Access.makeToken()) : given
      const node = yield* platformNode
      const server = yield* listen(node, host, options)
      const rules: Access.HostRules = { host, port: server.port, allowedHosts: options.allowedHosts ?? [] }
      const services = yield* Layer.build(node.layerHttpServices)
      const context = Context.merge(yield* Effect.context<Operations | Scope.Scope>(), services)
      const handler = yield* Effect.provideContext(make({ ...options, token }, rules), context)
      yield* server.http.serve(Effect.provideContext(handler, services))
      const url = `http://${urlHost(host)}:${server.port}`
      return Server.of({
        host,
        port: server.port,
        url,
        token,
        uiUrl: Redacted.make(token === undefined ? url : `${url}/#token=${encodeURIComponent(Redacted.value(token))}`)
      })
    })
  )

/**
 * The same as an HTTP app, to mount in a server of one's own, at its root. Without a token, everybody may use it who
 * reaches that server under a loopback name or one of `allowedHosts`.
 *
 * **Example** (In a server that there is already)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { Server } from "effect-assets/server"
 *
 * export const routes = HttpRouter.use(Effect.fnUntraced(function*(router) {
 *   const app = yield* Server.app({ allowedHosts: ["assets.example.com"], token: "from the configuration" })
 *   yield* router.add("*", "/*", app)
 * }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const app = (options: AppOptions = {}): Effect.Effect<
  App,
  ServerError,
  Operations | Scope.Scope | HttpServices
> =>
  Effect.flatMap(
    tokenOf(options.token),
    (token) =>
      make({ ...options, token }, { host: "127.0.0.1", port: undefined, allowedHosts: options.allowedHosts ?? [] })
  )

/**
 * Answers every request.
 *
 * @category models
 * @since 0.1.0
 */
export type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | Scope.Scope | HttpPlatform.HttpPlatform
>

/**
 * What an HTTP server of any platform provides.
 *
 * @category models
 * @since 0.1.0
 */
export type HttpServices = Etag.Generator | FileSystem.FileSystem | HttpPlatform.HttpPlatform | Path.Path

// ---------------------------------------------------------------------------------------------------------------------
// the app
// ---------------------------------------------------------------------------------------------------------------------

interface Settings extends AppOptions {
  readonly token: Redacted.Redacted<string> | undefined
}

const routes = Layer.mergeAll(
  Layer.provide(HttpApiBuilder.layer(Api.Api, { openapiPath: "/api/openapi.json" }), Handlers.layer),
  RpcServer.layerHttp({
    group: Api.Live,
    path: Api.livePath,
    protocol: "websocket",
    // what goes wrong in one subscription ends that one
    disableFatalDefects: true
  }).pipe(Layer.provide([Handlers.layerLive, RpcSerialization.layerJson]))
)

const sessionPath = "/api/session"

const make = Effect.fnUntraced(function*(
  settings: Settings,
  rules: Access.HostRules
): Effect.fn.Return<App, never, Operations | Scope.Scope | HttpServices> {
  // a router of its own: the routes are not to be found beside the checks, in a router that is being built around them
  const api = yield* HttpRouter.toHttpEffect(routes).pipe(
    Effect.provideService(Layer.CurrentMemoMap, Layer.makeMemoMapUnsafe())
  )
  const pages = Pages.make(uiDirectory(settings.ui))
  const maxBody = settings.maxBodyBytes ?? 1024 * 1024
  const credentials = settings.token === undefined
    ? undefined
    : { token: Redacted.value(settings.token), session: Access.sessionOf(Redacted.value(settings.token)) }
  // cookies know no ports: two servers of a machine are not to take away each other's session
  const cookie = rules.port === undefined ? "effect-assets-session" : `effect-assets-session-${rules.port}`

  const limited = api.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBody)),
    Effect.catchCause((cause) => failed(cause, maxBody))
  )

  const handle = (request: HttpServerRequest.HttpServerRequest) => {
    const path = request.url.replace(/[?#].*$/s, "")
    const inApi = path === "/api" || path.startsWith("/api/")
    const refused = refusal(request, inApi, rules)
    if (refused !== undefined) return Effect.succeed(refused)
    if (!inApi) return pages
    const { headers } = request
    if (credentials !== undefined) {
      const bearer = Access.isSame(Access.bearerOf(headers["authorization"]), credentials.token)
      if (!bearer && (path === sessionPath || !Access.isSame(request.cookies[cookie], credentials.session))) {
        return Effect.succeed(unauthorized)
      }
    }
    if (path === sessionPath) {
      if (request.method !== "POST") return Effect.succeed(notAllowed(["POST"]))
      const done = HttpServerResponse.empty({ status: 204 })
      return Effect.succeed(
        credentials === undefined ? done : HttpServerResponse.setCookieUnsafe(done, cookie, credentials.session, {
          httpOnly: true,
          sameSite: "strict",
          path: "/api",
          secure: headers["origin"]?.startsWith("https:") === true
        })
      )
    }
    const unfit = bodyProblem(request, maxBody)
    if (unfit !== undefined) return Effect.succeed(unfit)
    if (path === Api.livePath && request.method === "GET" && headers["upgrade"]?.toLowerCase() !== "websocket") {
      return Effect.succeed(
        problem(426, "Upgrade required", `${Api.livePath} is a WebSocket.`, {
          connection: "Upgrade",
          upgrade: "websocket"
        })
      )
    }
    return limited
  }

  return Effect.withFiber((fiber) => {
    const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
    return Effect.map(compressed(handle(request)), (response) => withHeaders(request, response))
  })
})

const compressed = HttpMiddleware.compression({
  // what is sent piece by piece is to arrive so
  compressible: (type) =>
    !type.startsWith("text/event-stream") &&
    /^(text\/|image\/svg|application\/(json|problem\+json|manifest\+json|wasm))/.test(type)
})

// ---------------------------------------------------------------------------------------------------------------------
// what is refused
// ---------------------------------------------------------------------------------------------------------------------

/** Longer than any address of the API is. */
const maxUrl = 16 * 1024

const refusal = (
  request: HttpServerRequest.HttpServerRequest,
  inApi: boolean,
  rules: Access.HostRules
): HttpServerResponse.HttpServerResponse | undefined => {
  const { headers, method } = request
  const host = headers["host"]
  if (request.url.length > maxUrl) {
    return problem(414, "URI too long", `An address may have ${maxUrl.toLocaleString("en")} characters.`)
  }
  if (!Access.isOurHost(host, rules)) {
    return problem(
      403,
      "Forbidden",
      "This server does not answer under the name it was asked for in the Host header. If that name is one of its own, " +
        "such as that of a proxy, give it in allowedHosts."
    )
  }
  const reads = method === "GET" || method === "HEAD"
  if (reads && headers["upgrade"] === undefined || !inApi) return undefined
  const origin = headers["origin"]
  const site = headers["sec-fetch-site"]
  return origin !== undefined && !Access.isSameOrigin(origin, host) ||
      !reads && site !== undefined && site !== "same-origin" && site !== "none"
    ? problem(403, "Forbidden", "Pages of other origins may not use this server.")
    : undefined
}

const bodyProblem = (
  { headers, method }: HttpServerRequest.HttpServerRequest,
  max: number
): HttpServerResponse.HttpServerResponse | undefined => {
  if (method === "GET" || method === "HEAD") return undefined
  const length = headers["content-length"]
  if (length !== undefined && Number(length) > max) return tooLarge(max)
  const hasBody = headers["transfer-encoding"] !== undefined || length !== undefined && Number(length) > 0
  const type = headers["content-type"]
  return (hasBody || type !== undefined) && !/^application\/json\s*(;|$)/i.test(type ?? "")
    ? problem(415, "Unsupported media type", "A body has to be JSON, with the header Content-Type: application/json.")
    : undefined
}

const tooLarge = (max: number) =>
  problem(413, "Content too large", `A body may have ${max.toLocaleString("en")} bytes.`)

const unauthorized = problem(
  401,
  "Unauthorized",
  "This server needs its token, as Authorization: Bearer TOKEN. Whoever started it has it; in a browser, open the address " +
    "that has it in it.",
  { "www-authenticate": "Bearer" }
)

const notAllowed = (methods: ReadonlyArray<string>) => {
  const allow = methods.join(", ")
  return problem(405, "Method not allowed", `What is there can be asked for with ${allow}.`, { allow })
}

const notFound = problem(
  404,
  "Not found",
  "The API has nothing at this address: /api/openapi.json lists what it has."
)

const internalError = problem(500, "Internal server error", "Something is wrong in the server. Its log says what.")

// ---------------------------------------------------------------------------------------------------------------------
// what fails
// ---------------------------------------------------------------------------------------------------------------------

const failed = (
  cause: Cause.Cause<unknown>,
  maxBody: number
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (!(error instanceof HttpServerError.HttpServerError)) continue
    const why = error.reason
    if (why._tag === "RouteNotFound") return Effect.succeed(nothingAt(why.request))
    if (why._tag === "RequestParseError") {
      return Effect.succeed(
        why.reason === "BodyTooLarge"
          ? tooLarge(maxBody)
          : problem(400, "Bad request", "The request cannot be read.")
      )
    }
  }
  return Effect.as(Effect.logError("A request failed", cause), internalError)
}

const endpoints: ReadonlyArray<{ readonly method: string; readonly path: RegExp }> = [
  ...Object.values(Api.Api.groups).flatMap((group) =>
    Object.values<HttpApiEndpoint.Top>(group.endpoints).map(({ method, path }) => ({
      method,
      path: new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`)
    }))
  ),
  { method: "GET", path: /^\/api\/(openapi\.json|live)$/ }
]

/** Nothing is found where there is something, too, if it can only be asked for in another way. */
const nothingAt = ({ url }: HttpServerRequest.HttpServerRequest): HttpServerResponse.HttpServerResponse => {
  const path = url.replace(/[?#].*$/s, "")
  const methods = endpoints.flatMap((endpoint) => endpoint.path.test(path) ? [endpoint.method] : [])
  return methods.length === 0 ? notFound : notAllowed([...new Set(methods)])
}

// ---------------------------------------------------------------------------------------------------------------------
// headers
// ---------------------------------------------------------------------------------------------------------------------

const always = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin"
}

const apiHeaders = {
  ...always,
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
}

const withHeaders = (
  { headers, url }: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse => {
  if (/^\/api(\/|\?|$)/.test(url)) return HttpServerResponse.setHeaders(response, apiHeaders)
  const host = headers["host"]
  return HttpServerResponse.setHeaders(response, {
    ...always,
    "content-security-policy": [
      "default-src 'self'",
      "img-src 'self' data:",
      // not every browser takes a WebSocket for a part of 'self'
      Access.parseHost(host) === undefined ? "connect-src 'self'" : `connect-src 'self' ws://${host} wss://${host}`,
      "object-src 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'"
    ].join("; ")
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// listening
// ---------------------------------------------------------------------------------------------------------------------

type PlatformNode = typeof NodeHttpServer

/** Loaded when it is needed: who takes the API alone needs no further package. */
const platformNode: Effect.Effect<PlatformNode, ServerError> = Effect.tryPromise({
  try: () => import("@effect/platform-node/NodeHttpServer"),
  catch: (cause) =>
    new ServerError({ problem: "it needs the package @effect/platform-node: npm install @effect/platform-node", cause })
})

const tokenOf = (
  token: string | Redacted.Redacted<string> | undefined
): Effect.Effect<Redacted.Redacted<string> | undefined, ServerError> => {
  if (token === undefined) return Effect.succeed(undefined)
  const redacted = Redacted.isRedacted(token) ? token : Redacted.make(token)
  return Access.isToken(Redacted.value(redacted))
    ? Effect.succeed(redacted)
    : Effect.fail(
      new ServerError({
        problem: "its token is empty, or has characters that a header cannot have: give one of letters and digits"
      })
    )
}

/** Beside `dist/server`, or in `dist` when the sources run. */
const uiDirectory = (ui: string | false | undefined): string | undefined =>
  ui === false ? undefined : ui ?? fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? "../../dist/ui/" : "../ui/", import.meta.url)
  )

const urlHost = (host: string): string =>
  host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host

/** How long connections may take to end by themselves, when nothing is asked any more. */
const grace = "250 millis"

const listen = Effect.fnUntraced(function*(
  node: PlatformNode,
  host: string,
  options: Options
): Effect.fn.Return<
  { readonly http: HttpServer.HttpServer["Service"]; readonly port: number },
  ServerError,
  Scope.Scope
> {
  const wanted = options.port ?? defaultPort
  const last = options.portFallback === true && wanted !== 0 ? Math.min(wanted + 10, 65_535) : wanted
  // on its own: what it acquires with the first WebSocket is to be released last, like the rest of it
  const home = yield* Scope.fork(yield* Effect.scope)
  for (let port = wanted;; port++) {
    const server = Http.createServer({ maxHeaderSize: 2 * maxUrl, headersTimeout: 20_000, requestTimeout: 60_000 })
    // a connection that cannot be accepted is no reason to end
    server.on("error", () => {})
    const http = yield* node.make(() => server, {
      host,
      port,
      disablePreemptiveShutdown: true,
      websocket: { maxPayload: options.maxBodyBytes ?? 1024 * 1024 }
    }).pipe(
      Scope.provide(home),
      Effect.catch((error) => {
        const code = codeOf(error)
        return code === "EADDRINUSE" && port < last
          ? Effect.succeed(undefined)
          : Effect.fail(
            new ServerError({ problem: listenProblem(host, port, last - wanted, code), cause: error.cause })
          )
      })
    )
    if (http === undefined) continue
    const sockets = new Set<Socket>()
    server.on("connection", (socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
    })
    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeIdleConnections()
      }).pipe(
        // finalizers are not, and a timeout ends what it limits
        Effect.interruptible,
        Effect.timeoutOrElse({
          duration: grace,
          orElse: () => Effect.sync(() => sockets.forEach((socket) => socket.destroy()))
        })
      )
    )
    const address = server.address()
    return { http, port: typeof address === "object" && address !== null ? address.port : port }
  }
})

const codeOf = (error: HttpServerError.ServeError): string | undefined => {
  const { cause } = error
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : undefined
}

const listenProblem = (host: string, port: number, further: number, code: string | undefined): string => {
  switch (code) {
    case "EADDRINUSE":
      return further > 0
        ? `the ports ${port - further} to ${port} of ${host} are in use. Choose another one`
        : `the port ${port} of ${host} is in use. Choose another one, or end what listens there`
    case "EACCES":
      return `the port ${port} may not be used by everybody. Choose one above 1023`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of its addresses`
    default:
      return `it cannot use port ${port} of ${host}`
  }
}
