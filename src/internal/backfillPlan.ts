/**
 * From the partitions that a backfill is to compute to runs and their order. Pure: nothing is read, nothing runs.
 */
import * as Result from "effect/Result"
import type * as Asset from "../Asset.ts"
import * as Partitions from "../Partitions.ts"
import type * as Plan from "../Plan.ts"
import { downstream, upstream } from "./mapping.ts"
import * as Subset from "./subset.ts"
import { didYouMean, suggest } from "./suggest.ts"
import { type Problem, subsetOf, type Wanted } from "./targets.ts"

/** How many partitions one run computes. */
export type PerRun = number | "all"

/** What a backfill computes of one asset: `subset` is of depth 0 for an asset without partitions. */
export interface BackfillTarget {
  readonly resolved: Partitions.Resolved | undefined
  readonly subset: Subset.Subset
}

/** One run of a backfill. */
export interface PlannedRun {
  /** Ids of assets, upstream before downstream. */
  readonly assets: ReadonlyArray<number>
  /** The same partitions of all of its assets; `undefined` for assets without partitions. */
  readonly subset: Subset.Subset | undefined
  readonly resolved: Partitions.Resolved | undefined
  /** The places of the runs that come before: what all need is a stretch of them, and not a list for each. */
  readonly after: Subset.Subset
}

/**
 * The partitions of each planned asset.
 *
 * **Details**
 *
 * What is asked for is partitions of the roots: of the planned assets with partitions that are computed from no other such
 * asset, and of those that have the set of a root. Further down, mappings tell. An asset without partitions is computed
 * once.
 *
 * @internal
 */
export const backfillTargets = (
  { graph, planned }: Plan.Inside,
  wanted: Wanted | ReadonlyMap<string, Wanted>,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): Result.Result<ReadonlyMap<number, BackfillTarget>, ReadonlyArray<Problem>> => {
  const targets = new Map<number, BackfillTarget>()
  const problems: Array<Problem> = []
  const isRoot = (id: number): boolean => {
    const { offsets, targets } = graph.parents
    return !targets.subarray(offsets[id]!, offsets[id + 1]!).some((parent) =>
      planned[parent] === 1 && graph.assets[parent]!.partitions !== undefined
    )
  }
  const own = wanted instanceof Map ? wanted as ReadonlyMap<string, Wanted> : undefined
  const rootSets = new Set<string>()
  for (let id = 0; id < planned.length; id++) {
    const { partitions } = graph.assets[id]!
    if (planned[id] === 1 && partitions !== undefined && own === undefined && isRoot(id)) {
      rootSets.add(Partitions.id(partitions))
    }
  }
  for (const key of own?.keys() ?? []) {
    const id = graph.ids.get(key)
    if (id === undefined) {
      problems.push({ key, problem: `is not in the graph.${didYouMean(suggest(key, graph.ids.keys()))}` })
    } else if (planned[id] === 0) problems.push({ key, problem: "is not selected" })
    else if (graph.assets[id]!.partitions === undefined) problems.push({ key, problem: "has no partitions" })
  }
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    const { key, partitions } = graph.assets[id]!
    if (partitions === undefined) {
      targets.set(id, { resolved: undefined, subset: Subset.unit })
      continue
    }
    const resolved = resolve(partitions)
    const asked = own === undefined
      ? (rootSets.has(Partitions.id(partitions)) ? wanted as Wanted : undefined)
      : own.get(key)
    if (asked !== undefined) {
      const subset = subsetOf(resolved, asked)
      if (Result.isFailure(subset)) problems.push({ key, problem: subset.failure })
      else targets.set(id, { resolved, subset: subset.success })
      continue
    }
    const parts: Array<Subset.Subset> = []
    for (const { input, parent } of inputsOf(graph, id)) {
      const target = targets.get(parent)
      if (target?.resolved === undefined) continue
      parts.push(downstream(input.mapping, target.resolved, target.subset, resolved))
    }
    targets.set(id, { resolved, subset: Subset.unionAll(resolved.dimensions.length, parts) })
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(targets)
}

/**
 * The same, with all outputs of a multi-asset that cannot compute some of them alone: what one needs, all compute.
 *
 * @internal
 */
export const withSiblings = (
  graph: Plan.Inside["graph"],
  targets: ReadonlyMap<number, BackfillTarget>,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): ReadonlyMap<number, BackfillTarget> => {
  const all = new Map(targets)
  for (const [id, { resolved, subset }] of targets) {
    const siblings = graph.siblings[id]
    if (siblings === undefined || subset.size === 0 || graph.assets[id]!.output!.multi.canSubset) continue
    for (const sibling of siblings) {
      const { partitions } = graph.assets[sibling]!
      const known = all.get(sibling)
      if (known !== undefined) all.set(sibling, { ...known, subset: Subset.union(known.subset, subset) })
      // they have the same partitions
      else all.set(sibling, { resolved: resolved && resolve(partitions!), subset })
    }
  }
  return all
}

/**
 * What the partitions to compute need and does not exist.
 *
 * @internal
 */
export const unmetTargets = (
  graph: Plan.Inside["graph"],
  targets: ReadonlyMap<number, BackfillTarget>,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  for (const [id, { resolved, subset }] of targets) {
    for (const { input, parent } of inputsOf(graph, id)) {
      const { key, partitions } = graph.assets[parent]!
      if (partitions === undefined || input.many || (input.mode !== "value" && input.mode !== "lastValue")) continue
      const { missing, missingCount } = upstream(input.mapping, resolved, subset, resolve(partitions))
      if (missingCount === 0) continue
      const more = missingCount > missing.length ? ` and ${missingCount - missing.length} more` : ""
      problems.push({
        key: graph.assets[id]!.key,
        problem: `needs partitions of "${key}" that do not exist: ${missing.join(", ")}${more}. ` +
          "Let the mapping allow it, or read it with Asset.optional"
      })
    }
  }
  return problems
}

/** What an asset reads or comes after, with the ids of the upstream assets. */
const inputsOf = (
  graph: Plan.Inside["graph"],
  id: number
): ReadonlyArray<{ readonly input: Asset.AnyInput; readonly parent: number }> => {
  const asset = graph.assets[id]!
  return [...Object.values(asset.inputs), ...asset.deps].flatMap((input) => {
    const parent = graph.ids.get(input.asset.key)
    return parent === undefined ? [] : [{ input, parent }]
  })
}

/** Assets that run together, partition by partition. */
interface Block {
  readonly assets: Array<number>
  readonly target: BackfillTarget
  /** The partitions of each run: pieces of one size, but for the last one. */
  readonly chunks: ReadonlyArray<Subset.Subset | undefined>
  readonly whole: Counts
  /** The place of the run of the first chunk. */
  first: number
}

/**
 * The runs of a backfill, each after those that it needs.
 *
 * **Details**
 *
 * Assets with the same partitions to compute and the same size of runs go together, as far as each partition needs just
 * the same one upstream; so what is skipped or fails is so within one run. In a single run, other mappings can go along.
 *
 * @internal
 */
export const backfillRuns = (
  { graph, planned }: Plan.Inside,
  targets: ReadonlyMap<number, BackfillTarget>,
  perRun: (keys: ReadonlyArray<string>) => PerRun
): Result.Result<ReadonlyArray<PlannedRun>, ReadonlyArray<Problem>> => {
  const level = new Int32Array(planned.length)
  const signatures: Array<string> = []
  const blocks = new Map<string, Block>()
  const blockOf = new Map<number, Block>()
  for (let id = 0; id < planned.length; id++) {
    const target = targets.get(id)
    if (target === undefined || target.subset.size === 0) continue
    const asset = graph.assets[id]!
    const { canSubset } = asset.output?.multi ?? { canSubset: true }
    const together = canSubset ? [asset.key] : graph.siblings[id]!.map((sibling) => graph.assets[sibling]!.key)
    const size = asset.partitions === undefined ? "all" : perRun(together)
    const signature = asset.partitions === undefined
      ? "whole"
      : JSON.stringify([Partitions.id(asset.partitions), size, Subset.serialize(target.resolved!, target.subset)])
    signatures[id] = signature
    const isOneRun = size === "all" || size >= target.subset.size
    for (const { input, parent } of inputsOf(graph, id)) {
      if (blockOf.get(parent) === undefined) continue
      const isTogether = signatures[parent] === signature &&
        (asset.partitions === undefined || isOneRun || isIdentity(input, asset))
      level[id] = Math.max(level[id]!, level[parent]! + (isTogether ? 0 : 1))
    }
    const name = `${level[id]} ${signature}`
    let block = blocks.get(name)
    if (block === undefined) {
      const chunks = target.resolved === undefined
        ? [undefined]
        : isOneRun
        ? [target.subset]
        : Array.from(Subset.chunk(target.subset, size))
      block = { assets: [], target, chunks, whole: new Counts(target.subset), first: 0 }
      blocks.set(name, block)
    }
    block.assets.push(id)
    blockOf.set(id, block)
  }

  const order = Array.from(blocks.values()).sort((a, b) => level[a.assets[0]!]! - level[b.assets[0]!]!)
  let count = 0
  for (const block of order) {
    block.first = count
    count += block.chunks.length
  }
  const runs: Array<PlannedRun> = []
  const problems: Array<Problem> = []
  for (const block of order) {
    const { resolved } = block.target
    let isOrdered = false
    block.chunks.forEach((subset, at) => {
      const place = block.first + at
      /** The places of runs that come before: from, up to, from, up to … */
      const ranges: Array<number> = []
      const need = (up: Block, input: Asset.AnyInput): void => {
        const { first, target } = up
        if (target.resolved === undefined) return void ranges.push(first, first + 1)
        const { existing } = upstream(input.mapping, resolved, subset ?? Subset.unit, target.resolved)
        chunksOf(up, existing, ranges)
      }
      for (const id of block.assets) {
        for (const { input, parent } of inputsOf(graph, id)) {
          const up = blockOf.get(parent)
          if (up !== undefined && up !== block) need(up, input)
        }
        const { previous } = graph.assets[id]!
        for (const name in previous) {
          isOrdered = true
          need(block, previous[name]!)
        }
      }
      const after = Subset.difference(Subset.fromRanges(sortedRanges(ranges)), Subset.fromRange(place, place + 1))
      runs.push({ assets: block.assets, subset, resolved, after })
    })
    if (isOrdered && !canBeOrdered(runs, block.first)) {
      for (const id of block.assets) {
        const { key, previous } = graph.assets[id]!
        if (Object.keys(previous).length === 0) continue
        problems.push({
          key,
          problem:
            "has partitions that wait for each other: give Asset.previous another mapping, or compute all in one run"
        })
      }
    }
  }
  return problems.length > 0 ? Result.fail(problems) : Result.succeed(runs)
}

const sortedRanges = (ranges: ReadonlyArray<number>): ReadonlyArray<number> => {
  if (ranges.length <= 2) return ranges
  const pairs: Array<readonly [from: number, to: number]> = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!])
  return pairs.sort((a, b) => a[0] - b[0]).flat()
}

/** Adds the places of the runs of a block that compute some partitions; whole stretches of these at once. */
const chunksOf = ({ chunks, first, target, whole }: Block, subset: Subset.Subset, ranges: Array<number>): void => {
  // chunks are pieces of one size, the last one aside
  const size = chunks[0]!.size
  ranks(whole, target.subset, subset, 0, (from, to) => {
    ranges.push(first + Math.floor(from / size), first + Math.floor((to - 1) / size) + 1)
  })
}

/** Where the tuples of one set are in the order of another, those that are in it: stretches of places. */
const ranks = (
  before: Counts,
  self: Subset.Subset,
  that: Subset.Subset,
  offset: number,
  add: (from: number, to: number) => void
): void => {
  const { bounds, depth, rests } = self
  for (let j = 0; j < that.bounds.length; j += 2) {
    const lo = that.bounds[j]!
    const hi = that.bounds[j + 1]!
    let at = firstEndingAfter(bounds, lo)
    if (depth === 1) {
      // what is between two intervals has no place, so the places are one stretch
      const from = placeOf(before, bounds, at, lo)
      const to = placeOf(before, bounds, firstEndingAfter(bounds, hi), hi)
      if (from < to) add(offset + from, offset + to)
      continue
    }
    for (; 2 * at < bounds.length && bounds[2 * at]! < hi; at++) {
      const from = Math.max(lo, bounds[2 * at]!)
      const to = Math.min(hi, bounds[2 * at + 1]!)
      const start = offset + before.counts[at]!
      const first = bounds[2 * at]!
      const rest = rests[at]!
      const own = that.rests[j >> 1]!
      const shared = Subset.intersection(rest, own)
      if (shared.size === rest.size) add(start + (from - first) * rest.size, start + (to - first) * rest.size)
      else if (shared.size > 0) {
        for (let row = from; row < to; row++) {
          ranks(before.restOf(at), rest, shared, start + (row - first) * rest.size, add)
        }
      }
    }
  }
}

/** The place of the first interval that ends after an index. */
const firstEndingAfter = (bounds: Int32Array, index: number): number => {
  let lo = 0
  let hi = bounds.length / 2
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (bounds[2 * middle + 1]! <= index) lo = middle + 1
    else hi = middle
  }
  return lo
}

/** How many indices there are before one, given the first interval that ends after it. */
const placeOf = ({ counts }: Counts, bounds: Int32Array, at: number, index: number): number =>
  counts[at]! + (2 * at < bounds.length ? Math.max(0, index - bounds[2 * at]!) : 0)

/** How many tuples of a set there are before each of its intervals, and in all. */
class Counts {
  readonly counts: Float64Array
  private readonly self: Subset.Subset
  private readonly rests: Array<Counts | undefined> = []

  constructor(self: Subset.Subset) {
    this.self = self
    const { bounds, depth, rests } = self
    this.counts = new Float64Array(bounds.length / 2 + 1)
    for (let at = 0; 2 * at < bounds.length; at++) {
      const width = bounds[2 * at + 1]! - bounds[2 * at]!
      this.counts[at + 1] = this.counts[at]! + width * (depth === 1 ? 1 : rests[at]!.size)
    }
  }

  restOf(at: number): Counts {
    return this.rests[at] ??= new Counts(this.self.rests[at]!)
  }
}

/**
 * Tells which runs may begin, while others end.
 *
 * **Details**
 *
 * A run that comes after a stretch of others waits for a few nodes of a tree whose leaves are the runs, so runs that all
 * come after all others do not take as many steps as the product of both.
 *
 * @internal
 */
export class Order {
  /** The places of runs that may begin, in the order in which they became so. */
  readonly ready: Array<number> = []
  /** For how many nodes each run waits. */
  private readonly waiting: Int32Array
  /** How many leaves of each node have not ended. The children of a node are at twice its place. */
  private readonly left: Int32Array
  private readonly leaves: number
  private readonly dependents = new Map<number, Array<number>>()

  constructor(runs: ReadonlyArray<{ readonly after: Subset.Subset }>) {
    const { length } = runs
    let leaves = 1
    while (leaves < length) leaves *= 2
    this.leaves = leaves
    this.waiting = new Int32Array(length)
    this.left = new Int32Array(2 * leaves)
    this.left.fill(1, leaves, leaves + length)
    for (let node = leaves - 1; node > 0; node--) this.left[node] = this.left[2 * node]! + this.left[2 * node + 1]!
    runs.forEach(({ after: { bounds } }, place) => {
      for (let i = 0; i < bounds.length; i += 2) this.waitFor(place, bounds[i]!, bounds[i + 1]!)
      if (bounds.length === 0) this.ready.push(place)
    })
  }

  private waitFor(place: number, from: number, to: number): void {
    let [lo, hi] = [from + this.leaves, to + this.leaves]
    for (; lo < hi; lo >>= 1, hi >>= 1) {
      if (lo % 2 === 1) this.wait(place, lo++)
      if (hi % 2 === 1) this.wait(place, --hi)
    }
  }

  private wait(place: number, node: number): void {
    this.waiting[place]!++
    const known = this.dependents.get(node)
    if (known === undefined) this.dependents.set(node, [place])
    else known.push(place)
  }

  /** A run has ended. */
  ended(place: number): void {
    for (let node = this.leaves + place; node > 0; node >>= 1) {
      if (--this.left[node]! > 0) continue
      for (const dependent of this.dependents.get(node) ?? none) {
        if (--this.waiting[dependent]! === 0) this.ready.push(dependent)
      }
    }
  }
}

const none: ReadonlyArray<number> = []

/** Whether runs can be brought into an order; those before a place can. */
const canBeOrdered = (runs: ReadonlyArray<PlannedRun>, first: number): boolean => {
  // nearly always each run comes after such as stand before it
  if (runs.every(({ after }, place) => place < first || (Subset.last(after)?.[0] ?? -1) < place)) return true
  const order = new Order(runs)
  for (let next = 0; next < order.ready.length; next++) order.ended(order.ready[next]!)
  return order.ready.length === runs.length
}

/** Whether a partition needs just the same partition of what is upstream. */
const isIdentity = (input: Asset.AnyInput, asset: Asset.Any): boolean => {
  if (input.asset.partitions === undefined || asset.partitions === undefined) return false
  if (input.mapping === undefined) return Partitions.id(input.asset.partitions) === Partitions.id(asset.partitions)
  return input.mapping._tag === "Identity" ||
    (input.mapping._tag === "TimeWindow" && input.mapping.startOffset === 0 && input.mapping.endOffset === 0)
}
