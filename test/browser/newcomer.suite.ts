/** The way of somebody who sees the example for the first time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Operations } from "effect-assets/server"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Deployments from "./deployments.ts"
import { graphOf, type Lab, nodeOf, picture, rowOf, runEnds, shows, title } from "./harness.ts"

export const newcomer = (lab: () => Lab): void => {
  describe("a newcomer", { concurrent: false }, () => {
    it("finds an asset, materializes a part of the graph, and sees what has changed", async () => {
      const directory = mkdtempSync(join(tmpdir(), "effect-assets-weather-"))
      const site = await lab().serve(Deployments.example(directory))
      try {
        await lab().visit(site, "/", async (page) => {
          // find an asset, by the list and by the palette
          await title(page, "Assets")
          await rowOf(page, "yearly_weather").waitFor()
          await picture(page, "weather-1-assets")
          await page.getByRole("searchbox", { name: "Search assets" }).fill("southern cities")
          await page.getByRole("status").getByText("1 of 13").waitFor()
          await rowOf(page, "getaways").click()
          await title(page, "getaways")
          await page.keyboard.press("Control+k")
          await page.getByRole("dialog", { name: "Search" }).waitFor()
          await page.keyboard.type("daily")
          await page.getByRole("option", { name: /daily_weather/, selected: true }).waitFor()
          await page.keyboard.press("Enter")
          await title(page, "daily_weather")

          // all its days in one run
          await page.getByRole("button", { name: "Materialize…" }).click()
          const dialog = page.getByRole("dialog", { name: "Materialize daily_weather" })
          await dialog.getByRole("radio", { name: /^Missing/ }).check()
          await dialog.getByRole("radio", { name: "In one run" }).check()
          await shows(dialog, /1,461/)
          await picture(page, "weather-2-launch")
          await dialog.getByRole("button", { name: /^Launch/ }).click()
          await title(page, "Runs")
          const run = page.getByRole("row").filter({ hasText: "daily_weather" })
          await run.getByText("Succeeded").waitFor()
          await run.click()
          await runEnds(page, "Succeeded")
          await picture(page, "weather-3-run")

          // its lineage
          await page.goto(`${site.url}/#/asset?key=yearly_weather&tab=lineage`)
          await graphOf(page)
          await nodeOf(page, "daily_weather").waitFor()
          await nodeOf(page, "report").waitFor()
          await picture(page, "weather-4-lineage")
          await page.getByRole("main").getByRole("link", { name: "View in graph" }).click()
          await graphOf(page)
          await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Lineage", exact: true })
            .click()

          // a subset, picked in the graph
          await graphOf(page)
          await nodeOf(page, "getaways").click()
          await nodeOf(page, "yearly_weather").click({ modifiers: ["Shift"] })
          await picture(page, "weather-5-picked")
          await page.getByRole("button", { name: "Materialize 2 selected" }).click()
          await nodeOf(page, "yearly_weather").getByText("Fresh").waitFor()
          await nodeOf(page, "getaways").getByText("Fresh").waitFor()
          await page.getByRole("link", { name: "View run" }).click()
          await runEnds(page, "Succeeded")
          const bars = page.getByRole("list", { name: "Assets of the run" })
          await bars.getByRole("listitem").filter({ hasText: "yearly_weather" }).waitFor()
          assert.strictEqual(await bars.getByRole("listitem").count(), 2)

          // several runs, and the plot of what they tell
          for (let run = 0; run < 2; run++) {
            const { runId } = await site.run(
              Operations.Operations.use((operations) => operations.launch({ keys: ["yearly_weather"] }))
            )
            await site.run(
              Operations.Operations.use((operations) => Effect.ignore(operations.run(runId)))
            )
          }
          await page.goto(`${site.url}/#/asset?key=yearly_weather`)
          await page.getByRole("button", { name: "Plot rows" }).click()
          await shows(page, "Numbers over time")
          await page.getByRole("button", { name: /^Materialized of yearly_weather/ }).nth(2).waitFor()
          await picture(page, "weather-6-plot")

          // new data upstream is marked downstream, until that is computed anew
          await page.goto(`${site.url}/#/asset?key=datasets/airports.csv`)
          await page.getByRole("button", { name: "More", exact: true }).click()
          await page.getByRole("menuitem", { name: /Report new data/ }).click()
          const report = page.getByRole("dialog")
          await report.getByLabel("Data version").fill("airports of 2009")
          await report.getByRole("button", { name: "Record" }).click()
          await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Lineage", exact: true })
            .click()
          await graphOf(page)
          await nodeOf(page, "getaways").getByText("Upstream changed").waitFor()
          await picture(page, "weather-7-changed")
          await page.goto(`${site.url}/#/asset?key=getaways`)
          await shows(page.getByRole("main"), "Upstream changed")
          await page.getByRole("button", { name: "Materialize", exact: true }).click()
          await page.getByRole("main").getByText("Upstream changed").first().waitFor({ state: "detached" })
          await shows(page.getByRole("main"), "Fresh")
        }, { viewport: { width: 1600, height: 900 } })
      } finally {
        await site.close()
        rmSync(directory, { recursive: true, force: true })
      }
    }, 40_000)
  })
}
