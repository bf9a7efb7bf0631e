/**
 * What the HTTP API tells and takes: plain data, for the web UI, the command line and others. Times are milliseconds since
 * 1970. A cursor is a place in the event log: pass it as `before` or `after` to go on from there.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Metadata from "../Metadata.ts"

const optional = Schema.optional
const Text = Schema.String
const Texts = Schema.Array(Text)
const Millis = Schema.Number
const Cursor = Schema.Number
const Tags = Schema.Record(Text, Text)
const Config = Schema.Record(Text, Schema.Json)

/**
 * A page of a list. `next` is the cursor of the next one; it is missing on the last page.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Page = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({ items: Schema.Array(item), next: optional(Cursor) })

/**
 * A page of a list.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// deployment and graph
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is loaded. `generation` grows each time definitions are loaded anew; `loadError` tells why the newest could not be,
 * while the earlier ones go on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Deployment = Schema.Struct({
  /** The module that definitions were loaded from, as it was named. */
  module: Text,
  /** Tells this process from one that was started later. */
  instance: Text,
  version: Text,
  generation: Schema.Int,
  loadedAt: Millis,
  /** `true` while definitions are loaded. */
  loading: Schema.Boolean,
  loadError: optional(Schema.Struct({ message: Text, cause: Text, at: Millis })),
  assets: Schema.Int,
  checks: Schema.Int,
  groups: Schema.Array(Schema.Struct({ name: Text, assets: Schema.Int })),
  /** The newest cursor of the event log that was looked at. */
  cursor: Cursor
})

/**
 * What is loaded.
 *
 * @category models
 * @since 0.1.0
 */
export type Deployment = typeof Deployment.Type

/**
 * What a graph and a list show of an asset's definition.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetNode = Schema.Struct({
  key: Text,
  group: optional(Text),
  kinds: Texts,
  tags: Tags,
  owners: Texts,
  /** The first sentence or line. */
  summary: optional(Text),
  external: Schema.Boolean,
  /** `true` for an external asset whose data can be looked at. */
  observable: Schema.Boolean,
  partitioned: Schema.Boolean,
  hasConfig: Schema.Boolean,
  /** How many checks it has. */
  checks: Schema.Int,
  /** The multi-asset it is an output of. */
  multi: optional(Text),
  /** When it is computed without anybody asking: the name of its condition, if that has one, or else what it says. */
  automation: optional(Text)
})

/**
 * What a graph and a list show of an asset's definition.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetNode = typeof AssetNode.Type

/**
 * The graph of the deployment: assets in topological order, and edges from place to place in that list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GraphModel = Schema.Struct({
  generation: Schema.Int,
  assets: Schema.Array(AssetNode),
  /** From, to, and whether a value is loaded (`input`) or the edge only orders (`dep`). */
  edges: Schema.Array(Schema.Tuple([Schema.Int, Schema.Int, Schema.Literals(["input", "dep"])]))
})

/**
 * The graph of the deployment.
 *
 * @category models
 * @since 0.1.0
 */
export type GraphModel = typeof GraphModel.Type

// ---------------------------------------------------------------------------------------------------------------------
// status
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Why an asset is stale.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StaleCause = Schema.Struct({
  kind: Schema.Literals(["CodeChanged", "UpstreamChanged", "DependencyAdded", "DependencyRemoved"]),
  /** The asset that is stale: another one than is asked for in root causes. */
  key: Text,
  upstream: optional(Text),
  /** In words. */
  text: Text,
  /** When the upstream asset got its newer data. */
  at: optional(Millis)
})

/**
 * Why an asset is stale.
 *
 * @category models
 * @since 0.1.0
 */
export type StaleCause = typeof StaleCause.Type

/**
 * What came of an asset, or of a part of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const OutcomeName = Schema.Literals([
  "Materialized",
  "Observed",
  "Skipped",
  "UpToDate",
  "Failed",
  "UpstreamFailed",
  "Cancelled"
])

/**
 * What came of an asset, or of a part of it.
 *
 * @category models
 * @since 0.1.0
 */
export type OutcomeName = typeof OutcomeName.Type

/**
 * What changes of an asset while it is looked at.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetStatus = Schema.Struct({
  key: Text,
  staleness: Schema.Literals(["Fresh", "Stale", "Missing", "Partitioned"]),
  /** At most ten. */
  causes: Schema.Array(StaleCause),
  rootCauses: Schema.Array(StaleCause),
  /** How many partitions are in which state, where the asset has partitions. */
  partitions: optional(Schema.Struct({
    total: Schema.Int,
    fresh: Schema.Int,
    stale: Schema.Int,
    missing: Schema.Int,
    /** Those whose last try failed, whichever of the others they are. */
    failed: Schema.Int
  })),
  /** The newest materialization or observation, of whichever partition. */
  last: optional(Schema.Struct({
    timestamp: Millis,
    dataVersion: Text,
    runId: optional(Text),
    partition: optional(Text)
  })),
  /** What came of it last. A failure after the last materialization shows here. */
  outcome: optional(OutcomeName),
  /** Why it was skipped, has failed or was not computed, in words, where that is what came of it last. */
  reason: optional(Text),
  /** The runs that are to compute it and have not ended, the newest first. */
  running: Texts,
  checks: Schema.Struct({
    passed: Schema.Int,
    /** Failed with the severity `warn`. */
    warned: Schema.Int,
    /** Failed with the severity `error`, or could not be evaluated. */
    failed: Schema.Int,
    /** Of data that was not judged. */
    notEvaluated: Schema.Int
  }),
  /** How recent it is, where it has a freshness policy. */
  freshness: optional(Schema.Struct({
    status: Schema.Literals(["Fresh", "Warning", "Overdue", "Unknown"]),
    until: optional(Millis),
    since: optional(Millis)
  }))
})

/**
 * What changes of an asset while it is looked at.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetStatus = typeof AssetStatus.Type

/**
 * The one word that stands for an asset in lists and graphs. In this order: a run is to compute it; its last try, or that
 * of a partition, failed; its program had nothing to store, and nothing is stored (`Skipped`); it was never materialized; it is
 * stale; it is fresh. An external asset that nobody has observed is `External`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StatusWord = Schema.Literals(["Running", "Failed", "Skipped", "Missing", "Stale", "Fresh", "External"])

/**
 * The one word that stands for an asset in lists and graphs.
 *
 * @category models
 * @since 0.1.0
 */
export type StatusWord = typeof StatusWord.Type

/**
 * The word for an asset's state.
 *
 * @category getters
 * @since 0.1.0
 */
export const statusWord = (node: Pick<AssetNode, "external">, status: AssetStatus): StatusWord => {
  if (status.running.length > 0) return "Running"
  if (status.outcome === "Failed" || status.outcome === "UpstreamFailed") return "Failed"
  if (node.external && status.last === undefined) return "External"
  const { partitions } = status
  if (partitions !== undefined) {
    if (partitions.failed > 0) return "Failed"
    if (partitions.stale > 0) return "Stale"
    return partitions.fresh === 0 ? "Missing" : "Fresh"
  }
  if (status.staleness === "Missing" && status.outcome === "Skipped") return "Skipped"
  return status.staleness === "Partitioned" ? "Fresh" : status.staleness
}

/**
 * An asset of a list: its definition and its state.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetSummary = Schema.Struct({ ...AssetNode.fields, status: AssetStatus })

/**
 * An asset of a list.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetSummary = typeof AssetSummary.Type

/**
 * Which assets to list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetFilter = Schema.Struct({
  /** A selection expression. */
  select: optional(Text),
  /** Text that the key has. */
  search: optional(Text),
  status: optional(StatusWord),
  /** Only assets after this one. */
  after: optional(Schema.Int),
  /** At most so many: 100 if it is left out, 5,000 at most. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5_000 })))
})

/**
 * Which assets to list.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetFilter = typeof AssetFilter.Type

// ---------------------------------------------------------------------------------------------------------------------
// history
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A failure as it was recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Failure = Schema.Struct({ tag: Text, message: Text, cause: Text })

/**
 * A part of a program that was run by `Asset.step`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Step = Schema.Struct({
  name: Text,
  attempts: Schema.Int,
  durationMillis: Schema.Number,
  status: Schema.Literals(["Succeeded", "Failed", "Cancelled"])
})

/**
 * What was recorded of an asset, or of some of its partitions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetEvent = Schema.Struct({
  cursor: Cursor,
  timestamp: Millis,
  key: Text,
  outcome: OutcomeName,
  runId: optional(Text),
  /** The partition, where it is about one. */
  partition: optional(Text),
  /** The partitions in words, and how many, where it is about several. */
  partitions: optional(Schema.Struct({ text: Text, count: Schema.Int })),
  /** Why it was skipped, or not computed, in words. */
  reason: optional(Text),
  /** The assets and checks (`KEY:CHECK`) behind that reason. */
  because: optional(Texts),
  error: optional(Failure),
  durationMillis: optional(Schema.Number),
  attempts: optional(Schema.Int),
  steps: optional(Schema.Array(Step)),
  dataVersion: optional(Text),
  codeVersion: optional(Text),
  inputVersions: optional(Schema.Record(Text, Text)),
  metadata: optional(Metadata.Metadata),
  /** `false` for an asset whose value is `void`. */
  stored: optional(Schema.Boolean)
})

/**
 * What was recorded of an asset, or of some of its partitions.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetEvent = typeof AssetEvent.Type

/**
 * A number of metadata at a time.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Point = Schema.Struct({
  timestamp: Millis,
  value: Schema.Number,
  runId: optional(Text),
  partition: optional(Text)
})

/**
 * A number of metadata at a time.
 *
 * @category models
 * @since 0.1.0
 */
export type Point = typeof Point.Type

/**
 * Numbers of metadata over time, by label.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Series = Schema.Array(Schema.Struct({ label: Text, points: Schema.Array(Point) }))

/**
 * Numbers of metadata over time, by label.
 *
 * @category models
 * @since 0.1.0
 */
export type Series = typeof Series.Type

/**
 * A check, and what its newest evaluation says.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CheckModel = Schema.Struct({
  key: Text,
  check: Text,
  description: optional(Text),
  severity: Schema.Literals(["warn", "error"]),
  blocking: Schema.Boolean,
  status: Schema.Literals([
    "Passed",
    "Failed",
    "Errored",
    "InProgress",
    "NotEvaluated",
    "Skipped",
    "ExecutionFailed"
  ]),
  partition: optional(Text),
  partitions: optional(Schema.Struct({ text: Text, count: Schema.Int })),
  evaluation: optional(Schema.Struct({
    cursor: Cursor,
    timestamp: Millis,
    runId: Text,
    durationMillis: Schema.Number,
    description: optional(Text),
    metadata: Metadata.Metadata,
    error: optional(Failure)
  }))
})

/**
 * A check, and what its newest evaluation says.
 *
 * @category models
 * @since 0.1.0
 */
export type CheckModel = typeof CheckModel.Type

// ---------------------------------------------------------------------------------------------------------------------
// one asset
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an asset is computed from.
 *
 * @category schemas
 * @since 0.1.0
 */
export const InputModel = Schema.Struct({
  /** The name of the input; missing where it only orders. */
  name: optional(Text),
  key: Text,
  mode: Schema.Literals(["value", "optional", "lastValue", "optionalLastValue", "order"]),
  /** Which partitions are read, in words, where either asset has partitions. */
  mapping: optional(Text)
})

/**
 * Everything about one asset but its history.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetDetail = Schema.Struct({
  ...AssetSummary.fields,
  /** The name of the asset in the record of the graph. */
  name: Text,
  /** Markdown. */
  description: optional(Text),
  metadata: Metadata.Metadata,
  codeVersion: optional(Text),
  ioManager: Text,
  pool: optional(Text),
  timeoutMillis: optional(Schema.Number),
  retries: Schema.Boolean,
  /** The freshness policy in words. */
  freshnessPolicy: optional(Text),
  /** The set of partitions in words. */
  partitionsDefinition: optional(Text),
  inputs: Schema.Array(InputModel),
  /** Direct neighbours. */
  upstream: Texts,
  downstream: Texts,
  /** The outputs of the same multi-asset. */
  siblings: Texts,
  /** JSON Schema (draft 2020-12) of its value and of its configuration. */
  valueSchema: optional(Schema.Json),
  configSchema: optional(Schema.Json),
  /** The name under which its configuration is given: of a multi-asset, the name of that. */
  configName: Text,
  latest: optional(AssetEvent),
  /** What came last, if it is newer than `latest`: why nothing was materialized. */
  latestOutcome: optional(AssetEvent),
  generation: Schema.Int
})

/**
 * Everything about one asset but its history.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetDetail = typeof AssetDetail.Type

/**
 * The state of a partition.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartitionState = Schema.Literals(["Fresh", "Stale", "Missing", "Failed", "Running"])

/**
 * The state of a partition.
 *
 * @category models
 * @since 0.1.0
 */
export type PartitionState = typeof PartitionState.Type

/**
 * The partitions of an asset as stretches of one state each: a million of them are a few stretches. The order is that of
 * the set; of a product, the last dimension changes first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartitionsModel = Schema.Struct({
  key: Text,
  total: Schema.Int,
  counts: Schema.Record(PartitionState, Schema.Int),
  dimensions: Schema.Array(Schema.Struct({
    name: Text,
    kind: Schema.Literals(["time", "fixed", "dynamic"]),
    size: Schema.Int,
    first: optional(Text),
    last: optional(Text),
    /** All keys, where there are at most 1,000. */
    keys: optional(Texts)
  })),
  stretches: Schema.Array(Schema.Struct({
    start: Schema.Int,
    length: Schema.Int,
    state: PartitionState,
    first: Text,
    last: Text
  })),
  /** `true` if there are more than 10,000 stretches, of which those are left out. */
  truncated: Schema.Boolean
})

/**
 * The partitions of an asset as stretches of one state each.
 *
 * @category models
 * @since 0.1.0
 */
export type PartitionsModel = typeof PartitionsModel.Type

/**
 * A partition of a list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartitionModel = Schema.Struct({ key: Text, index: Schema.Int, state: PartitionState })

/**
 * A partition of a list.
 *
 * @category models
 * @since 0.1.0
 */
export type PartitionModel = typeof PartitionModel.Type

/**
 * A stored value as text: JSON where the asset's schema or the value itself is JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StoredValue = Schema.Struct({
  key: Text,
  partition: optional(Text),
  text: Text,
  format: Schema.Literals(["json", "text"]),
  truncated: Schema.Boolean
})

/**
 * A stored value as text.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredValue = typeof StoredValue.Type

/**
 * What a selection expression selects.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Selected = Schema.Struct({ select: Text, keys: Texts })

/**
 * What a selection expression selects.
 *
 * @category models
 * @since 0.1.0
 */
export type Selected = typeof Selected.Type

/**
 * What is told of a materialization that something else has done, or of external data that was looked at.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportRequest = Schema.Struct({
  key: Text,
  partition: optional(Text),
  /** It is part of the state that everybody is told. */
  dataVersion: optional(Schema.String.check(Schema.isMaxLength(1_024))),
  metadata: optional(Schema.Record(Text, Schema.Json)),
  tags: optional(Tags)
})

/**
 * What is told of a materialization that something else has done.
 *
 * @category models
 * @since 0.1.0
 */
export type ReportRequest = typeof ReportRequest.Type

/**
 * What was found when stored values were loaded and compared with the types of their assets.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Validation = Schema.Struct({
  assets: Schema.Int,
  /** How many values were loaded. */
  values: Schema.Int,
  problems: Schema.Array(Schema.Struct({ key: Text, partition: optional(Text), problem: Text }))
})

/**
 * What was found when stored values were compared with the types of their assets.
 *
 * @category models
 * @since 0.1.0
 */
export type Validation = typeof Validation.Type

// ---------------------------------------------------------------------------------------------------------------------
// runs
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Partitions as they are asked for: all, some by key, or a range of keys that both belong to it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartitionsWanted = Schema.Union([
  Schema.Literal("all"),
  Texts,
  Schema.Struct({ from: Text, to: Text })
])

const what = {
  /** A selection expression; everything if neither it nor `keys` is given. */
  select: optional(Text),
  /** The assets by key, instead of `select`. */
  keys: optional(Texts),
  onlyStale: optional(Schema.Boolean),
  checks: optional(Schema.Union([Schema.Literals(["selected", "none", "only"]), Texts])),
  /** Configuration by asset (by the name of a multi-asset), in encoded form. */
  config: optional(Config),
  tags: optional(Tags),
  /** How many assets to compute at once. */
  concurrency: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
}

/**
 * What to run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunRequest = Schema.Struct({
  ...what,
  partition: optional(Text),
  partitions: optional(PartitionsWanted),
  retries: optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })))
})

/**
 * What to run.
 *
 * @category models
 * @since 0.1.0
 */
export type RunRequest = typeof RunRequest.Type

/**
 * What to backfill.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackfillRequest = Schema.Struct({
  ...what,
  partitions: optional(Schema.Union([Schema.Literal("missing"), PartitionsWanted])),
  partitionsPerRun: optional(Schema.Union([Schema.Literal("all"), Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))])),
  maxRuns: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  /** The id of a backfill that was stopped and is to go on. */
  resume: optional(Text)
})

/**
 * What to backfill.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillRequest = typeof BackfillRequest.Type

/**
 * What a run would do.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunPlan = Schema.Struct({
  steps: Schema.Array(Schema.Struct({
    /** The key of the asset, or the name of the multi-asset. */
    name: Text,
    keys: Texts,
    after: Texts,
    /** The assets that are loaded from storage. */
    loads: Texts,
    /** The states of its assets now, by place in `keys`. */
    states: Schema.Array(StatusWord),
    /** The partitions it would compute, in words. */
    partitions: optional(Text)
  }))
})

/**
 * What a run would do.
 *
 * @category models
 * @since 0.1.0
 */
export type RunPlan = typeof RunPlan.Type

/**
 * What a backfill would do.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackfillPlan = Schema.Struct({
  assets: Schema.Array(Schema.Struct({ key: Text, count: optional(Schema.Int), partitions: optional(Text) })),
  /** How many runs, and the first 1,000 of them. */
  runCount: Schema.Int,
  runs: Schema.Array(Schema.Struct({
    keys: Texts,
    count: optional(Schema.Int),
    partitions: optional(Text),
    after: Schema.Array(Schema.Int)
  }))
})

/**
 * What a backfill would do.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillPlan = typeof BackfillPlan.Type

/**
 * The state of a run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunStatus = Schema.Literals(["Running", "Succeeded", "Failed", "Cancelled"])

/**
 * The state of a run.
 *
 * @category models
 * @since 0.1.0
 */
export type RunStatus = typeof RunStatus.Type

/**
 * A run of a list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunSummary = Schema.Struct({
  id: Text,
  status: RunStatus,
  cancelRequested: Schema.Boolean,
  startedAt: Millis,
  finishedAt: optional(Millis),
  durationMillis: optional(Schema.Number),
  /** How many assets it is to compute, and the first five of them. */
  assetCount: Schema.Int,
  assets: Texts,
  /** The partitions of the first asset that has some, in words. */
  partitions: optional(Text),
  tags: Tags,
  retryOf: optional(Text),
  backfillId: optional(Text),
  /** `true` if this process runs it. A run that nobody has ended may belong to another process, or to one that died. */
  here: Schema.Boolean,
  cursor: Cursor
})

/**
 * A run of a list.
 *
 * @category models
 * @since 0.1.0
 */
export type RunSummary = typeof RunSummary.Type

/**
 * Which runs to list, the newest first.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunFilter = Schema.Struct({
  status: optional(RunStatus),
  /** Runs that were to compute this asset. */
  key: optional(Text),
  /** Runs with this tag, as `NAME=VALUE`. */
  tag: optional(Text),
  backfill: optional(Text),
  retryOf: optional(Text),
  before: optional(Cursor),
  /** At most so many: 50 if it is left out. */
  limit: optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
})

/**
 * Which runs to list.
 *
 * @category models
 * @since 0.1.0
 */
export type RunFilter = typeof RunFilter.Type

/**
 * A backfill. Its runs are those of the list with its id.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackfillDetail = Schema.Struct({
  id: Text,
  status: RunStatus,
  cancelRequested: Schema.Boolean,
  startedAt: Millis,
  finishedAt: optional(Millis),
  durationMillis: optional(Schema.Number),
  /** What it is to compute. */
  assets: Schema.Array(Schema.Struct({ key: Text, count: optional(Schema.Int), partitions: optional(Text) })),
  tags: Tags,
  /** How many of its runs are in which state. Those that have not begun are not counted. */
  runs: Schema.Record(RunStatus, Schema.Int),
  /** `true` if this process goes on with it. */
  here: optional(Schema.Boolean)
})

/**
 * A backfill.
 *
 * @category models
 * @since 0.1.0
 */
export type BackfillDetail = typeof BackfillDetail.Type

/**
 * A run. What came of its assets is read in pages, or followed as events.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunDetail = Schema.Struct({
  ...RunSummary.fields,
  /** All assets it is to compute. */
  keys: Texts,
  /** The partitions it is to compute, in words, by asset. */
  partitionsByKey: Tags,
  /** Configuration that was given, by asset. */
  config: Config,
  /** Assets whose configuration is not recorded, since it holds secrets. */
  configHidden: Texts,
  /** How many events of which outcome there are. */
  counts: Schema.Record(Text, Schema.Int),
  /** The runs that retried it. */
  retriedBy: Texts
})

/**
 * A run.
 *
 * @category models
 * @since 0.1.0
 */
export type RunDetail = typeof RunDetail.Type

/**
 * What happens in a run. What has a cursor is recorded; the rest is told by the process that runs it, while it does.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RunEvent = Schema.TaggedUnion({
  RunStarted: {
    cursor: Cursor,
    timestamp: Millis,
    keys: Texts,
    /** How many partitions of each asset that has some, where that can be told. */
    partitions: optional(Schema.Record(Text, Schema.Int))
  },
  AssetStarted: { timestamp: Millis, key: Text, partition: optional(Text), attempt: Schema.Int },
  StepStarted: { timestamp: Millis, key: Text, name: Text },
  StepFinished: { timestamp: Millis, key: Text, step: Step },
  AssetFinished: { event: AssetEvent },
  CheckFinished: { check: CheckModel },
  CancelRequested: { cursor: Cursor, timestamp: Millis, reason: optional(Text) },
  RunFinished: { cursor: Cursor, timestamp: Millis, status: RunStatus, durationMillis: Schema.Number }
})

/**
 * What happens in a run.
 *
 * @category models
 * @since 0.1.0
 */
export type RunEvent = typeof RunEvent.Type

/**
 * A message that a program of a run has logged.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LogEntry = Schema.Struct({
  /** Its place in the log of the run, from 1 on. */
  seq: Schema.Int,
  timestamp: Millis,
  level: Text,
  message: Text,
  cause: optional(Text),
  key: optional(Text),
  partition: optional(Text),
  check: optional(Text),
  step: optional(Text)
})

/**
 * A message that a program of a run has logged.
 *
 * @category models
 * @since 0.1.0
 */
export type LogEntry = typeof LogEntry.Type

// ---------------------------------------------------------------------------------------------------------------------
// live
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What is pushed to everybody who looks. The first one is `Hello`: after a broken connection, what is shown has to be read
 * again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Change = Schema.TaggedUnion({
  Hello: { deployment: Deployment },
  /** Definitions were loaded, could not be, or are being loaded. */
  DefinitionsChanged: { deployment: Deployment },
  /** The states of assets that have changed. */
  StatusChanged: { statuses: Schema.Array(AssetStatus), cursor: Cursor },
  /** Runs that began, ended or are to be cancelled. */
  RunsChanged: { runs: Schema.Array(RunSummary) },
  /** Automations that have ticked, were started or stopped, or whose cursor was set. */
  AutomationChanged: { names: Texts },
  /** What waits to be launched. */
  QueueChanged: {}
})

/**
 * What is pushed to everybody who looks.
 *
 * @category models
 * @since 0.1.0
 */
export type Change = typeof Change.Type
