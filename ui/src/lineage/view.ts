/** What of the graph the lineage page shows. Plain data. */
import { inGroup } from "../api/groups.ts"
import type { AssetNode, Graph } from "../api/index.ts"
import { noGroup } from "../assets/catalog.ts"
import { type GraphData, neighbourhood, subgraph } from "../graph/model.ts"

/** Which part of the graph is wanted; all of it where nothing is given. */
export interface ViewOptions {
  /** Only these assets. */
  readonly keys?: ReadonlySet<string> | undefined
  /** The assets of a group, and what is next to them. */
  readonly group?: string | undefined
  /** With `hops`: what is so many steps from this asset. */
  readonly focus?: string | undefined
  readonly hops?: number | undefined
  readonly direction?: "up" | "down" | undefined
}

/** A part of the graph, and how it is laid out. */
export interface View {
  readonly data: GraphData
  /** Groups are boxes. */
  readonly folded: boolean
  /** Assets that are shown only as the neighbours of others. */
  readonly outside: ReadonlySet<string>
}

/** So many steps mean all there are. */
export const allHops = 100

/** Neighbourhoods up to this size have no boxes. */
const maxFlat = 300
/** So many neighbours of a group stand for themselves; more stand as their groups. */
const maxStubs = 40

const none: ReadonlySet<string> = new Set()
const whole = new WeakMap<object, GraphData>()

/** The graph of the API as the graph view takes it: the same object for the same graph. */
export const graphData = (graph: Pick<Graph, "assets" | "edges">): GraphData => {
  let data = whole.get(graph)
  if (data === undefined) {
    data = {
      nodes: graph.assets.map(({ group, key }) => ({ id: key, group })),
      edges: graph.edges.map(([from, to, kind]) => ({ from, to, kind }))
    }
    whole.set(graph, data)
  }
  return data
}

/** Whether an asset is in a group or below it, under the name that lists have for it. */
const isIn = (group: string | undefined, name: string): boolean => inGroup(group ?? noGroup, name)

const ofGroup = (data: GraphData, name: string): View => {
  const inside = data.nodes.map(({ group }) => isIn(group, name))
  const shown = [...inside]
  const edges = data.edges.filter(({ from, to }) => inside[from] === true || inside[to] === true)
  for (const { from, to } of edges) shown[from] = shown[to] = true
  const outside = new Set(data.nodes.flatMap(({ id }, at) => shown[at] === true && inside[at] !== true ? [id] : []))
  const nodes = outside.size > maxStubs
    ? data.nodes
    : data.nodes.map((node) => outside.has(node.id) ? { id: node.id, group: undefined } : node)
  return { data: subgraph({ nodes, edges }, (_, at) => shown[at] === true), folded: true, outside }
}

/** The part of a graph that is wanted. */
export const viewOf = (graph: Pick<Graph, "assets" | "edges">, options: ViewOptions): View => {
  const all = graphData(graph)
  const { direction, focus, group, hops, keys } = options
  if (focus !== undefined && hops !== undefined) {
    const steps = hops >= allHops ? Number.POSITIVE_INFINITY : hops
    const data = neighbourhood(all, new Set([focus]), {
      upstream: direction === "down" ? 0 : steps,
      downstream: direction === "up" ? 0 : steps
    })
    return { data, folded: data.nodes.length > maxFlat, outside: none }
  }
  const data = keys === undefined ? all : subgraph(all, ({ id }) => keys.has(id))
  return group === undefined ? { data, folded: true, outside: none } : ofGroup(data, group)
}

/** What is upstream, or downstream, of some assets within what is shown, without them. */
export const reachedFrom = (
  data: GraphData,
  keys: ReadonlySet<string>,
  direction: "up" | "down",
  steps: number = Number.POSITIVE_INFINITY
): ReadonlyArray<string> =>
  neighbourhood(data, keys, {
    upstream: direction === "up" ? steps : 0,
    downstream: direction === "down" ? steps : 0
  }).nodes.flatMap(({ id }) => keys.has(id) ? [] : [id])

/** The assets next to one, by key. */
export const neighboursOf = (
  graph: Pick<Graph, "assets" | "index" | "parents" | "children">,
  key: string,
  direction: "up" | "down"
): ReadonlyArray<string> => {
  const at = graph.index.get(key)
  const places = at === undefined ? [] : (direction === "up" ? graph.parents : graph.children)[at] ?? []
  return places.flatMap((place) => graph.assets[place]?.key ?? [])
}

/** What a view is called, in the title of the page. */
export const titleOf = (
  options: Omit<ViewOptions, "keys"> & { readonly select?: string | undefined }
): string => {
  const { direction, focus, group, hops, select } = options
  if (focus !== undefined && hops !== undefined) {
    const steps = hops >= allHops ? "all steps" : hops === 1 ? "1 step" : `${hops} steps`
    const way = direction === "up" ? " upstream" : direction === "down" ? " downstream" : ""
    return `Lineage of ${focus}, ${steps}${way}`
  }
  if (group !== undefined && select !== undefined) return `Lineage of ${select} in ${group}`
  if (group !== undefined) return `Lineage of ${group}`
  return select === undefined ? "Lineage" : `Lineage of ${select}`
}

/** A key in two parts: what is before its last segment, and that. */
export const nameParts = (key: string): readonly [prefix: string, name: string] => {
  const at = key.lastIndexOf("/", key.length - 2) + 1
  return [key.slice(0, at), key.slice(at)]
}

/** The nodes of a graph that are shown, by key. */
export const nodesByKey = (graph: Pick<Graph, "assets" | "index">) => (key: string): AssetNode | undefined =>
  graph.assets[graph.index.get(key) ?? -1]
