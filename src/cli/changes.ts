/**
 * Commands that change what is recorded, without running anything.
 */
import * as Effect from "effect/Effect"
import type * as Model from "../server/Model.ts"
import type { Work } from "./command.ts"
import { ended, exitCodes, usage } from "./failure.ts"
import * as Text from "./text.ts"

/** Records a materialization that something else has done. */
export const report = (request: Model.ReportRequest): Work => ({ json, operations, output }) =>
  Effect.gen(function*() {
    const { runId } = yield* operations.report(request)
    const what = Text.visible([request.key, request.partition ?? []].flat().join(" "))
    yield* output.print(
      json
        ? Text.json({ key: request.key, partition: request.partition, runId })
        : `${what} is recorded${runId === undefined ? "" : ` in run ${Text.visible(runId)}`}`
    )
  })

/** Looks at the data of external assets. */
export const observe = (keys: ReadonlyArray<string>): Work => ({ json, operations, output }) =>
  Effect.gen(function*() {
    if (keys.length === 0) return yield* usage("Name at least one asset to observe.")
    const observed = yield* Effect.forEach(keys, (key) =>
      Effect.map(operations.observe(key), ({ dataVersion }) => ({ key, dataVersion })))
    yield* output.print(
      json
        ? Text.json({ items: observed }, output.stdout.isTerminal ? 2 : undefined)
        : observed.map(({ dataVersion, key }) =>
          `${Text.visible(key)}: version ${Text.visible(dataVersion)}`
        ).join("\n")
    )
  })

/** How to ask somebody at a terminal. */
export type Ask<R> = (question: string) => Effect.Effect<boolean, never, R>

/** Forgets the history of assets. */
export const wipe = <R>(options: {
  readonly select: string
  readonly yes: boolean
  /** `undefined` if nobody can be asked. */
  readonly ask: Ask<R> | undefined
}): Work<R> =>
({ json, operations, output }) =>
  Effect.gen(function*() {
    const { keys } = yield* operations.select(options.select)
    if (keys.length === 0) {
      return yield* json ? output.print(Text.json({ keys })) : output.tell("No asset is selected.")
    }
    const named = `${keys.slice(0, 5).map(Text.visible).join(", ")}${
      keys.length > 5 ? ` and ${keys.length - 5} more` : ""
    }`
    if (!options.yes) {
      if (options.ask === undefined) {
        return yield* usage(
          `This forgets the history of ${Text.count(keys.length, "asset")} (${named}). Say so with --yes.`
        )
      }
      if (!(yield* options.ask(`Forget the history of ${Text.count(keys.length, "asset")} (${named})?`))) {
        yield* output.tell("Nothing was forgotten.")
        return yield* ended(exitCodes.failed)
      }
    }
    const wiped = yield* operations.wipe(keys)
    yield* output.print(
      json
        ? Text.json(wiped)
        : `The history of ${Text.count(wiped.keys.length, "asset")} is forgotten. Stored values stay as they are.`
    )
  })
