/**
 * Assets: an object in persistent storage, together with the program that computes it and the assets it is computed from.
 *
 * An asset is a value. Its `inputs` are other assets, so what it reads is checked by the compiler; its program is an
 * Effect, so what it needs and how it fails is in its type.
 *
 * **Example** (An asset and one computed from it)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, 4]))
 * const total = Asset.make("total", {
 *   inputs: { prices },
 *   *compute({ prices }) {
 *     return prices.reduce((sum, price) => sum + price, 0)
 *   }
 * })
 *
 * // an asset is an ordinary program: call it with inputs of your own
 * await Effect.runPromise(total.compute({ prices: [1, 2] })) // => 3
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as AssetKey from "./AssetKey.ts"
import type * as Condition from "./Condition.ts"
import type * as Freshness from "./Freshness.ts"
import {
  type Computation as Program,
  type ComputedError,
  type ComputedServices,
  CurrentStep,
  runStep,
  toComputation
} from "./internal/step.ts"
import * as IOManager from "./IOManager.ts"
import * as Metadata from "./Metadata.ts"
import * as PartitionMapping from "./PartitionMapping.ts"
import type * as Partitions from "./Partitions.ts"

const TypeId = "~effect-assets/Asset"
const InputTypeId = "~effect-assets/Input"
const OutputTypeId = "~effect-assets/Output"
const MultiTypeId = "~effect-assets/MultiAsset"
const PreviousTypeId = "~effect-assets/Previous"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What an asset may name under `inputs` and `deps`: an asset, or one wrapped by `optional`, `lastValue`, `partitions` or
 * `partition`.
 *
 * `P` is the partition that has to be chosen before there is a value: `undefined` if there is nothing to choose.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input<out Key extends string, out Value, out IO, out P = undefined> {
  readonly [InputTypeId]: InputTypes<Key, Value, IO, P>
  /** How a missing value is met: `value` skips, `optional` gives `None`, `lastValue` loads what was stored last. */
  readonly mode: InputMode
  /** The asset that is read. */
  readonly asset: Any
  /** Which partitions are read; what follows from the two sets if it is left out. */
  readonly mapping: PartitionMapping.PartitionMapping | undefined
  /** `true` for several partitions: the value is a map by key then. */
  readonly many: boolean
}

/**
 * The types that an input carries.
 *
 * @category models
 * @since 0.1.0
 */
export interface InputTypes<out Key extends string, out Value, out IO, out P = undefined> {
  readonly key: Key
  readonly value: Value
  readonly io: IO
  readonly partition: P
}

/**
 * How a missing value of an input is met.
 *
 * @category models
 * @since 0.1.0
 */
export type InputMode = "value" | "optional" | "lastValue" | "optionalLastValue"

/**
 * The parts of an asset's type that only the library reads: the keys of its upstream assets (`up`), the key under which a
 * graph must have it (`ref`: none for an external asset), its IO manager, its configuration, what its program is told of
 * the partition it computes, and the type of its `compute`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Details {
  readonly up: string
  readonly ref: string
  readonly io: unknown
  readonly config: unknown
  readonly partition: unknown
  readonly compute: unknown
}

/**
 * What is not known of an asset whose type is written by hand, `Asset<"key", number, never, IOManager>`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyDetails<out Key extends string, out R> extends Details {
  readonly ref: Key
  readonly io: R
  readonly partition: undefined
}

/**
 * The types that an asset carries.
 *
 * @category models
 * @since 0.1.0
 */
export interface Types<out A, out E, out R, out D> {
  readonly value: A
  readonly error: E
  readonly services: R
  readonly details: D
}

/**
 * What a definition tells about an asset, for people, catalogs and selections.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attributes {
  /** The group it belongs to: names of letters, digits, `_`, `-` and `.`, with `/` between levels. */
  readonly group?: string | undefined
  /** What the asset is, in Markdown. */
  readonly description?: string | undefined
  /** Who answers for it: e-mail addresses, or `team:NAME`. */
  readonly owners?: ReadonlyArray<string> | undefined
  /** What it is made with or stored in, e.g. `["duckdb", "parquet"]`. */
  readonly kinds?: ReadonlyArray<string> | undefined
  /** Labels to select by. */
  readonly tags?: { readonly [name: string]: string } | undefined
  /** Metadata of the definition. */
  readonly metadata?: Metadata.Input | undefined
}

/**
 * An asset: a key, the program that computes its value, and the assets it is computed from.
 *
 * `A` is the value as it is stored and as downstream assets read it (without `Option` and `Output`), `E` how the program
 * fails, `R` what a run of it needs: the program's services and the IO managers it reads from and writes to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Asset<
  out Key extends string,
  out A,
  out E = never,
  out R = never,
  out D extends Details = AnyDetails<Key, R>
> extends Input<D["ref"], A, D["io"], D["partition"]>, Pipeable {
  readonly [TypeId]: Types<A, E, R, D>
  readonly key: Key
  /** `true` for an asset that this graph does not compute. */
  readonly external: boolean
  /** Calls the asset's program with inputs and context of one's own. Nothing is stored and nothing is recorded. */
  readonly compute: D["compute"]
  /** What is loaded and passed to `compute`. */
  readonly inputs: { readonly [name: string]: AnyInput }
  /** What only comes before this asset. */
  readonly deps: ReadonlyArray<AnyInput>
  /** The inputs among `inputs` that are earlier partitions of this asset itself. */
  readonly previous: { readonly [name: string]: Previous<unknown> }
  /** The partitions it consists of; `undefined` for an asset that is computed as a whole. */
  readonly partitions: Partitions.Any | undefined
  readonly schema: Schema.Constraint | undefined
  readonly config: Schema.Constraint | undefined
  readonly ioManager: AnyIOManager
  readonly group: string | undefined
  readonly description: string | undefined
  readonly owners: ReadonlyArray<string>
  readonly kinds: ReadonlyArray<string>
  readonly tags: { readonly [name: string]: string }
  readonly metadata: Metadata.Metadata
  readonly codeVersion: string | undefined
  readonly retry: AnySchedule | undefined
  readonly timeout: Duration.Duration | undefined
  /** The pool whose slots limit how many programs run at once. */
  readonly pool: string | undefined
  /** How old the data may become. */
  readonly freshness: Freshness.Freshness | undefined
  /** When it is to be computed, or observed, without anybody asking. */
  readonly automation: Condition.Condition | undefined
  /** The checks that its own program evaluates, by name. */
  readonly checks: { readonly [name: string]: CheckOptions }
  /** Set on an external asset whose data can be looked at. */
  readonly observe: AnyObserve | undefined
  /** Set on an asset that is one output of a multi-asset. */
  readonly output: MultiOutput | undefined
  /** What is wrong with the definition; `Graph.make` reports it. */
  readonly problems: ReadonlyArray<string>
}

/**
 * Where an output of a multi-asset comes from.
 *
 * @category models
 * @since 0.1.0
 */
export interface MultiOutput {
  readonly name: string
  readonly multi: AnyMulti
}

/**
 * One program that computes several assets.
 *
 * @category models
 * @since 0.1.0
 */
export interface MultiAsset<out Name extends string, out Assets, out Compute = unknown> extends Pipeable {
  readonly [MultiTypeId]: typeof MultiTypeId
  readonly name: Name
  /** Its outputs, each an asset of its own. */
  readonly assets: Assets
  /** `true` if the program computes just what is selected. */
  readonly canSubset: boolean
  /** Calls the program with inputs and context of one's own. */
  readonly compute: Compute
}

/**
 * An asset of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Any = Asset<string, unknown, unknown, unknown, Details>

/**
 * A multi-asset of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnyMulti = MultiAsset<string, { readonly [output: string]: Any }>

/**
 * An input of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnyInput = Input<string, unknown, unknown, unknown>

/**
 * A key of a service that stores values.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnyIOManager = Context.Key<unknown, IOManager.Service>

/**
 * A schema of values that are stored, or of configuration: it needs no services.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnySchema = Schema.ConstraintCodec<unknown, unknown>

/**
 * A schedule of retries. It is given the error as `unknown`; the retry of a `step` knows its type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnySchedule = Schedule.Schedule<unknown, unknown>

/**
 * A program that looks at the data of an external asset.
 *
 * @category utility types
 * @since 0.1.0
 */
export type AnyObserve = Effect.Effect<string | Output<string>, unknown, unknown>

/**
 * The type of an asset's value.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Value<T extends Any> = T[typeof TypeId]["value"]

/**
 * How an asset's program fails.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Error<T extends Any> = T[typeof TypeId]["error"]

/**
 * What a run of an asset needs.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<T extends Any> = T[typeof TypeId]["services"]

/**
 * The keys of the assets an asset is computed from.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Upstream<T extends Any> = T[typeof TypeId]["details"]["up"]

/**
 * The key under which a graph must have an asset: none for an external one.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Reference<T extends Any> = T[typeof TypeId]["details"]["ref"]

/**
 * The IO manager that stores an asset: `never` for one that stores nothing.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Storage<T extends Any> = T[typeof TypeId]["details"]["io"]

/**
 * The configuration of an asset, with the key it is given under.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Config<T extends Any> = T[typeof TypeId]["details"]["config"]

/**
 * The type of what an input gives to a program.
 *
 * @category utility types
 * @since 0.1.0
 */
export type InputValue<I extends AnyInput> = I[typeof InputTypeId]["value"]

/**
 * The key of the asset that an input reads: `never` for an external one.
 *
 * @category utility types
 * @since 0.1.0
 */
export type InputKey<I extends AnyInput> = I[typeof InputTypeId]["key"]

/**
 * The IO manager that an input is loaded from.
 *
 * @category utility types
 * @since 0.1.0
 */
export type InputStorage<I extends AnyInput> = I[typeof InputTypeId]["io"]

/**
 * What the program of an asset is told of the partition it computes: `undefined` for an asset without partitions.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Partition<T extends Any> = T[typeof TypeId]["details"]["partition"]

/**
 * What is said of a check beforehand.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckOptions {
  /** `error` if it is left out. */
  readonly severity?: "warn" | "error" | undefined
  /** `true` if nothing downstream is computed in a run in which the check fails with the severity `error`. */
  readonly blocking?: boolean | undefined
  readonly description?: string | undefined
}

/**
 * What a check came to: whether it passed, and what else there is to tell.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckResult {
  readonly passed: boolean
  /** The severity that the check was declared with, if it is left out. */
  readonly severity?: "warn" | "error" | undefined
  readonly description?: string | undefined
  readonly metadata?: Metadata.Input | undefined
}

/**
 * A value together with its metadata and data version. Made by `Asset.output`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Output<out A> {
  readonly [OutputTypeId]: typeof OutputTypeId
  readonly value: A
  readonly metadata: Metadata.Metadata
  readonly dataVersion: string | undefined
  /** What the checks came to that the asset's own program evaluates, by name. */
  readonly checks: { readonly [name: string]: boolean | CheckResult }
}

/**
 * What a program may know of the run it is part of.
 *
 * @category models
 * @since 0.1.0
 */
export interface ComputeContext<out C = unknown, P = unknown> {
  /** The key of the asset, or the name of the multi-asset. */
  readonly key: string
  /** The partition to compute: `undefined` for an asset without partitions. */
  readonly partition: P
  /** The key of the partition to compute. */
  readonly partitionKey: unknown extends P ? string | undefined : [P] extends [undefined] ? undefined : string
  /** The asset's configuration, decoded. */
  readonly config: C
  readonly runId: string
  /** The tags of the run. */
  readonly tags: { readonly [name: string]: string }
  /** 1 for the first attempt. */
  readonly attempt: number
}

/**
 * What the program of a multi-asset may know of its run: also which outputs are wanted.
 *
 * @category models
 * @since 0.1.0
 */
export interface MultiContext<out C = unknown, out Name extends string = string, P = unknown>
  extends ComputeContext<C, P>
{
  /** The names of the outputs to compute: all of them unless the multi-asset `canSubset`. */
  readonly selected: ReadonlySet<string> & { readonly "~outputs"?: Name }
}

// ---------------------------------------------------------------------------------------------------------------------
// inference
// ---------------------------------------------------------------------------------------------------------------------

/** What `compute` may return. */
type Computation<A> =
  | Effect.Effect<A, unknown, unknown>
  | Generator<Effect.Effect<unknown, unknown, unknown>, A, never>

type ComputedSuccess<Ret> = Ret extends Effect.Effect<infer A, infer _E, infer _R> ? A
  : Ret extends Generator<infer _Y, infer A, infer _N> ? A
  : never

/** A value without its Option and Output wrappers. */
type Unwrap<T> = T extends Option.Option<infer X> ? (X extends Output<infer Y> ? Y : X)
  : T extends Output<infer X> ? (X extends Option.Option<infer Y> ? Y : X)
  : T

/** What may be returned where a value of type T is expected. */
type Wrapped<T> = T | Output<T> | Output<Option.Option<T>> | Option.Option<T | Output<T>>

type Expected<S> = S extends AnySchema ? Wrapped<S["Type"]> : unknown

type ValueOf<S, Ret> = S extends AnySchema ? S["Type"] : Unwrap<ComputedSuccess<Ret>>

/** A value that is `void` is not stored; one of type `any` may be anything. */
type StoredIn<A, IO> = 0 extends 1 & A ? IO : [A] extends [void] ? never : IO

type Join<Segments> = Segments extends readonly [infer Head extends string, ...infer Tail extends ReadonlyArray<string>]
  ? Tail extends readonly [] ? Head : `${Head}/${Join<Tail>}`
  : string

type FullKey<Key extends string, Prefix> = [Prefix] extends [undefined | "" | readonly []] ? Key
  : Prefix extends string ? `${Prefix}/${Key}`
  : `${Join<Prefix>}/${Key}`

type Inputs = { readonly [name: string]: AnyInput }

/**
 * What a program without partitions is given for an input that has some and does not say which of them it means.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface UnchosenPartition<out WayOut = "wrap this input in Asset.partitions(…) or Asset.partition(…)"> {
  readonly "~this input has partitions": WayOut
}

/**
 * The types of what inputs give to a program, by name. `P` is the partition that it computes or judges: where it is
 * `undefined`, an input with partitions has to say which of them it means.
 *
 * @category utility types
 * @since 0.1.0
 */
export type InputValues<I extends Inputs, P = unknown> =
  // inputs are looked at one by one only where one has partitions: most of a large graph is without them
  [I[keyof I][typeof InputTypeId]["partition"]] extends [undefined] ? Values<I>
    : [P] extends [undefined] ? { readonly [K in keyof I]: ChosenValue<I[K][typeof InputTypeId]> }
    : Values<I>

type Values<I extends Inputs> = { readonly [K in keyof I]: I[K][typeof InputTypeId]["value"] }

type ChosenValue<T extends InputTypes<string, unknown, unknown, unknown>> = unknown extends T["partition"] ? T["value"]
  : [T["partition"]] extends [undefined] ? T["value"]
  : UnchosenPartition

/** What a program is told of its partition. */
type PartitionOf<PS> = PS extends Partitions.Partitions<infer P, infer _R> ? P : undefined

type PartitionServices<PS> = PS extends Partitions.Partitions<infer _P, infer R> ? R : never

type InputKeys<I extends Inputs> = I[keyof I][typeof InputTypeId]["key"]

type InputsStorage<I extends Inputs> = I[keyof I][typeof InputTypeId]["io"]

type DepKeys<Deps extends ReadonlyArray<AnyInput>> = Deps[number][typeof InputTypeId]["key"]

type ConfigType<C> = C extends AnySchema ? C["Type"] : undefined

type ConfigEntry<Key extends string, C> = C extends AnySchema ? { readonly key: Key; readonly value: C["Encoded"] }
  : never

/** What direct invocation must be given of the context. */
type Needed<C, PS> =
  & (C extends AnySchema ? { readonly config: C["Type"] } : unknown)
  & (PS extends Partitions.Any ? { readonly partition: PartitionOf<PS> } : unknown)

/** Direct invocation: what has no default has to be given. */
type Compute<I extends Inputs, Ctx, C, Ret, PS = undefined> = unknown extends Needed<C, PS> ? DirectCompute<I, Ctx, Ret>
  : (
    inputs: InputValues<I>,
    context: Partial<Ctx> & Needed<C, PS>
  ) => Effect.Effect<ComputedSuccess<Ret>, ComputedError<Ret>, ComputedServices<Ret>>

type DirectCompute<I extends Inputs, Ctx, Ret> = {} extends InputValues<I> ? (
    inputs?: InputValues<I>,
    context?: Partial<Ctx>
  ) => Effect.Effect<ComputedSuccess<Ret>, ComputedError<Ret>, ComputedServices<Ret>>
  : (
    inputs: InputValues<I>,
    context?: Partial<Ctx>
  ) => Effect.Effect<ComputedSuccess<Ret>, ComputedError<Ret>, ComputedServices<Ret>>

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The options of `Asset.make` that do not bear on its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface CommonOptions extends Attributes {
  /**
   * The version of the code. With it, a recomputation from the same data gives the same data version, so that what is
   * downstream stays fresh.
   */
  readonly codeVersion?: string | undefined
  /**
   * When to try again after a failure or a timeout; a defect is not tried again. Each attempt loads the inputs anew and
   * begins with no metadata added; the steps of all attempts are recorded.
   */
  readonly retry?: AnySchedule | undefined
  /** How long one attempt may take, loading and storing included. */
  readonly timeout?: Duration.Input | undefined
  /**
   * The name of a pool: as many programs of it run at once as it has slots, over all runs that share the layer
   * `Runtime.layerPools`. A slot is free again whatever ends an attempt, and while a next one is waited for.
   */
  readonly pool?: string | undefined
}

/**
 * The options of `Asset.make`.
 *
 * @category models
 * @since 0.1.0
 */
export interface MakeOptions<Prefix, I extends Inputs, Deps, S, C, IO, Ret, PS = undefined> extends CommonOptions {
  /** Assets whose values are loaded and passed to `compute`, under names of your choice. */
  readonly inputs?: I | undefined
  /** Assets that come before this one; their values are not loaded. */
  readonly deps?: Deps | undefined
  /**
   * The schema of the value. Checked before the value is stored; IO managers store its encoded form. A value that is an
   * `Option` itself is to be returned in another one, since the outer one says whether there is a value.
   */
  readonly schema?: S
  /** The schema of the configuration. It comes from the options of the run, or from the ConfigProvider under the key. */
  readonly config?: C
  /** The service that stores the value; `IOManager.IOManager` if it is left out. */
  readonly ioManager?: Context.Key<IO, IOManager.Service> | undefined
  /** Segments to put before the key: a list, or `"one/two"`. */
  readonly keyPrefix?: Prefix | undefined
  /** The program: a function that returns an Effect, or a generator method. */
  readonly compute: (
    inputs: InputValues<I, PartitionOf<PS>>,
    context: ComputeContext<ConfigType<C>, PartitionOf<PS>>
  ) => Ret
  /** The partitions it consists of. The program computes one at a time. */
  readonly partitions?: PS
  /** How old the data may become. The catalog tells when it is older. */
  readonly freshness?: Freshness.Freshness | undefined
  /** When it is to be computed without anybody asking: see `Condition`. */
  readonly automation?: Condition.Condition | undefined
  /** The checks that the program itself evaluates: it gives their results with `Asset.output`. */
  readonly checks?: { readonly [name: string]: CheckOptions } | undefined
}

type MadeDetails<
  Key extends string,
  I extends Inputs,
  Deps extends ReadonlyArray<AnyInput>,
  A,
  C,
  IO,
  Ret,
  PS = undefined
> = {
  readonly up: InputKeys<I> | DepKeys<Deps>
  readonly ref: Key
  readonly io: StoredIn<A, IO>
  readonly config: ConfigEntry<Key, C>
  readonly partition: PartitionOf<PS>
  readonly compute: Compute<I, ComputeContext<ConfigType<C>, PartitionOf<PS>>, C, Ret, PS>
}

/**
 * Makes an asset from a key and an Effect, or from a key and options.
 *
 * **Details**
 *
 * The value may be wrapped: `Option.none()` stores nothing and skips what is downstream; `Asset.output` adds metadata and
 * a data version. An asset whose value is `void` stores nothing and needs no IO manager.
 *
 * **Gotchas**
 *
 * A mistake in a definition (a malformed key, an unusable group name) does not throw here: `Graph.make` reports all of
 * them at once.
 *
 * **Example** (A generator method with configuration)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const greeting = Asset.make("greeting", {
 *   keyPrefix: ["texts", "english"],
 *   config: Schema.Struct({ name: Schema.String }),
 *   *compute(_, { config }) {
 *     return yield* Effect.succeed(`Hello ${config.name}`)
 *   }
 * })
 * greeting.key // => "texts/english/greeting"
 * await Effect.runPromise(greeting.compute({}, { config: { name: "you" } })) // => "Hello you"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <const Key extends string, A, E, R>(
    key: Key,
    compute: Effect.Effect<A, E, R>
  ): Asset<
    Key,
    Unwrap<A>,
    E,
    R | StoredIn<Unwrap<A>, IOManager.IOManager>,
    MadeDetails<Key, {}, readonly [], Unwrap<A>, undefined, IOManager.IOManager, Effect.Effect<A, E, R>>
  >
  <
    const Key extends string,
    Ret extends Computation<Expected<S>>,
    const Prefix extends string | ReadonlyArray<string> | undefined = undefined,
    I extends Inputs = {},
    const Deps extends ReadonlyArray<AnyInput> = readonly [],
    S extends AnySchema | undefined = undefined,
    C extends AnySchema | undefined = undefined,
    IO = IOManager.IOManager,
    PS extends Partitions.Any | undefined = undefined
  >(
    key: Key,
    options: MakeOptions<Prefix, I, Deps, S, C, IO, Ret, PS>
  ): Asset<
    FullKey<Key, Prefix>,
    ValueOf<S, Ret>,
    ComputedError<Ret>,
    ComputedServices<Ret> | StoredIn<ValueOf<S, Ret>, IO> | InputsStorage<I> | PartitionServices<PS>,
    MadeDetails<FullKey<Key, Prefix>, I, Deps, ValueOf<S, Ret>, C, IO, Ret, PS>
  >
} = (key: string, definition: Effect.Effect<unknown, unknown, unknown> | AnyMakeOptions) => {
  const options: AnyMakeOptions = Effect.isEffect(definition) ? { compute: () => definition } : definition
  const fullKey = prefixed(key, options.keyPrefix)
  const compute = toComputation(options.compute)
  // the precise type is computed from the arguments by the signature above
  return fromProps({
    ...attributes(options),
    key: fullKey,
    external: false,
    compute: direct(compute, fullKey),
    [InternalCompute]: compute,
    ...separated(options.inputs),
    deps: options.deps ?? [],
    partitions: options.partitions,
    schema: options.schema,
    config: options.config,
    ioManager: options.ioManager ?? IOManager.IOManager,
    codeVersion: options.codeVersion,
    retry: options.retry,
    timeout: options.timeout === undefined ? undefined : Duration.fromInputUnsafe(options.timeout),
    pool: options.pool,
    freshness: options.freshness,
    automation: options.automation,
    checks: options.checks ?? noChecks,
    observe: undefined,
    output: undefined
  }) as never
}

const noChecks = {}
const noInputs = {}

/** Earlier partitions of an asset are no upstream assets. */
const separated = (inputs: Inputs | undefined): Pick<Any, "inputs" | "previous"> => {
  if (inputs === undefined) return { inputs: noInputs, previous: noInputs }
  const own = Object.entries(inputs).filter((entry): entry is [string, Previous<unknown>] => isPrevious(entry[1]))
  if (own.length === 0) return { inputs, previous: noInputs }
  return {
    inputs: Object.fromEntries(Object.entries(inputs).filter(([, input]) => !isPrevious(input))),
    previous: Object.fromEntries(own)
  }
}

/** The options of `make` as the implementation reads them. */
interface AnyMakeOptions extends CommonOptions {
  readonly partitions?: Partitions.Any | undefined
  readonly freshness?: Freshness.Freshness | undefined
  readonly automation?: Condition.Condition | undefined
  readonly checks?: { readonly [name: string]: CheckOptions } | undefined
  readonly inputs?: Inputs | undefined
  readonly deps?: ReadonlyArray<AnyInput> | undefined
  readonly schema?: AnySchema | undefined
  readonly config?: AnySchema | undefined
  readonly ioManager?: AnyIOManager | undefined
  readonly keyPrefix?: string | ReadonlyArray<string> | undefined
  readonly compute: (inputs: never, context: never) => unknown
}

/** A program that is called by hand: what is not given of its context has defaults. */
const direct = (program: Program, key: string, more?: object) => (inputs: unknown = {}, context?: object): unknown =>
  Effect.suspend(() =>
    program(inputs, {
      key,
      config: undefined,
      partition: undefined,
      partitionKey: undefined,
      runId: "direct",
      tags: {},
      attempt: 1,
      ...more,
      ...context
    })
  )

/**
 * The options of `Asset.external`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExternalOptions<Prefix, S, IO, PS = undefined, E = never, R = never> extends Attributes {
  /** The partitions it consists of. */
  readonly partitions?: PS
  /** How old the data may become. The catalog tells when it is older, going by observations. */
  readonly freshness?: Freshness.Freshness | undefined
  /** When it is to be observed without anybody asking: see `Condition`. It has `observe` then. */
  readonly automation?: Condition.Condition | undefined
  /**
   * Looks at the data and gives its version: a hash, a time of change, an etag. `Catalog.observe` runs and records it, and
   * what is downstream is stale when the version has changed.
   */
  readonly observe?: Effect.Effect<string | Output<string>, E, R> | undefined
  /** The schema of the value, for those who load it. */
  readonly schema?: S
  /** The service that loads the value; `IOManager.IOManager` if it is left out. */
  readonly ioManager?: Context.Key<IO, IOManager.Service> | undefined
  /** Segments to put before the key: a list, or `"one/two"`. */
  readonly keyPrefix?: Prefix | undefined
}

type External<Key extends string, A, IO, P = undefined, E = never, R = never> = Asset<
  Key,
  A,
  E,
  R,
  {
    readonly up: never
    readonly ref: never
    readonly io: IO
    readonly config: never
    readonly partition: P
    readonly compute: never
  }
>

/**
 * Makes an asset that something else computes: a table of another team, a file that arrives. It has lineage and can be
 * loaded, and is never materialized here.
 *
 * A graph that also has an asset with this key uses that asset: an external asset is a reference by key. It asks for its
 * IO manager only where it is an input, not as a dep.
 *
 * **Example** (Reading what another service stores)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const orders = Asset.external("shop/orders", { schema: Schema.Array(Schema.Number) })
 * const revenue = Asset.make("revenue", {
 *   inputs: { orders },
 *   compute: ({ orders }) => Effect.succeed(orders.reduce((a, b) => a + b, 0))
 * })
 * Graph.keys(Graph.make({ revenue })) // => ["shop/orders", "revenue"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const external = <
  const Key extends string,
  const Prefix extends string | ReadonlyArray<string> | undefined = undefined,
  S extends AnySchema | undefined = undefined,
  IO = IOManager.IOManager,
  PS extends Partitions.Any | undefined = undefined,
  E = never,
  R = never
>(
  key: Key,
  options: ExternalOptions<Prefix, S, IO, PS, E, R> = {}
): External<FullKey<Key, Prefix>, S extends AnySchema ? S["Type"] : unknown, IO, PartitionOf<PS>, E, R> =>
  // the precise type is computed from the arguments by the signature above
  externalFrom(prefixed(key, options.keyPrefix), attributes(options), options as ExternalProps) as never

/**
 * Turns an asset into an external one with the same key, storage and description: what is downstream stays as it is and
 * loads what is stored, and this graph no longer computes it.
 *
 * **Example** (A graph that leaves an asset to another service)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Graph } from "effect-assets"
 *
 * const source = Asset.make("source", Effect.succeed(1))
 * const copy = Asset.make("copy", { inputs: { source }, compute: ({ source }) => Effect.succeed(source) })
 * const graph = Graph.make({ source: Asset.toExternal(source), copy })
 * graph.assets.source.external // => true
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const toExternal = <Key extends string, A, E, R, D extends Details>(
  self: Asset<Key, A, E, R, D>
): External<Key, A, D["io"], D["partition"]> =>
  // who computes it says when
  externalFrom(self.key, self, self.external ? self : { ...self, automation: undefined }) as never

interface ExternalProps {
  readonly schema?: Schema.Constraint | undefined
  readonly ioManager?: AnyIOManager | undefined
  readonly partitions?: Partitions.Any | undefined
  readonly freshness?: Freshness.Freshness | undefined
  readonly automation?: Condition.Condition | undefined
  readonly observe?: AnyObserve | undefined
}

const externalFrom = (
  key: string,
  described: Described,
  { automation, freshness, ioManager, observe, partitions, schema }: ExternalProps
): Any =>
  fromProps({
    group: described.group,
    description: described.description,
    owners: described.owners,
    kinds: described.kinds,
    tags: described.tags,
    metadata: described.metadata,
    problems: described.problems,
    key,
    external: true,
    compute: undefined,
    [InternalCompute]: undefined,
    inputs: noInputs,
    deps: [],
    previous: noInputs,
    partitions,
    schema,
    config: undefined,
    ioManager: ioManager ?? IOManager.IOManager,
    codeVersion: undefined,
    retry: undefined,
    timeout: undefined,
    pool: undefined,
    freshness,
    automation,
    checks: noChecks,
    observe,
    output: undefined
  })

/**
 * The options of one output of a multi-asset.
 *
 * @category models
 * @since 0.1.0
 */
export interface OutputOptions extends Attributes {
  /** The key of the output; its name if it is left out. The `keyPrefix` of the multi-asset comes before it. */
  readonly key?: string | undefined
  readonly schema?: AnySchema | undefined
  /** The service that stores it; that of the multi-asset if it is left out. */
  readonly ioManager?: AnyIOManager | undefined
  readonly codeVersion?: string | undefined
  /** How old the data may become. The catalog tells when it is older. */
  readonly freshness?: Freshness.Freshness | undefined
  /** When it is to be computed without anybody asking, with the other outputs if it must be. */
  readonly automation?: Condition.Condition | undefined
  /** The checks that the program itself evaluates of this output: it gives their results with `Asset.output`. */
  readonly checks?: { readonly [name: string]: CheckOptions } | undefined
}

type Outputs = { readonly [name: string]: OutputOptions }

type OutputKey<Name, O, Prefix> = FullKey<
  O extends { readonly key: infer K extends string } ? K : Name & string,
  Prefix
>

type OutputStorage<O, IO> = O extends { readonly ioManager: Context.Key<infer Own, IOManager.Service> } ? Own : IO

type OutputValue<O, Returned> = O extends { readonly schema: infer S extends AnySchema } ? S["Type"] : Unwrap<Returned>

type Returned<Os extends Outputs, Subset> = Subset extends true
  ? { readonly [K in keyof Os]?: Expected<Os[K]["schema"]> | undefined }
  : { readonly [K in keyof Os]: Expected<Os[K]["schema"]> }

type Member<T, K> = K extends keyof T ? Exclude<T[K], undefined> : never

/**
 * The options of `Asset.multi`.
 *
 * @category models
 * @since 0.1.0
 */
export interface MultiOptions<Prefix, Os, I extends Inputs, Deps, C, IO, Subset, Ret, PS = undefined>
  extends CommonOptions
{
  /** What the program computes: a name and options for each. */
  readonly outputs: Os
  /** Assets whose values are loaded and passed to `compute`. */
  readonly inputs?: I | undefined
  /** Assets that come before this one; their values are not loaded. */
  readonly deps?: Deps | undefined
  /** The schema of the configuration, given under the multi-asset's name. */
  readonly config?: C
  /** The service that stores the outputs; `IOManager.IOManager` if it is left out. */
  readonly ioManager?: Context.Key<IO, IOManager.Service> | undefined
  /** Segments to put before the keys of the outputs: a list, or `"one/two"`. */
  readonly keyPrefix?: Prefix | undefined
  /**
   * `true` if the program looks at `context.selected` and computes just that. Otherwise selecting one output
   * materializes all of them.
   */
  readonly canSubset?: Subset | undefined
  /** The partitions that each output consists of. The program computes one at a time. */
  readonly partitions?: PS
  /** The program: gives a record with a value for each output. */
  readonly compute: (
    inputs: InputValues<I, PartitionOf<PS>>,
    context: MultiContext<ConfigType<C>, keyof Os & string, PartitionOf<PS>>
  ) => Ret
}

type MadeOutputs<
  Name extends string,
  Prefix,
  Os extends Outputs,
  I extends Inputs,
  Deps extends ReadonlyArray<AnyInput>,
  C,
  IO,
  Ret,
  PS = undefined
> = {
  readonly [K in keyof Os]: Asset<
    OutputKey<K, Os[K], Prefix>,
    OutputValue<Os[K], Member<ComputedSuccess<Ret>, K>>,
    ComputedError<Ret>,
    | ComputedServices<Ret>
    | StoredIn<OutputValue<Os[K], Member<ComputedSuccess<Ret>, K>>, OutputStorage<Os[K], IO>>
    | InputsStorage<I>
    | PartitionServices<PS>,
    {
      readonly up: InputKeys<I> | DepKeys<Deps>
      readonly ref: OutputKey<K, Os[K], Prefix>
      readonly io: StoredIn<OutputValue<Os[K], Member<ComputedSuccess<Ret>, K>>, OutputStorage<Os[K], IO>>
      readonly config: ConfigEntry<Name, C>
      readonly partition: PartitionOf<PS>
      readonly compute: never
    }
  >
}

/**
 * Makes a multi-asset: one program that computes several assets.
 *
 * The program gives a record with a value for each output. An output that is `None` is skipped, with what is downstream
 * of it; the others are stored. A failure of the program is a failure of all its outputs.
 *
 * **Example** (Two assets from one call)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const prices = Asset.multi("prices", {
 *   outputs: { open: { group: "market" }, close: { group: "market" } },
 *   *compute() {
 *     return { open: Option.some(10), close: 12 }
 *   }
 * })
 * prices.assets.open.key // => "open"
 * await Effect.runPromise(prices.compute()) // => { open: Option.some(10), close: 12 }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const multi = <
  const Name extends string,
  const Os extends Outputs,
  Ret extends Computation<Returned<Os, Subset>>,
  const Prefix extends string | ReadonlyArray<string> | undefined = undefined,
  I extends Inputs = {},
  const Deps extends ReadonlyArray<AnyInput> = readonly [],
  C extends AnySchema | undefined = undefined,
  IO = IOManager.IOManager,
  const Subset extends boolean = false,
  PS extends Partitions.Any | undefined = undefined
>(
  name: Name,
  options: MultiOptions<Prefix, Os, I, Deps, C, IO, Subset, Ret, PS>
): MultiAsset<
  Name,
  MadeOutputs<Name, Prefix, Os, I, Deps, C, IO, Ret, PS>,
  Compute<I, MultiContext<ConfigType<C>, string, PartitionOf<PS>>, C, Ret, PS>
> => {
  const compute = toComputation(options.compute)
  const names = new Set(Object.keys(options.outputs))
  const assets: Record<string, Any> = Object.create(null)
  const self = Object.assign(Object.create(MultiProto), {
    name,
    assets,
    canSubset: options.canSubset ?? false,
    compute: direct(compute, name, { selected: names }),
    [InternalCompute]: compute
  })
  const { description, group, kinds, metadata, owners, tags, ...rest } = options
  for (const [output, own] of Object.entries(options.outputs)) {
    assets[output] = fromProps({
      // an output inherits what it does not say itself
      ...attributes({ description, group, kinds, metadata, owners, tags, ...own }),
      key: prefixed(own.key ?? output, options.keyPrefix),
      external: false,
      compute: undefined,
      [InternalCompute]: compute,
      ...separated(rest.inputs),
      deps: rest.deps ?? [],
      partitions: rest.partitions,
      schema: own.schema,
      config: rest.config,
      ioManager: own.ioManager ?? (rest.ioManager as AnyIOManager | undefined) ?? IOManager.IOManager,
      codeVersion: own.codeVersion ?? rest.codeVersion,
      retry: rest.retry,
      timeout: rest.timeout === undefined ? undefined : Duration.fromInputUnsafe(rest.timeout),
      pool: rest.pool,
      freshness: own.freshness,
      automation: own.automation,
      checks: own.checks ?? noChecks,
      observe: undefined,
      output: { name: output, multi: self }
    })
  }
  return self
}

/**
 * A value with its metadata and its data version, to return from `compute`.
 *
 * **Example** (Telling how many rows there are)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const rows = Asset.make("rows", {
 *   compute: () => Effect.succeed(Asset.output([1, 2, 3], { metadata: { num_rows: 3 }, dataVersion: "2012-01-03" }))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const output = <A>(value: A, options?: {
  readonly metadata?: Metadata.Input | undefined
  /** What tells this value from others. Equal versions mean equal data: what is downstream stays fresh. */
  readonly dataVersion?: string | undefined
  /** What the checks came to that the asset declares: whether each passed, or more about it. */
  readonly checks?: { readonly [name: string]: boolean | CheckResult } | undefined
}): Output<A> => ({
  [OutputTypeId]: OutputTypeId,
  value,
  metadata: options?.metadata === undefined ? Metadata.empty : Metadata.fromInput(options.metadata),
  dataVersion: options?.dataVersion,
  checks: options?.checks ?? noChecks
})

type OptionalInput<I> = I extends Input<infer Key, infer Value, infer IO, infer P>
  ? Input<Key, Option.Option<Value>, IO, P>
  : never

/**
 * An input that may be missing: `Some` value, or `None` if the upstream asset was skipped in this run, or is not part of it
 * and was never stored. What reads it runs in either case. A failure of the upstream asset is another matter: then it does
 * not run.
 *
 * Around `lastValue` it gives `None` only where nothing was ever stored.
 *
 * **Example** (Going on without an upstream value)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const maybe = Asset.make("maybe", Effect.succeed(Option.none<number>()))
 * const tolerant = Asset.make("tolerant", {
 *   inputs: { maybe: Asset.optional(maybe) },
 *   compute: ({ maybe }) => Effect.succeed(Option.getOrElse(maybe, () => 0))
 * })
 * await Effect.runPromise(tolerant.compute({ maybe: Option.none() })) // => 0
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const optional = <I extends AnyInput>(input: I): OptionalInput<I> =>
  // the conditional type above cannot be followed by the compiler here
  wrap(input, { mode: input.mode === "value" || input.mode === "optional" ? "optional" : "optionalLastValue" }) as never

type LastValueInput<I> = I extends Input<infer Key, infer Value, infer IO, infer P> ? Input<Key, Value, IO, P> : never

/**
 * An input that falls back on what was stored last when the upstream asset is skipped in this run.
 *
 * Where the upstream asset is skipped and nothing was ever stored, what reads it is skipped too;
 * `Asset.optional(Asset.lastValue(x))` gives `None` then.
 *
 * **Example** (Using yesterday's rates on a day without new ones)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const rates = Asset.make("rates", Effect.succeed(Option.none<number>()))
 * const report = Asset.make("report", {
 *   inputs: { rate: Asset.lastValue(rates) },
 *   compute: ({ rate }) => Effect.succeed(`rate ${rate}`)
 * })
 * await Effect.runPromise(report.compute({ rate: 7 })) // => "rate 7"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const lastValue = <I extends AnyInput>(input: I): LastValueInput<I> =>
  // the conditional type above cannot be followed by the compiler here
  wrap(input, {
    mode: input.mode === "optional" || input.mode === "optionalLastValue" ? "optionalLastValue" : "lastValue"
  }) as never

type Changed = Partial<Pick<AnyInput, "mode" | "asset" | "mapping" | "many">>

const wrap = ({ asset, mapping, many, mode }: AnyInput, changes: Changed): AnyInput => ({
  [InputTypeId]: phantom,
  mode,
  asset,
  mapping,
  many,
  ...changes
})

/**
 * What a compile error shows for an asset without partitions where one with partitions is expected.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface NotPartitioned {
  readonly "~this asset has no partitions": never
}

type Partitioned<I extends AnyInput> = [I[typeof InputTypeId]["partition"]] extends [undefined] ? NotPartitioned
  : unknown

/** The keys of fixed partitions are known one by one. */
type PartitionKeyOf<P> = P extends string ? P : string

/** A mapping that fits what is upstream; any, where that is not known. What is downstream is known to the graph. */
type MappingOf<P> = PartitionMapping.PartitionMapping<never, unknown extends P ? never : P>

type PartitionsInput<I> = I extends Input<infer Key, infer Value, infer IO, infer P>
  ? Input<Key, ReadonlyMap<PartitionKeyOf<P>, Value>, IO>
  : never

/**
 * An input of several partitions of an asset: a map of their values by key, in the order of the partitions.
 *
 * **Details**
 *
 * Which partitions is said by `mapping`. Left out, it follows from the two sets: all partitions for an asset without
 * partitions, the days of the month for a month, and so on; see `PartitionMapping`. A partition that does not exist yet,
 * was never materialized or was skipped is not in the map. A failure in this run of one that is read is another matter:
 * then what reads it does not run.
 *
 * **Example** (A total over all days)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Partitions } from "effect-assets"
 *
 * const rain = Asset.make("rain", {
 *   partitions: Partitions.daily({ start: "2012-01-01" }),
 *   compute: (_, { partition }) => Effect.succeed(Number(partition.key.slice(-2)))
 * })
 * const total = Asset.make("total", {
 *   inputs: { rain: Asset.partitions(rain) },
 *   compute: ({ rain }) => Effect.succeed([...rain.values()].reduce((a, b) => a + b, 0))
 * })
 * await Effect.runPromise(total.compute({ rain: new Map([["2012-01-01", 1], ["2012-01-02", 2]]) })) // => 3
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const partitions = <I extends AnyInput>(
  input: I & Partitioned<I>,
  options?: { readonly mapping?: MappingOf<I[typeof InputTypeId]["partition"]> | undefined }
): PartitionsInput<I> =>
  // the conditional type above cannot be followed by the compiler here
  wrap(input, { many: true, mapping: options?.mapping }) as never

type PartitionInput<I> = I extends Input<infer Key, infer Value, infer IO, infer _P> ? Input<Key, Value, IO> : never

/**
 * An input of one partition of an asset: the one with a key, or the one that a mapping leads to.
 *
 * **Details**
 *
 * Where the mapping leads to no partition (the day before the first one), what reads it is skipped; around it,
 * `Asset.optional` gives `None`.
 *
 * **Example** (The day before)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import { Asset, PartitionMapping, Partitions } from "effect-assets"
 *
 * const days = Partitions.daily({ start: "2012-01-01" })
 * const level = Asset.make("level", { partitions: days, compute: () => Effect.succeed(7) })
 * const rise = Asset.make("rise", {
 *   partitions: days,
 *   inputs: {
 *     level,
 *     before: Asset.optional(Asset.partition(level, PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 })))
 *   },
 *   compute: ({ before, level }) => Effect.succeed(level - Option.getOrElse(before, () => level))
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const partition = <I extends AnyInput>(
  input: I & Partitioned<I>,
  which: PartitionKeyOf<I[typeof InputTypeId]["partition"]> | MappingOf<I[typeof InputTypeId]["partition"]>
): PartitionInput<I> =>
  // the conditional type above cannot be followed by the compiler here
  wrap(input, { mapping: typeof which === "string" ? PartitionMapping.specific([which]) : which }) as never

/**
 * An earlier partition of the asset that reads it. Made by `Asset.previous`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Previous<out Value> extends Input<never, Option.Option<Value>, never> {
  readonly [PreviousTypeId]: typeof PreviousTypeId
}

/**
 * An input of an earlier partition of the asset itself: the one before, or the one that a mapping leads to; `None` for the
 * first one, and where the earlier one was skipped or never materialized. Partitions are computed one after the other then.
 *
 * An asset cannot be named in its own definition, so the schema of its value stands for it.
 *
 * **Example** (A running total)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option, Schema } from "effect"
 * import { Asset, Partitions } from "effect-assets"
 *
 * const total = Asset.make("total", {
 *   partitions: Partitions.daily({ start: "2012-01-01" }),
 *   schema: Schema.Number,
 *   inputs: { before: Asset.previous(Schema.Number) },
 *   compute: ({ before }) => Effect.succeed(Option.getOrElse(before, () => 0) + 1)
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const previous = <S extends AnySchema>(
  schema: S,
  options?: { readonly mapping?: PartitionMapping.PartitionMapping | undefined }
): Previous<S["Type"]> => ({
  [InputTypeId]: phantom,
  [PreviousTypeId]: PreviousTypeId,
  mode: "optional",
  // nobody follows it: the asset itself is what is read
  asset: external("previous", { schema }),
  mapping: options?.mapping ?? PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 }),
  many: false
})

const isPrevious = (input: AnyInput): input is Previous<unknown> => hasProperty(input, PreviousTypeId)

// ---------------------------------------------------------------------------------------------------------------------
// inside a program
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Adds metadata to what the asset will be materialized with. Outside of a run it does nothing.
 *
 * In a multi-asset it is added to each output; use `Asset.output` for one of them.
 *
 * **Example** (Counting on the way)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const rows = Asset.make("rows", {
 *   *compute() {
 *     yield* Asset.addMetadata({ pages: 2 })
 *     return [1, 2, 3]
 *   }
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const addMetadata = (metadata: Metadata.Input): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const step = fiber.getRef(CurrentStep)
    if (step !== undefined) Object.assign(step.metadata ??= Object.create(null), Metadata.fromInput(metadata))
    return Effect.void
  })

/**
 * A named part of an asset's program: traced with a span of its own, retried and timed out on its own, and listed with
 * its duration in the record of the asset. This is how one asset is built from several operations.
 *
 * **Example** (An asset in two steps)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schedule } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const double = (text: string) => Asset.step("double", Effect.succeed(text + text), { retry: Schedule.recurs(2) })
 *
 * const joined = Asset.make("joined", {
 *   *compute() {
 *     const a = yield* double("a")
 *     return yield* Asset.step("join", Effect.succeed(a + "b"))
 *   }
 * })
 * await Effect.runPromise(joined.compute()) // => "aab"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const step: {
  <A, E, R, E2 = never, R2 = never>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    options?: {
      /** When to try again after a failure. */
      readonly retry?: Schedule.Schedule<unknown, E, E2, R2> | undefined
      readonly timeout?: undefined
    }
  ): Effect.Effect<A, E | E2, R | R2>
  <A, E, R, E2 = never, R2 = never>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    options: {
      /** When to try again after a failure or a timeout. */
      readonly retry?: Schedule.Schedule<unknown, E | Cause.TimeoutError, E2, R2> | undefined
      /** How long one attempt may take. */
      readonly timeout: Duration.Input
    }
  ): Effect.Effect<A, E | E2 | Cause.TimeoutError, R | R2>
} = runStep

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Replaces attributes of an asset: those that are given; tags and metadata are merged.
 *
 * **Example** (Describing an asset made by a factory)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset } from "effect-assets"
 *
 * const asset = Asset.make("a", Effect.succeed(1)).pipe(Asset.annotate({ group: "finance", tags: { tier: "1" } }))
 * asset.group // => "finance"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const annotate: {
  (attributes: Attributes): <T extends Any>(self: T) => T
  <T extends Any>(self: T, attributes: Attributes): T
} = dual(2, <T extends Any>(self: T, by: Attributes): T => {
  const own = attributes(by)
  return rebuilt(self, {
    group: own.group ?? self.group,
    description: own.description ?? self.description,
    owners: by.owners === undefined ? self.owners : own.owners,
    kinds: by.kinds === undefined ? self.kinds : own.kinds,
    tags: { ...self.tags, ...own.tags },
    metadata: { ...self.metadata, ...own.metadata },
    problems: [...self.problems, ...own.problems]
  }) as T // only attributes changed, and no type depends on them
})

/**
 * Returns `true` for an asset.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAsset = (u: unknown): u is Any => hasProperty(u, TypeId)

/**
 * Returns `true` for a multi-asset.
 *
 * @category guards
 * @since 0.1.0
 */
export const isMulti = (u: unknown): u is AnyMulti => hasProperty(u, MultiTypeId)

/**
 * Returns `true` for a value with metadata, made by `Asset.output`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOutput = (u: unknown): u is Output<unknown> => hasProperty(u, OutputTypeId)

// ---------------------------------------------------------------------------------------------------------------------
// internals
// ---------------------------------------------------------------------------------------------------------------------

const InternalCompute: unique symbol = Symbol.for("effect-assets/Asset/compute")

/**
 * What the program of an asset is known by, in configuration, plans and progress: its key, or the name of its multi-asset.
 *
 * @internal
 */
export const nameOf = (self: Any): string => self.output?.multi.name ?? self.key

/**
 * The program of an asset that is not external.
 *
 * @internal
 */
export const computeOf = (self: Any): Program =>
  (self as Any & { readonly [InternalCompute]: Program })[InternalCompute]

/** The types are phantom: at run time there is nothing behind them. */
const phantom = {} as never

type Described = Pick<Any, "group" | "description" | "owners" | "kinds" | "tags" | "metadata" | "problems">

type Props = Omit<Any, typeof TypeId | typeof InputTypeId | "mode" | "asset" | "mapping" | "many" | "pipe"> & {
  readonly [InternalCompute]: unknown
}

/** What Node prints: all that hangs on an asset is the graph upstream of it. */
const Inspect = Symbol.for("nodejs.util.inspect.custom")

const Proto = {
  [TypeId]: phantom,
  [InputTypeId]: phantom,
  mode: "value",
  mapping: undefined,
  many: false,
  get asset() {
    return this
  },
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Asset(${this.key})`
  },
  toJSON(this: Any) {
    return { _id: "Asset", key: this.key }
  },
  [Inspect](this: Any) {
    return String(this)
  }
}

const MultiProto = {
  [MultiTypeId]: MultiTypeId,
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: AnyMulti) {
    return `MultiAsset(${this.name})`
  }
}

const fromProps = (props: Props): Any => Object.assign(Object.create(Proto), props)

/** @internal */
export const rebuilt = (self: Any, changes: Partial<Props>): Any =>
  Object.assign(
    Object.create(Proto),
    self,
    changes,
    // called by hand, a program is told the key that the asset has now
    changes.key === undefined || self.compute === undefined
      ? undefined
      : { compute: direct(computeOf(self), changes.key) }
  )

/** @internal */
export const withAsset = (input: AnyInput, asset: Any): AnyInput => wrap(input, { asset })

/** @internal */
export const copyMulti = (self: AnyMulti, name: string): AnyMulti =>
  Object.assign(Object.create(MultiProto), self, { name })

const prefixed = (key: string, by: string | ReadonlyArray<string> | undefined): string =>
  by === undefined ? key : AssetKey.prefix(key, by)

const none: ReadonlyArray<never> = []
const noTags = {}

const attributes = (options: Attributes): Described => {
  let metadata = Metadata.empty
  let problems: ReadonlyArray<string> = none
  if (options.metadata !== undefined) {
    try {
      metadata = Metadata.fromInput(options.metadata)
    } catch (error) {
      problems = [String((error as Metadata.MetadataError).message)]
    }
  }
  return {
    group: options.group,
    description: options.description,
    owners: options.owners ?? none,
    kinds: options.kinds ?? none,
    tags: options.tags ?? noTags,
    metadata,
    problems
  }
}
