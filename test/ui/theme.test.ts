import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const css = readFileSync(new URL("../../ui/src/app.css", import.meta.url), "utf8")

const block = (selector: string): ReadonlyMap<string, string> => {
  const start = css.indexOf(`${selector} {`)
  assert.isAtLeast(start, 0, selector)
  return new Map(
    [...css.slice(start, css.indexOf("\n}", start)).matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [
      found[1]!,
      found[2]!
    ])
  )
}

/** The contrast of WCAG 2: 4.5 is asked for of text, 3 of what is drawn. */
const contrast = (a: string, b: string): number => {
  const luminance = (color: string): number => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  }
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

const tones = ["fresh", "stale", "missing", "failed", "running", "skipped", "cancelled", "external"]
const surfaces = ["bg", "surface", "surface-2", "surface-3"]

const pairs: ReadonlyArray<readonly [color: string, on: string, least: number]> = [
  ...["text", "text-2"].flatMap((text) => surfaces.map((on) => [text, on, 4.5] as const)),
  ...["bg", "surface", "surface-2"].map((on) => ["text-3", on, 4.5] as const),
  ...["surface", "accent-soft"].map((on) => ["accent-text", on, 4.5] as const),
  ["on-accent", "accent", 4.5],
  ["on-accent", "accent-hover", 4.5],
  ["on-accent", "danger", 4.5],
  ["on-accent", "danger-hover", 4.5],
  ["focus", "bg", 3],
  ["focus", "surface", 3],
  ["graph-text", "graph-node", 4.5],
  ["graph-text", "graph-box", 4.5],
  ["graph-selected", "graph-node", 3],
  ...tones.flatMap((tone) =>
    [`${tone}-soft`, "surface", "bg", "surface-2"].map((on) => [`${tone}-text`, on, 4.5] as const)
  )
]

describe("theme", () => {
  for (const [name, selector] of [["light", ":root"], ["dark", "[data-theme=\"dark\"]"]] as const) {
    it(`has enough contrast in the ${name} theme`, () => {
      const colors = block(selector)
      for (const [color, on, least] of pairs) {
        const [a, b] = [colors.get(color), colors.get(on)]
        assert.isDefined(a, color)
        assert.isDefined(b, on)
        assert.isAtLeast(contrast(a!, b!), least, `${color} on ${on}`)
      }
    })
  }

  it("names the same colours in both themes", () => {
    assert.deepStrictEqual([...block(":root").keys()], [...block("[data-theme=\"dark\"]").keys()])
  })
})
