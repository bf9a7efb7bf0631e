/**
 * Data versions that follow from code and inputs.
 */

/**
 * A hash of 106 bits: two runs of cyrb53 (bryc, public domain) with different seeds. Not for secrets: it tells versions
 * apart, and is synchronous and fast.
 */
export const hash = (text: string): string => {
  // both runs in one loop
  let a1 = seeds.a1
  let a2 = seeds.a2
  let b1 = seeds.b1
  let b2 = seeds.b2
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a1 = Math.imul(a1 ^ code, 2654435761)
    a2 = Math.imul(a2 ^ code, 1597334677)
    b1 = Math.imul(b1 ^ code, 2654435761)
    b2 = Math.imul(b2 ^ code, 1597334677)
  }
  return mixed(a1, a2).toString(36) + mixed(b1, b2).toString(36).padStart(11, "0")
}

const seeds = { a1: 0xdeadbeef ^ 1, a2: 0x41c6ce57 ^ 1, b1: 0xdeadbeef ^ 2, b2: 0x41c6ce57 ^ 2 }

const mixed = (x: number, y: number): number => {
  let h1 = x
  let h2 = y
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
