/** What people read. */
import { Option, Schedule, Schema } from "effect"
import { Asset, Condition, Freshness, Metadata } from "effect-assets"
import { Outbox } from "./resources.ts"
import { getaways } from "./travel.ts"
import { extremes, heat_wave, yearly_weather } from "./weather.ts"

const common = {
  group: "report",
  owners: ["team:weather", "editor@example.com"],
  tags: { audience: "public" }
} as const

/** Needs a heat wave: it is skipped when there is none. */
export const heat_warning = Asset.make("heat_warning", {
  ...common,
  description: "A warning to be printed in red.",
  kinds: ["markdown"],
  codeVersion: "1",
  automation: Condition.eager(),
  inputs: { heat_wave },
  schema: Schema.String,
  *compute({ heat_wave }) {
    return `**It was hot**: ${heat_wave.days} days up to ${heat_wave.high} °C from ${heat_wave.from} to ${heat_wave.to}.`
  }
})

/** Takes a heat wave if there is one, and is written in any case. It is to be written anew each week. */
export const report = Asset.make("report", {
  ...common,
  description: "The weather of all years on one page.",
  kinds: ["markdown"],
  codeVersion: "1",
  freshness: Freshness.window({ fail: "7 days", warn: "6 days" }),
  // eager waits for what is missing, and a warning may be missing for ever
  automation: Condition.replace(
    Condition.eager(),
    Condition.anyDepsMissing,
    Condition.ignore(Condition.anyDepsMissing, [heat_warning.key])
  ),
  inputs: { yearly_weather, ...extremes.assets, getaways, heat_warning: Asset.optional(heat_warning) },
  schema: Schema.String,
  *compute({ driest_month, getaways, heat_warning, wettest_month, yearly_weather }) {
    const page = [
      "# Rain in Seattle",
      "",
      ...yearly_weather.map(({ rain, sunnyDays, year }) => `- ${year}: ${rain} mm of rain, ${sunnyDays} sunny days`),
      "",
      `The wettest month was ${wettest_month.month} with ${wettest_month.rain} mm,`,
      `the driest ${driest_month.month} with ${driest_month.rain} mm.`,
      `Leave for ${getaways.map(({ city }) => city).join(", ")}.`,
      ...Option.toArray(heat_warning).flatMap((warning) => ["", warning])
    ].join("\n")
    return Asset.output(page, { metadata: { preview: Metadata.markdown(page), words: page.split(/\s+/).length } })
  }
})

/** A value that is `void`: nothing is stored. `deps` only order, so this comes after the report is stored. */
export const announcement = Asset.make("announcement", {
  ...common,
  description: "Tells the readers that there is a new report.",
  automation: Condition.eager(),
  deps: [report],
  *compute(_, { runId }) {
    const outbox = yield* Outbox
    yield* Asset.step("send", outbox.send(`The weather report is ready (run ${runId}).`), {
      retry: Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 2 }))
    })
  }
})
