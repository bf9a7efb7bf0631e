import { Link } from "@tanstack/react-router"
import type { RunSummary } from "../api/index.ts"
import { StatusDot } from "../kit/index.ts"
import { formatTime, useZone } from "../time.ts"

/** The newest runs as their states, the newest at the right; each leads to its run. */
export const RunDots = ({ runs }: { readonly runs: ReadonlyArray<RunSummary> }) => {
  const zone = useZone()
  if (runs.length === 0) return <span className="text-text-3">no runs yet</span>
  return (
    <span className="inline-flex">
      {runs.toReversed().map(({ id, startedAt, status }) => {
        const text = `${status}, ${formatTime(startedAt, zone, "minute")}`
        return (
          <Link
            key={id}
            to="/runs/$id"
            params={{ id }}
            title={text}
            aria-label={text}
            className="flex size-6 items-center justify-center rounded hover:bg-surface-3"
          >
            <StatusDot status={status} label="" />
          </Link>
        )
      })}
    </span>
  )
}
