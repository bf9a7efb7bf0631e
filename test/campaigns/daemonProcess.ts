/**
 * A process with a daemon, until it is killed or told to end: a schedule that ticks every second, a sensor that requests a
 * run for each second, and an asset that follows them by its condition.
 *
 * usage: node test/campaigns/daemonProcess.ts DATABASE, where DATABASE is `{ "filename" }` of SQLite, or options of a
 * PostgreSQL client, in JSON.
 */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import * as Asset from "../../src/Asset.ts"
import * as Automation from "../../src/Automation.ts"
import * as Condition from "../../src/Condition.ts"
import * as Daemon from "../../src/Daemon.ts"
import * as Definitions from "../../src/Definitions.ts"
import * as EventLog from "../../src/EventLog.ts"
import * as Graph from "../../src/Graph.ts"
import * as IOManager from "../../src/IOManager.ts"
import * as SqliteClient from "../../src/node/SqliteClient.ts"

const options = JSON.parse(process.argv[2] ?? "{}")
const client = "filename" in options
  ? SqliteClient.layer(options)
  : PgClient.layer({ ...options, password: Redacted.make(options.password) })

const ticking = Asset.make("ticking", { compute: () => Effect.as(Effect.sleep("200 millis"), 1) })
const sensed = Asset.make("sensed", Effect.succeed(1))
const following = Asset.make("following", {
  deps: [ticking, sensed],
  compute: () => Effect.void,
  automation: Condition.eager()
})

const definitions = Definitions.make({
  graph: Graph.make({ ticking, sensed, following }),
  automations: [
    Automation.schedule("secondly", {
      cron: "* * * * * *",
      target: { select: ["ticking"] },
      catchUp: { max: 1_000 }
    }),
    Automation.sensor("sensor", {
      every: "500 millis",
      target: { select: ["sensed"] },
      evaluate: ({ now }) => Effect.succeed(Automation.request({ runKey: String(Math.floor(now / 1_000)) }))
    })
  ],
  layer: Layer.merge(IOManager.layerMemory, Layer.provide(EventLog.layerSql, client))
})

NodeRuntime.runMain(Layer.launch(Daemon.layerOf(definitions, { leaseTtl: "1500 millis" })))
