import { assert, describe, it } from "@effect/vitest"
import { layoutGraph } from "../../../ui/src/graph/fold.ts"
import { type GraphData, shapeOf } from "../../../ui/src/graph/model.ts"
import {
  areaOf,
  CurveKind,
  type Direction,
  type End,
  endAt,
  endOf,
  endsWithin,
  makeScene,
  neighbour,
  nodesOf,
  selectedBoxes
} from "../../../ui/src/graph/scene.ts"
import { tangled, tiered } from "./generate.ts"

/** 0 → 1 → 3, 0 → 2 → 3 in "left"; 3 → 4 → 5 into "right", where 5 also comes after 0. */
const data: GraphData = {
  nodes: ["left", "left", "left", "left", "right", "right"].map((group, index) => ({ id: `n${index}`, group })),
  edges: [[0, 1], [0, 2], [1, 3], [2, 3], [3, 4], [4, 5], [0, 5]].map(([from, to]) => ({
    from: from!,
    to: to!,
    kind: from === 0 && to === 5 ? "dep" : "input"
  }))
}
const sceneOf = (...expanded: ReadonlyArray<string>) =>
  makeScene(data, layoutGraph(shapeOf(data), { folded: true, expanded: new Set(expanded) }))
const middle = ({ bottom, left, right, top }: ReturnType<typeof areaOf>) =>
  [(left + right) / 2, (top + bottom) / 2] as const

describe("scene", () => {
  it("finds nodes and boxes where they are", () => {
    for (const scene of [sceneOf(), sceneOf("left"), sceneOf("left", "right")]) {
      data.nodes.forEach((_, node) => {
        const end = endOf(scene, node)
        assert.strictEqual(endAt(scene, ...middle(areaOf(scene, end))), end)
      })
      assert.isUndefined(endAt(scene, -1e6, 0))
    }
    // within an open box, but not at a node
    const scene = sceneOf("left")
    const box = scene.layout.boxes[0]!
    assert.isUndefined(endAt(scene, box.x + 3, box.y + 3))
    assert.strictEqual(endAt(scene, box.x + 3, box.y + 3, true), ~0)
  })

  it("selects all nodes of a folded box, and those in sight of an open one", () => {
    const scene = sceneOf("left")
    const everything = { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 }
    const ends = endsWithin(scene, everything)
    assert.deepStrictEqual([...ends].sort((a, b) => a - b), [~1, 0, 1, 2, 3])
    assert.deepStrictEqual([...nodesOf(scene, ends)].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5])
    assert.deepStrictEqual(endsWithin(scene, areaOf(scene, 2)), [2])
    assert.deepStrictEqual(nodesOf(scene, endsWithin(scene, areaOf(scene, ~1))), [4, 5])
  })

  it("tells which folded boxes are selected as a whole", () => {
    const selected = (
      scene: ReturnType<typeof sceneOf>,
      ...nodes: ReadonlyArray<number>
    ) => [...selectedBoxes(scene, (node) => nodes.includes(node))]
    assert.deepStrictEqual(selected(sceneOf(), 0, 1, 2, 4, 5), [0, 1])
    assert.deepStrictEqual(selected(sceneOf(), 0, 1, 2, 3), [1, 0])
    assert.deepStrictEqual(selected(sceneOf("right"), 4, 5), [0, 0])
  })

  it("leads along edges with arrow keys, and up and down in a column", () => {
    const scene = sceneOf("left")
    const [upper, lower] = scene.layout.y[1]! < scene.layout.y[2]! ? [1, 2] : [2, 1]
    const steps: ReadonlyArray<readonly [End, Direction, End | undefined]> = [
      [upper, "down", lower],
      [lower, "up", upper],
      [upper, "right", 3],
      [lower, "left", 0],
      [3, "right", ~1],
      [~1, "right", undefined],
      [0, "left", undefined]
    ]
    for (const [from, direction, to] of steps) {
      assert.strictEqual(neighbour(scene, from, direction), to, `${direction} of ${from}`)
    }
    assert.include([0, 3], neighbour(scene, ~1, "left"))
  })

  it("reaches every node of a graph with arrow keys", () => {
    const data = tiered(120)
    const scene = makeScene(data, layoutGraph(shapeOf(data), { folded: false, expanded: new Set() }))
    const reached = new Set<End>([0])
    for (const end of reached) {
      for (const direction of ["left", "right", "up", "down"] as const) {
        const next = neighbour(scene, end, direction)
        if (next !== undefined) reached.add(next)
      }
    }
    assert.strictEqual(reached.size, 120)
  })

  it("tells how curves are drawn: what comes after, what stands for many, what passes behind", () => {
    const folded = sceneOf()
    assert.deepStrictEqual([[...folded.kinds], [...folded.behind]], [[CurveKind.across], [1]])
    const open = sceneOf("left", "right")
    assert.strictEqual(open.kinds.filter((kind) => kind === CurveKind.dep).length, 1)
    assert.deepStrictEqual(new Set(open.behind), new Set([0]))
  })

  it("hides links between groups where there are too many, and only those", () => {
    const hidden = (data: GraphData, open: number) => {
      const shape = shapeOf(data)
      const layout = layoutGraph(shape, { folded: true, expanded: new Set(shape.groups.slice(0, open)) })
      const scene = makeScene(data, layout)
      const count = (of: (curve: number) => boolean) => scene.hidden.filter((_, curve) => of(curve)).length
      assert.strictEqual(scene.hiddenCount, count((curve) => scene.hidden[curve] === 1))
      assert.strictEqual(count((curve) => scene.hidden[curve] === 1 && layout.curves.across[curve] === 0), 0)
      return scene.hiddenCount / count((curve) => layout.curves.across[curve] === 1)
    }
    assert.strictEqual(hidden(tiered(10_000), 0), 0)
    assert.strictEqual(hidden(tangled(10_000), 0), 1)
    // those into open groups are many, those between the others are not
    const some = hidden(tiered(10_000), 10)
    assert.isTrue(some > 0.1 && some < 1, `${some} are hidden`)
  })

  it("knows where curves are", () => {
    const { bounds, layout: { curves: { count, points, start } } } = sceneOf("left", "right")
    assert.isAbove(count, 0)
    for (let curve = 0; curve < count; curve++) {
      const [left, top, right, bottom] = bounds.subarray(4 * curve, 4 * curve + 4)
      for (let at = start[curve]!; at < start[curve + 1]!; at += 2) {
        assert.isTrue(points[at]! >= left! && points[at]! <= right!)
        assert.isTrue(points[at + 1]! >= top! && points[at + 1]! <= bottom!)
      }
    }
  })
})
