/** The lists of schedules and of sensors. */
import { useNavigate } from "@tanstack/react-router"
import { CalendarClock, Radar } from "lucide-react"
import { useMemo } from "react"
import { Badge, type Column, EmptyState, RelativeTime } from "../kit/index.ts"
import type { NamesSearch } from "../search.ts"
import { type Automation, useAutomations, useDaemon } from "./data.ts"
import { NamedList } from "./NamedList.tsx"
import { RunningSwitch } from "./RunningSwitch.tsx"
import { AutomationLink, Target } from "./Target.tsx"
import { TickBadge } from "./TickDetails.tsx"
import { TickStrip } from "./TickStrip.tsx"
import { kindLabel, tickText, whenText } from "./words.ts"

const columnsOf = (schedules: boolean, acts: boolean): ReadonlyArray<Column<Automation>> => [
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
    // a stream begins again in a moment
    width: schedules ? "112px" : "144px",
    hideBelow: 560,
    cell: ({ evaluatingSince, kind, nextTickAt, running }) =>
      evaluatingSince !== undefined
        ? <Badge tone="running">evaluating</Badge>
        : running && !acts
        ? <span className="text-text-3">no daemon</span>
        : nextTickAt !== undefined
        ? (
          <span className="text-text-2">
            {kind === "streamSensor" ? "again " : ""}
            <RelativeTime ahead at={nextTickAt} />
          </span>
        )
        : running
        ? <span className="text-text-3">{schedules ? "never" : "on events"}</span>
        : <span className="text-text-3">stopped</span>
  },
  {
    id: "last",
    header: "Last tick",
    width: "minmax(122px, 1.8fr)",
    cell: ({ kind, lastTick }) =>
      lastTick === undefined ? <span className="text-text-3">none yet</span> : (
        <span className="flex min-w-0 flex-col">
          <span className="flex min-w-0 items-center gap-2">
            <TickBadge tick={{ kind, status: lastTick.status }} />
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

const wordsOf = ({ description, name, target }: Automation) => [name, description, target?.words]

/** The list of schedules, or of sensors of all kinds. */
export const AutomationsView = ({ kind, search, onSearch }: {
  readonly kind: "schedule" | "sensors"
  readonly search: NamesSearch
  readonly onSearch: (text: string) => void
}) => {
  const navigate = useNavigate()
  const { data, error, refetch } = useAutomations(kind)
  const acts = useDaemon()?.present !== false
  const columns = useMemo(() => columnsOf(kind === "schedule", acts), [kind, acts])
  const stopped = data?.filter(({ running }) => !running).length ?? 0
  const { code, icon, text, title } = teach[kind]
  return (
    <NamedList
      title={kind === "schedule" ? "Schedules" : "Sensors"}
      rows={data}
      error={error}
      refetch={refetch}
      columns={columns}
      words={wordsOf}
      search={search.q ?? ""}
      onSearch={onSearch}
      onOpen={({ name }) => void navigate({ to: "/automation", search: { name } })}
      note={stopped === 0 ? "" : ` · ${stopped} stopped`}
      empty={<EmptyState title={title} icon={icon} command={code}>{text}</EmptyState>}
    />
  )
}
