import type * as Effect from "effect/Effect"
import { useCallback, useEffect, useMemo, useRef, useState } from "react"
import { type External, external, useExternal } from "../external.ts"
import { showError } from "../kit/Toasts.tsx"
import { call, type Client } from "./client.ts"
import { type PageOf, type Pages, refreshPages } from "./pages.ts"

/** What is known of a query. Data that is there stays while newer data is loaded, and when loading that fails. */
export interface QueryState<A> {
  readonly data: A | undefined
  readonly error: unknown
  readonly loading: boolean
}

interface Entry {
  readonly state: External<QueryState<unknown>>
  readonly tags: ReadonlyArray<string>
  readonly load: () => void
  users: number
  stale: boolean
  usedAt: number
}

/** What has been asked for, by query and parameters. */
const entries = new Map<string, Entry>()

const mostEntries = 300

/** Forgets what nobody looks at, the oldest first, where there is too much of it. */
const forget = (): void => {
  if (entries.size <= mostEntries) return
  const unused = [...entries].filter(([, entry]) => entry.users === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt)
  for (const [id] of unused.slice(0, entries.size - mostEntries)) entries.delete(id)
}

const makeEntry = <A>(tags: ReadonlyArray<string>, fetch: (before: A | undefined) => Promise<A>): Entry => {
  const state = external<QueryState<A>>({ data: undefined, error: undefined, loading: false })
  let again = false
  const load = (): void => {
    if (state.get().loading) {
      again = true // what is on its way may be older than what made it stale
      return
    }
    entry.stale = false
    state.set((before) => ({ ...before, loading: true }))
    const done = (after: Partial<QueryState<A>>) => {
      state.set((before) => ({ ...before, ...after, loading: false }))
      if (again) {
        again = false
        load()
      }
    }
    void (async () => {
      try {
        const data = await fetch(state.get().data)
        done({ data, error: undefined })
      } catch (error) {
        done({ error })
      }
    })()
  }
  const entry: Entry = {
    // a query reads only entries that it has made itself
    state: state as unknown as External<QueryState<unknown>>,
    tags,
    load,
    users: 0,
    stale: true,
    usedAt: 0
  }
  return entry
}

const idOf = (name: string, params: unknown): string =>
  `${name} ${
    JSON.stringify(
      params,
      (_, value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.fromEntries(
            Object.entries(value).filter(([, one]) => one !== undefined).sort(([a], [b]) => a < b ? -1 : 1)
          )
          : value
    )
  }`

const pending = new Set<string>()
let timer: ReturnType<typeof setTimeout> | undefined

const flush = (): void => {
  timer = undefined
  const all = pending.has("*")
  for (const entry of entries.values()) {
    if (!all && !entry.tags.some((tag) => pending.has(tag))) continue
    entry.stale = true
    if (entry.users > 0) entry.load()
  }
  pending.clear()
}

/**
 * What was read under these tags may be another now: what is on the screen is read again, the rest when it is looked at. A
 * storm of changes reads it again some times a second. `*` means everything.
 */
export const invalidate = (...tags: ReadonlyArray<string>): void => {
  for (const tag of tags) pending.add(tag)
  timer ??= setTimeout(flush, 250)
}

/** A question to the API: its parameters make its identity, and its tags say what makes its answer stale. */
export interface Query<P, A> {
  readonly name: string
  readonly entry: (params: P) => Entry
  readonly "~data"?: (data: A) => A
}

/** Defines a question to the API. */
export const defineQuery = <P, A, E>(
  name: string,
  run: (client: Client, params: P) => Effect.Effect<A, E>,
  tags: (params: P) => ReadonlyArray<string>
): Query<P, A> => ({
  name,
  entry: (params) => {
    const id = idOf(name, params)
    const known = entries.get(id)
    if (known !== undefined) return known
    const entry = makeEntry<A>(tags(params), () => call((client) => run(client, params)))
    entries.set(id, entry)
    forget()
    return entry
  }
})

const nothing = external<QueryState<unknown>>({ data: undefined, error: undefined, loading: false })

const useEntry = (entry: Entry | undefined): QueryState<unknown> => {
  useEffect(() => {
    if (entry === undefined) return
    entry.users++
    if (entry.stale) entry.load()
    return () => {
      entry.users--
      entry.usedAt = Date.now()
    }
  }, [entry])
  const state = useExternal(entry?.state ?? nothing)
  // before the effect has run it is as good as loading
  return entry !== undefined && state.data === undefined && state.error === undefined && !state.loading
    ? { ...state, loading: true }
    : state
}

/** What a component gets of a query. */
export interface QueryResult<A> extends QueryState<A> {
  readonly refetch: () => void
}

/** Asks, and follows the answer. `undefined` parameters ask nothing. */
export const useQuery = <P, A>(query: Query<P, A>, params: P | undefined): QueryResult<A> => {
  const id = params === undefined ? undefined : idOf(query.name, params)
  // parameters that are equal have one entry
  // oxlint-disable-next-line react/exhaustive-deps
  const entry = useMemo(() => params === undefined ? undefined : query.entry(params), [query, id])
  const state = useEntry(entry)
  const refetch = useCallback(() => entry?.load(), [entry])
  // an entry holds what its own query gives
  return { ...state as QueryState<A>, refetch }
}

/** A list of the API that is read page by page. */
export interface PagedQuery<P, A> {
  readonly name: string
  readonly entry: (params: P) => Entry & { readonly more: () => Promise<void> }
  readonly "~item"?: (item: A) => A
}

/**
 * Defines a list that is read page by page. When it is stale, a list with the newest first (`id` says what an item is) reads
 * its first page and puts it before what is there; any other reads again as many pages as are there.
 */
export const definePages = <P, A, E>(
  name: string,
  run: (client: Client, params: P, cursor: number | undefined) => Effect.Effect<PageOf<A>, E>,
  tags: (params: P) => ReadonlyArray<string>,
  newestFirst?: (item: A) => string
): PagedQuery<P, A> => {
  const all = new Map<Entry, () => Promise<void>>()
  return {
    name,
    entry: (params) => {
      const id = idOf(name, params)
      let entry = entries.get(id)
      if (entry === undefined) {
        const page = (cursor: number | undefined) => call((client) => run(client, params, cursor))
        const made = makeEntry<Pages<A>>(tags(params), (before) => refreshPages(before, page, newestFirst))
        // made with pages of this type just above
        const state = made.state as unknown as External<QueryState<Pages<A>>>
        let busy = false
        all.set(made, async () => {
          const { data } = state.get()
          if (data?.next === undefined || busy) return
          busy = true
          try {
            const following = await page(data.next)
            state.set((now) =>
              // read anew meanwhile: the next call goes on from there
              now.data === undefined || now.data.next !== data.next ? now : {
                ...now,
                data: {
                  items: [...now.data.items, ...following.items],
                  next: following.next,
                  pages: now.data.pages + 1
                }
              }
            )
          } finally {
            busy = false
          }
        })
        entry = made
        entries.set(id, made)
        forget()
        for (const one of all.keys()) {
          if (one.users === 0 && one !== made && ![...entries.values()].includes(one)) all.delete(one)
        }
      }
      return Object.assign(entry, { more: all.get(entry)! })
    }
  }
}

/** What a component gets of a list. */
export interface PagesResult<A> {
  /** `undefined` until the first page is there. */
  readonly items: ReadonlyArray<A> | undefined
  readonly error: unknown
  readonly loading: boolean
  readonly hasMore: boolean
  readonly loadingMore: boolean
  readonly loadMore: () => void
  readonly refetch: () => void
}

/** Reads a list, and follows it. `undefined` parameters read nothing. */
export const usePages = <P, A>(query: PagedQuery<P, A>, params: P | undefined): PagesResult<A> => {
  const id = params === undefined ? undefined : idOf(query.name, params)
  // oxlint-disable-next-line react/exhaustive-deps
  const entry = useMemo(() => params === undefined ? undefined : query.entry(params), [query, id])
  const { data, error, loading } = useEntry(entry) as QueryState<Pages<A>>
  const [loadingMore, setLoadingMore] = useState(false)
  const mounted = useRef(true)
  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])
  const loadMore = useCallback(() => {
    if (entry === undefined) return
    setLoadingMore(true)
    entry.more().catch(showError).finally(() => mounted.current && setLoadingMore(false))
  }, [entry])
  const refetch = useCallback(() => entry?.load(), [entry])
  return {
    items: data?.items,
    error: data === undefined ? error : undefined,
    loading,
    hasMore: data?.next !== undefined,
    loadingMore,
    loadMore,
    refetch
  }
}

/** Something that is asked of the server, and how it stands. */
export interface Mutation<I, A> {
  /** Gives what the server answers; `undefined` when it refused, which `error` and a message then tell. */
  readonly run: (input: I) => Promise<A | undefined>
  readonly busy: boolean
  readonly error: unknown
  readonly reset: () => void
}

/** Asks something of the server. A failure is shown as a message unless `quiet`. */
export const useMutation = <I, A, E>(
  f: (client: Client, input: I) => Effect.Effect<A, E>,
  options?: {
    readonly onSuccess?: (result: A, input: I) => void
    /** Tags of what is another after it. */
    readonly invalidates?: (result: A, input: I) => ReadonlyArray<string>
    /** For a form that shows the error itself. */
    readonly quiet?: boolean
  }
): Mutation<I, A> => {
  const [state, setState] = useState<{ readonly busy: boolean; readonly error: unknown }>({
    busy: false,
    error: undefined
  })
  const latest = useRef({ f, options })
  latest.current = { f, options }
  const run = useCallback(async (input: I): Promise<A | undefined> => {
    setState({ busy: true, error: undefined })
    try {
      const result = await call((client) => latest.current.f(client, input))
      setState({ busy: false, error: undefined })
      const { options } = latest.current
      if (options?.invalidates !== undefined) invalidate(...options.invalidates(result, input))
      options?.onSuccess?.(result, input)
      return result
    } catch (error) {
      setState({ busy: false, error })
      if (latest.current.options?.quiet !== true) showError(error)
      return undefined
    }
  }, [])
  const reset = useCallback(() => setState({ busy: false, error: undefined }), [])
  return useMemo(() => ({ ...state, run, reset }), [state, run, reset])
}
