/** What came of a tick. */
import { Link } from "@tanstack/react-router"
import { FailureView } from "../assets/EventDetails.tsx"
import { fact } from "../assets/fact.ts"
import {
  AssetLink,
  AssetName,
  Badge,
  classes,
  Code,
  Duration,
  ErrorView,
  KeyValue,
  linkClasses,
  RunLink,
  Skeleton,
  StatusBadge,
  Time
} from "../kit/index.ts"
import { formatTime, useZone } from "../time.ts"
import { type Evaluation, type Tick, useEvaluations, useTick } from "./data.ts"
import { JobLink } from "./Target.tsx"
import { readTickLog } from "./tickLog.ts"
import { isDone, queuedOf, queuedStatus, tickText } from "./words.ts"

type Requests = Tick["requests"]

/** The state of a tick. A program that does something about a run has nothing to request, and has skipped nothing. */
export const TickBadge = ({ tick }: { readonly tick: Pick<Tick, "kind" | "status"> }) => (
  <StatusBadge status={tick.status} label={isDone(tick) ? "Done" : undefined} />
)

const tones: { readonly [level: string]: string | undefined } = {
  __proto__: null!, // levels are what the log calls them
  WARN: "text-stale-text",
  ERROR: "text-failed-text",
  FATAL: "text-failed-text"
}

/** What an evaluation has logged, a line for each entry. */
export const TickLog = ({ text }: { readonly text: string }) => {
  const zone = useZone()
  return (
    <ol
      aria-label="Log of the tick"
      tabIndex={0}
      className="max-h-60 overflow-auto rounded-md border border-border bg-surface-2 py-1 font-mono text-xs"
    >
      {readTickLog(text).map(({ at, detail, level, message }, index) => (
        <li key={index} className="flex flex-wrap gap-x-2 px-2.5 py-0.5">
          {at === undefined ? null : (
            <span className="text-text-3 tabular-nums" title={formatTime(at, zone)}>
              {formatTime(at, zone, "millisecond")}
            </span>
          )}
          {level === undefined
            ? null
            : <span className={tones[level] ?? "text-running-text"}>{level}</span>}
          <span className="min-w-0 break-words whitespace-pre-wrap">
            {message}
            {detail === "" ? null : <span className="text-text-2">{message === "" ? detail : ` ${detail}`}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}

/** What was requested, and where it is. */
export const RequestList = ({ requests }: {
  readonly requests: ReadonlyArray<
    & Pick<Requests[number], "request" | "words" | "deduplicated">
    & Partial<Omit<Requests[number], "request" | "words" | "deduplicated">>
  >
}) => (
  <ul className="flex flex-col">
    {requests.slice(0, 200).map((one, index) => (
      <li key={index} className="flex min-w-0 flex-col border-b border-border py-1.5 last:border-0">
        <span className="flex min-w-0 flex-wrap items-center gap-x-2">
          {one.deduplicated
            ? <Badge tone="skipped">requested before</Badge>
            : one.status === undefined && one.runStatus === undefined
            ? null
            : <StatusBadge status={queuedStatus(one)} />}
          <span className="min-w-0 text-sm break-words">{one.words}</span>
          {one.runId === undefined ? null : <RunLink id={one.runId} />}
        </span>
        {one.deduplicated && one.request.runKey !== undefined
          ? (
            <span className="text-xs text-text-2">
              A run was requested once under the run key <Code>{one.request.runKey}</Code>
            </span>
          )
          : one.status === "Queued"
          ? <span className="text-xs text-text-2">{one.waitingFor ?? "It waits for its turn"}</span>
          : null}
      </li>
    ))}
    {requests.length > 200 ? <li className="py-1 text-xs text-text-3">and {requests.length - 200} more</li> : null}
  </ul>
)

const PartitionsChanged = ({ sets, verb }: {
  readonly sets: Tick["addPartitions"]
  readonly verb: string
}) => (
  <>
    {Object.entries(sets ?? {}).map(([set, keys]) => (
      <p key={set} className="text-sm break-words">
        {verb} <Code>{set}</Code>: {keys.slice(0, 20).join(", ")}
        {keys.length > 20 ? ` and ${keys.length - 20} more` : ""}
      </p>
    ))}
  </>
)

/** The asset, the check or the job that an evaluation is about, as a link to it. */
export const EvaluatedLink = ({ evaluation: { key, kind, seq } }: {
  readonly evaluation: Pick<Evaluation, "key" | "kind"> & { readonly seq?: number | undefined }
}) => {
  if (kind === "job") return <JobLink name={key.slice(1)} />
  const at = kind === "check" ? key.lastIndexOf(":") : -1
  return at < 0
    ? (
      <Link
        to="/asset"
        search={{ key, tab: "automation", ...seq === undefined ? {} : { evaluation: String(seq) } }}
        title={key}
        className={classes("inline-block min-h-6 min-w-0 content-center truncate", linkClasses)}
      >
        <AssetName assetKey={key} />
      </Link>
    )
    : <AssetLink assetKey={key.slice(0, at)} tab="checks" className="truncate">{key}</AssetLink>
}

const Evaluations = ({ tickId }: { readonly tickId: string }) => {
  const { hasMore, items } = useEvaluations({ tickId })
  const requested = items?.filter(({ requested }) => requested > 0) ?? []
  if (requested.length === 0) return null
  return (
    <section>
      <h3 className="text-xs font-semibold text-text-2">Why</h3>
      <ul>
        {requested.map((evaluation) => (
          <li key={`${evaluation.seq}`} className="flex min-w-0 items-center justify-between gap-2">
            <EvaluatedLink evaluation={evaluation} />
            {evaluation.requested > 1 ? <Badge>{evaluation.requested.toLocaleString("en")}</Badge> : null}
          </li>
        ))}
      </ul>
      {hasMore ? <p className="text-xs text-text-3">and more</p> : null}
    </section>
  )
}

/** What came of a tick, with where its requests are now. */
export const TickDetails = ({ name, id }: { readonly name: string; readonly id: string }) => {
  const { data: tick, error, refetch } = useTick(name, id)
  if (tick === undefined) {
    return error === undefined
      ? <Skeleton className="h-32 w-full" />
      : (
        <div className="-m-4">
          <ErrorView error={error} retry={refetch} />
        </div>
      )
  }
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <TickBadge tick={tick} />
        <Time at={tick.startedAt} className="text-sm" />
        <span className="text-xs text-text-2">
          took <Duration millis={tick.finishedAt - tick.startedAt} />
        </span>
      </div>
      {tick.error === undefined
        ? <p className="text-sm break-words">{tickText({ ...tick, queued: queuedOf(tick) })}</p>
        : <FailureView failure={tick.error} />}
      <KeyValue
        items={[
          fact("For", tick.scheduledAt === undefined ? undefined : <Time at={tick.scheduledAt} />),
          fact(
            "Cursor",
            tick.cursor === undefined
              ? undefined
              : tick.cursor === null
              ? <span className="text-text-3">cleared</span>
              : <Code>{tick.cursor}</Code>
          )
        ]}
      />
      {tick.requests.length === 0 ? null : (
        <section>
          <h3 className="text-xs font-semibold text-text-2">Requested</h3>
          <RequestList requests={tick.requests} />
        </section>
      )}
      {tick.kind === "condition" ? <Evaluations tickId={tick.id} /> : null}
      <PartitionsChanged sets={tick.addPartitions} verb="Added to" />
      <PartitionsChanged sets={tick.deletePartitions} verb="Removed from" />
      {tick.log === undefined || tick.log === "" ? null : (
        <section>
          <h3 className="mb-1 text-xs font-semibold text-text-2">Log</h3>
          <TickLog text={tick.log} />
        </section>
      )}
    </div>
  )
}
