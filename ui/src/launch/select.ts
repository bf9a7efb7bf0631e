/** Selection expressions for assets that were picked by key. */

/** A key such that a selection means just it, whatever is in it. */
export const keyExpression = (key: string): string => {
  // a star would be a wildcard; a backslash that escapes nothing must not come to stand before one
  const exact = key.replaceAll(/\\[\\/]|\\|\*/g, (part) => part.length === 2 ? part : `\\${part}`)
  return `key:"${exact.replaceAll(/[\\"]/g, "\\$&")}"`
}

/** Everything that was picked, and with it what is upstream. */
export const withUpstream = (
  what: { readonly keys?: ReadonlyArray<string> | undefined; readonly select?: string | undefined }
): string => {
  const of = what.keys === undefined ? what.select ?? "*" : what.keys.map(keyExpression).join(" or ")
  return `+(${of})`
}
