import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { AutomationStore, EventLog } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"
import { storeSuite } from "./fixtures/automationStoreSuite.ts"

storeSuite(
  "in memory",
  (name, test) => it.effect(name, test),
  Effect.map(Layer.build(Layer.fresh(EventLog.layerMemory)), (context) => ({
    open: Effect.succeed(Context.get(context, AutomationStore.AutomationStore)),
    expire: () => TestClock.adjust("10 seconds")
  }))
)

describe("requests", () => {
  const json = Schema.fromJsonString(Schema.toCodecJson(AutomationStore.Request))

  it.effect.prop("survive JSON", [Arbitrary.schema(AutomationStore.Request)], ([request]) =>
    Effect.gen(function*() {
      const text = yield* Schema.encodeEffect(json)(request)
      const again = yield* Schema.decodeEffect(json)(text)
      assert.strictEqual(yield* Schema.encodeEffect(json)(again), text)
    }), { arbitrary: { runs: 200, seed: 1 } })

  it.effect("cannot be changed once they are recorded", () =>
    Effect.gen(function*() {
      const store = yield* AutomationStore.makeMemory
      const keys = ["a"]
      yield* store.enqueue([{ keys }])
      keys.push("b")
      assert.deepStrictEqual((yield* store.queue())[0]?.request.keys, ["a"])
    }))
})

describe("errors", () => {
  it("tell what could not be done", () => {
    const error = new AutomationStore.AutomationStoreError({ operation: "write", cause: new Error("disk full") })
    assert.strictEqual(error.message, "The state of automation could not be written: disk full")
    assert.strictEqual(
      new AutomationStore.AutomationStoreError({ operation: "read", cause: "gone" }).message,
      "The state of automation could not be read: gone"
    )
  })
})
