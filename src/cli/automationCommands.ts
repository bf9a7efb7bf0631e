/**
 * The verbs of automation: their flags, help and examples.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Automation from "./automation.ts"
import { withOperations } from "./connect.ts"
import { detach, limit, name, optional, partition, partitions, runFlags } from "./flags.ts"
import * as Input from "./input.ts"

const nameOf = (what: string) =>
  Argument.String("name").pipe(Argument.withDescription(`The name of a ${what}, as the definitions have it`))

const turnOf = (of: "schedule" | "sensor", running: boolean) => {
  const verb = running ? "start" : "stop"
  return Command.make(
    verb,
    { name: nameOf(of) },
    (given) => withOperations(Automation.turn({ of, name: given.name, running }))
  ).pipe(
    Command.withDescription(
      running
        ? `Turn a ${of} on. It stays on, over restarts, until it is stopped`
        : `Turn a ${of} off. It stays off, over restarts, until it is started`
    )
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// schedules
// ---------------------------------------------------------------------------------------------------------------------

const scheduleList = Command.make("list", {}, () => withOperations(Automation.schedules)).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List schedules: whether they are on, their last tick and their next")
)

const schedulePreview = Command.make("preview", {
  name: nameOf("schedule"),
  ticks: Flag.Int("ticks").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("How many ticks"),
    Flag.filter((number) => number >= 1 && number <= 1000, () => "Expected a number from 1 to 1000"),
    Flag.withDefault(5)
  )
}, (given) => withOperations(Automation.previewSchedule(given))).pipe(
  Command.withDescription(
    "Tell when a schedule ticks next and what it will request. Nothing is recorded; a program that it has is run for each tick"
  ),
  Command.withShortDescription("Tell when a schedule ticks next, and what it will request"),
  Command.withExamples([
    { command: `${name} schedule preview every_morning --ticks 10`, description: "The next ten ticks" }
  ])
)

const scheduleTick = Command.make("tick", {
  name: nameOf("schedule"),
  at: Flag.String("at").pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription("The time that the tick is for, in the time zone of the schedule; now if it is left out"),
    Flag.optional
  )
}, (given) => withOperations(Automation.tick({ of: "schedule", name: given.name, at: optional(given.at) }))).pipe(
  Command.withDescription("Evaluate a schedule now, whether it is on or not, and request what it says"),
  Command.withExamples([
    { command: `${name} schedule tick every_morning`, description: "As if it were time" },
    { command: `${name} schedule tick every_morning --at 2024-02-29T06:00`, description: "A tick that was missed" }
  ])
)

/** Schedules. */
export const schedule = Command.make("schedule").pipe(
  Command.withDescription("List, start, stop, preview or tick schedules"),
  Command.withSubcommands([
    scheduleList,
    turnOf("schedule", true),
    turnOf("schedule", false),
    schedulePreview,
    scheduleTick
  ])
)

// ---------------------------------------------------------------------------------------------------------------------
// sensors
// ---------------------------------------------------------------------------------------------------------------------

const sensorList = Command.make("list", {}, () => withOperations(Automation.sensors)).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List sensors: whether they are on, what they look at, and where they are")
)

const sensorPreview = Command.make(
  "preview",
  { name: nameOf("sensor") },
  (given) => withOperations(Automation.previewSensor(given))
).pipe(
  Command.withDescription(
    "Run the program of a sensor and tell what it says. Nothing is recorded, and nothing requested"
  ),
  Command.withExamples([{ command: `${name} sensor preview files`, description: "What would it request now?" }])
)

const sensorTick = Command.make(
  "tick",
  { name: nameOf("sensor") },
  (given) => withOperations(Automation.tick({ of: "sensor", name: given.name, at: undefined }))
).pipe(Command.withDescription("Evaluate a sensor now, whether it is on or not, and request what it says"))

const sensorCursor = Command.make("cursor", {
  name: nameOf("sensor"),
  set: Flag.String("set").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Where it is from now on"),
    Flag.optional
  ),
  clear: Flag.Boolean("clear").pipe(
    Flag.withoutNegation,
    Flag.withDescription("Forget where it is: it begins anew"),
    Flag.withDefault(false)
  )
}, (given) => withOperations(Automation.cursor({ ...given, set: optional(given.set) }))).pipe(
  Command.withDescription("Print where a sensor is, or set it"),
  Command.withExamples([
    { command: `${name} sensor cursor files`, description: "Where is it?" },
    { command: `${name} sensor cursor files --set 2024-02-28.csv`, description: "Look again at what came after that" }
  ])
)

/** Sensors. */
export const sensor = Command.make("sensor").pipe(
  Command.withDescription("List, start, stop, preview or tick sensors, and set where they are"),
  Command.withSubcommands([
    sensorList,
    turnOf("sensor", true),
    turnOf("sensor", false),
    sensorPreview,
    sensorTick,
    sensorCursor
  ])
)

// ---------------------------------------------------------------------------------------------------------------------
// conditions and ticks
// ---------------------------------------------------------------------------------------------------------------------

const automationList = Command.make("list", {}, () => withOperations(Automation.conditions)).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List the conditions of assets, checks and jobs")
)

const automationExplain = Command.make("explain", {
  key: Argument.String("key").pipe(
    Argument.withDescription("The key of an asset, a check as KEY:CHECK, or a job as :NAME")
  ),
  history: Flag.Int("history").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("How many of the newest evaluations to show"),
    Flag.filter((number) => number >= 1 && number <= 100, () => "Expected a number from 1 to 100"),
    Flag.withDefault(1)
  )
}, (given) => withOperations(Automation.explain(given))).pipe(
  Command.withDescription("Tell why an asset was requested or not: which parts of its condition hold"),
  Command.withExamples([{ command: `${name} automation explain daily_report`, description: "The latest evaluation" }])
)

const tickStatuses = { requested: "Requested", skipped: "Skipped", failed: "Failed" } as const

const automationTicks = Command.make("ticks", {
  name: Argument.String("name").pipe(
    Argument.withDescription("A schedule or a sensor; all if it is left out"),
    Argument.optional
  ),
  status: Flag.Literals("status", ["requested", "skipped", "failed"]).pipe(
    Flag.withDescription("Only ticks of which this came"),
    Flag.optional
  ),
  before: Flag.Int("before").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription("Only ticks that are older than that"),
    Flag.optional
  ),
  limit: limit(20)
}, (given) =>
  withOperations(Automation.ticks({
    name: optional(given.name),
    status: Option.match(given.status, { onNone: () => undefined, onSome: (status) => tickStatuses[status] }),
    before: optional(given.before),
    limit: given.limit
  }))).pipe(
    Command.withDescription("List ticks of schedules, sensors and conditions, the newest first"),
    Command.withExamples([
      { command: `${name} automation ticks --status failed`, description: "What has failed" },
      { command: `${name} automation ticks every_morning --limit 5`, description: "The last ticks of a schedule" }
    ])
  )

const turnConditions = (running: boolean) =>
  Command.make(
    running ? "start" : "stop",
    {},
    () => withOperations(Automation.turn({ of: "automation", name: Automation.conditionsName, running }))
  ).pipe(
    Command.withDescription(`Turn the evaluation of all conditions ${running ? "on" : "off"}`)
  )

const automationTick = Command.make(
  "tick",
  {},
  () => withOperations(Automation.tick({ of: "automation", name: Automation.conditionsName, at: undefined }))
).pipe(Command.withDescription("Evaluate all conditions now, and request what they say"))

/** Conditions, and ticks of all automations. */
export const automation = Command.make("automation").pipe(
  Command.withDescription("List and explain conditions, and list ticks"),
  Command.withSubcommands([
    automationList,
    automationExplain,
    automationTicks,
    turnConditions(true),
    turnConditions(false),
    automationTick
  ])
)

// ---------------------------------------------------------------------------------------------------------------------
// jobs
// ---------------------------------------------------------------------------------------------------------------------

const jobList = Command.make("list", {}, () => withOperations(Automation.jobs)).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List jobs, what requests them, and their last runs")
)

const jobShow = Command.make("show", { name: nameOf("job") }, (given) => withOperations(Automation.showJob(given)))
  .pipe(
    Command.withDescription("Show a job: what it runs, with what, and its last runs")
  )

const jobRun = Command.make("run", {
  name: nameOf("job"),
  partition,
  partitions,
  ...runFlags,
  detach
}, (given) =>
  Effect.gen(function*() {
    const request = {
      name: given.name,
      ...(yield* Input.runPartitions(given)),
      ...(yield* Input.runOptions(given))
    }
    yield* withOperations(Automation.runJob({ request, detach: given.detach }))
  })).pipe(
    Command.withDescription("Run a job now, in one run. Ctrl-C cancels it; the exit code is 1 if it does not succeed"),
    Command.withShortDescription("Run a job now"),
    Command.withExamples([
      { command: `${name} job run nightly`, description: "As its schedule would" },
      { command: `${name} job run nightly --partition 2024-02-28`, description: "One partition" }
    ])
  )

/** Jobs. */
export const job = Command.make("job").pipe(
  Command.withDescription("List, show or run jobs"),
  Command.withSubcommands([jobList, jobShow, jobRun])
)

// ---------------------------------------------------------------------------------------------------------------------
// queue and backfills
// ---------------------------------------------------------------------------------------------------------------------

const queueStatuses = {
  queued: "Queued",
  launching: "Launching",
  launched: "Launched",
  failed: "Failed",
  cancelled: "Cancelled",
  all: "All"
} as const

const queueList = Command.make("list", {
  status: Flag.Literals("status", ["queued", "launching", "launched", "failed", "cancelled", "all"]).pipe(
    Flag.withDescription("Only runs in this state; those that wait or are being launched if it is left out"),
    Flag.optional
  ),
  after: Flag.Int("after").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription("The next page, as the last one has told it"),
    Flag.optional
  ),
  limit: limit(50)
}, (given) =>
  withOperations(Automation.queue({
    status: Option.match(given.status, { onNone: () => undefined, onSome: (status) => queueStatuses[status] }),
    after: optional(given.after),
    limit: given.limit
  }))).pipe(
    Command.withAlias("ls"),
    Command.withDescription(
      "List the runs that were requested and wait, in the order in which they are launched, and why"
    ),
    Command.withExamples([
      { command: `${name} queue list`, description: "What waits, and for what" },
      { command: `${name} queue list --status failed`, description: "What could not be launched" }
    ])
  )

const queueCancel = Command.make("cancel", {
  id: Argument.String("id").pipe(Argument.withDescription("The id of a requested run, as the list has it"))
}, (given) => withOperations(Automation.cancelQueued(given))).pipe(
  Command.withDescription("Take a run out of the queue. One that was launched is cancelled by run cancel")
)

/** The queue. */
export const queue = Command.make("queue").pipe(
  Command.withDescription("List requested runs that wait, or cancel one"),
  Command.withSubcommands([queueList, queueCancel])
)

/** Backfills. */
export const backfills = Command.make("backfills", {
  before: Flag.Int("before").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription("Only backfills that are older than that"),
    Flag.optional
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("At most so many"),
    Flag.filter((number) => number >= 1 && number <= 100, () => "Expected a number from 1 to 100"),
    Flag.withDefault(20)
  )
}, (given) => withOperations(Automation.backfills({ before: optional(given.before), limit: given.limit }))).pipe(
  Command.withDescription("List backfills, the newest first"),
  Command.withExamples([{ command: `${name} backfills --limit 5`, description: "The last five" }])
)
