/**
 * Four processes write to one log in SQLite at the same time, for `DURATION` seconds: `DURATION=30 npx vitest run
 * test/campaigns/logWriters.test.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { EventLog } from "effect-assets"
import { SqliteClient } from "effect-assets/node"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const seconds = Number(process.env["DURATION"] ?? 2)
const writers = ["one", "two", "three", "four"]

const writer = (filename: string, name: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, "../fixtures/logWriter.ts")
    execFile(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", script, filename, name, String(seconds)],
      (error, out, err) => error === null && err === "" ? resolve(Number(out)) : reject(error ?? new Error(err))
    )
  })

it.live(
  `four processes write to one log for ${seconds} s: none fails, and no event is lost`,
  () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-writers-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const filename = join(directory, "events.db")
      yield* Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        // a reader that follows meanwhile
        const followed: Array<number> = []
        yield* Effect.forkScoped(
          Stream.runForEach(log.tail({ after: 0 }), ({ cursor }) => Effect.sync(() => followed.push(cursor)))
        )
        const counts = yield* Effect.forEach(writers, (name) => Effect.promise(() => writer(filename, name)), {
          concurrency: "unbounded"
        })
        const seen = new Map(writers.map((name) => [name, 0]))
        let total = 0
        yield* Stream.runForEach(log.events({}), (event) =>
          Effect.sync(() => {
            assert.strictEqual(event.cursor, ++total)
            if (event._tag !== "AssetMaterialized") return assert.fail(`unexpected ${event._tag}`)
            const next = seen.get(event.runId)!
            assert.strictEqual(event.dataVersion, String(next))
            seen.set(event.runId, next + 1)
          }))
        assert.deepStrictEqual([...seen.values()], counts)
        for (const count of counts) assert.isAbove(count, 10)
        // the newest of each key is what the states tell
        const versions = yield* log.versions()
        for (const [key, [state]] of versions) {
          const [name, slot] = key.split("/")
          const last = seen.get(name!)! - 1
          assert.strictEqual(Number(state!.dataVersion), last - ((last - Number(slot)) % 50))
        }
        const all = Effect.repeat(Effect.sleep("50 millis"), { until: () => followed.length >= total })
        yield* Effect.timeout(all, "10 seconds")
        assert.deepStrictEqual(followed, Array.from({ length: total }, (_, i) => i + 1))
      }).pipe(Effect.provide(EventLog.layerSql), Effect.provide(SqliteClient.layer({ filename })))
    }),
  { timeout: (seconds + 60) * 1000 }
)
