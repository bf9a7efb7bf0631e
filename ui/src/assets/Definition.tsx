/** How an asset is defined. */
import { Link } from "@tanstack/react-router"
import type { Api } from "../api/index.ts"
import {
  AssetLink,
  Badge,
  Card,
  Code,
  CopyButton,
  Duration,
  EmptyState,
  KeyValue,
  MetadataTable
} from "../kit/index.ts"
import { tagText } from "./catalog.ts"
import { fact } from "./fact.ts"
import { SchemaView } from "./SchemaView.tsx"

type Detail = Api.Model.AssetDetail

const modes: { readonly [mode in Detail["inputs"][number]["mode"]]: string } = {
  value: "its value",
  optional: "its value, or nothing if it was skipped",
  lastValue: "its last value",
  optionalLastValue: "its last value, or nothing",
  order: "only comes before"
}

const Inputs = ({ detail }: { readonly detail: Detail }) => {
  const withMapping = detail.inputs.some(({ mapping }) => mapping !== undefined)
  return detail.inputs.length === 0
    ? <p className="px-4 py-3 text-sm text-text-3">It reads no other asset.</p>
    : (
      <div tabIndex={0} role="group" aria-label="Inputs" className="overflow-x-auto">
        <table className="w-full text-sm">
          <thead className="bg-surface-2 text-left text-xs text-text-2">
            <tr>
              <th className="px-4 py-1 font-medium">Input</th>
              <th className="px-4 py-1 font-medium">Asset</th>
              <th className="px-4 py-1 font-medium">What is read</th>
              {withMapping ? <th className="px-4 py-1 font-medium">Partitions</th> : null}
            </tr>
          </thead>
          <tbody>
            {detail.inputs.map((input, index) => (
              <tr key={index} className="border-t border-border">
                <td className="px-4 py-1.5">
                  {input.name === undefined ? <span className="text-text-3">–</span> : <Code>{input.name}</Code>}
                </td>
                <td className="px-4 py-1.5">
                  <AssetLink assetKey={input.key} />
                </td>
                <td className="px-4 py-1.5 text-text-2">{modes[input.mode]}</td>
                {withMapping ? <td className="px-4 py-1.5 text-text-2">{input.mapping ?? ""}</td> : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )
}

const texts = (values: ReadonlyArray<string>, filter: "kind" | "owner" | "tag") =>
  values.length === 0 ? undefined : (
    <span className="flex flex-wrap gap-1">
      {values.map((value) => (
        <Link
          key={value}
          to="/assets"
          search={{ [filter]: [value] }}
          className="inline-flex min-h-6 items-center rounded"
        >
          <Badge>{value}</Badge>
        </Link>
      ))}
    </span>
  )

/** How an asset is defined. */
export const Definition = ({ detail }: { readonly detail: Detail }) => {
  const tags = Object.entries(detail.tags).map(([name, value]) => tagText(name, value))
  return (
    <div className="grid min-w-0 grid-cols-1 items-start gap-4 xl:grid-cols-2">
      <Card title="Definition">
        <KeyValue
          items={[
            fact(
              "Key",
              <span className="inline-flex max-w-full items-center gap-1">
                <Code>{detail.key}</Code>
                <CopyButton text={detail.key} label="Copy the key" />
              </span>
            ),
            fact("Name in the graph", detail.name === detail.key ? undefined : <Code>{detail.name}</Code>),
            fact(
              "Group",
              detail.group === undefined
                ? undefined
                : (
                  <Link
                    to="/assets"
                    search={{ group: [detail.group] }}
                    className="text-accent-text hover:underline"
                  >
                    {detail.group}
                  </Link>
                )
            ),
            fact("Kinds", texts(detail.kinds, "kind")),
            fact("Tags", texts(tags, "tag")),
            fact("Owners", texts(detail.owners, "owner")),
            fact("Code version", detail.codeVersion === undefined ? undefined : <Code>{detail.codeVersion}</Code>),
            fact("Computed by", detail.external ? "something else: it is external" : undefined),
            fact("IO manager", detail.external ? undefined : <Code>{detail.ioManager}</Code>),
            fact("Partitions", detail.partitionsDefinition),
            fact("Freshness policy", detail.freshnessPolicy),
            fact("Retries", detail.external ? undefined : detail.retries ? "has a retry policy" : "none"),
            fact(
              "Timeout",
              detail.timeoutMillis === undefined ? undefined : <Duration millis={detail.timeoutMillis} />
            ),
            fact("Pool", detail.pool === undefined ? undefined : <Code>{detail.pool}</Code>),
            fact("Multi-asset", detail.multi === undefined ? undefined : <Code>{detail.multi}</Code>),
            fact(
              "Computed together with",
              detail.siblings.length === 0 ? undefined : (
                <span className="flex flex-col">
                  {detail.siblings.map((key) => <AssetLink key={key} assetKey={key} tab="definition" />)}
                </span>
              )
            )
          ]}
        />
      </Card>
      <Card title="Metadata">
        <MetadataTable
          metadata={detail.metadata}
          empty={<p className="text-sm text-text-3">Its definition has no metadata.</p>}
        />
      </Card>
      <Card title="Inputs" flush className="xl:col-span-2">
        <Inputs detail={detail} />
      </Card>
      {detail.configSchema === undefined ? null : (
        <Card
          title={
            <span>
              Configuration {detail.configName === detail.key
                ? null
                : (
                  <span className="font-normal text-text-2">
                    given under <Code>{detail.configName}</Code>
                  </span>
                )}
            </span>
          }
        >
          <SchemaView schema={detail.configSchema} label="Configuration" withDefaults />
        </Card>
      )}
      {detail.valueSchema === undefined ? null : (
        <Card title="Type of the value">
          <SchemaView schema={detail.valueSchema} label="Type of the value" />
        </Card>
      )}
      {detail.configSchema === undefined && detail.valueSchema === undefined && !detail.external
        ? (
          <Card title="Type of the value">
            <EmptyState title="No schema">
              Give the asset a{" "}
              <Code>schema</Code>: values are then checked when they are stored and loaded, and their type shows here.
            </EmptyState>
          </Card>
        )
        : null}
    </div>
  )
}
