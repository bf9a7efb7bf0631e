import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, pipe, Result, Schema } from "effect"
import {
  Asset,
  Automation,
  Catalog,
  Condition,
  Definitions,
  EventLog,
  Graph,
  IOManager,
  Job,
  Partitions,
  Runtime
} from "effect-assets"

class Rates extends Context.Service<Rates, { readonly factor: number }>()("test/Rates") {}

const prices = Asset.make("prices", Effect.map(Rates, ({ factor }) => [3 * factor]))
const graph = Graph.make({ prices })
const layer = Layer.mergeAll(
  IOManager.layerMemory,
  EventLog.layerMemory,
  Layer.succeed(Rates, { factor: 2 })
)

describe("Definitions.make", () => {
  it.effect("has all that runs and reads of the graph need", () =>
    Effect.gen(function*() {
      const definitions = Definitions.make({ graph, layer })
      yield* Effect.gen(function*() {
        const run = yield* Runtime.materialize(definitions.graph)
        assert.strictEqual(run.status, "Succeeded")
        assert.deepStrictEqual(yield* Runtime.load(prices), [6])
        assert.strictEqual((yield* Catalog.staleness(definitions.graph)).prices._tag, "Fresh")
        const log = yield* EventLog.EventLog
        assert.lengthOf(yield* log.runs({}), 1)
        assert.deepStrictEqual(yield* (yield* Partitions.DynamicKeys).keys("customers"), [])
      }).pipe(Effect.provide(definitions.layer))
    }))

  it("keeps the graph and the layer as they are", () => {
    const definitions = Definitions.make({ graph, layer })
    assert.strictEqual(definitions.graph, graph)
    assert.strictEqual(definitions.layer, layer)
    assert.strictEqual(pipe(definitions, (self) => self.graph), graph)
    assert.strictEqual(definitions.pipe((self) => self.layer), layer)
  })
})

describe("automation of definitions", () => {
  const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
  const orders = Asset.make("shop/orders", Effect.succeed(1))
  const limited = Asset.make("limited", {
    config: Schema.Struct({ limit: Schema.Int }),
    compute: (_, { config }) => Effect.succeed(config.limit)
  })
  const windows = (make: typeof Partitions.daily | typeof Partitions.hourly) => ({
    partitions: make({ start: "2024-01-01" }),
    compute: () => Effect.succeed(1)
  })
  const days = Asset.make("days", windows(Partitions.daily))
  const hours = Asset.make("hours", windows(Partitions.hourly))
  const shop = Graph.make({ orders, limited, days, hours, feed: Asset.external("feed") })
  const problemsOf = (options: {
    readonly jobs?: ReadonlyArray<Job.Any>
    readonly automations?: ReadonlyArray<Automation.Any>
    readonly queue?: Definitions.QueueLimits
  }) => {
    // as in a program that was not type-checked
    const result = Definitions.makeResult({ graph: shop, layer: inMemory, ...options } as never)
    return Result.isSuccess(result) ? [] : (result.failure as Definitions.DefinitionsError).problems
  }

  it("has its jobs, those of automations included, and its automations in their order", () => {
    const [first, second] = [Job.make("first"), Job.make("second", { select: ["days"] })]
    const schedule = Automation.schedule("s", { cron: "@daily", target: second })
    const sensor = Automation.sensor("t", { target: first, evaluate: () => Effect.void })
    const queue = { maxRuns: 2, tags: [{ key: "db", value: "each", limit: 1 }] }
    const definitions = Definitions.make({
      graph: shop,
      jobs: [first],
      automations: [schedule, sensor],
      layer: inMemory,
      queue
    })
    assert.deepStrictEqual(definitions.jobs, [first, second])
    assert.deepStrictEqual(definitions.automations, [schedule, sensor])
    assert.strictEqual(definitions.queue, queue)
    const bare = Definitions.make({ graph: shop, layer: inMemory })
    assert.deepStrictEqual([bare.jobs, bare.automations, bare.queue], [[], [], undefined])
  })

  it("tells at once everything that is wrong", () => {
    const error = (() => {
      try {
        Definitions.make({
          graph: shop,
          jobs: [Job.make("a b"), Job.make("x", { select: "shop/order" })],
          automations: [Automation.schedule("x", { cron: "@daily", target: {} })],
          layer: inMemory,
          queue: { maxRuns: -1 }
        })
      } catch (error) {
        return error
      }
      return undefined
    })()
    assert.instanceOf(error, Definitions.DefinitionsError)
    assert.strictEqual(
      error.message,
      [
        "The definitions have 5 problems:",
        `- The job "a b": The name is not valid: it is made of letters, digits, _, -, . and /.`,
        `- The schedule "x": The name is used by a job, too: names are unique among jobs and automations.`,
        `- The job "x": There is no asset "shop/order" in the graph. Did you mean "shop/orders"?`,
        `- The schedule "x": its assets have different partitions ("days" and "hours" have), so there is not one that ` +
        "has just ended: say which with `partitions`, or make one for each set",
        "- The queue: maxRuns is -1: give a whole number from 0 on."
      ].join("\n")
    )
  })

  const evaluate = () => Effect.void
  const unknown = (key: string) => `There is no asset "${key}" in the graph.`
  const cases: ReadonlyArray<
    readonly [what: string, options: Parameters<typeof problemsOf>[0], problems: ReadonlyArray<string>]
  > = [
    ["several unknown keys", { jobs: [Job.make("j", { select: ["x", "limited", "y"] })] }, [
      unknown("x"),
      unknown("y")
    ]],
    ["an external asset", { jobs: [Job.make("j", { select: ["feed"] })] }, [
      `"feed" is an external asset, which this graph cannot compute.`
    ]],
    ["a text that is no selection", { jobs: [Job.make("j", { select: "group:" })] }, ["Cannot read the selection"]],
    ["a configuration for what is not there, or takes none", {
      jobs: [Job.make("j", { config: { limted: {}, "shop/orders": {}, limited: { limit: 1 } } })]
    }, [
      `It has a configuration for "limted", and there is no such asset in the graph. Did you mean "limited"?`,
      `It has a configuration for "shop/orders", which takes none.`
    ]],
    ["a priority that is none", { jobs: [Job.make("j", { priority: 0.5 })] }, [
      "The priority is 0.5: give a whole number."
    ]],
    ["a condition that is for something else, or about what is not there", {
      jobs: [
        Job.make("j", {
          automation: Condition.and(Condition.checkPassed, Condition.assetMatches("x", Condition.missing))
        })
      ]
    }, ["Its condition asks a job for ", unknown("x")]],
    ["two jobs of one name", { jobs: [Job.make("j"), Job.make("j")] }, ["The name is used by a job, too"]],
    ["two sensors of one name", {
      automations: [Automation.sensor("s", { evaluate }), Automation.assetSensor("s", { asset: "feed", target: {} })]
    }, ["The name is used by a sensor, too"]],
    ["an unknown target", { automations: [Automation.sensor("s", { target: { select: ["x"] }, evaluate })] }, [
      unknown("x")
    ]],
    ["an unknown asset to observe", {
      automations: [Automation.sensor("s", { target: { observe: ["fed"] }, evaluate })]
    }, [
      `There is no asset "fed" in the graph. Did you mean "feed"?`
    ]],
    [
      "unknown assets to look at",
      { automations: [Automation.assetSensor("s", { assets: ["x", "feed"], target: {} })] },
      [
        unknown("x")
      ]
    ],
    ["an unknown job to look at", {
      jobs: [Job.make("nightly")],
      automations: [Automation.runSensor("s", { status: "Failed", job: "nightli", select: "nothing", run: evaluate })]
    }, [`There is no job "nightli". Did you mean "nightly"?`, unknown("nothing")]],
    ["limits that are none", { queue: { tags: [{ key: "db", limit: NaN }, { key: "x", limit: 0 }] } }, [
      `The limit of the tag "db" is NaN`
    ]],
    ["a selection of a job that cannot be read, once", {
      automations: [Automation.schedule("s", { cron: "@daily", target: Job.make("j", { select: ["x"] }) })]
    }, [unknown("x")]],
    ["PEX02: a schedule of a job over different partitions", {
      automations: [Automation.schedule("s", { cron: "@daily", target: Job.make("j", { select: ["days", "hours"] }) })]
    }, [`its assets have different partitions ("days" and "hours" have)`]]
  ]
  for (const [what, options, expected] of cases) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(options).map(({ problem }) => problem)
      assert.lengthOf(problems, expected.length, problems.join("\n"))
      for (const [i, text] of expected.entries()) assert.include(problems[i], text)
    })
  }

  it("takes a job over different partitions, and a schedule of it that says which", () => {
    const select = ["days", "hours"]
    assert.deepStrictEqual(
      problemsOf({
        jobs: [Job.make("j", { select })],
        automations: [
          Automation.schedule("s", { cron: "@daily", target: { select, partitions: "all" } }),
          Automation.schedule("t", {
            cron: "@daily",
            target: { select },
            evaluate: () => Effect.succeed(Automation.skip("x"))
          })
        ]
      }),
      []
    )
  })
})

describe("Definitions.isDefinitions", () => {
  it("tells definitions from what is like them", () => {
    assert.isTrue(Definitions.isDefinitions(Definitions.make({ graph, layer })))
    for (const other of [undefined, null, graph, layer, { graph, layer }, "definitions", Definitions]) {
      assert.isFalse(Definitions.isDefinitions(other))
    }
  })
})
