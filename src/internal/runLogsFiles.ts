/**
 * The logs of runs in files: one for each run, a line of JSON for each entry.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as RunLogs from "../RunLogs.ts"
import { follow, selected, Waiting } from "./runLogs.ts"

/** What the module of run logs gives to its own implementation. */
export interface Environment {
  /** `undefined` for a line that is no entry. */
  readonly decode: (line: string) => RunLogs.Entry | undefined
  readonly fail: (
    operation: RunLogs.RunLogsError["operation"],
    runId: string | undefined,
    cause: unknown
  ) => RunLogs.RunLogsError
  /** How often a file is looked at that another process may write. */
  readonly pollInterval: Effect.Effect<Duration.Input>
}

/** The last number of an entry is remembered of so many runs; of others it is read from their files. */
const maxKnown = 1000
/** File systems take names of 255 bytes. */
const maxName = 200
const extension = ".ndjson"
const newline = 10

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Neither a path, nor hidden, nor the name of a device; and different ones also where case is ignored. */
const fileName = (runId: string): string =>
  `run-${
    runId.replaceAll(/[^a-z0-9_-]/gu, (char) =>
      Array.from(encoder.encode(char), (byte) =>
        `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""))
  }`

const runIdOf = (file: string): ReadonlyArray<string> => {
  if (!file.startsWith("run-") || !file.endsWith(extension)) return []
  try {
    return [decodeURIComponent(file.slice("run-".length, -extension.length))]
  } catch {
    return []
  }
}

/**
 * Keeps logs in the files of a directory.
 *
 * @internal
 */
export const makeFiles = Effect.fnUntraced(function*(
  { decode, fail, pollInterval }: Environment,
  directory: string
): Effect.fn.Return<RunLogs.Service, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.resolve(directory)
  const lock = yield* Semaphore.make(1)
  const known = new Map<string, number>()
  const waiting = new Waiting()

  /** `undefined` for what cannot be the id of a run that has a log. */
  const fileOf = (runId: string): string | undefined => {
    const name = fileName(runId)
    return name.length > maxName || !runId.isWellFormed() ? undefined : path.join(root, name + extension)
  }

  /** The bytes of a file from a place on; none if there is no such file. */
  const bytesFrom = (file: string, offset: number): Effect.Effect<Uint8Array, PlatformError> =>
    fs.stream(file, { offset }).pipe(
      Stream.runCollect,
      Effect.map(joined),
      Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(new Uint8Array(0)))
    )

  /** The entries from a place on, and where the last whole line ends: a process may be about to write the rest of it. */
  const entriesFrom = Effect.fnUntraced(function*(runId: string, offset: number) {
    const file = fileOf(runId)
    const bytes = file === undefined ? new Uint8Array(0) : yield* bytesFrom(file, offset)
    const end = bytes.lastIndexOf(newline) + 1
    const entries: Array<RunLogs.Entry> = []
    for (const line of decoder.decode(bytes.subarray(0, end)).split("\n")) {
      // what a process that was killed has written of a line is no entry
      const entry = line === "" ? undefined : decode(line)
      if (entry !== undefined) entries.push(entry)
    }
    return { entries, end: offset + end, isTorn: end < bytes.length }
  })

  const write = Effect.fnUntraced(function*(runId: string, entries: ReadonlyArray<RunLogs.NewEntry>) {
    const file = fileOf(runId)
    if (file === undefined) return yield* fail("append", runId, new Error("this cannot be the id of a run"))
    let seq = known.get(runId)
    let text = ""
    if (seq === undefined) {
      const before = yield* entriesFrom(runId, 0)
      seq = before.entries.at(-1)?.seq ?? 0
      if (before.isTorn) text = "\n"
    }
    for (const entry of entries) text += `${JSON.stringify({ seq: ++seq, ...entry })}\n`
    // of a write that fails, a part may be there
    known.delete(runId)
    const append = fs.writeFileString(file, text, { flag: "a" })
    yield* Effect.catchReason(
      append,
      "PlatformError",
      "NotFound",
      () => Effect.andThen(fs.makeDirectory(root, { recursive: true }), append)
    )
    known.set(runId, seq)
    if (known.size > maxKnown) known.delete(known.keys().next().value!)
    waiting.wake(runId)
  })

  return {
    append: (runId, entries) =>
      entries.length === 0 ?
        Effect.void :
        Semaphore.withPermit(lock, write(runId, entries)).pipe(
          Effect.catchTag("PlatformError", (cause) => Effect.fail(fail("append", runId, cause)))
        ),
    read: (runId, options) =>
      Effect.mapBoth(entriesFrom(runId, 0), {
        onFailure: (cause) => fail("read", runId, cause),
        onSuccess: ({ entries }) => selected(entries, options)
      }),
    tail: (runId, options) =>
      follow(() => {
        let offset = 0
        let seen: number | undefined
        return {
          next: Effect.suspend(() => {
            seen = known.get(runId)
            return Effect.mapBoth(entriesFrom(runId, offset), {
              onFailure: (cause) => fail("read", runId, cause),
              onSuccess: ({ end, entries }) => {
                offset = end
                return entries
              }
            })
          }),
          changed: Effect.flatMap(pollInterval, (interval) =>
            Effect.raceFirst(waiting.until(runId, () => known.get(runId) !== seen), Effect.sleep(interval)))
        }
      }, options),
    delete: (runIds) =>
      Effect.forEach(
        runIds,
        (runId) => {
          const file = fileOf(runId)
          known.delete(runId)
          return file === undefined
            ? Effect.void
            : Effect.mapError(fs.remove(file, { force: true }), (cause) => fail("delete", runId, cause))
        },
        { concurrency: 8, discard: true }
      ),
    runs: Effect.catchReason(fs.readDirectory(root), "PlatformError", "NotFound", () => Effect.succeed([])).pipe(
      Effect.mapBoth({
        onFailure: (cause) => fail("read", undefined, cause),
        onSuccess: (files) => files.flatMap(runIdOf)
      })
    )
  }
})

const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (chunks.length === 1) return chunks[0]!
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
