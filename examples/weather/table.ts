/**
 * What the demo prints. `styleText` leaves the colours out where the output is no terminal and where NO_COLOR is set.
 */
import { Cause } from "effect"
import { type Asset, AssetKey, type Catalog, EventLog, Graph, PartitionSubset, Runtime } from "effect-assets"
import { styleText } from "node:util"

const looks = {
  Materialized: ["✓", "materialized", "green"],
  Skipped: ["-", "skipped", "yellow"],
  UpToDate: ["=", "up to date", "green"],
  Failed: ["✗", "failed", "red"],
  UpstreamFailed: ["✗", "not computed", "red"],
  Cancelled: ["✗", "cancelled", "red"],
  NotSelected: [" ", "not selected", "dim"]
} as const

type Tag = keyof typeof looks
type Colour = (typeof looks)[Tag][2]

/** An asset that is done. */
export const line = (outcome: Runtime.Outcome): string => {
  const [mark, , colour] = looks[outcome._tag]
  return told(styleText(colour, mark), outcome.key, "durationMillis" in outcome ? outcome.durationMillis : undefined)
}

/** A run of a backfill that is done. */
export const backfillLine = (
  { keys, partitions }: Runtime.BackfillPlan["runs"][number],
  run: Runtime.Run<Graph.Assets>
): string => {
  const [mark, , colour] = looks[run.status === "Succeeded" ? "Materialized" : run.status]
  return told(styleText(colour, mark), `${keys.join(", ")} ${partitions ?? ""}`, run.durationMillis)
}

const told = (mark: string, what: string, took: number | undefined): string =>
  `  ${mark} ${what.padEnd(60)}${took === undefined ? "" : styleText("dim", millis(took).padStart(8))}`.trimEnd()

/** What the demo did and what there is now: the runs it took, and what the catalog tells afterwards. */
export interface Report {
  readonly graph: Graph.Any
  readonly runs: ReadonlyArray<Runtime.Run<Graph.Assets>>
  readonly status: { readonly [key: string]: Catalog.AssetStatus }
  /** How many rows each file has that was looked at. */
  readonly rows: { readonly [key: string]: unknown }
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What became of each asset, upstream before downstream, and whether it is fresh now. */
export const table = (report: Report): string => {
  const outcomes = Map.groupBy(report.runs.flatMap(Runtime.outcomes), ({ key }) => key)
  const lines = Graph.assets(report.graph).map((asset): Line => ({
    asset,
    // what no run had to compute was not selected by any of them
    outcomes: (outcomes.get(asset.key) ?? []).filter(({ _tag }) => _tag !== "NotSelected"),
    status: report.status[asset.key]!,
    rows: report.rows[asset.key],
    now: report.now
  }))
  const cells = columns.map(({ right, style, text, title }) => {
    const texts = [title, ...lines.map(text)]
    const width = Math.min(columnWidth, Math.max(...texts.map((text) => text.length)))
    return texts.map((text, at) => {
      const fits = text.length > width ? `${text.slice(0, width - 1)}…` : text
      const cell = right === true ? fits.padStart(width) : fits.padEnd(width)
      return at === 0 ? styleText("bold", cell) : style === undefined ? cell : styleText(style(lines[at - 1]!), cell)
    })
  })
  return cells[0]!.map((_, at) => cells.map((column) => column[at]).join("  ").trimEnd()).join("\n")
}

const columnWidth = 48

/** How many assets and partitions came to which end, and how long it took. */
export const summary = ({ runs }: Report, durationMillis: number): string => {
  const outcomes = runs.flatMap(Runtime.outcomes).filter(({ _tag }) => _tag !== "NotSelected")
  return `${counts(outcomes).map((count) => count.join(" ")).join(", ") || "nothing selected"} in ${
    millis(durationMillis)
  }`
}

/** What the checks came to, as the catalog knows it: of each check how often it passed, and where it did not. */
export const checks = ({ status }: Report): string => {
  const found = Object.values(status).flatMap(({ checks }) => checks)
  return Array.from(Map.groupBy(found, ({ check, key }) => `${check} of ${key}`), ([name, evaluated]) => {
    const bad = evaluated.filter(isBad).sort((a, b) => (a.partition ?? "") < (b.partition ?? "") ? -1 : 1)
    const passed = evaluated.filter(({ status }) => status === "Passed").length
    const [mark, colour] = bad.some(({ severity }) => severity === "error")
      ? ["✗", "red"] as const
      : bad.length > 0
      ? ["!", "yellow"] as const
      : passed === evaluated.length
      ? ["✓", "green"] as const
      : ["?", "dim"] as const
    const texts = [
      ...passed > 0 ? [`${passed} passed`] : [],
      ...bad.length > 0 ? [`${bad.length} failed`] : [],
      ...passed + bad.length < evaluated.length ? ["not evaluated"] : []
    ]
    return [
      `  ${styleText(colour, mark)} ${name}: ${texts.join(", ")}`,
      ...bad.slice(0, shown).map(({ evaluation, partition }) =>
        `      ${[partition ?? [], evaluation?.description ?? []].flat().join(": ")}`
      ),
      ...more(bad.length).map((text) => `      ${text}`)
    ].join("\n")
  }).join("\n")
}

/** Why assets failed: the messages of typed errors, the stack traces of defects; and the blocking checks. */
export const failures = ({ runs }: Report): string => {
  const found = runs.flatMap((run) => [
    ...Runtime.outcomes(run).flatMap((outcome) =>
      outcome._tag === "Failed" ? [`${nameOf(outcome)}: ${message(outcome.cause)}`] : []
    ),
    ...run.checks.flatMap((check) =>
      check.blocking && isBad(check)
        ? [`${nameOf(check)}: the check ${check.check} says: ${check.description ?? check.status}`]
        : []
    )
  ])
  return [...found.slice(0, shown), ...more(found.length)].join("\n")
}

/** Of what may be there for each partition, so much is shown. */
const shown = 3

const more = (count: number): ReadonlyArray<string> => count > shown ? [`and ${count - shown} more`] : []

interface Line extends Pick<Report, "now"> {
  readonly asset: Asset.Any
  readonly outcomes: ReadonlyArray<Runtime.Outcome>
  readonly status: Catalog.AssetStatus
  readonly rows: unknown
}

const columns: ReadonlyArray<{
  readonly title: string
  readonly text: (line: Line) => string
  readonly style?: (line: Line) => Colour
  readonly right?: boolean
}> = [
  { title: "asset", text: ({ asset }) => asset.key },
  {
    title: "outcome",
    text: ({ asset, outcomes }) =>
      asset.external ? "external" : outcomes.length === 0 ? "not selected" : counts(outcomes)
        .map(([count, what]) => asset.partitions === undefined ? what : `${count} ${what}`).join(", "),
    style: ({ outcomes }) => looks[worst(outcomes)][2]
  },
  {
    title: "took",
    text: ({ asset, outcomes }) => asset.partitions === undefined ? took(outcomes[0]) : "",
    right: true
  },
  { title: "rows", text: ({ outcomes, rows }) => String(rowsOf(outcomes[0]) ?? rows ?? ""), right: true },
  { title: "now", text: now, style: ({ status }) => looks[isFresh(status.staleness) ? "Materialized" : "Skipped"][2] }
]

const counts = (outcomes: ReadonlyArray<Runtime.Outcome>): ReadonlyArray<readonly [count: number, what: string]> =>
  tags.flatMap((tag) => {
    const count = outcomes.filter(({ _tag }) => _tag === tag).length
    return count === 0 ? [] : [[count, looks[tag][1]] as const]
  })

const tags = Object.keys(looks) as ReadonlyArray<Tag> // the record has no others

const worst = (outcomes: ReadonlyArray<Runtime.Outcome>): Tag =>
  tags.toReversed().find((tag) => outcomes.some(({ _tag }) => _tag === tag)) ?? "NotSelected"

const took = (outcome: Runtime.Outcome | undefined): string =>
  outcome?._tag === "Materialized" || outcome?._tag === "Failed" ? millis(outcome.durationMillis) : ""

const rowsOf = (outcome: Runtime.Outcome | undefined) =>
  outcome?._tag === "Materialized" ? outcome.metadata.rows : undefined

const isBad = ({ status }: Pick<Catalog.CheckStatus, "status">): boolean => status === "Failed" || status === "Errored"

const isFresh = (staleness: Catalog.Staleness): boolean =>
  staleness._tag === "Partitioned"
    ? PartitionSubset.isEmpty(staleness.stale) && PartitionSubset.isEmpty(staleness.missing)
    : staleness._tag === "Fresh"

/** Whether what is stored is fresh; why not, else. */
function now({ asset, now, outcomes, status: { freshness, last, staleness } }: Line): string {
  if (asset.external) return last === undefined ? "never looked at" : `version ${last.dataVersion}`
  switch (staleness._tag) {
    case "Fresh":
      return freshness._tag === "Overdue" || freshness._tag === "Warning"
        ? `fresh, but ${ago(now - freshness.lastMaterialized)} old`
        : "fresh"
    case "Missing":
      return outcomes[0] === undefined ? "missing" : `missing: ${why(outcomes[0])}`
    case "Stale":
      return `stale: ${because(staleness.causes, now)}`
    case "Partitioned": {
      const [missing, stale] = [PartitionSubset.size(staleness.missing), PartitionSubset.size(staleness.stale)]
      return [
        ...(missing > 0 ? [`${missing} missing`] : []),
        ...(stale > 0 ? [`${stale} stale: ${because(staleness.causes, now)}`] : [])
      ].join(", ") || "fresh"
    }
  }
}

const why = (outcome: Runtime.Outcome): string => {
  switch (outcome._tag) {
    case "Skipped":
      return EventLog.explainSkip(outcome.reason)
    case "UpstreamFailed":
      return `${[...outcome.failed, ...outcome.checks ?? []].join(", ")} failed`
    default:
      return `it ${looks[outcome._tag][1]}`
  }
}

/** The first cause in few words; `Catalog.explainCause` tells all of it. */
const because = ([cause, ...others]: ReadonlyArray<Catalog.Cause>, now: number): string => {
  const more = others.length === 0 ? "" : `, and ${others.length} more`
  switch (cause?._tag) {
    case "CodeChanged":
      return `new code${more}`
    case "UpstreamChanged":
      return `${AssetKey.segments(cause.upstream).at(-1)} changed${
        cause.at === undefined ? "" : ` ${ago(now - cause.at)} ago`
      }${more}`
    case "DependencyAdded":
      return `now reads ${cause.upstream}${more}`
    case "DependencyRemoved":
      return `no longer reads ${cause.upstream}${more}`
    case undefined:
      return ""
  }
}

const nameOf = ({ key, partition }: { readonly key: string; readonly partition?: string | undefined }): string =>
  partition === undefined ? key : `${key} (${partition})`

const message = (cause: Cause.Cause<unknown>): string =>
  Cause.hasDies(cause) ? Cause.pretty(cause) : Cause.prettyErrors(cause).map((error) => error.message).join("\n")

const millis = (duration: number): string => `${Math.round(duration)} ms`

const units = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]] as const

const ago = (duration: number): string => {
  const [size, unit] = units.find(([size]) => duration >= size) ?? units[3]
  return `${Math.floor(duration / size)} ${unit}`
}
