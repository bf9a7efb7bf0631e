/**
 * What a run works on: nodes with integer ids, and edges in flat arrays. Without partitions and checks that is the planned
 * graph as it is; otherwise there is a node for each partition of each asset, and one for each evaluation of a check.
 */
import type * as Asset from "../Asset.ts"
import type * as Check from "../Check.ts"
import type { Data } from "../PartitionMapping.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import type { Compiled, Edges, Read } from "./compile.ts"
import { isSingle, upstream } from "./mapping.ts"
import * as Subset from "./subset.ts"

/** The partition of a node. */
export interface PartitionRef {
  readonly key: string
  /** What programs are told of it. */
  readonly value: unknown
  /** The set it belongs to, as it was when the run began. */
  readonly set: Partitions.Resolved
}

/** What a node reads: under which name, how a missing value is met, and the nodes that have it. */
export interface NodeRead extends Read {
  /** The nodes of several partitions: the value is a map of those that have one. `id` is -1 then. */
  readonly many?: ReadonlyArray<number> | undefined
  /** The asset that is read. */
  readonly key?: string | undefined
}

/** The upstream nodes of one upstream asset. */
export interface Link {
  readonly key: string
  readonly nodes: ReadonlyArray<number>
  /** Whether versions are recorded by partition. */
  readonly many: boolean
  /** Whether it has to be recorded which partition it was: another time it may be another one. */
  readonly named: boolean
}

/** Partitions that cannot be computed, since they read themselves or each other. */
export interface Circular {
  readonly key: string
  readonly partitions: ReadonlyArray<string>
}

/** What a run works on. */
export interface Work {
  /** The asset of each node: for a check, and for a gate, the one it stands behind. */
  readonly assets: ReadonlyArray<Asset.Any>
  readonly reads: ReadonlyArray<ReadonlyArray<NodeRead>>
  readonly parents: Edges
  readonly children: Edges
  /** For each edge of `children`: 1 if the downstream node runs although this node was skipped. */
  readonly tolerant: Uint8Array
  readonly siblings: ReadonlyArray<ReadonlyArray<number> | undefined>
  /** 1 for each node that is worked on; the others are only read. */
  readonly planned: Uint8Array
  /** The planned nodes of one step: itself alone for a node without siblings. */
  readonly outputsOf: (id: number) => ReadonlyArray<number>
  /** Whether nodes are the assets of the graph. */
  readonly isPlain: boolean
  /** Left out where nothing has partitions. */
  readonly partitions?: ReadonlyArray<PartitionRef | undefined> | undefined
  /** The check that a node evaluates. Left out where there are none. */
  readonly checks?: ReadonlyArray<Check.Any | undefined> | undefined
  /** The node that a check judges. */
  readonly judged?: ReadonlyMap<number, number> | undefined
  /** 1 for a node that does nothing: it stands for many upstream nodes, so that edges are not as many as their product. */
  readonly gates?: Uint8Array | undefined
  /** The upstream nodes of each node by asset. Left out where each parent is an asset of its own. */
  readonly links?: ReadonlyArray<ReadonlyArray<Link>> | undefined
  /** The planned nodes of an asset. */
  readonly nodesOf: (asset: number) => ReadonlyArray<number>
  /** The partitions that are worked on, by the key of their asset. */
  readonly targets: ReadonlyMap<string, Target>
}

/** The partitions of one asset that a run computes. */
export interface Target {
  readonly resolved: Partitions.Resolved
  readonly subset: Subset.Subset
}

const noTargets: ReadonlyMap<string, Target> = new Map()

/** The planned graph as it is: nodes are assets. */
export const whole = (inside: Plan.Inside): Work => {
  const { graph, planned } = inside
  return {
    assets: graph.assets,
    reads: graph.reads,
    parents: graph.parents,
    children: graph.children,
    tolerant: graph.tolerant,
    siblings: graph.siblings,
    planned,
    outputsOf: (id) => Plan.outputsOf(inside, id),
    isPlain: true,
    nodesOf: (id) => planned[id] === 1 ? [id] : none,
    targets: noTargets
  }
}

const none: ReadonlyArray<never> = []

/** A planned partition that needs partitions that are not there. */
export interface Unmet {
  readonly key: string
  readonly partition: string | undefined
  readonly upstream: string
  readonly missing: ReadonlyArray<string>
}

/** So many upstream nodes are edges of their own; more of them stand behind a gate. */
const maxEdges = 8

/**
 * A node for each partition and each check.
 *
 * `exists` tells which partitions of an asset that is not planned may have something stored; `undefined` if nobody knows.
 *
 * @internal
 */
export const expand = (
  inside: Plan.Inside,
  checks: ReadonlyArray<Check.Any>,
  targets: ReadonlyMap<string, Target>,
  resolve: (set: Partitions.Any) => Partitions.Resolved,
  exists: (asset: Asset.Any, resolved: Partitions.Resolved, subset: Subset.Subset) => Subset.Subset
): {
  readonly work: Work
  readonly unmet: ReadonlyArray<Unmet>
  readonly circular: ReadonlyArray<Circular>
  /** The blocking checks that hold back what they read. */
  readonly entangled: ReadonlyArray<Check.Any>
} => {
  const { graph, planned } = inside
  const builder = new Builder(
    graph,
    new Set(checks.flatMap(({ asset, blocking }) => blocking ? [graph.ids.get(asset.key)!] : []))
  )
  const unmet: Array<Unmet> = []
  const circular: Array<Circular> = []

  // nodes that are worked on
  const nodes: Array<ReadonlyArray<number>> = []
  for (let asset = 0; asset < planned.length; asset++) {
    if (planned[asset] === 0) {
      nodes.push(none)
      continue
    }
    const { key } = graph.assets[asset]!
    const target = targets.get(key)
    nodes.push(
      target === undefined
        ? [builder.node(asset, undefined, 1)]
        : Array.from(
          Subset.keysOf(target.resolved, target.subset),
          (partition) => builder.node(asset, refOf(target.resolved, partition), 1)
        )
    )
  }

  /** The nodes that an input leads to from a partition. */
  const follow = (
    from: Asset.Any,
    input: Asset.AnyInput,
    to: number,
    partition: PartitionRef | undefined,
    mode: Asset.InputMode
  ): ReadonlyArray<number> => {
    const asset = graph.assets[to]!
    if (asset.partitions === undefined) return [builder.node(to, undefined, 0)]
    const resolved = targets.get(asset.key)?.resolved ?? resolve(asset.partitions)
    const here = partition?.set
    const subset = here === undefined ? Subset.unit : Subset.fromKeys(here, [partition!.key]).subset
    const { existing, missing } = upstream(input.mapping, here, subset, resolved)
    // of several partitions, those that do not exist are left out
    if (missing.length > 0 && !input.many && (mode === "value" || mode === "lastValue")) {
      unmet.push({ key: from.key, partition: partition?.key, upstream: asset.key, missing })
    }
    if (!input.many) return builder.nodesOf(to, resolved, existing)
    const target = targets.get(asset.key)
    const stored = exists(asset, resolved, existing)
    return builder.nodesOf(
      to,
      resolved,
      target === undefined ? stored : Subset.union(stored, Subset.intersection(existing, target.subset))
    )
  }

  // what they read
  const links: Array<ReadonlyArray<Link>> = []
  const reads: Array<ReadonlyArray<NodeRead>> = []
  const count = builder.count
  for (let id = 0; id < count; id++) {
    const asset = builder.assets[id]!
    const partition = builder.partitions[id]
    const own: Array<NodeRead> = []
    const found = new Map<string, Omit<Link, "key">>()
    const link = (key: string, { many, named, nodes }: Omit<Link, "key">, isPartitioned: boolean): void => {
      const known = found.get(key)
      found.set(
        key,
        known === undefined
          ? { nodes, many, named }
          // two inputs may lead to two partitions
          : { nodes: Array.from(new Set([...known.nodes, ...nodes])), many: known.many || many || isPartitioned, named }
      )
    }
    const read = (name: string | undefined, input: Asset.AnyInput, to: number): void => {
      const nodes = follow(asset, input, to, partition, input.mode)
      const { key } = graph.assets[to]!
      const isPartitioned = graph.assets[to]!.partitions !== undefined
      const many = input.many ||
        (name === undefined && isPartitioned &&
          !isSingle(input.mapping, asset.partitions, graph.assets[to]!.partitions!))
      if (name !== undefined) own.push(nodeRead(name, input, nodes, key))
      link(key, { nodes, many, named: isPartitioned && isMovable(input.mapping, partition) }, isPartitioned)
      builder.edges(nodes, id, many || input.mode !== "value")
    }
    for (const name in asset.inputs) {
      const to = graph.ids.get(asset.inputs[name]!.asset.key)
      if (to !== undefined) read(name, asset.inputs[name]!, to)
    }
    for (const dep of asset.deps) {
      const to = graph.ids.get(dep.asset.key)
      if (to !== undefined) read(undefined, dep, to)
    }
    for (const name in asset.previous) {
      read(name, asset.previous[name]!, graph.ids.get(asset.key)!)
      if (own.at(-1)!.id === id) circular.push({ key: asset.key, partitions: [partition!.key] })
    }
    reads.push(own)
    links.push(Array.from(found, ([key, link]) => ({ key, ...link })))
  }

  // checks come after what they judge, and before what must not see bad data
  const known = builder.count
  for (const check of checks) {
    const to = graph.ids.get(check.asset.key)!
    const target = targets.get(check.asset.key)
    const judged = planned[to] === 1
      ? nodes[to]!
      : target !== undefined
      ? builder.nodesOf(to, target.resolved, target.subset)
      : graph.assets[to]!.partitions !== undefined
      ? builder.partitionsOf(to, known)
      : [builder.node(to, undefined, 0)]
    for (const node of judged) {
      const partition = builder.partitions[node]
      const own: Array<NodeRead> = check.loads
        ? [{ name: checkedValue, mode: "value", id: node, key: check.asset.key }]
        : []
      const downstream = builder.downstreamOf(node)
      const id = builder.check(check, node)
      for (const name in check.inputs) {
        const input = check.inputs[name]!
        const at = graph.ids.get(input.asset.key)!
        const nodes = follow(check.asset, input, at, partition, input.mode)
        own.push(nodeRead(name, input, nodes, graph.assets[at]!.key))
        builder.edges(nodes, id, input.many || input.mode !== "value")
      }
      while (reads.length < id) reads.push([])
      reads[id] = own
      // what it comes to decides how severe it is; a check that cannot be evaluated, since there is nothing to judge it
      // by, lets pass
      if (check.blocking) { for (const child of downstream) builder.edge(id, child, true) }
    }
  }
  const work = builder.build(reads, links, nodes, targets)
  if (circular.length === 0 && graph.assets.some(({ previous }) => Object.keys(previous).length > 0)) {
    circular.push(...builder.waitingForEachOther())
  }
  const entangled = checks.some(({ blocking, inputs }) => blocking && Object.keys(inputs).length > 0)
    ? builder.entangled()
    : none
  return { work, unmet, circular, entangled }
}

const nodeRead = (
  name: string,
  { many, mode }: Asset.AnyInput,
  nodes: ReadonlyArray<number>,
  key: string
): NodeRead => many ? { name, mode, id: -1, many: nodes, key } : { name, mode, id: nodes[0] ?? -1, key }

/**
 * Whether an input may lead to another partition another time, or from another definition. From a window to the one before
 * there is one way, and nothing to record.
 */
const isMovable = (mapping: Data | undefined, partition: PartitionRef | undefined): boolean =>
  partition === undefined || mapping?._tag === "Last" || mapping?._tag === "Specific" ||
  (mapping?._tag === "Dimension" && isMovable(mapping.mapping, partition)) ||
  (mapping?._tag === "Product" && Object.values(mapping.dimensions).some((of) => isMovable(of.mapping, partition)))

/** The name under which a check's program is given the value it judges: no input can have it. */
export const checkedValue = "\u0000value"

export const refOf = (set: Partitions.Resolved, key: string): PartitionRef => ({
  key,
  set,
  value: set.partitionOf(key)
})

class Builder {
  readonly assets: Array<Asset.Any> = []
  readonly partitions: Array<PartitionRef | undefined> = []
  private readonly checks: Array<Check.Any | undefined> = []
  private readonly planned: Array<number> = []
  private readonly gates: Array<number> = []
  private readonly assetIds: Array<number> = []
  private readonly byPartition = new Map<string, number>()
  private readonly lists = new Map<string, ReadonlyArray<number>>()
  private readonly gateOf = new Map<ReadonlyArray<number>, number>()
  /** For each node, its upstream nodes, and whether it does without. */
  private readonly upstreams: Array<Map<number, boolean>> = []
  private readonly downstreams: Array<Array<number>> = []
  /** What reads a node that is not worked on, but is judged by a blocking check. */
  private readonly readers = new Map<number, Array<number>>()
  private readonly judged = new Map<number, number>()
  private readonly graph: Compiled
  private readonly guarded: ReadonlySet<number>

  /** `guarded` are the assets that have blocking checks. */
  constructor(graph: Compiled, guarded: ReadonlySet<number>) {
    this.graph = graph
    this.guarded = guarded
  }

  get count(): number {
    return this.assets.length
  }

  add(asset: number, partition: PartitionRef | undefined, planned: 0 | 1, check?: Check.Any): number {
    this.assets.push(this.graph.assets[asset]!)
    this.assetIds.push(asset)
    this.partitions.push(partition)
    this.checks.push(check)
    this.planned.push(planned)
    this.gates.push(0)
    this.upstreams.push(new Map())
    this.downstreams.push([])
    return this.assets.length - 1
  }

  /** The node of a check of another node. */
  check(check: Check.Any, node: number): number {
    const id = this.add(this.assetIds[node]!, this.partitions[node], 1, check)
    this.judged.set(id, node)
    this.edges([node], id, false)
    return id
  }

  /** The node of an asset, or of a partition of it: a new one unless there is one. */
  node(asset: number, partition: PartitionRef | undefined, planned: 0 | 1): number {
    const name = partition === undefined ? String(asset) : `${asset}:${partition.key}`
    let id = this.byPartition.get(name)
    if (id === undefined) {
      id = this.add(asset, partition, planned)
      this.byPartition.set(name, id)
    }
    return id
  }

  /** The nodes of partitions. The same list for the same partitions. */
  nodesOf(asset: number, resolved: Partitions.Resolved, subset: Subset.Subset): ReadonlyArray<number> {
    if (subset.size === 1) {
      const [key] = Subset.keysOf(resolved, subset)
      return [this.partition(asset, resolved, key!)]
    }
    const name = `${asset}:${structureOf(subset)}`
    let list = this.lists.get(name)
    if (list === undefined) {
      list = Array.from(Subset.keysOf(resolved, subset), (key) => this.partition(asset, resolved, key))
      this.lists.set(name, list)
    }
    return list
  }

  private partition(asset: number, resolved: Partitions.Resolved, key: string): number {
    return this.byPartition.get(`${asset}:${key}`) ?? this.node(asset, refOf(resolved, key), 0)
  }

  /** Those of the first so many nodes that are partitions of an asset. */
  partitionsOf(asset: number, count: number): ReadonlyArray<number> {
    const found: Array<number> = []
    for (let id = 0; id < count; id++) {
      if (this.assetIds[id] === asset && this.partitions[id] !== undefined && this.checks[id] === undefined) {
        found.push(id)
      }
    }
    return found
  }

  /** Edges from upstream nodes; from many of them, one from a gate. */
  edges(from: ReadonlyArray<number>, to: number, tolerant: boolean): void {
    if (this.guarded.size > 0 && this.checks[to] === undefined) this.reads(from, to)
    if (from.length <= maxEdges || !tolerant) {
      for (const node of from) if (node !== to && this.planned[node] === 1) this.edge(node, to, tolerant)
      return
    }
    let gate = this.gateOf.get(from)
    if (gate === undefined) {
      const planned = from.filter((node) => this.planned[node] === 1)
      // an asset that waits for partitions of its own cannot wait for a gate that waits for itself
      if (planned.length === 0 || planned.includes(to)) {
        for (const node of planned) if (node !== to) this.edge(node, to, tolerant)
        return
      }
      gate = this.add(this.assetIds[planned[0]!]!, undefined, 1)
      this.gates[gate] = 1
      for (const node of planned) this.edge(node, gate, true)
      this.gateOf.set(from, gate)
    }
    this.edge(gate, to, tolerant)
  }

  private reads(from: ReadonlyArray<number>, to: number): void {
    for (const node of from) {
      if (this.planned[node] === 1 || !this.guarded.has(this.assetIds[node]!)) continue
      const readers = this.readers.get(node)
      if (readers === undefined) this.readers.set(node, [to])
      else readers.push(to)
    }
  }

  edge(from: number, to: number, tolerant: boolean): void {
    const known = this.upstreams[to]!.get(from)
    if (known === undefined) this.downstreams[from]!.push(to)
    // a node that requires its upstream node once requires it
    this.upstreams[to]!.set(from, tolerant && known !== false)
  }

  /** The partitions that wait for each other, and those that wait for them: in the order of edges they have no place. */
  waitingForEachOther(): ReadonlyArray<Circular> {
    const found = new Map<string, Array<string>>()
    for (const id of this.waiting()) {
      const partition = this.partitions[id]
      const { key, previous } = this.assets[id]!
      if (partition === undefined || Object.keys(previous).length === 0) continue
      const partitions = found.get(key)
      if (partitions === undefined) found.set(key, [partition.key])
      else partitions.push(partition.key)
    }
    return Array.from(found, ([key, partitions]) => ({ key, partitions }))
  }

  /** The blocking checks that wait for what waits for them. */
  entangled(): ReadonlyArray<Check.Any> {
    const found = new Set<Check.Any>()
    for (const id of this.waiting()) {
      const check = this.checks[id]
      if (check?.blocking === true && Object.keys(check.inputs).length > 0 && this.leadsTo(id, id)) found.add(check)
    }
    return Array.from(found)
  }

  private leadsTo(from: number, to: number): boolean {
    const seen = new Set<number>()
    const open = [from]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const next of this.downstreams[id]!) {
        if (next === to) return true
        if (seen.has(next)) continue
        seen.add(next)
        open.push(next)
      }
    }
    return false
  }

  /** The nodes that wait for each other, and those that wait for them. */
  private waiting(): ReadonlyArray<number> {
    const left = this.upstreams.map((of) => of.size)
    const free: Array<number> = []
    left.forEach((count, id) => {
      if (count === 0) free.push(id)
    })
    for (let id = free.pop(); id !== undefined; id = free.pop()) {
      for (const to of this.downstreams[id]!) if (--left[to]! === 0) free.push(to)
    }
    return left.flatMap((count, id) => count > 0 ? [id] : [])
  }

  /** What comes after a node, checks left out. */
  downstreamOf(node: number): ReadonlyArray<number> {
    return this.planned[node] === 1
      ? this.downstreams[node]!.filter((to) => this.checks[to] === undefined)
      : this.readers.get(node) ?? none
  }

  build(
    reads: ReadonlyArray<ReadonlyArray<NodeRead>>,
    links: ReadonlyArray<ReadonlyArray<Link>>,
    nodes: ReadonlyArray<ReadonlyArray<number>>,
    targets: ReadonlyMap<string, Target>
  ): Work {
    const { assets, checks, count, downstreams, gates, partitions, upstreams } = this
    const parents = flat(upstreams.map((of) => Array.from(of.keys())))
    const children = flat(downstreams)
    const tolerant = new Uint8Array(children.targets.length)
    for (let id = 0; id < count; id++) {
      for (let at = children.offsets[id]!; at < children.offsets[id + 1]!; at++) {
        tolerant[at] = upstreams[children.targets[at]!]!.get(id) === true ? 1 : 0
      }
    }
    // the outputs of a multi-asset belong together partition by partition
    const groups = new Map<string, Array<number>>()
    const multis = new Map<Asset.AnyMulti, number>()
    const siblings = assets.map(({ output }, id) => {
      if (output === undefined || checks[id] !== undefined || gates[id] === 1) return undefined
      if (!multis.has(output.multi)) multis.set(output.multi, multis.size)
      const name = `${multis.get(output.multi)!}:${partitions[id]?.key ?? ""}`
      const group = groups.get(name)
      if (group !== undefined) {
        group.push(id)
        return group
      }
      const fresh = [id]
      groups.set(name, fresh)
      return fresh
    })
    const planned = Uint8Array.from(this.planned)
    const outputs = new Map<ReadonlyArray<number>, ReadonlyArray<number>>()
    return {
      assets,
      reads: Array.from({ length: count }, (_, id) => reads[id] ?? noReads),
      parents,
      children,
      tolerant,
      siblings,
      planned,
      outputsOf: (id) => {
        const group = siblings[id]
        if (group === undefined) return [id]
        let own = outputs.get(group)
        if (own === undefined) {
          own = group.filter((other) => planned[other] === 1)
          outputs.set(group, own)
        }
        return own
      },
      isPlain: false,
      partitions,
      checks,
      judged: this.judged,
      gates: Uint8Array.from(gates),
      links: Array.from({ length: count }, (_, id) => links[id] ?? noLinks),
      nodesOf: (asset) => nodes[asset]!,
      targets
    }
  }
}

const noReads: ReadonlyArray<NodeRead> = []
const noLinks: ReadonlyArray<Link> = []

/** Equal subsets have equal structure. */
const structureOf = (subset: Subset.Subset): string =>
  subset.depth <= 1 ? subset.bounds.join() : `${subset.bounds.join()}[${subset.rests.map(structureOf).join("|")}]`

const flat = (lists: ReadonlyArray<ReadonlyArray<number>>): Edges => {
  const offsets = new Int32Array(lists.length + 1)
  lists.forEach((list, at) => {
    offsets[at + 1] = offsets[at]! + list.length
  })
  const targets = new Int32Array(offsets[lists.length]!)
  lists.forEach((list, at) => targets.set(list, offsets[at]))
  return { offsets, targets }
}
