/**
 * V8's structured clone serialization, loaded only when a value without a schema is stored in a file.
 */
import * as Effect from "effect/Effect"

/** @internal */
export const v8 = Effect.promise(() => import("node:v8"))

const plainPrototypes = new Set<unknown>([
  Object.prototype,
  null,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  Boolean.prototype,
  Number.prototype,
  String.prototype,
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((error) => error.prototype)
])

/**
 * Says why a value would not come back from a structured clone as it was, or `undefined` when it would. The serializer
 * itself drops the class of an object in silence.
 *
 * @internal
 */
export const clonable = (value: unknown): string | undefined => {
  const seen = new Set<object>()
  // a stack of its own: values may be nested deeper than the call stack
  const open: Array<unknown> = [value]
  while (open.length > 0) {
    const next = open.pop()
    switch (typeof next) {
      case "function":
        return "it contains a function."
      case "symbol":
        return "it contains a symbol."
      case "object": {
        if (next === null || seen.has(next) || ArrayBuffer.isView(next)) continue
        seen.add(next)
        const prototype: unknown = Object.getPrototypeOf(next)
        if (!plainPrototypes.has(prototype)) {
          const name = (prototype as { constructor?: { name?: string } }).constructor?.name
          return `it contains an instance of ${
            name === undefined || name === "" ? "a class" : name
          }. Give the asset a schema.`
        }
        if (Object.getOwnPropertySymbols(next).length > 0) return "it contains an object with a symbol for a key."
        if (next instanceof Error) {
          if (Object.keys(next).length > 0) {
            return "it contains an Error with fields of its own. Give the asset a schema."
          }
          open.push(next.cause)
          continue
        }
        if (next instanceof Map) { for (const [key, item] of next) open.push(key, item) }
        else if (next instanceof Set) { for (const item of next) open.push(item) }
        else if (Array.isArray(next)) {
          for (const item of next) {
            if (typeof item === "object" || typeof item === "function" || typeof item === "symbol") open.push(item)
          }
        } else for (const key of Object.keys(next)) open.push((next as Record<string, unknown>)[key])
      }
    }
  }
  return undefined
}
