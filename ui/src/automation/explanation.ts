/** Why a condition held, as rows of a tree. Plain data. */
import type { ExplanationNode } from "./data.ts"

/** What is another than in the evaluation before. */
export type Change = "now true" | "now partly" | "now false" | "now asked" | "no more asked" | "other partitions"

/** A part of a condition, as a row. */
export interface ExplanationRow {
  readonly path: string
  readonly node: ExplanationNode
  /** From 1 on. */
  readonly level: number
  readonly position: number
  readonly siblings: number
  readonly open: boolean
  /** What it is asked about has partitions, also where it was asked about one of them alone. */
  readonly partitioned: boolean
  readonly change: Change | undefined
  /** Something below it is another. */
  readonly changesBelow: boolean
}

const changeOf = (node: ExplanationNode, before: ExplanationNode | undefined): Change | undefined => {
  if (before === undefined) return undefined
  if (before.status !== node.status) {
    switch (node.status) {
      case "true":
        return "now true"
      case "partly":
        return "now partly"
      case "false":
        return before.status === "unasked" ? "now asked" : "now false"
      case "unasked":
        return "no more asked"
    }
  }
  return node.count !== before.count || node.words !== before.words ? "other partitions" : undefined
}

/** The same part of the evaluation before, where the condition is the same up to there. */
const counterpart = (before: ExplanationNode | undefined, node: ExplanationNode, index: number) => {
  const found = before?.children[index]
  return found?.label === node.label && found.about === node.about ? found : undefined
}

const walk = (
  node: ExplanationNode,
  before: ExplanationNode | undefined,
  path: string,
  visit: (path: string, node: ExplanationNode, change: Change | undefined, below: boolean) => void
): boolean => {
  const change = changeOf(node, before)
  let below = false
  node.children.forEach((child, index) => {
    if (walk(child, counterpart(before, child, index), `${path}.${index}`, visit)) below = true
  })
  visit(path, node, change, below)
  return below || change !== undefined
}

/** The changes of all parts by path; whether something below a part is another. */
export const changesOf = (
  root: ExplanationNode,
  before: ExplanationNode | undefined
): ReadonlyMap<string, { readonly change: Change | undefined; readonly below: boolean }> => {
  const all = new Map<string, { readonly change: Change | undefined; readonly below: boolean }>()
  walk(root, before, "0", (path, _, change, below) => all.set(path, { change, below }))
  return all
}

const sizeOf = (node: ExplanationNode): number => node.children.reduce((sum, child) => sum + sizeOf(child), 1)

/** So many parts are shown at once. */
const small = 24

/**
 * The parts that are open at first: all where there are few; else the first two levels, and the way to what holds or has
 * changed.
 */
export const openAtFirst = (root: ExplanationNode, before?: ExplanationNode): ReadonlySet<string> => {
  const all = sizeOf(root) <= small
  const open = new Set<string>()
  walk(root, before, "0", (path, node, _, below) => {
    if (node.children.length === 0) return
    const level = path.split(".").length
    if (all || level <= 2 || below || (node.status !== "false" && node.status !== "unasked" && level <= 4)) {
      open.add(path)
    }
  })
  return open
}

/** The rows that are shown. */
export const rowsOf = (
  root: ExplanationNode,
  open: ReadonlySet<string>,
  before?: ExplanationNode
): ReadonlyArray<ExplanationRow> => {
  const changes = changesOf(root, before)
  const rows: Array<ExplanationRow> = []
  const add = (
    node: ExplanationNode,
    path: string,
    { level, of, position, siblings }: Pick<ExplanationRow, "level" | "position" | "siblings"> & {
      readonly of: boolean
    }
  ): void => {
    // what is about another asset does not have the partitions of the one above
    const partitioned = (node.total ?? 1) > 1 || (of && node.about === undefined)
    const isOpen = open.has(path) && node.children.length > 0
    const found = changes.get(path)
    rows.push({
      path,
      node,
      level,
      position,
      siblings,
      open: isOpen,
      partitioned,
      change: found?.change,
      changesBelow: found?.below === true
    })
    if (isOpen) {
      node.children.forEach((child, index) =>
        add(child, `${path}.${index}`, {
          level: level + 1,
          of: partitioned,
          position: index + 1,
          siblings: node.children.length
        })
      )
    }
  }
  add(root, "0", { level: 1, of: false, position: 1, siblings: 1 })
  return rows
}

/** For how much a part holds, such as `true`, `3 of 31 partitions`. */
export const holdsText = ({ count = 0, status, total = 1 }: ExplanationNode, partitioned = false): string => {
  if (status === "unasked") return "not asked"
  if (total <= 1 && !partitioned) return status
  return `${count.toLocaleString("en")} of ${total.toLocaleString("en")} partition${total === 1 ? "" : "s"}`
}

/** What an evaluation came to, in a line. `partitioned`: it has partitions. */
export const requestedText = (requested: number, partitioned: boolean): string =>
  requested === 0
    ? "Nothing requested"
    : partitioned || requested > 1
    ? `${requested.toLocaleString("en")} partition${requested === 1 ? "" : "s"} requested`
    : "Requested"
