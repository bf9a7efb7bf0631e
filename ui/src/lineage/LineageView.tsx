/** The page of the lineage graph. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import {
  ChevronsDownUp,
  ChevronsUpDown,
  Copy,
  Info,
  ListFilter,
  Network,
  PanelRightClose,
  PanelRightOpen,
  SearchX,
  Share2,
  X
} from "lucide-react"
import { useCallback, useEffect, useMemo, useRef, useState } from "react"
import { Api } from "../api/contract.ts"
import { type Graph, useGraph, useSelection } from "../api/index.ts"
import { SelectionField, SelectionProblem } from "../assets/SelectionField.tsx"
import { stored } from "../external.ts"
import { GraphView } from "../graph/GraphView.tsx"
import {
  Button,
  buttonClasses,
  Drawer,
  EmptyState,
  ErrorView,
  IconButton,
  Menu,
  Popover,
  Select,
  showToast,
  Skeleton
} from "../kit/index.ts"
import { MaterializeButton } from "../launch/index.ts"
import type { LineageSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"
import { defaultExpanded, expandedOf, expansionSearch, groupsOf } from "./expansion.ts"
import { FindAsset } from "./FindAsset.tsx"
import { Legend } from "./Legend.tsx"
import { type Extension, Panel } from "./Panel.tsx"
import { useDrawn, useWordOf } from "./useDrawn.tsx"
import { useMedia } from "./useMedia.ts"
import { useSelected } from "./useSelected.ts"
import { allHops, reachedFrom, titleOf, type View, viewOf } from "./view.ts"

type Change = (next: Partial<Record<keyof LineageSearch, unknown>>, replace?: boolean) => void

const Chip = ({ label, onRemove, value }: {
  readonly label: string
  readonly value: string
  readonly onRemove: () => void
}) => (
  <span className="inline-flex h-8 max-w-72 items-center gap-1 rounded-md bg-accent-soft pr-0.5 pl-2.5 text-sm text-accent-text">
    <span className="truncate" title={value}>
      {label} <strong className="font-semibold">{value}</strong>
    </span>
    <IconButton
      icon={X}
      label={`Show more than ${label.toLowerCase()} ${value}`}
      tooltip="Show the whole graph"
      size="sm"
      onClick={onRemove}
      className="text-accent-text"
    />
  </span>
)

const hopChoices = ["1", "2", "3", "4", "5", "10"]

/** How far a neighbourhood goes, and in which direction. */
const Hops = ({ change, search }: { readonly search: LineageSearch; readonly change: Change }) => {
  const hops = search.hops ?? 1
  const value = hops >= allHops ? "all" : String(hops)
  const choices = value === "all" || hopChoices.includes(value) ? hopChoices : [value, ...hopChoices]
  return (
    <>
      <Select
        label="Steps"
        hideLabel
        value={value}
        onChange={(value) => change({ hops: value === "all" ? allHops : Number(value) })}
        options={[
          ...choices.map((value) => ({ value, label: value === "1" ? "1 step" : `${value} steps` })),
          { value: "all", label: "All steps" }
        ]}
        className="w-26"
      />
      <Select
        label="Direction"
        hideLabel
        value={search.direction ?? "both"}
        onChange={(value) => change({ direction: value === "both" ? undefined : value })}
        options={[
          { value: "both", label: "Up and down" },
          { value: "up", label: "Upstream" },
          { value: "down", label: "Downstream" }
        ]}
        className="w-34"
      />
    </>
  )
}

/** Selects what an expression says, within what is shown. */
const SelectByExpression = ({ close, isShown, onSelect }: {
  readonly isShown: (key: string) => boolean
  readonly onSelect: (keys: ReadonlyArray<string>) => void
  readonly close: () => void
}) => {
  const [text, setText] = useState<string>()
  const result = useSelection(text)
  const all = text === undefined ? [] : result.data?.keys ?? []
  const keys = all.filter(isShown)
  return (
    <form
      className="flex w-80 max-w-full flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (keys.length === 0) return
        onSelect(keys)
        close()
      }}
    >
      <SelectionField select={text} result={result} onChange={setText} />
      {result.error === undefined || text === undefined
        ? null
        : <SelectionProblem error={result.error} select={text} />}
      <div className="flex items-center justify-between gap-2">
        <span role="status" className="text-xs text-text-2">
          {text === undefined || result.data === undefined
            ? "Selects within what is shown"
            : keys.length === all.length
            ? `${keys.length.toLocaleString("en")} found`
            : `${keys.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} are shown here`}
        </span>
        <Button type="submit" kind="primary" size="sm" disabled={keys.length === 0}>
          Select{keys.length === 0 ? "" : ` ${keys.length.toLocaleString("en")}`}
        </Button>
      </div>
    </form>
  )
}

const copyText = async (text: string, what: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text)
    showToast({ tone: "success", title: `The graph is copied as ${what}` })
  } catch {
    showToast({ tone: "error", title: "The browser does not allow to copy" })
  }
}

const CopyMenu = ({ graph, view }: { readonly graph: Graph; readonly view: View }) => {
  const drawing = () => Api.Drawing.ofAssets(graph, view.data.nodes.map(({ id }) => id))
  return (
    <Menu
      label="Copy the graph"
      side="bottom-end"
      trigger={(props) => <Button {...props} aria-label="Copy the graph" icon={Share2} className="px-2" />}
      items={[
        {
          label: "Copy as Mermaid",
          icon: Copy,
          onSelect: () => void copyText(Api.Drawing.toMermaid(drawing()), "Mermaid")
        },
        { label: "Copy as DOT", icon: Copy, onSelect: () => void copyText(Api.Drawing.toDot(drawing()), "DOT") }
      ]}
    />
  )
}

/** So long after the first click, a second one is no double click. */
const doubleClickMillis = 350

/**
 * Whether there is something to tell of, once that has settled: the graph becomes narrower beside what is told, which must not
 * happen between the two clicks of a double click.
 */
const useSettled = (has: boolean): boolean => {
  const [settled, setSettled] = useState(has)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(has), doubleClickMillis)
    return () => clearTimeout(timer)
  }, [has])
  return settled
}

/** The graph, or why there is none. */
const Lineage = ({ graph }: { readonly graph: Graph }) => {
  const search = useSearch({ from: "/lineage" })
  const navigate = useNavigate({ from: "/lineage" })
  const selection = useSelection(search.select)
  const wide = useMedia("(min-width: 1024px)")
  const [closed, setClosed] = useState(stored.get("lineage-panel") === "closed")
  const [drawer, setDrawer] = useState(false)

  const change: Change = useCallback((next, replace = true) =>
    void navigate({
      // parameters that are undefined leave the address; the route reads the rest
      search: (before) => ({ ...before, ...next }) as LineageSearch,
      replace
    }), [navigate])
  const go = useCallback((next: LineageSearch) => {
    setDrawer(false)
    void navigate({ search: next })
  }, [navigate])

  const { direction, focus, group, hops, select } = search
  const refused = selection.error !== undefined && select !== undefined
  const keys = useMemo(
    // what cannot be read, or is not known yet, selects nothing rather than everything: the page launches what it shows
    () => select === undefined ? undefined : new Set(refused ? [] : selection.data?.keys),
    [selection.data, select, refused]
  )
  const isNeighbourhood = focus !== undefined && hops !== undefined
  // what a selection selects is not known at once
  const waiting = select !== undefined && selection.data === undefined && !refused && !isNeighbourhood
  const view = useMemo(
    () => viewOf(graph, { keys, group, focus, hops, direction }),
    [graph, keys, group, focus, hops, direction]
  )
  const { data } = view
  const shownKeys = useMemo(() => data.nodes.map(({ id }) => id), [data])
  const shown = useMemo(() => new Set(shownKeys), [shownKeys])
  // neighbours of a group are shown for its sake: they are not what is looked at
  const ownKeys = useMemo(() => shownKeys.filter((key) => !view.outside.has(key)), [shownKeys, view])
  const isShown = useCallback((key: string) => shown.has(key), [shown])

  const groups = useMemo(() => groupsOf(data), [data])
  const byDefault = useMemo(() => defaultExpanded(view), [view])
  const soughtNode = focus === undefined || isNeighbourhood ? undefined : data.nodes.find(({ id }) => id === focus)
  const expanded = useMemo(() => {
    const open = expandedOf({ expanded: search.expanded, fold: search.fold }, groups, byDefault)
    return soughtNode === undefined ? open : new Set([...open, soughtNode.group ?? ""])
  }, [search.expanded, search.fold, groups, byDefault, soughtNode])
  const setExpanded = (next: ReadonlySet<string>) =>
    change({
      ...expansionSearch(next, groups, byDefault),
      // it would keep its group open
      ...(isNeighbourhood ? {} : { focus: undefined })
    })
  const toggle = (name: string) => {
    const next = new Set(expanded)
    if (!next.delete(name)) next.add(name)
    setExpanded(next)
  }

  const { selected, select: onSelect } = useSelected(data)
  const selectedKeys = useMemo(() => [...selected], [selected])
  const choose = useCallback((keys: ReadonlyArray<string>) => onSelect(keys, "replace"), [onSelect])
  const wordOf = useWordOf(graph)
  const drawn = useDrawn(graph, view, wordOf, isNeighbourhood ? focus : undefined)

  // what is sought is selected and moved to the middle: now, and once more when its group is open
  const [centre, setCentre] = useState<string>()
  const sought = useRef<string>(undefined)
  const seek = useCallback((key: string) => {
    sought.current = key
    setCentre(undefined)
    requestAnimationFrame(() => setCentre(key))
    choose([key])
  }, [choose])
  const isSought = focus !== undefined && !isNeighbourhood && shown.has(focus)
  const chooseRef = useRef(choose)
  chooseRef.current = choose
  useEffect(() => {
    if (!isSought) return
    sought.current = focus
    setCentre(focus)
    chooseRef.current([focus])
  }, [isSought, focus])
  const onReady = useCallback(() => {
    const key = sought.current
    if (key === undefined) return
    sought.current = undefined
    setCentre(undefined)
    requestAnimationFrame(() => setCentre(key))
  }, [])
  const onFind = (key: string) => {
    if (!shown.has(key)) return go({ focus: key })
    const name = data.nodes.find(({ id }) => id === key)?.group ?? ""
    if (isNeighbourhood || focus === key || !groups.includes(name)) return seek(key)
    change({ focus: key, hops: undefined })
  }

  const onExtend = (by: Extension) =>
    onSelect([
      ...(by === "down" ? [] : reachedFrom(data, selected, "up", by === "next" ? 1 : undefined)),
      ...(by === "up" ? [] : reachedFrom(data, selected, "down", by === "next" ? 1 : undefined))
    ], "add")

  const title = titleOf(search)
  const isWhole = ownKeys.length === graph.assets.length
  const hasDetails = useSettled(selectedKeys.length > 0)
  const panelOpen = wide && !closed && hasDetails
  const foldable = view.folded && groups.length > 1
  const panel = (
    <Panel
      graph={graph}
      selected={selectedKeys}
      wordOf={wordOf}
      onSelect={choose}
      onExtend={onExtend}
      onSearch={go}
      onClear={() => {
        choose([])
        setDrawer(false)
      }}
    />
  )

  const nothing = waiting
    ? null
    : refused && !isNeighbourhood
    ? <EmptyState title="The selection cannot be read" icon={SearchX}>Its mistake is marked above.</EmptyState>
    : isNeighbourhood && data.nodes.length === 0
    ? (
      <EmptyState
        title="There is no such asset"
        icon={SearchX}
        action={<Button onClick={() => go({})}>Show the whole graph</Button>}
      >
        <code className="font-mono break-all">{focus}</code>
      </EmptyState>
    )
    : data.nodes.length === 0
    ? (
      <EmptyState
        title="Nothing is selected"
        icon={SearchX}
        action={<Button onClick={() => go({})}>Show the whole graph</Button>}
      >
        {group !== undefined && select === undefined
          ? <>There are no assets in the group {group}.</>
          : "The expression selects no asset of the graph."}
      </EmptyState>
    )
    : undefined

  return (
    <Page
      title={title}
      fill
      actions={
        <>
          {selectedKeys.length > 0
            ? (
              <MaterializeButton
                keys={selectedKeys}
                label={`Materialize ${selectedKeys.length.toLocaleString("en")} selected`}
              />
            )
            : isWhole
            ? <MaterializeButton label="Materialize all" />
            : (
              <MaterializeButton
                keys={ownKeys}
                label={`Materialize ${ownKeys.length.toLocaleString("en")} shown`}
                disabled={refused && !isNeighbourhood ? "The selection cannot be read" : undefined}
              />
            )}
          <CopyMenu graph={graph} view={view} />
        </>
      }
    >
      <div className="flex shrink-0 flex-col gap-2 border-b border-border px-3 py-2 md:px-4">
        <div className="flex flex-wrap items-start gap-2">
          <FindAsset
            assets={graph.assets}
            isShown={isShown}
            onFind={onFind}
            className="min-w-40 flex-1 sm:max-w-52"
          />
          {isNeighbourhood
            ? (
              <>
                <Chip
                  label="Around"
                  value={focus}
                  onRemove={() => change({ hops: undefined, direction: undefined, expanded: undefined }, false)}
                />
                <Hops search={search} change={change} />
              </>
            )
            : (
              <>
                <SelectionField
                  select={select}
                  result={selection}
                  onChange={(text) => change({ select: text, expanded: undefined, fold: undefined, focus: undefined })}
                  className="min-w-52 flex-[1.6] sm:max-w-80"
                />
                {group === undefined
                  ? null
                  : (
                    <Chip
                      label="Group"
                      value={group}
                      onRemove={() =>
                        change({ group: undefined, expanded: undefined, fold: undefined, focus: undefined }, false)}
                    />
                  )}
              </>
            )}
          <div className="ml-auto flex flex-wrap items-center gap-1">
            <span role="status" className="mr-1 text-xs whitespace-nowrap text-text-2 tabular-nums">
              {isWhole
                ? `${graph.assets.length.toLocaleString("en")} assets`
                : `${ownKeys.length.toLocaleString("en")} of ${graph.assets.length.toLocaleString("en")} assets`}
            </span>
            {foldable
              ? (
                <>
                  <IconButton
                    icon={ChevronsUpDown}
                    label="Expand all groups"
                    disabled={groups.every((name) => expanded.has(name))}
                    onClick={() => setExpanded(new Set(groups))}
                  />
                  <IconButton
                    icon={ChevronsDownUp}
                    label="Collapse all groups"
                    disabled={!groups.some((name) => expanded.has(name))}
                    onClick={() => setExpanded(new Set())}
                  />
                </>
              )
              : null}
            <Popover
              label="Select by expression"
              side="bottom-end"
              trigger={(props) => (
                <Button
                  {...props}
                  kind="ghost"
                  aria-label="Select by expression"
                  title="Select by expression"
                  className="px-2"
                >
                  <ListFilter size={16} aria-hidden />
                </Button>
              )}
            >
              {(close) => <SelectByExpression isShown={isShown} onSelect={choose} close={close} />}
            </Popover>
            <Popover
              label="Legend"
              side="bottom-end"
              trigger={(props) => (
                <Button {...props} kind="ghost" aria-label="Legend" title="Legend" className="px-2">
                  <Info size={16} aria-hidden />
                </Button>
              )}
            >
              <Legend />
            </Popover>
            {wide && selectedKeys.length > 0
              ? (
                <IconButton
                  icon={closed ? PanelRightOpen : PanelRightClose}
                  label={closed ? "Show the details" : "Hide the details"}
                  onClick={() => {
                    stored.set("lineage-panel", closed ? undefined : "closed")
                    setClosed(!closed)
                  }}
                />
              )
              : null}
          </div>
        </div>
        {refused && !isNeighbourhood ? <SelectionProblem error={selection.error} select={select} /> : null}
      </div>
      <div className="flex min-h-0 flex-1">
        <div className="relative min-w-0 flex-1">
          {nothing !== undefined ? nothing : (
            <GraphView
              {...drawn}
              data={data}
              folded={view.folded}
              expanded={expanded}
              onToggleGroup={toggle}
              selected={selected}
              onSelect={onSelect}
              onOpen={(key) => void navigate({ to: "/asset", search: { key } })}
              focusId={centre ?? (isNeighbourhood && data.nodes.length > 60 ? focus : undefined)}
              onReady={onReady}
              label={title}
            />
          )}
          {selectedKeys.length === 0 || (wide && !closed) ? null : (
            <div
              role="region"
              aria-label="Selected assets"
              className="absolute bottom-3 left-1/2 max-md:bottom-36 z-20 flex max-w-[calc(100%-16px)] -translate-x-1/2 items-center gap-2 rounded-xl border border-border bg-surface py-1.5 pr-1.5 pl-4 shadow-float"
            >
              <span role="status" className="max-w-48 truncate text-sm whitespace-nowrap">
                {selectedKeys.length === 1 ? selectedKeys[0] : `${selectedKeys.length.toLocaleString("en")} selected`}
              </span>
              <Button
                size="sm"
                onClick={() => {
                  if (!wide) return setDrawer(true)
                  stored.set("lineage-panel", undefined)
                  setClosed(false)
                }}
              >
                Details
              </Button>
              <IconButton icon={X} label="Clear the selection" size="sm" onClick={() => choose([])} />
            </div>
          )}
        </div>
        {panelOpen
          ? (
            <aside
              aria-label="Details"
              tabIndex={0}
              className="w-80 shrink-0 overflow-auto border-l border-border bg-surface -outline-offset-2"
            >
              {panel}
            </aside>
          )
          : null}
      </div>
      <Drawer open={drawer && !wide} onClose={() => setDrawer(false)} title="Details" className="[&_[data-body]]:p-0">
        {panel}
      </Drawer>
    </Page>
  )
}

/** The page of the lineage graph. */
export const LineageView = () => {
  const { error, graph, refetch } = useGraph()
  if (graph === undefined) {
    return (
      <Page title="Lineage" fill>
        {error === undefined
          ? (
            <div className="flex h-full flex-col gap-3 p-4" aria-busy>
              <Skeleton className="h-8 w-1/2" />
              <Skeleton className="min-h-0 w-full flex-1" />
            </div>
          )
          : <ErrorView error={error} retry={refetch} />}
      </Page>
    )
  }
  if (graph.assets.length === 0) {
    return (
      <Page title="Lineage" fill>
        <EmptyState
          title="No assets yet"
          icon={Network}
          command={`const report = Asset.make("report", {\n  inputs: { orders },\n  compute: ({ orders }) => Effect.succeed(orders.length)\n})`}
          action={<Link to="/assets" className={buttonClasses("secondary")}>All assets</Link>}
        >
          An asset that reads another one as its input is downstream of it. The graph shows all of them, what each is
          made of, and what has to be computed anew after a change.
        </EmptyState>
      </Page>
    )
  }
  return <Lineage graph={graph} />
}
