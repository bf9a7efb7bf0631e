/**
 * Why definitions could not be loaded, in words.
 */
import * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** More of a cause helps nobody. */
const maxLength = 20_000

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** What environment variables are missing, or not what they should be. */
const configProblem = (error: Config.ConfigError): string => {
  if (!Schema.isSchemaError(error.cause)) return error.message
  const problems = issuesOf(error.cause.issue).issues.map(({ message, path = [] }) => {
    const name = path.map((part) => String(typeof part === "object" ? part.key : part)).join("_")
    return name === "" ? message : `${name}: ${message}`
  })
  return `The configuration is not complete. Set what it needs in the environment:\n${
    [...new Set(problems)].map((problem) => `- ${problem}`).join("\n")
  }`
}

const messageOf = (error: unknown): string => {
  // the module may have another copy of effect
  if (codeOf(error) === "ConfigError") return configProblem(error as Config.ConfigError)
  if (error instanceof Error && error.message !== "") return error.message
  if (typeof error === "object" && error !== null && "_tag" in error) return String(error._tag)
  return error instanceof Error ? error.name : String(error)
}

/** Of what a module throws while it is loaded, and not of the loading. */
const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null || !("_tag" in error) || typeof error._tag !== "string") {
    return "LoadError"
  }
  return error._tag === "LoadError" && "cause" in error ? codeOf(error.cause) : error._tag
}

/**
 * The tag of the error, its message, and the whole cause as text.
 *
 * @internal
 */
export const explain = (
  cause: Cause.Cause<unknown>
): { readonly code: string; readonly message: string; readonly cause: string } => {
  const errors = cause.reasons.flatMap((reason) =>
    reason._tag === "Fail" ? [reason.error] : reason._tag === "Die" ? [reason.defect] : []
  )
  const messages = [...new Set(errors.map(messageOf))]
  return {
    code: codeOf(errors[0]),
    message: shorten(messages.join("\n")),
    cause: shorten(Cause.pretty(cause))
  }
}

/** Which load a module belongs to is of no interest to people. */
const shorten = (text: string): string => {
  const plain = text.replaceAll(/\?generation=\d+/g, "")
  return plain.length > maxLength ? `${plain.slice(0, maxLength)}…` : plain
}
