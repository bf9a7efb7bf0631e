/**
 * Conditions at a moment.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as AutomationStore from "../AutomationStore.ts"
import type * as Condition from "../Condition.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import { evaluate } from "../internal/conditions.ts"
import { define, nothingKnown, read } from "../internal/daemonConditions.ts"
import * as Subset from "../internal/subset.ts"
import type * as Job from "../Job.ts"

/**
 * What the conditions of a graph come to.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConditionsEvaluation {
  /** What would be requested, upstream before downstream: assets, checks, and jobs by their names. */
  readonly requests: ReadonlyArray<{
    readonly kind: "asset" | "observe" | "check" | "job"
    /** The key of the asset, or the name of the job. */
    readonly key: string
    readonly check: string | undefined
    /** The keys of the partitions: `undefined` for what has none. */
    readonly partitions: ReadonlyArray<string> | undefined
  }>
  /** Why, for each that is requested, and for each that has come to something else than the time before. */
  readonly explanations: ReadonlyArray<Condition.Explanation>
  /** What the next evaluation is given. */
  readonly cursor: Condition.Cursor
}

/**
 * Evaluates the conditions of a graph against the event log that there is. Nothing is requested, and nothing is recorded.
 *
 * **Details**
 *
 * Without a `cursor` it is the first evaluation, which requests nothing for what happened before. Time is that of the Clock.
 * With the events of a real log up to some place, and the cursor of the evaluation before, it tells again what was decided
 * there, and why.
 *
 * **Example** (Before and after new data upstream)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Condition, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 * import { evaluateConditions } from "effect-assets/testing"
 *
 * const orders = Asset.make("orders", Effect.succeed([40, 2]))
 * const revenue = Asset.make("revenue", {
 *   inputs: { orders },
 *   automation: Condition.eager(),
 *   compute: ({ orders }) => Effect.succeed(orders.reduce((a, b) => a + b, 0))
 * })
 * const graph = Graph.make({ orders, revenue })
 * const program = Effect.gen(function*() {
 *   yield* Runtime.run(graph)
 *   const first = yield* evaluateConditions({ graph })
 *   yield* Runtime.run(graph, { select: ["orders"] })
 *   const second = yield* evaluateConditions({ graph }, { cursor: first.cursor })
 *   return [first.requests.length, ...second.requests.map(({ key }) => key)]
 * })
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [0, "revenue"]
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateConditions = Effect.fnUntraced(function*(
  deployed: { readonly graph: Graph.Any; readonly jobs?: ReadonlyArray<Job.Any> | undefined },
  options?: { readonly cursor?: Condition.Cursor | undefined }
) {
  const context = yield* Effect.context<EventLog.Stored>()
  const { graph, jobs = [] } = deployed
  const loaded = {
    generation: 1,
    graph,
    jobs,
    automations: [],
    queue: undefined,
    context: context as Context.Context<never> // what the sets of partitions need is the keys beside the log
  }
  const session = {
    loaded,
    log: Context.get(context, EventLog.EventLog),
    store: Context.get(context, AutomationStore.AutomationStore)
  }
  const now = yield* Clock.currentTimeMillis
  const input = yield* read(session, define(loaded), nothingKnown(), options?.cursor)
  const { cursor, explanations, requests } = evaluate({ ...input, now })
  const evaluation: ConditionsEvaluation = {
    requests: requests.map(({ axes, check, key, kind, subset }) => ({
      kind,
      key,
      check,
      partitions: axes && Array.from(Subset.keysOf(axes, subset))
    })),
    explanations,
    cursor
  }
  return evaluation
})
