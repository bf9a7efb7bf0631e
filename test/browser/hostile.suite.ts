/** Keys, metadata, logs and errors are text that anybody may have written: nothing of it runs, or leaves the page. */
import { assert, describe, it } from "@effect/vitest"
import type { Page } from "playwright-core"
import * as Deployments from "./deployments.ts"
import { ended, type Lab, launch, picture, shows, title } from "./harness.ts"

const { html } = Deployments

/** What would have run; frames, forms and pictures from elsewhere; links that are no web links. */
const unharmed = async (page: Page): Promise<void> => {
  const found = await page.evaluate(() => ({
    hacked: "hacked" in globalThis,
    elements: Array.from(
      document.querySelectorAll("iframe, object, embed, form[action], base, img:not([src^='./'])"),
      ({ outerHTML }) => outerHTML
    ),
    scripts: Array.from(document.scripts, ({ src }) => new URL(src, location.href).origin === location.origin),
    links: Array.from(document.links, ({ href }) => href).filter((href) => !/^https?:\/\//.test(href))
  }))
  assert.deepStrictEqual({ ...found, scripts: found.scripts.every((own) => own) }, {
    hacked: false,
    elements: [],
    scripts: true,
    links: []
  })
}

export const hostile = (lab: () => Lab): void => {
  describe("hostile texts", { concurrent: false }, () => {
    it("are shown as text on every page", async () => {
      const site = await lab().serve(Deployments.hostile())
      const runId = await launch(site, { select: "*" })
      await ended(site, runId)
      await lab().visit(site, "/assets", async (page) => {
        const go = async (path: string, text: string | RegExp) => {
          await page.goto(`${site.url}/#${path}`)
          await shows(page, text)
          await unharmed(page)
        }
        await shows(page, html.split("/")[0]!)
        await unharmed(page)
        await picture(page, "hostile-assets")
        const asset = `/asset?key=${encodeURIComponent(html)}`
        await go(asset, "Latest materialization")
        await title(page, html)
        await page.getByRole("link", { name: "https://example.com/good" }).waitFor()
        await picture(page, "hostile-asset")
        await go(`${asset}&tab=activity`, "History")
        await page.getByRole("button", { name: /details$/ }).first().click()
        await unharmed(page)
        await go(`${asset}&tab=definition`, html)
        await go(`${asset}&tab=checks`, html)
        await go(`${asset}&tab=lineage`, "Lineage")
        for (const key of ["constructor", "javascript:window.hacked=3", `a'b"c\`d%2F..%00?x=1&y=2#z`]) {
          await go(`/asset?key=${encodeURIComponent(key)}`, "Latest materialization")
          await title(page, key)
        }
        await go(`/asset?key=${encodeURIComponent(html + "?")}`, "There is no such asset")
        await go(`/runs/${runId}`, "1 asset failed")
        await page.getByRole("button", { name: /zero/ }).first().click()
        await unharmed(page)
        await picture(page, "hostile-run")
        await go(`/runs/${runId}?tab=log`, html)
        await go(`/runs/${runId}?tab=checks`, html)
        await go("/runs", "Failed")
        await go(`/runs/${encodeURIComponent(html)}`, /no run/i)
        await go("/lineage", /constructor/)
        await page.keyboard.press("Control+k")
        await page.getByPlaceholder(/^Search assets/).fill("img")
        await page.getByRole("option").first().waitFor()
        await unharmed(page)
      })
    })

    it("the policy of the page refuses scripts that are not of the server", async () => {
      const site = await lab().serve(Deployments.empty())
      await lab().visit(site, "/assets", async (page) => {
        await shows(page, "No assets yet")
        const refused = await page.evaluate(() =>
          new Promise<string>((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective))
            const script = document.createElement("script")
            script.textContent = "window.hacked = 1"
            document.head.append(script)
          })
        )
        assert.match(refused, /^script-src/)
        assert.isFalse(await page.evaluate(() => "hacked" in globalThis))
      }, { expected: /Content Security Policy/ })
    })
  })
}
