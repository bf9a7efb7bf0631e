/** The page of all assets. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { FolderTree, Network, Package, SearchX, X } from "lucide-react"
import { useDeferredValue, useEffect, useMemo, useState } from "react"
import { statusOf, useGraph, useSelection, useStatuses, useStatusesLoaded } from "../api/index.ts"
import { stored } from "../external.ts"
import {
  Button,
  buttonClasses,
  classes,
  EmptyState,
  ErrorView,
  type Filter,
  FilterChips,
  IconButton,
  lookOf,
  SearchField,
  Skeleton,
  type Status,
  StatusDot,
  toneFill,
  toneText
} from "../kit/index.ts"
import { MaterializeButton } from "../launch/index.ts"
import type { AssetsSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"
import { AssetTable } from "./AssetTable.tsx"
import {
  type Facet,
  facets,
  type FacetValue,
  filterRows,
  type Filters,
  isUnfiltered,
  linesOf,
  rowsOf,
  sortOf,
  sortRows,
  sortText,
  withStatuses,
  words
} from "./catalog.ts"
import { selectionOf, selectKeys } from "./selection.ts"
import { SelectionField, SelectionProblem } from "./SelectionField.tsx"

const facetLabels: { readonly [facet in Facet]: string } = {
  status: "Status",
  group: "Group",
  kind: "Kind",
  tag: "Tag",
  owner: "Owner"
}

/** How many assets are in which state; each count filters by it. */
const Summary = ({ counts, loaded, onStatus, selected, total }: {
  readonly counts: ReadonlyArray<FacetValue>
  readonly total: number
  readonly selected: ReadonlyArray<string>
  readonly onStatus: (status: ReadonlyArray<string>) => void
  readonly loaded: boolean
}) => {
  const countOf = (word: string) => counts.find(({ value }) => value === word)?.count ?? 0
  const shown = words.filter((word) =>
    word === "Fresh" || word === "Stale" || countOf(word) > 0 || selected.includes(word)
  )
  const cell = "flex min-h-12 min-w-24 flex-1 flex-col justify-center gap-0.5 rounded-md border px-3 py-1.5 text-left"
  return (
    <div role="group" aria-label="Assets by status" className="flex gap-2 overflow-x-auto p-0.5 pb-1">
      <button
        type="button"
        aria-pressed={selected.length === 0}
        onClick={() => onStatus([])}
        className={classes(
          cell,
          selected.length === 0 ? "border-border-strong bg-surface" : "border-border bg-surface hover:bg-surface-2"
        )}
      >
        <span className="text-lg leading-5 font-semibold tabular-nums">{total.toLocaleString("en")}</span>
        <span className="text-xs whitespace-nowrap text-text-2">All assets</span>
      </button>
      {shown.map((word) => {
        const on = selected.includes(word)
        const look = lookOf(word)
        return (
          <button
            key={word}
            type="button"
            aria-pressed={on}
            title="Ctrl or Shift adds it to what is shown"
            onClick={(event) =>
              onStatus(
                on && (selected.length === 1 || event.ctrlKey || event.metaKey || event.shiftKey)
                  ? selected.filter((one) => one !== word)
                  : event.ctrlKey || event.metaKey || event.shiftKey
                  ? [...selected, word]
                  : [word]
              )}
            className={classes(
              cell,
              "relative overflow-hidden",
              on ? "border-accent bg-accent-soft" : "border-border bg-surface hover:bg-surface-2"
            )}
          >
            <span aria-hidden className={classes("absolute inset-x-0 top-0 h-0.5", toneFill[look.tone])} />
            <span className="text-lg leading-5 font-semibold tabular-nums">
              {loaded ? countOf(word).toLocaleString("en") : "–"}
            </span>
            <span className={classes("flex items-center gap-1 text-xs whitespace-nowrap", toneText[look.tone])}>
              <StatusDot status={word} size={12} label="" />
              {look.label}
            </span>
          </button>
        )
      })}
    </div>
  )
}

const none: ReadonlyArray<string> = []

/** The page of all assets. */
export const AssetsView = () => {
  const search = useSearch({ from: "/assets" })
  const navigate = useNavigate({ from: "/assets" })
  const { error: graphError, graph, refetch } = useGraph()
  const statuses = useStatuses()
  const loaded = useStatusesLoaded()
  const selection = useSelection(search.select)
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [grouped, setGrouped] = useState(stored.get("assets-grouped") === "yes")
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())

  const change = (next: Partial<Record<keyof AssetsSearch, unknown>>, replace = true) =>
    void navigate({
      // parameters that are undefined leave the address; the route reads the rest
      search: (before) => ({ ...before, ...next }) as AssetsSearch,
      replace
    })

  const bare = useMemo(() => graph === undefined ? undefined : rowsOf(graph.assets), [graph])
  // typing is never kept waiting by a change of states
  const current = useDeferredValue(statuses)
  const rows = useMemo(
    () =>
      bare === undefined ? undefined : withStatuses(bare, (key) => current.get(key), (node, status) => {
        const word = statusOf(node, status)
        // a state that is known has one of these words
        return words.find((one) => one === word) ?? "Missing"
      }),
    [bare, current]
  )
  const keys = useMemo(
    () => selection.data === undefined || search.select === undefined ? undefined : new Set(selection.data.keys),
    [selection.data, search.select]
  )
  const filters: Filters = { ...search, keys }
  const { group, kind, owner, q, status, tag } = search
  const filtered = useMemo(
    () => filterRows(rows ?? [], { q, group, kind, tag, owner, status, keys }),
    [rows, q, group, kind, tag, owner, status, keys]
  )
  const sort = sortOf(search.sort)
  const sorted = useMemo(
    () => sortRows(filtered.rows, { column: sort.column, descending: sort.descending }),
    [filtered, sort.column, sort.descending]
  )
  const shownKeys = useMemo(() => sorted.map(({ node }) => node.key), [sorted])
  const pickedKeys = useMemo(() => [...picked], [picked])
  const lines = useMemo(() => linesOf(sorted, grouped ? closed : undefined), [sorted, grouped, closed])

  // what is no longer there cannot be picked
  useEffect(() => {
    if (graph === undefined) return
    setPicked((before) => {
      const there = [...before].filter((key) => graph.index.has(key))
      return there.length === before.size ? before : new Set(there)
    })
  }, [graph])

  if (bare === undefined || graph === undefined) {
    return (
      <Page title="Assets" fill>
        {graphError === undefined
          ? (
            <div className="flex flex-col gap-3 p-4 md:p-6" aria-busy>
              <Skeleton className="h-12 w-full" />
              <Skeleton className="h-8 w-1/2" />
              <Skeleton className="h-80 w-full" />
            </div>
          )
          : <ErrorView error={graphError} retry={refetch} />}
      </Page>
    )
  }
  if (bare.length === 0) {
    return (
      <Page title="Assets" fill>
        <EmptyState
          title="No assets yet"
          icon={Package}
          command={`import { Effect } from "effect"\nimport { Asset, Definitions, Graph } from "effect-assets"\n\nconst orders = Asset.make("orders", Effect.succeed([3, 4]))\n\nexport default Definitions.make({ graph: Graph.make({ orders }), layer })`}
        >
          An asset is a key and the program that computes its data. Define one, export it in the definitions that this
          server loads, and it shows here.
        </EmptyState>
      </Page>
    )
  }

  const unfiltered = isUnfiltered(filters) && search.select === undefined
  const select = selectionOf(search, shownKeys, graph.assets.flatMap((node) => node.group ?? []))
  const refused = selection.error !== undefined && search.select !== undefined
  const hidden = picked.size - filtered.rows.reduce((sum, { node }) => sum + (picked.has(node.key) ? 1 : 0), 0)
  const clear = () =>
    change({
      q: undefined,
      group: undefined,
      kind: undefined,
      tag: undefined,
      owner: undefined,
      status: undefined,
      select: undefined
    })

  return (
    <Page
      title="Assets"
      fill
      actions={
        <>
          <Link
            to="/lineage"
            search={select === undefined ? {} : { select }}
            className={buttonClasses("secondary")}
          >
            <Network size={14} aria-hidden />
            <span className="hidden sm:inline">View in graph</span>
            <span className="sr-only sm:hidden">View in graph</span>
          </Link>
          {unfiltered
            ? <MaterializeButton label="Materialize all" />
            : (
              <MaterializeButton
                keys={shownKeys}
                label={`Materialize ${shownKeys.length.toLocaleString("en")} shown`}
                disabled={refused ? "The selection cannot be read" : undefined}
              />
            )}
        </>
      }
    >
      <div className="flex shrink-0 flex-col gap-2.5 border-b border-border px-4 pt-3 pb-2.5 md:px-6">
        <Summary
          counts={filtered.facets.status}
          total={filtered.facets.status.reduce((sum, { count }) => sum + count, 0) || filtered.rows.length}
          selected={search.status ?? none}
          onStatus={(status) => change({ status: status.length === 0 ? undefined : status })}
          loaded={loaded}
        />
        <div className="flex flex-wrap items-start gap-2">
          <SearchField
            label="Search assets"
            placeholder="Search assets"
            value={search.q ?? ""}
            onChange={(text) => change({ q: text === "" ? undefined : text })}
            delay={60}
            className="min-w-44 flex-1 basis-full sm:max-w-52 sm:basis-0"
          />
          <SelectionField
            select={search.select}
            result={selection}
            onChange={(text) => change({ select: text })}
            className="min-w-52 flex-[1.4] basis-full sm:max-w-72 sm:basis-0"
          />
          <div className="flex min-h-8 flex-1 flex-wrap items-center gap-1.5">
            <FilterChips
              // the counts above filter by status
              filters={facets.filter((facet) => facet !== "status" || search.status !== undefined).map((
                facet
              ): Filter => ({
                id: facet,
                label: facetLabels[facet],
                options: filtered.facets[facet].map(({ count, value }) => ({
                  value,
                  count,
                  ...facet === "status" ? { label: lookOf(value as Status).label } : {}
                })),
                selected: search[facet] ?? none
              }))}
              onChange={(facet, selected) => change({ [facet]: selected.length === 0 ? undefined : selected })}
            />
          </div>
          <span className="flex h-8 items-center gap-2">
            <span role="status" className="text-xs whitespace-nowrap text-text-2 tabular-nums">
              {filtered.rows.length === bare.length
                ? `${bare.length.toLocaleString("en")} assets`
                : `${filtered.rows.length.toLocaleString("en")} of ${bare.length.toLocaleString("en")}`}
            </span>
            <IconButton
              icon={FolderTree}
              label="Group by group"
              pressed={grouped}
              onClick={() => {
                stored.set("assets-grouped", grouped ? undefined : "yes")
                setGrouped(!grouped)
              }}
            />
          </span>
        </div>
        {refused ? <SelectionProblem error={selection.error} select={search.select ?? ""} /> : null}
      </div>
      <div className="relative min-h-0 flex-1 bg-surface">
        <AssetTable
          rows={refused ? [] : sorted}
          lines={refused ? [] : lines}
          grouped={grouped}
          sort={sort}
          onSort={(sort) => change({ sort: sortText(sort) })}
          picked={picked}
          onPick={setPicked}
          onOpen={(key) => void navigate({ to: "/asset", search: { key } })}
          onToggleGroup={(name) =>
            setClosed((before) => {
              const next = new Set(before)
              if (!next.delete(name)) next.add(name)
              return next
            })}
          empty={refused
            ? <EmptyState title="The selection cannot be read" icon={SearchX}>Its mistake is marked above.</EmptyState>
            : (
              <EmptyState
                title="Nothing found"
                icon={SearchX}
                action={<Button onClick={clear}>Clear search and filters</Button>}
              >
                No asset of {bare.length.toLocaleString("en")} fits the search and the filters.
              </EmptyState>
            )}
        />
        {picked.size === 0 ? null : (
          // at the left: messages appear at the right
          <div
            role="region"
            aria-label="Selected assets"
            className="absolute bottom-4 left-2 z-20 flex max-w-[calc(100%-16px)] items-center md:left-6 gap-2 rounded-xl border border-border bg-surface py-1.5 pr-1.5 pl-4 shadow-float"
          >
            <span role="status" className="text-sm whitespace-nowrap">
              <strong>{picked.size.toLocaleString("en")}</strong> selected
              {hidden === 0 ? null : <span className="text-text-3">, {hidden} not shown</span>}
            </span>
            <Link
              to="/lineage"
              search={{ select: selectKeys(pickedKeys) }}
              className={buttonClasses("ghost", "sm")}
            >
              <Network size={14} aria-hidden />
              <span className="hidden sm:inline">View in graph</span>
              <span className="sr-only sm:hidden">View in graph</span>
            </Link>
            <MaterializeButton keys={pickedKeys} size="sm" />
            <IconButton icon={X} label="Clear the selection" size="sm" onClick={() => setPicked(new Set())} />
          </div>
        )}
      </div>
    </Page>
  )
}
