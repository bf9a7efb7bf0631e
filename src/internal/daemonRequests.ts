/**
 * From what conditions request to runs: as few as possible, in the order in which they are to be launched.
 */
import type * as AutomationStore from "../AutomationStore.ts"
import * as Partitions from "../Partitions.ts"
import type { Compiled } from "./compile.ts"
import type { Requested } from "./conditions.ts"
import * as Subset from "./subset.ts"

type Request = AutomationStore.Request

/** More keys than these are told as ranges, where there is one dimension. */
const maxKeys = 100
/** So many ranges are runs of their own; of more of them each key is told. */
const maxRanges = 20

/** What runs have to say of partitions: several where they cannot be told in one. */
const wanted = ({ axes, subset }: Requested): ReadonlyArray<Pick<Request, "partition" | "partitions">> => {
  if (axes === undefined) return [{}]
  if (subset.size === 1) return [{ partition: Subset.keysOf(axes, subset).next().value as string }]
  const [only, second] = axes.dimensions
  const ranges = subset.bounds.length / 2
  if (subset.size <= maxKeys || second !== undefined || only === undefined || ranges > maxRanges) {
    return [{ partitions: Array.from(Subset.keysOf(axes, subset)) }]
  }
  const { dimension } = only
  return Array.from({ length: ranges }, (_, at) => ({
    partitions: {
      from: dimension.keyAt(subset.bounds[2 * at]!),
      to: dimension.keyAt(subset.bounds[2 * at + 1]! - 1)
    }
  }))
}

/** Equal for assets that can be computed in one run, as far as partitions go. */
const partitionsName = (graph: Compiled, { key, partitions }: Requested): string => {
  const set = graph.assets[graph.ids.get(key)!]?.partitions
  return set === undefined ? "" : `${Partitions.id(set)} ${JSON.stringify(partitions)}`
}

/** An asset, and the outputs that cannot be computed without it. */
const togetherWith = (graph: Compiled, id: number): ReadonlyArray<number> => {
  const siblings = graph.siblings[id]
  return siblings === undefined || graph.assets[id]!.output!.multi.canSubset ? [id] : siblings
}

/**
 * The runs for what is requested. What is computed from something that is requested as well is in the same run, if both have
 * the same partitions, or in a later one of the list.
 *
 * @internal
 */
export const grouped = (graph: Compiled, requested: ReadonlyArray<Requested>): ReadonlyArray<Request> => {
  const assets = requested.filter(({ kind }) => kind === "asset")
  const places = new Map(assets.map(({ key }, at) => [graph.ids.get(key)!, at]))
  const names = assets.map((request) => partitionsName(graph, request))
  const levels = assets.map(() => 0)
  const groups = assets.map((_, at) => at)
  const rootOf = (at: number): number => {
    let root = at
    while (groups[root] !== root) root = groups[root]!
    for (let next = at; next !== root;) {
      const after = groups[next]!
      groups[next] = root
      next = after
    }
    return root
  }
  const { offsets, targets } = graph.parents
  const ids = assets.map(({ key }) => graph.ids.get(key)!)
  /** The requests that one is computed by: an output is by that of any other output that brings it along. */
  const computedBy = (id: number): ReadonlyArray<number> =>
    togetherWith(graph, id).flatMap((id) => places.get(id) ?? [])
  const parentsOf = (at: number): ReadonlyArray<number> => {
    const found = new Set<number>()
    for (const id of togetherWith(graph, ids[at]!)) {
      for (let edge = offsets[id]!; edge < offsets[id + 1]!; edge++) {
        for (const parent of computedBy(targets[edge]!)) if (parent !== at) found.add(parent)
      }
    }
    return [...found]
  }
  // upstream before downstream
  const order = assets.map((_, at) => at).sort((a, b) => ids[a]! - ids[b]!)
  for (const at of order) {
    const parents = parentsOf(at)
    // what has other partitions is another run, which comes before
    for (const parent of parents) {
      levels[at] = Math.max(levels[at]!, levels[parent]! + (names[parent] === names[at] ? 0 : 1))
    }
    for (const parent of [...parents, ...computedBy(ids[at]!)]) {
      if (names[parent] === names[at] && levels[parent] === levels[at]) groups[rootOf(at)] = rootOf(parent)
    }
  }
  const runs = new Map<number, Array<number>>()
  for (const at of order.toSorted((a, b) => levels[a]! - levels[b]!)) {
    const members = runs.get(rootOf(at))
    if (members === undefined) runs.set(rootOf(at), [at])
    else members.push(at)
  }
  const found: Array<Request> = []
  // one that cannot be observed, or takes long, is to hold up no others
  for (const { key, kind } of requested) if (kind === "observe") found.push({ observe: [key] })
  for (const members of runs.values()) {
    const keys = members.map((at) => assets[at]!.key)
    for (const partitions of wanted(assets[members[0]!]!)) found.push({ keys, ...partitions })
  }
  const checks = new Map<string, { readonly first: Requested; readonly names: Array<string> }>()
  for (const request of requested) {
    if (request.kind === "job") {
      for (const partitions of wanted(request)) found.push({ job: request.key, ...partitions })
    }
    if (request.kind !== "check") continue
    const name = partitionsName(graph, request)
    const group = checks.get(name)
    if (group === undefined) checks.set(name, { first: request, names: [request.id] })
    else group.names.push(request.id)
  }
  for (const { first, names } of checks.values()) {
    for (const partitions of wanted(first)) found.push({ keys: [], checks: names, ...partitions })
  }
  return found
}
