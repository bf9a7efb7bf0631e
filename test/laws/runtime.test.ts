/**
 * The runtime against the model, on random graphs.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, FileSystem, Layer } from "effect"
import { type Asset, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { materialized } from "../fixtures/events.ts"
import { eventsOf } from "../fixtures/inMemory.ts"
import { type Case, cases, pause, type Probe, soundCases, toGraph } from "./graphs.ts"
import * as Model from "./model.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

const slotOf = (asset: Asset.Any): IOManager.Slot => ({
  key: asset.key,
  partition: undefined,
  schema: asset.schema as IOManager.Slot["schema"],
  metadata: {},
  runId: undefined
})

/** Stores what is stored before, as an earlier run would have recorded it; what is external was recorded by nobody. */
const arrange = Effect.fnUntraced(function*(graph: Graph.Any, before: Case["before"]) {
  const io = yield* IOManager.IOManager
  const log = yield* EventLog.EventLog
  for (const asset of Graph.assets(graph)) {
    const value = before.get(asset.key)
    if (value === undefined) continue
    yield* io.save(value, slotOf(asset))
    if (asset.external) continue
    yield* log.append([materialized("before", asset.key, String(value))])
  }
})

/** The assets are of any type, so what they need is unknown to the compiler: it is the storage. */
const run = (graph: Graph.Any, of: Case) =>
  Runtime.run(graph, {
    select: [...of.selection] as ReadonlyArray<string> as ReadonlyArray<never>,
    concurrency: of.concurrency
  }) as Effect.Effect<
    Runtime.Run<Graph.Assets>,
    Runtime.RunError,
    IOManager.IOManager | EventLog.EventLog
  >

const storedAfter = Effect.fnUntraced(function*(graph: Graph.Any) {
  const io = yield* IOManager.IOManager
  const stored = new Map<string, number>()
  for (const asset of Graph.assets(graph)) {
    if (yield* io.exists(slotOf(asset))) stored.set(asset.key, (yield* io.load(slotOf(asset))) as number)
  }
  return stored
})

/** An outcome of the runtime in the words of the model. */
const inModel = (outcome: Runtime.Outcome): Model.Outcome => {
  switch (outcome._tag) {
    case "Materialized":
      return { _tag: "Materialized", stored: outcome.stored, value: Number(outcome.dataVersion) }
    case "Skipped":
      if (outcome.reason._tag === "NoUpstreamPartition") return assert.fail("nothing has partitions")
      return {
        _tag: "Skipped",
        reason: outcome.reason._tag,
        keys: outcome.reason._tag === "NoOutput" ? [] : outcome.reason.keys
      }
    case "Failed": {
      const [reason] = outcome.cause.reasons
      const error = reason?._tag === "Fail" ? reason.error as { readonly _tag: string } : undefined
      const why = error?._tag === "Broken" ? "program" : error?._tag === "AssetValueError" ? "value" : "NotStored"
      assert.isTrue(outcome.cause.reasons.length === 1 && (why !== "NotStored" || IOManager.isNotStored(error)))
      return { _tag: "Failed", why }
    }
    case "UpstreamFailed":
      return { _tag: "UpstreamFailed", failed: outcome.failed }
    case "NotSelected":
      return { _tag: "NotSelected" }
    default:
      throw new Error(`no such outcome in the model: ${outcome._tag}`)
  }
}

const sorted = <K extends string, V>(map: Iterable<readonly [K, V]>) => [...map].sort(([a], [b]) => a < b ? -1 : 1)

const settled = (outcomes: Iterable<readonly [string, Model.Outcome]>) =>
  sorted(outcomes).map(([key, outcome]) =>
    [
      key,
      outcome._tag === "Skipped"
        ? { ...outcome, keys: [...outcome.keys].sort() }
        : outcome._tag === "UpstreamFailed"
        ? { ...outcome, failed: [...outcome.failed].sort() }
        : outcome
    ] as const
  )

/** Programs that write down when they start and end, and count how many run at once. */
const makeJournal = () => {
  const entries: Array<readonly ["start" | "end", string]> = []
  const ran: Array<readonly [string, Readonly<Record<string, Model.Read>>]> = []
  const counts = { running: 0, most: 0 }
  const probe: Probe = {
    started: (key, reads) => void ran.push([key, reads]),
    around: (effect, key) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          entries.push(["start", key])
          counts.most = Math.max(counts.most, ++counts.running)
        }),
        () => effect,
        () =>
          Effect.sync(() => {
            entries.push(["end", key])
            counts.running--
          })
      )
  }
  return { probe, entries, ran, counts }
}

const programOf = (of: Case, key: string) => of.programs.find((program) => key in program.outputs)!

const agreesWithModel = Effect.fnUntraced(function*(of: Case) {
  const journal = makeJournal()
  const graph = toGraph(of, journal.probe)
  yield* arrange(graph, of.before)
  const model = Model.evaluate(of.programs, of.selection, of.before)
  const ended = yield* run(graph, of)

  // (a) what becomes of each asset, and what is stored
  const outcomes = Object.values(ended.outcomes).map((outcome) => [outcome.key, inModel(outcome)] as const)
  assert.deepStrictEqual(settled(outcomes), settled(model.outcomes))
  assert.deepStrictEqual(sorted(yield* storedAfter(graph)), sorted(model.stored))
  const failed = [...model.outcomes.values()].some(({ _tag }) => _tag === "Failed")
  assert.strictEqual(ended.status, failed ? "Failed" : "Succeeded")

  // (b) each program runs once if the model says so, and reads what the model reads
  assert.deepStrictEqual(sorted(journal.ran), sorted(model.ran))

  // (c) not more at once than allowed
  assert.isAtMost(journal.counts.most, of.concurrency === "unbounded" ? Infinity : of.concurrency)
  assert.strictEqual(journal.counts.running, 0)

  // (d) what is upstream and runs has ended before
  const over = new Set<string>()
  const members = new Map(journal.ran.flatMap(([keys]) => keys.split(",").map((key) => [key, keys] as const)))
  for (const [kind, keys] of journal.entries) {
    if (kind === "end") over.add(keys)
    else {
      const program = programOf(of, keys.split(",")[0]!)
      for (const { from } of [...program.inputs, ...program.deps]) {
        const upstream = members.get(from)
        assert.isTrue(upstream === undefined || over.has(upstream), `${keys} starts before ${from} has ended`)
      }
    }
  }

  // (e) the log tells the same
  const events = yield* eventsOf({ runId: ended.id })
  const planned = sorted(model.outcomes).filter(([, { _tag }]) => _tag !== "NotSelected").map(([key]) => key)
  const [first, ...rest] = events
  const last = rest.pop()
  assert.isTrue(first?._tag === "RunStarted")
  assert.deepStrictEqual(first?._tag === "RunStarted" && [...first.keys].sort(), planned)
  assert.isTrue(last?._tag === "RunFinished" && last.status === ended.status)
  assert.deepStrictEqual(rest.map((event) => "key" in event ? event.key : event._tag).sort(), planned)
  for (const event of rest) {
    assert.isTrue("key" in event)
    const outcome = ended.outcomes["key" in event ? event.key : ""]!
    assert.strictEqual(event._tag, `Asset${outcome._tag}`)
    if (event._tag === "AssetSkipped" && outcome._tag === "Skipped") {
      assert.deepStrictEqual(event.reason, outcome.reason)
    }
    if (event._tag === "AssetUpstreamFailed" && outcome._tag === "UpstreamFailed") {
      assert.deepStrictEqual(event.failed, outcome.failed)
    }
    if (event._tag === "AssetMaterialized" && outcome._tag === "Materialized") {
      assert.deepStrictEqual(
        [event.dataVersion, event.stored, event.attempts],
        [outcome.dataVersion, outcome.stored, outcome.attempts]
      )
      const versions = Object.entries(event.inputVersions)
      assert.deepStrictEqual(sorted(versions), sorted(versionsRead(of, model, event.key)))
    }
  }
})

/** The data versions of what is upstream of an asset that ran, as the model sees them. */
const versionsRead = (of: Case, model: Model.Result, key: string): ReadonlyMap<string, string> => {
  const program = programOf(of, key)
  const [, reads] = [...model.ran].find(([keys]) => keys.split(",").includes(key))!
  const versions = new Map<string, string>()
  const recorded = (from: string) => {
    const outcome = model.outcomes.get(from)!
    if (outcome._tag === "Materialized") versions.set(from, String(outcome.value))
    // what an earlier run recorded; nobody recorded what is external
    else if (of.before.has(from) && !programOf(of, from).external) versions.set(from, String(of.before.get(from)))
  }
  for (const { from, name } of program.inputs) if (reads[name] !== Model.none) recorded(from)
  // an optional dep that was skipped in this run left nothing new to come after
  for (const { from } of program.deps) if (model.outcomes.get(from)!._tag !== "Skipped") recorded(from)
  return versions
}

/** `npm run test:long` runs the same laws on many times as many cases, and others each time: it prints the seed. */
const factor = Number(process.env["LAWS_FACTOR"] ?? 1)
const offset = Number(process.env["LAWS_SEED"] ?? 0)
const howMany = (runs: number, seed: number) => ({ runs: runs * factor, size: 25, seed: seed + offset })

describe("a run", () => {
  it.effect.prop(
    "gives, stores, reads and records what the model says",
    [cases],
    ([of]) => Effect.provide(agreesWithModel(of), inMemory),
    { arbitrary: howMany(400, 20120101) }
  )

  // time passes in this one, so that the log is also written while programs run
  it.live.prop(
    "does so in real time, on files",
    [cases],
    ([of]) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        yield* Effect.provide(agreesWithModel(of), [IOManager.layerFileSystem({ directory }), EventLog.layerMemory])
        assert.deepStrictEqual(yield* leftovers(directory), [])
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    { arbitrary: howMany(60, 2) }
  )

  it.effect.prop("of everything, run again, stores the same", [soundCases], ([of]) =>
    Effect.gen(function*() {
      const graph = toGraph(of, makeJournal().probe)
      yield* arrange(graph, of.before)
      const all = { ...of, selection: new Set(Graph.keys(graph)) }
      const first = yield* run(graph, all)
      const stored = sorted(yield* storedAfter(graph))
      const second = yield* run(graph, all)
      assert.deepStrictEqual([first.status, second.status], ["Succeeded", "Succeeded"])
      assert.deepStrictEqual(sorted(yield* storedAfter(graph)), stored)
    }).pipe(Effect.provide(inMemory)), { arbitrary: howMany(150, 3) })
})

const leftovers = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  return (yield* fs.readDirectory(directory, { recursive: true })).filter((name) => /\.tmp/.test(name))
})

// ---------------------------------------------------------------------------------------------------------------------
// interruption
// ---------------------------------------------------------------------------------------------------------------------

/** Counts what happens, and lets a run be interrupted when so much has happened. */
const makeTrigger = (count: number) => {
  const reached = Deferred.makeUnsafe<void>()
  let left = count
  return {
    reached,
    tick: Effect.suspend(() => --left === 0 ? Effect.asVoid(Deferred.succeed(reached, undefined)) : Effect.void)
  }
}

/** A storage that takes its time, and ticks. */
const slowly = (tick: Effect.Effect<void>, pauses: Effect.Effect<void>) =>
  Layer.effect(
    IOManager.IOManager,
    IOManager.IOManager.useSync((io): IOManager.Service => ({
      ...io,
      save: (value, slot) => Effect.andThen(Effect.andThen(tick, pauses), Effect.tap(io.save(value, slot), () => tick)),
      load: (slot) => Effect.andThen(Effect.andThen(tick, pauses), io.load(slot))
    }))
  )

const interrupted = Effect.fnUntraced(function*(of: Case, { reached, tick }: ReturnType<typeof makeTrigger>) {
  const journal = makeJournal()
  const resources = new Set<string>()
  const graph = toGraph(of, {
    started: journal.probe.started,
    around: (effect, key) =>
      journal.probe.around(
        Effect.scoped(
          Effect.andThen(
            Effect.acquireRelease(
              Effect.andThen(pause, Effect.sync(() => resources.add(key))),
              // releasing takes time, too
              () => Effect.andThen(pause, Effect.sync(() => resources.delete(key)))
            ),
            Effect.andThen(tick, Effect.tap(effect, () => tick))
          )
        ),
        key
      )
  })
  const model = Model.evaluate(of.programs, of.selection, of.before)
  const fiber = yield* Effect.forkChild(run(graph, of))
  yield* Effect.raceFirst(Deferred.await(reached), Fiber.await(fiber))
  const before = yield* eventsOf({})
  yield* Fiber.interrupt(fiber)
  const exit = yield* Fiber.await(fiber)
  const { length } = journal.entries

  assert.deepStrictEqual([...resources], [])
  assert.strictEqual(journal.counts.running, 0)
  const after = yield* eventsOf({})
  assert.deepStrictEqual(after.slice(0, before.length), before)
  yield* Effect.repeat(pause, { times: 3 })
  assert.strictEqual(journal.entries.length, length)
  assert.deepStrictEqual(yield* eventsOf({}), after)

  // one start, one end, one event for each asset
  const events = after.filter((event) => !("runId" in event && event.runId === "before"))
  if (events.length === 0) return { graph, model, stored: new Set<string>() }
  const last = events.at(-1)!
  assert.strictEqual(events.filter(({ _tag }) => _tag === "RunStarted").length, 1)
  assert.strictEqual(events.filter(({ _tag }) => _tag === "RunFinished").length, 1)
  assert.isTrue(last._tag === "RunFinished" && (last.status === "Cancelled" || Exit.isSuccess(exit)))
  if (last._tag === "RunFinished" && last.status === "Cancelled") assert.isTrue(Exit.hasInterrupts(exit))
  const planned = sorted(model.outcomes).filter(([, { _tag }]) => _tag !== "NotSelected").map(([key]) => key)
  assert.deepStrictEqual(events.slice(1, -1).map((event) => "key" in event ? event.key : event._tag).sort(), planned)

  // what is recorded is true, cancelled or not
  const stored = new Set<string>()
  for (const event of events) {
    if (!("key" in event) || event._tag === "AssetCancelled") continue
    assert.strictEqual(event._tag, `Asset${model.outcomes.get(event.key)!._tag}`)
    if (event._tag === "AssetMaterialized" && event.stored) stored.add(event.key)
  }
  return { graph, model, stored }
})

/** What is stored is what the model stores, or what was there before; what is recorded as stored is stored. */
const storedAfterCancel = Effect.fnUntraced(function*(
  of: Case,
  { graph, model, stored }: Effect.Success<ReturnType<typeof interrupted>>
) {
  const values = yield* storedAfter(graph)
  for (const [key, value] of values) {
    if (value !== of.before.get(key) || stored.has(key)) assert.strictEqual(value, model.stored.get(key))
  }
  for (const key of stored) assert.isTrue(values.has(key), `${key} is recorded as stored`)
})

const moment = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))

describe("a run that is interrupted", () => {
  it.effect.prop("releases everything, keeps what it recorded, and records its end", [cases, moment], ([of, after]) => {
    const trigger = makeTrigger(after)
    return Effect.gen(function*() {
      yield* arrange(toGraph(of, makeJournal().probe), of.before)
      const ended = yield* Effect.provide(interrupted(of, trigger), slowly(trigger.tick, pause))
      yield* storedAfterCancel(of, ended)
    }).pipe(Effect.provide(inMemory))
  }, { arbitrary: howMany(300, 4) })

  it.live.prop("leaves whole files", [cases, moment], ([of, after]) => {
    const trigger = makeTrigger(after)
    return Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* Effect.gen(function*() {
        yield* arrange(toGraph(of, makeJournal().probe), of.before)
        const ended = yield* Effect.provide(interrupted(of, trigger), slowly(trigger.tick, Effect.void))
        assert.deepStrictEqual(yield* leftovers(directory), [])
        // loads, and so decodes, whatever is there
        yield* storedAfterCancel(of, ended)
      }).pipe(Effect.provide([IOManager.layerFileSystem({ directory }), EventLog.layerMemory]))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  }, { arbitrary: howMany(80, 5) })
})

describe("the generator of cases", () => {
  it.effect("makes runs of every kind", () =>
    Effect.gen(function*() {
      const seen = new Map<string, number>()
      for (const of of yield* Arbitrary.sampleEffect(cases, { count: 200, size: 25, seed: 1 })) {
        const model = Model.evaluate(of.programs, of.selection, of.before)
        for (const outcome of model.outcomes.values()) {
          const kind = outcome._tag === "Skipped"
            ? outcome.reason
            : outcome._tag === "Failed"
            ? outcome.why
            : outcome._tag
          seen.set(kind, (seen.get(kind) ?? 0) + 1)
        }
      }
      const kinds = [
        "Materialized",
        "NoOutput",
        "UpstreamSkipped",
        "NoLastValue",
        "program",
        "value",
        "NotStored",
        "UpstreamFailed",
        "NotSelected"
      ]
      for (const kind of kinds) assert.isAtLeast(seen.get(kind) ?? 0, 10, kind)
    }))
})
