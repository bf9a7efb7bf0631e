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

/** How long materializations took, in seconds, the oldest first. */
export const durationsOf = (
  events: ReadonlyArray<AssetEvent>
): ReadonlyArray<
  { readonly timestamp: number; readonly value: number; readonly runId?: string; readonly label?: string }
> =>
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
