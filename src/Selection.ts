/**
 * Selections: which assets of a graph are meant, as a text (`"group:finance and not tag:slow"`) or as a value.
 *
 * **The text**
 *
 * | text | selects |
 * |---|---|
 * | `weather/daily`, `key:weather/daily`, `"my key"` | the asset with this key |
 * | `key:"weather/*"`, `group:"finance/*"` | what matches: a `*` is any number of any characters, `/` included |
 * | `group:finance`, `kind:duckdb`, `owner:"team:data"` | the assets of a group, a kind, an owner |
 * | `tag:tier`, `tag:tier=gold`, `tag:tier=""` | a tag with any value, with this value, with an empty value |
 * | `group:<null>`, `tag:<null>`, `owner:<null>`, `kind:<null>` | the assets that have none |
 * | `*` | every asset |
 * | `+x`, `2+x` | `x` and everything upstream of it, or as far as two edges |
 * | `x+`, `x+2`, `2+x+` | the same downstream, or both |
 * | `roots(x)`, `sinks(x)` | those of `x` that are downstream, or upstream, of no other asset of `x` |
 * | `not x`, `x and y`, `x or y` | everything else; both; either |
 *
 * `not` binds tighter than `and`, and `and` tighter than `or`; `+` binds tightest. Parentheses group. `and`, `or` and
 * `not` may be written in upper case.
 *
 * Text without quotes is made of letters, digits, `_`, `-`, `.` and `/`; after `key:` and `group:` also `*`. In quotes,
 * `\"` is a quote and `\\` a backslash; in keys and groups, `*` is a wildcard there too and `\*` is a star. An asset
 * without a group is in the group `default`.
 *
 * External assets are selected only on request. A traversal may start from one: `shop/orders+` is what is computed from
 * the external asset `shop/orders`, without itself.
 *
 * **Example** (Reading a selection and resolving it)
 *
 * ```ts import.meta.vitest
 * import { Effect, Result } from "effect"
 * import { Asset, Graph, Selection } from "effect-assets"
 *
 * const orders = Asset.make("orders", Effect.succeed([3, 4]))
 * const revenue = Asset.make("revenue", {
 *   group: "finance",
 *   inputs: { orders },
 *   compute: ({ orders }) => Effect.succeed(orders.reduce((a, b) => a + b, 0))
 * })
 * const graph = Graph.make({ orders, revenue })
 *
 * Selection.resolve("orders+ and group:finance", graph) // => Result.succeed(["revenue"])
 * Selection.resolve(Selection.upstream(Selection.key("revenue")), graph) // => Result.succeed(["orders", "revenue"])
 * ```
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AssetKey from "./AssetKey.ts"
import * as Graph from "./Graph.ts"
import { resolveIds } from "./internal/selectionResolve.ts"
import * as syntax from "./internal/selectionSyntax.ts"
import { exactly, join } from "./internal/selectionTree.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an asset may lack.
 *
 * @category models
 * @since 0.1.0
 */
export type Attribute = "group" | "tag" | "owner" | "kind"

/**
 * Which assets are meant. Plain data: it can be compared, stored and sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Selection =
  /** Every asset. */
  | { readonly _tag: "All" }
  /** By key: `*` is a wildcard, `\*` a star. Without a wildcard it is one asset, and an error if that is not there. */
  | { readonly _tag: "Key"; readonly pattern: string }
  /** By group, with wildcards. Assets without a group are in the group `default`. */
  | { readonly _tag: "Group"; readonly pattern: string }
  /** By tag: with any value if there is no `value`. */
  | { readonly _tag: "Tag"; readonly name: string; readonly value?: string }
  | { readonly _tag: "Owner"; readonly owner: string }
  | { readonly _tag: "Kind"; readonly kind: string }
  /** Assets that have none of this. */
  | { readonly _tag: "Absent"; readonly attribute: Attribute }
  | { readonly _tag: "And"; readonly of: ReadonlyArray<Selection> }
  | { readonly _tag: "Or"; readonly of: ReadonlyArray<Selection> }
  | { readonly _tag: "Not"; readonly of: Selection }
  /** These and what is upstream of them, over at most `depth` edges. */
  | { readonly _tag: "Upstream"; readonly of: Selection; readonly depth?: number }
  /** These and what is downstream of them, over at most `depth` edges. */
  | { readonly _tag: "Downstream"; readonly of: Selection; readonly depth?: number }
  /** Those that are downstream of no other. */
  | { readonly _tag: "Roots"; readonly of: Selection }
  /** Those that are upstream of no other. */
  | { readonly _tag: "Sinks"; readonly of: Selection }

const Operand = Schema.suspend((): Schema.Codec<Selection> => Selection)
const Operands = Schema.Array(Operand).check(Schema.isMinLength(2))
const Depth = Schema.optionalKey(Schema.Natural)

/**
 * The schema of selections.
 *
 * **Example** (A selection as JSON)
 *
 * ```ts import.meta.vitest
 * import { Schema } from "effect"
 * import { Selection } from "effect-assets"
 *
 * const Json = Schema.fromJsonString(Selection.Selection)
 * Schema.encodeSync(Json)(Selection.parseUnsafe("orders+1"))
 * // => `{"_tag":"Downstream","of":{"_tag":"Key","pattern":"orders"},"depth":1}`
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const Selection: Schema.Codec<Selection> = Schema.TaggedUnion({
  All: {},
  Key: { pattern: Schema.String },
  Group: { pattern: Schema.String },
  Tag: { name: Schema.String, value: Schema.optionalKey(Schema.String) },
  Owner: { owner: Schema.String },
  Kind: { kind: Schema.String },
  Absent: { attribute: Schema.Literals(["group", "tag", "owner", "kind"]) },
  And: { of: Operands },
  Or: { of: Operands },
  Not: { of: Operand },
  Upstream: { of: Operand, depth: Depth },
  Downstream: { of: Operand, depth: Depth },
  Roots: { of: Operand },
  Sinks: { of: Operand }
})

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An error for a text that is no selection: what is wrong, and where.
 *
 * **Example** (The place is marked)
 *
 * ```ts import.meta.vitest
 * import { Result } from "effect"
 * import { Selection } from "effect-assets"
 *
 * const result = Selection.parse("(key:a and key:b")
 * Result.isFailure(result) && result.failure.message.split("\n")
 * // => [`Cannot read the selection: expected ")"`, "  (key:a and key:b", "                  ^"]
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class SelectionError extends Schema.TaggedError<SelectionError>()("SelectionError", {
  expression: Schema.String,
  /** Where it is in the expression, in UTF-16 code units. */
  offset: Schema.Natural,
  length: Schema.Natural,
  problem: Schema.String,
  /** What to write instead. */
  hint: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return [
      `Cannot read the selection: ${visible(this.problem)}`,
      ...(this.expression === "" ? [] : excerpt(this.expression, this.offset, this.length)),
      ...(this.hint === undefined ? [] : [visible(this.hint)])
    ].join("\n")
  }
}

/** The line the place is on, or what of it is near, and carets under the place. */
const excerpt = (expression: string, offset: number, length: number): ReadonlyArray<string> => {
  const lineStart = offset === 0 ? 0 : expression.lastIndexOf("\n", offset - 1) + 1
  const newline = expression.indexOf("\n", offset)
  const lineEnd = newline === -1 ? expression.length : newline
  const from = Math.max(lineStart, offset - 60)
  const to = Math.max(from, Math.min(lineEnd, offset + 60))
  const end = Math.min(to, offset + length)
  const before = `  ${from > lineStart ? "…" : ""}${visible(expression.slice(from, offset))}`
  const marked = visible(expression.slice(offset, end))
  const after = visible(expression.slice(end, to))
  return [
    `${before}${marked}${after}${to < lineEnd ? "…" : ""}`,
    " ".repeat(columns(before)) + "^".repeat(Math.max(1, columns(marked)))
  ]
}

/** A text that cannot move the cursor, nor anything else of a terminal. */
const visible = (text: string): string => text.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")

const wide =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/u

/** How wide a text is where every character has one place, or two, or none. */
const columns = (text: string): number => {
  let count = 0
  for (const char of text) count += wide.test(char) ? 2 : /\p{M}/u.test(char) ? 0 : 1
  return count
}

// ---------------------------------------------------------------------------------------------------------------------
// text
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Reads a selection from its text. The module describes the grammar.
 *
 * **Details**
 *
 * Parentheses, functions and `not` may nest 500 levels deep.
 *
 * **Example** (Reading)
 *
 * ```ts import.meta.vitest
 * import { Result } from "effect"
 * import { Selection } from "effect-assets"
 *
 * Selection.parse("group:finance and not tag:tier=gold")
 * // => Result.succeed(Selection.minus(Selection.group("finance"), Selection.tag("tier", "gold")))
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Selection, SelectionError> => {
  const read = syntax.parse(text)
  if (!(read instanceof syntax.Refusal)) return Result.succeed(read)
  const { hint, length, offset, problem } = read
  return Result.fail(
    new SelectionError({ expression: text, offset, length, problem, ...(hint === undefined ? {} : { hint }) })
  )
}

/**
 * Like `parse`, and throws the `SelectionError`.
 *
 * **Example** (A selection in the source)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.parseUnsafe("kind:duckdb") // => Selection.kind("duckdb")
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const parseUnsafe = (text: string): Selection => Result.getOrThrow(parse(text))

/**
 * The text of a selection. `parse` reads it back.
 *
 * **Example** (Printing)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.downstream(Selection.keys(["a", "key with spaces"]), { depth: 1 }))
 * // => `(key:a or key:"key with spaces")+1`
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const print = (self: Selection): string => syntax.print(self)

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Every asset.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: Selection = { _tag: "All" }

/**
 * The asset with a key. To resolve it is an error if there is none.
 *
 * **Example** (A key is taken as it is)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.key("weather/daily")) // => "key:weather/daily"
 * Selection.print(Selection.key("2 * 3")) // => `key:"2 \\* 3"`
 * ```
 *
 * @see {@link keyPattern} for wildcards
 * @category constructors
 * @since 0.1.0
 */
export const key = (key: string): Selection => keyPattern(exactly(key))

/**
 * The assets with some keys. To resolve it is an error if one of them is not there; no keys select nothing.
 *
 * **Example** (Two keys)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.keys(["a", "b"])) // => "key:a or key:b"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const keys = (keys: Iterable<string>): Selection => union(Array.from(keys, key))

/**
 * The assets whose key matches a pattern, in which `*` is any number of any characters and `\*` a star.
 *
 * A pattern without a wildcard is a key, and to resolve it is an error if there is no such asset.
 *
 * **Example** (By the first segment)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.keyPattern("weather/*") // => Selection.keyPrefix("weather")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const keyPattern = (pattern: string): Selection => ({ _tag: "Key", pattern })

/**
 * The assets whose key starts with some segments and has more: a key, or a list of segments.
 *
 * **Example** (Everything about the weather)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.keyPrefix(["weather", "seattle"])) // => `key:"weather/seattle/*"`
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const keyPrefix = (prefix: string | ReadonlyArray<string>): Selection =>
  keyPattern(`${exactly(typeof prefix === "string" ? prefix : AssetKey.fromSegments(prefix))}/*`)

/**
 * The assets of a group. A `*` is a wildcard: names of groups have none. Assets without a group are in `default`.
 *
 * **Example** (All groups of a department)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.group("finance/*")) // => `group:"finance/*"`
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const group = (name: string): Selection => ({ _tag: "Group", pattern: name })

/**
 * The assets with a tag: with any value, or with just this one.
 *
 * **Example** (Any value, and the empty one)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.tag("tier")) // => "tag:tier"
 * Selection.print(Selection.tag("tier", "")) // => `tag:tier=""`
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const tag = (name: string, value?: string): Selection =>
  value === undefined ? { _tag: "Tag", name } : { _tag: "Tag", name, value }

/**
 * The assets that someone answers for.
 *
 * **Example** (Those of a team)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.owner("team:data")) // => `owner:"team:data"`
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const owner = (owner: string): Selection => ({ _tag: "Owner", owner })

/**
 * The assets that are made with something, or stored in it.
 *
 * **Example** (Tables of a database)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.kind("duckdb")) // => "kind:duckdb"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const kind = (kind: string): Selection => ({ _tag: "Kind", kind })

/**
 * The assets without a group, without tags, without owners or without kinds.
 *
 * **Example** (What nobody answers for)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.absent("owner")) // => "owner:<null>"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const absent = (attribute: Attribute): Selection => ({ _tag: "Absent", attribute })

/**
 * What any of some selections selects: nothing if there are none.
 *
 * **Example** (Several groups)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.union(["a", "b", "c"].map(Selection.group))) // => "group:a or group:b or group:c"
 * Selection.print(Selection.union([])) // => "not *"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const union = (selections: Iterable<Selection>): Selection => join("Or", selections) ?? not(all)

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What both select.
 *
 * **Example** (Two conditions)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.and(Selection.group("a"), Selection.kind("b")) // => Selection.parseUnsafe("group:a and kind:b")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const and: {
  (that: Selection): (self: Selection) => Selection
  (self: Selection, that: Selection): Selection
} = dual(2, (self: Selection, that: Selection): Selection => join("And", [self, that])!)

/**
 * What either selects.
 *
 * **Example** (Two groups)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.or(Selection.group("a"), Selection.group("b")) // => Selection.parseUnsafe("group:a or group:b")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const or: {
  (that: Selection): (self: Selection) => Selection
  (self: Selection, that: Selection): Selection
} = dual(2, (self: Selection, that: Selection): Selection => join("Or", [self, that])!)

/**
 * Everything else.
 *
 * **Example** (Leaving a group out)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.not(Selection.group("slow")) // => Selection.parseUnsafe("not group:slow")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const not = (self: Selection): Selection => ({ _tag: "Not", of: self })

/**
 * What the first selects and the second does not.
 *
 * **Example** (A group without one of its assets)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * const selection = Selection.minus(Selection.group("finance"), Selection.key("audit"))
 * Selection.print(selection) // => "group:finance and not key:audit"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const minus: {
  (that: Selection): (self: Selection) => Selection
  (self: Selection, that: Selection): Selection
} = dual(2, (self: Selection, that: Selection): Selection => and(self, not(that)))

/**
 * How far a traversal goes.
 *
 * @category models
 * @since 0.1.0
 */
export interface TraversalOptions {
  /** How many edges are followed; all there are if it is left out. */
  readonly depth?: number | undefined
}

/**
 * The selected assets and what is upstream of them.
 *
 * Throws a `RangeError` for a depth that is no whole number.
 *
 * **Example** (With direct parents)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.upstream(Selection.key("report"), { depth: 1 })) // => "1+key:report"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const upstream: {
  (options?: TraversalOptions): (self: Selection) => Selection
  (self: Selection, options?: TraversalOptions): Selection
} = dual(
  (args) => isTree(args[0]),
  (self: Selection, options?: TraversalOptions): Selection => ({ _tag: "Upstream", of: self, ...depthOf(options) })
)

/**
 * The selected assets and what is downstream of them.
 *
 * Throws a `RangeError` for a depth that is no whole number.
 *
 * **Example** (Everything that reads a source)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.downstream(Selection.key("source"))) // => "key:source+"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const downstream: {
  (options?: TraversalOptions): (self: Selection) => Selection
  (self: Selection, options?: TraversalOptions): Selection
} = dual(
  (args) => isTree(args[0]),
  (self: Selection, options?: TraversalOptions): Selection => ({ _tag: "Downstream", of: self, ...depthOf(options) })
)

const isTree = (u: unknown): u is Selection => hasProperty(u, "_tag")

const depthOf = (options: TraversalOptions | undefined): { readonly depth?: number } => {
  const depth = options?.depth ?? Infinity
  if (depth === Infinity) return {}
  if (!Number.isSafeInteger(depth) || depth < 0) throw new RangeError(`A depth is a whole number, not ${depth}`)
  // -0 is a whole number too, and would not be 0 to everybody
  return { depth: depth + 0 }
}

/**
 * Those of the selected assets that are downstream of no other selected asset, also not by way of assets that are not
 * selected.
 *
 * **Example** (Where a group starts)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.roots(Selection.group("finance"))) // => "roots(group:finance)"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const roots = (self: Selection): Selection => ({ _tag: "Roots", of: self })

/**
 * Those of the selected assets that are upstream of no other selected asset, also not by way of assets that are not
 * selected.
 *
 * **Example** (What a group is for)
 *
 * ```ts import.meta.vitest
 * import { Selection } from "effect-assets"
 *
 * Selection.print(Selection.sinks(Selection.group("finance"))) // => "sinks(group:finance)"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const sinks = (self: Selection): Selection => ({ _tag: "Sinks", of: self })

// ---------------------------------------------------------------------------------------------------------------------
// resolving
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How a selection is resolved.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResolveOptions {
  /** Whether external assets are selected too. */
  readonly externals?: boolean | undefined
}

/**
 * The keys that a selection, or the text of one, selects in a graph: upstream before downstream.
 *
 * **Details**
 *
 * A key without wildcards that is not in the graph is an error; anything else may select nothing. Without `externals`,
 * external assets are left out, but what is traversed may be one: inside of `+(…)` and `(…)+`, `*`, `not`, `roots` and
 * `sinks` count them in.
 *
 * **Example** (Downstream of an external asset)
 *
 * ```ts import.meta.vitest
 * import { Effect, Result } from "effect"
 * import { Asset, Graph, Selection } from "effect-assets"
 *
 * const orders = Asset.external("shop/orders")
 * const revenue = Asset.make("revenue", { deps: [orders], compute: () => Effect.succeed(1) })
 * const graph = Graph.make({ revenue })
 *
 * Selection.resolve("shop/orders+", graph) // => Result.succeed(["revenue"])
 * Selection.resolve("shop/orders+", graph, { externals: true }) // => Result.succeed(["shop/orders", "revenue"])
 * ```
 *
 * @category resolving
 * @since 0.1.0
 */
export const resolve: {
  (
    graph: Graph.Any,
    options?: ResolveOptions
  ): (self: Selection | string) => Result.Result<ReadonlyArray<string>, SelectionError | Graph.UnknownAssetError>
  (
    self: Selection | string,
    graph: Graph.Any,
    options?: ResolveOptions
  ): Result.Result<ReadonlyArray<string>, SelectionError | Graph.UnknownAssetError>
} = dual(
  (args) => !Graph.isGraph(args[0]),
  (
    self: Selection | string,
    graph: Graph.Any,
    options?: ResolveOptions
  ): Result.Result<ReadonlyArray<string>, SelectionError | Graph.UnknownAssetError> => {
    const selection = typeof self === "string" ? parse(self) : Result.succeed(self)
    if (Result.isFailure(selection)) return Result.fail(selection.failure)
    const compiled = Graph.compiled(graph)
    return Result.map(
      resolveIds(compiled, selection.success, options),
      (ids) => compiled.assets.filter((_, id) => ids[id] === 1).map((asset) => asset.key)
    )
  }
)

/**
 * Some keys and those that cannot be materialized without them: an output of a multi-asset that cannot compute just a
 * part brings all its other outputs. Upstream before downstream.
 *
 * Throws an `UnknownAssetError` for a key that is not in the graph.
 *
 * **Example** (Two outputs of one program)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph, Selection } from "effect-assets"
 *
 * const prices = Asset.multi("prices", {
 *   outputs: { open: {}, close: {} },
 *   compute: () => Effect.succeed({ open: 10, close: 12 })
 * })
 * Selection.requiredNeighbors(Graph.make({ prices }), ["close"]) // => ["open", "close"]
 * ```
 *
 * @category resolving
 * @since 0.1.0
 */
export const requiredNeighbors = (graph: Graph.Any, keys: Iterable<string>): ReadonlyArray<string> => {
  const { assets, ids, siblings } = Graph.compiled(graph)
  const required = new Uint8Array(assets.length)
  for (const key of keys) {
    const id = ids.get(key)
    if (id === undefined) throw Graph.unknownAsset(Graph.compiled(graph), key)
    const together = siblings[id]
    // the first of them brings the others
    if (required[id] === 1) continue
    required[id] = 1
    if (together !== undefined && !assets[id]!.output!.multi.canSubset) {
      for (const other of together) required[other] = 1
    }
  }
  return assets.filter((_, id) => required[id] === 1).map((asset) => asset.key)
}
