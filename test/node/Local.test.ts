import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Asset, EventLog, Graph, Partitions, Runtime } from "effect-assets"
import { Local } from "effect-assets/node"
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

  it.effect("tells that a directory cannot be made", () =>
    Effect.gen(function*() {
      const file = join(yield* directory, "file")
      writeFileSync(file, "")
      const error = yield* Effect.flip(Effect.provide(EventLog.EventLog, Local.layer({ directory: file })))
      assert.match(error.message, /SQLite could not open .*file\/events\.db/)
    }))
})
