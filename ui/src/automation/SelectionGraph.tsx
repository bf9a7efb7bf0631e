/** The graph of some assets. */
import { useNavigate } from "@tanstack/react-router"
import { useMemo } from "react"
import { type Graph, useGraph } from "../api/index.ts"
import { GraphView } from "../graph/GraphView.tsx"
import { EmptyState, ErrorView, Spinner } from "../kit/index.ts"
import { useDrawn, useWordOf } from "../lineage/useDrawn.tsx"
import { useExpansion } from "../lineage/useExpansion.ts"
import { useSelected } from "../lineage/useSelected.ts"
import { viewOf } from "../lineage/view.ts"

const Drawn = ({ graph, keys, label }: {
  readonly graph: Graph
  readonly keys: ReadonlyArray<string>
  readonly label: string
}) => {
  const navigate = useNavigate()
  const view = useMemo(() => viewOf(graph, { keys: new Set(keys) }), [graph, keys])
  const { selected, select } = useSelected(view.data)
  const { expanded, toggle } = useExpansion(view)
  const drawn = useDrawn(graph, view, useWordOf(graph))
  return (
    <GraphView
      {...drawn}
      data={view.data}
      folded={view.data.nodes.length > 40}
      expanded={expanded}
      onToggleGroup={toggle}
      selected={selected}
      onSelect={select}
      onOpen={(key) => void navigate({ to: "/asset", search: { key } })}
      label={label}
    />
  )
}

/** The graph of some assets, of which each leads to its page. */
export const SelectionGraph = (props: { readonly keys: ReadonlyArray<string>; readonly label: string }) => {
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
  return props.keys.length === 0
    ? <EmptyState title="It selects nothing">No asset of the graph is in its selection.</EmptyState>
    : <Drawn {...props} graph={graph} />
}
