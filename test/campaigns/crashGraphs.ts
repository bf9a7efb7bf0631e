/**
 * The graphs that are killed while they are computed. Their values tell what they were computed from, so that whoever finds
 * one knows whether it is whole, and whether it is the one that the log speaks of.
 */
import { Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
// also run by Node alone, without the aliases of the tests
import { Asset, Graph, Partitions } from "../../src/index.ts"

export const Value = Schema.Struct({
  cell: Schema.String,
  runId: Schema.String,
  /** What was read, by cell: the digest of each value, or why there is none. */
  inputs: Schema.Record(Schema.String, Schema.String),
  digest: Schema.String,
  body: Schema.String
})
export type Value = typeof Value.Type

/** An asset, or a partition of it, in one word. */
export const cellOf = (key: string, partition: string | undefined): string =>
  partition === undefined ? key : `${key}@${partition}`

const digestOf = (cell: string, inputs: Value["inputs"]): string =>
  createHash("sha256").update(JSON.stringify([cell, Object.entries(inputs).sort()])).digest("hex")

/** Some kB, as many as the digest says. */
const bodyOf = (digest: string): string => digest.repeat(20 + Number.parseInt(digest.slice(0, 2), 16) % 100)

const valueOf = (cell: string, runId: string, inputs: Value["inputs"]): Value => {
  const digest = digestOf(cell, inputs)
  return { cell, runId, inputs, digest, body: bodyOf(digest) }
}

/** Why a value is not as it was made; nothing if it is. */
export const damage = (value: unknown): string | undefined =>
  !Schema.is(Value)(value)
    ? "it is no value"
    : value.digest !== digestOf(value.cell, value.inputs)
    ? "its digest is not that of its inputs"
    : value.body === bodyOf(value.digest)
    ? undefined
    : "its body is not whole"

/** What a program was given, in one word. */
const digestIn = (input: unknown): string => {
  if (Option.isOption(input)) return Option.match(input, { onNone: () => "none", onSome: digestIn })
  // there are no other values
  return input === undefined ? "void" : (input as Value).digest
}

/** Tells that a program runs, before it does anything. */
export type Count = (cell: string, runId: string) => void

/** Lets other fibers, timers and promises go on. */
const pause = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const pauses = (n: number): Effect.Effect<void> =>
  n % 3 === 0 ? Effect.sleep(1 + n % 7) : n % 3 === 1 ? pause : Effect.void

/** Numbers that look random and are the same each time, from 0 to below `n`. */
export const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

const layers = 10
const perLayer = 50

/** 500 assets, the layers of which read the ones before. */
export const assetsGraph = (count: Count): Graph.Graph<{ readonly [key: string]: Asset.Any }> => {
  const random = randomOf(1)
  const assets: Array<Asset.Any> = []
  for (let n = 0; n < layers * perLayer; n++) {
    const first = n - n % perLayer
    const inputs: Record<string, Asset.AnyInput> = {}
    for (let count = first === 0 ? 0 : 1 + random(3); count > 0; count--) {
      // mostly the layer before
      const upstream = assets[random(4) === 0 ? random(first) : first - perLayer + random(perLayer)]!
      inputs[upstream.key] = random(5) === 0 ? upstream : Asset.optional(upstream)
    }
    const digests = (given: { readonly [name: string]: unknown }) =>
      Object.fromEntries(Object.entries(given).map(([name, input]) => [name, digestIn(input)]))
    const key = `layer ${n / perLayer | 0}/asset ${n}`
    const compute = <A>(keys: Iterable<string>, runId: string, result: () => A): Effect.Effect<A> =>
      Effect.suspend(() => {
        for (const key of keys) count(key, runId)
        return Effect.map(pauses(n), result)
      })
    // of several outputs one is void and one None
    if (n % 200 === 120) {
      const output = (name: string) => `${key}/${name}`
      const codeVersion = "1"
      const multi = Asset.multi(key, {
        outputs: {
          [output("a")]: { schema: Value, codeVersion },
          [output("b")]: { codeVersion },
          [output("c")]: { codeVersion },
          [output("d")]: {}
        },
        inputs,
        // what it is to compute again is no more than what is missing
        canSubset: true,
        // the kind of a value is made by its name, not by its type
        compute: (given, { runId, selected }): Effect.Effect<any> =>
          compute(selected, runId, () => {
            const all = {
              [output("a")]: valueOf(output("a"), runId, digests(given)),
              [output("b")]: valueOf(output("b"), runId, digests(given)),
              [output("c")]: undefined,
              [output("d")]: Option.none()
            }
            return Object.fromEntries(Object.entries(all).filter(([name]) => selected.has(name)))
          })
      })
      assets.push(...Object.values(multi.assets))
      continue
    }
    assets.push(Asset.make(key, {
      inputs,
      // without one, the data version is the id of the run
      codeVersion: n % 10 === 3 ? undefined : "1",
      ...(n % 2 === 0 && n % 61 !== 7 ? { schema: Value } : {}),
      // the kind of value is made by its number, not by its type
      compute: (given, { runId }): Effect.Effect<any> =>
        compute([key], runId, () => {
          if (n % 61 === 7) return undefined
          if (n % 97 === 13) return Option.none()
          const value = valueOf(key, runId, digests(given))
          return n % 10 === 5 ? Asset.output(value, { dataVersion: value.digest }) : value
        })
    }))
  }
  return Graph.fromAssets(assets)
}

export const days = { from: "2012-01-01", to: "2012-02-29" } as const

/** Four assets with 60 days: one reads its own day before, one all days. */
export const daysGraph = (count: Count): Graph.Graph<{ readonly [key: string]: Asset.Any }> => {
  const partitions = Partitions.daily({ start: days.from, end: "2012-03-01" })
  const common = { partitions, codeVersion: "1" }
  const computed = (
    key: string,
    { partitionKey, runId }: { readonly partitionKey: string | undefined; readonly runId: string },
    inputs: Value["inputs"]
  ): Effect.Effect<Value> =>
    Effect.suspend(() => {
      const cell = cellOf(key, partitionKey)
      count(cell, runId)
      return Effect.map(
        pauses(Number(partitionKey?.slice(-2) ?? 0)),
        () => valueOf(cell, runId, inputs)
      )
    })
  const rain = Asset.make("rain", {
    ...common,
    schema: Value,
    compute: (_, context) => computed("rain", context, {})
  })
  const ground = Asset.make("ground", {
    ...common,
    schema: Value,
    inputs: { rain, before: Asset.previous(Value) },
    compute: ({ before, rain }, context) =>
      computed("ground", context, { rain: digestIn(rain), before: digestIn(before) })
  })
  const river = Asset.make("river", {
    ...common,
    inputs: { rain, ground },
    compute: ({ ground, rain }, context) =>
      computed("river", context, { rain: digestIn(rain), ground: digestIn(ground) })
  })
  const sea = Asset.make("sea", {
    codeVersion: "1",
    inputs: { river: Asset.partitions(river) },
    compute: ({ river }, context) =>
      computed(
        "sea",
        context,
        Object.fromEntries(Array.from(river, ([day, value]) => [cellOf("river", day), digestIn(value)]))
      )
  })
  return Graph.fromAssets([rain, ground, river, sea])
}
