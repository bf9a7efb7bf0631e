/**
 * What a daemon evaluates conditions against: read from the log and the queue, as far as it has changed since it was read
 * before.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as Condition from "../Condition.ts"
import type * as EventLog from "../EventLog.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import { everyStatus } from "./automationStoreRules.ts"
import type { Compiled } from "./compile.ts"
import {
  type Backfilling,
  type Executed,
  type Input,
  type JobCondition,
  neededRuns,
  type Running
} from "./conditions.ts"
import { headOf } from "./daemonAutomations.ts"
import { type Loaded, type Session, within } from "./daemonSession.ts"
import { type Resolve, resolveSets } from "./resolveSets.ts"
import { queuedTag } from "./runTags.ts"
import * as Subset from "./subset.ts"

/** Definitions, as far as they say what to read. */
interface Defined {
  readonly compiled: Compiled
  readonly jobs: ReadonlyArray<JobCondition>
}

/** The newest states of everything. */
interface States extends Pick<Input, "versions" | "outcomes" | "checks"> {
  /** The place of the log up to which they are known. */
  readonly place: number
  /** When all of them were read. */
  readonly readAt: number
}

/** What need not be read again. */
export interface Known {
  /** What of the last evaluation is not in its cursor. */
  last: Input["last"]
  states: States | undefined
  /** What was once said of runs does not change. */
  readonly executed: Map<string, Executed>
  readonly backfills: Map<string, Backfilling>
  backfillsUpTo: number
}

/** @internal */
export const nothingKnown = (): Known => ({
  last: undefined,
  states: undefined,
  executed: new Map(),
  backfills: new Map(),
  backfillsUpTo: 0
})

/** A requested run as one that has not ended yet. */
const runningOf = (
  defined: Defined,
  loaded: Loaded,
  resolve: Resolve,
  { request }: AutomationStore.QueuedRun
): ReadonlyArray<Running> => {
  const { compiled } = defined
  const job = loaded.jobs.find(({ name }) => name === request.job)
  // what is gone holds up nothing
  const select = request.keys?.filter((key) => compiled.ids.has(key)) ?? request.select ?? job?.select
  const ids = request.job === undefined && select === undefined ? undefined : Plan.selectedIds(compiled, select)
  if (ids !== undefined && Result.isFailure(ids)) return []
  const keys = [
    ...request.observe ?? [],
    ...(ids === undefined ? [] : compiled.assets.flatMap(({ key }, id) => ids.success[id] === 1 ? [key] : []))
  ]
  const running: Running = {
    keys,
    ...(Array.isArray(request.checks) && { checks: request.checks as ReadonlyArray<string> }),
    ...(request.job !== undefined && { job: request.job })
  }
  const wanted = request.partition === undefined ? request.partitions : [request.partition]
  // of a range or of all: every partition is as if it were in progress
  if (!Array.isArray(wanted)) return [running]
  const partitions: { [name: string]: Partitions.Serialized } = {}
  for (const name of [...keys, ...running.checks ?? []]) {
    // a check is KEY:CHECK, and has the partitions of its asset
    const set = compiled.assets[compiled.ids.get(name) ?? compiled.ids.get(name.split(":")[0]!) ?? -1]?.partitions
    if (set === undefined) continue
    const axes = resolve(set)
    partitions[name] = Subset.serialize(axes, Subset.fromKeys(axes, wanted as ReadonlyArray<string>).subset)
  }
  return [{ ...running, partitions }]
}

/** Runs that have not ended. Which checks one evaluates by themselves, the request tells that it was launched for. */
const runningNow = Effect.fnUntraced(function*(
  { loaded, log, store }: Pick<Session, "loaded" | "log" | "store">,
  defined: Defined,
  resolve: Resolve
) {
  const running = yield* log.runs({ statuses: ["Running"] })
  const requests = new Set(
    running.flatMap(({ keys, tags }) => keys.length === 0 && Object.hasOwn(tags, queuedTag) ? [tags[queuedTag]!] : [])
  )
  const items = requests.size === 0 ? [] : yield* store.queue({ ids: [...requests], statuses: everyStatus })
  return [
    ...running.map(({ backfillId, keys, partitions, tags }): Running => ({
      keys,
      partitions,
      backfillId,
      ...(Object.hasOwn(tags, "job") && { job: tags["job"] })
    })),
    ...items.flatMap((item) => runningOf(defined, loaded, resolve, item))
  ]
})

/** Several deployments may share a log. */
const ours = <A>(ids: ReadonlyMap<string, number>, found: ReadonlyMap<string, A>): ReadonlyMap<string, A> => {
  for (const key of found.keys()) {
    if (!ids.has(key)) return new Map([...found].filter(([key]) => ids.has(key)))
  }
  return found
}

const hasChecks = ({ assets, checks }: Compiled): boolean =>
  checks.length > 0 || assets.some(({ checks }) => Object.keys(checks).length > 0)

const ofBackfills = ["BackfillStarted", "BackfillFinished"] as const
const changing = [
  "AssetMaterialized",
  "AssetObserved",
  "AssetSkipped",
  "AssetFailed",
  "AssetUpstreamFailed",
  "AssetCancelled",
  "CheckEvaluated",
  ...ofBackfills
] as const

/** What of more events than these is new, is read as a whole. */
const manyEvents = 2_000

/** So often everything is read: nothing is recorded of what is removed. */
const wholeMillis = 60_000

/** The states when the log goes as far as a place: as they were known, but for what was recorded since. */
const statesAt = Effect.fnUntraced(function*(
  { log }: Pick<Session, "log">,
  { compiled }: Defined,
  known: Known,
  place: number,
  now: number
) {
  const { states } = known
  const isRecent = states !== undefined && now >= states.readAt && now - states.readAt < wholeMillis
  const events = isRecent
    ? yield* Stream.runCollect(
      log.events({ tags: changing, after: states.place, limit: manyEvents + 1 })
    )
    : []
  if (!isRecent || events.length > manyEvents) {
    const begun = yield* Stream.runCollect(log.events({ tags: ofBackfills, after: known.backfillsUpTo }))
    noteBackfills(known, begun, place)
    const all: States = {
      place,
      readAt: now,
      versions: ours(compiled.ids, yield* log.versions()),
      outcomes: ours(compiled.ids, yield* log.outcomes()),
      checks: hasChecks(compiled) ? ours(compiled.ids, yield* log.checks()) : new Map<string, never>()
    }
    return all
  }
  noteBackfills(known, events, place)
  const changed = { versions: new Set<string>(), outcomes: new Set<string>(), checks: new Set<string>() }
  for (const event of events) {
    if (!("key" in event) || !compiled.ids.has(event.key)) continue
    const kind = event._tag === "AssetMaterialized" || event._tag === "AssetObserved"
      ? "versions"
      : event._tag === "CheckEvaluated"
      ? "checks"
      : "outcomes"
    changed[kind].add(event.key)
  }
  const next: States = {
    place: Math.max(place, events.at(-1)?.cursor ?? 0),
    readAt: states.readAt,
    versions: yield* renewed(states.versions, changed.versions, log.versions),
    outcomes: yield* renewed(states.outcomes, changed.outcomes, log.outcomes),
    checks: yield* renewed(states.checks, changed.checks, log.checks)
  }
  return next
})

/** States by key, of which some are read anew. */
const renewed = <A>(
  states: ReadonlyMap<string, A>,
  keys: ReadonlySet<string>,
  read: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, A>, EventLog.EventLogError>
): Effect.Effect<ReadonlyMap<string, A>, EventLog.EventLogError> =>
  keys.size === 0 ? Effect.succeed(states) : Effect.map(read([...keys]), (found) => {
    const next = new Map(states)
    for (const key of keys) {
      const one = found.get(key)
      if (one === undefined) next.delete(key)
      else next.set(key, one)
    }
    return next
  })

const noteBackfills = (known: Known, events: ReadonlyArray<EventLog.LoggedEvent>, place: number): void => {
  known.backfillsUpTo = Math.max(known.backfillsUpTo, place)
  for (const event of events) {
    if (event._tag === "BackfillStarted") known.backfills.set(event.backfillId, { partitions: event.partitions })
    else if (event._tag === "BackfillFinished") known.backfills.delete(event.backfillId)
    known.backfillsUpTo = Math.max(known.backfillsUpTo, event.cursor)
  }
}

/**
 * Reads what conditions are evaluated against: the number of queries does not depend on that of assets.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  session: Pick<Session, "loaded" | "log" | "store">,
  defined: Defined,
  known: Known,
  previous: Condition.Cursor | undefined
) {
  const { loaded, log, store } = session
  const { compiled, jobs } = defined
  const now = yield* Clock.currentTimeMillis
  const resolve = yield* within(loaded, resolveSets(compiled.assets))
  // what is recorded from here on is news to the next evaluation
  const place = yield* headOf(log)
  // in the order in which a run goes through them: what moves on meanwhile is seen twice rather than never
  const queued = yield* store.queue()
  const running = yield* runningNow(session, defined, resolve)
  known.states = yield* statesAt(session, defined, known, place, now)
  const { checks, outcomes, versions } = known.states
  const needed = neededRuns({ graph: compiled, jobs, previous, versions })
  const missing = [...needed].filter((id) => !known.executed.has(id))
  for (const id of known.executed.keys()) if (!needed.has(id)) known.executed.delete(id)
  for (let from = 0; from < missing.length; from += 5_000) {
    for (const { id, keys, partitions, tags } of yield* log.runs({ ids: missing.slice(from, from + 5_000) })) {
      known.executed.set(id, { keys, partitions, tags })
    }
  }
  const input: Input = {
    graph: compiled,
    jobs,
    resolve,
    log: place,
    versions,
    place,
    outcomes,
    checks,
    running: [...running, ...queued.flatMap((item) => runningOf(defined, loaded, resolve, item))],
    backfills: [...known.backfills.values()],
    runs: known.executed,
    previous,
    last: known.last,
    now
  }
  return input
})
