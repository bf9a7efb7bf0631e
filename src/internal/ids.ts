/**
 * Ids of runs and backfills.
 */
import { make } from "effect/crypto/SecureRandom"
import type * as Effect from "effect/Effect"

/**
 * A new id: a UUID of version 7, so that ids are in the order of their time.
 *
 * @internal
 */
export const newId: Effect.Effect<string> = make((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))
  .uuidV7()
