/**
 * Holds the import arrows: definitions <- planner <- runtime services <- automation <- Node and drivers <- server, cli,
 * cluster <- ui. A module imports modules of its own rank or below, types included, and the core imports `effect` alone.
 *
 * usage: node scripts/arrows.ts [PROJECT]
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { parseSync, Visitor } from "vite"

const ranks: ReadonlyArray<readonly [rank: string, modules: ReadonlyArray<string>]> = [
  ["definitions", [
    "AssetKey",
    "Metadata",
    "Partitions",
    "PartitionSubset",
    "PartitionMapping",
    "Freshness",
    "Condition",
    "Asset",
    "Check",
    "Graph",
    "Selection"
  ]],
  ["planner", ["Plan"]],
  ["runtime services", ["IOManager", "AutomationStore", "EventLog", "RunLogs", "Catalog", "Runtime"]],
  ["automation", ["Job", "Automation", "Daemon", "Definitions"]],
  ["barrel and adapters", ["index", "node/", "io/", "testing/"]],
  ["edges", ["server/", "cli/", "cluster/"]]
]

/** Folders that may import more than `effect`: a platform package, a driver, Node itself. */
const mayImportPackages = ["node/", "io/", "cluster/", "server/", "cli/"]

/** Imports that go against an arrow, and why they may. */
const exceptions = new Set([
  "Asset.ts -> IOManager.ts", // the key of the default IO manager is part of an asset's type
  "internal/v8.ts -> import(node:v8)" // loaded when the in-memory IO manager first copies a value
])

interface Import {
  readonly from: string
  readonly to: string
  readonly line: number
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

const importsOf = (root: string, from: string): ReadonlyArray<Import> => {
  const text = readFileSync(join(root, from), "utf8")
  const { errors, program } = parseSync(from, text, { sourceType: "module" })
  if (errors.length > 0) throw new Error(`${from} cannot be parsed: ${errors[0]!.message}`)
  const found: Array<Import> = []
  const add = (source: { readonly type: string; readonly start: number }, kind: Partial<Import>): void => {
    const to = source.type === "Literal" ? (source as unknown as { readonly value: unknown }).value : undefined
    if (typeof to !== "string") throw new Error(`${from} imports something that is not written as text`)
    const line = text.slice(0, source.start).split("\n").length
    found.push({ from, to, line, typeOnly: false, dynamic: false, ...kind })
  }
  new Visitor({
    ImportDeclaration: (node) => {
      const named = node.specifiers.length > 0 &&
        node.specifiers.every((specifier) => specifier.type === "ImportSpecifier" && specifier.importKind === "type")
      add(node.source, { typeOnly: node.importKind === "type" || named })
    },
    ExportAllDeclaration: (node) => add(node.source, { typeOnly: node.exportKind === "type" }),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source, { typeOnly: node.exportKind === "type" })
    },
    ImportExpression: (node) => {
      // the command line imports the module of its user, which is no part of this package
      if (from !== "src/cli/modules.ts" || node.source.type === "Literal") add(node.source, { dynamic: true })
    },
    TSImportType: (node) => add(node.source, { typeOnly: true })
  }).visit(program)
  return found
}

const rankOf = (path: string): number =>
  ranks.findIndex(([, modules]) =>
    modules.some((module) => module.endsWith("/") ? path.startsWith(module) : path === `${module}.ts`)
  )

/** Every import of a project that goes against the arrows, in words. Empty when all is well. */
export const check = (root: string): ReadonlyArray<string> => {
  const files = globSync(["src/**/*.ts", "ui/**/*.{ts,tsx}"], {
    cwd: root,
    exclude: ["**/node_modules/**", "**/dist/**"]
  })
    .map((file) => file.replaceAll("\\", "/")).toSorted()
  const imports = new Map(files.map((file) => [file, importsOf(root, file)]))
  const problems: Array<string> = []

  const target = (of: Import): string | undefined =>
    of.to.startsWith(".") ? posix.join(dirname(of.from), of.to) : undefined

  // an internal module ranks as high as the highest module that it runs: what it imports for its types does not count
  const internalRanks = new Map<string, number>()
  const effectiveRank = (file: string): number => {
    const path = file.slice("src/".length)
    if (!path.startsWith("internal/")) return rankOf(path)
    const known = internalRanks.get(file)
    if (known !== undefined) return known
    internalRanks.set(file, 0)
    const below = (imports.get(file) ?? []).flatMap((of) => {
      const to = of.typeOnly ? undefined : target(of)
      return to === undefined ? [] : [effectiveRank(to)]
    })
    const rank = Math.max(0, ...below)
    internalRanks.set(file, rank)
    return rank
  }

  for (const file of files) {
    const ui = file.startsWith("ui/")
    const path = ui ? file : file.slice("src/".length)
    const internal = path.startsWith("internal/")
    if (!ui && !internal && rankOf(path) < 0) {
      problems.push(`${file} has no rank: put it into the list at the head of scripts/arrows.ts`)
      continue
    }
    for (const of of imports.get(file)!) {
      const problem = (text: string) => problems.push(`${file}:${of.line} imports ${JSON.stringify(of.to)}: ${text}`)
      const to = target(of)
      const name = to === undefined ? of.to : to.slice("src/".length)
      if (exceptions.has(`${path} -> ${of.dynamic ? `import(${name})` : name}`)) continue
      if (to === undefined) {
        if (ui) {
          if (/^effect-assets($|\/)/.test(of.to)) problem("the ui knows the library only through src/server/Api.ts")
        } else if (/^effect-assets($|\/)/.test(of.to)) problem("write it as a relative path")
        else if (!/^effect($|\/)/.test(of.to) && !mayImportPackages.some((folder) => path.startsWith(folder))) {
          problem(`only ${mayImportPackages.join(", ")} may import more than effect`)
        }
      } else if (ui) {
        if (!to.startsWith("ui/") && to !== "src/server/Api.ts") {
          problem("the ui knows the library only through src/server/Api.ts")
        }
      } else if (!to.startsWith("src/")) problem("it is outside of src")
      else if (!existsSync(join(root, to))) problem("there is no such file")
      else if (to === "src/index.ts") problem("the barrel is for users: import the module itself")
      else if (internal) {
        if (of.typeOnly || to.startsWith("src/internal/") || rankOf(to.slice("src/".length)) >= 0) continue
        problem("it has no rank")
      } else if (effectiveRank(to) > rankOf(path)) {
        const [own, other] = [rankOf(path), effectiveRank(to)].map((rank) => ranks[rank]![0])
        problem(`${own} may not import ${other}`)
      }
    }
  }
  return problems
}

if (import.meta.main) {
  const problems = check(process.argv[2] ?? join(import.meta.dirname, ".."))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) console.error(`${problems.length} imports go against the arrows`)
  process.exitCode = problems.length > 0 ? 1 : 0
}
