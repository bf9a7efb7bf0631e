import { CircleX, RotateCw, WifiOff } from "lucide-react"
import { useConnection, useDeployment, useReload } from "../api/index.ts"
import { Button } from "../kit/Button.tsx"
import { Time } from "../kit/Time.tsx"

/** What concerns every page: definitions that could not be loaded, a server that does not answer. */
export const Banners = () => {
  const deployment = useDeployment()
  const { status } = useConnection()
  const reload = useReload()
  const error = deployment?.loadError
  return (
    <>
      {status !== "disconnected" ?
        null :
        (
          <div
            role="alert"
            className="flex items-center gap-2 border-b border-border bg-failed-soft px-4 py-2 text-failed-text"
          >
            <WifiOff size={15} aria-hidden className="shrink-0" />
            <p className="text-sm">
              The server does not answer. Start it with{" "}
              <code className="font-mono text-xs">effect-assets dev</code>: this page goes on by itself.
            </p>
          </div>
        )}
      {error === undefined ?
        null :
        (
          <div
            role="alert"
            className="flex items-start gap-2 border-b border-border bg-failed-soft px-4 py-2 text-failed-text"
          >
            <CircleX size={15} aria-hidden className="mt-0.5 shrink-0" />
            <div className="min-w-0 flex-1">
              <p className="text-sm font-medium break-words">
                The definitions could not be loaded (<Time at={error.at} format="time" />).{" "}
                <span className="font-normal">{error.message}</span>
              </p>
              <details className="mt-0.5 text-sm">
                <summary className="inline-block min-h-6 rounded">
                  What was loaded before goes on. <span className="underline">Details</span>
                </summary>
                <pre tabIndex={0} className="mt-1 max-h-60 overflow-auto font-mono text-xs whitespace-pre-wrap">
                {error.cause}
                </pre>
              </details>
            </div>
            <Button size="sm" icon={RotateCw} busy={reload.busy} onClick={() => void reload.run()}>Load again</Button>
          </div>
        )}
    </>
  )
}
