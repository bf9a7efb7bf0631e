/**
 * What helps against the errors of an operating system.
 */

/** By the name of the error. */
const advices: { readonly [code: string]: string } = {
  EACCES: "check the permissions of the file and its directory",
  EDQUOT: "the quota of the disk is used up: free space, then run it again",
  EEXIST: "a part of the path is a file: move it away, or choose another directory",
  EFBIG: "files may not be that large here: raise the limit on their size",
  EIO: "the disk failed: check it",
  EISDIR: "there is a directory where the file is to be: move it away, or choose another directory",
  EMFILE: "too many files are open: raise the limit, or lower the concurrency",
  ENAMETOOLONG: "the name is too long for the file system: choose a shorter key",
  ENFILE: "too many files are open: raise the limit, or lower the concurrency",
  ENOENT: "check that its directory exists and may be written",
  ENOSPC: "the disk is full: free space, then run it again",
  ENOTDIR: "a part of the path is a file: move it away, or choose another directory",
  EPERM: "check the permissions of the file and its directory",
  EROFS: "the file system is read-only: choose another directory"
}

/**
 * What helps against an error, if the operating system has told what is wrong: there or in a cause of it.
 *
 * @internal
 */
export const advice = (cause: unknown): string | undefined => {
  for (let error = cause, depth = 0; typeof error === "object" && error !== null && depth < 8; depth++) {
    if ("code" in error && typeof error.code === "string" && Object.hasOwn(advices, error.code)) {
      return advices[error.code]
    }
    error = "reason" in error && typeof error.reason === "object"
      ? error.reason
      : "cause" in error
      ? error.cause
      : undefined
  }
  return undefined
}

/**
 * The message of an error, and what helps against it.
 *
 * @internal
 */
export const advised = (cause: unknown): string => {
  const message = cause instanceof Error ? cause.message : String(cause)
  const found = advice(cause)
  return found === undefined ? message : `${message}: ${found}`
}
