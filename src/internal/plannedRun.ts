/**
 * The run of a plan. Integer ids and counters; a fiber for each running step and none for a waiting one; events are
 * written in batches by one writer while steps run.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as Asset from "../Asset.ts"
import * as Check from "../Check.ts"
import * as EventLog from "../EventLog.ts"
import type * as Graph from "../Graph.ts"
import type * as IOManager from "../IOManager.ts"
import * as Metadata from "../Metadata.ts"
import type * as Partitions from "../Partitions.ts"
import * as Plan from "../Plan.ts"
import type * as Runtime from "../Runtime.ts"
import type { Admission } from "./admission.ts"
import { attempt, type CheckResult, type Environment, type Results, slotOf, State, type StepResult } from "./attempt.ts"
import { evaluationName } from "./checks.ts"
import { configText, type RecordedConfig } from "./config.ts"
import { AssetTimeoutError } from "./errors.ts"
import { gravest, withOutcomes } from "./outcomes.ts"
import type { Pools } from "./pools.ts"
import { recorded } from "./recorded.ts"
import type { RecordedVersions } from "./recordedVersions.ts"
import { retried } from "./retried.ts"
import { merged, type RangeEvent } from "./rows.ts"
import type { Captured, Origin } from "./runLogsCapture.ts"
import { CurrentStep, type Step } from "./step.ts"
import * as Subset from "./subset.ts"
import { derivedVersion, hash } from "./version.ts"
import type { NodeRead, PartitionRef, Target, Work } from "./work.ts"

/** Events are written when nothing else is to do, when so many wait, or after so long. */
const maxWaiting = 256
const maxDelayMillis = 10

/** How long a run that is stopping waits for its log. */
const maxWriteDuration = Duration.seconds(10)

/** How many steps are launched in one go before other fibers have their turn. */
const launchesPerTurn = 256

/** What became of partitions together is recorded when so many are settled, or after so long, if not all are before. */
const maxGathered = 1000
const maxGatheredMillis = 1000

/** What a run is made of, beside its nodes. */
export interface Services {
  readonly runId: string
  readonly head: number | undefined
  readonly tags: { readonly [name: string]: string }
  readonly config: ReadonlyMap<string, unknown>
  readonly versions: RecordedVersions
  readonly evaluated: ReadonlyMap<string, EventLog.CheckEvaluated>
  readonly pools: Pools
  readonly admission: Admission | undefined
  readonly onlyStale: boolean
  readonly origin:
    & { readonly retryOf?: string; readonly backfillId?: string; readonly checksOnly?: boolean }
    & RecordedConfig
  readonly log: EventLog.Service
  readonly clock: Clock.Clock
  readonly context: Context.Context<never>
  readonly listener: ((progress: Runtime.Progress) => void) | undefined
  readonly concurrency: number
  readonly traced: boolean
  /** Where what programs log is kept, if it is. */
  readonly captured: Captured | undefined
}

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** @internal */
export class PlannedRun implements Environment {
  readonly work: Work
  readonly runId: string
  readonly tags: Environment["tags"]
  readonly config: Environment["config"]
  readonly states: Uint8Array

  private readonly record: Graph.Assets
  private readonly plan: Plan.Plan
  private readonly graph: Plan.Inside["graph"]
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
  /** Ids that may run as soon as their pool has a slot, by pool; those before `next` have been launched. */
  private readonly parked = new Map<string, { readonly ids: Array<number>; next: number }>()
  private unsubscribe: (() => void) | undefined
  /** Ids whose downstream nodes have not heard of them yet. */
  private readonly settled: Array<number> = []
  private readonly running = new Map<number, Fiber.Fiber<Results, unknown>>()
  private failed = false
  /** What it ends as, once it is to end early. */
  private cancelled: "Cancelled" | "Failed" | undefined
  /** What checks of nodes that were computed in this run judge. */
  private readonly judged = new Map<number, Check.Target>()
  /** The events of earlier runs that tell what checks judge, by cursor. */
  private readonly events = new Map<number, Option.Option<EventLog.LoggedEvent>>()
  /** What keeps downstream nodes from running although a node was computed: the blocking checks that failed. */
  private readonly blocked = new Map<number, ReadonlyArray<string>>()
  private readonly checkOutcomes: Array<Runtime.CheckOutcome> = []
  /** Events about partitions that will be one row, by asset. */
  private readonly gathered = new Map<string, { events: Array<RangeEvent>; left: number }>()
  private gatheredCount = 0
  private gatheredAt = 0

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

  constructor(graph: Graph.Any, plan: Plan.Plan, work: Work, services: Services) {
    const count = work.planned.length
    this.work = work
    this.graph = Plan.inside(plan).graph
    this.plan = plan
    this.planned = work.planned
    this.record = graph.assets
    this.services = services
    this.runId = services.runId
    this.tags = services.tags
    this.config = services.config
    this.states = work.planned.slice()
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
    const { offsets, targets } = work.parents
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
    return this.work.outputsOf(id)
  }

  /** The outputs that a launched step computes: those that are fresh are left out. */
  private outputsToCompute(id: number): ReadonlyArray<number> {
    const outputs = this.outputsOf(id)
    return this.services.onlyStale && outputs.length > 1
      ? outputs.filter((output) => this.states[output] !== State.upToDate)
      : outputs
  }

  slot(id: number): IOManager.Slot {
    return this.slots[id] ??= slotOf(this.work.assets[id]!, this.runId, this.work.partitions?.[id]?.key)
  }

  storage(id: number): IOManager.Service | undefined {
    return this.storages[id] ??= Context.getOrUndefined(
      this.services.context,
      this.work.assets[id]!.ioManager as Context.Key<never, IOManager.Service>
    )
  }

  isVoid(id: number): boolean {
    return this.recordedOf(id)?.state.stored === false
  }

  /** What the log knew of a node when the run began. */
  private recordedOf(id: number) {
    return this.services.versions.of(this.work.assets[id]!.key, this.work.partitions?.[id])
  }

  wasSkipped(id: number): Effect.Effect<boolean> {
    const { key } = this.work.assets[id]!
    const partition = this.work.partitions?.[id]
    return Effect.match(this.services.log.outcomes([key]), {
      // what is not stored is told then, whatever else is wrong
      onFailure: () => false,
      onSuccess: (found) => {
        const newest = found.get(key)?.find((state) => isAbout(state, partition))
        return newest?.tag === "AssetSkipped" && newest.cursor > (this.recordedOf(id)?.state.cursor ?? -1)
      }
    })
  }

  target(id: number): Effect.Effect<Check.Target | undefined, EventLog.EventLogError> {
    const judged = this.judged.get(this.work.judged!.get(id)!)
    if (judged !== undefined) return Exit.succeed(judged)
    const found = this.recordedOf(id)
    if (found === undefined) return Exit.succeed(undefined)
    const { dataVersion, state: { cursor, key, runId, timestamp } } = found
    const partition = this.work.partitions?.[id]?.key
    // partitions of one range share an event, which is long
    const known = this.events.get(cursor)
    const event = known !== undefined
      ? Exit.succeed(known)
      : Stream.runHead(this.services.log.events({ keys: [key], after: cursor - 1, before: cursor + 1 }))
    return Effect.map(event, (event) => {
      this.events.set(cursor, event)
      return {
        runId,
        dataVersion,
        timestamp,
        metadata: Option.match(event, { onNone: () => Metadata.empty, onSome: (event) => metadataOf(event, partition) })
      }
    })
  }

  /** What is recorded of the target of a check. */
  private targetOf(id: number): Omit<Check.Target, "metadata"> | undefined {
    const judged = this.judged.get(this.work.judged!.get(id)!)
    if (judged !== undefined) return judged
    const found = this.recordedOf(id)
    return found && { runId: found.state.runId, dataVersion: found.dataVersion, timestamp: found.state.timestamp }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // the loop
  // -------------------------------------------------------------------------------------------------------------------

  readonly toEnd = Effect.fnUntraced({ self: this }, function*(
    this: PlannedRun,
    restore: Restore
  ): Effect.fn.Return<Runtime.Run<Graph.Assets>, EventLog.EventLogError> {
    const { clock, listener, log, origin, pools, runId, tags } = this.services
    const { keys } = this.plan
    const { targets } = this.work
    this.waiting.push({
      _tag: "RunStarted",
      runId,
      timestamp: this.startedAt,
      keys,
      tags,
      ...origin,
      ...(targets.size === 0 ? undefined : {
        partitions: Object.fromEntries(
          Array.from(targets, ([key, { resolved, subset }]) => [key, Subset.serialize(resolved, subset)])
        )
      })
    })
    listener?.({ _tag: "RunStarted", runId, keys })
    // somebody else, maybe in another process, may want the run to end
    const requests = Stream.runHead(log.tail({ runId, tags: ["RunCancelRequested"], after: this.services.head }))
    const watching = yield* Effect.forkChild(
      Effect.interruptible(Effect.matchCause(requests, {
        onSuccess: (request) => {
          if (Option.isNone(request)) return
          const { value } = request
          this.cancelled = value._tag === "RunCancelRequested" ? value.status ?? "Cancelled" : "Cancelled"
          this.wakeUp()
        },
        // a log that cannot be read cannot be written either, which the run will hear of
        onFailure: () => undefined
      })),
      { startImmediately: true }
    )
    this.unsubscribe = pools.subscribe(() => {
      if (this.parked.size > 0) this.wakeUp()
    })

    let interrupted: Cause.Cause<never> | undefined
    while (true) {
      this.woken = false
      this.launchReady()
      // nothing more may come for a long time
      if (this.gatheredCount > 0 && this.now - this.gatheredAt >= maxGatheredMillis) this.flushGathered()
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
        const wait = !idle
          ? Effect.yieldNow
          : this.gatheredCount > 0
          ? Effect.timeoutOption(this.untilWoken, this.gatheredAt + maxGatheredMillis - this.now)
          : this.untilWoken
        const exit = yield* Effect.exit(restore<unknown, never, never>(wait))
        if (Exit.isFailure(exit)) {
          interrupted = exit.cause
          this.cancelled ??= "Cancelled"
        }
      }
    }
    this.leavePools()
    yield* Fiber.interrupt(watching)

    if (this.stopping) this.cancelRest()
    this.flushGathered()
    // who hears of the end finds everything that was logged
    if (this.services.captured !== undefined) yield* this.services.captured.end
    const durationMillis = clock.currentTimeMillisUnsafe() - this.startedAt
    const status = this.cancelled ?? (this.failed || this.broken !== undefined ? "Failed" : "Succeeded")
    const timestamp = clock.currentTimeMillisUnsafe()
    this.waiting.push({ _tag: "RunFinished", runId, timestamp, status, durationMillis })
    // after a failure of the log, one more try to leave a run behind that has an end
    if (!this.hung) interrupted = (yield* this.writeLast(restore)) ?? interrupted
    if (this.broken !== undefined) return yield* this.broken
    const run: Runtime.Run<Graph.Assets> = {
      id: runId,
      status,
      ...this.outcomesByName(),
      checks: this.checkOutcomes,
      tags,
      startedAt: this.startedAt,
      durationMillis
    }
    withOutcomes(run, this.outcomesInOrder())
    listener?.({ _tag: "RunFinished", run })
    return interrupted === undefined ? run : yield* Effect.failCause(interrupted)
  })

  /** Whatever ends a run, nothing of it stays behind. */
  readonly close = Effect.suspend(() => {
    this.leavePools()
    const { captured } = this.services
    return captured === undefined ? this.interruptAll : Effect.andThen(this.interruptAll, captured.end)
  })

  private leavePools(): void {
    this.unsubscribe?.()
    this.unsubscribe = undefined
    for (const [pool, { ids, next }] of this.parked) this.services.pools.wait(pool, next - ids.length)
    this.parked.clear()
  }

  /** The fibers of steps have no parent, so the end of a run is theirs, whatever it is. */
  readonly interruptAll = Effect.suspend(() => Fiber.interruptAll(Array.from(this.running.values())))

  /** Nothing runs, nothing may run any more, and nothing waits to be recorded. */
  private get isDone(): boolean {
    const settled = this.stopping || (this.begun && this.next >= this.ready.length && this.parked.size === 0)
    return settled && this.running.size === 0 && !this.writing &&
      (this.waiting.length === 0 || this.broken !== undefined)
  }

  /** No new steps: the run was cancelled, or its log cannot be written. */
  private get stopping(): boolean {
    return this.cancelled !== undefined || this.broken !== undefined
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
    for (let turn = this.launchParked(); this.begun && turn < launchesPerTurn; turn++) {
      if (this.next >= this.ready.length || this.running.size >= concurrency || this.stopping) return
      this.launch(this.ready[this.next++]!)
      if (this.shouldWrite(false)) return
    }
  }

  /** Launches what has waited for slots. Gives how many. */
  private launchParked(): number {
    const { concurrency, pools } = this.services
    let turn = 0
    for (const [pool, parked] of this.parked) {
      while (parked.next < parked.ids.length && !this.stopping) {
        if (turn >= launchesPerTurn) {
          // nobody else will say that there are slots
          this.wakeUp()
          return turn
        }
        if (this.running.size >= concurrency || !pools.tryTake(pool)) break
        turn++
        pools.wait(pool, -1)
        this.start(parked.ids[parked.next++]!)
      }
      if (parked.next === parked.ids.length) this.parked.delete(pool)
    }
    return turn
  }

  private park(id: number, pool: string): void {
    const parked = this.parked.get(pool)
    if (parked === undefined) this.parked.set(pool, { ids: [id], next: 0 })
    else parked.ids.push(id)
    this.services.pools.wait(pool, 1)
  }

  private launch(id: number): void {
    const { onlyStale, pools } = this.services
    const { assets, checks, gates } = this.work
    if (checks?.[id] === undefined) {
      if (gates?.[id] === 1) {
        this.states[id] = State.done
        this.settled.push(id)
        return this.propagate()
      }
      if (onlyStale) {
        const fresh = this.freshOutputs(id)
        if (fresh.length > 0) this.settleUpToDate(fresh)
        if (fresh.length === this.outputsOf(id).length) return
      }
      const { pool } = assets[id]!
      // who waits for the same pool comes first
      if (pool !== undefined && (this.parked.has(pool) || !pools.tryTake(pool))) return this.park(id, pool)
    } else if (onlyStale && this.wasJudged(id)) {
      this.states[id] = State.done
      this.settled.push(id)
      return this.propagate()
    }
    this.start(id)
  }

  /** What is stored is fresh, and a check that looks at nothing else has judged it and holds nobody up. */
  private wasJudged(id: number): boolean {
    const check = this.work.checks![id]!
    const node = this.work.judged!.get(id)
    if (node === undefined || this.states[node] !== State.upToDate) return false
    for (const _ in check.inputs) return false
    const { target } = this.services.evaluated.get(
      evaluationName(check.asset.key, check.name, this.work.partitions?.[id]?.key)
    ) ?? {}
    const now = this.targetOf(id)
    return target !== undefined && now !== undefined && target.dataVersion === now.dataVersion &&
      target.runId === now.runId
  }

  /** Begins a step; the slot of its pool is taken. */
  private start(id: number): void {
    const asset = this.work.assets[id]!
    const check = this.work.checks?.[id]
    const { listener } = this.services
    const name = check === undefined ? Asset.nameOf(asset) : Check.nameOf(check)
    const origin = this.originOf(id, name)
    const step: Step = {
      attempts: 0,
      startedAt: this.now,
      absent: undefined,
      metadata: undefined,
      steps: undefined,
      origin,
      onStep: listener && ((record) =>
        listener(
          record.status === "Started"
            ? { _tag: "StepStarted", key: name, name: record.name }
            : { _tag: "StepFinished", key: name, step: record }
        ))
    }
    const isPlain = check !== undefined ||
      (asset.retry === undefined && asset.timeout === undefined && asset.pool === undefined)
    let effect: Effect.Effect<Results, unknown, unknown>
    if (isPlain && !this.traced) {
      try {
        effect = this.once(id, step)
      } catch (error) {
        effect = Effect.die(error)
      }
      // a step that never suspends needs no fiber
      if (Exit.isExit(effect)) return this.finished(id, step, effect as Exit.Exit<Results, unknown>)
    } else effect = this.managed(id, step, name)

    const context = Context.add(
      Context.add(this.services.context, CurrentStep, step),
      References.CurrentLogAnnotations,
      origin?.annotations ?? this.annotationsOf(id, name)
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

  /** Where what a step logs comes from, if somebody keeps it. */
  private originOf(id: number, name: string): Origin | undefined {
    const run = this.services.captured
    if (run === undefined) return undefined
    const check = this.work.checks?.[id]
    return {
      run,
      key: check === undefined ? Asset.nameOf(this.work.assets[id]!) : check.asset.key,
      partition: this.work.partitions?.[id]?.key,
      check: check?.name,
      annotations: this.annotationsOf(id, name)
    }
  }

  private annotationsOf(id: number, name: string): Readonly<Record<string, unknown>> {
    const partition = this.work.partitions?.[id]?.key
    return partition === undefined
      ? { ...this.annotations, asset: name }
      : { ...this.annotations, asset: name, partition }
  }

  /** One attempt. */
  private once(id: number, step: Step): Effect.Effect<Results, unknown, unknown> {
    const { listener } = this.services
    step.attempts++
    step.metadata = undefined
    step.absent = undefined
    if (listener !== undefined && this.work.checks?.[id] === undefined) {
      for (const output of this.outputsToCompute(id)) {
        const partition = this.work.partitions?.[output]?.key
        listener({
          _tag: "AssetStarted",
          key: this.work.assets[output]!.key,
          attempt: step.attempts,
          ...(partition === undefined ? undefined : { partition })
        })
      }
    }
    return attempt(this, id, this.work.siblings[id] === undefined ? undefined : this.outputsToCompute(id), step)
  }

  /** Attempts within their time, as often as it takes, and seen by the tracer. */
  private managed(id: number, step: Step, name: string): Effect.Effect<Results, unknown, unknown> {
    const check = this.work.checks?.[id]
    const { pool, retry, timeout } = check === undefined ? this.work.assets[id]! : unmanaged
    const once = Effect.suspend(() => this.once(id, step))
    const timed = timeout === undefined ? once : Effect.timeoutOrElse(once, {
      duration: timeout,
      orElse: () => Effect.fail(new AssetTimeoutError({ key: name, timeoutMillis: Duration.toMillis(timeout) }))
    })
    const pooled = pool === undefined ? timed : this.pooled(pool, timed)
    const effect = retry === undefined ? pooled : retried(pooled, retry, () => this.stopping)
    const partition = this.work.partitions?.[id]?.key
    return this.traced
      ? Effect.withSpan(effect, `${check === undefined ? "asset" : "check"} ${name}`, {
        attributes: {
          "asset.key": name,
          "run.id": this.runId,
          ...(partition === undefined ? undefined : { "asset.partition": partition })
        },
        captureStackTrace: false
      })
      : effect
  }

  /** Attempts with a slot each. The first one has been taken; it is given back while the next attempt is waited for. */
  private pooled<A, E, R>(pool: string, attempt: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const { pools } = this.services
    let taken = true
    const release = Effect.sync(() => {
      taken = false
      pools.release(pool)
    })
    return Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        taken ? Effect.void : restore(pools.take(pool)),
        Effect.ensuring(restore(attempt), release)
      )
    )
  }

  /** A step has ended. */
  private finished(id: number, step: Step, exit: Exit.Exit<Results, unknown>): void {
    this.now = this.services.clock.currentTimeMillisUnsafe()
    if (Exit.isSuccess(exit) && "_tag" in exit.value) {
      this.settleResult(id, exit.value, step)
      this.settled.push(id)
    } else if (this.work.checks?.[id] !== undefined) {
      const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
      if (this.stopping && Cause.hasInterruptsOnly(cause)) this.states[id] = State.cancelled
      else this.settleResult(id, { _tag: "Failed", cause }, step)
      this.settled.push(id)
    } else {
      const outputs = this.outputsToCompute(id)
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
    const asset = this.work.assets[id]!
    const { key } = asset
    const { runId } = this
    const timestamp = this.now
    const durationMillis = timestamp - step.startedAt
    const { attempts } = step
    const check = this.work.checks?.[id]
    if (check !== undefined) return this.settleCheck(id, check, result, step)
    switch (result._tag) {
      case "Checked":
        return
      case "Computed": {
        const { metadata, stored } = result
        const inputVersions = this.inputVersions(id, step.absent)
        const inputPartitions = this.work.links === undefined ? undefined : this.inputPartitions(id, inputVersions)
        const { codeVersion } = asset
        const configVersion = asset.config === undefined ? undefined : this.configVersion(asset)
        const dataVersion = result.dataVersion ??
          // without a version of the code, every run may give other data
          (codeVersion === undefined ? runId : this.derivedVersion(asset, codeVersion, inputVersions, inputPartitions))
        this.versions[id] = dataVersion
        if (this.work.checks !== undefined) this.judged.set(id, { runId, dataVersion, metadata, timestamp })
        const event: EventLog.AssetMaterialized = {
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
        // most have neither
        if (inputPartitions !== undefined) Object.assign(event, { inputPartitions })
        if (configVersion !== undefined) Object.assign(event, { configVersion })
        this.settle(
          id,
          stored ? State.stored : State.void,
          { _tag: "Materialized", key, dataVersion, metadata, durationMillis, attempts, stored },
          event
        )
        if (result.checks.length > 0) {
          const target = { runId, dataVersion, metadata, timestamp }
          for (const check of result.checks) this.settleEvaluation(id, check, target, 0)
        }
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

  private settleCheck(
    id: number,
    check: Check.Any,
    result: StepResult | typeof cancelled,
    step: Step
  ): void {
    this.states[id] = State.done
    const durationMillis = this.now - step.startedAt
    if (result._tag === "Checked") {
      this.settleEvaluation(id, result.result, this.targetOf(id), durationMillis)
    } else if (result._tag === "Failed") {
      const { blocking, description, name, severity } = check
      const cause = requested(result.cause, Check.nameOf(check))
      const evaluation = { name, passed: false, severity, blocking, description, metadata: Metadata.empty }
      this.settleEvaluation(id, evaluation, this.targetOf(id), durationMillis, cause)
    } else {
      // an input that is not there: there is nothing to judge it by
      this.states[id] = State.skipped
    }
  }

  /** A check was evaluated, by a program of its own or by that of its asset. */
  private settleEvaluation(
    id: number,
    { blocking, description, metadata, name: check, passed, severity }: CheckResult,
    target: Omit<Check.Target, "metadata"> | undefined,
    durationMillis: number,
    cause?: Cause.Cause<unknown>
  ): void {
    const { key } = this.work.assets[id]!
    const status = cause !== undefined ? "Errored" : passed ? "Passed" : "Failed"
    const outcome: Runtime.CheckOutcome = {
      key,
      check,
      status,
      severity,
      blocking,
      description,
      metadata,
      durationMillis,
      cause: cause as Cause.Cause<never> | undefined
    }
    const { runId } = this
    const event: EventLog.CheckEvaluated = {
      _tag: "CheckEvaluated",
      runId,
      timestamp: this.now,
      key,
      check,
      status,
      severity,
      blocking,
      metadata,
      durationMillis,
      ...(description === undefined ? undefined : { description }),
      ...(cause === undefined ? undefined : { error: recorded(cause) }),
      ...(target === undefined ? undefined : {
        target: {
          ...(target.runId === undefined ? undefined : { runId: target.runId }),
          dataVersion: target.dataVersion,
          timestamp: target.timestamp
        }
      })
    }
    if (this.work.partitions?.[id] !== undefined) {
      Object.assign(outcome, { partition: this.work.partitions[id].key })
      Object.assign(event, this.subject(id))
    }
    const stops = blocking && !passed && severity === "error"
    if (stops) this.blocked.set(id, [...(this.blocked.get(id) ?? []), `${key}:${check}`])
    if (stops || cause !== undefined) this.failed = true
    this.checkOutcomes.push(outcome)
    this.waiting.push(event)
    this.services.listener?.({ _tag: "CheckFinished", key, check, outcome })
  }

  /** The outputs of a step that need not be computed: a program that cannot compute a part of them computes all. */
  private freshOutputs(id: number): ReadonlyArray<number> {
    const outputs = this.outputsOf(id)
    const fresh = outputs.filter((output) => this.isUpToDate(output))
    const canSubset = this.work.assets[id]!.output?.multi.canSubset === true
    return canSubset || fresh.length === outputs.length ? fresh : noNodes
  }

  /** What is stored is fresh, and what a run of it would read is what it has read. */
  private isUpToDate(id: number): boolean {
    const found = this.recordedOf(id)
    if (found === undefined) return false
    const asset = this.work.assets[id]!
    const { state } = found
    // somebody has seen data that nobody here has computed
    if (state.observed) return false
    if (asset.codeVersion !== undefined && state.codeVersion !== undefined && asset.codeVersion !== state.codeVersion) {
      return false
    }
    if (asset.config !== undefined) {
      const config = this.configVersion(asset)
      if (config === undefined || (state.configVersion !== undefined && state.configVersion !== config)) return false
    }
    // an input that is new may have nothing to read, and then a run of it would be skipped
    if (this.work.reads[id]!.some((read) => this.isNowhere(read))) return false
    const absent = this.work.reads[id]!.filter(({ id, mode }) =>
      mode === "optional" && this.states[id] === State.skipped
    )
    const versions = this.inputVersions(id, new Set(absent.map(({ name }) => name)))
    if (!sameVersions(versions, found.inputVersions)) return false
    const inputPartitions = this.work.links === undefined ? undefined : this.inputPartitions(id, versions)
    return samePartitions(inputPartitions ?? {}, found.inputPartitions ?? {})
  }

  /** Whether it is known that a required input has nothing to read. */
  private isNowhere({ id, many, mode }: NodeRead): boolean {
    if (many !== undefined || mode === "optional" || mode === "optionalLastValue") return false
    return id === -1 || (this.states[id] === State.skipped && this.recordedOf(id) === undefined)
  }

  private settleUpToDate(outputs: ReadonlyArray<number>): void {
    for (const output of outputs) {
      const { key } = this.work.assets[output]!
      const { dataVersion } = this.recordedOf(output)!
      this.versions[output] = dataVersion
      this.states[output] = State.upToDate
      const outcome: Runtime.UpToDate = { _tag: "UpToDate", key, dataVersion }
      this.tell(output, outcome)
      this.settled.push(output)
    }
    this.propagate()
  }

  private settleSkipped(id: number, reason: EventLog.SkipReason, durationMillis: number): void {
    const { key } = this.work.assets[id]!
    this.settle(
      id,
      State.skipped,
      { _tag: "Skipped", key, reason, durationMillis },
      { _tag: "AssetSkipped", runId: this.runId, timestamp: this.now, key, reason }
    )
  }

  private settleCancelled(id: number, started: boolean): void {
    const { key } = this.work.assets[id]!
    this.settle(
      id,
      State.cancelled,
      { _tag: "Cancelled", key, started },
      { _tag: "AssetCancelled", runId: this.runId, timestamp: this.now, key, started }
    )
  }

  private settle(id: number, state: number, outcome: Runtime.Outcome, event: RangeEvent): void {
    this.states[id] = state
    this.tell(id, outcome)
    if (this.work.partitions?.[id] === undefined) this.waiting.push(event)
    else this.gather(Object.assign(event, this.subject(id)))
  }

  private tell(id: number, outcome: Runtime.Outcome): void {
    const partition = this.work.partitions?.[id]
    if (partition !== undefined) Object.assign(outcome, { partition: partition.key })
    this.outcomes[id] = outcome
    this.services.listener?.({ _tag: "AssetFinished", key: outcome.key, outcome })
  }

  /** The partition of a node, as events tell it. */
  private subject(id: number): { readonly partition: string; readonly partitions: Partitions.Serialized } {
    const partition = this.work.partitions![id]!
    return { partition: partition.key, partitions: serialized(partition) }
  }

  /** What becomes of several partitions of an asset in one run is one row. */
  private gather(event: RangeEvent): void {
    const target = this.work.targets.get(event.key)
    if (target === undefined || target.subset.size === 1) {
      this.waiting.push(event)
      return
    }
    let of = this.gathered.get(event.key)
    if (of === undefined) {
      of = { events: [], left: target.subset.size }
      this.gathered.set(event.key, of)
    }
    if (this.gatheredCount++ === 0) this.gatheredAt = this.now
    of.events.push(event)
    of.left--
    if (of.left === 0) this.flush(of.events, target)
    // a crash is not to cost the record of a long run
    if (this.gatheredCount >= maxGathered || this.now - this.gatheredAt >= maxGatheredMillis) this.flushGathered()
  }

  private flush(events: Array<RangeEvent>, target: Target): void {
    this.gatheredCount -= events.length
    if (events.length > 0) this.waiting.push(...merged(events, target))
    events.length = 0
  }

  private flushGathered(): void {
    for (const [key, { events }] of this.gathered) this.flush(events, this.work.targets.get(key)!)
  }

  /** Tells downstream nodes, and settles those that cannot run. A list of its own: chains are longer than the call stack. */
  private propagate(): void {
    const { settled } = this
    const { offsets, targets } = this.work.children
    for (let id = settled.pop(); id !== undefined; id = settled.pop()) {
      const state = this.states[id]
      const blocks = this.blocked.size > 0 && this.blocked.has(id)
      for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
        const child = targets[at]!
        if (this.leads[child] === 0) continue
        if (state === State.skipped) {
          if (this.work.tolerant[at] === 0) this.heard[child]! |= heardSkip
        } else if (state === State.failed || state === State.upstreamFailed) this.heard[child]! |= heardFailure
        else if (state === State.cancelled) this.heard[child]! |= heardCancel
        // other checks of the same data are evaluated all the same
        else if (blocks && this.work.checks?.[child] === undefined) this.heard[child]! |= heardFailure
        if (--this.pending[child]! > 0) continue
        const heard = this.heard[child]!
        if (heard === 0) {
          this.ready.push(child)
          continue
        }
        // a skip is decided before a failure, and a node that was cancelled might have been one
        if ((heard & heardSkip) === 0 && (heard & heardCancel) !== 0) continue
        const skips = (heard & heardSkip) !== 0
        if (skips && this.work.checks?.[child] !== undefined) {
          this.states[child] = State.skipped
          settled.push(child)
          continue
        }
        if (this.work.checks?.[child] !== undefined || this.work.gates?.[child] === 1) {
          this.states[child] = State.upstreamFailed
          // no outcome of an asset: what comes after the check or the gate looks here for the reason
          this.outcomes[child] = {
            _tag: "UpstreamFailed",
            key: this.work.assets[child]!.key,
            ...this.failedRoots(child)
          }
          settled.push(child)
          continue
        }
        if (skips) {
          const keys = this.skippedParents(child)
          for (const output of this.outputsOf(child)) {
            this.settleSkipped(output, { _tag: "UpstreamSkipped", keys }, 0)
            settled.push(output)
          }
        } else {
          const roots = this.failedRoots(child)
          for (const output of this.outputsOf(child)) {
            this.settleUpstreamFailed(output, roots)
            settled.push(output)
          }
        }
      }
    }
  }

  private settleUpstreamFailed(id: number, roots: Roots): void {
    const { key } = this.work.assets[id]!
    this.settle(
      id,
      State.upstreamFailed,
      { _tag: "UpstreamFailed", key, ...roots },
      { _tag: "AssetUpstreamFailed", runId: this.runId, timestamp: this.now, key, ...roots }
    )
  }

  private skippedParents(id: number): ReadonlyArray<string> {
    const keys = new Set<string>()
    const { offsets, targets } = this.work.parents
    const asset = this.work.assets[id]!
    const required = new Set<string>()
    for (const input of Object.values(asset.inputs)) if (input.mode === "value") required.add(input.asset.key)
    for (const dep of asset.deps) if (dep.mode === "value") required.add(dep.asset.key)
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      const { key } = this.work.assets[parent]!
      // a check has the key of the asset it judges
      const isAsset = this.work.checks?.[parent] === undefined
      if (isAsset && this.states[parent] === State.skipped && required.has(key)) keys.add(key)
    }
    return Array.from(keys)
  }

  /** The keys of the assets whose own failure keeps a node from running, and the checks that do. */
  private failedRoots(id: number): Roots {
    const { offsets, targets } = this.work.parents
    const failures: Array<Runtime.Failed | Runtime.UpstreamFailed> = []
    const checks = new Set<string>()
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      const outcome = this.outcomes[parent]
      if (outcome?._tag === "Failed" || outcome?._tag === "UpstreamFailed") failures.push(outcome)
      const blocking = this.blocked.get(parent)
      if (blocking !== undefined) { for (const check of blocking) checks.add(check) }
    }
    const [only] = failures
    // a chain shares one list
    if (only?._tag === "UpstreamFailed" && failures.length === 1 && checks.size === 0) {
      return only.checks === undefined ? { failed: only.failed } : { failed: only.failed, checks: only.checks }
    }
    const failed = Array.from(
      new Set(failures.flatMap((outcome) => outcome._tag === "Failed" ? outcome.key : outcome.failed))
    )
    for (const outcome of failures) {
      if (outcome._tag === "UpstreamFailed") { for (const check of outcome.checks ?? noKeys) checks.add(check) }
    }
    return checks.size === 0 ? { failed } : { failed, checks: Array.from(checks) }
  }

  private derivedVersion(
    asset: Asset.Any,
    codeVersion: string,
    inputVersions: { readonly [key: string]: string },
    inputPartitions: EventLog.AssetMaterialized["inputPartitions"]
  ): string {
    const inputs = inputPartitions === undefined ? inputVersions : {
      ...inputVersions,
      ...Object.fromEntries(Object.entries(inputPartitions).map(([key, groups]) => [key, JSON.stringify(groups)]))
    }
    if (asset.config === undefined) return derivedVersion(codeVersion, inputs, undefined)
    const text = configText(asset.config, this.config.get(Asset.nameOf(asset)))
    return text === undefined ? this.runId : derivedVersion(codeVersion, inputs, text)
  }

  /** Tells the configuration of an asset from others; `undefined` where it cannot be written down. */
  private configVersion(asset: Asset.Any): string | undefined {
    const text = configText(asset.config!, this.config.get(Asset.nameOf(asset)))
    return text === undefined ? undefined : hash(text)
  }

  /** The versions of what an asset read, or came after: nothing that it had to do without. */
  private inputVersions(id: number, absent: ReadonlySet<string> | undefined): { readonly [key: string]: string } {
    if (this.work.links !== undefined) return this.linkedVersions(id, absent, this.work.links[id]!)
    const { offsets, targets } = this.work.parents
    const start = offsets[id]!
    const end = offsets[id + 1]!
    if (start === end) return noVersions
    const versions: Record<string, string> = this.states.length > maxShapes ? dictionary() : {}
    let missed: ReadonlySet<number> | undefined
    for (let at = start; at < end; at++) {
      const parent = targets[at]!
      const { key } = this.work.assets[parent]!
      let version = this.versions[parent]
      if (version === undefined) {
        missed ??= this.missed(id, absent)
        if (!missed.has(parent)) version = this.services.versions.of(key, undefined)?.dataVersion
      }
      if (version !== undefined) versions[key] = version
    }
    return versions
  }

  /** The same where assets have several nodes: those of which one partition is read. */
  private linkedVersions(
    id: number,
    absent: ReadonlySet<string> | undefined,
    links: NonNullable<Work["links"]>[number]
  ): { readonly [key: string]: string } {
    const versions = dictionary()
    let missed: ReadonlySet<number> | undefined
    for (const { key, many, nodes } of links) {
      const [node] = nodes
      if (many || node === undefined) continue
      let version = this.versions[node]
      if (version === undefined) {
        missed ??= this.missed(id, absent)
        if (!missed.has(node)) version = this.recordedOf(node)?.dataVersion
      }
      if (version !== undefined) versions[key] = version
    }
    return versions
  }

  /**
   * The versions of the partitions that an asset read several of, those of one version together; and of those of which it
   * does not go without saying which one it read.
   */
  private inputPartitions(
    id: number,
    inputVersions: { readonly [key: string]: string }
  ): EventLog.AssetMaterialized["inputPartitions"] {
    let found: Record<string, ReadonlyArray<{ partitions: Partitions.Serialized; dataVersion: string }>> | undefined
    let last: ReadonlySet<number> | undefined
    for (const { key, many, named, nodes } of this.work.links![id]!) {
      if (!many) {
        const dataVersion = inputVersions[key]
        const partition = nodes.length === 0 ? undefined : this.work.partitions![nodes[0]!]
        if (named && dataVersion !== undefined && partition !== undefined) {
          ;(found ??= {})[key] = [{ partitions: serialized(partition), dataVersion }]
        }
        continue
      }
      const groups = new Map<string, Array<string>>()
      let set: Partitions.Resolved | undefined
      for (const node of nodes) {
        // what was skipped in this run was not read, unless it is its last value that is read
        const version = this.states[node] === State.skipped && !(last ??= this.lastValues(id)).has(node)
          ? undefined
          : this.versions[node] ?? this.recordedOf(node)?.dataVersion
        const partition = this.work.partitions![node]
        if (version === undefined || partition === undefined) continue
        ;({ set } = partition)
        const group = groups.get(version)
        if (group === undefined) groups.set(version, [partition.key])
        else group.push(partition.key)
      }
      ;(found ??= {})[key] = Array.from(groups, ([dataVersion, keys]) => ({
        partitions: Subset.serialize(set!, Subset.fromKeys(set!, keys).subset),
        dataVersion
      }))
    }
    return found
  }

  /** The upstream nodes of which a node reads what was stored last. */
  private lastValues(id: number): ReadonlySet<number> {
    return new Set(
      this.work.reads[id]!.flatMap(({ id, many, mode }) =>
        mode === "lastValue" || mode === "optionalLastValue" ? many ?? [id] : []
      )
    )
  }

  /** The upstream nodes of which nothing that was stored before this run was there for a node that ran. */
  private missed(id: number, absent: ReadonlySet<string> | undefined): ReadonlySet<number> {
    const missed = new Set<number>()
    const { offsets, targets } = this.work.parents
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      // one that was skipped is missed as long as no input has been given what it stored before
      if (this.states[targets[at]!] === State.skipped) missed.add(targets[at]!)
    }
    for (const read of this.work.reads[id]!) if (absent?.has(read.name) === true) missed.add(read.id)
    for (const read of this.work.reads[id]!) if (absent?.has(read.name) !== true) missed.delete(read.id)
    return missed
  }

  // -------------------------------------------------------------------------------------------------------------------
  // the end
  // -------------------------------------------------------------------------------------------------------------------

  private cancelRest(): void {
    this.now = this.services.clock.currentTimeMillisUnsafe()
    const { checks, gates } = this.work
    for (let id = 0; id < this.states.length; id++) {
      if (this.states[id] === State.pending && checks?.[id] === undefined && gates?.[id] !== 1) {
        this.settleCancelled(id, false)
      }
    }
  }

  private outcomesByName(): Pick<Runtime.Run<Graph.Assets>, "outcomes" | "partitions"> {
    const outcomes: Record<string, Runtime.Outcome> = Object.create(null)
    const partitions: Record<string, ReadonlyMap<string, Runtime.Outcome>> = Object.create(null)
    for (const name in this.record) {
      const { key } = this.record[name]!
      const id = this.graph.ids.get(key)!
      if (this.work.isPlain) {
        outcomes[name] = this.outcomes[id] ?? { _tag: "NotSelected", key }
        continue
      }
      const nodes = this.work.nodesOf(id)
      outcomes[name] = this.outcomeOf(key, nodes)
      if (this.work.targets.has(key)) {
        partitions[name] = new Map(nodes.map((id) => [this.work.partitions![id]!.key, this.outcomes[id]!]))
      }
    }
    return { outcomes, partitions }
  }

  /** What became of an asset: of several partitions, what has to be known most. */
  private outcomeOf(key: string, nodes: ReadonlyArray<number>): Runtime.Outcome {
    const found = nodes.flatMap((id) => this.outcomes[id] ?? [])
    return found.length === 0 ? { _tag: "NotSelected", key } : gravest(found)
  }

  /** Gives the outcomes of all nodes when somebody wants them, and keeps nothing else of the run. */
  private outcomesInOrder(): () => ReadonlyArray<Runtime.Outcome> {
    const { graph: { assets }, outcomes, work: { nodesOf } } = this
    return () =>
      assets.flatMap(({ external, key }, id): ReadonlyArray<Runtime.Outcome> => {
        if (external) return []
        const nodes = nodesOf(id)
        return nodes.length === 0
          ? [{ _tag: "NotSelected", key }]
          : nodes.map((node) => outcomes[node] ?? { _tag: "NotSelected", key })
      })
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
    const { admission } = this.services
    const written = this.begun || admission === undefined ? append : Effect.andThen(append, this.admitted(admission))
    // nobody interrupts it but the end of a run that has given it up
    return Effect.map(Effect.forkChild(written, { startImmediately: true }), (fiber) => {
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

  /** Nothing is computed before this, and nothing at all if there is a reason not to. */
  private admitted(admission: Admission): Effect.Effect<void> {
    const { clock, runId } = this.services
    return Effect.map(admission(runId), (reason) => {
      if (reason === undefined) return
      this.cancelled ??= "Cancelled"
      this.waiting.push({ _tag: "RunCancelRequested", runId, timestamp: clock.currentTimeMillisUnsafe(), reason })
    })
  }

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

/** Why a node does not run. */
interface Roots {
  readonly failed: ReadonlyArray<string>
  readonly checks?: ReadonlyArray<string>
}

const noKeys: ReadonlyArray<string> = []

/** V8 keeps the hidden classes of so many different first keys (kMaxNumberOfTransitions); then each is made anew. */
const maxShapes = 1500

/**
 * A plain object for keys that are different each time: V8 would make a hidden class for each of them, which takes several
 * times as long.
 */
const dictionary = (): Record<string, string> => Object.setPrototypeOf(Object.create(null), Object.prototype)
const noNodes: ReadonlyArray<number> = []

/** Whether what is recorded is about an asset as a whole, or about a partition of it. */
const isAbout = (
  { partition, partitions }: EventLog.OutcomeState,
  wanted: PartitionRef | undefined
): boolean => {
  if (wanted === undefined) return partition === undefined && partitions === undefined
  if (partition !== undefined || partitions === undefined) return partition === wanted.key
  const tuple = wanted.set.indicesOf(wanted.key)
  return tuple !== undefined && Subset.has(Subset.deserialize(wanted.set, partitions).subset, tuple)
}

/** The program of a check is tried once, for as long as it takes. */
const unmanaged = { pool: undefined, retry: undefined, timeout: undefined }

const sameVersions = (a: { readonly [key: string]: string }, b: { readonly [key: string]: string }): boolean => {
  let count = 0
  for (const key in a) {
    if (a[key] !== b[key]) return false
    count++
  }
  for (const _ in b) count--
  return count === 0
}

type InputPartitions = NonNullable<EventLog.AssetMaterialized["inputPartitions"]>

/** Neither the order of inputs matters nor that of versions. */
const samePartitions = (a: InputPartitions, b: InputPartitions): boolean => {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => {
    const [groups, others] = [a[key]!, b[key]]
    if (groups.length !== others?.length) return false
    const byVersion = new Map(others.map(({ dataVersion, partitions }) => [dataVersion, partitions]))
    return groups.every(({ dataVersion, partitions }) => Equal.equals(byVersion.get(dataVersion), partitions))
  })
}

const serialized = ({ key, set }: PartitionRef): Partitions.Serialized =>
  Subset.serialize(set, Subset.fromKeys(set, [key]).subset)

/** The metadata of what was materialized, or of one of several partitions. */
const metadataOf = (event: EventLog.LoggedEvent, partition: string | undefined): Metadata.Metadata => {
  if (event._tag !== "AssetMaterialized") return event._tag === "AssetObserved" ? event.metadata : Metadata.empty
  const own = partition !== undefined && Object.hasOwn(event.byPartition ?? {}, partition)
    ? event.byPartition![partition]!.metadata
    : undefined
  return own ?? event.metadata
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
