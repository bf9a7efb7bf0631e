/**
 * Materializes the graph into `.assets`, and tells what became of each asset, and whether it is fresh.
 *
 *     npm run demo -- [SELECTION] [--threshold CELSIUS] [--only-stale]
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Clock, Console, Effect, Option } from "effect"
import { Catalog, Runtime } from "effect-assets"
import { Argument, CliConfig, CliError, Command, Flag, GlobalFlag } from "effect/cli"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"
import { backfillLine, checks, failures, line, type Report, summary, table } from "./table.ts"

const directory = ".assets"

const selection = Argument.String("selection").pipe(
  Argument.withDescription(`Which assets to materialize: a key, "monthly_rain+", "group:travel"`),
  Argument.optional
)
const threshold = Flag.Finite("threshold").pipe(
  Flag.withDescription("How hot a day of a heat wave is, in degrees Celsius"),
  Flag.optional
)
const onlyStale = Flag.Boolean("only-stale").pipe(
  Flag.withDescription("Compute nothing that is fresh"),
  Flag.withDefault(false)
)

/** Looks whether the files are what they were. */
const observe = Effect.gen(function*() {
  const { airports, flights, observations } = graph.assets
  const seen = yield* Effect.forEach([observations, airports, flights], (file) => Catalog.observe(file))
  return Object.fromEntries(seen.map(({ key, metadata }) => [key, metadata.rows]))
})

/** Computes the days and months that are missing: all of them the first time, and what an interruption left out. */
const backfill = Effect.gen(function*() {
  // a process that was killed has recorded no end of what it ran
  const running = yield* Catalog.runs({ statuses: ["Running"] })
  const options = {
    select: ["daily_weather", "monthly_rain"],
    partitions: "missing",
    partitionsPerRun: { daily_weather: 366, monthly_rain: 12 },
    maxRuns: 1,
    resume: running.find(({ backfillId }) => backfillId !== undefined)?.backfillId
  } as const
  const plan = yield* Runtime.planBackfill(graph, options)
  const missing = plan.assets.flatMap(({ count, key, partitions }) =>
    count === 0 ? [] : [`    ${key.padEnd(16)}${partitions}`]
  )
  if (plan.runs.length > 0) {
    yield* Console.log(`To be computed first, in ${plan.runs.length} runs:\n\n${missing.join("\n")}\n`)
  } else if (options.resume === undefined) return []
  let isCancelled = false
  const runs = yield* Runtime.backfill(graph, {
    ...options,
    onProgress: (progress) => {
      if (progress._tag === "BackfillFinished") isCancelled = progress.status === "Cancelled"
      return progress._tag === "BackfillRunFinished"
        ? Console.log(backfillLine(plan.runs[progress.place]!, progress.run))
        : Effect.void
    }
  })
  // who resumes a backfill takes it over
  return isCancelled
    ? yield* new CliError.UserError({
      cause: "Another process has taken the backfill over. Try again when it is done."
    })
    : runs
})

const demo = Command.make("demo", { selection, threshold, onlyStale }, (given) =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const rows = yield* observe
    const isWhole = Option.isNone(given.selection)
    const backfilled = isWhole ? yield* backfill : []
    const run = yield* Runtime.run(graph, {
      // days and months stay as they are, unless they are asked for or may be stale
      select: Option.getOrElse(given.selection, () =>
        given.onlyStale ? "*" : "* and not (daily_weather or monthly_rain)"),
      partitions: "all",
      onlyStale: given.onlyStale,
      // without the flag, what the schema of the configuration says holds
      config: Option.match(given.threshold, {
        onNone: () => ({}),
        onSome: (threshold) => ({ heat_wave: { threshold } })
      }),
      onProgress: (progress) =>
        progress._tag === "AssetFinished" && isWorthALine(progress.outcome)
          ? Console.log(line(progress.outcome))
          : Effect.void
    })

    const now = yield* Clock.currentTimeMillis
    const runs = [...backfilled, run]
    const report: Report = { graph, runs, rows, now, status: yield* Catalog.status(graph) }
    yield* Console.log(`\n${table(report)}\n\n${checks(report)}\n\n${summary(report, now - startedAt)}`)
    if (
      runs.some(({ status }) =>
        status !== "Succeeded"
      )
    ) {
      return yield* new CliError.UserError({ cause: failures(report) })
    }
    if (run.outcomes.report._tag === "Materialized") {
      const report = yield* Runtime.load(graph.assets.report)
      yield* Console.log(`\nThe report, loaded from ${directory}:\n\n${report.replaceAll(/^(?=.)/gm, "    ")}`)
    }
    yield* Console.log(next)
  }).pipe(
    Effect.mapError((cause) => new CliError.UserError({ cause }))
  ))

/** Partitions are too many to be told one by one. */
const isWorthALine = (outcome: Runtime.Outcome) =>
  outcome._tag !== "NotSelected" && outcome._tag !== "UpToDate" && outcome.partition === undefined

const next = `
Next, try

    npm run demo -- --only-stale                  all is fresh: only what has no value is asked again
    npm run demo -- --threshold 32                days of 32 °C make a heat wave: there is one, and a warning
    npm run demo -- heat_wave --threshold 30      another heat wave: the table tells what is stale, and why
    npm run demo -- --only-stale --threshold 30   computes just that
    npm run demo -- "monthly_rain+"               all months again, and what is computed from them

Values are in ${directory}/storage, what happened is in ${directory}/events.db: remove ${directory} to begin anew.

Look at it in a browser, with

    npm run dev
`

Command.run(demo, { version: "0.1.0" }).pipe(
  Effect.provide(layerLocal(directory)),
  Effect.provide([NodeServices.layer, CliConfig.layer({ builtIns: [GlobalFlag.Help] })]),
  NodeRuntime.runMain
)
