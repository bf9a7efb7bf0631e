/**
 * The operations of a deployment, put together.
 */
import * as Effect from "effect/Effect"
import * as Graph from "../../Graph.ts"
import { newId } from "../../internal/ids.ts"
import * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import type { Service } from "../Operations.ts"
import { assetOperations } from "./operationsAssets.ts"
import { automationOperations } from "./operationsAutomation.ts"
import { makeChanges } from "./operationsChanges.ts"
import { Env, newestCursor, provideAll } from "./operationsEnv.ts"
import { followOperations } from "./operationsFollow.ts"
import { knownOf } from "./operationsGraph.ts"
import { liveRunsOf } from "./operationsLive.ts"
import { partitionOperations } from "./operationsPartitions.ts"
import { runOperations } from "./operationsRuns.ts"
import { version } from "./version.ts"

/** @internal */
export const make = Effect.gen(function*() {
  const deployment = yield* Deployment.Deployment
  const instance = yield* newId
  const env = new Env(deployment)
  const live = liveRunsOf(deployment)

  const modelOf: Effect.Effect<Model.Deployment> = Effect.gen(function*() {
    const { error, loaded, loading } = yield* deployment.state
    const known = loaded && knownOf(loaded)
    const cursor = loaded === undefined
      ? 0
      // what can be told of the deployment is told also when its log cannot be read
      : yield* Effect.orElseSucceed(deployment.use((loaded) => provideAll(loaded, newestCursor)), () => 0)
    return {
      module: deployment.module,
      instance,
      version,
      generation: loaded?.generation ?? 0,
      loadedAt: loaded?.loadedAt ?? 0,
      loading,
      ...(error !== undefined && { loadError: error }),
      assets: loaded === undefined ? 0 : Graph.size(loaded.graph),
      checks: known?.checks ?? 0,
      groups: known?.groups ?? [],
      cursor
    }
  })

  const operations: Service = {
    deployment: modelOf,
    graph: deployment.use((loaded) => Effect.succeed(knownOf(loaded).model)),
    reload: Effect.andThen(deployment.reload, modelOf),
    ...assetOperations(env),
    ...partitionOperations(env),
    ...yield* runOperations(env, live),
    ...followOperations(env, live),
    ...yield* automationOperations(env, live),
    changes: yield* makeChanges(env, live, modelOf)
  }
  return operations
})
