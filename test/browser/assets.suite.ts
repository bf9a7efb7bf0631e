/** The page of all assets, and the page of one: what they tell, and what can be done there. */
import { assert, describe, it } from "@effect/vitest"
import type { Locator, Page } from "playwright-core"
import * as Deployments from "./deployments.ts"
import { ended, type Lab, launch, nodeOf, picture, rowOf, runEnds, shows, type Site, title } from "./harness.ts"

/** The keys of a table of assets, in the order they have in it. */
const keysOf = (page: Page): Promise<ReadonlyArray<string>> =>
  page.getByRole("grid", { name: "Assets" }).getByRole("row").getByRole("link").allTextContents()

const showsKeys = async (page: Page, keys: ReadonlyArray<string>): Promise<void> => {
  const list = page.getByRole("grid", { name: "Assets" })
  await list.and(page.locator(`[aria-rowcount="${keys.length + 1}"]`)).waitFor()
  assert.deepStrictEqual(await keysOf(page), keys)
}

/** Chooses values of a filter. */
const filter = async (page: Page, name: string, values: ReadonlyArray<string>): Promise<void> => {
  await page.getByRole("button", { name, exact: true }).and(page.locator("[aria-haspopup=dialog]")).click()
  for (const value of values) await page.getByRole("checkbox", { name: value }).click()
  await page.keyboard.press("Escape")
}

const tab = async (page: Page, name: string): Promise<void> => {
  const link = page.getByRole("navigation", { name: "Parts of this asset" }).getByRole("link", { name })
  await link.click()
  await link.and(page.locator("[aria-current]")).waitFor()
}

const region = (page: Page, name: string | RegExp): Locator => page.getByRole("region", { name })

export const assets = (lab: () => Lab): void => {
  describe("assets", { concurrent: false }, () => {
    const shop = Deployments.shop()
    let served: Promise<Site> | undefined
    /** Three runs, so that there is a history. */
    const site = () =>
      served ??= lab().serve(shop.definitions).then(async (site) => {
        for (let run = 0; run < 3; run++) await ended(site, await launch(site, { keys: ["shop/orders"] }))
        await ended(site, await launch(site, { keys: ["shop/customers", "shop/payments"] }))
        return site
      })

    it("all assets are searched, filtered and sorted; the address keeps it over a reload and back", async () => {
      await lab().visit(await site(), "/assets", async (page) => {
        await title(page, "Assets")
        await rowOf(page, "shop/orders").getByText("Fresh").waitFor()
        await rowOf(page, "shop/payments").getByText("Failed").waitFor()
        await picture(page, "assets")
        await page.getByRole("searchbox", { name: "Search assets" }).fill("earned")
        await showsKeys(page, ["shop/revenue"]) // its description has the word
        await page.getByRole("searchbox", { name: "Search assets" }).fill("")

        await filter(page, "Kind", ["sql", "kafka"])
        await showsKeys(page, ["shop/events", "shop/orders"])
        await page.getByRole("button", { name: "Remove the filter Kind: kafka" }).click()
        await showsKeys(page, ["shop/orders"])
        await page.getByRole("button", { name: "Remove the filter Kind: sql" }).click()

        await page.getByRole("group", { name: "Assets by status" }).getByRole("button", { name: /Fresh/ }).click()
        await showsKeys(page, ["shop/customers", "shop/orders"])
        await page.getByRole("columnheader", { name: "Asset" }).getByRole("button").click()
        await showsKeys(page, ["shop/orders", "shop/customers"])
        assert.match(page.url(), /status=Fresh/)
        await page.reload()
        await showsKeys(page, ["shop/orders", "shop/customers"])
        await rowOf(page, "shop/orders").getByRole("link").click()
        await title(page, "shop/orders")
        await page.goBack()
        await showsKeys(page, ["shop/orders", "shop/customers"])
        await picture(page, "assets-filtered")

        await page.getByRole("group", { name: "Assets by status" }).getByRole("button", { name: /All assets/ }).click()
        const select = page.getByRole("searchbox", { name: "Selection expression" })
        await select.fill("shop/orders+ and group:shop/reports")
        await page.getByRole("grid", { name: "Assets" }).and(page.locator("[aria-rowcount='4']")).waitFor()
        await select.fill("shop/orders + + and")
        await shows(page, "The selection cannot be read")
        await picture(page, "assets-bad-selection")
        await select.fill("shop/nothing")
        await shows(page, /shop\/nothing/)
      })
    })

    it("groups are in the navigation, and list their assets", async () => {
      await lab().visit(await site(), "/assets", async (page) => {
        const navigation = page.getByRole("navigation", { name: "Main" })
        await navigation.getByRole("link", { name: "reports", exact: true }).click()
        await rowOf(page, "shop/newsletter").waitFor()
        await showsKeys(page, ["shop/large", "shop/newsletter", "shop/slow", "shop/small"])
        await navigation.getByRole("link", { name: "shop", exact: true }).click()
        await page.getByRole("grid", { name: "Assets" }).and(page.locator("[aria-rowcount='14']")).waitFor()
        await navigation.getByRole("button", { name: "Close the group shop" }).click()
        assert.strictEqual(await navigation.getByRole("link", { name: "reports", exact: true }).count(), 0)
        await page.reload()
        await navigation.getByRole("link", { name: "stock", exact: true }).waitFor()
        assert.strictEqual(await navigation.getByRole("link", { name: "reports", exact: true }).count(), 0)
        await navigation.getByRole("button", { name: "Open the group shop" }).click()

        await page.goto(`${(await site()).url}/#/assets`)
        await page.getByRole("button", { name: "Group by group" }).click()
        const table = page.getByRole("treegrid", { name: "Assets" })
        await table.getByRole("row", { name: /stock/, expanded: true }).click()
        await table.getByRole("row", { name: /stock/, expanded: false }).waitFor()
        assert.strictEqual(await table.getByRole("link", { name: "stock/by_day", exact: true }).count(), 0)
        await picture(page, "assets-grouped")
      })
    })

    it("an asset tells what there is of it, what it is, and what is beside it", async () => {
      await lab().visit(await site(), "/asset?key=shop/orders", async (page) => {
        await title(page, "shop/orders")
        const latest = region(page, /Latest materialization/)
        await shows(latest, "130") // rows of the third run
        await latest.getByRole("gridcell", { name: "30", exact: true }).waitFor() // in the table of its metadata
        await latest.locator("strong", { hasText: "3" }).waitFor() // its markdown
        await region(page, "Description").getByRole("link", { name: "how they are counted" }).waitFor()
        await region(page, /Upstream/).getByRole("link", { name: "shop/events" }).waitFor()
        await region(page, /Downstream/).getByRole("link", { name: "shop/revenue" }).waitFor()
        await shows(region(page, "Type of the value"), "amount")
        await latest.getByRole("button", { name: "Load the value" }).click()
        await shows(latest, `"amount": 30`)
        await picture(page, "asset-overview")

        await tab(page, "Activity")
        await page.getByRole("img", { name: /rows/ }).or(page.getByRole("figure", { name: /rows/ })).first().waitFor()
        const history = region(page, "History")
        await history.getByRole("button", { name: /details$/ }).nth(2).waitFor()
        assert.strictEqual(await history.getByRole("button", { name: /^Materialized of shop\/orders/ }).count(), 3)
        await history.getByRole("button", { name: /details$/ }).nth(1).click()
        await shows(history, "orders 2") // its data version
        await picture(page, "asset-activity")

        await tab(page, "Definition")
        for (const text of ["team:shop", "tier", "gold"]) await shows(page.getByRole("main"), text)
        await picture(page, "asset-definition")

        await tab(page, "Checks")
        await shows(page.getByRole("main"), /^3 checks, 1 failed, 1 with a warning, 1 passed$/)
        await shows(page.getByRole("main"), "The id 2 is there twice.")
        await shows(page.getByRole("main"), "blocking")
        await picture(page, "asset-checks")
        await page.reload()
        await shows(page.getByRole("main"), /^3 checks, 1 failed, 1 with a warning, 1 passed$/)
      })
    })

    it("configuration is asked for in a form; what the server finds wrong stands at its field", async () => {
      await lab().visit(await site(), "/asset?key=shop/revenue", async (page) => {
        await page.getByRole("button", { name: "Materialize…" }).click()
        const dialog = page.getByRole("dialog", { name: "Materialize shop/revenue" })
        const form = dialog.getByRole("group", { name: "Configuration of shop/revenue" })
        await form.getByLabel("currency").selectOption("USD")
        await form.getByLabel("minimum").fill("-5")
        await form.getByRole("alert").getByText("has to be at least 0").waitFor()
        const go = dialog.getByRole("button", { name: /^Launch/ })
        assert.isTrue(await go.isDisabled())
        await form.getByLabel("minimum").fill("4")
        await form.getByLabel("period").fill("January")
        await go.click()
        await form.getByRole("alert").getByText("a period is a quarter, such as Q1").waitFor()
        await picture(page, "launch-config")
        await form.getByLabel("period").fill("Q3")
        await go.click()
        await runEnds(page, "Succeeded")
        await page.getByRole("button", { name: "Configuration" }).click()
        await shows(page.getByRole("dialog"), `"period": "Q3"`)
        await page.keyboard.press("Escape")
        await page.getByRole("button", { name: /shop\/revenue/ }).first().click()
        await shows(page.getByRole("complementary", { name: "Details of shop/revenue" }), "USD")
      })
    })

    it("partitions are materialized one by one, as a range, and as a backfill", async () => {
      await lab().visit(await site(), "/asset?key=stock/by_day&tab=partitions", async (page) => {
        await shows(page, "60 partitions")
        await page.getByRole("row", { name: /2024-01-02/ }).getByRole("button", { name: "Materialize 2024-01-02" })
          .click()
        const dialog = page.getByRole("dialog")
        await shows(dialog, "What will run")
        await dialog.getByRole("button", { name: /^Launch · 1 step/ }).click()
        await runEnds(page, "Succeeded")
        await shows(page, "2024-01-02")
        await page.goBack()
        await page.getByRole("row", { name: /2024-01-02/ }).getByText("Fresh").waitFor()

        // from the sixth to the eighth, on the strip
        const strip = page.getByRole("slider")
        const box = (await strip.boundingBox())!
        const at = (day: number) => [box.x + box.width * (day - 0.5) / 60, box.y + box.height / 2] as const
        await page.mouse.move(...at(6))
        await page.mouse.down()
        await page.mouse.move(...at(7), { steps: 3 })
        await page.mouse.move(...at(8), { steps: 3 })
        await page.mouse.up()
        assert.strictEqual(await page.getByLabel("From").inputValue(), "2024-01-06")
        assert.strictEqual(await page.getByLabel("To", { exact: true }).inputValue(), "2024-01-08")
        await picture(page, "asset-partitions")
        await page.getByRole("button", { name: "Backfill selected range (3)" }).click()
        await dialog.getByRole("button", { name: /^Launch/ }).click()
        await page.getByRole("heading", { level: 1 }).getByText("Succeeded")
          .or(page.getByRole("row").getByText("Succeeded").first()).waitFor()
        await page.goto(`${(await site()).url}/#/asset?key=stock/by_day&tab=partitions`)
        await page.getByRole("button", { name: "Fresh 4" }).waitFor()

        await page.getByRole("button", { name: "Backfill missing (56)" }).click()
        await dialog.getByRole("radio", { name: "Backfill in runs of" }).check()
        await dialog.getByLabel("Partitions in one run").fill("20")
        await picture(page, "launch-backfill")
        // what is there lies between: 1, 3 to 5, and the rest are not next to each other
        await dialog.getByRole("button", { name: /^Launch backfill · \d runs/ }).click()
        await title(page, "Runs")
        await page.getByRole("button", { name: /^Remove the filter Backfill/ }).waitFor()
        await page.getByRole("row").filter({ hasText: "Succeeded" }).nth(2).waitFor()
        await page.goto(`${(await site()).url}/#/asset?key=stock/by_day&tab=partitions`)
        await page.getByRole("button", { name: "Fresh 60" }).waitFor()
        await page.getByRole("button", { name: "Missing 0" }).waitFor()

        await page.goto(`${(await site()).url}/#/asset?key=stock/by_day_and_region&tab=partitions`)
        await shows(page, "180 partitions")
        await picture(page, "asset-partitions-grid")
      })
    })

    it("new data of an external asset marks what was computed from it, until that is computed anew", async () => {
      const shop = Deployments.shop()
      const site = await lab().serve(shop.definitions)
      await lab().visit(site, "/asset?key=shop/events", async (page) => {
        await page.getByRole("button", { name: "Observe" }).click()
        await shows(page, "Data version v1")
        await ended(site, await launch(site, { keys: ["shop/orders"] }))
        const downstream = region(page, /Downstream/)
        await downstream.getByRole("listitem").filter({ hasText: "shop/orders" }).getByText("Fresh").waitFor()
        shop.is.version = "v2"
        await page.getByRole("button", { name: "Observe" }).click()
        await downstream.getByRole("listitem").filter({ hasText: "shop/orders" }).getByText("Upstream changed")
          .waitFor()
        await downstream.getByRole("link", { name: "shop/orders" }).click()
        await shows(page.getByRole("main"), "Computed from other data of")
        await page.getByRole("main").getByRole("button", { name: "Upstream changed" }).first().click()
        await shows(page, /v1.*v2/)
        await picture(page, "asset-upstream-changed")
        await page.getByRole("button", { name: "Materialize", exact: true }).click()
        await page.getByRole("main").getByText("Upstream changed").first().waitFor({ state: "detached" })
        await shows(page.getByRole("main"), "Fresh")
        // what somebody reports counts, too
        await page.goto(`${site.url}/#/asset?key=shop/events`)
        await page.getByRole("button", { name: "More", exact: true }).click()
        await page.getByRole("menuitem", { name: /Report new data/ }).click()
        const dialog = page.getByRole("dialog")
        await dialog.getByLabel("Data version").fill("v3")
        await dialog.getByRole("button", { name: "Record" }).click()
        await downstream.getByRole("listitem").filter({ hasText: "shop/orders" }).getByText("Upstream changed")
          .waitFor()
      })
    })

    it("a state tells why nothing came of a try, and what was skipped is not shown as missing", async () => {
      const site = await lab().serve(Deployments.shop().definitions)
      await ended(site, await launch(site, { keys: ["shop/orders"] }))
      await ended(site, await launch(site, { keys: ["shop/payments", "shop/ledger", "shop/returns", "shop/refunds"] }))
      await lab().visit(site, "/assets?q=shop", async (page) => {
        const whyOf = async (key: string, label: string, reason: RegExp) => {
          await rowOf(page, key).getByRole("button", { name: label, exact: true }).click()
          await page.getByRole("dialog", { name: `Why ${key} is shown as: ${label}` }).getByText(reason).waitFor()
          await page.keyboard.press("Escape")
        }
        await whyOf("shop/payments", "Failed", /^Its last try failed: The payment of order 17 was refused/)
        await whyOf("shop/ledger", "Upstream failed", /^It was not computed: shop\/payments failed$/)
        await whyOf("shop/returns", "Skipped", /^Its last try was skipped: its output is None$/)
        await page.getByRole("group", { name: "Assets by status" }).getByRole("button", { name: /Skipped/ }).click()
        await showsKeys(page, ["shop/refunds", "shop/returns"])

        await page.goto(`${site.url}/#/lineage`)
        await nodeOf(page, "shop/refunds").getByText("Skipped").click()
        await shows(page.getByRole("complementary"), "Its last try was skipped: shop/returns was skipped")
        await page.goto(`${site.url}/#/asset?key=shop/refunds`)
        await page.getByRole("main").getByText("Its last try was skipped: shop/returns was skipped").waitFor()
        await page.getByRole("main").getByRole("link", { name: "shop/returns" }).first().click()
        await title(page, "shop/returns")
      })
    })

    it("a history is wiped after a question", async () => {
      const site = await lab().serve(Deployments.shop().definitions)
      await ended(site, await launch(site, { keys: ["shop/orders"] }))
      await lab().visit(site, "/asset?key=shop/orders", async (page) => {
        await shows(page.getByRole("main"), "Fresh")
        await page.getByRole("button", { name: "More", exact: true }).click()
        await page.getByRole("menuitem", { name: /Wipe history/ }).click()
        const dialog = page.getByRole("dialog")
        await picture(page, "asset-wipe")
        const confirm = dialog.getByRole("textbox")
        if (await confirm.count() > 0) await confirm.fill("shop/orders")
        await dialog.getByRole("button", { name: /^Wipe/ }).click()
        await shows(page.getByRole("main"), "Nothing materialized yet")
        await shows(page.getByRole("main"), "Missing")
      })
    })

    it("several assets are picked in the list, and materialized together", async () => {
      const site = await lab().serve(Deployments.shop().definitions)
      await lab().visit(site, "/assets", async (page) => {
        await rowOf(page, "shop/customers").getByRole("checkbox").check()
        await rowOf(page, "shop/orders").getByRole("checkbox").check()
        const bar = page.getByRole("region", { name: "Selected assets" })
        await shows(bar, "2 selected")
        await picture(page, "assets-picked")
        await bar.getByRole("button", { name: "Materialize 2 assets" }).click()
        await rowOf(page, "shop/customers").getByText("Fresh").waitFor()
        await rowOf(page, "shop/orders").getByText("Fresh").waitFor()
        await page.getByRole("link", { name: "View run" }).click()
        await runEnds(page, "Succeeded")
      })
    })
  })
}
