import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { SqliteClient } from "effect-assets/node"
import { SqlClient } from "effect/sql"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-sqlite-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const open = (options: SqliteClient.Options) =>
  Effect.map(Layer.build(SqliteClient.layer(options)), (context) => Context.get(context, SqlClient.SqlClient))

const inMemory = Effect.tap(
  open({ filename: ":memory:" }),
  (sql) => sql`CREATE TABLE t (id INTEGER UNIQUE, name TEXT)`
)

describe("SqliteClient", () => {
  it.effect("reads and writes rows, and streams them", () =>
    Effect.gen(function*() {
      const sql = yield* inMemory
      const hostile = "'; DROP TABLE t; -- 🚀"
      yield* sql`INSERT INTO t ${sql.insert([{ id: 1, name: hostile }, { id: 2, name: "b" }])}`
      assert.deepStrictEqual(yield* sql`SELECT name FROM t WHERE name = ${hostile}`, [{ name: hostile }])
      assert.deepStrictEqual(yield* sql`SELECT id, name FROM t ORDER BY id`.values, [[1, hostile], [2, "b"]])
      assert.deepStrictEqual(yield* Stream.runCollect(sql`SELECT id FROM t ORDER BY id`.stream), [{ id: 1 }, { id: 2 }])
    }))

  it.effect("rolls back what fails, and keeps transactions apart", () =>
    Effect.gen(function*() {
      const sql = yield* inMemory
      const insert = (id: number) => sql`INSERT INTO t (id) VALUES (${id})`
      const failing = sql.withTransaction(Effect.andThen(insert(1), Effect.fail("no" as const)))
      assert.strictEqual(yield* Effect.flip(failing), "no")
      yield* sql.withTransaction(
        Effect.andThen(insert(2), Effect.ignore(sql.withTransaction(Effect.andThen(insert(3), Effect.fail("no")))))
      )
      // one waits for the other, and does not get into its transaction
      const slow = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(insert(4), Effect.andThen(Effect.yieldNow, Effect.fail("no")))),
        { startImmediately: true }
      )
      yield* sql.withTransaction(insert(5))
      yield* Fiber.await(slow)
      assert.deepStrictEqual(yield* sql`SELECT id FROM t`, [{ id: 2 }, { id: 5 }])
    }))

  it.effect("tells errors apart", () =>
    Effect.gen(function*() {
      const sql = yield* inMemory
      yield* sql`INSERT INTO t (id) VALUES (1)`
      const duplicate = yield* Effect.flip(sql`INSERT INTO t (id) VALUES (1)`)
      assert.strictEqual(duplicate.reason._tag, "UniqueViolation")
      for (const wrong of [sql`SELEC 1`, sql`SELECT ${Symbol("s")}`, Stream.runDrain(sql`SELEC 1`.stream)]) {
        assert.match((yield* Effect.flip(wrong)).message, /SQLite could not (prepare|execute) a statement: /)
      }
    }))

  it.effect("makes the directory, keeps a write-ahead log, and closes the file", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "a", "b", "data.db")
      yield* Effect.scoped(Effect.gen(function*() {
        const sql = yield* open({ filename })
        assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`, [{ journal_mode: "wal" }])
        yield* sql`CREATE TABLE t (id INTEGER)`
        assert.isTrue(existsSync(`${filename}-wal`))
      }))
      // the last one to close a database tidies up
      assert.isFalse(existsSync(`${filename}-wal`))
      const again = yield* open({ filename, readonly: true })
      assert.deepStrictEqual(yield* again`SELECT * FROM t`, [])
      assert.match((yield* Effect.flip(again`INSERT INTO t VALUES (1)`)).message, /readonly/)
    }))

  it.live("fails when another process writes for longer than it is to wait", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "data.db")
      const sql = yield* open({ filename, busyTimeout: 5 })
      yield* sql`CREATE TABLE t (id INTEGER)`
      const other = new DatabaseSync(filename)
      other.exec("BEGIN IMMEDIATE")
      const error = yield* Effect.flip(sql`INSERT INTO t VALUES (1)`)
      assert.strictEqual(error.reason._tag, "LockTimeoutError")
      other.exec("COMMIT")
      other.close()
      yield* sql`INSERT INTO t VALUES (1)`
    }))

  it.live("waits while another process sets the database up", () =>
    Effect.gen(function*() {
      const filename = join(yield* directory, "data.db")
      const other = new DatabaseSync(filename)
      other.exec("CREATE TABLE t (id INTEGER); BEGIN EXCLUSIVE")
      const opening = yield* Effect.forkChild(open({ filename, busyTimeout: 1 }), { startImmediately: true })
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 30)))
      assert.isUndefined(opening.pollUnsafe())
      other.exec("COMMIT")
      other.close()
      const sql = yield* Fiber.join(opening)
      assert.deepStrictEqual(yield* sql`SELECT * FROM t`, [])
    }))
})
