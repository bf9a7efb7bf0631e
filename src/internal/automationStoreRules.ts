/**
 * What every store of automation does with a commit, a lease, a change: pure, so that all keep the same laws.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as AutomationStore from "../AutomationStore.ts"

/** What is asked of a store and cannot be. */
export class StoreProblem extends Data.TaggedError("StoreProblem")<{ readonly message: string }> {}

/**
 * A value as its JSON tells it: what is `undefined` is left out, and nobody else can change it.
 *
 * @internal
 */
export const plain = <A>(value: A): A => JSON.parse(JSON.stringify(value))

/**
 * The statuses of requested runs that are to be launched.
 *
 * @internal
 */
export const waitingStatuses: ReadonlyArray<AutomationStore.QueueStatus> = ["Queued", "Launching"]

/**
 * The statuses of requested runs with which nothing happens any more.
 *
 * @internal
 */
export const finalStatuses: ReadonlyArray<AutomationStore.QueueStatus> = ["Launched", "Failed", "Cancelled"]

/**
 * All statuses of requested runs.
 *
 * @internal
 */
export const everyStatus: ReadonlyArray<AutomationStore.QueueStatus> = [...waitingStatuses, ...finalStatuses]

/**
 * How many ticks and evaluations are listed where it is not told.
 *
 * @internal
 */
export const defaultLimit = 100

/**
 * The state of an automation that nothing is known of.
 *
 * @internal
 */
export const initialState = (automation: string): AutomationStore.AutomationState => ({
  automation,
  running: undefined,
  runningSince: undefined,
  cursor: undefined,
  revision: 0,
  lastScheduledAt: undefined,
  lastTick: undefined
})

// ---------------------------------------------------------------------------------------------------------------------
// commits
// ---------------------------------------------------------------------------------------------------------------------

const finite = (what: string, value: number | undefined): void => {
  if (value !== undefined && !Number.isFinite(value)) {
    throw new StoreProblem({ message: `${what} has to be a finite number, and it is ${value}` })
  }
}

const whole = (what: string, value: number | undefined): void => {
  if (value !== undefined && !Number.isSafeInteger(value)) {
    throw new StoreProblem({ message: `${what} has to be a whole number, and it is ${value}` })
  }
}

const checkRequests = (requests: ReadonlyArray<AutomationStore.Request>): void => {
  for (const { priority } of requests) whole("the priority of a request", priority)
}

/**
 * Requests as they are recorded. Throws for what no store can keep.
 *
 * @internal
 */
export const validRequests = (
  requests: ReadonlyArray<AutomationStore.Request>
): ReadonlyArray<AutomationStore.Request> => {
  checkRequests(requests)
  return plain(requests)
}

/**
 * A commit as it is recorded, but for what may be large: the cursor of conditions, and explanations. Throws for what no store can keep.
 *
 * @internal
 */
export const validCommit = (commit: AutomationStore.Commit): AutomationStore.Commit => {
  const { conditionCursor: _, evaluations = [], ...told } = commit
  const { requests = [], tick } = told
  if (tick === undefined && requests.length > 0) {
    throw new StoreProblem({ message: `"${commit.automation}" requests runs without a tick: commit them with one` })
  }
  if (tick !== undefined) {
    for (const name of ["scheduledAt", "startedAt", "finishedAt"] as const) finite(`${name} of a tick`, tick[name])
  }
  checkRequests(requests)
  for (const { evaluation, requested, timestamp } of evaluations) {
    finite("the timestamp of an evaluation", timestamp)
    whole("the number of an evaluation", evaluation)
    whole("the number of requested partitions", requested)
  }
  // explanations are large, and become text or a copy where they are kept
  return { ...plain(told), evaluations }
}

/**
 * Why a tick cannot be recorded under the id of another one.
 *
 * @internal
 */
export const takenId = ({ automation, id }: AutomationStore.Tick): string =>
  `the id "${id}" is that of a tick of "${automation}": give every tick an id of its own`

/**
 * The run keys of a commit.
 *
 * @internal
 */
export const runKeysOf = ({ requests = [] }: AutomationStore.Commit): ReadonlyArray<string> =>
  requests.flatMap(({ runKey }) => runKey === undefined ? [] : [runKey])

/** What a store knows when a commit comes to it. */
export interface Known {
  readonly state: AutomationStore.AutomationState
  /** Who has the lease that the commit names. */
  readonly leaseOwner: string | undefined
  /** Run keys that were requested before, and the ids of those runs. */
  readonly consumed: ReadonlyMap<string, string>
  readonly now: number
  /** The place of what was recorded last. */
  readonly last: number
}

/** What a store has to write. */
export interface Writes {
  readonly tick: AutomationStore.Tick | undefined
  readonly queued: ReadonlyArray<AutomationStore.QueuedRun>
  readonly runKeys: ReadonlyArray<readonly [runKey: string, queuedId: string]>
  readonly state: AutomationStore.AutomationState
  readonly evaluations: ReadonlyArray<AutomationStore.Evaluation>
  readonly last: number
}

/**
 * What a commit leads to. The tick is not yet recorded.
 *
 * @internal
 */
export const decide = (
  commit: AutomationStore.Commit,
  known: Known
): Writes | Extract<AutomationStore.Committed, { readonly _tag: "Conflict" }> => {
  const { automation, cursor, evaluations = [], expect, lease, requests = [], tick: told } = commit
  const { consumed, now, state } = known
  const conflict = (reason: "LeaseLost" | "Changed" | "AlreadyTicked") => ({ _tag: "Conflict", reason, state }) as const
  if (lease !== undefined && known.leaseOwner !== lease.owner) return conflict("LeaseLost")
  if (expect !== undefined && expect !== state.revision) return conflict("Changed")
  const { lastScheduledAt } = state
  if (
    told?.kind === "schedule" && told.scheduledAt !== undefined && told.scheduledAt <= (lastScheduledAt ?? -Infinity)
  ) {
    return conflict("AlreadyTicked")
  }

  let last = known.last
  const queued: Array<AutomationStore.QueuedRun> = []
  const keys = new Map<string, string>()
  const runKeys: Array<readonly [string, string]> = []
  const tickSeq = told === undefined ? 0 : ++last
  const made = requests.map((request, index): AutomationStore.Tick["requests"][number] => {
    const { runKey } = request
    const earlier = runKey === undefined ? undefined : consumed.get(runKey) ?? keys.get(runKey)
    if (earlier !== undefined) return { request, queuedId: earlier, deduplicated: true }
    // there is a tick where there are requests
    const id = `${told!.id}-${index + 1}`
    if (runKey !== undefined) {
      keys.set(runKey, id)
      runKeys.push([runKey, id])
    }
    queued.push({ ...newRun(id, ++last, request, now), automation, tickId: told!.id })
    return { request, queuedId: id }
  })
  const tick = told && recordedTick(commit, told, tickSeq, made)
  return {
    tick,
    queued,
    runKeys,
    evaluations: evaluations.map((evaluation): AutomationStore.Evaluation => ({
      ...evaluation,
      seq: ++last,
      automation,
      ...told && { tickId: told.id }
    })),
    state: {
      ...state,
      cursor: cursor === undefined ? state.cursor : cursor ?? undefined,
      revision: state.revision + 1,
      lastScheduledAt: tick?.scheduledAt === undefined
        ? lastScheduledAt
        : Math.max(lastScheduledAt ?? -Infinity, tick.scheduledAt),
      lastTick: tick === undefined ? state.lastTick : lastTick(tick, queued.length)
    },
    last
  }
}

const recordedTick = (
  { automation, cursor }: AutomationStore.Commit,
  told: AutomationStore.NewTick,
  seq: number,
  requests: AutomationStore.Tick["requests"]
): AutomationStore.Tick => ({
  ...told,
  ...(told.status === "Requested" && requests.length > 0 && requests.every(({ deduplicated }) => deduplicated) && {
    status: "Skipped",
    reason: seenBefore(requests)
  }),
  seq,
  automation,
  requests,
  ...cursor !== undefined && { cursor }
})

/** So many run keys are told. */
const shownKeys = 10

const seenBefore = (requests: AutomationStore.Tick["requests"]): string => {
  const keys = [...new Set(requests.map(({ request }) => JSON.stringify(request.runKey)))]
  const more = keys.length - shownKeys
  return `a run was requested before with the run ${keys.length === 1 ? "key" : "keys"} ${
    keys.slice(0, shownKeys).join(", ")
  }${more > 0 ? ` and ${more} more` : ""}`
}

const lastTick = (
  { error, finishedAt, id, kind, reason, scheduledAt, seq, startedAt, status }: AutomationStore.Tick,
  queued: number
): AutomationStore.LastTick =>
  plain({ id, seq, kind, scheduledAt, startedAt, finishedAt, status, reason, error, queued })

/**
 * A run that begins to wait.
 *
 * @internal
 */
export const newRun = (
  id: string,
  seq: number,
  request: AutomationStore.Request,
  now: number
): AutomationStore.QueuedRun => ({
  id,
  seq,
  request,
  priority: request.priority ?? 0,
  queuedAt: now,
  status: "Queued",
  attempts: 0
})

/**
 * A tick that is so far in the future was recorded by a clock that was ahead.
 *
 * @internal
 */
export const aheadMillis = 86_400_000

/**
 * A state after it was changed by hand. The same one if nothing changes.
 *
 * @internal
 */
export const changedState = (
  state: AutomationStore.AutomationState,
  { cursor, running }: Parameters<AutomationStore.Service["setState"]>[1],
  now: number
): AutomationStore.AutomationState => {
  const wanted = running === undefined ? state.running : running ?? undefined
  const moved = cursor === undefined ? state.cursor : cursor ?? undefined
  if (wanted === state.running && moved === state.cursor) return state
  return {
    ...state,
    running: wanted,
    runningSince: wanted === state.running ? state.runningSince : now,
    // a schedule that is started goes on from now, and not from where a clock has put it
    lastScheduledAt: wanted !== state.running && (state.lastScheduledAt ?? 0) > now + aheadMillis
      ? undefined
      : state.lastScheduledAt,
    cursor: moved,
    revision: moved === state.cursor ? state.revision : state.revision + 1
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// leases
// ---------------------------------------------------------------------------------------------------------------------

/** A lease as it is kept. One that was given up has no owner, and goes on to count. */
export interface Held {
  readonly owner: string | undefined
  readonly epoch: number
  readonly acquiredAt: number
  readonly expiresAt: number
}

/**
 * A lease after an owner has asked for it. `undefined` if another one has it.
 *
 * @internal
 */
export const takeLease = (held: Held | undefined, owner: string, ttlMillis: number, now: number): Held | undefined => {
  const expiresAt = now + ttlMillis
  if (held?.owner === owner) return { ...held, expiresAt }
  if (held?.owner !== undefined && held.expiresAt > now) return undefined
  return { owner, epoch: (held?.epoch ?? 0) + 1, acquiredAt: now, expiresAt }
}

/**
 * How long a lease is to be held. Throws for what is no time.
 *
 * @internal
 */
export const ttlOf = (ttl: Duration.Input): number => {
  const millis = Duration.toMillis(ttl)
  if (!(millis > 0)) throw new StoreProblem({ message: `a lease has to be held for some time, and not ${millis} ms` })
  // far enough, and a sum with a time is still exact
  return Math.min(millis, 2 ** 52)
}

// ---------------------------------------------------------------------------------------------------------------------
// queries
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A number of rows that came from outside.
 *
 * @internal
 */
export const limitOf = (limit: number | undefined, none: number): number =>
  limit === undefined ? none : Number.isNaN(limit) ? 0 : Math.max(0, Math.floor(limit))

/**
 * A place that came from outside: what is no number comes before everything.
 *
 * @internal
 */
export const beforeOf = (before: number | undefined): number =>
  before === undefined
    ? Number.MAX_SAFE_INTEGER
    : Number.isNaN(before)
    ? 0
    : Math.min(Math.max(0, Math.ceil(before)), Number.MAX_SAFE_INTEGER)

/** What is removed: ticks that began before a time, by their status; and whatever else is older than a time. */
export interface Pruned {
  readonly ticks: ReadonlyArray<readonly [statuses: ReadonlyArray<AutomationStore.TickStatus>, before: number]>
  readonly evaluations: number | undefined
  readonly queue: number | undefined
}

/**
 * What a policy does not keep.
 *
 * @internal
 */
export const prunedBy = (retention: AutomationStore.Retention, now: number): Pruned => {
  const oldest = (keep: Duration.Input | undefined) => keep === undefined ? undefined : now - Duration.toMillis(keep)
  const ticks = oldest(retention.ticks)
  const skipped = oldest(retention.skippedTicks ?? retention.ticks)
  return {
    ticks: [
      ...ticks === undefined ? [] : [[["Requested", "Failed"], ticks] as const],
      ...skipped === undefined ? [] : [[["Skipped"], skipped] as const]
    ],
    evaluations: oldest(retention.evaluations),
    queue: oldest(retention.queue)
  }
}
