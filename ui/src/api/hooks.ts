import { useExternal } from "../external.ts"
import type { Api } from "./contract.ts"
import {
  definePages,
  defineQuery,
  type Mutation,
  type PagesResult,
  type QueryResult,
  useMutation,
  usePages,
  useQuery
} from "./query.ts"
import {
  applyChanges,
  type AssetStatus,
  type Connection,
  connection,
  type Deployment,
  deployment,
  type Graph,
  graph,
  graphError,
  loadGraph,
  runningRuns,
  type RunSummary,
  statuses,
  statusesLoaded
} from "./store.ts"

type RunFilter = Omit<Api.Model.RunFilter, "before" | "limit">

/** What is loaded on the server; `undefined` until it has told. */
export const useDeployment = (): Deployment | undefined => useExternal(deployment)

/** The graph of the deployment, and why it could not be read. */
export const useGraph = (): {
  readonly graph: Graph | undefined
  readonly error: unknown
  readonly refetch: () => void
} => ({ graph: useExternal(graph), error: useExternal(graphError), refetch: () => void loadGraph() })

/** The state of an asset; `undefined` until it is read. */
export const useStatus = (key: string): AssetStatus | undefined => useExternal(statuses, (all) => all.get(key))

/** The states of all assets by key: a new map for each change. */
export const useStatuses = (): ReadonlyMap<string, AssetStatus> => useExternal(statuses)

/** `true` once the states of all assets were read. */
export const useStatusesLoaded = (): boolean => useExternal(statusesLoaded)

/** The runs that have not ended, by id. */
export const useRunningRuns = (): ReadonlyMap<string, RunSummary> => useExternal(runningRuns)

/** How the connection that changes come over stands. */
export const useConnection = (): Connection => useExternal(connection)

/** Loads definitions anew. */
export const useReload = (onSuccess?: () => void): Mutation<void, Deployment> =>
  useMutation((client) => client.deployment.reload(), {
    onSuccess: (deployment) => {
      applyChanges([{ _tag: "DefinitionsChanged", deployment }])
      if (deployment.loadError === undefined) onSuccess?.()
    }
  })

const ofAsset = ({ key }: { readonly key: string }) => [`asset:${key}`]

const assetQuery = defineQuery(
  "asset",
  (client, query: { readonly key: string }) => client.assets.get({ query }),
  ofAsset
)

/** Everything about an asset but its history. */
export const useAsset = (key: string | undefined): QueryResult<Api.Model.AssetDetail> =>
  useQuery(assetQuery, key === undefined ? undefined : { key })

interface HistoryParams {
  readonly key: string
  readonly partition?: string | undefined
  /** Materializations and observations only. */
  readonly materialized?: boolean | undefined
}

const historyQuery = definePages(
  "asset/history",
  (client, params: HistoryParams, before) => client.assets.history({ query: { ...params, before, limit: 100 } }),
  ofAsset,
  (event: Api.Model.AssetEvent) => String(event.cursor)
)

/** What was recorded of an asset, the newest first. */
export const useAssetHistory = (params: HistoryParams | undefined): PagesResult<Api.Model.AssetEvent> =>
  usePages(historyQuery, params)

const seriesQuery = defineQuery(
  "asset/series",
  (client, query: { readonly key: string; readonly partition?: string | undefined; readonly limit?: number }) =>
    client.assets.series({ query }),
  ofAsset
)

/** The numbers in an asset's metadata over time. */
export const useAssetSeries = (
  params: { readonly key: string; readonly partition?: string | undefined; readonly limit?: number } | undefined
): QueryResult<Api.Model.Series> => useQuery(seriesQuery, params)

const partitionsQuery = defineQuery(
  "asset/partitions",
  (client, query: { readonly key: string }) => client.assets.partitions({ query }),
  ofAsset
)

/** The partitions of an asset as stretches of one state each. */
export const useAssetPartitions = (key: string | undefined): QueryResult<Api.Model.PartitionsModel> =>
  useQuery(partitionsQuery, key === undefined ? undefined : { key })

interface PartitionListParams {
  readonly key: string
  readonly state?: Api.Model.PartitionState | undefined
  readonly search?: string | undefined
  readonly order?: "ascending" | "descending" | undefined
}

const partitionListQuery = definePages(
  "asset/partitions/list",
  (client, params: PartitionListParams, after) =>
    client.assets.partitionList({ query: { ...params, after, limit: 200 } }),
  ofAsset
)

/** The partitions of an asset, one by one. */
export const useAssetPartitionList = (
  params: PartitionListParams | undefined
): PagesResult<Api.Model.PartitionModel> => usePages(partitionListQuery, params)

const checksQuery = definePages(
  "asset/checks",
  (client, { key }: { readonly key: string }, after) => client.assets.checks({ query: { key, after, limit: 200 } }),
  ofAsset
)

/** The checks of an asset. */
export const useAssetChecks = (key: string | undefined): PagesResult<Api.Model.CheckModel> =>
  usePages(checksQuery, key === undefined ? undefined : { key })

interface ValueParams {
  readonly key: string
  readonly partition?: string | undefined
  readonly maxLength?: number | undefined
}

const valueQuery = defineQuery(
  "asset/value",
  (client, query: ValueParams) => client.assets.value({ query }),
  ofAsset
)

/** The stored value of an asset as text. */
export const useAssetValue = (params: ValueParams | undefined): QueryResult<Api.Model.StoredValue> =>
  useQuery(valueQuery, params)

const selectionQuery = defineQuery(
  "selection",
  (client, query: { readonly select: string }) => client.deployment.selection({ query }),
  () => ["definitions"]
)

/** The keys that a selection expression selects; its problem if it cannot be read. */
export const useSelection = (select: string | undefined): QueryResult<Api.Model.Selected> =>
  useQuery(selectionQuery, select === undefined || select.trim() === "" ? undefined : { select })

const runsQuery = definePages(
  "runs",
  (client, filter: RunFilter, before) => client.runs.list({ query: { ...filter, before, limit: 50 } }),
  () => ["runs"],
  (run: RunSummary) => run.id
)

/** Runs, the newest first. */
export const useRuns = (filter: RunFilter | undefined): PagesResult<RunSummary> => usePages(runsQuery, filter)

const runQuery = defineQuery(
  "run",
  (client, params: { readonly id: string }) => client.runs.get({ params }),
  ({ id }) => [`run:${id}`]
)

/** A run: what it is to do, and how it stands. */
export const useRun = (id: string | undefined): QueryResult<Api.Model.RunDetail> =>
  useQuery(runQuery, id === undefined ? undefined : { id })

const planQuery = defineQuery(
  "runs/plan",
  (client, payload: Api.Model.RunRequest) => client.runs.plan({ payload }),
  () => ["assets", "runs"]
)

/** What a run would do; its problem if it is not possible. */
export const useRunPlan = (request: Api.Model.RunRequest | undefined): QueryResult<Api.Model.RunPlan> =>
  useQuery(planQuery, request)

const backfillPlanQuery = defineQuery(
  "backfills/plan",
  (client, payload: Api.Model.BackfillRequest) => client.runs.planBackfill({ payload }),
  () => ["assets", "runs"]
)

/** What a backfill would do; its problem if it is not possible. */
export const useBackfillPlan = (request: Api.Model.BackfillRequest | undefined): QueryResult<Api.Model.BackfillPlan> =>
  useQuery(backfillPlanQuery, request)
