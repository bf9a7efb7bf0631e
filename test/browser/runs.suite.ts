/** Runs: while they go on, when they fail, are skipped or cancelled, and when the connection or the definitions break. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { Deployment, Operations } from "effect-assets/server"
import type { Page } from "playwright-core"
import * as Deployments from "./deployments.ts"
import { ended, type Lab, launch, picture, rowOf, runEnds, shows, title } from "./harness.ts"

/** What became of an asset, in the timeline of a run. */
const outcomeOf = (page: Page, key: string, outcome: string) =>
  page.getByRole("list", { name: "Assets of the run" }).getByRole("listitem").filter({ hasText: key }).filter({
    hasText: outcome
  }).waitFor()

export const runs = (lab: () => Lab): void => {
  describe("runs", { concurrent: false }, () => {
    it("a failed run tells what failed and why, what was not computed, and is retried from there", async () => {
      const shop = Deployments.shop()
      const site = await lab().serve(shop.definitions)
      const runId = await launch(site, { select: "+shop/balance or +shop/refunds" })
      await ended(site, runId)
      await lab().visit(site, `/runs/${runId}`, async (page) => {
        await runEnds(page, "Failed")
        await title(page, /Run .* · shop\//)
        await shows(page, "1 asset failed")
        await shows(page, "2 assets were not computed because of")
        await outcomeOf(page, "shop/orders", "Materialized")
        await outcomeOf(page, "shop/ledger", "Upstream failed: shop/payments failed")
        await outcomeOf(page, "shop/balance", "Upstream failed: shop/payments failed")
        await outcomeOf(page, "shop/returns", "Skipped: its output is None")
        await outcomeOf(page, "shop/refunds", "Skipped: shop/returns was skipped")

        await page.getByRole("button", { name: "shop/payments" }).first().click()
        const details = page.getByRole("complementary", { name: "Details of shop/payments" })
        await shows(details, /PaymentRefused: The payment of order 17 was refused/)
        await shows(details, "the bank says no")
        await picture(page, "run-failed")
        await details.getByRole("button", { name: "Show the whole cause" }).click()
        await shows(details, /PaymentRefused.*deployments\.ts/s)
        await details.getByRole("link", { name: "Open the asset" }).click()
        await title(page, "shop/payments")
        await shows(page, "Latest try")
        await shows(page, /The payment of order 17 was refused/)
        await picture(page, "asset-failed")
        await page.goBack()

        shop.is.failing = false
        await page.getByRole("button", { name: "Retry from failure" }).click()
        await page.waitForURL((url) => !url.hash.includes(runId))
        await runEnds(page, "Succeeded")
        await outcomeOf(page, "shop/balance", "Materialized")
        await shows(page, "retry of")
        const shown = await page.getByRole("list", { name: "Assets of the run" }).textContent()
        assert.notInclude(shown, "shop/orders")
      })
    })

    it("a run is followed live, over a reload of the page, cancelled, and its resources are released", async () => {
      const shop = Deployments.shop()
      shop.gates["shop/slow"].closeUnsafe()
      const site = await lab().serve(shop.definitions)
      const runId = await launch(site, { keys: ["shop/orders", "shop/slow"] })
      await lab().visit(site, `/runs/${runId}`, async (page) => {
        await runEnds(page, "Running")
        await outcomeOf(page, "shop/orders", "Materialized")
        await outcomeOf(page, "shop/slow", "Running")
        await picture(page, "run-live")
        await page.reload()
        await outcomeOf(page, "shop/slow", "Running")
        await vi.waitFor(() => assert.strictEqual(shop.is.opened, 1))
        assert.strictEqual(shop.is.closed, 0)

        await page.getByRole("button", { name: "Cancel", exact: true }).click()
        await runEnds(page, "Cancelled")
        await outcomeOf(page, "shop/slow", "Cancelled")
        assert.strictEqual(shop.is.closed, 1)
        await picture(page, "run-cancelled")

        // it is recorded, and can be done again
        await page.getByRole("link", { name: "Runs", exact: true }).click()
        const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: /^shop\// }) })
        await row.filter({ hasText: "Cancelled" }).waitFor()
        await row.first().click()
        shop.gates["shop/slow"].openUnsafe()
        await page.getByRole("button", { name: "Retry from failure" }).click()
        await page.waitForURL((url) => !url.hash.includes(runId))
        await runEnds(page, "Succeeded")
        assert.strictEqual(shop.is.closed, 2)
      })
    })

    it("a run of several assets asks before it is cancelled, and keeps the reason", async () => {
      const shop = Deployments.shop()
      shop.gates["shop/slow"].closeUnsafe()
      const site = await lab().serve(shop.definitions)
      await ended(site, await launch(site, { keys: ["shop/orders", "shop/customers"] }))
      const runId = await launch(site, { select: "shop/slow+" })
      await lab().visit(site, `/runs/${runId}`, async (page) => {
        await outcomeOf(page, "shop/slow", "Running")
        await page.getByRole("button", { name: "Cancel", exact: true }).click()
        const dialog = page.getByRole("dialog", { name: "Cancel this run?" })
        await dialog.getByLabel("Reason (optional)").fill("the office is closing")
        await dialog.getByRole("button", { name: "Cancel the run" }).click()
        await runEnds(page, "Cancelled")
        await shows(page, /the office is closing/)
      })
      const run = await site.run(Operations.Operations.use((operations) => operations.run(runId)))
      assert.strictEqual(run.status, "Cancelled")
    })

    it("what happens in one tab is shown in the other", async () => {
      const shop = Deployments.shop()
      const site = await lab().serve(shop.definitions)
      await lab().visit(site, "/assets", async (page) => {
        await rowOf(page, "shop/customers").getByText("Missing").waitFor()
        const other = await page.context().newPage()
        await other.goto(`${site.url}/#/asset?key=shop/customers`)
        shop.gates["shop/customers"].closeUnsafe()
        await other.getByRole("button", { name: "Materialize", exact: true }).click()
        await rowOf(page, "shop/customers").getByText("Running").waitFor()
        await page.getByRole("link", { name: /^Runs/ }).filter({ hasText: "1 running" }).waitFor()
        shop.gates["shop/customers"].openUnsafe()
        await rowOf(page, "shop/customers").getByText("Fresh").waitFor()
        await shows(other, "Fresh")
        // and what another client does
        await launch(site, { keys: ["shop/orders"] })
        await rowOf(page, "shop/orders").getByText("Fresh").waitFor()
        await other.close()
      })
    })

    it("a server that stops is told, and that it is there again is found without help", async () => {
      const definitions = Deployments.shop().definitions
      const first = await lab().serve(definitions)
      const port = Number(new URL(first.url).port)
      await lab().visit(first, "/assets", async (page) => {
        await page.getByRole("status").getByText("Live", { exact: true }).waitFor()
        await first.close()
        await page.getByRole("alert").getByText("The server does not answer").waitFor({ timeout: 15_000 })
        await picture(page, "server-gone")
        const again = await lab().serve(definitions, { port })
        await ended(again, await launch(again, { keys: ["shop/orders"] }))
        await page.getByRole("status").getByText("Live", { exact: true }).waitFor({ timeout: 20_000 })
        assert.strictEqual(await page.getByRole("alert").count(), 0)
        // also what has happened meanwhile
        await rowOf(page, "shop/orders").getByText("Fresh").waitFor()
      }, { expected: /WebSocket|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/ })
    })

    it("definitions that cannot be loaded are told on every page, and work goes on with the earlier ones", async () => {
      const shop = Deployments.shop()
      const weather = Deployments.large(12)
      let load: Effect.Effect<typeof weather, Deployment.LoadError> = Effect.succeed(shop.definitions)
      const site = await lab().serve({ module: "shop.ts", load: Effect.suspend(() => load) })
      const reload = () => site.run(Effect.exit(Deployment.Deployment.use((deployment) => deployment.reload)))
      await lab().visit(site, "/assets", async (page) => {
        await rowOf(page, "shop/orders").waitFor()
        load = Effect.fail(new Deployment.LoadError({ module: "shop.ts", problem: "line 7: a bracket is missing" }))
        await reload()
        const alert = page.getByRole("alert")
        await alert.getByText(/could not be loaded.*line 7: a bracket is missing/s).waitFor()
        await picture(page, "definitions-broken")
        await rowOf(page, "shop/customers").click()
        await page.getByRole("button", { name: "Materialize", exact: true }).click()
        // the word alone: the cause has paths, which may have it, too
        await page.getByText("Fresh", { exact: true }).first().waitFor()
        await alert.waitFor()

        load = Effect.succeed(weather)
        await alert.getByRole("button", { name: "Load again" }).click()
        await alert.waitFor({ state: "detached" })
        await page.getByRole("link", { name: "Assets", exact: true }).click()
        await rowOf(page, "team_0/asset_3").waitFor()
        assert.strictEqual(await rowOf(page, "shop/orders").count(), 0)
      })
    })

    it("a deployment whose definitions were never loaded tells so, and recovers", async () => {
      let load: Effect.Effect<ReturnType<typeof Deployments.large>, Deployment.LoadError> = Effect.fail(
        new Deployment.LoadError({ module: "shop.ts", problem: "there is no default export" })
      )
      const site = await lab().serve({ module: "shop.ts", load: Effect.suspend(() => load) })
      await lab().visit(site, "/assets", async (page) => {
        await shows(page, /there is no default export/)
        await picture(page, "definitions-never-loaded")
        load = Effect.succeed(Deployments.large(3))
        await site.run(Deployment.Deployment.use((deployment) => deployment.reload))
        await rowOf(page, "team_0/asset_2").waitFor()
      }, { expected: /status of 503/ })
    })

    it("without assets and runs, pages teach what comes first", async () => {
      const site = await lab().serve(Deployments.empty())
      await lab().visit(site, "/assets", async (page) => {
        await shows(page, "No assets yet")
        await shows(page, /export default Definitions\.make/)
        await picture(page, "empty-assets")
        await page.getByRole("link", { name: "Runs", exact: true }).click()
        await shows(page, "Nothing has run yet")
        await shows(page, "npx effect-assets materialize")
        await picture(page, "empty-runs")
      })
    })

    it("an asset, a run and a page that are not there are told, with a way on", async () => {
      const site = await lab().serve(Deployments.shop().definitions)
      await lab().visit(site, "/asset?key=shop/order", async (page) => {
        await shows(page, "There is no such asset")
        await page.getByRole("link", { name: "shop/orders" }).click()
        await title(page, "shop/orders")
        await page.goto(`${site.url}/#/runs/nothing`)
        await shows(page, /no (such )?run/i)
        await picture(page, "run-unknown")
        await page.goto(`${site.url}/#/nowhere`)
        await page.getByRole("main").getByRole("link", { name: /assets/i }).first().waitFor()
        await picture(page, "page-unknown")
      })
    })
  })
}
