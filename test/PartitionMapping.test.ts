import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Mapping from "../src/internal/mapping.ts"
import * as Subset from "../src/internal/subset.ts"
import * as PartitionMapping from "../src/PartitionMapping.ts"
import * as Partitions from "../src/Partitions.ts"

const far = "2030-01-01"

const at = (time: string): number => Date.parse(/T/.test(time) ? `${time}Z` : time)

const dynamicKeys = new Map([["fruits", ["apple", "banana"]]])

const resolved = (set: Partitions.Any, now = far) => Partitions.resolveAt(set, at(now), dynamicKeys)

type Keys = ReadonlyArray<string>

/** Two sets, and what is between them. */
interface Pair {
  readonly down?: Partitions.Any | undefined
  readonly up: Partitions.Any
  readonly mapping?: PartitionMapping.PartitionMapping | undefined
  readonly now?: string | undefined
}

const subsetOf = (set: Partitions.Resolved, keys: Keys): Subset.Subset => {
  const { subset, unknown } = Subset.fromKeys(set, keys)
  assert.deepStrictEqual(unknown, [], "the case names partitions that do not exist")
  return subset
}

const up = ({ down, mapping, now, up }: Pair, keys: Keys) => {
  const from = down === undefined ? undefined : resolved(down, now)
  const to = resolved(up, now)
  const subset = from === undefined ? Subset.unit : subsetOf(from, keys)
  const { existing, missing } = Mapping.upstream(mapping, from, subset, to)
  return { keys: [...Subset.keysOf(to, existing)], missing }
}

/** The downstream keys; `[""]` for the whole of what has no partitions. */
const down = ({ down, mapping, now, up }: Pair, keys: Keys): Keys => {
  const from = resolved(up, now)
  const to = down === undefined ? undefined : resolved(down, now)
  const found = Mapping.downstream(mapping, from, subsetOf(from, keys), to)
  return to === undefined ? Array.from(Subset.iterate(found), () => "") : [...Subset.keysOf(to, found)]
}

/** `from..to`, both ends included, of days. */
const days = (from: string, to: string): Keys => {
  const keys: Array<string> = []
  for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) {
    keys.push(new Date(time).toISOString().slice(0, 10))
  }
  return keys
}

const daily = (start: string, more?: Omit<Parameters<typeof Partitions.daily>[0], "start">) =>
  Partitions.daily({ start, ...more })
const hourly = (start: string, more?: Omit<Parameters<typeof Partitions.hourly>[0], "start">) =>
  Partitions.hourly({ start, ...more })
const { fixed, identity, product, timeWindow } = PartitionMapping
const lag = timeWindow({ startOffset: -1, endOffset: -1 })
const abc = Partitions.fixed(["a", "b", "c"])
const letters = Partitions.fixed(["a", "b", "c", "d"])

/** What is asked of a pair, and what comes of it: keys, and for `up` what is missing. */
type Ask =
  | { readonly up: Keys; readonly gives: Keys; readonly missing?: Keys }
  | { readonly down: Keys; readonly gives: Keys }

const cases: ReadonlyArray<readonly [name: string, pair: Pair, asks: ReadonlyArray<Ask>]> = [
  ["MAP01: days from the same days", { down: daily("2021-05-05"), up: daily("2021-05-05"), mapping: timeWindow() }, [
    { up: ["2021-05-07"], gives: ["2021-05-07"] },
    { up: days("2021-05-07", "2021-05-09"), gives: days("2021-05-07", "2021-05-09") }
  ]],
  ["MAP02: keys that are written otherwise", {
    down: daily("2021-05-05"),
    up: daily("2021-05-05", { format: "%Y/%m/%d" })
  }, [
    { up: days("2021-05-07", "2021-05-09"), gives: ["2021/05/07", "2021/05/08", "2021/05/09"] },
    { down: ["2021/05/07"], gives: ["2021-05-07"] }
  ]],
  ["MAP05: months from days", { down: Partitions.monthly({ start: "2021-05-01" }), up: daily("2021-05-01") }, [
    { up: ["2021-05-01", "2021-06-01", "2021-07-01"], gives: days("2021-05-01", "2021-07-31") },
    { down: days("2021-05-30", "2021-06-02"), gives: ["2021-05-01", "2021-06-01"] }
  ]],
  ["MAP08: the day before", { down: daily("2021-05-05"), up: daily("2021-05-05"), mapping: lag }, [
    { up: ["2021-05-07"], gives: ["2021-05-06"] },
    { down: ["2021-05-06"], gives: ["2021-05-07"] },
    // nothing is missing: there never was a day before the first one
    { up: ["2021-05-05"], gives: [] },
    { up: days("2021-05-07", "2021-05-09"), gives: days("2021-05-06", "2021-05-08") },
    { down: days("2021-05-06", "2021-05-08"), gives: days("2021-05-07", "2021-05-09") },
    { up: days("2021-05-05", "2021-05-07"), gives: ["2021-05-05", "2021-05-06"] }
  ]],
  ["MAP09: four hours before", {
    down: Partitions.cron("0 */4 * * *", { start: "2021-05-05" }),
    up: Partitions.cron("0 */4 * * *", { start: "2021-05-05" }),
    mapping: lag,
    now: "2021-06-01"
  }, [
    { up: ["2021-05-06-04:00"], gives: ["2021-05-06-00:00"] },
    { down: ["2021-05-06-00:00"], gives: ["2021-05-06-04:00"] },
    { up: ["2021-05-05-00:00"], gives: [] },
    {
      up: ["2021-05-07-04:00", "2021-05-07-08:00", "2021-05-07-12:00"],
      gives: ["2021-05-07-00:00", "2021-05-07-04:00", "2021-05-07-08:00"]
    },
    {
      down: ["2021-05-07-04:00", "2021-05-07-08:00", "2021-05-07-12:00"],
      gives: ["2021-05-07-08:00", "2021-05-07-12:00", "2021-05-07-16:00"]
    },
    {
      up: ["2021-05-05-00:00", "2021-05-05-04:00", "2021-05-05-08:00"],
      gives: ["2021-05-05-00:00", "2021-05-05-04:00"]
    }
  ]],
  ["MAP11: the day and the day before", {
    down: daily("2021-05-05"),
    up: daily("2021-05-05"),
    mapping: timeWindow({ startOffset: -1 })
  }, [
    { up: ["2022-07-04"], gives: ["2022-07-03", "2022-07-04"] },
    { up: ["2022-07-04", "2022-07-05"], gives: days("2022-07-03", "2022-07-05") },
    { down: ["2022-07-03"], gives: ["2022-07-03", "2022-07-04"] },
    { down: ["2022-07-04"], gives: ["2022-07-04", "2022-07-05"] },
    { down: ["2022-07-03", "2022-07-04"], gives: days("2022-07-03", "2022-07-05") }
  ]],
  ["MAP12: an hour of a day that is not over", {
    down: daily("2021-05-05"),
    up: hourly("2021-05-05"),
    now: "2021-05-05T01:00"
  }, [{ down: ["2021-05-05-00:00"], gives: [] }]],
  ["MAP12: hours of a day that is over and of one that is not", {
    down: daily("2021-05-05"),
    up: hourly("2021-05-05"),
    now: "2021-05-06T02:00"
  }, [{ down: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"], gives: ["2021-05-05"] }]],
  ["MAP12: hours of days that are over", { down: daily("2021-05-05"), up: hourly("2021-05-05") }, [
    { down: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"], gives: ["2021-05-05", "2021-05-06"] }
  ]],
  ["MAP12: hours of a day that exists before it is over", {
    down: daily("2021-05-05", { endOffset: 1 }),
    up: hourly("2021-05-05"),
    now: "2021-05-06T02:00"
  }, [{ down: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"], gives: ["2021-05-05", "2021-05-06"] }]],
  ["MAP13: hours of a day in Chicago", {
    down: daily("2021-05-05", { timeZone: "America/Chicago" }),
    up: hourly("2021-05-05", { timeZone: "America/Chicago", endOffset: 2 }),
    now: "2021-05-06T06:00"
  }, [{ down: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"], gives: ["2021-05-05"] }]],
  ["MAP14: a day that is not over", { down: hourly("2021-05-05"), up: daily("2021-05-05"), now: "2021-06-01T01:00" }, [
    { up: ["2021-06-01-00:00"], gives: [], missing: ["2021-06-01"] }
  ]],
  ["MAP14: a day that is over and one that is not", {
    down: hourly("2021-05-05"),
    up: daily("2021-05-05"),
    now: "2021-05-06T02:00"
  }, [{
    up: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"],
    gives: ["2021-05-05"],
    missing: ["2021-05-06"]
  }]],
  ["MAP15: a day that exists before it is over", {
    down: hourly("2021-05-05"),
    up: daily("2021-05-05", { endOffset: 1 }),
    now: "2021-05-06T02:00"
  }, [{ up: ["2021-05-05-23:00", "2021-05-06-00:00", "2021-05-06-01:00"], gives: ["2021-05-05", "2021-05-06"] }]],
  ["MAP18: January only upstream", {
    down: daily("2022-01-01", { end: "2022-03-01" }),
    up: daily("2022-01-01", { end: "2022-01-31" })
  }, [
    { down: ["2022-01-15"], gives: ["2022-01-15"] },
    { up: ["2022-02-15"], gives: [], missing: ["2022-02-15"] },
    {
      up: days("2022-01-29", "2022-02-01"),
      gives: days("2022-01-29", "2022-01-30"),
      missing: days("2022-01-31", "2022-02-01")
    }
  ]],
  ["MAP18: January only downstream", {
    down: daily("2022-01-01", { end: "2022-01-31" }),
    up: daily("2022-01-01", { end: "2022-03-01" })
  }, [{ down: ["2022-02-15"], gives: [] }]],
  ["MAP19: days of a year that is not over", {
    down: Partitions.cron("0 0 1 1 *", { start: "2021-01-01", endOffset: 1 }),
    up: daily("2021-01-01"),
    mapping: timeWindow({ allowNonexistent: true }),
    now: "2023-01-05"
  }, [{ up: ["2023-01-01"], gives: days("2023-01-01", "2023-01-04") }]],
  ["MAP20: days before the upstream start", { down: daily("2023-05-01"), up: daily("2023-06-01"), now: "2023-06-05" }, [
    { up: ["2023-05-10", "2023-05-30", "2023-06-01"], gives: ["2023-06-01"], missing: ["2023-05-10", "2023-05-30"] }
  ]],
  ["MAP20: days before the upstream start, allowed", {
    down: daily("2023-05-01"),
    up: daily("2023-06-01"),
    mapping: timeWindow({ allowNonexistent: true }),
    now: "2023-06-05"
  }, [{ up: ["2023-05-10", "2023-05-30", "2023-06-01"], gives: ["2023-06-01"] }]],
  ["MAP21: the day before where clocks change", {
    down: daily("2023-01-01", { timeZone: "America/Los_Angeles" }),
    up: daily("2023-01-01", { timeZone: "America/Los_Angeles" }),
    mapping: lag
  }, [
    { up: ["2024-03-10"], gives: ["2024-03-09"] },
    { down: ["2024-03-10"], gives: ["2024-03-11"] },
    { up: ["2023-11-05"], gives: ["2023-11-04"] },
    { down: ["2023-11-05"], gives: ["2023-11-06"] }
  ]],
  ["MAP22 MAP23: the hour before where clocks change", {
    down: hourly("2023-01-01", { timeZone: "America/Los_Angeles" }),
    up: hourly("2023-01-01", { timeZone: "America/Los_Angeles" }),
    mapping: lag
  }, [
    { up: ["2024-03-10-03:00"], gives: ["2024-03-10-01:00"] },
    { down: ["2024-03-10-03:00"], gives: ["2024-03-10-04:00"] },
    { up: ["2023-11-05-01:00"], gives: ["2023-11-05-00:00"] },
    { up: ["2023-11-05-01:00-0800"], gives: ["2023-11-05-01:00"] },
    { up: ["2023-11-05-02:00"], gives: ["2023-11-05-01:00-0800"] },
    { down: ["2023-11-05-00:00"], gives: ["2023-11-05-01:00"] },
    { down: ["2023-11-05-01:00"], gives: ["2023-11-05-01:00-0800"] },
    { down: ["2023-11-05-01:00-0800"], gives: ["2023-11-05-02:00"] }
  ]],
  ["MAP24: fixed keys, one downstream key for each", {
    down: Partitions.fixed(["p", "q", "r"]),
    up: Partitions.fixed(["p1", "p2", "p3", "q1", "q2", "r1"]),
    mapping: fixed({ p1: "p", p2: "p", p3: "p", r1: "r" })
  }, [
    { down: ["p1", "p3", "q2", "r1"], gives: ["p", "r"] },
    { up: ["p", "q"], gives: ["p1", "p2", "p3"] }
  ]],
  ["MAP25: fixed keys, several downstream keys", {
    down: Partitions.fixed(["p1", "p2", "p3", "q", "r1"]),
    up: Partitions.fixed(["p", "q1", "q2", "r"]),
    mapping: fixed({ p: ["p1", "p2", "p3"], q1: "q", q2: "q" })
  }, [
    { down: ["p", "r"], gives: ["p1", "p2", "p3"] },
    { up: ["p2", "p3", "q"], gives: ["p", "q1", "q2"] }
  ]],
  ["MAP25: fixed keys, said from downstream", {
    down: Partitions.fixed(["p1", "p2", "p3", "q", "r1"]),
    up: Partitions.fixed(["p", "q1", "q2", "r"]),
    mapping: PartitionMapping.fixedByDownstream({ p1: "p", p2: "p", p3: "p", q: ["q1", "q2"] })
  }, [{ up: ["p2", "p3", "q"], gives: ["p", "q1", "q2"] }]],
  ["MAP27: the same key", {
    down: Partitions.fixed(["z", "x"]),
    up: Partitions.fixed(["x", "y"]),
    mapping: identity
  }, [
    { up: ["z", "x"], gives: ["x"], missing: ["z"] },
    { down: ["x", "y"], gives: ["x"] }
  ]],
  ["MAP27: the same key of time windows", {
    down: daily("2024-01-01"),
    up: daily("2024-01-03"),
    mapping: identity,
    now: "2024-01-05"
  }, [
    { up: days("2024-01-01", "2024-01-03"), gives: ["2024-01-03"], missing: ["2024-01-01", "2024-01-02"] },
    { down: ["2024-01-04"], gives: ["2024-01-04"] }
  ]],
  ["MAP28: two keys for all", {
    down: Partitions.fixed(["x", "y", "z"]),
    up: letters,
    mapping: PartitionMapping.specific(["a", "b"])
  }, [
    { down: ["a"], gives: ["x", "y", "z"] },
    { down: ["a", "b"], gives: ["x", "y", "z"] },
    { down: ["a", "b", "c", "d"], gives: ["x", "y", "z"] },
    { down: ["c"], gives: [] },
    { down: ["c", "d"], gives: [] },
    { up: ["y"], gives: ["a", "b"] }
  ]],
  ["two keys for what has no partitions", { up: letters, mapping: PartitionMapping.specific(["a", "b"]) }, [
    { up: [], gives: ["a", "b"] },
    { down: ["a"], gives: [""] },
    { down: ["c"], gives: [] }
  ]],
  ["a dynamic key that was removed", {
    down: abc,
    up: Partitions.dynamic("fruits"),
    mapping: PartitionMapping.specific(["apple", "pear"])
  }, [
    { up: ["a"], gives: ["apple"], missing: ["pear"] },
    { down: ["apple"], gives: ["a", "b", "c"] },
    { down: ["banana"], gives: [] }
  ]],
  ["a dynamic key that another one stands for, and one that nothing does", {
    down: Partitions.dynamic("fruits"),
    up: Partitions.fixed(["a", "b"]),
    mapping: fixed({ a: ["apple", "pear"] })
  }, [
    { up: ["apple"], gives: ["a"] },
    { up: ["banana"], gives: [] },
    { down: ["a"], gives: ["apple"] }
  ]],
  ["the last key for what has no partitions", { up: letters, mapping: PartitionMapping.last }, [
    { up: [], gives: ["d"] },
    { down: ["d"], gives: [""] },
    { down: ["a", "b", "c"], gives: [] }
  ]],
  ["MAP31: the last day for all", {
    down: abc,
    up: daily("2021-10-01"),
    mapping: PartitionMapping.last,
    now: "2021-10-05T01:00"
  }, [
    { down: ["2021-10-04"], gives: ["a", "b", "c"] },
    { down: ["2021-10-03", "2021-10-04"], gives: ["a", "b", "c"] },
    { down: ["2021-10-03"], gives: [] },
    { up: ["b"], gives: ["2021-10-04"] }
  ]],
  ["MAP33: the same product", {
    down: Partitions.product({ letter: abc, digit: Partitions.fixed(["1", "2"]) }),
    up: Partitions.product({ letter: abc, digit: Partitions.fixed(["1", "2"]) })
  }, [
    { up: ["1|a", "2|b"], gives: ["1|a", "2|b"] },
    { down: ["1|a", "2|b"], gives: ["1|a", "2|b"] }
  ]],
  ["MAP33: a product from one of its dimensions", {
    down: Partitions.product({ letter: abc, digit: Partitions.fixed(["1", "2", "3"]) }),
    up: abc
  }, [
    { down: ["a"], gives: ["1|a", "2|a", "3|a"] },
    { up: ["1|a"], gives: ["a"] },
    { up: ["1|a", "3|c", "2|c"], gives: ["a", "c"] }
  ]],
  ["MAP33: one dimension from a product", {
    down: abc,
    up: Partitions.product({ letter: abc, digit: Partitions.fixed(["1", "2", "3"]) })
  }, [
    { up: ["a"], gives: ["1|a", "2|a", "3|a"] },
    { down: ["2|c"], gives: ["c"] }
  ]],
  ["MAP34: weeks from days", { down: Partitions.weekly({ start: "2022-09-04" }), up: daily("2022-09-04") }, [
    { up: ["2022-09-11"], gives: days("2022-09-11", "2022-09-17") },
    { down: ["2022-09-17"], gives: ["2022-09-11"] }
  ]],
  ["what has no partitions needs all", { up: abc }, [
    { up: [], gives: ["a", "b", "c"] },
    { down: ["b"], gives: [""] },
    { down: [], gives: [] }
  ]],
  ["MAP37: days from weeks of a product", {
    down: daily("2023-01-01"),
    up: Partitions.product({ week: Partitions.weekly({ start: "2023-01-01" }), ab: Partitions.fixed(["a", "b"]) }),
    now: "2023-03-01"
  }, [
    {
      up: [...days("2023-01-08", "2023-01-14"), "2023-02-01"],
      gives: ["a|2023-01-08", "a|2023-01-29", "b|2023-01-08", "b|2023-01-29"]
    },
    {
      down: ["a|2023-01-08", "b|2023-01-29"],
      gives: [...days("2023-01-08", "2023-01-14"), ...days("2023-01-29", "2023-02-04")]
    }
  ]],
  ["MAP37: weeks of a product from days", {
    down: Partitions.product({ week: Partitions.weekly({ start: "2023-01-01" }), ab: Partitions.fixed(["a", "b"]) }),
    up: daily("2023-01-01"),
    now: "2023-03-01"
  }, [
    {
      up: ["a|2023-01-08", "a|2023-01-29", "b|2023-01-08", "b|2023-01-29"],
      gives: [...days("2023-01-08", "2023-01-14"), ...days("2023-01-29", "2023-02-04")]
    }
  ]],
  ["MAP39: a letter and a week from the letter and its days", {
    down: Partitions.product({ abc, week: Partitions.weekly({ start: "2023-01-01" }) }),
    up: Partitions.product({ abc, day: daily("2023-01-01") }),
    mapping: product({
      abc: { dimension: "abc", mapping: identity },
      week: { dimension: "day", mapping: timeWindow() }
    })
  }, [
    { up: ["a|2023-01-01"], gives: days("2023-01-01", "2023-01-07").map((day) => `a|${day}`) },
    { down: ["b|2023-01-09", "c|2023-01-07"], gives: ["b|2023-01-08", "c|2023-01-01"] }
  ]],
  ["MAP39: dimensions that are not named do not matter", {
    down: Partitions.product({ abc, region: Partitions.fixed(["us", "eu"]) }),
    up: Partitions.product({ day: daily("2023-01-01", { end: "2023-01-03" }), letter: abc }),
    mapping: product({ abc: { dimension: "letter" } })
  }, [
    { up: ["a|us"], gives: ["2023-01-01|a", "2023-01-02|a"] },
    { down: ["2023-01-02|c"], gives: ["c|us", "c|eu"] }
  ]],
  ["a mapping in one dimension, and what it misses", {
    down: Partitions.product({ day: daily("2023-01-01"), region: Partitions.fixed(["us", "eu"]) }),
    up: Partitions.product({ day: daily("2023-01-03"), region: Partitions.fixed(["us", "eu"]) }),
    now: "2023-01-06"
  }, [
    { up: ["2023-01-01|us", "2023-01-04|eu"], gives: ["2023-01-04|eu"], missing: ["2023-01-01|*"] }
  ]],
  ["the day before in a product, for each region", {
    down: Partitions.product({ day: daily("2023-01-01"), region: Partitions.fixed(["us", "eu"]) }),
    up: Partitions.product({ day: daily("2023-01-01"), region: Partitions.fixed(["us", "eu"]) }),
    mapping: lag,
    now: "2023-01-06"
  }, [
    { up: ["2023-01-02|us", "2023-01-01|eu"], gives: ["2023-01-01|us"] },
    { down: ["2023-01-02|us"], gives: ["2023-01-03|us"] }
  ]],
  ["time windows around the end of a set", {
    down: daily("2023-01-01", { end: "2023-01-05" }),
    up: daily("2023-01-01", { end: "2023-01-05" }),
    mapping: timeWindow({ startOffset: -1, endOffset: 1 })
  }, [
    // there will never be another day
    { up: ["2023-01-01", "2023-01-04"], gives: days("2023-01-01", "2023-01-04") },
    { down: ["2023-01-04"], gives: ["2023-01-03", "2023-01-04"] }
  ]],
  ["a week that the end of the set cuts", {
    down: daily("2023-01-01"),
    up: Partitions.weekly({ start: "2023-01-01", end: "2023-01-11" }),
    mapping: timeWindow({ endOffset: 1 })
  }, [
    // only the offset leads out of the set
    { up: ["2023-01-07"], gives: ["2023-01-01"] },
    { up: ["2023-01-08"], gives: [], missing: ["2023-01-08"] },
    { up: ["2023-01-10", "2023-01-20"], gives: [], missing: ["2023-01-08", "2023-01-15"] }
  ]],
  ["time windows that are still to come", {
    down: daily("2023-01-01"),
    up: daily("2023-01-01"),
    mapping: timeWindow({ startOffset: 1, endOffset: 2 }),
    now: "2023-01-05"
  }, [
    { up: ["2023-01-03", "2023-01-04"], gives: ["2023-01-04"], missing: ["2023-01-05", "2023-01-06"] },
    { down: ["2023-01-04"], gives: ["2023-01-02", "2023-01-03"] }
  ]],
  ["windows that are left out downstream do not lead to the days between", {
    down: daily("2024-01-01", { exclusions: ["0 0 * * 0,6"] }),
    up: daily("2024-01-01"),
    now: "2024-02-01"
  }, [
    { up: ["2024-01-05", "2024-01-08"], gives: ["2024-01-05", "2024-01-08"] },
    { down: ["2024-01-05", "2024-01-06", "2024-01-08"], gives: ["2024-01-05", "2024-01-08"] },
    { down: ["2024-01-06"], gives: [] }
  ]],
  ["windows that are left out upstream are neither there nor missing", {
    down: daily("2024-01-01"),
    up: daily("2024-01-01", { exclusions: ["0 0 * * 0,6"] }),
    now: "2024-02-01"
  }, [
    { up: days("2024-01-05", "2024-01-07"), gives: ["2024-01-05"] },
    { down: ["2024-01-05", "2024-01-08"], gives: ["2024-01-05", "2024-01-08"] }
  ]],
  ["the working day before", {
    down: daily("2024-01-01", { exclusions: ["0 0 * * 0,6"] }),
    up: daily("2024-01-01", { exclusions: ["0 0 * * 0,6"] }),
    mapping: lag,
    now: "2024-02-01"
  }, [
    { up: ["2024-01-08", "2024-01-09"], gives: ["2024-01-05", "2024-01-08"] },
    { down: ["2024-01-05"], gives: ["2024-01-08"] }
  ]],
  ["days of two zones overlap", {
    down: daily("2024-01-02", { timeZone: "America/New_York" }),
    up: daily("2024-01-01"),
    now: "2024-02-01"
  }, [
    { up: ["2024-01-10"], gives: ["2024-01-10", "2024-01-11"] },
    { down: ["2024-01-10"], gives: ["2024-01-09", "2024-01-10"] }
  ]]
]

describe("where mappings lead", () => {
  for (const [name, pair, asks] of cases) {
    it(name, () => {
      assert.isUndefined(Mapping.problem(pair.mapping, pair.down, pair.up) ?? undefined)
      for (const ask of asks) {
        if ("up" in ask) {
          assert.deepStrictEqual(
            up(pair, ask.up),
            { keys: ask.gives, missing: ask.missing ?? [] },
            `up ${ask.up.join()}`
          )
        } else assert.deepStrictEqual(down(pair, ask.down), ask.gives, `down ${ask.down.join()}`)
      }
    })
  }
})

const regions = Partitions.fixed(["us", "eu"])
const dayAndRegion = Partitions.product({ day: daily("2024-01-01"), region: regions })

describe("what follows from two sets", () => {
  // a mapping that is left out leads where the given one does
  const inferred: ReadonlyArray<readonly [name: string, pair: Pair, mapping: PartitionMapping.PartitionMapping]> = [
    ["all for no partitions downstream", { up: letters }, PartitionMapping.all],
    ["identity for one set", { down: daily("2024-01-01"), up: daily("2024-01-01") }, identity],
    ["time windows for time windows", { down: daily("2024-01-01"), up: hourly("2024-01-01") }, timeWindow()],
    ["MAP33: identity for one product", { down: dayAndRegion, up: dayAndRegion }, identity],
    ["MAP33: the same dimension before time windows", {
      down: daily("2024-01-01"),
      up: Partitions.product({ day: daily("2024-01-01"), hour: hourly("2024-01-01") })
    }, PartitionMapping.dimension("day", identity)],
    ["MAP37: the only time windows", {
      down: Partitions.weekly({ start: "2024-01-01" }),
      up: dayAndRegion
    }, PartitionMapping.dimension("day", timeWindow())],
    [
      "dimensions with one name of two products",
      {
        down: Partitions.product({ day: Partitions.weekly({ start: "2024-01-01" }), region: regions, letter: abc }),
        up: Partitions.product({ day: daily("2024-01-01"), region: regions, letter: letters })
      },
      product({ day: { dimension: "day", mapping: timeWindow() }, region: { dimension: "region", mapping: identity } })
    ],
    ["all for two sets of keys", { down: abc, up: letters }, PartitionMapping.all],
    ["all for keys from time windows", { down: abc, up: daily("2024-01-01") }, PartitionMapping.all],
    ["MAP38: all where several dimensions fit", {
      down: abc,
      up: Partitions.product({ one: abc, two: abc })
    }, PartitionMapping.all],
    ["all for products that have nothing in common", {
      down: Partitions.product({ one: abc }),
      up: Partitions.product({ two: abc })
    }, PartitionMapping.all]
  ]
  for (const [name, pair, mapping] of inferred) {
    it(name, () => {
      const from = pair.down === undefined ? undefined : resolved(pair.down, "2024-01-20")
      const to = resolved(pair.up, "2024-01-20")
      const every = from === undefined ? [Subset.unit] : [...Subset.chunk(Subset.allOf(from), 7)]
      for (const subset of every) {
        assert.deepStrictEqual(
          Mapping.upstream(undefined, from, subset, to),
          Mapping.upstream(mapping, from, subset, to)
        )
      }
      for (const subset of Subset.chunk(Subset.allOf(to), 5)) {
        assert.deepStrictEqual(
          Mapping.downstream(undefined, to, subset, from),
          Mapping.downstream(mapping, to, subset, from)
        )
      }
      assert.strictEqual(Mapping.isSingle(undefined, pair.down, pair.up), Mapping.isSingle(mapping, pair.down, pair.up))
    })
  }
})

describe("mappings that cannot connect two sets", () => {
  const twice = Partitions.product({ one: abc, two: abc })
  const problems: ReadonlyArray<
    readonly [
      name: string,
      mapping: PartitionMapping.PartitionMapping,
      down: Partitions.Any | undefined,
      up: Partitions.Any | undefined,
      words: ReadonlyArray<string>
    ]
  > = [
    ["MAP38: no name where several dimensions fit", PartitionMapping.dimension(), abc, twice, [
      "name of the dimension must be given",
      "more than one",
      "\"one\", \"two\""
    ]],
    ["no name where no dimension fits", PartitionMapping.dimension(), letters, twice, ["none of"]],
    ["a dimension that is not there", PartitionMapping.dimension("three"), abc, twice, [
      "upstream",
      "\"three\"",
      "\"two\""
    ]],
    ["a dimension of no product", PartitionMapping.dimension("one"), abc, letters, ["product on one side"]],
    ["a dimension of two products", PartitionMapping.dimension("one"), twice, twice, ["use product"]],
    ["time windows for keys", timeWindow(), abc, daily("2024-01-01"), ["time windows on both sides"]],
    ["time windows of a product for a set", timeWindow(), dayAndRegion, daily("2024-01-01"), ["inside of dimension"]],
    ["time windows of products without any in common", timeWindow(), twice, twice, ["in common", "0"]],
    ["a start after the end", timeWindow({ startOffset: 1 }), daily("2024-01-01"), daily("2024-01-01"), [
      "leads nowhere"
    ]],
    ["half a window", timeWindow({ endOffset: 0.5 }), daily("2024-01-01"), daily("2024-01-01"), ["whole numbers"]],
    ["identity of a product and a set", identity, twice, abc, ["sets alike"]],
    ["identity of products with other dimensions", identity, twice, dayAndRegion, ["sets alike"]],
    ["product of a set", product({ one: { dimension: "one" } }), abc, twice, ["both sides"]],
    ["a downstream dimension that is not there", product({ three: { dimension: "one" } }), twice, twice, [
      "downstream",
      "\"three\""
    ]],
    ["an upstream dimension that is not there", product({ one: { dimension: "three" } }), twice, twice, [
      "upstream",
      "\"three\""
    ]],
    ["an upstream dimension twice", product({ one: { dimension: "one" }, two: { dimension: "one" } }), twice, twice, [
      "twice"
    ]],
    [
      "dimensions that have nothing to do with each other",
      product({ one: { dimension: "day" } }),
      twice,
      dayAndRegion,
      [
        "\"one\" and \"day\"",
        "time windows and keys"
      ]
    ],
    ["a product in a dimension", product({ one: { dimension: "one", mapping: product({}) } }), twice, twice, [
      "is no product"
    ]],
    ["a key that is not there", PartitionMapping.specific(["a", "lettr"]), abc, Partitions.fixed(["a", "letter"]), [
      "no upstream partition \"lettr\"",
      "Did you mean \"letter\""
    ]],
    ["a key of no window", PartitionMapping.specific(["2024-02-30"]), abc, daily("2024-01-01"), ["no key"]],
    ["a key of a window outside", PartitionMapping.specific(["2023-12-31"]), abc, daily("2024-01-01"), [
      "before the start"
    ]],
    ["a key of a product that lacks a part", PartitionMapping.specific(["us"]), abc, dayAndRegion, ["day|region"]],
    [
      "a key of a product with a part that is not there",
      PartitionMapping.specific(["2024-01-01|uk"]),
      abc,
      dayAndRegion,
      ["\"uk\""]
    ],
    ["no key", PartitionMapping.specific([]), abc, letters, ["names no partition"]],
    ["an upstream key that is not there", fixed({ e: "a" }), abc, letters, ["upstream", "\"e\""]],
    ["a downstream key that is not there", fixed({ a: ["a", "d"] }), abc, letters, ["downstream", "\"d\""]],
    ["identity without partitions downstream", identity, undefined, letters, ["downstream has no partitions"]],
    ["time windows without partitions downstream", timeWindow(), undefined, daily("2024-01-01"), [
      "downstream has no partitions"
    ]],
    ["without partitions upstream", PartitionMapping.all, abc, undefined, ["upstream has no partitions"]]
  ]
  for (const [name, mapping, down, up, words] of problems) {
    it(name, () => {
      const problem = Mapping.problem(mapping, down, up)
      assert.isDefined(problem)
      for (const word of words) assert.include(problem, word)
    })
  }

  it("are none where there is nothing to connect", () => {
    assert.isUndefined(Mapping.problem(undefined, abc, undefined))
    assert.isUndefined(Mapping.problem(undefined, undefined, undefined))
    assert.isUndefined(Mapping.problem(undefined, abc, twice))
    // its keys are not known before a run
    assert.isUndefined(Mapping.problem(PartitionMapping.specific(["apple"]), abc, Partitions.dynamic("fruits")))
  })
})

describe("one upstream partition at most", () => {
  const la = { timeZone: "America/Los_Angeles" }
  const singles: ReadonlyArray<
    readonly [
      single: boolean,
      mapping: PartitionMapping.PartitionMapping | undefined,
      down: Partitions.Any | undefined,
      up: Partitions.Any
    ]
  > = [
    [true, undefined, abc, abc],
    [true, undefined, daily("2024-01-01"), daily("2023-01-01")],
    [true, lag, daily("2024-01-01"), daily("2024-01-01")],
    [false, timeWindow({ startOffset: -1 }), daily("2024-01-01"), daily("2024-01-01")],
    [true, undefined, hourly("2024-01-01"), daily("2024-01-01")],
    [true, undefined, hourly("2024-01-01", la), Partitions.monthly({ start: "2024-01-01", ...la })],
    [true, undefined, daily("2024-01-01"), Partitions.weekly({ start: "2024-01-01" })],
    [false, undefined, daily("2024-01-01"), hourly("2024-01-01")],
    [false, undefined, hourly("2024-01-01"), daily("2024-01-01", la)],
    [false, undefined, hourly("2024-01-01"), daily("2024-01-01", { minuteOffset: 15 })],
    [false, undefined, Partitions.weekly({ start: "2024-01-01" }), Partitions.monthly({ start: "2024-01-01" })],
    [false, undefined, undefined, abc],
    [false, PartitionMapping.all, abc, abc],
    [true, PartitionMapping.last, undefined, dayAndRegion],
    [true, PartitionMapping.specific(["a"]), undefined, abc],
    [false, PartitionMapping.specific(["a", "b"]), undefined, abc],
    [true, fixed({ a: ["a", "b"], b: "c" }), abc, letters],
    [false, fixed({ a: "a", b: "a" }), abc, letters],
    [true, undefined, dayAndRegion, daily("2024-01-01")],
    [false, undefined, daily("2024-01-01"), dayAndRegion],
    [true, undefined, dayAndRegion, dayAndRegion],
    [true, lag, dayAndRegion, dayAndRegion],
    [true, product({ day: { dimension: "day" }, region: { dimension: "region" } }), dayAndRegion, dayAndRegion],
    [false, product({ day: { dimension: "day" } }), dayAndRegion, dayAndRegion]
  ]
  for (const [single, mapping, down, up] of singles) {
    it(`${mapping?._tag ?? "nothing given"}: ${down?.kind} from ${up.kind}, ${single}`, () => {
      assert.strictEqual(Mapping.isSingle(mapping, down, up), single)
      // a promise that is kept
      if (!single) return
      const from = down === undefined ? undefined : resolved(down, "2024-04-01")
      const to = resolved(up, "2024-04-01")
      for (const subset of from === undefined ? [Subset.unit] : Subset.chunk(Subset.allOf(from), 1)) {
        assert.isAtMost(Mapping.upstream(mapping, from, subset, to).existing.size, 1)
      }
    })
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// any mappings
// ---------------------------------------------------------------------------------------------------------------------

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Around a change of clocks in many of the zones. */
const starts = ["2024-03-08", "2024-10-25", "2024-11-01", "2023-09-28", "2011-12-27", "2024-02-27"]
const zones = [
  "UTC",
  "America/Los_Angeles",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Pacific/Apia"
]
const crons = ["0 * * * *", "0 0 * * *", "0 0 * * 0", "0 0 1 * *", "15 */6 * * *", "0 0,11 * * *", "30 2 * * *"]
const exclusions = [[], ["0 0 * * 1,6"], ["0 3,4 * * *", "30 2 9-12 * *"], [
  "0 6,12 * * *",
  "15 6 * * *",
  "0 0 8-14 3,11 *"
]]

const TimeSet = Schema.Struct({
  cron: between(0, crons.length - 1),
  day: between(0, 4),
  end: between(0, 12),
  endOffset: between(-1, 2),
  exclusions: between(0, exclusions.length - 1)
})

const TimeCase = Schema.Struct({
  start: between(0, starts.length - 1),
  zones: Schema.Tuple([between(0, zones.length - 1), between(0, zones.length - 1)]),
  sameZone: Schema.Boolean,
  sets: Schema.Tuple([TimeSet, TimeSet]),
  days: between(0, 11),
  startOffset: between(-3, 3),
  length: between(0, 3),
  seeds: Schema.Array(between(0, 400)).check(Schema.isMaxLength(12))
})

const timeSet = (of: typeof TimeSet.Type, start: string, timeZone: string): Partitions.TimeWindows => {
  const from = Date.parse(start) + of.day * 86_400_000
  return Partitions.cron(crons[of.cron]!, {
    start: new Date(from),
    // many sets have no end
    end: of.end > 8 ? undefined : new Date(from + (of.end + 1) * 86_400_000),
    timeZone,
    endOffset: of.endOffset,
    exclusions: exclusions[of.exclusions]!
  })
}

const windowsOf = (set: Partitions.Resolved) => {
  const { dimension } = set.dimensions[0]!
  if (dimension.kind !== "Windows") throw new Error("These are no time windows.")
  return dimension
}

const pick = (set: Partitions.Resolved, seeds: ReadonlyArray<number>): Subset.Subset => {
  const { size } = windowsOf(set)
  return size === 0 ? Subset.empty(1) : Subset.fromIndices(seeds.map((seed) => seed % size))
}

const each = (set: Partitions.Resolved) => [...Subset.chunk(Subset.allOf(set), 1)]

/** The same mapping, partition by partition: what its words say. */
const wordByWord = (
  mapping: PartitionMapping.PartitionMapping & PartitionMapping.TimeWindow,
  from: Partitions.Resolved,
  to: Partitions.Resolved
) => {
  const [down, up] = [windowsOf(from), windowsOf(to)]
  return Array.from({ length: down.size }, (_, index) => {
    const { start } = down.windowAt(index)
    const first = down.shifted(start, mapping.startOffset).start
    const { end } = down.shifted(start, mapping.endOffset)
    const needed = up.between(up.holding(first)?.start ?? first, end)
    const existing = needed.flatMap((window) => {
      const at = up.indexOf(up.keyOf(window))
      return at < 0 ? [] : [at]
    })
    return { existing: Subset.fromIndices(existing), missing: needed.length - existing.length }
  })
}

describe("mappings of any time windows", () => {
  const runs = { arbitrary: { runs: 300 } }
  const arrange = (of: typeof TimeCase.Type) => {
    const start = starts[of.start]!
    const zone = of.sameZone ? of.zones[0] : of.zones[1]
    const down = timeSet(of.sets[0], start, zones[of.zones[0]]!)
    const up = timeSet(of.sets[1], start, zones[zone]!)
    const mapping = timeWindow({ startOffset: of.startOffset, endOffset: of.startOffset + of.length })
    const now = Date.parse(start) + of.days * 86_400_000 + 3_600_000
    const moment = (set: Partitions.Any) => Partitions.resolveAt(set, now, new Map())
    if (mapping._tag !== "TimeWindow") throw new Error("This is another mapping.")
    return { mapping, from: moment(down), to: moment(up) }
  }

  it.effect.prop(
    "lead to what overlaps, one by one and all at once",
    [Arbitrary.schema(TimeCase)],
    ([of]) =>
      Effect.sync(() => {
        const { from, mapping, to } = arrange(of)
        const expected = wordByWord(mapping, from, to)
        each(from).forEach((subset, index) => {
          assert.deepStrictEqual(Mapping.upstream(mapping, from, subset, to).existing, expected[index]!.existing)
        })
        for (const subset of [pick(from, of.seeds), Subset.allOf(from)]) {
          const wanted = [...Subset.iterate(subset)].map(([index]) => expected[index!]!.existing)
          assert.deepStrictEqual(Mapping.upstream(mapping, from, subset, to).existing, Subset.unionAll(1, wanted))
        }
      }),
    runs
  )

  it.effect.prop(
    "lead back: upstream of a partition is what it is downstream of",
    [Arbitrary.schema(TimeCase)],
    ([of]) =>
      Effect.sync(() => {
        const { from, mapping, to } = arrange(of)
        const expected = wordByWord(mapping, from, to)
        const backwards = (subset: Subset.Subset) =>
          Subset.fromIndices(
            expected.flatMap(({ existing }, index) => Subset.intersection(existing, subset).size > 0 ? [index] : [])
          )
        for (const subset of [...each(to), pick(to, of.seeds), Subset.allOf(to)]) {
          assert.deepStrictEqual(Mapping.downstream(mapping, to, subset, from), backwards(subset))
        }
      }),
    runs
  )

  it.effect.prop("miss what is needed and does not exist", [Arbitrary.schema(TimeCase)], ([of]) =>
    Effect.sync(() => {
      const { from, to } = arrange(of)
      const still = timeWindow()
      if (still._tag !== "TimeWindow") throw new Error("This is another mapping.")
      const expected = wordByWord(still, from, to)
      let most = 0
      each(from).forEach((subset, index) => {
        const { missing, missingCount } = Mapping.upstream(still, from, subset, to)
        assert.strictEqual(missingCount, expected[index]!.missing)
        assert.strictEqual(missing.length, Math.min(10, missingCount))
        for (const key of missing) assert.isUndefined(to.indicesOf(key))
        most = Math.max(most, missingCount)
        const allowed = Mapping.upstream({ ...still, allowNonexistent: true }, from, subset, to)
        assert.strictEqual(allowed.missingCount, 0)
      })
      const all = Mapping.upstream(still, from, Subset.allOf(from), to)
      const sum = expected.reduce((sum, { missing }) => sum + missing, 0)
      assert.isTrue(all.missingCount >= most && all.missingCount <= sum)
    }), runs)
})

describe("mappings of any products", () => {
  const Keys = Schema.Array(between(0, 200)).check(Schema.isMaxLength(8))
  const digits = Partitions.fixed(["1", "2", "3"])
  const others = Partitions.fixed(["3", "1", "4"])
  const week = Partitions.weekly({ start: "2024-01-01" })
  const month = daily("2024-01-03", { end: "2024-01-20" })
  const pairs: ReadonlyArray<Pair & { readonly up: Partitions.Any; readonly down: Partitions.Any }> = [
    {
      down: Partitions.product({ a: abc, d: digits, w: week }),
      up: Partitions.product({ a: letters, d: digits, t: month })
    },
    {
      down: Partitions.product({ a: abc, d: digits, w: week }),
      up: Partitions.product({ x: letters, y: others, z: month }),
      mapping: product({
        a: { dimension: "x", mapping: fixed({ a: ["b", "c"], d: "a" }) },
        d: { dimension: "y" },
        w: { dimension: "z", mapping: timeWindow({ startOffset: -1 }) }
      })
    },
    {
      down: Partitions.product({ a: abc, d: digits }),
      up: Partitions.product({ x: letters, y: others, z: month }),
      mapping: product({
        a: { dimension: "y", mapping: PartitionMapping.last },
        d: { dimension: "x", mapping: PartitionMapping.specific(["a", "c"]) }
      })
    },
    { down: month, up: Partitions.product({ d: digits, w: week }) },
    { down: Partitions.product({ d: digits, w: week }), up: month },
    { down: Partitions.product({ a: abc, t: month }), up: Partitions.product({ a: abc, t: month }), mapping: lag },
    {
      down: Partitions.product({ a: abc, d: digits }),
      up: Partitions.product({ a: letters, d: others }),
      mapping: identity
    },
    { down: abc, up: Partitions.product({ a: letters, d: others }), mapping: PartitionMapping.last },
    { down: Partitions.product({ a: abc }), up: Partitions.product({ b: abc, c: digits }) }
  ]
  const Case = Schema.Struct({ pair: between(0, pairs.length - 1), keys: Keys })

  it.effect.prop(
    "are followed as if partition by partition, both ways",
    [Arbitrary.schema(Case)],
    ([of]) =>
      Effect.sync(() => {
        const { down, mapping, up } = pairs[of.pair]!
        const [from, to] = [resolved(down, "2024-01-17"), resolved(up, "2024-01-17")]
        const take = (set: Partitions.Resolved) => {
          const every = [...Subset.iterate(Subset.allOf(set))]
          return Subset.fromTuples(set.dimensions.length, of.keys.map((seed) => every[seed % every.length]!))
        }
        const upOf = (subset: Subset.Subset) => Mapping.upstream(mapping, from, subset, to)
        const downOf = (subset: Subset.Subset) => Mapping.downstream(mapping, to, subset, from)
        const [some, others] = [take(from), take(to)]
        const single = [...Subset.chunk(some, 1)].map(upOf)
        const together = upOf(some)
        assert.deepStrictEqual(
          together.existing,
          Subset.unionAll(to.dimensions.length, single.map(({ existing }) => existing))
        )
        assert.deepStrictEqual(new Set(together.missing), new Set(single.flatMap(({ missing }) => missing)))
        assert.strictEqual(together.missingCount, together.missing.length)
        assert.deepStrictEqual(
          downOf(others),
          Subset.unionAll(from.dimensions.length, [...Subset.chunk(others, 1)].map(downOf))
        )
        // u is upstream of d if and only if d is downstream of u
        for (const d of Subset.chunk(some, 1)) {
          const upstream = upOf(d).existing
          for (const u of Subset.chunk(others, 1)) {
            assert.strictEqual(
              Subset.intersection(upstream, u).size > 0,
              Subset.intersection(downOf(u), d).size > 0
            )
          }
        }
      }),
    { arbitrary: { runs: 300 } }
  )
})

describe("types of mappings", () => {
  type Mapping<Down, Up> = PartitionMapping.PartitionMapping<Down, Up>
  type Day = Partitions.TimeWindow
  interface Sale {
    readonly day: Day
    readonly region: "us" | "eu"
  }

  it("say what partitions a mapping is for", () => {
    const right: readonly [
      Mapping<Day, Day>,
      Mapping<undefined, Day>,
      Mapping<"a" | "b", string>,
      Mapping<Sale, { readonly day: Day }>
    ] = [timeWindow(), PartitionMapping.last, fixed({ a: "b" }), product({ day: { dimension: "day" } })]
    // @ts-expect-error: letters are no time windows
    const letter: Mapping<"a", Day> = timeWindow()
    // @ts-expect-error: there is no partition downstream that could be the same
    const none: Mapping<undefined, Day> = identity
    // @ts-expect-error: there is no such dimension downstream
    const area: Mapping<Sale, Sale> = product({ area: { dimension: "region" } })
    // @ts-expect-error: there is no such dimension upstream
    const other: Mapping<Sale, Sale> = product({ region: { dimension: "area" } })
    // what takes any mapping takes each of them
    const any: ReadonlyArray<PartitionMapping.PartitionMapping> = [...right, letter, none, area, other]
    // a mapping is plain data
    assert.deepStrictEqual(JSON.parse(JSON.stringify(any)), [...any])
  })
})
