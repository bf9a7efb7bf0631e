import { useState } from "react"
import type { Api } from "../api/index.ts"
import {
  AssetLink,
  Badge,
  Button,
  classes,
  CodeBlock,
  CopyButton,
  Duration,
  KeyValue,
  MetadataTable,
  RunningDuration,
  StatusBadge,
  StatusDot,
  Time
} from "../kit/index.ts"
import { stateLabel, statusOf, statusOfRow } from "./look.ts"
import { countParts, isFailing, partOf, type Row, type Span } from "./runView.ts"

/** An error as it was recorded: the message at once, the whole cause on request. */
export const FailureView = ({ error }: { readonly error: NonNullable<Api.Model.AssetEvent["error"]> }) => {
  const [open, setOpen] = useState(false)
  return (
    <div className="rounded-md border border-failed bg-failed-soft text-failed-text">
      <div className="flex items-start gap-2 px-3 py-2">
        <p
          className="max-h-60 min-w-0 flex-1 overflow-auto font-mono text-xs leading-5 break-words whitespace-pre-wrap"
          tabIndex={0}
        >
          <span className="font-semibold">{error.tag}</span>
          {error.message === "" ? "" : `: ${error.message}`}
        </p>
        <CopyButton text={`${error.tag}: ${error.message}\n\n${error.cause}`} label="Copy the error" />
      </div>
      {error.cause === "" ? null : (
        <div className="border-t border-failed/40 px-3 py-1">
          <Button
            kind="ghost"
            size="sm"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            className="text-failed-text"
          >
            {open ? "Hide the cause" : "Show the whole cause"}
          </Button>
          {open ? <CodeBlock code={error.cause} label="Cause" className="mb-2 text-text" /> : null}
        </div>
      )}
    </div>
  )
}

const Because = ({ event, onFocus }: {
  readonly event: Api.Model.AssetEvent
  readonly onFocus: (key: string) => void
}) =>
  event.reason === undefined && event.because === undefined ? null : (
    <div className="flex flex-col gap-1 text-sm">
      {event.reason === undefined ? null : <p className="break-words">{event.reason}</p>}
      {event.because === undefined || event.because.length === 0 ?
        null :
        (
          <ul className="flex flex-wrap gap-1" aria-label="Because of">
            {event.because.slice(0, 50).map((key) => (
              <li key={key} className="max-w-full">
                <Button size="sm" onClick={() => onFocus(key)} className="max-w-full">
                  <span className="truncate font-mono">{key}</span>
                </Button>
              </li>
            ))}
          </ul>
        )}
    </div>
  )

const Versions = ({ versions }: { readonly versions: { readonly [key: string]: string } }) => (
  <ul className="flex flex-col gap-0.5">
    {Object.entries(versions).slice(0, 100).map(([key, version]) => (
      <li key={key} className="flex min-w-0 items-baseline gap-2 text-xs">
        <AssetLink assetKey={key} className="truncate" />
        <span className="truncate font-mono text-text-3" title={version}>{version}</span>
      </li>
    ))}
  </ul>
)

const EventView = ({ event, onFocus }: {
  readonly event: Api.Model.AssetEvent
  readonly onFocus: (key: string) => void
}) => (
  <div className="flex flex-col gap-3">
    <Because event={event} onFocus={onFocus} />
    {event.error === undefined ? null : <FailureView error={event.error} />}
    <KeyValue
      items={[
        ["At", <Time key="at" at={event.timestamp} />],
        [
          "Took",
          event.durationMillis === undefined ? undefined : <Duration key="took" millis={event.durationMillis} />
        ],
        ["Attempts", event.attempts === undefined || event.attempts < 2 ? undefined : event.attempts],
        [
          "Partition",
          partOf(event) === undefined
            ? undefined
            : <span key="part" className="font-mono text-xs">{partOf(event)}</span>
        ],
        ["Stored", event.stored === false ? "no: its value is void" : undefined],
        [
          "Data version",
          event.dataVersion === undefined
            ? undefined
            : <span key="data" className="font-mono text-xs break-all">{event.dataVersion}</span>
        ],
        [
          "Code version",
          event.codeVersion === undefined
            ? undefined
            : <span key="code" className="font-mono text-xs break-all">{event.codeVersion}</span>
        ],
        [
          "Read",
          event.inputVersions === undefined || Object.keys(event.inputVersions).length === 0
            ? undefined
            : <Versions key="read" versions={event.inputVersions} />
        ]
      ]}
    />
    {event.metadata === undefined || Object.keys(event.metadata).length === 0 ? null : (
      <section>
        <h4 className="mb-1 text-xs font-semibold text-text-2">Metadata</h4>
        <MetadataTable metadata={event.metadata} />
      </section>
    )}
  </div>
)

const stepStatus = { Succeeded: "Succeeded", Failed: "Failed", Cancelled: "Cancelled" } as const

const Steps = ({ row }: { readonly row: Row }) => {
  const span = row.spans.at(-1)
  const recorded = span?.event?.steps ?? []
  const live = span !== undefined && span.event === undefined ? span.steps : []
  if (recorded.length === 0 && live.length === 0) return null
  return (
    <section>
      <h4 className="mb-1 text-xs font-semibold text-text-2">Steps</h4>
      <ol className="flex flex-col rounded-md border border-border">
        {recorded.map((step, index) => (
          <li key={index} className="flex min-h-7 items-center gap-2 border-b border-border px-2 text-xs last:border-0">
            <StatusDot status={stepStatus[step.status]} size={12} />
            <span className="min-w-0 flex-1 truncate" title={step.name}>{step.name}</span>
            {step.attempts < 2 ? null : <Badge>{step.attempts} attempts</Badge>}
            <Duration millis={step.durationMillis} className="text-text-2" />
          </li>
        ))}
        {live.map((step) => (
          <li
            key={`${step.name} ${step.start}`}
            className="flex min-h-7 items-center gap-2 border-b border-border px-2 text-xs last:border-0"
          >
            <StatusDot
              status={step.end === undefined ? "Running" : step.status === "Failed" ? "Failed" : "Succeeded"}
              size={12}
            />
            <span className="min-w-0 flex-1 truncate">{step.name}</span>
            {step.end === undefined
              ? <RunningDuration since={step.start} className="text-text-2" />
              : <Duration millis={step.end - step.start} className="text-text-2" />}
          </li>
        ))}
      </ol>
    </section>
  )
}

/** The parts of an asset in a run, the worst first; one of them is looked at. */
const Parts = ({ row, chosen, onChoose }: {
  readonly row: Row
  readonly chosen: Api.Model.AssetEvent | undefined
  readonly onChoose: (event: Api.Model.AssetEvent) => void
}) => {
  const [most, setMost] = useState(50)
  const order = ["Failed", "UpstreamFailed", "Cancelled", "Skipped", "Materialized", "Observed", "UpToDate"]
  const events = [...row.events].sort((a, b) =>
    order.indexOf(a.outcome) - order.indexOf(b.outcome) || a.cursor - b.cursor
  )
  const running = row.spans.filter((span): span is Span => span.outcome === "Running")
  return (
    <section>
      <h4 className="mb-1 text-xs font-semibold text-text-2">Partitions</h4>
      <p className="mb-1 text-xs text-text-2">
        {[...countParts(row)].map(([outcome, count]) =>
          `${count.toLocaleString("en")} ${stateLabel[outcome].toLowerCase()}`
        )
          .join(", ")}
      </p>
      <ul className="max-h-56 overflow-auto rounded-md border border-border">
        {running.map((span) => (
          <li key={`r ${span.part ?? ""}`} className="flex min-h-7 items-center gap-2 px-2 text-xs">
            <StatusDot status="Running" size={12} />
            <span className="min-w-0 flex-1 truncate font-mono">{span.part}</span>
            <RunningDuration since={span.start} />
          </li>
        ))}
        {events.slice(0, most).map((event) => (
          <li key={event.cursor}>
            <button
              type="button"
              aria-pressed={event === chosen}
              onClick={() => onChoose(event)}
              className={classes(
                "flex min-h-7 w-full items-center gap-2 px-2 text-left text-xs -outline-offset-2",
                event === chosen ? "bg-accent-soft" : "hover:bg-surface-2"
              )}
            >
              <StatusDot status={statusOf[event.outcome]} size={12} label={stateLabel[event.outcome]} />
              <span className="min-w-0 flex-1 truncate font-mono" title={partOf(event)}>
                {partOf(event) ?? "whole"}
              </span>
              {event.durationMillis === undefined
                ? null
                : <Duration millis={event.durationMillis} className="text-text-3" />}
            </button>
          </li>
        ))}
        {events.length <= most ? null : (
          <li>
            <button
              type="button"
              onClick={() => setMost(most + 500)}
              className="min-h-7 w-full px-2 text-left text-xs text-accent-text"
            >
              {(events.length - most).toLocaleString("en")} more…
            </button>
          </li>
        )}
      </ul>
    </section>
  )
}

/** What came of one asset in a run: why, what it took, and what was recorded. */
export const RowDetails = ({ row, onFocus, onLog, log }: {
  readonly row: Row
  readonly onFocus: (key: string) => void
  readonly onLog: () => void
  readonly log: ReadonlyArray<Api.Model.LogEntry>
}) => {
  const [cursor, setCursor] = useState<number>()
  const chosen = row.events.find((event) => event.cursor === cursor)
    ?? row.events.find((event) => event.outcome === "Failed") ?? row.events.at(-1)
  const running = row.spans.find(({ outcome }) => outcome === "Running")
  const many = row.events.length + row.spans.filter(({ event }) => event === undefined).length > 1
  const lines = log.filter(({ key }) => key === row.key)
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-2">
        <StatusBadge status={statusOfRow(row)} label={stateLabel[row.state]} />
        {running === undefined
          ? row.spans.length === 0 ? null : <Duration millis={row.spentMillis} className="text-xs text-text-2" />
          : (
            <>
              <RunningDuration since={running.start} className="text-xs text-text-2" />
              {running.attempt > 1 ? <Badge tone="stale">attempt {running.attempt}</Badge> : null}
            </>
          )}
        <AssetLink assetKey={row.key} className="ml-auto text-xs text-accent-text!">Open the asset</AssetLink>
      </div>
      {many ? <Parts row={row} chosen={chosen} onChoose={(event) => setCursor(event.cursor)} /> : null}
      {chosen === undefined
        ? (
          <p className="text-sm text-text-2">
            {row.state === "Running"
              ? "It is being computed."
              : row.state === "Waiting"
              ? "It has not begun: what it is made of comes first, or there is no free place for it."
              : row.state === "Checked"
              ? "Only its checks were evaluated."
              : "The run ended before it was its turn."}
          </p>
        )
        : <EventView event={chosen} onFocus={onFocus} />}
      <Steps row={row} />
      {row.checks.length === 0 ? null : (
        <section>
          <h4 className="mb-1 text-xs font-semibold text-text-2">Checks</h4>
          <ul className="flex flex-col gap-1">
            {row.checks.map((check) => (
              <li key={`${check.check} ${partOf(check) ?? ""}`} className="text-sm">
                <span className="flex items-center gap-2">
                  <StatusDot status={checkStatus(check)} size={13} />
                  <span className="min-w-0 truncate">{check.check}</span>
                  {check.blocking ? <Badge>blocking</Badge> : null}
                </span>
                {check.evaluation?.description === undefined
                  ? null
                  : <p className="pl-5 text-xs break-words text-text-2">{check.evaluation.description}</p>}
                {check.evaluation?.error === undefined ? null : <FailureView error={check.evaluation.error} />}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h4 className="mb-1 flex min-h-6 items-center gap-2 text-xs font-semibold text-text-2">
          Log
          <Button size="sm" kind="ghost" className="ml-auto" onClick={onLog}>Open in the log</Button>
        </h4>
        {lines.length === 0 ?
          <p className="text-xs text-text-3">There are no log lines of it.</p> :
          (
            <ol
              tabIndex={0}
              aria-label="Log of the asset"
              className="max-h-72 overflow-auto rounded-md bg-surface-2 p-2 font-mono text-xs leading-5"
            >
              {lines.slice(-200).map((entry) => (
                <li key={entry.seq} className="break-words whitespace-pre-wrap">
                  <Time at={entry.timestamp} format="millisecond" className="text-text-3" /> {entry.message}
                  {entry.cause === undefined
                    ? null
                    : <span className="line-clamp-4 pl-4 text-failed-text">{entry.cause}</span>}
                </li>
              ))}
            </ol>
          )}
      </section>
    </div>
  )
}

/** The look of a check's state; what only warns is no failure. */
export const checkStatus = (check: Api.Model.CheckModel) =>
  check.status === "Failed" ? isFailing(check) ? "Failed" as const : "Warned" as const : check.status
