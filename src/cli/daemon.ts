/**
 * The daemon alone: what it does, a line for each tick and run.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { relative } from "node:path"
import type * as StoreModule from "../AutomationStore.ts"
import type * as LogModule from "../EventLog.ts"
import { findModule } from "./connect.ts"
import { notLoaded, ofProblem, unavailable } from "./failure.ts"
import * as Global from "./global.ts"
import { Host } from "./host.ts"
import { Output, type Service as OutputService } from "./output.ts"
import * as Text from "./text.ts"

/** The options of a daemon that the command line takes. */
export interface Options {
  readonly maxRuns: number | undefined
  readonly drain: boolean
  /** How long ticks, evaluations and requested runs that are done are kept. */
  readonly retention: Duration.Duration | undefined
}

/** The options of a daemon, as it takes them. */
export const toOptions = ({ drain, maxRuns, retention }: Options) => ({
  ...(maxRuns !== undefined && { maxRuns }),
  drain: drain ? "wait" as const : "cancel" as const,
  retention: retention === undefined
    // a sensor that looks each ten seconds leaves three million of them in a year
    ? { skippedTicks: "7 days" as const }
    : Duration.isFinite(retention)
    ? { ticks: retention, evaluations: retention, queue: retention }
    : {}
})

/** Runs a daemon until it is interrupted. */
export const daemon = (options: Options & { readonly module: string | undefined }) =>
  Effect.scoped(Effect.gen(function*() {
    const output = yield* Output
    const host = yield* Host
    host.goesOn = true
    const json = yield* Global.Json
    const { modules, path } = yield* findModule(options.module)
    const [Deployment, Operations, ServerDaemon, Daemon, AutomationStore, EventLog, Words] = yield* Effect.promise(() =>
      Promise.all([
        import("../server/Deployment.ts"),
        import("../server/Operations.ts"),
        import("../server/Daemon.ts"),
        import("../Daemon.ts"),
        import("../AutomationStore.ts"),
        import("../EventLog.ts"),
        import("../server/internal/operationsAutomationText.ts")
      ])
    )
    const module = relative(process.cwd(), path)
    const deploymentContext = yield* Layer.build(Deployment.layer({ module, load: modules.load(path) }))
    const deployment = Context.get(deploymentContext, Deployment.Deployment)
    // before anything acts: what cannot be loaded ends the command
    const loaded = yield* Effect.mapError(deployment.use(Effect.succeed), notLoaded)
    // Deployment has looked whether they are there
    const services = loaded.context as Context.Context<LogModule.EventLog | StoreModule.AutomationStore>
    const [store, log] = [
      Context.get(services, AutomationStore.AutomationStore),
      Context.get(services, EventLog.EventLog)
    ]
    const givenUp: GivenUp = { since: yield* Clock.currentTimeMillis, told: new Set() }
    // where each begins is read before anything acts, which may be at once
    const telling = yield* Effect.mapError(
      Effect.all([tellTicks(output, json, store), tellRuns(output, json, log)]),
      unavailable
    )
    const context = yield* Layer.build(
      Operations.layer.pipe(
        Layer.provideMerge(ServerDaemon.layer(toOptions(options))),
        Layer.provide(Layer.succeed(Deployment.Deployment, deployment))
      )
    )
    const { owner, status } = Context.get(context, Daemon.Daemon)
    const told = yield* Effect.mapError(Context.get(context, Operations.Operations).daemon, ofProblem)
    yield* json
      ? output.print(Text.json({ _tag: "DaemonStarted", owner, running: told.running, automations: told.automations }))
      : output.tell(
        `${output.stderr.paint("green", "✓")} ${module}: ${told.running} of ${
          Text.count(told.automations, "automation")
        } ${told.running === 1 ? "is" : "are"} on${
          told.queued === 0 ? "" : `, ${Text.count(told.queued, "run")} ${told.queued === 1 ? "waits" : "wait"}`
        }`
      )
    const tellItems = (items: ReadonlyArray<StoreModule.QueuedRun>) =>
      Effect.forEach(
        json
          ? items.map(({ automation, error, id, request }) =>
            Text.json({ _tag: "GivenUp", queuedId: id, automation, words: Words.describeRequest(request), error })
          )
          : givenUpLines(items, Words.describeRequest, output.stdout.paint).map((line) =>
            `${output.stdout.paint("dim", Text.time(items.at(-1)!.finishedAt!))} ${line}`
          ),
        (line) => output.print(line),
        { discard: true }
      )
    yield* Effect.forkScoped(Effect.catchCause(
      Effect.all([...telling, tellGivenUp(store, givenUp, tellItems)], { concurrency: "unbounded" }),
      (cause) => Effect.logError("What the daemon does cannot be told any more", cause)
    ))
    const leading = Effect.gen(function*() {
      let before: boolean | undefined
      while (true) {
        const { leading } = yield* status
        if (leading !== before && !json) {
          yield* output.tell(leading ? "It acts." : "Another daemon acts; this one takes over when that ends or dies.")
        }
        before = leading
        yield* Effect.sleep("1 second")
      }
    })
    // it has had the time to take the lease
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep("200 millis"), leading))
    return yield* Effect.never.pipe(
      Effect.onInterrupt(() =>
        output.tell(
          options.drain
            ? "Stopping. It waits for runs that go on; press Ctrl-C again to leave at once."
            : "Stopping. Runs that go on are cancelled; press Ctrl-C again to leave at once."
        )
      )
    )
  }))

const encodeTick = Effect.promise(() => import("../AutomationStore.ts")).pipe(
  Effect.map(({ Tick }) => Schema.encodeSync(Schema.toCodecJson(Tick)))
)

/** Reads where the ticks are, and gives what prints a line for each later one that requests something or fails. */
const tellTicks = Effect.fnUntraced(function*(output: OutputService, json: boolean, store: StoreModule.Service) {
  const encode = yield* encodeTick
  const { paint } = output.stdout
  const version = yield* store.version
  let last = (yield* store.ticks({ limit: 1 }))[0]?.seq ?? 0
  return Stream.runForEach(store.changes(version), () =>
    Effect.gen(function*() {
      const found: Array<StoreModule.Tick> = []
      let before: number | undefined
      while (true) {
        const page = yield* store.ticks({ limit: 100, before })
        const fresh = page.filter(({ seq }) => seq > last)
        found.push(...fresh)
        if (fresh.length < 100) break
        before = fresh.at(-1)!.seq
      }
      last = found[0]?.seq ?? last
      for (const tick of found.toReversed()) {
        if (json) {
          yield* output.print(Text.json({ _tag: "Ticked", tick: encode(tick) }))
          continue
        }
        if (tick.status === "Skipped") continue
        const said = tick.status === "Failed"
          ? `${paint("red", "✗")} ${Text.visible(tick.automation)} failed: ${Text.visible(tick.error?.message ?? "")}`
          : `${paint("green", "✓")} ${Text.visible(tick.automation)} requests ${
            Text.count(tick.requests.length, "run")
          }`
        yield* output.print(`${paint("dim", Text.time(tick.startedAt))} ${said}`)
      }
    }))
})

/** Which requested runs that are given up somebody is told of. */
export interface GivenUp {
  readonly since: number
  readonly told: Set<string>
  /** How many have failed in all. */
  failed?: number
}

/** Tells once of each requested run that is given up: it could not be launched, and nobody would see it otherwise. */
export const tellGivenUp = Effect.fnUntraced(function*(
  store: StoreModule.Service,
  givenUp: GivenUp,
  tell: (items: ReadonlyArray<StoreModule.QueuedRun>) => Effect.Effect<void>
) {
  const look = Effect.gen(function*() {
    const { Failed } = yield* store.queueCounts
    if (Failed === givenUp.failed) return
    givenUp.failed = Failed
    const items = yield* store.queue({ statuses: ["Failed"], order: "newest", limit: 1_000 })
    const fresh = items.filter(({ finishedAt = 0, id }) => finishedAt >= givenUp.since && !givenUp.told.has(id))
    for (const { id } of fresh) givenUp.told.add(id)
    if (fresh.length > 0) yield* tell(fresh.toReversed())
  })
  const version = yield* store.version
  yield* look
  yield* Stream.runForEach(store.changes(version), () => look)
})

/** What is told of requested runs that are given up: once what is the same. */
export const givenUpLines = (
  items: ReadonlyArray<StoreModule.QueuedRun>,
  describe: (request: StoreModule.Request) => string,
  paint: Text.Paint
): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { automation, error, request } of items) {
    const by = automation === undefined ? "" : `, requested by ${automation},`
    const text = `${describe(request)}${by} cannot be launched: ${error?.message ?? "for an unknown reason"}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return Array.from(
    counts,
    ([text, count]) =>
      `${paint("red", "✗")} ${Text.visible(text)}${count === 1 ? "" : ` (${count.toLocaleString("en")} times)`}`
  )
}

/** Reads where the log is, and gives what prints a line for each run that begins or ends later. */
const tellRuns = Effect.fnUntraced(function*(output: OutputService, json: boolean, log: LogModule.Service) {
  const { paint } = output.stdout
  const [newest] = yield* Stream.runCollect(log.events({ order: "descending", limit: 1 }))
  return Stream.runForEach(log.tail({ after: newest?.cursor ?? 0, tags: ["RunStarted", "RunFinished"] }), (event) => {
    if (event._tag !== "RunStarted" && event._tag !== "RunFinished") return Effect.void
    const { runId, timestamp } = event
    const time = paint("dim", Text.time(timestamp))
    if (event._tag === "RunStarted") {
      const { keys, tags } = event
      return output.print(
        json
          ? Text.json({ _tag: "RunStarted", runId, timestamp, keys, tags })
          : `${time} ${paint("blue", "▸")} run ${runId} started: ${Text.count(keys.length, "asset")}`
      )
    }
    const { durationMillis, status } = event
    const look = status === "Succeeded" ? "green" : status === "Failed" ? "red" : "yellow"
    return output.print(
      json
        ? Text.json({ _tag: "RunFinished", runId, timestamp, status, durationMillis })
        : `${time} ${paint(look, status === "Succeeded" ? "✓" : "✗")} run ${runId} ${status.toLowerCase()} in ${
          Text.duration(durationMillis)
        }`
    )
  })
})
