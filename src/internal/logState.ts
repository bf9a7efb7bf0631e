/**
 * What every event log does with events: which of them pass a filter, what state each of them leaves behind, and which
 * older states that replaces. A state is about a slot: the whole asset, one partition, or a range of them.
 */
import type * as EventLog from "../EventLog.ts"
import type { Serialized } from "../Partitions.ts"

/** What an event is about. */
export interface Subject {
  readonly partition?: string | undefined
  readonly partitions?: Serialized | undefined
}

/**
 * The slot of a whole asset.
 *
 * @internal
 */
export const wholeAsset = ""

/**
 * The slot of one partition.
 *
 * @internal
 */
export const partitionSlot = (partition: string): string => `=${partition}`

/**
 * Whether a slot is that of one partition.
 *
 * @internal
 */
export const isOnePartition = (slot: string): boolean => slot.startsWith("=")

/**
 * The slot that an event is about: a newer event about the same slot replaces it. One partition has one slot, however
 * it was recorded.
 *
 * @internal
 */
export const slotOf = ({ partition, partitions }: Subject): string => {
  if (partition !== undefined) return partitionSlot(partition)
  if (partitions === undefined) return wholeAsset
  if (partitions._tag === "Keys" && partitions.keys.length === 1) return partitionSlot(partitions.keys[0]!)
  if (partitions._tag === "Windows" && partitions.count === 1) return partitionSlot(partitions.first)
  return `~${JSON.stringify(partitions)}`
}

/** A stretch of time: the end is not part of it. */
export type Interval = readonly [start: number, end: number]

/**
 * The time from the first to the last of the windows that an event is about. A range that holds it whole holds them all.
 *
 * @internal
 */
export const extentOf = ({ partitions }: Subject): Interval | undefined =>
  partitions?._tag === "Windows" && partitions.intervals.length > 0
    ? [partitions.intervals[0]![0], partitions.intervals.at(-1)![1]]
    : undefined

/**
 * What a range makes obsolete beside its own slot: the slots of single partitions, and all windows within intervals. No
 * more than what surely lies within it: what overlaps in part stays, and the newest counts.
 *
 * @internal
 */
export const replacedBy = (
  { partition, partitions }: Subject
): { readonly slots: ReadonlyArray<string>; readonly intervals: ReadonlyArray<Interval> } => {
  if (partition !== undefined || partitions === undefined || partitions._tag === "Product") return nothing
  if (partitions._tag === "Keys") {
    return partitions.keys.length < 2 ? nothing : { slots: partitions.keys.map(partitionSlot), intervals: [] }
  }
  return partitions.count < 2 ? nothing : { slots: [], intervals: partitions.intervals }
}

const nothing = { slots: [], intervals: [] }

/**
 * Whether an interval lies within one of some intervals.
 *
 * @internal
 */
export const within = ([start, end]: Interval, intervals: ReadonlyArray<Interval>): boolean =>
  intervals.some(([from, to]) => from <= start && end <= to)

// ---------------------------------------------------------------------------------------------------------------------
// filters
// ---------------------------------------------------------------------------------------------------------------------

/** What pages a filter: cursors and a limit. */
interface Paged {
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

const orNone = (value: number, none: number): number => Number.isNaN(value) ? none : value

const bounded = (value: number): number => Math.min(Math.max(0, value), Number.MAX_SAFE_INTEGER)

/**
 * A filter whose cursors and limit are whole numbers, or left out: they come from requests, too. What is no number lets
 * nothing through.
 *
 * @internal
 */
export const paged = <F extends Paged>(filter: F): F => {
  const { after, before, limit } = filter
  if (after === undefined && before === undefined && limit === undefined) return filter
  return {
    ...filter,
    after: after === undefined ? undefined : bounded(Math.floor(orNone(after, Infinity))),
    before: before === undefined || before === Infinity ? undefined : bounded(Math.ceil(orNone(before, 0))),
    limit: limit === undefined || limit === Infinity ? undefined : bounded(Math.floor(orNone(limit, 0)))
  }
}

/**
 * Tells of each event whether a filter lets it through. Cursors, order and limit are the business of the log.
 *
 * @internal
 */
export const matches = (filter: EventLog.EventFilter): (event: EventLog.Event) => boolean => {
  const { backfillId, partition, runId } = filter
  const keys = filter.keys && new Set(filter.keys)
  const tags = filter.tags && new Set<string>(filter.tags)
  return (event) =>
    (runId === undefined || ("runId" in event && event.runId === runId)) &&
    (tags === undefined || tags.has(event._tag)) &&
    (keys === undefined || ("key" in event && keys.has(event.key))) &&
    (backfillId === undefined || ("backfillId" in event && event.backfillId === backfillId)) &&
    (partition === undefined || concerns(event, partition))
}

/**
 * Whether an event is about a partition.
 *
 * @internal
 */
export const concerns = (event: EventLog.Event, partition: string): boolean => {
  if (!("key" in event)) return false
  if (event.partition !== undefined) return event.partition === partition
  if (event.partitions === undefined) return false
  return holds(event.partitions, partition) ||
    (event._tag === "AssetMaterialized" && event.byPartition !== undefined &&
      Object.hasOwn(event.byPartition, partition))
}

const holds = (partitions: Serialized, partition: string): boolean => {
  switch (partitions._tag) {
    case "Keys":
      return partitions.keys.includes(partition)
    case "Windows":
      return holdsWindow(partitions, partition)
    case "Product": {
      const parts = partition.split("|")
      return partitions.boxes.some((box) => {
        const dimensions = Object.values(box)
        return dimensions.length === parts.length && dimensions.every((dimension, at) => holds(dimension, parts[at]!))
      })
    }
  }
}

/**
 * The log knows no definitions, and so not which time a key stands for. Keys that are dates are in the order of time; the
 * distance to the first key, as clocks show it, tells what lies in a gap, since a window's middle is far from its ends.
 */
const holdsWindow = (
  { count, first, intervals, last }: Extract<Serialized, { readonly _tag: "Windows" }>,
  partition: string
): boolean => {
  if (partition === first || partition === last) return true
  if (!isDate(partition) || !isDate(first) || partition < first || partition > last) return false
  if (intervals.length < 2) return true
  const width = intervals.reduce((sum, [start, end]) => sum + end - start, 0) / count
  const middle = intervals[0]![0] + clock(partition) - clock(first) + width / 2
  return intervals.some(([start, end]) => start <= middle && middle < end)
}

const isDate = (key: string): boolean => /^\d{4}-\d\d(-\d\d([T -]\d\d:\d\d(:\d\d)?.*)?)?$/.test(key)

/** What a clock shows, in milliseconds, whatever its time zone. */
const clock = (key: string): number => {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = key.match(/\d+/g)!.map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

// ---------------------------------------------------------------------------------------------------------------------
// states
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a materialization or an observation tells of versions.
 *
 * @internal
 */
export const versionState = (
  event: EventLog.AssetMaterialized | EventLog.AssetObserved,
  cursor: number
): EventLog.VersionState => {
  const materialized = event._tag === "AssetMaterialized" ? event : undefined
  return {
    key: event.key,
    partition: event.partition,
    partitions: event.partitions,
    cursor,
    runId: event.runId,
    timestamp: event.timestamp,
    observed: materialized === undefined,
    stored: materialized?.stored ?? true,
    dataVersion: event.dataVersion,
    codeVersion: materialized?.codeVersion,
    configVersion: materialized?.configVersion,
    inputVersions: materialized?.inputVersions ?? noVersions,
    inputPartitions: materialized?.inputPartitions,
    byPartition: materialized?.byPartition
  }
}

const noVersions: EventLog.VersionState["inputVersions"] = Object.freeze({})

/**
 * States of one asset as a reader gets them, the newest first. A slot that was both materialized and observed has two:
 * the newer tells the version of the data, and the materialization what it was computed from.
 *
 * @internal
 */
export const newestPerSlot = (
  states: ReadonlyArray<EventLog.VersionState>
): ReadonlyArray<EventLog.VersionState> => {
  if (states.length < 2 || states.every(({ observed }) => observed === states[0]!.observed)) return states
  const slots = new Map<string, EventLog.VersionState>()
  for (const state of states) {
    const slot = slotOf(state)
    const newer = slots.get(slot)
    if (newer === undefined) slots.set(slot, state)
    else if (newer.observed) {
      const { cursor, dataVersion, timestamp } = newer
      slots.set(slot, { ...state, cursor, dataVersion, timestamp })
    }
  }
  // in the order in which they were found, which is that of the newer ones
  return Array.from(slots.values())
}

/** The kinds of events that tell that an asset was not computed. */
export type NotComputed = Extract<EventLog.Event, { readonly _tag: EventLog.OutcomeState["tag"] }>

/**
 * What an event tells of an asset that was not computed.
 *
 * @internal
 */
export const outcomeState = (event: NotComputed, cursor: number): EventLog.OutcomeState => ({
  key: event.key,
  partition: event.partition,
  partitions: event.partitions,
  cursor,
  runId: event.runId,
  timestamp: event.timestamp,
  tag: event._tag
})

/**
 * A run that begins.
 *
 * @internal
 */
export const runRecord = (
  event: Extract<EventLog.Event, { readonly _tag: "RunStarted" }>,
  cursor: number
): EventLog.RunRecord => ({
  id: event.runId,
  status: "Running",
  cancelRequested: false,
  startedAt: event.timestamp,
  finishedAt: undefined,
  durationMillis: undefined,
  keys: event.keys,
  partitions: event.partitions,
  tags: event.tags,
  retryOf: event.retryOf,
  backfillId: event.backfillId,
  config: event.config,
  configHidden: event.configHidden,
  cursor
})

/**
 * Tells of each run whether a filter lets it through, but for the limit.
 *
 * @internal
 */
export const runMatches = (filter: EventLog.RunFilter): (run: EventLog.RunRecord) => boolean => {
  const { backfillId, before, key, retryOf } = filter
  const ids = filter.ids && new Set(filter.ids)
  const statuses = filter.statuses && new Set(filter.statuses)
  const tags = Object.entries(filter.tags ?? {})
  return (run) =>
    (ids === undefined || ids.has(run.id)) &&
    (statuses === undefined || statuses.has(run.status)) &&
    (key === undefined || run.keys.includes(key)) &&
    (backfillId === undefined || run.backfillId === backfillId) &&
    (retryOf === undefined || run.retryOf === retryOf) &&
    (before === undefined || run.cursor < before) &&
    tags.every(([name, value]) => Object.hasOwn(run.tags, name) && run.tags[name] === value)
}

/**
 * Events that stay when their run is deleted: they are the history of an asset.
 *
 * @internal
 */
export const history: ReadonlySet<EventLog.Tag> = new Set(["AssetMaterialized", "AssetObserved", "CheckEvaluated"])
