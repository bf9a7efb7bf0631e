/**
 * Two daemons, in processes of their own, on one database, of which one is killed again and again, for `DURATION` seconds:
 * `DURATION=120 npx vitest run test/campaigns/daemons.test.ts --testTimeout=300000`.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { AutomationStore, EventLog } from "effect-assets"
import { SqliteClient } from "effect-assets/node"
import type { SqlClient, SqlError } from "effect/sql"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { postgresSchemas } from "../fixtures/postgres.ts"

const seconds = Number(process.env["DURATION"] ?? 8)
const script = join(import.meta.dirname, "daemonProcess.ts")
// sources are compiled once for all processes
const env = { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/crash") }

const begin = (database: object): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, JSON.stringify(database)], {
        env,
        stdio: ["ignore", "ignore", "inherit"]
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })

const campaign = Effect.fnUntraced(function*(
  database: object,
  client: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>
) {
  const stores = yield* Layer.build(Layer.provide(EventLog.layerSql, client))
  return yield* Effect.provideContext(
    Effect.gen(function*() {
      const store = yield* AutomationStore.AutomationStore
      const log = yield* EventLog.EventLog
      const started = performance.now()
      const processes = [yield* begin(database), yield* begin(database)]
      let kills = 0
      while (performance.now() - started < seconds * 1_000) {
        yield* Effect.sleep(1_000 + Math.random() * 2_500)
        // mostly the one that acts
        const place = Math.random() < 0.5 ? 0 : 1
        processes[place]!.kill("SIGKILL")
        yield* ended(processes[place]!)
        kills++
        processes[place] = yield* begin(database)
      }
      for (const name of ["secondly", "sensor"]) yield* store.setState(name, { running: false })
      // what was requested is launched, and what has lost its process is ended
      const isIdle = Effect.gen(function*() {
        const waiting = yield* store.queue()
        const running = yield* log.runs({ statuses: ["Running"] })
        return waiting.length === 0 && running.length === 0
      })
      // several times in a row: the end of a run may be what conditions have waited for
      let idleFor = 0
      while (idleFor < 4) {
        yield* Effect.sleep("300 millis")
        idleFor = (yield* isIdle) ? idleFor + 1 : 0
      }
      for (const child of processes) child.kill("SIGTERM")
      yield* Effect.forEach(processes, ended)

      const ticks = (yield* store.ticks({ automation: "secondly", limit: 100_000 })).toReversed()
      const times = ticks.map(({ scheduledAt }) => scheduledAt!)
      assert.isAtLeast(times.length, seconds / 2)
      assert.deepStrictEqual(times, times.map((_, at) => times[0]! + at * 1_000), "every second has one tick")
      const statuses = ["Queued", "Launching", "Launched", "Failed", "Cancelled"] as const
      const queued = yield* store.queue({ statuses })
      assert.deepStrictEqual(queued.filter(({ status }) => status !== "Launched"), [])
      const bySchedule = queued.filter(({ automation }) => automation === "secondly")
      assert.strictEqual(bySchedule.length, times.length)
      const runs = yield* log.runs({})
      const launches = new Map<string, number>()
      for (const { tags } of runs) launches.set(tags["queued"]!, (launches.get(tags["queued"]!) ?? 0) + 1)
      assert.deepStrictEqual(
        queued.filter(({ id }) => launches.get(id) !== 1).map(({ id }) => [id, launches.get(id)]),
        [],
        "every requested run was launched once"
      )
      assert.strictEqual(runs.length, queued.length)
      const followed = queued.filter(({ automation }) => automation === ":conditions").length
      assert.isAbove(followed, 0)
      process.stdout.write(
        `${kills} kills: ${times.length} ticks, ${runs.length} runs, ${followed} of them by conditions, ` +
          `${runs.filter(({ status }) => status === "Failed").length} lost with their processes\n`
      )
    }),
    stores
  )
}, Effect.scoped)

describe(`two daemons, one of them killed again and again for ${seconds} s`, () => {
  it.live("in SQLite: every tick once, and every requested run once", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-daemons-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
      )
      const filename = join(directory, "events.db")
      yield* campaign({ filename }, SqliteClient.layer({ filename }))
    }), (seconds + 40) * 1_000)

  const postgres = postgresSchemas(afterAll)

  it.live("in PostgreSQL: every tick once, and every requested run once", () =>
    Effect.gen(function*() {
      const client = (yield* postgres)()
      const { database, host, password, port, startupParameters, username } = yield* Effect.provide(
        Effect.map(PgClient.PgClient, (pg) => pg.config),
        client
      )
      const options = {
        host,
        port,
        username,
        database,
        startupParameters,
        password: Redacted.value(password as Redacted.Redacted)
      }
      yield* campaign(options, client)
    }), (seconds + 60) * 1_000)
})
