/**
 * What the log tells of versions, by asset and partition.
 */
import type * as EventLog from "../EventLog.ts"
import * as Subset from "./subset.ts"
import type { PartitionRef } from "./work.ts"

/** What is recorded of one asset, or of one partition of it. */
export interface Found extends Pick<EventLog.VersionState, "dataVersion" | "inputVersions" | "inputPartitions"> {
  readonly state: EventLog.VersionState
}

/** An asset's states that can be looked up by partition. */
interface Index {
  readonly single: ReadonlyMap<string, number>
  readonly ranges: ReadonlyArray<{ readonly at: number; readonly subset: Subset.Subset }>
}

/** @internal */
export class RecordedVersions {
  private readonly states: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>
  private readonly indices = new Map<string, Index>()

  constructor(states: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>) {
    this.states = states
  }

  has(key: string): boolean {
    return this.states.has(key)
  }

  of(key: string, partition: PartitionRef | undefined): Found | undefined {
    const states = this.states.get(key)
    if (states === undefined) return undefined
    if (partition === undefined) {
      const state = states.find((state) => state.partition === undefined && state.partitions === undefined)
      return state && found(state, state)
    }
    const index = this.indexOf(key, states, partition)
    let at = index.single.get(partition.key)
    if (index.ranges.length > 0) {
      const tuple = partition.set.indicesOf(partition.key)
      // the newest come first
      const range = tuple && index.ranges.find(({ subset }) => Subset.has(subset, tuple))
      if (range !== undefined && (at === undefined || range.at < at)) at = range.at
    }
    if (at === undefined) return undefined
    const state = states[at]!
    const own = state.byPartition !== undefined && Object.hasOwn(state.byPartition, partition.key)
      ? state.byPartition[partition.key]!
      : state
    return found(state, own)
  }

  /** The partitions that something is recorded of. */
  materialized(key: string, set: PartitionRef["set"]): Subset.Subset {
    const states = this.states.get(key) ?? []
    const singles: Array<ReadonlyArray<number>> = []
    const ranges: Array<Subset.Subset> = []
    for (const { partition, partitions } of states) {
      if (partition !== undefined) {
        const tuple = Subset.recordedTuple(set, partition, partitions)
        if (tuple !== undefined) singles.push(tuple)
      } else if (partitions !== undefined) ranges.push(Subset.deserialize(set, partitions).subset)
    }
    const depth = set.dimensions.length
    return Subset.unionAll(depth, [Subset.fromTuples(depth, singles), ...ranges])
  }

  private indexOf(key: string, states: ReadonlyArray<EventLog.VersionState>, { set }: PartitionRef): Index {
    let index = this.indices.get(key)
    if (index === undefined) {
      const single = new Map<string, number>()
      const ranges: Array<Index["ranges"][number]> = []
      states.forEach(({ partition, partitions }, at) => {
        if (partition !== undefined) {
          if (!single.has(partition) && Subset.recordedTuple(set, partition, partitions) !== undefined) {
            single.set(partition, at)
          }
        } else if (partitions !== undefined) ranges.push({ at, subset: Subset.deserialize(set, partitions).subset })
      })
      index = { single, ranges }
      this.indices.set(key, index)
    }
    return index
  }
}

const found = (
  state: EventLog.VersionState,
  { dataVersion, inputPartitions, inputVersions }: Pick<EventLog.VersionState, "dataVersion" | "inputVersions"> & {
    readonly inputPartitions?: EventLog.VersionState["inputPartitions"]
  }
): Found => ({ state, dataVersion, inputVersions, inputPartitions })
