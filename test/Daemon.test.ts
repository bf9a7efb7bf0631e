import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import {
  Asset,
  Automation,
  AutomationStore,
  Daemon,
  Definitions,
  EventLog,
  Graph,
  IOManager,
  Job,
  type Partitions
} from "effect-assets"
import { TestClock } from "effect/testing"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:00:30Z")

type Stored = IOManager.IOManager | EventLog.EventLog | Partitions.DynamicKeys | AutomationStore.AutomationStore

/** What the tests below define: assets that are counted, in memory. */
const define = (options: {
  readonly jobs?: ReadonlyArray<Job.Job<string, Stored>>
  readonly automations?: ReadonlyArray<Automation.Any>
  readonly graph?: Graph.Any
  readonly queue?: Definitions.QueueLimits
}) => {
  const graph = options.graph ??
    Graph.make({ a: Asset.make("a", Effect.succeed(1)), b: Asset.make("b", Effect.succeed(2)) })
  return Definitions.make({
    graph: graph as Graph.Graph<Graph.Assets>,
    jobs: options.jobs ?? [],
    automations: (options.automations ?? []) as ReadonlyArray<never>,
    layer: inMemory as Layer.Layer<any>,
    ...(options.queue !== undefined && { queue: options.queue })
  })
}

/** Starts a daemon, which ends with the scope, on the services of the test. */
const daemon = (definitions: ReturnType<typeof define>, options?: Daemon.Options) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Daemon.layer(definitions, options))
    yield* TestClock.adjust("1 millis")
    return yield* Effect.provide(Daemon.Daemon, context)
  })

const test = (name: string, body: () => Generator<any, void, never>) =>
  it.effect(name, () =>
    Effect.provide(
      Effect.andThen(TestClock.setTime(start), Effect.gen(body)),
      inMemory
    ) as Effect.Effect<void>)

const store = AutomationStore.AutomationStore
const runs = (filter: EventLog.RunFilter = {}) => EventLog.EventLog.use((log) => log.runs(filter))
const ticks = (filter?: AutomationStore.TickFilter) => store.use((store) => store.ticks(filter))

describe("schedules", () => {
  test("a run for each tick", function*() {
    yield* daemon(define({
      automations: [Automation.schedule("minutely", { cron: "* * * * *", target: { select: ["a"] } })]
    }))
    yield* TestClock.adjust("5 minutes")
    assert.deepStrictEqual(
      (yield* ticks()).map((tick: AutomationStore.Tick) => new Date(tick.scheduledAt!).getUTCMinutes()),
      [5, 4, 3, 2, 1]
    )
    const all: ReadonlyArray<EventLog.RunRecord> = yield* runs()
    assert.deepStrictEqual(
      all.map((run) => [run.status, run.tags.automation]),
      Array(5).fill(["Succeeded", "minutely"])
    )
    const queued: ReadonlyArray<AutomationStore.QueuedRun> = yield* store.use((store) =>
      store.queue({ statuses: ["Launched"] })
    )
    assert.deepStrictEqual(queued.map((run) => run.runId), all.map((run) => run.id).toReversed())
  })
})
