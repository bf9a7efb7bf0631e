/**
 * A graph as text, from what the API tells of it: all of it, the assets of a selection, or its groups.
 */
import type { Drawing } from "../internal/drawing.ts"
import type * as Model from "./Model.ts"

export { toDot, toMermaid } from "../internal/drawing.ts"

/** The assets with these keys, of all if none are given, and the edges between them. */
export const ofAssets = (graph: Model.GraphModel, keys?: ReadonlyArray<string>): Drawing => {
  const chosen = new Set(keys ?? graph.assets.map(({ key }) => key))
  const places = new Map<number, number>()
  const nodes = graph.assets.flatMap(({ external, group, key }, at) => {
    if (!chosen.has(key)) return []
    places.set(at, places.size)
    return [{ label: key, dashed: external, group }]
  })
  return { nodes, edges: between(graph, places) }
}

/** The groups, and the assets that have none, with one edge for all that go from one to the other. */
export const ofGroups = (graph: Model.GraphModel, keys?: ReadonlyArray<string>): Drawing => {
  const chosen = new Set(keys ?? graph.assets.map(({ key }) => key))
  const places = new Map<number, number>()
  const groups = new Map<string, number>()
  const nodes: Array<{ label: string; dashed: boolean; group: undefined; size: number }> = []
  graph.assets.forEach(({ external, group, key }, at) => {
    if (!chosen.has(key)) return
    const place = group === undefined ? undefined : groups.get(group)
    if (place !== undefined) nodes[place]!.size++
    else {
      if (group !== undefined) groups.set(group, nodes.length)
      nodes.push({ label: group ?? key, dashed: group === undefined && external, group: undefined, size: 1 })
    }
    places.set(at, place ?? nodes.length - 1)
  })
  const named = new Set(groups.values())
  return {
    nodes: nodes.map(({ size, ...node }, at) =>
      named.has(at) ? { ...node, label: `${node.label} (${size} asset${size === 1 ? "" : "s"})` } : node
    ),
    edges: between(graph, places)
  }
}

const between = (graph: Model.GraphModel, places: ReadonlyMap<number, number>): Drawing["edges"] => {
  const edges = new Map<string, { from: number; to: number; loads: boolean }>()
  for (const [a, b, kind] of graph.edges) {
    const [from, to] = [places.get(a), places.get(b)]
    if (from === undefined || to === undefined || from === to) continue
    const known = edges.get(`${from} ${to}`)
    if (known === undefined) edges.set(`${from} ${to}`, { from, to, loads: kind === "input" })
    else known.loads ||= kind === "input"
  }
  return Array.from(edges.values())
}
