import { Effect, Option, Schema } from "effect"
import {
  Asset,
  Check,
  type EventLog,
  Graph,
  type IOManager,
  PartitionMapping,
  Partitions,
  Runtime
} from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

const days = Partitions.daily({ start: "2024-01-01" })
const regions = Partitions.fixed(["us", "eu"])
const customers = Partitions.dynamic("customers")
const cells = Partitions.product({ day: days, region: regions })

const rain = Asset.make("rain", { partitions: days, compute: () => Effect.succeed(1) })
const sales = Asset.make("sales", { partitions: regions, compute: () => Effect.succeed("sold") })
const visits = Asset.make("visits", { partitions: customers, compute: () => Effect.succeed(true) })
const cell = Asset.make("cell", { partitions: cells, compute: () => Effect.succeed(1) })
const whole = Asset.make("whole", { compute: () => Effect.succeed(1) })

describe("the program of an asset with partitions", () => {
  it("is told which one it computes", () => {
    Asset.make("a", {
      partitions: days,
      *compute(_, { partition, partitionKey }) {
        expectTypeOf(partition).toEqualTypeOf<Partitions.TimeWindow>()
        expectTypeOf(partitionKey).toEqualTypeOf<string>()
      }
    })
    Asset.make("b", {
      partitions: cells,
      compute: (_, { partition }) => {
        expectTypeOf(partition.day).toEqualTypeOf<Partitions.TimeWindow>()
        expectTypeOf(partition.region).toEqualTypeOf<"us" | "eu">()
        return Effect.void
      }
    })
    Asset.make("c", {
      compute: (_, { partition, partitionKey }) => {
        expectTypeOf(partition).toEqualTypeOf<undefined>()
        expectTypeOf(partitionKey).toEqualTypeOf<undefined>()
        return Effect.void
      }
    })
    Asset.multi("multi", {
      partitions: regions,
      outputs: { x: {}, y: {} },
      compute: (_, { partition }) => {
        expectTypeOf(partition).toEqualTypeOf<"us" | "eu">()
        return Effect.succeed({ x: 1, y: 2 })
      }
    })
  })

  it("has to be told when it is called by hand", () => {
    sales.compute({}, { partition: "us" })
    // @ts-expect-error which region?
    sales.compute({})
    // @ts-expect-error there is no such region
    sales.compute({}, { partition: "uk" })
    // @ts-expect-error an asset without partitions has none to be told
    whole.compute({}, { partition: "us" })
  })

  it("takes no more than the program does, but for dynamic keys", () => {
    expectTypeOf<Asset.Services<typeof rain>>().toEqualTypeOf<IOManager.IOManager>()
    expectTypeOf<Asset.Services<typeof visits>>().toEqualTypeOf<IOManager.IOManager | Partitions.DynamicKeys>()
    const run = Runtime.run(Graph.make({ visits }))
    expectTypeOf<Effect.Services<typeof run>>().toEqualTypeOf<
      IOManager.IOManager | EventLog.EventLog | Partitions.DynamicKeys
    >()
  })
})

describe("an input with partitions", () => {
  it("is a value for an asset with partitions, or a map by key", () => {
    Asset.make("a", {
      partitions: regions,
      inputs: { sales, all: Asset.partitions(sales), rain: Asset.partitions(rain), cell: Asset.partitions(cell) },
      compute: ({ all, cell, rain, sales }) => {
        expectTypeOf(sales).toEqualTypeOf<string>()
        expectTypeOf(all).toEqualTypeOf<ReadonlyMap<"us" | "eu", string>>()
        expectTypeOf(rain).toEqualTypeOf<ReadonlyMap<string, number>>()
        expectTypeOf(cell).toEqualTypeOf<ReadonlyMap<string, number>>()
        return Effect.void
      }
    })
  })

  it("has to be wrapped in an asset without partitions", () => {
    Asset.make("a", {
      inputs: {
        sales: Asset.partitions(sales),
        us: Asset.partition(sales, "us"),
        last: Asset.partition(rain, PartitionMapping.last)
      },
      compute: ({ last, sales, us }) => {
        expectTypeOf(sales).toEqualTypeOf<ReadonlyMap<"us" | "eu", string>>()
        expectTypeOf(us).toEqualTypeOf<string>()
        expectTypeOf(last).toEqualTypeOf<number>()
        return Effect.void
      }
    })
    Asset.make("b", {
      inputs: { sales },
      compute: ({ sales }) => {
        expectTypeOf(sales).toEqualTypeOf<Asset.UnchosenPartition>()
        // @ts-expect-error which region? The value says how to choose
        return Effect.succeed(sales.length)
      }
    })
    // what is only waited for needs no choice
    Asset.make("c", { deps: [sales, Asset.partitions(rain)], compute: () => Effect.void })
  })

  it("is wrapped in any order", () => {
    Asset.make("a", {
      inputs: {
        optional: Asset.optional(Asset.partitions(sales)),
        partitions: Asset.partitions(Asset.lastValue(sales)),
        one: Asset.optional(Asset.partition(rain, PartitionMapping.last)),
        other: Asset.optional(Asset.lastValue(Asset.partition(rain, PartitionMapping.last)))
      },
      compute: ({ one, optional, other, partitions }) => {
        expectTypeOf(optional).toEqualTypeOf<Option.Option<ReadonlyMap<"us" | "eu", string>>>()
        expectTypeOf(partitions).toEqualTypeOf<ReadonlyMap<"us" | "eu", string>>()
        expectTypeOf(one).toEqualTypeOf<Option.Option<number>>()
        expectTypeOf(other).toEqualTypeOf<Option.Option<number>>()
        return Effect.void
      }
    })
  })

  it("has partitions", () => {
    // @ts-expect-error whole has none
    Asset.partitions(whole)
    // @ts-expect-error whole has none
    Asset.partition(whole, "us")
    // @ts-expect-error there is no such region
    Asset.partition(sales, "uk")
  })

  it("takes the mappings that fit it", () => {
    const before = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 })
    Asset.partition(rain, before)
    Asset.partitions(cell, { mapping: before })
    Asset.partitions(rain, { mapping: PartitionMapping.fixed({ "2024-01-01": "us" }) })
    Asset.partitions(sales, { mapping: PartitionMapping.fixed({ us: "america" }) })
    Asset.partitions(visits, { mapping: PartitionMapping.identity })
    Asset.partitions(cell, { mapping: PartitionMapping.dimension("day", before) })
    Asset.partitions(cell, { mapping: PartitionMapping.product({ today: { dimension: "day" } }) })
    for (const any of [PartitionMapping.all, PartitionMapping.last, PartitionMapping.specific(["us"])]) {
      Asset.partitions(sales, { mapping: any })
      Asset.partition(cell, any)
    }
    // @ts-expect-error regions are no time windows
    Asset.partitions(sales, { mapping: before })
    // @ts-expect-error nor one of them
    Asset.partition(sales, before)
    // @ts-expect-error days are no product
    Asset.partitions(rain, { mapping: PartitionMapping.product({ day: { dimension: "day" } }) })
    // @ts-expect-error the product has no such dimension
    Asset.partitions(cell, { mapping: PartitionMapping.product({ day: { dimension: "dya" } }) })
    // @ts-expect-error a product is not mapped key by key
    Asset.partitions(cell, { mapping: PartitionMapping.fixed({ us: "us" }) })
    // where the types are not known, only the graph can tell
    const [asset, mapping] = [rain as Asset.Any, before as PartitionMapping.PartitionMapping]
    Asset.partitions(asset, { mapping: before })
    Asset.partitions(sales, { mapping })
  })

  it("tells in the message how to choose", () => {
    type Way = Asset.UnchosenPartition<"wrap this input in Asset.partitions(…) or Asset.partition(…)">
    Asset.make("a", {
      inputs: { sales, whole, optional: Asset.optional(sales) },
      compute: (inputs) => {
        expectTypeOf(inputs.sales).toEqualTypeOf<Way>()
        expectTypeOf(inputs.optional).toEqualTypeOf<Way>()
        // the others are what they are
        expectTypeOf(inputs.whole).toEqualTypeOf<number>()
        return Effect.void
      }
    })
    Asset.multi("m", {
      outputs: { x: {} },
      inputs: { sales },
      compute: (inputs) => {
        expectTypeOf(inputs.sales).toEqualTypeOf<Way>()
        return Effect.succeed({ x: 1 })
      }
    })
    // of an asset of any type it is not known
    Asset.make("b", {
      inputs: { any: sales as Asset.Any },
      compute: ({ any }) => {
        expectTypeOf(any).toEqualTypeOf<unknown>()
        return Effect.void
      }
    })
  })

  it("may be an earlier partition of the asset itself, or one of an external asset", () => {
    const external = Asset.external("external", { partitions: regions, schema: Schema.Number })
    const level = Asset.make("level", {
      partitions: regions,
      inputs: { before: Asset.previous(Schema.Number), external },
      compute: ({ before, external }) => {
        expectTypeOf(before).toEqualTypeOf<Option.Option<number>>()
        expectTypeOf(external).toEqualTypeOf<number>()
        return Effect.succeed(Option.getOrElse(before, () => external))
      }
    })
    expectTypeOf<Asset.Upstream<typeof level>>().toEqualTypeOf<never>()
    Graph.make({ level })
  })
})

describe("what is done with partitions", () => {
  it("names them by key", () => {
    expectTypeOf(Runtime.load(sales, { partition: "us" })).toEqualTypeOf<
      Effect.Effect<string, IOManager.IOManagerError, IOManager.IOManager>
    >()
    Runtime.load(rain, { partition: "2024-01-01" })
    Runtime.load(cell, { partition: "2024-01-01|us" })
    Runtime.load(whole)
    // @ts-expect-error which region?
    Runtime.load(sales)
    // @ts-expect-error there is no such region
    Runtime.load(sales, { partition: "uk" })
    // @ts-expect-error an asset without partitions has none
    Runtime.load(whole, { partition: "us" })
  })

  it("judges one at a time", () => {
    Check.make("some", {
      asset: sales,
      check: (value, { partition, partitionKey }) => {
        expectTypeOf(value).toEqualTypeOf<string>()
        expectTypeOf(partition).toEqualTypeOf<"us" | "eu">()
        expectTypeOf(partitionKey).toEqualTypeOf<string>()
        return Effect.succeed(true)
      }
    })
  })

  it("judges one with further inputs, which a check without partitions has to choose", () => {
    Check.make("same", {
      asset: sales,
      inputs: { sales },
      check: (value, { inputs }) => {
        expectTypeOf(inputs.sales).toEqualTypeOf<string>()
        return Effect.succeed(value === inputs.sales)
      }
    })
    Check.make("unchosen", {
      asset: whole,
      inputs: { sales },
      // @ts-expect-error which region?
      check: (_, { inputs }) => Effect.succeed(inputs.sales.length > 0)
    })
    Check.make("chosen", {
      asset: whole,
      inputs: { sales: Asset.partition(sales, "us"), all: Asset.partitions(sales) },
      check: (_, { inputs }) => Effect.succeed(inputs.sales.length > 0 && inputs.all.size > 0)
    })
  })

  it("tells what became of each", () => {
    const failing = Asset.make("failing", { partitions: regions, compute: () => Effect.fail("why" as const) })
    Effect.map(Runtime.run(Graph.make({ failing, whole })), (run) => {
      expectTypeOf(run.partitions.failing).toEqualTypeOf<ReadonlyMap<string, Runtime.Outcome<"why">> | undefined>()
    })
    Runtime.run(Graph.make({ failing }), { partitions: "all" })
    Runtime.run(Graph.make({ failing }), { partitions: { from: "us", to: "eu" } })
    Runtime.run(Graph.make({ failing }), { partitions: ["us"] })
    // @ts-expect-error a range has two ends
    Runtime.run(Graph.make({ failing }), { partitions: { from: "us" } })
  })

  it("is kept by graphs that are put together", () => {
    const graph = Graph.prefix(Graph.make({ sales, cell }), "team")
    expectTypeOf<Asset.Partition<typeof graph.assets.sales>>().toEqualTypeOf<"us" | "eu">()
    Runtime.load(graph.assets.sales, { partition: "us" })
  })
})
