/**
 * The web UI in a real browser. One file, since the browser unpacks itself into the directory for temporary files, and only
 * one process at a time may do so.
 */
import { afterAll, beforeAll, describe } from "@effect/vitest"
import { assets } from "./assets.suite.ts"
import { automation } from "./automation.suite.ts"
import { type Lab, openLab } from "./harness.ts"
import { hostile } from "./hostile.suite.ts"
import { large } from "./large.suite.ts"
import { lineage } from "./lineage.suite.ts"
import { look } from "./look.suite.ts"
import { newcomer } from "./newcomer.suite.ts"
import { runs } from "./runs.suite.ts"

describe("the web UI", { concurrent: false }, () => {
  let lab: Lab | undefined
  beforeAll(async () => {
    lab = await openLab()
  }, 60_000)
  afterAll(() => lab?.close())

  const opened = () => lab!
  newcomer(opened)
  lineage(opened)
  assets(opened)
  runs(opened)
  automation(opened)
  look(opened)
  hostile(opened)
  large(opened)
})
