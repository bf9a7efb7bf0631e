import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { readTickLog } from "../../../ui/src/automation/tickLog.ts"

/** What a program logs, as the daemon records it. */
const logged = (program: Effect.Effect<void>): string => {
  let text = ""
  const logger = Logger.make((options) => {
    text += `${Logger.formatSimple.log(options)}\n`
  })
  Effect.runSync(Effect.provide(program, Logger.layer([logger])))
  return text
}

describe("the log of a tick", () => {
  it("is read as what was logged", () => {
    const text = logged(Effect.gen(function*() {
      yield* Effect.log("looking")
      yield* Effect.logError("it said \"no\",\n  twice", { rows: 3 })
      yield* Effect.annotateLogs(Effect.logWarning("a=b c"), { file: "a b.csv" })
    }))
    const entries = readTickLog(text)
    assert.deepStrictEqual(entries.map(({ detail, level, message }) => [level, message, detail]), [
      ["INFO", "looking", ""],
      ["ERROR", "it said \"no\",\n  twice {\"rows\":3}", ""],
      ["WARN", "a=b c", "file=a b.csv"]
    ])
    assert.isTrue(entries.every(({ at }) => at !== undefined && Math.abs(at - Date.now()) < 60_000))
  })

  it("is shown as it is where it cannot be read", () => {
    for (
      const text of [
        "",
        "nonsense",
        "timestamp=x level=INFO fiber=#1 message=y",
        "timestamp=2024-01-01T00:00:00Z level"
      ]
    ) {
      assert.deepStrictEqual(
        readTickLog(text),
        text === "" ? [] : [{ at: undefined, level: undefined, message: text, detail: "" }]
      )
    }
  })
})
