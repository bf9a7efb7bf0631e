import { Context, Effect, Stream } from "effect"
import { Asset, Automation, type EventLog, Graph, type IOManager, Job, type Runtime } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

class Api extends Context.Service<Api, { readonly get: Effect.Effect<number, "down"> }>()("test/Api") {}
class Mail extends Context.Service<Mail, { readonly send: Effect.Effect<void> }>()("test/Mail") {}

const nightly = Job.make("nightly", {
  select: ["a", "b"],
  onSuccess: () => Effect.flatMap(Api, (api) => api.get),
  *onFailure(run) {
    expectTypeOf(run).toEqualTypeOf<Job.JobRun>()
    yield* (yield* Mail).send
  }
})

describe("Job", () => {
  it("knows its keys, and what its hooks need", () => {
    expectTypeOf(nightly).toEqualTypeOf<Job.Job<"a" | "b", Api | Mail>>()
    expectTypeOf(Job.make("j")).toEqualTypeOf<Job.Job<never>>()
    expectTypeOf(Job.make("j", { select: "group:x" })).toEqualTypeOf<Job.Job<never>>()
    expectTypeOf(Job.make("j", { select: ["a"] })).toEqualTypeOf<Job.Job<"a">>()
    expectTypeOf(nightly).toExtend<Job.Any>()
    expectTypeOf<Job.Services<typeof nightly>>().toEqualTypeOf<Api | Mail>()
    // @ts-expect-error a hook is a program
    Job.make("j", { onSuccess: () => 1 })
  })

  it("runs on graphs that have its assets", () => {
    const graph = Graph.make({ a: Asset.make("a", Effect.succeed(1)), c: Asset.make("b", Effect.fail("no")) })
    expectTypeOf(Job.run(graph, nightly)).toEqualTypeOf<
      Effect.Effect<
        Runtime.Run<typeof graph.assets>,
        Runtime.RunError,
        IOManager.IOManager | EventLog.EventLog | Api | Mail
      >
    >()
    expectTypeOf(Job.backfill(graph, nightly)).toEqualTypeOf<
      Effect.Effect<
        ReadonlyArray<Runtime.Run<typeof graph.assets>>,
        Runtime.RunError | Runtime.BackfillError,
        IOManager.IOManager | EventLog.EventLog | Api | Mail
      >
    >()
    const small = Graph.make({ a: Asset.make("a", Effect.succeed(1)) })
    // @ts-expect-error "b" is not in the graph
    Job.run(small, nightly)
    // @ts-expect-error a part has to be of the graph, too
    Job.run(small, Job.make("j"), { select: ["b"] })
  })
})

describe("Automation", () => {
  it("knows the keys of its target, and what its program and the hooks of its job need", () => {
    const schedule = Automation.schedule("s", { cron: "@daily", target: nightly })
    expectTypeOf(schedule).toEqualTypeOf<Automation.Schedule<"a" | "b", Api | Mail>>()
    expectTypeOf(Automation.schedule("s", { cron: "@daily", target: { select: ["x"] } })).toEqualTypeOf<
      Automation.Schedule<"x">
    >()
    const programmed = Automation.schedule("s", {
      cron: "@daily",
      target: { select: ["x"] },
      *evaluate() {
        const n = yield* (yield* Api).get
        return n > 1 ? Automation.request() : Automation.skip("few")
      }
    })
    expectTypeOf(programmed).toEqualTypeOf<Automation.Schedule<"x", Api>>()
    expectTypeOf(Automation.evaluateSchedule(programmed, { scheduledAt: 0 })).toEqualTypeOf<
      Effect.Effect<Automation.Evaluation, never, Api>
    >()
    expectTypeOf(Automation.sensor("s", { target: nightly, evaluate: () => Effect.void })).toEqualTypeOf<
      Automation.Sensor<"a" | "b", Api | Mail>
    >()
  })

  it("knows what it looks at", () => {
    const orders = Asset.make("orders", Effect.succeed(1))
    const sensor = Automation.assetSensor("s", { assets: [orders, "rates"], target: { select: ["x"] } })
    expectTypeOf(sensor).toEqualTypeOf<Automation.AssetSensor<"x", never, "orders" | "rates">>()
    const telling = Automation.assetSensor("s", {
      asset: "orders",
      request: (events) => {
        expectTypeOf(events).toEqualTypeOf<ReadonlyArray<Automation.AssetEvent>>()
        return Effect.as(Effect.flatMap(Mail, ({ send }) => send), Automation.request({ job: nightly }))
      }
    })
    expectTypeOf(telling).toEqualTypeOf<Automation.AssetSensor<never, Mail, "orders">>()
    const runs = Automation.runSensor("s", {
      status: "Failed",
      run: (run) => {
        expectTypeOf(run).toEqualTypeOf<EventLog.RunRecord>()
        return Effect.flatMap(Mail, ({ send }) => send)
      }
    })
    expectTypeOf(runs).toEqualTypeOf<Automation.RunSensor<never, Mail>>()
    const pushed = Automation.streamSensor("s", {
      target: { select: ["x"] },
      stream: () => Stream.fromEffect(Effect.as(Api, Automation.request()))
    })
    expectTypeOf(pushed).toEqualTypeOf<Automation.StreamSensor<"x", Api>>()
    expectTypeOf<Automation.Watched<typeof sensor>>().toEqualTypeOf<"orders" | "rates">()
  })

  it("all of them are automations", () => {
    const all: ReadonlyArray<Automation.Any> = [
      Automation.schedule("s", { cron: "@daily", target: nightly }),
      Automation.assetSensor("s", { asset: "a", target: nightly })
    ]
    for (const automation of all) {
      if (automation.kind === "schedule") expectTypeOf(automation.cron).toEqualTypeOf<ReadonlyArray<string>>()
    }
  })

  it("refuses what is not possible", () => {
    // @ts-expect-error a sensor has a program
    Automation.sensor("s", { target: nightly })
    // @ts-expect-error it requests runs, and nothing else
    Automation.sensor("s", { evaluate: () => Effect.succeed(1) })
    // @ts-expect-error there is no such status
    Automation.runSensor("s", { status: "Broken", run: () => Effect.void })
    // @ts-expect-error there is no such policy
    Automation.schedule("s", { cron: "@daily", catchUp: "all", target: nightly })
  })
})
