/**
 * What documentation says about other files: quotations, names of tests, links.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const root = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
const pages = globSync(["README.md", "AGENTS.md", "docs/**/*.md"], { cwd: root })

describe("documentation", () => {
  it("quotes files as they are", () => {
    const quotations = pages.flatMap((page) => [
      ...read(page).matchAll(/^<!-- from (?<file>\S+) -->\n```\w+\n(?<text>.*?)\n```$/gms)
    ])
    assert.isAtLeast(quotations.length, 2)
    for (const { groups } of quotations) {
      const { file, text } = groups!
      assert.isTrue(read(file!).includes(text!), `${file} no longer has:\n${text}\nCopy what it has now.`)
    }
  })

  it("names tests that are there", () => {
    const tests = globSync("test/laws/*.test.ts", { cwd: root }).map(read).join("\n")
    const laws = [...read("docs/model.md").matchAll(/^\| (?<id>LAW\d+) \|.*\| (?<shown>.*) \|$/gm)].map(({ groups }) =>
      groups!
    )
    assert.deepStrictEqual(laws.map(({ id }) => id), laws.map((_, at) => `LAW${at + 1}`))
    for (const { id, shown } of laws) {
      const titles = [...shown!.matchAll(/`([^`]+)`/g)].map(([, title]) => title!)
      for (const title of titles) assert.isTrue(tests.includes(`"${title}"`), `${id}: there is no test "${title}"`)
      if (titles.length === 0) assert.match(shown!, /^the example under "/, id)
    }
  })

  it("links to files that are there", () => {
    for (const page of pages) {
      for (const [, target] of read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
        assert.isTrue(existsSync(join(root, dirname(page), target!)), `${page} links to ${target}`)
      }
    }
  })

  it("keeps AGENTS.md short", () => {
    assert.isAtMost(read("AGENTS.md").trimEnd().split("\n").length, 90)
  })
})
