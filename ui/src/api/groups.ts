/** A group of the deployment, or a level above groups: `finance/eu` is below `finance`. */
export interface GroupNode {
  /** The whole name. */
  readonly name: string
  /** The last part of it. */
  readonly label: string
  /** How many assets are in this very group. */
  readonly own: number
  /** How many assets are in it and below. */
  readonly assets: number
  readonly children: ReadonlyArray<GroupNode>
}

interface Building {
  own: number
  readonly children: Map<string, Building>
}

/** Groups as a tree by the `/` in their names, in the order of people. */
export const groupTree = (
  groups: ReadonlyArray<{ readonly name: string; readonly assets: number }>
): ReadonlyArray<GroupNode> => {
  const root: Building = { own: 0, children: new Map() }
  for (const group of groups) {
    let at = root
    for (const part of group.name.split("/")) {
      let next = at.children.get(part)
      if (next === undefined) {
        next = { own: 0, children: new Map() }
        at.children.set(part, next)
      }
      at = next
    }
    at.own += group.assets
  }
  const order = new Intl.Collator("en", { numeric: true })
  const build = (level: Building, prefix: string): ReadonlyArray<GroupNode> =>
    [...level.children].sort(([a], [b]) => order.compare(a, b)).map(([label, below]) => {
      const name = prefix === "" ? label : `${prefix}/${label}`
      const children = build(below, name)
      return {
        name,
        label,
        own: below.own,
        assets: children.reduce((sum, child) => sum + child.assets, below.own),
        children
      }
    })
  return build(root, "")
}

/** Whether an asset with this group is in a group, or in a level of groups: `finance/eu` is in `finance`. */
export const inGroup = (group: string | undefined, name: string): boolean =>
  group !== undefined && (group === name || group.startsWith(`${name}/`))
