/**
 * Serving the web UI and the API.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { relative } from "node:path"
import type * as StoreModule from "../AutomationStore.ts"
import type { State } from "../server/Deployment.ts"
import { findModule } from "./connect.ts"
import { type GivenUp, givenUpLines, type Options as DaemonOptions, tellGivenUp, toOptions } from "./daemon.ts"
import { unavailable } from "./failure.ts"
import * as Global from "./global.ts"
import { Host } from "./host.ts"
import { Output } from "./output.ts"
import * as Text from "./text.ts"

/** Serves until it is interrupted. With `watch`, definitions are loaded anew when a file of them changes. */
export const serve = (options: {
  readonly module: string | undefined
  readonly port: number
  readonly host: string
  readonly allowedHosts: ReadonlyArray<string>
  readonly open: boolean
  readonly watch: boolean
  /** Whether a daemon runs beside it, and how. */
  readonly daemon: DaemonOptions | undefined
}) =>
  Effect.scoped(Effect.gen(function*() {
    const output = yield* Output
    const host = yield* Host
    host.goesOn = true
    const json = yield* Global.Json
    const token = Option.getOrElse(yield* Global.Token, () => process.env.EFFECT_ASSETS_TOKEN)
    const { modules, path } = yield* findModule(options.module)
    const [Deployment, Operations, Server, Graph, Daemon, AutomationStore, Words] = yield* Effect.promise(() =>
      Promise.all([
        import("../server/Deployment.ts"),
        import("../server/Operations.ts"),
        import("../server/Server.ts"),
        import("../Graph.ts"),
        import("../server/Daemon.ts"),
        import("../AutomationStore.ts"),
        import("../server/internal/operationsAutomationText.ts")
      ])
    )
    const givenUp: GivenUp = { since: yield* Clock.currentTimeMillis, told: new Set() }
    const source = options.watch
      ? yield* modules.open(path)
      : { module: relative(process.cwd(), path), load: modules.load(path) }
    const context = yield* Layer.build(
      Server.layer({
        host: options.host,
        port: options.port,
        allowedHosts: options.allowedHosts,
        // who names a port means that one
        portFallback: options.port === defaultPort,
        ...(token === undefined || token === "" ? {} : { token: Redacted.make(token) })
      }).pipe(
        Layer.provideMerge(Operations.layer),
        Layer.provideMerge(options.daemon === undefined ? Layer.empty : Daemon.layer(toOptions(options.daemon))),
        Layer.provideMerge(Deployment.layer(source))
      )
    ).pipe(Effect.mapError(unavailable))
    const { token: asked, uiUrl, url } = Context.get(context, Server.Server)
    const address = Redacted.value(uiUrl)
    yield* output.print(
      json
        ? Text.json({ url, ...(asked === undefined ? {} : { token: Redacted.value(asked) }), uiUrl: address })
        : `The web UI is at ${address}\nThe API is at ${url}/api, its description at ${url}/api/openapi.json`
    )
    if (options.open) yield* openBrowser(address)

    const { paint } = output.stderr
    /** Conditions are one automation together, as the daemon counts them. */
    const countOf = ({ automations, graph, jobs }: NonNullable<State["loaded"]>): number => {
      const { assets, checks } = Graph.compiled(graph)
      const hasConditions = [...assets, ...checks, ...jobs].some(({ automation }) => automation !== undefined)
      return automations.length + (hasConditions ? 1 : 0)
    }
    const told = (state: State): string | undefined => {
      if (state.loading) return undefined
      if (state.error === undefined) {
        if (state.loaded === undefined) return undefined
        const automations = countOf(state.loaded)
        return `${paint("green", "✓")} ${source.module}: ${Text.count(Graph.size(state.loaded.graph), "asset")}${
          automations === 0 ? "" : `, ${Text.count(automations, "automation")}`
        }${state.loaded.generation > 1 ? ", loaded anew" : ""}`
      }
      const [first = "", ...more] = Text.visibleLines(state.error.message)
      return [
        `${paint("red", "✗")} ${first}`,
        ...more.map((line) => `  ${line}`),
        ...(state.loaded === undefined ? [] : ["  What was loaded before goes on."])
      ].join("\n")
    }
    const deployment = Context.get(context, Deployment.Deployment)
    if (options.daemon !== undefined) {
      // definitions that are loaded anew may have another store, and may be why a run is given up
      yield* Effect.forkScoped(deployment.changes.pipe(
        Stream.map(({ loaded }) => loaded?.generation),
        Stream.changes,
        Stream.filter((generation) => generation !== undefined),
        Stream.switchMap(() =>
          Stream.fromEffectDrain(Effect.catchCause(
            deployment.use(({ context }) =>
              tellGivenUp(
                // Deployment has looked whether it is there
                Context.get(context as Context.Context<StoreModule.AutomationStore>, AutomationStore.AutomationStore),
                givenUp,
                (items) => output.tell(givenUpLines(items, Words.describeRequest, paint).join("\n"))
              )
            ),
            (cause) =>
              Cause.hasInterruptsOnly(cause)
                ? Effect.void
                : Effect.logError("What is given up cannot be told any more", cause)
          ))
        ),
        Stream.runDrain
      ))
    }
    return yield* deployment.changes.pipe(
      Stream.map(told),
      Stream.filter((line) => line !== undefined),
      Stream.changes,
      Stream.runForEach((line) => output.tell(line)),
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() =>
        output.tell("Stopping. Runs that go on are cancelled; press Ctrl-C again to leave at once.")
      )
    )
  }))

const defaultPort = 4400

/** Opens the browser. Where there is none, the address has been told. */
const openBrowser = (url: string): Effect.Effect<void> =>
  Effect.promise(() => import("node:child_process")).pipe(
    Effect.flatMap(({ spawn }) =>
      Effect.callback<void>((resume) => {
        const [command, args] = process.platform === "darwin"
          ? ["open", [url]] as const
          : process.platform === "win32"
          ? ["rundll32", ["url.dll,FileProtocolHandler", url]] as const
          : ["xdg-open", [url]] as const
        const child = spawn(command, args, { stdio: "ignore", detached: true })
        child.once("error", () => resume(Effect.void))
        child.once("spawn", () => resume(Effect.void))
        child.unref()
      })
    )
  )
