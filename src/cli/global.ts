/**
 * Flags that all commands take.
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"

/** The module with the definitions. */
export const Module = GlobalFlag.Setting("module")({
  flag: Flag.String("module").pipe(
    Flag.withAlias("m"),
    Flag.withMetavar("FILE"),
    Flag.withDescription("The module whose default export is the definitions (EFFECT_ASSETS_MODULE; definitions.ts)"),
    Flag.optional
  )
})

/** The server to ask, instead of loading definitions. */
export const Url = GlobalFlag.Setting("url")({
  flag: Flag.String("url").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("Ask a server instead of loading definitions (EFFECT_ASSETS_URL)"),
    Flag.optional
  )
})

/** What the server wants to know of who asks. */
export const Token = GlobalFlag.Setting("token")({
  flag: Flag.String("token").pipe(
    Flag.withMetavar("TOKEN"),
    Flag.withDescription("The token of the server (EFFECT_ASSETS_TOKEN, which does not show in lists of processes)"),
    Flag.optional
  )
})

/** JSON instead of text. */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withoutNegation,
    Flag.withDescription("Print JSON: one document, or a line for each event of a run"),
    Flag.withDefault(false)
  )
})

/** It counts before anything is parsed, and is here to be accepted and explained. */
export const Colour = GlobalFlag.Setting("color")({
  flag: Flag.Boolean("color").pipe(
    Flag.withDescription("Write in colours, as terminals do without being asked (NO_COLOR, FORCE_COLOR)"),
    Flag.withDefault(true)
  )
})
