/** The command line at a real terminal: what is seen while it works, and keys that are pressed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { read, run, slow, temporary, terminal } from "./harness.ts"

const escape = "\u001b"

describe("at a terminal", () => {
  it.live("progress appears, and settles into a table", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const it = yield* terminal(
        { cwd, columns: 90 },
        "materialize",
        `key:"slow/*"`,
        "numbers",
        `key:"日本語/🚀"`,
        "noisy",
        "broken"
      )
      // two assets with their times, and the bar below them
      yield* it.until((text) => /slow\/a +[\d.]+ m?s\n. slow\/b +[\d.]+ m?s\n█+░+ 4\/6 {2}1 failed {2}/.test(text))
      assert.isTrue(it.screen.cursorHidden)
      // what is logged, printed or fails stays above
      assert.match(it.screen.text(), /INFO {2}logged[^]*printed to stdout[^]*slow\/a/)
      yield* it.until((text) => /^. slow\/b +[\d.]+ m?s\n█+░+ 5\/6/m.test(text))
      assert.strictEqual(yield* it.exit, 1)

      const text = it.screen.text()
      assert.isFalse(it.screen.cursorHidden)
      assert.deepStrictEqual(it.screen.unknown, [])
      assert.notMatch(text, /[░⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/)
      assert.match(text, /^ {3}asset +outcome +took +why$/m)
      assert.match(text, /^✓ {2}slow\/b +materialized +[\d.]+ m?s$/m)
      assert.match(text, /^✓ {2}日本語\/🚀 +materialized +\d+ ms$/m)
      assert.match(text, /^✗ broken: Unreachable: The host db\\e\]0;owned\\u0007 does not answer\.$/m)
      assert.include(text.replaceAll("\n", ""), "5 materialized, 1 failed")
      // no frame was written over another without being erased, and none is left
      assert.strictEqual(text.split("slow/b").length - 1, 1)
      assert.include(it.self.raw, `${escape}[32m✓`)
    }).pipe(Effect.scoped), slow)

  it.live(
    "Ctrl-C cancels the run: resources are released, it is recorded, and the exit code is 130",
    () =>
      Effect.gen(function*() {
        const cwd = yield* temporary
        const it = yield* terminal({ cwd }, "materialize", "endless", "numbers")
        yield* it.until((text) => /endless +[\d.]+ m?s\n█+░+ 1\/2/.test(text))
        yield* it.type("\u0003")
        assert.strictEqual(yield* it.exit, 130)
        const text = it.screen.text()
        assert.include(text, "Cancelling the run. Press Ctrl-C again to leave at once.")
        assert.match(text, /^✗ {2}endless +cancelled +cancelled while it was running$/m)
        assert.match(text, /^run \S+ cancelled in .*1 materialized, 1 cancelled/m)
        assert.isFalse(it.screen.cursorHidden)
        assert.strictEqual(read(cwd, "released.txt"), "released\n")
        const { stdout } = yield* run({ cwd }, "runs", "--json")
        assert.strictEqual(JSON.parse(stdout).items[0].status, "Cancelled")
      }).pipe(Effect.scoped),
    slow
  )

  it.live("Ctrl-C again leaves at once, and the cursor is seen", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const it = yield* terminal({ cwd }, "materialize", "stuck")
      yield* it.until((text) => /stuck +[\d.]+ m?s\n/.test(text))
      yield* it.type("\u0003")
      yield* it.until((text) => /^░+ 0\/1 .* cancelling$/m.test(text))
      // what comes at once after the first one is an echo of it
      const at = performance.now()
      yield* it.until(() => performance.now() - at > 100)
      yield* it.type("\u0003")
      assert.strictEqual(yield* it.exit, 130)
      assert.isFalse(it.screen.cursorHidden)
    }).pipe(Effect.scoped), slow)

  it.live("Ctrl-C cancels a backfill, which can be resumed", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const it = yield* terminal(
        { cwd },
        "backfill",
        "slow_days",
        "--max-runs",
        "1",
        "--partitions",
        "2024-01-01..2024-01-08"
      )
      yield* it.until((text) => / [23]\/8/.test(text))
      yield* it.type("\u0003")
      assert.strictEqual(yield* it.exit, 130)
      const id = /^backfill (\S+) cancelled in /m.exec(it.screen.text())?.[1]
      assert.isDefined(id)
      const resumed = yield* run({ cwd }, "backfill", "--resume", id, "--per-run", "8")
      assert.strictEqual(resumed.exitCode, 0, resumed.stderr)
      assert.match((yield* run({ cwd }, "list", "slow_days")).stdout, / 8\/31 /)
    }).pipe(Effect.scoped), slow)

  it.live("the terminal may change its width while lines are drawn", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const it = yield* terminal({ cwd, columns: 100 }, "materialize", `key:"slow/*"`, "numbers")
      yield* it.until((text) => text.includes("█"))
      yield* it.resize(40)
      yield* it.until((text) => /^█+░* \d\/3 {2}[\d.]+ m?s$/m.test(text.split("\n").at(-1)!) && text.length < 200)
      assert.strictEqual(yield* it.exit, 0)
      assert.strictEqual(it.screen.text().split("slow/b").length - 1, 1)
      assert.notMatch(it.screen.text(), /░/)
      assert.deepStrictEqual(it.screen.unknown, [])
    }).pipe(Effect.scoped), slow)

  it.live("a list is in colours and fits; NO_COLOR is respected", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const coloured = yield* terminal({ cwd, columns: 50 }, "list")
      assert.strictEqual(yield* coloured.exit, 0)
      assert.include(coloured.self.raw, `${escape}[1m`)
      for (const line of coloured.screen.text().split("\n")) assert.isAtMost(line.length, 50)
      assert.lengthOf(coloured.screen.text().split("\n"), 17)
      const plain = yield* terminal({ cwd, env: { NO_COLOR: "1" } }, "list")
      assert.strictEqual(yield* plain.exit, 0)
      assert.notInclude(plain.self.raw, `${escape}[`)
    }).pipe(Effect.scoped), slow)

  it.live("wipe asks first", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      yield* run({ cwd }, "materialize", "numbers")
      const no = yield* terminal({ cwd }, "wipe", "numbers")
      yield* no.until((text) => text.endsWith("Forget the history of 1 asset (numbers)? [y/N]"))
      yield* no.type("\r")
      assert.strictEqual(yield* no.exit, 1)
      assert.include(no.screen.text(), "Nothing was forgotten.")
      const yes = yield* terminal({ cwd }, "wipe", "numbers")
      yield* yes.until((text) => text.endsWith("[y/N]"))
      yield* yes.type("y\r")
      assert.strictEqual(yield* yes.exit, 0)
      assert.include(yes.screen.text(), "The history of 1 asset is forgotten. Stored values stay as they are.")
      assert.isTrue(existsSync(join(cwd, ".assets/storage/numbers.json")))
    }).pipe(Effect.scoped), slow)

  it.live("dev serves until Ctrl-C, and loads definitions anew", () =>
    Effect.gen(function*() {
      const cwd = yield* temporary
      const it = yield* terminal({ cwd, columns: 200 }, "dev", "--port", "0")
      yield* it.until((text) => /The web UI is at http:\/\/127\.0\.0\.1:\d+\n[^]*16 assets/.test(text))
      const url = /http:\/\/\S+/.exec(it.screen.text())![0]
      const deployment = yield* Effect.promise(() => fetch(`${url}/api/deployment`).then((response) => response.json()))
      assert.strictEqual((deployment as { assets: number }).assets, 16)
      yield* Effect.promise(() =>
        fetch(`${url}/api/reload`, { method: "POST", headers: { "content-type": "application/json" } })
      )
      yield* it.until((text) => text.includes("16 assets, loaded anew"))
      yield* it.type("\u0003")
      assert.strictEqual(yield* it.exit, 130)
      assert.include(it.screen.text(), "Stopping.")
    }).pipe(Effect.scoped), slow)
})
