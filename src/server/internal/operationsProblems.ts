/**
 * What the core fails with, as the problems of the API.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { isTagged } from "effect/Predicate"
import * as Catalog from "../../Catalog.ts"
import * as EventLog from "../../EventLog.ts"
import * as Graph from "../../Graph.ts"
import { didYouMean, suggest } from "../../internal/suggest.ts"
import type * as IOManager from "../../IOManager.ts"
import type * as Job from "../../Job.ts"
import * as Metadata from "../../Metadata.ts"
import * as Partitions from "../../Partitions.ts"
import * as Runtime from "../../Runtime.ts"
import * as Selection from "../../Selection.ts"
import * as Problem from "../Problem.ts"

/** Something that is asked for by its name is not there. */
export const notFound = (
  what: Problem.NotFound["what"],
  id: string,
  detail: string,
  suggestions: ReadonlyArray<string> = []
): Problem.NotFound => new Problem.NotFound({ what, id, detail: detail + didYouMean(suggestions), suggestions })

/** The graph has no such asset. */
export const noAsset = (graph: Graph.Any, key: string): Problem.NotFound =>
  notFound("asset", key, `There is no asset ${quoted(key)} in the graph.`, suggest(key, Graph.keys(graph)))

/** The event log has no such run. */
export const noRun = (id: string): Problem.NotFound =>
  notFound("run", id, `There is no run ${quoted(id)} in the event log. It may be older than the log keeps runs.`)

/** The job of a name. */
export const findJob = (
  { jobs }: { readonly jobs: ReadonlyArray<Job.Any> },
  name: string
): Effect.Effect<Job.Any, Problem.NotFound> => {
  const job = jobs.find((job) => job.name === name)
  return job === undefined
    ? Effect.fail(
      notFound("job", name, `There is no job ${quoted(name)}.`, suggest(name, jobs.map(({ name }) => name)))
    )
    : Effect.succeed(job)
}

/** What was asked for does not fit. */
export const invalid = (
  code: string,
  detail: string,
  problems: ReadonlyArray<{ readonly key: string; readonly problem: string }> = []
): Problem.Invalid => new Problem.Invalid({ code, detail, problems })

/** What was asked for is not possible now. */
export const conflict = (code: string, detail: string): Problem.Conflict => new Problem.Conflict({ code, detail })

/** Names are untrusted and may be of any length. */
export const quoted = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text)

const isProblem = (u: unknown): u is Problem.Problem =>
  u instanceof Problem.NotFound || u instanceof Problem.Invalid || u instanceof Problem.Conflict ||
  u instanceof Problem.Unavailable

const unavailable = (error: { readonly _tag: string; readonly message: string }): Problem.Unavailable =>
  new Problem.Unavailable({ code: error._tag, detail: error.message, cause: pretty(error) })

const pretty = (error: unknown): string => Cause.pretty(Cause.fail(error)).slice(0, 16_384)

const isIOManagerError = (error: unknown): error is IOManager.IOManagerError =>
  error instanceof Error && isTagged(error, "IOManagerError") && "reason" in error

/** The core names its functions: whoever asks over HTTP does not have them. */
const withoutFunctions = (message: string): string => message.replaceAll("use Runtime.backfill", "use a backfill")

/** What an error of the core is for whoever asked; programs of users may fail with anything. */
export const problemOf = (error: unknown): Problem.Problem => {
  if (isProblem(error)) return error
  if (error instanceof Selection.SelectionError) {
    return new Problem.Invalid({
      code: error._tag,
      detail: error.message,
      problems: [],
      offset: error.offset,
      length: error.length
    })
  }
  if (error instanceof Graph.UnknownAssetError) {
    return new Problem.NotFound({
      what: "asset",
      id: error.key,
      detail: error.message,
      suggestions: error.suggestions
    })
  }
  if (error instanceof Runtime.RunConfigError || error instanceof Runtime.RunPartitionsError) {
    return invalid(
      error._tag,
      withoutFunctions(error.message),
      error.problems.map(({ key, problem }) => ({ key, problem: withoutFunctions(problem) }))
    )
  }
  if (error instanceof Runtime.RunNotPossibleError) {
    return error.problem.startsWith("there is no such")
      ? noRun(error.runId)
      : conflict(error._tag, error.message)
  }
  if (error instanceof Runtime.BackfillError) {
    return error.problem.startsWith("there is no such")
      ? notFound("backfill", error.backfillId, error.message)
      : conflict(error._tag, error.message)
  }
  // layers of a module may be made by another copy of this package
  if (isIOManagerError(error)) {
    switch (error.reason._tag) {
      case "NotStored":
        return notFound("value", error.key, error.message)
      case "InvalidValue":
      case "Unsupported":
        return conflict(error._tag, error.message)
      case "StorageFailure":
        return unavailable(error)
    }
  }
  if (
    error instanceof Graph.GraphError || error instanceof Catalog.ReportError ||
    error instanceof Catalog.NotPartitionedError || error instanceof Metadata.MetadataError ||
    error instanceof Partitions.PartitionsError
  ) return invalid(error._tag, error.message)
  if (error instanceof Catalog.NotObservableError) return conflict(error._tag, error.message)
  if (error instanceof EventLog.EventLogError || error instanceof Partitions.DynamicKeysError) {
    return unavailable(error)
  }
  const tag = typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"
    ? error._tag
    : "Error"
  const message = error instanceof Error && error.message !== "" ? error.message : tag
  return new Problem.Unavailable({ code: tag, detail: message, cause: pretty(error) })
}

/** Fails with problems of the API only. */
export const toProblems = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Problem.Problem, R> =>
  Effect.mapError(effect, problemOf)

/**
 * What only looks something up: an error that says otherwise is one of the deployment.
 */
export const toLookup = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Problem.NotFound | Problem.Unavailable, R> =>
  Effect.mapError(effect, (error) => {
    const problem = problemOf(error)
    return problem._tag === "NotFound" || problem._tag === "Unavailable"
      ? problem
      : new Problem.Unavailable({ code: problem.code, detail: problem.message })
  })

/** What can fail only because the deployment cannot be used. */
export const toAvailable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Problem.Unavailable, R> =>
  Effect.mapError(effect, (error) => {
    const problem = problemOf(error)
    return problem._tag === "Unavailable"
      ? problem
      : new Problem.Unavailable({ code: problem._tag, detail: problem.message })
  })
