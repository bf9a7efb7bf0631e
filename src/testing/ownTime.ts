/**
 * A clock of one's own.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"

/**
 * Runs an effect with a `TestClock` of its own, whatever the clock around it is.
 *
 * @internal
 */
export const atOwnTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(Layer.fresh(TestClock.layer())), (clock) => Effect.provideContext(effect, clock))
  )
