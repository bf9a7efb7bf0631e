/**
 * What documentation says about other files: quotations, names of tests, links.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const root = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
const pages = globSync(["README.md", "AGENTS.md", "docs/**/*.md", "examples/*/README.md"], { cwd: root })

/** What a page links to, as paths from the root. */
const links = (page: string) =>
  [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
    join(dirname(page), target!)
  )

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
      for (const target of links(page)) assert.isTrue(existsSync(join(root, target)), `${page} links to ${target}`)
    }
  })

  it("leads from the README to every page", () => {
    const linked = links("README.md").map((target) => target.startsWith("examples/") ? `${target}/README.md` : target)
    for (const page of pages) {
      assert.isTrue(page === "README.md" || linked.includes(page), `README.md does not link to ${page}`)
    }
  })

  it("explains each term once", () => {
    const terms = [...read("docs/glossary.md").matchAll(/^\| (?<terms>\*\*.*?) \| /gm)].map(({ groups }) =>
      groups!.terms!
    )
    assert.isAtLeast(terms.length, 60)
    assert.deepStrictEqual(terms.filter((term, at) => terms.indexOf(term) !== at), [])
  })

  it("keeps AGENTS.md short", () => {
    assert.isAtMost(read("AGENTS.md").trimEnd().split("\n").length, 90)
  })
})
