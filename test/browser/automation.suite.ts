/** Automation: schedules, sensors, conditions, jobs, the queue and backfills, with a daemon and without one. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer, Schema, Stream } from "effect"
import {
  Asset,
  Automation,
  Condition,
  Definitions,
  EventLog,
  Graph,
  IOManager,
  Job,
  Partitions,
  RunLogs
} from "effect-assets"
import { Local } from "effect-assets/node"
import { Operations } from "effect-assets/server"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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
  runEnds,
  shows,
  type Site,
  title
} from "./harness.ts"

/** A shop whose sensor sees the files that a test writes, and whose orders come when a test lets them. */
const shop = () => {
  const gate = Latch.makeUnsafe(true)
  const inbox = { files: [] as Array<string>, failing: false }
  let count = 0
  const common = { group: "shop", codeVersion: "1" } as const
  const orders = Asset.make("shop/orders", {
    ...common,
    description: "The orders of the shop.",
    schema: Schema.Array(Schema.Int),
    *compute() {
      yield* gate.await
      count++
      return Asset.output([count], { dataVersion: `orders ${count}` })
    }
  })
  const total = Asset.make("shop/total", {
    ...common,
    inputs: { orders },
    schema: Schema.Int,
    automation: Condition.eager(),
    *compute({ orders }) {
      return orders.length
    }
  })
  const days = Asset.make("stock/by_day", {
    codeVersion: "1",
    group: "stock",
    partitions: Partitions.daily({ start: "2024-01-01", end: "2024-01-31" }),
    automation: Condition.onMissing(),
    schema: Schema.Int,
    *compute(_, { partition }) {
      const day = Number(partition.key.slice(-2))
      if (day === 3) return yield* Effect.fail(new Error("the third day is never there"))
      return day
    }
  })
  const report = Job.make("nightly_report", {
    select: ["shop/orders", "shop/total"],
    description: "What the shop has earned, every night.",
    tags: { team: "shop" },
    onFailure: () => Effect.void
  })
  const stock = Job.make("stock", { select: ["stock/by_day"], partitions: ["2024-01-01", "2024-01-02"] })
  const definitions = Definitions.make({
    graph: Graph.make({ orders, total, days }),
    jobs: [report, stock],
    automations: [
      Automation.schedule("every_morning", {
        cron: "0 6 * * *",
        timeZone: "Europe/Berlin",
        description: "Before anybody is awake.",
        target: report
      }),
      Automation.schedule("on_sundays", { cron: "0 0 * * 0", target: stock, startRunning: false }),
      Automation.sensor("new_files", {
        every: "1 hour",
        target: { select: ["shop/orders"] },
        *evaluate({ cursor }) {
          yield* Effect.logInfo(`looking at ${inbox.files.length} files`)
          if (inbox.failing) return yield* Effect.fail(new Error("the disk is not there"))
          const newest = inbox.files.at(-1)
          return newest === undefined || newest === cursor
            ? Automation.skip("no new file")
            : Automation.request({ runKey: newest }, { cursor: newest })
        }
      }),
      Automation.assetSensor("on_total", { asset: total, target: { select: ["stock/by_day"] }, startRunning: false }),
      Automation.runSensor("on_failure", { status: "Failed", run: () => Effect.void }),
      Automation.streamSensor("pushed", { target: report, stream: () => Stream.never, startRunning: false })
    ],
    queue: { maxRuns: 1 },
    layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory, RunLogs.layerMemory)
  })
  return { definitions, gate, inbox }
}

const tick = (site: Site, name: string) => site.run(Operations.Operations.use((operations) => operations.tickNow(name)))

const rowOf = (page: Page, table: string, name: string) =>
  page.getByRole("grid", { name: table, exact: true }).getByRole("row").filter({ hasText: name })

const go = (page: Page, site: Site, path: string) => page.goto(`${site.url}/#${path}`)

export const automation = (lab: () => Lab): void => {
  describe("automation", { concurrent: false }, () => {
    it("a schedule tells when it ticks next, ticks by hand, and is stopped and started", async () => {
      const site = await lab().serve(shop().definitions, { daemon: true })
      await lab().visit(site, "/schedules", async (page) => {
        await title(page, "Schedules")
        const row = rowOf(page, "Schedules", "every_morning")
        await row.getByText("every day at 06:00 (Europe/Berlin)").waitFor()
        await row.getByRole("link", { name: "nightly_report" }).waitFor()
        assert.strictEqual(await page.getByRole("status", { name: "Daemon" }).count(), 0)
        await rowOf(page, "Schedules", "on_sundays").getByText("stopped").waitFor()
        await row.click()
        await title(page, "every_morning")
        await shows(page, "Before anybody is awake.")
        await page.getByRole("navigation", { name: "Main" }).locator("[aria-current=page]", { hasText: "Schedules" })
          .waitFor()
        const next = page.getByRole("region", { name: "Next ticks" })
        await next.getByRole("listitem").nth(7).waitFor()

        await page.getByRole("button", { name: "Tick now" }).click()
        const details = page.getByRole("region", { name: "Tick", exact: true })
        await shows(details, "1 run requested")
        await details.getByText("Succeeded").waitFor()
        await page.getByRole("listbox", { name: "Ticks over time" }).getByRole("option", { name: /^Requested/ })
          .waitFor()
        await picture(page, "schedule")

        // the address keeps the tick, and its request leads to the run
        await page.reload()
        await details.getByText("Succeeded").waitFor()
        await page.getByRole("switch", { name: "Running" }).click()
        await page.getByRole("switch", { name: "Stopped" }).waitFor()
        await shows(page, /Stopped by hand/)
        await details.locator("a[href*='/runs/']").click()
        await runEnds(page, "Succeeded")

        await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Schedules" }).click()
        await row.getByText("stopped").waitFor()
        await row.getByRole("switch", { checked: false }).click()
        await row.getByRole("switch", { checked: true }).waitFor()
        await row.getByRole("img", { name: "1 tick: 1 requested" }).waitFor()
      })
    })

    it("a sensor tells why it skips and how it failed, is tried out, and its cursor is set", async () => {
      const { definitions, inbox } = shop()
      const site = await lab().serve(definitions, { daemon: true })
      await lab().visit(site, "/sensors", async (page) => {
        const row = rowOf(page, "Sensors", "new_files")
        await row.getByText("no new file").waitFor()
        await rowOf(page, "Sensors", "on_total").getByText("when shop/total has new data").waitFor()
        await rowOf(page, "Sensors", "on_failure").getByText("when a run fails").waitFor()
        await picture(page, "sensors")
        await row.click()
        await title(page, "new_files")

        // what it would do is told, and not done
        inbox.files.push("2024.csv")
        await page.getByRole("button", { name: "Try out" }).click()
        const dialog = page.getByRole("dialog", { name: "Try out new_files" })
        await dialog.getByRole("button", { name: "Evaluate" }).click()
        await shows(dialog, "1 run requested")
        await shows(dialog, "2024.csv")
        await accessible(page)
        await dialog.getByRole("button", { name: "Close" }).last().click()
        await shows(page, "It has none")

        await page.getByRole("button", { name: "Tick now" }).click()
        const details = page.getByRole("region", { name: "Tick", exact: true })
        await shows(details, "looking at 1 files")
        await details.getByText("Succeeded").waitFor()
        const cursor = page.getByRole("region", { name: "Cursor" })
        await shows(cursor, "2024.csv")

        // back to the beginning: the run key keeps it from requesting the same again
        await cursor.getByRole("button", { name: "Edit" }).click()
        await page.getByRole("dialog").getByLabel("Cursor").fill("2023.csv")
        await page.getByRole("dialog").getByRole("button", { name: "Set the cursor" }).click()
        await shows(cursor, "2023.csv")
        await page.getByRole("button", { name: "Tick now" }).click()
        await shows(details, "requested before")

        inbox.failing = true
        await page.getByRole("button", { name: "Tick now" }).click()
        await shows(details, "the disk is not there")
        await picture(page, "sensor-failed")
        await page.getByRole("button", { name: "Close the tick" }).click()
        await shows(page.getByRole("region", { name: "The last tick has failed" }), "the disk is not there")

        // the timeline with the keyboard alone
        await page.getByRole("listbox", { name: "Ticks over time" }).focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await page.getByLabel("State").selectOption("Failed")
        const ticks = page.getByRole("grid", { name: "Ticks" })
        await page.waitForFunction(() =>
          document.querySelector("[role=grid][aria-label=Ticks]")?.getAttribute("aria-rowcount") === "2"
        )
        await ticks.getByText("the disk is not there").waitFor()

        // what is wrong with a cursor stands at its field
        await go(page, site, "/automation?name=on_total")
        await page.getByRole("switch", { name: "Stopped" }).click()
        await page.getByRole("switch", { name: "Running" }).waitFor()
        const place = page.getByRole("region", { name: "Cursor" })
        await place.getByRole("button", { name: "Edit" }).click()
        await page.getByRole("dialog").getByLabel("Cursor").fill("999999999")
        await page.getByRole("dialog").getByRole("button", { name: "Set the cursor" }).click()
        await shows(page.getByRole("dialog"), /is beyond the end of the event log/)
        await accessible(page)
        await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click()

        // nobody can ask a stream
        await go(page, site, "/automation?name=pushed")
        await shows(page, "when something is pushed")
        for (const name of ["Try out", "Tick now"]) {
          assert.strictEqual(await page.getByRole("button", { name }).count(), 0)
        }
      })
    })

    it("a condition tells why it was evaluated to what, part by part, and what was another before", async () => {
      const site = await lab().serve(shop().definitions, { daemon: true })
      await lab().visit(site, "/asset?key=shop/total&tab=automation", async (page) => {
        await shows(page.getByRole("region", { name: "Condition" }), /newly updated|missing/)
        await ended(site, await launch(site, { keys: ["shop/orders"] }))
        const evaluations = page.getByRole("list", { name: "Evaluations" })
        await evaluations.getByText("Requested", { exact: true }).first().waitFor()
        // its own run is no reason to run it again
        await page.goto(`${site.url}/#/asset?key=shop/total`)
        await shows(page.getByRole("main"), "Fresh")
        await page.getByRole("link", { name: "Automation", exact: true }).click()
        await evaluations.getByRole("button", { name: /Requested/ }).first().click()
        const tree = page.getByRole("tree", { name: "Why" })
        const root = tree.getByRole("treeitem").first()
        await root.and(page.locator("[data-status=true]")).waitFor()
        await picture(page, "explanation")
        await root.focus()
        await page.keyboard.press("ArrowLeft")
        assert.strictEqual(await tree.getByRole("treeitem").count(), 1)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        assert.isAbove(await tree.getByRole("treeitem").count(), 2)
        await accessible(page)
        // its address leads to the same evaluation, and from there to the tick and its run
        await page.reload()
        await root.and(page.locator("[data-status=true]")).waitFor()
        await page.getByRole("link", { name: "Tick", exact: true }).click()
        await title(page, "Conditions")
        const details = page.getByRole("region", { name: "Tick", exact: true })
        await details.getByText("Succeeded").waitFor()
        await details.getByRole("link", { name: "shop/total" }).waitFor()
        await rowOf(page, "Conditions", "stock/by_day").getByText("missing").first().waitFor()
        await picture(page, "conditions")
        await page.goto(`${site.url}/#/asset?key=shop/orders&tab=automation`)
        await shows(page, "No condition")
        await shows(page, /Condition\.eager\(\)/)
      })
    })

    it("a job is run as it is defined, or with other partitions, and shows what runs it", async () => {
      const site = await lab().serve(shop().definitions, { daemon: true })
      await lab().visit(site, "/jobs", async (page) => {
        const row = rowOf(page, "Jobs", "nightly_report")
        await row.getByRole("link", { name: "every_morning" }).waitFor()
        await row.getByRole("button", { name: "Run nightly_report" }).click()
        const dialog = page.getByRole("dialog", { name: "Run nightly_report" })
        await shows(dialog, "2 steps")
        await dialog.getByRole("button", { name: /^Launch/ }).click()
        await runEnds(page, "Succeeded")
        await shows(page, "job=nightly_report")
        await page.goBack()
        await row.getByRole("link", { name: /^Succeeded/ }).waitFor()
        await picture(page, "jobs")
        await row.getByRole("link", { name: "nightly_report" }).click()
        await title(page, "nightly_report")
        await graphOf(page)
        await nodeOf(page, "shop/total").waitFor()
        await shows(page.getByRole("region", { name: "Requested by" }), "every day at 06:00")
        await rowOf(page, "Runs of the job", "Succeeded").waitFor()
        await picture(page, "job")

        await go(page, site, "/job?name=stock")
        await page.getByRole("button", { name: "Run job…" }).click()
        const stock = page.getByRole("dialog", { name: "Run stock" })
        await stock.getByRole("radio", { name: /^As the job says/ }).waitFor()
        await accessible(page)
        await stock.getByRole("radio", { name: "A range" }).check()
        await stock.getByLabel("From", { exact: true }).fill("2024-01-05")
        await stock.getByLabel("To", { exact: true }).fill("2024-01-06")
        await shows(stock, "1 step")
        await stock.getByRole("button", { name: /^Launch/ }).click()
        await runEnds(page, "Succeeded")
        await shows(page, "2024-01-05")
      })
    })

    it("the queue tells why a run waits, and one that nobody wants is taken out", async () => {
      const { definitions, gate } = shop()
      gate.closeUnsafe()
      const site = await lab().serve(definitions, { daemon: true })
      await lab().visit(site, "/queue", async (page) => {
        await shows(page, "Nothing waits")
        await tick(site, "every_morning")
        await tick(site, "on_sundays")
        const rows = page.getByRole("grid", { name: "Queue" }).getByRole("row").filter({ hasText: "the job stock" })
        await rows.nth(0).waitFor()
        // two ticks of one millisecond would be the same
        await tick(site, "on_sundays")
        await rows.nth(1).waitFor()
        await picture(page, "queue")
        // nothing of the reason is cut off, and where there is no room for a column, it stands below
        for (const width of [1280, 380]) {
          await page.setViewportSize({ width, height: 800 })
          const why = rows.first().getByText(/^1 of 1 run is running/).filter({ visible: true }).first()
          await why.waitFor()
          assert.isTrue(await why.evaluate((element) => element.scrollHeight <= element.clientHeight + 1))
          await accessible(page)
        }
        await picture(page, "queue-narrow")
        await page.setViewportSize({ width: 1280, height: 800 })
        // it asks first
        await rows.last().getByRole("button", { name: /^Cancel/ }).click()
        await page.getByRole("dialog").getByRole("button", { name: "Let it wait" }).click()
        assert.strictEqual(await rows.count(), 2)
        await rows.last().getByRole("button", { name: /^Cancel/ }).click()
        await page.getByRole("dialog").getByRole("button", { name: "Take it out of the queue" }).click()
        await shows(page, "Taken out of the queue")
        await rows.nth(1).waitFor({ state: "detached" })
        gate.openUnsafe()
        await shows(page, "Nothing waits")
        await page.getByRole("radio", { name: "All" }).click()
        await rowOf(page, "Queue", "Cancelled").waitFor()
        await rowOf(page, "Queue", "Succeeded").first().waitFor()
      })
    })

    it("a backfill tells how far it is and which of its runs failed, and goes on with the rest", async () => {
      const site = await lab().serve(shop().definitions)
      await site.run(
        Operations.Operations.use((operations) =>
          operations.backfill({
            keys: ["stock/by_day"],
            partitions: { from: "2024-01-01", to: "2024-01-04" },
            partitionsPerRun: 1
          })
        )
      )
      await lab().visit(site, "/backfills", async (page) => {
        const row = rowOf(page, "Backfills", "stock/by_day")
        await row.getByText("3 of 4 done, 1 failed").waitFor()
        await picture(page, "backfills")
        await row.click()
        await title(page, /^Backfill .*stock\/by_day/)
        await shows(page, "3 succeeded, 1 failed")
        await page.getByRole("img", { name: "3 of 4 done, 1 failed" }).waitFor()
        await rowOf(page, "Runs of the backfill", "2024-01-03").getByText("Failed").waitFor()
        await picture(page, "backfill")
        await page.getByRole("button", { name: "Resume" }).click()
        // what failed is tried again, and nothing else
        await shows(page, "3 succeeded, 2 failed")
        await rowOf(page, "Runs of the backfill", "2024-01-03").nth(1).waitFor()
        assert.strictEqual(await rowOf(page, "Runs of the backfill", "2024-01-04").count(), 1)
      })
    })

    it("without a daemon that is told, and without automation pages teach what comes first", async () => {
      const { definitions } = shop()
      const [site, empty] = await Promise.all([lab().serve(definitions), lab().serve(Deployments.empty())])
      await lab().visit(site, "/schedules", async (page) => {
        await page.getByRole("status", { name: "Daemon" }).getByText("No daemon runs").waitFor()
        await picture(page, "no-daemon")
        await rowOf(page, "Schedules", "every_morning").getByText("no daemon").waitFor()
        // by hand it ticks all the same; what it requests waits
        await tick(site, "every_morning")
        await rowOf(page, "Schedules", "every_morning").getByText("1 run requested").waitFor()
        await page.getByRole("status", { name: "Daemon" }).getByText("1 requested run waits").waitFor()
        await go(page, site, "/automation?name=every_mornin")
        await shows(page, "There is no such automation")
        await go(page, site, "/job?name=x")
        await shows(page, "There is no such job")
        await go(page, site, "/backfills/x")
        await shows(page, "There is no such backfill")
      })
      await lab().visit(empty, "/schedules", async (page) => {
        for (
          const [link, name, code] of [
            ["Schedules", "No schedules yet", "Automation.schedule"],
            ["Sensors", "No sensors yet", "Automation.sensor"],
            ["Jobs", "No jobs yet", "Job.make"],
            ["Conditions", "No conditions yet", "Condition.eager()"],
            ["Backfills", "No backfills yet", "effect-assets materialize"],
            ["Queue", "Nothing waits", "queue: { maxRuns"]
          ] as const
        ) {
          await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: link, exact: true }).click()
          await title(page, link)
          await shows(page, name)
          await shows(page, code)
        }
      })
    })

    it("what the definitions do not have any more still has a page with what it did", async () => {
      const directory = mkdtempSync(join(tmpdir(), "effect-assets-removed-"))
      const orders = Asset.make("orders", { compute: () => Effect.succeed(1) })
      const gone = Automation.schedule("gone", { cron: "@daily", target: { select: ["orders"] }, startRunning: false })
      const make = (automations: ReadonlyArray<typeof gone>) =>
        Definitions.make({ graph: Graph.make({ orders }), automations, layer: Local.layer({ directory }) })
      const before = await lab().serve(make([gone]))
      await tick(before, "gone")
      await before.close()
      const site = await lab().serve(make([]))
      await lab().visit(site, "/queue", async (page) => {
        await page.getByRole("link", { name: "gone" }).click()
        await title(page, "gone")
        await shows(page, "The definitions do not have it any more.")
        await rowOf(page, "Ticks", "1 run requested").waitFor()
        await shows(page.getByRole("region", { name: "Tick", exact: true }), "1 run requested")
        await accessible(page)
        await picture(page, "removed")
      })
      await site.close()
      rmSync(directory, { recursive: true, force: true })
    })

    it("texts that come with automation are shown as they are, whatever they hold", async () => {
      const { control, html } = Deployments
      const page = { reason: html, description: `${html} ${control}` }
      const key = Asset.make("a", {
        automation: Condition.label(Condition.missing, html),
        compute: () => Effect.succeed(1)
      })
      const site = await lab().serve(Definitions.make({
        graph: Graph.make({ key }),
        automations: [
          Automation.sensor("constructor", {
            description: page.description,
            *evaluate() {
              yield* Effect.logInfo(`${html} ${control}`)
              return Automation.skip(page.reason, { cursor: html })
            }
          }),
          Automation.sensor("__proto__", { evaluate: () => Effect.fail(new Error(`${html} ${control}`)) })
        ],
        layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory, RunLogs.layerMemory)
      }))
      const first = await tick(site, "constructor")
      await tick(site, "__proto__")
      await tick(site, ":conditions")
      await lab().visit(site, "/sensors", async (page) => {
        await rowOf(page, "Sensors", "constructor").getByText(html).first().waitFor()
        await rowOf(page, "Sensors", "__proto__").getByText(html).first().waitFor()
        await go(page, site, `/automation?name=constructor&tick=${first.tick!.id}`)
        await page.getByRole("region", { name: "Tick", exact: true }).getByText(html).first().waitFor()
        await page.getByRole("region", { name: "Cursor" }).getByText(html).waitFor()
        await go(page, site, "/automation?name=__proto__")
        await page.getByRole("region", { name: "The last tick has failed" }).getByText(html).first().waitFor()
        await go(page, site, "/asset?key=a&tab=automation")
        await page.getByRole("tree").getByText(html).first().waitFor()
        assert.isFalse(await page.evaluate(() => "hacked" in globalThis))
        assert.strictEqual(await page.evaluate(() => document.images.length), 1)
      })
    })

    it("every page is accessible in both themes, and fits a telephone", async () => {
      const { definitions, inbox } = shop()
      inbox.files.push("2024.csv")
      const site = await lab().serve(definitions)
      const ticked = await tick(site, "new_files")
      await tick(site, "every_morning")
      await tick(site, ":conditions")
      const { backfillId } = await site.run(
        Operations.Operations.use((operations) =>
          operations.backfill({ keys: ["stock/by_day"], partitions: ["2024-01-02"] })
        )
      )
      const pages: ReadonlyArray<readonly [path: string, text: string]> = [
        ["/sensors", "new_files"],
        ["/automation?name=:conditions", "stock/by_day"],
        ["/job?name=nightly_report", "Requested by"],
        [`/backfills/${backfillId}`, "2024-01-02"],
        [`/automation?name=new_files&tick=${ticked.tick!.id}`, "looking at 1 files"],
        ["/asset?key=shop/total&tab=automation", "Condition"],
        ["/automation?name=every_morning", "Next ticks"],
        ["/jobs", "nightly_report"],
        ["/schedules", "every_morning"],
        ["/queue", "every_morning"],
        ["/backfills", "stock/by_day"]
      ]
      const faults: Array<string> = []
      for (const theme of ["light", "dark"] as const) {
        await lab().visit(site, "/schedules", async (page) => {
          // the last ones are made of the same parts, and that of an asset is looked at above
          for (const [path, text] of theme === "dark" ? pages.slice(4, 6) : pages.slice(0, 5)) {
            await go(page, site, path)
            await shows(page.getByRole("main"), text)
            if (path.startsWith("/job?")) await graphOf(page)
            await accessible(page, theme === "dark" ? ["color-contrast"] : undefined).catch((error: Error) =>
              faults.push(`${theme} ${path}: ${error.message}`)
            )
          }
        }, { colorScheme: theme })
      }
      await lab().visit(site, "/schedules", async (page) => {
        for (const [path, text] of pages) {
          await go(page, site, path)
          await page.getByText(text).filter({ visible: true }).first().waitFor()
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          if (wide > 0) faults.push(`${path} is too wide`)
        }
      }, { viewport: { width: 380, height: 760 }, hasTouch: true })
      assert.deepStrictEqual(faults, [])
    }, 60_000)
  })
}
