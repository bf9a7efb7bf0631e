/**
 * Rows of the log about partitions: what became of a range of them in one run is one row.
 */
import type * as EventLog from "../EventLog.ts"
import * as Metadata from "../Metadata.ts"
import * as Subset from "./subset.ts"
import type { Target } from "./work.ts"

/** The events that can be about several partitions. */
export type RangeEvent = Extract<
  EventLog.Event,
  { readonly _tag: "AssetMaterialized" | "AssetSkipped" | "AssetUpstreamFailed" | "AssetCancelled" | "AssetFailed" }
>

/**
 * Puts events about partitions of one asset together where they say the same, or where what differs can be told by
 * partition.
 *
 * @internal
 */
export const merged = (events: ReadonlyArray<RangeEvent>, { resolved }: Target): ReadonlyArray<RangeEvent> => {
  const groups = new Map<string, Array<RangeEvent>>()
  for (const event of events) {
    const name = groupOf(event)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [event])
    else group.push(event)
  }
  const rows: Array<RangeEvent> = []
  for (const group of groups.values()) {
    const [first] = group
    if (group.length === 1) {
      rows.push(first!)
      continue
    }
    const { partition: _, ...common } = first!
    const keys = group.map((event) => event.partition!)
    const partitions = Subset.serialize(resolved, Subset.fromKeys(resolved, keys).subset)
    const timestamp = Math.max(...group.map((event) => event.timestamp))
    rows.push(
      common._tag === "AssetMaterialized"
        ? { ...common, ...materialized(group as Array<EventLog.AssetMaterialized>), partitions, timestamp }
        : { ...common, partitions, timestamp }
    )
  }
  return rows
}

/** Events with one name can be one row. */
const groupOf = (event: RangeEvent): string => {
  switch (event._tag) {
    case "AssetMaterialized":
      // what was retried, or consists of steps, is told one by one
      return event.attempts > 1 || event.steps.length > 0
        ? `=${event.partition}`
        : JSON.stringify([event.codeVersion, event.configVersion, event.stored])
    case "AssetSkipped":
      return JSON.stringify(["skipped", event.reason])
    case "AssetUpstreamFailed":
      return JSON.stringify(["upstream", event.failed, event.checks])
    case "AssetCancelled":
      return `cancelled ${event.started}`
    case "AssetFailed":
      return `=${event.partition}`
  }
}

/** What a row says of all its partitions, and what of each. */
const materialized = (
  group: ReadonlyArray<EventLog.AssetMaterialized>
): Partial<EventLog.AssetMaterialized> => {
  const [first] = group
  const common = versionsOf(first!)
  const metadata = JSON.stringify(first!.metadata)
  const same = group.every((event) => JSON.stringify(event.metadata) === metadata)
  const byPartition: Record<string, NonNullable<EventLog.AssetMaterialized["byPartition"]>[string]> = {}
  let differs = false
  for (const event of group) {
    const versions = versionsOf(event)
    if (same && versions === common) continue
    differs = true
    byPartition[event.partition!] = {
      dataVersion: event.dataVersion,
      inputVersions: event.inputVersions,
      ...(event.inputPartitions === undefined ? undefined : { inputPartitions: event.inputPartitions }),
      ...(same ? undefined : { metadata: event.metadata })
    }
  }
  return {
    metadata: same ? first!.metadata : Metadata.empty,
    durationMillis: group.reduce((sum, event) => sum + event.durationMillis, 0),
    ...(differs ? { byPartition } : undefined)
  }
}

const versionsOf = (event: EventLog.AssetMaterialized): string =>
  JSON.stringify([event.dataVersion, event.inputVersions, event.inputPartitions])
