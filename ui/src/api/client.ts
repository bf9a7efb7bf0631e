import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { Api } from "./contract.ts"

const makeClient = Effect.provide(
  HttpApiClient.make(Api.Api, { baseUrl: location.origin }),
  FetchHttpClient.layer
)

/** The client of the HTTP API: a function for each endpoint. */
export type Client = Effect.Success<typeof makeClient>

/** The client of the HTTP API. */
export const client: Client = Effect.runSync(makeClient)

/** What a call of the API gives, as a promise. It rejects with the problem itself. */
export const call = async <A, E>(
  f: (client: Client) => Effect.Effect<A, E>,
  signal?: AbortSignal
): Promise<A> => {
  const exit = await Effect.runPromiseExit(f(client), signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  throw toError(Cause.squash(exit.cause))
}

/** An error with a title for people. Problems of the API have one; the rest is a connection that failed, or a bug. */
const toError = (error: unknown): unknown => {
  if (typeof error !== "object" || error === null || !("_tag" in error)) return error
  if (error._tag === "HttpClientError") {
    return Object.assign(new Error("The server does not answer. Is effect-assets running?", { cause: error }), {
      title: "No connection"
    })
  }
  if (error._tag === "SchemaError") {
    return Object.assign(new Error(String(error), { cause: error }), {
      title: "The server answered in another form than expected. Reload the page if it was updated."
    })
  }
  return error
}
