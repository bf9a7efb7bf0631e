// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins
import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Worker } from "node:worker_threads"
import type { Methods } from "../fixtures/moduleWorker.ts"

const worker = new Worker(new URL("../fixtures/moduleWorker.ts", import.meta.url), { execArgv: [] })
const waiting = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }>()
let calls = 0

worker.on(
  "message",
  ({ error, id, result }: { readonly id: number; readonly result: never; readonly error?: string }) => {
    const call = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error))
  }
)
worker.on("error", (error) => waiting.forEach(({ reject }) => reject(error as Error)))

const call = <M extends keyof Methods>(
  method: M,
  ...args: Parameters<Methods[M]>
): Promise<Awaited<ReturnType<Methods[M]>>> =>
  new Promise((resolve, reject) => {
    const id = calls++
    waiting.set(id, { resolve, reject })
    worker.postMessage({ id, method, args })
  })

const root = realpathSync(mkdtempSync(join(tmpdir(), "assets-modules-")))
const repository = new URL("../../", import.meta.url).pathname

afterAll(async () => {
  await worker.terminate()
  rmSync(root, { recursive: true })
})

let projects = 0

/** A project on disk that has this package and effect installed. */
const project = (files: { readonly [path: string]: string }) => {
  const directory = join(root, `p${projects++}`)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  write("package.json", `{ "type": "module" }`)
  // this package, from its sources
  write(
    "node_modules/effect-assets/package.json",
    `{ "name": "effect-assets", "type": "module", "exports": { ".": "./index.js", "./package.json": "./package.json" } }`
  )
  write("node_modules/effect-assets/index.js", `export * from "${repository}src/index.ts"`)
  symlinkSync(join(repository, "node_modules/effect"), join(directory, "node_modules/effect"))
  for (const [path, text] of Object.entries(files)) write(path, text)
  return { directory, write, path: (name: string) => join(directory, name) }
}

const definitions = (imports: string, assets: string) => `
import { Effect, Layer } from "effect"
import { Asset, Definitions, EventLog, Graph, IOManager } from "effect-assets"
${imports}
export default Definitions.make({
  graph: Graph.fromAssets([${assets}].map((key: string) => Asset.make(key, Effect.succeed(1)))),
  layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
})
`

describe("find", () => {
  it("takes what was named, then the environment, then the usual names", async () => {
    const { directory, path, write } = project({ "src/definitions.mjs": "", "other.ts": "", "sub/definitions.ts": "" })
    assert.strictEqual(await call("find", directory, undefined), path("src/definitions.mjs"))
    write("definitions.js", "")
    assert.strictEqual(await call("find", directory, undefined), path("definitions.js"))
    write("definitions.ts", "")
    assert.strictEqual(await call("find", directory, undefined), path("definitions.ts"))
    const env = { EFFECT_ASSETS_MODULE: "other.ts" }
    assert.strictEqual(await call("find", directory, undefined, env), path("other.ts"))
    assert.strictEqual(await call("find", directory, "sub", env), path("sub/definitions.ts"))
    assert.strictEqual(await call("find", directory, path("other.ts")), path("other.ts"))
  })

  it("says what it looked for, and how to name it", async () => {
    const { directory, path } = project({ "definitions.ts/x": "" })
    const way = "Name the module with --module FILE or in EFFECT_ASSETS_MODULE."
    assert.strictEqual(
      await call("find", directory, undefined),
      `definitions.ts cannot be loaded: in ${directory} there is none of definitions.ts, definitions.mts, definitions.js, ` +
        "definitions.mjs, src/definitions.ts, src/definitions.mts, src/definitions.js, src/definitions.mjs. " + way
    )
    for (const wrong of ["nowhere.ts", "package.json/definitions.ts"]) {
      assert.strictEqual(
        await call("find", directory, wrong),
        `${wrong} cannot be loaded: there is no file ${path(wrong)}. ${way}`
      )
    }
    assert.match(
      await call("find", directory, undefined, { EFFECT_ASSETS_MODULE: "nowhere.ts" }),
      /^nowhere\.ts cannot be loaded/
    )
  })
})

describe("load", () => {
  it("imports TypeScript, and what it imports", async () => {
    const { path } = project({
      "definitions.ts": definitions(`import { names } from "./names.ts"`, "...names"),
      "names.ts": `export const names: ReadonlyArray<string> = ["a", "b"]`
    })
    assert.deepStrictEqual(await call("load", path("definitions.ts")), ["a", "b"])
  })

  it("imports a module of the older kind", async () => {
    const { path } = project({
      "definitions.cjs": `
        const { Layer } = require("effect")
        const { Definitions, EventLog, Graph, IOManager } = require("effect-assets")
        exports.__esModule = true
        exports.default = Definitions.make({
          graph: Graph.make({}),
          layer: Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)
        })
      `
    })
    assert.deepStrictEqual(await call("load", path("definitions.cjs")), [])
  })

  /** What is wrong with a module, after the words that it cannot be loaded. */
  const problem = async (text: string, others: { readonly [path: string]: string } = {}, name = "definitions.ts") => {
    const { directory, path } = project({ [name]: text, ...others })
    const message = await call("load", path(name))
    assert.isString(message)
    const start = `${path(name)} cannot be loaded: `
    assert.strictEqual(String(message).slice(0, start.length), start)
    return String(message).slice(start.length).replaceAll(`${directory}/`, "")
  }

  it("says which file is not there", async () => {
    assert.match(String(await call("load", join(root, "nowhere.ts"))), /there is no file .*nowhere\.ts$/)
    assert.strictEqual(
      await problem(`import "./prices.ts"`),
      "definitions.ts imports prices.ts, which is not there."
    )
    assert.strictEqual(
      await problem(`import "./a/prices"`, { "a/prices.ts": "" }),
      "definitions.ts imports a/prices, which is not there. There is ./a/prices.ts"
    )
    assert.strictEqual(
      await problem(`import "./prices.js"`, { "prices.ts": "" }),
      "definitions.ts imports prices.js, which is not there. There is ./prices.ts"
    )
  })

  it("says which package is not installed", async () => {
    assert.strictEqual(
      await problem(`import "./b.ts"`, { "b.ts": `import "@nobody/has-this"` }),
      `b.ts imports the package "@nobody/has-this", which is not installed: npm install @nobody/has-this`
    )
  })

  it("shows where a syntax error is, in TypeScript and in JavaScript, also in what is imported", async () => {
    assert.match(
      await problem("const a: number = 1\nconst = 4"),
      /^definitions\.ts:2: syntax error: .*\n[^]*const = 4\n +\^/
    )
    assert.match(
      await problem(`import "./b.js"`, { "b.js": "const a = 1\n\nconst = 4" }),
      /^b\.js:3: syntax error: Unexpected token '='\nconst = 4\n +\^$/
    )
  })

  it("says what a project lacks whose package.json takes its files for CommonJS, as that of npm init does", async () => {
    const manifest = { "package.json": `{ "type": "commonjs" }` }
    const expected = "it is written as an ES module, and package.json says that it is none." +
      ` Set "type": "module" there (npm pkg set type=module)`
    assert.strictEqual(await problem(`import { Effect } from "effect"`, manifest), expected)
    assert.strictEqual(await problem("export default 1", manifest), expected)
  })

  it("says what to do about TypeScript that is more than types", async () => {
    const enums = await problem("export const a = 1\nexport enum Color { Red }")
    assert.match(
      enums,
      /^definitions\.ts:2: TypeScript enum is not supported in strip-only mode\. Node runs TypeScript/
    )
    assert.match(enums, /erasableSyntaxOnly finds all such places\.\n[^]*enum Color/)
    assert.match(
      await problem(`class A { constructor(private a: number) {} }`),
      /^definitions\.ts:1: .*parameter property/
    )
    assert.match(await problem(`import "./page.tsx"`, { "page.tsx": "" }), /Node does not run JSX/)
  })

  it("says which export is missing, and that it may be a type", async () => {
    assert.match(
      await problem(`import { Price } from "./b.ts"`, { "b.ts": "export interface Price {}" }),
      /^definitions\.ts:1: .*'\.\/b\.ts' does not provide an export named 'Price'\. If it is a type, import it as one: import \{ type Price \}/
    )
  })

  it("says where a module has thrown", async () => {
    assert.strictEqual(
      await problem(`import "./b.ts"`, { "b.ts": `\nthrow new Error("no warehouse")` }),
      "no warehouse\n  at b.ts:2"
    )
    assert.strictEqual(await problem(`throw "text"`), "it throws text")
    assert.strictEqual(await problem(`throw undefined`), "it throws undefined")
    assert.strictEqual(await problem(`await Promise.reject(new TypeError(""))`), "TypeError\n  at definitions.ts:1")
  })

  it("lists every problem of a graph", async () => {
    const found = await problem(`
      import { Effect } from "effect"
      import { Asset, Graph } from "effect-assets"
      const [a, b, c, d] = ["same", "same", "other", "other"].map((key) => Asset.make(key, Effect.succeed(1)))
      Graph.make({ a, b, c, d })
    `)
    assert.match(found, /^The graph has 2 problems:\n- .*"same".*\n- .*"other"/)
  })

  it("says what to export", async () => {
    const graph = `import { Definitions, EventLog, Graph, IOManager } from "effect-assets"
      import { Layer } from "effect"
      const graph = Graph.make({})
      const layer = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)\n`
    const make = "export default Definitions.make({ graph, layer })"
    assert.strictEqual(await problem(""), `it has no default export. Add: ${make}`)
    assert.strictEqual(
      await problem(`${graph}export default graph`),
      `its default export is a graph. Say what its assets need, too: ${make}, with the layer that provides it`
    )
    assert.strictEqual(
      await problem(`${graph}export { graph as mine }`),
      `it exports the graph "mine" but no definitions. Add: export default Definitions.make({ graph: mine, layer }), ` +
        "with the layer that provides what it needs"
    )
    assert.strictEqual(
      await problem(`${graph}export const all = Definitions.make({ graph, layer })`),
      "its definitions are not its default export. Add: export default all"
    )
    for (
      const [value, what] of [["42", "no definitions"], ["null", "no definitions"], ["() => {}", "a function"], [
        "Promise.resolve(1)",
        "a promise"
      ]]
    ) {
      assert.strictEqual(await problem(`export default ${value}`), `its default export is ${what}. Write: ${make}`)
    }
  })
})

describe("open", () => {
  it("imports anew what has changed, however deep, and packages as they are", async () => {
    const { path, write } = project({
      "definitions.ts": definitions(
        `import { names } from "./a/names.ts"\nimport { loads } from "counter"`,
        "...names, `load ${loads}`"
      ),
      "a/names.ts": `export { names } from "../b.ts"`,
      "b.ts":
        `import data from "./data.json" with { type: "json" }\nexport const names: Array<string> = [...data, "b"]`,
      "data.json": `["x"]`,
      "node_modules/counter/package.json": `{ "name": "counter", "type": "module", "exports": "./index.js" }`,
      "node_modules/counter/index.js":
        "globalThis.counted = (globalThis.counted ?? 0) + 1\nexport const loads = globalThis.counted"
    })
    const file = path("definitions.ts")
    await call("open", file)
    assert.deepStrictEqual(await call("reload", file), ["x", "b", "load 1"])
    assert.deepStrictEqual(
      (await call("files", file)).toSorted(),
      ["a/names.ts", "b.ts", "data.json", "definitions.ts"].map(path)
    )
    let changed = call("changed", file)
    write("b.ts", `export const names: Array<string> = ["c"]`)
    await changed
    assert.deepStrictEqual(await call("reload", file), ["c", "load 1"])

    // editors write another file and put it in the place of the first
    changed = call("changed", file)
    write("b.ts.tmp", `export { more as names } from "./more.ts"`)
    write("more.ts", `export const more = ["d"]`)
    renameSync(path("b.ts.tmp"), path("b.ts"))
    await changed
    assert.deepStrictEqual(await call("reload", file), ["d", "load 1"])

    // a file that was not there in the beginning
    changed = call("changed", file)
    write("more.ts", `export const more = ["e"]`)
    await changed
    assert.deepStrictEqual(await call("reload", file), ["e", "load 1"])
    await call("close", file)
  })

  it("watches on when a load has failed, also for a file that is missing", async () => {
    const { path, write } = project({ "definitions.ts": definitions(`import { names } from "./names.ts"`, "...names") })
    const file = path("definitions.ts")
    await call("open", file)
    assert.match(String(await call("reload", file)), /names\.ts, which is not there/)
    let changed = call("changed", file)
    write("names.ts", "export const = 1")
    await changed
    assert.match(String(await call("reload", file)), /names\.ts:1: syntax error/)
    changed = call("changed", file)
    write("names.ts", `export const names = ["a"]`)
    await changed
    assert.deepStrictEqual(await call("reload", file), ["a"])
    await call("close", file)
  })

  it("imports modules of the older kind anew, too", async () => {
    const { path, write } = project({
      "definitions.ts": definitions(`import old from "./old.cjs"`, "...old.names"),
      "old.cjs": `exports.names = require("./deep.cjs").names`,
      "deep.cjs": `exports.names = ["a"]`
    })
    const file = path("definitions.ts")
    await call("open", file)
    assert.deepStrictEqual(await call("reload", file), ["a"])
    const changed = call("changed", file)
    write("deep.cjs", `exports.names = ["b"]`)
    await changed
    assert.deepStrictEqual(await call("reload", file), ["b"])
    await call("close", file)
  })

  it("says nothing of the load in its errors", async () => {
    const { path } = project({ "definitions.ts": "throw new Error(`at ${import.meta.url}`)" })
    await call("open", path("definitions.ts"))
    const message = String(await call("reload", path("definitions.ts")))
    assert.match(message, /at file:.*definitions\.ts\n/)
    assert.notMatch(message, /generation/)
    await call("close", path("definitions.ts"))
  })
})
