import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, type Scope } from "effect"
import { AutomationStore, EventLog } from "effect-assets"
import { SqliteClient } from "effect-assets/node"
import * as Arbitrary from "effect/Arbitrary"
import { SqlClient, type SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { agreesWithMemory, operations, storeSuite, tickOf } from "../fixtures/automationStoreSuite.ts"
import { postgresSchemas } from "../fixtures/postgres.ts"

type Client = Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>

/** Opens the store of a client, with a connection of its own. */
const open = (
  client: Client
): Effect.Effect<AutomationStore.Service, EventLog.EventLogError | SqlError.SqlError, Scope.Scope> =>
  Effect.map(
    Layer.build(Layer.fresh(Layer.provide(EventLog.layerSql, Layer.fresh(client)))),
    (context) => Context.get(context, AutomationStore.AutomationStore)
  )

const filename = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-automation-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  ),
  (directory) => join(directory, "events.db")
)

storeSuite(
  "in SQLite",
  (name, test) => it.effect(name, test),
  Effect.map(filename, (filename) => ({
    // one client keeps the other waiting within this process
    open: open(SqliteClient.layer({ filename, busyTimeout: 1 })),
    expire: () => TestClock.adjust("10 seconds")
  }))
)

const postgres = postgresSchemas(afterAll)

storeSuite(
  "in PostgreSQL",
  (name, test) => it.effect(name, test),
  Effect.map(postgres, (client) => ({
    open: Effect.suspend(() => open(client())),
    // leases go by the clock of the database
    expire: (name) =>
      Effect.provide(
        SqlClient.SqlClient.use((sql) =>
          sql`UPDATE effect_assets_leases SET expires_at = expires_at - 10000 WHERE name = ${name}`
        ),
        client()
      )
  }))
)

const own = (text: string): { readonly ticks: number; readonly runs: number } => JSON.parse(text)

/** A process that commits ticks and launches runs, and how it ends: `undefined` if it was killed. */
const writer = (database: object, name: string, last: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const script = join(import.meta.dirname, "../fixtures/automationWriter.ts")
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", script, JSON.stringify(database), name, String(last)]
      )
      let out = ""
      let problems = ""
      child.stdout.on("data", (data) => out += data)
      child.stderr.on("data", (data) => problems += data)
      const ended = new Promise<ReturnType<typeof own> | undefined>((resolve, reject) =>
        child.on("close", (code, signal) =>
          signal !== null ? resolve(undefined) : code === 0 ? resolve(own(out)) : reject(new Error(problems)))
      )
      return { child, ended }
    }),
    ({ child }) =>
      Effect.sync(() =>
        child.kill("SIGKILL")
      )
  )

/** Three processes do the same, and one of them is killed: every tick and every run happens once. */
const contended = Effect.fnUntraced(function*(store: AutomationStore.Service, database: object, last: number) {
  const writers = yield* Effect.forEach(["one", "two", "killed"], (name) => writer(database, name, last))
  const all = yield* Effect.forkChild(Effect.promise(() => Promise.all(writers.map(({ ended }) => ended))), {
    startImmediately: true
  })
  const turn = Effect.promise(() => new Promise(setImmediate))
  const ready = Effect.andThen(turn, Effect.map(store.leases, ({ length }) => length === writers.length))
  const acted = Effect.map(
    store.ticks({ automation: "every", limit: last }),
    (ticks) => ticks.length > last / 5 && ticks.some(({ id }) => id.startsWith("killed"))
  )
  yield* Effect.raceFirst(
    Effect.andThen(Fiber.join(all), Effect.die(new Error("they ended before one was killed"))),
    Effect.repeat(ready, { until: (done) => done }).pipe(
      Effect.andThen(store.setState("go", { running: true })),
      Effect.andThen(Effect.repeat(Effect.andThen(turn, acted), { until: (done) => done }))
    )
  )
  writers[2]!.child.kill("SIGKILL")
  const [one, two, killed] = yield* Fiber.join(all)
  assert.isUndefined(killed)

  const ticks = yield* store.ticks({ automation: "every", limit: 2 * last })
  const times = Array.from({ length: last }, (_, index) => last - index)
  assert.deepStrictEqual(ticks.map(({ scheduledAt }) => scheduledAt), times)
  const of = (name: string) => ticks.filter(({ id }) => id.startsWith(name)).length
  assert.deepStrictEqual([of("one"), of("two")], [one!.ticks, two!.ticks])
  assert.deepInclude(yield* store.state("every"), { revision: last, cursor: `${last}`, lastScheduledAt: last })
  // each key was requested twice: by its tick, and by the next one
  const runs = yield* store.queue({ statuses: ["Queued", "Launching", "Launched"] })
  assert.deepStrictEqual(
    runs.map(({ request }) => Number(request.runKey)),
    // the first tick asks for 0 after its own
    [1, 0, ...Array.from({ length: last - 1 }, (_, index) => index + 2)]
  )
  const launched = (name: string) => runs.filter(({ owner, status }) => owner === name && status === "Launched").length
  assert.deepStrictEqual([launched("one"), launched("two")], [one!.runs, two!.runs])
  // what the dead one was about to launch is found under its name
  const rest = runs.filter(({ status }) => status !== "Launched")
  assert.isAtMost(rest.length, 1)
  for (const run of rest) assert.deepInclude(run, { status: "Launching", owner: "killed", attempts: 1 })
})

describe("the store in SQLite", () => {
  it.effect.prop(
    "agrees with the one in memory",
    [Arbitrary.schema(operations)],
    ([operations]) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* open(SqliteClient.layer({ filename: ":memory:" }))
        yield* agreesWithMemory(store, operations, { leaseTime: true })
      })),
    { arbitrary: { runs: 150, seed: 5 } }
  )

  it.live("does every tick once, whatever several processes do and whoever is killed", () =>
    Effect.gen(function*() {
      const database = { filename: yield* filename }
      yield* contended(yield* open(SqliteClient.layer(database)), database, 1000)
    }), 60_000)

  it.live("waits for a lock that another process holds", () =>
    Effect.gen(function*() {
      const file = yield* filename
      const store = yield* open(SqliteClient.layer({ filename: file, busyTimeout: 1 }))
      const db = new DatabaseSync(file)
      db.exec("BEGIN IMMEDIATE")
      const leasing = yield* Effect.forkChild(store.lease("daemon", "one", "1 minute"), { startImmediately: true })
      // readers are not kept waiting
      assert.deepStrictEqual(yield* store.leases, [])
      for (let i = 0; i < 5; i++) yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))
      assert.isUndefined(leasing.pollUnsafe())
      db.exec("COMMIT")
      db.close()
      assert.isTrue(yield* Fiber.join(leasing))
    }))

  it.effect("is added to the database of an older version, whose log stays", () =>
    Effect.gen(function*() {
      const file = yield* filename
      const client = SqliteClient.layer({ filename: file })
      const openLog = Effect.map(
        Layer.build(Layer.fresh(Layer.provide(EventLog.layerSql, Layer.fresh(client)))),
        (context) => Context.get(context, EventLog.EventLog)
      )
      yield* Effect.scoped(Effect.flatMap(openLog, (log) =>
        log.append([{ _tag: "RunStarted", runId: "old", timestamp: 1, keys: ["a"], tags: {} }])))
      const db = new DatabaseSync(file)
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map(({ name }) =>
        String(name)
      )
      const of = /_(automation_head|leases|automations|condition_cursors|ticks|queue|run_keys|evaluations)$/
      for (
        const table of tables.filter((table) =>
          of.test(table)
        )
      ) db.exec(`DROP TABLE ${table}`)
      db.exec("DELETE FROM effect_assets_migrations WHERE migration_id = 3")
      db.close()
      const store = yield* open(client)
      const answer = yield* store.commitTick({ automation: "s", expect: 0, tick: tickOf("1"), requests: [{}] })
      assert.strictEqual(answer._tag, "Committed")
      assert.deepStrictEqual((yield* (yield* openLog).runs({})).map(({ id }) => id), ["old"])
    }))

  it.effect("tells what is damaged, and writes nothing then", () =>
    Effect.gen(function*() {
      const file = yield* filename
      const store = yield* open(SqliteClient.layer({ filename: file }))
      yield* store.commitTick({ automation: "s", tick: tickOf("1") })
      const db = new DatabaseSync(file)
      db.exec("UPDATE effect_assets_automations SET last_tick = '{'")
      const read = yield* Effect.flip(store.state("s"))
      assert.match(read.message, /could not be read: what is recorded is damaged: .*JSON/)
      const write = yield* Effect.flip(store.commitTick({ automation: "s", tick: tickOf("2"), requests: [{}] }))
      assert.match(write.message, /could not be written: what is recorded is damaged: .*JSON/)
      db.close()
      assert.strictEqual((yield* store.ticks()).length, 1)
      assert.deepStrictEqual(yield* store.queue(), [])
    }))

  it.effect("tells that it takes no writes", () =>
    Effect.gen(function*() {
      const file = yield* filename
      yield* Effect.scoped(open(SqliteClient.layer({ filename: file })))
      const store = yield* open(SqliteClient.layer({ filename: file, readonly: true }))
      assert.strictEqual((yield* store.states).size, 0)
      const error = yield* Effect.flip(store.setState("s", { running: true }))
      assert.match(error.message, /^The state of automation could not be written: the database is read-only: check/)
    }))

  it.live(
    "finds what is asked for among very many ticks and runs without reading them all",
    () =>
      Effect.gen(function*() {
        const file = yield* filename
        const store = yield* open(SqliteClient.layer({ filename: file }))
        const first = yield* store.commitTick({ automation: "0", tick: tickOf("first"), requests: [{ keys: ["a"] }] })
        assert.strictEqual(first._tag, "Committed")
        const db = new DatabaseSync(file)
        const numbers = (count: number) =>
          `WITH RECURSIVE numbers(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count + 9})`
        db.exec(
          `${numbers(100_000)} INSERT INTO effect_assets_ticks (seq, id, automation, kind, status, started_at, data)
        SELECT n, 'tick ' || n, CAST(n % 50 AS TEXT), 'sensor', CASE WHEN n % 1000 = 0 THEN 'Failed' ELSE 'Skipped' END,
          n * 1000, json_object('id', 'tick ' || n, 'seq', n, 'log', printf('%.500c', 'x')) FROM numbers`
        )
        db.exec(`${numbers(10_000)} INSERT INTO effect_assets_queue
        (seq, id, automation, tick_id, priority, queued_at, status, attempts, request)
        SELECT 200000 + n, 'run ' || n, CAST(n % 50 AS TEXT), 'tick ' || n, n % 3, n, 'Queued', 0, '{}' FROM numbers`)
        db.exec(`UPDATE effect_assets_automation_head SET version = 300000`)
        db.close()

        /** The least of some attempts: others use the machine, too. */
        const millis = Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>) {
          let least = Infinity
          let result: A | undefined
          for (let attempt = 0; attempt < 5; attempt++) {
            const start = performance.now()
            result = yield* effect
            least = Math.min(least, performance.now() - start)
          }
          return { result: result!, least }
        })
        let n = 0
        const queries: { readonly [name: string]: readonly [Effect.Effect<unknown, unknown>, atMost: number] } = {
          newest: [store.ticks({ limit: 20 }), 5],
          ofOne: [store.ticks({ automation: "7", limit: 20 }), 5],
          failed: [store.ticks({ statuses: ["Failed"], limit: 20 }), 5],
          failedOfOne: [store.ticks({ automation: "20", statuses: ["Failed"], limit: 20 }), 5],
          noneOfKind: [store.ticks({ kinds: ["schedule"], limit: 20 }), 5],
          old: [store.ticks({ before: 500, limit: 20 }), 5],
          stretch: [store.ticks({ since: 50_000_000, until: 50_100_000, limit: 200 }), 10],
          stretchOfOne: [store.ticks({ automation: "3", since: 1_000_000, until: 2_000_000 }), 10],
          byId: [store.tick("tick 70000"), 5],
          first: [store.queue({ limit: 20 }), 5],
          queueOfTick: [store.queue({ tickId: "tick 5000" }), 5],
          counts: [store.queueCounts, 20],
          commit: [Effect.suspend(() => store.commitTick({ automation: "s", tick: tickOf(`new ${n++}`) })), 10],
          setWaitingOfNone: [store.setWaiting([{ id: "run 77", reason: undefined }]), 5]
        }
        for (const [name, [query, atMost]] of Object.entries(queries)) {
          assert.isBelow((yield* millis(query)).least, atMost, name)
        }
        const { result } = yield* millis(store.ticks({ since: 50_000_000, until: 50_100_000, limit: 200 }))
        assert.strictEqual(result.length, 100)
        const everyone = yield* millis(store.queue())
        assert.strictEqual(everyone.result.length, 10_001)
        assert.isBelow(everyone.least, 250)
        const start = performance.now()
        yield* store.setWaiting(everyone.result.map(({ id }) => ({ id, reason: "no place" })))
        assert.isBelow(performance.now() - start, 2000)
        assert.strictEqual((yield* store.queue({ limit: 1 }))[0]?.waitingFor, "no place")
      }),
    30_000
  )
})

describe("the store in PostgreSQL", () => {
  it.effect.prop(
    "agrees with the one in memory",
    [Arbitrary.schema(operations)],
    ([operations]) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* open((yield* postgres)())
        yield* agreesWithMemory(store, operations, { leaseTime: false })
      })),
    { arbitrary: { runs: 10, seed: 9 } }
  )

  it.live("does every tick once, whatever several processes do and whoever is killed", () =>
    Effect.gen(function*() {
      const client = (yield* postgres)()
      const { host, password, port, startupParameters, username, database } = Context.get(
        yield* Layer.build(Layer.fresh(client)),
        PgClient.PgClient
      ).config
      const options = {
        host,
        port,
        username,
        database,
        startupParameters,
        password: Redacted.value(password as Redacted.Redacted)
      }
      yield* contended(yield* open(client), options, 300)
    }), 60_000)

  it.effect("is safe also where a transaction does not see what others commit meanwhile", () =>
    Effect.gen(function*() {
      const client = yield* postgres
      const strict = { default_transaction_isolation: "repeatable read" }
      const stores = [yield* open(client(strict)), yield* open(client())]
      /** What has lost is tried again after some time. */
      const atOnce = <A, E>(effect: (store: AutomationStore.Service, index: number) => Effect.Effect<A, E>) =>
        Effect.raceFirst(
          Effect.forEach(
            Array.from({ length: 10 }, (_, index) => index),
            (index) => effect(stores[index % 2]!, index),
            { concurrency: "unbounded" }
          ),
          Effect.forever(Effect.andThen(
            Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2))),
            TestClock.adjust("20 millis")
          ))
        )
      const leased = yield* atOnce((store, index) => store.lease("daemon", `${index}`, "1 hour"))
      assert.strictEqual(leased.filter((held) => held).length, 1)
      assert.strictEqual((yield* stores[0]!.leases).length, 1)
      const answers = yield* atOnce((store, index) =>
        store.commitTick({
          automation: "s",
          expect: 0,
          tick: tickOf(`t${index}`),
          requests: [{ runKey: "k" }]
        })
      )
      assert.strictEqual(answers.filter(({ _tag }) => _tag === "Committed").length, 1)
      assert.strictEqual((yield* stores[0]!.queue()).length, 1)
    }))

  it.effect("lets leases expire by the clock of the database, and not by that of a machine", () =>
    Effect.gen(function*() {
      const store = yield* open((yield* postgres)())
      assert.isTrue(yield* store.lease("long", "one", "1 minute"))
      assert.isTrue(yield* store.lease("short", "one", "100 millis"))
      yield* TestClock.adjust("1 day")
      assert.isFalse(yield* store.lease("long", "two", "1 minute"))
      yield* Effect.repeat(store.lease("short", "two", "1 minute"), { until: (taken) => taken })
      const leases = yield* store.leases
      assert.deepStrictEqual(leases.map(({ epoch, owner }) => [owner, epoch]), [["one", 1], ["two", 2]])
      for (const { remainingMillis } of leases) assert.isAbove(remainingMillis, 0)
    }))
})
