/** What the catalog is asked about a large graph, on SQLite, with histories of different lengths. */
import { Effect, Layer } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Asset, Catalog, EventLog, Graph } from "../src/index.ts"
import { SqliteClient } from "../src/node/index.ts"
import type { Row } from "./measure.ts"

const count = 10_000
const readsEach = 3
const rounds = 15

const parentsOf = (at: number): ReadonlyArray<number> =>
  Array.from(new Set(Array.from({ length: readsEach }, (_, n) => at - 1 - 37 * n).filter((parent) => parent >= 0)))

const graph = (): Graph.Any => {
  const assets: Array<Asset.Any> = []
  for (let at = 0; at < count; at++) {
    const deps = parentsOf(at).map((parent) => assets[parent]!)
    assets.push(Asset.make(`layer/asset_${at}`, { codeVersion: "1", deps, compute: () => Effect.void }))
  }
  return Graph.fromAssets(assets)
}

const materialized = (at: number, runId: string): EventLog.AssetMaterialized => ({
  _tag: "AssetMaterialized",
  runId,
  timestamp: at,
  key: `layer/asset_${at}`,
  dataVersion: `version ${at}`,
  codeVersion: "1",
  // one in ten was computed from other data
  inputVersions: Object.fromEntries(
    parentsOf(at).map((parent, n) => [
      `layer/asset_${parent}`,
      at % 10 === 0 && n === 0 ? "other" : `version ${parent}`
    ])
  ),
  metadata: { rows: at },
  durationMillis: 1,
  attempts: 1,
  steps: [],
  stored: true
})

const fill = Effect.fnUntraced(function*(log: EventLog.Service, runId: string) {
  const size = 1_000
  for (let from = 0; from < count; from += size) {
    yield* log.append(Array.from({ length: size }, (_, n) => materialized(from + n, runId)))
  }
})

/** Copies of the events that are there, as older history: what the log itself would have written, in one statement. */
const lengthen = Effect.fnUntraced(function*(sql: SqlClient.SqlClient, from: number, to: number) {
  yield* sql.withTransaction(sql.unsafe(`
    WITH RECURSIVE times(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM times WHERE n + 1 < ${to})
    INSERT INTO effect_assets_events (cursor, run_id, asset, slot, tag, at, data)
    SELECT -(n * ${count} + cursor), 'run -' || n, asset, slot, tag, at, data
    FROM times, effect_assets_events WHERE cursor > 0 AND tag = 'AssetMaterialized'`))
  // a log that grows bit by bit has its pages in the database, not in the write-ahead log
  yield* sql.unsafe("PRAGMA wal_checkpoint(TRUNCATE)")
})

const measured = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const times: Array<number> = []
  for (let round = 0; round < rounds + 5; round++) {
    const start = performance.now()
    yield* effect
    if (round >= 5) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return { best: times[0]!, median: times[Math.floor(times.length / 2)]! }
})

/** The best of the rounds is what the machine does when nobody else uses it. */
const shown = ({ best, median }: { readonly best: number; readonly median: number }): string =>
  `${best.toFixed(1)} ms (median ${median.toFixed(1)})`

const program = Effect.fnUntraced(function*(histories: ReadonlyArray<number>) {
  const rows: Array<Row> = []
  const log = yield* EventLog.EventLog
  const sql = yield* SqlClient.SqlClient
  const assets = graph()
  const calls: Array<string> = []
  const counting = new Proxy(log, {
    get: (target, name: keyof EventLog.Service) => {
      calls.push(name)
      return target[name]
    }
  })
  yield* fill(log, "run 0")
  let length = 1
  let first: { readonly best: number } | undefined
  for (const history of histories) {
    yield* lengthen(sql, length, history)
    length = history
    const staleness = yield* measured(Catalog.staleness(assets))
    // the limit: the states as text, without an object for each
    const raw = yield* measured(
      sql.unsafe("SELECT asset, cursor, data_version, code_version, input_versions FROM effect_assets_versions")
    )
    const status = yield* measured(Catalog.status(assets))
    first ??= staleness
    rows.push({
      what: `staleness of ${count} assets, ${history} materializations of each`,
      figure: shown(staleness),
      limit: `rows of states ${shown(raw)}; shortest history ${first.best.toFixed(1)} ms`,
      ratio: staleness.best / raw.best,
      budget: "50 ms",
      within: staleness.best <= 50
    }, {
      what: `overview of them`,
      figure: shown(status),
      limit: `staleness ${staleness.best.toFixed(1)} ms`,
      ratio: status.best / staleness.best
    })
  }
  const found: { readonly [key: string]: Catalog.Staleness } = yield* Effect.provideService(
    Catalog.staleness(assets),
    EventLog.EventLog,
    counting
  )
  const stale = Object.values(found).filter((status) => status._tag === "Stale").length
  if (stale !== count / 10 - 1) throw new Error(`${stale} assets are stale, and not a tenth of ${count}`)
  rows.push({
    what: "queries for it",
    figure: String(calls.length),
    limit: calls.join(),
    budget: "1",
    within: calls.length === 1
  })
  return rows
})

/** 100,000 and 1,000,000 events; `histories` are the materializations of each of 10,000 assets, increasing. */
export const measureCatalog = async (histories: ReadonlyArray<number> = [10, 100]): Promise<ReadonlyArray<Row>> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-assets-bench-"))
  const sqlite = SqliteClient.layer({ filename: join(directory, "events.db") })
  try {
    return await Effect.runPromise(
      Effect.provide(program(histories), Layer.provideMerge(EventLog.layerSql, sqlite))
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
