import { useNavigate } from "@tanstack/react-router"
import { useId, useState } from "react"
import type { RunSummary } from "../api/index.ts"
import { classes, toneFill } from "../kit/index.ts"
import { formatDuration, formatTime, useZone } from "../time.ts"
import { toneOf } from "./look.ts"
import { assetsText, strip } from "./runsModel.ts"

/** The newest runs as bars by duration and state. Arrow keys move in it, Enter opens a run. */
export const RunStrip = ({ runs, now }: { readonly runs: ReadonlyArray<RunSummary>; readonly now: number }) => {
  const navigate = useNavigate()
  const zone = useZone()
  const id = useId()
  const [active, setActive] = useState<string>()
  const bars = strip(runs, now)
  if (bars.length === 0) return null
  const at = bars.findIndex(({ run }) => run.id === active)
  const shown = bars[at]?.run
  const open = (run: RunSummary) => void navigate({ to: "/runs/$id", params: { id: run.id } })
  const text = (run: RunSummary) =>
    `${run.status} · ${assetsText(run)} · ${formatTime(run.startedAt, zone, "minute")} · ${
      formatDuration(run.durationMillis ?? now - run.startedAt)
    }`
  return (
    <div className="flex flex-col gap-1">
      <div
        role="listbox"
        tabIndex={0}
        aria-label="The last runs, by duration and state"
        aria-activedescendant={shown === undefined ? undefined : `${id} ${shown.id}`}
        onKeyDown={(event) => {
          const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
          if (step !== 0) {
            event.preventDefault()
            const next = at < 0 ? bars.length - 1 : Math.max(0, Math.min(bars.length - 1, at + step))
            setActive(bars[next]!.run.id)
          }
          if (event.key === "Enter" && shown !== undefined) open(shown)
        }}
        onFocus={() => at < 0 && setActive(bars.at(-1)!.run.id)}
        onBlur={() => setActive(undefined)}
        onPointerLeave={() => setActive(undefined)}
        className="flex h-12 items-end gap-[2px] rounded-sm"
      >
        {bars.map(({ height, run }) => (
          <div
            key={run.id}
            id={`${id} ${run.id}`}
            role="option"
            aria-selected={run.id === active}
            aria-label={text(run)}
            onPointerEnter={() => setActive(run.id)}
            onClick={() => open(run)}
            className="flex h-full max-w-4 min-w-[3px] flex-1 cursor-pointer items-end"
          >
            <span
              className={classes(
                "w-full rounded-t-[2px]",
                toneFill[toneOf[run.status === "Succeeded" ? "Materialized" : run.status]],
                run.status === "Running" && "animate-pulse",
                active !== undefined && run.id !== active && "opacity-45"
              )}
              style={{ height: `${Math.round(height * 100)}%` }}
            />
          </div>
        ))}
      </div>
      <p aria-hidden className="h-4 truncate text-2xs text-text-3">
        {shown === undefined
          ? bars.length === 1 ? "The last run" : `The last ${bars.length} runs: the higher, the longer`
          : text(shown)}
      </p>
    </div>
  )
}
