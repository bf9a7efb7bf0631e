/** What was recorded of an asset: numbers over time, and each event. */
import { useNavigate } from "@tanstack/react-router"
import { ChevronDown, ChevronRight, History } from "lucide-react"
import { useEffect, useMemo, useRef, useState } from "react"
import { type Api, useAssetHistory, useAssetSeries } from "../api/index.ts"
import {
  Button,
  Card,
  classes,
  Duration,
  EmptyState,
  ErrorView,
  LineChart,
  Pager,
  RelativeTime,
  RunLink,
  SearchField,
  Select,
  Skeleton,
  StatusBadge
} from "../kit/index.ts"
import { EventDetails, partOf } from "./EventDetails.tsx"
import {
  byPartition,
  durationsOf,
  type EventKind,
  eventKinds,
  fitsKind,
  type PlotPoint,
  sortSeries
} from "./history.ts"

type AssetEvent = Api.Model.AssetEvent

const firstCharts = 6

const Plots = ({ assetKey, events, metric, partition }: {
  readonly assetKey: string
  readonly partition: string | undefined
  readonly metric: string | undefined
  readonly events: ReadonlyArray<AssetEvent>
}) => {
  const navigate = useNavigate()
  const { data } = useAssetSeries({ key: assetKey, partition, limit: 1000 })
  const [all, setAll] = useState(false)
  const [chosenAxis, setAlong] = useState<"time" | "partition">()
  const chosen = useRef<HTMLDivElement>(null)
  const inPartitions = partition === undefined &&
    (data ?? []).some(({ points }) => points.some((point) => point.partition !== undefined))
  // a run computes many partitions at one moment
  const along = chosenAxis ?? (inPartitions ? "partition" : "time")
  const series = useMemo(
    () =>
      sortSeries(data ?? [], metric).map((
        { label, points }
      ): { readonly label: string; readonly points: ReadonlyArray<PlotPoint> } => ({
        label,
        points: along === "time" ? points : byPartition(points)
      })),
    [data, metric, along]
  )
  const durations = useMemo(() => durationsOf(events), [events])
  const there = series.length > 0

  useEffect(() => {
    if (metric !== undefined && there) chosen.current?.scrollIntoView({ block: "nearest" })
  }, [metric, there])

  if (series.length === 0 && durations.length < 2) return null
  const shown = all ? series : series.slice(0, firstCharts)
  const open = ({ runId }: { readonly runId?: string | undefined }) => {
    if (runId !== undefined) void navigate({ to: "/runs/$id", params: { id: runId } })
  }
  return (
    <Card
      title={along === "time" ? "Numbers over time" : "Numbers by partition"}
      actions={
        <>
          {inPartitions
            ? (
              <Select
                label="Along"
                hideLabel
                value={along}
                onChange={setAlong}
                options={[{ value: "time", label: "Over time" }, { value: "partition", label: "By partition" }]}
                className="w-36"
              />
            )
            : null}
          {series.length <= firstCharts
            ? null
            : (
              <Button kind="ghost" size="sm" onClick={() => setAll(!all)}>
                {all ? "Show less" : `Show all ${series.length}`}
              </Button>
            )}
        </>
      }
    >
      <div className="grid grid-cols-1 gap-x-6 gap-y-4 lg:grid-cols-2">
        {shown.map(({ label, points }) => (
          <div
            key={label}
            ref={label === metric ? chosen : undefined}
            className={classes("min-w-0 rounded-md", label === metric && "outline-2 outline-offset-4 outline-accent")}
          >
            <LineChart name={label} points={points} height={150} onPoint={open} />
          </div>
        ))}
        {durations.length < 2 ?
          null :
          <LineChart name="Duration (seconds)" points={durations} height={150} onPoint={open} />}
      </div>
      <p className="mt-2 text-xs text-text-3">A click on a point opens its run.</p>
    </Card>
  )
}

const Event = ({ assetKey, event, known, onPlot }: {
  readonly assetKey: string
  readonly event: AssetEvent
  readonly known: (key: string) => boolean
  readonly onPlot: (label: string) => void
}) => {
  const [open, setOpen] = useState(false)
  const part = partOf(event)
  const Chevron = open ? ChevronDown : ChevronRight
  const id = `event-${event.cursor}-${event.partition ?? ""}`
  const note = event.error === undefined ? event.reason : event.error.message
  return (
    <li className="border-b border-border last:border-0">
      <div className="flex min-h-10 items-center gap-x-3 px-3 py-1 hover:bg-surface-2">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          aria-label={`${event.outcome} of ${assetKey}${part === undefined ? "" : ` ${part}`}: details`}
          onClick={() => setOpen(!open)}
          className="flex min-h-8 min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-0.5 rounded text-left"
        >
          <Chevron size={14} aria-hidden className="shrink-0 text-text-3" />
          <StatusBadge status={event.outcome} />
          {part === undefined ? null : <span className="max-w-96 truncate font-mono text-xs">{part}</span>}
          {note === undefined
            ? null
            : <span className="min-w-0 flex-1 basis-40 truncate text-sm text-text-2">{note}</span>}
        </button>
        {event.durationMillis === undefined ?
          null :
          <Duration millis={event.durationMillis} className="hidden text-xs text-text-3 sm:inline" />}
        {event.runId === undefined ? null : <RunLink id={event.runId} className="hidden sm:inline-block" />}
        <RelativeTime at={event.timestamp} className="w-20 text-right text-xs text-text-2" />
      </div>
      {open
        ? (
          <div id={id} className="border-t border-border bg-bg px-4 py-3 sm:pl-10">
            <EventDetails event={event} known={known} onPlot={onPlot} bare />
          </div>
        )
        : null}
    </li>
  )
}

/** What was recorded of an asset. */
export const Activity = ({ assetKey, known, metric, onMetric, onPartition, partition, partitioned }: {
  readonly assetKey: string
  readonly partitioned: boolean
  readonly partition: string | undefined
  readonly onPartition: (partition: string | undefined) => void
  readonly metric: string | undefined
  readonly onMetric: (label: string | undefined) => void
  readonly known: (key: string) => boolean
}) => {
  const [kind, setKind] = useState<EventKind>("all")
  const history = useAssetHistory({
    key: assetKey,
    partition,
    ...kind === "materialized" ? { materialized: true } : {}
  })
  const { error, hasMore, items, loading, loadingMore, loadMore, refetch } = history
  const events = useMemo(() => (items ?? []).filter((event) => fitsKind(event, kind)), [items, kind])
  const filtered = kind === "failed" || kind === "skipped"
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Plots assetKey={assetKey} partition={partition} metric={metric} events={items ?? []} />
      <Card
        title="History"
        flush
        actions={
          <div className="flex flex-wrap items-center gap-2 py-1">
            {partitioned || partition !== undefined
              ? (
                <SearchField
                  label="Partition"
                  placeholder="Partition"
                  value={partition ?? ""}
                  delay={400}
                  mono
                  onChange={(text) => onPartition(text === "" ? undefined : text)}
                  className="w-44"
                />
              )
              : null}
            <Select
              label="What is shown"
              hideLabel
              value={kind}
              onChange={setKind}
              options={eventKinds}
              className="w-52"
            />
          </div>
        }
      >
        {error !== undefined && items === undefined
          ? <ErrorView error={error} retry={refetch} />
          : items === undefined
          ? (
            <div className="flex flex-col gap-2 p-4" aria-busy>
              {[0, 1, 2].map((i) => <Skeleton key={i} className="h-8 w-full" />)}
            </div>
          )
          : (
            <ul aria-busy={loading}>
              {events.map((event) => (
                <Event
                  key={`${event.cursor} ${event.partition ?? ""} ${event.outcome}`}
                  assetKey={assetKey}
                  event={event}
                  known={known}
                  onPlot={onMetric}
                />
              ))}
            </ul>
          )}
        {items !== undefined && events.length === 0
          ? (
            <EmptyState
              title={partition === undefined && kind === "all" ? "Nothing has happened yet" : "Nothing of this kind"}
              icon={History}
            >
              {partition === undefined && kind === "all"
                ? "Materializations, observations, skips and failures show here, the newest first."
                : hasMore
                ? "Not in what was read so far. Look further back, or show everything."
                : "Show everything to see the rest of its history."}
            </EmptyState>
          )
          : null}
        {filtered
          ? hasMore
            ? (
              <div className="flex justify-center p-3">
                <Button size="sm" busy={loadingMore} onClick={loadMore}>Look further back</Button>
              </div>
            )
            : null
          : <Pager hasMore={hasMore} loading={loadingMore} onMore={loadMore} />}
      </Card>
    </div>
  )
}
