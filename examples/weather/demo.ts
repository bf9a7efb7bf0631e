/**
 * Materializes the graph into files below `.assets`, and tells what became of each asset.
 *
 *     npm run demo -- [SELECTION] [--threshold CELSIUS]
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Runtime } from "effect-assets"
import { Argument, CliConfig, CliError, Command, Flag, GlobalFlag } from "effect/cli"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"
import { failures, line, summary, table } from "./table.ts"

const directory = ".assets"

const selection = Argument.String("selection").pipe(
  Argument.withDescription(`Which assets to materialize: a key, "monthly_rain+", "group:travel"`),
  Argument.optional
)
const threshold = Flag.Finite("threshold").pipe(
  Flag.withDescription("How hot a day of a heat wave is, in degrees Celsius"),
  Flag.optional
)

const demo = Command.make("demo", { selection, threshold }, (given) => {
  const select = Option.getOrUndefined(given.selection)
  // without the flag, what the schema of the configuration says holds
  const config = Option.match(given.threshold, {
    onNone: () => ({}),
    onSome: (threshold) => ({ heat_wave: { threshold } })
  })

  return Effect.gen(function*() {
    const run = yield* Runtime.run(graph, {
      select,
      config,
      onProgress: (progress) => progress._tag === "AssetFinished" ? Console.log(line(progress.outcome)) : Effect.void
    })
    yield* Console.log(`\n${table(graph, run)}\n\n${summary(run)}`)
    if (run.status !== "Succeeded") return yield* new CliError.UserError({ cause: failures(run) })

    if (run.outcomes.report._tag === "Materialized") {
      const report = yield* Runtime.load(graph.assets.report)
      yield* Console.log(`\nThe report, loaded from ${directory}:\n\n${report.replaceAll(/^(?=.)/gm, "    ")}`)
    }
    yield* Console.log(next)
  }).pipe(
    Effect.mapError((cause) => new CliError.UserError({ cause }))
  )
})

const next = `
Next, try

    npm run demo -- --threshold 32      days of 32 °C make a heat wave: there is one, and a warning
    npm run demo -- "monthly_rain+"     monthly_rain and what is computed from it; the rest is loaded
    npm run demo -- "group:travel"      the assets of one group
`

Command.run(demo, { version: "0.1.0" }).pipe(
  Effect.provide(layerLocal(directory)),
  Effect.provide([NodeServices.layer, CliConfig.layer({ builtIns: [GlobalFlag.Help] })]),
  NodeRuntime.runMain
)
