import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { AutomationModel, Model } from "../../../src/server/Api.ts"
import { type Choice, choiceOf, planOfJob, readTags, requestOf } from "../../../ui/src/launch/request.ts"

const sent = (choice: Partial<Choice>, partitioned = false) => {
  const { problems, request } = requestOf({ ...choiceOf({ keys: ["a"] }), ...choice }, partitioned)
  assert.deepStrictEqual(problems, {})
  // what is sent is what the API takes
  if (request._tag === "Run") Schema.decodeUnknownSync(Model.RunRequest)(request.request)
  else Schema.decodeUnknownSync(Model.BackfillRequest)(request.request)
  return request
}

describe("request", () => {
  it("what is not chosen is not sent", () => {
    assert.deepStrictEqual(sent({}), { _tag: "Run", request: { keys: ["a"] } })
    assert.deepStrictEqual(requestOf(choiceOf({}), false).request, { _tag: "Run", request: {} })
    assert.deepStrictEqual(requestOf(choiceOf({ select: "group:x" }), false).request.request, { select: "group:x" })
  })

  it("everything that is chosen is sent", () => {
    assert.deepStrictEqual(
      sent({
        withUpstream: true,
        onlyStale: true,
        checks: "none",
        config: { a: { days: 3 }, b: undefined },
        tags: "team = web, reason=late=data",
        concurrency: "4",
        retries: "0"
      }),
      {
        _tag: "Run",
        request: {
          select: "+(key:\"a\")",
          onlyStale: true,
          checks: "none",
          config: { a: { days: 3 } },
          tags: { team: "web", reason: "late=data" },
          concurrency: 4,
          retries: 0
        }
      }
    )
  })

  it("partitions go into one run, or into a backfill", () => {
    const keys = ["a"]
    assert.deepStrictEqual(sent({ mode: "all" }, true), { _tag: "Run", request: { keys, partitions: "all" } })
    assert.deepStrictEqual(sent({ mode: "all", perRun: 7 }, true), {
      _tag: "Backfill",
      request: { keys, partitions: "all", partitionsPerRun: 7 }
    })
    assert.deepStrictEqual(sent({ mode: "missing" }, true), {
      _tag: "Backfill",
      request: { keys, partitions: "missing", partitionsPerRun: "all" }
    })
    assert.deepStrictEqual(sent({ mode: "range", from: "1", to: "3" }, true), {
      _tag: "Run",
      request: { keys, partitions: { from: "1", to: "3" } }
    })
    assert.deepStrictEqual(sent({ mode: "pick", picked: ["2"], perRun: 1 }, true), {
      _tag: "Run",
      request: { keys, partitions: ["2"] }
    })
    assert.deepStrictEqual(sent({ mode: "pick", picked: ["2", "3"], perRun: 1 }, true), {
      _tag: "Backfill",
      request: { keys, partitions: ["2", "3"], partitionsPerRun: 1 }
    })
    assert.deepStrictEqual(sent({ mode: "all" }, false), { _tag: "Run", request: { keys } }, "there are none to choose")
  })

  it("retries are of runs: a backfill takes none", () => {
    assert.notProperty(sent({ mode: "missing", retries: "2" }, true).request, "retries")
    assert.property(sent({ mode: "all", retries: "2" }, true).request, "retries")
  })

  it("what was asked for is chosen when the dialog opens", () => {
    const of = (partitions: Parameters<typeof choiceOf>[0]["partitions"]) => {
      const { from, mode, picked, to } = choiceOf({ partitions })
      return [mode, from, to, picked]
    }
    assert.deepStrictEqual(of(undefined), ["missing", "", "", []])
    assert.deepStrictEqual(of("all"), ["all", "", "", []])
    assert.deepStrictEqual(of({ from: "1", to: "2" }), ["range", "1", "2", []])
    assert.deepStrictEqual(of(["1"]), ["pick", "", "", ["1"]])
    assert.strictEqual(choiceOf({ tags: { a: "1", b: "2" } }).tags, "a=1, b=2")
  })

  it("says what is wrong with each field", () => {
    const wrong = (choice: Partial<Choice>, partitioned = true) =>
      Object.keys(requestOf({ ...choiceOf({ keys: ["a"] }), ...choice }, partitioned).problems)
    assert.deepStrictEqual(wrong({ tags: "nonsense" }), ["tags"])
    assert.deepStrictEqual(wrong({ concurrency: "0" }), ["concurrency"])
    assert.deepStrictEqual(wrong({ concurrency: "many" }), ["concurrency"])
    assert.deepStrictEqual(wrong({ retries: "1.5" }), ["retries"])
    assert.deepStrictEqual(wrong({ retries: "101" }), ["retries"])
    assert.deepStrictEqual(wrong({ mode: "range", from: "1" }), ["partitions"])
    assert.deepStrictEqual(wrong({ mode: "pick" }), ["partitions"])
    assert.deepStrictEqual(wrong({ mode: "pick" }, false), [])
  })

  it("tags are read from a text", () => {
    assert.deepStrictEqual(readTags(""), { tags: {} })
    assert.deepStrictEqual(readTags("a=1,\n b = x y ,"), { tags: { a: "1", b: "x y" } })
    assert.property(readTags("=1"), "problem")
    const odd = readTags("__proto__=1")
    assert.isTrue("tags" in odd && Object.hasOwn(odd.tags, "__proto__"))
  })

  it("a job is run as it is, but for what was chosen", () => {
    const ofJob = (part: Partial<Choice>, partitioned = false) => {
      const options = { job: { name: "nightly" }, keys: ["a", "b"], title: "Run nightly", onlyStale: true }
      const choice = { ...choiceOf(options), ...part }
      const { problems, request } = requestOf(choice, partitioned)
      assert.deepStrictEqual(problems, {})
      if (request._tag !== "Job") throw new Error(request._tag)
      Schema.decodeUnknownSync(AutomationModel.JobRunRequest)(request.request)
      return { request: request.request, plan: planOfJob(choice, partitioned) }
    }
    assert.deepStrictEqual(ofJob({}), {
      request: { name: "nightly", onlyStale: true },
      plan: { keys: ["a", "b"], onlyStale: true }
    })
    assert.deepStrictEqual(ofJob({ onlyStale: false, tags: "a=b", mode: "range", from: "1", to: "2" }, true), {
      request: { name: "nightly", onlyStale: false, tags: { a: "b" }, partitions: { from: "1", to: "2" } },
      plan: { keys: ["a", "b"], tags: { a: "b" }, partitions: { from: "1", to: "2" } }
    })
    // its own partitions only it knows
    assert.deepStrictEqual(ofJob({ mode: "missing" }, true), {
      request: { name: "nightly", onlyStale: true },
      plan: undefined
    })
    assert.strictEqual(choiceOf({ job: { name: "a", partitions: "2024" } }).mode, "missing")
    assert.strictEqual(choiceOf({ job: { name: "a" } }).mode, "pick")
  })
})
