/**
 * What every store of the logs of runs does: which entries a reader wants, how they are followed; and the store in memory.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as RunLogs from "../RunLogs.ts"
import { paged } from "./logState.ts"

/**
 * Tells of each entry whether a filter lets it through, but for the limit.
 *
 * @internal
 */
export const passes = ({ after = 0, key, level }: RunLogs.Filter): (entry: RunLogs.Entry) => boolean => (entry) =>
  entry.seq > after && (key === undefined || entry.key === key) &&
  (level === undefined || LogLevel.isGreaterThanOrEqualTo(entry.level, level))

/**
 * The entries that a reader wants.
 *
 * @internal
 */
export const selected = (
  entries: ReadonlyArray<RunLogs.Entry>,
  options: RunLogs.ReadOptions | undefined
): ReadonlyArray<RunLogs.Entry> => {
  const wanted = paged(options ?? {})
  const filter = passes(wanted)
  const { limit = Infinity } = wanted
  const found: Array<RunLogs.Entry> = []
  for (const entry of entries) {
    if (found.length >= limit) break
    if (filter(entry)) found.push(entry)
  }
  return found
}

/** How one reader follows a log. */
export interface Source {
  /** What is new since this was last asked for, and at first all. */
  readonly next: Effect.Effect<ReadonlyArray<RunLogs.Entry>, RunLogs.RunLogsError>
  /** Waits until there may be more. */
  readonly changed: Effect.Effect<void>
}

/**
 * Follows a log until it is told to end; then what is there is read to its end.
 *
 * @internal
 */
export const follow = (
  open: () => Source,
  options: RunLogs.TailOptions | undefined
): Stream.Stream<RunLogs.Entry, RunLogs.RunLogsError> =>
  Stream.unwrap(Effect.gen(function*() {
    const source = open()
    const filter = passes(paged(options ?? {}))
    const ended = options?.until === undefined
      ? Effect.never
      : Fiber.await(yield* Effect.forkScoped(options.until, { startImmediately: true }))
    return Stream.paginate(
      false,
      Effect.fnUntraced(function*(isLast) {
        const found = yield* source.next
        if (isLast || found.length > 0) {
          return [found.filter(filter), isLast ? Option.none() : Option.some(false)] as const
        }
        return [[], Option.some(yield* Effect.raceFirst(Effect.as(ended, true), Effect.as(source.changed, false)))]
      })
    )
  }))

/**
 * Who waits for something new of a run.
 *
 * @internal
 */
export class Waiting {
  private readonly waiting = new Map<string, Set<() => void>>()

  /** Waits until `wake` is called, unless it is known that it was. */
  until(runId: string, isKnown: () => boolean): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (isKnown()) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      const others = this.waiting.get(runId)
      if (others === undefined) this.waiting.set(runId, new Set([wake]))
      else others.add(wake)
      return Effect.sync(() => {
        const left = this.waiting.get(runId)
        left?.delete(wake)
        if (left?.size === 0) this.waiting.delete(runId)
      })
    })
  }

  wake(runId: string): void {
    const woken = this.waiting.get(runId)
    this.waiting.delete(runId)
    if (woken !== undefined) { for (const wake of woken) wake() }
  }
}

/**
 * Keeps logs in memory: of each run the newest entries, and of the runs those that were written to last.
 *
 * @internal
 */
export const makeMemory = (maxEntries: number, maxRuns: number): Effect.Effect<RunLogs.Service> =>
  Effect.sync(() => {
    const runs = new Map<string, { entries: Array<RunLogs.Entry>; seq: number }>()
    const waiting = new Waiting()
    return {
      append: (runId, entries) =>
        Effect.sync(() => {
          if (entries.length === 0) return
          const run = runs.get(runId) ?? { entries: [], seq: 0 }
          for (const entry of entries) run.entries.push({ seq: ++run.seq, ...entry })
          if (run.entries.length > maxEntries) run.entries = run.entries.slice(-maxEntries)
          // the one that was written to last is the last one
          runs.delete(runId)
          runs.set(runId, run)
          if (runs.size > maxRuns) runs.delete(runs.keys().next().value!)
          waiting.wake(runId)
        }),
      read: (runId, options) => Effect.sync(() => selected(runs.get(runId)?.entries ?? [], options)),
      tail: (runId, options) =>
        follow(() => {
          let seen = 0
          return {
            next: Effect.sync(() => {
              const run = runs.get(runId)
              const found = run?.entries.filter(({ seq }) => seq > seen) ?? []
              seen = run?.seq ?? seen
              return found
            }),
            changed: waiting.until(runId, () => (runs.get(runId)?.seq ?? seen) !== seen)
          }
        }, options),
      delete: (runIds) =>
        Effect.sync(() => {
          for (const runId of runIds) runs.delete(runId)
        }),
      runs: Effect.sync(() => [...runs.keys()])
    }
  })
