import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
export interface Service { save: (ctx: unknown, v: unknown) => Effect.Effect<void>; load: (ctx: unknown) => Effect.Effect<unknown> }
export class IOManager extends Context.Service<IOManager, Service>()("effect-assets/IOManager") {}
