/**
 * Collects what comes in and hands it over once a frame, so that any rate of it is one render. In a window that nobody sees
 * there are no frames: then ten times a second.
 */
export const perFrame = <A>(deliver: (items: ReadonlyArray<A>) => void): (item: A) => void => {
  let items: Array<A> = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    timer = undefined
    const all = items
    items = []
    deliver(all)
  }
  return (item) => {
    items.push(item)
    if (timer !== undefined) return
    frame = requestAnimationFrame(flush)
    timer = setTimeout(flush, 100)
  }
}
