/** How assets stand, in numbers: of a group, of a selection, of all that is shown. Plain data. */
import type { Api, AssetNode, AssetStatus } from "../api/index.ts"
import { triedText, words } from "../assets/catalog.ts"
import { type GraphData, ungrouped } from "../graph/model.ts"
import type { GroupInfo } from "../graph/painter.ts"
import { lookOf, toneProperty } from "../kit/status.ts"

type Word = Api.Model.StatusWord

/** How many assets there are, and how many in which state; a state that is not read yet counts in `total` alone. */
export interface Summary {
  readonly total: number
  readonly counts: ReadonlyMap<Word, number>
}

/** Counts assets. */
export const summaryOf = (keys: Iterable<string>, wordOf: (key: string) => Word | undefined): Summary => {
  const counts = new Map<Word, number>()
  let total = 0
  for (const key of keys) {
    total++
    const word = wordOf(key)
    if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return { total, counts }
}

/** Counts the assets of each group. */
export const summariesOf = (
  data: GraphData,
  wordOf: (key: string) => Word | undefined
): ReadonlyMap<string, Summary> => {
  const keys = new Map<string, Array<string>>()
  for (const { group, id } of data.nodes) {
    const name = group ?? ungrouped
    const of = keys.get(name)
    if (of === undefined) keys.set(name, [id])
    else of.push(id)
  }
  return new Map([...keys].map(([name, of]) => [name, summaryOf(of, wordOf)]))
}

/** The words for a state within a line. */
const inLine: { readonly [word in Word]: string } = {
  Failed: "failed",
  Missing: "missing",
  Skipped: "skipped",
  Stale: "changed",
  Running: "running",
  Fresh: "fresh",
  External: "external"
}

/** A line such as `12 assets, 2 failed, 3 changed`: what asks for attention. */
export const summaryText = ({ counts, total }: Summary): string =>
  [
    `${total.toLocaleString("en")} asset${total === 1 ? "" : "s"}`,
    ...(["Running", "Failed", "Missing", "Stale", "Skipped"] as const).flatMap((word) => {
      const count = counts.get(word) ?? 0
      return count === 0 ? [] : [`${count.toLocaleString("en")} ${inLine[word]}`]
    })
  ].join(", ")

/** A colour of the theme. */
export const colorOf = (word: Word | "Unknown"): string => `var(${toneProperty(lookOf(word).tone)})`

/** How a group is drawn. */
export const groupInfoOf = (group: string, summary: Summary | undefined): GroupInfo => ({
  label: group === ungrouped ? "No group" : group,
  detail: summary === undefined ? "" : summaryText(summary),
  bar: words.map((word) => ({ color: colorOf(word), count: summary?.counts.get(word) ?? 0 }))
})

/** The mark of an asset that is drawn from afar. */
export const badgeOf = (word: Word | "Unknown", status: AssetStatus | undefined): string | undefined =>
  word === "Failed"
    ? "✕"
    : word === "Stale"
    ? "↑"
    : (status?.checks.failed ?? 0) > 0
    ? "!"
    : undefined

/** Why an asset is not fresh, as lines of text: why nothing came of its last try, and what has changed. */
export const whyText = (
  { causes, rootCauses, ...status }: Pick<AssetStatus, "causes" | "outcome" | "partitions" | "reason" | "rootCauses">
): string => {
  const lines = causes.map(({ text }) => text)
  const roots = rootCauses.map(({ text }) => text).filter((text) => !lines.includes(text))
  const some = (all: ReadonlyArray<string>) =>
    all.length <= 4 ? all : [...all.slice(0, 4), `and ${all.length - 4} more`]
  return [triedText(status) ?? [], some(lines), roots.length === 0 ? [] : ["It began here:", ...some(roots)]].flat()
    .join("\n")
}

/** The kinds of an asset that have the space: the first one, and how many more there are. */
export const kindsText = ({ kinds }: Pick<AssetNode, "kinds">): string | undefined =>
  kinds[0] === undefined ? undefined : kinds.length === 1 ? kinds[0] : `${kinds[0]} +${kinds.length - 1}`
