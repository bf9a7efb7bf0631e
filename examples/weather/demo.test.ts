/** The demo on the real data: figures that were computed by other means, and what is printed. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { Runtime } from "effect-assets"
import { ChildProcess } from "effect/process"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"
import { airports, flights, getaways } from "./travel.ts"
import { days, extremes, heat_wave, monthly_rain, observations, yearly_weather } from "./weather.ts"

const file = (path: string) => new URL(path, import.meta.url)

/** In the tests, the package is its sources. */
const hook = `
  import { registerHooks } from "node:module"
  const sources = ${JSON.stringify(file("../../src/index.ts").href)}
  registerHooks({ resolve: (name, context, next) => next(name === "effect-assets" ? sources : name, context) })
`

const node = Effect.fn(function*(cwd: string, ...args: ReadonlyArray<string>) {
  const { FORCE_COLOR: _, ...env } = process.env
  const child = yield* ChildProcess.make(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, ...args],
    { cwd, env, extendEnv: false }
  )
  const text = (stream: typeof child.stdout) => Stream.mkString(Stream.decodeText(stream))
  const [stdout, stderr, exitCode] = yield* Effect.all([text(child.stdout), text(child.stderr), child.exitCode], {
    concurrency: "unbounded"
  })
  return { stdout, stderr, exitCode: Number(exitCode) }
}, Effect.scoped)

const demo = (cwd: string, ...args: ReadonlyArray<string>) => node(cwd, file("./demo.ts").pathname, ...args)

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

describe("demo", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("computes what awk and Python compute", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        yield* Effect.gen(function*() {
          const run = yield* Runtime.materialize(graph, { config: { heat_wave: { threshold: 32 } } })
          assert.isTrue(
            Object.values(run.outcomes).every(({ _tag }) => _tag === "Materialized" || _tag === "NotSelected")
          )
          const rows = yield* Effect.forEach([observations, airports, flights, days, monthly_rain], (asset) =>
            Effect.map(Runtime.load(asset), (rows) => rows.length))
          assert.deepStrictEqual(rows, [1461, 3376, 5366, 1461, 48])
          assert.deepStrictEqual((yield* Runtime.load(monthly_rain))[0], {
            month: "2012-01",
            rain: 173.3,
            rainyDays: 22
          })
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
      }))

    it.effect("prints what the README shows", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const { exitCode, stderr, stdout } = yield* demo(directory)
        assert.deepStrictEqual([exitCode, stderr], [0, ""])
        assert.notInclude(stdout, "\u001b")
        for (const line of stdout.split("\n")) assert.isAtMost(line.length, 110)
        // how long it took is different each time, and the columns are as wide as they have to be
        const still = (text: string) => text.replaceAll(/\d+ ms/g, "N ms").replaceAll(/ +/g, " ")
        const fs = yield* FileSystem.FileSystem
        const readme = yield* fs.readFileString(file("./README.md").pathname)
        const shown = stdout.slice(stdout.indexOf("\nasset ") + 1, stdout.indexOf("\nNext, try"))
        assert.include(still(readme), still(shown))
        assert.include(yield* fs.readFileString(`${directory}/.assets/outbox.txt`), "The weather report is ready")
      }))

    it.effect("takes a selection and a threshold", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        yield* demo(directory)
        const rain = yield* demo(directory, "monthly_rain+")
        assert.strictEqual(rain.exitCode, 0)
        assert.match(rain.stdout, /^days .* not selected$/m)
        assert.match(rain.stdout, /^5 materialized in /m)
        const wave = yield* demo(directory, "heat_wave+", "--threshold", "32")
        assert.strictEqual(wave.exitCode, 0)
        assert.match(wave.stdout, /^4 materialized in /m)
        assert.include(wave.stdout, "**It was hot**: 5 days up to 33.9 °C from 2015-07-01 to 2015-07-05.")
      }))

    it.effect("says what is wrong with a selection", () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const unknown = yield* demo(directory, "monthly_ran+")
        assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [1, ""])
        assert.include(unknown.stderr, `There is no asset "monthly_ran" in the graph. Did you mean "monthly_rain"?`)
        const unreadable = yield* demo(directory, "monthly_rain and (")
        assert.deepStrictEqual([unreadable.exitCode, unreadable.stdout], [1, ""])
        assert.include(unreadable.stderr, "Cannot read the selection")
      }))

    it.effect("exits with 1 when an asset fails, and says why", () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* demo(yield* temporary, "report+")
        assert.strictEqual(exitCode, 1)
        assert.match(stdout, /^report +report +failed /m)
        assert.match(stdout, /^announcement +report +not computed +report failed$/m)
        assert.match(stderr, /report: Nothing is stored for "\w+"/)
      }))

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
      }))
  })
})
