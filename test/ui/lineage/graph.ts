import type { AssetNode, AssetStatus, Graph } from "../../../ui/src/api/index.ts"

const node = (key: string, group: string | undefined): AssetNode => ({
  key,
  group,
  kinds: [],
  tags: {},
  owners: [],
  external: false,
  observable: false,
  partitioned: false,
  hasConfig: false,
  checks: 0
})

/** A graph of assets with their groups, and edges such as `a b`. */
export const graphOf = (
  assets: { readonly [key: string]: string | undefined },
  edges: ReadonlyArray<string>
): Graph => {
  const keys = Object.keys(assets)
  const pairs = edges.map((edge) => edge.split(" ").map((key) => keys.indexOf(key)) as [number, number])
  return {
    generation: 0,
    assets: keys.map((key) => node(key, assets[key])),
    edges: pairs.map(([from, to]) => [from, to, "input"]),
    index: new Map(keys.map((key, index) => [key, index])),
    parents: keys.map((_, at) => pairs.flatMap(([from, to]) => to === at ? [from] : [])),
    children: keys.map((_, at) => pairs.flatMap(([from, to]) => from === at ? [to] : [])),
    groups: []
  }
}

/** The state of an asset that is fresh, but for what is given. */
export const statusWith = (more: Partial<AssetStatus>): AssetStatus => ({
  key: "a",
  staleness: "Fresh",
  causes: [],
  rootCauses: [],
  running: [],
  checks: { passed: 0, warned: 0, failed: 0, notEvaluated: 0 },
  ...more
})
