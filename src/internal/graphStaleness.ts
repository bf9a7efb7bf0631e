/**
 * The staleness of the assets of a graph: each when it is asked for first, and then kept. O(edges) for all of them.
 */
import type * as Asset from "../Asset.ts"
import type { Partitioned, Stale, Staleness } from "../Catalog.ts"
import type * as EventLog from "../EventLog.ts"
import type * as Partitions from "../Partitions.ts"
import * as PartitionSubset from "../PartitionSubset.ts"
import type { Compiled } from "./compile.ts"
import {
  causesOf,
  evaluate,
  layered,
  type PartitionedUpstream,
  type PartitionVersions,
  type Reader
} from "./partitionState.ts"
import type { Resolve } from "./resolveSets.ts"
import { type Cause, compare, type Recorded, type Upstream } from "./staleness.ts"

const fresh: Staleness = { _tag: "Fresh" }
const missing: Staleness = { _tag: "Missing" }

/**
 * What is known of the versions of a whole asset: states of partitions are of another time, when it had some.
 *
 * @internal
 */
export const ofWhole = (
  states: ReadonlyArray<EventLog.VersionState> | undefined
): EventLog.VersionState | undefined => {
  const newest = states?.[0]
  // mostly it is the only one
  return newest === undefined || isWhole(newest) ? newest : states!.find(isWhole)
}

const isWhole = ({ partition, partitions }: EventLog.VersionState): boolean =>
  partition === undefined && partitions === undefined

/**
 * Whether an asset does without the value of an upstream asset: it does if no input or dep of it requires one.
 *
 * @internal
 */
export const toleratesAbsence = (asset: Asset.Any, upstream: string): boolean => {
  const requires = ({ asset, many, mode }: Asset.AnyInput) =>
    asset.key === upstream && !many && mode !== "optional" && mode !== "optionalLastValue"
  for (const name in asset.inputs) if (requires(asset.inputs[name]!)) return false
  return !asset.deps.some(requires)
}

/** @internal */
export class GraphStaleness {
  private readonly graph: Compiled
  private readonly versions: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>
  private readonly resolve: Resolve
  private readonly wholes: ReadonlyArray<EventLog.VersionState | undefined>
  /** Each asset as those see it that read it. */
  private readonly current: ReadonlyArray<Upstream>
  /** Used for one asset after the other. */
  private readonly upstreams: Array<Upstream> = []
  private readonly partitions = new Map<number, PartitionVersions>()
  private readonly statuses: Array<Staleness | undefined>

  /** `resolve` gives the partition sets of the graph as they are now. */
  constructor(
    graph: Compiled,
    versions: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>,
    resolve: Resolve
  ) {
    this.graph = graph
    this.versions = versions
    this.resolve = resolve
    this.wholes = graph.assets.map(({ key }) => ofWhole(versions.get(key)))
    this.current = graph.assets.map(({ external, key }, id) => ({ key, external, version: this.wholes[id] }))
    this.statuses = new Array<Staleness | undefined>(graph.assets.length).fill(undefined)
  }

  of(id: number): Staleness {
    return this.statuses[id] ??= this.evaluate(id)
  }

  /** What is known of the partitions of an asset that has some. */
  partitionsOf(id: number): PartitionVersions | undefined {
    const set = this.graph.assets[id]!.partitions
    if (set === undefined) return undefined
    let found = this.partitions.get(id)
    if (found === undefined) {
      found = layered(this.resolve(set), this.versions.get(this.graph.assets[id]!.key) ?? [])
      this.partitions.set(id, found)
    }
    return found
  }

  private evaluate(id: number): Staleness {
    const asset = this.graph.assets[id]!
    // nobody here computes it, so there is nothing to do about it
    if (asset.external) return fresh
    if (asset.partitions !== undefined) return this.evaluatePartitions(id, asset.partitions)
    const recorded = this.wholes[id]
    // what was only observed, nobody here has computed
    if (recorded === undefined || recorded.observed) return missing
    const causes = this.causes(id, recorded)
    if (causes.length === 0) return fresh
    return withRoots({ _tag: "Stale", causes }, () => this.rootsOf(id))
  }

  private causes(id: number, recorded: Recorded): ReadonlyArray<Cause> {
    const asset = this.graph.assets[id]!
    const { offsets, targets } = this.graph.parents
    const { upstreams } = this
    upstreams.length = 0
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      // what has partitions is compared by partition
      if (this.graph.assets[parent]!.partitions !== undefined) return causesOf(recorded, this.readerOf(id))
      upstreams.push(this.current[parent]!)
    }
    return compare(recorded, {
      key: asset.key,
      codeVersion: asset.codeVersion,
      upstreams,
      toleratesAbsence: (place) => toleratesAbsence(asset, upstreams[place]!.key)
    })
  }

  private evaluatePartitions(id: number, set: Partitions.Any): Staleness {
    const axes = this.resolve(set)
    const found = evaluate(this.partitionsOf(id)!, { ...this.readerOf(id), axes })
    return withRoots({
      _tag: "Partitioned",
      fresh: PartitionSubset.fromResolved(axes, found.fresh),
      stale: PartitionSubset.fromResolved(axes, found.stale),
      missing: PartitionSubset.fromResolved(axes, found.missing),
      causes: found.causes
    }, () => this.rootsOf(id))
  }

  private readerOf(id: number): Reader {
    const asset = this.graph.assets[id]!
    const { codeVersion, key } = asset
    const { offsets, targets } = this.graph.parents
    const whole: Array<Upstream> = []
    const partitioned: Array<PartitionedUpstream> = []
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      const versions = this.partitionsOf(parent)
      if (versions === undefined) {
        whole.push(this.current[parent]!)
        continue
      }
      const upstream = this.graph.assets[parent]!
      const named = [...Object.values(asset.inputs), ...asset.deps].filter((input) => input.asset.key === upstream.key)
      partitioned.push({
        key: upstream.key,
        external: upstream.external,
        versions,
        mappings: named.map(({ mapping }) => mapping),
        tolerated: toleratesAbsence(asset, upstream.key),
        several: named.some(({ many }) => many),
        self: false
      })
    }
    const previous = Object.values(asset.previous)
    const own = previous.length === 0 ? undefined : this.partitionsOf(id)
    if (own !== undefined) {
      const mappings = previous.map(({ mapping }) => mapping)
      const several = previous.some(({ many }) => many)
      partitioned.push({ key, external: false, versions: own, mappings, tolerated: true, several, self: true })
    }
    return {
      key,
      codeVersion,
      axes: asset.partitions === undefined ? undefined : this.resolve(asset.partitions),
      whole,
      toleratesAbsence: (upstream) => toleratesAbsence(asset, upstream),
      partitioned
    }
  }

  /** What has to be done about first: the causes of the stale assets that data came from. */
  private rootsOf(id: number): ReadonlyArray<Cause> {
    const seen = new Set([id])
    const roots: Array<Cause> = []
    // a set is walked while it grows
    for (const stale of seen) {
      for (const cause of causesIn(this.of(stale))) {
        const upstream = cause._tag === "UpstreamChanged" ? this.graph.ids.get(cause.upstream) : undefined
        if (upstream !== undefined && upstream !== stale && causesIn(this.of(upstream)).length > 0) seen.add(upstream)
        else roots.push(cause)
      }
    }
    return roots
  }
}

const causesIn = (status: Staleness): ReadonlyArray<Cause> =>
  status._tag === "Stale" || status._tag === "Partitioned" ? status.causes : []

/** Root causes are looked for when somebody wants them: all of them for all assets would be more than the edges. */
const withRoots = <A extends Omit<Stale, "rootCauses"> | Omit<Partitioned, "rootCauses">>(
  status: A,
  find: () => ReadonlyArray<Cause>
): A & { readonly rootCauses: ReadonlyArray<Cause> } => {
  let found: ReadonlyArray<Cause> | undefined
  return Object.defineProperty(status, "rootCauses", {
    enumerable: true,
    get: () => found ??= find()
  }) as A & { readonly rootCauses: ReadonlyArray<Cause> } // defined right here
}
