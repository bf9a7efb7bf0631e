/** Code of users that does what ends a process: no run is left without its end, and exit codes tell. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { run, shell, slow, start, temporary } from "./harness.ts"

const sources = new URL("../../src/", import.meta.url).href

/** A module with one asset, in a directory of its own. */
const moduleOf = (code: { readonly top?: string; readonly program?: string }) =>
  Effect.gen(function*() {
    const cwd = yield* temporary
    writeFileSync(join(cwd, "package.json"), `{ "type": "module" }`)
    writeFileSync(
      join(cwd, "definitions.ts"),
      `import * as Effect from "${import.meta.resolve("effect/Effect")}"
import { Asset, Definitions, Graph } from "${sources}index.ts"
import { Local } from "${sources}node/index.ts"
${code.top ?? ""}
const a = Asset.make("a", { *compute() { ${code.program ?? ""}; return 1 } })
export default Definitions.make({ graph: Graph.make({ a }), layer: Local.layer({ directory: ".assets" }) })
`
    )
    const options = { cwd, module: undefined }
    return {
      options,
      ea: (...args: ReadonlyArray<string>) => run(options, ...args),
      status: Effect.map(run(options, "runs", "--json"), ({ stdout }) => JSON.parse(stdout).items[0]?.status)
    }
  })

const later = "yield* Effect.sleep(60_000)"

describe("what ends a process", () => {
  it.live("an error that nobody catches cancels the run, which is recorded", () =>
    Effect.gen(function*() {
      for (
        const program of [
          `setTimeout(() => { throw new Error("too late") }, 50); ${later}`,
          `void Promise.reject(new Error("too late")); ${later}`
        ]
      ) {
        const { ea, status } = yield* moduleOf({ program })
        const { exitCode, stderr } = yield* ea("materialize")
        assert.strictEqual(exitCode, 1, stderr)
        assert.match(stderr, /^error: Nobody has caught this error .*: Error: too late$/m)
        assert.strictEqual(yield* status, "Cancelled")
      }
    }).pipe(Effect.scoped), slow)

  it.live("process.exit fails the asset that calls it, or the loading of definitions", () =>
    Effect.gen(function*() {
      const running = yield* moduleOf({ program: "process.exit(0)" })
      const ended = yield* running.ea("materialize")
      assert.strictEqual(ended.exitCode, 1, ended.stderr)
      assert.match(ended.stdout, /^✗ a failed in .*: process\.exit\(0\) was called/m)
      assert.strictEqual(yield* running.status, "Failed")

      const loading = yield* moduleOf({ top: "process.exit(0)" })
      const refused = yield* loading.ea("list")
      assert.strictEqual(refused.exitCode, 3)
      assert.match(refused.stderr, /definitions\.ts cannot be loaded: process\.exit\(0\) was called/)
    }).pipe(Effect.scoped), slow)

  it.live("a server goes on, and so does the run", () =>
    Effect.gen(function*() {
      const { options } = yield* moduleOf({
        program: `void Promise.reject(new Error("too late")); yield* Effect.sleep(200)`
      })
      const server = yield* start(options, "ui", "--port", "0", "--json")
      yield* server.until("stdout", "\n")
      const { url } = JSON.parse(server.self.stdout)
      const ended = yield* run(options, "materialize", "--url", url)
      assert.deepStrictEqual([ended.exitCode, ended.stderr], [0, ""])
      assert.match(server.self.stderr, /Nobody has caught this error .*: Error: too late/)
      yield* server.kill("SIGTERM")
      assert.strictEqual(yield* server.exit, 143)
    }).pipe(Effect.scoped), slow)
})

describe("a module that does not come to its end", () => {
  it.live("is told, and given up with a signal", () =>
    Effect.gen(function*() {
      const { options } = yield* moduleOf({ top: "await new Promise(() => {})" })
      const it = yield* start(options, "list")
      yield* it.until("stderr", "definitions.ts is still being loaded.")
      yield* it.kill("SIGINT")
      assert.strictEqual(yield* it.exit, 130)
    }).pipe(Effect.scoped), slow)
})

describe("output that cannot be written", () => {
  it.live("is told, and is no success", () =>
    Effect.gen(function*() {
      const { options, status } = yield* moduleOf({})
      for (const command of ["list", "materialize"]) {
        const { exitCode, stderr } = yield* shell(options, `ea ${command} > /dev/full`)
        assert.strictEqual(exitCode, 4, stderr)
        assert.match(stderr, /^error: The output cannot be written: ENOSPC/m)
      }
      assert.notStrictEqual(yield* status, "Running")
    }).pipe(Effect.scoped), slow)
})

describe("a server that is killed and started anew", () => {
  it.live("does not keep those waiting who follow what it had begun", () =>
    Effect.gen(function*() {
      const { options } = yield* moduleOf({ program: later })
      const served = (port: string) => start(options, "ui", "--port", port, "--json")
      const first = yield* served("0")
      yield* first.until("stdout", "\n")
      const { url } = JSON.parse(first.self.stdout)
      const follower = yield* start(options, "materialize", "--url", url)
      yield* follower.until("stdout", "a started")
      yield* first.kill("SIGKILL")
      yield* first.exit
      const second = yield* served(new URL(url).port)
      yield* second.until("stdout", "\n")

      assert.strictEqual(yield* follower.exit, 4, follower.self.stderr)
      assert.match(follower.self.stderr, /does not go on with run (\S+): .* "run retry \1" computes the rest/)
      const shown = yield* run(options, "run", "show", "latest")
      assert.match(shown.stdout, /another process, or did until that died: cancel or retry it/)
      const cancelled = yield* run(options, "run", "cancel", "latest", "--url", url)
      assert.match(cancelled.stdout, /Another process runs it\. If that has died/)
    }).pipe(Effect.scoped), slow)
})
