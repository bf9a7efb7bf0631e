/** What is shown of an asset's history, and the numbers in it. */
import type { Api } from "../api/contract.ts"

type AssetEvent = Api.Model.AssetEvent

/** Which events are shown. */
export type EventKind = "all" | "materialized" | "failed" | "skipped"

/** The choices of what is shown. */
export const eventKinds: ReadonlyArray<{ readonly value: EventKind; readonly label: string }> = [
  { value: "all", label: "Everything" },
  { value: "materialized", label: "Materializations, observations" },
  { value: "failed", label: "Failures" },
  { value: "skipped", label: "Skips" }
]

const outcomes: { readonly [kind in Exclude<EventKind, "all">]: ReadonlyArray<AssetEvent["outcome"]> } = {
  materialized: ["Materialized", "Observed"],
  failed: ["Failed", "UpstreamFailed", "Cancelled"],
  skipped: ["Skipped", "UpToDate"]
}

/** `true` if an event is of a kind. */
export const fitsKind = ({ outcome }: Pick<AssetEvent, "outcome">, kind: EventKind): boolean =>
  kind === "all" || outcomes[kind].includes(outcome)

/** A number of a plot: at a time, or at a partition, and the run that a click leads to. */
export interface PlotPoint {
  readonly timestamp?: number | undefined
  readonly label?: string | undefined
  readonly value: number
  readonly runId?: string | undefined
}

/** How long materializations took, in seconds, the oldest first. */
export const durationsOf = (
  events: ReadonlyArray<AssetEvent>
): ReadonlyArray<PlotPoint> =>
  events
    .flatMap(({ durationMillis, outcome, partition, runId, timestamp }) =>
      durationMillis === undefined || outcome !== "Materialized" ? [] : [{
        timestamp,
        value: durationMillis / 1000,
        ...(runId === undefined ? {} : { runId }),
        ...(partition === undefined ? {} : { label: partition })
      }]
    )
    .toReversed()

/** Series in the order of their labels, the one that was asked for first. */
export const sortSeries = (series: Api.Model.Series, first: string | undefined): Api.Model.Series =>
  series.toSorted((a, b) => Number(b.label === first) - Number(a.label === first) || (a.label < b.label ? -1 : 1))

type Point = Api.Model.Series[number]["points"][number]

const collator = new Intl.Collator("en", { numeric: true })

/** The newest number of each partition, in the order of their keys, as points without a time. */
export const byPartition = (
  points: ReadonlyArray<Point>
): ReadonlyArray<PlotPoint> => {
  const newest = new Map<string, Point>()
  for (const point of points) {
    const { partition, timestamp } = point
    if (partition === undefined) continue
    const before = newest.get(partition)
    if (before === undefined || before.timestamp <= timestamp) newest.set(partition, point)
  }
  return [...newest]
    .sort(([a], [b]) => collator.compare(a, b))
    .map(([label, { runId, value }]) => ({ label, value, ...runId === undefined ? {} : { runId } }))
}
