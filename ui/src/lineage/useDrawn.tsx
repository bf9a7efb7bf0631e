/** How assets and groups are drawn: what a graph view asks for. */
import { type ReactNode, useCallback, useDeferredValue, useMemo } from "react"
import { type Api, type Graph, statusOf, useStatuses } from "../api/index.ts"
import type { GroupInfo, NodePaint } from "../graph/painter.ts"
import { NodeContent } from "./NodeContent.tsx"
import { badgeOf, colorOf, groupInfoOf, summariesOf } from "./summary.ts"
import { nameParts, nodesByKey, type View } from "./view.ts"

type Word = Api.Model.StatusWord

/** The word for the state of an asset by key, another function when states have changed. `undefined` until it is read. */
export const useWordOf = (graph: Graph): (key: string) => Word | undefined => {
  const statuses = useDeferredValue(useStatuses())
  return useCallback((key) => {
    const node = nodesByKey(graph)(key)
    const status = statuses.get(key)
    if (node === undefined || status === undefined) return undefined
    const word = statusOf(node, status)
    // what is read has one of these words
    return word as Word
  }, [graph, statuses])
}

/** How the assets and groups of a view are drawn. */
export const useDrawn = (graph: Graph, view: View, wordOf: (key: string) => Word | undefined, focus?: string): {
  readonly renderNode: (key: string) => ReactNode
  readonly paintNode: (key: string) => NodePaint
  readonly groupInfo: (group: string) => GroupInfo
} => {
  const statuses = useDeferredValue(useStatuses())
  const { data, outside } = view
  const renderNode = useCallback((key: string) => {
    const node = nodesByKey(graph)(key)
    return node === undefined
      ? key
      : <NodeContent node={node} outside={outside.has(key)} focus={key === focus} />
  }, [graph, outside, focus])
  const paintNode = useCallback((key: string): NodePaint => {
    const word = wordOf(key) ?? "Unknown"
    return {
      label: nameParts(key)[1],
      color: outside.has(key) ? "var(--border-strong)" : colorOf(word),
      badge: badgeOf(word, statuses.get(key))
    }
  }, [wordOf, statuses, outside])
  const summaries = useMemo(() => summariesOf(data, wordOf), [data, wordOf])
  const groupInfo = useCallback((group: string) => groupInfoOf(group, summaries.get(group)), [summaries])
  return { renderNode, paintNode, groupInfo }
}
