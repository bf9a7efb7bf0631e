import { useLocation } from "@tanstack/react-router"
import { ChevronRight, Play } from "lucide-react"
import { type ReactNode, useEffect, useMemo, useState } from "react"
import { type AssetNode, useAsset, useBackfillPlan, useGraph, useRunPlan, useSelection } from "../api/index.ts"
import { useExternal } from "../external.ts"
import { Badge, Button, Checkbox, Dialog, ErrorView, Select, Skeleton, TextField } from "../kit/index.ts"
import { ConfigForm, hasBadJson } from "./ConfigForm.tsx"
import { type FieldProblem, readProblem, readSchema, validate } from "./configSchema.ts"
import { launching } from "./launch.ts"
import { PartitionChoice } from "./PartitionChoice.tsx"
import { BackfillPlanView, PlanView } from "./PlanView.tsx"
import { type Choice, choiceOf, type LaunchOptions, planOfJob, plural, requestOf } from "./request.ts"
import { useStart } from "./useStart.tsx"

export { ConfigForm } from "./ConfigForm.tsx"
export { type LaunchOptions, useLaunch } from "./launch.ts"
export { MaterializeButton } from "./MaterializeButton.tsx"

/** `problems` of the API, by the name under which an asset is configured. */
const problemsOf = (error: unknown): ReadonlyMap<string, ReadonlyArray<FieldProblem>> => {
  const found = new Map<string, ReadonlyArray<FieldProblem>>()
  if (typeof error !== "object" || error === null || !("problems" in error) || !Array.isArray(error.problems)) {
    return found
  }
  for (const one of error.problems as ReadonlyArray<unknown>) {
    if (typeof one !== "object" || one === null || !("key" in one) || !("problem" in one)) continue
    if (typeof one.key !== "string" || typeof one.problem !== "string") continue
    found.set(one.key, [...found.get(one.key) ?? [], ...readProblem(one.problem)])
  }
  return found
}

const Section = ({ title, count, children, open: initially = true }: {
  readonly title: string
  readonly count?: ReactNode
  readonly children: ReactNode
  readonly open?: boolean
}) => {
  const [open, setOpen] = useState(initially)
  return (
    <section className="border-b border-border py-3 first:pt-0 last:border-0">
      <h3>
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex min-h-6 w-full items-center gap-1.5 text-left text-sm font-semibold"
        >
          <ChevronRight size={14} aria-hidden className={open ? "rotate-90 text-text-3" : "text-text-3"} />
          {title}
          {count === undefined ? null : <Badge>{count}</Badge>}
        </button>
      </h3>
      {open ? <div className="pt-2 pl-5">{children}</div> : null}
    </section>
  )
}

const AssetConfig = ({ assetKey, given, name, value, onChange, problems, open: initially, onValid }: {
  readonly assetKey: string
  readonly name: string
  readonly value: unknown
  /** What it is as long as nobody has changed it, and where that is from. */
  readonly given: { readonly value: unknown; readonly from: string }
  readonly onChange: (value: unknown) => void
  readonly problems: ReadonlyArray<FieldProblem>
  readonly open: boolean
  readonly onValid: (name: string, valid: boolean) => void
}) => {
  const [open, setOpen] = useState(initially)
  const shown = open || problems.length > 0
  const { data, error, refetch } = useAsset(shown || value !== undefined ? assetKey : undefined)
  const schema = data?.configSchema
  const needed = value === undefined && problems.length > 0
  const told = useMemo(() => {
    if (!needed || schema === undefined) return problems
    // the server looked for it elsewhere, and names other places
    const missing = validate(readSchema(schema), {}, true)
    return missing.length === 0 ? problems : missing
  }, [needed, problems, schema])
  const valid = useMemo(
    () =>
      value === undefined
      || (!hasBadJson(value) && (schema === undefined || validate(readSchema(schema), value, true).length === 0)),
    [schema, value]
  )
  useEffect(() => {
    onValid(name, valid)
    return () => onValid(name, true)
  }, [name, onValid, valid])
  return (
    <div className="rounded-md border border-border">
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setOpen(!open)}
        className="flex min-h-8 w-full items-center gap-2 px-2.5 text-left text-sm"
      >
        <ChevronRight size={14} aria-hidden className={shown ? "rotate-90 text-text-3" : "text-text-3"} />
        <span className="min-w-0 flex-1 truncate font-mono text-xs" title={name}>{name}</span>
        {needed
          ? <Badge tone="stale">needed</Badge>
          : problems.length > 0 || !valid
          ? <Badge tone="failed">not valid</Badge>
          : (
            <span className="text-xs text-text-3">
              {JSON.stringify(value) !== JSON.stringify(given.value)
                ? "changed"
                : value === undefined
                ? "defaults"
                : given.from}
            </span>
          )}
      </button>
      {!shown ? null : (
        <div className="border-t border-border p-3">
          {data === undefined
            ? error === undefined ? <Skeleton className="h-16 w-full" /> : <ErrorView error={error} retry={refetch} />
            : (
              <ConfigForm
                label={`Configuration of ${name}`}
                schema={schema}
                value={value}
                onChange={onChange}
                problems={told}
              />
            )}
        </div>
      )}
    </div>
  )
}

const titleOf = (options: LaunchOptions): string =>
  options.title
    ?? (options.checks === "only" ? "Run checks of " : "Materialize ")
      + (options.keys?.length === 1
        ? options.keys[0]!
        : options.keys === undefined
        ? options.select ?? "everything"
        : plural(options.keys.length, "asset"))

/** What is planned, as its assets: they decide whether there are partitions and configuration to choose. */
const usePlanned = (
  choice: Choice,
  planned: ReadonlyArray<string> | undefined
): { readonly partitioned: ReadonlyArray<AssetNode>; readonly configured: ReadonlyArray<AssetNode> } => {
  const { graph } = useGraph()
  return useMemo(() => {
    // what is upstream comes first: its partitions are chosen, and mappings lead to the others
    const places = (planned ?? choice.keys ?? []).flatMap((key) => graph?.index.get(key) ?? []).sort((a, b) => a - b)
    const nodes = places.flatMap((place) => graph?.assets[place] ?? [])
    const names = new Set<string>()
    return {
      partitioned: nodes.filter(({ external, partitioned }) => partitioned && !external),
      configured: nodes.filter((node) => {
        const name = node.multi ?? node.key
        if (!node.hasConfig || names.has(name)) return false
        names.add(name)
        return true
      })
    }
  }, [graph, planned, choice.keys])
}

const own = (config: Choice["config"], name: string): unknown => Object.hasOwn(config, name) ? config[name] : undefined

const Content = ({ options, close }: { readonly options: LaunchOptions; readonly close: () => void }) => {
  const [choice, setChoice] = useState(() => choiceOf(options))
  const [invalid, setInvalid] = useState<ReadonlySet<string>>(new Set())
  const starting = useStart({ go: true, quiet: true })
  const change = (part: Partial<Choice>) => {
    starting.reset()
    setChoice((before) => ({ ...before, ...part }))
  }

  // which assets there are is planned without partitions and configuration: both depend on it
  const { job, ...withoutJob } = choice
  const scope = requestOf({ ...withoutJob, config: {}, tags: "", concurrency: "", retries: "" }, false).request.request
  const scoped = useSelected(scope)
  const { configured, partitioned } = usePlanned(choice, scoped)
  const { problems, request } = requestOf(choice, partitioned.length > 0)
  const broken = Object.keys(problems).length > 0

  // what is half typed has no part in the plan
  const config = Object.fromEntries(Object.entries(request.request.config ?? {}).filter(([name]) => !invalid.has(name)))
  const jobPlan = job === undefined ? undefined : planOfJob(choice, partitioned.length > 0)
  const asked = useDebounced(JSON.stringify({
    tag: request._tag,
    request: {
      ...request._tag === "Job" ? jobPlan : request.request,
      config,
      tags: undefined,
      concurrency: undefined
    }
  }))
  const toPlan = useMemo(() => JSON.parse(asked) as { tag: string; request: object }, [asked])
  const ready = scoped !== undefined && problems.partitions === undefined
  const planned = toPlan.tag === "Run" || (toPlan.tag === "Job" && jobPlan !== undefined)
  const runPlan = useRunPlan(ready && planned ? toPlan.request : undefined)
  const backfillPlan = useBackfillPlan(ready && toPlan.tag === "Backfill" ? toPlan.request : undefined)
  const plan = toPlan.tag === "Backfill" ? backfillPlan : runPlan
  const empty = plan.data !== undefined
    && ("steps" in plan.data ? plan.data.steps.length === 0 : plan.data.runCount === 0)

  const named = (told: ReadonlyMap<string, unknown>) => configured.some((node) => told.has(node.multi ?? node.key))
  const toldByStart = problemsOf(starting.error)
  const toldByPlan = problemsOf(plan.error)
  const told = named(toldByStart) ? toldByStart : toldByPlan
  const atAssets = named(toldByStart)
  const needsConfig = plan.error !== undefined && named(toldByPlan)
  const onValid = useMemo(() => (name: string, valid: boolean) =>
    setInvalid((before) => {
      if (before.has(name) !== valid) return before
      const after = new Set(before)
      if (valid) after.delete(name)
      else after.add(name)
      return after
    }), [])

  const { partitions: which, ...others } = problems
  const reason = broken
    ? which !== undefined && Object.keys(others).length === 0 ? which : "Something above is not valid"
    : invalid.size > 0
    ? "The configuration is not valid"
    : needsConfig
    ? "Configuration is needed"
    : plan.error !== undefined
    ? "This cannot be run as it is"
    : empty
    ? "There is nothing to run"
    : undefined
  const submit = async (go: boolean) => {
    if (reason !== undefined || starting.busy) return
    if (await starting.start(request, go) !== undefined) close()
  }

  const stepCount = plan.data !== undefined && "steps" in plan.data ? plan.data.steps.length : undefined
  const runCount = plan.data !== undefined && "runCount" in plan.data ? plan.data.runCount : undefined

  return (
    <Dialog
      open
      size="lg"
      onClose={close}
      title={titleOf(options)}
      description={choice.keys === undefined && choice.select !== undefined && options.title !== undefined
        ? choice.select
        : undefined}
      footer={
        <>
          <p className="mr-auto text-xs text-text-3" role="status">
            {reason ?? "⌘/Ctrl + Enter launches and stays here"}
          </p>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            icon={Play}
            busy={starting.busy}
            disabled={reason !== undefined}
            onClick={() => void submit(true)}
          >
            {request._tag === "Backfill"
              ? `Launch backfill${runCount === undefined ? "" : ` · ${plural(runCount, "run")}`}`
              : `Launch${stepCount === undefined ? "" : ` · ${plural(stepCount, "step")}`}`}
          </Button>
        </>
      }
    >
      <div
        className="grid gap-x-6 gap-y-4 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]"
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
            event.preventDefault()
            void submit(false)
          }
        }}
      >
        <div className="min-w-0">
          {starting.error === undefined || atAssets ? null : (
            <div className="-mx-4 -mt-4">
              <ErrorView error={starting.error} />
            </div>
          )}
          <Section title="What to run">
            {job !== undefined ? null : (
              <Checkbox
                label="With everything upstream"
                hint="Also computes what it is made of, instead of loading it from storage."
                checked={choice.withUpstream}
                onChange={(withUpstream) => change({ withUpstream })}
              />
            )}
            <Checkbox
              label="Only what is stale or missing"
              hint="What is up to date is left as it is."
              checked={choice.onlyStale}
              onChange={(onlyStale) => change({ onlyStale })}
            />
          </Section>
          {partitioned.length === 0 ? null : (
            <Section title="Partitions">
              <PartitionChoice
                assetKey={partitioned[0]!.key}
                others={partitioned.length - 1}
                choice={choice}
                onChange={change}
                problem={problems.partitions}
              />
            </Section>
          )}
          {configured.length === 0 ? null : (
            <Section title="Configuration" count={configured.length}>
              <div className="flex flex-col gap-2">
                {configured.slice(0, 100).map((node) => {
                  const name = node.multi ?? node.key
                  return (
                    <AssetConfig
                      key={name}
                      assetKey={node.key}
                      name={name}
                      value={own(choice.config, name)}
                      given={{
                        value: own(options.config ?? {}, name),
                        from: job === undefined ? "as that run had it" : "as the job says"
                      }}
                      open={configured.length <= 3}
                      problems={told.get(name) ?? []}
                      onValid={onValid}
                      onChange={(value) =>
                        change({
                          config: Object.fromEntries([
                            ...Object.entries(choice.config).filter(([key]) => key !== name),
                            ...value === undefined ? [] : [[name, value] as const]
                          ])
                        })}
                    />
                  )
                })}
                {configured.length <= 100 ?
                  null :
                  (
                    <p className="text-xs text-text-3">
                      {configured.length - 100} more take configuration: select fewer assets to give it.
                    </p>
                  )}
              </div>
            </Section>
          )}
          <Section title="More" open={choice.tags !== "" || choice.checks !== "selected"}>
            <div className="grid gap-3 sm:grid-cols-2">
              <Select
                label="Checks"
                value={choice.checks}
                onChange={(checks) => change({ checks })}
                options={[
                  { value: "selected", label: job === undefined ? "Of what is computed" : "As the job says" },
                  { value: "none", label: "None" },
                  { value: "only", label: "Only checks, compute nothing" }
                ]}
              />
              <TextField
                label="Tags"
                placeholder="reason=late data, team=web"
                value={choice.tags}
                error={problems.tags}
                onChange={(tags) => change({ tags })}
              />
              <TextField
                label="At once"
                hint="How many assets are computed at once."
                placeholder="as it is configured"
                inputMode="numeric"
                value={choice.concurrency}
                error={problems.concurrency}
                onChange={(concurrency) => change({ concurrency })}
              />
              {request._tag === "Backfill" ? null : (
                <TextField
                  label="Retries"
                  hint="How often an asset that fails is tried again."
                  placeholder="as it is configured"
                  inputMode="numeric"
                  value={choice.retries}
                  error={problems.retries}
                  onChange={(retries) => change({ retries })}
                />
              )}
            </div>
          </Section>
        </div>
        <section className="flex min-w-0 flex-col gap-2 self-start md:sticky md:top-0" aria-label="What will run">
          <h3 className="flex min-h-6 items-center gap-2 text-sm font-semibold">
            What will run
            {plan.loading ? <span className="text-xs font-normal text-text-3">planning…</span> : null}
          </h3>
          {needsConfig
            ? (
              <p className="rounded-md border border-stale bg-stale-soft px-3 py-2 text-sm text-stale-text">
                {[...toldByPlan.keys()].slice(0, 5).join(", ")} {toldByPlan.size === 1 ? "needs" : "need"}{" "}
                configuration first: fill in what is marked.
              </p>
            )
            : plan.error !== undefined
            ? (
              <div className="-mx-4">
                <ErrorView error={plan.error} retry={plan.refetch} />
              </div>
            )
            : toPlan.tag === "Job" && jobPlan === undefined
            ? <p className="text-sm text-text-2">The job says which partitions: {job?.partitions}.</p>
            : plan.data === undefined
            ? ready
              ? <Skeleton className="h-40 w-full" />
              : <p className="text-sm text-text-3">{problems.partitions}</p>
            : "steps" in plan.data
            ? <PlanView plan={plan.data} />
            : <BackfillPlanView plan={plan.data} />}
        </section>
      </div>
    </Dialog>
  )
}

/** The keys that are selected, with what is added to them; `undefined` until that is known. */
const useSelected = (
  request: { readonly keys?: ReadonlyArray<string> | undefined; readonly select?: string | undefined }
): ReadonlyArray<string> | undefined => {
  const { data, error } = useSelection(request.keys === undefined ? request.select ?? "*" : undefined)
  // the plan tells what is wrong with a selection
  return request.keys ?? data?.keys ?? (error === undefined ? undefined : none)
}

const none: ReadonlyArray<string> = []

const useDebounced = (text: string): string => {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    if (settled === text) return
    const timer = setTimeout(() => setSettled(text), 250)
    return () => clearTimeout(timer)
  }, [settled, text])
  return settled
}

/** The dialog, wherever it was opened from. The shell has one. */
export const LaunchDialog = () => {
  const open = useExternal(launching)
  const { pathname } = useLocation()
  // whoever goes to another page, by the browser's own buttons say, leaves it
  useEffect(() => () => launching.set(undefined), [pathname])
  return open === undefined
    ? null
    : <Content key={open.id} options={open.options} close={() => launching.set(undefined)} />
}
