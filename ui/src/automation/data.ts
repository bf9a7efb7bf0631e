/** What pages know of automation: hooks that read and follow it, and ways to change it. */
import { useEffect } from "react"
import type { Api } from "../api/contract.ts"
import {
  definePages,
  defineQuery,
  type Mutation,
  type PagesResult,
  type QueryResult,
  useMutation,
  usePages,
  useQuery
} from "../api/query.ts"
import { conditionsName } from "../api/words.ts"
import { showToast } from "../kit/Toasts.tsx"

/** A schedule, a sensor, or the conditions of all assets together. */
export type Automation = Api.AutomationModel.AutomationSummary
export type Tick = Api.AutomationModel.TickModel
export type TickStatus = Api.AutomationModel.TickStatus
export type Evaluation = Api.AutomationModel.EvaluationModel
export type ExplanationNode = Api.AutomationModel.ExplanationNode
export type Job = Api.AutomationModel.JobModel
export type Queued = Api.AutomationModel.QueuedModel
export type QueueStatus = Api.AutomationModel.QueueStatus
export type Backfill = Api.AutomationModel.BackfillSummary
export type Preview = Api.AutomationModel.SchedulePreview
export type Daemon = Api.AutomationModel.DaemonModel

const ofAutomation = ({ name }: { readonly name: string }) => [`automation:${name}`]

const listQuery = defineQuery(
  "automations",
  (client, query: { readonly kind?: "schedule" | "sensors" }) => client.automation.list({ query }),
  () => ["automations"]
)

/** Schedules or sensors, in the order of the definitions; all automations without a kind. */
export const useAutomations = (kind?: "schedule" | "sensors"): QueryResult<ReadonlyArray<Automation>> =>
  useQuery(listQuery, kind === undefined ? {} : { kind })

const automationQuery = defineQuery(
  "automation",
  (client, query: { readonly name: string }) => client.automation.get({ query }),
  ofAutomation
)

export const useAutomation = (name: string | undefined): QueryResult<Automation> =>
  useQuery(automationQuery, name === undefined ? undefined : { name })

interface TicksParams {
  readonly name: string
  readonly status?: TickStatus | undefined
}

const ticksQuery = definePages(
  "automation/ticks",
  (client, params: TicksParams, before) => client.automation.ticks({ query: { ...params, before, limit: 100 } }),
  // also where their requests are
  ({ name }) => [`automation:${name}`, "queue"],
  (tick: Tick) => tick.id
)

/** The ticks of an automation, the newest first. */
export const useTicks = (params: TicksParams | undefined): PagesResult<Tick> => usePages(ticksQuery, params)

const lastTicksQuery = defineQuery(
  "automation/ticks/last",
  (client, { limit, name }: { readonly name: string; readonly limit: number }) =>
    client.automation.ticks({ query: { name, limit } }),
  ofAutomation
)

/** The newest ticks of an automation, so many of them. */
export const useLastTicks = (name: string, limit: number): QueryResult<Api.Model.Page<Tick>> =>
  useQuery(lastTicksQuery, { name, limit })

const tickQuery = defineQuery(
  "automation/tick",
  (client, params: { readonly id: string; readonly name: string }) =>
    client.automation.getTick({ params: { id: params.id } }),
  ({ name }) => [`automation:${name}`, "queue", "runs"]
)

/** One tick, with where its requests are now. */
export const useTick = (name: string, id: string | undefined): QueryResult<Tick> =>
  useQuery(tickQuery, id === undefined ? undefined : { name, id })

const previewQuery = defineQuery(
  "automation/preview",
  (client, query: { readonly name: string; readonly count: number }) => client.automation.preview({ query }),
  ofAutomation
)

/** When a schedule ticks next. */
export const usePreview = (
  name: string | undefined,
  count: number
): QueryResult<Preview> => useQuery(previewQuery, name === undefined ? undefined : { name, count })

interface EvaluationsParams {
  readonly key?: string | undefined
  readonly tickId?: string | undefined
}

const evaluationsQuery = definePages(
  "automation/evaluations",
  (client, params: EvaluationsParams, before) =>
    client.automation.evaluations({ query: { ...params, before, limit: 30 } }),
  () => [`automation:${conditionsName}`],
  (evaluation: Evaluation) => `${evaluation.seq} ${evaluation.key}`
)

/** What evaluations of a condition came to, the newest first. */
export const useEvaluations = (params: EvaluationsParams | undefined): PagesResult<Evaluation> =>
  usePages(evaluationsQuery, params)

const conditionsQuery = definePages(
  "automation/conditions",
  (client, { search }: { readonly search?: string | undefined }, after) =>
    client.automation.conditions({ query: { search, after, limit: 200 } }),
  () => [`automation:${conditionsName}`]
)

/** The conditions of assets, checks and jobs. */
export const useConditions = (
  params: { readonly search?: string | undefined }
): PagesResult<Api.AutomationModel.ConditionModel> => usePages(conditionsQuery, params)

const jobsQuery = defineQuery("jobs", (client, _: object) => client.automation.jobs(), () => ["jobs", "automations"])

export const useJobs = (): QueryResult<ReadonlyArray<Job>> => useQuery(jobsQuery, {})

const jobQuery = defineQuery(
  "job",
  (client, query: { readonly name: string }) => client.automation.job({ query }),
  () => ["jobs", "automations"]
)

export const useJob = (name: string | undefined): QueryResult<Job> =>
  useQuery(jobQuery, name === undefined ? undefined : { name })

const queueQuery = definePages(
  "queue",
  (client, { status }: { readonly status?: QueueStatus | "All" | undefined }, after) =>
    client.automation.queue({ query: { status, after, limit: 100 } }),
  () => ["queue"]
)

/** Requested runs: those that wait, in the order in which they are launched, or those of a status. */
export const useQueue = (status: QueueStatus | "All" | undefined): PagesResult<Queued> =>
  usePages(queueQuery, { status })

const backfillsQuery = definePages(
  "backfills",
  (client, _: object, before) => client.runs.backfills({ query: { before, limit: 50 } }),
  () => ["backfills", "runs"],
  (backfill: Backfill) => backfill.id
)

const runningMillis = 2000

/** Asks again and again while something goes on whose end nobody tells. */
const useAgain = (on: boolean, refetch: () => void): void =>
  useEffect(() => {
    if (!on) return
    const timer = setInterval(() => document.visibilityState === "visible" && refetch(), runningMillis)
    return () => clearInterval(timer)
  }, [on, refetch])

/** Backfills, the newest first. */
export const useBackfills = (): PagesResult<Backfill> => {
  const result = usePages(backfillsQuery, {})
  useAgain(result.items?.some(({ status }) => status === "Running") === true, result.refetch)
  return result
}

const backfillQuery = defineQuery(
  "backfill",
  (client, params: { readonly id: string }) => client.runs.getBackfill({ params }),
  () => ["backfills", "runs"]
)

export const useBackfill = (id: string | undefined): QueryResult<Api.Model.BackfillDetail> => {
  const result = useQuery(backfillQuery, id === undefined ? undefined : { id })
  useAgain(result.data?.status === "Running", result.refetch)
  return result
}

const daemonQuery = defineQuery(
  "daemon",
  (client, _: object) => client.automation.daemon(),
  () => ["automations", "queue"]
)

const daemonMillis = 10_000

/** Whether a daemon runs. One that dies tells nobody, so it is asked again and again. */
export const useDaemon = (): Daemon | undefined => {
  const { data, refetch } = useQuery(daemonQuery, {})
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && refetch(), daemonMillis)
    return () => clearInterval(timer)
  }, [refetch])
  return data
}

const changed = (name: string): ReadonlyArray<string> => ["automations", `automation:${name}`]

/** Starts or stops an automation. */
export const useSwitch = (name: string): Mutation<boolean, Automation> =>
  useMutation(
    (client, on: boolean) =>
      on ? client.automation.start({ payload: { name } }) : client.automation.stop({ payload: { name } }),
    { invalidates: () => changed(name) }
  )

/** Sets where a sensor is; `null` for nowhere. Who asks for it shows what goes wrong. */
export const useSetCursor = (name: string, onSuccess?: () => void): Mutation<string | null, Automation> =>
  useMutation(
    (client, cursor: string | null) => client.automation.cursor({ payload: { name, cursor } }),
    {
      quiet: true,
      invalidates: () => changed(name),
      onSuccess: (_, cursor) => {
        showToast({ tone: "success", title: cursor === null ? "The cursor is cleared" : "The cursor is set" })
        onSuccess?.()
      }
    }
  )

/** Evaluates an automation now. */
export const useTickNow = (
  name: string,
  onTick: (tick: Tick | undefined) => void
): Mutation<void, { readonly tick?: Tick | undefined }> =>
  useMutation(
    (client) => client.automation.tick({ payload: { name } }),
    {
      invalidates: () => [...changed(name), "queue", "jobs"],
      onSuccess: ({ tick }) => onTick(tick)
    }
  )

/** Takes a run out of the queue. Who asks for it shows what goes wrong. */
export const useCancelQueued = (onSuccess: () => void): Mutation<string, Queued> =>
  useMutation((client, id: string) => client.automation.cancelQueued({ payload: { id } }), {
    quiet: true,
    invalidates: () => ["queue", "automations", "runs"],
    onSuccess
  })

/** Cancels a backfill. */
export const useCancelBackfill = (): Mutation<string, { readonly backfillId: string }> =>
  useMutation((client, id: string) => client.runs.cancelBackfill({ params: { id } }), {
    invalidates: () => ["backfills", "runs"]
  })
