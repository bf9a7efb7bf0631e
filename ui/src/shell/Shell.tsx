import { Outlet } from "@tanstack/react-router"
import { PanelLeftClose, PanelLeftOpen } from "lucide-react"
import { lazy, Suspense, useEffect } from "react"
import { useDeployment } from "../api/index.ts"
import { startLive } from "../api/live.ts"
import { useExternal } from "../external.ts"
import { IconButton } from "../kit/Button.tsx"
import { classes } from "../kit/classes.ts"
import { Drawer } from "../kit/Dialog.tsx"
import { Toasts } from "../kit/Toasts.tsx"
import { Banners } from "./Banners.tsx"
import { navCollapsed, navOpen, paletteOpen, toggleNav } from "./navigation.ts"
import { Navigation } from "./Navigation.tsx"
import { TopBar } from "./TopBar.tsx"

const PaletteDialog = lazy(() => import("./PaletteDialog.tsx"))
const LaunchDialog = lazy(async () => ({ default: (await import("../launch/LaunchDialog.tsx")).LaunchDialog }))

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], dialog") !== null

/** Ctrl-K or ⌘K anywhere, and `/` where nobody types. */
const usePaletteKeys = (): void =>
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      const shortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey
      const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)
      if (!shortcut && !slash) return
      event.preventDefault()
      paletteOpen.set(true)
    }
    addEventListener("keydown", open)
    return () => removeEventListener("keydown", open)
  }, [])

const Brand = ({ narrow }: { readonly narrow: boolean }) => {
  const deployment = useDeployment()
  return (
    <div
      className={classes(
        "flex h-12 shrink-0 items-center gap-2 border-b border-border",
        narrow ? "justify-center" : "pr-2 pl-4"
      )}
    >
      {narrow ? null : (
        <>
          <img src="./favicon.svg" alt="" width={20} height={20} />
          <div className="min-w-0 flex-1 leading-tight">
            <p className="truncate text-sm font-semibold">effect-assets</p>
            {deployment === undefined ?
              null :
              <p className="truncate text-2xs text-text-3" title={deployment.module}>{deployment.module}</p>}
          </div>
        </>
      )}
      <IconButton
        icon={narrow ? PanelLeftOpen : PanelLeftClose}
        label={narrow ? "Widen the navigation" : "Narrow the navigation"}
        size="sm"
        onClick={toggleNav}
      />
    </div>
  )
}

/** What is around every page: the navigation, the top bar, the search palette, messages. */
export const Shell = () => {
  const narrow = useExternal(navCollapsed)
  const open = useExternal(navOpen)
  const searching = useExternal(paletteOpen)
  usePaletteKeys()
  useEffect(startLive, [])
  return (
    <div className="flex h-full">
      <a
        href="#main"
        onClick={(event) => {
          // the hash is the address of the page
          event.preventDefault()
          document.getElementById("main")?.focus()
        }}
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-1.5 text-on-accent focus:translate-y-0"
      >
        Skip to the content
      </a>
      <aside
        className={classes(
          "flex shrink-0 flex-col border-r border-border bg-surface max-md:hidden",
          narrow ? "w-13" : "w-60"
        )}
      >
        <Brand narrow={narrow} />
        <Navigation narrow={narrow} />
      </aside>
      <Drawer
        open={open}
        onClose={() => navOpen.set(false)}
        title="effect-assets"
        side="left"
        className="max-w-72! [&_div]:px-0"
      >
        <Navigation />
      </Drawer>
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar />
        <Banners />
        <main id="main" tabIndex={-1} className="min-h-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <Toasts />
      <Suspense fallback={null}>
        <LaunchDialog />
      </Suspense>
      {searching
        ? (
          <Suspense fallback={null}>
            <PaletteDialog onClose={() => paletteOpen.set(false)} />
          </Suspense>
        )
        : null}
    </div>
  )
}
