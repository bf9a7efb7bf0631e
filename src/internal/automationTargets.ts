/**
 * What automations request: which assets and partitions are meant, and whether that is possible.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Automation from "../Automation.ts"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Graph from "../Graph.ts"
import * as Job from "../Job.ts"
import * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import * as Selection from "../Selection.ts"
import type { Compiled } from "./compile.ts"
import { resolveConfig } from "./config.ts"
import { didYouMean, suggest } from "./suggest.ts"
import { targetsOf } from "./targets.ts"

type Select = ReadonlyArray<string> | string | Selection.Selection | undefined

/**
 * A selection in the form that requests have.
 *
 * @internal
 */
export const plainSelect = (
  select: Select
): { readonly select?: string; readonly keys?: ReadonlyArray<string> } =>
  select === undefined
    ? {}
    : typeof select === "string"
    ? { select }
    : isList(select)
    ? { keys: select }
    : { select: Selection.print(select) }

const isList = (select: ReadonlyArray<string> | Selection.Selection): select is ReadonlyArray<string> =>
  Array.isArray(select)

/** Without what is `undefined`, so that it is what it will be when it is read back. */
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, value]) => value !== undefined)) as T

// ---------------------------------------------------------------------------------------------------------------------
// sets
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The partition set of the assets of a target, if they have one: they may have several, or there may be no such assets.
 *
 * @internal
 */
export const setOf = (compiled: Compiled, select: Select): Result.Result<Partitions.Any | undefined, string> => {
  const selected = Plan.selectedIds(compiled, select)
  if (Result.isFailure(selected)) return Result.fail(selected.failure.message)
  const known = new Map<string, { readonly set: Partitions.Any; readonly key: string }>()
  selected.success.forEach((selected, id) => {
    const { key, partitions } = compiled.assets[id]!
    if (selected === 1 && partitions !== undefined && !known.has(Partitions.id(partitions))) {
      known.set(Partitions.id(partitions), { set: partitions, key })
    }
  })
  const [first, second] = [...known.values()]
  if (second === undefined) return Result.succeed(first?.set)
  return Result.fail(
    `its assets have different partitions ("${
      first!.key
    }" and "${second.key}" have), so there is not one that has just ` +
      `ended: say which with \`partitions\`, or make one for each set`
  )
}

/**
 * The partition set that the ticks of a schedule are about: none if its target says which partitions it computes.
 *
 * @internal
 */
export const tickSet = (
  definitions: Automation.Deployed | undefined,
  target: Automation.AnyTarget | undefined
): Result.Result<Partitions.Any | undefined, string> =>
  definitions === undefined || target === undefined || target.partitions !== undefined
    ? Result.succeed(undefined)
    : remembered(Graph.compiled(definitions.graph), target)

const sets = new WeakMap<Compiled, WeakMap<Automation.AnyTarget, Result.Result<Partitions.Any | undefined, string>>>()

const remembered = (
  compiled: Compiled,
  target: Automation.AnyTarget
): Result.Result<Partitions.Any | undefined, string> => {
  let known = sets.get(compiled)
  if (known === undefined) sets.set(compiled, known = new WeakMap())
  let set = known.get(target)
  if (set === undefined) known.set(target, set = setOf(compiled, target.select))
  return set
}

/** The partitions that a tick is about, or why there are none. */
export type TickPartitions =
  | { readonly keys: "all" }
  | { readonly keys: ReadonlyArray<string>; readonly reason?: undefined }
  | { readonly keys: readonly []; readonly reason: string }

/**
 * The partitions of a set that have just ended at a moment, as the set's own expression and time zone say, and all keys of
 * dimensions without time; `offset` windows before them if that is given.
 *
 * A window that is excluded, or that is outside of the set, gives none: the one before it was there at an earlier tick.
 *
 * @internal
 */
export const endedAt = (
  set: Partitions.Any,
  time: number,
  offset: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>>
): TickPartitions => {
  const { dimensions } = Partitions.resolveAt(set, time, dynamicKeys)
  if (dimensions.every(({ dimension }) => dimension.kind === "Keys")) {
    return dimensions.some(({ dimension }) => dimension.size === 0)
      ? { keys: [], reason: "there are no partitions yet" }
      : { keys: "all" }
  }
  let keys: ReadonlyArray<string> = [""]
  for (const [i, { dimension, name }] of dimensions.entries()) {
    let own: ReadonlyArray<string>
    if (dimension.kind === "Keys") own = Array.from({ length: dimension.size }, (_, at) => dimension.keyAt(at))
    else {
      const single = name === undefined ?
        set :
        (set as Partitions.Product<{ readonly [name: string]: Partitions.Single }>)
          .dimensions[name]!
      const { endOffset } = single as Partitions.TimeWindows
      // where the window that has just ended starts, excluded or not
      const start = dimension.startBefore(dimension.startBefore(Math.floor(time) + 1))
      const by = endOffset - offset
      if (!Number.isFinite(start)) return { keys: [], reason: "no partition has ended yet" }
      if (dimension.holding(start) === undefined) {
        const key = JSON.stringify(dimension.keyOf({ start, end: start }))
        return { keys: [], reason: `the partition ${key} is excluded` }
      }
      const key = dimension.keyOf(by === 0 ? { start, end: start } : dimension.shifted(start, by))
      if (dimension.indexOf(key) < 0) {
        const reason = dimension.size === 0
          ? "no partition has ended yet"
          : `there is no partition ${JSON.stringify(key)}: the last one is ${
            JSON.stringify(dimension.keyAt(dimension.size - 1))
          }`
        return { keys: [], reason }
      }
      own = [key]
    }
    keys = i === 0 ? own : keys.flatMap((head) => own.map((key) => `${head}|${key}`))
  }
  return keys.length === 0 ? { keys: [], reason: "there are no partitions yet" } : { keys }
}

// ---------------------------------------------------------------------------------------------------------------------
// requests
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A request with what the target of its automation says.
 *
 * @internal
 */
export const completed = (
  request: AutomationStore.Request,
  target: Automation.AnyTarget | undefined,
  definitions: Automation.Deployed | undefined
): AutomationStore.Request => {
  const job = request.job === undefined ? undefined : definitions?.jobs.find(({ name }) => name === request.job)
  if (target === undefined || request.job !== undefined) {
    return defined({ priority: job?.priority, ...defined(request) })
  }
  if (Job.isJob(target)) return defined({ job: target.name, priority: target.priority, ...defined(request) })
  const { checks, config, observe, onlyStale, partitions, priority, select, tags } = target
  const isOther = (request.keys ?? request.select ?? request.observe) !== undefined
  return defined({
    ...(!isOther && { ...plainSelect(select), observe }),
    checks,
    onlyStale,
    priority,
    ...(!isOther && request.partition === undefined && { partitions }),
    ...defined(request),
    config: config === undefined ? request.config : { ...config, ...request.config },
    tags: tags === undefined ? request.tags : { ...tags, ...request.tags }
  })
}

/**
 * What is wrong with a request, if anything is: it could not be run.
 *
 * @internal
 */
export const problemsOf = Effect.fnUntraced(function*(
  request: AutomationStore.Request,
  definitions: Automation.Deployed,
  now: number,
  dynamicKeys: ReadonlyMap<string, ReadonlyArray<string>> | undefined
): Effect.fn.Return<ReadonlyArray<string>> {
  const compiled = Graph.compiled(definitions.graph)
  const job = request.job === undefined ? undefined : definitions.jobs.find(({ name }) => name === request.job)
  if (request.job !== undefined && job === undefined) {
    const names = definitions.jobs.map(({ name }) => name)
    return [`There is no job ${JSON.stringify(request.job)}.${didYouMean(suggest(request.job, names))}`]
  }
  const select = request.keys ?? request.select
  if (job === undefined && select === undefined) {
    if (request.observe === undefined) return ["Nothing is selected: name a job, or give a selection."]
    return request.observe.flatMap((key) => compiled.ids.has(key) ? [] : [Graph.unknownAsset(compiled, key).message])
  }
  const planned = Plan.selectedIds(compiled, select ?? job?.select)
  if (Result.isFailure(planned)) return [planned.failure.message]
  const problems: Array<string> = []
  for (const key of request.observe ?? []) {
    if (!compiled.ids.has(key)) problems.push(Graph.unknownAsset(compiled, key).message)
  }
  if (job !== undefined && select !== undefined) {
    const own = Plan.selectedIds(compiled, job.select)
    const id = Result.isFailure(own) ? -1 : planned.success.findIndex((selected, id) => selected > own.success[id]!)
    if (id >= 0) problems.push(`The asset "${compiled.assets[id]!.key}" is no part of the job "${job.name}".`)
  }
  const config = yield* Effect.result(resolveConfig(compiled, planned.success, { ...job?.config, ...request.config }))
  if (Result.isFailure(config)) {
    problems.push(...config.failure.map(({ key, problem }) => `The configuration of "${key}": ${problem}`))
  }
  const wanted = request.partition === undefined ? request.partitions ?? job?.partitions : [request.partition]
  // whether there are dynamic keys is known only where they are given
  const isKnown = dynamicKeys !== undefined ||
    !compiled.assets.some((asset, id) =>
      planned.success[id] === 1 && asset.partitions !== undefined &&
      Partitions.dynamicNames(asset.partitions).length > 0
    )
  if (request.partition !== undefined && request.partitions !== undefined) {
    problems.push("Both `partition` and `partitions` are given: give one of the two.")
  } else if (isKnown) {
    const inside = { graph: compiled, planned: planned.success, outputs: new Map() }
    const targets = targetsOf(
      inside,
      wanted,
      (set) => Partitions.resolveAt(set, now, dynamicKeys ?? new Map())
    )
    if (Result.isFailure(targets)) {
      problems.push(...targets.failure.slice(0, 20).map(({ key, problem }) => `"${key}" ${problem}`))
    }
  }
  return problems
})

/**
 * What a program gives, a request say, as it will be stored, or why it cannot be.
 *
 * @internal
 */
export const decodedWith = <A>(schema: Schema.Codec<A, unknown>): (given: unknown) => Result.Result<A, string> => {
  const decode = Schema.decodeUnknownExit(schema, { errors: "all" })
  return (given) => {
    const exit = decode(isRecord(given) ? defined(given) : given)
    if (exit._tag === "Success") return Result.succeed(exit.value)
    const error = Option.getOrUndefined(
      Option.fromUndefinedOr(exit.cause.reasons.find((reason) => reason._tag === "Fail"))
    )
    return Result.fail(error === undefined ? "it is something else" : error.error.message.replaceAll(/\s*\n\s*/g, " "))
  }
}

const isRecord = (given: unknown): given is object =>
  typeof given === "object" && given !== null && !Array.isArray(given)

/**
 * What is wrong with keys that are to be added to sets of dynamic partitions.
 *
 * @internal
 */
export const keyProblems = (added: Automation.Requests["addPartitions"] = {}): ReadonlyArray<string> =>
  Object.entries(added).flatMap(([name, keys]) => {
    const valid = Partitions.validateDynamicKeys(name, keys)
    return Result.isFailure(valid) ? [valid.failure.message] : []
  })
