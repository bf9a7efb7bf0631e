/** The order of nodes within columns: few edges are to cross. */
import type { Adjacency } from "./model.ts"

/** Nodes and bends in columns, and their neighbours to the left (`up`) and to the right (`down`). */
export interface Columns {
  readonly count: number
  readonly columnOf: ArrayLike<number>
  readonly columns: ReadonlyArray<Array<number>>
  readonly up: Adjacency
  readonly down: Adjacency
}

/** Puts what hangs together next to each other, to begin with: from what is upstream of all, or from what is downstream. */
const firstOrder = ({ columnOf, columns, count, down, up }: Columns, fromRight: boolean): void => {
  for (const column of columns) column.length = 0
  const seen = new Uint8Array(count)
  const stack: Array<number> = []
  const { start } = fromRight ? down : up
  for (let root = 0; root < count; root++) {
    if (seen[root] === 1 || start[root] !== start[root + 1]) continue
    stack.push(root)
    while (stack.length > 0) {
      const vertex = stack.pop()!
      if (seen[vertex] === 1) continue
      seen[vertex] = 1
      columns[columnOf[vertex]!]!.push(vertex)
      for (const { start, of } of fromRight ? [up, down] : [down, up]) {
        for (let at = start[vertex + 1]! - 1; at >= start[vertex]!; at--) if (seen[of[at]!] === 0) stack.push(of[at]!)
      }
    }
  }
}

/** How many edges between neighbouring columns cross, for places in columns. */
const crossings = ({ columns, down }: Columns, place: Int32Array): number => {
  let total = 0
  let tree = new Int32Array(16)
  for (let column = 0; column + 1 < columns.length; column++) {
    const size = columns[column + 1]!.length
    if (tree.length < size + 1) tree = new Int32Array(2 * size + 1)
    else tree.fill(0, 0, size + 1)
    let before = 0
    for (const vertex of columns[column]!) {
      const [first, last] = [down.start[vertex]!, down.start[vertex + 1]!]
      for (let edge = first; edge < last; edge++) {
        let upTo = 0
        for (let at = place[down.of[edge]!]! + 1; at > 0; at -= at & -at) upTo += tree[at]!
        total += before - upTo
      }
      for (let edge = first; edge < last; edge++) {
        for (let at = place[down.of[edge]!]! + 1; at <= size; at += at & -at) tree[at]!++
      }
      before += last - first
    }
  }
  return total
}

/** How many edges to one side cross when `a` stands above `b`, and when it stands below. */
const crossingsOfTwo = (
  { start, of }: Adjacency,
  place: Int32Array,
  a: number,
  b: number
): readonly [number, number] => {
  let above = 0
  let below = 0
  for (let i = start[a]!; i < start[a + 1]!; i++) {
    for (let j = start[b]!; j < start[b + 1]!; j++) {
      const difference = place[of[i]!]! - place[of[j]!]!
      if (difference > 0) above++
      else if (difference < 0) below++
    }
  }
  return [above, below]
}

/** Exchanges neighbours in columns as long as fewer edges cross for it. */
const exchange = (graph: Columns, place: Int32Array, rounds: number): void => {
  for (let round = 0; round < rounds; round++) {
    let changed = false
    for (const column of graph.columns) {
      for (let at = 0; at + 1 < column.length; at++) {
        const [a, b] = [column[at]!, column[at + 1]!]
        const left = crossingsOfTwo(graph.up, place, a, b)
        const right = crossingsOfTwo(graph.down, place, a, b)
        if (left[1] + right[1] >= left[0] + right[0]) continue
        column[at] = b
        column[at + 1] = a
        place[b] = at
        place[a] = at + 1
        changed = true
      }
    }
    if (!changed) return
  }
}

/**
 * Orders the columns: each vertex at the mean place of its neighbours, from left to right and back, keeping the best. What is
 * small is tried from several beginnings.
 */
export const orderColumns = (graph: Columns): void => {
  const { columnOf, columns, count, down, up } = graph
  const place = new Int32Array(count)
  const takePlaces = () => {
    for (const column of columns) for (let at = 0; at < column.length; at++) place[column[at]!] = at
  }
  const wanted = new Float64Array(count)
  const byWanted = (a: number, b: number) => wanted[a]! - wanted[b]!
  const large = down.of.length > 8000
  const sweeps = large ? 12 : 24
  const patience = large ? 3 : 6
  const best = { crossings: Infinity, columns: columns as ReadonlyArray<ReadonlyArray<number>> }
  const isBest = (): boolean => {
    const found = crossings(graph, place)
    if (found >= best.crossings) return false
    best.crossings = found
    best.columns = columns.map((column) => column.slice())
    return true
  }
  const beginnings = down.of.length > 2000 ? 1 : 4
  for (let beginning = 0; beginning < beginnings && best.crossings > 0; beginning++) {
    if (beginning % 2 === 0) firstOrder(graph, beginning > 1)
    takePlaces()
    isBest()
    let vain = 0
    for (let sweep = 0; sweep < sweeps && vain < patience && best.crossings > 0; sweep++) {
      // the second and the fourth time: on from the last order, the other way
      const forward = (sweep + beginning) % 2 === 0
      const { start, of } = forward ? up : down
      for (let step = 0; step < columns.length; step++) {
        const column = columns[forward ? step : columns.length - 1 - step]!
        // where several want the same place, it is the last one's turn to be first
        if (sweep % 4 > 1) column.reverse()
        for (const vertex of column) {
          const [first, last] = [start[vertex]!, start[vertex + 1]!]
          let sum = 0
          for (let at = first; at < last; at++) sum += (place[of[at]!]! + 0.5) / columns[columnOf[of[at]!]!]!.length
          wanted[vertex] = last > first ? sum / (last - first) : (place[vertex]! + 0.5) / column.length
        }
        column.sort(byWanted)
        for (let at = 0; at < column.length; at++) place[column[at]!] = at
      }
      if (!large) exchange(graph, place, 3)
      vain = isBest() ? 0 : vain + 1
    }
  }
  best.columns.forEach((column, at) => {
    column.forEach((vertex, index) => {
      columns[at]![index] = vertex
    })
  })
  takePlaces()
  exchange(graph, place, large ? 1 : 8)
}
