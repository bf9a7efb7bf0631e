import type { SelectMode } from "../graph/engine.ts"

/** Some assets selected instead of others, or besides them; with `toggle`, those that all are selected no longer are. */
export const changeSelection = (
  before: ReadonlySet<string>,
  keys: ReadonlyArray<string>,
  mode: SelectMode
): ReadonlySet<string> => {
  if (mode === "replace") {
    const same = keys.length === before.size && keys.every((key) => before.has(key))
    return same ? before : new Set(keys)
  }
  const after = new Set(before)
  const off = mode === "toggle" && keys.length > 0 && keys.every((key) => before.has(key))
  for (const key of keys) {
    if (off) after.delete(key)
    else after.add(key)
  }
  return after
}
