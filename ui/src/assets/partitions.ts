/** The strip and the grid of an asset's partitions: which state a pixel or a cell has, and which partition it stands for. */
import type { Api } from "../api/contract.ts"

/** The states of partitions. Where several share a place, the first of these is shown. */
export const partitionStates: ReadonlyArray<Api.Model.PartitionState> = [
  "Failed",
  "Running",
  "Missing",
  "Stale",
  "Fresh"
]

/** Partitions that follow each other and have one state. */
export type Stretch = Api.Model.PartitionsModel["stretches"][number]

/** The partitions that are in view: from one place on, up to another one that is not. */
export interface View {
  readonly from: number
  readonly to: number
}

/** A pixel of which nothing is known. */
export const unknownState = 255

/** The worst state of each pixel as its place in `partitionStates`. Costs O(stretches in view + pixels). */
export const pixelStates = (stretches: ReadonlyArray<Stretch>, { from, to }: View, pixels: number): Uint8Array => {
  const out = new Uint8Array(Math.max(0, Math.floor(pixels))).fill(unknownState)
  const count = to - from
  if (count <= 0 || out.length === 0) return out
  const scale = out.length / count
  // where a state was painted up to: stretches come in order, so a pixel is painted once by each state at most
  const painted = new Int32Array(partitionStates.length)
  for (let i = Math.max(0, stretchIndex(stretches, from)); i < stretches.length; i++) {
    const { length, start, state } = stretches[i]!
    if (start >= to) break
    if (start + length <= from) continue
    const rank = partitionStates.indexOf(state)
    const first = Math.max(painted[rank]!, Math.floor((start - from) * scale + 1e-9), 0)
    const end = Math.min(out.length, Math.ceil((start + length - from) * scale - 1e-9))
    for (let pixel = first; pixel < end; pixel++) if (out[pixel]! > rank) out[pixel] = rank
    painted[rank] = Math.max(painted[rank]!, end)
  }
  return out
}

/** The last stretch that begins at or before a place; -1 if there is none. */
const stretchIndex = (stretches: ReadonlyArray<Stretch>, index: number): number => {
  let low = 0
  let high = stretches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (stretches[middle]!.start <= index) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The stretch that a partition belongs to. */
export const stretchAt = (stretches: ReadonlyArray<Stretch>, index: number): Stretch | undefined => {
  const stretch = stretches[stretchIndex(stretches, index)]
  return stretch !== undefined && index < stretch.start + stretch.length ? stretch : undefined
}

/** The state of a partition. */
export const stateAt = (stretches: ReadonlyArray<Stretch>, index: number): Api.Model.PartitionState | undefined =>
  stretchAt(stretches, index)?.state

/** The partition at a pixel. */
export const indexAt = ({ from, to }: View, x: number, width: number): number =>
  Math.max(from, Math.min(to - 1, from + Math.floor((x / Math.max(1, width)) * (to - from))))

/** Where a partition begins, in pixels. */
export const positionOf = ({ from, to }: View, index: number, width: number): number =>
  ((index - from) / Math.max(1, to - from)) * width

/** What is in view after zooming by a factor about a partition, which keeps its place. At least `least` stay in view. */
export const zoomView = (view: View, factor: number, about: number, total: number, least = 10): View => {
  const count = Math.round(Math.min(total, Math.max(Math.min(least, total), (view.to - view.from) / factor)))
  const share = (about - view.from) / Math.max(1, view.to - view.from)
  return clampView({ from: Math.round(about - share * count), to: Math.round(about - share * count) + count }, total)
}

/** What is in view after moving by some partitions. */
export const panView = (view: View, by: number, total: number): View =>
  clampView({ from: view.from + by, to: view.to + by }, total)

/** A view moved, not shrunk, so that it lies inside of the set. */
const clampView = ({ from, to }: View, total: number): View => {
  const count = Math.min(total, to - from)
  const start = Math.max(0, Math.min(total - count, from))
  return { from: start, to: start + count }
}

// ---------------------------------------------------------------------------------------------------------------------
// keys
// ---------------------------------------------------------------------------------------------------------------------

/** What is needed of a set to name its partitions. */
export type Axes = Pick<Api.Model.PartitionsModel, "total" | "dimensions" | "stretches">

/** The place in each dimension of a partition. The last dimension changes first. */
export const coordinates = ({ dimensions }: Axes, index: number): ReadonlyArray<number> => {
  const out = new Array<number>(dimensions.length).fill(0)
  let rest = index
  for (let i = dimensions.length - 1; i >= 0; i--) {
    const size = Math.max(1, dimensions[i]!.size)
    out[i] = rest % size
    rest = Math.floor(rest / size)
  }
  return out
}

/** The partition at a place in each dimension. */
export const indexOfCoordinates = ({ dimensions }: Axes, at: ReadonlyArray<number>): number =>
  dimensions.reduce((index, { size }, i) => index * size + (at[i] ?? 0), 0)

const dimensionKey = (dimension: Axes["dimensions"][number], at: number): string | undefined =>
  dimension.keys?.[at] ?? (at === 0 ? dimension.first : at === dimension.size - 1 ? dimension.last : undefined)

/** The key of a partition, where it is known: of a long set only those at the ends of stretches are. */
export const keyAt = (axes: Axes, index: number): string | undefined => {
  const stretch = stretchAt(axes.stretches, index)
  if (stretch !== undefined && index === stretch.start) return stretch.first
  if (stretch !== undefined && index === stretch.start + stretch.length - 1) return stretch.last
  const parts = coordinates(axes, index).map((at, i) => dimensionKey(axes.dimensions[i]!, at))
  return parts.every((part) => part !== undefined) ? parts.join("|") : undefined
}

/** The place of a partition, where its key is known. */
export const indexOfKey = (axes: Axes, key: string): number | undefined => {
  const { dimensions, stretches } = axes
  const parts = dimensions.length === 1 ? [key] : key.split("|")
  if (parts.length !== dimensions.length) return undefined
  const at = parts.map((part, i) => {
    const { first, keys, last, size } = dimensions[i]!
    if (keys !== undefined) return keys.indexOf(part)
    return part === first ? 0 : part === last ? size - 1 : -1
  })
  if (at.every((one) => one >= 0)) return indexOfCoordinates(axes, at)
  const stretch = stretches.find(({ first, last }) => first === key || last === key)
  if (stretch === undefined) return undefined
  return stretch.first === key ? stretch.start : stretch.start + stretch.length - 1
}

/** `true` if a key cannot be one of this set, so nobody has to be asked. */
export const isForeign = ({ dimensions }: Axes, key: string): boolean => {
  const parts = dimensions.length === 1 ? [key] : key.split("|")
  return parts.length !== dimensions.length ||
    parts.some((part, i) => {
      const { keys } = dimensions[i]!
      return part === "" || (keys !== undefined && !keys.includes(part))
    })
}

/** The smallest range that has two partitions: of a product, in each dimension. */
export const rangeBetween = (axes: Axes, a: number, b: number): { readonly from: number; readonly to: number } => {
  const [at, bt] = [coordinates(axes, a), coordinates(axes, b)]
  return {
    from: indexOfCoordinates(axes, at.map((one, i) => Math.min(one, bt[i]!))),
    to: indexOfCoordinates(axes, at.map((one, i) => Math.max(one, bt[i]!)))
  }
}

/** How many partitions a range has. */
export const rangeSize = (axes: Axes, { from, to }: { readonly from: number; readonly to: number }): number => {
  const [at, bt] = [coordinates(axes, from), coordinates(axes, to)]
  return at.reduce((size, one, i) => size * Math.max(0, bt[i]! - one + 1), 1)
}

/** How many partitions of a range are in which state. */
export const countStates = (
  axes: Axes,
  range: { readonly from: number; readonly to: number }
): { readonly [state in Api.Model.PartitionState]: number } => {
  const counts = { Failed: 0, Running: 0, Missing: 0, Stale: 0, Fresh: 0 }
  const last = axes.dimensions.length - 1
  const [at, bt] = [coordinates(axes, range.from), coordinates(axes, range.to)]
  const width = bt[last]! - at[last]! + 1
  // a range of a product is one run of partitions for each combination of the other dimensions
  const visit = (depth: number, place: ReadonlyArray<number>): void => {
    if (depth < last) {
      for (let one = at[depth]!; one <= bt[depth]!; one++) visit(depth + 1, [...place, one])
      return
    }
    const from = indexOfCoordinates(axes, [...place, at[last]!])
    const to = from + width
    for (let i = Math.max(0, stretchIndex(axes.stretches, from)); i < axes.stretches.length; i++) {
      const { length, start, state } = axes.stretches[i]!
      if (start >= to) break
      counts[state] += Math.max(0, Math.min(to, start + length) - Math.max(from, start))
    }
  }
  visit(0, [])
  return counts
}

// ---------------------------------------------------------------------------------------------------------------------
// grids
// ---------------------------------------------------------------------------------------------------------------------

/** The state of each partition as its place in `partitionStates`, to be looked at one by one. */
export const expandStates = (stretches: ReadonlyArray<Stretch>, total: number): Uint8Array => {
  const out = new Uint8Array(total).fill(unknownState)
  for (const { length, start, state } of stretches) out.fill(partitionStates.indexOf(state), start, start + length)
  return out
}

/** Which dimensions of a product a grid shows. The others are held at a place. */
export interface Plane {
  /** The dimension that goes to the right. */
  readonly x: number
  /** The dimension that goes down. */
  readonly y: number
  /** A place in each dimension; those of `x` and `y` do not matter. */
  readonly at: ReadonlyArray<number>
}

/** The plane that is shown first: time goes to the right, and the longest other dimension down. */
export const firstPlane = ({ dimensions }: Axes): Plane => {
  const places = dimensions.map((_, i) => i)
  const time = places.filter((i) => dimensions[i]!.kind === "time")
  const size = (i: number) => dimensions[i]!.size
  const longest = (of: ReadonlyArray<number>): number => of.reduce((a, b) => size(b) > size(a) ? b : a)
  const x = longest(time.length > 0 ? time : places)
  const y = longest(places.filter((i) => i !== x))
  return { x, y, at: dimensions.map(() => 0) }
}

/** The partition at a place of a plane. */
export const indexInPlane = (axes: Axes, { at, x, y }: Plane, column: number, row: number): number =>
  indexOfCoordinates(axes, at.map((one, i) => i === x ? column : i === y ? row : one))

/** The worst state of the columns from one to another one, which is not in it, in a row of a plane. */
export const worstInRow = (
  axes: Axes,
  plane: Plane,
  states: Uint8Array,
  row: number,
  from: number,
  to: number
): number => {
  const first = indexInPlane(axes, plane, 0, row)
  const step = axes.dimensions.slice(plane.x + 1).reduce((product, { size }) => product * size, 1)
  let worst = unknownState
  for (let column = from; column < to && worst > 0; column++) {
    const state = states[first + column * step]
    if (state !== undefined && state < worst) worst = state
  }
  return worst
}

/** `true` if a partition belongs to a range: of a product, in each dimension. */
export const isInRange = (
  axes: Axes,
  { from, to }: { readonly from: number; readonly to: number },
  index: number
): boolean => {
  const [at, low, high] = [coordinates(axes, index), coordinates(axes, from), coordinates(axes, to)]
  return at.every((one, i) => one >= low[i]! && one <= high[i]!)
}
