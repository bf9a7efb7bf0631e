/**
 * What there is to know of assets and checks when conditions are evaluated: each thing when it is asked for first, and then
 * kept for the rest of the evaluation. Subsets of depth 0 stand for what has no partitions.
 */
import type * as Asset from "../Asset.ts"
import type { Staleness } from "../Catalog.ts"
import * as Check from "../Check.ts"
import type { Cursor } from "../Condition.ts"
import type * as EventLog from "../EventLog.ts"
import * as Freshness from "../Freshness.ts"
import type { Serialized } from "../Partitions.ts"
import * as PartitionSubset from "../PartitionSubset.ts"
import type { Compiled } from "./compile.ts"
import { GraphStaleness, ofWhole } from "./graphStaleness.ts"
import { failedTries, layered, Layers } from "./partitionState.ts"
import type { Resolve } from "./resolveSets.ts"
import * as Subset from "./subset.ts"

/** A run that has not ended, or waits to be launched. */
export interface Running {
  readonly keys: ReadonlyArray<string>
  /** The checks, as `KEY:CHECK`, that it evaluates by themselves. */
  readonly checks?: ReadonlyArray<string> | undefined
  readonly job?: string | undefined
  /** All partitions of what is not named. */
  readonly partitions?: { readonly [key: string]: Serialized } | undefined
  readonly backfillId?: string | undefined
}

/** A backfill that has not ended. */
export interface Backfilling {
  /** `null` for an asset without partitions. */
  readonly partitions: { readonly [key: string]: Serialized | null }
}

/** A run of which something was computed. */
export interface Executed extends Pick<Running, "keys" | "partitions"> {
  readonly tags: { readonly [name: string]: string }
}

/** What conditions are evaluated against. */
export interface State {
  readonly graph: Compiled
  /** The partition sets at `now`. */
  readonly resolve: Resolve
  readonly versions: ReadonlyMap<string, ReadonlyArray<EventLog.VersionState>>
  /**
   * A place in the log up to which everything was recorded when `versions` were read, where those are of some assets only:
   * what is older is no news of an asset that comes to be one of them.
   */
  readonly log?: number | undefined
  /** The place of the newest event in the log when it was read: 0 if there is none. */
  readonly place?: number | undefined
  readonly outcomes: ReadonlyMap<string, ReadonlyArray<EventLog.OutcomeState>>
  readonly checks: ReadonlyMap<string, ReadonlyArray<EventLog.Logged<EventLog.CheckEvaluated>>>
  /** Runs that have not ended, and those that are waiting to be launched. */
  readonly running: ReadonlyArray<Running>
  readonly backfills?: ReadonlyArray<Backfilling> | undefined
  /** The runs that `neededRuns` names, by id. */
  readonly runs: ReadonlyMap<string, Executed>
  /** How recent assets are, where somebody else knows it better than their newest state tells. */
  readonly freshness?: ReadonlyMap<string, Freshness.Evaluation> | undefined
  readonly previous: Cursor | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Something that a condition can be asked about. */
export interface Context {
  readonly kind: "asset" | "check" | "job"
  /** The id of the asset; of a check, that of the asset it judges; -1 for a job. */
  readonly asset: number
  readonly check: string | undefined
  /** The key of the asset, `KEY:CHECK`, or `:NAME` for a job. */
  readonly name: string
  readonly axes: Subset.Axes | undefined
  readonly all: Subset.Subset
  readonly none: Subset.Subset
}

/** How one asset depends on another, or on itself: each way by its mapping. */
export interface Dep {
  readonly id: number
  readonly mappings: ReadonlyArray<Asset.AnyInput["mapping"]>
  /** Whether it can be done without, however it is read. */
  readonly isOptional: boolean
}

/** A value that is kept: `true` for the whole of what has no partitions. */
export type Value = true | Serialized

/** Which partitions have which data version. */
export type Versions = ReadonlyMap<string, Subset.Subset>

type Evaluated = EventLog.Logged<EventLog.CheckEvaluated>

interface CheckState {
  readonly partition: string | undefined
  readonly partitions: Serialized | undefined
  readonly evaluated: Evaluated
}

const noPartitions: ReadonlyArray<string> = []

/**
 * So much is remembered of what is not defined.
 *
 * @internal
 */
export const maxAbsent = 1_000

/** What does not depend on anything but the definitions, for each graph. */
const depsOf = new WeakMap<Compiled, Array<ReadonlyArray<Dep> | undefined>>()
const checksOf = new WeakMap<Compiled, ReadonlyMap<string, ReadonlyArray<{ name: string; blocking: boolean }>>>()

const checksByName = new WeakMap<Compiled, ReadonlyMap<string, Check.Any>>()

const isOptional = ({ mode }: Asset.AnyInput): boolean => mode === "optional" || mode === "optionalLastValue"

const makeDeps = (graph: Compiled, asset: Asset.Any, own: number): ReadonlyArray<Dep> => {
  const found = new Map<number, Array<Asset.AnyInput>>()
  const add = (id: number | undefined, input: Asset.AnyInput): void => {
    if (id === undefined) return
    const inputs = found.get(id)
    if (inputs === undefined) found.set(id, [input])
    else inputs.push(input)
  }
  for (const name in asset.inputs) add(graph.ids.get(asset.inputs[name]!.asset.key), asset.inputs[name]!)
  for (const dep of asset.deps) add(graph.ids.get(dep.asset.key), dep)
  for (const name in asset.previous) add(own, asset.previous[name]!)
  return Array.from(found, ([id, inputs]) => ({
    id,
    mappings: inputs.map(({ mapping }) => mapping),
    isOptional: id !== own && inputs.every(isOptional)
  }))
}

/** The checks of an asset: those that its own program evaluates, and those of the graph. */
const makeChecks = (graph: Compiled): ReadonlyMap<string, ReadonlyArray<{ name: string; blocking: boolean }>> => {
  const found = new Map<string, Array<{ name: string; blocking: boolean }>>()
  const add = (key: string, name: string, blocking: boolean | undefined): void => {
    const list = found.get(key)
    const check = { name, blocking: blocking === true }
    if (list === undefined) found.set(key, [check])
    else list.push(check)
  }
  for (const { checks, key } of graph.assets) for (const name in checks) add(key, name, checks[name]!.blocking)
  for (const { asset, blocking, name } of graph.checks) add(asset.key, name, blocking)
  return found
}

/** @internal */
export class Facts {
  readonly state: State
  readonly graph: Compiled
  /** What the previous evaluation knew. */
  readonly seen: number
  readonly seenChecks: number
  private readonly contexts: Array<Context | undefined>
  private readonly checkContexts = new Map<string, Context>()
  private readonly deps: Array<ReadonlyArray<Dep> | undefined>
  private readonly known = new Map<string, Array<Subset.Subset | undefined>>()
  private readonly groups = new Map<number, Versions>()
  private readonly before: ReadonlyMap<string, Cursor["observed"][number]>
  private running: Map<string, Array<Serialized | undefined>> | undefined
  private backfilling: Map<string, Array<Serialized | undefined>> | undefined
  private stale: GraphStaleness | undefined

  constructor(state: State) {
    const { graph, previous } = state
    this.state = state
    this.graph = graph
    this.seen = previous?.log ?? -Infinity
    this.seenChecks = previous?.checks ?? -Infinity
    this.contexts = new Array<Context | undefined>(graph.assets.length).fill(undefined)
    let deps = depsOf.get(graph)
    if (deps === undefined) depsOf.set(graph, deps = new Array(graph.assets.length).fill(undefined))
    this.deps = deps
    this.before = new Map((previous?.observed ?? []).map((entry) => [entry.key, entry]))
  }

  // -------------------------------------------------------------------------------------------------------------------
  // definitions
  // -------------------------------------------------------------------------------------------------------------------

  assetContext(id: number): Context {
    return this.contexts[id] ??= this.makeContext(id, undefined)
  }

  checkContext(id: number, check: string): Context {
    const name = `${this.graph.assets[id]!.key}:${check}`
    let found = this.checkContexts.get(name)
    if (found === undefined) this.checkContexts.set(name, found = this.makeContext(id, check))
    return found
  }

  private makeContext(asset: number, check: string | undefined): Context {
    const { key, partitions } = this.graph.assets[asset]!
    const axes = partitions === undefined ? undefined : this.state.resolve(partitions)
    return {
      kind: check === undefined ? "asset" : "check",
      asset,
      check,
      name: check === undefined ? key : `${key}:${check}`,
      axes,
      all: axes === undefined ? Subset.unit : Subset.allOf(axes),
      none: Subset.empty(axes === undefined ? 0 : axes.dimensions.length)
    }
  }

  depsOf(id: number): ReadonlyArray<Dep> {
    return this.deps[id] ??= makeDeps(this.graph, this.graph.assets[id]!, id)
  }

  /** What a check is evaluated from: the asset that it judges comes first. */
  depsOfCheck({ asset, name }: Context): ReadonlyArray<Dep> {
    let byName = checksByName.get(this.graph)
    if (byName === undefined) {
      byName = new Map(this.graph.checks.map((check) => [Check.nameOf(check), check]))
      checksByName.set(this.graph, byName)
    }
    const found = byName.get(name)
    const deps: Array<Dep> = [{ id: asset, mappings: [undefined], isOptional: false }]
    for (const input of Object.values(found?.inputs ?? {})) {
      const id = this.graph.ids.get(input.asset.key)
      if (id !== undefined) deps.push({ id, mappings: [input.mapping], isOptional: isOptional(input) })
    }
    return deps
  }

  checksOf(id: number): ReadonlyArray<{ readonly name: string; readonly blocking: boolean }> {
    let checks = checksOf.get(this.graph)
    if (checks === undefined) checksOf.set(this.graph, checks = makeChecks(this.graph))
    return checks.get(this.graph.assets[id]!.key) ?? []
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what is recorded
  // -------------------------------------------------------------------------------------------------------------------

  /** What is kept of one question about each asset or check. */
  private once(question: string, context: Context, answer: () => Subset.Subset): Subset.Subset {
    const name = context.check === undefined ? question : `${question}:${context.check}`
    let answers = this.known.get(name)
    if (answers === undefined) this.known.set(name, answers = [])
    return answers[context.asset] ??= answer()
  }

  private statesOf(id: number): ReadonlyArray<EventLog.VersionState> {
    return this.state.versions.get(this.graph.assets[id]!.key) ?? []
  }

  missing(context: Context): Subset.Subset {
    if (context.check !== undefined) {
      return this.once("missing", context, () => Subset.difference(context.all, this.checksWhere(context, () => true)))
    }
    const { external, observe } = this.graph.assets[context.asset]!
    if (external && observe === undefined) return context.none
    return this.once("missing", context, () => Subset.difference(context.all, this.present(context, external)))
  }

  /** What was only observed, nobody here has computed: of an external asset, that is all there is to it. */
  private present({ all, asset, axes, none }: Context, external: boolean): Subset.Subset {
    const states = this.statesOf(asset)
    if (states.length === 0) return none
    if (axes === undefined) {
      const state = ofWhole(states)
      return state !== undefined && (external || !state.observed) ? all : none
    }
    if (!external && states.some(({ observed }) => observed)) {
      return layered(axes, states).where(({ observed }) => !observed)
    }
    return inStates(axes, states)
  }

  /**
   * What was materialized, or observed with other data, since the previous evaluation, or a place in the log, and not before
   * a time.
   */
  updated(context: Context, notBefore = -Infinity, seen = this.seen): Subset.Subset {
    const { asset, axes, check, none } = context
    const question = notBefore === -Infinity && seen === this.seen ? "updated" : `updated ${notBefore} ${seen}`
    if (check !== undefined) {
      return this.once(
        question,
        context,
        () => this.checksWhere(context, ({ cursor, timestamp }) => cursor > this.seenChecks && timestamp >= notBefore)
      )
    }
    const states = this.statesOf(asset)
    if (states.length === 0 || states[0]!.cursor <= seen) return none
    return this.once(question, context, () => {
      if (axes === undefined) {
        const state = ofWhole(states)
        return state === undefined || state.cursor <= seen || state.timestamp < notBefore ||
            (state.observed && this.versionsBefore(context).get(state.dataVersion) !== undefined)
          ? none
          : context.all
      }
      const parts: Array<Subset.Subset> = []
      for (const { entry, subset } of layered(axes, newSince(states, seen)).pieces()) {
        if (entry.timestamp < notBefore) continue
        const same = entry.observed ? this.versionsBefore(context).get(entry.dataVersion) : undefined
        parts.push(same === undefined ? subset : Subset.difference(subset, same))
      }
      return Subset.unionAll(axes.dimensions.length, parts)
    })
  }

  /** The runs that computed some partitions, each with those that are of it. */
  *runsOf(context: Context, candidates: Subset.Subset): Generator<
    readonly [run: Executed, subset: Subset.Subset, isNew: boolean]
  > {
    const { asset, axes } = context
    const states = this.statesOf(asset)
    if (axes === undefined) {
      const state = ofWhole(states)
      const run = state?.runId === undefined ? undefined : this.state.runs.get(state.runId)
      if (run !== undefined && candidates.size > 0) yield [run, candidates, state!.cursor > this.seen]
      return
    }
    for (const { entry, subset } of layered(axes, states).within(candidates)) {
      const run = entry.runId === undefined ? undefined : this.state.runs.get(entry.runId)
      if (run !== undefined) yield [run, subset, entry.cursor > this.seen]
    }
  }

  failed(context: Context): Subset.Subset {
    const { all, asset, axes, check, none } = context
    if (check !== undefined) {
      return this.once("failed", context, () => this.checksWhere(context, ({ status }) => status === "Errored"))
    }
    const outcomes = this.state.outcomes.get(this.graph.assets[asset]!.key)
    if (outcomes === undefined || outcomes.length === 0) return none
    return this.once("failed", context, () => {
      if (axes !== undefined) return failedTries(layered(axes, this.statesOf(asset)), outcomes).failed
      const last = outcomes.find(({ partition, partitions }) => partition === undefined && partitions === undefined)
      if (last === undefined || (last.tag !== "AssetFailed" && last.tag !== "AssetUpstreamFailed")) return none
      return (ofWhole(this.statesOf(asset))?.cursor ?? -Infinity) > last.cursor ? none : all
    })
  }

  /** The partitions whose newest evaluation of a check is one that a condition holds for. */
  checksWhere({ all, asset, axes, check, none }: Context, condition: (evaluated: Evaluated) => boolean): Subset.Subset {
    const own = (this.state.checks.get(this.graph.assets[asset]!.key) ?? []).filter((one) => one.check === check)
    if (axes === undefined) {
      const newest = own.find(({ partition, partitions }) => partition === undefined && partitions === undefined)
      return newest !== undefined && condition(newest) ? all : none
    }
    const states = own.map((evaluated): CheckState => ({
      partition: evaluated.partition,
      partitions: evaluated.partitions,
      evaluated
    }))
    return new Layers(axes, states, ({ evaluated }) => evaluated, () => noPartitions).where(condition)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what is going on
  // -------------------------------------------------------------------------------------------------------------------

  inRun(context: Context): Subset.Subset {
    if (context.kind === "job") {
      return this.state.running.some(({ job }) => `:${job}` === context.name) ? context.all : context.none
    }
    this.running ??= gathered(this.state.running)
    return this.targeted("running", context, this.running)
  }

  inBackfill(context: Context): Subset.Subset {
    this.backfilling ??= gathered([
      ...this.state.running.filter(({ backfillId }) => backfillId !== undefined),
      ...(this.state.backfills ?? []).map(({ partitions }): Running => ({
        keys: Object.keys(partitions),
        partitions: Object.fromEntries(
          Object.entries(partitions).filter((entry): entry is [string, Serialized] => entry[1] !== null)
        )
      }))
    ])
    return this.targeted("backfilling", context, this.backfilling)
  }

  private targeted(
    question: string,
    context: Context,
    targets: ReadonlyMap<string, ReadonlyArray<Serialized | undefined>>
  ): Subset.Subset {
    if (context.asset < 0) return context.none
    const { key } = this.graph.assets[context.asset]!
    // what computes an asset evaluates its checks
    const found = [...targets.get(key) ?? [], ...(context.check === undefined ? [] : targets.get(context.name) ?? [])]
    if (found.length === 0) return context.none
    return this.once(
      question,
      context,
      () => Subset.unionAll(context.all.depth, found.map((partitions) => targetIn(context, partitions)))
    )
  }

  /** The partitions of something that a run was to compute: all of them where it is not said. */
  targetOf(context: Context, run: Executed): Subset.Subset {
    const { key } = this.graph.assets[context.asset]!
    if (!run.keys.includes(key)) return context.none
    const partitions = run.partitions !== undefined && Object.hasOwn(run.partitions, key)
      ? run.partitions[key]!
      : undefined
    return targetIn(context, partitions)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what follows from it
  // -------------------------------------------------------------------------------------------------------------------

  freshness(id: number): Freshness.Evaluation["_tag"] {
    const { freshness, key } = this.graph.assets[id]!
    const known = this.state.freshness?.get(key)
    return (known ?? Freshness.evaluate(freshness, this.statesOf(id)[0]?.timestamp, this.state.now))._tag
  }

  private stalenessOf(asset: number): Staleness {
    this.stale ??= new GraphStaleness(this.graph, this.state.versions, this.state.resolve)
    return this.stale.of(asset)
  }

  /** What was computed from other data than there is now. */
  withOtherInputs({ all, asset, axes, none }: Context): Subset.Subset {
    const staleness = this.stalenessOf(asset)
    if (staleness._tag !== "Stale" && staleness._tag !== "Partitioned") return none
    const causes = staleness.causes.filter(({ _tag }) => _tag === "UpstreamChanged")
    if (axes === undefined) return causes.length > 0 ? all : none
    return Subset.unionAll(
      all.depth,
      causes.flatMap(({ stale }) => stale === undefined ? [] : [Subset.deserialize(axes, stale).subset])
    )
  }

  staleOf({ all, asset, none }: Context): Subset.Subset {
    const staleness = this.stalenessOf(asset)
    switch (staleness._tag) {
      case "Partitioned":
        return PartitionSubset.inside(staleness.stale).subset
      case "Stale":
        return all
      default:
        return none
    }
  }

  latestWindow(context: Context, lookback: number | undefined): Subset.Subset {
    const { all, axes } = context
    if (axes === undefined || axes.dimensions.every(({ dimension }) => dimension.kind === "Keys")) return all
    return this.once(`latest ${lookback}`, context, () =>
      Subset.box(axes.dimensions.map(({ dimension }) => {
        const { size } = dimension
        if (dimension.kind === "Keys" || size === 0) return Subset.fromRange(0, size)
        const from = lookback === undefined
          ? size
          : dimension.firstStartingFrom(dimension.windowAt(size - 1).end - lookback)
        return Subset.fromRange(Math.min(from, size - 1), size)
      })))
  }

  // -------------------------------------------------------------------------------------------------------------------
  // data versions
  // -------------------------------------------------------------------------------------------------------------------

  /** Which partitions of an asset have which data version. */
  versionsOf(context: Context): Versions {
    let found = this.groups.get(context.asset)
    if (found === undefined) this.groups.set(context.asset, found = this.makeVersions(context))
    return found
  }

  private makeVersions({ all, asset, axes }: Context): Versions {
    const states = this.statesOf(asset)
    if (axes === undefined) {
      const state = ofWhole(states)
      return state === undefined ? new Map() : new Map([[state.dataVersion, all]])
    }
    const parts = new Map<string, Array<Subset.Subset>>()
    for (const { entry, subset } of layered(axes, states).pieces()) {
      const list = parts.get(entry.dataVersion)
      if (list === undefined) parts.set(entry.dataVersion, [subset])
      else list.push(subset)
    }
    return new Map(Array.from(parts, ([version, list]) => [version, Subset.unionAll(axes.dimensions.length, list)]))
  }

  private versionsBefore(context: Context): Versions {
    const before = this.before.get(context.name)
    return before === undefined ? new Map() : versionsIn(context, before.versions)
  }

  /** What the next evaluation has to know of external assets. */
  observed(): Cursor["observed"] {
    // of what is not defined now it is kept, too
    const found = (this.state.previous?.observed ?? []).filter(({ key }) => !this.graph.ids.has(key)).slice(-maxAbsent)
    this.graph.assets.forEach(({ external, key }, id) => {
      if (!external) return
      const states = this.statesOf(id)
      if (states.length === 0) return
      const before = this.before.get(key)
      if (before !== undefined && states[0]!.cursor <= this.seen) found.push(before)
      else {
        const context = this.assetContext(id)
        found.push({ key, versions: versionsOut(context, this.versionsOf(context)) })
      }
    })
    return found
  }
}

/** The states since a place in the log: they come first. */
const newSince = (states: ReadonlyArray<EventLog.VersionState>, seen: number): ReadonlyArray<EventLog.VersionState> => {
  const older = states.findIndex(({ cursor }) => cursor <= seen)
  return older < 0 ? states : states.slice(0, older)
}

/** What is targeted, by the key of the asset or the name of the check: `undefined` for all of it. */
const gathered = (runs: ReadonlyArray<Running>): Map<string, Array<Serialized | undefined>> => {
  const found = new Map<string, Array<Serialized | undefined>>()
  for (const { checks = [], keys, partitions } of runs) {
    for (const name of [...keys, ...checks]) {
      const target = partitions !== undefined && Object.hasOwn(partitions, name) ? partitions[name] : undefined
      const list = found.get(name)
      if (list === undefined) found.set(name, [target])
      else list.push(target)
    }
  }
  return found
}

/** The partitions that something is recorded of. */
const inStates = (axes: Subset.Axes, states: ReadonlyArray<EventLog.VersionState>): Subset.Subset => {
  const singles: Array<ReadonlyArray<number>> = []
  const ranges: Array<Subset.Subset> = []
  for (const { partition, partitions } of states) {
    if (partition !== undefined) {
      const tuple = Subset.recordedTuple(axes, partition, partitions)
      if (tuple !== undefined) singles.push(tuple)
    } else if (partitions !== undefined) ranges.push(Subset.deserialize(axes, partitions).subset)
  }
  const depth = axes.dimensions.length
  return Subset.unionAll(depth, [Subset.fromTuples(depth, singles), ...ranges])
}

// what is kept is mostly read again as it was written
const read = new WeakMap<
  Serialized,
  { readonly axes: Subset.Axes; readonly subset: Subset.Subset; readonly isKnown: boolean }
>()

/** What a run is to compute: all of it where no partitions are named. */
const targetIn = (context: Context, partitions: Serialized | undefined): Subset.Subset =>
  partitions === undefined || context.axes === undefined ? context.all : valueIn(context, partitions)

/**
 * A value that was kept, of what there is now. What was kept of a whole says nothing of partitions, nor the other way
 * round.
 *
 * @internal
 */
export const valueIn = ({ all, axes, none }: Context, value: Value | undefined): Subset.Subset => {
  if (value === undefined) return none
  if (value === true) return axes === undefined ? all : none
  if (axes === undefined) return none
  return readIn(axes, value).subset
}

const readIn = (axes: Subset.Axes, value: Serialized) => {
  let known = read.get(value)
  if (known?.axes !== axes) {
    const { subset, unknown } = Subset.deserialize(axes, value)
    read.set(value, known = { axes, subset, isKnown: unknown.length === 0 })
  }
  return known
}

/**
 * Whether all that a value was kept of is there. What is not there any more has to be forgotten: if it comes back, it is new.
 *
 * @internal
 */
export const isKnown = ({ axes }: Context, value: Value): boolean =>
  axes === undefined || value === true || readIn(axes, value).isKnown

/**
 * What is kept of a set; nothing for the empty one.
 *
 * @internal
 */
export const valueOut = ({ axes }: Context, subset: Subset.Subset): Value | undefined => {
  if (subset.size === 0) return undefined
  if (axes === undefined) return true
  const value = Subset.serialize(axes, subset)
  read.set(value, { axes, subset, isKnown: true })
  return value
}

/** @internal */
export const versionsIn = (
  context: Context,
  versions: Cursor["observed"][number]["versions"]
): Versions => new Map(versions.map(([value, version]) => [version, valueIn(context, value)]))

/** @internal */
export const versionsOut = (context: Context, versions: Versions): Cursor["observed"][number]["versions"] =>
  Array.from(versions).flatMap(([version, subset]) => {
    const value = valueOut(context, subset)
    return value === undefined ? [] : [[value, version] as const]
  })
