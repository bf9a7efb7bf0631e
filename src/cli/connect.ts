/**
 * The operations that commands work on: those of this process, or of a server.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { relative } from "node:path"
import type * as Problem from "../server/Problem.ts"
import type { Given, Work } from "./command.ts"
import { CliFailure, exitCodes, notLoaded, ofProblem, usage } from "./failure.ts"
import * as Global from "./global.ts"
import { Output } from "./output.ts"
import { visible, visibleLines } from "./text.ts"

const given = (option: Option.Option<string>, variable: string): string | undefined => {
  const value = Option.getOrElse(option, () => process.env[variable])
  return value === "" ? undefined : value
}

/** Where the definitions come from. */
export const findModule = (argument?: string) =>
  Effect.gen(function*() {
    const named = argument ?? Option.getOrUndefined(yield* Global.Module)
    const modules = yield* Effect.promise(() => import("./modules.ts"))
    const path = yield* Effect.mapError(
      modules.find(process.cwd(), named),
      (error) => new CliFailure({ exitCode: exitCodes.definitions, message: visibleLines(error.message).join("\n") })
    )
    return { modules, path }
  })

/** After so long somebody may wonder. */
const patience = "5 seconds"

/** The operations of this process. What is missing on the way to the first event is loaded at once. */
const local = Effect.gen(function*() {
  const { modules, path } = yield* findModule()
  const [Deployment, Operations] = yield* Effect.promise(() =>
    Promise.all([import("../server/Deployment.ts"), import("../server/Operations.ts")])
  )
  const source = { module: relative(process.cwd(), path), load: modules.load(path) }
  const context = yield* Layer.build(Layer.provideMerge(Operations.layer, Deployment.layer(source)))
  const { tell } = yield* Output
  yield* Effect.raceFirst(
    Effect.mapError(Context.get(context, Deployment.Deployment).use(() => Effect.void), notLoaded),
    Effect.sleep(patience).pipe(
      Effect.andThen(tell(
        `${
          visible(source.module)
        } is still being loaded. What it awaits, or builds in its layer, takes long, or another ` +
          "process holds a lock."
      )),
      Effect.andThen(Effect.never)
    )
  )
  return { operations: Context.get(context, Operations.Operations), remote: false }
})

/** The operations of a server. */
const remote = Effect.fnUntraced(function*(url: string, token: string | undefined) {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return yield* usage(`${visible(url)} is not the URL of a server, such as http://127.0.0.1:4400.`)
  }
  const [Client, Operations, Http] = yield* Effect.promise(() =>
    Promise.all([
      import("../server/Client.ts"),
      import("../server/Operations.ts"),
      import("effect/http/FetchHttpClient")
    ])
  )
  const context = yield* Layer.build(
    Layer.provide(Client.layer({ url, token: token === undefined ? undefined : Redacted.make(token) }), Http.layer)
  )
  return { operations: Context.get(context, Operations.Operations), remote: true }
})

/** Does the work of a command with the operations that it asks for. */
export const withOperations = <R>(work: Work<R>) =>
  Effect.scoped(Effect.gen(function*() {
    const output = yield* Output
    const json = yield* Global.Json
    const url = given(yield* Global.Url, "EFFECT_ASSETS_URL")
    const { operations, remote: isRemote } = url === undefined
      ? yield* local
      : yield* remote(url, given(yield* Global.Token, "EFFECT_ASSETS_TOKEN"))
    const now = yield* Clock.currentTimeMillis
    const self: Given = { operations, output, json, remote: isRemote, now }
    yield* Effect.mapError(
      work(self),
      (error): CliFailure => error._tag === "CliFailure" ? error : ofProblem(error as Problem.Problem)
    )
  }))
