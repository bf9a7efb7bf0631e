/**
 * The time windows of a partition set: stretches between two ticks of a cron expression. Their starts are kept in one array
 * for each definition, which grows with time; a moment sees a beginning of it.
 */
import * as Result from "effect/Result"
import * as Cron from "./cron.ts"
import type { Window, WindowLine } from "./dimension.ts"
import * as Zone from "./zone.ts"

// ---------------------------------------------------------------------------------------------------------------------
// keys
// ---------------------------------------------------------------------------------------------------------------------

/** How the start of a window is written. */
export interface KeyFormat {
  readonly pattern: string
  readonly format: (zone: Zone.Zone, time: number) => string
  /** The moment that is written, the earlier one when the text does not tell. */
  readonly parse: (zone: Zone.Zone, text: string) => number | undefined
}

const directives: Readonly<Record<string, string>> = {
  Y: "(\\d{4})",
  m: "(\\d{2})",
  d: "(\\d{2})",
  H: "(\\d{2})",
  M: "(\\d{2})",
  S: "(\\d{2})",
  z: "([+-]\\d{4}(?:\\d{2})?)"
}

const two = (value: number): string => value < 10 ? `0${value}` : String(value)

const formatOffset = (offset: number): string => {
  const seconds = Math.abs(offset) / 1000
  const odd = seconds % 60
  return (offset < 0 ? "-" : "+") + two(Math.floor(seconds / 3600)) + two(Math.floor(seconds / 60) % 60) +
    (odd === 0 ? "" : two(odd))
}

const parseOffset = (text: string): number => {
  const [hours, minutes, seconds] = [text.slice(1, 3), text.slice(3, 5), text.slice(5, 7)].map(Number)
  return (text.startsWith("-") ? -1000 : 1000) * (hours! * 3600 + minutes! * 60 + seconds!)
}

const formatDirective = (directive: string, date: Date, offset: number): string => {
  switch (directive) {
    case "Y":
      return String(date.getUTCFullYear()).padStart(4, "0")
    case "m":
      return two(date.getUTCMonth() + 1)
    case "d":
      return two(date.getUTCDate())
    case "H":
      return two(date.getUTCHours())
    case "M":
      return two(date.getUTCMinutes())
    case "S":
      return two(date.getUTCSeconds())
    default:
      return formatOffset(offset)
  }
}

/** Milliseconds of a local time, or `undefined` for a date or a time that no calendar has. */
const local = (
  year: number,
  month: number,
  date: number,
  hour: number,
  minute: number,
  second: number
): number | undefined => {
  const time = Date.UTC(2000, month - 1, date, hour, minute, second)
  const found = new Date(time)
  // a year below 100 would be taken for one of the last century
  found.setUTCFullYear(year, month - 1, date)
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === date && hour < 24 && minute < 60 && second < 60
    ? found.getTime()
    : undefined
}

/** What a key has to tell to be the key of one window alone. */
const needed = (cron: Cron.Cron): ReadonlyArray<string> => {
  const oneDay = cron.days.size === 1 && cron.weekdays.size === 0
  // what is skipped when clocks are turned forward fires at another minute
  const strays = !cron.everyHour && cron.hours.length > 1 && cron.minutes[0] !== 0
  return [
    "Y",
    ...(cron.months.size === 1 && oneDay ? [] : ["m"]),
    ...(oneDay ? [] : ["d"]),
    ...(cron.hours.length > 1 ? ["H"] : []),
    ...(cron.minutes.length > 1 || strays ? ["M"] : []),
    ...(cron.seconds.length > 1 ? ["S"] : [])
  ]
}

/**
 * The format of the keys of a cron expression: `pattern`, or what tells its windows apart. The failure says what is wrong
 * with the pattern.
 *
 * @internal
 */
export const keyFormat = (cron: Cron.Cron, pattern?: string | undefined): Result.Result<KeyFormat, string> => {
  const finest = cron.seconds.length > 1 || cron.seconds[0] !== 0
    ? "%Y-%m-%d-%H:%M:%S"
    : cron.times.length > 1
    ? "%Y-%m-%d-%H:%M"
    : "%Y-%m-%d"
  const used = pattern ?? finest
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f|]|\.\.\./.test(used)) {
    return Result.fail("a key holds neither control characters nor \"|\" nor \"...\"")
  }
  const parts = used.split(/%(.)/s)
  const names = parts.filter((_, i) => i % 2 === 1)
  const unknown = names.find((name) => name !== "%" && directives[name] === undefined)
  if (unknown !== undefined) return Result.fail(`%${unknown} is none of %Y, %m, %d, %H, %M, %S, %z and %%`)
  const missing = needed(cron).filter((name) => !names.includes(name))
  if (missing.length > 0) {
    return Result.fail(
      `several windows would have the same key: it lacks ${missing.map((name) => `%${name}`).join(" and ")}`
    )
  }
  const zoned = names.includes("z")
  // a time that is there twice is told by its offset the second time
  const suffixed = cron.everyHour && !zoned
  const groups = names.filter((name) => name !== "%")
  const expression = new RegExp(
    "^" + parts.map((part, i) =>
      i % 2 === 1
        ? part === "%" ? "%" : directives[part]
        : part.replace(/[^\w]/g, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
    ).join("") + (suffixed ? directives["z"] + "?$" : "$"),
    "u"
  )
  const format = (zone: Zone.Zone, time: number): string => {
    const { offset } = zone.segmentAt(time)
    const date = new Date(time + offset)
    let text = ""
    for (let i = 0; i < parts.length; i++) {
      text += i % 2 === 0 ? parts[i]! : parts[i] === "%" ? "%" : formatDirective(parts[i]!, date, offset)
    }
    return suffixed && Zone.isRepeated(zone, time) ? text + formatOffset(offset) : text
  }
  const parse = (zone: Zone.Zone, text: string): number | undefined => {
    const found = expression.exec(text)
    if (found === null) return undefined
    const field = (name: string, otherwise: number): number => {
      const at = groups.indexOf(name)
      return at < 0 ? otherwise : Number(found[at + 1])
    }
    const time = local(field("Y", 0), field("m", 1), field("d", 1), field("H", 0), field("M", 0), field("S", 0))
    if (time === undefined) return undefined
    const offset = found[zoned ? groups.indexOf("z") + 1 : groups.length + 1]
    return offset === undefined ? Zone.fromLocal(zone, time) : time - parseOffset(offset)
  }
  return Result.succeed({ pattern: used, format, parse })
}

const isoPattern =
  /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T -](\d\d)(?::(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(?:(Z)|([+-]\d\d):?(\d\d))?)?)?$/

/**
 * The moment that an ISO date or time tells, in the zone when it has no offset of its own.
 *
 * @internal
 */
export const parseIso = (zone: Zone.Zone, text: string): number | undefined => {
  const found = isoPattern.exec(text)
  if (found === null) return undefined
  const [, year, month, date = "1", hour = "0", minute = "0", second = "0", utc, hours, minutes = "00"] = found
  const time = local(Number(year), Number(month), Number(date), Number(hour), Number(minute), Number(second))
  if (time === undefined) return undefined
  if (utc !== undefined) return time
  return hours === undefined ? Zone.fromLocal(zone, time) : time - parseOffset(hours + minutes)
}

// ---------------------------------------------------------------------------------------------------------------------
// windows
// ---------------------------------------------------------------------------------------------------------------------

/** What a set of time windows is made of. */
export interface Definition {
  readonly id: string
  readonly cron: Cron.Cron
  readonly format: KeyFormat
  readonly start: number
  readonly end: number | undefined
  readonly endOffset: number
  /** The windows that start at a tick of one of these, or at one of these times, are left out. */
  readonly excluded: { readonly crons: ReadonlyArray<Cron.Cron>; readonly starts: ReadonlySet<number> }
}

/** The first index below `count` whose value is at least `value`; `count` if there is none. */
const lowerBound = (values: Float64Array, count: number, value: number): number => {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the search for a window that is not excluded ends: more than the minutes of a year, longer than leap years take. */
const searched = { ticks: 600_000, time: 41 * 366 * 86_400_000 }

/** So many keys are kept, of each line. */
const maxKeys = 50_000

/**
 * The windows that a definition draws, and those of them that were looked at.
 *
 * @internal
 */
export class Line {
  readonly definition: Definition
  /** The tick at which the first window starts, excluded or not. */
  readonly first: number
  readonly #excludes: boolean
  /** How many windows are known, and the tick at which the first one starts that is not. */
  #count = 0
  #frontier: number
  // the starts of the windows that are known, and the frontier; with exclusions a window ends before the next one starts
  #starts = new Float64Array(64)
  #ends: Float64Array<ArrayBuffer> | undefined
  #last: WindowLine | undefined
  /** The keys that somebody has asked for, by index. */
  readonly #keys = new Map<number, string>()

  constructor(definition: Definition) {
    this.definition = definition
    this.first = Cron.nextTick(definition.cron, definition.start - 1)
    this.#excludes = definition.excluded.crons.length > 0 || definition.excluded.starts.size > 0
    this.#frontier = this.first
    this.#starts[0] = this.first
    this.#ends = this.#excludes ? new Float64Array(64) : undefined
  }

  /** The windows at a moment. */
  at(now: number): WindowLine {
    const size = this.#sizeAt(now)
    // many assets share a set, and most ask about the same moment
    if (this.#last?.size !== size) this.#last = new WindowLineAt(this, size)
    return this.#last
  }

  startAt(index: number): number {
    return this.#starts[index]!
  }

  endAt(index: number): number {
    return this.#ends === undefined ? this.#starts[index + 1]! : this.#ends[index]!
  }

  /** The first index below `count` of a window that starts at or after a time. */
  startingFrom(time: number, count: number): number {
    return lowerBound(this.#starts, count, time)
  }

  /** The first index below `count` of a window that ends after a time. */
  endingAfter(time: number, count: number): number {
    const ends = this.#ends
    if (ends !== undefined) return lowerBound(ends, count, time + 1)
    return Math.max(0, Math.min(count, lowerBound(this.#starts, count + 1, time + 1) - 1))
  }

  isExcluded(start: number): boolean {
    if (!this.#excludes) return false
    const { crons, starts } = this.definition.excluded
    return starts.has(start) || crons.some((cron) => Cron.isTick(cron, start))
  }

  /** Whether there is a window at all that is not excluded. */
  hasWindows(): boolean {
    return !this.#excludes || this.#search(this.first - 1, Cron.nextTick) !== undefined
  }

  between(from: number, to: number): ReadonlyArray<Window> {
    const known: Array<Window> = []
    const end = Math.min(to, this.#frontier)
    const last = lowerBound(this.#starts, this.#count, end)
    for (let i = lowerBound(this.#starts, this.#count, from); i < last; i++) known.push(this.#known(i))
    if (from >= this.first && to <= this.#frontier) return known
    return [
      ...this.#between(from, Math.min(to, this.first)),
      ...known,
      ...this.#between(Math.max(from, this.#frontier), to)
    ]
  }

  countWithin(from: number, to: number, limit: number): number | undefined {
    const { cron } = this.definition
    return Cron.isTick(cron, from) && Cron.isTick(cron, to) ? Cron.countTicks(cron, from, to, limit) : undefined
  }

  holding(time: number): Window | undefined {
    if (time >= this.first && time < this.#frontier) {
      const index = lowerBound(this.#starts, this.#count, time + 1) - 1
      return index >= 0 && time < this.endAt(index) ? this.#known(index) : undefined
    }
    const start = Cron.prevTick(this.definition.cron, Math.floor(time) + 1)
    return this.isExcluded(start) ? undefined : this.windowFrom(start)
  }

  shifted(start: number, by: number): Window {
    let at = start
    let left = by
    const index = lowerBound(this.#starts, this.#count, start)
    if (index < this.#count && this.#starts[index] === start) {
      const target = index + by
      if (target >= 0 && target < this.#count) return this.#known(target)
      // what is known is skipped
      const edge = target < 0 ? 0 : this.#count - 1
      at = this.#starts[edge]!
      left = target - edge
    }
    const tick = left < 0 ? Cron.prevTick : Cron.nextTick
    for (let i = 0; i < Math.abs(left); i++) at = this.#search(at, tick) ?? at
    return this.windowFrom(at)
  }

  keyAt(index: number): string {
    const known = this.#keys.get(index)
    if (known !== undefined) return known
    const key = this.keyOf(this.startAt(index))
    if (this.#keys.size < maxKeys) this.#keys.set(index, key)
    return key
  }

  keyOf(start: number): string {
    return this.definition.format.format(this.definition.cron.zone, start)
  }

  windowOf(key: string): Window | undefined {
    const { cron, format } = this.definition
    const time = format.parse(cron.zone, key)
    if (time === undefined) return undefined
    const start = Cron.nextTick(cron, time - 1)
    // what is parsed may be a time at which no window starts
    return start < Infinity && this.keyOf(start) === key && !this.isExcluded(start) ? this.windowFrom(start) : undefined
  }

  /** The window of a date or time in the format of keys, or the one after it. */
  windowAfter(key: string): Window | undefined {
    const { cron, format } = this.definition
    const time = format.parse(cron.zone, key)
    const start = time === undefined ? undefined : this.#search(time - 1, Cron.nextTick)
    return start === undefined ? undefined : this.windowFrom(start)
  }

  /** The window that starts at a tick. */
  windowFrom(start: number): Window {
    return { start, end: Cron.nextTick(this.definition.cron, start) }
  }

  /** The next tick, or the one before, that is not excluded. */
  #search(from: number, tick: (cron: Cron.Cron, time: number) => number): number | undefined {
    let at = from
    for (let i = 0; i < searched.ticks && Math.abs(at - from) < searched.time; i++) {
      at = tick(this.definition.cron, at)
      if (!Number.isFinite(at)) return undefined
      if (!this.isExcluded(at)) return at
    }
    return undefined
  }

  #known(index: number): Window {
    return { start: this.startAt(index), end: this.endAt(index) }
  }

  #between(from: number, to: number): ReadonlyArray<Window> {
    if (!(from < to)) return []
    const { cron } = this.definition
    const starts = Cron.ticks(cron, from, to)
    if (starts.length === 0) return []
    const after = Cron.nextTick(cron, starts.at(-1)!)
    const excluded = this.#excludedBetween(from, to)
    const windows: Array<Window> = []
    for (let i = 0; i < starts.length; i++) {
      if (!excluded.has(starts[i]!)) windows.push({ start: starts[i]!, end: starts[i + 1] ?? after })
    }
    return windows
  }

  #excludedBetween(from: number, to: number): ReadonlySet<number> {
    const { crons, starts } = this.definition.excluded
    return crons.length === 0 ? starts : new Set([...starts, ...crons.flatMap((cron) => Cron.ticks(cron, from, to))])
  }

  /** Makes all windows known that end by a time, and by the end of the set. */
  #extend(until: number): void {
    const { cron, end } = this.definition
    const ends = Cron.ticks(cron, this.#frontier + 1, Math.min(until, end ?? Infinity) + 1)
    if (ends.length === 0) return
    const needed = this.#count + ends.length + 1
    if (needed > this.#starts.length) {
      const grow = (values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
        const grown = new Float64Array(Math.max(needed, values.length * 2))
        grown.set(values)
        return grown
      }
      this.#starts = grow(this.#starts)
      if (this.#ends !== undefined) this.#ends = grow(this.#ends)
    }
    const excluded = this.#excludes ? this.#excludedBetween(this.#frontier, ends.at(-1)!) : undefined
    for (const tick of ends) {
      if (excluded === undefined || !excluded.has(this.#frontier)) {
        this.#starts[this.#count] = this.#frontier
        if (this.#ends !== undefined) this.#ends[this.#count] = tick
        this.#count += 1
      }
      this.#frontier = tick
    }
    if (this.#ends === undefined) this.#starts[this.#count] = this.#frontier
  }

  #sizeAt(now: number): number {
    const { cron, end = Infinity, endOffset } = this.definition
    this.#extend(now)
    const ended = this.endingAfter(now, this.#count)
    if (endOffset <= 0) return Math.max(0, ended + endOffset)
    let size = ended + endOffset
    // before the start, windows of the line count that have not ended
    for (let at = ended === 0 ? this.first : now; size > 0 && at > now; size--) {
      at = this.#search(at, Cron.prevTick) ?? -Infinity
      // the end of the window that starts there
      if (Cron.nextTick(cron, at) <= now) break
    }
    while (this.#count < size) {
      const next = Cron.nextTick(cron, this.#frontier)
      if (next > end || !Number.isFinite(next)) break
      this.#extend(next)
    }
    return Math.min(size, this.#count)
  }
}

/** The windows of a line that exist at a moment. */
class WindowLineAt implements WindowLine {
  readonly kind = "Windows"
  readonly line: Line
  readonly size: number
  readonly id: string
  readonly timeZone: string
  readonly contiguous: boolean
  readonly bounds: WindowLine["bounds"]

  constructor(line: Line, size: number) {
    this.line = line
    this.size = size
    this.id = line.definition.id
    this.timeZone = line.definition.cron.zone.id
    const { crons, starts } = line.definition.excluded
    this.contiguous = crons.length === 0 && starts.size === 0
    this.bounds = { start: line.definition.start, end: line.definition.end }
  }

  // functions of the object, not of its prototype: they are handed on by themselves
  readonly keyAt = (index: number): string => this.line.keyAt(index)
  readonly indexOf = (key: string): number => {
    const window = this.line.windowOf(key)
    if (window === undefined) return -1
    const index = this.line.startingFrom(window.start, this.size)
    return index < this.size && this.line.startAt(index) === window.start ? index : -1
  }
  readonly windowAt = (index: number): Window => ({ start: this.line.startAt(index), end: this.line.endAt(index) })
  readonly firstStartingFrom = (time: number): number => this.line.startingFrom(time, this.size)
  readonly firstEndingAfter = (time: number): number => this.line.endingAfter(time, this.size)
  readonly between = (from: number, to: number): ReadonlyArray<Window> => this.line.between(from, to)
  readonly countWithin = (from: number, to: number, limit: number): number | undefined =>
    this.line.countWithin(from, to, limit)
  readonly startBefore = (time: number): number => Cron.prevTick(this.line.definition.cron, time)
  readonly holding = (time: number): Window | undefined => this.line.holding(time)
  readonly shifted = (start: number, by: number): Window => this.line.shifted(start, by)
  readonly keyOf = (window: Window): string => this.line.keyOf(window.start)
  readonly windowOf = (key: string): Window | undefined => this.line.windowOf(key)
}
