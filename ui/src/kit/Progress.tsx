import { LoaderCircle } from "lucide-react"
import { classes } from "./classes.ts"

/** Something is being waited for. */
export const Spinner = ({ label = "Loading", size = 16 }: { readonly label?: string; readonly size?: number }) => (
  <span role="status" className="inline-flex text-text-3">
    <LoaderCircle size={size} aria-hidden className="animate-spin" />
    <span className="sr-only">{label}</span>
  </span>
)

/** The place of what is being loaded. Give it a size by `className`. */
export const Skeleton = ({ className }: { readonly className?: string }) => (
  <span aria-hidden className={classes("block animate-pulse rounded-md bg-surface-3", className ?? "h-4 w-full")} />
)

/** A bar that fills: `parts` are shares of `total`, each with its colour. */
export const Bar = ({ parts, total, label, className }: {
  readonly parts: ReadonlyArray<{ readonly value: number; readonly fill: string }>
  readonly total: number
  readonly label: string
  readonly className?: string
}) => (
  <span
    role="img"
    aria-label={label}
    title={label}
    className={classes("flex h-1.5 w-full overflow-hidden rounded-full bg-surface-3", className)}
  >
    {parts.map(({ fill, value }, index) =>
      value <= 0 || total <= 0
        ? null
        : <span key={index} className={fill} style={{ width: `max(2px, ${(value / total) * 100}%)` }} />
    )}
  </span>
)
