/**
 * Which nodes of a graph a selection selects: one pass over the nodes or the edges for each operator.
 */
import * as Result from "effect/Result"
import type * as Asset from "../Asset.ts"
import * as Graph from "../Graph.ts"
import type { Selection } from "../Selection.ts"
import type { Compiled } from "./compile.ts"
import { literals, matcher, operandsOf } from "./selectionTree.ts"

/** An operator whose operands are being resolved. */
interface Open {
  readonly selection: Selection
  readonly operands: ReadonlyArray<Selection>
  /** Whether it selects external assets. */
  readonly externals: boolean
  /** Whether its operands do. */
  readonly inner: boolean
  next: number
  /** What the operands that are resolved select together. */
  ids: Uint8Array | undefined
}

/**
 * 1 for each node that is selected. Fails for a key without wildcards that no node has.
 *
 * @internal
 */
export const resolveIds = (
  graph: Compiled,
  selection: Selection,
  options?: { readonly externals?: boolean | undefined }
): Result.Result<Uint8Array, Graph.UnknownAssetError> => {
  // a stack of its own: a selection that a program builds may be deeper than the call stack
  const stack = [opened({ _tag: "Or", of: [selection] }, [selection], options?.externals ?? false)]
  while (true) {
    const top = stack.at(-1)!
    const operand = top.operands[top.next++]
    if (operand === undefined) {
      const ids = applied(graph, top)
      stack.pop()
      const parent = stack.at(-1)
      if (parent === undefined) return Result.succeed(ids)
      merge(parent, ids)
      continue
    }
    const operands = operandsOf(operand)
    if (operands === undefined) {
      // into what is there already, so that a list of keys costs no more than its length
      const ids = top.selection._tag === "Or" && top.ids !== undefined ? top.ids : new Uint8Array(graph.assets.length)
      const unknown = mark(graph, operand, top.inner, ids)
      if (unknown !== undefined) return Result.fail(unknown)
      if (ids !== top.ids) merge(top, ids)
    } else stack.push(opened(operand, operands, top.inner))
  }
}

const opened = (selection: Selection, operands: ReadonlyArray<Selection>, externals: boolean): Open => ({
  selection,
  operands,
  externals,
  // a traversal may start from an external asset, and does not select it then
  inner: externals || selection._tag === "Upstream" || selection._tag === "Downstream",
  next: 0,
  ids: undefined
})

const merge = (into: Open, ids: Uint8Array): void => {
  const { ids: all, selection } = into
  if (all === undefined) into.ids = ids
  else if (selection._tag === "And") { for (let id = 0; id < ids.length; id++) all[id]! &= ids[id]! }
  else for (let id = 0; id < ids.length; id++) all[id]! |= ids[id]!
}

/** What an operator makes of what its operands select. */
const applied = (graph: Compiled, { externals, ids, selection }: Open): Uint8Array => {
  switch (selection._tag) {
    case "Not":
      return where(graph, externals, (_, id) => ids![id] === 0)
    case "Upstream":
    case "Downstream": {
      const start: Array<number> = []
      ids!.forEach((selected, id) => {
        if (selected === 1) start.push(id)
      })
      const reached = Graph.reach(
        graph,
        start,
        selection._tag === "Upstream" ? "parents" : "children",
        selection.depth ?? Infinity
      )
      return externals ? reached : where(graph, false, (_, id) => reached[id] === 1)
    }
    case "Roots":
      return ends(graph, ids!, "parents")
    case "Sinks":
      return ends(graph, ids!, "children")
    case "And":
      return ids ?? where(graph, externals, () => true)
    default:
      return ids ?? new Uint8Array(graph.assets.length)
  }
}

/** The selected nodes from which no other selected node is reached, over nodes that are not selected too. */
const ends = (graph: Compiled, ids: Uint8Array, direction: "parents" | "children"): Uint8Array => {
  const { offsets, targets } = graph[direction]
  const count = ids.length
  const found = new Uint8Array(count)
  const reaches = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    // ids are in topological order, so what a node's edges lead to is known before it
    const id = direction === "parents" ? i : count - 1 - i
    let reaching = 0
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) reaching |= ids[targets[at]!]! | reaches[targets[at]!]!
    reaches[id] = reaching
    found[id] = ids[id]! & ~reaching
  }
  return found
}

const where = (graph: Compiled, externals: boolean, test: (asset: Asset.Any, id: number) => boolean): Uint8Array =>
  markWhere(graph, externals, new Uint8Array(graph.assets.length), test)

const markWhere = (
  graph: Compiled,
  externals: boolean,
  into: Uint8Array,
  test: (asset: Asset.Any, id: number) => boolean
): Uint8Array => {
  graph.assets.forEach((asset, id) => {
    if ((externals || !asset.external) && test(asset, id)) into[id] = 1
  })
  return into
}

/** Marks what something that is no operator selects. */
const mark = (
  graph: Compiled,
  selection: Selection,
  externals: boolean,
  into: Uint8Array
): Graph.UnknownAssetError | undefined => {
  if (selection._tag === "Key") {
    const parts = literals(selection.pattern)
    if (parts.length === 1) {
      const id = graph.ids.get(parts[0]!)
      if (id === undefined) return Graph.unknownAsset(graph, parts[0]!)
      if (externals || !graph.assets[id]!.external) into[id] = 1
      return undefined
    }
  }
  markWhere(graph, externals, into, test(selection))
  return undefined
}

const test = (selection: Selection): (asset: Asset.Any) => boolean => {
  switch (selection._tag) {
    case "All":
      return () => true
    case "Key": {
      const matches = matcher(literals(selection.pattern))
      return (asset) => matches(asset.key)
    }
    case "Group": {
      const matches = matcher(literals(selection.pattern))
      return (asset) => matches(asset.group ?? "default")
    }
    case "Tag": {
      const { name, value } = selection
      return (asset) => Object.hasOwn(asset.tags, name) && (value === undefined || asset.tags[name] === value)
    }
    case "Owner":
      return (asset) => asset.owners.includes(selection.owner)
    case "Kind":
      return (asset) => asset.kinds.includes(selection.kind)
    case "Absent":
      return absent[selection.attribute]
    default:
      return () => false
  }
}

const absent = {
  group: (asset: Asset.Any) => asset.group === undefined,
  tag: (asset: Asset.Any) => Object.keys(asset.tags).length === 0,
  owner: (asset: Asset.Any) => asset.owners.length === 0,
  kind: (asset: Asset.Any) => asset.kinds.length === 0
}
