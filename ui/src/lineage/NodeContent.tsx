/** What is within the button of an asset in the graph: its name, its state, and what is worth a mark. */
import "./lineage.css"
import { ShieldAlert } from "lucide-react"
import { memo } from "react"
import { type AssetNode, statusOf, useStatus } from "../api/index.ts"
import { BarePartitionsBar, statusLabel } from "../assets/Status.tsx"
import { classes, lookOf, StatusDot, toneText, Tooltip } from "../kit/index.ts"
import { kindsText, whyText } from "./summary.ts"
import { nameParts } from "./view.ts"

/** So many characters have space in a node. */
const maxName = 25

const Name = ({ assetKey }: { readonly assetKey: string }) => {
  const [prefix, name] = nameParts(assetKey)
  if (assetKey.length <= maxName || prefix === "") {
    return (
      <>
        <span className="text-text-3">{prefix}</span>
        <span className="font-medium">{name}</span>
      </>
    )
  }
  return (
    <>
      <span className="sr-only">{assetKey}</span>
      <span aria-hidden>
        <span className="text-text-3">…/</span>
        <span className="font-medium">{name}</span>
      </span>
    </>
  )
}

/** What is within the button of an asset in the graph. It follows the state of its asset. */
export const NodeContent = memo(({ focus, node, outside }: {
  readonly node: AssetNode
  /** It is shown as a neighbour. */
  readonly outside: boolean
  /** The others are shown for its sake. */
  readonly focus: boolean
}) => {
  const status = useStatus(node.key)
  const word = statusOf(node, status)
  const look = lookOf(word)
  const kinds = kindsText(node)
  const partitions = status?.partitions
  const failing = (status?.checks.failed ?? 0) + (status?.checks.warned ?? 0)
  const label = statusLabel(word, status)
  return (
    <span
      data-word={word}
      data-outside={outside || undefined}
      data-external={node.external || undefined}
      data-focus={focus || undefined}
      className="flex min-w-0 flex-col gap-px"
    >
      <span
        title={node.key}
        className={classes("truncate text-sm leading-[18px]", outside && "text-text-2 [&_span]:font-normal")}
      >
        <Name assetKey={node.key} />
      </span>
      <span className="flex min-w-0 items-center gap-1.5 text-2xs">
        <Tooltip
          text={status === undefined ? undefined : whyText(status) || undefined}
          describes={false}
        >
          <span className={classes("inline-flex min-w-0 items-center gap-1", toneText[look.tone])}>
            <StatusDot status={word} size={12} label="" />
            <span className="truncate">{label}</span>
          </span>
        </Tooltip>
        {failing === 0 ? null : (
          <span
            role="img"
            aria-label={`${failing} check${failing === 1 ? "" : "s"} failing`}
            title={`${failing} check${failing === 1 ? "" : "s"} failing`}
            className={classes(
              "inline-flex shrink-0 items-center gap-0.5 tabular-nums",
              (status?.checks.failed ?? 0) > 0 ? toneText.failed : toneText.stale
            )}
          >
            <ShieldAlert size={12} aria-hidden />
            {failing}
          </span>
        )}
        <span className="ml-auto flex min-w-0 shrink-[4] items-center gap-1.5">
          {partitions === undefined || partitions.total === 0
            ? null
            : <BarePartitionsBar partitions={partitions} className="w-8! shrink-0" />}
          {kinds === undefined ? null : (
            <span
              title={node.kinds.join(", ")}
              className="min-w-0 truncate rounded bg-surface-3 px-1 leading-4 text-text-2"
            >
              {kinds}
            </span>
          )}
        </span>
      </span>
    </span>
  )
})
