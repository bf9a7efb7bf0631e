import { Link, useMatchRoute, useSearch } from "@tanstack/react-router"
import {
  Boxes,
  CalendarClock,
  ChevronRight,
  Folder,
  History,
  Layers,
  ListChecks,
  ListOrdered,
  Network,
  Radar,
  Sparkles,
  Workflow
} from "lucide-react"
import { type ReactNode, useMemo, useState } from "react"
import { type GroupNode, groupTree, useDeployment, useRunningRuns } from "../api/index.ts"
import { conditionsName } from "../api/words.ts"
import { useAutomation, useDaemon } from "../automation/data.ts"
import { stored } from "../external.ts"
import { classes } from "../kit/classes.ts"
import { Tooltip } from "../kit/Tooltip.tsx"
import { navOpen } from "./navigation.ts"

const itemClasses = (narrow: boolean, active: boolean): string =>
  classes(
    "flex h-8 min-w-0 items-center gap-2.5 rounded-md text-sm font-medium -outline-offset-2",
    narrow ? "w-9 justify-center" : "px-2.5",
    active ? "bg-surface-3 text-text" : "text-text-2 hover:bg-surface-2 hover:text-text"
  )

const pages = [
  { to: "/assets", label: "Assets", icon: Boxes },
  { to: "/lineage", label: "Lineage", icon: Network },
  { to: "/runs", label: "Runs", icon: History }
] as const

const automation = [
  { to: "/jobs", label: "Jobs", icon: Workflow },
  { to: "/schedules", label: "Schedules", icon: CalendarClock },
  { to: "/sensors", label: "Sensors", icon: Radar },
  { to: "/automation", label: "Conditions", icon: Sparkles },
  { to: "/backfills", label: "Backfills", icon: Layers },
  { to: "/queue", label: "Queue", icon: ListOrdered }
] as const

type Entry = (typeof pages)[number] | (typeof automation)[number]

/** Where a page is below another one by its address. */
const within: { readonly [to: string]: string | undefined } = { "/assets": "/asset", "/jobs": "/job" }

const closed = new Set(stored.get("closed-groups")?.split("\n"))

const Group = ({ node, level }: { readonly node: GroupNode; readonly level: number }) => {
  const [open, setOpen] = useState(!closed.has(node.name))
  const matches = useMatchRoute()
  const here = matches({ to: "/assets", search: { group: [node.name] }, includeSearch: true }) !== false ||
    matches({ to: "/lineage", search: { group: node.name }, includeSearch: true }) !== false
  const toggle = () => {
    if (open) closed.add(node.name)
    else closed.delete(node.name)
    stored.set("closed-groups", closed.size === 0 ? undefined : [...closed].join("\n"))
    setOpen(!open)
  }
  return (
    <li>
      <div
        className={classes(
          "group/item flex h-7 items-center rounded-md pr-1",
          here ? "bg-surface-3 text-text" : "text-text-2 hover:bg-surface-2 hover:text-text"
        )}
        style={{ paddingLeft: level * 12 }}
      >
        {node.children.length === 0
          ? <Folder size={13} aria-hidden className="mx-[5.5px] shrink-0 opacity-60" />
          : (
            <button
              type="button"
              aria-label={`${open ? "Close" : "Open"} the group ${node.name}`}
              aria-expanded={open}
              onClick={toggle}
              className="flex size-6 shrink-0 items-center justify-center rounded hover:bg-surface-3"
            >
              <ChevronRight size={14} aria-hidden className={classes("transition-transform", open && "rotate-90")} />
            </button>
          )}
        <Link
          to="/assets"
          search={{ group: [node.name] }}
          title={node.name}
          onClick={() => navOpen.set(false)}
          className="flex h-full min-w-0 flex-1 items-center rounded px-0.5 text-sm -outline-offset-2"
        >
          <span className="truncate">{node.label}</span>
        </Link>
        <Link
          to="/lineage"
          search={{ group: node.name }}
          aria-label={`Lineage of the group ${node.name}`}
          title="Lineage of this group"
          onClick={() => navOpen.set(false)}
          className="flex size-6 shrink-0 items-center justify-center rounded opacity-0 group-hover/item:opacity-100 hover:bg-surface-3 focus-visible:opacity-100 pointer-coarse:opacity-100"
        >
          <Network size={13} aria-hidden />
        </Link>
        <span className="min-w-6 pr-1 text-right text-2xs text-text-3 tabular-nums">
          {node.assets.toLocaleString("en")}
        </span>
      </div>
      {open && node.children.length > 0
        ? <ul>{node.children.map((child) => <Group key={child.name} node={child} level={level + 1} />)}</ul>
        : null}
    </li>
  )
}

const Heading = ({ children, narrow }: { readonly children: ReactNode; readonly narrow: boolean }) =>
  narrow ?
    <hr className="my-2 w-6 self-center border-border" /> :
    <h2 className="mt-5 mb-1 px-2.5 text-2xs font-semibold tracking-wide text-text-3 uppercase">{children}</h2>

/** The list that the automation on the screen belongs to: its address does not tell. */
const useListOfAutomation = (): Entry["to"] | undefined => {
  const matches = useMatchRoute()
  const { name } = useSearch({ strict: false })
  const shown = matches({ to: "/automation" }) !== false && name !== conditionsName ? name : undefined
  const kind = useAutomation(shown === "" ? undefined : shown).data?.kind
  return kind === undefined ? undefined : kind === "schedule" ? "/schedules" : "/sensors"
}

const Item = ({ children, entry: { icon: Icon, label, to }, here = false, narrow }: {
  readonly entry: Entry
  /** What is on the screen belongs to it. */
  readonly here?: boolean
  readonly narrow: boolean
  readonly children?: ReactNode
}) => {
  const matches = useMatchRoute()
  const below = within[to]
  // of the pages of automations only that of the conditions has an entry of its own
  const active = to === "/automation"
    ? matches({ to, search: { name: conditionsName }, includeSearch: true }) !== false
    : here || matches({ to, fuzzy: true }) !== false || (below !== undefined && matches({ to: below }) !== false)
  const link = (
    <Link
      to={to}
      {...to === "/automation" ? { search: { name: conditionsName } } : {}}
      aria-label={narrow ? label : undefined}
      aria-current={active ? "page" : undefined}
      onClick={() => navOpen.set(false)}
      className={itemClasses(narrow, active)}
    >
      <Icon size={16} aria-hidden className="shrink-0" />
      {narrow ? null : <span className="flex-1">{label}</span>}
      {narrow ? null : children}
    </Link>
  )
  return narrow ? <Tooltip text={label} side="right" describes={false}>{link}</Tooltip> : link
}

/** The pages and the groups. `narrow` shows icons only. */
export const Navigation = ({ narrow = false }: { readonly narrow?: boolean }) => {
  const deployment = useDeployment()
  const running = useRunningRuns().size
  const waiting = useDaemon()?.queued ?? 0
  const list = useListOfAutomation()
  const groups = useMemo(() => groupTree(deployment?.groups ?? []), [deployment?.groups])
  return (
    <nav
      aria-label="Main"
      className={classes("flex min-h-0 flex-1 flex-col overflow-y-auto p-2 *:shrink-0", narrow && "items-center")}
    >
      {pages.map((entry) => (
        <Item key={entry.to} entry={entry} narrow={narrow}>
          {entry.to !== "/runs" || running === 0 ?
            null :
            <span className="rounded-full bg-running-soft px-1.5 text-2xs text-running-text">{running} running</span>}
        </Item>
      ))}
      <Heading narrow={narrow}>Automation</Heading>
      {automation.map((entry) => (
        <Item key={entry.to} entry={entry} here={entry.to === list} narrow={narrow}>
          {entry.to !== "/queue" || waiting === 0 ?
            null :
            (
              <span className="rounded-full bg-surface-3 px-1.5 text-2xs text-text-2">
                {waiting.toLocaleString("en")} waiting
              </span>
            )}
        </Item>
      ))}
      {narrow ? null : (
        <>
          <Heading narrow={narrow}>Groups</Heading>
          {groups.length === 0
            ? (
              <p className="flex items-center gap-2 px-2.5 text-xs text-text-3">
                <ListChecks size={14} aria-hidden className="shrink-0" />
                {deployment === undefined ? "Loading…" : "Assets with a group are listed here."}
              </p>
            )
            : <ul>{groups.map((group) => <Group key={group.name} node={group} level={0} />)}</ul>}
        </>
      )}
    </nav>
  )
}
