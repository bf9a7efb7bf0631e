/**
 * From a collection of assets to the structure that planning and running need: integer ids in topological order, and
 * edges in flat arrays. All of it in O(nodes + edges).
 *
 * @internal
 */
import * as Asset from "../Asset.ts"
import * as AssetKey from "../AssetKey.ts"
import type { Problem } from "../Graph.ts"
import { suggest } from "./suggest.ts"

/** Edges of all nodes in one array: those of node `i` are `targets[offsets[i]] .. targets[offsets[i + 1] - 1]`. */
export interface Edges {
  readonly offsets: Int32Array
  readonly targets: Int32Array
}

/** What a node reads: under which name, how a missing value is met, and the id of the upstream node. */
export interface Read {
  readonly name: string
  readonly mode: Asset.InputMode
  readonly id: number
}

/** A graph with integer ids. An id is a place in topological order: every edge goes from a lower to a higher one. */
export interface Compiled {
  readonly assets: ReadonlyArray<Asset.Any>
  readonly ids: ReadonlyMap<string, number>
  /** What each node loads. */
  readonly reads: ReadonlyArray<ReadonlyArray<Read>>
  /** Upstream nodes, loaded or only ordered before, each once. */
  readonly parents: Edges
  readonly children: Edges
  /** For each edge of `children`: 1 if the downstream node runs although this node was skipped. */
  readonly tolerant: Uint8Array
  /** The other outputs of a node's multi-asset, the node included; `undefined` for a node of its own. */
  readonly siblings: ReadonlyArray<ReadonlyArray<number> | undefined>
}

const noReads: ReadonlyArray<Read> = []

export const compile = (
  entries: Iterable<readonly [name: string, asset: Asset.Any]>
): { readonly problems: ReadonlyArray<Problem>; readonly compiled: Compiled } => {
  const problems: Array<Problem> = []
  const assets: Array<Asset.Any> = []
  const places = new Map<string, number>()
  const names: Array<string> = []

  const add = (name: string, asset: Asset.Any): void => {
    const place = places.get(asset.key)
    if (place === undefined) {
      places.set(asset.key, assets.length)
      assets.push(asset)
      names.push(name)
      return
    }
    const known = assets[place]!
    if (known === asset || asset.external) return
    // an external asset is a reference by key: the asset that computes it takes its place
    if (known.external) {
      assets[place] = asset
      names[place] = name
    } else problems.push({ _tag: "DuplicateKey", key: asset.key, names: [names[place]!, name] })
  }
  for (const [name, asset] of entries) add(name, asset)
  const named = assets.length
  for (let i = 0; i < named; i++) {
    for (const input of inputsOf(assets[i]!)) if (input.asset.external) add(input.asset.key, input.asset)
  }

  for (const asset of assets) validate(asset, problems)

  // edges by place of insertion
  const count = assets.length
  const indegree = new Int32Array(count)
  const outdegree = new Int32Array(count)
  const upstreams: Array<ReadonlyArray<number>> = []
  const tolerances: Array<ReadonlyArray<boolean>> = []
  for (let i = 0; i < count; i++) {
    const asset = assets[i]!
    const found = new Map<number, boolean>()
    for (const input of inputsOf(asset)) {
      const place = places.get(input.asset.key)
      if (place === undefined) {
        problems.push({
          _tag: "MissingUpstream",
          key: asset.key,
          upstream: input.asset.key,
          suggestions: suggest(input.asset.key, places.keys())
        })
      } else found.set(place, input.mode !== "value" && found.get(place) !== false)
    }
    upstreams.push([...found.keys()])
    tolerances.push([...found.values()])
    indegree[i] = found.size
    for (const place of found.keys()) outdegree[place]!++
  }
  const downstreams = edges(count, outdegree, upstreams)

  // Kahn's algorithm: first come, first served, so the order does not depend on anything but the definitions
  const order: Array<number> = []
  const waiting = indegree.slice()
  for (let i = 0; i < count; i++) if (waiting[i] === 0) order.push(i)
  for (let next = 0; next < order.length; next++) {
    const place = order[next]!
    for (let at = downstreams.offsets[place]!; at < downstreams.offsets[place + 1]!; at++) {
      const child = downstreams.targets[at]!
      if (--waiting[child]! === 0) order.push(child)
    }
  }
  if (order.length < count) {
    for (const path of cycles(count, upstreams, waiting)) {
      problems.push({ _tag: "Cycle", path: path.map((place) => assets[place]!.key) })
    }
    for (let i = 0; i < count; i++) if (waiting[i]! > 0) order.push(i)
  }

  // the same by id
  const idOf = new Int32Array(count)
  order.forEach((place, id) => {
    idOf[place] = id
  })
  const sorted = order.map((place) => assets[place]!)
  const ids = new Map<string, number>()
  for (let id = 0; id < count; id++) ids.set(sorted[id]!.key, id)
  const parentCount = new Int32Array(count)
  const childCount = new Int32Array(count)
  const parentLists = order.map((place, id) => {
    const list = upstreams[place]!.map((upstream) => idOf[upstream]!)
    parentCount[id] = list.length
    childCount[id] = outdegree[place]!
    return list
  })
  const children = edges(count, childCount, parentLists)
  const tolerant = new Uint8Array(children.targets.length)
  const next = children.offsets.slice()
  for (let id = 0; id < count; id++) {
    const tolerance = tolerances[order[id]!]!
    parentLists[id]!.forEach((parent, at) => {
      tolerant[next[parent]!++] = tolerance[at] === true ? 1 : 0
    })
  }
  const siblings: Array<ReadonlyArray<number> | undefined> = Array.from({ length: count })
  const groups = new Map<Asset.AnyMulti, Array<number>>()
  for (let id = 0; id < count; id++) {
    const output = sorted[id]!.output
    if (output === undefined) continue
    const group = groups.get(output.multi)
    if (group === undefined) {
      const fresh = [id]
      groups.set(output.multi, fresh)
      siblings[id] = fresh
    } else {
      group.push(id)
      siblings[id] = group
    }
  }
  return {
    problems,
    compiled: {
      assets: sorted,
      ids,
      reads: sorted.map((asset) => {
        const entries = Object.entries(asset.inputs)
        return entries.length === 0
          ? noReads
          : entries.flatMap(([name, input]) => {
            const id = ids.get(input.asset.key)
            return id === undefined ? noReads : [{ name, mode: input.mode, id }]
          })
      }),
      parents: listed(count, parentCount, parentLists),
      children,
      tolerant,
      siblings
    }
  }
}

const inputsOf = function*(asset: Asset.Any): Generator<Asset.AnyInput> {
  for (const name in asset.inputs) yield asset.inputs[name]!
  yield* asset.deps
}

const offsetsOf = (count: number, degrees: Int32Array): Int32Array => {
  const offsets = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + degrees[i]!
  return offsets
}

/** Lists of each node, flat. */
const listed = (count: number, degrees: Int32Array, lists: ReadonlyArray<ReadonlyArray<number>>): Edges => {
  const offsets = offsetsOf(count, degrees)
  const targets = new Int32Array(offsets[count]!)
  for (let i = 0; i < count; i++) targets.set(lists[i]!, offsets[i])
  return { offsets, targets }
}

/** The opposite direction of lists of upstream nodes, flat. */
const edges = (count: number, outdegree: Int32Array, upstreams: ReadonlyArray<ReadonlyArray<number>>): Edges => {
  const offsets = offsetsOf(count, outdegree)
  const targets = new Int32Array(offsets[count]!)
  const next = offsets.slice()
  for (let i = 0; i < count; i++) for (const upstream of upstreams[i]!) targets[next[upstream]!++] = i
  return { offsets, targets }
}

/** One cycle for each knot of nodes that could not be sorted. */
const cycles = (
  count: number,
  upstreams: ReadonlyArray<ReadonlyArray<number>>,
  waiting: Int32Array
): ReadonlyArray<ReadonlyArray<number>> => {
  const found: Array<ReadonlyArray<number>> = []
  const seen = new Uint8Array(count)
  for (let start = 0; start < count; start++) {
    if (waiting[start] === 0 || seen[start] === 1) continue
    // every unsorted node has an unsorted upstream, so walking up must come back to a node of the path, or to a knot
    // that is already told
    const path: Array<number> = []
    const at = new Map<number, number>()
    let node: number | undefined = start
    while (node !== undefined && seen[node] === 0) {
      seen[node] = 1
      at.set(node, path.length)
      path.push(node)
      node = upstreams[node]!.find((upstream) => waiting[upstream]! > 0)
    }
    const first = node === undefined ? undefined : at.get(node)
    if (first !== undefined) found.push([...path.slice(first).reverse(), path.at(-1)!])
  }
  return found
}

const groupName = /^[\w.-]+(?:\/[\w.-]+)*$/
const owner = /^(?:team:\S.*|[^\s@]+@[^\s@]+)$/

const validate = (asset: Asset.Any, problems: Array<Problem>): void => {
  const { key } = asset
  const malformed = AssetKey.validate(key)
  if (malformed !== undefined) problems.push({ _tag: "InvalidKey", key, problem: malformed })
  const invalid = (problem: string) => problems.push({ _tag: "InvalidDefinition", key, problem })
  for (const problem of asset.problems) invalid(problem)
  if (asset.group !== undefined && !groupName.test(asset.group)) {
    invalid(`the group ${JSON.stringify(asset.group)} is not made of letters, digits, "_", "-", "." and "/" between levels`)
  }
  for (const name of asset.owners) {
    if (!owner.test(name)) invalid(`the owner ${JSON.stringify(name)} is neither an e-mail address nor "team:NAME"`)
  }
  if (Object.hasOwn(asset.inputs, "__proto__")) invalid(`the input name "__proto__" is reserved`)
  for (const kind of asset.kinds) if (kind.trim() === "") invalid("a kind is empty")
  for (const tag in asset.tags) if (tag.trim() === "") invalid("the name of a tag is empty")
  if (asset.deps.length > 0) {
    const loaded = new Set(Object.values(asset.inputs).map((input) => input.asset.key))
    for (const dep of asset.deps) {
      if (loaded.has(dep.asset.key)) invalid(`${JSON.stringify(dep.asset.key)} stands in both inputs and deps: leave it out of deps`)
      if (dep.mode === "lastValue" || dep.mode === "optionalLastValue") {
        invalid(`the dep ${JSON.stringify(dep.asset.key)} is not loaded, so it has no last value: use Asset.optional or the asset itself`)
      }
    }
  }
}
