/**
 * Kills many more processes than `npm test` does, at random moments, and lets several write to one log for longer.
 *
 * `npm run test:crash`, or `npm run test:crash -- KILLS SEED` to repeat one.
 */
import { spawnSync } from "node:child_process"

const [kills = "100", seed = String(Math.floor(Math.random() * 1_000_000_000))] = process.argv.slice(2)
process.stdout.write(`${kills} kills, seed ${seed}\n`)
const { status } = spawnSync("vitest", ["run", "--silent=false", "test/node/Crash.test.ts", "test/campaigns"], {
  stdio: "inherit",
  env: { ...process.env, CRASH_KILLS: kills, CRASH_SEED: seed, DURATION: "20" }
})
process.exit(status ?? 1)
