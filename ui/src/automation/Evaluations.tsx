/** A condition: what it says, what its evaluations came to, and why. */
import { Link } from "@tanstack/react-router"
import { ChevronsDownUp, History, Sparkles } from "lucide-react"
import { useCallback, useState } from "react"
import { useGraph } from "../api/index.ts"
import { conditionsName } from "../api/words.ts"
import {
  Badge,
  Card,
  Checkbox,
  classes,
  EmptyState,
  ErrorView,
  linkClasses,
  Pager,
  RelativeTime,
  Skeleton,
  Time
} from "../kit/index.ts"
import { type Evaluation, useAutomation, useEvaluations } from "./data.ts"
import { requestedText } from "./explanation.ts"
import { ExplanationTree } from "./ExplanationTree.tsx"
import { AutomationLink } from "./Target.tsx"

const Entry = ({ evaluation, onSelect, partitioned, selected }: {
  readonly evaluation: Evaluation
  readonly partitioned: boolean
  readonly selected: boolean
  readonly onSelect: () => void
}) => (
  <li className="border-b border-border last:border-0">
    <button
      type="button"
      aria-pressed={selected}
      onClick={onSelect}
      className={classes(
        "flex min-h-9 w-full flex-wrap items-center gap-x-2 px-4 py-1 text-left text-sm -outline-offset-2",
        selected ? "bg-accent-soft" : "hover:bg-surface-2"
      )}
    >
      <span className="min-w-8 text-xs text-text-3 tabular-nums">#{evaluation.evaluation}</span>
      <RelativeTime at={evaluation.timestamp} className="min-w-20" />
      <Time at={evaluation.timestamp} format="time" className="text-xs text-text-2" />
      {evaluation.requested > 0
        ? <Badge tone="fresh">{requestedText(evaluation.requested, partitioned)}</Badge>
        : <span className="text-xs text-text-2">Nothing requested</span>}
    </button>
  </li>
)

const Explanation = ({ before, evaluation, known, partitioned }: {
  readonly evaluation: Evaluation
  readonly before: Evaluation | undefined
  readonly known: (key: string) => boolean
  readonly partitioned: boolean
}) => (
  <Card
    flush
    title={
      <span className="flex flex-wrap items-center gap-x-2">
        <span className="font-normal text-text-3">#{evaluation.evaluation}</span>
        {requestedText(evaluation.requested, partitioned)}
        <RelativeTime at={evaluation.timestamp} className="font-normal text-text-2" />
      </span>
    }
    actions={evaluation.tickId === undefined ? undefined : (
      <>
        <AutomationLink name={conditionsName} tick={evaluation.tickId} className="text-sm text-accent-text">
          Tick
        </AutomationLink>
        <Link
          to="/runs"
          search={{ tag: [`tick=${evaluation.tickId}`] }}
          className={classes("inline-flex min-h-6 items-center px-1 text-sm text-accent-text", linkClasses)}
        >
          Runs
        </Link>
      </>
    )}
  >
    <div className="overflow-x-auto p-2">
      <ExplanationTree
        key={evaluation.seq}
        root={evaluation.explanation}
        before={before?.explanation}
        known={known}
        label="Why"
      />
    </div>
    {before === undefined ? null : (
      <p className="border-t border-border px-4 py-1.5 text-xs text-text-3">
        Marked is what was another in evaluation #{before.evaluation}, <RelativeTime at={before.timestamp} />.
      </p>
    )}
  </Card>
)

/** What evaluations of the condition of something came to, and why. `selected` is a `seq`: the newest if it is left out. */
export const EvaluationsView = ({ about, onSelect, partitioned, selected, words }: {
  /** The key of an asset, a check as `KEY:CHECK`, a job as `:NAME`. */
  readonly about: string
  /** What the condition says. */
  readonly words: string
  readonly partitioned: boolean
  readonly selected: string | undefined
  readonly onSelect: (seq: string | undefined) => void
}) => {
  const { error, hasMore, items, loadingMore, loadMore, refetch } = useEvaluations({ key: about })
  const conditions = useAutomation(conditionsName).data
  const { graph } = useGraph()
  const [requestedOnly, setRequestedOnly] = useState(false)
  const known = useCallback((key: string) => graph === undefined || graph.index.has(key), [graph])
  const place = items?.findIndex(({ seq }) => String(seq) === selected) ?? -1
  const shown = items?.[selected === undefined ? 0 : place]
  const before = shown === undefined ? undefined : items![items!.indexOf(shown) + 1]
  const listed = requestedOnly ? items?.filter(({ requested }) => requested > 0) : items
  return (
    <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1.9fr)_minmax(280px,1fr)]">
      <div className="flex min-w-0 flex-col gap-4">
        <Card
          title="Condition"
          actions={conditions?.running === false
            ? (
              <AutomationLink name={conditionsName} className="text-sm text-stale-text">
                Conditions are stopped
              </AutomationLink>
            )
            : undefined}
        >
          <p className="text-sm break-words">
            <Sparkles size={14} aria-hidden className="mr-1.5 inline-block text-text-3" />
            {words}
          </p>
        </Card>
        {error !== undefined && items === undefined
          ? <ErrorView error={error} retry={refetch} />
          : items === undefined
          ? <Skeleton className="h-40 w-full" />
          : shown !== undefined
          ? <Explanation evaluation={shown} before={before} known={known} partitioned={partitioned} />
          : items.length > 0
          ? (
            <Card>
              <EmptyState title="This evaluation is not among the newest" icon={ChevronsDownUp}>
                It may be further back in the list, or was removed after the time that evaluations are kept.
              </EmptyState>
            </Card>
          )
          : (
            <Card>
              <EmptyState title="Not evaluated yet" icon={Sparkles} command="npx effect-assets daemon">
                A daemon evaluates conditions when something changes that they ask about. It tells here what it found.
              </EmptyState>
            </Card>
          )}
      </div>
      {items === undefined || items.length === 0 ? null : (
        <Card
          flush
          title={
            <span className="flex items-center gap-1.5">
              <History size={14} aria-hidden className="text-text-3" />
              Evaluations
            </span>
          }
          actions={<Checkbox label="Requested only" checked={requestedOnly} onChange={setRequestedOnly} />}
        >
          <ul aria-label="Evaluations" className="max-h-[60dvh] overflow-auto">
            {listed!.map((evaluation) => (
              <Entry
                key={evaluation.seq}
                evaluation={evaluation}
                partitioned={partitioned}
                selected={evaluation === shown}
                onSelect={() => onSelect(evaluation === items[0] ? undefined : String(evaluation.seq))}
              />
            ))}
            {listed!.length === 0
              ? <li className="px-4 py-3 text-sm text-text-3">None of these has requested anything.</li>
              : null}
            <li>
              <Pager hasMore={hasMore} loading={loadingMore} onMore={loadMore} label="Earlier ones" />
            </li>
          </ul>
          <p className="border-t border-border px-4 py-1.5 text-xs text-text-3">
            An evaluation that came to the same as the one before is not kept.
          </p>
        </Card>
      )}
    </div>
  )
}

const example = `Asset.make("shop/revenue", {
  inputs: { orders },
  automation: Condition.eager(),
  compute: …
})`

/** The tab of an asset: its condition, or how to give it one. */
export const AutomationTab = ({ assetKey, onSelect, partitioned, selected, words }: {
  readonly assetKey: string
  readonly words: string | undefined
  readonly partitioned: boolean
  readonly selected: string | undefined
  readonly onSelect: (seq: string | undefined) => void
}) =>
  words === undefined
    ? (
      <Card>
        <EmptyState title="No condition" icon={Sparkles} command={example}>
          Somebody or a job has to ask for it. With a condition it is computed without anybody asking: as soon as
          something upstream has changed, by the clock, or when it is missing.
        </EmptyState>
      </Card>
    )
    : (
      <EvaluationsView
        about={assetKey}
        words={words}
        partitioned={partitioned}
        selected={selected}
        onSelect={onSelect}
      />
    )
