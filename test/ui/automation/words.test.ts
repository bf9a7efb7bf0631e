import { assert, describe, it } from "@effect/vitest"
import type { Automation, Daemon, Queued } from "../../../ui/src/automation/data.ts"
import {
  daemonProblem,
  expectedOf,
  firstOf,
  inZone,
  queuedStatus,
  selectionOf,
  stripText,
  tickText,
  waitingText,
  whenText
} from "../../../ui/src/automation/words.ts"

const automation = (part: Partial<Automation>): Automation => ({
  name: "a",
  kind: "schedule",
  running: true,
  startRunning: true,
  queuedRuns: 0,
  ...part
})

const queued = (part: Partial<Queued>): Queued => ({
  id: "q",
  seq: 1,
  request: { words: "orders" },
  words: "orders",
  priority: 0,
  queuedAt: 0,
  status: "Queued",
  attempts: 0,
  ...part
})

const daemon = (part: Partial<Daemon>): Daemon => ({
  present: true,
  here: true,
  leading: true,
  runsHere: 0,
  queued: 0,
  launching: 0,
  failed: 0,
  running: 1,
  automations: 1,
  problems: [],
  ...part
})

const error = { tag: "Error", message: "the disk is gone\nand more", cause: "" }

describe("when an automation is evaluated", () => {
  for (
    const [part, words] of [
      [{ cron: ["0 6 * * *", "0 18 * * 1-5"] }, "every day at 06:00; on weekdays at 18:00"],
      [{ kind: "sensor", everyMillis: 30_000 }, "looks every 30 s"],
      [{ kind: "assetSensor", assets: ["a"], match: "any" }, "when a has new data"],
      [{ kind: "assetSensor", assets: ["a", "b", "c"], match: "any" }, "when one of a, b and 1 more has new data"],
      [{ kind: "assetSensor", assets: ["a", "b"], match: "all" }, "when all of a, b have new data"],
      [{ kind: "runSensor", statuses: ["Failed", "Cancelled"] }, "when a run fails or is cancelled"],
      [{ kind: "runSensor", statuses: ["Succeeded"], jobs: ["nightly"] }, "when a run of nightly succeeds"],
      [{ kind: "streamSensor" }, "when something is pushed"],
      [{ kind: "condition", conditions: 1 }, "when something changes: 1 condition"]
    ] satisfies ReadonlyArray<readonly [Partial<Automation>, string]>
  ) {
    it(words, () => assert.strictEqual(whenText(automation(part)), words))
  }
})

describe("what came of a tick", () => {
  it("tell what a tick that is to come will come to, unless a program decides", () => {
    const error = { tag: "Error", message: "no", cause: "" }
    assert.deepStrictEqual(
      [{ requests: ["orders"] }, { requests: [] }, { requests: [], error }, {}].map(expectedOf),
      ["Requested", "Skipped", "Failed", undefined]
    )
  })

  it("is its runs, its reason, or the first line of its error", () => {
    assert.strictEqual(tickText({ status: "Requested", queued: 2 }), "2 runs requested")
    assert.strictEqual(
      tickText({ status: "Requested", queued: 1, reason: "a new file" }),
      "1 run requested: a new file"
    )
    assert.strictEqual(tickText({ status: "Skipped", queued: 0 }), "Nothing to request")
    assert.strictEqual(tickText({ status: "Skipped", queued: 0, reason: "no new file" }), "no new file")
    assert.strictEqual(tickText({ status: "Failed", queued: 0, error }), "the disk is gone")
  })

  it("of several is told as counts, those that are there only", () => {
    assert.strictEqual(stripText([]), "No ticks yet")
    assert.strictEqual(
      stripText([{ status: "Failed" }, { status: "Requested" }, { status: "Failed" }]),
      "3 ticks: 1 requested, 2 failed"
    )
  })

  it("is that of the run, once there is one", () => {
    assert.strictEqual(queuedStatus(queued({ status: "Launched", runStatus: "Failed" })), "Failed")
    assert.strictEqual(queuedStatus(queued({})), "Queued")
    assert.strictEqual(queuedStatus({}), "Unknown")
  })
})

describe("why a requested run waits", () => {
  it("is a limit, its turn, or a time before which it is not tried again", () => {
    assert.strictEqual(waitingText(queued({ waitingFor: "4 of 4 runs are running" }), 0), "4 of 4 runs are running")
    assert.strictEqual(waitingText(queued({}), 0), "Next")
    assert.strictEqual(waitingText(queued({ notBefore: 5500, error }), 500), "Tried again in 5 s: the disk is gone")
    assert.strictEqual(waitingText(queued({ notBefore: 5500 }), 6000), "Next")
    assert.strictEqual(waitingText(queued({ status: "Launching" }), 0), "It is being launched")
    assert.isUndefined(waitingText(queued({ status: "Launched" }), 0))
  })
})

describe("the daemon", () => {
  it("is a problem where none runs, or where it has one itself", () => {
    assert.isUndefined(daemonProblem(undefined))
    assert.isUndefined(daemonProblem(daemon({})))
    assert.include(daemonProblem(daemon({ present: false }))?.text, "schedules do not tick")
    assert.include(daemonProblem(daemon({ present: false, queued: 1 }))?.text, "1 requested run waits")
    assert.strictEqual(daemonProblem(daemon({ problems: ["no space left"] }))?.tone, "failed")
  })
})

it("a job that lists keys has an expression all the same, whatever is in a key", () => {
  assert.deepStrictEqual(selectionOf({ keys: ["a", "b c"], select: "a, b c" }), {
    select: "key:\"a\" or key:\"b c\""
  })
  assert.deepStrictEqual(selectionOf({ keys: ["a", "b"], select: "group:x" }), { select: "group:x" })
  assert.deepStrictEqual(selectionOf({ keys: ["a"], select: undefined }), {})
})

it("names are cut after the first ones, and a zone that is not known has no time", () => {
  assert.strictEqual(firstOf(["a", "b"]), "a, b")
  assert.strictEqual(firstOf(["a", "b", "c", "d"]), "a, b and 2 more")
  assert.strictEqual(inZone(Date.UTC(2024, 6, 1, 4), "Europe/Berlin"), "06:00")
  assert.isUndefined(inZone(0, "Nowhere/Land"))
})
