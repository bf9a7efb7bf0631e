/** One evaluation of the conditions of a large graph by the daemon, on SQLite: what it reads, decides and writes. */
import { Clock, Context, Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Asset, AutomationStore, Condition, EventLog, Graph, Partitions } from "../src/index.ts"
import { define, evaluated, remembered } from "../src/internal/daemonConditions.ts"
import { nothingKnown } from "../src/internal/daemonFacts.ts"
import { type Session, Signal } from "../src/internal/daemonSession.ts"
import * as Subset from "../src/internal/subset.ts"
import { SqliteClient } from "../src/node/index.ts"
import { resolveAt } from "../src/Partitions.ts"
import type { Row } from "./measure.ts"

const readsEach = 3
const rounds = 12
const warmUp = 4

/** Five years and more of days, each of which is stored by itself. */
const days = Partitions.daily({ start: "2019-01-01", end: "2024-07-01" })

const graphOf = (count: number, partitions: Partitions.Any | undefined): Graph.Any => {
  const assets: Array<Asset.Any> = []
  const distance = Math.ceil(count / 10)
  for (let at = 0; at < count; at++) {
    const parents = Array.from({ length: readsEach }, (_, n) => at - distance - 37 * n).filter((parent) => parent >= 0)
    assets.push(Asset.make(`layer/asset_${at}`, {
      deps: [...new Set(parents)].map((parent) => assets[parent]!),
      automation: Condition.eager(),
      ...(partitions !== undefined && { partitions }),
      compute: () => Effect.void
    }) as Asset.Any) // of any partitions
  }
  return Graph.fromAssets(assets)
}

let runs = 0

/** Partitions as an event tells them, one by one; one that is the whole of what has none. */
const partsOf = (partitions: Partitions.Any | undefined): ReadonlyArray<Partial<EventLog.AssetMaterialized>> => {
  if (partitions === undefined) return [{}]
  const axes = resolveAt(partitions, Date.now(), new Map())
  return Array.from({ length: axes.dimensions[0]!.dimension.size }, (_, at) => ({
    partition: axes.keyOf([at]),
    partitions: Subset.serialize(axes, Subset.fromRange(at, at + 1))
  }))
}

/** A run outside of the daemon, which computes some assets. */
const materialize = Effect.fnUntraced(function*(
  log: EventLog.Service,
  keys: ReadonlyArray<string>,
  parts: ReadonlyArray<Partial<EventLog.AssetMaterialized>>
) {
  const runId = `run ${++runs}`
  const timestamp = yield* Clock.currentTimeMillis
  yield* log.append([
    { _tag: "RunStarted", runId, timestamp, keys, tags: {} },
    ...keys.flatMap((key) =>
      parts.map((part): EventLog.Event => ({
        _tag: "AssetMaterialized",
        runId,
        timestamp,
        key,
        dataVersion: runId,
        codeVersion: undefined,
        inputVersions: {},
        metadata: {},
        durationMillis: 1,
        attempts: 1,
        steps: [],
        stored: true,
        ...part
      }))
    ),
    { _tag: "RunFinished", runId, timestamp, status: "Succeeded", durationMillis: 1 }
  ])
})

/** Counts what is asked of a service. */
const counting = <S extends object>(service: S, calls: Array<string>): S =>
  new Proxy(service, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name)
      if (typeof found !== "function") {
        calls.push(String(name))
        return found
      }
      return (...args: ReadonlyArray<unknown>) => {
        calls.push(String(name))
        return found.apply(target, args)
      }
    }
  })

const shown = (times: ReadonlyArray<number>): string =>
  `${Math.min(...times).toFixed(1)} ms (median ${times.toSorted((a, b) => a - b)[times.length >> 1]!.toFixed(1)})`

const program = Effect.fnUntraced(function*(count: number, budget: number, partitions?: Partitions.Any) {
  const rows: Array<Row> = []
  const calls: Array<string> = []
  const context = yield* Effect.context<EventLog.EventLog | AutomationStore.AutomationStore | Partitions.DynamicKeys>()
  const log = Context.get(context, EventLog.EventLog)
  const store = Context.get(context, AutomationStore.AutomationStore)
  const graph = graphOf(count, partitions)
  const session: Session = {
    loaded: { generation: 1, graph, jobs: [], automations: [], queue: undefined, context: context as never },
    settings: undefined as never,
    owner: "bench",
    store: counting(store, calls),
    log: counting(log, calls),
    dynamicKeys: Context.get(context, Partitions.DynamicKeys),
    states: new Map(),
    told: new Map(),
    problems: new Map(),
    signals: { queue: new Signal(), monitor: new Signal(), conditions: new Signal(), automations: new Map() },
    loseLease: Effect.void
  }
  const keys = Graph.keys(graph)
  const parts = partsOf(partitions)
  yield* materialize(log, keys, parts)
  const defined = define(session.loaded)
  const known = nothingKnown()
  let { cursor, state } = yield* remembered(session)
  const once = Effect.gen(function*() {
    const outcome = yield* evaluated(session, defined, known, cursor, state, true)
    if (outcome === undefined) throw new Error("nobody else writes here")
    cursor = outcome.cursor
    state = session.states.get(state.automation) ?? state
    return outcome
  })
  yield* once
  yield* once
  const measure = Effect.fnUntraced(function*(before: Effect.Effect<unknown, unknown>) {
    const times: Array<number> = []
    let requested = 0
    for (let round = 0; round < warmUp + rounds; round++) {
      yield* before
      calls.length = 0
      const start = performance.now()
      const { tick } = yield* once
      if (round >= warmUp) times.push(performance.now() - start)
      requested = tick?.requests.reduce((sum, { request }) => sum + (request.keys?.length ?? 0), 0) ?? 0
      const asked = calls.join()
      for (const { id } of yield* store.queue()) {
        yield* store.take(id, "bench")
        yield* store.launched(id, id)
      }
      if (requested > 0) yield* once
      calls.splice(0, calls.length, ...asked.split(","))
    }
    return { times, requested, asked: [...calls] }
  })
  const idle = yield* measure(Effect.void)
  if (idle.requested !== 0) throw new Error(`${idle.requested} assets are requested, and nothing has changed`)
  // what much is downstream of
  const changed = yield* measure(materialize(log, keys.slice(0, Math.ceil(count / 100)), parts.slice(-1)))
  if (changed.requested === 0) throw new Error("nothing is requested, and a hundredth has changed")
  for (
    const [what, { asked, requested, times }] of [["nothing has changed", idle], ["1 % has changed", changed]] as const
  ) {
    rows.push({
      what: `${count} assets${parts.length > 1 ? ` of ${parts.length} days` : ""} with eager, ${what}${
        requested > 0 ? `, ${requested} are requested` : ""
      }`,
      figure: shown(times),
      limit: `${asked.length} queries: ${asked.join(", ")}`,
      budget: `${budget} ms, 10 queries`,
      within: Math.min(...times) <= budget && asked.length <= 10
    })
  }
  return rows
})

export const measureAutomation = async (): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (
    const [count, budget, partitions] of [[2_000, 100, undefined], [10_000, 1_000, undefined], [
      100,
      100,
      days
    ]] as const
  ) {
    const directory = mkdtempSync(join(tmpdir(), "effect-assets-bench-"))
    const sqlite = SqliteClient.layer({ filename: join(directory, "events.db") })
    try {
      rows.push(
        ...await Effect.runPromise(
          Effect.provide(program(count, budget, partitions), Layer.provide(EventLog.layerSql, sqlite))
        )
      )
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return rows
}
