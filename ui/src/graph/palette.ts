/** The colours of the theme, as the canvas needs them. */

export interface Palette {
  readonly edge: string
  readonly edgeActive: string
  readonly node: string
  readonly nodeBorder: string
  readonly text: string
  readonly box: string
  readonly boxBorder: string
  readonly selected: string
  readonly font: string
  /** The value of a colour that may be written as `var(--name)`. */
  readonly resolve: (color: string) => string
}

export const readPalette = (element: Element): Palette => {
  const style = getComputedStyle(element)
  const property = (name: string): string => style.getPropertyValue(name).trim()
  const resolved = new Map<string, string>()
  return {
    edge: property("--graph-edge"),
    edgeActive: property("--graph-edge-active"),
    node: property("--graph-node"),
    nodeBorder: property("--graph-node-border"),
    text: property("--graph-text"),
    box: property("--graph-box"),
    boxBorder: property("--graph-box-border"),
    selected: property("--graph-selected"),
    font: style.fontFamily,
    resolve: (color) => {
      const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1]
      if (name === undefined) return color
      let value = resolved.get(name)
      if (value === undefined) resolved.set(name, value = property(name))
      return value
    }
  }
}

/** Calls back when the theme of the document changes. */
export const onThemeChange = (changed: () => void): () => void => {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style"] })
  return () => observer.disconnect()
}
