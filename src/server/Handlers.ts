/**
 * The handlers of the API: each endpoint does the operation of its name.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Api, Live } from "./Api.ts"
import { Operations } from "./Operations.ts"
import type * as Problem from "./Problem.ts"

const deployment = HttpApiBuilder.group(
  Api,
  "deployment",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    return handlers
      .handle("get", () => operations.deployment)
      .handle("graph", () => operations.graph)
      .handle("reload", () => operations.reload)
      .handle("selection", ({ query }) => operations.select(query.select))
      .handle("validate", ({ payload }) => operations.validate(payload))
  })
)

const assets = HttpApiBuilder.group(
  Api,
  "assets",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    return handlers
      .handle("list", ({ query }) => operations.assets(query))
      .handle("get", ({ query }) => operations.asset(query.key))
      .handle("history", ({ query }) => operations.history(query))
      .handle("series", ({ query }) => operations.series(query))
      .handle("partitions", ({ query }) => operations.partitions(query.key))
      .handle("partitionList", ({ query }) => operations.partitionList(query))
      .handle("checks", ({ query }) => operations.checks(query))
      .handle("value", ({ query }) => operations.value(query))
      .handle("report", ({ payload }) => operations.report(payload))
      .handle("observe", ({ payload }) => operations.observe(payload.key))
      .handle("wipe", ({ payload }) => operations.wipe(payload.keys))
  })
)

/**
 * What cannot be followed is told before the response begins: then it is a problem, and not a stream that breaks.
 */
const followed = <A>(
  operations: Operations["Service"],
  id: string,
  stream: Stream.Stream<ReadonlyArray<A>, Problem.NotFound | Problem.Unavailable>
) =>
  Effect.as(
    operations.runAssets(id, { limit: 1 }),
    // after it has begun there is no other way to tell that it cannot go on
    Stream.orDie(Stream.flattenIterable(stream))
  )

const runs = HttpApiBuilder.group(
  Api,
  "runs",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    return handlers
      .handle("list", ({ query }) => operations.runs(query))
      .handle("launch", ({ payload }) => operations.launch(payload))
      .handle("plan", ({ payload }) => operations.plan(payload))
      .handle("get", ({ params }) => operations.run(params.id))
      .handle("assets", ({ params, query }) => operations.runAssets(params.id, query))
      .handle("log", ({ params, query }) => operations.runLog(params.id, query))
      .handle(
        "events",
        ({ params, query }) => followed(operations, params.id, operations.followRun(params.id, query.after))
      )
      .handle("cancel", ({ params, payload }) => operations.cancel(params.id, payload))
      .handle("retry", ({ params, payload }) => operations.retry(params.id, payload))
      .handle("backfill", ({ payload }) => operations.backfill(payload))
      .handle("planBackfill", ({ payload }) => operations.planBackfill(payload))
      .handle("backfills", ({ query }) => operations.backfills(query))
      .handle("getBackfill", ({ params }) => operations.backfillDetail(params.id))
      .handle("cancelBackfill", ({ params }) => operations.cancelBackfill(params.id))
  })
)

const automation = HttpApiBuilder.group(
  Api,
  "automation",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    return handlers
      .handle("list", ({ query }) => operations.automations(query))
      .handle("get", ({ query }) => operations.automation(query.name))
      .handle("start", ({ payload }) => operations.startAutomation(payload.name))
      .handle("stop", ({ payload }) => operations.stopAutomation(payload.name))
      .handle("cursor", ({ payload }) => operations.setCursor(payload.name, payload.cursor ?? null))
      .handle("tick", ({ payload: { name, ...options } }) => operations.tickNow(name, options))
      .handle("evaluate", ({ payload: { name, ...options } }) => operations.evaluateAutomation(name, options))
      .handle("preview", ({ query }) => operations.previewSchedule(query))
      .handle("ticks", ({ query }) => operations.ticks(query))
      .handle("getTick", ({ params }) => operations.tick(params.id))
      .handle("conditions", ({ query }) => operations.conditions(query))
      .handle("evaluations", ({ query }) => operations.evaluations(query))
      .handle("jobs", () => operations.jobs)
      .handle("job", ({ query }) => operations.job(query.name))
      .handle("runJob", ({ payload }) => operations.runJob(payload))
      .handle("queue", ({ query }) => operations.queue(query))
      .handle("cancelQueued", ({ payload }) => operations.cancelQueued(payload.id))
      .handle("daemon", () => operations.daemon)
  })
)

/**
 * The handlers of all groups of the API. What of a request cannot be read is told in the problem it is answered with.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  | HttpApiGroup.Service<"effect-assets", "deployment" | "assets" | "runs" | "automation">
  | HttpApiMiddleware.ProblemDetails,
  never,
  Operations
> = Layer.provideMerge(
  Layer.mergeAll(deployment, assets, runs, automation),
  HttpApiMiddleware.layerProblemDetails({ includeDetails: true })
)

/**
 * The handlers of what is pushed over the WebSocket.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLive = Live.toLayer(
  Effect.map(Operations, (operations) =>
    Live.of({
      changes: () => operations.changes,
      run: ({ after, id }) => operations.followRun(id, after),
      log: ({ after, id }) => operations.followLog(id, after)
    }))
)
