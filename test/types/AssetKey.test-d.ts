import type { Schema } from "effect"
import { AssetKey } from "effect-assets"
import { describe, expectTypeOf, it } from "vitest"

describe("AssetKey", () => {
  it("is a text", () => {
    expectTypeOf(AssetKey.AssetKey.Type).toEqualTypeOf<string>()
    expectTypeOf(AssetKey.AssetKey).toExtend<Schema.Schema<string>>()
    expectTypeOf(AssetKey.fromSegments(["a"])).toEqualTypeOf<string>()
    expectTypeOf(AssetKey.segments("a")).toEqualTypeOf<ReadonlyArray<string>>()
    // @ts-expect-error a key is not a list of segments
    AssetKey.validate(["a"])
  })
})
