import { assert, describe, it } from "@effect/vitest"
import { adjacency, type GraphData, neighbourhood, shapeOf, subgraph } from "../../../ui/src/graph/model.ts"

const graph = (
  groups: ReadonlyArray<string | undefined>,
  edges: ReadonlyArray<readonly [number, number]>
): GraphData => ({
  nodes: groups.map((group, index) => ({ id: `n${index}`, group })),
  edges: edges.map(([from, to]) => ({ from, to, kind: to % 2 === 0 ? "input" : "dep" }))
})
const ids = ({ nodes }: GraphData) => nodes.map(({ id }) => id)
const edgeIds = ({ edges, nodes }: GraphData) => edges.map(({ from, to }) => `${nodes[from]!.id} ${nodes[to]!.id}`)

describe("shapeOf", () => {
  it("numbers groups as they come, and leaves out edges that lead nowhere", () => {
    const shape = shapeOf(graph(["b", undefined, "__proto__", "b"], [[0, 1], [2, 2], [1, 9], [1, 2]]))
    assert.deepStrictEqual(shape.groups, ["b", "__proto__"])
    assert.deepStrictEqual([...shape.groupOf], [0, -1, 1, 0])
    assert.deepStrictEqual([...shape.from], [0, 1])
    assert.deepStrictEqual([...shape.to], [1, 2])
    assert.deepStrictEqual([...shape.dep], [1, 0])
  })
})

describe("adjacency", () => {
  it("lists what each vertex is joined to, in the order of the edges", () => {
    const { of, start } = adjacency(4, [2, 0, 2], [3, 1, 0])
    assert.deepStrictEqual(Array.from({ length: 4 }, (_, v) => [...of.subarray(start[v], start[v + 1])]), [[1], [], [
      3,
      0
    ], []])
  })
})

describe("subgraph", () => {
  it("keeps the edges between the nodes that it keeps", () => {
    const part = subgraph(graph(["a", "b", "a", "a"], [[0, 1], [1, 2], [0, 2], [2, 3]]), ({ group }) => group === "a")
    assert.deepStrictEqual(ids(part), ["n0", "n2", "n3"])
    assert.deepStrictEqual(edgeIds(part), ["n0 n2", "n2 n3"])
  })
})

describe("neighbourhood", () => {
  // 0 → 1 → 2 → 3 → 4, and 1 → 5, 6 → 3
  const data = graph(new Array(7).fill("g"), [[0, 1], [1, 2], [2, 3], [3, 4], [1, 5], [6, 3]])

  it("goes so many steps upstream and downstream, but not up and down again", () => {
    const around = (upstream: number, downstream: number) =>
      ids(neighbourhood(data, new Set(["n2"]), { upstream, downstream }))
    assert.deepStrictEqual(around(0, 0), ["n2"])
    assert.deepStrictEqual(around(1, 1), ["n1", "n2", "n3"])
    assert.deepStrictEqual(around(2, 0), ["n0", "n1", "n2"])
    assert.deepStrictEqual(around(0, Infinity), ["n2", "n3", "n4"])
    assert.deepStrictEqual(around(Infinity, Infinity), ["n0", "n1", "n2", "n3", "n4"])
  })

  it("takes several nodes, and none that are not there", () => {
    const of = (...of: ReadonlyArray<string>) => neighbourhood(data, new Set(of), { upstream: 1, downstream: 0 })
    assert.deepStrictEqual(ids(of("n5", "n4")), ["n1", "n3", "n4", "n5"])
    assert.deepStrictEqual(edgeIds(of("n5", "n4")), ["n3 n4", "n1 n5"])
    assert.deepStrictEqual(ids(of("unknown")), [])
  })
})
