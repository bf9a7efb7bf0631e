/** Four years of weather in Seattle: day by day, by month, by year. */
import { DateTime, Effect, Option, Schema } from "effect"
import { Asset, Condition, Metadata, Partitions } from "effect-assets"
import { Datasets, look } from "./resources.ts"

const common = { group: "weather", owners: ["team:weather"] } as const

/** The days and the months that were observed. Both end where the file does. */
const observed = { start: "2012-01-01", end: "2016-01-01", timeZone: "America/Los_Angeles" } as const
export const days = Partitions.daily(observed)
export const months = Partitions.monthly({ ...observed, format: "%Y-%m" })

const Observations = Schema.Array(Schema.Struct({
  date: Schema.String.check(Schema.isPattern(/^\d{4}-\d\d-\d\d$/)),
  precipitation: Schema.Finite,
  temp_max: Schema.Finite,
  temp_min: Schema.Finite,
  weather: Schema.Literals(["drizzle", "fog", "rain", "snow", "sun"])
}))

/** The file: something else writes it, so the graph only reads it, and looks whether it has changed. */
export const observations = Asset.external("datasets/seattle-weather.csv", {
  ...common,
  kinds: ["csv"],
  description: "What NOAA observed in Seattle each day from 2012 to 2015. A file of the npm package `vega-datasets`.",
  ioManager: Datasets,
  schema: Observations,
  observe: look("datasets/seattle-weather.csv", Observations)
})

/** Rain in millimetres, temperatures in degrees Celsius. */
export const Day = Schema.Struct({
  date: Schema.String,
  rain: Schema.Finite,
  high: Schema.Finite,
  low: Schema.Finite,
  sunny: Schema.Boolean
})
export type Day = typeof Day.Type

/**
 * One partition for each day. Its data version is its content: where the file changes, the days that have not make nothing
 * stale.
 */
export const daily_weather = Asset.make("daily_weather", {
  ...common,
  description: "The weather of one day.",
  codeVersion: "1",
  partitions: days,
  inputs: { observations },
  schema: Day,
  *compute({ observations }, { partition }) {
    const row = observations.find(({ date }) => date === partition.key)
    if (row === undefined) return Option.none() // nobody has looked at the sky
    const day: Day = {
      date: row.date,
      rain: row.precipitation,
      high: row.temp_max,
      low: row.temp_min,
      sunny: row.weather === "sun"
    }
    return Option.some(Asset.output(day, { dataVersion: `${day.rain} ${day.high} ${day.low} ${day.sunny}` }))
  }
})

const Month = Schema.Struct({ month: Schema.String, rain: Schema.Finite, rainyDays: Schema.Int })

export class MissingDays extends Schema.TaggedError<MissingDays>()("MissingDays", {
  month: Schema.String,
  found: Schema.Int,
  expected: Schema.Int
}) {
  override get message() {
    return `${this.month} has ${this.found} days of ${this.expected}: materialize daily_weather first.`
  }
}

/** One partition for each month, computed from those of its days. */
export const monthly_rain = Asset.make("monthly_rain", {
  ...common,
  description: "Rain and rainy days of one month.",
  codeVersion: "1",
  partitions: months,
  inputs: { days: Asset.partitions(daily_weather) },
  schema: Month,
  *compute({ days }, { partition }) {
    yield* Asset.step("check the calendar", complete(partition, days.size))
    const rain = [...days.values()].map(({ rain }) => rain)
    return { month: partition.key, rain: total(rain), rainyDays: rain.filter((rain) => rain > 0).length }
  }
})

/** As soon as a day has changed, unless it cannot have been: what a blocking check has stopped goes no further. */
const isBlocked = Condition.anyDepsMatch(Condition.anyChecksMatch(Condition.checkFailed, { blockingOnly: true }))
const eager = Condition.and(Condition.eager(), Condition.not(Condition.label(isBlocked, "any deps blocked")))

/** No partitions: the whole table, from all days. */
export const yearly_weather = Asset.make("yearly_weather", {
  ...common,
  description: "Rain, sun and extreme temperatures by year.",
  codeVersion: "1",
  automation: eager,
  inputs: { days: Asset.partitions(daily_weather) },
  schema: Schema.Array(Schema.Struct({
    year: Schema.String,
    rain: Schema.Finite,
    sunnyDays: Schema.Int,
    high: Schema.Finite,
    low: Schema.Finite
  })),
  *compute({ days }) {
    const years = Array.from(Map.groupBy(days.values(), ({ date }) => date.slice(0, 4)), ([year, days]) => ({
      year,
      rain: total(days.map(({ rain }) => rain)),
      sunnyDays: days.filter(({ sunny }) => sunny).length,
      high: Math.max(...days.map(({ high }) => high)),
      low: Math.min(...days.map(({ low }) => low))
    }))
    return Asset.output(years, { metadata: { rows: years.length, table: Metadata.table(years) } })
  }
})

/** One program, two assets. */
export const extremes = Asset.multi("extremes", {
  ...common,
  description: "The months with the most and the least rain.",
  codeVersion: "1",
  inputs: { months: Asset.partitions(monthly_rain) },
  outputs: {
    wettest_month: { schema: Month, automation: Condition.eager() },
    driest_month: { schema: Month, automation: Condition.eager() }
  },
  *compute({ months }) {
    const byRain = [...months.values()].sort((a, b) => a.rain - b.rain)
    return { wettest_month: Option.fromUndefinedOr(byRain.at(-1)), driest_month: Option.fromUndefinedOr(byRain[0]) }
  }
})

/** An `Option`: without a heat wave nothing is stored, and what needs one is skipped. */
export const heat_wave = Asset.make("heat_wave", {
  ...common,
  description: "The longest run of hot days, if there is one.",
  codeVersion: "1",
  automation: eager,
  inputs: { days: Asset.partitions(daily_weather) },
  schema: Schema.Struct({ from: Schema.String, to: Schema.String, days: Schema.Int, high: Schema.Finite }),
  config: Schema.Struct({
    threshold: Schema.Finite.pipe(Schema.withDecodingDefaultKey(Effect.succeed(35))),
    minDays: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(3)))
  }),
  *compute({ days }, { config }) {
    let longest: Array<Day> = []
    let current: Array<Day> = []
    for (const day of days.values()) {
      current = day.high >= config.threshold ? [...current, day] : []
      if (current.length > longest.length) longest = current
    }
    if (longest.length < config.minDays) return Option.none()
    return Option.some({
      from: longest[0]!.date,
      to: longest.at(-1)!.date,
      days: longest.length,
      high: Math.max(...longest.map(({ high }) => high))
    })
  }
})

const total = (millimetres: ReadonlyArray<number>) => Math.round(millimetres.reduce((a, b) => a + b, 0) * 10) / 10

const complete = Effect.fn(function*({ end, key, start }: Partitions.TimeWindow, found: number) {
  // a month in which clocks change is an hour longer or shorter
  const expected = Math.round((DateTime.toEpochMillis(end) - DateTime.toEpochMillis(start)) / 86_400_000)
  if (found < expected) return yield* new MissingDays({ month: key, found, expected })
})
