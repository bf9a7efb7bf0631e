/**
 * What can be asked of and done with a deployment: one operation for each endpoint of the API, as Effects. The command line
 * uses them in its own process or, through `Client`, those of a server; the server puts them behind HTTP.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type * as AutomationModel from "./AutomationModel.ts"
import type { Deployment } from "./Deployment.ts"
import { make } from "./internal/operations.ts"
import type * as Model from "./Model.ts"
import type * as Problem from "./Problem.ts"

type Lookup<A> = Effect.Effect<A, Problem.NotFound | Problem.Unavailable>
type Request<A> = Effect.Effect<A, Problem.Problem>

/**
 * A part of the history of an asset.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryQuery {
  readonly key: string
  readonly partition?: string | undefined
  /** Materializations and observations only. */
  readonly materialized?: boolean | undefined
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

/**
 * A page of something that has a key or an id.
 *
 * @category models
 * @since 0.1.0
 */
export interface PageQuery {
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

/**
 * The operations of a deployment.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  readonly deployment: Effect.Effect<Model.Deployment, Problem.Unavailable>
  readonly graph: Effect.Effect<Model.GraphModel, Problem.Unavailable>
  /** Loads definitions anew. Fails, and keeps what is loaded, if they cannot be. */
  readonly reload: Effect.Effect<Model.Deployment, Problem.Unavailable | Problem.Conflict>
  readonly select: (
    select: string
  ) => Effect.Effect<Model.Selected, Problem.NotFound | Problem.Invalid | Problem.Unavailable>
  /** Loads stored values and compares them with the types of their assets. */
  readonly validate: (options: {
    readonly select?: string | undefined
    readonly partitions?: number | undefined
  }) => Request<Model.Validation>

  readonly assets: (filter: Model.AssetFilter) => Request<Model.Page<Model.AssetSummary>>
  readonly asset: (key: string) => Lookup<Model.AssetDetail>
  readonly history: (query: HistoryQuery) => Lookup<Model.Page<Model.AssetEvent>>
  readonly series: (query: {
    readonly key: string
    readonly partition?: string | undefined
    readonly limit?: number | undefined
  }) => Lookup<Model.Series>
  readonly partitions: (key: string) => Request<Model.PartitionsModel>
  readonly partitionList: (
    query: PageQuery & {
      readonly key: string
      readonly state?: Model.PartitionState | undefined
      readonly search?: string | undefined
      readonly order?: "ascending" | "descending" | undefined
    }
  ) => Request<Model.Page<Model.PartitionModel>>
  readonly checks: (query: PageQuery & { readonly key: string }) => Lookup<Model.Page<Model.CheckModel>>
  readonly value: (query: {
    readonly key: string
    readonly partition?: string | undefined
    /** At most so many characters: 64,000 if it is left out. */
    readonly maxLength?: number | undefined
  }) => Request<Model.StoredValue>
  readonly report: (request: Model.ReportRequest) => Request<{ readonly runId?: string | undefined }>
  readonly observe: (key: string) => Request<{ readonly dataVersion: string }>
  readonly wipe: (keys: ReadonlyArray<string>) => Request<{ readonly keys: ReadonlyArray<string> }>

  readonly runs: (
    filter: Model.RunFilter
  ) => Effect.Effect<Model.Page<Model.RunSummary>, Problem.Invalid | Problem.Unavailable>
  /** Begins a run and gives its id when it is recorded. It goes on when whoever began it has gone. */
  readonly launch: (request: Model.RunRequest) => Request<{ readonly runId: string }>
  readonly plan: (request: Model.RunRequest) => Request<Model.RunPlan>
  readonly run: (id: string) => Lookup<Model.RunDetail>
  readonly runAssets: (id: string, query: PageQuery) => Lookup<Model.Page<Model.AssetEvent>>
  readonly runLog: (
    id: string,
    query: PageQuery & {
      readonly key?: string | undefined
      /** `Warn` for warnings and what matters more, say. */
      readonly level?: string | undefined
    }
  ) => Request<Model.Page<Model.LogEntry>>
  /** What happens in a run, from the beginning or from a cursor on, several at once, until it ends. */
  readonly followRun: (
    id: string,
    after?: number
  ) => Stream.Stream<ReadonlyArray<Model.RunEvent>, Problem.NotFound | Problem.Unavailable>
  /** What the programs of a run log, from the beginning or from a place on, several at once, until it ends. */
  readonly followLog: (
    id: string,
    after?: number
  ) => Stream.Stream<ReadonlyArray<Model.LogEntry>, Problem.NotFound | Problem.Unavailable>
  readonly cancel: (id: string, options?: { readonly reason?: string | undefined }) => Request<Model.RunSummary>
  readonly retry: (id: string, options?: {
    readonly config?: { readonly [name: string]: unknown } | undefined
    readonly tags?: { readonly [name: string]: string } | undefined
  }) => Request<{ readonly runId: string }>
  /** Begins a backfill and gives its id when it is recorded. */
  readonly backfill: (request: Model.BackfillRequest) => Request<{ readonly backfillId: string }>
  readonly planBackfill: (request: Model.BackfillRequest) => Request<Model.BackfillPlan>
  readonly backfills: (
    filter: AutomationModel.BackfillFilter
  ) => Effect.Effect<Model.Page<AutomationModel.BackfillSummary>, Problem.Unavailable>
  readonly backfillDetail: (id: string) => Lookup<Model.BackfillDetail>
  readonly cancelBackfill: (id: string) => Request<{ readonly backfillId: string }>

  /** Schedules and sensors in the order of the definitions, and the conditions of assets, checks and jobs as one. */
  readonly automations: (
    filter: AutomationModel.AutomationFilter
  ) => Effect.Effect<ReadonlyArray<AutomationModel.AutomationSummary>, Problem.Unavailable>
  readonly automation: (name: string) => Lookup<AutomationModel.AutomationSummary>
  readonly startAutomation: (name: string) => Request<AutomationModel.AutomationSummary>
  readonly stopAutomation: (name: string) => Request<AutomationModel.AutomationSummary>
  /** Sets where a sensor is; `null` for nowhere: it begins anew. */
  readonly setCursor: (name: string, cursor: string | null) => Request<AutomationModel.AutomationSummary>
  /**
   * Evaluates an automation now and requests what it says, in this process and whether it is on or not. No tick where there
   * was nothing to look at.
   */
  readonly tickNow: (name: string, options?: {
    /** The time of a schedule that the tick is for: now if it is left out. */
    readonly at?: number | undefined
  }) => Request<{ readonly tick?: AutomationModel.TickModel | undefined }>
  /** Evaluates a schedule or a sensor, and neither records nor requests anything. */
  readonly evaluateAutomation: (name: string, options?: {
    readonly at?: number | undefined
  }) => Request<AutomationModel.EvaluationPreview>
  /** When a schedule ticks next. */
  readonly previewSchedule: (query: {
    readonly name: string
    readonly count?: number | undefined
    readonly from?: number | undefined
  }) => Request<AutomationModel.SchedulePreview>
  readonly ticks: (filter: AutomationModel.TickFilter) => Lookup<Model.Page<AutomationModel.TickModel>>
  readonly tick: (id: string) => Lookup<AutomationModel.TickModel>
  /** The conditions of assets, checks and jobs. */
  readonly conditions: (
    query: PageQuery & { readonly search?: string | undefined }
  ) => Effect.Effect<Model.Page<AutomationModel.ConditionModel>, Problem.Unavailable>
  /** What evaluations of conditions came to, and why. */
  readonly evaluations: (
    filter: AutomationModel.EvaluationFilter
  ) => Lookup<Model.Page<AutomationModel.EvaluationModel>>
  readonly jobs: Effect.Effect<ReadonlyArray<AutomationModel.JobModel>, Problem.Unavailable>
  readonly job: (name: string) => Lookup<AutomationModel.JobModel>
  /** Begins a run of a job and gives its id when it is recorded. */
  readonly runJob: (request: AutomationModel.JobRunRequest) => Request<{ readonly runId: string }>
  readonly queue: (
    filter: AutomationModel.QueueFilter
  ) => Effect.Effect<Model.Page<AutomationModel.QueuedModel>, Problem.Unavailable>
  /** Takes a run out of the queue. */
  readonly cancelQueued: (id: string) => Request<AutomationModel.QueuedModel>
  readonly daemon: Effect.Effect<AutomationModel.DaemonModel, Problem.Unavailable>

  /** What changes, from now on: `Hello` first. Everybody who looks shares one reading of the log. */
  readonly changes: Stream.Stream<Model.Change, Problem.Unavailable>
}

/**
 * The operations of a deployment.
 *
 * @category services
 * @since 0.1.0
 */
export class Operations extends Context.Service<Operations, Service>()("effect-assets/server/Operations") {}

/**
 * The operations of what is loaded in this process.
 *
 * **Details**
 *
 * Runs and backfills that are begun here go on when whoever began them has gone. When the layer is closed, they are
 * interrupted, and recorded as cancelled.
 *
 * **Example** (A run that is begun and followed)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Stream } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { Deployment, Operations } from "effect-assets/server"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const program = Effect.gen(function*() {
 *   const operations = yield* Operations.Operations
 *   const { runId } = yield* operations.launch({ select: "prices" })
 *   yield* Stream.runDrain(operations.followRun(runId))
 *   return [(yield* operations.run(runId)).status, (yield* operations.value({ key: "prices" })).format]
 * })
 * const layer = Layer.provide(Operations.layer, Deployment.layerOf(definitions))
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["Succeeded", "json"]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Operations, never, Deployment> = Layer.effect(Operations, make)
