/**
 * How a command ends when it does not succeed: what it says, and its exit code.
 */
import * as Data from "effect/Data"
import type * as Problem from "../server/Problem.ts"
import { visible, visibleLines } from "./text.ts"

/** Exit codes that scripts can trust. */
export const exitCodes = {
  ok: 0,
  /** A run failed, a value does not fit its type, or what was asked for is not possible now. */
  failed: 1,
  /** Bad input: a flag, a selection, a key, a configuration. */
  usage: 2,
  /** Definitions could not be loaded. */
  definitions: 3,
  /** The server, the event log or a storage cannot be used. */
  unavailable: 4,
  interrupted: 130,
  terminated: 143
} as const

/** The end of a command that did not succeed. It has said everything if there is no message. */
export class CliFailure extends Data.TaggedError("CliFailure")<{
  readonly exitCode: number
  readonly message: string
}> {}

/** Bad input. */
export const usage = (message: string): CliFailure => new CliFailure({ exitCode: exitCodes.usage, message })

/** What has been told already. */
export const ended = (exitCode: number): CliFailure => new CliFailure({ exitCode, message: "" })

/** A problem as a failure of the command. */
export const ofProblem = (problem: Problem.Problem): CliFailure => {
  const message = visibleLines(problem.detail ?? problem.message).join("\n")
  switch (problem._tag) {
    case "NotFound":
      return usage(message)
    case "Invalid":
      return usage(
        [
          message,
          // what the message does not say already
          ...problem.problems.flatMap(({ key, problem }) =>
            message.includes(visible(problem).slice(0, 40)) ? [] : [`  ${visible(key)}: ${visible(problem)}`]
          )
        ].join("\n")
      )
    case "Conflict":
      return new CliFailure({ exitCode: exitCodes.failed, message })
    case "Unavailable":
      return new CliFailure({ exitCode: exitCodes.unavailable, message })
  }
}

/** Definitions that could not be loaded. */
export const notLoaded = (problem: Problem.Unavailable): CliFailure => {
  const message = visibleLines(problem.detail ?? problem.message)
  const cause = problem.cause === undefined ?
    [] :
    visibleLines(problem.cause).map((line) => line.trim()).filter((line) =>
      line !== "" && !message.some((said) => said !== "" && line.includes(said))
    )
  return new CliFailure({
    exitCode: exitCodes.definitions,
    message: [...message, ...cause.slice(0, causeLines).map((line) => `  ${line}`)].join("\n")
  })
}

/** Lines of a cause that are shown. */
const causeLines = 8
