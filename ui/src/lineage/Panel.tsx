/** What is told of the assets that are selected in the graph, and what can be done with them. */
import { Link } from "@tanstack/react-router"
import { ArrowDownToLine, ArrowUpFromLine, ExternalLink, Focus, GitFork, X } from "lucide-react"
import { type ReactNode, useMemo } from "react"
import { type Api, type AssetNode, type Graph, useAsset, useStatus } from "../api/index.ts"
import { noGroup, triedText, words } from "../assets/catalog.ts"
import { fact } from "../assets/fact.ts"
import { Neighbours } from "../assets/Overview.tsx"
import { selectKeys } from "../assets/selection.ts"
import { AssetState, Causes, ChecksSummary, FreshnessBadge, PartitionsBar, Tried } from "../assets/Status.tsx"
import {
  AssetName,
  Badge,
  Button,
  buttonClasses,
  IconButton,
  KeyValue,
  linkClasses,
  lookOf,
  Markdown,
  Menu,
  RelativeTime,
  RunLink,
  StatusDot
} from "../kit/index.ts"
import { MaterializeButton } from "../launch/index.ts"
import type { LineageSearch } from "../search.ts"
import { summaryOf } from "./summary.ts"
import { allHops, neighboursOf, nodesByKey } from "./view.ts"

type Word = Api.Model.StatusWord

/** What a selection can be extended by. */
export type Extension = "up" | "down" | "next"

interface Actions {
  readonly onExtend: (by: Extension) => void
  readonly onClear: () => void
}

const Section = ({ children, title }: { readonly title: ReactNode; readonly children: ReactNode }) => (
  <section className="flex flex-col gap-1.5 border-t border-border px-4 py-3">
    <h3 className="text-xs font-semibold text-text-2">{title}</h3>
    {children}
  </section>
)

const SelectMenu = ({ onExtend }: Pick<Actions, "onExtend">) => (
  <Menu
    label="Select more"
    trigger={(props) => <Button {...props} size="sm" icon={GitFork}>Select…</Button>}
    items={[
      { label: "All upstream too", icon: ArrowUpFromLine, onSelect: () => onExtend("up") },
      { label: "All downstream too", icon: ArrowDownToLine, onSelect: () => onExtend("down") },
      { label: "Neighbours too", icon: GitFork, hint: "One step up and down", onSelect: () => onExtend("next") }
    ]}
  />
)

const FocusMenu = ({ assetKey, onSearch }: {
  readonly assetKey: string
  readonly onSearch: (search: LineageSearch) => void
}) => (
  <Menu
    label="Lineage of this asset"
    trigger={(props) => <Button {...props} size="sm" icon={Focus}>Focus…</Button>}
    items={[
      { label: "1 step up and down", onSelect: () => onSearch({ focus: assetKey, hops: 1 }) },
      { label: "2 steps up and down", onSelect: () => onSearch({ focus: assetKey, hops: 2 }) },
      { label: "3 steps up and down", onSelect: () => onSearch({ focus: assetKey, hops: 3 }) },
      "separator",
      { label: "Everything up and down", onSelect: () => onSearch({ focus: assetKey, hops: allHops }) },
      {
        label: "Everything upstream",
        icon: ArrowUpFromLine,
        onSelect: () => onSearch({ focus: assetKey, hops: allHops, direction: "up" })
      },
      {
        label: "Everything downstream",
        icon: ArrowDownToLine,
        onSelect: () => onSearch({ focus: assetKey, hops: allHops, direction: "down" })
      }
    ]}
  />
)

const One = ({ graph, node, onClear, onExtend, onSearch }: Actions & {
  readonly graph: Graph
  readonly node: AssetNode
  readonly onSearch: (search: LineageSearch) => void
}) => {
  const { key } = node
  const status = useStatus(key)
  const { data } = useAsset(key)
  const keys = useMemo(() => [key], [key])
  const upstream = useMemo(() => neighboursOf(graph, key, "up"), [graph, key])
  const downstream = useMemo(() => neighboursOf(graph, key, "down"), [graph, key])
  const description = data?.key === key ? data.description : node.summary
  const { checks, freshness, last, partitions } = status ?? {}
  return (
    <>
      <div className="flex flex-col gap-2.5 px-4 pt-3 pb-3">
        <div className="flex items-start gap-2">
          <h2 className="min-w-0 flex-1 text-base break-words">
            <AssetName assetKey={key} />
          </h2>
          <IconButton icon={X} label="Clear the selection" size="sm" onClick={onClear} />
        </div>
        <div className="flex flex-wrap items-center gap-1.5">
          <AssetState node={node} status={status} />
          {node.kinds.map((kind) => <Badge key={kind}>{kind}</Badge>)}
          {node.multi === undefined ? null : <Badge title="Computed together with others">{node.multi}</Badge>}
        </div>
        <div className="flex flex-wrap gap-1.5">
          <MaterializeButton keys={keys} size="sm" />
          <Link to="/asset" search={{ key }} className={buttonClasses("secondary", "sm")}>
            <ExternalLink size={14} aria-hidden />
            Open
          </Link>
          <FocusMenu assetKey={key} onSearch={onSearch} />
          <SelectMenu onExtend={onExtend} />
        </div>
      </div>
      {status === undefined || triedText(status) === undefined ? null : (
        <Section title="Latest try">
          <Tried assetKey={key} status={status} />
        </Section>
      )}
      {status === undefined || status.causes.length === 0 ? null : (
        <Section title="Why it is stale">
          <Causes status={status} />
        </Section>
      )}
      {description === undefined ? null : (
        <Section title="Description">
          <Markdown text={description} className="line-clamp-6 text-sm" />
        </Section>
      )}
      <Section title="State">
        <KeyValue
          items={[
            fact(
              "Last",
              last === undefined
                ? "Never"
                : (
                  <>
                    <RelativeTime at={last.timestamp} />
                    {last.partition === undefined ? null : <>, {last.partition}</>}
                    {last.runId === undefined ? null : (
                      <>
                        {" "}in <RunLink id={last.runId} />
                      </>
                    )}
                  </>
                )
            ),
            fact(
              "Group",
              <Link to="/lineage" search={{ group: node.group ?? noGroup }} className={linkClasses}>
                {node.group ?? noGroup}
              </Link>
            ),
            fact("Owners", node.owners.length === 0 ? undefined : node.owners.join(", ")),
            fact(
              "Partitions",
              partitions === undefined || partitions.total === 0 ? undefined : <PartitionsBar partitions={partitions} />
            ),
            fact("Checks", node.checks === 0 || checks === undefined ? undefined : <ChecksSummary checks={checks} />),
            fact("Freshness", freshness === undefined ? undefined : <FreshnessBadge freshness={freshness} />)
          ]}
        />
      </Section>
      <Section title={`Upstream (${upstream.length})`}>
        <div className="-mx-4">
          <Neighbours key={key} keys={upstream} graph={graph} empty="It depends on no other asset." />
        </div>
      </Section>
      <Section title={`Downstream (${downstream.length})`}>
        <div className="-mx-4">
          <Neighbours key={key} keys={downstream} graph={graph} empty="No other asset depends on it." />
        </div>
      </Section>
    </>
  )
}

const Counts = ({ keys, onSelect, wordOf }: {
  readonly keys: ReadonlyArray<string>
  readonly wordOf: (key: string) => Word | undefined
  readonly onSelect: (keys: ReadonlyArray<string>) => void
}) => {
  const { counts } = useMemo(() => summaryOf(keys, wordOf), [keys, wordOf])
  return (
    <ul className="-mx-1.5">
      {words.map((word) => {
        const count = counts.get(word) ?? 0
        return count === 0 ? null : (
          <li key={word}>
            <button
              type="button"
              title="Select these"
              onClick={() => onSelect(keys.filter((key) => wordOf(key) === word))}
              className="flex min-h-7 w-full items-center gap-2 rounded-md px-1.5 text-left hover:bg-surface-2"
            >
              <StatusDot status={word} label="" />
              <span className="flex-1">{lookOf(word).label}</span>
              <span className="text-text-2 tabular-nums">{count.toLocaleString("en")}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

const mostListed = 50
/** So many keys have space in an address. */
const mostInAddress = 100

const Several = ({ graph, keys, onClear, onExtend, onSearch, onSelect, wordOf }: Actions & {
  readonly graph: Graph
  readonly keys: ReadonlyArray<string>
  readonly wordOf: (key: string) => Word | undefined
  readonly onSelect: (keys: ReadonlyArray<string>) => void
  readonly onSearch: (search: LineageSearch) => void
}) => (
  <>
    <div className="flex flex-col gap-2.5 px-4 pt-3 pb-3">
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 text-base font-semibold">{keys.length.toLocaleString("en")} assets</h2>
        <IconButton icon={X} label="Clear the selection" size="sm" onClick={onClear} />
      </div>
      <div className="flex flex-wrap gap-1.5">
        <MaterializeButton keys={keys} size="sm" label={`Materialize ${keys.length.toLocaleString("en")}`} />
        <SelectMenu onExtend={onExtend} />
        {keys.length > mostInAddress
          ? null
          : (
            <Button size="sm" icon={Focus} onClick={() => onSearch({ select: selectKeys(keys) })}>
              Show only these
            </Button>
          )}
      </div>
    </div>
    <Section title="By state">
      <Counts keys={keys} wordOf={wordOf} onSelect={onSelect} />
    </Section>
    <Section title="Selected">
      <ul className="-mx-1.5">
        {keys.slice(0, mostListed).map((key) => {
          const node = nodesByKey(graph)(key)
          const word = wordOf(key)
          return node === undefined ? null : (
            <li key={key}>
              <button
                type="button"
                title={key}
                onClick={() => onSelect([key])}
                className="flex min-h-7 w-full items-center gap-2 rounded-md px-1.5 text-left hover:bg-surface-2"
              >
                <StatusDot status={word ?? "Unknown"} />
                <span className="min-w-0 truncate">
                  <AssetName assetKey={key} />
                </span>
              </button>
            </li>
          )
        })}
      </ul>
      {keys.length <= mostListed
        ? null
        : <p className="text-xs text-text-3">and {(keys.length - mostListed).toLocaleString("en")} more</p>}
    </Section>
  </>
)

/** What is told of the assets that are selected. */
export const Panel = ({ graph, onSearch, onSelect, selected, wordOf, ...actions }: Actions & {
  readonly graph: Graph
  readonly selected: ReadonlyArray<string>
  readonly wordOf: (key: string) => Word | undefined
  readonly onSelect: (keys: ReadonlyArray<string>) => void
  readonly onSearch: (search: LineageSearch) => void
}) => {
  const one = selected.length === 1 ? nodesByKey(graph)(selected[0]!) : undefined
  return one !== undefined
    ? <One graph={graph} node={one} onSearch={onSearch} {...actions} />
    : selected.length > 1
    ? (
      <Several
        graph={graph}
        keys={selected}
        onSelect={onSelect}
        onSearch={onSearch}
        wordOf={wordOf}
        {...actions}
      />
    )
    : null
}
