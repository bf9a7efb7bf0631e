/** A field that finds an asset in the graph. */
import { Search } from "lucide-react"
import { useId, useMemo, useRef, useState } from "react"
import type { AssetNode } from "../api/index.ts"
import { AssetName, classes } from "../kit/index.ts"
import { searchTexts } from "../shell/match.ts"

/** A field that finds an asset: arrow keys move in what is found, Enter goes there. */
export const FindAsset = ({ assets, className, isShown, onFind }: {
  readonly assets: ReadonlyArray<AssetNode>
  /** Whether an asset is in what is shown now. */
  readonly isShown: (key: string) => boolean
  readonly onFind: (key: string) => void
  readonly className?: string
}) => {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState("")
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const found = useMemo(
    () => open && text.trim() !== "" ? searchTexts(assets, ({ key }) => key, text, 10) : [],
    [assets, open, text]
  )
  const shown = open && text.trim() !== ""
  const current = found[Math.min(at, found.length - 1)]
  const choose = (key: string) => {
    setOpen(false)
    setText("")
    setAt(0)
    onFind(key)
  }
  return (
    <div className={classes("relative", className)}>
      <Search size={14} aria-hidden className="pointer-events-none absolute top-2 left-2.5 text-text-3" />
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Find an asset"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && current !== undefined ? `${id}-${current.key}` : undefined}
        placeholder="Find an asset"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
          setOpen(true)
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            if (!shown) return
            setText("")
          } else if (event.key === "Enter") {
            if (current === undefined) return
            choose(current.key)
          } else if (event.key === "ArrowDown") setAt(Math.min(at + 1, Math.max(0, found.length - 1)))
          else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1))
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
        className="h-8 w-full rounded-md border border-border-strong bg-surface pr-2 pl-8 text-sm"
      />
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label="Assets that are found"
        hidden={!shown}
        className="absolute top-9 left-0 z-30 max-h-80 w-80 max-w-[calc(100vw-24px)] overflow-auto rounded-lg border border-border bg-surface p-1 shadow-float"
      >
        {found.map(({ key }, index) => (
          <li
            key={key}
            id={`${id}-${key}`}
            role="option"
            aria-selected={key === current?.key}
            // before the field loses the focus
            onPointerDown={(event) => {
              event.preventDefault()
              choose(key)
            }}
            onPointerMove={() => setAt(index)}
            className="flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm aria-selected:bg-surface-2"
          >
            <span className="min-w-0 flex-1 break-words">
              <AssetName assetKey={key} />
            </span>
            {isShown(key) ? null : <span className="shrink-0 text-xs text-text-3">in the whole graph</span>}
          </li>
        ))}
        {shown && found.length === 0
          ? <li role="option" aria-selected={false} className="px-2 py-1.5 text-sm text-text-2">Nothing found</li>
          : null}
      </ul>
    </div>
  )
}
