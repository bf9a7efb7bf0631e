/** What a daemon makes of runs where its log, its store or its process fails it: each is launched once, and has one end. */
import { assert, describe } from "@effect/vitest"
import { Context, Effect, Stream } from "effect"
import { Asset, AutomationStore, type Check, type Daemon, Definitions, EventLog, Graph } from "effect-assets"
import { TestClock } from "effect/testing"
import { buildDaemon, type Stored, testsAt } from "./fixtures/daemon.ts"
import { inMemory } from "./fixtures/inMemory.ts"

const start = Date.parse("2024-03-01T00:00:30Z")

const test = testsAt(start)

const startDaemon = <T extends Graph.Assets, C extends Check.Any, E, R>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options?: Daemon.Options
) => Effect.tap(buildDaemon(definitions, options), TestClock.adjust(1))

const { AutomationStore: Store } = AutomationStore
const { EventLog: Log } = EventLog

const request = (...requests: ReadonlyArray<AutomationStore.Request>) => Store.use((store) => store.enqueue(requests))
const queueOf = (...statuses: ReadonlyArray<AutomationStore.QueueStatus>) =>
  Store.use((store) => store.queue({ statuses }))
/** What has run, the oldest first, and what became of it. */
const runs = Effect.map(
  Log.use((log) => log.runs({})),
  (runs) => runs.map(({ keys, status }) => `${keys.join()} ${status}`).toReversed()
)
/** Why runs were to end. */
const reasons = Effect.map(
  Log.use((log) => Stream.runCollect(log.events({ tags: ["RunCancelRequested"] }))),
  (events) => events.map((event) => event._tag === "RunCancelRequested" && event.reason)
)

/** The services of the test, with some of what the log and the store do done otherwise. */
const otherwise = Effect.fnUntraced(function*(options: {
  readonly log?: (log: EventLog.Service) => Partial<EventLog.Service>
  readonly store?: (store: AutomationStore.Service) => Partial<AutomationStore.Service>
}) {
  const context = yield* Effect.context<Stored>()
  const [log, store] = [Context.get(context, Log), Context.get(context, Store)]
  return Context.add(
    Context.add(context, Log, { ...log, ...options.log?.(log) }),
    Store,
    { ...store, ...options.store?.(store) }
  )
})

const diskFull = new EventLog.EventLogError({ operation: "append", cause: new Error("disk full") })

const a = Asset.make("a", Effect.succeed(1))

describe("a log that cannot be written for a while", () => {
  const slow = Asset.make("slow", Effect.as(Effect.sleep("30 seconds"), 1))
  const definitions = Definitions.make({
    graph: Graph.make({ slow, a }),
    queue: { maxRuns: 1 },
    layer: inMemory
  })

  test("leaves no run that goes on for ever: what waits for its end begins", function*() {
    let isFull = false
    const flaky = yield* otherwise({
      log: (log) => ({ append: (events) => Effect.suspend(() => isFull ? diskFull : log.append(events)) })
    })
    yield* Effect.provideContext(startDaemon(definitions), flaky)
    yield* request({ select: "slow" }, { select: "a" })
    yield* TestClock.adjust("10 seconds")
    isFull = true
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* runs, ["slow Running"])
    isFull = false
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* runs, ["slow Failed", "a Succeeded"])
    assert.deepStrictEqual(yield* reasons, ["It has ended, and its end could not be recorded."])
  })
})
