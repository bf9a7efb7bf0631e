/**
 * The errors of the runtime, which exports them.
 */
import * as Schema from "effect/Schema"

/**
 * Everything that is wrong with the configuration of the assets of a run. Nothing was run.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunConfigError extends Schema.TaggedError<RunConfigError>()("RunConfigError", {
  problems: Schema.Array(Schema.Struct({ key: Schema.String, problem: Schema.String }))
}) {
  override get message(): string {
    return [
      "The configuration of the run is not valid:",
      ...this.problems.map(({ key, problem }) => `- "${key}": ${problem}`)
    ].join("\n")
  }
}

/**
 * An attempt to compute an asset took longer than its `timeout`. For a multi-asset `key` is its name.
 *
 * @category errors
 * @since 0.1.0
 */
export class AssetTimeoutError extends Schema.TaggedError<AssetTimeoutError>()("AssetTimeoutError", {
  key: Schema.String,
  timeoutMillis: Schema.Number
}) {
  override get message(): string {
    return `"${this.key}" took longer than its timeout of ${this.timeoutMillis} ms.`
  }
}

/**
 * What the program of an asset returned cannot be its value: the schema refuses it, or an output of a multi-asset is
 * missing. Nothing was stored.
 *
 * @category errors
 * @since 0.1.0
 */
export class AssetValueError extends Schema.TaggedError<AssetValueError>()("AssetValueError", {
  key: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `"${this.key}" ${this.problem}`
  }
}

/**
 * A run cannot begin, since it is not clear which partitions it is to compute, or they are not there. Nothing was run.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunPartitionsError extends Schema.TaggedError<RunPartitionsError>()("RunPartitionsError", {
  problems: Schema.Array(Schema.Struct({ key: Schema.String, problem: Schema.String }))
}) {
  override get message(): string {
    const shown = this.problems.slice(0, 20).map(({ key, problem }) => `- "${key}" ${problem}`)
    const more = this.problems.length - shown.length
    return ["The partitions of the run are not clear:", ...shown, ...(more > 0 ? [`- and ${more} more`] : [])].join(
      "\n"
    )
  }
}

/**
 * A check did not pass, with the severity `error`, and is blocking: what is downstream of its asset was not computed.
 *
 * @category errors
 * @since 0.1.0
 */
export class CheckFailedError extends Schema.TaggedError<CheckFailedError>()("CheckFailedError", {
  /** The key of the asset. */
  key: Schema.String,
  check: Schema.String,
  partition: Schema.UndefinedOr(Schema.String),
  severity: Schema.Literals(["warn", "error"]),
  description: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    const of = this.partition === undefined ? `"${this.key}"` : `"${this.key}" (partition ${this.partition})`
    return `The blocking check "${this.check}" of ${of} failed with the severity ${this.severity.toUpperCase()}${
      this.description === undefined ? "." : `: ${this.description}`
    }`
  }
}

/**
 * There is no such run, or it is in a state in which it cannot be cancelled or retried.
 *
 * @category errors
 * @since 0.1.0
 */
export class RunNotPossibleError extends Schema.TaggedError<RunNotPossibleError>()("RunNotPossibleError", {
  runId: Schema.String,
  operation: Schema.Literals(["cancel", "retry"]),
  problem: Schema.String
}) {
  override get message(): string {
    return `The run ${this.runId} cannot be ${this.operation === "cancel" ? "cancelled" : "retried"}: ${this.problem}.`
  }
}

/**
 * A backfill cannot be resumed or cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class BackfillError extends Schema.TaggedError<BackfillError>()("BackfillError", {
  backfillId: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `The backfill ${this.backfillId}: ${this.problem}.`
  }
}
