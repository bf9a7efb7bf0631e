import { assert, describe, it } from "@effect/vitest"
import { checksText, groupChecks } from "../../../ui/src/assets/checks.ts"

type Check = Parameters<typeof groupChecks>[0][number]

const check = (name: string, status: Check["status"], severity: Check["severity"] = "error"): Check => ({
  key: "orders",
  check: name,
  severity,
  blocking: false,
  status
})

describe("checks", () => {
  it("are put together by name, those that fail first", () => {
    const groups = groupChecks([
      check("fine", "Passed"),
      check("some", "Passed", "warn"),
      check("some", "Failed", "warn"),
      check("bad", "Failed")
    ])
    assert.deepStrictEqual(groups.map(({ check, entries }) => [check, entries.map(({ status }) => status)]), [
      ["bad", ["Failed"]],
      ["some", ["Failed", "Passed"]],
      ["fine", ["Passed"]]
    ])
  })

  it("are counted by the worst of each: a warning is neither a failure nor a success", () => {
    const textOf = (...checks: ReadonlyArray<Check>) => checksText(groupChecks(checks))
    assert.strictEqual(textOf(check("a", "Passed")), "1 check, 1 passed")
    assert.strictEqual(textOf(check("a", "Passed", "warn"), check("a", "Failed", "warn")), "1 check, 1 with a warning")
    assert.strictEqual(
      textOf(check("a", "Failed"), check("b", "Errored", "warn"), check("c", "NotEvaluated"), check("d", "Passed")),
      "4 checks, 2 failed, 1 not evaluated, 1 passed"
    )
  })
})
