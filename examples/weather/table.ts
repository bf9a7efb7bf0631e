/**
 * What the demo prints about a run. `styleText` leaves the colours out where the output is no terminal and where
 * NO_COLOR is set.
 */
import { Cause } from "effect"
import { type Asset, EventLog, Graph, Metadata, Runtime } from "effect-assets"
import { relative } from "node:path"
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

/** An asset that is done. */
export const line = (outcome: Runtime.Outcome): string => {
  const [mark, , colour] = looks[outcome._tag]
  return `  ${styleText(colour, mark)} ${outcome.key.padEnd(28)}${styleText("dim", took(outcome).padStart(8))}`
    .trimEnd()
}

/** What became of each asset, upstream before downstream. */
export const table = (graph: Graph.Any, run: Runtime.Run<Graph.Assets>): string => {
  const outcomes = new Map(Object.values(run.outcomes).map((outcome) => [outcome.key, outcome]))
  const rows = Graph.assets(graph).map((asset) => ({ asset, outcome: outcomes.get(asset.key)! }))
  const cells = columns.map(({ right, style, text, title }) => {
    const texts = [title, ...rows.map(text)]
    const width = Math.min(40, Math.max(...texts.map((text) => text.length)))
    return texts.map((text, at) => {
      const fits = text.length > width ? `${text.slice(0, width - 1)}…` : text
      const cell = right === true ? fits.padStart(width) : fits.padEnd(width)
      return at === 0 ? styleText("bold", cell) : style === undefined ? cell : styleText(style(rows[at - 1]!), cell)
    })
  })
  return cells[0]!.map((_, at) => cells.map((column) => column[at]).join("  ").trimEnd()).join("\n")
}

/** How many assets came to which end, and how long it took. */
export const summary = (run: Runtime.Run<Graph.Assets>): string => {
  const tags = Runtime.outcomes(run).map((outcome) => outcome._tag)
  const counts = (["Materialized", "Skipped", "Failed", "UpstreamFailed", "Cancelled"] as const).flatMap((tag) => {
    const count = tags.filter((other) => other === tag).length
    return count === 0 ? [] : [styleText(looks[tag][2], `${count} ${looks[tag][1]}`)]
  })
  return `${counts.join(", ") || "nothing selected"} in ${millis(run.durationMillis)}`
}

/** Why assets failed: the messages of typed errors, the stack traces of defects. */
export const failures = (run: Runtime.Run<Graph.Assets>): string =>
  Runtime.outcomes(run).flatMap((outcome) =>
    outcome._tag === "Failed" ? [`${outcome.key}: ${message(outcome.cause)}`] : []
  ).join("\n")

interface Row {
  readonly asset: Asset.Any
  readonly outcome: Runtime.Outcome
}

const columns: ReadonlyArray<{
  readonly title: string
  readonly text: (row: Row) => string
  readonly style?: (row: Row) => (typeof looks)[keyof typeof looks][2]
  readonly right?: boolean
}> = [
  { title: "asset", text: ({ asset }) => asset.key },
  { title: "group", text: ({ asset }) => asset.group ?? "" },
  {
    title: "outcome",
    text: ({ asset, outcome }) => asset.external ? "external" : looks[outcome._tag][1],
    style: ({ outcome }) => looks[outcome._tag][2]
  },
  { title: "took", text: ({ outcome }) => took(outcome), right: true },
  { title: "rows", text: ({ outcome }) => rows(outcome), right: true },
  { title: "stored in, or why not", text: ({ outcome }) => whereOrWhy(outcome) }
]

const took = (outcome: Runtime.Outcome): string =>
  outcome._tag === "Materialized" || outcome._tag === "Failed" ? millis(outcome.durationMillis) : ""

const rows = (outcome: Runtime.Outcome): string =>
  outcome._tag === "Materialized" ? String(outcome.metadata.rows ?? "") : ""

const whereOrWhy = (outcome: Runtime.Outcome): string => {
  switch (outcome._tag) {
    case "Materialized": {
      const { path } = outcome.metadata
      if (!outcome.stored) return "nothing to store"
      return path === undefined ? "" : relative("", Metadata.format(path))
    }
    case "Skipped":
      return EventLog.explainSkip(outcome.reason)
    case "Failed":
      return message(outcome.cause).split("\n")[0]!
    case "UpstreamFailed":
      return `${outcome.failed.join(", ")} failed`
    default:
      return ""
  }
}

const message = (cause: Cause.Cause<unknown>): string =>
  Cause.hasDies(cause) ? Cause.pretty(cause) : Cause.prettyErrors(cause).map((error) => error.message).join("\n")

const millis = (duration: number): string => `${Math.round(duration)} ms`
