/** The demo on the real data: figures that were computed by other means, and what is printed. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { Catalog, PartitionSubset, Runtime } from "effect-assets"
import { ChildProcess } from "effect/process"
import { TestClock } from "effect/testing"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"
import { airports, flights, getaways } from "./travel.ts"
import { daily_weather, extremes, heat_wave, monthly_rain, observations, yearly_weather } from "./weather.ts"

const file = (path: string) => new URL(path, import.meta.url)

/** In the tests, the package is its sources. */
const hook = `
  import { registerHooks } from "node:module"
  const sources = ${
  JSON.stringify({
    "effect-assets": file("../../src/index.ts").href,
    "effect-assets/node": file("../../src/node/index.ts").href
  })
}
  registerHooks({ resolve: (name, context, next) => next(sources[name] ?? name, context) })
`

const node = Effect.fn(function*(cwd: string, ...args: ReadonlyArray<string>) {
  const child = yield* start(cwd, ...args)
  const text = (stream: typeof child.stdout) => Stream.mkString(Stream.decodeText(stream))
  const [stdout, stderr, exitCode] = yield* Effect.all([text(child.stdout), text(child.stderr), child.exitCode], {
    concurrency: "unbounded"
  })
  return { stdout, stderr, exitCode: Number(exitCode) }
}, Effect.scoped)

const start = (cwd: string, ...args: ReadonlyArray<string>) => {
  const { FORCE_COLOR: _, ...env } = process.env
  return ChildProcess.make(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, ...args],
    { cwd, env, extendEnv: false }
  )
}

const demo = (cwd: string, ...args: ReadonlyArray<string>) => node(cwd, file("./demo.ts").pathname, ...args)

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

/** How long it took is different each time, and the columns are as wide as they have to be. */
const still = (text: string) => text.replaceAll(/\d+ ms/g, "N ms").replaceAll(/ +/g, " ")

/** The table and the report. */
const shown = (stdout: string) => stdout.slice(stdout.indexOf("\nasset ") + 1, stdout.indexOf("\nNext, try"))

/** Processes take their time where many tests run at once. */
const slow = 120_000

describe("demo", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("computes what awk and Python compute", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        // a day exists when it has ended, and the clock of a test begins in 1970
        yield* TestClock.setTime(Date.UTC(2020, 0))
        yield* Effect.gen(function*() {
          const runs = yield* Runtime.backfill(graph, {
            partitions: "all",
            partitionsPerRun: "all",
            config: { heat_wave: { threshold: 32 } }
          })
          const tags = runs.flatMap(Runtime.outcomes).map(({ _tag }) => _tag)
          assert.strictEqual(tags.filter((tag) => tag === "Materialized").length, 1461 + 48 + 8)
          assert.isTrue(tags.every((tag) => tag === "Materialized" || tag === "NotSelected"))
          assert.strictEqual((yield* Runtime.load(observations)).length, 1461)
          assert.strictEqual((yield* Runtime.load(airports)).length, 3376)
          assert.strictEqual((yield* Runtime.load(flights)).length, 5366)
          const seen = yield* Catalog.observe(observations)
          assert.strictEqual(seen.metadata.rows, 1461)

          for (const asset of [daily_weather, monthly_rain]) {
            const { materialized, missing } = yield* Catalog.partitions(asset)
            assert.strictEqual(PartitionSubset.size(materialized), asset === daily_weather ? 1461 : 48)
            assert.isTrue(PartitionSubset.isEmpty(missing))
          }
          assert.deepStrictEqual(yield* Runtime.load(daily_weather, { partition: "2014-08-11" }), {
            date: "2014-08-11",
            rain: 0.5,
            high: 35.6,
            low: 17.8,
            sunny: false
          })
          assert.deepStrictEqual(yield* Runtime.load(monthly_rain, { partition: "2012-01" }), {
            month: "2012-01",
            rain: 173.3,
            rainyDays: 22
          })
          const checks = runs.flatMap((run) => run.checks)
          assert.strictEqual(checks.filter(({ status }) => status === "Passed").length, 1461 + 46)
          assert.deepStrictEqual(
            checks.filter(({ status }) => status === "Failed").map(({ check, partition }) => `${check} ${partition}`)
              .sort(),
            ["some_rain 2012-08", "some_rain 2013-07"]
          )
          assert.deepStrictEqual(yield* Runtime.load(yearly_weather), [
            { year: "2012", rain: 1226, sunnyDays: 118, high: 34.4, low: -3.3 },
            { year: "2013", rain: 828, sunnyDays: 173, high: 33.9, low: -7.1 },
            { year: "2014", rain: 1232.8, sunnyDays: 187, high: 35.6, low: -6 },
            { year: "2015", rain: 1139.2, sunnyDays: 162, high: 35, low: -3.8 }
          ])
          const { driest_month, wettest_month } = extremes.assets
          assert.deepStrictEqual(yield* Runtime.load(wettest_month), { month: "2015-12", rain: 284.5, rainyDays: 25 })
          assert.deepStrictEqual(yield* Runtime.load(driest_month), { month: "2012-08", rain: 0, rainyDays: 0 })
          assert.deepStrictEqual(yield* Runtime.load(heat_wave), {
            from: "2015-07-01",
            to: "2015-07-05",
            days: 5,
            high: 33.9
          })
          assert.deepStrictEqual(yield* Runtime.load(getaways), [
            { airport: "LAX", city: "Los Angeles", flights: 6865 },
            { airport: "PHX", city: "Phoenix", flights: 5062 },
            { airport: "DFW", city: "Dallas-Fort Worth", flights: 3917 },
            { airport: "SNA", city: "Santa Ana", flights: 2860 },
            { airport: "SAN", city: "San Diego", flights: 2833 }
          ])
        }).pipe(Effect.provide(layerLocal(directory)))
      }), slow)

    it.effect("prints what the README shows, and sees what the last start has left", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const starts = Effect.fn(function*(...args: ReadonlyArray<string>) {
          const { exitCode, stderr, stdout } = yield* demo(directory, ...args)
          assert.deepStrictEqual([exitCode, stderr], [0, ""])
          assert.notInclude(stdout, "\u001b")
          for (const line of stdout.split("\n")) assert.isAtMost(line.length, 110)
          return stdout
        })

        const first = yield* starts()
        const fs = yield* FileSystem.FileSystem
        const readme = yield* fs.readFileString(file("./README.md").pathname)
        assert.match(first, /^To be computed first, in 8 runs:\n/)
        assert.strictEqual(first.match(/^ {2}✓ daily_weather \S+ \(36\d partitions\)/gm)?.length, 4)
        assert.include(still(readme), still(shown(first)))
        const suggested = first.match(/(?<=npm run demo -- ).*?(?= {2})/g) ?? []
        assert.isAtLeast(suggested.length, 5)
        for (const command of suggested) assert.include(readme, `npm run demo -- ${command} `)
        const excerpt =
          (yield* fs.readFileString(file("../../README.md").pathname)).match(/(?<=```text\n).*?(?=```)/s)![0]
        for (const line of still(excerpt).split("\n")) assert.include(still(shown(first)), line)
        assert.include(yield* fs.readFileString(`${directory}/.assets/outbox.txt`), "The weather report is ready")

        const nothing = yield* starts("--only-stale")
        assert.match(nothing, /^daily_weather +1461 up to date +fresh$/m)
        assert.match(nothing, /^2 skipped, 1515 up to date in /m)

        const warm = yield* starts("--threshold", "32")
        assert.notInclude(warm, "To be computed first")
        assert.match(warm, /^daily_weather +not selected +fresh$/m)
        assert.match(warm, /^heat_warning +materialized +\d+ ms +fresh$/m)
        assert.match(warm, /^8 materialized in /m)
        assert.include(warm, "**It was hot**: 5 days up to 33.9 °C from 2015-07-01 to 2015-07-05.")

        const stale = yield* starts("heat_wave", "--threshold", "30")
        assert.match(stale, /^heat_warning +not selected +stale: heat_wave changed \d+ s ago$/m)
        assert.match(stale, /^report +not selected +fresh$/m)

        const fresh = yield* starts("--only-stale", "--threshold", "30")
        assert.match(fresh, /^heat_warning +materialized +\d+ ms +fresh$/m)
        assert.match(fresh, /^3 materialized, 1514 up to date in /m)
        assert.include(fresh, "**It was hot**: 6 days up to 33.9 °C from 2015-06-30 to 2015-07-05.")

        const months = yield* starts("monthly_rain+")
        assert.match(months, /^daily_weather +not selected +fresh$/m)
        assert.match(months, /^52 materialized in /m)
      }), slow)

    it.effect("goes on where it was killed", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const child = yield* start(directory, file("./demo.ts").pathname)
        // one run of days is recorded
        yield* Stream.decodeText(child.stdout).pipe(
          Stream.splitLines,
          Stream.takeUntil((line) => line.includes("✓")),
          Stream.runDrain
        )
        yield* child.kill({ killSignal: "SIGKILL" })

        const { exitCode, stdout } = yield* demo(directory)
        assert.strictEqual(exitCode, 0)
        assert.match(stdout, /^To be computed first, in [2-7] runs:\n/)
        const days = Number(/^ +daily_weather .*\((\d+) partitions\)$/m.exec(stdout)?.[1] ?? 0)
        assert.isAtMost(days, 1461 - 363)
        // none was stored and not judged
        assert.match(stdout, /^ {2}✓ plausible of daily_weather: 1461 passed$/m)
        assert.match(stdout, /^ {4}- 2015: 1139.2 mm of rain, 162 sunny days$/m)
      }).pipe(Effect.scoped), slow)

    it.effect("says what is wrong with a selection", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const unknown = yield* demo(directory, "monthly_ran+")
        assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [1, ""])
        assert.include(unknown.stderr, `There is no asset "monthly_ran" in the graph. Did you mean "monthly_rain"?`)
        const unreadable = yield* demo(directory, "monthly_rain and (")
        assert.deepStrictEqual([unreadable.exitCode, unreadable.stdout], [1, ""])
        assert.include(unreadable.stderr, "Cannot read the selection")
      }), slow)

    it.effect("exits with 1 when an asset fails, and says why", () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* demo(yield* temporary, "report+")
        assert.strictEqual(exitCode, 1)
        assert.match(stdout, /^report +failed +\d+ ms +missing: it failed$/m)
        assert.match(stdout, /^announcement +not computed +missing: report failed$/m)
        assert.match(stderr, /report: Nothing is stored for "\w+"/)
      }), slow)

    it.effect("is the graph that the README draws", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const readme = yield* fs.readFileString(file("./README.md").pathname)
        // nodes are numbered in the order of the module's names, which differs between Node and Vite
        const print = `
          import { Graph } from "effect-assets"
          import { graph } from ${JSON.stringify(file("./graph.ts").href)}
          console.log(Graph.toMermaid(graph))`
        const { stdout } = yield* node(yield* temporary, "--input-type=module", "--eval", print)
        assert.include(readme, `\n\`\`\`mermaid\n${stdout}\`\`\`\n`)
      }), slow)
  })
})
