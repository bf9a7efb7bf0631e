/**
 * What is known of the partitions of an asset, and which of them are stale. What was recorded together stays together:
 * stretches of partitions with one state are compared at once, and one by one only what was recorded one by one.
 */
import type * as EventLog from "../EventLog.ts"
import type { Data } from "../PartitionMapping.ts"
import type { Serialized } from "../Partitions.ts"
import * as Mapping from "./mapping.ts"
import { type Cause, compare, type Recorded, type Upstream, type Version } from "./staleness.ts"
import * as Subset from "./subset.ts"

type State = EventLog.VersionState

/** What is recorded of versions of one partition, or of each partition of a stretch. */
export interface Entry extends Recorded, Version {
  readonly cursor: number
  readonly timestamp: number
  readonly runId: string | undefined
}

/** Partitions with what is recorded of each of them. */
export interface Piece<out E> {
  readonly subset: Subset.Subset
  readonly entry: E
  /** Whether it was recorded of just these, and not of more of which newer records have taken the others. */
  readonly alone: boolean
}

/** What is recorded of versions, for a state as a whole or for one of its partitions. */
type Versions = NonNullable<State["byPartition"]>[string]

const entryOf = (
  { codeVersion, cursor, observed, runId, timestamp }: State,
  { dataVersion, inputPartitions, inputVersions }: Versions
): Entry => ({ codeVersion, cursor, observed, runId, timestamp, dataVersion, inputPartitions, inputVersions })

/** An index tuple as the key of a map. */
const idOf = (tuple: ReadonlyArray<number>): number | string => tuple.length === 1 ? tuple[0]! : tuple.join()

/** What is recorded, about one partition or about several. */
interface About {
  readonly partition: string | undefined
  readonly partitions: Serialized | undefined
}

/**
 * What was recorded last of each partition, given what was recorded, the newest first. Partitions that the set does not
 * have any more are left out.
 *
 * @internal
 */
export class Layers<S extends About, E> {
  readonly axes: Subset.Axes
  /** Disjoint, and without the partitions that stand by themselves. */
  private readonly stretches: ReadonlyArray<Piece<E>>
  private readonly singles: ReadonlyMap<number | string, Piece<E>>

  /** `entryOf` makes what is kept of a record, or of what it says of one partition; `partsOf` names those. */
  constructor(
    axes: Subset.Axes,
    records: ReadonlyArray<S>,
    entryOf: (record: S, partition: string | undefined) => E,
    partsOf: (record: S) => ReadonlyArray<string>
  ) {
    this.axes = axes
    const depth = axes.dimensions.length
    const stretches: Array<Piece<E>> = []
    const singles = new Map<number | string, Piece<E> & { readonly tuple: ReadonlyArray<number> }>()
    let covered = Subset.empty(depth)
    const add = (key: string, record: S): ReadonlyArray<number> | undefined => {
      const tuple = Subset.recordedTuple(axes, key, record.partition === undefined ? undefined : record.partitions)
      if (tuple === undefined || singles.has(idOf(tuple)) || Subset.has(covered, tuple)) return undefined
      singles.set(idOf(tuple), {
        tuple,
        subset: Subset.fromTuples(depth, [tuple]),
        entry: entryOf(record, key),
        alone: true
      })
      return tuple
    }
    for (const record of records) {
      if (record.partition !== undefined) {
        add(record.partition, record)
        continue
      }
      if (record.partitions === undefined) continue
      const { subset } = Subset.deserialize(axes, record.partitions)
      // what has newer records, or is told apart, is not part of the stretch
      const apart: Array<ReadonlyArray<number>> = []
      for (const { tuple } of singles.values()) if (Subset.has(subset, tuple)) apart.push(tuple)
      for (const key of partsOf(record)) {
        const tuple = add(key, record)
        if (tuple !== undefined) apart.push(tuple)
      }
      const left = Subset.difference(Subset.difference(subset, covered), Subset.fromTuples(depth, apart))
      if (left.size > 0) stretches.push({ subset: left, entry: entryOf(record, undefined), alone: false })
      covered = Subset.union(covered, subset)
    }
    this.stretches = stretches
    this.singles = singles
  }

  *pieces(): Generator<Piece<E>> {
    yield* this.stretches
    yield* this.singles.values()
  }

  /** What is recorded of a subset: disjoint pieces. */
  *within(subset: Subset.Subset): Generator<Piece<E>> {
    for (const stretch of this.stretches) {
      const shared = Subset.intersection(stretch.subset, subset)
      if (shared.size > 0) yield { ...stretch, subset: shared }
    }
    if (subset.size < this.singles.size) {
      for (const tuple of Subset.iterate(subset)) {
        const found = this.singles.get(idOf(tuple))
        if (found !== undefined) yield found
      }
      return
    }
    for (const single of this.singles.values()) {
      if (Subset.has(subset, Subset.first(single.subset)!)) yield single
    }
  }

  /** The partitions of which something is recorded that a condition holds for. */
  where(condition: (entry: E) => boolean): Subset.Subset {
    return this.union(this.pieces(), condition)
  }

  /** The same of a subset. */
  whereWithin(subset: Subset.Subset, condition: (entry: E) => boolean): Subset.Subset {
    return this.union(this.within(subset), condition)
  }

  private union(pieces: Iterable<Piece<E>>, condition: (entry: E) => boolean): Subset.Subset {
    const found: Array<Subset.Subset> = []
    for (const { entry, subset } of pieces) if (condition(entry)) found.push(subset)
    return Subset.unionAll(this.axes.dimensions.length, found)
  }
}

/** @internal */
export type PartitionVersions = Layers<State, Entry>

/**
 * The newest versions of each partition of an asset, given its states, the newest first.
 *
 * @internal
 */
export const layered = (axes: Subset.Axes, states: ReadonlyArray<State>): PartitionVersions =>
  new Layers(
    axes,
    states,
    (state, partition) => entryOf(state, ownOf(state, partition) ?? state),
    ({ byPartition }) => byPartition === undefined ? nothing : Object.keys(byPartition)
  )

const ownOf = ({ byPartition }: State, partition: string | undefined): Versions | undefined =>
  byPartition !== undefined && partition !== undefined && Object.hasOwn(byPartition, partition)
    ? byPartition[partition]
    : undefined

const nothing: ReadonlyArray<string> = []

/**
 * The last tries to compute partitions that came to nothing, where nothing newer is stored.
 *
 * @internal
 */
export const failedTries = (
  versions: PartitionVersions,
  outcomes: ReadonlyArray<EventLog.OutcomeState>
): { readonly failed: Subset.Subset; readonly of: (runId: string) => Subset.Subset } => {
  const { axes } = versions
  const tries = new Layers(axes, outcomes, (outcome) => outcome, () => nothing)
  const failed: Array<Subset.Subset> = []
  for (const { entry, subset } of tries.pieces()) {
    if (entry.tag !== "AssetFailed" && entry.tag !== "AssetUpstreamFailed") continue
    const newer = versions.whereWithin(subset, ({ cursor }) => cursor > entry.cursor)
    failed.push(Subset.difference(subset, newer))
  }
  return {
    failed: Subset.unionAll(axes.dimensions.length, failed),
    of: (runId) => tries.where((entry) => entry.runId === runId)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// comparing
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An upstream asset with partitions, or earlier partitions of the asset itself.
 *
 * @internal
 */
export interface PartitionedUpstream {
  readonly key: string
  readonly external: boolean
  readonly versions: PartitionVersions
  /** How each input or dep that names it gets to its partitions. */
  readonly mappings: ReadonlyArray<Data | undefined>
  /** Whether it may be that there was nothing to read. */
  readonly tolerated: boolean
  /** Whether it is read as a map of the partitions that there are. */
  readonly several: boolean
  readonly self: boolean
}

/**
 * What an asset would be computed with now.
 *
 * @internal
 */
export interface Reader {
  readonly key: string
  readonly codeVersion: string | undefined
  /** `undefined` for an asset without partitions. */
  readonly axes: Subset.Axes | undefined
  readonly whole: ReadonlyArray<Upstream>
  readonly toleratesAbsence: (key: string) => boolean
  readonly partitioned: ReadonlyArray<PartitionedUpstream>
}

/** What a cause is about, as sets. */
interface Extent {
  /** The partitions of the asset that are stale for it. */
  readonly stale: Subset.Subset
  /** The partitions upstream that changed, and the set that they are of. */
  readonly changed?: Subset.Subset | undefined
  readonly axes?: Subset.Axes | undefined
}

/**
 * The causes for which an asset without partitions is stale, or one partition; what it reads may have partitions.
 *
 * @internal
 */
export const causesOf = (recorded: Recorded, reader: Reader): ReadonlyArray<Cause> =>
  comparePiece({ subset: Subset.unit, entry: recorded, alone: true }, reader, new Map())

const comparePiece = (
  piece: Piece<Recorded>,
  reader: Reader,
  extents: Map<Cause, Extent>
): ReadonlyArray<Cause> => {
  const { entry } = piece
  const { codeVersion, key, partitioned, toleratesAbsence, whole } = reader
  const upstreams: Array<Upstream> = [...whole]
  const mapped = new Map<string, ReadonlyArray<Cause>>()
  for (const upstream of partitioned) {
    if (!entry.observed) mapped.set(upstream.key, mappedCauses(piece, reader, upstream, extents))
    upstreams.push({ key: upstream.key, external: upstream.external, version: undefined })
  }
  return compare(
    entry,
    { key, codeVersion, upstreams, toleratesAbsence: (at) => toleratesAbsence(upstreams[at]!.key) },
    mapped
  )
}

/** Why some partitions with one state are stale because of the partitions of one upstream asset. */
const mappedCauses = (
  { alone, entry, subset }: Piece<Recorded>,
  { axes, key }: Reader,
  { external, key: upstream, mappings, self, several, tolerated, versions }: PartitionedUpstream,
  extents: Map<Cause, Extent>
): ReadonlyArray<Cause> => {
  const { axes: upstreamAxes } = versions
  const depth = upstreamAxes.dimensions.length
  const needed = Subset.unionAll(
    depth,
    mappings.map((mapping) => Mapping.upstream(mapping, axes, subset, upstreamAxes).existing)
  )
  const uniform = Object.hasOwn(entry.inputVersions, upstream) ? entry.inputVersions[upstream] : undefined
  const groups = groupsOf(entry, upstream, upstreamAxes)
  const changed: Array<Subset.Subset> = []
  const from = new Set<string | undefined>()
  const to = new Set<string | undefined>()
  let at: number | undefined
  const note = (part: Subset.Subset, before: string | undefined, now: Version | undefined): void => {
    if (part.size === 0) return
    changed.push(part)
    from.add(before)
    to.add(now?.dataVersion)
    if (now !== undefined) at = Math.max(at ?? -Infinity, now.timestamp)
  }
  const added: Array<Subset.Subset> = []
  for (const { entry: version, subset: part } of versions.within(needed)) {
    if (uniform !== undefined && groups === undefined) {
      if (uniform !== version.dataVersion) note(part, uniform, version)
    } else if (groups !== undefined) {
      const same = groups.byVersion.get(version.dataVersion)
      const other = same === undefined ? part : Subset.difference(part, same)
      if (other.size === 0) continue
      for (const [before, group] of groups.byVersion) {
        if (before !== version.dataVersion) note(Subset.intersection(other, group), before, version)
      }
      note(Subset.difference(other, groups.all), undefined, version)
    } else if ((tolerated || external) && version.cursor > entry.cursor) note(part, undefined, version)
    // a map has whatever is there: had it been read, it would be recorded
    else if (!tolerated || several) added.push(part)
  }
  // of partitions that were computed together it is not known which of them read what is gone
  if (alone && groups !== undefined) {
    const gone = Subset.difference(groups.all, needed)
    for (const [before, group] of groups.byVersion) note(Subset.intersection(gone, group), before, undefined)
    if (groups.unknown) {
      from.add(undefined)
      to.add(undefined)
      if (changed.length === 0) changed.push(Subset.empty(depth))
    }
  }

  const causes: Array<Cause> = []
  const staleFor = (part: Subset.Subset): Subset.Subset =>
    subset.size === 1 ? subset : Subset.intersection(
      subset,
      Subset.unionAll(
        subset.depth,
        mappings.map((mapping) => Mapping.downstream(mapping, upstreamAxes, part, axes))
      )
    )
  const add = (cause: Cause, parts: ReadonlyArray<Subset.Subset>): void => {
    const part = Subset.unionAll(depth, parts)
    const stale = staleFor(part)
    if (stale.size === 0) return
    causes.push(cause)
    extents.set(cause, { stale, changed: part, axes: upstreamAxes })
  }
  if (changed.length > 0) {
    const part = Subset.unionAll(depth, changed)
    add({
      _tag: "UpstreamChanged",
      key,
      upstream,
      ...(part.size > 0 && { partitions: Subset.serialize(upstreamAxes, part) }),
      from: only(from),
      to: only(to),
      at,
      recordedAt: entry.timestamp
    }, changed)
  }
  if (added.length > 0 && !self) add({ _tag: "DependencyAdded", key, upstream }, added)
  return causes
}

/** The one there is; `undefined` where they differ. */
const only = <A>(values: ReadonlySet<A>): A | undefined => values.size === 1 ? values.values().next().value : undefined

interface Groups {
  readonly byVersion: ReadonlyMap<string, Subset.Subset>
  readonly all: Subset.Subset
  /** Whether partitions were read that the set does not have any more. */
  readonly unknown: boolean
}

/** The versions of the partitions of an upstream asset that were read. */
const groupsOf = ({ inputPartitions }: Recorded, upstream: string, axes: Subset.Axes): Groups | undefined => {
  if (inputPartitions === undefined || !Object.hasOwn(inputPartitions, upstream)) return undefined
  const byVersion = new Map<string, Subset.Subset>()
  let unknown = false
  for (const { dataVersion, partitions } of inputPartitions[upstream]!) {
    const read = Subset.deserialize(axes, partitions)
    if (read.unknown.length > 0) unknown = true
    const before = byVersion.get(dataVersion)
    byVersion.set(dataVersion, before === undefined ? read.subset : Subset.union(before, read.subset))
  }
  return { byVersion, all: Subset.unionAll(axes.dimensions.length, [...byVersion.values()]), unknown }
}

// ---------------------------------------------------------------------------------------------------------------------
// all partitions of an asset
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is stale of an asset with partitions.
 *
 * @internal
 */
export interface Evaluated {
  readonly fresh: Subset.Subset
  readonly stale: Subset.Subset
  readonly missing: Subset.Subset
  /** Each kind of cause once for each upstream asset, with the partitions that are stale for it. */
  readonly causes: ReadonlyArray<Cause>
}

/**
 * Compares what is recorded of the partitions of an asset with what there is now.
 *
 * @internal
 */
export const evaluate = (versions: PartitionVersions, reader: Reader & { readonly axes: Subset.Axes }): Evaluated => {
  const { axes } = reader
  const depth = axes.dimensions.length
  const extents = new Map<Cause, Extent>()
  const gathered = new Map<string, Gathered>()
  const known: Array<Subset.Subset> = []
  for (const piece of versions.pieces()) {
    // what was only observed, nobody here has computed
    if (piece.entry.observed) continue
    known.push(piece.subset)
    for (const cause of comparePiece(piece, reader, extents)) {
      const extent = extents.get(cause) ?? { stale: piece.subset }
      const id = cause._tag === "CodeChanged" ? `${cause._tag} ${cause.from}` : `${cause._tag} ${cause.upstream}`
      const same = gathered.get(id)
      if (same === undefined) {
        gathered.set(id, {
          cause,
          axes: extent.axes,
          stale: [extent.stale],
          changed: extent.changed === undefined ? [] : [extent.changed]
        })
        continue
      }
      same.cause = together(same.cause, cause)
      same.stale.push(extent.stale)
      if (extent.changed !== undefined) same.changed.push(extent.changed)
    }
    extents.clear()
  }
  const stale = Subset.unionAll(depth, [...gathered.values()].flatMap((of) => of.stale))
  const present = Subset.unionAll(depth, known)
  const causes = [...gathered.values()].map(({ axes: upstreamAxes, cause, changed, stale }): Cause => {
    const partitions: { readonly partitions?: Serialized } =
      upstreamAxes !== undefined && cause._tag === "UpstreamChanged"
        ? { partitions: Subset.serialize(upstreamAxes, Subset.unionAll(upstreamAxes.dimensions.length, changed)) }
        : {}
    return { ...cause, ...partitions, stale: Subset.serialize(axes, Subset.unionAll(depth, stale)) }
  })
  return {
    fresh: Subset.difference(present, stale),
    stale,
    missing: Subset.difference(Subset.allOf(axes), present),
    causes: causes.sort((a, b) => order[a._tag] - order[b._tag])
  }
}

interface Gathered {
  cause: Cause
  readonly axes: Subset.Axes | undefined
  readonly stale: Array<Subset.Subset>
  readonly changed: Array<Subset.Subset>
}

const order: Readonly<Record<Cause["_tag"], number>> = {
  CodeChanged: 0,
  UpstreamChanged: 1,
  DependencyRemoved: 2,
  DependencyAdded: 3
}

/** One cause for two partitions: of versions, what they have in common. */
const together = (a: Cause, b: Cause): Cause =>
  a._tag !== "UpstreamChanged" || b._tag !== "UpstreamChanged" ? a : {
    ...a,
    from: a.from === b.from ? a.from : undefined,
    to: a.to === b.to ? a.to : undefined,
    at: a.at === undefined || (b.at !== undefined && b.at > a.at) ? b.at : a.at,
    recordedAt: Math.max(a.recordedAt, b.recordedAt)
  }
