#!/usr/bin/env node
/**
 * The executable. What takes time is imported after the version of Node is known to do, from the compile cache.
 */
// an older Node has no such export, and would fail to link before anything is told
import nodeModule from "node:module"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || major === 22 && minor < 19) {
  process.stderr.write(
    `effect-assets needs Node 22.19 or newer, and this is ${process.versions.node}: https://nodejs.org/en/download\n`
  )
  process.exit(2)
}
nodeModule.enableCompileCache?.()

const { start } = await import("./start.ts")
await start()
