/**
 * Files of values as they mostly are: small. Reading or writing one takes some microseconds, and handing it over to another
 * thread takes several times that, so it is done at once. What is large, or goes wrong, goes the usual way.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import * as Internal from "../internal/smallFiles.ts"

/** Up to so many bytes. */
const small = 64 * 1024

const isSmall = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.isFile() && found.size <= small
}

/** What is done at once if it can be; otherwise the usual way has the last word, and tells what is wrong. */
const atOnce = <A, E>(now: () => A | undefined, otherwise: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => attempt(now) ?? otherwise())

const attempt = <A>(now: () => A | undefined): Effect.Effect<A> | undefined => {
  try {
    const done = now()
    return done === undefined ? undefined : Effect.succeed(done)
  } catch {
    return undefined
  }
}

const files: Internal.SmallFiles = {
  read: (path) => {
    try {
      // of whatever size: to decode text takes longer than to read it, and is done at once in any case
      return readFileSync(path, "utf8")
    } catch {
      return undefined
    }
  },
  replace: (path, temporary, text) => {
    // a character takes up to three bytes
    if (text.length * 3 > small) return false
    try {
      writeFileSync(temporary, text)
      renameSync(temporary, path)
      return true
    } catch {
      rmSync(temporary, { force: true })
      return false
    }
  },
  makeDirectory: (path) => {
    try {
      mkdirSync(path, { recursive: true })
      return true
    } catch {
      return false
    }
  },
  exists: existsSync
}

/**
 * A file system whose small files are read, written, renamed and looked for at once.
 *
 * @internal
 */
export const withSmallFiles = (fs: FileSystem.FileSystem): FileSystem.FileSystem =>
  Internal.withSmallFiles({
    ...fs,
    readFile: (path) =>
      atOnce(
        // memory of its own: that of a shared pool would keep the whole pool alive
        () => isSmall(path) ? new Uint8Array(readFileSync(path)) : undefined,
        () => fs.readFile(path)
      ),
    writeFile: (path, data, options) =>
      options !== undefined || data.byteLength > small
        ? fs.writeFile(path, data, options)
        : Effect.asVoid(
          atOnce(() => (writeFileSync(path, data), true), () => Effect.as(fs.writeFile(path, data), true))
        ),
    rename: (from, to) =>
      Effect.asVoid(atOnce(() => (renameSync(from, to), true), () => Effect.as(fs.rename(from, to), true))),
    remove: (path, options) =>
      Effect.suspend(() =>
        options?.force === true && options.recursive !== true && !existsSync(path)
          ? Effect.void
          : fs.remove(path, options)
      )
  }, files)
