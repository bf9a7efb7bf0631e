/**
 * What moves: the camera, the pointer, the canvas. It draws at most once a frame and only if something changed; React is told
 * when other nodes come near enough to be elements.
 */
import {
  begin as beginCamera,
  between,
  type Camera,
  centre,
  fit as fitCamera,
  type Rectangle,
  reveal as revealCamera,
  seen,
  type Viewport,
  zoomAt
} from "./camera.ts"
import { type Frame, type GroupInfo, makePainter, type NodePaint, paintMinimap } from "./painter.ts"
import { onThemeChange, readPalette } from "./palette.ts"
import { areaOf, type End, endAt, endOf, endsWithin, nodesOf, type Scene, selectedBoxes } from "./scene.ts"

/** How a selection changes: `replace` it, `add` to it, `toggle` each. */
export type SelectMode = "replace" | "add" | "toggle"

/** What is near enough, in a scene, to be elements. */
export interface Near {
  readonly scene: Scene
  readonly nodes: ReadonlyArray<number>
  readonly boxes: ReadonlyArray<number>
}

export interface Elements {
  readonly root: HTMLElement
  readonly canvas: HTMLCanvasElement
  /** Holds the elements of nodes and boxes, in places of the layout. */
  readonly layer: HTMLElement
  /** The rectangle of a box selection. */
  readonly marquee: HTMLElement
  /** The name of what is pointed at. */
  readonly hint: HTMLElement
  readonly minimap: HTMLElement
  readonly minimapCanvas: HTMLCanvasElement
  readonly minimapView: HTMLElement
}

/** What the engine is told by React. */
export interface Looks {
  readonly selected: ReadonlySet<string>
  readonly paintNode: (id: string) => NodePaint
  readonly groupInfo: (group: string) => GroupInfo
}

export interface Handlers {
  readonly onNear: (near: Near) => void
  readonly onSelect: (ids: ReadonlyArray<string>, mode: SelectMode) => void
  readonly onOpen: (id: string) => void
  readonly onToggleGroup: (group: string) => void
  /** Something was clicked on the canvas. */
  readonly onCursor: (end: End) => void
  readonly onDrawn: (scene: Scene) => void
}

export interface Engine {
  readonly show: (scene: Scene) => void
  readonly look: (looks: Looks) => void
  /** Which elements are there by now. */
  readonly rendered: (near: Near) => void
  readonly zoom: (factor: number) => void
  readonly fit: () => void
  /** Brings something into sight, and near enough to be an element. */
  readonly reveal: (end: End) => void
  /** Puts a node into the middle, once it is there. */
  readonly focus: (id: string) => void
  /** What is in the middle. */
  readonly middle: () => End | undefined
  readonly dispose: () => void
}

/** From this scale on, nodes and boxes are elements: large enough to be hit, 24 pixels. So many of each at most. */
const nodesNear = 0.47
/** From this scale on, a name within a node can be read. */
const readable = 0.6
const boxesNear = 0.24
const maxNodes = 400
const maxBoxes = 250
/** Elements are made for so much more than is seen, as a share of it, so that panning seldom makes new ones. */
const overscan = 0.2
/** So far the pointer may move within a click. */
const slack = 4
const moveMillis = 240
const maxPixels = 9_000_000

const contains = (outer: Rectangle, inner: Rectangle): boolean =>
  inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right && inner.bottom <= outer.bottom

const sameNumbers = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a.length === b.length && a.every((value, at) => value === b[at])

const sameNodes = (a: Scene, b: Scene): boolean =>
  a.data === b.data ||
  (a.data.nodes.length === b.data.nodes.length && a.data.nodes.every(({ id }, at) => id === b.data.nodes[at]!.id))

/** As sharp as the screen, unless that takes too long to draw. */
const pixelRatio = ({ height, width }: Viewport): number =>
  Math.min(devicePixelRatio || 1, 2, Math.max(1, Math.sqrt(maxPixels / Math.max(1, width * height))))

export const makeEngine = (elements: Elements, handlers: Handlers): Engine => {
  const { canvas, hint, layer, marquee, minimap, minimapCanvas, minimapView, root } = elements
  // drawn by the processor: thousands of thin lines take it some milliseconds, and an emulated GPU some seconds
  const context = canvas.getContext("2d", { willReadFrequently: true })
  const minimapContext = minimapCanvas.getContext("2d")
  if (context === null || minimapContext === null) throw new Error("this browser has no canvas")
  const paint = makePainter(context)
  const controller = new AbortController()
  const calm = matchMedia("(prefers-reduced-motion: reduce)")

  let viewport: Viewport = { width: root.clientWidth, height: root.clientHeight }
  let ratio = pixelRatio(viewport)
  let camera: Camera = { scale: 1, x: 0, y: 0 }
  let scene: Scene | undefined
  let looks: Looks | undefined
  let palette = readPalette(root)
  let hovered: End | undefined
  let focusWanted: string | undefined
  let placed = false
  let drawn: Scene | undefined

  let dirty = false
  let frameRequest = 0
  let motion: { readonly from: Camera; readonly to: Camera; readonly start: number } | undefined
  let minimapDirty = false
  let minimapCamera: Camera = camera
  let minimapSize: Viewport = { width: 0, height: 0 }

  let paints: Array<NodePaint | undefined> = []
  let infos: Array<GroupInfo | undefined> = []
  let tints = new Map<string, string | undefined>()
  let nodeElements = new Uint8Array(0)
  let boxElements = new Uint8Array(0)
  let nodeSelected = new Uint8Array(0)
  let boxSelected: Uint8Array = new Uint8Array(0)
  let nodeHot = new Uint8Array(0)
  let boxHot = new Uint8Array(0)
  let anyHot = false
  let near: Near | undefined
  let nearArea: Rectangle | undefined
  let nearKind = -1
  let found = new Int32Array(0)

  // ------------------------------------------------------------------------------------------------ what is drawn

  const paintOf = (node: number): NodePaint => paints[node] ??= looks!.paintNode(scene!.data.nodes[node]!.id)
  const infoOf = (box: number): GroupInfo => infos[box] ??= looks!.groupInfo(scene!.layout.boxes[box]!.group)
  const tintOf = (node: number): string | undefined => {
    const group = scene!.data.nodes[node]!.group
    if (group === undefined) return undefined
    if (!tints.has(group)) tints.set(group, looks!.groupInfo(group).color)
    return tints.get(group)
  }

  const invalidate = (): void => {
    dirty = true
    if (frameRequest === 0) frameRequest = requestAnimationFrame(tick)
  }

  const markHot = (): void => {
    if (scene === undefined) return
    const { boxOf } = scene.layout
    nodeHot.set(nodeSelected)
    boxHot.fill(0)
    anyHot = false
    nodeSelected.forEach((selected, node) => {
      if (selected === 0) return
      anyHot = true
      if (boxOf[node]! >= 0) boxHot[boxOf[node]!] = 1
    })
    if (hovered !== undefined) {
      anyHot = true
      if (hovered >= 0) nodeHot[hovered] = 1
      else boxHot[~hovered] = 1
    }
  }

  const markSelected = (): void => {
    if (scene === undefined || looks === undefined) return
    nodeSelected.fill(0)
    for (const id of looks.selected) {
      const node = scene.indexOf.get(id)
      if (node !== undefined) nodeSelected[node] = 1
    }
    boxSelected = selectedBoxes(scene, (node) => nodeSelected[node] === 1)
    markHot()
  }

  const findNear = (scene: Scene, area: Rectangle): Near => {
    const [moreX, moreY] = [(area.right - area.left) * overscan, (area.bottom - area.top) * overscan]
    const wide = {
      left: area.left - moreX,
      top: area.top - moreY,
      right: area.right + moreX,
      bottom: area.bottom + moreY
    }
    nearArea = wide
    let nodes: ReadonlyArray<number> = []
    if (camera.scale >= nodesNear) {
      const count = scene.nodes.within(wide.left, wide.top, wide.right, wide.bottom, found)
      if (count <= maxNodes) nodes = Array.from(found.subarray(0, count)).sort((a, b) => a - b)
      else {
        const fewer = scene.nodes.within(area.left, area.top, area.right, area.bottom, found)
        if (fewer <= maxNodes) nodes = Array.from(found.subarray(0, fewer)).sort((a, b) => a - b)
        // to be looked at again with the next frame
        nearArea = undefined
      }
    }
    let boxes: Array<number> = []
    if (camera.scale >= boxesNear) {
      scene.layout.boxes.forEach((box, index) => {
        if (
          box.x <= wide.right && box.x + box.width >= wide.left && box.y <= wide.bottom &&
          box.y + box.height >= wide.top
        ) boxes.push(index)
      })
      if (boxes.length > maxBoxes) boxes = []
    }
    // what has the keyboard stays, so that it does not lose it
    const end = document.activeElement instanceof HTMLElement && layer.contains(document.activeElement)
      ? Number(document.activeElement.dataset.end ?? NaN)
      : NaN
    if (end >= 0 && end < scene.data.nodes.length && !Number.isNaN(scene.layout.x[end]) && !nodes.includes(end)) {
      nodes = [...nodes, end].sort((a, b) => a - b)
    }
    if (end < 0 && ~end < scene.layout.boxes.length && !boxes.includes(~end)) boxes.push(~end)
    return { scene, nodes, boxes }
  }

  const updateNear = (): void => {
    if (scene === undefined) return
    const area = seen(camera, viewport)
    const kind = (camera.scale >= nodesNear ? 1 : 0) + (camera.scale >= boxesNear ? 2 : 0)
    // much nearer than before, there are fewer elements to have
    const isCovered = near?.scene === scene && kind === nearKind && nearArea !== undefined &&
      contains(nearArea, area) &&
      area.right - area.left > 0.4 * (nearArea.right - nearArea.left)
    if (isCovered) return
    nearKind = kind
    const next = findNear(scene, area)
    if (near?.scene === scene && sameNumbers(near.nodes, next.nodes) && sameNumbers(near.boxes, next.boxes)) return
    near = next
    handlers.onNear(next)
  }

  /** Text of boxes keeps a size that can be read, as far as it has the space. */
  let pixel = 0
  const placeLayer = (): void => {
    layer.style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`
    const step = Math.min(1 / boxesNear, Math.max(1, Math.ceil(10 / camera.scale) / 10))
    if (step === pixel) return
    pixel = step
    const textScale = Math.min(2.4, Math.max(1, 0.75 * step))
    layer.style.setProperty("--graph-text-scale", textScale.toFixed(2))
    layer.style.setProperty("--graph-pixel", `${pixel}px`)
    layer.dataset.small = pixel > 2.1 ? "true" : "false"
  }

  const drawMinimap = (frame: Frame): void => {
    const { height, shown, width, boxes } = frame.scene.layout
    const wanted = shown + boxes.length > 8 && !contains(seen(camera, viewport), whole())
    minimap.style.display = wanted ? "" : "none"
    if (!wanted) return
    const [most, mostHigh] = [184, 124]
    const scale = Math.min((most - 12) / Math.max(1, width), (mostHigh - 12) / Math.max(1, height))
    if (minimapDirty) {
      minimapDirty = false
      minimapSize = { width: most, height: Math.max(36, Math.ceil(height * scale + 12)) }
      minimapCamera = centre(width / 2, height / 2, scale, minimapSize)
      minimap.style.width = `${minimapSize.width}px`
      minimap.style.height = `${minimapSize.height}px`
      minimapCanvas.width = Math.round(minimapSize.width * ratio)
      minimapCanvas.height = Math.round(minimapSize.height * ratio)
      paintMinimap(minimapContext, frame, minimapCamera, minimapSize)
    }
    const area = seen(camera, viewport)
    const [left, top] = [area.left * scale + minimapCamera.x, area.top * scale + minimapCamera.y]
    minimapView.style.transform = `translate(${left}px, ${top}px)`
    minimapView.style.width = `${Math.max(4, (area.right - area.left) * scale)}px`
    minimapView.style.height = `${Math.max(4, (area.bottom - area.top) * scale)}px`
  }

  const draw = (): void => {
    if (scene === undefined || looks === undefined || viewport.width === 0 || viewport.height === 0) return
    if (!placed) place()
    updateNear()
    placeLayer()
    const frame: Frame = {
      scene,
      camera,
      viewport,
      ratio,
      palette,
      paintOf,
      infoOf,
      tintOf,
      nodeElements,
      boxElements,
      nodeSelected,
      boxSelected,
      nodeHot,
      boxHot,
      anyHot
    }
    paint(frame)
    drawMinimap(frame)
    if (drawn !== scene) {
      drawn = scene
      handlers.onDrawn(scene)
    }
  }

  const tick = (now: number): void => {
    frameRequest = 0
    if (motion !== undefined) {
      const share = Math.min(1, Math.max(0, (now - motion.start) / moveMillis))
      camera = share === 1 ? motion.to : between(motion.from, motion.to, 1 - (1 - share) ** 3, viewport)
      if (share === 1) motion = undefined
      dirty = true
    }
    if (dirty) {
      dirty = false
      draw()
    }
    if (motion !== undefined) invalidate()
  }

  // ------------------------------------------------------------------------------------------------ the camera

  const setCamera = (next: Camera): void => {
    motion = undefined
    camera = next
    invalidate()
  }

  const moveTo = (next: Camera): void => {
    if (calm.matches || !placed) return setCamera(next)
    motion = { from: camera, to: next, start: performance.now() }
    invalidate()
  }

  const whole = (): Rectangle => ({
    left: 0,
    top: 0,
    right: scene?.layout.width ?? 0,
    bottom: scene?.layout.height ?? 0
  })

  const centreOf = (end: End, scale: number): Camera => {
    const area = areaOf(scene!, end)
    return centre((area.left + area.right) / 2, (area.top + area.bottom) / 2, scale, viewport)
  }

  const focusNow = (move: boolean): boolean => {
    const node = focusWanted === undefined ? undefined : scene?.indexOf.get(focusWanted)
    if (node === undefined || viewport.width === 0) return false
    focusWanted = undefined
    const next = centreOf(endOf(scene!, node), Math.max(camera.scale, 1))
    if (move) moveTo(next)
    else setCamera(next)
    return true
  }

  /** Where the camera is to begin with. */
  const place = (): void => {
    placed = true
    const shown = scene?.layout.shown ?? 0
    // names of groups can be read from farther away, and of a large graph an overview is wanted
    camera = shown > 0 && shown <= 100 ? beginCamera(whole(), viewport, readable) : fitCamera(whole(), viewport)
    focusNow(false)
  }

  const reveal = (end: End): void => {
    if (scene === undefined) return
    const isNear = camera.scale >= (end >= 0 ? nodesNear : boxesNear)
    moveTo(isNear ? revealCamera(motion?.to ?? camera, areaOf(scene, end), viewport) : centreOf(end, 0.9))
  }

  /** After groups opened or closed: what was opened stays where it is, and is seen as a whole. */
  const follow = (before: Scene, after: Scene): void => {
    const wasOpen = new Map(before.layout.boxes.map((box, index) => [box.group, { box, index }]))
    const changed = after.layout.boxes.flatMap((box, index) => {
      const old = wasOpen.get(box.group)
      return old === undefined || old.box.open === box.open ? [] : [{ box, index, old: old.box }]
    })
    const [only] = changed
    if (only === undefined) return
    if (changed.length > 1) return moveTo(fitCamera(whole(), viewport))
    const { box, old } = only
    const scale = camera.scale
    // its upper right corner is where it is pressed
    camera = {
      scale,
      x: camera.x + (box.open ? old.x - box.x : old.x + old.width / 2 - box.x - box.width / 2) * scale,
      y: camera.y + (old.y - box.y) * scale
    }
    motion = undefined
    if (!box.open) return invalidate()
    const area = areaOf(after, ~only.index)
    const nearer = fitCamera(area, viewport, 56)
    if (scale < nodesNear && nearer.scale > scale) return moveTo(nearer)
    moveTo(revealCamera(camera, area, viewport, 32))
  }

  // ------------------------------------------------------------------------------------------------ the pointer

  const local = (event: MouseEvent): readonly [number, number] => {
    const { left, top } = root.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top]
  }
  const toLayout = (x: number, y: number): readonly [number, number] => [
    (x - camera.x) / camera.scale,
    (y - camera.y) / camera.scale
  ]
  const isChrome = (target: EventTarget | null): boolean =>
    target instanceof Element && target.closest("[data-graph-chrome]") !== null
  const isToggle = (target: EventTarget | null): boolean =>
    target instanceof Element && target.closest("[data-graph-toggle]") !== null
  const idsOf = (ends: ReadonlyArray<End>): ReadonlyArray<string> =>
    nodesOf(scene!, ends).map((node) => scene!.data.nodes[node]!.id)
  /** What an event is about: an element, or what is drawn there. */
  const endFor = (event: MouseEvent): End | undefined => {
    if (scene === undefined) return undefined
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-end]") : null
    const end = element?.dataset.end
    if (end !== undefined) return Number(end)
    return endAt(scene, ...toLayout(...local(event)))
  }

  const point = (end: End | undefined, x: number, y: number): void => {
    if (end !== hovered) {
      hovered = end
      root.style.cursor = end === undefined ? "" : "pointer"
      markHot()
      invalidate()
    }
    const isDrawn = end !== undefined && (end >= 0 ? nodeElements[end] !== 1 : boxElements[~end] !== 1)
    hint.style.display = isDrawn ? "" : "none"
    if (!isDrawn || looks === undefined) return
    const text = end >= 0 ? paintOf(end).label : `${infoOf(~end).label} (${infoOf(~end).detail})`
    if (hint.textContent !== text) hint.textContent = text
    hint.style.transform = `translate(${Math.min(x + 14, viewport.width - 240)}px, ${y + 16}px)`
  }

  interface Drag {
    readonly kind: "pending" | "pan" | "box" | "pinch"
    readonly startX: number
    readonly startY: number
    readonly shift: boolean
    x: number
    y: number
  }
  let drag: Drag | undefined
  let moved = false
  const pointers = new Map<number, readonly [number, number]>()
  const pinchOf = (): readonly [x: number, y: number, distance: number] => {
    const [[ax, ay], [bx, by]] = [...pointers.values()] as unknown as [[number, number], [number, number]] // there are two
    return [(ax + bx) / 2, (ay + by) / 2, Math.max(1, Math.hypot(ax - bx, ay - by))]
  }
  let pinch = [0, 0, 1] as readonly [number, number, number]

  const onPointerDown = (event: PointerEvent): void => {
    moved = false
    if (isChrome(event.target) || event.button > 1) return
    if (event.button === 1) event.preventDefault()
    const [x, y] = local(event)
    pointers.set(event.pointerId, [x, y])
    motion = undefined
    if (pointers.size === 2) {
      pinch = pinchOf()
      drag = { kind: "pinch", startX: x, startY: y, shift: false, x, y }
      moved = true
    } else drag = { kind: "pending", startX: x, startY: y, shift: event.shiftKey, x, y }
  }

  const onPointerMove = (event: PointerEvent): void => {
    const [x, y] = local(event)
    if (drag === undefined || !pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") point(isChrome(event.target) ? undefined : endFor(event), x, y)
      return
    }
    pointers.set(event.pointerId, [x, y])
    if (drag.kind === "pinch") {
      if (pointers.size < 2) return
      const next = pinchOf()
      const zoomed = zoomAt(camera, next[2] / pinch[2], pinch[0], pinch[1])
      setCamera({ scale: zoomed.scale, x: zoomed.x + next[0] - pinch[0], y: zoomed.y + next[1] - pinch[1] })
      pinch = next
      return
    }
    if (drag.kind === "pending") {
      if (Math.hypot(x - drag.startX, y - drag.startY) < slack) return
      drag = { ...drag, kind: drag.shift ? "box" : "pan" }
      moved = true
      root.setPointerCapture(event.pointerId)
      point(undefined, x, y)
      root.style.cursor = drag.kind === "box" ? "crosshair" : "grabbing"
    }
    if (drag.kind === "pan") setCamera({ ...camera, x: camera.x + x - drag.x, y: camera.y + y - drag.y })
    else {
      marquee.style.display = ""
      marquee.style.transform = `translate(${Math.min(x, drag.startX)}px, ${Math.min(y, drag.startY)}px)`
      marquee.style.width = `${Math.abs(x - drag.startX)}px`
      marquee.style.height = `${Math.abs(y - drag.startY)}px`
    }
    drag.x = x
    drag.y = y
  }

  const onPointerUp = (event: PointerEvent): void => {
    pointers.delete(event.pointerId)
    const ended = drag
    drag = undefined
    marquee.style.display = "none"
    if (ended === undefined || ended.kind === "pending") return
    root.style.cursor = ""
    if (ended.kind !== "box" || scene === undefined || event.type === "pointercancel") return
    const [left, top] = toLayout(Math.min(ended.x, ended.startX), Math.min(ended.y, ended.startY))
    const [right, bottom] = toLayout(Math.max(ended.x, ended.startX), Math.max(ended.y, ended.startY))
    const ids = idsOf(endsWithin(scene, { left, top, right, bottom }))
    if (ids.length > 0) handlers.onSelect(ids, "add")
  }

  /** What was selected before the click that may become a double click. */
  let selectedBefore: ReadonlySet<string> = new Set()

  const onClick = (event: MouseEvent): void => {
    if (isChrome(event.target) || scene === undefined) return
    const end = endFor(event)
    if (isToggle(event.target)) {
      if (end !== undefined && end < 0) handlers.onToggleGroup(scene.layout.boxes[~end]!.group)
      return
    }
    const more = event.shiftKey || event.ctrlKey || event.metaKey
    if (end === undefined) {
      if (event.detail <= 1) selectedBefore = new Set()
      if (!more && looks !== undefined && looks.selected.size > 0) handlers.onSelect([], "replace")
      return
    }
    if (event.detail <= 1) selectedBefore = looks?.selected ?? new Set()
    handlers.onCursor(end)
    handlers.onSelect(idsOf([end]), more ? "toggle" : "replace")
  }

  const onDoubleClick = (event: MouseEvent): void => {
    if (isChrome(event.target) || isToggle(event.target) || scene === undefined) return
    const end = endFor(event) ?? endAt(scene, ...toLayout(...local(event)), true)
    if (end === undefined) return
    if (end >= 0) return handlers.onOpen(scene.data.nodes[end]!.id)
    // its first click has selected the group, which was not meant
    handlers.onSelect([...selectedBefore], "replace")
    handlers.onToggleGroup(scene.layout.boxes[~end]!.group)
  }

  const onWheel = (event: WheelEvent): void => {
    if (isChrome(event.target)) return
    event.preventDefault()
    const [x, y] = local(event)
    const pixels = event.deltaMode === 1 ? event.deltaY * 18 : event.deltaMode === 2 ? event.deltaY * 400 : event.deltaY
    // a pinch on a trackpad comes as a wheel with ctrl, in small steps
    const factor = Math.exp(-Math.max(-240, Math.min(240, pixels)) * (event.ctrlKey ? 0.01 : 0.0022))
    setCamera(zoomAt(camera, factor, x, y))
    point(undefined, x, y)
  }

  const onMinimap = (event: PointerEvent): void => {
    if (event.buttons === 0) return
    event.preventDefault()
    minimap.setPointerCapture(event.pointerId)
    const { left, top } = minimap.getBoundingClientRect()
    setCamera(centre(
      (event.clientX - left - minimapCamera.x) / minimapCamera.scale,
      (event.clientY - top - minimapCamera.y) / minimapCamera.scale,
      camera.scale,
      viewport
    ))
  }

  const resize = (): void => {
    const next = { width: root.clientWidth, height: root.clientHeight }
    if (placed && viewport.width > 0 && next.width > 0) {
      // what is in the middle stays there
      camera = {
        scale: camera.scale,
        x: camera.x + (next.width - viewport.width) / 2,
        y: camera.y + (next.height - viewport.height) / 2
      }
    }
    viewport = next
    ratio = pixelRatio(viewport)
    canvas.width = Math.round(viewport.width * ratio)
    canvas.height = Math.round(viewport.height * ratio)
    minimapDirty = true
    nearArea = undefined
    // a canvas that has changed its size is empty until it is drawn
    dirty = false
    draw()
  }

  const { signal } = controller
  root.addEventListener("pointerdown", onPointerDown, { signal })
  root.addEventListener("pointermove", onPointerMove, { signal })
  root.addEventListener("pointerup", onPointerUp, { signal })
  root.addEventListener("pointercancel", onPointerUp, { signal })
  root.addEventListener("pointerleave", () => {
    if (drag === undefined) point(undefined, 0, 0)
  }, { signal })
  // the end of a drag is not a click
  root.addEventListener("click", (event) => {
    if (!moved || event.detail === 0) return
    moved = false
    event.stopPropagation()
    event.preventDefault()
  }, { signal, capture: true })
  root.addEventListener("click", onClick, { signal })
  root.addEventListener("dblclick", onDoubleClick, { signal })
  root.addEventListener("wheel", onWheel, { signal, passive: false })
  // what is scrolled into view, by a screen reader for one, is moved there by the camera
  root.addEventListener("scroll", () => {
    const { scrollLeft, scrollTop } = root
    if (scrollLeft === 0 && scrollTop === 0) return
    root.scrollTo(0, 0)
    setCamera({ scale: camera.scale, x: camera.x - scrollLeft, y: camera.y - scrollTop })
  }, { signal })
  layer.addEventListener("focusin", (event) => {
    const end = event.target instanceof HTMLElement ? event.target.dataset.end : undefined
    if (end !== undefined && scene !== undefined && near?.scene === scene && !moved && pointers.size === 0) {
      reveal(Number(end))
    }
  }, { signal })
  minimap.addEventListener("pointerdown", onMinimap, { signal })
  minimap.addEventListener("pointermove", onMinimap, { signal })
  const observer = new ResizeObserver(resize)
  observer.observe(root)
  const forgetTheme = onThemeChange(() => {
    palette = readPalette(root)
    minimapDirty = true
    invalidate()
  })

  return {
    show: (next) => {
      const before = scene
      scene = next
      const nodes = next.data.nodes.length
      const boxes = next.layout.boxes.length
      paints = new Array(nodes)
      infos = new Array(boxes)
      nodeElements = new Uint8Array(nodes)
      boxElements = new Uint8Array(boxes)
      nodeSelected = new Uint8Array(nodes)
      nodeHot = new Uint8Array(nodes)
      boxHot = new Uint8Array(boxes)
      found = new Int32Array(nodes)
      hovered = undefined
      hint.style.display = "none"
      minimapDirty = true
      markSelected()
      if (before === undefined) placed = false
      else if (!sameNodes(before, next) || (before.layout.boxes.length === 0) !== (next.layout.boxes.length === 0)) {
        placed = false
        motion = undefined
      } else follow(before, next)
      if (placed) focusNow(true)
      invalidate()
    },
    look: (next) => {
      const before = looks
      looks = next
      if (before?.paintNode !== next.paintNode || before.groupInfo !== next.groupInfo) {
        paints = new Array(paints.length)
        infos = new Array(infos.length)
        tints = new Map()
        minimapDirty = true
      }
      if (before?.selected !== next.selected) markSelected()
      invalidate()
    },
    rendered: (rendered) => {
      if (rendered.scene !== scene) return
      nodeElements.fill(0)
      boxElements.fill(0)
      for (const node of rendered.nodes) nodeElements[node] = 1
      for (const box of rendered.boxes) boxElements[box] = 1
      invalidate()
    },
    zoom: (factor) => moveTo(zoomAt(motion?.to ?? camera, factor, viewport.width / 2, viewport.height / 2)),
    fit: () => moveTo(fitCamera(whole(), viewport)),
    reveal,
    focus: (id) => {
      focusWanted = id
      if (placed && focusNow(true)) invalidate()
    },
    middle: () => {
      if (scene === undefined) return undefined
      const [x, y] = toLayout(viewport.width / 2, viewport.height / 2)
      const end = endAt(scene, x, y)
      if (end !== undefined) return end
      const node = scene.nodes.nearest(x, y)
      if (node >= 0) return node
      let best: End | undefined
      let least = Infinity
      scene.layout.boxes.forEach((box, index) => {
        const distance = Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y)
        if (distance < least) [best, least] = [~index, distance]
      })
      return best
    },
    dispose: () => {
      controller.abort()
      observer.disconnect()
      forgetTheme()
      cancelAnimationFrame(frameRequest)
    }
  }
}
