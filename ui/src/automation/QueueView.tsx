/** The queue: what was requested, and why it still waits. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Ban, ListOrdered } from "lucide-react"
import { useMemo, useState } from "react"
import { FailureView } from "../assets/EventDetails.tsx"
import {
  Badge,
  Button,
  classes,
  type Column,
  DataTable,
  Dialog,
  EmptyState,
  ErrorView,
  RelativeTime,
  RunLink,
  showToast,
  StatusBadge
} from "../kit/index.ts"
import { CancelButton } from "../runs/RunActions.tsx"
import { Page } from "../shell/Page.tsx"
import { useClock } from "../time.ts"
import { DaemonBanner } from "./DaemonBanner.tsx"
import { type Queued, type QueueStatus, useCancelQueued, useDaemon, useQueue } from "./data.ts"
import { AutomationLink, nameOf } from "./Target.tsx"
import { queuedStatus, waitingText } from "./words.ts"

/** Why it waits, or could not be launched: in full, for as many lines as there are. */
const Why = ({ queued, className }: { readonly queued: Queued; readonly className: string }) => {
  const text = useClock((now) => waitingText(queued, now)) ?? queued.error?.message
  return text === undefined
    ? null
    : (
      <span
        title={text}
        className={classes(
          "break-words whitespace-normal",
          queued.status === "Failed" ? "text-failed-text" : "text-text-2",
          className
        )}
      >
        {text}
      </span>
    )
}

/** A table narrower than this has no column for the reason: it stands below what is run. */
const narrow = 640

const columnsOf = (
  shown: QueueStatus | "All" | undefined,
  onCancel: (queued: Queued) => void
): ReadonlyArray<Column<Queued>> => {
  const cancels = shown === undefined || shown === "All" || shown === "Launched"
  const columns: ReadonlyArray<Column<Queued> | false> = [
    {
      id: "status",
      header: "Status",
      width: "122px",
      // where it is the same for all, it gives way
      ...shown === "All" || shown === "Launched" ? {} : { hideBelow: 480 },
      cell: (queued) => <StatusBadge status={queuedStatus(queued)} />
    },
    {
      id: "words",
      header: "What it runs",
      width: "minmax(150px, 1.4fr)",
      cell: (queued) => (
        <span className="flex min-w-0 flex-col">
          <span
            title={queued.request.keys === undefined ? queued.words : queued.request.keys.join("\n")}
            className="truncate font-medium"
          >
            {queued.words}
          </span>
          <Why queued={queued} className="line-clamp-2 text-xs @min-[640px]:hidden" />
        </span>
      )
    },
    shown !== "Launched" && shown !== "Cancelled" && {
      id: "why",
      header: "Why",
      width: "minmax(180px, 2.2fr)",
      hideBelow: narrow,
      cell: (queued) => <Why queued={queued} className="line-clamp-2" />
    },
    {
      id: "by",
      header: "Requested by",
      width: "minmax(110px, 1fr)",
      hideBelow: 760,
      cell: ({ automation, tickId }) =>
        automation === undefined
          ? <span className="text-text-3">by hand</span>
          : <AutomationLink name={automation} tick={tickId} />
    },
    {
      id: "priority",
      header: "Priority",
      width: "80px",
      align: "right",
      hideBelow: 860,
      cell: ({ priority }) => priority === 0 ? <span className="text-text-3">0</span> : priority
    },
    {
      id: "since",
      header: "Requested",
      width: "104px",
      hideBelow: 620,
      cell: ({ attempts, queuedAt }) => (
        <span className="flex items-center gap-1.5">
          <RelativeTime at={queuedAt} className="text-text-2" />
          {attempts > 1 ? <Badge title={`Tried ${attempts} times`}>{attempts}×</Badge> : null}
        </span>
      )
    },
    (shown === "All" || shown === "Launched") && {
      id: "run",
      header: "Run",
      width: "92px",
      hideBelow: 700,
      cell: ({ runId }) => runId === undefined ? null : <RunLink id={runId} />
    },
    cancels && {
      id: "actions",
      header: <span className="sr-only">Actions</span>,
      width: "104px",
      align: "right",
      hideBelow: 360,
      cell: (queued) =>
        queued.status === "Queued"
          ? (
            <Button size="sm" icon={Ban} aria-label={`Cancel ${queued.words}`} onClick={() => onCancel(queued)}>
              Cancel
            </Button>
          )
          : queued.runId !== undefined && queued.runStatus === "Running"
          ? <CancelButton id={queued.runId} left={2} requested={false} size="sm" assets={queued.words} />
          : null
    }
  ]
  return columns.filter((column) => column !== false)
}

/** Asks before a run is taken out of the queue. */
const CancelDialog = ({ queued, onClose }: { readonly queued: Queued; readonly onClose: () => void }) => {
  const cancel = useCancelQueued(() => {
    onClose()
    showToast({ tone: "success", title: "Taken out of the queue", detail: queued.words })
  })
  return (
    <Dialog
      open
      size="sm"
      onClose={onClose}
      title="Cancel this requested run?"
      footer={
        <>
          <Button onClick={onClose}>Let it wait</Button>
          <Button kind="danger" icon={Ban} busy={cancel.busy} onClick={() => void cancel.run(queued.id)}>
            Take it out of the queue
          </Button>
        </>
      }
    >
      <p className="text-sm break-words">
        <strong className="font-medium">{queued.words}</strong>
        {queued.automation === undefined ? "" : `, requested by ${nameOf(queued.automation)},`} will not run.
        {queued.request.runKey === undefined ? "" : " Its run key counts as used: nothing is requested with it again."}
      </p>
      {cancel.error === undefined ? null : (
        <div className="-mx-4">
          <ErrorView error={cancel.error} />
        </div>
      )}
    </Dialog>
  )
}

/** Why a run could not be launched, in full. */
const FailedDialog = ({ queued, onClose }: { readonly queued: Queued; readonly onClose: () => void }) => (
  <Dialog
    open
    onClose={onClose}
    title="It could not be launched"
    description={queued.words}
    footer={<Button onClick={onClose}>Close</Button>}
  >
    {queued.error === undefined ? null : <FailureView failure={queued.error} />}
    {queued.automation === undefined ? null : (
      <p className="mt-3 flex items-center gap-1.5 text-sm">
        <span className="text-text-2">Requested by</span>
        <AutomationLink name={queued.automation} tick={queued.tickId} />
      </p>
    )}
  </Dialog>
)

const filters: ReadonlyArray<readonly [QueueStatus | "All" | undefined, string]> = [
  [undefined, "Waiting"],
  ["Launched", "Launched"],
  ["Failed", "Failed"],
  ["Cancelled", "Cancelled"],
  ["All", "All"]
]

/** The queue. */
export const QueueView = () => {
  const { status } = useSearch({ from: "/queue" })
  const navigate = useNavigate({ from: "/queue" })
  const { error, hasMore, items, loadingMore, loadMore, loading, refetch } = useQueue(status)
  const daemon = useDaemon()
  const [cancelling, setCancelling] = useState<Queued>()
  const [failed, setFailed] = useState<Queued>()
  const columns = useMemo(() => columnsOf(status, setCancelling), [status])
  return (
    <Page title="Queue" fill>
      <DaemonBanner />
      <div className="flex flex-wrap items-center gap-3 border-b border-border bg-surface px-4 py-2.5">
        <span
          className="inline-flex max-w-full overflow-x-auto rounded-md border border-border p-0.5"
          role="radiogroup"
          aria-label="State"
        >
          {filters.map(([value, label]) => (
            <button
              key={label}
              type="button"
              role="radio"
              aria-checked={status === value}
              onClick={() => void navigate({ search: value === undefined ? {} : { status: value } })}
              className="h-6 rounded px-2 text-xs text-text-2 hover:text-text aria-checked:bg-surface-3 aria-checked:font-medium aria-checked:text-text"
            >
              {label}
              {value === "Failed" && daemon !== undefined && daemon.failed > 0
                ? <span className="ml-1 text-failed-text tabular-nums">{daemon.failed.toLocaleString("en")}</span>
                : null}
            </button>
          ))}
        </span>
        {daemon === undefined ? null : (
          <p role="status" className="text-xs text-text-3">
            {daemon.queued.toLocaleString("en")} waiting, {daemon.launching.toLocaleString("en")} launching
          </p>
        )}
      </div>
      <div className="min-h-0 flex-1">
        {error !== undefined ? <ErrorView error={error} retry={refetch} /> : (
          <DataTable
            label="Queue"
            rows={items ?? []}
            columns={columns}
            className="@container"
            rowHeight={60}
            sortRows={false}
            rowKey={({ id }) => id}
            onOpen={(queued) => {
              const { automation, runId, tickId } = queued
              if (queued.status === "Failed") return setFailed(queued)
              if (runId !== undefined) return void navigate({ to: "/runs/$id", params: { id: runId } })
              if (automation === undefined) return
              const search = { name: automation, ...tickId === undefined ? {} : { tick: tickId } }
              void navigate({ to: "/automation", search })
            }}
            hasMore={hasMore}
            loadingMore={loadingMore || (items === undefined && loading)}
            onMore={loadMore}
            empty={items === undefined ? null : (
              <EmptyState
                title={status === undefined ? "Nothing waits" : "No requested run is in this state"}
                icon={ListOrdered}
                {...status === undefined
                  ? { command: `Definitions.make({ graph, automations, queue: { maxRuns: 4 }, layer })` }
                  : {}}
              >
                {status === undefined
                  ? "What schedules, sensors and conditions request comes in here, and is launched by priority, as limits allow. Limits are part of the definitions:"
                  : undefined}
              </EmptyState>
            )}
          />
        )}
      </div>
      {cancelling === undefined ?
        null :
        <CancelDialog queued={cancelling} onClose={() => setCancelling(undefined)} />}
      {failed === undefined ? null : <FailedDialog queued={failed} onClose={() => setFailed(undefined)} />}
    </Page>
  )
}
