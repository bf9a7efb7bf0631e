/** What the lineage graph is made of: plain data, apart from the API and from how assets look. */

export interface GraphNode {
  readonly id: string
  readonly group: string | undefined
}

export interface GraphEdge {
  /** Where the upstream node stands in `nodes`. */
  readonly from: number
  readonly to: number
  /** `input`: its value is read. `dep`: it only comes before. */
  readonly kind: "input" | "dep"
}

export interface GraphData {
  readonly nodes: ReadonlyArray<GraphNode>
  readonly edges: ReadonlyArray<GraphEdge>
}

/** The group of assets without a group, where there are too many to stand among the groups one by one. */
export const ungrouped = ""

/** What a layout depends on, in numbers: small to send to a worker. */
export interface GraphShape {
  readonly groups: ReadonlyArray<string>
  /** Where the group of each node stands in `groups`; -1 without one. */
  readonly groupOf: Int32Array
  readonly from: Int32Array
  readonly to: Int32Array
  /** 1 for an edge that is a `dep`. */
  readonly dep: Uint8Array
}

/** Edges to nodes that are not there, and from a node to itself, are left out. */
export const shapeOf = (data: GraphData): GraphShape => {
  const groups: Array<string> = []
  const indices = new Map<string, number>()
  const groupOf = new Int32Array(data.nodes.length)
  data.nodes.forEach(({ group }, node) => {
    if (group === undefined) {
      groupOf[node] = -1
      return
    }
    let index = indices.get(group)
    if (index === undefined) {
      index = groups.push(group) - 1
      indices.set(group, index)
    }
    groupOf[node] = index
  })
  const edges = data.edges.filter(({ from, to }) =>
    from !== to && data.nodes[from] !== undefined && data.nodes[to] !== undefined
  )
  return {
    groups,
    groupOf,
    from: Int32Array.from(edges, (edge) => edge.from),
    to: Int32Array.from(edges, (edge) => edge.to),
    dep: Uint8Array.from(edges, (edge) => edge.kind === "dep" ? 1 : 0)
  }
}

/** For each of some vertices the others that it is joined to, in two arrays: `of[start[v]]` to `of[start[v + 1] - 1]`. */
export interface Adjacency {
  readonly start: Int32Array
  readonly of: Int32Array
}

/** The vertices that `to` gives for each vertex in `from`, in the order of the edges. */
export const adjacency = (count: number, from: ArrayLike<number>, to: ArrayLike<number>): Adjacency => {
  const start = new Int32Array(count + 1)
  for (let edge = 0; edge < from.length; edge++) start[from[edge]! + 1]!++
  for (let vertex = 0; vertex < count; vertex++) start[vertex + 1]! += start[vertex]!
  const next = start.slice()
  const of = new Int32Array(from.length)
  for (let edge = 0; edge < from.length; edge++) of[next[from[edge]!]!++] = to[edge]!
  return { start, of }
}

/** The nodes for which `keep` holds and the edges between them. */
export const subgraph = (data: GraphData, keep: (node: GraphNode, index: number) => boolean): GraphData => {
  const nodes: Array<GraphNode> = []
  const moved = new Int32Array(data.nodes.length).fill(-1)
  data.nodes.forEach((node, index) => {
    if (keep(node, index)) moved[index] = nodes.push(node) - 1
  })
  const edges: Array<GraphEdge> = []
  for (const { from, to, kind } of data.edges) {
    const [newFrom, newTo] = [moved[from] ?? -1, moved[to] ?? -1]
    if (newFrom >= 0 && newTo >= 0) edges.push({ from: newFrom, to: newTo, kind })
  }
  return { nodes, edges }
}

/** Some nodes, with what is upstream and downstream of them within so many steps. */
export const neighbourhood = (
  data: GraphData,
  ids: ReadonlySet<string>,
  hops: { readonly upstream: number; readonly downstream: number }
): GraphData => {
  const { from, to } = shapeOf(data)
  const reached = new Uint8Array(data.nodes.length)
  const roots = data.nodes.flatMap((node, index) => ids.has(node.id) ? [index] : [])
  const walk = ({ start, of }: Adjacency, steps: number): void => {
    const seen = new Uint8Array(data.nodes.length)
    for (const root of roots) reached[root] = seen[root] = 1
    let front = roots
    for (let step = 0; step < steps && front.length > 0; step++) {
      const next: Array<number> = []
      for (const node of front) {
        for (let at = start[node]!; at < start[node + 1]!; at++) {
          const other = of[at]!
          if (seen[other] === 1) continue
          reached[other] = seen[other] = 1
          next.push(other)
        }
      }
      front = next
    }
  }
  walk(adjacency(data.nodes.length, to, from), hops.upstream)
  walk(adjacency(data.nodes.length, from, to), hops.downstream)
  return subgraph(data, (_, index) => reached[index] === 1)
}
