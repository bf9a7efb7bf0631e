import { assertType, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, pipe, type Schema } from "effect"
import { Asset, Check, Condition, Graph } from "effect-assets"

const orders = Asset.make("orders", Effect.succeed([1]))

describe("Condition", () => {
  it("is plain data, whatever it is made of", () => {
    expectTypeOf(Condition.eager()).toEqualTypeOf<Condition.Condition>()
    expectTypeOf(Condition.and(Condition.missing, Condition.not(Condition.stale))).toEqualTypeOf<Condition.Condition>()
    expectTypeOf(Condition.Condition).toExtend<Schema.Codec<Condition.Condition>>()
    assertType<Condition.Condition>({ _tag: "Not", of: { _tag: "Missing" } })
    // @ts-expect-error there is no such condition
    assertType<Condition.Condition>({ _tag: "Absent" })
  })

  it("can be piped", () => {
    const condition = pipe(
      Condition.eager(),
      Condition.without(Condition.inLatestTimeWindow()),
      Condition.replace("anyDepsMissing", Condition.anyDepsMatch(Condition.stale)),
      Condition.ignore("group:raw"),
      Condition.label("mine")
    )
    expectTypeOf(condition).toEqualTypeOf<Condition.Condition>()
  })

  it("has at least one operand", () => {
    // @ts-expect-error nothing is no condition
    Condition.and()
    // @ts-expect-error nothing is no condition
    Condition.or()
  })

  it("changes nothing in the type of an asset, an output, an external asset or a check", () => {
    const plain = Asset.make("total", { inputs: { orders }, compute: ({ orders }) => Effect.succeed(orders.length) })
    const automated = Asset.make("total", {
      inputs: { orders },
      automation: Condition.eager(),
      compute: ({ orders }) => {
        expectTypeOf(orders).toEqualTypeOf<Array<number>>()
        return Effect.succeed(orders.length)
      }
    })
    expectTypeOf(automated).toEqualTypeOf<typeof plain>()
    const prices = Asset.multi("prices", {
      outputs: { open: { automation: Condition.onMissing() }, close: {} },
      compute: () => Effect.succeed({ open: 1, close: "2" })
    })
    expectTypeOf<Asset.Value<typeof prices.assets.open>>().toEqualTypeOf<number>()
    const source = Asset.external("source", {
      observe: Effect.succeed("1"),
      automation: Condition.onCron("@daily")
    })
    const check = Check.make("some", {
      asset: automated,
      automation: Condition.eager(),
      check: (total) => {
        expectTypeOf(total).toEqualTypeOf<number>()
        return Effect.succeed(total > 0)
      }
    })
    expectTypeOf(Graph.make({ orders, automated, source, check, prices }).assets.automated.automation).toEqualTypeOf<
      Condition.Condition | undefined
    >()
  })

  it("takes data, and no function", () => {
    // @ts-expect-error a condition is data
    Asset.make("a", { automation: () => true, compute: () => Effect.succeed(1) })
  })

  it("selects by text, by keys or by a selection", () => {
    expectTypeOf(Condition.anyDepsMatch).parameter(1).toEqualTypeOf<Condition.DepsOptions | undefined>()
    // @ts-expect-error a number selects nothing
    Condition.anyDepsMatch(Condition.missing, { allow: 1 })
  })

  it("knows the states of freshness", () => {
    // @ts-expect-error there is no such state
    Condition.freshness("Old")
  })
})
