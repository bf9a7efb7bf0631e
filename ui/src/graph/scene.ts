/** A layout with what drawing it and finding things in it needs. */
import type { Rectangle } from "./camera.ts"
import { type GraphLayout, nodeSize, Way } from "./fold.ts"
import { type Adjacency, adjacency, type GraphData } from "./model.ts"
import { type SpatialIndex, spatialIndex } from "./spatial.ts"

/** Something that a curve starts or ends at: a node, or `~box`. */
export type End = number

/** With more curves between groups, or into open ones, only those of what is pointed at or selected are drawn. */
const maxCurvesAcross = 300

/** How a curve is drawn. */
export const CurveKind = { input: 0, dep: 1, across: 2, acrossSome: 3, acrossMany: 4 } as const
export const curveKinds = Object.values(CurveKind)

export interface Scene {
  readonly data: GraphData
  readonly layout: GraphLayout
  readonly nodes: SpatialIndex
  readonly indexOf: ReadonlyMap<string, number>
  /** `left, top, right, bottom` of each curve. */
  readonly bounds: Float64Array
  readonly kinds: Uint8Array
  /** 1 for curves that lead to nothing within an open group: they pass behind it. */
  readonly behind: Uint8Array
  /** 1 for curves that are drawn only for what is pointed at or selected. */
  readonly hidden: Uint8Array
  readonly hiddenCount: number
  /** The curves from and to each end; that of `end` are at `end + boxes`. */
  readonly leaving: Adjacency
  readonly arriving: Adjacency
}

export const makeScene = (data: GraphData, layout: GraphLayout): Scene => {
  const { boxes, curves, x, y } = layout
  const bounds = new Float64Array(4 * curves.count)
  const kinds = new Uint8Array(curves.count)
  const behind = new Uint8Array(curves.count)
  const isInside = (end: End) => end >= 0 && layout.boxOf[end]! >= 0
  // those from and to what is in open groups, and those behind them
  const across = [0, 0]
  for (let curve = 0; curve < curves.count; curve++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let at = curves.start[curve]!; at < curves.start[curve + 1]!; at += 2) {
      left = Math.min(left, curves.points[at]!)
      right = Math.max(right, curves.points[at]!)
      top = Math.min(top, curves.points[at + 1]!)
      bottom = Math.max(bottom, curves.points[at + 1]!)
    }
    bounds.set([left - maxBow, top, right + maxBow, bottom], 4 * curve)
    behind[curve] = isInside(curves.from[curve]!) || isInside(curves.to[curve]!) ? 0 : 1
    across[behind[curve]!]! += curves.across[curve]!
    const edges = curves.edges[curve]!
    kinds[curve] = curves.across[curve] === 0 || edges === 1
      ? curves.dep[curve] === 1 ? CurveKind.dep : curves.across[curve] === 0 ? CurveKind.input : CurveKind.across
      : edges < 4
      ? CurveKind.across
      : edges < 16
      ? CurveKind.acrossSome
      : CurveKind.acrossMany
  }
  const hidden = curves.across.map((isAcross, curve) => across[behind[curve]!]! > maxCurvesAcross ? isAcross : 0)
  const ends = data.nodes.length + boxes.length
  const all = Int32Array.from({ length: curves.count }, (_, curve) => curve)
  return {
    data,
    layout,
    nodes: spatialIndex({ count: data.nodes.length, x, y, ...nodeSize }),
    indexOf: new Map(data.nodes.map(({ id }, index) => [id, index])),
    bounds,
    kinds,
    behind,
    hidden,
    hiddenCount: hidden.reduce((sum, one) => sum + one, 0),
    leaving: adjacency(ends, curves.from.map((end) => end + boxes.length), all),
    arriving: adjacency(ends, curves.to.map((end) => end + boxes.length), all)
  }
}

/** How far a curve bows out at its ends, at most. */
const maxBow = 140

/** How far a curve over such a distance bows out: to the right of what it leaves, or less than zero to the left. */
export const bow = (way: number, acrossBy: number, downBy: number): number => {
  const most = (value: number) => Math.min(maxBow, value)
  if (way === Way.beside) return most(32 + Math.abs(downBy) / 8)
  return way === Way.left ? -most(Math.abs(acrossBy) / 2) : most(Math.abs(acrossBy) / 2)
}

/** The folded box or the node that stands for a node. */
export const endOf = ({ layout }: Scene, node: number): End => {
  const box = layout.boxOf[node]!
  return box >= 0 && !layout.boxes[box]!.open ? ~box : node
}

export const areaOf = ({ layout }: Scene, end: End): Rectangle => {
  if (end < 0) {
    const { height, width, x, y } = layout.boxes[~end]!
    return { left: x, top: y, right: x + width, bottom: y + height }
  }
  const [x, y] = [layout.x[end]!, layout.y[end]!]
  return {
    left: x - nodeSize.width / 2,
    top: y - nodeSize.height / 2,
    right: x + nodeSize.width / 2,
    bottom: y + nodeSize.height / 2
  }
}

/** The node or the box at a place: of boxes, the folded ones alone unless `open`. */
export const endAt = (scene: Scene, x: number, y: number, open = false): End | undefined => {
  const node = scene.nodes.at(x, y)
  if (node >= 0) return node
  const box = scene.layout.boxes.findIndex((box) =>
    (open || !box.open) && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height
  )
  return box < 0 ? undefined : ~box
}

/** 1 for each folded box whose nodes are all selected. */
export const selectedBoxes = (
  { layout: { boxes, boxOf } }: Scene,
  isSelected: (node: number) => boolean
): Uint8Array => {
  const selected = Uint8Array.from(boxes, (box) => box.open ? 0 : 1)
  boxOf.forEach((box, node) => {
    if (box >= 0 && selected[box] === 1 && !isSelected(node)) selected[box] = 0
  })
  return selected
}

/** The indices of the nodes of each end: all of its group's for a box. */
export const nodesOf = (scene: Scene, ends: ReadonlyArray<End>): ReadonlyArray<number> => {
  const nodes = ends.filter((end) => end >= 0)
  const boxes = new Set(ends.filter((end) => end < 0).map((end) => ~end))
  if (boxes.size > 0) {
    scene.layout.boxOf.forEach((box, node) => {
      if (boxes.has(box)) nodes.push(node)
    })
  }
  return nodes
}

/** The nodes and folded boxes that touch an area. */
export const endsWithin = (scene: Scene, area: Rectangle): ReadonlyArray<End> => {
  const { left, top, right, bottom } = area
  const found = new Int32Array(scene.data.nodes.length)
  const ends: Array<End> = Array.from(
    found.subarray(0, scene.nodes.within(left, top, right, bottom, found))
  )
  scene.layout.boxes.forEach((box, index) => {
    if (!box.open && box.x <= right && box.x + box.width >= left && box.y <= bottom && box.y + box.height >= top) {
      ends.push(~index)
    }
  })
  return ends
}

export type Direction = "left" | "right" | "up" | "down"

/**
 * Where an arrow key leads: along an edge to the left and to the right, to what stands above and below. What has no edges has
 * neighbours on all sides.
 */
export const neighbour = (scene: Scene, end: End, direction: Direction): End | undefined => {
  const { arriving, layout: { boxes, curves, x }, leaving } = scene
  const middle = ({ bottom, left, right, top }: Rectangle) => [(left + right) / 2, (top + bottom) / 2] as const
  const [ownX, ownY] = middle(areaOf(scene, end))
  let best: End | undefined
  let least = Infinity
  const offer = (other: End, distance: number): void => {
    if (other === end || distance >= least) return
    least = distance
    best = other
  }
  const horizontal = direction === "left" || direction === "right"
  const at = end + boxes.length
  const hasEdges = [leaving, arriving].some(({ start }) => start[at] !== start[at + 1])
  if (horizontal && hasEdges) {
    const { start, of } = direction === "right" ? leaving : arriving
    const ends = direction === "right" ? curves.to : curves.from
    for (let index = start[at]!; index < start[at + 1]!; index++) {
      const other = ends[of[index]!]!
      const [otherX, otherY] = middle(areaOf(scene, other))
      offer(other, Math.abs(otherY - ownY) + Math.abs(otherX - ownX) / 1000)
    }
    return best
  }
  const sign = direction === "down" || direction === "right" ? 1 : -1
  const inLine = (horizontal ? nodeSize.height : nodeSize.width) / 2
  const look = (other: End): void => {
    const [otherX, otherY] = middle(areaOf(scene, other))
    const [along, aside] = horizontal ? [otherX - ownX, otherY - ownY] : [otherY - ownY, otherX - ownX]
    const distance = sign * along
    // all of its own column or row comes first
    if (distance > 0.5) offer(other, Math.abs(aside) <= inLine ? distance : 1e9 + distance + 20 * Math.abs(aside))
  }
  for (let node = 0; node < x.length; node++) if (!Number.isNaN(x[node])) look(node)
  boxes.forEach((box, index) => {
    if (!box.open) look(~index)
  })
  return best
}
