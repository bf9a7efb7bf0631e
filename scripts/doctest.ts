/**
 * Turns every fence marked "ts import.meta.vitest" in src, README.md, AGENTS.md and docs into a test under doctest/.
 *
 * `expression // => value` and `const name = expression // => value` assert. The comment may stand on the line below,
 * and its value go on in the comment lines after it. Imports are hoisted, everything else is the body of an async function. What is generated is type-checked too.
 *
 * usage: node scripts/doctest.ts
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type ESTree, parseSync, Visitor } from "vite"

/** An example, as it stands in a file. */
interface Fence {
  readonly file: string
  /** The line of the opening fence. */
  readonly line: number
  readonly title: string | undefined
  readonly code: string
}

const fencesOf = (file: string, text: string): ReadonlyArray<Fence> => {
  const fences: Array<Fence> = []
  // in a module examples stand in comments
  const prefix = file.endsWith(".md") ? /^/ : /^\s*\*( |$)/
  let open: { readonly line: number; readonly indent: string; readonly lines: Array<string> } | undefined
  let title: string | undefined
  text.split("\n").forEach((raw, index) => {
    const inside = prefix.test(raw)
    const line = raw.replace(prefix, "").replace(/\r$/, "")
    if (open === undefined) {
      const fence = inside ? /^(\s*)```ts import\.meta\.vitest\b/.exec(line) : null
      if (fence !== null) open = { line: index + 1, indent: fence[1]!, lines: [] }
      else if (line.trim() !== "") title = /^(?:\*\*Example\*\* \((.*)\)|#+ (.*))$/.exec(line)?.slice(1).find(Boolean)
    } else if (!inside) throw new Error(`${file}:${open.line}: the example has no end`)
    else if (line.trim() === "```") {
      fences.push({ file, line: open.line, title, code: open.lines.join("\n") })
      open = title = undefined
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart())
  })
  if (open !== undefined) throw new Error(`${file}:${(open as { readonly line: number }).line}: the example has no end`)
  return fences
}

/** An example, taken apart. Imports are `"module" -> local name -> how it is imported`. */
interface Example {
  readonly name: string
  readonly imports: ReadonlyArray<{ readonly module: string; readonly local: string; readonly binding: string }>
  readonly body: string
}

const isExpression = (text: string): boolean => parseSync("expected.ts", `(${text}\n)`).errors.length === 0

const parse = ({ code, file, line, title }: Fence): Example => {
  const fail = (at: number, problem: string): never => {
    throw new Error(`${file}:${line + code.slice(0, at).split("\n").length}: ${problem}`)
  }
  const { comments, errors, program } = parseSync("example.ts", code, { sourceType: "module" })
  if (errors.length > 0) fail(errors[0]!.labels[0]?.start ?? 0, errors[0]!.message)

  const edits: Array<{ readonly start: number; readonly end: number; readonly text: string }> = []
  const imports: Array<Example["imports"][number]> = []
  const statements: Array<ESTree.ExpressionStatement | ESTree.VariableDeclaration> = []
  new Visitor({
    ExpressionStatement: (node) => void statements.push(node),
    VariableDeclaration: (node) => void statements.push(node)
  }).visit(program)

  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      edits.push({ start: node.start, end: node.end, text: "" })
      const module = node.source.value
      if (node.specifiers.length === 0) imports.push({ module, local: "", binding: "" })
      for (const specifier of node.specifiers) {
        const type = node.importKind === "type" ||
          (specifier.type === "ImportSpecifier" && specifier.importKind === "type")
        const local = specifier.local.name
        const written = specifier.type === "ImportNamespaceSpecifier"
          ? `* as ${local}`
          : `{ ${code.slice(specifier.start, specifier.end).replace(/^type /, "")} }`
        if (specifier.type === "ImportDefaultSpecifier") {
          imports.push({ module, local, binding: `${type ? "type " : ""}{ default as ${local} }` })
        } else imports.push({ module, local, binding: `${type ? "type " : ""}${written}` })
      }
    } else if (node.type === "ExportNamedDeclaration" && node.declaration !== null) {
      edits.push({ start: node.start, end: node.declaration.start, text: "" })
    } else if (node.type.startsWith("Export")) fail(node.start, "an example may export declarations only")
  }

  comments.forEach((comment, index) => {
    const expected = /^ ?=>(?<value>.*)$/s.exec(comment.value)?.groups?.value
    if (comment.type !== "Line" || expected === undefined) return
    let value = expected
    for (let next = index + 1; !isExpression(value); next++) {
      const more = comments[next]
      const between = more === undefined ? "" : code.slice(comments[next - 1]!.end, more.start)
      if (more === undefined || more.type !== "Line" || !/^\n[ \t]*$/.test(between) || more.value.startsWith(" =>")) {
        return fail(comment.start, "what stands after => is not an expression")
      }
      value += `\n${more.value}`
    }
    // the statement that ends on this line or on the one above, the innermost of several
    const statement = statements
      .filter((node) => node.end <= comment.start && /^[ \t]*(\n[ \t]*)?$/.test(code.slice(node.end, comment.start)))
      .toSorted((a, b) => b.start - a.start)[0]
    if (statement === undefined) return fail(comment.start, "there is no statement to compare before =>")
    if (statement.type === "ExpressionStatement") {
      const { end, start } = statement.expression
      edits.push({ start, end: start, text: "__check(" }, { start: end, end, text: `,${value}\n)` })
    } else {
      const id = statement.declarations.at(-1)!.id
      if (id.type !== "Identifier") return fail(comment.start, "only a plain name can be compared after a declaration")
      edits.push({ start: statement.end, end: statement.end, text: `;__check(${id.name},${value}\n)` })
    }
  })

  let body = code
  for (const { end, start, text } of edits.toSorted((a, b) => b.start - a.start)) {
    body = body.slice(0, start) + text + body.slice(end)
  }
  return { name: `${file}:${line}${title === undefined ? "" : ` ${title}`}`, imports, body: body.trim() }
}

/** The tests of a file: usually one module, more where its examples give one name to different imports. */
export const render = (file: string, text: string): ReadonlyArray<string> => {
  const modules: Array<
    { readonly imports: Map<string, Example["imports"][number]>; readonly examples: Array<Example> }
  > = []
  for (const example of fencesOf(file, text).map(parse)) {
    const fits = modules.find(({ imports }) =>
      example.imports.every(({ binding, local, module }) => {
        const known = imports.get(local === "" ? `"${module}"` : local)
        return known === undefined || (known.module === module && known.binding === binding)
      })
    ) ?? modules[modules.push({ imports: new Map(), examples: [] }) - 1]!
    for (const of of example.imports) fits.imports.set(of.local === "" ? `"${of.module}"` : of.local, of)
    fits.examples.push(example)
  }
  return modules.map(({ examples, imports }) =>
    [
      `// from ${file}, by scripts/doctest.ts`,
      `import * as __Equal from "effect/Equal"`,
      `import { assert as __assert, test as __test } from "vitest"`,
      ...[...imports.values()].map(({ binding, module }) =>
        `import ${binding}${binding === "" ? "" : " from "}${JSON.stringify(module)}`
      ),
      `const __check = (actual: unknown, expected: unknown): void => {`,
      `  if (!__Equal.equals(actual, expected)) __assert.deepStrictEqual(actual, expected)`,
      `}`,
      ...examples.map(({ body, name }) => `\n__test(${JSON.stringify(name)}, async () => {\n${body}\n})`),
      ""
    ].join("\n")
  )
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  const out = join(root, "doctest")
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out)
  for (const file of globSync(["src/**/*.ts", "README.md", "AGENTS.md", "docs/**/*.md"], { cwd: root }).toSorted()) {
    try {
      render(file, readFileSync(join(root, file), "utf8")).forEach((source, index) => {
        const name = file.replaceAll(/[/\\.]/g, "_") + (index === 0 ? "" : `_${index + 1}`)
        writeFileSync(join(out, `${name}.test.ts`), source)
      })
    } catch (error) {
      console.error((error as Error).message)
      process.exitCode = 1
    }
  }
}
