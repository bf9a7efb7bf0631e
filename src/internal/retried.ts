/**
 * Attempts at a step.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Asset from "../Asset.ts"
import type { Results, StepResult } from "./attempt.ts"

/**
 * Tries a step again. A multi-asset of which an output could not be stored is tried again, too; what an earlier attempt has
 * stored is stored, whatever becomes of the last one.
 *
 * @internal
 */
export const retried = (
  effect: Effect.Effect<Results, unknown, unknown>,
  retry: Asset.AnySchedule,
  isStopping: () => boolean
): Effect.Effect<Results, unknown, unknown> =>
  Effect.suspend(() => {
    let kept: ReadonlyArray<StepResult> | undefined
    let isPartial = false
    const once = Effect.flatMap(
      Effect.suspend(() => {
        isPartial = false
        return effect
      }),
      (results) => {
        if ("_tag" in results) return Effect.succeed(results)
        const before = kept
        kept = before === undefined
          ? results
          : results.map((result, at) =>
            before[at]!._tag === "Computed" && result._tag !== "Computed" ? before[at]! : result
          )
        const failure = results.find((result) => result._tag === "Failed")
        if (failure === undefined) return Effect.succeed<Results>(kept)
        isPartial = true
        // as with a failure of the program, a defect is not tried again
        return Effect.failCause(failure.cause)
      }
    )
    return Effect.catchCause(Effect.retry(once, retry), (cause) => {
      if (kept === undefined || (Cause.hasInterrupts(cause) && isStopping())) return Effect.failCause(cause)
      if (isPartial) return Effect.succeed(kept)
      return Effect.succeed(
        kept.map((result): StepResult => result._tag === "Computed" ? result : { _tag: "Failed", cause })
      )
    })
  })
