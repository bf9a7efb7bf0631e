/** Four years of weather in Seattle. */
import { Effect, Option, Schema } from "effect"
import { Asset, Metadata } from "effect-assets"
import { Datasets } from "./resources.ts"

const common = { group: "weather", owners: ["team:weather"] } as const

/** The file: something else writes it, so the graph only reads it. */
export const observations = Asset.external("datasets/seattle-weather.csv", {
  ...common,
  kinds: ["csv"],
  description: "What NOAA observed in Seattle each day from 2012 to 2015. A file of the npm package `vega-datasets`.",
  ioManager: Datasets,
  schema: Schema.Array(Schema.Struct({
    date: Schema.String.check(Schema.isPattern(/^\d{4}-\d\d-\d\d$/)),
    precipitation: Schema.Finite,
    temp_max: Schema.Finite,
    temp_min: Schema.Finite,
    weather: Schema.Literals(["drizzle", "fog", "rain", "snow", "sun"])
  }))
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

export class MissingDays extends Schema.TaggedError<MissingDays>()("MissingDays", {
  after: Schema.String,
  before: Schema.String
}) {
  override get message() {
    return `There are no observations between ${this.after} and ${this.before}.`
  }
}

export const days = Asset.make("days", {
  ...common,
  description: "One row for each day, none missing.",
  codeVersion: "1",
  inputs: { observations },
  schema: Schema.Array(Day),
  *compute({ observations }) {
    yield* Asset.step("check the calendar", complete(observations.map(({ date }) => date)))
    const days = observations.map((row): Day => ({
      date: row.date,
      rain: row.precipitation,
      high: row.temp_max,
      low: row.temp_min,
      sunny: row.weather === "sun"
    }))
    return Asset.output(days, { metadata: { rows: days.length, sample: Metadata.table(days.slice(0, 3)) } })
  }
})

const Month = Schema.Struct({ month: Schema.String, rain: Schema.Finite, rainyDays: Schema.Int })

export const monthly_rain = Asset.make("monthly_rain", {
  ...common,
  description: "Rain and rainy days by month.",
  codeVersion: "1",
  inputs: { days },
  schema: Schema.Array(Month),
  *compute({ days }) {
    const months = Array.from(Map.groupBy(days, ({ date }) => date.slice(0, 7)), ([month, days]) => ({
      month,
      rain: total(days.map(({ rain }) => rain)),
      rainyDays: days.filter(({ rain }) => rain > 0).length
    }))
    return Asset.output(months, { metadata: { rows: months.length } })
  }
})

export const yearly_weather = Asset.make("yearly_weather", {
  ...common,
  description: "Rain, sun and extreme temperatures by year.",
  codeVersion: "1",
  inputs: { days },
  schema: Schema.Array(Schema.Struct({
    year: Schema.String,
    rain: Schema.Finite,
    sunnyDays: Schema.Int,
    high: Schema.Finite,
    low: Schema.Finite
  })),
  *compute({ days }) {
    const years = Array.from(Map.groupBy(days, ({ date }) => date.slice(0, 4)), ([year, days]) => ({
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
  inputs: { monthly_rain },
  outputs: { wettest_month: { schema: Month }, driest_month: { schema: Month } },
  *compute({ monthly_rain }) {
    const byRain = monthly_rain.toSorted((a, b) => a.rain - b.rain)
    return { wettest_month: Option.fromUndefinedOr(byRain.at(-1)), driest_month: Option.fromUndefinedOr(byRain[0]) }
  }
})

/** An `Option`: without a heat wave nothing is stored, and what needs one is skipped. */
export const heat_wave = Asset.make("heat_wave", {
  ...common,
  description: "The longest run of hot days, if there is one.",
  codeVersion: "1",
  inputs: { days },
  schema: Schema.Struct({ from: Schema.String, to: Schema.String, days: Schema.Int, high: Schema.Finite }),
  config: Schema.Struct({
    threshold: Schema.Finite.pipe(Schema.withDecodingDefaultKey(Effect.succeed(35))),
    minDays: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(3)))
  }),
  *compute({ days }, { config }) {
    let longest: Array<Day> = []
    let current: Array<Day> = []
    for (const day of days) {
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

const complete = Effect.fn(function*(dates: ReadonlyArray<string>) {
  for (let i = 1; i < dates.length; i++) {
    const [after, before] = [dates[i - 1]!, dates[i]!]
    if (Date.parse(before) - Date.parse(after) !== 86_400_000) return yield* new MissingDays({ after, before })
  }
})
