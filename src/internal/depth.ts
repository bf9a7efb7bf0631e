/**
 * How deep values are nested. What goes through them level by level in functions that call themselves has an end.
 */

/** Deeper values are not recorded: no reader could be trusted with them. */
export const maxDepth = 500

/** Whether objects and arrays in a value are nested deeper than that. A value that has itself inside is. */
export const isTooDeep = (value: unknown): boolean => {
  let level = new Set([value])
  for (let depth = 0; depth <= maxDepth; depth++) {
    const next = new Set<unknown>()
    for (const item of level) {
      if (typeof item !== "object" || item === null) continue
      for (const inner of Object.values(item)) if (typeof inner === "object" && inner !== null) next.add(inner)
    }
    if (next.size === 0) return false
    level = next
  }
  return true
}
