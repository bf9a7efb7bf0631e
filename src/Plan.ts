/**
 * Plans: which assets of a graph a run will compute, in which order, and what it will load from storage. A plan is data: it
 * runs nothing.
 *
 * **Example** (What a selection means)
 *
 * ```ts import.meta.vitest
 * import { Effect, Result } from "effect"
 * import { Asset, Graph, Plan } from "effect-assets"
 *
 * const a = Asset.make("a", Effect.succeed(1))
 * const b = Asset.make("b", { inputs: { a }, compute: ({ a }) => Effect.succeed(a) })
 * const plan = Result.getOrThrow(Plan.make(Graph.make({ a, b }), { select: ["b"] }))
 * Plan.steps(plan) // => [{ name: "b", keys: ["b"], after: [], loads: ["a"] }]
 * ```
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Asset from "./Asset.ts"
import type * as Check from "./Check.ts"
import * as Graph from "./Graph.ts"
import type { Compiled } from "./internal/compile.ts"
import { resolveIds } from "./internal/selectionResolve.ts"
import * as Selection from "./Selection.ts"

const TypeId = "~effect-assets/Plan"

/**
 * A plan: a graph and the assets of it that a run will compute.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly [TypeId]: typeof TypeId
  /** The keys of the assets to compute, upstream before downstream. */
  readonly keys: ReadonlyArray<string>
}

/**
 * One unit of work: an asset, or the selected outputs of a multi-asset.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  /** The key of the asset, or the name of the multi-asset. */
  readonly name: string
  /** The assets it materializes. */
  readonly keys: ReadonlyArray<string>
  /** The planned assets that come before it. */
  readonly after: ReadonlyArray<string>
  /** The assets that are loaded from storage, since they are not planned. */
  readonly loads: ReadonlyArray<string>
}

/**
 * The keys of the assets of a graph that can be computed: all but the external ones.
 *
 * @category utility types
 * @since 0.1.0
 */
export type SelectableKeys<T extends Graph.Assets> = Asset.Reference<T[keyof T]>

/**
 * What is selected: a list of keys, an expression of the selection grammar, or a selection. Everything if it is left out.
 *
 * @category models
 * @since 0.1.0
 */
export type Select<T extends Graph.Assets> = ReadonlyArray<SelectableKeys<T>> | string | Selection.Selection

/**
 * Why there is no plan: the selection cannot be read, or it names an asset that is not in the graph, or the graph lacks
 * upstream assets (which is a compile error, too).
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError = Selection.SelectionError | Graph.UnknownAssetError | Graph.GraphError

/**
 * Plans a run.
 *
 * **Details**
 *
 * External assets are never planned. A multi-asset that cannot compute a subset is planned whole when one of its outputs is
 * selected.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <T extends Graph.Assets>(
  graph: Graph.Graph<T, Check.Any>,
  options?: { readonly select?: Select<T> | undefined }
): Result.Result<Plan, PlanError> => {
  const incomplete = Graph.incomplete(graph)
  if (incomplete !== undefined) return Result.fail(incomplete)
  const compiled = Graph.compiled(graph)
  const planned = selectedIds(compiled, options?.select)
  if (Result.isFailure(planned)) return Result.fail(planned.failure)
  const outputs = completeMultis(compiled, planned.success)
  const keys: Array<string> = []
  for (let id = 0; id < compiled.assets.length; id++) {
    if (planned.success[id] === 1) keys.push(compiled.assets[id]!.key)
  }
  const inside: Inside = { graph: compiled, planned: planned.success, outputs }
  return Result.succeed(Object.assign(Object.create(Proto), { keys, [Internal]: inside }))
}

/**
 * 1 for each node that is selected, in whichever way: all that can be computed if nothing is said.
 *
 * @internal
 */
export const selectedIds = (
  compiled: Compiled,
  select: ReadonlyArray<string> | string | Selection.Selection | undefined,
  options?: { readonly externals?: boolean | undefined }
): Result.Result<Uint8Array, Selection.SelectionError | Graph.UnknownAssetError> => {
  if (typeof select === "string") {
    return Result.flatMap(Selection.parse(select), (selection) => resolveIds(compiled, selection, options))
  }
  if (select === undefined) return resolveIds(compiled, Selection.all, options)
  return resolveIds(compiled, isList(select) ? Selection.keys(select) : select, options)
}

const isList = (select: ReadonlyArray<string> | Selection.Selection): select is ReadonlyArray<string> =>
  Array.isArray(select)

/** Plans whole what cannot be computed in part, and gives the planned outputs of each multi-asset. */
const completeMultis = (graph: Compiled, planned: Uint8Array): Inside["outputs"] => {
  const outputs = new Map<ReadonlyArray<number>, ReadonlyArray<number>>()
  for (let id = 0; id < planned.length; id++) {
    const siblings = graph.siblings[id]
    if (planned[id] === 0 || siblings === undefined || outputs.has(siblings)) continue
    if (!graph.assets[id]!.output!.multi.canSubset) { for (const sibling of siblings) planned[sibling] = 1 }
    outputs.set(siblings, siblings.filter((sibling) => planned[sibling] === 1))
  }
  return outputs
}

/**
 * The units of work of a plan, upstream before downstream: what a dry run shows.
 *
 * @category getters
 * @since 0.1.0
 */
export const steps = (self: Plan): ReadonlyArray<Step> => {
  const { graph, planned } = inside(self)
  const { offsets, targets } = graph.parents
  const out: Array<Step> = []
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    const outputs = outputsOf(inside(self), id)
    if (outputs[0] !== id) continue
    const asset = graph.assets[id]!
    const parents = Array.from(targets.subarray(offsets[id]!, offsets[id + 1]!))
    const key = (id: number) => graph.assets[id]!.key
    out.push({
      name: Asset.nameOf(asset),
      keys: outputs.map(key),
      after: parents.filter((parent) => planned[parent] === 1).map(key),
      loads: [...new Set(graph.reads[id]!.map((read) => read.id))].filter((read) => planned[read] === 0).map(key)
    })
  }
  return out
}

const Internal: unique symbol = Symbol.for("effect-assets/Plan/inside")

const Proto = { [TypeId]: TypeId }

/** @internal */
export interface Inside {
  readonly graph: Compiled
  /** 1 for each id that is computed. */
  readonly planned: Uint8Array
  /** The planned outputs of each multi-asset, by all its outputs. */
  readonly outputs: ReadonlyMap<ReadonlyArray<number>, ReadonlyArray<number>>
}

/** @internal */
export const inside = (self: Plan): Inside => (self as Plan & { readonly [Internal]: Inside })[Internal]

/**
 * The planned outputs that are computed together with a planned node, itself included; the lowest id leads.
 *
 * @internal
 */
export const outputsOf = (self: Inside, id: number): ReadonlyArray<number> => {
  const siblings = self.graph.siblings[id]
  return siblings === undefined ? [id] : self.outputs.get(siblings) ?? []
}
