/**
 * What conditions request again and again although it fails: it is launched less and less often.
 */
import * as Effect from "effect/Effect"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as EventLog from "../EventLog.ts"
import { conditionsName, type Session } from "./daemonSession.ts"

type Item = AutomationStore.QueuedRun

/** When a request that has failed may be launched again. */
export interface Backoff {
  readonly notBefore: number
  /** How often it has failed in a row. */
  readonly failures: number
}

const firstMillis = 1_000
const longestMillis = 600_000
/** As many failures lead to the longest wait; more need not be known. */
const enough = 1 + Math.ceil(Math.log2(longestMillis / firstMillis))
/** What failed so long before the next failure has nothing to do with it. */
const forgottenMillis = 3_600_000
/** So many requests of different things are remembered: what is not among them is not launched often. */
const recent = 1_000

/** Equal for requests of the same. */
const nameOf = ({ checks, job, keys, observe, partition, partitions }: AutomationStore.Request): string =>
  JSON.stringify([job, keys, partition, partitions, checks, observe])

/** When a request failed: `undefined` if it did not, `"unknown"` if that is not known. */
const failedAt = (
  { error, finishedAt, runId, status }: Item,
  runs: ReadonlyMap<string, EventLog.RunRecord>
): number | undefined | "unknown" => {
  // what was given up without being tried tells nothing
  if (status === "Failed") return error?.tag === "UpstreamFailed" ? "unknown" : finishedAt
  const run = runs.get(runId ?? "")
  return run?.status === "Running" ? "unknown" : run?.status === "Failed" ? run.finishedAt : undefined
}

/** How long requests that are new have to wait, by their ids. */
export type Backoffs = (
  requested: ReadonlyArray<Item>,
  now: number
) => Effect.Effect<
  ReadonlyMap<string, Backoff>,
  AutomationStore.AutomationStoreError | EventLog.EventLogError
>

/**
 * Remembers what conditions have requested, so that requests whose equals have just failed can wait. Two queries by id,
 * however many requests there are; none for what was not requested before.
 *
 * @internal
 */
export const makeBackoffs = Effect.fnUntraced(function*({ loaded, log, store }: Session) {
  const statuses = ["Launched", "Failed"] as const
  /** The ids of equal requests, the newest last; what was requested last comes last. */
  const known = new Map<string, ReadonlyArray<string>>()
  const remember = ({ id, request }: Item): void => {
    const name = nameOf(request)
    const ids = known.get(name) ?? []
    known.delete(name)
    known.set(name, [...ids, id].slice(-enough))
    if (known.size > recent) known.delete(known.keys().next().value!)
  }
  const before = yield* store.queue({ automation: conditionsName, statuses, order: "newest", limit: recent })
  for (const item of before.toReversed()) remember(item)
  // of a run that is tried again by itself the first time is known, and not what came of it
  const retried = new Set(loaded.jobs.flatMap(({ name, retries = 0 }) => retries > 0 ? [name] : []))

  const backoffs: Backoffs = Effect.fnUntraced(function*(requested, now) {
    const found = new Map<string, Backoff>()
    const asked = requested.filter(({ request }) => request.job === undefined || !retried.has(request.job))
    const ids = asked.flatMap(({ request }) => known.get(nameOf(request)) ?? [])
    for (const item of asked) remember(item)
    if (ids.length === 0) return found
    const items = yield* store.queue({ ids, statuses, order: "newest" })
    const runIds = items.flatMap(({ runId }) => runId ?? [])
    const runs = new Map(runIds.length === 0 ? [] : (yield* log.runs({ ids: runIds })).map((run) => [run.id, run]))
    const earlier = Map.groupBy(items, ({ request }) => nameOf(request))
    for (const { id, request } of asked) {
      let failures = 0
      let last = now
      let next = now
      for (const item of earlier.get(nameOf(request)) ?? []) {
        const at = failedAt(item, runs)
        if (at === "unknown") continue
        if (at === undefined || at < next - forgottenMillis) break
        if (failures++ === 0) last = at
        next = at
      }
      if (failures === 0) continue
      found.set(id, { failures, notBefore: last + Math.min(firstMillis * 2 ** (failures - 1), longestMillis) })
    }
    return found
  })
  return backoffs
})
