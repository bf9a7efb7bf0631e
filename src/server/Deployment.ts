/**
 * What a process has loaded: definitions, with their layer built. They can be loaded anew while runs go on.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Graph from "../Graph.ts"
import type * as Model from "./Model.ts"
import type * as Problem from "./Problem.ts"

/**
 * Definitions that are loaded: the graph, and the services of their layer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Loaded {
  /** Grows each time definitions are loaded anew. */
  readonly generation: number
  readonly loadedAt: number
  readonly graph: Graph.Any
  /** Everything that runs of the graph need; which services that are only the module that defines them knows. */
  readonly context: Context.Context<never>
}

/**
 * How loading stands.
 *
 * @category models
 * @since 0.1.0
 */
export interface State {
  readonly loaded: Loaded | undefined
  readonly loading: boolean
  /** Why the newest definitions could not be loaded. What was loaded before goes on. */
  readonly error: Model.Deployment["loadError"]
}

/**
 * What a process has loaded.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /** The name of the module, as it is shown. */
  readonly module: string
  readonly state: Effect.Effect<State>
  /** The state, and then each one that follows. */
  readonly changes: Stream.Stream<State>
  /** Loads definitions anew. Fails, and keeps what is loaded, if they cannot be. */
  readonly reload: Effect.Effect<Loaded, Problem.Unavailable>
  /**
   * Does something with what is loaded. It stays as it is until that has ended, also if definitions are loaded anew
   * meanwhile. Waits for the first ones to be loaded.
   */
  readonly use: <A, E, R>(
    f: (loaded: Loaded) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Problem.Unavailable, R>
}

/**
 * What a process has loaded.
 *
 * @category services
 * @since 0.1.0
 */
export class Deployment extends Context.Service<Deployment, Service>()("effect-assets/server/Deployment") {}
