import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, Metadata, Partitions, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { logSuite } from "./fixtures/logSuite.ts"

logSuite(
  "in memory",
  (name, test) => it.effect(name, test),
  Effect.map(
    Layer.build(Layer.fresh(EventLog.layerMemory)),
    (context) => ({
      open: Effect.succeed({
        log: Context.get(context, EventLog.EventLog),
        dynamicKeys: Context.get(context, Partitions.DynamicKeys)
      })
    })
  ),
  { durable: false }
)

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
