/**
 * Days of automation in a moment.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as AutomationStore from "../AutomationStore.ts"
import type * as Check from "../Check.ts"
import * as Daemon from "../Daemon.ts"
import type * as Definitions from "../Definitions.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import { everyStatus } from "../internal/automationStoreRules.ts"
import { atOwnTime } from "./ownTime.ts"

/**
 * Something that happens while automation is simulated.
 *
 * @category models
 * @since 0.1.0
 */
export interface Happening<out R> {
  /** When, in milliseconds since 1970. */
  readonly at: number
  /** A run of somebody else, say. That it fails is logged. */
  readonly effect: Effect.Effect<unknown, unknown, R>
}

/**
 * The options of `simulate`. Times are in milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulateOptions<out R> {
  readonly from: number
  readonly to: number
  readonly happenings?: Iterable<Happening<R>> | undefined
  /** Is told each tick when it is recorded. */
  readonly onTick?: ((tick: AutomationStore.Tick) => Effect.Effect<void>) | undefined
  /** The options of the daemon. Its lease is held for days unless they say how long: nobody else is there. */
  readonly daemon?: Daemon.Options | undefined
}

/**
 * What has come of a simulation, the oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface Simulated {
  readonly ticks: ReadonlyArray<AutomationStore.Tick>
  readonly queue: ReadonlyArray<AutomationStore.QueuedRun>
  readonly runs: ReadonlyArray<EventLog.RunRecord>
  /** Everything that is recorded. */
  readonly log: EventLog.Service
  readonly store: AutomationStore.Service
}

/**
 * Runs a daemon over definitions through a stretch of time, which passes at once: a year of daily schedules takes seconds.
 *
 * **Details**
 *
 * The layer of the definitions is built anew, so it should keep what it keeps in memory. Programs of assets are run; what they
 * sleep takes no time, and what they wait for in the real world does not happen before the next moment of the simulation.
 *
 * **Example** (A week)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Automation, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { simulate } from "effect-assets/testing"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   automations: [Automation.schedule("weekdays", { cron: "0 6 * * 1-5", target: { select: ["prices"] } })],
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const [from, to] = [Date.parse("2024-03-04T00:00Z"), Date.parse("2024-03-11T00:00Z")]
 * const days = Effect.map(simulate(definitions, { from, to }), ({ runs }) => runs.length)
 * await Effect.runPromise(days) // => 5
 * ```
 *
 * @category simulation
 * @since 0.1.0
 */
export const simulate = <T extends Graph.Assets, C extends Check.Any = never, E = never, R = never>(
  definitions: Definitions.Definitions<T, C, E, R>,
  options: SimulateOptions<Definitions.Services<T, C> | R>
): Effect.Effect<Simulated, E | EventLog.EventLogError | AutomationStore.AutomationStoreError> =>
  Effect.gen(function*() {
    const { from, onTick, to } = options
    yield* TestClock.setTime(from)
    const context = yield* Layer.build(Layer.fresh(definitions.layer))
    const services = context as Context.Context<AutomationStore.AutomationStore | EventLog.EventLog>
    const store = Context.get(services, AutomationStore.AutomationStore)
    const log = Context.get(services, EventLog.EventLog)
    if (onTick !== undefined) {
      let seen = 0
      yield* Effect.forkScoped(Stream.runForEach(store.changes(0), () =>
        Effect.gen(function*() {
          const found = (yield* store.ticks({ limit: 1_000 })).filter(({ seq }) => seq > seen).toReversed()
          seen = found.at(-1)?.seq ?? seen
          yield* Effect.forEach(found, onTick, { discard: true })
        })))
    }
    yield* Layer.build(Layer.provide(
      Daemon.layer(definitions, { leaseTtl: "30 days", ...options.daemon }),
      Layer.succeedContext(context)
    ))
    const happenings = [...options.happenings ?? []].sort((a, b) => a.at - b.at)
    for (const { at, effect } of happenings) {
      if (at > to) break
      const now = yield* Clock.currentTimeMillis
      if (at > now) yield* TestClock.adjust(at - now)
      yield* Effect.forkScoped(
        Effect.catchCause(
          Effect.provideContext(effect, context),
          (cause) => Effect.logWarning("What was to happen in the simulation has failed", cause)
        )
      )
    }
    yield* TestClock.adjust(Math.max(0, to - (yield* Clock.currentTimeMillis)))
    return {
      ticks: (yield* store.ticks({ limit: Number.MAX_SAFE_INTEGER })).toReversed(),
      queue: (yield* store.queue({ statuses: everyStatus, order: "newest" })).toReversed(),
      runs: (yield* log.runs({})).toReversed(),
      log,
      store
    }
  }).pipe(Effect.scoped, atOwnTime)
