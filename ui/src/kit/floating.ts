/** Where something floats beside its anchor. */
export type Side = "bottom-start" | "bottom-end" | "top" | "right"

/**
 * Puts a popover that is open beside an anchor, inside of the window: on the other side where there is no room. Positions
 * are set through the style object, which a content security policy allows.
 */
export const place = (floating: HTMLElement, anchor: Element, side: Side, gap = 4): void => {
  const edge = 8
  const at = anchor.getBoundingClientRect()
  const { style } = floating
  style.position = "fixed"
  style.inset = "auto"
  style.margin = "0"
  style.maxHeight = `${window.innerHeight - 2 * edge}px`
  const { height, width } = floating.getBoundingClientRect()
  let left = side === "bottom-end"
    ? at.right - width
    : side === "top"
    ? at.left + at.width / 2 - width / 2
    : side === "right"
    ? at.right + gap
    : at.left
  let top = side === "top"
    ? at.top - height - gap
    : side === "right"
    ? at.top + at.height / 2 - height / 2
    : at.bottom + gap
  if (side === "top" && top < edge) top = at.bottom + gap
  if (side === "right" && left + width > window.innerWidth - edge) left = at.left - width - gap
  if (side.startsWith("bottom") && top + height > window.innerHeight - edge && at.top - height - gap > edge) {
    top = at.top - height - gap
  }
  left = Math.max(edge, Math.min(left, window.innerWidth - width - edge))
  top = Math.max(edge, Math.min(top, window.innerHeight - height - edge))
  style.left = `${left}px`
  style.top = `${top}px`
}
