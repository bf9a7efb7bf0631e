/**
 * What reading, printing and resolving selections have in common: their operands, and the wildcards of keys and groups.
 */
import type { Selection } from "../Selection.ts"

/**
 * What an operator works on; `undefined` for what looks at one asset at a time.
 *
 * @internal
 */
export const operandsOf = (selection: Selection): ReadonlyArray<Selection> | undefined => {
  switch (selection._tag) {
    case "And":
    case "Or":
      return selection.of
    case "Not":
    case "Upstream":
    case "Downstream":
    case "Roots":
    case "Sinks":
      return [selection.of]
    default:
      return undefined
  }
}

/**
 * Puts operands together: those of the same kind are taken in, so there is one flat list.
 *
 * @internal
 */
export const join = (tag: "And" | "Or", operands: Iterable<Selection>): Selection | undefined => {
  const flat: Array<Selection> = []
  for (const operand of operands) {
    if (operand._tag === tag) { for (const inner of operand.of) flat.push(inner) }
    else flat.push(operand)
  }
  return flat.length > 1 ? { _tag: tag, of: flat } : flat[0]
}

/**
 * Computes a value of a selection from those of its operands. It does not recurse: a selection that a program builds
 * may be deeper than the call stack.
 *
 * @internal
 */
export const fold = <A>(selection: Selection, f: (selection: Selection, operands: ReadonlyArray<A>) => A): A => {
  const root: Array<A> = []
  const opened = (of: Selection, into: Array<A>) => ({ of, operands: operandsOf(of), done: [] as Array<A>, into })
  const stack = [opened(selection, root)]
  while (stack.length > 0) {
    const top = stack.at(-1)!
    const next = top.operands?.[top.done.length]
    if (next === undefined) {
      top.into.push(f(top.of, top.done))
      stack.pop()
    } else stack.push(opened(next, top.done))
  }
  return root[0]!
}

/**
 * The pattern that matches one key: `\*` is a star that belongs to the key.
 *
 * @internal
 */
export const exactly = (key: string): string =>
  // a backslash that escapes nothing must not come to stand before a star
  /[\\*]/.test(key) ? key.replaceAll(/\\[\\/]|\\|\*/g, (part) => part.length === 2 ? part : `\\${part}`) : key

/**
 * What stands between the wildcards of a pattern: one text if there are none.
 *
 * @internal
 */
export const literals = (pattern: string): ReadonlyArray<string> => {
  if (!/[\\*]/.test(pattern)) return [pattern]
  const parts: Array<string> = []
  let part = ""
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    const next = pattern[i + 1]
    if (char === "*") {
      parts.push(part)
      part = ""
    } else if (char !== "\\") part += char
    else if (next === "*") part += pattern[++i]!
    else if (next === "\\" || next === "/") part += char + pattern[++i]!
    else part += char
  }
  parts.push(part)
  return parts
}

/** One character for each escape of a key, so that a wildcard cannot be half of one. No key has these characters. */
const units = (text: string): string =>
  text.includes("\\") ? text.replaceAll(/\\[\\/]/g, (escape) => escape === "\\/" ? "\u0000" : "\u0001") : text

/**
 * Says whether a text matches a pattern. `*` stands for any number of any characters.
 *
 * @internal
 */
export const matcher = (parts: ReadonlyArray<string>): (text: string) => boolean => {
  if (parts.length === 1) return (text) => text === parts[0]
  const [first, ...rest] = parts.map(units) as [string, ...Array<string>]
  const last = rest.pop()!
  return (subject) => {
    const text = units(subject)
    const end = text.length - last.length
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    // the leftmost place of each part leaves the most for those that follow
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return at <= end
  }
}
