/** The queue: what was requested, and why it still waits. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Ban, ListOrdered } from "lucide-react"
import {
  Badge,
  Button,
  type Column,
  DataTable,
  EmptyState,
  ErrorView,
  RelativeTime,
  RunLink,
  StatusBadge
} from "../kit/index.ts"
import { CancelButton } from "../runs/RunActions.tsx"
import { Page } from "../shell/Page.tsx"
import { useClock } from "../time.ts"
import { DaemonBanner } from "./DaemonBanner.tsx"
import { type Queued, type QueueStatus, useCancelQueued, useDaemon, useQueue } from "./data.ts"
import { AutomationLink } from "./Target.tsx"
import { queuedStatus, waitingText } from "./words.ts"

const Why = ({ queued }: { readonly queued: Queued }) => {
  const text = useClock((now) => waitingText(queued, now))
  const shown = text ?? queued.error?.message.split("\n")[0]
  return shown === undefined
    ? null
    : <span className="text-text-2" title={queued.error?.message ?? shown}>{shown}</span>
}

const Cancel = ({ queued }: { readonly queued: Queued }) => {
  const cancel = useCancelQueued()
  if (queued.status === "Queued") {
    return (
      <Button
        size="sm"
        icon={Ban}
        busy={cancel.busy}
        aria-label={`Cancel ${queued.words}`}
        onClick={() => void cancel.run(queued.id)}
      >
        Cancel
      </Button>
    )
  }
  return queued.runId !== undefined && queued.runStatus === "Running"
    ? <CancelButton id={queued.runId} left={2} requested={false} size="sm" assets={queued.words} />
    : null
}

const columns: ReadonlyArray<Column<Queued>> = [
  {
    id: "status",
    header: "Status",
    width: "122px",
    cell: (queued) => <StatusBadge status={queuedStatus(queued)} />
  },
  {
    id: "words",
    header: "What it runs",
    width: "minmax(150px, 1.8fr)",
    cell: ({ request: { keys }, words }) => (
      <span title={keys === undefined ? words : keys.join("\n")} className="font-medium">{words}</span>
    )
  },
  {
    id: "why",
    header: "Why it waits",
    width: "minmax(140px, 2fr)",
    hideBelow: 480,
    cell: (queued) => <Why queued={queued} />
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
  {
    id: "run",
    header: "Run",
    width: "92px",
    hideBelow: 700,
    cell: ({ runId }) => runId === undefined ? null : <RunLink id={runId} />
  },
  {
    id: "actions",
    header: <span className="sr-only">Actions</span>,
    width: "104px",
    align: "right",
    hideBelow: 380,
    cell: (queued) => <Cancel queued={queued} />
  }
]

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
            rowHeight={40}
            sortRows={false}
            rowKey={({ id }) => id}
            onOpen={({ automation, runId, tickId }) =>
              void (runId !== undefined
                ? navigate({ to: "/runs/$id", params: { id: runId } })
                : automation !== undefined
                ? navigate({
                  to: "/automation",
                  search: { name: automation, ...tickId === undefined ? {} : { tick: tickId } }
                })
                : undefined)}
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
    </Page>
  )
}
