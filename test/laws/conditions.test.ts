/**
 * Conditions of random graphs over random histories, beside the rules written down naively: one partition at a time, one
 * evaluation after the other.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Asset, Condition, Freshness, Graph, PartitionMapping, Partitions } from "effect-assets"
import { Play, type Target } from "../fixtures/conditions.ts"
import { numbers } from "../fixtures/numbers.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2024-03-01T00:00Z")
const begin = start + 3 * day + 5 * hour

// ---------------------------------------------------------------------------------------------------------------------
// what is defined
// ---------------------------------------------------------------------------------------------------------------------

const kinds = ["none", "none", "letters", "moreLetters", "days", "lateDays", "halves", "product"] as const
type Kind = (typeof kinds)[number]

/** How a dep is mapped: as it follows from the sets, to all, or from the window before on. */
type Way = "inferred" | "all" | "before"

interface Definition {
  readonly key: string
  readonly kind: Kind
  readonly external: boolean
  readonly deps: ReadonlyArray<{ readonly key: string; readonly way: Way }>
  /** Whether it reads its own partition of the day before. */
  readonly self: boolean
  readonly codeVersion: string
  readonly policy: boolean
  readonly condition: Condition.Condition | undefined
}

const letters = Partitions.fixed(["a", "b"])
const days = Partitions.daily({ start: new Date(start) })
const sets: Readonly<Record<Kind, Partitions.Any | undefined>> = {
  none: undefined,
  letters,
  moreLetters: Partitions.fixed(["a", "b", "c"]),
  days,
  lateDays: Partitions.daily({ start: new Date(start), endOffset: -1 }),
  halves: Partitions.cron("0 0,12 * * *", { start: new Date(start) }),
  product: Partitions.product({ date: days, letter: letters })
}

const isDays = (kind: Kind): boolean => kind === "days" || kind === "lateDays"

const built = (definitions: ReadonlyArray<Definition>): Graph.Any => {
  const made = new Map<string, Asset.Any>()
  for (const { codeVersion, condition, deps, external, key, kind, policy, self } of definitions) {
    const partitions = sets[kind]
    const options = {
      ...(partitions !== undefined && { partitions }),
      ...(condition !== undefined && { automation: condition }),
      ...(policy && { freshness: Freshness.window({ fail: "2 days" }) })
    }
    if (external) {
      made.set(key, Asset.external(key, { ...options, observe: Effect.succeed("1") }) as never)
      continue
    }
    const input = (dep: Definition["deps"][number]): Asset.AnyInput => {
      const asset = made.get(dep.key)!
      if (dep.way === "inferred") return asset
      const mapping = dep.way === "all"
        ? PartitionMapping.all
        : PartitionMapping.timeWindow({ startOffset: -1, endOffset: 0 })
      return Asset.partitions(asset as never, { mapping: mapping as never })
    }
    made.set(
      key,
      Asset.make(key, {
        ...options,
        codeVersion,
        deps: deps.map(input),
        ...(self && { inputs: { before: Asset.previous(Schema.Number) } }),
        checks: { c1: { blocking: true }, c2: {} },
        compute: () => Effect.succeed(1)
      } as never) as never
    )
  }
  return Graph.fromAssets(made.values())
}

// ---------------------------------------------------------------------------------------------------------------------
// partitions, one by one
// ---------------------------------------------------------------------------------------------------------------------

/** A partition, or the whole of what has none. */
interface Part {
  readonly name: string
  readonly from?: number
  readonly to?: number
  readonly letter?: string
}

const whole: Part = { name: "" }
const iso = (time: number): string => new Date(time).toISOString()

const windows = (length: number, late: number, now: number, name: (time: number) => string): ReadonlyArray<Part> => {
  const found: Array<Part> = []
  for (let from = start; from + length * (1 + late) <= now; from += length) {
    found.push({ name: name(from), from, to: from + length })
  }
  return found
}

const partsOf = (kind: Kind, now: number): ReadonlyArray<Part> => {
  const dates = (late: number) => windows(day, late, now, (time) => iso(time).slice(0, 10))
  switch (kind) {
    case "none":
      return [whole]
    case "letters":
      return ["a", "b"].map((letter) => ({ name: letter, letter }))
    case "moreLetters":
      return ["a", "b", "c"].map((letter) => ({ name: letter, letter }))
    case "days":
      return dates(0)
    case "lateDays":
      return dates(1)
    case "halves":
      return windows(12 * hour, 0, now, (time) => iso(time).slice(0, 16).replace("T", "-"))
    case "product":
      return dates(0).flatMap((date) =>
        ["a", "b"].map((letter) => ({ ...date, name: `${date.name}|${letter}`, letter }))
      )
  }
}

/** Sets of letters have to do with each other if they are the same, or are named alike in a product. */
const related = (down: Kind, up: Kind, way: Way, p: Part, q: Part): boolean => {
  if (way === "all" || down === "none" || up === "none") return true
  if (way === "before") return q.from! < p.to! && q.to! > p.from! - day
  const time = p.from === undefined || q.from === undefined || (q.from < p.to! && q.to! > p.from)
  const sameLetters = down === up || (down === "product" && up === "letters") ||
    (down === "letters" && up === "product")
  // a day is taken for a day of a product before anything else is
  return time && (!sameLetters || p.letter === undefined || q.letter === undefined || p.letter === q.letter)
}

// ---------------------------------------------------------------------------------------------------------------------
// what happens
// ---------------------------------------------------------------------------------------------------------------------

interface Run {
  readonly id: string
  readonly targets: ReadonlyMap<string, ReadonlySet<string>>
  readonly tags: { readonly [name: string]: string }
  readonly running: boolean
  readonly backfill: boolean
}

interface Happened {
  readonly what: "materialized" | "observed" | "failed" | "skipped" | "check"
  readonly key: string
  readonly part: string
  readonly run: Run | undefined
  readonly version: string
  readonly at: number
  readonly check: string
  readonly status: string
}

/** An evaluation as it was. */
interface Tick {
  readonly now: number
  /** How much had happened. */
  readonly events: number
  readonly definitions: ReadonlyMap<string, Definition>
  readonly requested: Map<string, Set<string>>
  /** What holds, and was not requested once more since it was still computed. */
  readonly held: Map<string, ReadonlySet<string>>
  /** What each part that remembers something came to: by what has the condition, what it was asked about, and the part. */
  readonly remembered: Map<string, Remembered>
}

interface Remembered {
  readonly parts: ReadonlySet<string>
  readonly version?: string
  readonly versions?: ReadonlyMap<string, string>
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const shape = (kind: Kind): string => kind === "moreLetters" ? "letters" : kind === "lateDays" ? "days" : kind

const meaning = (condition: Condition.Condition): string =>
  JSON.stringify(condition, (name, value: unknown) => name === "label" ? undefined : value)

/** What a condition is asked about. */
interface About {
  readonly key: string
  readonly check: string | undefined
}

class Naive {
  readonly history: Array<Happened> = []
  readonly ticks: Array<Tick> = []
  readonly runs: Array<Run> = []
  private tick!: Tick
  private before: Tick | undefined
  private root!: Definition
  private initial = false
  private downstream = false
  /** What happened before does not count. */
  private notBefore = -Infinity

  private parts(key: string): ReadonlyArray<Part> {
    return partsOf(this.tick.definitions.get(key)!.kind, this.tick.now)
  }

  evaluate(definitions: ReadonlyArray<Definition>, now: number): ReadonlyArray<string> {
    this.before = this.ticks.at(-1)
    this.tick = {
      now,
      events: this.history.length,
      definitions: new Map(definitions.map((definition) => [definition.key, definition])),
      requested: new Map(),
      held: new Map(),
      remembered: new Map()
    }
    const found: Array<string> = []
    for (const definition of definitions) {
      const { condition, key } = definition
      if (condition === undefined) continue
      this.root = definition
      const then = this.before?.definitions.get(key)
      this.initial = then?.condition === undefined || meaning(then.condition) !== meaning(condition) ||
        shape(then.kind) !== shape(definition.kind) ||
        (usesDownstream(condition) &&
          !same(this.conditionsBelow(key, this.before!), this.conditionsBelow(key, this.tick)))
      const about: About = { key, check: undefined }
      const holding = this.parts(key).filter((part) => this.holds(condition, about, part, undefined))
      const waiting = holding.filter((part) =>
        !this.initial && this.runs.some((run) => run.running && isTarget(run, key, part)) &&
        (this.before?.requested.get(key)?.has(part.name) === true ||
          this.before?.held.get(key)?.has(part.name) === true)
      )
      this.tick.held.set(key, new Set(waiting.map(({ name }) => name)))
      const true_ = holding.filter((part) => !waiting.includes(part))
      // parts that remember do so whatever comes before them
      this.visit(condition, about)
      if (true_.length > 0) this.tick.requested.set(key, new Set(true_.map(({ name }) => name)))
      for (const { name } of true_) found.push(name === "" ? key : `${key}[${name}]`)
    }
    this.ticks.push(this.tick)
    return found
  }

  private depsOf({ key }: About): ReadonlyArray<{ readonly key: string; readonly way: Way | "self" }> {
    const { deps, self } = this.tick.definitions.get(key)!
    return self ? [...deps, { key, way: "self" }] : deps
  }

  private depsIn(condition: Condition.Condition, about: About) {
    const { allow, ignore } = condition as { readonly allow?: string; readonly ignore?: string }
    const deps = about.check === undefined ? this.depsOf(about) : [{ key: about.key, way: "same" as const }]
    return deps.filter(({ key }) => (allow === undefined || allow === `key:${key}`) && ignore !== `key:${key}`)
  }

  private reads(key: string, up: string, way: Way | "self" | "same", p: Part, q: Part): boolean {
    if (way === "self") return q.to === p.from
    if (way === "same") return p.name === q.name
    const { definitions } = this.tick
    return related(definitions.get(key)!.kind, definitions.get(up)!.kind, way, p, q)
  }

  /** The distinct conditions of what is downstream, in one evaluation. */
  private conditionsBelow(key: string, { definitions }: Tick): ReadonlyArray<string> {
    const found = new Map<string, Condition.Condition>()
    const visit = (of: string): void => {
      for (const { condition, deps, key } of definitions.values()) {
        if (!deps.some((dep) => dep.key === of)) continue
        if (condition !== undefined) found.set(meaning(condition), condition)
        visit(key)
      }
    }
    visit(key)
    return [...found.keys()].sort()
  }

  private events(key: string, part: string, what: ReadonlyArray<Happened["what"]>, until = this.tick.events) {
    return this.history.slice(0, until).filter((one) => one.key === key && one.part === part && what.includes(one.what))
  }

  private version(key: string, part: string, until?: number): Happened | undefined {
    return this.events(key, part, ["materialized", "observed"], until).at(-1)
  }

  private isNew(event: Happened): boolean {
    return this.history.indexOf(event) >= (this.before?.events ?? 0)
  }

  private stored(condition: Condition.Condition, about: About): Remembered | undefined {
    return this.initial ? undefined : this.before?.remembered.get(this.nameOf(condition, about))
  }

  /** Inside of the conditions downstream, what asks for those comes to something else. */
  private nameOf(condition: Condition.Condition, { check, key }: About): string {
    const inside = this.downstream && usesDownstream(condition)
    return JSON.stringify([this.root.key, key, check, inside, meaning(condition)])
  }

  /** Evaluates each part that remembers something, of whatever it is asked about, for all partitions. */
  private visit(condition: Condition.Condition, about: About): void {
    const { _tag } = condition
    switch (_tag) {
      case "And":
      case "Or":
        return condition.of.forEach((of) => this.visit(of, about))
      case "Not":
        return this.visit(condition.of, about)
      case "AnyDepsMatch":
      case "AllDepsMatch":
        return this.depsIn(condition, about).forEach(({ key }) => this.visit(condition.of, { key, check: undefined }))
      case "AnyChecksMatch":
      case "AllChecksMatch":
        return this.checksOf(about, condition.blockingOnly).forEach((check) =>
          this.visit(condition.of, { ...about, check })
        )
      case "AssetMatches":
        return this.visit(condition.of, { key: condition.key, check: undefined })
      case "AnyDownstreamConditions":
        if (this.downstream) return
        this.downstream = true
        for (const text of this.conditionsBelow(about.key, this.tick)) this.visit(JSON.parse(text), about)
        this.downstream = false
        return
      case "Since":
      case "NewlyTrue":
      case "CodeVersionChanged":
      case "DataVersionChanged":
        return this.remember(condition, about)
      default:
        return
    }
  }

  private remember(condition: Condition.Condition, about: About): void {
    const name = this.nameOf(condition, about)
    const parts = this.parts(about.key)
    const holding = (of: Condition.Condition) =>
      new Set(parts.filter((part) => this.holds(of, about, part, undefined)).map((part) => part.name))
    switch (condition._tag) {
      case "Since":
        this.visit(condition.trigger, about)
        this.visit(condition.reset, about)
        this.tick.remembered.set(name, { parts: holding(condition) })
        return
      case "NewlyTrue":
        this.visit(condition.of, about)
        this.tick.remembered.set(name, { parts: holding(condition.of) })
        return
      case "CodeVersionChanged":
        this.tick.remembered.set(name, {
          parts: new Set(),
          version: this.tick.definitions.get(about.key)!.codeVersion
        })
        return
      default:
        this.tick.remembered.set(name, {
          parts: new Set(),
          versions: new Map(parts.flatMap((part) => {
            const version = this.version(about.key, part.name)?.version
            return version === undefined ? [] : [[part.name, version] as const]
          }))
        })
    }
  }

  private checksOf({ key }: About, blockingOnly: boolean | undefined): ReadonlyArray<string> {
    return this.tick.definitions.get(key)!.external ? [] : blockingOnly === true ? ["c1"] : ["c1", "c2"]
  }

  /** `rootPart` is the partition at issue, where it is asked what the condition's own asset reads. */
  private holds(condition: Condition.Condition, about: About, part: Part, rootPart: Part | undefined): boolean {
    const { key } = about
    const definition = this.tick.definitions.get(key)!
    const holds = (of: Condition.Condition): boolean => this.holds(of, about, part, rootPart)
    const targeted = (test: (run: Run) => boolean): boolean =>
      this.runs.some((run) => run.running && test(run) && isTarget(run, key, part))
    const stored = (of: Condition.Condition): boolean => this.stored(of, about)?.parts.has(part.name) ?? false
    // inside of what remembers something, all partitions are at issue
    const wholly = (of: Condition.Condition): boolean => this.holds(of, about, part, undefined)
    switch (condition._tag) {
      case "Missing":
        return about.check === undefined
          ? this.version(key, part.name) === undefined
          : this.evaluated(about, part) === undefined
      case "RunInProgress":
        return targeted(() => true)
      case "BackfillInProgress":
        return targeted(({ backfill }) => backfill)
      case "ExecutionFailed":
        return about.check === undefined
          ? this.events(key, part.name, ["materialized", "observed", "failed", "skipped"]).at(-1)?.what === "failed"
          : this.evaluated(about, part)?.status === "Errored"
      case "NewlyUpdated": {
        if (this.initial) return false
        const event = about.check === undefined ? this.version(key, part.name) : this.evaluated(about, part)
        if (event === undefined || !this.isNew(event) || event.at < this.notBefore) return false
        return event.what !== "observed" ||
          this.version(key, part.name, this.before?.events ?? 0)?.version !== event.version
      }
      case "NewlyRequested":
        if (this.notBefore !== -Infinity) return false
        return !(this.initial && key === this.root.key && about.check === undefined) && about.check === undefined &&
          (this.before?.requested.get(key)?.has(part.name) ?? false)
      case "WillBeRequested":
        return about.check === undefined && !definition.external &&
          (this.tick.requested.get(key)?.has(part.name) ?? false)
      case "WillBeObserved":
        return about.check === undefined && definition.external &&
          (this.tick.requested.get(key)?.has(part.name) ?? false)
      case "InitialEvaluation":
        return this.initial
      case "InputsChanged":
        return about.check === undefined && this.hasOtherInputs(key, part)
      case "CodeVersionChanged": {
        const version = this.stored(condition, about)?.version
        return version !== undefined && version !== definition.codeVersion
      }
      case "DataVersionChanged": {
        const versions = this.stored(condition, about)?.versions
        const version = this.version(key, part.name)?.version
        return versions !== undefined && version !== undefined && versions.get(part.name) !== version
      }
      case "ExecutedWithRootTarget":
        return this.withRootTarget(about, part, rootPart)
      case "ExecutedWithTags": {
        const tags = this.version(key, part.name)?.run?.tags ?? {}
        return condition.keys.every((name) => name in tags) &&
          Object.entries(condition.values).every(([name, value]) => tags[name] === value) &&
          this.version(key, part.name)?.run !== undefined
      }
      case "CheckPassed":
        return this.evaluated(about, part)?.status === "Passed"
      case "CheckFailed":
        return this.evaluated(about, part)?.status === "Failed"
      case "AnyDepsRequiredButNonexistent":
        return this.needsNonexistent(about, part)
      case "AnyDownstreamConditions": {
        if (this.downstream) return false
        this.downstream = true
        const found = this.conditionsBelow(key, this.tick).some((text) => holds(JSON.parse(text)))
        this.downstream = false
        return found
      }
      case "InLatestTimeWindow": {
        if (part.from === undefined) return true
        const last = Math.max(...this.parts(key).map(({ to }) => to!))
        return part.to === last ||
          (condition.lookbackMillis !== undefined && part.from >= last - condition.lookbackMillis)
      }
      case "CronTickPassed": {
        if (this.initial) return false
        const length = condition.cron === "@daily" ? day : hour
        return Math.floor(this.tick.now / length) > Math.floor(this.before!.now / length)
      }
      case "Freshness": {
        const all = this.history.slice(0, this.tick.events).filter((one) =>
          one.key === key && (one.what === "materialized" || one.what === "observed")
        )
        const state = !definition.policy
          ? "NoPolicy"
          : all.length === 0
          ? "Unknown"
          : this.tick.now - all.at(-1)!.at >= 2 * day
          ? "Overdue"
          : "Fresh"
        return condition.state === state
      }
      case "And":
        return condition.of.every(holds)
      case "Or":
        return condition.of.some(holds)
      case "Not":
        return !holds(condition.of)
      case "NewlyTrue":
        return wholly(condition.of) && !stored(condition)
      case "Since": {
        const { notBefore } = this
        this.notBefore = this.lastTick(condition.trigger) ?? notBefore
        const ended = wholly(condition.reset)
        this.notBefore = notBefore
        return ((stored(condition) || wholly(condition.trigger)) && !ended) ||
          this.updatedSince(condition.trigger, about, part, this.lastTick(condition.reset))
      }
      case "AnyDepsMatch":
      case "AllDepsMatch": {
        const own = about.key === this.root.key && about.check === undefined && rootPart === undefined
          ? part
          : undefined
        const found = this.depsIn(condition, about).flatMap((dep) =>
          this.parts(dep.key).filter((other) => this.reads(key, dep.key, dep.way, part, other))
            .map((other) => this.holds(condition.of, { key: dep.key, check: undefined }, other, own))
        )
        return condition._tag === "AnyDepsMatch" ? found.some(Boolean) : found.every(Boolean)
      }
      case "AnyChecksMatch":
        return this.checksOf(about, condition.blockingOnly).some((check) =>
          this.holds(condition.of, { key, check }, part, undefined)
        )
      case "AllChecksMatch":
        return this.checksOf(about, condition.blockingOnly).every((check) =>
          this.holds(condition.of, { key, check }, part, undefined)
        )
      case "AssetMatches": {
        const edge = about.check === undefined ? this.depsOf(about).find((dep) => dep.key === condition.key) : undefined
        const way = condition.key === key ? "same" : edge?.way ?? "inferred"
        return this.parts(condition.key).some((other) =>
          this.reads(key, condition.key, way, part, other) &&
          this.holds(condition.of, { key: condition.key, check: undefined }, other, undefined)
        )
      }
      default:
        throw new Error(`${condition._tag} is not part of this law.`)
    }
  }

  /** It is not recorded here what was computed from what: only that what it may do without is newer. */
  private hasOtherInputs(key: string, part: Part): boolean {
    const { definitions } = this.tick
    const { external } = definitions.get(key)!
    const own = this.version(key, part.name)
    return !external && own !== undefined &&
      this.depsOf({ key, check: undefined }).some((dep) =>
        (definitions.get(dep.key)!.external || dep.way !== "inferred") &&
        this.parts(dep.key).some((other) => {
          const found = this.reads(key, dep.key, dep.way, part, other) ? this.version(dep.key, other.name) : undefined
          return found !== undefined && this.history.indexOf(found) > this.history.indexOf(own)
        })
      )
  }

  /** The last tick of a cron, if it has passed. */
  private lastTick(condition: Condition.Condition): number | undefined {
    if (condition._tag !== "CronTickPassed" || this.initial) return undefined
    const { now } = this.tick
    const tick = now - now % (condition.cron === "@daily" ? day : hour)
    return tick > this.before!.now ? tick : undefined
  }

  private updatedSince(
    condition: Condition.Condition,
    about: About,
    part: Part,
    time: number | undefined
  ): boolean {
    if (time === undefined) return false
    if (condition._tag === "Or") return condition.of.some((of) => this.updatedSince(of, about, part, time))
    if (condition._tag !== "NewlyUpdated") return false
    const { notBefore } = this
    this.notBefore = time
    const found = this.holds(condition, about, part, undefined)
    this.notBefore = notBefore
    return found
  }

  private evaluated({ check, key }: About, part: Part): Happened | undefined {
    return this.events(key, part.name, ["check"]).findLast((one) => one.check === check)
  }

  private withRootTarget({ key }: About, part: Part, rootPart: Part | undefined): boolean {
    const event = this.version(key, part.name)
    const run = event?.run
    if (event === undefined || run === undefined) return false
    const isPart = rootPart !== undefined && this.isNew(event)
    return isPart
      ? isTarget(run, this.root.key, rootPart)
      : this.parts(this.root.key).some((other) => isTarget(run, this.root.key, other))
  }

  private needsNonexistent({ check, key }: About, part: Part): boolean {
    const { definitions, now } = this.tick
    const deps = check === undefined ? this.depsOf({ key, check }) : []
    return deps.some((dep) => {
      const { kind } = definitions.get(dep.key)!
      if (dep.way === "self" || dep.way === "all" || part.from === undefined) return false
      if (kind !== "days" && kind !== "lateDays" && kind !== "halves" && kind !== "product") return false
      const length = kind === "halves" ? 12 * hour : day
      const from = dep.way === "before" ? part.from - day : part.from
      const existing = new Set(partsOf(kind, now).map((other) => other.from))
      for (let time = Math.floor((from - start) / length) * length + start; time < part.to!; time += length) {
        // before the first one, an asset does without
        if (time >= start && !existing.has(time)) return true
      }
      return false
    })
  }
}

/** A run that was to compute it as a whole, or partitions of it when it had some, was to compute all that it is now. */
const isTarget = ({ targets }: Run, key: string, { name }: Part): boolean => {
  const parts = targets.get(key)
  return parts !== undefined && (parts.has(name) || parts.has("") || name === "")
}

const usesDownstream = (condition: Condition.Condition): boolean =>
  JSON.stringify(condition).includes("AnyDownstreamConditions")

// ---------------------------------------------------------------------------------------------------------------------
// random cases
// ---------------------------------------------------------------------------------------------------------------------

type Numbers = ReturnType<typeof numbers>

const operands: ReadonlyArray<Condition.Condition> = [
  Condition.missing,
  Condition.runInProgress,
  Condition.backfillInProgress,
  Condition.executionFailed,
  Condition.newlyUpdated,
  Condition.newlyRequested,
  Condition.willBeRequested,
  Condition.willBeObserved,
  Condition.initialEvaluation,
  Condition.codeVersionChanged,
  Condition.dataVersionChanged,
  Condition.inputsChanged,
  Condition.executedWithRootTarget,
  Condition.executedWithTags({ keys: ["user"] }),
  Condition.executedWithTags({ values: { user: "me" } }),
  Condition.inLatestTimeWindow(),
  Condition.inLatestTimeWindow({ lookback: "36 hours" }),
  Condition.cronTickPassed("0 * * * *"),
  Condition.cronTickPassed("@daily"),
  Condition.freshness("Overdue"),
  Condition.freshness("Fresh"),
  Condition.anyDepsRequiredButNonexistent,
  Condition.anyDownstreamConditions
]

const composites: ReadonlyArray<Condition.Condition> = [
  Condition.eager(),
  Condition.eager(),
  Condition.without(Condition.eager(), Condition.inLatestTimeWindow()),
  Condition.onMissing(),
  Condition.onCron("0 * * * *"),
  Condition.onCron("@daily"),
  Condition.onCronDepsFresh("@daily"),
  Condition.sinceLastHandled(Condition.anyDepsUpdated),
  Condition.anyDepsUpdated
]

const ofChecks = [Condition.checkPassed, Condition.checkFailed, Condition.missing, Condition.newlyUpdated]

const random = (n: Numbers, keys: ReadonlyArray<string>, depth: number): Condition.Condition => {
  const part = (): Condition.Condition => random(n, keys, depth - 1)
  if (depth === 0) return n.one(operands)
  switch (n.below(11)) {
    case 0:
      return Condition.and(part(), part())
    case 1:
      return Condition.or(part(), part(), part())
    case 2:
      return Condition.not(part())
    case 3:
      return Condition.newlyTrue(part())
    case 4:
      return Condition.since(part(), part())
    case 5:
      return Condition.anyDepsMatch(part(), n.chance(0.2) ? { allow: [n.one(keys)] } : undefined)
    case 6:
      return Condition.allDepsMatch(part(), n.chance(0.2) ? { ignore: [n.one(keys)] } : undefined)
    case 7:
      return n.chance(0.5)
        ? Condition.anyChecksMatch(n.one(ofChecks), { blockingOnly: n.chance(0.5) })
        : Condition.allChecksMatch(Condition.not(n.one(ofChecks)))
    case 8:
      return Condition.assetMatches(n.one(keys), part())
    case 9:
      return n.one(composites)
    default:
      return n.one(operands)
  }
}

const keys = ["k0", "k1", "k2", "k3", "k4"]

const condition = (n: Numbers): Condition.Condition | undefined =>
  n.chance(0.25) ? undefined : n.chance(0.4) ? n.one(composites) : random(n, keys, 1 + n.below(3))

const way = (n: Numbers, down: Kind, up: Kind): Way =>
  up === "none" || n.chance(0.7) ? "inferred" : isDays(down) && isDays(up) && n.chance(0.7) ? "before" : "all"

const definition = (n: Numbers, at: number, before: ReadonlyArray<Definition>): Definition => {
  const external = at < 2 && n.chance(0.4)
  const kind = external ? "none" : n.one(kinds)
  const deps = external ? [] : before.filter(() => n.chance(0.5)).map((dep) => ({
    key: dep.key,
    way: way(n, kind, dep.kind)
  }))
  return {
    key: keys[at]!,
    kind,
    external,
    deps: n.chance(0.3) ? deps.reverse() : deps,
    self: !external && isDays(kind) && n.chance(0.3),
    codeVersion: "1",
    policy: n.chance(0.5),
    condition: condition(n)
  }
}

/** Another definition of one asset; what reads it is mapped anew. */
const changed = (n: Numbers, definitions: ReadonlyArray<Definition>): ReadonlyArray<Definition> => {
  const at = n.below(definitions.length)
  return definitions.map((old, index): Definition => {
    if (index < at) return old
    if (index > at) {
      return {
        ...old,
        deps: old.deps.map((dep) =>
          dep.key === keys[at] && dep.way !== "inferred" ? { key: dep.key, way: "inferred" } : dep
        )
      }
    }
    switch (n.below(5)) {
      case 0:
        return old.external ? old : { ...old, codeVersion: String(n.below(3)) }
      case 1:
        return { ...old, condition: condition(n) }
      case 2:
        return old.kind === "letters" ? { ...old, kind: "moreLetters" } : { ...old, deps: old.deps.toReversed() }
      case 3:
        return {
          ...definition(n, at, definitions.slice(0, at)),
          external: old.external && at < 2,
          kind: old.kind,
          self: false,
          deps: []
        }
      default:
        return old.external
          ? old
          : { ...definition(n, at, definitions.slice(0, at)), condition: old.condition, external: false }
    }
  })
}

/** A history of one graph, evaluated again and again: both must request the same, each time. */
const compare = (seed: number): number => {
  const n = numbers(seed)
  const made: Array<Definition> = []
  for (let at = 0; at < keys.length; at++) made.push(definition(n, at, made))
  let definitions: ReadonlyArray<Definition> = made
  const naive = new Naive()
  const play = new Play(built(definitions), begin)
  let requests = 0
  let runs = 0
  const running: Array<{ readonly run: Run; readonly targets: ReadonlyArray<Target> }> = []
  for (let round = 0; round < 10; round++) {
    for (let step = n.below(4); step > 0; step--) {
      const of = n.one(definitions)
      const partsOfKey = (key: string) => partsOf(definitions.find((one) => one.key === key)!.kind, play.now)
      if (of.external) {
        const version = String(n.below(2))
        play.observe(of.key, version)
        naive.history.push({
          what: "observed",
          key: of.key,
          part: "",
          run: undefined,
          version,
          at: play.now,
          check: "",
          status: ""
        })
        continue
      }
      if (n.chance(0.2)) {
        const parts = partsOfKey(of.key)
        if (parts.length === 0) continue
        const { name } = n.one(parts)
        const status = n.one(["Passed", "Failed", "Errored"] as const)
        const check = n.one(["c1", "c2"])
        play.check(of.key, check, {
          status,
          ...(name !== "" && { partition: name, partitions: play.serialized(of.key, [name]) })
        })
        naive.history.push({
          what: "check",
          key: of.key,
          part: name,
          run: undefined,
          version: "",
          at: play.now,
          check,
          status
        })
        continue
      }
      // a run of some assets, and of some partitions of each
      const targets: Array<readonly [string, ReadonlyArray<string>]> = []
      for (const { external, key } of definitions) {
        if (external || (key !== of.key && !n.chance(0.4))) continue
        const parts = partsOfKey(key).filter(() => n.chance(0.5)).map(({ name }) => name)
        if (parts.length > 0) targets.push([key, parts])
      }
      if (targets.length === 0) continue
      const tags: Record<string, string> = n.chance(0.3) ? { user: n.one(["me", "you"]) } : {}
      const backfill = n.chance(0.2)
      const isRunning = n.chance(0.2)
      const id = `r${runs++}`
      const run: Run = {
        id,
        tags,
        backfill,
        running: isRunning,
        targets: new Map(targets.map(([key, parts]) => [key, new Set(parts)]))
      }
      naive.runs.push(run)
      const flat = targets.map(([key, parts]): Target => parts[0] === "" ? key : [key, ...parts])
      const outcomes = new Map<string, Happened["what"]>()
      for (const [key, parts] of targets) {
        for (const part of parts) {
          outcomes.set(
            part === "" ? key : `${key},${part}`,
            n.one(["materialized", "materialized", "failed", "skipped"])
          )
        }
      }
      const those = (what: Happened["what"]) => [...outcomes].filter(([, one]) => one === what).map(([name]) => name)
      const version = n.chance(0.3) ? "same" : `v${id}`
      play.run(flat, {
        id,
        tags,
        running: isRunning,
        failed: those("failed"),
        skipped: those("skipped"),
        dataVersion: version,
        ...(backfill && { backfillId: "backfill" })
      })
      if (isRunning) {
        running.push({ run, targets: flat })
        continue
      }
      for (const [key, parts] of targets) {
        for (const part of parts) {
          const what = outcomes.get(part === "" ? key : `${key},${part}`)!
          naive.history.push({ what, key, part, run, version, at: play.now, check: "", status: "" })
        }
      }
    }
    if (running.length > 0 && n.chance(0.5)) {
      const { run } = running.shift()!
      naive.runs[naive.runs.indexOf(run)] = { ...run, running: false }
      play.append({ _tag: "RunFinished", runId: run.id, timestamp: play.now, status: "Cancelled", durationMillis: 1 })
    }
    if (n.chance(0.15)) {
      definitions = changed(n, definitions)
      play.graph = built(definitions)
    }
    play.later(n.one([0, 20 * 60_000, hour, 13 * hour, day]))
    // in the order in which the graph has them, whatever that is
    const order = Graph.keys(play.graph)
    const sorted = definitions.toSorted((a, b) => order.indexOf(a.key) - order.indexOf(b.key))
    const expected = naive.evaluate(sorted, play.now)
    const found = play.tick()
    requests += found.length
    const what = () =>
      `seed ${seed}, evaluation ${round}: ${
        definitions.map(({ condition, deps, key, kind, self }) =>
          `\n${key} ${kind} ${self ? "self " : ""}<- ${deps.map((dep) => `${dep.key} ${dep.way}`).join()}: ${
            condition === undefined ? "" : Condition.explain(condition)
          }`
        ).join("")
      }`
    if (!same(found, expected)) assert.deepStrictEqual(found, expected, what())
  }
  return requests
}

describe("conditions", () => {
  it("request what the rules say, of random graphs over random histories", () => {
    let requests = 0
    const cases = Number(process.env["CONDITION_CASES"] ?? 300)
    const first = Number(process.env["CONDITION_SEED"] ?? 1)
    for (let seed = first; seed < first + cases; seed++) requests += compare(seed)
    // there is something to compare
    assert.isAbove(requests, cases)
  }, 120_000)

  it.effect.prop("are the same after a way through JSON", [Condition.Condition], ([condition]) =>
    Effect.sync(() => {
      const Json = Schema.fromJsonString(Condition.Condition)
      assert.deepStrictEqual(Schema.decodeSync(Json)(Schema.encodeSync(Json)(condition)), condition)
    }), { arbitrary: { runs: 100, seed: 1, size: 10 } })
})
