/**
 * Commands on automation: schedules, sensors, conditions, jobs, the queue, backfills.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { parseIso } from "../internal/windows.ts"
import * as Zone from "../internal/zone.ts"
import * as AutomationModel from "../server/AutomationModel.ts"
import * as Model from "../server/Model.ts"
import type * as Problem from "../server/Problem.ts"
import { type Given, pages, printJson, printLines, printTable, when, type Work } from "./command.ts"
import { type CliFailure, ended, exitCodes, usage } from "./failure.ts"
import { name as command } from "./flags.ts"
import { begun, detached, tagged } from "./runs.ts"
import * as Text from "./text.ts"

/** The name of the conditions of assets, checks and jobs as one automation. */
export const conditionsName = ":conditions"

const listOf = <S extends Schema.Constraint>(item: S) => Schema.Struct({ items: Schema.Array(item) })
const pageOf = <S extends Schema.Constraint>(item: S) => Model.Page(item)

const clipped = (text: string, length = 200): string => text.length > length ? `${text.slice(0, length - 1)}…` : text

/** When something will be: in how long on a terminal, else the time itself. */
const until = ({ now, output }: Pick<Given, "now" | "output">, millis: number | undefined): string => {
  if (millis === undefined) return ""
  if (!output.stdout.isTerminal) return Text.time(millis)
  return millis <= now ? "now" : `in ${Text.duration(millis - now)}`
}

/** Whoever starts something that needs a daemon is told if there is none. */
const tellDaemon = ({ operations, output }: Given) =>
  Effect.flatMap(operations.daemon, ({ present }) =>
    present
      ? Effect.void
      : output.tell(
        `No daemon runs: nothing ticks, and nothing that waits is launched. Start one: ${command} dev, or ${command} daemon`
      ))

// ---------------------------------------------------------------------------------------------------------------------
// words
// ---------------------------------------------------------------------------------------------------------------------

type Summary = AutomationModel.AutomationSummary

const kindWords: { readonly [kind in AutomationModel.Kind]: string } = {
  schedule: "schedule",
  sensor: "sensor",
  assetSensor: "sensor of assets",
  runSensor: "sensor of runs",
  streamSensor: "sensor of a stream",
  condition: "conditions"
}

const tickLooks: { readonly [status in AutomationModel.TickStatus]: readonly [mark: string, look: Text.Look] } = {
  Requested: ["✓", "green"],
  Skipped: ["-", "dim"],
  Failed: ["✗", "red"]
}

const tickCell = (status: AutomationModel.TickStatus): Text.Cell => ({
  text: `${tickLooks[status][0]} ${status.toLowerCase()}`,
  look: tickLooks[status][1]
})

const onCell = ({ running }: Summary): Text.Cell =>
  running ? { text: "● on", look: "green" } : { text: "○ off", look: "dim" }

const lastCell = (given: Given, { lastTick }: Summary): Text.Cell | string => {
  if (lastTick === undefined) return ""
  const { look, text } = tickCell(lastTick.status) as { readonly text: string; readonly look: Text.Look }
  return { text: `${text} ${when(given, lastTick.startedAt)}`, look }
}

const looksAt = ({ assets, everyMillis, jobs, kind, match, statuses }: Summary): string => {
  const of = assets === undefined ? "" : assets.join(match === "all" ? " and " : " or ")
  switch (kind) {
    case "sensor":
      return `every ${Text.duration(everyMillis ?? 0).replace(/ 0 min$/, "").replace(/\.0 s$/, " s")}`
    case "assetSensor":
      return of
    case "runSensor":
      return [
        `runs: ${(statuses ?? []).join(", ").toLowerCase()}`,
        ...(jobs === undefined ? [] : [`of ${jobs.join(", ")}`]),
        ...(of === "" ? [] : [`of ${of}`])
      ].join(" ")
    case "streamSensor":
      return "what is pushed"
    default:
      return ""
  }
}

const cronText = ({ cron, timeZone }: Summary): string =>
  `${(cron ?? []).join("; ")}${timeZone === undefined || timeZone === "UTC" ? "" : ` ${timeZone}`}`

// ---------------------------------------------------------------------------------------------------------------------
// schedules and sensors
// ---------------------------------------------------------------------------------------------------------------------

/** What a group of commands is about. */
export type Of = "schedule" | "sensor" | "automation"

const isOf = (of: Of, kind: AutomationModel.Kind): boolean =>
  of === "automation" ? kind === "condition" : of === "schedule" ? kind === "schedule" : /sensor$/i.test(kind)

/** The automation of a name, of the kind that the command is about. */
const find = (given: Given, of: Of, name: string): Effect.Effect<Summary, Problem.Problem | CliFailure> =>
  Effect.flatMap(given.operations.automation(name), (found) =>
    isOf(of, found.kind)
      ? Effect.succeed(found)
      : Effect.fail(usage(
        `${Text.visible(name)} is ${
          found.kind === "condition" ? "what conditions are" : `a ${kindWords[found.kind]}`
        }: use ` +
          `${command} ${found.kind === "schedule" ? "schedule" : found.kind === "condition" ? "automation" : "sensor"}.`
      )))

/** Lists schedules. */
export const schedules: Work = (given) =>
  Effect.gen(function*() {
    const items = yield* given.operations.automations({ kind: "schedule" })
    if (given.json) return yield* printJson(given, listOf(AutomationModel.AutomationSummary), { items })
    if (items.length === 0) return yield* given.output.tell("The definitions have no schedules.")
    yield* printTable(
      given,
      [
        { title: "schedule", shrinks: 16 },
        { title: "state" },
        { title: "cron", shrinks: 12 },
        { title: "runs", shrinks: 16, drops: 2 },
        { title: "last tick", drops: 1 },
        { title: "next" },
        { title: "waiting", right: true, drops: 3 }
      ],
      items.map((item) => [
        item.name,
        onCell(item),
        cronText(item),
        item.target?.words ?? "",
        lastCell(given, item),
        until(given, item.nextTickAt),
        item.queuedRuns === 0 ? "" : String(item.queuedRuns)
      ])
    )
    yield* tellDaemon(given)
  })

/** Lists sensors. */
export const sensors: Work = (given) =>
  Effect.gen(function*() {
    const items = yield* given.operations.automations({ kind: "sensors" })
    if (given.json) return yield* printJson(given, listOf(AutomationModel.AutomationSummary), { items })
    if (items.length === 0) return yield* given.output.tell("The definitions have no sensors.")
    yield* printTable(
      given,
      [
        { title: "sensor", shrinks: 16 },
        { title: "state" },
        { title: "kind", drops: 4 },
        { title: "looks at", shrinks: 16, drops: 5 },
        { title: "runs", shrinks: 16, drops: 3 },
        { title: "last tick", drops: 1 },
        { title: "cursor", shrinks: 12, drops: 2 }
      ],
      items.map((item) => [
        item.name,
        onCell(item),
        kindWords[item.kind],
        looksAt(item),
        item.target?.words ?? "",
        lastCell(given, item),
        clipped(item.cursor ?? "", 40)
      ])
    )
    yield* tellDaemon(given)
  })

const printState = (given: Given, of: Of, found: Summary, text: string) =>
  Effect.gen(function*() {
    if (given.json) return yield* printJson(given, AutomationModel.AutomationSummary, found)
    yield* given.output.print(text)
    if (found.running && of !== "automation" || found.kind === "condition" && found.running) yield* tellDaemon(given)
  })

const called = ({ kind, name }: Summary): string =>
  kind === "condition" ? "the evaluation of conditions" : `the ${kindWords[kind]} ${Text.visible(name)}`

/** Starts an automation, or stops it. */
export const turn = (options: { readonly of: Of; readonly name: string; readonly running: boolean }): Work => (given) =>
  Effect.gen(function*() {
    const { name, of, running } = options
    yield* find(given, of, name)
    const { operations } = given
    const found = yield* running ? operations.startAutomation(name) : operations.stopAutomation(name)
    const next = found.nextTickAt === undefined ?
      "" :
      `, and ${found.kind === "streamSensor" ? "its stream begins again" : "ticks"} ${
        given.output.stdout.isTerminal ? until(given, found.nextTickAt) : `at ${Text.time(found.nextTickAt)}`
      }`
    yield* printState(given, of, found, `${called(found)} is ${running ? `on${next}` : "off"}`)
  })

const requestLines = (
  requests: ReadonlyArray<{
    readonly words: string
    readonly deduplicated: boolean
    readonly request: AutomationModel.Request
  }>,
  paint: Text.Paint
): ReadonlyArray<string> =>
  requests.map(({ deduplicated, request, words }) => {
    const key = request.runKey === undefined ? "" : paint("dim", ` (run key ${Text.visible(clipped(request.runKey))})`)
    return `  ${Text.visible(clipped(words))}${key}${deduplicated ? ", which was requested before" : ""}`
  })

interface Told {
  readonly status: AutomationModel.TickStatus
  readonly reason?: string | undefined
  readonly error?: AutomationModel.TickModel["error"]
  readonly log?: string | undefined
  readonly requests: Parameters<typeof requestLines>[0]
  readonly cursor?: string | null | undefined
  readonly addPartitions?: AutomationModel.TickModel["addPartitions"]
  readonly deletePartitions?: AutomationModel.TickModel["deletePartitions"]
}

const keysLines = (verb: string, keys: Told["addPartitions"]): ReadonlyArray<string> =>
  Object.entries(keys ?? {}).map(([set, added]) =>
    `  ${verb} ${Text.count(added.length, "partition")} of ${Text.visible(set)}: ${
      Text.visible(clipped(added.join(", ")))
    }`
  )

/** What an evaluation came to. */
const toldLines = (given: Given, head: string, told: Told): ReadonlyArray<string> => {
  const { paint } = given.output.stdout
  const { look, text } = tickCell(told.status)
  const why = told.error === undefined ? told.reason : undefined
  return [
    `${head}: ${paint(look, text)}${why === undefined ? "" : ` (${Text.visible(clipped(why))})`}`,
    ...requestLines(told.requests, paint),
    ...keysLines("adds", told.addPartitions),
    ...keysLines("removes", told.deletePartitions),
    ...(told.cursor === undefined
      ? []
      : [`  the cursor from then on: ${told.cursor === null ? "none" : Text.visible(clipped(told.cursor))}`]),
    // what is evaluated here has logged to stderr already
    ...(told.log === undefined || !given.remote
      ? []
      : Text.visibleLines(told.log.trimEnd()).map((line) => `  ${paint("dim", line)}`))
  ]
}

/** The failure of an evaluation goes to stderr, and is that of the command. */
const failedAs = (given: Given, { error }: Pick<Told, "error">) =>
  error === undefined
    ? Effect.void
    : Effect.andThen(
      given.json
        ? Effect.void
        : given.output.tell(Text.visibleLines(error.cause === "" ? error.message : error.cause).join("\n")),
      Effect.fail(ended(exitCodes.failed))
    )

/** A time as somebody writes it, in the time zone of a schedule unless it says otherwise. */
const timeOf = (text: string, timeZone: string | undefined): Effect.Effect<number, CliFailure> => {
  const zone = Zone.make(timeZone ?? "UTC")
  const time = zone === undefined ? undefined : parseIso(zone, text)
  return time === undefined
    ? Effect.fail(
      usage(`--at ${Text.visible(text)} is no time: write 2024-02-29T06:00, or with a zone, 2024-02-29T06:00+01:00.`)
    )
    : Effect.succeed(time)
}

/** Evaluates an automation now, and requests what it says. */
export const tick =
  (options: { readonly of: Of; readonly name: string; readonly at: string | undefined }): Work => (given) =>
    Effect.gen(function*() {
      const { at, name, of } = options
      const found = yield* find(given, of, name)
      const time = at === undefined ? undefined : yield* timeOf(at, found.timeZone)
      const { tick } = yield* given.operations.tickNow(name, time === undefined ? {} : { at: time })
      if (given.json) yield* printJson(given, Ticked, tick === undefined ? {} : { tick })
      else if (tick === undefined) {
        yield* given.output.print(
          found.kind === "condition" ? "nothing is requested: no condition holds" : "there was nothing to look at"
        )
      } else yield* printLines(given, toldLines(given, called(found), tick))
      if (tick === undefined) return
      yield* failedAs(given, tick)
      if (!given.json && tick.requests.some(({ status }) => status === "Queued")) yield* tellDaemon(given)
    })

const Ticked = Schema.Struct({ tick: Schema.optional(AutomationModel.TickModel) })

/** Tells when a schedule ticks next, and what it will request. */
export const previewSchedule = (options: { readonly name: string; readonly ticks: number }): Work => (given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    yield* find(given, "schedule", options.name)
    const preview = yield* operations.previewSchedule({ name: options.name, count: options.ticks })
    const ticks = yield* Effect.forEach(preview.ticks, (tick) =>
      tick.requests !== undefined
        ? Effect.succeed(tick)
        : Effect.map(operations.evaluateAutomation(options.name, { at: tick.at }), ({ error, reason, requests }) => ({
          at: tick.at,
          requests: requests.map(({ words }) => words),
          ...(reason !== undefined && { reason }),
          ...(error !== undefined && { error })
        })))
    if (given.json) yield* printJson(given, AutomationModel.SchedulePreview, { ...preview, ticks })
    else if (ticks.length === 0) yield* output.tell("It never ticks again.")
    else {
      yield* printTable(
        given,
        [
          { title: "tick" },
          { title: "in", drops: 1 },
          { title: "requests", shrinks: 16 },
          { title: "why", shrinks: 16 }
        ],
        ticks.map(({ at, error, reason, requests = [] }) => [
          localTime(at, preview.timeZone),
          given.output.stdout.isTerminal ? Text.duration(Math.max(0, at - given.now)) : "",
          error !== undefined
            ? tickCell("Failed")
            : requests.length === 0
            ? { text: "nothing", look: "dim" }
            : requests.join("; "),
          error === undefined ? reason ?? "" : { text: error.message, look: "red" }
        ])
      )
    }
    const failed = ticks.find(({ error }) => error !== undefined)
    if (failed !== undefined) yield* failedAs(given, failed)
  })

/** A time as clocks of a zone show it. */
const localTime = (millis: number, timeZone: string): string =>
  Option.match(DateTime.makeZoned(millis, { timeZone }), {
    onNone: () => Text.time(millis),
    onSome: (zoned) => DateTime.formatIsoOffset(zoned).replace(/\.000(?=Z|[+-])/, "")
  })

/** Evaluates a sensor, and neither records nor requests anything. */
export const previewSensor = (options: { readonly name: string }): Work => (given) =>
  Effect.gen(function*() {
    const found = yield* find(given, "sensor", options.name)
    const preview = yield* given.operations.evaluateAutomation(options.name)
    if (given.json) yield* printJson(given, AutomationModel.EvaluationPreview, preview)
    else yield* printLines(given, toldLines(given, `${called(found)}, not recorded`, preview))
    yield* failedAs(given, preview)
  })

/** Tells where a sensor is, or sets it. */
export const cursor = (
  options: { readonly name: string; readonly set: string | undefined; readonly clear: boolean }
): Work =>
(given) =>
  Effect.gen(function*() {
    const { clear, name, set } = options
    if (clear && set !== undefined) return yield* usage("--set and --clear exclude each other.")
    const before = yield* find(given, "sensor", name)
    const found = clear || set !== undefined ? yield* given.operations.setCursor(name, set ?? null) : before
    const { cursor } = found
    if (given.json) return yield* printJson(given, Cursor, { name, ...(cursor !== undefined && { cursor }) })
    // what a script reads is the cursor itself
    if (cursor !== undefined) return yield* given.output.print(Text.visible(cursor))
    yield* given.output.tell(`${called(found)} has no cursor`)
  })

const Cursor = Schema.Struct({ name: Schema.String, cursor: Schema.optional(Schema.String) })

// ---------------------------------------------------------------------------------------------------------------------
// conditions and ticks
// ---------------------------------------------------------------------------------------------------------------------

const requestedText = (kind: AutomationModel.ConditionModel["kind"], requested: number): string =>
  requested === 0 ? "" : kind === "asset" && requested > 1 ? Text.count(requested, "partition") : "yes"

/** Lists the conditions of assets, checks and jobs. */
export const conditions: Work = (given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const items = yield* pages((after) =>
      operations.conditions({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    )
    if (given.json) return yield* printJson(given, listOf(AutomationModel.ConditionModel), { items })
    if (items.length === 0) return yield* output.tell("No asset, check or job has a condition.")
    yield* printTable(
      given,
      [
        { title: "key", shrinks: 16 },
        { title: "kind", drops: 3 },
        { title: "condition", shrinks: 20 },
        { title: "last changed", drops: 1 },
        { title: "requested", drops: 2 }
      ],
      items.map(({ key, kind, label, last, words }) => [
        key,
        kind,
        label ?? words,
        last === undefined ? { text: "never evaluated", look: "dim" } : when(given, last.timestamp),
        last === undefined ? "" : requestedText(kind, last.requested)
      ])
    )
    const { running } = yield* operations.automation(conditionsName)
    if (!running) yield* output.tell(`The evaluation of conditions is off: ${command} automation start`)
    else yield* tellDaemon(given)
  })

const nodeLooks: {
  readonly [status in AutomationModel.ExplanationNode["status"]]: readonly [mark: string, look: Text.Look]
} = { true: ["✓", "green"], partly: ["◐", "yellow"], false: ["✗", "dim"], unasked: ["·", "dim"] }

const nodeText = (node: AutomationModel.ExplanationNode, paint: Text.Paint, partitioned: boolean): string => {
  const [mark, look] = nodeLooks[node.status]
  const { about, count = 0, note, total = 0, words } = node
  const details = [
    partitioned && total > 0 ? `${count.toLocaleString("en")} of ${total.toLocaleString("en")}` : [],
    words ?? [],
    note ?? []
  ].flat()
  const label = `${about === undefined ? "" : `${about}: `}${node.label}`
  return `${paint(look, mark)} ${paint(node.status === "unasked" ? "dim" : undefined, Text.visible(clipped(label)))}${
    details.length === 0 ? "" : paint("dim", `  ${Text.visible(clipped(details.join("; ")))}`)
  }`
}

/** A tree of lines. */
const treeLines = (
  node: AutomationModel.ExplanationNode,
  paint: Text.Paint,
  above = false,
  [first, rest]: readonly [first: string, rest: string] = ["", ""]
): ReadonlyArray<string> => {
  // what is about another asset does not have the partitions of the one above
  const partitioned = (node.total ?? 1) > 1 || (above && node.about === undefined)
  return [
    `${first}${nodeText(node, paint, partitioned)}`,
    ...node.children.flatMap((child, at) =>
      treeLines(
        child,
        paint,
        partitioned,
        at === node.children.length - 1 ? [`${rest}└─ `, `${rest}   `] : [`${rest}├─ `, `${rest}│  `]
      )
    )
  ]
}

/** Tells why something was requested or not, the last time its condition came to something new. */
export const explain = (options: { readonly key: string; readonly history: number }): Work => (given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const page = yield* operations.evaluations({ key: options.key, limit: options.history })
    if (given.json) return yield* printJson(given, pageOf(AutomationModel.EvaluationModel), page)
    if (page.items.length === 0) {
      const { items } = yield* operations.conditions({ search: options.key, limit: 1_000 })
      const condition = items.find(({ key }) => key === options.key)
      if (condition === undefined) {
        return yield* usage(
          `${
            Text.visible(options.key)
          } has no condition: nothing is requested by itself. Give it one as \`automation\`, such as Condition.eager().`
        )
      }
      yield* output.print(`${Text.visible(condition.key)}: ${Text.visible(condition.words)}`)
      yield* output.tell("It was not evaluated yet.")
      return yield* tellDaemon(given)
    }
    const { paint } = output.stdout
    yield* printLines(
      given,
      page.items.flatMap((evaluation, at) => {
        const { explanation, key, kind, requested, timestamp } = evaluation
        const count = requestedText(kind, requested)
        const head = requested === 0
          ? paint("dim", "not requested")
          : paint("green", `requested${count === "yes" ? "" : ` ${count}`}`)
        return [
          ...(at === 0 ? [] : [""]),
          `${paint("bold", Text.visible(key))}  ${head}, in evaluation ${evaluation.evaluation}, ${
            when(given, timestamp)
          }`,
          ...treeLines(explanation, paint)
        ]
      })
    )
  })

/** Lists ticks. */
export const ticks = (filter: AutomationModel.TickFilter): Work => (given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const page = yield* operations.ticks(filter)
    if (given.json) return yield* printJson(given, pageOf(AutomationModel.TickModel), page)
    if (page.items.length === 0) {
      // one that is not there, rather than one that has not ticked
      if (filter.name !== undefined) yield* operations.automation(filter.name)
      const isFiltered = filter.status !== undefined || filter.before !== undefined
      return yield* output.tell(
        isFiltered ? "No tick fits." : filter.name === undefined ? "Nothing has ticked yet." : "It has not ticked yet."
      )
    }
    yield* printTable(
      given,
      [
        { title: "tick" },
        { title: "automation", shrinks: 12 },
        { title: "status" },
        { title: "requests", shrinks: 16 },
        { title: "why", shrinks: 16 },
        { title: "runs", shrinks: 12, drops: 1 }
      ],
      page.items.map(({ automation, error, reason, requests, scheduledAt, startedAt, status }) => [
        when(given, scheduledAt ?? startedAt),
        automation,
        tickCell(status),
        requests.map(({ words }) => words).join("; "),
        error === undefined ? reason ?? "" : { text: error.message, look: "red" },
        requests.map(({ runId, runStatus, status, waitingFor }) =>
          runId === undefined
            ? `${(status ?? "").toLowerCase()}${waitingFor === undefined ? "" : ` (${waitingFor})`}`
            : `${runStatus!.toLowerCase()} ${runId}`
        ).join("; ")
      ])
    )
    if (page.next !== undefined) yield* output.tell(`There are older ticks: --before ${page.next}`)
  })

// ---------------------------------------------------------------------------------------------------------------------
// jobs
// ---------------------------------------------------------------------------------------------------------------------

/** Lists jobs. */
export const jobs: Work = (given) =>
  Effect.gen(function*() {
    const items = yield* given.operations.jobs
    if (given.json) return yield* printJson(given, listOf(AutomationModel.JobModel), { items })
    if (items.length === 0) return yield* given.output.tell("The definitions have no jobs.")
    yield* printTable(
      given,
      [
        { title: "job", shrinks: 16 },
        { title: "assets", right: true },
        { title: "select", shrinks: 16, drops: 2 },
        { title: "requested by", shrinks: 12, drops: 1 },
        { title: "last run", shrinks: 12 },
        { title: "waiting", right: true, drops: 3 }
      ],
      items.map((job) => [
        job.name,
        String(job.assetCount),
        job.select ?? "everything",
        [...job.schedules, ...job.sensors, ...(job.condition === undefined ? [] : [job.condition])].join(", "),
        runCell(given, job.lastRuns[0]),
        job.queuedRuns === 0 ? "" : String(job.queuedRuns)
      ])
    )
  })

const runLooks: { readonly [status in Model.RunStatus]: Text.Look } = {
  Running: "blue",
  Succeeded: "green",
  Failed: "red",
  Cancelled: "yellow"
}

const runCell = (given: Given, run: Model.RunSummary | undefined): Text.Cell | string =>
  run === undefined
    ? ""
    : { text: `${run.status.toLowerCase()} ${when(given, run.startedAt)}`, look: runLooks[run.status] }

/** Shows one job. */
export const showJob = (options: { readonly name: string }): Work => (given) =>
  Effect.gen(function*() {
    const job = yield* given.operations.job(options.name)
    if (given.json) return yield* printJson(given, AutomationModel.JobModel, job)
    const { paint } = given.output.stdout
    const field = (name: string, value: string | undefined): ReadonlyArray<string> =>
      value === undefined || value === "" ? [] : [`  ${paint("dim", name.padEnd(14))}${Text.visible(value)}`]
    const { hooks, keys, lastRuns } = job
    const shown = keys.slice(0, 20).join(", ")
    const more = job.assetCount > 20 ? ` and ${(job.assetCount - 20).toLocaleString("en")} more` : ""
    yield* printLines(given, [
      paint("bold", `job ${Text.visible(job.name)}`),
      ...(job.description === undefined ? [] : Text.visibleLines(job.description).map((line) => `  ${line}`)),
      ...field("select", job.select ?? "everything that can be computed"),
      ...field("assets", `${job.assetCount.toLocaleString("en")}: ${shown}${more}`),
      ...field("partitions", job.partitions),
      ...field("checks", job.checks),
      ...field("only stale", job.onlyStale ? "yes" : undefined),
      ...field("retries", job.retries?.toString()),
      ...field("priority", job.priority?.toString()),
      ...field("tags", Object.entries(job.tags).map(([name, value]) => `${name}=${value}`).join(" ")),
      ...Object.entries(job.config).flatMap(([name, value]) => field("config", `${name} = ${JSON.stringify(value)}`)),
      ...field("not shown", job.configHidden.join(", ")),
      ...field(
        "hooks",
        [...(hooks.onSuccess ? ["on success"] : []), ...(hooks.onFailure ? ["on failure"] : [])].join(", ")
      ),
      ...field("schedules", job.schedules.join(", ")),
      ...field("sensors", job.sensors.join(", ")),
      ...field("condition", job.condition),
      ...field("waiting", job.queuedRuns === 0 ? undefined : Text.count(job.queuedRuns, "run")),
      ...(lastRuns.length === 0 ? [] : [
        "",
        paint("bold", "last runs"),
        ...lastRuns.map((run) => {
          const { text, look } = runCell(given, run) as Text.Cell // there is a run
          return `  ${Text.visible(run.id)}  ${paint(look, text)}`
        })
      ])
    ])
  })

/** Runs a job, and follows the run. */
export const runJob = (
  options: { readonly request: AutomationModel.JobRunRequest; readonly detach: boolean }
): Work =>
(given) =>
  Effect.gen(function*() {
    yield* detached(given, options.detach)
    yield* begun(given, given.operations.runJob(tagged(options.request)), options.detach)
  })

// ---------------------------------------------------------------------------------------------------------------------
// queue
// ---------------------------------------------------------------------------------------------------------------------

const queueLooks: { readonly [status in AutomationModel.QueueStatus]: Text.Look } = {
  Queued: "yellow",
  Launching: "blue",
  Launched: "green",
  Failed: "red",
  Cancelled: "dim"
}

const noneQueued: { readonly [status in AutomationModel.QueueStatus | "All"]: string } = {
  Queued: "No run waits to be launched.",
  Launching: "No run is being launched.",
  Launched: "No requested run was launched.",
  Failed: "Every requested run could be launched.",
  Cancelled: "No requested run was cancelled.",
  All: "No run was requested."
}

/** Lists requested runs. */
export const queue = (filter: AutomationModel.QueueFilter): Work => (given) =>
  Effect.gen(function*() {
    const page = yield* given.operations.queue(filter)
    if (given.json) return yield* printJson(given, pageOf(AutomationModel.QueuedModel), page)
    if (page.items.length === 0) {
      return yield* given.output.tell(noneQueued[filter.status ?? "Queued"])
    }
    yield* printTable(
      given,
      [
        { title: "id" },
        { title: "status" },
        { title: "runs", shrinks: 16 },
        { title: "requested by", shrinks: 12, drops: 2 },
        { title: "priority", right: true, drops: 4 },
        { title: "since", drops: 3 },
        { title: filter.status === undefined ? "waits for" : "why", shrinks: 16 },
        { title: "run", drops: 1 }
      ],
      page.items.map((item) => [
        item.id,
        { text: item.status.toLowerCase(), look: queueLooks[item.status] },
        item.words,
        item.automation ?? "",
        item.priority === 0 ? "" : String(item.priority),
        when(given, item.queuedAt),
        item.error === undefined ? item.waitingFor ?? "" : { text: item.error.message, look: "red" },
        item.runId ?? ""
      ])
    )
    if (page.next !== undefined) yield* given.output.tell(`There are more: --after ${page.next}`)
    if (filter.status === undefined) yield* tellDaemon(given)
  })

/** Takes a run out of the queue. */
export const cancelQueued = (options: { readonly id: string }): Work => (given) =>
  Effect.gen(function*() {
    const item = yield* given.operations.cancelQueued(options.id)
    if (given.json) return yield* printJson(given, AutomationModel.QueuedModel, item)
    yield* given.output.print(`${Text.visible(item.words)} is taken out of the queue`)
  })

// ---------------------------------------------------------------------------------------------------------------------
// backfills
// ---------------------------------------------------------------------------------------------------------------------

/** Lists backfills. */
export const backfills = (filter: AutomationModel.BackfillFilter): Work => (given) =>
  Effect.gen(function*() {
    const page = yield* given.operations.backfills(filter)
    if (given.json) return yield* printJson(given, pageOf(AutomationModel.BackfillSummary), page)
    if (page.items.length === 0) {
      return yield* given.output.tell(
        filter.before === undefined ? "There are no backfills yet." : "There are no older backfills."
      )
    }
    yield* printTable(
      given,
      [
        { title: "backfill" },
        { title: "status" },
        { title: "started" },
        { title: "took", right: true, drops: 1 },
        { title: "partitions", right: true },
        { title: "runs", right: true, drops: 3 },
        { title: "assets", shrinks: 16, drops: 2 }
      ],
      page.items.map((item) => [
        item.id,
        {
          text: item.status === "Running" && item.cancelRequested ? "cancelling" : item.status.toLowerCase(),
          look: runLooks[item.status]
        },
        when(given, item.startedAt),
        item.durationMillis === undefined ? "" : Text.duration(item.durationMillis),
        `${item.partitions.done.toLocaleString("en")}/${item.partitions.total.toLocaleString("en")}${
          item.partitions.failed === 0 ? "" : `, ${item.partitions.failed.toLocaleString("en")} failed`
        }`,
        item.runs.total.toLocaleString("en"),
        item.assets.map(({ key }) => key).join(", ") +
        (item.assetCount > item.assets.length ? ` and ${item.assetCount - item.assets.length} more` : "")
      ])
    )
    if (page.next !== undefined) yield* given.output.tell(`There are older backfills: --before ${page.next}`)
  })
