/**
 * What a run was to compute and did not.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as EventLog from "../EventLog.ts"
import * as Graph from "../Graph.ts"
import * as Partitions from "../Partitions.ts"
import * as Subset from "./subset.ts"

/** @internal */
export interface Left {
  readonly keys: ReadonlyArray<string>
  readonly targets: ReadonlyMap<string, Partitions.Serialized>
}

/**
 * Everything of a run but what it has materialized, as far as that is in the graph and no blocking check of it failed.
 *
 * @internal
 */
export const left = Effect.fnUntraced(function*(
  graph: Graph.Any,
  runId: string
): Effect.fn.Return<Left | undefined, EventLog.EventLogError | Partitions.DynamicKeysError, EventLog.EventLog> {
  const log = yield* EventLog.EventLog
  const [run] = yield* log.runs({ ids: [runId] })
  if (run === undefined) return undefined
  const tags = ["AssetMaterialized", "CheckEvaluated"] as const
  const { ids, assets } = Graph.compiled(graph)
  const done = new Map<string, Array<EventLog.AssetMaterialized>>()
  const refused: Array<EventLog.CheckEvaluated> = []
  yield* Stream.runForEach(log.events({ runId, tags }), (event) =>
    Effect.sync(() => {
      if (event._tag === "AssetMaterialized") {
        const known = done.get(event.key)
        if (known === undefined) done.set(event.key, [event])
        else known.push(event)
      } else if (event._tag === "CheckEvaluated" && refuses(event)) refused.push(event)
    }))
  const keys: Array<string> = []
  const targets = new Map<string, Partitions.Serialized>()
  for (const key of run.keys) {
    const id = ids.get(key)
    if (id === undefined) continue
    const { partitions } = assets[id]!
    const planned = run.partitions?.[key]
    const bad = refused.filter((check) => check.key === key)
    if (partitions === undefined || planned === undefined) {
      if (done.has(key) && bad.length === 0) continue
      keys.push(key)
      continue
    }
    // a graph with dynamic partitions has the service that knows their keys in its type
    const resolved = yield* Partitions.resolve(partitions) as Effect.Effect<
      Partitions.Resolved,
      Partitions.DynamicKeysError
    >
    const read = (events: ReadonlyArray<{ readonly partitions?: Partitions.Serialized | undefined }>) =>
      Subset.unionAll(
        resolved.dimensions.length,
        events.flatMap(({ partitions }) =>
          partitions === undefined ? [] : [Subset.deserialize(resolved, partitions).subset]
        )
      )
    const succeeded = Subset.difference(read(done.get(key) ?? []), read(bad))
    const rest = Subset.difference(Subset.deserialize(resolved, planned).subset, succeeded)
    if (rest.size === 0) continue
    keys.push(key)
    targets.set(key, Subset.serialize(resolved, rest))
  }
  return keys.length === 0 ? undefined : { keys, targets }
})

const refuses = ({ blocking, severity, status }: EventLog.CheckEvaluated): boolean =>
  status === "Errored" || (status === "Failed" && blocking && severity === "error")
