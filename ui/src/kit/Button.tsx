import { LoaderCircle, type LucideIcon } from "lucide-react"
import type { ComponentProps, ReactNode } from "react"
import { classes } from "./classes.ts"
import { Tooltip } from "./Tooltip.tsx"

/** How much a button asks for attention: one `primary` a view. */
export type ButtonKind = "primary" | "secondary" | "ghost" | "danger"

const kinds: { readonly [kind in ButtonKind]: string } = {
  primary: "bg-accent text-on-accent not-aria-disabled:hover:bg-accent-hover border-transparent shadow-card",
  secondary: "bg-surface text-text border-border not-aria-disabled:hover:bg-surface-2 shadow-card",
  ghost: "text-text-2 border-transparent not-aria-disabled:hover:bg-surface-2 not-aria-disabled:hover:text-text",
  danger: "bg-danger text-on-accent border-transparent not-aria-disabled:hover:bg-danger-hover shadow-card"
}

/** The look of a button, for a link that looks like one. */
export const buttonClasses = (kind: ButtonKind = "secondary", size: "sm" | "md" = "md"): string =>
  classes(
    "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none",
    "transition-colors aria-disabled:opacity-50 aria-disabled:cursor-not-allowed",
    size === "sm" ? "h-7 px-2 text-xs" : "h-8 px-3 text-sm",
    kinds[kind]
  )

/** Props of a button. */
export interface ButtonProps extends Omit<ComponentProps<"button">, "disabled"> {
  readonly kind?: ButtonKind
  readonly size?: "sm" | "md"
  readonly icon?: LucideIcon
  /** Shown after the text, such as a chevron of a menu. */
  readonly after?: LucideIcon
  /** It stays focusable, so that a tooltip can say why. */
  readonly disabled?: boolean | undefined
  /** Works on what it was asked for: shows a spinner, and takes no click. */
  readonly busy?: boolean | undefined
}

/** A button. */
export const Button = (
  { kind = "secondary", size = "md", icon, after, disabled, busy, className, children, onClick, type, ...rest }:
    ButtonProps
) => {
  const off = disabled === true || busy === true
  const Icon = busy === true ? LoaderCircle : icon
  const After = after
  return (
    <button
      {...rest}
      type={type === "submit" && off ? "button" : type ?? "button"}
      aria-disabled={off || undefined}
      aria-busy={busy === true || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
      className={classes(buttonClasses(kind, size), className)}
    >
      {Icon === undefined ? null : <Icon size={14} aria-hidden className={busy === true ? "animate-spin" : ""} />}
      {children}
      {After === undefined ? null : <After size={14} aria-hidden className="-mr-0.5 opacity-70" />}
    </button>
  )
}

/** A button that is only an icon: `label` is its accessible name and its tooltip. */
export const IconButton = ({ icon: Icon, label, size = "md", pressed, disabled, onClick, className, tooltip, ...rest }:
  & Omit<ComponentProps<"button">, "children" | "disabled" | "aria-label">
  & {
    readonly icon: LucideIcon
    readonly label: string
    readonly size?: "sm" | "md"
    /** Of a toggle. */
    readonly pressed?: boolean
    readonly disabled?: boolean | undefined
    /** Another text than the label, or none. */
    readonly tooltip?: ReactNode
  }) => (
  <Tooltip text={tooltip === undefined ? label : tooltip} describes={tooltip !== undefined}>
    <button
      type="button"
      {...rest}
      aria-label={label}
      aria-pressed={pressed}
      aria-disabled={disabled === true || undefined}
      onClick={disabled === true ? undefined : onClick}
      className={classes(
        "inline-flex shrink-0 items-center justify-center rounded-md text-text-2 transition-colors",
        "not-aria-disabled:hover:bg-surface-3 not-aria-disabled:hover:text-text aria-disabled:opacity-50",
        "aria-pressed:bg-accent-soft aria-pressed:text-accent-text",
        size === "sm" ? "size-6" : "size-8",
        className
      )}
    >
      <Icon size={size === "sm" ? 14 : 16} aria-hidden />
    </button>
  </Tooltip>
)
