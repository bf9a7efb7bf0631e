import { useCallback, useMemo, useState } from "react"
import type { SelectMode } from "../graph/engine.ts"
import type { GraphData } from "../graph/model.ts"
import { changeSelection } from "./changeSelection.ts"

/** The assets that are selected in a graph. What is no longer shown is not selected either. */
export const useSelected = (data: GraphData | undefined): {
  readonly selected: ReadonlySet<string>
  readonly select: (keys: ReadonlyArray<string>, mode: SelectMode) => void
} => {
  const [all, setAll] = useState<ReadonlySet<string>>(new Set())
  const selected = useMemo(() => {
    if (all.size === 0 || data === undefined) return all
    const there = new Set(data.nodes.flatMap(({ id }) => all.has(id) ? [id] : []))
    return there.size === all.size ? all : there
  }, [all, data])
  const select = useCallback(
    (keys: ReadonlyArray<string>, mode: SelectMode) => setAll(changeSelection(selected, keys, mode)),
    [selected]
  )
  return { selected, select }
}
