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

const Hint = ({ children, keys }: { readonly keys: string; readonly children: ReactNode }) => (
  <li className="flex min-h-6 items-baseline gap-2">
    <span className="w-28 shrink-0 font-medium">{keys}</span>
    <span className="text-text-2">{children}</span>
  </li>
)

/** What the colours, icons and lines of the graph mean, and how one moves and selects in it. */
export const Legend = () => (
  <div className="flex flex-col gap-2">
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
    <ul className="border-t border-border pt-2 text-xs">
      <Hint keys="Click">selects an asset or a group</Hint>
      <Hint keys="Shift or Ctrl click">selects more of them</Hint>
      <Hint keys="Shift and drag">selects all within a box</Hint>
      <Hint keys="Double click">opens an asset or a group</Hint>
      <Hint keys="Wheel, + and -">zoom; 0 shows everything</Hint>
      <Hint keys="Arrow keys">follow the edges</Hint>
    </ul>
  </div>
)
