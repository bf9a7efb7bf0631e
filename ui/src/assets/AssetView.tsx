/** The page of an asset. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Copy, EllipsisVertical, Eye, Network, PackageX, PenLine, Terminal, Trash2 } from "lucide-react"
import { lazy, type ReactNode, Suspense, useCallback, useState } from "react"
import { type Api, useAsset, useGraph, useMutation, useRunningRuns, useStatus } from "../api/index.ts"
import { AutomationTab } from "../automation/Evaluations.tsx"
import {
  AssetLink,
  Badge,
  Button,
  buttonClasses,
  Card,
  EmptyState,
  ErrorView,
  Menu,
  type MenuItem,
  RelativeTime,
  RunLink,
  RunningDuration,
  Select,
  showToast,
  Skeleton,
  Spinner,
  Tabs
} from "../kit/index.ts"
import { MaterializeButton } from "../launch/index.ts"
import type { AssetSearch, AssetTab } from "../search.ts"
import { Page } from "../shell/Page.tsx"
import { Activity } from "./Activity.tsx"
import { triedText } from "./catalog.ts"
import { Checks } from "./Checks.tsx"
import { Definition } from "./Definition.tsx"
import { ReportDialog, WipeDialog } from "./Dialogs.tsx"
import { Overview } from "./Overview.tsx"
import { PartitionsTab } from "./PartitionsTab.tsx"
import { materializeCommand } from "./selection.ts"
import { AssetState, ChecksSummary, FreshnessBadge, PartitionsBar } from "./Status.tsx"

type Detail = Api.Model.AssetDetail
type Status = Api.Model.AssetStatus

// what draws a graph is loaded where one is looked at
const AssetLineage = lazy(async () => ({ default: (await import("../lineage/AssetLineage.tsx")).AssetLineage }))

const suggestionsOf = (error: unknown): ReadonlyArray<string> | undefined =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "NotFound" &&
    "suggestions" in error &&
    Array.isArray(error.suggestions)
    ? error.suggestions.filter((key) => typeof key === "string")
    : undefined

const NotFound = ({ assetKey, suggestions }: {
  readonly assetKey: string
  readonly suggestions: ReadonlyArray<string>
}) => (
  <EmptyState
    title="There is no such asset"
    icon={PackageX}
    action={<Link to="/assets" className={buttonClasses("primary")}>All assets</Link>}
  >
    <p className="break-all">
      {assetKey === "" ? "The address names no asset." : <code className="font-mono">{assetKey}</code>}
    </p>
    {suggestions.length === 0 ? null : (
      <div className="mt-3">
        <p>Did you mean</p>
        <ul className="mt-1 flex flex-col items-center gap-0.5">
          {suggestions.map((key) => (
            <li key={key} className="max-w-full">
              <AssetLink assetKey={key} className="text-accent-text" />
            </li>
          ))}
        </ul>
      </div>
    )}
  </EmptyState>
)

const copy = async (text: string, what: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text)
    showToast({ tone: "success", title: `${what} copied` })
  } catch {
    showToast({ tone: "info", title: `Copy ${what.toLowerCase()}`, detail: text })
  }
}

const Actions = ({ detail, onReport, onWipe, partition }: {
  readonly detail: Detail
  readonly partition: string | undefined
  readonly onReport: () => void
  readonly onWipe: () => void
}) => {
  const { key } = detail
  const observe = useMutation((client, key: string) => client.assets.observe({ payload: { key } }), {
    invalidates: () => [`asset:${key}`, "assets"],
    onSuccess: ({ dataVersion }) =>
      showToast({ tone: "success", title: `Observed ${key}`, detail: `Data version ${dataVersion}` })
  })
  const command = materializeCommand(key, partition)
  const items: ReadonlyArray<MenuItem | "separator"> = [
    { label: "Copy the key", icon: Copy, onSelect: () => void copy(key, "The key") },
    ...detail.external
      ? []
      : [{
        label: "Copy the command",
        icon: Terminal,
        hint: command,
        onSelect: () => void copy(command, "The command")
      }],
    {
      label: detail.external ? "Report new data…" : "Report a materialization…",
      icon: PenLine,
      onSelect: onReport
    },
    "separator",
    { label: "Wipe history…", icon: Trash2, danger: true, onSelect: onWipe }
  ]
  return (
    <>
      <Link to="/lineage" search={{ focus: key, hops: 1 }} className={buttonClasses("secondary")}>
        <Network size={14} aria-hidden />
        <span className="sr-only lg:not-sr-only">View in graph</span>
      </Link>
      {detail.external
        ? detail.observable
          ? <Button kind="primary" icon={Eye} busy={observe.busy} onClick={() => void observe.run(key)}>Observe</Button>
          : <Button kind="primary" icon={PenLine} onClick={onReport}>Report</Button>
        : <MaterializeButton keys={keysOf(key)} />}
      <Menu
        label="More"
        side="bottom-end"
        items={items}
        trigger={(props) => (
          <Button {...props} aria-label="More" className="px-1.5">
            <EllipsisVertical size={16} aria-hidden />
          </Button>
        )}
      />
    </>
  )
}

const lists = new Map<string, ReadonlyArray<string>>()

/** The same list for the same key, so that what depends on it stays. */
const keysOf = (key: string): ReadonlyArray<string> => {
  let list = lists.get(key)
  if (list === undefined) {
    if (lists.size > 100) lists.clear()
    list = [key]
    lists.set(key, list)
  }
  return list
}

const Heading = ({ assetKey }: { readonly assetKey: string }) => {
  const at = assetKey.lastIndexOf("/") + 1
  return (
    <span title={assetKey}>
      <span className="font-normal text-text-3">{assetKey.slice(0, at)}</span>
      {assetKey.slice(at)}
    </span>
  )
}

const Fact = ({ children, label }: { readonly label: string; readonly children: ReactNode }) => (
  <span className="inline-flex min-h-6 items-center gap-1.5 text-sm">
    <span className="text-xs text-text-3">{label}</span>
    {children}
  </span>
)

const causeWords = (cause: Status["causes"][number]): string => {
  switch (cause.kind) {
    case "UpstreamChanged":
      return "Computed from other data of"
    case "DependencyAdded":
      return "Computed before it depended on"
    case "DependencyRemoved":
      return "Computed when it still depended on"
    case "CodeChanged":
      return cause.text
  }
}

/** Why it is stale, in one line; the whole of it opens at the state. */
const CauseLine = ({ status }: { readonly status: Status }) => {
  const cause = status.causes[0]
  if (cause === undefined) return null
  return (
    <span
      title={cause.text}
      className="flex min-w-0 flex-wrap items-center gap-x-1.5 text-sm text-stale-text"
    >
      <span className="min-w-0 truncate">{causeWords(cause)}</span>
      {cause.upstream === undefined || cause.kind === "CodeChanged"
        ? null
        : <AssetLink assetKey={cause.upstream} className="truncate" />}
      {status.causes.length < 2 ? null : <span className="text-xs">and {status.causes.length - 1} more</span>}
    </span>
  )
}

/** Why nothing came of the last try, in one line. */
const TriedLine = ({ status }: { readonly status: Status }) => {
  const text = triedText(status)
  return text === undefined
    ? null
    : <span title={text} className="min-w-0 max-w-xl truncate text-sm text-text-2">{text}</span>
}

const Running = ({ ids }: { readonly ids: ReadonlyArray<string> }) => {
  const runs = useRunningRuns()
  return (
    <>
      {ids.slice(0, 3).map((id) => {
        const run = runs.get(id)
        return (
          <Fact key={id} label="Running in">
            <RunLink id={id} />
            {run === undefined ? null : <RunningDuration since={run.startedAt} className="text-xs text-text-2" />}
          </Fact>
        )
      })}
      {ids.length > 3 ? <span className="text-xs text-text-2">and {ids.length - 3} more</span> : null}
    </>
  )
}

const Header = ({ detail, status }: { readonly detail: Detail; readonly status: Status }) => (
  <div className="flex min-h-8 min-w-0 flex-wrap items-center gap-x-5 gap-y-1">
    <span className="flex min-w-0 items-center gap-2">
      <AssetState node={detail} status={status} />
    </span>
    <TriedLine status={status} />
    <CauseLine status={status} />
    <Running ids={status.running} />
    {status.last === undefined
      ? null
      : (
        <Fact label={detail.external ? "Observed" : "Last data"}>
          <RelativeTime at={status.last.timestamp} />
        </Fact>
      )}
    {status.partitions === undefined
      ? null
      : (
        <Fact label="Partitions">
          <PartitionsBar partitions={status.partitions} className="w-40" />
        </Fact>
      )}
    {detail.checks === 0 ? null : (
      <Fact label="Checks">
        <ChecksSummary checks={status.checks} />
      </Fact>
    )}
    {status.freshness === undefined ? null : (
      <Fact label="Freshness">
        <FreshnessBadge freshness={status.freshness} />
      </Fact>
    )}
    {detail.group === undefined ? null : (
      <Fact label="Group">
        <Link
          to="/assets"
          search={{ group: [detail.group] }}
          className="inline-flex min-h-6 items-center hover:text-accent-text hover:underline"
        >
          {detail.group}
        </Link>
      </Fact>
    )}
    {detail.kinds.length === 0 ?
      null :
      (
        <span className="inline-flex items-center gap-1">
          {detail.kinds.map((kind) => <Badge key={kind}>{kind}</Badge>)}
        </span>
      )}
  </div>
)

const hopChoices = ["1", "2", "3", "5", "10"] as const

const Lineage = ({ assetKey, hops, onHops }: {
  readonly assetKey: string
  readonly hops: number
  readonly onHops: (hops: number) => void
}) => (
  <Card
    flush
    title="Lineage"
    className="flex h-full min-h-96 flex-col [&>div]:min-h-0 [&>div]:flex-1"
    actions={
      <>
        <Select
          label="Steps up and down"
          hideLabel
          value={hopChoices.find((choice) => choice === String(hops)) ?? "2"}
          onChange={(choice) => onHops(Number(choice))}
          options={hopChoices.map((value) => ({ value, label: value === "1" ? "1 step" : `${value} steps` }))}
          className="w-28"
        />
        <Link to="/lineage" search={{ focus: assetKey, hops }} className={buttonClasses("secondary", "sm")}>
          <Network size={14} aria-hidden />
          View in graph
        </Link>
      </>
    }
  >
    <Suspense
      fallback={
        <div className="flex h-full items-center justify-center">
          <Spinner />
        </div>
      }
    >
      <AssetLineage assetKey={assetKey} hops={hops} />
    </Suspense>
  </Card>
)

const Tab = ({ change, detail, known, search, tab }: {
  readonly detail: Detail
  readonly tab: AssetTab
  readonly search: AssetSearch
  readonly known: (key: string) => boolean
  readonly change: (next: Partial<Record<keyof AssetSearch, unknown>>, replace?: boolean) => void
}) => {
  const { graph } = useGraph()
  const onPlot = (metric: string | undefined) => change({ tab: "activity", metric }, tab === "activity")
  switch (tab) {
    case "overview":
      return <Overview detail={detail} graph={graph} known={known} onPlot={onPlot} />
    case "activity":
      return (
        <Activity
          assetKey={detail.key}
          partitioned={detail.partitioned}
          partition={search.partition}
          onPartition={(partition) => change({ partition })}
          metric={search.metric}
          onMetric={onPlot}
          known={known}
        />
      )
    case "definition":
      return <Definition detail={detail} />
    case "partitions":
      return detail.partitioned
        ? (
          <PartitionsTab
            assetKey={detail.key}
            external={detail.external}
            partition={search.partition}
            onPartition={(partition) => change({ partition })}
          />
        )
        : (
          <Card>
            <EmptyState
              title="No partitions"
              command={`partitions: Partitions.daily({ start: "2024-01-01" })`}
            >
              It is computed as a whole. With partitions, each day or region of it is computed and stored on its own.
            </EmptyState>
          </Card>
        )
    case "checks":
      return <Checks assetKey={detail.key} external={detail.external} />
    case "automation":
      return (
        <AutomationTab
          key={detail.key}
          assetKey={detail.key}
          words={detail.automation}
          partitioned={detail.partitioned}
          selected={search.evaluation}
          onSelect={(evaluation) => change({ evaluation })}
        />
      )
    case "lineage":
      return <Lineage assetKey={detail.key} hops={search.hops ?? 2} onHops={(hops) => change({ hops })} />
  }
}

/** The page of an asset. */
export const AssetView = () => {
  const search = useSearch({ from: "/asset" })
  const navigate = useNavigate({ from: "/asset" })
  const { key, tab = "overview" } = search
  const { data, error, refetch } = useAsset(key === "" ? undefined : key)
  const live = useStatus(key)
  const { graph } = useGraph()
  const [dialog, setDialog] = useState<"wipe" | "report">()
  const known = useCallback((key: string) => graph === undefined || graph.index.has(key), [graph])

  const change = (next: Partial<Record<keyof AssetSearch, unknown>>, replace = true) =>
    void navigate({
      // parameters that are undefined leave the address; the route reads the rest
      search: (before) => ({ ...before, ...next }) as AssetSearch,
      replace
    })

  const suggestions = suggestionsOf(error)
  if (key === "" || suggestions !== undefined) {
    return (
      <Page title={key === "" ? "Asset" : key}>
        <NotFound assetKey={key} suggestions={suggestions ?? []} />
      </Page>
    )
  }
  if (data === undefined) {
    return (
      <Page title={key} heading={<Heading assetKey={key} />}>
        {error === undefined
          ? (
            <div className="flex flex-col gap-4" aria-busy>
              <Skeleton className="h-8 w-2/3" />
              <Skeleton className="h-9 w-full" />
              <Skeleton className="h-64 w-full" />
            </div>
          )
          : <ErrorView error={error} retry={refetch} />}
      </Page>
    )
  }

  const detail = data
  const status = live ?? detail.status
  const tabs: ReadonlyArray<{ readonly id: AssetTab; readonly label: string; readonly count?: number | undefined }> = [
    { id: "overview", label: "Overview" },
    { id: "activity", label: "Activity" },
    { id: "definition", label: "Definition" },
    ...detail.partitioned ? [{ id: "partitions" as const, label: "Partitions", count: status.partitions?.total }] : [],
    { id: "checks", label: "Checks", ...detail.checks === 0 ? {} : { count: detail.checks } },
    { id: "automation", label: "Automation" },
    { id: "lineage", label: "Lineage" }
  ]
  return (
    <Page
      title={key}
      heading={<Heading assetKey={key} />}
      fill
      actions={
        <Actions
          key={key}
          detail={detail}
          partition={search.partition}
          onReport={() => setDialog("report")}
          onWipe={() => setDialog("wipe")}
        />
      }
    >
      <div className="shrink-0 bg-surface px-4 pt-2.5 md:px-6">
        <Header detail={detail} status={status} />
        <Tabs
          label="Parts of this asset"
          current={tab}
          className="mt-1.5 border-b-0"
          tabs={tabs.map(({ count, id, label }) => ({
            id,
            label,
            count,
            link: { to: "/asset", search: { key, ...id === "overview" ? {} : { tab: id } } }
          }))}
        />
      </div>
      <div key={`${key} ${tab}`} className="min-h-0 flex-1 overflow-auto border-t border-border p-4 md:p-6">
        <Tab detail={detail} tab={tab} search={search} known={known} change={change} />
      </div>
      <WipeDialog assetKey={key} open={dialog === "wipe"} onClose={() => setDialog(undefined)} />
      <ReportDialog
        key={key}
        assetKey={key}
        external={detail.external}
        partitioned={detail.partitioned}
        open={dialog === "report"}
        onClose={() => setDialog(undefined)}
      />
    </Page>
  )
}
