/**
 * Checks: programs that judge what an asset has stored.
 *
 * A check belongs to one asset. In a run it is evaluated after the asset is stored, and its result is recorded together
 * with the materialization it judged. A blocking check that fails with the severity `error` keeps what is downstream of
 * the asset from being computed, and nothing else.
 *
 * An asset's own program can evaluate checks, too: see the option `checks` of `Asset.make`.
 *
 * **Example** (A check that keeps bad data from spreading)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Check, EventLog, Graph, IOManager, Runtime } from "effect-assets"
 *
 * const prices = Asset.make("prices", Effect.succeed([3, -4]))
 * const total = Asset.make("total", {
 *   inputs: { prices },
 *   compute: ({ prices }) => Effect.succeed(prices.reduce((a, b) => a + b, 0))
 * })
 * const positive = Check.make("positive", {
 *   asset: prices,
 *   blocking: true,
 *   check: (prices) => Effect.succeed(prices.every((price) => price > 0))
 * })
 * const program = Effect.map(
 *   Runtime.run(Graph.make({ prices, total, positive })),
 *   (run) => [run.status, run.outcomes.prices._tag, run.outcomes.total._tag]
 * )
 * const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * await Effect.runPromise(Effect.provide(program, inMemory)) // => ["Failed", "Materialized", "UpstreamFailed"]
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type * as Asset from "./Asset.ts"
import type * as Condition from "./Condition.ts"
import {
  type Computation as Program,
  type ComputedError,
  type ComputedServices,
  toComputation
} from "./internal/step.ts"
import type * as Metadata from "./Metadata.ts"

const TypeId = "~effect-assets/Check"

/**
 * What a check came to: whether it passed, and what else there is to tell.
 *
 * @category models
 * @since 0.1.0
 */
export type Result = Asset.CheckResult

/**
 * The materialization that a check judges.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly runId: string | undefined
  readonly dataVersion: string
  readonly metadata: Metadata.Metadata
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

/**
 * What the program of a check may know.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckContext<out Inputs = unknown, P = unknown> {
  /** The key of the asset. */
  readonly key: string
  /** The values of the further inputs. */
  readonly inputs: Inputs
  /** The partition to judge: `undefined` for an asset without partitions. */
  readonly partition: P
  readonly partitionKey: unknown extends P ? string | undefined : [P] extends [undefined] ? undefined : string
  /** What is judged: `undefined` where the asset was never materialized. */
  readonly target: Target | undefined
  readonly runId: string
  /** The tags of the run. */
  readonly tags: { readonly [name: string]: string }
}

/**
 * A check of an asset. `Up` is what has to be in a graph with it: the keys of its asset and its inputs; `E` and `R` are
 * those of its program and of the storage it reads.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check<out Name extends string, out Up extends string, out E = never, out R = never> extends Pipeable {
  readonly [TypeId]: { readonly up: Up; readonly error: E; readonly services: R }
  readonly name: Name
  /** The asset it judges. */
  readonly asset: Asset.Any
  /** What else is loaded. */
  readonly inputs: { readonly [name: string]: Asset.AnyInput }
  readonly severity: "warn" | "error"
  readonly blocking: boolean
  readonly description: string | undefined
  /** When it is to be evaluated without anybody asking, beside the runs that compute its asset. */
  readonly automation: Condition.Condition | undefined
  /** `false` if its program does not look at the asset's value, which is not loaded then. */
  readonly loads: boolean
}

/**
 * A check of any type.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Any = Check<string, string, unknown, unknown>

/**
 * How the program of a check fails.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Error<C extends Any> = C[typeof TypeId]["error"]

/**
 * What an evaluation of a check needs.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<C extends Any> = C[typeof TypeId]["services"]

/**
 * The keys of the assets that have to be in a graph with a check.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Upstream<C extends Any> = C[typeof TypeId]["up"]

/** What `check` may return. */
type Computation =
  | Effect.Effect<boolean | Result, unknown, unknown>
  | Generator<
    Effect.Effect<unknown, unknown, unknown>,
    boolean | Result,
    never
  >

type Inputs = { readonly [name: string]: Asset.AnyInput }

/**
 * The options of `Check.make`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<T extends Asset.Any, I extends Inputs> extends Asset.CheckOptions {
  /** The asset to judge. */
  readonly asset: T
  /** Further assets whose values are loaded: the program finds them in its context. */
  readonly inputs?: I | undefined
  /** When it is to be evaluated without anybody asking, beside the runs that compute its asset: see `Condition`. */
  readonly automation?: Condition.Condition | undefined
}

/**
 * Makes a check: a name, the asset it judges, and a program that tells whether all is well.
 *
 * **Details**
 *
 * A function is given the stored value of the asset, or of each partition that was computed; a plain Effect is not, and then
 * nothing is loaded. A check that fails itself is recorded as `Errored`, and the run fails. A check is not evaluated where
 * its asset was skipped or failed.
 *
 * **Example** (Telling what was found)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { Asset, Check } from "effect-assets"
 *
 * const rows = Asset.make("rows", Effect.succeed([1, null, 3]))
 * const complete = Check.make("complete", {
 *   asset: rows,
 *   severity: "warn",
 *   *check(rows) {
 *     const missing = rows.filter((row) => row === null).length
 *     return { passed: missing === 0, metadata: { missing } }
 *   }
 * })
 * String(complete) // => "Check(rows:complete)"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <const Name extends string, T extends Asset.Any, E, R, I extends Inputs = {}>(
    name: Name,
    options: Options<T, I> & { readonly check: Effect.Effect<boolean | Result, E, R> }
  ): Check<Name, Asset.Reference<T> | Asset.InputKey<I[keyof I]>, E, R | Asset.InputStorage<I[keyof I]>>
  <const Name extends string, T extends Asset.Any, Ret extends Computation, I extends Inputs = {}>(
    name: Name,
    options: Options<T, I> & {
      readonly check: (
        value: Asset.Value<T>,
        context: CheckContext<Asset.InputValues<I, Asset.Partition<T>>, Asset.Partition<T>>
      ) => Ret
    }
  ): Check<
    Name,
    Asset.Reference<T> | Asset.InputKey<I[keyof I]>,
    ComputedError<Ret>,
    ComputedServices<Ret> | Asset.Storage<T> | Asset.InputStorage<I[keyof I]>
  >
} = (name: string, options: Options<Asset.Any, Inputs> & { readonly check: unknown }): never => {
  const { asset, automation, blocking = false, description, inputs = {}, severity = "error" } = options
  const loads = !Effect.isEffect(options.check)
  const check = options.check
  // the precise type is computed from the arguments by the signature above
  return Object.assign(Object.create(Proto), {
    name,
    asset,
    inputs,
    severity,
    blocking,
    description,
    automation,
    loads,
    [InternalEvaluate]: loads ? toComputation(check as Program) : () => check
  }) as never
}

/**
 * Returns `true` for a check.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCheck = (u: unknown): u is Any => hasProperty(u, TypeId)

const InternalEvaluate: unique symbol = Symbol.for("effect-assets/Check/evaluate")

const Proto = {
  [TypeId]: {} as never,
  pipe() {
    return pipeArguments(this, arguments)
  },
  toString(this: Any) {
    return `Check(${nameOf(this)})`
  },
  toJSON(this: Any) {
    return { _id: "Check", key: this.asset.key, name: this.name }
  },
  [Symbol.for("nodejs.util.inspect.custom")](this: Any) {
    return String(this)
  }
}

/**
 * What a check is known by: the key of its asset and its name.
 *
 * @internal
 */
export const nameOf = (self: Any): string => `${self.asset.key}:${self.name}`

/**
 * The program of a check.
 *
 * @internal
 */
export const evaluateOf = (self: Any): Program =>
  (self as Any & { readonly [InternalEvaluate]: Program })[InternalEvaluate]

/**
 * A check of another asset, with other inputs.
 *
 * @internal
 */
export const rebuilt = (
  self: Any,
  asset: Asset.Any,
  inputs: Inputs,
  automation: Condition.Condition | undefined
): Any => Object.assign(Object.create(Proto), self, { asset, inputs, automation })
