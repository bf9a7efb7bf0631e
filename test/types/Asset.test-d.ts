import { Context, type Duration, Effect, Option, Schedule, Schema } from "effect"
import { Asset, type IOManager, type Metadata } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

class Failure extends Schema.TaggedError<Failure>()("Failure", {}) {}
class Other extends Schema.TaggedError<Other>()("Other", {}) {}
class Api extends Context.Service<Api, { readonly get: Effect.Effect<number, Failure> }>()("test/Api") {}
class Warehouse extends Context.Service<Warehouse, IOManager.Service>()("test/Warehouse") {}

const numbers = Asset.make("numbers", Effect.succeed([1, 2, 3]))

describe("Asset.make", () => {
  it("infers key, value, error and services of an effect", () => {
    expectTypeOf(numbers.key).toEqualTypeOf<"numbers">()
    expectTypeOf<Asset.Value<typeof numbers>>().toEqualTypeOf<Array<number>>()
    expectTypeOf<Asset.Error<typeof numbers>>().toEqualTypeOf<never>()
    expectTypeOf<Asset.Services<typeof numbers>>().toEqualTypeOf<IOManager.IOManager>()
  })

  it("infers them of a function and of a generator method", () => {
    const fromFunction = Asset.make("a", {
      inputs: { numbers },
      compute: ({ numbers }) => Effect.flatMap(Api, (api) => Effect.map(api.get, (n) => n + numbers.length))
    })
    const fromGenerator = Asset.make("b", {
      inputs: { numbers },
      *compute({ numbers }) {
        const api = yield* Api
        if (numbers.length > 9) return yield* new Other()
        return (yield* api.get) + numbers.length
      }
    })
    expectTypeOf<Asset.Value<typeof fromFunction>>().toEqualTypeOf<number>()
    expectTypeOf<Asset.Error<typeof fromFunction>>().toEqualTypeOf<Failure>()
    expectTypeOf<Asset.Services<typeof fromFunction>>().toEqualTypeOf<Api | IOManager.IOManager>()
    expectTypeOf<Asset.Value<typeof fromGenerator>>().toEqualTypeOf<number>()
    expectTypeOf<Asset.Error<typeof fromGenerator>>().toEqualTypeOf<Failure | Other>()
    expectTypeOf<Asset.Services<typeof fromGenerator>>().toEqualTypeOf<Api | IOManager.IOManager>()
  })

  it("takes a value out of its Option and its Output", () => {
    const option = Asset.make("option", Effect.succeed(Option.none<string>()))
    const output = Asset.make("output", { compute: () => Effect.succeed(Asset.output(1, { metadata: { rows: 1 } })) })
    const both = Asset.make("both", {
      *compute() {
        return yield* Effect.succeed(Option.some(Asset.output(true)))
      }
    })
    const some = Asset.make("some", {
      inputs: { numbers },
      *compute({ numbers }) {
        return numbers.length > 2 ? Option.some(numbers[0]!) : Option.none()
      }
    })
    expectTypeOf<Asset.Value<typeof option>>().toEqualTypeOf<string>()
    expectTypeOf<Asset.Value<typeof output>>().toEqualTypeOf<number>()
    expectTypeOf<Asset.Value<typeof both>>().toEqualTypeOf<boolean>()
    expectTypeOf<Asset.Value<typeof some>>().toEqualTypeOf<number>()
  })

  it("needs no IO manager for a value that is void", () => {
    const done = Asset.make("done", { compute: () => Effect.void })
    expectTypeOf<Asset.Services<typeof done>>().toEqualTypeOf<never>()
    expectTypeOf<Asset.Storage<typeof done>>().toEqualTypeOf<never>()
  })

  it("needs the IO manager that it names, and those it reads from", () => {
    const table = Asset.make("table", { ioManager: Warehouse, compute: () => Effect.succeed(1) })
    const copy = Asset.make("copy", { inputs: { table }, compute: ({ table }) => Effect.succeed(table) })
    expectTypeOf<Asset.Services<typeof table>>().toEqualTypeOf<Warehouse>()
    expectTypeOf<Asset.Services<typeof copy>>().toEqualTypeOf<Warehouse | IOManager.IOManager>()
    expectTypeOf<Asset.Storage<typeof copy>>().toEqualTypeOf<IOManager.IOManager>()
  })

  it("has the keys of its upstream assets in its type", () => {
    const order = Asset.make("order", {
      inputs: { numbers },
      deps: [Asset.make("first", Effect.void)],
      compute: () => Effect.void
    })
    expectTypeOf<Asset.Upstream<typeof order>>().toEqualTypeOf<"numbers" | "first">()
    const external = Asset.make("external", { deps: [Asset.external("elsewhere")], compute: () => Effect.void })
    expectTypeOf<Asset.Upstream<typeof external>>().toEqualTypeOf<never>()
  })

  it("puts a prefix before the key", () => {
    expectTypeOf(Asset.make("a", { keyPrefix: "one/two", compute: () => Effect.void }).key).toEqualTypeOf<"one/two/a">()
    expectTypeOf(Asset.make("a", { keyPrefix: ["one", "two"], compute: () => Effect.void }).key).toEqualTypeOf<
      "one/two/a"
    >()
  })

  it("gives the program its configuration, decoded, and its key", () => {
    Asset.make("a", {
      keyPrefix: "x",
      config: Schema.Struct({ since: Schema.NumberFromString }),
      compute: (_, context) => {
        expectTypeOf(context.config).toEqualTypeOf<{ readonly since: number }>()
        expectTypeOf(context.key).toEqualTypeOf<string>()
        return Effect.void
      }
    })
  })

  it("holds the value to its schema", () => {
    const typed = Asset.make("typed", { schema: Schema.Array(Schema.Number), compute: () => Effect.succeed([1]) })
    expectTypeOf<Asset.Value<typeof typed>>().toEqualTypeOf<ReadonlyArray<number>>()
    Asset.make("option", { schema: Schema.Number, compute: () => Effect.succeed(Option.some(1)) })
    Asset.make("output", { schema: Schema.Number, compute: () => Effect.succeed(Asset.output(1)) })
    // @ts-expect-error a string is no number
    Asset.make("wrong", { schema: Schema.Number, compute: () => Effect.succeed("1") })
    // @ts-expect-error nor is it in an Option
    Asset.make("wrong", { schema: Schema.Number, compute: () => Effect.succeed(Option.some("1")) })
    Asset.make("wrong", {
      schema: Schema.Number,
      // @ts-expect-error nor from a generator
      *compute() {
        return yield* Effect.succeed("1")
      }
    })
  })

  it("refuses what is no asset as an input, and unknown options", () => {
    // @ts-expect-error a number is not an asset
    Asset.make("a", { inputs: { one: 1 }, compute: () => Effect.void })
    // @ts-expect-error compute returns an Effect
    Asset.make("a", { compute: () => 1 })
    // @ts-expect-error there is no such option
    Asset.make("a", { compute: () => Effect.void, grup: "x" })
    // @ts-expect-error metadata is JSON or a value of the Metadata module
    Asset.make("a", { compute: () => Effect.void, metadata: { f: () => 1 } })
  })

  it("works in a factory that does not know the types", () => {
    const constant = <const K extends string, A>(key: K, value: A) =>
      Asset.make(key, { compute: () => Effect.succeed(value) })
    const copy = <const K extends string, A, E, R>(key: K, asset: Asset.Asset<string, A, E, R>) =>
      Asset.make(key, { inputs: { asset }, compute: ({ asset }) => Effect.succeed(asset) })
    const generated = <const K extends string, A, E, R>(key: K, effect: Effect.Effect<A, E, R>) =>
      Asset.make(key, {
        *compute() {
          return yield* effect
        }
      })
    expectTypeOf<Asset.Value<ReturnType<typeof constant<"a", number>>>>().toEqualTypeOf<number>()
    expectTypeOf(copy("b", numbers).key).toEqualTypeOf<"b">()
    expectTypeOf<Asset.Error<ReturnType<typeof generated<"c", number, Failure, Api>>>>().toEqualTypeOf<Failure>()
  })

  it("stores a value of type any", () => {
    // what an untyped library gives
    const any = Asset.make("any", Effect.sync(() => JSON.parse("1")))
    expectTypeOf<Asset.Services<typeof any>>().toEqualTypeOf<IOManager.IOManager>()
  })

  it("refuses a generator that yields what is no effect", () => {
    Asset.make("a", {
      // @ts-expect-error an Option is no effect
      *compute() {
        yield* Option.some(1)
        return 1
      }
    })
    Asset.make("b", {
      // @ts-expect-error nor is a number
      *compute() {
        yield 5
        return 1
      }
    })
  })

  it("takes undefined for what is left out", () => {
    Asset.make("a", {
      inputs: undefined,
      deps: undefined,
      schema: undefined,
      config: undefined,
      ioManager: undefined,
      keyPrefix: undefined,
      group: undefined,
      retry: undefined,
      timeout: undefined,
      compute: () => Effect.void
    })
  })

  it("can be written down by hand", () => {
    expectTypeOf(numbers).toExtend<Asset.Asset<string, ReadonlyArray<number>, never, IOManager.IOManager>>()
    expectTypeOf(numbers).toExtend<Asset.Any>()
  })
})

describe("direct invocation", () => {
  it("has the program's own type, Option included", () => {
    const maybe = Asset.make("maybe", { inputs: { numbers }, compute: () => Effect.succeed(Option.some(1)) })
    expectTypeOf(maybe.compute({ numbers: [] })).toEqualTypeOf<Effect.Effect<Option.Option<number>>>()
    expectTypeOf(numbers.compute()).toEqualTypeOf<Effect.Effect<Array<number>>>()
    // @ts-expect-error the input is missing
    maybe.compute({})
    // @ts-expect-error the input has another type
    maybe.compute({ numbers: ["a"] })
  })

  it("asks for the configuration", () => {
    const configured = Asset.make("c", {
      config: Schema.Struct({ n: Schema.Number }),
      compute: (_, { config }) => Effect.succeed(config.n)
    })
    configured.compute({}, { config: { n: 1 } })
    // @ts-expect-error the configuration is missing
    configured.compute({})
  })
})

describe("inputs that may be missing", () => {
  it("are Options where they are optional, and values otherwise", () => {
    Asset.make("reader", {
      inputs: {
        required: numbers,
        optional: Asset.optional(numbers),
        last: Asset.lastValue(numbers),
        optionalLast: Asset.optional(Asset.lastValue(numbers))
      },
      compute: (inputs) => {
        expectTypeOf(inputs.required).toEqualTypeOf<Array<number>>()
        expectTypeOf(inputs.optional).toEqualTypeOf<Option.Option<Array<number>>>()
        expectTypeOf(inputs.last).toEqualTypeOf<Array<number>>()
        expectTypeOf(inputs.optionalLast).toEqualTypeOf<Option.Option<Array<number>>>()
        return Effect.void
      }
    })
  })
})

describe("Asset.multi", () => {
  const prices = Asset.multi("prices", {
    outputs: {
      open: { schema: Schema.Number },
      close: { key: "market/close", ioManager: Warehouse },
      volume: {}
    },
    keyPrefix: "daily",
    *compute() {
      const n = yield* Effect.flatMap(Api, (api) => api.get)
      return { open: Option.some(n), close: String(n), volume: Asset.output(n > 1) }
    }
  })

  it("has an asset for each output", () => {
    expectTypeOf(prices.assets.open.key).toEqualTypeOf<"daily/open">()
    expectTypeOf(prices.assets.close.key).toEqualTypeOf<"daily/market/close">()
    expectTypeOf<Asset.Value<typeof prices.assets.open>>().toEqualTypeOf<number>()
    expectTypeOf<Asset.Value<typeof prices.assets.close>>().toEqualTypeOf<string>()
    expectTypeOf<Asset.Value<typeof prices.assets.volume>>().toEqualTypeOf<boolean>()
    expectTypeOf<Asset.Error<typeof prices.assets.open>>().toEqualTypeOf<Failure>()
    expectTypeOf<Asset.Storage<typeof prices.assets.close>>().toEqualTypeOf<Warehouse>()
    expectTypeOf<Asset.Storage<typeof prices.assets.volume>>().toEqualTypeOf<IOManager.IOManager>()
  })

  it("must give every output, unless it can compute a subset", () => {
    // @ts-expect-error b is missing
    Asset.multi("m", { outputs: { a: {}, b: {} }, compute: () => Effect.succeed({ a: 1 }) })
    Asset.multi("m", { outputs: { a: {}, b: {} }, canSubset: true, compute: () => Effect.succeed({ a: 1 }) })
    // @ts-expect-error a is a number
    Asset.multi("m", { outputs: { a: { schema: Schema.Number } }, compute: () => Effect.succeed({ a: "1" }) })
  })
})

describe("Asset.external", () => {
  it("has the value of its schema and nothing to compute", () => {
    const orders = Asset.external("shop/orders", { schema: Schema.Array(Schema.Number), ioManager: Warehouse })
    expectTypeOf<Asset.Value<typeof orders>>().toEqualTypeOf<ReadonlyArray<number>>()
    expectTypeOf<Asset.Services<typeof orders>>().toEqualTypeOf<never>()
    expectTypeOf<Asset.Storage<typeof orders>>().toEqualTypeOf<Warehouse>()
  })

  it("can take the place of an asset, and be replaced by it", () => {
    const made = Asset.make("x", { ioManager: Warehouse, compute: () => Effect.succeed(1) })
    const outside = Asset.toExternal(made)
    expectTypeOf(outside.key).toEqualTypeOf<"x">()
    expectTypeOf<Asset.Value<typeof outside>>().toEqualTypeOf<number>()
  })
})

describe("Asset.step", () => {
  it("keeps the program's types, and adds a timeout where there is one", () => {
    const get = Effect.flatMap(Api, (api) => api.get)
    expectTypeOf(Asset.step("get", get)).toEqualTypeOf<Effect.Effect<number, Failure, Api>>()
    expectTypeOf(Asset.step("get", get, { retry: Schedule.recurs(2) })).toEqualTypeOf<
      Effect.Effect<number, Failure, Api>
    >()
    const timed = Asset.step("get", get, { timeout: "1 second" as Duration.Input })
    expectTypeOf<Effect.Error<typeof timed>["_tag"]>().toEqualTypeOf<"Failure" | "TimeoutError">()
  })
})

describe("Asset.annotate", () => {
  it("keeps the asset's type", () => {
    const annotated = numbers.pipe(Asset.annotate({ group: "a", metadata: { since: new Date(0) } }))
    expectTypeOf(annotated).toEqualTypeOf(numbers)
    expectTypeOf(annotated.metadata).toEqualTypeOf<Metadata.Metadata>()
  })
})
