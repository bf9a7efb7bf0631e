/** The list of runs, without a document. */
import type { Api } from "../api/contract.ts"
import { conditionsName } from "../api/words.ts"

type Run = Api.Model.RunSummary

/** `daily_weather and 3 more`. */
export const assetsText = ({ assetCount, assets }: Pick<Run, "assets" | "assetCount">): string =>
  assets[0] === undefined
    ? assetCount === 0 ? "nothing" : assetCount === 1 ? "1 asset" : `${assetCount} assets`
    : assetCount > 1
    ? `${assets[0]} and ${(assetCount - 1).toLocaleString("en")} more`
    : assets[0]

/** Tags that say where a run is from: pages tell that in words. */
const origins: ReadonlySet<string> = new Set(["job", "automation", "tick", "queued", "process"])

/** The tags that somebody has given a run. */
export const givenTags = (tags: Run["tags"]): ReadonlyArray<readonly [name: string, value: string]> =>
  // whoever tags a run by hand may use the same names
  Object.entries(tags).filter(([name]) => !origins.has(name) || (name !== "job" && tags.queued === undefined))

/** What a run is from: `job nightly, by every_morning`. */
export const originText = ({ automation, job, queued }: Run["tags"]): string | undefined => {
  const parts = [
    job === undefined ? [] : `job ${job}`,
    automation === undefined || queued === undefined
      ? []
      : `by ${automation === conditionsName ? "conditions" : automation}`
  ].flat()
  return parts.length === 0 ? undefined : parts.join(", ")
}

/**
 * The runs that are shown while somebody has scrolled down: from the one that was on top when they did, so that nothing
 * moves. `fresh` is how many came since. Where that run is no more in the list, all are shown.
 */
export const heldBack = (
  runs: ReadonlyArray<Run>,
  top: string | undefined
): { readonly shown: ReadonlyArray<Run>; readonly fresh: number } => {
  const at = top === undefined ? 0 : runs.findIndex(({ id }) => id === top)
  return at <= 0 ? { shown: runs, fresh: 0 } : { shown: runs.slice(at), fresh: at }
}

/** A bar of the history strip. */
export interface StripBar {
  readonly run: Run
  /** From 0 to 1. */
  readonly height: number
}

/**
 * The newest runs as bars, the oldest first. Durations differ by orders of magnitude, so the height is that of their
 * logarithm; what runs counts up to `now`.
 */
export const strip = (runs: ReadonlyArray<Run>, now: number, most = 60): ReadonlyArray<StripBar> => {
  const shown = runs.slice(0, most).reverse()
  const durations = shown.map((run) => Math.max(1, run.durationMillis ?? now - run.startedAt))
  const [least, greatest] = [Math.log(Math.min(...durations)), Math.log(Math.max(...durations))]
  return shown.map((run, index) => ({
    run,
    height: greatest - least < 0.01 ? 0.6 : 0.15 + 0.85 * (Math.log(durations[index]!) - least) / (greatest - least)
  }))
}

/** The one filter of the API for what is in the address; it takes one of each. */
export const runFilter = (search: {
  readonly status?: ReadonlyArray<string>
  readonly key?: string
  readonly tag?: ReadonlyArray<string>
  readonly backfill?: string
}): Omit<Api.Model.RunFilter, "before" | "limit"> => {
  const status = runStatuses.find((status) => status === search.status?.[0])
  return {
    ...status === undefined ? {} : { status },
    ...search.key === undefined ? {} : { key: search.key },
    ...search.tag?.[0] === undefined ? {} : { tag: search.tag[0] },
    ...search.backfill === undefined ? {} : { backfill: search.backfill }
  }
}

/** The states of runs in the order in which they are offered. */
export const runStatuses: ReadonlyArray<Api.Model.RunStatus> = ["Running", "Succeeded", "Failed", "Cancelled"]
