import { useNavigate } from "@tanstack/react-router"
import { Command } from "cmdk"
import {
  Boxes,
  CalendarClock,
  CornerDownLeft,
  Folder,
  Globe,
  History,
  Layers,
  ListOrdered,
  type LucideIcon,
  Moon,
  Network,
  Radar,
  RotateCw,
  Search,
  Sparkles,
  Sun,
  Workflow
} from "lucide-react"
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react"
import { type AssetNode, statusOf, useDeployment, useGraph, useReload, useRuns, useStatus } from "../api/index.ts"
import { conditionsName } from "../api/words.ts"
import { useAutomations, useJobs } from "../automation/data.ts"
import { kindLabel } from "../automation/words.ts"
import { StatusDot } from "../kit/Badge.tsx"
import { AssetName, shortId } from "../kit/links.tsx"
import { RelativeTime } from "../kit/Time.tsx"
import { showToast } from "../kit/Toasts.tsx"
import { setTheme } from "../theme.ts"
import { setZone, useZone } from "../time.ts"
import { searchTexts } from "./match.ts"

const Item = ({ value, icon: Icon, children, onSelect, hint }: {
  readonly value: string
  readonly icon?: LucideIcon
  readonly children: ReactNode
  readonly onSelect: () => void
  readonly hint?: ReactNode
}) => (
  <Command.Item
    value={value}
    onSelect={onSelect}
    className="group flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-sm aria-selected:bg-surface-3"
  >
    {Icon === undefined ? null : <Icon size={15} aria-hidden className="shrink-0 text-text-3" />}
    <span className="flex min-w-0 flex-1 items-center gap-2.5 truncate">{children}</span>
    {hint === undefined ? null : <span className="shrink-0 text-xs text-text-2">{hint}</span>}
    <CornerDownLeft size={13} aria-hidden className="invisible shrink-0 text-text-3 group-aria-selected:visible" />
  </Command.Item>
)

const AssetItem = ({ node, onSelect }: { readonly node: AssetNode; readonly onSelect: () => void }) => (
  <Item value={`asset ${node.key}`} onSelect={onSelect} hint={node.group}>
    <StatusDot status={statusOf(node, useStatus(node.key))} />
    <span className="truncate">
      <AssetName assetKey={node.key} />
    </span>
  </Item>
)

const groupClasses =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:font-semibold [&_[cmdk-group-heading]]:text-text-3"

/** The search over everything, in a dialog of its own. */
const PaletteDialog = ({ onClose }: { readonly onClose: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState("")
  const navigate = useNavigate()
  const { graph } = useGraph()
  const deployment = useDeployment()
  const runs = useRuns({})
  const jobs = useJobs().data
  const automations = useAutomations().data
  const zone = useZone()
  const reload = useReload(() => showToast({ tone: "success", title: "Definitions are loaded anew" }))

  useLayoutEffect(() => {
    const element = dialog.current
    if (element === null) return
    element.showModal()
    // a dialog gives the focus to the first thing that can have it, which is not the field
    element.querySelector("input")?.focus()
    return () => element.close()
  }, [])

  const go = (action: () => unknown) => () => {
    onClose()
    void action()
  }
  const assets = useMemo(
    () => searchTexts(graph?.assets ?? [], ({ key }) => key, text, text === "" ? 6 : 30),
    [graph, text]
  )
  const groups = useMemo(
    () => searchTexts(deployment?.groups ?? [], ({ name }) => name, text, text === "" ? 4 : 10),
    [deployment, text]
  )
  const found = searchTexts(runs.items ?? [], ({ id }) => id, text, text === "" ? 4 : 10)
  const named = searchTexts(
    [
      ...(jobs ?? []).map(({ name }) => ({
        name,
        icon: Workflow,
        hint: "Job",
        run: () => navigate({ to: "/job", search: { name } })
      })),
      ...(automations ?? []).filter(({ kind }) => kind !== "condition").map(({ kind, name }) => ({
        name,
        icon: kind === "schedule" ? CalendarClock : Radar,
        hint: kindLabel[kind],
        run: () => navigate({ to: "/automation", search: { name } })
      }))
    ],
    ({ name }) => name,
    text,
    text === "" ? 0 : 10
  )
  const id = text.trim()
  const pages = searchTexts(
    [
      { label: "Assets", icon: Boxes, run: () => navigate({ to: "/assets" }) },
      { label: "Lineage", icon: Network, run: () => navigate({ to: "/lineage" }) },
      { label: "Runs", icon: History, run: () => navigate({ to: "/runs" }) },
      { label: "Jobs", icon: Workflow, run: () => navigate({ to: "/jobs" }) },
      { label: "Schedules", icon: CalendarClock, run: () => navigate({ to: "/schedules" }) },
      { label: "Sensors", icon: Radar, run: () => navigate({ to: "/sensors" }) },
      {
        label: "Conditions",
        icon: Sparkles,
        run: () => navigate({ to: "/automation", search: { name: conditionsName } })
      },
      { label: "Backfills", icon: Layers, run: () => navigate({ to: "/backfills" }) },
      { label: "Queue", icon: ListOrdered, run: () => navigate({ to: "/queue" }) }
    ],
    ({ label }) => label,
    text,
    10
  )
  const actions = searchTexts(
    [
      { label: "Reload definitions", icon: RotateCw, run: () => reload.run() },
      { label: "Use the dark theme", icon: Moon, run: () => setTheme("dark") },
      { label: "Use the light theme", icon: Sun, run: () => setTheme("light") },
      zone === "UTC"
        ? { label: "Show times in the local time zone", icon: Globe, run: () => setZone("local") }
        : { label: "Show times in UTC", icon: Globe, run: () => setZone("UTC") }
    ],
    ({ label }) => label,
    text,
    10
  )
  const nothing = assets.length + groups.length + found.length + pages.length + named.length + actions.length === 0

  return (
    <dialog
      ref={dialog}
      aria-label="Search"
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
      className="mx-auto mt-[12dvh] mb-auto w-[min(640px,calc(100vw-24px))] rounded-xl border border-border bg-surface shadow-float"
    >
      <Command shouldFilter={false} loop label="Search">
        <div className="flex items-center gap-2.5 border-b border-border px-4">
          <Search size={16} aria-hidden className="shrink-0 text-text-3" />
          <Command.Input
            value={text}
            onValueChange={setText}
            placeholder="Search assets, groups, jobs, runs, pages and actions…"
            className="h-12 w-full bg-transparent text-base outline-none"
          />
        </div>
        <Command.List className="max-h-[min(440px,60dvh)] overflow-auto p-1.5">
          {nothing && id === "" ? <p className="p-6 text-center text-sm text-text-2">Nothing is there yet.</p> : null}
          {assets.length === 0 ? null : (
            <Command.Group heading="Assets" className={groupClasses}>
              {assets.map((node) => (
                <AssetItem
                  key={node.key}
                  node={node}
                  onSelect={go(() => navigate({ to: "/asset", search: { key: node.key } }))}
                />
              ))}
            </Command.Group>
          )}
          {groups.length === 0 ? null : (
            <Command.Group heading="Groups" className={groupClasses}>
              {groups.map(({ assets, name }) => (
                <Item
                  key={name}
                  value={`group ${name}`}
                  icon={Folder}
                  hint={`${assets.toLocaleString("en")} assets`}
                  onSelect={go(() => navigate({ to: "/assets", search: { group: [name] } }))}
                >
                  {name}
                </Item>
              ))}
            </Command.Group>
          )}
          {pages.length === 0 ? null : (
            <Command.Group heading="Pages" className={groupClasses}>
              {pages.map(({ icon, label, run }) => (
                <Item key={label} value={`page ${label}`} icon={icon} onSelect={go(run)}>{label}</Item>
              ))}
            </Command.Group>
          )}
          {named.length === 0 ? null : (
            <Command.Group heading="Automation" className={groupClasses}>
              {named.map(({ hint, icon, name, run }) => (
                <Item key={`${hint} ${name}`} value={`${hint} ${name}`} icon={icon} hint={hint} onSelect={go(run)}>
                  <span className="truncate">{name}</span>
                </Item>
              ))}
            </Command.Group>
          )}
          {found.length === 0 ? null : (
            <Command.Group heading="Runs" className={groupClasses}>
              {found.map((run) => (
                <Item
                  key={run.id}
                  value={`run ${run.id}`}
                  hint={<RelativeTime at={run.startedAt} />}
                  onSelect={go(() => navigate({ to: "/runs/$id", params: { id: run.id } }))}
                >
                  <StatusDot status={run.status} />
                  <span className="font-mono text-xs">{shortId(run.id)}</span>
                  <span className="truncate text-text-2">{run.assets.join(", ")}</span>
                </Item>
              ))}
            </Command.Group>
          )}
          {actions.length === 0 ? null : (
            <Command.Group heading="Actions" className={groupClasses}>
              {actions.map(({ icon, label, run }) => (
                <Item key={label} value={`action ${label}`} icon={icon} onSelect={go(run)}>{label}</Item>
              ))}
            </Command.Group>
          )}
          {id === "" ? null : (
            <Command.Group heading="Elsewhere" className={groupClasses}>
              <Item
                value="search"
                icon={Search}
                onSelect={go(() => navigate({ to: "/assets", search: { q: id } }))}
              >
                <span className="truncate">List assets with “{id}”</span>
              </Item>
              {id.length < 8 ?
                null :
                (
                  <Item
                    value="open run"
                    icon={History}
                    onSelect={go(() => navigate({ to: "/runs/$id", params: { id } }))}
                  >
                    <span className="truncate">Open the run “{id}”</span>
                  </Item>
                )}
            </Command.Group>
          )}
        </Command.List>
      </Command>
    </dialog>
  )
}

export default PaletteDialog
