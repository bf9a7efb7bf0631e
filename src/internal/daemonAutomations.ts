/**
 * Schedules and sensors of a daemon: each has a fiber, which sleeps until there is something to evaluate.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Automation from "../Automation.ts"
import type * as AutomationStore from "../AutomationStore.ts"
import type * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import { words } from "./automationDefinitions.ts"
import { aheadMillis } from "./automationStoreRules.ts"
import { aheadOf, dynamicKeysOf, leaseName, partOf, type Session, signalOf, toldOf, within } from "./daemonSession.ts"
import { newId } from "./ids.ts"
import { recorded } from "./recorded.ts"

type State = AutomationStore.AutomationState

/** Something else has happened to the automation meanwhile. */
class Changed extends Data.TaggedError("Changed")<{}> {}

// ---------------------------------------------------------------------------------------------------------------------
// evaluating
// ---------------------------------------------------------------------------------------------------------------------

const maxLog = 16_384

/**
 * What a program logs, as the text that its tick has.
 *
 * @internal
 */
export const withLog = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    let text = ""
    const logger = Logger.make((options) => {
      if (text.length < maxLog) text += `${Logger.formatSimple.log(options)}\n`
    })
    const loggers = yield* Logger.CurrentLoggers
    const value = yield* Effect.provideService(effect, Logger.CurrentLoggers, new Set([...loggers, logger]))
    return [value, text.slice(0, maxLog)] as const
  })

const interruptedItself = Cause.fail(new Error("The program of the automation has interrupted itself."))

const failedBy = (cause: Cause.Cause<unknown>): Automation.Evaluation => ({
  status: "Failed",
  requests: [],
  error: recorded(cause)
})

/** Evaluates in a fiber of its own: whatever a program does to it is not done to the daemon. */
const evaluated = Effect.fnUntraced(function*(
  session: Session,
  self: Automation.Any,
  evaluation: Effect.Effect<Automation.Evaluation, never, unknown>
): Effect.fn.Return<{ readonly evaluation: Automation.Evaluation; readonly log: string; readonly startedAt: number }> {
  const startedAt = yield* Clock.currentTimeMillis
  const told = toldOf(session, self.name)
  told.evaluatingSince = startedAt
  const fiber = yield* Effect.forkChild(
    Effect.withSpan(within(session.loaded, withLog(evaluation)), "assets.automation.evaluate", {
      attributes: { "automation.name": self.name, "automation.kind": self.kind },
      captureStackTrace: false
    }),
    { startImmediately: true }
  )
  const exit = yield* Effect.ensuring(
    Fiber.await(fiber),
    Effect.sync(() => {
      told.evaluatingSince = undefined
      told.lastEvaluatedAt = startedAt
    })
  )
  if (Exit.isSuccess(exit)) return { evaluation: exit.value[0], log: exit.value[1], startedAt }
  const cause = Cause.hasInterruptsOnly(exit.cause)
    ? interruptedItself
    : exit.cause
  return { evaluation: failedBy(cause), log: "", startedAt }
})

/** What an evaluation has to know of the definitions. */
const optionsOf = Effect.fnUntraced(function*(session: Session) {
  const { graph, jobs } = session.loaded
  const dynamicKeys = yield* dynamicKeysOf(session, Graph.compiled(graph).assets.map(({ partitions }) => partitions))
  return { definitions: { graph, jobs }, dynamicKeys }
})

/** What a tick is committed with. */
interface Of {
  readonly state: State
  readonly scheduledAt?: number | undefined
  /** `true` for one that was asked for: whoever asks need not be the one who acts. */
  readonly byHand?: boolean | undefined
}

const remember = (session: Session, state: State): State => {
  const known = session.states.get(state.automation)
  if (known === undefined || known.revision <= state.revision) session.states.set(state.automation, state)
  return state
}

/** How long it is tried to keep what an evaluation came to: about five minutes. */
const patience = Schedule.upTo(Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]), {
  times: 10
})

/**
 * Writes, and tries again if it fails: the program is not to be run once more for it. To write it twice does no harm. Whoever
 * asks by hand is told at once.
 */
const persisted = <A, E extends { readonly message: string }>(
  session: Session,
  automation: string,
  byHand: boolean | undefined,
  write: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  byHand === true ? write : write.pipe(
    Effect.tapError(({ message }) =>
      Effect.map(Clock.currentTimeMillis, (at) => session.problems.set(partOf(automation), { message, at }))
    ),
    Effect.retry(patience),
    Effect.tap(() => Effect.sync(() => session.problems.delete(partOf(automation))))
  )

/** Records an evaluation, and gives the state from then on; another's state if it was not for this one to record. */
const commit = Effect.fnUntraced(function*(
  session: Session,
  automation: string,
  { byHand, state }: Of,
  what: Pick<AutomationStore.Commit, "tick" | "requests" | "cursor">
) {
  const { states } = session
  // its own commit is no news to it
  states.set(automation, { ...states.get(automation) ?? state, revision: state.revision + 1 })
  const written = Effect.suspend(() =>
    session.store.commitTick({
      automation,
      ...what,
      ...(byHand !== true && { lease: { name: leaseName, owner: session.owner } }),
      expect: state.revision
    })
  )
  const committed = yield* persisted(session, automation, byHand, written).pipe(
    Effect.onError(() => Effect.sync(() => states.delete(automation)))
  )
  if (committed._tag === "Committed") {
    remember(session, committed.state)
    if (committed.queued.length > 0) session.signals.queue.notify()
    return committed
  }
  states.set(automation, committed.state)
  if (committed.reason === "LeaseLost") {
    yield* session.loseLease
    return yield* Effect.never
  }
  return committed
})

/** Evaluates and records: a tick. */
const tick = Effect.fnUntraced(function*(
  session: Session,
  self: Automation.Any,
  of: Of,
  evaluation: Effect.Effect<Automation.Evaluation, never, unknown>
) {
  const id = yield* newId
  const done = yield* evaluated(session, self, evaluation)
  return yield* record(session, self, of, { id, ...done })
})

const record = Effect.fnUntraced(function*(
  session: Session,
  self: Automation.Any,
  of: Of,
  { evaluation, id, log, startedAt }: {
    readonly id: string
    readonly evaluation: Automation.Evaluation
    readonly log: string
    readonly startedAt: number
  }
) {
  const { addPartitions = {}, cursor, deletePartitions = {}, error, reason, requests, status } = evaluation
  // first: requests may name them, and to do it twice does no harm
  for (const [name, keys] of Object.entries(addPartitions)) {
    yield* persisted(session, self.name, of.byHand, session.dynamicKeys.add(name, keys))
  }
  for (const [name, keys] of Object.entries(deletePartitions)) {
    yield* persisted(session, self.name, of.byHand, session.dynamicKeys.remove(name, keys))
  }
  // the log does not tell of keys
  if (Object.keys({ ...addPartitions, ...deletePartitions }).length > 0) session.signals.conditions.notify()
  return yield* commit(session, self.name, of, {
    tick: {
      id,
      kind: self.kind,
      startedAt,
      finishedAt: yield* Clock.currentTimeMillis,
      status,
      ...(of.scheduledAt !== undefined && { scheduledAt: of.scheduledAt }),
      ...(reason !== undefined && { reason }),
      ...(error !== undefined && { error }),
      ...(log !== "" && { log }),
      ...(evaluation.addPartitions !== undefined && { addPartitions }),
      ...(evaluation.deletePartitions !== undefined && { deletePartitions })
    },
    requests,
    // the cursor of a schedule tells since when it is defined as it is
    ...(cursor !== undefined && self.kind !== "schedule" && { cursor })
  })
})

const stateOf = (session: Session, name: string): Effect.Effect<State, AutomationStore.AutomationStoreError> =>
  Effect.suspend(() => {
    const known = session.states.get(name)
    return known === undefined
      ? Effect.map(session.store.state(name), (state) => remember(session, state))
      : Effect.succeed(known)
  })

/** What something of another kind has left that had the name before: its cursor means nothing to this one. */
const strangerOf = (self: Automation.Any, { cursor, lastTick }: State): Automation.Any["kind"] | undefined => {
  if (cursor === undefined) return undefined
  // a schedule that never ticked tells by its cursor alone what it was
  const kind = Option.isSome(decodeSince(cursor)) ? "schedule" : lastTick?.kind ?? self.kind
  return kind === self.kind || kind === "condition" ? undefined : kind
}

/** The state of a sensor. A cursor that it does not know by itself is forgotten first. */
const stateFor = Effect.fnUntraced(
  function*(session: Session, self: Exclude<Automation.Any, Schedule>, byHand?: boolean) {
    while (true) {
      const state = yield* stateOf(session, self.name)
      const stranger = strangerOf(self, state)
      if (stranger === undefined) return state
      const now = yield* Clock.currentTimeMillis
      yield* commit(session, self.name, { state, byHand }, {
        cursor: null,
        // others may not tick for long, and where they are now is to be told from what was there before
        ...(self.kind !== "sensor" && {
          tick: {
            id: yield* newId,
            kind: self.kind,
            startedAt: now,
            finishedAt: now,
            status: "Skipped",
            reason: `it was a ${words(stranger)} before, and does not go on from there`
          }
        })
      })
    }
  }
)

const waitFor = (session: Session, name: string, until: number): Effect.Effect<void> => {
  toldOf(session, name).next = until === Infinity ? undefined : until
  return signalOf(session, name).wait(until)
}

/** Whether somebody has changed what an automation goes on from. */
const isMoved = (session: Session, { automation, revision }: Pick<State, "automation" | "revision">): boolean =>
  (session.states.get(automation)?.revision ?? revision) > revision

const failureMillis = 30_000

/** Waits after a failure, whatever happens meanwhile: only a cursor that somebody sets may be what was lacking. */
const pause = Effect.fnUntraced(function*(session: Session, state: State, millis = failureMillis) {
  const until = (yield* Clock.currentTimeMillis) + millis
  while ((yield* Clock.currentTimeMillis) < until && !isMoved(session, state)) {
    yield* waitFor(session, state.automation, until)
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// schedules
// ---------------------------------------------------------------------------------------------------------------------

type Schedule = Extract<Automation.Any, { readonly kind: "schedule" }>

/** Since when a schedule is defined as it is: what it would have done before is not made up for. */
const Since = Schema.fromJsonString(Schema.Struct({
  since: Schema.Finite,
  cron: Schema.Array(Schema.String),
  timeZone: Schema.String
}))

const decodeSince = Schema.decodeUnknownOption(Since)
const encodeSince = Schema.encodeSync(Since)

const sinceOf = (self: Schedule, cursor: string | undefined): number | undefined => {
  const known = Option.getOrUndefined(decodeSince(cursor))
  return known !== undefined && known.timeZone === self.timeZone && known.cron.join() === self.cron.join()
    ? known.since
    : undefined
}

const scheduled = Effect.fnUntraced(function*(
  session: Session,
  self: Schedule,
  of: Of,
  scheduledAt: number
) {
  const options = yield* optionsOf(session)
  return yield* tick(
    session,
    self,
    of,
    Automation.evaluateSchedule(self, { ...options, scheduledAt, lastTick: of.state.lastScheduledAt })
  )
})

/** A schedule does not tick before its last tick: if a clock was ahead once, not for a long time. */
const tellAhead = (session: Session, { automation, lastScheduledAt, runningSince }: State, now: number): void => {
  const part = aheadOf(automation)
  const at = Math.max(lastScheduledAt ?? -Infinity, runningSince ?? -Infinity)
  if (at <= now + aheadMillis) session.problems.delete(part)
  else if (!session.problems.has(part)) {
    const until = new Date(at).toISOString()
    const message =
      `A clock was ahead: "${automation}" has ticked, or was started, at ${until}, and does not tick before. ` +
      "Stop it and start it, and it goes on from now."
    session.problems.set(part, { message, at: now })
  }
}

const runSchedule = Effect.fnUntraced(function*(session: Session, self: Schedule) {
  const { graph, jobs } = session.loaded
  while (true) {
    let state = yield* stateOf(session, self.name)
    const now = yield* Clock.currentTimeMillis
    tellAhead(session, state, now)
    const since = sinceOf(self, state.cursor)
    // or by a clock that was ahead
    if (since === undefined || since > now) {
      const { cron, timeZone } = self
      // who has started it may have done so before this daemon was there
      const begun = state.cursor === undefined && state.running === true ? state.runningSince ?? now : now
      yield* commit(session, self.name, { state }, { cursor: encodeSince({ since: begun, cron, timeZone }) })
      continue
    }
    const due = Automation.dueTicks(self, {
      now,
      lastTick: state.lastScheduledAt,
      startedAt: Math.max(since, state.runningSince ?? -Infinity),
      definitions: { graph, jobs }
    })
    let isCurrent = true
    for (const scheduledAt of due) {
      const committed = yield* scheduled(session, self, { state, scheduledAt }, scheduledAt)
      state = committed.state
      isCurrent = committed._tag === "Committed"
      if (!isCurrent) break
    }
    if (isCurrent) {
      yield* waitFor(session, self.name, Automation.nextTicks(self, { from: now + 1, count: 1 })[0] ?? Infinity)
    }
  }
})

/**
 * Forgets since when a schedule was there that its definition has switched off: what it would have done meanwhile is not made
 * up for. That somebody has stopped it is known by itself.
 *
 * @internal
 */
export const switchedOff = Effect.fnUntraced(function*(session: Session, self: Automation.Any, state: State) {
  if (self.kind !== "schedule" || state.running !== undefined || state.cursor === undefined) return
  yield* commit(session, self.name, { state }, { cursor: null })
})

// ---------------------------------------------------------------------------------------------------------------------
// sensors
// ---------------------------------------------------------------------------------------------------------------------

type Sensor = Extract<Automation.Any, { readonly kind: "sensor" }>

/** When a sensor was evaluated last, by whichever daemon. */
const lastTickOf = (self: Sensor, { lastTick }: State): number | undefined =>
  lastTick?.kind === self.kind ? lastTick.startedAt : undefined

const sensed = Effect.fnUntraced(function*(session: Session, self: Sensor, of: Of) {
  const { cursor } = of.state
  const options = yield* optionsOf(session)
  const now = yield* Clock.currentTimeMillis
  const evaluation = Automation.evaluateSensor(self, {
    ...options,
    now,
    cursor,
    lastTickAt: lastTickOf(self, of.state)
  })
  return yield* tick(session, self, of, evaluation)
})

const runSensor = (session: Session, self: Sensor) => {
  // of an evaluation that could not be recorded nobody else knows
  let evaluatedAt = -Infinity
  return Effect.gen(function*() {
    while (true) {
      const state = yield* stateFor(session, self)
      const now = yield* Clock.currentTimeMillis
      // a time that is yet to come was told by a clock that was ahead
      const last = Math.max(...[lastTickOf(self, state) ?? -Infinity, evaluatedAt].filter((at) => at <= now))
      const due = last + self.everyMillis
      if (due > now) yield* waitFor(session, self.name, due)
      else {
        evaluatedAt = now
        const committed = yield* sensed(session, self, { state })
        // it looks again from where somebody has put it
        if (committed._tag === "Conflict") evaluatedAt = -Infinity
      }
    }
  })
}

/** Where the log ends. */
export const headOf = (log: EventLog.Service): Effect.Effect<number, EventLog.EventLogError> =>
  Effect.map(
    Stream.runHead(log.events({ order: "descending", limit: 1 })),
    Option.match({ onNone: () => 0, onSome: ({ cursor }) => cursor })
  )

/** The state of a sensor of events: it looks at what happens from now on, unless it did so before. */
const placed = Effect.fnUntraced(function*(session: Session, self: AssetSensor | RunSensor, byHand?: boolean) {
  while (true) {
    const state = yield* stateFor(session, self, byHand)
    if (state.cursor !== undefined) return state
    const cursor = Automation.cursorAt(yield* headOf(session.log))
    yield* commit(session, self.name, { state, byHand }, { cursor })
  }
})

const pageSize = 500

/** How long a sensor of events rests after a failure: that its cursor is no place in the log does not pass. */
const untilMoved = (self: AssetSensor | RunSensor, { cursor }: State): number =>
  Automation.displaced(self, cursor) === undefined ? failureMillis : Infinity

type AssetSensor = Extract<Automation.Any, { readonly kind: "assetSensor" }>

/** Nothing if nothing has happened. */
const sensedAssets = Effect.fnUntraced(function*(session: Session, self: AssetSensor, of: Of) {
  const { cursor } = of.state
  const failed = Automation.displaced(self, cursor)
  if (failed !== undefined) return yield* tick(session, self, of, Effect.succeed(failed))
  const filter = Automation.eventFilter(self, cursor)
  const events = yield* Stream.runCollect(session.log.events({ ...filter, limit: pageSize }))
  if (events.length === 0 && of.byHand !== true) return undefined
  const options = yield* optionsOf(session)
  const now = yield* Clock.currentTimeMillis
  return yield* tick(session, self, of, Automation.evaluateAssetSensor(self, { ...options, now, cursor, events }))
})

const runAssetSensor = Effect.fnUntraced(function*(session: Session, self: AssetSensor) {
  while (true) {
    const state = yield* placed(session, self)
    const committed = yield* sensedAssets(session, self, { state })
    if (committed === undefined) yield* waitFor(session, self.name, Infinity)
    else if (committed._tag === "Committed" && committed.tick?.status === "Failed") {
      // its cursor is where it was
      yield* pause(session, committed.state, untilMoved(self, state))
    }
  }
})

type RunSensor = Extract<Automation.Any, { readonly kind: "runSensor" }>

/** Looks at the events from its cursor on, or from a later place up to which there was nothing for it. */
const sensedRuns = Effect.fnUntraced(function*(session: Session, self: RunSensor, of: Of, seen: number) {
  const failed = Automation.displaced(self, of.state.cursor)
  if (failed !== undefined) {
    const last: AutomationStore.Committed = yield* tick(session, self, of, Effect.succeed(failed))
    return { place: 0, isMore: false, state: last.state, last }
  }
  const filter = Automation.eventFilter(self, of.state.cursor)
  const after = Math.max(filter.after ?? 0, seen)
  const events = yield* Stream.runCollect(session.log.events({ ...filter, after, limit: pageSize }))
  const ids = [
    ...new Set(events.flatMap((event) => "runId" in event && event.runId !== undefined ? [event.runId] : []))
  ]
  const runs = new Map((yield* session.log.runs({ ids })).map((run) => [run.id, run]))
  let { state } = of
  let place = after
  let isCurrent = true
  let last: AutomationStore.Committed | undefined
  const { graph, jobs } = session.loaded
  for (const event of events) {
    const run = "runId" in event ? runs.get(event.runId ?? "") : undefined
    if (run !== undefined && Automation.matchesRun(self, { event, run, definitions: { graph, jobs } })) {
      const options = yield* optionsOf(session)
      const now = yield* Clock.currentTimeMillis
      last = yield* tick(
        session,
        self,
        { ...of, state },
        Automation.evaluateRunSensor(self, { ...options, now, event, run })
      )
      state = last.state
      isCurrent = last._tag === "Committed"
      if (!isCurrent) break
    }
    place = event.cursor
  }
  return { place, isMore: !isCurrent || events.length === pageSize, state, last }
})

const runRunSensor = Effect.fnUntraced(function*(session: Session, self: RunSensor) {
  let seen = 0
  let known: string | undefined
  while (true) {
    const state = yield* placed(session, self)
    // a cursor that somebody has set counts, be it an earlier one
    if (state.cursor !== known) seen = 0
    const found = yield* sensedRuns(session, self, { state }, seen)
    seen = found.place
    known = found.state.cursor
    // somebody has set the cursor meanwhile, be it to where it was
    if (found.last?._tag === "Conflict") known = undefined
    else if (untilMoved(self, state) === Infinity) yield* pause(session, found.state, Infinity)
    else if (!found.isMore) yield* waitFor(session, self.name, Infinity)
    // what was of no interest is not to be read again by another daemon
    else if (seen > Number(known) && found.last === undefined) {
      const committed = yield* commit(session, self.name, { state: found.state }, { cursor: Automation.cursorAt(seen) })
      known = committed._tag === "Conflict" ? undefined : committed.state.cursor
    }
  }
})

type StreamSensor = Extract<Automation.Any, { readonly kind: "streamSensor" }>

const runStreamSensor = Effect.fnUntraced(function*(session: Session, self: StreamSensor) {
  while (true) {
    let state = yield* stateFor(session, self)
    let { revision } = state
    const { cursor } = state
    const { definitions } = yield* optionsOf(session)
    const currentKeys = Effect.orDie(Effect.map(optionsOf(session), ({ dynamicKeys }) => dynamicKeys))
    const evaluations = Automation.evaluateStream(self, { definitions, cursor, currentKeys })
    const keep = Effect.fnUntraced(function*(evaluation: Automation.Evaluation) {
      const id = yield* newId
      const startedAt = yield* Clock.currentTimeMillis
      toldOf(session, self.name).lastEvaluatedAt = startedAt
      // what it is about to write itself is no news
      revision = state.revision + 1
      const committed = yield* record(session, self, { state }, { id, evaluation, log: "", startedAt })
      state = committed.state
      if (committed._tag === "Conflict") return yield* new Changed()
    })
    const streaming = Stream.runForEach(evaluations, keep)
    const fiber = yield* Effect.forkChild(within(session.loaded, streaming), { startImmediately: true })
    const moved = Effect.gen(function*() {
      while (!isMoved(session, { automation: self.name, revision })) yield* waitFor(session, self.name, Infinity)
    })
    const exit = yield* Effect.raceFirst(Fiber.await(fiber), moved)
    yield* Fiber.interrupt(fiber)
    // it goes on from another place
    if (exit === undefined) continue
    const ended = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
      ? yield* Effect.exit(keep(failedBy(interruptedItself)))
      : exit
    if (Exit.isFailure(ended)) {
      if (Option.exists(Exit.findErrorOption(ended), (error) => error._tag === "Changed")) continue
      return yield* Effect.failCause(ended.cause)
    }
    yield* pause(session, state)
  }
})

/**
 * Evaluates an automation whenever it is to be.
 *
 * @internal
 */
export const runAutomation = (session: Session, self: Automation.Any): Effect.Effect<never, unknown> => {
  switch (self.kind) {
    case "schedule":
      return runSchedule(session, self)
    case "sensor":
      return runSensor(session, self)
    case "assetSensor":
      return runAssetSensor(session, self)
    case "runSensor":
      return runRunSensor(session, self)
    case "streamSensor":
      return runStreamSensor(session, self)
  }
}

const attempts = 5

/**
 * Evaluates an automation now, as somebody asks for it. Nothing for a sensor of a stream: it cannot be asked.
 *
 * @internal
 */
export const tickByHand = Effect.fnUntraced(function*(
  session: Session,
  self: Automation.Any,
  at?: number | undefined
) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    session.states.delete(self.name)
    let committed: AutomationStore.Committed | undefined
    switch (self.kind) {
      case "schedule": {
        const state = yield* stateOf(session, self.name)
        committed = yield* scheduled(session, self, { state, byHand: true }, at ?? (yield* Clock.currentTimeMillis))
        break
      }
      case "sensor": {
        committed = yield* sensed(session, self, { state: yield* stateFor(session, self, true), byHand: true })
        break
      }
      case "assetSensor": {
        const state = yield* placed(session, self, true)
        committed = yield* sensedAssets(session, self, { state, byHand: true })
        break
      }
      case "runSensor": {
        const state = yield* placed(session, self, true)
        committed = (yield* sensedRuns(session, self, { state, byHand: true }, 0)).last
        break
      }
      case "streamSensor":
        return undefined
    }
    if (committed?._tag !== "Conflict") return committed?.tick
  }
  return undefined
})
