import { SearchX } from "lucide-react"
import { type ReactNode, useMemo } from "react"
import { Button, type Column, DataTable, EmptyState, ErrorView, SearchField, Skeleton } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"
import { DaemonBanner } from "./DaemonBanner.tsx"

/** A page that lists what has a name, and finds it by its words. */
export const NamedList = <A extends { readonly name: string }>(
  { columns, empty, error, note, onOpen, onSearch, refetch, rows, search, title, words }: {
    readonly title: string
    readonly rows: ReadonlyArray<A> | undefined
    readonly error: unknown
    readonly refetch: () => void
    readonly columns: ReadonlyArray<Column<A>>
    /** What is searched of one. The same function each time. */
    readonly words: (row: A) => ReadonlyArray<string | undefined>
    readonly search: string
    readonly onSearch: (text: string) => void
    readonly onOpen: (row: A) => void
    /** What is told after the count. */
    readonly note?: string
    /** What is shown if there are none. */
    readonly empty: ReactNode
  }
) => {
  const text = search.toLowerCase()
  const shown = useMemo(
    () => rows?.filter((row) => words(row).some((part) => part?.toLowerCase().includes(text))),
    [rows, text, words]
  )
  return (
    <Page title={title} fill>
      <DaemonBanner />
      {rows === undefined || rows.length === 0 ?
        null :
        (
          <div className="flex flex-wrap items-center gap-2 border-b border-border bg-surface px-4 py-2.5">
            <SearchField
              label={`Search ${title.toLowerCase()}`}
              placeholder="Search…"
              value={search}
              onChange={onSearch}
              className="w-60"
            />
            <p role="status" className="text-xs text-text-3">
              {text === "" ? rows.length : `${shown!.length} of ${rows.length}`}
              {note}
            </p>
          </div>
        )}
      <div className="min-h-0 flex-1">
        {error !== undefined && rows === undefined
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
              onOpen={onOpen}
              empty={rows!.length === 0
                ? empty
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
