/**
 * Which partitions a run computes.
 */
import * as Result from "effect/Result"
import type * as Asset from "../Asset.ts"
import type * as Partitions from "../Partitions.ts"
import type * as Plan from "../Plan.ts"
import * as Subset from "./subset.ts"
import { didYouMean, suggest } from "./suggest.ts"
import type { Target } from "./work.ts"

/** Partitions as they are asked for: keys, a range of keys that both belong to it, or all that exist. */
export type Wanted =
  | ReadonlyArray<string>
  | { readonly from: string; readonly to: string }
  | "all"

/** What is wrong with what is asked for. */
export interface Problem {
  readonly key: string
  readonly problem: string
}

const absent = (resolved: Partitions.Resolved, key: string): string => {
  const all = Subset.allOf(resolved)
  if (all.size === 0) return `has no partition ${JSON.stringify(key)}: it has none yet`
  const [first, last] = [Subset.first(all)!, Subset.last(all)!].map(resolved.keyOf)
  // windows that are not there yet are no mistake in writing
  const similar = all.size <= 1000 && resolved.partitionOf(key) === undefined
    ? suggest(key, Subset.keysOf(resolved, all))
    : []
  return `has no partition ${JSON.stringify(key)}: they go from "${first}" to "${last}".${didYouMean(similar)}`
}

/** @internal */
export const subsetOf = (
  resolved: Partitions.Resolved,
  wanted: Wanted
): Result.Result<Subset.Subset, string> => {
  if (wanted === "all") return Result.succeed(Subset.allOf(resolved))
  if ("from" in wanted) {
    return Result.mapError(Subset.fromKeyRange(resolved, wanted), ([missing]) =>
      missing === undefined
        ? `has the range the other way round: "${wanted.to}" comes before "${wanted.from}"`
        : absent(resolved, missing))
  }
  const { subset, unknown } = Subset.fromKeys(resolved, wanted)
  return unknown.length > 0 ? Result.fail(absent(resolved, unknown[0]!)) : Result.succeed(subset)
}

/** What a partitioned asset is told that nobody says which partitions of. */
const unsaid =
  "has partitions: say which with `partition` or `partitions`, leave it out of the selection, or use Runtime.backfill"

/**
 * The partitions of the planned assets, by key.
 *
 * @internal
 */
export const targetsOf = (
  { graph, planned }: Plan.Inside,
  wanted: Wanted | ReadonlyMap<string, Partitions.Serialized> | undefined,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): Result.Result<ReadonlyMap<string, Target>, ReadonlyArray<Problem>> => {
  const targets = new Map<string, Target>()
  const problems: Array<Problem> = []
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    const { key, partitions } = graph.assets[id]!
    if (partitions === undefined) continue
    const resolved = resolve(partitions)
    const subset = wantedOf(graph.assets[id]!, resolved, wanted)
    if (Result.isFailure(subset)) problems.push({ key, problem: subset.failure })
    else targets.set(key, { resolved, subset: subset.success })
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(targets)
}

const wantedOf = (
  { key }: Asset.Any,
  resolved: Partitions.Resolved,
  wanted: Wanted | ReadonlyMap<string, Partitions.Serialized> | undefined
): Result.Result<Subset.Subset, string> => {
  if (wanted === undefined) return Result.fail(unsaid)
  if (!(wanted instanceof Map)) return subsetOf(resolved, wanted as Wanted)
  const own = (wanted as ReadonlyMap<string, Partitions.Serialized>).get(key)
  if (own === undefined) return Result.fail(unsaid)
  const { subset, unknown } = Subset.deserialize(resolved, own)
  return unknown.length > 0 ? Result.fail(absent(resolved, unknown[0]!)) : Result.succeed(subset)
}
