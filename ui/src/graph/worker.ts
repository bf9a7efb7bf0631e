/** The layout off the main thread: answers each request in turn. Layouts of groups are kept for the next one. */
import { type InnerLayouts, layoutGraph } from "./fold.ts"
import type { LayoutRequest, LayoutResponse } from "./layoutClient.ts"
import type { GraphShape } from "./model.ts"

/** What a module worker has; the DOM's types are those of a window. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<LayoutRequest>) => void): void
  postMessage(message: LayoutResponse, transfer: Array<ArrayBuffer>): void
}
const scope = globalThis as unknown as WorkerScope // see above

let shape: GraphShape | undefined
const cache: InnerLayouts = new Map()

scope.addEventListener("message", ({ data: request }) => {
  shape = request.shape ?? shape
  if (shape === undefined) return
  const layout = layoutGraph(shape, request.options, cache)
  const { boxOf, curves, x, y } = layout
  // a flat layout is not cached: nothing that is handed over is read here again
  const arrays = [
    x,
    y,
    boxOf,
    curves.from,
    curves.to,
    curves.edges,
    curves.dep,
    curves.across,
    curves.way,
    curves.points,
    curves.start
  ]
  scope.postMessage({ id: request.id, layout }, arrays.map((array) => array.buffer as ArrayBuffer)) // never shared ones
})
