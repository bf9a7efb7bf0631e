/**
 * Data versions that follow from code and inputs.
 */

/**
 * A hash of 106 bits: two runs of cyrb53 (bryc, public domain) with different seeds. Not for secrets: it tells versions
 * apart, and is synchronous and fast.
 */
export const hash = (text: string): string => cyrb53(text, 1).toString(36) + cyrb53(text, 2).toString(36).padStart(11, "0")

const cyrb53 = (text: string, seed: number): number => {
  let h1 = 0xdeadbeef ^ seed
  let h2 = 0x41c6ce57 ^ seed
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    h1 = Math.imul(h1 ^ code, 2654435761)
    h2 = Math.imul(h2 ^ code, 1597334677)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909)
  return 4294967296 * (2097151 & h2) + (h1 >>> 0)
}

/**
 * The data version of a value that was computed by `codeVersion` from inputs of these versions, with this configuration: the
 * same for the same, in whatever order the inputs are named.
 *
 * @internal
 */
export const derivedVersion = (
  codeVersion: string,
  inputs: { readonly [key: string]: string },
  config: string | undefined
): string => hash(JSON.stringify([codeVersion, Object.keys(inputs).sort().map((key) => [key, inputs[key]]), config]))
