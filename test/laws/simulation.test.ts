/**
 * A year of schedules over clock changes, and days of assets with all kinds of conditions, of programs that fail and updates
 * from outside, in a moment. What was requested is compared with what the recorded history says by rules that are told here
 * again, the long way round. With `LAWS_FACTOR`, as `npm run test:long` sets it, the days are a year.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import {
  Asset,
  Automation,
  type AutomationStore,
  Condition,
  Definitions,
  EventLog,
  Graph,
  IOManager,
  Partitions,
  Runtime
} from "effect-assets"
import { simulate } from "effect-assets/testing"
import { Compared, type Described, watched } from "../fixtures/watched.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const isLong = process.env["LAWS_FACTOR"] !== undefined
const seed = Number(process.env["LAWS_SEED"] ?? 1)

/** A stretch of time. */
interface Span {
  readonly from: number
  readonly to: number
}

const startOfYear = Date.parse("2024-01-01T00:20:30Z")
// both changes of the clocks of Berlin, New York and Lord Howe Island
const year: Span = { from: startOfYear, to: startOfYear + 366 * day }
const spring = Date.parse("2024-03-29T00:20:30Z")
const span: Span = isLong ? year : { from: spring, to: spring + 10 * day }

const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// schedules, minute by minute
// ---------------------------------------------------------------------------------------------------------------------

/** The local time of each minute, as the platform tells it. */
const localOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23"
  })
  return (time: number): { readonly date: string; readonly minutes: number } => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]))
    return {
      date: `${parts["year"]}-${parts["month"]}-${parts["day"]}`,
      minutes: Number(parts["hour"]) * 60 + Number(parts["minute"])
    }
  }
}

/** When it is a time of the day: the later of two, and the end of the gap where it is skipped. */
const dailyTimes = (timeZone: string, at: number, { from, to }: Span): ReadonlyArray<number> => {
  const local = localOf(timeZone)
  const byDate = new Map<string, { last: number | undefined; after: number | undefined }>()
  const begin = Math.floor(from / hour) * hour - 2 * day
  for (let time = begin; time <= to; time += 10 * minute) {
    const { date, minutes } = local(time)
    let found = byDate.get(date)
    if (found === undefined) byDate.set(date, found = { last: undefined, after: undefined })
    if (minutes === at) found.last = time
    else if (minutes > at && found.after === undefined) found.after = time
  }
  return [...byDate.values()].map(({ after, last }) => last ?? after).filter((time) =>
    time !== undefined && time >= from && time <= to
  ) as ReadonlyArray<number>
}

const hourlyTimes = (past: number, { from, to }: Span): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let time = Math.ceil(from / minute) * minute; time <= to; time += minute) {
    if (Math.floor(time / minute) % 60 === past) times.push(time)
  }
  return times
}

// ---------------------------------------------------------------------------------------------------------------------
// what is simulated
// ---------------------------------------------------------------------------------------------------------------------

const cron = "0 6 * * *"
const zone = "Europe/Berlin"

const world = (seed: number) => {
  const random = randomOf(seed)
  const assets: Array<Asset.Any> = []
  const described: Array<Described> = []
  const failures = randomOf(seed + 1)
  const kindOf = (at: number): Described["kind"] =>
    at < 30 ? "root" : at % 5 === 0 ? "plain" : at % 3 === 0 ? "cron" : "eager"
  for (let at = 0; at < 195; at++) {
    const kind = kindOf(at)
    const key = `${kind}_${at}`
    const count = kind === "root" ? 0 : 1 + Math.floor(random() * 3)
    const places = new Set(Array.from({ length: count }, () => Math.floor(random() * Math.min(at, 60))))
    const deps = [...places].map((place) => assets[place]!)
    described.push({ key, kind, deps: deps.map((dep) => dep.key) })
    assets.push(Asset.make(key, {
      deps,
      ...(kind === "eager" && { automation: Condition.eager() }),
      ...(kind === "cron" && { automation: Condition.onCron(cron, { timeZone: zone }) }),
      compute: () =>
        Effect.suspend(() =>
          failures() < 0.03 ? Effect.fail("bad luck") : Effect.sleep(Math.floor(failures() * 3) * 1_000)
        )
    }))
  }
  const days = Partitions.daily({ start: "2023-12-25", timeZone: "America/New_York" })
  for (let at = 0; at < 5; at++) {
    described.push({ key: `days_${at}`, kind: "days", deps: [] })
    assets.push(Asset.make(`days_${at}`, {
      partitions: days,
      automation: Condition.onMissing(),
      compute: () => Effect.void
    }))
  }
  return { assets, described }
}

/** What was recorded of assets without partitions, by key. */
interface History {
  readonly updates: ReadonlyMap<string, ReadonlyArray<{ readonly at: number; readonly runId: string }>>
  readonly requests: ReadonlyMap<string, ReadonlyArray<number>>
}

const times = (all: ReadonlyMap<string, ReadonlyArray<number>>, key: string): ReadonlyArray<number> =>
  all.get(key) ?? []

const schedulesOf = (span: Span) => [
  { name: "hourly", cron: "15 * * * *", timeZone: "Australia/Lord_Howe", expected: undefined },
  { name: "utc", cron: "45 * * * *", timeZone: "UTC", expected: hourlyTimes(45, span) },
  { name: "gap", cron: "30 2 * * *", timeZone: zone, expected: dailyTimes(zone, 150, span) },
  { name: "york", cron: "30 1 * * *", timeZone: "America/New_York", expected: dailyTimes("America/New_York", 90, span) }
]

/** Every tick is there once, and nothing else. */
const assertTicks = (schedules: ReturnType<typeof schedulesOf>, ticks: ReadonlyArray<AutomationStore.Tick>): void => {
  for (const { expected, name } of schedules) {
    const found = ticks.filter(({ automation }) => automation === name).map(({ scheduledAt }) => scheduledAt!)
    if (expected !== undefined) assert.deepStrictEqual(found, expected, name)
    // summer time is half an hour: so is the hour before and after a change
    else {
      const steps = found.slice(1).map((time, at) => (time - found[at]!) / minute)
      assert.isTrue(steps.every((step) => [30, 60, 90].includes(step)), name)
    }
  }
}

/** Every requested run was launched once. */
const assertLaunched = (
  queue: ReadonlyArray<AutomationStore.QueuedRun>,
  runs: ReadonlyArray<EventLog.RunRecord>,
  { to }: Span
): void => {
  const launches = new Map<string, number>()
  for (const { tags } of runs) {
    if (tags["queued"] !== undefined) launches.set(tags["queued"], (launches.get(tags["queued"]) ?? 0) + 1)
  }
  for (const { id, queuedAt, request, status } of queue) {
    if (queuedAt < to - minute) assert.strictEqual(status, "Launched")
    if (status === "Launched") assert.strictEqual(launches.get(id), 1, JSON.stringify(request))
  }
  assert.isTrue(runs.every((run) => run.status !== "Running" || run.startedAt > to - minute))
}

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

describe("a year of schedules", () => {
  it.live("each tick is a run, once, over clock changes", () =>
    Effect.gen(function*() {
      const a = Asset.make("a", Effect.sleep("90 minutes"))
      const schedules = schedulesOf(year)
      const definitions = Definitions.make({
        graph: Graph.make({ a }),
        automations: schedules.map(({ cron, name, timeZone }) =>
          Automation.schedule(name, { cron, timeZone, target: { select: ["a"] } })
        ),
        layer: inMemory
      })
      const { queue, runs, ticks } = yield* simulate(definitions, year)
      assertTicks(schedules, ticks)
      assert.strictEqual(runs.length, ticks.length)
      assert.strictEqual(queue.length, ticks.length)
    }), 120_000)
})

describe(`${Math.round((span.to - span.from) / day)} days of conditions of 200 assets`, () => {
  it.live(`no run is missed, doubled or a surprise (seed ${seed})`, () =>
    Effect.gen(function*() {
      const { from, to } = span
      const { assets, described } = world(seed)
      // they need nothing but what the log layer has
      const graph = Graph.fromAssets(assets) as unknown as Graph.Graph<
        { readonly [key: string]: Asset.Asset<string, void> }
      >
      const schedules = schedulesOf(span)
      const random = randomOf(seed + 2)
      const compared = new Compared()
      const roots = described.filter(({ kind }) => kind === "root").map(({ key }) => key)
      const happenings = Array.from({ length: Math.floor((to - from) / day) * 2 }, () => {
        const keys = roots.filter(() => random() < 0.1)
        return {
          // not while schedules run
          at: from + Math.floor(random() * ((to - from) / hour)) * hour + (5 + Math.floor(random() * 5)) * minute,
          effect: Runtime.run(graph, { select: keys })
        }
      })
      const definitions = Definitions.make({
        graph,
        automations: schedules.map(({ cron, name, timeZone }, at) =>
          Automation.schedule(name, { cron, timeZone, target: { select: [roots[2 * at]!, roots[2 * at + 1]!] } })
        ),
        layer: watched({ assets: described, ticks: dailyTimes(zone, 360, span), daysAt: daysOf(span) }, compared)
      })
      const { log, queue, runs, ticks } = yield* simulate(definitions, {
        from,
        to,
        happenings,
        // explanations of a year do not fit into memory
        daemon: { debounce: "500 millis", retention: { evaluations: "1 day" } }
      })
      assert.deepStrictEqual(compared.differences.slice(0, 3), [])
      assert.isAbove(compared.evaluations, ticks.length / 3)
      assertTicks(schedules, ticks)
      assertLaunched(queue, runs, span)
      const history = yield* historyOf(log, queue)
      let requested = 0
      for (const asset of described) {
        const found = times(history.requests, asset.key)
        requested += found.length
        if (asset.kind === "root" || asset.kind === "plain") assert.deepStrictEqual(found, [], asset.key)
        if (asset.kind === "eager") assertEager(asset, history, runs)
        if (asset.kind === "cron") assertCron(asset, history)
      }
      assert.isAbove(requested, 20 * Math.floor((to - from) / day))
      yield* assertDays(log)
    }), 1_800_000)
})

const historyOf = Effect.fnUntraced(function*(
  log: EventLog.Service,
  queue: ReadonlyArray<AutomationStore.QueuedRun>
) {
  const updates = new Map<string, Array<{ readonly at: number; readonly runId: string }>>()
  yield* Stream.runForEachArray(log.events({ tags: ["AssetMaterialized"] }), (events) =>
    Effect.sync(() => {
      for (const event of events) {
        if (event._tag !== "AssetMaterialized") continue
        const { key, runId, timestamp: at } = event
        const known = updates.get(key)
        if (known === undefined) updates.set(key, [{ at, runId }])
        else known.push({ at, runId })
      }
    }))
  const requests = new Map<string, Array<number>>()
  for (const { automation, queuedAt, request } of queue) {
    if (automation !== ":conditions") continue
    for (const key of request.keys ?? []) {
      const known = requests.get(key)
      if (known === undefined) requests.set(key, [queuedAt])
      else known.push(queuedAt)
    }
  }
  return { updates, requests } satisfies History
})

/** The place of the first time that is not before one. */
const firstFrom = (times: ReadonlyArray<number>, time: number): number => {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}

/** So long after something has happened conditions may be evaluated. */
const patience = 30_000

/**
 * Eager, from the end: each request has an update, or a request at the same time, of what it is computed from, since it was
 * last handled; and each update is followed by a request or an update of this, unless it was by a run that was to compute
 * this as well.
 */
const assertEager = (
  { deps, key }: Described,
  { requests, updates }: History,
  runs: ReadonlyArray<EventLog.RunRecord>
): void => {
  const { from, to } = span
  const own = times(requests, key)
  const handled = [...own, ...(updates.get(key) ?? []).map(({ at }) => at)].sort((a, b) => a - b)
  const targets = new Map(runs.map(({ id, keys }) => [id, keys]))
  const causes = deps.flatMap((dep) => [
    ...(updates.get(dep) ?? []).filter(({ runId }) => !targets.get(runId)!.includes(key)).map(({ at }) => at),
    ...times(requests, dep)
  ]).sort((a, b) => a - b)
  // what changes while it is computed is news to it
  const begun = new Map(runs.map(({ id, startedAt }) => [id, startedAt]))
  const begins = [...own, ...(updates.get(key) ?? []).map(({ runId }) => begun.get(runId)!)].sort((a, b) => a - b)
  for (const at of own) {
    const before = begins[firstFrom(begins, at) - 1] ?? from
    assert.isAtMost(
      causes[firstFrom(causes, before)] ?? Infinity,
      at,
      `${key} is requested at ${new Date(at).toISOString()}, and nothing has changed since ${
        new Date(before).toISOString()
      }`
    )
  }
  // what is never there keeps it waiting
  const complete = Math.max(...deps.map((dep) => updates.get(dep)?.[0]?.at ?? Infinity))
  for (const dep of deps) {
    for (const { at, runId } of updates.get(dep) ?? []) {
      if (targets.get(runId)!.includes(key) || at > to - hour) continue
      const due = Math.max(at, complete) + hour
      if (due > to) continue
      assert.isAtMost(
        handled[firstFrom(handled, at - patience)] ?? Infinity,
        due,
        `${key} is not requested after ${dep} was computed at ${new Date(at).toISOString()}`
      )
    }
  }
}

/**
 * onCron, period by period: one request as soon as everything it is computed from was computed since the tick, or is requested
 * together with it.
 */
const assertCron = ({ deps, key }: Described, { requests, updates }: History): void => {
  const { to } = span
  const ticks = dailyTimes(zone, 360, span)
  const own = times(requests, key)
  for (const [at, begin] of ticks.entries()) {
    const end = ticks[at + 1] ?? to
    const found = own.filter((time) => time >= begin && time < end)
    // what is requested at the same time counts as computed, and at no other time: it may fail
    const first = deps.map((dep) => (updates.get(dep) ?? []).find((update) => update.at >= begin)?.at ?? Infinity)
    const together = deps.flatMap((dep) => times(requests, dep)).filter((time) =>
      time >= begin && deps.every((dep, place) => first[place]! <= time || times(requests, dep).includes(time))
    )
    const due = Math.min(Math.max(...first), ...together)
    const period = `${key} from ${new Date(begin).toISOString()}`
    if (due >= end - patience) assert.isAtMost(found.length, 1, period)
    else {
      assert.strictEqual(found.length, 1, period)
      assert.isAtLeast(found[0]!, due, period)
      assert.isAtMost(found[0]!, due + patience, period)
    }
  }
}

/** The days that have ended: only the last ones matter. */
const daysOf = ({ from, to }: Span) => {
  const local = localOf("America/New_York")
  const ends = dailyTimes("America/New_York", 0, { from: from - 10 * day, to }).map((end) => ({
    end,
    name: local(end - hour).date
  }))
  return (now: number): ReadonlyArray<string> => ends.filter(({ end }) => end <= now).map(({ name }) => name)
}

/** Each day is computed once, when it has ended; days before the beginning are not. */
const assertDays = Effect.fnUntraced(function*(log: EventLog.Service) {
  const ends = dailyTimes("America/New_York", 0, span)
  const local = localOf("America/New_York")
  const events = yield* Stream.runCollect(
    log.events({ keys: Array.from({ length: 5 }, (_, at) => `days_${at}`), tags: ["AssetMaterialized"] })
  )
  const found = events.flatMap((event) =>
    event._tag === "AssetMaterialized" && event.key === "days_0" ? [event.partition!] : []
  )
  const expected = ends.map((end) => local(end - hour).date)
  assert.deepStrictEqual(found.slice(0, expected.length), expected)
  assert.strictEqual(events.length, 5 * expected.length)
})
