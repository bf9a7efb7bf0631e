/**
 * Commands that look: they change nothing.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Metadata from "../Metadata.ts"
import * as Drawing from "../server/Drawing.ts"
import * as Model from "../server/Model.ts"
import { type Given, pages, printJson, printLines, printTable, when, type Work } from "./command.ts"
import { ended, exitCodes, usage } from "./failure.ts"
import { failure, finishedLine, outcomeWord } from "./progress.ts"
import * as Text from "./text.ts"

const looks: { readonly [word in Model.StatusWord]: readonly [mark: string, look: Text.Look] } = {
  Fresh: ["✓", "green"],
  Stale: ["~", "yellow"],
  Skipped: ["-", "dim"],
  Missing: ["○", "dim"],
  Failed: ["✗", "red"],
  Running: ["▸", "blue"],
  External: ["◇", "cyan"]
}

const statusCell = (summary: Model.AssetSummary): Text.Cell => {
  const word = Model.statusWord(summary, summary.status)
  return { text: `${looks[word][0]} ${word.toLowerCase()}`, look: looks[word][1] }
}

const partitionsText = ({ partitions }: Model.AssetStatus): string =>
  partitions === undefined ? "" : `${partitions.fresh.toLocaleString("en")}/${partitions.total.toLocaleString("en")}`

const checksCell = ({ checks: { failed, notEvaluated, passed, warned } }: Model.AssetStatus): Text.Cell => ({
  text: [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(warned > 0 ? [`${warned} warned`] : []),
    ...(passed > 0 ? [`${passed} passed`] : []),
    ...(notEvaluated > 0 ? [`${notEvaluated} not evaluated`] : [])
  ].join(", "),
  look: failed > 0 ? "red" : warned > 0 ? "yellow" : undefined
})

/** All assets of a selection: a deployment has as many as its author wrote. */
const assets = ({ operations }: Given, filter: Pick<Model.AssetFilter, "select" | "status">) =>
  pages((after) => operations.assets({ ...filter, limit: 5_000, ...(after === undefined ? {} : { after }) }))

const AssetList = Schema.Struct({ items: Schema.Array(Model.AssetSummary) })

const told = (text: string | undefined): string => text ?? ""

/** Lists assets. */
export const list =
  (options: { readonly select: string | undefined; readonly status: Model.StatusWord | undefined }): Work => (given) =>
    Effect.gen(function*() {
      const items = yield* assets(given, options)
      if (given.json) return yield* printJson(given, AssetList, { items })
      if (items.length === 0) return yield* given.output.tell("No asset is selected.")
      yield* printTable(
        given,
        [
          { title: "asset", shrinks: 16 },
          { title: "status" },
          { title: "group", shrinks: 8, drops: 4 },
          { title: "kinds", shrinks: 8, drops: 5 },
          { title: "partitions", right: true, drops: 2 },
          { title: "checks", shrinks: 8, drops: 3 },
          { title: "last", drops: 1 }
        ],
        items.map((item) => [
          item.key,
          statusCell(item),
          told(item.group),
          item.kinds.join(", "),
          partitionsText(item.status),
          checksCell(item.status),
          item.status.last === undefined ? "" : when(given, item.status.last.timestamp)
        ])
      )
    })

/** Tells what is stale, and why. */
export const status = (options: { readonly select: string | undefined }): Work => (given) =>
  Effect.gen(function*() {
    const items = yield* assets(given, options)
    if (given.json) return yield* printJson(given, AssetList, { items })
    if (items.length === 0) return yield* given.output.tell("No asset is selected.")
    yield* printTable(
      given,
      [
        { title: "asset", shrinks: 16 },
        { title: "status" },
        { title: "partitions", right: true, shrinks: 12, drops: 1 },
        { title: "checks", shrinks: 8, drops: 2 },
        { title: "freshness", shrinks: 8, drops: 3 },
        { title: "why", shrinks: 16 }
      ],
      items.map((item) => [
        item.key,
        statusCell(item),
        partitionsOfStatus(item.status),
        checksCell(item.status),
        freshness(given, item.status),
        why(item)
      ])
    )
    const counts = Map.groupBy(items, (item) => Model.statusWord(item, item.status))
    yield* printLines(given, [
      "",
      Array.from(counts, ([word, { length }]) => `${length.toLocaleString("en")} ${word.toLowerCase()}`).join(", ")
    ])
  })

const partitionsOfStatus = ({ partitions }: Model.AssetStatus): string =>
  partitions === undefined ? "" : [
    `${partitions.fresh.toLocaleString("en")}/${partitions.total.toLocaleString("en")}`,
    ...(partitions.stale > 0 ? [`${partitions.stale.toLocaleString("en")} stale`] : []),
    ...(partitions.missing > 0 ? [`${partitions.missing.toLocaleString("en")} missing`] : []),
    ...(partitions.failed > 0 ? [`${partitions.failed.toLocaleString("en")} failed`] : [])
  ].join(", ")

const freshness = (given: Given, { freshness }: Model.AssetStatus): Text.Cell | string => {
  switch (freshness?.status) {
    case undefined:
      return ""
    case "Fresh":
      return "in time"
    case "Unknown":
      return { text: "unknown", look: "dim" }
    case "Warning":
      return { text: "soon overdue", look: "yellow" }
    case "Overdue":
      return {
        text: freshness!.since === undefined ? "overdue" : `overdue since ${when(given, freshness!.since)}`,
        look: "red"
      }
  }
}

/** The causes, and the root causes where those are elsewhere. */
const why = ({ key, status }: Model.AssetSummary): Text.Cell => {
  const causes = status.causes.map(({ text }) => text)
  const roots = status.rootCauses.filter((root) => root.key !== key && !causes.includes(root.text))
    .map((root) => `${root.key}: ${root.text}`)
  return {
    text: [...untried(status), ...causes].join("; ") + (roots.length === 0 ? "" : ` (because ${roots.join("; ")})`)
  }
}

/** Why nothing came of the last try, where that counts: what is stored from before stays good when an asset is skipped. */
const untried = ({ last, outcome, reason }: Model.AssetStatus): ReadonlyArray<string> => {
  const because = (fallback: string) => reason ?? fallback
  switch (outcome) {
    case "Failed":
      return [`its last try failed${reason === undefined ? "" : `: ${reason}`}`]
    case "UpstreamFailed":
      return [because("an asset upstream of it failed")]
    case "Skipped":
      return last === undefined ? [because("it was skipped")] : []
    case "Cancelled":
      return last === undefined ? [because("it was cancelled")] : []
    default:
      return []
  }
}

/** Shows one asset. */
export const show = (
  options: { readonly key: string; readonly partition: string | undefined; readonly history: number }
): Work =>
(given) =>
  Effect.gen(function*() {
    const { operations } = given
    const asset = yield* operations.asset(options.key)
    const [history, checks] = yield* Effect.all([
      Effect.map(
        operations.history({
          key: options.key,
          limit: Math.max(1, options.history),
          ...(options.partition === undefined ? {} : { partition: options.partition })
        }),
        ({ items }) => items.slice(0, options.history)
      ),
      asset.checks === 0
        ? Effect.succeed([])
        : Effect.map(operations.checks({ key: options.key, limit: checksRead }), ({ items }) => items)
    ])
    const shownChecks = options.partition === undefined
      ? checks
      : checks.filter(({ partition }) => partition === undefined || partition === options.partition)
    if (given.json) return yield* printJson(given, Shown, { asset, history, checks: shownChecks })
    const { paint } = given.output.stdout
    const title = (text: string) => paint("bold", text)
    const field = (name: string, value: string | undefined): ReadonlyArray<string> =>
      value === undefined || value === "" ? [] : [`  ${paint("dim", name.padEnd(14))}${Text.visible(value)}`]
    const list = (name: string, values: ReadonlyArray<string>) => field(name, values.join(", "))
    const word = statusCell(asset)
    const { status } = asset
    const { latest } = asset
    yield* printLines(given, [
      `${title(Text.visible(asset.key))}  ${paint(word.look, word.text)}`,
      ...(asset.description === undefined ? [] : Text.visibleLines(asset.description).map((line) => `  ${line}`)),
      ...field("why", why(asset).text),
      ...field("group", asset.group),
      ...list("kinds", asset.kinds),
      ...list("tags", Object.entries(asset.tags).map(([name, value]) => `${name}=${value}`)),
      ...list("owners", asset.owners),
      ...field(
        "partitions",
        [asset.partitionsDefinition ?? [], partitionsOfStatus(status)].flat().filter(Boolean).join(": ")
      ),
      ...field("code version", asset.codeVersion),
      ...field("freshness", asset.freshnessPolicy),
      ...field("automation", asset.automation),
      ...field("IO manager", asset.ioManager),
      ...field("pool", asset.pool),
      ...list(
        "reads",
        asset.inputs.map(({ key, mapping, mode }) =>
          `${key}${mode === "value" ? "" : ` (${words[mode]})`}${mapping === undefined ? "" : ` [${mapping}]`}`
        )
      ),
      ...list("downstream", asset.downstream),
      ...(latest === undefined ? field("last", asset.external ? "never observed" : "never materialized") : [
        ...field(
          "last",
          `${when(given, latest.timestamp)}${latest.runId === undefined ? "" : `, run ${latest.runId}`}`
        ),
        ...field("data version", latest.dataVersion),
        ...(latest.metadata === undefined || Object.keys(latest.metadata).length === 0
          ? []
          : list(
            "metadata",
            Object.entries(latest.metadata).map(([label, value]) => `${label}=${metadataText(value)}`)
          ))
      ]),
      ...(shownChecks.length === 0
        ? []
        : ["", title("checks"), ...checkTexts(given, shownChecks)]),
      ...(history.length === 0
        ? []
        : [
          "",
          title("history"),
          ...history.map((event) => `  ${paint("dim", when(given, event.timestamp))}  ${finishedLine(event, paint)}`)
        ])
    ])
  })

const Shown = Schema.Struct({
  asset: Model.AssetDetail,
  history: Schema.Array(Model.AssetEvent),
  checks: Schema.Array(Model.CheckModel)
})

const words = {
  optional: "optional",
  lastValue: "last value",
  optionalLastValue: "last value, optional",
  order: "only before it"
} as const

const metadataText = (value: Metadata.Value): string => {
  const text = Metadata.format(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

const checkText = (given: Given, check: Model.CheckModel): string => {
  const { paint } = given.output.stdout
  const where = check.partition ?? check.partitions?.text
  const said = check.evaluation?.error?.message ?? check.evaluation?.description
  return `  ${paint(checkLook(check), checkWord(check.status))}  ${Text.visible(check.check)}${
    where === undefined ? "" : ` ${Text.visible(where)}`
  }${said === undefined ? "" : `: ${Text.visible(said)}`}`
}

const checkWord = (status: Model.CheckModel["status"]): string =>
  status.replaceAll(/(?<=.)(?=[A-Z])/g, " ").toLowerCase()

const checkLook = ({ severity, status }: Model.CheckModel): Text.Look =>
  status === "Passed"
    ? "green"
    : status === "NotEvaluated" || status === "Skipped" || status === "InProgress"
    ? "dim"
    : severity === "error"
    ? "red"
    : "yellow"

/** Checks one by one; of very many partitions how many there are of each, and those that did not pass. */
const checkTexts = (given: Given, checks: ReadonlyArray<Model.CheckModel>): ReadonlyArray<string> => {
  if (checks.length <= checksShown) return checks.map((check) => checkText(given, check))
  const some = checks.length === checksRead ? `, of the newest ${checksRead.toLocaleString("en")}` : ""
  const bad = checks.filter((check) => checkLook(check) === "red" || checkLook(check) === "yellow")
  return [
    ...Array.from(Map.groupBy(checks, ({ check }) => check), ([name, found]) => {
      const counts = Array.from(
        Map.groupBy(found, ({ status }) => status),
        ([status, { length }]) => `${length.toLocaleString("en")} ${checkWord(status)}`
      )
      return `  ${Text.visible(name)}: ${counts.join(", ")}${some}`
    }),
    ...bad.slice(0, checksShown).map((check) => checkText(given, check)),
    ...(bad.length > checksShown ? [`  and ${(bad.length - checksShown).toLocaleString("en")} more`] : [])
  ]
}

const checksShown = 10
const checksRead = 1_000

/** Draws the graph. */
export const graph = (options: {
  readonly select: string | undefined
  readonly format: "mermaid" | "dot" | "json"
  readonly group: boolean
}): Work =>
(given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const keys = options.select === undefined ? undefined : (yield* operations.select(options.select)).keys
    const model = yield* operations.graph
    if (given.json || options.format === "json") {
      const chosen = keys === undefined ? undefined : new Set(keys)
      const places = new Map<number, number>()
      const assets = model.assets.filter(({ key }, at) => {
        if (chosen !== undefined && !chosen.has(key)) return false
        places.set(at, places.size)
        return true
      })
      const edges = model.edges.flatMap(([from, to, kind]) => {
        const [a, b] = [places.get(from), places.get(to)]
        return a === undefined || b === undefined ? [] : [[a, b, kind] as const]
      })
      return yield* printJson(given, Model.GraphModel, { generation: model.generation, assets, edges })
    }
    const drawing = options.group ? Drawing.ofGroups(model, keys) : Drawing.ofAssets(model, keys)
    const text = options.format === "dot" ? Drawing.toDot(drawing) : Drawing.toMermaid(drawing)
    yield* output.print(Text.visibleLines(text).join("\n"))
  })

/** Prints a stored value, and nothing else. */
export const load = (options: { readonly key: string; readonly partition: string | undefined }): Work => (given) =>
  Effect.gen(function*() {
    const value = yield* given.operations.value({
      key: options.key,
      maxLength: 50_000_000,
      ...(options.partition === undefined ? {} : { partition: options.partition })
    })
    if (given.json) yield* printJson(given, Model.StoredValue, value)
    else {
      const text = plainText(value).replace(/\n$/, "")
      // what goes to a file or a program is what was stored
      yield* given.output.print(given.output.stdout.isTerminal ? Text.visibleLines(text).join("\n") : text)
    }
    if (value.truncated) {
      yield* given.output.tell("The value is longer than 50,000,000 characters: the rest is left out.")
      return yield* ended(exitCodes.failed)
    }
  })

/** A value that is a text is printed as it is: a report in Markdown can be read, and written to a file. */
const plainText = ({ format, text, truncated }: Model.StoredValue): string =>
  format === "json" && text.startsWith("\"") && !truncated ? String(JSON.parse(text)) : text

/** Loads definitions and, if asked, stored values, and tells what does not fit. */
export const validate = (
  options: { readonly select: string | undefined; readonly values: number | undefined }
): Work =>
(given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const deployment = yield* operations.deployment
    const validation = options.values === undefined
      ? {
        assets: options.select === undefined
          ? deployment.assets
          : (yield* operations.select(options.select)).keys.length,
        values: 0,
        problems: []
      }
      : yield* operations.validate({
        partitions: options.values,
        ...(options.select === undefined ? {} : { select: options.select })
      })
    if (given.json) yield* printJson(given, Model.Validation, validation)
    else {
      yield* printLines(
        given,
        validation.problems.map(({ key, partition, problem }) => {
          const [first = "", ...more] = Text.visibleLines(problem)
          return [
            `${output.stdout.paint("red", "✗")} ${Text.visible([key, partition ?? []].flat().join(" "))}: ${first}`,
            ...more.map((line) => `    ${line}`)
          ].join("\n")
        })
      )
      yield* output.print(
        `${Text.count(validation.assets, "asset")}${
          options.values === undefined
            ? `, ${Text.count(deployment.checks, "check")}: the definitions are valid`
            : `, ${Text.count(validation.values, "value")} loaded: ${
              validation.problems.length === 0
                ? "all fit their types"
                : Text.count(validation.problems.length, "problem")
            }`
        }`
      )
    }
    if (validation.problems.length > 0) return yield* ended(exitCodes.failed)
  })

const RunList = Schema.Struct({ items: Schema.Array(Model.RunSummary), next: Schema.optional(Schema.Number) })

const runLooks: { readonly [status in Model.RunStatus]: Text.Look } = {
  Running: "blue",
  Succeeded: "green",
  Failed: "red",
  Cancelled: "yellow"
}

const runStatus = (run: Model.RunSummary): Text.Cell => ({
  text: run.status === "Running" && run.cancelRequested ? "cancelling" : run.status.toLowerCase(),
  look: runLooks[run.status]
})

/** Tags of requested runs that lead from one to another: they are long, and `run show` has them. */
const ids: ReadonlySet<string> = new Set(["tick", "queued", "process"])

/** Lists runs. */
export const runs = (filter: Omit<Model.RunFilter, "retryOf">): Work => (given) =>
  Effect.gen(function*() {
    const page = yield* given.operations.runs({ ...filter, retryOf: undefined })
    if (given.json) return yield* printJson(given, RunList, page)
    if (page.items.length === 0) {
      const { limit: _, ...wanted } = filter
      return yield* given.output.tell(
        Object.values(wanted).some((value) => value !== undefined) ? "No run fits." : "There are no runs yet."
      )
    }
    yield* printTable(
      given,
      [
        { title: "run" },
        { title: "status" },
        { title: "started" },
        { title: "took", right: true, drops: 1 },
        { title: "assets", shrinks: 16, drops: 2 },
        { title: "partitions", shrinks: 12, drops: 3 },
        { title: "tags", shrinks: 8, drops: 4 }
      ],
      page.items.map((run) => [
        run.id,
        runStatus(run),
        when(given, run.startedAt),
        run.durationMillis === undefined ? "" : Text.duration(run.durationMillis),
        run.assets.join(", ") +
        (run.assetCount > run.assets.length ? ` and ${run.assetCount - run.assets.length} more` : ""),
        run.partitions ?? "",
        Object.entries(run.tags).flatMap(([name, value]) =>
          ids.has(name) && run.tags.queued !== undefined ? [] : `${name}=${value}`
        ).join(" ")
      ])
    )
    if (page.next !== undefined) yield* given.output.tell(`There are older runs: --before ${page.next}`)
  })

/** The newest run, or the one with an id. */
export const runId = ({ operations }: Given, id: string) =>
  id !== "latest"
    ? Effect.succeed(id)
    : Effect.flatMap(operations.runs({ limit: 1 }), ({ items: [run] }) =>
      run === undefined ? Effect.fail(usage("There is no run yet.")) : Effect.succeed(run.id))

/** Shows one run. */
export const showRun = (options: { readonly id: string; readonly log: boolean }): Work => (given) =>
  Effect.gen(function*() {
    const { operations, output } = given
    const id = yield* runId(given, options.id)
    const run = yield* operations.run(id)
    const events = yield* pages((after) =>
      operations.runAssets(id, { limit: 1_000, ...(after === undefined ? {} : { after }) })
    )
    const log = options.log
      ? yield* pages((after) => operations.runLog(id, { limit: 1_000, ...(after === undefined ? {} : { after }) }))
      : undefined
    if (given.json) {
      return yield* printJson(given, ShownRun, { run, assets: events, ...(log === undefined ? {} : { log }) })
    }
    const { paint } = output.stdout
    const { text, look } = runStatus(run)
    const field = (name: string, value: string | undefined): ReadonlyArray<string> =>
      value === undefined || value === "" ? [] : [`  ${paint("dim", name.padEnd(14))}${Text.visible(value)}`]
    yield* printLines(given, [
      `${paint("bold", `run ${Text.visible(run.id)}`)}  ${paint(look, text)}`,
      ...field("started", when(given, run.startedAt)),
      ...field("took", run.durationMillis === undefined ? undefined : Text.duration(run.durationMillis)),
      ...field(
        "runs in",
        run.status === "Running" && !run.here
          ? "another process, or did until that died: cancel or retry it then"
          : undefined
      ),
      ...field("tags", Object.entries(run.tags).map(([name, value]) => `${name}=${value}`).join(" ")),
      ...field("retry of", run.retryOf),
      ...field("retried by", run.retriedBy.join(", ")),
      ...field("backfill", run.backfillId),
      ...Object.entries(run.config).flatMap(([name, value]) => field("config", `${name} = ${JSON.stringify(value)}`)),
      ...field("not recorded", run.configHidden.join(", ")),
      ...field(
        "outcomes",
        Object.entries(run.counts).map(([outcome, number]) => `${number} ${outcomeName(outcome)}`).join(", ")
      ),
      ...(events.length === 0 ? [] : ["", ...events.map((event) => finishedLine(event, paint))]),
      ...events.flatMap((event) => event.outcome === "Failed" ? ["", ...failure(event, paint)] : []),
      ...(log === undefined ? [] : ["", ...log.map((entry) => logLine(given, entry))])
    ])
  })

const ShownRun = Schema.Struct({
  run: Model.RunDetail,
  assets: Schema.Array(Model.AssetEvent),
  log: Schema.optional(Schema.Array(Model.LogEntry))
})

const outcomeName = (outcome: string): string =>
  Model.OutcomeName.literals.some((known) => known === outcome)
    ? outcomeWord(outcome as Model.OutcomeName).text // it is one of them
    : outcome

/** What a program has logged. */
export const logLine = ({ output }: Pick<Given, "output">, entry: Model.LogEntry): string => {
  const { paint } = output.stdout
  const who = [entry.key ?? [], entry.partition ?? [], entry.check ?? [], entry.step ?? []].flat().join(" ")
  const [first = "", ...more] = Text.visibleLines(entry.message)
  return [
    `${paint("dim", Text.time(entry.timestamp))} ${entry.level.toUpperCase().padEnd(5)} ${
      who === "" ? "" : `${paint("dim", Text.visible(who))} `
    }${first}`,
    ...more.map((line) => `  ${line}`),
    ...(entry.cause === undefined ? [] : Text.visibleLines(entry.cause).map((line) => `  ${line}`))
  ].join("\n")
}
