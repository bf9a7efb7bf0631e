/** The list of jobs. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { SearchX, Workflow } from "lucide-react"
import { useMemo } from "react"
import { Badge, Button, type Column, DataTable, EmptyState, ErrorView, SearchField, Skeleton } from "../kit/index.ts"
import { plural } from "../launch/request.ts"
import { Page } from "../shell/Page.tsx"
import { DaemonBanner } from "./DaemonBanner.tsx"
import { type Job, useJobs } from "./data.ts"
import { NoJobs, RunJobButton } from "./JobRun.tsx"
import { RunDots } from "./RunDots.tsx"
import { AutomationLink, JobLink } from "./Target.tsx"

const columns: ReadonlyArray<Column<Job>> = [
  {
    id: "name",
    header: "Name",
    width: "minmax(160px, 2fr)",
    cell: (job) => (
      <span className="flex min-w-0 flex-col">
        <JobLink name={job.name} className="font-medium" />
        <span className="truncate text-xs text-text-2" title={job.description ?? job.select}>
          {job.description ?? job.select ?? "everything that can be computed"}
        </span>
      </span>
    )
  },
  {
    id: "assets",
    header: "Assets",
    width: "92px",
    hideBelow: 560,
    cell: ({ assetCount, partitioned }) => (
      <span className="flex flex-col">
        {plural(assetCount, "asset")}
        {partitioned ? <span className="text-xs text-text-3">partitioned</span> : null}
      </span>
    )
  },
  {
    id: "by",
    header: "Requested by",
    width: "minmax(130px, 1.4fr)",
    hideBelow: 760,
    cell: ({ condition, schedules, sensors }) => {
      const names = [...schedules, ...sensors]
      return (
        <span className="flex min-w-0 flex-wrap gap-x-3 overflow-hidden">
          {names.slice(0, 3).map((name) => <AutomationLink key={name} name={name} />)}
          {names.length > 3 ? <span className="text-text-3">and {names.length - 3} more</span> : null}
          {condition === undefined ? null : <Badge title={condition}>condition</Badge>}
          {names.length === 0 && condition === undefined ? <span className="text-text-3">nobody</span> : null}
        </span>
      )
    }
  },
  {
    id: "runs",
    header: "Last runs",
    width: "144px",
    cell: ({ lastRuns, queuedRuns }) => (
      <span className="flex items-center gap-1.5">
        <RunDots runs={lastRuns} />
        {queuedRuns === 0 ? null : <Badge title={`${plural(queuedRuns, "run")} in the queue`}>+{queuedRuns}</Badge>}
      </span>
    )
  },
  {
    id: "actions",
    header: <span className="sr-only">Actions</span>,
    width: "108px",
    align: "right",
    hideBelow: 440,
    cell: (job) => <RunJobButton job={job} size="sm" />
  }
]

/** The list of jobs. */
export const JobsView = () => {
  const search = useSearch({ from: "/jobs" })
  const navigate = useNavigate({ from: "/jobs" })
  const { data, error, refetch } = useJobs()
  const text = (search.q ?? "").toLowerCase()
  const shown = useMemo(
    () =>
      data?.filter(({ description = "", name, select = "" }) =>
        [name, description, select].some((part) => part.toLowerCase().includes(text))
      ),
    [data, text]
  )
  const onSearch = (q: string) => void navigate({ search: q === "" ? {} : { q }, replace: true })
  return (
    <Page title="Jobs" fill>
      <DaemonBanner />
      {data === undefined || data.length === 0 ?
        null :
        (
          <div className="flex flex-wrap items-center gap-2 border-b border-border bg-surface px-4 py-2.5">
            <SearchField
              label="Search jobs"
              placeholder="Search…"
              value={search.q ?? ""}
              onChange={onSearch}
              className="w-60"
            />
            <p role="status" className="text-xs text-text-3">
              {text === "" ? data.length : `${shown!.length} of ${data.length}`}
            </p>
          </div>
        )}
      <div className="min-h-0 flex-1">
        {error !== undefined && data === undefined
          ? <ErrorView error={error} retry={refetch} />
          : shown === undefined
          ? <Skeleton className="m-4 h-40" />
          : (
            <DataTable
              label="Jobs"
              rows={shown}
              columns={columns}
              rowHeight={52}
              sortRows={false}
              rowKey={({ name }) => name}
              onOpen={({ name }) => void navigate({ to: "/job", search: { name } })}
              empty={data!.length === 0
                ? <NoJobs icon={Workflow} />
                : (
                  <EmptyState
                    title="Nothing has these words"
                    icon={SearchX}
                    action={<Button onClick={() => onSearch("")}>Clear the search</Button>}
                  />
                )}
            />
          )}
      </div>
    </Page>
  )
}
