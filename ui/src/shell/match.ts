/** How well a text matches what is searched for: less is better; `undefined` is no match. */
const rank = (text: string, words: ReadonlyArray<string>): number | undefined => {
  let sum = 0
  for (const word of words) {
    const at = text.indexOf(word)
    if (at < 0) return undefined
    // the end of a key names the asset: a match at the beginning of a segment is what is meant most often
    const startsSegment = at === 0 || /[/_\-. ]/.test(text[at - 1]!)
    const inLast = at > text.lastIndexOf("/")
    sum += (startsSegment ? 0 : 4) + (inLast ? 0 : 2)
  }
  return sum + text.length / 1000
}

/** The items whose text has every word, the best ones first. Without words, the first ones. */
export const searchTexts = <A>(
  items: ReadonlyArray<A>,
  textOf: (item: A) => string,
  search: string,
  most: number
): ReadonlyArray<A> => {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "")
  if (words.length === 0) return items.slice(0, most)
  return items
    .flatMap((item) => {
      const at = rank(textOf(item).toLowerCase(), words)
      return at === undefined ? [] : [{ item, at }]
    })
    .sort((a, b) => a.at - b.at)
    .slice(0, most)
    .map(({ item }) => item)
}
