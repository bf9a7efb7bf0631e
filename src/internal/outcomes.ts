/**
 * What became of the assets of a run.
 */
import type * as Graph from "../Graph.ts"
import type * as Runtime from "../Runtime.ts"

const Outcomes: unique symbol = Symbol.for("effect-assets/Run/outcomes")

/**
 * What became of each asset, in topological order.
 *
 * @internal
 */
export const outcomesOf = (run: Runtime.Run<Graph.Assets>): ReadonlyArray<Runtime.Outcome> =>
  (run as Runtime.Run<Graph.Assets> & { readonly [Outcomes]: () => ReadonlyArray<Runtime.Outcome> })[Outcomes]()

/**
 * A run with these outcomes instead. They are not enumerable: a run shows as what its type says.
 *
 * @internal
 */
export const withOutcomes = <R extends Runtime.Run<Graph.Assets>>(
  run: R,
  outcomes: () => ReadonlyArray<Runtime.Outcome>
): R => Object.defineProperty(run, Outcomes, { value: outcomes })

/** Of the outcomes of several partitions, the greatest stands for all. */
const severity: { readonly [tag in Runtime.Outcome["_tag"]]: number } = {
  NotSelected: 0,
  Skipped: 1,
  UpToDate: 2,
  Materialized: 3,
  Cancelled: 4,
  UpstreamFailed: 5,
  Failed: 6
}

/**
 * Of the outcomes of several partitions, the first of those that have to be known most. There is one at least.
 *
 * @internal
 */
export const gravest = (outcomes: ReadonlyArray<Runtime.Outcome>): Runtime.Outcome =>
  outcomes.reduce((worst, outcome) => severity[outcome._tag] > severity[worst._tag] ? outcome : worst)
