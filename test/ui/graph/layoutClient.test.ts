import { assert, describe, it } from "@effect/vitest"
import { layoutGraph } from "../../../ui/src/graph/fold.ts"
import {
  type LayoutRequest,
  type LayoutResponse,
  type LayoutWorker,
  makeLayoutClient
} from "../../../ui/src/graph/layoutClient.ts"
import { shapeOf } from "../../../ui/src/graph/model.ts"
import { tiered } from "./generate.ts"

const shape = shapeOf(tiered(50))
const open = (count: number) => ({ folded: true, expanded: new Set(shape.groups.slice(0, count)) })
const expected = (count: number) => layoutGraph(shape, open(count))

/** A worker whose answers are given by hand. */
const handWorker = () => {
  const requests: Array<LayoutRequest> = []
  let terminated = false
  let respond: (response: LayoutResponse) => void = () => assert.fail("nobody listens")
  let fail: () => void = () => assert.fail("nobody listens")
  const worker: LayoutWorker = {
    listen: (onResponse, onFailure) => {
      respond = onResponse
      fail = onFailure
    },
    send: (request) => requests.push(request),
    terminate: () => {
      terminated = true
    }
  }
  return {
    worker,
    requests,
    isTerminated: () => terminated,
    answer: ({ id, options }: LayoutRequest) => respond({ id, layout: layoutGraph(shape, options) }),
    fail: () => fail()
  }
}

describe("layout client", () => {
  it("lays out without a worker, too", async () => {
    for (
      const makeWorker of [undefined, () => undefined, () => {
        throw new Error("blocked")
      }]
    ) {
      const client = makeLayoutClient(makeWorker)
      assert.deepStrictEqual(await client.request(shape, open(1)), expected(1))
      const [first, second] = await Promise.all([client.request(shape, open(0)), client.request(shape, open(2))])
      assert.isUndefined(first)
      assert.deepStrictEqual(second, expected(2))
    }
  })

  it("lets the last request win, and leaves out those between", async () => {
    const { answer, requests, worker } = handWorker()
    const client = makeLayoutClient(() => worker)
    const results = [0, 1, 2, 3].map((count) => client.request(shape, open(count)))
    assert.strictEqual(requests.length, 1)
    answer(requests[0]!)
    assert.strictEqual(requests.length, 2)
    answer(requests[1]!)
    assert.deepStrictEqual(await Promise.all(results), [undefined, undefined, undefined, expected(3)])
  })

  it("sends a graph once", () => {
    const { answer, requests, worker } = handWorker()
    const client = makeLayoutClient(() => worker)
    const other = shapeOf(tiered(20))
    for (const  of of[shape, shape, other]) {
      void client.request(of, open(1))
      answer(requests.at(-1)!)
    }
    assert.deepStrictEqual(requests.map((request) => request.shape), [shape, undefined, other])
  })

  it("lays out itself when the worker cannot be loaded", async () => {
    const { fail, isTerminated, requests, worker } = handWorker()
    const client = makeLayoutClient(() => worker)
    const result = client.request(shape, open(1))
    fail()
    assert.deepStrictEqual(await result, expected(1))
    assert.isTrue(isTerminated())
    assert.deepStrictEqual(await client.request(shape, open(2)), expected(2))
    assert.strictEqual(requests.length, 1)
  })

  it("answers nothing more once it is closed", async () => {
    const { isTerminated, worker } = handWorker()
    const client = makeLayoutClient(() => worker)
    const results = [client.request(shape, open(0)), client.request(shape, open(1))]
    client.close()
    results.push(client.request(shape, open(2)))
    assert.deepStrictEqual(await Promise.all(results), [undefined, undefined, undefined])
    assert.isTrue(isTerminated())
  })
})
