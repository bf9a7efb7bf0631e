import { ChevronDown, ListChecks, Play, RefreshCw, Settings2, Waypoints } from "lucide-react"
import { type ReactNode, useMemo } from "react"
import { useGraph, useSelection } from "../api/index.ts"
import { external, useExternal } from "../external.ts"
import { Button, type ButtonKind, classes, Menu, Tooltip } from "../kit/index.ts"
import { useLaunch } from "./launch.ts"
import { choiceOf, type LaunchOptions, plural, requestOf } from "./request.ts"
import { useStart } from "./useStart.tsx"

type Way = "selected" | "upstream" | "stale"

/** What was chosen last, for as long as this page is open: the button says what it will do. */
const lastWay = external<Way>("selected")

const ways: { readonly [way in Way]: LaunchOptions } = {
  selected: {},
  upstream: { withUpstream: true },
  stale: { onlyStale: true }
}

/** A button that materializes assets, and a menu with other ways to. */
export const MaterializeButton = (
  { keys, select, partitions, title, label, kind = "primary", size = "md", disabled, className }: {
    readonly keys?: ReadonlyArray<string> | undefined
    /** A selection expression, instead of `keys`. */
    readonly select?: string | undefined
    readonly partitions?: LaunchOptions["partitions"]
    readonly title?: string | undefined
    readonly label?: ReactNode
    readonly kind?: ButtonKind
    readonly size?: "sm" | "md"
    /** Why nothing can be materialized. */
    readonly disabled?: string | undefined
    readonly className?: string
  }
) => {
  const launch = useLaunch()
  const { graph } = useGraph()
  const way = useExternal(lastWay)
  const { busy, start } = useStart()
  const selected = useSelection(keys === undefined ? select ?? "*" : undefined).data?.keys
  const all = keys ?? selected
  const nodes = useMemo(
    () => all?.flatMap((key) => graph?.assets[graph.index.get(key) ?? -1] ?? []),
    [all, graph]
  )
  const computable = nodes?.filter(({ external }) => !external)
  const reason = disabled
    ?? (graph === undefined || nodes === undefined
      ? undefined
      : all!.length === 0
      ? "Nothing is selected"
      : computable!.length === 0
      ? all!.length === 1
        ? "It is external: something else writes it. Observe it to see whether it has changed."
        : "All of them are external: something else writes them."
      : undefined)
  const simple = partitions === undefined && nodes !== undefined
    && nodes.every(({ hasConfig, partitioned }) => !hasConfig && !partitioned)
  const hasChecks = nodes === undefined || nodes.some(({ checks }) => checks > 0)
  const options = (more: LaunchOptions = {}): LaunchOptions => ({
    ...keys === undefined ? { select } : { keys },
    ...partitions === undefined ? {} : { partitions },
    ...title === undefined ? {} : { title },
    ...more
  })
  const go = (next: Way, dialog: boolean) => {
    lastWay.set(next)
    const wanted = options(ways[next])
    // upstream assets may have partitions or configuration that is not known here
    if (dialog || !simple || next === "upstream") launch(wanted)
    else void start(requestOf(choiceOf(wanted), false).request)
  }
  const words: { readonly [way in Way]: ReactNode } = {
    selected: label ??
      (all !== undefined && all.length > 1 ? `Materialize ${plural(all.length, "asset")}` : "Materialize"),
    upstream: "Materialize with upstream",
    stale: "Materialize what is stale"
  }
  const off = reason !== undefined
  const main = (
    <Button
      kind={kind}
      size={size}
      icon={Play}
      busy={busy}
      disabled={off}
      title={off
        ? undefined
        : simple && way !== "upstream"
        ? "Launches at once. Shift-click to choose more."
        : undefined}
      onClick={(event) => go(way, event.shiftKey)}
      className="rounded-r-none"
    >
      {words[way]}
      {simple && way !== "upstream" ? null : "…"}
    </Button>
  )
  return (
    <span className={classes("inline-flex", className)}>
      {off ? <Tooltip text={reason}>{main}</Tooltip> : main}
      <Menu
        label="Ways to materialize"
        side="bottom-end"
        trigger={(props) => (
          <Button
            {...props}
            kind={kind}
            size={size}
            disabled={off}
            {...off ? { popoverTarget: undefined } : {}}
            aria-label="Other ways to materialize"
            className={classes("rounded-l-none px-1.5", kind === "primary" ? "border-l-surface/40" : "border-l-0")}
          >
            <ChevronDown size={14} aria-hidden />
          </Button>
        )}
        items={[
          {
            label: all === undefined || all.length === 1 ? "This asset" : `Selected: ${plural(all.length, "asset")}`,
            icon: Play,
            onSelect: () => go("selected", false)
          },
          {
            label: "With upstream…",
            icon: Waypoints,
            hint: "Also what it is made of",
            onSelect: () => go("upstream", true)
          },
          {
            label: "Stale and missing only",
            icon: RefreshCw,
            hint: "Leaves what is up to date",
            onSelect: () => go("stale", false)
          },
          "separator",
          {
            label: "With configuration and more…",
            icon: Settings2,
            hint: "Partitions, configuration, tags, retries",
            onSelect: () => launch(options())
          },
          {
            label: "Checks only…",
            icon: ListChecks,
            disabled: !hasChecks,
            hint: hasChecks ? "Computes nothing" : "There are no checks",
            onSelect: () => launch(options({ checks: "only" }))
          }
        ]}
      />
    </span>
  )
}
