import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Asset, EventLog, Graph, Partitions, Runtime } from "effect-assets"
import { Local } from "effect-assets/node"
import { TestClock } from "effect/testing"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-local-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

describe("Local", () => {
  it.effect("keeps values and the log in one directory, for the next program", () =>
    Effect.gen(function*() {
      const home = join(yield* directory, "home")
      let computed = 0
      const a = Asset.make("shop/a", { compute: () => Effect.sync(() => ++computed) })
      const b = Asset.make("shop/b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a * 10) })
      const graph = Graph.make({ a, b })
      const run = yield* Effect.provide(Runtime.materialize(graph), Local.layer({ directory: home }))
      assert.isTrue(existsSync(join(home, "events.db")))
      assert.isTrue(existsSync(join(home, "storage")))

      yield* Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        assert.deepStrictEqual((yield* log.runs({})).map(({ id, status }) => [id, status]), [[run.id, "Succeeded"]])
        assert.deepStrictEqual([...(yield* log.versions()).keys()].sort(), ["shop/a", "shop/b"])
        // a part of the graph reads what the other program stored
        yield* Runtime.materialize(graph, { select: "shop/b" })
        assert.strictEqual(yield* Runtime.load(b), 10)
        assert.strictEqual(computed, 1)
        const keys = yield* Partitions.DynamicKeys
        yield* keys.add("customers", ["x"])
        assert.deepStrictEqual(yield* keys.keys("customers"), ["x"])
      }).pipe(Effect.provide(Local.layer({ directory: home })))
    }))

  it.effect("removes what is older than it is to keep, but for the newest of each asset", () =>
    Effect.gen(function*() {
      const home = yield* directory
      const a = Asset.make("a", Effect.succeed(1))
      const run = Effect.provide(Runtime.materialize(Graph.make({ a })), Local.layer({ directory: home }))
      const first = yield* run
      yield* TestClock.adjust("40 days")
      const second = yield* run
      yield* TestClock.adjust("40 days")
      const retention = { AssetMaterialized: "30 days", RunStarted: "60 days", RunFinished: "60 days" } as const
      const events = yield* Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        const all = Stream.runCollect(log.events({}))
        return yield* Effect.repeat(Effect.tap(all, () => Effect.yieldNow), { until: (events) => events.length < 6 })
      }).pipe(Effect.provide(Local.layer({ directory: home, retention })))
      assert.deepStrictEqual(
        events.map((event) => [event._tag, "runId" in event ? event.runId === first.id : undefined]),
        [["RunStarted", false], ["AssetMaterialized", false], ["RunFinished", false]]
      )
      assert.notStrictEqual(first.id, second.id)
    }))

  it.effect("tells that a directory cannot be made", () =>
    Effect.gen(function*() {
      const file = join(yield* directory, "file")
      writeFileSync(file, "")
      const error = yield* Effect.flip(Effect.provide(EventLog.EventLog, Local.layer({ directory: file })))
      assert.match(error.message, /SQLite could not open .*file\/events\.db/)
    }))
})
