/** A JSON Schema to read: fields with their types, and the document itself. */
import { useMemo, useState } from "react"
import { Button, classes, CodeBlock } from "../kit/index.ts"
import { readSchema, type SchemaNode } from "./jsonSchema.ts"

interface Line {
  readonly node: SchemaNode
  readonly depth: number
  readonly id: string
}

const linesOf = (node: SchemaNode, depth: number, path: string): ReadonlyArray<Line> =>
  node.children.flatMap((child, index) => {
    const id = `${path}/${index}`
    return [{ node: child, depth, id }, ...linesOf(child, depth + 1, id)]
  })

/** Fields of a schema as a table. `withDefaults` where it is of something that is given. */
export const SchemaView = ({ label, schema, withDefaults }: {
  readonly schema: unknown
  readonly label: string
  readonly withDefaults?: boolean
}) => {
  const [asJson, setAsJson] = useState(false)
  const root = useMemo(() => readSchema(schema), [schema])
  const lines = useMemo(() => linesOf(root, 0, ""), [root])
  const withText = lines.some(({ node }) => node.description !== undefined || node.rules.length > 0)
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div className="flex items-center justify-between gap-2">
        <p className="min-w-0 font-mono text-xs break-words text-text-2">
          {root.type}
          {root.rules.length === 0 ? "" : ` (${root.rules.join(", ")})`}
        </p>
        <Button kind="ghost" size="sm" aria-pressed={asJson} onClick={() => setAsJson(!asJson)}>
          {asJson ? "Fields" : "JSON Schema"}
        </Button>
      </div>
      {asJson
        ? <CodeBlock code={JSON.stringify(schema, null, 2)} label={`${label} as JSON Schema`} />
        : lines.length === 0
        ? null
        : (
          <div
            tabIndex={0}
            role="group"
            aria-label={label}
            className="max-h-96 overflow-auto rounded-md border border-border"
          >
            <table className="w-full text-sm">
              <thead className="bg-surface-2 text-left text-xs text-text-2">
                <tr>
                  <th className="px-3 py-1 font-medium">Field</th>
                  <th className="px-3 py-1 font-medium">Type</th>
                  {withDefaults === true ? <th className="px-3 py-1 font-medium">Default</th> : null}
                  {withText ? <th className="px-3 py-1 font-medium">Description</th> : null}
                </tr>
              </thead>
              <tbody>
                {lines.slice(0, 500).map(({ depth, id, node }) => (
                  <tr key={id} className="border-t border-border align-top">
                    <td className="px-3 py-1 font-mono text-xs break-all">
                      <span
                        style={{ paddingLeft: depth * 14 }}
                        className={classes("inline-block", depth > 0 && "text-text-2")}
                      >
                        {node.name}
                        {node.required ? null : <span className="text-text-3" title="optional">?</span>}
                      </span>
                    </td>
                    <td className="px-3 py-1 font-mono text-xs break-words text-text-2">{node.type}</td>
                    {withDefaults === true
                      ? <td className="px-3 py-1 font-mono text-xs break-all text-text-2">{node.default ?? ""}</td>
                      : null}
                    {withText
                      ? (
                        <td className="px-3 py-1 break-words text-text-2">
                          {node.description}
                          {node.rules.length === 0
                            ? null
                            : <span className="block text-xs text-text-3">{node.rules.join(", ")}</span>}
                        </td>
                      )
                      : null}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </div>
  )
}
