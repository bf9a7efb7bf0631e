/** A run in memory beside hand-written Effect programs of the same shape, in the same process. */
import { Deferred, Effect, Layer } from "effect"
import { EventLog, IOManager, Runtime } from "../src/index.ts"
import { inTurns, type Row } from "./measure.ts"
import { define, expected, graphOf, modulus, type Shape, shapes } from "./shapes.ts"

/** The limit: a Deferred for each node under one `forEach`; nothing is stored, recorded or skipped. */
const bare = (shape: Shape, wait: boolean): Effect.Effect<number> =>
  Effect.gen(function*() {
    const values = shape.map(() => Deferred.makeUnsafe<number>())
    yield* Effect.forEach(shape, node(values, wait), { concurrency: "unbounded", discard: true })
    return yield* Deferred.await(values.at(-1)!)
  })

/** The same with a forked fiber for each node. */
const forked = (shape: Shape, wait: boolean): Effect.Effect<number> =>
  Effect.gen(function*() {
    const values = shape.map(() => Deferred.makeUnsafe<number>())
    const run = node(values, wait)
    for (let i = 0; i < shape.length; i++) yield* Effect.forkChild(run(shape[i]!, i))
    return yield* Deferred.await(values.at(-1)!)
  })

const node = (values: ReadonlyArray<Deferred.Deferred<number>>, wait: boolean) =>
  Effect.fnUntraced(function*(parents: ReadonlyArray<number>, i: number) {
    let sum = 1
    for (const p of parents) sum += yield* Deferred.await(values[p]!)
    if (wait) yield* Effect.yieldNow
    yield* Deferred.succeed(values[i]!, sum % modulus)
  })

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory)

export const measureRuns = async (rounds = 60): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const program of ["pure", "yielding"] as const) {
    for (const [name, shape] of Object.entries(shapes)) {
      const graph = graphOf(shape, program)
      const last = define(shape, program).at(-1)!
      const check = Effect.provide(Effect.andThen(Runtime.run(graph), Runtime.load(last)), inMemory)
      const found = await Effect.runPromise(check)
      if (found !== expected(shape)) throw new Error(`${name}: ${found} instead of ${expected(shape)}`)
      const run = Effect.provide(Runtime.run(graph), inMemory)
      const wait = program === "yielding"
      const times = await inTurns(rounds, 40, {
        bare: () => Effect.runPromise(bare(shape, wait)),
        forked: () => Effect.runPromise(forked(shape, wait)),
        run: () => Effect.runPromise(run)
      })
      const micros = (name: "bare" | "forked" | "run") => times[name]!.median
      const ratio = micros("run") / micros("bare")
      rows.push({
        what: `run ${name}, ${program}`,
        figure: `${micros("run").toFixed(2)} µs/asset`,
        limit: `Deferreds ${micros("bare").toFixed(2)} µs, forked ${micros("forked").toFixed(2)} µs`,
        ratio,
        budget: "5x, aim 3x",
        within: ratio <= 5
      })
    }
  }
  return rows
}
