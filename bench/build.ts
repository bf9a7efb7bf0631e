/** Definition, validation and planning of 100,000 assets with three inputs each, and the memory they take. */
import { Result } from "effect"
import { Graph, Plan } from "../src/index.ts"
import type { Row } from "./measure.ts"
import { define, type Shape } from "./shapes.ts"

const count = 100_000

export const measureBuild = (): ReadonlyArray<Row> => {
  const shape: Shape = Array.from({ length: count }, (_, i) => (i < 3 ? [] : [i - 1, i - 2, i - 3]))
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const start = performance.now()
  const assets = define(shape)
  const defined = performance.now()
  globalThis.gc?.()
  const between = process.memoryUsage().heapUsed
  const building = performance.now()
  const graph = Graph.fromAssets(assets)
  const built = performance.now()
  const plan = Result.getOrThrow(Plan.make(graph))
  const planned = performance.now()
  globalThis.gc?.()
  const after = process.memoryUsage().heapUsed
  if (plan.keys.length !== count) throw new Error("the plan is not whole")
  const megabytes = (bytes: number) => globalThis.gc === undefined ? "" : `, ${(bytes / 1e6).toFixed(0)} MB`
  const millis = (from: number, to: number) => `${(to - from).toFixed(0)} ms`
  return [
    { what: "define 100,000 assets", figure: millis(start, defined) + megabytes(between - before) },
    {
      what: "build and validate their graph",
      figure: millis(building, built) + megabytes(after - between),
      budget: "1,000 ms",
      within: built - building <= 1000
    },
    { what: "plan a run of all", figure: millis(built, planned), budget: "500 ms", within: planned - built <= 500 }
  ]
}
