/** What part of a layout is seen: a place of the layout is at `place * scale + offset` on the screen. */

export interface Camera {
  readonly scale: number
  readonly x: number
  readonly y: number
}

export interface Rectangle {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface Viewport {
  readonly width: number
  readonly height: number
}

/** A line of 10,000 assets is to fit, too. */
const leastScale = 0.0001
const greatestScale = 2.5

const clamp = (value: number, least: number, greatest: number) => Math.min(greatest, Math.max(least, value))

/** Controls are at the bottom. */
const bottomBar = 36

/** A rectangle as large as it fits, up to its real size, in the middle of what is free of controls. */
export const fit = (area: Rectangle, viewport: Viewport, padding = 40): Camera => {
  const [width, height] = [Math.max(1, area.right - area.left), Math.max(1, area.bottom - area.top)]
  const free = { width: viewport.width, height: viewport.height - bottomBar }
  const scale = clamp(
    Math.min((free.width - 2 * padding) / width, (free.height - 2 * padding) / height),
    leastScale,
    1
  )
  return centre((area.left + area.right) / 2, (area.top + area.bottom) / 2, scale, free)
}

/**
 * Where to begin: with all of it, unless that is too small to be read and it is not much too large. Then with what is
 * upstream, at a size that can be read.
 */
export const begin = (area: Rectangle, viewport: Viewport, readable: number, padding = 40): Camera => {
  const all = fit(area, viewport, padding)
  if (all.scale >= readable || all.scale < readable / 2) return all
  const free = viewport.height - bottomBar - 2 * padding
  const tall = (area.bottom - area.top) * readable > free
  const { y } = centre(0, (area.top + area.bottom) / 2, readable, { width: 0, height: viewport.height - bottomBar })
  return { scale: readable, x: padding - area.left * readable, y: tall ? padding - area.top * readable : y }
}

/** A place of the layout in the middle of the viewport. */
export const centre = (x: number, y: number, scale: number, viewport: Viewport): Camera => ({
  scale,
  x: viewport.width / 2 - x * scale,
  y: viewport.height / 2 - y * scale
})

/** Nearer or farther by a factor; what is at a point of the screen stays there. */
export const zoomAt = (camera: Camera, factor: number, x: number, y: number): Camera => {
  // a layout that fits only below the limit may still be seen
  const least = Math.min(0.01, camera.scale)
  const scale = clamp(camera.scale * factor, least, greatestScale)
  const real = scale / camera.scale
  return { scale, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real }
}

/** The part of the layout that is seen. */
export const seen = ({ scale, x, y }: Camera, { height, width }: Viewport): Rectangle => ({
  left: -x / scale,
  top: -y / scale,
  right: (width - x) / scale,
  bottom: (height - y) / scale
})

/** Moved as little as possible so that a rectangle is seen; its upper left corner, where it is too large. */
export const reveal = (camera: Camera, area: Rectangle, viewport: Viewport, margin = 48): Camera => {
  const along = (offset: number, from: number, to: number, size: number): number => {
    const [start, end] = [from * camera.scale + offset, to * camera.scale + offset]
    if (start < margin || end - start > size - 2 * margin) return offset + margin - start
    return end > size - margin ? offset + size - margin - end : offset
  }
  return {
    scale: camera.scale,
    x: along(camera.x, area.left, area.right, viewport.width),
    y: along(camera.y, area.top, area.bottom, viewport.height)
  }
}

/** A step from one camera to another: `share` from 0 to 1. */
export const between = (from: Camera, to: Camera, share: number, viewport: Viewport): Camera => {
  const scale = from.scale * (to.scale / from.scale) ** share
  // what is in the middle moves evenly
  const middle = (camera: Camera) =>
    [
      (viewport.width / 2 - camera.x) / camera.scale,
      (viewport.height / 2 - camera.y) / camera.scale
    ] as const
  const [fromX, fromY] = middle(from)
  const [toX, toY] = middle(to)
  // measured on the screen, so that zooming in does not overshoot
  const way = Math.abs(to.scale - from.scale) < 1e-9
    ? share
    : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale)
  return centre(fromX + (toX - fromX) * way, fromY + (toY - fromY) * way, scale, viewport)
}
