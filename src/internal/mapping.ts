/**
 * What partition mappings mean: which upstream partitions a subset needs, and which downstream partitions need a subset.
 * Time windows are followed by the ends of intervals, never one by one.
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import type * as PartitionMapping from "../PartitionMapping.ts"
import * as Partitions from "../Partitions.ts"
import * as Cron from "./cron.ts"
import type { Dimension, Window, WindowLine } from "./dimension.ts"
import * as Subset from "./subset.ts"
import { didYouMean, suggest } from "./suggest.ts"
import * as Zone from "./zone.ts"

// ---------------------------------------------------------------------------------------------------------------------
// what a mapping comes to
// ---------------------------------------------------------------------------------------------------------------------

/** How the partitions of one dimension lead to those of another. */
type Rule =
  | PartitionMapping.Identity
  | PartitionMapping.TimeWindow
  | PartitionMapping.All
  | PartitionMapping.Last
  | PartitionMapping.Specific
  | PartitionMapping.Fixed

/** A downstream and an upstream dimension, by their places, that have to do with each other. */
interface Link {
  readonly down: number
  readonly up: number
  readonly rule: Rule
}

/**
 * A mapping of two sets. In `Links`, dimensions without a link do not matter: all upstream partitions of them are needed,
 * by all downstream partitions.
 */
type Route =
  | { readonly _tag: "Links"; readonly links: ReadonlyArray<Link> }
  | PartitionMapping.Last
  | PartitionMapping.Specific

type Side = Subset.Axes

const everything: Route = { _tag: "Links", links: [] }
const identity: Rule = { _tag: "Identity" }
const overlap: Rule = { _tag: "TimeWindow", startOffset: 0, endOffset: 0, allowNonexistent: false }

const isProduct = (side: Side): boolean => side.dimensions[0]?.name !== undefined

/** What a set is called in a message. */
const named = (side: Side): string =>
  isProduct(side)
    ? `a product of ${side.dimensions.map(({ name }) => JSON.stringify(name)).join(", ")}`
    : side.dimensions[0]!.dimension.kind === "Windows"
    ? "a set of time windows"
    : "a set of keys"

/** The rule that follows from two dimensions, if one does. */
const inferred = (down: Dimension, up: Dimension): Rule | undefined =>
  down.id === up.id ? identity : down.kind === "Windows" && up.kind === "Windows" ? overlap : undefined

/** The dimensions of a product that may stand for it beside a set of one dimension: the same set before time windows. */
const candidates = (product: Side, single: Side): ReadonlyArray<number> => {
  const other = single.dimensions[0]!.dimension
  const places = product.dimensions.map((_, axis) => axis)
  const same = places.filter((axis) => product.dimensions[axis]!.dimension.id === other.id)
  if (same.length > 0 || other.kind === "Keys") return same
  return places.filter((axis) => product.dimensions[axis]!.dimension.kind === "Windows")
}

const sameNames = (down: Side, up: Side): ReadonlyArray<{ readonly down: number; readonly up: number }> =>
  down.dimensions.flatMap(({ name }, at) => {
    const other = up.dimensions.findIndex((dimension) => dimension.name === name)
    return other < 0 ? [] : [{ down: at, up: other }]
  })

const whereNoneIsGiven = (down: Side | undefined, up: Side): Route => {
  if (down === undefined) return everything
  const [downProduct, upProduct] = [isProduct(down), isProduct(up)]
  const pairs = downProduct === upProduct
    ? downProduct ? sameNames(down, up) : [{ down: 0, up: 0 }]
    : downProduct
    ? candidates(down, up).map((at) => ({ down: at, up: 0 }))
    : candidates(up, down).map((at) => ({ down: 0, up: at }))
  // several dimensions that one could mean: none is taken
  if (downProduct !== upProduct && pairs.length > 1) return everything
  return {
    _tag: "Links",
    links: pairs.flatMap((pair) => {
      const rule = inferred(down.dimensions[pair.down]!.dimension, up.dimensions[pair.up]!.dimension)
      return rule === undefined ? [] : [{ ...pair, rule }]
    })
  }
}

const noPartitions = "what is downstream has no partitions: use all, last or specific"

/** A mapping of one dimension to another, or what is wrong with it. */
const ruleOf = (mapping: PartitionMapping.Data | undefined, down: Dimension, up: Dimension): Rule | string => {
  if (mapping === undefined) {
    const rule = inferred(down, up)
    if (rule !== undefined) return rule
    // who names two dimensions of keys means that they are related
    return down.kind === "Keys" && up.kind === "Keys"
      ? identity
      : "say with a mapping how time windows and keys are related"
  }
  switch (mapping._tag) {
    case "TimeWindow": {
      if (down.kind !== "Windows" || up.kind !== "Windows") return "timeWindow is for time windows on both sides"
      const { endOffset, startOffset } = mapping
      if (!Number.isInteger(startOffset) || !Number.isInteger(endOffset)) {
        return "the offsets of timeWindow are whole numbers of windows"
      }
      return startOffset > endOffset
        ? `timeWindow leads nowhere: startOffset (${startOffset}) is after endOffset (${endOffset})`
        : mapping
    }
    case "Dimension":
    case "Product":
      return "a dimension is no product: use another mapping for it"
    default:
      return mapping
  }
}

const namesOf = (side: Side): string => side.dimensions.map(({ name }) => JSON.stringify(name)).join(", ")

const placeOf = (side: Side, name: string, where: string): number | string => {
  const at = side.dimensions.findIndex((dimension) => dimension.name === name)
  return at < 0 ? `there is no ${where} dimension ${JSON.stringify(name)}, but ${namesOf(side)}` : at
}

const links = (
  down: Side,
  up: Side,
  pairs: ReadonlyArray<
    { readonly down: number; readonly up: number; readonly mapping?: PartitionMapping.Data | undefined }
  >
): Route | string => {
  const found: Array<Link> = []
  for (const pair of pairs) {
    const [of, other] = [down.dimensions[pair.down]!, up.dimensions[pair.up]!]
    const rule = ruleOf(pair.mapping, of.dimension, other.dimension)
    if (typeof rule === "string") {
      const names = [of.name, other.name].filter((name) => name !== undefined)
      return names.length === 0 ? rule : `${names.map((name) => JSON.stringify(name)).join(" and ")}: ${rule}`
    }
    found.push({ down: pair.down, up: pair.up, rule })
  }
  return { _tag: "Links", links: found }
}

/** What a mapping comes to for two sets, or what is wrong with it. */
const routeOf = (mapping: PartitionMapping.Data | undefined, down: Side | undefined, up: Side): Route | string => {
  if (mapping === undefined) return whereNoneIsGiven(down, up)
  switch (mapping._tag) {
    case "All":
      return everything
    case "Last":
    case "Specific":
      return mapping
    case "Dimension":
      return down === undefined ? noPartitions : ofDimension(mapping, down, up)
    case "Product":
      return down === undefined ? noPartitions : ofProduct(mapping, down, up)
    case "TimeWindow":
      return down === undefined
        ? noPartitions
        : isProduct(down) && isProduct(up)
        ? ofTime(mapping, down, up)
        : single(mapping, down, up)
    case "Identity":
      if (down === undefined) return noPartitions
      if (!isProduct(down) && !isProduct(up)) return single(mapping, down, up)
      return namesOf(down) === namesOf(up) && isProduct(down) === isProduct(up)
        ? links(down, up, sameNames(down, up).map((pair) => ({ ...pair, mapping })))
        : `identity is for sets alike, and this is ${named(down)} from ${named(up)}`
    case "Fixed":
      return down === undefined ? noPartitions : single(mapping, down, up)
  }
}

const functionNames = { TimeWindow: "timeWindow", Fixed: "fixed", Identity: "identity" }

const single = (
  mapping: PartitionMapping.TimeWindow | PartitionMapping.Fixed | PartitionMapping.Identity,
  down: Side,
  up: Side
): Route | string =>
  isProduct(down) || isProduct(up)
    ? `${functionNames[mapping._tag]} is for sets of one dimension, and this is ${named(down)} from ${named(up)}: ` +
      "use it inside of dimension or product"
    : links(down, up, [{ down: 0, up: 0, mapping }])

/** Time windows of products: the one dimension of time windows is moved, the others stay. */
const ofTime = (mapping: PartitionMapping.TimeWindow, down: Side, up: Side): Route | string => {
  const pairs = sameNames(down, up)
  const timed = pairs.filter((pair) =>
    down.dimensions[pair.down]!.dimension.kind === "Windows" && up.dimensions[pair.up]!.dimension.kind === "Windows"
  )
  if (timed.length !== 1) {
    return `timeWindow is for products that have one dimension of time windows in common, and these have ${timed.length}: ` +
      "use product, which names the dimensions"
  }
  return links(down, up, pairs.map((pair) => pair === timed[0] ? { ...pair, mapping } : pair))
}

const ofDimension = (mapping: PartitionMapping.Dimension, down: Side, up: Side): Route | string => {
  if (isProduct(down) === isProduct(up)) {
    return `dimension is for a product on one side, and this is ${named(down)} from ${named(up)}` +
      (isProduct(down) ? ": use product" : "")
  }
  const [product, other] = isProduct(down) ? [down, up] : [up, down]
  let at: number | string
  if (mapping.dimension === undefined) {
    const found = candidates(product, other)
    if (found.length !== 1) {
      return `the name of the dimension must be given: ${found.length === 0 ? "none" : "more than one"} of ` +
        `${namesOf(product)} fits`
    }
    at = found[0]!
  } else at = placeOf(product, mapping.dimension, product === down ? "downstream" : "upstream")
  if (typeof at === "string") return at
  return links(down, up, [{
    down: product === down ? at : 0,
    up: product === down ? 0 : at,
    mapping: mapping.mapping
  }])
}

const ofProduct = (mapping: PartitionMapping.Product, down: Side, up: Side): Route | string => {
  if (!isProduct(down) || !isProduct(up)) {
    return `product is for products on both sides, and this is ${named(down)} from ${named(up)}: use dimension`
  }
  const pairs: Array<{ down: number; up: number; mapping: PartitionMapping.Data | undefined }> = []
  for (const [name, to] of Object.entries(mapping.dimensions)) {
    const at = placeOf(down, name, "downstream")
    if (typeof at === "string") return at
    const other = placeOf(up, to.dimension, "upstream")
    if (typeof other === "string") return other
    if (pairs.some((pair) => pair.up === other)) {
      return `the upstream dimension ${JSON.stringify(to.dimension)} is named twice`
    }
    pairs.push({ down: at, up: other, mapping: to.mapping })
  }
  return links(down, up, pairs)
}

/** A graph was built with the mapping, so it fits. */
const routeOrThrow = (mapping: PartitionMapping.Data | undefined, down: Side | undefined, up: Side): Route => {
  const route = routeOf(mapping, down, up)
  if (typeof route === "string") throw new Error(`This partition mapping cannot be followed: ${route}.`)
  return route
}

// ---------------------------------------------------------------------------------------------------------------------
// upstream
// ---------------------------------------------------------------------------------------------------------------------

/** So many missing keys are told; the others are counted. */
const maxMissing = 10

/** Upstream partitions that are needed. */
export interface Upstream {
  readonly existing: Subset.Subset
  /** The keys of the first partitions that are needed and do not exist; `*` for any key of a dimension. */
  readonly missing: ReadonlyArray<string>
  /** How many entries `missing` would have in full. */
  readonly missingCount: number
}

/** Collects keys that are missing, each once. */
class Missing {
  readonly keys = new Set<string>()
  count = 0

  add(key: string): void {
    if (this.keys.has(key)) return
    this.count += 1
    if (this.keys.size < maxMissing) this.keys.add(key)
  }

  addWindows(windows: WindowLine, found: ReadonlyArray<Window>): void {
    for (const window of found.slice(0, maxMissing - this.keys.size)) this.keys.add(windows.keyOf(window))
    this.count += found.length
  }
}

/** The upstream partitions that a subset needs; of an asset without partitions downstream if `down` is `undefined`. */
export const upstream = (
  mapping: PartitionMapping.Data | undefined,
  down: Side | undefined,
  subset: Subset.Subset,
  up: Side
): Upstream => {
  const depth = up.dimensions.length
  if (subset.size === 0) return { existing: Subset.empty(depth), missing: [], missingCount: 0 }
  const route = routeOrThrow(mapping, down, up)
  const missing = new Missing()
  let existing: Subset.Subset
  if (route._tag === "Last") existing = lastOf(up)
  else if (route._tag === "Specific") {
    const found = Subset.fromKeys(up, route.keys)
    for (const key of found.unknown) missing.add(key)
    existing = found.subset
  } else {
    const sizes = Subset.sizesOf(up)
    const found = Subset.boxes(subset)
    const follow = (sideOf: (link: Link) => Subset.Subset, missingOf?: (link: Link) => Missing): Subset.Subset => {
      const sides: Array<Subset.Subset> = sizes.map((size) => Subset.fromRange(0, size))
      for (const link of route.links) {
        const from = down!.dimensions[link.down]!.dimension
        const to = up.dimensions[link.up]!.dimension
        sides[link.up] = followUp(link.rule, from, sideOf(link), to, missingOf?.(link) ?? new Missing())
      }
      return Subset.box(sides)
    }
    // what is missing is so for each dimension by itself: looked at once, for all boxes
    const absent = new Map<Link, Missing>()
    const whole = follow((link) => Subset.project(subset, link.down), (link) => {
      const own = new Missing()
      absent.set(link, own)
      return own
    })
    for (const [link, own] of absent) {
      missing.count += own.count
      for (const key of own.keys) {
        missing.keys.add(sizes.map((_, axis) => axis === link.up ? key : "*").join("|"))
      }
    }
    existing = found.length === 1
      ? whole
      : Subset.unionAll(depth, found.map((sides) => follow((link) => sides[link.down]!)))
  }
  return { existing, missing: [...missing.keys].slice(0, maxMissing), missingCount: missing.count }
}

const lastOf = (side: Side): Subset.Subset => {
  const tuple = side.dimensions.map(({ dimension }) => dimension.size - 1)
  return Subset.fromTuples(tuple.length, tuple.includes(-1) ? [] : [tuple])
}

const lastIn = (dimension: Dimension): Subset.Subset =>
  Subset.fromRange(Math.max(0, dimension.size - 1), dimension.size)

const followUp = (rule: Rule, down: Dimension, side: Subset.Subset, up: Dimension, missing: Missing): Subset.Subset => {
  switch (rule._tag) {
    case "All":
      return Subset.fromRange(0, up.size)
    case "Last":
      return lastIn(up)
    case "Specific":
      return Subset.fromIndices(indicesOf(up, rule.keys, missing))
    case "Identity":
      return identical(down, side, up, missing)
    case "Fixed":
      return Subset.fromIndices(
        indicesOf(up, new Set(rule.pairs.filter((pair) => holds(down, side, pair[1])).map(([key]) => key)), missing)
      )
    case "TimeWindow":
      return windowsUp(rule, ...timed(down, up), side, missing)
  }
}

const holds = (dimension: Dimension, side: Subset.Subset, key: string): boolean => {
  const index = dimension.indexOf(key)
  return index >= 0 && Subset.has(side, [index])
}

const indicesOf = (dimension: Dimension, keys: Iterable<string>, missing?: Missing): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (const key of keys) {
    const index = dimension.indexOf(key)
    if (index < 0) missing?.add(key)
    else found.push(index)
  }
  return found
}

/** `ruleOf` lets nothing else through. */
const timed = (from: Dimension, to: Dimension): readonly [WindowLine, WindowLine] => {
  if (from.kind !== "Windows" || to.kind !== "Windows") throw new Error("These are no time windows.")
  return [from, to]
}

/** The partitions with the same keys. Those of one definition have the same places; of others they are compared one by one. */
const identical = (from: Dimension, side: Subset.Subset, to: Dimension, missing?: Missing): Subset.Subset => {
  if (from === to) return side
  if (from.kind === "Windows" && from.id === to.id) {
    const existing = Subset.intersection(side, Subset.fromRange(0, to.size))
    // the other one may be of an earlier moment
    for (const [index] of Subset.iterate(Subset.difference(side, existing))) missing?.add(from.keyAt(index!))
    return existing
  }
  return Subset.fromIndices(
    indicesOf(to, Array.from(Subset.iterate(side), ([index]) => from.keyAt(index!)), missing)
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// time windows
// ---------------------------------------------------------------------------------------------------------------------

/** The window of an index, also of one before the first or after the last window that exists. There is one at least. */
const windowAt = (windows: WindowLine, index: number): Window => {
  if (index >= 0 && index < windows.size) return windows.windowAt(index)
  const edge = index < 0 ? 0 : windows.size - 1
  return windows.shifted(windows.windowAt(edge).start, index - edge)
}

/**
 * The times that the windows from `lo` on and before `hi` need, in order: `start, end, start, end …`. Where the start is
 * moved further back than the end, the time of each window reaches to that of the next one; otherwise there may be gaps.
 */
const timesOf = (rule: PartitionMapping.TimeWindow, windows: WindowLine, lo: number, hi: number): Array<number> => {
  const { endOffset, startOffset } = rule
  const first = lo + startOffset
  if (startOffset < endOffset) return [windowAt(windows, first).start, windowAt(windows, hi - 1 + endOffset).end]
  const times: Array<number> = []
  const end = hi + startOffset
  let at = first
  while (at < end) {
    // beyond the windows that exist they are looked at one by one: there are no more than the offset
    if (at < 0 || at >= windows.size) {
      const window = windowAt(windows, at++)
      times.push(window.start, window.end)
      continue
    }
    const until = Math.min(end, windows.size)
    const runs = Subset.withoutGaps(windows, at, until)
    for (let i = 0; i < runs.length; i += 2) {
      times.push(windows.windowAt(runs[i]!).start, windows.windowAt(runs[i + 1]! - 1).end)
    }
    at = until
  }
  return times
}

const windowsUp = (
  rule: PartitionMapping.TimeWindow,
  down: WindowLine,
  up: WindowLine,
  side: Subset.Subset,
  missing: Missing
): Subset.Subset => {
  const unmoved = rule.startOffset === 0 && rule.endOffset === 0
  if (unmoved && down.id === up.id) return identical(down, side, up, rule.allowNonexistent ? undefined : missing)
  const ranges: Array<number> = []
  const absent = rule.allowNonexistent ? undefined : new Absent(up, missing)
  for (let i = 0; i < side.bounds.length; i += 2) {
    const [lo, hi] = [side.bounds[i]!, side.bounds[i + 1]!]
    const times = timesOf(rule, down, lo, hi)
    for (let j = 0; j < times.length; j += 2) {
      ranges.push(up.firstEndingAfter(times[j]!), up.firstStartingFrom(times[j + 1]!))
    }
    absent?.add(rule, down, lo, hi, times)
  }
  return Subset.fromRanges(ranges)
}

/**
 * The upstream windows that are needed and do not exist. A window before the first or after the last one that the set will
 * ever have is not missed by a downstream window that is inside itself: only the offsets lead out of the set then.
 */
class Absent {
  private readonly up: WindowLine
  private readonly missing: Missing
  /** Where the windows begin that exist, where they end, and where the set will end. */
  private readonly first: number
  private readonly last: number
  private readonly end: number
  private doneBefore = -Infinity
  private doneAfter = -Infinity

  constructor(up: WindowLine, missing: Missing) {
    this.up = up
    this.missing = missing
    const cutAtStart = up.size > 0 ? undefined : up.holding(up.bounds.start)
    // a window that begins before the start is not in the set
    const none = cutAtStart === undefined || cutAtStart.start === up.bounds.start ? up.bounds.start : cutAtStart.end
    this.first = up.size > 0 ? up.windowAt(0).start : none
    this.last = up.size > 0 ? up.windowAt(up.size - 1).end : none
    const { end } = up.bounds
    const cut = end === undefined ? undefined : up.holding(end)
    // a window that would reach over the end is not in the set
    this.end = end === undefined ? Infinity : cut === undefined ? end : cut.start
  }

  add(
    rule: PartitionMapping.TimeWindow,
    down: WindowLine,
    lo: number,
    hi: number,
    times: ReadonlyArray<number>
  ): void {
    if (times[0]! < this.first) {
      const outside = Math.min(hi, down.firstStartingFrom(this.first))
      if (lo < outside) {
        this.doneBefore = this.between(timesOf(rule, down, lo, outside), -Infinity, this.first, this.doneBefore)
      }
    }
    if (times.at(-1)! > this.last) {
      const outside = Math.max(lo, down.firstEndingAfter(this.end))
      this.doneAfter = this.between(times, this.last, this.end, this.doneAfter)
      if (outside < hi) {
        this.doneAfter = this.between(timesOf(rule, down, outside, hi), this.last, Infinity, this.doneAfter)
      }
    }
  }

  /** Adds the windows that overlap times, from one time to another. Gives back where the last one ends. */
  private between(times: ReadonlyArray<number>, from: number, to: number, done: number): number {
    let end = done
    for (let i = 0; i < times.length; i += 2) {
      const start = Math.max(times[i]!, from, end)
      const until = Math.min(times[i + 1]!, to)
      if (start >= until) continue
      const found = this.up.between(this.up.holding(start)?.start ?? start, until)
      if (found.length === 0) continue
      this.missing.addWindows(this.up, found)
      end = found.at(-1)!.end
    }
    return end
  }
}

/** The first index from 0 on and before `size` for which something holds that, once it does, goes on to hold. */
const firstWhere = (size: number, test: (index: number) => boolean): number => {
  let lo = 0
  let hi = size
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (test(middle)) hi = middle
    else lo = middle + 1
  }
  return lo
}

const windowsDown = (
  rule: PartitionMapping.TimeWindow,
  down: WindowLine,
  up: WindowLine,
  side: Subset.Subset
): Subset.Subset => {
  const { endOffset, startOffset } = rule
  if (startOffset === 0 && endOffset === 0 && down.id === up.id) return identical(up, side, down)
  const ranges: Array<number> = []
  for (let i = 0; i < side.bounds.length; i += 2) {
    const runs = Subset.withoutGaps(up, side.bounds[i]!, side.bounds[i + 1]!)
    for (let j = 0; j < runs.length; j += 2) {
      const { start } = up.windowAt(runs[j]!)
      const { end } = up.windowAt(runs[j + 1]! - 1)
      // a downstream window needs what is between its moved start and its moved end
      ranges.push(
        endOffset === 0
          ? down.firstEndingAfter(start)
          : firstWhere(down.size, (index) => windowAt(down, index + endOffset).end > start),
        startOffset === 0
          ? down.firstStartingFrom(end)
          : firstWhere(down.size, (index) => windowAt(down, index + startOffset).start >= end)
      )
    }
  }
  return Subset.fromRanges(ranges)
}

// ---------------------------------------------------------------------------------------------------------------------
// downstream
// ---------------------------------------------------------------------------------------------------------------------

/** The downstream partitions that exist and need any of a subset. */
export const downstream = (
  mapping: PartitionMapping.Data | undefined,
  up: Side,
  subset: Subset.Subset,
  down: Side | undefined
): Subset.Subset => {
  const everyone = down === undefined ? Subset.unit : Subset.allOf(down)
  const nobody = Subset.empty(everyone.depth)
  if (subset.size === 0) return nobody
  const route = routeOrThrow(mapping, down, up)
  if (route._tag === "Last") return overlaps(subset, lastOf(up)) ? everyone : nobody
  if (route._tag === "Specific") return overlaps(subset, Subset.fromKeys(up, route.keys).subset) ? everyone : nobody
  if (down === undefined) return everyone
  return Subset.unionAll(
    everyone.depth,
    Subset.boxes(subset).map((sides) => {
      const found: Array<Subset.Subset> = down.dimensions.map(({ dimension }) => Subset.fromRange(0, dimension.size))
      for (const link of route.links) {
        const from = up.dimensions[link.up]!.dimension
        found[link.down] = followDown(link.rule, from, sides[link.up]!, down.dimensions[link.down]!.dimension)
      }
      return Subset.box(found)
    })
  )
}

const overlaps = (a: Subset.Subset, b: Subset.Subset): boolean => Subset.intersection(a, b).size > 0

const followDown = (rule: Rule, up: Dimension, side: Subset.Subset, down: Dimension): Subset.Subset => {
  const everyone = Subset.fromRange(0, down.size)
  switch (rule._tag) {
    case "All":
      return everyone
    case "Last":
      return overlaps(side, lastIn(up)) ? everyone : Subset.empty(1)
    case "Specific":
      return rule.keys.some((key) => holds(up, side, key)) ? everyone : Subset.empty(1)
    case "Identity":
      return identical(up, side, down)
    case "Fixed":
      return Subset.fromIndices(
        indicesOf(down, rule.pairs.filter((pair) => holds(up, side, pair[0])).map(([, key]) => key))
      )
    case "TimeWindow":
      return windowsDown(rule, ...timed(down, up), side)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// of definitions
// ---------------------------------------------------------------------------------------------------------------------

/** A set as it is defined: no time has passed, and dynamic keys are not known. */
const definedBy = (set: Partitions.Any): Partitions.Resolved => {
  let found = definitions.get(set)
  if (found === undefined) {
    found = Partitions.resolveAt(set, -Infinity, new Map())
    definitions.set(set, found)
  }
  return found
}

const definitions = new WeakMap<Partitions.Any, Partitions.Resolved>()

/** The set of one dimension. */
const setAt = (set: Partitions.Any, name: string | undefined): Partitions.Any =>
  // a set of several dimensions is a product: `kind` cannot tell the compiler, as the type of any set leaves it open
  name === undefined
    ? set
    : (set as Partitions.Product<{ readonly [name: string]: Partitions.Single }>).dimensions[name]!

const isFixed = (set: Partitions.Any): set is Partitions.Fixed<string> => set.kind === "Fixed"
const isTimeWindows = (set: Partitions.Any): set is Partitions.TimeWindows => set.kind === "TimeWindow"

/** What is wrong with a key that a mapping names, if it can be told from the definition. */
const keyProblem = (set: Partitions.Any, key: string, where: string): string | undefined => {
  if (isFixed(set)) {
    return set.keys.includes(key)
      ? undefined
      : `there is no ${where} partition ${JSON.stringify(key)}.${didYouMean(suggest(key, set.keys))}`
  }
  const { dimension } = definedBy(set).dimensions[0]!
  if (dimension.kind === "Keys") return undefined
  const window = dimension.windowOf(key)
  if (window === undefined) return `${JSON.stringify(key)} is no key of the ${where} time windows`
  return window.start < dimension.bounds.start || window.end > (dimension.bounds.end ?? Infinity)
    ? `${JSON.stringify(key)} is before the start or after the end of the ${where} time windows`
    : undefined
}

const firstProblem = (
  set: Partitions.Any,
  name: string | undefined,
  keys: Iterable<string>,
  where: string
): string | undefined => {
  for (const key of keys) {
    const problem = keyProblem(setAt(set, name), key, where)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Why a mapping cannot connect two sets; `undefined` if it can, and for a set that is no set at all. */
export const problem = (
  mapping: PartitionMapping.Data | undefined,
  down: Partitions.Any | undefined,
  up: Partitions.Any | undefined
): string | undefined => {
  if (up === undefined) {
    return mapping === undefined
      ? undefined
      : "what is upstream has no partitions: leave the mapping out"
  }
  const to = definedBy(up)
  const route = routeOf(mapping, down === undefined ? undefined : definedBy(down), to)
  if (typeof route === "string") return route
  if (route._tag === "Last") return undefined
  if (route._tag === "Specific") {
    if (route.keys.length === 0) return "specific names no partition"
    const { dimensions } = to
    if (!isProduct(to)) return firstProblem(up, undefined, route.keys, "upstream")
    for (const key of route.keys) {
      const parts = key.split("|")
      if (parts.length !== dimensions.length) {
        return `${JSON.stringify(key)} is no upstream key: it is made of ${
          dimensions.map(({ name }) => name).join("|")
        }`
      }
      for (const [axis, { name }] of dimensions.entries()) {
        const found = firstProblem(up, name, [parts[axis]!], "upstream")
        if (found !== undefined) return found
      }
    }
    return undefined
  }
  for (const { down: at, rule, up: other } of route.links) {
    const name = to.dimensions[other]!.name
    if (rule._tag === "Specific") {
      const found = rule.keys.length === 0
        ? "specific names no partition"
        : firstProblem(up, name, rule.keys, "upstream")
      if (found !== undefined) return found
    }
    if (rule._tag === "Fixed") {
      const from = definedBy(down!).dimensions[at]!
      const found = firstProblem(up, name, rule.pairs.map(([key]) => key), "upstream") ??
        firstProblem(down!, from.name, rule.pairs.map(([, key]) => key), "downstream")
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Whether no downstream partition ever needs more than one upstream partition. */
export const isSingle = (
  mapping: PartitionMapping.Data | undefined,
  down: Partitions.Any | undefined,
  up: Partitions.Any
): boolean => {
  const to = definedBy(up)
  const route = routeOf(mapping, down === undefined ? undefined : definedBy(down), to)
  if (typeof route === "string") return false
  if (route._tag === "Last") return true
  if (route._tag === "Specific") return route.keys.length <= 1
  return to.dimensions.every(({ name }, axis) => {
    const link = route.links.find((link) => link.up === axis)
    if (link === undefined) return false
    const { rule } = link
    switch (rule._tag) {
      case "All":
        return false
      case "Last":
      case "Identity":
        return true
      case "Specific":
        return rule.keys.length <= 1
      case "Fixed":
        return new Set(rule.pairs.map(([, key]) => key)).size === rule.pairs.length
      case "TimeWindow":
        return rule.startOffset === rule.endOffset &&
          divides(setAt(down!, definedBy(down!).dimensions[link.down]!.name), setAt(up, name))
    }
  })
}

/** Whether every window of one set is inside of one window of another: an hour of a day, a day of a month. */
const divides = (inner: Partitions.Any, outer: Partitions.Any): boolean => {
  if (!isTimeWindows(inner) || !isTimeWindows(outer)) return false
  const [a, b] = [cronOf(inner), cronOf(outer)]
  if (a === undefined || b === undefined || a.zone.id !== b.zone.id) return false
  if (a.expression === b.expression) return true
  const everyDay = a.days.size === 0 && a.weekdays.size === 0 && a.months.size === 0
  const sameDays = isEqual(a.days, b.days) && isEqual(a.weekdays, b.weekdays) && isEqual(a.months, b.months) &&
    a.and === b.and
  return (everyDay || sameDays) && includes(a.seconds, b.seconds) && includes(a.minutes, b.minutes) &&
    includes(a.hours, b.hours)
}

const cronOf = (set: Partitions.TimeWindows): Cron.Cron | undefined => {
  const zone = Zone.make(DateTime.zoneToString(set.timeZone))
  if (zone === undefined) return undefined
  const parsed = Cron.parse(set.cron, zone)
  return Result.isSuccess(parsed) ? parsed.success : undefined
}

const includes = (values: ReadonlyArray<number>, wanted: ReadonlyArray<number>): boolean =>
  wanted.every((value) => values.includes(value))

const isEqual = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean =>
  a.size === b.size && [...a].every((value) => b.has(value))
