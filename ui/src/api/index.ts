/** What pages know of the server: hooks that read and follow it, and ways to ask something of it. */
export { type Client } from "./client.ts"
export { type Api } from "./contract.ts"
export { type GroupNode, groupTree, inGroup } from "./groups.ts"
export * from "./hooks.ts"
export {
  definePages,
  defineQuery,
  invalidate,
  type Mutation,
  type PagesResult,
  type QueryResult,
  useMutation,
  usePages,
  useQuery
} from "./query.ts"
export {
  type AssetNode,
  type AssetStatus,
  type Connection,
  type Deployment,
  type Graph,
  type RunSummary
} from "./store.ts"
export { statusOf } from "./words.ts"
