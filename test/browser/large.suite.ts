/** Ten thousand assets in a hundred groups. */
import { assert, describe, it, vi } from "@effect/vitest"
import * as Deployments from "./deployments.ts"
import { graphOf, type Lab, nodeOf, picture, rowOf, shows, type Site, title } from "./harness.ts"

export const large = (lab: () => Lab): void => {
  describe("10,000 assets", { concurrent: false }, () => {
    let served: Promise<Site> | undefined
    const site = () => served ??= lab().serve(Deployments.large(10_000))

    it("are listed with few rows, searched at once, and reached from the palette", async () => {
      await lab().visit(await site(), "/assets", async (page) => {
        await page.getByRole("status").getByText("10,000 assets").waitFor()
        await rowOf(page, "team_0/asset_0").getByText("Missing").waitFor()
        assert.isBelow(await page.getByRole("row").count(), 100)
        await page.keyboard.press("Tab")
        await page.getByRole("row").nth(1).focus()
        await page.keyboard.press("End")
        await rowOf(page, "team_99/asset_9999").waitFor()
        assert.isBelow(await page.getByRole("row").count(), 100)
        await page.getByRole("searchbox", { name: "Search assets" }).fill("asset_4321")
        await rowOf(page, "team_43/asset_4321").waitFor()
        await page.getByRole("status").getByText("1 of 10,000").waitFor()
        await page.getByRole("searchbox", { name: "Search assets" }).fill("")
        await page.getByRole("status").getByText("10,000 assets").waitFor()
        await page.getByLabel("Select all shown").check()
        await page.getByRole("button", { name: "Materialize 10,000 assets" }).waitFor()
        await picture(page, "large-assets")
        await page.keyboard.press("Control+k")
        await page.getByRole("dialog", { name: "Search" }).waitFor()
        await page.keyboard.type("8765")
        await page.getByRole("option", { name: /asset_8765/, selected: true }).waitFor()
        await page.keyboard.press("Enter")
        await title(page, "team_87/asset_8765")
        // the links of the navigation are not squeezed by a hundred groups
        const link = await page.getByRole("link", { name: "Runs", exact: true }).boundingBox()
        assert.isAtLeast(link!.height, 24)
      })
    })

    it("are drawn as folded groups, which open, and are found, moved and zoomed", async () => {
      await lab().visit(await site(), "/lineage", async (page) => {
        await graphOf(page)
        await page.locator("[data-ready=true][data-nodes='0'][data-boxes='100']").waitFor()
        await shows(page.getByRole("main"), "10,000 assets")
        await picture(page, "large-lineage")
        await page.getByRole("combobox", { name: "Find an asset" }).fill("asset_4321")
        await page.getByRole("option", { name: /asset_4321/ }).first().click()
        // its group is open, and it is in the middle
        await page.locator("[data-ready=true][data-nodes='100']").waitFor()
        await nodeOf(page, "team_43/asset_4321").waitFor()
        assert.strictEqual(await nodeOf(page, "team_43/asset_4321").getAttribute("aria-pressed"), "true")
        await picture(page, "large-lineage-found")

        // the details of what is selected open beside the graph, which moves for it
        await page.getByRole("complementary", { name: "Details" }).waitFor()
        const place = async () => JSON.stringify(await nodeOf(page, "team_43/asset_4321").boundingBox())
        await vi.waitFor(async () => {
          const first = await place()
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
          assert.strictEqual(await place(), first)
        })
        const before = (await nodeOf(page, "team_43/asset_4321").boundingBox())!
        const graph = (await (await graphOf(page)).boundingBox())!
        // between the nodes, where nothing is pressed
        await page.mouse.move(graph.x + 20, graph.y + 60)
        await page.mouse.down()
        await page.mouse.move(graph.x + 70, graph.y + 85, { steps: 4 })
        await page.mouse.move(graph.x + 120, graph.y + 110, { steps: 4 })
        await page.mouse.up()
        await vi.waitFor(async () => {
          const after = (await nodeOf(page, "team_43/asset_4321").boundingBox())!
          assert.closeTo(after.x - before.x, 100, 3)
          assert.closeTo(after.y - before.y, 50, 3)
        })
        await page.getByRole("button", { name: "Zoom in" }).click()
        await vi.waitFor(async () => {
          const after = (await nodeOf(page, "team_43/asset_4321").boundingBox())!
          assert.isAbove(after.width, before.width * 1.3)
        })
        await page.getByRole("button", { name: "Expand all groups" }).click()
        await page.locator("[data-ready=true][data-nodes='10000']").waitFor()
        await page.getByRole("button", { name: "Show everything" }).click()
        await picture(page, "large-lineage-open")
        await page.getByRole("button", { name: "Collapse all groups" }).click()
        await page.locator("[data-ready=true][data-nodes='0']").waitFor()
        // the lineage of one of them
        await page.goto(`${(await site()).url}/#/lineage?focus=team_43/asset_4321&hops=2`)
        await nodeOf(page, "team_43/asset_4321").waitFor()
        await picture(page, "large-neighbours")
      })
    })
  })
}
