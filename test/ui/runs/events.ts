/** Runs that are made up, the same for a seed: what their events are, and what came of each asset. */
import type { Model } from "../../../src/server/Api.ts"
import { numbers } from "../graph/generate.ts"

type Outcome = Model.OutcomeName

const outcomes: ReadonlyArray<Outcome> = [
  "Materialized",
  "Materialized",
  "Materialized",
  "Skipped",
  "UpToDate",
  "Failed",
  "UpstreamFailed",
  "Cancelled"
]

/** An event of an asset, with what a test does not care about left out. */
export const assetEvent = (
  event: Pick<Model.AssetEvent, "key" | "outcome" | "cursor" | "timestamp"> & Partial<Model.AssetEvent>
): Model.RunEvent => ({ _tag: "AssetFinished", event })

/** A run in which each asset without partitions has one outcome and one with partitions has one for each. */
export interface MadeRun {
  readonly keys: ReadonlyArray<string>
  readonly events: ReadonlyArray<Model.RunEvent>
  /** What came of each part, by asset. */
  readonly parts: ReadonlyMap<string, ReadonlyArray<{ readonly part: string | undefined; readonly outcome: Outcome }>>
}

/** Makes up a run. */
export const makeRun = (seed: number, count: number): MadeRun => {
  const random = numbers(seed)
  const keys = Array.from({ length: count }, (_, index) => `asset_${index}`)
  const parts = new Map<string, Array<{ readonly part: string | undefined; readonly outcome: Outcome }>>()
  const events: Array<Model.RunEvent> = []
  let cursor = 1
  let now = 1_000_000
  const next = () => now += Math.floor(random() * 50)
  events.push({ _tag: "RunStarted", cursor: cursor++, timestamp: now, keys })
  for (const key of keys) {
    const mine: Array<{ readonly part: string | undefined; readonly outcome: Outcome }> = []
    parts.set(key, mine)
    const names = random() < 0.3 ? ["2024-01-01", "2024-01-02", "2024-01-03"] : [undefined]
    for (const part of names) {
      const outcome = outcomes[Math.floor(random() * outcomes.length)]!
      mine.push({ part, outcome })
      const partition = part === undefined ? {} : { partition: part }
      const runs = outcome === "Materialized" || outcome === "Failed" || (outcome === "Cancelled" && random() < 0.5)
      const begun = next()
      if (runs) {
        const attempts = 1 + Math.floor(random() * 2)
        for (let attempt = 1; attempt <= attempts; attempt++) {
          events.push({ _tag: "AssetStarted", timestamp: next(), key, attempt, ...partition })
        }
        if (random() < 0.5) {
          const at = next()
          events.push({ _tag: "StepStarted", timestamp: at, key, name: "load" })
          now = at + 200
          events.push({
            _tag: "StepFinished",
            timestamp: now,
            key,
            step: { name: "load", attempts: 1, durationMillis: 200, status: "Succeeded" }
          })
        }
      }
      const end = next()
      events.push(assetEvent({
        cursor: cursor++,
        timestamp: end,
        key,
        outcome,
        ...partition,
        ...outcome === "Materialized" || outcome === "Failed" ? { durationMillis: end - begun } : {}
      }))
    }
  }
  const failed = [...parts.values()].flat().some(({ outcome }) => outcome === "Failed")
  events.push({
    _tag: "RunFinished",
    cursor: cursor++,
    timestamp: next(),
    status: failed ? "Failed" : "Succeeded",
    durationMillis: now - 1_000_000
  })
  return { keys, events, parts }
}

/** In another order, the same for a seed. */
export const shuffled = <A>(items: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  const random = numbers(seed)
  return items.map((item) => [random(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item)
}
