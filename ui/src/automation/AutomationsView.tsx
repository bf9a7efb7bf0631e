/** The lists of schedules and of sensors. */
import { useNavigate } from "@tanstack/react-router"
import { CalendarClock, Radar, SearchX } from "lucide-react"
import { useMemo } from "react"
import {
  Badge,
  Button,
  type Column,
  DataTable,
  EmptyState,
  ErrorView,
  RelativeTime,
  SearchField,
  Skeleton,
  StatusBadge
} from "../kit/index.ts"
import type { NamesSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"
import { DaemonBanner } from "./DaemonBanner.tsx"
import { type Automation, useAutomations } from "./data.ts"
import { RunningSwitch } from "./RunningSwitch.tsx"
import { AutomationLink, Target } from "./Target.tsx"
import { TickStrip } from "./TickStrip.tsx"
import { kindLabel, tickText, whenText } from "./words.ts"

const columnsOf = (schedules: boolean): ReadonlyArray<Column<Automation>> => [
  {
    id: "running",
    header: "On",
    width: "56px",
    cell: ({ name, running }) => <RunningSwitch name={name} running={running} />
  },
  {
    id: "name",
    header: "Name",
    width: "minmax(170px, 2fr)",
    cell: (automation) => (
      <span className="flex min-w-0 flex-col">
        <AutomationLink name={automation.name} className="font-medium" />
        <span
          className="truncate text-xs text-text-2"
          title={[...automation.cron ?? [], automation.description].filter((text) => text !== undefined).join("\n")}
        >
          {schedules ? null : <span className="text-text-3">{kindLabel[automation.kind]} ·{" "}</span>}
          {whenText(automation)}
          {automation.timeZone === undefined || automation.timeZone === "UTC" ? "" : ` (${automation.timeZone})`}
        </span>
      </span>
    )
  },
  {
    id: "target",
    header: "Requests",
    width: "minmax(120px, 1.2fr)",
    hideBelow: 760,
    cell: ({ target }) => <Target target={target} />
  },
  {
    id: "next",
    header: "Next",
    width: "112px",
    hideBelow: 560,
    cell: ({ evaluatingSince, nextTickAt, running }) =>
      evaluatingSince !== undefined
        ? <Badge tone="running">evaluating</Badge>
        : nextTickAt !== undefined
        ? <RelativeTime at={nextTickAt} className="text-text-2" />
        : running
        ? <span className="text-text-3">{schedules ? "never" : "on events"}</span>
        : <span className="text-text-3">stopped</span>
  },
  {
    id: "last",
    header: "Last tick",
    width: "minmax(122px, 1.8fr)",
    cell: ({ lastTick }) =>
      lastTick === undefined ? <span className="text-text-3">none yet</span> : (
        <span className="flex min-w-0 flex-col">
          <span className="flex min-w-0 items-center gap-2">
            <StatusBadge status={lastTick.status} />
            <RelativeTime at={lastTick.startedAt} className="text-xs text-text-2 max-sm:hidden" />
          </span>
          <span className="truncate text-xs text-text-2" title={tickText(lastTick)}>{tickText(lastTick)}</span>
        </span>
      )
  },
  {
    id: "history",
    header: "History",
    width: "196px",
    align: "right",
    hideBelow: 980,
    cell: ({ name }) => <TickStrip name={name} />
  }
]

const teach = {
  schedule: {
    title: "No schedules yet",
    icon: CalendarClock,
    text: "A schedule asks for runs by the clock. Make one, and list it under automations in Definitions.make:",
    code: `const everyMorning = Automation.schedule("every_morning", {
  cron: "0 6 * * *",
  timeZone: "Europe/Berlin",
  target: { select: "group:reports" }
})

Definitions.make({ graph, automations: [everyMorning], layer })`
  },
  sensors: {
    title: "No sensors yet",
    icon: Radar,
    text:
      "A sensor asks for runs when it has seen something. Make one, and list it under automations in Definitions.make:",
    code: `const files = Automation.sensor("files", {
  every: "30 seconds",
  target: { select: ["orders"] },
  *evaluate({ cursor }) {
    const newest = yield* newestFile
    return newest === cursor
      ? Automation.skip("no new file")
      : Automation.request({ runKey: newest }, { cursor: newest })
  }
})

Definitions.make({ graph, automations: [files], layer })`
  }
} as const

/** The list of schedules, or of sensors of all kinds. */
export const AutomationsView = ({ kind, search, onSearch }: {
  readonly kind: "schedule" | "sensors"
  readonly search: NamesSearch
  readonly onSearch: (text: string) => void
}) => {
  const navigate = useNavigate()
  const { data, error, refetch } = useAutomations(kind)
  const columns = useMemo(() => columnsOf(kind === "schedule"), [kind])
  const text = (search.q ?? "").toLowerCase()
  const shown = useMemo(
    () =>
      data?.filter(({ description = "", name, target }) =>
        [name, description, target?.words ?? ""].some((part) => part.toLowerCase().includes(text))
      ),
    [data, text]
  )
  const title = kind === "schedule" ? "Schedules" : "Sensors"
  const stopped = data?.filter(({ running }) => !running).length ?? 0
  const { code, icon, text: words, title: none } = teach[kind]
  return (
    <Page title={title} fill>
      <DaemonBanner />
      {data === undefined || data.length === 0 ?
        null :
        (
          <div className="flex flex-wrap items-center gap-2 border-b border-border bg-surface px-4 py-2.5">
            <SearchField
              label={`Search ${title.toLowerCase()}`}
              placeholder="Search…"
              value={search.q ?? ""}
              onChange={onSearch}
              className="w-60"
            />
            <p role="status" className="text-xs text-text-3">
              {text === "" ? data.length : `${shown!.length} of ${data.length}`}
              {stopped === 0 ? "" : ` · ${stopped} stopped`}
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
              label={title}
              rows={shown}
              columns={columns}
              rowHeight={52}
              sortRows={false}
              rowKey={({ name }) => name}
              onOpen={({ name }) => void navigate({ to: "/automation", search: { name } })}
              empty={data!.length === 0
                ? <EmptyState title={none} icon={icon} command={code}>{words}</EmptyState>
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
