import { Context, Effect, Option, Schema } from "effect"
import { Asset, Check, type EventLog, Graph, type IOManager, Partitions, Runtime } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

class Failure extends Schema.TaggedError<Failure>()("Failure", {}) {}
class Limits extends Context.Service<Limits, { readonly most: number }>()("test/Limits") {}
class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("test/Warehouse") {}

const rows = Asset.make("shop/rows", Effect.succeed([1, 2]))
const wide = Asset.make("wide", { ioManager: Warehouse, compute: () => Effect.succeed("text") })
const days = Partitions.fixed(["mon", "tue"])
const daily = Asset.make("daily", { partitions: days, compute: () => Effect.succeed(Option.some(Asset.output(1))) })
const table = Asset.make("table", { compute: () => Effect.void })

describe("Check.make", () => {
  it("knows its name, its asset, and the value it is given", () => {
    const some = Check.make("some", {
      asset: rows,
      check: (value, context) => {
        expectTypeOf(value).toEqualTypeOf<Array<number>>()
        expectTypeOf(context.inputs).toEqualTypeOf<{}>()
        expectTypeOf(context.partition).toEqualTypeOf<undefined>()
        expectTypeOf(context.partitionKey).toEqualTypeOf<undefined>()
        expectTypeOf(context.target).toEqualTypeOf<Check.Target | undefined>()
        return Effect.succeed(true)
      }
    })
    expectTypeOf(some.name).toEqualTypeOf<"some">()
    expectTypeOf<Check.Upstream<typeof some>>().toEqualTypeOf<"shop/rows">()
    expectTypeOf<Check.Error<typeof some>>().toEqualTypeOf<never>()
    expectTypeOf<Check.Services<typeof some>>().toEqualTypeOf<IOManager.IOManager>()
  })

  it("infers errors and services of an effect, a function and a generator method", () => {
    const effect = Check.make("effect", {
      asset: rows,
      check: Effect.flatMap(Limits, ({ most }) => most > 0 ? Effect.succeed(true) : Effect.fail(new Failure()))
    })
    const fromFunction = Check.make("function", {
      asset: rows,
      check: (rows) => Effect.map(Limits, ({ most }) => ({ passed: rows.length < most, metadata: { most } }))
    })
    const fromGenerator = Check.make("generator", {
      asset: rows,
      *check(rows) {
        if (rows.length === 0) return yield* new Failure()
        return rows.length < (yield* Limits).most
      }
    })
    // a program that is not given the value does not need its storage
    expectTypeOf<Check.Services<typeof effect>>().toEqualTypeOf<Limits>()
    expectTypeOf<Check.Error<typeof effect>>().toEqualTypeOf<Failure>()
    expectTypeOf<Check.Services<typeof fromFunction>>().toEqualTypeOf<Limits | IOManager.IOManager>()
    expectTypeOf<Check.Error<typeof fromFunction>>().toEqualTypeOf<never>()
    expectTypeOf<Check.Services<typeof fromGenerator>>().toEqualTypeOf<Limits | IOManager.IOManager>()
    expectTypeOf<Check.Error<typeof fromGenerator>>().toEqualTypeOf<Failure>()
  })

  it("needs the storage of what it reads, and no other", () => {
    const text = Check.make("text", { asset: wide, check: (value) => Effect.succeed(value.length > 0) })
    const compared = Check.make("compared", {
      asset: table,
      inputs: { wide, maybe: Asset.optional(rows), days: Asset.partitions(daily) },
      check: (value, { inputs }) => {
        expectTypeOf(value).toEqualTypeOf<void>()
        expectTypeOf(inputs.wide).toEqualTypeOf<string>()
        expectTypeOf(inputs.maybe).toEqualTypeOf<Option.Option<Array<number>>>()
        expectTypeOf(inputs.days).toEqualTypeOf<ReadonlyMap<"mon" | "tue", number>>()
        return Effect.succeed(true)
      }
    })
    expectTypeOf<Check.Services<typeof text>>().toEqualTypeOf<Warehouse>()
    expectTypeOf<Check.Services<typeof compared>>().toEqualTypeOf<Warehouse | IOManager.IOManager>()
    expectTypeOf<Check.Upstream<typeof compared>>().toEqualTypeOf<"table" | "wide" | "shop/rows" | "daily">()
  })

  it("is given the value of a partition, and its key", () => {
    Check.make("positive", {
      asset: daily,
      check: (value, { partition, partitionKey }) => {
        expectTypeOf(value).toEqualTypeOf<number>()
        expectTypeOf(partition).toEqualTypeOf<"mon" | "tue">()
        expectTypeOf(partitionKey).toEqualTypeOf<string>()
        return Effect.succeed(value > 0)
      }
    })
  })

  it("refuses what does not say whether all is well", () => {
    // @ts-expect-error a number is no result
    Check.make("number", { asset: rows, check: (rows) => Effect.succeed(rows.length) })
    // @ts-expect-error neither is it of an effect
    Check.make("effect", { asset: rows, check: Effect.succeed("passed") })
    // @ts-expect-error it says not whether it passed
    Check.make("metadata", { asset: rows, check: (rows) => Effect.succeed({ metadata: { rows: rows.length } }) })
    // @ts-expect-error there is no such severity
    Check.make("severity", { asset: rows, severity: "fatal", check: Effect.succeed(true) })
    // @ts-expect-error the value is an array of numbers
    Check.make("value", { asset: rows, check: (rows: ReadonlyArray<string>) => Effect.succeed(rows.length > 0) })
  })
})

describe("a graph", () => {
  const positive = Check.make("positive", {
    asset: rows,
    check: (rows) =>
      Effect.flatMap(Limits, ({ most }) => rows.length > most ? Effect.fail(new Failure()) : Effect.succeed(true))
  })
  const graph = Graph.make({ rows, positive })

  it("has what its checks need and how they fail", () => {
    expectTypeOf<keyof typeof graph.assets>().toEqualTypeOf<"rows">()
    expectTypeOf(Runtime.run(graph)).toEqualTypeOf<
      Effect.Effect<
        Runtime.Run<typeof graph.assets>,
        Runtime.RunError,
        Limits | IOManager.IOManager | EventLog.EventLog
      >
    >()
    expectTypeOf(Runtime.materialize(graph)).toEqualTypeOf<
      Effect.Effect<
        Runtime.Run<typeof graph.assets>,
        Failure | Runtime.RuntimeError,
        Limits | IOManager.IOManager | EventLog.EventLog
      >
    >()
    // @ts-expect-error the limits are missing
    Runtime.run(graph) satisfies Effect.Effect<unknown, unknown, IOManager.IOManager | EventLog.EventLog>
    expectTypeOf<Runtime.CheckFailedError>().toExtend<Runtime.RuntimeError>()
  })

  it("refuses a check without its asset, or without what it reads, and names the key", () => {
    // @ts-expect-error the asset is missing
    Graph.make({ positive })
    type Missing = Parameters<typeof Graph.make<{ readonly positive: typeof positive }>>[0]["positive"]
    expectTypeOf<Missing>().toExtend<Graph.MissingUpstream<"shop/rows">>()
    const compared = Check.make("compared", { asset: rows, inputs: { wide }, check: () => Effect.succeed(true) })
    // @ts-expect-error wide is missing
    Graph.make({ rows, compared })
    Graph.make({ rows, wide, compared })
  })

  it("takes a check of an external asset", () => {
    const source = Asset.external("source", { schema: Schema.Number })
    const there = Check.make("there", { asset: source, check: (value) => Effect.succeed(value > 0) })
    const graph = Graph.make({ there })
    expectTypeOf<Runtime.Services<typeof graph.assets, typeof there>>().toEqualTypeOf<
      IOManager.IOManager | EventLog.EventLog
    >()
  })

  it("keeps its checks when it is merged and prefixed", () => {
    const merged = Graph.merge(graph, Graph.make({ table }))
    const prefixed = Graph.prefix(merged, "tenant")
    for (const run of [Runtime.run(merged), Runtime.run(prefixed)] as const) {
      expectTypeOf<Effect.Services<typeof run>>().toEqualTypeOf<Limits | IOManager.IOManager | EventLog.EventLog>()
    }
    expectTypeOf<Effect.Error<ReturnType<typeof materialized>>>().toEqualTypeOf<Failure | Runtime.RuntimeError>()
    const materialized = () => Runtime.materialize(prefixed)
  })
})

describe("the checks of an asset's own program", () => {
  it("leave its value as it is", () => {
    const own = Asset.make("own", {
      checks: { positive: { blocking: true } },
      compute: () => Effect.succeed(Asset.output(1, { checks: { positive: { passed: true, metadata: { n: 1 } } } }))
    })
    expectTypeOf<Asset.Value<typeof own>>().toEqualTypeOf<number>()
    // @ts-expect-error a text is no result
    Asset.output(1, { checks: { positive: "yes" } })
  })
})
