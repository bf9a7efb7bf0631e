/**
 * Layered layout of a directed graph, from left to right: each node stands in a column right of all that is upstream of it;
 * the order within columns is chosen so that few edges cross, and the height so that edges are straight.
 *
 * Nothing here recurses, and the same input always gives the same layout.
 */
import { type Adjacency, adjacency } from "./model.ts"
import { type Columns, orderColumns } from "./ordering.ts"

export interface LayeredInput {
  readonly widths: Float64Array
  readonly heights: Float64Array
  readonly from: Int32Array
  readonly to: Int32Array
  /** The column of each node, where it is known; edges may then go back, or stay in a column. */
  readonly columns?: Int32Array | undefined
}

export interface LayeredOptions {
  readonly columnGap?: number | undefined
  readonly rowGap?: number | undefined
  /** Whether edges that pass columns are led between the nodes there. */
  readonly routed?: boolean | undefined
}

export interface Layered {
  /** The middle of each node. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly width: number
  readonly height: number
  /**
   * Where each edge passes columns: numbers x and y of two points for each column, at its near and its far side. Those of an
   * edge are `routes[routeStart[edge]]` to `routes[routeStart[edge + 1] - 1]`.
   */
  readonly routes: Float64Array
  readonly routeStart: Int32Array
}

/** So many bends at most: in a long line with many skips, the longest edges go straight instead. */
const maxBends = 120_000
const bendHeight = 4

const noRoute: ReadonlyArray<number> = []

interface Part {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly width: number
  readonly height: number
  readonly routes: ReadonlyArray<ReadonlyArray<number>>
}

/** The edges that have to be turned round for the graph to have no cycle. A graph of assets has none. */
const closingCycles = (count: number, from: Int32Array, to: Int32Array): Uint8Array => {
  const edgesOf = adjacency(count, from, from.map((_, edge) => edge))
  const turned = new Uint8Array(from.length)
  const state = new Uint8Array(count) // 1: on the path, 2: done
  const next = edgesOf.start.slice()
  const path: Array<number> = []
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue
    state[root] = 1
    path.push(root)
    while (path.length > 0) {
      const node = path[path.length - 1]!
      if (next[node] === edgesOf.start[node + 1]) {
        state[node] = 2
        path.pop()
        continue
      }
      const edge = edgesOf.of[next[node]!++]!
      const other = to[edge]!
      if (state[other] === 1) turned[edge] = 1
      else if (state[other] === 0) {
        state[other] = 1
        path.push(other)
      }
    }
  }
  return turned
}

/** For each node the length of the longest path to it. The graph must have no cycle. */
const depths = (count: number, down: Adjacency): { readonly depth: Int32Array; readonly order: Int32Array } => {
  const depth = new Int32Array(count)
  const waiting = new Int32Array(count)
  for (const node of down.of) waiting[node]!++
  const order = new Int32Array(count)
  let found = 0
  for (let node = 0; node < count; node++) if (waiting[node] === 0) order[found++] = node
  for (let at = 0; at < found; at++) {
    const node = order[at]!
    for (let edge = down.start[node]!; edge < down.start[node + 1]!; edge++) {
      const other = down.of[edge]!
      if (depth[other]! <= depth[node]!) depth[other] = depth[node]! + 1
      if (--waiting[other]! === 0) order[found++] = other
    }
  }
  return { depth, order: order.subarray(0, found) }
}

/** For each node the length of the longest path to it; where there are cycles, some of their edges do not count. */
export const depthsOf = (count: number, from: Int32Array, to: Int32Array): Int32Array => {
  const turned = closingCycles(count, from, to)
  const down = adjacency(
    count,
    from.map((node, edge) => turned[edge] === 1 ? to[edge]! : node),
    to.map((node, edge) => turned[edge] === 1 ? from[edge]! : node)
  )
  return depths(count, down).depth
}

/** Columns by longest path; what has more downstream than upstream moves next to what is downstream. */
const longestPath = (count: number, from: Int32Array, to: Int32Array): Int32Array => {
  const down = adjacency(count, from, to)
  const { depth, order } = depths(count, down)
  const inputs = new Int32Array(count)
  for (const node of to) inputs[node]!++
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at]!
    const [first, last] = [down.start[node]!, down.start[node + 1]!]
    if (last - first <= inputs[node]!) continue
    let nearest = Infinity
    for (let edge = first; edge < last; edge++) nearest = Math.min(nearest, depth[down.of[edge]!]!)
    depth[node] = nearest - 1
  }
  return depth
}

/** The columns in use, as 0, 1, 2, …, and how many there are. */
const consecutive = (columns: Int32Array): readonly [Int32Array, number] => {
  const used = Array.from(new Set(columns)).sort((a, b) => a - b)
  const index = new Map(used.map((column, at) => [column, at]))
  return [columns.map((column) => index.get(column)!), used.length]
}

/** The longest edges that may be led through columns so that there are at most `maxBends` bends. */
const longestRouted = (spans: Int32Array, columns: number): number => {
  const having = new Int32Array(columns + 1)
  for (const span of spans) having[span]!++
  let bends = 0
  for (let span = 2; span <= columns; span++) {
    bends += having[span]! * (span - 1)
    if (bends > maxBends) return span - 1
  }
  return columns
}

/**
 * Heights: each vertex moves to the mean of its neighbours, as near as the order and the gaps in its column allow. That is an
 * isotonic regression, solved exactly by pooling neighbours that want to pass each other.
 */
const heightsOf = (
  { columns, count, down, up }: Columns,
  nodes: number,
  sizes: ArrayLike<number>,
  rowGap: number
): Float64Array => {
  const y = new Float64Array(count)
  // the distance that each vertex keeps from the one above it
  const apart = new Float64Array(count)
  const longest = columns.reduce((most, column) => Math.max(most, column.length), 0)
  const sizeOf = (vertex: number) => vertex < nodes ? sizes[vertex]! : bendHeight
  for (const column of columns) {
    for (let at = 1; at < column.length; at++) {
      const [above, below] = [column[at - 1]!, column[at]!]
      const gap = above < nodes && below < nodes
        ? rowGap
        : above < nodes || below < nodes
        ? 0.75 * rowGap
        : 0.5 * rowGap
      apart[below] = (sizeOf(above) + sizeOf(below)) / 2 + gap
      y[below] = y[above]! + apart[below]
    }
  }
  const sums = new Float64Array(longest)
  const weights = new Float64Array(longest)
  const firsts = new Int32Array(longest)
  const rounds = 14
  for (let round = 0; round < rounds; round++) {
    const forward = round % 2 === 0
    const both = round >= rounds - 4
    for (let step = 0; step < columns.length; step++) {
      const column = columns[forward ? step : columns.length - 1 - step]!
      let pools = 0
      let offset = 0
      for (let at = 0; at < column.length; at++) {
        const vertex = column[at]!
        if (at > 0) offset += apart[vertex]!
        let sum = 0
        let weight = 0
        for (let side = 0; side < 2; side++) {
          if (!both && (side === 0) !== forward) continue
          const { start, of } = side === 0 ? up : down
          for (let edge = start[vertex]!; edge < start[vertex + 1]!; edge++) {
            const other = of[edge]!
            // long edges are to be straight before all
            const share = vertex >= nodes && other >= nodes ? 6 : vertex >= nodes || other >= nodes ? 2 : 1
            sum += share * y[other]!
            weight += share
          }
        }
        if (weight === 0) {
          weight = 0.5
          sum = weight * y[vertex]!
        }
        sums[pools] = sum - weight * offset
        weights[pools] = weight
        firsts[pools] = at
        pools++
        while (pools > 1 && sums[pools - 2]! / weights[pools - 2]! > sums[pools - 1]! / weights[pools - 1]!) {
          sums[pools - 2]! += sums[pools - 1]!
          weights[pools - 2]! += weights[pools - 1]!
          pools--
        }
      }
      offset = 0
      for (let at = 0, pool = 0; at < column.length; at++) {
        if (at > 0) offset += apart[column[at]!]!
        while (pool + 1 < pools && firsts[pool + 1]! <= at) pool++
        y[column[at]!] = sums[pool]! / weights[pool]! + offset
      }
    }
  }
  return y
}

/** Lays out nodes that hang together. */
const layPart = (
  input: LayeredInput,
  options: { readonly columnGap: number; readonly rowGap: number; readonly routed: boolean }
): Part => {
  const { columns: given, heights, widths } = input
  const nodes = widths.length
  const turned = given === undefined
    ? closingCycles(nodes, input.from, input.to)
    : Uint8Array.from(input.from, (from, edge) => given[from]! > given[input.to[edge]!]! ? 1 : 0)
  const from = input.from.map((node, edge) => turned[edge] === 1 ? input.to[edge]! : node)
  const to = input.to.map((node, edge) => turned[edge] === 1 ? input.from[edge]! : node)
  const [nodeColumns, columnCount] = consecutive(given ?? longestPath(nodes, from, to))

  const spans = from.map((node, edge) => nodeColumns[to[edge]!]! - nodeColumns[node]!)
  const longest = options.routed ? longestRouted(spans, columnCount) : 1
  const columnOf: Array<number> = Array.from(nodeColumns)
  const segmentFrom: Array<number> = []
  const segmentTo: Array<number> = []
  /** The first bend of each edge: the others follow it. */
  const firstBend = new Int32Array(from.length)
  for (let edge = 0; edge < from.length; edge++) {
    const span = spans[edge]!
    // an edge within a column has no part in the order
    if (span === 0) continue
    // nor has one that is too long to be led, but for where it starts and ends
    if (span > 1 && span > longest) continue
    firstBend[edge] = columnOf.length
    let last = from[edge]!
    for (let step = 1; step < span; step++) {
      const bend = columnOf.push(nodeColumns[from[edge]!]! + step) - 1
      segmentFrom.push(last)
      segmentTo.push(bend)
      last = bend
    }
    segmentFrom.push(last)
    segmentTo.push(to[edge]!)
  }
  const count = columnOf.length
  const graph: Columns = {
    count,
    columnOf,
    columns: Array.from({ length: columnCount }, () => []),
    up: adjacency(count, segmentTo, segmentFrom),
    down: adjacency(count, segmentFrom, segmentTo)
  }
  orderColumns(graph)
  const y = heightsOf(graph, nodes, heights, options.rowGap)

  const columnWidths = new Float64Array(columnCount)
  let [top, bottom] = [Infinity, -Infinity]
  for (let node = 0; node < nodes; node++) {
    const column = nodeColumns[node]!
    columnWidths[column] = Math.max(columnWidths[column]!, widths[node]!)
    top = Math.min(top, y[node]! - heights[node]! / 2)
    bottom = Math.max(bottom, y[node]! + heights[node]! / 2)
  }
  for (let bend = nodes; bend < count; bend++) {
    top = Math.min(top, y[bend]!)
    bottom = Math.max(bottom, y[bend]!)
  }
  const lefts = new Float64Array(columnCount)
  // what is higher than wide has space for edges that are less steep
  const narrow = columnWidths.reduce((sum, width) => sum + width, 0)
  const gap = Math.min(
    2.4 * options.columnGap,
    Math.max(options.columnGap, (1.2 * (bottom - top) - narrow) / Math.max(1, columnCount - 1))
  )
  for (let column = 1; column < columnCount; column++) {
    lefts[column] = lefts[column - 1]! + columnWidths[column - 1]! + gap
  }
  const routes = Array.from(from, (_, edge): ReadonlyArray<number> => {
    const span = spans[edge]!
    if (span < 2 || span > longest) return noRoute
    const route: Array<number> = []
    for (let step = 0; step < span - 1; step++) {
      const bend = firstBend[edge]! + (turned[edge] === 1 ? span - 2 - step : step)
      const [left, right] = [lefts[columnOf[bend]!]!, lefts[columnOf[bend]!]! + columnWidths[columnOf[bend]!]!]
      if (turned[edge] === 1) route.push(right, y[bend]! - top, left, y[bend]! - top)
      else route.push(left, y[bend]! - top, right, y[bend]! - top)
    }
    return route
  })
  return {
    x: Float64Array.from(widths, (_, node) => lefts[nodeColumns[node]!]! + columnWidths[nodeColumns[node]!]! / 2),
    y: Float64Array.from(heights, (_, node) => y[node]! - top),
    width: lefts[columnCount - 1]! + columnWidths[columnCount - 1]!,
    height: bottom - top,
    routes
  }
}

/** For each node the number of what it hangs together with, from 0 in the order of the nodes. */
const connected = (count: number, from: Int32Array, to: Int32Array): readonly [Int32Array, number] => {
  const parent = Int32Array.from({ length: count }, (_, node) => node)
  const rootOf = (node: number): number => {
    let root = node
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]!]!
      root = parent[root]!
    }
    return root
  }
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [rootOf(from[edge]!), rootOf(to[edge]!)]
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b)
  }
  const partOf = new Int32Array(count)
  let parts = 0
  for (let node = 0; node < count; node++) {
    const root = rootOf(node)
    partOf[node] = root === node ? parts++ : partOf[root]!
  }
  return [partOf, parts]
}

/** Where parts stand so that together they are about as wide as a screen: in rows, the largest first. */
const inRows = (
  parts: ReadonlyArray<{ readonly width: number; readonly height: number; readonly nodes: number }>,
  columnGap: number,
  rowGap: number
) => {
  // not by area: the order is to stay when one of the nodes grows
  const byNodes = parts.map((_, at) => at).sort((a, b) => parts[b]!.nodes - parts[a]!.nodes || a - b)
  let area = 0
  let widest = 0
  for (const { width, height } of parts) {
    area += (width + columnGap) * (height + rowGap)
    widest = Math.max(widest, width)
  }
  const limit = Math.max(widest, Math.sqrt(area * 1.6))
  const x = new Float64Array(parts.length)
  const y = new Float64Array(parts.length)
  let [left, top, rowHeight, width, before] = [0, 0, 0, 0, 0]
  for (const at of byNodes) {
    const part = parts[at]!
    // single nodes make a grid of their own
    if (left > 0 && (left + part.width > limit + 0.5 || (part.nodes === 1 && before > 1))) {
      top += rowHeight + (before > 1 ? 2.5 : 1) * rowGap
      left = rowHeight = 0
    }
    x[at] = left
    y[at] = top
    left += part.width + columnGap
    rowHeight = Math.max(rowHeight, part.height)
    width = Math.max(width, x[at] + part.width)
    before = part.nodes
  }
  return { x, y, width, height: top + rowHeight }
}

/** Lays out sized nodes. Those that do not hang together stand apart from each other. */
export const layered = (input: LayeredInput, options: LayeredOptions = {}): Layered => {
  const { columnGap = 80, routed = true, rowGap = 16 } = options
  const { from, heights, to, widths } = input
  const count = widths.length
  const [partOf, partCount] = connected(count, from, to)
  const nodesOf = adjacency(partCount, partOf, partOf.map((_, node) => node))
  const edgesOf = adjacency(partCount, from.map((node) => partOf[node]!), from.map((_, edge) => edge))

  const local = new Int32Array(count)
  const parts: Array<Part> = []
  for (let part = 0; part < partCount; part++) {
    const nodes = nodesOf.of.subarray(nodesOf.start[part], nodesOf.start[part + 1])
    if (nodes.length === 1) {
      const [width, height] = [widths[nodes[0]!]!, heights[nodes[0]!]!]
      parts.push({ x: Float64Array.of(width / 2), y: Float64Array.of(height / 2), width, height, routes: [] })
      continue
    }
    nodes.forEach((node, at) => {
      local[node] = at
    })
    const edges = edgesOf.of.subarray(edgesOf.start[part], edgesOf.start[part + 1])
    parts.push(layPart({
      widths: Float64Array.from(nodes, (node) => widths[node]!),
      heights: Float64Array.from(nodes, (node) => heights[node]!),
      from: edges.map((edge) => local[from[edge]!]!),
      to: edges.map((edge) => local[to[edge]!]!),
      columns: input.columns === undefined ? undefined : nodes.map((node) => input.columns![node]!)
    }, { columnGap, rowGap, routed }))
  }

  const places = inRows(
    parts.map(({ height, width, x }) => ({ width, height, nodes: x.length })),
    columnGap / 2,
    rowGap
  )
  const x = new Float64Array(count)
  const y = new Float64Array(count)
  const routeOf: Array<ReadonlyArray<number>> = Array.from(from, () => noRoute)
  const routeStart = new Int32Array(from.length + 1)
  parts.forEach((part, index) => {
    const [left, top] = [places.x[index]!, places.y[index]!]
    for (let at = 0; at < part.x.length; at++) {
      const node = nodesOf.of[nodesOf.start[index]! + at]!
      x[node] = left + part.x[at]!
      y[node] = top + part.y[at]!
    }
    part.routes.forEach((route, at) => {
      if (route.length === 0) return
      routeOf[edgesOf.of[edgesOf.start[index]! + at]!] = route.map((number, axis) =>
        number + (axis % 2 === 0 ? left : top)
      )
    })
  })
  for (let edge = 0; edge < from.length; edge++) routeStart[edge + 1] = routeStart[edge]! + routeOf[edge]!.length
  const routes = new Float64Array(routeStart[from.length]!)
  routeOf.forEach((route, edge) => routes.set(route, routeStart[edge]!))
  return { x, y, width: places.width, height: places.height, routes, routeStart }
}
