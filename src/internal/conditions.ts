/**
 * Evaluates conditions: a pure function of what is recorded, of the time, and of what the previous evaluation remembered.
 * Each condition is evaluated for all partitions at once, upstream before downstream, so that what is downstream knows
 * what is requested upstream.
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Check from "../Check.ts"
import { type Condition, type Cursor, explain, type Explanation, type ExplanationNode } from "../Condition.ts"
import type { Serialized } from "../Partitions.ts"
import type * as Partitions from "../Partitions.ts"
import type { Compiled } from "./compile.ts"
import { changedAssets, type Evaluation, over } from "./conditionsChanges.ts"
import {
  type Context,
  type Dep,
  Facts,
  isKnown,
  maxAbsent,
  type State,
  type Value,
  valueIn,
  valueOut,
  type Versions,
  versionsIn,
  versionsOut
} from "./conditionsFacts.ts"
import * as ConditionTree from "./conditionTree.ts"
import * as Cron from "./cron.ts"
import * as Mapping from "./mapping.ts"
import { resolveIds } from "./selectionResolve.ts"
import * as Subset from "./subset.ts"

export type { Backfilling, Executed, Running, State } from "./conditionsFacts.ts"

/** A job that has a condition. */
export interface JobCondition {
  readonly name: string
  /** The keys of the assets that it computes. */
  readonly keys: ReadonlyArray<string>
  readonly condition: Condition
}

/** What conditions are evaluated against. */
export interface Input extends State {
  readonly jobs?: ReadonlyArray<JobCondition> | undefined
  /** The evaluation that `previous` is the cursor of, if it is at hand: then only what has changed is evaluated. */
  readonly last?: Evaluation | undefined
  /**
   * An evaluation is done again: only these are evaluated, and what is remembered of them is of the conditions that they
   * have now.
   */
  readonly only?: ReadonlySet<string> | undefined
}

/** Something to do. */
export interface Requested {
  /** `observe`: an external asset is to be observed. `check`: one check is to be evaluated, and nothing computed. */
  readonly kind: "asset" | "observe" | "check" | "job"
  /** The key of the asset, `KEY:CHECK`, or `:NAME` for a job. */
  readonly id: string
  /** The key of the asset, or the name of the job. */
  readonly key: string
  readonly check: string | undefined
  /** For which partitions: `undefined` for what has none. */
  readonly partitions: Serialized | undefined
  readonly subset: Subset.Subset
  readonly axes: Subset.Axes | undefined
}

/** What an evaluation comes to. */
export interface Evaluated {
  /**
   * Upstream before downstream. What was requested because something upstream is requested as well has to be computed
   * after it, in one run or one after the other. Other outputs of a multi-asset that have to be computed, too, do not stand
   * here.
   */
  readonly requests: ReadonlyArray<Requested>
  /** Of what is requested, and of what has come to something else than in the evaluation before. */
  readonly explanations: ReadonlyArray<Explanation>
  readonly cursor: Cursor
  /** For the next evaluation, beside the cursor. */
  readonly last: Evaluation
}

// ---------------------------------------------------------------------------------------------------------------------
// conditions, prepared
// ---------------------------------------------------------------------------------------------------------------------

/** A condition with what follows from it alone. */
interface Node {
  readonly condition: Condition
  /** Equal for conditions that mean the same. */
  readonly name: string
  readonly parts: ReadonlyArray<Node>
  /** Whether it has to be evaluated in any case, since it remembers something. */
  readonly stateful: boolean
  /** Whether what it comes to depends on what the condition belongs to. */
  readonly usesRoot: boolean
  readonly usesDownstream: boolean
  /** Whether it asks for the runs of what was computed since the previous evaluation, or ever. */
  readonly runs: "none" | "new" | "all"
  readonly cron: Cron.Cron | undefined
  /** How far up it looks: at its own asset (0), at what that is computed from (1), or somewhere else. */
  readonly reach: number
  /** The parts of it that time changes. */
  readonly crons: ReadonlyArray<Node>
}

const nodes = new WeakMap<Condition, Node>()

const remembers: ReadonlySet<Condition["_tag"]> = new Set([
  "Since",
  "NewlyTrue",
  "CodeVersionChanged",
  "DataVersionChanged",
  // the conditions that it stands for may
  "AnyDownstreamConditions"
])

const nodeOf = (condition: Condition): Node => {
  let node = nodes.get(condition)
  if (node === undefined) nodes.set(condition, node = makeNode(condition))
  return node
}

const makeNode = (condition: Condition): Node => {
  const { _tag } = condition
  const parts = ConditionTree.partsOf(condition).map(nodeOf)
  const some = (test: (node: Node) => boolean): boolean => parts.some(test)
  const cron = _tag === "CronTickPassed" ? ConditionTree.cronOf(condition.cron, condition.timeZone) : undefined
  const node: Node = {
    condition,
    name: ConditionTree.nameOf(ConditionTree.textOf(condition)),
    parts,
    stateful: remembers.has(_tag) || some((part) => part.stateful),
    usesRoot: _tag === "ExecutedWithRootTarget" || some((part) => part.usesRoot),
    usesDownstream: _tag === "AnyDownstreamConditions" || some((part) => part.usesDownstream),
    runs: runsOf(condition, parts),
    // a graph with a condition that cannot be read is not made
    cron: cron === undefined ? undefined : Result.getOrUndefined(cron),
    reach: Math.max(0, ...parts.map(({ reach }) => reach)) + stepsOf(_tag),
    crons: parts.flatMap(({ crons }) => crons)
  }
  return _tag === "CronTickPassed" ? { ...node, crons: [node] } : node
}

/** How much further up than its parts a part looks. */
const stepsOf = (tag: Condition["_tag"]): number => {
  switch (tag) {
    case "AnyDepsMatch":
    case "AllDepsMatch":
    case "AnyDepsRequiredButNonexistent":
    case "Stale":
    case "InputsChanged":
      return 1
    // at the clock, or at any asset
    case "Freshness":
    case "AssetMatches":
    case "AnyDownstreamConditions":
    case "AnyJobRootsMatch":
    case "AllJobRootsMatch":
      return Infinity
    default:
      return 0
  }
}

/** Beside `newlyUpdated`, only what was computed since the previous evaluation is asked for. */
const runsOf = ({ _tag }: Condition, parts: ReadonlyArray<Node>): Node["runs"] => {
  if (_tag === "ExecutedWithRootTarget" || _tag === "ExecutedWithTags") return "all"
  const wanted = new Set(parts.map(({ runs }) => runs))
  const isNew = _tag === "And" && parts.some(({ condition }) => condition._tag === "NewlyUpdated") &&
    parts.every((part) => part.runs !== "all" || isAboutRuns(part))
  return wanted.has("all") ? isNew ? "new" : "all" : wanted.has("new") ? "new" : "none"
}

const isAboutRuns = ({ condition, parts }: Node): boolean =>
  condition._tag === "ExecutedWithRootTarget" || condition._tag === "ExecutedWithTags" ||
  (condition._tag === "Not" && isAboutRuns(parts[0]!))

/** Something that has a condition. */
interface Entity {
  readonly kind: "asset" | "check" | "job"
  readonly id: string
  readonly asset: number
  readonly node: Node
  readonly check: Check.Any | undefined
  readonly job: JobCondition | undefined
}

const entities = new WeakMap<Compiled, ReadonlyArray<Entity>>()

/** Assets upstream before downstream, then checks. */
const entitiesOf = (graph: Compiled): ReadonlyArray<Entity> => {
  let found = entities.get(graph)
  if (found === undefined) {
    const all: Array<Entity> = []
    graph.assets.forEach(({ automation, key }, asset) => {
      if (automation === undefined) return
      all.push({ kind: "asset", id: key, asset, node: nodeOf(automation), check: undefined, job: undefined })
    })
    for (const check of graph.checks) {
      if (check.automation === undefined) continue
      const { key } = check.asset
      const asset = graph.ids.get(key)
      if (asset === undefined) continue
      all.push({
        kind: "check",
        id: `${key}:${check.name}`,
        asset,
        node: nodeOf(check.automation),
        check,
        job: undefined
      })
    }
    found = all
    entities.set(graph, found)
  }
  return found
}

const jobEntity = (job: JobCondition): Entity => ({
  kind: "job",
  id: `:${job.name}`,
  asset: -1,
  node: nodeOf(job.condition),
  check: undefined,
  job
})

/** The conditions of what is downstream of each asset. */
const downstreams = new WeakMap<Compiled, ReadonlyArray<ReadonlySet<Node>>>()

const nothing: ReadonlySet<Node> = new Set()

const downstreamsOf = (graph: Compiled): ReadonlyArray<ReadonlySet<Node>> => {
  let found = downstreams.get(graph)
  if (found === undefined) {
    // equal conditions are one
    const byName = new Map<string, Node>()
    const own = graph.assets.map(({ automation }) => {
      if (automation === undefined) return undefined
      const node = nodeOf(automation)
      return byName.get(node.name) ?? (byName.set(node.name, node), node)
    })
    const sets: Array<ReadonlySet<Node>> = graph.assets.map(() => nothing)
    const { offsets, targets } = graph.children
    for (let id = graph.assets.length - 1; id >= 0; id--) {
      const set = new Set<Node>()
      for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
        const child = targets[at]!
        if (own[child] !== undefined) set.add(own[child])
        for (const node of sets[child]!) set.add(node)
      }
      if (set.size > 0) sets[id] = set
    }
    found = sets
    downstreams.set(graph, found)
  }
  return found
}

/**
 * The ids of the runs that conditions ask for: `State.runs` has to have them.
 *
 * @internal
 */
export const neededRuns = (
  { graph, jobs, previous, versions }: Pick<Input, "graph" | "jobs" | "previous" | "versions">
): ReadonlySet<string> => {
  let wanted: Node["runs"] = "none"
  for (const { node } of [...entitiesOf(graph), ...(jobs ?? []).map(jobEntity)]) {
    if (node.runs === "all") wanted = "all"
    else if (node.runs === "new" && wanted === "none") wanted = "new"
  }
  const found = new Set<string>()
  if (wanted === "none") return found
  const seen = wanted === "all" ? -Infinity : previous?.log ?? Infinity
  for (const states of versions.values()) {
    for (const { cursor, runId } of states) {
      if (cursor <= seen) break
      if (runId !== undefined) found.add(runId)
    }
  }
  return found
}

// ---------------------------------------------------------------------------------------------------------------------
// evaluation
// ---------------------------------------------------------------------------------------------------------------------

type EntityState = Cursor["entities"][number]
type NodeState = EntityState["nodes"][number]
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** So many children of one part are told; the others are counted. */
const maxChildren = 20

/** What is known while one condition is evaluated. */
interface Root {
  readonly entity: Entity
  readonly context: Context
  readonly initial: boolean
  /** What it knew of the log, where that is not what the previous evaluation knew: it was not there then. */
  readonly seen: number | undefined
  readonly before: ReadonlyArray<NodeState>
  /** By what it was asked about and its name, where there are many. */
  readonly index: ReadonlyMap<string, NodeState> | undefined
  readonly after: Array<NodeState>
  /** What parts that remember something have come to, for all partitions. */
  readonly memo: Map<string, Remembered>
}

interface Remembered {
  readonly result: Subset.Subset
  readonly state: NodeState | undefined
}

/** @internal */
export class Evaluator {
  private readonly facts: Facts
  private readonly input: Input
  private readonly evaluation: number
  /** The newest materialization or observation that is known. */
  private readonly log: number
  private readonly before: ReadonlyMap<string, EntityState>
  /** What of each asset is requested to be computed by this evaluation, and what of anything is requested. */
  private readonly computed: Array<Subset.Subset | undefined>
  private readonly requested = new Map<string, readonly [Context, Subset.Subset]>()
  private readonly ticks = new Map<string, boolean>()
  private readonly ticksBefore = new Map<string, boolean>()
  /** The previous evaluation, and the assets of which something is known or requested that was not then. */
  private readonly last: Evaluation | undefined
  private readonly changed: Uint8Array
  private readonly quiet = new Set<EntityState>()
  private readonly selections = new Map<string, Uint8Array>()
  private readonly jobRoots = new Map<string, ReadonlyArray<number>>()
  private root!: Root
  /** The partitions of the root that are at issue, where it matters which. */
  private rootPart: Subset.Subset | undefined
  private insideDownstream = false
  /** What happened before does not count. */
  private notBefore: number | undefined
  private digestLow = 0
  private digestHigh = 0
  private readonly worded = new Map<
    Subset.Axes,
    Map<string, { readonly partitions: string; readonly serialized: Serialized }>
  >()
  /** Where the parts of what is being explained are put. */
  private children: Array<ExplanationNode> | undefined

  constructor(input: Input) {
    this.input = input
    this.facts = new Facts(input)
    this.evaluation = input.previous === undefined ? 0 : input.previous.evaluation + 1
    this.before = new Map((input.previous?.entities ?? []).map((entity) => [entity.id, entity]))
    this.computed = new Array<Subset.Subset | undefined>(input.graph.assets.length).fill(undefined)
    const { graph, last } = input
    let log = Math.max(input.previous?.log ?? 0, input.log ?? 0)
    for (const versions of input.versions.values()) {
      if (versions.length > 0 && versions[0]!.cursor > log) log = versions[0]!.cursor
    }
    this.log = log
    this.last = last !== undefined && last.cursor === input.previous && last.graph === graph ? last : undefined
    this.changed = this.last === undefined
      ? new Uint8Array(graph.assets.length)
      : changedAssets(graph, input, this.last)
  }

  run(): Evaluated {
    const { graph, jobs, now, only, previous } = this.input
    const explanations: Array<Explanation> = []
    const requests: Array<Requested> = []
    const states: Array<EntityState> = []
    for (const entity of [...entitiesOf(graph), ...(jobs ?? []).map(jobEntity)]) {
      if (only?.has(entity.id) === false) continue
      const known = this.before.get(entity.id)
      const state = known !== undefined && this.isQuiet(entity, known)
        ? known
        : this.evaluate(entity, this.contextOf(entity), explanations, requests)
      // what is requested has another state in the end
      if (state === known) this.quiet.add(state)
      states.push(state)
    }
    let checks = previous?.checks ?? 0
    for (const evaluated of this.input.checks.values()) {
      if (evaluated.length > 0 && evaluated[0]!.cursor > checks) checks = evaluated[0]!.cursor
    }
    const cursor: Cursor = {
      evaluation: this.evaluation,
      now,
      log: this.log,
      checks,
      entities: [
        ...(this.requested.size === 0
          ? states
          : [...states.map((state) => this.withRequested(state)), ...this.broughtAlong(states)]),
        ...this.absent()
      ],
      observed: this.facts.observed()
    }
    return { requests, explanations, cursor, last: over(this.input, cursor, this.quiet) }
  }

  /**
   * Whether something comes to the same as in the previous evaluation, which changed nothing: whatever it looks at is as it
   * was, and no time has passed that it waits for.
   */
  private isQuiet(entity: Entity, known: EntityState): boolean {
    const { asset, kind, node } = entity
    if (this.last === undefined || !this.last.quiet.has(known)) return false
    if (kind === "job" || node.reach > 1 || node.runs === "all") return false
    if (this.changed[asset] === 1) return false
    if (node.reach === 1) {
      const deps = kind === "check" ? this.facts.depsOfCheck(this.contextOf(entity)) : this.facts.depsOf(asset)
      if (deps.some(({ id }) => this.changed[id] === 1)) return false
    }
    return node.crons.every((cron) => !this.hasPassed(cron) && !this.hadPassed(cron))
  }

  private contextOf({ asset, check, id, kind }: Entity): Context {
    switch (kind) {
      case "asset":
        return this.facts.assetContext(asset)
      case "check":
        return this.facts.checkContext(asset, check!.name)
      case "job":
        return {
          kind: "job",
          asset: -1,
          check: undefined,
          name: id,
          axes: undefined,
          all: Subset.unit,
          none: Subset.empty(0)
        }
    }
  }

  /** What was requested of an output is known only after the other outputs that bring it along. */
  private withRequested(state: EntityState): EntityState {
    const found = this.requested.get(state.id)
    if (found === undefined) return state
    const [context, subset] = found
    const kept = this.before.get(state.id)?.requested
    const same = kept !== undefined && Subset.equals(valueIn(context, kept), subset)
    return { ...state, requested: same ? kept : valueOut(context, subset)! }
  }

  /** What was requested and has no condition: outputs that another one brings along. */
  private broughtAlong(states: ReadonlyArray<EntityState>): ReadonlyArray<EntityState> {
    const known = new Set(states.map(({ id }) => id))
    return Array.from(this.requested).flatMap(([id, [context, subset]]): ReadonlyArray<EntityState> =>
      known.has(id) ? [] : [{ id, condition: "", digest: 0, requested: valueOut(context, subset)!, nodes: [] }]
    )
  }

  /** What is remembered of what is not defined now: it may be again, or be so in another deployment on the same log. */
  private absent(): ReadonlyArray<EntityState> {
    const { graph, jobs = [], previous } = this.input
    const others = (previous?.entities ?? []).filter(({ id, nodes }) => nodes.length > 0 && !graph.ids.has(id))
    if (others.length === 0) return others
    const defined = new Set([...graph.checks.map(Check.nameOf), ...jobs.map(({ name }) => `:${name}`)])
    return others.filter(({ id }) => !defined.has(id)).slice(-maxAbsent).map((state) => {
      const { held: _, requested: __, ...rest } = state
      return state.seen === undefined ? { ...rest, seen: previous!.log } : state
    })
  }

  private evaluate(
    entity: Entity,
    context: Context,
    explanations: Array<Explanation>,
    requests: Array<Requested>
  ): EntityState {
    const known = this.before.get(entity.id)
    const condition = this.identityOf(entity, context)
    const initial = known === undefined ||
      (this.input.only === undefined ? known.condition !== condition : known.condition === "")
    const before = initial ? [] : known.nodes
    this.root = {
      entity,
      context,
      initial,
      seen: initial ? undefined : known.seen,
      before,
      index: before.length <= 8
        ? undefined
        : new Map(before.map((state) => [`${state.about ?? ""} ${state.node}`, state])),
      after: [],
      memo: new Map()
    }
    this.rootPart = undefined
    this.digestLow = this.digestHigh = 0x811c9dc5
    const { node } = entity
    const holds = this.eval(node, context, context.all)
    // what went on to hold since it was requested is not requested once more while it is computed, or waits to be
    const held = initial
      ? context.none
      : Subset.union(valueIn(context, known.requested), valueIn(context, known.held))
    const waiting = held.size === 0
      ? context.none
      : Subset.intersection(Subset.intersection(holds, held), this.facts.inRun(context))
    const requested = Subset.difference(holds, waiting)
    const digest = (this.digestHigh >>> 0) * 0x100000 + (this.digestLow >>> 12)
    const unchanged = !initial && known.digest === digest
    if (requested.size > 0 || !unchanged) {
      explanations.push({
        id: entity.id,
        kind: entity.kind,
        evaluation: this.evaluation,
        at: this.input.now,
        requested: requested.size,
        unchanged,
        root: this.explained(node, context),
        ...this.given(initial ? undefined : known)
      })
    }
    if (requested.size > 0) requests.push(this.request(entity, context, requested))
    const { after } = this.root
    const same = !initial && known.requested === undefined && known.held === undefined && known.seen === undefined &&
      waiting.size === 0 && unchanged && after.length === before.length &&
      after.every((state, at) => state === before[at])
    if (same) return known
    const value = valueOut(context, waiting)
    return { id: entity.id, condition, digest, ...(value !== undefined && { held: value }), nodes: after }
  }

  /** What the evaluation of something is given, to be told with what it comes to. */
  private given(state: EntityState | undefined): Pick<Explanation, "before"> {
    const { place, previous, running } = this.input
    if (place === undefined) return {}
    return {
      before: {
        ...(previous !== undefined && { now: previous.now }),
        log: previous?.log ?? 0,
        checks: previous?.checks ?? 0,
        // what was recorded while it was read is among it
        place: Math.max(place, this.log),
        running: running.length,
        ...(state !== undefined && { state: memoryOf(state) })
      }
    }
  }

  /** Conditions downstream are part of one that stands for them. */
  private identityOf({ asset, node }: Entity, { axes }: Context): string {
    const shape = axes === undefined ? "" : shapeOf(axes)
    const downstream = node.usesDownstream && asset >= 0
      ? Array.from(downstreamsOf(this.input.graph)[asset]!, ({ name }) => name).sort().join()
      : ""
    return shape === "" && downstream === "" ? node.name : ConditionTree.nameOf(`${node.name} ${shape} ${downstream}`)
  }

  private request({ asset, check, id, job, kind }: Entity, context: Context, subset: Subset.Subset): Requested {
    const { graph } = this.input
    this.add(context, subset)
    const observes = kind === "asset" && graph.assets[asset]!.external
    if (kind === "asset" && !observes) {
      const together = graph.siblings[asset]
      this.addComputed(asset, subset)
      if (together !== undefined && !graph.assets[asset]!.output!.multi.canSubset) {
        for (const other of together) {
          if (other === asset) continue
          this.addComputed(other, subset)
          this.add(this.facts.assetContext(other), subset)
        }
      }
    }
    return {
      kind: observes ? "observe" : kind,
      id,
      key: job === undefined ? graph.assets[asset]!.key : job.name,
      check: check?.name,
      partitions: context.axes === undefined ? undefined : Subset.serialize(context.axes, subset),
      subset,
      axes: context.axes
    }
  }

  private add(context: Context, subset: Subset.Subset): void {
    if (context.asset >= 0) this.changed[context.asset] = 1
    const before = this.requested.get(context.name)
    this.requested.set(context.name, [context, before === undefined ? subset : Subset.union(before[1], subset)])
  }

  private addComputed(id: number, subset: Subset.Subset): void {
    const before = this.computed[id]
    this.computed[id] = before === undefined ? subset : Subset.union(before, subset)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // one part
  // -------------------------------------------------------------------------------------------------------------------

  /** What of some candidates a part holds for. */
  private eval(node: Node, context: Context, candidates: Subset.Subset): Subset.Subset {
    const into = this.children
    if (candidates.size === 0 && !node.stateful) {
      into?.push(this.told(node, context, context.none, candidates, []))
      return context.none
    }
    if (into === undefined) {
      const result = this.holds(node, context, candidates)
      this.mix(result)
      return result
    }
    const own: Array<ExplanationNode> = []
    this.children = own
    const result = this.holds(node, context, candidates)
    this.children = into
    into.push(this.told(node, context, result, candidates, own))
    return result
  }

  private mix({ bounds, rests, size }: Subset.Subset): void {
    let low = Math.imul(this.digestLow ^ size, 0x01000193)
    let high = Math.imul(this.digestHigh ^ size, 0x85ebca6b)
    for (let i = 0; i < bounds.length; i++) {
      low = Math.imul(low ^ bounds[i]!, 0x01000193)
      high = Math.imul(high ^ bounds[i]!, 0x85ebca6b)
    }
    this.digestLow = low
    this.digestHigh = high ^ (high >>> 13)
    for (const rest of rests) this.mix(rest)
  }

  private holds(node: Node, context: Context, candidates: Subset.Subset): Subset.Subset {
    const { condition, parts } = node
    const { facts } = this
    switch (condition._tag) {
      case "Missing":
        return Subset.intersection(candidates, facts.missing(context))
      case "RunInProgress":
        return Subset.intersection(candidates, facts.inRun(context))
      case "BackfillInProgress":
        return Subset.intersection(candidates, facts.inBackfill(context))
      case "ExecutionFailed":
        return Subset.intersection(candidates, facts.failed(context))
      case "NewlyUpdated":
        return this.root.initial || context.kind === "job"
          ? context.none
          : Subset.intersection(candidates, facts.updated(context, this.notBefore, this.root.seen))
      case "NewlyRequested":
        // by the evaluation before, which was earlier than what happened since
        if (this.notBefore !== undefined) return context.none
        return Subset.intersection(
          candidates,
          valueIn(
            context,
            this.root.initial && context === this.root.context
              ? undefined
              : this.before.get(context.name)?.requested
          )
        )
      case "WillBeRequested": {
        const requested = context.kind === "asset" ? this.computed[context.asset] : undefined
        return requested === undefined ? context.none : Subset.intersection(candidates, requested)
      }
      case "WillBeObserved": {
        const isObserved = context.kind === "asset" && this.input.graph.assets[context.asset]!.external
        const requested = isObserved ? this.requested.get(context.name) : undefined
        return requested === undefined ? context.none : Subset.intersection(candidates, requested[1])
      }
      case "InitialEvaluation":
        return this.root.initial ? candidates : context.none
      case "CodeVersionChanged":
      case "DataVersionChanged":
      case "Since":
      case "NewlyTrue":
        return Subset.intersection(candidates, this.remembered(node, context))
      case "Stale":
        return Subset.intersection(candidates, facts.staleOf(context))
      case "InputsChanged":
        return context.kind === "asset"
          ? Subset.intersection(candidates, facts.withOtherInputs(context))
          : context.none
      case "ExecutedWithRootTarget":
        return this.withRootTarget(context, candidates)
      case "ExecutedWithTags":
        return this.withTags(context, candidates, condition)
      case "CheckPassed":
        return Subset.intersection(candidates, facts.checksWhere(context, ({ status }) => status === "Passed"))
      case "CheckFailed":
        return Subset.intersection(candidates, facts.checksWhere(context, ({ status }) => status === "Failed"))
      case "AnyDepsRequiredButNonexistent":
        return this.nonexistent(context, candidates)
      case "AnyDownstreamConditions":
        return this.downstream(context, candidates)
      case "InLatestTimeWindow":
        return Subset.intersection(candidates, facts.latestWindow(context, condition.lookbackMillis))
      case "CronTickPassed":
        return !this.root.initial && this.hasPassed(node) ? candidates : context.none
      case "Freshness":
        return facts.freshness(context.asset) === condition.state ? candidates : context.none
      case "And": {
        let left = candidates
        for (const part of parts) left = this.eval(part, context, left)
        return left
      }
      case "Or": {
        let found = context.none
        for (const part of parts) found = Subset.union(found, this.eval(part, context, candidates))
        return found
      }
      case "Not":
        return Subset.difference(candidates, this.eval(parts[0]!, context, candidates))
      case "AnyDepsMatch":
        return this.anyDeps(node, context, candidates, this.depsOf(context, condition))
      case "AllDepsMatch":
        return this.allDeps(node, context, candidates, this.depsOf(context, condition))
      case "AnyChecksMatch":
      case "AllChecksMatch":
        return this.checks(parts[0]!, context, candidates, condition)
      case "AssetMatches":
        return this.another(parts[0]!, context, candidates, condition.key)
      case "AnyJobRootsMatch":
      case "AllJobRootsMatch":
        return this.roots(parts[0]!, context, condition._tag)
    }
  }

  private hasPassed({ cron, name }: Node): boolean {
    let passed = this.ticks.get(name)
    if (passed === undefined) {
      const { now, previous } = this.input
      passed = cron !== undefined && previous !== undefined && Cron.prevTick(cron, now + 1) > previous.now
      this.ticks.set(name, passed)
    }
    return passed
  }

  /** Whether it had passed at the previous evaluation: then that knew something that this one does not. */
  private hadPassed({ cron, name }: Node): boolean {
    let passed = this.ticksBefore.get(name)
    if (passed === undefined) {
      const [then, before] = [this.last?.cursor.now, this.last?.input.previous?.now]
      passed = cron !== undefined && then !== undefined && before !== undefined &&
        Cron.prevTick(cron, then + 1) > before
      this.ticksBefore.set(name, passed)
    }
    return passed
  }

  // -------------------------------------------------------------------------------------------------------------------
  // parts that remember
  // -------------------------------------------------------------------------------------------------------------------

  /** What a part holds for, of all there is: what it remembers changes once in an evaluation, wherever it stands. */
  private remembered(node: Node, context: Context): Subset.Subset {
    const { memo } = this.root
    const name = this.memoName(node, context)
    const known = memo.get(name)
    if (known !== undefined) {
      // asked once more, to be explained
      if (this.children !== undefined) {
        this.wholly(() => {
          if (node.condition._tag === "Since") this.triggerAndReset(node, context)
          else for (const part of node.parts) this.eval(part, context, context.all)
        })
      }
      return known.result
    }
    const found = this.wholly(() => this.remember(node, context, this.stateBefore(node, context)))
    memo.set(name, found)
    if (found.state !== undefined) this.root.after.push(found.state)
    return found.result
  }

  /** Inside of the conditions downstream, what asks for those comes to something else. */
  private nameOf({ name, usesDownstream }: Node): string {
    return usesDownstream && this.insideDownstream ? `${name}:inside` : name
  }

  private memoName(node: Node, context: Context): string {
    const name = this.nameOf(node)
    return context === this.root.context ? name : `${context.name} ${name}`
  }

  /** All partitions of the root are at issue inside. */
  private wholly<A>(f: () => A): A {
    const { rootPart } = this
    this.rootPart = undefined
    const result = f()
    this.rootPart = rootPart
    return result
  }

  private stateBefore(node: Node, context: Context): NodeState | undefined {
    const name = this.nameOf(node)
    const { before, context: own, index } = this.root
    const about = context === own ? undefined : context.name
    return index === undefined
      ? before.find((state) => state.node === name && state.about === about)
      : index.get(`${about ?? ""} ${name}`)
  }

  private remember(node: Node, context: Context, before: NodeState | undefined): Remembered {
    const { condition, parts } = node
    const next: Mutable<NodeState> = {
      node: this.nameOf(node),
      ...(context !== this.root.context && { about: context.name })
    }
    switch (condition._tag) {
      case "NewlyTrue": {
        const now = this.eval(parts[0]!, context, context.all)
        const then = valueIn(context, before?.value)
        if (now.size === 0) return { result: context.none, state: undefined }
        setValue(next, context, now, then, before)
        return { result: Subset.difference(now, then), state: kept(next, before) }
      }
      case "Since": {
        const [trigger, reset, late] = this.triggerAndReset(node, context)
        const then = valueIn(context, before?.value)
        const result = Subset.union(Subset.difference(Subset.union(then, trigger), reset), late)
        if (trigger.size > 0) next.trigger = this.evaluation
        else if (before?.trigger !== undefined) next.trigger = before.trigger
        if (reset.size > 0) next.reset = this.evaluation
        else if (before?.reset !== undefined) next.reset = before.reset
        setValue(next, context, result, then, before)
        const isEmpty = result.size === 0 && next.trigger === undefined && next.reset === undefined
        return { result, state: isEmpty ? undefined : kept(next, before) }
      }
      case "CodeVersionChanged": {
        const version = this.input.graph.assets[context.asset]!.codeVersion ?? ""
        next.version = version
        const isOther = before?.version !== undefined && before.version !== version
        return { result: isOther ? context.all : context.none, state: kept(next, before) }
      }
      default: {
        const now = this.facts.versionsOf(context)
        const then = before?.versions === undefined ? undefined : versionsIn(context, before.versions)
        next.versions = then !== undefined && sameVersions(now, then) ? before!.versions! : versionsOut(context, now)
        const other = Array.from(
          now,
          ([version, subset]) => Subset.difference(subset, then?.get(version) ?? context.none)
        )
        return {
          result: then === undefined ? context.none : Subset.unionAll(context.all.depth, other),
          state: kept(next, before)
        }
      }
    }
  }

  /**
   * What `since` goes by. An evaluation may see both that a tick of a cron has passed and what was computed before and after
   * it: that does not undo a tick that came later, and is not undone by one that came earlier.
   */
  private triggerAndReset({ parts }: Node, context: Context) {
    const [trigger, reset] = parts as readonly [Node, Node]
    const found = this.eval(trigger, context, context.all)
    const { notBefore } = this
    this.notBefore = this.lastTick(trigger) ?? notBefore
    const ended = this.eval(reset, context, context.all)
    this.notBefore = notBefore
    const tick = this.lastTick(reset)
    return [found, ended, tick === undefined ? context.none : this.updatedSince(trigger, context, tick)] as const
  }

  /** When the tick was that has passed since the previous evaluation, of what asks for nothing else. */
  private lastTick(node: Node): number | undefined {
    const { cron } = node
    return cron !== undefined && !this.root.initial && this.hasPassed(node)
      ? Cron.prevTick(cron, this.input.now + 1)
      : undefined
  }

  /** What a part holds for because it was computed since a time. */
  private updatedSince({ condition, parts }: Node, context: Context, time: number): Subset.Subset {
    switch (condition._tag) {
      case "NewlyUpdated":
        return this.root.initial || context.kind === "job"
          ? context.none
          : this.facts.updated(context, time, this.root.seen)
      case "Or":
        return Subset.unionAll(context.all.depth, parts.map((part) => this.updatedSince(part, context, time)))
      default:
        return context.none
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // runs
  // -------------------------------------------------------------------------------------------------------------------

  private withRootTarget(context: Context, candidates: Subset.Subset): Subset.Subset {
    const { context: own, entity } = this.root
    if (entity.kind === "job") {
      const found: Array<Subset.Subset> = []
      for (const [run, subset] of this.facts.runsOf(context, candidates)) {
        if (Object.hasOwn(run.tags, "job") && run.tags["job"] === entity.job!.name) found.push(subset)
      }
      return Subset.unionAll(candidates.depth, found)
    }
    const root = this.facts.assetContext(own.asset)
    const part = this.rootPart ?? root.all
    const found: Array<Subset.Subset> = []
    for (const [run, subset, isNew] of this.facts.runsOf(context, candidates)) {
      if (overlaps(this.facts.targetOf(root, run), isNew ? part : root.all)) found.push(subset)
    }
    return Subset.unionAll(candidates.depth, found)
  }

  private withTags(
    context: Context,
    candidates: Subset.Subset,
    { keys, values }: Extract<Condition, { readonly _tag: "ExecutedWithTags" }>
  ): Subset.Subset {
    const found: Array<Subset.Subset> = []
    for (const [{ tags }, subset] of this.facts.runsOf(context, candidates)) {
      const fits = keys.every((name) => Object.hasOwn(tags, name)) &&
        Object.entries(values).every(([name, value]) => Object.hasOwn(tags, name) && tags[name] === value)
      if (fits) found.push(subset)
    }
    return Subset.unionAll(candidates.depth, found)
  }

  /** Partitions in pieces such that each run that computed something upstream was to compute a piece or nothing of it. */
  private pieces(context: Context, candidates: Subset.Subset, deps: ReadonlyArray<Dep>): ReadonlyArray<Subset.Subset> {
    let pieces = [candidates]
    if (context.axes === undefined) return pieces
    for (const dep of deps) {
      const of = this.facts.assetContext(dep.id)
      const updated = this.facts.updated(of)
      if (updated.size === 0) continue
      for (const [run] of this.facts.runsOf(of, updated)) {
        const target = this.facts.targetOf(context, run)
        if (target.size === 0) continue
        pieces = pieces.flatMap((piece) => {
          const inside = Subset.intersection(piece, target)
          return inside.size === 0 || inside.size === piece.size ? [piece] : [inside, Subset.difference(piece, target)]
        })
      }
    }
    return pieces
  }

  // -------------------------------------------------------------------------------------------------------------------
  // other assets, checks, jobs
  // -------------------------------------------------------------------------------------------------------------------

  private depsOf(
    context: Context,
    { allow, ignore, requiredOnly }: {
      readonly allow?: string
      readonly ignore?: string
      readonly requiredOnly?: boolean
    }
  ): ReadonlyArray<Dep> {
    const all = context.kind === "check" ? this.facts.depsOfCheck(context) : this.facts.depsOf(context.asset)
    const deps = requiredOnly === true ? all.filter(({ isOptional }) => !isOptional) : all
    if (allow === undefined && ignore === undefined) return deps
    const allowed = allow === undefined ? undefined : this.selected(allow)
    const ignored = ignore === undefined ? undefined : this.selected(ignore)
    return deps.filter(({ id }) => allowed?.[id] !== 0 && ignored?.[id] !== 1)
  }

  private selected(text: string): Uint8Array {
    let ids = this.selections.get(text)
    if (ids === undefined) {
      const selection = ConditionTree.selectionOf(text)
      const found = Result.isSuccess(selection)
        ? resolveIds(this.input.graph, selection.success, { externals: true })
        : undefined
      // a graph with a selection that cannot be resolved is not made
      ids = found !== undefined && Result.isSuccess(found)
        ? found.success
        : new Uint8Array(this.input.graph.assets.length)
      this.selections.set(text, ids)
    }
    return ids
  }

  private anyDeps(node: Node, context: Context, candidates: Subset.Subset, deps: ReadonlyArray<Dep>): Subset.Subset {
    return this.byPiece(node, context, candidates, deps, (piece) => {
      let found = context.none
      for (const dep of deps) {
        const of = this.facts.assetContext(dep.id)
        const matching = this.eval(node.parts[0]!, of, up(context, piece, of, dep))
        if (matching.size > 0) found = Subset.union(found, down(context, piece, of, dep, matching))
      }
      this.shorten((child) => child.count > 0)
      return found
    })
  }

  private allDeps(node: Node, context: Context, candidates: Subset.Subset, deps: ReadonlyArray<Dep>): Subset.Subset {
    return this.byPiece(node, context, candidates, deps, (piece) => {
      let left = piece
      for (const dep of deps) {
        const of = this.facts.assetContext(dep.id)
        const needed = up(context, piece, of, dep)
        const others = Subset.difference(needed, this.eval(node.parts[0]!, of, needed))
        if (others.size > 0) left = Subset.difference(left, down(context, piece, of, dep, others))
      }
      this.shorten((child) => child.count < child.candidates)
      return left
    })
  }

  private byPiece(
    { usesRoot }: Node,
    context: Context,
    candidates: Subset.Subset,
    deps: ReadonlyArray<Dep>,
    f: (piece: Subset.Subset) => Subset.Subset
  ): Subset.Subset {
    if (!usesRoot) return f(candidates)
    // of what is upstream of something upstream it does not matter which partitions
    if (this.rootPart !== undefined || context !== this.root.context) return this.wholly(() => f(candidates))
    if (context.axes === undefined) return f(candidates)
    const pieces = this.pieces(context, candidates, deps)
    const found = pieces.map((piece) => {
      this.rootPart = piece
      const result = f(piece)
      this.rootPart = undefined
      return result
    })
    return Subset.unionAll(context.all.depth, found)
  }

  /** Keeps those that tell something, if there are many. */
  private shorten(tells: (child: ExplanationNode) => boolean): void {
    const { children } = this
    if (children === undefined || children.length <= maxChildren) return
    const sorted = [...children.filter(tells), ...children.filter((child) => !tells(child))]
    children.length = 0
    children.push(...sorted)
  }

  private checks(
    part: Node,
    context: Context,
    candidates: Subset.Subset,
    condition: Extract<Condition, { readonly _tag: "AnyChecksMatch" | "AllChecksMatch" }>
  ): Subset.Subset {
    const any = condition._tag === "AnyChecksMatch"
    let found = any ? context.none : candidates
    for (const { blocking, name } of this.facts.checksOf(context.asset)) {
      if (condition.blockingOnly === true && !blocking) continue
      const matching = this.eval(part, this.facts.checkContext(context.asset, name), candidates)
      found = any ? Subset.union(found, matching) : Subset.intersection(found, matching)
    }
    return found
  }

  private another(part: Node, context: Context, candidates: Subset.Subset, key: string): Subset.Subset {
    const id = this.input.graph.ids.get(key)
    if (id === undefined) return context.none
    const of = this.facts.assetContext(id)
    // of itself, and for a check of its asset, partitions are the same
    const dep = id === context.asset ? unmapped(id) : this.edgeTo(context, id)
    const matching = this.wholly(() => this.eval(part, of, up(context, candidates, of, dep)))
    return down(context, candidates, of, dep, matching)
  }

  private edgeTo({ asset, kind }: Context, id: number): Dep {
    const edge = kind === "asset" ? this.facts.depsOf(asset).find((dep) => dep.id === id) : undefined
    return edge ?? unmapped(id)
  }

  private roots(part: Node, context: Context, tag: "AnyJobRootsMatch" | "AllJobRootsMatch"): Subset.Subset {
    const ids = this.rootsOf(this.root.entity.job)
    let matching = 0
    for (const id of ids) {
      const of = this.facts.assetContext(id)
      if (this.eval(part, of, of.all).size > 0) matching++
    }
    const holds = tag === "AnyJobRootsMatch" ? matching > 0 : matching === ids.length && matching > 0
    return holds ? context.all : context.none
  }

  /** The assets of a job that are computed from no other asset of it. */
  private rootsOf(job: JobCondition | undefined): ReadonlyArray<number> {
    if (job === undefined) return []
    let found = this.jobRoots.get(job.name)
    if (found === undefined) {
      const { ids, parents } = this.input.graph
      const own = new Set(job.keys.flatMap((key) => ids.get(key) ?? []))
      found = [...own].filter((id) => {
        for (let at = parents.offsets[id]!; at < parents.offsets[id + 1]!; at++) {
          if (own.has(parents.targets[at]!)) return false
        }
        return true
      }).sort((a, b) => a - b)
      this.jobRoots.set(job.name, found)
    }
    return found
  }

  private downstream(context: Context, candidates: Subset.Subset): Subset.Subset {
    // what is further downstream is among the conditions already
    if (this.insideDownstream || context.kind !== "asset") return context.none
    this.insideDownstream = true
    let found = context.none
    for (const node of downstreamsOf(this.input.graph)[context.asset]!) {
      if (node.condition._tag === "AnyDownstreamConditions") continue
      const before = this.children?.length
      found = Subset.union(found, this.eval(node, context, candidates))
      if (before !== undefined) {
        const told = this.children![before]!
        this.children![before] = { ...told, about: this.keysWith(node, context.asset) }
      }
    }
    this.insideDownstream = false
    return found
  }

  /** The assets downstream that have a condition. */
  private keysWith({ name }: Node, id: number): string {
    const { assets, children } = this.input.graph
    const seen = new Set([id])
    const keys: Array<string> = []
    // a set is walked while it grows
    for (const at of seen) {
      const { automation, key } = assets[at]!
      if (at !== id && automation !== undefined && nodeOf(automation).name === name) keys.push(key)
      for (let edge = children.offsets[at]!; edge < children.offsets[at + 1]!; edge++) seen.add(children.targets[edge]!)
    }
    const more = keys.length - maxKeys
    return keys.sort().slice(0, maxKeys).join(", ") + (more > 0 ? ` and ${more} more` : "")
  }

  /** The partitions that need others that do not exist: halved until what is left needs one, or does not. */
  private nonexistent(context: Context, candidates: Subset.Subset): Subset.Subset {
    const found: Array<Subset.Subset> = []
    for (const dep of this.depsOf(context, {})) {
      const of = this.facts.assetContext(dep.id)
      // before the first partition there is none, and an asset does without it
      if (of.axes === undefined || of === context) continue
      const { axes } = of
      for (const mapping of dep.mappings) {
        const open = [candidates]
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
          if (Mapping.upstream(mapping, context.axes, next, axes).missingCount === 0) continue
          if (next.size === 1) found.push(next)
          else open.push(...Subset.chunk(next, Math.ceil(next.size / 2)))
        }
      }
    }
    return Subset.unionAll(candidates.depth, found)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // telling
  // -------------------------------------------------------------------------------------------------------------------

  private explained(node: Node, context: Context): ExplanationNode {
    const root: Array<ExplanationNode> = []
    this.children = root
    this.insideDownstream = false
    this.eval(node, context, context.all)
    this.children = undefined
    return root[0]!
  }

  private told(
    of: Node,
    context: Context,
    subset: Subset.Subset,
    candidates: Subset.Subset,
    children: ReadonlyArray<ExplanationNode>
  ): ExplanationNode {
    const { axes } = context
    const { condition } = of
    const memo = condition._tag === "Since" ? this.root.memo.get(this.memoName(of, context))?.state : undefined
    const node: Mutable<ExplanationNode> = {
      words: wordsOf(condition),
      tag: condition._tag,
      count: subset.size,
      whole: subset.size > 0 && subset.size === context.all.size,
      candidates: candidates.size,
      children: children.length > maxChildren ? children.slice(0, maxChildren) : children
    }
    if (context !== this.root.context) node.about = context.name
    if (axes !== undefined && subset.size > 0) {
      const { partitions, serialized } = this.inWords(axes, subset)
      node.partitions = partitions
      node.subset = serialized
    }
    if (memo?.trigger !== undefined) node.trigger = memo.trigger
    if (memo?.reset !== undefined) node.reset = memo.reset
    if (children.length > maxChildren) node.omitted = children.length - maxChildren
    return node
  }

  /** Many parts of a condition, and many conditions, hold for the same partitions. */
  private inWords(
    axes: Subset.Axes,
    subset: Subset.Subset
  ): { readonly partitions: string; readonly serialized: Serialized } {
    const make = () => ({ partitions: Subset.describe(axes, subset), serialized: Subset.serialize(axes, subset) })
    if (subset.depth !== 1 || subset.bounds.length > maxBounds) return make()
    let known = this.worded.get(axes)
    if (known === undefined) this.worded.set(axes, known = new Map())
    const name = subset.bounds.join()
    let found = known.get(name)
    if (found === undefined) known.set(name, found = make())
    return found
  }
}

const maxBounds = 20

const maxKeys = 5

const words = new WeakMap<Condition, string>()

const wordsOf = (condition: Condition): string => {
  if (condition.label !== undefined) return condition.label
  let found = words.get(condition)
  if (found === undefined) words.set(condition, found = explain(condition))
  return found
}

/** What is remembered of something, without what it is. */
const memoryOf = ({ condition: _, id: __, ...memory }: EntityState) => memory

const overlaps = (a: Subset.Subset, b: Subset.Subset): boolean => Subset.intersection(a, b).size > 0

const unmapped = (id: number): Dep => ({ id, mappings: [undefined], isOptional: false })

/** The partitions of another asset that some partitions have to do with. */
const up = (context: Context, candidates: Subset.Subset, of: Context, { mappings }: Dep): Subset.Subset => {
  if (of.axes === undefined) return candidates.size > 0 ? of.all : of.none
  if (candidates.size === 0) return of.none
  const { axes } = of
  if (mappings.length === 1) return Mapping.upstream(mappings[0], context.axes, candidates, axes).existing
  return Subset.unionAll(
    axes.dimensions.length,
    mappings.map((mapping) => Mapping.upstream(mapping, context.axes, candidates, axes).existing)
  )
}

/** The partitions, of some, that have to do with partitions of another asset. */
const down = (
  context: Context,
  candidates: Subset.Subset,
  of: Context,
  { mappings }: Dep,
  subset: Subset.Subset
): Subset.Subset => {
  if (subset.size === 0) return context.none
  if (of.axes === undefined || context.axes === undefined) return candidates
  const { axes } = of
  return Subset.intersection(
    candidates,
    Subset.unionAll(
      context.all.depth,
      mappings.map((mapping) => Mapping.downstream(mapping, axes, subset, context.axes))
    )
  )
}

/** The kind of a partition set: what is kept of one means nothing to another. */
const shapeOf = (axes: Subset.Axes): string => {
  // the axes of a graph's sets are those sets at a moment
  const { set } = axes as Partitions.Resolved
  let shape = shapes.get(set)
  if (shape === undefined) {
    shape = axes.dimensions.map(({ name }) => `${name ?? ""}=${lineOf(name === undefined ? set : partOf(set, name))}`)
      .join()
    shapes.set(set, shape)
  }
  return shape
}

const shapes = new WeakMap<Partitions.Any, string>()

// a set of several dimensions is a product
const partOf = (set: Partitions.Any, name: string): Partitions.Any =>
  (set as Partitions.Product<{ readonly [name: string]: Partitions.Single }>).dimensions[name]!

const isTimeWindows = (set: Partitions.Any): set is Partitions.TimeWindows => set.kind === "TimeWindow"

const lineOf = (set: Partitions.Any): string =>
  isTimeWindows(set) ? JSON.stringify([set.cron, DateTime.zoneToString(set.timeZone), set.format]) : "keys"

const setValue = (
  next: Mutable<NodeState>,
  context: Context,
  now: Subset.Subset,
  then: Subset.Subset,
  before: NodeState | undefined
): void => {
  if (now.size === 0) return
  const value: Value | undefined =
    before?.value !== undefined && Subset.equals(now, then) && isKnown(context, before.value)
      ? before.value
      : valueOut(context, now)
  if (value !== undefined) next.value = value
}

/** The state as it was, where nothing has changed: then nothing has to be written. */
const kept = (next: NodeState, before: NodeState | undefined): NodeState =>
  before !== undefined && before.value === next.value && before.trigger === next.trigger &&
    before.reset === next.reset && before.version === next.version && before.versions === next.versions
    ? before
    : next

const sameVersions = (now: Versions, then: Versions): boolean =>
  now.size === then.size && Array.from(now).every(([version, subset]) => {
    const other = then.get(version)
    return other !== undefined && Subset.equals(subset, other)
  })

/**
 * Evaluates the conditions of a graph, and of jobs.
 *
 * @internal
 */
export const evaluate = (input: Input): Evaluated => new Evaluator(input).run()
