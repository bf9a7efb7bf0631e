import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Input from "../../src/cli/input.ts"
import { temporary } from "./harness.ts"

const messageOf = <A, E extends { readonly message: string; readonly exitCode: number }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ exitCode, message }) => {
    assert.strictEqual(exitCode, 2)
    return message
  })

describe("input", () => {
  it.effect("reads partitions", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Input.partitions("all"), "all")
      assert.deepStrictEqual(yield* Input.partitions("a,b, c"), ["a", "b", "c"])
      assert.deepStrictEqual(yield* Input.partitions("2024-01-01..2024-01-31"), {
        from: "2024-01-01",
        to: "2024-01-31"
      })
      assert.deepStrictEqual(yield* Input.partitions(`["a,b", "x..y"]`), ["a,b", "x..y"])
      assert.match(yield* messageOf(Input.partitions("2024..")), /lacks an end: write FROM\.\.TO/)
      assert.match(yield* messageOf(Input.partitions("a,,b")), /empty key/)
      assert.match(yield* messageOf(Input.partitions("[1]")), /JSON array of texts/)
    }))

  it.effect("puts configuration together: a field counts over JSON", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Input.config(undefined, []), undefined)
      assert.deepStrictEqual(
        yield* Input.config(`{"a": {"x": 1, "y": 2}, "b": 3}`, [
          "a.x=5",
          "a.z.deep=true",
          "c/d.name=text=1",
          `c/d.n="7"`
        ]),
        { a: { x: 5, y: 2, z: { deep: true } }, b: 3, "c/d": { name: "text=1", n: "7" } }
      )
      for (const bad of ["a", "a=1", ".x=1", "a.=1"]) {
        assert.match(yield* messageOf(Input.config(undefined, [bad])), /write ASSET\.FIELD=VALUE/)
      }
      assert.match(yield* messageOf(Input.config("{", [])), /is not JSON/)
      assert.match(yield* messageOf(Input.config("[1]", [])), /has to be an object/)
    }))

  it.effect("does not reach the prototype", () =>
    Effect.gen(function*() {
      const given = (yield* Input.config(undefined, ["__proto__.polluted=1", "a.__proto__.polluted=1"]))!
      assert.deepStrictEqual(Object.keys(given), ["__proto__", "a"])
      assert.notProperty({}, "polluted")
    }))

  it.effect("reads configuration from a file", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      writeFileSync(join(directory, "config.json"), `{"a": {"x": 1}}`)
      assert.deepStrictEqual(yield* Input.config(`@${join(directory, "config.json")}`, []), { a: { x: 1 } })
      assert.match(yield* messageOf(Input.config("@/no/such/file", [])), /cannot be read/)
    }))

  it.effect("reads tags", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Input.tags(["a=1", "b=x=y", "c="]), { a: "1", b: "x=y", c: "" })
      assert.strictEqual(yield* Input.tags([]), undefined)
      assert.match(yield* messageOf(Input.tags(["=x"])), /write NAME=VALUE/)
    }))

  it("joins selections", () => {
    assert.strictEqual(Input.selection(), undefined)
    assert.strictEqual(Input.selection("a+"), "a+")
    assert.strictEqual(Input.selection("a and b", "c"), "(a and b) or (c)")
  })
})
