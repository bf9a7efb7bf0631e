import { CircleCheck, CircleX, Info, X } from "lucide-react"
import { type ReactNode, useEffect } from "react"
import { external, useExternal } from "../external.ts"
import { IconButton } from "./Button.tsx"
import { classes } from "./classes.ts"
import { problemOf } from "./problem.ts"

/** A short message at the edge of the window. */
export interface Toast {
  readonly id: number
  readonly tone: "info" | "success" | "error"
  readonly title: ReactNode
  readonly detail?: ReactNode
  /** A link to what it is about. */
  readonly action?: ReactNode
}

const toasts = external<ReadonlyArray<Toast>>([])
let nextId = 1

/** Shows a message for some seconds; an error stays until it is closed. */
export const showToast = (toast: Omit<Toast, "id">): void =>
  toasts.set((all) => [...all.slice(-3), { ...toast, id: nextId++ }])

/** Shows what went wrong. */
export const showError = (error: unknown): void => {
  const { detail, title } = problemOf(error)
  showToast({ tone: "error", title, detail })
}

const close = (id: number): void => toasts.set((all) => all.filter((toast) => toast.id !== id))

const icons = { info: Info, success: CircleCheck, error: CircleX }

const ToastView = ({ toast }: { readonly toast: Toast }) => {
  useEffect(() => {
    if (toast.tone === "error") return
    const timer = setTimeout(() => close(toast.id), 7000)
    return () => clearTimeout(timer)
  }, [toast])
  const Icon = icons[toast.tone]
  return (
    <div className="pointer-events-auto flex w-full items-start gap-2.5 rounded-lg border border-border bg-surface p-3 shadow-float [animation:toast-in_0.15s_ease-out]">
      <Icon
        size={16}
        aria-hidden
        className={classes(
          "mt-0.5 shrink-0",
          toast.tone === "error"
            ? "text-failed-text"
            : toast.tone === "success"
            ? "text-fresh-text"
            : "text-accent-text"
        )}
      />
      <div className="min-w-0 flex-1 text-sm">
        <p className="font-medium break-words">{toast.title}</p>
        {toast.detail === undefined ?
          null :
          <p className="max-h-32 overflow-auto break-words whitespace-pre-wrap text-text-2">{toast.detail}</p>}
        {toast.action === undefined ? null : <div className="mt-1 text-accent-text underline">{toast.action}</div>}
      </div>
      <IconButton icon={X} label="Dismiss" size="sm" tooltip="" onClick={() => close(toast.id)} />
    </div>
  )
}

/** Where messages appear; the shell has one. Screen readers are told of each. */
export const Toasts = () => {
  const all = useExternal(toasts)
  return (
    <div
      role="region"
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 z-50 flex w-[min(380px,calc(100vw-24px))] flex-col gap-2"
    >
      {all.map((toast) => <ToastView key={toast.id} toast={toast} />)}
    </div>
  )
}
