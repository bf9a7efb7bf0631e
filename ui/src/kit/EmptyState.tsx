import type { LucideIcon } from "lucide-react"
import type { ReactNode } from "react"
import { CodeBlock } from "./Code.tsx"

/** What is shown where there is nothing: what would be here, and how to get it. */
export const EmptyState = ({ title, children, icon: Icon, command, action }: {
  readonly title: string
  readonly children?: ReactNode
  readonly icon?: LucideIcon
  /** A command that fills this place, to copy. */
  readonly command?: string
  readonly action?: ReactNode
}) => (
  <div className="mx-auto flex max-w-lg flex-col items-center gap-3 px-6 py-14 text-center">
    {Icon === undefined ?
      null :
      (
        <span className="flex size-11 items-center justify-center rounded-xl bg-surface-3 text-text-2">
          <Icon size={20} aria-hidden />
        </span>
      )}
    <h2 className="text-base font-semibold">{title}</h2>
    {children === undefined ? null : <div className="text-sm text-text-2">{children}</div>}
    {command === undefined ? null : <CodeBlock code={command} className="w-full text-left" />}
    {action}
  </div>
)
