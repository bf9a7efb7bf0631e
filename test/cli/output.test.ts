import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import * as Output from "../../src/cli/output.ts"
import { Screen } from "./screen.ts"

/** A terminal of which both streams are, and a file. */
const terminal = (columns: number, options: { readonly stdout?: boolean; readonly stderr?: boolean } = {}) => {
  const screen = new Screen(columns)
  const file: Array<string> = []
  let width = columns
  let broken: Error | undefined
  const stream = (isTTY: boolean): Output.Writable => ({
    isTTY,
    get columns() {
      return width
    },
    rows: 24,
    write: (text, done) => {
      if (broken === undefined) {
        if (isTTY) screen.write(text.replaceAll("\n", "\r\n"))
        else file.push(text)
      }
      done?.(broken)
      return true
    }
  })
  let closed = 0
  const output = Output.make({
    env: {},
    colour: true,
    stdout: stream(options.stdout ?? true),
    stderr: stream(options.stderr ?? true),
    onClosed: () => closed++
  })
  return {
    ...output,
    screen,
    file,
    resize: (columns: number) => {
      width = columns
      screen.resize(columns)
    },
    break: () => broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" }),
    closed: () => closed
  }
}

describe("output", () => {
  it.effect("draws lines that change, below what stays", () =>
    Effect.gen(function*() {
      const { screen, service } = terminal(40)
      yield* service.print("before")
      yield* service.draw(["a 1", "b 1", "bar"])
      assert.strictEqual(screen.text(), "before\na 1\nb 1\nbar")
      assert.isTrue(screen.cursorHidden)
      yield* service.draw(["b longer", "bar"])
      assert.strictEqual(screen.text(), "before\nb longer\nbar")
      yield* service.print("✓ a")
      yield* service.tell("a log\nof two lines")
      assert.strictEqual(screen.text(), "before\n✓ a\na log\nof two lines\nb longer\nbar")
      yield* service.draw([])
      assert.strictEqual(screen.text(), "before\n✓ a\na log\nof two lines")
      assert.isFalse(screen.cursorHidden)
      yield* service.print("end")
      assert.strictEqual(screen.text(), "before\n✓ a\na log\nof two lines\nend")
      assert.deepStrictEqual(screen.unknown, [])
    }))

  it.effect("draws anew after the terminal has become narrower or wider", () =>
    Effect.gen(function*() {
      const { resize, screen, service } = terminal(40)
      yield* service.print("before")
      yield* service.draw(["x".repeat(35), "y".repeat(30)])
      resize(20)
      yield* service.draw(["x".repeat(15), "y".repeat(10)])
      assert.strictEqual(screen.text(), `before\n${"x".repeat(15)}\n${"y".repeat(10)}`)
      resize(60)
      yield* service.draw(["x".repeat(50)])
      assert.strictEqual(screen.text(), `before\n${"x".repeat(50)}`)
    }))

  it.effect("puts what a program prints above the lines, be it without an end", () =>
    Effect.gen(function*() {
      const { screen, service, tell } = terminal(40)
      yield* service.draw(["bar"])
      tell("no end")
      assert.strictEqual(screen.text(), "no end\nbar")
    }))

  it.effect("leaves a file alone", () =>
    Effect.gen(function*() {
      const { file, screen, service } = terminal(40, { stderr: false })
      yield* service.draw(["bar"])
      yield* service.tell("to the file")
      assert.deepStrictEqual(file, ["to the file\n"])
      assert.strictEqual(screen.text(), "bar")
    }))

  it.effect("tells once that nobody reads, and writes no more", () =>
    Effect.gen(function*() {
      const it = terminal(40)
      it.break()
      yield* it.service.print("a")
      yield* it.service.print("b")
      yield* it.service.draw(["bar"])
      assert.strictEqual(it.closed(), 1)
    }))

  it("is in colours where it should be", () => {
    const has = (isTerminal: boolean, env: { [name: string]: string }, colour = true) =>
      Output.hasColour(isTerminal, { env, colour })
    assert.isTrue(has(true, {}))
    assert.isFalse(has(false, {}))
    assert.isFalse(has(true, { TERM: "dumb" }))
    assert.isFalse(has(true, { NO_COLOR: "1" }))
    assert.isTrue(has(true, { NO_COLOR: "" }))
    assert.isTrue(has(false, { FORCE_COLOR: "1" }))
    assert.isFalse(has(true, { FORCE_COLOR: "0" }))
    assert.isFalse(has(false, { FORCE_COLOR: "1", NO_COLOR: "1" }))
    assert.isFalse(has(true, { FORCE_COLOR: "1" }, false))
  })

  it.effect("logs a line for each message, with nothing that acts on the terminal", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Output.makeLogger((text) => lines.push(text), (_, text) => text)
      yield* Effect.gen(function*() {
        yield* Effect.logWarning("a\u001b[2J", { rows: 3 })
        yield* Effect.logError("two\nlines").pipe(Effect.annotateLogs({ asset: "x\u0007", runId: "r" }))
      }).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(lines.map((line) => line.slice(13)), [
        `WARN  a\\e[2J {"rows":3}\n`,
        "ERROR two asset=x\\u0007\n  lines\n"
      ])
    }))
})
