/**
 * What is given to commands as text: partitions, configuration, tags, selections.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import type * as Model from "../server/Model.ts"
import { type CliFailure, usage } from "./failure.ts"
import { compact, optional } from "./flags.ts"
import { visible } from "./text.ts"

type Config = { readonly [name: string]: Schema.Json }

/** One selection of several, which all count. */
export const selection = (...parts: ReadonlyArray<string>): string | undefined =>
  parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : parts.map((part) => `(${part})`).join(" or ")

/** Partitions: `all`, `FROM..TO`, keys with commas between them, or a JSON array of keys. */
export const partitions = (
  text: string
): Effect.Effect<Exclude<Model.RunRequest["partitions"], undefined>, CliFailure> => {
  if (text === "all") return Effect.succeed("all")
  if (text.startsWith("[")) {
    const keys = parsed(text)
    return Array.isArray(keys) && keys.every((key) => typeof key === "string")
      ? Effect.succeed(keys)
      : Effect.fail(usage(`--partitions ${visible(text)} is not a JSON array of texts.`))
  }
  const range = text.indexOf("..")
  if (range >= 0) {
    const [from, to] = [text.slice(0, range), text.slice(range + 2)]
    return from === "" || to === ""
      ? Effect.fail(usage(`--partitions ${visible(text)} lacks an end: write FROM..TO.`))
      : Effect.succeed({ from, to })
  }
  const keys = text.split(",").map((key) => key.trim())
  return keys.includes("")
    ? Effect.fail(usage(`--partitions ${visible(text)} has an empty key. A key with commas goes into a JSON array.`))
    : Effect.succeed(keys)
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An object in JSON, or in a file of which the name follows `@`. */
export const jsonObject = (flag: string, text: string): Effect.Effect<Config, CliFailure> =>
  Effect.gen(function*() {
    const file = text.startsWith("@") ? text.slice(1) : undefined
    const json = file === undefined ? text : yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: (cause) => usage(`--${flag}: the file ${visible(file)} cannot be read: ${visible(messageOf(cause))}`)
    })
    const value = yield* Effect.try({
      try: (): unknown => JSON.parse(json),
      catch: (cause) => usage(`--${flag} ${visible(file ?? "")} is not JSON: ${visible(messageOf(cause))}`)
    })
    return isRecord(value)
      ? value
      : yield* usage(`--${flag} has to be an object in JSON, such as {"asset": {"field": 1}}.`)
  })

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Configuration: JSON, and single fields as `ASSET.FIELD=VALUE`, which count over it. */
export const config = (
  json: string | undefined,
  fields: ReadonlyArray<string>
): Effect.Effect<Config | undefined, CliFailure> =>
  Effect.gen(function*() {
    let given: Config | undefined = json === undefined ? undefined : yield* jsonObject("config", json)
    for (const field of fields) {
      const equals = field.indexOf("=")
      const path = field.slice(0, equals).split(".")
      if (equals < 0 || path.length < 2 || path.includes("")) {
        return yield* usage(
          `--set ${visible(field)} cannot be read: write ASSET.FIELD=VALUE. A key with a dot is given with --config.`
        )
      }
      const text = field.slice(equals + 1)
      const value = parsed(text)
      given = put(given ?? {}, path, value === undefined ? text : value as Schema.Json) // it was parsed from JSON
    }
    return given
  })

const put = (object: Config, [name, ...rest]: ReadonlyArray<string>, value: Schema.Json): Config => {
  const inner = rest.length > 0 && Object.hasOwn(object, name!) ? object[name!] : undefined
  return { ...object, [name!]: rest.length === 0 ? value : put(isRecord(inner) ? inner : {}, rest, value) }
}

/** Tags, each as `NAME=VALUE`. */
export const tags = (
  given: ReadonlyArray<string>
): Effect.Effect<{ readonly [name: string]: string } | undefined, CliFailure> => {
  const bad = given.find((tag) => tag.indexOf("=") < 1)
  return bad === undefined
    ? Effect.succeed(
      given.length === 0
        ? undefined
        : Object.fromEntries(given.map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]))
    )
    : Effect.fail(usage(`--tag ${visible(bad)} cannot be read: write NAME=VALUE.`))
}

/** The flags that every run can be given, as a request has them. */
export const runOptions = Effect.fnUntraced(function*(given: {
  readonly onlyStale: boolean
  readonly config: Option.Option<string>
  readonly set: ReadonlyArray<string>
  readonly tag: ReadonlyArray<string>
  readonly checks: Option.Option<"selected" | "none" | "only">
  readonly concurrency: Option.Option<number>
}) {
  return compact({
    onlyStale: given.onlyStale ? true : undefined,
    config: yield* config(optional(given.config), given.set),
    tags: yield* tags(given.tag),
    checks: optional(given.checks),
    concurrency: optional(given.concurrency)
  })
})

/** The partitions of one run: one, or several. */
export const runPartitions = Effect.fnUntraced(function*(given: {
  readonly partition: Option.Option<string>
  readonly partitions: Option.Option<string>
}) {
  if (Option.isSome(given.partition) && Option.isSome(given.partitions)) {
    return yield* usage("--partition and --partitions exclude each other.")
  }
  return compact({
    partition: optional(given.partition),
    partitions: Option.isNone(given.partitions) ? undefined : yield* partitions(given.partitions.value)
  })
})
