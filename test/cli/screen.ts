/** A terminal that shows what a program writes: as much of one as the command line uses. */

/** What can be seen after everything that was written. */
export class Screen {
  readonly lines: Array<string> = [""]
  columns: number
  cursorHidden = false
  /** What it does not know. A test fails where there is any. */
  readonly unknown: Array<string> = []
  private row = 0
  private column = 0
  private rest = ""

  constructor(columns: number) {
    this.columns = columns
  }

  /** The lines, without spaces at their ends. */
  text(): string {
    return this.lines.map((line) => line.trimEnd()).join("\n").trimEnd()
  }

  write(data: string): void {
    let text = this.rest + data
    this.rest = ""
    while (text !== "") {
      const escape = text.indexOf("\u001b")
      this.plain(escape < 0 ? text : text.slice(0, escape))
      if (escape < 0) return
      text = text.slice(escape)
      const sequence = /^\u001b\[([?\d;]*)([A-Za-z])/.exec(text)
      if (sequence === null) {
        // the end may come with the next part
        if (text.length < 12) this.rest = text
        else this.unknown.push(text.slice(0, 12))
        return
      }
      this.control(sequence[1]!, sequence[2]!)
      text = text.slice(sequence[0].length)
    }
  }

  private control(parameters: string, command: string): void {
    const line = this.lines[this.row]!
    if (command === "m") return
    if (command === "A") this.row = Math.max(0, this.row - Number(parameters || 1))
    else if (command === "K" && parameters === "") this.lines[this.row] = line.slice(0, this.column)
    else if (command === "J" && parameters === "") {
      this.lines[this.row] = line.slice(0, this.column)
      this.lines.length = this.row + 1
    } else if (command === "l" && parameters === "?25") this.cursorHidden = true
    else if (command === "h" && parameters === "?25") this.cursorHidden = false
    else if ((command === "h" || command === "l") && parameters === "?2026") return
    else this.unknown.push(`${parameters}${command}`)
  }

  private plain(text: string): void {
    for (const character of text) {
      if (character === "\n") {
        this.row++
        if (this.row === this.lines.length) this.lines.push("")
      } else if (character === "\r") this.column = 0
      else if (character < " " || character >= "\u007f" && character < "\u00a0") {
        this.unknown.push(JSON.stringify(character))
      } else this.put(character)
    }
  }

  private put(character: string): void {
    if (this.column >= this.columns) {
      this.row++
      this.column = 0
      if (this.row === this.lines.length) this.lines.push("")
    }
    const line = Array.from(this.lines[this.row]!.padEnd(this.column))
    line[this.column] = character
    this.lines[this.row] = line.join("")
    this.column++
  }
}
