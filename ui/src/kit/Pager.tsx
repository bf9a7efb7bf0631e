import { useEffect, useRef } from "react"
import { Button } from "./Button.tsx"

/** The end of a list that has more: loads it when it is scrolled to, or when its button is pressed. */
export const Pager = ({ hasMore, loading, onMore, label = "Load more" }: {
  readonly hasMore: boolean
  readonly loading: boolean
  readonly onMore: () => void
  readonly label?: string
}) => {
  const ref = useRef<HTMLDivElement>(null)
  const latest = useRef(onMore)
  latest.current = onMore
  useEffect(() => {
    const element = ref.current
    if (element === null || !hasMore || loading) return
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) latest.current()
    }, { rootMargin: "200px" })
    observer.observe(element)
    return () => observer.disconnect()
  }, [hasMore, loading])
  if (!hasMore) return null
  return (
    <div ref={ref} className="flex justify-center p-3">
      <Button size="sm" busy={loading} onClick={onMore}>{label}</Button>
    </div>
  )
}
