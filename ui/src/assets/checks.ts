/** Checks of an asset, put together: one may stand differently for different partitions. */
import type { Api } from "../api/contract.ts"

type Check = Api.Model.CheckModel

const order: ReadonlyArray<Check["status"]> = [
  "Errored",
  "ExecutionFailed",
  "Failed",
  "InProgress",
  "NotEvaluated",
  "Skipped",
  "Passed"
]

const badness = ({ severity, status }: Check): number =>
  order.indexOf(status) * 2 + (severity === "error" ? 0 : status === "Failed" ? 1 : 0)

/** A check with how it stands for each part of the asset, the worst first. */
export interface CheckGroup {
  readonly check: string
  readonly worst: Check
  readonly entries: ReadonlyArray<Check>
}

/** Puts what is told of the same check together. Those that fail come first, else they keep their order. */
export const groupChecks = (checks: ReadonlyArray<Check>): ReadonlyArray<CheckGroup> =>
  [...Map.groupBy(checks, ({ check }) => check)]
    .flatMap(([check, all]) => {
      const entries = all.toSorted((a, b) => badness(a) - badness(b))
      const worst = entries[0]
      return worst === undefined ? [] : [{ check, worst, entries }]
    })
    .sort((a, b) => badness(a.worst) - badness(b.worst))
