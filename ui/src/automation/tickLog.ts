/** What an evaluation has logged, as it is recorded: `timestamp=… level=… fiber=… message=…`, a line each. Plain data. */

/** An entry of the log. */
export interface TickLogEntry {
  readonly at: number | undefined
  readonly level: string | undefined
  readonly message: string
  /** Annotations, spans and the cause. */
  readonly detail: string
}

/** A name and its value, which is in quotes where it has spaces; it may have several lines then. */
const pair = /(?:^|\s)([^\s"=]+)=(?:"((?:\\[\s\S]|[^"\\])*)"|(\S*))/g

/** An entry begins where a line begins with its time. */
const begin = /^(?=timestamp=\S+ level=)/m

const readEntry = (text: string): TickLogEntry => {
  const messages: Array<string> = []
  const details: Array<string> = []
  let [at, level]: [number | undefined, string | undefined] = [undefined, undefined]
  for (const [, name, quoted, bare] of text.matchAll(pair)) {
    const value = quoted?.replaceAll(/\\(["\\])/g, "$1") ?? bare ?? ""
    if (name === "timestamp") at = Date.parse(value)
    else if (name === "level") level = value
    else if (name === "message") messages.push(value)
    else if (name === "cause") details.push(value)
    else if (name !== "fiber") details.push(`${name}=${value}`)
  }
  // cut off, or by another hand: as it is
  return at === undefined || Number.isNaN(at) || (messages.length === 0 && details.length === 0)
    ? { at: undefined, level: undefined, message: text, detail: "" }
    : { at, level, message: messages.join(" "), detail: details.join(" ") }
}

/** Reads what an evaluation has logged. */
export const readTickLog = (text: string): ReadonlyArray<TickLogEntry> =>
  text.split(begin).map((entry) => entry.trimEnd()).filter((entry) => entry !== "").map(readEntry)
