import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, type Scope, Stream } from "effect"
import { EventLog, Partitions } from "effect-assets"
import { SqliteClient } from "effect-assets/node"
import { SqlClient, SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { finished, materialized, started } from "../fixtures/events.ts"
import { agreesWithMemory, operations } from "../fixtures/logLaws.ts"
import { logSuite, type Opened } from "../fixtures/logSuite.ts"
import { postgresSchemas } from "../fixtures/postgres.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-log-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

type Client = Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>

/** Opens the log of a client, with a connection of its own. */
const open = (client: Client): Effect.Effect<Opened, EventLog.EventLogError | SqlError.SqlError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(Layer.provide(EventLog.layerSql, Layer.fresh(client)))), (context) => ({
    log: Context.get(context, EventLog.EventLog),
    dynamicKeys: Context.get(context, Partitions.DynamicKeys)
  }))

const sqliteFile = Effect.map(directory, (directory) => join(directory, "deep", "events.db"))
const sqlite = Effect.map(sqliteFile, (filename) => ({ open: open(SqliteClient.layer({ filename })) }))

const all = (log: EventLog.Service, filter: EventLog.EventFilter = {}) => Stream.runCollect(log.events(filter))

logSuite("in SQLite", (name, test) => it.effect(name, test), sqlite, { durable: true })

const postgres = postgresSchemas(afterAll)

logSuite(
  "in PostgreSQL",
  (name, test) => it.effect(name, test),
  Effect.map(postgres, (client) => ({ open: Effect.suspend(() => open(client())) })),
  { durable: true }
)

describe("the log in PostgreSQL", () => {
  it.effect.prop("agrees with the one in memory", [operations], ([operations]) =>
    Effect.scoped(Effect.gen(function*() {
      const { log } = yield* open((yield* postgres)())
      yield* agreesWithMemory(log, operations)
    })), { arbitrary: { runs: 8, seed: 7 } })

  it.effect("is refused when a newer version has written it", () =>
    Effect.gen(function*() {
      const client = (yield* postgres)()
      yield* open(client)
      const later = SqlClient.SqlClient.use((sql) =>
        sql`INSERT INTO effect_assets_migrations (migration_id, name) VALUES (99, 'later')`
      )
      yield* Effect.provide(later, client)
      const error = yield* Effect.flip(open(client))
      assert.match(error.message, /could not be opened: the database was written by a newer version/)
    }))

  it.effect("can be read where it takes no writes, and tells so", () =>
    Effect.gen(function*() {
      const client = yield* postgres
      yield* Effect.scoped(Effect.flatMap(open(client()), ({ log }) => log.append([started("one")])))
      const { log } = yield* open(client({ default_transaction_read_only: "on" }))
      assert.strictEqual((yield* all(log)).length, 1)
      const error = yield* Effect.flip(log.append([finished("one")]))
      assert.match(error.message, /could not be written: the database takes no writes: connect to the primary/)
    }))
})

/** The tables that the third version of the database has added. */
const automationTables = [
  "automation_head",
  "leases",
  "automations",
  "condition_cursors",
  "ticks",
  "queue",
  "run_keys",
  "evaluations"
]

describe("the log in SQLite", () => {
  it.effect.prop("agrees with the one in memory", [operations], ([operations]) =>
    Effect.scoped(Effect.gen(function*() {
      const { log } = yield* open(SqliteClient.layer({ filename: ":memory:" }))
      yield* agreesWithMemory(log, operations)
    })), { arbitrary: { runs: 120, seed: 3 } })

  /** Fails to open and tells why. */
  const refusal = (client: Client) => Effect.map(Effect.flip(open(client)), (error) => error.message)

  it.effect("tells that a directory is a file", () =>
    Effect.gen(function*() {
      const file = join(yield* directory, "file")
      writeFileSync(file, "")
      assert.match(
        yield* refusal(SqliteClient.layer({ filename: join(file, "events.db") })),
        /SQLite could not open .*file\/events\.db: (ENOTDIR|EEXIST)/
      )
    }))

  it.effect("tells that a file is no database", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      writeFileSync(filename, "this is no database, it is a letter.\n".repeat(100))
      assert.match(yield* refusal(SqliteClient.layer({ filename })), /SQLite could not open .*: file is not a database/)
    }))

  it.effect("can be read where it cannot be written, and tells so", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      yield* Effect.scoped(
        Effect.flatMap(open(SqliteClient.layer({ filename })), ({ log }) => log.append([started("one")]))
      )
      const { log } = yield* open(SqliteClient.layer({ filename, readonly: true }))
      assert.strictEqual((yield* all(log)).length, 1)
      for (const write of [log.append([finished("one")]), log.wipe(["a"])]) {
        const error = yield* Effect.flip(write)
        assert.match(error.message, /: the database is read-only: check the permissions/)
      }
      const empty = join(yield* directory, "empty.db")
      new DatabaseSync(empty).close()
      assert.match(
        yield* refusal(SqliteClient.layer({ filename: empty, readonly: true })),
        /^The event log could not be opened: the database is read-only: check the permissions/
      )
      assert.match(
        yield* refusal(SqliteClient.layer({ filename: `${filename}.none`, readonly: true })),
        /SQLite could not open .*none: unable to open database file/
      )
    }))

  it.effect("tells that the disk is full, and loses nothing else", () =>
    Effect.gen(function*() {
      const client = yield* Layer.build(SqliteClient.layer({ filename: ":memory:" }))
      const sql = Context.get(client, SqlClient.SqlClient)
      const log = yield* Effect.provideContext(EventLog.makeSql, client)
      yield* log.append([started("one")])
      const [{ page_count: pages }] = (yield* sql`PRAGMA page_count`) as [{ readonly page_count: number }]
      yield* sql.unsafe(`PRAGMA max_page_count = ${pages + 2}`)
      const error = yield* Effect.flip(log.append([{
        ...materialized("one", "big"),
        metadata: { text: "x".repeat(100_000) }
      }]))
      assert.strictEqual(error.operation, "append")
      assert.match(error.message, /could not be written: the disk is full.*free space, or remove events with prune/)
      assert.strictEqual((yield* all(log)).length, 1)
      yield* log.append([finished("one")])
      assert.strictEqual((yield* all(log)).length, 2)
    }))

  it.effect("fails those whose events cannot be written, and no others that were written with them", () =>
    Effect.gen(function*() {
      const client = yield* Layer.build(SqliteClient.layer({ filename: ":memory:" }))
      const sql = Context.get(client, SqlClient.SqlClient)
      const log = yield* Effect.provideContext(EventLog.makeSql, client)
      yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON effect_assets_events WHEN new.asset = 'refused'
        BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END`
      const results = yield* Effect.forEach(
        ["a", "b", "refused", "c"],
        (key) => Effect.result(log.append([started(key), materialized(key, key), finished(key)])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Success", "Success", "Failure", "Success"])
      assert.match(String(results[2]), /refused by a trigger/)
      const events = yield* all(log)
      assert.deepStrictEqual(events.map(({ cursor }) => cursor), [1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.deepStrictEqual([...(yield* log.versions()).keys()].sort(), ["a", "b", "c"])
    }))

  it.effect("does not try again what may have been committed when the connection broke", () =>
    Effect.gen(function*() {
      const client = yield* Layer.build(SqliteClient.layer({ filename: ":memory:" }))
      const sql = Context.get(client, SqlClient.SqlClient)
      let breaks = false
      const reset = new SqlError.SqlError({
        reason: new SqlError.ConnectionError({ cause: new Error("reset"), message: "reset" })
      })
      const withTransaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.tap(sql.withTransaction(effect), () => breaks ? Effect.fail(reset) : Effect.void)
      const breaking: SqlClient.SqlClient = new Proxy(sql, {
        get: (target, name) =>
          name === "withTransaction" ?
            withTransaction
            : name === "withoutTransforms"
            ? () => breaking
            : Reflect.get(target, name)
      })
      const log = yield* Effect.provideService(EventLog.makeSql, SqlClient.SqlClient, breaking)
      breaks = true
      const errors = yield* Effect.forEach(["a", "b"], (id) => Effect.flip(log.append([started(id)])), {
        concurrency: "unbounded"
      })
      for (const error of errors) assert.match(error.message, /could not be written: the database cannot be reached/)
      assert.strictEqual((yield* all(log)).length, 2)
    }))

  it.effect("writes what is appended at once in one transaction", () =>
    Effect.gen(function*() {
      const filename = yield* sqliteFile
      const client = SqliteClient.layer({ filename })
      const { log } = yield* open(client)
      // one row for each transaction
      const db = new DatabaseSync(filename)
      db.exec("CREATE TABLE heads (cursor INTEGER)")
      db.exec(
        "CREATE TRIGGER count AFTER UPDATE ON effect_assets_head BEGIN INSERT INTO heads VALUES (new.cursor); END"
      )
      yield* Effect.forEach(Array.from({ length: 100 }, (_, i) => i), (i) => log.append([started(`r${i}`)]), {
        concurrency: "unbounded",
        discard: true
      })
      assert.isBelow(db.prepare("SELECT * FROM heads").all().length, 5)
      db.close()
    }))

  it.effect("refuses the database of a newer version, and leaves it alone", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      yield* Effect.scoped(
        Effect.flatMap(open(SqliteClient.layer({ filename })), ({ log }) => log.append([started("one")]))
      )
      const db = new DatabaseSync(filename)
      db.exec("INSERT INTO effect_assets_migrations (migration_id, name) VALUES (99, 'later')")
      const message = yield* refusal(SqliteClient.layer({ filename }))
      assert.match(
        message,
        /written by a newer version of effect-assets.*update the package, or choose another database/
      )
      assert.strictEqual(db.prepare("SELECT * FROM effect_assets_events").all().length, 1)
      db.close()
    }))

  it.effect("opens the database of an older version, which recorded no configuration", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      yield* Effect.scoped(
        Effect.flatMap(open(SqliteClient.layer({ filename })), ({ log }) => log.append([started("old")]))
      )
      const db = new DatabaseSync(filename)
      db.exec("ALTER TABLE effect_assets_runs DROP COLUMN config")
      db.exec("ALTER TABLE effect_assets_runs DROP COLUMN config_hidden")
      for (const table of automationTables) db.exec(`DROP TABLE effect_assets_${table}`)
      db.exec("DELETE FROM effect_assets_migrations WHERE migration_id > 1")
      db.close()
      const { log } = yield* open(SqliteClient.layer({ filename }))
      yield* log.append([started("new", [], { config: { a: 1 } })])
      assert.deepStrictEqual((yield* log.runs({})).map(({ config, id }) => [id, config]), [["new", { a: 1 }], [
        "old",
        undefined
      ]])
    }))

  it.effect("leaves out events of kinds that a newer version has written", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      const { log } = yield* open(SqliteClient.layer({ filename }))
      yield* log.append([started("one"), finished("one")])
      const db = new DatabaseSync(filename)
      db.exec(
        "UPDATE effect_assets_events SET tag = 'AssetDreamt', data = '{\"_tag\":\"AssetDreamt\"}' WHERE cursor = 1"
      )
      assert.deepStrictEqual((yield* all(log)).map(({ _tag }) => _tag), ["RunFinished"])
      // and tells of one that is damaged
      db.exec("UPDATE effect_assets_events SET data = '{' WHERE cursor = 2")
      db.close()
      const error = yield* Effect.flip(all(log))
      assert.strictEqual(error.operation, "read")
      assert.match(error.message, /could not be read: .*JSON/)
    }))

  it.live("waits for a lock that another process holds", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      const { log } = yield* open(SqliteClient.layer({ filename, busyTimeout: 1 }))
      const db = new DatabaseSync(filename)
      db.exec("BEGIN IMMEDIATE")
      const appending = yield* Effect.forkChild(log.append([started("one")]), { startImmediately: true })
      // readers are not kept waiting
      assert.deepStrictEqual(yield* all(log), [])
      for (let i = 0; i < 5; i++) yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))
      assert.isUndefined(appending.pollUnsafe())
      db.exec("COMMIT")
      db.close()
      yield* Fiber.join(appending)
      assert.strictEqual((yield* all(log)).length, 1)
    }))

  it.effect("tells when a lock is held too long", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "events.db")
      const { log } = yield* open(SqliteClient.layer({ filename, busyTimeout: 0 }))
      const db = new DatabaseSync(filename)
      db.exec("BEGIN IMMEDIATE")
      const appending = yield* Effect.forkChild(Effect.flip(log.append([started("one")])), { startImmediately: true })
      yield* TestClock.adjust("55 seconds")
      assert.isUndefined(appending.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(appending)
      assert.match(error.message, /could not be written: another process holds the database locked/)
      db.exec("COMMIT")
      db.close()
      yield* log.append([started("two")])
      assert.deepStrictEqual((yield* all(log)).length, 1)
    }))

  it.effect("is no place in other databases", () =>
    Effect.gen(function*() {
      const client = yield* Layer.build(SqliteClient.layer({ filename: ":memory:" }))
      const sql = Context.get(client, SqlClient.SqlClient)
      const mysql = Object.assign({ ...sql }, {
        withoutTransforms: () => mysql,
        onDialectOrElse: (options: { readonly orElse: () => unknown }) => options.orElse()
      }) as unknown as SqlClient.SqlClient
      const error = yield* Effect.flip(Effect.provideService(EventLog.makeSql, SqlClient.SqlClient, mysql))
      assert.match(error.message, /kept in SQLite or PostgreSQL/)
    }))
})
