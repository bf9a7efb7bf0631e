/**
 * The shapes that are measured, the same for the library, its limits and its peers: for each asset the assets it reads. The
 * value of an asset is (1 + the sum of its inputs) mod 1,000,003.
 */
import { Effect } from "effect"
import { Asset, Graph, type IOManager } from "../src/index.ts"

export type Shape = ReadonlyArray<ReadonlyArray<number>>

export const shapes: Readonly<Record<"chain-1000" | "fan-1-998-1" | "layered-10x100", Shape>> = {
  "chain-1000": Array.from({ length: 1000 }, (_, i) => (i === 0 ? [] : [i - 1])),
  "fan-1-998-1": [
    [],
    ...Array.from({ length: 998 }, () => [0]),
    Array.from({ length: 998 }, (_, i) => i + 1)
  ],
  "layered-10x100": Array.from({ length: 1000 }, (_, i) => {
    const layer = Math.floor(i / 100)
    return layer === 0 ? [] : [0, 1, 7].map((d) => (layer - 1) * 100 + (((i % 100) + d) % 100))
  })
}

export const modulus = 1_000_003

/** What the last asset of a shape must come to. */
export const expected = (shape: Shape): number => {
  const values: Array<number> = []
  for (const parents of shape) values.push((1 + parents.reduce((sum, p) => sum + values[p]!, 0)) % modulus)
  return values.at(-1)!
}

type NumberAsset = Asset.Asset<string, number, never, IOManager.IOManager>

const sum = (values: { readonly [name: string]: number }): number => {
  let total = 1
  for (const name in values) total += values[name]!
  return total % modulus
}

/**
 * `pure` programs only compute; `yielding` ones give way to other fibers first, as a program that waits for something does.
 */
export type Program = "pure" | "yielding"

export const define = (
  shape: Shape,
  program: Program = "pure"
): ReadonlyArray<NumberAsset> => {
  const assets: Array<NumberAsset> = []
  shape.forEach((parents, i) => {
    const inputs: Record<string, NumberAsset> = {}
    for (const p of parents) inputs[`a${p}`] = assets[p]!
    const pure = {
      inputs,
      *compute(values: { readonly [name: string]: number }) {
        return sum(values)
      }
    }
    const yielding = {
      inputs,
      compute: (values: { readonly [name: string]: number }) => Effect.as(Effect.yieldNow, sum(values))
    }
    assets.push(program === "pure" ? Asset.make(`a${i}`, pure) : Asset.make(`a${i}`, yielding))
  })
  return assets
}

export const graphOf = (shape: Shape, program: Program = "pure") => Graph.fromAssets(define(shape, program))
