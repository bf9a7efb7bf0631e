/** How long the compiler takes for generated graphs, three inputs each, in files of 100 assets. Needs `npm run build`. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Row } from "./measure.ts"

const root = new URL("..", import.meta.url).pathname
const perFile = 100

const generate = (directory: string, count: number): void => {
  const files = Math.ceil(count / perFile)
  for (let file = 0; file < files; file++) {
    const imports = new Map<number, Set<string>>()
    const lines: Array<string> = []
    for (let i = file * perFile; i < Math.min(count, (file + 1) * perFile); i++) {
      const parents = i < 3 ? [] : [i - 1, i - 2, i - 3]
      for (const p of parents) {
        const from = Math.floor(p / perFile)
        if (from !== file) imports.set(from, (imports.get(from) ?? new Set()).add(`a${p}`))
      }
      const names = parents.map((p) => `a${p}`)
      lines.push(
        names.length === 0
          ? `export const a${i} = Asset.make("a${i}", Effect.succeed(${i}))`
          : `export const a${i} = Asset.make("a${i}", { inputs: { ${names.join(", ")} }, *compute({ ${
            names.join(", ")
          } }) { return ${names.join(" + ")} } })`
      )
    }
    const head = [
      ...(file === 0 ? [`import { Effect } from "effect"`] : []),
      `import { Asset } from "effect-assets"`,
      ...Array.from(imports, ([from, names]) => `import { ${[...names].join(", ")} } from "./m${from}.ts"`)
    ]
    writeFileSync(join(directory, `m${file}.ts`), [...head, ...lines].join("\n"))
  }
  const all = Array.from({ length: files }, (_, file) => `m${file}`)
  writeFileSync(
    join(directory, "graph.ts"),
    [
      `import { Graph, Runtime } from "effect-assets"`,
      ...all.map((file) => `import * as ${file} from "./${file}.ts"`),
      `export const graph = Graph.make({ ${all.map((file) => `...${file}`).join(", ")} })`,
      `export const run = Runtime.materialize(graph, { select: ["a0"] })`
    ].join("\n")
  )
}

const checkTime = (count: number): { readonly seconds: number; readonly instantiations: number } => {
  const directory = mkdtempSync(join(tmpdir(), "effect-assets-types-"))
  try {
    mkdirSync(join(directory, "node_modules"))
    symlinkSync(join(root, "node_modules/effect"), join(directory, "node_modules/effect"))
    symlinkSync(root, join(directory, "node_modules/effect-assets"))
    generate(directory, count)
    const tsc = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/typescript/bin/tsc"),
        ..."--ignoreConfig --strict --exactOptionalPropertyTypes --target ES2023 --module NodeNext --noEmit".split(" "),
        ..."--allowImportingTsExtensions --skipLibCheck --singleThreaded --extendedDiagnostics graph.ts".split(" ")
      ],
      { cwd: directory, encoding: "utf8" }
    )
    if (tsc.status !== 0) throw new Error(`the generated graph does not type-check:\n${tsc.stdout.slice(0, 2000)}`)
    const figure = (name: string) => Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(tsc.stdout)?.[1])
    return { seconds: figure("Check time"), instantiations: figure("Instantiations") }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The best of three: the first one reads the disk, and garbage is collected when it happens to be. */
const best = (count: number) =>
  [checkTime(count), checkTime(count), checkTime(count)].reduce((a, b) => a.seconds < b.seconds ? a : b)

export const measureTypes = (): ReadonlyArray<Row> => {
  const small = best(1000)
  const large = best(3000)
  return [
    {
      what: "tsc, 1,000 assets",
      figure: `${small.seconds.toFixed(2)} s, ${small.instantiations} instantiations`,
      budget: "about 1 s",
      within: small.seconds <= 1.2
    },
    {
      what: "tsc, 3,000 assets",
      figure: `${large.seconds.toFixed(2)} s, ${large.instantiations} instantiations`,
      limit: "3x as many",
      ratio: large.seconds / small.seconds,
      budget: "about linear",
      within: large.seconds / small.seconds <= 4
    }
  ]
}
