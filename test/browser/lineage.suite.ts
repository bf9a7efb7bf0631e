/** The lineage graph: what is shown of it, what is selected in it, and what is done with that. */
import { assert, describe, it } from "@effect/vitest"
import type { Page } from "playwright-core"
import * as Deployments from "./deployments.ts"
import {
  accessible,
  ended,
  graphOf,
  type Lab,
  launch,
  nodeOf,
  picture,
  rowOf,
  runEnds,
  shows,
  type Site,
  title
} from "./harness.ts"

const wide = { viewport: { width: 1700, height: 950 } }

const selectedOf = (page: Page): Promise<ReadonlyArray<string>> =>
  page.locator("[data-node][aria-pressed=true]").evaluateAll((nodes) =>
    nodes.map((node) => (node as HTMLElement).dataset.node!).sort()
  )

const counts = (page: Page, nodes: number, boxes: number): Promise<void> =>
  page.locator(`[data-ready=true][data-nodes="${nodes}"][data-boxes="${boxes}"]`).waitFor()

export const lineage = (lab: () => Lab): void => {
  describe("lineage", { concurrent: false }, () => {
    let served: Promise<Site> | undefined
    const site = () =>
      served ??= lab().serve(Deployments.shop().definitions).then(async (site) => {
        await ended(site, await launch(site, { select: "+shop/balance" }))
        return site
      })

    it("the whole graph, a group of it from the navigation, and what an expression selects", async () => {
      await lab().visit(await site(), "/lineage", async (page) => {
        await title(page, "Lineage")
        await graphOf(page)
        await counts(page, 16, 3)
        await nodeOf(page, "shop/payments").getByText("Failed").waitFor()
        await nodeOf(page, "shop/orders").getByText("Fresh").waitFor()
        await picture(page, "lineage")
        const navigation = page.getByRole("navigation", { name: "Main" })
        await navigation.getByRole("link", { name: "stock", exact: true }).hover()
        await navigation.getByRole("link", { name: "Lineage of the group shop/reports" }).click()
        await title(page, /shop\/reports/)
        await nodeOf(page, "shop/newsletter").waitFor()
        await nodeOf(page, "shop/revenue").waitFor() // a neighbour, outside of the group
        await nodeOf(page, "shop/payments").waitFor({ state: "detached" })
        await picture(page, "lineage-group")
        await page.reload()
        await nodeOf(page, "shop/newsletter").waitFor()

        await page.goto(`${(await site()).url}/#/lineage`)
        await counts(page, 16, 3)
        await page.getByRole("searchbox", { name: "Selection expression" }).fill("+shop/balance")
        await page.getByRole("status").getByText("5 of 16 assets").waitFor()
        await nodeOf(page, "shop/ledger").waitFor()
        assert.match(page.url(), /select=/)
        await page.reload()
        await page.getByRole("status").getByText("5 of 16 assets").waitFor()
        await picture(page, "lineage-selection")
        await page.getByRole("searchbox", { name: "Selection expression" }).fill("+shop/balance and and")
        await shows(page, "The selection cannot be read")
      }, wide)
    })

    it("groups fold and open", async () => {
      await lab().visit(await site(), "/lineage", async (page) => {
        await counts(page, 16, 3)
        await page.getByRole("button", { name: "Collapse all groups" }).click()
        await counts(page, 0, 3)
        await picture(page, "lineage-folded")
        await page.getByRole("button", { name: "Open shop/reports" }).click()
        await counts(page, 4, 3)
        await page.reload()
        await counts(page, 4, 3)
        await page.getByRole("button", { name: "Expand all groups" }).click()
        await counts(page, 16, 3)
      }, wide)
    })

    it("“view in graph” leads from the lists and from an asset to what they show", async () => {
      await lab().visit(await site(), "/assets?group=stock", async (page) => {
        await rowOf(page, "stock/by_day").waitFor()
        await page.getByRole("banner").getByRole("link", { name: "View in graph" }).click()
        await page.getByRole("status").getByText("3 of 16 assets").waitFor()
        await page.goto(`${(await site()).url}/#/assets`)
        await rowOf(page, "shop/orders").getByRole("checkbox").check()
        await rowOf(page, "shop/revenue").getByRole("checkbox").check()
        await page.getByRole("region", { name: "Selected assets" }).getByRole("link", { name: "View in graph" }).click()
        await page.getByRole("status").getByText("2 of 16 assets").waitFor()
        await page.goto(`${(await site()).url}/#/asset?key=shop/ledger&tab=lineage`)
        await nodeOf(page, "shop/payments").waitFor()
        await picture(page, "asset-lineage")
        await page.getByRole("main").getByRole("link", { name: "View in graph" }).click()
        await title(page, /shop\/ledger/)
        await nodeOf(page, "shop/balance").waitFor()
        await nodeOf(page, "shop/orders").waitFor()
        await page.getByRole("combobox", { name: "Steps" }).selectOption("1 step")
        await nodeOf(page, "shop/orders").waitFor({ state: "detached" })
      }, wide)
    })

    it("assets are selected by clicks, with a box and by an expression, and materialized", async () => {
      const shop = Deployments.shop()
      const site = await lab().serve(shop.definitions)
      await lab().visit(site, "/lineage", async (page) => {
        await counts(page, 16, 3)
        await nodeOf(page, "shop/customers").click()
        await nodeOf(page, "shop/orders").click({ modifiers: ["Shift"] })
        assert.deepStrictEqual(await selectedOf(page), ["shop/customers", "shop/orders"])
        await picture(page, "lineage-picked")
        shop.gates["shop/customers"].closeUnsafe()
        await page.getByRole("button", { name: "Materialize 2 selected" }).click()
        await nodeOf(page, "shop/customers").getByText("Running").waitFor()
        await nodeOf(page, "shop/orders").getByText("Fresh").waitFor()
        await picture(page, "lineage-running")
        shop.gates["shop/customers"].openUnsafe()
        await nodeOf(page, "shop/customers").getByText("Fresh").waitFor()

        // a box around the assets of the group of stocks
        await page.getByRole("button", { name: "Clear the selection" }).click()
        const boxes = await Promise.all(
          ["stock/by_day", "stock/by_region", "stock/by_day_and_region"].map((key) => nodeOf(page, key).boundingBox())
        )
        const left = Math.min(...boxes.map((box) => box!.x)) - 6
        const top = Math.min(...boxes.map((box) => box!.y)) - 4
        const right = Math.max(...boxes.map((box) => box!.x + box!.width)) + 6
        const bottom = Math.max(...boxes.map((box) => box!.y + box!.height)) + 6
        await page.keyboard.down("Shift")
        await page.mouse.move(right, bottom)
        await page.mouse.down()
        await page.mouse.move((left + right) / 2, (top + bottom) / 2, { steps: 3 })
        await page.mouse.move(left, top, { steps: 3 })
        await picture(page, "lineage-box")
        await page.mouse.up()
        await page.keyboard.up("Shift")
        await page.getByRole("button", { name: /^Materialize 3 selected/ }).waitFor()
        assert.deepStrictEqual(await selectedOf(page), ["stock/by_day", "stock/by_day_and_region", "stock/by_region"])

        await page.getByRole("button", { name: "Select by expression" }).click()
        const field = page.locator("[popover]:popover-open").getByRole("searchbox", { name: "Selection expression" })
        await field.fill("shop/large or shop/small")
        await page.getByRole("button", { name: "Select 2" }).click()
        await page.getByRole("button", { name: "Materialize 2 selected" }).click()
        await page.getByRole("link", { name: "View run" }).last().click()
        await runEnds(page, "Succeeded")
        await page.goBack()
        await nodeOf(page, "shop/large").getByText("Fresh").waitFor()
      }, wide)
    })

    it("new data upstream is marked in the graph, and the mark goes", async () => {
      const shop = Deployments.shop()
      const site = await lab().serve(shop.definitions)
      await ended(site, await launch(site, { keys: ["shop/orders", "shop/customers", "shop/revenue"] }))
      await lab().visit(site, "/lineage?select=shop/orders%2B", async (page) => {
        await nodeOf(page, "shop/revenue").getByText("Fresh").waitFor()
        await ended(site, await launch(site, { keys: ["shop/orders"] }))
        await nodeOf(page, "shop/revenue").getByText("Upstream changed").waitFor()
        await nodeOf(page, "shop/revenue").click()
        await shows(page.getByRole("complementary", { name: "Details" }), "Why it is stale")
        await picture(page, "lineage-upstream-changed")
        await ended(site, await launch(site, { keys: ["shop/revenue"] }))
        await nodeOf(page, "shop/revenue").getByText("Fresh").waitFor()
      }, wide)
    })

    it("the graph is walked through with the keyboard", async () => {
      await lab().visit(await site(), "/lineage?select=%2Bshop/balance", async (page) => {
        const graph = await graphOf(page)
        await nodeOf(page, "shop/orders").waitFor()
        await graph.focus()
        await nodeOf(page, "shop/events").focus()
        await page.keyboard.press("ArrowRight")
        const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.node)
        await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset.node === "shop/orders")
        await page.keyboard.press("ArrowRight")
        await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset.node === "shop/payments")
        await page.keyboard.press("Space")
        assert.deepStrictEqual(await selectedOf(page), ["shop/payments"])
        await page.keyboard.press("ArrowLeft")
        await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset.node === "shop/orders")
        assert.strictEqual(await focused(), "shop/orders")
        await accessible(page)
        await page.keyboard.press("Enter")
        await title(page, "shop/orders")
      }, wide)
    })
  })
}
