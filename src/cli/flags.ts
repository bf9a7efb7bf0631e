/**
 * Flags and arguments that several commands take.
 */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"

/** The command. */
export const name = "effect-assets"

/** How a selection is written. */
export const selectHelp =
  `Which assets: a key, "key+" and what is downstream, "+key" and what is upstream, "group:x", "kind:x"`

/** A selection, or everything. */
export const select = Argument.String("select").pipe(Argument.withDescription(selectHelp), Argument.optional)

/** Selections, which all count. */
export const selects = Argument.String("select").pipe(
  Argument.withDescription(`${selectHelp}; everything if none is given`),
  Argument.atLeast(0)
)

/** A selection as a flag. */
export const selectFlag = Flag.String("select").pipe(
  Flag.withAlias("s"),
  Flag.withMetavar("EXPRESSION"),
  Flag.withDescription("Which assets, as an argument says it"),
  Flag.optional
)

/** The key of an asset. */
export const key = Argument.String("key").pipe(Argument.withDescription("The key of an asset"))

/** One partition. */
export const partition = Flag.String("partition").pipe(
  Flag.withAlias("p"),
  Flag.withMetavar("KEY"),
  Flag.withDescription("The key of a partition, such as 2024-02-28"),
  Flag.optional
)

/** Several partitions. */
export const partitions = Flag.String("partitions").pipe(
  Flag.withMetavar("FROM..TO|all|A,B"),
  Flag.withDescription("Several partitions"),
  Flag.optional
)

/** Only what is stale. */
export const onlyStale = Flag.Boolean("only-stale").pipe(
  Flag.withoutNegation,
  Flag.withDescription("Compute nothing that is fresh"),
  Flag.withDefault(false)
)

/** Configuration by asset. */
export const config = Flag.String("config").pipe(
  Flag.withMetavar("JSON|@FILE"),
  Flag.withDescription(`Configuration by asset: {"asset": {"field": 1}}, or @FILE`),
  Flag.optional
)

/** Single fields of the configuration. */
export const set = Flag.String("set").pipe(
  Flag.withMetavar("ASSET.FIELD=VALUE"),
  Flag.withDescription("One field of the configuration; can be given several times"),
  Flag.atLeast(0)
)

/** Tags of a run. */
export const tag = Flag.String("tag").pipe(
  Flag.withMetavar("NAME=VALUE"),
  Flag.withDescription("A tag of the run; can be given several times"),
  Flag.atLeast(0)
)

/** Which checks to evaluate. */
export const checks = Flag.Literals("checks", ["selected", "none", "only"]).pipe(
  Flag.withDescription("Which checks to evaluate: those of what is computed, none, or only checks and no assets"),
  Flag.optional
)

/** How many assets at once. */
export const concurrency = Flag.Int("concurrency").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("How many assets to compute at once"),
  Flag.filter((number) => number >= 1, () => "Expected a number of at least 1"),
  Flag.optional
)

/** What every run can be given. `Input.runOptions` reads it. */
export const runFlags = { onlyStale, config, set, tag, checks, concurrency }

/** Only tell. */
export const dryRun = Flag.Boolean("dry-run").pipe(
  Flag.withoutNegation,
  Flag.withAlias("n"),
  Flag.withDescription("Tell what would be computed, and compute nothing"),
  Flag.withDefault(false)
)

/** Do not wait. */
export const detach = Flag.Boolean("detach").pipe(
  Flag.withoutNegation,
  Flag.withDescription("Print the id and do not wait for the end; needs --url"),
  Flag.withDefault(false)
)

/** The id of a run. */
export const runIdArgument = Argument.String("id").pipe(Argument.withDescription(`The id of a run, or "latest"`))

/** At most so many. */
export const limit = (fallback: number) =>
  Flag.Int("limit").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("At most so many"),
    Flag.filter((number) => number >= 1 && number <= 1000, () => "Expected a number from 1 to 1000"),
    Flag.withDefault(fallback)
  )

/** What was given, if it was. */
export const optional = Option.getOrUndefined

/** Without what was not given: it is as if nobody had said it. */
export const compact = <A extends { readonly [name: string]: unknown }>(fields: A): Compact<A> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never // those that are left

export type Compact<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }
