/**
 * What keeps the assets up to date, when a daemon runs. A schedule and a sensor see to the days and months, by a job; what is
 * computed from those follows by itself: the assets have conditions, `automation: Condition.eager()`.
 */
import { Effect } from "effect"
import { Automation, Job } from "effect-assets"
import { Inbox, Outbox } from "./resources.ts"
import { airports, flights } from "./travel.ts"
import { observations } from "./weather.ts"

/** The assets that something else writes. Their keys end with the names of the files. */
const files: ReadonlyArray<string> = [observations.key, airports.key, flights.key]

/** Days and months that are missing or stale, and none that is fresh: after a correction, the one month that it is about. */
export const refresh = Job.make("refresh", {
  description: "Computes the days and months that are missing or stale.",
  select: ["daily_weather", "monthly_rain"],
  partitions: "all",
  onlyStale: true
})

/** Six o'clock in Seattle, in winter and in summer. The files are observed first, so that what they change is stale. */
export const everyMorning = Automation.schedule("every_morning", {
  description: "Looks whether the files have changed.",
  cron: "0 6 * * *",
  timeZone: "America/Los_Angeles",
  target: refresh,
  evaluate: () => Effect.succeed(Automation.request({ observe: files }))
})

/**
 * Looks into a directory. The cursor is what was there the last time; and whatever becomes of the cursor, nothing is requested
 * twice under one run key.
 */
export const deliveries = Automation.sensor("deliveries", {
  description: "Takes the files that are delivered to the inbox.",
  every: "10 seconds",
  target: refresh,
  *evaluate({ cursor = "" }) {
    const inbox = yield* Inbox
    const seen = cursor.split("\n")
    const found = (yield* inbox.files).flatMap(({ name, version }) => {
      const key = `datasets/${name}`
      return files.includes(key) ? [{ key, runKey: `${name} ${version}` }] : []
    })
    const fresh = found.filter(({ runKey }) => !seen.includes(runKey))
    if (fresh.length === 0) return Automation.skip("nothing new was delivered")
    return Automation.requests(
      fresh.map(({ key, runKey }) => ({ observe: [key], runKey })),
      { cursor: found.map(({ runKey }) => runKey).join("\n") }
    )
  }
})

/** Any run, whoever has started it: a blocking check that has failed is a failure, too. */
export const failures = Automation.runSensor("failures", {
  description: "Sends a message when a run has failed.",
  status: "Failed",
  *run({ id, keys }) {
    const outbox = yield* Outbox
    yield* outbox.send(`The run ${id} of ${keys.join(", ")} has failed.`)
  }
})
