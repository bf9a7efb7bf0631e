/**
 * Definitions: what a deployment loads. A graph, the jobs, schedules and sensors of it, and the layer that provides everything
 * they need. A module exports them as its default export; the command line, the server and the web UI load that module.
 *
 * **Example** (A deployment)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices }),
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * Graph.keys(definitions.graph) // => ["prices"]
 * ```
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Automation from "./Automation.ts"
import type * as Check from "./Check.ts"
import type * as EventLog from "./EventLog.ts"
import type * as Graph from "./Graph.ts"
import * as definitions from "./internal/automationDefinitions.ts"
import type * as Job from "./Job.ts"
import type * as Plan from "./Plan.ts"
import type * as Runtime from "./Runtime.ts"

const TypeId = "~effect-assets/Definitions"

/**
 * What a deployment loads: a graph, its automation, and the layer that provides what they need. `R` is what jobs and automations
 * need beyond what the graph does.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definitions<out T extends Graph.Assets, out C extends Check.Any = never, out E = never, out R = never>
  extends Pipeable
{
  readonly [TypeId]: typeof TypeId
  readonly graph: Graph.Graph<T, C>
  /** The jobs, those that automations have as their targets among them. */
  readonly jobs: ReadonlyArray<Job.Any>
  readonly automations: ReadonlyArray<Automation.Any>
  readonly queue: QueueLimits | undefined
  /** Everything that runs of the graph need, the event log among it. */
  readonly layer: Layer.Layer<Services<T, C> | R, E>
}

/**
 * How many of the runs that automation has requested may go on at once.
 *
 * **Details**
 *
 * A limit for a tag counts the runs that have it: with this `value`; with `"each"`, those of each value on their own; without
 * one, all of them together. A run waits until every limit that is about it leaves room.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueLimits {
  /** Of all runs. There is no such limit if it is left out. */
  readonly maxRuns?: number | undefined
  readonly tags?:
    | ReadonlyArray<{ readonly key: string; readonly value?: string | undefined; readonly limit: number }>
    | undefined
}

/**
 * What the layer of definitions provides: the services of the assets and checks, and what every log layer provides: the event
 * log, the keys of dynamic partitions, and what automation has to remember.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Graph.Assets, C extends Check.Any = never> = Runtime.Services<T, C> | EventLog.Stored

/**
 * Definitions of any assets.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface Any extends Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly graph: Graph.Any
  readonly jobs: ReadonlyArray<Job.Any>
  readonly automations: ReadonlyArray<Automation.Any>
  readonly queue: QueueLimits | undefined
  readonly layer: Layer.Layer<never, unknown>
}

/**
 * What a compile error shows for keys that a job or an automation names, and the graph lacks.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface UnknownAsset<out Key> {
  readonly "~there is no such asset in the graph": Key
}

/** Where keys are not known one by one, only `make` itself can tell. */
type Lacking<Named, Known> = string extends Named ? never : Exclude<Named, Known>

type KnownJobs<J, T extends Graph.Assets> = {
  readonly [I in keyof J]: J[I] extends Job.Any
    ? [Lacking<Job.Keys<J[I]>, Plan.SelectableKeys<T>>] extends [never] ? unknown
    : UnknownAsset<Lacking<Job.Keys<J[I]>, Plan.SelectableKeys<T>>>
    : unknown
}

type LackingOf<A extends Automation.Any, T extends Graph.Assets> =
  | Lacking<Automation.Keys<A>, Plan.SelectableKeys<T>>
  | Lacking<Automation.Watched<A>, Graph.Keys<T>>

type KnownAutomations<A, T extends Graph.Assets> = {
  readonly [I in keyof A]: A[I] extends Automation.Any
    ? [LackingOf<A[I], T>] extends [never] ? unknown : UnknownAsset<LackingOf<A[I], T>>
    : unknown
}

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * One thing that is wrong with definitions: of what, and what.
 *
 * @category errors
 * @since 0.1.0
 */
export const Problem = Schema.Struct({
  /** `"job"`, the kind of an automation, or `"queue"`. */
  kind: Schema.String,
  name: Schema.String,
  problem: Schema.String
})

/**
 * One thing that is wrong with definitions.
 *
 * @category errors
 * @since 0.1.0
 */
export type Problem = typeof Problem.Type

/**
 * Everything that is wrong with definitions, at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class DefinitionsError extends Schema.TaggedError<DefinitionsError>()("DefinitionsError", {
  problems: Schema.Array(Problem)
}) {
  override get message(): string {
    const shown = this.problems.slice(0, 50).map(({ kind, name, problem }) =>
      kind === "queue"
        ? `- The queue: ${problem}`
        : `- The ${definitions.words(kind)} ${JSON.stringify(name)}: ${problem}`
    )
    const more = this.problems.length - shown.length
    return [
      this.problems.length === 1
        ? "The definitions have a problem:"
        : `The definitions have ${this.problems.length} problems:`,
      ...shown,
      ...(more > 0 ? [`- and ${more} more`] : [])
    ].join("\n")
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const Proto = {
  [TypeId]: TypeId,
  pipe() {
    return pipeArguments(this, arguments)
  }
} as const

/**
 * The options of `make`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<
  T extends Graph.Assets,
  C extends Check.Any,
  E,
  J extends ReadonlyArray<Job.Any>,
  A extends ReadonlyArray<Automation.Any>
> {
  readonly graph: Graph.Graph<T, C>
  /** Jobs. Those that are targets of automations need not be named. */
  readonly jobs?: (J & KnownJobs<J, NoInfer<T>>) | undefined
  /** Schedules and sensors. */
  readonly automations?: (A & KnownAutomations<A, NoInfer<T>>) | undefined
  readonly layer: Layer.Layer<
    Services<NoInfer<T>, NoInfer<C>> | Job.Services<NoInfer<J>[number]> | Automation.Services<NoInfer<A>[number]>,
    E
  >
  /** How many of the runs that automation has requested may go on at once. */
  readonly queue?: QueueLimits | undefined
}

/**
 * Puts a graph, its automation and its layer together.
 *
 * **Details**
 *
 * A layer that lacks a service some asset, hook or sensor needs is a compile error that names the service, and so is a job whose
 * list of keys has one that is not in the graph. The layer is built once for as long as a command or a server runs; with
 * `Local.layer` every process of a directory sees the same values and history.
 *
 * **Gotchas**
 *
 * Throws a `DefinitionsError` with every problem that types do not show: names that are used twice or malformed, selections that
 * cannot be read or name what is not there, unknown jobs, limits that are no numbers. `makeResult` returns it instead.
 *
 * **Example** (The default export of a module)
 *
 * ```ts
 * import { Automation, Definitions, Graph, Job } from "effect-assets"
 * import { Local } from "effect-assets/node"
 * import * as assets from "./assets.ts"
 *
 * const nightly = Job.make("nightly", { select: "group:finance" })
 *
 * export default Definitions.make({
 *   graph: Graph.make(assets),
 *   automations: [Automation.schedule("every_night", { cron: "0 2 * * *", target: nightly })],
 *   layer: Local.layer({ directory: ".assets" })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  T extends Graph.Assets,
  C extends Check.Any = never,
  E = never,
  const J extends ReadonlyArray<Job.Any> = readonly [],
  const A extends ReadonlyArray<Automation.Any> = readonly []
>(
  options: Options<T, C, E, J, A>
): Definitions<T, C, E, Job.Services<J[number]> | Automation.Services<A[number]>> =>
  Result.getOrThrow(makeResult(options))

/**
 * Like `make`, and returns the `DefinitionsError` instead of throwing it.
 *
 * **Example** (A selection of what is not there)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer, Result } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager, Job } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const result = Definitions.makeResult({
 *   graph: Graph.make({ prices }),
 *   jobs: [Job.make("nightly", { select: "price+" })],
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * Result.isFailure(result) && result.failure.problems[0]?.problem
 * // => `There is no asset "price" in the graph. Did you mean "prices"?`
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeResult = <
  T extends Graph.Assets,
  C extends Check.Any = never,
  E = never,
  const J extends ReadonlyArray<Job.Any> = readonly [],
  const A extends ReadonlyArray<Automation.Any> = readonly []
>(
  options: Options<T, C, E, J, A>
): Result.Result<
  Definitions<T, C, E, Job.Services<J[number]> | Automation.Services<A[number]>>,
  DefinitionsError
> => {
  const { graph, layer, queue } = options
  const automations: ReadonlyArray<Automation.Any> = options.automations ?? []
  const { jobs, problems } = definitions.collect(graph, options.jobs ?? [], automations, queue)
  return problems.length > 0
    ? Result.fail(new DefinitionsError({ problems }))
    : Result.succeed(Object.assign(Object.create(Proto), { graph, jobs, automations, queue, layer }))
}

/**
 * Returns `true` when a value is definitions.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDefinitions = (u: unknown): u is Any => hasProperty(u, TypeId)
