/**
 * Pages of lists.
 */
import type * as Model from "../Model.ts"

export const defaultLimit = 100
/** So many items at most, unless it is said otherwise. */
export const maxLimit = 1_000

/** What clients of other kinds than the HTTP API may give, too. */
export const limitOf = (limit: number | undefined, otherwise = defaultLimit, most = maxLimit): number =>
  Math.max(1, Math.min(most, Math.floor(limit ?? otherwise) || 1))

/** One more than fits was read where there is one: then there is another page. */
export const pageOf = <A>(
  items: ReadonlyArray<A>,
  limit: number,
  cursorOf: (item: A) => number
): Model.Page<A> => {
  if (items.length <= limit) return { items }
  const page = items.slice(0, limit)
  return { items: page, next: cursorOf(page.at(-1)!) }
}
