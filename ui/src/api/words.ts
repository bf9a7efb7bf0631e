import type { Status } from "../kit/status.ts"
import { Api } from "./contract.ts"
import type { AssetNode, AssetStatus } from "./store.ts"

/** The word that stands for an asset in lists and graphs; `Unknown` until its state is read. */
export const statusOf = (node: Pick<AssetNode, "external">, status: AssetStatus | undefined): Status =>
  status === undefined ? "Unknown" : Api.Model.statusWord(node, status)

/** The name under which the API knows the conditions of all assets, checks and jobs together. */
export const conditionsName = ":conditions"
