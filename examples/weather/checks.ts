/** What has to be true of the data, and what is worth a look. A check belongs to one asset, and judges each partition. */
import { Effect } from "effect"
import { Check } from "effect-assets"
import { daily_weather, monthly_rain } from "./weather.ts"

/** Blocking: from a day that cannot have been, nothing is computed. */
export const plausible = Check.make("plausible", {
  asset: daily_weather,
  blocking: true,
  description: "Seattle can have had a day like this.",
  check: ({ high, low, rain }) => {
    const passed = low <= high && low > -25 && high < 45 && rain >= 0 && rain < 200
    return Effect.succeed({ passed, description: `${rain} mm of rain, ${low} to ${high} °C` })
  }
})

/** A warning: the run goes on, and succeeds. */
export const some_rain = Check.make("some_rain", {
  asset: monthly_rain,
  severity: "warn",
  description: "It rains every month.",
  check: ({ rain }) => Effect.succeed({ passed: rain > 0, description: `${rain} mm of rain` })
})
