import { ChartLine, ExternalLink } from "lucide-react"
import type { ReactNode } from "react"
import { IconButton } from "./Button.tsx"
import { CodeBlock, CopyButton } from "./Code.tsx"
import { DataTable } from "./DataTable.tsx"
import { AssetLink, RunLink } from "./links.tsx"
import { Markdown } from "./Markdown.tsx"
import {
  cellText,
  formatNumber,
  type Metadata,
  type MetadataColumn,
  type MetadataValue as Value,
  safeHref
} from "./metadata.ts"
import { Time } from "./Time.tsx"

const Columns = ({ columns }: { readonly columns: ReadonlyArray<MetadataColumn> }) => (
  <div
    tabIndex={0}
    role="group"
    aria-label="Columns"
    className="max-h-96 overflow-auto rounded-md border border-border"
  >
    <table className="w-full text-sm">
      <thead className="bg-surface-2 text-left text-xs text-text-2">
        <tr>
          <th className="px-3 py-1 font-medium">Column</th>
          <th className="px-3 py-1 font-medium">Type</th>
          <th className="px-3 py-1 font-medium">Description</th>
        </tr>
      </thead>
      <tbody>
        {columns.map((column, index) => (
          <tr key={index} className="border-t border-border">
            <td className="px-3 py-1 font-mono text-xs">{column.name}</td>
            <td className="px-3 py-1 font-mono text-xs text-text-2">
              {column.type}
              {column.nullable === true ? <span className="text-text-3">, nullable</span> : null}
            </td>
            <td className="px-3 py-1 text-text-2">{column.description ?? ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const Rows = ({ value }: { readonly value: Extract<Value, { readonly _tag: "Table" }> }) => (
  <div className="rounded-md border border-border">
    <DataTable<Extract<Value, { readonly _tag: "Table" }>["rows"][number]>
      label="Rows"
      rows={value.rows}
      rowKey={(_, index) => String(index)}
      rowHeight={28}
      maxHeight={320}
      columns={value.columns.map(({ name, type }, index) => ({
        id: `${index} ${name}`,
        header: <span title={type}>{name}</span>,
        width: "minmax(96px, 1fr)",
        align: type === "number" ? "right" : "left",
        cell: (row) => {
          const text = Object.hasOwn(row, name) ? cellText(row[name]) : ""
          return <span title={text} className="font-mono text-xs">{text}</span>
        }
      }))}
      empty={<p className="p-3 text-sm text-text-3">No rows</p>}
    />
  </div>
)

/** A value of metadata, as its type asks for. It is text that anybody may have written: never HTML, and only web links. */
export const MetadataValue = ({ value }: { readonly value: Value }): ReactNode => {
  if (value === null) return <span className="text-text-3">null</span>
  switch (typeof value) {
    case "string":
      return <span className="break-words whitespace-pre-wrap">{value}</span>
    case "number":
      return <span className="tabular-nums">{formatNumber(value)}</span>
    case "boolean":
      return <span className="font-mono text-xs">{String(value)}</span>
  }
  switch (value._tag) {
    case "Url": {
      const href = safeHref(value.url)
      return href === undefined ? <span className="break-all">{value.url}</span> : (
        <a
          href={href}
          target="_blank"
          rel="noopener noreferrer"
          className="inline-flex min-h-6 items-center gap-1 break-all text-accent-text hover:underline"
        >
          {value.url}
          <ExternalLink size={12} aria-label="(opens in a new tab)" className="shrink-0" />
        </a>
      )
    }
    case "Path":
      return (
        <span className="inline-flex items-center gap-1">
          <span className="font-mono text-xs break-all">{value.path}</span>
          <CopyButton text={value.path} label="Copy the path" />
        </span>
      )
    case "Markdown":
      return <Markdown text={value.markdown} />
    case "Json":
      return <CodeBlock code={JSON.stringify(value.json, null, 2)} label="JSON" maxHeight={240} />
    case "Timestamp":
      return <Time at={value.millis} />
    case "Asset":
      return <AssetLink assetKey={value.key} />
    case "Run":
      return <RunLink id={value.runId} />
    case "TableSchema":
      return <Columns columns={value.columns} />
    case "Table":
      return <Rows value={value} />
  }
}

/** Metadata: a line for each label. `onPlot` offers to plot a number. */
export const MetadataTable = ({ metadata, onPlot, empty }: {
  readonly metadata: Metadata
  readonly onPlot?: ((label: string) => void) | undefined
  readonly empty?: ReactNode
}) => {
  const entries = Object.entries(metadata)
  if (entries.length === 0) return empty ?? null
  return (
    <table aria-label="Metadata" className="w-full table-fixed text-sm">
      <tbody>
        {entries.map(([label, value]) => (
          <tr key={label} className="border-b border-border align-top last:border-0">
            <th
              scope="row"
              className="w-2/5 max-w-56 py-1.5 pr-4 text-left font-normal break-words text-text-2 md:w-48"
            >
              {label}
            </th>
            <td className="py-1.5">
              <div className="flex items-start justify-between gap-2">
                <div className="min-w-0 flex-1">
                  <MetadataValue value={value} />
                </div>
                {onPlot === undefined || typeof value !== "number" ?
                  null :
                  <IconButton icon={ChartLine} size="sm" label={`Plot ${label}`} onClick={() => onPlot(label)} />}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
