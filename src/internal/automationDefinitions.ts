/**
 * Everything that is wrong with the jobs and automations of definitions.
 */
import * as Result from "effect/Result"
import * as Asset from "../Asset.ts"
import * as Automation from "../Automation.ts"
import type * as Definitions from "../Definitions.ts"
import * as Graph from "../Graph.ts"
import * as Job from "../Job.ts"
import * as Plan from "../Plan.ts"
import type * as Selection from "../Selection.ts"
import { setOf } from "./automationTargets.ts"
import type { Compiled } from "./compile.ts"
import * as ConditionTree from "./conditionTree.ts"
import { didYouMean, suggest } from "./suggest.ts"

/**
 * What a kind is called.
 *
 * @internal
 */
export const words = (kind: string): string => kind.replaceAll(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`)

const validName = /^[A-Za-z0-9_\-./]+$/

/**
 * The jobs of definitions, those of automations included, and what is wrong with all.
 *
 * @internal
 */
export const collect = (
  graph: Graph.Any,
  named: ReadonlyArray<Job.Any>,
  automations: ReadonlyArray<Automation.Any>,
  queue: Definitions.QueueLimits | undefined
): { readonly jobs: ReadonlyArray<Job.Any>; readonly problems: ReadonlyArray<Definitions.Problem> } => {
  const compiled = Graph.compiled(graph)
  const problems: Array<Definitions.Problem> = []
  const jobs = [...new Set([...named, ...automations.flatMap(({ target }) => Job.isJob(target) ? [target] : [])])]
  const names = new Map<string, string>()
  for (const { kind, name } of [...jobs.map(({ name }) => ({ kind: "job", name })), ...automations]) {
    const add = (problem: string): void => void problems.push({ kind, name, problem })
    if (typeof name !== "string" || !validName.test(name)) {
      add("The name is not valid: it is made of letters, digits, _, -, . and /.")
    }
    const other = names.get(name)
    if (other === undefined) names.set(name, kind)
    else add(`The name is used by a ${words(other)}, too: names are unique among jobs and automations.`)
  }
  for (const job of jobs) {
    const all = [...targetProblems(compiled, job), ...conditionProblems(compiled, job)]
    problems.push(...all.map((problem) => about("job", job, problem)))
  }
  for (const automation of automations) {
    problems.push(
      ...automationProblems(compiled, jobs, automation).map((problem) => about(automation.kind, automation, problem))
    )
  }
  for (const problem of queueProblems(queue)) problems.push({ kind: "queue", name: "queue", problem })
  return { jobs, problems }
}

const about = (kind: string, { name }: { readonly name: string }, problem: string): Definitions.Problem => ({
  kind,
  name,
  problem
})

const unknownKey = (compiled: Compiled, key: string): string => Graph.unknownAsset(compiled, key).message

type Select = ReadonlyArray<string> | string | Selection.Selection | undefined

const selectProblems = (compiled: Compiled, select: Select): ReadonlyArray<string> => {
  if (Array.isArray(select)) {
    return select.flatMap((key: string) => {
      const id = compiled.ids.get(key)
      if (id === undefined) return [unknownKey(compiled, key)]
      return compiled.assets[id]!.external ? [`"${key}" is an external asset, which this graph cannot compute.`] : []
    })
  }
  const selected = Plan.selectedIds(compiled, select)
  return Result.isFailure(selected) ? [selected.failure.message] : []
}

const targetProblems = (compiled: Compiled, target: Automation.AnyTarget): ReadonlyArray<string> => {
  const problems = [...selectProblems(compiled, target.select)]
  const given = Object.keys(target.config ?? {})
  if (given.length > 0) {
    const known = new Map(compiled.assets.flatMap((asset) => asset.external ? [] : [[Asset.nameOf(asset), asset]]))
    for (const key of given) {
      const asset = known.get(key)
      if (asset === undefined) {
        problems.push(
          `It has a configuration for "${key}", and there is no such asset in the graph.${
            didYouMean(suggest(key, known.keys()))
          }`
        )
      } else if (asset.config === undefined) problems.push(`It has a configuration for "${key}", which takes none.`)
    }
  }
  if (!Job.isJob(target)) {
    for (const key of target.observe ?? []) if (!compiled.ids.has(key)) problems.push(unknownKey(compiled, key))
  }
  const { priority } = target
  if (priority !== undefined && !Number.isInteger(priority)) {
    problems.push(`The priority is ${priority}: give a whole number.`)
  }
  return problems
}

const conditionProblems = (compiled: Compiled, { automation }: Job.Any): ReadonlyArray<string> => {
  if (automation === undefined) return []
  const sentences = ConditionTree.problemsOf(automation, "job").map((problem) =>
    `${problem[0]!.toUpperCase()}${problem.slice(1)}${/[.?]$/.test(problem) ? "" : "."}`
  )
  const absent = [...ConditionTree.keysIn(automation)].filter((key) => !compiled.ids.has(key))
  return [...sentences, ...absent.map((key) => unknownKey(compiled, key))]
}

const automationProblems = (
  compiled: Compiled,
  jobs: ReadonlyArray<Job.Any>,
  automation: Automation.Any
): ReadonlyArray<string> => {
  const { target } = automation
  const problems = target === undefined || Job.isJob(target) ? [] : [...targetProblems(compiled, target)]
  switch (automation.kind) {
    case "schedule": {
      if (
        target === undefined || target.partitions !== undefined || Automation.programOf(automation) !== undefined ||
        problems.length > 0
      ) {
        break
      }
      const set = setOf(compiled, target.select)
      // what is wrong with the selection of a job is told once, of the job
      const isRead = selectProblems(compiled, target.select).length === 0
      if (Result.isFailure(set) && isRead) problems.push(set.failure)
      break
    }
    case "assetSensor": {
      for (const key of automation.assets) if (!compiled.ids.has(key)) problems.push(unknownKey(compiled, key))
      break
    }
    case "runSensor": {
      const names = jobs.map(({ name }) => name)
      for (const name of automation.jobs ?? []) {
        if (!names.includes(name)) problems.push(`There is no job "${name}".${didYouMean(suggest(name, names))}`)
      }
      if (automation.select !== undefined) problems.push(...selectProblems(compiled, automation.select))
      break
    }
  }
  return problems
}

const queueProblems = (queue: Definitions.QueueLimits | undefined): ReadonlyArray<string> => {
  const isCount = (limit: unknown): boolean => typeof limit === "number" && Number.isInteger(limit) && limit >= 0
  const problems: Array<string> = []
  if (queue?.maxRuns !== undefined && !isCount(queue.maxRuns)) {
    problems.push(`maxRuns is ${queue.maxRuns}: give a whole number from 0 on.`)
  }
  for (const { key, limit } of queue?.tags ?? []) {
    if (!isCount(limit)) problems.push(`The limit of the tag "${key}" is ${limit}: give a whole number from 0 on.`)
  }
  return problems
}
