/**
 * Jobs: a fixed selection of assets with what a run of it is given, and hooks for what comes after. A job can be run, requested
 * by schedules and sensors, and found in the web UI and the command line by its name.
 *
 * **Example** (A job that is run)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Job } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const report = Asset.make("report", { inputs: { prices }, compute: ({ prices }) => Effect.succeed(prices.length) })
 * const nightly = Job.make("nightly", { select: ["prices"], tags: { team: "data" } })
 *
 * const program = Effect.map(Job.run(Graph.make({ prices, report }), nightly), ({ outcomes, tags }) => [
 *   outcomes.prices._tag,
 *   outcomes.report._tag,
 *   tags
 * ])
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory))
 * // => ["Materialized", "NotSelected", { team: "data", job: "nightly" }]
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Schema from "effect/Schema"
import type * as Check from "./Check.ts"
import type * as Condition from "./Condition.ts"
import type * as Graph from "./Graph.ts"
import { outcomesOf, withOutcomes } from "./internal/outcomes.ts"
import { recorded } from "./internal/recorded.ts"
import { type Computation, type ComputedServices, toComputation } from "./internal/step.ts"
import type * as Plan from "./Plan.ts"
import * as RunLogs from "./RunLogs.ts"
import * as Runtime from "./Runtime.ts"
import type * as Selection from "./Selection.ts"

const TypeId = "~effect-assets/Job"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A job. `Keys` are the keys that its selection lists, `R` is what its hooks need.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job<out Keys extends string, out R = never> extends Pipeable {
  readonly [TypeId]: { readonly keys: Keys; readonly services: R }
  readonly name: string
  readonly description: string | undefined
  /** What it computes: everything that can be computed if it is `undefined`. */
  readonly select: ReadonlyArray<Keys> | string | Selection.Selection | undefined
  /** The partitions that it computes unless whoever runs it says which. */
  readonly partitions: Runtime.PartitionsWanted | undefined
  readonly config: { readonly [key: string]: Schema.Json }
  readonly tags: { readonly [name: string]: string }
  readonly checks: Runtime.Checks | undefined
  readonly onlyStale: boolean | undefined
  readonly retries: number | undefined
  readonly concurrency: number | "unbounded" | undefined
  readonly priority: number | undefined
  /** When it is requested as a whole, without a schedule or a sensor. */
  readonly automation: Condition.Condition | undefined
}

/**
 * A job of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Any = Job<string, unknown>

/**
 * The keys that the selection of a job lists: none for an expression.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Keys<J extends Any> = J[typeof TypeId]["keys"]

/**
 * What the hooks of a job need.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<J extends Any> = J[typeof TypeId]["services"]

/**
 * A run of a job that has ended, as its hooks see it. `Runtime.outcomes` tells what became of each asset.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobRun extends Runtime.Run<Graph.Assets> {
  /** The name of the job. */
  readonly job: string
}

/** What a hook may return. */
type Hook =
  | Effect.Effect<unknown, unknown, unknown>
  | Generator<
    Effect.Effect<unknown, unknown, unknown>,
    unknown,
    never
  >

/**
 * The options of `Job.make`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Keys extends string> {
  /** What to compute: a list of keys, a selection expression, or a `Selection`. Everything if it is left out. */
  readonly select?: ReadonlyArray<Keys> | string | Selection.Selection | undefined
  /** The partitions to compute unless whoever runs the job says which. */
  readonly partitions?: Runtime.PartitionsWanted | undefined
  /** Configuration by the key of the asset, as JSON would hold it. */
  readonly config?: { readonly [key: string]: Schema.Json } | undefined
  /** Tags of each run. The tag `job` is the name of the job. */
  readonly tags?: { readonly [name: string]: string } | undefined
  /** Which checks to evaluate: those of the selected assets if it is left out. */
  readonly checks?: Runtime.Checks | undefined
  /** `true` to compute nothing that is fresh. */
  readonly onlyStale?: boolean | undefined
  /** How often to try again when a run fails. */
  readonly retries?: number | undefined
  /** How many assets to compute at once. */
  readonly concurrency?: number | "unbounded" | undefined
  /** Of the runs that wait in the queue, those of the highest priority come first: 0 if it is left out. */
  readonly priority?: number | undefined
  /** When it is to be run without anybody asking: see `Condition`. */
  readonly automation?: Condition.Condition | undefined
  readonly description?: string | undefined
}

/**
 * The options of a run of a job: those of a run, for what the job does not say itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions<T extends Graph.Assets> extends Runtime.RunOptions<T> {
  /** What to compute instead: a part of the job. */
  readonly select?: Plan.Select<T> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a job.
 *
 * **Details**
 *
 * `onSuccess` is called after a run that has succeeded, `onFailure` after one that has failed, retries included; neither is
 * after one that was cancelled, nor after one whose process has died: what the hook would be told of is gone with it. Sensors
 * of runs (`Automation.runSensor`) hear of those, too. A run that a daemon resumes in place of such a one has hooks like any
 * other. A hook that fails changes nothing about the run: the failure is logged, and added to the log of the run.
 *
 * The name is made of letters, digits, `_`, `-`, `.` and `/`; that, and the selection, are checked by `Definitions.make`.
 * Keys that are listed have to be in the graph, or it is a compile error.
 *
 * **Example** (Telling of failures)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Job, Runtime } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.fail("the source is down"))
 * const told: Array<string> = []
 * const nightly = Job.make("nightly", {
 *   select: "prices+",
 *   *onFailure(run) {
 *     const failed = Runtime.outcomes(run).filter(({ _tag }) => _tag === "Failed")
 *     yield* Effect.sync(() => told.push(`${run.job}: ${failed.map(({ key }) => key).join(", ")}`))
 *   }
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(Job.run(Graph.make({ prices }), nightly), inMemory))
 * told // => ["nightly: prices"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const K extends string = never, S extends Hook = never, F extends Hook = never>(
  name: string,
  options?: Options<K> & {
    readonly onSuccess?: ((run: JobRun) => S) | undefined
    readonly onFailure?: ((run: JobRun) => F) | undefined
  }
): Job<NoInfer<K>, ComputedServices<S> | ComputedServices<F>> => {
  const { onFailure, onSuccess, ...rest } = options ?? {}
  const hooks: Hooks = {
    Succeeded: onSuccess && { name: "onSuccess", program: toComputation(onSuccess) },
    Failed: onFailure && { name: "onFailure", program: toComputation(onFailure) }
  }
  return Object.assign(Object.create(Proto), {
    name,
    description: rest.description,
    select: rest.select,
    partitions: rest.partitions,
    config: rest.config ?? {},
    tags: rest.tags ?? {},
    checks: rest.checks,
    onlyStale: rest.onlyStale,
    retries: rest.retries,
    concurrency: rest.concurrency,
    priority: rest.priority,
    automation: rest.automation,
    [InternalHooks]: hooks
  })
}

/**
 * Returns `true` for a job.
 *
 * @category guards
 * @since 0.1.0
 */
export const isJob = (u: unknown): u is Any => hasProperty(u, TypeId)

// ---------------------------------------------------------------------------------------------------------------------
// running
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Runs a job, and then its hook. Fails if the run could not begin, as `Runtime.run` does, and then no hook is called.
 *
 * **Example** (One partition)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Job, Partitions, Runtime } from "effect-assets"
 *
 * const sales = Asset.make("sales", {
 *   partitions: Partitions.fixed(["eu", "us"]),
 *   compute: (_, { partition }) => Effect.succeed(partition)
 * })
 * const daily = Job.make("daily", { select: ["sales"], partitions: ["eu"] })
 * const graph = Graph.make({ sales })
 * const program = Effect.gen(function*() {
 *   const first = yield* Job.run(graph, daily)
 *   const second = yield* Job.run(graph, daily, { partition: "us" })
 *   return [...first.partitions.sales!.keys(), ...second.partitions.sales!.keys()]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["eu", "us"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <T extends Graph.Assets, R = never, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  job: Job<Plan.SelectableKeys<NoInfer<T>>, R>,
  options?: RunOptions<NoInfer<T>>
): Effect.Effect<Runtime.Run<T>, Runtime.RunError, Runtime.Services<T, C> | R> =>
  Effect.tap(Runtime.run(graph, optionsOf<T>(job, options)), (run) => hooked(job, run))

/**
 * Computes many partitions of the assets of a job, in as many runs as it takes. The hooks are called after each of these
 * runs.
 *
 * **Example** (What is missing)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Job, Partitions } from "effect-assets"
 *
 * const days = Asset.make("days", {
 *   partitions: Partitions.daily({ start: "2024-01-01", end: "2024-01-04" }),
 *   compute: () => Effect.succeed(1)
 * })
 * const daily = Job.make("daily", { select: ["days"] })
 * const graph = Graph.make({ days })
 * const program = Effect.gen(function*() {
 *   yield* Job.run(graph, daily, { partition: "2024-01-02" })
 *   return (yield* Job.backfill(graph, daily, { partitions: "missing" })).length
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => 2
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const backfill = <T extends Graph.Assets, R = never, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  job: Job<Plan.SelectableKeys<NoInfer<T>>, R>,
  options?: Runtime.BackfillOptions<NoInfer<T>>
): Effect.Effect<
  ReadonlyArray<Runtime.Run<T>>,
  Runtime.RunError | Runtime.BackfillError,
  Runtime.Services<T, C> | R
> =>
  Effect.contextWith((context: Parameters<typeof Effect.provideContext<R>>[0]) => {
    const { partitions, retries: _, ...common } = optionsOf<T>(job, undefined)
    const onProgress = (progress: Runtime.BackfillProgress<T>): Effect.Effect<void> => {
      const hooks = progress._tag === "BackfillRunFinished"
        ? Effect.provideContext(hooked(job, progress.run), context)
        : Effect.void
      return options?.onProgress === undefined ? hooks : Effect.andThen(hooks, options.onProgress(progress))
    }
    return Runtime.backfill(graph, {
      ...common,
      ...(options?.targets === undefined && { partitions }),
      ...options,
      config: { ...common.config, ...options?.config },
      tags: { ...common.tags, ...options?.tags, job: job.name },
      onProgress
    })
  })

/**
 * The options of a run of a job: what the job says, and above that what is given. A configuration is replaced by asset.
 *
 * @internal
 */
export const optionsOf = <T extends Graph.Assets>(
  job: Any,
  options: RunOptions<T> | undefined
): Runtime.RunOptions<T> => {
  const { checks, concurrency, config, onlyStale, partitions, retries, select, tags } = job
  const saysWhich = options?.partition !== undefined || options?.partitions !== undefined
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined))
  return {
    checks,
    concurrency,
    onlyStale,
    retries,
    // whoever runs a job, or Definitions.make, has compared its keys with those of the graph
    select: select as Plan.Select<T> | undefined,
    ...(!saysWhich && { partitions }),
    ...given,
    config: { ...config, ...options?.config } as Runtime.RunOptions<T>["config"],
    tags: { ...tags, ...options?.tags, job: job.name }
  }
}

/**
 * Calls the hook of a job for a run that has ended. Never fails.
 *
 * @internal
 */
export const hooked = <R, T extends Graph.Assets>(
  job: Job<string, R>,
  run: Runtime.Run<T>
): Effect.Effect<void, never, R> => {
  const hook = run.status === "Cancelled" ? undefined : hooksOf(job)[run.status]
  if (hook === undefined) return Effect.void
  // the outcomes of a run of any graph can be read as those of a graph that is not known
  const ended = run as unknown as Runtime.Run<Graph.Assets>
  const jobRun: JobRun = withOutcomes({ ...ended, job: job.name }, () => outcomesOf(ended))
  const program = Effect.suspend(() => hook.program(jobRun, undefined))
  const told = Effect.catchCause(program, (cause) =>
    Effect.gen(function*() {
      const message = `The hook ${hook.name} of the job ${job.name} failed`
      yield* Effect.logError(message, cause)
      const logs = yield* RunLogs.RunLogs
      const timestamp = yield* Clock.currentTimeMillis
      const entry = { timestamp, level: "Error", message, cause: recorded(cause).cause, annotations: {} } as const
      // a log that cannot be written must not be the failure of a run
      yield* Effect.ignoreCause(Effect.suspend(() => logs.append(run.id, [entry])))
    }))
  // what the hooks need is in the type of the job
  return Effect.asVoid(told) as Effect.Effect<void, never, R>
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

interface Hooks {
  readonly Succeeded: { readonly name: string; readonly program: Computation } | undefined
  readonly Failed: { readonly name: string; readonly program: Computation } | undefined
}

const InternalHooks: unique symbol = Symbol.for("effect-assets/Job/hooks")

const hooksOf = (self: Any): Hooks => (self as Any & { readonly [InternalHooks]: Hooks })[InternalHooks]

/**
 * The names of the hooks that a job has.
 *
 * @category getters
 * @since 0.1.0
 */
export const hooks = (self: Any): ReadonlyArray<"onSuccess" | "onFailure"> => {
  const { Failed, Succeeded } = hooksOf(self)
  return [
    ...(Succeeded === undefined ? [] : ["onSuccess" as const]),
    ...(Failed === undefined ? [] : ["onFailure" as const])
  ]
}

const Proto = {
  [TypeId]: {} as never,
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Job(${this.name})`
  },
  toJSON(this: Any) {
    return { _id: "Job", name: this.name }
  },
  [Symbol.for("nodejs.util.inspect.custom")](this: Any) {
    return String(this)
  }
}
