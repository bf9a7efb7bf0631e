/** The page of a job: what it runs, what runs it, and its runs. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Network, SearchX } from "lucide-react"
import { lazy, Suspense, useMemo } from "react"
import { useRuns } from "../api/index.ts"
import type { RunSummary } from "../api/index.ts"
import { fact } from "../assets/fact.ts"
import {
  Badge,
  buttonClasses,
  Card,
  Code,
  CodeBlock,
  type Column,
  DataTable,
  Duration,
  EmptyState,
  ErrorView,
  KeyValue,
  RelativeTime,
  RunLink,
  RunningDuration,
  Skeleton,
  Spinner,
  StatusBadge
} from "../kit/index.ts"
import { plural } from "../launch/request.ts"
import { Page } from "../shell/Page.tsx"
import { DaemonBanner } from "./DaemonBanner.tsx"
import { type Job, useAutomation, useDaemon, useJob } from "./data.ts"
import { EvaluationsView } from "./Evaluations.tsx"
import { RunJobButton } from "./JobRun.tsx"
import { RunningSwitch } from "./RunningSwitch.tsx"
import { AutomationLink } from "./Target.tsx"
import { selectionOf, whenText } from "./words.ts"

// what draws a graph is loaded where one is looked at
const SelectionGraph = lazy(async () => ({ default: (await import("./SelectionGraph.tsx")).SelectionGraph }))

const Requester = ({ acts, name }: { readonly name: string; readonly acts: boolean }) => {
  const { data } = useAutomation(name)
  return (
    <li className="flex min-h-9 min-w-0 flex-wrap items-center gap-x-3 border-b border-border px-4 py-0.5 last:border-0">
      {data === undefined ? null : <RunningSwitch name={name} running={data.running} />}
      <AutomationLink name={name} className="font-medium" />
      {data === undefined ?
        null :
        (
          <span className="min-w-0 flex-1 truncate text-xs text-text-2" title={data.cron?.join(", ")}>
            {whenText(data)}
          </span>
        )}
      {!acts || data?.nextTickAt === undefined || data.kind === "streamSensor"
        ? null
        : <RelativeTime ahead at={data.nextTickAt} className="text-xs text-text-2" />}
    </li>
  )
}

const runColumns: ReadonlyArray<Column<RunSummary>> = [
  { id: "status", header: "Status", width: "122px", cell: ({ status }) => <StatusBadge status={status} /> },
  { id: "run", header: "Run", width: "96px", cell: ({ id }) => <RunLink id={id} /> },
  {
    id: "partitions",
    header: "Partitions",
    width: "minmax(90px, 1fr)",
    hideBelow: 520,
    cell: ({ partitions }) =>
      partitions === undefined
        ? null
        : <span className="font-mono text-xs text-text-2" title={partitions}>{partitions}</span>
  },
  {
    id: "by",
    header: "Requested by",
    width: "minmax(100px, 1fr)",
    hideBelow: 640,
    cell: ({ tags: { automation } }) =>
      automation === undefined
        ? <span className="text-text-3">by hand</span>
        : <AutomationLink name={automation} />
  },
  {
    id: "started",
    header: "Started",
    width: "104px",
    hideBelow: 360,
    cell: ({ startedAt }) => <RelativeTime at={startedAt} className="text-text-2" />
  },
  {
    id: "duration",
    header: "Duration",
    width: "104px",
    align: "right",
    hideBelow: 420,
    cell: ({ durationMillis, startedAt }) =>
      durationMillis === undefined
        ? <RunningDuration since={startedAt} className="text-running-text" />
        : <Duration millis={durationMillis} />
  }
]

const Runs = ({ name }: { readonly name: string }) => {
  const tag = `job=${name}`
  const filter = useMemo(() => ({ tag }), [tag])
  const { error, hasMore, items, loadingMore, loadMore, refetch } = useRuns(filter)
  const navigate = useNavigate()
  return (
    <Card
      flush
      title="Runs"
      actions={
        <Link
          to="/runs"
          search={{ tag: [tag] }}
          className="inline-flex min-h-6 items-center text-sm text-accent-text hover:underline"
        >
          In the list of runs
        </Link>
      }
    >
      {error !== undefined ? <ErrorView error={error} retry={refetch} /> : (
        <DataTable
          label="Runs of the job"
          rows={items ?? []}
          columns={runColumns}
          sortRows={false}
          maxHeight={420}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: "/runs/$id", params: { id } })}
          hasMore={hasMore}
          loadingMore={loadingMore || items === undefined}
          onMore={loadMore}
          empty={
            <EmptyState title="It has not run yet">Run it from the button at the top, or in a terminal.</EmptyState>
          }
        />
      )}
    </Card>
  )
}

const hooksText = ({ onFailure, onSuccess }: Job["hooks"]): string | undefined =>
  onFailure && onSuccess
    ? "when a run succeeds, and when it fails"
    : onSuccess
    ? "when a run succeeds"
    : onFailure
    ? "when a run fails"
    : undefined

const Definition = ({ job }: { readonly job: Job }) => (
  <Card title="Definition">
    <KeyValue
      items={[
        fact("Selection", job.select === undefined ? "everything that can be computed" : <Code>{job.select}</Code>),
        fact("Assets", plural(job.assetCount, "asset")),
        fact("Partitions", job.partitions ?? (job.partitioned ? "whoever runs it says which" : undefined)),
        fact(
          "Tags",
          Object.keys(job.tags).length === 0
            ? undefined
            : (
              <span className="flex flex-wrap gap-1">
                {Object.entries(job.tags).map(([name, value]) => <Badge key={name}>{name}={value}</Badge>)}
              </span>
            )
        ),
        fact("Checks", job.checks),
        fact("Computes", job.onlyStale ? "only what is stale or missing" : undefined),
        fact("Retries", job.retries),
        fact("Priority", job.priority),
        fact("Hooks", hooksText(job.hooks))
      ]}
    />
    {Object.keys(job.config).length === 0 ? null : (
      <details className="mt-2">
        <summary className="min-h-6 w-fit content-center text-sm font-medium">Configuration</summary>
        <CodeBlock code={JSON.stringify(job.config, null, 2)} label="Configuration" className="mt-1" />
      </details>
    )}
  </Card>
)

/** The page of a job. */
export const JobView = () => {
  const search = useSearch({ from: "/job" })
  const navigate = useNavigate({ from: "/job" })
  const { name } = search
  const { data: job, error, refetch } = useJob(name === "" ? undefined : name)
  const requesters = useMemo(() => job === undefined ? [] : [...job.schedules, ...job.sensors], [job])
  const acts = useDaemon()?.present !== false
  const title = name === "" ? "Job" : name
  if (job === undefined) {
    const unknown = name === "" || (typeof error === "object" && error !== null && "_tag" in error &&
      error._tag === "NotFound")
    return (
      <Page title={title}>
        {unknown
          ? (
            <EmptyState
              title="There is no such job"
              icon={SearchX}
              action={<Link to="/jobs" className={buttonClasses("primary")}>All jobs</Link>}
            >
              {name === "" ? "The address names none." : <code className="font-mono break-all">{name}</code>}
            </EmptyState>
          )
          : error === undefined
          ? <Skeleton className="h-64 w-full" />
          : <ErrorView error={error} retry={refetch} />}
      </Page>
    )
  }
  return (
    <Page
      fill
      title={title}
      heading={
        <>
          <Link to="/jobs" className="font-normal text-text-3 hover:text-accent-text">Jobs</Link>
          <span className="font-normal text-text-3">{" / "}</span>
          <span title={name}>{name}</span>
        </>
      }
      actions={<RunJobButton job={job} kind="primary" />}
    >
      <DaemonBanner />
      <div className="min-h-0 flex-1 overflow-auto p-4 md:px-6">
        {job.description === undefined
          ? null
          : <p className="mb-3 text-sm break-words whitespace-pre-wrap text-text-2">{job.description}</p>}
        <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1.9fr)_minmax(300px,1fr)]">
          <div className="flex min-w-0 flex-col gap-4">
            <Card
              flush
              title={`What it runs: ${plural(job.assetCount, "asset")}`}
              className="flex h-80 flex-col [&>div]:min-h-0 [&>div]:flex-1"
              actions={
                <Link
                  to="/lineage"
                  search={selectionOf(job)}
                  className={buttonClasses("secondary", "sm")}
                >
                  <Network size={14} aria-hidden />
                  View in graph
                </Link>
              }
            >
              <Suspense
                fallback={
                  <div className="flex h-full items-center justify-center">
                    <Spinner />
                  </div>
                }
              >
                <SelectionGraph keys={job.keys} label={`Lineage of the job ${name}`} />
              </Suspense>
            </Card>
            <Runs name={name} />
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <Card flush title="Requested by">
              {requesters.length === 0 && job.condition === undefined
                ? <p className="px-4 py-3 text-sm text-text-3">No schedule and no sensor has it as its target.</p>
                : (
                  <ul>
                    {requesters.slice(0, 50).map((name) => <Requester key={name} name={name} acts={acts} />)}
                    {job.condition === undefined ?
                      null :
                      <li className="px-4 py-2 text-sm break-words">{job.condition}</li>}
                  </ul>
                )}
            </Card>
            <Definition job={job} />
          </div>
        </div>
        {job.condition === undefined ? null : (
          <section className="mt-4" aria-label="Condition of the job">
            <EvaluationsView
              about={`:${name}`}
              words={job.condition}
              partitioned={job.partitioned}
              selected={search.evaluation}
              onSelect={(evaluation) =>
                void navigate({
                  search: { name, ...evaluation === undefined ? {} : { evaluation } },
                  replace: true
                })}
            />
          </section>
        )}
      </div>
    </Page>
  )
}
