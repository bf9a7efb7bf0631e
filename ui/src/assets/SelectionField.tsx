/** A selection expression: typed, sent to the server, and where it cannot be read, marked. */
import { useState } from "react"
import type { Api, QueryResult } from "../api/index.ts"
import { problemOf, SearchField } from "../kit/index.ts"

/** Where something is wrong in an expression. */
const placeOf = (error: unknown): { readonly offset: number; readonly length: number } | undefined => {
  if (typeof error !== "object" || error === null || !("offset" in error) || typeof error.offset !== "number") {
    return undefined
  }
  const length = "length" in error && typeof error.length === "number" ? error.length : 1
  return { offset: error.offset, length: Math.max(1, length) }
}

/** What is wrong with an expression, and where. */
export const SelectionProblem = ({ error, select }: { readonly error: unknown; readonly select: string }) => {
  const place = placeOf(error)
  const { detail, title } = problemOf(error)
  // a detail of several lines draws the expression with carets in it: here the place is marked instead
  const lines = (detail ?? title).split("\n")
  const text = place === undefined ? lines : lines.filter((line) => !line.startsWith("  "))
  return (
    <div role="alert" className="rounded-md border border-failed bg-failed-soft px-3 py-2 text-xs text-failed-text">
      {place === undefined ? null : (
        <p className="mb-1 font-mono break-all whitespace-pre-wrap">
          {select.slice(0, place.offset)}
          <mark className="rounded-sm bg-failed-text px-px text-surface">
            {select.slice(place.offset, place.offset + place.length) || "\u00a0"}
          </mark>
          {select.slice(place.offset + place.length)}
        </p>
      )}
      {text.map((line, index) => <p key={index} className="break-words">{line}</p>)}
    </div>
  )
}

/** The field for a selection expression. */
export const SelectionField = ({ onChange, result, select, className }: {
  readonly select: string | undefined
  readonly onChange: (select: string | undefined) => void
  readonly result: QueryResult<Api.Model.Selected>
  readonly className?: string
}) => {
  const [focused, setFocused] = useState(false)
  return (
    <div className={className}>
      <SearchField
        label="Selection expression"
        placeholder="Select: group:finance and +orders+"
        value={select ?? ""}
        onChange={(text) => onChange(text.trim() === "" ? undefined : text)}
        delay={500}
        mono
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        aria-invalid={result.error !== undefined || undefined}
      />
      {focused && select === undefined
        ? (
          <p className="mt-1 text-2xs text-text-3">
            <code className="font-mono">+orders</code> with upstream · <code className="font-mono">orders+2</code>{" "}
            two steps down · <code className="font-mono">kind:duckdb and not tag:slow</code> ·{" "}
            <code className="font-mono">key:&quot;shop/*&quot;</code>
          </p>
        )
        : null}
    </div>
  )
}
