import { useEffect, useId, useRef, useState } from "react"
import { classes, toneFill, toneText } from "../kit/index.ts"
import { formatTime, useClock, useZone, type Zone } from "../time.ts"
import type { Tick, TickStatus } from "./data.ts"
import { type Dot, dotsOf, laneOf, marksOf, rangeOf, type Span, xOf } from "./timeline.ts"
import { queuedOf, tickStatuses, tickText, tickTone } from "./words.ts"

const lane = 26
const labels = 76

/** A tick that is to come. */
export interface Ahead {
  readonly at: number
  readonly expected: TickStatus | undefined
}

const dotText = ({ status, ticks }: Dot, zone: Zone): string => {
  const [newest] = ticks
  const when = formatTime(newest!.startedAt, zone, "second")
  return ticks.length > 1
    ? `${ticks.length} ${status.toLowerCase()} · the last one ${when}`
    : `${status} · ${when} · ${tickText({ ...newest!, queued: queuedOf(newest!) })}`
}

/** How far the zone that is shown is away from UTC. */
const offsetOf = (zone: Zone, at: number): number => zone === "UTC" ? 0 : -new Date(at).getTimezoneOffset() * 60_000

/** Ticks on an axis of time: a lane for each state. Arrow keys move from one to the next, Enter opens it. */
export const TickTimeline = ({ next, onSelect, selected, span, ticks }: {
  readonly ticks: ReadonlyArray<Tick>
  /** When it ticks next, and what that will come to, as far as it is known. */
  readonly next: ReadonlyArray<Ahead>
  readonly span: Span
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}) => {
  const box = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState(0)
  const [active, setActive] = useState<string>()
  const zone = useZone()
  const id = useId()
  // the axis moves once in five seconds
  const now = useClock((now) => Math.floor(now / 5000) * 5000)

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => setSize(entry!.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const width = Math.max(40, size - labels - 12)
  const range = rangeOf(ticks, Math.max(now, ticks[0]?.startedAt ?? 0), span, next.map(({ at }) => at))
  // before its size is known, everything would be in the wrong place
  const dots = size === 0 ? [] : dotsOf(ticks, range, width)
  const idOf = (dot: Dot) => dot.ticks[0]!.id
  const at = dots.findIndex((dot) => idOf(dot) === active)
  const shown = dots[at]
  const days = range.end - range.start > 2 * 86_400_000
  const height = lane * tickStatuses.length
  const marks = size === 0 ? [] : marksOf(range, Math.max(2, Math.floor(width / 90)), offsetOf(zone, range.end))
  const ahead = size === 0 ? [] : next.filter(({ at }) => at > now && at <= range.end)
  return (
    <div ref={box} className="flex min-w-0 flex-col">
      <div
        role="listbox"
        tabIndex={0}
        aria-label="Ticks over time"
        aria-activedescendant={shown === undefined ? undefined : `${id} ${idOf(shown)}`}
        onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1, Home: -dots.length, End: dots.length }[event.key]
          if (step !== undefined && dots.length > 0) {
            event.preventDefault()
            const to = at < 0 ? dots.length - 1 : Math.max(0, Math.min(dots.length - 1, at + step))
            setActive(idOf(dots[to]!))
          }
          if ((event.key === "Enter" || event.key === " ") && shown !== undefined) {
            event.preventDefault()
            onSelect(idOf(shown))
          }
        }}
        onFocus={() => at < 0 && dots.length > 0 && setActive(idOf(dots.at(-1)!))}
        onBlur={() => setActive(undefined)}
        onPointerLeave={() => setActive(undefined)}
        className="relative rounded-sm"
        style={{ height }}
      >
        <div aria-hidden className="pointer-events-none absolute inset-0">
          {tickStatuses.map((status) => (
            <span
              key={status}
              className={classes(
                "absolute inset-x-0 flex items-center border-b border-border/60 pl-3 text-2xs",
                toneText[tickTone[status]]
              )}
              style={{ top: laneOf(status) * lane, height: lane }}
            >
              {status}
            </span>
          ))}
          {marks.map((mark) => (
            <span
              key={mark}
              className="absolute inset-y-0 w-px bg-border"
              style={{ left: labels + xOf(range, width, mark) }}
            />
          ))}
          <span
            className="absolute inset-y-0 w-px bg-running"
            style={{ left: labels + xOf(range, width, now) }}
          />
          {ahead.map(({ at, expected }) => (
            <span
              key={at}
              className={expected === undefined
                ? "absolute inset-y-0 border-l border-dashed border-text-3"
                : "absolute size-2.5 -translate-x-1/2 rounded-full border border-dashed border-text-3"}
              style={{
                left: labels + xOf(range, width, at),
                ...expected === undefined ? {} : { top: laneOf(expected) * lane + (lane - 10) / 2 }
              }}
            />
          ))}
        </div>
        {dots.map((dot) => {
          const key = idOf(dot)
          const on = dot.ticks.some((tick) => tick.id === selected)
          return (
            <div
              key={`${dot.status} ${key}`}
              id={`${id} ${key}`}
              role="option"
              aria-selected={on}
              aria-label={dotText(dot, zone)}
              onPointerEnter={() => setActive(key)}
              onClick={() => onSelect(key)}
              className="absolute flex size-6 -translate-x-1/2 cursor-pointer items-center justify-center"
              style={{ left: labels + dot.x, top: laneOf(dot.status) * lane + 1 }}
            >
              <span
                className={classes(
                  "flex items-center justify-center rounded-full",
                  toneFill[tickTone[dot.status]],
                  dot.ticks.length > 1 ? "size-3.5 ring-2 ring-surface-3" : "size-2.5",
                  (key === active || on) && "outline-2 outline-offset-1 outline-accent"
                )}
              />
            </div>
          )
        })}
      </div>
      <div aria-hidden className="relative h-5 text-2xs text-text-3 tabular-nums">
        {marks.map((mark) => {
          const x = xOf(range, width, mark)
          return x > width - 28 ?
            null :
            (
              <span key={mark} className="absolute top-0.5 pl-1 whitespace-nowrap" style={{ left: labels + x }}>
                {formatTime(mark, zone, days ? "date" : "time").replace(days ? /, \d{4}$/ : /:00$/, "")}
              </span>
            )
        })}
      </div>
      <p aria-hidden className="h-5 truncate px-3 text-xs text-text-2">
        {shown === undefined
          ? dots.length === 0
            ? "No ticks in this time"
            : ahead.length > 0
            ? `Dashed: the next ticks${
              ahead.some(({ expected }) => expected === undefined) ? "; what they come to, the program decides" : ""
            }`
            : ""
          : dotText(shown, zone)}
      </p>
    </div>
  )
}
