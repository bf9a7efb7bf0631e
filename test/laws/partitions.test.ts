/**
 * The laws of runs of partitions: random graphs over small sets, random histories of runs, against an evaluator that
 * knows nothing but one partition at a time.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { Asset, EventLog, Graph, IOManager, PartitionMapping, Partitions, Runtime } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"

// ---------------------------------------------------------------------------------------------------------------------
// sets and mappings, as users have them, and as plainly as it can be said
// ---------------------------------------------------------------------------------------------------------------------

const dayKeys = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]
const halfKeys = dayKeys.flatMap((day) => [`${day}-00:00`, `${day}-12:00`])
const regionKeys = ["eu", "us", "x"]
const cellKeys = dayKeys.flatMap((day) => regionKeys.map((region) => `${day}|${region}`))
const noKeys: ReadonlyArray<string> = [""]

type SetName = "none" | "day" | "half" | "region" | "cell"

const days = Partitions.daily({ start: "2020-01-01", end: "2020-01-05" })
const regions = Partitions.fixed(["eu", "us", "x"])
const sets: Readonly<Record<Exclude<SetName, "none">, Partitions.Any>> = {
  day: days,
  half: Partitions.cron("0 */12 * * *", { start: "2020-01-01", end: "2020-01-05" }),
  region: regions,
  cell: Partitions.product({ day: days, region: regions })
}
/** The keys of each set; an asset without partitions has one, which nobody sees. */
const keysOf: Readonly<Record<SetName, ReadonlyArray<string>>> = {
  none: noKeys,
  day: dayKeys,
  half: halfKeys,
  region: regionKeys,
  cell: cellKeys
}

const timeWindow = (startOffset: number, endOffset: number) => PartitionMapping.timeWindow({ startOffset, endOffset })

/** A way from a partition to upstream partitions: as it is written, and which keys it comes to. */
interface Way {
  readonly many: boolean
  readonly mapping?: PartitionMapping.PartitionMapping
  readonly follow: (key: string) => ReadonlyArray<string>
}

const dayOf = (key: string) => key.slice(0, 10)
/** Days before and after the first and the last one are not there. */
const shifted = (keys: ReadonlyArray<string>, key: string, from: number, to: number): ReadonlyArray<string> => {
  const at = keys.indexOf(key)
  return keys.filter((_, other) => other >= at + from && other <= at + to)
}

/** Ways from anywhere. */
const anyWay = (up: Exclude<SetName, "none">): ReadonlyArray<Way> => {
  const keys = keysOf[up]
  const [first, second] = keys
  return [
    { many: true, mapping: PartitionMapping.all, follow: () => keys },
    { many: true, mapping: PartitionMapping.last, follow: () => keys.slice(-1) },
    { many: false, mapping: PartitionMapping.last, follow: () => keys.slice(-1) },
    { many: false, mapping: PartitionMapping.specific([second!]), follow: () => [second!] },
    { many: true, mapping: PartitionMapping.specific([second!, first!]), follow: () => [first!, second!] }
  ]
}

const overCells = (of: (day: string, region: string) => boolean) =>
  cellKeys.filter((key) => of(dayOf(key), key.slice(11)))

/** Ways that two sets have because of what they are. */
const ways: { readonly [down in SetName]?: { readonly [up in SetName]?: ReadonlyArray<Way> } } = {
  none: {
    day: [{ many: true, follow: () => dayKeys }],
    cell: [{ many: true, follow: () => cellKeys }]
  },
  day: {
    day: [
      { many: false, follow: (key) => [key] },
      { many: true, follow: (key) => [key] },
      { many: false, mapping: timeWindow(-1, -1), follow: (key) => shifted(dayKeys, key, -1, -1) },
      { many: false, mapping: timeWindow(1, 1), follow: (key) => shifted(dayKeys, key, 1, 1) },
      { many: true, mapping: timeWindow(-1, 0), follow: (key) => shifted(dayKeys, key, -1, 0) }
    ],
    half: [
      { many: true, follow: (key) => halfKeys.filter((half) => dayOf(half) === key) },
      {
        many: true,
        mapping: timeWindow(-1, -1),
        follow: (key) => halfKeys.filter((half) => shifted(dayKeys, key, -1, -1).includes(dayOf(half)))
      }
    ],
    cell: [
      { many: true, follow: (key) => overCells((day) => day === key) },
      {
        many: true,
        mapping: PartitionMapping.dimension("day", timeWindow(-1, -1)),
        follow: (key) => overCells((day) => shifted(dayKeys, key, -1, -1).includes(day))
      }
    ]
  },
  half: {
    half: [
      { many: false, follow: (key) => [key] },
      { many: true, mapping: timeWindow(-2, 0), follow: (key) => shifted(halfKeys, key, -2, 0) }
    ],
    day: [{ many: false, follow: (key) => [dayOf(key)] }]
  },
  region: {
    region: [
      { many: false, follow: (key) => [key] },
      {
        many: false,
        mapping: PartitionMapping.fixedByDownstream({ eu: "us", us: "us" }),
        follow: (key) => key === "x" ? [] : ["us"]
      },
      {
        many: true,
        mapping: PartitionMapping.fixedByDownstream({ eu: ["eu", "us"], x: "x" }),
        follow: (key) => key === "us" ? [] : key === "eu" ? ["eu", "us"] : ["x"]
      }
    ],
    day: [{ many: true, follow: () => dayKeys }],
    cell: [{ many: true, follow: (key) => overCells((_, region) => region === key) }]
  },
  cell: {
    day: [
      { many: false, follow: (key) => [dayOf(key)] },
      {
        many: false,
        mapping: PartitionMapping.dimension("day", timeWindow(-1, -1)),
        follow: (key) => shifted(dayKeys, dayOf(key), -1, -1)
      }
    ],
    region: [{ many: false, follow: (key) => [key.slice(11)] }],
    cell: [
      { many: false, follow: (key) => [key] },
      {
        many: true,
        mapping: PartitionMapping.product({ region: { dimension: "region" } }),
        follow: (key) => overCells((_, region) => region === key.slice(11))
      }
    ]
  }
}

const waysOf = (down: SetName, up: SetName): ReadonlyArray<Way> =>
  up === "none"
    ? [{ many: false, follow: () => noKeys }]
    : [...(ways[down]?.[up] ?? []), ...anyWay(up)]

/** The earlier partition of itself that an asset may read. */
const before: { readonly [set in SetName]?: Way } = {
  day: { many: false, mapping: timeWindow(-1, -1), follow: (key) => shifted(dayKeys, key, -1, -1) },
  half: { many: false, mapping: timeWindow(-2, -2), follow: (key) => shifted(halfKeys, key, -2, -2) },
  region: {
    many: false,
    mapping: PartitionMapping.fixedByDownstream({ eu: "x", x: "us" }),
    follow: (key) => key === "eu" ? ["x"] : key === "x" ? ["us"] : []
  },
  cell: {
    many: false,
    mapping: timeWindow(-1, -1),
    follow: (key) => shifted(dayKeys, dayOf(key), -1, -1).map((day) => `${day}|${key.slice(11)}`)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// cases
// ---------------------------------------------------------------------------------------------------------------------

type Mode = "value" | "optional" | "lastValue" | "optionalLastValue"

interface Read {
  readonly name: string
  readonly from: string
  readonly way: Way
  readonly mode: Mode
}

interface Program {
  readonly key: string
  readonly set: SetName
  readonly inputs: ReadonlyArray<Read>
  readonly deps: ReadonlyArray<Read>
  readonly previous: boolean
  /** Of so many kinds of values, one is `None`, and one a failure: 0 for neither. */
  readonly trouble: number
}

interface Step {
  /** The assets whose code is changed before the run. */
  readonly edited: ReadonlySet<string>
  readonly set: SetName
  readonly keys: ReadonlyArray<string>
  readonly selection: ReadonlySet<string>
  readonly range: boolean
}

interface Case {
  readonly programs: ReadonlyArray<Program>
  readonly steps: ReadonlyArray<Step>
  readonly concurrency: number | "unbounded"
}

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const modes = [
  "value",
  "value",
  "lastValue",
  "optional",
  "lastValue",
  "optionalLastValue",
  "lastValue",
  "value"
] as const
const setNames = ["day", "region", "half", "region", "cell", "none", "day"] as const

const DraftRead = Schema.Struct({ back: between(0, 6), way: between(0, 20), mode: between(0, modes.length - 1) })

const Drafts = Schema.Struct({
  programs: Schema.Array(Schema.Struct({
    set: between(0, setNames.length - 1),
    // assets of one set can be part of one run
    isLikeLast: between(0, 4),
    inputs: Schema.Array(DraftRead).check(Schema.isMaxLength(3)),
    dep: Schema.Array(DraftRead).check(Schema.isMaxLength(1)),
    previous: between(0, 3),
    trouble: between(0, 8)
  })).check(Schema.isMinLength(1), Schema.isMaxLength(7)),
  steps: Schema.Array(Schema.Struct({
    set: between(0, setNames.length - 1),
    from: between(0, 11),
    size: between(0, 11),
    selected: between(0, 255),
    edited: between(0, 255),
    edits: between(0, 2)
  })).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  concurrency: between(0, 5)
})

const bit = (mask: number, at: number): boolean => (mask >> at & 1) === 1

const toCase = (drafts: typeof Drafts.Type): Case => {
  const programs: Array<Program> = []
  drafts.programs.forEach((draft, at) => {
    const set = draft.isLikeLast > 1 && at > 0 ? programs[at - 1]!.set : setNames[draft.set]!
    const seen = new Set<string>()
    const readsOf = (reads: ReadonlyArray<typeof DraftRead.Type>, isDep: boolean): ReadonlyArray<Read> =>
      reads.flatMap(({ back, mode, way }, index) => {
        const from = programs[programs.length - 1 - back % 4]
        if (from === undefined || (isDep && seen.has(from.key))) return []
        seen.add(from.key)
        const found = waysOf(set, from.set)
        return [{ name: `in${index}`, from: from.key, way: found[way % found.length]!, mode: modes[mode]! }]
      })
    programs.push({
      key: `n${at}`,
      set,
      inputs: readsOf(draft.inputs, false),
      deps: readsOf(draft.dep, true).map((read) => ({
        ...read,
        mode: read.mode === "optional" ? "optional" : "value"
      })),
      previous: draft.previous === 0 && before[set] !== undefined,
      trouble: draft.trouble < 3 ? 0 : 2 + draft.trouble % 3
    })
  })
  const keys = programs.map(({ key }) => key)
  const steps = drafts.steps.map((draft): Step => {
    // a set that some asset has: assets of other sets cannot be part of the run
    const set = programs[draft.set % programs.length]!.set
    const all = keysOf[set]
    const from = draft.from % all.length
    const isWhole = draft.size > 5
    const to = Math.min(all.length - 1, from + draft.size)
    const range = set !== "cell" && draft.size % 2 === 0
    return {
      set,
      range,
      keys: all.filter((_, at) =>
        isWhole || at >= from && at <= to && (range || bit(draft.edited, at % 8) || at === from)
      ),
      selection: new Set(
        programs.flatMap((program, at) =>
          (program.set === set || program.set === "none") &&
            (draft.selected > 100 || bit(draft.selected, at) || at % programs.length === draft.set % programs.length)
            ? [program.key]
            : []
        )
      ),
      edited: new Set(draft.edits === 0 ? [] : keys.filter((_, at) => bit(draft.edited, at)))
    }
  })
  return { programs, steps, concurrency: drafts.concurrency === 0 ? "unbounded" : drafts.concurrency }
}

const cases = Arbitrary.map(Arbitrary.schema(Drafts), toCase)

// ---------------------------------------------------------------------------------------------------------------------
// the evaluator
// ---------------------------------------------------------------------------------------------------------------------

type Outcome =
  | { readonly _tag: "Materialized"; readonly value: number }
  | { readonly _tag: "Skipped"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly why: "program" | "NotStored" }
  | { readonly _tag: "UpstreamFailed" }

/** What is known after some runs, by `slotOf`. */
interface World {
  readonly stored: Map<string, number>
  /** Whether it was skipped when it was last to be computed. */
  readonly skipped: Set<string>
  /** What was read, or came before, when it was computed last. */
  readonly read: Map<string, ReadonlyArray<Source>>
}

type Source = readonly [key: string, partition: string, value: number]

const emptyWorld = (): World => ({ stored: new Map(), skipped: new Set(), read: new Map() })

const slotOf = (key: string, partition: string): string => partition === "" ? key : `${key}@${partition}`

const hash = (value: unknown): number => {
  let found = 7
  for (const char of JSON.stringify(value)) found = Math.imul(found, 31) + char.charCodeAt(0) | 0
  return found >>> 1
}

/** What a program gives: few different values, so that different inputs may give the same. */
const computed = (
  program: Program,
  partition: string,
  code: number,
  reads: Readonly<Record<string, unknown>>
): number | "none" | "failure" => {
  const found = hash([program.key, partition, code, sorted(Object.entries(reads))])
  const kind = program.trouble === 0 ? 2 : found % program.trouble
  return kind === 0 ? "none" : kind === 1 && found % 3 === 0 ? "failure" : found % 5
}

const missing = Symbol("nothing is stored")

/** Evaluates one run, partition by partition. */
const evaluate = (
  { programs }: Case,
  { keys, selection }: Step,
  codes: ReadonlyMap<string, number>,
  world: World
): ReadonlyMap<string, Outcome> => {
  const outcomes = new Map<string, Outcome>()
  const byKey = new Map(programs.map((program) => [program.key, program]))
  /** What is stored is what was stored before the run until a partition has been computed. */
  const outcomeOf = (key: string, partition: string): Outcome | undefined => {
    const program = byKey.get(key)!
    if (!selection.has(key) || (program.set !== "none" && !keys.includes(partition))) return undefined
    const slot = slotOf(key, partition)
    let outcome = outcomes.get(slot)
    if (outcome === undefined) {
      outcome = run(program, partition)
      outcomes.set(slot, outcome)
      if (outcome._tag === "Skipped") world.skipped.add(slot)
      else world.skipped.delete(slot)
      if (outcome._tag === "Materialized") world.stored.set(slot, outcome.value)
    }
    return outcome
  }

  const run = (program: Program, partition: string): Outcome => {
    const own = before[program.set]
    const inputs: ReadonlyArray<Read> = program.previous
      ? [...program.inputs, { name: "before", from: program.key, way: own!, mode: "optional" }]
      : program.inputs
    const upstream = [...inputs, ...program.deps].flatMap((read) =>
      read.way.follow(partition).map((key) => ({ read, outcome: outcomeOf(read.from, key) }))
    )
    const skipped = upstream.some(({ outcome, read: { mode, way, ...read } }) =>
      mode === "value" && !isSeveral(program, { mode, way, ...read }) && outcome?._tag === "Skipped"
    )
    if (skipped) return { _tag: "Skipped", reason: "UpstreamSkipped" }
    if (upstream.some(({ outcome }) => outcome?._tag === "Failed" || outcome?._tag === "UpstreamFailed")) {
      return { _tag: "UpstreamFailed" }
    }
    const needsOne = inputs.filter(({ mode, way }) => !way.many && (mode === "value" || mode === "lastValue"))
    if (needsOne.some(({ way }) => way.follow(partition).length === 0)) {
      return { _tag: "Skipped", reason: "NoUpstreamPartition" }
    }
    const problems = new Set<string>()
    const sources = new Map<string, Source>()
    const note = (key: string, partition: string, value: number | undefined): void => {
      if (value !== undefined) sources.set(slotOf(key, partition), [key, partition, value])
    }
    const reads = Object.fromEntries(inputs.map((read) => [read.name, readOf(read, partition, problems, note)]))
    for (const reason of ["NotStored", "UpstreamSkipped", "NoLastValue"]) {
      if (problems.has(reason)) {
        return reason === "NotStored" ? { _tag: "Failed", why: "NotStored" } : { _tag: "Skipped", reason }
      }
    }
    for (const { from, way } of program.deps) {
      for (const key of way.follow(partition)) {
        // what was skipped is nothing to come after
        if (outcomeOf(from, key)?._tag !== "Skipped") note(from, key, world.stored.get(slotOf(from, key)))
      }
    }
    const value = computed(program, partition, codes.get(program.key)!, reads)
    if (typeof value === "number") world.read.set(slotOf(program.key, partition), [...sources.values()])
    return value === "none"
      ? { _tag: "Skipped", reason: "NoOutput" }
      : value === "failure"
      ? { _tag: "Failed", why: "program" }
      : { _tag: "Materialized", value }
  }

  const readOf = (
    { from, mode, way }: Read,
    partition: string,
    problems: Set<string>,
    note: (key: string, partition: string, value: number | undefined) => void
  ): unknown => {
    const valueOf = (key: string): number | typeof missing => {
      const slot = slotOf(from, key)
      const isSkipped = outcomeOf(from, key)?._tag === "Skipped"
      const last = mode === "lastValue" || mode === "optionalLastValue"
      const value = isSkipped && !last ? undefined : world.stored.get(slot)
      note(from, key, value)
      return value ?? missing
    }
    const found = way.follow(partition)
    const isOptional = mode === "optional" || mode === "optionalLastValue"
    if (way.many) {
      const values = found.flatMap((key) => {
        const value = valueOf(key)
        return value === missing ? [] : [[key, value]]
      })
      return isOptional ? { some: values } : values
    }
    const [key] = found
    const value = key === undefined ? missing : valueOf(key)
    if (value !== missing) return isOptional ? { some: value } : value
    if (isOptional) return "none"
    problems.add(
      outcomeOf(from, key!)?._tag === "Skipped"
        ? "NoLastValue"
        : world.skipped.has(slotOf(from, key!))
        ? "UpstreamSkipped"
        : "NotStored"
    )
    return undefined
  }

  for (const { key, set } of programs) for (const partition of keysOf[set]) outcomeOf(key, partition)
  return outcomes
}

/** A dep comes after several partitions where its way may lead to several. */
const isSeveral = ({ set }: Program, { way }: Read): boolean =>
  way.many || keysOf[set].some((key) => way.follow(key).length > 1)

// ---------------------------------------------------------------------------------------------------------------------
// the same with the library
// ---------------------------------------------------------------------------------------------------------------------

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}

const plain = (value: unknown): unknown =>
  Option.isOption(value)
    ? Option.match(value, { onNone: () => "none", onSome: (some) => ({ some: plain(some) }) })
    : value instanceof Map
    ? [...value]
    : value

const inputOf = (assets: ReadonlyMap<string, Asset.Any>, { from, mode, way }: Read): Asset.AnyInput => {
  // which of the wrappers a case has is not known to the compiler
  const asset = assets.get(from)! as never
  const chosen: Asset.AnyInput = way.many
    ? Asset.partitions(asset, { mapping: way.mapping })
    : way.mapping === undefined
    ? asset
    : Asset.partition(asset, way.mapping as never)
  switch (mode) {
    case "value":
      return chosen
    case "optional":
      return Asset.optional(chosen)
    case "lastValue":
      return Asset.lastValue(chosen)
    case "optionalLastValue":
      return Asset.optional(Asset.lastValue(chosen))
  }
}

/** How often programs were run, by slot. */
type Journal = Array<string>

const toGraph = ({ programs }: Case, codes: ReadonlyMap<string, number>, journal: Journal) => {
  const assets = new Map<string, Asset.Any>()
  for (const program of programs) {
    const { key, set } = program
    const code = codes.get(key)!
    const inputs: Record<string, Asset.AnyInput> = {}
    for (const read of program.inputs) inputs[read.name] = inputOf(assets, read)
    const own = before[set]
    if (program.previous) inputs["before"] = Asset.previous(Schema.Number, { mapping: own!.mapping })
    assets.set(
      key,
      Asset.make(key, {
        inputs,
        deps: program.deps.map((read) => inputOf(assets, read)),
        codeVersion: String(code),
        ...(set === "none" ? {} : { partitions: sets[set] }),
        compute: (inputs, { partitionKey = "" }) =>
          Effect.suspend((): Effect.Effect<Option.Option<Asset.Output<number>>, Broken> => {
            journal.push(slotOf(key, partitionKey))
            const reads = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, plain(value)]))
            const value = computed(program, partitionKey, code, reads)
            return value === "failure"
              ? Effect.fail(new Broken())
              : Effect.as(
                Effect.yieldNow,
                value === "none" ? Option.none() : Option.some(Asset.output(value, { dataVersion: String(value) }))
              )
          })
      })
    )
  }
  return Graph.fromAssets(assets.values())
}

type Needed = IOManager.IOManager | EventLog.EventLog

const execute = (
  of: Case,
  { keys, range, selection, set }: Step,
  codes: ReadonlyMap<string, number>,
  journal: Journal,
  options: { readonly onlyStale?: boolean }
) =>
  Runtime.run(toGraph(of, codes, journal), {
    ...options,
    select: [...selection],
    concurrency: of.concurrency,
    ...(set === "none"
      ? {}
      : { partitions: range ? { from: keys[0]!, to: keys.at(-1)! } : keys })
  }) as Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, Needed>

const inModel = (outcome: Runtime.Outcome): Outcome => {
  switch (outcome._tag) {
    case "Materialized":
    case "UpToDate":
      return { _tag: "Materialized", value: Number(outcome.dataVersion) }
    case "Skipped":
      return { _tag: "Skipped", reason: outcome.reason._tag }
    case "Failed": {
      const [reason] = outcome.cause.reasons
      const error = reason?._tag === "Fail" ? reason.error : reason
      assert.isTrue(error instanceof Broken || IOManager.isNotStored(error), String(error))
      return { _tag: "Failed", why: error instanceof Broken ? "program" : "NotStored" }
    }
    case "UpstreamFailed":
      return { _tag: "UpstreamFailed" }
    default:
      return assert.fail(outcome._tag)
  }
}

const sorted = <V>(map: Iterable<readonly [string, V]>) => [...map].sort(([a], [b]) => a < b ? -1 : 1)

const outcomesOf = (run: Runtime.Run<Graph.Assets>): ReadonlyArray<readonly [string, Runtime.Outcome]> =>
  Object.entries(run.outcomes).flatMap(([key, outcome]): ReadonlyArray<readonly [string, Runtime.Outcome]> => {
    const partitions = run.partitions[key]
    return partitions !== undefined
      ? [...partitions].map(([partition, outcome]) => [slotOf(key, partition), outcome])
      : outcome._tag === "NotSelected"
      ? []
      : [[key, outcome]]
  })

const storedOf = Effect.fnUntraced(function*({ programs }: Case) {
  const io = yield* IOManager.IOManager
  const stored = new Map<string, unknown>()
  for (const { key, set } of programs) {
    for (const partition of keysOf[set]) {
      const found = yield* Effect.option(
        io.load(IOManager.slot(key, { partition: partition === "" ? undefined : partition }))
      )
      if (Option.isSome(found)) stored.set(slotOf(key, partition), found.value)
    }
  }
  return sorted(stored)
})

/** What is recorded of an asset, or of a partition of it. */
interface Recorded {
  readonly dataVersion: string
  readonly codeVersion: string | undefined
  /** The versions of single upstream partitions by key, and of others by slot. */
  readonly inputs: ReadonlyArray<readonly [string, string]>
  /** The keys of the assets of which versions are recorded by partition. */
  readonly byPartition: ReadonlyArray<string>
}

/** What is recorded now. */
const recordedOf = Effect.fnUntraced(function*({ programs }: Case) {
  const log = yield* EventLog.EventLog
  const found = new Map<string, Recorded>()
  const setOf = new Map(programs.map(({ key, set }) => [key, set]))
  for (const event of yield* Stream.runCollect(log.events({ tags: ["AssetMaterialized"] }))) {
    if (event._tag !== "AssetMaterialized") continue
    for (const partition of keysOf[setOf.get(event.key)!]) {
      if (!holds(event, partition)) continue
      const { dataVersion, inputPartitions = {}, inputVersions } = event.byPartition?.[partition] ?? event
      const single = Object.entries(inputVersions).filter(([key]) => !Object.hasOwn(inputPartitions, key))
      const several = Object.entries(inputPartitions).flatMap(([key, groups]) =>
        groups.flatMap(({ dataVersion, partitions }) =>
          keysOf[setOf.get(key)!].flatMap((partition): ReadonlyArray<readonly [string, string]> =>
            inside(partitions, partition) ? [[slotOf(key, partition), dataVersion]] : []
          )
        )
      )
      found.set(slotOf(event.key, partition), {
        dataVersion,
        codeVersion: event.codeVersion,
        inputs: sorted([...single, ...several]),
        byPartition: Object.keys(inputPartitions).toSorted()
      })
    }
  }
  return sorted(found)
})

const holds = ({ partition, partitions }: EventLog.AssetMaterialized, key: string): boolean =>
  partition !== undefined ? partition === key : partitions === undefined ? key === "" : inside(partitions, key)

const inside = (partitions: Partitions.Serialized, key: string): boolean => {
  switch (partitions._tag) {
    case "Keys":
      return partitions.keys.includes(key)
    case "Windows": {
      const time = Date.UTC(2020, 0, Number(key.slice(8, 10)), key.endsWith("12:00") ? 12 : 0)
      return partitions.intervals.some(([start, end]) => start <= time && time < end)
    }
    case "Product": {
      const parts: Readonly<Record<string, string>> = { day: dayOf(key), region: key.slice(11) }
      return key !== "" &&
        partitions.boxes.some((box) => Object.entries(box).every(([name, of]) => inside(of, parts[name]!)))
    }
  }
}

/** The four days are over. */
const start = TestClock.setTime(Date.UTC(2020, 0, 5))

const initialCodes = ({ programs }: Case) => new Map(programs.map(({ key }) => [key, 1]))

const edit = (codes: ReadonlyMap<string, number>, { edited }: Step) =>
  // few versions, so that code may become again what it was
  new Map([...codes].map(([key, code]) => [key, edited.has(key) ? 3 - code : code]))

// ---------------------------------------------------------------------------------------------------------------------
// laws
// ---------------------------------------------------------------------------------------------------------------------

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

/** `npm run test:long` runs the same laws on many times as many cases, and others each time: it prints the seed. */
const factor = Number(process.env["LAWS_FACTOR"] ?? 1)
const offset = Number(process.env["LAWS_SEED"] ?? 0)
const howMany = (runs: number, seed: number) => ({ runs: runs * factor, size: 25, seed: seed + offset })

describe("runs of partitions", () => {
  it.effect.prop(
    "give, store and record what the model says, partition by partition",
    [cases],
    ([of]) =>
      Effect.gen(function*() {
        yield* start
        const world = emptyWorld()
        let codes: ReadonlyMap<string, number> = initialCodes(of)
        for (const step of of.steps) {
          codes = edit(codes, step)
          const model = evaluate(of, step, codes, world)
          const journal: Journal = []
          const run = yield* execute(of, step, codes, journal, {})
          const found = outcomesOf(run)
          assert.deepStrictEqual(
            sorted(found.map(([slot, outcome]) => [slot, inModel(outcome)] as const)),
            sorted(model)
          )
          assert.deepStrictEqual(yield* storedOf(of), sorted(world.stored))
          // each program ran once for each partition, and where the model says so
          const ran = [...model].flatMap(([slot, outcome]) =>
            outcome._tag === "Materialized" || (outcome._tag === "Failed" && outcome.why === "program") ||
              (outcome._tag === "Skipped" && outcome.reason === "NoOutput")
              ? [slot]
              : []
          )
          assert.deepStrictEqual(journal.toSorted(), ran.toSorted())
          const failed = [...model.values()].some(({ _tag }) => _tag === "Failed")
          assert.strictEqual(run.status, failed ? "Failed" : "Succeeded")
        }
        // what is recorded as stored last is what is stored
        const recorded = yield* recordedOf(of)
        assert.deepStrictEqual(
          recorded.map(([slot, { dataVersion }]) => [slot, Number(dataVersion)] as const),
          sorted(world.stored)
        )
        // and so is what it was computed from
        for (const [slot, { byPartition, inputs }] of recorded) {
          const sources = world.read.get(slot)!.map(([key, partition, value]) =>
            [byPartition.includes(key) ? slotOf(key, partition) : key, String(value)] as const
          )
          assert.deepStrictEqual(inputs, sorted(sources), slot)
        }
      }).pipe(Effect.provide(inMemory)),
    { arbitrary: howMany(150, 1) }
  )

  it.effect.prop(
    "of what is stale leave what full runs leave, and do it once",
    [cases],
    ([of]) =>
      Effect.gen(function*() {
        yield* start
        const full = yield* Layer.build(Layer.fresh(inMemory))
        const lazy = yield* Layer.build(Layer.fresh(inMemory))
        let codes: ReadonlyMap<string, number> = initialCodes(of)
        for (const step of of.steps) {
          codes = edit(codes, step)
          const all: Journal = []
          const some: Journal = []
          const a = yield* Effect.provideContext(execute(of, step, codes, all, {}), full)
          const b = yield* Effect.provideContext(execute(of, step, codes, some, { onlyStale: true }), lazy)
          const [expected, found] = [a, b].map((run) =>
            sorted(outcomesOf(run).map(([slot, outcome]) => [slot, inModel(outcome)] as const))
          )
          assert.deepStrictEqual(found, expected)
          assert.deepStrictEqual(
            yield* Effect.provideContext(storedOf(of), lazy),
            yield* Effect.provideContext(storedOf(of), full)
          )
          assert.deepStrictEqual(
            yield* Effect.provideContext(recordedOf(of), lazy),
            yield* Effect.provideContext(recordedOf(of), full)
          )
          assert.includeMembers(all, some)
          // what was computed is fresh then
          const again: Journal = []
          const c = yield* Effect.provideContext(execute(of, step, codes, again, { onlyStale: true }), lazy)
          for (const [slot, outcome] of outcomesOf(b)) {
            if (outcome._tag === "Materialized" || outcome._tag === "UpToDate") assert.notInclude(again, slot)
          }
          assert.isTrue(outcomesOf(c).every(([, { _tag }]) => _tag !== "Materialized"))
        }
      }).pipe(Effect.scoped),
    { arbitrary: howMany(100, 2) }
  )
})

describe("the generator of histories", () => {
  it.effect("makes runs of every kind", () =>
    Effect.gen(function*() {
      const seen = new Map<string, number>()
      const count = (kind: string) => seen.set(kind, (seen.get(kind) ?? 0) + 1)
      for (const of of yield* Arbitrary.sampleEffect(cases, { count: 400, size: 25, seed: 1 })) {
        const world = emptyWorld()
        let codes: ReadonlyMap<string, number> = initialCodes(of)
        for (const { inputs, previous, set } of of.programs) {
          if (previous) count("previous")
          count(set)
          for (const { way } of inputs) count(`${way.many ? "many" : "one"}/${way.mapping?._tag ?? "inferred"}`)
        }
        for (const step of of.steps) {
          codes = edit(codes, step)
          for (const outcome of evaluate(of, step, codes, world).values()) {
            count(outcome._tag === "Skipped" ? outcome.reason : outcome._tag === "Failed" ? outcome.why : outcome._tag)
          }
        }
      }
      const kinds =
        "Materialized NoOutput UpstreamSkipped NoLastValue NoUpstreamPartition program NotStored UpstreamFailed " +
        "previous day half region cell none one/inferred many/inferred one/TimeWindow many/TimeWindow one/Last " +
        "many/Last one/Specific many/Specific many/All one/Fixed many/Fixed one/Dimension many/Dimension many/Product"
      for (const kind of kinds.split(" ")) assert.isAtLeast(seen.get(kind) ?? 0, 3, kind)
    }))
})
