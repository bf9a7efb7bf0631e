/**
 * Freshness: how recent an asset has to be, and whether it is. A policy is data, and evaluating it is pure: what is
 * asked is the time of the last materialization, not what it was computed from (that is staleness, see `Catalog`).
 *
 * **Example** (At least once a day)
 *
 * ```ts import.meta.vitest
 * import { Freshness } from "effect-assets"
 *
 * const daily = Freshness.window({ fail: "24 hours", warn: "12 hours" })
 * const hour = 3_600_000
 *
 * Freshness.evaluate(daily, 0, 1 * hour)._tag // => "Fresh"
 * Freshness.evaluate(daily, 0, 13 * hour)._tag // => "Warning"
 * Freshness.evaluate(daily, 0, 25 * hour)._tag // => "Overdue"
 * Freshness.evaluate(daily, undefined, 0)._tag // => "Unknown"
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Cron from "./internal/cron.ts"
import * as Zone from "./internal/zone.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How recent an asset has to be. `Window`: not older than so long. `Cron`: materialized for every deadline, that is
 * within `lowerBoundMillis` before it, or after it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Freshness = Schema.TaggedUnion({
  Window: { failMillis: Schema.Number, warnMillis: Schema.UndefinedOr(Schema.Number) },
  Cron: { deadline: Schema.String, lowerBoundMillis: Schema.Number, timeZone: Schema.String }
})

/**
 * How recent an asset has to be.
 *
 * @category models
 * @since 0.1.0
 */
export type Freshness = typeof Freshness.Type

/** Milliseconds since 1970. */
const timestamp = Schema.Number

/**
 * How recent an asset is, compared with its policy. `Unknown`: it was never materialized. `NoPolicy`: nobody asks.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Evaluation = Schema.TaggedUnion({
  /** Recent enough until `until`, if nothing is materialized before. */
  Fresh: { lastMaterialized: timestamp, until: timestamp },
  /** Recent enough until `until`, but older than the policy warns of since `since`. */
  Warning: { lastMaterialized: timestamp, since: timestamp, until: timestamp },
  /** Too old since `since`. */
  Overdue: { lastMaterialized: timestamp, since: timestamp },
  Unknown: {},
  NoPolicy: {}
})

/**
 * How recent an asset is, compared with its policy.
 *
 * @category models
 * @since 0.1.0
 */
export type Evaluation = typeof Evaluation.Type

/**
 * A policy cannot be what its definition says.
 *
 * @category errors
 * @since 0.1.0
 */
export class FreshnessError extends Schema.TaggedError<FreshnessError>()("FreshnessError", {
  problem: Schema.String
}) {
  override get message(): string {
    return `The freshness policy is not valid: ${this.problem}.`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** What is shorter cannot be told from the time that runs and clocks take. */
const leastMillis = 60_000

/**
 * An asset must not be older than `fail`; from an age of `warn` on there is a warning.
 *
 * **Gotchas**
 *
 * Throws a `FreshnessError` if a duration is shorter than a minute or infinite, or `warn` is not shorter than `fail`.
 *
 * **Example** (When it fails)
 *
 * ```ts import.meta.vitest
 * import { Freshness } from "effect-assets"
 *
 * const policy = Freshness.window({ fail: "24 hours" })
 * Freshness.evaluate(policy, 0, 86_399_000) // => { _tag: "Fresh", lastMaterialized: 0, until: 86_400_000 }
 * Freshness.evaluate(policy, 0, 86_401_000) // => { _tag: "Overdue", lastMaterialized: 0, since: 86_400_000 }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const window = (options: {
  readonly fail: Duration.Input
  readonly warn?: Duration.Input | undefined
}): Freshness => {
  const failMillis = millis(options.fail, "fail")
  const warnMillis = options.warn === undefined ? undefined : millis(options.warn, "warn")
  if (warnMillis !== undefined && warnMillis >= failMillis) throw problem("warn must be shorter than fail")
  return { _tag: "Window", failMillis, warnMillis }
}

/**
 * An asset must be materialized for every tick of a cron expression: within `lowerBound` before the tick. If it was
 * not, it is overdue from the tick on, until it is materialized.
 *
 * **Details**
 *
 * Between two ticks nothing changes for an asset that met the last one. The time zone is UTC unless it is given.
 *
 * **Gotchas**
 *
 * Throws a `FreshnessError` for a cron expression or a time zone that cannot be read, and for a `lowerBound` that is
 * shorter than a minute or longer than the time between two ticks.
 *
 * **Example** (By nine in the morning, computed after eight)
 *
 * ```ts import.meta.vitest
 * import { Freshness } from "effect-assets"
 *
 * const policy = Freshness.cron({ deadline: "0 9 * * *", lowerBound: "1 hour" })
 * const at = (time: string) => Date.parse(`2024-01-01T${time}Z`)
 * Freshness.evaluate(policy, at("08:30:00"), at("10:00:00"))._tag // => "Fresh"
 * Freshness.evaluate(policy, at("07:30:00"), at("10:00:00"))._tag // => "Overdue"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const cron = (options: {
  readonly deadline: string
  readonly lowerBound: Duration.Input
  readonly timeZone?: string | undefined
}): Freshness => {
  const { deadline, timeZone = "UTC" } = options
  const lowerBoundMillis = millis(options.lowerBound, "lowerBound")
  parse(deadline, timeZone)
  if (lowerBoundMillis > shortestInterval(parse(deadline, "UTC"))) {
    throw problem("lowerBound must not be longer than the time between two deadlines")
  }
  return { _tag: "Cron", deadline, lowerBoundMillis, timeZone }
}

const millis = (input: Duration.Input, name: string): number => {
  const duration = Duration.fromInput(input)
  const value = Option.isNone(duration) ? NaN : Duration.toMillis(duration.value)
  if (!(value >= leastMillis)) throw problem(`${name} must be at least a minute`)
  if (value === Infinity) throw problem(`${name} must be finite`)
  return value
}

const problem = (text: string): FreshnessError => new FreshnessError({ problem: text })

const parse = (deadline: string, timeZone: string): Cron.Cron => {
  const zone = Zone.make(timeZone)
  if (zone === undefined) throw problem(`there is no time zone ${JSON.stringify(timeZone)}`)
  const result = Cron.parse(deadline, zone)
  if (Result.isSuccess(result)) return result.success
  throw problem(
    `the deadline ${JSON.stringify(deadline)} is not a cron expression (${result.failure}): ` +
      "it has five fields, which are minute, hour, day of the month, month and day of the week"
  )
}

/** Within the ticks that are looked at, in UTC: a day that summer time makes shorter does not count. */
const shortestInterval = (deadlines: Cron.Cron): number => {
  let shortest = Infinity
  let last = Cron.nextTick(deadlines, looksFrom)
  for (let ticks = 1; ticks < looksAtTicks; ticks++) {
    const tick = Cron.nextTick(deadlines, last)
    shortest = Math.min(shortest, tick - last)
    last = tick
  }
  return shortest
}

// a leap year, from its first Monday on
const looksFrom = 1_704_067_200_000
const looksAtTicks = 32

// ---------------------------------------------------------------------------------------------------------------------
// evaluation
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How recent an asset is at `now`, given when it was last materialized (`undefined`: never), in milliseconds since
 * 1970.
 *
 * **Example** (Without a policy)
 *
 * ```ts import.meta.vitest
 * import { Freshness } from "effect-assets"
 *
 * Freshness.evaluate(undefined, 0, 1) // => { _tag: "NoPolicy" }
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluate = (
  policy: Freshness | undefined,
  lastMaterialized: number | undefined,
  now: number
): Evaluation => {
  if (policy === undefined) return noPolicy
  if (lastMaterialized === undefined) return unknown
  const until = policy._tag === "Window"
    ? lastMaterialized + policy.failMillis
    // the first deadline that it was materialized too early for
    : Cron.nextTick(parsed(policy), lastMaterialized + policy.lowerBoundMillis)
  if (now >= until) return { _tag: "Overdue", lastMaterialized, since: until }
  if (policy._tag === "Window" && policy.warnMillis !== undefined) {
    const since = lastMaterialized + policy.warnMillis
    if (now >= since) return { _tag: "Warning", lastMaterialized, since, until }
  }
  return { _tag: "Fresh", lastMaterialized, until }
}

const noPolicy: Evaluation = { _tag: "NoPolicy" }
const unknown: Evaluation = { _tag: "Unknown" }

const parsedPolicies = new WeakMap<Freshness, Cron.Cron>()

const parsed = (policy: Extract<Freshness, { readonly _tag: "Cron" }>): Cron.Cron => {
  let deadlines = parsedPolicies.get(policy)
  if (deadlines === undefined) {
    deadlines = parse(policy.deadline, policy.timeZone)
    parsedPolicies.set(policy, deadlines)
  }
  return deadlines
}
