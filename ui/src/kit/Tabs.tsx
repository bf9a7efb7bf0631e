import { Link, type LinkProps } from "@tanstack/react-router"
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react"
import { classes } from "./classes.ts"

/** A tab: where it leads, and whether it is the one that is shown. */
export interface Tab {
  readonly id: string
  readonly label: ReactNode
  /** A number beside the label. */
  readonly count?: number | undefined
  readonly link: LinkProps
}

/**
 * Tabs that are links: each has an address of its own. They are a navigation with the current page marked; the arrow keys
 * move between them.
 */
export const Tabs = ({ tabs, current, label, className }: {
  readonly tabs: ReadonlyArray<Tab>
  readonly current: string
  readonly label: string
  readonly className?: string
}) => {
  const ref = useRef<HTMLElement>(null)
  useEffect(() => {
    // where there is no room for all of them, the current one is in sight
    ref.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }, [current])
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
    if (step === 0) return
    const links = [...event.currentTarget.querySelectorAll("a")]
    const at = links.findIndex((link) => link === document.activeElement)
    if (at < 0) return
    event.preventDefault()
    links[(at + step + links.length) % links.length]!.focus()
  }
  return (
    <nav
      ref={ref}
      aria-label={label}
      onKeyDown={move}
      className={classes("flex gap-1 overflow-x-auto border-b border-border", className)}
    >
      {tabs.map((tab) => (
        <Link
          key={tab.id}
          {...tab.link}
          aria-current={tab.id === current ? "page" : undefined}
          className={classes(
            "-mb-px inline-flex h-9 items-center gap-1.5 border-b-2 px-2.5 text-sm font-medium whitespace-nowrap",
            "-outline-offset-2",
            tab.id === current
              ? "border-accent text-text"
              : "border-transparent text-text-2 hover:border-border-strong hover:text-text"
          )}
        >
          {tab.label}
          {tab.count === undefined ?
            null :
            (
              <span className="rounded bg-surface-3 px-1 text-2xs font-medium text-text-2">
                {tab.count.toLocaleString("en")}
              </span>
            )}
        </Link>
      ))}
    </nav>
  )
}
