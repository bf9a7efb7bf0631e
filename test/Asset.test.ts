import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Schedule, Schema } from "effect"
import { Asset, Graph, Metadata } from "effect-assets"
import { TestClock } from "effect/testing"

describe("Asset.make", () => {
  it("takes an effect, a function and a generator method", () => {
    const effect = Asset.make("effect", Effect.succeed(1))
    const fn = Asset.make("fn", { inputs: { effect }, compute: ({ effect }) => Effect.succeed(effect + 1) })
    const generator = Asset.make("generator", {
      inputs: { fn },
      *compute({ fn }) {
        return yield* Effect.succeed(fn + 1)
      }
    })
    assert.deepStrictEqual(Graph.keys(Graph.make({ generator, fn, effect })), ["effect", "fn", "generator"])
    assert.deepStrictEqual(Object.keys(generator.inputs), ["fn"])
  })

  it("joins the prefix and the key", () => {
    assert.strictEqual(Asset.make("c", { keyPrefix: "a/b", compute: () => Effect.void }).key, "a/b/c")
    assert.strictEqual(Asset.make("c", { keyPrefix: ["a", "x/y"], compute: () => Effect.void }).key, "a/x\\/y/c")
    assert.strictEqual(Asset.make("c", { keyPrefix: [], compute: () => Effect.void }).key, "c")
  })

  it("leaves mistakes to the graph, which names the asset", () => {
    const wrong = Asset.make("wrong", {
      compute: () => Effect.void,
      group: "bad*name",
      owners: ["nobody"],
      kinds: [""],
      // what a program does that is run without being type-checked
      metadata: { f: (() => 1) as never }
    })
    assert.throws(() => Graph.make({ wrong }), /has 4 problems/)
  })

  it("pipes", () => {
    const annotated = Asset.make("a", { group: "one", tags: { x: "1" }, compute: () => Effect.void }).pipe(
      Asset.annotate({ group: "two", tags: { y: "2" }, metadata: { since: 2012 } })
    )
    assert.strictEqual(annotated.group, "two")
    assert.deepStrictEqual(annotated.tags, { x: "1", y: "2" })
    assert.deepStrictEqual({ ...annotated.metadata }, { since: 2012 })
    assert.isTrue(Asset.isAsset(annotated))
    assert.strictEqual(String(annotated), "Asset(a)")
  })
})

describe("direct invocation", () => {
  it.effect("gives what the program returns, wrapped as it is", () =>
    Effect.gen(function*() {
      const asset = Asset.make("a", {
        *compute(_, context) {
          yield* Asset.addMetadata({ ignored: true })
          return Option.some(Asset.output(context.key, { metadata: { rows: 1 } }))
        }
      })
      const returned = yield* asset.compute()
      assert.isTrue(Option.isSome(returned) && Asset.isOutput(returned.value))
      assert.strictEqual(Option.getOrThrow(returned).value, "a")
      assert.deepStrictEqual({ ...Option.getOrThrow(returned).metadata }, { rows: 1 })
    }))

  it.effect("takes a context of one's own, and has defaults for what is left out", () =>
    Effect.gen(function*() {
      const asset = Asset.make("a", {
        config: Schema.Struct({ n: Schema.Number }),
        compute: (_, { attempt, config, key, runId, tags }) => Effect.succeed({ attempt, config, key, runId, tags })
      })
      assert.deepStrictEqual(yield* asset.compute({}, { config: { n: 1 }, tags: { x: "y" } }), {
        attempt: 1,
        config: { n: 1 },
        key: "a",
        runId: "direct",
        tags: { x: "y" }
      })
    }))

  it.effect("turns what the program throws into a defect", () =>
    Effect.gen(function*() {
      const asset = Asset.make("a", {
        compute: () => {
          throw new Error("thrown")
        }
      })
      const exit = yield* Effect.exit(asset.compute())
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("runs anew each time", () =>
    Effect.gen(function*() {
      let runs = 0
      const asset = Asset.make("a", {
        *compute() {
          return ++runs
        }
      })
      const program = asset.compute()
      assert.strictEqual(runs, 0)
      assert.deepStrictEqual([yield* program, yield* program], [1, 2])
    }))

  it.effect("of a multi-asset wants all outputs unless it is told otherwise", () =>
    Effect.gen(function*() {
      const multi = Asset.multi("m", {
        outputs: { a: {}, b: {} },
        canSubset: true,
        compute: (_, { selected }) => Effect.succeed({ a: selected.has("a"), b: selected.has("b") })
      })
      assert.deepStrictEqual(yield* multi.compute(), { a: true, b: true })
      assert.deepStrictEqual(yield* multi.compute({}, { selected: new Set(["b"]) }), { a: false, b: true })
    }))
})

describe("Asset.multi", () => {
  it("gives its outputs what they do not say themselves", () => {
    const { assets } = Asset.multi("m", {
      group: "market",
      owners: ["team:a"],
      kinds: ["sql"],
      tags: { x: "1" },
      codeVersion: "1",
      keyPrefix: "p",
      outputs: { one: {}, two: { group: "other", key: "second", codeVersion: "2", description: "the second" } },
      compute: () => Effect.succeed({ one: 1, two: 2 })
    })
    const described = Object.values(assets).map(({ codeVersion, description, group, key, kinds, owners, tags }) => ({
      codeVersion,
      description,
      group,
      key,
      kinds,
      owners,
      tags
    }))
    const common = { kinds: ["sql"], owners: ["team:a"], tags: { x: "1" } }
    assert.deepStrictEqual(described, [
      { ...common, codeVersion: "1", description: undefined, group: "market", key: "p/one" },
      { ...common, codeVersion: "2", description: "the second", group: "other", key: "p/second" }
    ])
  })
})

describe("Asset.toExternal", () => {
  it("keeps key, schema, storage and description, and forgets the rest", () => {
    const up = Asset.make("up", Effect.succeed(1))
    const made = Asset.make("made", {
      inputs: { up },
      schema: Schema.Number,
      group: "g",
      description: "d",
      compute: ({ up }) => Effect.succeed(up)
    })
    const external = Asset.toExternal(made)
    assert.isTrue(external.external)
    assert.strictEqual(external.schema, made.schema)
    assert.strictEqual(external.ioManager, made.ioManager)
    assert.deepStrictEqual([external.key, external.group, external.description], ["made", "g", "d"])
    assert.deepStrictEqual(external.inputs, {})
  })
})

describe("inputs that may be missing", () => {
  it("wrap in any order", () => {
    const a = Asset.make("a", Effect.succeed(1))
    assert.strictEqual(a.mode, "value")
    assert.strictEqual(Asset.optional(a).mode, "optional")
    assert.strictEqual(Asset.optional(Asset.optional(a)).mode, "optional")
    assert.strictEqual(Asset.lastValue(a).mode, "lastValue")
    assert.strictEqual(Asset.optional(Asset.lastValue(a)).mode, "optionalLastValue")
    assert.strictEqual(Asset.lastValue(Asset.optional(a)).mode, "optionalLastValue")
  })
})

describe("Asset.step", () => {
  it.effect("is tried again by its own schedule, outside of a run, too", () =>
    Effect.gen(function*() {
      let tries = 0
      const flaky = Effect.suspend(() => ++tries < 3 ? Effect.fail("not yet") : Effect.succeed("done"))
      const fiber = yield* Effect.forkChild(Asset.step("flaky", flaky, { retry: Schedule.spaced("1 minute") }))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(fiber), "done")
      assert.strictEqual(tries, 3)
    }))

  it.effect("times out", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(Asset.step("slow", Effect.never, { timeout: "1 second" })))
      yield* TestClock.adjust("1 second")
      const exit = fiber.pollUnsafe()
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit) && Exit.isFailure(exit.value))
    }))
})

describe("Asset.output", () => {
  it("refuses metadata that cannot be recorded", () => {
    // what a program does that is run without being type-checked
    assert.throws(() => Asset.output(1, { metadata: { f: Symbol("x") as never } }), Metadata.MetadataError)
  })
})
