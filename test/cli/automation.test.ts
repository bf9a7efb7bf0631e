/** The verbs of automation, as processes with their output piped. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as AutomationModel from "../../src/server/AutomationModel.ts"
import { type Ended, run, slow, start, temporary } from "./harness.ts"

const module = new URL("../fixtures/cli/automation.ts", import.meta.url).pathname

const project = Effect.map(temporary, (cwd) => {
  const ea = (...args: ReadonlyArray<string>) => run({ cwd, module }, ...args)
  return {
    cwd,
    ea,
    ok: (...args: ReadonlyArray<string>) =>
      Effect.map(ea(...args), ({ exitCode, stderr, stdout }) => {
        assert.strictEqual(exitCode, 0, `${args.join(" ")}: ${stderr}`)
        assert.notInclude(stdout + stderr, "\u001b")
        return stdout
      })
  }
})

const decoded = <S extends Schema.ConstraintCodec<unknown, unknown>>(schema: S, text: string): S["Type"] =>
  Result.getOrThrow(Schema.decodeUnknownResult(Schema.toCodecJson(schema))(JSON.parse(text)))

const listOf = <S extends Schema.ConstraintCodec<unknown, unknown>>(item: S) =>
  Schema.Struct({ items: Schema.Array(item) })

const failed = (ended: Ended, exitCode: number, ...said: ReadonlyArray<string>) => {
  assert.strictEqual(ended.exitCode, exitCode, ended.stderr)
  for (const text of said) assert.include(ended.stderr, text)
  assert.notInclude(ended.stdout + ended.stderr, "\u001b")
}

const noDaemon = "No daemon runs"

describe("automation", () => {
  it.live("schedules are listed, turned on, previewed and ticked", () =>
    Effect.gen(function*() {
      const { ea, ok } = yield* project
      const listed = yield* ea("schedule", "list")
      assert.match(
        listed.stdout,
        /^schedule +state +cron +runs\nevery_morning +○ off +0 6 \* \* \* Europe\/Berlin +the job nightly\nyesterday +/
      )
      assert.include(listed.stderr, noDaemon)

      const on = yield* ea("schedule", "start", "every_morning")
      assert.match(on.stdout, /^the schedule every_morning is on, and ticks at 20\d\d-\d\d-\d\dT0[45]:00:00\.000Z\n$/)
      assert.include(on.stderr, noDaemon)
      const { items } = decoded(listOf(AutomationModel.AutomationSummary), yield* ok("schedule", "list", "--json"))
      assert.deepStrictEqual(items.map(({ name, running }) => [name, running]), [
        ["every_morning", true],
        ["yesterday", false],
        ["weekdays", false],
        ["undecided", false]
      ])
      assert.strictEqual(yield* ok("schedule", "stop", "every_morning"), "the schedule every_morning is off\n")

      const preview = yield* ok("schedule", "preview", "every_morning", "--ticks", "2")
      assert.match(preview, /^tick +requests\n(20\S+T06:00:00\+0[12]:00 +the job nightly\n){2}$/)
      assert.include(yield* ok("schedule", "preview", "weekdays", "--ticks", "1"), "a program has decided so")
      // what fails is told as that, and is no skip
      const undecided = yield* ea("schedule", "preview", "undecided", "--ticks", "2")
      failed(undecided, 1, "Error: nobody knows\\e[2J")
      assert.match(undecided.stdout, /^tick +requests +why\n(20\S+ +✗ failed +nobody knows\\e\[2J\n){2}$/)
      const told = yield* ea("schedule", "preview", "undecided", "--ticks", "1", "--json")
      failed(told, 1)
      const [tick] = decoded(AutomationModel.SchedulePreview, told.stdout).ticks
      assert.deepStrictEqual([tick!.reason, tick!.error?.message], [undefined, "nobody knows\u001b[2J"])

      const ticked = yield* ea("schedule", "tick", "yesterday", "--at", "2024-02-10T01:00")
      assert.strictEqual(
        ticked.stdout,
        "the schedule yesterday: ✓ requested\n  days for the partition 2024-02-09 (run key 2024-02-10T01:00:00.000Z)\n"
      )
      assert.include(ticked.stderr, noDaemon)
      // the same moment, in another zone
      assert.include(
        yield* ok("schedule", "tick", "yesterday", "--at", "2024-02-10T02:00+01:00"),
        "which was requested before"
      )
      const queued = decoded(listOf(AutomationModel.QueuedModel), yield* ok("queue", "list", "--json")).items
      assert.deepStrictEqual(queued.map(({ words }) => words), ["days for the partition 2024-02-09"])
      assert.match(
        yield* ok("queue", "cancel", queued[0]!.id),
        /^days for the partition 2024-02-09 is taken out of the queue\n$/
      )
      failed(yield* ea("queue", "cancel", queued[0]!.id), 1, "it is cancelled")
      failed(yield* ea("queue", "cancel", "nope"), 2, "There is no requested run")

      failed(yield* ea("schedule", "start", "yesterda"), 2, `Did you mean "yesterday"?`)
      failed(yield* ea("schedule", "stop", "files"), 2, "files is a sensor: use effect-assets sensor.")
      failed(yield* ea("schedule", "tick", "yesterday", "--at", "noon"), 2, "--at noon is no time")
      failed(yield* ea("schedule", "tick", "yesterday", "--at", "9999-01-01"), 2, "That time has not come")
    }).pipe(Effect.scoped), slow)

  it.live("sensors are previewed, ticked, and told where they are", () =>
    Effect.gen(function*() {
      const { cwd, ea, ok } = yield* project
      const see = (text: string) => writeFileSync(join(cwd, "new.txt"), text)
      assert.match(yield* ok("sensor", "list"), /^files +○ off +sensor +every 1 h +orders$/m)
      assert.include(yield* ok("sensor", "preview", "files"), "- skipped (no new file)")
      see("a.csv")
      const preview = yield* ok("sensor", "preview", "files")
      assert.match(preview, /✓ requested\n {2}orders \(run key a\.csv\)\n {2}the cursor from then on: a\.csv\n$/)
      assert.strictEqual(yield* ok("automation", "ticks"), "")
      assert.strictEqual(yield* ok("sensor", "cursor", "files"), "")

      assert.include(yield* ok("sensor", "tick", "files"), "✓ requested")
      assert.strictEqual(yield* ok("sensor", "cursor", "files"), "a.csv\n")
      assert.strictEqual(yield* ok("sensor", "cursor", "files", "--set", "z.csv"), "z.csv\n")
      assert.strictEqual(yield* ok("sensor", "cursor", "files", "--clear", "--json"), `{"name":"files"}\n`)

      see("broken")
      const broken = yield* ea("sensor", "tick", "files")
      failed(broken, 1, "Error: new.txt cannot be read\\e[2J")
      assert.include(broken.stdout, "✗ failed")
      failed(yield* ea("sensor", "preview", "files", "--json"), 1)
      const ticks = decoded(
        listOf(AutomationModel.TickModel),
        yield* ok("automation", "ticks", "files", "--status", "failed", "--json")
      )
      assert.deepStrictEqual(ticks.items.map(({ error }) => error?.message), ["new.txt cannot be read\u001b[2J"])
      assert.match(yield* ok("automation", "ticks"), /^\S+ +files +✗ failed +new\.txt cannot be read\\e\[2J$/m)

      failed(yield* ea("sensor", "tick", "pushed"), 1, "its stream tells")
      failed(yield* ea("sensor", "cursor", "when_ordered", "--set", "x"), 2, "is no place in the event log")
      failed(yield* ea("sensor", "cursor", "files", "--set", "x", "--clear"), 2, "exclude each other")
      failed(yield* ea("automation", "ticks", "file"), 2, `Did you mean "files"?`)
    }).pipe(Effect.scoped), slow)

  it.live("conditions are explained, and jobs are run", () =>
    Effect.gen(function*() {
      const { ea, ok } = yield* project
      for (
        const [args, said] of [
          [["queue", "list", "--status", "failed"], "Every requested run could be launched.\n"],
          [["runs"], "There are no runs yet.\n"],
          [["runs", "--status", "failed"], "No run fits.\n"],
          [["backfills"], "There are no backfills yet.\n"],
          [["automation", "ticks"], "Nothing has ticked yet.\n"]
        ] as const
      ) assert.strictEqual((yield* ea(...args)).stderr, said)
      assert.match(
        yield* ok("automation", "list"),
        /^revenue +asset +eager +never evaluated$/m
      )
      const before = yield* ea("automation", "explain", "revenue")
      assert.match(before.stdout, /^revenue: in the latest time window/)
      assert.include(before.stderr, "It was not evaluated yet.")
      failed(yield* ea("automation", "explain", "orders"), 2, "orders has no condition")
      failed(yield* ea("automation", "explain", "revenu"), 2, `Did you mean "revenue"?`)
      assert.strictEqual(yield* ok("automation", "tick"), "nothing is requested: no condition holds\n")

      // of the run of the job, revenue is part: nothing is to follow from it
      const ran = yield* ok("job", "run", "nightly", "--set", "orders.token=secret", "--tag", "why=test")
      assert.match(ran, /^run \S+ started: 2 assets\n/)
      assert.match(ran, /succeeded in .*: 2 materialized\n$/)
      assert.strictEqual(yield* ok("automation", "tick"), "nothing is requested: no condition holds\n")
      yield* ok("materialize", "orders")
      assert.include(yield* ok("automation", "tick"), "the evaluation of conditions: ✓ requested\n  revenue\n")
      const explained = yield* ok("automation", "explain", "revenue", "--history", "2")
      assert.match(
        explained,
        /^revenue {2}requested, in evaluation \d+, \S+Z\n✓ eager\n├─ ✓ in the latest time window\n/m
      )
      assert.match(explained, /^│ {2}│ {2}└─ ✓ any deps updated\n│ {2}│ {5}└─ ✓ orders: /m)
      assert.deepStrictEqual(yield* ok("automation", "stop"), "the evaluation of conditions is off\n")

      const jobs = yield* ok("job", "list")
      assert.match(jobs, /^nightly +2 +orders, revenue +every_morning +succeeded /m)
      const show = yield* ok("job", "show", "nightly")
      for (const text of ["Every night", "2: orders, revenue", "team=shop", "every_morning", "last runs"]) {
        assert.include(show, text)
      }
      failed(yield* ea("job", "run", "nightl"), 2, `Did you mean "nightly"?`)

      yield* ok("backfill", "days", "--partitions", "2024-01-01..2024-01-04", "--per-run", "2")
      assert.match(yield* ok("backfills"), /^\S+ +succeeded +\S+ +\S.* +4\/4 +2 +days$/m)
    }).pipe(Effect.scoped), slow)

  it.live("a daemon launches what waits, tells of it, and stops when it is told", () =>
    Effect.gen(function*() {
      const { cwd, ok } = yield* project
      yield* ok("schedule", "tick", "yesterday", "--at", "2024-02-10")
      const daemon = yield* start({ cwd, module: undefined }, "daemon", module, "--json")
      yield* daemon.until("stdout", `"RunFinished"`)
      const [started, ...events] = daemon.self.stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      assert.deepInclude(started, { _tag: "DaemonStarted", automations: 10, running: 1 })
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["RunStarted", "RunFinished"])
      assert.strictEqual(events[1].status, "Succeeded")
      const listed = yield* run({ cwd, module }, "schedule", "list")
      assert.deepStrictEqual([listed.exitCode, listed.stderr], [0, ""])
      assert.match(yield* ok("automation", "ticks"), /^\S+ +yesterday +✓ requested +days for .* succeeded \S+$/m)
      // its own tags of a requested run are for run show
      assert.match(yield* ok("runs"), / automation=yesterday$/m)
      assert.match(yield* ok("run", "show", "latest"), / queued=/)
      yield* daemon.kill("SIGINT")
      assert.strictEqual(yield* daemon.exit, 130)
      assert.include((yield* run({ cwd, module }, "schedule", "list")).stderr, noDaemon)
    }).pipe(Effect.scoped), slow)

  it.live("a daemon tells of what ticks as soon as it acts", () =>
    Effect.gen(function*() {
      const { cwd, ok } = yield* project
      yield* ok("sensor", "start", "at_once")
      const daemon = yield* start({ cwd, module: undefined }, "daemon", module)
      yield* daemon.until("stdout", " succeeded in ")
      assert.match(daemon.self.stdout, /^\S+Z ✓ at_once requests 1 run$/m)
      assert.match(daemon.self.stdout, /^\S+Z ▸ run \S+ started: 1 asset$/m)
    }).pipe(Effect.scoped), slow)

  it.live("a daemon removes what is older than it is to be kept", () =>
    Effect.gen(function*() {
      const { cwd, ea, ok } = yield* project
      yield* ok("schedule", "tick", "weekdays")
      const kept = yield* start({ cwd, module: undefined }, "daemon", module)
      yield* kept.until("stderr", "It acts.")
      yield* kept.kill("SIGINT")
      yield* kept.exit
      assert.include(yield* ok("automation", "ticks"), "a program has decided so")
      const daemon = yield* start({ cwd, module: undefined }, "daemon", module, "--retention", "1 millis")
      yield* daemon.until("stderr", "It acts.")
      let ticks = "a program"
      while (ticks !== "") ticks = yield* ok("automation", "ticks")
      for (const wrong of ["soon", "-1 days"]) {
        failed(yield* ea("daemon", `--retention=${wrong}`), 2, "Expected a duration")
      }
    }).pipe(Effect.scoped), slow)

  it.live("what waits and cannot be launched any more is told by daemon and dev", () =>
    Effect.gen(function*() {
      const { cwd, ok } = yield* project
      const env = { WITHOUT_NIGHTLY: "1" }
      const said = `the job nightly, requested by every_morning, cannot be launched: There is no job "nightly" any more`
      for (
        const [where, args] of [
          ["stdout", ["daemon", module]],
          ["stdout", ["daemon", module, "--json"]],
          ["stderr", ["dev", module, "--port", "0"]]
        ] as const
      ) {
        yield* ok("schedule", "tick", "every_morning")
        const acting = yield* start({ cwd, module: undefined, env }, ...args)
        yield* acting.until(where, args.includes("--json" as never) ? `"GivenUp"` : said)
        yield* acting.kill("SIGINT")
        yield* acting.exit
      }
    }).pipe(Effect.scoped), slow)

  it.live("dev has a daemon, and does what is asked of it with --url", () =>
    Effect.gen(function*() {
      const { cwd } = yield* project
      const dev = yield* start({ cwd, module: undefined }, "dev", module, "--port", "0", "--json")
      yield* dev.until("stdout", "\n")
      const { url } = JSON.parse(dev.self.stdout)
      const ask = (...args: ReadonlyArray<string>) => run({ cwd, module: undefined }, "--url", url, ...args)
      const ticked = yield* ask("schedule", "tick", "yesterday", "--at", "2024-02-10", "--json")
      const { tick } = decoded(Schema.Struct({ tick: AutomationModel.TickModel }), ticked.stdout)
      assert.strictEqual(tick.status, "Requested")
      let ticks = yield* ask("automation", "ticks", "yesterday")
      while (!ticks.stdout.includes("succeeded")) ticks = yield* ask("automation", "ticks", "yesterday")
      assert.match((yield* ask("schedule", "start", "every_morning")).stdout, /is on, and ticks at /)
      failed(yield* ask("sensor", "preview", "file"), 2, `Did you mean "files"?`)
      yield* dev.kill("SIGTERM")
      assert.strictEqual(yield* dev.exit, 143)

      // without one, what is requested waits
      const alone = yield* start({ cwd, module: undefined }, "dev", module, "--no-daemon", "--port", "0", "--json")
      yield* alone.until("stdout", "\n")
      const daemon = yield* Effect.promise(() =>
        fetch(`${JSON.parse(alone.self.stdout).url}/api/daemon`).then((response) => response.json())
      )
      assert.deepInclude(daemon, { present: false, here: false })
    }).pipe(Effect.scoped), slow)
})
