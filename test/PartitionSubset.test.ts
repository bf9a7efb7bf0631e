import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Hash, Schema } from "effect"
import { Partitions, PartitionSubset } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"
import * as Subset from "../src/internal/subset.ts"

const day = 86_400_000
const far = Date.parse("2030-01-01")

const resolved = (set: Partitions.Any, now = far) => Partitions.resolveAt(set, now, new Map())

const keysOf = (subset: PartitionSubset.Any): ReadonlyArray<string> => [...PartitionSubset.keys(subset)]

const daily = (start: string, more?: Omit<Parameters<typeof Partitions.daily>[0], "start">) =>
  Partitions.daily({ start, ...more })

const letters = Partitions.fixed(["a", "b", "c", "d"])

/** The keys that a line of `+` and `-` stands for, the first for the first of the set. */
const drawn = (set: Partitions.Resolved, line: string): ReadonlyArray<string> =>
  [...line].flatMap((char, index) => char === "+" ? [set.keyOf([index])] : [])

describe("subsets", () => {
  const days = daily("2020-01-01")
  const ofDays = resolved(days)
  const unions: ReadonlyArray<readonly [name: string, one: string, other: string, count: number, stretches: number]> = [
    ["TW30: what fills the gaps", "--+++---+++--", "++---+++---++", 13, 1],
    ["TW30: nothing", "---", "---", 0, 0],
    ["TW30: the same", "+++", "+++", 3, 1],
    ["TW30: what overlaps", "-+++-", "---++", 4, 1],
    ["TW30: what touches", "++---", "--+++", 5, 1],
    ["TW30: what stands apart", "+-----", "---+-+", 3, 3],
    ["TW30: what is inside", "++++++", "--++--", 6, 1],
    ["TW30: what reaches over several", "+-+-+-", "-++++-", 5, 1]
  ]
  for (const [name, one, other, count, stretches] of unions) {
    it.effect(name, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(far)
        const self = yield* PartitionSubset.make(days, drawn(ofDays, one))
        const that = yield* PartitionSubset.make(days, drawn(ofDays, other))
        for (const subset of [PartitionSubset.union(self, that), that.pipe(PartitionSubset.union(self))]) {
          assert.strictEqual(PartitionSubset.size(subset), count)
          assert.deepStrictEqual(keysOf(subset), [...new Set([...drawn(ofDays, one), ...drawn(ofDays, other)])].sort())
          const serialized = PartitionSubset.serialize(subset)
          assert.strictEqual(serialized._tag === "Windows" && serialized.intervals.length, stretches)
        }
      }))
  }

  it.effect("TW31: are recorded as the same text whatever the order of their keys", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(far)
      const text = (keys: ReadonlyArray<string>) =>
        Effect.map(PartitionSubset.make(days, keys), (subset) => JSON.stringify(PartitionSubset.serialize(subset)))
      const keys = drawn(ofDays, "+-++--+++-")
      const shuffled = [keys[3]!, keys[0]!, keys[5]!, keys[3]!, keys[2]!, keys[1]!, keys[4]!]
      assert.strictEqual(yield* text(shuffled), yield* text(keys))
      assert.notStrictEqual(yield* text(keys.slice(1)), yield* text(keys))
    }))

  it.effect("TW32: take a partition at the front", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(far)
      const { subset } = yield* PartitionSubset.deserialize(days, {
        _tag: "Windows",
        intervals: [[Date.parse("2020-01-02"), Date.parse("2020-01-03")]],
        first: "2020-01-02",
        last: "2020-01-02",
        count: 1
      })
      const both = PartitionSubset.union(subset, yield* PartitionSubset.make(days, ["2020-01-01"]))
      assert.deepStrictEqual(keysOf(both), ["2020-01-01", "2020-01-02"])
    }))

  it.effect("TW35: all, and all but some", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2020-01-06T10:00Z"))
      const all = yield* PartitionSubset.all(days)
      assert.strictEqual(PartitionSubset.size(all), 5)
      const some = yield* PartitionSubset.range(days, { from: "2020-01-01", to: "2020-01-03" })
      assert.deepStrictEqual(keysOf(PartitionSubset.difference(all, some)), ["2020-01-04", "2020-01-05"])
      assert.isTrue(Equal.equals(PartitionSubset.complement(some), PartitionSubset.difference(all, some)))
      const abc = yield* PartitionSubset.make(letters, ["a", "b", "c"])
      assert.deepStrictEqual(keysOf((yield* PartitionSubset.all(letters)).pipe(PartitionSubset.difference(abc))), ["d"])
      assert.isTrue(PartitionSubset.isEmpty(PartitionSubset.complement(all)))
      assert.strictEqual(PartitionSubset.size(yield* PartitionSubset.empty(days)), 0)
    }))

  it.effect("are equal when they have the same partitions of the same set", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2020-01-06"))
      const one = yield* PartitionSubset.make(days, ["2020-01-01", "2020-01-02"])
      yield* TestClock.setTime(far)
      const other = yield* PartitionSubset.range(daily("2020-01-01"), { from: "2020-01-01", to: "2020-01-02" })
      assert.isTrue(Equal.equals(one, other))
      assert.strictEqual(Hash.hash(one), Hash.hash(other))
      assert.isFalse(Equal.equals(one, PartitionSubset.complement(other)))
      // the same place in another set
      assert.isFalse(
        Equal.equals(one, yield* PartitionSubset.make(daily("2020-01-01", { hourOffset: 1 }), keysOf(one)))
      )
    }))

  it.effect("do not have the keys that the set does not have", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2020-01-06"))
      const all = yield* PartitionSubset.all(days)
      assert.isTrue(PartitionSubset.has(all, "2020-01-05"))
      assert.isFalse(PartitionSubset.has(all, "2020-01-06"))
      assert.isFalse(all.pipe(PartitionSubset.has("Monday")))
      const error = yield* Effect.flip(PartitionSubset.make(days, ["2020-01-06", "2020-01-01", "x", "y", "z", "x"]))
      assert.strictEqual(error.reason, "Key")
      assert.strictEqual(error.message, "The set has no partitions \"2020-01-06\", \"x\", \"y\" and 1 more now.")
      const one = yield* Effect.flip(PartitionSubset.range(days, { from: "2020-01-01", to: "2020-01-06" }))
      assert.strictEqual(one.message, "The set has no partition \"2020-01-06\" now.")
      const backwards = yield* Effect.flip(PartitionSubset.range(days, { from: "2020-01-03", to: "2020-01-01" }))
      assert.include(backwards.message, "\"2020-01-01\" is before \"2020-01-03\"")
    }))

  it.effect("of a set that grew are combined as it is later", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2020-01-03"))
      const before = yield* PartitionSubset.all(days)
      yield* TestClock.setTime(Date.parse("2020-01-06"))
      const after = yield* PartitionSubset.make(days, ["2020-01-05"])
      for (const subset of [PartitionSubset.union(before, after), PartitionSubset.union(after, before)]) {
        assert.deepStrictEqual(keysOf(PartitionSubset.complement(subset)), ["2020-01-03", "2020-01-04"])
      }
    }))

  it.effect("of different sets are not combined", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(far)
      const one = yield* PartitionSubset.all(days)
      const other = yield* PartitionSubset.all(daily("2020-01-02"))
      for (const combine of [PartitionSubset.union, PartitionSubset.intersection, PartitionSubset.difference]) {
        assert.throws(() => combine(one, other), /different sets.*2020|partition mapping/)
      }
      // @ts-expect-error: letters are no days
      assert.throws(() => PartitionSubset.union(one, Effect.runSync(PartitionSubset.all(letters))), /different sets/)
    }))

  it.effect("of dynamic keys are combined as long as no key was removed", () =>
    Effect.gen(function*() {
      const fruits = Partitions.dynamic("fruits")
      const keys = yield* Partitions.makeDynamicKeysMemory
      yield* Effect.gen(function*() {
        yield* keys.add("fruits", ["apple", "banana"])
        const before = yield* PartitionSubset.make(fruits, ["banana"])
        yield* keys.add("fruits", ["cherry"])
        const after = yield* PartitionSubset.make(fruits, ["cherry"])
        assert.deepStrictEqual(keysOf(PartitionSubset.union(before, after)), ["banana", "cherry"])
        assert.deepStrictEqual(keysOf(PartitionSubset.union(after, before)), ["banana", "cherry"])
        yield* keys.remove("fruits", ["apple"])
        const later = yield* PartitionSubset.make(fruits, ["cherry"])
        assert.throws(() => PartitionSubset.union(before, later), /keys of the set have changed/)
        const { subset, unknown } = yield* PartitionSubset.deserialize(fruits, {
          _tag: "Keys",
          keys: ["apple", "banana"]
        })
        assert.deepStrictEqual([keysOf(PartitionSubset.union(subset, later)), unknown], [["banana", "cherry"], [
          "apple"
        ]])
      }).pipe(Effect.provideService(Partitions.DynamicKeys, keys))
    }))

  it("know the keys of a fixed set", () => {
    // @ts-expect-error: there is no letter x
    const wrong = PartitionSubset.make(letters, ["x"])
    const right: Effect.Effect<PartitionSubset.PartitionSubset<"a" | "b" | "c" | "d">, Partitions.PartitionsError> =
      PartitionSubset.make(letters, ["a"])
    assert.isTrue(Effect.isEffect(wrong) && Effect.isEffect(right))
  })

  it.effect("are described in a line", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(far)
      const sales = Partitions.product({ day: daily("2012-01-01"), region: letters })
      const january = yield* PartitionSubset.range(daily("2012-01-01"), { from: "2012-01-01", to: "2012-01-31" })
      const march = yield* PartitionSubset.make(daily("2012-01-01"), ["2012-03-01"])
      assert.strictEqual(
        String(PartitionSubset.union(january, march)),
        "2012-01-01…2012-01-31, 2012-03-01 (32 partitions)"
      )
      assert.strictEqual(String(march), "2012-03-01 (1 partition)")
      assert.strictEqual(String(PartitionSubset.difference(march, march)), "no partitions")
      assert.strictEqual(
        String(yield* PartitionSubset.make(days, drawn(ofDays, "+-+-+-+-+-+-+"))),
        "2020-01-01, 2020-01-03, 2020-01-05, 2020-01-07, 2020-01-09 and 2 more (7 partitions)"
      )
      const many = Partitions.fixed(["a", "b", "c", "d", "e", "f", "g"])
      assert.strictEqual(String(yield* PartitionSubset.all(many)), "a, b, c, d, e and 2 more (7 partitions)")
      assert.strictEqual(
        String(yield* PartitionSubset.make(sales, ["2012-01-01|a", "2012-01-02|a", "2012-01-04|a", "2012-01-03|c"])),
        "2012-01-01…2012-01-02, 2012-01-04 × a; 2012-01-03 × c (4 partitions)"
      )
      assert.strictEqual(
        String(yield* PartitionSubset.make(sales, ["2012-01-01|a", "2012-01-02|b", "2012-01-03|c", "2012-01-04|d"])),
        "2012-01-01 × a; 2012-01-02 × b; 2012-01-03 × c; and 1 more (4 partitions)"
      )
      assert.strictEqual(
        JSON.stringify(march),
        "{\"_id\":\"PartitionSubset\",\"partitions\":\"2012-03-01 (1 partition)\"}"
      )
    }))
})

describe("recorded subsets", () => {
  const days = daily("2020-01-05")
  const record = (set: Partitions.Any, keys: ReadonlyArray<string>, now = far): Partitions.Serialized => {
    const axes = resolved(set, now)
    const { subset, unknown } = Subset.fromKeys(axes, keys)
    assert.deepStrictEqual(unknown, [])
    return Subset.serialize(axes, subset)
  }
  const read = (set: Partitions.Any, recorded: Partitions.Serialized, now = far) => {
    const axes = resolved(set, now)
    const { subset, unknown } = Subset.deserialize(axes, JSON.parse(JSON.stringify(recorded)))
    return { keys: [...Subset.keysOf(axes, subset)], unknown }
  }
  const weekend = { exclusions: ["0 0 * * 0,6"] }
  const sales = Partitions.product({ day: days, region: letters })

  const changes: ReadonlyArray<
    readonly [
      name: string,
      before: Partitions.Any,
      keys: ReadonlyArray<string>,
      after: Partitions.Any,
      expected: ReadonlyArray<string>,
      unknown: ReadonlyArray<string>
    ]
  > = [
    [
      "a start that moved back",
      days,
      ["2020-01-05", "2020-01-07"],
      daily("2019-01-01"),
      ["2020-01-05", "2020-01-07"],
      []
    ],
    ["a start that moved on", days, ["2020-01-05", "2020-01-06", "2020-01-08", "2020-01-10"], daily("2020-01-10"), [
      "2020-01-10"
    ], [
      "2020-01-05…2020-01-06",
      "2020-01-08"
    ]],
    ["a start that moved on inside a stretch", days, ["2020-01-05", "2020-01-06", "2020-01-07"], daily("2020-01-07"), [
      "2020-01-07"
    ], [
      "2020-01-05…2020-01-06"
    ]],
    ["an end", days, ["2020-01-05", "2020-01-06"], daily("2020-01-05", { end: "2020-01-06" }), ["2020-01-05"], [
      "2020-01-06"
    ]],
    // what is stored is found by its key
    ["keys that are written otherwise", days, ["2020-01-05"], daily("2020-01-05", { format: "%d.%m.%Y" }), [], [
      "2020-01-05"
    ]],
    ["windows that begin later", days, ["2020-01-05", "2020-01-06"], daily("2020-01-05", { hourOffset: 6 }), [], [
      "2020-01-05…2020-01-06"
    ]],
    [
      "windows of another time zone",
      days,
      ["2020-01-06", "2020-01-07"],
      daily("2020-01-05", { timeZone: "+02:00" }),
      [],
      [
        "2020-01-06…2020-01-07"
      ]
    ],
    ["windows that were left out", daily("2020-01-01", weekend), ["2020-01-03", "2020-01-06"], daily("2020-01-01"), [
      "2020-01-03",
      "2020-01-06"
    ], []],
    [
      "windows that are left out now",
      daily("2020-01-01"),
      ["2020-01-03", "2020-01-04", "2020-01-05", "2020-01-06"],
      daily("2020-01-01", weekend),
      [
        "2020-01-03",
        "2020-01-06"
      ],
      ["2020-01-04T00:00:00.000Z/2020-01-06T00:00:00.000Z"]
    ],
    ["longer windows", days, ["2020-01-05", "2020-01-06"], Partitions.weekly({ start: "2020-01-05" }), [], [
      "2020-01-05…2020-01-06"
    ]],
    ["shorter windows", days, ["2020-01-06"], Partitions.cron("0 */12 * * *", { start: "2020-01-05" }), [], [
      "2020-01-06"
    ]],
    [
      "longer windows, as many as they fill",
      Partitions.cron("0 */12 * * *", { start: "2020-01-05" }),
      ["2020-01-06-00:00", "2020-01-06-12:00"],
      days,
      [],
      ["2020-01-06-00:00…2020-01-06-12:00"]
    ],
    ["keys in another order", letters, ["a", "d"], Partitions.fixed(["d", "x", "a"]), ["d", "a"], []],
    ["keys that are gone", letters, ["a", "d"], Partitions.fixed(["a", "b"]), ["a"], ["d"]],
    ["keys that became windows", Partitions.fixed(["2020-01-06", "x"]), ["2020-01-06", "x"], days, ["2020-01-06"], [
      "x"
    ]],
    ["windows that became keys", days, ["2020-01-05", "2020-01-06"], letters, [], ["2020-01-05…2020-01-06"]],
    ["a product that became a set", sales, ["2020-01-05|a", "2020-01-06|a"], days, [], ["2020-01-05…2020-01-06|a"]],
    ["a set that became a product", letters, ["a"], sales, [], ["a"]],
    ["a dimension more", Partitions.product({ region: letters }), ["b"], sales, [], ["b"]],
    ["another dimension", Partitions.product({ day: days, area: letters }), ["b|2020-01-05"], sales, [], [
      "b|2020-01-05"
    ]],
    [
      "a key of a product that is gone",
      sales,
      ["2020-01-05|a", "2020-01-06|a", "2020-01-05|d", "2020-01-06|d"],
      Partitions.product({
        day: days,
        region: Partitions.fixed(["d"])
      }),
      ["2020-01-05|d", "2020-01-06|d"],
      ["2020-01-05…2020-01-06|a"]
    ]
  ]
  for (const [name, before, keys, after, expected, unknown] of changes) {
    it(`are read after a change: ${name}`, () => {
      assert.deepStrictEqual(read(after, record(before, keys)), { keys: expected, unknown })
    })
  }

  it("tell the windows that do not exist yet", () => {
    const recorded = record(days, ["2020-01-05", "2020-01-06", "2020-01-07"])
    assert.deepStrictEqual(read(days, recorded, Date.parse("2020-01-06")), {
      keys: ["2020-01-05"],
      unknown: ["2020-01-06…2020-01-07"]
    })
    assert.deepStrictEqual(read(days, recorded, 0).unknown, ["2020-01-05…2020-01-07"])
  })

  it("are small", () => {
    const years = Partitions.product({ hour: Partitions.hourly({ start: "1970-01-01" }), region: letters })
    const axes = resolved(years)
    const recorded = Subset.serialize(axes, Subset.allOf(axes))
    assert.isBelow(JSON.stringify(recorded).length, 250)
    assert.strictEqual(Subset.deserialize(axes, recorded).subset.size, axes.dimensions[0]!.dimension.size * 4)
  })

  it("are what the schema says", () => {
    const decode = Schema.decodeUnknownSync(Schema.toCodecJson(Partitions.Serialized))
    for (const recorded of [record(days, ["2020-01-05"]), record(letters, ["b"]), record(sales, ["2020-01-05|a"])]) {
      assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(recorded))), recorded)
    }
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// any subsets
// ---------------------------------------------------------------------------------------------------------------------

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const berlin = { timeZone: "Europe/Berlin" }
const hours = Partitions.hourly({ start: "2024-10-26T20:00", end: "2024-10-27T06:00", ...berlin })
const weekdays = daily("2024-01-01", { end: "2024-01-20", exclusions: ["0 0 * * 0,6"] })
const two = Partitions.fixed(["x", "y"])

const sets: ReadonlyArray<Partitions.Any> = [
  hours,
  weekdays,
  Partitions.fixed([..."abcdefghijkl"]),
  Partitions.product({ hours, letters }),
  Partitions.product({ letters, weekdays }),
  Partitions.product({ two, letters, weekdays }),
  Partitions.product({ two, hours, weekdays: daily("2024-01-01", { end: "2024-01-06", exclusions: ["0 0 3 * *"] }) })
]

/** Stretches of places among all partitions: what is drawn at random one by one is hardly ever regular. */
const Stretches = Schema.Array(Schema.Tuple([between(0, 400), between(1, 12), between(1, 7)])).check(
  Schema.isMaxLength(6)
)
const Case = Schema.Struct({
  set: between(0, sets.length - 1),
  one: Stretches,
  other: Stretches,
  size: between(1, 20)
})

const tuplesIn = (
  axes: Partitions.Resolved,
  stretches: typeof Stretches.Type
): ReadonlyArray<ReadonlyArray<number>> => {
  const every = [...Subset.iterate(Subset.allOf(axes))]
  return stretches.flatMap(([from, count, step]) =>
    Array.from({ length: count }, (_, i) => every[(from + i * step) % every.length]!)
  )
}

const arrange = (of: typeof Case.Type) => {
  const axes = resolved(sets[of.set]!)
  const make = (stretches: typeof Stretches.Type) => {
    const tuples = tuplesIn(axes, stretches)
    return { tuples, keys: new Set(tuples.map(axes.keyOf)), subset: Subset.fromTuples(axes.dimensions.length, tuples) }
  }
  const all = [...Subset.keysOf(axes, Subset.allOf(axes))]
  /** Keys in the order of the set. */
  const ordered = (keys: ReadonlySet<string>) => all.filter((key) => keys.has(key))
  return {
    axes,
    all,
    one: make(of.one),
    other: make(of.other),
    keys: (subset: Subset.Subset) => [...Subset.keysOf(axes, subset)],
    ordered
  }
}

const only = (keys: Iterable<string>, test: (key: string) => boolean): ReadonlySet<string> =>
  new Set([...keys].filter(test))

/** What makes a subset the only one with its partitions. */
const isCanonical = (subset: Subset.Subset): boolean => {
  const { bounds, depth, rests } = subset
  for (let i = 0; i < bounds.length; i += 2) {
    if (bounds[i]! >= bounds[i + 1]!) return false
    if (i > 0 && bounds[i]! < bounds[i - 1]!) return false
    if (i > 0 && bounds[i] === bounds[i - 1] && (depth === 1 || Subset.equals(rests[i / 2]!, rests[i / 2 - 1]!))) {
      return false
    }
  }
  return rests.length === (depth === 1 ? 0 : bounds.length / 2) &&
    rests.every((rest) => rest.size > 0 && rest.depth === depth - 1 && isCanonical(rest))
}

const runs = { arbitrary: { runs: 400 } }

describe("any subsets", () => {
  it.effect.prop("are combined as sets of keys are", [Arbitrary.schema(Case)], ([of]) =>
    Effect.sync(() => {
      const { all, axes, keys, one, ordered, other } = arrange(of)
      const expected: ReadonlyArray<readonly [found: Subset.Subset, keys: ReadonlySet<string>]> = [
        [one.subset, one.keys],
        [Subset.union(one.subset, other.subset), new Set([...one.keys, ...other.keys])],
        [Subset.intersection(one.subset, other.subset), only(one.keys, (key) => other.keys.has(key))],
        [Subset.difference(one.subset, other.subset), only(one.keys, (key) => !other.keys.has(key))],
        [Subset.complement(one.subset, Subset.sizesOf(axes)), only(all, (key) => !one.keys.has(key))]
      ]
      for (const [found, wanted] of expected) {
        assert.deepStrictEqual(keys(found), ordered(wanted))
        assert.strictEqual(found.size, wanted.size)
        assert.isTrue(isCanonical(found))
        assert.strictEqual(Subset.isEmpty(found), wanted.size === 0)
        for (const key of all) assert.strictEqual(Subset.has(found, axes.indicesOf(key)!), wanted.has(key))
        const tuples = [...Subset.iterate(found)]
        assert.deepStrictEqual([Subset.first(found), Subset.last(found)], [tuples[0], tuples.at(-1)])
      }
      assert.strictEqual(
        Subset.equals(one.subset, other.subset),
        JSON.stringify(ordered(one.keys)) === JSON.stringify(ordered(other.keys))
      )
    }), runs)

  it.effect.prop("have one structure, however they came about", [Arbitrary.schema(Case)], ([of]) =>
    Effect.sync(() => {
      const { axes, one, other } = arrange(of)
      const sum = Subset.union(one.subset, other.subset)
      const depth = axes.dimensions.length
      const others: ReadonlyArray<Subset.Subset> = [
        Subset.union(other.subset, one.subset),
        Subset.fromTuples(depth, [...other.tuples, ...one.tuples].toReversed()),
        Subset.unionAll(depth, [...one.tuples, ...other.tuples].map((tuple) => Subset.fromTuples(depth, [tuple]))),
        Subset.unionAll(depth, Subset.boxes(sum).map(Subset.box)),
        Subset.complement(Subset.complement(sum, Subset.sizesOf(axes)), Subset.sizesOf(axes)),
        Subset.unionAll(depth, [...Subset.chunk(sum, of.size)])
      ]
      for (const found of others) {
        assert.deepStrictEqual(found, sum)
        assert.isTrue(Subset.equals(found, sum))
        assert.strictEqual(JSON.stringify(Subset.serialize(axes, found)), JSON.stringify(Subset.serialize(axes, sum)))
      }
      // boxes do not overlap
      assert.strictEqual(Subset.boxes(sum).reduce((size, sides) => size + Subset.box(sides).size, 0), sum.size)
    }), runs)

  it.effect.prop("are split into pieces in order", [Arbitrary.schema(Case)], ([of]) =>
    Effect.sync(() => {
      const { keys, one } = arrange(of)
      const pieces = [...Subset.chunk(one.subset, of.size)]
      assert.deepStrictEqual(pieces.flatMap(keys), keys(one.subset))
      assert.isTrue(pieces.every((piece) => isCanonical(piece)))
      assert.isTrue(pieces.every((piece, i) =>
        i + 1 < pieces.length ? piece.size === of.size : piece.size > 0 && piece.size <= of.size
      ))
    }), runs)

  it.effect.prop("have the indices of each dimension", [Arbitrary.schema(Case)], ([of]) =>
    Effect.sync(() => {
      const { axes, one } = arrange(of)
      axes.dimensions.forEach((_, axis) => {
        const expected = Subset.fromIndices(one.tuples.map((tuple) => tuple[axis]!))
        assert.deepStrictEqual(Subset.project(one.subset, axis), expected)
      })
    }), runs)

  it.effect.prop("are recorded and read", [Arbitrary.schema(Case)], ([of]) =>
    Effect.sync(() => {
      const { axes, keys, one } = arrange(of)
      const recorded: Partitions.Serialized = JSON.parse(JSON.stringify(Subset.serialize(axes, one.subset)))
      assert.deepStrictEqual(Subset.deserialize(axes, recorded), { subset: one.subset, unknown: [] })
      const again = Subset.fromKeys(axes, keys(one.subset).toReversed())
      assert.deepStrictEqual(again, { subset: one.subset, unknown: [] })
    }), runs)

  it.effect.prop("are read after windows went by and the start moved", [
    Arbitrary.schema(Stretches),
    Arbitrary.schema(between(-5, 5))
  ], ([stretches, by]) =>
    Effect.sync(() => {
      const start = Date.parse("2024-03-28")
      const set = (from: number) => Partitions.daily({ start: new Date(from), ...berlin })
      const before = resolved(set(start), start + 20 * day)
      const after = resolved(set(start + by * day), start + 30 * day)
      const subset = Subset.fromTuples(1, tuplesIn(before, stretches))
      const keys = [...Subset.keysOf(before, subset)]
      const read = Subset.deserialize(after, Subset.serialize(before, subset))
      assert.deepStrictEqual(
        [...Subset.keysOf(after, read.subset)],
        keys.filter((key) => after.indicesOf(key) !== undefined)
      )
      assert.strictEqual(read.unknown.length > 0, keys.some((key) => after.indicesOf(key) === undefined))
    }), runs)
})
