/**
 * How the HTTP API fails: problem documents (RFC 9457). `detail` is the whole message for people.
 *
 * @since 0.1.0
 */
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"

/**
 * There is no such asset, run, backfill, partition, stored value, automation, job or requested run.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: "urn:effect-assets:problem:not-found",
  status: 404,
  title: "Not found"
}, {
  what: Schema.Literals(["asset", "run", "backfill", "partition", "value", "automation", "job", "request"]),
  id: Schema.String,
  /** Keys that are like it. */
  suggestions: Schema.Array(Schema.String)
}) {}

/**
 * What was asked for cannot be read, or does not fit the graph: a selection, a configuration, partitions.
 *
 * @category errors
 * @since 0.1.0
 */
export class Invalid extends HttpApiError.Problem<Invalid>()("Invalid", {
  type: "urn:effect-assets:problem:invalid",
  status: 422,
  title: "Not valid"
}, {
  /** The tag of the error behind it: `SelectionError`, `RunConfigError` … */
  code: Schema.String,
  /** What is wrong, asset by asset. */
  problems: Schema.Array(Schema.Struct({ key: Schema.String, problem: Schema.String })),
  /** Where it is in a selection expression, in UTF-16 code units. */
  offset: Schema.optional(Schema.Int),
  length: Schema.optional(Schema.Int)
}) {}

/**
 * What was asked for is not possible now: a run that has ended cannot be cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: "urn:effect-assets:problem:conflict",
  status: 409,
  title: "Not possible now"
}, { code: Schema.String }) {}

/**
 * Definitions, the event log or a storage cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: "urn:effect-assets:problem:unavailable",
  status: 503,
  title: "Not available"
}, {
  code: Schema.String,
  /** The whole cause as text. */
  cause: Schema.optional(Schema.String)
}) {}

/**
 * How an operation fails.
 *
 * @category errors
 * @since 0.1.0
 */
export type Problem = NotFound | Invalid | Conflict | Unavailable
