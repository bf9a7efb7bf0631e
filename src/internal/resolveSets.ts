/**
 * Partition sets at a moment.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Asset from "../Asset.ts"
import * as Partitions from "../Partitions.ts"

/** A set at the moment that is meant. */
export type Resolve = (set: Partitions.Any) => Partitions.Resolved

/**
 * Resolves each set of some assets once, all of them now.
 *
 * @internal
 */
export const resolveSets = Effect.fnUntraced(function*(
  assets: ReadonlyArray<Asset.Any>
): Effect.fn.Return<Resolve, Partitions.DynamicKeysError> {
  const now = yield* Clock.currentTimeMillis
  const context = yield* Effect.context<never>()
  const dynamic = new Map<string, ReadonlyArray<string>>()
  for (const { partitions } of assets) {
    if (partitions === undefined) continue
    for (const name of Partitions.dynamicNames(partitions)) {
      if (dynamic.has(name)) continue
      // assets with dynamic partitions have the service in their type
      const service = Context.get(context as Context.Context<Partitions.DynamicKeys>, Partitions.DynamicKeys)
      dynamic.set(name, yield* service.keys(name))
    }
  }
  const sets = new Map<string, Partitions.Resolved>()
  return (set) => {
    const id = Partitions.id(set)
    let resolved = sets.get(id)
    if (resolved === undefined) {
      resolved = Partitions.resolveAt(set, now, dynamic)
      sets.set(id, resolved)
    }
    return resolved
  }
})
