/**
 * What of the requests of one evaluation of conditions has to come after others of them: why it waits, or that it is given up.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Check from "../Check.ts"
import type * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import * as Plan from "../Plan.ts"
import { everyStatus } from "./automationStoreRules.ts"
import type { Compiled } from "./compile.ts"
import { insteadOfTag } from "./daemonLaunch.ts"
import { conditionsName, type Loaded, processLease, type Session } from "./daemonSession.ts"
import { processTag, queuedTag } from "./runTags.ts"

type Item = AutomationStore.QueuedRun

/** Something that is computed, evaluated or run, and the assets that have to be up to date before. */
interface Need {
  readonly what: string
  readonly done: "computed" | "evaluated" | "run"
  readonly upstream: ReadonlyArray<number>
}

/** What a definition says of requests. */
interface Defined {
  readonly compiled: Compiled
  /** The assets that a request computes, of a multi-asset all outputs that others bring along. */
  readonly computes: (request: AutomationStore.Request) => ReadonlySet<number>
  readonly needs: (request: AutomationStore.Request) => ReadonlyArray<Need>
}

const definitions = new WeakMap<Loaded, Defined>()

const definedBy = (loaded: Loaded): Defined => {
  let defined = definitions.get(loaded)
  if (defined === undefined) definitions.set(loaded, defined = define(loaded))
  return defined
}

const define = (loaded: Loaded): Defined => {
  const compiled = Graph.compiled(loaded.graph)
  const { assets, ids, parents, siblings } = compiled
  const parentsOf = (id: number): ReadonlyArray<number> =>
    Array.from(parents.targets.subarray(parents.offsets[id]!, parents.offsets[id + 1]!))

  let judged: ReadonlyMap<string, ReadonlyArray<number>> | undefined
  const judgedBy = (name: string): ReadonlyArray<number> => {
    judged ??= new Map(compiled.checks.map((check) => {
      const read = [check.asset, ...Object.values(check.inputs).map(({ asset }) => asset)]
      return [Check.nameOf(check), read.flatMap(({ key }) => ids.get(key) ?? [])]
    }))
    return judged.get(name) ?? []
  }

  const ofJobs = new Map<string, ReadonlySet<number>>()
  const ofJob = (name: string): ReadonlySet<number> => {
    let found = ofJobs.get(name)
    if (found !== undefined) return found
    const job = loaded.jobs.find((job) => job.name === name)
    const selected = job === undefined ? undefined : Plan.selectedIds(compiled, job.select)
    found = new Set(
      selected === undefined || Result.isFailure(selected)
        ? []
        : assets.flatMap((_, id) => selected.success[id] === 1 ? [id] : [])
    )
    ofJobs.set(name, found)
    return found
  }

  const computes = ({ job, keys = [] }: AutomationStore.Request): ReadonlySet<number> => {
    if (job !== undefined) return ofJob(job)
    const found = new Set<number>()
    for (const key of keys) {
      const id = ids.get(key)
      if (id === undefined) continue
      found.add(id)
      const together = siblings[id]
      if (together === undefined || assets[id]!.output!.multi.canSubset) continue
      for (const other of together) found.add(other)
    }
    return found
  }

  const needs = (request: AutomationStore.Request): ReadonlyArray<Need> => {
    const { checks = [], job } = request
    // what one run computes is in order by itself, also where it is several runs for several ranges
    const own = computes(request)
    const upstream = (id: number) => parentsOf(id).filter((parent) => !own.has(parent))
    if (job !== undefined) return [{ what: job, done: "run", upstream: Array.from(own).flatMap(upstream) }]
    return [
      ...Array.from(own, (id): Need => ({ what: assets[id]!.key, done: "computed", upstream: upstream(id) })),
      ...(Array.isArray(checks) ? checks as ReadonlyArray<string> : []).map((name): Need => ({
        what: name,
        done: "evaluated",
        upstream: judgedBy(name).filter((id) => !own.has(id))
      }))
    ]
  }
  return { compiled, computes, needs }
}

/** The requests, by the asset that they compute or observe: of one that is computed in several ranges they are several. */
const byAsset = ({ compiled, computes }: Defined, items: ReadonlyArray<Item>): ReadonlyMap<number, Array<Item>> => {
  const found = new Map<number, Array<Item>>()
  for (const item of items) {
    // a job that has a condition is nothing that others were told of
    const computed = item.request.job === undefined ? computes(item.request) : []
    const observed = (item.request.observe ?? []).flatMap((key) => compiled.ids.get(key) ?? [])
    for (const id of new Set([...computed, ...observed])) {
      const known = found.get(id)
      if (known === undefined) found.set(id, [item])
      else known.push(item)
    }
  }
  return found
}

const hasFailed = (run: EventLog.RunRecord | undefined): boolean =>
  run !== undefined && run.status !== "Running" && run.status !== "Succeeded"

/** So far back what was requested anew is looked for. */
const recent = 500

/** What was requested anew in place of runs that the end of a daemon has cut short, and which daemons have not ended yet. */
const cutShort = Effect.fnUntraced(function*({ store }: Session) {
  const again = new Map<string, Item>()
  for (const item of yield* store.queue({ statuses: everyStatus, order: "newest", limit: recent })) {
    const first = item.request.tags?.[insteadOfTag]
    if (first !== undefined && !again.has(first)) again.set(first, item)
  }
  const alive = new Set((yield* store.leases).flatMap(({ name, remainingMillis }) => remainingMillis > 0 ? [name] : []))
  return { again, alive }
})

/**
 * Looks at what waits and was requested by conditions. Gives when to look again, if nothing happens. `isHere` tells whether
 * this daemon resumes a run.
 *
 * @internal
 */
export const dependent = Effect.fnUntraced(function*(
  session: Session,
  queued: ReadonlyArray<Item>,
  isHere: (id: string) => boolean
) {
  const { loaded, log, settings, store } = session
  const blocked = new Map<string, string>()
  const failed = new Map<string, string>()
  const ticks = new Set(queued.flatMap(({ automation, tickId }) => automation === conditionsName ? [tickId] : []))
  const requested: Array<ReadonlyArray<Item>> = []
  for (const tickId of ticks) {
    const all = yield* store.queue({ tickId, statuses: everyStatus })
    if (all.length > 1) requested.push(all)
  }
  let until = Infinity
  if (requested.length === 0) return { blocked, failed, until }
  const runs = new Map<string, EventLog.RunRecord>()
  const readRuns = Effect.fnUntraced(function*(items: Iterable<Item>) {
    const ids = Array.from(items).flatMap(({ runId }) => runId === undefined || runs.has(runId) ? [] : [runId])
    if (ids.length > 0) { for (const run of yield* log.runs({ ids })) runs.set(run.id, run) }
  })
  yield* readRuns(requested.flat())
  /** The newest runs of requests: what was resumed is several. */
  const newest = new Map<string, EventLog.RunRecord>()
  for (const all of requested) {
    if (!all.some(({ runId }) => hasFailed(runs.get(runId ?? "")))) continue
    for (const run of yield* log.runs({ tags: { tick: all[0]!.tickId! } })) {
      const id = run.tags[queuedTag]
      if (id !== undefined && !newest.has(id)) newest.set(id, run)
      runs.set(run.id, run)
    }
  }
  // one that nobody wanted to end
  const isCutShort = (run: EventLog.RunRecord): boolean => run.status === "Cancelled" && !run.cancelRequested
  const cut = [...runs.values()].some(isCutShort) ? yield* cutShort(session) : undefined
  if (cut !== undefined) yield* readRuns(cut.again.values())
  const now = yield* Clock.currentTimeMillis

  const progressOf = (item: Item): "pending" | "done" | "failed" => {
    if (item.status === "Queued" || item.status === "Launching") return "pending"
    if (item.status !== "Launched") return "failed"
    const first = runs.get(item.runId ?? "")
    const run = hasFailed(first) ? newest.get(item.id) ?? first : first
    // an observation has no run, and is made when it is launched
    if (run === undefined || run.status === "Succeeded") return "done"
    if (run.status === "Running" || isHere(run.id)) return "pending"
    if (cut === undefined || !isCutShort(run)) return "failed"
    const again = cut.again.get(run.id)
    if (again !== undefined) return progressOf(again)
    // its daemon is about to request it anew
    if (!cut.alive.has(processLease(run.tags[processTag] ?? ""))) return "failed"
    until = Math.min(until, now + settings.leaseMillis)
    return "pending"
  }
  const defined = definedBy(loaded)
  for (const all of requested) {
    const earlierOf = byAsset(defined, all)
    for (const item of all) {
      if (item.status !== "Queued") continue
      for (const { done, upstream, what } of defined.needs(item.request)) {
        for (const id of upstream) {
          for (const earlier of earlierOf.get(id) ?? []) {
            if (earlier.seq >= item.seq) continue
            const { external, key } = defined.compiled.assets[id]!
            const progress = progressOf(earlier)
            if (progress === "pending") {
              blocked.set(item.id, `"${what}" is ${done} after "${key}", which was requested as well`)
            } else if (progress === "failed") {
              const why = external ? "which could not be observed" : "whose run did not succeed"
              failed.set(item.id, `"${what}" was to be ${done} after "${key}", ${why}.`)
            }
          }
        }
      }
    }
  }
  return { blocked, failed, until }
})
