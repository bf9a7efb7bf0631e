/**
 * Text for a terminal: how wide it is, tables, colours. Keys and messages are untrusted: none can move the cursor.
 */
import { displayWidth } from "effect/cli/CliOutput"

/** What would act on a terminal instead of being seen on it, or turn the direction of what follows. */
const acting = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

const short: { readonly [character: string]: string } = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" }

const escaped = (character: string): string =>
  short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** A text of one line in which control characters can be seen. */
export const visible = (text: string): string => text.toWellFormed().replaceAll(acting, escaped)

/** The lines of a text, each with its control characters to be seen. */
export const visibleLines = (text: string): ReadonlyArray<string> =>
  text.split(/\r\n|\n/).map((line) => visible(line.replaceAll("\t", "  ")))

/** JSON in which no character acts on a terminal. It says the same. */
export const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const plain = /^[\x20-\x7e]*$/

/** How many columns a text takes. Colours take none. */
export const width = (text: string): number => plain.test(text) ? text.length : displayWidth(text)

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })

/** As much of a text as so many columns have room for, with `…` where something is left out. It has no colours. */
export const cut = (text: string, columns: number): string => {
  if (plain.test(text)) return text.length <= columns ? text : columns < 1 ? "" : `${text.slice(0, columns - 1)}…`
  if (width(text) <= columns) return text
  if (columns < 1) return ""
  let [kept, taken] = ["", 0]
  for (const { segment } of graphemes.segment(text)) {
    const next = taken + displayWidth(segment)
    if (next > columns - 1) break
    kept += segment
    taken = next
  }
  return `${kept}…`
}

/** A text with as many spaces as it takes to fill so many columns. */
export const pad = (text: string, columns: number, right = false): string => {
  const spaces = " ".repeat(Math.max(0, columns - width(text)))
  return right ? spaces + text : text + spaces
}

/** A colour or weight. */
export type Look = "red" | "green" | "yellow" | "blue" | "cyan" | "dim" | "bold"

const codes: { readonly [look in Look]: readonly [on: number, off: number] } = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22]
}

/** Writes a text in a colour. */
export type Paint = (look: Look | undefined, text: string) => string

/** Writes in colours, or leaves them out. */
export const painter = (colour: boolean): Paint => (look, text) =>
  colour && look !== undefined && text !== "" ? `\u001b[${codes[look][0]}m${text}\u001b[${codes[look][1]}m` : text

/** A cell of a table. Its text is made visible. */
export interface Cell {
  readonly text: string
  readonly look?: Look | undefined
}

/** A column of a table. */
export interface Column {
  readonly title: string
  readonly right?: boolean | undefined
  /** It gives way when there is little room, down to so many columns. */
  readonly shrinks?: number | undefined
  /** It is left out when there is less room than that: the one with the highest number first. */
  readonly drops?: number | undefined
}

/** A table. Columns without content are left out; the ones that shrink do so where a terminal is too narrow. */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell | string>>,
  options: { readonly paint: Paint; readonly columns: number }
): ReadonlyArray<string> => {
  const { paint } = options
  const texts = rows.map((row) => row.map((cell) => visible(typeof cell === "string" ? cell : cell.text)))
  const shown = columns.flatMap((column, at) => {
    const widest = texts.reduce((widest, row) => Math.max(widest, width(row[at] ?? "")), 0)
    return widest === 0 ? [] : [{ column, at, wide: Math.max(widest, width(column.title)) }]
  })
  const gap = 2
  let over = shown.reduce((sum, { wide }) => sum + wide + gap, -gap) - options.columns
  // the widest gives way first
  while (over > 0) {
    const widest = shown
      .filter(({ column, wide }) => column.shrinks !== undefined && wide > column.shrinks)
      .reduce<(typeof shown)[number] | undefined>((a, b) => a === undefined || b.wide > a.wide ? b : a, undefined)
    if (widest === undefined) {
      const least = shown
        .filter(({ column }) => column.drops !== undefined)
        .reduce<(typeof shown)[number] | undefined>(
          (a, b) => a === undefined || b.column.drops! > a.column.drops! ? b : a,
          undefined
        )
      if (least === undefined) break
      shown.splice(shown.indexOf(least), 1)
      over -= least.wide + gap
      continue
    }
    widest.wide--
    over--
  }
  const line = (cell: (at: number) => readonly [text: string, look: Look | undefined]): string => {
    const cells = shown.map(({ at, column, wide }) => {
      const [text, look] = cell(at)
      const fits = cut(text, wide)
      return { text: paint(look, fits), padding: " ".repeat(Math.max(0, wide - width(fits))), right: column.right }
    })
    return cells.map(({ padding, right, text }, at) =>
      right === true ? padding + text : at === cells.length - 1 ? text : text + padding
    ).join(" ".repeat(gap)).trimEnd()
  }
  return [
    line((at) => [columns[at]!.title, "bold"]),
    ...texts.map((row, place) =>
      line((at) => {
        const cell = rows[place]![at]
        return [row[at] ?? "", typeof cell === "object" ? cell.look : undefined]
      })
    )
  ]
}

/** A number of things: `1 asset`, `2 assets`. */
export const count = (number: number, thing: string): string =>
  `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`

/** How long something took. */
export const duration = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ms`
  const seconds = millis / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1440)} d ${Math.floor(minutes % 1440 / 60)} h`
}

/** How long ago something was. */
export const ago = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** A time that a script can read, and people too. */
export const time = (millis: number): string => new Date(millis).toISOString()

/** A bar that is filled so far. */
export const bar = (done: number, total: number, columns: number): string => {
  const filled = total === 0 ? 0 : Math.min(columns, Math.floor(done / total * columns))
  return "█".repeat(filled) + "░".repeat(columns - filled)
}
