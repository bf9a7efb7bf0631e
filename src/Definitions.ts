/**
 * Definitions: what a deployment loads. A graph, and the layer that provides everything its assets need. A module exports
 * them as its default export; the command line, the server and the web UI load that module.
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
import type * as Check from "./Check.ts"
import type * as EventLog from "./EventLog.ts"
import type * as Graph from "./Graph.ts"
import type * as Runtime from "./Runtime.ts"

const TypeId = "~effect-assets/Definitions"

/**
 * What a deployment loads: a graph, and the layer that provides what it needs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definitions<out T extends Graph.Assets, out C extends Check.Any = never, out E = never>
  extends Pipeable
{
  readonly [TypeId]: typeof TypeId
  readonly graph: Graph.Graph<T, C>
  /** Everything that runs of the graph need, the event log among it. */
  readonly layer: Layer.Layer<Services<T, C>, E>
}

/**
 * What the layer of definitions provides: the services of the assets and checks, the event log, and the keys of dynamic
 * partitions and the state of automation, which every log layer keeps beside it.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Graph.Assets, C extends Check.Any = never> =
  | Runtime.Services<T, C>
  | EventLog.Stored

/**
 * Definitions of any assets.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface Any extends Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly graph: Graph.Any
  readonly layer: Layer.Layer<never, unknown>
}

const Proto = {
  [TypeId]: TypeId,
  pipe() {
    return pipeArguments(this, arguments)
  }
} as const

/**
 * Puts a graph and its layer together.
 *
 * **Details**
 *
 * A layer that lacks a service some asset needs is a compile error that names the service. The layer is built once for as
 * long as a command or a server runs; with `Local.layer` every process of a directory sees the same values and history.
 *
 * **Example** (The default export of a module)
 *
 * ```ts
 * import { Definitions, Graph } from "effect-assets"
 * import { Local } from "effect-assets/node"
 * import * as assets from "./assets.ts"
 *
 * export default Definitions.make({
 *   graph: Graph.make(assets),
 *   layer: Local.layer({ directory: ".assets" })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <T extends Graph.Assets, C extends Check.Any = never, E = never>(options: {
  readonly graph: Graph.Graph<T, C>
  readonly layer: Layer.Layer<Services<NoInfer<T>, NoInfer<C>>, E>
}): Definitions<T, C, E> => Object.assign(Object.create(Proto), { graph: options.graph, layer: options.layer })

/**
 * Returns `true` when a value is definitions.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDefinitions = (u: unknown): u is Any => hasProperty(u, TypeId)
