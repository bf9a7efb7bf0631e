import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, Metadata, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { materialized } from "./fixtures/events.ts"

const started = (runId: string, keys: ReadonlyArray<string> = []): EventLog.Event => ({
  _tag: "RunStarted",
  runId,
  timestamp: 0,
  keys,
  tags: {}
})

const skipped = (runId: string, key: string): EventLog.Event => ({
  _tag: "AssetSkipped",
  runId,
  timestamp: 1,
  key,
  reason: { _tag: "NoOutput" }
})

const finished = (runId: string): EventLog.Event => ({
  _tag: "RunFinished",
  runId,
  timestamp: 2,
  status: "Succeeded",
  durationMillis: 2
})

const events: ReadonlyArray<EventLog.Event> = [
  started("one", ["a", "b"]),
  materialized("one", "a"),
  started("two", ["a", "b"]),
  materialized("one", "b"),
  finished("one"),
  skipped("two", "a"),
  materialized("two", "b"),
  finished("two")
]

const filled = Effect.tap(EventLog.makeMemory, (log) => log.append(events))

/** The places of the events that a filter lets through. */
const places = (log: EventLog.Service, filter: EventLog.EventFilter) =>
  Effect.map(
    Stream.runCollect(log.events(filter)),
    (found) =>
      found.map(({ cursor: _, ...event }) =>
        events.findIndex((known) => JSON.stringify(known) === JSON.stringify(event))
      )
  )

describe("the log in memory", () => {
  it.effect("gives back what was appended, the oldest first", () =>
    Effect.gen(function*() {
      const log = yield* filled
      const found = yield* Stream.runCollect(log.events({}))
      assert.deepStrictEqual(found.map(({ cursor: _, ...event }) => event) as ReadonlyArray<unknown>, events)
      const cursors = found.map(({ cursor }) => cursor)
      assert.deepStrictEqual(cursors, [...cursors].sort((a, b) => a - b))
      assert.strictEqual(new Set(cursors).size, events.length)
    }))

  it.effect("filters by run, asset and kind, and all that is given must hold", () =>
    Effect.gen(function*() {
      const log = yield* filled
      assert.deepStrictEqual(yield* places(log, { runId: "one" }), [0, 1, 3, 4])
      assert.deepStrictEqual(yield* places(log, { keys: ["a"] }), [1, 5])
      assert.deepStrictEqual(yield* places(log, { keys: ["a", "b"], tags: ["AssetMaterialized"] }), [1, 3, 6])
      assert.deepStrictEqual(yield* places(log, { tags: ["RunFinished", "RunStarted"] }), [0, 2, 4, 7])
      assert.deepStrictEqual(yield* places(log, { runId: "two", keys: ["b"], tags: ["AssetMaterialized"] }), [6])
      assert.deepStrictEqual(yield* places(log, { runId: "three" }), [])
      // events of no asset are not events of these assets; no kinds are not all kinds
      assert.deepStrictEqual(yield* places(log, { keys: [] }), [])
      assert.deepStrictEqual(yield* places(log, { tags: [] }), [])
    }))

  it.effect("is read in pages", () =>
    Effect.gen(function*() {
      const log = yield* filled
      for (const limit of [1, 2, 3, 8, 9]) {
        for (const filter of [{}, { tags: ["AssetMaterialized"] }, { runId: "two" }] as const) {
          const whole = yield* Stream.runCollect(log.events(filter))
          const paged: Array<EventLog.LoggedEvent> = []
          while (true) {
            const page: ReadonlyArray<EventLog.LoggedEvent> = yield* Stream.runCollect(
              log.events({ ...filter, limit, after: paged.at(-1)?.cursor })
            )
            assert.isAtMost(page.length, limit)
            if (page.length === 0) break
            paged.push(...page)
          }
          assert.deepStrictEqual(paged, whole)
        }
      }
      assert.deepStrictEqual(yield* places(log, { limit: 0 }), [])
      assert.deepStrictEqual(yield* places(log, { after: 1_000_000 }), [])
    }))

  it.effect("is followed from a cursor on", () =>
    Effect.gen(function*() {
      const log = yield* filled
      const last = (yield* Stream.runCollect(log.events({}))).at(-1)!
      assert.deepStrictEqual(yield* Stream.runCollect(log.events({ after: last.cursor })), [])
      yield* log.append([skipped("three", "a")])
      const [next] = yield* Stream.runCollect(log.events({ after: last.cursor }))
      assert.isTrue(next !== undefined && "runId" in next && next.runId === "three" && next.cursor > last.cursor)
    }))

  it.effect("knows the latest materialization of each asset, and not its skips", () =>
    Effect.gen(function*() {
      const log = yield* filled
      const latest = yield* log.latest(["a", "b", "c"])
      assert.deepStrictEqual([...latest].map(([key, event]) => [key, event.runId]), [["a", "one"], ["b", "two"]])
      assert.deepStrictEqual([...yield* log.latest([])], [])
    }))

  it.effect("does not share what was appended with a page that is being read", () =>
    Effect.gen(function*() {
      const log = yield* filled
      // a reader that is slow sees what is appended meanwhile, once
      const seen: Array<number> = []
      yield* Stream.runForEach(log.events({ limit: 10 }), ({ cursor }) => {
        seen.push(cursor)
        return seen.length === 1 ? log.append([started("late")]) : Effect.void
      })
      assert.strictEqual(new Set(seen).size, seen.length)
    }))
})

describe("events", () => {
  const json = Schema.fromJsonString(Schema.toCodecJson(EventLog.Event))

  it.effect.prop("survive JSON", [Arbitrary.schema(EventLog.Event)], ([event]) =>
    Effect.gen(function*() {
      const text = yield* Schema.encodeEffect(json)(event)
      // minus zero is zero in JSON, so the texts are compared
      const again = yield* Schema.decodeEffect(json)(text)
      assert.strictEqual(yield* Schema.encodeEffect(json)(again), text)
      assert.strictEqual(again._tag, event._tag)
    }), { arbitrary: { runs: 300, seed: 1 } })

  it.effect("of a run survive JSON, whatever its assets told", () =>
    Effect.gen(function*() {
      const circular: { self?: unknown } = {}
      circular.self = circular
      const told = Asset.make("told", {
        codeVersion: "1",
        compute: () =>
          Asset.step(
            "step",
            Effect.succeed(
              Asset.output(1, {
                metadata: {
                  text: "é\u0000",
                  number: -0.5,
                  none: null,
                  at: new Date(0),
                  link: new URL("https://example.com/?q=1"),
                  list: [1, { deep: [null] }],
                  table: Metadata.table([{ n: 1 }])
                }
              })
            )
          )
      })
      const fails = Asset.make("fails", Effect.fail({ _tag: "Odd", circular }))
      const dies = Asset.make("dies", Effect.die("text"))
      const after = Asset.make("after", { inputs: { told, fails }, compute: () => Effect.succeed(1) })
      const maybe = Asset.make("maybe", { compute: () => Effect.succeed(Asset.output(null)) })
      yield* Runtime.run(Graph.make({ told, fails, dies, after, maybe }), { tags: { by: "test" } })
      const log = yield* EventLog.EventLog
      const recorded = yield* Stream.runCollect(log.events({}))
      assert.strictEqual(recorded.length, 7)
      for (const { cursor: _, ...event } of recorded) {
        const text = yield* Schema.encodeEffect(json)(event as EventLog.Event)
        assert.deepStrictEqual((yield* Schema.decodeEffect(json)(text)) as unknown, event)
      }
    }).pipe(Effect.provide([IOManager.layerMemory, EventLog.layerMemory])))

  it("tell how an append failed", () => {
    const error = new EventLog.EventLogError({ operation: "append", cause: new Error("disk full") })
    assert.strictEqual(error.message, "The event log could not be written: disk full")
    assert.strictEqual(
      new EventLog.EventLogError({ operation: "read", cause: "gone" }).message,
      "The event log could not be read: gone"
    )
  })
})
