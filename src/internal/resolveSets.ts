/**
 * Partition sets at a moment.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Partitions from "../Partitions.ts"
import type { Compiled } from "./compile.ts"

/** A set at the moment that is meant. */
export type Resolve = (set: Partitions.Any) => Partitions.Resolved

/**
 * Resolves each set of a graph once, all at the same moment.
 *
 * @internal
 */
export const resolveSets = Effect.fnUntraced(function*(
  graph: Compiled,
  now: number
): Effect.fn.Return<Resolve, Partitions.DynamicKeysError> {
  const context = yield* Effect.context<never>()
  const dynamic = new Map<string, ReadonlyArray<string>>()
  for (const { partitions } of graph.assets) {
    if (partitions === undefined) continue
    for (const name of Partitions.dynamicNames(partitions)) {
      if (dynamic.has(name)) continue
      // a graph with dynamic partitions has the service in its type
      const service = Context.get(context as Context.Context<Partitions.DynamicKeys>, Partitions.DynamicKeys)
      dynamic.set(name, yield* service.keys(name))
    }
  }
  const sets = new Map<Partitions.Any, Partitions.Resolved>()
  return (set) => {
    let resolved = sets.get(set)
    if (resolved === undefined) {
      resolved = Partitions.resolveAt(set, now, dynamic)
      sets.set(set, resolved)
    }
    return resolved
  }
})
