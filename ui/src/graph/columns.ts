/**
 * The columns of groups. Assets depend on each other without cycles, but their groups often do: such groups stand in the
 * order of the median depth of their assets, all others right of what is upstream of them.
 */
import { type Adjacency, adjacency } from "./model.ts"

/**
 * For each vertex the number of its strongly connected component: those that are downstream come first (Tarjan, without
 * recursion).
 */
const components = (count: number, down: Adjacency): readonly [Int32Array, number] => {
  const componentOf = new Int32Array(count).fill(-1)
  const index = new Int32Array(count).fill(-1)
  const low = new Int32Array(count)
  const next = down.start.slice()
  const open: Array<number> = []
  const path: Array<number> = []
  let indices = 0
  let found = 0
  for (let root = 0; root < count; root++) {
    if (index[root] !== -1) continue
    path.push(root)
    while (path.length > 0) {
      const vertex = path[path.length - 1]!
      if (index[vertex] === -1) {
        index[vertex] = low[vertex] = indices++
        open.push(vertex)
      }
      let descended = false
      while (next[vertex]! < down.start[vertex + 1]!) {
        const other = down.of[next[vertex]!]!
        if (index[other] === -1) {
          path.push(other)
          descended = true
          break
        }
        if (componentOf[other] === -1) low[vertex] = Math.min(low[vertex]!, low[other]!)
        next[vertex]!++
      }
      if (descended) continue
      path.pop()
      if (low[vertex] !== index[vertex]) continue
      for (let member = -1; member !== vertex;) {
        member = open.pop()!
        componentOf[member] = found
      }
      found++
    }
  }
  return [componentOf, found]
}

/** A column for each vertex. Edges that are in no cycle go to the right. */
export const columnsOf = (count: number, from: Int32Array, to: Int32Array, medians: Int32Array): Int32Array => {
  const down = adjacency(count, from, to)
  const up = adjacency(count, to, from)
  const [componentOf, found] = components(count, down)
  const members = adjacency(found, componentOf, componentOf.map((_, vertex) => vertex))
  /** The column of each vertex within its component. */
  const offset = new Int32Array(count)
  const base = new Int32Array(found)
  const membersOf = (component: number) => members.of.subarray(members.start[component], members.start[component + 1])
  const column = (vertex: number) => base[componentOf[vertex]!]! + offset[vertex]!
  for (let component = found - 1; component >= 0; component--) {
    const vertices = membersOf(component)
    const distinct = Array.from(new Set(vertices.map((vertex) => medians[vertex]!))).sort((a, b) => a - b)
    const rank = new Map(distinct.map((median, at) => [median, at]))
    for (const vertex of vertices) {
      offset[vertex] = rank.get(medians[vertex]!)!
      for (let at = up.start[vertex]!; at < up.start[vertex + 1]!; at++) {
        const other = up.of[at]!
        if (componentOf[other] === component) continue
        base[component] = Math.max(base[component]!, column(other) + 1 - offset[vertex])
      }
    }
  }
  // what has more downstream than upstream moves next to what is downstream
  for (let component = 0; component < found; component++) {
    let space = Infinity
    let balance = 0
    for (const vertex of membersOf(component)) {
      for (let at = up.start[vertex]!; at < up.start[vertex + 1]!; at++) {
        if (componentOf[up.of[at]!] !== component) balance--
      }
      for (let at = down.start[vertex]!; at < down.start[vertex + 1]!; at++) {
        const other = down.of[at]!
        if (componentOf[other] === component) continue
        balance++
        space = Math.min(space, column(other) - column(vertex) - 1)
      }
    }
    if (balance > 0 && space < Infinity) base[component]! += space
  }
  return Int32Array.from({ length: count }, (_, vertex) => column(vertex))
}
