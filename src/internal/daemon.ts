/**
 * The daemon: takes the lease, evaluates while it holds it, and begins again with each new definitions.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberMap from "effect/FiberMap"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as AutomationStore from "../AutomationStore.ts"
import type * as Daemon from "../Daemon.ts"
import * as EventLog from "../EventLog.ts"
import * as Partitions from "../Partitions.ts"
import { headOf, runAutomation, switchedOff, tickByHand } from "./daemonAutomations.ts"
import { conditionsByHand, runConditions } from "./daemonConditions.ts"
import { runMonitor, runQueue, runRetention, type Runs, toldOf as failureOf } from "./daemonRuns.ts"
import {
  aheadOf,
  conditionsName,
  leaseName,
  type Loaded,
  partOf,
  processLease,
  type Session,
  type Settings,
  Signal,
  signalOf,
  supervised,
  toldOf
} from "./daemonSession.ts"
import { newId } from "./ids.ts"

/** Where definitions come from. */
export interface Source {
  readonly use: <A, E, R>(f: (loaded: Loaded) => Effect.Effect<A, E, R>) => Effect.Effect<A, E | unknown, R>
  /** Emits once for the definitions that there are, and whenever they are others. */
  readonly changes: Stream.Stream<unknown>
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

const settingsOf = (options: Daemon.Options): Settings => ({
  leaseMillis: millis(options.leaseTtl, 15_000),
  maxRuns: options.maxRuns ?? 10,
  tagLimits: options.tagLimits,
  debounceMillis: millis(options.debounce, 100),
  startTimeoutMillis: millis(options.startTimeout, 180_000),
  cancelTimeoutMillis: millis(options.cancelTimeout, 180_000),
  maxRuntimeSeconds: options.maxRuntime === undefined ? undefined : Duration.toSeconds(options.maxRuntime),
  maxResumes: options.maxResumes ?? 0,
  drain: options.drain ?? "cancel",
  retention: options.retention ?? {}
})

// ---------------------------------------------------------------------------------------------------------------------
// acting
// ---------------------------------------------------------------------------------------------------------------------

const followed = [
  "AssetMaterialized",
  "AssetObserved",
  "CheckEvaluated",
  "RunStarted",
  "RunFinished",
  "BackfillStarted",
  "BackfillFinished",
  "BackfillCancelRequested",
  "RunCancelRequested"
] as const

/** Wakes whoever waits for what is recorded. */
const follow = Effect.fnUntraced(function*(session: Session, runs: Runs, after: number) {
  const { loaded, log, signals } = session
  const byAsset = new Map<string, Array<string>>()
  const ofRuns: Array<string> = []
  for (const automation of loaded.automations) {
    if (automation.kind === "runSensor") ofRuns.push(automation.name)
    if (automation.kind !== "assetSensor") continue
    for (const key of automation.assets) {
      const names = byAsset.get(key)
      if (names === undefined) byAsset.set(key, [automation.name])
      else names.push(automation.name)
    }
  }
  const onEvent = (event: EventLog.LoggedEvent): void => {
    if ("key" in event) { for (const name of byAsset.get(event.key) ?? []) signalOf(session, name).notify() }
    else {
      for (const name of ofRuns) signalOf(session, name).notify()
      if (event._tag === "RunFinished") {
        runs.ended.openUnsafe()
        signals.queue.notify()
      } else signals.monitor.notify()
    }
    signals.conditions.notify()
  }
  yield* Stream.runForEach(log.tail({ after, tags: followed }), (event) => Effect.sync(() => onEvent(event)))
})

/** Keeps a fiber for each automation that is on. */
const keepAutomations = Effect.fnUntraced(function*(session: Session) {
  const { loaded, signals, store } = session
  const fibers = yield* FiberMap.make<string, never, never>()
  const apply = Effect.gen(function*() {
    const states = yield* store.states
    const ofConditions = states.get(conditionsName)
    if (ofConditions !== undefined && !isKnown(session.states.get(conditionsName), ofConditions)) {
      session.states.set(conditionsName, ofConditions)
      signals.conditions.notify()
    }
    for (const automation of loaded.automations) {
      const { name } = automation
      const state = states.get(name)
      if (state?.running ?? automation.startRunning) {
        if (state !== undefined && !isKnown(session.states.get(name), state)) {
          session.states.set(name, state)
          signalOf(session, name).notify()
        }
        if (yield* FiberMap.has(fibers, name)) continue
        const running = supervised(session, partOf(name), runAutomation(session, automation))
        yield* FiberMap.run(fibers, name, running)
      } else {
        if (state !== undefined) session.states.set(name, state)
        yield* FiberMap.remove(fibers, name)
        session.problems.delete(partOf(name))
        session.problems.delete(aheadOf(name))
        toldOf(session, name).next = undefined
        if (state !== undefined) yield* switchedOff(session, automation, state)
      }
    }
  })
  const version = yield* store.version
  yield* apply
  yield* Stream.runForEach(store.changes(version), () =>
    Effect.andThen(
      apply,
      Effect.sync(() => {
        signals.queue.notify()
        signals.monitor.notify()
      })
    ))
}, Effect.scoped)

const isKnown = (
  known: AutomationStore.AutomationState | undefined,
  state: AutomationStore.AutomationState
): boolean =>
  known !== undefined && known.revision >= state.revision && known.running === state.running &&
  known.runningSince === state.runningSince

/** Evaluates everything, until it is interrupted. */
const act = Effect.fnUntraced(function*(session: Session, runs: Runs) {
  session.states.clear()
  session.problems.clear()
  const after = yield* Effect.eventually(Effect.tapError(headOf(session.log), () => Effect.sleep(1_000)))
  const all: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
    ["following the event log", follow(session, runs, after)],
    ["automations", keepAutomations(session)],
    ["the queue", runQueue(session, runs)],
    ["run monitoring", runMonitor(session, runs)],
    ["retention", runRetention(session)],
    ["conditions", runConditions(session)]
  ]
  return yield* Effect.forEach(all, ([name, effect]) => supervised(session, name, effect), {
    concurrency: "unbounded",
    discard: true
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// leading
// ---------------------------------------------------------------------------------------------------------------------

/**
 * So many times longer than the right to act lasts it is believed that a process lives: the run of an asset that computes for
 * long without a pause does not let it renew anything, and is not to be taken for lost.
 */
const processShare = 4

interface Home {
  readonly owner: string
  readonly settings: Settings
  readonly runs: Runs
  session: Session | undefined
  leadingSince: number | undefined
  isClosing: boolean
}

const missing = (service: string): string =>
  `The layer of the definitions provides no ${service}: every layer of EventLog does, and Local.layer.`

/** A service that every log layer provides; a module may not have been type-checked. */
const find = <I, S>({ context }: Loaded, key: Context.Key<I, S>, what: string): Effect.Effect<S> =>
  Option.match(Context.getOption(context as Context.Context<I>, key), {
    onNone: () => Effect.die(new Error(missing(what))),
    onSome: (service) => Effect.succeed(service)
  })

const storeOf = (loaded: Loaded) => find(loaded, AutomationStore.AutomationStore, "store of automation")

const sessionOf = Effect.fnUntraced(function*(home: Home, loaded: Loaded, loseLease: Effect.Effect<void>) {
  const session: Session = {
    loaded,
    settings: home.settings,
    owner: home.owner,
    store: yield* storeOf(loaded),
    log: yield* find(loaded, EventLog.EventLog, "event log"),
    dynamicKeys: yield* find(loaded, Partitions.DynamicKeys, "keys of dynamic partitions"),
    states: new Map(),
    told: new Map(),
    problems: new Map(),
    signals: { queue: new Signal(), monitor: new Signal(), conditions: new Signal(), automations: new Map() },
    loseLease
  }
  return session
})

/** Fails if a store does not answer in time, whether it can be interrupted or not. */
const inTime = <A, E>(effect: Effect.Effect<A, E>, millis: number): Effect.Effect<A, E | Cause.TimeoutError> =>
  Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) => {
    const forget = Effect.sync(() => fiber.interruptUnsafe())
    return Effect.timeoutOrElse(Effect.onInterrupt(Fiber.join(fiber), () => forget), {
      duration: millis,
      orElse: () => Effect.fail(new Cause.TimeoutError(`The store did not answer within ${millis / 1000} seconds.`))
    })
  })

/** Tells others that this process lives. */
const live = ({ owner, settings }: Home, store: AutomationStore.Service) =>
  store.lease(processLease(owner), owner, processShare * settings.leaseMillis)

/** Holds the lease, or waits for it, as long as there are these definitions. */
const hold = Effect.fnUntraced(function*(home: Home, loaded: Loaded) {
  const { owner, runs, settings } = home
  let acting: Fiber.Fiber<void> | undefined
  // its end is not waited for: what cannot be interrupted would hold up everything else
  const stop = Effect.sync(() => {
    home.leadingSince = undefined
    acting?.interruptUnsafe()
  })
  const session = yield* sessionOf(home, loaded, stop)
  const { store } = session
  home.session = session
  yield* Effect.addFinalizer(() => Effect.sync(() => home.leadingSince = undefined))
  const interval = settings.leaseMillis / 3
  let heldUntil = -Infinity
  const renew = Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const isLeading = home.leadingSince !== undefined
    // what is about to end may do something yet: until it has ended, others act
    const hasEnded = acting === undefined || acting.pollUnsafe() !== undefined
    const mayLead = !home.isClosing && (isLeading || hasEnded)
    // whoever begins something is known to live before
    const lives = isLeading ? Effect.void : live(home, store)
    const isHeld = mayLead ? store.lease(leaseName, owner, settings.leaseMillis) : Effect.succeed(false)
    // another one may act as soon as it is not held any more
    const left = isLeading ? Math.max(heldUntil - before, interval) : settings.leaseMillis
    if (!(yield* inTime(Effect.andThen(lives, isHeld), left))) return yield* stop
    heldUntil = before + settings.leaseMillis
    if (isLeading) return
    home.leadingSince = before
    acting = yield* Effect.forkScoped(
      Effect.ensuring(act(session, runs), Effect.sync(() => home.leadingSince = undefined))
    )
  }).pipe(Effect.catchCause((cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
    return Effect.gen(function*() {
      yield* Effect.logWarning("The lease of the daemon could not be renewed", cause)
      // nobody knows who has it
      if ((yield* Clock.currentTimeMillis) >= heldUntil) yield* stop
    })
  }))
  return yield* Effect.forever(Effect.andThen(renew, Effect.sleep(interval)))
}, Effect.scoped)

// ---------------------------------------------------------------------------------------------------------------------
// service
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a daemon, which ends with its scope.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  source: Source,
  options: Daemon.Options,
  fail: (automation: string, problem: string, cause?: unknown) => Daemon.DaemonError
): Effect.fn.Return<Daemon.Service, never, Scope.Scope> {
  const owner = yield* newId
  const settings = settingsOf(options)
  // finalizers run from the last one to the first: runs end before the fibers that keep their leases
  const current = yield* FiberHandle.make<void, unknown>()
  const fibers = yield* FiberMap.make<string, void, unknown>()
  const ended = Latch.makeUnsafe(false)
  const runs: Runs = {
    fibers,
    ended,
    begin: (session, id, effect) =>
      Effect.map(
        FiberMap.run(
          fibers,
          id,
          Effect.catchCause(
            source.use((loaded) => loaded.generation === session.loaded.generation ? effect : Effect.void),
            (cause) =>
              Effect.andThen(
                failureOf(id)(cause),
                // the store may have failed: what is left is looked at again, but not at once
                Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => session.signals.monitor.notify()))
              )
          ),
          { onlyIfMissing: true, startImmediately: false }
        ),
        // there is a place for another one
        (fiber) =>
          fiber.addObserver(() => {
            ended.openUnsafe()
            home.session?.signals.queue.notify()
          })
      )
  }
  const home: Home = {
    owner,
    settings,
    runs,
    session: undefined,
    leadingSince: undefined,
    isClosing: false
  }
  // whatever holds up those who evaluate, runs go on as long as this does
  const living = yield* FiberHandle.make<never, never>()
  const lives = Effect.forever(Effect.andThen(
    Effect.ignoreCause(
      source.use((loaded) =>
        Effect.flatMap(storeOf(loaded), (store) => inTime(live(home, store), settings.leaseMillis))
      )
    ),
    Effect.sleep(settings.leaseMillis / 3)
  ))
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      home.isClosing = true
      const { session } = home
      // another one may act from now on
      if (session !== undefined) {
        yield* session.loseLease
        yield* Effect.ignoreCause(session.store.release(leaseName, owner))
      }
      if (settings.drain === "wait") yield* Effect.ignoreCause(FiberMap.awaitEmpty(fibers))
      else yield* FiberMap.clear(fibers)
      yield* FiberHandle.clear(living)
      if (session !== undefined) yield* Effect.ignoreCause(session.store.release(processLease(owner), owner))
    })
  )
  const holding: Effect.Effect<void> = Effect.catchCause(
    source.use((loaded) => hold(home, loaded)),
    (cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("The daemon has no definitions to evaluate", cause)
  )
  yield* Effect.forkScoped(Stream.runForEach(source.changes, () =>
    Effect.gen(function*() {
      // one that is asked for single ticks, and has nothing to hold, runs nothing that others could take for lost
      yield* FiberHandle.run(living, lives, { onlyIfMissing: true })
      // first: two of one owner would both hold the lease
      yield* FiberHandle.clear(current)
      yield* FiberHandle.run(current, holding)
    })))

  const status = Effect.gen(function*(): Effect.fn.Return<Daemon.Status, never> {
    const { leadingSince, session } = home
    const runsHere = yield* FiberMap.size(fibers)
    return {
      owner,
      leading: leadingSince !== undefined,
      leadingSince,
      generation: session?.loaded.generation,
      runsHere,
      automations: (session?.loaded.automations ?? []).map(({ kind, name }) => {
        const told = session!.told.get(name)
        return {
          name,
          kind,
          next: told?.next,
          evaluatingSince: told?.evaluatingSince,
          lastEvaluatedAt: told?.lastEvaluatedAt
        }
      }),
      conditions: session?.told.get(conditionsName) === undefined ? undefined : {
        next: session.told.get(conditionsName)!.next,
        evaluatingSince: session.told.get(conditionsName)!.evaluatingSince,
        lastEvaluatedAt: session.told.get(conditionsName)!.lastEvaluatedAt
      },
      problems: Array.from(session?.problems ?? [], ([part, { at, message }]) => ({ part, message, at }))
    }
  })

  return {
    owner,
    status,
    tickNow: (name, options) =>
      source.use((loaded) =>
        Effect.gen(function*() {
          const session = yield* sessionOf(home, loaded, Effect.void)
          if (name === conditionsName) return Option.fromUndefinedOr(yield* conditionsByHand(session))
          const automation = loaded.automations.find((automation) => automation.name === name)
          if (automation === undefined) {
            const names = loaded.automations.map(({ name }) => name).join(", ")
            const known = names === "" ? "There are no automations." : `Automations are ${names}.`
            return yield* fail(name, `there is none of that name. ${known}`)
          }
          if (automation.kind === "streamSensor") {
            return yield* fail(name, "it is a sensor of a stream, which tells by itself when there is something.")
          }
          const tick = yield* tickByHand(session, automation, options?.at)
          home.session?.signals.queue.notify()
          return Option.fromUndefinedOr(tick)
        })
      ).pipe(
        // how definitions fail to load is known to those who load them
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
          const error = Cause.squash(cause)
          return Effect.fail(
            isDaemonError(error)
              ? error
              : fail(name, error instanceof Error ? error.message : String(error), error)
          )
        })
      )
  }
})

const isDaemonError = (error: unknown): error is Daemon.DaemonError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "DaemonError"
