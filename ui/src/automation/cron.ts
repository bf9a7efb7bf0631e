/** Cron expressions in words, for those that people write often. */

const aliases: { readonly [name: string]: string | undefined } = {
  __proto__: null!, // names are what definitions give
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *"
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
]

const list = (parts: ReadonlyArray<string>): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`

/** Numbers, names and ranges of them with commas between; `undefined` for anything else. */
const numbers = (
  field: string,
  least: number,
  most: number,
  names: ReadonlyArray<string> = []
): ReadonlyArray<number> | undefined => {
  const found = new Set<number>()
  const read = (text: string): number => {
    const named = names.findIndex((name) => name.slice(0, 3).toLowerCase() === text.toLowerCase())
    return named >= 0 ? named + (least === 1 ? 1 : 0) : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  }
  for (const part of field.split(",")) {
    const ends = part.split("-")
    const from = read(ends[0]!)
    const to = ends.length === 1 ? from : read(ends[1]!)
    if (ends.length > 2 || !(from >= least && to <= most && from <= to)) return undefined
    for (let at = from; at <= to; at++) found.add(at)
  }
  return [...found]
}

const every = (count: number, unit: string): string => count === 1 ? `every ${unit}` : `every ${count} ${unit}s`

/** Of a field that is `*`, or `*` with a step: how many units from one to the next. */
const step = (field: string): number | undefined => {
  const count = field === "*" ? 1 : Number(/^\*\/(\d{1,2})$/.exec(field)?.[1])
  return count >= 1 ? count : undefined
}

const two = (number: number): string => String(number).padStart(2, "0")

interface Time {
  readonly text: string
  /** It says how often within a day. */
  readonly often: boolean
}

const timeOf = (second: string, minute: string, hour: string): Time | undefined => {
  if (second !== "0") {
    const seconds = minute === "*" && hour === "*" ? step(second) : undefined
    return seconds === undefined ? undefined : { text: every(seconds, "second"), often: true }
  }
  const minutes = step(minute)
  if (minutes !== undefined) {
    if (hour === "*") return { text: every(minutes, "minute"), often: true }
    const [from, to] = hour.split("-")
    const range = numbers(hour, 0, 23)
    return range === undefined || hour.includes(",")
      ? undefined
      : {
        text: `${every(minutes, "minute")} from ${two(Number(from))}:00 to ${two(Number(to ?? from))}:59`,
        often: true
      }
  }
  const at = numbers(minute, 0, 59)
  if (at === undefined) return undefined
  const hours = step(hour)
  if (hours !== undefined) {
    if (at.length > 4) return undefined
    const when = at.length === 1 && at[0] === 0 ? "" : ` at minute ${list(at.map(String))}`
    return { text: `${every(hours, "hour")}${when}`, often: true }
  }
  const on = numbers(hour, 0, 23)
  if (on === undefined || on.length * at.length > 4) return undefined
  const times = on.flatMap((hour) => at.map((minute) => `${two(hour)}:${two(minute)}`))
  return { text: `at ${list(times.toSorted())}`, often: false }
}

const dayOf = (dom: string, month: string, dow: string): string | undefined => {
  const inMonths = month === "*" ? [] : numbers(month, 1, 12, months)
  if (inMonths === undefined) return undefined
  const during = inMonths.length === 0 ? "" : ` in ${list(inMonths.map((month) => months[month - 1]!))}`
  if (dom === "*" && dow === "*") return during === "" ? "" : `every day${during}`
  if (dom === "*") {
    const on = numbers(dow, 0, 7, days)?.map((day) => day % 7)
    if (on === undefined) return undefined
    const unique = [...new Set(on)].toSorted((a, b) => (a + 6) % 7 - (b + 6) % 7)
    const text = unique.join("") === "12345" ? "on weekdays" : unique.join("") === "60" ? "at weekends" : undefined
    return `${text ?? `on ${list(unique.map((day) => days[day]!))}`}${during}`
  }
  if (dow !== "*") return undefined
  const on = numbers(dom, 1, 31)
  if (on === undefined || on.length > 4) return undefined
  if (inMonths.length > 0) {
    return inMonths.length > 3
      ? undefined
      : `on ${list(inMonths.flatMap((month) => on.map((day) => `${day} ${months[month - 1]!}`)))}`
  }
  return `on day ${list(on.map(String))} of the month`
}

/** What a cron expression says, such as `every day at 06:00`; `undefined` where that is told best by itself. */
export const cronWords = (cron: string): string | undefined => {
  const text = cron.trim()
  const fields = (aliases[text.toLowerCase()] ?? text).split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6) return undefined
  const [second, minute, hour, dom, month, dow] = fields.length === 5 ? ["0", ...fields] : fields
  const time = timeOf(second!, minute!, hour!)
  const day = dayOf(dom!.replace("?", "*"), month!, dow!.replace("?", "*"))
  if (time === undefined || day === undefined) return undefined
  return time.often
    ? day === "" ? time.text : `${time.text}, ${day}`
    : day === ""
    ? `every day ${time.text}`
    : `${day} ${time.text}`
}

/** Several cron expressions in words, or as they are. */
export const cronsText = (crons: ReadonlyArray<string>): string =>
  crons.map((cron) => cronWords(cron) ?? cron).join("; ")
