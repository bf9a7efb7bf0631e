import { useEffect, useMemo, useRef, useState } from "react"
import { external, useExternal } from "../external.ts"
import { formatTime, useZone } from "../time.ts"
import { Button } from "./Button.tsx"
import { classes } from "./classes.ts"
import { DataTable } from "./DataTable.tsx"
import { formatNumber } from "./metadata.ts"

/** A point of a chart: at a time, or at a label such as a partition. */
export interface ChartPoint {
  readonly timestamp?: number | undefined
  readonly label?: string | undefined
  readonly value: number
}

const themeChanges = external(0)
let watched = false

/** Changes with the theme, for what is painted with its colours. */
const useThemeChanges = (): number => {
  useEffect(() => {
    if (watched) return
    watched = true
    new MutationObserver(() => themeChanges.set((count) => count + 1))
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] })
  }, [])
  return useExternal(themeChanges)
}

/** The library formats numbers in the language of the browser, which may be one that is none, such as `en-US@posix`. */
const knowLanguage = (): void => {
  try {
    Intl.getCanonicalLocales(navigator.language)
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-US", configurable: true })
  }
}

/** The library that paints, when the first chart is shown; `undefined` where it cannot be loaded. */
const loadPlot = async () => {
  try {
    knowLanguage()
    const [{ default: UPlot }] = await Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")])
    return UPlot
  } catch {
    return undefined
  }
}

/** The range of an axis. A single point stands in the middle: of a minute, as the library gives it years after it. */
const rangeOf = (points: number, from: number, to: number): [from: number, to: number] =>
  points === 1 || from === to ? [from - 30, from + 30] : [from, to]

/**
 * Numbers over time, or over labels in the order given. A click on a point calls back; the same numbers are there as a
 * table, for screen readers and for those who want to read them.
 */
export const LineChart = <Point extends ChartPoint>({ points, name, height = 180, onPoint, className }: {
  readonly points: ReadonlyArray<Point>
  /** What the numbers are. */
  readonly name: string
  readonly height?: number
  readonly onPoint?: ((point: Point) => void) | undefined
  readonly className?: string
}) => {
  const holder = useRef<HTMLDivElement>(null)
  const [asTable, setAsTable] = useState(false)
  const zone = useZone()
  const theme = useThemeChanges()
  const click = useRef(onPoint)
  click.current = onPoint
  const byTime = points.length > 0 && points.every(({ timestamp }) => timestamp !== undefined)
  // uplot needs them from left to right
  const ordered = useMemo(
    () => byTime ? points.toSorted((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0)) : points,
    [points, byTime]
  )
  const where = (point: Point): string =>
    byTime && point.timestamp !== undefined ? formatTime(point.timestamp, zone) : point.label ?? ""

  useEffect(() => {
    const element = holder.current
    if (element === null || asTable || ordered.length === 0) return
    let stopped = false
    let stop = () => {}
    void (async () => {
      const UPlot = await loadPlot()
      if (stopped) return
      if (UPlot === undefined) return setAsTable(true)
      const style = getComputedStyle(document.documentElement)
      const color = (name: string) => style.getPropertyValue(name).trim()
      const axis = {
        stroke: color("--text-3"),
        font: `11px ${style.fontFamily}`,
        grid: { stroke: color("--border"), width: 1 },
        ticks: { show: false }
      }
      const longest = byTime ? 0 : ordered.reduce((most, { label }) => Math.max(most, label?.length ?? 0), 0)
      const legend = document.createElement("div")
      legend.className = "pointer-events-none absolute top-0 right-0 rounded bg-surface px-1 text-xs text-text-2"
      const plot = new UPlot(
        {
          width: Math.max(80, element.clientWidth),
          height,
          legend: { show: false },
          cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false } },
          ...(byTime && zone === "UTC" ? { tzDate: (at: number) => UPlot.tzDate(new Date(at * 1000), "UTC") } : {}),
          scales: {
            x: { time: byTime, range: (_: unknown, from: number, to: number) => rangeOf(ordered.length, from, to) }
          },
          axes: [
            byTime
              ? { ...axis, size: 38 }
              : {
                ...axis,
                size: 26,
                space: longest * 7 + 16,
                values: (_: unknown, at: Array<number>) => at.map((index) => ordered[index]?.label ?? "")
              },
            { ...axis, size: 64, values: (_: unknown, at: Array<number>) => at.map(formatNumber) }
          ],
          series: [
            {},
            {
              label: name,
              stroke: color("--accent"),
              width: 1.5,
              fill: `${color("--accent")}18`,
              points: { show: ordered.length <= 200, size: 5, fill: color("--surface") }
            }
          ],
          hooks: {
            setCursor: [(self) => {
              const point = self.cursor.idx === null || self.cursor.idx === undefined
                ? undefined
                : ordered[self.cursor.idx]
              legend.textContent = point === undefined ? "" : `${where(point)}: ${formatNumber(point.value)}`
            }]
          }
        },
        [
          ordered.map(({ timestamp }, index) => byTime && timestamp !== undefined ? timestamp / 1000 : index),
          ordered.map(({ value }) => value)
        ],
        element
      )
      element.append(legend)
      let pressedAt = 0
      plot.over.addEventListener("pointerdown", (event) => {
        pressedAt = event.clientX
      })
      plot.over.addEventListener("click", (event) => {
        const index = plot.cursor.idx
        // the end of a drag zooms, and is no click
        if (Math.abs(event.clientX - pressedAt) > 4 || index === null || index === undefined) return
        const point = ordered[index]
        if (point !== undefined) click.current?.(point)
      })
      plot.over.classList.toggle("cursor-pointer", click.current !== undefined)
      const resize = new ResizeObserver(() => plot.setSize({ width: Math.max(80, element.clientWidth), height }))
      resize.observe(element)
      stop = () => {
        resize.disconnect()
        plot.destroy()
        legend.remove()
      }
    })()
    return () => {
      stopped = true
      stop()
    }
    // oxlint-disable-next-line react/exhaustive-deps
  }, [ordered, asTable, height, name, zone, theme, byTime])

  if (points.length === 0) return <p className="py-6 text-center text-sm text-text-3">No numbers yet</p>
  return (
    <figure className={classes("relative min-w-0", className)} aria-label={name}>
      <figcaption className="mb-1 flex items-center justify-between gap-2">
        <span className="truncate text-xs font-medium text-text-2">{name}</span>
        <Button kind="ghost" size="sm" onClick={() => setAsTable(!asTable)} aria-pressed={asTable}>
          {asTable ? "Chart" : "Table"}
          <span className="sr-only">of {name}</span>
        </Button>
      </figcaption>
      {asTable
        ? (
          <DataTable
            label={name}
            rows={ordered}
            rowKey={(_, index) => String(index)}
            rowHeight={28}
            maxHeight={height}
            onOpen={onPoint}
            columns={[
              { id: "at", header: byTime ? "Time" : "Partition", cell: where },
              { id: "value", header: name, align: "right", cell: ({ value }) => formatNumber(value) }
            ]}
          />
        )
        : (
          <div
            ref={holder}
            role="img"
            aria-label={`Chart of ${name}`}
            style={{ height }}
            className="relative min-w-0"
          />
        )}
    </figure>
  )
}
