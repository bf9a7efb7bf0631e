/** The checks of an asset, and what they found. */
import { ListChecks } from "lucide-react"
import { useMemo } from "react"
import { type Api, useAssetChecks } from "../api/index.ts"
import {
  AssetLink,
  Badge,
  Button,
  Card,
  Duration,
  EmptyState,
  ErrorView,
  MetadataTable,
  Pager,
  RelativeTime,
  RunLink,
  Skeleton,
  StatusBadge
} from "../kit/index.ts"
import { useLaunch } from "../launch/index.ts"
import { checksText, groupChecks } from "./checks.ts"
import { FailureView, partOf } from "./EventDetails.tsx"

type Check = Api.Model.CheckModel

const status = (check: Check) => check.status === "Failed" && check.severity === "warn" ? "Warned" : check.status

const words: { readonly [status in Check["status"]]: string | undefined } = {
  Passed: undefined,
  Failed: undefined,
  Errored: undefined,
  InProgress: "It is being evaluated.",
  NotEvaluated: "The data that is there was not judged by it yet.",
  Skipped: "It was skipped, as the asset was.",
  ExecutionFailed: "The run ended before it was evaluated."
}

const Evaluation = ({ assetKey, check, whole }: {
  readonly assetKey: string
  readonly check: Check
  /** It is about the asset as a whole. */
  readonly whole: boolean
}) => {
  const { evaluation } = check
  const part = partOf(check)
  return (
    <div className="flex min-w-0 flex-col gap-2 border-b border-border px-4 py-3 last:border-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        {whole ? null : (
          <>
            <StatusBadge status={status(check)} />
            {check.partition === undefined
              ? <span className="font-mono text-xs">{part}</span>
              : (
                <AssetLink assetKey={assetKey} tab="activity" partition={check.partition} className="font-mono text-xs">
                  {check.partition}
                </AssetLink>
              )}
          </>
        )}
        {evaluation === undefined
          ? <span className="text-text-3">{words[check.status] ?? "No evaluation yet."}</span>
          : (
            <>
              <RelativeTime at={evaluation.timestamp} className="text-text-2" />
              <RunLink id={evaluation.runId} />
              <Duration millis={evaluation.durationMillis} className="text-xs text-text-3" />
            </>
          )}
      </div>
      {evaluation?.description === undefined ?
        null :
        <p className="text-sm break-words whitespace-pre-wrap">{evaluation.description}</p>}
      {evaluation?.error === undefined ? null : <FailureView failure={evaluation.error} />}
      {evaluation === undefined || Object.keys(evaluation.metadata).length === 0
        ? null
        : <MetadataTable metadata={evaluation.metadata} />}
    </div>
  )
}

/** The checks of an asset. */
export const Checks = ({ assetKey, external }: { readonly assetKey: string; readonly external: boolean }) => {
  const { error, hasMore, items, loadingMore, loadMore, refetch } = useAssetChecks(assetKey)
  const launch = useLaunch()
  const groups = useMemo(() => groupChecks(items ?? []), [items])
  if (error !== undefined && items === undefined) return <ErrorView error={error} retry={refetch} />
  if (items === undefined) return <Skeleton className="h-40 w-full" />
  if (items.length === 0) {
    return (
      <Card>
        <EmptyState
          title="No checks"
          icon={ListChecks}
          command={`Check.make("not empty", {\n  asset,\n  blocking: true,\n  check: (value) => Effect.succeed(value.length > 0)\n})`}
        >
          A check judges the data of an asset after it was stored. A blocking one keeps what is downstream from being
          computed from bad data.
        </EmptyState>
      </Card>
    )
  }
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-text-2">
          {checksText(groups)}
        </p>
        <Button
          size="sm"
          icon={ListChecks}
          onClick={() => launch({ keys: [assetKey], checks: "only", title: `Run the checks of ${assetKey}` })}
        >
          {external ? "Run the checks" : "Run the checks only"}
        </Button>
      </div>
      {groups.map(({ check, entries, worst }) => {
        const whole = entries.length === 1 && partOf(worst) === undefined
        return (
          <Card
            key={check}
            flush
            title={
              <span className="flex flex-wrap items-center gap-2 py-1">
                <StatusBadge status={status(worst)} />
                <span className="break-words">{check}</span>
                <Badge tone={worst.severity === "error" ? "failed" : "stale"}>{worst.severity}</Badge>
                {worst.blocking
                  ? <Badge title="What is downstream is not computed when it fails">blocking</Badge>
                  : null}
              </span>
            }
          >
            {worst.description === undefined
              ? null
              : <p className="border-b border-border px-4 py-3 text-sm break-words text-text-2">{worst.description}</p>}
            {entries.map((entry, index) => <Evaluation key={index} assetKey={assetKey} check={entry} whole={whole} />)}
          </Card>
        )
      })}
      <Pager hasMore={hasMore} loading={loadingMore} onMore={loadMore} />
    </div>
  )
}
