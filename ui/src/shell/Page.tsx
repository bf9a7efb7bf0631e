import { type ReactNode, useEffect } from "react"
import { createPortal } from "react-dom"
import { external, useExternal } from "../external.ts"
import { classes } from "../kit/classes.ts"

/** The place in the top bar where a page puts its title. */
export const titleSlot = external<HTMLElement | null>(null)

/** The frame of a page: its title in the top bar and in the title of the window, its actions beside it, its content below. */
export const Page = ({ title, heading, actions, children, fill, className }: {
  /** Names the object: it is the title of the window. */
  readonly title: string
  /** What is shown of it, if it is more than the title. */
  readonly heading?: ReactNode
  /** Buttons at the right of the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
  /** The content fills the window and scrolls in itself, as a table and a graph do. Else the page scrolls. */
  readonly fill?: boolean
  readonly className?: string
}) => {
  const slot = useExternal(titleSlot)
  useEffect(() => {
    document.title = `${title} · effect-assets`
  }, [title])
  return (
    <>
      {slot === null ? null : createPortal(
        <>
          <h1 className="min-w-0 truncate text-base font-semibold">{heading ?? title}</h1>
          {actions === undefined ? null : <div className="ml-auto flex shrink-0 items-center gap-1.5">{actions}</div>}
        </>,
        slot
      )}
      <div
        className={classes(
          fill === true ? "flex h-full min-h-0 flex-col overflow-hidden" : "h-full overflow-auto",
          className ?? (fill === true ? "" : "p-4 md:p-6")
        )}
      >
        {children}
      </div>
    </>
  )
}
