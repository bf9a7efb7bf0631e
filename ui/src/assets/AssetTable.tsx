/** The list of assets: rows exist while they are in sight, in groups or flat. */
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual"
import { ArrowDown, ArrowUp, ChevronDown, ChevronRight } from "lucide-react"
import {
  type KeyboardEvent,
  memo,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState
} from "react"
import { AssetLink, AssetName, Badge, classes, RelativeTime, StatusDot, Tooltip } from "../kit/index.ts"
import { type AssetRow, type Column, countWords, type Line, pick, type Sort, words } from "./catalog.ts"
import { AssetState, ChecksSummary, FreshnessBadge, PartitionsBar } from "./Status.tsx"

interface ColumnDefinition {
  readonly id: Column
  readonly header: string
  readonly width: string
  /** Left out where the table is narrower. */
  readonly from: number
  readonly cell: (row: AssetRow, tabIndex: number) => ReactNode
}

const nothing = <span className="text-text-3" aria-hidden>–</span>

const Kinds = ({ kinds }: { readonly kinds: ReadonlyArray<string> }) => (
  <span className="flex min-w-0 gap-1" title={kinds.join(", ")}>
    {kinds.slice(0, 2).map((kind) => <Badge key={kind}>{kind}</Badge>)}
    {kinds.length > 2 ? <Badge>+{kinds.length - 2}</Badge> : null}
  </span>
)

const definitions: ReadonlyArray<ColumnDefinition> = [
  {
    id: "status",
    header: "Status",
    width: "172px",
    from: 520,
    cell: ({ node, status }, tabIndex) => <AssetState node={node} status={status} tabIndex={tabIndex} />
  },
  {
    id: "group",
    header: "Group",
    width: "minmax(96px, 1fr)",
    from: 1080,
    cell: ({ node }) =>
      node.group === undefined ? nothing : <span className="truncate text-text-2" title={node.group}>{node.group}</span>
  },
  {
    id: "kind",
    header: "Kinds",
    width: "minmax(112px, 1fr)",
    from: 980,
    cell: ({ node }) => node.kinds.length === 0 ? nothing : <Kinds kinds={node.kinds} />
  },
  {
    id: "last",
    header: "Last data",
    width: "112px",
    from: 440,
    cell: ({ status }) =>
      status?.last === undefined
        ? <span className="text-text-3">{status === undefined ? "" : "never"}</span>
        : <RelativeTime at={status.last.timestamp} className="text-text-2" />
  },
  {
    id: "checks",
    header: "Checks",
    width: "112px",
    from: 760,
    cell: ({ node, status }) =>
      node.checks === 0 || status === undefined ? nothing : <ChecksSummary checks={status.checks} />
  },
  {
    id: "partitions",
    header: "Partitions",
    width: "152px",
    from: 860,
    cell: ({ status }) =>
      status?.partitions === undefined ? nothing : <PartitionsBar partitions={status.partitions} className="w-full" />
  },
  {
    id: "freshness",
    header: "Freshness",
    width: "176px",
    from: 1240,
    cell: ({ status }) => status?.freshness === undefined ? nothing : <FreshnessBadge freshness={status.freshness} />
  }
]

const rowHeight = 40

interface RowProps {
  readonly row: AssetRow
  readonly columns: ReadonlyArray<ColumnDefinition>
  readonly narrow: boolean
  readonly picked: boolean
  /** It is the row that Tab leads to. */
  readonly active: boolean
  readonly onPick: (key: string, on: boolean, through: boolean) => void
}

/** The cells of an asset: drawn again when its state or its place in the selection changes, not when others do. */
const Cells = memo(({ active, columns, narrow, onPick, picked, row }: RowProps) => {
  const { node, status } = row
  const tabIndex = active ? 0 : -1
  return (
    <>
      <span role="gridcell" className="flex justify-center">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select ${node.key}`}
            checked={picked}
            onChange={() => undefined}
            onClick={(event) => onPick(node.key, !picked, event.shiftKey)}
            className="size-4 accent-accent"
          />
        </label>
      </span>
      <span role="gridcell" className="flex min-w-0 items-center gap-2 px-3">
        {narrow
          ? (
            <span className="flex size-6 shrink-0 items-center justify-center">
              <AssetState node={node} status={status} compact tabIndex={tabIndex} />
            </span>
          )
          : null}
        <span className="flex min-w-0 flex-1">
          <AssetLink assetKey={node.key} tabIndex={tabIndex} className="truncate">
            <span title={node.summary === undefined ? node.key : `${node.key}\n${node.summary}`}>
              <AssetName assetKey={node.key} />
            </span>
          </AssetLink>
        </span>
      </span>
      {columns.map(({ cell, id }) => (
        <span key={id} role="gridcell" className="flex min-w-0 items-center overflow-hidden px-3">
          {cell(row, tabIndex)}
        </span>
      ))}
    </>
  )
})

const GroupCells = ({ line, onPickAll, picked, span }: {
  readonly line: Extract<Line, { readonly _tag: "Group" }>
  readonly picked: "all" | "some" | "none"
  readonly onPickAll: (rows: ReadonlyArray<AssetRow>, on: boolean) => void
  readonly span: number
}) => {
  const counts = countWords(line.rows)
  const Chevron = line.open ? ChevronDown : ChevronRight
  return (
    <>
      <span role="gridcell" className="flex justify-center">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select all of ${line.name}`}
            checked={picked === "all"}
            ref={(element) => {
              if (element !== null) element.indeterminate = picked === "some"
            }}
            onChange={() => undefined}
            onClick={() => onPickAll(line.rows, picked !== "all")}
            className="size-4 accent-accent"
          />
        </label>
      </span>
      <span
        role="gridcell"
        aria-colspan={span}
        className="flex min-w-0 items-center gap-2 px-3"
        style={{ gridColumn: "2 / -1" }}
      >
        <Chevron size={14} aria-hidden className="shrink-0 text-text-3" />
        <span className="truncate font-semibold">{line.name}</span>
        <span className="text-xs text-text-3">{line.rows.length.toLocaleString("en")}</span>
        <span className="ml-2 flex min-w-0 items-center gap-2.5 overflow-hidden text-xs text-text-2 tabular-nums">
          {words.map((word) => {
            const count = counts.get(word) ?? 0
            return count === 0 || word === "Fresh" || word === "External" ?
              null :
              (
                <span key={word} className="inline-flex items-center gap-1">
                  <StatusDot status={word} size={13} />
                  {count.toLocaleString("en")}
                </span>
              )
          })}
        </span>
      </span>
    </>
  )
}

const inner = "a, button, input, label, [popover]"

/**
 * The list. Arrow keys, Page Up and Down, Home and End move, Enter opens an asset or a group, the left and right arrow close
 * and open a group, Space picks; with Shift everything since the last one.
 */
export const AssetTable = (
  { empty, grouped, lines, onOpen, onPick, onSort, onToggleGroup, picked, rows, sort }: {
    /** All that the filters let through, in closed groups too. */
    readonly rows: ReadonlyArray<AssetRow>
    readonly lines: ReadonlyArray<Line>
    readonly grouped: boolean
    readonly sort: Sort
    readonly onSort: (sort: Sort) => void
    readonly picked: ReadonlySet<string>
    readonly onPick: (picked: ReadonlySet<string>) => void
    readonly onOpen: (key: string) => void
    readonly onToggleGroup: (name: string) => void
    readonly empty: ReactNode
  }
) => {
  const scroller = useRef<HTMLDivElement>(null)
  const [activeId, setActiveId] = useState<string>()
  const [width, setWidth] = useState(1000)
  const anchor = useRef<string>(undefined)

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const columns = useMemo(
    () => definitions.filter(({ from, id }) => width >= from && !(grouped && id === "group")),
    [width, grouped]
  )
  const narrow = width < definitions[0]!.from
  const template = `36px minmax(${narrow ? 120 : 200}px, 2.4fr) ${columns.map((column) => column.width).join(" ")}`

  const activeIndex = activeId === undefined ? -1 : lines.findIndex(({ id }) => id === activeId)
  const at = Math.max(0, activeIndex)
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 5,
    scrollPaddingStart: 32,
    getItemKey: (index) => lines[index]?.id ?? index,
    // the row that has the focus stays, also out of sight: a focus that vanishes would go to the page
    rangeExtractor: (range: Range) => {
      const shown = defaultRangeExtractor(range)
      return activeIndex < 0 || shown.includes(at) ? shown : [...shown, at].sort((a, b) => a - b)
    }
  })

  const order = useMemo(() => lines.flatMap((line) => line._tag === "Asset" ? [line.row.node.key] : []), [lines])
  const latest = useRef({ order, picked, onPick })
  latest.current = { order, picked, onPick }
  const pickOne = useCallback((key: string, on: boolean, through: boolean) => {
    const { onPick, order, picked } = latest.current
    onPick(pick(picked, order, key, through || on, through ? anchor.current : undefined))
    anchor.current = key
  }, [])
  const pickAll = useCallback((rows: ReadonlyArray<AssetRow>, on: boolean) => {
    const next = new Set(latest.current.picked)
    for (const { node } of rows) {
      if (on) next.add(node.key)
      else next.delete(node.key)
    }
    latest.current.onPick(next)
  }, [])

  const focusLine = (index: number) => {
    const line = lines[index]
    if (line === undefined) return
    setActiveId(line.id)
    virtualizer.scrollToIndex(index)
    const rowAt = () => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? undefined
    const row = rowAt()
    // a row that is there takes the focus at once, so that the next key is its own
    if (row === undefined) requestAnimationFrame(() => rowAt()?.focus())
    else row.focus({ preventScroll: true })
  }

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const target = event.target instanceof HTMLElement ? event.target : undefined
    const element = target?.closest<HTMLElement>("[data-index]") ?? undefined
    if (target === undefined || element === undefined || target.closest("[popover]") !== null) return
    const index = Number(element.dataset.index)
    const line = lines[index]
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const moves: { readonly [key: string]: number } = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: lines.length - 1
    }
    const next = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined
    if (next !== undefined) {
      event.preventDefault()
      focusLine(Math.max(0, Math.min(next, lines.length - 1)))
      return
    }
    if (target !== element || line === undefined) return
    const closes = event.key === "ArrowLeft" || event.key === "ArrowRight"
    if (line._tag === "Group" && (event.key === "Enter" || (closes && line.open === (event.key === "ArrowLeft")))) {
      event.preventDefault()
      onToggleGroup(line.name)
    } else if (line._tag === "Asset" && event.key === "Enter") {
      event.preventDefault()
      onOpen(line.row.node.key)
    } else if (event.key === " ") {
      event.preventDefault()
      if (line._tag === "Group") pickAll(line.rows, !line.rows.every(({ node }) => picked.has(node.key)))
      else pickOne(line.row.node.key, !picked.has(line.row.node.key), event.shiftKey)
    }
  }

  const onClick = (event: MouseEvent<HTMLDivElement>, line: Line) => {
    setActiveId(line.id)
    const hit = event.target instanceof Element ? event.target.closest(inner) : null
    if (hit !== null && event.currentTarget.contains(hit)) return
    // a click that ends a selection of text is none
    if (document.getSelection()?.type === "Range") return
    if (line._tag === "Group") onToggleGroup(line.name)
    else onOpen(line.row.node.key)
  }

  const pickedRows = groupPicked(rows, picked)
  const header = (id: Column, text: string) => {
    const sorted = sort.column === id
    const Arrow = sort.descending ? ArrowDown : ArrowUp
    return (
      <span
        key={id}
        role="columnheader"
        aria-sort={sorted ? sort.descending ? "descending" : "ascending" : undefined}
        className="flex min-w-0 items-center px-3"
      >
        <button
          type="button"
          onClick={() =>
            onSort(
              !sorted
                ? { column: id, descending: false }
                : sort.descending
                ? { column: "key", descending: false }
                : { column: id, descending: true }
            )}
          className="-mx-1 inline-flex h-6 min-w-6 items-center gap-1 rounded px-1 hover:bg-surface-3 hover:text-text"
        >
          {text}
          {sorted ? <Arrow size={12} aria-hidden /> : null}
        </button>
      </span>
    )
  }

  return (
    <div ref={scroller} className="relative h-full min-h-0 overflow-auto">
      <div
        role={grouped ? "treegrid" : "grid"}
        aria-label="Assets"
        aria-rowcount={lines.length + 1}
        aria-colcount={columns.length + 2}
        aria-multiselectable
        onKeyDown={onKeyDown}
        className="text-sm"
      >
        <div role="rowgroup" className="sticky top-0 z-10">
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-8 items-center border-b border-border bg-surface-2 text-xs font-medium text-text-2"
            style={{ gridTemplateColumns: template }}
          >
            <span role="columnheader" className="flex justify-center">
              <Tooltip text="Select all shown" describes={false}>
                <label className="flex size-6 items-center justify-center">
                  <input
                    type="checkbox"
                    aria-label="Select all shown"
                    checked={pickedRows === "all"}
                    ref={(element) => {
                      if (element !== null) element.indeterminate = pickedRows === "some"
                    }}
                    onChange={() => pickAll(rows, pickedRows !== "all")}
                    className="size-4 accent-accent"
                  />
                </label>
              </Tooltip>
            </span>
            {header("key", "Asset")}
            {columns.map(({ header: text, id }) => header(id, text))}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const line = lines[item.index]
            if (line === undefined) return null
            const isPicked = line._tag === "Asset" && picked.has(line.row.node.key)
            const style = {
              gridTemplateColumns: template,
              height: rowHeight,
              transform: `translateY(${item.start}px)`
            }
            return (
              <div
                key={item.key}
                role="row"
                tabIndex={item.index === at ? 0 : -1}
                data-index={item.index}
                aria-rowindex={item.index + 2}
                aria-level={grouped ? line._tag === "Group" ? 1 : 2 : undefined}
                aria-expanded={line._tag === "Group" ? line.open : undefined}
                aria-selected={line._tag === "Asset" ? isPicked : undefined}
                onFocus={() => setActiveId(line.id)}
                onClick={(event) => onClick(event, line)}
                className={classes(
                  "absolute inset-x-0 top-0 grid cursor-pointer items-center border-b border-border -outline-offset-2",
                  line._tag === "Group"
                    ? "bg-surface-2 hover:bg-surface-3"
                    : isPicked
                    ? "bg-accent-soft"
                    : "hover:bg-surface-2"
                )}
                style={style}
              >
                {line._tag === "Group"
                  ? (
                    <GroupCells
                      line={line}
                      span={columns.length + 1}
                      picked={groupPicked(line.rows, picked)}
                      onPickAll={pickAll}
                    />
                  )
                  : (
                    <Cells
                      row={line.row}
                      columns={columns}
                      narrow={narrow}
                      picked={isPicked}
                      active={item.index === at}
                      onPick={pickOne}
                    />
                  )}
              </div>
            )
          })}
        </div>
      </div>
      {lines.length === 0 ? empty : null}
    </div>
  )
}

const groupPicked = (rows: ReadonlyArray<AssetRow>, picked: ReadonlySet<string>): "all" | "some" | "none" => {
  if (picked.size === 0) return "none"
  const count = rows.reduce((sum, { node }) => sum + (picked.has(node.key) ? 1 : 0), 0)
  return count === 0 ? "none" : count === rows.length ? "all" : "some"
}
