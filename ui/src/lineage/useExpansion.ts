import { useMemo, useState } from "react"
import { defaultExpanded } from "./expansion.ts"
import type { View } from "./view.ts"

/** The groups that are open where no address says so. */
export const useExpansion = (view: View): {
  readonly expanded: ReadonlySet<string>
  readonly toggle: (group: string) => void
} => {
  const byDefault = useMemo(() => defaultExpanded(view), [view])
  const [changed, setChanged] = useState<ReadonlySet<string>>()
  const expanded = changed ?? byDefault
  return {
    expanded,
    toggle: (group) => {
      const next = new Set(expanded)
      if (!next.delete(group)) next.add(group)
      setChanged(next)
    }
  }
}
