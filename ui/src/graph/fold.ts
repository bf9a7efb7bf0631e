/**
 * The layout of a whole graph whose groups are folded into boxes, or opened to show their nodes.
 *
 * Opening a group moves others apart but keeps their order: it depends on the graph, not on what is open.
 */
import { columnsOf } from "./columns.ts"
import { depthsOf, type Layered, layered } from "./layered.ts"
import { adjacency, type GraphShape, ungrouped } from "./model.ts"

export interface Size {
  readonly width: number
  readonly height: number
}

export const nodeSize: Size = { width: 200, height: 52 }
export const foldedSize: Size = { width: 244, height: 84 }
/** The space for the name of an open group, and that around its nodes. */
export const boxHeader = 52
export const boxPadding = 18

/** So many nodes without a group stand among the groups one by one; more are a group. */
const maxFree = 40
/** With more links between groups, they are not led around what is between. */
const maxRoutedLinks = 400

export interface GroupBox {
  readonly group: string
  /** The upper left corner. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly open: boolean
  /** How many nodes are in it. */
  readonly count: number
}

/** Which sides a curve goes from and to: to the right, to something in the same place or back to the left. */
export const Way = { right: 0, beside: 1, left: 2 } as const

/**
 * Lines between nodes and boxes: from the right side of one to the left side of another; to its right side, where that is
 * beside; and the other way round, where it is to the left.
 */
export interface Curves {
  readonly count: number
  /** A node, or `~box` for a folded box. */
  readonly from: Int32Array
  readonly to: Int32Array
  /** How many edges it stands for. */
  readonly edges: Int32Array
  /** 1 if all of them are `dep`. */
  readonly dep: Uint8Array
  /** 1 if it goes from one group to another. */
  readonly across: Uint8Array
  /** See `Way`. */
  readonly way: Uint8Array
  /**
   * Numbers x and y from `points[start[curve]]` on: where it starts, two points for each column that it passes, where it ends.
   * It is curved to the first point of a column and straight to the second one.
   */
  readonly points: Float64Array
  readonly start: Int32Array
}

export interface GraphLayout {
  readonly width: number
  readonly height: number
  /** The middle of each node; `NaN` in a folded group. */
  readonly x: Float64Array
  readonly y: Float64Array
  /** How many nodes can be seen. */
  readonly shown: number
  readonly boxes: ReadonlyArray<GroupBox>
  /** The box of each node; -1 without one. */
  readonly boxOf: Int32Array
  readonly curves: Curves
}

export interface FoldOptions {
  /** The groups that are open. */
  readonly expanded: ReadonlySet<string>
  /** `false`: all nodes, without boxes. */
  readonly folded: boolean
}

/** Layouts of what is in groups, by their content: it is the same however the rest of the graph looks. */
export type InnerLayouts = Map<string, Layered>

const maxCached = 400

/** The layout of some nodes of a graph and the edges between them. */
const layNodes = (
  nodes: ArrayLike<number>,
  edges: ArrayLike<number>,
  shape: GraphShape,
  local: Int32Array,
  cache: InnerLayouts | undefined
): Layered => {
  for (let at = 0; at < nodes.length; at++) local[nodes[at]!] = at
  const from = Int32Array.from(edges, (edge) => local[shape.from[edge]!]!)
  const to = Int32Array.from(edges, (edge) => local[shape.to[edge]!]!)
  const key = cache === undefined ? "" : `${nodes.length};${from.join()};${to.join()}`
  const known = cache?.get(key)
  if (known !== undefined) return known
  const layout = layered({
    widths: new Float64Array(nodes.length).fill(nodeSize.width),
    heights: new Float64Array(nodes.length).fill(nodeSize.height),
    from,
    to
  }, { columnGap: 84, rowGap: 18 })
  if (cache !== undefined) {
    if (cache.size >= maxCached) cache.clear()
    cache.set(key, layout)
  }
  return layout
}

/** Collects curves, those between the same two ends as one. */
const collectCurves = (ends: number) => {
  const from: Array<number> = []
  const to: Array<number> = []
  const edges: Array<number> = []
  const dep: Array<number> = []
  const across: Array<number> = []
  const way: Array<number> = []
  const points: Array<number> = []
  const start: Array<number> = [0]
  const known = new Map<number, number>()
  return {
    /** `route` adds the points of a curve that is new. */
    add: (
      a: number,
      b: number,
      isDep: number,
      isAcross: boolean,
      route: (points: Array<number>) => number
    ): void => {
      // boxes are below zero
      const key = (a + ends) * 2 * ends + b + ends
      const curve = known.get(key)
      if (curve !== undefined) {
        edges[curve]!++
        dep[curve]! &= isDep
        return
      }
      known.set(key, from.length)
      from.push(a)
      to.push(b)
      edges.push(1)
      dep.push(isDep)
      across.push(isAcross ? 1 : 0)
      way.push(route(points))
      start.push(points.length)
    },
    done: (): Curves => ({
      count: from.length,
      from: Int32Array.from(from),
      to: Int32Array.from(to),
      edges: Int32Array.from(edges),
      dep: Uint8Array.from(dep),
      across: Uint8Array.from(across),
      way: Uint8Array.from(way),
      points: Float64Array.from(points),
      start: Int32Array.from(start)
    })
  }
}

type Sides = readonly [left: number, right: number, middle: number]

const sidesOf = (x: number, y: number): Sides => [x - nodeSize.width / 2, x + nodeSize.width / 2, y]

/** Adds the points of a curve; `between` adds those between its ends. */
const lead = (points: Array<number>, from: Sides, to: Sides, between: () => void): number => {
  const way = to[0] > from[1] ? Way.right : to[1] < from[0] ? Way.left : Way.beside
  points.push(way === Way.left ? from[0] : from[1], from[2])
  between()
  points.push(way === Way.right ? to[0] : to[1], to[2])
  return way
}

const layFlat = (shape: GraphShape): GraphLayout => {
  const count = shape.groupOf.length
  const all = Int32Array.from({ length: count }, (_, node) => node)
  const edges = Int32Array.from(shape.from, (_, edge) => edge)
  const layout = layNodes(all, edges, shape, new Int32Array(count), undefined)
  const curves = collectCurves(count + 1)
  for (let edge = 0; edge < shape.from.length; edge++) {
    const [a, b] = [shape.from[edge]!, shape.to[edge]!]
    curves.add(
      a,
      b,
      shape.dep[edge]!,
      false,
      (points) =>
        lead(points, sidesOf(layout.x[a]!, layout.y[a]!), sidesOf(layout.x[b]!, layout.y[b]!), () => {
          for (let at = layout.routeStart[edge]!; at < layout.routeStart[edge + 1]!; at++) {
            points.push(layout.routes[at]!)
          }
        })
    )
  }
  return {
    width: layout.width,
    height: layout.height,
    x: layout.x,
    y: layout.y,
    shown: count,
    boxes: [],
    boxOf: new Int32Array(count).fill(-1),
    curves: curves.done()
  }
}

/** Lays out a graph. Pass the same `cache` again for layouts of the same graph. */
export const layoutGraph = (
  shape: GraphShape,
  { expanded, folded }: FoldOptions,
  cache: InnerLayouts = new Map()
): GraphLayout => {
  const count = shape.groupOf.length
  let free = 0
  for (const group of shape.groupOf) if (group < 0) free++
  if (!folded || shape.groups.length + (free > 0 ? 1 : 0) <= 1) return layFlat(shape)

  const groups = free > maxFree ? [...shape.groups, ungrouped] : shape.groups
  const freeNodes: Array<number> = []
  // boxes first, then nodes without a group: the vertices of the outer graph
  const boxOf = new Int32Array(count)
  const vertexOf = new Int32Array(count)
  shape.groupOf.forEach((group, node) => {
    const box = group >= 0 ? group : free > maxFree ? shape.groups.length : -1
    boxOf[node] = box
    vertexOf[node] = box >= 0 ? box : groups.length + freeNodes.push(node) - 1
  })
  const vertices = groups.length + freeNodes.length
  const nodesOf = adjacency(vertices, vertexOf, vertexOf.map((_, node) => node))

  const outerFrom: Array<number> = []
  const outerTo: Array<number> = []
  const outerEdge = new Map<number, number>()
  const innerEdges: Array<Array<number>> = groups.map(() => [])
  for (let edge = 0; edge < shape.from.length; edge++) {
    const [a, b] = [vertexOf[shape.from[edge]!]!, vertexOf[shape.to[edge]!]!]
    if (a === b) innerEdges[a]!.push(edge)
    else if (!outerEdge.has(a * vertices + b)) {
      outerEdge.set(a * vertices + b, outerFrom.push(a) - 1)
      outerTo.push(b)
    }
  }

  const depth = depthsOf(count, shape.from, shape.to)
  const medians = Int32Array.from({ length: vertices }, (_, vertex) => {
    const sorted = nodesOf.of.slice(nodesOf.start[vertex], nodesOf.start[vertex + 1]).map((node) => depth[node]!).sort()
    return sorted[sorted.length >> 1] ?? 0
  })
  const columns = columnsOf(vertices, Int32Array.from(outerFrom), Int32Array.from(outerTo), medians)

  const local = new Int32Array(count)
  const inner = groups.map((group, box) =>
    expanded.has(group)
      ? layNodes(
        nodesOf.of.subarray(nodesOf.start[box], nodesOf.start[box + 1]),
        innerEdges[box]!,
        shape,
        local,
        cache
      )
      : undefined
  )
  const sizeOf = (vertex: number): Size => {
    const layout = inner[vertex]
    return layout !== undefined
      ? {
        width: Math.max(foldedSize.width, layout.width + 2 * boxPadding),
        height: layout.height + boxHeader + boxPadding
      }
      : vertex < groups.length
      ? foldedSize
      : nodeSize
  }
  const sizes = Array.from({ length: vertices }, (_, vertex) => sizeOf(vertex))
  const outer = layered({
    widths: Float64Array.from(sizes, (size) => size.width),
    heights: Float64Array.from(sizes, (size) => size.height),
    from: Int32Array.from(outerFrom),
    to: Int32Array.from(outerTo),
    columns
  }, { columnGap: 120, rowGap: 22, routed: outerFrom.length <= maxRoutedLinks })

  const boxes = groups.map((group, box): GroupBox => {
    const { height, width } = sizes[box]!
    return {
      group,
      x: outer.x[box]! - width / 2,
      y: outer.y[box]! - height / 2,
      width,
      height,
      open: inner[box] !== undefined,
      count: nodesOf.start[box + 1]! - nodesOf.start[box]!
    }
  })
  const x = new Float64Array(count).fill(NaN)
  const y = new Float64Array(count).fill(NaN)
  let shown = 0
  for (let vertex = 0; vertex < vertices; vertex++) {
    const layout = inner[vertex]
    if (vertex < groups.length && layout === undefined) continue
    const box = boxes[vertex]
    for (let at = nodesOf.start[vertex]!; at < nodesOf.start[vertex + 1]!; at++) {
      const node = nodesOf.of[at]!
      const inside = at - nodesOf.start[vertex]!
      x[node] = box === undefined ? outer.x[vertex]! : box.x + boxPadding + layout!.x[inside]!
      y[node] = box === undefined ? outer.y[vertex]! : box.y + boxHeader + layout!.y[inside]!
      shown++
    }
  }

  const curves = collectCurves(Math.max(count, groups.length) + 1)
  const endOf = (node: number): number => {
    const box = boxOf[node]!
    return box >= 0 && inner[box] === undefined ? ~box : node
  }
  const sides = (end: number): Sides => {
    if (end >= 0) return sidesOf(x[end]!, y[end]!)
    const box = boxes[~end]!
    return [box.x, box.x + box.width, box.y + box.height / 2]
  }
  innerEdges.forEach((edges, box) => {
    const layout = inner[box]
    if (layout === undefined) return
    const [left, top] = [boxes[box]!.x + boxPadding, boxes[box]!.y + boxHeader]
    edges.forEach((edge, at) => {
      const [a, b] = [shape.from[edge]!, shape.to[edge]!]
      curves.add(a, b, shape.dep[edge]!, false, (points) =>
        lead(points, sides(a), sides(b), () => {
          for (let index = layout.routeStart[at]!; index < layout.routeStart[at + 1]!; index += 2) {
            points.push(left + layout.routes[index]!, top + layout.routes[index + 1]!)
          }
        }))
    })
  })
  for (let edge = 0; edge < shape.from.length; edge++) {
    const [a, b] = [vertexOf[shape.from[edge]!]!, vertexOf[shape.to[edge]!]!]
    if (a === b) continue
    const [from, to] = [endOf(shape.from[edge]!), endOf(shape.to[edge]!)]
    const link = outerEdge.get(a * vertices + b)!
    curves.add(from, to, shape.dep[edge]!, true, (points) =>
      lead(points, sides(from), sides(to), () => {
        for (let at = outer.routeStart[link]!; at < outer.routeStart[link + 1]!; at++) points.push(outer.routes[at]!)
      }))
  }
  return { width: outer.width, height: outer.height, x, y, shown, boxes, boxOf, curves: curves.done() }
}
