import { NodeFileSystem, NodePath } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Layer, Logger, PlatformError, Stream } from "effect"
import { Asset, EventLog, Graph, RunLogs, Runtime } from "effect-assets"
import { Local } from "effect-assets/node"
import { TestClock } from "effect/testing"
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-logs-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)
const open = (directory: string) => Effect.provide(RunLogs.makeFiles({ directory }), files)

const entry = (message: string, more: Partial<RunLogs.NewEntry> = {}): RunLogs.NewEntry => ({
  timestamp: 1,
  level: "Info",
  message,
  annotations: {},
  ...more
})
const messages = (entries: ReadonlyArray<RunLogs.Entry>) => entries.map(({ message }) => message)

describe("logs in files", () => {
  it.effect("are there for another program, and go on there", () =>
    Effect.gen(function*() {
      const home = join(yield* directory, "some", "logs")
      const first = yield* open(home)
      assert.deepStrictEqual([yield* first.read("a"), yield* first.runs], [[], []])
      yield* first.append("a", [])
      assert.isFalse(existsSync(home))
      const whole = entry("one\n\u2028\ud800\0two", {
        level: "Error",
        cause: "Error: no\n    at here",
        key: "shop/rain",
        partition: "2024|eu",
        check: "some",
        step: "load",
        annotations: { "": "x", ["__proto__"]: "y" }
      })
      yield* first.append("a", [whole, entry("two")])
      yield* first.append("b", [entry("other")])
      const second = yield* open(home)
      yield* second.append("a", [entry("three")])
      const found = yield* second.read("a")
      assert.deepStrictEqual(found, [{ seq: 1, ...whole }, { seq: 2, ...entry("two") }, { seq: 3, ...entry("three") }])
      assert.deepStrictEqual(messages(yield* second.read("a", { after: 1, limit: 1 })), ["two"])
      assert.deepStrictEqual(messages(yield* second.read("a", { level: "Warn", key: "shop/rain" })), [whole.message])
      assert.deepStrictEqual([...yield* second.runs].sort(), ["a", "b"])
      yield* second.delete(["a", "unknown"])
      assert.deepStrictEqual([yield* second.read("a"), yield* second.runs], [[], ["b"]])
      yield* second.append("a", [entry("anew")])
      assert.deepStrictEqual(yield* second.read("a"), [{ seq: 1, ...entry("anew") }])
      assert.strictEqual(readFileSync(join(home, "run-a.ndjson"), "utf8").trimEnd().split("\n").length, 1)
    }))

  it.effect("stay in their directory, whatever the id of a run is", () =>
    Effect.gen(function*() {
      const parent = yield* directory
      const home = join(parent, "logs")
      const logs = yield* open(home)
      const ids = [
        "../up",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "C:x",
        "con",
        "nul\0",
        "A",
        "a",
        "é",
        "%2E",
        "🎉"
      ]
      for (const id of ids) yield* logs.append(id, [entry(id)])
      for (const id of ids) assert.deepStrictEqual(messages(yield* logs.read(id)), [id])
      assert.deepStrictEqual(readdirSync(parent), ["logs"])
      const names = readdirSync(home)
      assert.strictEqual(new Set(names.map((name) => name.toLowerCase())).size, ids.length)
      assert.deepStrictEqual([...yield* logs.runs].sort(), ids.toSorted())
      for (const id of ["x".repeat(300), "\ud800"]) {
        const refused = yield* Effect.flip(logs.append(id, [entry("x")]))
        assert.match(refused.message, /could not be written: this cannot be the id of a run/)
        assert.deepStrictEqual(yield* logs.read(id), [])
        yield* logs.delete([id])
      }
      // what is not a log is nobody's
      writeFileSync(join(home, "notes.txt"), "x")
      writeFileSync(join(home, "run-%ZZ.ndjson"), "x")
      assert.strictEqual((yield* logs.runs).length, ids.length)
    }))

  it.effect("of a process that was killed are read without the line it has not finished, and go on after it", () =>
    Effect.gen(function*() {
      const home = yield* directory
      const before = yield* open(home)
      yield* before.append("a", [entry("one"), entry("two")])
      const file = join(home, "run-a.ndjson")
      appendFileSync(file, "{\"seq\":3,\"timestamp\":1,\"lev")
      assert.deepStrictEqual(messages(yield* before.read("a")), ["one", "two"])
      const after = yield* open(home)
      yield* after.append("a", [entry("three")])
      appendFileSync(file, "\nnull\n[]\n{\"seq\":\"x\"}\n")
      assert.deepStrictEqual((yield* after.read("a")).map(({ message, seq }) => [seq, message]), [
        [1, "one"],
        [2, "two"],
        [3, "three"]
      ])
    }))

  it.effect("are followed, also when another process writes them", () =>
    Effect.gen(function*() {
      const home = join(yield* directory, "logs")
      const mine = yield* open(home)
      const others = yield* open(home)
      const until = yield* Deferred.make<void>()
      const seen: Array<string> = []
      const following = yield* Effect.forkChild(
        Stream.runForEach(mine.tail("a", { until: Deferred.await(until) }), ({ message }) =>
          Effect.sync(() => void seen.push(message))),
        { startImmediately: true }
      )
      const untilSeen = (count: number) =>
        Effect.repeat(TestClock.adjust("250 millis"), {
          until: () =>
            seen.length >= count
        })
      yield* others.append("a", [entry("1"), entry("2")])
      yield* untilSeen(2)
      // a line that is written in two parts is read when it is whole
      const line = `${JSON.stringify({ seq: 3, ...entry("3") })}\n`
      appendFileSync(join(home, "run-a.ndjson"), line.slice(0, 10))
      yield* TestClock.adjust("1 second")
      appendFileSync(join(home, "run-a.ndjson"), line.slice(10))
      yield* untilSeen(3)
      yield* mine.append("a", [entry("4")])
      yield* Deferred.succeed(until, undefined)
      yield* Fiber.join(following)
      assert.deepStrictEqual(seen, ["1", "2", "3", "4"])
      const rest = mine.tail("a", { after: 2, until: Effect.void })
      assert.deepStrictEqual((yield* Stream.runCollect(rest)).map(({ seq }) => seq), [3, 4])
    }))

  it.effect("tell what went wrong", () =>
    Effect.gen(function*() {
      const home = yield* directory
      writeFileSync(join(home, "file"), "")
      const logs = yield* open(join(home, "file"))
      const refused = yield* Effect.flip(logs.append("a", [entry("x")]))
      assert.strictEqual(refused._tag, "RunLogsError")
      assert.match(refused.message, /The log of the run a could not be written: .*a part of the path is a file/)
      const failing = FileSystem.layerNoop({
        readDirectory: () =>
          Effect.fail(
            PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "readDirectory" })
          )
      })
      const broken = yield* Effect.provide(RunLogs.makeFiles({ directory: home }), [failing, NodePath.layer])
      const unreadable = yield* Effect.flip(broken.runs)
      assert.match(unreadable.message, /The logs of runs could not be read: PermissionDenied/)
    }))
})

describe("Local", () => {
  const a = Asset.make("a", Effect.log("here"))
  const run = (home: string, retention?: EventLog.Retention) =>
    Effect.provide(Runtime.run(Graph.make({ a })), [
      Local.layer({ directory: home, retention }),
      RunLogs.layerCapture,
      Logger.layer([])
    ])
  const logOf = (runId: string) => RunLogs.RunLogs.use((logs) => logs.read(runId))

  it.effect("keeps what runs log, for the next program", () =>
    Effect.gen(function*() {
      const home = yield* directory
      const { id } = yield* run(home)
      assert.isTrue(existsSync(join(home, "logs", `run-${id}.ndjson`)))
      const found = yield* Effect.provide(logOf(id), Local.layer({ directory: home }))
      assert.deepStrictEqual(messages(found), ["here"])
    }))

  it.effect("removes the logs of runs that the event log does not list any more, if it removes anything", () =>
    Effect.gen(function*() {
      const home = yield* directory
      const old = yield* run(home)
      const deleted = yield* run(home)
      yield* TestClock.adjust("10 days")
      const recent = yield* run(home)
      const ids = Effect.map(RunLogs.RunLogs.use((logs) => logs.runs), (ids) => [...ids].sort())
      yield* Effect.gen(function*() {
        yield* EventLog.EventLog.use((log) => log.deleteRuns([deleted.id]))
        assert.strictEqual((yield* ids).length, 3)
      }).pipe(Effect.provide(Local.layer({ directory: home })))
      assert.strictEqual((yield* Effect.provide(ids, Local.layer({ directory: home }))).length, 3)
      const left = yield* Effect.provide(
        Effect.repeat(Effect.tap(ids, () => Effect.yieldNow), { until: (ids) => ids.length < 2 }),
        Local.layer({ directory: home, retention: { RunStarted: "5 days" } })
      )
      assert.deepStrictEqual(left, [recent.id])
      assert.notStrictEqual(old.id, recent.id)
    }))
})
