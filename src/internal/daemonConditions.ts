/**
 * Conditions of a daemon: evaluated when something is recorded that they may be about, and when time may change them.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Condition from "../Condition.ts"
import * as Freshness from "../Freshness.ts"
import * as Graph from "../Graph.ts"
import * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import { endedAt, tickSet } from "./automationTargets.ts"
import { evaluate, type Input, type JobCondition } from "./conditions.ts"
import { storedExplanation } from "./conditionStored.ts"
import * as ConditionTree from "./conditionTree.ts"
import * as Cron from "./cron.ts"
import { type Known, nothingKnown, read } from "./daemonFacts.ts"
import { grouped } from "./daemonRequests.ts"
import { conditionsName, dynamicKeysOf, leaseName, type Loaded, type Session, toldOf } from "./daemonSession.ts"
import { ofWhole } from "./graphStaleness.ts"
import { newId } from "./ids.ts"
import * as Zone from "./zone.ts"

// ---------------------------------------------------------------------------------------------------------------------
// definitions
// ---------------------------------------------------------------------------------------------------------------------

/** What follows from definitions alone. */
interface Defined {
  readonly compiled: ReturnType<typeof Graph.compiled>
  readonly jobs: ReadonlyArray<JobCondition>
  /** The times at which something may change by itself: of conditions, and at which partitions begin to exist. */
  readonly crons: ReadonlyArray<Cron.Cron>
  readonly usesFreshness: boolean
  /** Whether there are partitions that are added and removed, of which nothing is recorded. */
  readonly isDynamic: boolean
  readonly any: boolean
}

const cronIn = (expression: string, timeZone: string | undefined): ReadonlyArray<Cron.Cron> => {
  const zone = Zone.make(timeZone ?? "UTC")
  const parsed = zone === undefined ? undefined : Cron.parse(expression, zone)
  return parsed === undefined || Result.isFailure(parsed) ? [] : [parsed.success]
}

const windowsOf = (set: Partitions.Any): ReadonlyArray<Partitions.TimeWindows> => {
  const singles = "dimensions" in set
    ? Object.values((set as Partitions.Product<{ readonly [name: string]: Partitions.Single }>).dimensions)
    : [set]
  return singles.filter((single): single is Partitions.TimeWindows => "kind" in single && single.kind === "TimeWindow")
}

/** @internal */
export const define = (loaded: Pick<Loaded, "graph" | "jobs">): Defined => {
  const compiled = Graph.compiled(loaded.graph)
  const jobs = loaded.jobs.flatMap(({ automation, name, select }): ReadonlyArray<JobCondition> => {
    if (automation === undefined) return []
    const ids = Plan.selectedIds(compiled, select)
    if (Result.isFailure(ids)) return []
    return [{
      name,
      condition: automation,
      keys: compiled.assets.flatMap(({ key }, id) => ids.success[id] === 1 ? [key] : [])
    }]
  })
  const crons = new Map<string, Cron.Cron>()
  let usesFreshness = false
  const look = (condition: Condition.Condition): void => {
    if (condition._tag === "Freshness") usesFreshness = true
    if (condition._tag === "CronTickPassed") {
      for (const cron of cronIn(condition.cron, condition.timeZone)) {
        crons.set(`${condition.cron} ${condition.timeZone}`, cron)
      }
    }
    for (const part of ConditionTree.partsOf(condition)) look(part)
  }
  const conditions = new Set([
    ...compiled.assets.map(({ automation }) => automation),
    ...compiled.checks.map(({ automation }) => automation),
    ...jobs.map(({ condition }) => condition)
  ])
  conditions.delete(undefined)
  for (const condition of conditions) look(condition!)
  const sets = new Map<string, Partitions.Any>()
  for (const { partitions } of compiled.assets) {
    if (partitions !== undefined) sets.set(Partitions.id(partitions), partitions)
  }
  for (const set of sets.values()) {
    for (const { cron, timeZone } of windowsOf(set)) {
      const zone = DateTime.zoneToString(timeZone)
      for (const parsed of cronIn(cron, zone)) crons.set(`${cron} ${zone}`, parsed)
    }
  }
  const isDynamic = [...sets.values()].some((set) => Partitions.dynamicNames(set).length > 0)
  return { compiled, jobs, crons: [...crons.values()], usesFreshness, isDynamic, any: conditions.size > 0 }
}

// ---------------------------------------------------------------------------------------------------------------------
// times
// ---------------------------------------------------------------------------------------------------------------------

/** So often it is looked whether there are other dynamic partitions. */
const dynamicMillis = 60_000

/** When time may change what conditions come to. */
const nextTime = (defined: Defined, versions: Input["versions"], now: number): number => {
  let next = defined.isDynamic ? now + dynamicMillis : Infinity
  for (const cron of defined.crons) next = Math.min(next, Cron.nextTick(cron, now))
  if (!defined.usesFreshness) return next
  for (const { freshness, key } of defined.compiled.assets) {
    if (freshness === undefined) continue
    const at = (ofWhole(versions.get(key)) ?? versions.get(key)?.[0])?.timestamp
    const found = Freshness.evaluate(freshness, at, now)
    if (found._tag === "Fresh" || found._tag === "Warning") next = Math.min(next, found.until)
    if (at !== undefined && freshness._tag === "Window" && freshness.warnMillis !== undefined) {
      if (at + freshness.warnMillis > now) next = Math.min(next, at + freshness.warnMillis)
    }
  }
  return next
}

// ---------------------------------------------------------------------------------------------------------------------
// evaluating
// ---------------------------------------------------------------------------------------------------------------------

/** What the job of a request says of it. Of a job with partitions, what has just ended is computed, as by a schedule. */
const ofJob = Effect.fnUntraced(function*(session: Session, request: AutomationStore.Request, now: number) {
  const { loaded } = session
  const job = loaded.jobs.find(({ name }) => name === request.job)
  if (job === undefined) return request
  const prioritized = job.priority === undefined ? request : { ...request, priority: job.priority }
  const set = Result.getOrUndefined(tickSet(loaded, job))
  if (set === undefined) return prioritized
  const { keys } = endedAt(set, now, 0, yield* dynamicKeysOf(session, [set]))
  return keys.length === 0 ? undefined : { ...prioritized, partitions: keys }
})

const decodeCursor = Schema.decodeUnknownOption(Condition.Cursor)

const isNewTo = (seen: number, entries: ReadonlyMap<string, ReadonlyArray<{ readonly cursor: number }>>): boolean => {
  for (const [newest] of entries.values()) if (newest !== undefined && newest.cursor > seen) return true
  return false
}

/**
 * Whether an evaluation has learned nothing that the next one has to know. How far the log goes is not worth writing down by
 * itself: most of what is recorded there is nothing that conditions ask for.
 */
const isUnchanged = (
  defined: Defined,
  before: Condition.Cursor | undefined,
  after: Condition.Cursor,
  { checks, versions }: Input
): boolean =>
  before !== undefined && !isNewTo(before.log, versions) && !isNewTo(before.checks, checks) &&
  defined.crons.every((cron) => Cron.nextTick(cron, before.now) > after.now) &&
  areSame(before.entities, after.entities) && areSame(before.observed, after.observed)

/** What has not changed mostly is the same object. */
const areSame = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>): boolean =>
  before.length === after.length &&
  before.every((one, at) => one === after[at] || JSON.stringify(one) === JSON.stringify(after[at]))

/** What one evaluation leads to. */
interface Outcome {
  readonly cursor: Condition.Cursor
  readonly tick: AutomationStore.Tick | undefined
  /** Whether something came to something else than in the evaluation before. */
  readonly isOther: boolean
  /** When to evaluate again, if nothing happens. */
  readonly next: number
}

/** @internal */
export const evaluated = Effect.fnUntraced(function*(
  session: Session,
  defined: Defined,
  known: Known,
  previous: Condition.Cursor | undefined,
  state: AutomationStore.AutomationState,
  byHand: boolean
) {
  const { owner, store } = session
  const id = yield* newId
  const startedAt = yield* Clock.currentTimeMillis
  const input = yield* read(session, defined, known, previous)
  const { cursor, explanations, last, requests } = yield* Effect.sync(() => evaluate(input))
  known.last = last
  const next = nextTime(defined, input.versions, input.now)
  if (requests.length === 0 && explanations.length === 0 && isUnchanged(defined, previous, cursor, input)) {
    const outcome: Outcome = { cursor, tick: undefined, isOther: false, next }
    return outcome
  }
  const wanted: Array<AutomationStore.Request> = []
  for (const request of grouped(defined.compiled, requests)) {
    const found = yield* ofJob(session, request, input.now)
    if (found !== undefined) wanted.push(found)
  }
  // its own commit is no news to it
  session.states.set(conditionsName, { ...session.states.get(conditionsName) ?? state, revision: state.revision + 1 })
  const committed = yield* store.commitTick({
    automation: conditionsName,
    ...(wanted.length > 0 && {
      tick: {
        id,
        kind: "condition",
        startedAt,
        finishedAt: yield* Clock.currentTimeMillis,
        status: "Requested"
      }
    }),
    requests: wanted,
    // it is plain data
    conditionCursor: cursor as Schema.Json,
    evaluations: explanations.map((explanation) => ({
      key: explanation.id,
      evaluation: explanation.evaluation,
      timestamp: explanation.at,
      requested: explanation.requested,
      explanation: storedExplanation(explanation)
    })),
    ...(!byHand && { lease: { name: leaseName, owner } }),
    expect: state.revision
  }).pipe(Effect.onError(() => Effect.sync(() => session.states.delete(conditionsName))))
  if (committed._tag === "Conflict") {
    session.states.delete(conditionsName)
    if (committed.reason === "LeaseLost") {
      yield* session.loseLease
      return yield* Effect.never
    }
    return undefined
  }
  session.states.set(conditionsName, committed.state)
  if (committed.queued.length > 0) session.signals.queue.notify()
  const outcome: Outcome = { cursor, tick: committed.tick, isOther: explanations.length > 0, next }
  return outcome
})

/**
 * What is remembered of conditions.
 *
 * @internal
 */
export const remembered = Effect.fnUntraced(function*({ store }: Session) {
  const state = yield* store.state(conditionsName)
  const stored = yield* store.conditionCursor(conditionsName)
  // one of another version of the library is none
  return { state, cursor: Option.getOrUndefined(Option.flatMap(stored, decodeCursor)) }
})

/** Evaluations take at most this share of the time. */
const share = 0.1

/**
 * Evaluates conditions whenever they may come to something else.
 *
 * @internal
 */
export const runConditions = Effect.fnUntraced(function*(session: Session) {
  const { settings, signals } = session
  const defined = define(session.loaded)
  if (!defined.any) return yield* Effect.never
  const told = toldOf(session, conditionsName)
  const known = nothingKnown()
  let { cursor, state } = yield* remembered(session)
  let isFollowUp = false
  while (true) {
    const latest = session.states.get(conditionsName)
    // who stops and starts them may have removed something
    if (latest?.runningSince !== state.runningSince) known.states = undefined
    if (latest !== undefined && latest.revision > state.revision) ({ cursor, state } = yield* remembered(session))
    if (latest?.running === false) {
      told.next = undefined
      yield* signals.conditions.wait(Infinity)
      continue
    }
    told.evaluatingSince = yield* Clock.currentTimeMillis
    const begin = yield* Clock.monotonicTimeNanos
    const outcome = yield* Effect.withSpan(
      evaluated(session, defined, known, cursor, state, false),
      "assets.automation.conditions",
      { captureStackTrace: false }
    ).pipe(Effect.ensuring(Effect.sync(() => {
      told.lastEvaluatedAt = told.evaluatingSince
      told.evaluatingSince = undefined
    })))
    if (outcome === undefined) {
      ;({ cursor, state } = yield* remembered(session))
      continue
    }
    cursor = outcome.cursor
    state = session.states.get(conditionsName) ?? state
    told.next = outcome.next === Infinity ? undefined : outcome.next
    // that something was requested is known to the next evaluation: it is not to meet what happens later
    isFollowUp = outcome.tick !== undefined && !isFollowUp
    if (isFollowUp) continue
    // what was new is not so any more, which may be what something waits for
    if (outcome.isOther) signals.conditions.notify()
    const took = Number((yield* Clock.monotonicTimeNanos) - begin) / 1e6
    yield* signals.conditions.wait(outcome.next)
    // what happens at once is looked at once
    if ((yield* Clock.currentTimeMillis) < outcome.next) {
      yield* Effect.sleep(Math.max(settings.debounceMillis, took * (1 / share - 1)))
    }
  }
})

/**
 * Evaluates conditions once, as somebody asks for it.
 *
 * @internal
 */
export const conditionsByHand = Effect.fnUntraced(function*(session: Session) {
  const defined = define(session.loaded)
  const known = nothingKnown()
  let first: AutomationStore.Tick | undefined
  while (true) {
    const { cursor, state } = yield* remembered(session)
    const outcome = yield* evaluated(session, defined, known, cursor, state, true)
    if (outcome === undefined) continue
    if (first !== undefined || outcome.tick === undefined) return first
    first = outcome.tick
  }
})
