import { Link } from "@tanstack/react-router"
import { Workflow } from "lucide-react"
import type { ReactNode } from "react"
import { conditionsName } from "../api/words.ts"
import { AssetLink, classes, linkClasses } from "../kit/index.ts"
import { keyExpression } from "../launch/select.ts"
import type { Automation } from "./data.ts"

const shared = "inline-flex min-h-6 max-w-full min-w-0 items-center gap-1.5"

/** A link to the page of a job. */
export const JobLink = ({ name, className }: { readonly name: string; readonly className?: string }) => (
  <Link to="/job" search={{ name }} title={name} className={classes(shared, linkClasses, className)}>
    <Workflow size={13} aria-hidden className="shrink-0 text-text-3" />
    <span className="truncate">{name}</span>
  </Link>
)

/** A link to the page of an automation; the text is its name unless there are children. */
export const AutomationLink = ({ name, tick, children, className }: {
  readonly name: string
  readonly tick?: string | undefined
  readonly children?: ReactNode
  readonly className?: string
}) => (
  <Link
    to="/automation"
    search={{ name, ...tick === undefined ? {} : { tick } }}
    title={name}
    className={classes(shared, linkClasses, className)}
  >
    <span className="truncate">{children ?? nameOf(name)}</span>
  </Link>
)

/** What an automation is called. */
export const nameOf = (name: string): string => name === conditionsName ? "Conditions" : name

/** What an automation requests unless an evaluation says otherwise. */
export const Target = ({ target }: { readonly target: Automation["target"] }) => {
  if (target === undefined) return <span className="text-text-3">as it says</span>
  if (target.job !== undefined) return <JobLink name={target.job} />
  const [key, ...others] = target.keys ?? []
  return key !== undefined && others.length === 0
    ? <AssetLink assetKey={key} className="truncate" />
    : (
      <Link
        to="/assets"
        search={target.select !== undefined
          ? { select: target.select }
          : target.keys === undefined
          ? {}
          : { select: target.keys.map(keyExpression).join(" or ") }}
        title={target.words}
        className={classes(shared, linkClasses)}
      >
        <span className="truncate">{target.words}</span>
      </Link>
    )
}
