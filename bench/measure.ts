/** Measuring in turns: each round runs every candidate once, so that what disturbs the machine disturbs all of them. */

export interface Measured {
  readonly name: string
  /** Milliseconds, the median of the rounds. */
  readonly median: number
  readonly minimum: number
}

export const inTurns = async (
  rounds: number,
  warmUp: number,
  candidates: Readonly<Record<string, () => Promise<unknown>>>
): Promise<Readonly<Record<string, Measured>>> => {
  const times = new Map<string, Array<number>>()
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = performance.now()
      await run()
      const took = performance.now() - start
      if (round < warmUp) continue
      const list = times.get(name)
      if (list === undefined) times.set(name, [took])
      else list.push(took)
    }
  }
  return Object.fromEntries(
    Array.from(times, ([name, list]) => {
      list.sort((a, b) => a - b)
      return [name, { name, median: list[Math.floor(list.length / 2)]!, minimum: list[0]! }]
    })
  )
}

export interface Row {
  readonly what: string
  readonly figure: string
  readonly limit?: string | undefined
  readonly ratio?: number | undefined
  readonly budget?: string | undefined
  readonly within?: boolean | undefined
}

export const table = (title: string, rows: ReadonlyArray<Row>): string => {
  const cells = [
    ["", "figure", "beside", "ratio", "budget", ""],
    ...rows.map((row) => [
      row.what,
      row.figure,
      row.limit ?? "",
      row.ratio === undefined ? "" : `${row.ratio.toFixed(2)}x`,
      row.budget ?? "",
      row.within === undefined ? "" : row.within ? "within" : "OVER"
    ])
  ]
  const widths = cells[0]!.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)))
  return [
    title,
    ...cells.map((line) => `  ${line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd()}`)
  ].join("\n")
}
