import { Link, useNavigate } from "@tanstack/react-router"
import { useCallback } from "react"
import { type Mutation, useMutation } from "../api/index.ts"
import { RunLink, showToast } from "../kit/index.ts"
import type { Request } from "./request.ts"

/** What was begun. */
export type Started = { readonly _tag: "Run"; readonly id: string } | { readonly _tag: "Backfill"; readonly id: string }

/** Begins a run or a backfill, says so with a link to it, and goes there where `go` says so. */
export const useStart = (
  { go = false, quiet = false }: { readonly go?: boolean; readonly quiet?: boolean } = {}
): Mutation<Request, { readonly runId: string } | { readonly backfillId: string }> & {
  readonly start: (request: Request, go?: boolean) => Promise<Started | undefined>
} => {
  const navigate = useNavigate()
  const run = useMutation(
    (client, { request }: Extract<Request, { readonly _tag: "Run" }>) => client.runs.launch({ payload: request }),
    { quiet, invalidates: () => ["runs"] }
  )
  const backfill = useMutation(
    (client, { request }: Extract<Request, { readonly _tag: "Backfill" }>) =>
      client.runs.backfill({ payload: request }),
    { quiet, invalidates: () => ["runs"] }
  )
  const job = useMutation(
    (client, { request }: Extract<Request, { readonly _tag: "Job" }>) => client.automation.runJob({ payload: request }),
    { quiet, invalidates: () => ["runs", "jobs"] }
  )
  const runRun = run.run
  const runJob = job.run
  const runBackfill = backfill.run
  const both = useCallback(
    (request: Request) =>
      request._tag === "Run" ? runRun(request) : request._tag === "Job" ? runJob(request) : runBackfill(request),
    [runRun, runJob, runBackfill]
  )
  const start = useCallback(async (request: Request, goes: boolean = go): Promise<Started | undefined> => {
    const result = await both(request)
    if (result === undefined) return undefined
    if ("runId" in result) {
      showToast({
        tone: "success",
        title: "Run launched",
        ...goes ? {} : { action: <RunLink id={result.runId}>View run</RunLink> }
      })
      if (goes) void navigate({ to: "/runs/$id", params: { id: result.runId } })
      return { _tag: "Run", id: result.runId }
    }
    showToast({
      tone: "success",
      title: "Backfill launched",
      ...goes ? {} : { action: <Link to="/runs" search={{ backfill: result.backfillId }}>View its runs</Link> }
    })
    if (goes) void navigate({ to: "/runs", search: { backfill: result.backfillId } })
    return { _tag: "Backfill", id: result.backfillId }
  }, [both, go, navigate])
  const active = [run, job, backfill].find(({ error }) => error !== undefined) ?? backfill
  return {
    run: both,
    start,
    busy: run.busy || job.busy || backfill.busy,
    error: active.error,
    reset: () => {
      run.reset()
      job.reset()
      backfill.reset()
    }
  }
}
