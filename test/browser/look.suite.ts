/** How pages look and are used: dark and light, on a telephone, with the keyboard alone, and by those who do not see them. */
import { assert, describe, it } from "@effect/vitest"
import type { Page } from "playwright-core"
import * as Deployments from "./deployments.ts"
import {
  accessible,
  ended,
  graphOf,
  type Lab,
  launch,
  picture,
  rowOf,
  runEnds,
  shows,
  type Site,
  title
} from "./harness.ts"

/** What has the focus, as a screen reader would name it. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement
    return element === null
      ? ""
      : element.getAttribute("aria-label") ?? element.getAttribute("placeholder") ?? element.textContent ?? ""
  })

const tabUntil = async (page: Page, name: RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> => {
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press(key)
    if (name.test(await focused(page))) return
  }
  assert.fail(`${key} does not reach ${name}, but ${await focused(page)}`)
}

export const look = (lab: () => Lab): void => {
  describe("look and use", { concurrent: false }, () => {
    const shop = Deployments.shop()
    let served: Promise<{ readonly site: Site; readonly failed: string }> | undefined
    const prepared = () =>
      served ??= lab().serve(shop.definitions).then(async (site) => {
        await ended(site, await launch(site, { select: "shop/orders" }))
        const failed = await launch(site, { select: "shop/events+ and not shop/newsletter" })
        await ended(site, failed)
        await ended(site, await launch(site, { select: "stock/by_region", partition: "eu" }))
        return { site, failed }
      })

    const pages = (failed: string): ReadonlyArray<readonly [path: string, name: string, text: string]> => [
      ["/assets", "assets", "shop/orders"],
      ["/asset?key=shop/orders", "overview", "Latest materialization"],
      ["/asset?key=shop/orders&tab=activity", "activity", "Numbers over time"],
      ["/asset?key=shop/revenue&tab=definition", "definition", "currency"],
      ["/asset?key=stock/by_day_and_region&tab=partitions", "partitions", "180 partitions"],
      ["/asset?key=shop/orders&tab=checks", "checks", "3 checks, 1 failed, 1 with a warning, 1 passed"],
      ["/asset?key=shop/orders&tab=lineage", "asset-lineage", "View in graph"],
      ["/lineage", "lineage", "16 assets"],
      ["/runs", "runs", "Failed"],
      [`/runs/${failed}?focus=shop/payments`, "run", "PaymentRefused"],
      [`/runs/${failed}?tab=log`, "run-log", "the bank says no"],
      [`/runs/${failed}?tab=checks`, "run-checks", "not empty"]
    ]

    for (const theme of ["light", "dark"] as const) {
      it(`every page is accessible in the ${theme} theme, as the system asks for it`, async () => {
        const { failed, site } = await prepared()
        await lab().visit(site, "/assets", async (page) => {
          const faults: Array<string> = []
          for (const [path, name, text] of pages(failed)) {
            await page.goto(`${site.url}/#${path}`)
            await shows(page.getByRole("main"), text)
            if (name.endsWith("lineage")) await graphOf(page)
            await picture(page, `${theme}-${name}`)
            await accessible(page, theme === "dark" ? ["color-contrast"] : undefined).catch((error: Error) =>
              faults.push(`${path}: ${error.message}`)
            )
          }
          assert.deepStrictEqual(faults, [])
          assert.strictEqual(await page.evaluate(() => document.documentElement.dataset.theme), theme)
        }, { colorScheme: theme })
      }, 60_000)
    }

    it("dialogs, menus and the palette are accessible, and a theme that is chosen is kept", async () => {
      const { site } = await prepared()
      await lab().visit(site, "/asset?key=shop/revenue", async (page) => {
        await page.getByRole("button", { name: "Materialize…" }).click()
        await shows(page.getByRole("dialog"), "1 step")
        await accessible(page)
        await page.keyboard.press("Escape")
        await page.getByRole("button", { name: "Theme" }).click()
        await page.getByRole("menuitemradio", { name: "Dark" }).or(page.getByRole("menuitem", { name: "Dark" })).click()
        await page.locator("html[data-theme=dark]").waitFor()
        await page.reload()
        await page.locator("html[data-theme=dark]").waitFor()
        await page.getByRole("button", { name: "Materialize…" }).click()
        await shows(page.getByRole("dialog"), "1 step")
        await picture(page, "dark-launch")
        await accessible(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+k")
        await page.getByRole("option").first().waitFor()
        await picture(page, "dark-palette")
        await accessible(page)
      })
    })

    it("pages fit a telephone, and the navigation is a drawer", async () => {
      const { failed, site } = await prepared()
      await lab().visit(site, "/assets", async (page) => {
        for (const [path, name, text] of pages(failed)) {
          await page.goto(`${site.url}/#${path}`)
          await page.getByText(text).filter({ visible: true }).first().waitFor()
          if (name.endsWith("lineage")) await graphOf(page)
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          assert.isAtMost(wide, 0, `${path} is too wide`)
          await picture(page, `narrow-${name}`)
        }
        await page.goto(`${site.url}/#/assets`)
        await page.getByRole("button", { name: "Open the navigation" }).click()
        const drawer = page.getByRole("dialog")
        await drawer.getByRole("link", { name: "stock", exact: true }).waitFor()
        await picture(page, "narrow-navigation")
        await accessible(page)
        await drawer.getByRole("link", { name: "Runs", exact: true }).click()
        await title(page, "Runs")
        assert.strictEqual(await page.getByRole("dialog").count(), 0)
      }, { viewport: { width: 380, height: 760 }, hasTouch: true })
    }, 60_000)

    it("everything is reached with the keyboard alone", async () => {
      const { site } = await prepared()
      await lab().visit(site, "/assets", async (page) => {
        await rowOf(page, "shop/orders").waitFor()
        await page.keyboard.press("Tab")
        assert.strictEqual(await focused(page), "Skip to the content")
        await page.keyboard.press("Enter")
        // the table: one stop, arrows within it
        await tabUntil(page, /shop\/balance/)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Space")
        await shows(page.getByRole("region", { name: "Selected assets" }), "1 selected")
        await page.keyboard.press("Shift+ArrowDown")
        await page.keyboard.press("End")
        await page.waitForFunction(() => document.activeElement?.textContent?.includes("by_region"))
        await page.keyboard.press("Home")
        await page.waitForFunction(() => document.activeElement?.textContent?.includes("balance"))
        await page.keyboard.press("Enter")
        await title(page, "shop/balance")
        // the palette: from anywhere, to anything
        await page.keyboard.press("Control+k")
        await page.getByRole("dialog", { name: "Search" }).waitFor()
        await page.keyboard.type("cust")
        await page.getByRole("option", { name: /customers/, selected: true }).waitFor()
        await page.keyboard.press("Enter")
        await title(page, "shop/customers")
        await page.keyboard.press("/")
        await page.getByRole("dialog", { name: "Search" }).waitFor()
        await page.keyboard.type("runs")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Escape")
        assert.strictEqual(await page.getByRole("dialog").count(), 0)
        // a dialog: the focus stays within, and comes back
        await tabUntil(page, /^Materialize/)
        await page.keyboard.press("Shift+Enter")
        const dialog = page.getByRole("dialog", { name: "Materialize shop/customers" })
        await shows(dialog, "1 step")
        for (let press = 0; press < 15; press++) {
          await page.keyboard.press("Tab")
          assert.isTrue(
            await page.evaluate(() =>
              document.activeElement === document.body || document.activeElement?.closest("dialog") !== null
            )
          )
        }
        await page.keyboard.press("Escape")
        await dialog.waitFor({ state: "detached" })
        assert.match(await focused(page), /^Materialize/)
        await page.keyboard.press("Shift+Enter")
        await shows(dialog, "1 step")
        await tabUntil(page, /^Launch/)
        await page.keyboard.press("Enter")
        await runEnds(page, "Succeeded")
      })
    })
  })
}
