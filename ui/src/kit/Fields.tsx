import { Check, ChevronDown, Search, X } from "lucide-react"
import { type ComponentProps, type ReactNode, useEffect, useId, useRef, useState } from "react"
import { Badge } from "./Badge.tsx"
import { Button, IconButton } from "./Button.tsx"
import { classes } from "./classes.ts"
import { Popover } from "./Menu.tsx"

const input = "h-8 w-full min-w-0 rounded-md border bg-surface px-2.5 text-sm text-text shadow-card disabled:opacity-60"

interface FieldProps {
  readonly label: ReactNode
  /** Only screen readers get the label. */
  readonly hideLabel?: boolean
  readonly hint?: ReactNode
  readonly error?: ReactNode
  readonly className?: string
}

const Field = ({ label, hideLabel, hint, error, className, children, id }: FieldProps & {
  readonly id: string
  readonly children: ReactNode
}) => (
  <div className={classes("flex min-w-0 flex-col gap-1", className)}>
    <label htmlFor={id} className={hideLabel === true ? "sr-only" : "text-xs font-medium text-text-2"}>{label}</label>
    {children}
    {error === undefined || error === ""
      ? hint === undefined ? null : <p id={`${id}-hint`} className="text-xs text-text-3">{hint}</p>
      : <p id={`${id}-hint`} role="alert" className="text-xs text-failed-text">{error}</p>}
  </div>
)

const failed = (error: ReactNode): boolean => error !== undefined && error !== ""

const described = (id: string, { error, hint }: FieldProps) => ({
  "aria-invalid": failed(error) || undefined,
  "aria-describedby": failed(error) || hint !== undefined ? `${id}-hint` : undefined
})

/** A line of text. */
export const TextField = (
  { label, hideLabel, hint, error, className, value, onChange, mono, ...rest }: FieldProps & {
    readonly value: string
    readonly onChange: (value: string) => void
    /** For keys, code and expressions. */
    readonly mono?: boolean
  } & Omit<ComponentProps<"input">, "value" | "onChange" | "className" | "id">
) => {
  const id = useId()
  const field = { label, hideLabel: hideLabel === true, hint, error }
  return (
    <Field {...field} id={id} className={className ?? ""}>
      <input
        spellCheck={false}
        autoComplete="off"
        {...rest}
        id={id}
        {...described(id, field)}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={classes(
          input,
          failed(error) ? "border-failed" : "border-border-strong",
          mono === true && "font-mono"
        )}
      />
    </Field>
  )
}

/** A choice of a few: the browser's own. */
export const Select = <A extends string>(
  { label, hideLabel, hint, error, className, value, onChange, options, disabled }: FieldProps & {
    readonly value: A
    readonly onChange: (value: A) => void
    readonly options: ReadonlyArray<{ readonly value: A; readonly label: string }>
    readonly disabled?: boolean
  }
) => {
  const id = useId()
  const field = { label, hideLabel: hideLabel === true, hint, error }
  return (
    <Field {...field} id={id} className={className ?? ""}>
      <span className="relative">
        <select
          id={id}
          {...described(id, field)}
          value={value}
          disabled={disabled}
          // only values of the options can be chosen
          onChange={(event) => onChange(event.target.value as A)}
          className={classes(input, "appearance-none border-border-strong pr-8")}
        >
          {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
        <ChevronDown size={14} aria-hidden className="pointer-events-none absolute top-2 right-2.5 text-text-3" />
      </span>
    </Field>
  )
}

/** A box to tick. */
export const Checkbox = ({ label, hint, checked, onChange, disabled, indeterminate, className, hideLabel }: {
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  readonly disabled?: boolean
  readonly indeterminate?: boolean
  readonly className?: string
  readonly hideLabel?: boolean
}) => {
  const ref = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (ref.current !== null) ref.current.indeterminate = indeterminate === true
  }, [indeterminate])
  return (
    <label className={classes("flex min-h-6 items-start gap-2 text-sm", disabled === true && "opacity-60", className)}>
      <span className="flex size-6 shrink-0 items-center justify-center">
        <input
          ref={ref}
          type="checkbox"
          checked={checked}
          disabled={disabled}
          onChange={(event) =>
            onChange(event.target.checked)}
          className="size-4 accent-accent"
        />
      </span>
      <span className={hideLabel === true ? "sr-only" : "min-w-0 pt-0.5"}>
        {label}
        {hint === undefined ? null : <span className="block text-xs text-text-3">{hint}</span>}
      </span>
    </label>
  )
}

/**
 * A field to search with. What is typed is told after a short pause, so that the address and the list do not change with
 * every letter; `value` from outside shows at once.
 */
export const SearchField = ({ label, value, onChange, placeholder, delay = 150, className, mono, ...rest }: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly placeholder?: string
  readonly delay?: number
  readonly className?: string
  readonly mono?: boolean
} & Omit<ComponentProps<"input">, "value" | "onChange" | "className" | "type">) => {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setTyped(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const tell = (next: string, after: number) => {
    setTyped(next)
    clearTimeout(timer.current)
    const now = () => {
      told.current = next
      onChange(next)
    }
    if (after === 0) now()
    else timer.current = setTimeout(now, after)
  }
  return (
    <span className={classes("relative flex min-w-0 items-center", className)}>
      <Search size={14} aria-hidden className="pointer-events-none absolute left-2.5 text-text-3" />
      <input
        spellCheck={false}
        autoComplete="off"
        {...rest}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={placeholder}
        value={typed}
        onChange={(event) => tell(event.target.value, delay)}
        onKeyDown={(event) => {
          if (event.key === "Enter") tell(typed, 0)
          if (event.key === "Escape" && typed !== "") {
            event.stopPropagation()
            tell("", 0)
          }
        }}
        className={classes(input, "border-border-strong pr-8 pl-8", mono === true && "font-mono")}
      />
      {typed === "" ? null : (
        <span className="absolute right-1">
          <IconButton icon={X} label="Clear" size="sm" onClick={() => tell("", 0)} />
        </span>
      )}
    </span>
  )
}

/** Something to filter by: its values, and those that are chosen. */
export interface Filter {
  readonly id: string
  readonly label: string
  readonly options: ReadonlyArray<{ readonly value: string; readonly label?: ReactNode; readonly count?: number }>
  readonly selected: ReadonlyArray<string>
}

const FilterMenu = ({ filter, onChange }: {
  readonly filter: Filter
  readonly onChange: (selected: ReadonlyArray<string>) => void
}) => {
  const [text, setText] = useState("")
  const shown = filter.options.filter(({ value }) => value.toLowerCase().includes(text.toLowerCase()))
  return (
    <div className="flex w-64 flex-col gap-2">
      {filter.options.length <= 8 ?
        null :
        (
          <SearchField
            label={`Search ${filter.label}`}
            value={text}
            onChange={setText}
            delay={0}
            placeholder="Search…"
          />
        )}
      <ul className="max-h-72 overflow-auto">
        {shown.slice(0, 200).map(({ count, label, value }) => {
          const on = filter.selected.includes(value)
          return (
            <li key={value}>
              <button
                type="button"
                role="checkbox"
                aria-checked={on}
                onClick={() =>
                  onChange(on ? filter.selected.filter((one) => one !== value) : [...filter.selected, value])}
                className="flex min-h-7 w-full items-center gap-2 rounded-md px-1.5 text-left text-sm -outline-offset-2 hover:bg-surface-2"
              >
                <span
                  aria-hidden
                  className={classes(
                    "flex size-4 shrink-0 items-center justify-center rounded border",
                    on ? "border-accent bg-accent text-on-accent" : "border-border-strong"
                  )}
                >
                  {on ? <Check size={12} /> : null}
                </span>
                <span className="min-w-0 flex-1 truncate">{label ?? value}</span>
                {count === undefined ? null : <span className="text-xs text-text-3">{count.toLocaleString("en")}</span>}
              </button>
            </li>
          )
        })}
        {shown.length === 0 ? <li className="px-1.5 py-1 text-sm text-text-3">Nothing found</li> : null}
        {shown.length > 200 ? <li className="px-1.5 py-1 text-xs text-text-3">{shown.length - 200} more</li> : null}
      </ul>
    </div>
  )
}

/** Filters as buttons that open a list of values, and what is chosen as chips that can be removed. */
export const FilterChips = ({ filters, onChange, className }: {
  readonly filters: ReadonlyArray<Filter>
  readonly onChange: (id: string, selected: ReadonlyArray<string>) => void
  readonly className?: string
}) => {
  const chosen = filters.filter(({ selected }) => selected.length > 0)
  return (
    <div className={classes("flex flex-wrap items-center gap-1.5", className)}>
      {filters.map((filter) =>
        filter.options.length === 0 && filter.selected.length === 0 ? null : (
          <Popover
            key={filter.id}
            label={`Filter by ${filter.label}`}
            className="p-2"
            trigger={(props) => (
              <Button {...props} size="sm" after={ChevronDown} aria-haspopup="dialog">
                {filter.label}
                {filter.selected.length === 0 ? null : <Badge tone="running">{filter.selected.length}</Badge>}
              </Button>
            )}
          >
            <FilterMenu filter={filter} onChange={(selected) => onChange(filter.id, selected)} />
          </Popover>
        )
      )}
      {chosen.flatMap((filter) =>
        filter.selected.map((value) => (
          <button
            key={`${filter.id} ${value}`}
            type="button"
            aria-label={`Remove the filter ${filter.label}: ${value}`}
            onClick={() => onChange(filter.id, filter.selected.filter((one) => one !== value))}
            className="inline-flex h-6 max-w-60 items-center gap-1 rounded-full bg-accent-soft px-2 text-xs text-accent-text hover:bg-surface-3"
          >
            <span className="truncate">{filter.label}: {value}</span>
            <X size={12} aria-hidden className="shrink-0" />
          </button>
        ))
      )}
      {chosen.length < 2 ?
        null :
        (
          <Button kind="ghost" size="sm" onClick={() => chosen.forEach(({ id }) => onChange(id, []))}>
            Clear filters
          </Button>
        )}
    </div>
  )
}
