/**
 * The HTTP API of a deployment, schema first. The web UI, the command line with `--url`, and others use the same one; the
 * server serves its OpenAPI document at `/api/openapi.json`.
 *
 * **Example** (A typed client)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { HttpApiClient } from "effect/http-api"
 * import { Api } from "effect-assets/server"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* HttpApiClient.make(Api.Api, { baseUrl: "http://127.0.0.1:4400" })
 *   const { runId } = yield* client.runs.launch({ payload: { select: "group:finance", onlyStale: true } })
 *   return yield* client.runs.get({ params: { id: runId } })
 * }).pipe(Effect.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import * as AutomationModel from "./AutomationModel.ts"
import * as Drawing from "./Drawing.ts"
import * as Model from "./Model.ts"
import * as Problem from "./Problem.ts"

export { AutomationModel, Drawing, Model, Problem }

const { get, post } = HttpApiEndpoint

const optional = Schema.optional
const key = Schema.String
const partition = optional(Schema.String)
const limit = optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
const before = optional(Schema.Finite)
const after = optional(Schema.Finite)

const lookup = [Problem.NotFound, Problem.Unavailable] as const
const request = [Problem.NotFound, Problem.Invalid, Problem.Conflict, Problem.Unavailable] as const

/**
 * What is loaded, and the graph.
 *
 * @category groups
 * @since 0.1.0
 */
export class DeploymentGroup extends HttpApiGroup.make("deployment").add(
  get("get", "/api/deployment", { success: Model.Deployment, error: Problem.Unavailable }),
  get("graph", "/api/graph", { success: Model.GraphModel, error: Problem.Unavailable }),
  /** Loads definitions anew. */
  post("reload", "/api/reload", { success: Model.Deployment, error: [Problem.Unavailable, Problem.Conflict] }),
  get("selection", "/api/selection", {
    query: { select: Schema.String },
    success: Model.Selected,
    error: [Problem.NotFound, Problem.Invalid, Problem.Unavailable]
  }),
  post("validate", "/api/validate", {
    payload: Schema.Struct({
      select: optional(Schema.String),
      /** Of an asset with partitions, how many of the newest are loaded: 3 if it is left out. */
      partitions: optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })))
    }),
    success: Model.Validation,
    error: request
  })
) {}

/**
 * Assets: lists, states, history. Keys are given as queries: they may have any character.
 *
 * @category groups
 * @since 0.1.0
 */
export class AssetsGroup extends HttpApiGroup.make("assets").add(
  get("list", "/api/assets", {
    query: Model.AssetFilter,
    success: Model.Page(Model.AssetSummary),
    error: request
  }),
  get("get", "/api/asset", { query: { key }, success: Model.AssetDetail, error: lookup }),
  get("history", "/api/asset/history", {
    query: {
      key,
      partition,
      /** Materializations and observations only. */
      materialized: optional(Schema.Boolean),
      before,
      limit
    },
    success: Model.Page(Model.AssetEvent),
    error: lookup
  }),
  get("series", "/api/asset/series", {
    query: { key, partition, limit },
    success: Model.Series,
    error: lookup
  }),
  get("partitions", "/api/asset/partitions", { query: { key }, success: Model.PartitionsModel, error: request }),
  get("partitionList", "/api/asset/partitions/list", {
    query: {
      key,
      state: optional(Model.PartitionState),
      /** Text that the key of a partition has. */
      search: optional(Schema.String),
      /** Ascending if it is left out: of time windows the oldest first. */
      order: optional(Schema.Literals(["ascending", "descending"])),
      after,
      limit
    },
    success: Model.Page(Model.PartitionModel),
    error: request
  }),
  get("checks", "/api/asset/checks", {
    query: { key, after, limit },
    success: Model.Page(Model.CheckModel),
    error: lookup
  }),
  get("value", "/api/asset/value", {
    query: {
      key,
      partition,
      /** At most so many characters: 64,000 if it is left out. */
      maxLength: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50_000_000 })))
    },
    success: Model.StoredValue,
    error: request
  }),
  post("report", "/api/asset/report", {
    payload: Model.ReportRequest,
    success: Schema.Struct({ runId: Schema.optional(Schema.String) }),
    error: request
  }),
  /** Looks at the data of an external asset with the program of its definition. */
  post("observe", "/api/asset/observe", {
    payload: Schema.Struct({ key }),
    success: Schema.Struct({ dataVersion: Schema.String }),
    error: request
  }),
  /** Forgets the history of assets. What is stored stays. */
  post("wipe", "/api/assets/wipe", {
    payload: Schema.Struct({ keys: Schema.Array(Schema.String).check(Schema.isMinLength(1)) }),
    success: Schema.Struct({ keys: Schema.Array(Schema.String) }),
    error: request
  })
) {}

/**
 * Runs and backfills.
 *
 * @category groups
 * @since 0.1.0
 */
export class RunsGroup extends HttpApiGroup.make("runs").add(
  get("list", "/api/runs", {
    query: Model.RunFilter,
    success: Model.Page(Model.RunSummary),
    error: [Problem.Invalid, Problem.Unavailable]
  }),
  post("launch", "/api/runs", {
    payload: Model.RunRequest,
    success: Schema.Struct({ runId: Schema.String }),
    error: request
  }),
  post("plan", "/api/runs/plan", { payload: Model.RunRequest, success: Model.RunPlan, error: request }),
  get("get", "/api/runs/:id", { params: { id: Schema.String }, success: Model.RunDetail, error: lookup }),
  get("assets", "/api/runs/:id/assets", {
    params: { id: Schema.String },
    query: { after, limit },
    success: Model.Page(Model.AssetEvent),
    error: lookup
  }),
  get("log", "/api/runs/:id/log", {
    params: { id: Schema.String },
    query: { key: optional(Schema.String), level: optional(Schema.String), after, limit },
    success: Model.Page(Model.LogEntry),
    error: request
  }),
  /** What happens, as server-sent events, from the beginning or from a cursor on, until the run ends. */
  get("events", "/api/runs/:id/events", {
    params: { id: Schema.String },
    query: { after },
    success: HttpApiSchema.StreamSse({ data: Model.RunEvent }),
    error: lookup
  }),
  post("cancel", "/api/runs/:id/cancel", {
    params: { id: Schema.String },
    payload: Schema.Struct({ reason: optional(Schema.String) }),
    success: Model.RunSummary,
    error: request
  }),
  /** From failure: what was not computed. */
  post("retry", "/api/runs/:id/retry", {
    params: { id: Schema.String },
    payload: Schema.Struct({
      config: optional(Schema.Record(Schema.String, Schema.Json)),
      tags: optional(Schema.Record(Schema.String, Schema.String))
    }),
    success: Schema.Struct({ runId: Schema.String }),
    error: request
  }),
  post("backfill", "/api/backfills", {
    payload: Model.BackfillRequest,
    success: Schema.Struct({ backfillId: Schema.String }),
    error: request
  }),
  post("planBackfill", "/api/backfills/plan", {
    payload: Model.BackfillRequest,
    success: Model.BackfillPlan,
    error: request
  }),
  get("backfills", "/api/backfills", {
    query: AutomationModel.BackfillFilter,
    success: Model.Page(AutomationModel.BackfillSummary),
    error: Problem.Unavailable
  }),
  get("getBackfill", "/api/backfills/:id", {
    params: { id: Schema.String },
    success: Model.BackfillDetail,
    error: lookup
  }),
  post("cancelBackfill", "/api/backfills/:id/cancel", {
    params: { id: Schema.String },
    success: Schema.Struct({ backfillId: Schema.String }),
    error: request
  })
) {}

const named = Schema.Struct({ name: Schema.String })
/** The time of a schedule that a tick is for: now if it is left out. */
const at = optional(Schema.Finite)

/**
 * Automation: schedules, sensors, conditions, jobs, the queue and the daemon. It can be looked at and changed also where no
 * daemon runs.
 *
 * @category groups
 * @since 0.1.0
 */
export class AutomationGroup extends HttpApiGroup.make("automation").add(
  get("list", "/api/automations", {
    query: AutomationModel.AutomationFilter,
    success: Schema.Array(AutomationModel.AutomationSummary),
    error: Problem.Unavailable
  }),
  get("get", "/api/automation", {
    query: { name: Schema.String },
    success: AutomationModel.AutomationSummary,
    error: lookup
  }),
  post("start", "/api/automation/start", {
    payload: named,
    success: AutomationModel.AutomationSummary,
    error: request
  }),
  post("stop", "/api/automation/stop", {
    payload: named,
    success: AutomationModel.AutomationSummary,
    error: request
  }),
  /** Sets where a sensor is; without a cursor, it begins anew. */
  post("cursor", "/api/automation/cursor", {
    payload: Schema.Struct({ name: Schema.String, cursor: Schema.optionalKey(Schema.NullOr(Schema.String)) }),
    success: AutomationModel.AutomationSummary,
    error: request
  }),
  /** Evaluates it now and requests what it says, whether it is on or not. No tick where there was nothing to look at. */
  post("tick", "/api/automation/tick", {
    payload: Schema.Struct({ name: Schema.String, at }),
    success: Schema.Struct({ tick: optional(AutomationModel.TickModel) }),
    error: request
  }),
  /** Evaluates a schedule or a sensor, and neither records nor requests anything. Its program is run. */
  post("evaluate", "/api/automation/evaluate", {
    payload: Schema.Struct({ name: Schema.String, at }),
    success: AutomationModel.EvaluationPreview,
    error: request
  }),
  /** When a schedule ticks next. */
  get("preview", "/api/automation/preview", {
    query: {
      name: Schema.String,
      /** How many ticks: 5 if it is left out. */
      count: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))),
      /** From when on: now if it is left out. */
      from: optional(Schema.Finite)
    },
    success: AutomationModel.SchedulePreview,
    error: request
  }),
  get("ticks", "/api/automation/ticks", {
    query: AutomationModel.TickFilter,
    success: Model.Page(AutomationModel.TickModel),
    error: lookup
  }),
  get("getTick", "/api/automation/ticks/:id", {
    params: { id: Schema.String },
    success: AutomationModel.TickModel,
    error: lookup
  }),
  /** The conditions of assets, checks and jobs. */
  get("conditions", "/api/conditions", {
    query: {
      /** Text that the key has. */
      search: optional(Schema.String),
      after: optional(Schema.Int),
      limit
    },
    success: Model.Page(AutomationModel.ConditionModel),
    error: Problem.Unavailable
  }),
  get("evaluations", "/api/automation/evaluations", {
    query: AutomationModel.EvaluationFilter,
    success: Model.Page(AutomationModel.EvaluationModel),
    error: lookup
  }),
  get("jobs", "/api/jobs", { success: Schema.Array(AutomationModel.JobModel), error: Problem.Unavailable }),
  get("job", "/api/job", { query: { name: Schema.String }, success: AutomationModel.JobModel, error: lookup }),
  post("runJob", "/api/jobs/run", {
    payload: AutomationModel.JobRunRequest,
    success: Schema.Struct({ runId: Schema.String }),
    error: request
  }),
  get("queue", "/api/queue", {
    query: AutomationModel.QueueFilter,
    success: Model.Page(AutomationModel.QueuedModel),
    error: Problem.Unavailable
  }),
  /** Takes a run out of the queue. One that was launched is cancelled as a run. */
  post("cancelQueued", "/api/queue/cancel", {
    payload: Schema.Struct({ id: Schema.String }),
    success: AutomationModel.QueuedModel,
    error: request
  }),
  get("daemon", "/api/daemon", { success: AutomationModel.DaemonModel, error: Problem.Unavailable })
) {}

/**
 * The HTTP API.
 *
 * @category api
 * @since 0.1.0
 */
export class Api extends HttpApi.make("effect-assets")
  .add(DeploymentGroup, AssetsGroup, RunsGroup, AutomationGroup)
  .middleware(HttpApiMiddleware.ProblemDetails)
  // a field that there is none of is a misspelt one, which would change what is done
  .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error" })
  .annotate(OpenApi.Title, "effect-assets")
  .annotate(OpenApi.Description, "Software-defined assets: what is there, what is stale, and runs.")
{}

/**
 * What is pushed over one WebSocket at `/api/live`.
 *
 * @category api
 * @since 0.1.0
 */
export class Live extends RpcGroup.make(
  /** What changes in the deployment, from now on. */
  Rpc.make("changes", { success: Model.Change, stream: true, error: Problem.Unavailable }),
  /** What happens in a run, from the beginning or from a cursor on, several at once, until it ends. */
  Rpc.make("run", {
    payload: { id: Schema.String, after },
    success: Schema.Array(Model.RunEvent),
    stream: true,
    error: Schema.Union(lookup)
  }),
  /** What the programs of a run log, from the beginning or from a place on, several at once, until it ends. */
  Rpc.make("log", {
    payload: { id: Schema.String, after },
    success: Schema.Array(Model.LogEntry),
    stream: true,
    error: Schema.Union(lookup)
  })
) {}

/**
 * The path of the WebSocket.
 *
 * @category api
 * @since 0.1.0
 */
export const livePath = "/api/live"
