import { Fragment, type ReactNode } from "react"
import { classes } from "./classes.ts"

/** Names and values, one below the other. What has no value is left out. */
export const KeyValue = ({ items, className }: {
  readonly items: ReadonlyArray<readonly [label: ReactNode, value: ReactNode]>
  readonly className?: string
}) => (
  <dl
    className={classes(
      "grid grid-cols-[minmax(88px,max-content)_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm",
      className
    )}
  >
    {items.map(([label, value], index) =>
      value === undefined || value === null || value === false ? null : (
        <Fragment key={index}>
          <dt className="text-text-2">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </Fragment>
      )
    )}
  </dl>
)
