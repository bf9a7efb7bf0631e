/** A page of a list, as the API gives it. */
export interface PageOf<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: number | undefined
}

/** What was read of a list, page by page: `next` is where it goes on. */
export interface Pages<A> {
  readonly items: ReadonlyArray<A>
  readonly next: number | undefined
  readonly pages: number
}

/**
 * Reads a list anew. Of one with the newest first (`id` says what an item is) only the first page is read, and put before
 * what is there, unless there may be items between the two. Of any other list as many pages are read as are there.
 */
export const refreshPages = async <A>(
  before: Pages<A> | undefined,
  read: (cursor: number | undefined) => Promise<PageOf<A>>,
  id?: (item: A) => string
): Promise<Pages<A>> => {
  const first = await read(undefined)
  if (before !== undefined && id !== undefined) {
    const ids = new Set(first.items.map(id))
    const older = before.items.filter((item) => !ids.has(id(item)))
    return older.length < before.items.length && first.next !== undefined
      ? { items: [...first.items, ...older], next: before.next, pages: before.pages }
      : { items: first.items, next: first.next, pages: 1 }
  }
  const items = [...first.items]
  let [next, pages] = [first.next, 1]
  while (pages < (before?.pages ?? 1) && next !== undefined) {
    const following = await read(next)
    items.push(...following.items)
    next = following.next
    pages++
  }
  return { items, next, pages }
}
