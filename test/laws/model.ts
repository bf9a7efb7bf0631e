/**
 * The semantics of a run, as plainly as it can be said: no concurrency, no events, no counters. The runtime must agree
 * with it on every graph; `runtime.test.ts` checks that.
 *
 * A value is a number, `undefined` for the value of an asset whose type is `void`, or `none` where an optional input has
 * nothing. What a program computes is a function of its key and of what it reads.
 */

/** How an input meets a missing value. */
export type Mode = "value" | "optional" | "lastValue" | "optionalLastValue"

/** What a program gives for one output: a value, `None`, nothing to store, or a value that its schema refuses. */
export type Gives = "value" | "none" | "void" | "refused"

/** A program: one asset, or a multi-asset if it has several outputs. An external one is only read. */
export interface Program {
  readonly outputs: Readonly<Record<string, Gives>>
  readonly inputs: ReadonlyArray<{ readonly name: string; readonly from: string; readonly mode: Mode }>
  readonly deps: ReadonlyArray<{ readonly from: string; readonly optional: boolean }>
  readonly canSubset: boolean
  readonly fails: boolean
  readonly external: boolean
}

export type Outcome =
  | { readonly _tag: "Materialized"; readonly stored: boolean; readonly value: number }
  | { readonly _tag: "Skipped"; readonly reason: "NoOutput" | "UpstreamSkipped" | "NoLastValue"; readonly keys: Keys }
  | { readonly _tag: "Failed"; readonly why: "program" | "value" | "NotStored" }
  | { readonly _tag: "UpstreamFailed"; readonly failed: Keys }
  | { readonly _tag: "NotSelected" }

type Keys = ReadonlyArray<string>

export const none = "none"
export type Read = number | undefined | typeof none

export interface Result {
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** What is stored afterwards. */
  readonly stored: ReadonlyMap<string, number>
  /** What each program read that ran, by the keys of its outputs: one entry for a program, however many outputs. */
  readonly ran: ReadonlyMap<string, Readonly<Record<string, Read>>>
}

/** Evaluates the selected assets of a graph, given what is stored before. */
export const evaluate = (
  programs: ReadonlyArray<Program>,
  selection: ReadonlySet<string>,
  before: ReadonlyMap<string, number>
): Result => {
  const outcomes = new Map<string, Outcome>()
  const stored = new Map(before)
  const ran = new Map<string, Record<string, Read>>()

  const outcomeOf = (key: string): Outcome => {
    if (!outcomes.has(key)) evaluateProgram(programs.find((program) => key in program.outputs)!)
    return outcomes.get(key)!
  }

  const evaluateProgram = (program: Program): void => {
    const keys = Object.keys(program.outputs)
    // a multi-asset that cannot compute a part of itself is computed whole
    const whole = !program.canSubset && keys.some((key) => selection.has(key))
    const planned = keys.filter((key) => !program.external && (whole || selection.has(key)))
    for (const key of keys) outcomes.set(key, { _tag: "NotSelected" })
    if (planned.length === 0) return
    const settled = run(program, planned)
    for (const key of planned) outcomes.set(key, typeof settled === "function" ? settled(key) : settled)
  }

  /** One outcome for all the outputs, or one for each. */
  const run = (program: Program, planned: Keys): Outcome | ((key: string) => Outcome) => {
    const { deps, inputs } = program
    const required = [...inputs.filter(({ mode }) => mode === "value"), ...deps.filter(({ optional }) => !optional)]
    const skipped = required.filter(({ from }) => outcomeOf(from)._tag === "Skipped")
    // a skip is decided before a failure
    if (skipped.length > 0) return { _tag: "Skipped", reason: "UpstreamSkipped", keys: keysOf(skipped) }
    // a failure comes over every kind of edge
    const failed = [...inputs, ...deps].flatMap(({ from }) => failuresBehind(from))
    if (failed.length > 0) return { _tag: "UpstreamFailed", failed: [...new Set(failed)] }

    const without = inputs.filter(({ from, mode }) => read(from, mode) === missing)
    const notSelected = without.filter(({ from }) => outcomeOf(from)._tag === "NotSelected")
    if (notSelected.length > 0) return { _tag: "Failed", why: "NotStored" }
    if (without.length > 0) return { _tag: "Skipped", reason: "NoLastValue", keys: keysOf(without) }
    const reads = Object.fromEntries(inputs.map(({ from, mode, name }) => [name, read(from, mode) as Read]))
    ran.set(planned.join(), reads)
    return program.fails ? { _tag: "Failed", why: "program" } : (key) => store(key, program.outputs[key]!, reads)
  }

  const read = (from: string, mode: Mode): Read | typeof missing => {
    const outcome = outcomeOf(from)
    if (outcome._tag === "Materialized" && !outcome.stored) return undefined
    if (outcome._tag === "Skipped" && mode === "optional") return none
    return stored.get(from) ?? (mode === "optional" || mode === "optionalLastValue" ? none : missing)
  }

  const store = (key: string, gives: Gives, reads: Readonly<Record<string, Read>>): Outcome => {
    const value = valueOf(key, reads)
    switch (gives) {
      case "none": // what was stored before stays
        return { _tag: "Skipped", reason: "NoOutput", keys: [] }
      case "refused":
        return { _tag: "Failed", why: "value" }
      case "void":
        return { _tag: "Materialized", stored: false, value }
      case "value":
        stored.set(key, value)
        return { _tag: "Materialized", stored: true, value }
    }
  }

  const failuresBehind = (from: string): Keys => {
    const outcome = outcomeOf(from)
    return outcome._tag === "Failed" ? [from] : outcome._tag === "UpstreamFailed" ? outcome.failed : []
  }

  for (const program of programs) for (const key of Object.keys(program.outputs)) outcomeOf(key)
  return { outcomes, stored, ran }
}

/** What a program computes from what it read: different for different keys and different inputs. */
export const valueOf = (key: string, reads: Readonly<Record<string, Read>>): number => {
  let hash = 0
  const text = JSON.stringify([key, Object.entries(reads).sort().map(([name, value]) => [name, String(value)])])
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0
  return hash
}

const missing = Symbol("nothing is stored")

const keysOf = (edges: ReadonlyArray<{ readonly from: string }>): Keys => [...new Set(edges.map(({ from }) => from))]
