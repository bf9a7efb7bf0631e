/**
 * The laws of the runtime on many more random graphs than `npm test` takes, with a seed of its own each time.
 *
 * `npm run test:long`, or `npm run test:long -- FACTOR SEED` to repeat one.
 */
import { spawnSync } from "node:child_process"

const [factor = "25", seed = String(Math.floor(Math.random() * 1_000_000_000))] = process.argv.slice(2)
process.stdout.write(`${factor} times as many cases, seed ${seed}\n`)
const { status } = spawnSync("vitest", ["run", "test/laws", "--testTimeout=1800000"], {
  stdio: "inherit",
  env: { ...process.env, LAWS_FACTOR: factor, LAWS_SEED: seed }
})
process.exit(status ?? 1)
