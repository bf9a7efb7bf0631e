/**
 * What is recorded of a failure.
 */
import * as Cause from "effect/Cause"
import type * as EventLog from "../EventLog.ts"

const maxRecordedLength = 16_384

/**
 * What is recorded of a failure. Errors are the users' own: reading one may throw, and it may be of any size.
 *
 * @internal
 */
export const recorded = (cause: Cause.Cause<unknown>): EventLog.RecordedError => {
  const text = (read: () => string, otherwise: string): string => {
    try {
      return read().slice(0, maxRecordedLength)
    } catch {
      return otherwise
    }
  }
  const tag = text(() => tagOf(cause), "Error")
  return {
    tag,
    message: text(() => messageOf(Cause.squash(cause)), text(() => String(Cause.squash(cause)), tag)) || tag,
    cause: text(() => Cause.pretty(cause), tag)
  }
}

const tagOf = (cause: Cause.Cause<unknown>): string => {
  if (!Cause.hasFails(cause)) return "Defect"
  const error = Cause.squash(cause)
  return typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"
    ? error._tag
    : error instanceof Error
    ? error.name
    : "Error"
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : typeof error === "string" ? error : JSON.stringify(error) ?? String(error)
