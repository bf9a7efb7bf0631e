import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, pipe } from "effect"
import { Asset, Catalog, Definitions, EventLog, Graph, IOManager, Partitions, Runtime } from "effect-assets"

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

describe("Definitions.isDefinitions", () => {
  it("tells definitions from what is like them", () => {
    assert.isTrue(Definitions.isDefinitions(Definitions.make({ graph, layer })))
    for (const other of [undefined, null, graph, layer, { graph, layer }, "definitions", Definitions]) {
      assert.isFalse(Definitions.isDefinitions(other))
    }
  })
})
