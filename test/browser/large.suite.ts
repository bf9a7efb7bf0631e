/** Ten thousand assets in a hundred groups. */
import { assert, describe, it } from "@effect/vitest"
import * as Deployments from "./deployments.ts"
import { type Lab, picture, rowOf, type Site, title } from "./harness.ts"

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
  })
}
