import { assert, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Stream } from "effect"
import { Asset, Automation, Daemon, Definitions, EventLog, Graph } from "effect-assets"
import { Daemon as ServerDaemon, Deployment } from "effect-assets/server"
import { TestClock } from "effect/testing"
import { inMemory } from "../fixtures/inMemory.ts"

it.effect("what is loaded anew is evaluated, and a run goes on with what it began with", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(30_000)
    // what is kept outlives the layer of definitions, as a database does
    const kept = yield* Layer.build(inMemory)
    const gate = yield* Deferred.make<void>()
    const define = (version: string, program: Effect.Effect<void>, ...automations: ReadonlyArray<Automation.Any>) =>
      Definitions.make({
        graph: Graph.make({ a: Asset.make("a", { codeVersion: version, compute: () => program }) }),
        // what they need is in the log layer
        automations: automations as ReadonlyArray<never>,
        layer: Layer.succeedContext(kept)
      })
    const schedule = (name: string) => Automation.schedule(name, { cron: "* * * * *", target: { select: ["a"] } })
    const loads = [
      define("1", Deferred.await(gate), schedule("first"), schedule("both")),
      define("2", Effect.void, schedule("both"))
    ]
    let at = 0
    const deployments = yield* Layer.build(
      Deployment.layer({ module: "definitions.ts", load: Effect.sync(() => loads[Math.min(at++, 1)]!) })
    )
    const daemons = yield* Layer.build(Layer.provide(ServerDaemon.layer(), Layer.succeedContext(deployments)))
    const deployment = Context.get(deployments, Deployment.Deployment)
    const daemon = Context.get(daemons, Daemon.Daemon)
    const log = Context.get(kept, EventLog.EventLog)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* log.runs({ statuses: ["Running"] })).length, 2)
    yield* deployment.reload
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(
      (yield* daemon.status).automations.map(({ name }) => name),
      ["both"]
    )
    const runs = yield* log.runs({})
    assert.deepStrictEqual(runs.map(({ status, tags }) => [tags["automation"], status]), [
      ["both", "Succeeded"],
      ["both", "Running"],
      ["first", "Running"]
    ])
    yield* Deferred.done(gate, Exit.void)
    yield* TestClock.adjust("1 minute")
    assert.isTrue((yield* log.runs({})).every(({ status }) => status === "Succeeded"))
    const events = yield* Stream.runCollect(log.events({ tags: ["AssetMaterialized"] }))
    assert.deepStrictEqual(
      events.map((event) => event._tag === "AssetMaterialized" && event.codeVersion),
      ["2", "1", "1", "2"]
    )
  }))
