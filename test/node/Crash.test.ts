/**
 * Processes that are killed, stopped, cancelled by others, or have no disk to write to. `npm run test:crash -- [KILLS]
 * [SEED]` kills many more.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { campaign } from "../campaigns/crash.ts"

const kills = Number(process.env.CRASH_KILLS ?? 8)
const seed = Number(process.env.CRASH_SEED ?? 1)
const long = { timeout: 60_000 + kills * 10_000 }

describe("a process that is killed", () => {
  for (const [kind, part] of [["assets", 0.6], ["days", 0.4]] as const) {
    const count = Math.max(1, Math.round(kills * part))
    it.live(
      `leaves ${kind} behind that can be gone on with (${count} kills, seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const report = yield* campaign(kind, count, seed)
          yield* Effect.log(kind, report)
          assert.strictEqual(report.kills, count)
        }),
      long
    )
  }
})
