/**
 * A process that is killed: it takes up whatever an earlier one has left in a directory, and goes on with it.
 *
 * usage: node test/campaigns/crashProcess.ts assets|days|held DIRECTORY [PARTITIONS_PER_RUN]
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect, Stream } from "effect"
import { appendFileSync } from "node:fs"
import { Asset, EventLog, Graph, type IOManager, Runtime } from "../../src/index.ts"
import { Local } from "../../src/node/index.ts"
import { assetsGraph, type Count, days, daysGraph } from "./crashGraphs.ts"

const [mode = "", directory = "", partitionsPerRun = "1"] = process.argv.slice(2)

const tell = (line: string): void => void process.stdout.write(`${line}\n`)

const count: Count = (cell, runId) => appendFileSync(`${directory}/computed.log`, `${runId} ${cell}\n`)

/** The assets are of any type, so what they need is unknown to the compiler: it is the storage. */
type Needs = EventLog.EventLog | IOManager.IOManager

const assets = Effect.gen(function*() {
  const graph = assetsGraph(count)
  const log = yield* EventLog.EventLog
  const [newest] = yield* log.runs({ limit: 1 })
  if (newest?.status === "Succeeded") return newest.status
  const run = newest === undefined ? Runtime.run(graph) : Runtime.retry(graph, newest.id)
  return (yield* run as Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, Needs>).status
})

const backfill = Effect.gen(function*() {
  const graph = daysGraph(count)
  const log = yield* EventLog.EventLog
  const known = yield* Stream.runCollect(log.events({ tags: ["BackfillStarted", "BackfillFinished"] }))
  const last = known.at(-1)
  if (last?._tag === "BackfillFinished") return last.status
  const runs = yield* Runtime.backfill(graph, {
    partitionsPerRun: partitionsPerRun === "all" ? "all" : Number(partitionsPerRun),
    ...(last?._tag === "BackfillStarted" ? { resume: last.backfillId } : { partitions: days })
  }) as Effect.Effect<ReadonlyArray<Runtime.Run<Graph.Assets>>, Runtime.RunError, Needs>
  return runs.every(({ status }) => status === "Succeeded") ? "Succeeded" : "Failed"
})

/** Computes one asset, then another one for ever, with something that has to be released. */
const held = Effect.gen(function*() {
  const first = Asset.make("first", { codeVersion: "1", compute: () => Effect.succeed(1) })
  const second = Asset.make("second", {
    inputs: { first },
    compute: () =>
      Effect.scoped(Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => tell("held")),
          () => Effect.sync(() => tell("released"))
        )
        return yield* Effect.never
      }))
  })
  const third = Asset.make("third", { inputs: { second }, compute: () => Effect.succeed(3) })
  const program = Runtime.run(Graph.make({ first, second, third }))
  yield* Effect.addFinalizer(() => Effect.sync(() => tell("closed")))
  return (yield* program).status
}).pipe(Effect.scoped)

const programs = { assets, days: backfill, held }

// what follows is killed at any moment
tell("opening")
// whoever starts it says one of them
const program = programs[mode as keyof typeof programs] as Effect.Effect<
  Runtime.Run<Graph.Assets>["status"],
  Error,
  Needs
>
NodeRuntime.runMain(
  program.pipe(
    Effect.tap((status) => Effect.sync(() => tell(status))),
    Effect.provide(Local.layer({ directory }))
  )
)
