/**
 * What is left of a request that has waited while definitions or dynamic partitions became others.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Asset from "../Asset.ts"
import type * as AutomationStore from "../AutomationStore.ts"
import * as Check from "../Check.ts"
import * as Graph from "../Graph.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import type { Loaded } from "./daemonSession.ts"
import { resolveSets } from "./resolveSets.ts"
import * as Subset from "./subset.ts"

type Request = AutomationStore.Request
type Wanted = ReadonlyArray<string> | Partitions.KeyRange

/** So many of what is gone are told. */
const shown = 10

/** The part of a range of time windows that is still there. Of keys in no order of their own nobody knows what was between. */
const rangeLeft = (
  { dimensions }: Partitions.Resolved,
  { from, to }: Partitions.KeyRange
): Partitions.KeyRange | undefined => {
  const [{ dimension }] = dimensions as [Partitions.Resolved["dimensions"][number]]
  if (dimensions.length !== 1 || dimension.kind !== "Windows") return undefined
  const [first, last] = [dimension.windowOf(from), dimension.windowOf(to)]
  if (first === undefined || last === undefined) return undefined
  const [begin, end] = [dimension.firstStartingFrom(first.start), dimension.firstEndingAfter(last.end)]
  return begin < end ? { from: dimension.keyAt(begin), to: dimension.keyAt(end - 1) } : undefined
}

const wantedLeft = (resolved: Partitions.Resolved, wanted: Wanted): Wanted | undefined => {
  if ("from" in wanted) {
    return Result.isSuccess(Subset.fromKeyRange(resolved, wanted)) ? wanted : rangeLeft(resolved, wanted)
  }
  const left = wanted.filter((key) => resolved.indicesOf(key) !== undefined)
  return left.length === 0 ? undefined : left.length === wanted.length ? wanted : left
}

const wantedOf = ({ partition, partitions }: Request): Wanted | undefined =>
  partition !== undefined ? [partition] : partitions === "all" ? undefined : partitions

const goneOf = (what: string, names: Wanted): string => {
  if ("from" in names) return `There are no ${what}s from "${names.from}" to "${names.to}" any more.`
  const more = names.length - shown
  const told = names.slice(0, shown).map((name) => `"${name}"`).join(", ")
  const [verb, ending] = names.length === 1 ? ["is", ""] : ["are", "s"]
  return `There ${verb} no ${what}${ending} ${told}${more > 0 ? ` and ${more} more` : ""} any more.`
}

/**
 * A request without the assets, checks and partitions that are not there any more. The failure says what is gone where that
 * leaves nothing to do.
 *
 * @internal
 */
export const remaining = Effect.fnUntraced(function*(
  { graph, jobs }: Loaded,
  request: Request
): Effect.fn.Return<Result.Result<Request, string>, Partitions.DynamicKeysError> {
  const { assets, checks: known, ids } = Graph.compiled(graph)
  const gone: Array<string> = []
  const left = (what: string, names: ReadonlyArray<string>, isThere: (name: string) => boolean) => {
    const [kept, lost] = [names.filter(isThere), names.filter((name) => !isThere(name))]
    if (lost.length > 0) gone.push(goneOf(what, lost))
    return kept
  }
  const assetOf = (key: string): Asset.Any | undefined => assets[ids.get(key) ?? -1]
  const named: ReadonlyArray<string> = Array.isArray(request.checks) ? request.checks : []
  const judged = new Map(known.map((check) => [Check.nameOf(check), assetOf(check.asset.key)!]))
  const observe = left("external asset", request.observe ?? [], (key) => ids.has(key))
  let keys = left("asset", request.keys ?? [], (key) => assetOf(key)?.external === false)
  let checks = left("check", named, (name) => judged.has(name))

  const wanted = wantedOf(request)
  let partitions = wanted
  if (wanted !== undefined) {
    const job = jobs.find(({ name }) => name === request.job)
    const selected = job === undefined ? undefined : Plan.selectedIds(Graph.compiled(graph), job.select)
    const ofJob = selected === undefined || Result.isFailure(selected)
      ? []
      : assets.filter((_, id) => selected.success[id] === 1)
    const about = () => [...keys.map((key) => assetOf(key)!), ...checks.map((name) => judged.get(name)!), ...ofJob]
    const resolve = yield* resolveSets(about())
    const leftOf = (asset: Asset.Any | undefined, wanted: Wanted): Wanted | undefined =>
      asset?.partitions === undefined ? wanted : wantedLeft(resolve(asset.partitions), wanted)
    // the partitions of some may be others now
    const count = about().length
    keys = keys.filter((key) => leftOf(assetOf(key), wanted) !== undefined)
    checks = checks.filter((name) => leftOf(judged.get(name), wanted) !== undefined)
    for (const asset of about()) partitions = partitions && leftOf(asset, partitions)
    if (partitions === undefined || about().length < count) gone.push(goneOf("partition", wanted))
  }
  const isSome = request.job !== undefined || request.select !== undefined ||
    keys.length + checks.length + observe.length > 0
  if (!isSome || (wanted !== undefined && partitions === undefined)) return Result.fail(gone.join(" "))
  return Result.succeed({
    ...request,
    ...(request.observe !== undefined && { observe }),
    ...(request.keys !== undefined && { keys }),
    ...(named.length > 0 && { checks }),
    ...(request.partition === undefined && partitions !== undefined && { partitions })
  })
})
