/**
 * What a run was to compute and did not.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Asset from "../Asset.ts"
import * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import type * as Partitions from "../Partitions.ts"
import type * as Runtime from "../Runtime.ts"
import type { Compiled } from "./compile.ts"
import type { RecordedConfig } from "./config.ts"
import { gravest, outcomesOf, withOutcomes } from "./outcomes.ts"
import { resolveSets } from "./resolveSets.ts"
import { processTag, queuedTag, resumesTag } from "./runTags.ts"
import * as Subset from "./subset.ts"

/** The tags by which a daemon finds runs that it has begun: what somebody retries by hand is none of those. */
const tagsOfDaemons: ReadonlyArray<string> = [processTag, queuedTag, resumesTag]

/**
 * The tags of a run that one which retries it has, too.
 *
 * @internal
 */
export const keptTags = (tags: EventLog.RunRecord["tags"]): EventLog.RunRecord["tags"] =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => !tagsOfDaemons.includes(name)))

/** @internal */
export interface Left {
  readonly keys: ReadonlyArray<string>
  readonly targets: ReadonlyMap<string, Partitions.Serialized>
  /** What the run did not compute and the graph does not have any more. */
  readonly gone: ReadonlyArray<string>
}

/**
 * Everything of a run but what it has materialized, as far as that is in the graph and no blocking check of it failed. Nor
 * may one be lacking where the run did not come to its end: what is downstream waits for it.
 *
 * @internal
 */
export const left = Effect.fnUntraced(function*(
  graph: Graph.Any,
  runId: string,
  which?: Runtime.Checks | undefined
): Effect.fn.Return<Left | undefined, EventLog.EventLogError | Partitions.DynamicKeysError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const [run] = yield* log.runs({ ids: [runId] })
  if (run === undefined) return undefined
  const tags = ["RunStarted", "AssetMaterialized", "CheckEvaluated"] as const
  let checksOnly = false
  const { assets, checks, ids } = Graph.compiled(graph)
  const done = new Map<string, Array<EventLog.AssetMaterialized>>()
  const refused: Array<EventLog.CheckEvaluated> = []
  const evaluated: Array<EventLog.CheckEvaluated> = []
  const isCutOff = which !== "none" && (run.status === "Running" || run.status === "Cancelled")
  yield* Stream.runForEach(log.events({ runId, tags }), (event) =>
    Effect.sync(() => {
      if (event._tag === "RunStarted") checksOnly = event.checksOnly === true
      else if (event._tag === "AssetMaterialized") {
        const known = done.get(event.key)
        if (known === undefined) done.set(event.key, [event])
        else known.push(event)
      } else if (event._tag === "CheckEvaluated") {
        evaluated.push(event)
        if (refuses(event)) refused.push(event)
      }
    }))
  const resolve = yield* resolveSets(assets)
  const found = new Map<number, Rest>()
  const gone: Array<string> = []
  for (const key of checksOnly ? [] : run.keys) {
    const id = ids.get(key)
    if (id === undefined || assets[id]!.external) {
      if (!done.has(key)) gone.push(key)
      continue
    }
    const { partitions } = assets[id]!
    const planned = run.partitions?.[key]
    const events = done.get(key) ?? []
    const bad = refused.filter((check) => check.key === key)
    const needed = isCutOff ? checks.filter(({ asset, blocking }) => blocking && asset.key === key) : []
    const evaluations = needed.map(({ name }) => evaluated.filter((event) => event.key === key && event.check === name))
    if (partitions === undefined || planned === undefined) {
      const isDone = events.some((event) => partitions !== undefined || event.partitions === undefined)
      if (!isDone || bad.length > 0 || evaluations.some((events) => events.length === 0)) found.set(id, undefined)
      continue
    }
    const resolved = resolve(partitions)
    const read = (events: ReadonlyArray<{ readonly partitions?: Partitions.Serialized | undefined }>) =>
      Subset.unionAll(
        resolved.dimensions.length,
        events.flatMap(({ partitions }) =>
          partitions === undefined ? [] : [Subset.deserialize(resolved, partitions).subset]
        )
      )
    let succeeded = Subset.difference(read(events), read(bad))
    for (const events of evaluations) succeeded = Subset.intersection(succeeded, read(events))
    const wanted = Subset.deserialize(resolved, planned)
    const subset = Subset.difference(wanted.subset, succeeded)
    if (subset.size > 0) found.set(id, { resolved, subset })
    else if (wanted.unknown.length > 0) gone.push(`${key} (${wanted.unknown[0]})`)
  }
  addSiblings(Graph.compiled(graph), found)
  const targets = new Map<string, Partitions.Serialized>()
  for (const [id, rest] of found) {
    if (rest !== undefined) targets.set(assets[id]!.key, Subset.serialize(rest.resolved, rest.subset))
  }
  return found.size === 0 && gone.length === 0
    ? undefined
    : { keys: Array.from(found.keys(), (id) => assets[id]!.key), targets, gone }
})

/** What is left of an asset; `undefined` for all of one without partitions. */
type Rest = { readonly resolved: Partitions.Resolved; readonly subset: Subset.Subset } | undefined

/** What is left of one output of a multi-asset that cannot compute some of them alone is computed of all. */
const addSiblings = ({ assets, siblings }: ReturnType<typeof Graph.compiled>, found: Map<number, Rest>): void => {
  for (const [id, rest] of Array.from(found)) {
    const outputs = siblings[id]
    if (outputs === undefined || assets[id]!.output!.multi.canSubset) continue
    for (const output of outputs) {
      const known = found.get(output)
      found.set(
        output,
        // they have the same partitions
        rest !== undefined && known !== undefined ? { ...rest, subset: Subset.union(known.subset, rest.subset) } : rest
      )
    }
  }
}

/**
 * The names of assets whose configuration has to be given again: it is not recorded what they were given before.
 *
 * @internal
 */
export const hiddenConfig = (
  { assets, ids }: Compiled,
  keys: ReadonlyArray<string>,
  configHidden: RecordedConfig["configHidden"],
  given: { readonly [name: string]: unknown }
): ReadonlyArray<string> => {
  if (configHidden === undefined || configHidden.length === 0) return []
  const hidden = new Set(configHidden)
  const again = new Set<string>()
  for (const key of keys) {
    const asset = assets[ids.get(key)!]!
    const name = Asset.nameOf(asset)
    if (asset.config !== undefined && hidden.has(name) && !Object.hasOwn(given, name)) again.add(name)
  }
  return [...again]
}

/**
 * What is wrong where configuration has to be given again.
 *
 * @internal
 */
export const explainHidden = (names: ReadonlyArray<string>): string =>
  `the configuration of ${
    names.map((name) => JSON.stringify(name)).join(" and ")
  } is not recorded, since it has a secret or cannot be written: give it again in the options, as \`config\``

const refuses = ({ blocking, severity, status }: EventLog.CheckEvaluated): boolean =>
  status === "Errored" || (status === "Failed" && blocking && severity === "error")

/**
 * A run, with what the one that it repeats had brought about before.
 *
 * @internal
 */
export const together = <T extends Graph.Assets>(first: Runtime.Run<T>, second: Runtime.Run<T>): Runtime.Run<T> => {
  const partitions: Record<string, ReadonlyMap<string, Runtime.Outcome>> = Object.create(null)
  const outcomes: Record<string, Runtime.Outcome> = Object.create(null)
  for (const [name, outcome] of Object.entries<Runtime.Outcome>(second.outcomes)) {
    const before = first.partitions[name]
    const after = second.partitions[name]
    const all = before === undefined ? after : after === undefined ? before : new Map([...before, ...after])
    if (all !== undefined) partitions[name] = all
    outcomes[name] = all !== undefined && all.size > 0
      ? gravest([...all.values()])
      : outcome._tag === "NotSelected"
      ? first.outcomes[name]!
      : outcome
  }
  const again = new Map(outcomesOf(second).map((outcome) => [nameOf(outcome), outcome]))
  const evaluated = new Set(second.checks.map(evaluationOf))
  const run: Runtime.Run<T> = {
    ...second,
    // by the names of both runs, which are runs of one graph
    outcomes: outcomes as Runtime.Run<T>["outcomes"],
    partitions: partitions as Runtime.Run<T>["partitions"],
    checks: [...first.checks.filter((check) => !evaluated.has(evaluationOf(check))), ...second.checks]
  }
  const merged = outcomesOf(first).map((outcome) => {
    const newer = again.get(nameOf(outcome))
    return newer === undefined || newer._tag === "NotSelected" ? outcome : newer
  })
  return withOutcomes(run, () => merged)
}

const nameOf = (outcome: Runtime.Outcome): string =>
  JSON.stringify([outcome.key, outcome._tag === "NotSelected" ? undefined : outcome.partition])

const evaluationOf = ({ check, key, partition }: Runtime.CheckOutcome): string =>
  JSON.stringify([key, check, partition])
