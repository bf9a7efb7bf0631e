import { assert, describe, it } from "@effect/vitest"
import { begin, between, type Camera, centre, fit, reveal, seen, zoomAt } from "../../../ui/src/graph/camera.ts"

const viewport = { width: 1000, height: 600 }
const toScreen = ({ scale, x, y }: Camera, atX: number, atY: number) => [atX * scale + x, atY * scale + y] as const
const assertNear = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>): void => {
  actual.forEach((value, at) => assert.approximately(value, expected[at]!, 1e-6))
}

describe("camera", () => {
  it("fits an area into the viewport, never larger than it is", () => {
    for (
      const area of [
        { left: 0, top: 0, right: 10, bottom: 10 },
        { left: -500, top: 100, right: 9500, bottom: 300 },
        { left: 0, top: 0, right: 200, bottom: 90_000 }
      ]
    ) {
      const camera = fit(area, viewport)
      const [left, top] = toScreen(camera, area.left, area.top)
      const [right, bottom] = toScreen(camera, area.right, area.bottom)
      assert.isAtMost(camera.scale, 1)
      assert.isAtLeast(left, 39.9)
      assert.isAtLeast(top, 39.9)
      assert.isAtMost(right, 960.1)
      assert.isAtMost(bottom, 560.1)
      assert.approximately(left - 0, 1000 - right, 1e-6)
    }
  })

  it("begins with all of an area, or with its left side where all of it could not be read", () => {
    const viewport = { width: 1000, height: 600 }
    const area = (width: number, height: number) => ({ left: 0, top: 0, right: width, bottom: height })
    const small = area(1200, 300)
    assert.deepStrictEqual(begin(small, viewport, 0.6), fit(small, viewport))
    // 0.46 would show all of it
    const wide = begin(area(2000, 300), viewport, 0.6)
    assert.deepStrictEqual([wide.scale, wide.x], [0.6, 40])
    assert.closeTo(150 * wide.scale + wide.y, (600 - 36) / 2, 0.001)
    const high = begin(area(300, 1500), viewport, 0.6)
    assert.deepStrictEqual([high.scale, high.x, high.y], [0.6, 40, 40])
    // far too large: an overview
    const huge = area(20_000, 300)
    assert.deepStrictEqual(begin(huge, viewport, 0.6), fit(huge, viewport))
  })

  it("fits an area without a size, and a viewport without one", () => {
    for (const  of of[viewport, { width: 0, height: 0 }]) {
      const camera = fit({ left: 5, top: 5, right: 5, bottom: 5 }, of)
      assert.isTrue(Number.isFinite(camera.x) && Number.isFinite(camera.y) && camera.scale > 0)
    }
  })

  it("zooms where the pointer is, within limits", () => {
    const camera = centre(100, 50, 0.5, viewport)
    const before = [(300 - camera.x) / camera.scale, (200 - camera.y) / camera.scale] as const
    const nearer = zoomAt(camera, 1.7, 300, 200)
    assert.approximately(nearer.scale, 0.85, 1e-9)
    assertNear(toScreen(nearer, ...before), [300, 200])
    const [most, least] = [zoomAt(camera, 1e9, 300, 200), zoomAt(camera, 1e-9, 300, 200)]
    assert.isBelow(most.scale, 5)
    assert.isAbove(least.scale, 0.001)
    assertNear(toScreen(most, ...before), [300, 200])
    assertNear(toScreen(least, ...before), [300, 200])
  })

  it("sees what the viewport shows", () => {
    assert.deepStrictEqual(seen({ scale: 2, x: 100, y: -50 }, viewport), {
      left: -50,
      top: 25,
      right: 450,
      bottom: 325
    })
  })

  it("reveals by moving no more than it must", () => {
    const camera = { scale: 1, x: 0, y: 0 }
    const inSight = { left: 200, top: 200, right: 300, bottom: 250 }
    assert.deepStrictEqual(reveal(camera, inSight, viewport), camera)
    assert.deepStrictEqual(reveal(camera, { ...inSight, left: 1100, right: 1200 }, viewport), {
      scale: 1,
      x: -248,
      y: 0
    })
    assert.deepStrictEqual(reveal(camera, { ...inSight, top: -100, bottom: 0 }, viewport), { scale: 1, x: 0, y: 148 })
    // of what is too large, its beginning
    assert.strictEqual(reveal(camera, { ...inSight, left: 500, right: 9000 }, viewport).x, 48 - 500)
  })

  it("moves from one place to another, and ends there", () => {
    const [from, to] = [centre(0, 0, 0.1, viewport), centre(4000, 800, 1, viewport)]
    for (const [share, end] of [[0, from], [1, to]] as const) {
      const at = between(from, to, share, viewport)
      assertNear([at.scale, at.x, at.y], [end.scale, end.x, end.y])
    }
    const half = between(from, to, 0.5, viewport)
    assert.isTrue(half.scale > 0.1 && half.scale < 1)
    const same = between(to, { ...to, x: to.x + 100 }, 0.5, viewport)
    assertNear([same.x, same.y], [to.x + 50, to.y])
  })
})
