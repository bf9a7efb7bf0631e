import { assert, describe, it } from "@effect/vitest"
import { choose, type Limits } from "../src/internal/daemonQueue.ts"

type Tags = { readonly [name: string]: string }

/** The places, from 1 on, of the runs that begin, and why the others wait. */
const chosen = (
  limits: Limits,
  queued: ReadonlyArray<Tags & { readonly priority?: never }>,
  options: { readonly running?: ReadonlyArray<Tags>; readonly priorities?: ReadonlyArray<number> } = {}
) => {
  const { launch, waiting } = choose({
    queued: queued.map((tags, at) => ({
      id: String(at + 1),
      seq: at,
      priority: options.priorities?.[at] ?? 0,
      tags
    })),
    running: options.running ?? [],
    limits,
    now: 0
  })
  return { launch: launch.map(Number), waiting: Object.fromEntries(waiting.map(({ id, reason }) => [id, reason])) }
}

describe("choose", () => {
  it("without limits all begin, the highest priority first, and of one priority the oldest", () => {
    assert.deepStrictEqual(chosen({}, [{}, {}, {}, {}], { priorities: [0, 5, -1, 5] }), {
      launch: [2, 4, 1, 3],
      waiting: {}
    })
  })

  it("RET19: a limit on a tag counts all of its values", () => {
    const runs = [{ database: "tiny" }, { database: "large" }, { database: "tiny" }, { other: "x" }]
    assert.deepStrictEqual(chosen({ tags: [{ key: "database", limit: 2 }] }, runs), {
      launch: [1, 2, 4],
      waiting: { 3: "2 of 2 runs with tag database are running" }
    })
  })

  it("RET20: a run has to be within all of its limits, and does not hold up later ones", () => {
    const tags = [{ key: "database", value: "tiny", limit: 1 }, { key: "user", value: "johann", limit: 2 }]
    const runs = [{ database: "tiny", user: "johann" }, { database: "tiny" }, { user: "johann" }, { user: "johann" }]
    assert.deepStrictEqual(chosen({ tags }, runs), {
      launch: [1, 3],
      waiting: {
        2: "1 of 1 run with tag database=tiny is running",
        4: "2 of 2 runs with tag user=johann are running"
      }
    })
  })

  it("RET22: a limit of each value", () => {
    const runs = ["bar", "bar", "other", "other"].map((foo) => ({ foo }))
    assert.deepStrictEqual(chosen({ tags: [{ key: "foo", value: "each", limit: 1 }] }, runs).launch, [1, 3])
  })

  it("RET23: a limit of each value, and a narrower one of one value", () => {
    const runs = ["bar", "baz", "bar", "baz", "baz"].map((foo) => ({ foo }))
    const tags = [{ key: "foo", value: "each", limit: 2 }, { key: "foo", value: "bar", limit: 1 }]
    assert.deepStrictEqual(chosen({ tags }, runs).launch, [1, 2, 4])
  })

  it("what runs counts, and so does the limit of all", () => {
    const found = chosen({ maxRuns: 3, tags: [{ key: "database", value: "tiny", limit: 1 }] }, [
      { database: "tiny" },
      {},
      {}
    ], { running: [{ database: "tiny" }, {}] })
    assert.deepStrictEqual(found, {
      launch: [2],
      waiting: { 1: "1 of 1 run with tag database=tiny is running", 3: "3 of 3 runs are running" }
    })
  })

  it("a limit of 0 lets none begin", () => {
    assert.deepStrictEqual(chosen({ tags: [{ key: "old", limit: 0 }] }, [{ old: "1" }, {}]), {
      launch: [2],
      waiting: { 1: "no runs with tag old are allowed: their limit is 0" }
    })
  })

  it("names of tags may be any", () => {
    const tags = JSON.parse(`{"__proto__":"x"}`)
    const found = chosen({ tags: [{ key: "__proto__", limit: 1 }, { key: "constructor", limit: 0 }] }, [tags, tags])
    assert.deepStrictEqual(found.launch, [1])
  })

  it("a run waits until its time, and holds up no others", () => {
    const run = { priority: 0, tags: {} }
    const queued = [{ ...run, id: "late", seq: 0, notBefore: 61_000 }, { ...run, id: "now", seq: 1 }]
    assert.deepStrictEqual(choose({ queued, running: [], limits: { maxRuns: 1 }, now: 1 }), {
      launch: ["now"],
      waiting: [{ id: "late", reason: "it is tried again at 1970-01-01T00:01:01.000Z" }],
      until: 61_000
    })
    assert.deepStrictEqual(choose({ queued, running: [], limits: { maxRuns: 1 }, now: 61_000 }).launch, ["late"])
  })
})
