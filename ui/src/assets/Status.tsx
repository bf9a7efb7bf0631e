/** How the state of an asset is shown, and why it is in it. */
import type { ReactNode } from "react"
import { type AssetNode, type AssetStatus, statusOf } from "../api/index.ts"
import {
  AssetLink,
  Bar,
  classes,
  lookOf,
  Popover,
  RelativeTime,
  RunLink,
  type Status,
  StatusBadge,
  StatusDot,
  toneFill,
  Tooltip
} from "../kit/index.ts"
import { partitionsText, staleLabel, triedText } from "./catalog.ts"

/**
 * The words for a state: a stale asset says what has changed, one that was not computed that it did not fail itself,
 * a partitioned one how much is missing beside what is fresh.
 */
export const statusLabel = (word: Status, status: AssetStatus | undefined): string =>
  word === "Stale" && status !== undefined
    ? staleLabel(status.causes)
    : word === "Fresh" && status?.partitions !== undefined && status.partitions.missing > 0
    ? `Fresh, ${status.partitions.missing.toLocaleString("en")} missing`
    : word === "Failed" && status?.outcome === "UpstreamFailed"
    ? lookOf("UpstreamFailed").label
    : word === "Unknown"
    ? "Loading"
    : lookOf(word).label

type Cause = AssetStatus["causes"][number]

const CauseItem = ({ cause }: { readonly cause: Cause }) => (
  <li className="break-words">
    {cause.text}
    {cause.upstream === undefined ? null : (
      <span className="flex flex-wrap items-center gap-x-2 text-xs text-text-2">
        <AssetLink assetKey={cause.upstream} />
        {cause.at === undefined ? null : <RelativeTime at={cause.at} />}
      </span>
    )}
  </li>
)

const sameCause = (a: Cause, b: Cause): boolean => a.kind === b.kind && a.key === b.key && a.upstream === b.upstream

/** Why an asset is stale: what has changed beside it, and where that began. */
export const Causes = ({ status }: { readonly status: AssetStatus }) => {
  const roots = status.rootCauses.filter((root) => !status.causes.some((cause) => sameCause(root, cause)))
  return (
    <div className="flex flex-col gap-2 text-sm">
      {status.causes.length === 0 ? null : (
        <ul className="flex list-none flex-col gap-1.5">
          {status.causes.map((cause, index) => <CauseItem key={index} cause={cause} />)}
        </ul>
      )}
      {roots.length === 0 ? null : (
        <>
          <h3 className="text-xs font-semibold text-text-2">Where it began</h3>
          <ul className="flex list-none flex-col gap-1.5">
            {roots.map((cause, index) => <CauseItem key={index} cause={cause} />)}
          </ul>
        </>
      )}
    </div>
  )
}

/** Why nothing came of the last try of an asset, and where to see more. */
export const Tried = ({ assetKey, status }: { readonly assetKey: string; readonly status: AssetStatus }) => {
  const text = triedText(status)
  return text === undefined
    ? null
    : (
      <div className="text-sm">
        <p tabIndex={0} className="max-h-40 overflow-auto break-words whitespace-pre-wrap">{text}</p>
        <AssetLink assetKey={assetKey} tab="activity" className="text-accent-text">See its activity</AssetLink>
      </div>
    )
}

const explains = (word: Status, status: AssetStatus): boolean =>
  word === "Running" || triedText(status) !== undefined || status.causes.length > 0

const Explanation = ({ assetKey, word, status }: {
  readonly assetKey: string
  readonly word: Status
  readonly status: AssetStatus
}) => (
  <div className="flex w-80 max-w-full flex-col gap-3">
    {word === "Running"
      ? (
        <div>
          <h3 className="text-sm font-semibold">
            {status.running.length === 1 ? "Running in" : "Running in several runs"}
          </h3>
          {status.running.slice(0, 5).map((id) => (
            <div key={id}>
              <RunLink id={id} />
            </div>
          ))}
        </div>
      )
      : null}
    <Tried assetKey={assetKey} status={status} />
    {status.causes.length === 0 ? null : (
      <div>
        <h3 className="mb-1 text-sm font-semibold">{staleLabel(status.causes)}</h3>
        <Causes status={status} />
      </div>
    )}
  </div>
)

/** The state of an asset; what explains it opens beside it. */
export const AssetState = ({ node, status, compact, tabIndex }: {
  readonly node: Pick<AssetNode, "key" | "external">
  readonly status: AssetStatus | undefined
  /** Only its icon. */
  readonly compact?: boolean
  /** In a list that one moves in by arrow keys, -1 but for the row that has the focus. */
  readonly tabIndex?: number
}) => {
  const word = statusOf(node, status)
  const label = statusLabel(word, status)
  const shown = compact === true
    ? <StatusDot status={word} label={label} />
    : <StatusBadge status={word} label={label} />
  if (status === undefined || !explains(word, status)) return shown
  return (
    <Popover
      label={`Why ${node.key} is shown as: ${label}`}
      trigger={(props) => (
        <button
          {...props}
          type="button"
          tabIndex={tabIndex}
          className="inline-flex min-h-6 min-w-6 items-center justify-center rounded-full"
        >
          {shown}
        </button>
      )}
    >
      <Explanation assetKey={node.key} word={word} status={status} />
    </Popover>
  )
}

interface PartitionsProps {
  readonly partitions: NonNullable<AssetStatus["partitions"]>
  readonly className?: string
}

/** How many partitions are in which state, as a bar alone. */
export const BarePartitionsBar = ({ partitions, className }: PartitionsProps) => (
  <Bar
    label={partitionsText(partitions)}
    total={partitions.total}
    parts={[
      { value: partitions.fresh, fill: toneFill.fresh },
      { value: partitions.stale, fill: toneFill.stale },
      { value: partitions.missing, fill: toneFill.missing }
    ]}
    {...className === undefined ? {} : { className }}
  />
)

/** How many partitions are in which state, as a small bar and in numbers. */
export const PartitionsBar = ({ partitions, className }: PartitionsProps) => (
  <span className={classes("flex items-center gap-2", className)}>
    <BarePartitionsBar partitions={partitions} className="min-w-10 flex-1" />
    <span aria-hidden className="shrink-0 text-xs text-text-2 tabular-nums">
      {partitions.fresh.toLocaleString("en")}/{partitions.total.toLocaleString("en")}
    </span>
  </span>
)

const counted = (status: Status, count: number, words: string): ReactNode =>
  count === 0 ? null : (
    <span className="inline-flex items-center gap-1" title={`${count} ${words}`}>
      <StatusDot status={status} label={words} size={13} />
      {count}
    </span>
  )

/** How many checks stand how, the bad ones first. */
export const ChecksSummary = ({ checks }: { readonly checks: AssetStatus["checks"] }) => (
  <span className="inline-flex items-center gap-2 text-xs text-text-2 tabular-nums">
    {counted("Failed", checks.failed, "failed")}
    {counted("Warned", checks.warned, "with a warning")}
    {counted("Passed", checks.passed, "passed")}
    {counted("NotEvaluated", checks.notEvaluated, "not evaluated")}
  </span>
)

const freshnessWords = { Fresh: "On time", Warning: "Due soon", Overdue: "Overdue", Unknown: "Unknown" }

/** Whether an asset is as recent as its policy asks for. */
export const FreshnessBadge = ({ freshness }: { readonly freshness: NonNullable<AssetStatus["freshness"]> }) => {
  const { since, status, until } = freshness
  return (
    <span className="inline-flex items-center gap-1.5">
      <StatusBadge status={status} label={freshnessWords[status]} />
      {status === "Overdue" && since !== undefined
        ? (
          <span className="text-xs text-text-3">
            since <RelativeTime at={since} />
          </span>
        )
        : until !== undefined && status !== "Unknown"
        ? (
          <Tooltip text="Until then it counts as recent">
            <span className="text-xs text-text-3">
              <RelativeTime at={until} />
            </span>
          </Tooltip>
        )
        : null}
    </span>
  )
}
