import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { foldedSize, type GraphLayout, layoutGraph, nodeSize, Way } from "../../../ui/src/graph/fold.ts"
import { layered } from "../../../ui/src/graph/layered.ts"
import { type GraphData, type GraphEdge, shapeOf, ungrouped } from "../../../ui/src/graph/model.ts"
import { straightCrossings } from "./crossings.ts"
import { dotPlaces } from "./dot.ts"
import { id, line, shuffled, tangled, tiered } from "./generate.ts"

const nothing: ReadonlySet<string> = new Set()
const flat = { folded: false, expanded: nothing }
const groupsOf = (
  data: GraphData
): ReadonlyArray<string> => [...new Set(data.nodes.flatMap(({ group }) => group ?? []))]

interface Area {
  readonly what: string
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const nodeArea = ({ x, y }: GraphLayout, node: number): Area => ({
  what: `node ${node}`,
  left: x[node]! - nodeSize.width / 2,
  top: y[node]! - nodeSize.height / 2,
  right: x[node]! + nodeSize.width / 2,
  bottom: y[node]! + nodeSize.height / 2
})

const boxAreas = ({ boxes }: GraphLayout): ReadonlyArray<Area> =>
  boxes.map(({ group, height, width, x, y }) => ({
    what: `box ${group}`,
    left: x,
    top: y,
    right: x + width,
    bottom: y + height
  }))

const shownNodes = ({ x }: GraphLayout): ReadonlyArray<number> =>
  Array.from(x, (place, node) => Number.isNaN(place) ? -1 : node).filter((node) => node >= 0)

const assertApart = (areas: ReadonlyArray<Area>): void => {
  const sorted = areas.toSorted((a, b) => a.left - b.left)
  const little = 0.01
  sorted.forEach((a, at) => {
    for (let next = at + 1; next < sorted.length; next++) {
      const b = sorted[next]!
      if (b.left > a.right - little) return
      if (b.top < a.bottom - little && a.top < b.bottom - little) assert.fail(`${a.what} overlaps ${b.what}`)
    }
  })
}

const assertInside = (inner: Area, outer: Area): void => {
  const little = 0.01
  const isInside = inner.left > outer.left - little && inner.top > outer.top - little &&
    inner.right < outer.right + little && inner.bottom < outer.bottom + little
  if (!isInside) assert.fail(`${inner.what} is not in ${outer.what}`)
}

/** What holds for every layout of a graph. */
const assertSound = (data: GraphData, layout: GraphLayout, expanded: ReadonlySet<string> = nothing): void => {
  const whole = { what: "the layout", left: 0, top: 0, right: layout.width, bottom: layout.height }
  const boxes = boxAreas(layout)
  assertApart([
    ...boxes,
    ...shownNodes(layout).flatMap((node) => layout.boxOf[node]! < 0 ? [nodeArea(layout, node)] : [])
  ])
  for (const box of boxes) assertInside(box, whole)

  const inBoxes = boxes.map((): Array<Area> => [])
  data.nodes.forEach((_, node) => {
    const box = layout.boxOf[node]!
    const isFolded = box >= 0 && !layout.boxes[box]!.open
    assert.strictEqual(Number.isNaN(layout.x[node]!), isFolded, `node ${node} is shown unless its group is folded`)
    assert.strictEqual(Number.isNaN(layout.y[node]!), isFolded)
    if (isFolded) return
    const area = nodeArea(layout, node)
    assertInside(area, whole)
    if (box < 0) return
    inBoxes[box]!.push(area)
    assertInside(area, boxes[box]!)
  })
  for (const areas of inBoxes) assertApart(areas)
  assert.strictEqual(layout.shown, shownNodes(layout).length)
  const members = new Map<string, number>()
  for (const { group = ungrouped } of data.nodes) members.set(group, (members.get(group) ?? 0) + 1)
  for (const box of layout.boxes) {
    assert.strictEqual(box.open, expanded.has(box.group))
    assert.strictEqual(box.count, members.get(box.group), "a box tells how many nodes it has")
  }

  // every edge is drawn once, or stands in one curve with others, or is within a folded box
  const endOf = (node: number) => {
    const box = layout.boxOf[node]!
    return box >= 0 && !layout.boxes[box]!.open ? ~box : node
  }
  const wanted = new Map<string, number>()
  for (const { from, to } of data.edges) {
    const [a, b] = [endOf(from), endOf(to)]
    if (a !== b) wanted.set(`${a} ${b}`, (wanted.get(`${a} ${b}`) ?? 0) + 1)
  }
  const { count, edges, from, points, start, to, way: ways } = layout.curves
  assert.strictEqual(count, wanted.size)
  for (let curve = 0; curve < count; curve++) {
    const ends = `${from[curve]} ${to[curve]}`
    if (wanted.get(ends) !== edges[curve]) {
      assert.fail(`${ends} is one of ${edges[curve]} edges, not ${wanted.get(ends)}`)
    }
    wanted.delete(ends)
  }
  const areaOf = (end: number) => end < 0 ? boxes[~end]! : nodeArea(layout, end)
  for (let curve = 0; curve < count; curve++) {
    const [first, last] = [start[curve]!, start[curve + 1]! - 2]
    assert.strictEqual((last - first) % 4, 2, "a curve has two points for each column that it passes")
    const [source, target] = [areaOf(from[curve]!), areaOf(to[curve]!)]
    const way = target.left > source.right ? Way.right : target.right < source.left ? Way.left : Way.beside
    assert.strictEqual(ways[curve], way)
    assert.approximately(points[first]!, way === Way.left ? source.left : source.right, 0.01)
    assert.approximately(points[last]!, way === Way.right ? target.left : target.right, 0.01)
  }
}

/** Edges within a group and those of a flat layout lead to the right, and their curves never turn back. */
const assertRightwards = (layout: GraphLayout): void => {
  const { across, count, points, start } = layout.curves
  for (let curve = 0; curve < count; curve++) {
    if (across[curve] === 1) continue
    for (let at = start[curve]! + 2; at < start[curve + 1]!; at += 2) {
      assert.isAbove(points[at]! + 0.01, points[at - 2]!, `curve ${curve} goes back`)
    }
  }
}

const Draft = Schema.Struct({
  nodes: Schema.Array(Schema.Struct({
    group: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 })),
    inputs: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))).check(Schema.isMaxLength(4))
  })).check(Schema.isMaxLength(60)),
  open: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 127 }))
})

/** A random graph: what a node reads is so many places before it. */
const toGraph = ({ nodes }: typeof Draft.Type): GraphData => ({
  nodes: nodes.map(({ group }, index) => ({ id: id(index), group: group === 6 ? undefined : `group/${group}` })),
  edges: nodes.flatMap(({ inputs }, to) =>
    [...new Set(inputs)].flatMap((back): Array<GraphEdge> =>
      back > to ? [] : [{ from: to - back, to, kind: back % 5 === 0 ? "dep" : "input" }]
    )
  )
})

const toExpanded = ({ open }: typeof Draft.Type): ReadonlySet<string> =>
  new Set(
    Array.from({ length: 6 }, (_, group) => group).flatMap((group) =>
      (open >> group) % 2 === 1 ? [`group/${group}`] : []
    )
  )

const randomly = { arbitrary: { runs: 150, size: 60, seed: 1 } }

describe("layoutGraph", () => {
  it.prop("lays out random graphs, flat", [Draft], ([draft]) => {
    const data = toGraph(draft)
    const layout = layoutGraph(shapeOf(data), flat)
    assertSound(data, layout)
    assertRightwards(layout)
    assert.strictEqual(layout.shown, data.nodes.length)
  }, randomly)

  it.prop("lays out random graphs, with groups open and folded", [Draft], ([draft]) => {
    const data = toGraph(draft)
    const expanded = toExpanded(draft)
    const layout = layoutGraph(shapeOf(data), { folded: true, expanded })
    assertSound(data, layout, expanded)
    assertRightwards(layout)
  }, randomly)

  it.prop("gives the same layout for the same graph, whatever was laid out before", [Draft], ([draft]) => {
    const shape = shapeOf(toGraph(draft))
    const options = { folded: true, expanded: toExpanded(draft) }
    const cache = new Map()
    const first = layoutGraph(shape, options, cache)
    layoutGraph(shape, { folded: true, expanded: new Set(shape.groups) }, cache)
    assert.deepStrictEqual(layoutGraph(shape, options, cache), first)
    assert.deepStrictEqual(layoutGraph(shape, options), first)
  }, randomly)

  it("does not depend on names", () => {
    const data = tiered(200)
    const renamed = {
      ...data,
      nodes: data.nodes.map((node, index) => ({ ...node, id: `${index} <b>${"long ".repeat(200)}</b>` }))
    }
    assert.deepStrictEqual(layoutGraph(shapeOf(renamed), flat), layoutGraph(shapeOf(data), flat))
  })

  it("lays out a graph whose nodes come in another order as soundly", () => {
    for (const data of [tiered(300), tangled(300)]) {
      const other = shuffled(data)
      const expanded = new Set(groupsOf(data).slice(0, 3))
      assertSound(other, layoutGraph(shapeOf(other), { folded: true, expanded }), expanded)
      const layout = layoutGraph(shapeOf(other), flat)
      assertSound(other, layout)
      assertRightwards(layout)
    }
  })

  it("folds 10,000 assets into their groups", () => {
    for (const data of [tiered(10_000), tangled(10_000)]) {
      const groups = groupsOf(data)
      for (const expanded of [nothing, new Set(groups.slice(0, 5)), new Set(groups)]) {
        const layout = layoutGraph(shapeOf(data), { folded: true, expanded })
        assertSound(data, layout, expanded)
        assert.strictEqual(layout.boxes.length, groups.length)
      }
    }
  })

  it("shows all of 10,000 assets", () => {
    for (const data of [tiered(10_000), tangled(10_000)]) {
      const layout = layoutGraph(shapeOf(data), flat)
      assertSound(data, layout)
      assertRightwards(layout)
    }
  })

  it("lays out a line of 10,000 assets, and one with an edge from each asset to the last", () => {
    const straight = line(10_000)
    const layout = layoutGraph(shapeOf(straight), flat)
    assertSound(straight, layout)
    assertRightwards(layout)
    assert.strictEqual(layout.height, nodeSize.height)

    const last = straight.nodes.length - 1
    const skipping = {
      ...straight,
      edges: [
        ...straight.edges,
        ...Array.from({ length: last - 1 }, (_, from): GraphEdge => ({ from, to: last, kind: "dep" }))
      ]
    }
    const long = layoutGraph(shapeOf(skipping), flat)
    assertSound(skipping, long)
    assertRightwards(long)
  })

  it("lays out nothing, one node, and nodes that do not hang together", () => {
    const empty = { nodes: [], edges: [] }
    for (const options of [flat, { folded: true, expanded: nothing }]) {
      const layout = layoutGraph(shapeOf(empty), options)
      assert.deepStrictEqual([layout.shown, layout.boxes.length, layout.curves.count, layout.width, layout.height], [
        0,
        0,
        0,
        0,
        0
      ])
    }
    const one = { nodes: [{ id: "a", group: undefined }], edges: [] }
    const layout = layoutGraph(shapeOf(one), flat)
    assertSound(one, layout)
    assert.deepStrictEqual([layout.width, layout.height], [nodeSize.width, nodeSize.height])

    // no tower of a thousand
    const apart = {
      nodes: Array.from({ length: 1000 }, (_, index) => ({ id: id(index), group: undefined })),
      edges: []
    }
    const many = layoutGraph(shapeOf(apart), flat)
    assertSound(apart, many)
    assert.isBelow(many.height, 2 * many.width)
  })

  it("leaves out edges that lead nowhere, and survives cycles", () => {
    const nodes = [0, 1, 2].map((index) => ({ id: id(index), group: undefined }))
    const edges = [[0, 1], [1, 2], [2, 0], [1, 1], [2, 7], [-1, 0]].map(([from, to]): GraphEdge => ({
      from: from!,
      to: to!,
      kind: "input"
    }))
    const layout = layoutGraph(shapeOf({ nodes, edges }), flat)
    assertSound({ nodes, edges: edges.slice(0, 3) }, layout)
  })

  it("has no boxes where there is one group, or none", () => {
    const data = tiered(20)
    for (const group of ["all", undefined]) {
      const same = { ...data, nodes: data.nodes.map((node) => ({ ...node, group })) }
      const layout = layoutGraph(shapeOf(same), { folded: true, expanded: nothing })
      assert.deepStrictEqual([layout.boxes.length, layout.shown], [0, 20])
    }
  })

  it("puts a few assets without a group among the groups, and many into one of their own", () => {
    const data = tiered(1000)
    const without = (every: number): GraphData => ({
      ...data,
      nodes: data.nodes.map((node, index) => index % every === 0 ? { ...node, group: undefined } : node)
    })
    const few = without(50)
    const layout = layoutGraph(shapeOf(few), { folded: true, expanded: nothing })
    assertSound(few, layout)
    assert.strictEqual(layout.shown, 20)

    const many = without(10)
    const folded = layoutGraph(shapeOf(many), { folded: true, expanded: nothing })
    assertSound(many, folded)
    assert.strictEqual(folded.shown, 0)
    assert.strictEqual(folded.boxes.at(-1)!.group, ungrouped)
    const expanded = new Set([ungrouped])
    const opened = layoutGraph(shapeOf(many), { folded: true, expanded })
    assertSound(many, opened, expanded)
    assert.strictEqual(opened.shown, 100)
  })

  it("leads from group to group to the right where groups have no cycles", () => {
    const data = tiered(1000)
    for (const expanded of [nothing, new Set(groupsOf(data).slice(3, 8))]) {
      const { boxes, curves, boxOf } = layoutGraph(shapeOf(data), { folded: true, expanded })
      const boxOfEnd = (end: number) => boxes[end < 0 ? ~end : boxOf[end]!]!
      for (let curve = 0; curve < curves.count; curve++) {
        if (curves.across[curve] === 0) continue
        const [from, to] = [boxOfEnd(curves.from[curve]!), boxOfEnd(curves.to[curve]!)]
        assert.isBelow(from.x + from.width, to.x, `${from.group} is left of ${to.group}`)
      }
    }
  })

  it("puts groups that depend on each other in the order of their depth", () => {
    // "wide" begins, "late" reads it, and one asset of "wide" reads "late" again
    const nodes = ["wide", "wide", "wide", "late", "late", "wide", "end"].map((group, index) => ({
      id: id(index),
      group
    }))
    const edges = [[0, 3], [1, 3], [3, 4], [4, 5], [5, 6]].map(([from, to]): GraphEdge => ({
      from: from!,
      to: to!,
      kind: "input"
    }))
    const { boxes } = layoutGraph(shapeOf({ nodes, edges }), { folded: true, expanded: nothing })
    const sorted = boxes.toSorted((a, b) => a.x - b.x)
    assert.deepStrictEqual(sorted.map(({ group }) => group), ["wide", "late", "end"])
  })

  it("keeps the order of the others when a group opens", () => {
    for (const data of [tiered(1000), tangled(1000)]) {
      const shape = shapeOf(data)
      const boxes = (expanded: ReadonlySet<string>) => {
        const { boxes, curves } = layoutGraph(shape, { folded: true, expanded })
        const linked = new Set([...curves.from, ...curves.to])
        return boxes.filter((box, index) => box.open || linked.has(~index))
      }
      /** The groups of each column, from the top; those that hang together with nothing have none. */
      const columns = (of: ReturnType<typeof boxes>, but: string): ReadonlyArray<ReadonlyArray<string>> => {
        const middles = new Set(of.map((box) => box.x + box.width / 2))
        return [...middles].sort((a, b) => a - b).map((x) =>
          of.filter((box) => box.x + box.width / 2 === x && box.group !== but).toSorted((a, b) => a.y - b.y)
            .map(({ group }) => group)
        ).filter((column) => column.length > 0)
      }
      const folded = boxes(nothing)
      assert.isAbove(columns(folded, "").length, 3)
      for (const { group } of folded.slice(0, 8)) {
        assert.deepStrictEqual(columns(boxes(new Set([group])), group), columns(folded, group), `as ${group} opens`)
      }
    }
  })

  it("leads long edges between nodes, not through them", () => {
    const data = tiered(200)
    const layout = layoutGraph(shapeOf(data), flat)
    const areas = shownNodes(layout).map((node) => nodeArea(layout, node))
    const { count, points, start } = layout.curves
    let passed = 0
    for (let curve = 0; curve < count; curve++) {
      for (let at = start[curve]! + 2; at < start[curve + 1]! - 2; at += 4) {
        const [left, right, y] = [points[at]!, points[at + 2]!, points[at + 1]!]
        assert.strictEqual(points[at + 3], y)
        const hit = areas.find((area) => area.left < right && area.right > left && area.top < y && area.bottom > y)
        assert.isUndefined(hit, `curve ${curve} passes through ${hit?.what}`)
        passed++
      }
    }
    assert.isAbove(passed, 50)
  })

  it("has folded boxes of one size, and opens them around their nodes", () => {
    const data = tiered(50)
    const [group] = groupsOf(data)
    const { boxes } = layoutGraph(shapeOf(data), { folded: true, expanded: new Set([group!]) })
    for (const box of boxes) {
      if (box.group === group) assert.isAbove(box.height, foldedSize.height)
      else assert.deepStrictEqual([box.width, box.height], [foldedSize.width, foldedSize.height])
    }
  })
})

describe("crossings", () => {
  it("are at most twice as many as Graphviz has", async () => {
    for (
      const [make, count] of [[tiered, 50], [tiered, 200], [tiered, 400], [tangled, 50], [tangled, 200], [
        tangled,
        400
      ]] as const
    ) {
      let own = 0
      let dot = 0
      for (const seed of [1, 2]) {
        const data = make(count, seed)
        own += straightCrossings(data, layoutGraph(shapeOf(data), flat))
        dot += straightCrossings(data, await dotPlaces(data))
      }
      assert.isAbove(dot, 0)
      assert.isAtMost(own, 2 * dot, `${make.name} graphs of ${count}: ${own} crossings, Graphviz ${dot}`)
    }
  })

  it("are none in a tree", () => {
    const nodes = Array.from({ length: 127 }, (_, index) => ({ id: id(index), group: undefined }))
    const edges = nodes.slice(1).map((_, index): GraphEdge => ({ from: index >> 1, to: index + 1, kind: "input" }))
    const data = shuffled({ nodes, edges })
    assert.strictEqual(straightCrossings(data, layoutGraph(shapeOf(data), flat)), 0)
  })
})

describe("layered", () => {
  it("keeps nodes of different sizes apart", () => {
    const sizes = Float64Array.of(10, 300, 40, 5, 120, 60)
    const layout = layered({
      widths: sizes,
      heights: sizes.toReversed(),
      from: Int32Array.of(0, 0, 0, 0, 1),
      to: Int32Array.of(1, 2, 3, 4, 5)
    }, { rowGap: 7 })
    const areas = Array.from(sizes, (width, node): Area => ({
      what: `node ${node}`,
      left: layout.x[node]! - width / 2,
      right: layout.x[node]! + width / 2,
      top: layout.y[node]! - sizes.at(-1 - node)! / 2 - 3.5,
      bottom: layout.y[node]! + sizes.at(-1 - node)! / 2 + 3.5
    }))
    assertApart(areas)
    assert.strictEqual(Math.max(...areas.map((area) => area.right)), layout.width)
  })
})
