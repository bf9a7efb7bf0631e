/**
 * The web UI in a real browser, without a graphics card: how long a page takes from nothing until it can be used, how smooth
 * the graph is, and how much is sent for it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { get } from "node:http"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { large } from "../test/browser/deployments.ts"
import { type Lab, openLab, type Site } from "../test/browser/harness.ts"
import type { Row } from "./measure.ts"

const dist = new URL("../dist/ui", import.meta.url).pathname

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`

// ---------------------------------------------------------------------------------------------------------------------
// what is sent
// ---------------------------------------------------------------------------------------------------------------------

/** The pages, and what the first one of all loads before it. */
const entries = ["index", "AssetsPage", "AssetPage", "LineagePage", "RunsPage", "RunPage"]

const bundle = (directory: string): ReadonlyArray<Row> => {
  const assets = join(directory, "assets")
  const files = readdirSync(assets)
  const texts = new Map(files.map((file) => [file, readFileSync(join(assets, file), "utf8")]))
  const sizes = (names: Iterable<string>): { readonly raw: number; readonly zipped: number } => {
    let raw = 0
    let zipped = 0
    for (const name of names) {
      const text = texts.get(name)!
      raw += Buffer.byteLength(text)
      zipped += gzipSync(text).length
    }
    return { raw, zipped }
  }
  const shown = ({ raw, zipped }: ReturnType<typeof sizes>): string =>
    `${kilobytes(zipped)} gzip`.padEnd(14) + kilobytes(raw)
  /** A file with those it imports at once, and the style sheets they come with. */
  const withImports = (name: string, found = new Set<string>()): ReadonlySet<string> => {
    if (found.has(name)) return found
    found.add(name)
    for (const [, imported] of texts.get(name)!.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) {
      withImports(imported!, found)
    }
    return found
  }
  const styles = files.filter((file) => file.endsWith(".css"))
  const scripts = files.filter((file) => file.endsWith(".js"))
  const first = new Set<string>()
  const rows: Array<Row> = []
  for (const entry of entries) {
    const file = scripts.find((script) => new RegExp(`^${entry}-[\\w-]{8}\\.js$`).test(script))
    if (file === undefined) continue
    const all = withImports(file)
    const more = [...all].filter((name) => !first.has(name))
    if (entry === "index") { for (const name of all) first.add(name) }
    rows.push({
      what: entry === "index" ? "script before any page" : `${entry}, beside that`,
      figure: shown(sizes(more))
    })
  }
  const whole = sizes(scripts)
  return [
    ...rows,
    {
      what: "all script",
      figure: shown(whole),
      limit: "the prototype: 225 kB gzip",
      ratio: whole.zipped / 225_000
    },
    { what: "all styles", figure: shown(sizes(styles)) }
  ]
}

/** How many bytes an answer has on the wire. */
const bytesOf = (url: string, encoding: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": encoding } }, (response) => {
      let bytes = 0
      response.on("data", (chunk: Buffer) => bytes += chunk.length)
      response.on("end", () =>
        response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${url} answers ${response.statusCode}`)))
    }).on("error", reject)
  })

// ---------------------------------------------------------------------------------------------------------------------
// how long it takes
// ---------------------------------------------------------------------------------------------------------------------

/** In a page with nothing cached: the milliseconds from the beginning of its load until something is painted. */
const loadTime = async (lab: Lab, site: Site, path: string, selector: string): Promise<number> => {
  const context = await lab.browser.newContext({ viewport: { width: 1440, height: 900 } })
  try {
    const page = await context.newPage()
    await page.addInitScript((selector) => {
      const look = () => {
        if (document.querySelector(selector) === null) requestAnimationFrame(look)
        // painted is what stands when the next frame begins
        else requestAnimationFrame(() => Object.assign(globalThis, { ready: performance.now() }))
      }
      requestAnimationFrame(look)
    }, selector)
    await page.goto(`${site.url}/#${path}`)
    const ready = await page.waitForFunction(() => (globalThis as { ready?: number }).ready, undefined, {
      timeout: 60_000
    })
    return (await ready.jsonValue())!
  } finally {
    await context.close()
  }
}

const rounds = 5

const best = async (measure: () => Promise<number>): Promise<{ readonly best: number; readonly median: number }> => {
  const times: Array<number> = []
  for (let round = 0; round < rounds; round++) times.push(await measure())
  times.sort((a, b) => a - b)
  return { best: times[0]!, median: times[Math.floor(times.length / 2)]! }
}

const shown = ({ best, median }: { readonly best: number; readonly median: number }): string =>
  `${best.toFixed(0)} ms (median ${median.toFixed(0)})`

/** From a key that is pressed in the search until the list shows what it finds. */
const searchTime = async (page: Page, text: string, key: string): Promise<number> => {
  const field = page.getByRole("searchbox", { name: "Search assets" })
  await field.fill("")
  await page.waitForFunction(() => document.querySelectorAll("[role=row] a").length > 20)
  await page.evaluate((key) => {
    const seen = () => [...document.querySelectorAll("[role=row] a")].map(({ textContent }) => textContent)
    addEventListener("input", () => {
      const start = performance.now()
      const look = () => {
        const keys = seen()
        if (keys.length > 0 && keys.length < 20 && keys.includes(key)) {
          Object.assign(globalThis, { found: performance.now() - start })
        } else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    }, { once: true, capture: true })
    Object.assign(globalThis, { found: undefined })
  }, key)
  await field.fill(text)
  const found = await page.waitForFunction(() => (globalThis as { found?: number }).found)
  await page.waitForURL((url) => url.hash.includes(text))
  return (await found.jsonValue())!
}

// ---------------------------------------------------------------------------------------------------------------------
// how smooth it is
// ---------------------------------------------------------------------------------------------------------------------

/** The times between frames while something moves, in order. */
const framesWhile = async (page: Page, move: () => Promise<void>): Promise<ReadonlyArray<number>> => {
  await page.evaluate(() => {
    const frames: Array<number> = []
    let before: number | undefined
    const sample = (now: number) => {
      if (before !== undefined) frames.push(now - before)
      before = now
      if ((globalThis as { moving?: boolean }).moving === true) requestAnimationFrame(sample)
    }
    Object.assign(globalThis, { frames, moving: true })
    requestAnimationFrame(sample)
  })
  await move()
  const frames = await page.evaluate(() => {
    const global = globalThis as unknown as { frames: Array<number>; moving: boolean }
    global.moving = false
    return global.frames
  })
  return [...frames].sort((a, b) => a - b)
}

const smoothness = async (what: string, page: Page, move: () => Promise<void>, budget?: number): Promise<Row> => {
  const frames = await framesWhile(page, move)
  const p95 = frames[Math.floor(frames.length * 0.95)]!
  const mean = frames.reduce((sum, frame) => sum + frame, 0) / frames.length
  return {
    what,
    figure: `p95 ${p95.toFixed(1)} ms, ${(1000 / mean).toFixed(0)} frames/s`,
    limit: `the screen: 16.7 ms; longest ${frames.at(-1)!.toFixed(0)} ms of ${frames.length}`,
    ratio: p95 / 16.7,
    ...budget === undefined ? {} : { budget: `${budget} ms`, within: p95 <= budget }
  }
}

const graph = "[data-ready=true]"

const drag = (page: Page) => async () => {
  const { height, width, x, y } = (await page.locator(graph).boundingBox())!
  const at = [x + width / 2, y + height / 2] as const
  await page.mouse.move(...at)
  await page.mouse.down()
  const before = await cameraOf(page)
  for (let step = 0; step < 90; step++) {
    await page.mouse.move(at[0] + 220 * Math.sin(step / 7), at[1] + 140 * Math.sin(step / 5))
  }
  if (await cameraOf(page) === before) throw new Error("the graph has not moved")
  await page.mouse.up()
}

/** Where the layer with the buttons is: it moves with the rest. */
const cameraOf = (page: Page): Promise<string> =>
  page.locator(`${graph} > div[style*=scale]`).first().evaluate((element) => (element as HTMLElement).style.transform)

const wheel = (page: Page) => async () => {
  const { height, width, x, y } = (await page.locator(graph).boundingBox())!
  await page.mouse.move(x + width / 2, y + height / 2)
  for (let step = 0; step < 60; step++) await page.mouse.wheel(0, step % 30 < 15 ? -60 : 60)
}

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

interface Budget {
  readonly list: number
  readonly graph: number
}

const budgets: { readonly [count: number]: Budget } = {
  50: { list: 1000, graph: 1000 },
  1000: { list: 1000, graph: 1200 },
  10_000: { list: 1100, graph: 1700 }
}

const measureSize = async (lab: Lab, count: number): Promise<ReadonlyArray<Row>> => {
  const site = await lab.serve(large(count))
  const rows: Array<Row> = []
  const add = async (what: string, path: string, selector: string, budget: number) => {
    const time = await best(() => loadTime(lab, site, path, selector))
    rows.push({
      what: `${count} assets: ${what}`,
      figure: shown(time),
      budget: `${budget} ms`,
      within: time.best <= budget
    })
  }
  const { graph: graphBudget, list } = budgets[count] ?? { list: 1100, graph: 1700 }
  // the server has answered once: what is measured is the page
  await loadTime(lab, site, "/assets", "[role=row] a")
  await add("until the list can be used", "/assets", "[role=row] a", list)
  await add("until the graph is laid out", "/lineage", graph, graphBudget)

  const context = await lab.browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(`${site.url}/#/assets`)
  const searched = await best(() => searchTime(page, `asset_${count - 1}`, `team_${teamOf(count)}/asset_${count - 1}`))
  rows.push({
    what: `${count} assets: a search`,
    figure: shown(searched),
    budget: "100 ms",
    within: searched.best <= 100
  })
  await page.goto(`${site.url}/#/lineage`)
  await page.locator(graph).waitFor({ timeout: 60_000 })
  rows.push(await smoothness(`${count} assets: the graph dragged`, page, drag(page), 34))
  rows.push(await smoothness(`${count} assets: the graph zoomed`, page, wheel(page), 34))
  const expand = page.getByRole("button", { name: "Expand all groups" })
  if (await expand.isEnabled()) {
    const start = performance.now()
    await expand.click()
    await page.locator(`${graph}[data-nodes="${count}"]`).waitFor({ timeout: 60_000 })
    rows.push({
      what: `${count} assets: until all groups are open`,
      figure: `${(performance.now() - start).toFixed(0)} ms`
    })
    await page.getByRole("button", { name: "Show everything" }).click()
    rows.push(await smoothness(`${count} assets: all groups open, dragged`, page, drag(page), 34))
    rows.push(await smoothness(`${count} assets: all groups open, zoomed`, page, wheel(page)))
  }
  await context.close()

  for (const [what, path] of [["the graph", "/api/graph"], ["states", "/api/assets?limit=1000"]] as const) {
    const [zipped, raw] = [await bytesOf(`${site.url}${path}`, "gzip"), await bytesOf(`${site.url}${path}`, "identity")]
    rows.push({
      what: `${count} assets: ${what} over the wire${path.includes("limit") && count > 1000 ? ", a page of 1000" : ""}`,
      figure: `${kilobytes(zipped)} gzip`.padEnd(14) + kilobytes(raw),
      limit: `${(zipped / Math.min(count, path.includes("limit") ? 1000 : count)).toFixed(0)} bytes an asset`
    })
  }
  await site.close()
  return rows
}

const teamOf = (count: number): number => Math.floor((count - 1) / Math.min(100, Math.max(10, Math.ceil(count / 5))))

/** The web UI as it was built, with deployments of these sizes. */
export const measureUi = async (
  counts: ReadonlyArray<number> = [50, 1000, 10_000],
  directory: string = dist
): Promise<ReadonlyArray<Row>> => {
  const lab = await openLab({ ui: directory })
  try {
    const rows = [...bundle(directory)]
    for (const count of counts) rows.push(...await measureSize(lab, count))
    return rows
  } finally {
    await lab.close()
  }
}
