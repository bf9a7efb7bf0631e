/**
 * Automation: schedules and sensors, which ask for runs. A schedule does so by the clock, a sensor when it has seen something.
 * They are definitions: plain values with a program, evaluated by the daemon, by the command line, or by a test.
 *
 * An evaluation gives requests or a reason why there are none. It runs nothing itself.
 *
 * **Example** (Every morning, and for each new file)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Automation, Definitions, EventLog, Graph, IOManager, Job } from "effect-assets"
 *
 * const orders = Asset.make("orders", Effect.succeed([3, 4]))
 * const nightly = Job.make("nightly", { select: ["orders"] })
 * const morning = Automation.schedule("every_morning", { cron: "0 6 * * *", timeZone: "Europe/Berlin", target: nightly })
 * const files = Automation.sensor("files", {
 *   target: { select: ["orders"] },
 *   *evaluate({ cursor }) {
 *     const newest = yield* Effect.succeed("2024-02-29.csv")
 *     return newest === cursor ? Automation.skip("no new file") : Automation.request({ runKey: newest }, { cursor: newest })
 *   }
 * })
 * const definitions = Definitions.make({
 *   graph: Graph.make({ orders }),
 *   automations: [morning, files],
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 *
 * definitions.jobs.map(({ name }) => name) // => ["nightly"]
 * const evaluated = Effect.map(Automation.evaluateSensor(files, { definitions, now: 0 }), ({ requests }) => requests)
 * await Effect.runPromise(evaluated) // => [{ keys: ["orders"], runKey: "2024-02-29.csv" }]
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AutomationStore from "./AutomationStore.ts"
import type * as EventLog from "./EventLog.ts"
import type * as Graph from "./Graph.ts"
import * as events from "./internal/automationEvents.ts"
import * as targets from "./internal/automationTargets.ts"
import * as times from "./internal/automationTicks.ts"
import * as Cron from "./internal/cron.ts"
import { recorded } from "./internal/recorded.ts"
import { type Computation, type ComputedServices, toComputation } from "./internal/step.ts"
import * as Zone from "./internal/zone.ts"
import type * as Job from "./Job.ts"
import type * as Metadata from "./Metadata.ts"
import type * as Runtime from "./Runtime.ts"
import type * as Selection from "./Selection.ts"

const TypeId = "~effect-assets/Automation"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an automation requests unless an evaluation says otherwise: assets, and what a run of them is given.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selected<out Keys extends string> {
  /** A list of keys, a selection expression, or a `Selection`. Everything that can be computed if it is left out. */
  readonly select?: ReadonlyArray<Keys> | string | Selection.Selection | undefined
  /** The partitions to compute. Left out, a schedule takes those that have just ended, and a sensor has to say which. */
  readonly partitions?: Runtime.PartitionsWanted | undefined
  /** Configuration by the key of the asset, as JSON would hold it. */
  readonly config?: { readonly [key: string]: Schema.Json } | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly checks?: Runtime.Checks | undefined
  readonly onlyStale?: boolean | undefined
  /** External assets to observe, by key. */
  readonly observe?: ReadonlyArray<string> | undefined
  /** Of the runs that wait in the queue, those of the highest priority come first: 0 if it is left out. */
  readonly priority?: number | undefined
}

/**
 * What an automation requests: runs of a job, or of a selection.
 *
 * @category models
 * @since 0.1.0
 */
export type Target<Keys extends string, R = never> = Job.Job<Keys, R> | Selected<Keys>

/**
 * A target of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnyTarget = Job.Any | Selected<string>

/**
 * What all automations have in common. `Keys` are the keys that the target lists, `R` is what it needs to be evaluated, and
 * `Watched` are the keys of assets that it looks at.
 *
 * @category models
 * @since 0.1.0
 */
export interface Automation<out Keys extends string, out R = never, out Watched extends string = never>
  extends Pipeable
{
  readonly [TypeId]: { readonly keys: Keys; readonly services: R; readonly watched: Watched }
  readonly kind: Exclude<AutomationStore.Kind, "condition">
  readonly name: string
  readonly description: string | undefined
  readonly target: AnyTarget | undefined
  /** Whether it runs as long as nobody has started or stopped it. */
  readonly startRunning: boolean
}

/**
 * What becomes of the ticks of a schedule that were missed while no daemon ran: the latest one is made up for; none is; or
 * so many of the latest ones are.
 *
 * @category models
 * @since 0.1.0
 */
export type CatchUp = times.CatchUp

/**
 * Asks for runs by the clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Schedule<out Keys extends string, out R = never> extends Automation<Keys, R> {
  readonly kind: "schedule"
  readonly cron: ReadonlyArray<string>
  readonly timeZone: string
  /** `undefined` for what is right for its target: see `schedule`. */
  readonly catchUp: CatchUp | undefined
  readonly partitionOffset: number
}

/**
 * Asks for runs when it has seen something, and looks from time to time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sensor<out Keys extends string, out R = never> extends Automation<Keys, R> {
  readonly kind: "sensor"
  /** The least time from one evaluation to the next. */
  readonly everyMillis: number
  readonly timeoutMillis: number | undefined
}

/**
 * Asks for runs when assets were materialized, or observed.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssetSensor<out Keys extends string, out R = never, out Watched extends string = never>
  extends Automation<Keys, R, Watched>
{
  readonly kind: "assetSensor"
  /** The keys of the assets. */
  readonly assets: ReadonlyArray<string>
  /** Whether one of them is enough, or all have to be materialized. */
  readonly match: "any" | "all"
  readonly timeoutMillis: number | undefined
}

/**
 * What a run sensor waits for.
 *
 * @category models
 * @since 0.1.0
 */
export type RunSensorStatus = "Started" | EventLog.RunStatus

/**
 * Does something, or asks for runs, when runs begin or end.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunSensor<out Keys extends string, out R = never, out Watched extends string = never>
  extends Automation<Keys, R, Watched>
{
  readonly kind: "runSensor"
  readonly statuses: ReadonlyArray<RunSensorStatus>
  /** The names of the jobs whose runs it looks at: `undefined` for all runs. */
  readonly jobs: ReadonlyArray<string> | undefined
  /** It looks at runs that were to compute one of these: `undefined` for all runs. */
  readonly select: ReadonlyArray<string> | string | Selection.Selection | undefined
  readonly timeoutMillis: number | undefined
}

/**
 * Asks for runs when something is pushed.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamSensor<out Keys extends string, out R = never> extends Automation<Keys, R> {
  readonly kind: "streamSensor"
}

/**
 * An automation of any kind and type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Any =
  | Schedule<string, unknown>
  | Sensor<string, unknown>
  | AssetSensor<string, unknown, string>
  | RunSensor<string, unknown, string>
  | StreamSensor<string, unknown>

/**
 * What an automation needs to be evaluated, and what the hooks of its job need.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<A extends Automation<string, unknown, string>> = A[typeof TypeId]["services"]

/**
 * The keys that the target of an automation lists.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Keys<A extends Automation<string, unknown, string>> = A[typeof TypeId]["keys"]

/**
 * The keys of the assets that an automation looks at.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Watched<A extends Automation<string, unknown, string>> = A[typeof TypeId]["watched"]

/**
 * What an evaluation needs to know of a deployment: `Definitions` are such.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deployed {
  readonly graph: Graph.Any
  readonly jobs: ReadonlyArray<Job.Any>
}

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An automation cannot be what its definition says (thrown where it is made), or what it requests is not possible (the tick
 * fails).
 *
 * @category errors
 * @since 0.1.0
 */
export class AutomationError extends Schema.TaggedError<AutomationError>()("AutomationError", {
  automation: Schema.String,
  reason: Schema.Literals(["Definition", "Request", "Cursor"]),
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const head = {
      Definition: `The automation "${this.automation}" is not valid`,
      Request: `What the automation "${this.automation}" requests is not possible`,
      Cursor: `The cursor of the automation "${this.automation}" is not valid`
    }[this.reason]
    return this.problems.length === 1
      ? `${head}: ${this.problems[0]}`
      : [`${head}:`, ...this.problems.map((problem) => `- ${problem}`)].join("\n")
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// requests
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an evaluation comes to. `request`, `requests` and `skip` make it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requests {
  readonly requests: ReadonlyArray<AutomationStore.Request>
  /** Why there are no requests, or why there are. */
  readonly reason?: string | undefined
  /** Where the automation is from now on: the next evaluation is given it. `null` for nowhere; it stays if it is left out. */
  readonly cursor?: string | null | undefined
  /** Keys to add to sets of dynamic partitions, by the name of the set. The requests may name them. */
  readonly addPartitions?: { readonly [name: string]: ReadonlyArray<string> } | undefined
  /** Keys to take away from sets of dynamic partitions. */
  readonly deletePartitions?: { readonly [name: string]: ReadonlyArray<string> } | undefined
}

/**
 * One run that is asked for. What is left out is as the target of the automation says.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions extends Omit<AutomationStore.Request, "job" | "select" | "keys" | "checks"> {
  /** A job of the definitions, or its name. */
  readonly job?: Job.Any | string | undefined
  /** What to compute: of a job, a part of it. */
  readonly select?: ReadonlyArray<string> | string | Selection.Selection | undefined
  readonly checks?: Runtime.Checks | undefined
}

/** What else an evaluation may say. */
type State = Omit<Requests, "requests">

/**
 * Requests one run: of the target, if nothing else is said.
 *
 * **Details**
 *
 * An automation requests a run once, ever, under one `runKey`; a request without one always leads to a run. Those of schedules
 * have a key unless they are given one: the time that the tick is for.
 *
 * **Example** (A run for each file, whatever happens)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * Automation.request({ select: ["orders"], runKey: "2024.csv" }, { cursor: "2024.csv" })
 * // => { requests: [{ keys: ["orders"], runKey: "2024.csv" }], cursor: "2024.csv" }
 * ```
 *
 * @category requests
 * @since 0.1.0
 */
export const request = (options?: RequestOptions, state?: State): Requests => requests([options ?? {}], state)

/**
 * Requests several runs, or none.
 *
 * **Example** (Two partitions, one of them new)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * const { requests } = Automation.requests(
 *   [{ partition: "a" }, { partition: "b" }],
 *   { addPartitions: { customers: ["b"] } }
 * )
 * requests // => [{ partition: "a" }, { partition: "b" }]
 * ```
 *
 * @category requests
 * @since 0.1.0
 */
export const requests = (list: Iterable<RequestOptions>, state?: State): Requests => ({
  requests: Array.from(list, ({ job, select, ...rest }) => ({
    ...(job === undefined ? {} : { job: typeof job === "string" ? job : job.name }),
    ...targets.plainSelect(select),
    ...rest
  })),
  ...state
})

/**
 * Requests nothing, and says why.
 *
 * **Example** (Nothing new)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * Automation.skip("no new file") // => { requests: [], reason: "no new file" }
 * ```
 *
 * @category requests
 * @since 0.1.0
 */
export const skip = (reason: string, state?: Omit<State, "reason">): Requests => ({ requests: [], reason, ...state })

/** What a program of an automation may return. */
type Program =
  | Effect.Effect<Requests | void, unknown, unknown>
  | Generator<
    Effect.Effect<unknown, unknown, unknown>,
    Requests | void,
    never
  >

// ---------------------------------------------------------------------------------------------------------------------
// schedules
// ---------------------------------------------------------------------------------------------------------------------

/** What automations of all kinds are given. */
interface Common<K extends string, RJ> {
  /** What is requested unless an evaluation says otherwise. */
  readonly target?: Target<K, RJ> | undefined
  /** `false` for one that somebody has to start: `true` if it is left out. */
  readonly startRunning?: boolean | undefined
  readonly description?: string | undefined
}

/**
 * The options of `schedule`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleOptions<K extends string, RJ> extends Common<K, RJ> {
  /** When it ticks: one cron expression, or several. */
  readonly cron: string | ReadonlyArray<string>
  /** `"UTC"` unless given. A name (`"Europe/Berlin"`) or an offset (`"+02:00"`). */
  readonly timeZone?: string | undefined
  /** What becomes of ticks that are missed: see `schedule`. */
  readonly catchUp?: CatchUp | undefined
  /** How many time windows before the one that has just ended are meant: 0 if it is left out. */
  readonly partitionOffset?: number | undefined
}

/**
 * What the program of a schedule is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleContext {
  readonly name: string
  /** The time that the tick is for, in the time zone of the schedule: it may be evaluated later. */
  readonly scheduledAt: DateTime.Zoned
  /** The tick before, if there was one. */
  readonly lastTick: DateTime.Zoned | undefined
  /** The partition of the target that has just ended, if there is one. */
  readonly partition: string | undefined
  /** The partitions of the target that have just ended: several where there are dimensions without time. */
  readonly partitions: ReadonlyArray<string>
}

/**
 * Makes a schedule.
 *
 * **Details**
 *
 * Cron expressions have five fields, or six with seconds first, or are nicknames (`@daily`). Where clocks change, an expression
 * for every hour ticks at each hour that passes; any other ticks once, also at a time that is skipped (at the end of the gap) or
 * repeated (at the second one).
 *
 * Where the assets of the target have partitions, each tick requests the time window that has just ended at the tick, as the set
 * of partitions says. Where there is none, since it is excluded or the set has ended, the tick is skipped. Partitions without
 * time are requested all.
 *
 * After a time in which no daemon ran, the latest missed tick is made up for; with partitions, up to ten of them. `catchUp` says
 * otherwise. Nothing from before the schedule was started is made up for. With `"none"`, a tick is missed if it is
 * a minute late.
 *
 * A request has the time of its tick as its run key, unless it is given one.
 *
 * **Gotchas**
 *
 * Throws an `AutomationError` for a cron expression or a time zone that cannot be read.
 *
 * **Example** (What a tick requests)
 *
 * ```ts import.meta.vitest
 * import { DateTime, Effect } from "effect"
 * import { Asset, Automation, Graph, Partitions } from "effect-assets"
 *
 * const sales = Asset.make("sales", {
 *   partitions: Partitions.daily({ start: "2024-01-01" }),
 *   compute: () => Effect.succeed(1)
 * })
 * const definitions = { graph: Graph.make({ sales }), jobs: [] }
 * const daily = Automation.schedule("daily", { cron: "0 6 * * *", target: { select: ["sales"] } })
 * const weekdays = Automation.schedule("weekdays", {
 *   cron: "0 6 * * *",
 *   target: { select: ["sales"] },
 *   *evaluate({ scheduledAt }) {
 *     return DateTime.getPart(scheduledAt, "weekDay") % 6 === 0 ? Automation.skip("a weekend") : Automation.request()
 *   }
 * })
 *
 * const scheduledAt = Date.parse("2024-03-02T06:00Z")
 * const at = (schedule: typeof daily) => Automation.evaluateSchedule(schedule, { definitions, scheduledAt })
 * await Effect.runPromise(Effect.map(at(daily), ({ requests }) => requests[0]?.partition)) // => "2024-03-01"
 * await Effect.runPromise(Effect.map(at(weekdays), ({ reason }) => reason)) // => "a weekend"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const schedule = <const K extends string = never, RJ = never, P extends Program = never>(
  name: string,
  options: ScheduleOptions<K, RJ> & {
    /** What a tick requests: a run of the target if it is left out. */
    readonly evaluate?: ((tick: ScheduleContext) => P) | undefined
  }
): Schedule<NoInfer<K>, NoInfer<RJ> | ComputedServices<P>> => {
  const { catchUp, evaluate, partitionOffset = 0, target, timeZone = "UTC" } = options
  const problems: Array<string> = []
  const zone = Zone.make(timeZone)
  if (zone === undefined) {
    problems.push(
      `There is no time zone ${JSON.stringify(timeZone)}: give a name ("Europe/Berlin") or an offset ("+02:00").`
    )
  }
  const cron = typeof options.cron === "string" ? [options.cron] : options.cron
  if (cron.length === 0) problems.push("It has no cron expression.")
  const crons = cron.flatMap((expression) => {
    const parsed = Cron.parse(expression, zone ?? Zone.make("UTC")!)
    if (Result.isSuccess(parsed)) return [parsed.success]
    problems.push(
      `The cron expression ${JSON.stringify(expression)} is not valid: ${parsed.failure}. ` +
        "It has five fields: minute, hour, day of the month, month, day of the week."
    )
    return []
  })
  if (typeof catchUp === "object" && !(Number.isInteger(catchUp.max) && catchUp.max >= 1)) {
    problems.push(`catchUp is ${catchUp.max} ticks: give a whole number from 1 on, or "none".`)
  }
  if (!Number.isInteger(partitionOffset) || partitionOffset < 0) {
    problems.push(`partitionOffset is ${partitionOffset}: give a whole number from 0 on.`)
  }
  if (target === undefined && evaluate === undefined) {
    problems.push("It requests nothing: give it a target, or a program as `evaluate`.")
  }
  refuse(name, problems)
  return make("schedule", name, options, {
    cron,
    timeZone,
    catchUp,
    partitionOffset,
    [InternalCrons]: crons,
    [InternalProgram]: evaluate && toComputation(evaluate)
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// sensors
// ---------------------------------------------------------------------------------------------------------------------

/** What all sensors with a program are given. */
interface Evaluated<K extends string, RJ> extends Common<K, RJ> {
  /** An evaluation that takes longer is interrupted, and its tick fails. There is no limit if it is left out. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The options of `sensor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SensorOptions<K extends string, RJ> extends Evaluated<K, RJ> {
  /** The least time from one evaluation to the next: 30 seconds if it is left out. */
  readonly every?: Duration.Input | undefined
}

/**
 * What the program of a sensor is told. Times are in milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export interface SensorContext {
  readonly name: string
  /** What the last evaluation that set a cursor has set. */
  readonly cursor: string | undefined
  readonly lastTickAt: number | undefined
  readonly now: number
}

/**
 * Makes a sensor: a program that looks whether there is something to do, from time to time.
 *
 * **Details**
 *
 * The cursor is kept from one evaluation to the next, over restarts. An evaluation that fails is recorded, and changes nothing:
 * neither does the cursor move, nor are run keys used up. So is one that gives what is not possible: a request that cannot be
 * run, or a key that no partition can have. One that takes longer than a minute is warned of.
 *
 * **Gotchas**
 *
 * Throws an `AutomationError` for a duration that is not positive.
 *
 * **Example** (A run for each new customer)
 *
 * ```ts import.meta.vitest
 * import { Context, Effect } from "effect"
 * import { Automation } from "effect-assets"
 *
 * class Crm extends Context.Service<Crm, { readonly customers: Effect.Effect<ReadonlyArray<string>> }>()("Crm") {}
 *
 * const customers = Automation.sensor("customers", {
 *   every: "1 minute",
 *   target: { select: ["report"] },
 *   *evaluate() {
 *     const keys = yield* Effect.flatMap(Crm, (crm) => crm.customers)
 *     return Automation.requests(keys.map((key) => ({ partition: key, runKey: key })), { addPartitions: { customers: keys } })
 *   }
 * })
 * const evaluated = Effect.provideService(Automation.evaluateSensor(customers, { now: 0 }), Crm, {
 *   customers: Effect.succeed(["ada"])
 * })
 * await Effect.runPromise(Effect.map(evaluated, ({ requests }) => requests))
 * // => [{ keys: ["report"], partition: "ada", runKey: "ada" }]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const sensor = <P extends Program, const K extends string = never, RJ = never>(
  name: string,
  options: SensorOptions<K, RJ> & { readonly evaluate: (context: SensorContext) => P }
): Sensor<NoInfer<K>, NoInfer<RJ> | ComputedServices<P>> => {
  const problems: Array<string> = []
  const everyMillis = millis(options.every ?? "30 seconds", "every", problems)
  const timeoutMillis = timeoutOf(options, problems)
  refuse(name, problems)
  return make("sensor", name, options, {
    everyMillis,
    timeoutMillis,
    [InternalProgram]: toComputation(options.evaluate)
  })
}

/**
 * That an asset, or a partition of it, was materialized, or observed.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssetEvent {
  readonly key: string
  /** The partition, where the asset has partitions. */
  readonly partition: string | undefined
  /** `true` for an observation of an external asset. */
  readonly observed: boolean
  readonly runId: string | undefined
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly dataVersion: string
  /** Left out of what an earlier evaluation has seen, and waits for other assets. */
  readonly metadata?: Metadata.Metadata | undefined
  /** Its place in the event log. */
  readonly cursor: number
}

type AssetRef<W extends string> = W | { readonly key: W }

/**
 * The options of `assetSensor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssetSensorOptions<W extends string, K extends string, RJ> extends Evaluated<K, RJ> {
  /** The asset to look at, or its key. */
  readonly asset?: AssetRef<W> | undefined
  /** Several assets to look at. */
  readonly assets?: ReadonlyArray<AssetRef<W>> | undefined
  /** Of several assets, whether one of them is enough, or all have to be materialized: `"any"` if it is left out. */
  readonly match?: "any" | "all" | undefined
}

/**
 * Makes a sensor of assets: it requests a run of its target when one of some assets, or all of them, have been materialized or
 * observed. A skip is neither.
 *
 * **Details**
 *
 * It looks at what happens after it was started. With `match: "all"`, what happened to one asset is remembered until it has
 * happened to the others, too.
 *
 * Where the assets of the target have partitions, the same partitions of them are requested; with `"all"`, those that all
 * watched assets with partitions have got. `request` decides otherwise. The cursor is the sensor's own, its place in the event
 * log: one that `request` gives does not count.
 *
 * **Gotchas**
 *
 * Throws an `AutomationError` if there is no asset to look at.
 *
 * **Example** (When both are there)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * const both = Automation.assetSensor("both", {
 *   assets: ["orders", "rates"],
 *   match: "all",
 *   target: { select: ["revenue"] }
 * })
 * both.assets // => ["orders", "rates"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const assetSensor = <
  const W extends string,
  const K extends string = never,
  RJ = never,
  P extends Program = never
>(
  name: string,
  options: AssetSensorOptions<W, K, RJ> & {
    /** What is requested when something has happened: a run of the target if it is left out. */
    readonly request?: ((events: ReadonlyArray<AssetEvent>) => P) | undefined
  }
): AssetSensor<NoInfer<K>, NoInfer<RJ> | ComputedServices<P>, NoInfer<W>> => {
  const given = [...(options.asset === undefined ? [] : [options.asset]), ...(options.assets ?? [])]
  const assets = [...new Set(given.map((asset): string => typeof asset === "string" ? asset : asset.key))]
  const problems: Array<string> = []
  if (assets.length === 0) problems.push("It looks at no asset: give one as `asset`, or several as `assets`.")
  if (options.target === undefined && options.request === undefined) {
    problems.push("It requests nothing: give it a target, or a program as `request`.")
  }
  const timeoutMillis = timeoutOf(options, problems)
  refuse(name, problems)
  return make("assetSensor", name, options, {
    assets,
    match: options.match ?? "any",
    timeoutMillis,
    [InternalProgram]: options.request && toComputation(options.request)
  })
}

/**
 * The options of `runSensor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunSensorOptions<W extends string, K extends string, RJ> extends Evaluated<K, RJ> {
  /** What has to happen to a run. */
  readonly status: RunSensorStatus | ReadonlyArray<RunSensorStatus>
  /** Jobs, or their names: it looks at their runs only. */
  readonly job?: Job.Any | string | ReadonlyArray<Job.Any | string> | undefined
  /** It looks at runs only that were to compute one of these. */
  readonly select?: ReadonlyArray<W> | string | Selection.Selection | undefined
}

/**
 * Makes a sensor of runs: its program is run for each run that begins, succeeds, fails or is cancelled.
 *
 * **Details**
 *
 * A program that fails is recorded, and is not run for the same run again. A run that the sensor has itself requested is left
 * out. Where the end of a run was recorded twice, by itself and by a daemon that took it for lost, the first one counts. With a target and no program, each run leads to one of the target.
 *
 * **Example** (Telling of failures)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Automation } from "effect-assets"
 *
 * const failures = Automation.runSensor("failures", {
 *   status: "Failed",
 *   run: (run) => Effect.logError(`The run ${run.id} of ${run.keys.join(", ")} failed`)
 * })
 * failures.statuses // => ["Failed"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const runSensor = <
  const W extends string = never,
  const K extends string = never,
  RJ = never,
  P extends Program = never
>(
  name: string,
  options: RunSensorOptions<W, K, RJ> & {
    readonly run?: ((run: EventLog.RunRecord) => P) | undefined
  }
): RunSensor<NoInfer<K>, NoInfer<RJ> | ComputedServices<P>, NoInfer<W>> => {
  const problems: Array<string> = []
  const statuses = typeof options.status === "string" ? [options.status] : options.status
  if (statuses.length === 0) problems.push("It waits for no status.")
  if (options.target === undefined && options.run === undefined) {
    problems.push("It does nothing: give it a target, or a program as `run`.")
  }
  const timeoutMillis = timeoutOf(options, problems)
  refuse(name, problems)
  const jobs = options.job === undefined ? undefined : Array.isArray(options.job) ? options.job : [options.job]
  return make("runSensor", name, options, {
    statuses,
    jobs: jobs?.map((job: Job.Any | string) => typeof job === "string" ? job : job.name),
    select: options.select,
    timeoutMillis,
    [InternalProgram]: options.run && toComputation(options.run)
  })
}

/**
 * Makes a sensor of what is pushed: a stream whose elements are requests. It is run by the daemon that acts, from the cursor on
 * that the last element has set, and again, after a while, when it ends or fails.
 *
 * **Example** (Messages of a queue)
 *
 * ```ts import.meta.vitest
 * import { Effect, Stream } from "effect"
 * import { Automation } from "effect-assets"
 *
 * const messages = Automation.streamSensor("messages", {
 *   target: { select: ["orders"] },
 *   stream: (cursor) =>
 *     Stream.fromIterable(["1", "2", "3"]).pipe(
 *       Stream.filter((id) => cursor === undefined || id > cursor),
 *       Stream.map((id) => Automation.request({ runKey: id }, { cursor: id }))
 *     )
 * })
 * const evaluated = Stream.runCollect(Automation.evaluateStream(messages, { cursor: "2" }))
 * await Effect.runPromise(Effect.map(evaluated, (all) => all.map(({ cursor }) => cursor))) // => ["3"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const streamSensor = <E, R, const K extends string = never, RJ = never>(
  name: string,
  options: Common<K, RJ> & { readonly stream: (cursor: string | undefined) => Stream.Stream<Requests, E, R> }
): StreamSensor<NoInfer<K>, NoInfer<R | RJ>> =>
  make("streamSensor", name, options, { [InternalStream]: options.stream })

// ---------------------------------------------------------------------------------------------------------------------
// guards and getters
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns `true` for an automation.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAutomation = (u: unknown): u is Any => hasProperty(u, TypeId)

/**
 * When a schedule ticks: the first `count` times at or after one, in milliseconds since 1970.
 *
 * **Example** (Where clocks change)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * const night = Automation.schedule("night", { cron: "30 2 * * *", timeZone: "Europe/Berlin", target: { select: "*" } })
 * const ticks = Automation.nextTicks(night, { from: Date.parse("2024-03-30T00:00Z"), count: 2 })
 * ticks.map((time) => new Date(time).toISOString()) // => ["2024-03-30T01:30:00.000Z", "2024-03-31T01:00:00.000Z"]
 * ```
 *
 * @category schedules
 * @since 0.1.0
 */
export const nextTicks = (
  self: Schedule<string, unknown>,
  options: { readonly from: number; readonly count: number }
): ReadonlyArray<number> => times.nextTicks(cronsOf(self), options.from, options.count)

/**
 * The ticks of a schedule that are due, the earliest first: after `lastTick`, not before `startedAt`, not after `now`, and as
 * many of them as are made up for. All times are in milliseconds since 1970. A schedule of which neither is known starts now.
 *
 * **Example** (After a weekend without a daemon)
 *
 * ```ts import.meta.vitest
 * import { Automation } from "effect-assets"
 *
 * const options = { cron: "@daily", target: { select: "*" } }
 * const [lastTick, now] = [Date.parse("2024-03-01T00:00Z"), Date.parse("2024-03-04T09:00Z")]
 * const latest = Automation.dueTicks(Automation.schedule("latest", options), { now, lastTick })
 * latest.map((time) => new Date(time).getUTCDate()) // => [4]
 * const two = Automation.dueTicks(Automation.schedule("two", { ...options, catchUp: { max: 2 } }), { now, lastTick })
 * two.map((time) => new Date(time).getUTCDate()) // => [3, 4]
 * ```
 *
 * @category schedules
 * @since 0.1.0
 */
export const dueTicks = (self: Schedule<string, unknown>, options: {
  readonly now: number
  readonly lastTick?: number | undefined
  /** When the schedule was last started. */
  readonly startedAt?: number | undefined
  /** Tells whether the target has partitions. */
  readonly definitions?: Deployed | undefined
}): ReadonlyArray<number> =>
  times.dueTicks(cronsOf(self), {
    now: options.now,
    lastTick: options.lastTick,
    startedAt: options.startedAt,
    catchUp: self.catchUp ?? (isPartitioned(self, options.definitions) ? { max: 10 } : "latest")
  })

/** Whether the ticks of a schedule are about partitions that end. */
const isPartitioned = (self: Schedule<string, unknown>, definitions: Deployed | undefined): boolean => {
  const set = targets.tickSet(definitions, self.target)
  return Result.isSuccess(set) && set.success !== undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// evaluation
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an evaluation came to: what a tick records, and what is to be done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Evaluation {
  readonly status: AutomationStore.TickStatus
  /** Why nothing was requested, or why it was. */
  readonly reason?: string
  readonly error?: AutomationStore.RecordedError
  /** The runs that are requested, with what the target says. */
  readonly requests: ReadonlyArray<AutomationStore.Request>
  /** The cursor from now on: it stays as it is if it is left out. */
  readonly cursor?: string | null
  readonly addPartitions?: { readonly [name: string]: ReadonlyArray<string> }
  readonly deletePartitions?: { readonly [name: string]: ReadonlyArray<string> }
}

/**
 * What all evaluations may be told. With `definitions`, requests are compared with them: one that cannot be run makes the
 * tick fail.
 *
 * @category models
 * @since 0.1.0
 */
export interface EvaluateOptions {
  readonly definitions?: Deployed | undefined
  /** The keys of dynamic partitions that there are, by the name of the set. Left out, it is not known. */
  readonly dynamicKeys?: ReadonlyMap<string, ReadonlyArray<string>> | undefined
}

/**
 * Evaluates one tick of a schedule. Never fails: a program that does makes the evaluation a `Failed` one.
 *
 * **Example** (A tick)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Automation } from "effect-assets"
 *
 * const daily = Automation.schedule("daily", { cron: "@daily", target: { select: ["orders"] } })
 * const tick = Automation.evaluateSchedule(daily, { scheduledAt: Date.parse("2024-03-01T00:00Z") })
 * await Effect.runPromise(tick)
 * // => { status: "Requested", requests: [{ keys: ["orders"], runKey: "2024-03-01T00:00:00.000Z" }] }
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateSchedule = <R>(
  self: Schedule<string, R>,
  options: EvaluateOptions & { readonly scheduledAt: number; readonly lastTick?: number | undefined }
): Effect.Effect<Evaluation, never, R> =>
  Effect.suspend(() => {
    const { lastTick, scheduledAt } = options
    const set = targets.tickSet(options.definitions, self.target)
    const program = programOf(self)
    // a program may say itself which partitions it wants
    if (Result.isFailure(set) && program === undefined) {
      return Effect.succeed(failedWith(
        new AutomationError({
          automation: self.name,
          reason: "Request",
          problems: [set.failure]
        })
      ))
    }
    const ended = Result.isFailure(set) || set.success === undefined
      ? undefined
      : targets.endedAt(set.success, scheduledAt, self.partitionOffset, options.dynamicKeys ?? new Map())
    const keys = ended === undefined || ended.keys === "all" ? [] : ended.keys
    const zoned = (time: number) => DateTime.makeZonedUnsafe(time, { timeZone: self.timeZone })
    const context: ScheduleContext = {
      name: self.name,
      scheduledAt: zoned(scheduledAt),
      lastTick: lastTick === undefined ? undefined : zoned(lastTick),
      partition: keys.length === 1 ? keys[0] : undefined,
      partitions: keys
    }
    const nothing = ended !== undefined && "reason" in ended ? ended.reason : undefined
    const wanted = program === undefined
      ? Effect.succeed(nothing === undefined ? request() : skip(nothing))
      : call(self, program, context, undefined)
    const filled = (requests: Requests): Requests => {
      const own = requests.requests.map((request) => isAboutTarget(request) ? withPartitions(request, ended) : request)
      const left = own.filter((request) => request !== undefined)
      return {
        ...requests,
        requests: left,
        ...(left.length < own.length && { reason: nothing })
      }
    }
    const key = DateTime.formatIso(DateTime.makeUnsafe(scheduledAt))
    return concluded(self, Effect.map(wanted, filled), {
      ...options,
      now: scheduledAt,
      runKey: (i) => i === 0 ? key : `${key}#${i}`
    })
  })

const isAboutTarget = ({ job, keys, select }: AutomationStore.Request): boolean =>
  job === undefined && keys === undefined && select === undefined

/** A request for the partitions of its tick: `undefined` if there are none. */
const withPartitions = (
  request: AutomationStore.Request,
  ended: targets.TickPartitions | undefined
): AutomationStore.Request | undefined => {
  if (ended === undefined || request.partition !== undefined || request.partitions !== undefined) return request
  if (ended.keys === "all") return { ...request, partitions: "all" }
  if (ended.keys.length === 0) return undefined
  return ended.keys.length === 1
    ? { ...request, partition: ended.keys[0] }
    : { ...request, partitions: ended.keys }
}

/**
 * Evaluates a sensor. Never fails: a program that does, or takes longer than its timeout, makes the evaluation a `Failed` one,
 * without a cursor.
 *
 * **Example** (An evaluation that fails)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Automation } from "effect-assets"
 *
 * const files = Automation.sensor("files", { evaluate: () => Effect.fail("there is no such directory") })
 * const evaluated = Automation.evaluateSensor(files, { cursor: "a", now: 0 })
 * await Effect.runPromise(Effect.map(evaluated, ({ error, status }) => [status, error?.message]))
 * // => ["Failed", "there is no such directory"]
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateSensor = <R>(
  self: Sensor<string, R>,
  options: EvaluateOptions & {
    readonly now: number
    readonly cursor?: string | undefined
    readonly lastTickAt?: number | undefined
  }
): Effect.Effect<Evaluation, never, R> =>
  Effect.suspend(() => {
    const { cursor, lastTickAt, now } = options
    const context: SensorContext = { name: self.name, cursor, lastTickAt, now }
    return concluded(self, call(self, programOf(self)!, context, self.timeoutMillis), options)
  })

/**
 * Which events of the log a sensor of assets or of runs has to be given: those after the place that its cursor names, and none
 * if it is no place.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const eventFilter = (
  self: AssetSensor<string, unknown, string> | RunSensor<string, unknown, string>,
  cursor: string | undefined
): EventLog.EventFilter => ({
  after: events.placeOf(cursor) ?? Number.MAX_SAFE_INTEGER,
  ...(self.kind === "assetSensor"
    ? { keys: self.assets, tags: ["AssetMaterialized", "AssetObserved"] }
    : {
      tags: [
        ...(self.statuses.includes("Started") ? ["RunStarted" as const] : []),
        ...(self.statuses.some((status) => status !== "Started") ? ["RunFinished" as const] : [])
      ]
    })
})

/**
 * The cursor of a sensor of assets or of runs that begins at a place of the event log: what is recorded up to there, that place
 * included, is the past.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const cursorAt = (place: number): string => String(place)

/**
 * Evaluates a sensor of assets: `events` are those that `eventFilter` selects, in their order. Never fails. An evaluation that is
 * `Failed` has no cursor: the same events are to be given again.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateAssetSensor = <R>(
  self: AssetSensor<string, R, string>,
  options: EvaluateOptions & {
    readonly now: number
    readonly cursor?: string | undefined
    readonly events: ReadonlyArray<EventLog.LoggedEvent>
  }
): Effect.Effect<Evaluation, never, R> =>
  Effect.suspend(() => {
    const { cursor, definitions, dynamicKeys, now } = options
    const place = events.stateOf(cursor)
    if (place === undefined) return Effect.succeed(displaced(self, cursor)!)
    const set = targets.tickSet(definitions, self.target)
    const keyed = Result.isSuccess(set) ? set.success : undefined
    const seen = events.expand(options.events, definitions?.graph, now, dynamicKeys ?? new Map())
    const due = events.due(self, place, seen, keyed !== undefined)
    if (due.events.length === 0) {
      return Effect.succeed<Evaluation>({ status: "Skipped", reason: due.reason, requests: [], cursor: due.cursor })
    }
    const program = programOf(self)
    const wanted = program === undefined
      ? Effect.succeed(
        keyed === undefined ? request() : events.partitionsOf(due.events, keyed, now, dynamicKeys ?? new Map())
      )
      : call(self, program, due.events, self.timeoutMillis)
    return Effect.map(
      concluded(self, wanted, options),
      (evaluation): Evaluation =>
        // a place in the log, whatever the program says
        evaluation.status === "Failed" ? evaluation : { ...evaluation, cursor: due.cursor }
    )
  })

/**
 * The evaluation of a sensor of events whose cursor is no place in the log: `undefined` if it is one.
 *
 * @internal
 */
export const displaced = (
  self: Automation<string, unknown, string>,
  cursor: string | undefined
): Evaluation | undefined =>
  events.stateOf(cursor) === undefined
    ? failedWith(
      new AutomationError({
        automation: self.name,
        reason: "Cursor",
        problems: [`${JSON.stringify(cursor)} is no place in the event log: reset it.`]
      })
    )
    : undefined

/**
 * Whether a sensor of runs is about what happened to a run.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const matchesRun = (
  self: RunSensor<string, unknown, string>,
  options: {
    readonly event: EventLog.LoggedEvent
    readonly run: EventLog.RunRecord
    readonly definitions?: Deployed | undefined
  }
): boolean => events.matchesRun(self, options.event, options.run, options.definitions?.graph)

/**
 * Evaluates a sensor of runs for one run: `event` tells that it began or ended. Never fails. The cursor moves on, whatever
 * comes of it: a run is looked at once. It does not from a `cursor` that is no place in the log, which is a `Failed` evaluation.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateRunSensor = <R>(
  self: RunSensor<string, R, string>,
  options: EvaluateOptions & {
    readonly now: number
    readonly cursor?: string | undefined
    readonly event: EventLog.LoggedEvent
    readonly run: EventLog.RunRecord
  }
): Effect.Effect<Evaluation, never, R> =>
  Effect.suspend(() => {
    const { event, run } = options
    const failed = displaced(self, options.cursor)
    if (failed !== undefined) return Effect.succeed(failed)
    const cursor = cursorAt(event.cursor)
    if (!matchesRun(self, options)) {
      return Effect.succeed<Evaluation>({
        status: "Skipped",
        reason: `the run ${run.id} is none that it looks at`,
        requests: [],
        cursor
      })
    }
    const program = programOf(self)
    const wanted = program === undefined
      ? Effect.succeed(request({ runKey: `${run.id} ${event._tag === "RunStarted" ? "Started" : run.status}` }))
      : call(self, program, run, self.timeoutMillis)
    return Effect.map(
      concluded(self, Effect.map(wanted, (requests) => ({ reason: `the run ${run.id}`, ...requests })), options),
      (evaluation): Evaluation => ({ ...evaluation, cursor })
    )
  })

/**
 * The evaluations of a sensor of what is pushed, one for each element of its stream. When the stream fails, the last one is a
 * `Failed` one.
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateStream = <R>(
  self: StreamSensor<string, R>,
  options?: EvaluateOptions & {
    readonly cursor?: string | undefined
    /** The keys of dynamic partitions when an element arrives. */
    readonly currentKeys?: Effect.Effect<ReadonlyMap<string, ReadonlyArray<string>>> | undefined
  }
): Stream.Stream<Evaluation, never, R> => {
  // what the stream needs is in the type of the sensor
  const elements = Stream.suspend(() => streamOf(self)(options?.cursor)) as Stream.Stream<Requests, unknown, R>
  const evaluations = Stream.mapEffect(elements, (requests) =>
    Effect.gen(function*() {
      const dynamicKeys = options?.currentKeys === undefined ? options?.dynamicKeys : yield* options.currentKeys
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      return yield* concluded(self, read(self, requests), { ...options, dynamicKeys, now })
    }))
  return Stream.catchCause(evaluations, (cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Stream.failCause(cause as Cause.Cause<never>)
      : Stream.succeed<Evaluation>({ status: "Failed", requests: [], error: recorded(cause) }))
}

/** How long an evaluation may take before there is a warning. */
const patience = "1 minute"

/** Runs the program of an automation. */
const call = (
  self: Any | Automation<string, unknown, string>,
  program: Computation,
  context: unknown,
  timeoutMillis: number | undefined
): Effect.Effect<Requests, unknown, unknown> => {
  const called = Effect.flatMap(Effect.suspend(() => program(context, undefined)), (given) => read(self, given))
  const warning = Effect.sleep(patience).pipe(
    Effect.andThen(Effect.logWarning(`The evaluation of the automation ${self.name} takes longer than ${patience}`)),
    Effect.andThen(Effect.never)
  )
  const timed = timeoutMillis === undefined ? called : Effect.timeoutOrElse(called, {
    duration: timeoutMillis,
    orElse: () => {
      const timeout = timeoutMillis < 1000 ? `${timeoutMillis} ms` : `${timeoutMillis / 1000} s`
      return Effect.fail(
        new Cause.TimeoutError(`The evaluation of "${self.name}" took longer than its timeout of ${timeout}.`)
      )
    }
  })
  return Effect.raceFirst(timed, warning)
}

const decodeRequest = targets.decodedWith(AutomationStore.Request)

const KeysBySet = Schema.optional(Schema.Record(Schema.String, Schema.Array(Schema.String)))

const decodeRequests = targets.decodedWith(Schema.Struct({
  requests: Schema.Array(Schema.Unknown),
  reason: Schema.optional(Schema.String),
  cursor: Schema.optional(Schema.NullOr(Schema.String)),
  addPartitions: KeysBySet,
  deletePartitions: KeysBySet
}))

/** What a program has given: nothing counts as no requests. What it returns is in its type, but not all code is compiled. */
const read = (self: { readonly name: string }, given: unknown): Effect.Effect<Requests, AutomationError> => {
  const decoded = decodeRequests(given ?? { requests: [] })
  // each request is decoded with what the target says
  return Result.isSuccess(decoded) ? Effect.succeed(decoded.success as Requests) : new AutomationError({
    automation: self.name,
    reason: "Request",
    problems: [
      `its program has given something else than \`Automation.request\`, \`requests\` or \`skip\` make: ${decoded.failure}`
    ]
  })
}

/** From what a program says to an evaluation: with what the target says, and only if it is possible. */
const concluded = <R>(
  self: Automation<string, R, string>,
  wanted: Effect.Effect<Requests, unknown, unknown>,
  options: EvaluateOptions & { readonly now: number; readonly runKey?: ((index: number) => string) | undefined }
): Effect.Effect<Evaluation, never, R> => {
  const evaluated = Effect.gen(function*() {
    const said = yield* wanted
    const problems: Array<string> = []
    const requests: Array<AutomationStore.Request> = []
    const { definitions } = options
    const dynamicKeys = options.dynamicKeys && events.changedKeys(options.dynamicKeys, said)
    problems.push(...targets.keyProblems(said.addPartitions))
    for (const [i, request] of said.requests.entries()) {
      const decoded = decodeRequest(targets.completed(request, self.target, definitions))
      if (Result.isFailure(decoded)) {
        problems.push(decoded.failure)
        continue
      }
      const { success } = decoded
      requests.push(
        options.runKey === undefined ? success : { ...success, runKey: success.runKey ?? options.runKey(i) }
      )
      if (definitions === undefined) continue
      problems.push(...yield* targets.problemsOf(success, definitions, options.now, dynamicKeys))
    }
    if (problems.length > 0) {
      return yield* new AutomationError({ automation: self.name, reason: "Request", problems: [...new Set(problems)] })
    }
    return {
      status: requests.length > 0 ? "Requested" as const : "Skipped" as const,
      ...(said.reason !== undefined && { reason: said.reason }),
      requests,
      ...(said.cursor !== undefined && { cursor: said.cursor }),
      ...(said.addPartitions !== undefined && { addPartitions: said.addPartitions }),
      ...(said.deletePartitions !== undefined && { deletePartitions: said.deletePartitions })
    }
  })
  // what a program needs is in the type of its automation
  return Effect.catchCause(evaluated, (cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.failCause(cause as Cause.Cause<never>)
      : Effect.succeed<Evaluation>({ status: "Failed", requests: [], error: recorded(cause) })) as Effect.Effect<
      Evaluation,
      never,
      R
    >
}

const failedWith = (error: AutomationError): Evaluation => ({
  status: "Failed",
  requests: [],
  error: recorded(Cause.fail(error))
})

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const InternalProgram: unique symbol = Symbol.for("effect-assets/Automation/program")
const InternalStream: unique symbol = Symbol.for("effect-assets/Automation/stream")
const InternalCrons: unique symbol = Symbol.for("effect-assets/Automation/crons")

/**
 * The program of an automation, if it has one.
 *
 * @internal
 */
export const programOf = (self: Automation<string, unknown, string>): Computation | undefined =>
  (self as unknown as { readonly [InternalProgram]: Computation | undefined })[InternalProgram]

const streamOf = (
  self: Automation<string, unknown>
): (cursor: string | undefined) => Stream.Stream<Requests, unknown, unknown> =>
  (self as unknown as {
    readonly [InternalStream]: (cursor: string | undefined) => Stream.Stream<Requests, unknown, unknown>
  })[InternalStream]

const cronsOf = (self: Automation<string, unknown>): ReadonlyArray<Cron.Cron> =>
  (self as unknown as { readonly [InternalCrons]: ReadonlyArray<Cron.Cron> })[InternalCrons]

const make = (
  kind: Any["kind"],
  name: string,
  { description, startRunning = true, target }: Common<string, unknown>,
  own: object
): never =>
  // the precise type is computed from the options by the signature of each constructor
  Object.assign(Object.create(Proto), { kind, name, description, target, startRunning, ...own }) as never

const refuse = (automation: string, problems: ReadonlyArray<string>): void => {
  if (problems.length > 0) throw new AutomationError({ automation, reason: "Definition", problems })
}

const millis = (input: Duration.Input, option: string, problems: Array<string>): number => {
  const value = Option.getOrElse(Option.map(Duration.fromInput(input), Duration.toMillis), () => NaN)
  if (!(value > 0 && value < Infinity)) {
    problems.push(`${option} must be a duration that is greater than 0, and finite.`)
  }
  return value
}

const timeoutOf = (options: Evaluated<string, unknown>, problems: Array<string>): number | undefined =>
  options.timeout === undefined ? undefined : millis(options.timeout, "timeout", problems)

const Proto = {
  [TypeId]: {} as never,
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Automation(${this.kind} ${this.name})`
  },
  toJSON(this: Any) {
    return { _id: "Automation", kind: this.kind, name: this.name }
  },
  [Symbol.for("nodejs.util.inspect.custom")](this: Any) {
    return String(this)
  }
}
