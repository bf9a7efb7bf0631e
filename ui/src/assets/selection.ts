/** Filters as a selection expression, which the graph, runs and the command line understand. */
import { type Filters, isUnfiltered } from "./catalog.ts"

const plain = /^[A-Za-z_][A-Za-z0-9_/]*$/
const reserved = new Set([
  "and",
  "or",
  "not",
  "key",
  "group",
  "tag",
  "owner",
  "kind",
  "roots",
  "sinks",
  "status",
  "is",
  "job",
  "column",
  "partitions",
  "schedule",
  "sensor",
  "automation_type",
  "changed_in_branch",
  "code_location",
  "column_tag",
  "not_materialized_in_hours",
  "table_name"
])

const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`

const value = (text: string): string => plain.test(text) && !reserved.has(text.toLowerCase()) ? text : quoted(text)

/** A key or a group in which a star is a star. */
const exactly = (text: string): string =>
  text.replaceAll(/\\[\\/]|\\|\*/g, (part) => part.length === 2 ? part : `\\${part}`)

/** The expression that selects one asset. */
export const selectKey = (key: string): string => `key:${value(exactly(key))}`

/** The expression that selects some assets. */
export const selectKeys = (keys: ReadonlyArray<string>): string => keys.map(selectKey).join(" or ")

const attribute = (name: string, values: ReadonlyArray<string> | undefined, write: (text: string) => string) => {
  const all = (values ?? []).map((text) => `${name}:${write(text)}`)
  return all.length === 0 ? [] : [all.length === 1 ? all[0]! : `(${all.join(" or ")})`]
}

const tag = (text: string): string => {
  const at = text.indexOf("=")
  return at < 0 ? value(text) : `${value(text.slice(0, at))}=${value(text.slice(at + 1))}`
}

/**
 * The selection that shows what a list shows. A search and states are no part of selections: with them it names the assets
 * that are shown, if they are few enough for an address. `undefined` where nothing is filtered. `groups` are all there are: a
 * group has those below it.
 */
export const selectionOf = (
  filters: Omit<Filters, "keys"> & { readonly select?: string | undefined },
  shown: ReadonlyArray<string>,
  groups: ReadonlyArray<string> = []
): string | undefined => {
  const { group, kind, owner, q, select, status, tag: tags } = filters
  if (isUnfiltered(filters) && select === undefined) return undefined
  const inWords = (q ?? "").trim() === "" && (status ?? []).length === 0
  if (!inWords && shown.length > 0 && shown.length <= 100) return selectKeys(shown)
  const attributes = [
    ...attribute(
      "group",
      group?.flatMap((name) =>
        groups.some((one) => one.startsWith(`${name}/`)) ? [exactly(name), `${exactly(name)}/*`] : [exactly(name)]
      ),
      value
    ),
    ...attribute("kind", kind, value),
    ...attribute("tag", tags, tag),
    ...attribute("owner", owner, value)
  ]
  if (attributes.length === 0) return select
  return [...(select === undefined ? [] : [`(${select})`]), ...attributes].join(" and ")
}

/** A text as one word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** The command that materializes an asset. */
export const materializeCommand = (key: string, partition?: string): string =>
  [
    "effect-assets materialize --select",
    shellWord(plain.test(key) && !reserved.has(key) ? key : selectKey(key)),
    ...(partition === undefined ? [] : ["--partition", shellWord(partition)])
  ].join(" ")
