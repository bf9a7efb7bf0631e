/**
 * The text of selections: reading and printing.
 *
 * A recursive descent over tokens that are read as they are needed, so the first mistake in the text is the one that is
 * told. Reading costs O(length); only parentheses, functions and `not` nest, and how deep is limited.
 */
import type { Attribute, Selection } from "../Selection.ts"
import { fold, join } from "./selectionTree.ts"
import { didYouMean, suggest } from "./suggest.ts"

/** How deep parentheses, functions and `not` may nest. */
const maxNesting = 500

/** How many nodes a tree may have beyond those that stand in the text: the operand of `+x+` stands in it twice. */
const maxCopies = 100_000

const attributes: ReadonlyArray<string> = ["key", "group", "tag", "owner", "kind"] satisfies ReadonlyArray<
  Attribute | "key"
>
const functions: ReadonlyArray<string> = ["roots", "sinks"]
const operators: ReadonlyArray<string> = ["and", "or", "not"]

/** What Dagster can select by and this library cannot. */
const foreign: ReadonlyArray<string> = [
  "automation_type",
  "changed_in_branch",
  "code_location",
  "column",
  "column_tag",
  "is",
  "job",
  "not_materialized_in_hours",
  "partitions",
  "schedule",
  "sensor",
  "status",
  "table_name"
]

/** How much of a text a hint repeats at most. */
const maxShown = 300

const knownAttributes = "The attributes are key:, group:, tag:, owner: and kind:."

// ---------------------------------------------------------------------------------------------------------------------
// tokens
// ---------------------------------------------------------------------------------------------------------------------

type Kind = "word" | "number" | "string" | "(" | ")" | "+" | "*" | ":" | "=" | "<null>" | "other" | "end"

interface Token {
  readonly kind: Kind
  /** As it is written; of a string what stands between the quotes, without escapes. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const space = /\s*/y
const word = /[\p{L}\p{M}\p{N}_./-]+/uy
const angled = /<[^\s<>()"]*>?/y

const run = (pattern: RegExp, text: string, at: number): string => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ""
}

const tokenAt = (text: string, from: number): Token => {
  const start = from + run(space, text, from).length
  const char = text[start]
  if (char === undefined) return { kind: "end", text: "", start, end: start }
  switch (char) {
    case "(":
    case ")":
    case "+":
    case "*":
    case ":":
    case "=":
      return { kind: char, text: char, start, end: start + 1 }
    case "\"":
      return stringAt(text, start)
    case "<": {
      const found = run(angled, text, start)
      return { kind: found === "<null>" ? found : "other", text: found, start, end: start + found.length }
    }
  }
  const found = run(word, text, start)
  if (found !== "") {
    return { kind: /^[0-9]+$/.test(found) ? "number" : "word", text: found, start, end: start + found.length }
  }
  const symbol = String.fromCodePoint(text.codePointAt(start)!)
  return { kind: "other", text: symbol, start, end: start + symbol.length }
}

const stringAt = (text: string, start: number): Token => {
  let value = ""
  let copied = start + 1
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\"") return { kind: "string", text: value + text.slice(copied, at), start, end: at + 1 }
    if (text[at] === "\\" && (text[at + 1] === "\\" || text[at + 1] === "\"")) {
      value += text.slice(copied, at)
      copied = ++at
    }
  }
  throw new Refusal(start, text.length - start, "the quote is not closed", "A quote inside quotes is written \\\".")
}

/**
 * A text in quotes. A backslash before a quote or a backslash is an escape, any other one stands for itself: so a key
 * with escapes looks here as it does elsewhere.
 */
const quoted = (text: string): string =>
  `"${
    text.replaceAll(/\\+(?=(.?))|"/gs, (found, next: string) =>
      found === "\"" ? "\\\"" : found === "\\" && (next === "/" || next === "*") ? found : found + found)
  }"`

// what Dagster takes without quotes, so that it can read what is printed
const plain = /^[A-Za-z_][A-Za-z0-9_/]*$/

const words = new Set([...operators, ...attributes, ...functions, ...foreign])

const value = (text: string): string => plain.test(text) && !words.has(text.toLowerCase()) ? text : quoted(text)

// ---------------------------------------------------------------------------------------------------------------------
// reading
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Why a text is no selection.
 *
 * @internal
 */
export class Refusal {
  readonly offset: number
  readonly length: number
  readonly problem: string
  readonly hint: string | undefined
  constructor(offset: number, length: number, problem: string, hint?: string) {
    this.offset = offset
    this.length = length
    this.problem = problem
    this.hint = hint
  }
}

/**
 * Reads a selection, or says why it cannot be read.
 *
 * @internal
 */
export const parse = (text: string): Selection | Refusal => {
  try {
    return new Parser(text).selection()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

class Parser {
  readonly text: string
  /** What is looked at. */
  token: Token
  /** Where what was read before it ends. */
  end = 0
  /** The attribute that was read last and its value, if that is not in quotes. */
  attributeStart = 0
  valueStart = 0
  valueEnd = -1
  nesting = 0
  /** The number of nodes of what was read, and how many of them are there twice. */
  size = 0
  copies = 0

  constructor(text: string) {
    this.text = text
    this.token = tokenAt(text, 0)
  }

  selection(): Selection {
    if (this.token.kind === "end") throw this.refusal(this.token, "it is empty", "Write \"*\" for everything.")
    const selection = this.or()
    if (this.kind() !== "end") throw this.unexpected("the end", true)
    return selection
  }

  or(): Selection {
    const operands = [this.and()]
    while (this.isOperator("or")) {
      this.advance()
      operands.push(this.and())
    }
    return join("Or", operands)!
  }

  and(): Selection {
    const operands = [this.not()]
    while (this.isOperator("and")) {
      this.advance()
      operands.push(this.not())
    }
    return join("And", operands)!
  }

  not(): Selection {
    const before = this.nesting
    while (this.isOperator("not")) this.nest()
    let selection = this.traversal()
    for (; this.nesting > before; this.nesting--) selection = { _tag: "Not", of: selection }
    return selection
  }

  traversal(): Selection {
    const { size, token } = this
    if (token.kind === "*") return this.all()
    let up: number | boolean = false
    if (token.kind === "number") {
      up = this.number()
      if (this.kind() !== "+") {
        throw this.refusal(
          token,
          "expected \"+\" after the number",
          `The asset of that name is key:${token.text}.`
        )
      }
    }
    if (this.kind() === "+") {
      this.advance()
      if (this.touches() && this.kind() === "+") throw this.oldSyntax(token.start)
      if (this.kind() === "*") throw this.untraversable()
      up = up === false ? true : up
    }
    const of = this.primary()
    if (this.touches() && this.kind() === "*") throw this.oldSyntax(token.start)
    let down: number | boolean = false
    if (this.kind() === "+") {
      this.advance()
      if (this.touches() && (this.kind() === "+" || this.kind() === "*")) throw this.oldSyntax(token.start)
      down = this.kind() === "number" ? this.number() : true
    }
    if (up === false && down === false) return of
    const upstream: Selection = { _tag: "Upstream", of, ...(typeof up === "number" ? { depth: up } : {}) }
    const downstream: Selection = { _tag: "Downstream", of, ...(typeof down === "number" ? { depth: down } : {}) }
    if (down === false) return upstream
    if (up === false) return downstream
    // nested, this doubles at every level
    const copies = this.size - size
    this.size += copies
    this.copies += copies
    if (this.copies > maxCopies) {
      throw new Refusal(
        token.start,
        this.end - token.start,
        "traversals in both directions are nested too deep",
        "\"+x+\" is short for \"+x or x+\"."
      )
    }
    return { _tag: "Or", of: [upstream, downstream] }
  }

  all(): Selection {
    const { start } = this.token
    this.advance()
    if (this.kind() === "+") throw this.untraversable()
    if (this.touches() && ["word", "number", "string", "(", "*"].includes(this.kind())) throw this.oldSyntax(start)
    this.size++
    return { _tag: "All" }
  }

  primary(): Selection {
    this.size++
    const { token } = this
    switch (token.kind) {
      case "(":
        return this.parenthesized()
      case "string":
        this.advance()
        return { _tag: "Key", pattern: token.text }
      case "word":
        break
      default:
        throw this.unexpected("a selection", false)
    }
    if (operators.includes(token.text.toLowerCase())) throw this.unexpected("a selection", false)
    this.attributeStart = this.valueStart = token.start
    this.advance()
    if (this.kind() === ":") return this.attribute(token)
    if (this.kind() === "(") return this.function(token)
    if (attributes.includes(token.text)) {
      throw this.refusal(
        token,
        `"${token.text}" is an attribute`,
        `Write ${token.text}:VALUE, or key:${token.text} for the asset of that name.`
      )
    }
    if (functions.includes(token.text)) {
      throw this.refusal(
        token,
        `"${token.text}" is a function`,
        `Write ${token.text}(…), or key:${token.text} for the asset of that name.`
      )
    }
    if (token.text.startsWith("-")) {
      throw this.refusal(
        token,
        "a key without quotes cannot start with \"-\"",
        `Write "and not" to leave something out, or key:${quoted(token.text)}.`
      )
    }
    this.valueEnd = token.end
    return { _tag: "Key", pattern: token.text }
  }

  parenthesized(): Selection {
    this.nest()
    const selection = this.or()
    if (this.kind() !== ")") throw this.unexpected("\")\"", true)
    this.nesting--
    this.advance()
    return selection
  }

  function(name: Token): Selection {
    if (!functions.includes(name.text)) {
      throw this.refusal(
        name,
        `unknown function ${JSON.stringify(name.text)}`,
        `The functions are roots(…) and sinks(…).${didYouMean(suggest(name.text, functions))}`
      )
    }
    const of = this.parenthesized()
    return name.text === "roots" ? { _tag: "Roots", of } : { _tag: "Sinks", of }
  }

  attribute(name: Token): Selection {
    if (!attributes.includes(name.text)) {
      const hint = foreign.includes(name.text)
        ? ""
        : didYouMean(suggest(name.text, attributes)) || ` A key with ":" in it needs quotes.`
      throw this.refusal(name, `unknown attribute ${JSON.stringify(name.text)}`, `${knownAttributes}${hint}`)
    }
    const attribute = name.text as Attribute | "key" // it is one of `attributes`
    this.advance()
    const { token } = this
    if (token.kind === "<null>") {
      if (attribute === "key") {
        throw this.refusal(token, "every asset has a key", `A key of that name is written key:"<null>".`)
      }
      this.advance()
      return { _tag: "Absent", attribute }
    }
    const first = this.value(attribute === "key" || attribute === "group")
    switch (attribute) {
      case "key":
      case "group":
        return { _tag: attribute === "key" ? "Key" : "Group", pattern: first }
      case "owner":
        return { _tag: "Owner", owner: first }
      case "kind":
        return { _tag: "Kind", kind: first }
      case "tag": {
        if (this.kind() !== "=") return { _tag: "Tag", name: first }
        this.advance()
        if (this.kind() === "<null>") {
          throw this.refusal(
            this.token,
            "a tag has a value",
            `Write "not tag:${value(first)}" for assets without the tag, tag:${value(first)}="" for the empty value.`
          )
        }
        return { _tag: "Tag", name: first, value: this.value(false) }
      }
    }
  }

  /** What stands after `:` or `=`: a string, or words, numbers and wildcards without space between them. */
  value(wildcards: boolean): string {
    const { token } = this
    this.valueStart = token.start
    if (token.kind === "string") {
      this.advance()
      return token.text
    }
    let text = ""
    while (this.kind() === "word" || this.kind() === "number" || this.kind() === "*") {
      if (text !== "" && !this.touches()) break
      if (text === "" && operators.includes(this.token.text.toLowerCase())) break
      if (this.kind() === "*" && !wildcards) {
        throw this.refusal(
          this.token,
          "only keys and groups may have wildcards",
          "Put the value in quotes if the \"*\" belongs to it."
        )
      }
      text += this.token.text
      this.advance()
    }
    if (text === "") {
      throw this.unexpected(`a value after ${shown(this.text.slice(this.attributeStart, this.end))}`, false)
    }
    this.valueEnd = this.end
    return text
  }

  number(): number {
    const depth = Number(this.token.text)
    if (!Number.isSafeInteger(depth)) {
      throw this.refusal(this.token, "the number is too large", "Leave it out to go as far as there is something.")
    }
    this.advance()
    return depth
  }

  // helpers

  advance(): void {
    this.end = this.token.end
    this.token = tokenAt(this.text, this.end)
  }

  /** A method, since the compiler does not see that `advance` changes the token. */
  kind(): Kind {
    return this.token.kind
  }

  /** Whether there is no space before the token. */
  touches(): boolean {
    return this.token.start === this.end
  }

  isOperator(name: string): boolean {
    return this.token.kind === "word" && this.token.text.toLowerCase() === name
  }

  nest(): void {
    if (++this.nesting > maxNesting) {
      throw this.refusal(this.token, `it is nested more than ${maxNesting} levels deep`)
    }
    this.size++
    this.advance()
  }

  refusal(token: Token, problem: string, hint?: string): Refusal {
    return new Refusal(token.start, token.end - token.start, problem, hint)
  }

  untraversable(): Refusal {
    return this.refusal(this.token, "\"*\" is everything: there is nothing up or down from it", "Leave the \"+\" out.")
  }

  /** `*x`, `x*`, `++x`, `x++` and so on: what starts at `start`, up to where it ends. */
  oldSyntax(start: number): Refusal {
    const old = /^(?:"[^"]*"|\([^()]*\)|[^\s()"])*/.exec(this.text.slice(start, start + maxShown))![0]
    const [, before, written, after] = /^([+*]*)(.*?)([+*]*)$/s.exec(old)! as unknown as [
      string,
      string,
      string,
      string
    ]
    const operand = written === "" || old.length === maxShown ? "x" : written
    // a star was any number of levels, and each plus one
    const levels = (marks: string): string => marks.includes("*") || marks.length === 1 ? "" : String(marks.length)
    const up = before === "" ? "" : `${levels(before)}+`
    const down = after === "" ? "" : `+${levels(after)}`
    const wildcard = before === "" && after === "*" && /^[\w/.-]+$/.test(written)
      ? ` Keys that start with it are key:"${written}*".`
      : ""
    return new Refusal(start, old.length, "this is an older form", `Write ${up}${operand}${down} instead.${wildcard}`)
  }

  /** The token cannot stand here; `complete` says that a selection could end before it. */
  unexpected(expected: string, complete: boolean): Refusal {
    const { token } = this
    if (token.kind === "end") return this.refusal(token, `expected ${expected}`)
    if (token.kind === ")" && complete) return this.refusal(token, "there is no \"(\" for this \")\"")
    const found = shown(this.text.slice(token.start, token.end))
    return this.refusal(
      token,
      `expected ${complete ? `"and", "or" or ` : ""}${expected}, found ${found}`,
      complete ? this.hintAfter() : this.hintInstead()
    )
  }

  /** What to write where a selection or a value should stand. */
  hintInstead(): string | undefined {
    const { kind, text } = this.token
    switch (kind) {
      case "word":
        return `As a name it needs quotes: ${quoted(text)}.`
      case "number":
        return `The asset of that name is key:${text}.`
      case "<null>":
        return "It stands after an attribute, as in owner:<null>."
      case "other":
        return symbols.get(text) ?? (text.startsWith("<")
          ? "The only word of that form is <null>, for what an asset does not have. Others need quotes."
          : "Anything but letters, digits and _ - . / needs quotes.")
      default:
        return undefined
    }
  }

  /** What to write where a selection has ended and something else stands than an operator. */
  hintAfter(): string | undefined {
    const { text, token } = this
    const symbol = token.kind === "other" ? symbols.get(token.text) : undefined
    if (symbol !== undefined) return symbol
    if (token.kind === "other" || token.kind === ":" || token.kind === "=") {
      if (!this.touches() || this.end !== this.valueEnd) return this.hintInstead()
      const written = /^[^\s()"]*/.exec(text.slice(this.valueStart, this.valueStart + maxShown))![0]
      const [, name, down] = /^(.*?)(\+[0-9]*)?$/s.exec(written)! as unknown as [string, string, string | undefined]
      const attribute = this.attributeStart === this.valueStart
        ? "key:"
        : text.slice(this.attributeStart, this.valueStart)
      return `A value with ${shown(token.text)} in it needs quotes: ${attribute}${quoted(name)}${down ?? ""}.`
    }
    return token.text.toLowerCase() === "not" || token.text.startsWith("-")
      ? "Write \"and not\" to leave something out."
      : "Put \"and\" or \"or\" between two selections."
  }
}

const symbols = new Map([
  ["&", "Write \"and\"."],
  ["|", "Write \"or\"."],
  [",", "Write \"or\" for one or the other."],
  ["!", "Write \"not\"."],
  ["~", "Write \"not\"."],
  ["'", "Quotes are double: \"…\"."],
  ["`", "Quotes are double: \"…\"."],
  ["“", "Quotes are double: \"…\"."],
  ["”", "Quotes are double: \"…\"."],
  ["„", "Quotes are double: \"…\"."]
])

const shown = (text: string): string => {
  const short = text.length > 30 ? `${text.slice(0, 29)}…` : text
  return short.startsWith("\"") ? short : `"${short}"`
}

// ---------------------------------------------------------------------------------------------------------------------
// printing
// ---------------------------------------------------------------------------------------------------------------------

/** How tightly a text binds: what binds less than its surroundings want stands in parentheses. */
const Binding = { or: 0, and: 1, not: 2, traversal: 3, primary: 4 }

interface Printed {
  readonly text: string
  readonly binding: number
}

/**
 * The text of a selection.
 *
 * @internal
 */
export const print = (selection: Selection): string => fold(selection, printed).text

const printed = (selection: Selection, operands: ReadonlyArray<Printed>): Printed => {
  const primary = (text: string): Printed => ({ text, binding: Binding.primary })
  const traversal = (text: string): Printed => ({ text, binding: Binding.traversal })
  switch (selection._tag) {
    case "All":
      // it cannot be traversed without parentheses
      return traversal("*")
    case "Key":
      return primary(`key:${value(selection.pattern)}`)
    case "Group":
      return primary(`group:${value(selection.pattern)}`)
    case "Tag":
      return primary(`tag:${value(selection.name)}${selection.value === undefined ? "" : `=${value(selection.value)}`}`)
    case "Owner":
      return primary(`owner:${value(selection.owner)}`)
    case "Kind":
      return primary(`kind:${value(selection.kind)}`)
    case "Absent":
      return primary(`${selection.attribute}:<null>`)
    case "And":
      return joined(operands, Binding.and, " and ", "*")
    case "Or":
      return joined(bothWays(selection.of, operands), Binding.or, " or ", "not *")
    case "Not":
      return { text: `not ${within(operands[0]!, Binding.not)}`, binding: Binding.not }
    case "Upstream":
      return traversal(`${selection.depth ?? ""}+${within(operands[0]!, Binding.primary)}`)
    case "Downstream":
      return traversal(`${within(operands[0]!, Binding.primary)}+${selection.depth ?? ""}`)
    case "Roots":
      return primary(`roots(${operands[0]!.text})`)
    case "Sinks":
      return primary(`sinks(${operands[0]!.text})`)
  }
}

const within = ({ binding, text }: Printed, wanted: number): string => binding < wanted ? `(${text})` : text

const joined = (operands: ReadonlyArray<Printed>, binding: number, word: string, empty: string): Printed =>
  operands.length === 1 ?
    operands[0]!
    : operands.length === 0 ?
    { text: empty, binding: Binding.not }
    : { text: operands.map((operand) => within(operand, binding + 1)).join(word), binding }

/** `+x or x+` is written `+x+`. */
const bothWays = (of: ReadonlyArray<Selection>, operands: ReadonlyArray<Printed>): ReadonlyArray<Printed> => {
  const out: Array<Printed> = []
  for (let i = 0; i < of.length; i++) {
    const up = of[i]!
    const down = of[i + 1]
    if (up._tag === "Upstream" && down?._tag === "Downstream") {
      const depth = String(down.depth ?? "")
      const operand = operands[i]!.text.slice(String(up.depth ?? "").length + 1)
      if (operands[i + 1]!.text === `${operand}+${depth}`) {
        out.push({ text: `${operands[i]!.text}+${depth}`, binding: Binding.traversal })
        i++
        continue
      }
    }
    out.push(operands[i]!)
  }
  return out
}
