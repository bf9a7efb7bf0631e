/**
 * Whether a run may compute anything: asked once its beginning is recorded, of whoever launches it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** Gives why the run is not to go on. */
export type Admission = (runId: string) => Effect.Effect<string | undefined>

/**
 * Who admits runs: nobody has to, unless somebody launches them for others.
 *
 * @internal
 */
export const CurrentAdmission: Context.Reference<Admission | undefined> = Context.Reference(
  "effect-assets/Runtime/Admission",
  { defaultValue: (): Admission | undefined => undefined }
)
