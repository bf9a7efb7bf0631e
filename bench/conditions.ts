/** One evaluation of the conditions of a large graph: the first one, one after which nothing has changed, and so on. */
import { Effect } from "effect"
import { Asset, Condition, EventLog, Graph, Partitions } from "../src/index.ts"
import { evaluate, type Evaluated, type Input, neededRuns } from "../src/internal/conditions.ts"
import * as Subset from "../src/internal/subset.ts"
import { resolveAt } from "../src/Partitions.ts"
import type { Row } from "./measure.ts"

const readsEach = 3
const rounds = 15
const day = 86_400_000

/** How far up an asset reads: a layer of a tenth of all, or the asset before, so that everything is upstream of the end. */
type Shape = "layers" | "chain"

const build = (count: number, shape: Shape, partitions: Partitions.Any | undefined): Graph.Any => {
  const assets: Array<Asset.Any> = []
  const distance = shape === "layers" ? Math.ceil(count / 10) : 1
  for (let at = 0; at < count; at++) {
    const parents = Array.from({ length: readsEach }, (_, n) => at - distance - 37 * n).filter((parent) => parent >= 0)
    assets.push(
      Asset.make(`layer/asset_${at}`, {
        deps: [...new Set(parents)].map((parent) => assets[parent]!),
        ...(partitions !== undefined && { partitions }),
        // each its own, as if each came from a file of its own
        automation: Condition.label(Condition.eager(), "eager"),
        compute: () => Effect.void
      }) as Asset.Any
    )
  }
  return Graph.fromAssets(assets)
}

const materialized = (key: string, runId: string, more: Partial<EventLog.AssetMaterialized>): EventLog.Event => ({
  _tag: "AssetMaterialized",
  runId,
  timestamp: 0,
  key,
  dataVersion: runId,
  codeVersion: undefined,
  inputVersions: {},
  metadata: {},
  durationMillis: 1,
  attempts: 1,
  steps: [],
  stored: true,
  ...more
})

/** A log in memory, and what is evaluated of it. */
class World {
  readonly graph: Graph.Any
  readonly log: EventLog.Service = Effect.runSync(EventLog.makeMemory)
  readonly set: Partitions.Any | undefined
  now = Date.parse("2025-01-01T06:00Z")

  constructor(count: number, shape: Shape, set?: Partitions.Any) {
    this.graph = build(count, shape, set)
    this.set = set
  }

  append(events: ReadonlyArray<EventLog.Event>): void {
    Effect.runSync(this.log.append(events))
  }

  /** Everything that there is, in one event for each asset; of time windows, the newest ones by themselves. */
  fill(): void {
    const { set } = this
    for (const { key } of Graph.assets(this.graph)) {
      if (set === undefined) this.append([materialized(key, "first", {})])
      else {
        const axes = resolveAt(set, this.now, new Map())
        const size = axes.dimensions[0]!.dimension.size
        const apart = 20
        this.append([
          materialized(key, "first", { partitions: Subset.serialize(axes, Subset.fromRange(0, size - apart)) }),
          ...Array.from({ length: apart }, (_, n) => this.one(key, "first", size - apart + n))
        ])
      }
    }
  }

  one(key: string, runId: string, index: number): EventLog.Event {
    const axes = resolveAt(this.set!, this.now, new Map())
    return materialized(key, runId, {
      partition: axes.keyOf([index]),
      partitions: Subset.serialize(axes, Subset.fromRange(index, index + 1))
    })
  }

  /** A hundredth of the assets, spread over the graph, is computed again. */
  update(runId: string): void {
    const assets = Graph.assets(this.graph)
    const { set } = this
    for (let at = 50; at < assets.length; at += 100) {
      const { key } = assets[at]!
      this.append([
        set === undefined
          ? materialized(key, runId, {})
          : this.one(key, runId, resolveAt(set, this.now, new Map()).dimensions[0]!.dimension.size - 1)
      ])
    }
  }

  /** What a caller reads: five queries, as this is four of the log and the runs that have not ended. */
  input(before: Evaluated | undefined): Input {
    const previous = before?.cursor
    const graph = Graph.compiled(this.graph)
    const versions = Effect.runSync(this.log.versions())
    const sets = new Map<Partitions.Any, Partitions.Resolved>()
    const ids = neededRuns({ graph, versions, previous })
    return {
      graph,
      versions,
      resolve: (set) => {
        let found = sets.get(set)
        if (found === undefined) sets.set(set, found = resolveAt(set, this.now, new Map()))
        return found
      },
      outcomes: Effect.runSync(this.log.outcomes()),
      checks: Effect.runSync(this.log.checks()),
      running: [],
      runs: new Map(Array.from(ids, (id) => [id, { keys: [], tags: {} }])),
      previous,
      last: before?.last,
      now: this.now
    }
  }
}

interface Times {
  readonly median: number
  readonly best: number
  readonly last: Evaluated
}

const measured = (make: () => Input, warmUp = 5): Times => {
  const times: Array<number> = []
  let last!: Evaluated
  for (let round = 0; round < rounds + warmUp; round++) {
    const input = make()
    const start = performance.now()
    last = evaluate(input)
    if (round >= warmUp) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return { median: times[Math.floor(times.length / 2)]!, best: times[0]!, last }
}

const shown = ({ best, median }: Times): string => `${median.toFixed(1)} ms (best ${best.toFixed(1)})`

const measure = (what: string, world: World, budget: number): ReadonlyArray<Row> => {
  const count = Graph.size(world.graph)
  world.fill()
  const start = performance.now()
  evaluate(world.input(undefined))
  const cold = performance.now() - start
  const first = measured(() => world.input(undefined), 2)
  // what a cursor remembers of the first evaluation is settled after the second one
  const second = evaluate(world.input(first.last))
  const third = evaluate(world.input(second))
  const idle = measured(() => world.input(third))
  if (idle.last.requests.length > 0 || idle.last.explanations.length > 0) throw new Error("Nothing has changed.")
  world.update("second")
  const busy = measured(() => world.input(third))
  if (busy.last.requests.length < count / 100) throw new Error("What has changed is not requested.")
  const limit = (times: Times) => ({ budget: `${budget} ms`, within: times.median <= budget })
  return [
    {
      what: `${what}: first evaluation`,
      figure: shown(first),
      limit: `the first time ${cold.toFixed(0)} ms; ${
        (JSON.stringify(first.last.cursor).length / count).toFixed(0)
      } bytes kept of each`
    },
    { what: `${what}: nothing has changed`, figure: shown(idle), ...limit(idle) },
    {
      what: `${what}: 1 % were computed`,
      figure: shown(busy),
      limit: `${busy.last.requests.length} requests`,
      ratio: busy.median / idle.median,
      ...limit(busy)
    }
  ]
}

/** Evaluations alone: what is read of the log before, `bench/catalog.ts` measures. */
export const measureConditions = (): ReadonlyArray<Row> => [
  ...measure("2,000 eager assets in layers", new World(2_000, "layers"), 100),
  ...measure("10,000 eager assets in layers", new World(10_000, "layers"), 1_000),
  ...measure("10,000 of which each is downstream of the one before", new World(10_000, "chain"), 1_000),
  ...measure(
    "1,000 in layers, each of 5 years of days",
    new World(1_000, "layers", Partitions.daily({ start: new Date(Date.parse("2025-01-01T00:00Z") - 1_826 * day) })),
    100
  )
]
