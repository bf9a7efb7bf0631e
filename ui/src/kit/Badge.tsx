import type { LucideIcon } from "lucide-react"
import type { ReactNode } from "react"
import { classes } from "./classes.ts"
import { lookOf, type Status, type Tone, toneSoft, toneText } from "./status.ts"
import { Tooltip } from "./Tooltip.tsx"

/** A few words in a box: a kind, a tag, a count. */
export const Badge = ({ children, icon: Icon, tone, className, title }: {
  readonly children: ReactNode
  readonly icon?: LucideIcon
  readonly tone?: Tone | undefined
  readonly className?: string
  readonly title?: string
}) => (
  <span
    title={title}
    className={classes(
      "inline-flex h-5 max-w-full items-center gap-1 rounded px-1.5 text-2xs font-medium whitespace-nowrap",
      tone === undefined ? "bg-surface-3 text-text-2" : `${toneSoft[tone]} ${toneText[tone]}`,
      className
    )}
  >
    {Icon === undefined ? null : <Icon size={12} aria-hidden className="shrink-0" />}
    <span className="truncate">{children}</span>
  </span>
)

/** A state as an icon and a word. `label` is another word, such as a count with it. */
export const StatusBadge = ({ status, label, tooltip, className }: {
  readonly status: Status
  readonly label?: ReactNode
  readonly tooltip?: ReactNode
  readonly className?: string | undefined
}) => {
  const look = lookOf(status)
  const Icon = look.icon
  const badge = (
    <span
      data-status={status}
      className={classes(
        "inline-flex h-5 max-w-full items-center gap-1 rounded-full px-2 align-middle text-2xs font-medium whitespace-nowrap",
        toneSoft[look.tone],
        toneText[look.tone],
        className
      )}
    >
      <Icon size={12} aria-hidden className={classes("shrink-0", look.spins === true && "animate-spin")} />
      <span className="truncate">{label ?? look.label}</span>
    </span>
  )
  return tooltip === undefined ? badge : <Tooltip text={tooltip}>{badge}</Tooltip>
}

/** A state as an icon; its word is its tooltip and read by screen readers. An empty `label` where the word stands beside it. */
export const StatusDot = ({ status, label, size = 14 }: {
  readonly status: Status
  readonly label?: string
  readonly size?: number
}) => {
  const look = lookOf(status)
  const Icon = look.icon
  return (
    <span
      {...label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label ?? look.label }}
      data-status={status}
      title={label ?? look.label}
      className={classes("inline-flex shrink-0", toneText[look.tone])}
    >
      <Icon size={size} aria-hidden className={look.spins === true ? "animate-spin" : ""} />
    </span>
  )
}
