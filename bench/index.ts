/**
 * Measures each claim about speed beside its limit, in one process. `npm run bench`; with names (`run`, `local`,
 * `catalog`, `automation`, `conditions`, `partitions`, `build`, `types`, `cli`, `server`, `graph`, `ui`) only those. Absolute figures
 * depend on the machine; the ratios are what counts.
 */
import { measureAutomation } from "./automation.ts"
import { measureBuild } from "./build.ts"
import { measureCatalog } from "./catalog.ts"
import { measureCli } from "./cli.ts"
import { measureConditions } from "./conditions.ts"
import { measureGraphLayout } from "./graphLayout.ts"
import { measureLocal } from "./local.ts"
import { type Row, table } from "./measure.ts"
import { measurePartitions } from "./partitions.ts"
import { measureRuns } from "./run.ts"
import { measureServer } from "./server.ts"
import { measureTypes } from "./types.ts"
import { measureUi } from "./ui.ts"

const suites: Readonly<Record<string, readonly [string, () => ReadonlyArray<Row> | Promise<ReadonlyArray<Row>>]>> = {
  run: ["A run of 1,000 assets, in memory (Dagster in process: 14,000 to 22,000 µs/asset)", () => measureRuns()],
  local: ["A run on files and a SQLite log (Dagster: 84,000 µs/asset)", () => measureLocal()],
  catalog: ["The catalog over a SQLite log", () => measureCatalog()],
  automation: ["One evaluation of conditions by the daemon, on a SQLite log", measureAutomation],
  conditions: ["One evaluation of conditions (beside: the log is read before)", measureConditions],
  partitions: ["A million partitions, and fifty years of hours", () => measurePartitions()],
  build: ["100,000 assets, three inputs each", measureBuild],
  types: ["The compiler on generated graphs", measureTypes],
  cli: ["The command line", () => measureCli()],
  server: ["The operations of a server over a SQLite log", () => measureServer()],
  graph: ["The layout of the lineage graph", () => measureGraphLayout()],
  ui: ["The web UI in a browser, without a graphics card", () => measureUi()]
}

const wanted = process.argv.slice(2)
for (const [name, [title, measure]] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stdout.write(`${table(title, await measure())}\n\n`)
}
