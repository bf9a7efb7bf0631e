/** Graphviz, the yardstick of layered layouts. */
import { Graphviz } from "@hpcc-js/wasm-graphviz"
import type { GraphData } from "../../../ui/src/graph/model.ts"
import type { Places } from "./crossings.ts"

export const dotPlaces = async (data: GraphData): Promise<Places> => {
  const graphviz = await Graphviz.load()
  const lines = [
    ...data.nodes.map((_, index) => `${index};`),
    ...data.edges.map(({ from, to }) => `${from} -> ${to};`)
  ]
  const plain = graphviz.dot(
    `digraph { rankdir=LR; node [shape=box, width=2, height=0.52, fixedsize=true]; ${lines.join("\n")} }`,
    "plain"
  )
  const x = new Float64Array(data.nodes.length)
  const y = new Float64Array(data.nodes.length)
  for (const line of plain.split("\n")) {
    const [kind, name, left, top] = line.split(" ")
    if (kind !== "node") continue
    x[Number(name)] = Number(left)
    y[Number(name)] = Number(top)
  }
  return { x, y }
}
