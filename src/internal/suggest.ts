/**
 * "Did you mean": the known keys that are close to an unknown one.
 */
import * as AssetKey from "../AssetKey.ts"

/** The number of edits between two texts, or `limit + 1` when there are more than `limit`. */
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    let best = i
    for (let j = 1; j <= b.length; j++) {
      const value = Math.min(
        previous[j]! + 1,
        current[j - 1]! + 1,
        previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      )
      current.push(value)
      if (value < best) best = value
    }
    if (best > limit) return limit + 1
    previous = current
  }
  return previous[b.length]!
}

const similar = (a: string, b: string): number => {
  const limit = Math.max(a.length, b.length) < 5 ? 1 : 2
  const edits = distance(a.toLowerCase(), b.toLowerCase(), limit)
  // the beginning of a name is a good guess, too, but not as good
  return edits <= limit && edits < Math.max(a.length, b.length)
    ? edits
    : a.length >= 4 && b.startsWith(a)
    ? limit + 1
    : Infinity
}

/** How far two keys are apart: edits in one segment, or one segment more or less; `Infinity` when it is more than that. */
const apart = (wanted: ReadonlyArray<string>, known: ReadonlyArray<string>): number => {
  if (wanted.length === known.length) {
    let edits = Infinity
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i] === known[i]) continue
      if (edits !== Infinity) return Infinity
      edits = similar(wanted[i]!, known[i]!)
      if (edits === Infinity) return Infinity
    }
    return edits
  }
  const [long, short] = wanted.length > known.length ? [wanted, known] : [known, wanted]
  if (long.length !== short.length + 1) return Infinity
  let at = 0
  while (at < short.length && long[at] === short[at]) at++
  for (let i = at; i < short.length; i++) if (long[i + 1] !== short[i]) return Infinity
  return 1
}

/**
 * Up to three known keys that are close to `wanted`, the closest first.
 *
 * @internal
 */
export const suggest = (wanted: string, known: Iterable<string>): ReadonlyArray<string> => {
  // "a\/b" and "a/b" differ only in how they are written
  const segments = AssetKey.segments(wanted).flatMap((segment) => segment.split("/"))
  const found: Array<readonly [number, string]> = []
  for (const key of known) {
    if (key === wanted) continue
    const candidate = AssetKey.segments(key).flatMap((segment) => segment.split("/"))
    const edits = candidate.join("/") === segments.join("/") ? 0 : apart(segments, candidate)
    if (edits !== Infinity) found.push([edits, key])
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 3).map(([, key]) => key)
}

/**
 * ` Did you mean "a" or "b"?`, or nothing.
 *
 * @internal
 */
export const didYouMean = (suggestions: ReadonlyArray<string>): string =>
  suggestions.length === 0 ? "" : ` Did you mean ${suggestions.map((key) => JSON.stringify(key)).join(" or ")}?`
