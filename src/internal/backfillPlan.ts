/**
 * From the partitions that a backfill is to compute to runs and their order. Pure: nothing is read, nothing runs.
 */
import * as Result from "effect/Result"
import type * as Asset from "../Asset.ts"
import * as Partitions from "../Partitions.ts"
import type * as Plan from "../Plan.ts"
import { downstream, upstream } from "./mapping.ts"
import * as Subset from "./subset.ts"
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
  /** The places of the runs that come before. */
  readonly after: ReadonlyArray<number>
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
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    const asset = graph.assets[id]!
    const { key, partitions } = asset
    if (partitions === undefined) {
      targets.set(id, { resolved: undefined, subset: Subset.unit })
      continue
    }
    const resolved = resolve(partitions)
    const asked = own === undefined ? (rootSets.has(Partitions.id(partitions)) ? wanted as Wanted : undefined) : own.get(key)
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
  readonly chunks: ReadonlyArray<Subset.Subset | undefined>
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
  perRun: (key: string) => PerRun
): ReadonlyArray<PlannedRun> => {
  const level = new Int32Array(planned.length)
  const signatures: Array<string> = []
  const blocks = new Map<string, Block>()
  const blockOf = new Map<number, Block>()
  for (let id = 0; id < planned.length; id++) {
    const target = targets.get(id)
    if (target === undefined || target.subset.size === 0) continue
    const asset = graph.assets[id]!
    const size = asset.partitions === undefined ? "all" : perRun(asset.key)
    const signature = asset.partitions === undefined
      ? "whole"
      : JSON.stringify([Partitions.id(asset.partitions), size, Subset.serialize(target.resolved!, target.subset)])
    signatures[id] = signature
    const isOneRun = size === "all" || size >= target.subset.size
    for (const { input, parent } of inputsOf(graph, id)) {
      if (blockOf.get(parent) === undefined) continue
      const together = signatures[parent] === signature &&
        (asset.partitions === undefined || isOneRun || isIdentity(input, asset))
      level[id] = Math.max(level[id]!, level[parent]! + (together ? 0 : 1))
    }
    const name = `${level[id]} ${signature}`
    let block = blocks.get(name)
    if (block === undefined) {
      const chunks = target.resolved === undefined
        ? [undefined]
        : isOneRun
        ? [target.subset]
        : Array.from(Subset.chunk(target.subset, size))
      block = { assets: [], target, chunks, first: 0 }
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
  const places = new Map<Block, ReadonlyMap<string, number>>()
  /** The place of the run of each partition of a block. */
  const placesOf = (block: Block): ReadonlyMap<string, number> => {
    let found = places.get(block)
    if (found === undefined) {
      const all = new Map<string, number>()
      block.chunks.forEach((chunk, at) => {
        for (const tuple of Subset.iterate(chunk!)) all.set(tuple.join(), block.first + at)
      })
      places.set(block, all)
      found = all
    }
    return found
  }
  for (const block of order) {
    const { resolved } = block.target
    block.chunks.forEach((subset, at) => {
      const after = new Set<number>()
      const need = (up: Block, input: Asset.AnyInput): void => {
        const place = block.first + at
        if (up.target.resolved === undefined) return void after.add(up.first)
        const { existing } = upstream(input.mapping, resolved, subset ?? Subset.unit, up.target.resolved)
        const needed = Subset.intersection(existing, up.target.subset)
        if (up.chunks.length === 1) {
          if (needed.size > 0 && up.first !== place) after.add(up.first)
        } else if (needed.size === up.target.subset.size) {
          for (let chunk = 0; chunk < up.chunks.length; chunk++) if (up.first + chunk !== place) after.add(up.first + chunk)
        } else {
          const all = placesOf(up)
          for (const tuple of Subset.iterate(needed)) {
            const found = all.get(tuple.join())
            if (found !== undefined && found !== place) after.add(found)
          }
        }
      }
      for (const id of block.assets) {
        for (const { input, parent } of inputsOf(graph, id)) {
          const up = blockOf.get(parent)
          if (up !== undefined && up !== block) need(up, input)
        }
        const { previous } = graph.assets[id]!
        for (const name in previous) need(block, previous[name]!)
      }
      runs.push({ assets: block.assets, subset, resolved, after: Array.from(after).sort((a, b) => a - b) })
    })
  }
  return runs
}

/** Whether a partition needs just the same partition of what is upstream. */
const isIdentity = (input: Asset.AnyInput, asset: Asset.Any): boolean => {
  if (input.asset.partitions === undefined || asset.partitions === undefined) return false
  if (input.mapping === undefined) return Partitions.id(input.asset.partitions) === Partitions.id(asset.partitions)
  return input.mapping._tag === "Identity" ||
    (input.mapping._tag === "TimeWindow" && input.mapping.startOffset === 0 && input.mapping.endOffset === 0)
}
