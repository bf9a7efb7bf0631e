/**
 * Backfills: runs in the order of a plan, at most so many at once. What fails keeps what needs it from running, and nothing
 * else.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import { make as makeRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Asset from "../Asset.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"
import { backfillRuns, backfillTargets, type BackfillTarget, type PerRun, type PlannedRun } from "./backfillPlan.ts"
import { BackfillError, RunPartitionsError } from "./errors.ts"
import { downstream } from "./mapping.ts"
import * as Subset from "./subset.ts"
import type { Wanted } from "./targets.ts"

const random = makeRandom((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))

/** @internal */
export interface Options {
  readonly partitions?: Wanted | "missing" | undefined
  readonly targets?: { readonly [key: string]: Wanted } | undefined
  readonly partitionsPerRun?: PerRun | { readonly [key: string]: PerRun } | undefined
  readonly maxRuns?: number | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly resume?: string | undefined
}

/** A planned backfill, with what it takes to run it. */
interface Prepared {
  readonly inside: Plan.Inside
  readonly targets: ReadonlyMap<number, BackfillTarget>
  readonly runs: ReadonlyArray<PlannedRun>
  readonly resumed: EventLog.Logged<Started> | undefined
}

type Started = Extract<EventLog.Event, { readonly _tag: "BackfillStarted" }>

type PrepareError = RunPartitionsError | BackfillError | EventLog.EventLogError | Partitions.DynamicKeysError

/** Finds out what is to be computed, and in which runs. */
const prepare = Effect.fnUntraced(function*(
  plan: Plan.Plan,
  options: Options
): Effect.fn.Return<Prepared, PrepareError, EventLog.EventLog> {
  const inside = Plan.inside(plan)
  const log = yield* EventLog.EventLog
  const resolve = yield* resolver(inside)
  const resumed = options.resume === undefined ? undefined : yield* startOf(log, options.resume)
  const asked: Result.Result<ReadonlyMap<number, BackfillTarget>, RunPartitionsError["problems"]> = resumed !== undefined
    ? recordedTargets(inside, resumed, resolve)
    : options.targets !== undefined
    ? backfillTargets(inside, new Map(Object.entries(options.targets)), resolve)
    : options.partitions !== undefined
    ? backfillTargets(inside, options.partitions === "missing" ? "all" : options.partitions, resolve)
    : Result.fail([{ key: firstPartitioned(inside), problem: "is to be backfilled, and nobody says which partitions of" }])
  if (Result.isFailure(asked)) return yield* new RunPartitionsError({ problems: asked.failure })
  const targets = resumed !== undefined || options.partitions === "missing"
    ? yield* withoutDone(inside, asked.success, resumed?.cursor, log)
    : asked.success
  const { partitionsPerRun = resumed?.partitionsPerRun ?? (resumed === undefined ? 1 : "all") } = options
  const perRun = (key: string): PerRun => {
    const size = typeof partitionsPerRun === "object" ? partitionsPerRun[key] ?? 1 : partitionsPerRun
    return size === "all" ? size : Math.max(1, Math.floor(size))
  }
  return { inside, targets, runs: backfillRuns(inside, targets, perRun), resumed }
})

const firstPartitioned = ({ graph, planned }: Plan.Inside): string =>
  graph.assets.find((asset, id) => planned[id] === 1 && asset.partitions !== undefined)?.key ?? graph.assets[0]?.key ?? ""

/** Resolves each set once, all at the same moment. */
const resolver = Effect.fnUntraced(function*(
  { graph }: Plan.Inside
): Effect.fn.Return<(set: Partitions.Any) => Partitions.Resolved, Partitions.DynamicKeysError> {
  const now = yield* Clock.currentTimeMillis
  const context = yield* Effect.context<never>()
  const dynamic = new Map<string, ReadonlyArray<string>>()
  for (const { partitions } of graph.assets) {
    if (partitions === undefined) continue
    for (const name of Partitions.dynamicNames(partitions)) {
      if (dynamic.has(name)) continue
      // a graph with dynamic partitions has the service in its type
      const service = Context.get(context as Context.Context<Partitions.DynamicKeys>, Partitions.DynamicKeys)
      dynamic.set(name, yield* service.keys(name))
    }
  }
  const sets = new Map<Partitions.Any, Partitions.Resolved>()
  return (set) => {
    let resolved = sets.get(set)
    if (resolved === undefined) {
      resolved = Partitions.resolveAt(set, now, dynamic)
      sets.set(set, resolved)
    }
    return resolved
  }
})

const startOf = Effect.fnUntraced(function*(
  log: EventLog.Service,
  backfillId: string
): Effect.fn.Return<EventLog.Logged<Started>, BackfillError | EventLog.EventLogError> {
  const found = yield* Stream.runHead(log.events({ backfillId, tags: ["BackfillStarted"] }))
  if (Option.isSome(found) && found.value._tag === "BackfillStarted") return found.value
  return yield* new BackfillError({ backfillId, problem: "there is no such backfill in the event log" })
})

const recordedTargets = (
  { graph }: Plan.Inside,
  started: Started,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): Result.Result<ReadonlyMap<number, BackfillTarget>, RunPartitionsError["problems"]> => {
  const targets = new Map<number, BackfillTarget>()
  // in topological order; what is no longer in the graph is left out
  graph.assets.forEach(({ key, partitions }, id) => {
    if (!Object.hasOwn(started.partitions, key)) return
    const recorded = started.partitions[key]!
    if (partitions === undefined) targets.set(id, { resolved: undefined, subset: Subset.unit })
    else if (recorded !== null) {
      const resolved = resolve(partitions)
      targets.set(id, { resolved, subset: Subset.deserialize(resolved, recorded).subset })
    }
  })
  return Result.succeed(targets)
}

/** Leaves out what is materialized, or, since a backfill began, what was materialized or skipped. */
const withoutDone = Effect.fnUntraced(function*(
  { graph }: Plan.Inside,
  targets: ReadonlyMap<number, BackfillTarget>,
  since: number | undefined,
  log: EventLog.Service
): Effect.fn.Return<ReadonlyMap<number, BackfillTarget>, EventLog.EventLogError> {
  const keys = Array.from(targets.keys(), (id) => graph.assets[id]!.key)
  const versions = yield* log.versions(keys)
  const outcomes = since === undefined ? undefined : yield* log.outcomes(keys)
  const left = new Map<number, BackfillTarget>()
  for (const [id, { resolved, subset }] of targets) {
    const { key } = graph.assets[id]!
    const states = [
      ...(versions.get(key) ?? []),
      ...(outcomes?.get(key) ?? []).filter(({ tag }) => tag === "AssetSkipped")
    ].filter(({ cursor }) => since === undefined || cursor > since)
    if (resolved === undefined) {
      if (!states.some(({ partition, partitions }) => partition === undefined && partitions === undefined)) {
        left.set(id, { resolved, subset })
      }
      continue
    }
    const done = states.flatMap(({ partition, partitions }) =>
      partition !== undefined
        ? [Subset.fromKeys(resolved, [partition]).subset]
        : partitions === undefined
        ? []
        : [Subset.deserialize(resolved, partitions).subset]
    )
    left.set(id, { resolved, subset: Subset.difference(subset, Subset.unionAll(resolved.dimensions.length, done)) })
  }
  return left
})

const described = ({ inside, runs, targets }: Prepared): Runtime.BackfillPlan => {
  const keyOf = (id: number) => inside.graph.assets[id]!.key
  return {
    assets: Array.from(targets, ([id, { resolved, subset }]) => ({
      key: keyOf(id),
      count: resolved === undefined ? undefined : subset.size,
      partitions: resolved === undefined ? undefined : Subset.describe(resolved, subset)
    })),
    runs: runs.map(({ after, assets, resolved, subset }) => ({
      keys: assets.map(keyOf),
      count: subset?.size,
      partitions: resolved === undefined || subset === undefined ? undefined : Subset.describe(resolved, subset),
      after
    }))
  }
}

/**
 * What a backfill would do.
 *
 * @internal
 */
export const planned = (
  plan: Plan.Plan,
  options: Options
): Effect.Effect<Runtime.BackfillPlan, PrepareError, EventLog.EventLog> =>
  Effect.map(prepare(plan, options), described)

/** Computes some partitions of some assets in one run; `targets` has those with partitions. */
export type RunPart = (
  keys: ReadonlyArray<string>,
  targets: ReadonlyMap<string, Partitions.Serialized>,
  backfillId: string,
  tags: { readonly [name: string]: string }
) => Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, EventLog.EventLog>

/**
 * Runs a backfill to its end.
 *
 * @internal
 */
export const execute = Effect.fnUntraced(function*(
  plan: Plan.Plan,
  options: Options,
  runPart: RunPart,
  outcomesOf: (run: Runtime.Run<Graph.Assets>) => ReadonlyArray<Runtime.Outcome>,
  tell: (progress: Runtime.BackfillProgress) => void
): Effect.fn.Return<ReadonlyArray<Runtime.Run<Graph.Assets>>, Runtime.RunError | BackfillError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const prepared = yield* prepare(plan, options)
  const { inside, resumed, runs, targets } = prepared
  const { graph } = inside
  const startedAt = yield* Clock.currentTimeMillis
  const backfillId = resumed?.backfillId ?? (yield* random.uuidV7())
  const tags = { ...resumed?.tags, ...options.tags }
  const { partitionsPerRun = 1 } = options
  const started: Started = {
    _tag: "BackfillStarted",
    backfillId,
    timestamp: startedAt,
    partitions: Object.fromEntries(Array.from(targets, ([id, { resolved, subset }]) => [
      graph.assets[id]!.key,
      resolved === undefined ? null : Subset.serialize(resolved, subset)
    ])),
    partitionsPerRun: partitionsPerRun === "all" ? undefined : typeof partitionsPerRun === "number" ? partitionsPerRun : 1,
    tags
  }
  const maxRuns = Math.max(1, Math.floor(options.maxRuns ?? defaultMaxRuns))
  const finished: Array<Runtime.Run<Graph.Assets>> = []
  const places: Array<number> = []
  let failed = false
  let cancelled = false

  const waiting = runs.map(({ after }) => after.length)
  const dependents: Array<Array<number>> = runs.map(() => [])
  runs.forEach(({ after }, place) => {
    for (const before of after) dependents[before]!.push(place)
  })
  const ready = waiting.flatMap((count, place) => count === 0 ? [place] : [])
  let next = 0
  /** What must not be read, by asset: it failed, or a blocking check of it did. */
  const bad = new Map<number, Subset.Subset>()
  const spoil = (id: number, subset: Subset.Subset): void => {
    const known = bad.get(id)
    bad.set(id, known === undefined ? subset : Subset.union(known, subset))
  }

  /** The part of a planned run that can be computed. */
  const possible = ({ assets, resolved, subset }: PlannedRun): ReadonlyMap<number, Subset.Subset> => {
    const whole = subset ?? Subset.unit
    const left = new Map<number, Subset.Subset>()
    for (const id of assets) {
      const asset = graph.assets[id]!
      let own = whole
      const without = (input: Asset.AnyInput, parent: number): void => {
        const spoiled = bad.get(parent)
        if (spoiled === undefined || own.size === 0) return
        const up = targets.get(parent)?.resolved
        own = up === undefined
          ? Subset.empty(own.depth)
          : Subset.difference(own, downstream(input.mapping, up, spoiled, resolved))
      }
      for (const input of [...Object.values(asset.inputs), ...asset.deps]) without(input, graph.ids.get(input.asset.key)!)
      for (const input of Object.values(asset.previous)) without(input, id)
      if (own.size < whole.size) spoil(id, Subset.difference(whole, own))
      if (own.size > 0) left.set(id, own)
    }
    return left
  }

  /** Notes what a run has not brought about. */
  const settle = (run: Runtime.Run<Graph.Assets>): void => {
    finished.push(run)
    if (run.status !== "Succeeded") failed = true
    const missed = new Map<string, Array<string | undefined>>()
    const miss = (key: string, partition: string | undefined): void => {
      const keys = missed.get(key)
      if (keys === undefined) missed.set(key, [partition])
      else keys.push(partition)
    }
    for (const outcome of outcomesOf(run)) {
      if (outcome._tag === "Failed" || outcome._tag === "UpstreamFailed" || outcome._tag === "Cancelled") {
        miss(outcome.key, outcome.partition)
      }
    }
    for (const { blocking, key, partition, severity, status } of run.checks) {
      if (blocking && severity === "error" && status !== "Passed") miss(key, partition)
    }
    for (const [key, keys] of missed) {
      const id = graph.ids.get(key)!
      const resolved = targets.get(id)?.resolved
      spoil(id, resolved === undefined ? Subset.unit : Subset.fromKeys(resolved, keys.map(String)).subset)
    }
  }

  const describedPlan = described(prepared)
  const running = new Map<number, Fiber.Fiber<Runtime.Run<Graph.Assets>, Runtime.RunError>>()
  const work = Effect.gen(function*() {
    const requested = yield* Effect.forkChild(
      Stream.runHead(log.tail({ backfillId, tags: ["BackfillCancelRequested"] })),
      { startImmediately: true }
    )
    if (resumed === undefined) yield* log.append([started])
    tell({ _tag: "BackfillStarted", backfillId, plan: describedPlan })
    type Ended = Exit.Exit<Runtime.Run<Graph.Assets>, Runtime.RunError>
    const ended = yield* Queue.unbounded<{ readonly place: number; readonly exit: Ended } | "cancel">()
    requested.addObserver((exit) => {
      if (Exit.isSuccess(exit) && Option.isSome(exit.value)) Queue.offerUnsafe(ended, "cancel")
    })
    const passOn = (place: number): void => {
      for (const dependent of dependents[place]!) if (--waiting[dependent]! === 0) ready.push(dependent)
    }
    while (true) {
      while (!cancelled && next < ready.length && running.size < maxRuns) {
        const place = ready[next++]!
        const part = possible(runs[place]!)
        if (part.size === 0) {
          failed = true
          tell({ _tag: "RunNotPossible", place })
          passOn(place)
          continue
        }
        const wanted = new Map<string, Partitions.Serialized>()
        for (const [id, subset] of part) {
          const { resolved } = targets.get(id)!
          if (resolved !== undefined) wanted.set(graph.assets[id]!.key, Subset.serialize(resolved, subset))
        }
        const keys = Array.from(part.keys(), (id) => graph.assets[id]!.key)
        tell({ _tag: "BackfillRunStarted", place })
        const fiber = yield* Effect.forkChild(runPart(keys, wanted, backfillId, tags))
        running.set(place, fiber)
        fiber.addObserver((exit) => {
          running.delete(place)
          Queue.offerUnsafe(ended, { place, exit })
        })
      }
      if (running.size === 0 && Queue.sizeUnsafe(ended) === 0) break
      const event = yield* Queue.take(ended)
      if (event === "cancel") {
        cancelled = true
        yield* Fiber.interruptAll(Array.from(running.values()))
        continue
      }
      const { exit, place } = event
      if (Exit.isSuccess(exit)) {
        settle(exit.value)
        places.push(place)
        // a run that somebody cancelled by itself leaves its partitions to a later one
        tell({ _tag: "BackfillRunFinished", place, run: exit.value })
        passOn(place)
      } else if (!cancelled || !Cause.hasInterruptsOnly(exit.cause)) {
        return yield* Effect.failCause(exit.cause)
      }
    }
    yield* Fiber.interrupt(requested)
  })
  const exit = yield* Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(work)), (exit) =>
      Effect.gen(function*() {
        // runs record their own end before that of the backfill is
        yield* Fiber.interruptAll(Array.from(running.values()))
        const timestamp = yield* Clock.currentTimeMillis
        const stopped = cancelled || (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
        const status = stopped ? "Cancelled" : Exit.isFailure(exit) || failed ? "Failed" : "Succeeded"
        const end = log.append([
          { _tag: "BackfillFinished", backfillId, timestamp, status, durationMillis: timestamp - startedAt }
        ])
        // a log that hangs must not keep a backfill from being stopped
        yield* Exit.isSuccess(exit) ? end : Effect.ignore(Effect.timeout(end, "10 seconds"))
        tell({ _tag: "BackfillFinished", backfillId, status, runs: finished })
        return exit
      }))
  )
  if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
  // in the order of the plan
  return places.map((place, at) => ({ place, run: finished[at]! })).sort((a, b) => a.place - b.place).map(({ run }) => run)
})

/** How many runs of a backfill go on at once, unless its options say so. */
const defaultMaxRuns = 4

