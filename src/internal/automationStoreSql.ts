/**
 * The state of automation in a database: SQLite or PostgreSQL, over any `SqlClient`.
 *
 * Whoever writes first takes the row of the newest change and keeps it until its transaction ends. So writers, of any
 * process, follow each other, and what one has read is still so when it writes, also where a transaction sees what others
 * commit meanwhile.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import {
  beforeOf,
  changedState,
  decide,
  defaultLimit,
  finalStatuses,
  type Held,
  initialState,
  limitOf,
  newRun,
  prunedBy,
  runKeysOf,
  takeLease,
  takenId,
  ttlOf,
  validCommit,
  validRequests,
  waitingStatuses
} from "./automationStoreRules.ts"
import { newId } from "./ids.ts"
import { fromColumn, toColumn } from "./logCodec.ts"
import { explained, LogProblem } from "./logErrors.ts"
import {
  make as makeStatements,
  makeGrowth,
  type Table,
  type Value,
  type Values,
  whileLocked
} from "./sqlStatements.ts"

/** What the module of the log gives to this implementation. */
export interface Environment {
  readonly fail: (operation: "write" | "read", cause: unknown) => AutomationStore.AutomationStoreError
  /** How often the store is asked for what other processes have written. */
  readonly pollInterval: Effect.Effect<Duration.Input>
}

/** So many rows are removed in one transaction. */
const pruneSize = 5000

// ---------------------------------------------------------------------------------------------------------------------
// rows
// ---------------------------------------------------------------------------------------------------------------------

const ticksTable: Table = {
  name: "effect_assets_ticks",
  columns: ["seq", "id", "automation", "kind", "status", "started_at", "data"]
}
const queueTable: Table = {
  name: "effect_assets_queue",
  columns: [
    "seq",
    "id",
    "automation",
    "tick_id",
    "priority",
    "queued_at",
    "status",
    "not_before",
    "waiting_for",
    "owner",
    "taken_at",
    "attempts",
    "run_id",
    "error",
    "finished_at",
    "request"
  ]
}
const runKeysTable: Table = { name: "effect_assets_run_keys", columns: ["automation", "run_key", "queued_id"] }
const evaluationsTable: Table = {
  name: "effect_assets_evaluations",
  columns: ["seq", "automation", "asset", "tick_id", "evaluation", "at", "requested", "explanation"]
}
const statesTable: Table = {
  name: "effect_assets_automations",
  columns: ["name", "running", "running_since", "cursor", "revision", "last_scheduled_at", "last_tick"]
}
const leasesTable: Table = {
  name: "effect_assets_leases",
  columns: ["name", "owner", "epoch", "acquired_at", "expires_at"]
}
const conditionCursorsTable: Table = { name: "effect_assets_condition_cursors", columns: ["name", "data"] }

/** PostgreSQL gives whole numbers as texts. */
type Whole = number | bigint | string

const orNull = (text: string | undefined): string | null => text === undefined ? null : toColumn(text)
const orUndefined = (column: string | null): string | undefined => column === null ? undefined : fromColumn(column)
const jsonOrNull = (value: unknown): string | null => value === undefined ? null : JSON.stringify(value)

const tickRow = (tick: AutomationStore.Tick): Values => [
  tick.seq,
  toColumn(tick.id),
  toColumn(tick.automation),
  tick.kind,
  tick.status,
  tick.startedAt,
  JSON.stringify(tick)
]

interface TickRow {
  readonly data: string
}

/** What this module has written. */
const tickOf = ({ data }: TickRow): AutomationStore.Tick => JSON.parse(data)

const queueRow = (run: AutomationStore.QueuedRun): Values => [
  run.seq,
  toColumn(run.id),
  orNull(run.automation),
  orNull(run.tickId),
  run.priority,
  run.queuedAt,
  run.status,
  run.notBefore ?? null,
  orNull(run.waitingFor),
  orNull(run.owner),
  run.takenAt ?? null,
  run.attempts,
  orNull(run.runId),
  jsonOrNull(run.error),
  run.finishedAt ?? null,
  JSON.stringify(run.request)
]

interface QueueRow {
  readonly seq: Whole
  readonly id: string
  readonly automation: string | null
  readonly tick_id: string | null
  readonly priority: Whole
  readonly queued_at: number
  readonly status: AutomationStore.QueueStatus
  readonly not_before: number | null
  readonly waiting_for: string | null
  readonly owner: string | null
  readonly taken_at: number | null
  readonly attempts: number
  readonly run_id: string | null
  readonly error: string | null
  readonly finished_at: number | null
  readonly request: string
}

const runOf = (row: QueueRow): AutomationStore.QueuedRun => ({
  id: fromColumn(row.id),
  seq: Number(row.seq),
  request: JSON.parse(row.request),
  ...row.automation !== null && { automation: fromColumn(row.automation) },
  ...row.tick_id !== null && { tickId: fromColumn(row.tick_id) },
  priority: Number(row.priority),
  queuedAt: row.queued_at,
  status: row.status,
  ...row.not_before !== null && { notBefore: row.not_before },
  ...row.waiting_for !== null && { waitingFor: fromColumn(row.waiting_for) },
  ...row.owner !== null && { owner: fromColumn(row.owner) },
  ...row.taken_at !== null && { takenAt: row.taken_at },
  attempts: row.attempts,
  ...row.run_id !== null && { runId: fromColumn(row.run_id) },
  ...row.error !== null && { error: JSON.parse(row.error) },
  ...row.finished_at !== null && { finishedAt: row.finished_at }
})

const stateRow = (state: AutomationStore.AutomationState): Values => [
  toColumn(state.automation),
  state.running === undefined ? null : state.running ? 1 : 0,
  state.runningSince ?? null,
  orNull(state.cursor),
  state.revision,
  state.lastScheduledAt ?? null,
  jsonOrNull(state.lastTick)
]

interface StateRow {
  readonly name: string
  readonly running: number | null
  readonly running_since: number | null
  readonly cursor: string | null
  readonly revision: Whole
  readonly last_scheduled_at: number | null
  readonly last_tick: string | null
}

const stateOf = (row: StateRow): AutomationStore.AutomationState => ({
  automation: fromColumn(row.name),
  running: row.running === null ? undefined : row.running === 1,
  runningSince: row.running_since ?? undefined,
  cursor: orUndefined(row.cursor),
  revision: Number(row.revision),
  lastScheduledAt: row.last_scheduled_at ?? undefined,
  lastTick: row.last_tick === null ? undefined : JSON.parse(row.last_tick)
})

const evaluationRow = (evaluation: AutomationStore.Evaluation): Values => [
  evaluation.seq,
  toColumn(evaluation.automation),
  toColumn(evaluation.key),
  orNull(evaluation.tickId),
  evaluation.evaluation,
  evaluation.timestamp,
  evaluation.requested,
  JSON.stringify(evaluation.explanation)
]

interface EvaluationRow {
  readonly seq: Whole
  readonly automation: string
  readonly asset: string
  readonly tick_id: string | null
  readonly evaluation: Whole
  readonly at: number
  readonly requested: Whole
  readonly explanation: string
}

const evaluationOf = (row: EvaluationRow): AutomationStore.Evaluation => ({
  key: fromColumn(row.asset),
  evaluation: Number(row.evaluation),
  timestamp: row.at,
  requested: Number(row.requested),
  explanation: JSON.parse(row.explanation),
  seq: Number(row.seq),
  automation: fromColumn(row.automation),
  ...row.tick_id !== null && { tickId: fromColumn(row.tick_id) }
})

interface RunKeyRow {
  readonly run_key: string
  readonly queued_id: string
}

interface LeaseRow {
  readonly name: string
  readonly owner: string | null
  readonly epoch: Whole
  readonly acquired_at: number
  readonly expires_at: number
}

const heldOf = (row: LeaseRow): Held => ({
  owner: orUndefined(row.owner),
  epoch: Number(row.epoch),
  acquiredAt: row.acquired_at,
  expiresAt: row.expires_at
})

const statuses: ReadonlyArray<AutomationStore.TickStatus> = ["Requested", "Skipped", "Failed"]

// ---------------------------------------------------------------------------------------------------------------------
// the store
// ---------------------------------------------------------------------------------------------------------------------

/** Where a transaction begins. */
interface Moment {
  /** By the Clock of this process. */
  readonly now: number
  /** The number of the newest change, which is also the place of what was recorded last. */
  readonly version: number
  /** There is something new, up to a place. */
  readonly changed: (version?: number) => void
}

/**
 * Makes the store of a database whose tables are there.
 *
 * @internal
 */
export const make = (client: SqlClient.SqlClient, { fail, pollInterval }: Environment): AutomationStore.Service => {
  const sql = client.withoutTransforms()
  const { among, execute, insert, is, isParams, list, numbered, pg, transaction } = makeStatements(sql)

  // ---- transactions

  const read = <A>(effect: Effect.Effect<A, SqlError | LogProblem>) =>
    Effect.mapError(whileLocked(effect), (cause) => fail("read", explained(cause)))

  /** A statement of its own. */
  const query = <Row extends object>(text: string, params: Values = []) => sql.unsafe<Row>(numbered(text), params)

  const parsed = <A>(parse: () => A): Effect.Effect<A, LogProblem> =>
    Effect.try({
      try: parse,
      catch: (cause) => new LogProblem({ message: `what is recorded is damaged: ${String(cause)}`, cause })
    })

  const rowsOf = <Row, A>(rows: Effect.Effect<ReadonlyArray<Row>, SqlError>, of: (row: Row) => A) =>
    Effect.flatMap(rows, (rows) => parsed(() => rows.map(of)))

  const version = read(Effect.map(
    query<{ readonly version: Whole }>("SELECT version FROM effect_assets_automation_head WHERE id = 1"),
    ([head]) => Number(head!.version)
  ))
  const growth = makeGrowth(version, pollInterval)

  /**
   * Takes the lock of a writer. It writes, so that a transaction that does not see what another has committed meanwhile
   * fails, and is tried again.
   */
  const takeHead = "UPDATE effect_assets_automation_head SET version = version WHERE id = 1 RETURNING version"

  /** Writes in one transaction, which no other writer comes between. */
  const write = <A>(
    body: (moment: Moment) => Effect.Effect<A, SqlError | LogProblem>
  ): Effect.Effect<A, AutomationStore.AutomationStoreError> =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) =>
        transaction(Effect.gen(function*() {
          const [head] = yield* execute<{ readonly version: Whole }>(takeHead, [])
          const version = Number(head!.version)
          let newest = version
          const result = yield* body({
            now,
            version,
            changed: (to = version + 1) => {
              newest = Math.max(newest, to)
            }
          })
          if (newest > version) {
            yield* execute("UPDATE effect_assets_automation_head SET version = ? WHERE id = 1", [newest])
          }
          return { result, newest, changed: newest > version }
        }))
      ),
      Effect.map(({ changed, newest, result }) => {
        if (changed) growth.wake(newest)
        return result
      }),
      Effect.mapError((cause) => fail("write", explained(cause)))
    )

  /** What is asked for, if it can be. */
  const valid = <A>(evaluate: () => A): Effect.Effect<A, AutomationStore.AutomationStoreError> =>
    Effect.try({ try: evaluate, catch: (cause) => fail("write", cause) })

  /** Writes the row of a name. */
  const put = ({ columns, name }: Table, row: Values, there: boolean) => {
    const [id, ...others] = columns
    return there
      ? execute(
        `UPDATE ${name} SET ${others.map((column) => `${column} = ?`).join(", ")} WHERE ${is(id!)}`,
        // the name is a text
        [...row.slice(1), ...isParams(row[0] as string)]
      )
      : insert({ columns, name }, [row])
  }

  // ---- leases

  /** The time that leases go by, in a transaction or without one. */
  const leaseTime = (execute: typeof query, now: number): Effect.Effect<number, SqlError> =>
    pg
      ? Effect.map(
        execute<{ readonly now: number }>(
          "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS DOUBLE PRECISION) AS now",
          []
        ),
        ([row]) => Math.floor(row!.now)
      )
      : Effect.succeed(now)

  const heldLease = (name: string) =>
    Effect.map(
      execute<LeaseRow>(`SELECT * FROM ${leasesTable.name} WHERE ${is("name")}`, isParams(toColumn(name))),
      ([row]) => row && heldOf(row)
    )

  const leaseRow = (name: string, { acquiredAt, epoch, expiresAt, owner }: Held): Values => [
    toColumn(name),
    orNull(owner),
    epoch,
    acquiredAt,
    expiresAt
  ]

  const lease: AutomationStore.Service["lease"] = (name, owner, ttl) =>
    Effect.flatMap(valid(() => ttlOf(ttl)), (ttlMillis) =>
      write(Effect.fnUntraced(function*({ changed, now }) {
        const held = yield* heldLease(name)
        const taken = takeLease(held, owner, ttlMillis, yield* leaseTime(execute as typeof query, now))
        if (taken === undefined) return false
        yield* put(leasesTable, leaseRow(name, taken), held !== undefined)
        if (taken.epoch !== held?.epoch) changed()
        return true
      })))

  const release: AutomationStore.Service["release"] = (name, owner) =>
    write(Effect.fnUntraced(function*({ changed }) {
      const held = yield* heldLease(name)
      if (held?.owner !== owner) return
      yield* put(leasesTable, leaseRow(name, { ...held, owner: undefined }), true)
      changed()
    }))

  const leases = read(Effect.gen(function*() {
    const now = yield* leaseTime(query, yield* Clock.currentTimeMillis)
    const rows = yield* query<LeaseRow>(`SELECT * FROM ${leasesTable.name} WHERE owner IS NOT NULL`)
    return rows.map((row): AutomationStore.Lease => ({
      name: fromColumn(row.name),
      ...heldOf(row),
      owner: fromColumn(row.owner!),
      remainingMillis: row.expires_at - now
    })).sort((a, b) => a.name < b.name ? -1 : 1)
  }))

  // ---- states

  const select = `SELECT * FROM ${statesTable.name}`

  /** In the transaction that is open. */
  const knownState = (automation: string) =>
    Effect.map(
      rowsOf(execute<StateRow>(`${select} WHERE ${is("name")}`, isParams(toColumn(automation))), stateOf),
      ([known]) => ({ state: known ?? initialState(automation), there: known !== undefined })
    )

  const state: AutomationStore.Service["state"] = (automation) =>
    read(Effect.map(
      rowsOf(query<StateRow>(`${select} WHERE ${is("name")}`, isParams(toColumn(automation))), stateOf),
      ([known]) => known ?? initialState(automation)
    ))

  const states = read(Effect.map(
    rowsOf(query<StateRow>(select), stateOf),
    (states): ReadonlyMap<string, AutomationStore.AutomationState> =>
      new Map(
        states.map((state) => [state.automation, state] as const).sort(([a], [b]) => a < b ? -1 : 1)
      )
  ))

  const setState: AutomationStore.Service["setState"] = (automation, wanted) =>
    write(Effect.fnUntraced(function*({ changed, now }) {
      const { state, there } = yield* knownState(automation)
      const next = changedState(state, wanted, now)
      if (next === state) return state
      yield* put(statesTable, stateRow(next), there)
      changed()
      return next
    }))

  // ---- ticks

  const consumedOf = <E>(
    execute: (text: string, params: Values) => Effect.Effect<ReadonlyArray<RunKeyRow>, E>,
    automation: string,
    runKeys: Iterable<string>
  ) =>
    Effect.map(
      execute(
        `SELECT run_key, queued_id FROM ${runKeysTable.name} WHERE ${is("automation")} AND ${among("run_key")}`,
        [...isParams(toColumn(automation)), list(runKeys)]
      ),
      (rows): ReadonlyMap<string, string> =>
        new Map(rows.map(({ queued_id, run_key }) => [fromColumn(run_key), fromColumn(queued_id)]))
    )

  const commitTick: AutomationStore.Service["commitTick"] = (commit) =>
    Effect.flatMap(
      valid(() => ({
        commit: validCommit(commit),
        conditionCursor: commit.conditionCursor === undefined ? undefined : JSON.stringify(commit.conditionCursor)
      })),
      ({ commit, conditionCursor }) =>
        write(Effect.fnUntraced(function*({ changed, now, version }) {
          const { automation, lease, tick } = commit
          const { state, there } = yield* knownState(automation)
          if (tick !== undefined) {
            const [recorded] = yield* rowsOf(
              execute<TickRow>(`SELECT data FROM ${ticksTable.name} WHERE ${is("id")}`, isParams(toColumn(tick.id))),
              tickOf
            )
            if (recorded !== undefined) {
              if (recorded.automation !== automation) return yield* new LogProblem({ message: takenId(recorded) })
              const queued = yield* rowsOf(
                execute<QueueRow>(
                  `SELECT * FROM ${queueTable.name} WHERE ${is("tick_id")} ORDER BY seq`,
                  isParams(toColumn(tick.id))
                ),
                runOf
              )
              return { _tag: "Committed", tick: recorded, queued, state } as const
            }
          }
          const runKeys = runKeysOf(commit)
          const writes = decide(commit, {
            state,
            leaseOwner: lease && (yield* heldLease(lease.name))?.owner,
            consumed: runKeys.length === 0 ? new Map() : yield* consumedOf(execute<RunKeyRow>, automation, runKeys),
            now,
            last: version
          })
          if ("_tag" in writes) return writes
          yield* insert(ticksTable, writes.tick === undefined ? [] : [tickRow(writes.tick)])
          yield* insert(queueTable, writes.queued.map(queueRow))
          const name = toColumn(automation)
          yield* insert(runKeysTable, writes.runKeys.map(([key, id]) => [name, toColumn(key), toColumn(id)]))
          yield* insert(evaluationsTable, writes.evaluations.map(evaluationRow))
          yield* put(statesTable, stateRow(writes.state), there)
          if (conditionCursor !== undefined) {
            const known = yield* execute(
              `SELECT 1 FROM ${conditionCursorsTable.name} WHERE ${is("name")}`,
              isParams(name)
            )
            yield* put(conditionCursorsTable, [name, conditionCursor], known.length > 0)
          }
          changed(Math.max(writes.last, version + 1))
          return { _tag: "Committed", tick: writes.tick, queued: writes.queued, state: writes.state } as const
        }))
    )

  const ticks: AutomationStore.Service["ticks"] = (filter = {}) =>
    Effect.suspend(() => {
      const { automation, since, until } = filter
      const limit = Math.min(limitOf(filter.limit, defaultLimit), Number.MAX_SAFE_INTEGER)
      const bounds: Array<string> = ["seq < ?"]
      const boundParams: Array<Value> = [beforeOf(filter.before)]
      const bound = (condition: string, value: number): void => {
        bounds.push(condition)
        boundParams.push(value)
      }
      if (since !== undefined) bound("started_at >= ?", since)
      if (until !== undefined) bound("started_at < ?", until)
      // an index gives those of one status in their order, so each status, and each kind, is looked up on its own
      const selects: Array<string> = []
      const params: Array<Value> = []
      const selectTicks = (conditions: ReadonlyArray<string>, values: Values): void => {
        // what began since a time is found by time; `+` keeps SQLite from looking through all ticks in their order
        const order = since === undefined || pg ? "seq" : "+seq"
        selects.push(
          `SELECT seq FROM (SELECT seq FROM ${ticksTable.name} WHERE ${[...conditions, ...bounds].join(" AND ")}
            ORDER BY ${order} DESC LIMIT ${limit}) AS found`
        )
        params.push(...values, ...boundParams)
      }
      if (
        automation === undefined && filter.kinds === undefined && filter.statuses === undefined && since === undefined
      ) {
        selectTicks([], [])
      } else {
        const kinds = filter.kinds === undefined ? [undefined] : new Set(filter.kinds)
        for (const status of new Set(filter.statuses ?? statuses)) {
          for (const kind of kinds) {
            selectTicks([
              ...automation === undefined ? [] : [is("automation")],
              "status = ?",
              ...kind === undefined ? [] : ["kind = ?"]
            ], [
              ...automation === undefined ? [] : isParams(toColumn(automation)),
              status,
              ...kind === undefined ? [] : [kind]
            ])
          }
        }
      }
      if (selects.length === 0 || limit === 0) return Effect.succeed([])
      return read(rowsOf(
        query<TickRow>(
          `SELECT data FROM ${ticksTable.name} WHERE seq IN (${selects.join(" UNION ALL ")})
            ORDER BY seq DESC LIMIT ${limit}`,
          params
        ),
        tickOf
      ))
    })

  const tick: AutomationStore.Service["tick"] = (id) =>
    read(Effect.map(
      rowsOf(query<TickRow>(`SELECT data FROM ${ticksTable.name} WHERE ${is("id")}`, isParams(toColumn(id))), tickOf),
      ([found]) => Option.fromUndefinedOr(found)
    ))

  // ---- the queue

  const enqueue: AutomationStore.Service["enqueue"] = Effect.fnUntraced(function*(requests) {
    const made = yield* valid(() => validRequests(requests))
    const ids = yield* Effect.forEach(made, () => newId)
    if (made.length === 0) return []
    return yield* write(Effect.fnUntraced(function*({ changed, now, version }) {
      const queued = made.map((request, index) => newRun(ids[index]!, version + 1 + index, request, now))
      yield* insert(queueTable, queued.map(queueRow))
      changed(version + queued.length)
      return queued
    }))
  })

  const queue: AutomationStore.Service["queue"] = (filter = {}) =>
    Effect.suspend(() => {
      const { after, automation, ids, order = "launch", statuses = waitingStatuses, tickId } = filter
      const limit = Math.min(limitOf(filter.limit, Infinity), Number.MAX_SAFE_INTEGER)
      const conditions: Array<string> = []
      const params: Array<Value> = []
      const where = (condition: string, values: Values): void => {
        conditions.push(condition)
        params.push(...values)
      }
      const lookUp = (condition: string, values: Values): void =>
        where(`seq IN (SELECT seq FROM ${queueTable.name} WHERE ${condition})`, values)
      if (ids !== undefined) lookUp(among("id"), [list(ids)])
      if (tickId !== undefined) lookUp(is("tick_id"), isParams(toColumn(tickId)))
      if (automation !== undefined) where(is("automation"), isParams(toColumn(automation)))
      const launch = order === "launch"
      if (after !== undefined && launch) {
        where("(priority < ? OR (priority = ? AND seq > ?))", [after.priority, after.priority, after.seq])
      } else if (after !== undefined) where("seq < ?", [after.seq])
      const wanted = [...new Set(statuses)]
      if (wanted.length === 0 || limit === 0) return Effect.succeed([])
      const by = launch ? "priority DESC, seq" : "seq DESC"
      const selects = wanted.map(() =>
        `SELECT seq FROM (SELECT seq FROM ${queueTable.name} WHERE ${["status = ?", ...conditions].join(" AND ")}
          ORDER BY ${by} LIMIT ${limit}) AS found`
      )
      return read(rowsOf(
        query<QueueRow>(
          `SELECT * FROM ${queueTable.name} WHERE seq IN (${
            selects.join(" UNION ALL ")
          }) ORDER BY ${by} LIMIT ${limit}`,
          wanted.flatMap((status) => [status, ...params])
        ),
        runOf
      ))
    })

  const queueCounts = read(Effect.map(
    query<{ readonly status: AutomationStore.QueueStatus; readonly count: Whole }>(
      `SELECT status, COUNT(*) AS count FROM ${queueTable.name} GROUP BY status`
    ),
    (rows) => {
      const counts = { Queued: 0, Launching: 0, Launched: 0, Failed: 0, Cancelled: 0 }
      for (const { count, status } of rows) counts[status] = Number(count)
      return counts
    }
  ))

  /** One run by its id: without statistics, a database may look through all that have a status instead. */
  const isRun = `seq IN (SELECT seq FROM ${queueTable.name} WHERE ${is("id")})`

  /** Changes a run where it is as it has to be. */
  const change = (
    id: string,
    condition: string,
    conditionParams: Values,
    set: { readonly [column: string]: Value },
    now?: string
  ) =>
    write((moment) =>
      Effect.map(
        execute(
          `UPDATE ${queueTable.name} SET ${
            [...Object.keys(set), ...now === undefined ? [] : [now]].map((column) => `${column} = ?`).join(", ")
          } WHERE ${isRun} AND ${condition} RETURNING seq`,
          [
            ...Object.values(set),
            ...now === undefined ? [] : [moment.now],
            ...isParams(toColumn(id)),
            ...conditionParams
          ]
        ),
        (rows) => {
          if (rows.length > 0) moment.changed()
          return rows.length > 0
        }
      )
    )

  const launching = (owner: string | undefined): readonly [condition: string, params: Values] =>
    owner === undefined ? ["status = 'Launching'", []] : ["status = 'Launching' AND owner = ?", [toColumn(owner)]]

  const take: AutomationStore.Service["take"] = (id, owner) =>
    write(({ changed, now }) =>
      Effect.map(
        execute(
          `UPDATE ${queueTable.name} SET status = 'Launching', owner = ?, taken_at = ?, attempts = attempts + 1,
            not_before = NULL, waiting_for = NULL WHERE ${isRun} AND status = 'Queued' RETURNING seq`,
          [toColumn(owner), now, ...isParams(toColumn(id))]
        ),
        (rows) => {
          if (rows.length > 0) changed()
          return rows.length > 0
        }
      )
    )

  const takeOver: AutomationStore.Service["takeOver"] = (id, from, owner) =>
    change(id, ...launching(from), { owner: toColumn(owner) }, "taken_at")

  const launched: AutomationStore.Service["launched"] = (id, runId, owner) =>
    Effect.flatMap(
      change(id, ...launching(owner), { status: "Launched", run_id: toColumn(runId) }, "finished_at"),
      (done) =>
        done ? Effect.succeed(true) : Effect.map(
          queue({ ids: [id], statuses: ["Launched"] }),
          (runs) => runs.some((run) => run.runId === runId)
        )
    )

  const failed: AutomationStore.Service["failed"] = (id, error, owner) => {
    const [condition, params] = launching(owner)
    return change(
      id,
      `(status = 'Queued' OR ${condition})`,
      params,
      { status: "Failed", error: JSON.stringify(error), waiting_for: null },
      "finished_at"
    )
  }

  const requeue: AutomationStore.Service["requeue"] = (id, { error, notBefore, owner } = {}) =>
    change(id, ...launching(owner), {
      status: "Queued",
      owner: null,
      taken_at: null,
      not_before: notBefore ?? null,
      ...error !== undefined && { error: JSON.stringify(error) }
    })

  const cancelQueued: AutomationStore.Service["cancelQueued"] = (id) =>
    change(id, "status = 'Queued'", [], { status: "Cancelled", waiting_for: null }, "finished_at")

  const setWaiting: AutomationStore.Service["setWaiting"] = (reasons) =>
    Effect.suspend(() => {
      // of several reasons for one run the last counts
      const wanted = new Map(reasons.map(({ id, reason }) => [toColumn(id), orNull(reason)]))
      if (wanted.size === 0) return Effect.void
      return write(Effect.fnUntraced(function*({ changed }) {
        const rows = yield* execute<Pick<QueueRow, "id" | "seq" | "waiting_for">>(
          `SELECT id, seq, waiting_for FROM ${queueTable.name} WHERE status = 'Queued' AND ${among("id")}`,
          [JSON.stringify([...wanted.keys()])]
        )
        const news = rows.flatMap(({ id, seq, waiting_for }) => {
          const reason = wanted.get(id)!
          return reason === waiting_for ? [] : [{ seq: Number(seq), reason }]
        })
        if (news.length === 0) return
        yield* execute(
          pg
            ? `UPDATE ${queueTable.name} AS queue SET waiting_for = news.reason
              FROM json_to_recordset(CAST(CAST(? AS TEXT) AS JSON)) AS news(seq BIGINT, reason TEXT)
              WHERE queue.seq = news.seq`
            : `UPDATE ${queueTable.name} SET waiting_for = json_extract(news.value, '$.reason')
              FROM json_each(?) AS news WHERE seq = json_extract(news.value, '$.seq')`,
          [JSON.stringify(news)]
        )
        changed()
      }))
    })

  // ---- conditions

  const conditionCursor: AutomationStore.Service["conditionCursor"] = (automation) =>
    read(Effect.map(
      rowsOf(
        query<{ readonly data: string }>(
          `SELECT data FROM ${conditionCursorsTable.name} WHERE ${is("name")}`,
          isParams(toColumn(automation))
        ),
        ({ data }): Schema.Json => JSON.parse(data)
      ),
      (found) => found.length === 0 ? Option.none() : Option.some(found[0]!)
    ))

  const evaluations: AutomationStore.Service["evaluations"] = (filter = {}) =>
    Effect.suspend(() => {
      const { evaluation, key, tickId } = filter
      const limit = Math.min(limitOf(filter.limit, defaultLimit), Number.MAX_SAFE_INTEGER)
      return read(rowsOf(
        query<EvaluationRow>(
          `SELECT * FROM ${evaluationsTable.name} WHERE ${
            [
              ...key === undefined ? [] : [is("asset")],
              ...tickId === undefined ? [] : [is("tick_id")],
              ...evaluation === undefined ? [] : ["evaluation = ?"],
              "seq < ?"
            ].join(" AND ")
          } ORDER BY seq DESC LIMIT ${limit}`,
          [
            ...key === undefined ? [] : isParams(toColumn(key)),
            ...tickId === undefined ? [] : isParams(toColumn(tickId)),
            ...evaluation === undefined ? [] : [evaluation],
            beforeOf(filter.before)
          ]
        ),
        evaluationOf
      ))
    })

  // ---- removing

  const remove = Effect.fnUntraced(function*({ name }: Table, condition: string, params: Values) {
    let count = 0
    while (true) {
      // small transactions, so that writers get in between
      const gone = yield* write(() =>
        execute(
          `DELETE FROM ${name} WHERE seq IN (
            SELECT seq FROM ${name} WHERE ${condition} ORDER BY seq LIMIT ${pruneSize}
          ) RETURNING seq`,
          params
        )
      )
      count += gone.length
      if (gone.length < pruneSize) return count
    }
  })

  const prune: AutomationStore.Service["prune"] = Effect.fnUntraced(function*(retention) {
    const { evaluations, queue, ticks } = prunedBy(retention, yield* Clock.currentTimeMillis)
    let count = 0
    for (const [statuses, before] of ticks) {
      count += yield* remove(
        ticksTable,
        `status IN (${statuses.map(() => "?").join(", ")}) AND started_at < ?`,
        [...statuses, before]
      )
    }
    if (evaluations !== undefined) count += yield* remove(evaluationsTable, "at < ?", [evaluations])
    if (queue !== undefined) {
      count += yield* remove(
        queueTable,
        `status IN (${finalStatuses.map(() => "?").join(", ")}) AND finished_at < ?`,
        [...finalStatuses, queue]
      )
    }
    if (count > 0) yield* write(({ changed }) => Effect.sync(changed))
    return count
  })

  return {
    lease,
    release,
    leases,
    state,
    states,
    setState,
    commitTick,
    ticks,
    tick,
    consumed: (automation, runKeys) => read(Effect.suspend(() => consumedOf(query<RunKeyRow>, automation, runKeys))),
    enqueue,
    queue,
    queueCounts,
    take,
    takeOver,
    launched,
    failed,
    requeue,
    cancelQueued,
    setWaiting,
    conditionCursor,
    evaluations,
    prune,
    version,
    changes: (after) =>
      Stream.unwrap(Effect.map(
        after === undefined ? version : Effect.succeed(after),
        (start) =>
          Stream.paginate(start, (seen) =>
            Effect.map(growth.after(seen), (newest) => [[newest], Option.some(newest)] as const))
      ))
  }
}
