/**
 * What is pushed to everybody who looks: one reading of the log for all of them.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as Latch from "effect/Latch"
import * as RcRef from "effect/RcRef"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as AutomationStore from "../../AutomationStore.ts"
import * as EventLog from "../../EventLog.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import * as Problem from "../Problem.ts"
import { type Env, newestCursor, provideAll, type Snapshot } from "./operationsEnv.ts"
import type { LiveRuns } from "./operationsLive.ts"
import { problemOf } from "./operationsProblems.ts"
import { toSummary } from "./operationsRuns.ts"

/** What is recorded within this time is told together. */
const debounceMillis = 25
/** Reading the states of all assets takes at most this part of the time. */
const share = 0.2
/** States are read after this time also when nothing was recorded: keys come, windows end, another process forgets. */
const idleMillis = 30_000
/** Whoever has not read so much is told to read everything. */
const maxWaitingRuns = 1_000

type Told = Exclude<Model.Change, { readonly _tag: "Hello" }>

// ---------------------------------------------------------------------------------------------------------------------
// whoever looks
// ---------------------------------------------------------------------------------------------------------------------

/** What somebody has not read yet: the newest of each asset and run, so it does not grow beyond them. */
class Mailbox {
  readonly arrived = Latch.makeUnsafe(false)
  private readonly statuses = new Map<string, Model.AssetStatus>()
  private readonly runs = new Map<string, Model.RunSummary>()
  private readonly automations = new Set<string>()
  private isQueueChanged = false
  private cursor = 0
  private deployment: Model.Deployment | undefined
  private isBehind = false
  private failure: Cause.Cause<Problem.Unavailable> | undefined

  put(change: Told): void {
    switch (change._tag) {
      case "DefinitionsChanged":
        this.deployment = change.deployment
        break
      case "StatusChanged":
        for (const status of change.statuses) this.statuses.set(status.key, status)
        this.cursor = change.cursor
        break
      case "RunsChanged":
        for (const run of change.runs) this.runs.set(run.id, run)
        if (this.runs.size > maxWaitingRuns) this.fallBehind()
        break
      case "AutomationChanged":
        for (const name of change.names) this.automations.add(name)
        break
      case "QueueChanged":
        this.isQueueChanged = true
        break
    }
    this.arrived.openUnsafe()
  }

  /** There is too much to tell it one by one. */
  fallBehind(): void {
    this.isBehind = true
    this.statuses.clear()
    this.runs.clear()
    this.automations.clear()
    this.isQueueChanged = false
    this.arrived.openUnsafe()
  }

  fail(cause: Cause.Cause<Problem.Unavailable>): void {
    this.failure = cause
    this.arrived.openUnsafe()
  }

  /** Everything that has arrived, once something has. */
  read(hello: Effect.Effect<Model.Change>): Effect.Effect<ReadonlyArray<Model.Change>, Problem.Unavailable> {
    return Effect.flatMap(
      this.arrived.await,
      (): Effect.Effect<ReadonlyArray<Model.Change>, Problem.Unavailable> => {
        if (this.failure !== undefined) return Effect.failCause(this.failure)
        this.arrived.closeUnsafe()
        const changes: Array<Model.Change> = []
        if (this.deployment !== undefined) changes.push({ _tag: "DefinitionsChanged", deployment: this.deployment })
        if (this.runs.size > 0) changes.push({ _tag: "RunsChanged", runs: [...this.runs.values()] })
        if (this.statuses.size > 0) {
          changes.push({ _tag: "StatusChanged", statuses: [...this.statuses.values()], cursor: this.cursor })
        }
        if (this.automations.size > 0) changes.push({ _tag: "AutomationChanged", names: [...this.automations] })
        if (this.isQueueChanged) changes.push({ _tag: "QueueChanged" })
        this.deployment = undefined
        this.runs.clear()
        this.statuses.clear()
        this.automations.clear()
        this.isQueueChanged = false
        if (!this.isBehind) return Effect.succeed(changes)
        this.isBehind = false
        return Effect.map(hello, (first) => [first, ...changes])
      }
    )
  }
}

/** One reading of the log, as long as somebody looks. */
interface Reader {
  readonly subscribe: Effect.Effect<Mailbox, Problem.Unavailable, Scope.Scope>
}

// ---------------------------------------------------------------------------------------------------------------------
// reading
// ---------------------------------------------------------------------------------------------------------------------

const makeReader = Effect.fnUntraced(function*(
  env: Env,
  live: LiveRuns,
  modelOf: Effect.Effect<Model.Deployment>
): Effect.fn.Return<Reader, never, Scope.Scope> {
  const mailboxes = new Set<Mailbox>()
  /** What everybody knows or will be told: what changes from here on is pushed. */
  let known: ReadonlyMap<string, Model.AssetStatus> | undefined
  let failure: Cause.Cause<Problem.Unavailable> | undefined
  const ready = Deferred.makeUnsafe<void>()
  const isReady = () => void Deferred.doneUnsafe(ready, Exit.void)
  const isDirty = Latch.makeUnsafe(false)
  const touched = new Set<string>()
  let isTooMuch = false

  const push = (change: Told) => {
    for (const mailbox of mailboxes) mailbox.put(change)
  }

  const onForgotten = () => isDirty.openUnsafe()
  yield* Effect.acquireRelease(
    Effect.sync(() => env.onForgotten.add(onForgotten)),
    () => Effect.sync(() => env.onForgotten.delete(onForgotten))
  )

  /** Tells what has changed since it was last told. */
  const compare = ({ cursor, statuses }: Snapshot): void => {
    const before = known
    known = statuses
    if (before === undefined || before === statuses) return
    const changed: Array<Model.AssetStatus> = []
    for (const [key, status] of statuses) if (!isSame(before.get(key), status)) changed.push(status)
    if (changed.length > 0) push({ _tag: "StatusChanged", statuses: changed, cursor })
  }

  const tellRuns = Effect.fnUntraced(function*(log: EventLog.Service) {
    if (isTooMuch) {
      isTooMuch = false
      touched.clear()
      for (const mailbox of mailboxes) mailbox.fallBehind()
      return
    }
    if (touched.size === 0) return
    const ids = [...touched]
    touched.clear()
    const records = yield* log.runs({ ids })
    if (records.length > 0) push({ _tag: "RunsChanged", runs: records.map((record) => toSummary(live, record)) })
  })

  const onEvent = (event: EventLog.LoggedEvent): void => {
    if (event._tag === "RunStarted" || event._tag === "RunFinished" || event._tag === "RunCancelRequested") {
      if (touched.size >= maxWaitingRuns) isTooMuch = true
      else touched.add(event.runId)
    }
    isDirty.openUnsafe()
  }

  /** Tells what has changed of automation, the queue among it. */
  const followAutomation = Effect.gen(function*() {
    const store = yield* AutomationStore.AutomationStore
    const version = yield* store.version
    let before = yield* store.states
    yield* Stream.runForEach(store.changes(version), () =>
      Effect.gen(function*() {
        const states = yield* store.states
        const names = [...states].flatMap(([name, state]) => isSame(before.get(name), state) ? [] : [name])
        before = states
        if (names.length > 0) push({ _tag: "AutomationChanged", names })
        push({ _tag: "QueueChanged" })
        yield* Effect.sleep(debounceMillis)
      }))
  })

  /** Reads the log of some definitions until others take their place. */
  const reading = (loaded: Deployment.Loaded) =>
    provideAll(
      loaded,
      Effect.gen(function*() {
        const log = yield* EventLog.EventLog
        const after = yield* newestCursor
        compare(yield* env.statuses(loaded))
        yield* Effect.forkScoped(
          Stream.runForEachArray(log.tail({ after }), (events) => Effect.sync(() => events.forEach(onEvent))).pipe(
            Effect.catchCause((cause) => Effect.sync(() => onFailure(Cause.map(cause, toUnavailable))))
          ),
          { startImmediately: true }
        )
        yield* Effect.forkScoped(
          Effect.catchCause(followAutomation, (cause) => Effect.sync(() => onFailure(Cause.map(cause, toUnavailable)))),
          { startImmediately: true }
        )
        isReady()
        let until = Infinity
        while (true) {
          const now = yield* Clock.currentTimeMillis
          // a time that is over is looked at once more, and not again and again
          const wait = Math.max(debounceMillis, Math.min(until - now, idleMillis))
          yield* Effect.timeoutOption(isDirty.await, wait)
          yield* Effect.sleep(debounceMillis)
          isDirty.closeUnsafe()
          yield* tellRuns(log)
          const start = yield* Clock.monotonicTimeNanos
          env.outdate()
          const snapshot = yield* env.statuses(loaded)
          until = snapshot.until
          compare(snapshot)
          const took = Number((yield* Clock.monotonicTimeNanos) - start) / 1e6
          yield* Effect.sleep(took * (1 / share - 1))
        }
      }).pipe(Effect.scoped)
    )

  const onFailure = (cause: Cause.Cause<Problem.Unavailable>): void => {
    failure = cause
    for (const mailbox of mailboxes) mailbox.fail(cause)
    isReady()
  }

  const current = yield* FiberHandle.make()
  let loaded: Deployment.Loaded | undefined
  let isFirst = true
  yield* Stream.runForEach(env.deployment.changes, (state) =>
    Effect.gen(function*() {
      if (!isFirst) push({ _tag: "DefinitionsChanged", deployment: yield* modelOf })
      isFirst = false
      if (state.loaded === undefined) return isReady()
      if (state.loaded === loaded) return
      loaded = state.loaded
      yield* FiberHandle.run(
        current,
        env.deployment.use(reading).pipe(
          Effect.catchCause((cause) =>
            Cause.hasInterruptsOnly(cause)
              ? Effect.void
              : Effect.sync(() => onFailure(Cause.map(cause, toUnavailable)))
          )
        )
      )
    })).pipe(Effect.forkScoped)

  return {
    subscribe: Effect.gen(function*() {
      yield* Deferred.await(ready)
      const mailbox = new Mailbox()
      if (failure !== undefined) mailbox.fail(failure)
      yield* Effect.acquireRelease(
        Effect.sync(() => mailboxes.add(mailbox)),
        () => Effect.sync(() => mailboxes.delete(mailbox))
      )
      return mailbox
    })
  }
})

const toUnavailable = (error: unknown): Problem.Unavailable => {
  const problem = problemOf(error)
  return problem._tag === "Unavailable"
    ? problem
    : new Problem.Unavailable({ code: problem._tag, detail: problem.message })
}

/** Compared by value: states are plain data, and many. */
const isSame = (before: unknown, after: unknown): boolean => {
  if (before === after) return true
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false
  if (Array.isArray(before)) {
    return Array.isArray(after) && before.length === after.length && before.every((item, at) => isSame(item, after[at]))
  }
  const [left, right] = [before, after] as ReadonlyArray<{ readonly [name: string]: unknown }>
  let count = 0
  for (const name in left) {
    if (!Object.hasOwn(right!, name) || !isSame(left![name], right![name])) return false
    count++
  }
  for (const _ in right) count--
  return count === 0
}

/** @internal */
export const makeChanges = Effect.fnUntraced(function*(
  env: Env,
  live: LiveRuns,
  modelOf: Effect.Effect<Model.Deployment>
): Effect.fn.Return<Stream.Stream<Model.Change, Problem.Unavailable>, never, Scope.Scope> {
  const shared = yield* RcRef.make({ acquire: makeReader(env, live, modelOf) })
  const hello = Effect.map(modelOf, (deployment): Model.Change => ({ _tag: "Hello", deployment }))
  return Stream.unwrap(Effect.gen(function*() {
    const reader = yield* RcRef.get(shared)
    const mailbox = yield* reader.subscribe
    const first = yield* hello
    const rest = Stream.flattenIterable(Stream.fromEffectRepeat(mailbox.read(hello))).pipe(
      // the next one who looks begins anew
      Stream.tapCause(() => RcRef.invalidate(shared))
    )
    return Stream.concat(Stream.succeed(first), rest)
  }))
})
