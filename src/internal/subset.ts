/**
 * Subsets of partitions: sets of index tuples, one index for each dimension. They are kept as intervals and never listed,
 * so a million partitions in a row cost as much as one. Equal sets have equal structure.
 */
import * as Result from "effect/Result"
import type * as Partitions from "../Partitions.ts"
import type { Dimension, WindowLine } from "./dimension.ts"

/**
 * A set of index tuples. Of depth 1: disjoint half-open intervals in order, none touching the next. Deeper: intervals of
 * the first index in order, each with what the other indices may be; where two touch, these differ. Of depth 0, the
 * partitions of what has none: the empty tuple, or nothing.
 */
export interface Subset {
  readonly depth: number
  /** The intervals one after the other: `lo`, `hi`, `lo`, `hi` … */
  readonly bounds: Int32Array
  /** For each interval, what the other indices may be. Empty up to depth 1. */
  readonly rests: ReadonlyArray<Subset>
  /** How many tuples there are. */
  readonly size: number
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const noBounds = new Int32Array(0)
const noRests: ReadonlyArray<Subset> = []
const nothing: Subset = { depth: 0, bounds: noBounds, rests: noRests, size: 0 }
const emptyLine: Subset = { depth: 1, bounds: noBounds, rests: noRests, size: 0 }

/** The one partition of what has no partitions. */
export const unit: Subset = { depth: 0, bounds: noBounds, rests: noRests, size: 1 }

export const empty = (depth: number): Subset =>
  depth === 0 ? nothing : depth === 1 ? emptyLine : { depth, bounds: noBounds, rests: noRests, size: 0 }

/** Depth 1, of bounds that are already in order, with none touching. */
const line = (bounds: Int32Array): Subset => {
  let size = 0
  for (let i = 0; i < bounds.length; i += 2) size += bounds[i + 1]! - bounds[i]!
  return size === 0 ? emptyLine : { depth: 1, bounds, rests: noRests, size }
}

/** The indices from `lo` on and before `hi`. */
export const fromRange = (lo: number, hi: number): Subset => lo < hi ? line(Int32Array.of(lo, hi)) : emptyLine

/** Depth 1, of intervals `lo, hi, lo, hi …` in the order of `lo`; they may be empty, touch and overlap. */
export const fromRanges = (ranges: ReadonlyArray<number>): Subset => {
  const bounds = new Int32Array(ranges.length)
  let length = 0
  for (let i = 0; i < ranges.length; i += 2) {
    const lo = ranges[i]!
    const hi = ranges[i + 1]!
    if (lo >= hi) continue
    if (length > 0 && lo <= bounds[length - 1]!) {
      if (hi > bounds[length - 1]!) bounds[length - 1] = hi
    } else {
      bounds[length++] = lo
      bounds[length++] = hi
    }
  }
  return line(bounds.slice(0, length))
}

/** Depth 1, of indices in any order, some perhaps more than once. */
export const fromIndices = (indices: Iterable<number>): Subset => {
  const sorted = Int32Array.from(indices).sort()
  const bounds: Array<number> = []
  for (const index of sorted) {
    const end = bounds.length - 1
    if (end >= 0 && bounds[end]! >= index) bounds[end] = index + 1
    else bounds.push(index, index + 1)
  }
  // an index that follows the one before moves its end; one that is there already moves it to where it is
  return line(Int32Array.from(bounds))
}

/** Of index tuples in any order, some perhaps more than once. */
export const fromTuples = (depth: number, tuples: ReadonlyArray<ReadonlyArray<number>>): Subset => {
  if (depth === 0) return tuples.length === 0 ? nothing : unit
  if (depth === 1) return fromIndices(tuples.map((tuple) => tuple[0]!))
  const byFirst = new Map<number, Array<ReadonlyArray<number>>>()
  for (const tuple of tuples) {
    const found = byFirst.get(tuple[0]!)
    const rest = tuple.slice(1)
    if (found === undefined) byFirst.set(tuple[0]!, [rest])
    else found.push(rest)
  }
  const slabs = new Slabs(depth)
  for (const first of [...byFirst.keys()].sort((a, b) => a - b)) {
    slabs.add(first, first + 1, fromTuples(depth - 1, byFirst.get(first)!))
  }
  return slabs.build()
}

/** All combinations of sets of depth 1, one for each dimension. */
export const box = (sides: ReadonlyArray<Subset>): Subset => {
  let rest = unit
  for (let i = sides.length - 1; i >= 0; i--) {
    const side = sides[i]!
    if (rest.depth === 0) rest = side
    else if (side.size === 0 || rest.size === 0) rest = empty(rest.depth + 1)
    else {
      rest = {
        depth: rest.depth + 1,
        bounds: side.bounds,
        rests: new Array<Subset>(side.bounds.length / 2).fill(rest),
        size: side.size * rest.size
      }
    }
  }
  return rest
}

/** Everything there is in dimensions of these sizes. */
export const all = (sizes: ReadonlyArray<number>): Subset => box(sizes.map((size) => fromRange(0, size)))

/** Collects slabs in order, and makes one of those that touch and have equal rests. */
class Slabs {
  readonly bounds: Array<number> = []
  readonly rests: Array<Subset> = []
  size = 0
  readonly depth: number

  constructor(depth: number) {
    this.depth = depth
  }

  add(lo: number, hi: number, rest: Subset): void {
    if (lo >= hi || rest.size === 0) return
    this.size += (hi - lo) * rest.size
    const end = this.bounds.length - 1
    if (end >= 0 && this.bounds[end] === lo && equals(this.rests[this.rests.length - 1]!, rest)) {
      this.bounds[end] = hi
    } else {
      this.bounds.push(lo, hi)
      this.rests.push(rest)
    }
  }

  build(): Subset {
    return this.size === 0
      ? empty(this.depth)
      : { depth: this.depth, bounds: Int32Array.from(this.bounds), rests: this.rests, size: this.size }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// algebra
// ---------------------------------------------------------------------------------------------------------------------

/** What stays of two sets: what is in the first only, in both, in the second only. */
interface Rule {
  readonly left: boolean
  readonly both: boolean
  readonly right: boolean
}

const keepAny: Rule = { left: true, both: true, right: true }
const keepShared: Rule = { left: false, both: true, right: false }
const keepLeft: Rule = { left: true, both: false, right: false }

export const union = (self: Subset, that: Subset): Subset => combine(self, that, keepAny)

export const intersection = (self: Subset, that: Subset): Subset => combine(self, that, keepShared)

/** What is in `self` and not in `that`. */
export const difference = (self: Subset, that: Subset): Subset => combine(self, that, keepLeft)

/** What is not in a set, of all that there is in dimensions of these sizes. */
export const complement = (self: Subset, sizes: ReadonlyArray<number>): Subset => difference(all(sizes), self)

/** The union of many sets, in linear time but for a logarithm. */
export const unionAll = (depth: number, sets: ReadonlyArray<Subset>): Subset => {
  let level = sets
  while (level.length > 1) {
    const next: Array<Subset> = []
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? union(level[i]!, level[i + 1]!) : level[i]!)
    }
    level = next
  }
  return level[0] ?? empty(depth)
}

const combine = (a: Subset, b: Subset, rule: Rule): Subset => {
  if (a.size === 0 || a === b || b.size === 0) {
    const kept = a === b
      ? (rule.both ? a : undefined)
      : a.size === 0
      ? (rule.right ? b : undefined)
      : rule.left
      ? a
      : undefined
    return kept ?? empty(a.depth)
  }
  if (a.depth === 0) return rule.both ? unit : nothing
  return a.depth === 1 ? combineLines(a.bounds, b.bounds, rule) : combineSlabs(a, b, rule)
}

/** A bound is where a set begins or stops: at an odd place in its list, one is inside. */
const combineLines = (a: Int32Array, b: Int32Array, rule: Rule): Subset => {
  const out = new Int32Array(a.length + b.length)
  let length = 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const nextA = i < a.length ? a[i]! : Infinity
    const nextB = j < b.length ? b[j]! : Infinity
    const at = nextA < nextB ? nextA : nextB
    if (nextA === at) i++
    if (nextB === at) j++
    const inA = (i & 1) === 1
    const inside = inA ? (j & 1) === 1 ? rule.both : rule.left : (j & 1) === 1 && rule.right
    if (inside !== ((length & 1) === 1)) out[length++] = at
  }
  return line(out.slice(0, length))
}

const combineSlabs = (a: Subset, b: Subset, rule: Rule): Subset => {
  const out = new Slabs(a.depth)
  const none = empty(a.depth - 1)
  // many slabs share one rest: the last pair is often the next one, too
  let lastA: Subset | undefined
  let lastB: Subset | undefined
  let last = none
  let i = 0
  let j = 0
  let at = -Infinity
  while (i < a.rests.length || j < b.rests.length) {
    const loA = i < a.rests.length ? a.bounds[2 * i]! : Infinity
    const loB = j < b.rests.length ? b.bounds[2 * j]! : Infinity
    const lo = Math.max(at, Math.min(loA, loB))
    const inA = loA <= lo
    const inB = loB <= lo
    const endA = inA ? a.bounds[2 * i + 1]! : loA
    const endB = inB ? b.bounds[2 * j + 1]! : loB
    const hi = Math.min(endA, endB)
    if (inA && inB) {
      const restA = a.rests[i]!
      const restB = b.rests[j]!
      if (restA !== lastA || restB !== lastB) {
        last = combine(restA, restB, rule)
        lastA = restA
        lastB = restB
      }
      out.add(lo, hi, last)
    } else if (inA) out.add(lo, hi, rule.left ? a.rests[i]! : none)
    else out.add(lo, hi, rule.right ? b.rests[j]! : none)
    if (inA && hi === endA) i++
    if (inB && hi === endB) j++
    at = hi
  }
  return out.build()
}

export const isEmpty = (self: Subset): boolean => self.size === 0

export const equals = (self: Subset, that: Subset): boolean => {
  if (self === that) return true
  const { bounds, rests } = self
  if (self.size !== that.size || self.depth !== that.depth || bounds.length !== that.bounds.length) return false
  for (let i = 0; i < bounds.length; i++) if (bounds[i] !== that.bounds[i]) return false
  for (let i = 0; i < rests.length; i++) if (!equals(rests[i]!, that.rests[i]!)) return false
  return true
}

/** The place of the last bound that is at or before an index; -1 if there is none. */
const lastAt = (bounds: Int32Array, index: number): number => {
  let lo = 0
  let hi = bounds.length
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (bounds[middle]! <= index) lo = middle + 1
    else hi = middle
  }
  return lo - 1
}

/** Whether a tuple is in a set. */
export const has = (self: Subset, tuple: ReadonlyArray<number>): boolean => {
  let set = self
  for (let depth = 0; depth < self.depth; depth++) {
    const index = tuple[depth]!
    const at = lastAt(set.bounds, index)
    // bounds of slabs that touch stand twice: the last of both is where the next slab begins
    if (at < 0 || (at & 1) === 1) return false
    if (set.depth > 1) set = set.rests[at >> 1]!
  }
  return self.depth > 0 || self.size > 0
}

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

/** The tuples one by one, in order. */
export function* iterate(self: Subset): Generator<ReadonlyArray<number>> {
  if (self.depth === 0) {
    if (self.size > 0) yield []
    return
  }
  for (let i = 0; i < self.bounds.length; i += 2) {
    for (let index = self.bounds[i]!; index < self.bounds[i + 1]!; index++) {
      if (self.depth === 1) yield [index]
      else for (const rest of iterate(self.rests[i >> 1]!)) yield [index, ...rest]
    }
  }
}

/** The first tuple, if there is one. */
export const first = (self: Subset): ReadonlyArray<number> | undefined => {
  if (self.size === 0) return undefined
  const tuple: Array<number> = []
  for (let set = self; set.depth > 0; set = set.rests[0] ?? unit) tuple.push(set.bounds[0]!)
  return tuple
}

/** The last tuple, if there is one. */
export const last = (self: Subset): ReadonlyArray<number> | undefined => {
  if (self.size === 0) return undefined
  const tuple: Array<number> = []
  for (let set = self; set.depth > 0; set = set.rests.at(-1) ?? unit) tuple.push(set.bounds.at(-1)! - 1)
  return tuple
}

/** How many tuples there are before each interval, and in all. */
const countsOf = (self: Subset): Float64Array => {
  const known = counts.get(self)
  if (known !== undefined) return known
  const found = new Float64Array(self.bounds.length / 2 + 1)
  for (let i = 0; i + 1 < found.length; i++) {
    const width = self.bounds[2 * i + 1]! - self.bounds[2 * i]!
    found[i + 1] = found[i]! + width * (self.depth === 1 ? 1 : self.rests[i]!.size)
  }
  counts.set(self, found)
  return found
}

const counts = new WeakMap<Subset, Float64Array>()

/** The tuples from the `from`th on and before the `to`th, in order. */
const slice = (self: Subset, from: number, to: number): Subset => {
  if (from <= 0 && to >= self.size) return self
  if (from >= to) return empty(self.depth)
  const before = countsOf(self)
  let lo = 0
  let hi = before.length - 1
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (before[middle + 1]! <= from) lo = middle + 1
    else hi = middle
  }
  const { bounds, depth, rests } = self
  if (depth === 1) {
    const out: Array<number> = []
    for (let i = lo; i + 1 < before.length && before[i]! < to; i++) {
      const start = bounds[2 * i]! - before[i]!
      out.push(start + Math.max(from, before[i]!), start + Math.min(to, before[i + 1]!))
    }
    return line(Int32Array.from(out))
  }
  const out = new Slabs(depth)
  for (let i = lo; i + 1 < before.length && before[i]! < to; i++) {
    const rest = rests[i]!
    // rows of the slab: the one cut at the front, whole ones, the one cut at the back
    const start = Math.max(0, from - before[i]!)
    const end = Math.min(to, before[i + 1]!) - before[i]!
    const firstRow = Math.floor(start / rest.size)
    const endRow = Math.floor(end / rest.size)
    const at = bounds[2 * i]!
    if (firstRow === endRow) {
      out.add(at + firstRow, at + firstRow + 1, slice(rest, start - firstRow * rest.size, end - firstRow * rest.size))
      continue
    }
    const wholeRow = Math.ceil(start / rest.size)
    if (wholeRow > firstRow) {
      out.add(at + firstRow, at + wholeRow, slice(rest, start - firstRow * rest.size, rest.size))
    }
    out.add(at + wholeRow, at + endRow, rest)
    out.add(at + endRow, at + endRow + 1, slice(rest, 0, end - endRow * rest.size))
  }
  return out.build()
}

/** Pieces of at most `size` tuples, in order. Lazy: a million pieces need not be there at once. */
export function* chunk(self: Subset, size: number): Generator<Subset> {
  const step = Math.max(1, Math.floor(size))
  for (let from = 0; from < self.size; from += step) yield slice(self, from, from + step)
}

/** The indices that a set has in one dimension. */
export const project = (self: Subset, axis: number): Subset => {
  if (self.depth === 1) return self
  if (axis === 0) return fromRanges(Array.from(self.bounds))
  return unionAll(1, [...new Set(self.rests)].map((rest) => project(rest, axis - 1)))
}

/** A text that is the same for equal sets, and for no others of this depth. */
const signature = (self: Subset): string => {
  const known = signatures.get(self)
  if (known !== undefined) return known
  let found = self.bounds.join()
  for (const rest of self.rests) found += `(${signature(rest)})`
  signatures.set(self, found)
  return found
}

const signatures = new WeakMap<Subset, string>()

/**
 * A set as disjoint boxes, all combinations of one set of depth 1 for each dimension: the same boxes for equal sets. Slabs
 * with equal rests are in one box, so there are far fewer than slabs when a set is regular.
 */
export const boxes = (self: Subset): ReadonlyArray<ReadonlyArray<Subset>> => {
  if (self.size === 0) return []
  if (self.depth === 0) return [[]]
  if (self.depth === 1) return [[self]]
  const groups = new Map<string, { readonly bounds: Array<number>; readonly rest: Subset }>()
  for (let i = 0; i < self.rests.length; i++) {
    const rest = self.rests[i]!
    const key = signature(rest)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { bounds: [self.bounds[2 * i]!, self.bounds[2 * i + 1]!], rest })
    else group.bounds.push(self.bounds[2 * i]!, self.bounds[2 * i + 1]!)
  }
  return [...groups.values()].flatMap(({ bounds, rest }) => {
    const side = line(Int32Array.from(bounds))
    return boxes(rest).map((sides) => [side, ...sides])
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// of a set: keys, text, records
// ---------------------------------------------------------------------------------------------------------------------

/** What there is to know of a resolved set: its dimensions, one of them without a name if it is no product. */
export interface Axes {
  readonly dimensions: ReadonlyArray<{ readonly name: string | undefined; readonly dimension: Dimension }>
  readonly keyOf: (indices: ReadonlyArray<number>) => string
  readonly indicesOf: (key: string) => ReadonlyArray<number> | undefined
}

export const sizesOf = (axes: Axes): ReadonlyArray<number> => axes.dimensions.map(({ dimension }) => dimension.size)

/** All partitions of a set. */
export const allOf = (axes: Axes): Subset => all(sizesOf(axes))

/** The partitions of keys, and the keys that are none. */
export const fromKeys = (
  axes: Axes,
  keys: Iterable<string>
): { readonly subset: Subset; readonly unknown: ReadonlyArray<string> } => {
  const tuples: Array<ReadonlyArray<number>> = []
  const unknown = new Set<string>()
  for (const key of keys) {
    const found = axes.indicesOf(key)
    if (found === undefined) unknown.add(key)
    else tuples.push(found)
  }
  return { subset: fromTuples(axes.dimensions.length, tuples), unknown: [...unknown] }
}

/**
 * The partitions from one key to another, which both belong to it: of a product, the combinations of the ranges of its
 * dimensions. Where there are none, the keys that the set does not have; no key at all if the range ends before it starts.
 */
export const fromKeyRange = (
  axes: Axes,
  { from, to }: Partitions.KeyRange
): Result.Result<Subset, ReadonlyArray<string>> => {
  const [first, last] = [axes.indicesOf(from), axes.indicesOf(to)]
  if (first === undefined || last === undefined) {
    return Result.fail([from, to].filter((key) => axes.indicesOf(key) === undefined))
  }
  return first.some((index, axis) => index > last[axis]!)
    ? Result.fail([])
    : Result.succeed(box(first.map((index, axis) => fromRange(index, last[axis]! + 1))))
}

/** The keys one by one, in order. */
export function* keysOf(axes: Axes, self: Subset): Generator<string> {
  for (const tuple of iterate(self)) yield axes.keyOf(tuple)
}

/**
 * Splits the windows from `lo` on and before `hi` where exclusions leave gaps between them: `lo, hi, lo, hi …`. Only a line
 * with exclusions is looked at window by window.
 */
export const withoutGaps = (
  windows: WindowLine,
  lo: number,
  hi: number
): ReadonlyArray<number> => {
  if (windows.contiguous || hi - lo < 2) return [lo, hi]
  const found = [lo]
  let { end } = windows.windowAt(lo)
  for (let i = lo + 1; i < hi; i++) {
    const window = windows.windowAt(i)
    if (window.start !== end) found.push(i, i)
    end = window.end
  }
  found.push(hi)
  return found
}

const toSide = (dimension: Dimension, side: Subset): Partitions.Serialized => {
  if (dimension.kind === "Keys") {
    return { _tag: "Keys", keys: Array.from(iterate(side), ([index]) => dimension.keyAt(index!)) }
  }
  const intervals: Array<readonly [start: number, end: number]> = []
  for (let i = 0; i < side.bounds.length; i += 2) {
    const runs = withoutGaps(dimension, side.bounds[i]!, side.bounds[i + 1]!)
    for (let j = 0; j < runs.length; j += 2) {
      intervals.push([dimension.windowAt(runs[j]!).start, dimension.windowAt(runs[j + 1]! - 1).end])
    }
  }
  const keyAt = (tuple: ReadonlyArray<number> | undefined) => tuple === undefined ? "" : dimension.keyAt(tuple[0]!)
  return { _tag: "Windows", intervals, first: keyAt(first(side)), last: keyAt(last(side)), count: side.size }
}

/** A subset as it is recorded. The same text for the same set. */
export const serialize = (axes: Axes, self: Subset): Partitions.Serialized => {
  const { dimensions } = axes
  const single = dimensions.length === 1 && dimensions[0]!.name === undefined
  if (single) return toSide(dimensions[0]!.dimension, self)
  return {
    _tag: "Product",
    boxes: boxes(self).map((sides) =>
      Object.fromEntries(dimensions.map(({ dimension, name }, axis) => [name!, toSide(dimension, sides[axis]!)]))
    )
  }
}

interface Read {
  readonly subset: Subset
  readonly unknown: ReadonlyArray<string>
}

const stretch = (from: string, to: string): string => from === to ? from : `${from}…${to}`

/**
 * The place of one partition that is recorded by its key: nothing if the set has none with this key today, or one that
 * begins or ends at another time.
 */
export const recordedTuple = (
  axes: Axes,
  partition: string,
  recorded: Partitions.Serialized | undefined
): ReadonlyArray<number> | undefined => {
  const known = recordedWindow(axes, partition, recorded)
  if (known !== undefined) return [known]
  const tuple = axes.indicesOf(partition)
  if (tuple === undefined || recorded === undefined) return tuple
  return has(deserialize(axes, recorded).subset, tuple) ? tuple : undefined
}

/** The same of one window that the set has as it was recorded: what is recorded of a day is asked for again and again. */
const recordedWindow = (
  { dimensions }: Axes,
  partition: string,
  recorded: Partitions.Serialized | undefined
): number | undefined => {
  if (recorded?._tag !== "Windows" || recorded.count !== 1 || recorded.intervals.length !== 1) return undefined
  const { dimension, name } = dimensions[0]!
  if (name !== undefined || dimension.kind !== "Windows" || recorded.first !== partition) return undefined
  const [start, end] = recorded.intervals[0]!
  const index = dimension.firstStartingFrom(start)
  if (index >= dimension.size) return undefined
  const window = dimension.windowAt(index)
  return window.start === start && window.end === end && dimension.keyAt(index) === partition ? index : undefined
}

const maxStretches = 5
const maxBoxes = 3

const more = (parts: ReadonlyArray<string>, left: number): string =>
  parts.join(", ") + (left > 0 ? ` and ${left} more` : "")

/** What is recorded, as far as it can be told without the definition. */
const summary = (of: Partitions.Serialized): ReadonlyArray<string> => {
  switch (of._tag) {
    case "Keys":
      return of.keys
    case "Windows":
      return of.count === 0 ? [] : [stretch(of.first, of.last)]
    case "Product":
      return of.boxes.map((box) => Object.values(box).map(shortly).join("|"))
  }
}

const shortly = (of: Partitions.Serialized): string => {
  const parts = summary(of)
  return more(parts.slice(0, maxStretches), parts.length - maxStretches)
}

const isoOf = (time: number): string => new Date(time).toISOString()

/** The keys of a time in which no windows of the set are, or the time itself where none of the line are either. */
const unknownTime = (windows: WindowLine, start: number, end: number): string => {
  const from = windows.holding(start)
  const to = windows.holding(end - 1)
  return from?.start === start && to?.end === end
    ? stretch(windows.keyOf(from), windows.keyOf(to))
    : `${isoOf(start)}/${isoOf(end)}`
}

/** The windows that are wholly inside recorded intervals, and the times that are left over. */
const fromIntervals = (windows: WindowLine, intervals: ReadonlyArray<readonly [start: number, end: number]>): Read => {
  const ranges: Array<number> = []
  const unknown: Array<string> = []
  for (const [start, end] of intervals.toSorted((a, b) => a[0] - b[0])) {
    if (start >= end) continue
    const lo = windows.firstStartingFrom(start)
    const hi = windows.firstEndingAfter(end)
    let left = start
    if (lo < hi) {
      ranges.push(lo, hi)
      const runs = withoutGaps(windows, lo, hi)
      for (let i = 0; i < runs.length; i += 2) {
        const at = windows.windowAt(runs[i]!).start
        if (left < at) unknown.push(unknownTime(windows, left, at))
        left = windows.windowAt(runs[i + 1]! - 1).end
      }
    }
    if (left < end) unknown.push(unknownTime(windows, left, end))
  }
  return { subset: fromRanges(ranges), unknown }
}

type Windows = Extract<Partitions.Serialized, { readonly _tag: "Windows" }>

/**
 * Whether what was recorded are windows of this line, under the keys that it gives them: what is stored is found by its
 * key, and what was stored of a day is not stored of its hours.
 */
const areOf = (windows: WindowLine, { count, first, intervals, last }: Windows): boolean => {
  let found = 0
  for (const [start, end] of intervals) {
    const within = windows.countWithin(start, end, count - found)
    if (within === undefined) return false
    found += within
    if (found > count) return false
  }
  const ends = intervals.toSorted((a, b) => a[0] - b[0])
  // the key of a window tells its start alone
  const keyFrom = (start: number): string => windows.keyOf({ start, end: start })
  return found === count && (count === 0 || (
    keyFrom(ends[0]![0]) === first && keyFrom(windows.startBefore(ends.at(-1)![1])) === last
  ))
}

/** The windows of a record that the set has. */
const fromWindows = (windows: WindowLine, of: Windows): Read => {
  const read = fromIntervals(windows, of.intervals)
  const { bounds, size } = read.subset
  // to count what the set does not have takes longer
  const all = read.unknown.length === 0 && size === of.count &&
    (size === 0 || (windows.keyAt(bounds[0]!) === of.first && windows.keyAt(bounds.at(-1)! - 1) === of.last))
  return all || areOf(windows, of) ? read : { subset: emptyLine, unknown: summary(of) }
}

const fromSide = (dimension: Dimension, of: Partitions.Serialized): Read => {
  if (of._tag === "Windows" && dimension.kind === "Windows") return fromWindows(dimension, of)
  if (of._tag !== "Keys") return { subset: emptyLine, unknown: summary(of) }
  const indices = of.keys.map(dimension.indexOf)
  return {
    subset: fromIndices(indices.filter((index) => index >= 0)),
    unknown: of.keys.filter((_, i) => indices[i]! < 0)
  }
}

/** A recorded subset in today's set, and what the set does not have any more. */
export const deserialize = (axes: Axes, of: Partitions.Serialized): Read => {
  const { dimensions } = axes
  const depth = dimensions.length
  if (depth === 1 && dimensions[0]!.name === undefined) return fromSide(dimensions[0]!.dimension, of)
  if (of._tag !== "Product") return { subset: empty(depth), unknown: summary(of) }
  const found: Array<Subset> = []
  const unknown = new Set<string>()
  for (const recorded of of.boxes) {
    const fits = Object.keys(recorded).length === depth &&
      dimensions.every(({ name }) => Object.hasOwn(recorded, name!))
    if (!fits) {
      for (const text of summary({ _tag: "Product", boxes: [recorded] })) unknown.add(text)
      continue
    }
    const sides = dimensions.map(({ dimension, name }) => fromSide(dimension, recorded[name!]!))
    sides.forEach((side, axis) => {
      for (const text of side.unknown) {
        unknown.add(dimensions.map(({ name }, at) => at === axis ? text : shortly(recorded[name!]!)).join("|"))
      }
    })
    found.push(box(sides.map(({ subset }) => subset)))
  }
  return { subset: unionAll(depth, found), unknown: [...unknown] }
}

const describeSide = (dimension: Dimension, side: Subset): string => {
  if (dimension.kind === "Keys") {
    const keys: Array<string> = []
    for (const [index] of iterate(side)) {
      if (keys.length === maxStretches) break
      keys.push(dimension.keyAt(index!))
    }
    return more(keys, side.size - keys.length)
  }
  const parts: Array<string> = []
  const { bounds } = side
  for (let i = 0; i < bounds.length && parts.length < maxStretches; i += 2) {
    parts.push(stretch(dimension.keyAt(bounds[i]!), dimension.keyAt(bounds[i + 1]! - 1)))
  }
  return more(parts, bounds.length / 2 - parts.length)
}

/** A subset in a line of text, such as `2012-01-01…2012-01-31, 2012-03-01 (32 partitions)`. */
export const describe = (axes: Axes, self: Subset): string => {
  if (self.size === 0) return "no partitions"
  const found = boxes(self)
  const parts = found.slice(0, maxBoxes).map((sides) =>
    sides.map((side, axis) => describeSide(axes.dimensions[axis]!.dimension, side)).join(" × ")
  )
  const left = found.length - parts.length
  const count = self.size === 1 ? "1 partition" : `${self.size} partitions`
  return `${parts.join("; ")}${left > 0 ? `; and ${left} more` : ""} (${count})`
}
