/** What was recorded of an asset: one event, short and in full. */
import type { Api } from "../api/index.ts"
import {
  AssetLink,
  Code,
  CodeBlock,
  CopyButton,
  Duration,
  KeyValue,
  MetadataTable,
  RunLink,
  StatusBadge,
  Time
} from "../kit/index.ts"
import { fact } from "./fact.ts"

type AssetEvent = Api.Model.AssetEvent

/** Which part of an asset an event is about, in words. */
export const partOf = (event: Pick<AssetEvent, "partition" | "partitions">): string | undefined =>
  event.partition ?? event.partitions?.text

const steps = { Succeeded: "Succeeded", Failed: "Failed", Cancelled: "Cancelled" } as const

/** An error as it was recorded: its message, and the whole cause when asked for. */
export const FailureView = ({ failure }: { readonly failure: NonNullable<AssetEvent["error"]> }) => (
  <div className="flex min-w-0 flex-col gap-2 rounded-md border border-failed bg-failed-soft p-3 text-failed-text">
    <p className="text-sm break-words whitespace-pre-wrap">
      <strong className="font-mono text-xs font-semibold">{failure.tag}</strong> {failure.message}
    </p>
    {failure.cause === "" || failure.cause === failure.message ? null : (
      <details>
        <summary className="min-h-6 w-fit content-center text-xs font-medium">Cause</summary>
        <CodeBlock code={failure.cause} label="Cause" className="mt-1" maxHeight={320} />
      </details>
    )}
  </div>
)

const isCheck = (
  because: string,
  known: (key: string) => boolean
): readonly [key: string, check: string] | undefined => {
  if (known(because)) return undefined
  const at = because.lastIndexOf(":")
  return at > 0 && known(because.slice(0, at)) ? [because.slice(0, at), because.slice(at + 1)] : undefined
}

/** The assets and checks that are behind a reason, as links. */
export const Because = ({ because, known }: {
  readonly because: ReadonlyArray<string>
  readonly known: (key: string) => boolean
}) => (
  <span className="inline-flex flex-wrap items-center gap-x-2">
    {because.map((one) => {
      const check = isCheck(one, known)
      return check === undefined
        ? known(one) ? <AssetLink key={one} assetKey={one} /> : <Code key={one}>{one}</Code>
        : <AssetLink key={one} assetKey={check[0]} tab="checks">{check[0]}: {check[1]}</AssetLink>
    })}
  </span>
)

/** A reason with the assets that it names as links; those that it does not name come after it. */
const Reason = ({ because, known, reason }: {
  readonly reason: string
  readonly because: ReadonlyArray<string>
  readonly known: (key: string) => boolean
}) => {
  const [first] = because
  // the words of a reason begin with what is behind it
  return because.length === 1 && first !== undefined && reason.startsWith(`${first} `)
    ? (
      <>
        <Because because={because} known={known} />
        {reason.slice(first.length)}
      </>
    )
    : (
      <>
        {reason} <Because because={because} known={known} />
      </>
    )
}

/** Everything about an event. */
export const EventDetails = ({ event, known, onPlot, bare }: {
  readonly event: AssetEvent
  readonly known: (key: string) => boolean
  readonly onPlot?: ((label: string) => void) | undefined
  /** Without what is in the line above it. */
  readonly bare?: boolean
}) => {
  const part = partOf(event)
  const inputs = Object.entries(event.inputVersions ?? {})
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {event.reason === undefined ? null : (
        <p className="text-sm break-words">
          {event.because === undefined
            ? event.reason
            : <Reason reason={event.reason} because={event.because} known={known} />}
        </p>
      )}
      {event.error === undefined ? null : <FailureView failure={event.error} />}
      <KeyValue
        items={[
          fact("Outcome", bare === true ? undefined : <StatusBadge status={event.outcome} />),
          fact("Time", <Time at={event.timestamp} />),
          fact("Partition", part === undefined ? undefined : <Code>{part}</Code>),
          fact("Run", event.runId === undefined ? undefined : <RunLink id={event.runId} />),
          // a range is computed several partitions at a time
          fact(
            event.partitions === undefined ? "Duration" : "Durations, added up",
            event.durationMillis === undefined ? undefined : <Duration millis={event.durationMillis} />
          ),
          fact("Attempts", event.attempts === undefined || event.attempts < 2 ? undefined : event.attempts),
          fact(
            "Data version",
            event.dataVersion === undefined ? undefined : (
              <span className="inline-flex max-w-full items-center gap-1">
                <Code>{event.dataVersion}</Code>
                <CopyButton text={event.dataVersion} label="Copy the data version" />
              </span>
            )
          ),
          fact("Code version", event.codeVersion === undefined ? undefined : <Code>{event.codeVersion}</Code>),
          fact(
            "Value",
            event.stored === false
              ? <span className="text-text-2">none: its program stores its data itself</span>
              : undefined
          )
        ]}
      />
      {Object.keys(event.metadata ?? {}).length === 0 ? null : (
        <section>
          <h3 className="mb-1 text-xs font-semibold text-text-2">Metadata</h3>
          <MetadataTable metadata={event.metadata ?? {}} onPlot={onPlot} />
        </section>
      )}
      {event.steps === undefined || event.steps.length === 0 ? null : (
        <section>
          <h3 className="mb-1 text-xs font-semibold text-text-2">Steps</h3>
          <ul className="flex flex-col gap-1">
            {event.steps.map((step, index) => (
              <li key={index} className="flex flex-wrap items-center gap-2 text-sm">
                <StatusBadge status={steps[step.status]} />
                <span className="break-words">{step.name}</span>
                <Duration millis={step.durationMillis} className="text-xs text-text-2" />
                {step.attempts < 2 ? null : <span className="text-xs text-text-2">{step.attempts} attempts</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {inputs.length === 0 ? null : (
        <details>
          <summary className="min-h-6 w-fit content-center text-xs font-semibold text-text-2">
            Data it was computed from ({inputs.length})
          </summary>
          <ul className="mt-1 flex flex-col gap-1">
            {inputs.map(([key, version]) => (
              <li key={key} className="flex flex-wrap items-center gap-x-2 text-sm">
                {known(key) ? <AssetLink assetKey={key} /> : <span className="break-all">{key}</span>}
                <Code>{version}</Code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
