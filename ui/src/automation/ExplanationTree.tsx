import { ChevronRight, CircleCheck, CircleDashed, CircleDot, CircleMinus, type LucideIcon } from "lucide-react"
import { type KeyboardEvent, useMemo, useRef, useState } from "react"
import { AssetLink, Badge, classes } from "../kit/index.ts"
import type { ExplanationNode } from "./data.ts"
import { type ExplanationRow, holdsText, openAtFirst, rowsOf } from "./explanation.ts"

const looks: {
  readonly [status in ExplanationNode["status"]]: { readonly icon: LucideIcon; readonly text: string }
} = {
  true: { icon: CircleCheck, text: "text-fresh-text" },
  partly: { icon: CircleDot, text: "text-running-text" },
  false: { icon: CircleMinus, text: "text-missing-text" },
  unasked: { icon: CircleDashed, text: "text-text-3" }
}

/** The asset that a part is about, where it is one: a check is `KEY:CHECK`, a job `:NAME`. */
const About = ({ about, known }: { readonly about: string; readonly known: (key: string) => boolean }) =>
  known(about)
    ? <AssetLink assetKey={about} tabIndex={-1} className="font-mono text-xs" />
    : <span className="font-mono text-xs break-all">{about}</span>

const Row = ({ current, known, onToggle, row }: {
  readonly row: ExplanationRow
  readonly current: boolean
  readonly known: (key: string) => boolean
  readonly onToggle: () => void
}) => {
  const { change, changesBelow, level, node, open } = row
  const { icon: Icon, text } = looks[node.status]
  const branch = node.children.length > 0
  return (
    <li
      role="treeitem"
      data-path={row.path}
      data-status={node.status}
      aria-level={level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={branch ? open : undefined}
      aria-selected={false}
      tabIndex={current ? 0 : -1}
      onClick={(event) => {
        if (branch && !(event.target instanceof Element && event.target.closest("a") !== null)) onToggle()
      }}
      className={classes(
        "flex min-h-7 min-w-0 items-start gap-1.5 rounded-sm border-l-2 py-0.5 pr-3 -outline-offset-2",
        branch && "cursor-pointer hover:bg-surface-2",
        change === undefined
          ? "border-transparent"
          : changesBelow
          ? "border-accent"
          : "border-accent bg-accent-soft",
        node.status === "unasked" && "text-text-3"
      )}
      style={{ paddingLeft: Math.min(level, 12) * 16 - 8 }}
    >
      <span aria-hidden className="flex h-6 w-4 shrink-0 items-center justify-center">
        {branch
          ? <ChevronRight size={14} className={classes("text-text-3 transition-transform", open && "rotate-90")} />
          : null}
      </span>
      <span className={classes("flex h-6 shrink-0 items-center", text)}>
        <Icon size={14} aria-hidden />
      </span>
      <span className="min-w-0 flex-1 leading-6 break-words *:mr-2">
        <span className="text-sm">{node.label}</span>
        {node.about === undefined ? null : <About about={node.about} known={known} />}
        <span className={classes("text-xs whitespace-nowrap", text)}>{holdsText(node, row.partitioned)}</span>
        {node.words === undefined ?
          null :
          (
            <span
              title={node.words}
              className="inline-block max-w-64 truncate align-bottom font-mono text-xs text-text-2"
            >
              {node.words}
            </span>
          )}
        {node.note === undefined ? null : <span className="text-xs text-text-2">{node.note}</span>}
        {change === undefined ? null : <Badge tone="running">{change}</Badge>}
        {change === undefined && changesBelow && !open
          ? <span className="text-xs text-accent-text">something below has changed</span>
          : null}
      </span>
    </li>
  )
}

/**
 * Why a condition held, or did not: its parts as a tree. `before`: the evaluation before it, so that changes stand out.
 * Arrow keys move, open and close.
 */
export const ExplanationTree = ({ before, known, label, root }: {
  readonly root: ExplanationNode
  readonly before: ExplanationNode | undefined
  readonly label: string
  readonly known: (key: string) => boolean
}) => {
  const list = useRef<HTMLUListElement>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(root, before))
  const [current, setCurrent] = useState("0")
  const rows = useMemo(() => rowsOf(root, open, before), [root, open, before])
  const at = Math.max(0, rows.findIndex(({ path }) => path === current))

  const toggle = (path: string, on: boolean) =>
    setOpen((before) => {
      const after = new Set(before)
      if (on) after.add(path)
      else after.delete(path)
      return after
    })
  const focus = (path: string) => {
    setCurrent(path)
    list.current?.querySelector<HTMLElement>(`[data-path="${path}"]`)?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLUListElement>) => {
    const row = rows[at]
    if (row === undefined) return
    const branch = row.node.children.length > 0
    const parent = row.path.slice(0, Math.max(0, row.path.lastIndexOf(".")))
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        focus(rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))]!.path)
        break
      case "Home":
        focus(rows[0]!.path)
        break
      case "End":
        focus(rows.at(-1)!.path)
        break
      case "ArrowRight":
        if (branch && !row.open) toggle(row.path, true)
        else if (branch) focus(rows[at + 1]!.path)
        break
      case "ArrowLeft":
        if (row.open) toggle(row.path, false)
        else if (parent !== "") focus(parent)
        break
      case "Enter":
      case " ":
        if (event.target instanceof HTMLAnchorElement) return
        if (branch) toggle(row.path, !row.open)
        break
      default:
        return
    }
    event.preventDefault()
  }
  return (
    <ul
      ref={list}
      role="tree"
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const path = event.target.closest<HTMLElement>("[data-path]")?.dataset.path
        if (path !== undefined) setCurrent(path)
      }}
      className="flex min-w-0 flex-col"
    >
      {rows.map((row, index) => (
        <Row
          key={row.path}
          row={row}
          current={index === at}
          known={known}
          onToggle={() => {
            setCurrent(row.path)
            toggle(row.path, !row.open)
          }}
        />
      ))}
    </ul>
  )
}
