/**
 * What making, checking and evaluating conditions have in common: their parts, what tells two of them apart, and what can
 * be wrong with one.
 */
import * as Result from "effect/Result"
import type { Condition } from "../Condition.ts"
import type { Selection } from "../Selection.ts"
import * as Cron from "./cron.ts"
import * as Syntax from "./selectionSyntax.ts"
import { exactly, fold, join, literals } from "./selectionTree.ts"
import * as Zone from "./zone.ts"

/** How deep conditions may nest. */
const maxDepth = 100

const none: ReadonlyArray<never> = []

/**
 * What a condition is made of.
 *
 * @internal
 */
export const partsOf = (condition: Condition): ReadonlyArray<Condition> => {
  switch (condition._tag) {
    case "And":
    case "Or":
      return condition.of
    case "Since":
      return [condition.trigger, condition.reset]
    case "Not":
    case "NewlyTrue":
    case "AnyDepsMatch":
    case "AllDepsMatch":
    case "AnyChecksMatch":
    case "AllChecksMatch":
    case "AssetMatches":
    case "AnyJobRootsMatch":
    case "AllJobRootsMatch":
      return [condition.of]
    default:
      return none
  }
}

/**
 * The same condition with other parts.
 *
 * @internal
 */
export const withParts = (condition: Condition, parts: ReadonlyArray<Condition>): Condition => {
  switch (condition._tag) {
    case "And":
    case "Or":
      return { ...condition, of: parts }
    case "Since":
      return { ...condition, trigger: parts[0]!, reset: parts[1]! }
    default:
      // whatever else has parts has one
      return parts.length === 0 ? condition : { ...condition, of: parts[0]! } as Condition
  }
}

/**
 * A condition rebuilt from its leaves on. What does not change stays the same object.
 *
 * @internal
 */
export const rewrite = (condition: Condition, f: (condition: Condition) => Condition | undefined): Condition => {
  const replaced = f(condition)
  if (replaced !== undefined) return replaced
  const parts = partsOf(condition)
  const next = parts.map((part) => rewrite(part, f))
  return next.every((part, at) => part === parts[at]) ? condition : withParts(condition, next)
}

const texts = new WeakMap<Condition, string>()

/**
 * A text that is the same for conditions that mean the same: labels do not count, nor does the order of fields.
 *
 * @internal
 */
export const textOf = (condition: Condition): string => {
  let text = texts.get(condition)
  if (text === undefined) {
    const { _tag, label: _, ...fields } = condition
    const own = Object.entries(fields)
      .filter(([name, value]) => value !== undefined && !partNames.has(name))
      .map(([name, value]) => [name, canonical(value)])
      .sort(([a], [b]) => String(a) < String(b) ? -1 : 1)
    const parts = partsOf(condition).map(textOf)
    text = `${_tag}${own.length === 0 ? "" : JSON.stringify(own)}${parts.length === 0 ? "" : `(${parts.join()})`}`
    texts.set(condition, text)
  }
  return text
}

const partNames: ReadonlySet<string> = new Set(["of", "trigger", "reset"])

const canonical = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
    : value

/**
 * A short name for a text: equal texts have equal names, and others different ones as far as 64 bits can tell.
 *
 * @internal
 */
export const nameOf = (text: string): string => {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
    b ^= b >>> 13
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36)
}

/**
 * A cron expression in a time zone, or what is wrong with it.
 *
 * @internal
 */
export const cronOf = (cron: string, timeZone: string): Result.Result<Cron.Cron, string> => {
  const zone = Zone.make(timeZone)
  return zone === undefined
    ? Result.fail(
      `there is no time zone ${JSON.stringify(timeZone)}: give a name ("Europe/Berlin") or an offset ("+02:00")`
    )
    : Result.mapError(
      Cron.parse(cron, zone),
      (problem) =>
        `the cron expression ${
          JSON.stringify(cron)
        } is not valid (${problem}): it has five fields, which are minute, ` +
        "hour, day of the month, month and day of the week"
    )
}

/**
 * The selection of a text, or what is wrong with it.
 *
 * @internal
 */
export const selectionOf = (text: string): Result.Result<Selection, string> => {
  const read = Syntax.parse(text)
  return read instanceof Syntax.Refusal
    ? Result.fail(
      `the selection ${JSON.stringify(text)} cannot be read: ${read.problem}${
        read.hint === undefined ? "" : `. ${read.hint}`
      }`
    )
    : Result.succeed(read)
}

/**
 * The text of a selection: of one that is text already, of keys, or of a value.
 *
 * @internal
 */
export const selectionText = (selection: string | ReadonlyArray<string> | Selection): string => {
  if (typeof selection === "string") return selection
  if (!isKeys(selection)) return Syntax.print(selection)
  const keys = selection.map((key): Selection => ({ _tag: "Key", pattern: exactly(key) }))
  return Syntax.print(join("Or", keys) ?? { _tag: "Not", of: { _tag: "All" } })
}

const isKeys = (selection: ReadonlyArray<string> | Selection): selection is ReadonlyArray<string> =>
  Array.isArray(selection)

/**
 * What a condition is for.
 *
 * @internal
 */
export type Kind = "asset" | "check" | "job"

const everywhere: ReadonlySet<Condition["_tag"]> = new Set([
  "InitialEvaluation",
  "NewlyRequested",
  "CronTickPassed",
  "And",
  "Or",
  "Not",
  "Since",
  "NewlyTrue",
  "AssetMatches"
])

const ofJobs: ReadonlySet<Condition["_tag"]> = new Set(["AnyJobRootsMatch", "AllJobRootsMatch"])
const ofChecks: ReadonlySet<Condition["_tag"]> = new Set(["CheckPassed", "CheckFailed"])
const ofAssets: ReadonlySet<Condition["_tag"]> = new Set([
  "CodeVersionChanged",
  "DataVersionChanged",
  "Stale",
  "ExecutedWithTags",
  "ExecutedWithRootTarget",
  "Freshness",
  "AnyChecksMatch",
  "AllChecksMatch",
  "AnyDownstreamConditions"
])

const fits = (tag: Condition["_tag"], kind: Kind): boolean => {
  if (everywhere.has(tag)) return true
  switch (kind) {
    case "job":
      return ofJobs.has(tag)
    case "check":
      return !ofJobs.has(tag) && !ofAssets.has(tag)
    case "asset":
      return !ofJobs.has(tag) && !ofChecks.has(tag)
  }
}

const whatFor: Readonly<Record<Kind, string>> = { asset: "an asset", check: "a check", job: "a job" }

/** What the parts of a condition are asked about. */
const inner = (tag: Condition["_tag"], kind: Kind): Kind => {
  switch (tag) {
    case "AnyDepsMatch":
    case "AllDepsMatch":
    case "AssetMatches":
    case "AnyJobRootsMatch":
    case "AllJobRootsMatch":
      return "asset"
    case "AnyChecksMatch":
    case "AllChecksMatch":
      return "check"
    default:
      return kind
  }
}

/**
 * What can be told of a condition without a graph: that it cannot be read, or asks an asset what only a check can answer.
 *
 * @internal
 */
export const problemsOf = (condition: Condition, kind: Kind): ReadonlyArray<string> => {
  const byKind = (known.get(condition) ?? known.set(condition, new Map()).get(condition))!
  let found = byKind.get(kind)
  if (found === undefined) byKind.set(kind, found = search(condition, kind))
  return found
}

const known = new WeakMap<Condition, Map<Kind, ReadonlyArray<string>>>()

/** What `sinceLastHandled` and `sinceUpToDate` end with. */
const handled: ReadonlySet<string> = new Set([
  "Or(NewlyRequested,NewlyUpdated,InitialEvaluation)",
  "Or(NewlyRequested,And(NewlyUpdated,Not(InputsChanged)),InitialEvaluation)"
])

const search = (root: Condition, kind: Kind): ReadonlyArray<string> => {
  const problems = new Set<string>()
  const open: Array<readonly [condition: Condition, kind: Kind, depth: number]> = [[root, kind, 1]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [condition, of, depth] = next
    if (depth > maxDepth) return [`its condition is nested more than ${maxDepth} deep`]
    const { _tag } = condition
    // a job is handled when it was requested, and nothing of it is ever computed
    if (of === "job" && handled.has(textOf(condition))) continue
    if (!fits(_tag, of)) {
      problems.add(`its condition asks ${whatFor[of]} for ${_tag}, which ${whatFor[of]} does not have`)
    }
    const problem = ownProblem(condition)
    if (problem !== undefined) problems.add(`in its condition, ${problem}`)
    for (const part of partsOf(condition)) open.push([part, inner(_tag, of), depth + 1])
  }
  return [...problems]
}

/**
 * What is wrong with a condition itself, and not with its parts.
 *
 * @internal
 */
export const ownProblem = (condition: Condition): string | undefined => {
  switch (condition._tag) {
    case "CronTickPassed":
      return failureOf(cronOf(condition.cron, condition.timeZone))
    case "InLatestTimeWindow": {
      const { lookbackMillis } = condition
      return lookbackMillis === undefined || (lookbackMillis > 0 && Number.isFinite(lookbackMillis))
        ? undefined
        : "lookback must be longer than nothing, and finite"
    }
    case "AnyDepsMatch":
    case "AllDepsMatch": {
      for (const text of [condition.allow, condition.ignore]) {
        const problem = text === undefined ? undefined : failureOf(selectionOf(text))
        if (problem !== undefined) return problem
      }
      return undefined
    }
    case "ExecutedWithTags":
      return condition.keys.length === 0 && Object.keys(condition.values).length === 0
        ? "executedWithTags names no tag: give keys or values"
        : undefined
    default:
      return undefined
  }
}

const failureOf = (result: Result.Result<unknown, string>): string | undefined =>
  Result.isFailure(result) ? result.failure : undefined

/**
 * The keys that a condition names one by one: of assets that have to be there.
 *
 * @internal
 */
export const keysIn = (root: Condition): ReadonlySet<string> => {
  let keys = namedKeys.get(root)
  if (keys !== undefined) return keys
  const found = new Set<string>()
  // what is nested too deep is a problem that is told, not one of the call stack
  const open = [root]
  for (let condition = open.pop(); condition !== undefined; condition = open.pop()) {
    open.push(...partsOf(condition))
    if (condition._tag === "AssetMatches") found.add(condition.key)
    if (condition._tag !== "AnyDepsMatch" && condition._tag !== "AllDepsMatch") continue
    for (const text of [condition.allow, condition.ignore]) {
      const selection = text === undefined ? undefined : selectionOf(text)
      if (selection === undefined || Result.isFailure(selection)) continue
      fold<void>(selection.success, (of) => {
        const parts = of._tag === "Key" ? literals(of.pattern) : none
        if (parts.length === 1) found.add(parts[0]!)
      })
    }
  }
  keys = found
  namedKeys.set(root, keys)
  return keys
}

const namedKeys = new WeakMap<Condition, ReadonlySet<string>>()

/**
 * The same condition of assets with other keys: those that it names one by one are renamed.
 *
 * @internal
 */
export const renamed = (root: Condition, rename: (key: string) => string): Condition => {
  const selection = (text: string): string => {
    const read = selectionOf(text)
    if (Result.isFailure(read)) return text
    return Syntax.print(fold<Selection>(read.success, (of, operands) => {
      switch (of._tag) {
        case "Key": {
          const parts = literals(of.pattern)
          return parts.length === 1 ? { _tag: "Key", pattern: exactly(rename(parts[0]!)) } : of
        }
        case "And":
        case "Or":
          return { ...of, of: operands }
        case "Not":
        case "Upstream":
        case "Downstream":
        case "Roots":
        case "Sinks":
          return { ...of, of: operands[0]! }
        default:
          return of
      }
    }))
  }
  const visit = (condition: Condition): Condition => {
    const parts = partsOf(condition)
    const next = parts.map(visit)
    const same = next.every((part, at) => part === parts[at]) ? condition : withParts(condition, next)
    if (same._tag === "AssetMatches") {
      const key = rename(same.key)
      return key === same.key ? same : { ...same, key }
    }
    if (same._tag !== "AnyDepsMatch" && same._tag !== "AllDepsMatch") return same
    return same.allow === undefined && same.ignore === undefined ? same : {
      ...same,
      ...(same.allow !== undefined && { allow: selection(same.allow) }),
      ...(same.ignore !== undefined && { ignore: selection(same.ignore) })
    }
  }
  return keysIn(root).size === 0 ? root : visit(root)
}
