import { CircleX, MoonStar } from "lucide-react"
import { classes, CopyButton } from "../kit/index.ts"
import { useDaemon } from "./data.ts"
import { daemonProblem } from "./words.ts"

const command = "npx effect-assets daemon"

/** Says so where nothing ticks, since no daemon runs, and how to start one. */
export const DaemonBanner = () => {
  const daemon = useDaemon()
  const problem = daemonProblem(daemon)
  if (problem === undefined) return null
  const Icon = problem.tone === "failed" ? CircleX : MoonStar
  return (
    <div
      role="status"
      aria-label="Daemon"
      className={classes(
        "flex shrink-0 items-start gap-2 border-b border-border px-4 py-2 text-sm",
        problem.tone === "failed" ? "bg-failed-soft text-failed-text" : "bg-stale-soft text-stale-text"
      )}
    >
      <Icon size={15} aria-hidden className="mt-0.5 shrink-0" />
      <p className="min-w-0 break-words">
        {problem.text} {daemon?.present === true ? null : (
          <>
            Start one with <code className="font-mono text-xs">effect-assets dev</code> or{" "}
            <code className="font-mono text-xs whitespace-nowrap">effect-assets daemon</code>.
          </>
        )}
      </p>
      {daemon?.present === true ?
        null :
        <CopyButton text={command} label="Copy the command that starts a daemon" className="-my-0.5" />}
    </div>
  )
}
