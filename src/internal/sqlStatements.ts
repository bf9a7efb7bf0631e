/**
 * Statements for SQLite and PostgreSQL alike, over any `SqlClient`: parameters, indexed texts, transactions that wait for
 * other writers.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { toColumn } from "./logCodec.ts"

/** What a column holds. */
export type Value = string | number | null
export type Values = ReadonlyArray<Value>

/** Nothing of a transaction that ended so is recorded, and another attempt may succeed. */
const lost = new Set<string>(["LockTimeoutError", "SerializationError", "DeadlockError"])

/**
 * Waits about as long as `patience`, for other writers. A driver that waits itself makes the attempts fewer.
 *
 * @internal
 */
export const whileLocked = <A, E>(effect: Effect.Effect<A, E | SqlError>): Effect.Effect<A, E | SqlError> =>
  Effect.retry(effect, {
    while: (error) => isSqlError(error) && lost.has(error.reason._tag),
    schedule: Schedule.upTo(Schedule.jittered(Schedule.spaced("15 millis")), { duration: patience })
  })

const patience = "1 minute"

const isSqlError = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

/** At most so many rows are written by one statement: times its columns, that is within the limits of all databases. */
const rowsPerStatement = 128

/** A table, and its columns in the order in which rows give them. */
export interface Table {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

/** How statements are written and run. */
export interface Statements {
  readonly pg: boolean
  /** Runs a statement in the transaction that is open. What is untrusted stands among the parameters. */
  readonly execute: <Row>(text: string, params: Values) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** A statement as the database numbers its parameters. */
  readonly numbered: (text: string) => string
  readonly transaction: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>
  readonly insert: (table: Table, rows: ReadonlyArray<Values>, replace?: boolean) => Effect.Effect<void, SqlError>
  /** A condition on a text that is indexed; `?` stands for its value, once or twice: see `isParams`. */
  readonly is: (column: string) => string
  readonly isParams: (value: string) => ReadonlyArray<string>
  /** The condition that an indexed text has one of some values, which are one parameter: a list in JSON. */
  readonly among: (column: string) => string
  readonly list: (values: Iterable<string>) => string
}

/**
 * How statements are written and run with a client.
 *
 * @internal
 */
export const make = (sql: SqlClient.SqlClient): Statements => {
  const pg = sql.onDialectOrElse({ pg: () => true, orElse: () => false })

  const numbers = new Map<string, string>()
  const numbered = (text: string): string => {
    if (!pg) return text
    let known = numbers.get(text)
    if (known === undefined) {
      let n = 0
      numbers.set(text, known = text.replaceAll("?", () => `$${++n}`))
    }
    return known
  }

  const execute = <Row>(text: string, params: Values): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
    Effect.flatMap(
      // the service is there within `withTransaction`
      sql.transactionService as unknown as Effect.Effect<SqlClient.TransactionConnection.Service>,
      ([connection]) => connection.execute(numbered(text), params, undefined)
    ) as Effect.Effect<ReadonlyArray<Row>, SqlError>

  const insertions = new Map<string, string>()
  const insertion = (name: string, columns: ReadonlyArray<string>, rows: number, replace: boolean): string => {
    const id = `${name} ${rows}`
    let text = insertions.get(id)
    if (text === undefined) {
      const row = `(${columns.map(() => "?").join(", ")})`
      text = `INSERT ${replace ? "OR REPLACE " : ""}INTO ${name} (${columns.join(", ")}) VALUES ${
        Array(rows).fill(row).join(", ")
      }`
      insertions.set(id, text)
    }
    return text
  }

  const insert = Effect.fnUntraced(function*({ columns, name }: Table, rows: ReadonlyArray<Values>, replace = false) {
    for (let at = 0; at < rows.length;) {
      // few sizes, so that statements are prepared once
      const size = Math.min(rowsPerStatement, 2 ** Math.floor(Math.log2(rows.length - at)))
      const params: Array<Value> = []
      for (let index = at; index < at + size; index++) params.push(...rows[index]!)
      yield* execute(insertion(name, columns, size, replace), params)
      at += size
    }
  })

  return {
    pg,
    execute,
    numbered,
    transaction: (effect) => whileLocked(sql.withTransaction(effect)),
    insert,
    is: (column) => pg ? `left(${column}, 200) = left(?, 200) AND ${column} = ?` : `${column} = ?`,
    isParams: (value) => pg ? [value, value] : [value],
    among: (column) =>
      pg
        ? `(left(${column}, 200), ${column}) IN ` +
          "(SELECT left(value, 200), value FROM json_array_elements_text(CAST(CAST(? AS TEXT) AS JSON)) AS list(value))"
        : `${column} IN (SELECT value FROM json_each(?))`,
    list: (values) => JSON.stringify(Array.from(values, toColumn))
  }
}

/** Tells those in this process who wait for a number to grow, which others raise, too. */
export interface Growth<E> {
  /** What this process has written. */
  readonly wake: (newest: number) => void
  /** Waits until the number is greater than it was seen to be, and gives it. */
  readonly after: (seen: number) => Effect.Effect<number, E>
}

/**
 * Follows a number in a database: what this process writes is seen at once, what others write is asked for.
 *
 * @internal
 */
export const makeGrowth = <E>(
  read: Effect.Effect<number, E>,
  pollInterval: Effect.Effect<Duration.Input>
): Growth<E> => {
  let written = 0
  const waiting = new Set<() => void>()
  return {
    wake: (newest) => {
      written = Math.max(written, newest)
      const woken = [...waiting]
      waiting.clear()
      for (const resume of woken) resume()
    },
    after: Effect.fnUntraced(function*(seen: number) {
      const interval = yield* pollInterval
      const grown = Effect.callback<void>((resume) => {
        if (written > seen) return resume(Effect.void)
        const resumed = () => resume(Effect.void)
        waiting.add(resumed)
        return Effect.sync(() => waiting.delete(resumed))
      })
      while (true) {
        const newest = yield* read
        if (newest > seen) return newest
        yield* Effect.raceFirst(grown, Effect.sleep(interval))
      }
    })
  }
}
