/**
 * Partition mappings: which partitions of an upstream asset a partition of a downstream asset is computed from.
 *
 * **Details**
 *
 * A mapping is plain data. Where none is given, it follows from the two sets, the first that fits:
 *
 * - `all` for a downstream asset without partitions
 * - `identity` for one and the same set
 * - `timeWindow` for two sets of time windows: the windows that overlap
 * - `dimension` for a product and a set that is one of its dimensions, or the only one of time windows for time windows
 * - `product` for two products, over the dimensions that have one name and are the same set or time windows
 * - `all` for any others
 *
 * **Example** (A week of days)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * PartitionMapping.timeWindow({ startOffset: -6 }) // => { _tag: "TimeWindow", startOffset: -6, endOffset: 0, allowNonexistent: false }
 * ```
 *
 * @since 0.1.0
 */
import type * as Partitions from "./Partitions.ts"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Which partitions of an upstream asset a partition of a downstream asset is computed from. `Down` and `Up` are what the
 * partitions of the two assets have to be; where that is not known, a mapping is a `PartitionMapping` without them.
 *
 * @category models
 * @since 0.1.0
 */
export type PartitionMapping<Down = never, Up = never> = Data & Between<Down, Up>

type Between<Down, Up> = [Down, Up] extends [never, never] ? unknown : {
  /** There is nothing behind it at run time. */
  readonly "~partitions"?: ((down: Down, up: Up) => void) | undefined
}

/**
 * What a mapping is made of.
 *
 * @category models
 * @since 0.1.0
 */
export type Data = Identity | TimeWindow | All | Last | Specific | Fixed | Dimension | Product

/**
 * The partition with the same key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly _tag: "Identity"
}

/**
 * The windows that overlap a window, of which start and end are moved by so many downstream windows before.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimeWindow {
  readonly _tag: "TimeWindow"
  readonly startOffset: number
  readonly endOffset: number
  readonly allowNonexistent: boolean
}

/**
 * All partitions there are.
 *
 * @category models
 * @since 0.1.0
 */
export interface All {
  readonly _tag: "All"
}

/**
 * The last partition.
 *
 * @category models
 * @since 0.1.0
 */
export interface Last {
  readonly _tag: "Last"
}

/**
 * The partitions with these keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Specific {
  readonly _tag: "Specific"
  readonly keys: ReadonlyArray<string>
}

/**
 * Pairs of keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixed {
  readonly _tag: "Fixed"
  readonly pairs: ReadonlyArray<readonly [upstream: string, downstream: string]>
}

/**
 * One dimension of a product for a set of one dimension, on either side.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dimension {
  readonly _tag: "Dimension"
  /** The dimension that fits, if it is left out. */
  readonly dimension?: string | undefined
  /** What follows from the dimension and the other set, if it is left out. */
  readonly mapping?: Data | undefined
}

/**
 * Dimensions of one product for dimensions of another.
 *
 * @category models
 * @since 0.1.0
 */
export interface Product {
  readonly _tag: "Product"
  /** By the names of downstream dimensions. */
  readonly dimensions: {
    readonly [downstream: string]: {
      /** The name of the upstream dimension. */
      readonly dimension: string
      /** What follows from the two dimensions, if it is left out. */
      readonly mapping?: Data | undefined
    }
  }
}

/** Any partition: `undefined` is what an asset without partitions has. */
type Some = NonNullable<unknown>

/** A partition of one dimension. */
type Single = string | Partitions.TimeWindow

/** A time window, or a partition of a product that has time windows. */
type Timed = Partitions.TimeWindow | { readonly [dimension: string]: Single }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A partition is computed from the one with the same key.
 *
 * **Example** (The same key)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * PartitionMapping.identity // => { _tag: "Identity" }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const identity: PartitionMapping<Some, Some> = { _tag: "Identity" }

/**
 * A time window is computed from the upstream windows that overlap it: a month from its days, an hour from its day.
 *
 * **Details**
 *
 * The offsets move the start and the end of the window first, by so many windows of the downstream set: with
 * `startOffset: -1` the window before counts, too, and with `endOffset: -1` as well it is the window before alone.
 *
 * An upstream window that does not exist, because it has not ended or is not in the set, is missing: what needs it cannot
 * be computed, unless `allowNonexistent` is set, or the input is a map of `Asset.partitions`. Nothing is missing where only
 * the offsets lead out of the set: the first day has no day before.
 *
 * **Example** (The day before)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * const dayBefore = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 })
 * dayBefore // => { _tag: "TimeWindow", startOffset: -1, endOffset: -1, allowNonexistent: false }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const timeWindow = (options?: {
  /** By how many downstream windows the start is moved: back if it is negative. */
  readonly startOffset?: number | undefined
  /** By how many downstream windows the end is moved. */
  readonly endOffset?: number | undefined
  /** `true` to take the windows that exist and not to ask for the others. */
  readonly allowNonexistent?: boolean | undefined
}): PartitionMapping<Timed, Timed> => ({
  _tag: "TimeWindow",
  startOffset: options?.startOffset ?? 0,
  endOffset: options?.endOffset ?? 0,
  allowNonexistent: options?.allowNonexistent ?? false
})

/**
 * Everything is computed from all upstream partitions there are.
 *
 * **Example** (All partitions)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * PartitionMapping.all // => { _tag: "All" }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: PartitionMapping<unknown, Some> = { _tag: "All" }

/**
 * Everything is computed from the last upstream partition.
 *
 * **Example** (The last partition)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * PartitionMapping.last // => { _tag: "Last" }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const last: PartitionMapping<unknown, Some> = { _tag: "Last" }

/**
 * Everything is computed from the upstream partitions with these keys.
 *
 * **Example** (Two regions)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * PartitionMapping.specific(["us", "eu"]) // => { _tag: "Specific", keys: ["us", "eu"] }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const specific = (keys: Iterable<string>): PartitionMapping<unknown, Some> => ({
  _tag: "Specific",
  keys: [...new Set(keys)]
})

/**
 * Says for each upstream key which downstream keys are computed from it. `fixedByDownstream` says it the other way round.
 *
 * **Example** (Two regions for one continent)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * const regions = PartitionMapping.fixed({ de: "europe", fr: "europe", all: ["europe", "asia"] })
 * regions
 * // => {
 * //   _tag: "Fixed",
 * //   pairs: [["all", "asia"], ["all", "europe"], ["de", "europe"], ["fr", "europe"]]
 * // }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (
  downstreamByUpstream: { readonly [upstream: string]: string | ReadonlyArray<string> }
): PartitionMapping<Single, Single> => ofPairs(entries(downstreamByUpstream))

/**
 * Says for each downstream key which upstream keys it is computed from.
 *
 * **Example** (One continent from two regions)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * const continents = PartitionMapping.fixedByDownstream({ europe: ["de", "fr"] })
 * continents // => { _tag: "Fixed", pairs: [["de", "europe"], ["fr", "europe"]] }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixedByDownstream = (
  upstreamByDownstream: { readonly [downstream: string]: string | ReadonlyArray<string> }
): PartitionMapping<Single, Single> =>
  ofPairs(entries(upstreamByDownstream).map(([downstream, upstream]) => [upstream, downstream]))

const entries = (
  record: { readonly [key: string]: string | ReadonlyArray<string> }
): ReadonlyArray<readonly [string, string]> =>
  Object.entries(record).flatMap(([key, found]) =>
    typeof found === "string" ? [[key, found] as const] : found.map((other) => [key, other] as const)
  )

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** In an order of their own, each once: mappings that say the same are equal. */
const ofPairs = (pairs: ReadonlyArray<readonly [string, string]>): Fixed => ({
  _tag: "Fixed",
  pairs: pairs
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .filter((pair, i, sorted) => pair[0] !== sorted[i - 1]?.[0] || pair[1] !== sorted[i - 1]?.[1])
})

/**
 * One dimension of a product stands for it, on whichever side the product is; its other dimensions do not matter.
 *
 * **Details**
 *
 * Downstream of a product: a partition is computed from all combinations with the partition of the dimension. Upstream of a
 * product: all combinations with one partition of the dimension are computed from one upstream partition.
 *
 * Without a name it is the dimension that is the same set as the other one, or the one of time windows for time windows.
 * Without a mapping it is the one that follows from that dimension and the other set.
 *
 * **Example** (The day of a product)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * const dayBefore = PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 })
 * PartitionMapping.dimension("day", dayBefore) // => { _tag: "Dimension", dimension: "day", mapping: dayBefore }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const dimension = (name?: string | undefined, mapping?: Data | undefined): PartitionMapping<Some, Some> => ({
  _tag: "Dimension",
  ...(name === undefined ? {} : { dimension: name }),
  ...(mapping === undefined ? {} : { mapping })
})

/**
 * Dimensions of a downstream product for dimensions of an upstream product. A dimension that is named on neither side does
 * not matter: what is computed is computed from all partitions of it.
 *
 * **Example** (The same region, the day before)
 *
 * ```ts import.meta.vitest
 * import { PartitionMapping } from "effect-assets"
 *
 * const mapping = PartitionMapping.product({
 *   region: { dimension: "area" },
 *   day: { dimension: "day", mapping: PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 }) }
 * })
 * mapping._tag // => "Product"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const product = <const T extends Product["dimensions"]>(
  dimensions: T
): PartitionMapping<
  { readonly [Down in keyof T]: unknown },
  { readonly [Up in T[keyof T]["dimension"]]: unknown }
> => ({ _tag: "Product", dimensions })
