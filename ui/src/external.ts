import { useSyncExternalStore } from "react"

/** A value outside of React that components follow. */
export interface External<A> {
  readonly get: () => A
  readonly set: (value: A | ((before: A) => A)) => void
  readonly subscribe: (listener: () => void) => () => void
}

/** Makes a value that components follow. Setting what is there already tells nobody. */
export const external = <A>(initial: A): External<A> => {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set: (next) => {
      // a stored function would be called: no store here holds one
      const after = typeof next === "function" ? (next as (before: A) => A)(value) : next
      if (Object.is(after, value)) return
      value = after
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    }
  }
}

/** Follows a value, or what `select` takes of it: a component renders again only when that is another. */
export const useExternal: {
  <A>(store: External<A>): A
  <A, B>(store: External<A>, select: (value: A) => B): B
} = <A, B>(store: External<A>, select?: (value: A) => B) =>
  useSyncExternalStore<A | B>(store.subscribe, () => select === undefined ? store.get() : select(store.get()))

/** What is kept in this browser. Where storage is off, nothing is. */
export const stored = {
  get: (name: string): string | undefined => {
    try {
      return localStorage.getItem(`effect-assets:${name}`) ?? undefined
    } catch {
      return undefined
    }
  },
  set: (name: string, value: string | undefined): void => {
    try {
      if (value === undefined) localStorage.removeItem(`effect-assets:${name}`)
      else localStorage.setItem(`effect-assets:${name}`, value)
    } catch {
      // kept for this page only
    }
  }
}
