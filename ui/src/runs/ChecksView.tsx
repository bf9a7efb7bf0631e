import { ListChecks } from "lucide-react"
import { useMemo, useState } from "react"
import type { Api } from "../api/index.ts"
import { AssetName, Badge, type Column, DataTable, EmptyState, type Sort, StatusBadge, Time } from "../kit/index.ts"
import { checkStatus } from "./RowDetails.tsx"
import { partOf, type Row } from "./runView.ts"

const order = ["Errored", "ExecutionFailed", "Failed", "Warned", "InProgress", "Skipped", "NotEvaluated", "Passed"]

const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

const columns: ReadonlyArray<Column<Api.Model.CheckModel>> = [
  {
    id: "status",
    header: "Status",
    width: "180px",
    compare: (a, b) => order.indexOf(checkStatus(a)) - order.indexOf(checkStatus(b)),
    cell: (check) => <StatusBadge status={checkStatus(check)} />
  },
  {
    id: "check",
    header: "Check",
    width: "minmax(140px, 1.2fr)",
    compare: (a, b) => byText(a.check, b.check),
    cell: (check) => (
      <span className="flex items-center gap-2">
        <span className="truncate font-medium" title={check.description ?? check.check}>{check.check}</span>
        {check.blocking ? <Badge>blocking</Badge> : null}
      </span>
    )
  },
  {
    id: "asset",
    header: "Asset",
    width: "minmax(160px, 1.4fr)",
    compare: (a, b) => byText(a.key, b.key),
    cell: (check) => (
      <span title={check.key}>
        <AssetName assetKey={check.key} />
        {partOf(check) === undefined ? null : <Badge className="ml-2">{partOf(check)}</Badge>}
      </span>
    )
  },
  {
    id: "what",
    header: "What it found",
    width: "minmax(160px, 2fr)",
    hideBelow: 720,
    cell: (check) => {
      const text = check.evaluation?.error?.message ?? check.evaluation?.description ?? ""
      return <span title={text}>{text}</span>
    }
  },
  {
    id: "at",
    header: "At",
    width: "110px",
    hideBelow: 560,
    align: "right",
    cell: (check) => check.evaluation === undefined ? null : <Time at={check.evaluation.timestamp} format="time" />
  }
]

/** The checks that were evaluated in a run. */
export const ChecksView = ({ rows, onFocus }: {
  readonly rows: ReadonlyArray<Row>
  readonly onFocus: (key: string) => void
}) => {
  const [sort, setSort] = useState<Sort | undefined>({ id: "status" })
  const checks = useMemo(() => rows.flatMap((row) => row.checks), [rows])
  return (
    <DataTable
      label="Checks of the run"
      rows={checks}
      columns={columns}
      rowKey={(check) => JSON.stringify([check.key, check.check, partOf(check)])}
      onOpen={(check) => onFocus(check.key)}
      sort={sort}
      onSort={setSort}
      empty={
        <EmptyState title="No checks were evaluated" icon={ListChecks}>
          A check judges what an asset has stored. Define one with <code>Check.make</code>, and it runs after its asset.
        </EmptyState>
      }
    />
  )
}
