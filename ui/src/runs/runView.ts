/**
 * What is shown of a run, made of its events. Events may be told twice and in any order: after a broken connection, what
 * was recorded is told again. So a row keeps what it was told as facts, and its view is computed from those alone.
 */
import type { Api } from "../api/contract.ts"

/** The state of an asset in a run. `Checked`: only its checks were evaluated; `NotRun`: the run ended without it. */
export type RowState = Api.Model.OutcomeName | "Waiting" | "Running" | "Checked" | "NotRun"

/** A step of a program in time. */
export interface StepSpan {
  readonly name: string
  readonly start: number
  /** Missing while it runs. */
  readonly end: number | undefined
  readonly status: Api.Model.AssetEvent["outcome"] | "Running" | "Succeeded"
}

/** A time in which an asset, or a part of it, was computed. */
export interface Span {
  /** The partition or partitions in words. */
  readonly part: string | undefined
  readonly start: number
  /** Missing while it runs. */
  readonly end: number | undefined
  readonly attempt: number
  readonly outcome: Api.Model.OutcomeName | "Running"
  readonly event: Api.Model.AssetEvent | undefined
  readonly steps: ReadonlyArray<StepSpan>
}

/** An outcome that took no time: skipped, up to date, not computed. */
export interface Marker {
  readonly part: string | undefined
  readonly at: number
  readonly outcome: Api.Model.OutcomeName
  readonly event: Api.Model.AssetEvent
}

/** An asset of a run. */
export interface Row {
  readonly key: string
  /** Its place in the plan. */
  readonly index: number
  readonly state: RowState
  readonly spans: ReadonlyArray<Span>
  readonly markers: ReadonlyArray<Marker>
  /** What was recorded of it, in the order of the log. */
  readonly events: ReadonlyArray<Api.Model.AssetEvent>
  readonly checks: ReadonlyArray<Api.Model.CheckModel>
  /** When something of it happened first and last. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** The time that was spent on it, partition by partition; what runs is not in it. */
  readonly spentMillis: number
}

interface Start {
  readonly at: number
  readonly part: string | undefined
  readonly attempt: number
}

interface StepFact {
  readonly name: string
  readonly start: number
  readonly end: number | undefined
  readonly status: StepSpan["status"]
}

interface Facts {
  readonly starts: ReadonlyMap<string, Start>
  readonly steps: ReadonlyMap<string, StepFact>
  readonly events: ReadonlyMap<number, Api.Model.AssetEvent>
  readonly checks: ReadonlyMap<string, Api.Model.CheckModel>
}

/** What is shown of a run. */
export interface RunView {
  /** The assets it is to compute, in the order of the plan. */
  readonly keys: ReadonlyArray<string>
  /** The place of a key in `keys`. */
  readonly places: ReadonlyMap<string, number>
  readonly rows: ReadonlyMap<string, Row>
  readonly startedAt: number | undefined
  readonly finished:
    | { readonly at: number; readonly status: Api.Model.RunStatus; readonly durationMillis: number }
    | undefined
  readonly cancelRequested: { readonly at: number; readonly reason: string | undefined } | undefined
  /** The newest time that was told. */
  readonly lastAt: number | undefined
  readonly facts: ReadonlyMap<string, Facts>
}

const placesOf = (keys: ReadonlyArray<string>): ReadonlyMap<string, number> =>
  new Map(keys.map((key, index) => [key, index]))

/** A run of which nothing is known but its keys. */
export const emptyRun = (keys: ReadonlyArray<string> = []): RunView =>
  withRows({
    keys,
    places: placesOf(keys),
    rows: new Map(),
    startedAt: undefined,
    finished: undefined,
    cancelRequested: undefined,
    lastAt: undefined,
    facts: new Map()
  }, keys)

const noFacts: Facts = { starts: new Map(), steps: new Map(), events: new Map(), checks: new Map() }

/** The partition or partitions of an event, in words. */
export const partOf = (
  about: { readonly partition?: string | undefined; readonly partitions?: { readonly text: string } | undefined }
): string | undefined => about.partition ?? about.partitions?.text

/** The worst comes first: what stands for an asset with several outcomes. */
const severity: ReadonlyArray<RowState> = [
  "Failed",
  "UpstreamFailed",
  "Cancelled",
  "Materialized",
  "Observed",
  "Skipped",
  "UpToDate"
]

/** The state that stands for several outcomes. */
export const worst = (outcomes: Iterable<RowState>): RowState | undefined => {
  let place = severity.length
  for (const outcome of outcomes) {
    const at = severity.indexOf(outcome)
    if (at >= 0 && at < place) place = at
  }
  return severity[place]
}

/** Steps as they were recorded have no beginning: they are laid one after the other, if they fit. */
const recordedSteps = (event: Api.Model.AssetEvent, start: number, end: number): ReadonlyArray<StepSpan> => {
  const steps = event.steps ?? []
  if (steps.reduce((sum, step) => sum + step.durationMillis, 0) > end - start + 5) return []
  let at = start
  return steps.map((step) => {
    const from = at
    at = Math.min(end, from + step.durationMillis)
    return { name: step.name, start: from, end: at, status: step.status }
  })
}

const within = (steps: Iterable<StepFact>, start: number, end: number | undefined): ReadonlyArray<StepSpan> =>
  [...steps].filter((step) => step.start >= start - 1 && (end === undefined || step.start <= end))
    .map((step) => step.end === undefined && end !== undefined ? { ...step, end, status: "Cancelled" as const } : step)
    .sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1))

const partId = (part: string | undefined): string => part === undefined ? "" : `p${part}`

const deriveRow = (key: string, index: number, facts: Facts, run: Pick<RunView, "finished" | "startedAt">): Row => {
  const events = [...facts.events.values()].sort((a, b) => a.cursor - b.cursor)
  const partitioned = events.some((event) => partOf(event) !== undefined)
  /** The attempts of each part, the first one first. */
  const begun = new Map<string, Array<Start>>()
  for (const start of facts.starts.values()) {
    const id = partId(start.part)
    const same = begun.get(id)
    if (same === undefined) begun.set(id, [start])
    else same.push(start)
  }
  for (const starts of begun.values()) starts.sort((a, b) => a.at - b.at || a.attempt - b.attempt)

  /** Takes the beginnings that an event ends: its own, or as many of the oldest ones as it has partitions. */
  const take = (event: Api.Model.AssetEvent): ReadonlyArray<Start> => {
    const own = partId(partOf(event))
    const id = begun.has(own) ? own : event.partitions === undefined ? undefined : ""
    const found = id === undefined ? undefined : begun.get(id)
    if (found !== undefined) {
      begun.delete(id!)
      return found
    }
    if (event.partitions === undefined) return []
    const oldest = [...begun].filter(([, starts]) => starts[0]!.at <= event.timestamp)
      .sort(([, a], [, b]) => a[0]!.at - b[0]!.at).slice(0, event.partitions.count)
    for (const [id] of oldest) begun.delete(id)
    return oldest.flatMap(([, starts]) => starts)
  }

  const spans: Array<Span> = []
  const markers: Array<Marker> = []
  let spent = 0
  // what is about one partition ends its own beginning, before what is about several takes the rest
  const ended = new Map(
    events.filter(({ partitions }) => partitions === undefined).map((event) => [event, take(event)])
  )
  for (const event of events) {
    const part = partOf(event)
    const end = event.timestamp
    const starts = ended.get(event) ?? take(event)
    // the duration of several partitions is what each of them took: they may have run side by side
    const start = starts.length > 0 && (event.durationMillis === undefined || event.partitions !== undefined)
      ? Math.min(end, ...starts.map(({ at }) => at))
      : event.durationMillis === undefined
      ? undefined
      : Math.max(end - event.durationMillis, Math.min(run.startedAt ?? -Infinity, end))
    if (start === undefined) {
      markers.push({ part, at: end, outcome: event.outcome, event })
      continue
    }
    spent += event.durationMillis ?? end - start
    const live = partitioned ? [] : within(facts.steps.values(), start, end)
    spans.push({
      part,
      start,
      end,
      attempt: event.attempts ?? starts.at(-1)?.attempt ?? 1,
      outcome: event.outcome,
      event,
      steps: live.length > 0 && live.length >= (event.steps?.length ?? 0) ? live : recordedSteps(event, start, end)
    })
  }
  for (const starts of begun.values()) {
    const { at: start, part } = starts[0]!
    // the run has ended, and nothing was recorded of it: its process died
    const end = run.finished?.at
    spans.push({
      part,
      start,
      end: end === undefined ? undefined : Math.max(start, end),
      attempt: starts.at(-1)!.attempt,
      outcome: end === undefined ? "Running" : "Cancelled",
      event: undefined,
      steps: partitioned || part !== undefined ? [] : within(facts.steps.values(), start, end)
    })
  }
  spans.sort((a, b) => a.start - b.start || (partId(a.part) < partId(b.part) ? -1 : 1))
  const checks = [...facts.checks.values()].sort((a, b) => a.check < b.check ? -1 : a.check > b.check ? 1 : 0)
  const times = [
    ...spans.flatMap(({ end, start }) => end === undefined ? [start] : [start, end]),
    ...markers.map(({ at }) => at)
  ]
  return {
    key,
    index,
    state: spans.some(({ outcome }) => outcome === "Running")
      ? "Running"
      : worst([...spans.map(({ outcome }) => outcome), ...markers.map(({ outcome }) => outcome)])
        ?? (checks.length > 0 ? "Checked" : run.finished === undefined ? "Waiting" : "NotRun"),
    spans,
    markers,
    events,
    checks,
    first: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
    last: times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b)),
    spentMillis: spent
  }
}

const withRows = (view: RunView, changed: Iterable<string>): RunView => {
  const rows = new Map(view.rows)
  for (const key of changed) {
    const index = view.places.get(key) ?? view.keys.length
    rows.set(key, deriveRow(key, index, view.facts.get(key) ?? noFacts, view))
  }
  return { ...view, rows }
}

const checkId = (check: Api.Model.CheckModel): string => JSON.stringify([check.check, partOf(check) ?? ""])

/** Takes events into the view of a run. */
export const reduceRun = (view: RunView, events: ReadonlyArray<Api.Model.RunEvent>): RunView => {
  if (events.length === 0) return view
  let { cancelRequested, finished, keys, lastAt, startedAt } = view
  const facts = new Map(view.facts)
  const mine = new Map<string, {
    starts: Map<string, Start>
    steps: Map<string, StepFact>
    events: Map<number, Api.Model.AssetEvent>
    checks: Map<string, Api.Model.CheckModel>
  }>()
  const of = (key: string) => {
    let fact = mine.get(key)
    if (fact === undefined) {
      const before = facts.get(key) ?? noFacts
      fact = {
        starts: new Map(before.starts),
        steps: new Map(before.steps),
        events: new Map(before.events),
        checks: new Map(before.checks)
      }
      mine.set(key, fact)
      facts.set(key, fact)
    }
    return fact
  }
  const see = (at: number) => {
    lastAt = lastAt === undefined ? at : Math.max(lastAt, at)
  }
  for (const event of events) {
    switch (event._tag) {
      case "RunStarted":
        keys = event.keys
        startedAt = event.timestamp
        see(event.timestamp)
        break
      case "AssetStarted": {
        const { attempt, key, partition: part, timestamp: at } = event
        const { starts } = of(key)
        const id = JSON.stringify([part ?? null, attempt])
        const before = starts.get(id)
        starts.set(id, { at: before === undefined ? at : Math.min(at, before.at), part, attempt })
        see(at)
        break
      }
      case "StepStarted": {
        const { steps } = of(event.key)
        const id = JSON.stringify([event.name, event.timestamp])
        // its end may have been told first, and has both times
        const ended = [...steps.values()].some(({ end, name, start }) =>
          name === event.name && end !== undefined && Math.abs(start - event.timestamp) <= stepSlack
        )
        if (!ended) steps.set(id, { name: event.name, start: event.timestamp, end: undefined, status: "Running" })
        see(event.timestamp)
        break
      }
      case "StepFinished": {
        const { steps } = of(event.key)
        const { durationMillis, name, status } = event.step
        const start = event.timestamp - durationMillis
        for (const [id, step] of steps) {
          if (step.end === undefined && step.name === name && Math.abs(step.start - start) <= stepSlack) {
            steps.delete(id)
          }
        }
        steps.set(JSON.stringify([name, event.timestamp, durationMillis]), {
          name,
          start,
          end: event.timestamp,
          status
        })
        see(event.timestamp)
        break
      }
      case "AssetFinished":
        of(event.event.key).events.set(event.event.cursor, event.event)
        see(event.event.timestamp)
        break
      case "CheckFinished": {
        const { checks } = of(event.check.key)
        const id = checkId(event.check)
        const before = checks.get(id)
        const cursor = event.check.evaluation?.cursor ?? -1
        if (before === undefined || cursor >= (before.evaluation?.cursor ?? -1)) checks.set(id, event.check)
        if (event.check.evaluation !== undefined) see(event.check.evaluation.timestamp)
        break
      }
      case "CancelRequested":
        if (cancelRequested === undefined || event.timestamp < cancelRequested.at) {
          cancelRequested = { at: event.timestamp, reason: event.reason }
        }
        see(event.timestamp)
        break
      case "RunFinished":
        finished = { at: event.timestamp, status: event.status, durationMillis: event.durationMillis }
        see(event.timestamp)
        break
    }
  }
  const places = keys === view.keys ? view.places : placesOf(keys)
  const next = { ...view, cancelRequested, finished, keys, places, lastAt, startedAt, facts }
  // the plan gives each row its place, and the end of the run what is left
  const all = keys !== view.keys || finished !== view.finished || startedAt !== view.startedAt
  return withRows(next, all ? new Set([...keys, ...facts.keys()]) : mine.keys())
}

/** A step that is told to start and to end has measured its duration by another clock. */
const stepSlack = 50

/** How many partitions are in which state; of an asset without partitions, it is one. */
export const countParts = (row: Row): ReadonlyMap<Span["outcome"], number> => {
  const counts = new Map<Span["outcome"], number>()
  const add = (outcome: Span["outcome"], count: number) => counts.set(outcome, (counts.get(outcome) ?? 0) + count)
  for (const event of row.events) add(event.outcome, event.partitions?.count ?? 1)
  for (const span of row.spans) if (span.event === undefined) add(span.outcome, 1)
  return counts
}

/** The rows in the order of the plan; what was not planned comes last, by key. */
export const orderedRows = (view: RunView): ReadonlyArray<Row> => {
  const rows = view.keys.flatMap((key) => view.rows.get(key) ?? [])
  if (rows.length === view.rows.size) return rows
  const others = [...view.rows.values()].filter(({ key }) => !view.places.has(key))
  return [...rows, ...others.sort((a, b) => a.key < b.key ? -1 : 1)]
}

/** The states of a run's assets in the order in which they are shown. */
export const rowStates: ReadonlyArray<RowState> = [
  "Running",
  "Failed",
  "UpstreamFailed",
  "Cancelled",
  "Materialized",
  "Observed",
  "UpToDate",
  "Skipped",
  "Checked",
  "Waiting",
  "NotRun"
]

/** How many rows are in which state. */
export const countStates = (rows: Iterable<Row>): ReadonlyMap<RowState, number> => {
  const counts = new Map<RowState, number>()
  for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1)
  return counts
}

/** A part of a sentence; what has keys is a link to them. */
export interface Phrase {
  readonly text: string
  readonly keys?: ReadonlyArray<string>
}

const assets = (count: number): string => count === 1 ? "1 asset" : `${count.toLocaleString("en")} assets`

/** What came of a run that did not succeed, in one sentence. */
export const explainRun = (
  rows: Iterable<Row>,
  status: Api.Model.RunStatus,
  cancelReason?: string
): ReadonlyArray<Phrase> => {
  const failed: Array<string> = []
  const blocked: Array<string> = []
  const cancelled: Array<string> = []
  const notRun: Array<string> = []
  let onlyChecks = true
  const blocking: Array<string> = []
  const checks: Array<string> = []
  for (const row of rows) {
    if (row.spans.length + row.markers.length > 0) onlyChecks = false
    if (row.state === "Failed") failed.push(row.key)
    if (row.state === "UpstreamFailed") blocked.push(row.key)
    if (row.state === "Cancelled") cancelled.push(row.key)
    if (row.state === "NotRun" || row.state === "Waiting") notRun.push(row.key)
    for (const check of row.checks) if (isFailing(check)) (check.blocking ? blocking : checks).push(row.key)
  }
  const phrases: Array<Phrase> = []
  const add = (text: string, keys: ReadonlyArray<string>) => {
    if (phrases.length > 0) phrases.push({ text: ", " })
    phrases.push({ text, keys })
  }
  if (status === "Cancelled") {
    phrases.push({
      text: cancelReason === undefined ? "The run was cancelled" : `The run was cancelled (${cancelReason})`
    })
  }
  const told = (keys: ReadonlyArray<string>) => {
    if (keys.length > 0) {
      add(`${keys.length === 1 ? "1 check" : `${keys.length} checks`} did not pass`, [...new Set(keys)])
    }
  }
  if (failed.length > 0) add(`${assets(failed.length)} failed`, failed)
  told(blocking)
  if (blocked.length > 0) {
    add(
      `${assets(blocked.length)} ${blocked.length === 1 ? "was" : "were"} not computed because of ${
        failed.length + blocking.length === 1 ? "it" : "them"
      }`,
      blocked
    )
  }
  // what keeps nothing from running comes after what does
  told(checks)
  if (cancelled.length > 0) {
    add(`${assets(cancelled.length)} ${cancelled.length === 1 ? "was" : "were"} stopped`, cancelled)
  }
  // a run that only evaluates checks reaches no asset
  if (status !== "Running" && notRun.length > 0 && !(onlyChecks && blocking.length + checks.length > 0)) {
    add(`${assets(notRun.length)} ${notRun.length === 1 ? "was" : "were"} never reached`, notRun)
  }
  if (phrases.length > 0) phrases.push({ text: "." })
  return phrases
}

/** `true` for a check that did not pass and matters as an error. */
export const isFailing = (check: Api.Model.CheckModel): boolean =>
  check.status === "Errored" || (check.status === "Failed" && check.severity === "error")
