/**
 * Conditions: when an asset, a check or a job is to be run without anybody asking. A condition is data: it can be
 * compared, stored, sent and told in words. It is evaluated for every partition, again and again, and what it holds for
 * is requested.
 *
 * `eager`, `onCron` and `onMissing` are made of the same operands and operators that one composes oneself.
 *
 * **Example** (As soon as something upstream has changed)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Condition } from "effect-assets"
 *
 * const orders = Asset.make("orders", Effect.succeed([1, 2]))
 * const total = Asset.make("total", {
 *   inputs: { orders },
 *   automation: Condition.eager(),
 *   compute: ({ orders }) => Effect.succeed(orders.length)
 * })
 * Condition.explain(Condition.or(Condition.missing, Condition.stale)) // => "missing or stale"
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as tree from "./internal/conditionTree.ts"
import * as Partitions from "./Partitions.ts"
import type * as Selection from "./Selection.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How recent an asset is, as `Freshness.evaluate` tells.
 *
 * @category models
 * @since 0.1.0
 */
export type FreshnessState = "Fresh" | "Warning" | "Overdue" | "Unknown" | "NoPolicy"

/** What every condition may have. */
interface Labelled {
  /** What it is called where it is shown. It does not change what it means. */
  readonly label?: string
}

/** The operands without settings. */
type PlainTag =
  | "Missing"
  | "RunInProgress"
  | "BackfillInProgress"
  | "ExecutionFailed"
  | "NewlyUpdated"
  | "NewlyRequested"
  | "WillBeRequested"
  | "WillBeObserved"
  | "InitialEvaluation"
  | "CodeVersionChanged"
  | "DataVersionChanged"
  | "Stale"
  | "InputsChanged"
  | "ExecutedWithRootTarget"
  | "CheckPassed"
  | "CheckFailed"
  | "AnyDepsRequiredButNonexistent"
  | "AnyDownstreamConditions"

/** A condition without settings. */
interface Plain<Tag extends string> extends Labelled {
  readonly _tag: Tag
}

/** A condition about another one. */
interface Of<Tag extends string> extends Labelled {
  readonly _tag: Tag
  readonly of: Condition
}

/** A condition about several others. */
interface Several<Tag extends string> extends Labelled {
  readonly _tag: Tag
  readonly of: ReadonlyArray<Condition>
}

/** A condition about the assets that something is computed from. */
interface OfDeps<Tag extends string> extends Of<Tag> {
  /** A selection: only these. */
  readonly allow?: string
  /** A selection: not these. */
  readonly ignore?: string
  /** Not those that it can do without. */
  readonly requiredOnly?: boolean
}

/** A condition about the checks of an asset. */
interface OfChecks<Tag extends string> extends Of<Tag> {
  readonly blockingOnly?: boolean
}

/**
 * When something is to be run. The constructors of this module say what each condition holds for.
 *
 * @category models
 * @since 0.1.0
 */
export type Condition =
  | Plain<PlainTag>
  | (Labelled & { readonly _tag: "InLatestTimeWindow"; readonly lookbackMillis?: number })
  | (Labelled & { readonly _tag: "CronTickPassed"; readonly cron: string; readonly timeZone: string })
  | (Labelled & {
    readonly _tag: "ExecutedWithTags"
    /** Tags that the run has, with whatever value. */
    readonly keys: ReadonlyArray<string>
    /** Tags that the run has with these values. */
    readonly values: { readonly [name: string]: string }
  })
  | (Labelled & { readonly _tag: "Freshness"; readonly state: FreshnessState })
  | Several<"And" | "Or">
  | Of<"Not" | "NewlyTrue" | "AnyJobRootsMatch" | "AllJobRootsMatch">
  | (Labelled & { readonly _tag: "Since"; readonly trigger: Condition; readonly reset: Condition })
  | OfDeps<"AnyDepsMatch" | "AllDepsMatch">
  | OfChecks<"AnyChecksMatch" | "AllChecksMatch">
  | (Of<"AssetMatches"> & { readonly key: string })

const label_ = { label: Schema.optionalKey(Schema.String) }
const Part = Schema.suspend((): Schema.Codec<Condition> => Condition)
const Parts = Schema.Array(Part).check(Schema.isMinLength(2))
const of = { ...label_, of: Part }
const ofDeps = {
  ...of,
  allow: Schema.optionalKey(Schema.String),
  ignore: Schema.optionalKey(Schema.String),
  requiredOnly: Schema.optionalKey(Schema.Boolean)
}
const ofChecks = { ...of, blockingOnly: Schema.optionalKey(Schema.Boolean) }

/**
 * The schema of conditions.
 *
 * **Example** (A condition as JSON)
 *
 * ```ts import.meta.vitest
 * import { Schema } from "effect"
 * import { Condition } from "effect-assets"
 *
 * const Json = Schema.fromJsonString(Condition.Condition)
 * Schema.encodeSync(Json)(Condition.not(Condition.missing)) // => `{"_tag":"Not","of":{"_tag":"Missing"}}`
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const Condition: Schema.Codec<Condition> = Schema.suspend((): Schema.Codec<Condition> => ConditionUnion)

const fields = {
  Missing: label_,
  RunInProgress: label_,
  BackfillInProgress: label_,
  ExecutionFailed: label_,
  NewlyUpdated: label_,
  NewlyRequested: label_,
  WillBeRequested: label_,
  WillBeObserved: label_,
  InitialEvaluation: label_,
  CodeVersionChanged: label_,
  DataVersionChanged: label_,
  Stale: label_,
  InputsChanged: label_,
  ExecutedWithRootTarget: label_,
  CheckPassed: label_,
  CheckFailed: label_,
  AnyDepsRequiredButNonexistent: label_,
  AnyDownstreamConditions: label_,
  InLatestTimeWindow: { ...label_, lookbackMillis: Schema.optionalKey(Schema.Number) },
  CronTickPassed: { ...label_, cron: Schema.String, timeZone: Schema.String },
  ExecutedWithTags: {
    ...label_,
    keys: Schema.Array(Schema.String),
    values: Schema.Record(Schema.String, Schema.String)
  },
  Freshness: { ...label_, state: Schema.Literals(["Fresh", "Warning", "Overdue", "Unknown", "NoPolicy"]) },
  And: { ...label_, of: Parts },
  Or: { ...label_, of: Parts },
  Not: of,
  NewlyTrue: of,
  Since: { ...label_, trigger: Part, reset: Part },
  AnyDepsMatch: ofDeps,
  AllDepsMatch: ofDeps,
  AnyChecksMatch: ofChecks,
  AllChecksMatch: ofChecks,
  AssetMatches: { ...of, key: Schema.String },
  AnyJobRootsMatch: of,
  AllJobRootsMatch: of
}
const tags = Object.keys(fields) as ReadonlyArray<keyof typeof fields> // of the object above
const ConditionUnion: Schema.Codec<Condition> = Schema.TaggedUnion(fields)

/**
 * A condition cannot be what it was asked to be.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConditionError extends Schema.TaggedError<ConditionError>()("ConditionError", {
  problem: Schema.String
}) {
  override get message(): string {
    return `The condition is not valid: ${this.problem}${/[.?]$/.test(this.problem) ? "" : "."}`
  }
}

const checked = (condition: Condition): Condition => {
  const problem = tree.ownProblem(condition)
  if (problem !== undefined) throw new ConditionError({ problem })
  return condition
}

// ---------------------------------------------------------------------------------------------------------------------
// operands
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Nothing is materialized; of a check, it was never evaluated. An external asset that can be observed is missing until it
 * was, and any other external asset never.
 *
 * @category operands
 * @since 0.1.0
 */
export const missing: Condition = { _tag: "Missing" }

/**
 * A run that has not ended is to compute it.
 *
 * @category operands
 * @since 0.1.0
 */
export const runInProgress: Condition = { _tag: "RunInProgress" }

/**
 * A backfill that has not ended is to compute it.
 *
 * @category operands
 * @since 0.1.0
 */
export const backfillInProgress: Condition = { _tag: "BackfillInProgress" }

/**
 * The last try to compute it came to nothing, because it failed or something upstream did; of a check, its own program
 * failed.
 *
 * @category operands
 * @since 0.1.0
 */
export const executionFailed: Condition = { _tag: "ExecutionFailed" }

/**
 * It was materialized since the previous evaluation; of an external asset, other data was observed; of a check, it was
 * evaluated. Never holds in the first evaluation.
 *
 * @category operands
 * @since 0.1.0
 */
export const newlyUpdated: Condition = { _tag: "NewlyUpdated" }

/**
 * It was requested by the previous evaluation.
 *
 * @category operands
 * @since 0.1.0
 */
export const newlyRequested: Condition = { _tag: "NewlyRequested" }

/**
 * It is requested by this evaluation. For what is upstream: an asset is evaluated after those it is computed from. An
 * observation that is requested does not count, since it may find the same data.
 *
 * @category operands
 * @since 0.1.0
 */
export const willBeRequested: Condition = { _tag: "WillBeRequested" }

/**
 * An external asset of which an observation is requested by this evaluation.
 *
 * @category operands
 * @since 0.1.0
 */
export const willBeObserved: Condition = { _tag: "WillBeObserved" }

/**
 * It is the first evaluation, or the first one with this condition or this kind of partitions.
 *
 * @category operands
 * @since 0.1.0
 */
export const initialEvaluation: Condition = { _tag: "InitialEvaluation" }

/**
 * Its definition has another code version than at the previous evaluation.
 *
 * @category operands
 * @since 0.1.0
 */
export const codeVersionChanged: Condition = { _tag: "CodeVersionChanged" }

/**
 * It has another data version than at the previous evaluation. Never holds in the first evaluation.
 *
 * @category operands
 * @since 0.1.0
 */
export const dataVersionChanged: Condition = { _tag: "DataVersionChanged" }

/**
 * It is stale, as `Catalog.staleness` tells: computed from other code or other data than there are now. What is missing is
 * not stale.
 *
 * @category operands
 * @since 0.1.0
 */
export const stale: Condition = { _tag: "Stale" }

/**
 * Something that it is computed from has other data than it was computed from, as `Catalog.staleness` tells. That its code has
 * changed, or what it is computed from is another asset now, does not count. Never holds for a check.
 *
 * @category operands
 * @since 0.1.0
 */
export const inputsChanged: Condition = { _tag: "InputsChanged" }

/**
 * The run that computed it last was to compute what the condition belongs to, too. For what is upstream: such an update
 * brings nothing to do.
 *
 * @category operands
 * @since 0.1.0
 */
export const executedWithRootTarget: Condition = { _tag: "ExecutedWithRootTarget" }

/**
 * Of a check: it passed the last time.
 *
 * @category operands
 * @since 0.1.0
 */
export const checkPassed: Condition = { _tag: "CheckPassed" }

/**
 * Of a check: it failed the last time, whatever its severity.
 *
 * @category operands
 * @since 0.1.0
 */
export const checkFailed: Condition = { _tag: "CheckFailed" }

/**
 * It is computed from partitions that do not exist yet.
 *
 * @category operands
 * @since 0.1.0
 */
export const anyDepsRequiredButNonexistent: Condition = { _tag: "AnyDepsRequiredButNonexistent" }

/**
 * The condition of something downstream holds for this asset: it is computed when any of those would be. Conditions further
 * downstream count, too.
 *
 * @category operands
 * @since 0.1.0
 */
export const anyDownstreamConditions: Condition = { _tag: "AnyDownstreamConditions" }

/**
 * It is in the last time window, or in one that begins at most so long before the last one ends. Holds for what has no
 * time windows; of a product, its time windows count.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a lookback that is not positive and finite.
 *
 * **Example** (The last three days)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.inLatestTimeWindow({ lookback: "3 days" })) // => "in the time windows of the last 3d"
 * ```
 *
 * @category operands
 * @since 0.1.0
 */
export const inLatestTimeWindow = (options?: { readonly lookback?: Duration.Input | undefined }): Condition => {
  const lookback = options?.lookback
  if (lookback === undefined) return inLatest
  const duration = Duration.fromInput(lookback)
  return checked({
    _tag: "InLatestTimeWindow",
    lookbackMillis: Option.isNone(duration) ? NaN : Duration.toMillis(duration.value)
  })
}

const inLatest: Condition = { _tag: "InLatestTimeWindow" }

/**
 * The options of a condition that goes by the clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface CronOptions {
  /** A name ("Europe/Berlin") or an offset ("+02:00"); UTC if it is left out. */
  readonly timeZone?: string | undefined
}

/**
 * A cron expression has fired since the previous evaluation.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a cron expression or a time zone that cannot be read.
 *
 * **Example** (Every morning in Berlin)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const morning = Condition.cronTickPassed("0 6 * * *", { timeZone: "Europe/Berlin" })
 * Condition.explain(morning) // => "0 6 * * * (Europe/Berlin) has passed"
 * ```
 *
 * @category operands
 * @since 0.1.0
 */
export const cronTickPassed = (cron: string, options?: CronOptions): Condition =>
  checked({ _tag: "CronTickPassed", cron, timeZone: options?.timeZone ?? "UTC" })

/**
 * The run that computed it last has these tags.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` if no tag is named.
 *
 * **Example** (Somebody's run by hand)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const byHand = Condition.executedWithTags({ keys: ["user"], values: { source: "ui" } })
 * Condition.explain(byHand) // => "computed by a run with the tags user, source=ui"
 * ```
 *
 * @category operands
 * @since 0.1.0
 */
export const executedWithTags = (tags: {
  /** With whatever value. */
  readonly keys?: Iterable<string> | undefined
  readonly values?: { readonly [name: string]: string } | undefined
}): Condition => checked({ _tag: "ExecutedWithTags", keys: Array.from(tags.keys ?? []), values: tags.values ?? {} })

/**
 * It is as recent as that, compared with its freshness policy. All partitions count as one.
 *
 * **Example** (Only when it is too old)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.freshness("Overdue")) // => "overdue"
 * ```
 *
 * @category operands
 * @since 0.1.0
 */
export const freshness = (state: FreshnessState): Condition => ({ _tag: "Freshness", state })

// ---------------------------------------------------------------------------------------------------------------------
// operators
// ---------------------------------------------------------------------------------------------------------------------

/** Operands of the same kind are taken in, unless they have a name of their own. */
const joined = (tag: "And" | "Or", conditions: ReadonlyArray<Condition>): Condition => {
  const flat = conditions.flatMap((condition) =>
    condition._tag === tag && condition.label === undefined ? condition.of : [condition]
  )
  return flat.length === 1 ? flat[0]! : { _tag: tag, of: flat }
}

/**
 * All of them hold.
 *
 * **Example** (Two conditions)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const quiet = Condition.and(Condition.stale, Condition.not(Condition.inProgress))
 * Condition.explain(quiet) // => "stale, and not in progress"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const and = (first: Condition, ...rest: ReadonlyArray<Condition>): Condition => joined("And", [first, ...rest])

/**
 * Any of them holds.
 *
 * **Example** (Two conditions)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.or(Condition.missing, Condition.stale)) // => "missing or stale"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const or = (first: Condition, ...rest: ReadonlyArray<Condition>): Condition => joined("Or", [first, ...rest])

/**
 * It does not hold.
 *
 * **Example** (The opposite)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.not(Condition.missing)) // => "not missing"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const not = (of: Condition): Condition => ({ _tag: "Not", of })

/**
 * Holds from when `trigger` holds until `reset` does. Where both do at once, it does not hold.
 *
 * **Example** (Updated after the tick)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const updated = Condition.since(Condition.newlyUpdated, Condition.cronTickPassed("@daily"))
 * Condition.explain(updated) // => "newly updated, since @daily (UTC) has passed"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const since: {
  (reset: Condition): (trigger: Condition) => Condition
  (trigger: Condition, reset: Condition): Condition
} = dual(2, (trigger: Condition, reset: Condition): Condition => ({ _tag: "Since", trigger, reset }))

/**
 * Holds now and did not at the previous evaluation.
 *
 * **Example** (Once)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.newlyTrue(Condition.stale)) // => "newly stale"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const newlyTrue = (of: Condition): Condition => ({ _tag: "NewlyTrue", of })

/**
 * Which assets a condition about deps is about: the text of a selection, keys, or a selection.
 *
 * @category models
 * @since 0.1.0
 */
export type Select = string | ReadonlyArray<string> | Selection.Selection

/**
 * Of which assets a condition about deps is: of all unless something is said.
 *
 * @category models
 * @since 0.1.0
 */
export interface DepsOptions {
  /** Only of these. A text is a selection, a list is one of keys. */
  readonly allow?: Select | undefined
  /** Not of these. */
  readonly ignore?: Select | undefined
  /** Only of those that it cannot be computed without: an optional input is none. */
  readonly requiredOnly?: boolean | undefined
}

const deps = (tag: "AnyDepsMatch" | "AllDepsMatch", of: Condition, options: DepsOptions | undefined): Condition =>
  checked({
    _tag: tag,
    of,
    ...(options?.allow !== undefined && { allow: tree.selectionText(options.allow) }),
    ...(options?.ignore !== undefined && { ignore: tree.selectionText(options.ignore) }),
    ...(options?.requiredOnly === true && { requiredOnly: true })
  })

/**
 * The condition holds for any of the assets, and of the partitions, that it is computed from. An earlier partition of the
 * asset itself counts, where it reads one.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a selection that cannot be read.
 *
 * **Example** (Some of the deps)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const some = Condition.anyDepsMatch(Condition.stale, { ignore: "group:raw" })
 * Condition.explain(some) // => "any dep (but group:raw) is stale"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const anyDepsMatch = (of: Condition, options?: DepsOptions): Condition => deps("AnyDepsMatch", of, options)

/**
 * The condition holds for each of the assets that it is computed from: for all partitions of it that it is computed from.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a selection that cannot be read.
 *
 * **Example** (All deps)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.allDepsMatch(Condition.newlyUpdated)) // => "every dep is newly updated"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const allDepsMatch = (of: Condition, options?: DepsOptions): Condition => deps("AllDepsMatch", of, options)

/**
 * Of which checks a condition about checks is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChecksOptions {
  /** Only of those that keep from being computed what is downstream. */
  readonly blockingOnly?: boolean | undefined
}

const ofChecksOf = (
  tag: "AnyChecksMatch" | "AllChecksMatch",
  of: Condition,
  options: ChecksOptions | undefined
): Condition => ({ _tag: tag, of, ...(options?.blockingOnly === true && { blockingOnly: true }) })

/**
 * The condition holds for any check of the asset.
 *
 * **Example** (After a check has failed)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const failed = Condition.anyChecksMatch(Condition.checkFailed, { blockingOnly: true })
 * Condition.explain(failed) // => "any blocking check has failed"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const anyChecksMatch = (of: Condition, options?: ChecksOptions): Condition =>
  ofChecksOf("AnyChecksMatch", of, options)

/**
 * The condition holds for every check of the asset. It does if there is none.
 *
 * **Example** (While all is well)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.allChecksMatch(Condition.checkPassed)) // => "every check has passed"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const allChecksMatch = (of: Condition, options?: ChecksOptions): Condition =>
  ofChecksOf("AllChecksMatch", of, options)

/**
 * The condition holds for another asset, which need not be upstream. Partitions correspond as they would for an input
 * without a mapping.
 *
 * **Example** (While another asset is there)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.assetMatches("calendar", Condition.not(Condition.missing))) // => "calendar is not missing"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const assetMatches = (key: string, of: Condition): Condition => ({ _tag: "AssetMatches", key, of })

/**
 * Of a job: the condition holds for any of its assets that are computed from no other asset of it, or for a partition of
 * one.
 *
 * **Example** (When a source is missing)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.anyJobRootsMatch(Condition.missing)) // => "any root of the job is missing"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const anyJobRootsMatch = (of: Condition): Condition => ({ _tag: "AnyJobRootsMatch", of })

/**
 * Of a job: the condition holds for each of its assets that are computed from no other asset of it, or for a partition of
 * each.
 *
 * **Example** (When all sources are missing)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.allJobRootsMatch(Condition.missing)) // => "every root of the job is missing"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const allJobRootsMatch = (of: Condition): Condition => ({ _tag: "AllJobRootsMatch", of })

/**
 * Gives a condition a name, under which it is shown and can be replaced.
 *
 * **Example** (A name)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const working = Condition.label(Condition.cronTickPassed("0 9 * * 1-5"), "work begins")
 * Condition.explain(Condition.and(working, Condition.stale)) // => "work begins, and stale"
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const label: {
  (name: string): (self: Condition) => Condition
  (self: Condition, name: string): Condition
} = dual(2, (self: Condition, name: string): Condition => ({ ...self, label: name }))

// ---------------------------------------------------------------------------------------------------------------------
// composites
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A run or a backfill that has not ended is to compute it.
 *
 * @category composites
 * @since 0.1.0
 */
export const inProgress: Condition = label(or(runInProgress, backfillInProgress), "inProgress")

/**
 * It is missing and was not at the previous evaluation: what was stored is gone, or the partition is new.
 *
 * @category composites
 * @since 0.1.0
 */
export const newlyMissing: Condition = label(newlyTrue(missing), "newlyMissing")

const handled: Condition = label(or(newlyRequested, newlyUpdated, initialEvaluation), "handled")

/**
 * The condition has come to hold since the last time that something was done about it: requested, or updated otherwise.
 * What held at the first evaluation already does not count.
 *
 * **Example** (Once after each tick)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const once = Condition.sinceLastHandled(Condition.cronTickPassed("@daily"))
 * Condition.explain(once) // => "@daily (UTC) has passed, since last handled"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const sinceLastHandled = (of: Condition): Condition => since(of, handled)

const upToDate: Condition = label(
  or(newlyRequested, and(newlyUpdated, not(inputsChanged)), initialEvaluation),
  "upToDate"
)

/**
 * It has held since what has the condition was requested last, or was computed from the data that there is now: one that was
 * computed while what it is computed from changed is not done. Otherwise as `sinceLastHandled`.
 *
 * **Example** (Computed meanwhile)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.sinceUpToDate(Condition.anyDepsUpdated)) // => "any deps updated, since last up to date"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const sinceUpToDate = (of: Condition): Condition => since(of, upToDate)

/**
 * Something that it is computed from was updated, by a run that did not compute it as well, or will be requested.
 *
 * @category composites
 * @since 0.1.0
 */
export const anyDepsUpdated: Condition = label(
  anyDepsMatch(or(and(newlyUpdated, not(executedWithRootTarget)), willBeRequested)),
  "anyDepsUpdated"
)

/**
 * Something that it cannot be computed without is missing, and will not be requested.
 *
 * @category composites
 * @since 0.1.0
 */
export const anyDepsMissing: Condition = label(
  anyDepsMatch(and(missing, not(willBeRequested)), { requiredOnly: true }),
  "anyDepsMissing"
)

/**
 * Something that it is computed from is being computed.
 *
 * @category composites
 * @since 0.1.0
 */
export const anyDepsInProgress: Condition = label(anyDepsMatch(inProgress), "anyDepsInProgress")

/**
 * Everything that it is computed from was updated since a cron expression fired last, or will be requested. An external
 * asset that will be observed counts, whether or not other data is found then.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a cron expression or a time zone that cannot be read.
 *
 * **Example** (In words)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.allDepsUpdatedSinceCron("@daily"))
 * // => "every dep is (newly updated, since @daily (UTC) has passed) or will be requested or will be observed"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const allDepsUpdatedSinceCron = (cron: string, options?: CronOptions): Condition =>
  label(
    allDepsMatch(or(since(newlyUpdated, cronTickPassed(cron, options)), willBeRequested, willBeObserved)),
    "allDepsUpdatedSinceCron"
  )

/**
 * As soon as something that it is computed from was updated, or a new partition of it exists: in the latest time window,
 * when nothing that it is computed from is missing or being computed.
 *
 * **Details**
 *
 * What is missing at the first evaluation is not made up for. A run that computed its upstream assets and was to compute
 * it as well does not start another one, whatever came of it; so a failure is tried again after the next update.
 *
 * **Example** (In words)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.eager())
 * // => "in the latest time window, and (newly missing or any deps updated, since last up to date), and not any deps missing, and not any deps in progress, and not in progress"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const eager = (): Condition => eagerly

const eagerly = label(
  and(
    inLatest,
    sinceUpToDate(or(newlyMissing, anyDepsUpdated)),
    not(anyDepsMissing),
    not(anyDepsInProgress),
    not(inProgress)
  ),
  "eager"
)

/**
 * Once after each tick of a cron expression, as soon as everything that it is computed from was updated since: in the
 * latest time window.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a cron expression or a time zone that cannot be read.
 *
 * **Example** (In words)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.onCron("@daily"))
 * // => "in the latest time window, and (@daily (UTC) has passed, since last handled), and all deps updated since cron"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const onCron = (cron: string, options?: CronOptions): Condition =>
  label(
    and(inLatest, sinceLastHandled(cronTickPassed(cron, options)), allDepsUpdatedSinceCron(cron, options)),
    "onCron"
  )

/**
 * When it has come to be missing, such as a partition that is new, and nothing that it is computed from is missing: in
 * the latest time window.
 *
 * **Example** (In words)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.onMissing())
 * // => "in the latest time window, and (newly missing, since last handled), and not any deps missing"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const onMissing = (): Condition => whenMissing

const whenMissing = label(and(inLatest, sinceLastHandled(newlyMissing), not(anyDepsMissing)), "onMissing")

/**
 * Once after each tick of a cron expression, as soon as everything that it is computed from is recent enough for its
 * freshness policy, whether or not it was updated since. A warning counts as recent enough, and so does an asset without
 * a policy.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a cron expression or a time zone that cannot be read.
 *
 * **Example** (In words)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.onCronDepsFresh("@daily"))
 * // => "in the latest time window, and (@daily (UTC) has passed, since last handled), and all deps fresh"
 * ```
 *
 * @category composites
 * @since 0.1.0
 */
export const onCronDepsFresh = (cron: string, options?: CronOptions): Condition =>
  label(
    and(
      inLatest,
      sinceLastHandled(cronTickPassed(cron, options)),
      label(
        allDepsMatch(or(freshness("Fresh"), freshness("Warning"), freshness("NoPolicy"), willBeRequested)),
        "allDepsFresh"
      )
    ),
    "onCronDepsFresh"
  )

// ---------------------------------------------------------------------------------------------------------------------
// editing
// ---------------------------------------------------------------------------------------------------------------------

const isSame = (condition: Condition, part: Condition | string): boolean =>
  typeof part === "string"
    ? condition.label === part
    : condition._tag === part._tag && tree.textOf(condition) === tree.textOf(part)

const notFound = (self: Condition, part: Condition | string): ConditionError =>
  new ConditionError({
    problem: `Condition not found: there is no ${
      typeof part === "string" ? `condition with the label ${JSON.stringify(part)}` : `"${explain(part)}"`
    } in "${explain(self)}"`
  })

/**
 * Puts another condition in the place of a part, wherever it is: of one that is equal, or of one with a label.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` if there is no such part.
 *
 * **Example** (Eager, in the last week)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const week = Condition.inLatestTimeWindow({ lookback: "7 days" })
 * const condition = Condition.replace(Condition.onMissing(), Condition.inLatestTimeWindow(), week)
 * Condition.explain(condition)
 * // => "in the time windows of the last 7d, and (newly missing, since last handled), and not any deps missing"
 * ```
 *
 * @category editing
 * @since 0.1.0
 */
export const replace: {
  (part: Condition | string, by: Condition): (self: Condition) => Condition
  (self: Condition, part: Condition | string, by: Condition): Condition
} = dual(3, (self: Condition, part: Condition | string, by: Condition): Condition => {
  let found = false
  const replaced = tree.rewrite(self, (condition) => {
    if (!isSame(condition, part)) return undefined
    found = true
    return by
  })
  if (!found) throw notFound(self, part)
  return replaced
})

/**
 * Leaves out one of the operands of `and` or `or`.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` if it is not one of the operands, or if fewer than two are left.
 *
 * **Example** (Eager, also while something upstream is missing)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * Condition.explain(Condition.without(Condition.onMissing(), Condition.not(Condition.anyDepsMissing)))
 * // => "in the latest time window, and (newly missing, since last handled)"
 * ```
 *
 * @category editing
 * @since 0.1.0
 */
export const without: {
  (part: Condition | string): (self: Condition) => Condition
  (self: Condition, part: Condition | string): Condition
} = dual(2, (self: Condition, part: Condition | string): Condition => {
  const operands = self._tag === "And" || self._tag === "Or" ? self.of : []
  const left = operands.filter((operand) => !isSame(operand, part))
  if (left.length === operands.length) throw notFound(self, part)
  if (left.length < 2) {
    throw new ConditionError({
      problem: `without "${typeof part === "string" ? part : explain(part)}" it has fewer than 2 operands: ` +
        "use the one that is left"
    })
  }
  const { label: _, ...rest } = self
  // it is not what it was called any more
  return tree.withParts(rest as Condition, left)
})

const narrowed = (self: Condition, options: DepsOptions): Condition => {
  const visit = (condition: Condition): Condition => {
    const parts = tree.partsOf(condition)
    const next = parts.length === 0 ? condition : tree.withParts(condition, parts.map(visit))
    return next._tag !== "AnyDepsMatch" && next._tag !== "AllDepsMatch" ? next : checked({
      ...next,
      ...(options.allow !== undefined && { allow: tree.selectionText(options.allow) }),
      ...(options.ignore !== undefined && { ignore: tree.selectionText(options.ignore) })
    })
  }
  return visit(self)
}

/**
 * Lets only some of the deps count, in whatever part of a condition that is about deps.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a selection that cannot be read.
 *
 * **Example** (Eager about some)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const all = Condition.allDepsMatch(Condition.stale)
 * Condition.explain(Condition.allow(all, ["orders"])) // => "every dep (of key:orders) is stale"
 * ```
 *
 * @category editing
 * @since 0.1.0
 */
export const allow: {
  (select: Select): (self: Condition) => Condition
  (self: Condition, select: Select): Condition
} = dual(2, (self: Condition, select: Select): Condition => narrowed(self, { allow: select }))

/**
 * Lets some of the deps not count, in whatever part of a condition that is about deps.
 *
 * **Gotchas**
 *
 * Throws a `ConditionError` for a selection that cannot be read.
 *
 * **Example** (Eager, but not about all)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const all = Condition.allDepsMatch(Condition.stale)
 * Condition.explain(Condition.ignore(all, "group:raw")) // => "every dep (but group:raw) is stale"
 * ```
 *
 * @category editing
 * @since 0.1.0
 */
export const ignore: {
  (select: Select): (self: Condition) => Condition
  (self: Condition, select: Select): Condition
} = dual(2, (self: Condition, select: Select): Condition => narrowed(self, { ignore: select }))

// ---------------------------------------------------------------------------------------------------------------------
// evaluations
// ---------------------------------------------------------------------------------------------------------------------

const Value = Schema.Union([Schema.Literal(true), Partitions.Serialized])
const Versions = Schema.Array(Schema.Tuple([Value, Schema.String]))

/** What something that has a condition remembers. */
const memory = {
  /** Tells what every part of the condition held for from something else. */
  digest: Schema.Number,
  requested: Schema.optionalKey(Value),
  /** What it went on to hold for, and was not requested once more, since it was still computed. */
  held: Schema.optionalKey(Value),
  /** How much of the log it knew when it was not defined any more, where it is not. */
  seen: Schema.optionalKey(Schema.Number),
  /** What parts of the condition remember. */
  nodes: Schema.Array(Schema.Struct({
    node: Schema.String,
    /** The asset or check it was asked about, where that is another one. */
    about: Schema.optionalKey(Schema.String),
    value: Schema.optionalKey(Value),
    trigger: Schema.optionalKey(Schema.Int),
    reset: Schema.optionalKey(Schema.Int),
    version: Schema.optionalKey(Schema.String),
    versions: Schema.optionalKey(Versions)
  }))
}

/**
 * What evaluations remember from one to the next. It is kept by asset and by condition, so that what is added or put in
 * another order changes nothing for the rest.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cursor = Schema.Struct({
  /** The number of the evaluation: the first one is 0. */
  evaluation: Schema.Int,
  /** When it was, in milliseconds since 1970. */
  now: Schema.Number,
  /** The newest materialization or observation, and the newest evaluation of a check, that it knew. */
  log: Schema.Number,
  checks: Schema.Number,
  /** What has a condition: an asset by its key, a check as `KEY:CHECK`, a job as `:NAME`. */
  entities: Schema.Array(Schema.Struct({
    id: Schema.String,
    /** Tells its condition and its kind of partitions from others: with another one it begins anew. */
    condition: Schema.String,
    ...memory
  })),
  /** The data versions of external assets. */
  observed: Schema.Array(Schema.Struct({ key: Schema.String, versions: Versions }))
})

/**
 * What evaluations remember from one to the next.
 *
 * @category models
 * @since 0.1.0
 */
export type Cursor = typeof Cursor.Type

/**
 * What a part of a condition came to.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplanationNode {
  /** What it says, or its label. */
  readonly words: string
  readonly tag: Condition["_tag"]
  /** The asset or check that it was asked about, where that is another one than what has the condition. */
  readonly about?: string
  /** For how many partitions it holds: 0 or 1 for what has none. */
  readonly count: number
  /** Whether it holds for all that there is. */
  readonly whole: boolean
  /** For which partitions, in words and as a set. */
  readonly partitions?: string
  readonly subset?: Partitions.Serialized
  /** For how many partitions it was asked: for none where what came before does not hold. */
  readonly candidates: number
  /** The evaluations in which what it waits for, and what ends that, held the last time. */
  readonly trigger?: number
  readonly reset?: number
  readonly children: ReadonlyArray<ExplanationNode>
  /** How many further children there are. */
  readonly omitted?: number
}

// what most parts come to is not stored
const ExplanationNode: Schema.Codec<ExplanationNode, unknown> = Schema.Struct({
  words: Schema.String,
  tag: Schema.Literals(tags),
  about: Schema.optionalKey(Schema.String),
  count: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  whole: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  partitions: Schema.optionalKey(Schema.String),
  subset: Schema.optionalKey(Partitions.Serialized),
  candidates: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(1))),
  trigger: Schema.optionalKey(Schema.Int),
  reset: Schema.optionalKey(Schema.Int),
  children: Schema.Array(Schema.suspend((): Schema.Codec<ExplanationNode, unknown> => ExplanationNode)).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed([]))
  ),
  omitted: Schema.optionalKey(Schema.Int)
})

/**
 * Why something was requested, or was not.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Explanation = Schema.Struct({
  /** An asset by its key, a check as `KEY:CHECK`, a job as `:NAME`. */
  id: Schema.String,
  kind: Schema.Literals(["asset", "check", "job"]),
  evaluation: Schema.Int,
  /** Milliseconds since 1970. */
  at: Schema.Number,
  /** How many partitions were requested: 1 for what has none. */
  requested: Schema.Int,
  /** Whether all parts came to the same as in the evaluation before. */
  unchanged: Schema.Boolean,
  root: ExplanationNode,
  /** What the evaluation was given, where it is recorded: with it and the log, it can be done again. */
  before: Schema.optionalKey(Schema.Struct({
    /** When the evaluation before was. There is none before the first one. */
    now: Schema.optionalKey(Schema.Number),
    /** The newest materialization or observation, and the newest evaluation of a check, that it knew: 0 for none. */
    log: Schema.Number,
    checks: Schema.Number,
    /** The place of the newest event in the log: 0 if there was none. */
    place: Schema.Number,
    /** How many runs had not ended, or waited to be launched. */
    running: Schema.Int,
    /** What was remembered: nothing of a condition that was evaluated for the first time. */
    state: Schema.optionalKey(Schema.Struct(memory))
  }))
})

/**
 * Why something was requested, or was not.
 *
 * @category models
 * @since 0.1.0
 */
export type Explanation = typeof Explanation.Type

// ---------------------------------------------------------------------------------------------------------------------
// words
// ---------------------------------------------------------------------------------------------------------------------

const plainWords: Readonly<Record<PlainTag, string>> = {
  Missing: "missing",
  RunInProgress: "in a run that is in progress",
  BackfillInProgress: "in a backfill that is in progress",
  ExecutionFailed: "failed the last time",
  NewlyUpdated: "newly updated",
  NewlyRequested: "newly requested",
  WillBeRequested: "will be requested",
  WillBeObserved: "will be observed",
  InitialEvaluation: "evaluated for the first time",
  CodeVersionChanged: "its code version has changed",
  DataVersionChanged: "its data version has changed",
  Stale: "stale",
  InputsChanged: "computed from other data than there is now",
  ExecutedWithRootTarget: "computed by a run that was to compute this as well",
  CheckPassed: "passed",
  CheckFailed: "failed",
  AnyDepsRequiredButNonexistent: "computed from partitions that do not exist",
  AnyDownstreamConditions: "a condition downstream holds"
}

const freshnessWords: Readonly<Record<FreshnessState, string>> = {
  Fresh: "recent enough",
  Warning: "nearly overdue",
  Overdue: "overdue",
  Unknown: "never materialized, and has a freshness policy",
  NoPolicy: "without a freshness policy"
}

/**
 * A name like those of this module is told in words, any other as it is.
 *
 * @internal
 */
export const nameWords = (name: string): string =>
  /^[a-z]+(?:[A-Z][a-z]+)+$/.test(name) ? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) : name

/** In parentheses, where it would not be clear what belongs together. */
const grouped = (condition: Condition): string => {
  const words = partWords(condition)
  const isOne = condition.label !== undefined || (
    condition._tag !== "And" && condition._tag !== "Or" && condition._tag !== "Since"
  )
  return isOne ? words : `(${words})`
}

const partWords = (condition: Condition): string =>
  condition.label === undefined ? explain(condition) : nameWords(condition.label)

/** What one says of several: `is missing`, `has passed`. */
const predicate = (condition: Condition): string => {
  if (condition.label === undefined && (condition._tag === "CheckPassed" || condition._tag === "CheckFailed")) {
    return `has ${partWords(condition)}`
  }
  return `is ${condition._tag === "Or" && condition.label === undefined ? partWords(condition) : grouped(condition)}`
}

const depsWords = (condition: OfDeps<"AnyDepsMatch" | "AllDepsMatch">): string =>
  (condition.requiredOnly === true ? " that it needs" : "") +
  (condition.allow === undefined ? "" : ` (of ${condition.allow})`) +
  (condition.ignore === undefined ? "" : ` (but ${condition.ignore})`)

/**
 * What a condition says, in words. Its parts are called by their labels, where they have some.
 *
 * **Example** (A condition of one's own)
 *
 * ```ts import.meta.vitest
 * import { Condition } from "effect-assets"
 *
 * const retry = Condition.and(Condition.executionFailed, Condition.cronTickPassed("@hourly"))
 * Condition.explain(retry) // => "failed the last time, and @hourly (UTC) has passed"
 * ```
 *
 * @category words
 * @since 0.1.0
 */
export const explain = (condition: Condition): string => {
  switch (condition._tag) {
    case "InLatestTimeWindow":
      return condition.lookbackMillis === undefined
        ? "in the latest time window"
        : `in the time windows of the last ${Duration.format(Duration.millis(condition.lookbackMillis))}`
    case "CronTickPassed":
      return `${condition.cron} (${condition.timeZone}) has passed`
    case "ExecutedWithTags": {
      const values = Object.entries(condition.values).map(([name, value]) => `${name}=${value}`)
      return `computed by a run with the tags ${[...condition.keys, ...values].join(", ")}`
    }
    case "Freshness":
      return freshnessWords[condition.state]
    case "And":
      return condition.of.map(grouped).join(", and ")
    case "Or":
      return condition.of.map(grouped).join(" or ")
    case "Not":
      return `not ${grouped(condition.of)}`
    case "NewlyTrue":
      return `newly ${grouped(condition.of)}`
    case "Since": {
      const { reset, trigger } = condition
      const before = trigger._tag === "Or" ? partWords(trigger) : grouped(trigger)
      if (reset.label === handled.label && isSame(reset, handled)) return `${before}, since last handled`
      return reset.label === upToDate.label && isSame(reset, upToDate)
        ? `${before}, since last up to date`
        : `${before}, since ${grouped(reset)}`
    }
    case "AnyDepsMatch":
      return `any dep${depsWords(condition)} ${predicate(condition.of)}`
    case "AllDepsMatch":
      return `every dep${depsWords(condition)} ${predicate(condition.of)}`
    case "AnyChecksMatch":
      return `any ${condition.blockingOnly === true ? "blocking " : ""}check ${predicate(condition.of)}`
    case "AllChecksMatch":
      return `every ${condition.blockingOnly === true ? "blocking " : ""}check ${predicate(condition.of)}`
    case "AssetMatches":
      return `${condition.key} ${predicate(condition.of)}`
    case "AnyJobRootsMatch":
      return `any root of the job ${predicate(condition.of)}`
    case "AllJobRootsMatch":
      return `every root of the job ${predicate(condition.of)}`
    default:
      return plainWords[condition._tag]
  }
}
