import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { ArrowUp, ChevronDown, History, X } from "lucide-react"
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react"
import {
  defineQuery,
  type RunSummary,
  useGraph,
  useMutation,
  useQuery,
  useRun,
  useRunningRuns,
  useRuns
} from "../api/index.ts"
import {
  Badge,
  Button,
  buttonClasses,
  type Column,
  DataTable,
  Duration,
  EmptyState,
  ErrorView,
  linkClasses,
  Popover,
  RelativeTime,
  RunLink,
  RunningDuration,
  SearchField,
  shortId,
  Skeleton,
  StatusBadge,
  TextField
} from "../kit/index.ts"
import { CancelButton } from "../runs/RunActions.tsx"
import { assetsText, givenTags, heldBack, originText, runFilter, runStatuses } from "../runs/runsModel.ts"
import { RunStrip } from "../runs/RunStrip.tsx"
import { useNow } from "../runs/useRunView.ts"
import type { RunsSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"

/** A run as it is now: further down the list, one that has ended meanwhile is read anew. */
const Current = (
  { run, children }: { readonly run: RunSummary; readonly children: (run: RunSummary) => ReactNode }
) => {
  const live = useRunningRuns().get(run.id)
  const ended = run.status === "Running" && live === undefined
  const { data } = useRun(ended ? run.id : undefined)
  return children(live ?? (ended ? data ?? run : run))
}

/** The job that it is of, and what has requested it. */
const Origin = ({ run }: { readonly run: RunSummary }) => {
  const text = originText(run.tags)
  return text === undefined
    ? null
    : <span title={text} className="truncate text-xs font-normal text-text-2">{text}</span>
}

const columns: ReadonlyArray<Column<RunSummary>> = [
  {
    id: "status",
    header: "Status",
    width: "118px",
    cell: (run) => <Current run={run}>{(run) => <StatusBadge status={run.status} />}</Current>
  },
  {
    id: "run",
    header: "Run",
    width: "104px",
    hideBelow: 480,
    cell: (run) => <RunLink id={run.id} />
  },
  {
    id: "assets",
    header: "Assets",
    width: "minmax(160px, 3fr)",
    cell: (run) => (
      <Link
        to="/runs/$id"
        params={{ id: run.id }}
        tabIndex={-1}
        title={run.assets.join(", ")}
        className={`flex min-w-0 flex-col font-medium ${linkClasses}`}
      >
        <span className="truncate">{assetsText(run)}</span>
        <Origin run={run} />
      </Link>
    )
  },
  {
    id: "partitions",
    header: "Partitions",
    width: "minmax(110px, 1.4fr)",
    hideBelow: 760,
    cell: (run) =>
      run.partitions === undefined
        ? null
        : <span className="font-mono text-xs text-text-2" title={run.partitions}>{run.partitions}</span>
  },
  {
    id: "tags",
    header: "Tags",
    width: "minmax(100px, 1fr)",
    hideBelow: 920,
    cell: (run) => (
      <span className="flex gap-1 overflow-hidden">
        {run.retryOf === undefined
          ? null
          : <Badge tone="stale" title={`Retry of ${run.retryOf}`}>retry of {shortId(run.retryOf)}</Badge>}
        {run.backfillId === undefined ? null : <Badge tone="external" title={run.backfillId}>backfill</Badge>}
        {givenTags(run.tags).map(([name, value]) => <Badge key={name} title={`${name}=${value}`}>{name}={value}
        </Badge>)}
      </span>
    )
  },
  {
    id: "started",
    header: "Started",
    width: "104px",
    hideBelow: 480,
    cell: (run) => <RelativeTime at={run.startedAt} className="text-text-2" />
  },
  {
    id: "duration",
    header: "Duration",
    width: "100px",
    align: "right",
    cell: (run) => (
      <Current run={run}>
        {(run) =>
          run.durationMillis !== undefined
            ? <Duration millis={run.durationMillis} />
            : run.status === "Running"
            ? <RunningDuration since={run.startedAt} className="text-running-text" />
            : null}
      </Current>
    )
  },
  {
    id: "actions",
    header: <span className="sr-only">Actions</span>,
    width: "132px",
    hideBelow: 620,
    align: "right",
    cell: (run) => (
      <Current run={run}>
        {(run) =>
          run.status !== "Running" ? null : (
            <span className="inline-flex" onClick={(event) => event.stopPropagation()}>
              <CancelButton
                id={run.id}
                left={run.assetCount}
                requested={run.cancelRequested}
                size="sm"
                assets={`the run of ${assetsText(run)}`}
              />
            </span>
          )}
      </Current>
    )
  }
]

const AssetFilter = ({ value, onChange }: {
  readonly value: string | undefined
  readonly onChange: (key: string | undefined) => void
}) => {
  const { graph } = useGraph()
  const [text, setText] = useState("")
  const found = useMemo(() => {
    const wanted = text.toLowerCase()
    return (graph?.assets ?? []).filter(({ external, key }) => !external && key.toLowerCase().includes(wanted)).slice(
      0,
      50
    )
  }, [graph, text])
  return (
    <Popover
      label="Filter by asset"
      className="w-80 p-2"
      trigger={(props) => <Button {...props} size="sm" after={ChevronDown} aria-haspopup="dialog">Asset</Button>}
    >
      {(close) => (
        <div className="flex flex-col gap-2">
          <SearchField label="Find an asset" placeholder="Find an asset…" value={text} onChange={setText} delay={0} />
          <ul className="max-h-72 overflow-auto">
            {found.map(({ key }) => (
              <li key={key}>
                <button
                  type="button"
                  aria-pressed={key === value}
                  title={key}
                  onClick={() => {
                    onChange(key)
                    close()
                  }}
                  className="block min-h-7 w-full truncate rounded-md px-2 text-left text-sm -outline-offset-2 hover:bg-surface-2 aria-pressed:bg-accent-soft"
                >
                  {key}
                </button>
              </li>
            ))}
            {found.length === 0 ? <li className="px-2 py-1 text-sm text-text-3">Nothing found</li> : null}
          </ul>
        </div>
      )}
    </Popover>
  )
}

const TagFilter = ({ onChange }: { readonly onChange: (tag: string) => void }) => {
  const [text, setText] = useState("")
  const bad = text !== "" && !/^[^=]+=/.test(text)
  return (
    <Popover
      label="Filter by tag"
      className="w-72 p-3"
      trigger={(props) => <Button {...props} size="sm" after={ChevronDown} aria-haspopup="dialog">Tag</Button>}
    >
      {(close) => (
        <form
          className="flex flex-col gap-2"
          onSubmit={(event) => {
            event.preventDefault()
            if (text === "" || bad) return
            onChange(text)
            setText("")
            close()
          }}
        >
          <TextField
            label="Runs with this tag"
            placeholder="team=data"
            value={text}
            onChange={setText}
            {...bad ? { error: "Write NAME=VALUE" } : {}}
          />
          <Button type="submit" size="sm" kind="primary" disabled={text === "" || bad}>Filter</Button>
        </form>
      )}
    </Popover>
  )
}

const Chip = ({ label, onRemove }: { readonly label: string; readonly onRemove: () => void }) => (
  <button
    type="button"
    aria-label={`Remove the filter ${label}`}
    onClick={onRemove}
    className="inline-flex h-6 max-w-72 items-center gap-1 rounded-full bg-accent-soft px-2 text-xs text-accent-text hover:bg-surface-3"
  >
    <span className="truncate">{label}</span>
    <X size={12} aria-hidden className="shrink-0" />
  </button>
)

const CancelBackfill = ({ id }: { readonly id: string }) => {
  const cancel = useMutation(
    (client, id: string) => client.runs.cancelBackfill({ params: { id } }),
    { invalidates: () => ["runs"] }
  )
  return <Button size="sm" busy={cancel.busy} onClick={() => void cancel.run(id)}>Cancel the backfill</Button>
}

/** As many as the strip shows, however many the list has loaded. */
const stripQuery = defineQuery(
  "runs/strip",
  (client, filter: ReturnType<typeof runFilter>) => client.runs.list({ query: { ...filter, limit: 60 } }),
  () => ["runs"]
)

const RunsPage = () => {
  const search = useSearch({ from: "/runs" })
  const navigate = useNavigate({ from: "/runs" })
  const filter = useMemo(() => runFilter(search), [search])
  const { error, hasMore, items, loadMore, loading, loadingMore, refetch } = useRuns(filter)
  const newest = useQuery(stripQuery, filter).data?.items
  const set = (part: { readonly [name in keyof RunsSearch]?: RunsSearch[name] | undefined }) =>
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined)
        ) as RunsSearch
    })

  // what comes while somebody has scrolled down waits above
  const [top, setTop] = useState<string>()
  const scroller = useRef<HTMLElement>(undefined)
  const filterId = JSON.stringify(filter)
  useEffect(() => setTop(undefined), [filterId])
  const { fresh, shown } = useMemo(() => heldBack(items ?? [], top), [items, top])
  const anyRunning = newest?.some(({ status }) => status === "Running") === true
  const now = useNow(anyRunning, 1000)
  const filtered = Object.keys(filter).length > 0

  return (
    <Page title="Runs" fill>
      <div className="flex flex-col gap-2 border-b border-border bg-surface px-4 py-2.5">
        {newest === undefined ? <Skeleton className="h-17 w-full" /> : <RunStrip runs={newest} now={now} />}
        <div className="flex flex-wrap items-center gap-1.5">
          <span
            className="inline-flex max-w-full overflow-x-auto rounded-md border border-border p-0.5"
            role="radiogroup"
            aria-label="State"
          >
            {[undefined, ...runStatuses].map((status) => (
              <button
                key={status ?? "all"}
                type="button"
                role="radio"
                aria-checked={filter.status === status}
                onClick={() => set({ status: status === undefined ? undefined : [status] })}
                className="h-6 rounded px-2 text-xs text-text-2 hover:text-text aria-checked:bg-surface-3 aria-checked:font-medium aria-checked:text-text"
              >
                {status ?? "All"}
              </button>
            ))}
          </span>
          <AssetFilter value={filter.key} onChange={(key) => set({ key })} />
          <TagFilter onChange={(tag) => set({ tag: [tag] })} />
          {filter.key === undefined
            ? null
            : <Chip label={`Asset: ${filter.key}`} onRemove={() => set({ key: undefined })} />}
          {filter.tag === undefined
            ? null
            : <Chip label={`Tag: ${filter.tag}`} onRemove={() => set({ tag: undefined })} />}
          {filter.backfill === undefined ? null : (
            <>
              <Chip label={`Backfill: ${shortId(filter.backfill)}`} onRemove={() => set({ backfill: undefined })} />
              <Link to="/backfills/$id" params={{ id: filter.backfill }} className={buttonClasses("secondary", "sm")}>
                Open the backfill
              </Link>
              {anyRunning ? <CancelBackfill id={filter.backfill} /> : null}
            </>
          )}
        </div>
      </div>
      <div
        className="relative min-h-0 flex-1"
        onScrollCapture={(event) => {
          if (!(event.target instanceof HTMLElement)) return
          scroller.current = event.target
          if (event.target.scrollTop < 8) setTop(undefined)
          else setTop((before) => before ?? items?.[0]?.id)
        }}
      >
        {fresh === 0 ? null : (
          <button
            type="button"
            onClick={() => {
              setTop(undefined)
              scroller.current?.scrollTo({ top: 0 })
            }}
            className="absolute top-10 left-1/2 z-20 inline-flex h-7 -translate-x-1/2 items-center gap-1 rounded-full bg-accent px-3 text-xs font-medium text-on-accent shadow-float hover:bg-accent-hover"
          >
            <ArrowUp size={12} aria-hidden />
            {fresh === 1 ? "1 new run" : `${fresh} new runs`}
          </button>
        )}
        {error !== undefined ? <ErrorView error={error} retry={refetch} /> : (
          <DataTable
            label="Runs"
            rowHeight={44}
            rows={shown}
            columns={columns}
            sortRows={false}
            rowKey={(run) => run.id}
            onOpen={(run) => void navigate({ to: "/runs/$id", params: { id: run.id } })}
            hasMore={hasMore}
            loadingMore={loadingMore || (items === undefined && loading)}
            onMore={loadMore}
            empty={items === undefined ? null : filtered
              ? (
                <EmptyState
                  title="No run fits these filters"
                  icon={History}
                  action={
                    <Button
                      onClick={() => set({ status: undefined, key: undefined, tag: undefined, backfill: undefined })}
                    >
                      Clear filters
                    </Button>
                  }
                />
              )
              : (
                <EmptyState title="Nothing has run yet" icon={History} command="npx effect-assets materialize">
                  A run computes assets in the order of the graph, and records what came of each. Launch one from the
                  list of assets, from the lineage, or in a terminal:
                </EmptyState>
              )}
          />
        )}
      </div>
    </Page>
  )
}

export default RunsPage
