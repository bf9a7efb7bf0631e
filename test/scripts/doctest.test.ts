import { assert, describe, it } from "@effect/vitest"
import { render } from "../../scripts/doctest.ts"

const fence = (...code: ReadonlyArray<string>): string => ["```ts import.meta.vitest", ...code, "```"].join("\n")

/** What a file's examples become, without what every generated file begins with. */
const rendered = (markdown: string, file = "docs/guide.md"): ReadonlyArray<string> =>
  render(file, markdown).map((source) => source.slice(source.indexOf("\n}\n") + 3).trim())

const body = (...code: ReadonlyArray<string>): string => {
  const [only, ...others] = rendered(fence(...code))
  assert.lengthOf(others, 0)
  return /^__test\("docs\/guide.md:1", async \(\) => \{\n(.*)\n\}\)$/s.exec(only!)![1]!
}

describe("doctest", () => {
  it("compares an expression, also over several lines, awaited, and inside a program", () => {
    assert.strictEqual(body("f(1) // => 2"), "__check(f(1), 2\n) // => 2")
    assert.strictEqual(body("await f(", "  1", "); // => 2"), "__check(await f(\n  1\n), 2\n); // => 2")
    assert.strictEqual(
      body("run(function*() {", "  yield* f() // => \"ä😀\"", "}) // => { a: 1 }"),
      "__check(run(function*() {\n  __check(yield* f(), \"ä😀\"\n) // => \"ä😀\"\n}), { a: 1 }\n) // => { a: 1 }"
    )
    assert.strictEqual(
      body("const s = \"😀\"", "s // => \"😀\""),
      "const s = \"😀\"\n__check(s, \"😀\"\n) // => \"😀\""
    )
  })

  it("compares what was declared", () => {
    assert.strictEqual(body("const x: number = f() // => 2"), "const x: number = f();__check(x, 2\n) // => 2")
    assert.strictEqual(body("export const x = f() // => 2"), "const x = f();__check(x, 2\n) // => 2")
  })

  it("takes the comment on the line below, but no further", () => {
    assert.strictEqual(body("f()", "// => 2"), "__check(f(), 2\n)\n// => 2")
    assert.throws(() => body("f()", "", "// => 2"), "docs/guide.md:4: there is no statement to compare before =>")
  })

  it("reads on where a value goes on in the comments below", () => {
    assert.strictEqual(
      body("f() // => [", "//   1, // one", "// ]", "// not read"),
      "__check(f(), [\n   1, // one\n ]\n) // => [\n//   1, // one\n// ]\n// not read"
    )
  })

  it("takes examples out of comments, each a test of its own, and hoists their imports", () => {
    const module = [
      "/**",
      " * **Example** (Adding)",
      " *",
      " * ```ts import.meta.vitest",
      " * import { type A, b as c } from \"x\"",
      " * import * as D from \"y\"",
      " *",
      " * c() // => 1",
      " * ```",
      " * ```ts import.meta.vitest",
      " * import \"z\"",
      " * import { b as c } from \"x\"",
      " * import type E from \"y\"",
      " * c() // => 2",
      " * ```",
      " * ```ts",
      " * not run // => 3",
      " * ```",
      " */"
    ].join("\n")
    const [only, ...others] = render("src/X.ts", module)
    assert.lengthOf(others, 0)
    assert.deepStrictEqual(only!.match(/^import (?!.*__).*$/gm), [
      "import type { A } from \"x\"",
      "import { b as c } from \"x\"",
      "import * as D from \"y\"",
      "import \"z\"",
      "import type { default as E } from \"y\""
    ])
    assert.deepStrictEqual(only!.match(/(?<=^__test\().*(?=, async)/gm), ["\"src/X.ts:4 Adding\"", "\"src/X.ts:10\""])
    assert.notInclude(only!, "not run")
  })

  it("makes a second module where one name has two meanings", () => {
    const sources = render(
      "README.md",
      [fence("import { a } from \"x\""), fence("import { a } from \"y\""), fence("import { a } from \"x\"")].join("\n")
    )
    assert.deepStrictEqual(sources.map((source) => source.split("__test(\"").length - 1), [2, 1])
  })

  it("reads indented examples and names them by the heading above", () => {
    assert.deepStrictEqual(
      rendered("## Steps\n\n  ```ts import.meta.vitest\n  if (a) {\n    b()\n  }\n  ```"),
      ["__test(\"docs/guide.md:3 Steps\", async () => {\nif (a) {\n  b()\n}\n})"]
    )
  })

  it("refuses what it would not check", () => {
    assert.throws(() => body("", "// => 2"), "docs/guide.md:3: there is no statement to compare before =>")
    assert.throws(() => body("f() // => is two"), "docs/guide.md:2: what stands after => is not an expression")
    assert.throws(() => body("const { a } = f() // => 2"), "docs/guide.md:2: only a plain name can be compared")
    assert.throws(() => body("f(", "g) // => 1", "+ // => 2"), /^docs\/guide\.md:\d: /)
    assert.throws(() => render("README.md", "\n```ts import.meta.vitest\nf()"), "README.md:2: the example has no end")
    assert.throws(() => render("src/X.ts", " * ```ts import.meta.vitest\n */"), "src/X.ts:1: the example has no end")
    assert.throws(() => body("export default 1"), "docs/guide.md:2: an example may export declarations only")
  })
})
