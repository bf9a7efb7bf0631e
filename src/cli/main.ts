/**
 * The command `effect-assets`: its verbs, their flags, help and examples.
 */
import * as Argument from "effect/cli/Argument"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import type { HelpDoc } from "effect/cli/HelpDoc"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { suggest } from "../internal/suggest.ts"
import { automation, backfills, job, queue, schedule, sensor } from "./automationCommands.ts"
import * as Changes from "./changes.ts"
import { withOperations } from "./connect.ts"
import { daemon } from "./daemon.ts"
import { usage } from "./failure.ts"
import {
  compact,
  config,
  detach,
  dryRun,
  key,
  limit,
  name,
  optional,
  partition,
  partitions,
  runFlags,
  runIdArgument,
  select,
  selectFlag,
  selectHelp,
  selects,
  set,
  tag
} from "./flags.ts"
import * as Global from "./global.ts"
import * as Input from "./input.ts"
import { Output } from "./output.ts"
import * as Reads from "./reads.ts"
import * as Runs from "./runs.ts"
import { serve } from "./serve.ts"
import { visibleLines } from "./text.ts"

// ---------------------------------------------------------------------------------------------------------------------
// commands that look
// ---------------------------------------------------------------------------------------------------------------------

const list = Command.make("list", {
  select,
  status: Flag.Literals("status", ["fresh", "stale", "missing", "skipped", "failed", "running", "external"]).pipe(
    Flag.withDescription("Only assets in this state"),
    Flag.optional
  )
}, (given) =>
  withOperations(Reads.list({
    select: optional(given.select),
    status: Option.match(given.status, { onNone: () => undefined, onSome: (status) => statusWords[status] })
  }))).pipe(
    Command.withAlias("ls"),
    Command.withDescription("List assets and the state they are in"),
    Command.withExamples([
      { command: `${name} list`, description: "All assets" },
      { command: `${name} list "group:finance" --status stale`, description: "What is stale in a group" },
      { command: `${name} list --json | jq -r '.items[].key'`, description: "Their keys, for a script" }
    ])
  )

const statusWords = {
  fresh: "Fresh",
  stale: "Stale",
  missing: "Missing",
  skipped: "Skipped",
  failed: "Failed",
  running: "Running",
  external: "External"
} as const

const status = Command.make(
  "status",
  { select },
  (given) => withOperations(Reads.status({ select: optional(given.select) }))
).pipe(
  Command.withDescription("Tell what is stale, with causes and root causes, and what checks and freshness say"),
  Command.withExamples([
    { command: `${name} status`, description: "All assets" },
    { command: `${name} status "+report"`, description: "An asset and what is upstream of it" }
  ])
)

const show = Command.make(
  "show",
  {
    key,
    partition,
    history: Flag.Int("history").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("How many of the newest events to show"),
      Flag.filter((number) => number >= 0 && number <= 1000, () => "Expected a number from 0 to 1000"),
      Flag.withDefault(5)
    )
  },
  (given) =>
    withOperations(Reads.show({ key: given.key, partition: optional(given.partition), history: given.history }))
).pipe(
  Command.withDescription("Show one asset: definition, state, latest metadata, checks and history"),
  Command.withExamples([
    { command: `${name} show daily_weather`, description: "An asset" },
    { command: `${name} show daily_weather --partition 2014-08-11 --history 20`, description: "One of its partitions" }
  ])
)

const graph = Command.make("graph", {
  select,
  format: Flag.Literals("format", ["mermaid", "dot", "json"]).pipe(
    Flag.withAlias("f"),
    Flag.withDescription("How to write it"),
    Flag.withDefault("mermaid")
  ),
  group: Flag.Boolean("group").pipe(
    Flag.withoutNegation,
    Flag.withDescription("Draw groups instead of their assets"),
    Flag.withDefault(false)
  )
}, (given) => withOperations(Reads.graph({ select: optional(given.select), format: given.format, group: given.group })))
  .pipe(
    Command.withDescription("Draw the graph"),
    Command.withExamples([
      { command: `${name} graph > graph.mmd`, description: "As a Mermaid flowchart" },
      {
        command: `${name} graph "+report" --format dot | dot -Tsvg > report.svg`,
        description: "Lineage, with Graphviz"
      },
      { command: `${name} graph --group`, description: "How groups depend on each other" }
    ])
  )

const load = Command.make(
  "load",
  { key, partition },
  (given) => withOperations(Reads.load({ key: given.key, partition: optional(given.partition) }))
).pipe(
  Command.withDescription("Print the value that is stored for an asset, and nothing else"),
  Command.withExamples([
    { command: `${name} load yearly_weather | jq length`, description: "A value that is stored as JSON" },
    { command: `${name} load daily_weather -p 2014-08-11`, description: "One partition" }
  ])
)

const validate = Command.make("validate", {
  select,
  values: Flag.Int("values").pipe(
    Flag.withOptionalValue("3"),
    Flag.withMetavar("N"),
    Flag.withDescription("Load stored values, of partitions the newest N (3), and compare them with their types"),
    Flag.filter((number) => number >= 0 && number <= 10_000, () => "Expected a number from 0 to 10000"),
    Flag.optional
  )
}, (given) => withOperations(Reads.validate({ select: optional(given.select), values: optional(given.values) }))).pipe(
  Command.withDescription("Load the definitions and tell every problem of them"),
  Command.withExamples([
    { command: `${name} validate`, description: "Do the definitions load? In CI" },
    { command: `${name} validate --values=10`, description: "Do stored values still fit their types?" }
  ])
)

// ---------------------------------------------------------------------------------------------------------------------
// commands that run
// ---------------------------------------------------------------------------------------------------------------------

const materialize = Command.make("materialize", {
  selects,
  select: selectFlag,
  partition,
  partitions,
  ...runFlags,
  retries: Flag.Int("retries").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("How often the run is retried from failure"),
    Flag.filter((number) => number >= 0 && number <= 100, () => "Expected a number from 0 to 100"),
    Flag.optional
  ),
  dryRun,
  detach
}, (given) =>
  Effect.gen(function*() {
    const request = compact({
      select: Input.selection(...Option.toArray(given.select), ...given.selects),
      ...(yield* Input.runPartitions(given)),
      ...(yield* Input.runOptions(given)),
      retries: optional(given.retries)
    })
    yield* withOperations(Runs.materialize({ request, dryRun: given.dryRun, detach: given.detach }))
  })).pipe(
    Command.withDescription(
      "Compute assets and store their values, in one run. Ctrl-C cancels it; the exit code is 1 if it does not succeed"
    ),
    Command.withShortDescription("Compute assets and store their values"),
    Command.withExamples([
      { command: `${name} materialize`, description: "All assets" },
      { command: `${name} materialize "monthly_rain+" --only-stale`, description: "What is stale from one asset on" },
      { command: `${name} materialize daily_weather -p 2014-08-11`, description: "One partition" },
      { command: `${name} materialize heat_wave --set heat_wave.threshold=32`, description: "With configuration" },
      { command: `${name} materialize --dry-run`, description: "What would be computed?" }
    ])
  )

const backfillPartitions = Flag.String("partitions").pipe(
  Flag.withMetavar("missing|all|FROM..TO|A,B"),
  Flag.withDescription("Which partitions to compute; missing if it is left out"),
  Flag.optional
)

const backfill = Command.make("backfill", {
  selects,
  select: selectFlag,
  partitions: backfillPartitions,
  perRun: Flag.String("per-run").pipe(
    Flag.withMetavar("N|all"),
    Flag.withDescription("How many partitions one run computes: 1 if it is left out"),
    Flag.filter((text) => text === "all" || /^[1-9]\d*$/.test(text), () => "Expected a number of at least 1, or all"),
    Flag.optional
  ),
  maxRuns: Flag.Int("max-runs").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("How many runs go on at once: 4 if it is left out"),
    Flag.filter((number) => number >= 1, () => "Expected a number of at least 1"),
    Flag.optional
  ),
  ...runFlags,
  resume: Flag.String("resume").pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription("Go on with a backfill that was stopped"),
    Flag.optional
  ),
  dryRun,
  detach
}, (given) =>
  Effect.gen(function*() {
    const partitions = optional(given.partitions)
    const perRun = optional(given.perRun)
    const resume = optional(given.resume)
    const select = Input.selection(...Option.toArray(given.select), ...given.selects)
    if (resume !== undefined && (select !== undefined || partitions !== undefined)) {
      return yield* usage("--resume goes on with the assets and partitions the backfill began with: leave out others.")
    }
    const request = compact({
      select,
      partitions: resume !== undefined
        ? undefined
        : partitions === undefined || partitions === "missing"
        ? "missing" as const
        : yield* Input.partitions(partitions),
      partitionsPerRun: perRun === undefined ? undefined : perRun === "all" ? "all" as const : Number(perRun),
      maxRuns: optional(given.maxRuns),
      ...(yield* Input.runOptions(given)),
      resume
    })
    yield* withOperations(Runs.backfill({ request, dryRun: given.dryRun, detach: given.detach }))
  })).pipe(
    Command.withDescription(
      "Compute many partitions, in as many runs as it takes. Ctrl-C cancels it; --resume goes on"
    ),
    Command.withExamples([
      { command: `${name} backfill daily_weather`, description: "Every day that is missing, a run each" },
      {
        command: `${name} backfill "daily_weather+" --per-run 366 --max-runs 1`,
        description: "Up to a year in each run"
      },
      { command: `${name} backfill --partitions 2014-01-01..2014-01-31 --dry-run`, description: "What would it do?" }
    ])
  )

const runs = Command.make("runs", {
  status: Flag.Literals("status", ["running", "succeeded", "failed", "cancelled"]).pipe(
    Flag.withDescription("Only runs in this state"),
    Flag.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withMetavar("KEY"),
    Flag.withDescription("Only runs that were to compute this asset"),
    Flag.optional
  ),
  tag: Flag.String("tag").pipe(
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription("Only runs with this tag"),
    Flag.optional
  ),
  backfill: Flag.String("backfill").pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription("Only runs of this backfill"),
    Flag.optional
  ),
  before: Flag.Int("before").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription("Only runs that are older than that"),
    Flag.optional
  ),
  limit: limit(20)
}, (given) =>
  withOperations(Reads.runs({
    status: Option.match(given.status, { onNone: () => undefined, onSome: (status) => runStatuses[status] }),
    key: optional(given.key),
    tag: optional(given.tag),
    backfill: optional(given.backfill),
    before: optional(given.before),
    limit: given.limit
  }))).pipe(
    Command.withDescription("List runs, the newest first"),
    Command.withExamples([
      { command: `${name} runs --status failed --limit 5`, description: "The last failures" },
      { command: `${name} runs --key daily_weather --tag team=finance`, description: "Runs of an asset with a tag" }
    ])
  )

const runStatuses = { running: "Running", succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled" } as const

const runShow = Command.make("show", {
  id: runIdArgument,
  log: Flag.Boolean("log").pipe(
    Flag.withoutNegation,
    Flag.withDescription("What its programs have logged, too"),
    Flag.withDefault(false)
  )
}, (given) => withOperations(Reads.showRun(given))).pipe(
  Command.withDescription("Show a run: outcomes, reasons of skips and failures, configuration, log"),
  Command.withExamples([{ command: `${name} run show latest --log`, description: "The newest run" }])
)

const runCancel = Command.make("cancel", {
  id: runIdArgument,
  reason: Flag.String("reason").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Why, for the record"),
    Flag.optional
  )
}, (given) => withOperations(Runs.cancel({ id: given.id, reason: optional(given.reason) }))).pipe(
  Command.withDescription("Ask a run to end, be it of another process"),
  Command.withExamples([{ command: `${name} run cancel latest`, description: "The newest run" }])
)

const runRetry = Command.make(
  "retry",
  { id: runIdArgument, config, set, tag, detach },
  (given) =>
    Effect.gen(function*() {
      const [config, tags] = [yield* Input.config(optional(given.config), given.set), yield* Input.tags(given.tag)]
      yield* withOperations(Runs.retry({ id: given.id, config, tags, detach: given.detach }))
    })
).pipe(
  Command.withDescription("Run what a run was to compute and did not, with the configuration it was given"),
  Command.withExamples([{ command: `${name} run retry latest`, description: "From the failure of the newest run" }])
)

const run = Command.make("run").pipe(
  Command.withDescription("Show, cancel or retry one run"),
  Command.withSubcommands([runShow, runCancel, runRetry])
)

// ---------------------------------------------------------------------------------------------------------------------
// commands that change the record
// ---------------------------------------------------------------------------------------------------------------------

const report = Command.make("report", {
  key,
  partition,
  dataVersion: Flag.String("data-version").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("What tells this data from other data"),
    Flag.optional
  ),
  metadata: Flag.String("metadata").pipe(
    Flag.withMetavar("JSON|@FILE"),
    Flag.withDescription(`Metadata: {"rows": 42}, or @FILE`),
    Flag.optional
  ),
  tag
}, (given) =>
  Effect.gen(function*() {
    const metadata = optional(given.metadata)
    const request = compact({
      key: given.key,
      partition: optional(given.partition),
      dataVersion: optional(given.dataVersion),
      metadata: metadata === undefined ? undefined : yield* Input.jsonObject("metadata", metadata),
      tags: yield* Input.tags(given.tag)
    })
    yield* withOperations(Changes.report({ ...request, key: given.key }))
  })).pipe(
    Command.withDescription("Record a materialization that something else has done, or the version of external data"),
    Command.withShortDescription("Record a materialization from outside"),
    Command.withExamples([
      { command: `${name} report orders --data-version 7f3a --metadata '{"rows": 42}'`, description: "With metadata" }
    ])
  )

const observe = Command.make("observe", {
  keys: Argument.String("key").pipe(Argument.withDescription("External assets"), Argument.atLeast(1))
}, (given) => withOperations(Changes.observe(given.keys))).pipe(
  Command.withDescription("Look at the data of external assets, and record its version"),
  Command.withExamples([{ command: `${name} observe observations airports`, description: "Two assets" }])
)

const wipe = Command.make("wipe", {
  select: Argument.String("select").pipe(Argument.withDescription(selectHelp)),
  yes: Flag.Boolean("yes").pipe(
    Flag.withoutNegation,
    Flag.withAlias("y"),
    Flag.withDescription("Do not ask"),
    Flag.withDefault(false)
  )
}, (given) =>
  Effect.gen(function*() {
    const { stderr } = yield* Output
    const canAsk = process.stdin.isTTY === true && stderr.isTerminal && !(yield* Global.Json)
    yield* withOperations(Changes.wipe({ ...given, ask: canAsk ? ask : undefined }))
  })).pipe(
    Command.withDescription("Forget the history of assets. Stored values stay as they are"),
    Command.withExamples([{ command: `${name} wipe "group:scratch" --yes`, description: "Without being asked" }])
  )

/** Asks at the terminal. The answer is no unless it is yes. */
const ask = (question: string): Effect.Effect<boolean> =>
  Effect.flatMap(
    Effect.promise(() => import("node:readline")),
    ({ createInterface }) =>
      Effect.callback<boolean>((resume) => {
        process.stderr.write(`${question} [y/N] `)
        const lines = createInterface({ input: process.stdin, terminal: false })
        lines.once("line", (line) => {
          resume(Effect.succeed(/^y(es)?$/i.test(line.trim())))
          lines.close()
        })
        lines.once("close", () => resume(Effect.succeed(false)))
        return Effect.sync(() => lines.close())
      })
  )

// ---------------------------------------------------------------------------------------------------------------------
// commands that serve
// ---------------------------------------------------------------------------------------------------------------------

const moduleArgument = Argument.String("module").pipe(
  Argument.withDescription("The module whose default export is the definitions"),
  Argument.optional
)

const serving = {
  module: moduleArgument,
  port: Flag.Int("port").pipe(
    Flag.withMetavar("PORT"),
    Flag.withDescription("The port; 0 for any that is free"),
    Flag.filter((port) => port >= 0 && port <= 65_535, () => "Expected a port from 0 to 65535"),
    Flag.withDefault(4400)
  ),
  host: Flag.String("host").pipe(
    Flag.withMetavar("HOST"),
    Flag.withDescription("Where to listen; others than this machine need a token"),
    Flag.withDefault("127.0.0.1")
  ),
  allowedHosts: Flag.String("allowed-host").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("A name under which browsers may ask for it; can be given several times"),
    Flag.atLeast(0)
  ),
  open: Flag.Boolean("open").pipe(
    Flag.withDescription("Open the web UI in a browser"),
    Flag.withDefault(false)
  )
}

const maxRuns = Flag.Int("max-runs").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("How many requested runs go on at once, unless the definitions say so: 10 if it is left out"),
  Flag.filter((number) => number >= 1, () => "Expected a number of at least 1"),
  Flag.optional
)

const drain = Flag.Boolean("drain").pipe(
  Flag.withoutNegation,
  Flag.withDescription("When it stops, wait for runs that go on instead of cancelling them"),
  Flag.withDefault(false)
)

const retention = Flag.String("retention").pipe(
  Flag.withMetavar("DURATION"),
  Flag.withDescription(
    "How long ticks, evaluations of conditions and requested runs that are done are kept, such as \"30 days\" or infinity. If it " +
      "is left out, ticks that requested nothing are kept for 7 days, and all else for ever"
  ),
  Flag.filterMap(
    // what is no duration gives nothing
    (text) =>
      Option.filter(
        Duration.fromInput((text.toLowerCase() === "infinity" ? "Infinity" : text) as Duration.Input),
        Duration.isPositive
      ),
    () => "Expected a duration, such as \"30 days\", or infinity"
  ),
  Flag.optional
)

const dev = Command.make("dev", {
  ...serving,
  retention,
  daemon: Flag.Boolean("daemon").pipe(
    Flag.withDescription("Evaluate schedules, sensors and conditions, and launch what they request"),
    Flag.withDefault(true)
  )
}, (given) =>
  serve({
    ...given,
    module: optional(given.module),
    watch: true,
    daemon: given.daemon ? { drain: false, maxRuns: undefined, retention: optional(given.retention) } : undefined
  }))
  .pipe(
    Command.withDescription(
      "Serve the web UI and the API with a daemon beside them, and load definitions anew when they change"
    ),
    Command.withExamples([
      { command: `${name} dev`, description: "The definitions of this directory" },
      { command: `${name} dev src/definitions.ts --port 8080 --open`, description: "A module, and the browser" }
    ])
  )

const ui = Command.make(
  "ui",
  serving,
  (given) => serve({ ...given, module: optional(given.module), watch: false, daemon: undefined })
)
  .pipe(
    Command.withDescription("Serve the web UI and the API. Definitions stay as they are, and no daemon runs"),
    Command.withExamples([{ command: `${name} ui --host 0.0.0.0 --token "$TOKEN"`, description: "For a network" }])
  )

const daemonCommand = Command.make(
  "daemon",
  { module: moduleArgument, maxRuns, drain, retention },
  (given) =>
    daemon({
      module: optional(given.module),
      maxRuns: optional(given.maxRuns),
      drain: given.drain,
      retention: optional(given.retention)
    })
).pipe(
  Command.withDescription(
    "Evaluate schedules, sensors and conditions, and launch what they request, until it is stopped. Several may run: one acts, " +
      "and another takes over when it ends or dies"
  ),
  Command.withShortDescription("Evaluate schedules, sensors and conditions, and launch what they request"),
  Command.withExamples([
    { command: `${name} daemon`, description: "The definitions of this directory" },
    { command: `${name} daemon src/definitions.ts --drain`, description: "A module; runs are brought to their end" },
    { command: `${name} daemon --retention "30 days"`, description: "What is older is removed once a day" }
  ])
)

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

const root = Command.make(name).pipe(
  Command.withDescription("See and operate software-defined assets"),
  Command.withSubcommands([
    { group: "Serve", commands: [dev, ui, daemonCommand] },
    { group: "Look", commands: [list, status, show, graph, load, validate] },
    { group: "Run", commands: [materialize, backfill, runs, run, backfills, job] },
    { group: "Automate", commands: [schedule, sensor, automation, queue] },
    { group: "Record", commands: [report, observe, wipe] }
  ]),
  Command.withGlobalFlags([Global.Module, Global.Url, Global.Token, Global.Json, Global.Colour]),
  Command.withExamples([
    { command: `${name} dev definitions.ts --open`, description: "The web UI" },
    { command: `${name} materialize --only-stale`, description: "Compute what is stale" },
    { command: `${name} status --url http://127.0.0.1:4400`, description: "Ask a server" },
    { command: `eval "$(${name} --completions bash)"`, description: "Completions, for the shell" }
  ])
)

/** Help to stdout; what is wrong with an invocation to stderr, with the way to help. */
const presenter = Layer.effect(
  CliOutput.Presenter,
  Effect.map(Output, (output): CliOutput.Presenter => {
    const formatter = (target: typeof output.stdout) =>
      CliOutput.defaultFormatter({ colors: target.paint("red", "x") !== "x", globalFlags: "full" })
    return {
      present: (event) => {
        switch (event._tag) {
          case "Help":
            return output.print(formatter(output.stdout).formatHelpDoc(event.helpDoc))
          case "Version":
            return output.print(`${event.name} v${event.version}`)
          case "InvalidInvocation":
            return output.tell(
              [
                ...event.errors.map((error) =>
                  `${output.stderr.paint("red", "error:")} ${visibleLines(explained(error, event.helpDoc)).join("\n")}`
                ),
                "",
                `${event.commandPath.join(" ")} --help tells what can be given.`
              ].join("\n")
            )
        }
      }
    }
  })
)

/** The message, with flags that are like one that is not known: of all that the command takes. */
const explained = (error: CliError.CliError, help: HelpDoc): string => {
  if (error._tag !== "UnrecognizedOption" || error.suggestions.length > 0) return error.message
  const known = [...help.flags, ...help.globalFlags ?? []].map((flag) => flag.name)
  const like = suggest(error.option.replace(/^--?/, "").replace(/=.*$/s, ""), known).map((flag) => `--${flag}`)
  return like.length === 0 ? error.message : `${error.message}\n\n  Did you mean this?\n    ${like.join("\n    ")}`
}

/** Runs the command with arguments. */
export const main = (args: ReadonlyArray<string>, version: string) =>
  Effect.provide(Command.runWith(root, { version })(args), [
    presenter,
    CliConfig.layer({
      builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel]
    })
  ])
