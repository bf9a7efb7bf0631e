import { type ReactNode, useId } from "react"
import { classes } from "./classes.ts"

/** A box with a heading. `actions` are at the right of it. */
export const Card = ({ title, actions, children, className, flush }: {
  readonly title?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
  readonly className?: string
  /** Without space around the content: for tables and lists. */
  readonly flush?: boolean
}) => {
  const id = useId()
  return (
    <section
      aria-labelledby={title === undefined ? undefined : id}
      className={classes("min-w-0 rounded-lg border border-border bg-surface shadow-card", className)}
    >
      {title === undefined ?
        null :
        (
          <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-border px-4 py-1">
            <h2 id={id} className="text-sm font-semibold">{title}</h2>
            {actions === undefined ? null : <div className="flex items-center gap-1">{actions}</div>}
          </header>
        )}
      <div className={flush === true ? "" : "p-4"}>{children}</div>
    </section>
  )
}
