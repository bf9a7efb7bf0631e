import { classes } from "../kit/index.ts"
import { useSwitch } from "./data.ts"

/** Whether an automation is on, and a way to start or stop it. */
export const RunningSwitch = ({ name, running, label }: {
  readonly name: string
  readonly running: boolean
  /** Says it in words beside the switch. */
  readonly label?: boolean
}) => {
  const change = useSwitch(name)
  return (
    <button
      type="button"
      role="switch"
      aria-checked={running}
      aria-busy={change.busy || undefined}
      aria-label={label === true ? undefined : name}
      title={running ? "It is on. Click to stop it." : "It is off. Click to start it."}
      onClick={(event) => {
        event.stopPropagation()
        if (!change.busy) void change.run(!running)
      }}
      className="inline-flex min-h-6 min-w-8 items-center gap-2 rounded-full text-sm"
    >
      <span
        aria-hidden
        className={classes(
          "flex h-[18px] w-8 items-center rounded-full border p-px transition-colors",
          running ? "border-accent bg-accent" : "border-border-strong bg-surface-3",
          change.busy && "animate-pulse"
        )}
      >
        <span
          className={classes(
            "size-3.5 rounded-full transition-transform",
            running ? "translate-x-3.5 bg-on-accent" : "bg-text-3"
          )}
        />
      </span>
      {label === true ? <span className="font-medium">{running ? "Running" : "Stopped"}</span> : null}
    </button>
  )
}
