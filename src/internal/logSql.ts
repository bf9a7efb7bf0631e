/**
 * The event log in a database: SQLite or PostgreSQL, over any `SqlClient`.
 *
 * Whoever writes first takes the row of the newest cursor and keeps it until its transaction ends. So writers, of any
 * process, follow each other, cursors have no gaps, and a reader that sees a cursor sees all before it.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as EventLog from "../EventLog.ts"
import * as Partitions from "../Partitions.ts"
import * as automation from "./automationStoreSql.ts"
import { type EventCodec, fromColumn, toColumn } from "./logCodec.ts"
import { explained, LogProblem } from "./logErrors.ts"
import { migrate } from "./logSchema.ts"
import {
  concerns,
  extentOf,
  history,
  newestPerSlot,
  type NotComputed,
  outcomeState,
  paged,
  partitionSlot,
  replacedBy,
  runMatches,
  slotOf,
  type Subject,
  versionState,
  wholeAsset
} from "./logState.ts"
import * as statements from "./sqlStatements.ts"
import { type Table, type Value, type Values, whileLocked } from "./sqlStatements.ts"

/** What the module of the log gives to its own implementation. */
export interface Environment {
  readonly codec: EventCodec
  readonly fail: (operation: "open" | "append" | "read" | "remove", cause: unknown) => EventLog.EventLogError
  readonly failAutomation: automation.Environment["fail"]
  /** How often the log is asked for what other processes have written. */
  readonly pollInterval: Effect.Effect<Duration.Input>
}

/** What is kept in one database. */
export interface Stored {
  readonly log: EventLog.Service
  readonly dynamicKeys: Partitions.DynamicKeysService
  readonly automation: AutomationStore.Service
}

/** An event on its way into the database. */
interface Entry {
  readonly event: EventLog.Event
  readonly data: string
}

/** One call of `append`. */
interface Pending {
  readonly entries: ReadonlyArray<Entry>
  readonly done: Deferred.Deferred<void, EventLog.EventLogError>
  /** Nobody waits for it any more. */
  abandoned: boolean
}

/** How many events one read takes. */
const pageSize = 500
/** At most so many calls of `append` share a transaction. */
const groupSize = 1000
/** So many events are pruned in one transaction. */
const pruneSize = 5000

// ---------------------------------------------------------------------------------------------------------------------
// tables
// ---------------------------------------------------------------------------------------------------------------------

/** A table of states: what a row is about is told by `asset`, `slot` and `kind`. */
interface StateTable extends Table {
  readonly kind?: string
}

const eventsTable: Table = {
  name: "effect_assets_events",
  columns: ["cursor", "run_id", "backfill_id", "asset", "slot", "tag", "at", "data"]
}
const state = ["asset", "slot", "window_start", "window_end", "cursor"]
/** What a state of versions tells. */
const versionDetails = [
  "observed",
  "stored",
  "run_id",
  "at",
  "data_version",
  "code_version",
  "input_versions",
  "detail"
]
const versionsTable: StateTable = {
  name: "effect_assets_versions",
  columns: [...state, ...versionDetails],
  kind: "observed"
}
const outcomesTable: StateTable = {
  name: "effect_assets_outcomes",
  columns: [...state, "run_id", "at", "tag", "detail"]
}
const checksTable: StateTable = {
  name: "effect_assets_checks",
  columns: [...state, "check_name"],
  kind: "check_name"
}
const stateTables = [versionsTable, outcomesTable, checksTable]
const runsTable: Table = {
  name: "effect_assets_runs",
  columns: [
    "id",
    "cursor",
    "status",
    "cancel_requested",
    "started_at",
    "retry_of",
    "backfill_id",
    "keys",
    "partitions",
    "tags",
    "config",
    "config_hidden"
  ]
}

/** The slot of an event about several partitions: which ones, its data tell. */
const someOf = "~"

const orNull = (text: string | undefined): string | null => text === undefined ? null : toColumn(text)
const orUndefined = (column: string | null): string | undefined => column === null ? undefined : fromColumn(column)

const eventRow = ({ data, event }: Entry, cursor: number): Values => {
  const slot = "key" in event ? slotOf(event) : ""
  return [
    cursor,
    "runId" in event ? orNull(event.runId) : null,
    "backfillId" in event ? orNull(event.backfillId) : null,
    "key" in event ? toColumn(event.key) : null,
    slot === "" ? null : slot.startsWith("~") ? someOf : toColumn(slot),
    event._tag,
    event.timestamp,
    data
  ]
}

const stateColumns = (event: Subject & { readonly key: string }, cursor: number): Values => {
  const extent = extentOf(event)
  return [toColumn(event.key), toColumn(slotOf(event)), extent?.[0] ?? null, extent?.[1] ?? null, cursor]
}

/** What a state tells that most have not. */
const detailOf = (detail: { readonly [name: string]: unknown }): string | null => {
  for (const name in detail) if (detail[name] !== undefined) return JSON.stringify(detail)
  return null
}

const versionRow = (event: EventLog.AssetMaterialized | EventLog.AssetObserved, cursor: number): Values => {
  const state = versionState(event, cursor)
  return [
    ...stateColumns(event, cursor),
    state.observed ? 1 : 0,
    state.stored ? 1 : 0,
    orNull(state.runId),
    state.timestamp,
    toColumn(state.dataVersion),
    orNull(state.codeVersion),
    JSON.stringify(state.inputVersions),
    detailOf({
      partition: state.partition,
      partitions: state.partitions,
      configVersion: state.configVersion,
      inputPartitions: state.inputPartitions,
      byPartition: state.byPartition
    })
  ]
}

/** The columns of a state of versions, in the order in which it is read. */
const versionColumns = ["asset", "cursor", ...versionDetails]

type VersionRow = readonly [
  asset: string,
  cursor: number | bigint,
  observed: number,
  stored: number,
  runId: string | null,
  at: number,
  dataVersion: string,
  codeVersion: string | null,
  inputVersions: string,
  detail: string | null
]

const versionsOf = (rows: ReadonlyArray<VersionRow>): ReadonlyArray<EventLog.VersionState> => {
  // one parse for all rows takes a third of the time of one for each
  const inputVersions = JSON.parse(`[${rows.map((row) => row[8]).join(",")}]`)
  const details = JSON.parse(`[${rows.map((row) => row[9] ?? "null").join(",")}]`)
  return rows.map(([asset, cursor, observed, stored, runId, at, dataVersion, codeVersion], index) => {
    const detail = details[index]
    return {
      key: fromColumn(asset),
      partition: detail?.partition,
      partitions: detail?.partitions,
      cursor: Number(cursor),
      runId: orUndefined(runId),
      timestamp: at,
      observed: observed === 1,
      stored: stored === 1,
      dataVersion: fromColumn(dataVersion),
      codeVersion: orUndefined(codeVersion),
      configVersion: detail?.configVersion,
      inputVersions: inputVersions[index],
      inputPartitions: detail?.inputPartitions,
      byPartition: detail?.byPartition
    }
  })
}

const outcomeRow = (event: NotComputed, cursor: number): Values => {
  const { partition, partitions, runId, tag, timestamp } = outcomeState(event, cursor)
  return [...stateColumns(event, cursor), toColumn(runId), timestamp, tag, detailOf({ partition, partitions })]
}

interface OutcomeRow {
  readonly asset: string
  readonly cursor: number | bigint
  readonly run_id: string
  readonly at: number
  readonly tag: EventLog.OutcomeState["tag"]
  readonly detail: string | null
}

const outcomeOf = (row: OutcomeRow): EventLog.OutcomeState => {
  const detail = row.detail === null ? undefined : JSON.parse(row.detail)
  return {
    key: fromColumn(row.asset),
    partition: detail?.partition,
    partitions: detail?.partitions,
    cursor: Number(row.cursor),
    runId: fromColumn(row.run_id),
    timestamp: row.at,
    tag: row.tag
  }
}

const runRow = (event: Extract<RunEvent, { readonly _tag: "RunStarted" }>, cursor: number): Values => [
  toColumn(event.runId),
  cursor,
  "Running",
  0,
  event.timestamp,
  orNull(event.retryOf),
  orNull(event.backfillId),
  JSON.stringify(event.keys),
  event.partitions === undefined ? null : JSON.stringify(event.partitions),
  JSON.stringify(event.tags),
  event.config === undefined ? null : JSON.stringify(event.config),
  event.configHidden === undefined ? null : JSON.stringify(event.configHidden)
]

interface RunRow {
  readonly id: string
  readonly cursor: number | bigint
  readonly status: EventLog.RunRecord["status"]
  readonly cancel_requested: number
  readonly started_at: number
  readonly finished_at: number | null
  readonly duration_millis: number | null
  readonly retry_of: string | null
  readonly backfill_id: string | null
  readonly keys: string
  readonly partitions: string | null
  readonly tags: string
  readonly config: string | null
  readonly config_hidden: string | null
}

const runOf = (row: RunRow): EventLog.RunRecord => ({
  id: fromColumn(row.id),
  status: row.status,
  cancelRequested: row.cancel_requested === 1,
  startedAt: row.started_at,
  finishedAt: row.finished_at ?? undefined,
  durationMillis: row.duration_millis ?? undefined,
  keys: JSON.parse(row.keys),
  partitions: row.partitions === null ? undefined : JSON.parse(row.partitions),
  tags: JSON.parse(row.tags),
  retryOf: orUndefined(row.retry_of),
  backfillId: orUndefined(row.backfill_id),
  config: row.config === null ? undefined : JSON.parse(row.config),
  configHidden: row.config_hidden === null ? undefined : JSON.parse(row.config_hidden),
  cursor: Number(row.cursor)
})

interface EventRow {
  readonly cursor: number | bigint
  readonly tag: string
  readonly data: string
}

// ---------------------------------------------------------------------------------------------------------------------
// writing
// ---------------------------------------------------------------------------------------------------------------------

/** Everything that a transaction writes. */
interface Batch {
  readonly events: Array<Values>
  /** The newest state of each slot; the key of the map is the row's own. */
  readonly states: ReadonlyMap<StateTable, Map<string, Values>>
  readonly replacements: Array<Replacement>
  readonly runs: Array<{ readonly event: RunEvent; readonly cursor: number }>
}

/** States that a range makes obsolete, where they are older than it. */
interface Replacement {
  readonly table: StateTable
  readonly kind: Value
  readonly asset: string
  readonly cursor: number
  readonly by: ReturnType<typeof replacedBy>
}

type RunEvent = Extract<EventLog.Event, { readonly _tag: "RunStarted" | "RunCancelRequested" | "RunFinished" }>

const batchOf = (entries: ReadonlyArray<Entry>, before: number): Batch => {
  const states = new Map(stateTables.map((table) => [table, new Map<string, Values>()]))
  const batch: Batch = { events: [], states, replacements: [], runs: [] }
  let cursor = before
  const put = (table: StateTable, kind: Value, event: Subject & { readonly key: string }, row: Values): void => {
    // a newer state comes later, also in the database
    const rows = states.get(table)!
    // no column holds a NUL
    const id = `${row[0]}\0${kind}\0${row[1]}`
    rows.delete(id)
    rows.set(id, row)
    const by = replacedBy(event)
    if (by.slots.length + by.intervals.length > 0) {
      batch.replacements.push({ table, kind, asset: toColumn(event.key), cursor, by })
    }
  }
  for (const entry of entries) {
    const { event } = entry
    cursor++
    batch.events.push(eventRow(entry, cursor))
    switch (event._tag) {
      case "AssetMaterialized":
      case "AssetObserved":
        put(versionsTable, event._tag === "AssetObserved" ? 1 : 0, event, versionRow(event, cursor))
        break
      case "AssetSkipped":
      case "AssetFailed":
      case "AssetUpstreamFailed":
      case "AssetCancelled":
        put(outcomesTable, null, event, outcomeRow(event, cursor))
        break
      case "CheckEvaluated": {
        const check = toColumn(event.check)
        put(checksTable, check, event, [...stateColumns(event, cursor), check])
        break
      }
      case "RunStarted":
      case "RunCancelRequested":
      case "RunFinished":
        batch.runs.push({ event, cursor })
        break
    }
  }
  return batch
}

// ---------------------------------------------------------------------------------------------------------------------
// the log
// ---------------------------------------------------------------------------------------------------------------------

/** Where the connection broke, nobody knows whether the transaction was committed: what is tried again may come twice. */
const isUncertain = (exit: Exit.Exit<unknown, SqlError>): boolean =>
  Option.match(Exit.findErrorOption(exit), {
    onNone: () => true,
    onSome: (error) => error.reason._tag === "ConnectionError"
  })

/**
 * Opens the log of a database, and the keys of dynamic partitions and the state of automation beside it.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  { codec, fail, failAutomation, pollInterval }: Environment
): Effect.fn.Return<Stored, EventLog.EventLogError, SqlClient.SqlClient | Scope.Scope> {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  yield* Effect.mapError(whileLocked(migrate(sql)), (cause) => fail("open", explained(cause)))

  const { among, execute, insert, is, isParams, list, numbered, pg, transaction } = statements.make(sql)

  const read = <A, E>(effect: Effect.Effect<A, E | SqlError>): Effect.Effect<A, EventLog.EventLogError> =>
    Effect.mapError(whileLocked(effect), (cause) => fail("read", explained(cause)))

  /** Takes the place of the newest event for as long as the transaction lasts, and moves it. */
  const take = (count: number): Effect.Effect<number, SqlError> =>
    Effect.map(
      execute<{ readonly cursor: number | bigint }>(
        "UPDATE effect_assets_head SET cursor = cursor + ? WHERE id = 1 RETURNING cursor",
        [count]
      ),
      ([head]) => Number(head!.cursor)
    )

  // ---- writing

  const putStates = Effect.fnUntraced(function*(table: StateTable, states: ReadonlyMap<string, Values>) {
    if (states.size === 0) return
    const rows = [...states.values()]
    if (!pg) return yield* insert(table, rows, true)
    const kind = table.kind === undefined ? -1 : table.columns.indexOf(table.kind)
    yield* execute(
      `DELETE FROM ${table.name} AS old
        USING json_to_recordset(CAST(CAST(? AS TEXT) AS JSON)) AS new(asset TEXT, slot TEXT, kind TEXT)
        WHERE left(old.asset, 200) = left(new.asset, 200) AND left(old.slot, 200) = left(new.slot, 200)
          AND old.asset = new.asset AND old.slot = new.slot${
        table.kind === undefined ? "" : ` AND CAST(old.${table.kind} AS TEXT) = new.kind`
      }`,
      [JSON.stringify(rows.map((row) => ({ asset: row[0], slot: row[1], kind: kind < 0 ? "" : String(row[kind]) })))]
    )
    yield* insert(table, rows)
  })

  const removeReplaced = Effect.fnUntraced(function*({ asset, by, cursor, kind, table }: Replacement) {
    const older = `DELETE FROM ${table.name} WHERE ${is("asset")} AND cursor < ?${
      table.kind === undefined ? "" : ` AND ${table.kind} = ?`
    }`
    const params = [...isParams(asset), cursor, ...table.kind === undefined ? [] : [kind]]
    if (by.slots.length > 0) yield* execute(`${older} AND ${among("slot")}`, [...params, list(by.slots)])
    for (const [start, end] of by.intervals) {
      yield* execute(`${older} AND window_start >= ? AND window_end <= ?`, [...params, start, end])
    }
  })

  /** A run begins once, and its end, once recorded, is not changed. */
  const putRuns = Effect.fnUntraced(function*(events: Batch["runs"]) {
    const begun = new Map<string, Values>()
    for (const { cursor, event } of events) {
      const id = toColumn(event.runId)
      if (event._tag === "RunStarted" && !begun.has(id)) begun.set(id, runRow(event, cursor))
    }
    if (begun.size > 0) {
      const there = yield* execute<{ readonly id: string }>(`SELECT id FROM ${runsTable.name} WHERE ${among("id")}`, [
        JSON.stringify([...begun.keys()])
      ])
      for (const { id } of there) begun.delete(id)
      yield* insert(runsTable, [...begun.values()])
    }
    for (const { cursor, event } of events) {
      const run = [...isParams(toColumn(event.runId)), cursor]
      if (event._tag === "RunCancelRequested") {
        yield* execute(`UPDATE ${runsTable.name} SET cancel_requested = 1 WHERE ${is("id")} AND cursor < ?`, run)
      }
      if (event._tag === "RunFinished") {
        yield* execute(
          `UPDATE ${runsTable.name} SET status = ?, finished_at = ?, duration_millis = ?
            WHERE ${is("id")} AND cursor < ? AND status = 'Running'`,
          [event.status, event.timestamp, event.durationMillis, ...run]
        )
      }
    }
  })

  /** Writes events in one transaction and gives the cursor of the last one. */
  const write = (entries: ReadonlyArray<Entry>): Effect.Effect<number, SqlError> =>
    transaction(Effect.gen(function*() {
      const head = yield* take(entries.length)
      const batch = batchOf(entries, head - entries.length)
      yield* insert(eventsTable, batch.events)
      for (const [table, states] of batch.states) yield* putStates(table, states)
      for (const replacement of batch.replacements) yield* removeReplaced(replacement)
      if (batch.runs.length > 0) yield* putRuns(batch.runs)
      return head
    }))

  // ---- the writer

  const readHead = read(Effect.map(
    sql.unsafe<{ readonly cursor: number | bigint }>("SELECT cursor FROM effect_assets_head WHERE id = 1"),
    ([head]) => Number(head!.cursor)
  ))
  const { after: grown, wake } = statements.makeGrowth(readHead, pollInterval)

  const settle = (pending: Pending, exit: Exit.Exit<number, SqlError>): void => {
    Deferred.doneUnsafe(
      pending.done,
      Exit.mapBoth(exit, { onSuccess: () => undefined, onFailure: (cause) => fail("append", explained(cause)) })
    )
  }

  /** Commits several appends at once. Where that fails, each on its own: one must not fail for another's events. */
  const commit = Effect.fnUntraced(function*(group: ReadonlyArray<Pending>) {
    const wanted = group.filter(({ abandoned }) => !abandoned)
    if (wanted.length === 0) return
    const exit = yield* Effect.exit(write(wanted.flatMap(({ entries }) => entries)))
    if (Exit.isSuccess(exit)) wake(exit.value)
    if (Exit.isSuccess(exit) || wanted.length === 1 || isUncertain(exit)) {
      for (const pending of wanted) settle(pending, exit)
      return
    }
    for (const pending of wanted) {
      const own = yield* Effect.exit(write(pending.entries))
      if (Exit.isSuccess(own)) wake(own.value)
      settle(pending, own)
    }
  })

  const queue = yield* Queue.unbounded<Pending>()
  let closed = false
  // runs after the writer has stopped: what was handed over by then is still written
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      closed = true
      return Effect.flatMap(Queue.clear(queue), (group) => Effect.ignore(commit(group)))
    })
  )
  yield* Queue.takeBetween(queue, 1, groupSize).pipe(
    Effect.flatMap((group) => Effect.uninterruptible(commit(group))),
    Effect.forever,
    Effect.forkScoped
  )

  const append = (events: ReadonlyArray<EventLog.Event>): Effect.Effect<void, EventLog.EventLogError> =>
    Effect.suspend(() => {
      if (events.length === 0) return Effect.void
      if (closed) return Effect.fail(fail("append", new Error("the log is closed: its layer has ended")))
      let entries: ReadonlyArray<Entry>
      try {
        entries = events.map((event) => ({ event, data: codec.encode(event) }))
      } catch (cause) {
        return Effect.fail(fail("append", cause))
      }
      const pending: Pending = { entries, done: Deferred.makeUnsafe(), abandoned: false }
      Queue.offerUnsafe(queue, pending)
      return Effect.onInterrupt(Deferred.await(pending.done), () =>
        Effect.sync(() => {
          pending.abandoned = true
        }))
    })

  // ---- reading events

  /** Reads the next page of events. `last` is where to go on, `undefined` where there is nothing more. */
  const page = Effect.fnUntraced(function*(
    filter: EventLog.EventFilter,
    { after, before, limit }: { readonly after: number; readonly before: number; readonly limit: number }
  ) {
    const { backfillId, keys, partition, runId, tags } = filter
    const conditions: Array<string> = ["cursor > ?"]
    const params: Array<Value> = [after]
    const where = (condition: string, values: ReadonlyArray<Value>): void => {
      conditions.push(condition)
      params.push(...values)
    }
    if (before !== Infinity) where("cursor < ?", [before])
    if (runId !== undefined) where(is("run_id"), isParams(toColumn(runId)))
    if (backfillId !== undefined) where(is("backfill_id"), isParams(toColumn(backfillId)))
    if (keys?.length === 1) where(is("asset"), isParams(toColumn(keys[0]!)))
    else if (keys !== undefined) where(among("asset"), [list(keys)])
    if (tags !== undefined) where(`tag IN (${tags.length === 0 ? "NULL" : tags.map(() => "?").join(", ")})`, tags)
    if (partition !== undefined) where("slot IN (?, ?)", [toColumn(partitionSlot(partition)), someOf])
    // a range may turn out not to hold the partition
    const size = partition === undefined ? Math.min(pageSize, limit) : pageSize
    const rows = yield* sql.unsafe<EventRow>(
      numbered(
        `SELECT cursor, tag, data FROM effect_assets_events WHERE ${conditions.join(" AND ")}
          ORDER BY cursor ${filter.order === "descending" ? "DESC" : "ASC"} LIMIT ${size}`
      ),
      params
    )
    const events = yield* parsed(() => eventsOf(rows))
    return {
      events: (partition === undefined ? events : events.filter((event) => concerns(event, partition))).slice(0, limit),
      last: rows.length < size ? undefined : Number(rows.at(-1)!.cursor)
    }
  }, read)

  /** Throws for what is no event. */
  const eventsOf = (rows: ReadonlyArray<EventRow>): Array<EventLog.LoggedEvent> => {
    const events: Array<EventLog.LoggedEvent> = []
    for (const { cursor, data, tag } of rows) {
      // newly read, and so nobody else's
      const event = codec.decode(tag, data) as { cursor?: number } | undefined
      if (event === undefined) continue
      event.cursor = Number(cursor)
      events.push(event as EventLog.LoggedEvent)
    }
    return events
  }

  const parsed = <A>(parse: () => A): Effect.Effect<A, LogProblem> =>
    Effect.try({
      try: parse,
      catch: (cause) => new LogProblem({ message: `what is recorded is damaged: ${String(cause)}`, cause })
    })

  const events = (wanted: EventLog.EventFilter): Stream.Stream<EventLog.LoggedEvent, EventLog.EventLogError> => {
    const filter = paged(wanted)
    const { after = 0, before = Infinity, limit = Infinity } = filter
    return Stream.paginate(
      { after, before, limit },
      (place) =>
        place.limit <= 0 ? Effect.succeed([[], Option.none()] as const) : Effect.map(
          page(filter, place),
          ({ events, last }) => {
            if (last === undefined) return [events, Option.none()] as const
            const limit = place.limit - events.length
            return [
              events,
              Option.some(
                filter.order === "descending" ? { ...place, before: last, limit } : { ...place, after: last, limit }
              )
            ] as const
          }
        )
    )
  }

  const tail = (wanted: EventLog.EventFilter): Stream.Stream<EventLog.LoggedEvent, EventLog.EventLogError> => {
    const filter = paged(wanted)
    const { before = Infinity, limit = Infinity } = filter
    const ascending = { ...filter, order: "ascending" } as const
    return Stream.unwrap(Effect.map(
      filter.after === undefined ? readHead : Effect.succeed(filter.after),
      (start) =>
        Stream.paginate(
          { after: start, left: limit },
          Effect.fnUntraced(function*({ after, left }) {
            if (left <= 0 || after + 1 >= before) return [[], Option.none()] as const
            const head = yield* grown(after)
            const { events, last } = yield* page(ascending, {
              after,
              before: Math.min(before, head + 1),
              limit: left
            })
            return [events, Option.some({ after: last ?? head, left: left - events.length })] as const
          })
        )
    ))
  }

  // ---- reading states

  const keyed = <Row extends object>(select: string, keys: Iterable<string> | undefined, column = "asset") =>
    keys === undefined
      ? sql.unsafe<Row>(select)
      : sql.unsafe<Row>(numbered(`${select} WHERE ${among(column)}`), [list(keys)])

  /** Reads states by key, the newest first. */
  const states = <Row, A extends { readonly key: string; readonly cursor: number }>(
    rows: Effect.Effect<ReadonlyArray<Row>, SqlError>,
    statesOf: (rows: ReadonlyArray<Row>) => ReadonlyArray<A>
  ): Effect.Effect<Map<string, Array<A>>, EventLog.EventLogError> =>
    read(Effect.flatMap(rows, (rows) =>
      parsed(() => {
        const found = new Map<string, Array<A>>()
        for (const state of statesOf(rows)) {
          const others = found.get(state.key)
          if (others === undefined) found.set(state.key, [state])
          else others.push(state)
        }
        for (const states of found.values()) if (states.length > 1) states.sort((a, b) => b.cursor - a.cursor)
        return found
      })))

  const versions: EventLog.Service["versions"] = (keys, options) =>
    Effect.map(
      states(
        Effect.suspend(() => {
          const select = `SELECT ${versionColumns.join(", ")} FROM ${versionsTable.name}`
          const { partitions } = options ?? {}
          const statement = keys === undefined || partitions === undefined
            ? keyed(select, keys)
            // whole assets and ranges have to be looked at, whatever is in them
            : sql.unsafe(
              numbered(`${select} WHERE ${among("asset")} AND (${among("slot")} OR slot LIKE '~%')`),
              [list(keys), list([wholeAsset, ...Array.from(partitions, partitionSlot)])]
            )
          // rows have the columns that are selected, in that order
          return statement.values as unknown as Effect.Effect<ReadonlyArray<VersionRow>, SqlError>
        }),
        versionsOf
      ),
      (found): ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>> => {
        const newest: Map<string, ReadonlyArray<EventLog.VersionState>> = found
        for (const [key, states] of found) if (states.length > 1) newest.set(key, newestPerSlot(states))
        return newest
      }
    )

  const outcomes = (keys?: Iterable<string>) =>
    states(
      Effect.suspend(() =>
        keyed<OutcomeRow>(`SELECT asset, cursor, run_id, at, tag, detail FROM ${outcomesTable.name}`, keys)
      ),
      (rows) => rows.map(outcomeOf)
    )

  const checks = (keys?: Iterable<string>) =>
    states(
      Effect.suspend(() =>
        keyed<EventRow>(
          `SELECT events.cursor, events.tag, events.data FROM ${checksTable.name} AS checks
            JOIN ${eventsTable.name} AS events ON events.cursor = checks.cursor`,
          keys,
          "checks.asset"
        )
      ),
      // the table tells of no other events
      (rows) => eventsOf(rows) as Array<EventLog.Logged<EventLog.CheckEvaluated>>
    )

  const latest = (keys: Iterable<string>) =>
    read(Effect.map(
      Effect.flatMap(
        Effect.suspend(() =>
          sql.unsafe<EventRow>(
            numbered(
              `SELECT cursor, tag, data FROM effect_assets_events WHERE cursor IN (
                SELECT MAX(cursor) FROM effect_assets_versions WHERE observed = 0 AND ${among("asset")} GROUP BY asset
              )`
            ),
            [list(keys)]
          )
        ),
        (rows) => parsed(() => eventsOf(rows))
      ),
      (events): ReadonlyMap<string, EventLog.Logged<EventLog.AssetMaterialized>> => {
        const found = new Map<string, EventLog.Logged<EventLog.AssetMaterialized>>()
        for (const event of events) if (event._tag === "AssetMaterialized") found.set(event.key, event)
        return found
      }
    ))

  const runs = Effect.fnUntraced(function*(wanted: EventLog.RunFilter) {
    const filter = paged(wanted)
    const { backfillId, before, ids, key, retryOf, statuses, tags = {} } = filter
    const conditions: Array<string> = []
    const params: Array<Value> = []
    const where = (condition: string, values: ReadonlyArray<Value>): void => {
      conditions.push(condition)
      params.push(...values)
    }
    if (ids !== undefined) where(among("id"), [list(ids)])
    if (statuses !== undefined) {
      where(statuses.length === 0 ? "1 = 0" : `status IN (${statuses.map(() => "?")})`, statuses)
    }
    if (backfillId !== undefined) where("backfill_id = ?", [toColumn(backfillId)])
    if (retryOf !== undefined) where("retry_of = ?", [toColumn(retryOf)])
    // what does not hold these texts cannot hold the key and the tags; of the others, the runs themselves tell
    const text = pg ? "strpos" : "instr"
    if (key !== undefined) where(`${text}(keys, ?) > 0`, [JSON.stringify(key)])
    for (const [name, value] of Object.entries(tags)) {
      where(`${text}(tags, ?) > 0`, [`${JSON.stringify(name)}:${JSON.stringify(value)}`])
    }
    const matches = runMatches(filter)
    const found: Array<EventLog.RunRecord> = []
    const { limit = Infinity } = filter
    let last: number | undefined = before ?? Number.MAX_SAFE_INTEGER
    while (last !== undefined && found.length < limit) {
      const size = Math.min(pageSize, limit - found.length)
      const rows: ReadonlyArray<RunRow> = yield* sql.unsafe<RunRow>(
        numbered(
          `SELECT * FROM ${runsTable.name} WHERE ${[...conditions, "cursor < ?"].join(" AND ")}
            ORDER BY cursor DESC LIMIT ${size}`
        ),
        [...params, last]
      )
      found.push(...rows.map(runOf).filter(matches))
      last = rows.length < size ? undefined : Number(rows.at(-1)!.cursor)
    }
    return found
  }, read)

  // ---- removing

  const remove = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, EventLog.EventLogError> =>
    Effect.mapError(transaction(Effect.andThen(take(0), effect)), (cause) => fail("remove", explained(cause)))

  const kept = [...history].map((tag) => `'${tag}'`).join(", ")

  const deleteRuns = (ids: Iterable<string>) =>
    Effect.suspend(() => {
      const gone = [list(ids)]
      return remove(Effect.gen(function*() {
        yield* execute(`DELETE FROM ${eventsTable.name} WHERE ${among("run_id")} AND tag NOT IN (${kept})`, gone)
        yield* execute(`DELETE FROM ${outcomesTable.name} WHERE ${among("run_id")}`, gone)
        yield* execute(`DELETE FROM ${runsTable.name} WHERE ${among("id")}`, gone)
      }))
    })

  const wipe = (keys: Iterable<string>) =>
    Effect.suspend(() => {
      const gone = [list(keys)]
      return remove(Effect.forEach(
        [eventsTable, ...stateTables],
        ({ name }) => execute(`DELETE FROM ${name} WHERE ${among("asset")}`, gone),
        { discard: true }
      ))
    })

  const prune = Effect.fnUntraced(function*(retention: EventLog.Retention) {
    const now = yield* Clock.currentTimeMillis
    let count = 0
    for (const [tag, keep] of Object.entries(retention)) {
      const oldest = keep === undefined ? -Infinity : now - Duration.toMillis(keep)
      let after = oldest === -Infinity ? undefined : 0
      while (after !== undefined) {
        // small transactions, so that writers get in between
        const gone = yield* remove(pruneSome(tag, oldest, after))
        count += gone.length
        after = gone.length < pruneSize ? undefined : Math.max(...gone.map(({ cursor }) => Number(cursor)))
      }
    }
    return count
  })

  const notRunning = `AND run_id NOT IN (SELECT id FROM ${runsTable.name} WHERE status = 'Running')`

  const pruneSome = (tag: string, oldest: number, after: number) =>
    Effect.gen(function*() {
      const gone = yield* execute<{ readonly cursor: number | bigint }>(
        `DELETE FROM ${eventsTable.name} WHERE cursor IN (
          SELECT cursor FROM ${eventsTable.name} WHERE tag = ? AND at < ? AND cursor > ?
            AND cursor NOT IN (${stateTables.map(({ name }) => `SELECT cursor FROM ${name}`).join(" UNION ALL ")})
            ${tag === "RunStarted" ? notRunning : ""}
            ORDER BY cursor LIMIT ${pruneSize}
        ) RETURNING cursor`,
        [tag, oldest, after]
      )
      // who is asked for runs no longer tells of those whose beginning is forgotten
      if (tag === "RunStarted" && gone.length > 0) {
        yield* execute(
          `DELETE FROM ${runsTable.name} WHERE cursor NOT IN (SELECT cursor FROM ${eventsTable.name} WHERE tag = ?)`,
          [tag]
        )
      }
      return gone
    })

  // ---- keys of dynamic partitions

  const dynamicKeys = <A>(name: string, effect: Effect.Effect<A, SqlError>) =>
    Effect.mapError(effect, (cause) => new Partitions.DynamicKeysError({ name, cause: explained(cause) }))

  const addKeys = (name: string, keys: Iterable<string>) =>
    Effect.flatMap(Effect.suspend(() => Effect.fromResult(Partitions.validateDynamicKeys(name, keys))), (valid) => {
      const wanted = new Set(valid)
      return dynamicKeys(
        name,
        transaction(Effect.gen(function*() {
          yield* take(0)
          const set = toColumn(name)
          const there = yield* execute<{ readonly key: string }>(
            `SELECT key FROM effect_assets_dynamic_keys WHERE ${is("name")} AND ${among("key")}`,
            [...isParams(set), list(wanted)]
          )
          for (const { key } of there) wanted.delete(fromColumn(key))
          const [last] = yield* execute<{ readonly seq: number | bigint | null }>(
            `SELECT MAX(seq) AS seq FROM effect_assets_dynamic_keys WHERE ${is("name")}`,
            isParams(set)
          )
          const first = Number(last?.seq ?? 0) + 1
          yield* insert(
            { name: "effect_assets_dynamic_keys", columns: ["name", "key", "seq"] },
            Array.from(wanted, (key, index) => [set, toColumn(key), first + index])
          )
        }))
      )
    })

  return {
    log: {
      append,
      events,
      tail,
      latest,
      versions,
      outcomes,
      checks,
      runs,
      deleteRuns,
      wipe,
      prune
    },
    dynamicKeys: {
      keys: (name) =>
        dynamicKeys(
          name,
          whileLocked(Effect.map(
            sql.unsafe<{ readonly key: string }>(
              numbered(`SELECT key FROM effect_assets_dynamic_keys WHERE ${is("name")} ORDER BY seq`),
              isParams(toColumn(name))
            ),
            (rows) => rows.map(({ key }) => fromColumn(key))
          ))
        ),
      add: addKeys,
      remove: (name, keys) =>
        dynamicKeys(
          name,
          transaction(Effect.andThen(
            take(0),
            Effect.asVoid(execute(
              `DELETE FROM effect_assets_dynamic_keys WHERE ${is("name")} AND ${among("key")}`,
              [...isParams(toColumn(name)), list(keys)]
            ))
          ))
        )
    },
    automation: automation.make(sql, { fail: failAutomation, pollInterval })
  }
})
