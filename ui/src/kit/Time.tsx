import { formatAhead, formatDuration, formatRelative, formatTime, type TimeStyle, useClock, useZone } from "../time.ts"
import { classes } from "./classes.ts"

const iso = (millis: number): string | undefined => {
  const date = new Date(millis)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** How long ago, ticking, or in how long with `ahead`; the exact time in the chosen zone is its title. */
export const RelativeTime = ({ ahead = false, at, className }: {
  readonly at: number
  readonly ahead?: boolean
  readonly className?: string
}) => {
  const zone = useZone()
  const text = useClock((now) => (ahead ? formatAhead : formatRelative)(at, now))
  return (
    <time dateTime={iso(at)} title={formatTime(at, zone)} className={classes("whitespace-nowrap", className)}>
      {text}
    </time>
  )
}

/** A time in the chosen zone. */
export const Time = ({ at, format = "second", className }: {
  readonly at: number
  readonly format?: TimeStyle
  readonly className?: string
}) => {
  const zone = useZone()
  return (
    <time
      dateTime={iso(at)}
      title={formatTime(at, zone)}
      className={classes("whitespace-nowrap tabular-nums", className)}
    >
      {formatTime(at, zone, format)}
    </time>
  )
}

/** A duration. */
export const Duration = ({ millis, className }: { readonly millis: number; readonly className?: string }) => (
  <span className={classes("whitespace-nowrap tabular-nums", className)}>{formatDuration(millis)}</span>
)

/** How long something takes that has begun and not ended, ticking. */
export const RunningDuration = ({ since, className }: { readonly since: number; readonly className?: string }) => {
  const text = useClock((now) => formatDuration(Math.max(0, Math.floor((now - since) / 1000) * 1000)))
  return <span className={classes("whitespace-nowrap tabular-nums", className)}>{text}</span>
}
