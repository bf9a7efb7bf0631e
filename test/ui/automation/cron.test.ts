import { assert, describe, it } from "@effect/vitest"
import { cronsText, cronWords } from "../../../ui/src/automation/cron.ts"

describe("cron expressions in words", () => {
  for (
    const [cron, words] of [
      ["* * * * *", "every minute"],
      ["*/15 * * * *", "every 15 minutes"],
      ["0 * * * *", "every hour"],
      ["@hourly", "every hour"],
      ["30 * * * *", "every hour at minute 30"],
      ["0 */6 * * *", "every 6 hours"],
      ["*/10 9-17 * * 1-5", "every 10 minutes from 09:00 to 17:59, on weekdays"],
      ["0 6 * * *", "every day at 06:00"],
      ["@daily", "every day at 00:00"],
      ["30 18,6 * * *", "every day at 06:30 and 18:30"],
      ["0 6 * * MON-FRI", "on weekdays at 06:00"],
      ["0 6 * * 0,6", "at weekends at 06:00"],
      ["0 6 * * 7", "on Sunday at 06:00"],
      ["0 0 1 * *", "on day 1 of the month at 00:00"],
      ["@yearly", "on 1 January at 00:00"],
      ["0 6 * JAN,jul *", "every day in January and July at 06:00"],
      ["* * * * * *", "every second"],
      ["*/5 * * * * *", "every 5 seconds"],
      ["0 0 6 * * *", "every day at 06:00"]
    ] as const
  ) {
    it(`${cron} is ${words}`, () => assert.strictEqual(cronWords(cron), words))
  }

  it("what has no plain words is left as it is", () => {
    for (const cron of ["0 6 13 * 5", "1-50 1-20 * * *", "0 6 L * *", "61 * * * *", "constructor", "", "0 6 * * *x"]) {
      assert.strictEqual(cronWords(cron), undefined, cron)
    }
    assert.strictEqual(cronsText(["0 6 * * *", "0 6 13 * 5"]), "every day at 06:00; 0 6 13 * 5")
  })
})
