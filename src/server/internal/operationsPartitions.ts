/**
 * Partitions of an asset as stretches of one state: found by the algebra of intervals, without going through them.
 */
import * as Effect from "effect/Effect"
import type * as Asset from "../../Asset.ts"
import * as Catalog from "../../Catalog.ts"
import * as Subset from "../../internal/subset.ts"
import type * as Partitions from "../../Partitions.ts"
import * as PartitionSubset from "../../PartitionSubset.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import type { Service } from "../Operations.ts"
import type { Catalogued, Env } from "./operationsEnv.ts"
import { limitOf } from "./operationsPages.ts"
import { invalid, quoted, toProblems } from "./operationsProblems.ts"
import { dimensionsOf } from "./operationsText.ts"

const maxStretches = 10_000
const maxKeys = 1_000
/** So many keys are looked at for one page; a page that has found less tells where to go on. */
const maxScanned = 50_000
const scannedAtOnce = 5_000

const states = ["Running", "Failed", "Missing", "Stale", "Fresh"] as const satisfies ReadonlyArray<Model.PartitionState>

/** The partitions of an asset, each in one of the states. */
interface Stated {
  readonly resolved: Partitions.Resolved
  readonly total: number
  /** By place in `states`. */
  readonly subsets: ReadonlyArray<Subset.Subset>
}

const stated = Effect.fnUntraced(function*(asset: Asset.Any, { graph }: Deployment.Loaded) {
  const { key } = asset
  const found: { readonly [key: string]: Catalog.Staleness | undefined } = yield* Catalog.staleness(graph, {
    select: [key]
  })
  const staleness = found[key]
  if (staleness?._tag !== "Partitioned") {
    return yield* invalid("NotPartitionedError", `${quoted(key)} has no partitions.`)
  }
  // read last: windows may have ended and keys been added meanwhile, which are missing then
  const status = yield* Catalog.partitions(asset)
  const { resolved, subset: all } = PartitionSubset.inside(status.all)
  const of = (subset: PartitionSubset.Any) => Subset.intersection(PartitionSubset.inside(subset).subset, all)
  const rest = (subset: Subset.Subset, ...before: ReadonlyArray<Subset.Subset>) =>
    before.reduce(Subset.difference, subset)
  const running = of(status.inProgress)
  const failed = rest(of(status.failed), running)
  const missing = rest(of(status.missing), running, failed)
  const stale = rest(of(staleness.stale), running, failed, missing)
  const fresh = rest(all, running, failed, missing, stale)
  const result: Stated = { resolved, total: all.size, subsets: [running, failed, missing, stale, fresh] }
  return result
})

// ---------------------------------------------------------------------------------------------------------------------
// stretches
// ---------------------------------------------------------------------------------------------------------------------

interface Stretch {
  /** A place in the order of the set: the last dimension changes first. */
  readonly start: number
  readonly length: number
  /** A place in `states`. */
  readonly state: number
}

/** The stretches one after the other; two that touch have different states. Lazy. */
function* stretches({ resolved, subsets }: Pick<Stated, "resolved" | "subsets">): Generator<Stretch> {
  if (Subset.sizesOf(resolved).includes(0)) return
  let last: { start: number; length: number; state: number } | undefined
  for (const { length, start, state } of pieces(subsets, Subset.sizesOf(resolved), 0)) {
    if (last !== undefined && last.state === state && last.start + last.length === start) last.length += length
    else {
      if (last !== undefined) yield last
      last = { start, length, state }
    }
  }
  if (last !== undefined) yield last
}

/** The pieces of the dimensions from `axis` on. */
function* pieces(
  subsets: ReadonlyArray<Subset.Subset>,
  sizes: ReadonlyArray<number>,
  axis: number
): Generator<Stretch> {
  const inner = sizes.slice(axis + 1).reduce((product, size) => product * size, 1)
  const places = subsets.map(() => 0)
  let at = 0
  const size = sizes[axis] ?? 0
  while (at < size) {
    // up to where the first of the sets begins or ends
    let end = size
    const here = subsets.map((subset, state) => {
      const { bounds } = subset
      while (places[state]! < bounds.length && bounds[places[state]! + 1]! <= at) places[state]! += 2
      const place = places[state]!
      if (place >= bounds.length) return undefined
      const isIn = bounds[place]! <= at
      end = Math.min(end, isIn ? bounds[place + 1]! : bounds[place]!)
      return isIn ? place : undefined
    })
    const only = here.findIndex((place, state) =>
      place !== undefined &&
      (inner === 1 || subsets[state]!.depth === 1 || subsets[state]!.rests[place >> 1]!.size === inner)
    )
    if (only >= 0) yield { start: at * inner, length: (end - at) * inner, state: only }
    else {
      const rests = here.map((place, state) =>
        place === undefined ? Subset.empty(subsets[state]!.depth - 1) : subsets[state]!.rests[place >> 1]!
      )
      // the rows from `at` to `end` are all alike
      for (let row = at; row < end; row++) {
        for (const piece of pieces(rests, sizes, axis + 1)) yield { ...piece, start: row * inner + piece.start }
      }
    }
    at = end
  }
}

const indicesAt = (sizes: ReadonlyArray<number>, place: number): ReadonlyArray<number> => {
  const indices: Array<number> = []
  let left = place
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    indices.unshift(left % sizes[axis]!)
    left = Math.floor(left / sizes[axis]!)
  }
  return indices
}

const keyAt = (resolved: Partitions.Resolved, place: number): string =>
  resolved.keyOf(indicesAt(Subset.sizesOf(resolved), place))

const kinds = { TimeWindow: "time", Fixed: "fixed", Dynamic: "dynamic" } as const

const dimensionModels = ({ dimensions, set }: Partitions.Resolved): Model.PartitionsModel["dimensions"] =>
  dimensionsOf(set).map(([name, { kind }], axis) => {
    const { dimension } = dimensions[axis]!
    const { size } = dimension
    return {
      name,
      kind: kinds[kind],
      size,
      ...(size > 0 && { first: dimension.keyAt(0), last: dimension.keyAt(size - 1) }),
      ...(size <= maxKeys && { keys: Array.from({ length: size }, (_, index) => dimension.keyAt(index)) })
    }
  })

const modelOf = (key: string, found: Stated): Model.PartitionsModel => {
  const { resolved, subsets, total } = found
  const shown: Array<Model.PartitionsModel["stretches"][number]> = []
  let truncated = false
  for (const { length, start, state } of stretches(found)) {
    if (shown.length === maxStretches) {
      truncated = true
      break
    }
    const first = keyAt(resolved, start)
    shown.push({
      start,
      length,
      state: states[state]!,
      first,
      last: length === 1 ? first : keyAt(resolved, start + length - 1)
    })
  }
  const [running, failed, missing, stale, fresh] = subsets.map(({ size }) => size)
  return {
    key,
    total,
    counts: { Running: running!, Failed: failed!, Missing: missing!, Stale: stale!, Fresh: fresh! },
    dimensions: dimensionModels(resolved),
    stretches: shown,
    truncated
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// lists
// ---------------------------------------------------------------------------------------------------------------------

type ListQuery = Parameters<Service["partitionList"]>[0]

const listOf = Effect.fnUntraced(function*(found: Stated, query: ListQuery) {
  const { resolved } = found
  const isDescending = query.order === "descending"
  const step = isDescending ? -1 : 1
  const after = query.after === undefined ? undefined : Math.floor(query.after)
  const limit = limitOf(query.limit)
  const text = query.search?.toLowerCase()
  const items: Array<Model.PartitionModel> = []
  let scanned = 0
  for (const { length, start, state } of isDescending ? [...stretches(found)].toReversed() : stretches(found)) {
    if (query.state !== undefined && states[state] !== query.state) continue
    const [first, last] = isDescending ? [start + length - 1, start] : [start, start + length - 1]
    const from = after === undefined ? first : isDescending ? Math.min(first, after - 1) : Math.max(first, after + 1)
    for (let index = from; (last - index) * step >= 0; index += step) {
      if (items.length === limit || scanned === maxScanned) return { items, next: index - step }
      if (++scanned % scannedAtOnce === 0) yield* Effect.yieldNow
      const key = keyAt(resolved, index)
      if (text === undefined || key.toLowerCase().includes(text)) items.push({ key, index, state: states[state]! })
    }
  }
  return { items }
})

/** The last tuples of a set, the last one first. */
function* backwards(self: Subset.Subset): Generator<ReadonlyArray<number>> {
  for (let i = self.bounds.length - 2; i >= 0; i -= 2) {
    for (let index = self.bounds[i + 1]! - 1; index >= self.bounds[i]!; index--) {
      if (self.depth === 1) yield [index]
      else for (const rest of backwards(self.rests[i >> 1]!)) yield [index, ...rest]
    }
  }
}

/** The keys of the newest partitions that are materialized, the newest first. */
export const newestKeys = Effect.fnUntraced(function*(
  asset: Asset.Any,
  count: number
): Effect.fn.Return<
  ReadonlyArray<string>,
  Effect.Error<ReturnType<typeof Catalog.partitions<Asset.Any>>>,
  Catalogued
> {
  const { materialized } = yield* Catalog.partitions(asset)
  const { resolved, subset } = PartitionSubset.inside(materialized)
  const keys: Array<string> = []
  for (const tuple of backwards(subset)) {
    if (keys.length >= count) break
    keys.push(resolved.keyOf(tuple))
  }
  return keys
})

/** @internal */
export const partitionOperations = (env: Env): Pick<Service, "partitions" | "partitionList"> => ({
  partitions: (key) =>
    toProblems(
      env.withAsset(key, (asset, loaded) => Effect.map(stated(asset, loaded), (found) => modelOf(key, found)))
    ),
  partitionList: (query) =>
    toProblems(
      env.withAsset(
        query.key,
        (asset, loaded) => Effect.flatMap(stated(asset, loaded), (found) => listOf(found, query))
      )
    )
})
