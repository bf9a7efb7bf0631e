/** The command line as a process of its own: piped, or at a terminal. */
import { type IPty, spawn as spawnPty } from "@lydell/node-pty"
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Screen } from "./screen.ts"

const path = (url: string) => new URL(url, import.meta.url).pathname

const bin = path("../../src/cli/bin.ts")
export const fixture = path("../fixtures/cli/definitions.ts")
export const weather = path("../../examples/weather/definitions.ts")

/** In the example, the package is its sources. */
const sources = `data:text/javascript,${
  encodeURIComponent(`
    import { registerHooks } from "node:module"
    const sources = ${
    JSON.stringify({
      "effect-assets": new URL("../../src/index.ts", import.meta.url).href,
      "effect-assets/node": new URL("../../src/node/index.ts", import.meta.url).href
    })
  }
    registerHooks({ resolve: (name, context, next) => next(sources[name] ?? name, context) })
  `)
}`

/** Processes take their time where many tests run at once. */
export const slow = { timeout: 120_000 }

/** A directory that is gone afterwards. */
export const temporary: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-assets-cli-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

export interface Options {
  readonly cwd: string
  /** The fixture if it is left out; `undefined` names none. */
  readonly module?: string | undefined
  readonly env?: { readonly [name: string]: string }
}

const argumentsOf = (options: Options, args: ReadonlyArray<string>): Array<string> => {
  const module = "module" in options ? options.module : fixture
  return ["--import", sources, bin, ...(module === undefined ? [] : ["-m", module]), ...args]
}

const environment = (options: Options) => {
  const { CI: _, EFFECT_ASSETS_MODULE: __, FORCE_COLOR: ___, NO_COLOR: ____, NODE_OPTIONS: _____, ...env } = process.env
  return { ...env, TERM: "xterm-256color", ...options.env } as { [name: string]: string } // none is undefined
}

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

/** Runs it with its output piped. */
export const run = (options: Options, ...args: ReadonlyArray<string>): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(process.execPath, argumentsOf(options, args), {
      cwd: options.cwd,
      env: environment(options),
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text) => stderr += text)
    child.once("close", (exitCode) => resume(Effect.succeed({ stdout, stderr, exitCode })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** A shell command in which `ea` is it. */
export const shell = (options: Options, script: string): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const quoted = [process.execPath, ...argumentsOf(options, [])].map((text) => `'${text.replaceAll("'", `'\\''`)}'`)
    const child = spawn("bash", ["-c", `ea() { ${quoted.join(" ")} "$@"; }\n${script}`], {
      cwd: options.cwd,
      env: environment(options),
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text) => stderr += text)
    child.once("close", (exitCode) => resume(Effect.succeed({ stdout, stderr, exitCode })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** It goes on beside the test, piped. */
export const start = (options: Options, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, argumentsOf(options, args), {
        cwd: options.cwd,
        env: environment(options),
        stdio: ["ignore", "pipe", "pipe"]
      })
      const self = { stdout: "", stderr: "" }
      const waiting = new Set<() => void>()
      const came = (name: "stdout" | "stderr") => (text: string) => {
        self[name] += text
        for (const look of waiting) look()
      }
      child.stdout.setEncoding("utf8").on("data", came("stdout"))
      child.stderr.setEncoding("utf8").on("data", came("stderr"))
      const exit = new Promise<number | null>((resolve) => child.once("close", resolve))
      return {
        self,
        kill: (signal: NodeJS.Signals) => Effect.sync(() => void child.kill(signal)),
        exit: Effect.promise(() => exit),
        /** Waits until it has written something. */
        until: (where: "stdout" | "stderr", text: string): Effect.Effect<void> =>
          Effect.callback<void>((resume) => {
            const look = () => {
              if (!self[where].includes(text)) return
              waiting.delete(look)
              resume(Effect.void)
            }
            waiting.add(look)
            look()
          }),
        child
      }
    }),
    ({ child, exit }) => Effect.andThen(Effect.sync(() => void child.kill("SIGKILL")), exit)
  )

/** It runs at a terminal. */
export const terminal = (
  options: Options & { readonly columns?: number; readonly rows?: number },
  ...args: ReadonlyArray<string>
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { columns = 100, rows = 24 } = options
      const pty: IPty = spawnPty(process.execPath, argumentsOf(options, args), {
        cols: columns,
        rows,
        cwd: options.cwd,
        env: environment(options)
      })
      const screen = new Screen(columns)
      const waiting = new Set<() => void>()
      const self = { raw: "", exitCode: undefined as number | undefined }
      pty.onData((data) => {
        self.raw += data
        screen.write(data)
        for (const look of waiting) look()
      })
      const exit = new Promise<number>((resolve) =>
        pty.onExit(({ exitCode }) => {
          self.exitCode = exitCode
          resolve(exitCode)
          for (const look of waiting) look()
        })
      )
      return {
        pty,
        screen,
        self,
        exit: Effect.promise(() => exit),
        type: (keys: string) => Effect.sync(() => pty.write(keys)),
        resize: (columns: number) =>
          Effect.sync(() => {
            screen.resize(columns)
            pty.resize(columns, rows)
          }),
        /** Waits until the screen shows something. */
        until: (seen: (text: string) => boolean): Effect.Effect<void> =>
          Effect.callback<void>((resume) => {
            const look = () => {
              if (seen(screen.text())) {
                waiting.delete(look)
                resume(Effect.void)
              } else if (self.exitCode !== undefined) {
                waiting.delete(look)
                resume(Effect.die(new Error(`it has ended with ${self.exitCode}:\n${screen.text()}`)))
              }
            }
            waiting.add(look)
            look()
          })
      }
    }),
    ({ exit, pty, self }) =>
      self.exitCode === undefined ? Effect.andThen(Effect.sync(() => pty.kill("SIGKILL")), exit) : Effect.void
  )

export const read = (...parts: ReadonlyArray<string>): string => readFileSync(join(...parts), "utf8")
