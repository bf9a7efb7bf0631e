/** What programs have logged and what happened in the run, as lines in the order of time. */
import type { Api } from "../api/contract.ts"
import { orderedRows, type Row, type RunView } from "./runView.ts"

/** How much a line matters. */
export type Level = "Trace" | "Debug" | "Info" | "Warn" | "Error" | "Fatal"

/** Levels from the least on. */
export const levels: ReadonlyArray<Level> = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal"]

const names: { readonly [name: string]: Level } = {
  all: "Trace",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  warning: "Warn",
  error: "Error",
  fatal: "Fatal"
}

/** Reads the name of a level, however it is written. */
export const levelOf = (name: string): Level => {
  const known = name.toLowerCase()
  return Object.hasOwn(names, known) ? names[known]! : "Info"
}

/** A line of the log. */
export interface Line {
  readonly id: string
  readonly at: number
  readonly level: Level
  /** An event of the run, not a message of a program. */
  readonly event: boolean
  /** It tells of a beginning. */
  readonly begins: boolean
  readonly key: string | undefined
  /** What more it is about: a partition, a check, a step. */
  readonly about: string | undefined
  readonly text: string
  /** Shown on request. */
  readonly cause: string | undefined
}

const outcomes: { readonly [outcome in Api.Model.OutcomeName]: readonly [level: Level, text: string] } = {
  Materialized: ["Info", "materialized"],
  Observed: ["Info", "observed"],
  Skipped: ["Info", "skipped"],
  UpToDate: ["Info", "up to date"],
  Failed: ["Error", "failed"],
  UpstreamFailed: ["Warn", "not computed"],
  Cancelled: ["Warn", "cancelled"]
}

const seconds = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

const rowLines = (row: Row, lines: Array<Line>): void => {
  for (const span of row.spans) {
    lines.push({
      id: `s ${row.key} ${span.part ?? ""}`,
      at: span.start,
      level: "Debug",
      event: true,
      begins: true,
      key: row.key,
      about: span.part,
      text: "started",
      cause: undefined
    })
  }
  for (const event of row.events) {
    const [level, word] = outcomes[event.outcome]
    lines.push({
      id: `e ${event.cursor}`,
      at: event.timestamp,
      level,
      event: true,
      begins: false,
      key: row.key,
      about: event.partition ?? event.partitions?.text,
      text: [
        event.durationMillis === undefined || event.outcome === "Skipped"
          ? word
          : `${word} ${event.outcome === "Materialized" ? "in" : "after"} ${seconds(event.durationMillis)}`,
        event.error === undefined ? event.reason : `${event.error.tag}: ${event.error.message}`
      ].filter((part) => part !== undefined).join(": "),
      cause: event.error?.cause
    })
  }
  for (const check of row.checks) {
    if (check.evaluation === undefined) continue
    const failed = check.status !== "Passed"
    lines.push({
      id: `c ${row.key} ${check.check} ${check.evaluation.cursor}`,
      at: check.evaluation.timestamp,
      level: !failed ? "Info" : check.severity === "warn" && check.status === "Failed" ? "Warn" : "Error",
      event: true,
      begins: false,
      key: row.key,
      about: check.check,
      text: [
        `check ${
          check.status === "Passed" ? "passed" : check.status === "Failed" ? "failed" : "could not be evaluated"
        }`,
        check.evaluation.error === undefined ? check.evaluation.description : check.evaluation.error.message
      ].filter((part) => part !== undefined).join(": "),
      cause: check.evaluation.error?.cause
    })
  }
}

/** What happened in a run, as lines in the order of time. */
export const eventLines = (view: RunView): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  const of = (id: string, at: number, level: Level, text: string): Line => ({
    id,
    at,
    level,
    event: true,
    begins: id === "r start",
    key: undefined,
    about: undefined,
    text,
    cause: undefined
  })
  const { cancelRequested, finished, startedAt } = view
  const count = view.keys.length
  if (startedAt !== undefined) {
    lines.push(of("r start", startedAt, "Info", `run started: ${count === 1 ? "1 asset" : `${count} assets`}`))
  }
  for (const row of orderedRows(view)) rowLines(row, lines)
  if (cancelRequested !== undefined) {
    const { at, reason } = cancelRequested
    lines.push(of("r cancel", at, "Warn", reason === undefined ? "cancel requested" : `cancel requested: ${reason}`))
  }
  lines.sort((a, b) => a.at - b.at)
  if (finished !== undefined) {
    const level = finished.status === "Failed" ? "Error" : finished.status === "Cancelled" ? "Warn" : "Info"
    const text = `run ${finished.status.toLowerCase()} after ${seconds(finished.durationMillis)}`
    // whatever the clocks say, it is the last thing that happened
    lines.push(of("r end", Math.max(finished.at, lines.at(-1)?.at ?? 0), level, text))
  }
  return lines
}

/** A message of a program as a line. */
export const entryLine = (entry: Api.Model.LogEntry): Line => ({
  id: `l ${entry.seq}`,
  at: entry.timestamp,
  level: levelOf(entry.level),
  event: false,
  begins: false,
  key: entry.key,
  about: [entry.partition, entry.check, entry.step].filter((part) => part !== undefined).join(" ") || undefined,
  text: entry.message,
  cause: entry.cause
})

/** Two lists that are in order as one. Of the same time, what begins comes before messages, and what ends after them. */
export const merge = (events: ReadonlyArray<Line>, messages: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  let i = 0
  let j = 0
  while (i < events.length || j < messages.length) {
    const event = events[i]
    const message = messages[j]
    if (
      message === undefined
      || (event !== undefined && (event.at < message.at || (event.at === message.at && event.begins)))
    ) {
      lines.push(event!)
      i++
    } else {
      lines.push(message)
      j++
    }
  }
  return lines
}

/** Which lines are shown. */
export interface LineFilter {
  /** The least level. */
  readonly level: Level
  readonly key: string | undefined
  /** Text that a line has, in whatever case. */
  readonly text: string
}

/** The lines that are shown. */
export const filterLines = (lines: ReadonlyArray<Line>, { key, level, text }: LineFilter): ReadonlyArray<Line> => {
  const least = levels.indexOf(level)
  const wanted = text.toLowerCase()
  const has = (part: string | undefined) => part !== undefined && part.toLowerCase().includes(wanted)
  return lines.filter((line) =>
    levels.indexOf(line.level) >= least
    && (key === undefined || line.key === key)
    && (wanted === "" || has(line.text) || has(line.key) || has(line.about) || has(line.cause))
  )
}

/** A text in parts, those that were looked for apart. */
export const highlight = (
  text: string,
  wanted: string
): ReadonlyArray<{ readonly text: string; readonly hit: boolean }> => {
  if (wanted === "") return [{ text, hit: false }]
  // letters whose lower case is longer than they are would move what is found
  const lower = text.toLowerCase()
  const haystack = lower.length === text.length ? lower : text
  const needle = wanted.toLowerCase()
  const parts: Array<{ readonly text: string; readonly hit: boolean }> = []
  let from = 0
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false })
    parts.push({ text: text.slice(at, at + needle.length), hit: true })
    from = at + needle.length
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false })
  return parts
}

/** Lines as a text file. */
export const linesText = (lines: ReadonlyArray<Line>): string =>
  lines.map(({ about, at, cause, key, level, text }) => {
    const date = new Date(at)
    return [
      [
        Number.isNaN(date.getTime()) ? String(at) : date.toISOString(),
        level.toUpperCase().padEnd(5),
        ...key === undefined ? [] : [about === undefined ? key : `${key} [${about}]`],
        text
      ].join("  "),
      ...cause === undefined ? [] : cause.split("\n").map((line) => `    ${line}`)
    ].join("\n")
  }).join("\n") + (lines.length === 0 ? "" : "\n")
