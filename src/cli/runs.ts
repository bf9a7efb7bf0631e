/**
 * Commands that run assets.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Model from "../server/Model.ts"
import type * as Problem from "../server/Problem.ts"
import { type Given, pages, printJson, printLines, printTable, type Work } from "./command.ts"
import { ended, exitCodes, usage } from "./failure.ts"
import { cursorOf, lastLine, watched } from "./progress.ts"
import { runId } from "./reads.ts"
import * as Text from "./text.ts"
import { followRun, lost, teller } from "./watch.ts"

/** A run has begun: follows it, and ends as it does. */
const follow = (given: Given, id: string) =>
  Effect.gen(function*() {
    const self = watched(id)
    const tell = teller(given, self)
    const last = Effect.suspend(() => tell.end(lastLine(self, given.output.stdout.paint)))
    yield* Effect.onInterrupt(followRun(given, id, self, tell), () => last)
    yield* last
    if (self.status !== "Succeeded") return yield* ended(exitCodes.failed)
  })

/** Begins something whose end is waited for, or only told what it is called. */
export const begun = <E, R>(
  given: Given,
  launch: Effect.Effect<{ readonly runId: string }, E, R>,
  detach: boolean
) => {
  // in a server the run goes on without whoever asked: until its id is known, it could not be cancelled
  const started = given.remote ? Effect.uninterruptible(launch) : launch
  return detach
    ? Effect.flatMap(started, ({ runId }) => given.output.print(given.json ? Text.json({ runId }) : runId))
    : Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(given.remote ? started : restore(started), ({ runId }) => restore(follow(given, runId)))
    )
}

/** A run goes on without the command in a server only. */
export const detached = (given: Given, detach: boolean) =>
  detach && !given.remote
    ? Effect.fail(usage("--detach needs a server that the run goes on in: give --url or EFFECT_ASSETS_URL."))
    : Effect.void

/** Who began it, unless that is said otherwise. */
export const tagged = <A extends { readonly tags?: Model.RunRequest["tags"] }>(request: A) => ({
  ...request,
  tags: { source: "cli", ...request.tags }
})

/** Runs assets. */
export const materialize = (
  options: { readonly request: Model.RunRequest; readonly dryRun: boolean; readonly detach: boolean }
): Work =>
(given) =>
  Effect.gen(function*() {
    yield* detached(given, options.detach)
    if (!options.dryRun) return yield* begun(given, given.operations.launch(tagged(options.request)), options.detach)
    const plan = yield* given.operations.plan(options.request)
    if (given.json) return yield* printJson(given, Model.RunPlan, plan)
    if (plan.steps.length === 0) return yield* given.output.print("Nothing would be computed.")
    yield* printTable(
      given,
      [
        { title: "would compute", shrinks: 16 },
        { title: "now" },
        { title: "partitions", shrinks: 12 },
        { title: "after", shrinks: 12 },
        { title: "loads", shrinks: 12 }
      ],
      plan.steps.map(({ after, keys, loads, name, partitions, states }) => [
        keys.length === 1 ? keys[0]! : `${name}: ${keys.join(", ")}`,
        Array.from(new Set(states)).join(", ").toLowerCase(),
        partitions ?? "",
        after.join(", "),
        loads.join(", ")
      ])
    )
  })

/** Runs again what another run did not compute. */
export const retry = (options: {
  readonly id: string
  readonly config: Model.RunRequest["config"]
  readonly tags: Model.RunRequest["tags"]
  readonly detach: boolean
}): Work =>
(given) =>
  Effect.gen(function*() {
    yield* detached(given, options.detach)
    const id = yield* runId(given, options.id)
    const { config, tags } = options
    yield* begun(given, given.operations.retry(id, tagged({ config, tags })), options.detach)
  })

const ofAnother =
  "Another process runs it. If that has died, cancel it once more after half a minute: its end is recorded then."

/** Asks a run to end. */
export const cancel = (options: { readonly id: string; readonly reason: string | undefined }): Work => (given) =>
  Effect.gen(function*() {
    const id = yield* runId(given, options.id)
    const run = yield* given.operations.cancel(id, { reason: options.reason })
    if (given.json) return yield* printJson(given, Model.RunSummary, run)
    yield* given.output.print(
      run.status === "Running"
        ? `run ${Text.visible(id)} is to be cancelled${run.here ? "" : `\n${ofAnother}`}`
        : `run ${Text.visible(id)} ${run.status.toLowerCase()}`
    )
  })

/** Runs many partitions. */
export const backfill = (
  options: { readonly request: Model.BackfillRequest; readonly dryRun: boolean; readonly detach: boolean }
): Work =>
(given) =>
  Effect.gen(function*() {
    const { json, operations, output, remote } = given
    yield* detached(given, options.detach)
    const plan = yield* operations.planBackfill(options.request)
    if (options.dryRun) return yield* json ? printJson(given, Model.BackfillPlan, plan) : planned(given, plan)
    const launch = operations.backfill(tagged(options.request))
    if (options.detach) {
      const { backfillId } = yield* Effect.uninterruptible(launch)
      return yield* output.print(json ? Text.json({ backfillId }) : backfillId)
    }
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        remote ? launch : restore(launch),
        ({ backfillId }) => restore(followBackfill(given, backfillId, plan))
      )
    )
  })

const planned = (given: Given, plan: Model.BackfillPlan) =>
  Effect.gen(function*() {
    if (plan.runCount === 0) return yield* given.output.print("Nothing would be computed.")
    yield* printTable(
      given,
      [{ title: "would compute", shrinks: 16 }, { title: "partitions", right: true }, { title: "which", shrinks: 12 }],
      plan.assets.map(({ count, key, partitions }) => [key, count?.toLocaleString("en") ?? "", partitions ?? ""])
    )
    yield* printLines(given, [`in ${Text.count(plan.runCount, "run")}`])
  })

const followBackfill = (given: Given, id: string, plan: Model.BackfillPlan) =>
  Effect.gen(function*() {
    const { operations, output, remote } = given
    const self = watched(id, true)
    self.keys = plan.assets.map(({ key }) => key)
    self.total = plan.assets.reduce((sum, { count }) => sum + (count ?? 1), 0)
    self.startedAt = given.now
    const tell = teller(given, self)

    const cursors = new Map<string, number>()
    const follow = (run: string) =>
      Stream.runForEach(operations.followRun(run, cursors.get(run)), (events) =>
        Effect.andThen(
          Effect.sync(() => {
            for (const event of events) {
              const cursor = cursorOf(event)
              if (cursor !== undefined) cursors.set(run, cursor)
            }
          }),
          tell.events(run, events)
        ))

    /** Follows the runs that there are, and those that begin, until the backfill has ended. */
    const here = Effect.scoped(Effect.gen(function*() {
      const followed = new Map<string, Fiber.Fiber<void, Problem.Problem>>()
      const look = Effect.gen(function*() {
        const detail = yield* operations.backfillDetail(id)
        const begun = Object.values(detail.runs).reduce((a, b) => a + b, 0)
        if (begun > followed.size) {
          const runs = yield* pages((before) =>
            operations.runs({ backfill: id, limit: 1_000, ...(before === undefined ? {} : { before }) })
          )
          for (const run of runs.toReversed()) {
            if (!followed.has(run.id)) followed.set(run.id, yield* Effect.forkScoped(follow(run.id)))
          }
        }
        return detail
      })
      let detail = yield* look
      while (detail.status === "Running") {
        yield* Effect.sleep("100 millis")
        detail = yield* look
      }
      yield* Fiber.joinAll(followed.values())
      return detail
    }))
    const wayOut = `"backfill --resume ${id}" goes on with what is left.`
    const watch = remote
      ? Effect.raceFirst(here, lost(`backfill ${id}`, operations.backfillDetail(id), wayOut))
      : here

    const end = (detail: Model.BackfillDetail) =>
      Effect.gen(function*() {
        const runs = Object.values(detail.runs).reduce((a, b) => a + b, 0)
        self.status = detail.status
        self.durationMillis = detail.durationMillis ?? 0
        yield* tell.note(
          {
            _tag: "BackfillFinished",
            backfillId: id,
            status: detail.status,
            durationMillis: self.durationMillis,
            runs: detail.runs
          },
          undefined
        )
        const last = lastLine(self, output.stdout.paint)
        yield* tell.end(`${last}, in ${Text.count(runs, "run")}`)
        return detail
      })

    yield* tell.note(
      { _tag: "BackfillStarted", backfillId: id, runCount: plan.runCount },
      `backfill ${Text.visible(id)} started: ${Text.count(plan.runCount, "run")}`
    )
    const detail = yield* Effect.onInterrupt(tell.during(watch), () =>
      Effect.gen(function*() {
        self.cancelled = true
        yield* output.tell("Cancelling the backfill. Press Ctrl-C again to leave at once.")
        yield* operations.cancelBackfill(id)
        yield* Effect.flatMap(tell.during(watch), end)
      }).pipe(Effect.ignore))
    yield* end(detail)
    if (detail.status !== "Succeeded") return yield* ended(exitCodes.failed)
  })
