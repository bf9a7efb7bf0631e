/**
 * The runtime: runs a graph. Independent branches at once, every outcome recorded, values through IO managers.
 *
 * **Example** (Materializing a graph and reading a value back)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const total = Asset.make("total", {
 *   inputs: { prices },
 *   compute: ({ prices }) => Effect.succeed(prices.reduce((a, b) => a + b, 0))
 * })
 * const program = Effect.gen(function*() {
 *   const run = yield* Runtime.materialize(Graph.make({ prices, total }))
 *   return [run.status, run.outcomes.total._tag, yield* Runtime.load(total)]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Succeeded", "Materialized", 7]
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Asset from "./Asset.ts"
import type * as Check from "./Check.ts"
import * as EventLog from "./EventLog.ts"
import * as Graph from "./Graph.ts"
import { slotOf } from "./internal/attempt.ts"
import * as backfills from "./internal/backfill.ts"
import { execute } from "./internal/engine.ts"
import {
  AssetTimeoutError,
  AssetValueError,
  BackfillError,
  CheckFailedError,
  RunConfigError,
  RunNotPossibleError,
  RunPartitionsError
} from "./internal/errors.ts"
import { outcomesOf } from "./internal/outcomes.ts"
import { CurrentPools, makePools } from "./internal/pools.ts"
import { recorded } from "./internal/recorded.ts"
import { explainHidden, hiddenConfig, keptTags, left, together } from "./internal/retry.ts"
import type * as IOManager from "./IOManager.ts"
import type * as Metadata from "./Metadata.ts"
import type * as Partitions from "./Partitions.ts"
import * as Plan from "./Plan.ts"

// ---------------------------------------------------------------------------------------------------------------------
// outcomes
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The asset was computed, and stored unless its value is `void`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Materialized {
  readonly _tag: "Materialized"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly dataVersion: string
  readonly metadata: Metadata.Metadata
  readonly durationMillis: number
  readonly attempts: number
  /** `false` for an asset whose value is `void`. */
  readonly stored: boolean
}

/**
 * The asset was skipped: nothing was stored, and what was stored before stays.
 *
 * @category models
 * @since 0.1.0
 */
export interface Skipped {
  readonly _tag: "Skipped"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly reason: EventLog.SkipReason
  readonly durationMillis: number
}

/**
 * The asset was not computed, since what is stored is fresh: it was computed by the same code, with the same configuration,
 * from the same data. Only a run with `onlyStale` gives this.
 *
 * @category models
 * @since 0.1.0
 */
export interface UpToDate {
  readonly _tag: "UpToDate"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly dataVersion: string
}

/**
 * The asset's program, or the storage of what it reads or writes, failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed<out E = unknown> {
  readonly _tag: "Failed"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly cause: Cause.Cause<E | AssetError>
  readonly durationMillis: number
  readonly attempts: number
}

/**
 * The asset was not computed, since assets upstream of it failed: `failed` names those that did so themselves.
 *
 * @category models
 * @since 0.1.0
 */
export interface UpstreamFailed {
  readonly _tag: "UpstreamFailed"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly failed: ReadonlyArray<string>
  /** The blocking checks that failed, as `KEY:CHECK`. */
  readonly checks?: ReadonlyArray<string> | undefined
}

/**
 * The run was cancelled before the asset was stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cancelled {
  readonly _tag: "Cancelled"
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  /** Whether its program was running. */
  readonly started: boolean
}

/**
 * The asset is not part of the run. An external asset never is.
 *
 * @category models
 * @since 0.1.0
 */
export interface NotSelected {
  readonly _tag: "NotSelected"
  readonly key: string
}

/**
 * What became of an asset in a run.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<E = unknown> =
  | Materialized
  | Skipped
  | UpToDate
  | Failed<E>
  | UpstreamFailed
  | Cancelled
  | NotSelected

/**
 * What a check of a run came to. `Errored` is a check that could not be evaluated: `cause` tells why.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckOutcome {
  /** The key of the asset. */
  readonly key: string
  readonly check: string
  /** The partition, where the asset has partitions. */
  readonly partition?: string | undefined
  readonly status: EventLog.CheckEvaluated["status"]
  readonly severity: EventLog.Severity
  readonly blocking: boolean
  readonly description: string | undefined
  readonly metadata: Metadata.Metadata
  readonly durationMillis: number
  readonly cause: Cause.Cause<unknown> | undefined
}

/**
 * A run that has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Run<out T extends Graph.Assets> {
  readonly id: string
  readonly status: EventLog.RunStatus
  /**
   * What became of each asset, by its name in the record of the graph. Of several partitions it is what has to be known most:
   * a failure before a cancellation, that before a materialization, and so on.
   */
  readonly outcomes: { readonly [K in keyof T]: Outcome<Asset.Error<T[K]>> }
  /** What became of each partition, by the name of its asset and its key. Assets without partitions are not in it. */
  readonly partitions: { readonly [K in keyof T]?: ReadonlyMap<string, Outcome<Asset.Error<T[K]>>> }
  /** What the checks came to, in the order in which they were evaluated. */
  readonly checks: ReadonlyArray<CheckOutcome>
  readonly tags: { readonly [name: string]: string }
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly durationMillis: number
}

/**
 * What became of each asset of a run, in topological order. External assets are left out: a run has nothing to do with
 * them.
 *
 * **Example** (A line for each asset)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { deps: [a], compute: () => Effect.void })
 * const program = Effect.map(
 *   Runtime.run(Graph.make({ b, a })),
 *   (run) => Runtime.outcomes(run).map((outcome) => `${outcome.key}: ${outcome._tag}`)
 * )
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["a: Materialized", "b: Materialized"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const outcomes = <T extends Graph.Assets>(run: Run<T>): ReadonlyArray<Outcome<Graph.Error<T>>> =>
  // the engine keeps them as outcomes of any asset
  outcomesOf(run) as ReadonlyArray<Outcome<Graph.Error<T>>>

/**
 * An outcome in words: why an asset was skipped, how it failed, whose failure kept it from running.
 *
 * **Example** (Why nothing was stored)
 *
 * ```ts import.meta.vitest
 * import { Runtime } from "effect-assets"
 *
 * Runtime.explain({
 *   _tag: "Skipped",
 *   key: "report",
 *   reason: { _tag: "UpstreamSkipped", keys: ["alerts"] },
 *   durationMillis: 0
 * }) // => "skipped: alerts was skipped"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const explain = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case "Materialized":
      return outcome.stored ? "materialized" : "materialized: it has no value to store"
    case "Skipped":
      return `skipped: ${EventLog.explainSkip(outcome.reason)}`
    case "UpToDate":
      return "up to date"
    case "Failed":
      return `failed: ${recorded(outcome.cause).message}${
        outcome.attempts > 1 ? ` (${outcome.attempts} attempts)` : ""
      }`
    case "UpstreamFailed":
      return outcome.checks === undefined
        ? `not computed: ${outcome.failed.join(", ")} failed`
        : `not computed: ${
          [...outcome.failed, ...outcome.checks.map((check) => `the blocking check ${check}`)].join(", ")
        } failed`
    case "Cancelled":
      return outcome.started ? "cancelled while it was running" : "cancelled before it began"
    case "NotSelected":
      return "not selected"
  }
}

/**
 * What is told while a run goes on. `AssetStarted` and `AssetFinished` have the key of an asset, be it an output of a
 * multi-asset; `StepStarted` and `StepFinished` have the name of the multi-asset then.
 *
 * @category models
 * @since 0.1.0
 */
export type Progress<T extends Graph.Assets = Graph.Assets> =
  | { readonly _tag: "RunStarted"; readonly runId: string; readonly keys: ReadonlyArray<string> }
  | {
    readonly _tag: "AssetStarted"
    readonly key: string
    readonly partition?: string | undefined
    readonly attempt: number
  }
  | { readonly _tag: "StepStarted"; readonly key: string; readonly name: string }
  | { readonly _tag: "StepFinished"; readonly key: string; readonly step: EventLog.StepRecord }
  | { readonly _tag: "AssetFinished"; readonly key: string; readonly outcome: Outcome }
  | { readonly _tag: "CheckFinished"; readonly key: string; readonly check: string; readonly outcome: CheckOutcome }
  | { readonly _tag: "RunFinished"; readonly run: Run<T> }

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

export {
  AssetTimeoutError,
  AssetValueError,
  BackfillError,
  CheckFailedError,
  RunConfigError,
  RunNotPossibleError,
  RunPartitionsError
}

/**
 * What the library itself reports of one asset.
 *
 * @category errors
 * @since 0.1.0
 */
export type AssetError = IOManager.IOManagerError | AssetTimeoutError | AssetValueError | CheckFailedError

/**
 * Why a run could not begin or go on. Nothing of it is about one asset.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunError =
  | Plan.PlanError
  | RunConfigError
  | RunPartitionsError
  | EventLog.EventLogError
  | Partitions.DynamicKeysError

/**
 * Every error of the runtime.
 *
 * @category errors
 * @since 0.1.0
 */
export type RuntimeError = RunError | AssetError

// ---------------------------------------------------------------------------------------------------------------------
// running
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How many assets a run computes at once unless its options say so: 16.
 *
 * @category configuration
 * @since 0.1.0
 */
export const Concurrency = Context.Reference<number | "unbounded">("effect-assets/Runtime/Concurrency", {
  defaultValue: () => 16
})

/**
 * The pools of the runs below: how many programs of each pool run at once, over all of these runs.
 *
 * A pool that is not named has no limit, unless `otherwise` gives one. Slots are free again when an attempt ends, whatever
 * its end.
 *
 * **Example** (At most two at once on the database)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Runtime } from "effect-assets"
 *
 * const query = Asset.make("query", { pool: "database", compute: () => Effect.succeed(1) })
 * const pools = Runtime.layerPools({ database: 2 })
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPools = (
  limits: { readonly [pool: string]: number },
  options?: { readonly otherwise?: number | undefined }
): Layer.Layer<never> => Layer.effect(CurrentPools, Effect.sync(() => makePools(limits, options?.otherwise)))

/**
 * Changes the limit of a pool while runs go on; `undefined` takes it away.
 *
 * @category configuration
 * @since 0.1.0
 */
export const setPoolLimit = (pool: string, limit: number | undefined): Effect.Effect<void> =>
  Effect.map(CurrentPools, (pools) => pools.setLimit(pool, limit))

/**
 * The pools that are known, with their slots: how many there are, are taken, and are waited for.
 *
 * @category getters
 * @since 0.1.0
 */
export const pools: Effect.Effect<
  ReadonlyArray<
    { readonly pool: string; readonly limit: number | undefined; readonly used: number; readonly waiting: number }
  >
> = Effect.map(CurrentPools, (pools) => pools.status())

/**
 * Which checks a run evaluates: those of the selected assets, none, those alone and no asset is computed, or those with
 * the names that are given as `KEY:CHECK`.
 *
 * @category models
 * @since 0.1.0
 */
export type Checks = "selected" | "none" | "only" | ReadonlyArray<string>

/**
 * Partitions as they are asked for: keys, a range of keys that both belong to it, or all that exist now.
 *
 * @category models
 * @since 0.1.0
 */
export type PartitionsWanted =
  | ReadonlyArray<string>
  | { readonly from: string; readonly to: string }
  | "all"

/** The configuration of the assets of a graph, by their keys, in its encoded form. */
type ConfigOf<T extends Graph.Assets> = {
  readonly [C in Asset.Config<T[keyof T]> as C extends { readonly key: infer K extends string } ? K : never]?: C extends
    { readonly value: infer V } ? V : never
}

/**
 * The options of a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions<T extends Graph.Assets> {
  /** What to compute: a list of keys, a selection expression (`"group:finance and not tag:slow"`), or a `Selection`. */
  readonly select?: Plan.Select<T> | undefined
  /** Configuration by asset, as JSON would hold it. What is left out comes from the ConfigProvider, under the key. */
  readonly config?: ConfigOf<T> | undefined
  /**
   * Labels of the run: recorded, and visible to programs. `process`, `queued` and `resumes` are those of daemons: do not give
   * them to a run of yours, which a daemon would take for one of its own, and end.
   */
  readonly tags?: { readonly [name: string]: string } | undefined
  /** The partition to compute of the selected assets that have partitions. */
  readonly partition?: string | undefined
  /** Several partitions to compute in this run. `backfill` takes as many runs as it takes. */
  readonly partitions?: PartitionsWanted | undefined
  /**
   * `true` to compute nothing that is fresh: an asset runs if it was never materialized, or if its code version, its
   * configuration or the data it reads has changed, also by what was computed before in this run.
   */
  readonly onlyStale?: boolean | undefined
  /** Which checks to evaluate: those of the selected assets if it is left out. */
  readonly checks?: Checks | undefined
  /**
   * How often to try again when the run fails: with new runs, which keep what succeeded. What is given is the last one
   * then, with the outcomes of the earlier ones for what it did not have to compute. None if it is left out.
   */
  readonly retries?: number | undefined
  /** How many assets to compute at once: `Runtime.Concurrency` if it is left out. */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * Is told what happens, one thing after the other, while the run goes on; a run ends when its end has been told. A
   * defect of it is logged. `Runtime.stream` gives the same as a stream.
   */
  readonly onProgress?: ((progress: Progress<T>) => Effect.Effect<void>) | undefined
}

/**
 * What a run of a graph needs: what its assets and checks need, and the event log.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Graph.Assets, C extends Check.Any = never> =
  | Graph.Services<T>
  | Check.Services<C>
  | EventLog.EventLog

/** What only the library sets. */
interface Origin {
  readonly targets?: ReadonlyMap<string, Partitions.Serialized> | undefined
  readonly retryOf?: string | undefined
  readonly backfillId?: string | undefined
  readonly recordedConfig?: EventLog.RunRecord["config"]
}

/**
 * Runs a graph and returns what became of each asset.
 *
 * **Details**
 *
 * A failed asset does not fail the effect: it marks what is downstream `UpstreamFailed`, and independent branches go on.
 * Assets that are not selected are loaded from storage. When the effect is interrupted, running assets are interrupted,
 * what they acquired is released, and the run is recorded as cancelled.
 *
 * **Example** (What became of each asset)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const source = Asset.make("source", Effect.fail("the source is down"))
 * const copy = Asset.make("copy", { inputs: { source }, compute: ({ source }) => Effect.succeed(source) })
 * const other = Asset.make("other", Effect.succeed(1))
 * const program = Effect.map(Runtime.run(Graph.make({ source, copy, other })), ({ outcomes, status }) => [
 *   status,
 *   outcomes.source._tag,
 *   outcomes.copy._tag,
 *   outcomes.other._tag
 * ])
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Failed", "Failed", "UpstreamFailed", "Materialized"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: RunOptions<T>
): Effect.Effect<Run<T>, RunError, Services<T, C>> => told(graph, options)

/** Runs, and tries again what did not succeed, as often as the options say. */
const retrying = <T extends Graph.Assets, C extends Check.Any>(
  graph: Graph.Graph<T, C>,
  options: (RunOptions<T> & Origin) | undefined,
  listener: ((progress: Progress<T>) => void) | undefined
): Effect.Effect<Run<T>, RunError, Services<T, C>> => {
  const first = start(graph, options, listener)
  const retries = options?.retries ?? 0
  if (!(retries > 0)) return first
  return Effect.gen(function*() {
    let last = yield* first
    const { partition: _, partitions: __, ...common } = options!
    for (let retry = 0; retry < retries && last.status === "Failed"; retry++) {
      const rest = yield* left(graph, last.id)
      if (rest === undefined || rest.keys.length === 0) return last
      const before = last
      const again = {
        ...common,
        // they are keys of assets of the graph
        select: rest.keys as ReadonlyArray<Plan.SelectableKeys<T>>,
        targets: rest.targets,
        retryOf: last.id
      }
      const tell = listener &&
        ((progress: Progress<T>) =>
          listener(progress._tag === "RunFinished" ? { ...progress, run: together(before, progress.run) } : progress))
      last = together(before, yield* start(graph, again, tell))
    }
    return last
  })
}

/** A run, with its retries, whose progress is told. */
const told = <T extends Graph.Assets, C extends Check.Any>(
  graph: Graph.Graph<T, C>,
  options: (RunOptions<T> & Origin) | undefined
): Effect.Effect<Run<T>, RunError, Services<T, C>> =>
  withProgress(
    options?.onProgress,
    (tell, isHeard) => retrying(graph, options, isHeard ? tell : undefined)
  )

/** Tells one thing after the other, while an effect goes on. */
const withProgress = <P, A, E, R>(
  onProgress: ((progress: P) => Effect.Effect<void>) | undefined,
  effect: (tell: (progress: P) => void, isHeard: boolean) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (onProgress === undefined) return effect(() => undefined, false)
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const queue = yield* Queue.unbounded<P, Cause.Done>()
      const tell = (progress: P) =>
        Effect.catchCause(Effect.suspend(() => onProgress(progress)), (cause) =>
          Effect.logError("onProgress failed", cause))
      const telling = yield* Effect.forkChild(Stream.runForEach(Stream.fromQueue(queue), tell))
      const exit = yield* Effect.exit(restore(effect((progress) =>
        void Queue.offerUnsafe(queue, progress), true)))
      Queue.endUnsafe(queue)
      // the end of a run is told, too; that of a cancelled one if it does not take long
      const told = Fiber.await(telling)
      if (Exit.isSuccess(exit)) yield* restore(told)
      else yield* Effect.timeoutOption(told, "1 second")
      return yield* exit
    })
  )
}

const start = <T extends Graph.Assets, C extends Check.Any>(
  graph: Graph.Graph<T, C>,
  options: (RunOptions<T> & Origin) | undefined,
  listener: ((progress: Progress<T>) => void) | undefined
): Effect.Effect<Run<T>, RunError, Services<T, C>> =>
  Effect.suspend(() => {
    const plan = Plan.make(graph, options)
    if (Result.isFailure(plan)) return Effect.fail(plan.failure)
    if (options?.partition !== undefined && options.partitions !== undefined) {
      const key = plan.success.keys[0] ?? ""
      const problem = "is to be computed of `partition` and of `partitions`: give one of the two"
      return Effect.fail(new RunPartitionsError({ problems: [{ key, problem }] }))
    }
    const limit = options?.concurrency === undefined ? Concurrency : Effect.succeed(options.concurrency)
    // the engine works on assets of any type; the services of all of them are in the type of the graph
    return Effect.flatMap(limit, (concurrency) =>
      concurrency !== "unbounded" && !(concurrency >= 1)
        ? Effect.die(new RangeError(`concurrency must be "unbounded" or a number from 1 on, and is ${concurrency}`))
        : execute(
          graph,
          plan.success,
          {
            ...options,
            concurrency,
            partitions: options?.targets ??
              (options?.partition === undefined ? options?.partitions : [options.partition])
          },
          listener as never
        )) as Effect.Effect<Run<T>, RunError, Services<T, C>>
  })

/**
 * Runs a graph, and fails when an asset fails: with that asset's own typed error, the first in topological order.
 *
 * **Details**
 *
 * All assets that can be computed are, before the effect fails. An asset that died of a defect makes the effect die, unless
 * another one failed with a typed error.
 *
 * **Example** (Some of the assets, and their own error)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { inputs: { a }, compute: () => Effect.fail("b is down") })
 * const graph = Graph.make({ a, b })
 * const program = Effect.gen(function*() {
 *   const run = yield* Runtime.materialize(graph, { select: ["a"] })
 *   return [run.outcomes.a._tag, run.outcomes.b._tag, yield* Effect.flip(Runtime.materialize(graph))]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Materialized", "NotSelected", "b is down"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const materialize = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: RunOptions<T>
): Effect.Effect<Run<T>, Graph.Error<T> | Check.Error<C> | RuntimeError, Services<T, C>> =>
  Effect.flatMap(run(graph, options), (ended) => {
    if (ended.status === "Succeeded") return Effect.succeed(ended)
    // somebody else has cancelled it
    if (ended.status === "Cancelled") return Effect.interrupt
    const reasons: Array<Cause.Reason<Graph.Error<T> | Check.Error<C> | AssetError>> = []
    for (const outcome of outcomes(ended)) {
      if (outcome._tag === "Failed") reasons.push(...outcome.cause.reasons)
    }
    for (const { blocking, cause, check, description, key, partition, severity, status } of ended.checks) {
      // how a check fails is in its type
      if (cause !== undefined) reasons.push(...(cause as Cause.Cause<Check.Error<C>>).reasons)
      else if (status === "Failed" && blocking && severity === "error") {
        reasons.push(Cause.makeFailReason(new CheckFailedError({ key, check, partition, severity, description })))
      }
    }
    const failures = reasons.filter(Cause.isFailReason)
    return Effect.failCause(Cause.fromReasons(failures.length > 0 ? failures : reasons))
  })

/**
 * Runs a graph as a stream of what happens. The last element, `RunFinished`, holds the run. Ending the stream early
 * cancels the run.
 *
 * **Example** (Showing progress)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Stream } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
 * const tags = Runtime.stream(graph).pipe(Stream.map((progress) => progress._tag), Stream.runCollect)
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(tags, inMemory)) // => ["RunStarted", "AssetStarted", "AssetFinished", "RunFinished"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const stream = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: RunOptions<T>
): Stream.Stream<Progress<T>, RunError, Services<T, C>> =>
  Stream.callback<Progress<T>, RunError, Services<T, C>>(
    (queue) =>
      Effect.matchCause(retrying(graph, options, (progress) => void Queue.offerUnsafe(queue, progress)), {
        onSuccess: () => Queue.endUnsafe(queue),
        onFailure: (cause) => Queue.failCauseUnsafe(queue, cause)
      }),
    { bufferSize: Infinity }
  )

// ---------------------------------------------------------------------------------------------------------------------
// loading
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What has to be said to load an asset: the key of a partition, for one that has partitions.
 *
 * @category utility types
 * @since 0.1.0
 */
export type LoadOptions<T extends Asset.Any> = unknown extends Asset.Partition<T>
  ? [options?: { readonly partition?: string | undefined }]
  : [Asset.Partition<T>] extends [undefined] ? []
  : [options: { readonly partition: Asset.Partition<T> extends string ? Asset.Partition<T> : string }]

/**
 * Loads what is stored for an asset, or for one partition of it, through the asset's own IO manager. It runs nothing.
 *
 * Fails with an `IOManagerError` whose reason is `NotStored` where there is nothing.
 *
 * **Example** (A value, and one of a partition)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
 *
 * const rate = Asset.make("rate", Effect.succeed(2))
 * const sales = Asset.make("sales", {
 *   partitions: Partitions.fixed(["eu", "us"]),
 *   compute: (_, { partition }) => Effect.succeed(partition === "eu" ? 3 : 4)
 * })
 * const program = Effect.gen(function*() {
 *   yield* Runtime.materialize(Graph.make({ rate, sales }), { partitions: "all" })
 *   return [yield* Runtime.load(rate), yield* Runtime.load(sales, { partition: "us" })]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [2, 4]
 * ```
 *
 * @category loading
 * @since 0.1.0
 */
export const load = <T extends Asset.Any>(
  asset: T,
  ...[options]: LoadOptions<T>
): Effect.Effect<Asset.Value<T>, IOManager.IOManagerError, Asset.Storage<T>> =>
  // the asset's type says what its storage holds and which service that is: none for a value that is void
  Effect.contextWith((context: Context.Context<never>) => {
    const storage = Context.getOrUndefined(context, asset.ioManager as Context.Key<never, IOManager.Service>)
    return storage === undefined ? Effect.void : storage.load(slotOf(asset, undefined, options?.partition))
  }) as Effect.Effect<
    Asset.Value<T>,
    IOManager.IOManagerError,
    Asset.Storage<T>
  >

/**
 * Loads values, sharing the resources of the layer it was made with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Loader<out ROut, out E> {
  /** Loads what is stored for an asset. The first load builds the layer. */
  readonly load: <T extends Asset.Any>(
    asset: [Asset.Storage<T>] extends [ROut] ? T : MissingStorage<Exclude<Asset.Storage<T>, ROut>>,
    ...options: LoadOptions<T>
  ) => Effect.Effect<Asset.Value<T>, IOManager.IOManagerError | E>
}

/**
 * What a compile error shows for an IO manager that the layer of a loader does not provide.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface MissingStorage<out IO> {
  readonly "~the layer of the loader does not provide this IO manager": IO
}

/**
 * Makes a loader for many values, outside of any run: its layer is built when the first value is loaded, shared by all
 * loads, and released with the scope.
 *
 * **Example** (Reading two values over one connection)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", Effect.succeed(2))
 * const program = Effect.gen(function*() {
 *   const storage = yield* IOManager.IOManager
 *   yield* Runtime.materialize(Graph.make({ a, b }))
 *   const loader = yield* Runtime.makeLoader(Layer.succeed(IOManager.IOManager, storage))
 *   return [yield* loader.load(a), yield* loader.load(b)]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.scoped(Effect.provide(program, inMemory))) // => [1, 2]
 * ```
 *
 * @category loading
 * @since 0.1.0
 */
export const makeLoader = <ROut, E>(
  layer: Layer.Layer<ROut, E>
): Effect.Effect<Loader<ROut, E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const built = yield* Effect.cached(Layer.buildWithScope(layer, scope))
    return {
      // the parameter's type shows that the layer has the asset's storage
      load: (asset, ...options) =>
        Effect.flatMap(
          built,
          (context) => Effect.provideContext(load(asset as Asset.Any, ...options), context)
        ) as never
    }
  })

// ---------------------------------------------------------------------------------------------------------------------
// operating
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Asks a run to end, be it one of another process that shares the log. Its programs are interrupted, what they acquired is
 * released, and it is recorded as cancelled, or as failed if `status` says so. Does not wait for that.
 *
 * Fails with a `RunNotPossibleError` if there is no such run, or if it has ended.
 *
 * @category operating
 * @since 0.1.0
 */
export const cancel = (
  runId: string,
  options?: {
    readonly reason?: string | undefined
    /** What the run ends as: `Cancelled` unless it is given. */
    readonly status?: "Cancelled" | "Failed" | undefined
  }
): Effect.Effect<void, RunNotPossibleError | EventLog.EventLogError, EventLog.EventLog> =>
  Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const [known] = yield* log.runs({ ids: [runId] })
    const problem = known === undefined
      ? "there is no such run in the event log"
      : known.status === "Running"
      ? undefined
      : `it has ended (${known.status})`
    if (problem !== undefined) return yield* new RunNotPossibleError({ runId, operation: "cancel", problem })
    const timestamp = yield* Clock.currentTimeMillis
    yield* log.append([{
      _tag: "RunCancelRequested",
      runId,
      timestamp,
      ...(options?.reason === undefined ? undefined : { reason: options.reason }),
      ...(options?.status === undefined ? undefined : { status: options.status })
    }])
  })

/**
 * Runs what an earlier run was to compute and did not: from failure. What it has materialized is kept, be it in an asset or
 * in partitions of one; what it skipped is tried again, and so is an asset of which a blocking check failed, or was not
 * evaluated any more.
 *
 * **Details**
 *
 * A run whose process has died has no end in the log; it can be retried, too, and is recorded as cancelled then. Tags are
 * those of the earlier run unless `options` says more, but for those that a daemon has given it (`process`, `queued`,
 * `resumes`): nobody but this process runs it now. So is the configuration of each asset that was given in the options of
 * that run. A configuration with a secret (`Schema.Redacted`) is not recorded, and has to be given again.
 *
 * Fails with a `RunNotPossibleError` if there is no such run, if there is nothing left to do, or if a configuration has to
 * be given again.
 *
 * **Example** (Trying again)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * let isDown = true
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", {
 *   inputs: { a },
 *   compute: ({ a }) => isDown ? Effect.fail("the service is down") : Effect.succeed(a + 1)
 * })
 * const graph = Graph.make({ a, b })
 * const program = Effect.gen(function*() {
 *   const failed = yield* Runtime.run(graph)
 *   isDown = false
 *   const run = yield* Runtime.retry(graph, failed.id)
 *   return [failed.outcomes.b._tag, run.outcomes.a._tag, run.outcomes.b._tag]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Failed", "NotSelected", "Materialized"]
 * ```
 *
 * @category operating
 * @since 0.1.0
 */
export const retry = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  runId: string,
  options?: Omit<RunOptions<T>, "select" | "partition" | "partitions">
): Effect.Effect<Run<T>, RunNotPossibleError | RunError, Services<T, C>> =>
  Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const [known] = yield* log.runs({ ids: [runId] })
    const impossible = (problem: string) => new RunNotPossibleError({ runId, operation: "retry", problem })
    if (known === undefined) return yield* impossible("there is no such run in the event log")
    const rest = yield* left(graph, runId, options?.checks)
    const hidden = hiddenConfig(Graph.compiled(graph), rest?.keys ?? [], known.configHidden, options?.config ?? {})
    if (hidden.length > 0) return yield* impossible(explainHidden(hidden))
    if (known.status === "Running") {
      const timestamp = yield* Clock.currentTimeMillis
      yield* log.append([
        // if its process lives after all, it is to stop
        { _tag: "RunCancelRequested", runId, timestamp, reason: "it is retried" },
        { _tag: "RunFinished", runId, timestamp, status: "Cancelled", durationMillis: timestamp - known.startedAt }
      ])
    }
    if (rest === undefined) return yield* impossible("everything it was to compute was computed")
    if (rest.keys.length === 0) {
      return yield* impossible(`what it did not compute is not in the graph any more: ${rest.gone.join(", ")}`)
    }
    return yield* told(graph, {
      ...options,
      // they are keys of assets of the graph
      select: rest.keys as ReadonlyArray<Plan.SelectableKeys<T>>,
      targets: rest.targets,
      tags: { ...keptTags(known.tags), ...options?.tags },
      recordedConfig: known.config,
      retryOf: runId,
      backfillId: known.backfillId
    })
  })

// ---------------------------------------------------------------------------------------------------------------------
// backfills
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of a backfill.
 *
 * @category models
 * @since 0.1.0
 */
export interface BackfillOptions<T extends Graph.Assets>
  extends Omit<RunOptions<T>, "partition" | "partitions" | "onProgress" | "retries">
{
  /**
   * The partitions to compute of the assets that come first, and of those that have the same set; further down, mappings
   * tell. `"missing"` are those of which nothing is materialized.
   */
  readonly partitions?: PartitionsWanted | "missing" | undefined
  /** The partitions to compute by asset, instead of `partitions`. */
  readonly targets?: { readonly [K in Plan.SelectableKeys<T>]?: PartitionsWanted } | undefined
  /** How many partitions one run computes: 1 if it is left out; all of them with `"all"`. Can be said by asset. */
  readonly partitionsPerRun?: number | "all" | { readonly [K in Plan.SelectableKeys<T>]?: number | "all" } | undefined
  /** How many runs go on at once: 4 if it is left out. */
  readonly maxRuns?: number | undefined
  /**
   * The id of a backfill that was stopped, that failed, or whose process has died: it goes on, with what is neither
   * materialized nor skipped since it began. `select`, `partitions`, `targets` and tags are those it began with, and so is
   * the configuration of assets that is not given anew and has no secret; the other options have to be given again.
   */
  readonly resume?: string | undefined
  /** Is told what happens, one thing after the other. A defect of it is logged. */
  readonly onProgress?: ((progress: BackfillProgress<T>) => Effect.Effect<void>) | undefined
}

/**
 * What a backfill does: the partitions of each asset, and the runs in which they are computed.
 *
 * @category models
 * @since 0.1.0
 */
export interface BackfillPlan {
  readonly assets: ReadonlyArray<{
    readonly key: string
    /** How many partitions; `undefined` for an asset without partitions. */
    readonly count: number | undefined
    /** Which partitions, in words. */
    readonly partitions: string | undefined
  }>
  readonly runs: ReadonlyArray<{
    readonly keys: ReadonlyArray<string>
    readonly count: number | undefined
    readonly partitions: string | undefined
    /** The places in this list of the runs that come before. */
    readonly after: ReadonlyArray<number>
  }>
}

/**
 * What is told while a backfill goes on. `place` is that of a run in the plan; a run is not possible if what it needs
 * has failed.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillProgress<T extends Graph.Assets = Graph.Assets> =
  | { readonly _tag: "BackfillStarted"; readonly backfillId: string; readonly plan: BackfillPlan }
  | { readonly _tag: "BackfillRunStarted"; readonly place: number }
  | { readonly _tag: "BackfillRunFinished"; readonly place: number; readonly run: Run<T> }
  | { readonly _tag: "RunNotPossible"; readonly place: number }
  | {
    readonly _tag: "BackfillFinished"
    readonly backfillId: string
    readonly status: EventLog.RunStatus
    readonly runs: ReadonlyArray<Run<T>>
  }

const startBackfill = <T extends Graph.Assets, C extends Check.Any>(
  graph: Graph.Graph<T, C>,
  options: BackfillOptions<T> | undefined,
  tell: (progress: BackfillProgress<T>) => void
): Effect.Effect<ReadonlyArray<Run<T>>, RunError | BackfillError, Services<T, C>> =>
  Effect.suspend(() => {
    const plan = Plan.make(graph, options)
    if (Result.isFailure(plan)) return Effect.fail(plan.failure)
    const runPart: backfills.RunPart = (keys, targets, backfillId, tags, recordedConfig) =>
      start(
        graph,
        // they are keys of assets of the graph
        {
          ...runOptions(options),
          select: keys as ReadonlyArray<Plan.SelectableKeys<T>>,
          targets,
          backfillId,
          tags,
          recordedConfig
        },
        undefined
      ) as ReturnType<backfills.RunPart>
    // the backfill works on assets of any type; the services of all of them are in the type of the graph
    return backfills.execute(
      plan.success,
      options as backfills.Options | undefined ?? {},
      runPart,
      outcomesOf,
      tell as (progress: BackfillProgress) => void
    ) as Effect.Effect<ReadonlyArray<Run<T>>, RunError | BackfillError, Services<T, C>>
  })

/** The options that each run of a backfill has, too. */
const runOptions = <T extends Graph.Assets>(options: BackfillOptions<T> | undefined): RunOptions<T> => ({
  config: options?.config,
  onlyStale: options?.onlyStale,
  checks: options?.checks,
  concurrency: options?.concurrency
})

/**
 * Computes many partitions, in as many runs as it takes, upstream before downstream. Gives the runs in the order of the
 * plan.
 *
 * **Details**
 *
 * Assets go together in a run where each partition needs just the same one upstream. A failure keeps what needs the failed
 * partitions from running, and nothing else. A blocking check that fails counts as one. When the effect is interrupted, or
 * `cancelBackfill` is called in any process that shares the log, the runs that go on are cancelled; `resume` takes up a
 * backfill that was, also after a crash. `planBackfill` shows what would be done.
 *
 * **Example** (Three days)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
 *
 * const rain = Asset.make("rain", {
 *   partitions: Partitions.daily({ start: "2012-01-01" }),
 *   compute: (_, { partition }) => Effect.succeed(Number(partition.key.slice(-2)))
 * })
 * const total = Asset.make("total", {
 *   inputs: { rain: Asset.partitions(rain) },
 *   compute: ({ rain }) => Effect.succeed([...rain.values()].reduce((a, b) => a + b, 0))
 * })
 * const program = Effect.gen(function*() {
 *   const runs = yield* Runtime.backfill(Graph.make({ rain, total }), {
 *     partitions: { from: "2012-01-01", to: "2012-01-03" }
 *   })
 *   return [runs.length, yield* Runtime.load(total)]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [4, 6]
 * ```
 *
 * @category backfills
 * @since 0.1.0
 */
export const backfill = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: BackfillOptions<T>
): Effect.Effect<ReadonlyArray<Run<T>>, RunError | BackfillError, Services<T, C>> =>
  withProgress(options?.onProgress, (tell) => startBackfill(graph, options, tell))

/**
 * A backfill as a stream of what happens. The last element, `BackfillFinished`, holds the runs. Ending the stream early
 * cancels the backfill.
 *
 * @category backfills
 * @since 0.1.0
 */
export const streamBackfill = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: Omit<BackfillOptions<T>, "onProgress">
): Stream.Stream<BackfillProgress<T>, RunError | BackfillError, Services<T, C>> =>
  Stream.callback<BackfillProgress<T>, RunError | BackfillError, Services<T, C>>(
    (queue) =>
      Effect.matchCause(startBackfill(graph, options, (progress) => void Queue.offerUnsafe(queue, progress)), {
        onSuccess: () => Queue.endUnsafe(queue),
        onFailure: (cause) => Queue.failCauseUnsafe(queue, cause)
      }),
    { bufferSize: Infinity }
  )

/**
 * What a backfill would do; nothing runs and nothing is recorded.
 *
 * **Example** (A dry run)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
 *
 * const days = Asset.make("days", {
 *   partitions: Partitions.daily({ start: "2024-01-01", end: "2024-02-01" }),
 *   compute: () => Effect.succeed(1)
 * })
 * const plan = Runtime.planBackfill(Graph.make({ days }), { partitions: "missing", partitionsPerRun: 10 })
 * const counts = Effect.map(plan, ({ runs }) => runs.map(({ count }) => count))
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(counts, inMemory)) // => [10, 10, 10, 1]
 * ```
 *
 * @category backfills
 * @since 0.1.0
 */
export const planBackfill = <T extends Graph.Assets, C extends Check.Any = never>(
  graph: Graph.Graph<T, C>,
  options?: BackfillOptions<T>
): Effect.Effect<BackfillPlan, RunError | BackfillError, EventLog.EventLog | Graph.Services<T>> =>
  Effect.suspend((): Effect.Effect<BackfillPlan, RunError | BackfillError, EventLog.EventLog> => {
    const plan = Plan.make(graph, options)
    return Result.isFailure(plan)
      ? Effect.fail(plan.failure)
      // only sets of dynamic partitions need anything else, and their service is in the type of the graph
      : backfills.planned(plan.success, options as backfills.Options | undefined ?? {})
  })

/**
 * Asks a backfill to end, be it one of another process that shares the log. Its runs are cancelled. Does not wait for that.
 *
 * @category backfills
 * @since 0.1.0
 */
export const cancelBackfill = (
  backfillId: string
): Effect.Effect<void, BackfillError | EventLog.EventLogError, EventLog.EventLog> =>
  Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const known = yield* Stream.runCollect(log.events({ backfillId, tags: ["BackfillStarted", "BackfillFinished"] }))
    const problem = known.length === 0
      ? "there is no such backfill in the event log"
      : known.at(-1)!._tag === "BackfillFinished"
      ? "it has ended"
      : undefined
    if (problem !== undefined) return yield* new BackfillError({ backfillId, problem })
    yield* log.append([{ _tag: "BackfillCancelRequested", backfillId, timestamp: yield* Clock.currentTimeMillis }])
  })
