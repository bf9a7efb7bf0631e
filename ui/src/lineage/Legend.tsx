/** What the colours, icons and lines of the graph mean. */
import type { ReactNode } from "react"
import { words } from "../assets/catalog.ts"
import { classes, lookOf, StatusDot, toneFill } from "../kit/index.ts"

const Line = ({ dashed }: { readonly dashed?: boolean }) => (
  <svg width="28" height="8" aria-hidden className="shrink-0 text-text-3">
    <path
      d="M1 4H27"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeDasharray={dashed === true ? "4 3" : undefined}
    />
  </svg>
)

const Frame = ({ className }: { readonly className: string }) => (
  <span aria-hidden className={classes("h-3.5 w-7 shrink-0 rounded border", className)} />
)

const Entry = ({ children, mark }: { readonly mark: ReactNode; readonly children: ReactNode }) => (
  <li className="flex min-h-6 items-center gap-2">
    <span className="flex w-8 shrink-0 items-center justify-center">{mark}</span>
    <span className="text-text-2">{children}</span>
  </li>
)

/** What the colours, icons and lines of the graph mean. */
export const Legend = () => (
  <ul className="text-xs">
    {words.map((word) => (
      <Entry
        key={word}
        mark={
          <>
            <span aria-hidden className={classes("mr-1 h-4 w-1 rounded-sm", toneFill[lookOf(word).tone])} />
            <StatusDot status={word} size={13} label="" />
          </>
        }
      >
        {lookOf(word).label}
      </Entry>
    ))}
    <Entry mark={<Line />}>The value is read</Entry>
    <Entry mark={<Line dashed />}>Only comes before</Entry>
    <Entry mark={<Frame className="border-dashed border-external" />}>External: something else writes it</Entry>
    <Entry mark={<Frame className="border-dashed border-border-strong" />}>A neighbour outside of the group</Entry>
  </ul>
)
