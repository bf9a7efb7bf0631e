/**
 * What sensors of assets and of runs make of events of the log: which are new, and what waits for others.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Automation from "../Automation.ts"
import type * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import * as Subset from "./subset.ts"

// ---------------------------------------------------------------------------------------------------------------------
// cursors
// ---------------------------------------------------------------------------------------------------------------------

/** What was seen, and waits for other assets. */
const Waiting = Schema.Struct({
  key: Schema.String,
  partition: Schema.optionalKey(Schema.String),
  observed: Schema.Boolean,
  runId: Schema.optionalKey(Schema.String),
  timestamp: Schema.Number,
  dataVersion: Schema.String,
  cursor: Schema.Number
})

type Waiting = typeof Waiting.Type

const State = Schema.fromJsonString(Schema.Struct({ after: Schema.Number, waiting: Schema.Array(Waiting) }))

/** Where a sensor is in the log, and what waits. */
export type State = typeof State.Type

const decodeState = Schema.decodeUnknownOption(State)
const encodeState = Schema.encodeSync(State)

/**
 * What a cursor tells: `undefined` if it is none of a sensor of events.
 *
 * @internal
 */
export const stateOf = (cursor: string | undefined): State | undefined => {
  if (cursor === undefined) return { after: 0, waiting: [] }
  return /^\d{1,15}$/.test(cursor) ? { after: Number(cursor), waiting: [] } : Option.getOrUndefined(decodeState(cursor))
}

/**
 * The place in the log that a cursor tells.
 *
 * @internal
 */
export const placeOf = (cursor: string | undefined): number | undefined => stateOf(cursor)?.after

const textOf = (state: State): string => state.waiting.length === 0 ? String(state.after) : encodeState(state)

// ---------------------------------------------------------------------------------------------------------------------
// assets
// ---------------------------------------------------------------------------------------------------------------------

/** More than so many partitions that wait are not remembered: those that have waited longest are forgotten. */
const maxWaiting = 10_000

/**
 * Events by partition: one that is about a range is as many as it has partitions, as far as they are known.
 *
 * @internal
 */
export const expand = (
  events: ReadonlyArray<EventLog.LoggedEvent>,
  graph: Graph.Any | undefined,
  now: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>>
): ReadonlyArray<Automation.AssetEvent> => {
  const compiled = graph && Graph.compiled(graph)
  const resolved = new Map<string, Partitions.Resolved | undefined>()
  const resolve = (key: string): Partitions.Resolved | undefined => {
    if (!resolved.has(key)) {
      const id = compiled?.ids.get(key)
      const set = id === undefined ? undefined : compiled!.assets[id]!.partitions
      resolved.set(key, set && Partitions.resolveAt(set, now, dynamicKeys))
    }
    return resolved.get(key)
  }
  return events.flatMap((event): ReadonlyArray<Automation.AssetEvent> => {
    if (event._tag !== "AssetMaterialized" && event._tag !== "AssetObserved") return []
    const { cursor, dataVersion, key, metadata, partition, partitions, runId, timestamp } = event
    const one = (partition: string | undefined): Automation.AssetEvent => {
      const byPartition = event._tag === "AssetMaterialized" && partition !== undefined &&
          event.byPartition !== undefined && Object.hasOwn(event.byPartition, partition)
        ? event.byPartition[partition]
        : undefined
      return {
        key,
        partition,
        observed: event._tag === "AssetObserved",
        runId,
        timestamp,
        dataVersion: byPartition?.dataVersion ?? dataVersion,
        metadata: byPartition?.metadata ?? metadata,
        cursor
      }
    }
    if (partitions === undefined || partition !== undefined) return [one(partition)]
    if (partitions._tag === "Keys") return partitions.keys.map(one)
    const axes = resolve(key)
    if (axes === undefined) return [one(undefined)]
    return Array.from(Subset.keysOf(axes, Subset.deserialize(axes, partitions).subset), one)
  })
}

/**
 * What has happened that leads to something, and the cursor from then on.
 *
 * @internal
 */
export const due = (
  { assets, match }: { readonly assets: ReadonlyArray<string>; readonly match: "any" | "all" },
  state: State,
  events: ReadonlyArray<Automation.AssetEvent>,
  byPartition: boolean
): { readonly events: ReadonlyArray<Automation.AssetEvent>; readonly reason: string; readonly cursor: string } => {
  const fresh = events.filter(({ cursor, key }) => cursor > state.after && assets.includes(key))
  const after = events.reduce((last, { cursor }) => Math.max(last, cursor), state.after)
  if (match === "any" || assets.length === 1) {
    return { events: fresh, reason: "nothing was materialized", cursor: textOf({ after, waiting: [] }) }
  }
  // the newest of each partition of each asset
  const waiting = new Map<string, Map<string | undefined, Automation.AssetEvent>>(assets.map((key) => [key, new Map()]))
  for (const event of [...state.waiting.map(asEvent), ...fresh]) {
    const own = waiting.get(event.key)
    // an asset that is not watched any more
    if (own === undefined) continue
    own.delete(event.partition)
    own.set(event.partition, event)
  }
  const absent = assets.filter((key) => waiting.get(key)!.size === 0)
  const found = absent.length > 0 ?
    [] :
    byPartition ?
    together(assets, waiting) :
    [...waiting.values()].flatMap((own) => [
      ...own.values()
    ])
  const used = new Set(found)
  const left = [...waiting.values()].flatMap((own) => [...own.values()]).filter((event) => !used.has(event))
  left.sort((a, b) => a.cursor - b.cursor)
  return {
    events: found.sort((a, b) => a.cursor - b.cursor),
    reason: absent.length > 0
      ? `it waits for ${absent.join(" and ")}`
      : "it waits for a partition that all of its assets have got",
    cursor: textOf({ after, waiting: left.slice(-maxWaiting).map(asWaiting) })
  }
}

/** What is there of partitions that each asset with partitions has got, and of the others. */
const together = (
  assets: ReadonlyArray<string>,
  waiting: ReadonlyMap<string, ReadonlyMap<string | undefined, Automation.AssetEvent>>
): Array<Automation.AssetEvent> => {
  const all = assets.map((key) => waiting.get(key)!)
  const partitioned = all.filter((own) => !own.has(undefined))
  const whole = all.flatMap((own) => own.has(undefined) ? [own.get(undefined)!] : [])
  if (partitioned.length === 0) return whole
  const shared = [...partitioned[0]!.keys()].filter((key) => partitioned.every((own) => own.has(key)))
  return shared.length === 0 ? [] : [...shared.flatMap((key) => partitioned.map((own) => own.get(key)!)), ...whole]
}

const asEvent = ({ partition, runId, ...rest }: Waiting): Automation.AssetEvent => ({ ...rest, partition, runId })

const asWaiting = (
  { cursor, dataVersion, key, observed, partition, runId, timestamp }: Automation.AssetEvent
): Waiting => ({
  key,
  ...(partition !== undefined && { partition }),
  observed,
  ...(runId !== undefined && { runId }),
  timestamp,
  dataVersion,
  cursor
})

/**
 * A request for the partitions of a set that events are about.
 *
 * @internal
 */
export const partitionsOf = (
  events: ReadonlyArray<Automation.AssetEvent>,
  set: Partitions.Any,
  now: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>>
): Automation.Requests => {
  const resolved = Partitions.resolveAt(set, now, dynamicKeys)
  const named = [...new Set(events.flatMap(({ partition }) => partition === undefined ? [] : [partition]))]
  const keys = named.filter((key) => resolved.indicesOf(key) !== undefined)
  if (keys.length === 1) return { requests: [{ partition: keys[0]! }] }
  if (keys.length > 1) return { requests: [{ partitions: keys }] }
  return {
    requests: [],
    reason: named.length === 0
      ? "what was materialized has no partitions, and the target has: say which with `request`"
      : `the target has no partition ${named.slice(0, 5).map((key) => JSON.stringify(key)).join(", ")}`
  }
}

/**
 * The keys of dynamic partitions after what an evaluation says of them.
 *
 * @internal
 */
export const changedKeys = (
  keys: ReadonlyMap<string, ReadonlyArray<string>>,
  { addPartitions = {}, deletePartitions = {} }: Pick<Automation.Requests, "addPartitions" | "deletePartitions">
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const changed = new Map(keys)
  for (const [name, gone] of Object.entries(deletePartitions)) {
    const set = new Set(gone)
    changed.set(name, (changed.get(name) ?? []).filter((key) => !set.has(key)))
  }
  for (const [name, added] of Object.entries(addPartitions)) {
    changed.set(name, [...new Set([...changed.get(name) ?? [], ...added])])
  }
  return changed
}

// ---------------------------------------------------------------------------------------------------------------------
// runs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Whether a sensor of runs is about what happened to a run.
 *
 * @internal
 */
export const matchesRun = (
  self: Automation.RunSensor<string, unknown, string>,
  event: EventLog.LoggedEvent,
  run: EventLog.RunRecord,
  graph: Graph.Any | undefined
): boolean => {
  const status = event._tag === "RunStarted" ? "Started" : event._tag === "RunFinished" ? event.status : undefined
  if (status === undefined || !self.statuses.includes(status)) return false
  // two may have recorded its end, and the first one counts
  if (event._tag === "RunFinished" && (event.status !== run.status || event.timestamp !== run.finishedAt)) return false
  const tag = (name: string): string | undefined => Object.hasOwn(run.tags, name) ? run.tags[name] : undefined
  // it would go on for ever
  if (tag("automation") === self.name) return false
  if (self.jobs !== undefined && !self.jobs.includes(tag("job") ?? "")) return false
  if (self.select === undefined) return true
  if (graph === undefined) {
    const listed: ReadonlyArray<unknown> = Array.isArray(self.select) ? self.select : []
    return run.keys.some((key) => listed.includes(key))
  }
  const compiled = Graph.compiled(graph)
  const selected = Plan.selectedIds(compiled, self.select, { externals: true })
  return selected._tag === "Success" && run.keys.some((key) => {
    const id = compiled.ids.get(key)
    return id !== undefined && selected.success[id] === 1
  })
}
