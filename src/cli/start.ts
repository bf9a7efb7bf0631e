/**
 * The process: its streams, signals and exit code.
 */
import * as Cause from "effect/Cause"
import { isCliError } from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import { CliFailure, exitCodes } from "./failure.ts"
import * as Host from "./host.ts"
import { main } from "./main.ts"
import * as Output from "./output.ts"
import { visibleLines } from "./text.ts"

const signals = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: 129 } as const

type Signal = keyof typeof signals

/** A shell or npm may pass on what the terminal has sent already. */
const echoMillis = 50

/** Nobody reads what is written. */
const closedPipe = 141

const version = (): string =>
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version as string // it is ours

const platform = async () => {
  try {
    return (await import("@effect/platform-node/NodeServices")).layer
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause // an error of Node has a code
    process.stderr.write(
      "effect-assets needs the package @effect/platform-node: npm install @effect/platform-node@4.1.0\n"
    )
    process.exit(exitCodes.definitions)
  }
}

/** Runs the command with the arguments of the process, and ends the process. */
export const start = async (): Promise<void> => {
  const args = process.argv.slice(2)
  const services = await platform()
  const { stderr, stdout } = process
  const write = { stdout: stdout.write.bind(stdout), stderr: stderr.write.bind(stderr) }

  let closed = false
  let unwritable: Error | undefined
  let signal: Signal | undefined
  let signalledAt = 0
  const before = args.includes("--") ? args.slice(0, args.indexOf("--")) : args
  const output = Output.make({
    env: process.env,
    colour: !before.includes("--no-color"),
    stdout: stream(stdout, write.stdout),
    stderr: stream(stderr, write.stderr),
    onClosed: (error) => {
      closed = true
      if (isUnwritable(error)) unwritable = error
      fiber?.interruptUnsafe()
    }
  })
  for (const each of [stdout, stderr]) each.on("error", output.failed)
  // what a program prints is no result of the command: it would end up between lines of JSON
  const redirected = ((chunk: string | Uint8Array, ...rest: ReadonlyArray<unknown>) => {
    output.tell(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString())
    const done = rest.find((argument) => typeof argument === "function")
    if (done !== undefined) process.nextTick(done as () => void) // it is the callback of write
    return true
  }) as typeof stdout.write // its overloads
  const leave = process.exit.bind(process)
  process.exit = Host.refuseExit
  // completions are printed by others, and nothing else is then
  if (!before.some((argument) => argument.startsWith("--completions"))) stdout.write = stderr.write = redirected

  const host: Host.Host = { goesOn: false }
  const program = Effect.provide(main(args, version()), [
    services,
    Layer.succeed(Host.Host, host),
    Layer.succeed(Output.Output, output.service),
    Output.layerLogger(Output.makeLogger(output.tell, output.service.stderr.paint))
  ])
  const fiber = Effect.runFork(program)
  const onSignal = (name: Signal) => {
    const now = performance.now()
    if (signal === undefined) {
      signal = name
      signalledAt = now
      fiber.interruptUnsafe()
    } else if (now - signalledAt > echoMillis) {
      output.close()
      leave(signals[signal])
    }
  }
  let crashed = false
  process.on("uncaughtException", (error) => {
    output.tell(`${output.service.stderr.paint("red", "error:")} ${Host.uncaught(error)}\n`)
    if (host.goesOn || crashed) return
    crashed = true
    fiber.interruptUnsafe()
  })
  for (const name of Object.keys(signals) as Array<Signal>) process.on(name, onSignal) // the record has no others
  // the process lives as long as the command does, whatever it waits for
  const alive = setInterval(() => {}, 2 ** 30)

  const exit = await new Promise<Exit.Exit<void, unknown>>((resolve) => fiber.addObserver(resolve))
  clearInterval(alive)
  output.close()
  process.exitCode = signal !== undefined
    ? signals[signal]
    : crashed
    ? exitCodes.failed
    : unwritable !== undefined
    ? exitCodes.unavailable
    : closed
    ? Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? closedPipe : exitCodes.ok
    : exitCodeOf(exit, output)
  // not by the output, which is closed
  if (unwritable !== undefined) write.stderr(`error: The output cannot be written: ${unwritable.message}\n`, () => {})
  // what a module of the user has left open does not keep the process alive, and what was written is not lost
  await Promise.all([write.stdout, write.stderr].map((write) => new Promise((resolve) => write("", resolve))))
  leave()
}

/** Not of a reader that has gone. */
const isUnwritable = (error: Error): boolean =>
  !("code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED"))

const stream = (target: NodeJS.WriteStream, write: typeof target.write): Output.Writable => ({
  get isTTY() {
    return target.isTTY
  },
  get columns() {
    return target.columns
  },
  get rows() {
    return target.rows
  },
  write: (text, done) => write(text, done)
})

/** The exit code of how the command has ended. Tells why, if nothing else has. */
const exitCodeOf = (exit: Exit.Exit<void, unknown>, { service, tell }: ReturnType<typeof Output.make>): number => {
  if (Exit.isSuccess(exit)) return exitCodes.ok
  const error = Cause.squash(exit.cause)
  const label = service.stderr.paint("red", "error:")
  if (error instanceof CliFailure) {
    if (error.message !== "") tell(`${label} ${error.message}\n`)
    return error.exitCode
  }
  if (isCliError(error)) {
    // help was asked for, or what is wrong has been told
    return error._tag === "ShowHelp" && error.errors.length === 0 ? exitCodes.ok : exitCodes.usage
  }
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCodes.interrupted
  tell(`${label} ${visibleLines(Cause.pretty(exit.cause)).join("\n")}\n`)
  return exitCodes.failed
}
