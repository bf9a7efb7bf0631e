import { useEffect, useState } from "react"
import type { Api } from "../api/index.ts"
import { followLog, followRun } from "../api/live.ts"
import { emptyRun, reduceRun, type RunView } from "./runView.ts"

/** A run as it is followed. */
export interface FollowedRun {
  readonly view: RunView
  /** `true` once something was told. */
  readonly told: boolean
  /** `true` when there is no more to come. */
  readonly ended: boolean
  readonly error: unknown
}

const nothing: FollowedRun = { view: emptyRun(), told: false, ended: false, error: undefined }

/** How long to collect events of a run with so many assets: what is shown of it costs more the larger it is. */
const pauseFor = (rows: number): number => rows < 1000 ? 0 : Math.min(250, rows / 40)

/** Follows a run from its beginning: one change of state for what a frame brings, or a part of a second of a large run. */
export const useRunView = (id: string): FollowedRun => {
  const [state, setState] = useState<{ readonly id: string; readonly run: FollowedRun }>({ id, run: nothing })
  useEffect(() => {
    let active = true
    let run = nothing
    let pending: Array<Api.Model.RunEvent> = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const change = (next: FollowedRun) => {
      run = next
      setState({ id, run })
    }
    const flush = () => {
      timer = undefined
      const events = pending
      pending = []
      change({ ...run, told: true, view: reduceRun(run.view, events) })
    }
    change(nothing)
    const stop = followRun(
      id,
      (events) => {
        // a frame may come after whoever looked has gone
        if (!active) return
        for (const event of events) pending.push(event)
        const pause = pauseFor(run.view.rows.size)
        if (pause === 0) flush()
        else timer ??= setTimeout(flush, pause)
      },
      (error) => {
        if (!active) return
        clearTimeout(timer)
        flush()
        change({ ...run, ended: true, error })
      }
    )
    return () => {
      active = false
      clearTimeout(timer)
      stop()
    }
  }, [id])
  return state.id === id ? state.run : nothing
}

/** A log as it is followed. `entries` grows in place: `version` tells that it has. */
export interface FollowedLog {
  readonly entries: ReadonlyArray<Api.Model.LogEntry>
  readonly version: number
  readonly ended: boolean
  readonly error: unknown
}

/** Follows what the programs of a run log. */
export const useRunLogEntries = (id: string): FollowedLog => {
  const [state, setState] = useState<FollowedLog>({ entries: [], version: 0, ended: false, error: undefined })
  useEffect(() => {
    let active = true
    const entries: Array<Api.Model.LogEntry> = []
    const known = new Set<number>()
    setState({ entries, version: 0, ended: false, error: undefined })
    const stop = followLog(
      id,
      (more) => {
        if (!active) return
        for (const entry of more) {
          if (known.has(entry.seq)) continue
          known.add(entry.seq)
          entries.push(entry)
        }
        setState((before) => ({ ...before, version: before.version + 1 }))
      },
      (error) => active && setState((before) => ({ ...before, ended: true, error }))
    )
    return () => {
      active = false
      stop()
    }
  }, [id])
  return state
}

/** What time it is, while `ticking`; the time of the last tick after that. */
export const useNow = (ticking: boolean, millis = 250): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!ticking) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), millis)
    return () => clearInterval(timer)
  }, [ticking, millis])
  return now
}

/** `true` where the window is at least so wide. */
export const useWide = (pixels: number): boolean => {
  const query = `(min-width: ${pixels}px)`
  const [wide, setWide] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const change = () => setWide(list.matches)
    change()
    list.addEventListener("change", change)
    return () => list.removeEventListener("change", change)
  }, [query])
  return wide
}
