/**
 * A run that is watched: what is known of it from its events, and how that is shown. On a terminal a line for each asset
 * that is being computed and a bar, and a table when it has ended; else a line for each event.
 */
import type * as Model from "../server/Model.ts"
import { isOurs } from "./failure.ts"
import {
  bar,
  type Cell,
  count,
  cut,
  duration,
  type Look,
  pad,
  type Paint,
  table,
  visible,
  visibleLines
} from "./text.ts"

interface Running {
  readonly key: string
  readonly partition: string | undefined
  readonly since: number
  readonly attempt: number
  step: string | undefined
}

/** What came of an asset, all its partitions together. */
interface Ended {
  readonly outcomes: Map<Model.OutcomeName, number>
  millis: number
  /** Of the first event that tells why. */
  reason: string | undefined
}

/** What is known of a run. */
export interface Watched {
  readonly id: string
  /** `true` for a backfill: events are those of several runs. */
  readonly several: boolean
  keys: ReadonlyArray<string>
  startedAt: number | undefined
  /** How many assets and partitions there are to compute; `undefined` where that cannot be told. */
  total: number | undefined
  done: number
  readonly running: Map<string, Running>
  readonly ended: Map<string, Ended>
  readonly outcomes: Map<Model.OutcomeName, number>
  /** The first of them; `failed` in `outcomes` counts all. */
  readonly failures: Array<Model.AssetEvent>
  /** Checks that did not pass. */
  readonly checks: Array<Model.CheckModel>
  passed: number
  cancelled: boolean
  status: Model.RunStatus
  durationMillis: number
  /** The newest cursor: where to go on. */
  cursor: number | undefined
}

/** A run of which nothing is known. */
export const watched = (id: string, several = false): Watched => ({
  id,
  several,
  keys: [],
  startedAt: undefined,
  total: undefined,
  done: 0,
  running: new Map(),
  ended: new Map(),
  outcomes: new Map(),
  failures: [],
  checks: [],
  passed: 0,
  cancelled: false,
  status: "Running",
  durationMillis: 0,
  cursor: undefined
})

const place = (key: string, partition: string | undefined): string => JSON.stringify([key, partition])

const add = <K>(counts: Map<K, number>, key: K, number: number) => void counts.set(key, (counts.get(key) ?? 0) + number)

/** Failures that are kept to be told in full. */
const kept = 20

/** Learns from an event. */
export const learn = (self: Watched, event: Model.RunEvent): void => {
  switch (event._tag) {
    case "RunStarted": {
      if (self.several) break
      self.keys = event.keys
      self.startedAt = event.timestamp
      self.total = event.keys.reduce((sum, key) => sum + (partitionsOf(event, key) ?? 1), 0)
      break
    }
    case "AssetStarted":
      self.running.set(place(event.key, event.partition), {
        key: event.key,
        partition: event.partition,
        since: event.timestamp,
        attempt: event.attempt,
        step: undefined
      })
      break
    case "StepStarted":
    case "StepFinished":
      for (const running of self.running.values()) {
        if (running.key === event.key) running.step = event._tag === "StepStarted" ? event.name : undefined
      }
      break
    case "AssetFinished":
      finished(self, event.event)
      break
    case "CheckFinished":
      if (isBad(event.check)) self.checks.push(event.check)
      else if (event.check.status === "Passed") self.passed += event.check.partitions?.count ?? 1
      break
    case "CancelRequested":
      self.cancelled = true
      break
    case "RunFinished":
      if (self.several) break
      self.status = event.status
      self.durationMillis = event.durationMillis
      self.running.clear()
  }
  self.cursor = cursorOf(event) ?? self.cursor
}

/** The place of an event in the log, if it is recorded. */
export const cursorOf = (event: Model.RunEvent): number | undefined => {
  switch (event._tag) {
    case "AssetFinished":
      return event.event.cursor
    case "CheckFinished":
      return event.check.evaluation?.cursor
    case "RunStarted":
    case "CancelRequested":
    case "RunFinished":
      return event.cursor
    default:
      return undefined
  }
}

const partitionsOf = (event: Extract<Model.RunEvent, { readonly _tag: "RunStarted" }>, key: string) =>
  event.partitions !== undefined && Object.hasOwn(event.partitions, key) ? event.partitions[key] : undefined

const finished = (self: Watched, event: Model.AssetEvent): void => {
  const several = event.partitions?.count
  if (event.partition !== undefined) self.running.delete(place(event.key, event.partition))
  else {
    for (const [at, { key }] of self.running) if (key === event.key) self.running.delete(at)
  }
  self.done += several ?? 1
  // partitions that nobody has counted
  if (self.total !== undefined && self.done > self.total) self.total = undefined
  add(self.outcomes, event.outcome, several ?? 1)
  let ended = self.ended.get(event.key)
  if (ended === undefined) self.ended.set(event.key, ended = { outcomes: new Map(), millis: 0, reason: undefined })
  add(ended.outcomes, event.outcome, several ?? 1)
  ended.millis += event.durationMillis ?? 0
  ended.reason ??= why(event)
  if (event.outcome === "Failed" && self.failures.length < kept) self.failures.push(event)
}

const isBad = ({ status }: Model.CheckModel): boolean =>
  status === "Failed" || status === "Errored" || status === "ExecutionFailed"

const why = ({ because, error, reason }: Model.AssetEvent): string | undefined =>
  error?.message ?? reason ?? (because === undefined || because.length === 0 ? undefined : because.join(", "))

const words: { readonly [outcome in Model.OutcomeName]: readonly [mark: string, word: string, look: Look] } = {
  Materialized: ["✓", "materialized", "green"],
  Observed: ["✓", "observed", "green"],
  UpToDate: ["=", "up to date", "green"],
  Skipped: ["-", "skipped", "yellow"],
  Failed: ["✗", "failed", "red"],
  UpstreamFailed: ["✗", "not computed", "red"],
  Cancelled: ["✗", "cancelled", "yellow"]
}

/** What an outcome is called and looks like. */
export const outcomeWord = (outcome: Model.OutcomeName): Cell => ({
  text: words[outcome][1],
  look: words[outcome][2]
})

const order = Object.keys(words) as ReadonlyArray<Model.OutcomeName> // the record has no others

const counted = (outcomes: ReadonlyMap<Model.OutcomeName, number>): ReadonlyArray<string> =>
  order.flatMap((outcome) => {
    const number = outcomes.get(outcome) ?? 0
    return number === 0 ? [] : [`${number.toLocaleString("en")} ${words[outcome][1]}`]
  })

const worst = (outcomes: ReadonlyMap<Model.OutcomeName, number>): Model.OutcomeName =>
  order.findLast((outcome) => outcomes.has(outcome)) ?? "Materialized"

/** What is about one partition, or several, of an asset. */
const subject = ({ key, partition, partitions }: Pick<Model.AssetEvent, "key" | "partition" | "partitions">): string =>
  visible([key, partition ?? partitions?.text ?? []].flat().join(" "))

const firstLine = (text: string): string => {
  const [first = "", second] = visibleLines(text)
  return second === undefined ? first : `${first} …`
}

// ---------------------------------------------------------------------------------------------------------------------
// lines
// ---------------------------------------------------------------------------------------------------------------------

/** What an event is told as where lines follow each other; nothing for those that are not worth one. */
export const line = (id: string, event: Model.RunEvent, paint: Paint): string | undefined => {
  switch (event._tag) {
    case "RunStarted":
      return `run ${visible(id)} started: ${count(event.keys.length, "asset")}`
    case "AssetStarted":
      return `  ${subject({ key: event.key, partition: event.partition })} started${
        event.attempt > 1 ? `, attempt ${event.attempt}` : ""
      }`
    case "StepStarted":
    case "StepFinished":
      return undefined
    case "AssetFinished":
      return finishedLine(event.event, paint)
    case "CheckFinished":
      return checkLine(event.check, paint)
    case "CancelRequested":
      return `run ${visible(id)} is to be cancelled${event.reason === undefined ? "" : `: ${firstLine(event.reason)}`}`
    case "RunFinished":
      return undefined
  }
}

/** An asset that is done. */
export const finishedLine = (event: Model.AssetEvent, paint: Paint): string => {
  const [mark, word, look] = words[event.outcome]
  const took = event.durationMillis === undefined ? "" : ` in ${duration(event.durationMillis)}`
  const tries = (event.attempts ?? 1) > 1 ? ` after ${event.attempts} attempts` : ""
  const reason = why(event)
  return `${paint(look, mark)} ${subject(event)} ${paint(look, word)}${took}${tries}${
    reason === undefined ? "" : `: ${firstLine(reason)}`
  }`
}

const checkLine = (check: Model.CheckModel, paint: Paint): string => {
  const bad = isBad(check)
  const look = !bad ? "green" : check.severity === "error" ? "red" : "yellow"
  const said = check.evaluation?.error?.message ?? check.evaluation?.description
  return `${paint(look, bad ? check.severity === "error" ? "✗" : "!" : "✓")} check ${visible(check.check)} of ${
    subject(check)
  } ${
    paint(look, check.status === "Passed" ? "passed" : check.status === "Errored" ? "could not be evaluated" : "failed")
  }${said === undefined ? "" : `: ${firstLine(said)}`}`
}

/** How a run has ended, in one line. */
export const lastLine = (self: Watched, paint: Paint): string => {
  const look = self.status === "Succeeded" ? "green" : self.status === "Cancelled" ? "yellow" : "red"
  const outcomes = counted(self.outcomes)
  const bad = self.checks.length
  return `${self.several ? "backfill" : "run"} ${visible(self.id)} ${paint(look, self.status.toLowerCase())} in ${
    duration(self.durationMillis)
  }: ${
    [
      ...(outcomes.length === 0 && self.passed + bad === 0 ? ["nothing to do"] : outcomes),
      ...(self.passed > 0
        ? [`${self.passed.toLocaleString("en")} ${self.passed === 1 ? "check" : "checks"} passed`]
        : []),
      ...(bad > 0 ? [`${bad} ${bad === 1 ? "check" : "checks"} failed`] : [])
    ].join(", ")
  }`
}

/** Why assets failed: whole messages, and the beginning of their causes. */
export const failures = (self: Watched, paint: Paint): ReadonlyArray<string> => {
  const number = self.outcomes.get("Failed") ?? 0
  return [
    ...self.failures.flatMap((event) => failure(event, paint)),
    ...(number > self.failures.length
      ? [`and ${count(number - self.failures.length, "more failure")}: effect-assets run show ${visible(self.id)}`]
      : [])
  ]
}

/** Lines of a cause that are shown. */
const causeLines = 6

/** A failure, its message and the beginning of its cause. */
export const failure = (event: Model.AssetEvent, paint: Paint): ReadonlyArray<string> => {
  if (event.error === undefined) return []
  const message = visibleLines(event.error.message)
  // a cause begins with the message
  const cause = visibleLines(event.error.cause).filter((line) =>
    line.trim() !== "" && !message.some((said) => said !== "" && line.includes(said)) && !isOurs(line)
  )
  const tag = visible(event.error.tag)
  return [
    `${paint("red", `✗ ${subject(event)}`)}: ${tag === "" || tag === "Error" ? "" : `${tag}: `}${message[0]}`,
    ...message.slice(1).map((line) => `    ${line}`),
    ...cause.slice(0, causeLines).map((line) => paint("dim", `    ${line.trim()}`)),
    ...(cause.length > causeLines ? [paint("dim", `    … ${count(cause.length - causeLines, "more line")}`)] : [])
  ]
}

// ---------------------------------------------------------------------------------------------------------------------
// terminal
// ---------------------------------------------------------------------------------------------------------------------

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const

/** How a terminal is now. */
export interface Room {
  readonly columns: number
  readonly rows: number
  readonly paint: Paint
  readonly now: number
}

/** The lines at the bottom of the terminal while a run goes on. None is wider than it. */
export const frame = (self: Watched, room: Room): ReadonlyArray<string> => {
  const { now, paint } = room
  if (self.startedAt === undefined) return []
  // the last column stays free: some terminals go to the next line there
  const columns = Math.max(1, room.columns - 1)
  const most = Math.max(1, Math.min(12, room.rows - 4))
  const all = Array.from(self.running.values())
  const shown = all.length > most ? all.slice(0, most - 1) : all
  const turn = spinner[Math.floor(now / 80) % spinner.length]!
  const lines = shown.map((running) => {
    const what = subject(running)
    const notes = [
      duration(now - running.since).padStart(8),
      ...(running.attempt > 1 ? [`attempt ${running.attempt}`] : []),
      ...(running.step === undefined ? [] : [visible(running.step)])
    ].join("  ")
    const left = Math.max(1, Math.min(48, columns - 2 - Math.min(notes.length + 2, 12)))
    const text = `${turn} ${pad(cut(what, left), Math.min(left, 40))}  ${notes}`
    const fits = cut(text, columns)
    return `${paint("cyan", fits.slice(0, 1))}${fits.slice(1)}`
  })
  if (all.length > shown.length) {
    lines.push(cut(`  and ${(all.length - shown.length).toLocaleString("en")} more`, columns))
  }
  return [...lines, barLine(self, columns, now - self.startedAt, paint)]
}

const barLine = (self: Watched, columns: number, elapsed: number, paint: Paint): string => {
  const bad = (self.outcomes.get("Failed") ?? 0) + (self.outcomes.get("UpstreamFailed") ?? 0)
  const done = self.total === undefined
    ? `${self.done.toLocaleString("en")} done`
    : `${self.done.toLocaleString("en")}/${self.total.toLocaleString("en")}`
  const notes = [
    ` ${done}`,
    ...(bad > 0 ? [`${bad.toLocaleString("en")} failed`] : []),
    duration(elapsed),
    ...(self.cancelled ? ["cancelling"] : [])
  ].join("  ")
  const wide = Math.min(40, columns - notes.length)
  if (self.total === undefined || wide < 8) return cut(notes.trim(), columns)
  const look = bad > 0 ? "red" : self.cancelled ? "yellow" : "green"
  return paint(look, bar(self.done, self.total, wide)) + notes
}

/** Rows of a table that are shown. */
const rowsShown = 40

/** What came of each asset: of very many only what is not as it should be. */
export const summary = (self: Watched, room: Pick<Room, "columns" | "paint">): ReadonlyArray<string> => {
  const keys = self.keys.filter((key) => self.ended.has(key))
  const listed = keys.length <= rowsShown
    ? keys
    : keys.filter((key) => !["Materialized", "UpToDate", "Observed"].includes(worst(self.ended.get(key)!.outcomes)))
  const rows = listed.slice(0, rowsShown).map((key) => {
    const ended = self.ended.get(key)!
    const outcome = worst(ended.outcomes)
    const [mark, word, look] = words[outcome]
    const total = Array.from(ended.outcomes.values()).reduce((a, b) => a + b, 0)
    return [
      { text: mark, look },
      key,
      { text: total === 1 ? word : counted(ended.outcomes).join(", "), look },
      ended.millis > 0 ? duration(ended.millis) : "",
      { text: ended.reason === undefined ? "" : ended.reason.split("\n")[0]!, look: "dim" as const }
    ]
  })
  return [
    ...(rows.length === 0 ? [] : table(
      [
        { title: "" },
        { title: "asset", shrinks: 16 },
        { title: "outcome", shrinks: 12 },
        { title: "took", right: true, drops: 2 },
        { title: "why", shrinks: 12, drops: 1 }
      ],
      rows,
      { paint: room.paint, columns: room.columns }
    )),
    ...(listed.length > rowsShown ? [`and ${count(listed.length - rowsShown, "more asset")}`] : [])
  ]
}
