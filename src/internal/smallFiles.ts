/**
 * What a file system that is at hand can do at once, without an effect. Small files are read and written in some
 * microseconds, and an effect, let alone another thread, takes several times that.
 */
import type * as FileSystem from "effect/FileSystem"

/** All of it gives up where something is wrong: the usual way has the last word then, and tells what it is. */
export interface SmallFiles {
  /** Gives nothing for what is not there, or cannot be read. */
  readonly read: (path: string) => string | undefined
  /** Writes a file under another name and renames it. Gives whether it did. */
  readonly replace: (path: string, temporary: string, text: string) => boolean
  /** Makes a folder with those above it. Gives whether it is there. */
  readonly makeDirectory: (path: string) => boolean
  readonly exists: (path: string) => boolean
}

const SmallFiles: unique symbol = Symbol.for("effect-assets/SmallFiles")

/** @internal */
export const withSmallFiles = (fs: FileSystem.FileSystem, files: SmallFiles): FileSystem.FileSystem =>
  // not enumerable, so a copy that overrides a method does not have it
  Object.defineProperty(fs, SmallFiles, { value: files })

/** @internal */
export const smallFilesOf = (fs: FileSystem.FileSystem): SmallFiles | undefined =>
  Object.hasOwn(fs, SmallFiles)
    ? (fs as FileSystem.FileSystem & { readonly [SmallFiles]: SmallFiles })[SmallFiles]
    : undefined
