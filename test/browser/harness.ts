/** A browser, the built web UI, and deployments to look at with them. */
import { AxeBuilder } from "@axe-core/playwright"
import sparticuz from "@sparticuz/chromium"
import { Context, Effect, Layer, ManagedRuntime, Stream } from "effect"
import { Definitions } from "effect-assets"
import { Daemon, Deployment, type Model, Operations, Server } from "effect-assets/server"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core"
import { build } from "vite"

const root = new URL("../../", import.meta.url).pathname

/** Where the tests leave pictures of the pages they have seen. */
export const pictures = join(root, "screenshots")

/** A browser and the web UI, for the tests of one file. */
export interface Lab {
  readonly browser: Browser
  /** Serves definitions, or what loads them, until it is closed. */
  readonly serve: (
    definitions: Definitions.Any | Deployment.Source,
    options?: ServeOptions
  ) => Promise<Site>
  /** Opens a page, and closes it when the test has ended. What goes wrong in the page fails the test. */
  readonly visit: <A>(
    site: Site,
    path: string,
    look: (page: Page) => Promise<A>,
    options?: VisitOptions
  ) => Promise<A>
  readonly close: () => Promise<void>
}

export interface ServeOptions {
  readonly port?: number | undefined
  /** Whether a daemon runs beside it. */
  readonly daemon?: boolean
}

export interface VisitOptions extends BrowserContextOptions {
  /** What the page may complain of, since the test brings it about. */
  readonly expected?: RegExp
}

/** A deployment that is served. */
export interface Site {
  readonly url: string
  /** Does something with the deployment beside the page: as another client would. */
  readonly run: <A, E>(
    effect: Effect.Effect<A, E, Operations.Operations | Deployment.Deployment>
  ) => Promise<A>
  readonly close: () => Promise<void>
}

/** Builds the web UI into a directory. */
export const buildUi = async (): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-assets-ui-"))
  // a test runner sets it, and React would be that of development: slower, and with each effect run twice
  const before = process.env["NODE_ENV"]
  process.env["NODE_ENV"] = "production"
  await build({
    configFile: join(root, "ui/vite.config.ts"),
    logLevel: "error",
    build: { outDir: directory, emptyOutDir: true }
  })
  if (before !== undefined) process.env["NODE_ENV"] = before
  return directory
}

export const openLab = async (options: { readonly ui?: string } = {}): Promise<Lab> => {
  mkdirSync(pictures, { recursive: true })
  const [browser, ui] = await Promise.all([start(), options.ui ?? buildUi()])
  const sites: Array<Site> = []
  return {
    browser,
    serve: async (definitions, options) => {
      const site = await serve(definitions, ui, options)
      sites.push(site)
      return site
    },
    visit: (site, path, look, options) => visit(browser, site, path, look, options),
    close: async () => {
      await browser.close()
      await Promise.all(sites.map((site) => site.close()))
      if (options.ui === undefined) rmSync(ui, { recursive: true, force: true })
    }
  }
}

/** The browser of the package is made for a single page in a single process, which is not what a user has. */
const start = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: [
      "--headless=shell",
      "--no-sandbox",
      "--no-zygote",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--font-render-hinting=none"
    ]
  })

const serve = async (
  definitions: Definitions.Any | Deployment.Source,
  ui: string,
  { daemon = false, port = 0 }: ServeOptions = {}
): Promise<Site> => {
  const source = Definitions.isDefinitions(definitions)
    ? { module: "definitions.ts", load: Effect.succeed(definitions) }
    : definitions
  const layer = Server.layer({ port, ui }).pipe(
    Layer.provideMerge(Operations.layer),
    Layer.provideMerge(daemon ? Daemon.layer({ debounce: "10 millis" }) : Layer.empty),
    Layer.provideMerge(Deployment.layer(source))
  )
  const runtime = ManagedRuntime.make(layer)
  const context = await runtime.context()
  return {
    url: Context.get(context, Server.Server).url,
    run: (effect) => runtime.runPromise(effect),
    close: () => runtime.dispose()
  }
}

const visit = async <A>(
  browser: Browser,
  site: Site,
  path: string,
  look: (page: Page) => Promise<A>,
  { expected, ...options }: VisitOptions = {}
): Promise<A> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    colorScheme: "light",
    timezoneId: "UTC",
    ...options
  })
  context.setDefaultTimeout(10_000)
  const problems: Array<string> = []
  context.on("weberror", (error) => problems.push(`error: ${error.error().stack ?? error.error().message}`))
  context.on("dialog", (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on("console", (message) => {
    // the policy of the page, errors of React, warnings of the browser: all of them are told here
    if (message.type() === "error" && !answers.test(message.text()) && expected?.test(message.text()) !== true) {
      problems.push(`console: ${message.text()}`)
    }
  })
  context.on("request", (request) => {
    const { host, protocol } = new URL(request.url())
    if (/^(https?|wss?):$/.test(protocol) && host !== new URL(site.url).host) {
      problems.push(`a request to ${request.url()}`)
    }
  })
  const page = await context.newPage()
  try {
    await page.goto(`${site.url}/#${path}`)
    const found = await look(page)
    if (problems.length > 0) throw new Error("The page has complained")
    return found
  } catch (error) {
    const file = join(pictures, `failed-${Date.now()}.png`)
    await Promise.all(context.pages().slice(-1).map((page) => page.screenshot({ path: file }).catch(() => undefined)))
    throw problems.length > 0 ? new Error(`${problems.join("\n")}\n(${file})`, { cause: error }) : error
  } finally {
    await context.close()
  }
}

/** The browser itself logs answers with an error status; pages show them. */
const answers = /^Failed to load resource: the server responded with a status of (404|409|422)/

/** Leaves a picture of what is shown. */
export const picture = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(pictures, `${name}.png`) })

/** Whether everybody can use what is shown: no serious violation of WCAG 2.2 AA, or of some rules, that axe finds. */
export const accessible = async (page: Page, rules?: ReadonlyArray<string>): Promise<void> => {
  const axe = new AxeBuilder({ page })
  const { violations } = await (rules === undefined
    ? axe.withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    : axe.withRules([...rules])).analyze()
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical")
  if (serious.length > 0) {
    throw new Error(
      serious.map(({ help, id, nodes }) =>
        `${id}: ${help}:\n${
          nodes.slice(0, 5).map(({ failureSummary, html }) => `${html}\n${failureSummary}`).join("\n")
        }`
      ).join("\n\n")
    )
  }
}

/** Begins a run as another client would. */
export const launch = (site: Site, request: Model.RunRequest): Promise<string> =>
  site.run(Effect.map(
    Operations.Operations.use((operations) => operations.launch(request)),
    ({ runId }) => runId
  ))

/** Waits until a run has ended. */
export const ended = (site: Site, runId: string): Promise<Model.RunDetail> =>
  site.run(
    Operations.Operations.use((operations) =>
      Effect.andThen(Stream.runDrain(operations.followRun(runId)), operations.run(runId))
    )
  )

/** The row of an asset, in a table. */
export const rowOf = (page: Page, key: string): Locator =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: key, exact: true }) })

/** Waits until a text is shown; which one of several does not matter. */
export const shows = (within: Page | Locator, text: string | RegExp): Promise<void> =>
  within.getByText(text).first().waitFor()

/** The status that a run page has when its run has ended. */
export const runEnds = (page: Page, status: string): Promise<void> =>
  page.getByRole("heading", { level: 1 }).getByText(status).waitFor()

/** The titles of windows end with the name of the program. */
export const title = (page: Page, name: string | RegExp): Promise<unknown> =>
  page.waitForFunction(
    ([source, flags]) => new RegExp(source!, flags).test(document.title),
    typeof name === "string"
      ? [`^${name.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")} · effect-assets$`, ""]
      : [name.source, name.flags]
  )

/** The lineage graph, when it is laid out. */
export const graphOf = async (page: Page): Promise<Locator> => {
  const graph = page.getByRole("group", { name: /^Lineage/ }).and(page.locator("[data-ready=true]"))
  await graph.waitFor()
  return graph
}

/** The button of an asset in the graph. */
export const nodeOf = (page: Page, key: string): Locator => page.locator(`[data-node=${JSON.stringify(key)}]`)
