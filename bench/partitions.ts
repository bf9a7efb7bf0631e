/** Subsets of a million partitions, and time windows mapped in whole ranges beside one by one. */
import * as Mapping from "../src/internal/mapping.ts"
import * as Subset from "../src/internal/subset.ts"
import * as PartitionMapping from "../src/PartitionMapping.ts"
import * as Partitions from "../src/Partitions.ts"
import { inTurns, type Row } from "./measure.ts"

const count = 1_000_000
/** So many runs in one measurement: one alone is too short for the clock. */
const times = 100
/** So many partitions are mapped one by one; all of them would take seconds. */
const sampled = 20_000

const repeated = (run: () => unknown) => async () => {
  for (let i = 0; i < times; i++) run()
}

const figure = (millis: number): string =>
  millis >= 100
    ? `${millis.toFixed(0)} ms`
    : millis >= 1
    ? `${millis.toFixed(2)} ms`
    : `${(millis * 1000).toFixed(2)} µs`

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`wrong result: ${what}`)
}

/** Sixty of each hundred. */
const scattered = Subset.fromRanges(
  Array.from({ length: 20_000 }, (_, i) => i % 2 === 0 ? (i / 2) * 100 : ((i - 1) / 2) * 100 + 60)
)

const measureSubsets = async (rounds: number): Promise<ReadonlyArray<Row>> => {
  const all = Subset.all([count])
  const middle = Subset.fromRange(400_000, 600_000)
  const rest = Subset.difference(all, middle)
  const product = Subset.all([count / 100, 10, 10])
  const corner = Subset.box([Subset.fromRange(5000, 6000), Subset.fromRange(2, 4), Subset.fromRange(0, 5)])
  check(Subset.union(rest, middle).size === count && rest.size === 800_000, "a million partitions")
  check(Subset.union(scattered, Subset.complement(scattered, [count])).size === count, "scattered partitions")
  const found = await inTurns(rounds, 5, {
    "add to a million partitions": repeated(() => Subset.union(rest, middle)),
    "subtract from a million": repeated(() => Subset.difference(all, middle)),
    "count a million": repeated(() => Subset.complement(rest, [count]).size),
    "the same in three dimensions: subtract and add": repeated(() =>
      Subset.union(Subset.difference(product, corner), corner)
    ),
    "10,000 stretches of a million: subtract": repeated(() => Subset.difference(all, scattered))
  })
  return Object.entries(found).map(([what, { median }]) => ({
    what,
    figure: figure(median / times),
    budget: "1 ms",
    within: median / times < 1
  }))
}

const measureMappings = async (rounds: number): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const timeZone of ["UTC", "America/New_York"]) {
    const options = { start: "1970-01-01", end: "2020-01-01", timeZone }
    const now = Date.parse("2021-01-01")
    const hours = Partitions.resolveAt(Partitions.hourly(options), now, new Map())
    const days = Partitions.resolveAt(Partitions.daily(options), now, new Map())
    const [everyHour, everyDay] = [Subset.allOf(hours), Subset.allOf(days)]
    const lag = PartitionMapping.timeWindow({ startOffset: -1 })
    const toDays = () => Mapping.upstream(undefined, hours, everyHour, days)
    const toHours = () => Mapping.upstream(undefined, days, everyDay, hours)
    const back = () => Mapping.downstream(lag, hours, everyHour, days)
    check(toDays().existing.size === everyDay.size && toDays().missingCount === 0, "hours to days")
    check(toHours().existing.size === everyHour.size && toHours().missingCount === 0, "days to hours")
    check(back().size === everyDay.size, "hours back to days")
    const some = Subset.fromRange(0, sampled)
    const found = await inTurns(rounds, 3, {
      toDays: async () => toDays(),
      toHours: async () => toHours(),
      back: async () => back(),
      oneByOne: async () => {
        for (const hour of Subset.chunk(some, 1)) Mapping.upstream(undefined, hours, hour, days)
      }
    })
    const oneByOne = found["oneByOne"]!.median * everyHour.size / sampled
    const row = (what: string, name: string): Row => {
      const { median } = found[name]!
      return {
        what: `${what}, 50 years, ${timeZone}`,
        figure: figure(median),
        limit: `one by one ${figure(oneByOne)}, ${(oneByOne / median).toFixed(0)} times as long`,
        budget: "5 ms",
        within: median < 5
      }
    }
    rows.push(
      row("hourly from daily", "toDays"),
      row("daily from hourly", "toHours"),
      row("daily downstream of hourly, a day more", "back")
    )
  }
  return rows
}

export const measurePartitions = async (rounds = 20): Promise<ReadonlyArray<Row>> => [
  ...await measureSubsets(rounds),
  ...await measureMappings(rounds)
]
