import type { Status, Tone } from "../kit/index.ts"
import { isFailing, type Row, type RowState, type Span } from "./runView.ts"

/** The look of a state of an asset in a run. */
export const statusOf: { readonly [state in RowState]: Status } = {
  Waiting: "Waiting",
  Running: "Running",
  Materialized: "Materialized",
  Observed: "Observed",
  Skipped: "Skipped",
  UpToDate: "UpToDate",
  Failed: "Failed",
  UpstreamFailed: "UpstreamFailed",
  Cancelled: "Cancelled",
  Checked: "Passed",
  NotRun: "NotEvaluated"
}

/** The look of an asset in a run: where only checks were evaluated, it is what they say. */
export const statusOfRow = (row: Row): Status =>
  row.state !== "Checked"
    ? statusOf[row.state]
    : row.checks.some(isFailing)
    ? "Failed"
    : row.checks.some(({ status }) => status === "Failed")
    ? "Warned"
    : "Passed"

/** What a state of an asset in a run is called. */
export const stateLabel: { readonly [state in RowState]: string } = {
  Waiting: "Waiting",
  Running: "Running",
  Materialized: "Materialized",
  Observed: "Observed",
  Skipped: "Skipped",
  UpToDate: "Up to date",
  Failed: "Failed",
  UpstreamFailed: "Upstream failed",
  Cancelled: "Cancelled",
  Checked: "Checks only",
  NotRun: "Not run"
}

/** The colour of a bar. */
export const toneOf: { readonly [outcome in Span["outcome"] | RowState]: Tone } = {
  Waiting: "missing",
  Running: "running",
  Materialized: "fresh",
  Observed: "external",
  Skipped: "skipped",
  UpToDate: "fresh",
  Failed: "failed",
  UpstreamFailed: "failed",
  Cancelled: "cancelled",
  Checked: "fresh",
  NotRun: "missing"
}
