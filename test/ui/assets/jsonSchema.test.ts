import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readSchema, type SchemaNode } from "../../../ui/src/assets/jsonSchema.ts"

const documentOf = (schema: Schema.Constraint): unknown => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return { ...root, $defs: definitions }
}

const lines = (node: SchemaNode, indent = ""): ReadonlyArray<string> => [
  `${indent}${node.name}${node.required ? "" : "?"}: ${node.type}${
    node.default === undefined ? "" : ` = ${node.default}`
  }${node.rules.map((rule) => ` (${rule})`).join("")}${node.description === undefined ? "" : ` # ${node.description}`}`,
  ...node.children.flatMap((child) => lines(child, `${indent}  `))
]

describe("readSchema", () => {
  it("reads what the schemas of assets become", () => {
    const schema = Schema.Struct({
      city: Schema.String.annotate({ description: "Where" }),
      mode: Schema.Literals(["fast", "slow"]),
      days: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
      note: Schema.NullOr(Schema.String),
      points: Schema.Array(Schema.Struct({ x: Schema.Finite }))
    })
    assert.deepStrictEqual(lines(readSchema(documentOf(schema))), [
      ": object",
      "  city: string # Where",
      "  mode: \"fast\" | \"slow\"",
      "  days?: integer | null (at least 1)",
      "  note: string | null",
      "  points: array of object",
      "    x: number"
    ])
  })

  it("shows defaults, maps and tuples", () => {
    assert.deepStrictEqual(
      lines(readSchema({
        type: "object",
        properties: {
          limit: { type: "integer", default: 10, maximum: 100 },
          names: { type: "object", additionalProperties: { type: "string" } },
          pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }] }
        },
        required: ["pair"]
      })),
      [": object", "  limit?: integer = 10 (at most 100)", "  names?: object of string", "  pair: [string, number]"]
    )
  })

  it("ends where a schema names itself", () => {
    const tree = readSchema({
      $ref: "#/$defs/Tree",
      $defs: {
        Tree: { type: "object", properties: { next: { anyOf: [{ $ref: "#/$defs/Tree" }, { type: "null" }] } } }
      }
    })
    assert.deepStrictEqual(lines(tree), [": object", "  next?: Tree | null"])
  })

  it("follows every reference, and takes a broken one for anything", () => {
    const root = {
      $defs: { "a/b": { type: "string" } },
      properties: { x: { $ref: "#/$defs/a~1b" }, y: { $ref: "#/no" } }
    }
    assert.deepStrictEqual(lines(readSchema(root)), [": object", "  x?: string", "  y?: anything"])
  })

  it("does not fail on what is no schema", () => {
    for (const schema of [undefined, null, true, 7, "x", [], {}, { anyOf: [] }]) {
      assert.strictEqual(readSchema(schema).type, "anything")
    }
    assert.strictEqual(readSchema(false).type, "nothing")
  })

  it("stays short on a schema that is nested deeply", () =>
    Effect.sync(() => {
      let schema: unknown = { type: "string" }
      for (let i = 0; i < 10_000; i++) schema = { type: "object", properties: { a: schema } }
      assert.isBelow(lines(readSchema(schema)).length, 30)
    }).pipe(Effect.runPromise))
})
