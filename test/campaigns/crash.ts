/**
 * Kills processes at random moments, and looks at what they leave behind.
 */
import { assert } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, Schema, type Scope, Stream } from "effect"
import { type Asset, EventLog, type Graph, IOManager, Runtime } from "effect-assets"
import { Local } from "effect-assets/node"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { deserialize } from "node:v8"
import { assetsGraph, cellOf, damage, daysGraph, randomOf, type Value } from "./crashGraphs.ts"

export const temporary: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "assets-crash-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

// ---------------------------------------------------------------------------------------------------------------------
// processes
// ---------------------------------------------------------------------------------------------------------------------

/** A process that has ended, and what it printed. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: ReadonlyArray<string>
  readonly stderr: string
}

/** Sources that are compiled once for all processes. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/crash") }

/** Runs a process of `crashProcess.ts`. Is told of each line that it prints, and may send it signals. */
export const run = (
  args: ReadonlyArray<string>,
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
  shell?: string
): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const command = [process.execPath, join(import.meta.dirname, "crashProcess.ts"), ...args]
    const [file = "", ...rest] = shell === undefined
      ? command
      : ["/bin/sh", "-c", `${shell}; exec "$@"`, "sh", ...command]
    const child = spawn(file, rest, { env, stdio: ["ignore", "pipe", "pipe"] })
    const lines: Array<string> = []
    let stdout = ""
    let stderr = ""
    child.stderr.on("data", (chunk: Buffer) => stderr += chunk.toString())
    child.stdout.on("data", (chunk: Buffer) => {
      const [...complete] = (stdout + chunk.toString()).split("\n")
      stdout = complete.pop()!
      for (const line of complete) {
        lines.push(line)
        onLine(line, (signal) => void child.kill(signal))
      }
    })
    child.on("close", (code, signal) => resume(Effect.succeed({ code, signal, lines, stderr })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** When a process is killed: so long after it begins to open its storage, or when it has computed so much more. */
type Moment = { readonly afterMillis: number } | { readonly atBytes: number; readonly afterMillis: number }

const killed = (args: ReadonlyArray<string>, directory: string, moment: Moment): Effect.Effect<Ended> => {
  let watch: NodeJS.Timeout | undefined
  const ended = run(args, (line, kill) => {
    if (line !== "opening") return
    const atBytes = "atBytes" in moment ? moment.atBytes : 0
    watch = setInterval(() => {
      if (sizeOf(join(directory, "computed.log")) < atBytes) return
      clearInterval(watch)
      setTimeout(() => kill("SIGKILL"), moment.afterMillis)
    }, 1)
  })
  return Effect.ensuring(ended, Effect.sync(() => clearInterval(watch)))
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

// ---------------------------------------------------------------------------------------------------------------------
// what is left behind
// ---------------------------------------------------------------------------------------------------------------------

export type Kind = "assets" | "days"

const graphs = { assets: assetsGraph(() => undefined), days: daysGraph(() => undefined) }

/** What is stored of each cell: the digest of its value, or that it is void. */
type Stored = ReadonlyMap<string, string>

/** What a directory holds. */
export interface Found {
  readonly materialized: Stored
  readonly runs: ReadonlyArray<EventLog.RunRecord>
  /** How often each cell was computed. */
  readonly computed: ReadonlyMap<string, number>
  /** How many unfinished files there are. */
  readonly unfinished: number
}

const day = 86_400_000

/** The days that an event is about. */
const partitionsOf = ({ partition, partitions }: EventLog.AssetMaterialized): ReadonlyArray<string | undefined> => {
  if (partition !== undefined || partitions === undefined) return [partition]
  if (partitions._tag !== "Windows") return assert.fail(`unexpected ${partitions._tag}`)
  return partitions.intervals.flatMap(([start, end]) =>
    Array.from({ length: (end - start) / day }, (_, n) => new Date(start + n * day).toISOString().slice(0, 10))
  )
}

/** The cell that an input leads to. */
const cellRead = (name: string, partition: string | undefined): string | undefined => {
  if (partition === undefined) return name
  if (name !== "before") return cellOf(name, partition)
  const before = new Date(Date.parse(partition) - day).toISOString().slice(0, 10)
  return before < "2012" ? undefined : cellOf("ground", before)
}

const computedIn = (directory: string): ReadonlyMap<string, number> => {
  const file = join(directory, "computed.log")
  const counts = new Map<string, number>()
  if (!existsSync(file)) return counts
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue
    const cell = line.slice(line.indexOf(" ") + 1)
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  return counts
}

/** Every file but those that were not finished is a whole value. Gives how many were not. */
const inspectFiles = (directory: string): number => {
  if (!existsSync(directory)) return 0
  let unfinished = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    if (entry.name.startsWith(".") && entry.name.endsWith(".tmp")) {
      unfinished++
      continue
    }
    const bytes = readFileSync(join(entry.parentPath, entry.name))
    const value: unknown = entry.name.endsWith(".json") ? JSON.parse(bytes.toString()) : deserialize(bytes)
    assert.isUndefined(damage(value), entry.name)
  }
  return unfinished
}

const byKey = <A>(states: ReadonlyMap<string, A>) => [...states].sort(([a], [b]) => a < b ? -1 : 1)

/** Asserts that what a process has left behind is sound, and tells what it is. */
export const inspect = Effect.fnUntraced(function*(kind: Kind, directory: string) {
  const file = join(directory, "events.db")
  if (existsSync(file)) {
    const db = new DatabaseSync(file)
    assert.deepEqual(db.prepare("PRAGMA integrity_check").all(), [{ integrity_check: "ok" }])
    db.close()
  }
  return yield* Effect.gen(function*() {
    const log = yield* EventLog.EventLog
    const events = yield* Stream.runCollect(log.events({}))
    assert.deepStrictEqual(events.map(({ cursor }) => cursor), events.map((_, at) => at + 1))

    // the tables of states tell what the events tell
    const memory = yield* EventLog.makeMemory
    // what remains is the event as it was appended
    yield* memory.append(events.map(({ cursor: _, ...event }) => event as EventLog.Event))
    assert.deepStrictEqual(byKey(yield* log.versions()), byKey(yield* memory.versions()))
    assert.deepStrictEqual(byKey(yield* log.outcomes()), byKey(yield* memory.outcomes()))
    const runs = yield* log.runs({})
    assert.deepStrictEqual(runs, yield* memory.runs({}))

    // tells the data version of a value, and does not write it
    const nowhere = yield* Effect.provide(IOManager.makeFileSystem({ directory: "nowhere" }), noFiles)
    const recorded = new Map<string, EventLog.AssetMaterialized>()
    const materialized = new Map<string, string>()
    const values = new Map<string, Value>()
    const assets = graphs[kind].assets
    for (const event of events) {
      if (event._tag !== "AssetMaterialized") continue
      const asset = assets[event.key]!
      for (const partition of partitionsOf(event)) {
        const cell = cellOf(event.key, partition)
        assert.isFalse(recorded.has(cell), `${cell} was recorded twice`)
        recorded.set(cell, event)
        if (!event.stored) {
          materialized.set(cell, "void")
          continue
        }
        const value = yield* load(asset, partition)
        assert.isUndefined(damage(value), cell)
        // that is what `damage` tells
        const whole = value as Value
        assert.strictEqual(whole.cell, cell)
        values.set(cell, whole)
        materialized.set(cell, whole.digest)
        // nobody else has computed it
        assert.strictEqual(whole.runId, event.runId, cell)
        const { dataVersion } = event.byPartition?.[partition ?? ""] ?? event
        // definitions take schemas that need no services
        const saved = yield* nowhere.save(
          value,
          IOManager.slot(event.key, { schema: asset.schema as IOManager.Slot["schema"] })
        )
        const given = Schema.is(Digest)(dataVersion) ? whole.digest : saved?.dataVersion
        assert.strictEqual(dataVersion, given, cell)
      }
    }
    // values belong to the versions that they were computed from
    for (const [cell, { inputs }] of values) {
      const [, partition] = cell.split("@")
      const { inputVersions } = recorded.get(cell)!.byPartition?.[partition ?? ""] ?? recorded.get(cell)!
      for (const [name, digest] of Object.entries(inputs)) {
        const upstream = cellRead(name, partition)
        const stored = upstream === undefined ? undefined : materialized.get(upstream)
        assert.strictEqual(digest, stored ?? "none", `${cell} read ${upstream}`)
        if (kind === "assets" && stored !== undefined) {
          assert.strictEqual(inputVersions[name], recorded.get(name)!.dataVersion, `${cell} read ${name}`)
        }
      }
    }
    const found: Found = {
      materialized,
      runs,
      computed: computedIn(directory),
      unfinished: inspectFiles(join(directory, "storage"))
    }
    return found
  }).pipe(Effect.provide(Local.layer({ directory })))
})

/** A data version that a program has given. */
const Digest = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

const noFiles = Layer.merge(
  Path.layer,
  FileSystem.layerNoop({
    makeDirectory: () => Effect.void,
    writeFile: () => Effect.void,
    rename: () => Effect.void,
    remove: () => Effect.void
  })
)

/** The asset is of any type, so what it needs is unknown to the compiler: it is the storage. */
const load = (asset: Asset.Any, partition: string | undefined) =>
  Runtime.load(asset, { partition }) as Effect.Effect<unknown, IOManager.IOManagerError, IOManager.IOManager>

/** What there is in the end if nothing is killed: here in memory, in one run. */
const expected = (kind: Kind): Effect.Effect<Stored, Runtime.RunError | IOManager.IOManagerError> =>
  Effect.gen(function*() {
    const graph = graphs[kind]
    // as with `load`
    const run = yield* Runtime.run(graph, kind === "days" ? { partitions: "all" } : {}) as Effect.Effect<
      Runtime.Run<Graph.Assets>,
      Runtime.RunError,
      EventLog.EventLog | IOManager.IOManager
    >
    assert.strictEqual(run.status, "Succeeded")
    const stored = new Map<string, string>()
    for (const outcome of Runtime.outcomes(run)) {
      if (outcome._tag !== "Materialized") continue
      const { key, partition } = outcome
      const value = outcome.stored ? yield* load(graph.assets[key]!, partition) : undefined
      stored.set(cellOf(key, partition), outcome.stored ? (value as Value).digest : "void")
    }
    return stored
  }).pipe(Effect.provide(Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)))

// ---------------------------------------------------------------------------------------------------------------------
// campaigns
// ---------------------------------------------------------------------------------------------------------------------

/** What a campaign has met. */
export interface Report {
  readonly kills: number
  readonly killsWhileOpening: number
  readonly killsWithoutRun: number
  readonly completions: number
  readonly unfinishedFiles: number
  readonly computedAgain: number
}

/**
 * Kills processes that follow each other in one directory, then lets one end; and so on in new directories, until so many
 * were killed.
 */
export const campaign = Effect.fnUntraced(function*(kind: Kind, kills: number, seed: number) {
  const random = randomOf(seed)
  const whole = yield* expected(kind)
  // each line has the id of the run, two separators and the cell
  const bytesOf = (cells: Iterable<string>) => Array.from(cells).reduce((sum, cell) => sum + 38 + cell.length, 0)
  const total = bytesOf(whole.keys())
  const report: { -readonly [K in keyof Report]: Report[K] } = {
    kills: 0,
    killsWhileOpening: 0,
    killsWithoutRun: 0,
    completions: 0,
    unfinishedFiles: 0,
    computedAgain: 0
  }
  while (report.kills < kills) {
    yield* Effect.scoped(Effect.gen(function*() {
      const directory = yield* temporary
      const args = [kind, directory, ["1", "7", "all"][random(3)]!]
      let before: Found | undefined
      const look = Effect.gen(function*() {
        const found = yield* inspect(kind, directory)
        for (const cell of before?.materialized.keys() ?? []) {
          assert.strictEqual(found.computed.get(cell), before!.computed.get(cell), `${cell} was computed again`)
        }
        before = found
        return found
      })
      for (let left = 3 + random(3); left > 0 && report.kills < kills; left--) {
        const opening = random(5) === 0
        const fraction = random(1000) / 1000
        const done = before === undefined ? 0 : bytesOf(before.materialized.keys())
        const moment: Moment = opening
          ? { afterMillis: random(60) }
          : {
            atBytes: sizeOf(join(directory, "computed.log")) + Math.max(1, Math.floor(fraction * (total - done))),
            afterMillis: random(4)
          }
        const { code, lines, signal, stderr } = yield* killed(args, directory, moment)
        if (signal !== "SIGKILL") {
          // it was faster
          assert.deepStrictEqual([code, lines, stderr], [0, ["opening", "Succeeded"], ""])
          break
        }
        assert.strictEqual(stderr, "")
        report.kills++
        if (opening) report.killsWhileOpening++
        const found = yield* look
        if (found.runs.length === 0) report.killsWithoutRun++
        // so little is left that it would not be met
        if (whole.size - found.materialized.size < 5) break
      }
      const { code, lines, stderr } = yield* run(args)
      assert.deepStrictEqual([code, lines, stderr], [0, ["opening", "Succeeded"], ""])
      const found = yield* look
      assert.deepStrictEqual(byKey(found.materialized), byKey(whole))
      // the runs that were killed are known to have ended
      assert.deepStrictEqual(found.runs.filter(({ status }) => status === "Running"), [])
      report.completions++
      report.unfinishedFiles += found.unfinished
      for (const count of found.computed.values()) report.computedAgain += count - 1
    }))
  }
  const ended: Report = report
  return ended
})
