import { useVirtualizer } from "@tanstack/react-virtual"
import { Database } from "lucide-react"
import { useMemo, useRef } from "react"
import type { Api } from "../api/index.ts"
import { AssetName, Badge, EmptyState, StatusDot, Tooltip } from "../kit/index.ts"
import { plural } from "./request.ts"

/** The steps of a run in order: the state of each now, and what is loaded from storage instead of being computed. */
export const PlanView = ({ plan }: { readonly plan: Api.Model.RunPlan }) => {
  const scroller = useRef<HTMLDivElement>(null)
  const { steps } = plan
  const loads = useMemo(() => [...new Set(steps.flatMap((step) => step.loads))], [steps])
  const virtual = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 36,
    overscan: 8
  })
  if (steps.length === 0) {
    return (
      <EmptyState title="Nothing to run">
        Everything that is selected is up to date, or is external. Turn off “only what is stale or missing” to run it
        anyway.
      </EmptyState>
    )
  }
  return (
    <div className="flex min-h-0 flex-col gap-2">
      <div
        ref={scroller}
        tabIndex={0}
        role="group"
        aria-label="Steps in the order in which they run"
        className="max-h-[44vh] overflow-auto rounded-md border border-border"
      >
        <ol style={{ height: virtual.getTotalSize() }} className="relative">
          {virtual.getVirtualItems().map((item) => {
            const step = steps[item.index]!
            return (
              <li
                key={item.key}
                style={{ transform: `translateY(${item.start}px)` }}
                className="absolute inset-x-0 top-0 flex h-9 items-center gap-2 border-b border-border px-3"
              >
                <span className="w-6 shrink-0 text-right text-2xs text-text-3 tabular-nums">{item.index + 1}</span>
                <StatusDot status={step.states[0] ?? "Unknown"} />
                <span className="min-w-0 flex-1 truncate text-sm" title={step.keys.join(", ")}>
                  <AssetName assetKey={step.name} />
                  {step.keys.length < 2
                    ? null
                    : <span className="text-text-3">{` · ${step.keys.length} outputs`}</span>}
                </span>
                {step.partitions === undefined ?
                  null :
                  <Badge className="max-w-[45%]" title={step.partitions}>{step.partitions}</Badge>}
                {step.loads.length === 0 ? null : (
                  <Tooltip text={`Loads from storage: ${list(step.loads)}`}>
                    <span tabIndex={0} className="inline-flex h-6 items-center gap-1 rounded px-1 text-xs text-text-3">
                      <Database size={12} aria-hidden />
                      <span className="sr-only">Loads from storage:</span>
                      {step.loads.length}
                    </span>
                  </Tooltip>
                )}
              </li>
            )
          })}
        </ol>
      </div>
      <p className="text-xs text-text-3">
        {plural(steps.length, "step")}, upstream before downstream. {loads.length === 0
          ? "Nothing is loaded from storage."
          : `Loaded from storage, not computed: ${list(loads)}.`}
      </p>
    </div>
  )
}

const list = (keys: ReadonlyArray<string>): string =>
  keys.length <= 6 ? keys.join(", ") : `${keys.slice(0, 5).join(", ")} and ${keys.length - 5} more`

/** What a backfill computes, and in how many runs. */
export const BackfillPlanView = ({ plan }: { readonly plan: Api.Model.BackfillPlan }) =>
  plan.assets.length === 0 || plan.runCount === 0
    ? <EmptyState title="Nothing to run">No partition is missing here. Choose others to compute them again.</EmptyState>
    : (
      <div className="flex min-h-0 flex-col gap-2">
        <div
          tabIndex={0}
          role="group"
          aria-label="What is computed"
          className="max-h-[44vh] overflow-auto rounded-md border border-border"
        >
          <ul>
            {plan.assets.slice(0, 500).map(({ count, key, partitions }) => (
              <li key={key} className="flex min-h-9 items-center gap-2 border-b border-border px-3 last:border-0">
                <span className="min-w-0 flex-1 truncate text-sm" title={key}>
                  <AssetName assetKey={key} />
                </span>
                {partitions === undefined ?
                  null :
                  <span className="max-w-[45%] truncate text-xs text-text-2" title={partitions}>{partitions}</span>}
                {count === undefined ? null : <Badge>{count.toLocaleString("en")}</Badge>}
              </li>
            ))}
          </ul>
        </div>
        <p className="text-xs text-text-3">
          {plural(plan.runCount, "run")} for {plural(plan.assets.length, "asset")}. What failed does not stop the rest.
        </p>
      </div>
    )
