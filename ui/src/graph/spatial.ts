/** Which rectangles are at a place: a grid over those that stand still. */

export interface Rectangles {
  readonly count: number
  /** The middle of each; `NaN` for those that are nowhere. */
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly width: number
  readonly height: number
}

export interface SpatialIndex {
  /** Writes the rectangles that touch an area into `into`, and returns how many there are. `into` has to hold all of them. */
  readonly within: (left: number, top: number, right: number, bottom: number, into: Int32Array) => number
  /** The rectangle at a point, or -1. */
  readonly at: (x: number, y: number) => number
  /** The rectangle whose middle is the nearest, or -1 where there is none. */
  readonly nearest: (x: number, y: number) => number
}

/** So many cells at most, for a layout that is long and almost empty. */
const maxCells = 1 << 16

export const spatialIndex = ({ count, height, width, x, y }: Rectangles): SpatialIndex => {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let at = 0; at < count; at++) {
    if (Number.isNaN(x[at])) continue
    left = Math.min(left, x[at]!)
    right = Math.max(right, x[at]!)
    top = Math.min(top, y[at]!)
    bottom = Math.max(bottom, y[at]!)
  }
  const empty = left > right
  if (empty) [left, top, right, bottom] = [0, 0, 0, 0]
  let [cellWidth, cellHeight] = [2 * width, 4 * height]
  while (((right - left) / cellWidth + 1) * ((bottom - top) / cellHeight + 1) > maxCells) {
    cellWidth *= 2
    cellHeight *= 2
  }
  const columns = Math.floor((right - left) / cellWidth) + 1
  const rows = Math.floor((bottom - top) / cellHeight) + 1
  const columnAt = (value: number) => Math.min(columns - 1, Math.max(0, Math.floor((value - left) / cellWidth)))
  const rowAt = (value: number) => Math.min(rows - 1, Math.max(0, Math.floor((value - top) / cellHeight)))
  const start = new Int32Array(columns * rows + 1)
  for (let at = 0; at < count; at++) {
    if (!Number.isNaN(x[at])) start[rowAt(y[at]!) * columns + columnAt(x[at]!) + 1]!++
  }
  for (let cell = 0; cell < columns * rows; cell++) start[cell + 1]! += start[cell]!
  const next = start.slice()
  const of = new Int32Array(start[columns * rows]!)
  for (let at = 0; at < count; at++) {
    if (!Number.isNaN(x[at])) of[next[rowAt(y[at]!) * columns + columnAt(x[at]!)]!++] = at
  }
  const within: SpatialIndex["within"] = (fromX, fromY, toX, toY, into) => {
    const [x0, x1, y0, y1] = [fromX - width / 2, toX + width / 2, fromY - height / 2, toY + height / 2]
    if (empty || x1 < left || y1 < top || x0 > right || y0 > bottom) return 0
    let found = 0
    const [firstColumn, lastColumn, firstRow, lastRow] = [columnAt(x0), columnAt(x1), rowAt(y0), rowAt(y1)]
    for (let row = firstRow; row <= lastRow; row++) {
      for (let index = start[row * columns + firstColumn]!; index < start[row * columns + lastColumn + 1]!; index++) {
        const at = of[index]!
        if (x[at]! >= x0 && x[at]! <= x1 && y[at]! >= y0 && y[at]! <= y1) into[found++] = at
      }
    }
    return found
  }
  const few = new Int32Array(count)
  return {
    within,
    at: (pointX, pointY) => within(pointX, pointY, pointX, pointY, few) > 0 ? few[0]! : -1,
    nearest: (pointX, pointY) => {
      let best = -1
      let least = Infinity
      for (const at of of) {
        const distance = (x[at]! - pointX) ** 2 + (y[at]! - pointY) ** 2
        if (distance < least) {
          least = distance
          best = at
        }
      }
      return best
    }
  }
}
