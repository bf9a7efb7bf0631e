import type { Status } from "../kit/status.ts"
import { Api } from "./contract.ts"
import type { AssetNode, AssetStatus } from "./store.ts"

/** The word that stands for an asset in lists and graphs; `Unknown` until its state is read. */
export const statusOf = (node: Pick<AssetNode, "external">, status: AssetStatus | undefined): Status =>
  status === undefined ? "Unknown" : Api.Model.statusWord(node, status)
