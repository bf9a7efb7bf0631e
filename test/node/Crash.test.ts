/**
 * Processes that are killed, stopped, cancelled by others, or have no disk to write to. `npm run test:crash -- [KILLS]
 * [SEED]` kills many more.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { Asset, Check, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"
import { Local, SqliteClient } from "effect-assets/node"
import { SqlClient } from "effect/sql"
import { rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { campaign, inspect, run, temporary } from "../campaigns/crash.ts"
import { checked, keysOf, materialized, started } from "../fixtures/events.ts"

const kills = Number(process.env.CRASH_KILLS ?? 8)
const seed = Number(process.env.CRASH_SEED ?? 1)
// for machines that have other things to do
const long = { timeout: 60_000 + kills * 10_000 }

describe("a process that is killed", () => {
  for (const [kind, part] of [["assets", 0.6], ["days", 0.4]] as const) {
    const count = Math.max(1, Math.round(kills * part))
    it.live(
      `leaves ${kind} behind that can be gone on with (${count} kills, seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const report = yield* campaign(kind, count, seed)
          yield* Effect.log(kind, report)
          assert.strictEqual(report.kills, count)
        }),
      long
    )
  }

  it.effect("may leave a run behind that lacks its end alone: there is nothing to retry, and it does not go on", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.succeed(1))
      const log = yield* EventLog.EventLog
      yield* log.append([started("dead", ["a"]), materialized("dead", "a", "1")])
      const error = yield* Effect.flip(Runtime.retry(Graph.make({ a }), "dead"))
      assert.include(error.message, "everything it was to compute was computed")
      assert.deepStrictEqual((yield* log.runs({})).map(({ status }) => status), ["Cancelled"])
    }).pipe(Effect.provide([IOManager.layerMemory, EventLog.layerMemory])))

  it.effect("before a blocking check has judged what it stored does not let it pass", () =>
    Effect.gen(function*() {
      const letters = Partitions.fixed(["x", "y"])
      const ran: Array<string> = []
      const note = (cell: string) => Effect.sync(() => void ran.push(cell))
      const a = Asset.make("a", { compute: () => note("a") })
      const b = Asset.make("b", { deps: [a], compute: () => note("b") })
      const c = Asset.make("c", { partitions: letters, compute: (_, { partitionKey }) => note(`c${partitionKey}`) })
      const d = Asset.make("d", {
        partitions: letters,
        deps: [c],
        compute: (_, { partitionKey }) => note(`d${partitionKey}`)
      })
      const judged = { blocking: true, check: Effect.sync(() => ran.push("check") > 0) }
      const graph = Graph.make({
        a,
        b,
        c,
        d,
        e: Check.make("e", { asset: a, ...judged }),
        f: Check.make("f", { asset: c, ...judged })
      })
      const log = yield* EventLog.EventLog
      const retried = Effect.fnUntraced(function*(runId: string, ...events: Array<EventLog.Event>) {
        ran.length = 0
        const partitions = { c: keysOf("x", "y"), d: keysOf("x", "y") }
        yield* log.append([started(runId, ["a", "b", "c", "d"], { partitions }), ...events])
        assert.strictEqual((yield* Runtime.retry(graph, runId)).status, "Succeeded")
        return ran.toSorted()
      })
      const all = [
        materialized("dead", "a", "1", { stored: false }),
        materialized("dead", "c", "1", { stored: false, partitions: keysOf("x", "y") })
      ]
      const unjudged = yield* retried("dead", ...all)
      assert.deepStrictEqual(unjudged, ["a", "b", "check", "check", "check", "cx", "cy", "dx", "dy"])
      const judgedInPart = yield* retried(
        "later",
        ...all.map((event) => ({ ...event, runId: "later" })),
        checked("later", "a", "e"),
        checked("later", "c", "f", { partition: "y", partitions: keysOf("y") })
      )
      assert.deepStrictEqual(judgedInPart, ["b", "check", "cx", "dx", "dy"])
    }).pipe(Effect.provide([IOManager.layerMemory, EventLog.layerMemory])))

  it.effect("before a blocking check has judged a partition does not let its backfill pass", () =>
    Effect.gen(function*() {
      const letters = Partitions.fixed(["x", "y", "z"])
      const ran: Array<string> = []
      const note = (cell: string) => Effect.sync(() => void ran.push(cell))
      const a = Asset.make("a", { partitions: letters, compute: (_, { partitionKey }) => note(`a${partitionKey}`) })
      const b = Asset.make("b", {
        partitions: letters,
        deps: [a],
        compute: (_, { partitionKey }) => note(`b${partitionKey}`)
      })
      const check = Effect.sync(() => ran.push("check") > 0)
      const graph = Graph.make({ a, b, c: Check.make("c", { asset: a, blocking: true, check }) })
      const log = yield* EventLog.EventLog
      const all = keysOf("x", "y", "z")
      const begin = (backfillId: string): ReadonlyArray<EventLog.Event> => [
        {
          _tag: "BackfillStarted",
          backfillId,
          timestamp: 0,
          partitions: { a: all, b: all },
          partitionsPerRun: 1,
          tags: {}
        },
        ...["x", "y"].map((partition) =>
          materialized("dead", "a", "1", { stored: false, partition, partitions: keysOf(partition) })
        ),
        checked("dead", "a", "c", { blocking: true, partition: "x", partitions: keysOf("x") })
      ]
      yield* log.append(begin("one"))
      yield* Runtime.backfill(graph, { resume: "one" })
      assert.deepStrictEqual(ran.splice(0).toSorted(), ["ay", "az", "bx", "by", "bz", "check", "check"])
      yield* log.append(begin("two"))
      yield* Runtime.backfill(graph, { resume: "two", checks: "none" })
      assert.deepStrictEqual(ran.toSorted(), ["az", "bx", "by", "bz"])
    }).pipe(Effect.provide([IOManager.layerMemory, EventLog.layerMemory])))
})

/** What became of each asset in the one run of a directory, and how the run ended. */
const recorded = (directory: string) =>
  Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const events = yield* Stream.runCollect(log.events({}))
    return events.flatMap((event) =>
      event._tag === "RunFinished"
        ? [event.status]
        : event._tag === "AssetCancelled"
        ? [`${event._tag} ${event.key} ${event.started}`]
        : "key" in event
        ? [`${event._tag} ${event.key}`]
        : []
    )
  }).pipe(Effect.provide(Local.layer({ directory })))

const ends = [
  "AssetMaterialized first",
  "AssetCancelled second true",
  "AssetCancelled third false",
  "Cancelled"
]

describe("a process of NodeRuntime.runMain", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(
      `records that its run was cancelled, and releases what it holds, on ${signal}`,
      () =>
        Effect.gen(function*() {
          const directory = yield* temporary
          const ended = yield* run(["held", directory], (line, kill) => {
            if (line === "held") kill(signal)
          })
          const lines = ["opening", "held", "released", "closed"]
          assert.deepStrictEqual(ended, { code: 130, signal: null, lines, stderr: "" })
          assert.deepStrictEqual(yield* recorded(directory), ends)
        }),
      long
    )
  }

  it.live("ends when another process cancels its run", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const held = yield* Deferred.make<void>()
      let releasedAt = Infinity
      const child = yield* Effect.forkScoped(run(["held", directory], (line) => {
        if (line === "held") Deferred.doneUnsafe(held, Exit.void)
        if (line === "released") releasedAt = performance.now()
      }))
      yield* Deferred.await(held)
      const cancelledAt = yield* Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        const [newest] = yield* log.runs({ limit: 1 })
        yield* Runtime.cancel(newest!.id, { reason: "enough" })
        return performance.now()
      }).pipe(Effect.provide(Local.layer({ directory })))
      const ended = yield* Fiber.join(child)
      const lines = ["opening", "held", "released", "closed", "Cancelled"]
      assert.deepStrictEqual(ended, { code: 0, signal: null, lines, stderr: "" })
      assert.deepStrictEqual(yield* recorded(directory), ends)
      // it asks every 250 ms; the rest is for machines that have other things to do
      assert.isBelow(releasedAt - cancelledAt, 2000)
      yield* Effect.log(`cancelled after ${Math.round(releasedAt - cancelledAt)} ms`)
    }), long)
})

/** Assets that read each other, one after the other, and how often each was computed. */
const chain = (length: number) => {
  const computed: Array<number> = Array.from({ length }, () => 0)
  const assets: Array<Asset.Asset<string, string, never, IOManager.IOManager>> = []
  for (let n = 0; n < length; n++) {
    const compute = Effect.sync(() => {
      computed[n]!++
      return `${n} `.repeat(1000)
    })
    const common = { codeVersion: "1", compute: () => compute }
    assets.push(
      n === 0
        ? Asset.make(`asset ${n}`, common)
        : Asset.make(`asset ${n}`, { ...common, inputs: { before: assets[n - 1]! } })
    )
  }
  return { computed, graph: Graph.fromAssets(assets) }
}

/** The messages of the assets that failed. */
const failures = (run: Runtime.Run<Graph.Assets>): ReadonlyArray<string> =>
  Runtime.outcomes(run).flatMap((outcome) => outcome._tag === "Failed" ? [Runtime.explain(outcome)] : [])

describe("a run whose storage", () => {
  for (
    const [problem, spoil, message] of [
      [
        "is a file",
        (path: string) => writeFileSync(path, ""),
        /: a part of the path is a file: move it away, or choose/
      ],
      [
        "leads nowhere",
        (path: string) => symlinkSync("/proc/self/none", path),
        /: check that its directory exists and may be written$/
      ]
    ] as const
  ) {
    it.live(`${problem} tells so, and can be retried when it is not so any more`, () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const storage = join(directory, "storage")
        spoil(storage)
        const { computed, graph } = chain(3)
        yield* Effect.gen(function*() {
          const failed = yield* Runtime.run(graph)
          assert.strictEqual(failed.status, "Failed")
          const [only] = failures(failed)
          assert.include(only, `The storage failed to save "asset 0": `)
          assert.match(only!, message)
          rmSync(storage)
          const retried = yield* Runtime.retry(graph, failed.id)
          assert.strictEqual(retried.status, "Succeeded")
          assert.deepStrictEqual(computed, [2, 1, 1])
        }).pipe(Effect.provide(Local.layer({ directory })))
      }))
  }

  it.live("is below a file does not begin, and tells why", () =>
    Effect.gen(function*() {
      const file = join(yield* temporary, "file")
      writeFileSync(file, "")
      const { graph } = chain(1)
      const running = Effect.provide(Runtime.run(graph), Local.layer({ directory: join(file, "assets") }))
      const error = yield* Effect.flip(running)
      assert.match(
        error.message,
        /could not open .*events\.db: .*: a part of the path is a file: move it away, or choose/
      )
      rmSync(file)
      assert.strictEqual((yield* running).status, "Succeeded")
    }))

  it.live("has a database that is full tells so in the middle, and can be retried when there is space", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const client = yield* Layer.build(SqliteClient.layer({ filename: join(directory, "events.db") }))
      const log = yield* Effect.provideContext(EventLog.makeSql, client)
      const sql = Context.get(client, SqlClient.SqlClient)
      const files = Layer.provide(
        IOManager.layerFileSystem({ directory: join(directory, "storage") }),
        NodeServices.layer
      )
      const [{ page_count: pages }] = (yield* sql`PRAGMA page_count`) as [{ readonly page_count: number }]
      const { computed, graph } = chain(120)
      yield* Effect.gen(function*() {
        yield* sql.unsafe(`PRAGMA max_page_count = ${pages + 20}`)
        const error = yield* Effect.flip(Runtime.run(graph))
        assert.strictEqual(error._tag, "EventLogError")
        assert.match(error.message, /^The event log could not be written: the disk is full, .*: free space, or remove/)
        // some were computed and recorded, some were computed and not recorded, some were not computed
        const known = new Set((yield* log.versions()).keys())
        const before = [...computed]
        assert.isAbove(known.size, 0)
        assert.isTrue(before.includes(0))
        const [dead] = yield* log.runs({})

        yield* sql.unsafe("PRAGMA max_page_count = 1000000")
        const retried = yield* Runtime.retry(graph, dead!.id)
        assert.strictEqual(retried.status, "Succeeded")
        before.forEach((count, n) =>
          assert.strictEqual(computed[n], known.has(`asset ${n}`) ? count : count + 1, `asset ${n}`)
        )
        assert.strictEqual((yield* log.versions()).size, 120)
      }).pipe(Effect.provide(files), Effect.provideService(EventLog.EventLog, log))
    }))

  it.live("is on a disk that takes no more ends, tells why, and can be gone on with", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const failed = yield* run(["assets", directory], undefined, "trap '' XFSZ; ulimit -f 1000")
      assert.strictEqual(failed.code, 1)
      assert.include(
        failed.lines[1],
        "The event log could not be written: the disk failed to read or write: check the disk, and that it is a local one"
      )
      const before = yield* inspect("assets", directory)
      assert.strictEqual(before.runs.length, 1)
      const ended = yield* run(["assets", directory])
      assert.deepStrictEqual([ended.code, ended.lines, ended.stderr], [0, ["opening", "Succeeded"], ""])
      const { computed } = yield* inspect("assets", directory)
      for (const cell of before.materialized.keys()) {
        assert.strictEqual(computed.get(cell), before.computed.get(cell), cell)
      }
    }), long)
})
