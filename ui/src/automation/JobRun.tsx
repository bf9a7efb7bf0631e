import { Play } from "lucide-react"
import { Button, type ButtonKind, EmptyState } from "../kit/index.ts"
import { type LaunchOptions, useLaunch } from "../launch/index.ts"
import type { Job } from "./data.ts"

/** What the launch dialog opens with for a job: what is not changed there is as the job has it. */
export const launchOf = (job: Job): LaunchOptions => ({
  job: { name: job.name, ...job.partitions === undefined ? {} : { partitions: job.partitions } },
  title: `Run ${job.name}`,
  config: job.config,
  onlyStale: job.onlyStale,
  // of a job with more assets than are told, the selection tells them
  ...job.keys.length < job.assetCount && job.select !== undefined ? { select: job.select } : { keys: job.keys }
})

/** Opens the launch dialog for a job. */
export const RunJobButton = ({ job, kind = "secondary", size = "md" }: {
  readonly job: Job
  readonly kind?: ButtonKind
  readonly size?: "sm" | "md"
}) => {
  const launch = useLaunch()
  return (
    <Button
      kind={kind}
      size={size}
      icon={Play}
      aria-label={size === "sm" ? `Run ${job.name}` : undefined}
      onClick={() => launch(launchOf(job))}
    >
      Run{size === "sm" ? "" : " job"}…
    </Button>
  )
}

/** How to make a job. */
export const NoJobs = ({ icon }: Pick<Parameters<typeof EmptyState>[0], "icon">) => (
  <EmptyState
    title="No jobs yet"
    {...icon === undefined ? {} : { icon }}
    command={`const nightly = Job.make("nightly", {
  select: "group:reports",
  tags: { team: "data" }
})

Definitions.make({ graph, jobs: [nightly], layer })`}
  >
    A job is a fixed selection with its configuration and tags, that is run as a whole: by hand, by a schedule or by a
    sensor. Make one, and list it under jobs in Definitions.make:
  </EmptyState>
)
