/**
 * The module that exports the definitions: finding it, importing it, importing it anew when it or what it imports has
 * changed, and saying what is wrong when it cannot be imported. Needs Node.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { existsSync, type FSWatcher, readFileSync, realpathSync, statSync, watch } from "node:fs"
import { createRequire, registerHooks } from "node:module"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { isPromise } from "node:util/types"
import * as Definitions from "../Definitions.ts"
import * as Graph from "../Graph.ts"
import { LoadError, type Source } from "../server/Deployment.ts"

// ---------------------------------------------------------------------------------------------------------------------
// finding
// ---------------------------------------------------------------------------------------------------------------------

const names = ["ts", "mts", "js", "mjs"].map((ending) => `definitions.${ending}`)
const usual = [...names, ...names.map((name) => `src/${name}`)]

const wayOut = "Name the module with --module FILE or in EFFECT_ASSETS_MODULE."

/**
 * The path of the module: the one that was named, else the one of `EFFECT_ASSETS_MODULE`, else `definitions.ts` or
 * `src/definitions.ts`, or the same with another ending. What is named may also be a directory that has such a file.
 *
 * @internal
 */
export const find = Effect.fnUntraced(function*(cwd: string, named?: string | undefined) {
  const wanted = named ?? Option.getOrUndefined(
    // an unreadable environment is one without the variable
    yield* Effect.orElseSucceed(Config.option(Config.String("EFFECT_ASSETS_MODULE")), Option.none)
  )
  if (wanted !== undefined && wanted !== "") {
    const path = resolve(cwd, wanted)
    const kind = kindOf(path)
    if (kind === "file") return path
    if (kind === "directory") return yield* among(path, wanted)
    return yield* new LoadError({ module: wanted, problem: `there is no file ${path}. ${wayOut}` })
  }
  return yield* among(cwd, "definitions.ts")
})

const among = (directory: string, module: string): Effect.Effect<string, LoadError> => {
  const found = usual.map((name) => join(directory, name)).find((path) => kindOf(path) === "file")
  return found !== undefined
    ? Effect.succeed(found)
    : Effect.fail(
      new LoadError({ module, problem: `in ${directory} there is none of ${usual.join(", ")}. ${wayOut}` })
    )
}

const kindOf = (path: string): "file" | "directory" | undefined => {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isFile() === true ? "file" : found?.isDirectory() === true ? "directory" : undefined
  } catch {
    return undefined // a part of the path is a file, or may not be read
  }
}

/** As people name a file: from where they are, if it is below that. */
const shown = (path: string): string => {
  const near = relative(process.cwd(), path)
  return near === "" || near.startsWith("..") ? path : near
}

// ---------------------------------------------------------------------------------------------------------------------
// loading
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Imports a module once.
 *
 * @internal
 */
export const load = (path: string): Effect.Effect<Definitions.Any, LoadError> =>
  importing(path, pathToFileURL(path).href, () =>
    // a second time, to see which files it has
    open(path).pipe(
      Effect.flatMap((opened) => Effect.map(Effect.ignore(opened.load), opened.files)),
      Effect.scoped
    ))

/**
 * A module that can be imported again and again.
 *
 * @internal
 */
export interface Opened extends Source {
  readonly changes: Stream.Stream<void>
  /** The files of the project that were imported: those of packages are not among them. */
  readonly files: () => ReadonlyArray<string>
}

/** Numbers the loads of this process. */
let generations = 0

/**
 * Opens a module that is to be loaded anew: each load imports it and the files of the project that it imports afresh, and
 * packages as they are. Tells when one of these files changes, also if the newest load has failed.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Opened, never, Scope.Scope> {
  const own = new Set<string>()
  const watchers = new Map<string, FSWatcher>()
  const changed = yield* Queue.sliding<void>(1)
  const real = existsSync(path) ? realpathSync(path) : path
  let files = new Set<string>()
  /** Those of the load before, until another one has succeeded: the newest may have failed before it came to them. */
  let earlier = new Set<string>()
  /** Files that imports name and that are not there. Their endings may be missing, too. */
  const missing = new Set<string>()
  let unwatched: unknown

  const isFile = (file: string): boolean => files.has(file) || earlier.has(file)
  const isOurs = (file: string): boolean => isFile(file) || missing.has(file) || missing.has(file.replace(/\.\w+$/, ""))

  const note = (file: string, there: boolean): void => {
    const set = there ? files : missing
    if (set.has(file)) return
    set.add(file)
    const directory = dirname(file)
    if (watchers.has(directory) || kindOf(directory) !== "directory") return
    try {
      // the directory and not the file: editors replace files
      const watcher = watch(directory, (_, name) => {
        if (name === null || isOurs(join(directory, name))) Queue.offerUnsafe(changed, undefined)
      })
      watcher.on("error", () => watcher.close())
      watchers.set(directory, watcher)
    } catch (cause) {
      unwatched = cause
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() =>
      registerHooks({
        resolve: (specifier, context, next) => {
          const { parentURL } = context
          const generation = generationOf(specifier) ?? generationOf(parentURL)
          if (generation === undefined ? parentURL === undefined || !isFile(pathOf(parentURL)) : !own.has(generation)) {
            return next(specifier, context)
          }
          try {
            const found = next(specifier, context)
            if (!isLocal(found.url)) return found
            note(fileURLToPath(found.url), true)
            return generation === undefined || generationOf(found.url) !== undefined
              ? found
              : { ...found, url: `${found.url}?generation=${generation}` }
          } catch (error) {
            if (/^\.{0,2}\//.test(specifier) && parentURL !== undefined) {
              note(fileURLToPath(new URL(specifier, parentURL)), false)
            }
            throw error
          }
        }
      })
    ),
    (hooks) =>
      Effect.sync(() => {
        hooks.deregister()
        for (const watcher of watchers.values()) watcher.close()
      })
  )
  note(real, true)

  const load = Effect.gen(function*() {
    const generation = `${++generations}`
    own.add(generation)
    earlier = new Set([...files, ...earlier])
    files = new Set()
    missing.clear()
    note(real, true)
    // modules of the older kind are kept by file
    const { cache } = createRequire(import.meta.url)
    for (const file of earlier) delete cache[file]
    const definitions = yield* importing(
      path,
      `${pathToFileURL(path).href}?generation=${generation}`,
      () => Effect.sync(() => [...files])
    )
    earlier = new Set()
    if (unwatched !== undefined) {
      yield* Effect.logWarning("Some files cannot be watched: load the definitions anew by hand", unwatched)
      unwatched = undefined
    }
    return definitions
  })

  return { module: shown(path), load, changes: Stream.fromQueue(changed), files: () => [...files] }
})

const generationOf = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : /[?&]generation=(\d+)$/.exec(url)?.[1]

/** Of a file, its path; otherwise something that is none. */
const pathOf = (url: string): string => url.startsWith("file:") ? fileURLToPath(url) : ""

/** A file of the project, and not of a package. This package and `effect` stay as they are wherever they lie. */
const isLocal = (url: string): boolean => {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return false
  const file = fileURLToPath(url)
  const { directory, name } = packageOf(dirname(file))
  if (name === "effect" || name.startsWith("@effect/")) return false
  return name !== "effect-assets" || !/^(src|dist)[\\/]/.test(relative(directory, file))
}

interface Package {
  readonly directory: string
  readonly name: string
}

const packages = new Map<string, Package>()

const packageOf = (directory: string): Package => {
  const known = packages.get(directory)
  if (known !== undefined) return known
  const manifest = join(directory, "package.json")
  const parent = dirname(directory)
  const found = existsSync(manifest)
    ? { directory, name: nameIn(manifest) }
    : parent === directory
    ? { directory, name: "" }
    : packageOf(parent)
  packages.set(directory, found)
  return found
}

const nameIn = (manifest: string): string => {
  try {
    const { name } = JSON.parse(readFileSync(manifest, "utf8"))
    return typeof name === "string" ? name : ""
  } catch {
    return "" // Node tells when it needs it
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// importing
// ---------------------------------------------------------------------------------------------------------------------

const importing = (
  path: string,
  url: string,
  files: () => Effect.Effect<ReadonlyArray<string>>
): Effect.Effect<Definitions.Any, LoadError> => {
  const fail = (problem: string, cause?: unknown): LoadError =>
    new LoadError({ module: shown(path), problem, ...(cause === undefined ? {} : { cause }) })
  return Effect.gen(function*() {
    if (kindOf(path) !== "file") return yield* fail(`there is no file ${path}`)
    const imported = yield* Effect.promise(
      (): Promise<Result.Result<{ readonly [name: string]: unknown }, unknown>> =>
        import(url).then(Result.succeed, Result.fail)
    )
    if (Result.isFailure(imported)) return yield* fail(yield* whyNot(path, imported.failure, files), imported.failure)
    const found = definitionsOf(imported.success)
    return typeof found === "string" ? yield* fail(found) : found
  })
}

const example = "export default Definitions.make({ graph, layer })"

/** The definitions that a module exports, or why there are none. */
const definitionsOf = (exports: { readonly [name: string]: unknown }): Definitions.Any | string => {
  const { default: main } = exports
  if (Definitions.isDefinitions(main)) return main
  // how a module of the older kind exports one that was compiled
  if (typeof main === "object" && main !== null && "default" in main && Definitions.isDefinitions(main.default)) {
    return main.default
  }
  if (Graph.isGraph(main)) {
    return `its default export is a graph. Say what its assets need, too: ${example}, with the layer that provides it`
  }
  const named = Object.keys(exports).filter((name) => name !== "default")
  const definitions = named.find((name) => Definitions.isDefinitions(exports[name]))
  if (definitions !== undefined) return `its definitions are not its default export. Add: export default ${definitions}`
  const graph = named.find((name) => Graph.isGraph(exports[name]))
  if (graph !== undefined) {
    const make = graph === "graph" ? example : example.replace("graph", `graph: ${graph}`)
    return `it exports the graph "${graph}" but no definitions. Add: ${make}, with the layer that provides what it needs`
  }
  if (main === undefined) return `it has no default export. Add: ${example}`
  const what = isPromise(main) ? "a promise" : typeof main === "function" ? "a function" : `no definitions`
  return `its default export is ${what}. Write: ${example}`
}

/** What Node says of `import` and `export` in a file that it takes for a module of the older kind, CommonJS. */
const outsideOfModule = /^Cannot use import statement outside a module|^Unexpected token 'export'/

/** What an error of an import means, and the way out. */
const whyNot = (
  path: string,
  error: unknown,
  files: () => Effect.Effect<ReadonlyArray<string>>
): Effect.Effect<string> => {
  if (!(error instanceof Error)) return Effect.succeed(`it throws ${String(error)}`)
  const code = "code" in error ? error.code : undefined
  const message = plain(error.message)
  const place = placeOf(error)
  const at = place === undefined ? "" : `${place.at}: `
  const excerpt = place === undefined || place.excerpt === "" ? "" : `\n${place.excerpt}`
  switch (code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return Effect.succeed(
        `${at}${message}. Node runs TypeScript by leaving out its types: write this without, or compile it first.` +
          ` The compiler option erasableSyntaxOnly finds all such places.${excerpt}`
      )
    case "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return Effect.succeed(`${at}syntax error: ${message}${excerpt}`)
    case "ERR_MODULE_NOT_FOUND":
      return Effect.succeed(notFound(message))
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return Effect.succeed(
        /"\.tsx"|"\.jsx"/.test(message)
          ? `${message}. Node does not run JSX: move what definitions need into .ts files`
          : `${message}. TypeScript needs Node 22.18 or newer, this is ${process.version}`
      )
  }
  if (error instanceof SyntaxError) {
    const named = /does not provide an export named '(.+)'/.exec(message)?.[1]
    if (named !== undefined) {
      return Effect.succeed(
        `${at}${message}. If it is a type, import it as one: import { type ${named} } from …${excerpt}`
      )
    }
    if (outsideOfModule.test(message)) {
      const manifest = shown(join(packageOf(dirname(path)).directory, "package.json"))
      return Effect.succeed(
        `it is written as an ES module, and ${manifest} says that it is none. Set "type": "module" there` +
          ` (npm pkg set type=module)`
      )
    }
    if (place !== undefined) return Effect.succeed(`${at}syntax error: ${message}${excerpt}`)
    return Effect.map(
      Effect.flatMap(files(), checked),
      (found) => found ?? `syntax error: ${message}`
    )
  }
  const frame = frameOf(error)
  return Effect.succeed(`${message === "" ? error.name : message}${frame === undefined ? "" : `\n  at ${frame}`}`)
}

const plain = (text: string): string => text.replaceAll(/\?generation=\d+/g, "")

/** Where it is, and the line there, if the error tells. */
const placeOf = (error: Error): { readonly at: string; readonly excerpt: string } | undefined => {
  const found = /^(file:\/\/\S+?):(\d+)\n((?:.*\n)*?)\n?(?:\w*Error\b)/.exec(plain(error.stack ?? ""))
  return found === null
    ? undefined
    : { at: `${shown(fileURLToPath(found[1]!))}:${found[2]}`, excerpt: found[3]!.trimEnd() }
}

/** Where in the project something was thrown. */
const frameOf = (error: Error): string | undefined => {
  for (const [, url, line] of plain(error.stack ?? "").matchAll(/(file:\/\/[^\s)]+?):(\d+):\d+\)?$/gm)) {
    if (isLocal(url!)) return `${shown(fileURLToPath(url!))}:${line}`
  }
  return undefined
}

const notFound = (message: string): string => {
  const [, what, name, from] = /^Cannot find (package|module) '(.+)' imported from (.+)$/.exec(message) ?? []
  if (name === undefined || from === undefined) return message
  const importer = from.startsWith("file:") ? fileURLToPath(from) : from
  if (what === "package" && !isAbsolute(name)) {
    return `${shown(importer)} imports the package "${name}", which is not installed: npm install ${name}`
  }
  const file = name.startsWith("file:") ? fileURLToPath(name) : name
  const near = [`${file}.ts`, `${file}.js`, file.replace(/\.js$/, ".ts"), join(file, "index.ts")].find((other) =>
    other !== file && kindOf(other) === "file"
  )
  const hint = near === undefined ? "" : ` There is ${addressed(relative(dirname(importer), near))}`
  return `${shown(importer)} imports ${shown(file)}, which is not there.${hint}`
}

/** As an import names a file. */
const addressed = (path: string): string => {
  const plain = path.replaceAll(sep, "/")
  return plain.startsWith(".") ? plain : `./${plain}`
}

/** Node tells where a syntax error in JavaScript is when it is asked to check the file. */
const checked = (files: ReadonlyArray<string>): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    for (const file of files.filter((file) => /\.[cm]?js$/.test(file)).reverse()) {
      const found = yield* Effect.callback<string | undefined>((resume) => {
        const child = execFile(process.execPath, ["--check", file], (error, _, stderr) => {
          if (error === null) return resume(Effect.succeed(undefined))
          const [, line, excerpt, problem] = /:(\d+)\n([^]*?)\n\n(?:SyntaxError: )(.*)/.exec(stderr) ?? []
          resume(Effect.succeed(
            line === undefined ? undefined : `${shown(file)}:${line}: syntax error: ${problem}\n${excerpt}`
          ))
        })
        return Effect.sync(() => child.kill())
      })
      if (found !== undefined) return found
    }
    return undefined
  })
