/**
 * When a cron expression fires, in a time zone: `effect/Cron` reads the expression, the rules where clocks change are these.
 *
 * - An expression for every hour fires at each passing of a time that is repeated, and not at a time that is skipped.
 * - Any other fires once: at the later passing of a time that is repeated; at the end of the gap for a time that is skipped.
 * - A day that is skipped as a whole has no times.
 *
 * Times are milliseconds since 1970.
 */
import * as EffectCron from "effect/Cron"
import * as Result from "effect/Result"
import * as Zone from "./zone.ts"

const day = 86_400_000

/** A cron expression in a time zone. */
export interface Cron {
  /** Equal expressions are written alike here. */
  readonly expression: string
  readonly zone: Zone.Zone
  readonly everyHour: boolean
  readonly seconds: ReadonlyArray<number>
  readonly minutes: ReadonlyArray<number>
  readonly hours: ReadonlyArray<number>
  /** Empty: every one. */
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** Whether both the day of the month and the day of the week must match, and not just one of them. */
  readonly and: boolean
  /** The times of a day, in milliseconds since midnight. */
  readonly times: ReadonlyArray<number>
}

const nicknames: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *"
}

const range = (from: number, to: number): ReadonlyArray<number> => Array.from({ length: to - from }, (_, i) => from + i)

const sorted = (values: ReadonlySet<number>, all: number): ReadonlyArray<number> =>
  values.size === 0 ? range(0, all) : [...values].sort((a, b) => a - b)

/**
 * Reads a cron expression of five fields, of six (the first one seconds), or a nickname such as `@daily`. The failure says
 * what is wrong with it.
 *
 * @internal
 */
export const parse = (expression: string, zone: Zone.Zone): Result.Result<Cron, string> => {
  const trimmed = expression.trim()
  const text = trimmed.startsWith("@") ? nicknames[trimmed.toLowerCase()] : trimmed
  if (text === undefined) return Result.fail(`${trimmed} is none of ${Object.keys(nicknames).join(", ")}`)
  const parsed = EffectCron.parse(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure.message)
  const { days, months, weekdays } = parsed.success
  const [dayField, , weekdayField] = text.split(/\s+/).slice(-3)
  const and = days.size > 0 && weekdays.size > 0 && (dayField!.startsWith("*") || weekdayField!.startsWith("*"))
  const longest = (month: number): number =>
    month === 2 ? 29 : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  const possible = days.size === 0 || (weekdays.size > 0 && !and) ||
    (months.size === 0 ? range(1, 13) : [...months]).some((month) => [...days].some((day) => day <= longest(month)))
  if (!possible) return Result.fail("there is no such day")
  const seconds = sorted(parsed.success.seconds, 60)
  const minutes = sorted(parsed.success.minutes, 60)
  const hours = sorted(parsed.success.hours, 24)
  return Result.succeed({
    expression: EffectCron.format(parsed.success) + (and ? " and" : ""),
    zone,
    everyHour: hours.length === 24,
    seconds,
    minutes,
    hours,
    days,
    months,
    weekdays,
    and,
    times: hours.flatMap((hour) =>
      minutes.flatMap((minute) => seconds.map((second) => ((hour * 60 + minute) * 60 + second) * 1000))
    )
  })
}

const matchesDay = (cron: Cron, date: Date): boolean => {
  const byMonth = cron.days.size === 0 || cron.days.has(date.getUTCDate())
  const byWeek = cron.weekdays.size === 0 || cron.weekdays.has(date.getUTCDay())
  return cron.days.size === 0 || cron.weekdays.size === 0 || cron.and ? byMonth && byWeek : byMonth || byWeek
}

/** The first day at or after a day (before it, for a step of -1) on which the expression fires: both are local midnights. */
const findDay = (cron: Cron, from: number, step: 1 | -1): number => {
  if (cron.days.size === 0 && cron.weekdays.size === 0 && cron.months.size === 0) return from
  let at = from
  while (Math.abs(at) <= Zone.maxTime) {
    const date = new Date(at)
    if (cron.months.size > 0 && !cron.months.has(date.getUTCMonth() + 1)) {
      at = step === 1
        ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
        : Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 0)
    } else if (matchesDay(cron, date)) return at
    else at += step * day
  }
  return step * Infinity
}

/** The first index of a sorted list whose value is at least `value`. */
const lowerBound = (values: ReadonlyArray<number>, value: number): number => {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The first local time of the expression at or after one. */
const localNext = (cron: Cron, local: number): number => {
  const today = Math.floor(local / day) * day
  const found = findDay(cron, today, 1)
  if (found > today) return found + cron.times[0]!
  const index = lowerBound(cron.times, local - today)
  return index < cron.times.length ? today + cron.times[index]! : findDay(cron, today + day, 1) + cron.times[0]!
}

/** The last local time of the expression before one. */
const localPrevious = (cron: Cron, local: number): number => {
  const today = Math.floor(local / day) * day
  const found = findDay(cron, today, -1)
  if (found < today) return found + cron.times.at(-1)!
  const index = lowerBound(cron.times, local - today) - 1
  return index >= 0 ? today + cron.times[index]! : findDay(cron, today - day, -1) + cron.times.at(-1)!
}

/** Up to where the local times of a segment fire: not when they are repeated after it, and the expression fires once. */
const localEnd = (cron: Cron, segment: Zone.Segment): number => {
  if (cron.everyHour || segment.end >= Zone.maxTime) return segment.end + segment.offset
  return segment.end + Math.min(segment.offset, cron.zone.segmentAt(segment.end).offset)
}

/** Whether a time that the gap before a segment skips fires at the end of the gap, the start of the segment. */
const firesAfterGap = (cron: Cron, segment: Zone.Segment): boolean => {
  if (cron.everyHour || segment.start <= -Zone.maxTime) return false
  const skipped = segment.offset - cron.zone.segmentAt(segment.start - 1).offset
  if (skipped <= 0 || skipped >= day) return false
  const local = segment.start + segment.offset
  return localNext(cron, local - skipped) < local
}

/** Calls `visit` with every tick from `from` until before `to`, until it returns true. */
const walk = (cron: Cron, from: number, to: number, visit: (time: number) => boolean): void => {
  const until = Math.min(to, Zone.maxTime)
  let at = Math.max(from, -Zone.maxTime)
  while (at < until) {
    const segment = cron.zone.segmentAt(at)
    const { offset } = segment
    const end = Math.min(localEnd(cron, segment), until + offset)
    let local = localNext(cron, at + offset)
    if (at === segment.start && local !== at + offset && firesAfterGap(cron, segment) && visit(at)) return
    // day by day: to search each tick anew would take several times as long
    while (local < end) {
      const today = Math.floor(local / day) * day
      for (let i = lowerBound(cron.times, local - today); i < cron.times.length; i++) {
        const time = today + cron.times[i]!
        if (time >= end) break
        if (visit(time - offset)) return
      }
      local = findDay(cron, today + day, 1) + cron.times[0]!
    }
    at = segment.end
  }
}

/**
 * The first tick after a time: `Infinity` when Dates end before it.
 *
 * @internal
 */
export const nextTick = (cron: Cron, time: number): number => {
  let found = Infinity
  walk(cron, Math.floor(time) + 1, Infinity, (tick) => {
    found = tick
    return true
  })
  return found
}

/**
 * The last tick before a time: `-Infinity` when Dates begin after it.
 *
 * @internal
 */
export const prevTick = (cron: Cron, time: number): number => {
  let at = Math.min(Math.ceil(time), Zone.maxTime)
  while (at > -Zone.maxTime) {
    const segment = cron.zone.segmentAt(at - 1)
    const { offset, start } = segment
    const local = localPrevious(cron, Math.min(at + offset, localEnd(cron, segment)))
    if (local >= start + offset) return local - offset
    if (firesAfterGap(cron, segment)) return start
    at = start
  }
  return -Infinity
}

/**
 * The ticks from `from` until before `to`.
 *
 * @internal
 */
export const ticks = (cron: Cron, from: number, to: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  walk(cron, Math.ceil(from), to, (tick) => {
    found.push(tick)
    return false
  })
  return found
}

/**
 * How many ticks there are from `from` until before `to`; one more than `limit` if there are more than that.
 *
 * @internal
 */
export const countTicks = (cron: Cron, from: number, to: number, limit: number): number => {
  let count = 0
  walk(cron, Math.ceil(from), to, () => ++count > limit)
  return count
}

/**
 * Whether the expression fires at a time.
 *
 * @internal
 */
export const isTick = (cron: Cron, time: number): boolean => nextTick(cron, time - 1) === time
