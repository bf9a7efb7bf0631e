/** What is told of automation in words. Plain data. */
import type { Status, Tone } from "../kit/status.ts"
import { keyExpression } from "../launch/select.ts"
import { formatDuration } from "../time.ts"
import { cronsText } from "./cron.ts"
import type { Automation, Daemon, Job, Preview, Queued, QueueStatus, Tick, TickStatus } from "./data.ts"

/** What kinds of automations are called. */
export const kindLabel: { readonly [kind in Automation["kind"]]: string } = {
  schedule: "Schedule",
  sensor: "Sensor",
  assetSensor: "Asset sensor",
  runSensor: "Run sensor",
  streamSensor: "Stream sensor",
  condition: "Conditions"
}

/** The states of ticks, in the order of the lanes of a timeline. */
export const tickStatuses: ReadonlyArray<TickStatus> = ["Requested", "Skipped", "Failed"]

/** The colour of a tick. */
export const tickTone: { readonly [status in TickStatus]: Tone } = {
  Requested: "fresh",
  Skipped: "skipped",
  Failed: "failed"
}

/** The look of a requested run: once it is launched, it is that of the run. */
export const queuedStatus = (
  queued: { readonly status?: QueueStatus | undefined; readonly runStatus?: Queued["runStatus"] }
): Status => queued.runStatus ?? (queued.status === undefined ? "Unknown" : queued.status)

const plural = (count: number, one: string): string => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`

/** The first of some names, and how many more there are. */
export const firstOf = (names: ReadonlyArray<string>, most = 2): string =>
  names.length <= most
    ? names.join(", ")
    : `${names.slice(0, most).join(", ")} and ${(names.length - most).toLocaleString("en")} more`

const ended: { readonly [status: string]: string | undefined } = {
  __proto__: null!, // statuses are what the server calls them
  Started: "begins",
  Succeeded: "succeeds",
  Failed: "fails",
  Cancelled: "is cancelled",
  Running: "begins"
}

/** A duration without what is zero of it. */
export const shortDuration = (millis: number): string => formatDuration(millis).replace(/\.0 s$/, " s")

/** When an automation is evaluated, such as `every day at 06:00`. */
export const whenText = (automation: Automation): string => {
  const { assets = [], conditions, cron, everyMillis, jobs = [], kind, match, statuses = [] } = automation
  switch (kind) {
    case "schedule":
      return cronsText(cron ?? [])
    case "sensor":
      return everyMillis === undefined ? "from time to time" : `looks every ${shortDuration(everyMillis)}`
    case "assetSensor":
      return assets.length === 1
        ? `when ${assets[0]} has new data`
        : `when ${match === "all" ? "all" : "one"} of ${firstOf(assets)} ${match === "all" ? "have" : "has"} new data`
    case "runSensor": {
      const of = jobs.length > 0 ? ` of ${firstOf(jobs)}` : assets.length > 0 ? ` of ${firstOf(assets)}` : ""
      return `when a run${of} ${firstOf(statuses.map((status) => ended[status] ?? status), 4).replaceAll(", ", " or ")}`
    }
    case "streamSensor":
      return "when something is pushed"
    case "condition":
      return `when something changes${conditions === undefined ? "" : `: ${plural(conditions, "condition")}`}`
  }
}

/** What came of a tick, in a line. */
export const tickText = (
  tick: Pick<Tick, "status" | "reason" | "error"> & { readonly queued: number }
): string => {
  switch (tick.status) {
    case "Failed":
      return tick.error === undefined ? tick.reason ?? "The evaluation failed" : tick.error.message.split("\n")[0]!
    case "Skipped":
      return tick.reason ?? "Nothing to request"
    case "Requested":
      return `${plural(tick.queued, "run")} requested${tick.reason === undefined ? "" : `: ${tick.reason}`}`
  }
}

/** What a tick that is to come will come to: `undefined` where a program decides, which nobody has run. */
export const expectedOf = (
  { error, requests }: Pick<Preview["ticks"][number], "error" | "requests">
): TickStatus | undefined =>
  error !== undefined ? "Failed" : requests === undefined ? undefined : requests.length === 0 ? "Skipped" : "Requested"

/** Whether the program of a sensor of runs has done something, rather than requested it. */
export const isDone = ({ kind, status }: Pick<Tick, "kind" | "status">): boolean =>
  kind === "runSensor" && status === "Skipped"

/** How many runs a tick has put into the queue. */
export const queuedOf = (
  { requests }: { readonly requests: ReadonlyArray<{ readonly deduplicated: boolean }> }
): number => requests.filter(({ deduplicated }) => !deduplicated).length

/** What the newest ticks came to, for those who do not see their colours: `20 ticks: 3 requested, 16 skipped, 1 failed`. */
export const stripText = (ticks: ReadonlyArray<Pick<Tick, "status">>): string => {
  if (ticks.length === 0) return "No ticks yet"
  const counts = tickStatuses.flatMap((status) => {
    const count = ticks.filter((tick) => tick.status === status).length
    return count === 0 ? [] : [`${count} ${status.toLowerCase()}`]
  })
  return `${plural(ticks.length, "tick")}: ${counts.join(", ")}`
}

/** Why a requested run waits. */
export const waitingText = (queued: Queued, now: number): string | undefined => {
  if (queued.status === "Launching") return "It is being launched"
  if (queued.status !== "Queued") return undefined
  if (queued.notBefore !== undefined && queued.notBefore > now) {
    const when = `Tried again in ${shortDuration(Math.ceil((queued.notBefore - now) / 1000) * 1000)}`
    return queued.error === undefined ? when : `${when}: ${queued.error.message.split("\n")[0]}`
  }
  return queued.waitingFor ?? "Next"
}

/** What is wrong with the daemon, for everybody who waits for it; `undefined` where all is well. */
export const daemonProblem = (
  daemon: Daemon | undefined
): { readonly tone: "stale" | "failed"; readonly text: string } | undefined => {
  if (daemon === undefined) return undefined
  if (!daemon.present) {
    return {
      tone: "stale",
      text: daemon.queued === 0
        ? "No daemon runs: schedules do not tick, sensors do not look, and nothing is launched."
        : `No daemon runs: nothing ticks, and ${plural(daemon.queued, "requested run")} ${
          daemon.queued === 1 ? "waits" : "wait"
        }.`
    }
  }
  const [problem] = daemon.problems
  return problem === undefined ? undefined : { tone: "failed", text: `The daemon reports: ${problem}` }
}

/** The hour and the minute of a time in a zone; `undefined` where the browser does not know the zone. */
export const inZone = (at: number, timeZone: string): string | undefined => {
  try {
    return new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(at)
  } catch {
    return undefined
  }
}

/** The selection of a job for an address: one that lists keys is told with commas between, which is no expression. */
export const selectionOf = (
  { keys, select }: Pick<Job, "keys" | "select">
): { readonly select?: string } =>
  select === undefined
    ? {}
    : { select: keys.length > 0 && select === keys.join(", ") ? keys.map(keyExpression).join(" or ") : select }
