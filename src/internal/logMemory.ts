/**
 * The event log in memory. To append costs no more than to keep the events: states are brought up to date when they are
 * read.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as EventLog from "../EventLog.ts"
import {
  extentOf,
  history,
  isOnePartition,
  matches,
  newestPerSlot,
  outcomeState,
  paged,
  partitionSlot,
  replacedBy,
  runMatches,
  runRecord,
  slotOf,
  type Subject,
  versionState,
  within
} from "./logState.ts"

/** How many events a reader takes at once. */
const pageSize = 128

/** The newest state of each slot of one asset: single partitions, and the whole asset or ranges. */
interface Asset<A> {
  readonly singles: Map<string, A>
  readonly others: Map<string, A>
}

/**
 * The newest state of each slot of each asset.
 */
class Slots<A extends Subject & { readonly cursor: number }> {
  private readonly assets = new Map<string, Asset<A>>()

  /** `kind` keeps states of one slot apart that do not replace each other. */
  set(key: string, kind: string, state: A): void {
    let asset = this.assets.get(key)
    if (asset === undefined) this.assets.set(key, asset = { singles: new Map(), others: new Map() })
    const replaced = replacedBy(state)
    for (const slot of replaced.slots) asset.singles.delete(kind + slot)
    if (replaced.intervals.length > 0) {
      for (const slots of [asset.singles, asset.others]) {
        for (const [slot, older] of slots) {
          const extent = slot.startsWith(kind) ? extentOf(older) : undefined
          if (extent !== undefined && within(extent, replaced.intervals)) slots.delete(slot)
        }
      }
    }
    const slot = slotOf(state)
    const slots = isOnePartition(slot) ? asset.singles : asset.others
    slots.set(kind + slot, state)
  }

  /** States by key, the newest first; of single partitions, those of `partitions` if that is given. */
  read(
    keys: Iterable<string> | undefined,
    only?: { readonly kinds: ReadonlyArray<string>; readonly partitions: Iterable<string> }
  ): Map<string, ReadonlyArray<A>> {
    const found = new Map<string, ReadonlyArray<A>>()
    const wanted = only && Array.from(only.partitions, partitionSlot)
    for (const key of keys ?? this.assets.keys()) {
      const asset = this.assets.get(key)
      if (asset === undefined) continue
      const states = [...asset.others.values()]
      if (wanted === undefined) { for (const state of asset.singles.values()) states.push(state) }
      else {
        for (const kind of only!.kinds) {
          for (const slot of wanted) {
            const state = asset.singles.get(kind + slot)
            if (state !== undefined) states.push(state)
          }
        }
      }
      if (states.length > 0) found.set(key, states.sort((a, b) => b.cursor - a.cursor))
    }
    return found
  }

  forget(key: string): void {
    this.assets.delete(key)
  }

  *all(): Generator<A> {
    for (const { others, singles } of this.assets.values()) {
      yield* others.values()
      yield* singles.values()
    }
  }

  remove(gone: (state: A) => boolean): void {
    for (const [key, { others, singles }] of this.assets) {
      for (const slots of [others, singles]) {
        for (const [slot, state] of slots) if (gone(state)) slots.delete(slot)
      }
      if (others.size + singles.size === 0) this.assets.delete(key)
    }
  }
}

const materializedKind = "m"
const observedKind = "o"

/**
 * Makes a log in memory.
 *
 * @internal
 */
export const make: Effect.Effect<EventLog.Service> = Effect.sync(() => {
  // the cursor of an event is its index and one, so that 0 is the place before all; where one was removed is a hole
  const log: Array<EventLog.Event | undefined> = []
  const waiting = new Set<() => void>()

  const versions = new Slots<EventLog.VersionState>()
  const outcomes = new Slots<EventLog.OutcomeState>()
  const checks = new Slots<EventLog.Logged<EventLog.CheckEvaluated>>()
  const runs = new Map<string, EventLog.RunRecord>()
  /** The ids of runs without an end: they are asked for most, and are few. */
  const running = new Set<string>()
  let known = 0

  const logged = <E extends EventLog.Event>(event: E, index: number): EventLog.Logged<E> => ({
    ...event,
    cursor: index + 1
  })

  /** Brings states up to date with what was appended since they were last read. */
  const catchUp = (): void => {
    for (; known < log.length; known++) {
      const event = log[known]
      if (event !== undefined) apply(event, known)
    }
  }

  const apply = (event: EventLog.Event, index: number): void => {
    switch (event._tag) {
      case "AssetMaterialized":
        return versions.set(event.key, materializedKind, versionState(event, index + 1))
      case "AssetObserved":
        return versions.set(event.key, observedKind, versionState(event, index + 1))
      case "AssetSkipped":
      case "AssetFailed":
      case "AssetUpstreamFailed":
      case "AssetCancelled":
        return outcomes.set(event.key, "", outcomeState(event, index + 1))
      case "CheckEvaluated":
        return checks.set(event.key, `${JSON.stringify(event.check)} `, logged(event, index))
      case "RunStarted":
        if (runs.has(event.runId)) return
        runs.set(event.runId, runRecord(event, index + 1))
        running.add(event.runId)
        return
      case "RunCancelRequested": {
        const run = runs.get(event.runId)
        if (run !== undefined) runs.set(run.id, { ...run, cancelRequested: true })
        return
      }
      case "RunFinished": {
        const run = runs.get(event.runId)
        if (run === undefined || run.status !== "Running") return
        const { durationMillis, status, timestamp } = event
        runs.set(run.id, { ...run, status, finishedAt: timestamp, durationMillis })
        running.delete(run.id)
        return
      }
    }
  }

  /** Reads from a cursor on, in either direction, up to where the log ends when a page is read. */
  const read = function*(filter: EventLog.EventFilter): Generator<EventLog.LoggedEvent> {
    const passes = matches(filter)
    const after = filter.after ?? 0
    const before = filter.before ?? Infinity
    let left = filter.limit ?? Infinity
    const down = filter.order === "descending"
    const step = down ? -1 : 1
    for (let index = down ? Math.min(log.length, before - 1) - 1 : Math.max(0, after); left > 0; index += step) {
      if (down ? index < after || index < 0 : index >= log.length || index + 1 >= before) return
      const event = log[index]
      if (event === undefined || !passes(event)) continue
      left--
      yield logged(event, index)
    }
  }

  /** Waits until the log is longer than it was seen to be. */
  const grown = (seen: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      if (log.length > seen) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      waiting.add(wake)
      return Effect.sync(() => waiting.delete(wake))
    })

  const tail = (wanted: EventLog.EventFilter): Stream.Stream<EventLog.LoggedEvent> =>
    Stream.suspend(() => {
      const filter = paged(wanted)
      const before = filter.before ?? Infinity
      return Stream.paginate(
        { after: filter.after ?? log.length, left: filter.limit ?? Infinity },
        Effect.fnUntraced(function*({ after, left }) {
          if (left <= 0 || after + 1 >= before) return [[], Option.none()] as const
          yield* grown(after)
          const end = Math.min(log.length, after + pageSize)
          const page = [
            ...read({ ...filter, order: "ascending", after, before: Math.min(before, end + 1), limit: left })
          ]
          return [page, Option.some({ after: end, left: left - page.length })] as const
        })
      )
    })

  const remove = (index: number): void => {
    log[index] = undefined
  }

  return {
    append: (events) =>
      Effect.sync(() => {
        for (const event of events) log.push(event)
        if (waiting.size === 0) return
        const woken = [...waiting]
        waiting.clear()
        for (const wake of woken) wake()
      }),
    events: (filter) => Stream.suspend(() => Stream.fromIteratorSucceed(read(paged(filter)), pageSize)),
    tail,
    latest: (keys) =>
      Effect.sync(() => {
        catchUp()
        const found = new Map<string, EventLog.Logged<EventLog.AssetMaterialized>>()
        for (const [key, states] of versions.read(keys)) {
          const newest = states.find(({ observed }) => !observed)
          const event = newest && log[newest.cursor - 1]
          if (event?._tag === "AssetMaterialized") found.set(key, logged(event, newest!.cursor - 1))
        }
        return found
      }),
    versions: (keys, options) =>
      Effect.sync(() => {
        catchUp()
        const found = versions.read(
          keys,
          options?.partitions && { kinds: [materializedKind, observedKind], partitions: options.partitions }
        )
        for (const [key, states] of found) found.set(key, newestPerSlot(states))
        return found
      }),
    outcomes: (keys) =>
      Effect.sync(() => {
        catchUp()
        return outcomes.read(keys)
      }),
    checks: (keys) =>
      Effect.sync(() => {
        catchUp()
        return checks.read(keys)
      }),
    runs: (wanted) =>
      Effect.sync(() => {
        catchUp()
        const filter = paged(wanted)
        const { ids, limit = Infinity, statuses } = filter
        const among = ids ?? (statuses?.every((status) => status === "Running") === true ? running : undefined)
        const passes = runMatches(filter)
        if (among === undefined) return [...runs.values()].reverse().filter(passes).slice(0, limit)
        return [...new Set(among)].flatMap((id) => {
          const run = runs.get(id)
          return run !== undefined && passes(run) ? [run] : []
        }).sort((a, b) => b.cursor - a.cursor).slice(0, limit)
      }),
    deleteRuns: (ids) =>
      Effect.sync(() => {
        catchUp()
        const gone = new Set(ids)
        log.forEach((event, index) => {
          if (event === undefined || history.has(event._tag)) return
          if ("runId" in event && event.runId !== undefined && gone.has(event.runId)) remove(index)
        })
        outcomes.remove(({ runId }) => gone.has(runId))
        for (const id of gone) {
          runs.delete(id)
          running.delete(id)
        }
      }),
    wipe: (keys) =>
      Effect.sync(() => {
        catchUp()
        const gone = new Set(keys)
        log.forEach((event, index) => {
          if (event !== undefined && "key" in event && gone.has(event.key)) remove(index)
        })
        for (const states of [versions, outcomes, checks]) for (const key of gone) states.forget(key)
      }),
    prune: (retention) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        catchUp()
        const pinned = new Set<number>()
        for (const states of [versions, outcomes, checks]) for (const { cursor } of states.all()) pinned.add(cursor)
        let count = 0
        log.forEach((event, index) => {
          const keep = event && retention[event._tag]
          if (keep === undefined || pinned.has(index + 1)) return
          if (event!._tag === "RunStarted" && running.has(event!.runId)) return
          if (event!.timestamp >= now - Duration.toMillis(keep)) return
          remove(index)
          count++
          if (event!._tag !== "RunStarted") return
          runs.delete(event!.runId)
          running.delete(event!.runId)
        })
        return count
      })
  }
})
