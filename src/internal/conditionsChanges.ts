/**
 * What has changed from one evaluation of conditions to the next: a condition that came to nothing new, and knows of nothing
 * that has changed since, comes to the same again, and need not be evaluated.
 */
import type { Cursor } from "../Condition.ts"
import type { Compiled } from "./compile.ts"
import type { Running, State } from "./conditionsFacts.ts"

/** What is compared. */
type Read = Pick<State, "versions" | "outcomes" | "checks" | "running" | "backfills" | "resolve" | "previous">

/** An evaluation that is over. */
export interface Evaluation {
  readonly graph: Compiled
  /** What it was given. */
  readonly input: Read
  /** What it came to. */
  readonly cursor: Cursor
  /** The states of what came to the same as the time before, and remembers the same. */
  readonly quiet: ReadonlySet<Cursor["entities"][number]>
}

/** What one has to look at to tell whether an asset or a check has changed. */
interface Entry {
  readonly cursor: number
}

type Entries = ReadonlyMap<string, ReadonlyArray<Entry>>

const none: ReadonlyArray<Entry> = []

/** Whatever is recorded comes first; what is removed is missing. */
const areSame = (key: string, now: Entries, then: Entries): boolean => {
  const a = now.get(key) ?? none
  const b = then.get(key) ?? none
  return a.length === b.length && (a.length === 0 || a[0]!.cursor === b[0]!.cursor)
}

/** Whether something was new to the evaluation before: to this one it is not. */
const wasNew = (key: string, then: Entries, seen: number): boolean => (then.get(key)?.[0]?.cursor ?? seen) > seen

/** What is targeted, in a text for each key of an asset and each name of a check. */
const targets = (running: ReadonlyArray<Running>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const { backfillId, checks = [], keys, partitions } of running) {
    for (const name of [...keys, ...checks]) {
      const own = partitions !== undefined && Object.hasOwn(partitions, name)
        ? JSON.stringify(partitions[name])
        : "all"
      found.set(name, `${found.get(name) ?? ""} ${backfillId === undefined ? "" : "backfill "}${own}`)
    }
  }
  return found
}

const backfilled = (backfills: State["backfills"]): ReadonlyArray<Running> =>
  (backfills ?? []).flatMap(({ partitions }): ReadonlyArray<Running> =>
    Object.entries(partitions).map(([key, of]) => ({
      keys: [key],
      backfillId: "",
      ...(of !== null && { partitions: { [key]: of } })
    }))
  )

/**
 * An evaluation, for the next one.
 *
 * @internal
 */
export const over = (
  { backfills, checks, graph, outcomes, previous, resolve, running, versions }: State,
  cursor: Cursor,
  quiet: Evaluation["quiet"]
): Evaluation => ({
  graph,
  // nothing else: one would keep all that were before
  input: { backfills, checks, outcomes, previous, resolve, running, versions },
  cursor,
  quiet
})

/**
 * Marks the assets of a graph of which something is to be known that may not have been so, by their ids.
 *
 * @internal
 */
export const changedAssets = (graph: Compiled, now: Read, { cursor, input: then }: Evaluation): Uint8Array => {
  const changed = new Uint8Array(graph.assets.length)
  /** Of a check, as `KEY:CHECK`, the asset that it judges. */
  const mark = (name: string): void => {
    const id = graph.ids.get(name) ?? graph.ids.get(name.slice(0, Math.max(0, name.lastIndexOf(":"))))
    if (id !== undefined) changed[id] = 1
  }
  const seen = then.previous?.log ?? -Infinity
  const seenChecks = then.previous?.checks ?? -Infinity
  graph.assets.forEach(({ key, partitions }, id) => {
    const isSame = areSame(key, now.versions, then.versions) && areSame(key, now.outcomes, then.outcomes) &&
      areSame(key, now.checks, then.checks) && !wasNew(key, then.versions, seen) &&
      !wasNew(key, then.checks, seenChecks) && (partitions === undefined || areSameSets(now, then, partitions))
    if (!isSame) changed[id] = 1
  })
  const goingOn = ({ backfills, running }: Read) => targets([...running, ...backfilled(backfills)])
  const a = goingOn(now)
  const b = goingOn(then)
  for (const [key, target] of a) if (b.get(key) !== target) mark(key)
  for (const key of b.keys()) if (!a.has(key)) mark(key)
  // that something was requested is known to the next evaluation, and to the one after it no more
  for (const { entities } of [cursor, then.previous ?? { entities: [] }]) {
    for (const { id, requested } of entities) {
      if (requested !== undefined) mark(id)
    }
  }
  return changed
}

/** Of a set with dynamic partitions it is not known. */
const areSameSets = (now: Read, then: Read, set: Parameters<Read["resolve"]>[0]): boolean => {
  const [a, b] = [now.resolve(set).dimensions, then.resolve(set).dimensions]
  return a.length === b.length && a.every(({ dimension }, at) => dimension === b[at]!.dimension)
}
