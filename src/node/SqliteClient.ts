/**
 * A `SqlClient` over Node's own SQLite: one connection to one database file, without a driver to install.
 *
 * **Example** (A log in a file)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { SqlClient } from "effect/sql"
 * import { SqliteClient } from "effect-assets/node"
 *
 * const program = SqlClient.SqlClient.use((sql) => sql`SELECT 1 + ${1} AS two`)
 * await Effect.runPromise(Effect.provide(program, SqliteClient.layer({ filename: ":memory:" }))) // => [{ two: 2 }]
 * ```
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Client from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { sqlite } from "../internal/logErrors.ts"
import { advised } from "../internal/systemErrors.ts"

/**
 * Where the database is and how to open it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** A path, whose directory is created, or `":memory:"`. */
  readonly filename: string
  /** Opens a database that is there, to read from it only. */
  readonly readonly?: boolean | undefined
  /**
   * How many milliseconds a statement waits, blocking this process, while another process writes. Then it fails with a
   * `LockTimeoutError`. By default 1,000.
   */
  readonly busyTimeout?: number | undefined
}

/** A row as the driver gives it. */
type Row = Record<string, unknown>
type Params = ReadonlyArray<SQLInputValue>

const attempt = <A>(operation: string, evaluate: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: evaluate, catch: (cause) => sqlError(operation, cause) })

const sqlError = (operation: string, cause: unknown): SqlError => {
  // Node reports the extended result code as `errcode`, the classifier reads `errno`
  const error = cause instanceof Error && "errcode" in cause ? Object.assign(cause, { errno: cause.errcode }) : cause
  const found = cause instanceof Error ? sqlite(cause) : undefined
  const message = `SQLite could not ${operation}: ${advised(cause)}${found === undefined ? "" : `: ${found}`}`
  return new SqlError({ reason: classifySqliteError(error, { message, operation }) })
}

/** What SQLite refuses at once, without its busy timeout, while another process opens the same new database. */
const whileLocked = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
  Effect.retry(effect, {
    while: (error) => error.reason._tag === "LockTimeoutError",
    schedule: Schedule.jittered(Schedule.spaced("20 millis")),
    times: 250
  })

const open = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<DatabaseSync, SqlError, Scope.Scope> {
  const { busyTimeout = 1000, filename } = options
  const what = `open ${filename}`
  const ownFile = filename !== ":memory:" && !filename.startsWith("file:")
  if (ownFile && options.readonly !== true) {
    yield* attempt(what, () => mkdirSync(dirname(filename), { recursive: true }))
  }
  const db = yield* Effect.acquireRelease(
    attempt(what, () => new DatabaseSync(filename, { readOnly: options.readonly ?? false, timeout: busyTimeout })),
    (db) => Effect.sync(() => db.close())
  )
  // a file is not looked at before the first statement
  const pragmas = options.readonly === true
    ? "PRAGMA schema_version"
    : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"
  yield* whileLocked(attempt(what, () => db.exec(pragmas)))
  return db
})

const makeConnection = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Connection & { readonly db: DatabaseSync }, SqlError, Scope.Scope> {
  const db = yield* open(options)
  const prepare = (sql: string) => attempt("prepare a statement", () => db.prepare(sql))
  const prepared = yield* Cache.make({ capacity: 256, lookup: prepare })

  const run = (statement: StatementSync, params: ReadonlyArray<unknown>, arrays: boolean) =>
    Effect.withFiber<ReadonlyArray<Row>, SqlError>((fiber) =>
      attempt("execute a statement", () => {
        statement.setReadBigInts(fiber.getRef(Client.SafeIntegers))
        statement.setReturnArrays(arrays)
        // what SQLite cannot bind it refuses itself
        return statement.all(...params as Params) as ReadonlyArray<Row>
      })
    )
  const execute = (sql: string, params: ReadonlyArray<unknown>, arrays = false) =>
    Effect.flatMap(Cache.get(prepared, sql), (statement) => run(statement, params, arrays))
  const executeUnprepared = (sql: string, params: ReadonlyArray<unknown>, arrays = false) =>
    Effect.flatMap(prepare(sql), (statement) => run(statement, params, arrays))
  // rows that were asked for as arrays are arrays
  const values = (rows: Effect.Effect<ReadonlyArray<Row>, SqlError>) =>
    rows as unknown as Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, SqlError>

  return {
    db,
    execute: (sql, params, transform) =>
      transform === undefined ? execute(sql, params) : Effect.map(execute(sql, params), transform),
    executeUnprepared: (sql, params, transform) =>
      transform === undefined ? executeUnprepared(sql, params) : Effect.map(executeUnprepared(sql, params), transform),
    executeRaw: (sql, params) =>
      Effect.flatMap(
        Cache.get(prepared, sql),
        (statement) => attempt("execute a statement", () => statement.run(...params as Params))
      ),
    executeValues: (sql, params) => values(execute(sql, params, true)),
    executeValuesUnprepared: (sql, params) => values(executeUnprepared(sql, params, true)),
    executeStream: (sql, params, transform) => {
      const rows = Stream.unwrap(
        Effect.map(
          prepare(sql),
          (statement) =>
            Stream.suspend(() =>
              Stream.fromIterable(statement.iterate(...params as Params) as Iterable<Row>, { chunkSize: 128 })
            )
        )
      )
      return transform === undefined ? rows : Stream.mapArray(rows, (chunk) =>
        // a transformation of rows gives as many rows as it takes
        transform(chunk) as typeof chunk)
    }
  }
})

/**
 * Opens a database: write-ahead log, every transaction a writer's from its beginning, so that it waits for other writers
 * instead of failing in the middle.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Client.SqlClient, SqlError, Scope.Scope | Reactivity.Reactivity> {
  const connection = yield* makeConnection(options)
  const semaphore = yield* Semaphore.make(1)
  return yield* Client.make({
    ...Client.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore,
      isTransaction: (conn) => conn.db.isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    prepareTransactionControls: true,
    beginTransaction: options.readonly === true ? "BEGIN" : "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})

/**
 * Opens a database for as long as the layer lives.
 *
 * **Gotchas**
 *
 * There is one connection: a query that is made while a stream of another query is open waits for that stream, unless
 * both are in one transaction. A write-ahead log needs a local disk: processes on several machines cannot share the file.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Client.SqlClient, SqlError> =>
  Layer.provide(Layer.effect(Client.SqlClient, make(options)), Reactivity.layer)
