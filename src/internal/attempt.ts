/**
 * One planned step: load what it reads, run the program, check and store what it returned. It knows nothing of the other
 * steps of the run but what the environment tells, and its results hold no values: this is the seam between the run's
 * bookkeeping and the place where the work happens.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Asset from "../Asset.ts"
import * as Check from "../Check.ts"
import type * as EventLog from "../EventLog.ts"
import * as IOManager from "../IOManager.ts"
import * as Metadata from "../Metadata.ts"
import { AssetValueError } from "./errors.ts"
import type { Step } from "./step.ts"
import { didYouMean, suggest } from "./suggest.ts"
import { checkedValue, type NodeRead, type Work } from "./work.ts"

/** What became of a node so far. */
export const State = {
  notPlanned: 0,
  pending: 1,
  /** Computed; the value is stored. */
  stored: 2,
  /** Computed; there is no value to store. */
  void: 3,
  skipped: 4,
  failed: 5,
  upstreamFailed: 6,
  cancelled: 7,
  /** What is stored is fresh. */
  upToDate: 8,
  /** A check that was evaluated, or a gate that is open. */
  done: 9
} as const

/** What a step can see of its run. */
export interface Environment {
  readonly work: Work
  readonly runId: string
  readonly tags: { readonly [name: string]: string }
  readonly config: ReadonlyMap<string, unknown>
  readonly states: Uint8Array
  /** The storage of a node's value; `undefined` where no layer provides it, which types allow for `void` alone. */
  readonly storage: (id: number) => IOManager.Service | undefined
  /** Whether the log says that what a node was materialized with before this run has no value. */
  readonly isVoid: (id: number) => boolean
  readonly slot: (id: number) => IOManager.Slot
  /** Whether a node that is not part of the run was skipped when it last was part of one. */
  readonly wasSkipped: (id: number) => Effect.Effect<boolean>
  /** What a check judges. */
  readonly target: (id: number) => Effect.Effect<Check.Target | undefined, EventLog.EventLogError>
}

/** What a check came to. */
export interface CheckResult {
  readonly name: string
  readonly passed: boolean
  readonly severity: "warn" | "error"
  readonly blocking: boolean
  readonly metadata: Metadata.Metadata
  readonly description: string | undefined
}

/** What one output of a step came to. */
export type StepResult =
  | {
    readonly _tag: "Computed"
    readonly stored: boolean
    readonly metadata: Metadata.Metadata
    readonly dataVersion: string | undefined
    /** What the program says of the checks that its asset declares. */
    readonly checks: ReadonlyArray<CheckResult>
  }
  | { readonly _tag: "Checked"; readonly result: CheckResult }
  | { readonly _tag: "Skipped"; readonly reason: EventLog.SkipReason }
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<unknown> }

/** What a step came to: for one asset, or for each output of a multi-asset. */
export type Results = StepResult | ReadonlyArray<StepResult>

/** @internal */
export const slotOf = (
  asset: Asset.Any,
  runId: string | undefined,
  partition: string | undefined
): IOManager.Slot => ({
  key: asset.key,
  partition,
  // definitions take schemas that need no services
  schema: asset.schema as Schema.ConstraintCodec<unknown, unknown> | undefined,
  metadata: asset.metadata,
  runId
})

const noOutput: StepResult = { _tag: "Skipped", reason: { _tag: "NoOutput" } }

/**
 * One attempt at a step: gives the result of an asset, or those of the planned outputs (`outputs`) of a multi-asset.
 *
 * What can be done without suspending is done by the call itself, and may throw; a step that never suspends gives an Exit.
 *
 * @internal
 */
export const attempt = (
  env: Environment,
  id: number,
  outputs: ReadonlyArray<number> | undefined,
  step: Step
): Effect.Effect<Results, unknown, unknown> => {
  const inputs: Record<string, unknown> = {}
  const loading = loadInputs(env, env.work.reads[id]!, step, inputs)
  return loading === undefined
    ? work(env, id, outputs, step, inputs)
    : Effect.flatMap(loading, (reason) => {
      if (reason === undefined) return work(env, id, outputs, step, inputs)
      const skipped: StepResult = { _tag: "Skipped", reason }
      return Effect.succeed(outputs === undefined ? skipped : outputs.map(() => skipped))
    })
}

/** Runs the program of an asset, or of a check. */
const work = (
  env: Environment,
  id: number,
  outputs: ReadonlyArray<number> | undefined,
  step: Step,
  inputs: Record<string, unknown>
): Effect.Effect<Results, unknown, unknown> => {
  const check = env.work.checks?.[id]
  return check === undefined ? compute(env, id, outputs, step, inputs) : evaluate(env, id, check, inputs)
}

/** Runs the program of a check. */
const evaluate = (
  env: Environment,
  id: number,
  check: Check.Any,
  { [checkedValue]: value, ...inputs }: Record<string, unknown>
): Effect.Effect<StepResult, unknown, unknown> => {
  const partition = env.work.partitions?.[id]
  const judge = (target: Check.Target | undefined): Effect.Effect<unknown, unknown, unknown> => {
    const context: Check.CheckContext = {
      key: check.asset.key,
      inputs,
      partition: partition?.value,
      partitionKey: partition?.key,
      target,
      runId: env.runId,
      tags: env.tags
    }
    return Check.evaluateOf(check)(value, context)
  }
  // a program that is not given the value is not told of the target either
  const target = check.loads ? env.target(id) : Exit.succeed(undefined)
  return Effect.map(
    isSuccess(target) ? judge(target.value as Check.Target | undefined) : Effect.flatMap(target, judge),
    (returned): StepResult => ({ _tag: "Checked", result: checkResult(check.name, check, returned) })
  )
}

const checkResult = (name: string, declared: Asset.CheckOptions, returned: unknown): CheckResult => {
  const result = typeof returned === "boolean" ? { passed: returned } : returned as Asset.CheckResult
  if (typeof result !== "object" || result === null || typeof result.passed !== "boolean") {
    throw new TypeError(`The check "${name}" must give a boolean, or { passed: true or false, metadata, … }.`)
  }
  return {
    name,
    passed: result.passed,
    severity: result.severity ?? declared.severity ?? "error",
    blocking: declared.blocking ?? false,
    metadata: result.metadata === undefined ? Metadata.empty : Metadata.fromInput(result.metadata),
    description: result.description ?? declared.description
  }
}

const compute = (
  env: Environment,
  id: number,
  outputs: ReadonlyArray<number> | undefined,
  step: Step,
  inputs: Record<string, unknown>
): Effect.Effect<Results, unknown, unknown> => {
  const asset = env.work.assets[id]!
  const { runId, tags } = env
  const partition = env.work.partitions?.[id]
  if (asset.output !== undefined && outputs !== undefined) {
    return computeMulti(env, asset.output.multi, outputs, step, inputs)
  }
  const context: Asset.ComputeContext = {
    key: asset.key,
    partition: partition?.value,
    partitionKey: partition?.key,
    config: asset.config === undefined ? undefined : env.config.get(asset.key),
    runId,
    tags,
    attempt: step.attempts
  }
  const computed = Asset.computeOf(asset)(inputs, context)
  return isSuccess(computed)
    ? store(env, id, computed.value, step)
    : Effect.flatMap(computed, (returned) => store(env, id, returned, step))
}

const computeMulti = Effect.fnUntraced(function*(
  env: Environment,
  multi: Asset.AnyMulti,
  outputs: ReadonlyArray<number>,
  step: Step,
  inputs: Record<string, unknown>
): Effect.fn.Return<ReadonlyArray<StepResult>, unknown, unknown> {
  const names = outputs.map((id) => env.work.assets[id]!.output!.name)
  const partition = env.work.partitions?.[outputs[0]!]
  const context: Asset.MultiContext = {
    key: multi.name,
    partition: partition?.value,
    partitionKey: partition?.key,
    config: env.config.get(multi.name),
    runId: env.runId,
    tags: env.tags,
    attempt: step.attempts,
    selected: new Set(names)
  }
  const returned = yield* Asset.computeOf(env.work.assets[outputs[0]!]!)(inputs, context)
  if (typeof returned !== "object" || returned === null || Option.isOption(returned) || Asset.isOutput(returned)) {
    return yield* new AssetValueError({
      key: multi.name,
      problem: `must return a record with a value for each of its outputs: ${names.join(", ")}.`
    })
  }
  const record = returned as { readonly [name: string]: unknown }
  const unknown = Object.keys(record).filter((name) => !Object.hasOwn(multi.assets, name))
  if (unknown.length > 0) {
    return yield* new AssetValueError({
      key: multi.name,
      problem: `returned what is none of its outputs: ${unknown.join(", ")}.${
        didYouMean(suggest(unknown[0]!, Object.keys(multi.assets)))
      }`
    })
  }
  // one output that cannot be stored does not keep the others from it
  return yield* Effect.forEach(outputs, (id, at) => {
    const name = names[at]!
    const stored = Object.hasOwn(record, name)
      ? Effect.suspend(() => store(env, id, record[name], step))
      : Effect.fail(
        new AssetValueError({
          key: env.work.assets[id]!.key,
          problem:
            `has no value: "${multi.name}" returned none under the name "${name}". Return Option.none() to skip it.`
        })
      )
    return Effect.catchCause(
      stored,
      (cause) =>
        Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.succeed<StepResult>({ _tag: "Failed", cause })
    )
  }, { concurrency: 4 })
})

const isSuccess = (effect: Effect.Effect<unknown, unknown, unknown>): effect is Exit.Success<unknown, unknown> =>
  Exit.isExit(effect) && effect._tag === "Success"

/**
 * Loads the inputs into `into`. Gives nothing when all of them were there at once; otherwise an effect of the reason to skip
 * the step, if it cannot do without what is missing.
 */
const loadInputs = (
  env: Environment,
  reads: ReadonlyArray<NodeRead>,
  step: Step,
  into: Record<string, unknown>
): Effect.Effect<EventLog.SkipReason | undefined, IOManager.IOManagerError> | undefined => {
  let missing: Array<string> | undefined
  let nowhere: Array<string> | undefined
  let skipped: Array<string> | undefined
  let waiting: Array<Effect.Effect<void, IOManager.IOManagerError>> | undefined
  for (const read of reads) {
    const { mode, name } = read
    const isOptional = mode === "optional" || mode === "optionalLastValue"
    if (read.many !== undefined) {
      ;(waiting ??= []).push(Effect.map(loadMany(env, read.many, mode), (values) => {
        into[name] = isOptional ? Option.some(values) : values
      }))
      continue
    }
    if (read.id === -1) {
      // a mapping that leads to no partition
      if (isOptional) {
        into[name] = Option.none()
        ;(step.absent ??= new Set()).add(name)
      } else (nowhere ??= []).push(read.key!)
      continue
    }
    const state = env.states[read.id]!
    const storage = env.storage(read.id)
    const before = state === State.notPlanned || state === State.upToDate ||
      (state === State.skipped && mode !== "optional")
    if (state === State.void || storage === undefined || (before && env.isVoid(read.id))) {
      into[name] = isOptional ? Option.some(undefined) : undefined
      continue
    }
    if (state === State.skipped && mode === "optional") {
      into[name] = Option.none()
      ;(step.absent ??= new Set()).add(name)
      continue
    }
    const slot = env.slot(read.id)
    const there = IOManager.immediateOf(storage)?.load(slot)
    if (there !== undefined) {
      into[name] = isOptional ? Option.some(there) : there
      continue
    }
    const load = storage.load(slot)
    ;(waiting ??= []).push(Effect.matchEffect(load, {
      onSuccess: (value) => {
        into[name] = isOptional ? Option.some(value) : value
        return Effect.void
      },
      onFailure: (error) => {
        if (IOManager.isNotStored(error)) {
          if (isOptional) {
            into[name] = Option.none()
            ;(step.absent ??= new Set()).add(name)
            return Effect.void
          }
          if (state === State.skipped) {
            const { key } = env.work.assets[read.id]!
            if (missing?.includes(key) !== true) (missing ??= []).push(key)
            return Effect.void
          }
          if (state === State.notPlanned) {
            return Effect.flatMap(env.wasSkipped(read.id), (wasSkipped) => {
              if (!wasSkipped) return Effect.fail(error)
              const { key } = env.work.assets[read.id]!
              if (skipped?.includes(key) !== true) (skipped ??= []).push(key)
              return Effect.void
            })
          }
        }
        return Effect.fail(error)
      }
    }))
  }
  if (nowhere !== undefined) return Effect.succeed({ _tag: "NoUpstreamPartition", keys: nowhere })
  return waiting && Effect.map(
    Effect.forEach(waiting, (load) => load, { concurrency: 16, discard: true }),
    () =>
      skipped !== undefined
        ? { _tag: "UpstreamSkipped", keys: skipped }
        : missing && { _tag: "NoLastValue", keys: missing }
  )
}

/** The values of several partitions by key: those that are there, in the order of the partitions. */
const loadMany = (
  env: Environment,
  nodes: ReadonlyArray<number>,
  mode: Asset.InputMode
): Effect.Effect<ReadonlyMap<string, unknown>, IOManager.IOManagerError> => {
  const found: Array<{ readonly value: unknown } | undefined> = []
  const takesLast = mode === "lastValue" || mode === "optionalLastValue"
  const load = (id: number, at: number): Effect.Effect<void, IOManager.IOManagerError> => {
    const state = env.states[id]!
    const storage = env.storage(id)
    if (state === State.skipped && !takesLast) return Effect.void
    if (state === State.void || (state !== State.stored && env.isVoid(id))) {
      found[at] = { value: undefined }
      return Effect.void
    }
    if (storage === undefined) return Effect.void
    const slot = env.slot(id)
    const there = IOManager.immediateOf(storage)?.load(slot)
    if (there !== undefined) {
      found[at] = { value: there }
      return Effect.void
    }
    return Effect.matchEffect(storage.load(slot), {
      onSuccess: (value) => {
        found[at] = { value }
        return Effect.void
      },
      onFailure: (error) => IOManager.isNotStored(error) && state !== State.stored ? Effect.void : Effect.fail(error)
    })
  }
  return Effect.map(
    Effect.forEach(nodes, load, { concurrency: 16, discard: true }),
    () => {
      const values = new Map<string, unknown>()
      nodes.forEach((id, at) => {
        const value = found[at]
        if (value !== undefined) values.set(env.work.partitions![id]!.key, value.value)
      })
      return values
    }
  )
}

/** Checks and stores what a program returned for one asset. */
const store = (
  env: Environment,
  id: number,
  returned: unknown,
  step: Step
): Effect.Effect<StepResult, IOManager.IOManagerError | AssetValueError> => {
  let value = returned
  let metadata: Metadata.Metadata = step.metadata === undefined ? Metadata.empty : { ...step.metadata }
  let dataVersion: string | undefined
  let checks: Asset.Output<unknown>["checks"] = {}
  // one Option and one Output, either in the other: what is inside is the value, be it an Option itself
  let inOption = false
  let inOutput = false
  while (typeof value === "object" && value !== null) {
    if (!inOption && Option.isOption(value)) {
      if (Option.isNone(value)) return Effect.succeed(noOutput)
      inOption = true
      value = value.value
    } else if (!inOutput && Asset.isOutput(value)) {
      inOutput = true
      metadata = merged(metadata, value.metadata)
      dataVersion = value.dataVersion
      checks = value.checks
      value = value.value
    } else break
  }
  const { checks: declared, key, schema } = env.work.assets[id]!
  if (value instanceof Promise || (Effect.isEffect(value) && !(value instanceof Error))) {
    return Effect.fail(
      new AssetValueError({
        key,
        problem: value instanceof Promise
          ? "returned a Promise. Wait for it: yield* Effect.promise(() => …)."
          : "returned an Effect as its value. Run it: return yield* …"
      })
    )
  }
  if (schema !== undefined) {
    const checked = checkOf(schema)(value)
    if (Exit.isFailure(checked)) {
      const [reason] = checked.cause.reasons
      const problem = reason !== undefined && Cause.isFailReason(reason)
        ? reason.error.message
        : Cause.pretty(checked.cause)
      return Effect.fail(
        new AssetValueError({
          key,
          problem: `returned a value that its schema refuses: ${problem.replaceAll(/\s*\n\s*/g, " ")}.`
        })
      )
    }
  }
  const checked = checkResults(key, declared, checks)
  if (checked instanceof AssetValueError) return Effect.fail(checked)
  const storage = env.storage(id)
  if ((value === undefined && (schema === undefined || isVoidSchema(schema))) || storage === undefined) {
    return value === undefined
      ? Effect.succeed<StepResult>({ _tag: "Computed", stored: false, metadata, dataVersion, checks: checked })
      : Effect.die(new Error(`No layer provides the IO manager of "${key}": ${env.work.assets[id]!.ioManager.key}`))
  }
  const immediate = IOManager.immediateOf(storage)
  const now = immediate === undefined ? IOManager.later : immediate.save(value, env.slot(id))
  const computed = (saved: IOManager.Saved | void): StepResult => ({
    _tag: "Computed",
    stored: true,
    metadata: saved?.metadata === undefined ? metadata : merged(Metadata.fromInput(saved.metadata), metadata),
    dataVersion: dataVersion ?? saved?.dataVersion,
    checks: checked
  })
  return now === IOManager.later
    ? Effect.map(storage.save(value, env.slot(id)), computed)
    : Effect.succeed(computed(now))
}

const noChecks: ReadonlyArray<CheckResult> = []

/** What a program says of the checks that its asset declares: of each of them, and of no other. */
const checkResults = (
  key: string,
  declared: Asset.Any["checks"],
  given: Asset.Output<unknown>["checks"]
): ReadonlyArray<CheckResult> | AssetValueError => {
  const results: Array<CheckResult> = []
  for (const name in given) {
    if (Object.hasOwn(declared, name)) continue
    const names = Object.keys(declared)
    const known = names.length === 0
      ? "It declares none: see the option `checks`."
      : didYouMean(suggest(name, names)).trim()
    return new AssetValueError({
      key,
      problem: `returned the result of a check "${name}" that it does not declare. ${known}`.trim()
    })
  }
  for (const name in declared) {
    if (!Object.hasOwn(given, name)) {
      return new AssetValueError({
        key,
        problem:
          `declares the check "${name}" and returned no result of it. Return Asset.output(value, { checks: { … } }).`
      })
    }
    results.push(checkResult(name, declared[name]!, given[name]))
  }
  return results.length === 0 ? noChecks : results
}

const merged = (a: Metadata.Metadata, b: Metadata.Metadata): Metadata.Metadata =>
  a === Metadata.empty ? b : b === Metadata.empty ? a : { ...a, ...b }

/** An asset of this schema is `void` by its type, and has no IO manager. */
const isVoidSchema = (schema: Schema.Constraint): boolean =>
  schema.ast._tag === "Void" || schema.ast._tag === "Undefined"

type Check = (value: unknown) => Exit.Exit<unknown, Schema.SchemaError>

/** The check of a schema's type side, built once for each schema. */
const checks = new WeakMap<object, Check>()

const checkOf = (schema: Schema.Constraint): Check => {
  let check = checks.get(schema)
  if (check === undefined) {
    // definitions take schemas that need no services
    check = Schema.decodeUnknownExit(Schema.toType(schema as Schema.ConstraintCodec<unknown, unknown>))
    checks.set(schema, check)
  }
  return check
}
