import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Asset, AutomationStore, Condition, EventLog, Graph, Job, Partitions, Runtime } from "effect-assets"
import { evaluateConditions } from "effect-assets/testing"
import { TestClock } from "effect/testing"
import { inMemory } from "../fixtures/inMemory.ts"

const eager = { automation: Condition.eager() }

describe("evaluateConditions", () => {
  const source = Asset.external("source", { observe: Effect.succeed("1"), automation: Condition.onCron("@daily") })
  const days = Asset.make("days", {
    partitions: Partitions.daily({ start: "2024-01-01" }),
    compute: () => Effect.succeed(1)
  })
  const copies = Asset.make("copies", {
    partitions: Partitions.daily({ start: "2024-01-01" }),
    inputs: { days },
    compute: () => Effect.succeed(1),
    ...eager
  })
  const all = Job.make("all", { select: ["days"], automation: Condition.anyJobRootsMatch(Condition.missing) })
  const graph = Graph.make({ source, days, copies })

  it.effect("tells what would be requested at a moment, for which partitions, and records nothing", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2024-01-03T12:00Z"))
      yield* Runtime.run(graph, { select: ["days"], partitions: "all" })
      const first = yield* evaluateConditions({ graph, jobs: [all] })
      assert.deepStrictEqual(first.requests, [])
      yield* TestClock.setTime(Date.parse("2024-01-04T12:00Z"))
      yield* Runtime.run(graph, { select: ["days"], partition: "2024-01-03" })
      // a cursor is data: it can be kept between the two
      const cursor = Schema.decodeUnknownSync(Condition.Cursor)(
        JSON.parse(JSON.stringify(Schema.encodeSync(Condition.Cursor)(first.cursor)))
      )
      const second = yield* evaluateConditions({ graph, jobs: [all] }, { cursor })
      assert.deepStrictEqual(
        second.requests.map(({ key, kind, partitions }) => [kind, key, partitions?.join()]),
        [["observe", "source", undefined], ["asset", "copies", "2024-01-03"]]
      )
      assert.includeMembers(second.explanations.map(({ id }) => id), ["source", "copies"])
      // the same again: a decision can be looked at once more
      assert.deepStrictEqual(yield* evaluateConditions({ graph, jobs: [all] }, { cursor }), second)
      const store = yield* AutomationStore.AutomationStore
      assert.deepStrictEqual([yield* store.ticks(), yield* store.queue()], [[], []])
      assert.isUndefined((yield* EventLog.EventLog.use((log) => log.runs({ key: "copies" })))[0])
    }).pipe(Effect.provide(inMemory)))
})
