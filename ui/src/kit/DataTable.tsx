import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual"
import { ArrowDown, ArrowUp } from "lucide-react"
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react"
import { Button } from "./Button.tsx"
import { classes } from "./classes.ts"
import { Spinner } from "./Progress.tsx"
import { type Sort, sortRows } from "./sort.ts"

/** A column of a table. */
export interface Column<Row> {
  readonly id: string
  readonly header: ReactNode
  readonly cell: (row: Row, index: number) => ReactNode
  /** Ascending order, for a header that sorts. */
  readonly compare?: (a: Row, b: Row) => number
  /** A header that sorts where the rows come in order from elsewhere. */
  readonly sortable?: boolean
  /** A CSS grid track, such as `120px` or `minmax(160px, 2fr)`. */
  readonly width?: string
  readonly align?: "left" | "right"
  /** Left out where the table is narrower than so many pixels. */
  readonly hideBelow?: number
}

/** Props of a table. */
export interface DataTableProps<Row extends object> {
  /** What the rows are, for screen readers. */
  readonly label: string
  readonly rows: ReadonlyArray<Row>
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rowKey: (row: Row, index: number) => string
  /** Enter, or a click beside the links of a row. */
  readonly onOpen?: ((row: Row) => void) | undefined
  readonly sort?: Sort | undefined
  readonly onSort?: ((sort: Sort | undefined) => void) | undefined
  /** `false` where the rows come in order. */
  readonly sortRows?: boolean
  readonly selected?: ReadonlySet<string> | undefined
  /** Space on a row, or a click on its box. Shift takes all from the last one on. */
  readonly onSelect?: ((selected: ReadonlySet<string>) => void) | undefined
  readonly rowHeight?: number
  /** What is shown without rows. */
  readonly empty?: ReactNode
  readonly hasMore?: boolean | undefined
  readonly loadingMore?: boolean | undefined
  /** Called as the end comes near. */
  readonly onMore?: (() => void) | undefined
  readonly rowClassName?: (row: Row) => string | undefined
  readonly className?: string
  /** Grows with its rows, up to so many pixels, instead of filling its place. */
  readonly maxHeight?: number
}

const isInteractive = (target: EventTarget, row: Element): boolean => {
  const hit = target instanceof Element ? target.closest("a, button, input, select, label, [role=menu]") : null
  return hit !== null && row.contains(hit) && hit !== row
}

/**
 * A table whose rows exist only while they are in sight: ten thousand cost as much as thirty. It scrolls in itself, so give
 * it a height, or a `maxHeight`. Arrow keys, Page Up and Down, Home and End move from row to row, Enter opens one, Space
 * selects it.
 */
export const DataTable = <Row extends object>(props: DataTableProps<Row>) => {
  const {
    columns: allColumns,
    empty,
    label,
    onMore,
    onOpen,
    onSelect,
    onSort,
    rowHeight = 36,
    rowKey,
    selected,
    sort
  } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY)
  const anchor = useRef(0)
  const columns = allColumns.filter(({ hideBelow }) => hideBelow === undefined || width >= hideBelow)

  const rows = useMemo(
    () => props.sortRows === false ? props.rows : sortRows(props.rows, allColumns, sort),
    // columns are written in place: only which of them sorts matters
    // oxlint-disable-next-line react/exhaustive-deps
    [props.rows, props.sortRows, sort?.id, sort?.descending]
  )
  const at = Math.max(0, Math.min(active, rows.length - 1))

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollPaddingStart: rowHeight,
    getItemKey: (index) => rowKey(rows[index]!, index),
    // the row that has the focus stays, also out of sight: a focus that vanishes would go to the page
    rangeExtractor: (range: Range) => {
      const shown = defaultRangeExtractor(range)
      return shown.includes(at) || rows.length === 0 ? shown : [...shown, at].sort((a, b) => a - b)
    }
  })
  const items = virtualizer.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? -1

  const more = useRef(onMore)
  more.current = onMore
  useEffect(() => {
    if (props.hasMore === true && props.loadingMore !== true && lastShown >= rows.length - 10) more.current?.()
  }, [props.hasMore, props.loadingMore, lastShown, rows.length])

  const toggle = (index: number, through: boolean) => {
    if (onSelect === undefined) return
    const next = new Set(selected)
    const [from, to] = through ? [Math.min(anchor.current, index), Math.max(anchor.current, index)] : [index, index]
    const on = through || !next.has(rowKey(rows[index]!, index))
    for (let i = from; i <= to; i++) {
      const key = rowKey(rows[i]!, i)
      if (on) next.add(key)
      else next.delete(key)
    }
    anchor.current = index
    onSelect(next)
  }

  const focusRow = (index: number) => {
    setActive(index)
    virtualizer.scrollToIndex(index)
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus())
  }

  const sorted = useRef(sort)
  useEffect(() => {
    if (sorted.current?.id === sort?.id && sorted.current?.descending === sort?.descending) return
    sorted.current = sort
    setActive(0)
    virtualizer.scrollToOffset(0)
  }, [sort, virtualizer])

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-index]") : null
    if (row === null) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1
    }
    const next = moves[event.key]
    if (next !== undefined) {
      event.preventDefault()
      focusRow(Math.max(0, Math.min(next, rows.length - 1)))
    } else if (event.target === row && event.key === "Enter" && onOpen !== undefined) {
      event.preventDefault()
      onOpen(rows[at]!)
    } else if (event.target === row && event.key === " " && onSelect !== undefined) {
      event.preventDefault()
      toggle(at, event.shiftKey)
    }
  }

  const onClick = (event: MouseEvent<HTMLDivElement>, index: number) => {
    setActive(index)
    if (onOpen === undefined || isInteractive(event.target, event.currentTarget)) return
    // a click that ends a selection of text is none
    if (document.getSelection()?.type === "Range") return
    onOpen(rows[index]!)
  }

  const allSelected = onSelect !== undefined && rows.length > 0 && rows.every((row, i) => selected?.has(rowKey(row, i)))
  const template = [
    ...(onSelect === undefined ? [] : ["36px"]),
    ...columns.map(({ width }) => width ?? "minmax(80px, 1fr)")
  ].join(" ")
  const total = virtualizer.getTotalSize()

  return (
    <div
      ref={scroller}
      style={props.maxHeight === undefined ? undefined : { maxHeight: props.maxHeight }}
      className={classes(
        "relative min-h-0 overflow-auto",
        props.maxHeight === undefined && "h-full",
        props.className
      )}
    >
      <div
        role="grid"
        aria-label={label}
        aria-rowcount={props.hasMore === true ? -1 : rows.length + 1}
        aria-colcount={columns.length + (onSelect === undefined ? 0 : 1)}
        aria-multiselectable={onSelect === undefined ? undefined : true}
        onKeyDown={onKeyDown}
        className="min-w-max text-sm md:min-w-full"
      >
        <div role="rowgroup" className="sticky top-0 z-10">
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-8 items-center border-b border-border bg-surface-2 text-xs font-medium text-text-2"
            style={{ gridTemplateColumns: template }}
          >
            {onSelect === undefined ? null : (
              <span role="columnheader" className="flex justify-center">
                <input
                  type="checkbox"
                  aria-label="Select all"
                  checked={allSelected}
                  onChange={() => onSelect(allSelected ? new Set() : new Set(rows.map(rowKey)))}
                  className="size-4 accent-accent"
                />
              </span>
            )}
            {columns.map((column) => {
              const sorts = onSort !== undefined && (column.compare !== undefined || column.sortable === true)
              const sorted = sort?.id === column.id
              const Arrow = sort?.descending === true ? ArrowDown : ArrowUp
              return (
                <span
                  key={column.id}
                  role="columnheader"
                  aria-sort={sorted ? sort.descending === true ? "descending" : "ascending" : undefined}
                  className={classes("flex min-w-0 items-center px-3", column.align === "right" && "justify-end")}
                >
                  {sorts
                    ? (
                      <button
                        type="button"
                        onClick={() =>
                          onSort(
                            !sorted
                              ? { id: column.id }
                              : sort.descending === true
                              ? undefined
                              : { id: column.id, descending: true }
                          )}
                        className="-mx-1 inline-flex h-6 min-w-6 items-center gap-1 rounded px-1 hover:bg-surface-3 hover:text-text"
                      >
                        {column.header}
                        {sorted ? <Arrow size={12} aria-hidden /> : null}
                      </button>
                    )
                    : <span className="truncate">{column.header}</span>}
                </span>
              )
            })}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: total }}>
          {items.map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            const key = rowKey(row, item.index)
            const on = selected?.has(key) === true
            return (
              <div
                key={item.key}
                role="row"
                tabIndex={item.index === at ? 0 : -1}
                data-index={item.index}
                aria-rowindex={item.index + 2}
                aria-selected={onSelect === undefined ? undefined : on}
                onFocus={() => setActive(item.index)}
                onClick={(event) => onClick(event, item.index)}
                className={classes(
                  "absolute inset-x-0 top-0 grid items-center border-b border-border bg-surface -outline-offset-2 hover:bg-surface-2",
                  on && "bg-accent-soft!",
                  onOpen !== undefined && "cursor-pointer",
                  props.rowClassName?.(row)
                )}
                style={{
                  gridTemplateColumns: template,
                  height: rowHeight,
                  transform: `translateY(${item.start}px)`
                }}
              >
                {onSelect === undefined ? null : (
                  <span role="gridcell" className="flex justify-center">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={`Select ${key}`}
                      checked={on}
                      onChange={() => undefined}
                      onClick={(event) => toggle(item.index, event.shiftKey)}
                      className="size-4 accent-accent"
                    />
                  </span>
                )}
                {columns.map((column) => (
                  <span
                    key={column.id}
                    role="gridcell"
                    className={classes(
                      "min-w-0 truncate px-3",
                      column.align === "right" && "text-right tabular-nums"
                    )}
                  >
                    {column.cell(row, item.index)}
                  </span>
                ))}
              </div>
            )
          })}
        </div>
      </div>
      {rows.length === 0 && props.loadingMore !== true ? empty : null}
      {props.hasMore === true || props.loadingMore === true
        ? (
          <div className="flex justify-center p-3">
            {props.loadingMore === true
              ? <Spinner label="Loading more" />
              : <Button size="sm" onClick={onMore}>Load more</Button>}
          </div>
        )
        : null}
    </div>
  )
}
