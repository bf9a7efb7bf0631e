import { useVirtualizer } from "@tanstack/react-virtual"
import { RotateCcw, ZoomIn, ZoomOut } from "lucide-react"
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react"
import { useGraph } from "../api/index.ts"
import { AssetName, Badge, classes, IconButton, lookOf, StatusDot, type Tone, toneFill } from "../kit/index.ts"
import { formatDuration, formatTime, useZone } from "../time.ts"
import {
  clamp,
  lanes,
  type Line,
  makeScale,
  type Piece,
  pieces,
  type Scale,
  ticks,
  type TimeRange,
  zoom
} from "./gantt.ts"
import { stateLabel, statusOf, statusOfRow, toneOf } from "./look.ts"
import { countParts, type Row, type Span } from "./runView.ts"

const rowHeight = 30
const barTop = 7
const barHeight = 16
/** More bars than this in a row are drawn as one path a colour. */
const mostBars = 80

const toneStroke: { readonly [tone in Tone]: string } = {
  fresh: "border-fresh text-fresh-text",
  stale: "border-stale text-stale-text",
  missing: "border-border-strong text-text-3",
  failed: "border-failed text-failed-text",
  running: "border-running text-running-text",
  skipped: "border-skipped text-skipped-text",
  cancelled: "border-cancelled text-cancelled-text",
  external: "border-external text-external-text"
}

const toneFillSvg: { readonly [tone in Tone]: string } = {
  fresh: "fill-fresh",
  stale: "fill-stale",
  missing: "fill-missing",
  failed: "fill-failed",
  running: "fill-running",
  skipped: "fill-skipped",
  cancelled: "fill-cancelled",
  external: "fill-external"
}

const spanTitle = (span: Span, now: number): string =>
  [
    span.part,
    stateLabel[span.outcome],
    formatDuration((span.end ?? Math.max(now, span.start)) - span.start),
    span.attempt > 1 ? `attempt ${span.attempt}` : undefined,
    span.event?.error?.message.slice(0, 200) ?? span.event?.reason
  ].filter((part) => part !== undefined).join(" · ")

/** Why an asset has not begun: what it waits for. */
const waitingFor = (
  row: Row,
  rows: ReadonlyMap<string, Row>,
  parents: (key: string) => ReadonlyArray<string>
): string => {
  const open = parents(row.key).filter((key) => {
    const state = rows.get(key)?.state
    return state === "Waiting" || state === "Running"
  })
  return open.length === 0
    ? "ready to begin"
    : open.length === 1
    ? `waiting for ${open[0]}`
    : `waiting for ${open[0]} and ${open.length - 1} more`
}

const Bars = ({ row, scale, now }: { readonly row: Row; readonly scale: Scale; readonly now: number }) => {
  const many = row.spans.length > mostBars
  const { lane, count } = useMemo(
    () => many ? { lane: [], count: 1 } : lanes(row.spans, now),
    // what runs fills its lane: it matters only where something else begins after it
    // oxlint-disable-next-line react/exhaustive-deps
    [row.spans, many]
  )
  const height = barHeight / count
  const drawn = Array.from(
    { length: count },
    (_, index) => pieces(count === 1 ? row.spans : row.spans.filter((_, place) => lane[place] === index), scale, now)
  )
  const total = drawn.reduce((sum, one) => sum + one.length, 0)
  if (total > mostBars) {
    const byTone = new Map<Tone, string>()
    for (const { left, outcome, width } of drawn.flat()) {
      const tone = toneOf[outcome]
      byTone.set(
        tone,
        `${byTone.get(tone) ?? ""}M${left.toFixed(1)} 0h${width.toFixed(1)}v${barHeight}h-${width.toFixed(1)}z`
      )
    }
    return (
      <svg
        aria-hidden
        width={scale.width}
        height={barHeight}
        className="absolute left-0 overflow-hidden"
        style={{ top: barTop }}
      >
        {[...byTone].map(([tone, path]) => <path key={tone} d={path} className={toneFillSvg[tone]} />)}
      </svg>
    )
  }
  return drawn.flatMap((one, index) =>
    one.map((piece) => (
      <Bar
        key={`${index} ${piece.span.part ?? ""} ${piece.span.start}`}
        piece={piece}
        top={barTop + index * height}
        height={Math.max(3, height - (count > 1 ? 1 : 0))}
        scale={scale}
        now={now}
      />
    ))
  )
}

const Bar = ({ piece, top, height, scale, now }: {
  readonly piece: Piece
  readonly top: number
  readonly height: number
  readonly scale: Scale
  readonly now: number
}) => {
  const { count, left, outcome, span, width } = piece
  const end = span.end ?? now
  return (
    <span
      aria-hidden
      data-outcome={outcome}
      title={count > 1 ? `${count} parts, the worst: ${spanTitle(span, now)}` : spanTitle(span, now)}
      className={classes(
        "absolute overflow-hidden rounded-[3px]",
        toneFill[toneOf[outcome]],
        (outcome === "Skipped" || outcome === "UpToDate") && "opacity-50",
        outcome === "Running" && "animate-pulse"
      )}
      style={{ left, width, top, height }}
    >
      {count > 1 || width < 24 ? null : span.steps.map((step) => (
        <span
          key={`${step.name} ${step.start}`}
          title={`${step.name} · ${formatDuration((step.end ?? end) - step.start)}`}
          className={classes(
            "absolute inset-y-0 border-l border-surface/70",
            step.status === "Failed" ? "bg-danger" : "bg-surface/20"
          )}
          style={{
            left: scale.x(step.start) - left,
            width: Math.max(1, scale.x(step.end ?? end) - scale.x(step.start) - 1)
          }}
        />
      ))}
    </span>
  )
}

const Note = ({ x, width, tone, children, title, dashed }: {
  readonly x: number
  readonly width: number
  readonly tone: Tone
  readonly children: ReactNode
  readonly title: string
  readonly dashed?: boolean
}) => {
  const right = x > width * 0.5
  return (
    <span
      title={title}
      className={classes(
        "absolute top-[6px] inline-flex h-[18px] max-w-[50%] items-center rounded-[3px] border bg-surface px-1.5 text-2xs",
        dashed === true && "border-dashed",
        toneStroke[tone]
      )}
      style={right ? { right: Math.max(0, Math.min(width - 24, width - x)) } : { left: Math.max(0, x) }}
    >
      <span className="truncate">{children}</span>
    </span>
  )
}

const isInside = (scale: Scale, at: number): boolean => at >= scale.range.start && at <= scale.range.end

/** `3 checks, 1 did not pass`. */
const checksText = ({ checks }: Row): string => {
  const bad = checks.filter(({ status }) => status !== "Passed").length
  return `${checks.length === 1 ? "1 check" : `${checks.length} checks`}, ${
    bad === 0 ? "passed" : `${bad} did not pass`
  }`
}

const RowChart = ({ row, scale, now, waiting }: {
  readonly row: Row
  readonly scale: Scale
  readonly now: number
  readonly waiting: string | undefined
}) => {
  const last = row.spans.at(-1)
  const end = scale.x(row.state === "Running" ? Math.max(now, row.last ?? now) : row.last ?? now)
  const marker = row.markers[0]
  const reason = marker?.event.reason
  return (
    <>
      <Bars row={row} scale={scale} now={now} />
      {waiting === undefined ?
        null :
        (
          <Note x={Math.min(scale.x(now), scale.width - 8)} width={scale.width} tone="missing" title={waiting} dashed>
            {waiting}
          </Note>
        )}
      {marker === undefined || row.spans.length > 0 || !isInside(scale, marker.at) ? null : (
        <Note
          x={scale.x(marker.at)}
          width={scale.width}
          tone={toneOf[marker.outcome]}
          title={`${stateLabel[marker.outcome]}${reason === undefined ? "" : `: ${reason}`}`}
        >
          {row.markers.length > 1 ? `${row.markers.length} × ` : ""}
          {stateLabel[marker.outcome]}
          {reason === undefined ? "" : `: ${reason}`}
        </Note>
      )}
      {row.state !== "Checked" ? null : (
        <Note
          x={scale.x(Math.max(...row.checks.map(({ evaluation }) => evaluation?.timestamp ?? scale.range.start)))}
          width={scale.width}
          tone={lookOf(statusOfRow(row)).tone}
          title={checksText(row)}
        >
          {checksText(row)}
        </Note>
      )}
      {last === undefined || end + 60 > scale.width || end < 0 ? null : (
        <span
          aria-hidden
          className="pointer-events-none absolute top-[5px] text-2xs leading-5 whitespace-nowrap text-text-3 tabular-nums"
          style={{ left: end + 6 }}
        >
          {formatDuration(row.spans.length === 1 ? (last.end ?? now) - last.start : row.spentMillis)}
          {row.spans.length > 1 ? ` · ${partCount(row)} partitions` : ""}
        </span>
      )}
    </>
  )
}

const partCount = (row: Row): string =>
  [...countParts(row).values()].reduce((sum, count) => sum + count, 0).toLocaleString("en")

const durationText = (row: Row, now: number): string => {
  const only = row.spans[0]
  if (only === undefined) return ""
  return formatDuration(row.spans.length === 1 ? (only.end ?? now) - only.start : row.spentMillis)
}

/**
 * The assets of a run in time. Rows exist only while they are in sight. Ctrl and the wheel zoom, a drag zooms to what it
 * spans; a zoomed chart moves with Shift and the wheel.
 */
export const Gantt = ({ lines, rows, whole, now, origin, running, selected, onSelect, toolbar }: {
  readonly lines: ReadonlyArray<Line>
  readonly rows: ReadonlyMap<string, Row>
  readonly whole: TimeRange
  readonly now: number
  /** When the run began. */
  readonly origin: number
  readonly running: boolean
  readonly selected: string | undefined
  readonly onSelect: (key: string) => void
  readonly toolbar: ReactNode
}) => {
  const scroller = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState(0)
  const [zoomed, setZoomed] = useState<TimeRange>()
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>()
  const zone = useZone()
  const { graph } = useGraph()

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => setSize(entry!.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const labelWidth = size < 560 ? 140 : Math.min(320, Math.max(200, Math.round(size * 0.24)))
  const width = Math.max(80, size - labelWidth - 12)
  const range = zoomed === undefined ? whole : clamp(zoomed, whole)
  const scale = makeScale(range, width)
  const marks = ticks(range, origin, Math.max(2, Math.floor(width / 90)))

  const latest = useRef({ labelWidth, range, scale, whole, width, zoomed })
  latest.current = { labelWidth, range, scale, whole, width, zoomed }

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    // React listens passively: the page would zoom, too
    const wheel = (event: WheelEvent) => {
      const { labelWidth, range, scale, whole, zoomed } = latest.current
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault()
        const x = event.clientX - element.getBoundingClientRect().left - labelWidth
        const next = zoom(range, Math.exp(event.deltaY * 0.004), scale.time(Math.max(0, x)), whole)
        setZoomed(next.end - next.start >= whole.end - whole.start ? undefined : next)
      } else if (zoomed !== undefined && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
        event.preventDefault()
        const by = scale.time(event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX) - range.start
        setZoomed(clamp({ start: range.start + by, end: range.end + by }, whole))
      }
    }
    element.addEventListener("wheel", wheel, { passive: false })
    return () => element.removeEventListener("wheel", wheel)
  }, [])

  const xOf = (event: PointerEvent): number =>
    event.clientX - scroller.current!.getBoundingClientRect().left - labelWidth
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const x = xOf(event)
    if (event.button !== 0 || event.pointerType === "touch" || x < 0 || x > width + 12) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setDrag({ from: x, to: x })
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (drag !== undefined) setDrag({ from: drag.from, to: Math.max(0, Math.min(width, xOf(event))) })
  }
  const onPointerUp = (event: PointerEvent<HTMLDivElement>) => {
    if (drag === undefined) return
    setDrag(undefined)
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]
    if (to - from >= 6) {
      setZoomed(clamp({ start: scale.time(from), end: Math.max(scale.time(to), scale.time(from) + 10) }, whole))
      return
    }
    // the pointer is captured, so a click would go to the chart and not to the row below it
    const under = document.elementsFromPoint(event.clientX, event.clientY)
      .find((element) => element instanceof HTMLElement && element.dataset.key !== undefined)
    if (under instanceof HTMLElement) onSelect(under.dataset.key!)
  }

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
    scrollPaddingStart: 32,
    getItemKey: (index) => {
      const line = lines[index]!
      return line._tag === "Row" ? `r ${line.row.key}` : `h ${line.state}`
    }
  })

  const places = useMemo(
    () => lines.flatMap((line, index) => line._tag === "Row" ? [{ key: line.row.key, index }] : []),
    [lines]
  )
  const focused = selected !== undefined && places.some(({ key }) => key === selected) ? selected : places[0]?.key

  const shownOnce = useRef<string>(undefined)
  useEffect(() => {
    // a link may lead to a row that is far down
    if (selected === undefined || shownOnce.current === selected) return
    const place = places.find(({ key }) => key === selected)
    if (place === undefined) return
    shownOnce.current = selected
    virtual.scrollToIndex(place.index, { align: "auto" })
  }, [places, selected, virtual])

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (!(event.target instanceof HTMLElement)) return
    const key = event.target.closest<HTMLElement>("[data-key]")?.dataset.key
    const at = places.findIndex((place) => place.key === key)
    if (at < 0) return
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 15,
      PageUp: at - 15,
      Home: 0,
      End: places.length - 1
    }
    const to = moves[event.key]
    if (to === undefined) return
    event.preventDefault()
    const next = places[Math.max(0, Math.min(places.length - 1, to))]!
    shownOnce.current = next.key
    virtual.scrollToIndex(next.index)
    onSelect(next.key)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-line="${next.index}"] button`)?.focus()
    )
  }

  const parents = (key: string): ReadonlyArray<string> =>
    graph?.parents[graph.index.get(key) ?? -1]?.flatMap((place) => graph.assets[place]?.key ?? []) ?? []

  const center = (range.start + range.end) / 2
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-border px-3 py-1.5">
        {toolbar}
        <div className="ml-auto flex items-center">
          <IconButton
            icon={ZoomOut}
            label="Zoom out"
            size="sm"
            disabled={zoomed === undefined}
            onClick={() => {
              const next = zoom(range, 2, center, whole)
              setZoomed(next.end - next.start >= whole.end - whole.start ? undefined : next)
            }}
          />
          <IconButton
            icon={ZoomIn}
            label="Zoom in"
            size="sm"
            onClick={() => setZoomed(zoom(range, 0.5, center, whole))}
          />
          <IconButton
            icon={RotateCcw}
            label="Show the whole run"
            size="sm"
            disabled={zoomed === undefined}
            onClick={() => setZoomed(undefined)}
          />
        </div>
      </div>
      <div
        ref={scroller}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setDrag(undefined)}
        onDoubleClick={() => setZoomed(undefined)}
        className="relative min-h-0 flex-1 overflow-x-hidden overflow-y-auto"
      >
        <div
          aria-hidden
          className="sticky top-0 z-10 h-7 border-b border-border bg-surface-2 text-2xs text-text-3 select-none"
          title={`${formatTime(range.start, zone)} to ${formatTime(range.end, zone)}`}
        >
          <span className="absolute top-1.5 left-3 truncate" style={{ width: labelWidth - 20 }}>
            {formatTime(range.start, zone, zoomed === undefined ? "time" : "millisecond")}
          </span>
          {marks.map(({ at, label }) => {
            const x = scale.x(at)
            return x > width - 20 ?
              null :
              (
                <span key={at} className="absolute top-1.5 pl-1 tabular-nums" style={{ left: labelWidth + x }}>
                  {label}
                </span>
              )
          })}
        </div>
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          <div
            aria-hidden
            className="pointer-events-none absolute inset-y-0 overflow-hidden"
            style={{ left: labelWidth, width: width + 12 }}
          >
            {marks.map(({ at }) => (
              <span key={at} className="absolute inset-y-0 w-px bg-border" style={{ left: scale.x(at) }} />
            ))}
            {running && scale.x(now) <= width
              ? <span className="absolute inset-y-0 w-px bg-running" style={{ left: scale.x(now) }} />
              : null}
          </div>
          <ul aria-label="Assets of the run">
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index]
              if (line === undefined) return null
              const style = { transform: `translateY(${item.start}px)`, height: rowHeight }
              if (line._tag === "Heading") {
                return (
                  <li
                    key={item.key}
                    style={style}
                    className="absolute inset-x-0 top-0 flex items-center gap-2 bg-surface-2 px-3"
                  >
                    <StatusDot status={statusOf[line.state]} size={13} label={stateLabel[line.state]} />
                    <span className="text-xs font-semibold">{stateLabel[line.state]}</span>
                    <Badge>{line.count.toLocaleString("en")}</Badge>
                  </li>
                )
              }
              const { row } = line
              const on = row.key === selected
              return (
                <li
                  key={item.key}
                  data-key={row.key}
                  data-line={item.index}
                  style={style}
                  className={classes(
                    "absolute inset-x-0 top-0 flex border-b border-border/60",
                    on ? "bg-accent-soft" : "hover:bg-surface-2/60"
                  )}
                >
                  <button
                    type="button"
                    tabIndex={row.key === focused ? 0 : -1}
                    aria-pressed={on}
                    title={row.key}
                    onClick={() => onSelect(row.key)}
                    style={{ width: labelWidth }}
                    className="flex shrink-0 items-center gap-2 pr-2 pl-3 text-left -outline-offset-2"
                  >
                    <StatusDot status={statusOfRow(row)} size={13} label={stateLabel[row.state]} />
                    <span className="min-w-0 truncate text-xs [direction:rtl]">
                      <bdi>
                        <AssetName assetKey={row.key} />
                      </bdi>
                    </span>
                    <span className="sr-only">
                      {stateLabel[row.state]} {durationText(row, now)}
                    </span>
                  </button>
                  <div className="relative min-w-0 overflow-hidden" style={{ width: width + 12 }}>
                    <RowChart
                      row={row}
                      scale={scale}
                      now={now}
                      waiting={row.state === "Waiting" && running ? waitingFor(row, rows, parents) : undefined}
                    />
                  </div>
                </li>
              )
            })}
          </ul>
          {drag === undefined || Math.abs(drag.to - drag.from) < 6 ? null : (
            <span
              aria-hidden
              className="pointer-events-none absolute inset-y-0 border-x border-accent bg-accent/10"
              style={{ left: labelWidth + Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }}
            />
          )}
        </div>
      </div>
    </div>
  )
}
