import { ChevronDown, Globe, Menu as MenuIcon, Monitor, Moon, Search, Sun } from "lucide-react"
import { useConnection, useDeployment } from "../api/index.ts"
import { IconButton } from "../kit/Button.tsx"
import { classes } from "../kit/classes.ts"
import { Menu } from "../kit/Menu.tsx"
import { Spinner } from "../kit/Progress.tsx"
import { Tooltip } from "../kit/Tooltip.tsx"
import { setTheme, type ThemeChoice, useTheme } from "../theme.ts"
import { setZone, useZone, zoneName } from "../time.ts"
import { navOpen, paletteOpen } from "./navigation.ts"
import { titleSlot } from "./Page.tsx"

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

const themes: ReadonlyArray<{ readonly value: ThemeChoice; readonly label: string }> = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" }
]

const ThemeSwitch = () => {
  const theme = useTheme()
  const Icon = theme === "system" ? Monitor : theme === "dark" ? Moon : Sun
  return (
    <Menu
      label="Theme"
      side="bottom-end"
      trigger={(props) => (
        <button
          {...props}
          type="button"
          aria-label="Theme"
          title="Theme"
          className="inline-flex size-8 items-center justify-center rounded-md text-text-2 hover:bg-surface-3 hover:text-text"
        >
          <Icon size={16} aria-hidden />
        </button>
      )}
      items={themes.map(({ label, value }) => ({ label, checked: value === theme, onSelect: () => setTheme(value) }))}
    />
  )
}

const ZoneSwitch = () => {
  const zone = useZone()
  return (
    <Menu
      label="Time zone"
      side="bottom-end"
      trigger={(props) => (
        <button
          {...props}
          type="button"
          title={`Times are in ${zoneName(zone)}`}
          className="inline-flex h-8 items-center gap-1 rounded-md px-2 text-xs font-medium text-text-2 hover:bg-surface-3 hover:text-text"
        >
          <Globe size={14} aria-hidden />
          <span className="sr-only">Time zone:</span>
          <span className="max-sm:sr-only">{zone === "UTC" ? "UTC" : "Local"}</span>
          <ChevronDown size={12} aria-hidden className="max-sm:hidden" />
        </button>
      )}
      items={[
        { label: "Local", hint: zoneName("local"), checked: zone === "local", onSelect: () => setZone("local") },
        { label: "UTC", checked: zone === "UTC", onSelect: () => setZone("UTC") }
      ]}
    />
  )
}

const live = {
  connecting: { label: "Connecting", text: "Connecting to the server.", tone: "bg-missing" },
  connected: { label: "Live", text: "Connected: what changes is shown at once.", tone: "bg-fresh" },
  reconnecting: {
    label: "Reconnecting",
    text: "The connection was lost. Trying again.",
    tone: "bg-stale animate-pulse"
  },
  disconnected: {
    label: "Disconnected",
    text: "The server does not answer. What is shown may be old. It is tried again every few seconds.",
    tone: "bg-failed"
  }
}

const LiveIndicator = () => {
  const { label, text, tone } = live[useConnection().status]
  return (
    <Tooltip text={text} side="bottom-end">
      <span role="status" data-live={label} className="inline-flex h-6 items-center gap-1.5 px-1.5 text-xs text-text-2">
        <span aria-hidden className={classes("size-2 rounded-full", tone)} />
        <span className="max-md:sr-only">{label}</span>
      </span>
    </Tooltip>
  )
}

/** The bar at the top: the title of the page, the search, and how things stand. */
export const TopBar = () => {
  const deployment = useDeployment()
  return (
    <header className="flex h-12 shrink-0 items-center gap-1.5 border-b border-border bg-surface px-3 md:px-4">
      <IconButton
        icon={MenuIcon}
        label="Open the navigation"
        className="md:hidden"
        tooltip=""
        onClick={() => navOpen.set(true)}
      />
      <div ref={titleSlot.set} className="flex min-w-0 flex-1 items-center gap-3" />
      {deployment?.loading === true
        ? (
          <span className="inline-flex items-center gap-1.5 px-1.5 text-xs text-text-2">
            <Spinner size={14} label="Reloading definitions" />
            <span aria-hidden className="max-lg:hidden">Reloading definitions</span>
          </span>
        )
        : null}
      <button
        type="button"
        onClick={() => paletteOpen.set(true)}
        aria-keyshortcuts={isMac ? "Meta+K" : "Control+K"}
        className="ml-1 inline-flex h-8 items-center gap-2 rounded-md border border-border bg-surface-2 px-2 text-xs text-text-2 hover:border-border-strong lg:w-52"
      >
        <Search size={14} aria-hidden />
        <span className="flex-1 text-left max-lg:sr-only">Search…</span>
        <kbd className="font-sans text-2xs text-text-3 max-lg:hidden">{isMac ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      <LiveIndicator />
      <span className="max-sm:hidden">
        <ZoneSwitch />
      </span>
      <ThemeSwitch />
    </header>
  )
}
