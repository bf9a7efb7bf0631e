/** What is asked before the history of an asset is changed by hand. */
import { useState } from "react"
import { type Api, useMutation } from "../api/index.ts"
import { Button, Dialog, problemOf, showToast, TextField } from "../kit/index.ts"

/** Asks whether the history of an asset is to be forgotten, and says what stays. */
export const WipeDialog = ({ assetKey, onClose, open }: {
  readonly assetKey: string
  readonly open: boolean
  readonly onClose: () => void
}) => {
  const wipe = useMutation((client, keys: ReadonlyArray<string>) => client.assets.wipe({ payload: { keys } }), {
    invalidates: () => [`asset:${assetKey}`, "assets"],
    onSuccess: () => {
      showToast({ tone: "success", title: `The history of ${assetKey} is forgotten` })
      onClose()
    }
  })
  return (
    <Dialog
      open={open}
      onClose={onClose}
      size="sm"
      title={`Wipe the history of ${assetKey}?`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" busy={wipe.busy} onClick={() => void wipe.run([assetKey])}>Wipe history</Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        <p>
          <strong>Forgotten:</strong>{" "}
          what was materialized, observed, skipped and failed, with its metadata and data versions, and what its checks
          found. It is missing until it is materialized again.
        </p>
        <p>
          <strong>Stays:</strong> the stored values themselves, its definition, and the list of runs with their logs.
        </p>
        <p className="text-text-2">This cannot be undone.</p>
      </div>
    </Dialog>
  )
}

const readMetadata = (
  text: string
): { readonly metadata?: NonNullable<Api.Model.ReportRequest["metadata"]> } | { readonly problem: string } => {
  if (text.trim() === "") return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      // parsed from JSON just above
      ? { metadata: value as NonNullable<Api.Model.ReportRequest["metadata"]> }
      : { problem: "Write a JSON object, such as { \"rows\": 12 }" }
  } catch {
    return { problem: "It is no JSON: names and texts stand in double quotes" }
  }
}

/** Records a materialization that something else has done. */
export const ReportDialog = ({ assetKey, external, onClose, open, partitioned }: {
  readonly assetKey: string
  readonly external: boolean
  readonly partitioned: boolean
  readonly open: boolean
  readonly onClose: () => void
}) => {
  const [dataVersion, setDataVersion] = useState("")
  const [partition, setPartition] = useState("")
  const [metadata, setMetadata] = useState("")
  const report = useMutation(
    (client, payload: Api.Model.ReportRequest) => client.assets.report({ payload }),
    {
      quiet: true,
      invalidates: () => [`asset:${assetKey}`, "assets", "runs"],
      onSuccess: () => {
        showToast({ tone: "success", title: `Recorded for ${assetKey}` })
        onClose()
      }
    }
  )
  const read = readMetadata(metadata)
  const problem = "problem" in read ? read.problem : undefined
  const send = () => {
    if ("problem" in read) return
    void report.run({
      key: assetKey,
      ...dataVersion.trim() === "" ? {} : { dataVersion: dataVersion.trim() },
      ...partition.trim() === "" ? {} : { partition: partition.trim() },
      ...read
    })
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={external ? `Report new data of ${assetKey}` : `Report a materialization of ${assetKey}`}
      description="Records that something else has written its data. Nothing is run, and nothing is stored."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={report.busy} disabled={problem !== undefined} onClick={send}>Record</Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        {partitioned
          ? (
            <TextField
              label="Partition"
              mono
              value={partition}
              onChange={setPartition}
              hint="Of an asset with partitions, the key of one"
            />
          )
          : null}
        <TextField
          label="Data version"
          mono
          value={dataVersion}
          onChange={setDataVersion}
          hint="Two reports with the same version are the same data. Left out, it counts as new data."
        />
        <TextField
          label="Metadata (JSON)"
          mono
          value={metadata}
          onChange={setMetadata}
          placeholder='{ "rows": 12 }'
          error={problem}
        />
        {report.error === undefined
          ? null
          : (
            <p role="alert" className="text-sm break-words whitespace-pre-wrap text-failed-text">
              {problemOf(report.error).detail ?? problemOf(report.error).title}
            </p>
          )}
        <button type="submit" hidden>Record</button>
      </form>
    </Dialog>
  )
}
