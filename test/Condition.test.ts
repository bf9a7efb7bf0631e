import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Asset, Check, Condition, Freshness, Graph, PartitionMapping, Partitions } from "effect-assets"
import { at, mistake, nothing, Play, sizes } from "./fixtures/conditions.ts"

const hour = 3_600_000
const value = Effect.succeed(1)
const compute = () => value

type Options = Partial<Parameters<typeof Asset.make>[1] & object> & {
  readonly partitions?: Partitions.Any
  readonly deps?: ReadonlyArray<Asset.AnyInput>
  readonly automation?: Condition.Condition
}

/** An asset whose types do not matter. */
const asset = (key: string, options: Options = {}): Asset.Any =>
  Asset.make(key, { ...options, compute } as never) as Asset.Any

/** `A`, and `B` that is computed from it and has a condition. */
const pair = (
  automation: Condition.Condition,
  options: { readonly partitions?: Partitions.Any; readonly a?: Condition.Condition } = {}
): Graph.Any => {
  const { partitions } = options
  const all = partitions === undefined ? {} : { partitions }
  const a = asset("A", { ...all, ...(options.a !== undefined && { automation: options.a }) })
  return Graph.fromAssets([a, asset("B", { ...all, deps: [a], automation })])
}

/** `B`, which has a condition. */
const single = (automation: Condition.Condition, options: Options = {}): Graph.Any =>
  Graph.fromAssets([asset("B", { ...options, automation })])

type Step = (play: Play) => unknown
const a: Step = (play) => play.run(["A"])
const b: Step = (play) => play.run(["B"])

const hourly = Partitions.hourly({ start: "2019-01-01" })

describe("Condition", () => {
  describe("eager", () => {
    it("AUT01: once for each update of what is upstream; a failure is not tried again at once", () => {
      const steps = [nothing, a, nothing, nothing, b, a, (play: Play) => play.run(["B"], { failed: ["B"] })]
      assert.deepStrictEqual(sizes(new Play(pair(Condition.eager())), steps), [0, 1, 0, 0, 0, 1, 0])
    })

    it("AUT02: only the latest time window", () => {
      const play = new Play(pair(Condition.eager(), { partitions: hourly }), "2020-02-02T01:05")
      assert.deepStrictEqual(
        sizes(play, [
          (play) => play.run([["A", "2019-07-05-00:00"]]),
          (play) => play.run([["A", "2020-02-02-00:00"]]),
          (play) => play.run([["B", "2020-02-02-00:00"]]),
          (play) => play.later(hour),
          (play) => play.run([["A", "2020-02-02-01:00"]]),
          (play) => play.run([["B", "2020-02-02-01:00"]], { failed: [["B", "2020-02-02-01:00"]] })
        ]),
        [0, 1, 0, 0, 1, 0]
      )
    })

    it("AUT03: what is missing at first is not made up for, what is new later is requested", () => {
      const graph = (...keys: ReadonlyArray<string>) => {
        const partitions = Partitions.fixed(keys)
        return Graph.fromAssets(["A", "B"].map((key) => asset(key, { partitions, automation: Condition.eager() })))
      }
      const play = new Play(graph("a", "b"))
      assert.deepStrictEqual(play.tick(), [])
      play.graph = graph("a", "b", "c", "d")
      assert.deepStrictEqual(play.tick(), ["A[c]", "A[d]", "B[c]", "B[d]"])
      assert.deepStrictEqual(play.tick(), [])
    })

    it("AUT04: an asset that is computed from its own partition of the day before", () => {
      const partitions = Partitions.daily({ start: "2024-08-01" })
      const root = asset("root", { partitions })
      const own = Asset.make("B", {
        partitions,
        deps: [root],
        schema: Schema.Number,
        inputs: { before: Asset.previous(Schema.Number) },
        automation: Condition.eager(),
        compute: () => Effect.succeed(1)
      })
      const play = new Play(Graph.fromAssets([root, own]), "2024-08-16T01:01")
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.run([["root", "2024-08-15"], ["B", "2024-08-14"]]),
        nothing,
        (play) => play.run([["B", "2024-08-14"]]),
        nothing
      ]
      assert.deepStrictEqual(sizes(play, steps), [0, 1, 0, 1, 0])
    })

    it("AUT05: a product whose time windows are computed from the window before", () => {
      const partitions = Partitions.product({
        date: Partitions.daily({ start: "2024-08-10" }),
        letter: Partitions.fixed(["a", "b"])
      })
      const parent = asset("parent", { partitions })
      const child = Asset.make("B", {
        partitions,
        deps: [parent],
        schema: Schema.Number,
        inputs: {
          before: Asset.previous(Schema.Number, {
            mapping: PartitionMapping.product({
              date: { dimension: "date", mapping: PartitionMapping.timeWindow({ startOffset: -1, endOffset: -1 }) },
              letter: { dimension: "letter" }
            })
          })
        },
        automation: Condition.without(Condition.eager(), Condition.inLatestTimeWindow()),
        compute: () => Effect.succeed(1)
      })
      const play = new Play(Graph.fromAssets([parent, child]), "2024-08-17T01:00")
      assert.deepStrictEqual(play.tick(), [])
      play.run([["parent", "2024-08-16|a"]])
      assert.deepStrictEqual(play.tick(), [])
      play.run([["B", "2024-08-15|a"]])
      assert.deepStrictEqual(play.tick(), ["B[2024-08-16|a]"])
    })

    it("what is requested upstream is followed in the same evaluation, down the whole chain", () => {
      const root = asset("R")
      const chain = [root, asset("A", { deps: [root], automation: Condition.eager() })]
      const m = asset("M", { deps: [chain[1]!], automation: Condition.eager() })
      const play = new Play(Graph.fromAssets([...chain, m, asset("B", { deps: [m], automation: Condition.eager() })]))
      play.run(["R", "A", "M", "B"])
      assert.deepStrictEqual(play.tick(), [])
      play.run(["R"])
      assert.deepStrictEqual(play.tick(), ["A", "M", "B"])
      assert.deepStrictEqual(play.tick(), [])
      play.run(["A", "M", "B"])
      assert.deepStrictEqual(play.tick(), [])
    })

    it("a run that was to compute both does not start another one, whatever came of it", () => {
      const play = new Play(pair(Condition.eager())).run(["A", "B"])
      assert.deepStrictEqual(play.tick(), [])
      play.run(["A", "B"], { failed: ["B"] })
      assert.deepStrictEqual(play.tick(), [])
      play.run(["A", "B"], { skipped: ["B"] })
      assert.deepStrictEqual(play.tick(), [])
      play.run(["A"])
      assert.deepStrictEqual(play.tick(), ["B"])
    })

    it("a run of some partitions leaves the others to be requested", () => {
      const partitions = Partitions.fixed(["1", "2", "3"])
      const first = asset("A", { partitions: Partitions.fixed(["x", "y", "z"]) })
      const toAll = Asset.partitions(first as never, { mapping: PartitionMapping.all as never })
      const play = new Play(Graph.fromAssets([
        first,
        asset("B", { partitions, deps: [toAll], automation: Condition.eager() })
      ]))
      play.run([["A", "x", "y", "z"], ["B", "1", "2", "3"]])
      assert.deepStrictEqual(play.tick(), [])
      // one run computes x and was to compute 2: 1 and 3 have not seen it
      play.run([["A", "x"], ["B", "2"]], { failed: [["B", "2"]] })
      assert.deepStrictEqual(play.tick(), ["B[1]", "B[3]"])
    })

    it("nothing is requested while it, or something upstream, is being computed", () => {
      const play = new Play(pair(Condition.eager())).run(["A", "B"])
      play.tick()
      play.run(["A"]).run(["A"], { running: true, id: "running" })
      assert.deepStrictEqual(play.tick(), [])
      play.append({ _tag: "RunFinished", runId: "running", timestamp: 0, status: "Failed", durationMillis: 1 })
      assert.deepStrictEqual(play.tick(), ["B"])
    })
  })

  describe("onCron", () => {
    const onCron = Condition.onCron("0 * * * *")

    it("AUT07: once after each tick, when what is upstream was updated since", () => {
      const play = new Play(pair(onCron), "2020-08-16T00:55")
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.at("2020-08-16T01:05"),
        a,
        b,
        a,
        (play) => play.at("2020-08-16T02:05"),
        a
      ]
      assert.deepStrictEqual(sizes(play, steps), [0, 0, 1, 0, 0, 0, 1])
    })

    it("AUT08: only the latest partition", () => {
      const play = new Play(pair(onCron, { partitions: hourly }), "2020-02-02T00:55")
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.at("2020-02-02T01:05"),
        (play) => play.run([["A", "2019-07-05-00:00"]]),
        (play) => play.run([["A", "2020-02-02-00:00"]]),
        (play) => play.run([["B", "2020-02-02-00:00"]]),
        (play) => play.at("2020-02-02T02:05"),
        (play) => play.run([["A", "2020-02-02-00:00"]]),
        (play) => play.run([["A", "2020-02-02-01:00"]])
      ]
      assert.deepStrictEqual(sizes(play, steps), [0, 0, 0, 1, 0, 0, 0, 1])
    })

    it("AUT09: an external asset that is observed, and what is computed from it after that", () => {
      const source = Asset.external("A", { observe: Effect.succeed("version"), automation: onCron })
      const play = new Play(Graph.fromAssets([source, asset("B", { deps: [source], automation: onCron })]))
      assert.deepStrictEqual(play.at("2020-02-02T04:35").tick(), [])
      assert.deepStrictEqual(play.at("2020-02-02T05:05").tick(), ["A", "B"])
      assert.deepStrictEqual(play.last?.requests.map(({ kind }) => kind), ["observe", "asset"])
      play.observe("A", "1").run(["B"])
      assert.deepStrictEqual(play.at("2020-02-02T05:06").tick(), [])
      // the same data is found: it is computed all the same
      play.observe("A", "1")
      assert.deepStrictEqual(play.at("2020-02-02T06:06").tick(), ["A", "B"])
    })

    it("what is observed only by hand is waited for", () => {
      const source = Asset.external("A", { observe: Effect.succeed("version") })
      const play = new Play(Graph.fromAssets([source, asset("B", { deps: [source], automation: onCron })]))
      play.at("2020-02-02T04:35").tick()
      assert.deepStrictEqual(play.at("2020-02-02T05:05").tick(), [])
      assert.deepStrictEqual(play.observe("A", "1").tick(), ["B"])
    })

    it("AUT10: another order of deps changes nothing that is remembered", () => {
      const automation = Condition.allDepsUpdatedSinceCron("0 * * * *")
      const [first, second] = [asset("A"), asset("C")]
      const graph = (deps: ReadonlyArray<Asset.Any>) =>
        Graph.fromAssets([first, second, asset("B", { deps, automation })])
      const play = new Play(graph([second]), "2020-02-02T00:55")
      play.tick()
      play.at("2020-02-02T01:05").tick()
      play.graph = graph([second, first])
      play.run(["C"])
      assert.deepStrictEqual(play.tick(), [])
      play.graph = graph([first, second])
      play.run(["A"])
      assert.deepStrictEqual(play.tick(), ["B"])
    })

    it("a changed condition begins anew, and the others go on", () => {
      const graph = (own: Condition.Condition) => {
        const source = asset("A")
        return Graph.fromAssets([
          source,
          asset("B", { deps: [source], automation: own }),
          asset("C", { deps: [source], automation: onCron })
        ])
      }
      const play = new Play(graph(onCron), "2020-02-02T00:55")
      play.tick()
      play.at("2020-02-02T01:05").tick()
      play.graph = graph(Condition.or(onCron, Condition.newlyRequested))
      play.run(["A"])
      assert.deepStrictEqual(play.tick(), ["C"])
    })

    it.each(["0 */5 * * *", "@daily", "*/15 * * * 1-6"])("AUT11: reads %s", (cron) => {
      assert.isTrue(Schema.is(Condition.Condition)(Condition.onCron(cron)))
    })

    it.each(["* /15 * * * 1-6", "totally-invalid", "", "99 * * * *"])("AUT11: refuses %s", (cron) => {
      assert.match(
        mistake(() => Condition.onCron(cron)),
        /^The condition is not valid: the cron expression .* is not valid/
      )
    })

    it("refuses a time zone that there is none", () => {
      assert.match(
        mistake(() => Condition.onCron("@daily", { timeZone: "Mars/Olympus" })),
        /no time zone "Mars\/Olympus"/
      )
    })

    it("goes by the time zone", () => {
      const play = new Play(single(Condition.cronTickPassed("0 6 * * *", { timeZone: "Europe/Berlin" })))
      const steps = ["2024-07-01T03:59", "2024-07-01T04:00", "2024-07-01T04:00:01", "2024-07-02T04:30"]
      assert.deepStrictEqual(sizes(play, steps.map((time) => (play: Play) => play.at(time))), [0, 1, 0, 1])
    })
  })

  it("AUT13: onMissing, for hours", () => {
    const play = new Play(pair(Condition.onMissing(), { partitions: hourly }), "2020-02-02T00:05")
    const steps: ReadonlyArray<Step> = [
      nothing,
      (play) => play.later(hour).run([["A", "2019-07-05-00:00"]]),
      (play) => play.run([["A", "2020-02-02-00:00"]]),
      nothing,
      (play) => play.later(hour),
      (play) => play.run([["A", "2020-02-02-01:00"]]),
      (play) => play.run([["A", "2020-02-02-01:00"]])
    ]
    assert.deepStrictEqual(sizes(play, steps), [0, 0, 1, 0, 0, 1, 0])
  })

  describe("operators", () => {
    it("AUT15: since, and the evaluations in which it was triggered and reset", () => {
      const [trigger, reset] = [asset("T"), asset("R")]
      const newly = (key: string) => Condition.assetMatches(key, Condition.newlyUpdated)
      const own = asset("B", { automation: Condition.since(newly("T"), newly("R")) })
      const play = new Play(Graph.fromAssets([trigger, reset, own]))
      const t: Step = (play) => play.run(["T"])
      const r: Step = (play) => play.run(["R"])
      const triggers: Array<number | undefined> = []
      const resets: Array<number | undefined> = []
      const counts = [nothing, t, r, t, nothing, t, r, nothing, (play: Play) => play.run(["T", "R"])].map((step) => {
        step(play)
        const count = play.tick().length
        const state = play.cursor!.entities[0]!.nodes[0]
        triggers.push(state?.trigger)
        resets.push(state?.reset)
        return count
      })
      assert.deepStrictEqual(counts, [0, 1, 0, 1, 1, 1, 0, 0, 0])
      assert.deepStrictEqual(triggers, [undefined, 1, 1, 3, 3, 5, 5, 5, 8])
      assert.deepStrictEqual(resets, [undefined, undefined, 2, 2, 2, 2, 6, 6, 8])
      assert.deepInclude(play.explanation("B")?.root, { trigger: 8, reset: 8 })
    })

    it("newlyTrue holds once", () => {
      const play = new Play(single(Condition.newlyTrue(Condition.not(Condition.missing))))
      const steps: ReadonlyArray<Step> = [nothing, b, nothing, (play) => Effect.runSync(play.log.wipe(["B"])), b]
      assert.deepStrictEqual(sizes(play, steps), [0, 1, 0, 0, 1])
    })

    it("what a part remembers does not depend on what comes before it", () => {
      const once = Condition.newlyTrue(Condition.not(Condition.missing))
      const play = new Play(single(Condition.and(Condition.assetMatches("B", Condition.executionFailed), once)))
      play.tick()
      play.run(["B"]).tick()
      // it was newly true while what stands before it did not hold
      play.run(["B"], { failed: ["B"] })
      assert.deepStrictEqual(play.tick(), [])
    })

    it.each(
      [
        ["allow", { allow: ["A"] }],
        ["ignore", { ignore: "key:C" }]
      ] as const
    )("AUT22: any dep is missing, %s", (_, options) => {
      const partitions = Partitions.fixed(["1", "2"])
      const [first, other] = [asset("A", { partitions }), asset("C", { partitions })]
      const automation = Condition.anyDepsMatch(Condition.missing, options)
      const play = new Play(
        Graph.fromAssets([first, other, asset("B", { partitions, deps: [first, other], automation })])
      )
      const wiped: Step = (play) => Effect.runSync(play.log.wipe(["A"]))
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.run([["A", "1"]]),
        (play) => play.run([["A", "2"]]),
        (play) => {
          wiped(play)
          play.run([["A", "1"], ["C", "2"]])
        },
        (play) => {
          wiped(play)
          play.run([["C", "1"]])
        }
      ]
      assert.deepStrictEqual(sizes(play, steps), [2, 1, 0, 1, 2])
    })

    it("AUT23: deps by a selection of keys and groups", () => {
      const deps = ["A", "M", "N"].map((key) => asset(key, { group: "foo" }))
      const more = ["D", "E"].map((key) => asset(key, { group: "bar" }))
      const all = [...deps, ...more]
      const automation = Condition.anyDepsMatch(Condition.missing, { allow: "key:A or group:bar" })
      const play = new Play(Graph.fromAssets([...all, asset("B", { deps: all, automation })]))
      assert.deepStrictEqual(sizes(play, [nothing, a, (play) => play.run(["D", "E"])]), [1, 1, 0])
    })

    it("every dep matches where there is none", () => {
      assert.deepStrictEqual(sizes(new Play(single(Condition.allDepsMatch(Condition.missing))), [nothing]), [1])
      assert.deepStrictEqual(sizes(new Play(single(Condition.anyDepsMatch(Condition.missing))), [nothing]), [0])
    })

    it("deps by partition: a day for its hours, all for what has none", () => {
      const days = Partitions.daily({ start: "2024-01-01" })
      const hours = asset("A", { partitions: Partitions.hourly({ start: "2024-01-01" }) })
      const day = asset("D", {
        partitions: days,
        deps: [hours],
        automation: Condition.not(Condition.anyDepsMatch(Condition.missing))
      })
      const whole = asset("B", {
        deps: [day],
        automation: Condition.allDepsMatch(Condition.not(Condition.missing))
      })
      const play = new Play(Graph.fromAssets([hours, day, whole]), "2024-01-03T00:30")
      const hoursOf = (date: string) => Array.from({ length: 24 }, (_, n) => `${date}-${String(n).padStart(2, "0")}:00`)
      assert.deepStrictEqual(play.tick(), [])
      play.run([["A", ...hoursOf("2024-01-01"), ...hoursOf("2024-01-02").slice(1)]])
      assert.deepStrictEqual(play.tick(), ["D[2024-01-01]"])
      play.run([["D", "2024-01-01"]])
      assert.deepStrictEqual(play.tick(), ["D[2024-01-01]"])
      play.run([["D", "2024-01-02"]])
      assert.deepStrictEqual(play.tick(), ["D[2024-01-01]", "B"])
    })
  })

  describe("operands", () => {
    it("AUT16: newlyUpdated", () => {
      const play = new Play(single(Condition.newlyUpdated))
      assert.deepStrictEqual(sizes(play, [nothing, b, nothing, nothing, b, b, nothing]), [0, 1, 0, 0, 1, 1, 0])
    })

    it("newlyUpdated holds for nothing at the first evaluation", () => {
      assert.deepStrictEqual(sizes(new Play(single(Condition.newlyUpdated)), [b, nothing, b]), [0, 0, 1])
    })

    it("an asset that comes to be a dep was not newly updated by what is older", () => {
      const [source, other] = [asset("A"), asset("C")]
      const automation = Condition.anyDepsMatch(Condition.newlyUpdated)
      const graph = (...deps: ReadonlyArray<Asset.Any>) => Graph.fromAssets([...deps, asset("B", { deps, automation })])
      const play = new Play(graph(source))
      const added: Step = (play) => {
        play.graph = graph(source, other)
      }
      // of which it is not read that it was computed, while it is in another graph
      const elsewhere: Step = (play) => play.run(["C"])
      assert.deepStrictEqual(sizes(play, [nothing, elsewhere, added, elsewhere]), [0, 0, 0, 1])
    })

    it("AUT17: newlyUpdated of what is observed, when its data is other data", () => {
      const source = Asset.external("A", { observe: Effect.succeed("1") })
      const automation = Condition.anyDepsMatch(Condition.newlyUpdated)
      const play = new Play(Graph.fromAssets([source, asset("B", { deps: [source], automation })]))
      play.tick()
      const seen = (version: string): Step => (play) => play.observe("A", version)
      const steps = [seen("v1"), nothing, seen("v1"), seen("v2"), seen("v3"), nothing]
      assert.deepStrictEqual(sizes(play, steps), [1, 0, 0, 1, 1, 0])
    })

    it("AUT20: newlyRequested, in the evaluation after", () => {
      const source = asset("A", { automation: Condition.newlyUpdated })
      const automation = Condition.anyDepsMatch(Condition.newlyRequested)
      const play = new Play(Graph.fromAssets([source, asset("B", { deps: [source], automation })]))
      play.tick()
      assert.deepStrictEqual(sizes(play, [a, nothing, nothing]), [0, 1, 0])
    })

    it("AUT25: an observation that is requested is no update", () => {
      const automation = Condition.cronTickPassed("* * * * *")
      const source = Asset.external("A", { observe: Effect.succeed("1"), automation })
      const downstream = Condition.anyDepsMatch(Condition.willBeRequested)
      const play = new Play(Graph.fromAssets([source, asset("B", { deps: [source], automation: downstream })]))
      play.tick()
      assert.deepStrictEqual(play.later(60_000).tick(), ["A"])
      const made = asset("A", { automation })
      const other = new Play(Graph.fromAssets([made, asset("B", { deps: [made], automation: downstream })]))
      other.tick()
      assert.deepStrictEqual(other.later(60_000).tick(), ["A", "B"])
    })

    it("AUT26: the latest time window, and those before", () => {
      const partitions = Partitions.daily({ start: "2020-02-01" })
      const play = new Play(single(Condition.inLatestTimeWindow(), { partitions }), "2020-02-01")
      assert.deepStrictEqual(play.tick(), [])
      assert.deepStrictEqual(play.at("2020-02-02T01:00").tick(), ["B[2020-02-01]"])
      assert.deepStrictEqual(play.at("2020-02-07T01:00").tick(), ["B[2020-02-06]"])
      play.graph = single(Condition.inLatestTimeWindow({ lookback: "3 days" }), { partitions })
      assert.deepStrictEqual(play.tick(), ["B[2020-02-04]", "B[2020-02-05]", "B[2020-02-06]"])
    })

    it("everything is in the latest time window where there are none, and of a product its last days", () => {
      const letters = Partitions.fixed(["a", "b"])
      assert.deepStrictEqual(sizes(new Play(single(Condition.inLatestTimeWindow())), [nothing]), [1])
      const play = new Play(single(Condition.inLatestTimeWindow(), { partitions: letters }))
      assert.deepStrictEqual(play.tick(), ["B[a]", "B[b]"])
      const partitions = Partitions.product({ date: Partitions.daily({ start: "2020-02-01" }), letter: letters })
      const product = new Play(single(Condition.inLatestTimeWindow(), { partitions }), "2020-02-04")
      assert.deepStrictEqual(product.tick(), ["B[2020-02-03|a]", "B[2020-02-03|b]"])
    })

    it.each(["0 seconds", "-1 day", "Infinity"] as const)("refuses a lookback of %s", (lookback) => {
      const input = lookback === "Infinity" ? Infinity : lookback
      assert.match(mistake(() => Condition.inLatestTimeWindow({ lookback: input as never })), /lookback must be longer/)
    })

    it("AUT27: executionFailed, by partition", () => {
      const play = new Play(single(Condition.executionFailed, { partitions: Partitions.fixed(["1", "2"]) }))
      const failing = (...keys: ReadonlyArray<string>): Step => (play) =>
        play.run([["B", ...keys]], { failed: keys.map((key) => ["B", key] as const) })
      const working = (...keys: ReadonlyArray<string>): Step => (play) => play.run([["B", ...keys]])
      assert.deepStrictEqual(sizes(play, [failing("1"), working("1"), failing("1", "2"), working("1", "2")]), [
        1,
        0,
        2,
        0
      ])
    })

    it("AUT28: executionFailed, unless it was materialized in the run that failed", () => {
      const other = asset("C")
      const graph = Graph.fromAssets([other, asset("B", { deps: [other], automation: Condition.executionFailed })])
      const steps: ReadonlyArray<Step> = [
        b,
        // what another run has materialized before changes nothing
        (play) => play.run(["C", "B"], { failed: ["C", "B"] }),
        nothing,
        (play) => play.run(["C", "B"], { failed: ["C"] })
      ]
      assert.deepStrictEqual(sizes(new Play(graph), steps), [0, 1, 1, 0])
    })

    it("AUT29: partitions that what is upstream does not have yet", () => {
      const source = asset("A", { partitions: Partitions.hourly({ start: "2013-01-01", endOffset: -2 }) })
      const own = asset("B", {
        partitions: Partitions.hourly({ start: "2013-01-01" }),
        deps: [source],
        automation: Condition.anyDepsRequiredButNonexistent
      })
      const play = new Play(Graph.fromAssets([source, own]), "2013-01-07T12:01")
      assert.deepStrictEqual(play.tick(), ["B[2013-01-07-10:00]", "B[2013-01-07-11:00]"])
      assert.deepStrictEqual(play.at("2013-01-07T14:01").tick(), ["B[2013-01-07-12:00]", "B[2013-01-07-13:00]"])
    })

    it("AUT30: a day whose last hours do not exist yet, with and without a guard", () => {
      const source = asset("A", { partitions: Partitions.hourly({ start: "2013-01-05", endOffset: -2 }) })
      const graph = (automation: Condition.Condition) =>
        Graph.fromAssets([
          source,
          asset("B", { partitions: Partitions.daily({ start: "2013-01-05" }), deps: [source], automation })
        ])
      const hours = Array.from({ length: 24 }, (_, n) => `2013-01-05-${String(n).padStart(2, "0")}:00`)
      const played = (automation: Condition.Condition) => {
        const play = new Play(graph(automation), "2013-01-05T23:59")
        play.tick()
        play.run([["A", ...hours.slice(0, 21)]]).tick()
        const found = [play.at("2013-01-06T00:01").run([["A", hours[21]!]]).tick().length]
        for (
          const [time, at] of [["2013-01-06T01:01", 22], ["2013-01-06T02:01", 23], ["2013-01-06T02:02", 23]] as const
        ) {
          play.at(time)
          if (time !== "2013-01-06T02:02") play.run([["A", hours[at]!]])
          found.push(play.tick().length)
        }
        return found
      }
      assert.strictEqual(played(Condition.eager())[0], 1)
      const guarded = Condition.and(Condition.eager(), Condition.not(Condition.anyDepsRequiredButNonexistent))
      assert.deepStrictEqual(played(guarded), [0, 0, 1, 0])
    })

    it("AUT32: a product whose days do not exist upstream yet", () => {
      const source = asset("A", { partitions: Partitions.daily({ start: "2013-01-01", endOffset: -1 }) })
      const partitions = Partitions.product({
        date: Partitions.daily({ start: "2013-01-01" }),
        letter: Partitions.fixed(["a", "b"])
      })
      const own = asset("B", { partitions, deps: [source], automation: Condition.anyDepsRequiredButNonexistent })
      const play = new Play(Graph.fromAssets([source, own]), "2013-01-08")
      assert.deepStrictEqual(play.tick(), ["B[2013-01-07|a]", "B[2013-01-07|b]"])
    })

    it("AUT33: conditions downstream, each once, and no end in sight is none", () => {
      const any = Condition.anyDownstreamConditions
      const first = asset("a", { automation: any })
      const [left, right] = [
        asset("left1", { deps: [first], automation: any }),
        asset("left2", { deps: [first], automation: any })
      ]
      const graph = Graph.fromAssets([
        first,
        left,
        right,
        asset("b", { deps: [left], automation: Condition.inProgress }),
        asset("c", { deps: [right], automation: Condition.missing }),
        asset("d", { deps: [first], automation: Condition.inProgress })
      ])
      const play = new Play(graph)
      assert.deepStrictEqual(play.tick(), ["a", "left2", "c"])
      assert.deepStrictEqual(play.explanation("a")?.root.children.map(({ about }) => about).sort(), ["b, d", "c"])
      play.run(["a"])
      assert.deepStrictEqual(play.tick(), ["left2", "c"])
      play.run(["a"], { running: true })
      assert.deepStrictEqual(play.tick(), ["a", "left2", "c"])
    })

    it("a condition that comes to be downstream makes up for nothing", () => {
      const graph = (...more: ReadonlyArray<Condition.Condition>) => {
        const first = asset("B", { automation: Condition.anyDownstreamConditions })
        return Graph.fromAssets([first, ...more.map((automation, n) => asset(`c${n}`, { deps: [first], automation }))])
      }
      const play = new Play(graph(Condition.newlyTrue(Condition.executionFailed)))
      assert.deepStrictEqual(sizes(play, [nothing]), [0])
      play.graph = graph(Condition.newlyTrue(Condition.executionFailed), Condition.onMissing())
      assert.deepStrictEqual(sizes(play, [nothing, nothing]), [0, 0])
    })

    it("AUT34: onCronDepsFresh; a warning is recent enough", () => {
      const policy = Freshness.window({ fail: "2 hours", warn: "1 hour" })
      const raw = ["raw_1", "raw_2"].map((key) => asset(key, { freshness: policy } as never))
      const automation = Condition.onCronDepsFresh("0 * * * *")
      const play = new Play(
        Graph.fromAssets([...raw, asset("B", { deps: raw, automation })]),
        "2024-01-01T00:10"
      )
      const steps: ReadonlyArray<Step> = [
        (play) => play.run(["raw_1"]),
        // the second one was never computed
        (play) => play.at("2024-01-01T01:10"),
        (play) => play.at("2024-01-01T01:20").run(["raw_2"]),
        (play) => play.at("2024-01-01T01:30"),
        (play) => play.at("2024-01-01T02:10").run(["raw_1", "raw_2"]),
        (play) => play.at("2024-01-01T05:10")
      ]
      // at 01:20 there is a warning of the first one already
      assert.deepStrictEqual(sizes(play, steps), [0, 0, 1, 0, 1, 0])
    })

    it.each(["Fresh", "Warning", "Overdue", "Unknown", "NoPolicy"] as const)("freshness: %s", (state) => {
      const policy = Freshness.window({ fail: "2 hours", warn: "1 hour" })
      const own = asset("B", { automation: Condition.freshness(state), freshness: policy } as never)
      const play = new Play(Graph.fromAssets([own]), "2024-01-01T00:00")
      const steps: ReadonlyArray<Step> = [nothing, b, (play) => play.later(hour), (play) => play.later(hour)]
      const expected = { Unknown: [1, 0, 0, 0], Fresh: [0, 1, 0, 0], Warning: [0, 0, 1, 0], Overdue: [0, 0, 0, 1] }
      assert.deepStrictEqual(sizes(play, steps), state === "NoPolicy" ? [0, 0, 0, 0] : expected[state])
      const without = new Play(single(Condition.freshness(state)))
      assert.deepStrictEqual(sizes(without, [nothing]), [state === "NoPolicy" ? 1 : 0])
    })

    it("AUT37: missing", () => {
      const play = new Play(single(Condition.missing, { partitions: Partitions.fixed(["1", "2", "3", "4", "5", "6"]) }))
      assert.deepStrictEqual(sizes(play, [nothing, (play) => play.run([["B", "2", "5"]])]), [6, 4])
    })

    it("an external asset is missing only if it can be observed and was not", () => {
      const automation = Condition.anyDepsMatch(Condition.missing)
      const graph = (source: Asset.Any) => Graph.fromAssets([source, asset("B", { deps: [source], automation })])
      assert.deepStrictEqual(sizes(new Play(graph(Asset.external("A"))), [nothing]), [0])
      const observed = new Play(graph(Asset.external("A", { observe: Effect.succeed("1") })))
      assert.deepStrictEqual(sizes(observed, [nothing, (play) => play.observe("A", "1")]), [1, 0])
    })

    it("codeVersionChanged, once", () => {
      const graph = (codeVersion: string) => single(Condition.codeVersionChanged, { codeVersion } as never)
      const play = new Play(graph("1"))
      const other: Step = (play) => {
        play.graph = graph("2")
      }
      assert.deepStrictEqual(sizes(play, [nothing, nothing, other, nothing]), [0, 0, 1, 0])
    })

    it("dataVersionChanged: not when it was computed again and is the same", () => {
      const play = new Play(single(Condition.dataVersionChanged, { partitions: Partitions.fixed(["1", "2"]) }))
      const made = (dataVersion: string, ...keys: ReadonlyArray<string>): Step => (play) =>
        play.run([["B", ...keys]], { dataVersion })
      const steps = [made("x", "1", "2"), made("x", "1"), made("y", "1"), made("y", "1", "2"), nothing]
      assert.deepStrictEqual(sizes(play, steps), [0, 0, 1, 1, 0])
    })

    it("stale, as the catalog tells", () => {
      const play = new Play(pair(Condition.stale))
      play.run(["A"], { dataVersion: "1" })
      const computed: Step = (play) =>
        play.append({
          _tag: "AssetMaterialized",
          runId: "run",
          timestamp: 0,
          key: "B",
          dataVersion: "1",
          inputVersions: { A: "1" },
          codeVersion: undefined,
          metadata: {},
          durationMillis: 0,
          attempts: 1,
          steps: [],
          stored: true
        })
      const again = (dataVersion: string): Step => (play) => play.run(["A"], { dataVersion })
      assert.deepStrictEqual(sizes(play, [nothing, computed, again("1"), again("2"), again("1")]), [0, 0, 0, 1, 0])
    })

    it("executedWithTags, of the run that computed it last", () => {
      const play = new Play(single(Condition.executedWithTags({ keys: ["user"], values: { source: "ui" } })))
      const tagged = (tags: { readonly [name: string]: string }): Step => (play) => play.run(["B"], { tags })
      const steps = [
        nothing,
        tagged({ user: "me", source: "ui" }),
        nothing,
        tagged({ user: "me" }),
        tagged({ source: "ui" }),
        tagged({ user: "", source: "ui", more: "x" })
      ]
      assert.deepStrictEqual(sizes(play, steps), [0, 1, 1, 0, 0, 1])
    })

    it("runs and backfills that have not ended", () => {
      const partitions = Partitions.fixed(["1", "2"])
      const running = new Play(single(Condition.runInProgress, { partitions }))
      running.run([["B", "1"]], { running: true })
      assert.deepStrictEqual(running.tick(), ["B[1]"])
      const backfill = new Play(single(Condition.backfillInProgress, { partitions }))
      backfill.run([["B", "1"]], { running: true }).run([["B", "2"]], { running: true, backfillId: "backfill" })
      assert.deepStrictEqual(backfill.tick(), ["B[2]"])
    })
  })

  describe("of jobs", () => {
    const [first, second, outside] = [asset("root_a"), asset("root_b"), asset("outside")]
    const down = asset("downstream", { deps: [first, second] })
    const graph = Graph.fromAssets([first, second, outside, down, asset("in_job", { deps: [outside] })])
    const played = (condition: Condition.Condition, keys: ReadonlyArray<string>) => {
      const play = new Play(graph)
      play.jobs = [{ name: "job", keys, condition }]
      return sizes(play, [nothing, (play) => play.run(["root_a"]), (play) => play.run(["root_b"])], ":job")
    }

    it("AUT35: only its roots are looked at", () => {
      const keys = ["root_a", "root_b", "downstream"]
      assert.deepStrictEqual(played(Condition.allJobRootsMatch(Condition.missing), keys), [1, 0, 0])
      assert.deepStrictEqual(played(Condition.anyJobRootsMatch(Condition.missing), keys), [1, 1, 0])
    })

    it("AUT36: what is computed from something outside of the job is a root", () => {
      const play = new Play(graph)
      play.jobs = [{ name: "job", keys: ["in_job"], condition: Condition.anyJobRootsMatch(Condition.missing) }]
      assert.deepStrictEqual(play.tick(), [":job"])
      assert.deepStrictEqual(play.last?.requests[0], {
        kind: "job",
        id: ":job",
        key: "job",
        check: undefined,
        partitions: undefined,
        subset: play.last!.requests[0]!.subset,
        axes: undefined
      })
      assert.deepStrictEqual(play.run(["in_job"]).tick(), [])
    })
  })

  describe("of checks", () => {
    const source = asset("A")
    const graph = (automation: Condition.Condition) =>
      Graph.make({
        source,
        check: Check.make("ok", { asset: source as Asset.Asset<"A", number>, automation, check: Effect.succeed(true) })
      })

    it("requests the check alone, when its asset was updated", () => {
      const play = new Play(graph(Condition.eager()))
      assert.deepStrictEqual(play.tick(), [])
      play.run(["A"])
      // the run that computed the asset evaluates the check
      assert.deepStrictEqual(play.tick(), [])
      const other = new Play(graph(Condition.anyDepsMatch(Condition.newlyUpdated)))
      other.tick()
      assert.deepStrictEqual(other.run(["A"]).tick(), ["A:ok"])
      assert.deepInclude(other.last?.requests[0], { kind: "check", key: "A", check: "ok" })
    })

    it("missing until it was evaluated; passed and failed by its last evaluation", () => {
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.check("A", "ok"),
        (play) => play.check("A", "ok", { status: "Failed", severity: "warn" }),
        (play) => play.check("A", "ok", { status: "Errored" }),
        (play) => play.check("A", "another")
      ]
      const played = (condition: Condition.Condition) => sizes(new Play(graph(condition)), steps, "A:ok")
      assert.deepStrictEqual(played(Condition.missing), [1, 0, 0, 0, 0])
      assert.deepStrictEqual(played(Condition.checkPassed), [0, 1, 0, 0, 0])
      assert.deepStrictEqual(played(Condition.checkFailed), [0, 0, 1, 0, 0])
      assert.deepStrictEqual(played(Condition.executionFailed), [0, 0, 0, 1, 1])
      assert.deepStrictEqual(played(Condition.newlyUpdated), [0, 1, 1, 1, 0])
    })

    it("any or every check of an asset, or only the blocking ones", () => {
      const made = (automation: Condition.Condition) => {
        const own = Asset.make("B", {
          automation,
          checks: { inside: {}, strict: { blocking: true } },
          compute: () => Effect.succeed(1)
        })
        return new Play(Graph.make({ own, more: Check.make("more", { asset: own, check: Effect.succeed(true) }) }))
      }
      const steps: ReadonlyArray<Step> = [
        nothing,
        (play) => play.check("B", "strict"),
        (play) => play.check("B", "inside").check("B", "more")
      ]
      const { checkPassed } = Condition
      assert.deepStrictEqual(sizes(made(Condition.anyChecksMatch(checkPassed)), steps), [0, 1, 1])
      assert.deepStrictEqual(sizes(made(Condition.allChecksMatch(checkPassed)), steps), [0, 0, 1])
      assert.deepStrictEqual(sizes(made(Condition.allChecksMatch(checkPassed, { blockingOnly: true })), steps), [
        0,
        1,
        1
      ])
      assert.deepStrictEqual(sizes(new Play(single(Condition.allChecksMatch(checkPassed))), [nothing]), [1])
    })
  })

  describe("multi-assets", () => {
    const made = (canSubset: boolean) => {
      const prices = Asset.multi("prices", {
        canSubset,
        outputs: { open: {}, close: { automation: Condition.newlyUpdated } },
        compute: () => Effect.succeed({ open: 1, close: 2 })
      })
      const child = asset("B", {
        deps: [prices.assets.open],
        automation: Condition.anyDepsMatch(Condition.or(Condition.willBeRequested, Condition.newlyRequested))
      })
      return new Play(Graph.fromAssets([...Object.values(prices.assets), child]))
    }

    it("the outputs that one brings along will be requested, too", () => {
      const play = made(false)
      play.tick()
      assert.deepStrictEqual(play.run(["close"]).tick(), ["close", "B"])
      assert.deepStrictEqual(play.tick(), ["B"])
      assert.deepStrictEqual(play.tick(), [])
    })

    it("but not where each can be computed by itself", () => {
      const play = made(true)
      play.tick()
      assert.deepStrictEqual(play.run(["close"]).tick(), ["close"])
      assert.deepStrictEqual(play.tick(), [])
    })
  })

  describe("partition sets that change", () => {
    it("another kind of partitions begins anew: nothing is made up for", () => {
      const automation = Condition.onMissing()
      const play = new Play(single(automation))
      play.tick()
      play.graph = single(automation, { partitions: Partitions.fixed(["1", "2"]) })
      assert.deepStrictEqual(play.tick(), [])
      play.graph = single(automation, { partitions: Partitions.fixed(["1", "2", "3"]) })
      assert.deepStrictEqual(play.tick(), ["B[3]"])
    })

    it("what was remembered of a dep as a whole says nothing of its partitions", () => {
      const automation = Condition.anyDepsMatch(Condition.since(Condition.newlyUpdated, Condition.executionFailed))
      const graph = (partitions?: Partitions.Any) => {
        const source = asset("A", partitions === undefined ? {} : { partitions })
        return Graph.fromAssets([source, asset("B", { deps: [source], automation })])
      }
      const play = new Play(graph())
      const other: Step = (play) => {
        play.graph = graph(Partitions.fixed(["1", "2"]))
      }
      assert.deepStrictEqual(sizes(play, [nothing, a, nothing, other]), [0, 1, 1, 0])
    })

    it("keys that are added while the system runs are requested, each once", () => {
      const play = new Play(single(Condition.onMissing(), { partitions: Partitions.dynamic("letters") }))
      play.dynamic.set("letters", ["a"])
      assert.deepStrictEqual(play.tick(), [])
      play.dynamic.set("letters", ["a", "b"])
      assert.deepStrictEqual(play.tick(), ["B[b]"])
      play.dynamic.set("letters", ["c", "a", "b"])
      assert.deepStrictEqual(play.tick(), ["B[c]"])
    })
  })

  describe("explanations", () => {
    it("are there where something holds, or came to something else", () => {
      const play = new Play(pair(Condition.eager())).run(["A", "B"])
      play.tick()
      assert.deepStrictEqual(play.last?.explanations.map(({ unchanged }) => unchanged), [false])
      play.tick()
      play.tick()
      assert.deepStrictEqual(play.last?.explanations, [])
      play.run(["A"]).tick()
      const { root } = play.explanation("B")!
      assert.deepStrictEqual(
        root.children.map(({ count, words }) => [words, count]),
        [
          ["in the latest time window", 1],
          ["newlyMissing or anyDepsUpdated, since last up to date", 1],
          ["not anyDepsMissing", 1],
          ["not anyDepsInProgress", 1],
          ["not inProgress", 1]
        ].map(([words, count]) => [String(words).replaceAll(/any[A-Z]\w*|newlyMissing|inProgress/g, spaced), count])
      )
      assert.strictEqual(root.words, "eager")
      const updated = root.children[1]?.children[0]?.children[1]
      assert.deepInclude(updated, { words: "anyDepsUpdated", count: 1, whole: true })
      assert.strictEqual(updated?.children[0]?.about, "A")
    })

    it("say so where nothing has changed", () => {
      const play = new Play(single(Condition.missing))
      play.tick()
      play.tick()
      assert.deepStrictEqual(play.last?.explanations.map(({ requested, unchanged }) => [requested, unchanged]), [[
        1,
        true
      ]])
    })

    it("tell partitions in words and as a set, and the evaluation", () => {
      const play = new Play(single(Condition.missing, { partitions: Partitions.daily({ start: "2024-01-01" }) }))
      play.at("2024-01-05").run([["B", "2024-01-03"]]).tick()
      const { at: when, evaluation, root } = play.explanation("B")!
      assert.deepStrictEqual([when, evaluation], [at("2024-01-05"), 0])
      assert.deepInclude(root, {
        count: 3,
        whole: false,
        candidates: 4,
        partitions: "2024-01-01…2024-01-02, 2024-01-04 (3 partitions)"
      })
    })

    it("of very many deps tell the first that matter, and count the others", () => {
      const deps = Array.from({ length: 60 }, (_, n) => asset(`dep ${n}`))
      const play = new Play(Graph.fromAssets([
        ...deps,
        asset("B", { deps, automation: Condition.anyDepsMatch(Condition.not(Condition.missing)) })
      ]))
      play.run(["dep 59"]).tick()
      const { root } = play.explanation("B")!
      assert.strictEqual(root.children[0]?.about, "dep 59")
      assert.deepStrictEqual([root.children.length, root.omitted], [20, 40])
    })
  })

  describe("AUT38: editing", () => {
    it("without what is not there", () => {
      assert.match(mistake(() => Condition.without(Condition.eager(), Condition.stale)), /Condition not found/)
      assert.match(mistake(() => Condition.without(Condition.missing, Condition.missing)), /Condition not found/)
      assert.match(
        mistake(() => Condition.replace(Condition.eager(), "anyDepMissing", Condition.stale)),
        /Condition not found/
      )
    })

    it("without all but one", () => {
      const two = Condition.and(Condition.missing, Condition.stale)
      assert.match(mistake(() => Condition.without(two, Condition.stale)), /fewer than 2 operands/)
    })

    it("takes the part out, and the name that does not fit any more", () => {
      const left = Condition.without(Condition.eager(), Condition.not(Condition.anyDepsMissing))
      assert.strictEqual(left.label, undefined)
      assert.strictEqual(left._tag === "And" ? left.of.length : 0, 4)
    })

    it("replaces a part by its label or by what it is, wherever it stands", () => {
      const by = Condition.label(Condition.anyDepsMatch(Condition.stale), "staleDeps")
      const replaced = Condition.replace(Condition.eager(), "anyDepsUpdated", by)
      assert.deepStrictEqual(replaced, Condition.replace(Condition.eager(), Condition.anyDepsUpdated, by))
      assert.include(Condition.explain(replaced), "newly missing or stale deps")
    })

    it("a part is the same whatever it is called", () => {
      const named = Condition.label(Condition.stale, "old")
      const of = Condition.and(named, Condition.missing, Condition.newlyUpdated)
      assert.deepStrictEqual(
        Condition.without(of, Condition.stale),
        Condition.and(Condition.missing, Condition.newlyUpdated)
      )
    })

    it("narrows what counts as a dep in all parts", () => {
      const play = new Play((() => {
        const [first, other] = [asset("A"), asset("C")]
        const automation = Condition.ignore(Condition.eager(), ["C"])
        return Graph.fromAssets([first, other, asset("B", { deps: [first, other], automation })])
      })())
      play.run(["A"]).tick()
      assert.deepStrictEqual(sizes(play, [(play) => play.run(["C"]), a]), [0, 1])
    })
  })

  describe("what a graph says of conditions", () => {
    const problems = (graph: () => unknown): string => {
      try {
        graph()
      } catch (error) {
        assert.instanceOf(error, Graph.GraphError)
        return (error as Graph.GraphError).message
      }
      return ""
    }

    it("an asset that is named and not there", () => {
      const of = (automation: Condition.Condition) =>
        problems(() => Graph.fromAssets([asset("orders"), asset("B", { automation })]))
      assert.include(
        of(Condition.assetMatches("order", Condition.missing)),
        `about "order", which is not in the graph. Did you mean "orders"?`
      )
      assert.include(of(Condition.allDepsMatch(Condition.missing, { allow: "key:none" })), `"none"`)
      assert.strictEqual(of(Condition.allDepsMatch(Condition.missing, { allow: "group:none" })), "")
    })

    it("what an asset, a check and a job cannot be asked", () => {
      assert.include(problems(() => single(Condition.checkPassed)), "asks an asset for CheckPassed")
      assert.include(
        problems(() => single(Condition.anyJobRootsMatch(Condition.missing))),
        "asks an asset for AnyJobRootsMatch"
      )
      const own = Asset.make("B", value)
      const of = (automation: Condition.Condition) =>
        problems(() =>
          Graph.make({ own, check: Check.make("c", { asset: own, automation, check: Effect.succeed(true) }) })
        )
      assert.include(of(Condition.stale), `"B:c": its condition asks a check for Stale`)
      assert.strictEqual(of(Condition.anyDepsMatch(Condition.stale)), "")
      assert.include(of(Condition.anyDepsMatch(Condition.checkPassed)), "asks an asset for CheckPassed")
    })

    it("what was read from somewhere and is wrong", () => {
      const read = Schema.decodeUnknownSync(Condition.Condition)
      const cron = read({ _tag: "CronTickPassed", cron: "nonsense", timeZone: "UTC" })
      assert.include(
        problems(() => single(Condition.not(cron))),
        `in its condition, the cron expression "nonsense" is not valid`
      )
      const deps = read({ _tag: "AnyDepsMatch", of: { _tag: "Missing" }, allow: "((" })
      assert.include(problems(() => single(deps)), `the selection "((" cannot be read`)
    })

    it("a condition without end of depth", () => {
      let deep: Condition.Condition = Condition.missing
      for (let depth = 0; depth < 50_000; depth++) deep = Condition.not(deep)
      assert.include(problems(() => single(deep)), "nested more than 100 deep")
    })

    it("an external asset that cannot be observed", () => {
      const source = Asset.external("A", { automation: Condition.onCron("@daily") })
      assert.include(problems(() => Graph.fromAssets([source, asset("B", { deps: [source] })])), "give it observe")
    })

    it("a prefix is put before the keys that a condition names", () => {
      const source = asset("A")
      const automation = Condition.and(
        Condition.assetMatches("A", Condition.missing),
        Condition.anyDepsMatch(Condition.missing, { allow: "A or group:x" })
      )
      const own = asset("B", { deps: [source], automation })
      const graph = Graph.prefix(Graph.fromAssets([source, own]), "p")
      const play = new Play(graph)
      assert.deepStrictEqual(sizes(play, [nothing, (play) => play.run(["p/A"])], "p/B"), [1, 0])
    })
  })

  it("a selection that cannot be read is refused", () => {
    assert.match(
      mistake(() => Condition.anyDepsMatch(Condition.missing, { allow: "((" })),
      /selection "\(\(" cannot be read/
    )
    assert.match(mistake(() => Condition.executedWithTags({})), /names no tag/)
  })

  it("operands of the same kind are one list", () => {
    const { missing, newlyUpdated, stale } = Condition
    assert.deepStrictEqual(
      Condition.and(Condition.and(missing, stale), newlyUpdated),
      Condition.and(missing, stale, newlyUpdated)
    )
    assert.deepStrictEqual(Condition.and(missing), missing)
    const named = Condition.label(Condition.or(missing, stale), "named")
    assert.deepStrictEqual(Condition.or(named, newlyUpdated), { _tag: "Or", of: [named, newlyUpdated] })
  })
})

const spaced = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
