/**
 * Serving the web UI and the API.
 */
import * as Effect from "effect/Effect"
import { usage } from "./failure.ts"

/** Serves until it is interrupted. */
export const serve = (_options: {
  readonly module: string | undefined
  readonly port: number
  readonly host: string
  readonly allowedHosts: ReadonlyArray<string>
  readonly open: boolean
  readonly watch: boolean
}) => Effect.fail(usage("not yet"))
