/**
 * The tables of the event log in a database, and how they come to be.
 */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as automation from "./automationStoreSchema.ts"
import { LogProblem } from "./logErrors.ts"

const migrationsTable = "effect_assets_migrations"

/**
 * PostgreSQL has no index on long texts, and keys may be long: there the beginnings are indexed, and a query compares
 * them and the whole text. SQLite ends every index with the row's id, which is the cursor.
 */
const begin = (column: string) => `left(${column}, 200)`

const statements = (dialect: "sqlite" | "pg"): ReadonlyArray<string> => {
  const pg = dialect === "pg"
  const [cursor, real] = pg ? ["BIGINT", "DOUBLE PRECISION"] : ["INTEGER", "REAL"]
  const state = `
    asset TEXT NOT NULL,
    slot TEXT NOT NULL,
    window_start ${real},
    window_end ${real},
    cursor ${cursor} NOT NULL`
  /** One row for each asset, slot and whatever else tells states apart. */
  const states = (table: string, columns: string, kind: ReadonlyArray<string> = []) => [
    `CREATE TABLE ${table} (${state}${columns}${pg ? "" : `, PRIMARY KEY (${["asset", ...kind, "slot"].join(", ")})`})${
      pg ? "" : " WITHOUT ROWID"
    }`,
    ...pg ? [`CREATE INDEX ${table}_slot ON ${table} (${begin("asset")}, ${begin("slot")})`] : []
  ]
  const index = (column: string) =>
    `CREATE INDEX effect_assets_events_${column} ON effect_assets_events (${
      pg ? `${begin(column)}, cursor` : column
    }) WHERE ${column} IS NOT NULL`
  return [
    // the place of the newest event: whoever writes takes it first, so writers follow each other
    `CREATE TABLE effect_assets_head (id INTEGER PRIMARY KEY, cursor ${cursor} NOT NULL)`,
    `INSERT INTO effect_assets_head (id, cursor) VALUES (1, 0)`,
    `CREATE TABLE effect_assets_events (
      cursor ${cursor} PRIMARY KEY,
      run_id TEXT,
      backfill_id TEXT,
      asset TEXT,
      slot TEXT,
      tag TEXT NOT NULL,
      at ${real} NOT NULL,
      data TEXT NOT NULL
    )`,
    index("run_id"),
    index("backfill_id"),
    index("asset"),
    ...states(
      "effect_assets_versions",
      `,
      observed INTEGER NOT NULL,
      stored INTEGER NOT NULL,
      run_id TEXT,
      at ${real} NOT NULL,
      data_version TEXT NOT NULL,
      code_version TEXT,
      input_versions TEXT NOT NULL,
      detail TEXT`,
      ["observed"]
    ),
    ...states("effect_assets_outcomes", `, run_id TEXT NOT NULL, at ${real} NOT NULL, tag TEXT NOT NULL, detail TEXT`),
    ...states("effect_assets_checks", ", check_name TEXT NOT NULL", ["check_name"]),
    `CREATE TABLE effect_assets_runs (
      id TEXT NOT NULL,
      cursor ${cursor} PRIMARY KEY,
      status TEXT NOT NULL,
      cancel_requested INTEGER NOT NULL,
      started_at ${real} NOT NULL,
      finished_at ${real},
      duration_millis ${real},
      retry_of TEXT,
      backfill_id TEXT,
      keys TEXT NOT NULL,
      partitions TEXT,
      tags TEXT NOT NULL
    )`,
    `CREATE INDEX effect_assets_runs_id ON effect_assets_runs (${pg ? begin("id") : "id"})`,
    `CREATE TABLE effect_assets_dynamic_keys (name TEXT NOT NULL, key TEXT NOT NULL, seq ${cursor} NOT NULL)`,
    `CREATE INDEX effect_assets_dynamic_keys_key ON effect_assets_dynamic_keys (${
      pg ? `${begin("name")}, ${begin("key")}` : "name, key"
    })`
  ]
}

/** Runs statements, one after the other. */
const each = (statements: (dialect: "sqlite" | "pg") => ReadonlyArray<string>) =>
  SqlClient.SqlClient.use((client) => {
    const sql = client.withoutTransforms()
    return Effect.forEach(
      statements(sql.onDialectOrElse({ pg: () => "pg" as const, orElse: () => "sqlite" as const })),
      (statement) => sql.unsafe(statement),
      { discard: true }
    )
  })

const loader = Migrator.fromRecord({
  "0001_event_log": each(statements),
  "0002_config_of_runs": each(() =>
    ["config", "config_hidden"].map((column) => `ALTER TABLE effect_assets_runs ADD COLUMN ${column} TEXT`)
  ),
  "0003_automation": each((dialect) => automation.statements(dialect, begin))
})

/** The newest version of the tables that this version of the library knows. */
const known = 3

/**
 * Creates the tables or brings them up to date. Processes that do so at once wait for each other. Fails for tables that
 * only a newer version of the library understands.
 *
 * @internal
 */
export const migrate = (
  sql: SqlClient.SqlClient
): Effect.Effect<void, SqlError | Migrator.MigrationError | LogProblem> =>
  Effect.gen(function*() {
    const supported = sql.onDialectOrElse({ pg: () => true, sqlite: () => true, orElse: () => false })
    if (!supported) {
      return yield* new LogProblem({ message: "it is kept in SQLite or PostgreSQL: give another SqlClient" })
    }
    yield* Migrator.make({})({ loader, table: migrationsTable })
    const [newest] = yield* sql.unsafe<{ readonly id: number | null }>(
      `SELECT MAX(migration_id) AS id FROM ${migrationsTable}`
    )
    if (Number(newest?.id) > known) {
      const message = `the database was written by a newer version of effect-assets, whose tables have version ${
        newest!.id
      }, and this one knows those up to ${known}: update the package, or choose another database`
      return yield* new LogProblem({ message })
    }
  }).pipe(Effect.provideService(SqlClient.SqlClient, sql))
