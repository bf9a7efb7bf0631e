/** JSON Schema as something to read: a tree of fields with their types in words. */

/** A field of a schema, or the schema itself, whose name is empty. */
export interface SchemaNode {
  readonly name: string
  /** In words: `string`, `integer`, `"a" | "b"`, `array of string`. */
  readonly type: string
  readonly required: boolean
  readonly description?: string
  /** As JSON. */
  readonly default?: string
  /** What else must hold: `at least 1`, `pattern ^a`. */
  readonly rules: ReadonlyArray<string>
  readonly children: ReadonlyArray<SchemaNode>
}

type Json = { readonly [name: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** How deep fields are shown: a schema that names itself would have no end. */
const maxDepth = 8

const unescape = (part: string): string => {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")
  } catch {
    return part
  }
}

const follow = (root: unknown, pointer: string): unknown =>
  pointer.startsWith("#")
    ? pointer.slice(1).split("/").slice(1).reduce<unknown>(
      (at, part) => isObject(at) && Object.hasOwn(at, unescape(part)) ? at[unescape(part)] : undefined,
      root
    )
    : undefined

const refName = (pointer: string): string => unescape(pointer.slice(pointer.lastIndexOf("/") + 1))

const bounds: ReadonlyArray<readonly [name: string, words: (value: unknown) => string]> = [
  ["minimum", (value) => `at least ${value}`],
  ["exclusiveMinimum", (value) => `more than ${value}`],
  ["maximum", (value) => `at most ${value}`],
  ["exclusiveMaximum", (value) => `less than ${value}`],
  ["multipleOf", (value) => `a multiple of ${value}`],
  ["minLength", (value) => `at least ${value} characters`],
  ["maxLength", (value) => `at most ${value} characters`],
  ["minItems", (value) => `at least ${value} items`],
  ["maxItems", (value) => `at most ${value} items`],
  ["pattern", (value) => `pattern ${value}`],
  ["format", (value) => String(value)]
]

/** Reads a JSON Schema. What it does not know it shows as `anything`. */
export const readSchema = (schema: unknown): SchemaNode => {
  const read = (given: unknown, name: string, required: boolean, path: ReadonlyArray<string>): SchemaNode => {
    let value = given
    const seen = path.slice()
    let named: string | undefined
    while (isObject(value) && typeof value.$ref === "string") {
      const pointer = value.$ref
      named = refName(pointer)
      if (seen.includes(pointer)) return { name, type: named, required, rules: [], children: [] }
      seen.push(pointer)
      const { $ref: _, ...beside } = value
      const target = follow(schema, pointer)
      value = isObject(target) ? { ...target, ...beside } : target
    }
    if (!isObject(value) || seen.length > maxDepth + 8) {
      return { name, type: value === false ? "nothing" : "anything", required, rules: [], children: [] }
    }
    const shape = shapeOf(value, seen)
    const description = text(value.description)
    return {
      name,
      type: shape.type,
      required,
      ...(description === undefined ? {} : { description }),
      ...(value.default === undefined ? {} : { default: JSON.stringify(value.default) }),
      rules: [
        ...rulesOf(value),
        ...list(value.allOf).flatMap((part) => isObject(part) ? rulesOf(part) : []),
        ...shape.rules ?? []
      ],
      children: seen.length > maxDepth ? [] : shape.children
    }
  }

  const rulesOf = (value: Json): ReadonlyArray<string> =>
    bounds.flatMap(([name, words]) =>
      // the bounds of every integer say nothing
      value[name] === undefined || Math.abs(Number(value[name])) === Number.MAX_SAFE_INTEGER ? [] : [words(value[name])]
    )

  interface Shape {
    readonly type: string
    readonly children: ReadonlyArray<SchemaNode>
    /** Of alternatives of which only one has rules, those. */
    readonly rules?: ReadonlyArray<string>
  }

  const shapeOf = (value: Json, path: ReadonlyArray<string>): Shape => {
    const deeper = [...path, ""]
    if (deeper.length > maxDepth + 8) return { type: "…", children: [] }
    if (value.const !== undefined) return { type: JSON.stringify(value.const), children: [] }
    if (Array.isArray(value.enum)) {
      return { type: value.enum.map((one) => JSON.stringify(one)).join(" | "), children: [] }
    }
    const alternatives = list(value.anyOf ?? value.oneOf)
    if (alternatives.length > 0) {
      const nodes = alternatives.map((one) => read(one, "", true, deeper))
      const branching = nodes.filter(({ children }) => children.length > 0)
      return {
        type: [...new Set(nodes.map(({ type }) => type))].join(" | "),
        rules: nodes.filter(({ rules }) => rules.length > 0).length === 1 ? nodes.flatMap(({ rules }) => rules) : [],
        children: branching.length === 1
          ? branching[0]!.children
          : branching.map((node, i) => ({ ...node, name: `alternative ${i + 1}` }))
      }
    }
    if (isObject(value.properties)) {
      const needed = new Set(list(value.required))
      return {
        type: "object",
        children: [
          ...Object.entries(value.properties).map(([name, one]) => read(one, name, needed.has(name), deeper)),
          ...(isObject(value.additionalProperties)
            ? [read(value.additionalProperties, "any other name", false, deeper)]
            : [])
        ]
      }
    }
    if (value.type === "array" || value.items !== undefined || value.prefixItems !== undefined) {
      const places = list(value.prefixItems).map((one, i) => read(one, String(i), true, deeper))
      if (places.length > 0) {
        return { type: `[${places.map(({ type }) => type).join(", ")}]`, children: branches(places) }
      }
      if (!isObject(value.items)) return { type: "array", children: [] }
      const item = read(value.items, "", true, deeper)
      return { type: `array of ${item.type.includes(" | ") ? `(${item.type})` : item.type}`, children: item.children }
    }
    const parts = list(value.allOf).map((one) => read(one, "", true, deeper))
    if (value.type === undefined && parts.length > 0) {
      const known = parts.filter(({ type }) => type !== "anything")
      return {
        type: [...new Set(known.map(({ type }) => type))].join(" and ") || "anything",
        children: parts.flatMap(({ children }) => children)
      }
    }
    if (value.type === "object" && isObject(value.additionalProperties)) {
      const item = read(value.additionalProperties, "", true, deeper)
      return { type: `object of ${item.type}`, children: item.children }
    }
    if (Array.isArray(value.type)) return { type: value.type.map(String).join(" | "), children: [] }
    return { type: text(value.type) ?? "anything", children: [] }
  }

  const branches = (nodes: ReadonlyArray<SchemaNode>): ReadonlyArray<SchemaNode> =>
    nodes.some(({ children }) => children.length > 0) ? nodes : []

  return read(schema, "", true, [])
}
