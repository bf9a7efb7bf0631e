/**
 * Events of the log as the API tells them.
 */
import * as EventLog from "../../EventLog.ts"
import type * as Metadata from "../../Metadata.ts"
import type * as Model from "../Model.ts"
import { countOf, describeRecorded } from "./operationsText.ts"

type Of<T extends EventLog.Tag> = EventLog.Logged<Extract<EventLog.Event, { readonly _tag: T }>>

/** An event that tells what came of an asset. */
export type OutcomeEvent = Of<
  | "AssetMaterialized"
  | "AssetObserved"
  | "AssetSkipped"
  | "AssetFailed"
  | "AssetUpstreamFailed"
  | "AssetCancelled"
>

export const materializedTags = ["AssetMaterialized", "AssetObserved"] as const
export const notComputedTags = ["AssetSkipped", "AssetFailed", "AssetUpstreamFailed", "AssetCancelled"] as const
export const outcomeTags: ReadonlyArray<OutcomeEvent["_tag"]> = [...materializedTags, ...notComputedTags]

export const outcomeNames = {
  AssetMaterialized: "Materialized",
  AssetObserved: "Observed",
  AssetSkipped: "Skipped",
  AssetFailed: "Failed",
  AssetUpstreamFailed: "UpstreamFailed",
  AssetCancelled: "Cancelled"
} as const satisfies Record<OutcomeEvent["_tag"], Model.OutcomeName>

export const isOutcome = (event: EventLog.LoggedEvent): event is OutcomeEvent => Object.hasOwn(outcomeNames, event._tag)

/** Which partitions an event is about. */
const subjectOf = ({ partition, partitions }: Pick<OutcomeEvent, "partition" | "partitions">) =>
  partition !== undefined
    ? { partition }
    : partitions !== undefined
    ? { partitions: { text: describeRecorded(partitions), count: countOf(partitions) } }
    : {}

/** What is told of one partition of a range: its own entry. */
const own = (event: OutcomeEvent, partition: string | undefined): OutcomeEvent => {
  if (event._tag !== "AssetMaterialized" || partition === undefined || event.partition === partition) return event
  const entry = event.byPartition !== undefined && Object.hasOwn(event.byPartition, partition)
    ? event.byPartition[partition]
    : undefined
  return entry === undefined
    ? { ...event, partition }
    : { ...event, partition, ...entry, metadata: withOwn(event.metadata, entry.metadata) }
}

const withOwn = (metadata: Metadata.Metadata, entry: Metadata.Metadata | undefined): Metadata.Metadata =>
  entry === undefined ? metadata : { ...metadata, ...entry }

/** What was recorded of an asset; of a range of partitions, what concerns one of them. */
export const toAssetEvent = (logged: OutcomeEvent, partition?: string): Model.AssetEvent => {
  const event = own(logged, partition)
  const common = {
    cursor: event.cursor,
    timestamp: event.timestamp,
    key: event.key,
    outcome: outcomeNames[event._tag],
    ...(event.runId !== undefined && { runId: event.runId }),
    ...subjectOf(event)
  }
  switch (event._tag) {
    case "AssetMaterialized":
      return {
        ...common,
        durationMillis: event.durationMillis,
        attempts: event.attempts,
        steps: event.steps,
        dataVersion: event.dataVersion,
        ...(event.codeVersion !== undefined && { codeVersion: event.codeVersion }),
        inputVersions: event.inputVersions,
        metadata: event.metadata,
        stored: event.stored
      }
    case "AssetObserved":
      return { ...common, dataVersion: event.dataVersion, metadata: event.metadata }
    case "AssetSkipped":
      return {
        ...common,
        reason: EventLog.explainSkip(event.reason),
        ...("keys" in event.reason && { because: event.reason.keys })
      }
    case "AssetFailed":
      return {
        ...common,
        error: event.error,
        durationMillis: event.durationMillis,
        attempts: event.attempts,
        steps: event.steps
      }
    case "AssetUpstreamFailed": {
      const because = [...event.failed, ...event.checks ?? []]
      return { ...common, reason: `${because.join(", ")} failed`, because }
    }
    case "AssetCancelled":
      return { ...common, reason: event.started ? "cancelled while it was running" : "cancelled before it began" }
  }
}

/** An evaluation of a check that was recorded. */
export const toEvaluation = (event: EventLog.Logged<EventLog.CheckEvaluated>): Model.CheckModel["evaluation"] => ({
  cursor: event.cursor,
  timestamp: event.timestamp,
  runId: event.runId,
  durationMillis: event.durationMillis,
  ...(event.description !== undefined && { description: event.description }),
  metadata: event.metadata,
  ...(event.error !== undefined && { error: event.error })
})

/** A check that was evaluated in a run. */
export const toCheckEvent = (
  event: EventLog.Logged<EventLog.CheckEvaluated>,
  description: string | undefined
): Model.CheckModel => ({
  key: event.key,
  check: event.check,
  ...(description !== undefined && { description }),
  severity: event.severity,
  blocking: event.blocking,
  status: event.status,
  ...subjectOf(event),
  evaluation: toEvaluation(event)
})

/** What a check judges, and whether it did. */
export const subjectOfCheck = subjectOf
