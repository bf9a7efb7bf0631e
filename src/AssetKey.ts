/**
 * Asset keys: the name of an asset, unique in its graph.
 *
 * A key is a list of one or more segments, written as text with `/` between them: `"weather/seattle/daily"`. A `/` or a
 * `\` that belongs to a segment is escaped with a backslash. This text is the key everywhere in the library: in graphs,
 * selections, events and storage.
 *
 * **Example** (Reading and writing keys)
 *
 * ```ts import.meta.vitest
 * import { AssetKey } from "effect-assets"
 *
 * AssetKey.segments("weather/seattle/daily") // => ["weather", "seattle", "daily"]
 * AssetKey.fromSegments(["prices", "EUR/USD"]) // => "prices/EUR\\/USD"
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** The longest key that is accepted, in UTF-16 code units. */
const maxLength = 1000

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\u0000-\u001f\u007f]/
const plain = /^[\w.:@-]+(?:\/[\w.:@-]+)*$/

/**
 * Joins segments to a key, escaping what has to be escaped.
 *
 * **Example** (Escaping)
 *
 * ```ts import.meta.vitest
 * import { AssetKey } from "effect-assets"
 *
 * AssetKey.fromSegments(["one", "two"]) // => "one/two"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSegments = (segments: ReadonlyArray<string>): string =>
  segments.map((segment) => segment.replaceAll(/[\\/]/g, "\\$&")).join("/")

/**
 * Splits a key into its segments and takes the escapes away.
 *
 * A text that is no valid key is split as well as it can be: use `validate` first where that matters.
 *
 * **Example** (Splitting)
 *
 * ```ts import.meta.vitest
 * import { AssetKey } from "effect-assets"
 *
 * AssetKey.segments("prices/EUR\\/USD") // => ["prices", "EUR/USD"]
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const segments = (key: string): ReadonlyArray<string> => {
  if (!key.includes("\\")) return key.split("/")
  const out: Array<string> = []
  let segment = ""
  for (let i = 0; i < key.length; i++) {
    const char = key[i]!
    if (char === "\\" && i + 1 < key.length) segment += key[++i]!
    else if (char === "/") {
      out.push(segment)
      segment = ""
    } else segment += char
  }
  out.push(segment)
  return out
}

/**
 * Puts a prefix before a key. The prefix is a key itself, or a list of segments; an empty one leaves the key as it is.
 *
 * **Example** (Prefixing)
 *
 * ```ts import.meta.vitest
 * import { AssetKey } from "effect-assets"
 *
 * AssetKey.prefix("daily", "weather/seattle") // => "weather/seattle/daily"
 * AssetKey.prefix("daily", ["weather", "seattle"]) // => "weather/seattle/daily"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const prefix = (key: string, by: string | ReadonlyArray<string>): string =>
  by.length === 0 ? key : `${typeof by === "string" ? by : fromSegments(by)}/${key}`

/**
 * Says what is wrong with a key, or `undefined` when it is well formed.
 *
 * **Example** (Looking for what is wrong)
 *
 * ```ts import.meta.vitest
 * import { AssetKey } from "effect-assets"
 *
 * AssetKey.validate("weather/daily") // => undefined
 * AssetKey.validate("weather//daily") // => "has an empty segment"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const validate = (key: string): string | undefined => {
  if (key === "__proto__") return "is reserved"
  if (key.length <= maxLength && plain.test(key)) return undefined
  if (key === "") return "is empty"
  if (key.length > maxLength) return `is longer than ${maxLength} characters`
  if (control.test(key)) return "has a control character"
  if (!key.isWellFormed()) return "is not well-formed Unicode (a lone surrogate)"
  const escapes = key.replaceAll(/\\[\\/]/g, "")
  if (escapes.includes("\\")) return "has a \\ that escapes neither / nor \\"
  for (const segment of segments(key)) {
    if (segment === "") return "has an empty segment"
    if (segment !== segment.trim()) return "has a segment that begins or ends with a space"
  }
  return undefined
}

/**
 * A schema for well-formed asset keys.
 *
 * **Example** (Checking a key from outside)
 *
 * ```ts import.meta.vitest
 * import { Schema } from "effect"
 * import { AssetKey } from "effect-assets"
 *
 * Schema.is(AssetKey.AssetKey)("weather/daily") // => true
 * Schema.is(AssetKey.AssetKey)("/weather") // => false
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssetKey = Schema.String.check(
  Schema.makeFilter((key) => {
    const problem = validate(key)
    return problem === undefined || `the asset key ${problem}`
  })
)
