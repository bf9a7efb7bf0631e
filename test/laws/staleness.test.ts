/**
 * Staleness of random graphs after random histories, beside the rules written down naively.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Asset, Catalog, EventLog, Graph, PartitionMapping, Partitions, PartitionSubset } from "effect-assets"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"
import { materialized } from "../fixtures/events.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const runs = { arbitrary: { runs: 400, seed: 1, size: 40 } }

// ---------------------------------------------------------------------------------------------------------------------
// assets without partitions
// ---------------------------------------------------------------------------------------------------------------------

const count = 6
const keyOf = (at: number) => `k${at}`

/** What an asset is at some time: what it reads, and whether it does without; `undefined` is no code version. */
interface Definition {
  readonly reads: ReadonlyMap<string, boolean>
  readonly codeVersion: string | undefined
}

interface Materialized {
  readonly at: number
  readonly version: string
  readonly observed: boolean
  readonly codeVersion: string | undefined
  readonly inputs: ReadonlyMap<string, string>
}

/** The rules, one asset after the other, for the newest record of each. */
class Naive {
  readonly definitions: ReadonlyMap<string, Definition>
  readonly last: ReadonlyMap<string, Materialized>
  readonly external: ReadonlySet<string>

  constructor(
    definitions: ReadonlyMap<string, Definition>,
    last: ReadonlyMap<string, Materialized>,
    external: ReadonlySet<string>
  ) {
    this.definitions = definitions
    this.last = last
    this.external = external
  }

  causes(key: string): ReadonlyArray<string> {
    const own = this.last.get(key)
    if (this.external.has(key) || own === undefined || own.observed) return []
    const { codeVersion, reads } = this.definitions.get(key)!
    const causes: Array<string> = []
    if (codeVersion !== undefined && own.codeVersion !== undefined && codeVersion !== own.codeVersion) {
      causes.push(`${key}: code`)
    }
    for (const [upstream, optional] of reads) {
      const now = this.last.get(upstream)
      if (now === undefined) continue
      const was = own.inputs.get(upstream)
      const news = now.at > own.at
      if (was !== undefined ? was !== now.version : news && (optional || this.external.has(upstream))) {
        causes.push(`${key}: data ${upstream} ${was} ${now.version}`)
      } else if (was === undefined && !optional) causes.push(`${key}: added ${upstream}`)
    }
    for (const upstream of own.inputs.keys()) if (!reads.has(upstream)) causes.push(`${key}: removed ${upstream}`)
    return causes
  }

  roots(key: string): ReadonlySet<string> {
    const found = new Set<string>()
    for (const cause of this.causes(key)) {
      const upstream = /data (\S+)/.exec(cause)?.[1]
      if (upstream === undefined || this.causes(upstream).length === 0) found.add(cause)
      else for (const root of this.roots(upstream)) found.add(root)
    }
    return found
  }

  status(key: string): string {
    if (this.external.has(key)) return "Fresh"
    const own = this.last.get(key)
    return own === undefined || (own.observed && !this.external.has(key))
      ? "Missing"
      : this.causes(key).length > 0
      ? "Stale"
      : "Fresh"
  }
}

const Draft = Schema.Struct({
  external: Schema.Boolean,
  reads: Schema.Array(Schema.Struct({ of: between(0, count - 1), optional: Schema.Boolean })).check(
    Schema.isMaxLength(3)
  ),
  code: between(0, 2)
})

const Step = Schema.Struct({
  what: Schema.Literals(["materialize", "materialize", "materialize", "observe", "code", "reads"]),
  asset: between(0, count - 1),
  version: between(0, 2),
  /** The inputs that were skipped, and so absent. */
  absent: between(0, count - 1),
  reads: Draft.fields.reads
})

const Case = Schema.Struct({
  drafts: Schema.Tuple([Draft, Draft, Draft, Draft, Draft, Draft]),
  steps: Schema.Array(Step).check(Schema.isMaxLength(30))
})

const codeOf = (code: number): string | undefined => code === 0 ? undefined : String(code)

/** Only what comes before may be read; of two reads of one asset, both must do without it. */
const readsOf = (at: number, reads: typeof Draft.Type.reads): ReadonlyMap<string, boolean> => {
  const found = new Map<string, boolean>()
  for (const { of, optional } of reads) {
    if (of >= at) continue
    found.set(keyOf(of), (found.get(keyOf(of)) ?? true) && optional)
  }
  return found
}

const graphOf = (definitions: ReadonlyMap<string, Definition>, external: ReadonlySet<string>): Graph.Any => {
  const assets = new Map<string, Asset.Any>()
  for (const [key, { codeVersion, reads }] of definitions) {
    const deps = Array.from(
      reads,
      ([upstream, optional]) => optional ? Asset.optional(assets.get(upstream)!) : assets.get(upstream)!
    )
    assets.set(
      key,
      external.has(key) ? Asset.external(key) : Asset.make(key, { codeVersion, deps, compute: () => Effect.void })
    )
  }
  return Graph.fromAssets(assets.values())
}

const shown = (cause: Catalog.Cause): string => {
  switch (cause._tag) {
    case "CodeChanged":
      return `${cause.key}: code`
    case "UpstreamChanged":
      return `${cause.key}: data ${cause.upstream} ${cause.from} ${cause.to}`
    case "DependencyAdded":
      return `${cause.key}: added ${cause.upstream}`
    case "DependencyRemoved":
      return `${cause.key}: removed ${cause.upstream}`
  }
}

describe("the laws of staleness", () => {
  const seen = new Set<string>()

  it.effect.prop(
    "staleness is what the rules say of direct parents",
    [Arbitrary.schema(Case)],
    ([{ drafts, steps }]) =>
      Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        const external = new Set(drafts.flatMap((draft, at) => draft.external && at < 3 ? [keyOf(at)] : []))
        const definitions = new Map(
          drafts.map((draft, at): [string, Definition] => [keyOf(at), {
            reads: external.has(keyOf(at)) ? new Map() : readsOf(at, draft.reads),
            codeVersion: codeOf(draft.code)
          }])
        )
        const last = new Map<string, Materialized>()
        for (const [at, { absent, asset, reads, version: number, what }] of steps.entries()) {
          const key = keyOf(asset)
          const definition = definitions.get(key)!
          const version = `v${number}`
          if (what === "code") definitions.set(key, { ...definition, codeVersion: codeOf(number) })
          else if (what === "reads") {
            if (!external.has(key)) definitions.set(key, { ...definition, reads: readsOf(asset, reads) })
          } else if (what === "observe" || external.has(key)) {
            // it tells the version of the data, not what that was computed from
            const own = last.get(key) ?? { observed: true, codeVersion: undefined, inputs: new Map() }
            last.set(key, { ...own, at, version })
            yield* log.append([{ _tag: "AssetObserved", timestamp: at, key, dataVersion: version, metadata: {} }])
          } else {
            const { codeVersion } = definition
            const inputs = new Map<string, string>()
            for (const [upstream, optional] of definition.reads) {
              const found = last.get(upstream)
              if (found !== undefined && !(optional && keyOf(absent) === upstream)) inputs.set(upstream, found.version)
            }
            last.set(key, { at, version, observed: false, codeVersion, inputs })
            yield* log.append([{
              ...materialized("run", key, version),
              timestamp: at,
              codeVersion,
              inputVersions: Object.fromEntries(inputs)
            }])
          }
        }
        const naive = new Naive(definitions, last, external)
        const found: { readonly [key: string]: Catalog.Staleness } = yield* Catalog.staleness(
          graphOf(definitions, external)
        )
        for (const key of definitions.keys()) {
          const status = found[key]!
          seen.add(status._tag)
          assert.strictEqual(status._tag, naive.status(key), key)
          if (status._tag !== "Stale") continue
          for (const cause of status.causes) seen.add(cause._tag)
          assert.deepStrictEqual(status.causes.map(shown).sort(), [...naive.causes(key)].sort())
          assert.deepStrictEqual([...new Set(status.rootCauses.map(shown))].sort(), [...naive.roots(key)].sort())
          if (status.rootCauses.some((cause) => cause.key !== key)) seen.add("root upstream")
        }
      }).pipe(Effect.provide(EventLog.layerMemory)),
    runs
  )

  // what is never met is not tested
  afterAll(() => {
    assert.deepStrictEqual([...seen].sort(), [
      "CodeChanged",
      "DependencyAdded",
      "DependencyRemoved",
      "Fresh",
      "Missing",
      "Stale",
      "UpstreamChanged",
      "root upstream"
    ])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// partitions
// ---------------------------------------------------------------------------------------------------------------------

const size = 7
const letters = Array.from("abcdefg")
const dayKeys = Array.from({ length: size }, (_, at) => `1970-01-0${at + 1}`)
const sets = {
  letters: { set: Partitions.fixed(letters), keys: letters },
  days: { set: Partitions.daily({ start: "1970-01-01" }), keys: dayKeys }
} as const

/** How a partition downstream gets to what it reads: the places upstream. */
const mappings = {
  identity: { mapping: PartitionMapping.identity, of: (at: number) => [at] },
  all: { mapping: PartitionMapping.all, of: () => letters.map((_, at) => at) },
  before: {
    mapping: PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 }),
    of: (at: number) => at === 0 ? [] : [at - 1]
  },
  lately: {
    mapping: PartitionMapping.timeWindow({ startOffset: -2, allowNonexistent: true }),
    of: (at: number) => [at - 2, at - 1, at].filter((place) => place >= 0)
  }
} as const

const PartitionStep = Schema.Struct({
  what: Schema.Literals(["up", "up", "down"]),
  from: between(0, size - 1),
  length: between(1, size),
  version: between(0, 2),
  /** Versions of their own, for partitions that were computed together. */
  own: Schema.Array(between(0, 2)).check(Schema.isMaxLength(size)),
  one: Schema.Boolean
})

const PartitionCase = Schema.Struct({
  set: Schema.Literals(["letters", "days"]),
  mapping: Schema.Literals(["identity", "all", "before", "lately"]),
  whole: Schema.Boolean,
  code: between(0, 1),
  steps: Schema.Array(PartitionStep).check(Schema.isMaxLength(12))
})

interface Read {
  readonly code: string
  readonly versions: ReadonlyMap<number, string>
}

describe("the laws of staleness by partition", () => {
  const seen = new Set<string>()

  it.effect.prop(
    "ranges are what their partitions are one by one",
    [Arbitrary.schema(PartitionCase)],
    ([drawn]) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(size * 86_400_000)
        const log = yield* EventLog.EventLog
        // of either kind: what is asked for must not depend on it
        const { keys, set }: { readonly keys: ReadonlyArray<string>; readonly set: Partitions.Partitions<unknown> } =
          sets[drawn.set]
        const name = drawn.whole
          ? "all"
          : drawn.set === "letters" && (drawn.mapping === "before" || drawn.mapping === "lately")
          ? "identity"
          : drawn.mapping
        const { mapping, of } = mappings[name]
        const many = name === "all" || name === "lately"
        const up = Asset.make("up", { partitions: set, schema: Schema.Number, compute: () => Effect.succeed(1) })
        const input = many ? Asset.partitions(up, { mapping: mapping as never }) : Asset.partition(up, mapping as never)
        const down = Asset.make("down", {
          ...(!drawn.whole && { partitions: set }),
          codeVersion: String(drawn.code),
          inputs: { input },
          compute: () => Effect.void
        })

        const subset = (places: ReadonlyArray<number>) =>
          Effect.map(PartitionSubset.make(set, places.map((at) => keys[at]!) as never), PartitionSubset.serialize)
        const versions = new Map<number, string>()
        const downs = new Map<number, Read>()
        for (const step of drawn.steps) {
          const places = keys.flatMap((_, at) =>
            at >= step.from && at < (step.one ? step.from + 1 : step.from + step.length) ? [at] : []
          )
          const subject = places.length === 1
            ? { partition: keys[places[0]!]! }
            : { partitions: yield* subset(places) }
          if (step.what === "up") {
            const own = places.length === 1 ? [] : step.own.slice(0, places.length)
            places.forEach((at, index) => versions.set(at, `v${own[index] ?? step.version}`))
            const byPartition = Object.fromEntries(
              own.map((version, index) => [keys[places[index]!]!, { dataVersion: `v${version}`, inputVersions: {} }])
            )
            yield* log.append([{
              ...materialized("run", "up", `v${step.version}`),
              ...subject,
              ...(own.length > 0 && { byPartition })
            }])
            continue
          }
          // what is read together: all that is there, or one for each
          const needed = [...new Set((drawn.whole ? [0] : places).flatMap(of))].filter((at) => versions.has(at))
          const code = String(step.version === 0 ? 1 - drawn.code : drawn.code)
          for (const at of drawn.whole ? [0] : places) {
            downs.set(at, { code, versions: new Map(needed.map((place) => [place, versions.get(place)!])) })
          }
          const groups = new Map<string, Array<number>>()
          for (const at of needed) groups.set(versions.get(at)!, [...groups.get(versions.get(at)!) ?? [], at])
          const uniform = !many && groups.size === 1 &&
            places.every((at) => of(at).every((place) => versions.has(place)))
          const inputPartitions = yield* Effect.forEach(
            groups,
            ([dataVersion, group]) => Effect.map(subset(group), (partitions) => ({ partitions, dataVersion }))
          )
          seen.add(uniform ? "uniform" : "groups")
          yield* log.append([{
            ...materialized("run", "down", "d"),
            ...(drawn.whole ? {} : subject),
            codeVersion: code,
            ...(uniform
              ? { inputVersions: { up: [...groups.keys()][0]! } }
              : { inputPartitions: { up: inputPartitions } })
          }])
        }

        const isStale = (at: number): boolean => {
          const read = downs.get(at)!
          return read.code !== String(drawn.code) ||
            of(at).some((place) => versions.has(place) && versions.get(place) !== read.versions.get(place))
        }
        const { down: found } = yield* Catalog.staleness(Graph.make({ up, down }))
        if (drawn.whole) {
          assert.strictEqual(found._tag, downs.has(0) ? isStale(0) ? "Stale" : "Fresh" : "Missing")
          return
        }
        if (found._tag !== "Partitioned") return assert.fail(found._tag)
        const expected = (wanted: (at: number) => boolean) => keys.filter((_, at) => wanted(at))
        const keysOf = (of: PartitionSubset.Any) => Array.from(PartitionSubset.keys(of))
        assert.deepStrictEqual(keysOf(found.missing), expected((at) => !downs.has(at)), "missing")
        assert.deepStrictEqual(keysOf(found.stale), expected((at) => downs.has(at) && isStale(at)), "stale")
        assert.deepStrictEqual(keysOf(found.fresh), expected((at) => downs.has(at) && !isStale(at)), "fresh")
        for (const part of [found.missing, found.stale, found.fresh] as const) {
          if (PartitionSubset.size(part) > 1) seen.add(`${name}: ${part === found.stale ? "stale" : "other"}`)
        }
      }).pipe(Effect.provide(EventLog.layerMemory)),
    runs
  )

  afterAll(() => {
    assert.includeMembers([...seen], [
      "uniform",
      "groups",
      "identity: stale",
      "all: stale",
      "before: stale",
      "lately: stale"
    ])
  })
})
