import { external, stored, useExternal } from "./external.ts"

/** The time zone that times are shown in. */
export type Zone = "local" | "UTC"

const zone = external<Zone>(stored.get("zone") === "UTC" ? "UTC" : "local")

/** Chooses the time zone, and keeps it in this browser. */
export const setZone = (next: Zone): void => {
  stored.set("zone", next)
  zone.set(next)
}

/** The time zone that was chosen. */
export const useZone = (): Zone => useExternal(zone)

/** The name of a zone for people, such as `UTC` or `Europe/Berlin`. */
export const zoneName = (zone: Zone): string =>
  zone === "UTC" ? "UTC" : new Intl.DateTimeFormat().resolvedOptions().timeZone

/** How much of a time is shown. */
export type TimeStyle = "date" | "minute" | "second" | "millisecond" | "time"

const formats: { readonly [style in TimeStyle]: Intl.DateTimeFormatOptions } = {
  date: { year: "numeric", month: "short", day: "numeric" },
  minute: { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  second: {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short"
  },
  millisecond: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** A time as text in a zone. */
export const formatTime = (millis: number, zone: Zone, style: TimeStyle = "second"): string => {
  // Intl throws for what is not a date
  if (Number.isNaN(new Date(millis).getTime())) return String(millis)
  const name = `${zone} ${style}`
  let formatter = formatters.get(name)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en", {
      ...formats[style],
      hourCycle: "h23",
      ...(zone === "UTC" ? { timeZone: "UTC" } : {})
    })
    formatters.set(name, formatter)
  }
  return formatter.format(millis)
}

const units: ReadonlyArray<readonly [millis: number, name: string]> = [
  [365 * 86_400_000, "y"],
  [30 * 86_400_000, "mo"],
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"]
]

/** How long ago, or in how long, in its largest unit: `just now`, `5 min ago`, `in 2 h`. */
export const formatRelative = (millis: number, now: number): string => {
  const distance = Math.abs(now - millis)
  if (!Number.isFinite(distance)) return String(millis)
  if (distance < 5000) return "just now"
  const [unit, name] = units.find(([unit]) => distance >= unit)!
  const text = `${Math.floor(distance / unit)} ${name}`
  return millis <= now ? `${text} ago` : `in ${text}`
}

/** In how long something is to be. What is about to be has not just been, also where it is a little late. */
export const formatAhead = (millis: number, now: number): string => {
  const text = formatRelative(millis, now)
  return text === "just now" ? "in a moment" : text
}

/** A duration for people: `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`. */
export const formatDuration = (millis: number): string => {
  if (!Number.isFinite(millis)) return String(millis)
  if (millis < 0) return `-${formatDuration(-millis)}`
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 59_950) return `${(millis / 1000).toFixed(1)} s`
  const pair = (large: number, largeName: string, small: number, smallName: string): string => {
    const smalls = Math.round(millis / small)
    const per = large / small
    const rest = smalls % per
    return `${Math.floor(smalls / per)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`
  }
  if (millis < 3_599_500) return pair(60_000, "min", 1000, "s")
  if (millis < 86_370_000) return pair(3_600_000, "h", 60_000, "min")
  return pair(86_400_000, "d", 3_600_000, "h")
}

const clock = external(Date.now())
let ticking = 0
let timer: ReturnType<typeof setInterval> | undefined

const subscribeClock = (listener: () => void): () => void => {
  if (ticking++ === 0) {
    clock.set(Date.now())
    timer = setInterval(() => clock.set(Date.now()), 1000)
  }
  const stop = clock.subscribe(listener)
  return () => {
    stop()
    if (--ticking === 0) clearInterval(timer)
  }
}

/** What `of` makes of the time that is now, by one clock for the page that ticks each second while somebody looks. */
export const useClock = <A>(of: (now: number) => A): A => useExternal({ ...clock, subscribe: subscribeClock }, of)
