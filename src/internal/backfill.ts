/**
 * Backfills: runs in the order of a plan, at most so many at once. What fails keeps what needs it from running, and nothing
 * else.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Asset from "../Asset.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"
import {
  backfillRuns,
  type BackfillTarget,
  backfillTargets,
  Order,
  type PerRun,
  type PlannedRun,
  unmetTargets,
  withSiblings
} from "./backfillPlan.ts"
import { recordConfig, type RecordedConfig, resolveConfig } from "./config.ts"
import { BackfillError, RunPartitionsError } from "./errors.ts"
import { newId } from "./ids.ts"
import { downstream } from "./mapping.ts"
import { resolveSets } from "./resolveSets.ts"
import { explainHidden, hiddenConfig, keptTags } from "./retry.ts"
import * as Subset from "./subset.ts"
import type { Wanted } from "./targets.ts"

/** @internal */
export interface Options {
  readonly partitions?: Wanted | "missing" | undefined
  readonly targets?: { readonly [key: string]: Wanted } | undefined
  readonly partitionsPerRun?: PerRun | { readonly [key: string]: PerRun } | undefined
  readonly maxRuns?: number | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly resume?: string | undefined
  readonly checks?: Runtime.Checks | undefined
  readonly config?: { readonly [name: string]: unknown } | undefined
}

/** A planned backfill, with what it takes to run it. */
interface Prepared {
  readonly inside: Plan.Inside
  readonly targets: ReadonlyMap<number, BackfillTarget>
  readonly runs: ReadonlyArray<PlannedRun>
  readonly resumed: Resumed | undefined
}

type Started = Extract<EventLog.Event, { readonly _tag: "BackfillStarted" }>

/** A backfill that has begun before. */
interface Resumed {
  readonly started: EventLog.Logged<Started>
  /** The configuration that was given to it, also when it was resumed before. */
  readonly given: RecordedConfig
  /** Whether its end is recorded; the process of one that has none has died, or lives. */
  readonly hasEnded: boolean
}

type PrepareError = RunPartitionsError | BackfillError | EventLog.EventLogError | Partitions.DynamicKeysError

/** Finds out what is to be computed, and in which runs. */
const prepare = Effect.fnUntraced(function*(
  plan: Plan.Plan,
  options: Options
): Effect.fn.Return<Prepared, PrepareError, EventLog.EventLog> {
  const inside = Plan.inside(plan)
  const { graph } = inside
  const log = yield* EventLog.EventLog
  const resolve = yield* resolveSets(inside.graph.assets)
  const resumed = options.resume === undefined ? undefined : yield* beginningOf(log, options.resume)
  const asked: Result.Result<ReadonlyMap<number, BackfillTarget>, RunPartitionsError["problems"]> =
    resumed !== undefined
      ? Result.succeed(recordedTargets(inside, resumed.started, resolve))
      : options.targets !== undefined
      ? backfillTargets(inside, new Map(Object.entries(options.targets)), resolve)
      : options.partitions !== undefined
      ? backfillTargets(inside, options.partitions === "missing" ? "all" : options.partitions, resolve)
      : Result.fail([unsaid(inside)])
  if (Result.isFailure(asked)) return yield* new RunPartitionsError({ problems: asked.failure })
  const left = resumed !== undefined || options.partitions === "missing"
    ? yield* withoutDone(inside, asked.success, resumed?.started.cursor, options.checks, log)
    : asked.success
  const targets = withSiblings(graph, left, resolve)
  const unmet = unmetTargets(graph, targets, resolve)
  if (unmet.length > 0) return yield* new RunPartitionsError({ problems: unmet })
  const { partitionsPerRun = resumed === undefined ? 1 : resumed.started.partitionsPerRun ?? "all" } = options
  yield* checkSizes(
    "partitionsPerRun",
    typeof partitionsPerRun === "object" ? partitionsPerRun : { "": partitionsPerRun }
  )
  yield* checkSizes("maxRuns", { "": options.maxRuns })
  const perRun = (keys: ReadonlyArray<string>): PerRun => {
    const size = typeof partitionsPerRun === "object"
      ? keys.map((key) => partitionsPerRun[key]).find((size) => size !== undefined) ?? 1
      : partitionsPerRun
    return size === "all" ? size : Math.floor(size)
  }
  const runs = backfillRuns(inside, targets, perRun)
  if (Result.isFailure(runs)) return yield* new RunPartitionsError({ problems: runs.failure })
  return { inside, targets, runs: runs.success, resumed }
})

const checkSizes = (
  option: string,
  sizes: { readonly [key: string]: PerRun | undefined }
): Effect.Effect<void> => {
  const wrong = Object.values(sizes).find((size) => size !== undefined && size !== "all" && !(size >= 1))
  return wrong === undefined
    ? Effect.void
    : Effect.die(new RangeError(`${option} must be a number from 1 on, and is ${wrong}`))
}

/** What is wrong if nobody says which partitions. */
const unsaid = ({ graph, planned }: Plan.Inside): { readonly key: string; readonly problem: string } => {
  const selected = graph.assets.filter((_, id) => planned[id] === 1)
  const partitioned = selected.find(({ partitions }) => partitions !== undefined)
  if (partitioned !== undefined) {
    return { key: partitioned.key, problem: "has partitions: say which with `partitions` or `targets`" }
  }
  return {
    key: selected[0]?.key ?? "",
    problem: "has no partitions, and neither has anything else that is selected: use Runtime.run"
  }
}

const beginningOf = Effect.fnUntraced(function*(
  log: EventLog.Service,
  backfillId: string
): Effect.fn.Return<Resumed, BackfillError | EventLog.EventLogError> {
  const events = yield* Stream.runCollect(log.events({ backfillId, tags: ["BackfillStarted", "BackfillFinished"] }))
  // it begins anew when it is resumed: what counts is what it was to compute at first
  const started = events.find((event) => event._tag === "BackfillStarted")
  const last = events.at(-1)
  if (started === undefined) {
    return yield* new BackfillError({ backfillId, problem: "there is no such backfill in the event log" })
  }
  if (last?._tag === "BackfillFinished" && last.status === "Succeeded") {
    return yield* new BackfillError({ backfillId, problem: "it has succeeded, and there is nothing left to do" })
  }
  const { config, configHidden } = events.findLast((event) => event._tag === "BackfillStarted") ?? started
  return {
    started,
    given: { ...(config !== undefined && { config }), ...(configHidden !== undefined && { configHidden }) },
    hasEnded: last?._tag === "BackfillFinished"
  }
})

const recordedTargets = (
  { graph }: Plan.Inside,
  started: Started,
  resolve: (set: Partitions.Any) => Partitions.Resolved
): ReadonlyMap<number, BackfillTarget> => {
  const targets = new Map<number, BackfillTarget>()
  // in topological order; what is no longer computed by the graph is left out
  graph.assets.forEach(({ external, key, partitions }, id) => {
    if (external || !Object.hasOwn(started.partitions, key)) return
    const recorded = started.partitions[key]!
    if (partitions === undefined) targets.set(id, { resolved: undefined, subset: Subset.unit })
    else if (recorded !== null) {
      const resolved = resolve(partitions)
      targets.set(id, { resolved, subset: Subset.deserialize(resolved, recorded).subset })
    }
  })
  return targets
}

/**
 * Leaves out what is materialized; or, since a backfill began, what was materialized, and not refused by a blocking check,
 * or skipped.
 */
const withoutDone = Effect.fnUntraced(function*(
  { graph }: Plan.Inside,
  targets: ReadonlyMap<number, BackfillTarget>,
  since: number | undefined,
  which: Runtime.Checks | undefined,
  log: EventLog.Service
): Effect.fn.Return<ReadonlyMap<number, BackfillTarget>, EventLog.EventLogError> {
  const keys = Array.from(targets.keys(), (id) => graph.assets[id]!.key)
  const versions = yield* log.versions(keys)
  const outcomes = since === undefined ? undefined : yield* log.outcomes(keys)
  const checks = since === undefined ? undefined : yield* log.checks(keys)
  const needed = Map.groupBy(
    since === undefined || which === "none" ? [] : graph.checks.filter(({ blocking }) => blocking),
    ({ asset }) => asset.key
  )
  const left = new Map<number, BackfillTarget>()
  for (const [id, { resolved, subset }] of targets) {
    const { key } = graph.assets[id]!
    const read = <A extends Recorded>(states: ReadonlyArray<A> | undefined, holds?: (state: A) => boolean) =>
      recordedOf(resolved, (states ?? []).filter(({ cursor }) => since === undefined || cursor > since), holds)
    let computed = Subset.difference(read(versions.get(key)), read(checks?.get(key), refuses))
    // its process may have died before what is downstream was let through
    for (const { name } of needed.get(key) ?? []) {
      computed = Subset.intersection(computed, read(checks?.get(key)?.filter(({ check }) => check === name)))
    }
    const done = Subset.union(computed, read(outcomes?.get(key), ({ tag }) => tag === "AssetSkipped"))
    left.set(id, { resolved, subset: Subset.difference(subset, done) })
  }
  return left
})

interface Recorded {
  readonly cursor: number
  readonly check?: string
  readonly partition?: string | undefined
  readonly partitions?: Partitions.Serialized | undefined
}

/** The partitions of which the newest state holds; of each check its own newest. */
const recordedOf = <A extends Recorded>(
  resolved: Partitions.Resolved | undefined,
  states: ReadonlyArray<A>,
  holds: (state: A) => boolean = () => true
): Subset.Subset => {
  const depth = resolved?.dimensions.length ?? 0
  const subsetOf = ({ partition, partitions }: A): Subset.Subset => {
    if (resolved === undefined) {
      return partition === undefined && partitions === undefined ? Subset.unit : Subset.empty(0)
    }
    return partition !== undefined
      ? single(resolved, Subset.recordedTuple(resolved, partition, partitions))
      : partitions !== undefined
      ? Subset.deserialize(resolved, partitions).subset
      : Subset.empty(depth)
  }
  const byCheck = Map.groupBy(states, ({ check }) => check)
  return Subset.unionAll(
    depth,
    Array.from(byCheck.values(), (states) => {
      if (states.every(holds)) return Subset.unionAll(depth, states.map(subsetOf))
      let found = Subset.empty(depth)
      // the newest come first
      for (const state of states.toReversed()) {
        found = (holds(state) ? Subset.union : Subset.difference)(found, subsetOf(state))
      }
      return found
    })
  )
}

/** Whether what is downstream must not see the data. */
const refuses = (
  { blocking, severity, status }: Pick<EventLog.CheckEvaluated, "blocking" | "severity" | "status">
): boolean => blocking && severity === "error" && status !== "Passed"

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
      // there may be as many as the square of the number of runs: they are listed when somebody looks
      get after() {
        return Array.from(Subset.iterate(after), ([place]) => place!)
      }
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
): Effect.Effect<Runtime.BackfillPlan, PrepareError, EventLog.EventLog> => Effect.map(prepare(plan, options), described)

/** Computes some partitions of some assets in one run; `targets` has those with partitions. */
export type RunPart = (
  keys: ReadonlyArray<string>,
  targets: ReadonlyMap<string, Partitions.Serialized>,
  backfillId: string,
  tags: { readonly [name: string]: string },
  recordedConfig: RecordedConfig["config"]
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
  const backfillId = resumed?.started.backfillId ?? (yield* newId)
  const tags = { ...keptTags(resumed?.started.tags ?? {}), ...options.tags }
  const wantedKeys = Array.from(targets.keys(), (id) => graph.assets[id]!.key)
  const hidden = hiddenConfig(graph, wantedKeys, resumed?.given.configHidden, options.config ?? {})
  if (hidden.length > 0) return yield* new BackfillError({ backfillId, problem: explainHidden(hidden) })
  const given = yield* givenConfig(inside, options.config, resumed?.given)
  const { partitionsPerRun = resumed === undefined ? 1 : resumed.started.partitionsPerRun ?? "all" } = options
  const started: Started = {
    _tag: "BackfillStarted",
    backfillId,
    timestamp: startedAt,
    partitions: resumed?.started.partitions ?? Object.fromEntries(
      Array.from(targets, ([id, { resolved, subset }]) => [
        graph.assets[id]!.key,
        resolved === undefined ? null : Subset.serialize(resolved, subset)
      ])
    ),
    partitionsPerRun: partitionsPerRun === "all"
      ? undefined
      : typeof partitionsPerRun === "number"
      ? Math.floor(partitionsPerRun)
      : 1,
    tags,
    ...given
  }
  const maxRuns = Math.floor(options.maxRuns ?? defaultMaxRuns)
  const finished: Array<Runtime.Run<Graph.Assets>> = []
  const places: Array<number> = []
  let failed = false
  let cancelled = false

  const order = new Order(runs)
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
      for (const input of [...Object.values(asset.inputs), ...asset.deps]) {
        without(input, graph.ids.get(input.asset.key)!)
      }
      const previous = Object.values(asset.previous)
      for (const input of previous) without(input, id)
      if (previous.length > 0 && resolved !== undefined) {
        // a partition that is left out leaves out the one after it, and so on
        let lost = Subset.difference(whole, own)
        while (lost.size > 0) {
          const after = previous.map(({ mapping }) => downstream(mapping, resolved, lost, resolved))
          lost = Subset.intersection(own, Subset.unionAll(own.depth, after))
          own = Subset.difference(own, lost)
        }
      }
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
    for (const check of run.checks) if (refuses(check)) miss(check.key, check.partition)
    for (const [key, keys] of missed) {
      const id = graph.ids.get(key)!
      const resolved = targets.get(id)?.resolved
      spoil(id, resolved === undefined ? Subset.unit : Subset.fromKeys(resolved, keys.map(String)).subset)
    }
  }

  const describedPlan = described(prepared)
  const running = new Map<number, Fiber.Fiber<Runtime.Run<Graph.Assets>, Runtime.RunError>>()
  let requested: Fiber.Fiber<Option.Option<EventLog.LoggedEvent>, EventLog.EventLogError> | undefined
  const work = Effect.gen(function*() {
    if (resumed?.hasEnded === false) yield* log.append(yield* endingOf(log, backfillId, startedAt))
    yield* log.append([started])
    // somebody else, maybe in another process, may want the backfill to end; but not the one that began it before
    const filter = { backfillId, tags: ["BackfillStarted"], order: "descending", limit: 1 } as const
    const begun = yield* Stream.runHead(log.events(filter))
    const after = Option.match(begun, { onNone: () => 0, onSome: ({ cursor }) => cursor })
    requested = yield* Effect.forkChild(
      Stream.runHead(log.tail({ backfillId, tags: ["BackfillCancelRequested"], after })),
      { startImmediately: true }
    )
    tell({ _tag: "BackfillStarted", backfillId, plan: describedPlan })
    type Ended = Exit.Exit<Runtime.Run<Graph.Assets>, Runtime.RunError>
    const ended = yield* Queue.unbounded<{ readonly place: number; readonly exit: Ended } | "cancel">()
    requested.addObserver((exit) => {
      if (Exit.isSuccess(exit) && Option.isSome(exit.value)) Queue.offerUnsafe(ended, "cancel")
    })
    const mayStart = () => !cancelled && next < order.ready.length && running.size < maxRuns
    while (true) {
      while (mayStart()) {
        const place = order.ready[next++]!
        const part = possible(runs[place]!)
        if (part.size === 0) {
          failed = true
          tell({ _tag: "RunNotPossible", place })
          order.ended(place)
          continue
        }
        const wanted = new Map<string, Partitions.Serialized>()
        for (const [id, subset] of part) {
          const { resolved } = targets.get(id)!
          if (resolved !== undefined) wanted.set(graph.assets[id]!.key, Subset.serialize(resolved, subset))
        }
        const keys = Array.from(part.keys(), (id) => graph.assets[id]!.key)
        tell({ _tag: "BackfillRunStarted", place })
        const fiber = yield* Effect.forkChild(runPart(keys, wanted, backfillId, tags, given.config))
        running.set(place, fiber)
        fiber.addObserver((exit) => void Queue.offerUnsafe(ended, { place, exit }))
      }
      if (running.size === 0) break
      const event = yield* Queue.take(ended)
      if (event === "cancel") {
        cancelled = true
        yield* Fiber.interruptAll(Array.from(running.values()))
        continue
      }
      const { exit, place } = event
      running.delete(place)
      if (Exit.isSuccess(exit)) {
        settle(exit.value)
        places.push(place)
        // a run that somebody cancelled by itself leaves its partitions to a later one
        tell({ _tag: "BackfillRunFinished", place, run: exit.value })
        order.ended(place)
      } else if (!cancelled || !Cause.hasInterruptsOnly(exit.cause)) {
        return yield* Effect.failCause(exit.cause)
      }
    }
  })
  const exit = yield* Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(work)), (exit) =>
      Effect.gen(function*() {
        // runs record their own end before that of the backfill is
        yield* Fiber.interruptAll([...running.values(), ...(requested === undefined ? [] : [requested])])
        const timestamp = yield* Clock.currentTimeMillis
        const stopped = cancelled || (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
        const status = stopped ? "Cancelled" : Exit.isFailure(exit) || failed ? "Failed" : "Succeeded"
        const end = log.append([
          { _tag: "BackfillFinished", backfillId, timestamp, status, durationMillis: timestamp - startedAt }
        ])
        // a log that hangs must not keep a backfill from being stopped
        yield* Exit.isSuccess(exit) ? restore(end) : Effect.ignore(Effect.timeout(end, "10 seconds"))
        tell({ _tag: "BackfillFinished", backfillId, status, runs: finished })
        return exit
      }))
  )
  if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
  // in the order of the plan
  return places.map((place, at) => ({ place, run: finished[at]! })).sort((a, b) => a.place - b.place).map(({ run }) =>
    run
  )
})

/** What is recorded of the configuration that a backfill is given; runs tell if it is not valid. */
const givenConfig = Effect.fnUntraced(function*(
  { graph, planned }: Plan.Inside,
  config: Options["config"] = {},
  before: RecordedConfig = {}
): Effect.fn.Return<RecordedConfig> {
  const names = Object.keys(config)
  if (names.length === 0) return before
  const asked = planned.map((wanted, id) => Object.hasOwn(config, Asset.nameOf(graph.assets[id]!)) ? wanted : 0)
  const values = yield* Effect.orElseSucceed(resolveConfig(graph, asked, config), () => new Map<string, unknown>())
  const now = values.size === 0 ? {} : recordConfig(graph, asked, names, values)
  const configHidden = [
    ...(before.configHidden ?? []).filter((name) => !Object.hasOwn(config, name)),
    ...now.configHidden ?? []
  ]
  return {
    config: {
      ...Object.fromEntries(Object.entries(before.config ?? {}).filter(([name]) => !Object.hasOwn(config, name))),
      ...now.config
    },
    ...(configHidden.length > 0 && { configHidden })
  }
})

/** Ends what the process of a backfill has left behind when it died; if it lives after all, it is to stop. */
const endingOf = Effect.fnUntraced(function*(
  log: EventLog.Service,
  backfillId: string,
  timestamp: number
): Effect.fn.Return<ReadonlyArray<EventLog.Event>, EventLog.EventLogError> {
  const runs = yield* log.runs({ backfillId, statuses: ["Running"] })
  const reason = "its backfill is resumed"
  return [
    { _tag: "BackfillCancelRequested", backfillId, timestamp },
    ...runs.flatMap(({ id, startedAt }): ReadonlyArray<EventLog.Event> => [
      { _tag: "RunCancelRequested", runId: id, timestamp, reason },
      { _tag: "RunFinished", runId: id, timestamp, status: "Cancelled", durationMillis: timestamp - startedAt }
    ])
  ]
})

const single = (resolved: Partitions.Resolved, tuple: ReadonlyArray<number> | undefined): Subset.Subset =>
  Subset.fromTuples(resolved.dimensions.length, tuple === undefined ? [] : [tuple])

/** How many runs of a backfill go on at once, unless its options say so. */
const defaultMaxRuns = 4
