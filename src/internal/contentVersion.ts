/**
 * Data versions of content: MurmurHash3, the variant for 32-bit machines with 128 bits (Austin Appleby, public domain,
 * https://github.com/aappleby/smhasher). Not for secrets: it tells contents apart, and is synchronous and fast.
 */

const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93

const rotated = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

const mixed = (x: number): number => {
  let h = x
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

// a leading one keeps the zeros behind it
const text = (x: number): string => ((x >>> 0) + 0x100000000).toString(16).slice(1)

/**
 * The data version of some bytes: the same for the same, 32 hexadecimal digits.
 *
 * @internal
 */
export const contentVersion = (bytes: Uint8Array): string => {
  const { length } = bytes
  let h1 = 0
  let h2 = 0
  let h3 = 0
  let h4 = 0
  // what is past the end counts as zeros, as in the tail of the original
  const word = (at: number): number =>
    bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  const whole = length - length % 16
  for (let at = 0; at < whole; at += 16) {
    h1 ^= Math.imul(rotated(Math.imul(word(at), c1), 15), c2)
    h1 = (Math.imul((rotated(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotated(Math.imul(word(at + 4), c2), 16), c3)
    h2 = (Math.imul((rotated(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotated(Math.imul(word(at + 8), c3), 17), c4)
    h3 = (Math.imul((rotated(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotated(Math.imul(word(at + 12), c4), 18), c1)
    h4 = (Math.imul((rotated(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  const left = length - whole
  if (left > 12) h4 ^= Math.imul(rotated(Math.imul(word(whole + 12), c4), 18), c1)
  if (left > 8) h3 ^= Math.imul(rotated(Math.imul(word(whole + 8), c3), 17), c4)
  if (left > 4) h2 ^= Math.imul(rotated(Math.imul(word(whole + 4), c2), 16), c3)
  if (left > 0) h1 ^= Math.imul(rotated(Math.imul(word(whole), c1), 15), c2)

  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = mixed(h1)
  h2 = mixed(h2)
  h3 = mixed(h3)
  h4 = mixed(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  return text(h1) + text(h2) + text(h3) + text(h4)
}
