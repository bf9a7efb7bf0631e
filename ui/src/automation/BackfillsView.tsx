/** The list of backfills. */
import { Link, useNavigate } from "@tanstack/react-router"
import { Layers } from "lucide-react"
import {
  Bar,
  type Column,
  DataTable,
  Duration,
  EmptyState,
  ErrorView,
  linkClasses,
  RelativeTime,
  RunningDuration,
  shortId,
  StatusBadge
} from "../kit/index.ts"
import { assetsText } from "../runs/runsModel.ts"
import { Page } from "../shell/Page.tsx"
import { partsOf, progressText } from "./backfills.ts"
import { type Backfill, useBackfills } from "./data.ts"

const nameOf = ({ assetCount, assets }: Backfill): string =>
  assetsText({ assetCount, assets: assets.map(({ key }) => key) })

const columns: ReadonlyArray<Column<Backfill>> = [
  { id: "status", header: "Status", width: "118px", cell: ({ status }) => <StatusBadge status={status} /> },
  {
    id: "assets",
    header: "Assets",
    width: "minmax(150px, 2fr)",
    cell: (backfill) => (
      <Link
        to="/backfills/$id"
        params={{ id: backfill.id }}
        tabIndex={-1}
        title={backfill.assets.map(({ key }) => key).join(", ")}
        className={`inline-block min-h-6 max-w-full content-center truncate align-middle font-medium ${linkClasses}`}
      >
        {nameOf(backfill)}
      </Link>
    )
  },
  {
    id: "id",
    header: "Backfill",
    width: "104px",
    hideBelow: 980,
    cell: ({ id }) => <span title={id} className="font-mono text-xs text-text-2">{shortId(id)}</span>
  },
  {
    id: "partitions",
    header: "Partitions",
    width: "minmax(110px, 1fr)",
    hideBelow: 700,
    cell: ({ assets }) => {
      const first = assets.find(({ partitions }) => partitions !== undefined)?.partitions
      return first === undefined ? null : <span className="font-mono text-xs text-text-2" title={first}>{first}</span>
    }
  },
  {
    id: "progress",
    header: "Progress",
    width: "minmax(120px, 1.2fr)",
    hideBelow: 520,
    cell: (backfill) => (
      <span className="flex flex-col gap-1">
        <Bar parts={partsOf(backfill)} total={backfill.partitions.total} label={progressText(backfill)} />
        <span aria-hidden className="truncate text-2xs text-text-3">{progressText(backfill)}</span>
      </span>
    )
  },
  { id: "runs", header: "Runs", width: "72px", align: "right", hideBelow: 820, cell: ({ runs }) => runs.total },
  {
    id: "started",
    header: "Started",
    width: "104px",
    hideBelow: 380,
    cell: ({ startedAt }) => <RelativeTime at={startedAt} className="text-text-2" />
  },
  {
    id: "duration",
    header: "Duration",
    width: "104px",
    align: "right",
    hideBelow: 620,
    cell: ({ durationMillis, startedAt }) =>
      durationMillis === undefined
        ? <RunningDuration since={startedAt} className="text-running-text" />
        : <Duration millis={durationMillis} />
  }
]

/** The list of backfills. */
export const BackfillsView = () => {
  const navigate = useNavigate()
  const { error, hasMore, items, loadingMore, loadMore, loading, refetch } = useBackfills()
  return (
    <Page title="Backfills" fill>
      <div className="min-h-0 flex-1">
        {error !== undefined && items === undefined ? <ErrorView error={error} retry={refetch} /> : (
          <DataTable
            label="Backfills"
            rows={items ?? []}
            columns={columns}
            rowHeight={44}
            sortRows={false}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void navigate({ to: "/backfills/$id", params: { id } })}
            hasMore={hasMore}
            loadingMore={loadingMore || (items === undefined && loading)}
            onMore={loadMore}
            empty={items === undefined ? null : (
              <EmptyState
                title="No backfills yet"
                icon={Layers}
                command="npx effect-assets materialize daily_orders --partitions missing"
              >
                A backfill computes many partitions, in as many runs as it takes. Launch one from the partitions of an
                asset, or in a terminal:
              </EmptyState>
            )}
          />
        )}
      </div>
    </Page>
  )
}
