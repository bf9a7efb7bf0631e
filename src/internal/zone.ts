/**
 * Offsets of time zones from UTC, without a call of Intl for each: the moments at which an offset changes are searched once
 * for a stretch of about a year, and kept. Times are milliseconds since 1970; a local time is written as if it were UTC.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/** A stretch of time with one offset: `start` belongs to it, `end` does not. Two neighbours may have the same offset. */
export interface Segment {
  readonly start: number
  readonly end: number
  readonly offset: number
}

/** A time zone. */
export interface Zone {
  readonly id: string
  readonly timeZone: DateTime.TimeZone
  readonly segmentAt: (time: number) => Segment
}

/** The times that a Date can have. */
export const maxTime = 8.64e15

// a power of two, so that the number of the stretch is exact; about a year, so that one is seldom searched in vain
const stretch = 2 ** 35

const day = 86_400_000

// an offset that changed has never changed back sooner
const step = 7 * day

const offsetPattern = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/

const namedOffset = (id: string): (time: number) => number => {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: id, timeZoneName: "longOffset" })
  return (time) => {
    const [, sign, hours, minutes, seconds = "0"] = offsetPattern.exec(format.format(time)) ?? []
    if (sign === undefined) return 0
    return (sign === "-" ? -1000 : 1000) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
  }
}

/** The segments of one stretch, in order. */
const search = (offsetAt: (time: number) => number, start: number, end: number): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  let since = start
  let at = start
  let offset = offsetAt(start)
  while (at < end) {
    const to = Math.min(at + step, end)
    // the offset at `end` itself is that of the next stretch
    const next = offsetAt(Math.min(to, end - 1))
    if (next !== offset) {
      let before = at
      let after = to
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        if (offsetAt(middle) === offset) before = middle
        else after = middle
      }
      segments.push({ start: since, end: after, offset })
      since = at = after
      // two changes within a step: what follows the first is searched again
      offset = offsetAt(after)
    } else at = to
  }
  segments.push({ start: since, end, offset })
  return segments
}

const named = (timeZone: DateTime.TimeZone.Named): Zone => {
  const offsetAt = namedOffset(timeZone.id)
  const known = new Map<number, ReadonlyArray<Segment>>()
  let last: Segment = { start: 0, end: 0, offset: 0 }
  // where a stretch begins: far from any change, so that who looks at a change sees both of its sides
  const borders = new Map<number, number>()
  const border = (index: number): number => {
    let at = borders.get(index)
    if (at !== undefined) return at
    at = index * stretch
    if (Math.abs(at) > maxTime - stretch) at = Math.sign(at) * maxTime
    else while (offsetAt(at - 3 * day) !== offsetAt(at + 3 * day)) at += 6 * day
    borders.set(index, at)
    return at
  }
  const segmentAt = (time: number): Segment => {
    if (time >= last.start && time < last.end) return last
    let index = Math.floor(time / stretch)
    if (time < border(index)) index -= 1
    let segments = known.get(index)
    if (segments === undefined) {
      segments = search(offsetAt, border(index), border(index + 1))
      known.set(index, segments)
    }
    last = segments.find((segment) => time < segment.end) ?? segments.at(-1)!
    return last
  }
  return { id: timeZone.id, timeZone, segmentAt }
}

const fixed = (id: string, timeZone: DateTime.TimeZone, offset: number): Zone => {
  const segment: Segment = { start: -Infinity, end: Infinity, offset }
  return { id, timeZone, segmentAt: () => segment }
}

const zones = new Map<string, Zone>()

/**
 * The zone of a name such as "Europe/Berlin" or an offset such as "+02:00". `undefined` when there is none.
 *
 * @internal
 */
export const make = (name: string): Zone | undefined => {
  const found = Option.getOrUndefined(DateTime.zoneFromString(name))
  if (found === undefined) return undefined
  const id = DateTime.zoneToString(found)
  const known = zones.get(id)
  if (known !== undefined) return known
  const zone = found._tag === "Offset"
    ? fixed(id, found, found.offset)
    : id === "UTC"
    ? fixed(id, found, 0)
    : named(found)
  zones.set(id, zone)
  return zone
}

/**
 * The local time of a moment.
 *
 * @internal
 */
export const toLocal = (zone: Zone, time: number): number => time + zone.segmentAt(time).offset

// further from UTC than any place ever was
const furthest = 16 * 3_600_000

/**
 * The moment of a local time: the earlier one of a time that is repeated, the end of the gap for one that is skipped.
 *
 * @internal
 */
export const fromLocal = (zone: Zone, local: number): number => {
  let at = local - furthest
  while (true) {
    const { end, offset, start } = zone.segmentAt(at)
    const time = local - offset
    // earlier than the segment that comes after a gap: its start ends the gap
    if (time < start && at === start) return start
    if (time < end) return time
    at = end
  }
}

/**
 * Whether the local time of a moment was already there before: after clocks were turned back.
 *
 * @internal
 */
export const isRepeated = (zone: Zone, time: number): boolean => fromLocal(zone, toLocal(zone, time)) < time
