/**
 * Random graphs of eager assets under a daemon: whatever somebody runs, and whatever fails and is tried again, everything is
 * fresh in the end, and what is updated at its source alone is computed once.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { Asset, Catalog, Condition, Definitions, EventLog, Graph, Partitions, Runtime } from "effect-assets"
import { TestClock } from "effect/testing"
import { buildDaemon, testsAt } from "../fixtures/daemon.ts"
import { inMemory } from "../fixtures/inMemory.ts"
import { numbers } from "../fixtures/numbers.ts"

const test = testsAt(Date.parse("2024-03-01T00:30:00Z"))
const factor = Number(process.env["LAWS_FACTOR"] ?? 1)
const first = Number(process.env["LAWS_SEED"] ?? 1)

const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

const letters = Partitions.fixed(["x", "y", "z"])
const sets = {
  none: undefined,
  letters,
  fewer: Partitions.fixed(["x", "y"]),
  product: Partitions.product({ letter: letters, number: Partitions.fixed(["1", "2"]) })
} as const
type Kind = keyof typeof sets

/** Partitions to update. */
const keysOf: Readonly<Record<Kind, ReadonlyArray<string>>> = {
  none: [],
  letters: ["x", "y"],
  fewer: ["x", "y"],
  product: ["x|1", "y|2", "z|1"]
}

/** Sets that have nothing to do with each other are read as a whole, or not at all. */
const isReadable = (down: Kind, up: Kind): boolean => down === up || up === "none" || down === "none"

type Plain = Graph.Graph<{ readonly [key: string]: Asset.Asset<string, void> }>

interface Made {
  readonly key: string
  readonly kind: Kind
  readonly isSource: boolean
  readonly asset: Asset.Any
}

const world = (seed: number) => {
  const n = numbers(seed)
  const made: Array<Made> = []
  const failing = new Set<string>()
  /** How often each part of what computes an asset was computed. */
  const counts = new Map<string, number>()
  const computing = (key: string, seconds: number) => (_: unknown, { partition }: { readonly partition?: unknown }) =>
    Effect.suspend(() => {
      if (failing.has(key)) return Effect.fail("down")
      const part = partition === undefined ? key : `${key} ${JSON.stringify(partition)}`
      counts.set(part, (counts.get(part) ?? 0) + 1)
      return Effect.sleep(seconds * 1_000)
    })
  const size = 5 + n.below(4)
  for (let at = 0; at < size; at++) {
    const key = `k${at}`
    const kind = n.one(["none", "none", "letters", "letters", "fewer", "product"] as const)
    const deps = made.filter((up) => isReadable(kind, up.kind) && n.chance(0.45)).map(({ asset, kind: up }) =>
      up !== "none" && up !== kind ? Asset.partitions(asset as never) : asset
    )
    const isSource = deps.length === 0
    const automation = isSource ? {} : { automation: Condition.eager() }
    const set = sets[kind]
    const common = {
      deps,
      ...(set !== undefined && { partitions: set }),
      compute: computing(key, n.below(4))
    }
    if (isSource || n.chance(0.7)) {
      // of any types
      const asset = Asset.make(key, { ...common, ...automation } as never) as Asset.Any
      made.push({ key, kind, isSource, asset })
      continue
    }
    // two outputs that are computed together, of which one may have no condition
    const [one, two] = [`${key}_one`, `${key}_two`]
    const { compute } = common
    const { assets } = Asset.multi(key, {
      ...common,
      outputs: { [one]: automation, [two]: n.chance(0.5) ? automation : {} },
      compute: (inputs: unknown, context: { readonly partition?: unknown }) =>
        Effect.as(compute(inputs, context), { [one]: 1, [two]: 1 })
    } as never) as { readonly assets: Readonly<Record<string, Asset.Any>> }
    for (const asset of Object.values(assets)) made.push({ key: asset.key, kind, isSource, asset })
  }
  // they need nothing but what the log layer has
  const graph = Graph.fromAssets(made.map(({ asset }) => asset)) as unknown as Plain
  return { n, made, graph, failing, counts }
}

/** What is computed from other data than there is, or not at all, or never ends. */
const unsettled = Effect.fnUntraced(function*(graph: Plain) {
  const staleness = yield* Catalog.staleness(graph)
  const running = yield* EventLog.EventLog.use((log) => log.runs({ statuses: ["Running"] }))
  const stale = Object.entries(staleness).filter(([, one]) =>
    one._tag === "Stale" || one._tag === "Missing" ||
    (one._tag === "Partitioned" && one.causes.some(({ _tag }) => _tag === "UpstreamChanged"))
  )
  return [...stale.map(([key]) => key), ...running.map(({ id }) => id)]
})

const rounds = 4

/** `by`: what somebody runs. */
const play = Effect.fnUntraced(function*(seed: number, by: "sources" | "anything", fails: boolean) {
  const { counts, failing, graph, made, n } = world(seed)
  yield* Effect.forkScoped(Runtime.backfill(graph, { partitions: "all" }))
  yield* pass(150)
  yield* buildDaemon(Definitions.make({ graph, layer: inMemory }))
  yield* pass(3)
  for (let round = 0; round < rounds; round++) {
    counts.clear()
    const { kind } = n.one(made)
    const chosen = made.filter((one) => one.kind === kind && (by === "anything" || one.isSource) && n.chance(0.5))
    const partitions = keysOf[kind].filter(() => n.chance(0.6))
    if (chosen.length === 0 || (kind !== "none" && partitions.length === 0)) continue
    if (fails) { for (const { asset, key } of made) if (n.chance(0.25)) failing.add(asset.output?.multi.name ?? key) }
    const options = { select: chosen.map(({ key }) => key), ...(kind !== "none" && { partitions }) }
    yield* Effect.forkScoped(Effect.ignore(Runtime.run(graph, options)))
    yield* pass(45)
    if (failing.size > 0) {
      failing.clear()
      const failed = yield* EventLog.EventLog.use((log) => log.runs({ statuses: ["Failed"] }))
      // tried again by hand, all of them at once
      for (const { id } of failed) {
        yield* Effect.forkScoped(Effect.ignore(Runtime.retry(graph, id)))
      }
      yield* pass(60)
    }
    assert.deepStrictEqual(yield* unsettled(graph), [], `seed ${seed}, round ${round}: ${options.select.join()}`)
    if (by === "sources" && !fails) {
      const often = [...counts].filter(([, count]) => count > 1)
      assert.deepStrictEqual(often, [], `seed ${seed}, round ${round}: ${options.select.join()} ${partitions.join()}`)
    }
  }
})

describe("eager", () => {
  for (let seed = first; seed < first + 25 * factor; seed++) {
    test(`computes each once when sources are updated (seed ${seed})`, function*() {
      yield* play(seed, "sources", false)
    })
    test(`is fresh in the end, whatever is run (seed ${seed})`, function*() {
      yield* play(seed, "anything", false)
    })
    test(`is fresh in the end, whatever has failed (seed ${seed})`, function*() {
      yield* play(seed, "sources", true)
    })
  }
})
