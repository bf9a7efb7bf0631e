/** Asks the worker for layouts. Only the last request counts: those before it that wait are dropped. */
import { type FoldOptions, type GraphLayout, type InnerLayouts, layoutGraph } from "./fold.ts"
import type { GraphShape } from "./model.ts"

export interface LayoutRequest {
  readonly id: number
  /** Left out where it is the shape of the request before. */
  readonly shape: GraphShape | undefined
  readonly options: FoldOptions
}

export interface LayoutResponse {
  readonly id: number
  readonly layout: GraphLayout
}

/** What makes layouts elsewhere. */
export interface LayoutWorker {
  /** Where answers go, and who is told that there will be none. */
  readonly listen: (onResponse: (response: LayoutResponse) => void, onFailure: () => void) => void
  readonly send: (request: LayoutRequest) => void
  readonly terminate: () => void
}

export interface LayoutClient {
  /** `undefined` when a later request came in between, or the client was closed. */
  readonly request: (shape: GraphShape, options: FoldOptions) => Promise<GraphLayout | undefined>
  readonly close: () => void
}

interface Waiting {
  readonly id: number
  readonly shape: GraphShape
  readonly options: FoldOptions
  readonly resolve: (layout: GraphLayout | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Without a worker, or when it cannot be loaded, layouts are made here. */
export const makeLayoutClient = (makeWorker: () => LayoutWorker | undefined = moduleWorker): LayoutClient => {
  const cache: InnerLayouts = new Map()
  let worker: LayoutWorker | undefined
  let started = false
  let closed = false
  let ids = 0
  let sent: GraphShape | undefined
  let running: Waiting | undefined
  let next: Waiting | undefined

  const layHere = (waiting: Waiting): void => {
    queueMicrotask(() => {
      if (closed || waiting.id !== ids) return waiting.resolve(undefined)
      try {
        waiting.resolve(layoutGraph(waiting.shape, waiting.options, cache))
      } catch (error) {
        waiting.reject(error)
      }
    })
  }
  const send = (): void => {
    if (running !== undefined || next === undefined) return
    const waiting = next
    next = undefined
    if (worker === undefined) return layHere(waiting)
    running = waiting
    worker.send({
      id: waiting.id,
      shape: waiting.shape === sent ? undefined : waiting.shape,
      options: waiting.options
    })
    sent = waiting.shape
  }
  const start = (): void => {
    started = true
    try {
      worker = makeWorker()
    } catch {
      worker = undefined
    }
    if (worker === undefined) return
    worker.listen((response) => {
      const done = running
      running = undefined
      if (done?.id === response.id) done.resolve(next === undefined ? response.layout : undefined)
      send()
    }, () => {
      worker?.terminate()
      worker = undefined
      const failed = running
      running = undefined
      if (next === undefined) next = failed
      else failed?.resolve(undefined)
      send()
    })
  }
  return {
    request: (shape, options) =>
      new Promise((resolve, reject) => {
        if (closed) return resolve(undefined)
        if (!started) start()
        next?.resolve(undefined)
        next = { id: ++ids, shape, options, resolve, reject }
        send()
      }),
    close: () => {
      closed = true
      worker?.terminate()
      worker = undefined
      running?.resolve(undefined)
      next?.resolve(undefined)
      running = next = undefined
    }
  }
}

const moduleWorker = (): LayoutWorker | undefined => {
  if (typeof Worker === "undefined") return undefined
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })
  return {
    listen: (onResponse, onFailure) => {
      worker.addEventListener("message", ({ data }: MessageEvent<LayoutResponse>) => onResponse(data))
      worker.addEventListener("error", (event) => {
        event.preventDefault()
        onFailure()
      })
    },
    send: (request) => worker.postMessage(request, []),
    terminate: () => worker.terminate()
  }
}
