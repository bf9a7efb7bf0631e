/** How far backfills are. Plain data. */
import { toneFill } from "../kit/status.ts"
import type { Backfill } from "./data.ts"

type Progress = Pick<Backfill, "partitions" | "runs">

/** The parts of a bar of what is done and what has failed. */
export const partsOf = (
  { partitions }: Pick<Progress, "partitions">
): ReadonlyArray<{ readonly value: number; readonly fill: string }> => [
  { value: partitions.done, fill: toneFill.fresh },
  { value: partitions.failed, fill: toneFill.failed }
]

const count = (number: number): string => number.toLocaleString("en")

/** How far a backfill is, in words. */
export const progressText = ({ partitions: { done, failed, total } }: Pick<Progress, "partitions">): string =>
  `${count(done)} of ${count(total)} done${failed === 0 ? "" : `, ${count(failed)} failed`}`

/** How its runs stand, in words: what there is of each. */
export const runsText = (runs: { readonly [state: string]: number | undefined }): string =>
  ["running", "succeeded", "failed", "cancelled"].flatMap((state) => {
    const number = runs[state] ?? runs[`${state[0]!.toUpperCase()}${state.slice(1)}`] ?? 0
    return number === 0 ? [] : [`${count(number)} ${state}`]
  }).join(", ")
