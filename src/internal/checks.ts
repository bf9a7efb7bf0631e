/**
 * Which checks a run evaluates.
 */
import * as Result from "effect/Result"
import * as Check from "../Check.ts"
import type * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"
import { didYouMean, suggest } from "./suggest.ts"

/** The checks of a run, and the assets that they judge without the run having to do with them otherwise. */
export interface PlannedChecks {
  readonly checks: ReadonlyArray<Check.Any>
  readonly alone: ReadonlyArray<number>
}

/**
 * The checks of the planned assets, and of the external assets that they read: nobody else judges those. Checks that are
 * named need nothing else to be planned.
 *
 * @internal
 */
export const plannedChecks = (
  { graph, planned }: Plan.Inside,
  which: Runtime.Checks = "selected"
): Result.Result<PlannedChecks, ReadonlyArray<{ readonly key: string; readonly problem: string }>> => {
  if (which === "none" || (graph.checks.length === 0 && !Array.isArray(which))) return nothing
  const { offsets, targets } = graph.children
  const idOf = (check: Check.Any): number => graph.ids.get(check.asset.key)!
  const isPlanned = (id: number): boolean => planned[id] === 1
  const isRead = (id: number): boolean =>
    graph.assets[id]!.external && targets.subarray(offsets[id]!, offsets[id + 1]!).some(isPlanned)
  if (which === "selected" || which === "only") {
    const checks = graph.checks.filter((check) => isPlanned(idOf(check)) || isRead(idOf(check)))
    return Result.succeed({ checks, alone: which === "only" ? checks.map(idOf) : none })
  }
  const named = new Set(which)
  const checks = graph.checks.filter((check) => named.delete(Check.nameOf(check)))
  // those that assets evaluate themselves come with the asset
  for (const { checks, key } of graph.assets) for (const name in checks) named.delete(`${key}:${name}`)
  return named.size === 0
    ? Result.succeed({ checks, alone: checks.map(idOf).filter((id) => !isPlanned(id) && !isRead(id)) })
    : Result.fail(Array.from(named, (key) => {
      const names = graph.assets.flatMap(({ checks, key }) => Object.keys(checks).map((name) => `${key}:${name}`))
      const known = [...graph.checks.map(Check.nameOf), ...names]
      return { key, problem: `there is no such check.${didYouMean(suggest(key, known))}` }
    }))
}

const none: ReadonlyArray<never> = []
const nothing = Result.succeed<PlannedChecks>({ checks: none, alone: none })

/**
 * What the evaluation of a check, and a partition, is known by.
 *
 * @internal
 */
export const evaluationName = (key: string, check: string, partition: string | undefined): string =>
  JSON.stringify([key, check, partition])
