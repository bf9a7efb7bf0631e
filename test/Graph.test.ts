import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result, Schema } from "effect"
import { Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import * as fixture from "./fixtures/assets.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

const make = <const Key extends string>(key: Key, options?: Asset.Attributes) =>
  Asset.make(key, { ...options, compute: () => Effect.succeed(1) })

/** An asset that names others by key only, as one does across services. */
const reading = <const Key extends string>(key: Key, ...upstream: ReadonlyArray<string>) =>
  Asset.make(key, { deps: upstream.map((up) => Asset.external(up)), compute: () => Effect.void })

/** The error that the function throws. */
const thrown = <E>(of: new(...args: any) => E, body: () => unknown): E => {
  let error: unknown
  try {
    body()
  } catch (caught) {
    error = caught
  }
  assert.instanceOf(error, of)
  return error as E
}

const problemsOf = (body: () => unknown): ReadonlyArray<Graph.Problem> => thrown(Graph.GraphError, body).problems

const explained = (body: () => unknown): ReadonlyArray<string> => {
  const lines = thrown(Graph.GraphError, body).message.split("\n")
  assert.match(lines[0]!, /^The graph has (a problem|\d+ problems):$/)
  return lines.slice(1)
}

describe("inputs", () => {
  const run = (graph: Graph.Any, key: string) =>
    Effect.gen(function*() {
      // the graphs below need no more than their storage and their log
      yield* Runtime.materialize(graph) as Effect.Effect<unknown, never, IOManager.IOManager | EventLog.EventLog>
      return yield* Runtime.load(Option.getOrThrow(Graph.get(graph, key))) as Effect.Effect<unknown>
    }).pipe(Effect.provide(inMemory))

  it.effect("DEF03: have names of their own", () =>
    Effect.gen(function*() {
      const asset_foo = Asset.make("asset_foo", Effect.succeed(2))
      const asset_bar = Asset.make("asset_bar", Effect.succeed(5))
      const asset_baz = Asset.make("asset_baz", {
        inputs: { foo: asset_foo, asset_bar },
        compute: ({ asset_bar, foo }) => Effect.succeed(foo + asset_bar)
      })
      assert.strictEqual(yield* run(Graph.make({ asset_foo, asset_bar, asset_baz }), "asset_baz"), 7)
    }))

  it.effect("DEF04: are the asset that is given, whatever they are called", () =>
    Effect.gen(function*() {
      const asset_foo = Asset.make("asset_foo", Effect.succeed("foo"))
      const asset_bar = Asset.make("asset_bar", Effect.succeed("bar"))
      const last = Asset.make("last_asset", {
        inputs: { asset_bar: asset_foo },
        compute: ({ asset_bar }) => Effect.succeed(asset_bar)
      })
      assert.strictEqual(yield* run(Graph.make({ asset_foo, asset_bar, last }), "last_asset"), "foo")
    }))

  it.effect("DEF05: with a prefixed key are found under it", () =>
    Effect.gen(function*() {
      const asset_foo = Asset.make("asset_foo", { keyPrefix: "hello", compute: () => Effect.succeed("foo") })
      const by = Asset.make("by_reference", {
        inputs: { foo: Asset.external("hello/asset_foo", { schema: Schema.String }) },
        compute: ({ foo }) => Effect.succeed(foo)
      })
      const graph = Graph.make({ asset_foo, by })
      assert.deepStrictEqual(Graph.keys(graph), ["hello/asset_foo", "by_reference"])
      assert.strictEqual(yield* run(graph, "by_reference"), "foo")
    }))

  // DEF06, DEF07: do not apply: an input is an asset or its whole key, so nothing is resolved within a group.

  it.effect("DEF19: that only order come before, and are not passed", () =>
    Effect.gen(function*() {
      const journal: Array<unknown> = []
      const foo = Asset.make("foo", Effect.andThen(Effect.yieldNow, Effect.sync(() => void journal.push("foo"))))
      const bar = Asset.make("bar", { deps: [foo], compute: (inputs) => Effect.sync(() => void journal.push(inputs)) })
      yield* Effect.provide(Runtime.materialize(Graph.make({ bar, foo })), EventLog.layerMemory)
      assert.deepStrictEqual(journal, ["foo", {}])
    }))

  it.effect("DEF20: and deps are upstream alike", () =>
    Effect.gen(function*() {
      const foo = make("foo")
      const bar = Asset.make("bar", { keyPrefix: ["key_prefix"], compute: () => Effect.void })
      const baz = Asset.make("baz", Effect.succeed("baz"))
      const qux = Asset.make("qux", {
        inputs: { baz },
        deps: [foo, bar],
        compute: ({ baz }) => Effect.succeed(baz)
      })
      const graph = Graph.make({ foo, bar, baz, qux })
      assert.deepStrictEqual([...Graph.parents(graph, "qux")].sort(), ["baz", "foo", "key_prefix/bar"])
      assert.strictEqual(yield* run(graph, "qux"), "baz")
    }))
})

describe("a graph", () => {
  it("of a module has its assets, and nothing else", () => {
    const graph = Graph.make(fixture)
    assert.deepStrictEqual(Object.keys(graph.assets).sort(), ["largest", "orders", "revenue", "smallest"])
    assert.deepStrictEqual([...Graph.keys(graph)].sort(), ["largest", "orders", "revenue", "smallest"])
    assert.strictEqual(graph.assets.revenue, fixture.revenue)
    assert.strictEqual(graph.assets.smallest, fixture.range.assets.smallest)
    assert.isTrue(Graph.isGraph(graph))
    assert.isFalse(Graph.isGraph(fixture))
    assert.strictEqual(String(graph), "Graph(4 assets)")
  })

  it("leaves out whatever is no asset", () => {
    const graph = Graph.make({
      a: make("a"),
      n: 1,
      f: () => 1,
      o: {},
      nothing: null,
      none: undefined,
      text: "a",
      list: [make("b")]
    })
    assert.deepStrictEqual(Graph.keys(graph), ["a"])
    assert.deepStrictEqual(Graph.keys(Graph.make({})), [])
  })

  it("may have names that objects have already", () => {
    const graph = Graph.make({
      toString: make("toString"),
      constructor: make("constructor"),
      hasOwnProperty: make("has")
    })
    assert.deepStrictEqual(Graph.keys(graph), ["toString", "constructor", "has"])
    assert.isTrue(Option.isNone(Graph.get(graph, "valueOf")))
  })

  it("may have an asset under two names", () => {
    const a = make("a")
    const graph = Graph.make({ a, again: a })
    assert.deepStrictEqual([Graph.keys(graph), Graph.size(graph)], [["a"], 1])
  })

  it("has the external assets that its assets name", () => {
    const graph = Graph.make({ b: reading("b", "elsewhere/a") })
    assert.deepStrictEqual(Graph.keys(graph), ["elsewhere/a", "b"])
    assert.deepStrictEqual(Object.keys(graph.assets), ["b"])
    assert.isTrue(Option.getOrThrow(Graph.get(graph, "elsewhere/a")).external)
  })

  it("uses the asset that computes a key in the place of references to it, in any order", () => {
    const a = make("a")
    for (
      const graph of [
        Graph.make({ a, b: reading("b", "a") }),
        Graph.make({ b: reading("b", "a"), a }),
        Graph.make({ ref: Asset.external("a"), b: reading("b", "a"), a }),
        Graph.make({ a, ref: Asset.external("a"), b: reading("b", "a") })
      ]
    ) {
      assert.deepStrictEqual(Graph.keys(graph), ["a", "b"])
      assert.strictEqual(Option.getOrThrow(Graph.get(graph, "a")), a)
    }
  })

  it("of assets that a program built has them under their keys", () => {
    const [a, b] = [make("one/a"), make("one/b")]
    const graph = Graph.fromAssets([b, a, a])
    assert.deepStrictEqual(Object.keys(graph.assets), ["one/b", "one/a"])
    assert.deepStrictEqual(problemsOf(() => Graph.fromAssets([a, make("one/a")])).map(({ _tag }) => _tag), [
      "DuplicateKey"
    ])
    assert.deepStrictEqual(
      problemsOf(() => Graph.fromAssets([Asset.make("c", { deps: [a], compute: () => Effect.void })])).map(({ _tag }) =>
        _tag
      ),
      ["MissingUpstream"]
    )
  })

  // DEF18: an asset without a group has none here, rather than one called "default".
  it("DEF18: has no group unless it is given one", () => {
    assert.isUndefined(Graph.make({ a: make("a") }).assets.a.group)
  })
})

describe("what is wrong with a graph", () => {
  it("is returned by makeResult, and thrown by make", () => {
    const broken = { a: make("a"), b: make("a") }
    const result = Graph.makeResult(broken)
    assert.isTrue(Result.isFailure(result))
    assert.deepStrictEqual(Result.isFailure(result) && result.failure.problems, problemsOf(() => Graph.make(broken)))
    assert.isTrue(Result.isSuccess(Graph.makeResult({ a: make("a") })))
  })

  it("DEF07: is an upstream asset that is not there, when a run is planned or makeResult is asked", () => {
    const asset1 = make("abc/asset1")
    const asset2 = Asset.make("asset2", { inputs: { asset1 }, compute: () => Effect.void })
    const result = Graph.makeResult({ asset2 } as never)
    assert.strictEqual(
      Result.isFailure(result) && result.failure.message,
      `The graph has a problem:\n- "asset2" is computed from "abc/asset1", which is not in the graph. Add it to the record, or name it with Asset.external("abc/asset1").`
    )
  })

  it.effect("is told by the first run of a program that was not type-checked", () =>
    Effect.gen(function*() {
      const asset2 = Asset.make("asset2", { inputs: { asset1: make("asset1") }, compute: () => Effect.void })
      const graph = Graph.make({ asset2 } as never) as Graph.Graph<{}>
      const error = yield* Effect.flip(Runtime.run(graph))
      assert.strictEqual(error._tag, "GraphError")
    }).pipe(Effect.provide(EventLog.layerMemory)))

  it("DEF09: suggests the key that was meant", () => {
    const asset1 = make("my/prefix/asset1")
    const suggestions = (key: string) => {
      const wrong = Asset.make("asset2", { deps: [make(key)], compute: () => Effect.void })
      const [problem] = problemsOf(() => Graph.fromAssets([asset1, make("other"), wrong]))
      return problem?._tag === "MissingUpstream" ? problem.suggestions : undefined
    }
    assert.deepStrictEqual(suggestions("my\\/prefix\\/asset1"), ["my/prefix/asset1"])
    assert.deepStrictEqual(suggestions("my/prefix/asset2"), ["my/prefix/asset1"])
    assert.deepStrictEqual(suggestions("my/asset1"), ["my/prefix/asset1"])
    assert.deepStrictEqual(suggestions("my/prefix/more/asset1"), ["my/prefix/asset1"])
    assert.deepStrictEqual(suggestions("something/else"), [])
  })

  it("DEF11: is a key that is defined twice, with the names it has", () => {
    assert.deepStrictEqual(
      explained(() => Graph.make({ one: make("same"), two: make("same"), three: make("other") })),
      [
        `- The key "same" is defined more than once: by "one", "two". Keys are unique in a graph.`
      ]
    )
    const multi = Asset.multi("pair", {
      outputs: { x: { key: "same" }, y: {} },
      compute: () => Effect.succeed({ x: 1, y: 2 })
    })
    assert.deepStrictEqual(problemsOf(() => Graph.make({ one: make("same"), multi })), [
      { _tag: "DuplicateKey", key: "same", names: ["one", "x"] }
    ])
  })

  it("is a name that stands for two assets", () => {
    const multi = Asset.multi("pair", {
      outputs: { x: { key: "pair/x" }, y: {} },
      compute: () => Effect.succeed({ x: 1, y: 2 })
    })
    assert.deepStrictEqual(explained(() => Graph.make({ x: make("x"), multi })), [
      `- The name "x" stands for different assets: "x", "pair/x". Rename one, or name all by their keys with Graph.byKey.`
    ])
  })

  it("DEF12: is a cycle, with its path", () => {
    const problems = problemsOf(() =>
      Graph.make({ s: Asset.external("s"), a: reading("a", "s", "c"), b: reading("b", "a"), c: reading("c", "b") })
    )
    assert.strictEqual(problems.length, 1)
    const [cycle] = problems
    const path = cycle?._tag === "Cycle" ? cycle.path : []
    assert.deepStrictEqual(path.slice(1).sort(), ["a", "b", "c"])
    assert.strictEqual(path[0], path.at(-1))
    // each is upstream of the next
    const upstream: Record<string, string> = { b: "a", c: "b", a: "c" }
    for (let at = 1; at < path.length; at++) assert.strictEqual(upstream[path[at]!], path[at - 1])
    assert.match(
      explained(() => Graph.make({ a: reading("a", "b"), b: reading("b", "a") }))[0]!,
      /^- A cycle: "[ab]" -> "[ab]" -> "[ab]"\. An asset cannot be upstream of itself\.$/
    )
  })

  it("is an asset that is upstream of itself", () => {
    assert.deepStrictEqual(problemsOf(() => Graph.make({ a: reading("a", "a") })), [{
      _tag: "Cycle",
      path: ["a", "a"]
    }])
  })

  it("is a cycle in each of two knots, and none in what is downstream of them", () => {
    const problems = problemsOf(() =>
      Graph.make({
        z: reading("z", "a", "c"),
        a: reading("a", "b"),
        b: reading("b", "a"),
        c: reading("c", "d"),
        d: reading("d", "c"),
        y: reading("y", "z")
      })
    )
    assert.deepStrictEqual(problems.map((problem) => problem._tag === "Cycle" && [...new Set(problem.path)].sort()), [
      ["a", "b"],
      ["c", "d"]
    ])
  })

  it("is a cycle in each knot, also where one knot is upstream of another", () => {
    const problems = problemsOf(() =>
      Graph.make({
        a: reading("a", "b"),
        b: reading("b", "a"),
        c: reading("c", "a", "d"),
        d: reading("d", "c"),
        e: reading("e", "d", "e")
      })
    )
    assert.deepStrictEqual(problems.map((problem) => problem._tag === "Cycle" && [...new Set(problem.path)].sort()), [
      ["a", "b"],
      ["c", "d"],
      ["e"]
    ])
  })

  it("is a multi-asset that reads what is computed from its own outputs", () => {
    const foo = Asset.multi("foo", {
      outputs: { a: {}, b: {} },
      deps: [Asset.external("x")],
      compute: () => Effect.succeed({ a: 1, b: 2 })
    })
    const problems = problemsOf(() => Graph.make({ foo, x: reading("x", "a") }))
    assert.deepStrictEqual(problems.map(({ _tag }) => _tag), ["Cycle"])
  })

  // DEF13: the graphs of two services never make a cycle on their own: their merger says so, below.

  it("DEF16: is a group with an unusable name", () => {
    const make_ = (group: string) => () => Graph.make({ a: make("a", { group }) })
    for (const bad of ["bad*name", "", "a b", "/a", "a/", "a//b", "é"]) {
      assert.deepStrictEqual(problemsOf(make_(bad)).map(({ _tag }) => _tag), ["InvalidDefinition"], bad)
    }
    for (const good of ["float", "a/b", "a-b.c_d", "1"]) assert.strictEqual(make_(good)().assets.a.group, good)
    assert.deepStrictEqual(explained(make_("bad*name")), [
      `- "a": the group "bad*name" is not made of letters, digits, "_", "-", "." and "/" between levels.`
    ])
  })

  it("is a malformed key, owner, kind, tag, or metadata", () => {
    const problems = explained(() =>
      Graph.make({
        empty: make(""),
        slash: make("/a"),
        line: make("a\nb"),
        owner: make("owner", { owners: ["me@example.com", "team:data", "nobody", "team:"] }),
        kind: make("kind", { kinds: ["sql", " "] }),
        tag: make("tag", { tags: { "": "x", ok: "" } }),
        metadata: make("metadata", { metadata: { f: (() => 1) as never } })
      })
    )
    assert.deepStrictEqual(problems.slice(0, -1), [
      `- The key "" is empty.`,
      `- The key "/a" has an empty segment.`,
      `- The key "a\\nb" has a control character.`,
      `- "owner": the owner "nobody" is neither an e-mail address nor "team:NAME".`,
      `- "owner": the owner "team:" is neither an e-mail address nor "team:NAME".`,
      `- "kind": a kind is empty.`,
      `- "tag": the name of a tag is empty.`
    ])
    assert.match(problems.at(-1)!, /^- "metadata": The metadata "f" /)
  })

  it("is an asset in both inputs and deps, and the last value of what is not loaded", () => {
    const a = make("a")
    const b = Asset.make("b", { inputs: { a }, deps: [a], compute: () => Effect.void })
    const c = Asset.make("c", { deps: [Asset.lastValue(a)], compute: () => Effect.void })
    assert.deepStrictEqual(explained(() => Graph.make({ a, b, c })), [
      `- "b": "a" stands in both inputs and deps: leave it out of deps.`,
      `- "c": the dep "a" is not loaded, so it has no last value: use Asset.optional or the asset itself.`
    ])
  })

  it("is all told at once, the first fifty in the message", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`a${n}`, make("same", { group: "*" })]))
    const broken = { ...many, loop: reading("loop", "loop"), bad: make("bad//key") }
    const error = thrown(Graph.GraphError, () => Graph.make(broken))
    assert.deepStrictEqual([...new Set(error.problems.map(({ _tag }) => _tag))].sort(), [
      "Cycle",
      "DuplicateKey",
      "InvalidDefinition",
      "InvalidKey"
    ])
    const lines = error.message.split("\n")
    assert.strictEqual(lines[0], `The graph has ${error.problems.length} problems:`)
    assert.strictEqual(lines.length, 52)
    assert.strictEqual(lines.at(-1), `- and ${error.problems.length - 50} more`)
  })
})

describe("merge", () => {
  it("puts an asset in the place of references to it, from either side", () => {
    const orders = make("shop/orders")
    const shop = Graph.make({ orders })
    const finance = Graph.make({ revenue: reading("revenue", "shop/orders") })
    for (const graph of [Graph.merge(shop, finance), Graph.merge(finance, shop), finance.pipe(Graph.merge(shop))]) {
      assert.deepStrictEqual(Graph.keys(graph), ["shop/orders", "revenue"])
      assert.isFalse(Option.getOrThrow(Graph.get(graph, "shop/orders")).external)
    }
  })

  it("of a graph with itself is the graph", () => {
    const graph = Graph.make(fixture)
    assert.deepStrictEqual(Graph.keys(Graph.merge(graph, graph)), Graph.keys(graph))
  })

  it("DEF14: refuses a key that both graphs compute", () => {
    assert.deepStrictEqual(
      problemsOf(() => Graph.merge(Graph.make({ one: make("a") }), Graph.make({ two: make("a") }))),
      [
        { _tag: "DuplicateKey", key: "a", names: ["one", "two"] }
      ]
    )
  })

  it("refuses a name that both graphs have for different assets, unless they are named by their keys", () => {
    const [one, two] = [Graph.make({ a: make("one/a") }), Graph.make({ a: make("two/a") })]
    assert.deepStrictEqual(problemsOf(() => Graph.merge(one, two)), [
      { _tag: "DuplicateName", name: "a", keys: ["one/a", "two/a"] }
    ])
    const merged = Graph.merge(Graph.byKey(one), Graph.byKey(two))
    assert.deepStrictEqual(Object.keys(merged.assets), ["one/a", "two/a"])
    assert.strictEqual(merged.assets["two/a"].key, "two/a")
  })

  it("DEF13: refuses a cycle that only both graphs together have", () => {
    const one = Graph.make({ a: reading("a", "b") })
    const two = Graph.make({ b: reading("b", "a") })
    assert.deepStrictEqual(problemsOf(() => Graph.merge(one, two)).map(({ _tag }) => _tag), ["Cycle"])
  })
})

describe("prefix", () => {
  it("renames assets and what refers to them, and leaves external ones alone", () => {
    const source = Asset.external("source")
    const a = Asset.make("a", { deps: [source], compute: () => Effect.succeed(1) })
    const b = Asset.make("b", {
      inputs: { a, maybe: Asset.optional(a), last: Asset.lastValue(a), both: Asset.optional(Asset.lastValue(a)) },
      compute: () => Effect.succeed(2)
    })
    const pair = Asset.multi("pair", {
      outputs: { x: {}, y: {} },
      inputs: { b },
      compute: () => Effect.succeed({ x: 1, y: 2 })
    })
    const graph = Graph.make({ source, a, b, pair }).pipe(Graph.prefix("one/two"))
    assert.deepStrictEqual(Graph.keys(graph), ["source", "one/two/a", "one/two/b", "one/two/x", "one/two/y"])
    assert.deepStrictEqual(Object.keys(graph.assets), ["source", "a", "b", "x", "y"])
    assert.deepStrictEqual(Graph.upstream(graph, ["one/two/x"]), ["source", "one/two/a", "one/two/b"])
    const inputs = Object.entries(Option.getOrThrow(Graph.get(graph, "one/two/b")).inputs)
    assert.deepStrictEqual(inputs.map(([name, input]) => [name, input.mode, input.asset.key]), [
      ["a", "value", "one/two/a"],
      ["maybe", "optional", "one/two/a"],
      ["last", "lastValue", "one/two/a"],
      ["both", "optionalLastValue", "one/two/a"]
    ])
    assert.strictEqual(Option.getOrThrow(Graph.get(graph, "one/two/x")).output?.multi.name, "one/two/pair")
    // the graph it was made from is as it was
    assert.deepStrictEqual([a.key, b.key, pair.name], ["a", "b", "pair"])
  })

  it("can be put before another prefix", () => {
    const graph = Graph.make({ a: make("a") }).pipe(Graph.prefix("two"), Graph.prefix("one"))
    assert.strictEqual(graph.assets.a.key, "one/two/a")
  })

  it("has to make well-formed keys", () => {
    assert.deepStrictEqual(
      problemsOf(() => Graph.prefix(Graph.make({ a: make("a") }), "one//two")).map(({ _tag }) => _tag),
      ["InvalidKey"]
    )
  })
})

describe("group", () => {
  it("puts every asset into a group, but not external ones", () => {
    const graph = Graph.make({ source: Asset.external("source"), ...fixture }).pipe(Graph.group("shop"))
    assert.deepStrictEqual(
      Graph.assets(graph).map((asset) => [asset.key, asset.group]).sort(),
      [["largest", "shop"], ["orders", "shop"], ["revenue", "shop"], ["smallest", "shop"], ["source", undefined]]
    )
    assert.deepStrictEqual(Graph.parents(graph, "revenue"), ["orders"])
    assert.isUndefined(fixture.orders.group)
  })

  it("DEF17: refuses assets that are in a group already, naming all of them", () => {
    const graph = Graph.make({ a: make("a", { group: "x" }), b: make("b"), c: make("c", { group: "y" }) })
    assert.deepStrictEqual(explained(() => Graph.group(graph, "z")), [
      `- "a" is in the group "x" already, so it cannot be put into "z".`,
      `- "c" is in the group "y" already, so it cannot be put into "z".`
    ])
  })

  it("has to have a usable name", () => {
    assert.deepStrictEqual(
      problemsOf(() => Graph.group(Graph.make({ a: make("a") }), "bad*")).map(({ _tag }) => _tag),
      ["InvalidDefinition"]
    )
  })
})

// DEF24: does not apply: a missing resource is a type error, since what an asset needs is in its type.
// DEF27 to DEF29: do not apply: there are no jobs and no hooks yet.

describe("lineage", () => {
  const top = make("top")
  const left = Asset.make("left", { inputs: { top }, compute: () => Effect.succeed(1) })
  const right = Asset.make("right", { deps: [top], compute: () => Effect.succeed(1) })
  const bottom = Asset.make("bottom", {
    inputs: { left, right: Asset.optional(right) },
    compute: () => Effect.succeed(1)
  })
  const diamond = Graph.make({ bottom, right, left, top })

  it("SEL38: of a diamond has each asset once", () => {
    assert.deepStrictEqual(Graph.downstream(diamond, ["top"]), ["right", "left", "bottom"])
    assert.deepStrictEqual(Graph.upstream(diamond, ["bottom"]), ["top", "right", "left"])
    assert.deepStrictEqual(Graph.parents(diamond, "bottom"), ["left", "right"])
    assert.deepStrictEqual([...Graph.children(diamond, "top")].sort(), ["left", "right"])
  })

  it("does not include where it starts, though one is downstream of the other", () => {
    assert.deepStrictEqual(Graph.downstream(diamond, ["top", "left"]), ["right", "bottom"])
    assert.deepStrictEqual(Graph.upstream(diamond, []), [])
  })

  it("is limited by depth", () => {
    assert.deepStrictEqual(Graph.downstream(diamond, ["top"], { depth: 1 }), ["right", "left"])
    assert.deepStrictEqual(Graph.upstream(diamond, ["bottom"], { depth: 0 }), [])
    assert.deepStrictEqual(Graph.upstream(diamond, ["bottom"], { depth: 2 }), ["top", "right", "left"])
  })

  // SEL39, SEL41: do not apply: a traversal has no filter.

  it("of an unknown key is an error that suggests others", () => {
    for (
      const body of [
        () => Graph.parents(diamond, "botom"),
        () => Graph.children(diamond, "botom"),
        () => Graph.upstream(diamond, ["botom"]),
        () => Graph.downstream(diamond, ["top", "botom"])
      ]
    ) {
      const error = thrown(Graph.UnknownAssetError, body)
      assert.strictEqual(error.message, `There is no asset "botom" in the graph. Did you mean "bottom"?`)
    }
  })

  it("of a chain of 100,000 assets does not run out of stack", () => {
    const chain: Array<Asset.Any> = [make("a0")]
    for (let n = 1; n < 100_000; n++) {
      chain.push(Asset.make(`a${n}`, { deps: [chain[n - 1]!], compute: () => Effect.void }))
    }
    const graph = Graph.fromAssets(chain.reverse())
    assert.strictEqual(Graph.keys(graph)[0], "a0")
    assert.strictEqual(Graph.downstream(graph, ["a0"]).length, 99_999)
    assert.deepStrictEqual(Graph.upstream(graph, ["a50000"], { depth: 2 }), ["a49998", "a49999"])
  })
})

describe("a random graph", () => {
  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Draft = Schema.Struct({
    // how many assets back; inputs and deps may name the same asset, which counts once
    back: Schema.Array(between(1, 12)).check(Schema.isMaxLength(5)),
    loaded: Schema.Boolean,
    place: between(0, 1000)
  })
  const graphs = Arbitrary.map(Arbitrary.schema(Schema.Array(Draft).check(Schema.isMaxLength(40))), (drafts) => {
    const parents = new Map<string, ReadonlySet<string>>()
    const assets: Array<Asset.Any> = []
    drafts.forEach(({ back, loaded }, at) => {
      const upstream = new Map(back.filter((n) => n <= at).map((n) => [`a${at - n}`, assets[at - n]!] as const))
      parents.set(`a${at}`, new Set(upstream.keys()))
      const named = Object.fromEntries(upstream)
      assets.push(
        loaded
          ? Asset.make(`a${at}`, {
            inputs: {
              ...named,
              ...Object.fromEntries([...upstream].map(([key, asset]) => [`${key} again`, Asset.optional(asset)]))
            },
            compute: () => Effect.void
          })
          : Asset.make(`a${at}`, { deps: Object.values(named), compute: () => Effect.void })
      )
    })
    const order = drafts.map((draft, at) => [draft.place, at] as const).sort(([a], [b]) => a - b)
    return { graph: Graph.fromAssets(order.map(([, at]) => assets[at]!)), parents }
  })

  /** What is reached from some keys over at most so many edges. */
  const reach = (edges: (key: string) => Iterable<string>, start: ReadonlyArray<string>, depth: number) => {
    const distances = new Map(start.map((key) => [key, 0]))
    // keys are added while the loop goes on
    for (const [key, distance] of distances) {
      if (distance < depth) {
        for (const next of edges(key)) if (!distances.has(next)) distances.set(next, distance + 1)
      }
    }
    return [...distances.keys()].filter((key) => !start.includes(key)).sort()
  }

  it.prop("is in topological order, whatever the order of its definitions", [graphs], ([{ graph, parents }]) => {
    const keys = Graph.keys(graph)
    assert.deepStrictEqual([...keys].sort(), [...parents.keys()].sort())
    const place = new Map(keys.map((key, at) => [key, at]))
    for (const [key, upstream] of parents) for (const up of upstream) assert.isBelow(place.get(up)!, place.get(key)!)
  }, { arbitrary: { runs: 200, size: 40, seed: 1 } })

  it.prop("has children that are the inverse of its parents", [graphs], ([{ graph, parents }]) => {
    for (const [key, upstream] of parents) {
      assert.deepStrictEqual([...Graph.parents(graph, key)].sort(), [...upstream].sort())
      const children = [...parents].flatMap(([child, ups]) => ups.has(key) ? [child] : [])
      assert.deepStrictEqual([...Graph.children(graph, key)].sort(), children.sort())
    }
  }, { arbitrary: { runs: 200, size: 40, seed: 2 } })

  it.prop(
    "has the lineage that walking its edges gives",
    [graphs, between(0, 4), between(0, 39)],
    ([{ graph, parents }, depth, from]) => {
      const keys = Graph.keys(graph)
      const start = [...new Set([keys[from % keys.length], keys.at(-1)].filter((key) => key !== undefined))]
      const children = (key: string) => [...parents].flatMap(([child, ups]) => ups.has(key) ? [child] : [])
      for (const limit of [depth, undefined]) {
        const options = { depth: limit }
        const up = Graph.upstream(graph, start, options)
        const down = Graph.downstream(graph, start, options)
        assert.deepStrictEqual([...up].sort(), reach((key) => parents.get(key)!, start, limit ?? Infinity))
        assert.deepStrictEqual([...down].sort(), reach(children, start, limit ?? Infinity))
        for (const part of [up, down]) assert.deepStrictEqual(part, keys.filter((key) => part.includes(key)))
      }
    },
    { arbitrary: { runs: 200, size: 40, seed: 3 } }
  )
})

describe("a drawing", () => {
  const odd = make(`say "hi" <b>#1</b> & \`x\` \\/ end`)
  const grouped = Asset.make("grouped", { group: "fin/ops", inputs: { odd }, compute: () => Effect.succeed(1) })
  const ordered = Asset.make("ordered", {
    group: "fin/ops",
    deps: [grouped, Asset.external("source")],
    compute: () => Effect.void
  })
  const graph = Graph.make({ odd, grouped, ordered })

  it("is Mermaid, with what it would read otherwise escaped", () => {
    assert.deepStrictEqual(Graph.toMermaid(graph, { direction: "TB" }).split("\n"), [
      "flowchart TB",
      `  n0["say #34;hi#34; #60;b#62;#35;1#60;/b#62; #38; #96;x#96; #92;/ end"]`,
      `  n1(["source"])`,
      `  subgraph g0 ["fin/ops"]`,
      `    n2["grouped"]`,
      `    n3["ordered"]`,
      "  end",
      "  n0 --> n2",
      "  n2 -.-> n3",
      "  n1 -.-> n3"
    ])
  })

  it("is DOT, with quotes and backslashes escaped", () => {
    assert.deepStrictEqual(Graph.toDot(graph).split("\n"), [
      "digraph assets {",
      "  rankdir=LR;",
      String.raw`  n0 [label="say \"hi\" <b>#1</b> & ${"`x`"} \\/ end"];`,
      `  n1 [label="source", style=dashed];`,
      `  subgraph cluster_0 { label="fin/ops";`,
      `    n2 [label="grouped"];`,
      `    n3 [label="ordered"];`,
      "  }",
      "  n0 -> n2;",
      "  n2 -> n3 [style=dashed];",
      "  n1 -> n3 [style=dashed];",
      "}"
    ])
  })

  it("cannot be broken by a line break, since no key has one", () => {
    assert.deepStrictEqual(problemsOf(() => Graph.make({ a: make("a\nb") })).map(({ _tag }) => _tag), ["InvalidKey"])
    // there are other characters that some take for line breaks
    for (const char of ["\u2028", "\u0085"]) {
      const result = Graph.makeResult({ a: make(`a${char}b`) })
      if (Result.isSuccess(result)) assert.strictEqual(Graph.toMermaid(result.success).split("\n").length, 2)
    }
  })

  it("of nothing is empty", () => {
    assert.strictEqual(Graph.toMermaid(Graph.make({})), "flowchart LR")
    assert.strictEqual(Graph.toDot(Graph.make({})), "digraph assets {\n  rankdir=LR;\n}")
  })
})
