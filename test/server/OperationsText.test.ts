import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { Asset, Freshness, Graph, PartitionMapping, Partitions } from "effect-assets"
import { testOf } from "../fixtures/deployment.ts"

const days = Partitions.daily({ start: "2024-01-01", timeZone: "Europe/Berlin" })
const odd = Partitions.cron("30 6 * * 1", { start: "2024-01-01T06:30:00Z", end: "2025-01-01T00:00:00Z", endOffset: 1 })
const regions = Partitions.fixed(["a", "b", "c", "d", "e", "f", "g"])
const users = Partitions.dynamic("users")
const product = Partitions.product({ day: days, region: regions })

const daily = Asset.make("daily", { partitions: days, compute: () => Effect.succeed(1) })
const weekly = Asset.make("weekly", {
  partitions: odd,
  inputs: { daily: Asset.partitions(daily) },
  compute: () => Effect.succeed(1)
})
const regional = Asset.make("regional", {
  partitions: regions,
  inputs: { last: Asset.partition(daily, PartitionMapping.last), one: Asset.partition(daily, "2024-01-02") },
  compute: () => Effect.succeed(1)
})
const personal = Asset.make("personal", { partitions: users, deps: [regional], compute: () => Effect.succeed(1) })
const both = Asset.make("both", {
  partitions: product,
  inputs: {
    daily,
    before: Asset.partitions(daily, {
      mapping: PartitionMapping.dimension(
        "day",
        PartitionMapping.timeWindow({ startOffset: -7, endOffset: -1, allowNonexistent: true })
      )
    })
  },
  compute: () => Effect.succeed(1)
})
const again = Asset.make("again", {
  partitions: days,
  inputs: { daily },
  freshness: Freshness.window({ fail: "36 hours", warn: "90 minutes" }),
  description: "\n  One line without an end\nAnother line.",
  compute: () => Effect.succeed(1)
})
const graph = Graph.make({ daily, weekly, regional, personal, again })

describe("definitions in words", () => {
  const test = testOf({ graph })

  test("are those of sets of partitions", function*(operations) {
    const wordsOf = (key: string) => Effect.map(operations.asset(key), (detail) => detail.partitionsDefinition)
    assert.strictEqual(yield* wordsOf("daily"), "days from 2024-01-01 on (Europe/Berlin)")
    assert.strictEqual(
      yield* wordsOf("weekly"),
      "windows of the cron expression \"30 6 * * 1\" from 2024-01-01T06:30:00+00:00 until 2025-01-01, 1 ahead of time (UTC)"
    )
    assert.strictEqual(yield* wordsOf("regional"), "the keys a, b, c, d, e and 2 more")
    assert.strictEqual(yield* wordsOf("personal"), "the dynamic keys \"users\"")
  })

  test("are those of what is read", function*(operations) {
    const mappingsOf = (key: string) =>
      Effect.map(operations.asset(key), ({ inputs }) => inputs.map(({ mapping }) => mapping))
    assert.deepStrictEqual(yield* mappingsOf("weekly"), ["the windows of the same time, as a map by key"])
    assert.deepStrictEqual(yield* mappingsOf("regional"), ["the last partition", "the partitions 2024-01-02"])
    assert.deepStrictEqual(yield* mappingsOf("personal"), ["all partitions"])
    assert.deepStrictEqual(yield* mappingsOf("again"), ["the same partition"])
  })

  test("are those of policies and descriptions", function*(operations) {
    const detail = yield* operations.asset("again")
    assert.strictEqual(detail.freshnessPolicy, "at most 1 day 12 hours old, with a warning after 1 hour 30 minutes")
    assert.strictEqual(detail.summary, "One line without an end")
  })
})

describe("sets of several dimensions in words", () => {
  testOf({ graph: Graph.make({ daily, both }) })("name each dimension", function*(operations) {
    const detail = yield* operations.asset("both")
    assert.strictEqual(
      detail.partitionsDefinition,
      "day: days from 2024-01-01 on (Europe/Berlin); region: the keys a, b, c, d, e and 2 more"
    )
    assert.deepStrictEqual(detail.inputs.map(({ mapping }) => mapping), [
      "by the dimensions that fit",
      "by the dimension day: the windows of the same time, the start moved by -7 windows, the end moved by -1 window, " +
      "as far as they exist, as a map by key"
    ])
  })
})
