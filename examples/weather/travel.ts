/** Where to fly when it rains. */
import { Schema } from "effect"
import { Asset, Condition } from "effect-assets"
import { Datasets, look } from "./resources.ts"

const common = { group: "travel", owners: ["team:travel"] } as const

const Airports = Schema.Array(Schema.Struct({ iata: Schema.String, city: Schema.String, latitude: Schema.Finite }))

export const airports = Asset.external("datasets/airports.csv", {
  ...common,
  kinds: ["csv"],
  description: "Airports in the United States.",
  ioManager: Datasets,
  schema: Airports,
  observe: look("datasets/airports.csv", Airports)
})

const Flights = Schema.Array(Schema.Struct({ origin: Schema.String, destination: Schema.String, count: Schema.Int }))

export const flights = Asset.external("datasets/flights-airport.csv", {
  ...common,
  kinds: ["csv"],
  description: "How many flights went from one airport to another in 2008.",
  ioManager: Datasets,
  schema: Flights,
  observe: look("datasets/flights-airport.csv", Flights)
})

export const getaways = Asset.make("getaways", {
  ...common,
  description: "The southern cities with the most direct flights from Seattle.",
  codeVersion: "1",
  automation: Condition.eager(),
  inputs: { airports, flights },
  schema: Schema.Array(Schema.Struct({ airport: Schema.String, city: Schema.String, flights: Schema.Int })),
  *compute({ airports, flights }) {
    const southern = new Map(airports.filter(({ latitude }) => latitude < 35).map(({ city, iata }) => [iata, city]))
    const getaways = flights
      .filter(({ origin, destination }) => origin === "SEA" && southern.has(destination))
      .map(({ count, destination }) => ({ airport: destination, city: southern.get(destination)!, flights: count }))
      .sort((a, b) => b.flights - a.flights)
      .slice(0, 5)
    return Asset.output(getaways, { metadata: { rows: getaways.length } })
  }
})
