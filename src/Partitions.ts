/**
 * Partitions: the parts of an asset that are computed and stored on their own, a day, a region, a customer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import * as Schema from "effect/Schema"

const TypeId = "~effect-assets/Partitions"

/**
 * A set of partitions. `P` is what a program is told of the partition it computes, `R` what it takes to know the keys:
 * nothing, but for dynamic partitions.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partitions<out P, out R = never> extends Pipeable {
  readonly [TypeId]: { readonly partition: P; readonly services: R }
  readonly kind: "TimeWindow" | "Fixed" | "Dynamic" | "Product"
}

/** A set of partitions of any kind. */
export type Any = Partitions<unknown, unknown>

/** What a program is told of the partition it computes. */
export type Partition<T extends Any> = T[typeof TypeId]["partition"]

/** What it takes to know the keys of a set. */
export type Services<T extends Any> = T[typeof TypeId]["services"]

/** A time window as a program sees it. */
export interface TimeWindow {
  readonly key: string
  readonly start: DateTime.Zoned
  /** Not part of the window. */
  readonly end: DateTime.Zoned
}

/** The keys of dynamic partition sets, kept beside the event log. Every layer of `EventLog` provides it, too. */
export interface DynamicKeysService {
  readonly keys: (name: string) => Effect.Effect<ReadonlyArray<string>, DynamicKeysError>
  /** Adds keys at the end; those that are there stay where they are. */
  readonly add: (name: string, keys: Iterable<string>) => Effect.Effect<void, DynamicKeysError>
  /** Hides keys; what was materialized under them stays recorded. */
  readonly remove: (name: string, keys: Iterable<string>) => Effect.Effect<void, DynamicKeysError>
}

/** The keys of dynamic partition sets. */
export class DynamicKeys extends Context.Service<DynamicKeys, DynamicKeysService>()("effect-assets/DynamicKeys") {}

/** The keys of a dynamic partition set could not be read or changed. */
export class DynamicKeysError extends Schema.TaggedError<DynamicKeysError>()("DynamicKeysError", {
  name: Schema.String,
  cause: Schema.Defect()
}) {}

/** Partitions of one set as they are recorded: readable without the definition, and still right when that changes. */
export type Serialized =
  | { readonly _tag: "Keys"; readonly keys: ReadonlyArray<string> }
  | {
    readonly _tag: "Windows"
    /** Start of the first and end of the last window of each stretch, in milliseconds since 1970. */
    readonly intervals: ReadonlyArray<readonly [start: number, end: number]>
    /** The keys of the first and of the last window, and how many there are. */
    readonly first: string
    readonly last: string
    readonly count: number
  }
  | {
    readonly _tag: "Product"
    /** Disjoint boxes: all combinations of what stands for each dimension. */
    readonly boxes: ReadonlyArray<{ readonly [dimension: string]: Serialized }>
  }

/** The schema of `Serialized`. */
export const Serialized: Schema.Codec<Serialized> = Schema.suspend((): Schema.Codec<Serialized> => SerializedUnion)

const SerializedUnion: Schema.Codec<Serialized> = Schema.Union([
  Schema.TaggedStruct("Keys", { keys: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("Windows", {
    intervals: Schema.Array(Schema.Tuple([Schema.Number, Schema.Number])),
    first: Schema.String,
    last: Schema.String,
    count: Schema.Int
  }),
  Schema.TaggedStruct("Product", { boxes: Schema.Array(Schema.Record(Schema.String, Serialized)) })
])
