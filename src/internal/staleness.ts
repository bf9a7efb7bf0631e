/**
 * Whether what is stored was computed from the code and the data that there are now. Versions decide, timestamps are only
 * shown; an asset is compared with what it reads directly, and with nothing further upstream.
 */
import * as Schema from "effect/Schema"
import type * as Asset from "../Asset.ts"
import type * as EventLog from "../EventLog.ts"
import { Serialized } from "../Partitions.ts"
import type { Compiled } from "./compile.ts"

const timestamp = Schema.Number

/**
 * Why an asset is stale.
 *
 * @internal
 */
export const Cause = Schema.TaggedUnion({
  /** It was computed with another code version. */
  CodeChanged: { key: Schema.String, from: Schema.String, to: Schema.String },
  /**
   * It was computed from other data of an upstream asset. A version is `undefined` where there was no data or is none, or
   * where partitions have different ones.
   */
  UpstreamChanged: {
    key: Schema.String,
    upstream: Schema.String,
    /** The partitions of the upstream asset that changed. */
    partitions: Schema.optional(Serialized),
    from: Schema.UndefinedOr(Schema.String),
    to: Schema.UndefinedOr(Schema.String),
    /** When the upstream asset got its newer data. */
    at: Schema.UndefinedOr(timestamp),
    /** When the asset itself was computed. */
    recordedAt: timestamp
  },
  /** It is now computed from an asset that it was not computed from. */
  DependencyAdded: { key: Schema.String, upstream: Schema.String },
  /** It was computed from an asset that it is no longer computed from. */
  DependencyRemoved: { key: Schema.String, upstream: Schema.String }
})

/** @internal */
export type Cause = typeof Cause.Type

/**
 * What is known of the data of an upstream asset, or of one partition of it.
 *
 * @internal
 */
export interface Version {
  readonly dataVersion: string
  readonly timestamp: number
  /** Its place in the log: `Infinity` for what was materialized in a run that goes on. */
  readonly cursor: number
}

/**
 * An upstream asset as it is now.
 *
 * @internal
 */
export interface Upstream {
  readonly key: string
  /** Whether it is only observed: then nobody may have known a version. */
  readonly external: boolean
  /** The version it has now, if that is known. */
  readonly version: Version | undefined
  /** Whether it is known that there is nothing to read, since it was skipped in the run at hand. */
  readonly absent?: boolean | undefined
}

/**
 * What an asset would be computed with now.
 *
 * @internal
 */
export interface Current {
  readonly key: string
  readonly codeVersion: string | undefined
  /** Each upstream asset once. */
  readonly upstreams: ReadonlyArray<Upstream>
  /** Whether the asset does without an upstream asset that has no value. */
  readonly toleratesAbsence: (place: number) => boolean
}

/** @internal */
export type Recorded = Pick<
  EventLog.VersionState,
  "codeVersion" | "cursor" | "inputPartitions" | "inputVersions" | "observed" | "timestamp"
>

/** @internal */
export const none: ReadonlyArray<Cause> = []

/**
 * Why what is recorded of an asset without partitions is stale: nothing for what is fresh, or was only observed. Code comes
 * before data, data before dependencies.
 *
 * Upstream assets of which several partitions are read are compared by `partitionState.ts`: `mapped` gives their causes.
 *
 * @internal
 */
export const compare = (
  recorded: Recorded,
  current: Current,
  mapped: ReadonlyMap<string, ReadonlyArray<Cause>> = nothingMapped
): ReadonlyArray<Cause> => {
  if (recorded.observed) return none
  const { inputVersions } = recorded
  const { codeVersion, key, upstreams } = current
  let causes: Array<Cause> | undefined
  let dependencies: Array<Cause> | undefined
  if (codeVersion !== undefined && recorded.codeVersion !== undefined && codeVersion !== recorded.codeVersion) {
    causes = [{ _tag: "CodeChanged", key, from: recorded.codeVersion, to: codeVersion }]
  }
  let known = 0
  for (let place = 0; place < upstreams.length; place++) {
    const upstream = upstreams[place]!
    const from = Object.hasOwn(inputVersions, upstream.key) ? inputVersions[upstream.key] : undefined
    if (from !== undefined) known++
    const partly = mapped.get(upstream.key)
    if (partly !== undefined) {
      if (partly.length > 0) (causes ??= []).push(...partly)
      continue
    }
    const { version } = upstream
    if (from === undefined) {
      if (version === undefined) continue
      const tolerated = current.toleratesAbsence(place)
      // what was there already when it was computed is no news for an asset that did without it
      if ((tolerated || upstream.external) && version.cursor > recorded.cursor) {
        ;(causes ??= []).push(changed(recorded, key, upstream.key, undefined, version))
      } else if (!tolerated) (dependencies ??= []).push({ _tag: "DependencyAdded", key, upstream: upstream.key })
    } else if (version === undefined ? upstream.absent === true : version.dataVersion !== from) {
      ;(causes ??= []).push(changed(recorded, key, upstream.key, from, version))
    }
  }
  const removed = removedFrom(recorded, current, known)
  if (removed === undefined && dependencies === undefined) return causes ?? none
  return [...(causes ?? []), ...(removed ?? []), ...(dependencies ?? [])]
}

const nothingMapped: ReadonlyMap<string, ReadonlyArray<Cause>> = new Map()

const changed = (
  recorded: Recorded,
  key: string,
  upstream: string,
  from: string | undefined,
  version: Version | undefined
): Cause => ({
  _tag: "UpstreamChanged",
  key,
  upstream,
  from,
  to: version?.dataVersion,
  at: version?.timestamp,
  recordedAt: recorded.timestamp
})

/** `known` of the input versions are those of upstream assets: mostly that is all of them. */
const removedFrom = (
  { inputPartitions, inputVersions }: Recorded,
  { key, upstreams }: Current,
  known: number
): ReadonlyArray<Cause> | undefined => {
  let count = 0
  for (const _ in inputVersions) count++
  if (count === known && inputPartitions === undefined) return undefined
  const now = new Set(upstreams.map((upstream) => upstream.key))
  // earlier partitions of the asset itself are no dependency
  now.add(key)
  const before = new Set([...Object.keys(inputVersions), ...Object.keys(inputPartitions ?? {})])
  return Array.from(before).flatMap((upstream): ReadonlyArray<Cause> =>
    now.has(upstream) ? [] : [{ _tag: "DependencyRemoved", key, upstream }]
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// graphs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Whether an asset does without the value of an upstream asset: it does if no input or dep of it requires one.
 *
 * @internal
 */
export const toleratesAbsence = (asset: Asset.Any, upstream: string): boolean => {
  const requires = ({ asset, mode }: Asset.AnyInput) =>
    asset.key === upstream && mode !== "optional" && mode !== "optionalLastValue"
  for (const name in asset.inputs) if (requires(asset.inputs[name]!)) return false
  return !asset.deps.some(requires)
}

/** What is stored was computed from the code and the data that there are now. */
interface Fresh {
  readonly _tag: "Fresh"
}

/** What is stored was computed from other code or data. */
interface Stale {
  readonly _tag: "Stale"
  readonly causes: ReadonlyArray<Cause>
  readonly rootCauses: ReadonlyArray<Cause>
}

/** Nothing is stored. */
interface Missing {
  readonly _tag: "Missing"
}

/** @internal */
export type Status = Fresh | Stale | Missing

const fresh: Status = { _tag: "Fresh" }
const missing: Status = { _tag: "Missing" }

/**
 * What is known of the versions of a whole asset: states of partitions are of another time, when it had some.
 *
 * @internal
 */
export const ofWhole = (
  states: ReadonlyArray<EventLog.VersionState> | undefined
): EventLog.VersionState | undefined =>
  states?.find(({ partition, partitions }) => partition === undefined && partitions === undefined)

/**
 * The staleness of the assets of a graph, each when it is asked for first: O(edges) for all of them.
 *
 * @internal
 */
export class GraphStaleness {
  private readonly graph: Compiled
  private readonly recorded: ReadonlyArray<EventLog.VersionState | undefined>
  private readonly upstreams: ReadonlyArray<Upstream>
  private readonly statuses: Array<Status | undefined>

  constructor(graph: Compiled, versions: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>) {
    this.graph = graph
    this.recorded = graph.assets.map(({ key }) => ofWhole(versions.get(key)))
    this.upstreams = graph.assets.map(({ external, key }, id) => ({ key, external, version: this.recorded[id] }))
    this.statuses = new Array<Status | undefined>(graph.assets.length).fill(undefined)
  }

  of(id: number): Status {
    return this.statuses[id] ??= this.evaluate(id)
  }

  private evaluate(id: number): Status {
    const asset = this.graph.assets[id]!
    // nobody here computes it, so there is nothing to do about it
    if (asset.external) return fresh
    const recorded = this.recorded[id]
    if (recorded === undefined) return missing
    const { offsets, targets } = this.graph.parents
    const upstreams: Array<Upstream> = []
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) upstreams.push(this.upstreams[targets[at]!]!)
    const causes = compare(recorded, {
      key: asset.key,
      codeVersion: asset.codeVersion,
      upstreams,
      toleratesAbsence: (place) => toleratesAbsence(asset, upstreams[place]!.key)
    })
    if (causes.length === 0) return fresh
    return withRoots(causes, () => this.rootsOf(id))
  }

  /** What has to be done about first: the causes of the stale assets that data came from, in the order of the graph. */
  private rootsOf(id: number): ReadonlyArray<Cause> {
    const seen = new Set([id])
    const roots: Array<Cause> = []
    // a set is walked while it grows
    for (const stale of seen) {
      const status = this.of(stale)
      if (status._tag !== "Stale") continue
      for (const cause of status.causes) {
        const upstream = cause._tag === "UpstreamChanged" ? this.graph.ids.get(cause.upstream) : undefined
        if (upstream !== undefined && this.of(upstream)._tag === "Stale") seen.add(upstream)
        else roots.push(cause)
      }
    }
    return roots
  }
}

/** Root causes are looked for when somebody wants them. */
const withRoots = (causes: ReadonlyArray<Cause>, find: () => ReadonlyArray<Cause>): Stale => {
  let found: ReadonlyArray<Cause> | undefined
  return {
    _tag: "Stale",
    causes,
    get rootCauses() {
      return found ??= find()
    }
  }
}
