/**
 * Which checks a run evaluates.
 */
import * as Check from "../Check.ts"
import type * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"

/**
 * The checks of the planned assets, and of the external assets that they read: nobody else judges those.
 *
 * @internal
 */
export const plannedChecks = (
  { graph, planned }: Plan.Inside,
  which: Runtime.Checks = "selected"
): ReadonlyArray<Check.Any> => {
  if (which === "none" || graph.checks.length === 0) return none
  const { offsets, targets } = graph.children
  const named = which === "selected" || which === "only" ? undefined : new Set(which)
  return graph.checks.filter((check) => {
    const id = graph.ids.get(check.asset.key)!
    const isRead = graph.assets[id]!.external &&
      targets.subarray(offsets[id]!, offsets[id + 1]!).some((child) => planned[child] === 1)
    return (planned[id] === 1 || isRead) && (named === undefined || named.has(Check.nameOf(check)))
  })
}

const none: ReadonlyArray<Check.Any> = []
