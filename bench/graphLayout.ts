/** The layout of the lineage graph, as the web UI makes it in its worker: folded, with five groups open, and flat. */
import { shuffled, tangled, tiered } from "../test/ui/graph/generate.ts"
import { layoutGraph } from "../ui/src/graph/fold.ts"
import { shapeOf } from "../ui/src/graph/model.ts"
import { inTurns, type Row } from "./measure.ts"

const graphs = { tiered, tangled }
/** Milliseconds for a layout that a user waits for, folded and flat. */
const budgets = new Map([[50, [16, 16]], [1000, [16, 100]], [10_000, [100, 1000]]])

export const measureGraphLayout = async (rounds = 9): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const [count, [foldedBudget, flatBudget]] of budgets) {
    for (const [kind, make] of Object.entries(graphs)) {
      const data = shuffled(make(count))
      const shape = shapeOf(data)
      const expected = { folded: 0, open: 0, flat: count }
      const ways = {
        folded: { folded: true, expanded: new Set<string>() },
        open: { folded: true, expanded: new Set(shape.groups.slice(0, 5)) },
        flat: { folded: false, expanded: new Set<string>() }
      }
      expected.open = data.nodes.filter((node) => ways.open.expanded.has(node.group ?? "")).length
      for (const [way, options] of Object.entries(ways)) {
        const { shown } = layoutGraph(shape, options)
        if (shown !== expected[way as keyof typeof ways]) throw new Error(`wrong result: ${shown} assets, ${way}`)
      }
      // without a cache: the first time that a graph is seen
      const found = await inTurns(rounds, 3, {
        folded: async () => layoutGraph(shape, ways.folded),
        open: async () => layoutGraph(shape, ways.open),
        flat: async () => layoutGraph(shape, ways.flat)
      })
      const row = (what: string, name: string, budget: number): Row => {
        const { median } = found[name]!
        return {
          what: `${count.toLocaleString("en")} assets, ${kind}: ${what}`,
          figure: `${median.toFixed(1)} ms`,
          budget: `${budget} ms`,
          within: median <= budget
        }
      }
      rows.push(
        row(`${shape.groups.length} groups folded`, "folded", foldedBudget!),
        row(`${ways.open.expanded.size} groups open`, "open", foldedBudget!),
        row("flat", "flat", flatBudget!)
      )
    }
  }
  return rows
}
