import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Schema } from "effect"
import { Metadata } from "effect-assets"

const codec = Schema.fromJsonString(Schema.toCodecJson(Metadata.Metadata))

/** Metadata as it comes back from a log that stores JSON. */
const stored = (metadata: Metadata.Metadata): Metadata.Metadata =>
  Schema.decodeSync(codec)(Schema.encodeSync(codec)(metadata))

// what the types forbid, as it comes from JavaScript
const untyped = (value: unknown): Metadata.Input => ({ label: value as string })

const text = Arbitrary.schema(Schema.String)
// JSON has no negative zero
const numbers = Arbitrary.map(Arbitrary.schema(Schema.Int), (n) => n + 0)

describe("Metadata", () => {
  describe("fromInput", () => {
    it("keeps plain values", () => {
      assert.deepStrictEqual({ ...Metadata.fromInput({ a: "x", b: 1.5, c: true, d: null }) }, {
        a: "x",
        b: 1.5,
        c: true,
        d: null
      })
    })

    it("gives what is known a tag", () => {
      const metadata = Metadata.fromInput({
        url: new URL("https://example.com/a?b"),
        date: new Date(5),
        utc: DateTime.makeUnsafe(6),
        bigint: 2n ** 64n,
        array: [1, [null]],
        object: { a: { b: "c" } }
      })
      assert.deepStrictEqual({ ...metadata }, {
        url: { _tag: "Url", url: "https://example.com/a?b" },
        date: { _tag: "Timestamp", millis: 5 },
        utc: { _tag: "Timestamp", millis: 6 },
        bigint: "18446744073709551616",
        array: { _tag: "Json", json: [1, [null]] },
        object: { _tag: "Json", json: { a: { b: "c" } } }
      })
    })

    it("keeps values of the module, and takes what only looks like one as JSON", () => {
      const url = Metadata.url("https://example.com")
      assert.strictEqual(Metadata.fromInput({ url }).url, url)
      assert.deepStrictEqual(
        Metadata.fromInput({ url: { _tag: "Url", url: 1 } }).url,
        Metadata.json({ _tag: "Url", url: 1 })
      )
    })

    it("takes labels that objects have already as labels", () => {
      const input: Metadata.Input = JSON.parse(`{"__proto__":{"a":1},"constructor":"x","toString":2}`)
      const metadata = Metadata.fromInput(input)
      assert.deepStrictEqual(Object.keys(metadata), ["__proto__", "constructor", "toString"])
      assert.deepStrictEqual(Object.keys(stored(metadata)), ["__proto__", "constructor", "toString"])
      assert.isUndefined(Metadata.fromInput({}).constructor)
    })

    it("leaves out what is inherited", () => {
      assert.deepStrictEqual(Object.keys(Metadata.fromInput(Object.create({ inherited: 1 }))), [])
    })

    const circular: Record<string, unknown> = {}
    circular.self = circular
    const refused: ReadonlyArray<readonly [what: string, value: unknown, problem: string]> = [
      ["undefined", undefined, "is undefined"],
      ["a function", () => 1, "is a function"],
      ["a symbol", Symbol("a"), "is a symbol"],
      ["a circular object", circular, "is not JSON"],
      ["undefined inside", { a: undefined }, "is not JSON"],
      ["NaN inside", [Number.NaN], "is not JSON"],
      ["a bigint inside", { a: 1n }, "is not JSON"],
      ["a map", new Map([["a", 1]]), "is not JSON"],
      [
        "an instance of a class",
        new (class A {
          a = 1
        })(),
        "is not JSON"
      ],
      ["an error", new Error("a"), "is not JSON"]
    ]
    it.each(refused)("refuses %s", (_, value, problem) => {
      try {
        Metadata.fromInput(untyped(value))
      } catch (error) {
        assert.instanceOf(error, Metadata.MetadataError)
        assert.strictEqual(error.label, "label")
        assert.strictEqual(error.problem, problem)
        assert.include(error.message, `The metadata "label" ${problem}. Give text, a number, a boolean`)
        return
      }
      assert.fail("it was accepted")
    })
  })

  describe("timestamp", () => {
    it("takes milliseconds, dates and date times with a zone", () => {
      const zoned = DateTime.makeZonedUnsafe(5, { timeZone: "Europe/Berlin" })
      for (const at of [5, new Date(5), DateTime.makeUnsafe(5), zoned]) {
        assert.deepStrictEqual(Metadata.timestamp(at), { _tag: "Timestamp", millis: 5 })
      }
    })
  })

  describe("url", () => {
    it("keeps text as it is given", () => {
      assert.deepStrictEqual(Metadata.url("not a url"), { _tag: "Url", url: "not a url" })
      assert.deepStrictEqual(Metadata.url(new URL("HTTPS://EXAMPLE.com")), { _tag: "Url", url: "https://example.com/" })
    })
  })

  describe("table", () => {
    it("reads columns off the first row", () => {
      assert.deepStrictEqual(Metadata.table([{ a: 1, b: "x", c: true }, { d: 1 }]), {
        _tag: "Table",
        columns: [{ name: "a", type: "number" }, { name: "b", type: "string" }, { name: "c", type: "boolean" }],
        rows: [{ a: 1, b: "x", c: true }, { d: 1 }]
      })
      assert.deepStrictEqual(Metadata.table([]), { _tag: "Table", columns: [], rows: [] })
    })

    it("takes columns that are given", () => {
      const columns = [{ name: "a", type: "BIGINT", description: "how many", nullable: false }]
      assert.deepStrictEqual(Metadata.table([{ a: 1 }], columns), { _tag: "Table", columns, rows: [{ a: 1 }] })
    })
  })

  describe("Metadata", () => {
    it("comes back from JSON as it was recorded, whatever its kind", () => {
      const metadata = Metadata.fromInput({
        text: "{}",
        number: 1.5,
        boolean: false,
        null: null,
        url: Metadata.url("https://example.com/"),
        path: Metadata.path("/tmp/ä b"),
        markdown: Metadata.markdown("# a"),
        json: Metadata.json({ _tag: "Url", url: "x" }),
        timestamp: Metadata.timestamp(5),
        asset: Metadata.asset("a/b"),
        run: Metadata.run("run-1"),
        columns: Metadata.tableSchema([{ name: "a", type: "TEXT", nullable: true }]),
        table: Metadata.table([{ a: [1, { b: null }] }])
      })
      assert.deepStrictEqual({ ...stored(metadata) }, { ...metadata })
    })

    it.prop("comes back from JSON for any text, number and label", { label: text, text, number: numbers }, (given) => {
      const metadata = Metadata.fromInput({ [given.label]: given.text, number: given.number, json: [given.text] })
      assert.deepStrictEqual({ ...stored(metadata) }, { ...metadata })
    }, { arbitrary: { runs: 200 } })

    it("refuses what it does not know", () => {
      const isMetadata = Schema.is(Metadata.Metadata)
      assert.isTrue(isMetadata(Metadata.empty))
      assert.isFalse(isMetadata({ a: undefined }))
      assert.isFalse(isMetadata({ a: [1] }))
      assert.isFalse(isMetadata({ a: { _tag: "Nothing" } }))
    })
  })
})

describe("values that JSON does not have", () => {
  it("are recorded as text, so that they come back as they were recorded", () => {
    const metadata = Metadata.fromInput({ nan: NaN, infinite: -Infinity, big: 12345678901234567890n })
    assert.deepStrictEqual({ ...metadata }, { nan: "NaN", infinite: "-Infinity", big: "12345678901234567890" })
    const codec = Schema.fromJsonString(Schema.toCodecJson(Metadata.Metadata))
    assert.deepStrictEqual({ ...Schema.decodeSync(codec)(Schema.encodeSync(codec)(metadata)) }, { ...metadata })
  })

  it("refuses an invalid date and names the label", () => {
    assert.throws(() => Metadata.fromInput({ since: new Date(NaN) }), /"since" is an invalid date/)
  })
})

describe("format", () => {
  it("gives text for each kind of value", () => {
    const formatted = [
      "text",
      1.5,
      true,
      null,
      Metadata.url("https://example.com/"),
      Metadata.path("a/b"),
      Metadata.markdown("**x**"),
      Metadata.json({ a: [1] }),
      Metadata.timestamp(0),
      Metadata.timestamp(1e300),
      Metadata.asset("a/b"),
      Metadata.run("r1"),
      Metadata.tableSchema([{ name: "n", type: "int" }, { name: "s", type: "text" }]),
      Metadata.table([{ n: 1 }, { n: 2 }])
    ].map(Metadata.format)
    assert.deepStrictEqual(formatted, [
      "text",
      "1.5",
      "true",
      "null",
      "https://example.com/",
      "a/b",
      "**x**",
      `{"a":[1]}`,
      "1970-01-01T00:00:00.000Z",
      "1e+300",
      "a/b",
      "r1",
      "n int, s text",
      "2 rows of n"
    ])
  })

  it("does not take what is nested too deep", () => {
    const nested = (depth: number) => {
      let value: Schema.Json = []
      for (let at = 1; at < depth; at++) value = [value]
      return value
    }
    assert.deepStrictEqual(Metadata.fromInput({ x: nested(500) })["x"], Metadata.json(nested(500)))
    for (const value of [nested(502), nested(50_000), Metadata.json(nested(50_000))]) {
      assert.throws(() => Metadata.fromInput({ x: value }), /nested more than 500 levels deep/)
    }
  })
})
