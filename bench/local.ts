/** A run on files and SQLite beside the bare writes it cannot do without: the same files, the same rows, in one process. */
import { Effect, Schema } from "effect"
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync, type SQLOutputValue } from "node:sqlite"
import { Asset, Graph, type IOManager, Runtime } from "../src/index.ts"
import { Local } from "../src/node/index.ts"
import { inTurns, type Row } from "./measure.ts"

const columns = 100

/** Layers of 100 assets, three inputs each: numbers in JSON, with versions of the code. */
const layered = (count: number) => {
  const assets: Array<Asset.Asset<string, number, never, IOManager.IOManager>> = []
  for (let i = 0; i < count; i++) {
    const [layer, j] = [Math.floor(i / columns), i % columns]
    const inputs: Record<string, Asset.AnyInput> = {}
    for (const d of layer === 0 ? [] : [0, 1, 7]) {
      const key = (layer - 1) * columns + (j + d) % columns
      inputs[`input${d}`] = assets[key]!
    }
    // the types of a generated graph are not known one by one
    assets.push(
      Asset.make(`layer${layer}/asset${j}`, {
        inputs,
        schema: Schema.Number,
        codeVersion: "1",
        compute: (values) =>
          Effect.succeed((1 + Object.values(values).reduce<number>((a, b) => a + Number(b), 0)) % 1_000_003)
      }) as never
    )
  }
  return Graph.fromAssets(assets)
}

type Prepared = ReadonlyArray<{ readonly table: string; readonly rows: ReadonlyArray<ReadonlyArray<SQLOutputValue>> }>

/** What a run has left behind: its files, and all rows of its tables. */
const traces = (directory: string, graph: Graph.Any) => {
  const db = new DatabaseSync(join(directory, "events.db"))
  const tables: Prepared = ["effect_assets_events", "effect_assets_versions"].map((table) => ({
    table,
    rows: db.prepare(`SELECT * FROM ${table}`).all().map((row) => Object.values(row))
  }))
  const schema = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'").all()
  const bytes = db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()").get()
  db.close()
  const values = Graph.keys(graph).map((key) => ({
    key,
    text: readFileSync(join(directory, "storage", `${key}.json`))
  }))
  return { tables, schema: schema.map(({ sql }) => String(sql)), values, bytes: Number(bytes!.bytes) }
}

/**
 * The same files and rows, written by hand: each file under another name first, 256 rows in a transaction. With `reads`, the
 * files that each asset reads are read, too.
 */
const bare = (
  { schema, tables, values }: ReturnType<typeof traces>,
  directory: string,
  reads?: ReadonlyMap<string, ReadonlyArray<string>>
): void => {
  const db = new DatabaseSync(join(directory, "events.db"))
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
  for (const sql of schema) db.exec(sql)
  const inserts = tables.map(({ rows, table }) =>
    db.prepare(`INSERT INTO ${table} VALUES (${Array(rows[0]!.length).fill("?").join()})`)
  )
  const longest = Math.max(values.length, ...tables.map(({ rows }) => rows.length))
  const made = new Set<string>()
  for (let at = 0; at < longest; at += 256) {
    for (const { key, text } of values.slice(at, at + 256)) {
      for (const input of reads?.get(key) ?? []) {
        JSON.parse(readFileSync(join(directory, "storage", `${input}.json`), "utf8"))
      }
      const file = join(directory, "storage", key)
      const folder = join(file, "..")
      if (!made.has(folder)) {
        mkdirSync(folder, { recursive: true })
        made.add(folder)
      }
      writeFileSync(`${file}.tmp`, text)
      renameSync(`${file}.tmp`, `${file}.json`)
    }
    db.exec("BEGIN IMMEDIATE")
    tables.forEach(({ rows }, table) => {
      for (const row of rows.slice(at, at + 256)) inserts[table]!.run(...row)
    })
    db.exec("COMMIT")
  }
  db.close()
}

export const measureLocal = async (rounds = 7): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const count of [1000, 10_000]) {
    const graph = layered(count)
    const root = mkdtempSync(join(tmpdir(), "effect-assets-bench-"))
    let round = 0
    const fresh = () => join(root, String(round++))
    const run = (directory: string) =>
      Effect.runPromise(Effect.provide(Runtime.materialize(graph), Local.layer({ directory })))
    const kept = fresh()
    const first = await run(kept)
    if (Runtime.outcomes(first).length !== count) throw new Error("not all assets were computed")
    const trace = traces(kept, graph)
    const reads = new Map(Graph.keys(graph).map((key) => [key, Graph.parents(graph, key)]))
    const byHand = async (reads?: ReadonlyMap<string, ReadonlyArray<string>>) => {
      const directory = fresh()
      mkdirSync(directory)
      bare(trace, directory, reads)
    }
    const times = await inTurns(count === 1000 ? rounds : 3, 1, {
      run: () => run(fresh()),
      bare: () => byHand(),
      reading: () => byHand(reads)
    })
    // the second time nothing is to be done
    const again = await inTurns(count === 1000 ? rounds : 3, 1, {
      nothing: () =>
        Effect.runPromise(
          Effect.provide(Runtime.materialize(graph, { onlyStale: true }), Local.layer({ directory: kept }))
        )
    })
    const micros = (name: "run" | "bare" | "reading") => times[name]!.median * 1000 / count
    const ratio = micros("run") / micros("bare")
    rows.push({
      what: `run of ${count} assets`,
      figure: `${micros("run").toFixed(0)} µs/asset`,
      limit: `bare files and rows ${micros("bare").toFixed(0)} µs`,
      ratio,
      budget: "1.5x",
      within: ratio <= 1.5
    }, {
      what: "beside the same with its inputs read",
      figure: `${micros("run").toFixed(0)} µs/asset`,
      limit: `files read, files and rows ${micros("reading").toFixed(0)} µs`,
      ratio: micros("run") / micros("reading")
    }, {
      what: `${count} assets, nothing stale`,
      figure: `${(again.nothing!.median * 1000 / count).toFixed(1)} µs/asset`
    }, {
      what: "log, for each asset run",
      figure: `${(trace.bytes / count).toFixed(0)} bytes`
    })
    rmSync(root, { recursive: true })
  }
  return rows
}
