/**
 * The daemon of a deployment: it goes on with the definitions that are loaded.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Daemon from "../Daemon.ts"
import { CurrentFollow } from "../internal/daemonLaunch.ts"
import { CurrentCapture } from "../internal/runLogsCapture.ts"
import * as Deployment from "./Deployment.ts"
import { liveRunsOf } from "./internal/operationsLive.ts"

/**
 * Evaluates schedules, sensors and conditions of what is loaded. When definitions are loaded anew, those that are still there
 * keep their history, those that are not there any more stop, and runs go on with the definitions they began with.
 *
 * **Example** (A deployment that keeps its assets up to date)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import { Asset, Automation, Daemon, Definitions, EventLog, Graph, IOManager } from "effect-assets"
 * import { Daemon as ServerDaemon, Deployment } from "effect-assets/server"
 *
 * const definitions = Definitions.make({
 *   graph: Graph.make({ prices: Asset.make("prices", Effect.succeed([3, 4])) }),
 *   automations: [Automation.schedule("daily", { cron: "@daily", target: { select: ["prices"] } })],
 *   layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
 * })
 * const layer = Layer.provide(ServerDaemon.layer(), Deployment.layerOf(definitions))
 * const program = Daemon.Daemon.use((daemon) => daemon.tickNow("daily"))
 * await Effect.runPromise(Effect.provide(program, layer)).then((tick) => tick._tag) // => "Some"
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Daemon.Options): Layer.Layer<Daemon.Daemon, never, Deployment.Deployment> =>
  Layer.effect(
    Daemon.Daemon,
    Effect.flatMap(Deployment.Deployment, (deployment) =>
      Daemon.make({
        use: deployment.use,
        changes: deployment.changes.pipe(
          Stream.filter(({ loaded }) => loaded !== undefined),
          Stream.map(({ loaded }) => loaded!.generation),
          Stream.changes
        )
      }, options).pipe(
        // what its runs do and log is told as that of others of this process
        Effect.provideService(CurrentCapture, true),
        Effect.provideService(CurrentFollow, () => liveRunsOf(deployment).follow(() => {}))
      ))
  )
