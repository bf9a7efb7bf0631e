/**
 * The state of automation in memory.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import {
  beforeOf,
  changedState,
  decide,
  defaultLimit,
  finalStatuses,
  type Held,
  initialState,
  limitOf,
  newRun,
  plain,
  prunedBy,
  StoreProblem,
  takeLease,
  takenId,
  ttlOf,
  validCommit,
  validRequests,
  waitingStatuses
} from "./automationStoreRules.ts"
import { newId } from "./ids.ts"

type Run = AutomationStore.QueuedRun

/**
 * Makes a store in memory.
 *
 * @internal
 */
export const make = (
  fail: (operation: "write" | "read", cause: unknown) => AutomationStore.AutomationStoreError
): Effect.Effect<AutomationStore.Service> =>
  Effect.sync(() => {
    let version = 0
    const waiting = new Set<() => void>()
    const leases = new Map<string, Held>()
    const states = new Map<string, AutomationStore.AutomationState>()
    // the oldest first
    let ticks: Array<AutomationStore.Tick> = []
    const ticksById = new Map<string, AutomationStore.Tick>()
    const runs = new Map<string, Run>()
    // the ids of those that are to be launched: they are asked for most, and are few
    const active = new Set<string>()
    const byTick = new Map<string, ReadonlyArray<string>>()
    const runKeys = new Map<string, Map<string, string>>()
    // large, written often and read seldom: copied when they are read
    const conditionCursors = new Map<string, Schema.Json>()
    let evaluations: Array<AutomationStore.Evaluation> = []

    const changed = (newest: number = version + 1): void => {
      version = newest
      const woken = [...waiting]
      waiting.clear()
      for (const wake of woken) wake()
    }

    /** Writes at a moment of the Clock. What throws has written nothing. */
    const write = <A>(evaluate: (now: number) => A): Effect.Effect<A, AutomationStore.AutomationStoreError> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.try({ try: () => evaluate(now), catch: (cause) => fail("write", cause) }))

    const stateOf = (automation: string) =>
      states.get(automation) ?? initialState(automation)

    const queuedBy = (tickId: string) => (byTick.get(tickId) ?? []).flatMap((id) => runs.get(id) ?? [])

    /** Changes a run if it is as it has to be. */
    const change = (id: string, change: (run: Run, now: number) => Run | boolean) =>
      write((now) => {
        const run = runs.get(id)
        if (run === undefined) return false
        const next = change(run, now)
        if (typeof next === "boolean") return next
        runs.set(id, plain(next))
        if (finalStatuses.includes(next.status)) active.delete(id)
        else active.add(id)
        changed()
        return true
      })

    const isLaunchedBy = (run: Run, owner: string | undefined): boolean =>
      run.status === "Launching" && (owner === undefined || run.owner === owner)

    return {
      lease: (name, owner, ttl) =>
        write((now) => {
          const held = leases.get(name)
          const taken = takeLease(held, owner, ttlOf(ttl), now)
          if (taken === undefined) return false
          leases.set(name, taken)
          if (taken.epoch !== held?.epoch) changed()
          return true
        }),
      release: (name, owner) =>
        write(() => {
          const held = leases.get(name)
          if (held?.owner !== owner) return
          leases.set(name, { ...held, owner: undefined })
          changed()
        }),
      leases: Effect.map(Clock.currentTimeMillis, (now) =>
        [...leases].sort(byName).flatMap(([name, { owner, ...held }]) =>
          owner === undefined ? [] : [{ name, owner, ...held, remainingMillis: held.expiresAt - now }]
        )),

      state: (automation) =>
        Effect.sync(() =>
          stateOf(automation)
        ),
      states: Effect.sync(() => new Map([...states].sort(byName))),
      setState: (automation, wanted) =>
        write((now) => {
          const state = stateOf(automation)
          const next = changedState(state, wanted, now)
          if (next === state) return state
          states.set(automation, next)
          changed()
          return next
        }),

      commitTick: (commit) =>
        write((now) => {
          const valid = validCommit(commit)
          const { automation, lease, tick } = valid
          const state = stateOf(automation)
          const recorded = tick && ticksById.get(tick.id)
          if (recorded !== undefined) {
            if (recorded.automation !== automation) throw new StoreProblem({ message: takenId(recorded) })
            return { _tag: "Committed", tick: recorded, queued: queuedBy(recorded.id), state }
          }
          const consumed = runKeys.get(automation) ?? new Map<string, string>()
          const writes = decide(valid, {
            state,
            leaseOwner: lease && leases.get(lease.name)?.owner,
            consumed,
            now,
            last: version
          })
          if ("_tag" in writes) return writes
          if (writes.tick !== undefined) {
            ticks.push(writes.tick)
            ticksById.set(writes.tick.id, writes.tick)
          }
          if (writes.queued.length > 0) byTick.set(writes.queued[0]!.tickId!, writes.queued.map(({ id }) => id))
          for (const run of writes.queued) {
            runs.set(run.id, run)
            active.add(run.id)
          }
          for (const [key, id] of writes.runKeys) consumed.set(key, id)
          runKeys.set(automation, consumed)
          if (commit.conditionCursor !== undefined) conditionCursors.set(automation, commit.conditionCursor)
          evaluations.push(...writes.evaluations)
          states.set(automation, writes.state)
          changed(Math.max(writes.last, version + 1))
          return { _tag: "Committed", tick: writes.tick, queued: writes.queued, state: writes.state }
        }),
      ticks: (filter = {}) =>
        Effect.sync(() => {
          const { automation, kinds, since = -Infinity, statuses, until = Infinity } = filter
          const before = beforeOf(filter.before)
          const limit = limitOf(filter.limit, defaultLimit)
          const found: Array<AutomationStore.Tick> = []
          for (let index = ticks.length - 1; index >= 0 && found.length < limit; index--) {
            const tick = ticks[index]!
            if (
              tick.seq < before && (automation === undefined || tick.automation === automation) &&
              (kinds === undefined || kinds.includes(tick.kind)) &&
              (statuses === undefined || statuses.includes(tick.status)) &&
              tick.startedAt >= since && tick.startedAt < until
            ) found.push(tick)
          }
          return found
        }),
      tick: (id) => Effect.sync(() => Option.fromUndefinedOr(ticksById.get(id))),
      consumed: (automation, keys) =>
        Effect.sync(() => {
          const consumed = runKeys.get(automation)
          return new Map([...keys].flatMap((key) => {
            const id = consumed?.get(key)
            return id === undefined ? [] : [[key, id]]
          }))
        }),

      enqueue: (requests) =>
        Effect.flatMap(Effect.forEach(requests, () => newId), (ids) =>
          write((now) => {
            const queued = validRequests(requests).map((request, index) =>
              newRun(ids[index]!, version + 1 + index, request, now)
            )
            for (const run of queued) {
              runs.set(run.id, run)
              active.add(run.id)
            }
            if (queued.length > 0) changed(version + queued.length)
            return queued
          })),
      queue: (filter = {}) =>
        Effect.sync(() => {
          const { after, automation, ids, order = "launch", statuses = waitingStatuses, tickId } = filter
          const compare = order === "launch" ? inLaunchOrder : newestFirst
          const isActive = statuses.every((status) => waitingStatuses.includes(status))
          const among = ids !== undefined
            ? new Set(ids)
            : isActive
            ? active
            : tickId !== undefined
            ? byTick.get(tickId) ?? []
            : runs.keys()
          const found = [...among].flatMap((id) => runs.get(id) ?? []).filter((run) =>
            statuses.includes(run.status) && (automation === undefined || run.automation === automation) &&
            (tickId === undefined || run.tickId === tickId) && (after === undefined || compare(run, after) > 0)
          )
          return found.sort(compare).slice(0, limitOf(filter.limit, Infinity))
        }),
      queueCounts: Effect.sync(() => {
        const counts = { Queued: 0, Launching: 0, Launched: 0, Failed: 0, Cancelled: 0 }
        for (const { status } of runs.values()) counts[status]++
        return counts
      }),
      take: (id, owner) =>
        change(id, ({ notBefore: _, waitingFor: __, ...run }, now) =>
          run.status === "Queued" && { ...run, status: "Launching", owner, takenAt: now, attempts: run.attempts + 1 }),
      takeOver: (id, from, owner) =>
        change(id, (run, now) =>
          isLaunchedBy(run, from) && { ...run, owner, takenAt: now }),
      launched: (id, runId, owner) =>
        change(id, (run, now) =>
          isLaunchedBy(run, owner)
            ? { ...run, status: "Launched", runId, finishedAt: now }
            : run.status === "Launched" && run.runId === runId),
      failed: (id, error, owner) =>
        change(id, ({ waitingFor: _, ...run }, now) =>
          (run.status === "Queued" || isLaunchedBy(run, owner)) &&
          { ...run, status: "Failed", error, finishedAt: now }),
      requeue: (id, { error, notBefore, owner: by } = {}) =>
        change(id, ({ owner, takenAt, ...run }) =>
          isLaunchedBy({ ...run, ...owner !== undefined && { owner } }, by) &&
          { ...run, status: "Queued", notBefore, error: error ?? run.error }),
      cancelQueued: (id) =>
        change(id, ({ waitingFor: _, ...run }, now) =>
          run.status === "Queued" && { ...run, status: "Cancelled", finishedAt: now }),
      setWaiting: (reasons) =>
        write(() => {
          let some = false
          for (const { id, reason } of reasons) {
            const run = runs.get(id)
            if (run === undefined || run.status !== "Queued" || run.waitingFor === reason) {
              continue
            }
            runs.set(id, plain({ ...run, waitingFor: reason }))
            some = true
          }
          if (some) {
            changed()
          }
        }),

      conditionCursor: (automation) =>
        Effect.sync(() =>
          Option.map(Option.fromUndefinedOr(conditionCursors.get(automation)), plain)
        ),
      evaluations: (filter = {}) =>
        Effect.sync(() => {
          const { evaluation: number, key, tickId } = filter
          const before = beforeOf(filter.before)
          const limit = limitOf(filter.limit, defaultLimit)
          const found: Array<AutomationStore.Evaluation> = []
          for (let index = evaluations.length - 1; index >= 0 && found.length < limit; index--) {
            const evaluation = evaluations[index]!
            if (
              evaluation.seq < before && (key === undefined || evaluation.key === key) &&
              (tickId === undefined || evaluation.tickId === tickId) &&
              (number === undefined || evaluation.evaluation === number)
            ) {
              found.push(plain(evaluation))
            }
          }
          return found
        }),

      prune: (retention) =>
        write((now) => {
          const pruned = prunedBy(retention, now)
          const before = ticks.length + evaluations.length + runs.size
          for (const [statuses, oldest] of pruned.ticks) {
            ticks = ticks.filter((tick) => {
              const gone = tick.startedAt < oldest && statuses.includes(tick.status)
              if (gone) {
                ticksById.delete(tick.id)
              }
              return !gone
            })
          }
          if (pruned.evaluations !== undefined) {
            const oldest = pruned.evaluations
            evaluations = evaluations.filter(({ timestamp }) =>
              timestamp >= oldest
            )
          }
          if (pruned.queue !== undefined) {
            for (const [id, { finishedAt = 0, status, tickId }] of runs) {
              if (!finalStatuses.includes(status) || finishedAt >= pruned.queue) continue
              runs.delete(id)
              if (tickId !== undefined && queuedBy(tickId).length === 0) byTick.delete(tickId)
            }
          }
          const count = before - ticks.length - evaluations.length - runs.size
          if (count > 0) changed()
          return count
        }),

      version: Effect.sync(() => version),
      changes: (after) =>
        Stream.suspend(() =>
          Stream.paginate(after ?? version, (seen) =>
            Effect.callback<void>((resume) => {
              if (version > seen) return resume(Effect.void)
              const wake = () => resume(Effect.void)
              waiting.add(wake)
              return Effect.sync(() => waiting.delete(wake))
            }).pipe(Effect.map(() => [[version], Option.some(version)] as const)))
        )
    }
  })

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => a < b ? -1 : a > b ? 1 : 0

/** A place in the queue. */
type Place = Pick<Run, "priority" | "seq">

const inLaunchOrder = (a: Place, b: Place): number => b.priority - a.priority || a.seq - b.seq

const newestFirst = (a: Place, b: Place): number => b.seq - a.seq
