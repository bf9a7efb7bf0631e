/** The page of a schedule, a sensor, or the conditions of all assets. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { CalendarClock, FlaskConical, PencilLine, Radar, SearchX, Sparkles, X, Zap } from "lucide-react"
import { type ReactNode, useEffect, useMemo, useState } from "react"
import { useMutation } from "../api/index.ts"
import { conditionsName } from "../api/words.ts"
import { FailureView } from "../assets/EventDetails.tsx"
import { fact } from "../assets/fact.ts"
import {
  Badge,
  Button,
  buttonClasses,
  Card,
  Code,
  CodeBlock,
  type Column,
  DataTable,
  Dialog,
  Drawer,
  EmptyState,
  ErrorView,
  IconButton,
  KeyValue,
  problemOf,
  RelativeTime,
  RunLink,
  SearchField,
  Select,
  showToast,
  Skeleton,
  Spinner,
  StatusBadge,
  TextField,
  Time
} from "../kit/index.ts"
import { useWide } from "../runs/useRunView.ts"
import type { AutomationSearch } from "../search.ts"
import { Page } from "../shell/Page.tsx"
import { useZone, zoneName } from "../time.ts"
import { cronWords } from "./cron.ts"
import { DaemonBanner } from "./DaemonBanner.tsx"
import {
  type Automation,
  type Preview,
  type Tick,
  useAutomation,
  useConditions,
  useDaemon,
  usePreview,
  useSetCursor,
  useTickNow,
  useTicks
} from "./data.ts"
import { requestedText } from "./explanation.ts"
import { RunningSwitch } from "./RunningSwitch.tsx"
import { nameOf, Target } from "./Target.tsx"
import { EvaluatedLink, RequestList, TickBadge, TickDetails, TickLog } from "./TickDetails.tsx"
import { TickTimeline } from "./TickTimeline.tsx"
import { type Span, spanOf, spans } from "./timeline.ts"
import { expectedOf, inZone, kindLabel, queuedOf, shortDuration, tickStatuses, tickText, whenText } from "./words.ts"

const columns: ReadonlyArray<Column<Tick>> = [
  {
    id: "status",
    header: "Status",
    width: "116px",
    cell: (tick) => <TickBadge tick={tick} />
  },
  {
    id: "at",
    header: "Time",
    width: "104px",
    cell: ({ startedAt }) => <RelativeTime at={startedAt} className="text-text-2" />
  },
  {
    id: "for",
    header: "For",
    width: "132px",
    hideBelow: 720,
    cell: ({ scheduledAt }) =>
      scheduledAt === undefined
        ? <span className="text-text-3">by hand</span>
        : <Time at={scheduledAt} format="minute" className="text-text-2" />
  },
  {
    id: "reason",
    header: "What came of it",
    width: "minmax(150px, 2fr)",
    cell: (tick) => {
      const text = tickText({ ...tick, queued: queuedOf(tick) })
      return <span title={text} className="text-text-2">{text}</span>
    }
  },
  {
    id: "runs",
    header: "Runs",
    width: "minmax(90px, 0.6fr)",
    hideBelow: 560,
    cell: ({ requests }) => (
      <span className="flex items-center gap-2 overflow-hidden">
        {requests.flatMap(({ runId }) => runId ?? []).slice(0, 2).map((id) => (
          <RunLink
            key={id}
            id={id}
            tabIndex={-1}
          />
        ))}
        {requests.length > 2 ? <span className="text-xs text-text-3">of {requests.length}</span> : null}
      </span>
    )
  }
]

/** Without the time of a schedule, which sensors do not have. */
const withoutFor = columns.filter(({ id }) => id !== "for")

const Fact = ({ children, label }: { readonly label: string; readonly children: ReactNode }) => (
  <span className="inline-flex min-h-6 min-w-0 items-center gap-1.5 text-sm">
    <span className="shrink-0 text-xs text-text-3">{label}</span>
    {children}
  </span>
)

const Header = ({ automation }: { readonly automation: Automation }) => {
  const acts = useDaemon()?.present !== false
  return (
    <div className="flex flex-col gap-1">
      <div className="flex min-h-8 min-w-0 flex-wrap items-center gap-x-5 gap-y-1">
        <RunningSwitch name={automation.name} running={automation.running} label />
        <span className="inline-flex min-w-0 items-center gap-2 text-sm">
          {automation.kind === "condition" ? null : <Badge>{kindLabel[automation.kind]}</Badge>}
          <span className="min-w-0 break-words">{whenText(automation)}</span>
        </span>
        {automation.target === undefined && automation.kind !== "sensor" ? null : (
          <Fact label="Requests">
            <Target target={automation.target} />
          </Fact>
        )}
        {automation.evaluatingSince !== undefined
          ? (
            <Fact label="Evaluating since">
              <RelativeTime at={automation.evaluatingSince} />
            </Fact>
          )
          : automation.nextTickAt === undefined || !acts
          ? null
          : (
            <Fact label={automation.kind === "streamSensor" ? "The stream begins again" : "Next"}>
              <RelativeTime ahead at={automation.nextTickAt} />
            </Fact>
          )}
        {automation.queuedRuns === 0 ? null : (
          <Fact label="In the queue">
            <Link to="/queue" className="inline-flex min-h-6 items-center text-accent-text hover:underline">
              {automation.queuedRuns === 1 ? "1 run" : `${automation.queuedRuns} runs`}
            </Link>
          </Fact>
        )}
      </div>
      {automation.description === undefined
        ? null
        : <p className="text-sm break-words whitespace-pre-wrap text-text-2">{automation.description}</p>}
      {automation.running === automation.startRunning || automation.runningSince === undefined ?
        null :
        (
          <p className="text-xs text-text-2">
            {automation.running ? "Started" : "Stopped"} by hand{" "}
            <RelativeTime at={automation.runningSince} />. Its definition says{" "}
            {automation.startRunning ? "that it runs" : "that it does not run"} unless somebody says otherwise.
          </p>
        )}
    </div>
  )
}

/** The time in the zone of a schedule, where that is another than the one that times are shown in. */
const ZonedTime = ({ at, timeZone }: { readonly at: number; readonly timeZone: string }) => {
  const zone = useZone()
  const text = inZone(at, timeZone)
  return text === undefined || text === inZone(at, zoneName(zone))
    ? null
    : <span className="w-full text-xs text-text-3">{text} in {timeZone}</span>
}

/** What a tick will come to, as far as that is known. */
const Expected = ({ tick }: { readonly tick: Preview["ticks"][number] }) => {
  const { error, reason, requests = [] } = tick
  const expected = expectedOf(tick)
  if (expected === undefined) return null
  const more = requests.length > 3 ? ` and ${requests.length - 3} more` : ""
  const text = error?.message ?? reason ?? (requests.length === 0 ? "Nothing to request" : requests.join("\n"))
  return (
    <span
      className={`w-full truncate text-xs ${expected === "Failed" ? "text-failed-text" : "text-text-2"}`}
      title={text}
    >
      {expected === "Requested" && reason === undefined ? requests.slice(0, 3).join(", ") + more : text}
    </span>
  )
}

const NextTicks = ({ name, running }: { readonly name: string; readonly running: boolean }) => {
  const { data, error, refetch } = usePreview(name, 8)
  return (
    <Card title="Next ticks" flush>
      {data === undefined
        ? error === undefined ? <Skeleton className="m-4 h-20" /> : <ErrorView error={error} retry={refetch} />
        : data.ticks.length === 0
        ? <p className="px-4 py-3 text-sm text-text-3">It does not tick any more.</p>
        : (
          <ol>
            {data.ticks.map((tick) => (
              <li
                key={tick.at}
                className="flex min-w-0 flex-wrap items-center justify-between gap-x-3 border-b border-border px-4 py-1.5 last:border-0"
              >
                <Time at={tick.at} format="minute" className="text-sm" />
                <RelativeTime ahead at={tick.at} className="text-xs text-text-2" />
                <ZonedTime at={tick.at} timeZone={data.timeZone} />
                <Expected tick={tick} />
              </li>
            ))}
          </ol>
        )}
      {data?.ticks.some((tick) => expectedOf(tick) === undefined) === true
        ? (
          <p className="border-t border-border px-4 py-1.5 text-xs text-text-2">
            Its program decides what each of them requests: try it out.
          </p>
        )
        : null}
      {running ?
        null :
        (
          <p className="border-t border-border px-4 py-1.5 text-xs text-stale-text">
            It is stopped: nothing ticks until it is started.
          </p>
        )}
    </Card>
  )
}

const Cursor = ({ automation }: { readonly automation: Automation }) => {
  const { cursor, name } = automation
  const [open, setOpen] = useState(false)
  const [text, setText] = useState("")
  const set = useSetCursor(name, () => setOpen(false))
  const problem = set.error === undefined ? undefined : problemOf(set.error)
  return (
    <Card
      title="Cursor"
      actions={
        <Button
          size="sm"
          icon={PencilLine}
          onClick={() => {
            setText(cursor ?? "")
            set.reset()
            setOpen(true)
          }}
        >
          Edit
        </Button>
      }
    >
      {cursor === undefined
        ? (
          <p className="text-sm text-text-3">
            It has none: the {automation.kind === "streamSensor" ? "stream" : "next evaluation"} begins anew.
          </p>
        )
        : <CodeBlock code={cursor} label="Cursor" maxHeight={160} />}
      <Dialog
        open={open}
        size="sm"
        onClose={() => setOpen(false)}
        title={`Cursor of ${name}`}
        description="Where it is: the next evaluation is given it, and goes on from there."
        footer={
          <>
            <Button
              className="mr-auto"
              busy={set.busy}
              disabled={cursor === undefined}
              onClick={() => void set.run(null)}
            >
              Clear
            </Button>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button kind="primary" busy={set.busy} disabled={text === cursor} onClick={() => void set.run(text)}>
              Set the cursor
            </Button>
          </>
        }
      >
        <TextField
          label="Cursor"
          mono
          value={text}
          error={problem?.detail ?? problem?.title}
          onChange={(next) => {
            setText(next)
            set.reset()
          }}
          hint="What it means, its program says. An earlier one may request again what was requested; run keys prevent that."
        />
      </Dialog>
    </Card>
  )
}

const Definition = ({ automation }: { readonly automation: Automation }) => (
  <Card title="Definition">
    <KeyValue
      items={[
        fact("Kind", kindLabel[automation.kind]),
        fact(
          "Cron",
          automation.cron === undefined ? undefined : (
            <span className="flex flex-col">
              {automation.cron.map((cron) => (
                <span key={cron}>
                  <Code>{cron}</Code> <span className="text-text-2">{cronWords(cron)}</span>
                </span>
              ))}
            </span>
          )
        ),
        fact("Time zone", automation.timeZone),
        fact("Missed ticks", automation.catchUp),
        fact(
          "Looks",
          automation.everyMillis === undefined ? undefined : `every ${shortDuration(automation.everyMillis)}`
        ),
        fact(
          "Looks at",
          automation.assets === undefined || automation.assets.length === 0
            ? undefined
            : (
              <span className="flex flex-col">
                {automation.assets.slice(0, 20).map((key) => (
                  <EvaluatedLink key={key} evaluation={{ key, kind: "asset" }} />
                ))}
                {automation.assets.length > 20 ? `and ${automation.assets.length - 20} more` : null}
              </span>
            )
        ),
        fact("Jobs", automation.jobs?.join(", ")),
        fact("Runs that", automation.statuses?.join(", ")),
        fact("At first", automation.startRunning ? "running" : "stopped"),
        fact(
          "Evaluated",
          automation.lastEvaluatedAt === undefined
            ? undefined
            : <RelativeTime at={automation.lastEvaluatedAt} />
        )
      ]}
    />
  </Card>
)

const NoConditions = () => (
  <EmptyState
    title="No conditions yet"
    icon={Sparkles}
    command={`Asset.make("shop/revenue", {
  inputs: { orders },
  automation: Condition.eager(),
  compute: …
})`}
  >
    With a condition, an asset, a check or a job is run without anybody asking: as soon as something upstream has
    changed, by the clock, or when it is missing.
  </EmptyState>
)

const Conditions = () => {
  const [text, setText] = useState("")
  const navigate = useNavigate()
  const { hasMore, items, loadingMore, loadMore } = useConditions(text === "" ? {} : { search: text })
  return (
    <Card
      flush
      title="What has a condition"
      actions={
        <SearchField label="Search conditions" placeholder="Search…" value={text} onChange={setText} className="w-44" />
      }
    >
      <DataTable
        label="Conditions"
        rows={items ?? []}
        sortRows={false}
        rowHeight={52}
        maxHeight={480}
        rowKey={({ key }) => key}
        hasMore={hasMore}
        loadingMore={loadingMore || items === undefined}
        onMore={loadMore}
        onOpen={({ key, kind }) =>
          void (kind === "asset"
            ? navigate({ to: "/asset", search: { key, tab: "automation" } })
            : kind === "job"
            ? navigate({ to: "/job", search: { name: key.slice(1) } })
            : navigate({ to: "/asset", search: { key: key.slice(0, key.lastIndexOf(":")), tab: "checks" } }))}
        columns={[
          {
            id: "key",
            header: "Of",
            width: "minmax(170px, 2fr)",
            cell: (condition) => (
              <span className="flex min-w-0 flex-col">
                <EvaluatedLink evaluation={condition} />
                <span className="truncate text-xs text-text-2" title={condition.words}>
                  {condition.label === undefined ? null : <strong className="text-text">{condition.label}</strong>}
                  {condition.label === undefined ? "" : ": "}
                  {condition.words}
                </span>
              </span>
            )
          },
          {
            id: "last",
            header: "Last change",
            width: "minmax(130px, 1fr)",
            hideBelow: 400,
            cell: ({ last }) =>
              last === undefined ? <span className="text-text-3">not evaluated</span> : (
                <span className="flex flex-col">
                  <span className={last.requested > 0 ? "text-fresh-text" : "text-text-2"}>
                    {requestedText(last.requested, last.requested > 1)}
                  </span>
                  <RelativeTime at={last.timestamp} className="text-xs text-text-2" />
                </span>
              )
          }
        ]}
        empty={text === "" ? <NoConditions /> : <EmptyState title="Nothing has these words" icon={SearchX} />}
      />
    </Card>
  )
}

const TryOut = ({ name, onClose }: { readonly name: string; readonly onClose: () => void }) => {
  const evaluate = useMutation((client) => client.automation.evaluate({ payload: { name } }), { quiet: true })
  const [begun, setBegun] = useState(false)
  const [result, setResult] = useState<Awaited<ReturnType<typeof evaluate.run>>>()
  const run = async () => {
    setBegun(true)
    setResult(await evaluate.run(undefined))
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Try out ${name}`}
      description="Its program runs now. Nothing is requested, and no cursor moves."
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" icon={FlaskConical} busy={evaluate.busy} data-autofocus onClick={() => void run()}>
            Evaluate
          </Button>
        </>
      }
    >
      <div className="flex min-h-16 min-w-0 flex-col gap-3" aria-live="polite">
        {evaluate.busy
          ? <Spinner label="Evaluating" />
          : evaluate.error !== undefined
          ? (
            <div className="-m-4">
              <ErrorView error={evaluate.error} />
            </div>
          )
          : result === undefined
          ? <p className="text-sm text-text-2">{begun ? "" : "See what it would request."}</p>
          : (
            <>
              <span className="flex items-center gap-2">
                <StatusBadge status={result.status} />
                <span className="text-sm">{tickText({ ...result, queued: queuedOf(result) })}</span>
              </span>
              {result.error === undefined ? null : <FailureView failure={result.error} />}
              {result.requests.length === 0 ? null : <RequestList requests={result.requests} />}
              {result.cursor === undefined ? null : (
                <p className="text-sm">
                  Cursor from then on: <Code>{result.cursor ?? "none"}</Code>
                </p>
              )}
              {result.log === undefined || result.log === "" ? null : <TickLog text={result.log} />}
            </>
          )}
      </div>
    </Dialog>
  )
}

type Change = (part: Partial<Record<keyof AutomationSearch, string | undefined>>) => void

const Ticks = ({ automation, change, search }: {
  readonly automation: Pick<Automation, "kind" | "name" | "running">
  readonly search: AutomationSearch
  readonly change: Change
}) => {
  const { kind, name } = automation
  const { error, hasMore, items, loadingMore, loadMore, refetch } = useTicks({ name, status: search.status })
  const [span, setSpan] = useState<Span>()
  const preview = usePreview(kind === "schedule" && automation.running ? name : undefined, 8).data
  const next = useMemo(() => preview?.ticks.map((tick) => ({ at: tick.at, expected: expectedOf(tick) })) ?? [], [
    preview
  ])
  // what fits the ticks that are there first stays, whatever comes
  const [first, setFirst] = useState<Span>()
  useEffect(() => {
    if (items !== undefined) setFirst((before) => before ?? spanOf(items, Date.now()))
  }, [items])
  const none = items?.length === 0 && search.status === undefined
  return (
    <Card
      flush
      title="Ticks"
      actions={none ? undefined : (
        <>
          <Select
            label="State"
            hideLabel
            value={search.status ?? "All"}
            onChange={(status) => change({ status: status === "All" ? undefined : status })}
            options={[
              { value: "All", label: "All" },
              ...tickStatuses.map((value) => ({ value, label: value }))
            ]}
            className="w-28"
          />
          <Select
            label="Time"
            hideLabel
            value={span ?? first ?? "day"}
            onChange={setSpan}
            options={spans}
            className="w-32"
          />
        </>
      )}
    >
      {error !== undefined
        ? <ErrorView error={error} retry={refetch} />
        : items === undefined
        ? <Skeleton className="m-4 h-32" />
        : none
        ? (
          <EmptyState title="It has not ticked yet" icon={kind === "schedule" ? CalendarClock : Radar}>
            {kind === "condition"
              ? "A tick is recorded when a condition requests something."
              : "Each evaluation is recorded here: what it requested, or why nothing."}
          </EmptyState>
        )
        : (
          <>
            <div className="border-b border-border">
              <TickTimeline
                ticks={items}
                next={next}
                span={span ?? first ?? "day"}
                selected={search.tick}
                onSelect={(tick) => change({ tick })}
              />
            </div>
            <DataTable
              label="Ticks"
              rows={items}
              columns={kind === "schedule" ? columns : withoutFor}
              sortRows={false}
              maxHeight={440}
              rowKey={({ id }) => id}
              onOpen={({ id }) => change({ tick: id })}
              rowClassName={({ id }) => id === search.tick ? "bg-accent-soft!" : undefined}
              hasMore={hasMore}
              loadingMore={loadingMore}
              onMore={loadMore}
              empty={<EmptyState title={`No tick is ${search.status?.toLowerCase()}`} icon={SearchX} />}
            />
          </>
        )}
    </Card>
  )
}

/** What there is of an automation, with the tick that is picked beside it, or above it where there is no room. */
const WithTick = ({ aside, change, children, search: { name, tick } }: {
  readonly search: AutomationSearch
  readonly change: Change
  readonly children: ReactNode
  readonly aside?: ReactNode
}) => {
  const wide = useWide(1024)
  const details = tick === undefined ? null : <TickDetails key={tick} name={name} id={tick} />
  const close = () => change({ tick: undefined })
  return (
    <>
      <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1.9fr)_minmax(300px,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">{children}</div>
        <div className="flex min-w-0 flex-col gap-4">
          {details === null || !wide ?
            null :
            (
              <Card title="Tick" actions={<IconButton icon={X} label="Close the tick" size="sm" onClick={close} />}>
                {details}
              </Card>
            )}
          {aside}
        </div>
      </div>
      {wide ? null : <Drawer open={details !== null} onClose={close} title="Tick">{details}</Drawer>}
    </>
  )
}

const parentOf = (kind: Automation["kind"]) => kind === "schedule" ? "/schedules" as const : "/sensors" as const

const Heading = ({ kind, name }: Pick<Automation, "kind" | "name">) =>
  kind === "condition" ? nameOf(name) : (
    <>
      <Link to={parentOf(kind)} className="font-normal text-text-3 hover:text-accent-text">
        {kind === "schedule" ? "Schedules" : "Sensors"}
      </Link>
      <span className="font-normal text-text-3">{" / "}</span>
      <span title={name}>{name}</span>
    </>
  )

const isNotFound = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "NotFound"

/** The page of a schedule, a sensor, or the conditions of all assets. */
export const AutomationView = () => {
  const search = useSearch({ from: "/automation" })
  const navigate = useNavigate({ from: "/automation" })
  const { name, tick } = search
  const { data: automation, error, refetch } = useAutomation(name === "" ? undefined : name)
  const unknown = name === "" || (automation === undefined && isNotFound(error))
  // one that the definitions do not have any more is known by what it did
  const { error: noHistory, items: history } = useTicks(unknown && name !== "" ? { name } : undefined)
  const [trying, setTrying] = useState(false)
  const change: Change = (part) =>
    void navigate({
      // parameters that are undefined leave the address; the route reads the rest
      search: (before) => ({ ...before, ...part }) as AutomationSearch,
      replace: true
    })
  const tickNow = useTickNow(name, (tick) => {
    if (tick !== undefined) return change({ tick: tick.id })
    showToast({ tone: "info", title: "There was nothing to look at", detail: "No tick was recorded." })
  })
  const title = name === "" ? "Automation" : nameOf(name)

  if (name === "" || (automation === undefined && error !== undefined)) {
    const [last] = history ?? []
    if (last !== undefined && name !== conditionsName) {
      return (
        <Page fill title={title} heading={<Heading kind={last.kind} name={name} />}>
          <div className="min-h-0 flex-1 overflow-auto p-4 md:px-6">
            <p className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-text-2">
              <Badge tone="stale">removed</Badge>
              The definitions do not have it any more. This is what it did.
            </p>
            <WithTick search={search} change={change}>
              <Ticks automation={{ kind: last.kind, name, running: false }} search={search} change={change} />
            </WithTick>
          </div>
        </Page>
      )
    }
    return (
      <Page title={title}>
        {unknown && name !== "" && history === undefined && noHistory === undefined
          ? <Skeleton className="h-64 w-full" />
          : unknown && name === conditionsName
          ? <NoConditions />
          : unknown
          ? (
            <EmptyState
              title="There is no such automation"
              icon={SearchX}
              action={
                <span className="flex gap-2">
                  <Link to="/schedules" className={buttonClasses("primary")}>All schedules</Link>
                  <Link to="/sensors" className={buttonClasses()}>All sensors</Link>
                </span>
              }
            >
              {name === "" ? "The address names none." : <code className="font-mono break-all">{name}</code>}
            </EmptyState>
          )
          : <ErrorView error={error} retry={refetch} />}
      </Page>
    )
  }
  if (automation === undefined) {
    return (
      <Page title={title}>
        <Skeleton className="h-64 w-full" />
      </Page>
    )
  }

  const { kind } = automation
  return (
    <Page
      fill
      title={title}
      heading={<Heading kind={kind} name={name} />}
      actions={
        <>
          {kind === "condition" || kind === "streamSensor"
            ? null
            : <Button icon={FlaskConical} onClick={() => setTrying(true)}>Try out</Button>}
          {/* nobody can ask a stream: it tells when there is something */}
          {kind === "streamSensor"
            ? null
            : (
              <Button kind="primary" icon={Zap} busy={tickNow.busy} onClick={() => void tickNow.run()}>
                Tick now
              </Button>
            )}
        </>
      }
    >
      <DaemonBanner />
      <div className="min-h-0 flex-1 overflow-auto p-4 md:px-6">
        <div className="mb-4">
          <Header automation={automation} />
        </div>
        <WithTick
          search={search}
          change={change}
          aside={
            <>
              {kind === "schedule" ? <NextTicks name={name} running={automation.running} /> : null}
              {kind === "sensor" || kind === "streamSensor" || automation.cursor !== undefined
                ? <Cursor automation={automation} />
                : null}
              {kind === "condition" ? null : <Definition automation={automation} />}
            </>
          }
        >
          {automation.lastTick?.error === undefined || automation.lastTick.id === tick ?
            null :
            (
              <Card title="The last tick has failed">
                <FailureView failure={automation.lastTick.error} />
              </Card>
            )}
          {kind === "condition" ? <Conditions /> : null}
          <Ticks automation={automation} search={search} change={change} />
        </WithTick>
      </div>
      {trying ? <TryOut name={name} onClose={() => setTrying(false)} /> : null}
    </Page>
  )
}
