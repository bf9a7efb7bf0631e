/**
 * A graph as text, from what the API tells of it: all of it, the assets of a selection, or its groups.
 */
import type * as Model from "../server/Model.ts"

/** What is drawn: nodes, and edges from place to place. */
export interface Drawing {
  readonly nodes: ReadonlyArray<
    { readonly label: string; readonly dashed: boolean; readonly group: string | undefined }
  >
  readonly edges: ReadonlyArray<{ readonly from: number; readonly to: number; readonly loads: boolean }>
}

/** The assets with these keys, of all if none are given, and the edges between them. */
export const ofAssets = (graph: Model.GraphModel, keys?: ReadonlyArray<string>): Drawing => {
  const chosen = new Set(keys ?? graph.assets.map(({ key }) => key))
  const places = new Map<number, number>()
  const nodes = graph.assets.flatMap(({ external, group, key }, at) => {
    if (!chosen.has(key)) return []
    places.set(at, places.size)
    return [{ label: key, dashed: external, group }]
  })
  return { nodes, edges: between(graph, places) }
}

/** The groups, and the assets that have none, with one edge for all that go from one to the other. */
export const ofGroups = (graph: Model.GraphModel, keys?: ReadonlyArray<string>): Drawing => {
  const chosen = new Set(keys ?? graph.assets.map(({ key }) => key))
  const places = new Map<number, number>()
  const groups = new Map<string, number>()
  const nodes: Array<{ label: string; dashed: boolean; group: undefined; size: number }> = []
  graph.assets.forEach(({ external, group, key }, at) => {
    if (!chosen.has(key)) return
    const place = group === undefined ? undefined : groups.get(group)
    if (place !== undefined) nodes[place]!.size++
    else {
      if (group !== undefined) groups.set(group, nodes.length)
      nodes.push({ label: group ?? key, dashed: group === undefined && external, group: undefined, size: 1 })
    }
    places.set(at, place ?? nodes.length - 1)
  })
  const named = new Set(groups.values())
  return {
    nodes: nodes.map(({ size, ...node }, at) =>
      named.has(at) ? { ...node, label: `${node.label} (${size} asset${size === 1 ? "" : "s"})` } : node
    ),
    edges: between(graph, places)
  }
}

const between = (graph: Model.GraphModel, places: ReadonlyMap<number, number>): Drawing["edges"] => {
  const edges = new Map<string, { from: number; to: number; loads: boolean }>()
  for (const [a, b, kind] of graph.edges) {
    const [from, to] = [places.get(a), places.get(b)]
    if (from === undefined || to === undefined || from === to) continue
    const known = edges.get(`${from} ${to}`)
    if (known === undefined) edges.set(`${from} ${to}`, { from, to, loads: kind === "input" })
    else known.loads ||= kind === "input"
  }
  return Array.from(edges.values())
}

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

/** The text of `Graph.toMermaid`. */
export const toMermaid = (drawing: Drawing): string => {
  // Mermaid reads its own entity codes inside quoted labels
  const label = (text: string) => text.replaceAll(/[#&<>"`\\]/g, (char) => `#${char.codePointAt(0)};`)
  return drawn(drawing, {
    start: "flowchart LR",
    end: [],
    node: (at, text, dashed) => dashed ? `n${at}(["${label(text)}"])` : `n${at}["${label(text)}"]`,
    group: (at, name) => `subgraph g${at} ["${label(name)}"]`,
    close: "end",
    edge: (from, to, loads) => `n${from} ${loads ? "-->" : "-.->"} n${to}`
  })
}

/** The text of `Graph.toDot`. */
export const toDot = (drawing: Drawing): string => {
  const label = (text: string) => text.replaceAll(/["\\]/g, "\\$&")
  return drawn(drawing, {
    start: "digraph assets {\n  rankdir=LR;",
    end: ["}"],
    node: (at, text, dashed) => `n${at} [label="${label(text)}"${dashed ? ", style=dashed" : ""}];`,
    group: (at, name) => `subgraph cluster_${at} { label="${label(name)}";`,
    close: "}",
    edge: (from, to, loads) => `n${from} -> n${to}${loads ? "" : " [style=dashed]"};`
  })
}
