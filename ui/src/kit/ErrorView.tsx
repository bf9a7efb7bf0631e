import { CircleX, RotateCw } from "lucide-react"
import { Button } from "./Button.tsx"
import { problemOf } from "./problem.ts"

/** What went wrong, and a way to try again. `error` is any error; a problem of the API shows its title and detail. */
export const ErrorView = ({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) => {
  const { detail, title } = problemOf(error)
  return (
    <div role="alert" className="m-4 flex gap-3 rounded-lg border border-failed bg-failed-soft p-4 text-failed-text">
      <CircleX size={18} aria-hidden className="mt-0.5 shrink-0" />
      <div className="flex min-w-0 flex-col items-start gap-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        {detail === undefined ?
          null :
          <p className="max-h-60 overflow-auto text-sm break-words whitespace-pre-wrap">{detail}</p>}
        {retry === undefined ? null : <Button size="sm" icon={RotateCw} onClick={retry}>Try again</Button>}
      </div>
    </div>
  )
}
