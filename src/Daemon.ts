/**
 * The daemon: evaluates schedules, sensors and conditions, launches what they request, and looks after runs that nobody ends.
 *
 * It sleeps until there is something to do: until a tick is due, until something is recorded in the event log, until somebody
 * starts or stops an automation. Several daemons may share a database: one acts, and the others take over when it ends or
 * dies.
 *
 * **Example** (An hour of a schedule)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Automation, Daemon, Definitions, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 * import { TestClock } from "effect/testing"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   automations: [Automation.schedule("hourly", { cron: "30 * * * *", target: { select: ["prices"] } })],
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const program = Effect.gen(function*() {
 *   yield* TestClock.adjust("1 hour")
 *   const runs = yield* EventLog.EventLog.use((log) => log.runs({ tags: { automation: "hourly" } }))
 *   return runs.map((run) => run.status)
 * })
 * const layer = Layer.provideMerge(Daemon.layer(definitions), Layer.merge(definitions.layer, TestClock.layer()))
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["Succeeded"]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "./AutomationStore.ts"
import type * as Check from "./Check.ts"
import type * as Definitions from "./Definitions.ts"
import type * as EventLog from "./EventLog.ts"
import type * as Graph from "./Graph.ts"
import * as internal from "./internal/daemon.ts"
import * as session from "./internal/daemonSession.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How long things are kept. What is left out is kept for ever.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retention extends AutomationStore.Retention {
  /** Events of the log, by their kind. */
  readonly events?: EventLog.Retention | undefined
  /** What runs have logged, after their end. */
  readonly runLogs?: Duration.Input | undefined
}

/**
 * The options of a daemon.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many of the runs that were requested go on at once, unless the definitions say so: 10 if it is left out. */
  readonly maxRuns?: number | undefined
  /** Limits on runs with a tag, besides those of the definitions. */
  readonly tagLimits?: Definitions.QueueLimits["tags"]
  /**
   * How long the others wait when the daemon that acts has died: 15 seconds if it is left out. It renews its lease three
   * times as often. After four times as long without a sign of life, the runs of its process are taken for lost.
   */
  readonly leaseTtl?: Duration.Input | undefined
  /** How long conditions wait for more to happen before they are evaluated: 100 milliseconds if it is left out. */
  readonly debounce?: Duration.Input | undefined
  /** A run that has not begun after so long is given up: 3 minutes if it is left out. */
  readonly startTimeout?: Duration.Input | undefined
  /** A run that has not ended so long after it was to be cancelled is recorded as ended: 3 minutes if it is left out. */
  readonly cancelTimeout?: Duration.Input | undefined
  /** A run that takes longer is ended, and has failed. Its tag `max_runtime` gives other seconds. No limit if it is left out. */
  readonly maxRuntime?: Duration.Input | undefined
  /** How often a run whose process has died is resumed, with what it has not computed: never if it is left out. */
  readonly maxResumes?: number | undefined
  /**
   * What becomes of runs when the daemon stops: they are cancelled, or it waits for them and for the hooks of their jobs,
   * however long they take. `"cancel"` if it is left out.
   */
  readonly drain?: "cancel" | "wait" | undefined
  /** What is removed once a day. Nothing if it is left out. */
  readonly retention?: Retention | undefined
}

/**
 * What a daemon does. Times are in milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  /** Tells this daemon from others. Runs that it has launched have it as their tag `process`. */
  readonly owner: string
  /** Whether this daemon acts, and not another one. */
  readonly leading: boolean
  readonly leadingSince: number | undefined
  /** Which of the definitions that were loaded it evaluates. */
  readonly generation: number | undefined
  /** How many runs that it has launched go on. */
  readonly runsHere: number
  /** What it knows of schedules and sensors, while it acts. */
  readonly automations: ReadonlyArray<Evaluating & { readonly name: string; readonly kind: AutomationStore.Kind }>
  /** What it knows of the conditions of assets: `undefined` where there are none. */
  readonly conditions: Evaluating | undefined
  /** What has failed within the daemon itself, most recently: the state of automation could not be read, say. */
  readonly problems: ReadonlyArray<{ readonly part: string; readonly message: string; readonly at: number }>
}

/**
 * When something is evaluated.
 *
 * @category models
 * @since 0.1.0
 */
export interface Evaluating {
  /** When it is evaluated next, unless something happens before. */
  readonly next: number | undefined
  /** Since when it is evaluated, if it is. */
  readonly evaluatingSince: number | undefined
  readonly lastEvaluatedAt: number | undefined
}

/**
 * Definitions that are loaded, with the services of their layer.
 *
 * @category models
 * @since 0.1.0
 */
export type Loaded = session.Loaded

/**
 * Where a daemon has its definitions from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  /** Does something with what is loaded, which stays as it is until that has ended. */
  readonly use: <A, E, R>(f: (loaded: Loaded) => Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>
  /** Emits once for what is loaded, and whenever something else is. */
  readonly changes: Stream.Stream<unknown>
}

/**
 * The name under which the store knows the conditions of assets, checks and jobs, all together: to stop and start them, and
 * to evaluate them by hand. No schedule or sensor can have it.
 *
 * @category models
 * @since 0.1.0
 */
export const conditions: ":conditions" = session.conditionsName

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An automation cannot be evaluated as it was asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class DaemonError extends Schema.TaggedError<DaemonError>()("DaemonError", {
  automation: Schema.String,
  problem: Schema.String,
  cause: Schema.optional(Schema.Defect())
}) {
  override get message(): string {
    return `The automation "${this.automation}" cannot be evaluated: ${this.problem}`
  }
}

/**
 * What can be asked of a daemon. It is started, stopped and told a cursor through the `AutomationStore`.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  readonly owner: string
  readonly status: Effect.Effect<Status>
  /**
   * Evaluates a schedule, a sensor or the `conditions` now, whoever acts and whether it is started or not. Gives the tick:
   * nothing if a sensor of runs has found none, or conditions request nothing.
   */
  readonly tickNow: (automation: string, options?: {
    /** The time of a schedule that the tick is for, in milliseconds since 1970: now if it is left out. */
    readonly at?: number | undefined
  }) => Effect.Effect<Option.Option<AutomationStore.Tick>, DaemonError>
}

/**
 * The daemon of this process.
 *
 * @category services
 * @since 0.1.0
 */
export class Daemon extends Context.Service<Daemon, Service>()("effect-assets/Daemon") {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a daemon over definitions that may be loaded anew: schedules that are still there keep their history, those that are
 * not there any more stop, and runs go on with the definitions they began with.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (source: Source, options?: Options): Effect.Effect<Service, never, Scope.Scope> =>
  internal.make(
    source,
    options ?? {},
    (automation, problem, cause) => new DaemonError({ automation, problem, cause })
  )

/**
 * Runs a daemon over definitions whose services are there, as long as the layer lives.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <T extends Graph.Assets, C extends Check.Any = never, E = never, R = never>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Options
): Layer.Layer<Daemon, never, Definitions.Services<T, C> | R> =>
  Layer.effect(
    Daemon,
    Effect.contextWith((context: Context.Context<Definitions.Services<T, C> | R>) => {
      const { automations, graph, jobs, queue } = definitions
      // which services it has is known to those who need them
      const loaded: Loaded = {
        generation: 1,
        graph,
        jobs,
        automations,
        queue,
        context: context as Context.Context<never>
      }
      return make({ use: (f) => f(loaded), changes: Stream.concat(Stream.succeed(1), Stream.never) }, options)
    })
  )

/**
 * Runs a daemon over definitions, as long as the layer lives. Their layer is built, once for the whole program.
 *
 * **Example** (A service that keeps its assets up to date)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Daemon } from "effect-assets"
 * import { NodeRuntime } from "@effect/platform-node"
 * import definitions from "./definitions.ts"
 *
 * NodeRuntime.runMain(Layer.launch(Daemon.layerOf(definitions, { drain: "wait" })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOf = <T extends Graph.Assets, C extends Check.Any = never, E = never, R = never>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Options
): Layer.Layer<Daemon, E> => Layer.provide(layer(definitions, options), definitions.layer)
