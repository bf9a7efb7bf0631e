/**
 * Backfills against an evaluation of one partition after the other, on random graphs of partitioned assets.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Option, Schema, Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, PartitionMapping, Partitions, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { eventsOf } from "../fixtures/inMemory.ts"
import { pause } from "./graphs.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

// ---------------------------------------------------------------------------------------------------------------------
// sets of partitions, and what leads from one to another
// ---------------------------------------------------------------------------------------------------------------------

const dates = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05"]
const days = Partitions.daily({ start: "2020-01-01", end: "2020-01-06" })
const sets = {
  none: { partitions: undefined, keys: [""] },
  days: { partitions: days, keys: dates },
  halves: {
    partitions: Partitions.cron("0 0,12 * * *", { start: "2020-01-01", end: "2020-01-06" }),
    keys: dates.flatMap((date) => [`${date}-00:00`, `${date}-12:00`])
  },
  letters: { partitions: Partitions.fixed(["a", "b", "c"]), keys: ["a", "b", "c"] },
  grid: {
    partitions: Partitions.product({ day: days, side: Partitions.fixed(["l", "r"]) }),
    keys: dates.flatMap((date) => [`${date}|l`, `${date}|r`])
  }
} as const

type SetName = keyof typeof sets
const setNames = ["days", "none", "halves", "letters", "days", "grid"] as const satisfies ReadonlyArray<SetName>

/** An input: how it is written, and, in plain numbers, to which upstream partitions it leads from one downstream. */
interface Way {
  readonly many: boolean
  readonly input: (asset: Asset.Any) => Asset.AnyInput
  readonly up: (at: number) => ReadonlyArray<number>
}

const lag = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1, allowNonexistent: true })
const reach = PartitionMapping.timeWindow({ startOffset: -2, allowNonexistent: true })

const ways = (down: SetName, up: SetName): ReadonlyArray<Way> => {
  const { keys } = sets[up]
  const every = keys.map((_, at) => at)
  const plain = (up: Way["up"]): Way => ({ many: false, input: (asset) => asset, up })
  const one = (mapping: PartitionMapping.PartitionMapping, up: Way["up"]): Way => ({
    many: false,
    input: (asset) => Asset.partition(asset, mapping),
    up: (at) => up(at).filter((index) => index >= 0)
  })
  const many = (mapping: PartitionMapping.PartitionMapping | undefined, up: Way["up"]): Way => ({
    many: true,
    input: (asset) => Asset.partitions(asset, { mapping }),
    up: (at) => up(at).filter((index) => index >= 0)
  })
  if (up === "none") return [plain(() => [0])]
  const all = many(PartitionMapping.all, () => every)
  const last = one(PartitionMapping.last, () => every.slice(-1))
  const first = one(PartitionMapping.specific(keys.slice(0, 1)), () => [0])
  if (down === up) {
    const same = [plain((at) => [at]), plain((at) => [at]), all, last]
    return down === "days" || down === "halves"
      ? [...same, one(lag, (at) => [at - 1]), many(reach, (at) => [at - 2, at - 1, at])]
      : same
  }
  if (down === "days" && (up === "halves" || up === "grid")) {
    return [many(undefined, (at) => [2 * at, 2 * at + 1]), last]
  }
  if (up === "days" && (down === "halves" || down === "grid")) return [plain((at) => [Math.floor(at / 2)]), first]
  return [all, last, first]
}

// ---------------------------------------------------------------------------------------------------------------------
// random backfills
// ---------------------------------------------------------------------------------------------------------------------

interface Program {
  readonly key: string
  readonly set: SetName
  readonly inputs: ReadonlyArray<
    { readonly name: string; readonly from: number; readonly way: Way; readonly optional: boolean }
  >
  /** Whether it reads its partition before. */
  readonly previous: boolean
  /** What becomes of each partition when its program runs. */
  readonly gives: (at: number) => "value" | "none" | "failure"
  /** The partitions to compute. */
  readonly targets: ReadonlySet<number>
  readonly perRun: number | "all"
  readonly pauses: number
}

interface Case {
  readonly programs: ReadonlyArray<Program>
  readonly maxRuns: number
}

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Draft = Schema.Struct({
  set: between(0, setNames.length - 1),
  inputs: Schema.Array(Schema.Struct({ back: between(0, 4), way: between(0, 5), optional: Schema.Boolean })).check(
    Schema.isMaxLength(3)
  ),
  previous: Schema.Boolean,
  fates: Schema.Array(between(0, 15)).check(Schema.isMinLength(1), Schema.isMaxLength(10)),
  targeted: Schema.Array(between(0, 5)).check(Schema.isMinLength(1), Schema.isMaxLength(10)),
  perRun: between(0, 5),
  pauses: between(0, 3)
})

const Drafts = Schema.Struct({
  programs: Schema.Array(Draft).check(Schema.isMinLength(1), Schema.isMaxLength(7)),
  everything: Schema.Boolean,
  maxRuns: between(1, 5)
})

const toCase = ({ everything, maxRuns, programs }: typeof Drafts.Type): Case => ({
  maxRuns,
  programs: programs.map((draft, at) => {
    const set = setNames[draft.set]!
    const { keys } = sets[set]
    const fateOf = (index: number) => draft.fates[index % draft.fates.length]!
    return {
      key: `n${at}`,
      set,
      inputs: draft.inputs.flatMap(({ back, optional, way }, index) => {
        const from = at - 1 - back
        if (from < 0) return []
        const possible = ways(set, setNames[programs[from]!.set]!)
        return [{ name: `in${index}`, from, way: possible[way % possible.length]!, optional }]
      }),
      previous: draft.previous && (set === "days" || set === "halves"),
      gives: (index) => fateOf(index) === 0 ? "failure" : fateOf(index) <= 2 ? "none" : "value",
      targets: new Set(
        keys.flatMap((_, index) =>
          set === "none" || everything || draft.targeted[index % draft.targeted.length]! > 0 ? [index] : []
        )
      ),
      // one asset can be computed in several runs and the next one in one
      perRun: draft.perRun === 0 ? "all" : draft.perRun === 5 ? 1 : draft.perRun,
      pauses: draft.pauses
    } satisfies Program
  })
})

const cases: Arbitrary.Arbitrary<Case> = Arbitrary.map(Arbitrary.schema(Drafts), toCase)

// ---------------------------------------------------------------------------------------------------------------------
// one partition after the other
// ---------------------------------------------------------------------------------------------------------------------

type Outcome =
  | { readonly _tag: "Stored"; readonly value: number }
  | { readonly _tag: "Skipped" | "Failed" | "NotComputed" | "NotTargeted" }

interface Model {
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** The partitions that a partition reads or comes after, and that are computed, too. */
  readonly needs: ReadonlyMap<string, ReadonlySet<string>>
  /**
   * Partitions of which an input was skipped and another one failed, and all that is computed from them. Which comes first
   * depends on what is in one run.
   */
  readonly doubtful: ReadonlySet<string>
}

const nodeOf = (key: string, partition: string) => `${key}:${partition}`

const evaluate = ({ programs }: Case): Model => {
  const outcomes = new Map<string, Outcome>()
  const needs = new Map<string, Set<string>>()
  const doubtful = new Set<string>()
  const outcomeOf = (program: Program, at: number): Outcome => {
    const node = nodeOf(program.key, sets[program.set].keys[at]!)
    let outcome = outcomes.get(node)
    if (outcome === undefined) {
      outcome = program.targets.has(at) ? compute(program, at, node) : { _tag: "NotTargeted" }
      outcomes.set(node, outcome)
    }
    return outcome
  }
  const compute = (program: Program, at: number, node: string): Outcome => {
    const before = program.previous
      ? [{ name: "before", of: program, up: at > 0 ? [at - 1] : [], many: false, optional: true }]
      : []
    const inputs = program.inputs.map(({ from, name, optional, way }) => ({
      name,
      of: programs[from]!,
      up: way.up(at),
      many: way.many,
      optional
    })).concat(before)
    const reads: Array<readonly [string, unknown]> = []
    const found = { skipped: false, failed: false, nowhere: false, notStored: false }
    const needed = new Set<string>()
    for (const { many, name, of, optional, up } of inputs) {
      const values: Array<readonly [string, number]> = []
      if (up.length === 0 && !many && !optional) found.nowhere = true
      for (const index of up) {
        const outcome = outcomeOf(of, index)
        const key = sets[of.set].keys[index]!
        if (outcome._tag !== "NotTargeted") needed.add(nodeOf(of.key, key))
        if (doubtful.has(nodeOf(of.key, key))) doubtful.add(node)
        if (outcome._tag === "Stored") values.push([key, outcome.value])
        if (outcome._tag === "Failed" || outcome._tag === "NotComputed") found.failed = true
        if (!many && !optional && outcome._tag === "Skipped") found.skipped = true
        if (!many && !optional && outcome._tag === "NotTargeted") found.notStored = true
      }
      reads.push([name, many ? values : values[0]?.[1] ?? "none"])
    }
    needs.set(node, needed)
    if (found.skipped && (found.failed || found.notStored)) doubtful.add(node)
    if (found.skipped) return { _tag: "Skipped" }
    if (found.failed) return { _tag: "NotComputed" }
    if (found.nowhere) return { _tag: "Skipped" }
    if (found.notStored) return { _tag: "Failed" }
    const gives = program.gives(at)
    return gives === "failure"
      ? { _tag: "Failed" }
      : gives === "none"
      ? { _tag: "Skipped" }
      : { _tag: "Stored", value: valueOf(node, reads) }
  }
  for (const program of programs) sets[program.set].keys.forEach((_, at) => outcomeOf(program, at))
  return { outcomes, needs, doubtful }
}

/** Different for different nodes and different inputs. */
const valueOf = (node: string, reads: Iterable<readonly [string, unknown]>): number => {
  let hash = 0
  const text = JSON.stringify([node, [...reads].sort(([a], [b]) => a < b ? -1 : 1)])
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0
  return hash
}

// ---------------------------------------------------------------------------------------------------------------------
// the library
// ---------------------------------------------------------------------------------------------------------------------

interface Journal {
  /** What began and ended, in order. */
  readonly entries: Array<readonly ["start" | "end", string]>
  readonly tick: Effect.Effect<void>
}

const readOf = (value: unknown): unknown =>
  value instanceof Map ? [...value] : Option.isOption(value) ? readOf(Option.getOrElse(value, () => "none")) : value

const toGraph = ({ programs }: Case, { entries, tick }: Journal): Graph.Graph<Graph.Assets> => {
  const assets: Array<Asset.Any> = []
  for (const program of programs) {
    const inputs = Object.fromEntries([
      ...program.inputs.map(({ from, name, optional, way }) => {
        const input = way.input(assets[from]!)
        return [name, optional ? Asset.optional(input) : input] as const
      }),
      ...(program.previous ? [["before", Asset.previous(Schema.Number)] as const] : [])
    ])
    assets.push(Asset.make(program.key, {
      partitions: sets[program.set].partitions as Partitions.Single | undefined,
      schema: Schema.Number,
      inputs,
      compute: (
        inputs: Readonly<Record<string, unknown>>,
        { partitionKey = "" }: Pick<Asset.ComputeContext, "partitionKey">
      ) => {
        const node = nodeOf(program.key, partitionKey)
        const at = (sets[program.set].keys as ReadonlyArray<string>).indexOf(partitionKey)
        const reads = Object.entries(inputs).map(([name, value]) => [name, readOf(value)] as const)
        const gives = program.gives(at)
        return Effect.acquireUseRelease(
          Effect.sync(() => entries.push(["start", node])),
          () =>
            Effect.andThen(
              Effect.andThen(tick, Effect.repeat(pause, { times: program.pauses })),
              gives === "failure"
                ? Effect.fail("it fails")
                : Effect.succeed(gives === "none" ? Option.none() : Option.some(valueOf(node, reads)))
            ),
          () => Effect.sync(() => entries.push(["end", node]))
        )
      }
    }))
  }
  // the keys of a product are those of its dimensions
  return Graph.fromAssets(assets) as Graph.Graph<Graph.Assets>
}

/** The assets are of any type, so what they need is unknown to the compiler: it is the storage. */
const backfill = (graph: Graph.Graph<Graph.Assets>, options: object) =>
  Runtime.backfill(graph, options) as Effect.Effect<
    ReadonlyArray<Runtime.Run<Graph.Assets>>,
    Runtime.RunError | Runtime.BackfillError,
    IOManager.IOManager | EventLog.EventLog
  >

const sizesOf = ({ maxRuns, programs }: Case) => ({
  maxRuns,
  partitionsPerRun: Object.fromEntries(programs.map(({ key, perRun }) => [key, perRun]))
})

const optionsOf = (of: Case) => ({
  ...sizesOf(of),
  targets: Object.fromEntries(
    of.programs.filter(({ set }) => set !== "none").map(({ key, set, targets }) =>
      [key, sets[set].keys.filter((_, at) => targets.has(at))] as const
    )
  )
})

const storedIn = Effect.fnUntraced(function*(of: Case) {
  const io = yield* IOManager.IOManager
  const found = new Map<string, number>()
  for (const { key, set } of of.programs) {
    for (const partition of sets[set].keys) {
      const slot = {
        key,
        partition: set === "none" ? undefined : partition,
        schema: Schema.Number,
        metadata: {},
        runId: undefined
      }
      if (yield* io.exists(slot)) found.set(nodeOf(key, partition), (yield* io.load(slot)) as number)
    }
  }
  return found
})

/** What is stored is what the model stores, and nothing ran before what it needs had ended. */
const agrees = Effect.fnUntraced(
  function*(of: Case, { doubtful, needs, outcomes }: Model, entries: Journal["entries"]) {
    const stored = yield* storedIn(of)
    for (const [node, outcome] of outcomes) {
      if (doubtful.has(node)) continue
      assert.strictEqual(stored.get(node), outcome._tag === "Stored" ? outcome.value : undefined, node)
    }
    const running = new Set<string>()
    const started = new Set<string>()
    for (const [kind, node] of entries) {
      if (kind === "end") running.delete(node)
      else {
        running.add(node)
        for (const needed of needs.get(node) ?? assert.fail(`${node} was not to be computed`)) {
          const { _tag } = outcomes.get(needed)!
          if (doubtful.has(needed) || _tag !== "Stored") continue
          assert.isTrue(started.has(needed) && !running.has(needed), `${node} begins before ${needed} has ended`)
        }
        started.add(node)
      }
    }
    return stored
  }
)

const countOf = (entries: Journal["entries"]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const [kind, node] of entries) if (kind === "start") counts.set(node, (counts.get(node) ?? 0) + 1)
  return counts
}

/** The partitions of a kind of event, also where several are one row. */
const recorded = Effect.fnUntraced(function*(of: Case, tag: "AssetMaterialized" | "AssetSkipped") {
  const log = yield* EventLog.EventLog
  const found: Array<string> = []
  for (const { key, set } of of.programs) {
    for (const partition of sets[set].keys) {
      const filter = { tags: [tag], keys: [key], ...(set === "none" ? undefined : { partition }) }
      const events = yield* Stream.runCollect(log.events(filter))
      for (const _ of events) found.push(nodeOf(key, partition))
    }
  }
  return found
})

/** `npm run test:long` runs the same laws on many times as many cases, and others each time: it prints the seed. */
const factor = Number(process.env["LAWS_FACTOR"] ?? 1)
const offset = Number(process.env["LAWS_SEED"] ?? 0)
const howMany = (runs: number, seed: number) => ({ runs: runs * factor, size: 25, seed: seed + offset })

describe("a backfill", () => {
  it.live.prop(
    "stores what is computed one partition after the other, each once, and after what it needs",
    [cases],
    ([of]) =>
      Effect.gen(function*() {
        const journal: Journal = { entries: [], tick: Effect.void }
        const model = evaluate(of)
        const counts = { running: 0, most: 0 }
        const runs = yield* backfill(toGraph(of, journal), {
          ...optionsOf(of),
          onProgress: ({ _tag }: Runtime.BackfillProgress) =>
            Effect.sync(() => {
              if (_tag === "BackfillRunStarted") counts.most = Math.max(counts.most, ++counts.running)
              if (_tag === "BackfillRunFinished") counts.running--
            })
        })
        const stored = yield* agrees(of, model, journal.entries)
        for (const [node, count] of countOf(journal.entries)) assert.strictEqual(count, 1, node)
        assert.isAtMost(counts.most, of.maxRuns)
        // each is recorded once
        assert.deepStrictEqual((yield* recorded(of, "AssetMaterialized")).sort(), [...stored.keys()].sort())
        const failed = [...model.outcomes.values()].some(({ _tag }) => _tag === "Failed")
        if (model.doubtful.size === 0) {
          assert.strictEqual(runs.some(({ status }) => status === "Failed"), failed)
        }
      }).pipe(Effect.provide(inMemory)),
    { arbitrary: howMany(250, 20200101) }
  )

  it.live.prop(
    "that is interrupted and resumed ends the same, and computes nothing again that was recorded",
    [cases, between(1, 40)],
    ([of, moment]) =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        let left = moment
        const tick = Effect.suspend(() =>
          --left === 0 ? Effect.asVoid(Deferred.succeed(reached, undefined)) : Effect.void
        )
        const journal: Journal = { entries: [], tick }
        const model = evaluate(of)
        const graph = toGraph(of, journal)
        const fiber = yield* Effect.forkChild(backfill(graph, optionsOf(of)))
        yield* Effect.raceFirst(Deferred.await(reached), Fiber.await(fiber))
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        const done = new Set([
          ...(yield* recorded(of, "AssetMaterialized")),
          ...(yield* recorded(of, "AssetSkipped"))
        ])
        const starts = yield* eventsOf({ tags: ["BackfillStarted"] })
        const ends = yield* eventsOf({ tags: ["BackfillFinished"] })
        const running = yield* EventLog.EventLog.use((log) => log.runs({ statuses: ["Running"] }))
        assert.deepStrictEqual([running.length, ends.length], [0, starts.length])
        const [started] = starts
        const [ended] = ends
        const hasSucceeded = ended?._tag === "BackfillFinished" && ended.status === "Succeeded"
        if (Exit.isSuccess(exit) || hasSucceeded) {
          yield* agrees(of, model, journal.entries)
          return
        }
        if (started?._tag !== "BackfillStarted") return
        const before = journal.entries.length
        yield* backfill(graph, { ...sizesOf(of), resume: started.backfillId })
        const after = journal.entries.slice(before)
        yield* agrees(of, model, journal.entries)
        for (const [node, count] of countOf(after)) {
          assert.isFalse(done.has(node), `${node} is computed again`)
          assert.strictEqual(count, 1, node)
        }
      }).pipe(Effect.provide(inMemory)),
    { arbitrary: howMany(250, 2) }
  )
})

describe("the generator of backfills", () => {
  it.effect("makes outcomes of every kind, few of them doubtful", () =>
    Effect.gen(function*() {
      const seen = new Map<string, number>()
      let doubtful = 0
      for (const of of yield* Arbitrary.sampleEffect(cases, { count: 200, size: 25, seed: 1 })) {
        const model = evaluate(of)
        doubtful += model.doubtful.size
        for (const { _tag } of model.outcomes.values()) seen.set(_tag, (seen.get(_tag) ?? 0) + 1)
      }
      for (const kind of ["Stored", "Skipped", "Failed", "NotComputed", "NotTargeted"]) {
        assert.isAtLeast(seen.get(kind) ?? 0, 50, kind)
      }
      assert.isBelow(doubtful, (seen.get("Stored") ?? 0) / 4)
    }))
})
