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

/** How many checks there are, and how many of them stand how for whatever they judge, the bad ones first. */
export const checksText = (groups: ReadonlyArray<Pick<CheckGroup, "worst">>): string => {
  const of = (words: string, isOne: (worst: Check) => boolean): ReadonlyArray<string> => {
    const count = groups.filter(({ worst }) => isOne(worst)).length
    return count === 0 ? [] : [`${count.toLocaleString("en")} ${words}`]
  }
  const failed = ({ status }: Check) => status === "Failed" || status === "Errored" || status === "ExecutionFailed"
  return [
    groups.length === 1 ? "1 check" : `${groups.length.toLocaleString("en")} checks`,
    ...of("failed", (worst) => failed(worst) && !(worst.status === "Failed" && worst.severity === "warn")),
    ...of("with a warning", ({ severity, status }) => status === "Failed" && severity === "warn"),
    ...of(
      "not evaluated",
      ({ status }) => status === "NotEvaluated" || status === "InProgress" || status === "Skipped"
    ),
    ...of("passed", ({ status }) => status === "Passed")
  ].join(", ")
}
