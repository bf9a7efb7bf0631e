/**
 * Definitions and records in words: sets of partitions, mappings, freshness policies.
 */
import * as DateTime from "effect/DateTime"
import type * as Freshness from "../../Freshness.ts"
import type * as PartitionMapping from "../../PartitionMapping.ts"
import * as Partitions from "../../Partitions.ts"

const some = 5

/** The first few of a list, and how many more there are. */
export const list = (texts: ReadonlyArray<string>, limit = some): string =>
  texts.length <= limit
    ? texts.join(", ")
    : `${texts.slice(0, limit).join(", ")} and ${texts.length - limit} more`

const span = (first: string, last: string): string => first === last ? first : `${first}…${last}`

const counted = (text: string, count: number): string => count === 1 ? text : `${text} (${count} partitions)`

/** How many partitions a record is about. */
export const countOf = (of: Partitions.Serialized): number => {
  switch (of._tag) {
    case "Keys":
      return of.keys.length
    case "Windows":
      return of.count
    case "Product":
      return of.boxes.reduce(
        (sum, box) => sum + Object.values(box).reduce((count, side) => count * countOf(side), 1),
        0
      )
  }
}

const side = (of: Partitions.Serialized): string => {
  switch (of._tag) {
    case "Keys":
      return list(of.keys)
    case "Windows":
      return of.count === 0 ? "none" : `${span(of.first, of.last)}${of.intervals.length > 1 ? " with gaps" : ""}`
    case "Product": {
      const boxes = of.boxes.slice(0, 3).map((box) => Object.values(box).map(side).join(" × "))
      return boxes.join("; ") + (of.boxes.length > 3 ? `; and ${of.boxes.length - 3} more` : "")
    }
  }
}

/** Recorded partitions in words. It takes no definition: what is not in the graph any more is told, too. */
export const describeRecorded = (of: Partitions.Serialized): string => {
  const count = countOf(of)
  return count === 0 ? "no partitions" : counted(side(of), count)
}

const units: { readonly [cron: string]: string | undefined } = {
  "0 * * * *": "hours",
  "0 0 * * *": "days",
  "0 0 * * 0": "weeks",
  "0 0 1 * *": "months",
  "0 0 1 1 *": "years"
}

/** A date where a day begins, else the time. */
const momentOf = (at: DateTime.Zoned): string => {
  const { hour, millisecond, minute, second } = DateTime.toParts(at)
  return hour + minute + second + millisecond === 0
    ? DateTime.formatIsoDate(at)
    : DateTime.formatIsoZoned(at).replace(/\[.*/, "").replace(".000", "")
}

const windowsOf = (set: Partitions.TimeWindows): string => {
  const unit = Object.hasOwn(units, set.cron) ? units[set.cron]! : `windows of the cron expression "${set.cron}"`
  const to = set.end === undefined ? " on" : ` until ${momentOf(set.end)}`
  const offset = set.endOffset === 0
    ? ""
    : set.endOffset > 0
    ? `, ${set.endOffset} ahead of time`
    : `, without the last ${-set.endOffset}`
  return `${unit} from ${momentOf(set.start)}${to}${offset} (${DateTime.zoneToString(set.timeZone)})`
}

const single = (set: Partitions.Single): string => {
  switch (set.kind) {
    case "TimeWindow":
      return windowsOf(set)
    case "Fixed":
      return `the keys ${list(set.keys)}`
    case "Dynamic":
      return `the dynamic keys "${set.name}"`
  }
}

/** The sets of each kind are what their interfaces say; the type of any set does not tell them apart. */
type Known = Partitions.Single | Partitions.Product<{ readonly [name: string]: Partitions.Single }>

/** The dimensions of a set, in the order of their names; one without a name if it is no product. */
export const dimensionsOf = (set: Partitions.Any): ReadonlyArray<readonly [name: string, set: Partitions.Single]> => {
  const known = set as Known // by its `kind`
  return known.kind === "Product"
    ? Object.keys(known.dimensions).sort().map((name) => [name, known.dimensions[name]!] as const)
    : [["", known]]
}

/** A set of partitions in words. */
export const describeSet = (set: Partitions.Any): string =>
  dimensionsOf(set).map(([name, dimension]) => name === "" ? single(dimension) : `${name}: ${single(dimension)}`).join(
    "; "
  )

const offsets = ({ endOffset, startOffset }: PartitionMapping.TimeWindow): string => {
  const moved = (by: number, what: string) =>
    by === 0 ? [] : [`${what} moved by ${by} ${Math.abs(by) === 1 ? "window" : "windows"}`]
  return [...moved(startOffset, "the start"), ...moved(endOffset, "the end")].map((text) => `, ${text}`).join("")
}

/** What is read of one set for another where no mapping is given. */
export const describeInferred = (down: Partitions.Any, up: Partitions.Any): string => {
  if (Partitions.id(down) === Partitions.id(up)) return "the same partition"
  if (down.kind === "TimeWindow" && up.kind === "TimeWindow") return "the windows of the same time"
  return down.kind === "Product" || up.kind === "Product" ? "by the dimensions that fit" : "all partitions"
}

/** A mapping in words. */
export const describeMapping = (mapping: PartitionMapping.Data): string => {
  switch (mapping._tag) {
    case "Identity":
      return "the same partition"
    case "TimeWindow":
      return `the windows of the same time${offsets(mapping)}${
        mapping.allowNonexistent ? ", as far as they exist" : ""
      }`
    case "All":
      return "all partitions"
    case "Last":
      return "the last partition"
    case "Specific":
      return `the partitions ${list(mapping.keys)}`
    case "Fixed":
      return list(mapping.pairs.map(([upstream, downstream]) => `${upstream} for ${downstream}`))
    case "Dimension": {
      const of = mapping.dimension === undefined ? "the dimension that fits" : `the dimension ${mapping.dimension}`
      return mapping.mapping === undefined ? `by ${of}` : `by ${of}: ${describeMapping(mapping.mapping)}`
    }
    case "Product":
      return Object.entries(mapping.dimensions).map(([downstream, { dimension, mapping: by }]) =>
        `${downstream} from ${dimension}${by === undefined ? "" : ` (${describeMapping(by)})`}`
      ).join(", ")
  }
}

const lengths = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]] as const

/** A time span in words. */
export const describeMillis = (millis: number): string => {
  const parts: Array<string> = []
  let left = millis
  for (const [unit, length] of lengths) {
    const count = Math.floor(left / length)
    if (count === 0) continue
    parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`)
    left -= count * length
    if (parts.length === 2) break
  }
  return parts.length === 0 ? `${millis} ms` : parts.join(" ")
}

/** A freshness policy in words. */
export const describeFreshness = (policy: Freshness.Freshness): string =>
  policy._tag === "Window"
    ? `at most ${describeMillis(policy.failMillis)} old${
      policy.warnMillis === undefined ? "" : `, with a warning after ${describeMillis(policy.warnMillis)}`
    }`
    : `new by each deadline of the cron expression "${policy.deadline}" (${policy.timeZone}), materialized at most ${
      describeMillis(policy.lowerBoundMillis)
    } before it`

/** The first sentence or line of a description. */
export const summaryOf = (description: string | undefined): string | undefined => {
  if (description === undefined) return undefined
  const line = description.trim().split(/\r?\n/, 1)[0] ?? ""
  const sentence = /^.*?[.!?](?=\s|$)/.exec(line)?.[0] ?? line
  return sentence === "" ? undefined : sentence.length > 300 ? `${sentence.slice(0, 299)}…` : sentence
}
