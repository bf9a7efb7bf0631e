import { assert, describe, it } from "@effect/vitest"
import type { Api } from "../../../ui/src/api/contract.ts"
import {
  type Axes,
  coordinates,
  countStates,
  expandStates,
  firstPlane,
  indexAt,
  indexInPlane,
  indexOfCoordinates,
  indexOfKey,
  isForeign,
  isInRange,
  keyAt,
  panView,
  partitionStates,
  pixelStates,
  positionOf,
  rangeBetween,
  rangeSize,
  stateAt,
  type Stretch,
  unknownState,
  worstInRow,
  zoomView
} from "../../../ui/src/assets/partitions.ts"

const letters: { readonly [letter: string]: Api.Model.PartitionState } = {
  F: "Failed",
  R: "Running",
  M: "Missing",
  S: "Stale",
  ".": "Fresh"
}

/** Stretches from a picture: a letter a partition; a space is a partition of which nothing is known. */
const stretchesOf = (picture: string): ReadonlyArray<Stretch> =>
  [...picture.matchAll(/([FRMS.])\1*/g)].map(({ 0: run, index }) => ({
    start: index,
    length: run.length,
    state: letters[run[0]!]!,
    first: `p${index}`,
    last: `p${index + run.length - 1}`
  }))

const picture = (states: Uint8Array): string =>
  [...states].map((rank) =>
    rank === unknownState ? " " : Object.keys(letters).find((letter) => letters[letter] === partitionStates[rank])
  ).join("")

/** The definition: the worst state of the partitions that a pixel covers, however little. */
const slowly = (states: string, from: number, to: number, pixels: number): string => {
  const order = "FRMS. "
  return Array.from({ length: pixels }, (_, pixel) => {
    const first = Math.floor(from + (pixel * (to - from)) / pixels + 1e-9)
    const end = Math.ceil(from + ((pixel + 1) * (to - from)) / pixels - 1e-9)
    return Array.from(states.slice(first, end)).sort((a, b) => order.indexOf(a) - order.indexOf(b))[0] ?? " "
  }).join("")
}

describe("pixelStates", () => {
  it("shows the worst state of each pixel, as the definition says", () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    for (let round = 0; round < 400; round++) {
      const total = 1 + random(60)
      const states = Array.from({ length: total }, () => "FRMS.. "[random(7)]!).join("")
      const from = random(total)
      const to = from + 1 + random(total - from)
      const pixels = 1 + random(80)
      assert.strictEqual(
        picture(pixelStates(stretchesOf(states), { from, to }, pixels)),
        slowly(states, from, to, pixels),
        `${JSON.stringify(states)} from ${from} to ${to} in ${pixels}`
      )
    }
  })

  it("shows one failure among many", () => {
    const states = `${".".repeat(40_500)}F${".".repeat(59_499)}`
    assert.strictEqual(
      picture(pixelStates(stretchesOf(states), { from: 0, to: 100_000 }, 100)),
      `${".".repeat(40)}F${".".repeat(59)}`
    )
  })

  it("has nothing to show of nothing", () => {
    assert.strictEqual(picture(pixelStates([], { from: 0, to: 0 }, 3)), "   ")
    assert.strictEqual(pixelStates(stretchesOf("."), { from: 0, to: 1 }, 0).length, 0)
  })
})

describe("views", () => {
  it("a pixel and the partition below it belong together", () => {
    const view = { from: 100, to: 400 }
    assert.strictEqual(indexAt(view, 0, 900), 100)
    assert.strictEqual(indexAt(view, 899.9, 900), 399)
    assert.strictEqual(indexAt(view, 5000, 900), 399)
    for (const index of [100, 237, 399]) assert.strictEqual(indexAt(view, positionOf(view, index, 900) + 1, 900), index)
  })

  it("zooms about a partition, inside of the set, and not without end", () => {
    const near = zoomView({ from: 0, to: 1000 }, 2, 250, 1000)
    assert.deepStrictEqual(near, { from: 125, to: 625 })
    assert.deepStrictEqual(zoomView(near, 0.1, 250, 1000), { from: 0, to: 1000 })
    assert.deepStrictEqual(zoomView({ from: 0, to: 1000 }, 1000, 999, 1000), { from: 989, to: 999 })
    assert.deepStrictEqual(zoomView({ from: 0, to: 4 }, 8, 2, 4), { from: 0, to: 4 })
  })

  it("stops at the ends", () => {
    assert.deepStrictEqual(panView({ from: 10, to: 30 }, -50, 100), { from: 0, to: 20 })
    assert.deepStrictEqual(panView({ from: 10, to: 30 }, 500, 100), { from: 80, to: 100 })
  })
})

const days: Axes = {
  total: 2000,
  dimensions: [{ name: "", kind: "time", size: 2000, first: "d0", last: "d1999" }],
  stretches: [
    { start: 0, length: 1500, state: "Fresh", first: "d0", last: "d1499" },
    { start: 1500, length: 500, state: "Missing", first: "d1500", last: "d1999" }
  ]
}

const grid: Axes = {
  total: 6,
  dimensions: [
    { name: "day", kind: "time", size: 2, keys: ["mon", "tue"] },
    { name: "region", kind: "fixed", size: 3, keys: ["de", "fr", "us"] }
  ],
  stretches: [
    { start: 0, length: 2, state: "Fresh", first: "mon|de", last: "mon|fr" },
    { start: 2, length: 2, state: "Failed", first: "mon|us", last: "tue|de" },
    { start: 4, length: 2, state: "Missing", first: "tue|fr", last: "tue|us" }
  ]
}

describe("keys", () => {
  it("are known at the ends of stretches, and everywhere if the set is told whole", () => {
    assert.deepStrictEqual([0, 1499, 1500, 7].map((index) => keyAt(days, index)), ["d0", "d1499", "d1500", undefined])
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4, 5].map((index) => keyAt({ ...grid, stretches: [] }, index)),
      ["mon|de", "mon|fr", "mon|us", "tue|de", "tue|fr", "tue|us"]
    )
  })

  it("lead back to their place", () => {
    for (const index of [0, 1, 2, 3, 4, 5]) {
      assert.strictEqual(indexOfKey(grid, keyAt(grid, index)!), index)
      assert.strictEqual(indexOfCoordinates(grid, coordinates(grid, index)), index)
    }
    assert.strictEqual(indexOfKey(days, "d1500"), 1500)
    assert.isUndefined(indexOfKey(days, "d7"))
    assert.isUndefined(indexOfKey(grid, "mon"))
  })

  it("tell what cannot be one", () => {
    assert.isTrue(isForeign(grid, "mon|uk"))
    assert.isTrue(isForeign(grid, "mon"))
    assert.isFalse(isForeign(grid, "tue|fr"))
    assert.isFalse(isForeign(days, "d7"))
  })

  it("have the state of their stretch", () => {
    assert.deepStrictEqual([1499, 1500, 1999, 2000].map((index) => stateAt(days.stretches, index)), [
      "Fresh",
      "Missing",
      "Missing",
      undefined
    ])
  })
})

describe("ranges", () => {
  it("of a product are ranges of each dimension", () => {
    const range = rangeBetween(grid, 2, 4)
    assert.deepStrictEqual([keyAt(grid, range.from), keyAt(grid, range.to)], ["mon|fr", "tue|us"])
    assert.strictEqual(rangeSize(grid, range), 4)
    assert.strictEqual(rangeSize(days, rangeBetween(days, 10, 5)), 6)
  })

  it("count their states", () => {
    assert.deepStrictEqual(countStates(days, { from: 1490, to: 1509 }), {
      Failed: 0,
      Running: 0,
      Missing: 10,
      Stale: 0,
      Fresh: 10
    })
    const { Failed, Fresh, Missing } = countStates(grid, rangeBetween(grid, 2, 4))
    assert.deepStrictEqual({ Failed, Fresh, Missing }, { Failed: 1, Fresh: 1, Missing: 2 })
  })
})

describe("grids", () => {
  const cube: Axes = {
    total: 24,
    dimensions: [
      { name: "kind", kind: "fixed", size: 2 },
      { name: "day", kind: "time", size: 4 },
      { name: "region", kind: "fixed", size: 3 }
    ],
    stretches: []
  }

  it("show time to the right and the longest other dimension down", () => {
    assert.deepStrictEqual(firstPlane(cube), { x: 1, y: 2, at: [0, 0, 0] })
    assert.deepStrictEqual(firstPlane(grid), { x: 0, y: 1, at: [0, 0] })
  })

  it("find each partition once", () => {
    const found = [0, 1].flatMap((kind) =>
      [0, 1, 2, 3].flatMap((day) =>
        [0, 1, 2].map((region) => indexInPlane(cube, { x: 1, y: 2, at: [kind, 0, 0] }, day, region))
      )
    )
    assert.deepStrictEqual(found, Array.from({ length: 24 }, (_, i) => i))
  })

  it("show the worst of the columns that share a pixel", () => {
    const states = expandStates(grid.stretches, 6)
    const plane = firstPlane(grid)
    const worst = (row: number, from: number, to: number) =>
      partitionStates[worstInRow(grid, plane, states, row, from, to)]
    assert.deepStrictEqual([0, 1, 2].map((row) => worst(row, 0, 2)), ["Failed", "Missing", "Failed"])
    assert.deepStrictEqual([0, 1, 2].map((row) => worst(row, 0, 1)), ["Fresh", "Fresh", "Failed"])
    assert.isUndefined(worst(0, 2, 2))
  })

  it("know what is in a range", () => {
    const range = rangeBetween(grid, 2, 4)
    assert.deepStrictEqual([0, 1, 2, 3, 4, 5].filter((index) => isInRange(grid, range, index)), [1, 2, 4, 5])
  })
})
