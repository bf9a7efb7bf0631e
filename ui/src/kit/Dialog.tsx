import { X } from "lucide-react"
import { type ReactNode, useId, useLayoutEffect, useRef } from "react"
import { IconButton } from "./Button.tsx"
import { classes } from "./classes.ts"

/** Props of a dialog and of a drawer. */
export interface DialogProps {
  readonly open: boolean
  /** Asked for by Escape, by a click beside it, or by its close button. */
  readonly onClose: () => void
  readonly title: ReactNode
  readonly description?: ReactNode
  /** Buttons at its foot. */
  readonly footer?: ReactNode
  readonly children: ReactNode
  readonly className?: string
}

const Modal = (
  { onClose, title, description, footer, children, className, frame }: Omit<DialogProps, "open"> & {
    readonly frame: string
  }
) => {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  // closed before it is gone, so that the browser gives the focus back
  useLayoutEffect(() => {
    const dialog = ref.current
    if (dialog === null) return
    dialog.showModal()
    // the first field, rather than the button that closes it
    const body = dialog.querySelector("[data-body]")
    const first = body?.querySelector<HTMLElement>("[data-autofocus]") ??
      body?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea") ?? dialog
    first.focus()
    return () => dialog.close()
  }, [])
  return (
    <dialog
      ref={ref}
      tabIndex={-1}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        // a press on the backdrop is a press on the dialog itself, whose content fills it
        if (event.target === event.currentTarget) onClose()
      }}
      className={classes("border border-border bg-surface shadow-float outline-none open:flex", frame, className)}
    >
      <div className="flex min-h-0 w-full flex-col">
        <header className="flex items-start justify-between gap-4 border-b border-border px-5 py-3">
          <div className="min-w-0">
            <h2 id={id} className="text-base font-semibold break-words">{title}</h2>
            {description === undefined ? null : <p className="text-sm text-text-2">{description}</p>}
          </div>
          <IconButton icon={X} label="Close" size="sm" onClick={onClose} />
        </header>
        <div data-body className="min-h-0 flex-1 overflow-auto px-5 py-4">{children}</div>
        {footer === undefined ?
          null :
          (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-border px-5 py-3">
              {footer}
            </footer>
          )}
      </div>
    </dialog>
  )
}

/** A modal dialog: the browser's own, which keeps the focus inside and gives it back. */
export const Dialog = (
  { open, size = "md", ...props }: DialogProps & { readonly size?: "sm" | "md" | "lg" }
) =>
  !open ? null : (
    <Modal
      {...props}
      frame={classes(
        "m-auto max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] rounded-xl",
        size === "sm" ? "max-w-md" : size === "md" ? "max-w-xl" : "max-w-4xl"
      )}
    />
  )

/** A modal dialog at the edge of the window. */
export const Drawer = (
  { open, side = "right", ...props }: DialogProps & { readonly side?: "left" | "right" }
) =>
  !open ? null : (
    <Modal
      {...props}
      frame={classes(
        "my-0 h-dvh max-h-none w-[calc(100vw-40px)] max-w-lg",
        side === "right" ? "mr-0 ml-auto" : "mr-auto ml-0"
      )}
    />
  )
