import { Check, Copy } from "lucide-react"
import { useEffect, useRef, useState } from "react"
import { IconButton } from "./Button.tsx"
import { classes } from "./classes.ts"

const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** Copies a text. */
export const CopyButton = ({ text, label = "Copy", className }: {
  readonly text: string
  readonly label?: string
  readonly className?: string
}) => {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle")
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const copy = async () => {
    setState(await copyText(text) ? "copied" : "refused")
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setState("idle"), 1500)
  }
  const shown = state === "idle" ? label : state === "copied" ? "Copied" : "The browser did not allow it"
  return (
    <IconButton
      icon={state === "copied" ? Check : Copy}
      label={shown}
      size="sm"
      className={className ?? ""}
      onClick={() => void copy()}
    />
  )
}

/** Code or other text as it is, with a button to copy it. */
export const CodeBlock = ({ code, label = "Code", className, maxHeight = 360 }: {
  readonly code: string
  readonly label?: string
  readonly className?: string
  readonly maxHeight?: number
}) => (
  <div className={classes("group relative rounded-md border border-border bg-surface-2", className)}>
    <pre
      tabIndex={0}
      role="group"
      aria-label={label}
      style={{ maxHeight }}
      className="overflow-auto py-2 pr-10 pl-3 font-mono text-xs leading-5 whitespace-pre-wrap break-words text-text"
    >
      {code}
    </pre>
    <span className="absolute top-1.5 right-1.5 flex">
      <CopyButton text={code} />
    </span>
  </div>
)

/** A piece of code inside a line. */
export const Code = ({ children }: { readonly children: string }) => (
  <code className="rounded bg-surface-3 px-1 py-px font-mono text-xs break-all">{children}</code>
)
