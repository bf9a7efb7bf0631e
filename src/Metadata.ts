/**
 * Metadata: what an asset's definition, its program and its IO manager tell about it, in typed values.
 *
 * Text, numbers, booleans and `null` are metadata as they are. Everything else is a tagged value: `Metadata.url`,
 * `path`, `markdown`, `json`, `timestamp`, `asset`, `run`, `table`, `tableSchema`. A plain object or array becomes `json`,
 * a `Date` becomes a `timestamp`, a `URL` becomes a `url`; a `bigint`, `NaN` or an infinity becomes text.
 *
 * **Example** (Describing an output)
 *
 * ```ts import.meta.vitest
 * import { Metadata } from "effect-assets"
 *
 * const metadata = Metadata.fromInput({ rows: 2, source: new URL("https://example.com/"), bounds: [0, 1] })
 * metadata.rows // => 2
 * metadata.source // => Metadata.url("https://example.com/")
 * metadata.bounds // => Metadata.json([0, 1])
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isTooDeep, maxDepth } from "./internal/depth.ts"

/**
 * Columns of a table: name, type in the words of its database, and what else is known.
 *
 * @category models
 * @since 0.1.0
 */
export const Column = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  description: Schema.optionalKey(Schema.String),
  nullable: Schema.optionalKey(Schema.Boolean)
})

/**
 * A column of a table.
 *
 * @category models
 * @since 0.1.0
 */
export type Column = typeof Column.Type

const Url = Schema.TaggedStruct("Url", { url: Schema.String })
const PathValue = Schema.TaggedStruct("Path", { path: Schema.String })
const Markdown = Schema.TaggedStruct("Markdown", { markdown: Schema.String })
const JsonValue = Schema.TaggedStruct("Json", { json: Schema.Json })
const Timestamp = Schema.TaggedStruct("Timestamp", { millis: Schema.Finite })
const AssetReference = Schema.TaggedStruct("Asset", { key: Schema.String })
const RunReference = Schema.TaggedStruct("Run", { runId: Schema.String })
const TableSchema = Schema.TaggedStruct("TableSchema", { columns: Schema.Array(Column) })
const Table = Schema.TaggedStruct("Table", {
  columns: Schema.Array(Column),
  rows: Schema.Array(Schema.Record(Schema.String, Schema.Json))
})

/**
 * A value of metadata, as it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Value = Schema.Union([
  Schema.String,
  Schema.Finite,
  Schema.Boolean,
  Schema.Null,
  Url,
  PathValue,
  Markdown,
  JsonValue,
  Timestamp,
  AssetReference,
  RunReference,
  TableSchema,
  Table
])

/**
 * A value of metadata, as it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type Value = typeof Value.Type

/**
 * Metadata as it is recorded: a value for each label.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Record(Schema.String, Value)

/**
 * Metadata as it is recorded: a value for each label.
 *
 * @category models
 * @since 0.1.0
 */
export type Metadata = { readonly [label: string]: Value }

/**
 * What is accepted as a value of metadata: a recorded value, or a plain one that `fromInput` turns into one.
 *
 * @category models
 * @since 0.1.0
 */
export type ValueInput =
  | Value
  | URL
  | Date
  | DateTime.DateTime
  | bigint
  | ReadonlyArray<Schema.Json>
  | { readonly [key: string]: Schema.Json }

/**
 * What is accepted as metadata.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = { readonly [label: string]: ValueInput }

/**
 * An error for metadata that cannot be recorded: a function, a symbol, a circular object.
 *
 * @category errors
 * @since 0.1.0
 */
export class MetadataError extends Schema.TaggedError<MetadataError>()("MetadataError", {
  label: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `The metadata "${this.label}" ${this.problem}. Give text, a number, a boolean, null, JSON or a value of the Metadata module.`
  }
}

/**
 * No metadata.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Metadata = Object.freeze({})

/**
 * A link. Shown as one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const url = (url: string | URL): Value => ({ _tag: "Url", url: String(url) })

/**
 * A path in a file system.
 *
 * @category constructors
 * @since 0.1.0
 */
export const path = (path: string): Value => ({ _tag: "Path", path })

/**
 * Text in Markdown. Shown rendered.
 *
 * @category constructors
 * @since 0.1.0
 */
export const markdown = (markdown: string): Value => ({ _tag: "Markdown", markdown })

/**
 * Any JSON.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (json: Schema.Json): Value => ({ _tag: "Json", json })

/**
 * A point in time, in milliseconds since 1970 or as a date.
 *
 * **Example** (Recording when a source was written)
 *
 * ```ts import.meta.vitest
 * import { Metadata } from "effect-assets"
 *
 * Metadata.timestamp(new Date(5)) // => Metadata.timestamp(5)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const timestamp = (at: number | Date | DateTime.DateTime): Value => ({
  _tag: "Timestamp",
  millis: typeof at === "number" ? at : at instanceof Date ? at.getTime() : DateTime.toEpochMillis(at)
})

/**
 * A reference to an asset by its key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const asset = (key: string): Value => ({ _tag: "Asset", key })

/**
 * A reference to a run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = (runId: string): Value => ({ _tag: "Run", runId })

/**
 * The columns of a table that is stored elsewhere.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tableSchema = (columns: ReadonlyArray<Column>): Value => ({ _tag: "TableSchema", columns })

/**
 * A small table to show: a sample of rows, say. Where no columns are given they are read off the first row.
 *
 * **Example** (A sample of rows)
 *
 * ```ts import.meta.vitest
 * import { Metadata } from "effect-assets"
 *
 * Metadata.table([{ day: "2012-01-01", rain: 10.9 }]) // => { _tag: "Table", columns: [{ name: "day", type: "string" }, { name: "rain", type: "number" }], rows: [{ day: "2012-01-01", rain: 10.9 }] }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const table = (
  rows: ReadonlyArray<{ readonly [column: string]: Schema.Json }>,
  columns?: ReadonlyArray<Column>
): Value => ({
  _tag: "Table",
  columns: columns ?? Object.entries(rows[0] ?? {}).map(([name, value]) => ({ name, type: typeof value })),
  rows
})

const isValue = Schema.is(Value)
const isJson = Schema.is(Schema.Json)

/**
 * Turns accepted metadata into metadata as it is recorded.
 *
 * **Gotchas**
 *
 * Throws a `MetadataError` for a value that is neither JSON nor of the Metadata module. The types forbid it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromInput = (input: Input): Metadata => {
  const out: Record<string, Value> = Object.create(null)
  for (const label of Object.keys(input)) out[label] = fromValue(label, input[label]!)
  return out
}

const fromJson = (label: string, value: Value | undefined): Value => {
  if (value === undefined) throw new MetadataError({ label, problem: "is not JSON" })
  if (isTooDeep(value)) throw new MetadataError({ label, problem: `is nested more than ${maxDepth} levels deep` })
  return value
}

const fromValue = (label: string, value: ValueInput): Value => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      // JSON has no NaN and no infinities, so they are recorded as text
      return Number.isFinite(value) ? value : String(value)
    case "bigint":
      return value.toString()
    case "object":
      if (value === null) return value
      if (value instanceof URL) return url(value)
      if (value instanceof Date && Number.isNaN(value.getTime())) {
        throw new MetadataError({ label, problem: "is an invalid date" })
      }
      if (value instanceof Date || DateTime.isDateTime(value)) return timestamp(value)
      return fromJson(label, isValue(value) ? value : isJson(value) ? json(value) : undefined)
    default:
      throw new MetadataError({ label, problem: value === undefined ? "is undefined" : `is a ${typeof value}` })
  }
}

/**
 * A value as text for people: what a table or a log line shows of it.
 *
 * **Example** (Text for a cell)
 *
 * ```ts import.meta.vitest
 * import { Metadata } from "effect-assets"
 *
 * Metadata.format(1461) // => "1461"
 * Metadata.format(Metadata.path("storage/days.json")) // => "storage/days.json"
 * Metadata.format(Metadata.timestamp(0)) // => "1970-01-01T00:00:00.000Z"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (value: Value): string => {
  if (typeof value !== "object" || value === null) return String(value)
  switch (value._tag) {
    case "Url":
      return value.url
    case "Path":
      return value.path
    case "Markdown":
      return value.markdown
    case "Json":
      return JSON.stringify(value.json)
    case "Timestamp":
      return Option.match(DateTime.make(value.millis), {
        onNone: () => String(value.millis),
        onSome: DateTime.formatIso
      })
    case "Asset":
      return value.key
    case "Run":
      return value.runId
    case "TableSchema":
      return value.columns.map(({ name, type }) => `${name} ${type}`).join(", ")
    case "Table":
      return `${value.rows.length} rows of ${value.columns.map(({ name }) => name).join(", ")}`
  }
}
