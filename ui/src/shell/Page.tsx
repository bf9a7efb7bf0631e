import { type ReactNode, useEffect, useSyncExternalStore } from "react"
import { createPortal } from "react-dom"
import { external, useExternal } from "../external.ts"
import { classes } from "../kit/classes.ts"

/** The place in the top bar where a page puts its title. */
export const titleSlot = external<HTMLElement | null>(null)

const query = "(max-width: 639px)"

const subscribeNarrow = (listener: () => void): () => void => {
  const media = matchMedia(query)
  media.addEventListener("change", listener)
  return () => media.removeEventListener("change", listener)
}

/** Whether the window is as narrow as a telephone. */
const useNarrow = (): boolean => useSyncExternalStore(subscribeNarrow, () => matchMedia(query).matches)

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
  const narrow = useNarrow()
  useEffect(() => {
    document.title = `${title} · effect-assets`
  }, [title])
  return (
    <>
      {slot === null ? null : createPortal(
        <>
          <h1 className="min-w-0 truncate text-base font-semibold">{heading ?? title}</h1>
          {actions === undefined || narrow
            ? null
            : <div className="ml-auto flex shrink-0 items-center gap-1.5">{actions}</div>}
        </>,
        slot
      )}
      <div className={classes("flex h-full min-h-0 flex-col", fill === true ? "overflow-hidden" : "overflow-auto")}>
        {actions === undefined || !narrow ?
          null :
          (
            <div className="flex shrink-0 flex-wrap items-center gap-1.5 border-b border-border bg-surface px-3 py-2">
              {actions}
            </div>
          )}
        <div
          className={classes(
            fill === true ? "flex min-h-0 flex-1 flex-col" : "",
            className ?? (fill === true ? "" : "p-4 md:p-6")
          )}
        >
          {children}
        </div>
      </div>
    </>
  )
}
