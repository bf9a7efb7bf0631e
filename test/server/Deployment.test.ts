import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Deferred, Effect, Exit, Fiber, Layer, Queue, Schema, Stream } from "effect"
import { Asset, Definitions, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import { Deployment } from "effect-assets/server"
import { TestClock } from "effect/testing"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

class Warehouse extends Context.Service<Warehouse, { readonly name: string }>()("test/Warehouse") {}

/** Definitions whose layer tells when it is built and closed. */
const named = (name: string, told: Array<string>) =>
  Definitions.make({
    graph: Graph.fromAssets([Asset.make(name, Effect.succeed(1))]),
    layer: Layer.merge(
      inMemory,
      Layer.effectDiscard(
        Effect.acquireRelease(
          Effect.sync(() => told.push(`+${name}`)),
          () => Effect.sync(() => told.push(`-${name}`))
        )
      )
    )
  })

/** A source that gives one thing after the other. */
const scripted = (loads: ReadonlyArray<Effect.Effect<Definitions.Any, Deployment.LoadError>>) => {
  let at = 0
  return Effect.suspend(() => loads[Math.min(at++, loads.length - 1)]!)
}

const broken = new Deployment.LoadError({ module: "definitions.ts", problem: "it is broken" })

const keysOf = (loaded: Deployment.Loaded) => Graph.keys(loaded.graph)
const deploymentOf = (source: Partial<Deployment.Source> & Pick<Deployment.Source, "load">) =>
  Effect.map(
    Layer.build(Deployment.layer({ module: "definitions.ts", ...source })),
    (context) => Context.get(context, Deployment.Deployment)
  )

const fails = (load: Effect.Effect<Definitions.Any, Deployment.LoadError>) =>
  Effect.gen(function*() {
    const deployment = yield* deploymentOf({ load })
    return yield* Effect.flip(deployment.use(() => Effect.void))
  })

describe("Deployment.layer", () => {
  it.effect("waits for the first definitions, and gives their services", () =>
    Effect.gen(function*() {
      const loaded = yield* Deferred.make<Definitions.Any>()
      const deployment = yield* deploymentOf({ load: Deferred.await(loaded) })
      assert.deepStrictEqual(yield* deployment.state, { loaded: undefined, loading: true, error: undefined })
      const used = yield* Effect.forkChild(
        deployment.use((loaded) =>
          // what its layer provides, which only this test knows
          Effect.provideContext(
            Runtime.run(loaded.graph) as Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError>,
            loaded.context
          )
        ),
        { startImmediately: true }
      )
      yield* Deferred.succeed(loaded, named("a", []))
      assert.strictEqual((yield* Fiber.join(used)).status, "Succeeded")
      const state = yield* deployment.state
      assert.deepStrictEqual([state.loading, state.error, state.loaded?.generation], [false, undefined, 1])
    }))

  it.effect("keeps what a run uses until the run has ended, and closes it then", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const deployment = yield* deploymentOf({
        load: scripted([Effect.succeed(named("one", told)), Effect.succeed(named("two", told))])
      })
      const began = yield* Deferred.make<void>()
      const end = yield* Deferred.make<void>()
      const run = yield* Effect.forkChild(
        deployment.use((loaded) =>
          Deferred.succeed(began, undefined).pipe(
            Effect.andThen(Deferred.await(end)),
            Effect.andThen(Effect.sync(() => told.push("ended"))),
            Effect.as(keysOf(loaded))
          )
        )
      )
      yield* Deferred.await(began)
      assert.strictEqual((yield* deployment.reload).generation, 2)
      assert.deepStrictEqual(yield* deployment.use((loaded) => Effect.succeed(keysOf(loaded))), ["two"])
      assert.deepStrictEqual(told, ["+one", "+two"])
      yield* Deferred.succeed(end, undefined)
      assert.deepStrictEqual(yield* Fiber.join(run), ["one"])
      yield* Effect.yieldNow
      assert.deepStrictEqual(told, ["+one", "+two", "ended", "-one"])
    }))

  it.effect("closes earlier definitions at once when nobody uses them", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const deployment = yield* deploymentOf({
        load: scripted([Effect.succeed(named("one", told)), Effect.succeed(named("two", told))])
      })
      yield* deployment.use(() => Effect.void)
      yield* deployment.reload
      yield* Effect.yieldNow
      assert.deepStrictEqual(told, ["+one", "+two", "-one"])
    }))

  it.effect("keeps what is loaded when the newest cannot be, and recovers", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const deployment = yield* deploymentOf({
        load: scripted([Effect.succeed(named("one", told)), Effect.fail(broken), Effect.succeed(named("two", told))])
      })
      yield* deployment.use(() => Effect.void)
      yield* TestClock.adjust("1 minute")
      const error = yield* Effect.flip(deployment.reload)
      assert.deepStrictEqual([error._tag, error.code], ["Unavailable", "LoadError"])
      assert.strictEqual(error.detail, "definitions.ts cannot be loaded: it is broken")
      assert.deepStrictEqual(yield* deployment.use((loaded) => Effect.succeed(keysOf(loaded))), ["one"])
      const state = yield* deployment.state
      assert.strictEqual(state.loaded?.generation, 1)
      assert.strictEqual(state.error?.message, "definitions.ts cannot be loaded: it is broken")
      assert.strictEqual(state.error?.at, 60_000)
      assert.deepStrictEqual(told, ["+one"])
      assert.strictEqual((yield* deployment.reload).generation, 2)
      assert.strictEqual((yield* deployment.state).error, undefined)
    }))

  it.effect("fails while nothing could be loaded, until something can be", () =>
    Effect.gen(function*() {
      const deployment = yield* deploymentOf({ load: scripted([Effect.fail(broken), Effect.succeed(named("a", []))]) })
      const error = yield* Effect.flip(deployment.use(() => Effect.void))
      assert.deepStrictEqual([error._tag, error.status], ["Unavailable", 503])
      // also those who did not wait for the first load
      assert.match((yield* Effect.flip(deployment.use(() => Effect.void))).detail ?? "", /it is broken/)
      yield* deployment.reload
      assert.deepStrictEqual(yield* deployment.use((loaded) => Effect.succeed(keysOf(loaded))), ["a"])
    }))

  it.effect("loads anew when the source has changed, once for changes that come together", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const changes = yield* Queue.unbounded<void>()
      const deployment = yield* deploymentOf({
        load: Effect.sync(() => named("a", told)),
        changes: Stream.fromQueue(changes)
      })
      const generations = yield* Effect.forkChild(
        deployment.changes.pipe(
          Stream.filter(({ loading }) => !loading),
          Stream.map(({ loaded }) => loaded?.generation),
          Stream.takeUntil((generation) => generation === 3),
          Stream.runCollect
        ),
        { startImmediately: true }
      )
      yield* deployment.use(() => Effect.void)
      for (const _ of [1, 2]) {
        yield* Queue.offerAll(changes, [undefined, undefined, undefined])
        yield* Effect.yieldNow
        yield* TestClock.adjust("100 millis")
      }
      assert.deepStrictEqual(yield* Fiber.join(generations), [1, 2, 3])
    }))

  it.effect("begins again when something changes while it loads, also if that hangs", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const hangs = Effect.acquireUseRelease(
        Effect.sync(() => told.push("began")),
        () => Effect.never,
        () => Effect.sync(() => told.push("given up"))
      )
      const deployment = yield* deploymentOf({ load: scripted([hangs, Effect.succeed(named("a", told))]) })
      const first = yield* Effect.forkChild(deployment.use((loaded) => Effect.succeed(loaded.generation)), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      const [one, two] = yield* Effect.all([deployment.reload, deployment.reload], { concurrency: 2 })
      assert.deepStrictEqual([one.generation, two.generation, yield* Fiber.join(first)], [1, 1, 1])
      assert.deepStrictEqual(told, ["began", "given up", "+a"])
    }))

  it.effect("gives up a load that hangs when the source changes again", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const changes = yield* Queue.unbounded<void>()
      const deployment = yield* deploymentOf({
        load: scripted([Effect.succeed(named("one", told)), Effect.never, Effect.succeed(named("two", told))]),
        changes: Stream.fromQueue(changes)
      })
      yield* deployment.use(() => Effect.void)
      for (const loading of [true, false]) {
        yield* Queue.offer(changes, undefined)
        yield* Effect.yieldNow
        yield* TestClock.adjust("100 millis")
        assert.strictEqual((yield* deployment.state).loading, loading)
      }
      assert.deepStrictEqual(yield* deployment.use((loaded) => Effect.succeed(keysOf(loaded))), ["two"])
      assert.deepStrictEqual(told, ["+one", "+two", "-one"])
    }))

  it.effect("goes on with loading when whoever asked has gone", () =>
    Effect.gen(function*() {
      const second = yield* Deferred.make<Definitions.Any>()
      const deployment = yield* deploymentOf({
        load: scripted([Effect.succeed(named("one", [])), Deferred.await(second)])
      })
      yield* deployment.use(() => Effect.void)
      const asker = yield* Effect.forkChild(deployment.reload, { startImmediately: true })
      yield* Fiber.interrupt(asker)
      yield* Deferred.succeed(second, named("two", []))
      const state = yield* deployment.changes.pipe(
        Stream.filter(({ loaded, loading }) => !loading && loaded?.generation !== 1),
        Stream.runHead,
        Effect.flatMap(Effect.fromOption)
      )
      assert.strictEqual(state.loaded?.generation, 2)
    }))

  it.effect("interrupts who uses it when it is closed, and closes the definitions after that", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const began = yield* Deferred.make<void>()
      const user = yield* Effect.scoped(Effect.gen(function*() {
        const deployment = yield* deploymentOf({ load: Effect.sync(() => named("a", told)) })
        const user = yield* Effect.forkDetach(
          deployment.use(() =>
            Deferred.succeed(began, undefined).pipe(
              Effect.andThen(Effect.never),
              Effect.onInterrupt(() => Effect.sync(() => told.push("interrupted")))
            )
          )
        )
        yield* Deferred.await(began)
        return user
      }))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(user)))
      assert.deepStrictEqual(told, ["+a", "interrupted", "-a"])
    }))

  it.effect("interrupts who waits for definitions when it is closed", () =>
    Effect.gen(function*() {
      const waiter = yield* Effect.scoped(Effect.gen(function*() {
        const deployment = yield* deploymentOf({ load: Effect.never })
        return yield* Effect.forkDetach(deployment.use(() => Effect.void), { startImmediately: true })
      }))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiter)))
    }))

  it.effect("closes a layer that could be built in part only", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const error = yield* fails(Effect.sync(() =>
        Definitions.make({
          graph: Graph.make({}),
          layer: Layer.effectDiscard(Effect.fail(new Error("no warehouse"))).pipe(
            Layer.provideMerge(named("a", told).layer)
          )
        })
      ))
      assert.strictEqual(error.detail, "no warehouse")
      assert.match(error.cause ?? "", /Error: no warehouse\n +at /)
      assert.deepStrictEqual(told, ["+a", "-a"])
    }))

  it.effect("names the environment variables that are missing", () =>
    Effect.gen(function*() {
      const layer = Layer.effect(
        Warehouse,
        Effect.map(
          Config.all({
            name: Config.String("NAME").pipe(Config.nested("WAREHOUSE")),
            port: Config.Number("PORT")
          }),
          ({ name }) => ({ name })
        )
      )
      const warehouse = Asset.make("w", { compute: () => Effect.asVoid(Warehouse) })
      const error = yield* fails(
        Effect.succeed(Definitions.make({ graph: Graph.make({ warehouse }), layer: Layer.merge(inMemory, layer) }))
      ).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({}))))
      assert.strictEqual(error.code, "ConfigError")
      assert.match(error.detail ?? "", /Set what it needs in the environment:\n- WAREHOUSE_NAME: /)
    }))

  it.effect("lists every problem of a graph that was not type-checked", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.succeed(1))
      const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
      // @ts-expect-error a is missing
      const graph = Graph.make({ b })
      const error = yield* fails(
        Effect.succeed(Definitions.make({ graph: graph as Graph.Graph<{ b: typeof b }>, layer: inMemory }))
      )
      assert.strictEqual(error.code, "GraphError")
      // also where a module throws it
      const thrown = new Deployment.LoadError({
        module: "definitions.ts",
        problem: "The graph has a problem",
        cause: new Graph.GraphError({ problems: [] })
      })
      assert.strictEqual((yield* fails(Effect.fail(thrown))).code, "GraphError")
      assert.match(error.detail ?? "", /^The graph has a problem:\n- .*"a"/)
    }))

  it.effect("says what to add when a layer has no event log", () =>
    Effect.gen(function*() {
      // @ts-expect-error the layer lacks the event log
      const definitions = Definitions.make({ graph: Graph.make({}), layer: IOManager.layerMemory })
      const error = yield* fails(Effect.succeed(definitions as Definitions.Any))
      assert.match(error.detail ?? "", /provides no event log: add EventLog.layerMemory or Local.layer/)
    }))

  it.effect("survives errors of any shape", () =>
    Effect.gen(function*() {
      class Odd extends Schema.TaggedError<Odd>()("Odd", { n: Schema.Int }) {}
      for (const odd of [undefined, null, "text", 3, {}, new Odd({ n: 1 }), { _tag: "Plain" }]) {
        const error = yield* fails(
          Effect.succeed(
            Definitions.make({
              graph: Graph.make({}),
              layer: Layer.merge(inMemory, Layer.effectDiscard(Effect.fail(odd)))
            })
          )
        )
        assert.strictEqual(error._tag, "Unavailable")
        assert.isString(error.detail)
      }
    }))
})

describe("Deployment.layerOf", () => {
  it.effect("builds the layer once, and fails with its error", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const definitions = named("a", told)
      yield* Effect.gen(function*() {
        const deployment = yield* Deployment.Deployment
        assert.strictEqual(deployment.module, "shop")
        assert.strictEqual((yield* deployment.reload).generation, 1)
        assert.deepStrictEqual(yield* deployment.use((loaded) => Effect.succeed(keysOf(loaded))), ["a"])
        const first = yield* Effect.flatMap(Stream.runHead(deployment.changes), Effect.fromOption)
        assert.deepStrictEqual(first, yield* deployment.state)
      }).pipe(Effect.provide(Deployment.layerOf(definitions, { module: "shop" })))
      assert.deepStrictEqual(told, ["+a", "-a"])

      const failing = Definitions.make({
        graph: Graph.make({}),
        layer: Layer.merge(inMemory, Layer.effectDiscard(Effect.fail("no warehouse" as const)))
      })
      const error = yield* Effect.flip(Effect.provide(Effect.void, Deployment.layerOf(failing)))
      assert.strictEqual(error, "no warehouse")
    }))
})
