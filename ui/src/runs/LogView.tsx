import { useVirtualizer } from "@tanstack/react-virtual"
import { ArrowDownToLine, ArrowUpToLine, Download, ListEnd } from "lucide-react"
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react"
import {
  Badge,
  Button,
  classes,
  CodeBlock,
  EmptyState,
  ErrorView,
  IconButton,
  SearchField,
  Select,
  type Tone,
  toneText
} from "../kit/index.ts"
import { formatTime, useZone } from "../time.ts"
import {
  entryLine,
  eventLines,
  filterLines,
  highlight,
  type Level,
  levels,
  type Line,
  linesText,
  merge
} from "./logLines.ts"
import type { RunView } from "./runView.ts"
import type { FollowedLog } from "./useRunView.ts"

const levelTone: { readonly [level in Level]: Tone } = {
  Trace: "missing",
  Debug: "missing",
  Info: "running",
  Warn: "stale",
  Error: "failed",
  Fatal: "failed"
}

const Text = ({ text, wanted }: { readonly text: string; readonly wanted: string }) =>
  highlight(text, wanted).map(({ hit, text }, index) =>
    hit ? <mark key={index} className="rounded-sm bg-stale-soft text-stale-text">{text}</mark> : text
  )

const LineView = ({ line, wanted, open, onToggle, onFocus, zone }: {
  readonly line: Line
  readonly wanted: string
  readonly open: boolean
  readonly onToggle: () => void
  readonly onFocus: (key: string) => void
  readonly zone: "local" | "UTC"
}) => (
  <>
    <div className="flex items-start gap-x-3 px-3 py-0.5 max-md:flex-wrap">
      <span className="shrink-0 text-text-3 tabular-nums" title={formatTime(line.at, zone)}>
        {formatTime(line.at, zone, "millisecond")}
      </span>
      <span
        className={classes("w-10 shrink-0 text-2xs leading-5 font-semibold uppercase", toneText[levelTone[line.level]])}
      >
        {line.level}
      </span>
      {line.key === undefined
        ? <span className="w-48 shrink-0 text-text-3 max-md:w-auto">run</span>
        : (
          <button
            type="button"
            title={line.key}
            onClick={() => onFocus(line.key!)}
            className="block w-48 shrink-0 truncate text-left text-accent-text hover:underline max-md:w-auto max-md:max-w-40"
          >
            {line.key}
          </button>
        )}
      <span
        className={classes(
          "min-w-0 flex-1 break-words whitespace-pre-wrap max-md:basis-full",
          line.event && "text-text-2 italic"
        )}
      >
        {line.about === undefined ? null : <Badge className="mr-1.5 not-italic">{line.about}</Badge>}
        <Text text={line.text} wanted={wanted} />
        {line.cause === undefined || line.cause === "" ? null : (
          <button
            type="button"
            aria-expanded={open}
            onClick={onToggle}
            className="ml-2 rounded px-1 font-sans text-xs text-accent-text not-italic hover:underline"
          >
            {open ? "hide the cause" : "cause"}
          </button>
        )}
      </span>
    </div>
    {open && line.cause !== undefined ? <CodeBlock code={line.cause} label="Cause" className="mx-3 my-1" /> : null}
  </>
)

/** What the programs of a run logged, and what happened, in one list. */
export const LogView = ({ id, view, log, level, onLevel, text, onText, focus, onFocus, running }: {
  readonly id: string
  readonly view: RunView
  readonly log: FollowedLog
  readonly level: Level
  readonly onLevel: (level: Level) => void
  readonly text: string
  readonly onText: (text: string) => void
  /** The asset whose lines are shown. */
  readonly focus: string | undefined
  readonly onFocus: (key: string | undefined) => void
  readonly running: boolean
}) => {
  const zone = useZone()
  const scroller = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [follow, setFollow] = useState(running)
  const [events, setEvents] = useState(true)
  const deferredView = useDeferredValue(view)
  const version = useDeferredValue(log.version)

  const fromEvents = useMemo(() => events ? eventLines(deferredView) : [], [deferredView, events])
  // the list of entries grows in place, and `version` tells when
  // oxlint-disable-next-line react/exhaustive-deps
  const messages = useMemo(() => log.entries.map(entryLine), [log.entries, version])
  const all = useMemo(() => merge(fromEvents, messages), [fromEvents, messages])
  const lines = useMemo(() => filterLines(all, { level, key: focus, text }), [all, level, focus, text])

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 24,
    overscan: 20,
    getItemKey: (index) => lines[index]!.id
  })

  useEffect(() => {
    if (follow && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" })
  }, [follow, lines.length, virtual])

  const download = () => {
    const url = URL.createObjectURL(new Blob([linesText(lines)], { type: "text/plain" }))
    const link = document.createElement("a")
    link.href = url
    link.download = `run-${id.replaceAll(/[^\w-]/g, "_").slice(0, 80)}.log`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-border px-3 py-2">
        <SearchField
          label="Search the log"
          placeholder="Search the log…"
          value={text}
          onChange={onText}
          className="w-64 max-sm:w-full"
        />
        <Select
          label="Level"
          hideLabel
          value={level}
          onChange={onLevel}
          options={levels.map((level) => ({
            value: level,
            label: level === "Trace" ? "All levels" : `${level} and above`
          }))}
          className="w-36"
        />
        <Button
          size="sm"
          aria-pressed={events}
          onClick={() => setEvents(!events)}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent-text"
        >
          Run events
        </Button>
        {focus === undefined ? null : (
          <button
            type="button"
            onClick={() => onFocus(undefined)}
            aria-label={`Show the lines of all assets, not only of ${focus}`}
            className="inline-flex h-6 max-w-60 items-center gap-1 rounded-full bg-accent-soft px-2 text-xs text-accent-text hover:bg-surface-3"
          >
            <span className="truncate">{focus}</span> ×
          </button>
        )}
        <span className="ml-auto text-xs text-text-3 tabular-nums" role="status">
          {lines.length === all.length
            ? `${all.length.toLocaleString("en")} lines`
            : `${lines.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} lines`}
        </span>
        <span className="flex">
          <IconButton
            icon={ArrowUpToLine}
            label="To the top"
            size="sm"
            onClick={() => {
              setFollow(false)
              virtual.scrollToIndex(0)
            }}
          />
          <IconButton
            icon={ArrowDownToLine}
            label="To the bottom"
            size="sm"
            onClick={() => virtual.scrollToIndex(lines.length - 1, { align: "end" })}
          />
          <IconButton
            icon={ListEnd}
            label="Follow the end"
            size="sm"
            pressed={follow}
            onClick={() => setFollow(!follow)}
          />
          <IconButton icon={Download} label="Download these lines as text" size="sm" onClick={download} />
        </span>
      </div>
      {log.error === undefined ? null : <ErrorView error={log.error} />}
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log of the run"
        onWheel={(event) => event.deltaY < 0 && setFollow(false)}
        onScroll={({ currentTarget: at }) => {
          // whoever scrolls to the end of a run that goes on wants to see what comes
          if (running && at.scrollHeight - at.scrollTop - at.clientHeight < 2) setFollow(true)
        }}
        onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && setFollow(false)}
        className="min-h-0 flex-1 overflow-auto py-1 font-mono text-xs leading-5 -outline-offset-2"
      >
        {lines.length > 0 ? null : (
          <EmptyState title={all.length === 0 ? "Nothing yet" : "No line fits"}>
            {all.length === 0
              ? "What programs log with Effect.log, and what happens in the run, appears here."
              : "Search for something else, or lower the level."}
          </EmptyState>
        )}
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index]
            return line === undefined ? null : (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                style={{ transform: `translateY(${item.start}px)` }}
                className={classes(
                  "absolute inset-x-0 top-0",
                  line.level === "Error" || line.level === "Fatal" ? "bg-failed-soft" : "hover:bg-surface-2"
                )}
              >
                <LineView
                  line={line}
                  wanted={text}
                  zone={zone}
                  open={open.has(line.id)}
                  onToggle={() => {
                    const next = new Set(open)
                    if (!next.delete(line.id)) next.add(line.id)
                    setOpen(next)
                  }}
                  onFocus={onFocus}
                />
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}
