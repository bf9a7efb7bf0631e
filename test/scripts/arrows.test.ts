import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { check } from "../../scripts/arrows.ts"

const checkFiles = (files: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const root = mkdtempSync(join(tmpdir(), "arrows-"))
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      writeFileSync(join(root, file), text)
    }
    return check(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

describe("arrows", () => {
  it("holds in this project", () => {
    assert.deepStrictEqual(check(join(import.meta.dirname, "../..")), [])
  })

  it("lets a module import what is of its rank or below", () => {
    assert.deepStrictEqual(
      checkFiles({
        "src/Asset.ts": `import * as Effect from "effect/Effect"\nimport * as IOManager from "./IOManager.ts"`,
        "src/Graph.ts": `import type { Any } from "./Asset.ts"`,
        "src/IOManager.ts": `import { v8 } from "./internal/v8.ts"`,
        "src/internal/v8.ts": `export const v8 = () => import("node:v8")`,
        "src/Runtime.ts": `import * as Graph from "./Graph.ts"\nexport * from "./IOManager.ts"`,
        "src/node/Local.ts": `import "node:fs"\nimport "@effect/platform-node"\nimport "../Runtime.ts"`,
        "src/cli/main.ts": `import "../node/Local.ts"`,
        "src/index.ts": `export * as Asset from "./Asset.ts"`
      }),
      []
    )
  })

  it("names the file, the line and the import that go against an arrow", () => {
    assert.deepStrictEqual(
      checkFiles({
        "src/Graph.ts": `\nimport type * as Runtime from "./Runtime.ts"`,
        "src/Runtime.ts": `type Daemon = import("./Daemon.ts").Daemon`,
        "src/Daemon.ts": `export * from "./server/Api.ts"`,
        "src/server/Api.ts": ""
      }),
      [
        `src/Daemon.ts:1 imports "./server/Api.ts": automation may not import edges`,
        `src/Graph.ts:2 imports "./Runtime.ts": definitions may not import runtime services`,
        `src/Runtime.ts:1 imports "./Daemon.ts": runtime services may not import automation`
      ]
    )
  })

  it("keeps packages and Node out of the core", () => {
    const only = "only node/, io/, cluster/, server/, cli/ may import more than effect"
    assert.deepStrictEqual(
      checkFiles({
        "src/Asset.ts": `import "node:fs"\nimport type { X } from "@effect/platform-node"\nimport "effective"`,
        "src/internal/v8.ts": `import "node:v8"`,
        "src/testing/index.ts": `const it = await import("vitest")`
      }),
      [
        `src/Asset.ts:1 imports "node:fs": ${only}`,
        `src/Asset.ts:2 imports "@effect/platform-node": ${only}`,
        `src/Asset.ts:3 imports "effective": ${only}`,
        `src/internal/v8.ts:1 imports "node:v8": ${only}`,
        `src/testing/index.ts:1 imports "vitest": ${only}`
      ]
    )
  })

  it("ranks an internal module by what it runs, not by the types it knows", () => {
    assert.deepStrictEqual(
      checkFiles({
        "src/Graph.ts": `import "./internal/compile.ts"\nimport "./internal/engine.ts"`,
        "src/EventLog.ts": `import "./internal/engine.ts"`,
        "src/internal/compile.ts":
          `import type { Log } from "../EventLog.ts"\nimport { type Entry } from "../EventLog.ts"`,
        "src/internal/engine.ts": `import "./recorder.ts"`,
        "src/internal/recorder.ts": `import "../EventLog.ts"`
      }),
      [`src/Graph.ts:2 imports "./internal/engine.ts": definitions may not import runtime services`]
    )
  })

  it("refuses the barrel, the package's own name, missing files and files without a rank", () => {
    assert.deepStrictEqual(
      checkFiles({
        "src/Graph.ts": `import "./index.ts"\nimport "effect-assets"\nimport "./Nowhere.ts"\nimport "../test/x.ts"`,
        "src/index.ts": "",
        "src/utils.ts": ""
      }),
      [
        `src/Graph.ts:1 imports "./index.ts": the barrel is for users: import the module itself`,
        `src/Graph.ts:2 imports "effect-assets": write it as a relative path`,
        `src/Graph.ts:3 imports "./Nowhere.ts": there is no such file`,
        `src/Graph.ts:4 imports "../test/x.ts": it is outside of src`,
        "src/utils.ts has no rank: put it into the list at the head of scripts/arrows.ts"
      ]
    )
  })

  it("lets the ui know the library through the server's Api alone", () => {
    assert.deepStrictEqual(
      checkFiles({
        "src/server/Api.ts": "",
        "src/Graph.ts": "",
        "ui/src/App.tsx":
          `import "react"\nimport "./List.tsx"\nimport "../../src/server/Api.ts"\nimport "../../src/Graph.ts"\nimport "effect-assets"`
      }),
      [
        `ui/src/App.tsx:4 imports "../../src/Graph.ts": the ui knows the library only through src/server/Api.ts`,
        `ui/src/App.tsx:5 imports "effect-assets": the ui knows the library only through src/server/Api.ts`
      ]
    )
  })
})
