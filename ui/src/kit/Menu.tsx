import type { LucideIcon } from "lucide-react"
import { type KeyboardEvent, type ReactElement, type ReactNode, type Ref, useId, useRef, useState } from "react"
import { classes } from "./classes.ts"
import { place, type Side } from "./floating.ts"

/** What the button of a popover is given. */
export interface PopoverTrigger {
  readonly ref: Ref<HTMLButtonElement>
  readonly popoverTarget: string
  readonly "aria-expanded": boolean
}

/** A box that opens beside a button: the browser's own popover, closed by Escape and by a click elsewhere. */
export const Popover = ({ trigger, children, side = "bottom-start", label, className }: {
  readonly trigger: (props: PopoverTrigger) => ReactElement
  readonly children: ReactNode | ((close: () => void) => ReactNode)
  readonly side?: Side
  readonly label: string
  readonly className?: string
}) => {
  const id = useId()
  const anchor = useRef<HTMLButtonElement>(null)
  const floating = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  return (
    <>
      {trigger({ ref: anchor, popoverTarget: id, "aria-expanded": open })}
      <div
        ref={floating}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={label}
        onToggle={(event) => {
          const opens = event.newState === "open"
          setOpen(opens)
          if (opens && anchor.current !== null) {
            const element = event.currentTarget
            // after its content is there
            requestAnimationFrame(() => anchor.current !== null && place(element, anchor.current, side))
            place(element, anchor.current, side)
          }
        }}
        className={classes("overflow-auto rounded-lg border border-border bg-surface shadow-float", className ?? "p-3")}
      >
        {open ? typeof children === "function" ? children(() => floating.current?.hidePopover()) : children : null}
      </div>
    </>
  )
}

/** An entry of a menu. */
export interface MenuItem {
  readonly label: ReactNode
  readonly icon?: LucideIcon
  /** A second line. */
  readonly hint?: ReactNode
  readonly onSelect: () => void
  readonly disabled?: boolean | undefined
  readonly danger?: boolean
  /** Of an entry that is one of several to choose from. */
  readonly checked?: boolean
}

/** What the button of a menu is given. */
export interface MenuTrigger extends PopoverTrigger {
  readonly "aria-haspopup": "menu"
}

/** A menu that opens beside a button. Arrow keys, Home and End move in it; `separator` is a line. */
export const Menu = ({ trigger, items, label, side = "bottom-start" }: {
  readonly trigger: (props: MenuTrigger) => ReactElement
  readonly items: ReadonlyArray<MenuItem | "separator">
  readonly label: string
  readonly side?: Side
}) => {
  const id = useId()
  const anchor = useRef<HTMLButtonElement>(null)
  const floating = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)

  const entries = () => [...floating.current!.querySelectorAll<HTMLElement>("[role^=menuitem]")]
  const move = (event: KeyboardEvent) => {
    const all = entries()
    const at = all.findIndex((entry) => entry === document.activeElement)
    const next = event.key === "ArrowDown"
      ? at + 1
      : event.key === "ArrowUp"
      ? at < 0 ? all.length - 1 : at - 1
      : event.key === "Home"
      ? 0
      : event.key === "End"
      ? all.length - 1
      : undefined
    if (event.key === "Tab") floating.current!.hidePopover()
    if (next === undefined || all.length === 0) return
    event.preventDefault()
    all[(next + all.length) % all.length]!.focus()
  }
  const close = () => {
    floating.current?.hidePopover()
    anchor.current?.focus()
  }

  return (
    <>
      {trigger({ ref: anchor, popoverTarget: id, "aria-expanded": open, "aria-haspopup": "menu" })}
      <div
        ref={floating}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        onKeyDown={move}
        onToggle={(event) => {
          const opens = event.newState === "open"
          setOpen(opens)
          if (!opens) return
          const element = event.currentTarget
          requestAnimationFrame(() => {
            if (anchor.current !== null) place(element, anchor.current, side)
            entries()[0]?.focus()
          })
        }}
        className="max-w-80 min-w-44 overflow-auto rounded-lg border border-border bg-surface p-1 shadow-float"
      >
        {open
          ? items.map((item, index) => {
            if (item === "separator") return <hr key={index} className="my-1 border-border" />
            const Icon = item.icon
            return (
              <button
                key={index}
                type="button"
                role={item.checked === undefined ? "menuitem" : "menuitemradio"}
                aria-checked={item.checked}
                aria-disabled={item.disabled === true || undefined}
                tabIndex={-1}
                onClick={() => {
                  if (item.disabled === true) return
                  close()
                  item.onSelect()
                }}
                className={classes(
                  "flex w-full items-start gap-2 rounded-md px-2 py-1.5 text-left text-sm",
                  "not-aria-disabled:hover:bg-surface-2 not-aria-disabled:focus:bg-surface-2 aria-disabled:opacity-50",
                  item.danger === true && "text-failed-text"
                )}
              >
                {item.checked === undefined ?
                  null :
                  <span aria-hidden className="w-3 shrink-0">{item.checked ? "✓" : ""}</span>}
                {Icon === undefined ? null : <Icon size={14} aria-hidden className="mt-[3px] shrink-0 opacity-70" />}
                <span className="min-w-0">
                  {item.label}
                  {item.hint === undefined ? null : <span className="block text-xs text-text-2">{item.hint}</span>}
                </span>
              </button>
            )
          })
          : null}
      </div>
    </>
  )
}
