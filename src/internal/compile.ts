/**
 * From a collection of assets to the structure that planning and running need: integer ids in topological order, and
 * edges in flat arrays. All of it in O(nodes + edges).
 */
import { computeOf } from "../Asset.ts"
import type * as Asset from "../Asset.ts"
import * as AssetKey from "../AssetKey.ts"
import type * as Check from "../Check.ts"
import type { Condition } from "../Condition.ts"
import type { Problem } from "../Graph.ts"
import * as ConditionTree from "./conditionTree.ts"
import { isSingle, problem as mappingProblem } from "./mapping.ts"
import { didYouMean, suggest } from "./suggest.ts"

/** Edges of all nodes in one array: those of node `i` are `targets[offsets[i]]` to `targets[offsets[i + 1] - 1]`. */
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
  /** The checks of assets of the graph. */
  readonly checks: ReadonlyArray<Check.Any>
  /** Whether an asset has partitions: a run of it is a matter of its partitions then. */
  readonly isPartitioned: boolean
}

const noReads: ReadonlyArray<Read> = []
const maxSuggestions = 20

/** Whether two assets with one key are two definitions: copies that are described otherwise have the same program. */
const isAnother = (known: Asset.Any, read: Asset.Any): boolean =>
  known !== read && !known.external && !read.external && computeOf(known) !== computeOf(read)

export const compile = (
  record: { readonly [name: string]: Asset.Any },
  checks: ReadonlyArray<Check.Any>
): { readonly problems: ReadonlyArray<Problem>; readonly compiled: Compiled } => {
  const problems: Array<Problem> = []
  const { assets, places } = collect(record, checks, problems)
  for (const asset of assets) validate(asset, problems)
  validateMultis(assets, places, problems)
  validateChecks(checks, assets, places, problems)
  validateConditions(checks, assets, places, problems)

  // edges by place of insertion: the upstream places of each asset, each place once
  const count = assets.length
  const upstreams: Array<number> = []
  const strict: Array<boolean> = []
  const starts = new Int32Array(count + 1)
  const outdegree = new Int32Array(count)
  /** Where in `upstreams` a place stands for the asset at hand; what is before `starts[i]` is of other assets. */
  const found = new Int32Array(count).fill(-1)
  for (let i = 0; i < count; i++) {
    const asset = assets[i]!
    const start = upstreams.length
    starts[i] = start
    const read = (input: Asset.AnyInput): void => {
      const { key } = input.asset
      const place = places.get(key)
      if (place !== undefined && isAnother(assets[place]!, input.asset)) {
        problems.push({
          _tag: "InvalidDefinition",
          key: asset.key,
          problem:
            `it was defined with another asset "${key}" than the one in the graph. Define it once, or name it with ` +
            `Asset.external("${key}")`
        })
      }
      if (place === undefined) {
        problems.push({
          _tag: "MissingUpstream",
          key: asset.key,
          upstream: key,
          // looking through all keys for each of many would take long, and nobody reads so many
          suggestions: problems.length < maxSuggestions ? suggest(key, places.keys()) : []
        })
      } else if (found[place]! < start) {
        found[place] = upstreams.length
        upstreams.push(place)
        strict.push(input.mode === "value")
        outdegree[place]!++
      } else if (input.mode === "value") strict[found[place]!] = true
    }
    for (const name in asset.inputs) read(asset.inputs[name]!)
    for (const dep of asset.deps) read(dep)
  }
  starts[count] = upstreams.length

  // Kahn's algorithm: first come, first served, so the order does not depend on anything but the definitions
  const downstreams = reversed(count, outdegree, starts, upstreams)
  const order: Array<number> = []
  const waiting = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    waiting[i] = starts[i + 1]! - starts[i]!
    if (waiting[i] === 0) order.push(i)
  }
  for (let next = 0; next < order.length; next++) {
    const place = order[next]!
    for (let at = downstreams.offsets[place]!; at < downstreams.offsets[place + 1]!; at++) {
      const child = downstreams.targets[at]!
      if (--waiting[child]! === 0) order.push(child)
    }
  }
  if (order.length < count) {
    for (const path of cycles(count, starts, upstreams, downstreams, waiting)) {
      problems.push({ _tag: "Cycle", path: path.map((place) => assets[place]!.key) })
    }
    for (let i = 0; i < count; i++) if (waiting[i]! > 0) order.push(i)
  }

  // the same by id
  const idOf = new Int32Array(count)
  for (let id = 0; id < count; id++) idOf[order[id]!] = id
  const sorted = order.map((place) => assets[place]!)
  const ids = new Map<string, number>()
  const childCount = new Int32Array(count)
  const offsets = new Int32Array(count + 1)
  const targets = new Int32Array(upstreams.length)
  const tolerates = new Uint8Array(upstreams.length)
  for (let id = 0; id < count; id++) {
    const place = order[id]!
    ids.set(sorted[id]!.key, id)
    childCount[id] = outdegree[place]!
    let to = offsets[id]!
    for (let at = starts[place]!; at < starts[place + 1]!; at++) {
      targets[to] = idOf[upstreams[at]!]!
      tolerates[to++] = strict[at] === true ? 0 : 1
    }
    offsets[id + 1] = to
  }
  const children = reversed(count, childCount, offsets, targets)
  const tolerant = new Uint8Array(targets.length)
  const next = children.offsets.slice()
  for (let id = 0; id < count; id++) {
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) tolerant[next[targets[at]!]!++] = tolerates[at]!
  }
  return {
    problems,
    compiled: {
      assets: sorted,
      ids,
      reads: sorted.map((asset) => readsOf(asset, ids)),
      parents: { offsets, targets },
      children,
      tolerant,
      siblings: siblingsOf(sorted),
      checks,
      isPartitioned: sorted.some((asset) => asset.partitions !== undefined)
    }
  }
}

/** The assets of a graph in order of insertion: those of the record, then the external ones that they name. */
const collect = (
  record: { readonly [name: string]: Asset.Any },
  checks: ReadonlyArray<Check.Any>,
  problems: Array<Problem>
): {
  readonly assets: ReadonlyArray<Asset.Any>
  readonly places: ReadonlyMap<string, number>
} => {
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
  for (const name in record) add(name, record[name]!)
  const named = assets.length
  for (let i = 0; i < named; i++) {
    const { deps, inputs } = assets[i]!
    for (const name in inputs) if (inputs[name]!.asset.external) add(inputs[name]!.asset.key, inputs[name]!.asset)
    for (const dep of deps) if (dep.asset.external) add(dep.asset.key, dep.asset)
  }
  for (const { asset, inputs } of checks) {
    if (asset.external) add(asset.key, asset)
    for (const name in inputs) if (inputs[name]!.asset.external) add(inputs[name]!.asset.key, inputs[name]!.asset)
  }
  return { assets, places }
}

const readsOf = (asset: Asset.Any, ids: ReadonlyMap<string, number>): ReadonlyArray<Read> => {
  let reads: Array<Read> | undefined
  for (const name in asset.inputs) {
    const { asset: upstream, mode } = asset.inputs[name]!
    const id = ids.get(upstream.key)
    if (id !== undefined) (reads ??= []).push({ name, mode, id })
  }
  return reads ?? noReads
}

const siblingsOf = (assets: ReadonlyArray<Asset.Any>): ReadonlyArray<ReadonlyArray<number> | undefined> => {
  const groups = new Map<Asset.AnyMulti, Array<number>>()
  return assets.map(({ output }, id) => {
    if (output === undefined) return undefined
    const group = groups.get(output.multi)
    if (group !== undefined) {
      group.push(id)
      return group
    }
    const fresh = [id]
    groups.set(output.multi, fresh)
    return fresh
  })
}

/** The edges from upstream to downstream, given those from downstream to upstream. */
const reversed = (
  count: number,
  outdegree: Int32Array,
  starts: Int32Array,
  upstreams: ArrayLike<number>
): Edges => {
  const offsets = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + outdegree[i]!
  const targets = new Int32Array(offsets[count]!)
  const next = offsets.slice()
  for (let i = 0; i < count; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) targets[next[upstreams[at]!]!++] = i
  }
  return { offsets, targets }
}

/** One cycle for each knot of nodes that are upstream of each other: its strongly connected components. */
const cycles = (
  count: number,
  starts: Int32Array,
  upstreams: ReadonlyArray<number>,
  downstreams: Edges,
  waiting: Int32Array
): ReadonlyArray<ReadonlyArray<number>> => {
  // Kosaraju: first the order in which a walk upstream leaves the nodes, ...
  const seen = new Uint8Array(count)
  const left: Array<number> = []
  for (let start = 0; start < count; start++) {
    if (waiting[start] === 0 || seen[start] === 1) continue
    seen[start] = 1
    const path: Array<readonly [node: number, at: number]> = [[start, starts[start]!]]
    for (let top = path.pop(); top !== undefined; top = path.pop()) {
      const [node, at] = top
      if (at === starts[node + 1]!) {
        left.push(node)
        continue
      }
      path.push([node, at + 1])
      const upstream = upstreams[at]!
      if (waiting[upstream]! > 0 && seen[upstream] === 0) {
        seen[upstream] = 1
        path.push([upstream, starts[upstream]!])
      }
    }
  }
  // ... then, the last one first, what a walk downstream reaches is a component
  const component = new Int32Array(count).fill(-1)
  const found: Array<ReadonlyArray<number>> = []
  for (const root of left.reverse()) {
    if (component[root] !== -1) continue
    component[root] = root
    const open = [root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (let at = downstreams.offsets[node]!; at < downstreams.offsets[node + 1]!; at++) {
        const child = downstreams.targets[at]!
        if (waiting[child] === 0 || component[child] !== -1) continue
        component[child] = root
        open.push(child)
      }
    }
    // within a component there is always a way on upstream, so it comes back to where it was
    const places = new Map<number, number>()
    const path: Array<number> = []
    let node: number | undefined = root
    while (node !== undefined && !places.has(node)) {
      places.set(node, path.length)
      path.push(node)
      const inside: ReadonlyArray<number> = upstreams.slice(starts[node], starts[node + 1])
      node = inside.find((upstream) => waiting[upstream]! > 0 && component[upstream] === root)
    }
    if (node !== undefined) found.push([...path.slice(places.get(node)).reverse(), path.at(-1)!])
  }
  return found.sort((a, b) => a[0]! - b[0]!)
}

/** Configuration goes by the name of a multi-asset, so that name stands for one thing. */
const validateMultis = (
  assets: ReadonlyArray<Asset.Any>,
  places: ReadonlyMap<string, number>,
  problems: Array<Problem>
): void => {
  const names = new Map<string, Asset.AnyMulti>()
  for (const { config, key, output } of assets) {
    if (output === undefined) continue
    const { multi } = output
    const known = names.get(multi.name)
    if (known === multi) continue
    names.set(multi.name, multi)
    const problem = (what: string) =>
      problems.push({
        _tag: "InvalidDefinition",
        key,
        problem: `the name of its multi-asset, "${multi.name}", is also that of ${what}`
      })
    if (known !== undefined) problem("another multi-asset")
    const namesake = assets[places.get(multi.name) ?? -1]
    if (
      config !== undefined && namesake !== undefined && namesake.output === undefined && namesake.config !== undefined
    ) {
      problem("an asset with a configuration of its own")
    }
  }
}

/** `partitions` are those of what reads. */
const validateInput = (
  input: Asset.AnyInput,
  partitions: Asset.Any["partitions"],
  isLoaded: boolean,
  invalid: (problem: string) => void
): void => {
  const { key, partitions: upstream } = input.asset
  if (upstream === undefined && input.mapping === undefined && !input.many) return
  const problem = mappingProblem(input.mapping, partitions, upstream)
  if (problem !== undefined) invalid(`the partitions of ${JSON.stringify(key)} cannot be mapped: ${problem}`)
  else if (upstream === undefined) invalid(`${JSON.stringify(key)} has no partitions to choose from`)
  else if (isLoaded && !input.many && !isSingle(input.mapping, partitions, upstream)) {
    invalid(
      `it reads several partitions of ${JSON.stringify(key)}: wrap the input in Asset.partitions(…), or choose one ` +
        "with Asset.partition(…)"
    )
  }
}

/** What an asset reads of assets with partitions is one partition, or several of them by key. */
const validatePartitions = (asset: Asset.Any, invalid: (problem: string) => void): void => {
  const { partitions } = asset
  for (const name in asset.inputs) validateInput(asset.inputs[name]!, partitions, true, invalid)
  for (const dep of asset.deps) validateInput(dep, partitions, false, invalid)
  for (const name in asset.previous) {
    const { mapping } = asset.previous[name]!
    if (partitions === undefined) invalid(`the input "${name}" is an earlier partition of it, and it has no partitions`)
    else {
      const problem = mappingProblem(mapping, partitions, partitions)
      if (problem !== undefined) invalid(`the input "${name}" cannot be mapped: ${problem}`)
      else if (!isSingle(mapping, partitions, partitions)) {
        invalid(`the input "${name}" leads to several earlier partitions: Asset.previous is for one`)
      }
    }
    if (asset.output !== undefined) {
      invalid(`the input "${name}" is an earlier partition, and it is not said of which output of the multi-asset`)
    }
  }
}

/** A check belongs to an asset of the graph, under a name that no other check of it has. */
const validateChecks = (
  checks: ReadonlyArray<Check.Any>,
  assets: ReadonlyArray<Asset.Any>,
  places: ReadonlyMap<string, number>,
  problems: Array<Problem>
): void => {
  const names = new Set<string>()
  const add = (key: string, name: string): void => {
    const invalid = (problem: string) => problems.push({ _tag: "InvalidDefinition", key, problem })
    const full = `${key}:${name}`
    if (name.trim() === "" || /[:\p{Cc}]/u.test(name)) {
      invalid(`the name of its check, ${JSON.stringify(name)}, is empty or has a colon or a control character`)
    } else if (names.has(full)) invalid(`it has two checks with the name "${name}"`)
    names.add(full)
  }
  for (const asset of assets) for (const name in asset.checks) add(asset.key, name)
  for (const check of checks) {
    const { key } = check.asset
    add(key, check.name)
    for (const name in check.inputs) {
      validateInput(
        check.inputs[name]!,
        check.asset.partitions,
        true,
        (problem) => problems.push({ _tag: "InvalidDefinition", key: `${key}:${check.name}`, problem })
      )
    }
    for (const input of [check.asset, ...Object.values(check.inputs)]) {
      const place = places.get(input.asset.key)
      if (place === undefined) {
        problems.push({
          _tag: "MissingUpstream",
          key: `${key}:${check.name}`,
          upstream: input.asset.key,
          suggestions: suggest(input.asset.key, places.keys())
        })
      } else if (isAnother(assets[place]!, input.asset)) {
        problems.push({
          _tag: "InvalidDefinition",
          key: `${key}:${check.name}`,
          problem: `the check was defined with another asset "${input.asset.key}" than the one in the graph`
        })
      }
    }
  }
}

/** Conditions fit what they belong to, and the assets that they name are there. */
const validateConditions = (
  checks: ReadonlyArray<Check.Any>,
  assets: ReadonlyArray<Asset.Any>,
  places: ReadonlyMap<string, number>,
  problems: Array<Problem>
): void => {
  const add = (key: string, condition: Condition, kind: ConditionTree.Kind): void => {
    for (const problem of ConditionTree.problemsOf(condition, kind)) {
      problems.push({ _tag: "InvalidDefinition", key, problem })
    }
    for (const named of ConditionTree.keysIn(condition)) {
      if (places.has(named)) continue
      problems.push({
        _tag: "InvalidDefinition",
        key,
        problem: `its condition is about ${JSON.stringify(named)}, which is not in the graph.${
          didYouMean(problems.length < maxSuggestions ? suggest(named, places.keys()) : [])
        }`
      })
    }
  }
  for (const { automation, external, key, observe } of assets) {
    if (automation === undefined) continue
    if (external && observe === undefined) {
      problems.push({
        _tag: "InvalidDefinition",
        key,
        problem: "it has a condition, and it is an external asset that cannot be observed: give it observe"
      })
    }
    add(key, automation, "asset")
  }
  for (const { asset, automation, name } of checks) {
    if (automation !== undefined) add(`${asset.key}:${name}`, automation, "check")
  }
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
    invalid(
      `the group ${JSON.stringify(asset.group)} is not made of letters, digits, "_", "-", "." and "/" between levels`
    )
  }
  for (const name of asset.owners) {
    if (!owner.test(name)) invalid(`the owner ${JSON.stringify(name)} is neither an e-mail address nor "team:NAME"`)
  }
  if (Object.hasOwn(asset.inputs, "__proto__")) invalid(`the input name "__proto__" is reserved`)
  validatePartitions(asset, invalid)
  for (const kind of asset.kinds) if (kind.trim() === "") invalid("a kind is empty")
  for (const tag in asset.tags) if (tag.trim() === "") invalid("the name of a tag is empty")
  if (asset.deps.length > 0) {
    const loaded = new Set(Object.values(asset.inputs).map((input) => input.asset.key))
    for (const dep of asset.deps) {
      if (loaded.has(dep.asset.key)) {
        invalid(`${JSON.stringify(dep.asset.key)} stands in both inputs and deps: leave it out of deps`)
      }
      if (dep.mode === "lastValue" || dep.mode === "optionalLastValue") {
        invalid(
          `the dep ${
            JSON.stringify(dep.asset.key)
          } is not loaded, so it has no last value: use Asset.optional or the asset itself`
        )
      }
    }
  }
}
