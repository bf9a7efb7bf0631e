/**
 * The tables of the state of automation in a database.
 */

/**
 * The statements that make the tables. `begin` is how an index of PostgreSQL holds a text.
 *
 * @internal
 */
export const statements = (dialect: "sqlite" | "pg", begin: (column: string) => string): ReadonlyArray<string> => {
  const pg = dialect === "pg"
  const [integer, real] = pg ? ["BIGINT", "DOUBLE PRECISION"] : ["INTEGER", "REAL"]
  const text = (column: string) => pg ? begin(column) : column
  /** SQLite ends every index with the row's id, which is `seq`. */
  const index = (table: string, name: string, columns: ReadonlyArray<string>, condition = "") =>
    `CREATE INDEX effect_assets_${table}_${name} ON effect_assets_${table} (${
      [...columns, ...pg ? ["seq"] : []].join(", ")
    })${condition}`
  /** One row for each name. */
  const named = (table: string, name: string, columns: string) => [
    `CREATE TABLE effect_assets_${table} (${name} TEXT NOT NULL${pg ? "" : " PRIMARY KEY"}, ${columns})${
      pg ? "" : " WITHOUT ROWID"
    }`,
    ...pg ? [`CREATE INDEX effect_assets_${table}_${name} ON effect_assets_${table} (${begin(name)})`] : []
  ]
  return [
    // the number of the newest change: whoever writes takes it first, so writers follow each other
    `CREATE TABLE effect_assets_automation_head (id INTEGER PRIMARY KEY, version ${integer} NOT NULL)`,
    `INSERT INTO effect_assets_automation_head (id, version) VALUES (1, 0)`,
    ...named(
      "leases",
      "name",
      `owner TEXT, epoch ${integer} NOT NULL, acquired_at ${real} NOT NULL, expires_at ${real} NOT NULL`
    ),
    ...named(
      "automations",
      "name",
      `running INTEGER, running_since ${real}, cursor TEXT, revision ${integer} NOT NULL, last_scheduled_at ${real},
        last_tick TEXT`
    ),
    ...named("condition_cursors", "name", "data TEXT NOT NULL"),
    `CREATE TABLE effect_assets_ticks (
      seq ${integer} PRIMARY KEY,
      id TEXT NOT NULL,
      automation TEXT NOT NULL,
      kind TEXT NOT NULL,
      status TEXT NOT NULL,
      started_at ${real} NOT NULL,
      data TEXT NOT NULL
    )`,
    index("ticks", "id", [text("id")]),
    index("ticks", "automation", [text("automation"), "status"]),
    index("ticks", "automation_at", [text("automation"), "started_at"]),
    index("ticks", "status", ["status"]),
    index("ticks", "status_at", ["status", "started_at"]),
    index("ticks", "kind", ["kind", "status"]),
    `CREATE TABLE effect_assets_queue (
      seq ${integer} PRIMARY KEY,
      id TEXT NOT NULL,
      automation TEXT,
      tick_id TEXT,
      priority ${integer} NOT NULL,
      queued_at ${real} NOT NULL,
      status TEXT NOT NULL,
      not_before ${real},
      waiting_for TEXT,
      owner TEXT,
      taken_at ${real},
      attempts INTEGER NOT NULL,
      run_id TEXT,
      error TEXT,
      finished_at ${real},
      request TEXT NOT NULL
    )`,
    index("queue", "id", [text("id")]),
    index("queue", "tick_id", [text("tick_id")], " WHERE tick_id IS NOT NULL"),
    index("queue", "automation", [text("automation"), "status"], " WHERE automation IS NOT NULL"),
    index("queue", "launch", ["status", "priority DESC"]),
    index("queue", "status", ["status"]),
    // what was requested before is known for ever, also when ticks and runs are gone
    `CREATE TABLE effect_assets_run_keys (automation TEXT NOT NULL, run_key TEXT NOT NULL, queued_id TEXT NOT NULL${
      pg ? ")" : ", PRIMARY KEY (automation, run_key)) WITHOUT ROWID"
    }`,
    ...pg
      ? [
        `CREATE INDEX effect_assets_run_keys_key ON effect_assets_run_keys (${begin("automation")}, ${
          begin("run_key")
        })`
      ]
      : [],
    `CREATE TABLE effect_assets_evaluations (
      seq ${integer} PRIMARY KEY,
      automation TEXT NOT NULL,
      asset TEXT NOT NULL,
      tick_id TEXT,
      evaluation ${integer} NOT NULL,
      at ${real} NOT NULL,
      requested ${integer} NOT NULL,
      explanation TEXT NOT NULL
    )`,
    index("evaluations", "asset", [text("asset")]),
    index("evaluations", "tick_id", [text("tick_id")], " WHERE tick_id IS NOT NULL"),
    index("evaluations", "at", ["at"])
  ]
}
