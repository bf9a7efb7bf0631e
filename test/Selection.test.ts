import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"
import { Asset, Graph, Selection } from "effect-assets"

// ---------------------------------------------------------------------------------------------------------------------
// fixtures
// ---------------------------------------------------------------------------------------------------------------------

const compute = () => Effect.succeed(0)

const asset = (key: string, deps: ReadonlyArray<Asset.Any> = [], attributes: Asset.Attributes = {}): Asset.Any =>
  Asset.make(key, { deps, compute, ...attributes })

const outputs = (...names: ReadonlyArray<string>) => ({
  outputs: Object.fromEntries(names.map((name) => [name, {}])),
  compute: () => Effect.succeed(Object.fromEntries(names.map((name) => [name, 0])))
})

/** The fixture of section 3.1 of the behaviour cases. */
const g1 = (() => {
  const ladies = { group: "ladies" }
  const gentlemen = { group: "gentlemen" }
  const earth = Asset.external("celestial/earth", { group: "planets" })
  const alice = asset("alice", [earth], ladies)
  const bob = asset("bob", [alice], gentlemen)
  const candace = asset("candace", [alice], ladies)
  const danny = asset("danny", [candace], gentlemen)
  const edgar = asset("edgar", [danny], gentlemen)
  const fiona = asset("fiona", [danny], ladies)
  const george = asset("george", [bob, fiona], gentlemen)
  const robots = Asset.multi("robots", outputs("rosie", "r2d2", "walle"))
  const aliens = Asset.multi("aliens", { ...outputs("zorg", "zapp", "zort"), canSubset: true })
  const zebra = asset("animals/zebra")
  return Graph.fromAssets<Asset.Any>([
    earth,
    alice,
    bob,
    candace,
    danny,
    edgar,
    fiona,
    george,
    zebra,
    ...Object.values(robots.assets),
    ...Object.values(aliens.assets)
  ])
})()

const people = "alice bob candace danny edgar fiona george"
const robots = "rosie r2d2 walle"
const aliens = "zorg zapp zort"

const g2Assets = () => {
  const start = asset("start")
  const a = asset("a", [start])
  const b = asset("b")
  const c = asset("c", [b])
  const d = asset("d", [a, b])
  const e = asset("e", [c])
  const f = asset("f", [d, e])
  return [start, a, b, c, d, e, f, asset("final", [a, d])]
}
const g2 = Graph.fromAssets(g2Assets())
const g2Prefixed: Graph.Any = Graph.prefix(g2, "core/models")

const chain = (() => {
  const a = asset("a")
  const b = asset("b", [a])
  return Graph.fromAssets([a, b, asset("c", [b])])
})()

// ---------------------------------------------------------------------------------------------------------------------
// helpers
// ---------------------------------------------------------------------------------------------------------------------

const words = (text: string): ReadonlyArray<string> => text.split(" ").filter((word) => word !== "").sort()

/** The keys that are selected, sorted; the order that is returned has to be topological. */
const resolved = (
  selection: Selection.Selection | string,
  graph: Graph.Any,
  options?: Selection.ResolveOptions
): ReadonlyArray<string> => {
  const keys = Result.getOrThrow(Selection.resolve(selection, graph, options))
  const all = Graph.keys(graph)
  assert.deepStrictEqual(keys, all.filter((key) => keys.includes(key)))
  return keys.toSorted()
}

const refused = (text: string): Selection.SelectionError => {
  const result = Selection.parse(text)
  if (Result.isSuccess(result)) throw new Error(`${text} was read as ${JSON.stringify(result.success)}`)
  return result.failure
}

/** The part of the text that an error is about. */
const marked = (error: Selection.SelectionError): string =>
  error.expression.slice(error.offset, error.offset + error.length)

const { all, and, downstream, key, minus, not, or, roots, sinks, upstream } = Selection
const [a, b, c] = [key("a"), key("b"), key("c")]

// ---------------------------------------------------------------------------------------------------------------------
// cases
// ---------------------------------------------------------------------------------------------------------------------

describe("Selection", () => {
  describe("resolving", () => {
    const ladies = Selection.group("ladies")
    const gentlemen = Selection.group("gentlemen")
    const externals = { externals: true }

    const cases: ReadonlyArray<
      readonly [
        id: string,
        selection: Selection.Selection | string,
        expected: string,
        options?: Selection.ResolveOptions
      ]
    > = [
      ["SEL01", "*", `${people} animals/zebra ${robots} ${aliens}`],
      ["SEL01", all, `${people} animals/zebra ${robots} ${aliens} celestial/earth`, externals],
      ["SEL02", and(Selection.keys(["alice", "bob"]), Selection.keys(["bob", "candace"])), "bob"],
      ["SEL02", "(alice or bob) and (bob or candace)", "bob"],
      ["SEL04", "group:ladies or group:planets", "alice candace fiona"],
      ["SEL04", "group:planets", "celestial/earth", externals],
      ["SEL05", Selection.keyPrefix("animals"), "animals/zebra"],
      ["SEL05", Selection.keyPrefix(["plants"]), ""],
      ["SEL05", Selection.keyPrefix("celestial"), ""],
      ["SEL05", Selection.keyPrefix("celestial"), "celestial/earth", externals],
      ["SEL06", "animals/zebra", "animals/zebra"],
      ["SEL06", Selection.keys(["animals/zebra"]), "animals/zebra"],
      ["SEL07", minus(or(ladies, key("bob")), ladies), "bob"],
      ["SEL07", "(group:ladies or bob) and not group:ladies", "bob"],
      ["SEL09", "sinks(alice or bob)", "bob"],
      ["SEL09", "sinks(*)", `edgar george ${robots} ${aliens} animals/zebra`],
      ["SEL09", sinks(ladies), "fiona"],
      ["SEL11", "+george", "alice bob candace danny fiona george"],
      ["SEL11", upstream(key("george"), { depth: 1 }), "bob fiona george"],
      ["SEL12", minus(downstream(key("candace")), key("candace")), "danny edgar fiona george"],
      ["SEL12", minus(downstream(gentlemen), gentlemen), "fiona"],
      ["SEL12", "group:ladies+ and not group:ladies", "george danny bob edgar"],
      ["SEL13", minus(upstream(key("george")), key("george")), "danny fiona alice bob candace"],
      ["SEL13", minus(upstream(gentlemen), gentlemen), "fiona alice candace"],
      ["SEL13", "+group:ladies and not group:ladies", "danny"],
      ["SEL14", "+george and group:planets", "celestial/earth", externals],
      ["SEL25", "not alice", `bob candace danny edgar fiona george animals/zebra ${robots} ${aliens}`],
      [
        "SEL25",
        "NOT alice",
        `bob candace danny edgar fiona george animals/zebra ${robots} ${aliens} celestial/earth`,
        externals
      ],
      ["from an external asset", "celestial/earth+", people],
      ["from an external asset", "celestial/earth+1", "alice"],
      ["from an external asset", "celestial/earth+1", "celestial/earth alice", externals],
      ["from an external asset", "group:planets+1", "alice"],
      ["from an external asset", "\"celestial/*\"+1", "alice"],
      ["from an external asset", "+(1+alice)", "alice"],
      ["from an external asset", "(celestial/earth or bob)+ and group:gentlemen", "bob danny edgar george"],
      ["from an external asset", "roots(celestial/earth+)", "alice"],
      ["from an external asset", "roots(celestial/earth+)", "celestial/earth", externals],
      ["an external asset", "celestial/earth", ""],
      ["no levels", "0+alice+0", "alice"],
      ["both directions", "1+danny+1", "candace danny edgar fiona"],
      ["no group", "group:default", `animals/zebra ${robots} ${aliens}`],
      ["no group", "group:<null>", `animals/zebra ${robots} ${aliens}`],
      ["precedence", "alice or bob and not bob", "alice"],
      ["precedence", "not alice and bob", "bob"],
      ["precedence", "not (not bob or not bob)", "bob"],
      ["a wildcard", "key:*a*d*c*", "candace"],
      ["a wildcard", "key:\"*/zebra\"", "animals/zebra"],
      ["a wildcard", "key:unknown*", ""],
      ["a wildcard", "group:\"*men\"", "bob danny edgar george"],
      ["nothing", Selection.keys([]), ""],
      ["nothing", "group:unknown or tag:unknown or owner:unknown or kind:unknown", ""]
    ]
    for (const [id, selection, expected, options] of cases) {
      const text = typeof selection === "string" ? selection : Selection.print(selection)
      it(`${id}: ${text}${options === undefined ? "" : ", with external assets"}`, () => {
        assert.deepStrictEqual(resolved(selection, g1, options), words(expected))
        assert.deepStrictEqual(resolved(text, g1, options), words(expected))
      })
    }

    it.each([
      ["SEL15", "a or b or c", "a"],
      ["SEL15", "a or c", "a"],
      ["SEL15", "b or c", "b"],
      ["SEL15", "c", "c"]
    ])("%s: the roots of %s", (_, of, expected) => {
      assert.deepStrictEqual(resolved(`roots(${of})`, chain), words(expected))
    })

    it("SEL20: owners", () => {
      const graph = Graph.fromAssets([
        asset("1", [], { owners: ["owner1@owner.com"] }),
        asset("2", [], { owners: ["owner2@owner.com"] }),
        asset("3", [], { owners: ["owner2@owner.com", "owner1@owner.com"] }),
        asset("4", [])
      ])
      assert.deepStrictEqual(resolved("owner:\"owner1@owner.com\"", graph), ["1", "3"])
      assert.deepStrictEqual(resolved(Selection.owner("owner1@owner.com"), graph), ["1", "3"])
      assert.deepStrictEqual(resolved("owner:<null>", graph), ["4"])
    })

    it("SEL26, SEL28: tags, kinds and groups, and what has none", () => {
      const graph = Graph.fromAssets([
        asset("gold", [], { tags: { tier: "gold" }, kinds: ["duckdb", "parquet"], group: "g" }),
        asset("empty", [], { tags: { tier: "" }, kinds: ["parquet"], group: "default" }),
        asset("other", [], { tags: { "with space": "*", constructor: "x" } }),
        asset("bare")
      ])
      const expected = {
        "tag:tier": "gold empty",
        "tag:tier=gold": "gold",
        "tag:tier=\"\"": "empty",
        "tag:tier=\"g*\"": "",
        "tag:\"with space\"=\"*\"": "other",
        "tag:toString": "",
        "tag:constructor": "other",
        "tag:<null>": "bare",
        "tag:\"<null>\"": "",
        "kind:parquet": "gold empty",
        "kind:duck": "",
        "kind:<null>": "other bare",
        "group:<null>": "other bare",
        "group:default": "other bare empty",
        "not group:default": "gold"
      }
      for (const [text, keys] of Object.entries(expected)) {
        assert.deepStrictEqual(resolved(text, graph), words(keys), text)
      }
    })

    it.each([
      ["SEL31", "*", "start a b c d e f final"],
      ["SEL31", "a", "a"],
      ["SEL31", "b+1", "b c d"],
      ["SEL31", "1+f", "f d e"],
      ["SEL31", "2+f", "f d e c a b"],
      ["SEL31", "start+", "start a d f final"],
      ["SEL32", "1+a or b+1", "start a b c d"],
      ["SEL32", "+c or final", "b c final"]
    ])("%s: %s, written as today", (_, text, expected) => {
      assert.deepStrictEqual(resolved(text, g2), words(expected))
      // SEL33: the same with a prefix
      const prefixed = text.replaceAll(/[a-z]+/g, (word) => word === "or" ? word : `core/models/${word}`)
      assert.deepStrictEqual(resolved(prefixed, g2Prefixed), words(expected).map((key) => `core/models/${key}`))
    })

    it("SEL36: an unknown key tells what is close to it", () => {
      const graph = Graph.fromAssets(["asset1", "assets1", "asst", "unrelated"].map((key) => asset(key)))
      const result = Selection.resolve("unrelated or asst1+", graph)
      assert(Result.isFailure(result))
      assert(result.failure._tag === "UnknownAssetError")
      assert.strictEqual(result.failure.key, "asst1")
      assert.deepStrictEqual(result.failure.suggestions.toSorted(), ["asset1", "assets1", "asst"])
      assert.include(result.failure.message, "Did you mean")
      assert.isTrue(Result.isFailure(Selection.resolve(Selection.keys(["asst", "nope"]), graph)))
      assert.isTrue(Result.isFailure(Selection.resolve("asst and not (nope)", graph)))
    })

    it("SEL10: what cannot be materialized alone", () => {
      const expected: ReadonlyArray<readonly [string, string]> = [
        ["george", "george"],
        ["rosie", robots],
        ["alice bob walle", `alice bob ${robots}`],
        ["zorg", "zorg"],
        ["", ""]
      ]
      for (const [keys, neighbors] of expected) {
        assert.deepStrictEqual(Selection.requiredNeighbors(g1, words(keys)).toSorted(), words(neighbors))
      }
      assert.throws(() => Selection.requiredNeighbors(g1, ["robot"]), /no asset "robot"/)
    })

    it("takes keys as they are, and escapes as one character", () => {
      const names = [
        "a*b",
        "a b",
        "and",
        "tag",
        "EUR\\/USD",
        "EUR/USD",
        "a\\\\b",
        "\"",
        "weather/x",
        "weather\\/x",
        "2024",
        "日本"
      ]
      const graph = Graph.fromAssets(names.map((name) => asset(name)))
      for (const name of names) {
        assert.deepStrictEqual(resolved(key(name), graph), [name])
        assert.deepStrictEqual(resolved(Selection.print(key(name)), graph), [name])
      }
      assert.deepStrictEqual(resolved(Selection.keys(names), graph), names.toSorted())
      assert.deepStrictEqual(resolved("\"weather/*\"", graph), ["weather/x"])
      assert.deepStrictEqual(resolved("\"*/x\"", graph), ["weather/x"])
      assert.deepStrictEqual(resolved("\"weather*x\"", graph), ["weather/x", "weather\\/x"].toSorted())
      assert.deepStrictEqual(resolved("\"EUR\\/USD\"", graph), ["EUR\\/USD"])
      assert.deepStrictEqual(resolved("key:\"a\\*b\"", graph), ["a*b"])
      assert.deepStrictEqual(resolved("key:a*b", graph), ["a b", "a*b", "a\\\\b"].toSorted())
    })

    it("does not let wildcards overlap", () => {
      const graph = Graph.fromAssets(["ab", "aab", "aba", "abb", "abcab"].map((name) => asset(name)))
      assert.deepStrictEqual(resolved("key:ab*ab", graph), ["abcab"])
      assert.deepStrictEqual(resolved("key:a*a*b", graph), ["aab", "abcab"])
      assert.deepStrictEqual(resolved("key:aba*ba", graph), [])
      assert.deepStrictEqual(resolved("key:ab*b*b", graph), [])
      assert.deepStrictEqual(resolved("key:a*b*b", graph), ["abb", "abcab"])
      assert.strictEqual(resolved("key:**", graph).length, 5)
    })

    it("data-last", () => {
      assert.deepStrictEqual(Selection.resolve(chain)("a+"), Selection.resolve("a+", chain))
      assert.deepStrictEqual(
        Selection.resolve(g1, { externals: true })("celestial/earth"),
        Result.succeed(["celestial/earth"])
      )
    })
  })

  describe("the tree", () => {
    it("SEL18: conjunctions and disjunctions are flat", () => {
      const flat: Selection.Selection = { _tag: "And", of: [a, b, c] }
      assert.deepStrictEqual(and(and(a, b), c), flat)
      assert.deepStrictEqual(and(a, and(b, c)), flat)
      assert.deepStrictEqual(and(c)(and(b)(a)), flat)
      assert.deepStrictEqual(Selection.parseUnsafe("(a and b) and c"), flat)
      assert.deepStrictEqual(Selection.parseUnsafe("a and (b and c)"), flat)
      assert.deepStrictEqual(or(or(a, b), c), { _tag: "Or", of: [a, b, c] })
      assert.deepStrictEqual(and(or(a, b), c), { _tag: "And", of: [{ _tag: "Or", of: [a, b] }, c] })
      assert.deepStrictEqual(Selection.union([a, or(b, c)]), { _tag: "Or", of: [a, b, c] })
      assert.deepStrictEqual(Selection.union([a]), a)
    })

    it("data-last", () => {
      assert.deepStrictEqual(upstream()(a), upstream(a))
      assert.deepStrictEqual(downstream({ depth: 2 })(a), downstream(a, { depth: 2 }))
      assert.deepStrictEqual(minus(b)(a), and(a, not(b)))
      assert.deepStrictEqual(or(b)(a), or(a, b))
    })

    it("a depth is a whole number", () => {
      assert.deepStrictEqual(upstream(a, { depth: Infinity }), upstream(a))
      assert.deepStrictEqual(upstream(a, { depth: undefined }), upstream(a))
      for (const depth of [-1, 0.5, NaN, -Infinity, 2 ** 53]) {
        assert.throws(() => upstream(a, { depth }), RangeError)
        assert.throws(() => downstream(a, { depth }), RangeError)
      }
    })

    it("is encoded as it is", () => {
      const Json = Schema.fromJsonString(Selection.Selection)
      for (
        const text of [
          "*",
          "1+a+",
          "not (group:g or tag:k or tag:k=v) and roots(owner:<null>)",
          "sinks(kind:k)+2",
          "owner:o"
        ]
      ) {
        const selection = Selection.parseUnsafe(text)
        assert.deepStrictEqual(Schema.decodeSync(Json)(Schema.encodeSync(Json)(selection)), selection)
        assert.deepStrictEqual(JSON.parse(Schema.encodeSync(Json)(selection)), selection)
      }
      const decodes = Schema.is(Selection.Selection)
      assert.isFalse(decodes({ _tag: "And", of: [a] }))
      assert.isFalse(decodes({ _tag: "Upstream", of: a, depth: -1 }))
      assert.isFalse(decodes({ _tag: "Nonsense" }))
    })
  })

  describe("reading", () => {
    const cases: ReadonlyArray<readonly [id: string, text: string, expected: Selection.Selection]> = [
      ["SEL23", "1+key:a", upstream(a, { depth: 1 })],
      ["SEL23", "key:a+2", downstream(a, { depth: 2 })],
      ["SEL23", "1+key:a+1", or(upstream(a, { depth: 1 }), downstream(a, { depth: 1 }))],
      ["SEL23", "+key:a", upstream(a)],
      ["SEL23", "key:a+", downstream(a)],
      ["SEL23", "+key:a+", or(upstream(a), downstream(a))],
      ["SEL23", "+key:a+3", or(upstream(a), downstream(a, { depth: 3 }))],
      ["SEL24", "key:a+ and +key:b", and(downstream(a), upstream(b))],
      ["SEL24", "+a and b+ and +c+", and(and(upstream(a), downstream(b)), or(upstream(c), downstream(c)))],
      ["SEL25", "not key:a", not(a)],
      ["SEL25", "NOT key:a", not(a)],
      ["SEL25", "key:a AND key:b", and(a, b)],
      ["SEL25", "key:a Or key:b", or(a, b)],
      ["SEL26", "tag:foo", Selection.tag("foo")],
      ["SEL26", "tag:foo=bar", Selection.tag("foo", "bar")],
      ["SEL26", "tag:\"fake\"=\"\"", Selection.tag("fake", "")],
      ["SEL26", "tag:\"\"", Selection.tag("")],
      ["SEL26", "tag:\"<null>\"", Selection.tag("<null>")],
      ["SEL28", "group:<null>", Selection.absent("group")],
      ["SEL28", "kind:<null>", Selection.absent("kind")],
      ["SEL28", "owner:<null>", Selection.absent("owner")],
      ["SEL28", "tag:<null>", Selection.absent("tag")],
      ["SEL29", "*", all],
      ["SEL29", "key:\"*/a+\"", Selection.keyPattern("*/a+")],
      ["SEL29", "key:prefix/thing", key("prefix/thing")],
      ["SEL29", "sinks(key:a)", sinks(a)],
      ["SEL29", "roots(key:a)", roots(a)],
      ["SEL29", "owner:\"owner@owner.com\"", Selection.owner("owner@owner.com")],
      ["SEL29", "group:\"marketing/*\"", Selection.group("marketing/*")],
      ["SEL29", "group:marketing/foo/bar", Selection.group("marketing/foo/bar")],
      ["SEL29", "kind:my_kind", Selection.kind("my_kind")],
      ["SEL29", "(((key:a)))", a],
      ["bare", "weather/daily+", downstream(key("weather/daily"))],
      ["bare", "\"my key\"", key("my key")],
      ["bare", "\"and\" or Key", or(key("and"), key("Key"))],
      ["bare", "a-b.c_d/2", key("a-b.c_d/2")],
      ["bare", "notable", key("notable")],
      ["bare", "2024_sales", key("2024_sales")],
      ["bare", "日本/東京", key("日本/東京")],
      ["names of attributes", "key:key or kind:roots", or(key("key"), Selection.kind("roots"))],
      ["numbers", "key:2024+1", downstream(key("2024"), { depth: 1 })],
      ["numbers", "tag:year=2024", Selection.tag("year", "2024")],
      ["space", " key : a+ 1\n and\t1 +b ", and(downstream(a, { depth: 1 }), upstream(b, { depth: 1 }))],
      ["no space", "(a)and(b)", and(a, b)],
      ["no space", "not(a)", not(a)],
      ["no space", "\"a\"or\"b\"", or(a, b)],
      ["wildcards", "key:weather/*+", downstream(Selection.keyPrefix("weather"))],
      ["wildcards", "key:*_raw", Selection.keyPattern("*_raw")],
      ["wildcards", "group:*", Selection.group("*")],
      ["escapes", "\"a\\\"b\\\\c\\d\\/e\\*f\"", Selection.keyPattern("a\"b\\c\\d\\/e\\*f")],
      ["escapes", "\"two\nlines\"", key("two\nlines")],
      ["precedence", "not a and b or c", or(and(not(a), b), c)],
      ["precedence", "a or b and not c", or(a, and(b, not(c)))],
      ["precedence", "not a+", not(downstream(a))],
      ["precedence", "(not a)+", downstream(not(a))],
      ["precedence", "not not a", not(not(a))],
      ["everything", "+(*)", upstream(all)],
      ["everything", "not *", Selection.keys([])]
    ]
    it.each(cases)("%s: %s", (_, text, expected) => {
      assert.deepStrictEqual(Selection.parse(text), Result.succeed(expected))
      // SEL29: and back
      assert.deepStrictEqual(Selection.parse(Selection.print(expected)), Result.succeed(expected))
    })
  })

  describe("printing", () => {
    const cases: ReadonlyArray<readonly [text: string, Selection.Selection]> = [
      ["key:a", a],
      ["key:\"a-b\"", key("a-b")],
      ["key:\"and\"", key("and")],
      ["key:\"NOT\"", key("NOT")],
      ["kind:\"job\"", Selection.kind("job")],
      ["key:\"2024\"+1", downstream(key("2024"), { depth: 1 })],
      ["key:\"a\\*b\"", key("a*b")],
      ["key:\"EUR\\/USD\"", key("EUR\\/USD")],
      ["key:\"\\\"\"", key("\"")],
      ["key:\"\\\\\"", Selection.keyPattern("\\")],
      ["key:\"weather/*\"", Selection.keyPrefix("weather")],
      ["tag:a", Selection.tag("a")],
      ["tag:a=\"\"", Selection.tag("a", "")],
      ["owner:<null>", Selection.absent("owner")],
      ["owner:\"<null>\"", Selection.owner("<null>")],
      ["+(key:a or key:b)", upstream(or(a, b))],
      ["2+key:a+", or(upstream(a, { depth: 2 }), downstream(a))],
      ["(+key:a+)+1", downstream(or(upstream(a), downstream(a)), { depth: 1 })],
      ["+key:a or key:b+", or(upstream(a), downstream(b))],
      ["key:a+ or +key:a", or(downstream(a), upstream(a))],
      ["not (key:a and key:b)", not(and(a, b))],
      ["(key:a or key:b) and not key:c", minus(or(a, b), c)],
      ["key:a or key:b and key:c", or(a, and(b, c))],
      ["roots(key:a or key:b)+", downstream(roots(or(a, b)))],
      ["+(*)", upstream(all)],
      ["not *", Selection.union([])]
    ]
    it.each(cases)("%s", (text, selection) => {
      assert.strictEqual(Selection.print(selection), text)
      assert.deepStrictEqual(Selection.parseUnsafe(text), selection)
    })
  })

  describe("refusing", () => {
    /** The problem, where it is, and the hint, which may be left out. */
    const cases: ReadonlyArray<readonly [id: string, text: string, place: string, problem: string, hint?: string]> = [
      ["SEL22", "+", "", "expected a selection"],
      ["SEL22", "*+", "+", "\"*\" is everything", "Leave the \"+\" out."],
      ["SEL22", "**key:a", "**key:a", "older form", "Write +key:a instead."],
      ["SEL22", "not", "", "expected a selection"],
      [
        "SEL22",
        "key:a key:b",
        "key",
        "expected \"and\", \"or\" or the end, found \"key\"",
        "Put \"and\" or \"or\" between"
      ],
      ["SEL22", "key:a and and", "and", "expected a selection, found \"and\"", "needs quotes: \"and\"."],
      ["SEL22", "key:a and", "", "expected a selection"],
      ["SEL22", "sinks", "sinks", "\"sinks\" is a function", "Write sinks(…), or key:sinks"],
      ["SEL22", "owner", "owner", "\"owner\" is an attribute", "Write owner:VALUE, or key:owner"],
      ["SEL22", "tag:foo=", "", "expected a value after \"tag:foo=\""],
      ["SEL22", "owner:owner@owner.com", "@", "found \"@\"", "needs quotes: owner:\"owner@owner.com\"."],
      ["SEL22", "owner:<none>", "<none>", "expected a value after \"owner:\"", "<null>"],
      ["SEL22", "key:<fake>", "<fake>", "expected a value after \"key:\"", "<null>"],
      ["SEL22", "is:nonsense", "is", "unknown attribute \"is\"", "key:, group:, tag:, owner: and kind:"],
      ["SEL22", "is:observable", "is", "unknown attribute \"is\""],
      ["SEL30", "partitions:daily", "partitions", "unknown attribute", "The attributes are"],
      ["SEL28", "job:<null>", "job", "unknown attribute"],
      ["SEL31", "start*", "start*", "older form", "Write start+ instead. Keys that start with it are key:\"start*\"."],
      ["SEL31", "++f", "++f", "older form", "Write 2+f instead."],
      ["SEL31", "f++", "f++", "older form", "Write f+2 instead."],
      ["SEL32", "*c", "*c", "older form", "Write +c instead."],
      ["SEL33", "a or ++core/models/f", "++core/models/f", "older form", "Write 2+core/models/f instead."],
      ["older", "*a*", "*a*", "older form", "Write +a+ instead."],
      ["older", "++a+++", "++a+++", "older form", "Write 2+a+3 instead."],
      ["older", "(a or b)* and c", "(a or b)*", "older form", "Write (a or b)+ instead."],
      ["older", "key:\"a b\"*", "key:\"a b\"*", "older form", "Write key:\"a b\"+ instead."],
      ["older", "*(a or (b))", "*", "older form", "Write +x instead."],
      ["older", `*${"a".repeat(1000)}`, `*${"a".repeat(299)}`, "older form", "Write +x instead."],
      ["empty", "", "", "it is empty", "Write \"*\" for everything."],
      ["empty", "  ", "", "it is empty"],
      ["empty", "()", ")", "expected a selection, found \")\""],
      ["parentheses", "(key:a and key:b", "", "expected \")\""],
      ["parentheses", "(a b)", "b", "expected \"and\", \"or\" or \")\", found \"b\""],
      ["parentheses", "a)", ")", "there is no \"(\" for this \")\""],
      ["parentheses", "a()", "a", "unknown function \"a\"", "The functions are roots(…) and sinks(…)."],
      ["functions", "root(a)", "root", "unknown function \"root\"", "Did you mean \"roots\"?"],
      ["functions", "roots(", "", "expected a selection"],
      ["attributes", "grup:x", "grup", "unknown attribute \"grup\"", "Did you mean \"group\"?"],
      ["attributes", "status:healthy", "status", "unknown attribute \"status\"", "The attributes are"],
      ["attributes", "a:b", "a", "unknown attribute \"a\"", "A key with \":\" in it needs quotes."],
      ["attributes", "owner:team:data+2", ":", "found \":\"", "needs quotes: owner:\"team:data\"+2."],
      ["attributes", "tag:a=b=c", "=", "found \"=\"", "needs quotes: tag:a=\"b=c\"."],
      ["attributes", "tag:k=<null>", "<null>", "a tag has a value", "Write \"not tag:k\""],
      ["attributes", "key:<null>", "<null>", "every asset has a key"],
      ["attributes", "<null>", "<null>", "expected a selection", "after an attribute"],
      ["attributes", "key:", "", "expected a value after \"key:\""],
      ["attributes", "group:and", "and", "expected a value after \"group:\", found \"and\"", "needs quotes: \"and\""],
      ["attributes", "kind:duck*", "*", "only keys and groups may have wildcards", "in quotes"],
      ["reserved", "AND", "AND", "expected a selection, found \"AND\"", "needs quotes: \"AND\""],
      ["reserved", "a or key", "key", "\"key\" is an attribute"],
      ["reserved", "roots+", "roots", "\"roots\" is a function"],
      ["numbers", "2024", "2024", "expected \"+\" after the number", "key:2024"],
      ["numbers", "1+2024", "2024", "expected a selection, found \"2024\"", "key:2024"],
      ["numbers", "1+1+a", "1", "expected a selection, found \"1\""],
      ["numbers", "a+9007199254740992", "9007199254740992", "the number is too large"],
      ["other languages", "a,b", ",", "found \",\"", "Write \"or\""],
      ["other languages", "a && b", "&", "found \"&\"", "Write \"and\"."],
      ["other languages", "!a", "!", "expected a selection", "Write \"not\"."],
      ["other languages", "a -b", "-b", "found \"-b\"", "Write \"and not\""],
      ["other languages", "-b", "-b", "cannot start with \"-\"", "Write \"and not\""],
      ["other languages", "a not b", "not", "found \"not\"", "Write \"and not\""],
      ["other languages", "'a'", "'", "found \"'\"", "Quotes are double"],
      ["other", "a+ +b", "+", "found \"+\"", "Put \"and\" or \"or\" between"],
      ["other", "+*", "*", "\"*\" is everything"],
      ["other", "a\\/b", "\\", "found \"\\\"", "needs quotes: key:\"a\\/b\"."],
      ["other", "key:\"abc or b", "\"abc or b", "the quote is not closed"],
      ["other", "key:a\u{1f600}", "\u{1f600}", "found \"\u{1f600}\"", "needs quotes: key:\"a\u{1f600}\""]
    ]
    for (const [id, text, place, problem, hint] of cases) {
      it(`${id}: ${text.slice(0, 50)}`, () => {
        const error = refused(text)
        assert.strictEqual(marked(error), place)
        assert.include(error.problem, problem)
        if (hint !== undefined) assert.include(error.hint, hint)
        assert.throws(() => Selection.parseUnsafe(text), error.problem)
        const resolved = Selection.resolve(text, chain)
        assert.deepStrictEqual(Result.isFailure(resolved) && resolved.failure, error)
      })
    }

    it("what a hint tells to write can be read", () => {
      let checked = 0
      for (const [, text, , , hint] of cases) {
        const instead = /(?:Write ([^" ]*(?:"[^"]*")?[^" ]*) instead|needs quotes: (.*))\.$/.exec(
          refused(text).hint ?? ""
        )
        if (hint === undefined || instead === null) continue
        Selection.parseUnsafe((instead[1] ?? instead[2])!)
        checked++
      }
      assert.isAbove(checked, 10)
    })

    const messages: ReadonlyArray<readonly [text: string, message: ReadonlyArray<string>]> = [
      ["(key:a and key:b", ["Cannot read the selection: expected \")\"", "  (key:a and key:b", "                  ^"]],
      [
        "a and\n (bb or ++c) and\nd",
        [
          "Cannot read the selection: this is an older form",
          "   (bb or ++c) and",
          "          ^^^",
          "Write 2+c instead."
        ]
      ],
      [
        "key:日本\u{1f600}\te\u0301 b",
        [
          "Cannot read the selection: expected \"and\", \"or\" or the end, found \"\u{1f600}\"",
          "  key:日本\u{1f600} e\u0301 b",
          "          ^^",
          "A value with \"\u{1f600}\" in it needs quotes: key:\"日本\u{1f600}\"."
        ]
      ],
      [
        "\u202e \u001b[31m",
        [
          "Cannot read the selection: expected a selection, found \" \"",
          "     [31m",
          "  ^",
          "Anything but letters, digits and _ - . / needs quotes."
        ]
      ],
      [
        `${"a or ".repeat(100)}b c${" or d".repeat(100)}`,
        [
          "Cannot read the selection: expected \"and\", \"or\" or the end, found \"c\"",
          `  …or ${"a or ".repeat(11)}b c${" or d".repeat(11)} or …`,
          `${" ".repeat(63)}^`,
          "Put \"and\" or \"or\" between two selections."
        ]
      ],
      ["", ["Cannot read the selection: it is empty", "Write \"*\" for everything."]]
    ]
    for (const [text, message] of messages) {
      it(`marks the place in ${JSON.stringify(text.slice(0, 50))}`, () => {
        assert.deepStrictEqual(refused(text).message.split("\n"), message)
      })
    }

    it("is a value that can be sent", () => {
      for (const text of ["", "++a", "(a"]) {
        const error = refused(text)
        const decoded = Schema.decodeUnknownSync(Selection.SelectionError)(
          JSON.parse(JSON.stringify(Schema.encodeSync(Selection.SelectionError)(error)))
        )
        assert.strictEqual(decoded.message, error.message)
      }
      // also one that was not made here
      const odd = new Selection.SelectionError({ expression: "a\nb", offset: 50, length: 50, problem: "p" })
      assert.include(odd.message, "p")
    })
  })

  describe("limits", () => {
    it("nesting ends with an error, not with a crash", () => {
      const deep = (count: number) => "(".repeat(count) + "a" + ")".repeat(count)
      assert.deepStrictEqual(Selection.parseUnsafe(deep(500)), a)
      for (
        const text of [
          deep(10_000),
          "(".repeat(10_000),
          "not ".repeat(10_000) + "a",
          "roots(".repeat(10_000),
          "+(".repeat(10_000)
        ]
      ) {
        assert.strictEqual(refused(text).problem, "it is nested more than 500 levels deep")
      }
      assert.strictEqual(refused(deep(501)).offset, 500)
      // side by side is not nested
      Selection.parseUnsafe(Array(10_000).fill("not (a or b)").join(" and "))
    })

    it("traversals in both directions cannot blow the tree up", () => {
      const nested = (count: number) => "+(".repeat(count) + "a" + ")+".repeat(count)
      Selection.parseUnsafe(nested(10))
      assert.include(refused(nested(100)).problem, "nested too deep")
      const wide = `+(${Array(20_000).fill("a").join(" or ")})+`
      assert.isTrue(Result.isSuccess(Selection.parse(wide)))
    })

    it("reads, prints and resolves a long text", () => {
      const text = Array(50_000).fill("key:a").join(" or ")
      const selection = Selection.parseUnsafe(text)
      assert.strictEqual(Selection.print(selection), text)
      assert.deepStrictEqual(resolved(selection, chain), ["a"])
      const long = "x".repeat(1_000_000)
      assert.deepStrictEqual(Selection.parseUnsafe(`key:"${long}"`), key(long))
      for (
        const mistake of [`key:"${long}`, `*${long}`, `${long}@`, `${long}*`, `(${long}`, `${"\\".repeat(100_000)}`]
      ) refused(mistake)
    })

    it("prints and resolves a tree of a program that is deeper than the stack", () => {
      let selection = a
      for (let i = 0; i < 100_000; i++) selection = i % 2 === 0 ? not(selection) : downstream(selection, { depth: 0 })
      assert.isAbove(Selection.print(selection).length, 100_000)
      assert.deepStrictEqual(resolved(selection, chain), ["a"])
    })

    it("resolves on a chain of 10,000 assets", () => {
      const assets = [asset("0")]
      for (let i = 1; i < 10_000; i++) assets.push(asset(String(i), [assets[i - 1]!]))
      const graph = Graph.fromAssets(assets)
      const count = (selection: string | Selection.Selection) =>
        Result.getOrThrow(Selection.resolve(selection, graph)).length
      const started = performance.now()
      assert.strictEqual(count("+key:9999"), 10_000)
      assert.strictEqual(count("100+key:9999"), 101)
      assert.strictEqual(count("sinks(+key:9999)"), 1)
      assert.strictEqual(count("roots(key:*9)"), 1)
      assert.strictEqual(count(Selection.keys(Graph.keys(graph))), 10_000)
      // each of them is about a millisecond
      assert.isBelow(performance.now() - started, 1000)
    })

    it("a pattern cannot take long to match", () => {
      const graph = Graph.fromAssets([asset("a".repeat(900))])
      const started = performance.now()
      assert.deepStrictEqual(resolved(Selection.keyPattern(`${"*a".repeat(400)}*b`), graph), [])
      assert.isBelow(performance.now() - started, 1000)
    })
  })

  describe("laws", () => {
    const numbers = Arbitrary.array(
      Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 - 1 }))),
      {
        minLength: 1,
        maxLength: 30
      }
    )

    /** A stack machine: every list of numbers is a program that builds a selection with the constructors. */
    const build = (program: ReadonlyArray<number>, leaf: (at: number) => Selection.Selection): Selection.Selection => {
      const stack: Array<Selection.Selection> = []
      const pop = (): Selection.Selection => stack.pop() ?? all
      for (const number of program) {
        const operation = number % 16
        const argument = Math.floor(number / 16)
        const depth = argument % 4 === 3 ? {} : { depth: argument % 4 }
        switch (operation) {
          case 0:
            stack.push(and(pop(), pop()))
            break
          case 1:
            stack.push(or(pop(), pop()))
            break
          case 2:
            stack.push(not(pop()))
            break
          case 3:
            stack.push(minus(pop(), pop()))
            break
          case 4:
            stack.push(upstream(pop(), depth))
            break
          case 5:
            stack.push(downstream(pop(), depth))
            break
          case 6: {
            const of = pop()
            stack.push(or(upstream(of, depth), downstream(of)))
            break
          }
          case 7:
            stack.push(roots(pop()))
            break
          case 8:
            stack.push(sinks(pop()))
            break
          default:
            stack.push(leaf(argument))
        }
      }
      return pop()
    }

    const pieces = [
      ..."ab*\"\\/ +:=<>(),'@-._2\n\t\u0000",
      ..."é日",
      "\u{1f600}",
      "\ud800",
      "and",
      "OR",
      "not",
      "key",
      "group",
      "roots",
      "<null>",
      "\\*",
      "\\/",
      "\\\\",
      "\\\""
    ]

    const text = (seed: number): string => {
      let out = ""
      for (let rest = seed; rest > 0; rest = Math.floor(rest / (pieces.length + 1))) {
        out += pieces[rest % (pieces.length + 1)] ?? ""
      }
      return out
    }

    const anyLeaf = (at: number): Selection.Selection => {
      const name = text(Math.floor(at / 10))
      switch (at % 10) {
        case 0:
          return all
        case 1:
          return Selection.keyPattern(name)
        case 2:
          return Selection.keyPrefix([name])
        case 3:
          return Selection.group(name)
        case 4:
          return Selection.tag(name)
        case 5:
          return Selection.tag(text(Math.floor(at / 1000)), name)
        case 6:
          return Selection.owner(name)
        case 7:
          return Selection.kind(name)
        case 8:
          return Selection.absent((["group", "tag", "owner", "kind"] as const)[Math.floor(at / 10) % 4]!)
        default:
          return key(name)
      }
    }

    it.prop("what is printed can be read back", [numbers], ([program]) => {
      const selection = build(program, anyLeaf)
      assert.deepStrictEqual(Selection.parse(Selection.print(selection)), Result.succeed(selection))
    }, { arbitrary: { runs: 2000, seed: 1, size: 25 } })

    it.prop("any key, printed and read, is that key", [Arbitrary.schema(Schema.String), numbers], ([string, seeds]) => {
      for (const name of [string, seeds.map(text).join("")]) {
        assert.deepStrictEqual(Selection.parseUnsafe(Selection.print(key(name))), key(name))
        assert.deepStrictEqual(
          Selection.parseUnsafe(Selection.print(Selection.tag(name, name))),
          Selection.tag(name, name)
        )
      }
    }, { arbitrary: { runs: 500, seed: 2, size: 25 } })

    it.prop("any text is read or refused, and what is read can be printed", [numbers], ([seeds]) => {
      const tokens = [
        "a ",
        "b",
        "(",
        ")",
        "+",
        "+",
        "*",
        " and ",
        " or ",
        "not ",
        "roots(",
        "key:",
        "tag:",
        "=",
        "2",
        " "
      ]
      const written = seeds.map((seed) => tokens[seed % tokens.length] ?? text(seed)).join("")
      const result = Selection.parse(written)
      if (Result.isSuccess(result)) {
        assert.deepStrictEqual(Selection.parseUnsafe(Selection.print(result.success)), result.success)
      } else {
        assert.isAtMost(result.failure.offset + result.failure.length, written.length)
        assert.include(result.failure.message, "^")
      }
    }, { arbitrary: { runs: 2000, seed: 3, size: 25 } })

    /** Every list of numbers is also a graph: of assets, external assets and multi-assets. */
    const graphOf = (numbers: ReadonlyArray<number>): Graph.Any => {
      const assets: Array<Asset.Any> = []
      numbers.slice(0, 12).forEach((number, i) => {
        const mask = (number >> 8) & (number >> 4)
        const deps = assets.filter((_, at) => (mask & (1 << at % 20)) !== 0)
        const attributes = {
          ...(number % 3 === 0 ? {} : { group: `g${number % 3}` }),
          tags: number % 5 === 0 ? { t: String(number % 2) } : {},
          kinds: number % 7 < 3 ? ["k"] : [],
          owners: number % 11 < 5 ? ["team:o"] : []
        }
        if (number % 8 === 0) assets.push(Asset.external(`n${i}`, attributes))
        else if (number % 8 === 1) {
          const multi = Asset.multi(`m${i}`, {
            ...outputs(`n${i}`, `n${i}b`),
            ...attributes,
            deps,
            canSubset: number % 16 === 1
          })
          assets.push(...Object.values(multi.assets))
        } else assets.push(asset(`n${i}`, deps, attributes))
      })
      return Graph.fromAssets(assets)
    }

    /** What a selection means, written down once more without any thought of how long it takes. */
    const naive = (selection: Selection.Selection, graph: Graph.Any, externals: boolean): ReadonlySet<string> => {
      const assets = Graph.assets(graph).filter((asset) => externals || !asset.external)
      const those = (test: (asset: Asset.Any) => boolean) => new Set(assets.filter(test).map((asset) => asset.key))
      const glob = (pattern: string) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`)
      const traversed = (
        of: Selection.Selection,
        next: (graph: Graph.Any, key: string) => ReadonlyArray<string>,
        depth: number
      ) => {
        let found = naive(of, graph, true)
        for (let i = 0; i < Math.min(depth, 100); i++) {
          found = new Set([...found].flatMap((key) => [key, ...next(graph, key)]))
        }
        return those((asset) => found.has(asset.key))
      }
      const ends = (
        of: Selection.Selection,
        beyond: (graph: Graph.Any, keys: Iterable<string>) => ReadonlyArray<string>
      ) => {
        const found = naive(of, graph, externals)
        return those((asset) => found.has(asset.key) && !beyond(graph, [asset.key]).some((key) => found.has(key)))
      }
      switch (selection._tag) {
        case "All":
          return those(() => true)
        case "Key":
          return those((asset) => glob(selection.pattern).test(asset.key))
        case "Group":
          return those((asset) => glob(selection.pattern).test(asset.group ?? "default"))
        case "Tag":
          return those((asset) =>
            "t" in asset.tags && (selection.value === undefined || asset.tags.t === selection.value)
          )
        case "Owner":
          return those((asset) => asset.owners.includes(selection.owner))
        case "Kind":
          return those((asset) => asset.kinds.includes(selection.kind))
        case "Absent":
          return those((asset) =>
            selection.attribute === "group" ?
              asset.group === undefined
              : selection.attribute === "tag" ?
              Object.keys(asset.tags).length === 0
              : selection.attribute === "owner" ?
              asset.owners.length === 0
              : asset.kinds.length === 0
          )
        case "And": {
          const sets = selection.of.map((of) => naive(of, graph, externals))
          return those((asset) => sets.every((set) => set.has(asset.key)))
        }
        case "Or": {
          const sets = selection.of.map((of) => naive(of, graph, externals))
          return those((asset) => sets.some((set) => set.has(asset.key)))
        }
        case "Not": {
          const set = naive(selection.of, graph, externals)
          return those((asset) => !set.has(asset.key))
        }
        case "Upstream":
          return traversed(selection.of, Graph.parents, selection.depth ?? Infinity)
        case "Downstream":
          return traversed(selection.of, Graph.children, selection.depth ?? Infinity)
        case "Roots":
          return ends(selection.of, Graph.upstream)
        case "Sinks":
          return ends(selection.of, Graph.downstream)
      }
    }

    it.prop("selects what the definition says", [numbers, numbers], ([nodes, program]) => {
      const graph = graphOf(nodes)
      const keys = Graph.keys(graph)
      const leaves: ReadonlyArray<(at: number) => Selection.Selection> = [
        (at) => key(keys[at % keys.length]!),
        (at) => key(keys[at % keys.length]!),
        (at) => Selection.keyPattern(["n*", "*b", "n1*", "*"][at % 4]!),
        (at) => Selection.group(["g1", "g*", "default", "none"][at % 4]!),
        (at) => Selection.tag("t", ["0", "1", undefined][at % 3]),
        (at) => at % 2 === 0 ? Selection.kind("k") : Selection.owner("team:o"),
        (at) => Selection.absent((["group", "tag", "owner", "kind"] as const)[at % 4]!),
        () => all
      ]
      const selection = build(program, (at) => leaves[at % leaves.length]!(Math.floor(at / leaves.length)))
      for (const externals of [false, true]) {
        assert.deepStrictEqual(
          resolved(selection, graph, { externals }),
          [...naive(selection, graph, externals)].sort(),
          Selection.print(selection)
        )
      }
    }, { arbitrary: { runs: 1000, seed: 4, size: 25 } })
  })
})
