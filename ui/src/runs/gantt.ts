/** Scales, ticks and packing of a Gantt chart, without a document. */
import type { Row, RowState, Span } from "./runView.ts"

/** A stretch of time, in milliseconds since 1970. */
export interface TimeRange {
  readonly start: number
  readonly end: number
}

/** From times to pixels. */
export interface Scale {
  readonly range: TimeRange
  readonly width: number
  readonly x: (time: number) => number
  readonly time: (x: number) => number
}

/** A scale over at least a millisecond. */
export const makeScale = (range: TimeRange, width: number): Scale => {
  const length = Math.max(1, range.end - range.start)
  const per = width / length
  return {
    range,
    width,
    x: (time) => (time - range.start) * per,
    time: (x) => range.start + (per === 0 ? 0 : x / per)
  }
}

const steps = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
  15_000,
  30_000,
  60_000,
  120_000,
  300_000,
  600_000,
  900_000,
  1_800_000,
  3_600_000,
  7_200_000,
  14_400_000,
  21_600_000,
  43_200_000,
  86_400_000
]

/** The distance of ticks, such that at most `most` of them are in a range. */
export const tickStep = (length: number, most: number): number => {
  const wanted = length / Math.max(1, most)
  const step = steps.find((step) => step >= wanted)
  if (step !== undefined) return step
  const days = Math.ceil(wanted / 86_400_000)
  const power = 10 ** Math.floor(Math.log10(days))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= days)! * 86_400_000
}

/** A tick of the axis: a time since the beginning of the run. */
export interface Tick {
  readonly at: number
  readonly label: string
}

const unit = (millis: number, step: number): string => {
  if (step < 1000) {
    return millis >= 1000
      ? `${(millis / 1000).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} s`
      : `${millis} ms`
  }
  const pad = (part: number) => String(part).padStart(2, "0")
  const seconds = Math.round(millis / 1000)
  if (seconds < 60 && step < 60_000) return `${seconds} s`
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60
  ]
  if (days > 0) return step >= 86_400_000 ? `${days} d` : `${days} d ${pad(hours)}:${pad(minutes)}`
  if (seconds >= 3600) return `${hours}:${pad(minutes)}:${pad(seconds % 60)}`
  return `${minutes}:${pad(seconds % 60)}`
}

/** The ticks of a range: whole steps since `origin`. */
export const ticks = (range: TimeRange, origin: number, most: number): ReadonlyArray<Tick> => {
  const length = range.end - range.start
  if (!(length > 0) || !Number.isFinite(length)) return []
  const step = tickStep(length, most)
  const found: Array<Tick> = []
  for (let index = Math.ceil((range.start - origin) / step); origin + index * step <= range.end; index++) {
    const since = index * step
    found.push({
      at: origin + since,
      label: since < 0 ? `-${unit(-since, step)}` : since === 0 ? "0" : unit(since, step)
    })
  }
  return found
}

/** Moves a range so that `at` stays where it is, and its length is `factor` of what it was; inside of `whole`. */
export const zoom = (range: TimeRange, factor: number, at: number, whole: TimeRange): TimeRange => {
  const most = Math.max(1, whole.end - whole.start)
  const length = Math.min(most, Math.max(Math.min(10, most), (range.end - range.start) * factor))
  const share = (at - range.start) / Math.max(1, range.end - range.start)
  return clamp({ start: at - share * length, end: at - share * length + length }, whole)
}

/** Moves a range to lie inside of `whole`. */
export const clamp = (range: TimeRange, whole: TimeRange): TimeRange => {
  const length = Math.min(range.end - range.start, whole.end - whole.start)
  const start = Math.min(Math.max(range.start, whole.start), whole.end - length)
  return { start, end: start + length }
}

/** A bar to draw, in pixels. What is too small to see apart is drawn as one bar with the worst outcome. */
export interface Piece {
  readonly left: number
  readonly width: number
  readonly outcome: Span["outcome"]
  readonly span: Span
  /** How many spans it stands for. */
  readonly count: number
}

const rank: { readonly [outcome in Span["outcome"]]: number } = {
  Failed: 0,
  Running: 1,
  Cancelled: 2,
  UpstreamFailed: 3,
  Materialized: 4,
  Observed: 5,
  Skipped: 6,
  UpToDate: 7
}

/**
 * The spans of a row (by their beginning) as bars that are at least `least` pixels wide; what is closer together than a
 * pixel and smaller than `merge` is merged.
 */
export const pieces = (
  spans: ReadonlyArray<Span>,
  scale: Scale,
  now: number,
  least = 3,
  merge = 4
): ReadonlyArray<Piece> => {
  const found: Array<Piece> = []
  for (const span of spans) {
    const left = scale.x(span.start)
    const right = scale.x(span.end ?? Math.max(now, span.start))
    if (right < 0 || left > scale.width) continue
    const from = Math.max(left, -2)
    const width = Math.max(least, Math.min(right, scale.width + 2) - from)
    const last = found.at(-1)
    if (
      last !== undefined && width < merge && from <= last.left + last.width + 1 && last.width < merge * 64 &&
      (last.count > 1 || last.width < merge)
    ) {
      const worse = rank[span.outcome] < rank[last.outcome]
      found[found.length - 1] = {
        left: last.left,
        width: Math.max(last.width, from + width - last.left),
        outcome: worse ? span.outcome : last.outcome,
        span: worse ? span : last.span,
        count: last.count + 1
      }
    } else found.push({ left: from, width, outcome: span.outcome, span, count: 1 })
  }
  return found
}

/** Puts spans that overlap into lanes, so that no lane has two at once. Gives the lane of each span, and how many there are. */
export const lanes = (
  spans: ReadonlyArray<Pick<Span, "start" | "end">>,
  now: number,
  most = 3
): { readonly lane: ReadonlyArray<number>; readonly count: number } => {
  const free: Array<number> = []
  const lane = spans.map(({ end, start }) => {
    let at = free.findIndex((until) => until <= start)
    if (at < 0) at = free.length < most ? free.push(-Infinity) - 1 : free.indexOf(Math.min(...free))
    free[at] = Math.max(free[at]!, end ?? now)
    return at
  })
  return { lane, count: Math.max(1, free.length) }
}

/** How rows are ordered: as they were planned, or by when they began. */
export type Order = "plan" | "time" | "state"

const byTime = (a: Row, b: Row): number => (a.first ?? Infinity) - (b.first ?? Infinity) || a.index - b.index

/** A line of the chart: a heading of a state, or an asset. */
export type Line =
  | { readonly _tag: "Heading"; readonly state: RowState; readonly count: number }
  | { readonly _tag: "Row"; readonly row: Row }

/** The lines of a chart: ordered, and with headings where they are grouped by state. */
export const linesOf = (
  rows: ReadonlyArray<Row>,
  order: Order,
  states: ReadonlyArray<RowState>
): ReadonlyArray<Line> => {
  if (order !== "state") {
    const sorted = order === "plan" ? rows : [...rows].sort((a, b) => {
      const difference = byTime(a, b)
      return Number.isNaN(difference) ? a.index - b.index : difference
    })
    return sorted.map((row) => ({ _tag: "Row", row }))
  }
  const groups = new Map<RowState, Array<Row>>()
  for (const row of rows) {
    const group = groups.get(row.state)
    if (group === undefined) groups.set(row.state, [row])
    else group.push(row)
  }
  return states.flatMap((state): ReadonlyArray<Line> => {
    const group = groups.get(state)
    if (group === undefined) return []
    return [{ _tag: "Heading", state, count: group.length }, ...group.map((row): Line => ({ _tag: "Row", row }))]
  })
}
