import { external, stored } from "../external.ts"

/** Whether the navigation is narrow. */
export const navCollapsed = external(stored.get("nav") === "collapsed")
/** Whether the navigation is open over the page, where the window is narrow. */
export const navOpen = external(false)
/** Whether the search palette is open. */
export const paletteOpen = external(false)

/** Makes the navigation narrow or wide, and keeps that in this browser. */
export const toggleNav = (): void => {
  navCollapsed.set((collapsed) => !collapsed)
  stored.set("nav", navCollapsed.get() ? "collapsed" : undefined)
}
