/**
 * Why a database could not do what it should, and what helps.
 */

import * as Data from "effect/Data"

/**
 * What keeps a log from being opened or read, beside what its database reports.
 *
 * @internal
 */
export class LogProblem extends Data.TaggedError("LogProblem")<{
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * An error that says what is wrong in words, and what to do. What the driver reported is its cause.
 *
 * @internal
 */
export const explained = (cause: unknown): unknown => {
  if (cause instanceof LogProblem) return cause
  for (let error = cause, depth = 0; typeof error === "object" && error !== null && depth < 8; depth++) {
    const found = sqlite(error) ?? postgres(error) ?? transport(error)
    if (found !== undefined) return new Error(`${found} (${innermostMessage(cause)})`, { cause })
    error = reasonOf(error)
  }
  const message = innermostMessage(cause)
  return cause instanceof Error && cause.message === message ? cause : new Error(message, { cause })
}

/** Errors of SQL clients tell their reason under one of these names. */
const reasonOf = (error: object): unknown =>
  "reason" in error && typeof error.reason === "object" ? error.reason : "cause" in error ? error.cause : undefined

const innermostMessage = (cause: unknown): string => {
  let message = String(cause)
  for (let error = cause, depth = 0; typeof error === "object" && error !== null && depth < 8; depth++) {
    if ("message" in error && typeof error.message === "string" && error.message !== "") message = error.message
    error = reasonOf(error)
  }
  return message
}

/**
 * What an error of SQLite means, and what helps.
 *
 * @internal
 */
export const sqlite = (error: object): string | undefined => {
  const code = "errcode" in error ? error.errcode : "errno" in error ? error.errno : undefined
  return typeof code === "number" ? sqliteReasons[code & 0xff] : undefined
}

const locked = "another process holds the database locked: let it end, or look for one that hangs"

/** By the primary result codes of SQLite. */
const sqliteReasons: { readonly [code: number]: string } = {
  5: locked,
  6: locked,
  8: "the database is read-only: check the permissions of the file and its directory, or open it for writing",
  10: "the disk failed to read or write: check the disk, and that it is a local one",
  11: "the database is damaged: restore a copy of it, or move it away to begin a new one",
  13: "the disk is full, or the database as large as it may be: free space, or remove events with prune",
  14: "the file cannot be opened: check that its directory exists and may be written",
  26: "the file is no SQLite database: choose another name, or move the file away"
}

const postgres = (error: object): string | undefined =>
  "code" in error && typeof error.code === "string"
    ? postgresReasons[error.code] ?? postgresReasons[error.code.slice(0, 2)]
    : undefined

/** By the SQLSTATE of PostgreSQL, or by its class. */
const postgresReasons: { readonly [state: string]: string } = {
  "08": "the connection to the database is broken: check that the server runs and can be reached",
  "25006": "the database takes no writes: connect to the primary server, with a role that may write",
  "28": "the database refused the login: check user and password",
  "3D": "there is no such database: create it, or check its name",
  "42501": "the role may not do this: grant it the rights to create and write tables",
  "53100": "the disk of the server is full: free space, or remove events with prune",
  "53300": "the server has no connection left: raise its limit, or lower that of the clients",
  "57P": "the server shuts down: try again when it is up"
}

const transport = (error: object): string | undefined =>
  "_tag" in error && error._tag === "ConnectionError"
    ? "the database cannot be reached: check its address, and that it runs"
    : "_tag" in error && error._tag === "LockTimeoutError"
    ? locked
    : undefined
