/**
 * The run of a plan. Integer ids and counters; a fiber for each running step and none for a waiting one; events are
 * written in batches by one writer while steps run.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import { make as makeRandom } from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Asset from "../Asset.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import type * as IOManager from "../IOManager.ts"
import * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"
import { attempt, type Environment, type Results, slotOf, State, type StepResult } from "./attempt.ts"
import { configText, resolveConfig } from "./config.ts"
import { AssetTimeoutError, RunConfigError } from "./errors.ts"
import { recorded } from "./recorded.ts"
import { retried } from "./retried.ts"
import { CurrentStep, type Step } from "./step.ts"
import { derivedVersion } from "./version.ts"

const random = makeRandom((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))

/** Events are written when nothing else is to do, when so many wait, or after so long. */
const maxWaiting = 256
const maxDelayMillis = 10

/** How long a run that is stopping waits for its log. */
const maxWriteDuration = Duration.seconds(10)

/** How many steps are launched in one go before other fibers have their turn. */
const launchesPerTurn = 256

interface Options {
  readonly config?: { readonly [key: string]: unknown } | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
  readonly concurrency: number | "unbounded"
}

/**
 * Runs a plan to its end, or until it is interrupted.
 *
 * @internal
 */
export const execute = (
  graph: Graph.Any,
  plan: Plan.Plan,
  options: Options,
  listener: ((progress: Runtime.Progress) => void) | undefined
): Effect.Effect<Runtime.Run<Graph.Assets>, Runtime.RunError, EventLog.EventLog> =>
  Effect.flatMap(
    random.uuidV7(),
    (runId) =>
      Effect.withSpan(runPlan(graph, plan, options, listener, runId), "assets.run", { attributes: { "run.id": runId } })
  )

const runPlan = Effect.fnUntraced(function*(
  graph: Graph.Any,
  plan: Plan.Plan,
  options: Options,
  listener: ((progress: Runtime.Progress) => void) | undefined,
  runId: string
): Effect.fn.Return<Runtime.Run<Graph.Assets>, Runtime.RunError, EventLog.EventLog> {
  const inside = Plan.inside(plan)
  const log = yield* EventLog.EventLog
  const config = yield* Effect.mapError(
    resolveConfig(inside.graph, inside.planned, options.config ?? {}),
    (problems) => new RunConfigError({ problems })
  )
  const known = unplannedVersions(inside)
  const latest = known.length === 0 ? noneRecorded : yield* log.latest(known)
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const traced = yield* Effect.withFiber((fiber) =>
    Effect.succeed(fiber.cache.tracerEnabled && fiber.cache.tracer !== undefined)
  )
  const run = new PlannedRun(graph, plan, {
    runId,
    tags: options.tags ?? {},
    config,
    latest,
    log,
    clock,
    context,
    listener,
    traced,
    concurrency: options.concurrency === "unbounded" ? Infinity : Math.max(1, Math.floor(options.concurrency))
  })
  return yield* Effect.uninterruptibleMask((restore) => Effect.ensuring(run.toEnd(restore), run.interruptAll))
})

const noneRecorded: ReadonlyMap<string, EventLog.AssetMaterialized> = new Map()

/** The keys whose version is not made by this run: what is loaded or ordered before without being planned. */
const unplannedVersions = ({ graph, planned }: Plan.Inside): ReadonlyArray<string> => {
  const wanted = new Set<number>()
  const { offsets, targets } = graph.parents
  for (let id = 0; id < planned.length; id++) {
    if (planned[id] === 0) continue
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) if (planned[targets[at]!] === 0) wanted.add(targets[at]!)
    for (const read of graph.reads[id]!) {
      // a skipped asset's last value has the version it was recorded with
      if (read.mode === "lastValue" || read.mode === "optionalLastValue") wanted.add(read.id)
    }
  }
  return Array.from(wanted, (id) => graph.assets[id]!.key)
}

interface Services {
  readonly runId: string
  readonly tags: { readonly [name: string]: string }
  readonly config: ReadonlyMap<string, unknown>
  readonly latest: ReadonlyMap<string, EventLog.AssetMaterialized>
  readonly log: EventLog.Service
  readonly clock: Clock.Clock
  readonly context: Context.Context<never>
  readonly listener: ((progress: Runtime.Progress) => void) | undefined
  readonly concurrency: number
  readonly traced: boolean
}

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

class PlannedRun implements Environment {
  readonly graph: Environment["graph"]
  readonly runId: string
  readonly tags: Environment["tags"]
  readonly config: Environment["config"]
  readonly states: Uint8Array

  private readonly record: Graph.Assets
  private readonly plan: Plan.Plan
  private readonly inside: Plan.Inside
  private readonly planned: Uint8Array
  private readonly services: Services
  private readonly startedAt: number
  private readonly outcomes: Array<Runtime.Outcome | undefined>
  private readonly versions: Array<string | undefined>
  private readonly slots: Array<IOManager.Slot | undefined>
  private readonly storages: Array<IOManager.Service | undefined>
  private readonly annotations: Readonly<Record<string, unknown>>

  /** How many planned upstream nodes of a node are not settled yet. */
  private readonly pending: Int32Array
  /** Ids that may run, in the order in which they became so; those before `next` have been launched. */
  private readonly ready: Array<number> = []
  private next = 0
  /** Ids whose downstream nodes have not heard of them yet. */
  private readonly settled: Array<number> = []
  private readonly running = new Map<number, Fiber.Fiber<Results, unknown>>()
  private failed = false
  private cancelled = false

  private waiting: Array<EventLog.Event> = []
  private writing = false
  /** Whether the beginning of the run is recorded: nothing runs before that. */
  private begun = false
  private writtenAt: number
  private broken: EventLog.EventLogError | undefined
  private hung = false
  private wake: (() => void) | undefined
  private woken = false

  /** 1 for the node that stands for its step: all nodes but the outputs of multi-assets, and the first of those. */
  private readonly leads: Uint8Array
  /** What a node heard of its settled upstream nodes: see the constants below. */
  private readonly heard: Uint8Array
  /** Whether there is a tracer to see the spans of steps. */
  private readonly traced: boolean
  private now: number

  constructor(graph: Graph.Any, plan: Plan.Plan, services: Services) {
    const inside = Plan.inside(plan)
    const count = inside.planned.length
    this.graph = inside.graph
    this.inside = inside
    this.plan = plan
    this.planned = inside.planned
    this.record = graph.assets
    this.services = services
    this.runId = services.runId
    this.tags = services.tags
    this.config = services.config
    this.states = inside.planned.slice()
    this.startedAt = services.clock.currentTimeMillisUnsafe()
    this.writtenAt = this.startedAt
    this.outcomes = emptyArray(count)
    this.versions = emptyArray(count)
    this.slots = emptyArray(count)
    this.storages = emptyArray(count)
    this.traced = services.traced
    this.annotations = {
      ...Context.get(services.context, References.CurrentLogAnnotations),
      runId: services.runId
    }
    this.now = this.startedAt
    this.heard = new Uint8Array(count)
    this.leads = new Uint8Array(count)
    const { offsets, targets } = inside.graph.parents
    this.pending = new Int32Array(count)
    for (let id = 0; id < count; id++) {
      if (this.planned[id] === 0) continue
      let pending = 0
      for (let at = offsets[id]!; at < offsets[id + 1]!; at++) pending += this.planned[targets[at]!]!
      this.pending[id] = pending
      if (this.outputsOf(id)[0] !== id) continue
      this.leads[id] = 1
      if (pending === 0) this.ready.push(id)
    }
  }

  private outputsOf(id: number): ReadonlyArray<number> {
    return Plan.outputsOf(this.inside, id)
  }

  slot(id: number): IOManager.Slot {
    return this.slots[id] ??= slotOf(this.graph.assets[id]!, this.runId)
  }

  storage(id: number): IOManager.Service | undefined {
    return this.storages[id] ??= Context.getOrUndefined(
      this.services.context,
      this.graph.assets[id]!.ioManager as Context.Key<never, IOManager.Service>
    )
  }

  isVoid(id: number): boolean {
    return this.services.latest.get(this.graph.assets[id]!.key)?.stored === false
  }

  // -------------------------------------------------------------------------------------------------------------------
  // the loop
  // -------------------------------------------------------------------------------------------------------------------

  readonly toEnd = Effect.fnUntraced({ self: this }, function*(
    this: PlannedRun,
    restore: Restore
  ): Effect.fn.Return<Runtime.Run<Graph.Assets>, EventLog.EventLogError> {
    const { clock, listener, runId, tags } = this.services
    const { keys } = this.plan
    this.waiting.push({ _tag: "RunStarted", runId, timestamp: this.startedAt, keys, tags })
    listener?.({ _tag: "RunStarted", runId, keys })

    let interrupted: Cause.Cause<never> | undefined
    while (true) {
      this.woken = false
      this.launchReady()
      const idle = !this.begun || this.next >= this.ready.length || this.running.size >= this.services.concurrency ||
        this.stopping
      if (this.shouldWrite(idle)) yield* this.write
      if (this.stopping && this.running.size > 0) {
        yield* this.interruptAll
      } else if (this.isDone) {
        break
      } else if (this.stopping) {
        // once the run is stopping, what is left is waited for, but not for ever
        if (Option.isNone(yield* Effect.timeoutOption(this.untilWoken, maxWriteDuration))) this.giveUpWriting()
      } else {
        const exit = yield* Effect.exit(restore(idle ? this.untilWoken : Effect.yieldNow))
        if (Exit.isFailure(exit)) {
          interrupted = exit.cause
          this.cancelled = true
        }
      }
    }

    if (this.stopping) this.cancelRest()
    const durationMillis = clock.currentTimeMillisUnsafe() - this.startedAt
    const status = this.cancelled ? "Cancelled" : this.failed || this.broken !== undefined ? "Failed" : "Succeeded"
    const timestamp = clock.currentTimeMillisUnsafe()
    this.waiting.push({ _tag: "RunFinished", runId, timestamp, status, durationMillis })
    // after a failure of the log, one more try to leave a run behind that has an end
    if (!this.hung) interrupted = (yield* this.writeLast(restore)) ?? interrupted
    if (this.broken !== undefined) return yield* this.broken
    const run: Runtime.Run<Graph.Assets> = {
      id: runId,
      status,
      outcomes: this.outcomesByName(),
      tags,
      startedAt: this.startedAt,
      durationMillis
    }
    // not enumerable: a run shows as what its type says
    Object.defineProperty(run, Outcomes, { value: { assets: this.graph.assets, outcomes: this.outcomes } })
    listener?.({ _tag: "RunFinished", run })
    return interrupted === undefined ? run : yield* Effect.failCause(interrupted)
  })

  /** The fibers of steps have no parent, so the end of a run is theirs, whatever it is. */
  readonly interruptAll = Effect.suspend(() => Fiber.interruptAll(Array.from(this.running.values())))

  /** Nothing runs, nothing may run any more, and nothing waits to be recorded. */
  private get isDone(): boolean {
    const settled = this.stopping || (this.begun && this.next >= this.ready.length)
    return settled && this.running.size === 0 && !this.writing &&
      (this.waiting.length === 0 || this.broken !== undefined)
  }

  /** No new steps: the run was cancelled, or its log cannot be written. */
  private get stopping(): boolean {
    return this.cancelled || this.broken !== undefined
  }

  /** Waits until a step or a write has ended since the loop last looked. */
  private readonly untilWoken = Effect.callback<void>((resume) => {
    if (this.woken) return resume(Effect.void)
    this.wake = () => resume(Effect.void)
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  private wakeUp(): void {
    const { wake } = this
    this.wake = undefined
    this.woken = true
    wake?.()
  }

  // -------------------------------------------------------------------------------------------------------------------
  // steps
  // -------------------------------------------------------------------------------------------------------------------

  /** Launches what is ready, as far as the limit of concurrency and the fairness to other fibers allow. */
  private launchReady(): void {
    const { clock, concurrency } = this.services
    this.now = clock.currentTimeMillisUnsafe()
    for (let turn = 0; this.begun && turn < launchesPerTurn; turn++) {
      if (this.next >= this.ready.length || this.running.size >= concurrency || this.stopping) return
      this.launch(this.ready[this.next++]!)
      if (this.shouldWrite(false)) return
    }
  }

  private launch(id: number): void {
    const asset = this.graph.assets[id]!
    const { listener } = this.services
    const name = Asset.nameOf(asset)
    const step: Step = {
      attempts: 0,
      startedAt: this.now,
      absent: undefined,
      metadata: undefined,
      steps: undefined,
      onStep: listener && ((record) =>
        listener(
          record.status === "Started"
            ? { _tag: "StepStarted", key: name, name: record.name }
            : { _tag: "StepFinished", key: name, step: record }
        ))
    }
    let effect: Effect.Effect<Results, unknown, unknown>
    if (asset.retry === undefined && asset.timeout === undefined && !this.traced) {
      try {
        effect = this.once(id, step)
      } catch (error) {
        effect = Effect.die(error)
      }
      // a step that never suspends needs no fiber
      if (Exit.isExit(effect)) return this.finished(id, step, effect as Exit.Exit<Results, unknown>)
    } else effect = this.managed(id, step, name)

    const annotations = { ...this.annotations, asset: name }
    const context = Context.add(
      Context.add(this.services.context, CurrentStep, step),
      References.CurrentLogAnnotations,
      annotations
    )
    // What the programs need is in the type of the graph, so it is in the context. The fiber has no parent: the loop
    // interrupts and awaits every running step before the run ends.
    const fiber = Effect.runForkWith(context)(effect as Effect.Effect<Results, unknown>)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.finished(id, step, exit)
    this.running.set(id, fiber)
    fiber.addObserver((exit) => {
      this.running.delete(id)
      try {
        this.finished(id, step, exit)
      } finally {
        this.wakeUp()
      }
    })
  }

  /** One attempt. */
  private once(id: number, step: Step): Effect.Effect<Results, unknown, unknown> {
    const { listener } = this.services
    step.attempts++
    step.metadata = undefined
    step.absent = undefined
    if (listener !== undefined) {
      for (const output of this.outputsOf(id)) {
        listener({ _tag: "AssetStarted", key: this.graph.assets[output]!.key, attempt: step.attempts })
      }
    }
    return attempt(this, id, this.graph.siblings[id] === undefined ? undefined : this.outputsOf(id), step)
  }

  /** Attempts within their time, as often as it takes, and seen by the tracer. */
  private managed(id: number, step: Step, name: string): Effect.Effect<Results, unknown, unknown> {
    const { retry, timeout } = this.graph.assets[id]!
    const once = Effect.suspend(() => this.once(id, step))
    const timed = timeout === undefined ? once : Effect.timeoutOrElse(once, {
      duration: timeout,
      orElse: () => Effect.fail(new AssetTimeoutError({ key: name, timeoutMillis: Duration.toMillis(timeout) }))
    })
    const effect = retry === undefined ? timed : retried(timed, retry, () => this.stopping)
    return this.traced
      ? Effect.withSpan(effect, `asset ${name}`, {
        attributes: { "asset.key": name, "run.id": this.runId },
        captureStackTrace: false
      })
      : effect
  }

  /** A step has ended. */
  private finished(id: number, step: Step, exit: Exit.Exit<Results, unknown>): void {
    this.now = this.services.clock.currentTimeMillisUnsafe()
    if (Exit.isSuccess(exit) && "_tag" in exit.value) {
      this.settleResult(id, exit.value, step)
      this.settled.push(id)
    } else {
      const outputs = this.outputsOf(id)
      for (let at = 0; at < outputs.length; at++) {
        const result = Exit.isSuccess(exit)
          ? (exit.value as ReadonlyArray<StepResult>)[at]!
          : this.stopping && Cause.hasInterruptsOnly(exit.cause)
          ? cancelled
          : { _tag: "Failed", cause: exit.cause } as const
        this.settleResult(outputs[at]!, result, step)
        this.settled.push(outputs[at]!)
      }
    }
    this.propagate()
  }

  /** Whatever is wrong with a result is a failure of its asset, and of nothing else. */
  private settleResult(id: number, result: StepResult | typeof cancelled, step: Step): void {
    try {
      this.settleAs(id, result, step)
    } catch (defect) {
      this.settleAs(id, { _tag: "Failed", cause: Cause.die(defect) }, step)
    }
  }

  private settleAs(id: number, result: StepResult | typeof cancelled, step: Step): void {
    const asset = this.graph.assets[id]!
    const { key } = asset
    const { runId } = this
    const timestamp = this.now
    const durationMillis = timestamp - step.startedAt
    const { attempts } = step
    switch (result._tag) {
      case "Computed": {
        const { metadata, stored } = result
        const inputVersions = this.inputVersions(id, step.absent)
        const { codeVersion } = asset
        const dataVersion = result.dataVersion ??
          // without a version of the code, every run may give other data
          (codeVersion === undefined ? runId : this.derivedVersion(asset, codeVersion, inputVersions))
        this.versions[id] = dataVersion
        this.settle(
          id,
          stored ? State.stored : State.void,
          { _tag: "Materialized", key, dataVersion, metadata, durationMillis, attempts, stored },
          {
            _tag: "AssetMaterialized",
            runId,
            timestamp,
            key,
            dataVersion,
            codeVersion,
            inputVersions,
            metadata,
            durationMillis,
            attempts,
            steps: step.steps ?? noSteps,
            stored
          }
        )
        return
      }
      case "Skipped":
        this.settleSkipped(id, result.reason, durationMillis)
        return
      case "Failed": {
        this.failed = true
        const cause = requested(result.cause, key) as Cause.Cause<Runtime.AssetError>
        this.settle(
          id,
          State.failed,
          { _tag: "Failed", key, cause, durationMillis, attempts },
          {
            _tag: "AssetFailed",
            runId,
            timestamp,
            key,
            error: recorded(cause),
            durationMillis,
            attempts,
            steps: step.steps ?? noSteps
          }
        )
        return
      }
      case "Cancelled":
        this.settleCancelled(id, true)
    }
  }

  private settleSkipped(id: number, reason: EventLog.SkipReason, durationMillis: number): void {
    const { key } = this.graph.assets[id]!
    this.settle(
      id,
      State.skipped,
      { _tag: "Skipped", key, reason, durationMillis },
      { _tag: "AssetSkipped", runId: this.runId, timestamp: this.now, key, reason }
    )
  }

  private settleCancelled(id: number, started: boolean): void {
    const { key } = this.graph.assets[id]!
    this.settle(
      id,
      State.cancelled,
      { _tag: "Cancelled", key, started },
      { _tag: "AssetCancelled", runId: this.runId, timestamp: this.now, key, started }
    )
  }

  private settle(id: number, state: number, outcome: Runtime.Outcome, event: EventLog.Event): void {
    this.states[id] = state
    this.outcomes[id] = outcome
    this.waiting.push(event)
    this.services.listener?.({ _tag: "AssetFinished", key: outcome.key, outcome })
  }

  /** Tells downstream nodes, and settles those that cannot run. A list of its own: chains are longer than the call stack. */
  private propagate(): void {
    const { settled } = this
    const { offsets, targets } = this.graph.children
    for (let id = settled.pop(); id !== undefined; id = settled.pop()) {
      const state = this.states[id]
      for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
        const child = targets[at]!
        if (this.leads[child] === 0) continue
        if (state === State.skipped) {
          if (this.graph.tolerant[at] === 0) this.heard[child]! |= heardSkip
        } else if (state === State.failed || state === State.upstreamFailed) this.heard[child]! |= heardFailure
        else if (state === State.cancelled) this.heard[child]! |= heardCancel
        if (--this.pending[child]! > 0) continue
        const heard = this.heard[child]!
        if (heard === 0) {
          this.ready.push(child)
          continue
        }
        // a skip is decided before a failure, and a node that was cancelled might have been one
        if ((heard & heardSkip) === 0 && (heard & heardCancel) !== 0) continue
        const keys = (heard & heardSkip) !== 0 ? this.skippedParents(child) : this.failedRoots(child)
        for (const output of this.outputsOf(child)) {
          if ((heard & heardSkip) !== 0) this.settleSkipped(output, { _tag: "UpstreamSkipped", keys }, 0)
          else this.settleUpstreamFailed(output, keys)
          settled.push(output)
        }
      }
    }
  }

  private settleUpstreamFailed(id: number, failed: ReadonlyArray<string>): void {
    const { key } = this.graph.assets[id]!
    this.settle(
      id,
      State.upstreamFailed,
      { _tag: "UpstreamFailed", key, failed },
      { _tag: "AssetUpstreamFailed", runId: this.runId, timestamp: this.now, key, failed }
    )
  }

  private skippedParents(id: number): ReadonlyArray<string> {
    const asset = this.graph.assets[id]!
    const keys = new Set<string>()
    for (const input of [...Object.values(asset.inputs), ...asset.deps]) {
      const { key } = input.asset
      if (input.mode === "value" && this.states[this.graph.ids.get(key)!] === State.skipped) keys.add(key)
    }
    return Array.from(keys)
  }

  /** The keys of the assets whose own failure keeps a node from running. */
  private failedRoots(id: number): ReadonlyArray<string> {
    const { offsets, targets } = this.graph.parents
    const failures: Array<Runtime.Failed | Runtime.UpstreamFailed> = []
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const outcome = this.outcomes[targets[at]!]
      if (outcome?._tag === "Failed" || outcome?._tag === "UpstreamFailed") failures.push(outcome)
    }
    const [only] = failures
    // a chain shares one list
    if (only?._tag === "UpstreamFailed" && failures.length === 1) return only.failed
    return Array.from(new Set(failures.flatMap((outcome) => outcome._tag === "Failed" ? outcome.key : outcome.failed)))
  }

  private derivedVersion(
    asset: Asset.Any,
    codeVersion: string,
    inputVersions: { readonly [key: string]: string }
  ): string {
    if (asset.config === undefined) return derivedVersion(codeVersion, inputVersions, undefined)
    const text = configText(asset.config, this.config.get(Asset.nameOf(asset)))
    return text === undefined ? this.runId : derivedVersion(codeVersion, inputVersions, text)
  }

  /** The versions of what an asset read, or came after: nothing that it had to do without. */
  private inputVersions(id: number, absent: ReadonlySet<string> | undefined): { readonly [key: string]: string } {
    const { offsets, targets } = this.graph.parents
    const start = offsets[id]!
    const end = offsets[id + 1]!
    if (start === end) return noVersions
    const versions: Record<string, string> = {}
    let missed: ReadonlySet<number> | undefined
    for (let at = start; at < end; at++) {
      const parent = targets[at]!
      const { key } = this.graph.assets[parent]!
      let version = this.versions[parent]
      if (version === undefined) {
        missed ??= this.missed(id, absent)
        if (!missed.has(parent)) version = this.services.latest.get(key)?.dataVersion
      }
      if (version !== undefined) versions[key] = version
    }
    return versions
  }

  /** The upstream nodes of which nothing that was stored before this run was there for a node that ran. */
  private missed(id: number, absent: ReadonlySet<string> | undefined): ReadonlySet<number> {
    const missed = new Set<number>()
    const { offsets, targets } = this.graph.parents
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      // one that was skipped is missed as long as no input has been given what it stored before
      if (this.states[targets[at]!] === State.skipped) missed.add(targets[at]!)
    }
    for (const read of this.graph.reads[id]!) if (absent?.has(read.name) === true) missed.add(read.id)
    for (const read of this.graph.reads[id]!) if (absent?.has(read.name) !== true) missed.delete(read.id)
    return missed
  }

  // -------------------------------------------------------------------------------------------------------------------
  // the end
  // -------------------------------------------------------------------------------------------------------------------

  private cancelRest(): void {
    this.now = this.services.clock.currentTimeMillisUnsafe()
    for (let id = 0; id < this.states.length; id++) {
      if (this.states[id] === State.pending) this.settleCancelled(id, false)
    }
  }

  private outcomesByName(): { readonly [name: string]: Runtime.Outcome } {
    const outcomes: Record<string, Runtime.Outcome> = Object.create(null)
    for (const name in this.record) {
      const { key } = this.record[name]!
      outcomes[name] = this.outcomes[this.graph.ids.get(key)!] ?? { _tag: "NotSelected", key }
    }
    return outcomes
  }

  // -------------------------------------------------------------------------------------------------------------------
  // the log
  // -------------------------------------------------------------------------------------------------------------------

  private shouldWrite(idle: boolean): boolean {
    if (this.writing || this.waiting.length === 0 || this.broken !== undefined) return false
    return idle || this.waiting.length >= maxWaiting || this.now - this.writtenAt >= maxDelayMillis
  }

  /** Writes what waits, in a fiber of its own: steps go on meanwhile. */
  private readonly write = Effect.suspend(() => {
    const events = this.waiting
    this.waiting = []
    this.writing = true
    const append = Effect.suspend(() => this.services.log.append(events))
    // nobody interrupts it but the end of a run that has given it up
    return Effect.map(Effect.forkChild(append, { startImmediately: true }), (fiber) => {
      fiber.addObserver((exit) => {
        this.writing = false
        this.begun = true
        this.writtenAt = this.services.clock.currentTimeMillisUnsafe()
        if (Exit.isFailure(exit) && this.broken === undefined) {
          this.broken = logError(exit.cause)
          this.waiting = events.concat(this.waiting)
        }
        this.wakeUp()
      })
    })
  })

  /** Writes what is left, and nothing else goes on. Gives the interruption that came meanwhile. */
  private readonly writeLast = Effect.fnUntraced({ self: this }, function*(
    this: PlannedRun,
    restore: Restore
  ): Effect.fn.Return<Cause.Cause<never> | undefined> {
    const append = Effect.suspend(() => this.services.log.append(this.waiting))
    const fiber = yield* Effect.forkChild(append, { startImmediately: true })
    const waited = this.stopping ? undefined : yield* Effect.exit(restore(Fiber.await(fiber)))
    const exit = waited !== undefined && Exit.isSuccess(waited)
      ? Option.some(waited.value)
      : yield* Effect.timeoutOption(Fiber.await(fiber), maxWriteDuration)
    if (Option.isNone(exit)) this.giveUpWriting()
    else if (Exit.isFailure(exit.value)) this.broken ??= logError(exit.value.cause)
    return waited !== undefined && Exit.isFailure(waited) ? waited.cause : undefined
  })

  private giveUpWriting(): void {
    this.writing = false
    this.hung = true
    this.broken ??= hangs()
  }
}

/** An array of a known length; `Array.from` visits each place. */
// oxlint-disable-next-line unicorn/no-new-array -- the length is what is meant
const emptyArray = <A>(length: number): Array<A | undefined> => new Array<A | undefined>(length)

const logError = (cause: Cause.Cause<unknown>): EventLog.EventLogError => {
  const error = Cause.squash(cause)
  return error instanceof EventLog.EventLogError
    ? error
    : new EventLog.EventLogError({ operation: "append", cause: error })
}

const hangs = () =>
  new EventLog.EventLogError({
    operation: "append",
    cause: new Error(`it did not answer for ${Duration.format(maxWriteDuration)}`)
  })

const Outcomes: unique symbol = Symbol.for("effect-assets/Run/outcomes")

/**
 * What became of each asset, in topological order.
 *
 * @internal
 */
export const outcomesOf = (run: Runtime.Run<Graph.Assets>): ReadonlyArray<Runtime.Outcome> => {
  const { assets, outcomes } = (run as Runtime.Run<Graph.Assets> & { readonly [Outcomes]: Kept })[Outcomes]
  return assets.flatMap((asset, id): ReadonlyArray<Runtime.Outcome> =>
    asset.external ? [] : [outcomes[id] ?? { _tag: "NotSelected", key: asset.key }]
  )
}

interface Kept {
  readonly assets: ReadonlyArray<Asset.Any>
  readonly outcomes: ReadonlyArray<Runtime.Outcome | undefined>
}

const heardSkip = 1
const heardFailure = 2
const heardCancel = 4

const cancelled = { _tag: "Cancelled" } as const
const noSteps: ReadonlyArray<EventLog.StepRecord> = []
const noVersions: { readonly [key: string]: string } = {}

/** An interruption that the run did not ask for is the program's own doing, and is told as a defect. */
const requested = (cause: Cause.Cause<unknown>, key: string): Cause.Cause<unknown> =>
  Cause.hasInterruptsOnly(cause)
    ? Cause.die(new Error(`The program of "${key}" was interrupted, though its run was not cancelled.`))
    : cause
