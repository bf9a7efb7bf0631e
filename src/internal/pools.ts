/**
 * Pools: how many programs of a kind run at once, whichever runs they belong to.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** The slots of pools. What is not named has no limit. */
export interface Pools {
  /** Takes a slot if one is free, and nobody has waited for it longer. */
  readonly tryTake: (pool: string) => boolean
  /** Waits for a slot. */
  readonly take: (pool: string) => Effect.Effect<void>
  readonly release: (pool: string) => void
  /** Tells how many more wait who will try to take a slot when they hear of one. */
  readonly wait: (pool: string, more: number) => void
  /** Is called when slots may have become free; the function it gives ends that. */
  readonly subscribe: (listener: () => void) => () => void
  readonly setLimit: (pool: string, limit: number | undefined) => void
  readonly status: () => ReadonlyArray<
    { readonly pool: string; readonly limit: number | undefined; readonly used: number; readonly waiting: number }
  >
}

const validate = (pool: string, limit: number): number => {
  if (limit >= 0) return limit
  throw new RangeError(`The limit of the pool ${JSON.stringify(pool)} must be a number from 0 on, and is ${limit}.`)
}

/** @internal */
export const makePools = (limits: { readonly [pool: string]: number }, otherwise: number | undefined): Pools => {
  const limitOf = new Map(Object.entries(limits))
  for (const [pool, limit] of limitOf) validate(pool, limit)
  if (otherwise !== undefined) validate("otherwise", otherwise)
  const used = new Map<string, number>()
  const waiters = new Map<string, Array<() => void>>()
  const others = new Map<string, number>()
  const listeners = new Set<() => void>()
  /** The pools whose waiters have to look again. */
  const due = new Set<string>()
  let waking = false

  const limit = (pool: string) => limitOf.get(pool) ?? otherwise ?? Infinity
  const tryTake = (pool: string): boolean => {
    const taken = used.get(pool) ?? 0
    if (taken >= limit(pool)) return false
    used.set(pool, taken + 1)
    return true
  }
  const wake = (pool: string): void => {
    due.add(pool)
    // who is woken may release at once: the loop that goes on sees to that, or the stack would be as deep as the queue
    if (waking) return
    waking = true
    try {
      for (const pool of due) {
        due.delete(pool)
        // those that wait in a fiber come first: they have begun
        const queue = waiters.get(pool) ?? []
        while (queue.length > 0 && tryTake(pool)) queue.shift()!()
        // whoever was asked first is asked last the next time, so that no run waits for another one to end
        const [first] = listeners
        for (const listener of Array.from(listeners)) listener()
        if (first !== undefined && listeners.delete(first)) listeners.add(first)
      }
    } finally {
      waking = false
    }
  }
  return {
    tryTake: (pool) => (waiters.get(pool)?.length ?? 0) === 0 && tryTake(pool),
    take: (pool) =>
      Effect.callback((resume) => {
        if (tryTake(pool)) return resume(Effect.void)
        const queue = waiters.get(pool) ?? []
        waiters.set(pool, queue)
        let taken = false
        const waiter = () => {
          taken = true
          resume(Effect.void)
        }
        queue.push(waiter)
        return Effect.sync(() => {
          const at = queue.indexOf(waiter)
          if (at >= 0) queue.splice(at, 1)
          // a slot that was given to somebody who has gone meanwhile
          else if (taken) release(pool)
        })
      }),
    release,
    wait: (pool, more) => void others.set(pool, (others.get(pool) ?? 0) + more),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setLimit: (pool, limit) => {
      if (limit === undefined) limitOf.delete(pool)
      else limitOf.set(pool, validate(pool, limit))
      wake(pool)
    },
    status: () =>
      Array.from(new Set([...limitOf.keys(), ...used.keys(), ...others.keys()]), (pool) => ({
        pool,
        limit: limit(pool) === Infinity ? undefined : limit(pool),
        used: used.get(pool) ?? 0,
        waiting: (waiters.get(pool)?.length ?? 0) + (others.get(pool) ?? 0)
      }))
  }

  function release(pool: string): void {
    used.set(pool, (used.get(pool) ?? 0) - 1)
    wake(pool)
  }
}

/**
 * The pools of the runs of a program. Without a layer of their own, none has a limit.
 *
 * @internal
 */
export const CurrentPools = Context.Reference<Pools>("effect-assets/Pools", {
  defaultValue: () => makePools({}, undefined)
})
