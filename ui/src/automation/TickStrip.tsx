import { classes, toneFill } from "../kit/index.ts"
import { useLastTicks } from "./data.ts"
import { stripText, tickTone } from "./words.ts"

/** The newest ticks of an automation as bars, the newest at the right. Those that have requested nothing are lower. */
export const TickStrip = ({ name, most = 24 }: { readonly name: string; readonly most?: number }) => {
  const ticks = useLastTicks(name, most).data?.items
  const text = ticks === undefined ? "Ticks" : stripText(ticks)
  return (
    <span role="img" aria-label={text} title={text} className="flex h-5 items-end justify-end gap-px">
      {ticks?.toReversed().map(({ id, status }) => (
        <span
          key={id}
          className={classes("w-1.5 rounded-[1px]", toneFill[tickTone[status]], status === "Skipped" ? "h-1.5" : "h-4")}
        />
      ))}
    </span>
  )
}
