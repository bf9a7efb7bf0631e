/** The lineage of an asset on its own page. */
import { useNavigate } from "@tanstack/react-router"
import { useMemo } from "react"
import { useGraph, useStatus } from "../api/index.ts"
import type { Graph } from "../api/index.ts"
import { AssetState } from "../assets/Status.tsx"
import { GraphView } from "../graph/GraphView.tsx"
import { AssetLink, EmptyState, ErrorView, Spinner } from "../kit/index.ts"
import { MaterializeButton } from "../launch/index.ts"
import { useDrawn, useWordOf } from "./useDrawn.tsx"
import { useExpansion } from "./useExpansion.ts"
import { useSelected } from "./useSelected.ts"
import { nodesByKey, viewOf } from "./view.ts"

const Chosen = ({ graph, keys }: { readonly graph: Graph; readonly keys: ReadonlyArray<string> }) => {
  const [key] = keys
  const node = keys.length === 1 && key !== undefined ? nodesByKey(graph)(key) : undefined
  const status = useStatus(key ?? "")
  return (
    <div
      role="region"
      aria-label="Selected assets"
      className="absolute bottom-3 left-1/2 flex max-w-[calc(100%-24px)] -translate-x-1/2 flex-wrap items-center gap-2 rounded-xl border border-border bg-surface py-1.5 pr-1.5 pl-3 shadow-float"
    >
      {node === undefined
        ? <span className="text-sm">{keys.length} selected</span>
        : (
          <>
            <AssetLink assetKey={node.key} className="max-w-60 truncate" />
            <AssetState node={node} status={status} />
          </>
        )}
      <MaterializeButton keys={keys} size="sm" kind="secondary" />
    </div>
  )
}

const Drawn = ({ assetKey, graph, hops }: {
  readonly assetKey: string
  readonly graph: Graph
  readonly hops: number
}) => {
  const navigate = useNavigate()
  const view = useMemo(() => viewOf(graph, { focus: assetKey, hops }), [graph, assetKey, hops])
  const { selected, select } = useSelected(view.data)
  const { expanded, toggle } = useExpansion(view)
  const drawn = useDrawn(graph, view, useWordOf(graph), assetKey)
  const keys = useMemo(() => [...selected], [selected])
  return (
    <div className="relative h-full min-h-0">
      <GraphView
        {...drawn}
        data={view.data}
        folded={view.folded}
        expanded={expanded}
        onToggleGroup={toggle}
        selected={selected}
        onSelect={select}
        onOpen={(key) => void navigate({ to: "/asset", search: { key, tab: "lineage", hops } })}
        focusId={view.data.nodes.length > 40 ? assetKey : undefined}
        label={`Lineage of ${assetKey}`}
      />
      {keys.length === 0 ? null : <Chosen graph={graph} keys={keys} />}
    </div>
  )
}

/** What is so many steps up and down from an asset. */
export const AssetLineage = ({ assetKey, hops }: { readonly assetKey: string; readonly hops: number }) => {
  const { error, graph, refetch } = useGraph()
  if (graph === undefined) {
    return error === undefined
      ? (
        <div className="flex h-full items-center justify-center">
          <Spinner />
        </div>
      )
      : <ErrorView error={error} retry={refetch} />
  }
  return graph.index.has(assetKey)
    ? <Drawn key={assetKey} assetKey={assetKey} graph={graph} hops={hops} />
    : <EmptyState title="It is no longer in the graph" />
}
