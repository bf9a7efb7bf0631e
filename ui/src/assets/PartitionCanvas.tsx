/** Partitions as pictures: a strip of one dimension, and a grid of two. They are canvases, so that 100,000 cost as few. */
import { Minus, Plus, RotateCcw } from "lucide-react"
import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from "react"
import { IconButton, lookOf, toneProperty } from "../kit/index.ts"
import {
  type Axes,
  expandStates,
  indexAt,
  indexInPlane,
  isInRange,
  panView,
  partitionStates,
  pixelStates,
  type Plane,
  positionOf,
  rangeBetween,
  stateAt,
  unknownState,
  type View,
  worstInRow,
  zoomView
} from "./partitions.ts"

/** Partitions that are selected: the first and the last one, and of a product what is between them in each dimension. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Props of a picture of partitions. */
export interface PictureProps {
  readonly axes: Axes
  readonly range: Range | undefined
  readonly onRange: (range: Range) => void
  readonly onHover: (index: number | undefined) => void
  /** What screen readers are told of a partition. */
  readonly describe: (index: number) => string
}

/** How much of its place a state fills: states differ in height, not in colour alone. */
const heights: { readonly [state in (typeof partitionStates)[number]]: number } = {
  Failed: 1,
  Running: 0.85,
  Missing: 0.3,
  Stale: 0.62,
  Fresh: 1
}

const useTheme = (): number => {
  const [version, setVersion] = useState(0)
  useEffect(() => {
    const observer = new MutationObserver(() => setVersion((before) => before + 1))
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] })
    return () => observer.disconnect()
  }, [])
  return version
}

const palette = () => {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(name).trim()
  return {
    states: partitionStates.map((state) => color(toneProperty(lookOf(state).tone))),
    unknown: color("--surface-3"),
    accent: color("--accent"),
    text: color("--text-2"),
    surface: color("--surface"),
    font: style.getPropertyValue("--font-mono").trim() || "monospace"
  }
}

const useWidth = () => {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [ref, width] as const
}

const prepare = (canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null => {
  const ratio = Math.min(3, devicePixelRatio || 1)
  canvas.width = Math.max(1, Math.round(width * ratio))
  canvas.height = Math.max(1, Math.round(height * ratio))
  const context = canvas.getContext("2d")
  context?.setTransform(ratio, 0, 0, ratio, 0, 0)
  return context
}

/** Moving and extending by keys, the same for both pictures. */
const keyMove = (event: KeyboardEvent, columns: number): number | "first" | "last" | undefined => {
  switch (event.key) {
    case "ArrowLeft":
      return -1
    case "ArrowRight":
      return 1
    case "ArrowUp":
      return -columns
    case "ArrowDown":
      return columns
    case "PageUp":
      return -10 * columns
    case "PageDown":
      return 10 * columns
    case "Home":
      return "first"
    case "End":
      return "last"
    default:
      return undefined
  }
}

const stripHeight = 44
const lane = 6

/** The strip of a set of one dimension: drag to select, wheel with Ctrl to zoom, arrow keys to move. */
export const Strip = ({ axes, describe, onHover, onRange, range }: PictureProps) => {
  const { stretches, total } = axes
  const [ref, width] = useWidth()
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const [chosen, setChosen] = useState<View>()
  // a set that grew is shown whole, unless a part of it was chosen
  const view = chosen !== undefined && chosen.to <= total ? chosen : { from: 0, to: total }
  const [cursor, setCursor] = useState(0)
  const anchor = useRef<number>(undefined)
  const whole = view.from === 0 && view.to === total

  useEffect(() => {
    const element = canvas.current
    if (element === null || width === 0) return
    const context = prepare(element, width, stripHeight)
    if (context === null) return
    const { accent, states: colors, unknown } = palette()
    context.clearRect(0, 0, width, stripHeight)
    const pixels = pixelStates(stretches, view, width)
    const gap = width / (view.to - view.from) >= 6 ? 1 : 0
    const paint = (from: number, to: number, rank: number) => {
      const state = partitionStates[rank]
      const room = stripHeight - lane
      const height = Math.round(room * (state === undefined ? 0.15 : heights[state]))
      context.fillStyle = colors[rank] ?? unknown
      context.fillRect(from, stripHeight - height, to - from, height)
      // what needs a look has a mark above it, however narrow it is
      if (state === "Failed" || state === "Running") context.fillRect(from - 1, 0, Math.max(3, to - from), lane - 2)
    }
    let from = 0
    for (let x = 1; x <= pixels.length; x++) {
      if (x < pixels.length && pixels[x] === pixels[from]) continue
      paint(from, x, pixels[from] ?? unknownState)
      from = x
    }
    if (gap > 0) {
      for (let index = view.from + 1; index < view.to; index++) {
        context.clearRect(Math.round(positionOf(view, index, width)) - 0.5, lane, gap, stripHeight)
      }
    }
    if (range !== undefined) {
      const left = positionOf(view, range.from, width)
      const right = positionOf(view, range.to + 1, width)
      context.fillStyle = accent
      context.globalAlpha = 0.16
      context.fillRect(left, 0, right - left, stripHeight)
      context.globalAlpha = 1
      context.strokeStyle = accent
      context.lineWidth = 2
      context.strokeRect(left + 1, 1, Math.max(1, right - left - 2), stripHeight - 2)
    }
    // colours change with the theme
    // oxlint-disable-next-line react/exhaustive-deps
  }, [stretches, view.from, view.to, width, range?.from, range?.to, theme])

  const place = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect()
    return indexAt(view, event.clientX - box.left, box.width)
  }
  const zoom = (factor: number, about: number) => setChosen(zoomView(view, factor, about, total))

  // wheel listeners of React are passive: they cannot keep the page from zooming
  const wheel = useRef<(event: WheelEvent) => void>(undefined)
  wheel.current = (event) => {
    if (canvas.current === null) return
    const box = canvas.current.getBoundingClientRect()
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      zoom(Math.exp(-event.deltaY / 200), indexAt(view, event.clientX - box.left, box.width))
      return
    }
    const by = event.shiftKey ? event.deltaY : event.deltaX
    if (by === 0 || whole) return
    event.preventDefault()
    const step = Math.round((by / Math.max(1, box.width)) * (view.to - view.from))
    setChosen(panView(view, step === 0 ? Math.sign(by) : step, total))
  }
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const listen = (event: WheelEvent) => wheel.current?.(event)
    element.addEventListener("wheel", listen, { passive: false })
    return () => element.removeEventListener("wheel", listen)
  }, [])

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "+" || event.key === "-") {
      event.preventDefault()
      zoom(event.key === "+" ? 2 : 0.5, cursor)
      return
    }
    const move = keyMove(event, 1)
    if (move === undefined && event.key !== "Enter" && event.key !== " ") return
    event.preventDefault()
    const next = move === undefined
      ? cursor
      : move === "first"
      ? 0
      : move === "last"
      ? total - 1
      : Math.max(0, Math.min(total - 1, cursor + move))
    setCursor(next)
    onHover(next)
    if (next < view.from || next >= view.to) {
      setChosen(panView(view, next < view.from ? next - view.from : next - view.to + 1, total))
    }
    if (event.shiftKey) {
      anchor.current ??= cursor
      onRange(rangeBetween(axes, anchor.current, next))
    } else {
      anchor.current = next
      onRange({ from: next, to: next })
    }
  }

  return (
    <div className="flex min-w-0 items-start gap-2">
      <div ref={ref} className="min-w-0 flex-1">
        <canvas
          ref={canvas}
          role="slider"
          tabIndex={0}
          aria-label="Partitions: arrow keys move, Shift selects a range, plus and minus zoom"
          aria-valuemin={0}
          aria-valuemax={Math.max(0, total - 1)}
          aria-valuenow={cursor}
          aria-valuetext={describe(cursor)}
          style={{ width: "100%", height: stripHeight }}
          className="block cursor-crosshair touch-pan-y rounded-sm"
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            if (event.button !== 0) return
            event.currentTarget.setPointerCapture(event.pointerId)
            const index = place(event)
            anchor.current = event.shiftKey && range !== undefined ? range.from : index
            setCursor(index)
            onRange(rangeBetween(axes, anchor.current, index))
          }}
          onPointerMove={(event) => {
            const index = place(event)
            onHover(index)
            if (anchor.current !== undefined && event.buttons === 1) onRange(rangeBetween(axes, anchor.current, index))
          }}
          onPointerLeave={() => onHover(undefined)}
        />
      </div>
      <div className="flex flex-col sm:flex-row">
        <IconButton
          icon={Plus}
          label="Zoom in"
          size="sm"
          onClick={() => zoom(2, range?.from ?? (view.from + view.to) / 2)}
        />
        <IconButton
          icon={Minus}
          label="Zoom out"
          size="sm"
          disabled={whole}
          onClick={() => zoom(0.5, range?.from ?? (view.from + view.to) / 2)}
        />
        <IconButton icon={RotateCcw} label="Show all" size="sm" disabled={whole} onClick={() => setChosen(undefined)} />
      </div>
    </div>
  )
}

const labelWidth = 112
const rowSize = 18
const most = 420

/** The grid of two dimensions: drag to select a block of it. */
export const Grid = (
  { axes, columnLabels, describe, onHover, onRange, plane, range, rowLabel }: PictureProps & {
    readonly plane: Plane
    readonly rowLabel: (row: number) => string
    readonly columnLabels: ReactNode
  }
) => {
  const { stretches, total } = axes
  const [ref, outer] = useWidth()
  const canvas = useRef<HTMLCanvasElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const theme = useTheme()
  const [top, setTop] = useState(0)
  const [cursor, setCursor] = useState(() => indexInPlane(axes, plane, 0, 0))
  const anchor = useRef<number>(undefined)
  const states = useMemo(() => expandStates(stretches, total), [stretches, total])
  const columns = axes.dimensions[plane.x]!.size
  const rows = axes.dimensions[plane.y]!.size
  const labels = outer < 480 ? 72 : labelWidth
  const width = Math.max(0, outer - labels - 14)
  const cell = Math.min(rowSize, width / Math.max(1, columns))
  const drawn = Math.max(1, Math.min(width, Math.floor(cell * columns)))
  const height = Math.min(most, rows * rowSize)

  useEffect(() => {
    const element = canvas.current
    if (element === null || width === 0) return
    const context = prepare(element, labels + width, height)
    if (context === null) return
    const { accent, font, states: colors, text, unknown } = palette()
    context.clearRect(0, 0, labels + width, height)
    context.font = `11px ${font}`
    context.textBaseline = "middle"
    const first = Math.floor(top / rowSize)
    const pixels = cell >= 2 ? columns : drawn
    const size = drawn / pixels
    const gap = size >= 5 ? 1 : 0
    for (let row = first; row < rows && (row - first) * rowSize < height + rowSize; row++) {
      const y = row * rowSize - top
      context.fillStyle = text
      context.fillText(fitText(context, rowLabel(row), labels - 8), 0, y + rowSize / 2)
      for (let pixel = 0; pixel < pixels; pixel++) {
        const from = pixels === columns ? pixel : Math.floor((pixel * columns) / pixels)
        const to = pixels === columns ? pixel + 1 : Math.max(from + 1, Math.ceil(((pixel + 1) * columns) / pixels))
        const rank = worstInRow(axes, plane, states, row, from, to)
        const state = partitionStates[rank]
        const room = rowSize - 2
        const tall = Math.max(3, Math.round(room * (state === undefined ? 0.15 : heights[state])))
        context.fillStyle = colors[rank] ?? unknown
        context.fillRect(labels + pixel * size, y + 1 + room - tall, Math.max(1, size - gap), tall)
      }
    }
    if (range !== undefined) {
      context.strokeStyle = accent
      context.lineWidth = 2
      for (let row = first; row < rows && (row - first) * rowSize < height + rowSize; row++) {
        for (let column = 0; column < columns; column++) {
          const inside = (x: number, y: number) =>
            x >= 0 && y >= 0 && x < columns && y < rows && isInRange(axes, range, indexInPlane(axes, plane, x, y))
          if (!inside(column, row)) continue
          const left = labels + column * (drawn / columns)
          const right = left + drawn / columns
          const y = row * rowSize - top
          context.beginPath()
          if (!inside(column - 1, row)) {
            context.moveTo(left, y)
            context.lineTo(left, y + rowSize)
          }
          if (!inside(column + 1, row)) {
            context.moveTo(right - gap, y)
            context.lineTo(right - gap, y + rowSize)
          }
          if (!inside(column, row - 1)) {
            context.moveTo(left, y)
            context.lineTo(right - gap, y)
          }
          if (!inside(column, row + 1)) {
            context.moveTo(left, y + rowSize)
            context.lineTo(right - gap, y + rowSize)
          }
          context.stroke()
        }
      }
    }
    // colours change with the theme
    // oxlint-disable-next-line react/exhaustive-deps
  }, [
    axes,
    states,
    plane,
    width,
    height,
    top,
    range?.from,
    range?.to,
    theme,
    columns,
    rows,
    cell,
    drawn,
    labels,
    rowLabel
  ])

  const place = (event: PointerEvent<HTMLElement>): number | undefined => {
    const box = event.currentTarget.getBoundingClientRect()
    const column = Math.floor(((event.clientX - box.left - labels) / drawn) * columns)
    const row = Math.floor((event.clientY - box.top + top) / rowSize)
    return column < 0 || column >= columns || row < 0 || row >= rows
      ? undefined
      : indexInPlane(axes, plane, column, row)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const at = axes.dimensions.map(() => 0)
    const step = axes.dimensions.map((_, i) =>
      axes.dimensions.slice(i + 1).reduce((product, { size }) => product * size, 1)
    )
    for (const i of at.keys()) at[i] = Math.floor(cursor / step[i]!) % Math.max(1, axes.dimensions[i]!.size)
    const moves: { readonly [key: string]: readonly [dx: number, dy: number] } = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
      Home: [-columns, 0],
      End: [columns, 0],
      Enter: [0, 0],
      " ": [0, 0]
    }
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined
    if (move === undefined) return
    event.preventDefault()
    const column = Math.max(0, Math.min(columns - 1, at[plane.x]! + move[0]))
    const row = Math.max(0, Math.min(rows - 1, at[plane.y]! + move[1]))
    const next = indexInPlane(axes, plane, column, row)
    if (event.shiftKey) anchor.current ??= cursor
    else anchor.current = next
    setCursor(next)
    onHover(next)
    onRange(rangeBetween(axes, anchor.current, next))
    const y = row * rowSize
    if (scroller.current !== null && (y < top || y + rowSize > top + height)) {
      scroller.current.scrollTop = Math.max(0, y - height / 2)
    }
  }

  return (
    <div ref={ref} className="min-w-0">
      <div
        ref={scroller}
        style={{ height: height + 2 }}
        className="relative overflow-x-hidden overflow-y-auto"
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div style={{ height: rows * rowSize }}>
          <canvas
            ref={canvas}
            role="slider"
            tabIndex={0}
            aria-label="Partitions: arrow keys move, Shift selects a block"
            aria-valuemin={0}
            aria-valuemax={Math.max(0, total - 1)}
            aria-valuenow={cursor}
            aria-valuetext={describe(cursor)}
            style={{ width: labels + width, height }}
            className="sticky top-0 block cursor-crosshair touch-pan-y"
            onKeyDown={onKeyDown}
            onPointerDown={(event) => {
              const index = place(event)
              if (event.button !== 0 || index === undefined) return
              event.currentTarget.setPointerCapture(event.pointerId)
              anchor.current = event.shiftKey && range !== undefined ? range.from : index
              setCursor(index)
              onRange(rangeBetween(axes, anchor.current, index))
            }}
            onPointerMove={(event) => {
              const index = place(event)
              onHover(index)
              if (index !== undefined && anchor.current !== undefined && event.buttons === 1) {
                onRange(rangeBetween(axes, anchor.current, index))
              }
            }}
            onPointerLeave={() => onHover(undefined)}
          />
        </div>
      </div>
      <div style={{ paddingLeft: labels, width: labels + drawn }}>{columnLabels}</div>
    </div>
  )
}

const fitText = (context: CanvasRenderingContext2D, text: string, width: number): string => {
  if (context.measureText(text).width <= width) return text
  let end = text.length
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end--
  return `${text.slice(0, end)}…`
}

/** The state of a partition, in words. */
export const stateWords = (axes: Axes, index: number): string => {
  const state = stateAt(axes.stretches, index)
  return state === undefined ? "not known" : lookOf(state).label
}
