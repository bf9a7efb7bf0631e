/**
 * What is written: results to stdout, everything else to stderr, and on a terminal the lines at its bottom that change.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { type Paint, painter, visible, visibleLines, width } from "./text.ts"

/** Where something is written to. */
export interface Target {
  readonly isTerminal: boolean
  readonly paint: Paint
  /** How wide it is: `Infinity` for what is no terminal. */
  readonly columns: () => number
  readonly rows: () => number
}

/** What is written. */
export interface Service {
  readonly stdout: Target
  readonly stderr: Target
  /** A result: to stdout, with a line break. */
  readonly print: (text: string) => Effect.Effect<void>
  /** What is no result: to stderr, with a line break. */
  readonly tell: (text: string) => Effect.Effect<void>
  /** The lines at the bottom of the terminal, instead of those before; none takes them away. */
  readonly draw: (lines: ReadonlyArray<string>) => Effect.Effect<void>
}

/** What is written. */
export class Output extends Context.Service<Output, Service>()("effect-assets/cli/output") {}

/** A stream of Node, or what stands for one. */
export interface Writable {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly write: (text: string, done?: (error?: Error | null) => void) => boolean
}

/** What is known of the surroundings. */
export interface Options {
  readonly env: { readonly [name: string]: string | undefined }
  /** `false` for `--no-color`. */
  readonly colour: boolean
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ""

/** Whether to write in colours: `--no-color` and NO_COLOR say no, FORCE_COLOR yes; else terminals have them. */
export const hasColour = (isTerminal: boolean, { colour, env }: Options): boolean => {
  if (!colour || isSet(env.NO_COLOR)) return false
  if (isSet(env.FORCE_COLOR)) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR!.toLowerCase() !== "false"
  return isTerminal && env.TERM !== "dumb"
}

/** How many lines of the terminal some lines take. */
const height = (lines: ReadonlyArray<string>, columns: number): number =>
  lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(line) / columns)), 0)

/** What takes lines away that were drawn: the cursor goes to their beginning, and everything after it is erased. */
const erase = (lines: ReadonlyArray<string>, columns: number): string =>
  lines.length === 0 ? "" : `\r${up(height(lines, columns))}\u001b[J`

const up = (lines: number): string => lines > 0 ? `\u001b[${lines}A` : ""

/**
 * What replaces lines at the bottom by others. Lines are overwritten and what is left of them erased after that, so that
 * nothing flickers.
 */
const replace = (before: ReadonlyArray<string>, after: ReadonlyArray<string>, columns: number): string =>
  before.length === 0
    ? after.map((line) => `${line}\n`).join("")
    : `\r${up(height(before, columns))}${after.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`

// a terminal that knows this shows what is between at once; others ignore it
const together = (text: string): string => text === "" ? "" : `\u001b[?2026h${text}\u001b[?2026l`
const hideCursor = "\u001b[?25l"
const showCursor = "\u001b[?25h"

/** Writes to two streams, which may be the same terminal. */
export const make = (
  options: Options & {
    readonly stdout: Writable
    readonly stderr: Writable
    /** Nobody reads what is written any more, or it cannot be written. */
    readonly onClosed: (error: Error) => void
  }
) => {
  const { stderr, stdout } = options
  let drawn: ReadonlyArray<string> = []
  let closed = false

  const target = (stream: Writable): Target => ({
    isTerminal: stream.isTTY === true && options.env.TERM !== "dumb",
    paint: painter(hasColour(stream.isTTY === true, options)),
    columns: () =>
      stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : Infinity,
    rows: () => stream.isTTY === true && stream.rows !== undefined && stream.rows > 0 ? stream.rows : 24
  })
  const [out, err] = [target(stdout), target(stderr)]

  const failed = (error: Error) => {
    if (closed) return
    closed = true
    drawn = []
    options.onClosed(error)
  }
  const write = (stream: Writable, text: string, done?: () => void): void => {
    if (closed) return done?.()
    stream.write(text, (error) => {
      if (error !== undefined && error !== null) failed(error)
      done?.()
    })
  }

  /** Writes above the lines that are drawn. */
  const above = (stream: Writable, text: string, done?: () => void): void => {
    if (drawn.length === 0 || stream.isTTY !== true) return write(stream, text, done)
    write(stdout, erase(drawn, out.columns()))
    write(stream, text.endsWith("\n") ? text : `${text}\n`)
    write(stdout, replace([], drawn, out.columns()), done)
  }

  const draw = (lines: ReadonlyArray<string>): void => {
    if (lines.length === 0) {
      if (drawn.length > 0) write(stdout, together(erase(drawn, out.columns())) + showCursor)
    } else write(stdout, (drawn.length === 0 ? hideCursor : "") + together(replace(drawn, lines, out.columns())))
    drawn = closed ? [] : lines
  }

  const written = (stream: Writable, text: string): Effect.Effect<void> =>
    Effect.callback<void>((resume) => above(stream, `${text}\n`, () => resume(Effect.void)))

  const service: Service = {
    stdout: out,
    stderr: err,
    print: (text) => written(stdout, text),
    tell: (text) => written(stderr, text),
    draw: (lines) => Effect.sync(() => draw(lines))
  }
  return {
    service,
    /** Writes to stderr at once, for what is no Effect. */
    tell: (text: string): void => above(stderr, text),
    /** Takes away what is drawn. */
    close: (): void => draw([]),
    failed
  }
}

const looks = { Fatal: "red", Error: "red", Warn: "yellow", Info: "blue", Debug: "dim", Trace: "dim" } as const

/** What programs log, a line each, to stderr. */
export const makeLogger = (write: (text: string) => void, paint: Paint): Logger.Logger<unknown, void> =>
  Logger.make<unknown, void>(({ cause, date, fiber, logLevel, message }) => {
    const parts = Array.isArray(message) ? message : [message]
    const [text = "", ...more] = parts.flatMap((part) => visibleLines(shown(part)).join("\n")).join(" ").split("\n")
    const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations)).flatMap(([name, value]) =>
      // there is one run, and it is named elsewhere
      name === "runId" ? [] : ` ${paint("dim", `${visible(name)}=${visible(shown(value))}`)}`
    )
    const lines = [
      `${paint("dim", date.toISOString().slice(11, 23))} ${
        paint(logLevel in looks ? looks[logLevel as keyof typeof looks] : undefined, logLevel.toUpperCase().padEnd(5))
      } ${text}${annotations.join("")}`,
      ...more.map((line) => `  ${line}`),
      ...(cause.reasons.length === 0 ? [] : visibleLines(Cause.pretty(cause)).map((line) => `  ${line}`))
    ]
    write(`${lines.join("\n")}\n`)
  })

const shown = (value: unknown): string => {
  if (typeof value === "string") return value
  if (value instanceof Error) return value.stack ?? String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

/** The logger in place of the others. */
export const layerLogger = (logger: Logger.Logger<unknown, void>): Layer.Layer<never> => Logger.layer([logger])
