/**
 * The operations of a deployment that another process serves, maybe on another machine.
 *
 * **Example** (What a server has loaded)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Client, Operations } from "effect-assets/server"
 *
 * const program = Effect.gen(function*() {
 *   const operations = yield* Operations.Operations
 *   return yield* operations.assets({ status: "Stale" })
 * }).pipe(
 *   Effect.provide(Client.layer({ url: "http://127.0.0.1:4400" })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { value as secretOf } from "effect/Redacted"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import { Api, Live, livePath } from "./Api.ts"
import type * as Model from "./Model.ts"
import { Operations } from "./Operations.ts"
import * as Problem from "./Problem.ts"

/**
 * Where a deployment is served.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The address of the server, as `http://127.0.0.1:4400`. */
  readonly url: string
  /** The token that the server was started with, if it was. */
  readonly token?: Redacted.Redacted<string> | undefined
}

type Lookup = Problem.NotFound | Problem.Unavailable

/** How long is waited before a connection that broke is made anew: longer each time, and then no more. */
const delays = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]
/** How often the log of a run is asked for more. */
const pollMillis = 250
const chunkSize = 1_000
const chunkTime = "16 millis"
const pageSize = 1_000

const isProblem = (u: unknown): u is Problem.Problem =>
  u instanceof Problem.NotFound || u instanceof Problem.Invalid || u instanceof Problem.Conflict ||
  u instanceof Problem.Unavailable

const unreachable = (url: string, why: string): Problem.Unavailable =>
  new Problem.Unavailable({
    code: "Unreachable",
    detail: `There is no answer from ${url} (${why}). Start the server there, or give the address of one that runs.`
  })

const refused = (url: string, status: number): Problem.Unavailable =>
  status === 401 || status === 403
    ? new Problem.Unavailable({
      code: "NotAllowed",
      detail: `${url} does not let this request in (status ${status}). Give the token that the server was started with.`
    })
    : new Problem.Unavailable({
      code: "UnexpectedAnswer",
      detail: `${url} answered with the status ${status}, which is none of effect-assets. Is it the right address?`
    })

const unreadable = (url: string, cause: string): Problem.Unavailable =>
  new Problem.Unavailable({
    code: "UnexpectedAnswer",
    detail: `The answer of ${url} cannot be read. Is it a server of another version of effect-assets?`,
    cause
  })

/** What a client fails with, as a problem. */
const toProblem = (url: string, isAnswered: boolean) => (error: unknown): Problem.Problem => {
  if (isProblem(error)) return error
  if (error instanceof HttpApiError.BadRequestProblem) {
    const problems = error.errors?.map(({ message, path }) => ({ key: path.join("."), problem: message })) ?? []
    const detail = [error.message, ...problems.map(({ key, problem }) => `${key}: ${problem.replaceAll("\n", " ")}`)]
    return new Problem.Invalid({ code: "BadRequest", detail: detail.join("\n"), problems })
  }
  if (HttpClientError.isHttpClientError(error)) {
    const { reason } = error
    if (reason._tag === "TransportError" || reason._tag === "InvalidUrlError") {
      return unreachable(url, causeOf(reason.cause) ?? reason.description ?? "no connection")
    }
    if ("response" in reason && reason.response.status >= 300) return refused(url, reason.response.status)
    return unreadable(url, reason.description ?? reason._tag)
  }
  if (error instanceof HttpApiError.InternalServerErrorProblem) return refused(url, 500)
  if (Schema.isSchemaError(error)) {
    return isAnswered
      ? unreadable(url, error.message)
      : new Problem.Invalid({ code: "BadRequest", detail: error.message, problems: [] })
  }
  return new Problem.Unavailable({
    code: "UnexpectedAnswer",
    detail: error instanceof Error ? error.message : String(error)
  })
}

/** `fetch failed` says nothing; what is behind it does. */
const causeOf = (cause: unknown): string | undefined => {
  if (!(cause instanceof Error)) return undefined
  const inner = cause.cause
  const code = inner instanceof Error && "code" in inner && typeof inner.code === "string" ? inner.code : undefined
  return code ?? (inner instanceof Error && inner.message !== "" ? inner.message : cause.message)
}

const toLookup = (problem: Problem.Problem): Lookup =>
  problem._tag === "NotFound" || problem._tag === "Unavailable"
    ? problem
    : new Problem.Unavailable({ code: problem.code, detail: problem.message })

const isBroken = (problem: Problem.Problem): boolean =>
  problem._tag === "Unavailable" && (problem.code === "Unreachable" || problem.code === "Disconnected")

/**
 * Reads a stream that can go on from where it was, over connections that may break. The first one must succeed; later ones
 * are made anew, until several have failed one after the other.
 */
const reconnecting = <A, P>(options: {
  readonly from: P
  readonly connect: (from: P) => Stream.Stream<A, Problem.Problem>
  readonly place: (item: A, from: P) => P
  /** Whether there is nothing more: it is asked when a stream has ended, with what was read of it last. */
  readonly isOver: (last: A | undefined) => Effect.Effect<boolean, Problem.Problem>
}): Stream.Stream<A, Problem.Problem> =>
  Stream.suspend(() => {
    let place = options.from
    let last: A | undefined
    let hasBegun = false
    let failed = 0
    const attempt: Stream.Stream<A, Problem.Problem> = Stream.suspend(() =>
      options.connect(place).pipe(
        Stream.map((item) => {
          hasBegun = true
          failed = 0
          place = options.place(item, place)
          last = item
          return item
        }),
        Stream.concat(Stream.suspend(() => {
          hasBegun = true
          return Stream.unwrap(Effect.map(
            options.isOver(last),
            (isOver) => isOver ? Stream.empty : again(undefined)
          ))
        })),
        Stream.catch((problem) => hasBegun && isBroken(problem) ? again(problem) : Stream.fail(problem))
      )
    )
    const again = (problem: Problem.Problem | undefined): Stream.Stream<A, Problem.Problem> => {
      const delay = delays[failed++]
      return delay === undefined
        ? Stream.fail(
          problem ?? new Problem.Unavailable({ code: "Disconnected", detail: "The connection was closed." })
        )
        : Stream.unwrap(Effect.as(Effect.sleep(delay), attempt))
    }
    return attempt
  })

const cursorOf = (event: Model.RunEvent): number | undefined => {
  switch (event._tag) {
    case "AssetFinished":
      return event.event.cursor
    case "CheckFinished":
      return event.check.evaluation?.cursor
    case "AssetStarted":
    case "StepStarted":
    case "StepFinished":
      return undefined
    default:
      return event.cursor
  }
}

const onlyUnavailable = (problem: Problem.Problem): Problem.Unavailable =>
  problem._tag === "Unavailable"
    ? problem
    : new Problem.Unavailable({ code: problem._tag, detail: problem.message })

/** The WebSocket of Node takes headers beside protocols. */
const layerWebSocketConstructor = Layer.succeed(
  Socket.WebSocketConstructor,
  // its type is that of browsers, which take none
  (url, options) => new globalThis.WebSocket(url, options as Array<string>)
)

/** One request: what cannot be read is the answer if there was one, else the request. */
interface Call {
  isAnswered: boolean
}

const CurrentCall = Context.Reference<Call>("effect-assets/server/Client/Call", {
  defaultValue: () => ({ isAnswered: false })
})

const make = Effect.fnUntraced(function*(options: Options) {
  const url = options.url.replace(/\/+$/, "")
  const authorization = options.token && { authorization: `Bearer ${secretOf(options.token)}` }
  const { assets, automation, deployment, runs } = yield* HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: (client) =>
      client.pipe(
        HttpClient.tap(() => Effect.map(CurrentCall, (call) => void (call.isAnswered = true))),
        HttpClient.mapRequest(HttpClientRequest.setHeaders(authorization ?? {}))
      )
  })

  const request = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A, Problem.Problem> =>
    Effect.suspend(() => {
      const call: Call = { isAnswered: false }
      return Effect.mapError(
        Effect.provideService(effect, CurrentCall, call),
        (error) => toProblem(url, call.isAnswered)(error)
      )
    })
  const lookup = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A, Lookup> =>
    Effect.mapError(request(effect), toLookup)
  const available = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A, Problem.Unavailable> =>
    Effect.mapError(request(effect), onlyUnavailable)

  const runOf = (id: string) => lookup(runs.get({ params: { id } }))

  const events = (id: string, after: number): Stream.Stream<Model.RunEvent, Problem.Problem> =>
    Stream.unwrap(Effect.map(
      request(runs.events({ params: { id }, query: { after } })),
      (stream) =>
        Stream.mapError(stream, (error) =>
          HttpClientError.isHttpClientError(error)
            ? new Problem.Unavailable({ code: "Disconnected", detail: `The connection to ${url} broke.` })
            : toProblem(url, true)(error))
    ))

  const followRun: Operations["Service"]["followRun"] = (id, after = 0) =>
    reconnecting({
      from: after,
      connect: (from) => events(id, from),
      place: (event, from) => cursorOf(event) ?? from,
      isOver: (last) =>
        last?._tag === "RunFinished"
          ? Effect.succeed(true)
          : Effect.map(runOf(id), ({ status }) => status !== "Running")
    }).pipe(
      Stream.mapError(toLookup),
      Stream.groupedWithin(chunkSize, chunkTime)
    )

  const logPage = (id: string, after: number) => lookup(runs.log({ params: { id }, query: { after, limit: pageSize } }))

  const followLog: Operations["Service"]["followLog"] = (id, after = 0) =>
    Stream.paginate({ after, isLast: false }, ({ after, isLast }) =>
      Effect.gen(function*() {
        const { items, next } = yield* logPage(id, after)
        const from = items.at(-1)?.seq ?? after
        if (next !== undefined) return [[items], Option.some({ after: from, isLast })] as const
        if (isLast) return [items.length === 0 ? [] : [items], Option.none()] as const
        // what was logged before the end was recorded is read once more after it
        const { status } = yield* runOf(id)
        if (status === "Running") yield* Effect.sleep(pollMillis)
        return [items.length === 0 ? [] : [items], Option.some({ after: from, isLast: status !== "Running" })] as const
      }))

  const websocket = Layer.provide(
    RpcClient.layerProtocolSocket({ retryPolicy: Schedule.recurs(0) }),
    [
      Layer.provide(
        Socket.layerWebSocket(`${url.replace(/^http/, "ws")}${livePath}`, authorization && { headers: authorization }),
        layerWebSocketConstructor
      ),
      RpcSerialization.layerJson
    ]
  )

  const changes: Operations["Service"]["changes"] = reconnecting<Model.Change, undefined>({
    from: undefined,
    connect: () =>
      Stream.unwrap(Effect.map(RpcClient.make(Live), (client) => client.changes())).pipe(
        Stream.provide(websocket),
        Stream.mapError((error) => isProblem(error) ? error : unreachable(url, "the connection was closed"))
      ),
    place: () => undefined,
    isOver: () => Effect.succeed(false)
  }).pipe(Stream.mapError(onlyUnavailable))

  return Operations.of({
    deployment: available(deployment.get()),
    graph: available(deployment.graph()),
    reload: Effect.mapError(
      request(deployment.reload()),
      (problem) => problem._tag === "Conflict" ? problem : onlyUnavailable(problem)
    ),
    select: (select) =>
      Effect.mapError(
        request(deployment.selection({ query: { select } })),
        (problem) => problem._tag === "Conflict" ? onlyUnavailable(problem) : problem
      ),
    validate: (payload) => request(deployment.validate({ payload })),
    assets: (query) => request(assets.list({ query })),
    asset: (key) => lookup(assets.get({ query: { key } })),
    history: (query) => lookup(assets.history({ query })),
    series: (query) => lookup(assets.series({ query })),
    partitions: (key) => request(assets.partitions({ query: { key } })),
    partitionList: (query) => request(assets.partitionList({ query })),
    checks: (query) => lookup(assets.checks({ query })),
    value: (query) => request(assets.value({ query })),
    report: (payload) => request(assets.report({ payload })),
    observe: (key) => request(assets.observe({ payload: { key } })),
    wipe: (keys) => request(assets.wipe({ payload: { keys } })),
    runs: (query) =>
      Effect.mapError(
        request(runs.list({ query })),
        (problem) => problem._tag === "Invalid" ? problem : onlyUnavailable(problem)
      ),
    launch: (payload) => request(runs.launch({ payload })),
    plan: (payload) => request(runs.plan({ payload })),
    run: runOf,
    runAssets: (id, query) => lookup(runs.assets({ params: { id }, query })),
    runLog: (id, query) => request(runs.log({ params: { id }, query })),
    followRun,
    followLog,
    cancel: (id, options) => request(runs.cancel({ params: { id }, payload: { ...options } })),
    retry: (id, options) =>
      // it is JSON, or cannot be sent
      request(
        runs.retry({ params: { id }, payload: { ...options } as { readonly config?: { [name: string]: Schema.Json } } })
      ),
    backfill: (payload) => request(runs.backfill({ payload })),
    planBackfill: (payload) => request(runs.planBackfill({ payload })),
    backfills: (query) => available(runs.backfills({ query })),
    backfillDetail: (id) => lookup(runs.getBackfill({ params: { id } })),
    cancelBackfill: (id) => request(runs.cancelBackfill({ params: { id } })),
    automations: (query) => available(automation.list({ query })),
    automation: (name) => lookup(automation.get({ query: { name } })),
    startAutomation: (name) => request(automation.start({ payload: { name } })),
    stopAutomation: (name) => request(automation.stop({ payload: { name } })),
    setCursor: (name, cursor) => request(automation.cursor({ payload: { name, cursor } })),
    tickNow: (name, options) => request(automation.tick({ payload: { name, ...options } })),
    evaluateAutomation: (name, options) => request(automation.evaluate({ payload: { name, ...options } })),
    previewSchedule: (query) => request(automation.preview({ query })),
    ticks: (query) => lookup(automation.ticks({ query })),
    tick: (id) => lookup(automation.getTick({ params: { id } })),
    conditions: (query) => available(automation.conditions({ query })),
    evaluations: (query) => lookup(automation.evaluations({ query })),
    jobs: available(automation.jobs()),
    job: (name) => lookup(automation.job({ query: { name } })),
    runJob: (payload) => request(automation.runJob({ payload })),
    queue: (query) => available(automation.queue({ query })),
    cancelQueued: (id) => request(automation.cancelQueued({ payload: { id } })),
    daemon: available(automation.daemon()),
    changes
  })
})

/**
 * The operations of the deployment at an address. What cannot be reached, and what answers otherwise, is told by a problem
 * with the way out; streams go on from where they were when a connection breaks.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Operations, never, HttpClient.HttpClient> =>
  Layer.effect(Operations, make(options))
