/**
 * Automation in words: what is requested, what targets are, and what conditions came to.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Asset from "../../Asset.ts"
import type * as Automation from "../../Automation.ts"
import type * as AutomationStore from "../../AutomationStore.ts"
import * as Condition from "../../Condition.ts"
import * as Graph from "../../Graph.ts"
import { plainSelect } from "../../internal/automationTargets.ts"
import { hasSecret } from "../../internal/config.ts"
import * as Job from "../../Job.ts"
import type * as Runtime from "../../Runtime.ts"
import type * as AutomationModel from "../AutomationModel.ts"
import { list } from "./operationsText.ts"

// ---------------------------------------------------------------------------------------------------------------------
// requests
// ---------------------------------------------------------------------------------------------------------------------

type Wanted = Runtime.PartitionsWanted | undefined

/** Partitions that are asked for, in words. */
export const describeWanted = (wanted: Wanted): string | undefined => {
  if (wanted === undefined) return undefined
  if (wanted === "all") return "all partitions"
  if ("from" in wanted) return `the partitions ${wanted.from} to ${wanted.to}`
  return wanted.length === 1 ? `the partition ${wanted[0]}` : `the partitions ${list(wanted)}`
}

/** Checks that are evaluated, in words. */
export const describeChecks = (checks: Runtime.Checks | undefined): string | undefined => {
  switch (checks) {
    case undefined:
      return undefined
    case "selected":
      return "the checks of what is selected"
    case "none":
      return "no checks"
    case "only":
      return "checks only"
    default:
      return `the checks ${list(checks)}`
  }
}

const whatOf = ({ checks, job, keys, observe, select }: AutomationStore.Request): string => {
  const assets = keys === undefined ? select : keys.length === 0 ? undefined : list(keys)
  if (job !== undefined) return assets === undefined ? `the job ${job}` : `${assets} of the job ${job}`
  const parts = [
    assets ?? [],
    observe === undefined || observe.length === 0 ? [] : `a look at ${list(observe)}`,
    // without assets, it is about checks alone
    assets === undefined && checks !== undefined ? describeChecks(checks)! : []
  ].flat()
  return parts.length === 0 ? "nothing" : parts.join(", and ")
}

/** What a request is about, in words. */
export const describeRequest = (request: AutomationStore.Request): string => {
  const { onlyStale, partition, partitions } = request
  const wanted = describeWanted(partition === undefined ? partitions : [partition])
  return [
    whatOf(request),
    wanted === undefined ? [] : `for ${wanted}`,
    onlyStale === true ? "as far as it is stale" : []
  ].flat().join(" ")
}

/** The names of assets whose configuration has a secret. */
const secretNames = (graph: Graph.Any): ReadonlySet<string> => {
  let known = secrets.get(graph)
  if (known === undefined) {
    known = new Set(
      Graph.compiled(graph).assets.flatMap((asset) =>
        asset.config !== undefined && hasSecret(asset.config.ast) ? [Asset.nameOf(asset)] : []
      )
    )
    secrets.set(graph, known)
  }
  return known
}

const secrets = new WeakMap<Graph.Any, ReadonlySet<string>>()

/** Configuration without that of assets where it holds secrets, and the names of those. */
export const withoutSecrets = (
  graph: Graph.Any,
  config: { readonly [name: string]: Schema.Json }
): { readonly config: { readonly [name: string]: Schema.Json }; readonly hidden: ReadonlyArray<string> } => {
  const names = secretNames(graph)
  const entries = Object.entries(config)
  return {
    config: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
    hidden: entries.flatMap(([name]) => names.has(name) ? [name] : [])
  }
}

/** A request as the API tells it. */
export const toRequest = (graph: Graph.Any, request: AutomationStore.Request): AutomationModel.Request => ({
  words: describeRequest(request),
  ...request,
  ...(request.config !== undefined && { config: withoutSecrets(graph, request.config).config })
})

/** What an automation requests unless it says otherwise. */
export const toTarget = (
  target: Automation.AnyTarget | undefined
): AutomationModel.AutomationSummary["target"] => {
  if (target === undefined) return undefined
  if (Job.isJob(target)) return { words: `the job ${target.name}`, job: target.name }
  const plain = plainSelect(target.select)
  const request: AutomationStore.Request = {
    ...plain,
    ...(target.observe !== undefined && { observe: target.observe }),
    ...(target.partitions !== undefined && { partitions: target.partitions }),
    ...(target.onlyStale !== undefined && { onlyStale: target.onlyStale })
  }
  const isEverything = target.select === undefined && target.observe === undefined
  return { words: isEverything ? "everything that can be computed" : describeRequest(request), ...plain }
}

/** What becomes of missed ticks. */
export const describeCatchUp = (catchUp: Automation.CatchUp | undefined): string => {
  if (catchUp === undefined) return "the latest missed tick, or up to ten where it computes partitions"
  if (catchUp === "latest") return "the latest missed tick"
  return catchUp === "none" ? "no missed ticks" : `up to ${catchUp.max} missed ticks`
}

// ---------------------------------------------------------------------------------------------------------------------
// explanations
// ---------------------------------------------------------------------------------------------------------------------

const noteOf = ({ children, omitted, partitions, reset, trigger, whole }: Condition.ExplanationNode) => {
  // of several partitions, what happened last may be about others than what ended it, and than those that it was asked for
  const isOfSome = !whole && (partitions !== undefined || children.some(({ candidates }) => candidates > 1))
  const some = isOfSome ? " for some partitions" : ""
  const parts = [
    trigger === undefined ? [] : `it happened${some} in evaluation ${trigger}`,
    reset === undefined ? [] : `it was reset${some} in evaluation ${reset}`,
    omitted === undefined ? [] : `${omitted} more ${omitted === 1 ? "part is" : "parts are"} left out`
  ].flat()
  return parts.length === 0 ? undefined : parts.join("; ")
}

const toNode = (
  node: Condition.ExplanationNode,
  above: string | undefined
): AutomationModel.ExplanationNode => {
  const note = noteOf(node)
  const about = node.about ?? above
  return {
    label: Condition.nameWords(node.words),
    status: node.candidates === 0 ? "unasked" : node.count === 0 ? "false" : node.whole ? "true" : "partly",
    count: node.count,
    total: node.candidates,
    ...(node.partitions !== undefined && { words: node.partitions }),
    // what all of a part is about is told once
    ...(about !== undefined && about !== above && { about }),
    ...(note !== undefined && { note }),
    children: node.children.map((child) => toNode(child, about))
  }
}

const decodeExplanation = Schema.decodeUnknownOption(Condition.Explanation)

const unreadable: AutomationModel.ExplanationNode = {
  label: "recorded by another version of effect-assets, which this one cannot read",
  status: "unasked",
  children: []
}

/** An evaluation of a condition as the API tells it. */
export const toEvaluation = (evaluation: AutomationStore.Evaluation): AutomationModel.EvaluationModel => {
  const explanation = Option.getOrUndefined(decodeExplanation(evaluation.explanation))
  const { evaluation: number, key, requested, seq, tickId, timestamp } = evaluation
  return {
    seq,
    evaluation: number,
    timestamp,
    key,
    kind: explanation?.kind ?? (key.startsWith(":") ? "job" : "asset"),
    requested,
    unchanged: explanation?.unchanged ?? false,
    ...(tickId !== undefined && { tickId }),
    explanation: explanation === undefined ? unreadable : toNode(explanation.root, undefined)
  }
}
