import type { DateTime, Effect, Option } from "effect"
import { Partitions } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

const days = Partitions.daily({ start: "2024-01-01" })
const regions = Partitions.fixed(["us", "eu"])
const customers = Partitions.dynamic("customers")
const sales = Partitions.product({ day: days, region: regions })
const visits = Partitions.product({ day: days, customer: customers })

describe("what a program is told of its partition", () => {
  it("is a window with its times", () => {
    expectTypeOf<Partitions.Partition<typeof days>>().toEqualTypeOf<Partitions.TimeWindow>()
    expectTypeOf<Partitions.TimeWindow["start"]>().toEqualTypeOf<DateTime.Zoned>()
    for (const set of [Partitions.hourly, Partitions.weekly, Partitions.monthly]) {
      expectTypeOf(set({ start: "2024-01-01" })).toEqualTypeOf<Partitions.TimeWindows>()
    }
    expectTypeOf(Partitions.cron("0 * * * *", { start: "2024-01-01" })).toEqualTypeOf<Partitions.TimeWindows>()
  })

  it("is one of the fixed keys", () => {
    expectTypeOf<Partitions.Partition<typeof regions>>().toEqualTypeOf<"us" | "eu">()
    expectTypeOf(regions.keys).toEqualTypeOf<ReadonlyArray<"us" | "eu">>()
    const names: ReadonlyArray<string> = ["a"]
    expectTypeOf<Partitions.Partition<ReturnType<typeof Partitions.fixed<string>>>>().toEqualTypeOf<string>()
    expectTypeOf(Partitions.fixed(names)).toEqualTypeOf<Partitions.Fixed<string>>()
  })

  it("is text for dynamic keys", () => {
    expectTypeOf<Partitions.Partition<typeof customers>>().toEqualTypeOf<string>()
  })

  it("is a record for products", () => {
    expectTypeOf<Partitions.Partition<typeof sales>>().toEqualTypeOf<
      { readonly day: Partitions.TimeWindow; readonly region: "us" | "eu" }
    >()
    expectTypeOf<Partitions.Partition<typeof visits>>().toEqualTypeOf<
      { readonly day: Partitions.TimeWindow; readonly customer: string }
    >()
    // @ts-expect-error a product has no products
    Partitions.product({ sales })
    // @ts-expect-error what is no set is no dimension
    Partitions.product({ region: ["us"] })
  })
})

describe("the keys of a set", () => {
  type Keys = ReadonlyArray<string>

  it("need nothing and cannot fail, but for dynamic ones", () => {
    expectTypeOf<Partitions.Services<typeof days>>().toEqualTypeOf<never>()
    expectTypeOf<Partitions.Services<typeof sales>>().toEqualTypeOf<never>()
    expectTypeOf<Partitions.Services<typeof visits>>().toEqualTypeOf<Partitions.DynamicKeys>()
    expectTypeOf(Partitions.keys(days)).toEqualTypeOf<Effect.Effect<Keys>>()
    expectTypeOf(Partitions.keys(regions)).toEqualTypeOf<Effect.Effect<Keys>>()
    expectTypeOf(Partitions.keys(sales)).toEqualTypeOf<Effect.Effect<Keys>>()
    expectTypeOf(Partitions.latest(days)).toEqualTypeOf<Effect.Effect<Keys>>()
    expectTypeOf(Partitions.keys(customers)).toEqualTypeOf<
      Effect.Effect<Keys, Partitions.DynamicKeysError, Partitions.DynamicKeys>
    >()
    expectTypeOf(Partitions.keys(visits)).toEqualTypeOf<
      Effect.Effect<Keys, Partitions.DynamicKeysError, Partitions.DynamicKeys>
    >()
  })

  it("are asked for in both styles", () => {
    expectTypeOf(Partitions.has(days, "2024-01-01")).toEqualTypeOf<Effect.Effect<boolean>>()
    expectTypeOf(days.pipe(Partitions.has("2024-01-01"))).toEqualTypeOf<Effect.Effect<boolean>>()
    expectTypeOf(customers.pipe(Partitions.next("ada"))).toEqualTypeOf<
      Effect.Effect<Option.Option<string>, Partitions.DynamicKeysError, Partitions.DynamicKeys>
    >()
    expectTypeOf(Partitions.range(days, { from: "2024-01-01", to: "2024-01-02" })).toEqualTypeOf<
      Effect.Effect<Keys, Partitions.PartitionsError>
    >()
    expectTypeOf(days.pipe(Partitions.window("2024-01-01"))).toEqualTypeOf<Option.Option<Partitions.TimeWindow>>()
    // @ts-expect-error fixed keys have no windows
    Partitions.window(regions, "us")
  })

  it("of any set are those of a more general one", () => {
    expectTypeOf(days).toExtend<Partitions.Any>()
    expectTypeOf(visits).toExtend<Partitions.Any>()
    expectTypeOf(regions).toExtend<Partitions.Fixed<string>>()
    expectTypeOf(regions).not.toExtend<Partitions.Partitions<"us">>()
    expectTypeOf(customers).not.toExtend<Partitions.Partitions<string>>()
  })
})

describe("constructors", () => {
  it("take the offsets that make sense", () => {
    // @ts-expect-error hours start at a minute
    Partitions.hourly({ start: "2024-01-01", hourOffset: 1 })
    // @ts-expect-error days start at an hour and a minute
    Partitions.daily({ start: "2024-01-01", dayOffset: 1 })
    // @ts-expect-error there is a start
    Partitions.daily({ end: "2024-01-01" })
    Partitions.daily({ start: new Date(), end: undefined, timeZone: undefined })
  })
})
