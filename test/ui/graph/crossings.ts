/** How many edges cross when they are drawn as straight lines: the measure of a layout, whoever made it. */
import type { GraphData } from "../../../ui/src/graph/model.ts"

export interface Places {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
}

/** Whether `c` lies to the left (1) or to the right (-1) of the line from `a` to `b`, or on it (0). */
const side = ({ x, y }: Places, a: number, b: number, c: number): number =>
  Math.sign((x[b]! - x[a]!) * (y[c]! - y[a]!) - (y[b]! - y[a]!) * (x[c]! - x[a]!))

export const straightCrossings = ({ edges }: GraphData, places: Places): number => {
  let total = 0
  for (let first = 0; first < edges.length; first++) {
    const [a, b] = [edges[first]!.from, edges[first]!.to]
    for (let second = first + 1; second < edges.length; second++) {
      const [c, d] = [edges[second]!.from, edges[second]!.to]
      if (a === c || a === d || b === c || b === d) continue
      if (
        side(places, a, b, c) * side(places, a, b, d) < 0 &&
        side(places, c, d, a) * side(places, c, d, b) < 0
      ) total++
    }
  }
  return total
}
