/**
 * The configuration of a run: values for the assets that have a schema for it, and everything that is wrong with them.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Asset from "../Asset.ts"
import * as AssetKey from "../AssetKey.ts"
import type { Compiled } from "./compile.ts"
import { didYouMean, suggest } from "./suggest.ts"

/** What is wrong with the configuration of one asset. */
export interface ConfigProblem {
  readonly key: string
  readonly problem: string
}

/** What is recorded of the configuration that a run was given, by the names of its assets. */
export interface RecordedConfig {
  readonly config?: { readonly [name: string]: Schema.Json }
  /** The names of those whose configuration is not recorded. */
  readonly configHidden?: ReadonlyArray<string>
}

/**
 * Gives the decoded configuration of each planned asset that has a schema for it, by name. What is not given may be
 * `recorded` of an earlier run.
 *
 * @internal
 */
export const resolveConfig = Effect.fnUntraced(function*(
  graph: Compiled,
  planned: Uint8Array,
  given: { readonly [key: string]: unknown },
  recorded: RecordedConfig["config"] = {}
): Effect.fn.Return<ReadonlyMap<string, unknown>, ReadonlyArray<ConfigProblem>> {
  const values = new Map<string, unknown>()
  const problems: Array<ConfigProblem> = []
  const names = Object.keys(given)
  const known = new Map<string, Asset.Any>()
  if (names.length > 0) { for (const asset of graph.assets) if (!asset.external) known.set(Asset.nameOf(asset), asset) }
  for (const key of names) {
    const asset = known.get(key)
    if (asset === undefined) {
      problems.push({
        key,
        problem: `there is no such asset in the graph.${
          problems.length < 20 ? didYouMean(suggest(key, known.keys())) : ""
        }`
      })
    } else if (asset.config === undefined) problems.push({ key, problem: "it takes no configuration." })
  }
  const provider = yield* ConfigProvider.ConfigProvider
  for (let id = 0; id < planned.length; id++) {
    const asset = graph.assets[id]!
    if (planned[id] === 0 || asset.config === undefined) continue
    const name = Asset.nameOf(asset)
    if (values.has(name)) continue
    values.set(name, undefined)
    // definitions take schemas that need no services
    const schema = asset.config as Schema.ConstraintCodec<unknown, unknown>
    const path = AssetKey.segments(name)
    const value = Object.hasOwn(given, name)
      ? Effect.mapError(
        Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" })(given[name]),
        (error) => error.message
      )
      : Object.hasOwn(recorded, name)
      ? Effect.mapError(
        Schema.decodeUnknownEffect(Schema.toCodecJson(schema), { errors: "all" })(recorded[name]),
        (error) => `${error.message}; it is what the earlier run was given: give another one in the options`
      )
      : Effect.mapError(
        Config.schema(schema, path).parse(isStruct(schema) ? withRecordAt(provider, path) : provider),
        (error) =>
          `${plain(error.message)}; give it in the options of the run, or in the ConfigProvider under ${
            JSON.stringify(name)
          }`
      )
    yield* Effect.match(value, {
      onSuccess: (value) => values.set(name, value),
      onFailure: (message) => problems.push({ key: name, problem: message.replaceAll(/\s*\n\s*/g, " ") })
    })
  }
  return problems.length > 0 ? yield* Effect.fail(problems) : values
})

/** What is wrong, without the name of the error that wraps it. */
const plain = (message: string): string => /^SchemaError\((.*)\)$/s.exec(message)?.[1] ?? message

const isStruct = (schema: Schema.Constraint): boolean =>
  SchemaAST.toEncoded(Schema.toCodecStringTree(schema).ast)._tag === "Objects"

/**
 * A provider that has a record at a path, be it an empty one: so a configuration that has a default for everything need
 * not be given, and fields are found in environment variables whose names the provider would split (`daily_rain_limit`).
 */
const withRecordAt = (
  provider: ConfigProvider.ConfigProvider,
  path: ReadonlyArray<string>
): ConfigProvider.ConfigProvider =>
  ConfigProvider.make((at) =>
    Effect.map(
      provider.load(at),
      (node) =>
        node === undefined && at.length === path.length && path.every((segment, i) => segment === at[i])
          ? ConfigProvider.makeRecord(new Set())
          : node
    )
  )

/**
 * What is recorded of the configuration of the planned assets with these names: nothing of one whose schema has a secret,
 * or does not write it.
 *
 * @internal
 */
export const recordConfig = (
  graph: Compiled,
  planned: Uint8Array,
  names: ReadonlyArray<string>,
  values: ReadonlyMap<string, unknown>
): RecordedConfig => {
  if (names.length === 0) return noConfig
  const left = new Set(names)
  const config: Array<readonly [name: string, value: Schema.Json]> = []
  const configHidden: Array<string> = []
  for (let id = 0; id < planned.length && left.size > 0; id++) {
    const asset = graph.assets[id]!
    if (planned[id] === 0 || asset.config === undefined) continue
    const name = Asset.nameOf(asset)
    if (!left.delete(name)) continue
    const text = hasSecret(asset.config.ast) ? undefined : configText(asset.config, values.get(name))
    if (text === undefined) configHidden.push(name)
    else config.push([name, JSON.parse(text)])
  }
  return {
    ...(config.length > 0 && { config: Object.fromEntries(config) }),
    ...(configHidden.length > 0 && { configHidden })
  }
}

const noConfig: RecordedConfig = {}

/**
 * Whether there is a `Schema.Redacted` anywhere in a schema: unless it is told not to, that writes the secret into JSON.
 *
 * @internal
 */
export const hasSecret = (ast: SchemaAST.AST, seen = new Set<SchemaAST.AST>()): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  const inside = (asts: ReadonlyArray<SchemaAST.AST>): boolean => asts.some((ast) => hasSecret(ast, seen))
  if (ast.encoding !== undefined && inside(ast.encoding.map(({ to }) => to))) return true
  switch (ast._tag) {
    case "Declaration": {
      const { representation } = ast.annotations ?? {}
      const isRedacted = typeof representation === "object" && representation !== null && "id" in representation &&
        representation.id === "effect/schema/Redacted"
      return isRedacted || inside(ast.typeParameters)
    }
    case "Arrays":
      return inside([...ast.elements, ...ast.rest])
    case "Objects":
      return inside([...ast.propertySignatures, ...ast.indexSignatures].map(({ type }) => type))
    case "Union":
      return inside(ast.types)
    case "Suspend":
      return inside([ast.thunk()])
    default:
      return false
  }
}

/**
 * A configuration as text, to tell it from others; `undefined` where its schema does not write it (it holds a secret, say).
 *
 * @internal
 */
export const configText = (schema: Schema.Constraint, value: unknown): string | undefined => {
  try {
    // definitions take schemas that need no services
    const codec = Schema.fromJsonString(Schema.toCodecJson(schema as Schema.ConstraintCodec<unknown, unknown>))
    return Option.getOrUndefined(Schema.encodeUnknownOption(codec)(value))
  } catch {
    // an encoder of the user's that throws, or takes its time
    return undefined
  }
}
