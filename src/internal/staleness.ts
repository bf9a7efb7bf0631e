/**
 * Whether what is stored was computed from the code and the data that there are now. Versions decide, timestamps are
 * only shown; an asset is compared with what it reads directly, and with nothing further upstream.
 */
import * as Schema from "effect/Schema"
import type * as EventLog from "../EventLog.ts"
import { Serialized } from "../Partitions.ts"

const timestamp = Schema.Number

/** The partitions of the asset itself that are stale for a cause, where it has partitions. */
const stale = Schema.optional(Serialized)

/**
 * Why an asset is stale.
 *
 * @internal
 */
export const Cause = Schema.TaggedUnion({
  /** It was computed with another code version. */
  CodeChanged: { key: Schema.String, from: Schema.String, to: Schema.String, stale },
  /**
   * It was computed from other data of an upstream asset. A version is `undefined` where there was no data or is none,
   * or where partitions have different ones.
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
    recordedAt: timestamp,
    stale
  },
  /** It is now computed from an asset that it was not computed from. */
  DependencyAdded: { key: Schema.String, upstream: Schema.String, stale },
  /** It was computed from an asset that it is no longer computed from. */
  DependencyRemoved: { key: Schema.String, upstream: Schema.String, stale }
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
  /** Its place in the log. */
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
 * Why what is recorded of an asset without partitions is stale: nothing for what is fresh, or was only observed. Code
 * comes before data, data before dependencies.
 *
 * Upstream assets of which several partitions are read are compared by `partitionState.ts`: `mapped` gives their
 * causes.
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
    } else if (version !== undefined && version.dataVersion !== from) {
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
  version: Version
): Cause => ({
  _tag: "UpstreamChanged",
  key,
  upstream,
  from,
  to: version.dataVersion,
  at: version.timestamp,
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
  const before = new Set([...Object.keys(inputVersions), ...Object.keys(inputPartitions ?? {})])
  return Array.from(before).flatMap((upstream): ReadonlyArray<Cause> =>
    now.has(upstream) ? [] : [{ _tag: "DependencyRemoved", key, upstream }]
  )
}
