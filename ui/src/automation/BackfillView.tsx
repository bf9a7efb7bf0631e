/** The page of a backfill: how far it is, and its runs. */
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { Ban, Layers, StepForward } from "lucide-react"
import { useMemo, useState } from "react"
import { type Api, type RunSummary, useAssetPartitions, useMutation, useRuns } from "../api/index.ts"
import {
  AssetLink,
  Badge,
  Bar,
  Button,
  buttonClasses,
  Card,
  type Column,
  CopyButton,
  DataTable,
  Dialog,
  Duration,
  EmptyState,
  ErrorView,
  RelativeTime,
  RunLink,
  RunningDuration,
  shortId,
  showToast,
  Skeleton,
  StatusBadge,
  toneFill
} from "../kit/index.ts"
import { plural } from "../launch/request.ts"
import { CancelButton } from "../runs/RunActions.tsx"
import { assetsText } from "../runs/runsModel.ts"
import { RunStrip } from "../runs/RunStrip.tsx"
import { useNow } from "../runs/useRunView.ts"
import { Page } from "../shell/Page.tsx"
import { partsOf, progressText, runsText } from "./backfills.ts"
import { useBackfill, useBackfills, useCancelBackfill } from "./data.ts"

type Detail = Api.Model.BackfillDetail

const runColumns: ReadonlyArray<Column<RunSummary>> = [
  { id: "status", header: "Status", width: "122px", cell: ({ status }) => <StatusBadge status={status} /> },
  { id: "run", header: "Run", width: "96px", cell: ({ id }) => <RunLink id={id} /> },
  {
    id: "partitions",
    header: "Partitions",
    width: "minmax(110px, 1.4fr)",
    cell: ({ partitions }) =>
      partitions === undefined
        ? null
        : <span className="font-mono text-xs text-text-2" title={partitions}>{partitions}</span>
  },
  {
    id: "assets",
    header: "Assets",
    width: "minmax(110px, 1fr)",
    hideBelow: 640,
    cell: (run) => <span title={run.assets.join(", ")}>{assetsText(run)}</span>
  },
  {
    id: "started",
    header: "Started",
    width: "104px",
    hideBelow: 440,
    cell: ({ startedAt }) => <RelativeTime at={startedAt} className="text-text-2" />
  },
  {
    id: "duration",
    header: "Duration",
    width: "104px",
    align: "right",
    hideBelow: 520,
    cell: ({ durationMillis, startedAt }) =>
      durationMillis === undefined
        ? <RunningDuration since={startedAt} className="text-running-text" />
        : <Duration millis={durationMillis} />
  },
  {
    id: "actions",
    header: <span className="sr-only">Actions</span>,
    width: "112px",
    align: "right",
    hideBelow: 760,
    cell: (run) =>
      run.status === "Running"
        ? (
          <CancelButton
            id={run.id}
            left={run.assetCount}
            requested={run.cancelRequested}
            size="sm"
            assets={`the run of ${run.partitions ?? assetsText(run)}`}
          />
        )
        : null
  }
]

const Cancel = ({ backfill }: { readonly backfill: Detail }) => {
  const [open, setOpen] = useState(false)
  const cancel = useCancelBackfill()
  return (
    <>
      <Button icon={Ban} disabled={backfill.cancelRequested} onClick={() => setOpen(true)}>
        {backfill.cancelRequested ? "Cancelling…" : "Cancel"}
      </Button>
      <Dialog
        open={open}
        size="sm"
        onClose={() => setOpen(false)}
        title="Cancel this backfill?"
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Let it go on</Button>
            <Button
              kind="danger"
              icon={Ban}
              busy={cancel.busy}
              onClick={async () => {
                if (await cancel.run(backfill.id) !== undefined) setOpen(false)
              }}
            >
              Cancel the backfill
            </Button>
          </>
        }
      >
        <p className="text-sm">
          Its runs are cancelled, and no further ones begin. What was materialized stays, and “Resume” goes on with the
          rest.
        </p>
      </Dialog>
    </>
  )
}

const Resume = ({ id }: { readonly id: string }) => {
  // it goes on under its own id
  const resume = useMutation((client, resume: string) => client.runs.backfill({ payload: { resume } }), {
    invalidates: () => ["backfills", "runs"],
    onSuccess: () => showToast({ tone: "success", title: "The backfill goes on" })
  })
  return (
    <Button kind="primary" icon={StepForward} busy={resume.busy} onClick={() => void resume.run(id)}>Resume</Button>
  )
}

const states = ["Fresh", "Stale", "Missing", "Failed", "Running"] as const
const tones = { Fresh: "fresh", Stale: "stale", Missing: "missing", Failed: "failed", Running: "running" } as const

/** How the partitions of an asset stand now. */
const PartitionStates = ({ assetKey }: { readonly assetKey: string }) => {
  const { data } = useAssetPartitions(assetKey)
  if (data === undefined) return <Skeleton className="h-1.5 w-full" />
  const parts = states.flatMap((state) => {
    const value = data.counts[state] ?? 0
    return value === 0 ? [] : [{ state, value, fill: toneFill[tones[state]] }]
  })
  return (
    <>
      <span aria-hidden className="text-2xs text-text-3">
        Of all its {data.total.toLocaleString("en")} partitions, now:
      </span>
      <Bar
        parts={parts}
        total={data.total}
        label={parts.map(({ state, value }) => `${value.toLocaleString("en")} ${state.toLowerCase()}`).join(", ")}
      />
    </>
  )
}

/** How far it is, over all its assets; lists tell that. */
const Progress = ({ id }: { readonly id: string }) => {
  const summary = useBackfills().items?.find((backfill) => backfill.id === id)
  return summary === undefined ? null : (
    <div className="mb-4 flex items-center gap-3">
      <Bar
        parts={partsOf(summary)}
        total={summary.partitions.total}
        label={progressText(summary)}
        className="h-2 max-w-xl"
      />
      <span aria-hidden className="text-sm whitespace-nowrap">{progressText(summary)}</span>
    </div>
  )
}

const shownAssets = 200

/** The page of a backfill. */
export const BackfillView = () => {
  const { id } = useParams({ from: "/backfills/$id" })
  const { data: backfill, error, refetch } = useBackfill(id)
  const filter = useMemo(() => ({ backfill: id }), [id])
  const { hasMore, items: runs, loadingMore, loadMore } = useRuns(filter)
  const navigate = useNavigate()
  const running = backfill?.status === "Running"
  const now = useNow(running, 1000)
  const title = `Backfill ${shortId(id)}`
  if (backfill === undefined) {
    return (
      <Page title={title}>
        {error === undefined
          ? <Skeleton className="h-64 w-full" />
          : typeof error === "object" && error !== null && "_tag" in error && error._tag === "NotFound"
          ? (
            <EmptyState
              title="There is no such backfill"
              icon={Layers}
              action={<Link to="/backfills" className={buttonClasses("primary")}>All backfills</Link>}
            >
              <code className="font-mono break-all">{id}</code>
            </EmptyState>
          )
          : <ErrorView error={error} retry={refetch} />}
      </Page>
    )
  }
  const of = assetsText({ assetCount: backfill.assets.length, assets: backfill.assets.map(({ key }) => key) })
  return (
    <Page
      fill
      title={`${title} · ${of}`}
      heading={
        <span className="inline-flex items-center gap-2">
          Backfill <span className="font-mono font-medium">{shortId(id)}</span>
          <StatusBadge status={backfill.status} />
        </span>
      }
      actions={running
        ? <Cancel backfill={backfill} />
        : backfill.status === "Succeeded"
        ? undefined
        : <Resume id={id} />}
    >
      <div className="min-h-0 flex-1 overflow-auto p-4 md:px-6">
        <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-text-2">
          <span className="inline-flex items-center font-mono">
            <span title={id} className="max-w-56 truncate">{id}</span>
            <CopyButton text={id} label="Copy the id" />
          </span>
          <span>
            started <RelativeTime at={backfill.startedAt} />
          </span>
          <span>
            {backfill.durationMillis === undefined
              ? (
                <>
                  running for <RunningDuration since={backfill.startedAt} />
                </>
              )
              : (
                <>
                  took <Duration millis={backfill.durationMillis} />
                </>
              )}
          </span>
          <span role="status">{runsText(backfill.runs) || "no runs yet"}</span>
          {Object.entries(backfill.tags).map(([name, value]) => <Badge key={name}>{name}={value}</Badge>)}
        </div>
        <Progress id={id} />
        <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1.7fr)_minmax(300px,1fr)]">
          <Card
            flush
            title="Runs"
            actions={
              <Link
                to="/runs"
                search={{ backfill: id }}
                className="inline-flex min-h-6 items-center text-sm text-accent-text hover:underline"
              >
                In the list of runs
              </Link>
            }
          >
            {runs === undefined || runs.length === 0 ? null : (
              <div className="border-b border-border px-4 pt-3 pb-1">
                <RunStrip runs={runs} now={now} />
              </div>
            )}
            <DataTable
              label="Runs of the backfill"
              rows={runs ?? []}
              columns={runColumns}
              sortRows={false}
              maxHeight={520}
              rowKey={(run) => run.id}
              onOpen={(run) => void navigate({ to: "/runs/$id", params: { id: run.id } })}
              hasMore={hasMore}
              loadingMore={loadingMore || runs === undefined}
              onMore={loadMore}
              empty={<EmptyState title="No run has begun yet" icon={Layers} />}
            />
          </Card>
          <Card flush title={`What it computes: ${plural(backfill.assets.length, "asset")}`}>
            <ul>
              {backfill.assets.slice(0, shownAssets).map(({ count, key, partitions }) => (
                <li key={key} className="flex min-w-0 flex-col gap-1 border-b border-border px-4 py-2 last:border-0">
                  <span className="flex min-w-0 items-center justify-between gap-2">
                    <AssetLink
                      assetKey={key}
                      tab={count === undefined ? "overview" : "partitions"}
                      className="truncate"
                    />
                    {count === undefined ? null : <Badge>{count.toLocaleString("en")}</Badge>}
                  </span>
                  {partitions === undefined ?
                    null :
                    <span className="truncate font-mono text-xs text-text-2" title={partitions}>{partitions}</span>}
                  {count === undefined || backfill.assets.length > 20 ? null : <PartitionStates assetKey={key} />}
                </li>
              ))}
              {backfill.assets.length > shownAssets
                ? <li className="px-4 py-2 text-xs text-text-3">and {backfill.assets.length - shownAssets} more</li>
                : null}
            </ul>
          </Card>
        </div>
      </div>
    </Page>
  )
}
