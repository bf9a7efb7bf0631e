/**
 * What an evaluation of conditions was given, when it is to be done again: as far as it is recorded with it, in the log, and
 * in the queue.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Condition from "../Condition.ts"
import * as EventLog from "../EventLog.ts"
import { everyStatus } from "./automationStoreRules.ts"
import type { Compiled } from "./compile.ts"
import { Facts, type Value, valueIn, valueOut } from "./conditionsFacts.ts"
import { conditionsName } from "./daemonSession.ts"
import type { Resolve } from "./resolveSets.ts"
import * as Subset from "./subset.ts"

type Before = NonNullable<Condition.Explanation["before"]>
type EntityState = Condition.Cursor["entities"][number]

/** What one evaluation has recorded, upstream before downstream. */
export interface Recorded {
  readonly at: number
  readonly tickId: string | undefined
  /** The first of its rows. */
  readonly seq: number
  /** `undefined` for what this version cannot read. */
  readonly explanations: ReadonlyArray<Condition.Explanation> | undefined
}

const decode = Schema.decodeUnknownEffect(Schema.Array(Condition.Explanation))

/**
 * What the evaluation with a number has recorded: the last one before a place of the store. After cursors were lost they are
 * counted anew.
 *
 * @internal
 */
export const recordedBy = Effect.fnUntraced(function*(
  store: AutomationStore.Service,
  evaluation: number,
  before?: number
) {
  const found = yield* store.evaluations({ evaluation, before, limit: Number.MAX_SAFE_INTEGER })
  const all = found.filter(({ automation }) => automation === conditionsName)
  const newest = all[0]
  if (newest === undefined) return undefined
  // what is recorded together has places that follow each other
  const rows = all.filter(({ seq, timestamp }, at) => timestamp === newest.timestamp && seq === newest.seq - at)
    .reverse()
  const explanations = yield* Effect.orElseSucceed(decode(rows.map(({ explanation }) => explanation)), () => undefined)
  const recorded: Recorded = { at: newest.timestamp, tickId: newest.tickId, seq: rows[0]!.seq, explanations }
  return recorded
})

/** Conditions know nothing of others. */
const tags: ReadonlyArray<EventLog.Tag> = [
  "RunStarted",
  "RunFinished",
  "AssetMaterialized",
  "AssetObserved",
  "AssetSkipped",
  "AssetFailed",
  "AssetUpstreamFailed",
  "AssetCancelled",
  "CheckEvaluated",
  "BackfillStarted",
  "BackfillFinished"
]

/**
 * Copies a log up to where it was when an evaluation read it, with the places of the copy that stand for those that the
 * evaluation before knew, and the data versions of external assets that it knew.
 *
 * @internal
 */
export const logBefore = Effect.fnUntraced(function*(
  log: EventLog.Service,
  graph: Compiled,
  before: Before,
  resolve: Resolve
) {
  const copy = yield* EventLog.makeMemory
  let count = 0
  let checks = 0
  const copyEvents = (after: number, upTo: number) =>
    Stream.runForEachArray(log.events({ tags, after, before: upTo + 1 }), (events) => {
      for (const { cursor } of events) {
        count++
        if (cursor <= before.checks) checks = count
      }
      return copy.append(events)
    })
  yield* copyEvents(0, Math.min(before.log, before.place))
  const known = count
  const external = graph.assets.flatMap((asset) => asset.external ? [asset.key] : [])
  const versions = yield* copy.versions(external)
  const observed = factsOf(graph, resolve, versions).observed()
  yield* copyEvents(before.log, before.place)
  return { log: copy, places: { log: known, checks }, observed }
})

/** Facts of versions, and of nothing else. */
const factsOf = (graph: Compiled, resolve: Resolve, versions: Facts["state"]["versions"]): Facts =>
  new Facts({
    graph,
    resolve,
    versions,
    outcomes: new Map(),
    checks: new Map(),
    running: [],
    runs: new Map(),
    previous: undefined,
    now: 0
  })

/**
 * What was remembered of everything that has a condition: as it was recorded of what is evaluated again, and what was
 * requested by the evaluation before, which anything may be asked about.
 *
 * @internal
 */
export const statesBefore = (
  graph: Compiled,
  resolve: Resolve,
  explanations: ReadonlyArray<Condition.Explanation>,
  previous: ReadonlyArray<Condition.Explanation>
): ReadonlyArray<EntityState> => {
  const states = new Map<string, EntityState>()
  for (const [id, requested] of requestedBy(graph, factsOf(graph, resolve, new Map()), previous)) {
    states.set(id, { id, condition: "", digest: 0, nodes: [], requested })
  }
  for (const { before, id } of explanations) {
    // whichever condition it was: an evaluation that is done again does not look
    if (before?.state !== undefined) states.set(id, { id, condition: "recorded", ...before.state })
  }
  return [...states.values()]
}

/** Outputs that another one brings along are requested, too, and have no explanation that says so. */
const requestedBy = (
  graph: Compiled,
  facts: Facts,
  explanations: ReadonlyArray<Condition.Explanation>
): ReadonlyMap<string, Value> => {
  const found = new Map<string, Value>()
  const add = (id: string, value: Value): void => {
    const known = found.get(id)
    const asset = graph.ids.get(id)
    if (known === undefined || asset === undefined) return void found.set(id, value)
    const context = facts.assetContext(asset)
    const both = valueOut(context, Subset.union(valueIn(context, known), valueIn(context, value)))
    if (both !== undefined) found.set(id, both)
  }
  for (const { id, requested, root } of explanations) {
    if (requested === 0) continue
    const value = root.subset ?? true
    add(id, value)
    const asset = graph.ids.get(id)
    const { external, output } = graph.assets[asset ?? -1] ?? {}
    if (asset === undefined || external === true || output === undefined || output.multi.canSubset) continue
    for (const other of graph.siblings[asset] ?? []) {
      if (other !== asset) add(graph.assets[other]!.key, value)
    }
  }
  return found
}

/**
 * The requested runs that waited, or were being launched, when an evaluation read the queue. Whether those were that were
 * over at that very moment, only their number tells.
 *
 * @internal
 */
export const queuedBefore = (store: AutomationStore.Service, { at, seq, tickId }: Recorded) =>
  Effect.map(store.queue({ statuses: everyStatus }), (items) => {
    const there = items.filter((item) =>
      item.seq < seq && item.queuedAt <= at && (tickId === undefined || item.tickId !== tickId)
    )
    return {
      open: there.filter(({ finishedAt = Infinity }) => finishedAt > at),
      // the later they were requested, the later they will have been over
      justOver: there.filter(({ finishedAt }) => finishedAt === at).sort((a, b) => b.seq - a.seq)
    }
  })
