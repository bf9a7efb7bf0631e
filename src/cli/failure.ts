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

/** The event log or a storage cannot be used. */
export const unavailable = ({ message }: Error): CliFailure =>
  new CliFailure({ exitCode: exitCodes.unavailable, message: visibleLines(message).join("\n") })

/** A problem as a failure of the command. */
export const ofProblem = (problem: Problem.Problem): CliFailure => {
  const message = inFlags(visibleLines(problem.detail ?? problem.message).join("\n"))
  switch (problem._tag) {
    case "NotFound":
      return usage(message)
    case "Invalid":
      return usage(
        [
          message,
          // what the message does not say already
          ...problem.problems.flatMap(({ key, problem }) =>
            message.includes(inFlags(visible(problem)).slice(0, 40)) ? [] : [`  ${visible(key)}: ${visible(problem)}`]
          )
        ].join("\n")
      )
    case "Conflict":
      return new CliFailure({ exitCode: exitCodes.failed, message })
    case "Unavailable":
      return new CliFailure({ exitCode: exitCodes.unavailable, message })
  }
}

/** Problems name the options of functions and the fields of requests, where the command line has flags and verbs. */
const inFlags = (message: string): string =>
  message
    .replaceAll("`partition` or `partitions`", "--partition or --partitions")
    .replaceAll("use a backfill", "use effect-assets backfill")
    .replaceAll("has partitions: say which one.", "has partitions: say which one with --partition.")

/** Definitions that could not be loaded: what is wrong, and where in the code of the user, if the message has no place. */
export const notLoaded = (problem: Problem.Unavailable): CliFailure => {
  const message = visibleLines(problem.detail ?? problem.message)
  const places = problem.cause === undefined || message.some((line) => isFrame(line))
    ? []
    : visibleLines(problem.cause).filter((line) => isFrame(line) && !isOurs(line)).slice(0, placesShown)
  return new CliFailure({
    exitCode: exitCodes.definitions,
    message: [...message, ...places.map((line) => `  ${line.trim()}`)].join("\n")
  })
}

const placesShown = 5

const isFrame = (line: string): boolean => /^\s*at .+:\d+/.test(line)

/** Where this package is, `effect` and Node: what happens there helps nobody to find what is wrong. */
const ours = [
  new URL("../", import.meta.url).href,
  "/node_modules/effect/",
  "/node_modules/effect-assets/",
  "node:internal/"
]

/** Whether a line of a stack trace is about code that the user has not written. */
export const isOurs = (line: string): boolean => isFrame(line) && ours.some((place) => line.includes(place))
