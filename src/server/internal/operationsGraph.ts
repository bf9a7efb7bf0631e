/**
 * What the API tells of definitions: nodes and edges of the graph, and everything about one asset.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as Asset from "../../Asset.ts"
import * as Condition from "../../Condition.ts"
import * as Graph from "../../Graph.ts"
import { hasSecret } from "../../internal/config.ts"
import type * as PartitionMapping from "../../PartitionMapping.ts"
import type * as Deployment from "../Deployment.ts"
import type * as Model from "../Model.ts"
import { describeFreshness, describeInferred, describeMapping, describeSet, summaryOf } from "./operationsText.ts"

type InputModel = Model.AssetDetail["inputs"][number]

/** What is found out once for each graph. */
interface Known {
  readonly nodes: ReadonlyArray<Model.AssetNode>
  readonly model: Model.GraphModel
  readonly names: ReadonlyMap<string, string>
  readonly groups: Model.Deployment["groups"]
  readonly checks: number
  /** How each check is described, by asset and name. */
  readonly descriptions: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>
}

const known = new WeakMap<Graph.Any, Known>()

/** What is told of the definitions of a graph. */
export const knownOf = (loaded: Deployment.Loaded): Known => {
  let found = known.get(loaded.graph)
  if (found === undefined || found.model.generation !== loaded.generation) {
    found = lookAt(loaded)
    known.set(loaded.graph, found)
  }
  return found
}

const lookAt = ({ generation, graph }: Deployment.Loaded): Known => {
  const compiled = Graph.compiled(graph)
  const descriptions = new Map<string, Map<string, string | undefined>>()
  const describe = (key: string, check: string, description: string | undefined) => {
    const list = descriptions.get(key)
    if (list === undefined) descriptions.set(key, new Map([[check, description]]))
    else list.set(check, description)
  }
  for (const { checks, key } of compiled.assets) {
    for (const check of Object.keys(checks)) describe(key, check, checks[check]!.description)
  }
  for (const { asset, description, name } of graph.checks) describe(asset.key, name, description)
  const nodes = compiled.assets.map((asset) => nodeOf(asset, descriptions.get(asset.key)?.size ?? 0))
  const edges: Array<Model.GraphModel["edges"][number]> = []
  for (let id = 0; id < compiled.assets.length; id++) {
    const loaded = new Set(compiled.reads[id]!.map((read) => read.id))
    const { offsets, targets } = compiled.parents
    for (let at = offsets[id]!; at < offsets[id + 1]!; at++) {
      const parent = targets[at]!
      edges.push([parent, id, loaded.has(parent) ? "input" : "dep"])
    }
  }
  const groups = new Map<string, number>()
  for (const { group } of compiled.assets) {
    if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + 1)
  }
  let checks = 0
  for (const list of descriptions.values()) checks += list.size
  return {
    nodes,
    model: { generation, assets: nodes, edges },
    names: new Map(Object.keys(graph.assets).map((name) => [graph.assets[name]!.key, name])),
    groups: Array.from(groups, ([name, assets]) => ({ name, assets })).sort((a, b) => a.name < b.name ? -1 : 1),
    checks,
    descriptions
  }
}

const nodeOf = (asset: Asset.Any, checks: number): Model.AssetNode => {
  const summary = summaryOf(asset.description)
  return {
    key: asset.key,
    ...(asset.group !== undefined && { group: asset.group }),
    kinds: asset.kinds,
    tags: asset.tags,
    owners: asset.owners,
    ...(summary !== undefined && { summary }),
    external: asset.external,
    observable: asset.observe !== undefined,
    partitioned: asset.partitions !== undefined,
    hasConfig: asset.config !== undefined,
    checks,
    ...(asset.output !== undefined && { multi: asset.output.multi.name }),
    // of thousands of assets with the same one, its name says enough
    ...(asset.automation !== undefined && { automation: asset.automation.label ?? Condition.explain(asset.automation) })
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// one asset
// ---------------------------------------------------------------------------------------------------------------------

const inputOf = (asset: Asset.Any, read: Asset.AnyInput, name: string | undefined): InputModel => {
  const mapping = mappingOf(asset, read)
  return {
    ...(name !== undefined && { name }),
    key: read.asset.key,
    mode: name === undefined ? "order" : read.mode,
    ...(mapping !== undefined && { mapping })
  }
}

const mappingOf = (asset: Asset.Any, read: Asset.AnyInput): string | undefined => {
  if (read.asset.partitions === undefined) return undefined
  const many = read.many ? ", as a map by key" : ""
  if (read.mapping !== undefined) return `${describeMapping(read.mapping as PartitionMapping.Data)}${many}`
  return `${
    asset.partitions === undefined ? "all partitions" : describeInferred(asset.partitions, read.asset.partitions)
  }${many}`
}

/** All that is told of a definition, but for what was recorded. */
export const definitionOf = (
  loaded: Deployment.Loaded,
  asset: Asset.Any
): Omit<Model.AssetDetail, "status" | "latest" | "latestOutcome"> => {
  const { graph } = loaded
  const { names, nodes } = knownOf(loaded)
  const compiled = Graph.compiled(graph)
  const id = compiled.ids.get(asset.key)!
  const valueSchema = asset.schema && jsonSchemaOf(asset.schema)
  const configSchema = asset.config && withDefaults(asset.config, jsonSchemaOf(asset.config))
  return {
    ...nodes[id]!,
    name: names.get(asset.key) ?? asset.key,
    ...(asset.automation !== undefined && { automation: Condition.explain(asset.automation) }),
    ...(asset.description !== undefined && { description: asset.description }),
    metadata: asset.metadata,
    ...(asset.codeVersion !== undefined && { codeVersion: asset.codeVersion }),
    ioManager: asset.ioManager.key,
    ...(asset.pool !== undefined && { pool: asset.pool }),
    ...(asset.timeout !== undefined && Duration.isFinite(asset.timeout) && {
      timeoutMillis: Duration.toMillis(asset.timeout)
    }),
    retries: asset.retry !== undefined,
    ...(asset.freshness !== undefined && { freshnessPolicy: describeFreshness(asset.freshness) }),
    ...(asset.partitions !== undefined && { partitionsDefinition: describeSet(asset.partitions) }),
    inputs: [
      ...Object.keys(asset.inputs).map((name) => inputOf(asset, asset.inputs[name]!, name)),
      ...Object.keys(asset.previous).map((name): InputModel => ({
        name,
        key: asset.key,
        mode: "optional",
        mapping: asset.previous[name]!.mapping === undefined
          ? "its own previous partition"
          : `its own: ${describeMapping(asset.previous[name]!.mapping as PartitionMapping.Data)}`
      })),
      ...asset.deps.map((dep) => inputOf(asset, dep, undefined))
    ],
    upstream: Graph.parents(graph, asset.key),
    downstream: Graph.children(graph, asset.key),
    siblings: compiled.siblings[id]?.filter((other) => other !== id).map((other) => compiled.assets[other]!.key) ?? [],
    ...(valueSchema !== undefined && { valueSchema }),
    ...(configSchema !== undefined && { configSchema }),
    configName: Asset.nameOf(asset),
    generation: loaded.generation
  }
}

/** The JSON Schema of what JSON holds of a value; `undefined` for a schema that has none. */
const jsonSchemaOf = (schema: Schema.Constraint): Schema.Json | undefined => {
  try {
    const document = Schema.toJsonSchemaDocument(schema)
    // through text: it is JSON, whatever annotations were given
    return JSON.parse(JSON.stringify({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      ...document.schema,
      ...(Object.keys(document.definitions).length > 0 && { $defs: document.definitions })
    }))
  } catch {
    // annotations of users may throw, and not everything has a JSON Schema
    return undefined
  }
}

/** Puts the default of each field that has one into the JSON Schema: what is decoded where nothing is given. */
const withDefaults = (schema: Schema.Constraint, json: Schema.Json | undefined): Schema.Json | undefined => {
  // a struct or a class has them
  const fields = "fields" in schema ? schema.fields as Schema.Struct.Fields : undefined
  if (!isRecord(json) || fields === undefined || !isRecord(json["properties"])) return json
  const properties = json["properties"]
  const shown: Record<string, Schema.Json> = Object.create(null)
  for (const name of Object.keys(properties)) {
    const property = properties[name]!
    const value = Object.hasOwn(fields, name) ? defaultOf(name, fields[name]!) : undefined
    shown[name] = value === undefined || !isRecord(property) ? property : { ...property, default: value }
  }
  return { ...json, properties: { ...shown } }
}

const isRecord = (u: unknown): u is { readonly [key: string]: Schema.Json } =>
  typeof u === "object" && u !== null && !Array.isArray(u)

const defaultOf = (name: string, field: Schema.Constraint): Schema.Json | undefined => {
  try {
    // a secret is told to nobody
    if (hasSecret(field.ast)) return undefined
    // definitions take schemas that need no services
    const struct = Schema.Struct({ [name]: field }) as Schema.Constraint as Schema.ConstraintCodec<unknown, unknown>
    const decoded = Schema.decodeUnknownSync(struct)({})
    const encoded = Schema.encodeUnknownSync(Schema.toCodecJson(struct))(decoded)
    return isRecord(encoded) && Object.hasOwn(encoded, name) ? encoded[name] : undefined
  } catch {
    return undefined
  }
}
