/**
 * What commands have in common: the operations they work on, and how results are printed.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Model from "../server/Model.ts"
import type * as Operations from "../server/Operations.ts"
import type * as Problem from "../server/Problem.ts"
import type { CliFailure } from "./failure.ts"
import type { Service as OutputService } from "./output.ts"
import * as Text from "./text.ts"

/** What a command works with. */
export interface Given {
  readonly operations: Operations.Service
  readonly output: OutputService
  readonly json: boolean
  /** `true` if a server does the work. */
  readonly remote: boolean
  readonly now: number
}

/** A command's work. */
export type Work<R = never> = (given: Given) => Effect.Effect<void, Problem.Problem | CliFailure, R>

/** Prints a value as one JSON document. */
export const printJson = <S extends Schema.Constraint>(
  { output }: Pick<Given, "output">,
  schema: S,
  value: S["Type"]
): Effect.Effect<void, never, S["EncodingServices"]> =>
  Effect.flatMap(
    Effect.orDie(Schema.encodeEffect(Schema.toCodecJson(schema))(value)),
    // indented for people
    (encoded) => output.print(Text.json(encoded, output.stdout.isTerminal ? 2 : undefined))
  )

/** Prints lines, all at once. */
export const printLines = ({ output }: Pick<Given, "output">, lines: ReadonlyArray<string>): Effect.Effect<void> =>
  lines.length === 0 ? Effect.void : output.print(lines.join("\n"))

/** A table as wide as the terminal. */
export const printTable = (
  given: Pick<Given, "output">,
  columns: ReadonlyArray<Text.Column>,
  rows: ReadonlyArray<ReadonlyArray<Text.Cell | string>>
): Effect.Effect<void> =>
  printLines(
    given,
    Text.table(columns, rows, { paint: given.output.stdout.paint, columns: given.output.stdout.columns() })
  )

/** When something was: how long ago on a terminal, else the time itself. */
export const when = ({ now, output }: Pick<Given, "now" | "output">, millis: number): string =>
  output.stdout.isTerminal ? Text.ago(now - millis) : Text.time(millis)

/** All pages of a list. */
export const pages = <A, E>(
  page: (cursor: number | undefined) => Effect.Effect<Model.Page<A>, E>
): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.gen(function*() {
    const all: Array<A> = []
    let cursor: number | undefined
    do {
      const { items, next } = yield* page(cursor)
      for (const item of items) all.push(item)
      cursor = next
    } while (cursor !== undefined)
    return all
  })
