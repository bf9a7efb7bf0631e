/**
 * Conditions at a moment, and at one that was.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as AutomationStore from "../AutomationStore.ts"
import * as Condition from "../Condition.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import { evaluate, type Requested } from "../internal/conditions.ts"
import { logBefore, queuedBefore, recordedBy, statesBefore } from "../internal/conditionsReplay.ts"
import { storedExplanation } from "../internal/conditionStored.ts"
import { define } from "../internal/daemonConditions.ts"
import { nothingKnown, read } from "../internal/daemonFacts.ts"
import { type Loaded, within } from "../internal/daemonSession.ts"
import { resolveSets } from "../internal/resolveSets.ts"
import * as Subset from "../internal/subset.ts"
import type * as Job from "../Job.ts"
import { atOwnTime } from "./ownTime.ts"

/** What has conditions. */
interface Deployed {
  readonly graph: Graph.Any
  readonly jobs?: ReadonlyArray<Job.Any> | undefined
}

const loadedOf = ({ graph, jobs = [] }: Deployed, context: Context.Context<EventLog.Stored>): Loaded => ({
  generation: 1,
  graph,
  jobs,
  automations: [],
  queue: undefined,
  context: context as Context.Context<never> // what the sets of partitions need is the keys beside the log
})

const requestsOf = (requests: ReadonlyArray<Requested>): ConditionsEvaluation["requests"] =>
  requests.map(({ axes, check, key, kind, subset }) => ({
    kind,
    key,
    check,
    partitions: axes && Array.from(Subset.keysOf(axes, subset))
  }))

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
 * `replayConditions` tells again what was decided by an evaluation that a daemon has recorded, and why.
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
  deployed: Deployed,
  options?: { readonly cursor?: Condition.Cursor | undefined }
) {
  const context = yield* Effect.context<EventLog.Stored>()
  const loaded = loadedOf(deployed, context)
  const session = {
    loaded,
    log: Context.get(context, EventLog.EventLog),
    store: Context.get(context, AutomationStore.AutomationStore)
  }
  const now = yield* Clock.currentTimeMillis
  const input = yield* read(session, define(loaded), nothingKnown(), options?.cursor)
  const { cursor, explanations, requests } = evaluate({ ...input, now })
  const evaluation: ConditionsEvaluation = { requests: requestsOf(requests), explanations, cursor }
  return evaluation
})

/**
 * What conditions came to at an evaluation that a daemon has recorded, and what they come to when it is done again.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConditionsReplay {
  /** The number of the evaluation. */
  readonly evaluation: number
  /** When it was, in milliseconds since 1970. */
  readonly at: number
  /** As it is stored. */
  readonly recorded: ReadonlyArray<Condition.Explanation>
  /** Of what is recorded there, and still has a condition. Equal to what is recorded, if nothing has changed. */
  readonly replayed: Pick<ConditionsEvaluation, "requests" | "explanations">
}

/**
 * An evaluation of conditions cannot be done again.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReplayError extends Schema.TaggedError<ReplayError>()("ReplayError", {
  evaluation: Schema.Number,
  /** Nothing is recorded of it; or not what it was given, since that was by an older version. */
  reason: Schema.Literals(["NotRecorded", "NotReplayable"])
}) {
  override get message(): string {
    const { evaluation, reason } = this
    return reason === "NotRecorded"
      ? `Nothing is recorded of evaluation ${evaluation}: there was none, or it came to nothing new, or it was removed.`
      : `Evaluation ${evaluation} was recorded by another version of effect-assets, without what it was given.`
  }
}

const asStored = Schema.decodeUnknownSync(Condition.Explanation)

/**
 * Evaluates conditions again, as of an evaluation that a daemon has recorded: with the log and the queue as they were, at its
 * time, and with what was remembered of the evaluation before. Nothing is requested, and nothing is recorded. With the
 * conditions of then it comes to the same; with others it tells what they would have come to.
 *
 * **Details**
 *
 * `AutomationStore.evaluations` and `effect-assets automation explain KEY --json` tell the numbers of evaluations. What is not
 * recorded there came to nothing new: it is not evaluated. A condition that has changed goes on from what those of its parts
 * remembered that are as they were. The log is copied into memory as far as it went.
 *
 * **Gotchas**
 *
 * Definitions are those that are given, and keys of dynamic partitions are those of now. What was removed from the log or the
 * queue since (by retention, with a run, or with the history of an asset) is missing. What happened while the daemon was reading
 * may have been seen by a part of the evaluation only.
 *
 * **Example** (Would it have been requested?)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, AutomationStore, Condition, Definitions, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 * import { replayConditions, simulate } from "effect-assets/testing"
 *
 * const orders = Asset.make("orders", Effect.succeed([40, 2]))
 * const rates = Asset.make("rates", Effect.succeed(1.1))
 * const make = (automation: Condition.Condition) => {
 *   const revenue = Asset.make("revenue", { deps: [orders, rates], automation, compute: () => Effect.void })
 *   return Graph.make({ orders, rates, revenue })
 * }
 * const graph = make(Condition.eager())
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 *
 * const program = Effect.gen(function*() {
 *   // rates are missing
 *   const { log, store } = yield* simulate(Definitions.make({ graph, layer: inMemory }), {
 *     from: 0,
 *     to: 60_000,
 *     happenings: [{ at: 30_000, effect: Runtime.run(graph, { select: ["orders"] }) }]
 *   })
 *   const [newest] = yield* store.evaluations({ key: "revenue" })
 *   const replay = (graph: Graph.Any) =>
 *     replayConditions({ graph }, { evaluation: newest!.evaluation }).pipe(
 *       Effect.map(({ replayed }) => replayed.requests.map(({ key }) => key)),
 *       Effect.provideService(EventLog.EventLog, log),
 *       Effect.provideService(AutomationStore.AutomationStore, store)
 *     )
 *   const impatient = Condition.without(Condition.eager(), Condition.not(Condition.anyDepsMissing))
 *   return [yield* replay(graph), yield* replay(make(impatient))]
 * })
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => [[], ["revenue"]]
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const replayConditions = Effect.fnUntraced(function*(
  deployed: Deployed,
  options: { readonly evaluation: number }
) {
  const { evaluation } = options
  const store = yield* AutomationStore.AutomationStore
  const recorded = yield* recordedBy(store, evaluation)
  if (recorded === undefined) return yield* new ReplayError({ evaluation, reason: "NotRecorded" })
  const { at, explanations = [], seq } = recorded
  const before = explanations[0]?.before
  if (before === undefined) return yield* new ReplayError({ evaluation, reason: "NotReplayable" })
  // one that requested nothing need not be recorded
  const last = before.now === undefined ? undefined : yield* recordedBy(store, evaluation - 1, seq)
  const previous = last === undefined || last.at !== before.now ? [] : last.explanations
  if (previous === undefined) return yield* new ReplayError({ evaluation, reason: "NotReplayable" })
  const { justOver, open } = yield* queuedBefore(store, recorded)
  const { explanations: found, requests } = yield* atOwnTime(Effect.gen(function*() {
    const context = yield* Effect.context<EventLog.Stored>()
    const loaded = loadedOf(deployed, context)
    const defined = define(loaded)
    yield* TestClock.setTime(before.now ?? at)
    const resolve = yield* within(loaded, resolveSets(defined.compiled.assets))
    const { log, observed, places } = yield* logBefore(
      Context.get(context, EventLog.EventLog),
      defined.compiled,
      before,
      resolve
    )
    yield* TestClock.setTime(at)
    const cursor = before.now === undefined ? undefined : {
      evaluation: evaluation - 1,
      now: before.now,
      ...places,
      entities: statesBefore(defined.compiled, resolve, explanations, previous),
      observed
    }
    const readWith = (items: ReadonlyArray<AutomationStore.QueuedRun>) => {
      // what was requested under an id is the same at all times
      const queue: AutomationStore.Service["queue"] = (filter) =>
        filter?.ids === undefined ? Effect.succeed(items) : store.queue(filter)
      return read({ loaded, log, store: { ...store, queue } }, defined, nothingKnown(), cursor)
    }
    let input = yield* readWith(open)
    // how many of those that were over at that very moment were still there
    const missing = before.running - input.running.length
    if (missing > 0 && justOver.length > 0) input = yield* readWith([...open, ...justOver.slice(0, missing)])
    return evaluate({ ...input, only: new Set(explanations.map(({ id }) => id)) })
  }))
  // as it was recorded: places in the copy of the log mean nothing to anybody
  const given = new Map(explanations.map(({ before, id }) => [id, before]))
  const replay: ConditionsReplay = {
    evaluation,
    at,
    recorded: explanations,
    replayed: {
      requests: requestsOf(requests),
      explanations: found.map(({ before: _, ...explanation }) => {
        const before = given.get(explanation.id)
        return asStored(storedExplanation({ ...explanation, ...(before !== undefined && { before }) }))
      })
    }
  }
  return replay
})
