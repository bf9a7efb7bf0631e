/** What a server is asked for while somebody looks at a large graph, beside what the catalog takes for it. */
import { Context, Effect, Layer, Logger, Schema, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Asset, Catalog, Definitions, EventLog, Graph, IOManager } from "../src/index.ts"
import { SqliteClient } from "../src/node/index.ts"
import { Deployment, Model, Operations } from "../src/server/index.ts"
import type { Row } from "./measure.ts"

const readsEach = 3
const rounds = 10

const graph = (count: number): Graph.Any => {
  const assets: Array<Asset.Any> = []
  for (let at = 0; at < count; at++) {
    const deps = [1, 38, 75].flatMap((back) => assets[at - back] ?? []).slice(0, readsEach)
    assets.push(
      Asset.make(`layer/asset_${at}`, { codeVersion: "1", group: `g${at % 100}`, deps, compute: () => Effect.void })
    )
  }
  return Graph.fromAssets(assets)
}

/** One run that has materialized everything. */
const filled = Effect.fnUntraced(function*(log: EventLog.Service, graph: Graph.Any) {
  const keys = Graph.keys(graph)
  yield* log.append([{ _tag: "RunStarted", runId: "run 0", timestamp: 0, keys, tags: {} }])
  for (let from = 0; from < keys.length; from += 1_000) {
    yield* log.append(
      keys.slice(from, from + 1_000).map((key): EventLog.Event => ({
        _tag: "AssetMaterialized",
        runId: "run 0",
        timestamp: 0,
        key,
        dataVersion: `version of ${key}`,
        codeVersion: "1",
        inputVersions: Object.fromEntries(Graph.parents(graph, key).map((parent) => [parent, `version of ${parent}`])),
        metadata: { rows: 1 },
        durationMillis: 1,
        attempts: 1,
        steps: [],
        stored: true
      }))
    )
  }
  yield* log.append([{ _tag: "RunFinished", runId: "run 0", timestamp: 1, status: "Succeeded", durationMillis: 1 }])
})

const measured = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const times: Array<number> = []
  for (let round = 0; round < rounds + 3; round++) {
    const start = performance.now()
    yield* effect
    if (round >= 3) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return { best: times[0]!, median: times[Math.floor(times.length / 2)]! }
})

type Times = { readonly best: number; readonly median: number }

/** The best of the rounds is what the machine does when nobody else uses it. */
const shown = ({ best, median }: Times): string => `${best.toFixed(1)} ms (median ${median.toFixed(1)})`

/** The operations of a graph over a SQLite log, and that log. */
const served = Effect.fnUntraced(function*(graph: Graph.Any, filename: string) {
  const log = Context.get(
    yield* Layer.build(Layer.provide(EventLog.layerSql, SqliteClient.layer({ filename }))),
    EventLog.EventLog
  )
  const layer = Layer.mergeAll(
    EventLog.layerMemory,
    IOManager.layerMemory,
    Layer.succeed(EventLog.EventLog, log),
    Logger.layer([])
  )
  const definitions = Definitions.make({ graph, layer: layer as never }) as Definitions.Any
  const context = yield* Layer.build(
    Layer.provide(Operations.layer, Deployment.layer({ module: "bench", load: Effect.succeed(definitions) }))
  )
  return { log, layer, operations: Context.get(context, Operations.Operations) }
})

/** Answers are text in the end. */
const asText = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const encode = Schema.encodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
  return <E, R>(effect: Effect.Effect<S["Type"], E, R>) => Effect.flatMap(effect, encode)
}
const pageText = asText(Model.Page(Model.AssetSummary))
const graphText = asText(Model.GraphModel)

const sizes = Effect.fnUntraced(function*(count: number, directory: string) {
  const assets = graph(count)
  const { layer, log, operations } = yield* served(assets, join(directory, `${count}.db`))
  yield* filled(log, assets)
  const bare = yield* measured(Effect.provide(Catalog.status(assets), layer))
  let at = 0
  /** Something is recorded each time, so that states are read anew. */
  const touched = Effect.suspend(() => operations.report({ key: `layer/asset_${at++ % count}`, dataVersion: "same" }))
  const report = yield* measured(touched)
  const page = yield* measured(Effect.andThen(touched, operations.assets({ limit: 100 })))
  const again = yield* measured(operations.assets({ limit: 100 }))
  const all = yield* measured(pageText(operations.assets({ limit: 5_000 })))
  const whole = yield* measured(graphText(operations.graph))
  const detail = yield* measured(operations.asset(`layer/asset_${count - 1}`))
  const rows: Array<Row> = [
    {
      what: `first page of ${count} assets after something was recorded`,
      figure: shown({ best: page.best - report.best, median: page.median - report.median }),
      limit: `Catalog.status ${shown(bare)}`,
      ratio: (page.best - report.best) / bare.best
    },
    { what: "the same again", figure: shown(again) },
    { what: `all of them as JSON (at most 5,000)`, figure: shown(all), ratio: all.best / bare.best },
    { what: "the graph as JSON", figure: shown(whole) },
    { what: "the page of the last asset", figure: shown(detail), ratio: detail.best / bare.best }
  ]
  if (count === 10_000) {
    const seen: Array<Model.Change> = []
    yield* Effect.forkScoped(
      Stream.runForEach(operations.changes, (change) => Effect.sync(() => void seen.push(change)))
    )
    const until = (isThere: () => boolean) => Effect.repeat(Effect.sleep(1), { until: () => Effect.sync(isThere) })
    yield* until(() => seen.length > 0)
    const times: Array<number> = []
    for (let round = 0; round < 5; round++) {
      // what was told last is over
      yield* Effect.sleep(1_500)
      const key = `layer/asset_${5_000 + round}`
      seen.length = 0
      const start = performance.now()
      yield* operations.report({ key, dataVersion: `new ${round}` })
      yield* until(() =>
        seen.some((change) => change._tag === "StatusChanged" && change.statuses.some((of) => of.key === key))
      )
      times.push(performance.now() - start)
    }
    times.sort((a, b) => a - b)
    const push = { best: times[0]!, median: times[2]! }
    rows.push({
      what: `one change in ${count} assets to the push`,
      figure: shown(push),
      limit: `Catalog.status ${shown(bare)}`,
      ratio: push.best / bare.best
    })
  }
  return rows
}, Effect.scoped)

const runs = Effect.fnUntraced(function*(count: number, directory: string) {
  const assets = Graph.fromAssets([Asset.make("a", Effect.succeed(1))])
  const { layer, log, operations } = yield* served(assets, join(directory, "runs.db"))
  const size = 1_000
  for (let from = 0; from < count; from += size) {
    yield* log.append(
      Array.from({ length: size }, (_, n): ReadonlyArray<EventLog.Event> => [
        { _tag: "RunStarted", runId: `run ${from + n}`, timestamp: from + n, keys: ["a"], tags: { source: "bench" } },
        { _tag: "RunFinished", runId: `run ${from + n}`, timestamp: from + n, status: "Succeeded", durationMillis: 1 }
      ]).flat()
    )
  }
  const bare = yield* measured(Effect.provide(Catalog.runs({ limit: 50 }), layer))
  const newest = yield* measured(operations.runs({}))
  const middle = yield* measured(operations.runs({ before: count }))
  const failed = yield* measured(operations.runs({ status: "Failed" }))
  const first = yield* measured(Effect.scoped(Effect.gen(function*() {
    const { runId } = yield* operations.launch({})
    yield* Stream.runHead(operations.followRun(runId))
  })))
  return [
    {
      what: `newest 50 of ${count} runs`,
      figure: shown(newest),
      limit: `Catalog.runs ${shown(bare)}`,
      ratio: newest.best / bare.best
    },
    { what: "50 from the middle", figure: shown(middle) },
    { what: "those that failed: none", figure: shown(failed) },
    {
      what: "launch to the first event that is told",
      figure: shown(first),
      budget: "300 ms",
      within: first.best <= 300
    }
  ] satisfies ReadonlyArray<Row>
}, Effect.scoped)

export const measureServer = async (): Promise<ReadonlyArray<Row>> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-assets-bench-"))
  try {
    return await Effect.runPromise(Effect.gen(function*() {
      const rows: Array<Row> = []
      for (const count of [50, 1_000, 10_000]) rows.push(...yield* sizes(count, directory))
      rows.push(...yield* runs(100_000, directory))
      return rows
    }))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
