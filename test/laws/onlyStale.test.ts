/**
 * The laws of runs of what is stale: random graphs whose code, edges and data are changed from run to run, against a model
 * that says exactly what has to be computed, and against runs that compute everything.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { Asset, Catalog, EventLog, Graph, IOManager, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"

// ---------------------------------------------------------------------------------------------------------------------
// cases
// ---------------------------------------------------------------------------------------------------------------------

const modes = ["value", "value", "optional", "lastValue", "value", "optionalLastValue"] as const
type Mode = (typeof modes)[number]

/** A program as it is in one run: one asset, or a multi-asset if it has two outputs. */
interface Program {
  readonly name: string
  readonly external: boolean
  readonly canSubset: boolean
  /** The code version of each output. */
  readonly outputs: ReadonlyMap<string, number>
  readonly inputs: ReadonlyArray<{ readonly name: string; readonly from: string; readonly mode: Mode }>
  readonly deps: ReadonlyArray<{ readonly from: string; readonly optional: boolean }>
  /** Whether it fails, or gives `None`, for some of what it may read. */
  readonly troubled: boolean
}

/** The graph as it is in one run, what is selected, and the external data that were observed anew before it. */
interface Step {
  readonly programs: ReadonlyArray<Program>
  readonly selection: ReadonlySet<string>
  readonly observed: ReadonlyMap<string, number>
}

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const mask = between(0, 65_535)

const Drafts = Schema.Struct({
  programs: Schema.Array(Schema.Struct({
    kind: between(0, 5),
    canSubset: Schema.Boolean,
    troubled: between(0, 2),
    inputs: Schema.Array(Schema.Struct({ back: between(0, 4), mode: between(0, modes.length - 1) })).check(
      Schema.isMaxLength(3)
    ),
    dep: Schema.Array(Schema.Struct({ back: between(0, 4), optional: Schema.Boolean })).check(Schema.isMaxLength(1))
  })).check(Schema.isMinLength(1), Schema.isMaxLength(8)),
  steps: Schema.Array(Schema.Struct({
    code: mask,
    edges: mask,
    gone: mask,
    data: mask,
    selected: mask,
    kind: between(0, 5)
  })).check(Schema.isMinLength(1), Schema.isMaxLength(6)),
  concurrency: between(0, 4)
})

const bit = (mask: number, at: number): boolean => (mask >> (at % 16) & 1) === 1

/** Each step changes the code, the edges, the assets or the data of the one before: one thing, or nothing, or all. */
const toSteps = (drafts: typeof Drafts.Type): ReadonlyArray<Step> => {
  const codes = new Map<string, number>()
  const data = new Map<string, number>()
  let edges = 65_535
  return drafts.steps.map(({ kind, ...changes }, number): Step => {
    const [newCode, newEdges, newData, isGone] = [1, 2, 3, 4].map((of) => kind === of || kind === 5)
    if (newEdges) edges ^= changes.edges & changes.code
    const programs: Array<Program> = []
    const observed = new Map<string, number>()
    let edge = 0
    const keys: Array<string> = []
    const gone = new Set<string>()
    drafts.programs.forEach((draft, at) => {
      const external = draft.kind === 0
      const names = draft.kind < 4 ? [`n${at}`] : [`n${at}/a`, `n${at}/b`]
      const from = (back: number) => keys[keys.length - 1 - back]
      const possible = draft.inputs.flatMap(({ back, mode }, index) => {
        const key = from(back)
        return key === undefined || external ? [] : [{ name: `in${index}`, from: key, mode: modes[mode]! }]
      })
      const inputs = possible.filter(({ from }) => bit(edges, edge++) && !gone.has(from))
      // what is loaded in one run is not just waited for in another: that would be other code
      const deps = draft.dep.flatMap(({ back, optional }) => {
        const key = from(back)
        return key === undefined || external || gone.has(key) || possible.some(({ from }) => from === key)
          ? []
          : [{ from: key, optional }]
      })
      keys.push(...names)
      const outputs = new Map(names.map((key, output) => {
        if (!codes.has(key)) codes.set(key, 1)
        if (newCode && bit(changes.code, at * 2 + output)) codes.set(key, 3 - codes.get(key)!)
        return [key, codes.get(key)!] as const
      }))
      if (isGone && bit(changes.gone, at) && bit(changes.edges, at)) {
        for (const name of names) gone.add(name)
        return
      }
      if (external && (number === 0 ? bit(changes.data, at) : newData && bit(changes.data, at))) {
        const value = ((data.get(names[0]!) ?? 0) + 1) % 2
        data.set(names[0]!, value)
        observed.set(names[0]!, value)
      }
      programs.push({
        name: names.length === 1 ? names[0]! : `multi ${at}`,
        external,
        canSubset: draft.canSubset,
        outputs,
        inputs,
        deps,
        troubled: draft.troubled === 0
      })
    })
    const all = programs.flatMap(({ external, outputs }) => external ? [] : [...outputs.keys()])
    return {
      programs,
      observed,
      selection: new Set(changes.selected > 20_000 ? all : all.filter((_, at) => bit(changes.selected, at)))
    }
  })
}

interface Case {
  readonly steps: ReadonlyArray<Step>
  readonly concurrency: number | "unbounded"
}

const cases: Arbitrary.Arbitrary<Case> = Arbitrary.map(Arbitrary.schema(Drafts), (drafts) => ({
  steps: toSteps(drafts),
  concurrency: drafts.concurrency === 0 ? "unbounded" : drafts.concurrency
}))

// ---------------------------------------------------------------------------------------------------------------------
// what programs do
// ---------------------------------------------------------------------------------------------------------------------

const hash = (value: unknown): number => {
  let found = 7
  for (const char of JSON.stringify(value)) found = Math.imul(found, 31) + char.charCodeAt(0) | 0
  return found >>> 1
}

const sorted = <V>(map: Iterable<readonly [string, V]>) => [...map].sort(([a], [b]) => a < b ? -1 : 1)

/** The values that were read, by the keys of upstream assets: by which names does not matter. */
type Reads = Readonly<Record<string, unknown>>

const readsOf = ({ inputs }: Program, valueOf: (name: string) => unknown): Reads => {
  const reads: Record<string, unknown> = {}
  for (const { from, name } of inputs) {
    const value = valueOf(name)
    if (value !== undefined) reads[from] = value
  }
  return reads
}

const fails = ({ name, troubled }: Program, reads: Reads): boolean =>
  troubled && hash([name, sorted(Object.entries(reads))]) % 5 === 0

/** Few different values, so that other code and other data may give the same. */
const valueOf = ({ outputs, troubled }: Program, key: string, reads: Reads): number | undefined => {
  const found = hash([key, outputs.get(key), sorted(Object.entries(reads))])
  return troubled && found % 4 === 0 ? undefined : found % 3
}

// ---------------------------------------------------------------------------------------------------------------------
// the model
// ---------------------------------------------------------------------------------------------------------------------

interface Recorded {
  readonly version: string
  readonly code: number | undefined
  readonly inputs: Readonly<Record<string, string>>
}

interface World {
  readonly records: Map<string, Recorded>
  readonly stored: Map<string, number>
  /** What was skipped when it was last to be computed. */
  readonly skipped: Set<string>
}

type Tag = "Materialized" | "UpToDate" | "Skipped" | "Failed" | "UpstreamFailed"

/** A run of what is stale, one program after the other: what becomes of each asset, and which outputs programs compute. */
const evaluate = ({ observed, programs, selection }: Step, world: World) => {
  const outcomes = new Map<string, Tag>()
  const ran: Array<string> = []
  for (const [key, value] of observed) {
    world.stored.set(key, value)
    world.records.set(key, { version: String(value), code: undefined, inputs: {} })
  }
  for (const program of programs) {
    if (program.external) continue
    const keys = [...program.outputs.keys()]
    const isWhole = !program.canSubset && keys.some((key) => selection.has(key))
    const planned = keys.filter((key) => isWhole || selection.has(key))
    if (planned.length === 0) continue
    const { deps, inputs } = program
    const settle = (keys: ReadonlyArray<string>, tag: Tag): void => {
      for (const key of keys) {
        outcomes.set(key, tag)
        if (tag === "Skipped") world.skipped.add(key)
        // only a newer materialization tells that it is not skipped any more
        else if (tag === "Failed" || tag === "UpstreamFailed") world.skipped.delete(key)
      }
    }
    const of = (from: string) => outcomes.get(from)
    const required = [...inputs.filter(({ mode }) => mode === "value"), ...deps.filter(({ optional }) => !optional)]
    if (required.some(({ from }) => of(from) === "Skipped")) {
      settle(planned, "Skipped")
      continue
    }
    if ([...inputs, ...deps].some(({ from }) => of(from) === "Failed" || of(from) === "UpstreamFailed")) {
      settle(planned, "UpstreamFailed")
      continue
    }
    // what it would read now
    const now: Record<string, string> = {}
    const note = (from: string) => {
      const record = world.records.get(from)
      if (record !== undefined) now[from] = record.version
    }
    for (const { from, mode } of inputs) if (of(from) !== "Skipped" || mode !== "optional") note(from)
    for (const { from } of deps) if (of(from) !== "Skipped") note(from)
    const hasNothing = inputs.some(({ from, mode }) =>
      mode === "lastValue" && of(from) === "Skipped" && !world.records.has(from)
    )
    const isFresh = (key: string): boolean => {
      const record = world.records.get(key)
      return record !== undefined && !hasNothing && record.code === program.outputs.get(key) &&
        JSON.stringify(sorted(Object.entries(record.inputs))) === JSON.stringify(sorted(Object.entries(now)))
    }
    const fresh = planned.filter(isFresh)
    const left = fresh.length < planned.length && !program.canSubset ? [] : fresh
    for (const key of left) outcomes.set(key, "UpToDate")
    const stale = planned.filter((key) => !left.includes(key))
    if (stale.length === 0) continue
    // it is computed
    const missing = inputs.filter(({ from, mode }) =>
      !world.stored.has(from) && (mode === "value" || mode === "lastValue")
    )
    if (missing.length > 0) {
      const known = missing.every(({ from }) => world.skipped.has(from))
      settle(stale, known ? "Skipped" : "Failed")
      continue
    }
    ran.push(stale.join())
    const reads = readsOf(program, (name) => {
      const { from, mode } = inputs.find((input) => input.name === name)!
      return of(from) === "Skipped" && mode === "optional" ? undefined : world.stored.get(from)
    })
    if (fails(program, reads)) {
      settle(stale, "Failed")
      continue
    }
    for (const key of stale) {
      const value = valueOf(program, key, reads)
      if (value === undefined) {
        settle([key], "Skipped")
        continue
      }
      outcomes.set(key, "Materialized")
      world.skipped.delete(key)
      world.stored.set(key, value)
      world.records.set(key, { version: String(value), code: program.outputs.get(key), inputs: now })
    }
  }
  return { outcomes, ran }
}

// ---------------------------------------------------------------------------------------------------------------------
// the same with the library
// ---------------------------------------------------------------------------------------------------------------------

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}

const wrapped = (asset: Asset.Any, mode: Mode): Asset.AnyInput => {
  switch (mode) {
    case "value":
      return asset
    case "optional":
      return Asset.optional(asset)
    case "lastValue":
      return Asset.lastValue(asset)
    case "optionalLastValue":
      return Asset.optional(Asset.lastValue(asset))
  }
}

const toGraph = ({ programs }: Step, journal: Array<string>) => {
  const assets = new Map<string, Asset.Any>()
  for (const program of programs) {
    const keys = [...program.outputs.keys()]
    const [key] = keys
    if (program.external) {
      assets.set(key!, Asset.external(key!))
      continue
    }
    const inputs = Object.fromEntries(
      program.inputs.map(({ from, mode, name }) => [name, wrapped(assets.get(from)!, mode)])
    )
    const deps = program.deps.map(({ from, optional }) => wrapped(assets.get(from)!, optional ? "optional" : "value"))
    const compute = <A>(inputs: Reads, wanted: ReadonlyArray<string>, result: (reads: Reads) => A) =>
      Effect.suspend(() => {
        journal.push(wanted.join())
        const reads = readsOf(program, (name) => {
          const value = inputs[name]
          return Option.isOption(value) ? Option.getOrUndefined(value) : value
        })
        return Effect.andThen(
          Effect.yieldNow,
          fails(program, reads) ? Effect.fail(new Broken()) : Effect.succeed(result(reads))
        )
      })
    const outputOf = (key: string, reads: Reads) =>
      Option.map(
        Option.fromUndefinedOr(valueOf(program, key, reads)),
        (value) => Asset.output(value, { dataVersion: String(value) })
      )
    if (keys.length === 1) {
      assets.set(
        key!,
        Asset.make(key!, {
          inputs,
          deps,
          codeVersion: String(program.outputs.get(key!)),
          compute: (inputs) => compute(inputs, keys, (reads) => outputOf(key!, reads))
        })
      )
      continue
    }
    const multi = Asset.multi(program.name, {
      inputs,
      deps,
      canSubset: program.canSubset,
      outputs: Object.fromEntries([...program.outputs].map(([key, code]) => [key, { codeVersion: String(code) }])),
      compute: (inputs, { selected }) => {
        const wanted = keys.filter((key) => selected.has(key))
        return compute(inputs, wanted, (reads) => Object.fromEntries(wanted.map((key) => [key, outputOf(key, reads)])))
      }
    })
    for (const key of keys) assets.set(key, multi.assets[key]!)
  }
  return Graph.fromAssets(assets.values())
}

type Needed = IOManager.IOManager | EventLog.EventLog

const execute = Effect.fnUntraced(function*(of: Case, step: Step, journal: Array<string>, onlyStale: boolean) {
  const io = yield* IOManager.IOManager
  for (const [key, value] of step.observed) {
    yield* io.save(value, IOManager.slot(key))
    yield* Catalog.observe(key, { dataVersion: String(value) })
  }
  const run = Runtime.run(toGraph(step, journal), {
    select: [...step.selection],
    onlyStale,
    concurrency: of.concurrency
  }) as Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, Needed>
  return Object.values((yield* run).outcomes)
})

const tagsOf = (outcomes: ReadonlyArray<Runtime.Outcome>) =>
  sorted(outcomes.flatMap(({ _tag, key }) => _tag === "NotSelected" ? [] : [[key, _tag] as const]))

const isNotStored = (outcome: Runtime.Outcome): boolean =>
  outcome._tag === "Failed" &&
  outcome.cause.reasons.some((reason) => reason._tag === "Fail" && IOManager.isNotStored(reason.error))

const storedOf = Effect.fnUntraced(function*({ steps }: Case) {
  const io = yield* IOManager.IOManager
  const stored = new Map<string, unknown>()
  const keys = new Set(steps.flatMap(({ programs }) => programs.flatMap(({ outputs }) => [...outputs.keys()])))
  for (const key of keys) {
    const found = yield* Effect.option(io.load(IOManager.slot(key)))
    if (Option.isSome(found)) stored.set(key, found.value)
  }
  return sorted(stored)
})

const recordedOf = Effect.gen(function*() {
  const log = yield* EventLog.EventLog
  const found = new Map<string, Recorded>()
  for (const event of yield* Stream.runCollect(log.events({}))) {
    if (event._tag === "AssetObserved") {
      found.set(event.key, { version: event.dataVersion, code: undefined, inputs: {} })
    }
    if (event._tag !== "AssetMaterialized") continue
    const { codeVersion, dataVersion, inputVersions, key } = event
    found.set(key, { version: dataVersion, code: Number(codeVersion), inputs: { ...inputVersions } })
  }
  return sorted(found)
})

// ---------------------------------------------------------------------------------------------------------------------
// laws
// ---------------------------------------------------------------------------------------------------------------------

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

/** `npm run test:long` runs the same laws on many times as many cases, and others each time: it prints the seed. */
const factor = Number(process.env["LAWS_FACTOR"] ?? 1)
const offset = Number(process.env["LAWS_SEED"] ?? 0)
const howMany = (runs: number, seed: number) => ({ runs: runs * factor, size: 25, seed: seed + offset })

describe("runs of what is stale", () => {
  it.effect.prop(
    "compute exactly what the model says, and leave what it leaves",
    [cases],
    ([of]) =>
      Effect.gen(function*() {
        const world: World = { records: new Map(), stored: new Map(), skipped: new Set() }
        for (const step of of.steps) {
          const model = evaluate(step, world)
          const journal: Array<string> = []
          const found = yield* execute(of, step, journal, true)
          assert.deepStrictEqual(tagsOf(found), sorted(model.outcomes))
          assert.deepStrictEqual(journal.toSorted(), model.ran.toSorted())
          assert.deepStrictEqual(yield* storedOf(of), sorted(world.stored))
          assert.deepStrictEqual(yield* recordedOf, sorted(world.records))
        }
      }).pipe(Effect.provide(inMemory)),
    { arbitrary: howMany(300, 1) }
  )

  it.effect.prop("leave the values and versions that full runs leave", [cases], ([of]) =>
    Effect.gen(function*() {
      const full = yield* Layer.build(Layer.fresh(inMemory))
      const lazy = yield* Layer.build(Layer.fresh(inMemory))
      for (const step of of.steps) {
        const expected = yield* Effect.provideContext(execute(of, step, [], false), full)
        const found = yield* Effect.provideContext(execute(of, step, [], true), lazy)
        // nothing tells an input that is new, and was never stored, from one whose version nobody knows
        if (expected.some(isNotStored)) return
        const computed = tagsOf(found).map(([key, tag]) => [key, tag === "UpToDate" ? "Materialized" : tag] as const)
        assert.deepStrictEqual(computed, tagsOf(expected))
        assert.deepStrictEqual(
          yield* Effect.provideContext(storedOf(of), lazy),
          yield* Effect.provideContext(storedOf(of), full)
        )
        assert.deepStrictEqual(
          yield* Effect.provideContext(recordedOf, lazy),
          yield* Effect.provideContext(recordedOf, full)
        )
      }
    }).pipe(Effect.scoped), { arbitrary: howMany(200, 2) })
})

describe("the generator of changes", () => {
  it.effect("makes runs of every kind", () =>
    Effect.gen(function*() {
      const seen = new Map<string, number>()
      for (const { steps } of yield* Arbitrary.sampleEffect(cases, { count: 300, size: 25, seed: 1 })) {
        const world: World = { records: new Map(), stored: new Map(), skipped: new Set() }
        steps.forEach((step, at) => {
          const { outcomes, ran } = evaluate(step, world)
          for (const tag of outcomes.values()) seen.set(tag, (seen.get(tag) ?? 0) + 1)
          const parts = step.programs.filter(({ canSubset, outputs }) =>
            canSubset && [...outputs.keys()].some((key) => outcomes.get(key) === "UpToDate") &&
            ran.some((keys) => outputs.has(keys))
          )
          seen.set("part of a multi-asset", (seen.get("part of a multi-asset") ?? 0) + parts.length)
          if (at > 0) seen.set("observed", (seen.get("observed") ?? 0) + step.observed.size)
        })
      }
      const kinds = [
        "Materialized",
        "UpToDate",
        "Skipped",
        "Failed",
        "UpstreamFailed",
        "part of a multi-asset",
        "observed"
      ]
      for (const kind of kinds) assert.isAtLeast(seen.get(kind) ?? 0, 10, kind)
    }))
})
