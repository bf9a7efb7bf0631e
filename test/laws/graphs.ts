/**
 * Random graphs for the laws: plain-data programs, as the model reads them, and the assets made from them.
 */
import { Effect, Option, Schema } from "effect"
import { Asset, Graph } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { type Gives, type Mode, none, type Program, type Read, valueOf } from "./model.ts"

/** A run to try: a graph, what is selected, what is stored before, and how it is run. */
export interface Case {
  readonly programs: ReadonlyArray<Program>
  /** How often each program lets others go on before it returns. */
  readonly pauses: ReadonlyArray<number>
  readonly selection: ReadonlySet<string>
  readonly before: ReadonlyMap<string, number>
  readonly concurrency: number | "unbounded"
  /** Assets are defined upstream first; here they may be listed the other way round. */
  readonly reversed: boolean
}

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const modes = ["value", "value", "value", "optional", "lastValue", "optionalLastValue"] as const satisfies Array<Mode>

const kinds = [
  "value",
  "none",
  "value",
  "value",
  "void",
  "value",
  "none",
  "value",
  "value",
  "refused",
  "value"
] as const satisfies Array<Gives>

const Output = Schema.Struct({
  gives: between(0, kinds.length - 1),
  selected: between(0, 7),
  stored: between(0, 2)
})

const Draft = Schema.Struct({
  outputs: Schema.Tuple([Output, Output, Output]),
  count: between(0, 5),
  // how many places upstream it looks, and how it reads what is there
  inputs: Schema.Array(Schema.Struct({ back: between(0, 7), mode: between(0, modes.length - 1) })).check(
    Schema.isMaxLength(4)
  ),
  deps: Schema.Array(Schema.Struct({ back: between(0, 7), optional: Schema.Boolean })).check(Schema.isMaxLength(2)),
  canSubset: Schema.Boolean,
  // 7: fails; 1 or 13: external; anything else: neither
  fate: between(0, 24),
  pauses: between(0, 4)
})

const Drafts = Schema.Struct({
  programs: Schema.Array(Draft).check(Schema.isMaxLength(25)),
  everything: Schema.Boolean,
  concurrency: between(0, 6),
  reversed: Schema.Boolean
})

/** With `sound`, nothing fails, and nothing is `None`. */
const toCase = (drafts: typeof Drafts.Type, sound: boolean): Case => {
  const programs: Array<Program> = []
  const selection = new Set<string>()
  const before = new Map<string, number>()
  const keys: Array<string> = []
  drafts.programs.forEach((draft, at) => {
    const external = draft.fate === 1 || draft.fate === 13
    // one asset, or two or three that are computed together
    const count = external || draft.count < 3 ? 1 : draft.count - 2
    const outputs: Record<string, Gives> = {}
    const mine: Array<string> = []
    for (const [index, output] of draft.outputs.slice(0, count).entries()) {
      const key = count === 1 ? `n${at}` : `n${at}/${"abc"[index]}`
      const gives = kinds[output.gives]!
      outputs[key] = sound && gives !== "void" ? "value" : gives
      mine.push(key)
      if (drafts.everything || output.selected > 1) selection.add(key)
      if (output.stored === 2 || (external && (sound || output.stored === 1))) before.set(key, at * 10 + index)
    }
    const upstream = (back: number) => keys[keys.length - 1 - back]
    const inputs = draft.inputs.flatMap(({ back, mode }, index) => {
      const from = upstream(back)
      return from === undefined || external ? [] : [{ name: `in${index}`, from, mode: modes[mode]! }]
    })
    const seen = new Set(inputs.map(({ from }) => from))
    const deps = draft.deps.flatMap(({ back, optional }) => {
      const from = upstream(back)
      if (from === undefined || external || seen.has(from)) return []
      seen.add(from)
      return [{ from, optional }]
    })
    keys.push(...mine)
    programs.push({ outputs, inputs, deps, canSubset: draft.canSubset, fails: draft.fate === 7 && !sound, external })
  })
  return {
    programs,
    pauses: drafts.programs.map((draft) => draft.pauses),
    selection,
    before,
    concurrency: drafts.concurrency === 0 ? "unbounded" : drafts.concurrency,
    reversed: drafts.reversed
  }
}

export const cases: Arbitrary.Arbitrary<Case> = Arbitrary.map(
  Arbitrary.schema(Drafts),
  (drafts) => toCase(drafts, false)
)

export const soundCases: Arbitrary.Arbitrary<Case> = Arbitrary.map(
  Arbitrary.schema(Drafts),
  (drafts) => toCase(drafts, true)
)

/** What the programs tell while they run. `around` is wrapped around each. */
export interface Probe {
  readonly started: (key: string, reads: Readonly<Record<string, Read>>) => void
  readonly around: <A, E, R>(effect: Effect.Effect<A, E, R>, key: string) => Effect.Effect<A, E, R>
}

/** Lets other fibers, timers and promises go on. */
export const pause: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const pauses = (count: number): Effect.Effect<void> =>
  count === 0 ? Effect.void : count === 1 ? Effect.yieldNow : Effect.repeat(pause, { times: count - 2 })

export class Broken extends Schema.TaggedError<Broken>()("Broken", { key: Schema.String }) {}

const readOf = (value: unknown): Read =>
  Option.isOption(value) ? Option.isNone(value) ? none : value.value as Read : value as Read

/** Makes the assets of a case. */
export const toGraph = (of: Case, probe: Probe): Graph.Graph<{ readonly [key: string]: Asset.Any }> => {
  const assets = new Map<string, Asset.Any>()
  const wrapped = (from: string, mode: Mode): Asset.AnyInput => {
    const asset = assets.get(from)!
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
  of.programs.forEach((program, at) => {
    const keys = Object.keys(program.outputs)
    if (program.external) {
      for (const key of keys) assets.set(key, Asset.external(key, { schema: Schema.Number }))
      return
    }
    const inputs = Object.fromEntries(program.inputs.map(({ from, mode, name }) => [name, wrapped(from, mode)]))
    const deps = program.deps.map(({ from, optional }) => wrapped(from, optional ? "optional" : "value"))
    // every other program has a schema, so that both kinds of files are written
    const schemaOf = (key: string) =>
      program.outputs[key] === "refused" || (program.outputs[key] !== "void" && at % 2 === 0)
        ? { schema: Schema.Number }
        : {}
    const outputOf = (key: string, reads: Readonly<Record<string, Read>>): unknown => {
      const value = valueOf(key, reads)
      const gives = program.outputs[key]
      return gives === "none"
        ? Option.none()
        : Asset.output(gives === "void" ? undefined : gives === "refused" ? "text" : value, {
          dataVersion: String(value)
        })
    }
    const compute = <A>(
      key: string,
      inputs: Readonly<Record<string, unknown>>,
      result: (reads: Record<string, Read>) => A
    ) =>
      probe.around(
        Effect.suspend(() => {
          const reads = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, readOf(value)]))
          probe.started(key, reads)
          return Effect.flatMap(
            pauses(of.pauses[at]!),
            () => program.fails ? Effect.fail(new Broken({ key })) : Effect.succeed(result(reads))
          )
        }),
        key
      )
    const [key] = keys
    if (keys.length === 1 && key !== undefined) {
      assets.set(
        key,
        Asset.make(key, {
          inputs,
          deps,
          ...schemaOf(key),
          // the values are made by the kind of the output, not by its type
          compute: (inputs): Effect.Effect<any, Broken> => compute(key, inputs, (reads) => outputOf(key, reads))
        })
      )
      return
    }
    const multi = Asset.multi(`multi ${at}`, {
      outputs: Object.fromEntries(keys.map((key) => [key, schemaOf(key)])),
      inputs,
      deps,
      canSubset: program.canSubset,
      compute: (inputs, { selected }): Effect.Effect<any, Broken> => {
        const wanted = keys.filter((key) => selected.has(key))
        return compute(
          wanted.join(),
          inputs,
          (reads) => Object.fromEntries(wanted.map((key) => [key, outputOf(key, reads)]))
        )
      }
    })
    for (const key of keys) assets.set(key, multi.assets[key]!)
  })
  return Graph.fromAssets(of.reversed ? [...assets.values()].reverse() : assets.values())
}
