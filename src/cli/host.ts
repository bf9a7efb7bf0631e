/**
 * The process that a command shares with the code of users.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import { visibleLines } from "./text.ts"

/** What the process does for a command. */
export interface Host {
  /** A server goes on when code of the user throws where nobody catches it: others are served, too. */
  goesOn: boolean
}

/** What the process does for a command. */
export const Host = Context.Reference<Host>("effect-assets/cli/host", { defaultValue: () => ({ goesOn: false }) })

/** An error that nobody has caught, such as one of a timer or of a promise that is not awaited. */
export const uncaught = (error: unknown): string => {
  const [first = "", ...more] = visibleLines(Cause.pretty(Cause.die(error)))
  return [`Nobody has caught this error of a timer, a callback or a promise: ${first}`, ...more].join("\n")
}

/** In place of `process.exit`: who calls it would leave a run without its end, and the exit code would not tell. */
export const refuseExit: typeof process.exit = (code) => {
  throw new Error(`process.exit(${code ?? ""}) was called. Code of definitions shares its process: fail instead.`)
}
