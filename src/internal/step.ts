/**
 * What a running asset's program can reach of its run: where metadata is collected, and who hears of its steps.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import type { StepRecord } from "../EventLog.ts"
import type * as Metadata from "../Metadata.ts"
import type { Origin } from "./runLogsCapture.ts"

/** @internal */
export interface Step {
  attempts: number
  readonly startedAt: number
  /** The names of the inputs that are `None`. */
  absent: Set<string> | undefined
  metadata: Record<string, Metadata.Value> | undefined
  steps: Array<StepRecord> | undefined
  /** Where what is logged comes from, if somebody keeps it. */
  readonly origin: Origin | undefined
  readonly onStep: ((step: StepRecord | { readonly name: string; readonly status: "Started" }) => void) | undefined
}

/** @internal */
export const CurrentStep = Context.Reference<Step | undefined>("effect-assets/CurrentStep", {
  defaultValue: () => undefined
})

/**
 * The name of the step that runs, where what is logged is kept.
 *
 * @internal
 */
export const CurrentStepName = Context.Reference<string | undefined>("effect-assets/CurrentStepName", {
  defaultValue: () => undefined
})

/** @internal */
export const runStep = <A, E, R, E2 = never, R2 = never>(
  name: string,
  effect: Effect.Effect<A, E, R>,
  options?: {
    readonly retry?: Schedule.Schedule<unknown, E, E2, R2> | undefined
    readonly timeout?: Duration.Input | undefined
  }
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.withFiber((fiber) => {
    const step = fiber.getRef(CurrentStep)
    const clock = fiber.getRef(Clock.Clock)
    const startedAt = clock.currentTimeMillisUnsafe()
    let attempts = 0
    const { retry, timeout } = options ?? {}
    const attempt: Effect.Effect<A, E, R> = Effect.suspend(() => {
      attempts++
      return effect
    })
    // the public signature has the TimeoutError where a timeout is given
    const timed = timeout === undefined ? attempt : Effect.timeout(attempt, timeout) as Effect.Effect<A, E, R>
    const all = retry === undefined ? timed : Effect.retry(timed, retry)
    const retried = step?.origin === undefined ? all : Effect.provideService(all, CurrentStepName, name)
    step?.onStep?.({ name, status: "Started" })
    return retried.pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          if (step === undefined) return
          const record: StepRecord = {
            name,
            attempts,
            durationMillis: clock.currentTimeMillisUnsafe() - startedAt,
            status: exit._tag === "Success" ? "Succeeded" : Cause.hasInterruptsOnly(exit.cause) ? "Cancelled" : "Failed"
          }
          ;(step.steps ??= []).push(record)
          step.onStep?.(record)
        })
      ),
      Effect.withSpan(name)
    )
  })

const GeneratorFunction = Object.getPrototypeOf(function*() {}).constructor as NewableFunction

/**
 * A program, called with its inputs and its context. May throw instead of returning an Effect. What it can do without
 * suspending is done by the call itself.
 */
export type Computation = (inputs: unknown, context: unknown) => Effect.Effect<unknown, unknown, unknown>

/**
 * Makes one kind of function of the forms that `compute` may have.
 *
 * @internal
 */
export const toComputation = (compute: (inputs: never, context: never) => unknown): Computation => {
  // the inputs and the context are built by the library from the asset's own definition
  const call = compute as (inputs: unknown, context: unknown) => unknown
  if (compute instanceof GeneratorFunction) return (inputs, context) => driven(call(inputs, context) as Program)
  return (inputs, context) => {
    const returned = call(inputs, context)
    if (Effect.isEffect(returned)) return returned as Effect.Effect<unknown, unknown, unknown>
    if (isGenerator(returned)) return driven(returned)
    // a promise that nobody waits for must not end the process when it rejects
    if (returned instanceof Promise) returned.catch(() => undefined)
    return Effect.die(new TypeError("compute must return an Effect, or be a generator method: *compute() { … }"))
  }
}

/** How a program fails, by what `compute` or `check` returns. */
export type ComputedError<Ret> = Ret extends Effect.Effect<infer _A, infer E, infer _R> ? E
  : Ret extends Generator<infer Y, infer _A, infer _N> ?
    Effect.Error<Extract<Y, Effect.Effect<unknown, unknown, unknown>>>
  : never

/** What a program needs, by what `compute` or `check` returns. */
export type ComputedServices<Ret> = Ret extends Effect.Effect<infer _A, infer _E, infer R> ? R
  : Ret extends Generator<infer Y, infer _A, infer _N>
    ? Effect.Services<Extract<Y, Effect.Effect<unknown, unknown, unknown>>>
  : never

type Program = Generator<Effect.Effect<unknown, unknown, unknown>, unknown, unknown>

/** Runs a program as far as it goes without suspending; the rest is an effect. */
const driven = (program: Program): Effect.Effect<unknown, unknown, unknown> => {
  let step = program.next()
  while (step.done !== true && Exit.isExit(step.value) && step.value._tag === "Success") {
    step = program.next(step.value.value)
  }
  if (step.done === true) return Effect.succeed(step.value)
  let first: typeof step | undefined = step
  // the rest of the program, beginning with what it has yielded already
  const rest = {
    next: (value: unknown) => {
      const next = first ?? program.next(value)
      first = undefined
      return next
    },
    [Symbol.iterator]: () => rest
  }
  return Effect.gen(() => rest as unknown as Generator<Effect.Effect<unknown, unknown, unknown>, unknown, never>)
}

const isGenerator = (u: unknown): u is Program =>
  typeof u === "object" && u !== null && "next" in u && Symbol.iterator in u
