/**
 * How a database keeps events and texts: events as JSON, texts so that every database takes them.
 */
import * as Schema from "effect/Schema"
import type * as EventLog from "../EventLog.ts"
import type { Serialized } from "../Partitions.ts"

/** Writes and reads events. Both throw: an `Error` that tells why. */
export interface EventCodec {
  readonly encode: (event: EventLog.Event) => string
  /** `undefined` for a kind of event that a later version of the library has written. */
  readonly decode: (tag: string, text: string) => EventLog.Event | undefined
}

/**
 * Events are JSON as they are, but for `undefined` and numbers that are not finite. Where either is, JSON has a `null`:
 * only then the schema, which takes many times longer, has to translate.
 *
 * @internal
 */
export const makeEventCodec = (
  schema: Schema.Codec<EventLog.Event, unknown> & { readonly cases: { readonly [tag: string]: unknown } }
): EventCodec => {
  const json = Schema.toCodecJson(schema)
  const encodeSlowly = Schema.encodeUnknownSync(json)
  const decodeSlowly = Schema.decodeUnknownSync(json)
  const tags = new Set(Object.keys(schema.cases))
  return {
    encode: (event) => {
      if (!Number.isFinite(event.timestamp)) {
        throw new Error(`the timestamp of an event has to be a finite number: ${event._tag} has ${event.timestamp}`)
      }
      // these have what may be `undefined` and must not be left out, and are rare
      if (event._tag !== "BackfillStarted") {
        const text = JSON.stringify(event)
        if (!text.includes("null")) return text
      }
      if ("partitions" in event && "key" in event) finite(event.partitions)
      return JSON.stringify(encodeSlowly(event))
    },
    decode: (tag, text) => {
      if (!tags.has(tag)) return undefined
      const event = JSON.parse(text)
      if (tag === "BackfillStarted" || text.includes("null")) return decodeSlowly(event)
      if (tag === "AssetMaterialized" && !("codeVersion" in event)) event.codeVersion = undefined
      return event
    }
  }
}

const finite = (partitions: Serialized | undefined): void => {
  if (partitions?._tag === "Product") { for (const box of partitions.boxes) Object.values(box).forEach(finite) }
  if (partitions?._tag === "Windows" && !partitions.intervals.flat().every(Number.isFinite)) {
    throw new Error(`partitions have to begin and end at finite times, from ${partitions.first} to ${partitions.last}`)
  }
}

/**
 * A text as a column holds it. Databases refuse or cut a text with a NUL, and garble half a surrogate pair: such a text is
 * kept as JSON, marked by a control character.
 *
 * @internal
 */
export const toColumn = (text: string): string =>
  text.includes("\0") || text.startsWith(mark) || !text.isWellFormed() ? mark + JSON.stringify(text) : text

/**
 * The text that a column holds.
 *
 * @internal
 */
export const fromColumn = (column: string): string => column.startsWith(mark) ? JSON.parse(column.slice(1)) : column

const mark = "\u0001"
