import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import type { AssetTab } from "../search.ts"
import { classes } from "./classes.ts"

/** The look of a link inside text and tables. */
export const linkClasses = "rounded-sm text-text underline-offset-2 hover:text-accent-text hover:underline"

/** A link to the page of an asset; the text is its key unless there are children. */
export const AssetLink = ({ assetKey, tab, partition, children, className, tabIndex }: {
  readonly assetKey: string
  readonly tab?: AssetTab
  readonly partition?: string | undefined
  readonly children?: ReactNode
  readonly className?: string
  readonly tabIndex?: number
}) => (
  <Link
    to="/asset"
    search={{
      key: assetKey,
      ...(tab === undefined ? {} : { tab }),
      ...(partition === undefined ? {} : { partition })
    }}
    tabIndex={tabIndex}
    className={classes("inline-block min-h-6 max-w-full content-center break-words", linkClasses, className)}
  >
    {children ?? <AssetName assetKey={assetKey} />}
  </Link>
)

/** A key with its last segment set off. */
export const AssetName = ({ assetKey }: { readonly assetKey: string }) => {
  const at = assetKey.lastIndexOf("/") + 1
  return (
    <>
      {at === 0 ? null : <span className="text-text-3">{assetKey.slice(0, at)}</span>}
      <span className="font-medium">{assetKey.slice(at)}</span>
    </>
  )
}

/** A run's id, short. */
export const shortId = (id: string): string => id.length > 12 ? id.slice(-8) : id

/** A link to the page of a run. */
export const RunLink = ({ id, children, className, tabIndex }: {
  readonly id: string
  readonly children?: ReactNode
  readonly className?: string
  readonly tabIndex?: number
}) => (
  <Link
    to="/runs/$id"
    params={{ id }}
    tabIndex={tabIndex}
    title={id}
    className={classes("inline-block min-h-6 content-center font-mono text-xs", linkClasses, className)}
  >
    {children ?? shortId(id)}
  </Link>
)
