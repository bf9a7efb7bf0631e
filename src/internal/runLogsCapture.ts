/**
 * From what the programs of a run log to the log of the run: a logger that gives everything to a writer of the run's own,
 * and waits for nothing.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { format } from "effect/Formatter"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type * as RunLogs from "../RunLogs.ts"
import { CurrentStep, CurrentStepName } from "./step.ts"

/**
 * Whether what programs of runs log is captured.
 *
 * @internal
 */
export const CurrentCapture: Context.Reference<boolean> = Context.Reference<boolean>("effect-assets/RunLogs/Capture", {
  defaultValue: () => false
})

/** Entries are written together when so many wait, or after so long, or when the run ends. */
const maxWaiting = 256
const maxDelay = "50 millis"

/** Of a run that logs more, the first and the last entries are kept, as far as their texts are not longer. */
const maxFirst = 5000
const maxLast = 4999
const maxSize = 4_000_000

const maxMessage = 8000
const maxCause = 16_000
const maxAnnotation = 1000
const maxAnnotations = 50

/** How long a run that has ended waits for its log. */
const maxWrite = "10 seconds"

/**
 * The log of one run, while it goes on.
 *
 * @internal
 */
export class Captured {
  private readonly logs: RunLogs.Service
  private readonly runId: string
  private readonly clock: Clock.Clock
  private waiting: Array<RunLogs.NewEntry> = []
  private written = 0
  private size = 0
  /** The last entries of a run that logs a lot; those before `next` are dropped. */
  private last: Array<RunLogs.NewEntry | undefined> = []
  private next = 0
  private lastSize = 0
  private isFull = false
  private dropped = 0
  private ended = false
  private failed = false
  private wake: (() => void) | undefined
  private writer: Fiber.Fiber<void> | undefined

  constructor(logs: RunLogs.Service, runId: string, clock: Clock.Clock) {
    this.logs = logs
    this.runId = runId
    this.clock = clock
  }

  /** Takes an entry. What comes after the end of the run is not part of it. */
  offer(entry: RunLogs.NewEntry): void {
    if (this.ended) return
    const size = sizeOf(entry)
    if (!this.isFull && this.written < maxFirst && this.size + size <= maxSize) {
      this.written++
      this.size += size
      this.waiting.push(entry)
      if (this.waiting.length === 1 || this.waiting.length === maxWaiting) this.wakeUp()
      return
    }
    this.isFull = true
    this.last.push(entry)
    this.lastSize += size
    while (this.last.length - this.next > maxLast || (this.lastSize > maxSize && this.next < this.last.length - 1)) {
      this.lastSize -= sizeOf(this.last[this.next]!)
      this.last[this.next++] = undefined
      this.dropped++
    }
    if (this.next > maxLast) {
      this.last = this.last.slice(this.next)
      this.next = 0
    }
  }

  private wakeUp(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  private until(holds: () => boolean): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (holds()) return resume(Effect.void)
      const wait = (): void => {
        this.wake = () => holds() ? resume(Effect.void) : wait()
      }
      wait()
      return Effect.sync(() => {
        this.wake = undefined
      })
    })
  }

  /** Begins to write, in a fiber of the run. */
  readonly start: Effect.Effect<void> = Effect.suspend(() =>
    Effect.map(Effect.forkChild(this.write, { startImmediately: true }), (fiber) => {
      this.writer = fiber
    })
  )

  private readonly write: Effect.Effect<void> = Effect.suspend(() => this.writing())

  private readonly writing = Effect.fnUntraced({ self: this }, function*(this: Captured) {
    const isSome = () => this.ended || this.waiting.length > 0
    const isMuch = () => this.ended || this.waiting.length >= maxWaiting
    while (true) {
      yield* this.until(isSome)
      if (!isMuch()) yield* Effect.raceFirst(this.until(isMuch), Effect.sleep(maxDelay))
      const isLast = this.ended
      if (isLast) this.takeLast()
      const entries = this.waiting
      this.waiting = []
      if (entries.length > 0) yield* this.append(entries)
      if (isLast) return
    }
  })

  /** What was kept back, after what tells how much is left out. */
  private takeLast(): void {
    if (this.dropped > 0) {
      this.waiting.push({
        timestamp: this.clock.currentTimeMillisUnsafe(),
        level: "Warn",
        message:
          `${this.dropped} messages are left out here: of a run that logs so much, the first and the last are kept`,
        annotations: {}
      })
    }
    for (let at = this.next; at < this.last.length; at++) this.waiting.push(this.last[at]!)
    this.last = []
  }

  /** What cannot be written is lost: the run is worth more than its log. */
  private append(entries: ReadonlyArray<RunLogs.NewEntry>): Effect.Effect<void> {
    return Effect.catchCause(Effect.suspend(() => this.logs.append(this.runId, entries)), (cause) => {
      if (this.failed) return Effect.void
      this.failed = true
      // not a fiber of a step: this is not captured
      return Effect.logWarning(`What the programs of the run ${this.runId} log is not kept`, cause)
    })
  }

  /** Ends the log with what was logged so far. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    if (this.ended) return Effect.void
    this.ended = true
    this.wakeUp()
    return this.writer === undefined
      ? Effect.void
      : Effect.asVoid(Effect.timeoutOption(Fiber.await(this.writer), maxWrite))
  })
}

const sizeOf = ({ annotations, cause, message }: RunLogs.NewEntry): number => {
  let size = message.length + (cause?.length ?? 0)
  for (const name in annotations) size += name.length + annotations[name]!.length
  return size
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Error ? String(value) : format(value)

/**
 * Takes what is logged in the programs of runs whose log is captured.
 *
 * @internal
 */
export const captureLogger: Logger.Logger<unknown, void> = Logger.make((options) => {
  const origin = options.fiber.getRef(CurrentStep)?.origin
  if (origin === undefined) return
  try {
    origin.run.offer(entryOf(options, origin))
  } catch {
    // a value whose conversion to text throws must not be the end of who logs it
  }
})

/** Where a message comes from. */
export interface Origin {
  readonly run: Captured
  readonly key: string
  readonly partition: string | undefined
  readonly check: string | undefined
  /** The annotations that the runtime itself has set. */
  readonly annotations: { readonly [name: string]: unknown }
}

const entryOf = (
  { cause, date, fiber, logLevel, message }: Logger.Options<unknown>,
  { annotations: own, check, key, partition }: Origin
): RunLogs.NewEntry => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  const causes = parts.flatMap((part) => part instanceof Error ? [Cause.pretty(Cause.fail(part))] : [])
  if (cause.reasons.length > 0) causes.push(Cause.pretty(cause))
  const annotations: Array<readonly [string, string]> = []
  const current = fiber.getRef(References.CurrentLogAnnotations)
  for (const name of Object.keys(current)) {
    if (annotations.length >= maxAnnotations) break
    if (Object.hasOwn(own, name) && own[name] === current[name]) continue
    annotations.push([cut(name, maxAnnotation), cut(textOf(current[name]), maxAnnotation)])
  }
  for (const [label, start] of fiber.getRef(References.CurrentLogSpans).slice(0, maxAnnotations)) {
    annotations.push([cut(label, maxAnnotation), `${date.getTime() - start}ms`])
  }
  const step = fiber.getRef(CurrentStepName)
  return {
    timestamp: date.getTime(),
    level: logLevel === "All" || logLevel === "None" ? "Info" : logLevel,
    message: cut(parts.map(textOf).join(" "), maxMessage),
    ...(causes.length > 0 && { cause: cut(causes.join("\n"), maxCause) }),
    key,
    ...(partition !== undefined && { partition }),
    ...(check !== undefined && { check }),
    ...(step !== undefined && { step }),
    annotations: Object.fromEntries(annotations)
  }
}
