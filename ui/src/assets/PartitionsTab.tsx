/** The partitions of an asset: which are there, which are not, and what can be done about it. */
import * as Effect from "effect/Effect"
import { CalendarRange, History, Layers, Play } from "lucide-react"
import { useEffect, useMemo, useState } from "react"
import { type Api, defineQuery, useAssetPartitionList, useAssetPartitions, useQuery, useStatus } from "../api/index.ts"
import {
  AssetLink,
  Button,
  Card,
  classes,
  DataTable,
  EmptyState,
  ErrorView,
  SearchField,
  Select,
  Skeleton,
  StatusBadge,
  StatusDot,
  TextField
} from "../kit/index.ts"
import { useLaunch } from "../launch/index.ts"
import { ValuePreview } from "./Overview.tsx"
import { Grid, type Range, stateWords, Strip } from "./PartitionCanvas.tsx"
import {
  type Axes,
  countStates,
  firstPlane,
  indexOfKey,
  isForeign,
  keyAt,
  partitionStates,
  type Plane,
  rangeSize,
  stateAt
} from "./partitions.ts"

type State = Api.Model.PartitionState

const block = 200

const blockQuery = defineQuery(
  "asset/partitions/block",
  (client, { block: at, key }: { readonly key: string; readonly block: number }) =>
    client.assets.partitionList({ query: { key, after: at * block - 1, limit: block } }),
  ({ key }) => [`asset:${key}`]
)

/** Goes through the partitions whose key has the text until it is the whole key. */
const findQuery = defineQuery(
  "asset/partitions/find",
  (client, { key, partition }: { readonly key: string; readonly partition: string }) =>
    Effect.gen(function*() {
      let after: number | undefined
      do {
        const page = yield* client.assets.partitionList({ query: { key, search: partition, limit: 1000, after } })
        const found = page.items.find((item) => item.key === partition)
        if (found !== undefined) return found.index
        after = page.next
      } while (after !== undefined)
      return null
    }),
  ({ key }) => [`asset:${key}`]
)

/** The key of a partition: read from the server where the stretches do not tell it. */
const usePartitionKey = (assetKey: string, axes: Axes | undefined, index: number | undefined): string | undefined => {
  const known = axes === undefined || index === undefined ? undefined : keyAt(axes, index)
  const asked = axes === undefined || index === undefined || known !== undefined
    ? undefined
    : { key: assetKey, block: Math.floor(index / block) }
  const { data } = useQuery(blockQuery, asked)
  return known ?? data?.items.find((item) => item.index === index)?.key
}

/** The place of a partition that was named: `undefined` while it is looked for, `null` if there is none. */
const usePartitionIndex = (
  assetKey: string,
  axes: Axes | undefined,
  partition: string | undefined
): number | null | undefined => {
  const known = axes === undefined || partition === undefined ? undefined : indexOfKey(axes, partition)
  const foreign = axes !== undefined && partition !== undefined && isForeign(axes, partition)
  const { data } = useQuery(
    findQuery,
    axes === undefined || partition === undefined || known !== undefined || foreign
      ? undefined
      : { key: assetKey, partition }
  )
  if (partition === undefined || axes === undefined) return undefined
  if (foreign) return null
  if (known !== undefined) return known
  return data
}

const Legend = ({ counts, onState, state, total }: {
  readonly counts: Api.Model.PartitionsModel["counts"]
  readonly total: number
  readonly state: State | undefined
  readonly onState: (state: State | undefined) => void
}) => (
  <div role="group" aria-label="Partitions by state" className="flex flex-wrap gap-1.5">
    <button
      type="button"
      aria-pressed={state === undefined}
      onClick={() => onState(undefined)}
      className={classes(
        "inline-flex min-h-7 items-center gap-1.5 rounded-md border px-2 text-xs",
        state === undefined
          ? "border-border-strong bg-surface-2 font-medium"
          : "border-border text-text-2 hover:bg-surface-2"
      )}
    >
      All <span className="tabular-nums">{total.toLocaleString("en")}</span>
    </button>
    {partitionStates.map((one) => {
      const count = counts[one] ?? 0
      return count === 0 && (one === "Failed" || one === "Running") && state !== one ? null : (
        <button
          key={one}
          type="button"
          aria-pressed={state === one}
          onClick={() => onState(state === one ? undefined : one)}
          className={classes(
            "inline-flex min-h-7 items-center gap-1.5 rounded-md border px-2 text-xs",
            state === one ? "border-accent bg-accent-soft font-medium" : "border-border text-text-2 hover:bg-surface-2"
          )}
        >
          <StatusDot status={one} size={13} label="" />
          {one === "Stale" ? "Upstream changed" : one}
          <span className="tabular-nums">{count.toLocaleString("en")}</span>
        </button>
      )
    })}
  </div>
)

const Ends = ({ first, last, middle }: {
  readonly first: string | undefined
  readonly last: string | undefined
  readonly middle?: string
}) => (
  <div className="mt-1 flex justify-between gap-4 font-mono text-2xs text-text-3">
    <span className="truncate">{first ?? ""}</span>
    {middle === undefined ? null : <span className="truncate">{middle}</span>}
    <span className="truncate">{last ?? ""}</span>
  </div>
)

const PlaneChoice = ({ axes, onPlane, plane }: {
  readonly axes: Axes
  readonly plane: Plane
  readonly onPlane: (plane: Plane) => void
}) => {
  const { dimensions } = axes
  const names = dimensions.map(({ name }, i) => ({ value: String(i), label: name }))
  return (
    <div className="flex flex-wrap items-end gap-2">
      {dimensions.length > 2
        ? (
          <>
            <Select
              label="To the right"
              value={String(plane.x)}
              options={names}
              onChange={(x) => onPlane({ ...plane, x: Number(x), y: Number(x) === plane.y ? plane.x : plane.y })}
              className="w-36"
            />
            <Select
              label="Down"
              value={String(plane.y)}
              options={names}
              onChange={(y) => onPlane({ ...plane, y: Number(y), x: Number(y) === plane.x ? plane.y : plane.x })}
              className="w-36"
            />
            {dimensions.map((dimension, i) =>
              i === plane.x || i === plane.y ? null : (
                <Select
                  key={dimension.name}
                  label={dimension.name}
                  value={String(plane.at[i] ?? 0)}
                  options={Array.from({ length: Math.min(dimension.size, 1000) }, (_, at) => ({
                    value: String(at),
                    label: dimension.keys?.[at] ?? `no. ${at + 1}`
                  }))}
                  onChange={(at) => onPlane({ ...plane, at: plane.at.map((one, j) => j === i ? Number(at) : one) })}
                  className="w-40"
                />
              )
            )}
          </>
        )
        : (
          <Button size="sm" kind="ghost" onClick={() => onPlane({ ...plane, x: plane.y, y: plane.x })}>
            {dimensions[plane.y]?.name} ↓ {dimensions[plane.x]?.name} →
            <span className="sr-only">: exchange them</span>
          </Button>
        )}
    </div>
  )
}

/** Larger sets are not drawn cell by cell. */
const mostCells = 4_000_000

/** The partitions of an asset. */
export const PartitionsTab = ({ assetKey, external, onPartition, partition }: {
  readonly assetKey: string
  readonly external: boolean
  readonly partition: string | undefined
  readonly onPartition: (partition: string | undefined) => void
}) => {
  const { data: model, error, refetch } = useAssetPartitions(assetKey)
  const launch = useLaunch()
  const [range, setRange] = useState<Range>()
  const [hover, setHover] = useState<number>()
  const [state, setState] = useState<State>()
  const [search, setSearch] = useState("")
  const [plane, setPlane] = useState<Plane>()
  const [typed, setTyped] = useState<{ readonly from: string; readonly to: string } | undefined>(
    partition === undefined ? undefined : { from: partition, to: partition }
  )
  const [asked, setAsked] = useState(typed)

  const fromKey = usePartitionKey(assetKey, model, range?.from)
  const toKey = usePartitionKey(assetKey, model, range?.to)
  const hoverKey = usePartitionKey(assetKey, model, hover)
  const fromIndex = usePartitionIndex(assetKey, model, asked?.from)
  const toIndex = usePartitionIndex(assetKey, model, asked?.to)

  // keys that were typed become the range as soon as their places are known
  useEffect(() => {
    if (asked === undefined || typeof fromIndex !== "number" || typeof toIndex !== "number") return
    setRange({ from: Math.min(fromIndex, toIndex), to: Math.max(fromIndex, toIndex) })
    setTyped(undefined)
    setAsked(undefined)
  }, [asked, fromIndex, toIndex])

  const total = model?.total ?? 0
  useEffect(() => {
    if (range !== undefined && range.to >= total && total > 0) setRange(undefined)
  }, [range, total])

  const single = range !== undefined && range.from === range.to ? fromKey : undefined
  const several = range !== undefined && range.from !== range.to
  useEffect(() => {
    if (several ? partition !== undefined : single !== undefined && single !== partition) onPartition(single)
    // only a choice changes the address
    // oxlint-disable-next-line react/exhaustive-deps
  }, [single, several])

  const shownPlane = useMemo(
    () => model === undefined || model.dimensions.length < 2 ? undefined : plane ?? firstPlane(model),
    [model, plane]
  )
  const status = useStatus(assetKey)
  const rowLabel = useMemo(() => {
    const dimension = model?.dimensions[shownPlane?.y ?? 0]
    return (row: number) =>
      dimension?.keys?.[row] ??
        (row === 0 ? dimension?.first : row === (dimension?.size ?? 0) - 1 ? dimension?.last : undefined) ??
        `no. ${row + 1}`
  }, [model, shownPlane])

  if (error !== undefined && model === undefined) return <ErrorView error={error} retry={refetch} />
  if (model === undefined) return <Skeleton className="h-60 w-full" />
  if (model.total === 0) {
    return (
      <Card>
        <EmptyState title="No partitions yet" icon={CalendarRange}>
          The set of its partitions is empty: no time window has ended, or no key was added.
        </EmptyState>
      </Card>
    )
  }

  const describe = (index: number) => `${keyAt(model, index) ?? `no. ${index + 1}`}: ${stateWords(model, index)}`
  const picture = {
    axes: model,
    range,
    describe,
    onHover: setHover,
    onRange: (next: Range) => {
      setTyped(undefined)
      setAsked(undefined)
      setRange((before) => before?.from === next.from && before.to === next.to ? before : next)
    }
  }
  const grid = shownPlane !== undefined && model.total <= mostCells
  const x = shownPlane === undefined ? undefined : model.dimensions[shownPlane.x]
  const counts = range === undefined ? undefined : countStates(model, range)
  const size = range === undefined ? 0 : rangeSize(model, range)
  const shown = typed ?? { from: fromKey ?? "", to: toKey ?? "" }
  const ask = () => {
    if (typed === undefined || typed.from === "" || typed.to === "") return
    setAsked({ from: typed.from.trim(), to: typed.to.trim() })
  }
  const missingField = (index: number | null | undefined, text: string | undefined) =>
    asked !== undefined && index === null ? `There is no partition ${text ?? ""}` : undefined
  const launchRange = () => {
    if (fromKey === undefined || toKey === undefined) return
    launch({
      keys: [assetKey],
      partitions: size === 1 ? [fromKey] : { from: fromKey, to: toKey },
      title: size === 1 ? `Materialize ${assetKey}, ${fromKey}` : `Backfill ${assetKey}`
    })
  }
  // one whose last try failed may be missing, too
  const missing = status?.partitions?.missing ?? model.counts.Missing

  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card
        title={`${model.total.toLocaleString("en")} partitions`}
        actions={external ? undefined : (
          <Button
            size="sm"
            icon={Layers}
            disabled={missing === 0}
            onClick={() =>
              launch({ keys: [assetKey], partitions: "missing", title: `Backfill what is missing of ${assetKey}` })}
          >
            Backfill missing ({missing.toLocaleString("en")})
          </Button>
        )}
      >
        <div className="flex min-w-0 flex-col gap-3">
          <Legend counts={model.counts} total={model.total} state={state} onState={setState} />
          {grid && shownPlane !== undefined
            ? (
              <>
                <PlaneChoice axes={model} plane={shownPlane} onPlane={setPlane} />
                <Grid
                  {...picture}
                  plane={shownPlane}
                  rowLabel={rowLabel}
                  columnLabels={<Ends first={x?.first ?? x?.keys?.[0]} last={x?.last ?? x?.keys?.at(-1)} />}
                />
              </>
            )
            : (
              <div>
                <Strip {...picture} />
                <Ends first={keyAt(model, 0)} last={keyAt(model, model.total - 1)} />
              </div>
            )}
          <p className="min-h-5 truncate text-xs text-text-2" aria-live="off">
            {hover === undefined
              ? grid ? "Drag to select a block." : "Drag to select a range. Ctrl and wheel zoom."
              : (
                <>
                  <span className="font-mono">{hoverKey ?? `no. ${hover + 1}`}</span> · {stateWords(model, hover)}
                </>
              )}
          </p>
          {model.truncated
            ? (
              <p className="text-xs text-stale-text">
                The states change more than 10,000 times: the rest of the picture is left out. The list below has
                everything.
              </p>
            )
            : null}
          <form
            className="flex flex-wrap items-start gap-2 border-t border-border pt-3"
            onSubmit={(event) => {
              event.preventDefault()
              ask()
            }}
          >
            <TextField
              label="From"
              mono
              value={shown.from}
              placeholder={keyAt(model, 0) ?? ""}
              onChange={(from) => setTyped({ ...shown, from })}
              onBlur={ask}
              error={missingField(fromIndex, asked?.from)}
              className="w-48"
            />
            <TextField
              label="To"
              mono
              value={shown.to}
              placeholder={keyAt(model, model.total - 1) ?? ""}
              onChange={(to) => setTyped({ ...shown, to })}
              onBlur={ask}
              error={missingField(toIndex, asked?.to)}
              className="w-48"
            />
            <button type="submit" tabIndex={-1} className="sr-only">Select this range</button>
            <div className="flex flex-wrap items-center gap-2 pt-5">
              {external ? null : (
                <Button
                  kind="primary"
                  icon={size === 1 ? Play : Layers}
                  disabled={range === undefined || fromKey === undefined || toKey === undefined}
                  onClick={launchRange}
                >
                  {size === 1
                    ? "Materialize this partition"
                    : `Backfill selected range${size > 1 ? ` (${size.toLocaleString("en")})` : ""}`}
                </Button>
              )}
              {single === undefined ?
                null :
                (
                  <AssetLink
                    assetKey={assetKey}
                    tab="activity"
                    partition={single}
                    className="inline-flex items-center gap-1 px-1 text-sm"
                  >
                    <History size={14} aria-hidden className="mr-1 inline" />
                    History of this partition
                  </AssetLink>
                )}
            </div>
          </form>
          <div className="flex min-h-6 flex-wrap items-center gap-2">
            {counts === undefined
              ? <span className="text-xs text-text-3">No partition is selected.</span>
              : partitionStates.map((one) =>
                counts[one] === 0
                  ? null
                  : (
                    <StatusBadge
                      key={one}
                      status={one}
                      label={`${size === 1 ? "" : `${counts[one].toLocaleString("en")} `}${
                        one === "Stale" ? "upstream changed" : one.toLowerCase()
                      }`}
                    />
                  )
              )}
          </div>
          {single === undefined || external || range === undefined ||
              !["Fresh", "Stale"].includes(stateAt(model.stretches, range.from) ?? "")
            ? null
            : <ValuePreview key={single} assetKey={assetKey} partition={single} />}
        </div>
      </Card>
      <PartitionList
        assetKey={assetKey}
        external={external}
        state={state}
        search={search}
        onSearch={setSearch}
        onOpen={(index) => picture.onRange({ from: index, to: index })}
      />
    </div>
  )
}

const PartitionList = ({ assetKey, external, onOpen, onSearch, search, state }: {
  readonly assetKey: string
  readonly external: boolean
  readonly state: State | undefined
  readonly search: string
  readonly onSearch: (text: string) => void
  readonly onOpen: (index: number) => void
}) => {
  const launch = useLaunch()
  const { error, hasMore, items, loading, loadingMore, loadMore, refetch } = useAssetPartitionList({
    key: assetKey,
    state,
    ...search === "" ? {} : { search }
  })
  return (
    <Card
      flush
      title={state === undefined ? "All partitions" : state === "Stale" ? "Upstream changed" : `${state} partitions`}
      actions={
        <SearchField
          label="Search partitions"
          placeholder="Search partitions"
          value={search}
          onChange={onSearch}
          delay={250}
          mono
          className="w-56"
        />
      }
    >
      {error !== undefined && items === undefined ? <ErrorView error={error} retry={refetch} /> : (
        <DataTable
          label="Partitions"
          rows={items ?? []}
          rowKey={({ key }) => key}
          rowHeight={36}
          maxHeight={420}
          onOpen={({ index }) => onOpen(index)}
          hasMore={hasMore}
          loadingMore={loadingMore || (items === undefined && loading)}
          onMore={loadMore}
          empty={<p className="p-6 text-center text-sm text-text-3">No partition fits.</p>}
          columns={[
            {
              id: "key",
              header: "Partition",
              width: "minmax(140px, 1fr)",
              cell: ({ key }) => (
                <span className="flex">
                  <AssetLink
                    assetKey={assetKey}
                    tab="activity"
                    partition={key}
                    tabIndex={-1}
                    className="truncate font-mono text-xs"
                  >
                    {key}
                  </AssetLink>
                </span>
              )
            },
            { id: "state", header: "State", width: "160px", cell: ({ state }) => <StatusBadge status={state} /> },
            ...external ? [] : [{
              id: "actions",
              header: <span className="sr-only">Actions</span>,
              width: "140px",
              align: "right" as const,
              cell: ({ key }: Api.Model.PartitionModel) => (
                <Button
                  kind="ghost"
                  size="sm"
                  icon={Play}
                  tabIndex={-1}
                  aria-label={`Materialize ${key}`}
                  onClick={() =>
                    launch({ keys: [assetKey], partitions: [key], title: `Materialize ${assetKey}, ${key}` })}
                >
                  Materialize
                </Button>
              )
            }]
          ]}
        />
      )}
    </Card>
  )
}
