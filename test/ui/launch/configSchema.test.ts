import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import {
  accepts,
  byPath,
  type Field,
  isConstant,
  parseJson,
  readProblem,
  readSchema,
  startOf,
  validate
} from "../../../ui/src/launch/configSchema.ts"

/** A schema as the API tells it. */
const fieldOf = <S extends Schema.ConstraintCodec<unknown, unknown>>(schema: S): Field =>
  readSchema(Schema.toJsonSchemaDocument(Schema.toCodecJson(schema)))

const problems = (field: Field, value: unknown, required = true): ReadonlyArray<string> =>
  validate(field, value, required).map(({ path, problem }) => [...path, problem].join(" "))

const Config = Schema.Struct({
  name: Schema.String,
  days: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })),
  ratio: Schema.optionalKey(Schema.Number),
  mode: Schema.Literals(["full", "fast"]),
  note: Schema.NullOr(Schema.String),
  flags: Schema.optionalKey(Schema.Array(Schema.Boolean)),
  limits: Schema.optionalKey(Schema.Struct({ low: Schema.Finite, high: Schema.Finite })),
  source: Schema.optionalKey(Schema.Union([
    Schema.Struct({ kind: Schema.Literal("file"), path: Schema.String }),
    Schema.Struct({ kind: Schema.Literal("table"), limit: Schema.Int })
  ])),
  weights: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite)),
  pair: Schema.optionalKey(Schema.Tuple([Schema.String, Schema.Int])),
  odd: Schema.optionalKey(Schema.Union([Schema.Literal("x"), Schema.Literal(1), Schema.Null])),
  anything: Schema.optionalKey(Schema.Json)
})

const good = { name: "x", days: 3, mode: "fast", note: null }

describe("configSchema", () => {
  it("a schema becomes fields", () => {
    const field = fieldOf(Config)
    assert.strictEqual(field.shape._tag, "Object")
    if (field.shape._tag !== "Object") return
    assert.deepStrictEqual(
      field.shape.fields.map(({ field, name, required }) => [name, field.shape._tag, field.nullable, required]),
      [
        ["name", "Text", false, true],
        ["days", "Number", false, true],
        ["ratio", "Number", false, false],
        ["mode", "Choice", false, true],
        ["note", "Text", true, true],
        ["flags", "List", false, false],
        ["limits", "Object", false, false],
        ["source", "Union", false, false],
        ["weights", "Object", false, false],
        ["pair", "List", false, false],
        ["odd", "Choice", true, false],
        ["anything", "Json", false, false]
      ]
    )
    const of = (name: string) =>
      field.shape._tag === "Object" ? field.shape.fields.find((one) => one.name === name)!.field : field
    assert.strictEqual(of("days").hint, "whole number, 1 to 9")
    const source = of("source").shape
    assert.deepStrictEqual(source._tag === "Union" && source.options.map(({ label }) => label), ["file", "table"])
    const odd = of("odd").shape
    assert.deepStrictEqual(odd._tag === "Choice" && odd.values, ["x", 1])
  })

  it("descriptions, titles, defaults and examples are told", () => {
    const field = readSchema({
      type: "object",
      properties: {
        days: { type: "integer", title: "Days", description: "How many", default: 0, examples: [3, 4] },
        zone: { $ref: "#/$defs/Zone", description: "Where" }
      },
      $defs: { Zone: { type: "string", minLength: 1, description: "A zone" } }
    })
    assert.strictEqual(field.shape._tag, "Object")
    if (field.shape._tag !== "Object") return
    const [days, zone] = field.shape.fields.map(({ field }) => field)
    assert.deepStrictEqual([days!.title, days!.description, days!.fallback], ["Days", "How many", 0])
    assert.strictEqual(days!.hint, "whole number, for example 3, 4")
    assert.deepStrictEqual([zone!.shape._tag, zone!.description, zone!.hint], ["Text", "Where", "not empty"])
  })

  it("what the server takes has no problems, and what it refuses has some", () => {
    const field = fieldOf(Config)
    const decode = Schema.decodeUnknownResult(Config, { onExcessProperty: "error" })
    const values: ReadonlyArray<unknown> = [
      good,
      { ...good, days: 1 },
      { ...good, days: 9 },
      { ...good, days: 0 },
      { ...good, ratio: 0.5, flags: [true, false], limits: { low: 1, high: 2 }, weights: { a: 1 }, pair: ["a", 1] },
      { ...good, source: { kind: "file", path: "x" } },
      { ...good, source: { kind: "table", limit: 3 }, odd: null, anything: [{ a: null }] },
      { ...good, odd: 1 },
      {},
      { ...good, days: 10 },
      { ...good, days: 1.5 },
      { ...good, days: "3" },
      { ...good, mode: "slow" },
      { ...good, note: 3 },
      { ...good, flags: [true, "false"] },
      { ...good, flags: {} },
      { ...good, limits: { low: 1 } },
      { ...good, source: { kind: "table", limit: "3" } },
      { ...good, source: { kind: "queue" } },
      { ...good, weights: { a: "1" } },
      { ...good, pair: ["a"] },
      { ...good, pair: ["a", 1, 2] },
      { ...good, odd: "y" },
      { ...good, unknown: 1 },
      [],
      null,
      "text"
    ]
    for (const value of values) {
      assert.strictEqual(problems(field, value).length === 0, Result.isSuccess(decode(value)), JSON.stringify(value))
    }
  })

  it("says where a problem is, and what would be right", () => {
    const field = fieldOf(Config)
    assert.deepStrictEqual(problems(field, { ...good, days: 10, mode: "slow", flags: [true, 1], limits: { low: 1 } }), [
      "days has to be at most 9",
      "mode has to be \"full\" or \"fast\"",
      "flags 1 has to be true or false, not 1",
      "limits high is required"
    ])
    assert.deepStrictEqual(problems(field, undefined), ["is required"])
    assert.deepStrictEqual(problems(field, undefined, false), [])
    const found = byPath(validate(field, { ...good, flags: [1] }, true))
    assert.deepStrictEqual([...found.keys()], ["[\"flags\",0]"])
  })

  it("a field with a default may be left out", () => {
    const field = fieldOf(Schema.Struct({
      days: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(3))),
      name: Schema.String
    }))
    assert.deepStrictEqual(problems(field, { name: "x" }), [])
    const told = readSchema({ type: "object", properties: { a: { type: "string", default: "x" } }, required: ["a"] })
    assert.deepStrictEqual(problems(told, {}), [])
  })

  it("numbers and texts within bounds", () => {
    const number = readSchema({ type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 })
    assert.deepStrictEqual(problems(number, 0.5), [])
    assert.deepStrictEqual(problems(number, 0), ["has to be more than 0"])
    assert.deepStrictEqual(problems(number, 1), ["has to be less than 1"])
    assert.lengthOf(problems(number, Number.NaN), 1)
    const text = readSchema({ type: "string", minLength: 2, maxLength: 3 })
    assert.deepStrictEqual(problems(text, "ab"), [])
    assert.deepStrictEqual(problems(text, "a"), ["needs at least 2 characters"])
    assert.deepStrictEqual(problems(text, "abcd"), ["takes at most 3 characters"])
    assert.deepStrictEqual(problems(readSchema({ type: "string", pattern: "^a+$" }), "b"), ["has to match ^a+$"])
    assert.deepStrictEqual(problems(readSchema({ type: "string", pattern: "(" }), "b"), [], "the server knows")
    const list = readSchema({ type: "array", items: { type: "string" }, minItems: 1, maxItems: 2 })
    assert.deepStrictEqual(problems(list, []), ["needs at least 1 entry"])
    assert.deepStrictEqual(problems(list, ["a", "b", "c"]), ["takes at most 2 entries"])
  })

  it("a schema that contains itself is written as JSON from the second time on", () => {
    interface Tree {
      readonly name: string
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({
      name: Schema.String,
      children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
    }).annotate({ identifier: "Tree" })
    const field = fieldOf(Tree)
    assert.deepStrictEqual(problems(field, { name: "a", children: [{ name: "b", children: [] }] }), [])
    assert.deepStrictEqual(problems(field, { name: "a", children: 3 }), ["children has to be a list, not 3"])
  })

  it("no schema breaks the form", () => {
    for (
      const schema of [undefined, null, true, 3, [], {}, { $ref: "#/x" }, { anyOf: [] }, { type: "object" }, {
        enum: []
      }]
    ) {
      const field = readSchema(schema)
      assert.isString(field.hint)
      validate(field, { a: [1] }, true)
      startOf(field)
    }
  })

  it("begins with what has to be there", () => {
    const field = readSchema({
      type: "object",
      properties: {
        kind: { type: "string", enum: ["file"] },
        at: { type: "object", properties: { x: { type: "number" } }, required: ["x"] },
        size: { type: "number", default: 3 },
        more: { type: "string" }
      },
      required: ["kind", "at", "size"]
    })
    assert.deepStrictEqual(startOf(field), { kind: "file", at: {}, size: 3 })
    const fields = field.shape._tag === "Object" ? field.shape.fields : []
    assert.deepStrictEqual(fields.map(({ field }) => isConstant(field)), [true, false, false, false])
    assert.isTrue(accepts(field, { kind: "file" }))
    assert.isFalse(accepts(field, { kind: "table" }))
  })

  it("names of fields are only names", () => {
    const field = readSchema(JSON.parse(
      `{"type":"object","properties":{"__proto__":{"type":"number"},"constructor":{"type":"number"}},"required":["__proto__"]}`
    ))
    assert.deepStrictEqual(problems(field, {}), ["__proto__ is required"])
    assert.deepStrictEqual(problems(field, JSON.parse(`{"__proto__":"x"}`)), [`__proto__ has to be a number, not "x"`])
  })

  it("problems of the server are read with their places", () => {
    const failure = Schema.decodeUnknownResult(Config, { errors: "all" })({ ...good, days: 10, flags: [1] })
    const message = Result.isFailure(failure) ? String(failure.failure.message) : ""
    const found = readProblem(message)
    assert.deepStrictEqual(found.map(({ path }) => path), [["days"], ["flags", 0]])
    assert.isTrue(found.every(({ problem }) => problem !== "" && !problem.includes("at [")), JSON.stringify(found))
    assert.deepStrictEqual(readProblem("it takes no configuration."), [
      { path: [], problem: "it takes no configuration." }
    ])
    assert.deepStrictEqual(readProblem(""), [])
    assert.deepStrictEqual(readProblem(`wrong\n  at ["a\\"]["]["b"][0]`), [{
      path: ["a\"][", "b", 0],
      problem: "wrong"
    }])
  })

  it("a text is read as JSON", () => {
    assert.deepStrictEqual(parseJson(" {\"a\": 1} "), { value: { a: 1 } })
    assert.deepStrictEqual(parseJson("  "), { value: undefined })
    assert.property(parseJson("{"), "problem")
  })
})
