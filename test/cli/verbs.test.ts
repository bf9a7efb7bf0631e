/** Every verb, as a process with its output piped, on a project of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Graph } from "effect-assets"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Model from "../../src/server/Model.ts"
import definitions from "../fixtures/cli/definitions.ts"
import { type Ended, fixture, run, shell, slow, start, temporary, weather } from "./harness.ts"

const project = Effect.map(temporary, (cwd) => {
  const ea = (...args: ReadonlyArray<string>) => run({ cwd }, ...args)
  return {
    cwd,
    ea,
    /** It has to succeed, and to tell nothing else. */
    ok: (...args: ReadonlyArray<string>) =>
      Effect.map(ea(...args), ({ exitCode, stderr, stdout }) => {
        assert.deepStrictEqual([exitCode, stderr], [0, ""], args.join(" "))
        assert.notInclude(stdout, "\u001b")
        return stdout
      })
  }
})

const decoded = <S extends Schema.ConstraintCodec<unknown, unknown>>(schema: S, text: string): S["Type"] =>
  Result.getOrThrow(Schema.decodeUnknownResult(Schema.toCodecJson(schema))(JSON.parse(text)))

const lines = (text: string): ReadonlyArray<string> => text.trimEnd().split("\n")

/** What differs from time to time. */
const still = (text: string): string =>
  text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "ID").replaceAll(/\d+(\.\d)? m?s\b/g, "N ms")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").replaceAll(/ +/g, " ")

const failed = (ended: Ended, exitCode: number, ...said: ReadonlyArray<string>) => {
  assert.strictEqual(ended.exitCode, exitCode, ended.stderr)
  assert.strictEqual(ended.stdout, "")
  for (const text of said) assert.include(ended.stderr, text)
  assert.notInclude(ended.stderr, "    at ")
}

describe("verbs", () => {
  it.live("materialize, then look at it", () =>
    Effect.gen(function*() {
      const { cwd, ea, ok } = yield* project

      const plan = yield* ok("materialize", "+scaled", "--dry-run")
      assert.match(
        plan,
        /^would compute +now +after\nnumbers +missing\ntotal +missing +numbers\nscaled +missing +total\n$/
      )

      const first = yield* ok("materialize", "+scaled", "--set", "scaled.factor=3", "--tag", "why=test")
      assert.strictEqual(still(lines(first)[0]!), "run ID started: 3 assets")
      assert.include(first, "✓ numbers materialized in ")
      assert.include(first, "! check many of numbers failed: 3 numbers")
      assert.match(still(lines(first).at(-1)!), /^run ID succeeded in N ms: 3 materialized, 1 check failed$/)

      assert.strictEqual(yield* ok("load", "scaled"), "18\n")
      assert.deepStrictEqual(decoded(Model.StoredValue, yield* ok("load", "numbers", "--json")).key, "numbers")

      const again = yield* ok("materialize", "+scaled", "--only-stale", "--set", "scaled.factor=3")
      assert.include(again, "nothing to do")

      const list = yield* ok("list", "group:basics")
      assert.match(list, /^asset +status +group +kinds +checks +last\nnumbers +✓ fresh +basics +json +1 warned +20/)
      assert.lengthOf(lines(list), 4)
      const stale = decoded(
        Schema.Struct({ items: Schema.Array(Model.AssetSummary) }),
        yield* ok("ls", "--status", "fresh", "--json")
      )
      assert.deepStrictEqual(stale.items.map(({ key }) => key), ["numbers", "total", "scaled"])

      const show = yield* ok("show", "numbers")
      assert.match(show, /^numbers {2}✓ fresh\n {2}Three numbers\.\n/)
      for (
        const text of ["basics", "tier=gold", "team:basics", "rows=3", "many: 3 numbers", "numbers materialized in"]
      ) {
        assert.include(show, text)
      }
      const shown = JSON.parse(yield* ok("show", "numbers", "--history", "1", "--json"))
      assert.deepStrictEqual([shown.asset.key, shown.history.length, shown.checks[0].check], ["numbers", 1, "many"])

      const runs = yield* ok("runs", "--tag", "why=test")
      assert.lengthOf(lines(runs), 2)
      assert.include(runs, "numbers, total, scaled")
      const { items: [run] } = decoded(
        Schema.Struct({ items: Schema.Array(Model.RunSummary), next: Schema.optional(Schema.Number) }),
        yield* ok("runs", "--key", "scaled", "--status", "succeeded", "--json")
      )
      assert.isDefined(run)
      const detail = yield* ok("run", "show", "latest")
      assert.match(detail, /^run \S+ {2}succeeded\n/)

      const whole = yield* ea("materialize", "days")
      assert.strictEqual(whole.exitCode, 2)
      assert.include(
        whole.stderr,
        `- "days" has partitions: say which with --partition or --partitions, leave it out of`
      )
      assert.include(whole.stderr, "or use effect-assets backfill")
      assert.include((yield* ea("load", "days")).stderr, `"days" has partitions: say which one with --partition.`)

      yield* ok("materialize", "empty")
      assert.match(yield* ok("status", "empty"), /^empty +- skipped +its output is None$/m)
      assert.match(yield* ok("list", "--status", "skipped"), /^empty +- skipped/m)
      yield* ea("materialize", "broken+")
      const trouble = yield* ok("status", "group:trouble")
      assert.match(trouble, /^broken +✗ failed +its last try failed: The host .* does not answer\./m)
      assert.match(trouble, /^after\/broken +✗ failed +broken failed$/m)

      // another code version of what is upstream would show here; missing values do
      yield* ok("wipe", "total", "--yes")
      const status = yield* ok("status", "group:basics")
      assert.match(status, /^total +○ missing/m)
      assert.match(status, /\n\n2 \w+, 1 \w+\n$/)
      assert.strictEqual(yield* ok("load", "total"), "6\n")
      // a text as it is, and as JSON where that is asked for
      yield* ok("materialize", `"日本語/🚀"`)
      assert.strictEqual(yield* ok("load", "日本語/🚀"), "ok\n")
      assert.strictEqual(decoded(Model.StoredValue, yield* ok("load", "日本語/🚀", "--json")).text.trim(), `"ok"`)

      assert.match(yield* ok("validate", "--values"), /^\d+ assets, \d+ values loaded: all fit their types\n$/)
      writeFileSync(join(cwd, ".assets/storage/numbers.json"), `["one"]`)
      const validated = yield* ea("validate", "numbers", "--values=1")
      assert.strictEqual(validated.exitCode, 1)
      assert.match(validated.stdout, /^✗ numbers: /)
      assert.include(validated.stdout, "1 asset, 0 values loaded: 1 problem")
    }).pipe(Effect.scoped), slow)

  it.live("a run that fails says why, and can be retried", () =>
    Effect.gen(function*() {
      const { ea, ok } = yield* project
      const { exitCode, stderr, stdout } = yield* ea("materialize", "group:trouble")
      assert.strictEqual(exitCode, 1)
      assert.include(stdout, "✗ broken failed in ")
      assert.include(stdout, "✗ after/broken not computed: broken failed")
      assert.include(stdout, "- empty skipped: its output is None")
      assert.match(still(lines(stdout).at(-1)!), /^run ID failed in N ms: 1 skipped, 1 failed, 1 not computed$/)
      assert.match(
        stderr,
        /^✗ broken: Unreachable: The host db\\e\]0;owned\\u0007 does not answer\.\n {4}Is it up\?\\e\[2J\\u0007\n/
      )
      assert.notInclude(stdout + stderr, "\u001b")
      assert.match(yield* ok("run", "show", "latest"), /✗ broken: Unreachable: /)

      const retried = yield* ea("run", "retry", "latest", "--json")
      assert.strictEqual(retried.exitCode, 1)
      const events = lines(retried.stdout).map((line) => JSON.parse(line))
      assert.deepStrictEqual(events[0].keys, ["broken", "empty", "after/broken"])
      assert.strictEqual(events.at(-1).status, "Failed")
      failed(yield* ea("run", "cancel", "latest"), 1, "has ended")
    }).pipe(Effect.scoped), slow)

  it.live("what programs print and log is beside the events in JSON", () =>
    Effect.gen(function*() {
      const { ea, ok } = yield* project
      const { exitCode, stderr, stdout } = yield* ea("materialize", "--select", "group:noise", "--json")
      assert.strictEqual(exitCode, 0)
      const events = lines(stdout).map((line) => {
        const { runId, ...event } = JSON.parse(line)
        assert.isString(runId)
        return decoded(Model.RunEvent, JSON.stringify(event))
      })
      assert.strictEqual(events[0]!._tag, "RunStarted")
      assert.strictEqual(events.at(-1)!._tag, "RunFinished")
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "AssetFinished" ? event.event.key : []).toSorted(),
        ["noisy", "日本語/🚀"]
      )
      assert.match(stderr, /INFO {2}logged \{"rows":3\} asset=noisy\n/)
      assert.include(stderr, "printed to stdout\nwritten to stdout\n")
      assert.include(yield* ok("run", "show", "latest", "--log"), `INFO  noisy logged {"rows":3}`)
    }).pipe(Effect.scoped), slow)

  it.live("partitions: a run of some, a backfill of those that are missing", () =>
    Effect.gen(function*() {
      const { ok } = yield* project
      assert.include(yield* ok("materialize", "days", "-p", "2024-01-03"), "✓ days 2024-01-03 materialized")
      assert.strictEqual(yield* ok("load", "days", "--partition", "2024-01-03"), "3\n")
      yield* ok("materialize", "days", "--partitions", "2024-01-01..2024-01-02")
      yield* ok("materialize", "days", "--partitions", "2024-01-10,2024-01-09")

      const plan = yield* ok("backfill", "days", "--per-run", "3", "--dry-run")
      assert.match(
        plan,
        /^would compute +partitions +which\ndays +5 +2024-01-04…2024-01-08 \(5 partitions\)\nin 2 runs\n$/
      )
      const events = lines(yield* ok("backfill", "days", "--per-run", "3", "--json")).map((line) => JSON.parse(line))
      assert.deepStrictEqual([events[0]._tag, events[0].runCount], ["BackfillStarted", 2])
      assert.lengthOf(events.filter(({ _tag }) => _tag === "RunFinished"), 2)
      const last = events.at(-1)
      assert.deepStrictEqual([last._tag, last.status, last.runs.Succeeded], ["BackfillFinished", "Succeeded", 2])
      assert.lengthOf(lines(yield* ok("runs", "--backfill", events[0].backfillId)), 3)

      const all = yield* ok("backfill", "days", "--partitions", "all", "--per-run", "all", "--max-runs", "1")
      assert.match(still(lines(all).at(-1)!), /^backfill ID succeeded in N ms: 10 materialized, in 1 run$/)
      assert.match(yield* ok("list", "days"), / 10\/10 /)
    }).pipe(Effect.scoped), slow)

  it.live("external data, reports and graphs", () =>
    Effect.gen(function*() {
      const { ok } = yield* project
      assert.strictEqual(yield* ok("observe", "source"), "source: version 7f3a\n")
      yield* ok("report", "reported", "--data-version", "v2", "--metadata", `{"rows": 42}`)
      const shown = JSON.parse(yield* ok("show", "reported", "--json"))
      assert.deepStrictEqual([shown.asset.latest.dataVersion, shown.asset.latest.metadata], ["v2", { rows: 42 }])
      assert.match(
        yield* ok("report", "days", "-p", "2024-01-02", "--data-version", "x"),
        /^days 2024-01-02 is recorded/
      )

      assert.strictEqual(yield* ok("graph"), `${Graph.toMermaid(definitions.graph)}\n`)
      assert.strictEqual(yield* ok("graph", "-f", "dot"), `${Graph.toDot(definitions.graph)}\n`)
      assert.strictEqual(
        yield* ok("graph", "group:trouble", "--group"),
        `flowchart LR\n  n0["trouble (3 assets)"]\n`
      )
      const graph = decoded(Model.GraphModel, yield* ok("graph", "+total", "--format", "json"))
      assert.deepStrictEqual(graph.assets.map(({ key }) => key), ["numbers", "total"])
      assert.deepStrictEqual(graph.edges, [[0, 1, "input"]])
    }).pipe(Effect.scoped), slow)
})

describe("errors and exit codes", () => {
  it.live("bad input is 2, with what was meant", () =>
    Effect.gen(function*() {
      const { ea } = yield* project
      const all = yield* Effect.all([
        ea("materialise"),
        ea("list", "--jsn"),
        ea("materialize", "--only-stal"),
        ea("list", "--status", "odd"),
        ea("show"),
        ea("show", "nmbers"),
        ea("materialize", "numbers and ("),
        ea("materialize", "scaled", "--set", "scaled.factor=much"),
        ea("materialize", "days", "-p", "2024-13-01"),
        ea("load", "total"),
        ea("wipe", "numbers"),
        ea("materialize", "--detach"),
        ea("run", "show", "no-such-run"),
        ea("list", "--url", "nonsense")
      ], { concurrency: 2 })
      const said: ReadonlyArray<string> = [
        "materialize",
        "--json",
        "--only-stale",
        "fresh",
        "Missing required argument: key",
        `Did you mean "numbers"?`,
        "  numbers and (\n               ^",
        `"scaled": `,
        "2024-13-01",
        `Nothing is stored for "total"`,
        "Say so with --yes",
        "--url",
        `There is no run "no-such-run"`,
        "is not the URL of a server"
      ]
      all.forEach((ended, at) => failed(ended, 2, said[at]!))
    }).pipe(Effect.scoped), slow)

  it.live("definitions that cannot be loaded are 3", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const source = (name: string, text: string) => writeFileSync(join(cwd, name), text)
      source("graph.ts", "export default 1")
      source("syntax.ts", "export default {")
      const src = JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)
      source(
        "problems.ts",
        `
        import { Effect } from ${JSON.stringify(import.meta.resolve("effect"))}
        import { Asset, Graph } from ${src}
        const a = Asset.make("a", { deps: [Asset.external("b")], compute: () => Effect.succeed(1) })
        const twice = Asset.make("a", Effect.succeed(1))
        Graph.make({ a, twice })
      `
      )
      const ended = yield* Effect.forEach(
        [undefined, "no/such.ts", "graph.ts", "syntax.ts", "problems.ts"],
        (module) => run({ cwd, module }, "list"),
        { concurrency: 2 }
      )
      failed(ended[0]!, 3, "there is none of definitions.ts", "--module FILE")
      failed(ended[1]!, 3, "there is no file")
      failed(ended[2]!, 3, "export default Definitions.make({ graph, layer })")
      failed(ended[3]!, 3, "syntax error")
      assert.strictEqual(ended[4]!.exitCode, 3)
      assert.include(ended[4]!.stderr, `"a"`)
    }).pipe(Effect.scoped), slow)

  it.live("help, version and completions", () =>
    Effect.gen(function*() {
      const { ok } = yield* project
      const help = yield* ok()
      for (const verb of ["dev", "ui", "list", "show", "graph", "materialize", "backfill", "runs", "run", "status"]) {
        assert.match(help, new RegExp(`^ {2}${verb}\\b`, "m"))
      }
      for (const verb of ["load", "validate", "report", "observe", "wipe"]) assert.include(help, `\n  ${verb} `)
      assert.include(yield* ok("materialize", "--help"), "effect-assets materialize --dry-run")
      assert.match(yield* ok("--version"), /^effect-assets v\d+\.\d+\.\d+\n$/)
      for (const shell of ["bash", "zsh", "fish"]) assert.include(yield* ok("--completions", shell), "materialize")
    }).pipe(Effect.scoped), slow)

  it.live(
    "who reads only the beginning is served quietly; a run that nobody reads is cancelled",
    () =>
      Effect.gen(function*() {
        const cwd = yield* temporary
        const read = yield* shell({ cwd }, "ea list | head -1; echo ${PIPESTATUS[0]}")
        assert.deepStrictEqual([lines(read.stdout).at(-1), read.stderr], ["0", ""])
        const ran = yield* shell({ cwd }, "ea materialize slow/a endless | head -1; echo ${PIPESTATUS[0]}")
        assert.strictEqual(lines(ran.stdout).at(-1), "141")
        assert.include(yield* Effect.map(run({ cwd }, "runs"), ({ stdout }) => stdout), "cancelled")
      }).pipe(Effect.scoped),
    slow
  )

  it.live("SIGTERM cancels a run and is 143", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const child = yield* start({ cwd }, "materialize", "endless")
      yield* child.until("stdout", "endless started")
      yield* child.kill("SIGTERM")
      assert.strictEqual(yield* child.exit, 143)
      assert.include(child.self.stdout, "cancelled")
      const db = new DatabaseSync(join(cwd, ".assets/events.db"), { readOnly: true })
      const { events } = db.prepare("SELECT count(*) AS events FROM effect_assets_events").get()!
      db.close()
      assert.isAbove(Number(events), 3)
    }).pipe(Effect.scoped), slow)

  it.live("colours where they are asked for", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const forced = yield* run({ cwd, env: { FORCE_COLOR: "1" } }, "list")
      assert.include(forced.stdout, "\u001b[1m")
      const refused = yield* run({ cwd, env: { FORCE_COLOR: "1" } }, "list", "--no-color")
      assert.notInclude(refused.stdout, "\u001b")
    }).pipe(Effect.scoped), slow)
})

describe("a server", () => {
  it.live("does the same for all verbs", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const elsewhere = join(cwd, "elsewhere")
      mkdirSync(elsewhere)
      const server = yield* start({ cwd, module: undefined }, "dev", fixture, "--port", "0", "--json")
      yield* server.until("stdout", "\n")
      const { url } = JSON.parse(server.self.stdout)
      const ea = (...args: ReadonlyArray<string>) =>
        run({ cwd: elsewhere, module: undefined, env: { EFFECT_ASSETS_URL: url } }, ...args)
      const ran = yield* ea("materialize", "+scaled", "noisy")
      assert.deepStrictEqual([ran.exitCode, ran.stderr], [0, ""])
      assert.match(still(lines(ran.stdout).at(-1)!), /^run ID succeeded in N ms: 4 materialized/)
      assert.strictEqual((yield* ea("load", "scaled")).stdout, "12\n")
      assert.match((yield* ea("list", "scaled")).stdout, /scaled +✓ fresh/)
      const backfilled = yield* ea("backfill", "days", "--per-run", "5")
      assert.match(
        still(lines(backfilled.stdout).at(-1)!),
        /^backfill ID succeeded in N ms: 10 materialized, in 2 runs$/
      )
      const detached = yield* ea("materialize", "endless", "--detach")
      assert.strictEqual(detached.exitCode, 0)
      assert.match((yield* ea("run", "cancel", detached.stdout.trim())).stdout, /is to be cancelled|cancelled/)
      failed(yield* ea("show", "nmbers"), 2, `Did you mean "numbers"?`)
      yield* server.kill("SIGINT")
      assert.strictEqual(yield* server.exit, 130)
      failed(yield* ea("list"), 4, "There is no answer from", "Start the server there")
    }).pipe(Effect.scoped), slow)
})

describe("the example", () => {
  it.live("is seen and run", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const ea = (...args: ReadonlyArray<string>) => run({ cwd, module: weather }, ...args)
      assert.deepStrictEqual(yield* ea("validate"), {
        exitCode: 0,
        stderr: "",
        stdout: "13 assets, 2 checks: the definitions are valid\n"
      })
      const ran = yield* ea("materialize", "daily_weather", "yearly_weather", "-p", "2012-01-01")
      assert.deepStrictEqual([ran.exitCode, ran.stderr], [0, ""])
      assert.strictEqual(JSON.parse((yield* ea("load", "yearly_weather")).stdout)[0].year, "2012")
    }).pipe(Effect.scoped), slow)
})
