/** A JSON Schema (draft 2020-12, as Effect's schemas are written) as the fields of a form, and what is wrong with values. */

/** A value of JSON; `undefined` is what is not given. */
export type Value = unknown

/** What a value looks like. */
export type Shape =
  | {
    readonly _tag: "Text"
    readonly minLength: number | undefined
    readonly maxLength: number | undefined
    readonly pattern: string | undefined
  }
  | {
    readonly _tag: "Number"
    readonly integer: boolean
    readonly minimum: number | undefined
    readonly maximum: number | undefined
    readonly above: number | undefined
    readonly below: number | undefined
  }
  | { readonly _tag: "Boolean" }
  | { readonly _tag: "Choice"; readonly values: ReadonlyArray<string | number | boolean | null> }
  | {
    readonly _tag: "List"
    readonly first: ReadonlyArray<Field>
    /** Missing where there is nothing after the first ones. */
    readonly item: Field | undefined
    readonly least: number
    readonly most: number | undefined
  }
  | {
    readonly _tag: "Object"
    readonly fields: ReadonlyArray<{ readonly name: string; readonly required: boolean; readonly field: Field }>
    /** Values of names that are not among the fields. */
    readonly rest: Field | undefined
  }
  | { readonly _tag: "Union"; readonly options: ReadonlyArray<{ readonly label: string; readonly field: Field }> }
  /** Anything: it is written as JSON. */
  | { readonly _tag: "Json" }

/** A place for a value. */
export interface Field {
  readonly shape: Shape
  readonly nullable: boolean
  readonly title: string | undefined
  readonly description: string | undefined
  /** What it is if it is not given; `undefined` if the schema does not tell. */
  readonly fallback: Value
  /** In words: `whole number, 1 to 9`. */
  readonly hint: string
}

type Json = { readonly [name: string]: unknown }

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const at = (value: Json, name: string): unknown => Object.hasOwn(value, name) ? value[name] : undefined
const textAt = (value: Json, name: string): string | undefined => {
  const found = at(value, name)
  return typeof found === "string" ? found : undefined
}
const numberAt = (value: Json, name: string): number | undefined => {
  const found = at(value, name)
  return typeof found === "number" ? found : undefined
}
const listAt = (value: Json, name: string): ReadonlyArray<unknown> | undefined => {
  const found = at(value, name)
  return Array.isArray(found) ? found : undefined
}

const isScalar = (value: unknown): value is string | number | boolean | null =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** Numbers that JSON does not have are written as texts: no form offers them. */
const isOddNumbers = (schema: unknown): boolean =>
  isRecord(schema) && (listAt(schema, "enum") ?? []).length > 0
  && listAt(schema, "enum")!.every((value) => value === "NaN" || value === "Infinity" || value === "-Infinity")

const json: Shape = { _tag: "Json" }

interface Context {
  readonly definitions: Json
  readonly within: ReadonlyArray<string>
}

/** Reads a schema, or a document with `schema` and `definitions`. */
export const readSchema = (schema: unknown): Field => {
  if (!isRecord(schema)) return plain(json)
  const document = isRecord(at(schema, "schema")) && textAt(schema, "dialect") !== undefined
  const root = document ? at(schema, "schema") : schema
  const definitions = document
    ? at(schema, "definitions")
    : at(schema, "$defs") ?? at(schema, "definitions")
  return read(root, { definitions: isRecord(definitions) ? definitions : {}, within: [] })
}

const plain = (shape: Shape, nullable = false): Field => ({
  shape,
  nullable,
  title: undefined,
  description: undefined,
  fallback: undefined,
  hint: hintOf(shape)
})

const read = (schema: unknown, context: Context): Field => {
  if (!isRecord(schema)) return plain(json)
  const reference = textAt(schema, "$ref")
  if (reference !== undefined) {
    const name = decodeURIComponent(reference.slice(reference.lastIndexOf("/") + 1))
      .replaceAll("~1", "/").replaceAll("~0", "~")
    // what contains itself is written as JSON from the second time on
    if (context.within.includes(name) || !Object.hasOwn(context.definitions, name)) return named(plain(json), schema)
    const field = read(context.definitions[name], { ...context, within: [...context.within, name] })
    return named(field, schema)
  }
  const all = listAt(schema, "allOf")
  if (all !== undefined) {
    const { allOf: _, ...own } = schema
    return read(Object.assign({}, own, ...all.filter(isRecord)) as Json, context)
  }
  const union = listAt(schema, "anyOf") ?? listAt(schema, "oneOf")
  if (union !== undefined) return named(readUnion(union, context), schema)
  return named(readPlain(schema, context), schema)
}

const named = (field: Field, schema: Json): Field => {
  const examples = listAt(schema, "examples")
  const hint = examples === undefined || examples.length === 0
    ? field.hint
    : [field.hint, `for example ${examples.slice(0, 3).map((one) => JSON.stringify(one)).join(", ")}`]
      .filter((part) => part !== "").join(", ")
  return {
    ...field,
    title: textAt(schema, "title") ?? field.title,
    description: textAt(schema, "description") ?? field.description,
    fallback: Object.hasOwn(schema, "default") ? schema.default : field.fallback,
    hint
  }
}

const readUnion = (members: ReadonlyArray<unknown>, context: Context): Field => {
  const isNull = (member: unknown) =>
    isRecord(member) &&
    (at(member, "type") === "null" || (listAt(member, "enum")?.every((value) => value === null) ?? false))
  const nullable = members.some(isNull)
  const rest = members.filter((member) => !isNull(member))
  const numeric = rest.some((member) =>
    isRecord(member) && (at(member, "type") === "number" || at(member, "type") === "integer")
  )
  const kept = numeric ? rest.filter((member) => !isOddNumbers(member)) : rest
  if (kept.length === 0) return plain({ _tag: "Choice", values: nullable ? [null] : [] })
  const fields = kept.map((member) => read(member, context))
  if (fields.length === 1) return { ...fields[0]!, nullable: nullable || fields[0]!.nullable }
  if (fields.every(({ shape }) => shape._tag === "Choice")) {
    const values = fields.flatMap(({ shape }) => shape._tag === "Choice" ? shape.values : [])
    return plain({ _tag: "Choice", values: [...new Set(values)] }, nullable)
  }
  if (fields.some(({ shape }) => shape._tag === "Json")) return plain(json, nullable)
  return plain(
    { _tag: "Union", options: fields.map((field, index) => ({ label: labelOf(field, index), field })) },
    nullable
  )
}

/** The literal that tells the members of a union apart, or what they look like. */
const labelOf = (field: Field, index: number): string => {
  if (field.title !== undefined) return field.title
  const { shape } = field
  if (shape._tag === "Object") {
    const tag = shape.fields.find(({ field, required }) => required && isConstant(field))
    if (tag !== undefined && tag.field.shape._tag === "Choice") return String(tag.field.shape.values[0])
    return shape.fields.length === 0 ? `option ${index + 1}` : shape.fields.map(({ name }) => name).join(", ")
  }
  return typeName(shape)
}

/** `true` where only one value is possible. */
export const isConstant = ({ nullable, shape }: Field): boolean =>
  shape._tag === "Choice" && shape.values.length === 1 && !nullable

const readPlain = (schema: Json, context: Context): Field => {
  const choices = listAt(schema, "enum") ?? (Object.hasOwn(schema, "const") ? [schema.const] : undefined)
  if (choices !== undefined) {
    const values = choices.filter(isScalar)
    if (values.length !== choices.length) return plain(json)
    const some = values.filter((value) => value !== null)
    return plain({ _tag: "Choice", values: some }, some.length < values.length)
  }
  const type = at(schema, "type")
  if (Array.isArray(type)) {
    return readUnion(type.map((one) => ({ ...schema, type: one })), context)
  }
  switch (type) {
    case "string":
      return plain({
        _tag: "Text",
        minLength: numberAt(schema, "minLength"),
        maxLength: numberAt(schema, "maxLength"),
        pattern: textAt(schema, "pattern")
      })
    case "number":
    case "integer":
      return plain({
        _tag: "Number",
        integer: type === "integer",
        minimum: safe(numberAt(schema, "minimum")),
        maximum: safe(numberAt(schema, "maximum")),
        above: numberAt(schema, "exclusiveMinimum"),
        below: numberAt(schema, "exclusiveMaximum")
      })
    case "boolean":
      return plain({ _tag: "Boolean" })
    case "null":
      return plain({ _tag: "Choice", values: [] }, true)
    case "array": {
      const first = (listAt(schema, "prefixItems") ?? []).map((item) => read(item, context))
      const items = at(schema, "items")
      return plain({
        _tag: "List",
        first,
        item: isRecord(items) ? read(items, context) : items === false || first.length > 0 ? undefined : plain(json),
        least: numberAt(schema, "minItems") ?? 0,
        most: numberAt(schema, "maxItems")
      })
    }
    case "object": {
      const properties = at(schema, "properties")
      const required = listAt(schema, "required") ?? []
      const rest = at(schema, "additionalProperties")
      if (!isRecord(properties) && rest === undefined) return plain(json)
      return plain({
        _tag: "Object",
        fields: Object.entries(isRecord(properties) ? properties : {}).map(([name, property]) => ({
          name,
          required: required.includes(name),
          field: read(property, context)
        })),
        rest: isRecord(rest) && Object.keys(rest).length > 0 ? read(rest, context) : undefined
      })
    }
    default:
      return plain(json)
  }
}

/** The bounds of whole numbers that a computer can count are no news to anybody. */
const safe = (bound: number | undefined): number | undefined =>
  bound === undefined || Math.abs(bound) >= Number.MAX_SAFE_INTEGER ? undefined : bound

const typeName = (shape: Shape): string => {
  switch (shape._tag) {
    case "Text":
      return "text"
    case "Number":
      return shape.integer ? "whole number" : "number"
    case "Boolean":
      return "true or false"
    case "Choice":
      return shape.values.map(String).join(" or ")
    case "List":
      return "list"
    case "Object":
      return "object"
    case "Union":
      return "one of several"
    case "Json":
      return "JSON"
  }
}

const hintOf = (shape: Shape): string => {
  switch (shape._tag) {
    case "Text": {
      if (shape.pattern !== undefined) return `text that matches ${shape.pattern}`
      const { maxLength, minLength } = shape
      if (minLength === undefined && maxLength === undefined) return ""
      if (minLength === 1 && maxLength === undefined) return "not empty"
      return maxLength === undefined
        ? `at least ${minLength} characters`
        : `${minLength ?? 0} to ${maxLength} characters`
    }
    case "Number": {
      const name = shape.integer ? "whole number" : "number"
      const { above, below, maximum, minimum } = shape
      if (minimum !== undefined && maximum !== undefined) return `${name}, ${minimum} to ${maximum}`
      const bounds = [
        minimum === undefined ? "" : `at least ${minimum}`,
        above === undefined ? "" : `more than ${above}`,
        maximum === undefined ? "" : `at most ${maximum}`,
        below === undefined ? "" : `less than ${below}`
      ].filter((bound) => bound !== "")
      return [name, ...bounds].join(", ")
    }
    case "Json":
      return "JSON"
    default:
      return ""
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// values
// ---------------------------------------------------------------------------------------------------------------------

/** What is wrong with a value, and where. */
export interface FieldProblem {
  readonly path: ReadonlyArray<string | number>
  readonly problem: string
}

/** A value to begin with where something has to be there. */
export const startOf = (field: Field): Value => {
  const { shape } = field
  if (field.fallback !== undefined) return field.fallback
  switch (shape._tag) {
    case "Object": {
      const value: Record<string, Value> = Object.create(null)
      for (const { field, name, required } of shape.fields) {
        if (!required) continue
        const start = startOf(field)
        if (start !== undefined) value[name] = start
      }
      return { ...value }
    }
    case "List":
      return shape.first.length > 0 ? shape.first.map((field) => startOf(field) ?? null) : []
    case "Choice":
      return isConstant(field) ? shape.values[0] : undefined
    case "Union":
      return startOf(shape.options[0]!.field)
    default:
      return undefined
  }
}

/** `true` where a value may be meant for a field: of a union, it tells which member is shown. */
export const accepts = (field: Field, value: Value): boolean => {
  if (value === null) return field.nullable || (field.shape._tag === "Choice" && field.shape.values.includes(null))
  const { shape } = field
  switch (shape._tag) {
    case "Text":
      return typeof value === "string"
    case "Number":
      return typeof value === "number"
    case "Boolean":
      return typeof value === "boolean"
    case "Choice":
      return isScalar(value) && shape.values.includes(value)
    case "List":
      return Array.isArray(value)
    case "Object":
      return isRecord(value) &&
        shape.fields.every(({ field, name }) =>
          !isConstant(field) || (Object.hasOwn(value, name) && accepts(field, value[name]))
        )
    case "Union":
      return shape.options.some(({ field }) => accepts(field, value))
    case "Json":
      return true
  }
}

const got = (value: Value): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** Everything that is wrong with a value. `undefined` is wrong only where something is required. */
export const validate = (
  field: Field,
  value: Value,
  required: boolean,
  path: ReadonlyArray<string | number> = []
): ReadonlyArray<FieldProblem> => {
  const wrong = (problem: string): ReadonlyArray<FieldProblem> => [{ path, problem }]
  if (value === undefined) return required && field.fallback === undefined ? wrong("is required") : []
  if (value === null && field.nullable) return []
  const { shape } = field
  switch (shape._tag) {
    case "Text": {
      if (typeof value !== "string") return wrong(`has to be text, not ${got(value)}`)
      if (shape.minLength !== undefined && value.length < shape.minLength) {
        return wrong(shape.minLength === 1 ? "must not be empty" : `needs at least ${shape.minLength} characters`)
      }
      if (shape.maxLength !== undefined && value.length > shape.maxLength) {
        return wrong(`takes at most ${shape.maxLength} characters`)
      }
      return shape.pattern === undefined || matches(shape.pattern, value)
        ? []
        : wrong(`has to match ${shape.pattern}`)
    }
    case "Number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return wrong(`has to be a number, not ${got(value)}`)
      if (shape.integer && !Number.isInteger(value)) return wrong("has to be a whole number")
      if (shape.minimum !== undefined && value < shape.minimum) return wrong(`has to be at least ${shape.minimum}`)
      if (shape.maximum !== undefined && value > shape.maximum) return wrong(`has to be at most ${shape.maximum}`)
      if (shape.above !== undefined && value <= shape.above) return wrong(`has to be more than ${shape.above}`)
      if (shape.below !== undefined && value >= shape.below) return wrong(`has to be less than ${shape.below}`)
      return []
    }
    case "Boolean":
      return typeof value === "boolean" ? [] : wrong(`has to be true or false, not ${got(value)}`)
    case "Choice":
      return isScalar(value) && shape.values.includes(value)
        ? []
        : wrong(
          shape.values.length === 0
            ? "has to be null"
            : `has to be ${shape.values.map((value) => JSON.stringify(value)).join(" or ")}`
        )
    case "List": {
      if (!Array.isArray(value)) return wrong(`has to be a list, not ${got(value)}`)
      if (value.length < shape.least) {
        return wrong(`needs at least ${shape.least} ${shape.least === 1 ? "entry" : "entries"}`)
      }
      if (shape.most !== undefined && value.length > shape.most) return wrong(`takes at most ${shape.most} entries`)
      return value.flatMap((item: Value, index) => {
        const of = shape.first[index] ?? shape.item
        return of === undefined
          ? [{ path: [...path, index], problem: "is one too many" }]
          : validate(of, item, true, [...path, index])
      })
    }
    case "Object": {
      if (!isRecord(value)) return wrong(`has to be an object, not ${got(value)}`)
      const known = new Set(shape.fields.map(({ name }) => name))
      return [
        ...shape.fields.flatMap(({ field, name, required }) =>
          validate(field, at(value, name), required, [...path, name])
        ),
        ...Object.keys(value).flatMap((name) =>
          known.has(name)
            ? []
            : shape.rest === undefined
            ? [{ path: [...path, name], problem: "is not a field of it" }]
            : validate(shape.rest, value[name], true, [...path, name])
        )
      ]
    }
    case "Union": {
      const option = shape.options.find(({ field }) => accepts(field, value))
      return option === undefined
        ? wrong(`fits none of ${shape.options.map(({ label }) => label).join(", ")}`)
        : validate(option.field, value, true, path)
    }
    case "Json":
      return []
  }
}

const matches = (pattern: string, value: string): boolean => {
  try {
    return new RegExp(pattern, "u").test(value)
  } catch {
    // the server knows what is meant
    return true
  }
}

/** What is wrong, by the path of the field as JSON. */
export const byPath = (problems: ReadonlyArray<FieldProblem>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const { path, problem } of problems) {
    const id = JSON.stringify(path)
    if (!found.has(id)) found.set(id, problem)
  }
  return found
}

/** The problems that a server tells of one asset, with their paths where it names them: `… at ["a"][0]`. */
export const readProblem = (problem: string): ReadonlyArray<FieldProblem> => {
  const found: Array<FieldProblem> = []
  let text: Array<string> = []
  for (const line of problem.split("\n")) {
    const place = /^(.*?)\s*\bat ((?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])+)\s*$/.exec(line)
    if (place === null) {
      text.push(line)
      continue
    }
    const path: Array<string | number> = []
    for (const [, part] of place[2]!.matchAll(/\[("(?:[^"\\]|\\.)*"|\d+)\]/g)) {
      const step: unknown = JSON.parse(part!)
      path.push(typeof step === "number" ? step : String(step))
    }
    found.push({
      path,
      problem: [...text, place[1]!].map((part) => part.trim()).filter((part) => part !== "").join(" ")
    })
    text = []
  }
  const rest = text.map((part) => part.trim()).filter((part) => part !== "").join(" ")
  return rest === "" ? found : [...found, { path: [], problem: rest }]
}

/** Reads a text that is to be JSON. */
export const parseJson = (
  text: string
): { readonly value: Value } | { readonly problem: string } => {
  if (text.trim() === "") return { value: undefined }
  try {
    return { value: JSON.parse(text) as Value }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "is not JSON" }
  }
}
