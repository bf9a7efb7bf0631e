/**
 * How long the command line takes from its start to the first event of a run, beside a process that imports the same
 * module and does nothing. It measures what was built: `npm run build` first.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inTurns, type Row, table } from "./measure.ts"

const path = (url: string) => new URL(url, import.meta.url).pathname
const bin = path("../dist/cli/bin.js")
const module = path("./project/definitions.ts")
/** The layer, the log and the storage are what a run takes: who embeds the runtime waits for them, too. */
const embedded = `
  import { enableCompileCache } from "node:module"
  enableCompileCache()
  const { default: { graph, layer } } = await import(${JSON.stringify(module)})
  const { Console, Effect } = await import("effect")
  const { Runtime } = await import("effect-assets")
  const onProgress = ({ _tag }) => Console.log(_tag)
  await Effect.runPromise(Effect.provide(Runtime.run(graph, { onProgress }), layer))
`
const imports = `
  import { enableCompileCache } from "node:module"
  enableCompileCache()
  await import(${JSON.stringify(module)})
  console.log("loaded")
`

/** Milliseconds until the first line of a process. */
const firstLine = (cwd: string, args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    const { EFFECT_ASSETS_URL: _, ...env } = process.env
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] })
    child.stdout.once("data", () => {
      resolve()
      // what comes after the first event is not waited for, and takes no time from the next one
      child.kill("SIGKILL")
    })
    child.once("close", () => reject(new Error(`${args.join(" ")} has told nothing`)))
  })

export const measureCli = async (rounds = 15): Promise<ReadonlyArray<Row>> => {
  const root = mkdtempSync(join(tmpdir(), "effect-assets-bench-"))
  const project = path("./project/")
  let at = 0
  const fresh = () => mkdtempSync(join(root, String(at++)))
  const script = (text: string) => ["--input-type=module", "--eval", text]
  const times = await inTurns(rounds, 3, {
    node: () => firstLine(root, ["--eval", "console.log(1)"]),
    imports: () => firstLine(project, script(imports)),
    help: () => firstLine(root, [bin, "--help"]),
    list: () => firstLine(fresh(), [bin, "-m", module, "list", "--json"]),
    embedded: () => firstLine(project, script(embedded)),
    materialize: () => firstLine(fresh(), [bin, "-m", module, "materialize", "--json"])
  })
  rmSync(join(project, ".assets"), { recursive: true, force: true })
  rmSync(root, { recursive: true })
  const millis = (name: keyof typeof times) => times[name]!.median
  const beyond = millis("materialize") - millis("imports")
  const figure = (value: number) => `${value.toFixed(0)} ms`
  return [{
    what: "materialize: start to first event",
    figure: figure(millis("materialize")),
    limit: `importing the module ${figure(millis("imports"))}`,
    ratio: millis("materialize") / millis("imports")
  }, {
    what: "beyond the user's own imports",
    figure: figure(beyond),
    limit: `Node alone ${figure(millis("node"))}`,
    budget: "300 ms",
    within: beyond <= 300
  }, {
    what: "a script that runs the same graph",
    figure: figure(millis("embedded"))
  }, {
    what: "list",
    figure: figure(millis("list"))
  }, {
    what: "--help",
    figure: figure(millis("help"))
  }]
}

if (import.meta.main) process.stdout.write(`${table("The command line", await measureCli())}\n`)
