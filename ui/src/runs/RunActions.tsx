import { useNavigate } from "@tanstack/react-router"
import { Ban, RotateCcw, SlidersHorizontal, StepForward } from "lucide-react"
import { useState } from "react"
import { type Api, useAsset, useGraph, useMutation } from "../api/index.ts"
import { Button, CodeBlock, Dialog, EmptyState, ErrorView, Skeleton, TextField } from "../kit/index.ts"
import { ConfigForm, hasBadJson } from "../launch/ConfigForm.tsx"
import { readProblem } from "../launch/configSchema.ts"
import { useLaunch } from "../launch/launch.ts"
import { plural } from "../launch/request.ts"
import { givenTags } from "./runsModel.ts"

type Detail = Api.Model.RunDetail

/** Asks a run to end; where much is left, it asks first. `left`: how many assets have not ended. */
export const CancelButton = ({ id, left, requested, size = "md", assets }: {
  readonly id: string
  readonly left: number
  readonly requested: boolean
  readonly size?: "sm" | "md"
  /** What is cancelled, for screen readers where there are many buttons. */
  readonly assets?: string
}) => {
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState("")
  const cancel = useMutation(
    (client, reason: string) =>
      client.runs.cancel({ params: { id }, payload: reason.trim() === "" ? {} : { reason: reason.trim() } }),
    { invalidates: () => ["runs", `run:${id}`], onSuccess: () => setOpen(false) }
  )
  return (
    <>
      <Button
        size={size}
        icon={Ban}
        busy={cancel.busy}
        disabled={requested}
        {...assets === undefined ? {} : { "aria-label": requested ? `Cancelling ${assets}` : `Cancel ${assets}` }}
        onClick={() => left > 1 ? setOpen(true) : void cancel.run("")}
      >
        {requested ? "Cancelling…" : "Cancel"}
      </Button>
      <Dialog
        open={open}
        size="sm"
        onClose={() => setOpen(false)}
        title="Cancel this run?"
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Let it run</Button>
            <Button kind="danger" icon={Ban} busy={cancel.busy} onClick={() => void cancel.run(reason)}>
              Cancel the run
            </Button>
          </>
        }
      >
        <p className="mb-3 text-sm">
          {plural(left, "asset has", "assets have")}{" "}
          not ended. What is being computed is interrupted, and its resources are released; what was materialized stays.
          “Retry from failure” goes on from there.
        </p>
        <TextField label="Reason (optional)" value={reason} onChange={setReason} maxLength={500} />
      </Dialog>
    </>
  )
}

const HiddenConfig = ({ name, value, onChange, problem }: {
  readonly name: string
  readonly value: unknown
  readonly onChange: (value: unknown) => void
  readonly problem: string | undefined
}) => {
  const { graph } = useGraph()
  // the name is that of a multi-asset, whose outputs have its schema
  const key = graph?.assets.find((asset) => asset.key === name || asset.multi === name)?.key
  const { data, error } = useAsset(key)
  return (
    <fieldset className="rounded-md border border-border p-3">
      <legend className="px-1 font-mono text-xs font-medium">{name}</legend>
      {error !== undefined
        ? <ErrorView error={error} />
        : data === undefined && key !== undefined
        ? <Skeleton className="h-16 w-full" />
        : (
          <ConfigForm
            label={`Configuration of ${name}`}
            schema={data?.configSchema}
            value={value}
            onChange={onChange}
            {...problem === undefined ? {} : { problems: readProblem(problem) }}
          />
        )}
    </fieldset>
  )
}

/** Computes in a new run what this one did not. Configuration with secrets was not recorded, so it is asked for. */
export const RetryButton = ({ run }: { readonly run: Detail }) => {
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [config, setConfig] = useState<{ readonly [name: string]: unknown }>({})
  const retry = useMutation(
    (client, config: { readonly [name: string]: unknown }) =>
      client.runs.retry({
        params: { id: run.id },
        payload: Object.keys(config).length === 0
          ? {}
          // a form gives JSON
          : { config: config as { readonly [name: string]: never } }
      }),
    {
      quiet: open,
      invalidates: () => ["runs", `run:${run.id}`],
      onSuccess: ({ runId }) => {
        setOpen(false)
        void navigate({ to: "/runs/$id", params: { id: runId } })
      }
    }
  )
  const { error } = retry
  const problems = typeof error === "object" && error !== null && "problems" in error && Array.isArray(error.problems)
    ? error.problems as ReadonlyArray<{ readonly key: string; readonly problem: string }>
    : []
  const bad = Object.values(config).some(hasBadJson)
  return (
    <>
      <Button
        kind="primary"
        icon={StepForward}
        busy={retry.busy}
        onClick={() => run.configHidden.length > 0 ? setOpen(true) : void retry.run({})}
      >
        Retry from failure
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Retry from failure"
        description="This configuration holds secrets, so it was not recorded with the run."
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button
              kind="primary"
              icon={StepForward}
              busy={retry.busy}
              disabled={bad}
              onClick={() => void retry.run(config)}
            >
              Retry
            </Button>
          </>
        }
      >
        <div className="flex flex-col gap-3">
          {error === undefined || problems.length > 0 ? null : <ErrorView error={error} />}
          {run.configHidden.map((name) => (
            <HiddenConfig
              key={name}
              name={name}
              value={Object.hasOwn(config, name) ? config[name] : undefined}
              problem={problems.find(({ key }) => key === name)?.problem}
              onChange={(value) =>
                setConfig((before) =>
                  Object.fromEntries([
                    ...Object.entries(before).filter(([key]) => key !== name),
                    ...value === undefined ? [] : [[name, value] as const]
                  ])
                )}
            />
          ))}
        </div>
      </Dialog>
    </>
  )
}

/** Opens the launch dialog for the same assets, configuration and tags. */
export const AgainButton = ({ run }: { readonly run: Detail }) => {
  const launch = useLaunch()
  const { partitions } = run
  return (
    <Button
      icon={RotateCcw}
      onClick={() =>
        launch({
          keys: run.keys,
          config: run.config,
          // it is not the run that was requested
          tags: {
            ...Object.fromEntries(givenTags(run.tags)),
            ...run.tags.job === undefined ? {} : { job: run.tags.job }
          },
          // words for several partitions are no keys
          ...partitions === undefined || /[\s…,]/.test(partitions) ? {} : { partitions: [partitions] },
          title: "Run again"
        })}
    >
      Run again
    </Button>
  )
}

/** Shows the configuration that a run was given. */
export const ConfigButton = ({ run }: { readonly run: Detail }) => {
  const [open, setOpen] = useState(false)
  const names = Object.keys(run.config)
  if (names.length === 0 && run.configHidden.length === 0) return null
  return (
    <>
      <Button icon={SlidersHorizontal} size="sm" onClick={() => setOpen(true)}>Configuration</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Configuration of this run">
        <div className="flex flex-col gap-3">
          {names.length === 0 && run.configHidden.length === 0 ? <EmptyState title="None was given" /> : null}
          {names.map((name) => (
            <section key={name}>
              <h3 className="mb-1 font-mono text-xs font-medium break-all">{name}</h3>
              <CodeBlock code={JSON.stringify(run.config[name], null, 2)} label={`Configuration of ${name}`} />
            </section>
          ))}
          {run.configHidden.map((name) => (
            <p key={name} className="text-sm text-text-2">
              <span className="font-mono text-xs text-text">{name}</span>: not recorded, since it holds secrets.
            </p>
          ))}
        </div>
      </Dialog>
    </>
  )
}
