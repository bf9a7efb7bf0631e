/**
 * Files of values as they mostly are: small. Reading or writing one takes some microseconds, and handing it over to another
 * thread takes several times that, so it is done at once. What is large, or goes wrong, goes the usual way.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, writeFileSync } from "node:fs"

/** Up to so many bytes. */
const small = 64 * 1024

/** Gives nothing for what is not small. Throws what the system says. */
const readSmall = (path: string): Uint8Array | undefined => {
  const file = openSync(path, "r")
  try {
    const { size } = fstatSync(file)
    if (size > small) return undefined
    // memory of its own: that of a shared pool would keep the whole pool alive
    const bytes = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const read = readSync(file, bytes, at, size - at, null)
      if (read === 0) return undefined
      at += read
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

/** What is done at once if it can be; otherwise the usual way has the last word, and tells what is wrong. */
const atOnce = <A, E>(now: () => A | undefined, otherwise: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    try {
      const done = now()
      if (done !== undefined) return Effect.succeed(done)
    } catch {
      // it is tried again below
    }
    return otherwise()
  })

/**
 * A file system whose small files are read, written, renamed and looked for at once.
 *
 * @internal
 */
export const withSmallFiles = (fs: FileSystem.FileSystem): FileSystem.FileSystem => ({
  ...fs,
  readFile: (path) => atOnce(() => readSmall(path), () => fs.readFile(path)),
  writeFile: (path, data, options) =>
    options !== undefined || data.byteLength > small
      ? fs.writeFile(path, data, options)
      : atOnce(() => (writeFileSync(path, data), true), () => Effect.as(fs.writeFile(path, data), true)).pipe(
        Effect.asVoid
      ),
  rename: (from, to) =>
    Effect.asVoid(atOnce(() => (renameSync(from, to), true), () => Effect.as(fs.rename(from, to), true))),
  remove: (path, options) =>
    Effect.suspend(() =>
      options?.force === true && options.recursive !== true && !existsSync(path)
        ? Effect.void
        : fs.remove(path, options)
    )
})
