import { cloneElement, type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from "react"
import { place, type Side } from "./floating.ts"

/**
 * A few words on what is hovered or focused. Escape closes it, and the pointer may rest on it. `describes: false` where the
 * text is the accessible name already.
 */
export const Tooltip = ({ text, children, side = "top", describes = true, className }: {
  readonly text: ReactNode
  readonly children: ReactElement<{ readonly "aria-describedby"?: string | undefined }>
  readonly side?: Side
  readonly describes?: boolean
  readonly className?: string
}) => {
  const [open, setOpen] = useState(false)
  const id = useId()
  const anchor = useRef<HTMLSpanElement>(null)
  const floating = useRef<HTMLSpanElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  useEffect(() => () => clearTimeout(timer.current), [])

  useEffect(() => {
    if (!open) return
    const element = floating.current
    const target = anchor.current?.firstElementChild
    if (element === null || target === null || target === undefined) return
    element.showPopover()
    place(element, target, side)
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") setOpen(false)
    }
    addEventListener("keydown", close)
    return () => removeEventListener("keydown", close)
  }, [open, side, text])

  const change = (open: boolean, delay: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setOpen(open), delay)
  }

  if (text === undefined || text === null || text === "" || text === false) return children
  return (
    <span
      ref={anchor}
      className={className ?? "inline-flex min-w-0"}
      onPointerEnter={(event) => event.pointerType !== "touch" && change(true, 350)}
      onPointerLeave={() => change(false, 120)}
      onFocus={(event) => event.target.matches(":focus-visible") && change(true, 0)}
      onBlur={() => change(false, 0)}
      onClick={() => change(false, 0)}
    >
      {cloneElement(children, describes && open ? { "aria-describedby": id } : {})}
      {open
        ? (
          <span
            ref={floating}
            id={id}
            role="tooltip"
            popover="manual"
            className="max-w-80 rounded-md border border-border bg-surface px-2 py-1 text-xs font-normal whitespace-pre-line break-words text-text shadow-float"
          >
            {text}
          </span>
        )
        : null}
    </span>
  )
}
