/** The list of jobs. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { Workflow } from "lucide-react"
import { Badge, type Column } from "../kit/index.ts"
import { plural } from "../launch/request.ts"
import { type Job, useJobs } from "./data.ts"
import { NoJobs, RunJobButton } from "./JobRun.tsx"
import { NamedList } from "./NamedList.tsx"
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
    width: "188px",
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

const wordsOf = ({ description, name, select }: Job) => [name, description, select]

/** The list of jobs. */
export const JobsView = () => {
  const search = useSearch({ from: "/jobs" })
  const navigate = useNavigate({ from: "/jobs" })
  const { data, error, refetch } = useJobs()
  return (
    <NamedList
      title="Jobs"
      rows={data}
      error={error}
      refetch={refetch}
      columns={columns}
      words={wordsOf}
      search={search.q ?? ""}
      onSearch={(q) => void navigate({ search: q === "" ? {} : { q }, replace: true })}
      onOpen={({ name }) => void navigate({ to: "/job", search: { name } })}
      empty={<NoJobs icon={Workflow} />}
    />
  )
}
