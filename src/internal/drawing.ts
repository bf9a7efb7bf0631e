/**
 * A graph as text: Mermaid, and the DOT language of Graphviz.
 */

/** What is drawn: nodes, and edges from place to place. */
export interface Drawing {
  readonly nodes: ReadonlyArray<
    { readonly label: string; readonly dashed: boolean; readonly group: string | undefined }
  >
  readonly edges: ReadonlyArray<{ readonly from: number; readonly to: number; readonly loads: boolean }>
}

/** Where edges lead: to the right, say. */
export type Direction = "LR" | "RL" | "TB" | "BT"

const drawn = ({ edges, nodes }: Drawing, words: {
  readonly start: string
  readonly end: ReadonlyArray<string>
  readonly node: (at: number, label: string, dashed: boolean) => string
  readonly group: (at: number, name: string) => string
  readonly close: string
  readonly edge: (from: number, to: number, loads: boolean) => string
}): string => {
  const lines: Array<string> = []
  const groups = new Map<string, Array<string>>()
  nodes.forEach(({ dashed, group, label }, at) => {
    const line = words.node(at, label, dashed)
    if (group === undefined) lines.push(`  ${line}`)
    else {
      const members = groups.get(group)
      if (members === undefined) groups.set(group, [line])
      else members.push(line)
    }
  })
  let at = 0
  for (const [name, members] of groups) {
    lines.push(`  ${words.group(at++, name)}`, ...members.map((line) => `    ${line}`), `  ${words.close}`)
  }
  for (const { from, loads, to } of edges) lines.push(`  ${words.edge(from, to, loads)}`)
  return [words.start, ...lines, ...words.end].join("\n")
}

/** @internal */
export const toMermaid = (drawing: Drawing, direction: Direction = "LR"): string => {
  // Mermaid reads its own entity codes inside quoted labels
  const label = (text: string) => text.replaceAll(/[#&<>"`\\]/g, (char) => `#${char.codePointAt(0)};`)
  return drawn(drawing, {
    start: `flowchart ${direction}`,
    end: [],
    node: (at, text, dashed) => dashed ? `n${at}(["${label(text)}"])` : `n${at}["${label(text)}"]`,
    group: (at, name) => `subgraph g${at} ["${label(name)}"]`,
    close: "end",
    edge: (from, to, loads) => `n${from} ${loads ? "-->" : "-.->"} n${to}`
  })
}

/** @internal */
export const toDot = (drawing: Drawing, direction: Direction = "LR"): string => {
  const label = (text: string) => text.replaceAll(/["\\]/g, "\\$&")
  return drawn(drawing, {
    start: `digraph assets {\n  rankdir=${direction};`,
    end: ["}"],
    node: (at, text, dashed) => `n${at} [label="${label(text)}"${dashed ? ", style=dashed" : ""}];`,
    group: (at, name) => `subgraph cluster_${at} { label="${label(name)}";`,
    close: "}",
    edge: (from, to, loads) => `n${from} -> n${to}${loads ? "" : " [style=dashed]"};`
  })
}
