/** Draws a scene on a canvas: edges and boxes always, nodes where no element stands for them. */
import { type Camera, type Rectangle, seen, type Viewport } from "./camera.ts"
import { nodeSize, Way } from "./fold.ts"
import type { Palette } from "./palette.ts"
import { bow, CurveKind, curveKinds, type Scene } from "./scene.ts"

/** How a node looks on the canvas. */
export interface NodePaint {
  readonly label: string
  /** A colour, or `var(--name)`. */
  readonly color: string
  /** A short mark behind the label, such as an arrow for a stale asset. */
  readonly badge?: string | undefined
}

/** How a group looks. */
export interface GroupInfo {
  readonly label: string
  /** A line below the name, such as "12 assets, 2 failed". */
  readonly detail: string
  /** How much of the bar of a folded group has which colour. */
  readonly bar: ReadonlyArray<{ readonly color: string; readonly count: number }>
  /** The tint of its nodes where there are no boxes. */
  readonly color?: string | undefined
}

export interface Frame {
  readonly scene: Scene
  readonly camera: Camera
  readonly viewport: Viewport
  readonly ratio: number
  readonly palette: Palette
  readonly paintOf: (node: number) => NodePaint
  readonly infoOf: (box: number) => GroupInfo
  /** The colour of a node's group, where there are no boxes. */
  readonly tintOf: (node: number) => string | undefined
  /** 1 for nodes, and for boxes, that an element stands for. */
  readonly nodeElements: Uint8Array
  readonly boxElements: Uint8Array
  readonly nodeSelected: Uint8Array
  readonly boxSelected: Uint8Array
  /** 1 for what is pointed at or selected, or holds what is. */
  readonly nodeHot: Uint8Array
  readonly boxHot: Uint8Array
  readonly anyHot: boolean
}

/** Below this scale nodes are blocks of their colour, and edges are straight; and below this one they are hardly more than dots. */
const blocksBelow = 0.2
const dotsBelow = 0.08
/** With so many nodes in sight, there is no text on the canvas. */
const maxLabels = 700
const radius = 8

/** Text that fits into so many pixels, about: measuring each would take longer than drawing it. */
const shortened = (text: string, width: number, size: number): string => {
  const most = Math.floor(width / (size * 0.56))
  if (text.length <= most) return text
  return most < 3 ? "" : `${text.slice(0, most - 1)}…`
}

/** From near as it is; from afar with lines, and from very far without what is between its ends. */
const traceCurve = (context: CanvasRenderingContext2D, scene: Scene, curve: number, scale: number): void => {
  const { points, start, way: ways } = scene.layout.curves
  const [first, last, way] = [start[curve]!, start[curve + 1]!, ways[curve]!]
  let x = points[first]!
  let y = points[first + 1]!
  context.moveTo(x, y)
  if (scale < dotsBelow) {
    context.lineTo(points[last - 2]!, points[last - 1]!)
    return
  }
  for (let at = first + 2; at < last; at += 2) {
    const [toX, toY] = [points[at]!, points[at + 1]!]
    // the second point of a column is on a level with the first one
    if (scale < blocksBelow || (at - first) % 4 === 0) context.lineTo(toX, toY)
    else {
      const out = bow(way, toX - x, toY - y)
      context.bezierCurveTo(x + out, y, way === Way.beside ? toX + out : toX - out, toY, toX, toY)
    }
    x = toX
    y = toY
  }
}

const widthOf = (kind: number): number =>
  kind === CurveKind.acrossMany ? 3.2 : kind === CurveKind.acrossSome ? 2.2 : kind === CurveKind.across ? 1.5 : 1.3

/** Makes the function that draws a frame; what it needs in between is allocated once. */
export const makePainter = (context: CanvasRenderingContext2D): (frame: Frame) => void => {
  let visible = new Int32Array(0)

  const drawBoxes = (frame: Frame, area: Rectangle, open: boolean): void => {
    const { camera: { scale }, palette, scene } = frame
    scene.layout.boxes.forEach((box, index) => {
      if (box.open !== open) return
      if (box.x > area.right || box.x + box.width < area.left || box.y > area.bottom || box.y + box.height < area.top) {
        return
      }
      const selected = frame.boxSelected[index] === 1
      context.beginPath()
      context.roundRect(box.x, box.y, box.width, box.height, open ? 14 : 10)
      context.fillStyle = open ? palette.box : palette.node
      context.fill()
      context.lineWidth = (selected ? 2 : 1) / Math.min(scale, 1)
      context.strokeStyle = selected ? palette.selected : open ? palette.boxBorder : palette.nodeBorder
      context.stroke()
      if (open) return
      const { bar } = frame.infoOf(index)
      const total = bar.reduce((sum, part) => sum + part.count, 0)
      if (total === 0) return
      const [left, width, height] = [box.x + 12, box.width - 24, Math.max(5, Math.min(12, 3 / scale))]
      let before = 0
      for (const part of bar) {
        if (part.count === 0) continue
        context.fillStyle = palette.resolve(part.color)
        context.fillRect(
          left + (width * before) / total,
          box.y + box.height - height - 9,
          Math.max(1, (width * part.count) / total - 1),
          height
        )
        before += part.count
      }
    })
  }

  const drawCurves = (frame: Frame, area: Rectangle, active: boolean, behind?: 0 | 1): void => {
    const { anyHot, boxHot, camera: { scale }, nodeHot, palette, scene } = frame
    const { behind: behinds, bounds, hidden, kinds } = scene
    const { count, from, to } = scene.layout.curves
    const hot = (end: number) => end >= 0 ? nodeHot[end] === 1 : boxHot[~end] === 1
    const thin = scale < dotsBelow ? 0.5 : scale < 0.4 ? 0.7 : 1
    context.strokeStyle = active ? palette.edgeActive : palette.edge
    context.globalAlpha = active ? 1 : anyHot ? 0.35 : scale < dotsBelow && scene.layout.boxes.length === 0 ? 0.6 : 1
    for (const kind of curveKinds) {
      let any = false
      context.beginPath()
      for (let curve = 0; curve < count; curve++) {
        if (kinds[curve] !== kind || (behind !== undefined && behinds[curve] !== behind)) continue
        const at = 4 * curve
        if (
          bounds[at]! > area.right || bounds[at + 2]! < area.left || bounds[at + 1]! > area.bottom ||
          bounds[at + 3]! < area.top
        ) continue
        if ((anyHot && (hot(from[curve]!) || hot(to[curve]!))) !== active) continue
        if (!active && hidden[curve] === 1) continue
        traceCurve(context, scene, curve, scale)
        any = true
      }
      if (!any) continue
      const dashed = kind === CurveKind.dep && scale > 0.3
      if (dashed) context.setLineDash([5, 4])
      context.lineWidth = (widthOf(kind) * (active ? 1.35 : 1) * thin) / Math.min(1, scale)
      context.stroke()
      if (dashed) context.setLineDash([])
    }
    if (scale > 0.4) {
      // where they end
      context.fillStyle = context.strokeStyle
      context.beginPath()
      const { points, start, way } = scene.layout.curves
      for (let curve = 0; curve < count; curve++) {
        const at = start[curve + 1]! - 2
        const [x, y] = [points[at]!, points[at + 1]!]
        if (x < area.left || x > area.right || y < area.top || y > area.bottom) continue
        if (behind !== undefined && behinds[curve] !== behind) continue
        if ((anyHot && (hot(from[curve]!) || hot(to[curve]!))) !== active) continue
        if (!active && hidden[curve] === 1) continue
        context.moveTo(x, y)
        const back = way[curve] === Way.right ? -7 : 7
        context.lineTo(x + back, y - 3.5)
        context.lineTo(x + back, y + 3.5)
      }
      context.fill()
    }
    context.globalAlpha = 1
  }

  /** A margin around each node in the colour of its group. */
  const drawTints = (frame: Frame, count: number): void => {
    const { layout: { x, y } } = frame.scene
    const [width, height] = [nodeSize.width + 12, nodeSize.height + 12]
    context.globalAlpha = 0.14
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      const tint = frame.tintOf(node)
      if (tint === undefined) continue
      context.fillStyle = frame.palette.resolve(tint)
      context.beginPath()
      context.roundRect(x[node]! - width / 2, y[node]! - height / 2, width, height, radius + 5)
      context.fill()
    }
    context.globalAlpha = 1
  }

  const drawBlocks = (frame: Frame, count: number): void => {
    const { layout: { x, y } } = frame.scene
    let color = ""
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      const next = frame.palette.resolve(frame.paintOf(node).color)
      if (next !== color) context.fillStyle = color = next
      context.fillRect(x[node]! - nodeSize.width / 2, y[node]! - nodeSize.height / 2, nodeSize.width, nodeSize.height)
    }
  }

  const drawCards = (frame: Frame, count: number): void => {
    const { camera: { scale }, palette, scene: { layout: { x, y } } } = frame
    const { height, width } = nodeSize
    context.fillStyle = palette.node
    context.strokeStyle = palette.nodeBorder
    context.lineWidth = 1 / Math.min(1, scale)
    context.beginPath()
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      if (frame.nodeElements[node] === 1) continue
      context.roundRect(x[node]! - width / 2, y[node]! - height / 2, width, height, radius)
    }
    context.fill()
    context.stroke()
    const strip = Math.max(4, Math.min(9, 2.5 / scale))
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      if (frame.nodeElements[node] === 1) continue
      context.fillStyle = palette.resolve(frame.paintOf(node).color)
      context.beginPath()
      context.roundRect(x[node]! - width / 2, y[node]! - height / 2, strip, height, [radius, 0, 0, radius])
      context.fill()
    }
    if (count > maxLabels) return
    // of one size on the screen, so that it can still be read
    const size = Math.min(22, Math.max(13, 10 / scale))
    context.font = `500 ${size}px ${palette.font}`
    context.textBaseline = "middle"
    context.textAlign = "left"
    context.fillStyle = palette.text
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      if (frame.nodeElements[node] === 1) continue
      const { badge, label } = frame.paintOf(node)
      const text = shortened(badge === undefined ? label : `${badge} ${label}`, width - strip - 20, size)
      context.fillText(text, x[node]! - width / 2 + strip + 10, y[node]!)
    }
  }

  const drawSelected = (frame: Frame, count: number): void => {
    const { camera: { scale }, palette, scene: { layout: { x, y } } } = frame
    context.strokeStyle = palette.selected
    context.lineWidth = 2 / Math.min(1, scale)
    context.beginPath()
    for (let index = 0; index < count; index++) {
      const node = visible[index]!
      if (frame.nodeSelected[node] === 0 || frame.nodeElements[node] === 1) continue
      context.roundRect(
        x[node]! - nodeSize.width / 2,
        y[node]! - nodeSize.height / 2,
        nodeSize.width,
        nodeSize.height,
        radius
      )
    }
    context.stroke()
  }

  /** The names of boxes that no element stands for, of one size on the screen. */
  const drawBoxLabels = (frame: Frame, area: Rectangle): void => {
    const { camera: { scale, x, y }, palette, scene } = frame
    context.font = `600 11px ${palette.font}`
    context.textBaseline = "top"
    context.textAlign = "left"
    context.fillStyle = palette.text
    scene.layout.boxes.forEach((box, index) => {
      const width = box.width * scale
      if (frame.boxElements[index] === 1 || width < 36 || box.height * scale < 15) return
      if (box.x > area.right || box.x + box.width < area.left || box.y > area.bottom || box.y + box.height < area.top) {
        return
      }
      const text = shortened(frame.infoOf(index).label, width - 6, 11)
      if (text === "") return
      const [left, top] = [box.x * scale + x + 2, box.y * scale + y + 2]
      context.fillStyle = box.open ? palette.box : palette.node
      context.globalAlpha = 0.85
      context.fillRect(left, top, Math.min(width - 4, context.measureText(text).width + 6), 14)
      context.globalAlpha = 1
      context.fillStyle = palette.text
      context.fillText(text, left + 3, top + 2)
    })
  }

  return (frame) => {
    const { camera, ratio, scene, viewport } = frame
    const area = seen(camera, viewport)
    if (visible.length < scene.data.nodes.length) visible = new Int32Array(scene.data.nodes.length)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, Math.ceil(viewport.width * ratio), Math.ceil(viewport.height * ratio))
    const toWorld = () =>
      context.setTransform(camera.scale * ratio, 0, 0, camera.scale * ratio, camera.x * ratio, camera.y * ratio)
    toWorld()
    drawCurves(frame, area, false, 1)
    drawBoxes(frame, area, true)
    drawCurves(frame, area, false, 0)
    if (frame.anyHot) drawCurves(frame, area, true)
    drawBoxes(frame, area, false)
    const count = scene.nodes.within(area.left, area.top, area.right, area.bottom, visible)
    if (camera.scale < blocksBelow) drawBlocks(frame, count)
    else {
      if (scene.layout.boxes.length === 0) drawTints(frame, count)
      drawCards(frame, count)
    }
    drawSelected(frame, count)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    drawBoxLabels(frame, area)
  }
}

/** Draws the whole scene small. */
export const paintMinimap = (
  context: CanvasRenderingContext2D,
  { paintOf, palette, ratio, scene }: Pick<Frame, "paintOf" | "palette" | "ratio" | "scene">,
  camera: Camera,
  viewport: Viewport
): void => {
  const { boxes, x, y } = scene.layout
  const { scale } = camera
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, viewport.width, viewport.height)
  for (const box of boxes) {
    context.fillStyle = box.open ? palette.boxBorder : palette.edge
    context.fillRect(
      box.x * scale + camera.x,
      box.y * scale + camera.y,
      Math.max(1.5, box.width * scale),
      Math.max(1.5, box.height * scale)
    )
  }
  const [width, height] = [Math.max(1, nodeSize.width * scale), Math.max(1, nodeSize.height * scale)]
  let color = ""
  for (let node = 0; node < x.length; node++) {
    if (Number.isNaN(x[node])) continue
    const next = palette.resolve(paintOf(node).color)
    if (next !== color) context.fillStyle = color = next
    context.fillRect(x[node]! * scale + camera.x - width / 2, y[node]! * scale + camera.y - height / 2, width, height)
  }
}
