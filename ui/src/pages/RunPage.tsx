import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { CircleAlert, X } from "lucide-react"
import { type ReactNode, useDeferredValue, useMemo, useState } from "react"
import { type Api, useRun } from "../api/index.ts"
import { AutomationLink } from "../automation/Target.tsx"
import {
  AssetName,
  Badge,
  Bar,
  classes,
  CopyButton,
  Drawer,
  Duration,
  ErrorView,
  IconButton,
  RelativeTime,
  RunLink,
  RunningDuration,
  SearchField,
  shortId,
  Skeleton,
  StatusBadge,
  Tabs,
  toneFill
} from "../kit/index.ts"
import { plural } from "../launch/request.ts"
import { ChecksView } from "../runs/ChecksView.tsx"
import { linesOf, type Order } from "../runs/gantt.ts"
import { Gantt } from "../runs/Gantt.tsx"
import { levels } from "../runs/logLines.ts"
import { LogView } from "../runs/LogView.tsx"
import { stateLabel, toneOf } from "../runs/look.ts"
import { RowDetails } from "../runs/RowDetails.tsx"
import { AgainButton, CancelButton, ConfigButton, RetryButton } from "../runs/RunActions.tsx"
import { countStates, explainRun, orderedRows, type Row, type RowState, rowStates } from "../runs/runView.ts"
import { type FollowedRun, useNow, useRunLogEntries, useRunView, useWide } from "../runs/useRunView.ts"
import type { RunSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"

type Detail = Api.Model.RunDetail

const marks: { readonly [status in Api.Model.RunStatus]: string } = {
  Running: "▶",
  Succeeded: "✓",
  Failed: "✗",
  Cancelled: "⊘"
}

const titleOf = (id: string, run: Detail | undefined, status: Api.Model.RunStatus | undefined): string => {
  if (run === undefined || status === undefined) return `Run ${shortId(id)}`
  const what = run.assets[0] === undefined
    ? ""
    : ` · ${run.assets[0]}${run.assetCount > 1 ? ` and ${run.assetCount - 1} more` : ""}`
  return `${marks[status]} Run ${shortId(id)}${what}`
}

const Facts = ({ run, followed }: { readonly run: Detail; readonly followed: FollowedRun }) => {
  const { finished } = followed.view
  const duration = finished?.durationMillis ?? run.durationMillis
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-text-2">
      <span className="inline-flex items-center font-mono">
        <span title={run.id} className="max-w-56 truncate">{run.id}</span>
        <CopyButton text={run.id} label="Copy the id" />
      </span>
      <span>
        started <RelativeTime at={run.startedAt} />
      </span>
      <span>
        {duration === undefined
          ? (
            <>
              running for <RunningDuration since={run.startedAt} />
            </>
          )
          : (
            <>
              took <Duration millis={duration} />
            </>
          )}
      </span>
      {run.partitions === undefined ? null : (
        <span className="inline-flex max-w-80 items-center gap-1">
          partitions <Badge title={run.partitions}>{run.partitions}</Badge>
        </span>
      )}
      {run.backfillId === undefined ?
        null :
        (
          <Link
            to="/backfills/$id"
            params={{ id: run.backfillId }}
            className="inline-flex min-h-6 items-center text-accent-text hover:underline"
          >
            part of a backfill
          </Link>
        )}
      {run.retryOf === undefined ? null : (
        <span>
          retry of <RunLink id={run.retryOf} />
        </span>
      )}
      {run.retriedBy.length === 0 ? null : (
        <span className="inline-flex items-center gap-1.5">
          retried by {run.retriedBy.slice(0, 5).map((id) => <RunLink key={id} id={id} />)}
        </span>
      )}
      {run.tags.automation === undefined ? null : (
        <span className="inline-flex items-center gap-1">
          requested by <AutomationLink name={run.tags.automation} tick={run.tags.tick} className="text-accent-text" />
        </span>
      )}
      {Object.entries(run.tags).map(([name, value]) => (
        <Link
          key={name}
          to="/runs"
          search={{ tag: [`${name}=${value}`] }}
          className="inline-flex min-h-6 items-center"
          title="Runs with this tag"
        >
          <Badge>{name}={value}</Badge>
        </Link>
      ))}
      <ConfigButton run={run} />
    </div>
  )
}

const Explanation = ({ rows, status, reason, onFocus, onState }: {
  readonly rows: ReadonlyArray<Row>
  readonly status: Api.Model.RunStatus
  readonly reason: string | undefined
  readonly onFocus: (key: string) => void
  readonly onState: (state: RowState) => void
}) => {
  const phrases = explainRun(rows, status, reason)
  const failed = rows.filter(({ state }) => state === "Failed")
  if (phrases.length === 0) return null
  const click = (keys: ReadonlyArray<string>) => {
    const state = rows.find(({ key }) => key === keys[0])?.state
    if (keys.length > 1 && state !== undefined) onState(state)
    onFocus(keys[0]!)
  }
  return (
    <div
      role="status"
      className={classes(
        "flex gap-2 rounded-md border px-3 py-2 text-sm",
        status === "Cancelled"
          ? "border-cancelled bg-cancelled-soft text-cancelled-text"
          : "border-failed bg-failed-soft text-failed-text"
      )}
    >
      <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        <p className="break-words">
          {phrases.map(({ keys, text }, index) =>
            keys === undefined ? <span key={index}>{text}</span> : (
              <button
                key={index}
                type="button"
                onClick={() => click(keys)}
                className="min-h-6 font-medium underline underline-offset-2"
              >
                {text}
              </button>
            )
          )}
        </p>
        <ul className="text-xs">
          {failed.slice(0, 3).map((row) => {
            const error = row.events.find(({ error }) => error !== undefined)?.error
            return (
              <li key={row.key} className="flex min-h-6 min-w-0 items-center gap-2">
                <button
                  type="button"
                  onClick={() => onFocus(row.key)}
                  className="min-h-6 max-w-60 shrink-0 truncate font-mono underline underline-offset-2"
                >
                  {row.key}
                </button>
                <span className="min-w-0 truncate font-mono" title={error?.message}>
                  {error === undefined ? "" : `${error.tag}: ${error.message.split("\n")[0]}`}
                </span>
              </li>
            )
          })}
          {failed.length > 3 ? <li>and {failed.length - 3} more</li> : null}
        </ul>
      </div>
    </div>
  )
}

const isOpen = (state: RowState): boolean => state === "Running" || state === "Waiting" || state === "NotRun"

const Outcomes = ({ counts, total, chosen, onChoose }: {
  readonly counts: ReadonlyMap<RowState, number>
  readonly total: number
  readonly chosen: ReadonlySet<RowState>
  readonly onChoose: (states: ReadonlySet<RowState>) => void
}) => {
  const present = rowStates.filter((state) => (counts.get(state) ?? 0) > 0)
  const done = total - (counts.get("Waiting") ?? 0) - (counts.get("Running") ?? 0)
  return (
    <div className="flex flex-col gap-2">
      <Bar
        total={total}
        label={`${done} of ${plural(total, "asset")} done: ${
          present.map((state) => `${counts.get(state)} ${stateLabel[state].toLowerCase()}`).join(", ")
        }`}
        parts={[...present.filter((state) => !isOpen(state)), ...present.filter((state) => state === "Running")].map((
          state
        ) => ({
          value: counts.get(state)!,
          fill: state === "UpToDate" || state === "UpstreamFailed"
            ? `${toneFill[toneOf[state]]} opacity-50`
            : state === "Running"
            ? `${toneFill.running} animate-pulse`
            : toneFill[toneOf[state]]
        }))}
        className="h-2"
      />
      <div className="flex flex-wrap gap-1" role="group" aria-label="Show only assets that are">
        {present.map((state) => {
          const on = chosen.has(state)
          return (
            <button
              key={state}
              type="button"
              aria-pressed={on}
              onClick={() => {
                const next = new Set(chosen)
                if (!next.delete(state)) next.add(state)
                onChoose(next)
              }}
              className={classes(
                "inline-flex h-6 items-center gap-1.5 rounded-full border px-2 text-xs",
                on ? "border-accent bg-accent-soft text-accent-text" : "border-border text-text-2 hover:bg-surface-2"
              )}
            >
              <span
                aria-hidden
                className={classes(
                  "size-2 rounded-full",
                  toneFill[toneOf[state]],
                  (state === "UpToDate" || state === "UpstreamFailed") && "opacity-50"
                )}
              />
              {stateLabel[state]}
              <span className="font-semibold tabular-nums">{counts.get(state)!.toLocaleString("en")}</span>
            </button>
          )
        })}
        {chosen.size === 0 ?
          null :
          (
            <button
              type="button"
              onClick={() => onChoose(new Set())}
              className="h-6 rounded px-2 text-xs text-accent-text hover:underline"
            >
              Show all
            </button>
          )}
      </div>
    </div>
  )
}

const orders: ReadonlyArray<readonly [Order, string]> = [["plan", "Plan"], ["time", "Time"], ["state", "State"]]

const RunPage = () => {
  const { id } = useParams({ from: "/runs/$id" })
  return <RunView key={id} id={id} />
}

const RunView = ({ id }: { readonly id: string }) => {
  const search = useSearch({ from: "/runs/$id" })
  const navigate = useNavigate({ from: "/runs/$id" })
  const { data: run, error, refetch } = useRun(id)
  const followed = useRunView(id)
  const log = useRunLogEntries(id)
  const [order, setOrder] = useState<Order>("plan")
  const [states, setStates] = useState<ReadonlySet<RowState>>(new Set())
  const [text, setText] = useState("")
  const wide = useWide(1100)

  const view = followed.view
  const status = view.finished?.status ?? run?.status
  const running = status === "Running" || (status === undefined && followed.told)
  const ticked = useNow(running)
  // what was told last may be newer than the last tick, or by another clock
  const now = Math.max(ticked, running ? view.lastAt ?? 0 : 0)
  const tab = search.tab === "log" || search.tab === "checks" ? search.tab : "timeline"
  const change = (part: RunSearch) =>
    void navigate({
      // what is undefined is left out of the address
      search: (before) => ({ ...before, ...part }),
      replace: true
    })
  const focus = search.focus
  const setFocus = (key: string | undefined) =>
    void navigate({
      search: ({ focus: _, ...before }) => key === undefined || key === focus ? before : { ...before, focus: key },
      replace: true
    })
  // a check is told as KEY:CHECK
  const goTo = (key: string) => {
    const asset = view.rows.has(key) ? key : key.slice(0, Math.max(0, key.lastIndexOf(":")))
    if (view.rows.has(asset) && asset !== focus) setFocus(asset)
    else if (!view.rows.has(asset)) void navigate({ to: "/asset", search: { key } })
  }

  const rows = useMemo(() => orderedRows(view), [view])
  const counts = useMemo(() => countStates(rows), [rows])
  const shownRows = useMemo(() => {
    const wanted = text.toLowerCase()
    return rows.filter((row) =>
      (states.size === 0 || states.has(row.state)) && (wanted === "" || row.key.toLowerCase().includes(wanted))
    )
  }, [rows, states, text])
  const lines = useDeferredValue(useMemo(() => linesOf(shownRows, order, rowStates), [shownRows, order]))
  const checkCount = useMemo(() => rows.reduce((sum, row) => sum + row.checks.length, 0), [rows])
  const left = (counts.get("Waiting") ?? 0) + (counts.get("Running") ?? 0)
  const selected = focus === undefined ? undefined : view.rows.get(focus)

  const origin = view.startedAt ?? run?.startedAt ?? now
  const first = rows.reduce((least, row) => Math.min(least, row.first ?? least), origin)
  const end = running
    ? Math.max(now, view.lastAt ?? now)
    : Math.max(view.lastAt ?? 0, view.finished?.at ?? run?.finishedAt ?? 0, origin + 10)
  const whole = { start: first, end: Math.max(first + 1, end + (end - first) * 0.02) }

  if (error !== undefined && run === undefined) {
    return (
      <Page title={`Run ${shortId(id)}`}>
        <ErrorView error={error} retry={refetch} />
        <p className="px-4 text-sm">
          <Link to="/runs" className="text-accent-text underline">All runs</Link>
        </p>
      </Page>
    )
  }

  const actions: ReactNode = run === undefined ? undefined : (
    <>
      {running
        ? <CancelButton id={id} left={left} requested={run.cancelRequested || view.cancelRequested !== undefined} />
        : (
          <>
            <AgainButton run={run} />
            {status === "Failed" || status === "Cancelled" ? <RetryButton run={run} /> : null}
          </>
        )}
    </>
  )

  const details = selected === undefined ? null : (
    <RowDetails
      key={selected.key}
      row={selected}
      onFocus={goTo}
      onLog={() => change({ tab: "log" })}
      log={log.entries}
    />
  )

  return (
    <Page
      fill
      title={titleOf(id, run, status)}
      heading={
        <span className="inline-flex items-center gap-2">
          Run <span className="font-mono font-medium">{shortId(id)}</span>
          {status === undefined ? null : <StatusBadge status={status} />}
        </span>
      }
      actions={actions}
    >
      <div className="flex flex-col gap-2.5 border-b border-border bg-surface px-4 pt-3">
        {run === undefined ? <Skeleton className="h-6 w-96 max-w-full" /> : <Facts run={run} followed={followed} />}
        {run !== undefined && running && !run.here
          ? (
            <p className="text-xs text-stale-text">
              Another process runs it, or did until it died: nobody has recorded its end. If it has died, cancel it.
            </p>
          )
          : null}
        {status === "Failed" || status === "Cancelled" || (running && (counts.get("Failed") ?? 0) > 0)
          ? (
            <Explanation
              rows={rows}
              status={status ?? "Running"}
              reason={view.cancelRequested?.reason}
              onFocus={goTo}
              onState={(state) => setStates(new Set([state]))}
            />
          )
          : null}
        {rows.length === 0
          ? null
          : <Outcomes counts={counts} total={rows.length} chosen={states} onChoose={setStates} />}
        <Tabs
          label="Views of the run"
          current={tab}
          className="-mx-4 border-0 px-4"
          tabs={[
            { id: "timeline", label: "Timeline", count: rows.length, link: tabLink(id, search, undefined) },
            { id: "log", label: "Log", count: log.entries.length || undefined, link: tabLink(id, search, "log") },
            { id: "checks", label: "Checks", count: checkCount || undefined, link: tabLink(id, search, "checks") }
          ]}
        />
      </div>
      {followed.error === undefined ? null : <ErrorView error={followed.error} />}
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          {tab === "log"
            ? (
              <LogView
                id={id}
                view={view}
                log={log}
                running={running}
                level={levels.find((level) => level === search.level) ?? "Trace"}
                onLevel={(level) =>
                  void navigate({
                    search: ({ level: _, ...before }) => level === "Trace" ? before : { ...before, level },
                    replace: true
                  })}
                text={search.q ?? ""}
                onText={(q) =>
                  void navigate({
                    search: ({ q: _, ...before }) => q === "" ? before : { ...before, q },
                    replace: true
                  })}
                focus={focus}
                onFocus={setFocus}
              />
            )
            : tab === "checks"
            ? <ChecksView rows={rows} onFocus={goTo} />
            : rows.length === 0
            ? (
              <div className="flex flex-col gap-2 p-4" aria-hidden>
                {[0, 1, 2, 3].map((row) => <Skeleton key={row} className="h-5 w-full" />)}
              </div>
            )
            : (
              <Gantt
                lines={lines}
                rows={view.rows}
                whole={whole}
                now={now}
                origin={origin}
                running={running}
                selected={focus}
                onSelect={setFocus}
                toolbar={
                  <>
                    <SearchField
                      label="Find assets of the run"
                      placeholder="Find assets…"
                      value={text}
                      onChange={setText}
                      className="w-56 max-sm:w-40"
                    />
                    <span
                      className="inline-flex rounded-md border border-border p-0.5"
                      role="radiogroup"
                      aria-label="Order"
                    >
                      {orders.map(([value, label]) => (
                        <button
                          key={value}
                          type="button"
                          role="radio"
                          aria-checked={order === value}
                          onClick={() => setOrder(value)}
                          className="h-6 rounded px-2 text-xs text-text-2 aria-checked:bg-surface-3 aria-checked:font-medium aria-checked:text-text"
                        >
                          {label}
                        </button>
                      ))}
                    </span>
                    {shownRows.length === rows.length ?
                      null :
                      (
                        <span className="text-xs text-text-3" role="status">
                          {shownRows.length.toLocaleString("en")} of {rows.length.toLocaleString("en")}
                        </span>
                      )}
                  </>
                }
              />
            )}
        </div>
        {selected === undefined || tab === "log" ? null : wide
          ? (
            <aside
              aria-label={`Details of ${selected.key}`}
              className="flex w-100 shrink-0 flex-col border-l border-border bg-surface"
            >
              <div className="flex items-center gap-2 border-b border-border px-4 py-2">
                <h2 className="min-w-0 flex-1 truncate text-sm" title={selected.key}>
                  <AssetName assetKey={selected.key} />
                </h2>
                <CopyButton text={selected.key} label="Copy the key" />
                <IconButton icon={X} label="Close the details" size="sm" onClick={() => setFocus(undefined)} />
              </div>
              <div className="min-h-0 flex-1 overflow-auto p-4">{details}</div>
            </aside>
          )
          : (
            <Drawer open title={<AssetName assetKey={selected.key} />} onClose={() => setFocus(undefined)}>
              {details}
            </Drawer>
          )}
      </div>
    </Page>
  )
}

const tabLink = (id: string, search: RunSearch, tab: string | undefined) => {
  const { tab: _, ...rest } = search
  return { to: "/runs/$id", params: { id }, search: tab === undefined ? rest : { ...rest, tab } } as const
}

export default RunPage
