import { defineConfig } from "vitest/config"
import manifest from "./package.json" with { type: "json" }

// what users import from dist is tested in src: effect-assets/node is dist/node/index.js, so src/node/index.ts
const alias = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  target === null || typeof target === "string" ? [] : [{
    find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
    replacement: new URL(target.default.replace("./dist/", "./src/").replace(/\.js$/, ".ts"), import.meta.url).pathname
  }]
)

// where CI wants the results as JSON
const results = process.env.TEST_RESULTS

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts", "doctest/**/*.test.ts"],
    sequence: { concurrent: true },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    silent: "passed-only",
    experimental: { diagnostics: false }, // hints on speed, printed below the summary
    reporters: results === undefined ? ["default"] : [["json", { outputFile: results }], "default"],
    typecheck: {
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "tsconfig.doctest.json"
    }
  }
})
