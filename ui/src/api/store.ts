import { external } from "../external.ts"
import { call } from "./client.ts"
import type { Api } from "./contract.ts"
import { type GroupNode, groupTree } from "./groups.ts"
import { invalidate } from "./query.ts"

/** What is loaded on the server. */
export type Deployment = Api.Model.Deployment
/** The definition of an asset, as lists and graphs show it. */
export type AssetNode = Api.Model.AssetNode
/** The state of an asset. */
export type AssetStatus = Api.Model.AssetStatus
/** A run of a list. */
export type RunSummary = Api.Model.RunSummary

/** The graph of the deployment, with what is looked up often. */
export interface Graph {
  readonly generation: number
  /** In topological order. */
  readonly assets: ReadonlyArray<AssetNode>
  readonly edges: Api.Model.GraphModel["edges"]
  /** The place of a key in `assets`. */
  readonly index: ReadonlyMap<string, number>
  /** The places of the assets that are directly before and after, by place. */
  readonly parents: ReadonlyArray<ReadonlyArray<number>>
  readonly children: ReadonlyArray<ReadonlyArray<number>>
  readonly groups: ReadonlyArray<GroupNode>
}

/** How the connection that changes come over stands. */
export interface Connection {
  readonly status: "connecting" | "connected" | "reconnecting" | "disconnected"
  /** How often it was tried in vain since it last stood. */
  readonly attempt: number
}

/** What is loaded on the server; `undefined` until it has told. */
export const deployment = external<Deployment | undefined>(undefined)
/** The graph; `undefined` until it is read. */
export const graph = external<Graph | undefined>(undefined)
/** Why the graph could not be read. */
export const graphError = external<unknown>(undefined)
/** The states of assets by key: a new map for each change. */
export const statuses = external<ReadonlyMap<string, AssetStatus>>(new Map())
/** `true` once the states of all assets were read. */
export const statusesLoaded = external(false)
/** The runs that have not ended, by id. */
export const runningRuns = external<ReadonlyMap<string, RunSummary>>(new Map())
/** How the connection stands. */
export const connection = external<Connection>({ status: "connecting", attempt: 0 })

/** A graph of the API with what is looked up often. */
export const toGraph = (model: Api.Model.GraphModel): Graph => {
  const parents: Array<Array<number>> = model.assets.map(() => [])
  const children: Array<Array<number>> = model.assets.map(() => [])
  for (const [from, to] of model.edges) {
    parents[to]?.push(from)
    children[from]?.push(to)
  }
  const counts = new Map<string, number>()
  for (const { group } of model.assets) if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1)
  return {
    generation: model.generation,
    assets: model.assets,
    edges: model.edges,
    index: new Map(model.assets.map(({ key }, index) => [key, index])),
    parents,
    children,
    groups: groupTree([...counts].map(([name, assets]) => ({ name, assets })))
  }
}

let graphLoads = 0

/** Reads the graph. The newest call wins. */
export const loadGraph = async (): Promise<void> => {
  const load = ++graphLoads
  try {
    const model = await call((client) => client.deployment.graph())
    if (load !== graphLoads) return
    graph.set(toGraph(model))
    graphError.set(undefined)
  } catch (error) {
    if (load === graphLoads) graphError.set(() => error)
  }
}

let statusLoads = 0
/** States that were pushed while all states are being read: they are newer than what is read. */
let pushed: Map<string, AssetStatus> | undefined

/** Reads the states of all assets, 5,000 at a time. The newest call wins. */
export const loadStatuses = async (): Promise<void> => {
  const load = ++statusLoads
  const newer = new Map<string, AssetStatus>()
  pushed = newer
  const all = new Map<string, AssetStatus>()
  try {
    let after: number | undefined
    do {
      const page = await call((client) => client.assets.list({ query: { after, limit: 5000 } }))
      if (load !== statusLoads) return
      for (const { key, status } of page.items) all.set(key, status)
      after = page.next
      // the first ones are worth showing before the last ones are there
      if (!statusesLoaded.get()) statuses.set(new Map([...all, ...newer]))
    } while (after !== undefined)
    statuses.set(new Map([...all, ...newer]))
    statusesLoaded.set(true)
  } catch {
    // whoever connects again reads them again
  } finally {
    if (load === statusLoads) pushed = undefined
  }
}

/** Reads the runs that have not ended. */
const loadRunning = async (): Promise<void> => {
  try {
    const page = await call((client) => client.runs.list({ query: { status: "Running", limit: 1000 } }))
    runningRuns.set(new Map(page.items.map((run) => [run.id, run])))
  } catch {
    // whoever connects again reads them again
  }
}

const setDeployment = (next: Deployment): void => {
  const before = deployment.get()
  deployment.set(next)
  if (before === undefined) return
  if (before.instance === next.instance && before.generation === next.generation) return
  void loadGraph()
  void loadStatuses()
  invalidate("*")
}

/** Takes changes that were pushed into the store, and makes what was read before stale where they touch it. */
export const applyChanges = (changes: ReadonlyArray<Api.Model.Change>): void => {
  const changed = new Map<string, AssetStatus>()
  const tags = new Set<string>()
  const runs = new Map<string, RunSummary>()
  for (const change of changes) {
    switch (change._tag) {
      case "Hello":
      case "DefinitionsChanged":
        setDeployment(change.deployment)
        break
      case "StatusChanged":
        for (const status of change.statuses) changed.set(status.key, status)
        break
      case "RunsChanged":
        for (const run of change.runs) runs.set(run.id, run)
        break
      case "AutomationChanged":
        tags.add("automations")
        for (const name of change.names) tags.add(`automation:${name}`)
        break
      case "QueueChanged":
        tags.add("queue")
    }
  }
  if (changed.size > 0) {
    for (const [key, status] of changed) pushed?.set(key, status)
    statuses.set((before) => new Map([...before, ...changed]))
    invalidate("assets", ...[...changed.keys()].map((key) => `asset:${key}`))
  }
  if (runs.size > 0) {
    runningRuns.set((before) => {
      const after = new Map(before)
      for (const [id, run] of runs) {
        if (run.status === "Running") after.set(id, run)
        else after.delete(id)
      }
      return after
    })
    invalidate("runs", "jobs", "backfills", ...[...runs.keys()].map((id) => `run:${id}`))
  }
  if (tags.size > 0) invalidate(...tags)
}

/** Where the log was when the states of assets were first read, before there was a connection. */
let firstRead: Deployment | undefined

/** Reads everything without waiting for the connection, which a proxy may refuse. */
export const loadFirst = async (): Promise<void> => {
  try {
    const found = await call((client) => client.deployment.get())
    if (deployment.get() !== undefined) return
    firstRead = found
    deployment.set(found)
    loadAll()
  } catch {
    // the connection is tried again and again, and reads everything when it stands
  }
}

/** Whether what was read first is all that there was when the connection began. */
export const isAsFirstRead = (now: Deployment): boolean =>
  firstRead?.instance === now.instance && firstRead.generation === now.generation && firstRead.cursor === now.cursor

/** Reads everything that is followed: at the beginning, and after a connection that was lost. */
export const loadAll = (): void => {
  void loadGraph()
  void loadStatuses()
  void loadRunning()
}
