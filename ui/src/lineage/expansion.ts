/** Which groups are open: by default, as an address says, and as it is changed. Plain data. */
import { type GraphData, ungrouped } from "../graph/model.ts"
import type { View } from "./view.ts"

/** How an address says which groups are open. */
export interface ExpansionSearch {
  readonly expanded?: ReadonlyArray<string> | undefined
  readonly fold?: "all" | "none" | undefined
}

/** With so many assets, all groups are open to begin with. */
export const maxOpen = 60
/** The groups of a group that is looked at are open up to this many assets. */
const maxInside = 200

/** The name of the assets without a group in an address, which has no empty texts. No group is called so. */
const ungroupedName = "/"

const nameOf = (group: string): string => group === ungrouped ? ungroupedName : group
const groupOfName = (name: string): string => name === ungroupedName ? ungrouped : name

/** All groups of a graph, in the order they first come. */
export const groupsOf = (
  data: GraphData
): ReadonlyArray<string> => [...new Set(data.nodes.map(({ group }) => group ?? ungrouped))]

/** The groups that are open if nobody has said so. */
export const defaultExpanded = ({ data, outside }: View): ReadonlySet<string> => {
  if (data.nodes.length <= maxOpen) return new Set(groupsOf(data))
  if (outside.size === 0) return new Set()
  const inside = data.nodes.filter(({ id }) => !outside.has(id))
  const groups = new Set(inside.map(({ group }) => group ?? ungrouped))
  return groups.size === 1 || inside.length <= maxInside ? groups : new Set()
}

/** The groups that are open. */
export const expandedOf = (
  { expanded, fold }: ExpansionSearch,
  groups: ReadonlyArray<string>,
  byDefault: ReadonlySet<string>
): ReadonlySet<string> =>
  fold === "all"
    ? new Set()
    : fold === "none"
    ? new Set(groups)
    : expanded === undefined
    ? byDefault
    : new Set(expanded.map(groupOfName))

/** How an address says that these groups are open: as short as it can. */
export const expansionSearch = (
  open: ReadonlySet<string>,
  groups: ReadonlyArray<string>,
  byDefault: ReadonlySet<string>
): { readonly expanded: ReadonlyArray<string> | undefined; readonly fold: "all" | "none" | undefined } => {
  const there = groups.filter((group) => open.has(group))
  if (there.length === byDefault.size && there.every((group) => byDefault.has(group))) {
    return { expanded: undefined, fold: undefined }
  }
  if (there.length === 0) return { expanded: undefined, fold: "all" }
  if (there.length === groups.length) return { expanded: undefined, fold: "none" }
  return { expanded: there.map(nameOf), fold: undefined }
}
