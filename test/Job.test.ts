import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, Result, Schema, Stream } from "effect"
import { Asset, Check, EventLog, Graph, IOManager, Job, Partitions, RunLogs, Runtime, Selection } from "effect-assets"
import { eventsOf, test } from "./fixtures/inMemory.ts"

const a = Asset.make("a", { group: "one", compute: () => Effect.succeed(1) })
const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a + 1) })
const failing = Asset.make("failing", Effect.fail("no"))
const positive = Check.make("positive", { asset: a, check: (a) => Effect.succeed(a > 0) })
const graph = Graph.make({ a, b, failing, positive })

const days = Asset.make("days", {
  partitions: Partitions.fixed(["mo", "tu", "we"]),
  compute: (_, { partition }) => partition === "we" ? Effect.fail("we") : Effect.succeed(partition)
})

const tagsOf = (run: { readonly outcomes: { readonly [name: string]: Runtime.Outcome } }) =>
  Object.values(run.outcomes).filter(({ _tag }) => _tag !== "NotSelected").map(({ _tag, key }) => `${key} ${_tag}`)

/** A job that tells what its hooks are told. */
const telling = (told: Array<string>) =>
  Job.make("telling", {
    onSuccess: (run) => Effect.sync(() => told.push(`${run.job} ${run.status} ${tagsOf(run).join(", ")}`)),
    onFailure: (run) =>
      Effect.sync(() =>
        told.push(`${run.job} ${run.status} ${Runtime.outcomes(run).map(({ _tag }) => _tag).join(", ")}`)
      )
  })

describe("Job.make", () => {
  it("is a plain value", () => {
    const job = Job.make("nightly", { select: ["a"], tags: { team: "data" }, priority: 3, description: "all" })
    assert.isTrue(Job.isJob(job))
    assert.isFalse(Job.isJob({ name: "nightly" }))
    assert.deepStrictEqual([job.select, job.tags, job.priority, job.description], [["a"], { team: "data" }, 3, "all"])
    assert.strictEqual(String(job), "Job(nightly)")
    assert.strictEqual(JSON.stringify(job), `{"_id":"Job","name":"nightly"}`)
    assert.deepStrictEqual(Job.hooks(job), [])
    assert.deepStrictEqual(Job.hooks(telling([])), ["onSuccess", "onFailure"])
    assert.strictEqual(job.pipe(({ name }) => name), "nightly")
  })
})

describe("Job.run", () => {
  for (
    const [what, select] of [
      ["keys", ["a"]],
      ["an expression", "group:one"],
      ["a selection", Selection.group("one")]
    ] as const
  ) {
    test(`computes what is selected by ${what}`, function*() {
      const run = yield* Job.run(graph, Job.make("one", { select }))
      assert.deepStrictEqual(tagsOf(run), ["a Materialized"])
      assert.deepStrictEqual(run.tags, { job: "one" })
    })
  }

  test("computes everything without a selection, and a part where one is given", function*() {
    const run = yield* Job.run(graph, Job.make("all"))
    assert.deepStrictEqual(tagsOf(run), ["a Materialized", "b Materialized", "failing Failed"])
    assert.deepStrictEqual(tagsOf(yield* Job.run(graph, Job.make("all"), { select: ["a"] })), ["a Materialized"])
  })

  test("gives the run what the job says, and above that what the options say", function*() {
    const job = Job.make("j", { select: ["a"], tags: { x: "1", y: "1" }, checks: "none", onlyStale: true })
    const first = yield* Job.run(graph, job, { tags: { y: "2", job: "another" } })
    assert.deepStrictEqual(first.tags, { x: "1", y: "2", job: "j" })
    assert.lengthOf(first.checks, 0)
    const second = yield* Job.run(graph, job, { checks: "selected", onlyStale: undefined })
    assert.deepStrictEqual([tagsOf(second), second.checks.length], [["a UpToDate"], 1])
    const third = yield* Job.run(graph, job, { checks: "only" })
    assert.lengthOf(third.checks, 1)
  })

  test("PEX11: configuration of the options comes before that of the job, by asset", function*() {
    const config = Schema.Struct({ n: Schema.Int })
    const make = <const K extends string>(key: K) =>
      Asset.make(key, { config, compute: (_, { config }) => Effect.succeed(config.n) })
    const [x, y] = [make("x"), make("y")]
    const job = Job.make("j", { config: { x: { n: 1 }, y: { n: 2 } } })
    yield* Job.run(Graph.make({ x, y }), job, { config: { y: { n: 3 } } })
    assert.deepStrictEqual([yield* Runtime.load(x), yield* Runtime.load(y)], [1, 3])
  })

  test("computes its partitions unless others are given", function*() {
    const keys = (run: { readonly partitions: { readonly days?: ReadonlyMap<string, unknown> } }) => [
      ...run.partitions.days!.keys()
    ]
    const job = Job.make("j", { partitions: { from: "mo", to: "tu" } })
    const graph = Graph.make({ days })
    assert.deepStrictEqual(keys(yield* Job.run(graph, job)), ["mo", "tu"])
    assert.deepStrictEqual(keys(yield* Job.run(graph, job, { partition: "tu" })), ["tu"])
    assert.deepStrictEqual(keys(yield* Job.run(graph, job, { partitions: ["mo"] })), ["mo"])
    const error = yield* Effect.flip(Job.run(graph, Job.make("none")))
    assert.include(error.message, `"days" has partitions: say which`)
  })

  test("calls a hook after its run, by how that ended", function*() {
    const told: Array<string> = []
    yield* Job.run(graph, telling(told), { select: ["a"] })
    yield* Job.run(graph, telling(told), { select: ["failing"] })
    assert.deepStrictEqual(told, [
      "telling Succeeded a Materialized",
      "telling Failed NotSelected, Failed, NotSelected"
    ])
  })

  test("calls a hook once, after the last of the retries", function*() {
    const told: Array<string> = []
    let tries = 0
    const flaky = Asset.make("flaky", Effect.suspend(() => ++tries < 3 ? Effect.fail("not yet") : Effect.succeed(1)))
    yield* Job.run(Graph.make({ flaky }), telling(told), { retries: 3 })
    assert.deepStrictEqual(told, ["telling Succeeded flaky Materialized"])
    assert.strictEqual(tries, 3)
  })

  test("calls no hook after a run that was cancelled, or did not begin", function*() {
    const told: Array<string> = []
    const job = telling(told)
    yield* Effect.flip(Job.run(graph, job, { select: "nothing-like-that" }))
    const log = yield* EventLog.EventLog
    const stuck = Asset.make("stuck", Effect.never)
    const fiber = yield* Effect.forkChild(Job.run(Graph.make({ stuck }), job))
    yield* Stream.runHead(log.tail({ tags: ["RunStarted"], after: 0 }))
    yield* Runtime.cancel((yield* log.runs({}))[0]!.id)
    const run = yield* Fiber.join(fiber)
    assert.strictEqual(run.status, "Cancelled")
    assert.deepStrictEqual(told, [])
  })

  test("a hook that fails changes nothing of the run, and is told in the log of the run", function*() {
    const job = Job.make("j", { select: ["a"], onSuccess: () => Effect.fail(new Error("no mail today")) })
    const dying = Job.make("d", {
      select: ["a"],
      onSuccess: () => {
        throw new Error("a bug")
      }
    })
    yield* Effect.gen(function*() {
      for (const [job_, message] of [[job, "no mail today"], [dying, "a bug"]] as const) {
        const run = yield* Job.run(graph, job_)
        assert.strictEqual(run.status, "Succeeded")
        const logs = yield* RunLogs.RunLogs
        const [entry] = yield* logs.read(run.id)
        assert.deepStrictEqual([entry?.level, entry?.message], [
          "Error",
          `The hook onSuccess of the job ${job_.name} failed`
        ])
        assert.include(entry?.cause, message)
      }
    }).pipe(Effect.provide([RunLogs.layerMemory, Logger.layer([])]))
  })

  it.effect("gives hooks the services they need", () => {
    class Mail extends Context.Service<Mail, { readonly send: (text: string) => Effect.Effect<void> }>()("test/Mail") {}
    const sent: Array<string> = []
    const job = Job.make("j", {
      select: ["a"],
      *onSuccess(run) {
        yield* (yield* Mail).send(`${run.job} ended`)
      }
    })
    return Effect.gen(function*() {
      yield* Job.run(graph, job)
      assert.deepStrictEqual(sent, ["j ended"])
    }).pipe(Effect.provide([
      IOManager.layerMemory,
      EventLog.layerMemory,
      Layer.succeed(Mail, { send: (text) => Effect.sync(() => void sent.push(text)) })
    ]))
  })
})

describe("Job.backfill", () => {
  test("computes what is missing, and calls the hooks after each run", function*() {
    const told: Array<string> = []
    const graph = Graph.make({ days })
    yield* Job.run(graph, Job.make("first"), { partition: "mo" })
    const progress: Array<string> = []
    const runs = yield* Job.backfill(graph, telling(told), {
      partitions: "missing",
      onProgress: ({ _tag }) => Effect.sync(() => void progress.push(_tag))
    })
    assert.lengthOf(runs, 2)
    assert.deepStrictEqual(told.toSorted(), ["telling Failed Failed", "telling Succeeded days Materialized"])
    assert.deepStrictEqual(runs.map(({ tags }) => tags), [{ job: "telling" }, { job: "telling" }])
    assert.strictEqual(progress.at(-1), "BackfillFinished")
    const [started] = yield* eventsOf({ tags: ["BackfillStarted"] })
    assert.deepStrictEqual(started?._tag === "BackfillStarted" && started.tags, { job: "telling" })
  })

  test("computes the partitions of the job unless others are given", function*() {
    const graph = Graph.make({ days })
    const job = Job.make("j", { partitions: ["mo", "tu"] })
    assert.lengthOf(yield* Job.backfill(graph, job), 2)
    assert.lengthOf(yield* Job.backfill(graph, job, { partitions: ["mo"] }), 1)
    assert.lengthOf(yield* Job.backfill(graph, job, { targets: { days: ["tu"] } }), 1)
    assert.isTrue(Result.isFailure(yield* Effect.result(Job.backfill(graph, Job.make("k", { select: "x" })))))
  })
})
