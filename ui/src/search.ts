/** Search parameters of the pages: what is in the address, and what it means. */

/** Search parameters as they are in an address: a name with one text or several. */
export type RawSearch = { readonly [name: string]: unknown }

/** Reads `?a=1&a=2&b=x` into `{ a: ["1", "2"], b: "x" }`. */
export const parseSearch = (text: string): Record<string, string | Array<string>> => {
  const params = new URLSearchParams(text.startsWith("?") ? text.slice(1) : text)
  const search: Record<string, string | Array<string>> = Object.create(null)
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name)
    search[name] = values.length === 1 ? values[0]! : values
  }
  return search
}

/** Writes search parameters. What is undefined, empty or `false` is left out. */
export const stringifySearch = (search: RawSearch): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "" && one !== false) params.append(name, String(one))
    }
  }
  // a query may hold these as they are, and an address is easier to read with them
  const text = params.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",")
  return text === "" ? "" : `?${text}`
}

const text = (value: unknown): string | undefined => {
  const one: unknown = Array.isArray(value) ? value[0] : value
  return typeof one === "string" && one !== "" ? one : typeof one === "number" ? String(one) : undefined
}

const texts = (value: unknown): ReadonlyArray<string> | undefined => {
  const all = (Array.isArray(value) ? value : [value]).flatMap((one) => text(one) ?? [])
  return all.length === 0 ? undefined : all
}

const count = (value: unknown, most: number): number | undefined => {
  const number = Number(text(value))
  return Number.isInteger(number) && number >= 0 && text(value) !== undefined ? Math.min(number, most) : undefined
}

type Defined<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }

/** Without what is undefined. */
const defined = <A extends object>(search: A): Defined<A> => {
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(search)) if (value !== undefined) out[name] = value
  // only keys of `search` with values other than undefined are in it
  return out as Defined<A>
}

/**
 * What a page is given of an address: what `read` makes of it, and nothing else. The router gives a page also what is left
 * out of that, unless it is `undefined`.
 */
export const reading = <A extends object>(read: (raw: RawSearch) => A) => (raw: RawSearch): A => ({
  ...Object.fromEntries(Object.keys(raw).map((name) => [name, undefined])),
  ...read(raw)
})

/** Of the page of all assets: `sort` is a column, with `-` before it for descending. */
export const assetsSearch = (raw: RawSearch) =>
  defined({
    q: text(raw.q),
    group: texts(raw.group),
    kind: texts(raw.kind),
    tag: texts(raw.tag),
    owner: texts(raw.owner),
    status: texts(raw.status),
    select: text(raw.select),
    sort: text(raw.sort)
  })

/** Search parameters of the page of all assets. */
export type AssetsSearch = ReturnType<typeof assetsSearch>

/** The tabs of the page of an asset. */
export const assetTabs = [
  "overview",
  "activity",
  "definition",
  "partitions",
  "checks",
  "automation",
  "lineage"
] as const

/** A tab of the page of an asset. */
export type AssetTab = (typeof assetTabs)[number]

/** Of the page of an asset. The key is a parameter, as it may hold `/` and anything else; `evaluation` is a `seq`. */
export const assetSearch = (raw: RawSearch) => ({
  key: text(raw.key) ?? "",
  ...defined({
    tab: assetTabs.find((tab) => tab === text(raw.tab)),
    partition: text(raw.partition),
    metric: text(raw.metric),
    hops: count(raw.hops, 100),
    evaluation: text(raw.evaluation)
  })
})

/** Search parameters of the page of an asset. */
export type AssetSearch = ReturnType<typeof assetSearch>

const directions = ["up", "down"] as const
const folds = ["all", "none"] as const

/**
 * Of the lineage page: `focus` is the key of an asset, with `hops` all there is but so many steps up and down from it.
 * `expanded` are the groups that are open, `fold` says that all or none are folded.
 */
export const lineageSearch = (raw: RawSearch) =>
  defined({
    select: text(raw.select),
    group: text(raw.group),
    focus: text(raw.focus),
    hops: count(raw.hops, 100),
    direction: directions.find((direction) => direction === text(raw.direction)),
    expanded: texts(raw.expanded),
    fold: folds.find((fold) => fold === text(raw.fold))
  })

/** Search parameters of the lineage page. */
export type LineageSearch = ReturnType<typeof lineageSearch>

/** Of the list of runs: `tag` is `name=value`. */
export const runsSearch = (raw: RawSearch) =>
  defined({ status: texts(raw.status), key: text(raw.key), tag: texts(raw.tag), backfill: text(raw.backfill) })

/** Search parameters of the list of runs. */
export type RunsSearch = ReturnType<typeof runsSearch>

/** Of the page of a run: `focus` is the key of the asset whose outcome and log are shown. */
export const runSearch = (raw: RawSearch) =>
  defined({ tab: text(raw.tab), focus: text(raw.focus), level: text(raw.level), q: text(raw.q) })

/** Search parameters of the page of a run. */
export type RunSearch = ReturnType<typeof runSearch>

/** Of lists of automations and jobs: `q` is text that the name or the target has. */
export const namesSearch = (raw: RawSearch) => defined({ q: text(raw.q) })

/** Search parameters of lists of automations and jobs. */
export type NamesSearch = ReturnType<typeof namesSearch>

const tickStatuses = ["Requested", "Skipped", "Failed"] as const

/** Of the page of a schedule, of a sensor or of the conditions. Its name is a parameter, as it may hold anything. */
export const automationSearch = (raw: RawSearch) => ({
  name: text(raw.name) ?? "",
  ...defined({
    status: tickStatuses.find((status) => status === text(raw.status)),
    tick: text(raw.tick),
    q: text(raw.q)
  })
})

/** Search parameters of the page of an automation. */
export type AutomationSearch = ReturnType<typeof automationSearch>

/** Of the page of a job: `evaluation` is the `seq` of an evaluation of its condition. */
export const jobSearch = (raw: RawSearch) => ({
  name: text(raw.name) ?? "",
  ...defined({ evaluation: text(raw.evaluation) })
})

const queueStatuses = ["Queued", "Launching", "Launched", "Failed", "Cancelled", "All"] as const

/** Of the queue: what waits, if no status is given. */
export const queueSearch = (raw: RawSearch) =>
  defined({ status: queueStatuses.find((status) => status === text(raw.status)) })

/** Search parameters of the queue. */
export type QueueSearch = ReturnType<typeof queueSearch>
