/** A terminal that shows what a program writes: as much of one as the command line uses. */
import { displayWidth } from "effect/cli/CliOutput"

interface Line {
  /** A wide character is followed by an empty one. */
  readonly cells: Array<string>
  /** Goes on with the line before, which was full. */
  readonly continues: boolean
}

const escape = "\u001b"
const sequence = new RegExp(`^${escape}\\[([?\\d;]*)([A-Za-z])`)

/** What can be seen after everything that was written. */
export class Screen {
  cursorHidden = false
  /** What it does not know. A test fails where there is any. */
  readonly unknown: Array<string> = []
  private columns: number
  private lines: Array<Line> = [{ cells: [], continues: false }]
  private row = 0
  private column = 0
  private rest = ""

  constructor(columns: number) {
    this.columns = columns
  }

  /** The lines, without spaces at their ends. */
  text(): string {
    return this.lines.map(({ cells }) => Array.from(cells, (cell) => cell ?? " ").join("").trimEnd()).join("\n")
      .trimEnd()
  }

  /** Lines that were too long for one are broken anew, as most terminals do. */
  resize(columns: number): void {
    const whole: Array<Array<string>> = []
    let cursor = 0
    this.lines.forEach(({ cells, continues }, row) => {
      if (continues) whole.at(-1)!.push(...cells)
      else whole.push([...cells])
      if (row === this.row) cursor = whole.length - 1
    })
    this.columns = columns
    this.lines = whole.flatMap((cells, at) => {
      if (at === cursor) this.row = -1
      const parts: Array<Line> = []
      for (let from = 0; from === 0 || from < cells.length; from += columns) {
        parts.push({ cells: cells.slice(from, from + columns), continues: from > 0 })
      }
      return parts.map((part) => ({ ...part, cursor: at === cursor }))
    })
    this.row = this.lines.findLastIndex((line) => (line as Line & { cursor?: boolean }).cursor === true)
  }

  write(data: string): void {
    let text = this.rest + data
    this.rest = ""
    while (text !== "") {
      const at = text.indexOf(escape)
      this.plain(at < 0 ? text : text.slice(0, at))
      if (at < 0) return
      text = text.slice(at)
      const found = sequence.exec(text)
      if (found === null) {
        // the end may come with the next part
        if (text.length < 12) this.rest = text
        else this.unknown.push(text.slice(0, 12))
        return
      }
      this.control(found[1]!, found[2]!)
      text = text.slice(found[0].length)
    }
  }

  private control(parameters: string, command: string): void {
    if (command === "m") return
    if (command === "A") this.row = Math.max(0, this.row - Number(parameters || 1))
    else if ((command === "K" || command === "J") && parameters === "") {
      const { cells } = this.lines[this.row]!
      cells.length = Math.min(cells.length, this.column)
      if (command === "J") this.lines.length = this.row + 1
    } else if ((command === "h" || command === "l") && parameters === "?25") this.cursorHidden = command === "l"
    else if ((command === "h" || command === "l") && parameters === "?2026") return
    else this.unknown.push(`${parameters}${command}`)
  }

  private plain(text: string): void {
    for (const character of text) {
      if (character === "\n") this.next(false)
      else if (character === "\r") this.column = 0
      else if (character < " " || character >= "\u007f" && character < "\u00a0") {
        this.unknown.push(JSON.stringify(character))
      } else this.put(character)
    }
  }

  private next(continues: boolean): void {
    this.row++
    if (continues) this.column = 0
    // a line break ends what was one line before
    this.lines[this.row] = { cells: this.lines[this.row]?.cells ?? [], continues }
  }

  private put(character: string): void {
    const wide = displayWidth(character)
    if (this.column + wide > this.columns) this.next(true)
    const { cells } = this.lines[this.row]!
    while (cells.length < this.column) cells.push(" ")
    cells[this.column] = character
    if (wide === 2) cells[this.column + 1] = ""
    this.column += wide
  }
}
