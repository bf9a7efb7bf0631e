import { assert, describe, it } from "@effect/vitest"
import { spatialIndex } from "../../../ui/src/graph/spatial.ts"
import { numbers } from "./generate.ts"

const width = 20
const height = 8

const scattered = (count: number, seed: number) => {
  const random = numbers(seed)
  const x = Float64Array.from({ length: count }, () => random() < 0.1 ? NaN : random() * 1000 - 300)
  const y = x.map((place) => Number.isNaN(place) ? NaN : random() * 700)
  return { count, x, y, width, height }
}

describe("spatialIndex", () => {
  it("finds what touches an area, as looking at each does", () => {
    const random = numbers(5)
    for (const count of [0, 1, 7, 500]) {
      const rectangles = scattered(count, count)
      const { x, y } = rectangles
      const index = spatialIndex(rectangles)
      const into = new Int32Array(count)
      let found = 0
      for (let round = 0; round < 100; round++) {
        const [left, top] = [random() * 1200 - 400, random() * 900 - 100]
        const [right, bottom] = [left + random() * 200, top + random() * 200]
        const each = Array.from(x.keys()).filter((at) =>
          x[at]! + width / 2 >= left && x[at]! - width / 2 <= right && y[at]! + height / 2 >= top &&
          y[at]! - height / 2 <= bottom
        )
        const result = into.slice(0, index.within(left, top, right, bottom, into))
        assert.deepStrictEqual([...result].sort((a, b) => a - b), each)
        found += each.length
      }
      if (count > 100) assert.isAbove(found, 100)
    }
  })

  it("finds what is at a point, and what is the nearest", () => {
    const index = spatialIndex({ count: 3, x: [0, 100, NaN], y: [0, 50, NaN], width, height })
    assert.strictEqual(index.at(9, 3), 0)
    assert.strictEqual(index.at(11, 3), -1)
    assert.strictEqual(index.at(91, 53), 1)
    assert.strictEqual(index.nearest(60, 60), 1)
    assert.strictEqual(index.nearest(-1e9, 0), 0)
    assert.strictEqual(spatialIndex({ count: 1, x: [NaN], y: [NaN], width, height }).nearest(0, 0), -1)
  })

  it("does not need a cell for each place of a long line", () => {
    const count = 10_000
    const x = Float64Array.from({ length: count }, (_, at) => at * at * 300)
    const index = spatialIndex({ count, x, y: new Float64Array(count), width, height })
    assert.strictEqual(index.at(x[7777]!, 0), 7777)
  })
})
