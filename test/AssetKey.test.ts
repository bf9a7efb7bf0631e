import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { AssetKey } from "effect-assets"

const arrayOf = <A>(item: Arbitrary.Arbitrary<A>, minLength: number, maxLength: number) =>
  Arbitrary.array(item, { minLength, maxLength })

const oneOf = <const T extends ReadonlyArray<string>>(values: T) => Arbitrary.schema(Schema.Literals(values))

/** Segments of what has a meaning in a key, and of what has none. */
const segment = Arbitrary.map(
  arrayOf(oneOf(["a", "b", "/", "\\", ".", "-", "é", "😀"]), 1, 6),
  (chars) => chars.join("")
)
const segments = arrayOf(segment, 1, 4)

/** Any text: whether it is a key is for `validate` to say. */
const text = Arbitrary.map(
  arrayOf(oneOf(["a", "/", "\\", " ", ".", "\n", "\u0000", "\ud800", "😀"]), 0, 6),
  (chars) => chars.join("")
)

const options = { arbitrary: { runs: 500 } }

describe("AssetKey", () => {
  describe("fromSegments", () => {
    it("joins with a slash and escapes what belongs to a segment", () => {
      assert.strictEqual(AssetKey.fromSegments(["a"]), "a")
      assert.strictEqual(AssetKey.fromSegments(["a", "b", "c"]), "a/b/c")
      assert.strictEqual(AssetKey.fromSegments(["a/b", "c"]), "a\\/b/c")
      assert.strictEqual(AssetKey.fromSegments(["a\\", "b"]), "a\\\\/b")
      assert.strictEqual(AssetKey.fromSegments(["\\/"]), "\\\\\\/")
    })

    it.prop("is undone by segments", { segments }, ({ segments }) => {
      assert.deepStrictEqual(AssetKey.segments(AssetKey.fromSegments(segments)), segments)
    }, options)

    it.prop("makes valid keys of segments that may stand in one", { segments }, ({ segments }) => {
      assert.isUndefined(AssetKey.validate(AssetKey.fromSegments(segments)))
    }, options)

    it.prop("gives different keys for different segments", { a: segments, b: segments }, ({ a, b }) => {
      assert.strictEqual(AssetKey.fromSegments(a) === AssetKey.fromSegments(b), JSON.stringify(a) === JSON.stringify(b))
    }, options)
  })

  describe("segments", () => {
    it("splits at slashes that are not escaped", () => {
      assert.deepStrictEqual(AssetKey.segments("a"), ["a"])
      assert.deepStrictEqual(AssetKey.segments("a/b"), ["a", "b"])
      assert.deepStrictEqual(AssetKey.segments("a\\/b/c"), ["a/b", "c"])
      assert.deepStrictEqual(AssetKey.segments("a\\\\/b"), ["a\\", "b"])
    })

    it.prop("is undone by fromSegments for every valid key", { text }, ({ text }) => {
      if (AssetKey.validate(text) !== undefined) return
      assert.strictEqual(AssetKey.fromSegments(AssetKey.segments(text)), text)
    }, options)

    it.prop("splits any text without a failure", { text }, ({ text }) => {
      assert.isAtLeast(AssetKey.segments(text).length, 1)
    }, options)
  })

  describe("prefix", () => {
    it("takes a key or segments, and escapes segments only", () => {
      assert.strictEqual(AssetKey.prefix("c", "a/b"), "a/b/c")
      assert.strictEqual(AssetKey.prefix("c", ["a", "b"]), "a/b/c")
      assert.strictEqual(AssetKey.prefix("c", "a\\/b"), "a\\/b/c")
      assert.strictEqual(AssetKey.prefix("c", ["a/b"]), "a\\/b/c")
      assert.strictEqual(AssetKey.prefix("c\\/d", "a"), "a/c\\/d")
    })

    it.prop("puts segments before segments", { a: segments, b: segments }, ({ a, b }) => {
      const key = AssetKey.fromSegments(b)
      assert.deepStrictEqual(AssetKey.segments(AssetKey.prefix(key, a)), [...a, ...b])
      assert.strictEqual(AssetKey.prefix(key, AssetKey.fromSegments(a)), AssetKey.prefix(key, a))
    }, options)
  })

  describe("validate", () => {
    const valid = ["a", "a/b", "a.b-c_d:e@f/g", "Ünï/コード/😀", "with space/in it", "a\\/b", "a\\\\", "a".repeat(1000)]
    it.each(valid)("accepts %j", (key) => {
      assert.isUndefined(AssetKey.validate(key))
    })

    const invalid: ReadonlyArray<readonly [key: string, problem: string]> = [
      ["", "is empty"],
      ["/", "has an empty segment"],
      ["/a", "has an empty segment"],
      ["a/", "has an empty segment"],
      ["a//b", "has an empty segment"],
      [" a", "has a segment that begins or ends with a space"],
      ["a/b /c", "has a segment that begins or ends with a space"],
      ["a/\u00a0b", "has a segment that begins or ends with a space"],
      ["a\\b", "has a \\ that escapes neither / nor \\"],
      ["a\\", "has a \\ that escapes neither / nor \\"],
      ["a\\\\\\", "has a \\ that escapes neither / nor \\"],
      ["a\nb", "has a control character"],
      ["a\u0000", "has a control character"],
      ["a\u007f", "has a control character"],
      ["a\ud800", "is not well-formed Unicode (a lone surrogate)"],
      ["a".repeat(1001), "is longer than 1000 characters"]
    ]
    it.each(invalid)("refuses %j: %s", (key, problem) => {
      assert.strictEqual(AssetKey.validate(key), problem)
    })
  })

  describe("AssetKey", () => {
    it.prop("is a schema for what validate accepts", { text }, ({ text }) => {
      assert.strictEqual(Schema.is(AssetKey.AssetKey)(text), AssetKey.validate(text) === undefined)
    }, options)

    it("says what is wrong", () => {
      assert.throws(() => Schema.decodeSync(AssetKey.AssetKey)("a//b"), /the asset key has an empty segment/)
    })
  })
})
