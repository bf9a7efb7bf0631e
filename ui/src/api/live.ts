import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import { Api } from "./contract.ts"
import { perFrame } from "./frames.ts"
import { invalidate } from "./query.ts"
import { applyChanges, connection, isAsFirstRead, loadAll, loadFirst } from "./store.ts"

const makeRpc = RpcClient.make(Api.Live)

type Rpc = Effect.Success<typeof makeRpc>

const url = (): string => `${location.origin.replace(/^http/, "ws")}${Api.livePath}`

/** The connection that stands, and those who wait for one. */
let current: Rpc | undefined
const waiting = new Set<(rpc: Rpc) => void>()

const nextConnection = Effect.callback<Rpc>((resume) => {
  if (current !== undefined) return resume(Effect.succeed(current))
  const take = (rpc: Rpc) => resume(Effect.succeed(rpc))
  waiting.add(take)
  return Effect.sync(() => waiting.delete(take))
})

let connectedBefore = false

const welcome = (rpc: Rpc, deployment: Api.Model.Deployment): void => {
  current = rpc
  connection.set({ status: "connected", attempt: 0 })
  // what happened while there was no connection is not told
  if (connectedBefore) {
    loadAll()
    invalidate("*")
  } else if (!isAsFirstRead(deployment)) loadAll()
  connectedBefore = true
  for (const take of waiting) take(rpc)
  waiting.clear()
}

/** One connection, from its beginning to its end. It never succeeds: it ends when it is lost. */
const connect = Effect.gen(function*() {
  const lost = yield* Deferred.make<never, string>()
  const take = perFrame<Api.Model.Change>(applyChanges)
  const protocol = RpcClient.layerProtocolSocket({ retryPolicy: Schedule.recurs(0) }).pipe(
    Layer.provide([
      Layer.provide(
        Socket.layerWebSocket(url(), { openTimeout: "10 seconds" }),
        Socket.layerWebSocketConstructorGlobal
      ),
      RpcSerialization.layerJson,
      Layer.succeed(RpcClient.ConnectionHooks, {
        onConnect: Effect.void,
        onDisconnect: Deferred.fail(lost, "closed")
      })
    ])
  )
  const session = Effect.gen(function*() {
    const rpc = yield* makeRpc
    yield* Stream.runForEach(rpc.changes(), (change) =>
      Effect.sync(() => {
        if (change._tag === "Hello") welcome(rpc, change.deployment)
        take(change)
      }))
  })
  yield* Effect.raceFirst(Deferred.await(lost), Effect.provide(session, protocol))
  return yield* Effect.fail("ended")
}).pipe(
  Effect.scoped,
  Effect.ensuring(Effect.sync(() => {
    current = undefined
    connection.set(({ attempt }) => ({ status: attempt < 3 ? "reconnecting" : "disconnected", attempt: attempt + 1 }))
  }))
)

/** Tries again after 0.25 to 5 seconds, or at once when the browser is online again or its window is looked at. */
const pause = Effect.suspend(() => {
  const { attempt } = connection.get()
  const millis = Math.min(5000, 250 * 1.8 ** Math.min(attempt, 10)) * (0.75 + Math.random() / 2)
  return Effect.raceFirst(
    Effect.sleep(millis),
    Effect.callback<void>((resume) => {
      const now = () => resume(Effect.void)
      const seen = () => document.visibilityState === "visible" && now()
      addEventListener("online", now)
      document.addEventListener("visibilitychange", seen)
      return Effect.sync(() => {
        removeEventListener("online", now)
        document.removeEventListener("visibilitychange", seen)
      })
    })
  )
})

let running: Fiber.Fiber<unknown> | undefined

/** Opens the one WebSocket of this tab, and keeps it open. */
export const startLive = (): void => {
  if (running !== undefined) return
  void loadFirst()
  running = Effect.runFork(Effect.forever(Effect.andThen(Effect.ignoreCause(connect), pause)))
}

/** Follows a stream over whichever connection stands; after a lost one it goes on from the last cursor. */
const follow = <A, E>(
  open: (rpc: Rpc, after: number | undefined) => Stream.Stream<ReadonlyArray<A>, E>,
  cursorOf: (item: A) => number | undefined,
  deliver: (items: ReadonlyArray<A>) => void,
  end: (error: unknown) => void
): () => void => {
  let after: number | undefined
  const take = perFrame<ReadonlyArray<A>>((batches) => deliver(batches.flat()))
  const once = Effect.flatMap(
    nextConnection,
    (rpc) =>
      Stream.runForEach(open(rpc, after), (items) =>
        Effect.sync(() => {
          for (const item of items) {
            const cursor = cursorOf(item)
            if (cursor !== undefined) after = Math.max(after ?? 0, cursor)
          }
          take(items)
        }))
  )
  // a lost connection is no end, whether it failed or was closed by us: everything else, such as an unknown run, is
  const untilItEnds: Effect.Effect<void> = Effect.flatMap(Effect.exit(once), (exit) => {
    if (Exit.isSuccess(exit)) return Effect.sync(() => end(undefined))
    const error = Cause.squash(exit.cause)
    return Cause.hasInterrupts(exit.cause) || isLost(error)
      ? Effect.andThen(Effect.sleep("200 millis"), untilItEnds)
      : Effect.sync(() => end(error))
  })
  const fiber = Effect.runFork(untilItEnds)
  return () => {
    Effect.runFork(Fiber.interrupt(fiber))
  }
}

const isLost = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RpcClientError"

/** The place of an event of a run in the log, where it is recorded. */
const runCursor = (event: Api.Model.RunEvent): number | undefined => {
  switch (event._tag) {
    case "AssetFinished":
      return event.event.cursor
    case "CheckFinished":
      return event.check.evaluation?.cursor
    case "RunStarted":
    case "CancelRequested":
    case "RunFinished":
      return event.cursor
    default:
      return undefined
  }
}

/** Follows what happens in a run, from its beginning until it ends. The result stops it. */
export const followRun = (
  id: string,
  deliver: (events: ReadonlyArray<Api.Model.RunEvent>) => void,
  end: (error: unknown) => void
): () => void => follow((rpc, after) => rpc.run({ id, after }), runCursor, deliver, end)

/** Follows what programs of a run log. The result stops it. */
export const followLog = (
  id: string,
  deliver: (entries: ReadonlyArray<Api.Model.LogEntry>) => void,
  end: (error: unknown) => void
): () => void => follow((rpc, after) => rpc.log({ id, after }), ({ seq }) => seq, deliver, end)
