/**
 * What needs Node: a database in a file, and a directory that holds everything.
 *
 * @since 0.1.0
 */
export * as Local from "./Local.ts"
export * as SqliteClient from "./SqliteClient.ts"
