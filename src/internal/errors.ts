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
