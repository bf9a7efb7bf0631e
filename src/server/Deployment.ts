/**
 * What a process has loaded: definitions, with their layer built. They can be loaded anew while runs go on.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type * as Automation from "../Automation.ts"
import * as AutomationStore from "../AutomationStore.ts"
import type * as Check from "../Check.ts"
import type * as Definitions from "../Definitions.ts"
import * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import type * as Job from "../Job.ts"
import * as Partitions from "../Partitions.ts"
import { explain } from "./internal/loadProblem.ts"
import type * as Model from "./Model.ts"
import * as Problem from "./Problem.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

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
  readonly jobs: ReadonlyArray<Job.Any>
  readonly automations: ReadonlyArray<Automation.Any>
  readonly queue: Definitions.QueueLimits | undefined
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
 * Where definitions come from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  /** The name of the module, as it is shown. */
  readonly module: string
  /** Loads the definitions as they are now. */
  readonly load: Effect.Effect<Definitions.Any, LoadError>
  /** Tells that they may have changed. What comes within 100 ms counts once. */
  readonly changes?: Stream.Stream<void> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A module of definitions cannot be loaded.
 *
 * @category errors
 * @since 0.1.0
 */
export class LoadError extends Schema.TaggedError<LoadError>()("LoadError", {
  /** The module, as it was named. */
  module: Schema.String,
  /** What is wrong with it, and the way out. */
  problem: Schema.String,
  cause: Schema.optional(Schema.Defect())
}) {
  override get message(): string {
    return `${this.module} cannot be loaded: ${this.problem}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

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

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Loads definitions, at once and whenever they change.
 *
 * **Details**
 *
 * The layer of the definitions is built anew each time, in a scope of its own: what it keeps in memory, such as the log of
 * `EventLog.layerMemory`, begins empty again, and what it keeps in a directory or a database goes on. New definitions take
 * the place of the earlier ones when they have been built; those stay until everything that uses them, such as a run, has
 * ended. When loading fails, the earlier ones go on, and the state tells why. If there are none, `use` fails until it
 * succeeds.
 *
 * When this layer is closed, whatever still uses definitions is interrupted.
 *
 * **Example** (A source that could be anything)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { Deployment } from "effect-assets/server"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const layer = Deployment.layer({ module: "definitions.ts", load: Effect.succeed(definitions) })
 * const program = Effect.gen(function*() {
 *   const deployment = yield* Deployment.Deployment
 *   const before = yield* deployment.use((loaded) => Effect.succeed(loaded.generation))
 *   return [before, (yield* deployment.reload).generation]
 * })
 * await Effect.runPromise(Effect.provide(program, layer)) // => [1, 2]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (source: Source): Layer.Layer<Deployment> => Layer.effect(Deployment, make(source))

/**
 * The definitions of this program, for a service that hosts the API itself. The layer is built once, with the others of
 * the program; loading them anew changes nothing.
 *
 * **Example** (Definitions that are there)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { Deployment } from "effect-assets/server"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const keys = Deployment.Deployment.use((deployment) =>
 *   deployment.use((loaded) => Effect.succeed(Graph.keys(loaded.graph)))
 * )
 * await Effect.runPromise(Effect.provide(keys, Deployment.layerOf(definitions))) // => ["prices"]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOf = <T extends Graph.Assets, C extends Check.Any = never, E = never, R = never>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: {
    /** A name to show. */
    readonly module?: string | undefined
  }
): Layer.Layer<Deployment, E> =>
  Layer.effect(
    Deployment,
    Effect.gen(function*() {
      const context = yield* Layer.build(definitions.layer)
      const loaded: Loaded = {
        generation: 1,
        loadedAt: yield* Clock.currentTimeMillis,
        graph: definitions.graph,
        jobs: definitions.jobs,
        automations: definitions.automations,
        queue: definitions.queue,
        // which services it has is known to those who need them
        context: context as Context.Context<never>
      }
      const state: State = { loaded, loading: false, error: undefined }
      return Deployment.of({
        module: options?.module ?? "definitions",
        state: Effect.succeed(state),
        changes: Stream.concat(Stream.succeed(state), Stream.never),
        reload: Effect.succeed(loaded),
        use: (f) => Effect.suspend(() => f(loaded))
      })
    })
  )

// ---------------------------------------------------------------------------------------------------------------------
// loading
// ---------------------------------------------------------------------------------------------------------------------

/** Definitions that are loaded, and who uses them. */
interface Generation {
  readonly loaded: Loaded
  readonly scope: Scope.Closeable
  readonly users: Map<object, Fiber.Fiber<unknown, unknown>>
}

/** What every layer of definitions provides, and how it comes to do so. A module may not have been type-checked. */
const expected: ReadonlyArray<readonly [key: string, problem: string]> = [
  [EventLog.EventLog.key, "the layer provides no event log: add EventLog.layerMemory or Local.layer"],
  [Partitions.DynamicKeys.key, "the layer provides no keys of dynamic partitions: a log layer provides them beside it"],
  [AutomationStore.AutomationStore.key, "the layer provides no state of automation: a log layer provides it beside it"]
]

const make = Effect.fnUntraced(function*(source: Source) {
  const { module } = source
  const state = yield* SubscriptionRef.make<State>({ loaded: undefined, loading: true, error: undefined })
  const home = yield* Effect.scope
  const generations = new Set<Generation>()
  const asked = Latch.makeUnsafe(true)
  const unused = Latch.makeUnsafe(true)
  let current: Generation | undefined
  /** What those wait for who asked for a load that has not ended. */
  let outcome: Deferred.Deferred<Loaded, Problem.Unavailable> | undefined = Deferred.makeUnsafe()
  let closed = false

  const isUsed = () => [...generations].some(({ users }) => users.size > 0)

  // runs after everything below has ended: nothing is being loaded or closed any more
  yield* Effect.addFinalizer(Effect.fnUntraced(function*() {
    closed = true
    if (outcome !== undefined) yield* Deferred.interrupt(outcome)
    if (isUsed()) {
      unused.closeUnsafe()
      for (const { users } of generations) for (const user of users.values()) user.interruptUnsafe()
      yield* unused.await
    }
    for (const generation of generations) yield* close(generation)
  }))

  const close = (generation: Generation): Effect.Effect<void> =>
    Scope.close(generation.scope, Exit.void).pipe(
      Effect.catchCause((cause) => Effect.logWarning("The layer of definitions could not be closed", cause)),
      Effect.ensuring(Effect.sync(() => generations.delete(generation))),
      Effect.uninterruptible
    )

  /** Whoever was the last to use it does not wait until it is closed. */
  const closeUnused = (generation: Generation): Effect.Effect<void> =>
    closed || generation === current || generation.users.size > 0
      ? Effect.void
      : Effect.asVoid(Effect.forkIn(close(generation), home))

  const build = Effect.fnUntraced(function*(scope: Scope.Closeable) {
    const definitions = yield* source.load
    const { automations, graph, jobs, queue } = definitions
    const incomplete = Graph.incomplete(graph)
    if (incomplete !== undefined) return yield* incomplete
    // a memo map of its own: layers that earlier definitions have, too, are built anew
    const context = yield* Layer.buildWithMemoMap(definitions.layer, Layer.makeMemoMapUnsafe(), scope)
    for (const [key, problem] of expected) {
      if (!context.mapUnsafe.has(key)) return yield* new LoadError({ module, problem })
    }
    return { graph, jobs, automations, queue, context }
  })

  /** Nothing if it was asked for again meanwhile. */
  const load = Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
    yield* SubscriptionRef.update(state, (state) => ({ ...state, loading: true }))
    const scope = Scope.makeUnsafe()
    const exit = yield* Effect.exit(restore(Effect.raceFirst(build(scope), Effect.as(asked.await, undefined))))
    const built = Exit.isSuccess(exit) ? exit.value : undefined
    if (built === undefined) yield* Effect.ignoreCause(Scope.close(scope, exit))
    if (Exit.isFailure(exit)) {
      if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
      const { code, message, cause } = explain(exit.cause)
      const error = { message, cause, at: yield* Clock.currentTimeMillis }
      yield* SubscriptionRef.update(state, ({ loaded }) => ({ loaded, loading: false, error }))
      return yield* new Problem.Unavailable({ code, detail: message, cause })
    }
    if (built === undefined) return undefined
    const earlier = current
    const generation = (earlier?.loaded.generation ?? 0) + 1
    const loaded: Loaded = { generation, loadedAt: yield* Clock.currentTimeMillis, ...built }
    current = { loaded, scope, users: new Map() }
    generations.add(current)
    yield* SubscriptionRef.set(state, { loaded, loading: false, error: undefined })
    if (earlier !== undefined) yield* closeUnused(earlier)
    return loaded
  }))

  const loading = Effect.forever(Effect.gen(function*() {
    yield* asked.await
    asked.closeUnsafe()
    const exit = yield* Effect.exit(load)
    const waiting = outcome
    if (asked.isOpen() || waiting === undefined || Exit.isSuccess(exit) && exit.value === undefined) return
    // first: whoever waits goes on at once, and may ask again
    outcome = undefined
    Deferred.doneUnsafe(waiting, Exit.map(exit, (loaded) => loaded!))
  }))
  yield* Effect.forkScoped(loading)

  const ask = (): Deferred.Deferred<Loaded, Problem.Unavailable> => {
    const asking = outcome ??= Deferred.makeUnsafe()
    asked.openUnsafe()
    return asking
  }
  const reload = Effect.suspend(() => closed ? Effect.interrupt : Deferred.await(ask()))

  if (source.changes !== undefined) {
    yield* source.changes.pipe(
      Stream.debounce("100 millis"),
      // nobody waits for it: a load that hangs gives way to the next change
      Stream.runForEach(() => Effect.sync(ask)),
      Effect.forkScoped
    )
  }

  const ready = Effect.suspend((): Effect.Effect<unknown, Problem.Unavailable> => {
    if (closed) return Effect.interrupt
    if (current !== undefined) return Effect.void
    if (outcome !== undefined) return Deferred.await(outcome)
    const { error } = SubscriptionRef.getUnsafe(state)
    return Effect.fail(
      new Problem.Unavailable({
        code: "LoadError",
        detail: error?.message ?? `${module} is not loaded.`,
        ...(error === undefined ? {} : { cause: error.cause })
      })
    )
  })

  const use: Service["use"] = (f) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(ready), () =>
        Effect.withFiber((fiber) => {
          const generation = current
          if (closed || generation === undefined) return Effect.interrupt
          const user = {}
          generation.users.set(user, fiber)
          return Effect.ensuring(
            restore(Effect.suspend(() => f(generation.loaded))),
            Effect.suspend(() => {
              generation.users.delete(user)
              if (closed && !isUsed()) unused.openUnsafe()
              return closeUnused(generation)
            })
          )
        }))
    )

  return Deployment.of({
    module,
    state: SubscriptionRef.get(state),
    changes: SubscriptionRef.changes(state),
    reload,
    use
  })
})
