/** Ticks on an axis of time, without a document. */
import type { Tick, TickStatus } from "./data.ts"
import { tickStatuses } from "./words.ts"

/** A stretch of time. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A dot: a tick, or several in one lane that are too near to stand beside one another. */
export interface Dot {
  /** Pixels from the left. */
  readonly x: number
  readonly status: TickStatus
  /** The newest first. */
  readonly ticks: ReadonlyArray<Tick>
}

/** How far back a timeline goes. */
export const spans = [
  { value: "hour", label: "1 hour", millis: 3_600_000 },
  { value: "day", label: "1 day", millis: 86_400_000 },
  { value: "week", label: "1 week", millis: 7 * 86_400_000 },
  { value: "loaded", label: "All that are loaded", millis: undefined }
] as const

export type Span = (typeof spans)[number]["value"]

/**
 * What is shown: so far back from now, or from the oldest tick on; with the next ticks at its right, as long as they take no
 * more than a quarter of it.
 */
export const rangeOf = (
  ticks: ReadonlyArray<Tick>,
  now: number,
  span: Span,
  next: ReadonlyArray<number> = []
): Range => {
  const millis = spans.find(({ value }) => value === span)?.millis
  const oldest = ticks.reduce((least, tick) => Math.min(least, tick.startedAt), now)
  const back = Math.max(millis ?? (now - oldest) * 1.02, 60_000)
  const ahead = Math.max(0, ...next.filter((at) => at - now <= back / 3).map((at) => at - now))
  return { start: now - back, end: now + Math.max(ahead * 1.05, back * 0.02) }
}

/** The span to begin with: the shortest that shows so many of the newest ticks. */
export const spanOf = (ticks: ReadonlyArray<Tick>, now: number, least = 12): Span => {
  const oldest = ticks[Math.min(ticks.length, least) - 1]
  if (oldest === undefined) return "day"
  return spans.find(({ millis }) => millis !== undefined && now - oldest.startedAt <= millis)?.value ?? "loaded"
}

/** Where a time is, in pixels. */
export const xOf = ({ end, start }: Range, width: number, at: number): number => (at - start) / (end - start) * width

/** The dots of the ticks in a range, from left to right. Those in one lane are at least `gap` pixels apart. */
export const dotsOf = (ticks: ReadonlyArray<Tick>, range: Range, width: number, gap = 12): ReadonlyArray<Dot> => {
  const dots: Array<{ x: number; status: TickStatus; ticks: Array<Tick> }> = []
  const last = new Map<TickStatus, { x: number; status: TickStatus; ticks: Array<Tick> }>()
  for (const tick of ticks.toSorted((a, b) => a.startedAt - b.startedAt || a.seq - b.seq)) {
    if (tick.startedAt < range.start || tick.startedAt > range.end) continue
    const x = xOf(range, width, tick.startedAt)
    const before = last.get(tick.status)
    if (before !== undefined && x - before.x < gap) before.ticks.unshift(tick)
    else {
      const dot = { x, status: tick.status, ticks: [tick] }
      last.set(tick.status, dot)
      dots.push(dot)
    }
  }
  return dots
}

/** The lane of a status, from the top. */
export const laneOf = (status: TickStatus): number => tickStatuses.indexOf(status)

const steps = [
  1000,
  5000,
  15_000,
  60_000,
  5 * 60_000,
  15 * 60_000,
  3_600_000,
  3 * 3_600_000,
  6 * 3_600_000,
  12 * 3_600_000,
  86_400_000,
  7 * 86_400_000,
  30 * 86_400_000
]

/** Times to mark on the axis, at most so many, at full hours and days of the zone that is `offset` away from UTC. */
export const marksOf = ({ end, start }: Range, most: number, offset: number): ReadonlyArray<number> => {
  const step = steps.find((step) => (end - start) / step <= most) ?? (end - start) / Math.max(1, most)
  const marks: Array<number> = []
  for (let at = Math.ceil((start + offset) / step) * step; at <= end + offset; at += step) marks.push(at - offset)
  return marks
}
