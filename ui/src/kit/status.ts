import {
  AlarmClock,
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  Equal,
  Eye,
  Globe,
  ListStart,
  LoaderCircle,
  type LucideIcon,
  Rocket,
  SkipForward,
  TriangleAlert
} from "lucide-react"

/** The colours of states; each has a plain, a `-text` and a `-soft` form. */
export type Tone = "fresh" | "stale" | "missing" | "failed" | "running" | "skipped" | "cancelled" | "external"

/** How a state is shown: never by its colour alone. */
export interface StatusLook {
  readonly label: string
  readonly tone: Tone
  readonly icon: LucideIcon
  readonly spins?: boolean
}

/** The states of assets, partitions, runs, outcomes, checks, ticks and requested runs, under the names that the API has for them. */
export const statuses = {
  // assets
  Fresh: { label: "Fresh", tone: "fresh", icon: CircleCheck },
  Stale: { label: "Upstream changed", tone: "stale", icon: CircleAlert },
  Missing: { label: "Missing", tone: "missing", icon: CircleDashed },
  Failed: { label: "Failed", tone: "failed", icon: CircleX },
  Running: { label: "Running", tone: "running", icon: LoaderCircle, spins: true },
  External: { label: "External", tone: "external", icon: Globe },
  // runs and outcomes
  Succeeded: { label: "Succeeded", tone: "fresh", icon: CircleCheck },
  Materialized: { label: "Materialized", tone: "fresh", icon: CircleCheck },
  Observed: { label: "Observed", tone: "external", icon: Eye },
  Skipped: { label: "Skipped", tone: "skipped", icon: SkipForward },
  UpToDate: { label: "Up to date", tone: "fresh", icon: Equal },
  UpstreamFailed: { label: "Upstream failed", tone: "failed", icon: CircleSlash },
  Cancelled: { label: "Cancelled", tone: "cancelled", icon: Ban },
  Waiting: { label: "Waiting", tone: "missing", icon: Clock },
  // ticks and requested runs
  Requested: { label: "Requested", tone: "fresh", icon: ListStart },
  Queued: { label: "Waiting", tone: "missing", icon: Clock },
  Launching: { label: "Launching", tone: "running", icon: LoaderCircle, spins: true },
  Launched: { label: "Launched", tone: "fresh", icon: Rocket },
  // checks and freshness policies
  Passed: { label: "Passed", tone: "fresh", icon: CircleCheck },
  Warned: { label: "Warning", tone: "stale", icon: TriangleAlert },
  Warning: { label: "Due soon", tone: "stale", icon: AlarmClock },
  Overdue: { label: "Overdue", tone: "failed", icon: AlarmClock },
  Errored: { label: "Could not be evaluated", tone: "failed", icon: CircleX },
  ExecutionFailed: { label: "Run failed", tone: "failed", icon: CircleX },
  InProgress: { label: "In progress", tone: "running", icon: LoaderCircle, spins: true },
  NotEvaluated: { label: "Not evaluated", tone: "missing", icon: CircleDashed },
  Unknown: { label: "Unknown", tone: "missing", icon: CircleDashed }
} satisfies { readonly [name: string]: StatusLook }

/** The name of a state. */
export type Status = keyof typeof statuses

/** How a state is shown. */
export const lookOf = (status: Status): StatusLook => statuses[status]

/** Classes by tone. They are written out, as Tailwind finds classes by reading the source. */
export const toneText: { readonly [tone in Tone]: string } = {
  fresh: "text-fresh-text",
  stale: "text-stale-text",
  missing: "text-missing-text",
  failed: "text-failed-text",
  running: "text-running-text",
  skipped: "text-skipped-text",
  cancelled: "text-cancelled-text",
  external: "text-external-text"
}

/** The soft background of a tone. */
export const toneSoft: { readonly [tone in Tone]: string } = {
  fresh: "bg-fresh-soft",
  stale: "bg-stale-soft",
  missing: "bg-missing-soft",
  failed: "bg-failed-soft",
  running: "bg-running-soft",
  skipped: "bg-skipped-soft",
  cancelled: "bg-cancelled-soft",
  external: "bg-external-soft"
}

/** The full colour of a tone, for bars and strips. */
export const toneFill: { readonly [tone in Tone]: string } = {
  fresh: "bg-fresh",
  stale: "bg-stale",
  missing: "bg-missing",
  failed: "bg-failed",
  running: "bg-running",
  skipped: "bg-skipped",
  cancelled: "bg-cancelled",
  external: "bg-external"
}

/** The full colour of a tone as the name of its custom property, for a canvas. */
export const toneProperty = (tone: Tone): string => `--${tone}`
