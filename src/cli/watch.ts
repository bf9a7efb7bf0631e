/**
 * Watching runs: on a terminal what changes at its bottom, else a line for each event, or JSON.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Model from "../server/Model.ts"
import type * as Problem from "../server/Problem.ts"
import type { Given } from "./command.ts"
import { failures, finishedLine, frame, learn, line, summary, type Watched } from "./progress.ts"
import * as Text from "./text.ts"

const encodeEvent = Schema.encodeEffect(Schema.toCodecJson(Model.RunEvent))

/** How often what changes is drawn. */
const perFrame = "80 millis"

/** What comes of an asset that is worth a line on a terminal while others go on. */
const worthALine: ReadonlyArray<Model.OutcomeName> = ["Failed", "Skipped"]

/** Tells what happens. */
export interface Teller {
  /** Learns events of a run, and tells them. */
  readonly events: (id: string, events: ReadonlyArray<Model.RunEvent>) => Effect.Effect<void>
  /** Something that is no event of a run: as JSON, or as a line where lines are told. */
  readonly note: (
    json: { readonly _tag: string; readonly [name: string]: unknown },
    line: string | undefined
  ) => Effect.Effect<void>
  /** Goes on drawing while an effect is running. */
  readonly during: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The end: what came of each asset, why some failed, and a last line. */
  readonly end: (last: string) => Effect.Effect<void>
}

/** Tells what happens in one run, or in all runs of a backfill. */
export const teller = ({ json, output }: Pick<Given, "json" | "output">, self: Watched): Teller => {
  const { stdout } = output
  const live = stdout.isTerminal && !json
  const { paint } = stdout
  const draw = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    yield* output.draw(frame(self, { columns: stdout.columns(), rows: stdout.rows(), paint, now }))
  })

  const tell = (id: string, events: ReadonlyArray<Model.RunEvent>): Effect.Effect<void> => {
    if (json) {
      return Effect.flatMap(
        Effect.forEach(events, (event) => Effect.orDie(encodeEvent(event))),
        (encoded) =>
          output.print(
            // an event is an object in JSON, too
            encoded.map((event) => Text.json({ runId: id, ...event as Schema.JsonObject })).join("\n")
          )
      )
    }
    const lines = live
      ? events.flatMap((event) =>
        event._tag === "AssetFinished" && worthALine.includes(event.event.outcome)
          ? finishedLine(event.event, paint)
          : []
      )
      : events.flatMap((event) => line(id, event, paint) ?? [])
    return lines.length === 0 ? Effect.void : output.print(lines.join("\n"))
  }

  return {
    events: (id, events) =>
      Effect.suspend(() => {
        for (const event of events) learn(self, event)
        return tell(id, events)
      }),
    note: (value, line) =>
      json
        ? output.print(Text.json(value))
        : live || line === undefined
        ? Effect.void
        : output.print(line),
    during: (effect) =>
      live
        ? Effect.scoped(Effect.andThen(
          Effect.forkScoped(Effect.repeat(draw, Schedule.spaced(perFrame))),
          effect
        )).pipe(Effect.ensuring(output.draw([])))
        : effect,
    end: (last) =>
      Effect.gen(function*() {
        if (json) return
        const told = live ? summary(self, { columns: stdout.columns(), paint }) : []
        // on a terminal nothing has told the whole message; in a file, causes are beside the results
        const causes = failures(self, live ? paint : output.stderr.paint)
        if (live) yield* output.print([...told, ...(causes.length > 0 ? ["", ...causes] : []), "", last].join("\n"))
        else {
          yield* output.print(last)
          if (causes.length > 0) yield* output.tell(causes.join("\n"))
        }
      })
  }
}

/** How often a server is asked whether it goes on with what it has begun. */
const askEvery = "2 seconds"

/**
 * Fails when a server does not go on with what it has begun: it was ended and started anew, and nobody would ever tell its
 * end. Never ends otherwise.
 */
export const lost = <E>(
  what: string,
  look: Effect.Effect<{ readonly status: string; readonly here?: boolean | undefined }, E>,
  wayOut: string
): Effect.Effect<never, Problem.Unavailable> =>
  Effect.gen(function*() {
    // between two looks its end may be recorded
    let before = false
    while (true) {
      yield* Effect.sleep(askEvery)
      const found = yield* Effect.option(look)
      const isLost = Option.isSome(found) && found.value.status === "Running" && found.value.here === false
      if (isLost && before) {
        const { Unavailable } = yield* Effect.promise(() => import("../server/Problem.ts"))
        return yield* new Unavailable({
          code: "Lost",
          detail: `The server does not go on with ${what}: it was started anew, or another one answers now. ${wayOut}`
        })
      }
      before = isLost
    }
  })

/** Follows a run to its end. When it is interrupted, the run is cancelled, and followed until it has ended. */
export const followRun = (
  { operations, output, remote }: Pick<Given, "operations" | "output" | "remote">,
  id: string,
  self: Watched,
  tell: Teller
) => {
  const follow = (after: number | undefined) => {
    const events = Stream.runForEach(operations.followRun(id, after), (events) => tell.events(id, events))
    const wayOut = `"run show ${id}" tells what came of it, "run retry ${id}" computes the rest.`
    return tell.during(remote ? Effect.raceFirst(events, lost(`run ${id}`, operations.run(id), wayOut)) : events)
  }
  return Effect.onInterrupt(follow(undefined), () =>
    Effect.gen(function*() {
      self.cancelled = true
      yield* output.tell("Cancelling the run. Press Ctrl-C again to leave at once.")
      yield* operations.cancel(id, { reason: "The command that began it was interrupted." })
      yield* follow(self.cursor)
    }).pipe(
      // it has ended meanwhile, or cannot be reached: nothing is left to do
      Effect.ignore
    ))
}
