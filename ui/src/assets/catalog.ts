/** The list of assets: what is shown, in which order, and how much of it each filter would show. Plain data. */
import type { Api } from "../api/contract.ts"

/** An asset of the list. */
export interface AssetRow {
  readonly node: Api.Model.AssetNode
  readonly status: Api.Model.AssetStatus | undefined
  /** Not known until the state was read. */
  readonly word: Api.Model.StatusWord | undefined
  /** Place by key. */
  readonly rank: number
  /** What a search looks at, in lower case. */
  readonly text: string
}

/** The group of assets that have none, as selections name it. */
export const noGroup = "default"

/** The group that an asset is listed under. */
export const groupOf = (node: Api.Model.AssetNode): string => node.group ?? noGroup

/** A group and those above it: what is in `finance/eu` is in `finance`, too. */
const levelsOf = (group: string): ReadonlyArray<string> => {
  const levels = [group]
  for (let at = group.lastIndexOf("/"); at > 0; at = group.lastIndexOf("/", at - 1)) levels.push(group.slice(0, at))
  return levels
}

/** The states an asset can be in, the worst first. */
export const words: ReadonlyArray<Api.Model.StatusWord> = [
  "Failed",
  "Missing",
  "Stale",
  "Running",
  "Skipped",
  "Fresh",
  "External"
]

const collator = new Intl.Collator("en", { numeric: true })

/** The rows of a graph in the order of their keys, before any state is known. */
export const rowsOf = (nodes: ReadonlyArray<Api.Model.AssetNode>): ReadonlyArray<AssetRow> =>
  nodes
    .toSorted((a, b) => collator.compare(a.key, b.key) || (a.key < b.key ? -1 : 1))
    .map((node, rank) => ({
      node,
      status: undefined,
      word: undefined,
      rank,
      text: `${node.key}\n${groupOf(node)}\n${node.summary ?? ""}`.toLowerCase()
    }))

/** The rows with their states. A row whose state is the same as before is the same row. */
export const withStatuses = (
  rows: ReadonlyArray<AssetRow>,
  statusOf: (key: string) => Api.Model.AssetStatus | undefined,
  wordOf: (node: Api.Model.AssetNode, status: Api.Model.AssetStatus) => Api.Model.StatusWord
): ReadonlyArray<AssetRow> => {
  let changed = false
  const next = rows.map((row) => {
    const status = statusOf(row.node.key)
    if (status === row.status) return row
    changed = true
    return { ...row, status, word: status === undefined ? undefined : wordOf(row.node, status) }
  })
  return changed ? next : rows
}

// ---------------------------------------------------------------------------------------------------------------------
// filters
// ---------------------------------------------------------------------------------------------------------------------

/** What assets are filtered by. Of one attribute any value will do; all attributes have to fit. */
export interface Filters {
  readonly q?: string | undefined
  readonly group?: ReadonlyArray<string> | undefined
  readonly kind?: ReadonlyArray<string> | undefined
  readonly tag?: ReadonlyArray<string> | undefined
  readonly owner?: ReadonlyArray<string> | undefined
  readonly status?: ReadonlyArray<string> | undefined
  /** The keys that a selection expression selects. */
  readonly keys?: ReadonlySet<string> | undefined
}

/** The attributes that assets can be filtered by. */
export const facets = ["status", "group", "kind", "tag", "owner"] as const

/** An attribute that assets can be filtered by. */
export type Facet = (typeof facets)[number]

/** A tag as a filter names it. */
export const tagText = (name: string, value: string): string => value === "" ? name : `${name}=${value}`

const valuesOf = (row: AssetRow, facet: Facet): ReadonlyArray<string> => {
  switch (facet) {
    case "status":
      return row.word === undefined ? [] : [row.word]
    case "group":
      return levelsOf(groupOf(row.node))
    case "kind":
      return row.node.kinds
    case "tag":
      return Object.entries(row.node.tags).map(([name, value]) => tagText(name, value))
    case "owner":
      return row.node.owners
  }
}

/** A value of an attribute, and how many assets the list would have with it instead of the other values of it. */
export interface FacetValue {
  readonly value: string
  readonly count: number
}

/** What a list shows of the rows that pass the filters. */
export interface Filtered {
  /** In the order of the rows. */
  readonly rows: ReadonlyArray<AssetRow>
  readonly facets: { readonly [facet in Facet]: ReadonlyArray<FacetValue> }
}

/** Applies filters, and counts by each attribute what the other filters let through. */
export const filterRows = (rows: ReadonlyArray<AssetRow>, filters: Filters): Filtered => {
  const terms = (filters.q ?? "").toLowerCase().split(/\s+/).filter((term) => term !== "")
  const chosen = facets.map((facet) => {
    const values = filters[facet] ?? []
    return values.length === 0 ? undefined : new Set(values)
  })
  const counts = facets.map(() => new Map<string, number>())
  const passed: Array<AssetRow> = []
  for (const row of rows) {
    const fits = (filters.keys?.has(row.node.key) ?? true) && terms.every((term) => row.text.includes(term))
    const values = facets.map((facet) => valuesOf(row, facet))
    const failing = chosen.flatMap((set, i) =>
      set === undefined || values[i]!.some((value) => set.has(value)) ? [] : [i]
    )
    if (fits && failing.length === 0) passed.push(row)
    values.forEach((all, i) => {
      const counted = fits && (failing.length === 0 || (failing.length === 1 && failing[0] === i))
      for (const value of all) counts[i]!.set(value, (counts[i]!.get(value) ?? 0) + (counted ? 1 : 0))
    })
  }
  const sorted = (facet: Facet): ReadonlyArray<FacetValue> => {
    const all = [...counts[facets.indexOf(facet)]!].map(([value, count]) => ({ value, count }))
    const place = (value: string) => words.findIndex((word) => word === value)
    return facet === "status"
      ? all.sort((a, b) => place(a.value) - place(b.value))
      : all.sort((a, b) => collator.compare(a.value, b.value))
  }
  return {
    rows: passed,
    facets: {
      status: sorted("status"),
      group: sorted("group"),
      kind: sorted("kind"),
      tag: sorted("tag"),
      owner: sorted("owner")
    }
  }
}

/** `true` if nothing is filtered. */
export const isUnfiltered = (filters: Filters): boolean =>
  filters.keys === undefined && (filters.q ?? "").trim() === "" &&
  facets.every((facet) => (filters[facet] ?? []).length === 0)

// ---------------------------------------------------------------------------------------------------------------------
// order and groups
// ---------------------------------------------------------------------------------------------------------------------

/** The columns that a list can be sorted by. */
export const columns = ["key", "status", "group", "kind", "last", "checks", "partitions", "freshness"] as const

/** A column that a list can be sorted by. */
export type Column = (typeof columns)[number]

/** A column and its direction. */
export interface Sort {
  readonly column: Column
  readonly descending: boolean
}

/** Reads `last` or `-last`; anything else is the order of the keys. */
export const sortOf = (text: string | undefined): Sort => {
  const descending = text?.startsWith("-") === true
  const column = columns.find((column) => column === (descending ? text?.slice(1) : text))
  return column === undefined ? { column: "key", descending: false } : { column, descending }
}

/** Writes an order as an address has it; the order of the keys is nothing. */
export const sortText = ({ column, descending }: Sort): string | undefined =>
  column === "key" && !descending ? undefined : `${descending ? "-" : ""}${column}`

/** How bad the checks of an asset are: failures before warnings before what was not evaluated. */
const checkScore = ({ failed, notEvaluated, warned }: Api.Model.AssetStatus["checks"]): number =>
  failed * 1e8 + warned * 1e4 + notEvaluated

const freshnessOrder: ReadonlyArray<string> = ["Overdue", "Warning", "Unknown", "Fresh"]

/** What a column is sorted by; `undefined` comes last in both directions. */
const valueOf = ({ node, status, word }: AssetRow, column: Column): number | string | undefined => {
  switch (column) {
    case "key":
      return undefined
    case "status":
      return word === undefined ? undefined : words.indexOf(word)
    case "group":
      return groupOf(node)
    case "kind":
      return node.kinds.length === 0 ? undefined : node.kinds.join(" ")
    case "last":
      return status?.last?.timestamp
    case "checks":
      return node.checks === 0 || status === undefined ? undefined : -checkScore(status.checks)
    case "partitions": {
      const of = status?.partitions
      return of === undefined || of.total === 0 ? undefined : of.fresh / of.total
    }
    case "freshness":
      return status?.freshness === undefined ? undefined : freshnessOrder.indexOf(status.freshness.status)
  }
}

/** Sorts by a column, then by key. */
export const sortRows = (rows: ReadonlyArray<AssetRow>, { column, descending }: Sort): ReadonlyArray<AssetRow> => {
  const sign = descending ? -1 : 1
  if (column === "key") return rows.toSorted((a, b) => sign * (a.rank - b.rank))
  return rows
    .map((row) => ({ row, value: valueOf(row, column) }))
    .sort((a, b) => {
      if (a.value === b.value) return a.row.rank - b.row.rank
      if (a.value === undefined) return 1
      if (b.value === undefined) return -1
      const order = typeof a.value === "number" && typeof b.value === "number"
        ? a.value - b.value
        : collator.compare(String(a.value), String(b.value))
      return order === 0 ? a.row.rank - b.row.rank : sign * order
    })
    .map(({ row }) => row)
}

/** A line of the list: an asset, or the head of a group. */
export type Line =
  | { readonly _tag: "Asset"; readonly id: string; readonly row: AssetRow }
  | {
    readonly _tag: "Group"
    readonly id: string
    readonly name: string
    readonly rows: ReadonlyArray<AssetRow>
    readonly open: boolean
  }

/** How many assets are in which state. */
export const countWords = (rows: ReadonlyArray<AssetRow>): ReadonlyMap<Api.Model.StatusWord, number> => {
  const counts = new Map<Api.Model.StatusWord, number>()
  for (const { word } of rows) if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** The lines of a list; with groups if `closed`, the groups that are not open, is given. */
export const linesOf = (rows: ReadonlyArray<AssetRow>, closed?: ReadonlySet<string>): ReadonlyArray<Line> => {
  const lineOf = (row: AssetRow): Line => ({ _tag: "Asset", id: `asset ${row.node.key}`, row })
  if (closed === undefined) return rows.map(lineOf)
  return [...Map.groupBy(rows, ({ node }) => groupOf(node))]
    .sort(([a], [b]) => collator.compare(a, b))
    .flatMap(([name, rows]): Array<Line> => {
      const open = !closed.has(name)
      return [{ _tag: "Group", id: `group ${name}`, name, rows, open }, ...(open ? rows.map(lineOf) : [])]
    })
}

// ---------------------------------------------------------------------------------------------------------------------
// what is picked
// ---------------------------------------------------------------------------------------------------------------------

/** Picks or drops a key, or with an anchor everything from that to the key in the order of the list. */
export const pick = (
  picked: ReadonlySet<string>,
  order: ReadonlyArray<string>,
  key: string,
  on: boolean,
  anchor?: string
): ReadonlySet<string> => {
  const at = order.indexOf(key)
  const other = anchor === undefined ? -1 : order.indexOf(anchor)
  const range = at < 0 || other < 0 ? [key] : order.slice(Math.min(at, other), Math.max(at, other) + 1)
  const next = new Set(picked)
  for (const one of range) {
    if (on) next.add(one)
    else next.delete(one)
  }
  return next
}

// ---------------------------------------------------------------------------------------------------------------------
// words
// ---------------------------------------------------------------------------------------------------------------------

/** Why an asset is stale, in two words: what its upstream did comes before what its own code did. */
export const staleLabel = (causes: Api.Model.AssetStatus["causes"]): string => {
  const kinds = new Set(causes.map(({ kind }) => kind))
  return kinds.size === 0 || kinds.has("UpstreamChanged")
    ? "Upstream changed"
    : kinds.has("CodeChanged")
    ? "Code changed"
    : "Inputs changed"
}

/** Why nothing came of the last try of an asset; `undefined` if something did. */
export const triedText = (
  { outcome, partitions, reason }: Pick<Api.Model.AssetStatus, "outcome" | "partitions" | "reason">
): string | undefined => {
  const because = reason === undefined ? "." : `: ${reason}`
  switch (outcome) {
    case "Failed":
      return `Its last try failed${because}`
    case "UpstreamFailed":
      return `It was not computed${because}`
    case "Skipped":
      return `Its last try was skipped${because}`
    case "Cancelled":
      return `Its last try was ${reason ?? "cancelled"}.`
    default: {
      const failed = partitions?.failed ?? 0
      return failed === 0
        ? undefined
        : failed === 1
        ? "The last try of a partition failed."
        : `The last tries of ${failed.toLocaleString("en")} partitions failed.`
    }
  }
}

/** How the partitions of an asset stand, in words. */
export const partitionsText = (
  { failed, fresh, missing, stale, total }: NonNullable<Api.Model.AssetStatus["partitions"]>
) =>
  [
    `${fresh.toLocaleString("en")} of ${total.toLocaleString("en")} partitions fresh`,
    ...(stale === 0 ? [] : [`${stale.toLocaleString("en")} stale`]),
    ...(missing === 0 ? [] : [`${missing.toLocaleString("en")} missing`]),
    ...(failed === 0 ? [] : [`${failed.toLocaleString("en")} failed`])
  ].join(", ")
