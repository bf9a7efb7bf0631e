/**
 * Help for tests of automation: a schedule or a sensor is evaluated at a moment, with what it would find then. Nothing is run,
 * and nothing is recorded.
 *
 * While an evaluation goes on, the Clock of its program shows that moment.
 *
 * **Example** (A schedule that leaves out holidays)
 *
 * ```ts import.meta.vitest
 * import { DateTime, Effect } from "effect"
 * import { Automation } from "effect-assets"
 * import { evaluateSchedule } from "effect-assets/testing"
 *
 * const workdays = Automation.schedule("workdays", {
 *   cron: "0 6 * * *",
 *   timeZone: "Europe/Berlin",
 *   target: { select: "group:finance" },
 *   *evaluate({ scheduledAt }) {
 *     const { day, month } = DateTime.toParts(scheduledAt)
 *     return day === 1 && month === 1 ? Automation.skip("a holiday") : Automation.request()
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const holiday = yield* evaluateSchedule(workdays, { at: "2024-01-01T06:00" })
 *   const workday = yield* evaluateSchedule(workdays, { at: "2024-01-02T06:00" })
 *   return [holiday.reason, workday.status, workday.requests[0]?.runKey]
 * })
 * await Effect.runPromise(program) // => ["a holiday", "Requested", "2024-01-02T05:00:00.000Z"]
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Automation from "../Automation.ts"
import type * as EventLog from "../EventLog.ts"
import { parseIso } from "../internal/windows.ts"
import * as Zone from "../internal/zone.ts"
import type * as Partitions from "../Partitions.ts"

export * from "./conditions.ts"
export * from "./simulate.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A moment: milliseconds since 1970, a date, or an ISO date or time, which is of the time zone of the schedule, or else UTC,
 * unless it says otherwise.
 *
 * @category models
 * @since 0.1.0
 */
export type Moment = number | Partitions.Time

/**
 * What an evaluation finds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Compares what is requested with a graph and jobs: `Definitions` are such. */
  readonly definitions?: Automation.Deployed | undefined
  /** The keys of dynamic partitions that there are, by the name of the set. */
  readonly dynamicKeys?: { readonly [name: string]: ReadonlyArray<string> } | undefined
}

/**
 * What has happened to an asset, for a sensor of assets.
 *
 * @category models
 * @since 0.1.0
 */
export interface Happened {
  readonly key: string
  readonly partition?: string | undefined
  /** `true` for an observation. */
  readonly observed?: boolean | undefined
  readonly dataVersion?: string | undefined
  readonly metadata?: EventLog.AssetMaterialized["metadata"] | undefined
}

/**
 * What a sensor finds.
 *
 * @category models
 * @since 0.1.0
 */
export interface SensorOptions extends Options {
  /** What an evaluation before has set. */
  readonly cursor?: string | null | undefined
  /** The beginning of 1970 if it is left out. */
  readonly at?: Moment | undefined
  readonly lastTickAt?: Moment | undefined
  /** For a sensor of assets: what has happened since the cursor. */
  readonly events?: ReadonlyArray<Happened> | undefined
  /** For a sensor of runs: the run, which has ended as it waits for if nothing else is said. */
  readonly run?: Partial<EventLog.RunRecord> | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// evaluation
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Evaluates the tick of a schedule at a moment.
 *
 * **Example** (The partition that has just ended)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Automation, Graph, Partitions } from "effect-assets"
 * import { evaluateSchedule } from "effect-assets/testing"
 *
 * const sales = Asset.make("sales", {
 *   partitions: Partitions.daily({ start: "2024-01-01" }),
 *   compute: () => Effect.succeed(1)
 * })
 * const daily = Automation.schedule("daily", { cron: "0 6 * * *", target: { select: ["sales"] } })
 * const definitions = { graph: Graph.make({ sales }), jobs: [] }
 * const tick = evaluateSchedule(daily, { at: "2024-03-01T06:00", definitions })
 * await Effect.runPromise(Effect.map(tick, ({ requests }) => requests.map(({ partition }) => partition)))
 * // => ["2024-02-29"]
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateSchedule = <R>(
  schedule: Automation.Schedule<string, R>,
  options: Options & { readonly at: Moment; readonly lastTick?: Moment | undefined }
): Effect.Effect<Automation.Evaluation, never, R> =>
  Effect.suspend(() => {
    const scheduledAt = millis(options.at, schedule.timeZone)
    const evaluation = Automation.evaluateSchedule(schedule, {
      ...found(options),
      scheduledAt,
      lastTick: options.lastTick === undefined ? undefined : millis(options.lastTick, schedule.timeZone)
    })
    return clockAt(scheduledAt, evaluation)
  })

/**
 * Evaluates a sensor of any kind. One of what is pushed gives the last of its evaluations, as far as its stream goes.
 *
 * **Example** (A sensor of assets, and one of runs)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Automation } from "effect-assets"
 * import { evaluateSensor } from "effect-assets/testing"
 *
 * const both = Automation.assetSensor("both", {
 *   assets: ["orders", "rates"],
 *   match: "all",
 *   target: { select: ["revenue"] }
 * })
 * const failures = Automation.runSensor("failures", {
 *   status: "Failed",
 *   run: (run) => Effect.succeed(Automation.request({ select: run.keys, tags: { retries: run.id } }))
 * })
 * const program = Effect.gen(function*() {
 *   const first = yield* evaluateSensor(both, { events: [{ key: "orders" }] })
 *   const second = yield* evaluateSensor(both, { events: [{ key: "rates" }], cursor: first.cursor })
 *   const failed = yield* evaluateSensor(failures, { run: { id: "r1", keys: ["orders"] } })
 *   return [first.reason, second.requests, failed.requests]
 * })
 * await Effect.runPromise(program)
 * // => ["it waits for rates", [{ keys: ["revenue"] }], [{ keys: ["orders"], tags: { retries: "r1" } }]]
 * ```
 *
 * @category evaluation
 * @since 0.1.0
 */
export const evaluateSensor = <R>(
  sensor:
    | Automation.Sensor<string, R>
    | Automation.AssetSensor<string, R, string>
    | Automation.RunSensor<string, R, string>
    | Automation.StreamSensor<string, R>,
  options?: SensorOptions
): Effect.Effect<Automation.Evaluation, never, R> =>
  Effect.suspend(() => {
    const now = millis(options?.at ?? 0, "UTC")
    const cursor = options?.cursor ?? undefined
    const common = { ...found(options), cursor, now }
    return clockAt(now, evaluated(sensor, common, options ?? {}))
  })

const evaluated = <R>(
  sensor: Parameters<typeof evaluateSensor<R>>[0],
  common: Automation.EvaluateOptions & { readonly cursor: string | undefined; readonly now: number },
  { events = [], lastTickAt, run }: SensorOptions
): Effect.Effect<Automation.Evaluation, never, R> => {
  const { cursor, now } = common
  switch (sensor.kind) {
    case "sensor":
      return Automation.evaluateSensor(sensor, {
        ...common,
        lastTickAt: lastTickAt === undefined ? undefined : millis(lastTickAt, "UTC")
      })
    case "assetSensor": {
      const place = Automation.eventFilter(sensor, cursor).after ?? 0
      return Automation.evaluateAssetSensor(sensor, {
        ...common,
        events: events.map((event, i) => logged(event, place + i + 1, now))
      })
    }
    case "runSensor": {
      const place = (Automation.eventFilter(sensor, cursor).after ?? 0) + 1
      const waitsFor = sensor.statuses[0]!
      const status = run?.status ?? (waitsFor === "Started" ? "Running" : waitsFor)
      const record: EventLog.RunRecord = { ...aRun, startedAt: now, finishedAt: now, ...run, status }
      const event: EventLog.LoggedEvent = status === "Running"
        ? { _tag: "RunStarted", runId: record.id, timestamp: now, keys: record.keys, tags: record.tags, cursor: place }
        : {
          _tag: "RunFinished",
          runId: record.id,
          timestamp: record.finishedAt ?? now,
          status,
          durationMillis: 0,
          cursor: place
        }
      return Automation.evaluateRunSensor(sensor, { ...common, event, run: record })
    }
    case "streamSensor":
      return Effect.map(
        Stream.runCollect(Automation.evaluateStream(sensor, common)),
        (all) => all.at(-1) ?? { status: "Skipped", reason: "nothing was pushed", requests: [] }
      )
  }
}

const aRun: EventLog.RunRecord = {
  id: "run",
  status: "Succeeded",
  cancelRequested: false,
  startedAt: 0,
  finishedAt: 0,
  durationMillis: 0,
  keys: [],
  partitions: undefined,
  tags: {},
  retryOf: undefined,
  backfillId: undefined,
  config: undefined,
  configHidden: undefined,
  cursor: 1
}

const logged = (
  { dataVersion = "", key, metadata = {}, observed = false, partition }: Happened,
  cursor: number,
  timestamp: number
): EventLog.LoggedEvent => {
  const common = {
    runId: "run",
    timestamp,
    key,
    ...(partition !== undefined && { partition }),
    dataVersion,
    metadata,
    cursor
  }
  return observed
    ? { _tag: "AssetObserved", ...common }
    : {
      _tag: "AssetMaterialized",
      ...common,
      codeVersion: undefined,
      inputVersions: {},
      durationMillis: 0,
      attempts: 1,
      steps: [],
      stored: true
    }
}

const found = (options: Options | undefined): Automation.EvaluateOptions => ({
  definitions: options?.definitions,
  dynamicKeys: options?.dynamicKeys && new Map(Object.entries(options.dynamicKeys))
})

const millis = (moment: Moment, timeZone: string): number => {
  const time = typeof moment === "number"
    ? moment
    : typeof moment === "string"
    // the zone of a schedule is a zone, or it would not have been made
    ? parseIso(Zone.make(timeZone)!, moment) ?? NaN
    : DateTime.isDateTime(moment)
    ? DateTime.toEpochMillis(moment)
    : moment.getTime()
  if (!Number.isNaN(time)) return time
  throw new RangeError(
    `${JSON.stringify(moment)} is no moment: write a date ("2024-01-31") or a time ("2024-01-31T13:30").`
  )
}

/** Runs an effect with a clock that shows a moment, and goes on from there as the clock around it does. */
const clockAt = <A, E, R>(time: number, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    const ahead = time - clock.currentTimeMillisUnsafe()
    const aheadNanos = BigInt(Math.round(ahead)) * BigInt(1_000_000)
    const shifted: Clock.Clock = {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + ahead,
      currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + ahead),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + aheadNanos,
      currentTimeNanos: Effect.sync(() => clock.currentTimeNanosUnsafe() + aheadNanos),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }
    return Effect.provideService(effect, Clock.Clock, shifted)
  })
