/** The first tab of an asset: what is there now, what it is, and what is beside it. */
import { ArrowDown, ArrowUp, Eye } from "lucide-react"
import { useState } from "react"
import { type Api, type Graph, useAssetValue, useStatuses } from "../api/index.ts"
import {
  AssetLink,
  Button,
  Card,
  CodeBlock,
  EmptyState,
  ErrorView,
  Markdown,
  RelativeTime,
  Spinner
} from "../kit/index.ts"
import { EventDetails, partOf } from "./EventDetails.tsx"
import { SchemaView } from "./SchemaView.tsx"
import { AssetState } from "./Status.tsx"

type Detail = Api.Model.AssetDetail

const neighbours = 12

/** Assets beside an asset, with their states. */
export const Neighbours = ({ empty, graph, keys }: {
  readonly keys: ReadonlyArray<string>
  readonly graph: Graph | undefined
  readonly empty: string
}) => {
  const statuses = useStatuses()
  const [all, setAll] = useState(false)
  if (keys.length === 0) return <p className="px-4 py-3 text-sm text-text-3">{empty}</p>
  return (
    <>
      <ul>
        {(all ? keys : keys.slice(0, neighbours)).map((key) => {
          const node = graph?.assets[graph.index.get(key) ?? -1]
          return (
            <li
              key={key}
              className="flex min-h-9 items-center justify-between gap-2 border-b border-border px-4 py-0.5 last:border-0"
            >
              <AssetLink assetKey={key} className="truncate" />
              {node === undefined ? null : <AssetState node={node} status={statuses.get(key)} />}
            </li>
          )
        })}
      </ul>
      {keys.length <= neighbours ? null : (
        <div className="px-3 py-1.5">
          <Button kind="ghost" size="sm" onClick={() => setAll(!all)}>
            {all ? "Show less" : `Show all ${keys.length.toLocaleString("en")}`}
          </Button>
        </div>
      )}
    </>
  )
}

const pretty = (value: Api.Model.StoredValue): string => {
  if (value.format !== "json" || value.truncated) return value.text
  try {
    return JSON.stringify(JSON.parse(value.text), null, 2)
  } catch {
    return value.text
  }
}

/** The stored value, read when it is asked for. */
export const ValuePreview = (
  { assetKey, partition }: { readonly assetKey: string; readonly partition?: string | undefined }
) => {
  const [open, setOpen] = useState(false)
  const [most, setMost] = useState(64_000)
  const { data, error, loading, refetch } = useAssetValue(
    open ? { key: assetKey, partition, maxLength: most } : undefined
  )
  if (!open) {
    return (
      <Button size="sm" icon={Eye} className="self-start" onClick={() => setOpen(true)}>
        Load the value{partition === undefined ? "" : ` of ${partition}`}
      </Button>
    )
  }
  if (error !== undefined && data === undefined) return <ErrorView error={error} retry={refetch} />
  if (data === undefined) return <Spinner label="Loading the value" />
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <CodeBlock code={pretty(data)} label="Value" maxHeight={420} />
      {data.truncated
        ? (
          <div className="flex flex-wrap items-center gap-2 text-xs text-text-2">
            The first {most.toLocaleString("en")} characters.
            <Button size="sm" busy={loading} onClick={() => setMost(most * 8)}>Load more</Button>
          </div>
        )
        : null}
    </div>
  )
}

/** The first tab of an asset. */
export const Overview = ({ detail, graph, known, onPlot }: {
  readonly detail: Detail
  readonly graph: Graph | undefined
  readonly known: (key: string) => boolean
  readonly onPlot: (label: string) => void
}) => {
  const { latest, latestOutcome } = detail
  const several = latest !== undefined && partOf(latest) !== undefined
  return (
    <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1.9fr)_minmax(280px,1fr)]">
      <div className="flex min-w-0 flex-col gap-4">
        {latestOutcome === undefined ? null : (
          <Card
            title={
              <span className="flex flex-wrap items-center gap-2">
                Latest try <RelativeTime at={latestOutcome.timestamp} className="font-normal text-text-2" />
              </span>
            }
          >
            <EventDetails event={latestOutcome} known={known} />
          </Card>
        )}
        {latest === undefined && latestOutcome !== undefined ? null : (
          <Card
            title={
              <span className="flex flex-wrap items-center gap-x-2">
                {latest?.outcome === "Observed" ? "Latest observation" : "Latest materialization"}
                {latest === undefined
                  ? null
                  : <RelativeTime at={latest.timestamp} className="font-normal text-text-2" />}
              </span>
            }
          >
            {latest === undefined
              ? (
                <EmptyState title={detail.external ? "Not observed yet" : "Nothing materialized yet"}>
                  {detail.external
                    ? detail.observable
                      ? "Something else writes its data. Observe it to record which data is there."
                      : "Something else writes its data. Report a materialization when it has changed."
                    : "Materialize it: what its program tells about the data shows here."}
                </EmptyState>
              )
              : <EventDetails event={latest} known={known} onPlot={onPlot} bare={latest.outcome === "Materialized"} />}
            {latest === undefined || latest.stored === false || detail.external ?
              null :
              (
                <section className="mt-4 border-t border-border pt-4">
                  <h3 className="mb-2 text-xs font-semibold text-text-2">Value</h3>
                  {several && latest.partition === undefined
                    ? <p className="text-sm text-text-2">Choose a partition in the Partitions tab to see its value.</p>
                    : (
                      <ValuePreview
                        key={`${detail.key} ${latest.partition ?? ""}`}
                        assetKey={detail.key}
                        partition={latest.partition}
                      />
                    )}
                </section>
              )}
          </Card>
        )}
        {detail.valueSchema === undefined ? null : (
          <Card title="Type of the value">
            <SchemaView schema={detail.valueSchema} label="Type of the value" />
          </Card>
        )}
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Card title="Description">
          {detail.description === undefined
            ? <p className="text-sm text-text-3">Its definition has no description.</p>
            : <Markdown text={detail.description} className="text-sm" />}
        </Card>
        <Card
          title={
            <span className="flex items-center gap-1.5">
              <ArrowUp size={14} aria-hidden />Upstream ({detail.upstream.length})
            </span>
          }
          flush
        >
          <Neighbours keys={detail.upstream} graph={graph} empty="It depends on no other asset." />
        </Card>
        <Card
          title={
            <span className="flex items-center gap-1.5">
              <ArrowDown size={14} aria-hidden />Downstream ({detail.downstream.length})
            </span>
          }
          flush
        >
          <Neighbours keys={detail.downstream} graph={graph} empty="No other asset depends on it." />
        </Card>
      </div>
    </div>
  )
}
