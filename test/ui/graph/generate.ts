/** Graphs that look like those of assets, the same for a seed: for tests, and for the bench. */
import type { GraphData, GraphEdge, GraphNode } from "../../../ui/src/graph/model.ts"

/** Numbers from 0 up to 1, the same sequence for a seed (mulberry32). */
export const numbers = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export const id = (index: number): string => `asset_${index}`

const groupCount = (count: number): number => count <= 50 ? 4 : count <= 1000 ? 20 : 100

/** Collects edges, each once. */
const edgeSet = (random: () => number) => {
  const edges: Array<GraphEdge> = []
  const seen = new Set<number>()
  return {
    edges,
    add: (from: number, to: number): void => {
      const key = from * 1_000_003 + to
      if (from === to || seen.has(key)) return
      seen.add(key)
      edges.push({ from, to, kind: random() < 0.1 ? "dep" : "input" })
    }
  }
}

const pick = (random: () => number, list: ReadonlyArray<number>): number | undefined =>
  list[Math.floor(random() * list.length)]

/** One to three. */
const few = (random: () => number): number => 1 + (random() < 0.45 ? 1 : 0) + (random() < 0.15 ? 1 : 0)

/**
 * Groups in five tiers, as projects have them: sources, staging, core, marts, exports. Most edges stay in their group, the
 * others go a tier on.
 */
export const tiered = (count: number, seed = 11): GraphData => {
  const random = numbers(seed + count)
  const tiers = ["sources", "staging", "core", "marts", "exports"]
  const groups = Array.from({ length: Math.min(groupCount(count), Math.max(1, count)) }, (_, index) => {
    const tier = Math.floor((index * tiers.length) / groupCount(count))
    return { name: `${tiers[tier]!}/team_${index}`, tier, feeds: new Array<number>() }
  })
  for (const group of groups) {
    const before = groups.flatMap((other, index) => other.tier === group.tier - 1 ? [index] : [])
    for (let feed = few(random); feed > 0; feed--) {
      const other = pick(random, before)
      if (other !== undefined) group.feeds.push(other)
    }
  }
  const depths = 4
  const members = groups.map(() => Array.from({ length: depths }, () => new Array<number>()))
  const places = Array.from({ length: count }, (_, index) => {
    const group = Math.floor(random() ** 1.3 * groups.length)
    const depth = Math.floor(random() * depths)
    members[group]![depth]!.push(index)
    return { group, depth }
  })
  const { edges, add } = edgeSet(random)
  places.forEach(({ group, depth }, index) => {
    for (let input = few(random); input > 0; input--) {
      const from = depth > 0 && random() < 0.8
        ? pick(random, members[group]![depth - 1]!)
        : pick(random, members[pick(random, groups[group]!.feeds) ?? -1]?.[depths - 1] ?? [])
      if (from !== undefined) add(from, index)
    }
  })
  return { nodes: places.map(({ group }, index) => ({ id: id(index), group: groups[group]!.name })), edges }
}

/** Groups that have nothing to do with depth: edges between them go back and forth. */
export const tangled = (count: number, seed = 7): GraphData => {
  const random = numbers(seed + count)
  const layers = count <= 50 ? 6 : count <= 1000 ? 12 : 20
  const groups = groupCount(count)
  const inLayer = Array.from({ length: layers }, () => new Array<number>())
  const inGroup = Array.from({ length: groups * layers }, () => new Array<number>())
  const places = Array.from({ length: count }, (_, index) => {
    const group = Math.floor(random() * groups)
    const layer = Math.floor(random() ** 1.2 * layers)
    inLayer[layer]!.push(index)
    inGroup[group * layers + layer]!.push(index)
    return { group, layer }
  })
  const { edges, add } = edgeSet(random)
  places.forEach(({ group, layer }, index) => {
    if (layer === 0) return
    for (let input = few(random); input > 0; input--) {
      const at = layer - 1 - (random() < 0.15 ? Math.floor(random() * layer) : 0)
      const from = pick(random, (random() < 0.85 ? inGroup[group * layers + at] : inLayer[at]) ?? [])
      if (from !== undefined) add(from, index)
    }
  })
  return { nodes: places.map(({ group }, index) => ({ id: id(index), group: `group_${group}` })), edges }
}

/** A line of so many assets. */
export const line = (count: number): GraphData => ({
  nodes: Array.from({ length: count }, (_, index): GraphNode => ({ id: id(index), group: undefined })),
  edges: Array.from({ length: Math.max(0, count - 1) }, (_, from): GraphEdge => ({ from, to: from + 1, kind: "input" }))
})

/** The same graph with its nodes and edges in another order. */
export const shuffled = (data: GraphData, seed = 3): GraphData => {
  const random = numbers(seed)
  const shuffle = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => {
    const copy = [...list]
    for (let at = copy.length - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1))
      ;[copy[at], copy[other]] = [copy[other]!, copy[at]!]
    }
    return copy
  }
  const order = shuffle(data.nodes.map((_, index) => index))
  const moved = new Int32Array(order.length)
  order.forEach((from, to) => {
    moved[from] = to
  })
  return {
    nodes: order.map((index) => data.nodes[index]!),
    edges: shuffle(data.edges.map(({ from, to, kind }) => ({ from: moved[from]!, to: moved[to]!, kind })))
  }
}
